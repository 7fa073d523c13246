//! Defects: accepted values are stored or shown otherwise.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::defects::edits::{clearing, edit_json, edited, of_another_account, server_error, without};
use crate::defects::hooks::{on_body, on_call, on_items, on_request, on_tags};
use crate::defects::seam::{FullName, Invocation, Scene, Seams, TagChange};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::refusal::Refusal;
use crate::store::lock;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "forgets-description",
        family: Family::Keep,
        summary: "the description of a new flow is not stored",
        kills: &["keep.echo"],
        may: &["keep.search-condition"],
        seams: || on_call(|call| without(call, "CreateContactFlow", "Description")),
    },
    Defect {
        id: "forgets-settings-of-modules",
        family: Family::Keep,
        summary: "the settings of a new flow module are not stored",
        kills: &["keep.echo"],
        may: &[],
        seams: || on_call(|call| without(call, "CreateContactFlowModule", "Settings")),
    },
    Defect {
        id: "forgets-filters-of-rules",
        family: Family::Keep,
        summary: "the filters before evaluation of a new rule are not stored",
        kills: &["keep.echo"],
        may: &[],
        seams: || on_call(|call| without(call, "CreateRule", "PreEvaluationFilters")),
    },
    Defect {
        id: "description-breaks-reads",
        family: Family::Keep,
        summary: "a module that was created with a description cannot be described any more",
        kills: &["keep.echo"],
        may: &["shape.status", "error.no-5xx"],
        seams: || Arc::new(BreaksReads::default()),
    },
    Defect {
        id: "update-wipes-description",
        family: Family::Keep,
        summary: "an update of the metadata of a flow wipes a description that it does not name",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.walk"],
        seams: || on_call(|call| clearing(call, "UpdateContactFlowMetadata", "Description")),
    },
    Defect {
        id: "update-wipes-tags",
        family: Family::Keep,
        summary: "a flow is described without its tags after a change of its name",
        kills: &["keep.update-only-named"],
        may: &["keep.views-agree", "lifecycle.tags-shown", "lifecycle.walk"],
        seams: || shown_after("UpdateContactFlowName", "Tags", || json!({})),
    },
    Defect {
        id: "description-cannot-be-cleared",
        family: Family::Keep,
        summary: "an empty description in an update of a flow is passed over",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.walk"],
        seams: || {
            on_call(|call| {
                let passes = call.operation.name == "UpdateContactFlowMetadata" && call.input["Description"] == "";
                edited(call, passes, |input| drop(input.as_object_mut().and_then(|input| input.remove("Description"))))
            })
        },
    },
    Defect {
        id: "false-is-nothing",
        family: Family::Keep,
        summary: "an update passes over false and 0",
        kills: &["keep.update-only-named"],
        may: &["accept.at-limit"],
        seams: || on_call(|call| edited(call, call.operation.name.starts_with("Update"), pass_over_zeros)),
    },
    Defect {
        id: "null-clears",
        family: Family::Keep,
        summary: "null for the description in an update clears it",
        kills: &["keep.update-only-named"],
        may: &["accept.optional"],
        seams: || on_request(|request| replace_null(request, "")),
    },
    Defect {
        id: "list-shows-one-type",
        family: Family::Keep,
        summary: "the list of flows shows the same type for every flow",
        kills: &["keep.list-filter", "keep.views-agree"],
        may: &[],
        seams: || on_items("ListContactFlows", |item| set(item, "ContactFlowType", "CUSTOMER_HOLD".into())),
    },
    Defect {
        id: "list-shows-first-name",
        family: Family::Keep,
        summary: "the list of modules shows the name from the creation after a change of name",
        kills: &["keep.views-agree"],
        may: &["lifecycle.walk", "lifecycle.duplicate-name"],
        seams: || Arc::new(FirstNames::default()),
    },
    Defect {
        id: "search-shows-other-status",
        family: Family::Keep,
        summary: "search results show the other status of a rule",
        kills: &["keep.views-agree"],
        may: &["keep.search-condition"],
        seams: || on_items("SearchRules", |item| set(item, "PublishStatus", "PUBLISHED".into())),
    },
    Defect {
        id: "search-upper-cases",
        family: Family::Keep,
        summary: "search results show descriptions in capitals, as they are in the index",
        kills: &["keep.views-agree"],
        may: &[],
        seams: || {
            on_items("SearchContactFlows", |item| {
                let text = item["Description"].as_str().map(str::to_uppercase);
                text.into_iter().for_each(|text| set(item, "Description", text.into()));
            })
        },
    },
    Defect {
        id: "arn-of-another-account",
        family: Family::Keep,
        summary: "the description of a module shows the ARN of another account",
        kills: &["keep.plausible", "keep.views-agree"],
        may: &["lifecycle.walk"],
        seams: || {
            on_body(|_, body| {
                if let Some(arn) = body.pointer_mut("/ContactFlowModule/Arn") {
                    *arn = of_another_account(arn);
                }
            })
        },
    },
    Defect {
        id: "times-of-1970",
        family: Family::Keep,
        summary: "rules show the epoch as the time of their creation",
        kills: &["keep.plausible"],
        may: &["keep.views-agree"],
        seams: || {
            on_body(|_, body| {
                if let Some(rule) = body.get_mut("Rule") {
                    set(rule, "CreatedTime", 0.into());
                }
            })
        },
    },
    Defect {
        id: "changed-before-created",
        family: Family::Keep,
        summary: "rules show a time of the last change before their creation",
        kills: &["keep.plausible"],
        may: &["keep.views-agree"],
        seams: || {
            on_body(|_, body| {
                if let Some(rule) = body.get_mut("Rule") {
                    let created = rule["CreatedTime"].as_f64().unwrap_or_default();
                    set(rule, "LastUpdatedTime", (created - 60.0).into());
                }
            })
        },
    },
    Defect {
        id: "digest-stays",
        family: Family::Keep,
        summary: "the digest of a module stays the same when its content changes",
        kills: &["keep.plausible"],
        may: &["keep.views-agree"],
        seams: || {
            on_body(|_, body| {
                if let Some(module) = body.get_mut("ContactFlowModule") {
                    set(module, "FlowModuleContentSha256", "0".repeat(64).into());
                }
            })
        },
    },
    Defect {
        id: "time-of-the-answer",
        family: Family::Keep,
        summary: "a description shows another time of the last change with every read",
        kills: &["keep.repeated-read"],
        may: &["keep.views-agree", "keep.plausible", "idempotency.repeated-read-equal"],
        seams: || Arc::new(LaterEveryTime::default()),
    },
    Defect {
        id: "tag-keys-without-case",
        family: Family::Keep,
        summary: "of two tags of a new resource whose keys differ in the case of a letter, one is kept",
        kills: &["keep.echo"],
        may: &["lifecycle.tags", "lifecycle.tags-shown", "lifecycle.create-describe"],
        seams: || {
            on_tags(|change, tags| {
                let TagChange::Created(_) = change else { return tags };
                let mut seen = HashSet::new();
                tags.into_iter().filter(|(key, _)| seen.insert(key.to_ascii_lowercase())).collect()
            })
        },
    },
    Defect {
        id: "tags-above-forty-dropped",
        family: Family::Keep,
        summary: "of the tags of a new resource, forty are kept",
        kills: &["keep.echo"],
        may: &["accept.at-limit"],
        seams: || {
            on_tags(|change, tags| {
                let is_new = matches!(change, TagChange::Created(_));
                if is_new { tags.into_iter().take(40).collect() } else { tags }
            })
        },
    },
    Defect {
        id: "update-trims",
        family: Family::Keep,
        summary: "an update of a flow removes the blanks around the description",
        kills: &["keep.update-only-named"],
        may: &["accept.text"],
        seams: || {
            on_call(|call| {
                edited(call, call.operation.name == "UpdateContactFlowMetadata", |input| {
                    let trimmed = input["Description"].as_str().map(|text| Value::from(text.trim()));
                    if let Some(text) = trimmed {
                        input["Description"] = text;
                    }
                })
            })
        },
    },
    Defect {
        id: "update-activates",
        family: Family::Keep,
        summary: "an update of an archived flow that names no state makes it active",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.walk", "lifecycle.archive"],
        seams: || {
            on_call(|call| {
                let names_none = call.input.get("ContactFlowState").is_none_or(Value::is_null);
                edited(call, call.operation.name == "UpdateContactFlowMetadata" && names_none, |input| {
                    input["ContactFlowState"] = "ACTIVE".into();
                })
            })
        },
    },
    Defect {
        id: "content-resets-type",
        family: Family::Keep,
        summary: "new content makes a flow one of the usual type",
        kills: &["keep.update-only-named"],
        may: &["keep.views-agree", "lifecycle.walk"],
        seams: || shown_after("UpdateContactFlowContent", "Type", || json!("CONTACT_FLOW")),
    },
    Defect {
        id: "conflict-half-applied",
        family: Family::Keep,
        summary: "an update of a flow that is refused for its name stores the description",
        kills: &["keep.refused-changes-nothing"],
        may: &["lifecycle.walk"],
        seams: || {
            on_call(|call| {
                let answer = call.perform(call.input);
                if call.operation.name == "UpdateContactFlowMetadata" && matches!(answer, Answer::Performed(Err(_))) {
                    without(call, "UpdateContactFlowMetadata", "Name");
                }
                answer
            })
        },
    },
    Defect {
        id: "refused-flow-takes-name",
        family: Family::Keep,
        summary: "a flow that is refused for its content leaves its name taken",
        kills: &["keep.refused-changes-nothing"],
        may: &["lifecycle.walk", "history.names"],
        seams: || Arc::new(TakesNames::default()),
    },
    Defect {
        id: "own-name-is-taken",
        family: Family::Keep,
        summary: "an update of a flow with the name that it has is refused as a conflict",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.walk", "history.names", "history.linearizable"],
        seams: || Arc::new(OwnNames::default()),
    },
    Defect {
        id: "null-refused",
        family: Family::Accept,
        summary: "null for the description in an update of a flow is refused",
        kills: &["accept.optional"],
        may: &[],
        // Longer than the contract allows.
        seams: || on_request(|request| replace_null(request, &"x".repeat(5_000))),
    },
];

