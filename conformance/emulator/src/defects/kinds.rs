//! Defects of kinds of resource that have no handler of their own: each on one kind, so that no favourite is needed to find it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::defects::edits::{edited, without};
use crate::defects::hooks::{on_body, on_call};
use crate::defects::seam::{Invocation, Scene, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::refusal::Refusal;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "queue-stays",
        family: Family::Lifecycle,
        summary: "the deletion of a queue is acknowledged but not performed",
        kills: &["lifecycle.delete-gone"],
        may: &["idempotency.repeated-delete", "error.not-found"],
        seams: || ignored("DeleteQueue"),
    },
    Defect {
        id: "prompt-deleted-twice",
        family: Family::Idempotency,
        summary: "the deletion of a deleted prompt succeeds",
        kills: &["idempotency.repeated-delete"],
        may: &["error.not-found"],
        seams: || {
            on_call(|call| match call.perform(call.input) {
                Answer::Performed(Err(Refusal::NotFound(_))) if call.operation.name == "DeletePrompt" => done(),
                answer => answer,
            })
        },
    },
    Defect {
        id: "hours-update-lost",
        family: Family::Lifecycle,
        summary: "updates of hours of operation are acknowledged but not performed",
        kills: &["lifecycle.update-visible", "keep.update-only-named"],
        may: &["error.not-found"],
        seams: || ignored("UpdateHoursOfOperation"),
    },
    Defect {
        id: "two-queues-of-one-name",
        family: Family::Lifecycle,
        summary: "a queue may have the name of another",
        kills: &["lifecycle.duplicate-name", "lifecycle.concurrent-same-name"],
        may: &[],
        seams: || {
            on_call(|call| {
                if call.operation.name != "CreateQueue" {
                    return call.perform(call.input);
                }
                match call.perform(call.input) {
                    Answer::Performed(Err(Refusal::Named(..))) => edited(call, true, |input| {
                        let name = input["Name"].as_str().unwrap_or_default().to_owned();
                        let order = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                        input["Name"] = format!("{name} {}", order.unwrap_or_default().as_nanos()).into();
                    }),
                    answer => answer,
                }
            })
        },
    },
    Defect {
        id: "origin-stays",
        family: Family::Lifecycle,
        summary: "an approved origin is still listed after its association has ended",
        kills: &["lifecycle.association"],
        may: &["error.not-found"],
        seams: || ignored("DisassociateApprovedOrigin"),
    },
    Defect {
        id: "quick-connect-not-joined",
        family: Family::Lifecycle,
        summary: "quick connects that are associated with a queue are not listed for it",
        kills: &["lifecycle.association"],
        may: &["pagination.complete", "error.not-found"],
        seams: || ignored("AssociateQueueQuickConnects"),
    },
    Defect {
        id: "page-of-workspace-stays",
        family: Family::Lifecycle,
        summary: "a deleted page of a workspace is still listed",
        kills: &["lifecycle.association"],
        may: &["pagination.stable-under-change", "idempotency.repeated-delete", "error.not-found"],
        seams: || ignored("DeleteWorkspacePage"),
    },
    Defect {
        id: "prompt-without-description",
        family: Family::Keep,
        summary: "the description of a new prompt is not stored",
        kills: &["keep.echo"],
        may: &["lifecycle.create-describe", "keep.search-condition", "accept.text"],
        seams: || on_call(|call| without(call, "CreatePrompt", "Description")),
    },
    Defect {
        id: "update-wipes-profile",
        family: Family::Keep,
        summary: "an update of a security profile wipes a description that it does not name",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.update-visible"],
        seams: || {
            on_call(|call| {
                let absent = call.input.get("Description").is_none_or(Value::is_null);
                let wipes = call.operation.name == "UpdateSecurityProfile" && absent;
                edited(call, wipes, |input| input["Description"] = "".into())
            })
        },
    },
    Defect {
        id: "table-in-milliseconds",
        family: Family::Keep,
        summary: "the description of a data table has its times in milliseconds",
        kills: &["keep.plausible", "keep.views-agree"],
        may: &["shape.timestamp-format"],
        seams: || {
            on_shown("DescribeDataTable", "DataTable", |table| {
                for name in ["CreatedTime", "LastModifiedTime"] {
                    if let Some(time) = table[name].as_f64() {
                        table[name] = (time * 1000.0).round().into();
                    }
                }
            })
        },
    },
    Defect {
        id: "profile-tags-lost",
        family: Family::Lifecycle,
        summary: "tags that are added to a routing profile are acknowledged but not stored",
        kills: &["lifecycle.tags", "lifecycle.concurrent-tags"],
        may: &["lifecycle.tags-shown"],
        seams: || {
            on_call(|call| {
                let arn = call.input["resourceArn"].as_str().unwrap_or_default();
                let is_lost = call.operation.name == "TagResource" && arn.contains("/routing-profile/");
                if is_lost { done() } else { call.perform(call.input) }
            })
        },
    },
    Defect {
        id: "user-shown-without-tags",
        family: Family::Lifecycle,
        summary: "users are described without their tags",
        kills: &["lifecycle.tags-shown", "lifecycle.create-describe", "keep.echo"],
        may: &["keep.views-agree"],
        seams: || {
            on_shown("DescribeUser", "User", |user| drop(user.as_object_mut().and_then(|user| user.remove("Tags"))))
        },
    },
    Defect {
        id: "list-of-other-names",
        family: Family::Keep,
        summary: "the list of quick connects shows names in capitals",
        kills: &["keep.views-agree"],
        may: &["lifecycle.create-list"],
        seams: || {
            on_items("ListQuickConnects", "QuickConnectSummaryList", |items| {
                for item in items {
                    item["Name"] = item["Name"].as_str().unwrap_or_default().to_uppercase().into();
                }
            })
        },
    },
    Defect {
        id: "newest-hours-not-listed",
        family: Family::Lifecycle,
        summary: "the list of hours of operation lacks the last one",
        kills: &["pagination.complete"],
        may: &[
            "lifecycle.create-list",
            "lifecycle.concurrent-creates",
            "pagination.sizes-agree",
            "pagination.stable-under-change",
            "pagination.token-repeatable",
            "keep.views-agree",
            "pagination.bounds",
        ],
        seams: || on_items("ListHoursOfOperations", "HoursOfOperationSummaryList", |items| drop(items.pop())),
    },
    Defect {
        id: "type-of-quick-connect-ignored",
        family: Family::Keep,
        summary: "the list of quick connects ignores the type that it is narrowed to",
        kills: &["keep.list-filter"],
        may: &[],
        seams: || on_call(|call| without(call, "ListQuickConnects", "QuickConnectTypes")),
    },
    Defect {
        id: "prompts-not-found",
        family: Family::Search,
        summary: "a search of prompts by name finds nothing",
        kills: &["search.eventually-visible"],
        may: &[
            "search.filter-oracle",
            "search.and-narrows",
            "search.or-unions",
            "search.exact-in-prefix-in-contains",
            "search.tag-filter",
            "keep.search-condition",
            "keep.counts",
            "keep.views-agree",
        ],
        seams: || {
            on_body(|scene, body| {
                let is_search = named(scene, "SearchPrompts");
                if let Some(prompts) = body.get_mut("Prompts").filter(|_| is_search) {
                    *prompts = json!([]);
                }
            })
        },
    },
    Defect {
        id: "unknown-profile-shown",
        family: Family::Error,
        summary: "a routing profile that does not exist is described",
        kills: &["error.not-found", "lifecycle.delete-gone"],
        may: &[],
        seams: || {
            on_call(|call| match call.perform(call.input) {
                Answer::Performed(Err(Refusal::NotFound(_))) if call.operation.name == "DescribeRoutingProfile" => {
                    call.generate(call.input)
                }
                answer => answer,
            })
        },
    },
    Defect {
        id: "token-of-form-ignored",
        family: Family::Idempotency,
        summary: "the client token of a new evaluation form is ignored",
        kills: &["idempotency.same-token-same-result"],
        may: &[
            "idempotency.same-token-one-resource",
            "idempotency.concurrent-same-token",
            "idempotency.retry-after-disconnect",
            "idempotency.token-of-other-operation",
        ],
        seams: || on_call(|call| without(call, "CreateEvaluationForm", "ClientToken")),
    },
    Defect {
        id: "test-case-of-another-account",
        family: Family::Keep,
        summary: "the description of a test case shows the ARN of another account",
        kills: &["keep.plausible", "keep.views-agree"],
        may: &[],
        seams: || {
            on_shown("DescribeTestCase", "TestCase", |case| {
                let arn = case["Arn"].as_str().unwrap_or_default().replace("111122223333", "999999999999");
                case["Arn"] = arn.into();
            })
        },
    },
    Defect {
        id: "description-in-small-letters",
        family: Family::Keep,
        summary: "the description of a new override of hours is stored in small letters",
        kills: &["keep.echo"],
        may: &["accept.text", "lifecycle.create-describe"],
        seams: || {
            on_call(|call| {
                let creates = call.operation.name == "CreateHoursOfOperationOverride";
                edited(call, creates && call.input.get("Description").is_some(), |input| {
                    input["Description"] = input["Description"].as_str().unwrap_or_default().to_lowercase().into();
                })
            })
        },
    },
];

