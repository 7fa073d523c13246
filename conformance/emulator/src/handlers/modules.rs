//! Flow modules: like flows, but always published, since their creation has no status.

use connect_model::semantics::flow::Home;
use connect_model::shapes::{
    ContactFlowModule, ContactFlowModuleState, ContactFlowModuleStatus, ContactFlowModuleSummary,
    CreateContactFlowModuleRequest, CreateContactFlowModuleResponse, DeleteContactFlowModuleRequest,
    DeleteContactFlowModuleResponse, DescribeContactFlowModuleRequest, DescribeContactFlowModuleResponse,
    ListContactFlowModulesRequest, ListContactFlowModulesResponse, SearchContactFlowModulesRequest,
    SearchContactFlowModulesResponse, UpdateContactFlowModuleContentRequest, UpdateContactFlowModuleContentResponse,
    UpdateContactFlowModuleMetadataRequest, UpdateContactFlowModuleMetadataResponse,
};

use crate::arn::{Qualifier, ResourceKind};
use crate::client_tokens;
use crate::client_tokens::Creation;
use crate::handlers::Call;
use crate::refusal::Refusal;
use crate::search::{has_tags, matches};
use crate::store::{Content, Entry, Module};

/// The error for a taken name. The documentation leaves open if Connect answers with this or with
/// `IdempotencyException`.
const DUPLICATE: &str = "DuplicateResourceException";

pub(super) fn create(
    call: &Call<'_>,
    mut input: CreateContactFlowModuleRequest,
) -> Result<CreateContactFlowModuleResponse, Refusal> {
    let home = call.instance_id(&input.instance_id)?.to_owned();
    input.instance_id.clone_from(&home);
    let token = input.client_token.take();
    let creation = Creation {
        operation: call.operation,
        instance: &home,
        token: token.as_deref(),
        digest: client_tokens::digest(&input),
        conflict: "IdempotencyException",
    };
    let content = content(call, input.content, true)?;
    client_tokens::create_once(call.cx, &creation, |state| {
        let (order, id) = state.next_id();
        let modules = &mut call.home(state, &home)?.data.modules;
        call.claim((&home, ResourceKind::Module), modules, &input.name, None, DUPLICATE)?;
        if modules.len() >= call.cx.limits.modules {
            let message = format!("an instance has at most {} contact flow modules", call.cx.limits.modules);
            return Err(Refusal::Named("LimitExceededException", message));
        }
        let module = Module {
            description: input.description,
            state: ContactFlowModuleState::Active,
            saved: content.clone(),
            published: content,
            settings: input.settings,
            external: input.external_invocation_configuration,
        };
        let arn = call.arn(&home, ResourceKind::Module, &id);
        let tags = call.first_tags((&home, ResourceKind::Module), &input.name, input.tags);
        modules.insert(Entry::new((order, id.clone()), input.name, tags, module));
        Ok(CreateContactFlowModuleResponse { arn, id: Some(id) })
    })
}

pub(super) fn describe(
    call: &Call<'_>,
    input: DescribeContactFlowModuleRequest,
) -> Result<DescribeContactFlowModuleResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, qualifier) = call.resource_id(&home.id, ResourceKind::Module, &input.contact_flow_module_id)?;
    let entry = home.data.modules.get(id).ok_or_else(|| call.not_found("contact flow module", id))?;
    let mut shown = show(call, &home.id, entry);
    match qualifier {
        Qualifier::Latest => {}
        Qualifier::Saved => {
            shown.content = Some(entry.data.saved.text.clone());
            shown.flow_module_content_sha256 = Some(entry.data.saved.sha256.clone());
            shown.status = Some(ContactFlowModuleStatus::Saved);
        }
        Qualifier::Version(_) => {
            return Err(call.not_found("contact flow module version", &input.contact_flow_module_id));
        }
    }
    Ok(DescribeContactFlowModuleResponse { contact_flow_module: Some(shown) })
}

pub(super) fn update_content(
    call: &Call<'_>,
    input: UpdateContactFlowModuleContentRequest,
) -> Result<UpdateContactFlowModuleContentResponse, Refusal> {
    update(call, &input.instance_id, &input.contact_flow_module_id, None, |module, qualifier| {
        let publishes = match qualifier {
            Qualifier::Latest => true,
            Qualifier::Saved => false,
            Qualifier::Version(_) => {
                let message = "/ContactFlowModuleId: a version is immutable; name the module";
                return Err(Refusal::Invalid(message.to_owned()));
            }
        };
        if let Some(text) = input.content {
            module.saved = content(call, text, publishes)?;
            if publishes {
                module.published = module.saved.clone();
            }
        }
        module.settings = input.settings.or(module.settings.take());
        Ok(())
    })?;
    Ok(UpdateContactFlowModuleContentResponse {})
}

