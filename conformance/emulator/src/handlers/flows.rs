//! Flows: a draft and what is published of it, versions, list, search.
//!
//! Where the service's behaviour is not known: an update of the content without qualifier publishes at once, also for a
//! flow that was never published; a version can only be made of what is published.

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

use crate::arn::{Family, Qualifier};
use crate::handlers::{Call, DEFAULT_PAGE};
use crate::pages::Size;
use crate::policy::{Lapse, Versions};
use crate::refusal::Refusal;
use crate::search::{flow_attributes, matches, tagged};
use crate::store::{Content, Entry, Flow, Version};

const DUPLICATE: &str = "DuplicateResourceException";
const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

pub(super) fn create(call: &Call<'_>, input: CreateContactFlowRequest) -> Result<CreateContactFlowResponse, Refusal> {
    // No status means published: content was seen to be checked without one (2026).
    let publishes = input.status != Some(ContactFlowStatus::Saved);
    let content = content(call, input.content, &input.r#type, publishes)?;
    let mut state = call.cx.store.lock();
    let (order, id) = state.fresh();
    let home = call.home(&mut state, &input.instance_id)?;
    let flows = &mut home.data.flows;
    call.claim(flows, &input.name, None, DUPLICATE)?;
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
    flows.insert(Entry { order, id: id.clone(), name: input.name, tags: call.keep(input.tags), data: flow });
    Ok(CreateContactFlowResponse {
        contact_flow_arn: call.arn(&home.id, Family::Flow, &id),
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
    let (id, qualifier) = call.target(&home.id, Family::Flow, &input.contact_flow_id)?;
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
            .or_else(|| call.cx.policy.shows_drafts.then_some(&flow.saved))
            .ok_or_else(|| Refusal::Named(NOT_PUBLISHED, "Contact flow not published".to_owned()))?,
        Qualifier::Version(number) => {
            let version = flow
                .versions
                .get(&number)
                .ok_or_else(|| call.not_found("contact flow version", &input.contact_flow_id))?;
            shown.version = Some(number);
            shown.version_description.clone_from(&version.description);
            shown.last_modified_time = Some(version.created);
            match &flow.published {
                Some(published) if call.cx.policy.versions == Versions::Mutable => published,
                _ => &version.content,
            }
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
    change(call, &input.instance_id, &input.contact_flow_id, None, |entry, qualifier| {
        let flow = &mut entry.data;
        match qualifier {
            Qualifier::Saved => {
                flow.saved = content(call, input.content, &flow.kind, false)?;
                if call.cx.policy.lapse == Some(Lapse::PublishesDraft) && flow.published.is_some() {
                    flow.published = Some(flow.saved.clone());
                }
            }
            Qualifier::Latest => {
                flow.saved = content(call, input.content, &flow.kind, true)?;
                flow.published = Some(flow.saved.clone());
                if call.cx.policy.lapse == Some(Lapse::VersionsLost) {
                    flow.versions.clear();
                }
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
    change(call, &input.instance_id, &input.contact_flow_id, input.name, |entry, _| {
        entry.data.description = input.description.or(entry.data.description.take());
        if let Some(state) = input.contact_flow_state.filter(|_| !call.cx.policy.forgets_state) {
            entry.data.state = state;
        }
        Ok(())
    })?;
    Ok(UpdateContactFlowMetadataResponse {})
}

pub(super) fn update_name(
    call: &Call<'_>,
    input: UpdateContactFlowNameRequest,
) -> Result<UpdateContactFlowNameResponse, Refusal> {
    change(call, &input.instance_id, &input.contact_flow_id, input.name, |entry, _| {
        entry.data.description = input.description.or(entry.data.description.take());
        if call.cx.policy.lapse == Some(Lapse::RenameRestores) {
            entry.data.state = ContactFlowState::Active;
        }
        Ok(())
    })?;
    Ok(UpdateContactFlowNameResponse {})
}

pub(super) fn delete(call: &Call<'_>, input: DeleteContactFlowRequest) -> Result<DeleteContactFlowResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.target(&home.id, Family::Flow, &input.contact_flow_id)?;
    let archived = home.data.flows.get(id).is_some_and(|entry| entry.data.state == ContactFlowState::Archived);
    if archived && call.cx.policy.lapse == Some(Lapse::ArchiveKeeps) {
        return Ok(DeleteContactFlowResponse {});
    }
    call.remove(&mut home.data.flows, Family::Flow, id).map(|()| DeleteContactFlowResponse {})
}

pub(super) fn list(call: &Call<'_>, input: ListContactFlowsRequest) -> Result<ListContactFlowsResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let types = input.contact_flow_types.unwrap_or_default();
    let page = call.page(&home.id, input.next_token.as_deref(), input.max_results, |after| {
        let flows = &home.data.flows;
        let wanted = |kind| types.is_empty() || types.contains(kind);
        flows.after(after).filter(move |entry| wanted(&entry.data.kind) && call.is_listed(flows, entry))
    })?;
    let summary = |entry: &Entry<Flow>| ContactFlowSummary {
        arn: call.arn(&home.id, Family::Flow, &entry.id),
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
    let wanted = |entry: &Entry<Flow>| {
        input.search_criteria.as_ref().is_none_or(|criteria| matches(criteria, entry))
            && filter.tag_filter.as_ref().is_none_or(|filter| tagged(filter, &entry.tags))
            && filter.flow_attribute_filter.as_ref().is_none_or(|filter| flow_attributes(filter, entry))
    };
    let (page, total) =
        call.found(&home.id, input.next_token.as_deref(), input.max_results, &home.data.flows, wanted)?;
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
    let (id, _) = call.target(&home.id, Family::Flow, &input.contact_flow_id)?;
    let entry = home.data.flows.get_mut(id).ok_or_else(|| call.not_found("contact flow", id))?;
    let flow = &mut entry.data;
    let refused = |why: &str| Refusal::Invalid(why.to_owned());
    let content =
        flow.published.clone().ok_or_else(|| refused("the flow was never published: there is nothing to keep"))?;
    if input.flow_content_sha256.is_some_and(|sha256| sha256 != content.sha256) {
        return Err(refused(
            "/FlowContentSha256: differs from the published content; describe the flow for its digest",
        ));
    }
    let last = flow.versions.last_key_value().filter(|_| call.cx.policy.versions != Versions::Unnumbered);
    let number = last.map_or(1, |(last, _)| last + 1);
    flow.versions.insert(number, Version { content, description: input.description, created: Timestamp::now() });
    Ok(CreateContactFlowVersionResponse {
        contact_flow_arn: call.arn(&home.id, Family::Flow, id),
        version: Some(number),
    })
}

pub(super) fn list_versions(
    call: &Call<'_>,
    input: ListContactFlowVersionsRequest,
) -> Result<ListContactFlowVersionsResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.target(&home.id, Family::Flow, &input.contact_flow_id)?;
    let entry = home.data.flows.get(id).ok_or_else(|| call.not_found("contact flow", id))?;
    let size = Size { asked: input.max_results.map(i64::from), default: DEFAULT_PAGE };
    let place = format!("{}/{id}", home.id);
    let page = call.cx.pages.cut(&call.walk(&place), input.next_token.as_deref(), size, |after| {
        entry.data.versions.iter().filter_map(move |(number, version)| {
            let order = u64::try_from(*number).ok().filter(|order| *order > after)?;
            Some((order, (*number, version)))
        })
    })?;
    let summary = |(number, version): (i64, &Version)| ContactFlowVersionSummary {
        arn: call.arn(&home.id, Family::Flow, id).map(|arn| format!("{arn}:{number}")),
        last_modified_region: Some(call.cx.place.region.clone()),
        last_modified_time: Some(version.created),
        version: Some(number),
        version_description: version.description.clone(),
    };
    Ok(ListContactFlowVersionsResponse {
        contact_flow_version_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next,
    })
}

/// Published content keeps the rules of the flow language; a draft is taken as it is.
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

/// A flow as search shows it: what is published, or the draft of what never was.
fn show(call: &Call<'_>, home: &str, entry: &Entry<Flow>) -> ContactFlow {
    let flow = &entry.data;
    let content = flow.published.as_ref().unwrap_or(&flow.saved);
    ContactFlow {
        arn: call.arn(home, Family::Flow, &entry.id),
        content: Some(content.text.clone()),
        description: flow.description.clone(),
        flow_content_sha256: Some(content.sha256.clone()),
        id: Some(entry.id.clone()),
        last_modified_region: Some(call.cx.place.region.clone()),
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

/// Changes a flow: its name first, if another is asked for, then the rest.
fn change(
    call: &Call<'_>,
    instance: &str,
    flow: &str,
    name: Option<String>,
    edit: impl FnOnce(&mut Entry<Flow>, Qualifier) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, instance)?;
    let (id, qualifier) = call.target(&home.id, Family::Flow, flow)?;
    let flows = &mut home.data.flows;
    if flows.get(id).is_none() {
        return Err(call.not_found("contact flow", id));
    }
    if let Some(name) = &name {
        call.claim(flows, name, Some(id), DUPLICATE)?;
    }
    if let Some(entry) = flows.get_mut(id) {
        if call.cx.policy.forgets_updates {
            // Still refused if it has to be.
            return edit(&mut entry.clone(), qualifier);
        }
        edit(entry, qualifier)?;
        entry.data.modified = Timestamp::now();
    }
    if let Some(name) = name {
        call.rename(flows, id, name);
    }
    Ok(())
}