/// The noun of the kind that each row is about.
pub(super) const NOUNS: &[(&str, &str)] = &[
    ("queue-stays", "Queue"),
    ("prompt-deleted-twice", "Prompt"),
    ("hours-update-lost", "HoursOfOperation"),
    ("two-queues-of-one-name", "Queue"),
    ("origin-stays", "ApprovedOrigin"),
    ("quick-connect-not-joined", "Queue"),
    ("page-of-workspace-stays", "WorkspacePage"),
    ("prompt-without-description", "Prompt"),
    ("update-wipes-profile", "SecurityProfile"),
    ("table-in-milliseconds", "DataTable"),
    ("profile-tags-lost", "RoutingProfile"),
    ("user-shown-without-tags", "User"),
    ("list-of-other-names", "QuickConnect"),
    ("newest-hours-not-listed", "HoursOfOperation"),
    ("type-of-quick-connect-ignored", "QuickConnect"),
    ("prompts-not-found", "Prompt"),
    ("unknown-profile-shown", "RoutingProfile"),
    ("token-of-form-ignored", "EvaluationForm"),
    ("test-case-of-another-account", "TestCase"),
    ("description-in-small-letters", "HoursOfOperationOverride"),
];

fn done() -> Answer {
    Answer::Performed(Ok(json!({})))
}