pub(super) fn update_metadata(
    call: &Call<'_>,
    input: UpdateContactFlowModuleMetadataRequest,
) -> Result<UpdateContactFlowModuleMetadataResponse, Refusal> {
    update(call, &input.instance_id, &input.contact_flow_module_id, input.name, |module, _| {
        module.description = input.description.or(module.description.take());
        if let Some(state) = input.state {
            module.state = state;
        }
        Ok(())
    })?;
    Ok(UpdateContactFlowModuleMetadataResponse {})
}

pub(super) fn delete(
    call: &Call<'_>,
    input: DeleteContactFlowModuleRequest,
) -> Result<DeleteContactFlowModuleResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, _) = call.resource_id(&home.id, ResourceKind::Module, &input.contact_flow_module_id)?;
    call.delete(&mut home.data.modules, ResourceKind::Module, id)?;
    state.things.remove_in("ContactFlowModule", id);
    Ok(DeleteContactFlowModuleResponse {})
}

pub(super) fn list(
    call: &Call<'_>,
    input: ListContactFlowModulesRequest,
) -> Result<ListContactFlowModulesResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let wanted = input.contact_flow_module_state.as_ref();
    let page = call.page(&home.id, input.next_token.as_deref(), input.max_results, |after| {
        let modules = call.listed(&home.data.modules, after);
        modules.filter(move |entry| wanted.is_none_or(|state| entry.data.state == *state))
    })?;
    let summary = |entry: &Entry<Module>| ContactFlowModuleSummary {
        arn: call.arn(&home.id, ResourceKind::Module, &entry.id),
        id: Some(entry.id.clone()),
        name: Some(entry.name.clone()),
        state: Some(entry.data.state.clone()),
    };
    Ok(ListContactFlowModulesResponse {
        contact_flow_modules_summary_list: Some(page.items.into_iter().map(summary).collect()),
        next_token: page.next,
    })
}

pub(super) fn search(
    call: &Call<'_>,
    input: SearchContactFlowModulesRequest,
) -> Result<SearchContactFlowModulesResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let filter = input.search_filter.and_then(|filter| filter.tag_filter);
    let is_match = |entry: &Entry<Module>| {
        input.search_criteria.as_ref().is_none_or(|criteria| matches(criteria, entry))
            && filter.as_ref().is_none_or(|filter| has_tags(filter, &entry.tags))
    };
    let (page, total) =
        call.search(&home.id, input.next_token.as_deref(), input.max_results, &home.data.modules, is_match)?;
    Ok(SearchContactFlowModulesResponse {
        contact_flow_modules: Some(page.items.into_iter().map(|entry| show(call, &home.id, entry)).collect()),
        approximate_total_count: Some(total),
        next_token: page.next,
    })
}

/// Checks published content against the rules of the flow language. A draft is accepted as it is.
fn content(call: &Call<'_>, text: String, publishes: bool) -> Result<Content, Refusal> {
    if publishes {
        let problems = call.problems(&text, Some(Home::Module));
        if !problems.is_empty() {
            return Err(Refusal::ModuleProblems(problems));
        }
    }
    Ok(Content::new(text))
}

fn show(call: &Call<'_>, home: &str, entry: &Entry<Module>) -> ContactFlowModule {
    let module = &entry.data;
    ContactFlowModule {
        arn: call.arn(home, ResourceKind::Module, &entry.id),
        content: Some(module.published.text.clone()),
        description: module.description.clone(),
        external_invocation_configuration: module.external.clone(),
        flow_module_content_sha256: Some(module.published.sha256.clone()),
        id: Some(entry.id.clone()),
        name: Some(entry.name.clone()),
        settings: module.settings.clone(),
        state: Some(module.state.clone()),
        status: Some(ContactFlowModuleStatus::Published),
        tags: call.tags(&entry.tags),
        version: None,
        version_description: None,
    }
}

/// Updates a module, and renames it if there is a name.
fn update(
    call: &Call<'_>,
    instance: &str,
    module: &str,
    name: Option<String>,
    edit: impl FnOnce(&mut Module, Qualifier) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, instance)?;
    let (id, qualifier) = call.resource_id(&home.id, ResourceKind::Module, module)?;
    let modules = &mut home.data.modules;
    let mut entry = modules.get(id).ok_or_else(|| call.not_found("contact flow module", id))?.clone();
    if let Some(name) = name {
        call.claim((&home.id, ResourceKind::Module), modules, &name, Some(id), DUPLICATE)?;
        entry.name = name;
    }
    edit(&mut entry.data, qualifier)?;
    call.store((&home.id, ResourceKind::Module), modules, entry);
    Ok(())
}