/// Flows that an update has changed, which are described with another value of a member from then on.
struct ShownAfter {
    update: &'static str,
    member: &'static str,
    value: fn() -> Value,
    flows: Mutex<HashSet<String>>,
}

fn shown_after(update: &'static str, member: &'static str, value: fn() -> Value) -> Arc<dyn Seams> {
    Arc::new(ShownAfter { update, member, value, flows: Mutex::default() })
}

impl Seams for ShownAfter {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if call.operation.name == self.update {
            lock(&self.flows).extend(call.input["ContactFlowId"].as_str().map(str::to_owned));
        }
        call.perform(call.input)
    }

    fn answer(&self, _: &Scene<'_>, response: &mut HttpResponse) {
        edit_json(response, |body| {
            let Some(Value::Object(flow)) = body.get_mut("ContactFlow") else { return };
            let id = flow.get("Id").and_then(Value::as_str).unwrap_or_default();
            if lock(&self.flows).contains(id) {
                flow.insert(self.member.to_owned(), (self.value)());
            }
        });
    }
}

/// Replaces null for the description in an update of metadata.
fn replace_null(request: &mut HttpRequest, text: &str) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else { return };
    if request.uri.ends_with("/metadata") && body.get("Description").is_some_and(Value::is_null) {
        body["Description"] = text.into();
        request.body = body.to_string().into_bytes();
    }
}

