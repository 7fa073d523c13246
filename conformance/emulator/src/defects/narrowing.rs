//! Defects: lists and searches do not narrow as they should, and state wrong totals.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::defects::edits::{edit_criteria, edit_filter, edit_json, edited, without};
use crate::defects::hooks::{on_body, on_call, on_items, on_request};
use crate::defects::seam::{Invocation, Scene, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::store::lock;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "list-ignores-types",
        family: Family::Keep,
        summary: "the list of flows ignores the given types",
        kills: &["keep.list-filter"],
        may: &["invalid.enum-case", "invalid.enum-unknown"],
        seams: || on_call(|call| without(call, "ListContactFlows", "ContactFlowTypes")),
    },
    Defect {
        id: "list-inverts-status",
        family: Family::Keep,
        summary: "the list of rules shows those without the given status",
        kills: &["keep.list-filter"],
        may: &[],
        seams: || {
            on_call(|call| {
                let other = if call.input["PublishStatus"] == "DRAFT" { "PUBLISHED" } else { "DRAFT" };
                let narrows = call.operation.name == "ListRules" && call.input.get("PublishStatus").is_some();
                edited(call, narrows, |input| input["PublishStatus"] = other.into())
            })
        },
    },
    Defect {
        id: "list-takes-one-type",
        family: Family::Keep,
        summary: "of several types, the list of flows takes the first one only",
        kills: &["keep.list-filter"],
        may: &[],
        seams: || {
            on_call(|call| {
                edited(call, call.operation.name == "ListContactFlows", |input| {
                    input
                        .get_mut("ContactFlowTypes")
                        .and_then(Value::as_array_mut)
                        .into_iter()
                        .for_each(|types| types.truncate(1));
                })
            })
        },
    },
    Defect {
        id: "list-of-queues-ignores-types",
        family: Family::Keep,
        summary: "the list of queues ignores the given types",
        kills: &["keep.list-filter"],
        may: &[],
        seams: || on_call(|call| without(call, "ListQueues", "QueueTypes")),
    },
    Defect {
        id: "module-status-ignored",
        family: Family::Keep,
        summary: "searches for modules ignore the status",
        kills: &["keep.search-condition"],
        may: &["invalid.enum-case", "invalid.enum-unknown", "invalid.wrong-type"],
        seams: || {
            on_request(|request| {
                if request.uri.contains("modules") {
                    edit_criteria(request, &|node| drop(node.remove("StatusCondition")));
                }
            })
        },
    },
    Defect {
        id: "state-inverted",
        family: Family::Keep,
        summary: "searches for a state find the resources of the other state",
        kills: &["keep.search-condition"],
        may: &[],
        seams: || {
            on_request(|request| {
                edit_criteria(request, &|node| {
                    if let Some(state) = node.get_mut("StateCondition") {
                        match state.as_str() {
                            Some("ACTIVE") => *state = "ARCHIVED".into(),
                            Some("ARCHIVED") => *state = "ACTIVE".into(),
                            _ => {}
                        }
                    }
                });
            })
        },
    },
    Defect {
        id: "tag-key-alone-ignored",
        family: Family::Keep,
        summary: "a filter on a tag without a value finds everything",
        kills: &["keep.search-condition"],
        may: &["invalid.wrong-type"],
        seams: || {
            on_request(|request| {
                edit_filter(request, &|node| {
                    if node.get("TagCondition").is_some_and(|tag| tag.get("TagValue").is_none()) {
                        node.remove("TagCondition");
                    }
                });
            })
        },
    },
    Defect {
        id: "tag-value-alone-finds-nothing",
        family: Family::Keep,
        summary: "a condition on the value of a tag without its key finds nothing",
        kills: &["keep.search-condition"],
        may: &[],
        seams: || {
            on_request(|request| {
                edit_filter(request, &|node| {
                    if let Some(Value::Object(tag)) = node.get_mut("TagCondition")
                        && !tag.contains_key("TagKey")
                    {
                        tag.insert("TagKey".to_owned(), "absent".into());
                    }
                });
            })
        },
    },
    Defect {
        id: "descriptions-not-searched",
        family: Family::Keep,
        summary: "searches by description look at the name",
        kills: &["keep.search-condition"],
        may: &[],
        seams: || on_request(|request| rename_field(request, "description", "name")),
    },
    Defect {
        id: "status-of-rules-not-searched",
        family: Family::Keep,
        summary: "searches for rules by their status look at the name",
        kills: &["keep.search-condition"],
        may: &[],
        seams: || on_request(|request| rename_field(request, "PublishStatus", "Name")),
    },
    Defect {
        id: "total-off-by-one",
        family: Family::Keep,
        summary: "the total of searches is one too many",
        kills: &["keep.counts"],
        may: &["pagination.total-count"],
        seams: || {
            on_body(|_, body| {
                if let Some(total) = body.get_mut("ApproximateTotalCount") {
                    *total = (total.as_i64().unwrap_or_default() + 1).into();
                }
            })
        },
    },
    Defect {
        id: "total-without-conditions",
        family: Family::Keep,
        summary: "the total of a search counts what its conditions exclude, too",
        kills: &["keep.counts"],
        may: &["pagination.total-count"],
        seams: || Arc::new(LargestTotal::default()),
    },
    Defect {
        id: "list-forgets-types-with-token",
        family: Family::Keep,
        summary: "the second and later pages of the list of flows are not narrowed",
        kills: &["keep.list-filter"],
        may: &["pagination.token-foreign", "pagination.token-tampered"],
        seams: || Arc::new(ForgetsTypes),
    },
    Defect {
        id: "state-ignored-beside-others",
        family: Family::Keep,
        summary: "a condition on the state is ignored beside another one",
        kills: &["keep.search-condition"],
        may: &["invalid.enum-case", "invalid.enum-unknown"],
        seams: || {
            on_request(|request| {
                edit_criteria(request, &|node| {
                    if let Some(Value::Array(nodes)) = node.get_mut("AndConditions")
                        && nodes.len() > 1
                    {
                        nodes.retain(|node| node.get("StateCondition").is_none());
                    }
                });
            })
        },
    },
    Defect {
        id: "search-escapes-markup",
        family: Family::Keep,
        summary: "searches show the description of a module as HTML",
        kills: &["keep.views-agree"],
        may: &[],
        seams: || {
            on_items("SearchContactFlowModules", |item| {
                let escaped = item["Description"]
                    .as_str()
                    .map(|text| Value::from(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")));
                if let Some(text) = escaped {
                    item["Description"] = text;
                }
            })
        },
    },
];

/// The types of a list whose tokens are checked as if they belonged to the list of all flows.
struct ForgetsTypes;

impl Seams for ForgetsTypes {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let lists = call.operation.name == "ListContactFlows" && call.input.get("ContactFlowTypes").is_some();
        if !lists {
            return call.perform(call.input);
        }
        let mut whole = call.input.clone();
        whole.as_object_mut().map(|input| input.remove("ContactFlowTypes"));
        if call.input.get("NextToken").is_some() {
            return call.perform(&whole);
        }
        // A token of the whole list, after as many items of it as the first page goes through.
        let narrowed = call.perform(call.input);
        let Answer::Performed(Ok(mut page)) = narrowed else { return narrowed };
        if page.get("NextToken").is_none() {
            return Answer::Performed(Ok(page));
        }
        if let Answer::Performed(Ok(other)) = call.perform(&whole) {
            page["NextToken"] = other["NextToken"].clone();
        }
        Answer::Performed(Ok(page))
    }
}

/// Searches another field than the given one.
fn rename_field(request: &mut HttpRequest, from: &str, to: &str) {
    edit_criteria(request, &|node| {
        if node.get("FieldName").is_some_and(|name| name == from) {
            node.insert("FieldName".to_owned(), to.into());
        }
    });
}

/// The largest total of each search.
#[derive(Default)]
struct LargestTotal(Mutex<HashMap<String, i64>>);

impl Seams for LargestTotal {
    fn answer(&self, scene: &Scene<'_>, response: &mut HttpResponse) {
        let name = scene.operation.map(|operation| operation.name.clone()).unwrap_or_default();
        edit_json(response, |body| {
            if let Some(total) = body.get_mut("ApproximateTotalCount") {
                let mut largest = lock(&self.0);
                let largest = largest.entry(name).or_default();
                *largest = (*largest).max(total.as_i64().unwrap_or_default());
                *total = (*largest).into();
            }
        });
    }
}
