//! Flow modules: like flows, and always published (their creation knows no status).

use connect_model::semantics::flow::Home;
use connect_model::shapes::{
    ContactFlowModule, ContactFlowModuleState, ContactFlowModuleStatus, ContactFlowModuleSummary,
    CreateContactFlowModuleRequest, CreateContactFlowModuleResponse, DeleteContactFlowModuleRequest,
    DeleteContactFlowModuleResponse, DescribeContactFlowModuleRequest, DescribeContactFlowModuleResponse,
    ListContactFlowModulesRequest, ListContactFlowModulesResponse, SearchContactFlowModulesRequest,
    SearchContactFlowModulesResponse, UpdateContactFlowModuleContentRequest, UpdateContactFlowModuleContentResponse,
    UpdateContactFlowModuleMetadataRequest, UpdateContactFlowModuleMetadataResponse,
};

use crate::arn::{Family, Qualifier};
use crate::client_tokens;
use crate::client_tokens::{Creation, Names};
use crate::handlers::Call;
use crate::policy::Lapse;
use crate::refusal::Refusal;
use crate::search::{matches, tagged};
use crate::store::{Content, Entry, Module};

/// For a taken name Connect answers with this or with `IdempotencyException`; which is not documented.
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
        body: client_tokens::digest(&input),
        clash: "IdempotencyException",
    };
    let content = content(call, input.content, true)?;
    client_tokens::once(&call.cx.store, &call.cx.policy, &creation, |state, names| {
        let (order, id) = state.fresh();
        let modules = &mut call.home(state, &home)?.data.modules;
        if names == Names::Unique {
            call.claim(modules, &input.name, None, DUPLICATE)?;
        }
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
        let arn = call.arn(&home, Family::Module, &id);
        modules.insert(Entry { order, id: id.clone(), name: input.name, tags: call.keep(input.tags), data: module });
        Ok(CreateContactFlowModuleResponse { arn, id: Some(id) })
    })
}

pub(super) fn describe(
    call: &Call<'_>,
    input: DescribeContactFlowModuleRequest,
) -> Result<DescribeContactFlowModuleResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let (id, qualifier) = call.target(&home.id, Family::Module, &input.contact_flow_module_id)?;
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
    change(call, &input.instance_id, &input.contact_flow_module_id, None, |module, qualifier| {
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
            if publishes || call.cx.policy.lapse == Some(Lapse::PublishesDraft) {
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
    change(call, &input.instance_id, &input.contact_flow_module_id, input.name, |module, _| {
        module.description = input.description.or(module.description.take());
        if let Some(state) = input.state.filter(|_| !call.cx.policy.forgets_state) {
            module.state = state;
        } else if call.cx.policy.lapse == Some(Lapse::RenameRestores) {
            module.state = ContactFlowModuleState::Active;
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
    let (id, _) = call.target(&home.id, Family::Module, &input.contact_flow_module_id)?;
    let archived = home.data.modules.get(id).is_some_and(|entry| entry.data.state == ContactFlowModuleState::Archived);
    if archived && call.cx.policy.lapse == Some(Lapse::ArchiveKeeps) {
        return Ok(DeleteContactFlowModuleResponse {});
    }
    call.remove(&mut home.data.modules, Family::Module, id).map(|()| DeleteContactFlowModuleResponse {})
}

pub(super) fn list(
    call: &Call<'_>,
    input: ListContactFlowModulesRequest,
) -> Result<ListContactFlowModulesResponse, Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, &input.instance_id)?;
    let wanted = input.contact_flow_module_state.as_ref();
    let page = call.page(&home.id, input.next_token.as_deref(), input.max_results, |after| {
        let modules = &home.data.modules;
        modules.after(after).filter(move |entry| {
            wanted.is_none_or(|state| entry.data.state == *state) && call.is_listed(modules, entry)
        })
    })?;
    let summary = |entry: &Entry<Module>| ContactFlowModuleSummary {
        arn: call.arn(&home.id, Family::Module, &entry.id),
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
    let wanted = |entry: &Entry<Module>| {
        input.search_criteria.as_ref().is_none_or(|criteria| matches(criteria, entry))
            && filter.as_ref().is_none_or(|filter| tagged(filter, &entry.tags))
    };
    let (page, total) =
        call.found(&home.id, input.next_token.as_deref(), input.max_results, &home.data.modules, wanted)?;
    Ok(SearchContactFlowModulesResponse {
        contact_flow_modules: Some(page.items.into_iter().map(|entry| show(call, &home.id, entry)).collect()),
        approximate_total_count: Some(total),
        next_token: page.next,
    })
}

/// Published content keeps the rules of the flow language; a draft is taken as it is.
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
        arn: call.arn(home, Family::Module, &entry.id),
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

/// Changes a module: the rest first, because it may be refused, then its name.
fn change(
    call: &Call<'_>,
    instance: &str,
    module: &str,
    name: Option<String>,
    edit: impl FnOnce(&mut Module, Qualifier) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut state = call.cx.store.lock();
    let home = call.home(&mut state, instance)?;
    let (id, qualifier) = call.target(&home.id, Family::Module, module)?;
    let modules = &mut home.data.modules;
    if modules.get(id).is_none() {
        return Err(call.not_found("contact flow module", id));
    }
    if let Some(name) = &name {
        call.claim(modules, name, Some(id), DUPLICATE)?;
    }
    if let Some(entry) = modules.get_mut(id) {
        if call.cx.policy.forgets_updates {
            // Still refused if it has to be.
            return edit(&mut entry.data.clone(), qualifier);
        }
        edit(&mut entry.data, qualifier)?;
    }
    if let Some(name) = name {
        call.rename(modules, id, name);
    }
    Ok(())
}