/// Names of flows that were refused for their content.
#[derive(Default)]
struct TakesNames(Mutex<HashSet<String>>);

impl Seams for TakesNames {
    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        let creates = request.method == "PUT" && request.uri.starts_with("/contact-flows/");
        if creates && let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
            let content = body["Content"].as_str().unwrap_or_default();
            if serde_json::from_str::<Value>(content).is_err() {
                lock(&self.0).extend(body["Name"].as_str().map(str::to_owned));
            }
        }
        Cow::Borrowed(request)
    }

    fn name_taken(&self, name: &FullName<'_>, taken: bool) -> bool {
        taken || lock(&self.0).contains(&*name.name)
    }
}

/// The name of each flow, by its id.
#[derive(Default)]
struct OwnNames(Mutex<HashMap<String, String>>);

impl Seams for OwnNames {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let id = call.input["ContactFlowId"].as_str().unwrap_or_default();
        let name = call.input["Name"].as_str().unwrap_or_default();
        let updates = ["UpdateContactFlowMetadata", "UpdateContactFlowName"].contains(&&*call.operation.name);
        if updates && lock(&self.0).get(id).is_some_and(|own| own == name) {
            let refusal = Refusal::Named("DuplicateResourceException", format!("the name {name} is taken"));
            return Answer::Performed(Err(refusal));
        }
        call.perform(call.input)
    }

    fn answer(&self, _: &Scene<'_>, response: &mut HttpResponse) {
        edit_json(response, |body| {
            if let Some(Value::Object(flow)) = body.get_mut("ContactFlow")
                && let (Some(id), Some(name)) = (flow["Id"].as_str(), flow["Name"].as_str())
            {
                lock(&self.0).insert(id.to_owned(), name.to_owned());
            }
        });
    }
}

