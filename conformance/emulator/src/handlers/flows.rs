//! Flows: draft and published content, versions, list, search.
//!
//! Decisions where the behaviour of Connect is not known: an update of the content without qualifier publishes at once,
//! also for a flow that was never published; a version can only be made of published content.

use connect_model::semantics::flow::Home;
use connect_model::shapes::{
    ContactFlow, ContactFlowState, ContactFlowStatus, ContactFlowSummary, ContactFlowType, ContactFlowVersionSummary,
    CreateContactFlowRequest, CreateContactFlowResponse, CreateContactFlowVersionRequest,
    CreateContactFlowVersionResponse, DeleteContactFlowRequest, DeleteContactFlowResponse, DescribeContactFlowRequest,
    DescribeContactFlowResponse, ListContactFlowVersionsRequest, ListContactFlowVersionsResponse,
    ListContactFlowsRequest, ListContactFlowsResponse, SearchContactFlowsRequest, SearchContactFlowsResponse,
    Timestamp, UpdateContactFlowContentRequest, UpdateContactFlowContentResponse, UpdateContactFlowMetadataRequest,
    UpdateContactFlowMetadataResponse, UpdateContactFlowNameRequest, UpdateContactFlowNameResponse,
};

use serde_json::Value;

use crate::arn::{Qualifier, ResourceKind};
use crate::handlers::{Call, DEFAULT_PAGE};
use crate::pages::Size;
use crate::refusal::Refusal;
use crate::search::{flow_has_attributes, has_tags, matches};
use crate::store::{Content, Entry, Flow, Version};

const DUPLICATE: &str = "DuplicateResourceException";
const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

pub(super) fn create(call: &Call<'_>, input: CreateContactFlowRequest) -> Result<CreateContactFlowResponse, Refusal> {
    // No status means published: Connect was seen to check content without one (2026).
    let publishes = input.status != Some(ContactFlowStatus::Saved);
    let content = content(call, input.content, &input.r#type, publishes)?;
    let mut state = call.cx.store.lock();
    let (order, id) = state.next_id();
    let home = call.home(&mut state, &input.instance_id)?;
    let flows = &mut home.data.flows;
    call.claim((&home.id, ResourceKind::Flow), flows, &input.name, None, DUPLICATE)?;
    if flows.len() >= call.cx.limits.flows {
        let message = format!("an instance has at most {} contact flows", call.cx.limits.flows);
        return Err(Refusal::Named("LimitExceededException", message));
    }
    let sha256 = content.sha256.clone();
    let flow = Flow {
        kind: input.r#type,
        description: input.description,
        state: ContactFlowState::Active,
        published: publishes.then(|| content.clone()),
        saved: content,
        versions: Default::default(),
        modified: Timestamp::now(),
    };
    let tags = call.first_tags((&home.id, ResourceKind::Flow), &input.name, input.tags);
    flows.insert(Entry::new((order, id.clone()), input.name, tags, flow));
    Ok(CreateContactFlowResponse {
        contact_flow_arn: call.arn(&home.id, ResourceKind::Flow, &id),
        contact_flow_id: Some(id),
        flow_content_sha256: Some(sha256),
    })
}

pub(super) fn describe(
    call: &Call<'_>,
    input: DescribeContactFlowRequest,
) -> Result<DescribeContactFlowResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, qualifier) = call.resource_id(&home.id, ResourceKind::Flow, &input.contact_flow_id)?;
    let entry = home.data.flows.get(id).ok_or_else(|| call.not_found("contact flow", id))?;
    let mut shown = show(call, &home.id, entry);
    let flow = &entry.data;
    let content = match qualifier {
        Qualifier::Saved => {
            shown.status = Some(ContactFlowStatus::Saved);
            &flow.saved
        }
        Qualifier::Latest => flow
            .published
            .as_ref()
            .ok_or_else(|| Refusal::Named(NOT_PUBLISHED, "Contact flow not published".to_owned()))?,
        Qualifier::Version(number) => {
            let version = flow
                .versions
                .get(&number)
                .ok_or_else(|| call.not_found("contact flow version", &input.contact_flow_id))?;
            shown.version = Some(number);
            shown.version_description.clone_from(&version.description);
            shown.last_modified_time = Some(version.created);
            &version.content
        }
    };
    shown.content = Some(content.text.clone());
    shown.flow_content_sha256 = Some(content.sha256.clone());
    Ok(DescribeContactFlowResponse { contact_flow: Some(shown) })
}

