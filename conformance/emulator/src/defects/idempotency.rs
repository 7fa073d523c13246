//! Defects: calls that are repeated.

use connect_model::schema::Kind;
use serde_json::json;

use crate::defects::edits::edit;
use crate::defects::{Defect, Family, Fault};
use crate::policy::Tokens;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "token-ignored",
        family: Family::Idempotency,
        summary: "a call that is repeated with its ClientToken makes a second resource",
        kills: &[
            "idempotency.same-token-same-result",
            "idempotency.same-token-one-resource",
            "idempotency.concurrent-same-token",
            "idempotency.retry-after-disconnect",
            "lifecycle.walk",
        ],
        may: &[],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Ignored),
    },
    Defect {
        id: "token-unread",
        family: Family::Idempotency,
        summary: "client tokens are not read, and a repeated call is refused because its name is taken",
        kills: &["idempotency.same-token-same-result", "idempotency.retry-after-disconnect"],
        may: &["lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Unread),
    },
    Defect {
        id: "token-shared-by-operations",
        family: Family::Idempotency,
        summary: "a client token that another operation has used gives that operation's resource",
        kills: &["idempotency.token-of-other-operation"],
        may: &[],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Shared),
    },
    Defect {
        id: "token-too-greedy",
        family: Family::Idempotency,
        summary: "client tokens that differ in their last four characters only count as the same",
        kills: &["idempotency.different-token-distinct"],
        may: &[],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Greedy),
    },
    Defect {
        id: "race-on-token",
        family: Family::Idempotency,
        summary: "concurrent calls with the same ClientToken each make a resource",
        kills: &["idempotency.concurrent-same-token"],
        may: &["idempotency.retry-after-disconnect"],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Raced),
    },
    Defect {
        id: "read-not-repeatable",
        family: Family::Idempotency,
        summary: "timestamps move with every read",
        kills: &["idempotency.repeated-read-equal"],
        may: &["pagination.complete", "pagination.token-repeatable"],
        fault: Fault::Body(|scene, body| {
            if scene.operation.is_some_and(|operation| operation.method == "GET") {
                edit(scene, body, |kind, value| {
                    if let (Kind::Timestamp, Some(time)) = (kind, value.as_f64()) {
                        *value = json!(time - 1.0 - scene.nth as f64);
                    }
                });
            }
        }),
    },
    Defect {
        id: "delete-always-ok",
        family: Family::Idempotency,
        summary: "deleting what is not there succeeds",
        kills: &["idempotency.repeated-delete"],
        may: &["error.not-found", "lifecycle.walk"],
        fault: Fault::Policy(|policy| policy.deletes_anything = true),
    },
];
