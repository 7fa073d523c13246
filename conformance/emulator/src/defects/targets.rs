//! Resources that a call names, for defects that act on the store before or after its handler.

use connect_model::shapes::{ContactFlowModuleState, ContactFlowState};
use serde_json::Value;

use crate::arn::{Qualifier, ResourceKind};
use crate::defects::seam::{FullName, Invocation};
use crate::store::{Collection, Entry, Flow, Instance, Module, State, Tags};

/// Deletions with the member that names the resource.
const DELETIONS: [(&str, &str, ResourceKind); 3] = [
    ("DeleteRule", "RuleId", ResourceKind::Rule),
    ("DeleteContactFlow", "ContactFlowId", ResourceKind::Flow),
    ("DeleteContactFlowModule", "ContactFlowModuleId", ResourceKind::Module),
];

/// A resource that is about to be deleted.
pub(super) struct Deletion {
    pub(super) name: FullName<'static>,
    pub(super) tags: Tags,
    pub(super) archived: bool,
}

/// The resource that a call would delete. None for other calls, and if it does not exist.
pub(super) fn deletion(call: &Invocation<'_>) -> Option<Deletion> {
    let (_, member, kind) = DELETIONS.into_iter().find(|(operation, ..)| *operation == call.operation.name)?;
    let mut state = call.cx.store.lock();
    let home = home(call, &mut state)?;
    let (id, _) = reference(call, home, kind, member)?;
    let found = |(name, tags, archived): (&str, &Tags, bool)| Deletion {
        name: FullName::new(&home.id, kind, name).into_owned(),
        tags: tags.clone(),
        archived,
    };
    fn entry<'e, T>(all: &'e Collection<T>, id: &str, archived: fn(&T) -> bool) -> Option<(&'e str, &'e Tags, bool)> {
        let entry = all.get(id)?;
        Some((&entry.name, &entry.tags, archived(&entry.data)))
    }
    match kind {
        ResourceKind::Flow => entry(&home.data.flows, id, |flow| flow.state == ContactFlowState::Archived),
        ResourceKind::Module => {
            entry(&home.data.modules, id, |module| module.state == ContactFlowModuleState::Archived)
        }
        ResourceKind::Rule => entry(&home.data.rules, id, |_| false),
        ResourceKind::Other(_) => None,
    }
    .map(found)
}

/// Returns true if a call is a deletion with well-formed references, and the instance of the resource exists.
pub(super) fn is_deletion(call: &Invocation<'_>) -> bool {
    if call.operation.name == "DeleteInstance" {
        return instance_id(call).is_some();
    }
    let row = DELETIONS.into_iter().find(|(operation, ..)| *operation == call.operation.name);
    row.is_some_and(|(_, member, kind)| {
        let mut state = call.cx.store.lock();
        home(call, &mut state).is_some_and(|home| reference(call, home, kind, member).is_some())
    })
}

/// Edits the flow that a call names, with the qualifier in the call.
pub(super) fn edit_flow(call: &Invocation<'_>, edit: impl FnOnce(&mut Flow, Qualifier)) {
    let mut state = call.cx.store.lock();
    let Some(home) = home(call, &mut state) else { return };
    let Some((id, qualifier)) = reference(call, home, ResourceKind::Flow, "ContactFlowId") else { return };
    if let Some(entry) = home.data.flows.get_mut(id) {
        edit(&mut entry.data, qualifier);
    }
}

/// Edits the module that a call names, with the qualifier in the call.
pub(super) fn edit_module(call: &Invocation<'_>, edit: impl FnOnce(&mut Module, Qualifier)) {
    let mut state = call.cx.store.lock();
    let Some(home) = home(call, &mut state) else { return };
    let Some((id, qualifier)) = reference(call, home, ResourceKind::Module, "ContactFlowModuleId") else { return };
    if let Some(entry) = home.data.modules.get_mut(id) {
        edit(&mut entry.data, qualifier);
    }
}

/// The id of the instance that a call names.
pub(super) fn instance_id<'c>(call: &Invocation<'c>) -> Option<&'c str> {
    call.cx.account.instance_id(call.input.get("InstanceId")?.as_str()?)
}

/// The instance that a call names.
fn home<'s>(call: &Invocation<'_>, state: &'s mut State) -> Option<&'s mut Entry<Instance>> {
    state.instances.get_mut(instance_id(call)?)
}

fn reference<'c>(
    call: &Invocation<'c>,
    home: &Entry<Instance>,
    kind: ResourceKind,
    member: &str,
) -> Option<(&'c str, Qualifier)> {
    call.cx.account.resource_id(&home.id, kind, call.input.get(member).and_then(Value::as_str)?)
}
