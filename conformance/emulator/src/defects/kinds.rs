//! Defects of kinds of resource that have no handler of their own: each on one kind, so that no favourite is needed to find it.

use serde_json::{Value, json};

use crate::defects::edits::{acknowledged, clearing, edited, of_another_account, without};
use crate::defects::hooks::{on_answer_of, on_call, on_items};
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
        seams: || on_call(|call| acknowledged(call, "DeleteQueue")),
    },
    Defect {
        id: "prompt-deleted-twice",
        family: Family::Idempotency,
        summary: "the deletion of a deleted prompt succeeds",
        kills: &["idempotency.repeated-delete"],
        may: &["error.not-found"],
        seams: || {
            on_call(|call| match call.perform(call.input) {
                Answer::Performed(Err(Refusal::NotFound(_))) if call.operation.name == "DeletePrompt" => {
                    acknowledged(call, "DeletePrompt")
                }
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
        seams: || on_call(|call| acknowledged(call, "UpdateHoursOfOperation")),
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
        seams: || on_call(|call| acknowledged(call, "DisassociateApprovedOrigin")),
    },
    Defect {
        id: "quick-connect-not-joined",
        family: Family::Lifecycle,
        summary: "quick connects that are associated with a queue are not listed for it",
        kills: &["lifecycle.association"],
        may: &["pagination.complete", "error.not-found"],
        seams: || on_call(|call| acknowledged(call, "AssociateQueueQuickConnects")),
    },
    Defect {
        id: "proficiency-update-lost",
        family: Family::Lifecycle,
        summary: "updates of the proficiencies of a user are acknowledged but not performed",
        kills: &["lifecycle.association-update"],
        may: &["error.not-found"],
        seams: || on_call(|call| acknowledged(call, "UpdateUserProficiencies")),
    },
    Defect {
        id: "user-loses-all-proficiencies",
        family: Family::Lifecycle,
        summary: "a proficiency that a user loses takes all others with it",
        kills: &["lifecycle.association"],
        may: &["pagination.stable-under-change"],
        seams: || {
            on_call(|call| {
                let ends = call.operation.name == "DisassociateUserProficiencies";
                edited(call, ends, |input| input["UserProficiencies"] = json!([{}]))
            })
        },
    },
    Defect {
        id: "alias-of-address-stays",
        family: Family::Lifecycle,
        summary: "an alias of an e-mail address is still described after its association has ended",
        kills: &["lifecycle.association"],
        may: &["error.not-found"],
        seams: || on_call(|call| acknowledged(call, "DisassociateEmailAddressAlias")),
    },
    Defect {
        id: "quick-connect-of-queue-misnamed",
        family: Family::Lifecycle,
        summary: "the quick connects of a queue are listed with their names in small letters",
        kills: &["lifecycle.association-shown"],
        may: &[],
        seams: || {
            on_items("ListQueueQuickConnects", |item| {
                let name = item["Name"].as_str().unwrap_or_default().to_lowercase();
                item["Name"] = name.into();
            })
        },
    },
    Defect {
        id: "queue-of-profile-elsewhere",
        family: Family::Lifecycle,
        summary: "the queues of a routing profile are listed with ARNs of another account",
        kills: &["lifecycle.association-shown"],
        may: &[],
        seams: || {
            on_items("ListRoutingProfileQueues", |item| {
                item["QueueArn"] = of_another_account(&item["QueueArn"]);
            })
        },
    },
    Defect {
        id: "attribute-of-instance-lost",
        family: Family::Keep,
        summary: "updates of the attributes of an instance are acknowledged but not performed",
        kills: &["keep.setting"],
        may: &["error.not-found"],
        seams: || on_call(|call| acknowledged(call, "UpdateInstanceAttribute")),
    },
    Defect {
        id: "page-of-workspace-stays",
        family: Family::Lifecycle,
        summary: "a deleted page of a workspace is still listed",
        kills: &["lifecycle.association"],
        may: &["pagination.stable-under-change", "idempotency.repeated-delete", "error.not-found"],
        seams: || on_call(|call| acknowledged(call, "DeleteWorkspacePage")),
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
        seams: || on_call(|call| clearing(call, "UpdateSecurityProfile", "Description")),
    },
    Defect {
        id: "table-in-milliseconds",
        family: Family::Keep,
        summary: "the description of a data table has its times in milliseconds",
        kills: &["keep.plausible", "keep.views-agree"],
        may: &["shape.timestamp-format"],
        seams: || {
            on_answer_of("DescribeDataTable", |body| {
                for name in ["CreatedTime", "LastModifiedTime"] {
                    if let Some(time) = body["DataTable"][name].as_f64() {
                        body["DataTable"][name] = (time * 1000.0).round().into();
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
                let is_lost = arn.contains("/routing-profile/");
                if is_lost { acknowledged(call, "TagResource") } else { call.perform(call.input) }
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
            on_answer_of("DescribeUser", |body| drop(body["User"].as_object_mut().and_then(|user| user.remove("Tags"))))
        },
    },
    Defect {
        id: "list-of-other-names",
        family: Family::Keep,
        summary: "the list of quick connects shows names in capitals",
        kills: &["keep.views-agree"],
        may: &["lifecycle.create-list"],
        seams: || {
            on_items("ListQuickConnects", |item| {
                item["Name"] = item["Name"].as_str().unwrap_or_default().to_uppercase().into();
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
        seams: || {
            on_answer_of("ListHoursOfOperations", |body| {
                drop(body["HoursOfOperationSummaryList"].as_array_mut().and_then(Vec::pop));
            })
        },
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
        seams: || on_answer_of("SearchPrompts", |body| body["Prompts"] = json!([])),
    },
    Defect {
        id: "queue-searched-by-name-alone",
        family: Family::Keep,
        summary: "a search for the description of a queue compares the name",
        kills: &["keep.search-condition"],
        may: &[],
        seams: || {
            on_call(|call| {
                edited(call, call.operation.name == "SearchQueues", |input| {
                    let field = input.pointer_mut("/SearchCriteria/StringCondition/FieldName");
                    field.into_iter().filter(|field| **field == "description").for_each(|field| *field = "name".into());
                })
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
        id: "status-of-view-ignored",
        family: Family::Keep,
        summary: "a search for views ignores the condition on the status",
        kills: &["keep.search-condition"],
        may: &[],
        seams: || {
            on_call(|call| {
                edited(call, call.operation.name == "SearchViews", |input| {
                    let criteria = input.get_mut("SearchCriteria").and_then(Value::as_object_mut);
                    criteria.into_iter().for_each(|criteria| drop(criteria.remove("ViewStatusCondition")));
                })
            })
        },
    },
    Defect {
        id: "hours-of-queue-stay",
        family: Family::Keep,
        summary: "UpdateQueueHoursOfOperation answers with success, and the queue keeps its hours",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.update-visible", "keep.views-agree", "error.not-found"],
        seams: || on_call(|call| acknowledged(call, "UpdateQueueHoursOfOperation")),
    },
    Defect {
        id: "storage-stays",
        family: Family::Keep,
        summary: "UpdateInstanceStorageConfig answers with success, and the old storage stays",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.update-visible", "keep.views-agree", "error.not-found"],
        seams: || on_call(|call| acknowledged(call, "UpdateInstanceStorageConfig")),
    },
    Defect {
        id: "agent-status-stays",
        family: Family::Keep,
        summary: "UpdateAgentStatus answers with success, and changes nothing",
        kills: &["keep.update-only-named"],
        may: &["lifecycle.update-visible", "keep.views-agree", "error.not-found"],
        seams: || on_call(|call| acknowledged(call, "UpdateAgentStatus")),
    },
    Defect {
        id: "first-actions-lost",
        family: Family::Keep,
        summary: "UpdateRule stores the last action of a rule alone",
        kills: &["keep.update-only-named"],
        may: &["invalid.rule-actions"],
        seams: || {
            on_call(|call| {
                edited(call, call.operation.name == "UpdateRule", |input| {
                    let actions = input.get_mut("Actions").and_then(Value::as_array_mut);
                    actions.into_iter().for_each(|actions| drop(actions.drain(..actions.len().saturating_sub(1))));
                })
            })
        },
    },
    Defect {
        id: "queues-of-profile-missed",
        family: Family::Error,
        summary: "no routing profile is found for the list of its queues",
        kills: &["error.found"],
        may: &[],
        seams: || {
            on_call(|call| match &*call.operation.name {
                "ListRoutingProfileQueues" => {
                    Answer::Performed(Err(Refusal::NotFound("there is no such routing profile".to_owned())))
                }
                _ => call.perform(call.input),
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
            on_answer_of("DescribeTestCase", |body| {
                let arn = of_another_account(&body["TestCase"]["Arn"]);
                body["TestCase"]["Arn"] = arn;
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
    ("proficiency-update-lost", "User"),
    ("user-loses-all-proficiencies", "User"),
    ("alias-of-address-stays", "EmailAddress"),
    ("quick-connect-of-queue-misnamed", "Queue"),
    ("queue-of-profile-elsewhere", "RoutingProfile"),
    ("attribute-of-instance-lost", "Instance"),
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
    ("queue-searched-by-name-alone", "Queue"),
    ("unknown-profile-shown", "RoutingProfile"),
    ("status-of-view-ignored", "View"),
    ("hours-of-queue-stay", "Queue"),
    ("storage-stays", "InstanceStorageConfig"),
    ("agent-status-stays", "AgentStatus"),
    ("first-actions-lost", "Rule"),
    ("queues-of-profile-missed", "RoutingProfile"),
    ("token-of-form-ignored", "EvaluationForm"),
    ("test-case-of-another-account", "TestCase"),
    ("description-in-small-letters", "HoursOfOperationOverride"),
];

#[cfg(test)]
mod tests {
    use connect_model::resources;
    use connect_model::schema::Schema;

    use super::*;

    #[test]
    fn every_row_has_the_noun_of_its_kind() {
        let nouns: Vec<&str> = NOUNS.iter().map(|(id, _)| *id).collect();
        assert_eq!(ROWS.iter().map(|row| row.id).collect::<Vec<_>>(), nouns);
        let graph = resources::shared(Schema::connect());
        assert!(NOUNS.iter().all(|(_, noun)| graph.kind(noun).is_some()));
    }
}
