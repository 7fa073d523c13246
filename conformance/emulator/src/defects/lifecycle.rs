//! Defects: resources with a wrong life cycle. Each shows in a single call or two.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::arn::Qualifier;
use crate::defects::hooks::{on_body, on_call, on_request, on_tags};
use crate::defects::seam::{FullName, Invocation, Seams, TagChange, Update};
use crate::defects::{Defect, Family, targets};
use crate::handlers::Answer;
use crate::ids::DEFAULT_INSTANCE_ID;
use crate::refusal::Refusal;
use crate::store::Tags;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "duplicate-name-accepted",
        family: Family::Lifecycle,
        summary: "a name that is taken may be used again",
        kills: &["lifecycle.duplicate-name", "lifecycle.concurrent-same-name", "lifecycle.walk"],
        may: &[],
        seams: || Arc::new(SharedNames),
    },
    Defect {
        id: "deleted-still-there",
        family: Family::Lifecycle,
        summary: "deletions are acknowledged but not performed",
        kills: &["lifecycle.delete-gone", "lifecycle.walk"],
        may: &["idempotency.repeated-delete"],
        seams: || {
            on_call(|call| match targets::deletion(call) {
                Some(_) => Answer::Performed(Ok(json!({}))),
                None => call.perform(call.input),
            })
        },
    },
    Defect {
        id: "names-in-small-letters",
        family: Family::Lifecycle,
        summary: "names are stored in lower case",
        kills: &["lifecycle.create-describe", "lifecycle.update-visible", "lifecycle.walk"],
        may: &[
            "lifecycle.create-list",
            "lifecycle.saved-published",
            "search.filter-oracle",
            "accept.text",
            "keep.echo",
            "keep.update-only-named",
        ],
        seams: || {
            on_request(|request| {
                let Ok(Value::Object(mut members)) = serde_json::from_slice(&request.body) else { return };
                let Some(Value::String(name)) = members.get_mut("Name") else { return };
                *name = name.to_lowercase();
                request.body = Value::Object(members).to_string().into_bytes();
            })
        },
    },
    Defect {
        id: "update-lost",
        family: Family::Lifecycle,
        summary: "updates are acknowledged but not performed",
        kills: &["lifecycle.update-visible", "lifecycle.archive", "lifecycle.versions", "lifecycle.walk"],
        may: &["keep.update-only-named"],
        seams: || Arc::new(LostUpdates),
    },
    Defect {
        id: "tags-lost",
        family: Family::Lifecycle,
        summary: "tags are acknowledged but not stored",
        kills: &["lifecycle.tags", "lifecycle.create-describe", "lifecycle.concurrent-tags", "lifecycle.walk"],
        may: &["search.tag-filter", "keep.echo", "keep.search-condition"],
        seams: || {
            on_tags(|change, tags| match change {
                TagChange::Created(_) => Tags::new(),
                TagChange::Added { before, .. } => (*before).clone(),
                TagChange::Removed { .. } => tags,
            })
        },
    },
    Defect {
        id: "tags-lose-astral",
        family: Family::Lifecycle,
        summary: "characters beyond the Basic Multilingual Plane become question marks in added tags",
        kills: &["lifecycle.tags"],
        may: &[],
        seams: || {
            on_tags(|change, tags| {
                let TagChange::Added { .. } = change else { return tags };
                let plain = |text: String| text.chars().map(|c| if c > '\u{ffff}' { '?' } else { c }).collect();
                tags.into_iter().map(|(key, value)| (key, plain(value))).collect()
            })
        },
    },
    Defect {
        id: "draft-shown",
        family: Family::Lifecycle,
        summary: "a flow that was saved but never published is shown as if it were published",
        kills: &["lifecycle.saved-published", "lifecycle.walk"],
        may: &[],
        seams: || on_call(show_draft),
    },
    Defect {
        id: "created-not-listed",
        family: Family::Lifecycle,
        summary: "lists show only the resources that existed from the start",
        kills: &["lifecycle.create-list", "lifecycle.concurrent-creates", "lifecycle.walk"],
        may: &["pagination.complete", "idempotency.same-token-one-resource", "idempotency.retry-after-disconnect"],
        seams: || {
            on_body(|_, body| {
                let Value::Object(members) = body else { return };
                for list in ["RuleSummaryList", "ContactFlowSummaryList", "ContactFlowModulesSummaryList"] {
                    let Some(Value::Array(items)) = members.get_mut(list) else { continue };
                    let before = items.len();
                    items.retain(|item| item["Name"].as_str().is_some_and(|name| name.starts_with("sample-")));
                    if items.len() < before {
                        // The resources from the start come first, so the list ends here.
                        members.remove("NextToken");
                    }
                }
            })
        },
    },
    Defect {
        id: "untag-ignored",
        family: Family::Lifecycle,
        summary: "removals of tags are acknowledged but not performed",
        kills: &["lifecycle.tags"],
        may: &["lifecycle.walk"],
        seams: || {
            on_tags(|change, tags| match change {
                TagChange::Removed { before } => (*before).clone(),
                _ => tags,
            })
        },
    },
    Defect {
        id: "tags-replaced",
        family: Family::Lifecycle,
        summary: "TagResource replaces the existing tags",
        kills: &["lifecycle.tags", "lifecycle.concurrent-tags"],
        may: &["lifecycle.walk"],
        seams: || {
            on_tags(|change, tags| match change {
                TagChange::Added { added, .. } => (*added).clone(),
                _ => tags,
            })
        },
    },
    Defect {
        id: "tags-not-shown",
        family: Family::Lifecycle,
        summary: "resources are described without their tags",
        kills: &["lifecycle.tags-shown", "lifecycle.create-describe"],
        may: &["lifecycle.walk", "keep.echo"],
        seams: || {
            on_body(|scene, body| {
                let describes = scene.operation.is_some_and(|operation| operation.name.starts_with("Describe"));
                let resources = body.as_object_mut().filter(|_| describes);
                for resource in resources.into_iter().flat_map(|body| body.values_mut()) {
                    if let Value::Object(members) = resource {
                        members.remove("Tags");
                    }
                }
            })
        },
    },
    Defect {
        id: "archive-lost",
        family: Family::Lifecycle,
        summary: "archiving is acknowledged but not performed",
        kills: &["lifecycle.archive"],
        may: &["lifecycle.walk", "keep.update-only-named"],
        seams: || {
            on_call(|call| {
                let state = match call.operation.name.as_str() {
                    "UpdateContactFlowMetadata" => "ContactFlowState",
                    "UpdateContactFlowModuleMetadata" => "State",
                    _ => return call.perform(call.input),
                };
                let mut input = call.input.clone();
                input.as_object_mut().and_then(|members| members.remove(state));
                call.perform(&input)
            })
        },
    },
    Defect {
        id: "version-mutable",
        family: Family::Lifecycle,
        summary: "a version shows the content that is published now",
        kills: &["lifecycle.versions"],
        may: &["lifecycle.walk"],
        seams: || on_call(show_current_content),
    },
    Defect {
        id: "version-number-repeats",
        family: Family::Lifecycle,
        summary: "every version of a flow has the number 1",
        kills: &["lifecycle.versions"],
        may: &["pagination.no-duplicates", "pagination.complete", "lifecycle.walk"],
        seams: || on_call(renumber_version),
    },
    Defect {
        id: "digest-of-version-refused",
        family: Family::Lifecycle,
        summary: "a version of a flow cannot be made with the digest that the flow shows",
        kills: &["lifecycle.versions"],
        may: &["accept.optional"],
        seams: || {
            on_call(|call| match call.operation.name == "CreateContactFlowVersion" {
                true if call.input["FlowContentSha256"].is_string() => {
                    Answer::Performed(Err(Refusal::Invalid("the digest differs from that of the content".to_owned())))
                }
                _ => call.perform(call.input),
            })
        },
    },
    Defect {
        id: "instance-never-active",
        family: Family::Lifecycle,
        summary: "the creation of an instance never completes",
        kills: &["lifecycle.create-describe"],
        may: &[],
        seams: || {
            on_body(|_, body| {
                let delay = |instance: &mut Value| {
                    if instance["Id"] != DEFAULT_INSTANCE_ID && instance.get("InstanceStatus").is_some() {
                        instance["InstanceStatus"] = "CREATION_IN_PROGRESS".into();
                    }
                };
                body.get_mut("Instance").into_iter().for_each(delay);
                let list = body.get_mut("InstanceSummaryList").and_then(Value::as_array_mut);
                list.into_iter().flatten().for_each(delay);
            })
        },
    },
];