/// Acknowledges calls of an operation without performing them.
fn ignored(operation: &'static str) -> Arc<dyn Seams> {
    struct Ignored(&'static str);
    impl Seams for Ignored {
        fn invoke(&self, call: &Invocation<'_>) -> Answer {
            // A call that would be refused still is.
            if call.operation.name == self.0 && call.has_handler { done() } else { call.perform(call.input) }
        }
    }
    Arc::new(Ignored(operation))
}

fn named(scene: &Scene<'_>, operation: &str) -> bool {
    scene.operation.is_some_and(|found| found.name == operation)
}

/// Edits a member of the answers of an operation.
fn on_shown(operation: &'static str, member: &'static str, edit: fn(&mut Value)) -> Arc<dyn Seams> {
    struct Shown(&'static str, &'static str, fn(&mut Value));
    impl Seams for Shown {
        fn answer(&self, scene: &Scene<'_>, response: &mut connect_model::wire::message::HttpResponse) {
            if !named(scene, self.0) || scene.error.is_some() {
                return;
            }
            crate::defects::edits::edit_json(response, |body| {
                if let Some(shown) = body.get_mut(self.1) {
                    (self.2)(shown);
                }
            });
        }
    }
    Arc::new(Shown(operation, member, edit))
}

/// Edits the items of a list.
fn on_items(operation: &'static str, list: &'static str, edit: fn(&mut Vec<Value>)) -> Arc<dyn Seams> {
    struct Items(&'static str, &'static str, fn(&mut Vec<Value>));
    impl Seams for Items {
        fn answer(&self, scene: &Scene<'_>, response: &mut connect_model::wire::message::HttpResponse) {
            if !named(scene, self.0) || scene.error.is_some() {
                return;
            }
            crate::defects::edits::edit_json(response, |body| {
                if let Some(items) = body.get_mut(self.1).and_then(Value::as_array_mut) {
                    (self.2)(items);
                }
            });
        }
    }
    Arc::new(Items(operation, list, edit))
}
