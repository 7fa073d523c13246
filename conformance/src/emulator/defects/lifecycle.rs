//! Defects: resources that do not live as they should.

use serde_json::Value;

use super::{Defect, Family, Fault};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "duplicate-name-accepted",
        family: Family::Lifecycle,
        summary: "a name that is taken may be taken again",
        kills: &["lifecycle.duplicate-name"],
        may: &[],
        fault: Fault::Policy(|policy| policy.shares_names = true),
    },
    Defect {
        id: "deleted-still-there",
        family: Family::Lifecycle,
        summary: "deletions are acknowledged and not made",
        kills: &["lifecycle.delete-gone"],
        may: &["idempotency.repeated-delete"],
        fault: Fault::Policy(|policy| policy.keeps_deleted = true),
    },
    Defect {
        id: "update-lost",
        family: Family::Lifecycle,
        summary: "updates are acknowledged and not made",
        kills: &["lifecycle.update-visible"],
        may: &[],
        fault: Fault::Policy(|policy| policy.forgets_updates = true),
    },
    Defect {
        id: "tags-lost",
        family: Family::Lifecycle,
        summary: "tags are acknowledged and not kept",
        kills: &["lifecycle.tags"],
        may: &["lifecycle.create-describe"],
        fault: Fault::Policy(|policy| policy.forgets_tags = true),
    },
    Defect {
        id: "draft-shown",
        family: Family::Lifecycle,
        summary: "a flow that was only saved is shown as if it were published",
        kills: &["lifecycle.saved-published"],
        may: &[],
        fault: Fault::Policy(|policy| policy.shows_drafts = true),
    },
    Defect {
        id: "created-not-listed",
        family: Family::Lifecycle,
        summary: "lists show only what was there from the start",
        kills: &["lifecycle.create-list"],
        may: &["pagination.complete", "idempotency.same-token-one-resource", "idempotency.retry-after-disconnect"],
        fault: Fault::Body(|_, body| {
            let Value::Object(members) = body else { return };
            for list in ["RuleSummaryList", "ContactFlowSummaryList", "ContactFlowModulesSummaryList"] {
                let Some(Value::Array(items)) = members.get_mut(list) else { continue };
                let before = items.len();
                items.retain(|item| item["Name"].as_str().is_some_and(|name| name.starts_with("sample-")));
                if items.len() < before {
                    // What was there from the start comes first: the list ends here.
                    members.remove("NextToken");
                }
            }
        }),
    },
];