pub(super) fn update_content(
    call: &Call<'_>,
    input: UpdateContactFlowContentRequest,
) -> Result<UpdateContactFlowContentResponse, Refusal> {
    update(call, &input.instance_id, &input.contact_flow_id, None, |flow, qualifier| {
        match qualifier {
            Qualifier::Saved => {
                flow.saved = content(call, input.content, &flow.kind, false)?;
            }
            Qualifier::Latest => {
                flow.saved = content(call, input.content, &flow.kind, true)?;
                flow.published = Some(flow.saved.clone());
            }
            Qualifier::Version(_) => {
                return Err(Refusal::Invalid("/ContactFlowId: a version is immutable; name the flow".to_owned()));
            }
        }
        Ok(())
    })?;
    Ok(UpdateContactFlowContentResponse {})
}

pub(super) fn update_metadata(
    call: &Call<'_>,
    input: UpdateContactFlowMetadataRequest,
) -> Result<UpdateContactFlowMetadataResponse, Refusal> {
    update(call, &input.instance_id, &input.contact_flow_id, input.name, |flow, _| {
        flow.description = input.description.or(flow.description.take());
        if let Some(state) = input.contact_flow_state {
            flow.state = state;
        }
        Ok(())
    })?;
    Ok(UpdateContactFlowMetadataResponse {})
}

pub(super) fn update_name(
    call: &Call<'_>,
    input: UpdateContactFlowNameRequest,
) -> Result<UpdateContactFlowNameResponse, Refusal> {
    update(call, &input.instance_id, &input.contact_flow_id, input.name, |flow, _| {
        flow.description = input.description.or(flow.description.take());
        Ok(())
    })?;
    Ok(UpdateContactFlowNameResponse {})
}

pub(super) fn delete(call: &Call<'_>, input: DeleteContactFlowRequest) -> Result<DeleteContactFlowResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Flow, &input.contact_flow_id)?;
    call.delete(&mut home.data.flows, ResourceKind::Flow, id)?;
    state.things.remove_in("ContactFlow", id);
    Ok(DeleteContactFlowResponse {})
}

pub(super) fn list(call: &Call<'_>, input: ListContactFlowsRequest) -> Result<ListContactFlowsResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let types = input.contact_flow_types.unwrap_or_default();
    let page = call.page(&home.id, input.next_token.as_deref(), input.max_results, |after| {
        let flows = call.listed(&home.data.flows, after);
        flows.filter(|entry| types.is_empty() || types.contains(&entry.data.kind))
    })?;
    let summary = |entry: &Entry<Flow>| ContactFlowSummary {
        arn: call.arn(&home.id, ResourceKind::Flow, &entry.id),
        contact_flow_state: Some(entry.data.state.clone()),
        contact_flow_status: Some(status(&entry.data)),
        contact_flow_type: Some(entry.data.kind.clone()),
        id: Some(entry.id.clone()),
        name: Some(entry.name.clone()),
    };
    Ok(ListContactFlowsResponse {
        contact_flow_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next,
    })
}

pub(super) fn search(call: &Call<'_>, input: SearchContactFlowsRequest) -> Result<SearchContactFlowsResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let filter = input.search_filter.unwrap_or_default();
    let is_match = |entry: &Entry<Flow>| {
        input.search_criteria.as_ref().is_none_or(|criteria| matches(criteria, entry))
            && filter.tag_filter.as_ref().is_none_or(|filter| has_tags(filter, &entry.tags))
            && filter.flow_attribute_filter.as_ref().is_none_or(|filter| flow_has_attributes(filter, entry))
    };
    let (page, total) =
        call.search(&home.id, input.next_token.as_deref(), input.max_results, &home.data.flows, is_match)?;
    Ok(SearchContactFlowsResponse {
        contact_flows: Some(page.items.into_iter().map(|entry| show(call, &home.id, entry)).collect()),
        approximate_total_count: Some(total),
        next_token: page.next,
    })
}

pub(super) fn create_version(
    call: &Call<'_>,
    input: CreateContactFlowVersionRequest,
) -> Result<CreateContactFlowVersionResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Flow, &input.contact_flow_id)?;
    let entry = home.data.flows.get_mut(id).ok_or_else(|| call.not_found("contact flow", id))?;
    let flow = &mut entry.data;
    let refused = |why: &str| Refusal::Invalid(why.to_owned());
    let content = flow.published.clone().ok_or_else(|| refused("the flow was never published: publish it first"))?;
    if input.flow_content_sha256.is_some_and(|sha256| sha256 != content.sha256) {
        return Err(refused(
            "/FlowContentSha256: differs from the published content; describe the flow for its digest",
        ));
    }
    let number = flow.versions.last_key_value().map_or(1, |(last, _)| last + 1);
    flow.versions.insert(number, Version { content, description: input.description, created: Timestamp::now() });
    Ok(CreateContactFlowVersionResponse {
        contact_flow_arn: call.arn(&home.id, ResourceKind::Flow, id),
        version: Some(number),
    })
}

