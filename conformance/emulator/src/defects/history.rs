//! Defects that show only after other calls: a single call behaves as it should.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use connect_model::shapes::ContactFlowState;
use serde_json::{Value, json};

use crate::arn::Qualifier;
use crate::defects::hooks::on_call;
use crate::defects::seam::{FullName, Invocation, Seams, TagChange, Update};
use crate::defects::{Defect, Family, targets};
use crate::handlers::Answer;
use crate::store::{Tags, lock};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "name-taken-after-delete",
        family: Family::Lifecycle,
        summary: "a name stays taken when its resource is deleted",
        kills: &["lifecycle.walk", "lifecycle.name-free"],
        may: &["history.names"],
        seams: || Arc::new(NamesOfDeleted::default()),
    },
    Defect {
        id: "name-taken-after-rename",
        family: Family::Lifecycle,
        summary: "a name stays taken when its resource is renamed",
        kills: &["lifecycle.walk"],
        may: &[],
        seams: || Arc::new(NamesOfRenamed::default()),
    },
    Defect {
        id: "draft-edit-publishes",
        family: Family::Lifecycle,
        summary: "an update of the draft changes the published content, too",
        kills: &["lifecycle.walk"],
        may: &[],
        seams: || on_call(publish_draft),
    },
    Defect {
        id: "rename-restores",
        family: Family::Lifecycle,
        summary: "a rename takes a flow or module out of the archive",
        kills: &["lifecycle.walk"],
        may: &[],
        seams: || on_call(restore),
    },
    Defect {
        id: "archive-keeps",
        family: Family::Lifecycle,
        summary: "deletions of archived resources are acknowledged but not performed",
        kills: &["lifecycle.walk"],
        may: &[],
        seams: || {
            on_call(|call| match targets::deletion(call) {
                Some(deletion) if deletion.archived => Answer::Performed(Ok(json!({}))),
                _ => call.perform(call.input),
            })
        },
    },
    Defect {
        id: "tags-return",
        family: Family::Lifecycle,
        summary: "a new resource gets the tags of a deleted one with its name",
        kills: &["lifecycle.walk"],
        may: &[],
        seams: || Arc::new(TagsOfDeleted::default()),
    },
    Defect {
        id: "versions-lost",
        family: Family::Lifecycle,
        summary: "the versions of a flow are lost when other content is published",
        kills: &["lifecycle.walk", "lifecycle.versions"],
        may: &[],
        seams: || on_call(lose_versions),
    },
];

/// Names that stay taken although no resource has them.
type Retired = Mutex<HashSet<FullName<'static>>>;

#[derive(Default)]
struct NamesOfDeleted(Retired);

impl Seams for NamesOfDeleted {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        // Before the deletion, so that the name is never free.
        if let Some(deletion) = targets::deletion(call) {
            lock(&self.0).insert(deletion.name);
        }
        call.perform(call.input)
    }

    fn name_taken(&self, name: &FullName<'_>, taken: bool) -> bool {
        taken || lock(&self.0).contains(&name.clone().into_owned())
    }
}

#[derive(Default)]
struct NamesOfRenamed(Retired);

impl Seams for NamesOfRenamed {
    fn stores(&self, update: &Update<'_>) -> bool {
        if update.before.name != update.name {
            lock(&self.0).insert(update.before.clone().into_owned());
        }
        true
    }

    fn name_taken(&self, name: &FullName<'_>, taken: bool) -> bool {
        taken || lock(&self.0).contains(&name.clone().into_owned())
    }
}

/// Tags of deleted resources, by name.
#[derive(Default)]
struct TagsOfDeleted(Mutex<HashMap<FullName<'static>, Tags>>);

impl Seams for TagsOfDeleted {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if let Some(deletion) = targets::deletion(call) {
            lock(&self.0).insert(deletion.name, deletion.tags);
        }
        call.perform(call.input)
    }

    fn tags(&self, change: &TagChange<'_>, mut tags: Tags) -> Tags {
        if let TagChange::Created(Some(name)) = change {
            tags.extend(lock(&self.0).remove(&name.clone().into_owned()).unwrap_or_default());
        }
        tags
    }
}

fn publish_draft(call: &Invocation<'_>) -> Answer {
    let answer = call.perform(call.input);
    if matches!(answer, Answer::Performed(Ok(_))) {
        match call.operation.name.as_str() {
            "UpdateContactFlowContent" => targets::edit_flow(call, |flow, _| {
                if flow.published.is_some() {
                    flow.published = Some(flow.saved.clone());
                }
            }),
            "UpdateContactFlowModuleContent" if call.input.get("Content").is_some_and(Value::is_string) => {
                targets::edit_module(call, |module, _| module.published = module.saved.clone());
            }
            _ => {}
        }
    }
    answer
}

fn restore(call: &Invocation<'_>) -> Answer {
    match call.operation.name.as_str() {
        "UpdateContactFlowName" => {
            let answer = call.perform(call.input);
            if matches!(answer, Answer::Performed(Ok(_))) {
                targets::edit_flow(call, |flow, _| flow.state = ContactFlowState::Active);
            }
            answer
        }
        "UpdateContactFlowModuleMetadata" => {
            let mut input = call.input.clone();
            if input.get("State").is_none_or(Value::is_null) {
                input["State"] = "ACTIVE".into();
            }
            call.perform(&input)
        }
        _ => call.perform(call.input),
    }
}

fn lose_versions(call: &Invocation<'_>) -> Answer {
    let answer = call.perform(call.input);
    if call.operation.name == "UpdateContactFlowContent" && matches!(answer, Answer::Performed(Ok(_))) {
        targets::edit_flow(call, |flow, qualifier| {
            if qualifier == Qualifier::Latest {
                flow.versions.clear();
            }
        });
    }
    answer
}