/// Removes the members that are false or 0.
fn pass_over_zeros(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, inner| *inner != json!(false) && *inner != json!(0));
            members.values_mut().for_each(pass_over_zeros);
        }
        Value::Array(items) => items.iter_mut().for_each(pass_over_zeros),
        _ => {}
    }
}

fn set(item: &mut Value, member: &str, value: Value) {
    if let Some(item) = item.as_object_mut().filter(|item| item.contains_key(member)) {
        item.insert(member.to_owned(), value);
    }
}

/// Modules that were created with a description.
#[derive(Default)]
struct BreaksReads(Mutex<HashSet<String>>);

impl Seams for BreaksReads {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let answer = call.perform(call.input);
        match &*call.operation.name {
            "CreateContactFlowModule" if call.input["Description"].is_string() => {
                lock(&self.0).extend(call.input["Name"].as_str().map(str::to_owned));
                answer
            }
            "DescribeContactFlowModule" => match &answer {
                Answer::Performed(Ok(output))
                    if output
                        .pointer("/ContactFlowModule/Name")
                        .and_then(Value::as_str)
                        .is_some_and(|name| lock(&self.0).contains(name)) =>
                {
                    Answer::Performed(Err(server_error()))
                }
                _ => answer,
            },
            _ => answer,
        }
    }
}

/// The first name of each module, by its id.
#[derive(Default)]
struct FirstNames(Mutex<HashMap<String, Value>>);

impl Seams for FirstNames {
    fn answer(&self, scene: &Scene<'_>, response: &mut HttpResponse) {
        if scene.operation.is_none_or(|operation| operation.name != "ListContactFlowModules") {
            return;
        }
        edit_json(response, |body| {
            for item in body.values_mut().filter_map(Value::as_array_mut).flatten() {
                let (Some(id), name) = (item["Id"].as_str(), item["Name"].clone()) else { continue };
                let first = lock(&self.0).entry(id.to_owned()).or_insert(name).clone();
                set(item, "Name", first);
            }
        });
    }
}

/// Reads of each flow, by its id.
#[derive(Default)]
struct LaterEveryTime(Mutex<HashMap<String, u32>>);

impl Seams for LaterEveryTime {
    fn answer(&self, _: &Scene<'_>, response: &mut HttpResponse) {
        edit_json(response, |body| {
            let Some(flow) = body.get_mut("ContactFlow") else { return };
            let id = flow["Id"].as_str().unwrap_or_default().to_owned();
            let reads = *lock(&self.0).entry(id).and_modify(|reads| *reads += 1).or_insert(0);
            let time = flow["LastModifiedTime"].as_f64().unwrap_or_default();
            set(flow, "LastModifiedTime", (time + f64::from(reads)).into());
        });
    }
}