pub(super) fn list_versions(
    call: &Call<'_>,
    input: ListContactFlowVersionsRequest,
) -> Result<ListContactFlowVersionsResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Flow, &input.contact_flow_id)?;
    let entry = home.data.flows.get(id).ok_or_else(|| call.not_found("contact flow", id))?;
    let size = Size { requested: input.max_results.map(i64::from), default: DEFAULT_PAGE };
    let scope = call.scope(&format!("{}/{id}", home.id));
    let page = call.cx.pages.cut(&scope, input.next_token.as_deref(), size, |after| {
        entry.data.versions.iter().filter_map(move |(number, version)| {
            let order = u64::try_from(*number).ok().filter(|order| *order > after)?;
            Some((order, (*number, version)))
        })
    })?;
    let summary = |(number, version): (i64, &Version)| ContactFlowVersionSummary {
        arn: call.arn(&home.id, ResourceKind::Flow, id).map(|arn| format!("{arn}:{number}")),
        last_modified_region: Some(call.cx.account.region.clone()),
        last_modified_time: Some(version.created),
        version: Some(number),
        version_description: version.description.clone(),
    };
    Ok(ListContactFlowVersionsResponse {
        contact_flow_version_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next,
    })
}

pub(super) fn delete_version(call: &Call<'_>) -> Result<Value, Refusal> {
    let text = |member: &str| call.input[member].as_str().unwrap_or_default();
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, text("InstanceId"))?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Flow, text("ContactFlowId"))?;
    let entry = home.data.flows.get_mut(id).ok_or_else(|| call.not_found("contact flow", id))?;
    let number = call.input["ContactFlowVersion"].as_i64().unwrap_or_default();
    match entry.data.versions.remove(&number) {
        Some(_) => Ok(Value::Object(serde_json::Map::new())),
        None => Err(call.not_found("version", &number.to_string())),
    }
}

/// Checks published content against the rules of the flow language. A draft is accepted as it is.
fn content(call: &Call<'_>, text: String, kind: &ContactFlowType, publishes: bool) -> Result<Content, Refusal> {
    if publishes {
        let problems = call.problems(&text, Home::of_type(kind.as_str()));
        if !problems.is_empty() {
            return Err(Refusal::FlowProblems(problems));
        }
    }
    Ok(Content::new(text))
}

fn status(flow: &Flow) -> ContactFlowStatus {
    if flow.published.is_some() { ContactFlowStatus::Published } else { ContactFlowStatus::Saved }
}

/// A flow as searches show it: with its published content, or with the draft if it was never published.
fn show(call: &Call<'_>, home: &str, entry: &Entry<Flow>) -> ContactFlow {
    let flow = &entry.data;
    let content = flow.published.as_ref().unwrap_or(&flow.saved);
    ContactFlow {
        arn: call.arn(home, ResourceKind::Flow, &entry.id),
        content: Some(content.text.clone()),
        description: flow.description.clone(),
        flow_content_sha256: Some(content.sha256.clone()),
        id: Some(entry.id.clone()),
        last_modified_region: Some(call.cx.account.region.clone()),
        last_modified_time: Some(flow.modified),
        name: Some(entry.name.clone()),
        state: Some(flow.state.clone()),
        status: Some(status(flow)),
        tags: call.tags(&entry.tags),
        r#type: Some(flow.kind.clone()),
        version: None,
        version_description: None,
    }
}

/// Updates a flow, and renames it if there is a name.
fn update(
    call: &Call<'_>,
    instance: &str,
    flow: &str,
    name: Option<String>,
    edit: impl FnOnce(&mut Flow, Qualifier) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, instance)?;
    let (id, qualifier) = call.resource_id(&home.id, ResourceKind::Flow, flow)?;
    let flows = &mut home.data.flows;
    let mut entry = flows.get(id).ok_or_else(|| call.not_found("contact flow", id))?.clone();
    if let Some(name) = name {
        call.claim((&home.id, ResourceKind::Flow), flows, &name, Some(id), DUPLICATE)?;
        entry.name = name;
    }
    edit(&mut entry.data, qualifier)?;
    entry.data.modified = Timestamp::now();
    call.store((&home.id, ResourceKind::Flow), flows, entry);
    Ok(())
}