struct SharedNames;

impl Seams for SharedNames {
    fn name_taken(&self, _: &FullName<'_>, _: bool) -> bool {
        false
    }
}

struct LostUpdates;

impl Seams for LostUpdates {
    fn stores(&self, _: &Update<'_>) -> bool {
        false
    }
}

/// Describes the draft of a flow that was never published.
fn show_draft(call: &Invocation<'_>) -> Answer {
    let answer = call.perform(call.input);
    if !matches!(answer, Answer::Performed(Err(Refusal::Named("ContactFlowNotPublishedException", _)))) {
        return answer;
    }
    call.perform(&with_qualifier(call.input, ":$SAVED"))
}

/// Describes a version with the content that is published now.
fn show_current_content(call: &Invocation<'_>) -> Answer {
    let mut answer = call.perform(call.input);
    if call.operation.name != "DescribeContactFlow" {
        return answer;
    }
    if let Answer::Performed(Ok(output)) = &mut answer
        && output["ContactFlow"]["Version"].is_number()
        && let Answer::Performed(Ok(current)) = call.perform(&with_qualifier(call.input, ""))
    {
        for member in ["Content", "FlowContentSha256"] {
            output["ContactFlow"][member] = current["ContactFlow"][member].clone();
        }
    }
    answer
}

/// Replaces the qualifier in the reference to a flow.
fn with_qualifier(input: &Value, qualifier: &str) -> Value {
    let mut input = input.clone();
    let reference = input["ContactFlowId"].as_str().unwrap_or_default();
    // An ARN has colons before its last slash.
    let id = reference.rfind('/').map_or(0, |slash| slash + 1);
    let end = reference[id..].find(':').map_or(reference.len(), |colon| id + colon);
    input["ContactFlowId"] = format!("{}{qualifier}", &reference[..end]).into();
    input
}

/// Gives every new version the number 1.
fn renumber_version(call: &Invocation<'_>) -> Answer {
    let mut answer = call.perform(call.input);
    if let Answer::Performed(Ok(output)) = &mut answer
        && call.operation.name == "CreateContactFlowVersion"
    {
        targets::edit_flow(call, |flow, _: Qualifier| {
            if let Some((_, version)) = flow.versions.pop_last() {
                flow.versions.insert(1, version);
            }
        });
        output["Version"] = 1.into();
    }
    answer
}
