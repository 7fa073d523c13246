//! Deliberate faults, one row each: what is wrong, which checks must see it, and the seam where it acts.
//!
//! A row is data and a function. There are seven seams ([`Fault`]); a new defect needs a new row, and only rarely a new
//! switch in [`Policy`]. Knows the seams, and nothing of how the emulator does its work.

use connect_model::schema::{Kind, Operation, Schema};
use connect_model::validate::{Violation, ViolationKind};
use connect_model::wire::DecodeError;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::edits::{
    STACK_TRACE, double, drop_required, edit, edit_criteria, edit_json, is_not_found, lengthen, move_list, rename,
};
use super::policy::{Finds, Paging, Policy, Tokens};
use super::refusal::Refusal;

/// A deliberate fault of the emulator.
#[derive(Debug)]
pub struct Defect {
    /// Stable name, for `--defect`.
    pub id: &'static str,
    /// Which side of the contract it breaks.
    pub family: Family,
    /// What the endpoint does wrong, one sentence.
    pub summary: &'static str,
    /// Ids of the checks that see it: the first must catch it, the others may, no other check may.
    pub kills: &'static [&'static str],
    pub(crate) fault: Fault,
}

impl Defect {
    /// The defect of that id.
    pub fn named(id: &str) -> Option<&'static Defect> {
        DEFECTS.iter().find(|defect| defect.id == id)
    }
}

/// Sides of the contract, as families of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Form of answers.
    Shape,
    /// What input is refused.
    Invalid,
    /// Form of errors.
    Error,
    /// Walks through lists.
    Pagination,
    /// What happens when a call is repeated.
    Idempotency,
    /// From creation to deletion.
    Lifecycle,
    /// What searches find.
    Search,
}

impl Family {
    /// Name, as in check ids.
    pub fn name(self) -> &'static str {
        match self {
            Family::Shape => "shape",
            Family::Invalid => "invalid",
            Family::Error => "error",
            Family::Pagination => "pagination",
            Family::Idempotency => "idempotency",
            Family::Lifecycle => "lifecycle",
            Family::Search => "search",
        }
    }
}

/// Where a fault acts.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The request is altered before it is read.
    Request(fn(&mut HttpRequest)),
    /// A request that cannot be read is answered with success all the same.
    Misread(fn(&DecodeError) -> bool),
    /// Validation does not see these violations.
    Overlook(fn(&Violation) -> bool),
    /// Valid requests are refused.
    Refuse(fn(&Scene<'_>) -> Option<Refusal>),
    /// A switch of store or handlers is turned.
    Policy(fn(&mut Policy)),
    /// The JSON body of a success is altered.
    Body(fn(&Scene<'_>, &mut Value)),
    /// The finished response is altered, be it success or error.
    Reply(fn(&Scene<'_>, &mut HttpResponse)),
}

/// What a fault can see.
pub(crate) struct Scene<'a> {
    pub(crate) schema: &'a Schema,
    /// None when no operation was found.
    pub(crate) operation: Option<&'a Operation>,
    /// Name of the error; none for success.
    pub(crate) error: Option<&'a str>,
    /// Number of the call since the start.
    pub(crate) nth: u64,
}

/// Every defect.
pub const DEFECTS: &[Defect] = &[
    Defect {
        id: "timestamp-iso",
        family: Family::Shape,
        summary: "timestamps in bodies are ISO 8601 text instead of epoch seconds",
        kills: &["shape.timestamp-format"],
        fault: Fault::Body(|scene, body| {
            edit(scene, body, |kind, value| {
                if matches!(kind, Kind::Timestamp) && value.is_number() {
                    *value = json!("2024-05-14T08:00:00Z");
                }
            });
        }),
    },
    Defect {
        id: "missing-required-output",
        family: Family::Shape,
        summary: "the first required member of an answer is left out",
        kills: &["shape.required", "pagination.complete"],
        fault: Fault::Body(|scene, body| {
            if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
                drop_required(scene.schema, shape, body);
            }
        }),
    },
    Defect {
        id: "number-as-string",
        family: Family::Shape,
        summary: "numbers in answers are text",
        kills: &["shape.type"],
        fault: Fault::Body(|scene, body| {
            edit(scene, body, |kind, value| {
                if matches!(kind, Kind::Number(_)) && value.is_number() {
                    *value = Value::String(value.to_string());
                }
            });
        }),
    },
    Defect {
        id: "wrong-content-type",
        family: Family::Shape,
        summary: "JSON bodies of successes are called text/html",
        kills: &["shape.content-type"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_none() {
                response.headers.set("content-type", "text/html; charset=utf-8");
            }
        }),
    },
    Defect {
        id: "body-not-json",
        family: Family::Shape,
        summary: "bodies of successes lack their last byte",
        kills: &["shape.json"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_none() {
                response.body.pop();
            }
        }),
    },
    Defect {
        id: "status-201",
        family: Family::Shape,
        summary: "successes have status 201 where the model says 200",
        kills: &["shape.status"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_none() {
                response.status = 201;
            }
        }),
    },
    Defect {
        id: "no-request-id",
        family: Family::Shape,
        summary: "answers have no x-amzn-requestid",
        kills: &["shape.request-id"],
        fault: Fault::Reply(|_, response| response.headers.remove("x-amzn-requestid")),
    },
    Defect {
        id: "future-member",
        family: Family::Shape,
        summary: "answers have a member that the model does not know",
        kills: &["shape.unknown-member"],
        fault: Fault::Body(|_, body| {
            if let Value::Object(members) = body {
                members.insert("IsFromTheFuture".to_owned(), json!(true));
            }
        }),
    },
    Defect {
        id: "future-enum-value",
        family: Family::Shape,
        summary: "answers have enum values that the model does not know",
        // A flow whose type reads otherwise is not described as it was created.
        kills: &["shape.enum-unknown", "lifecycle.create-describe", "lifecycle.saved-published"],
        fault: Fault::Body(|scene, body| {
            edit(scene, body, |kind, value| {
                if matches!(kind, Kind::Enum(_)) && value.is_string() {
                    *value = json!("FROM_THE_FUTURE");
                }
            });
        }),
    },
    Defect {
        id: "long-description",
        family: Family::Shape,
        summary: "descriptions in answers are longer than the model allows",
        kills: &["shape.constraint"],
        fault: Fault::Body(|_, body| lengthen(body)),
    },
    Defect {
        id: "two-variants",
        family: Family::Shape,
        summary: "unions in answers hold two members",
        kills: &["shape.union"],
        fault: Fault::Body(|scene, body| {
            if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
                double(scene.schema, shape, body);
            }
        }),
    },
    Defect {
        id: "any-content-type",
        family: Family::Invalid,
        summary: "bodies are read as JSON, whatever they are called",
        kills: &["invalid.wrong-content-type"],
        fault: Fault::Request(|request| {
            if !request.body.is_empty() {
                request.headers.set("content-type", "application/json");
            }
        }),
    },
    Defect {
        id: "accept-missing-required",
        family: Family::Invalid,
        summary: "requests without a required member are accepted; null is absence",
        kills: &["invalid.missing-required", "invalid.null-required"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::MissingRequired),
    },
    Defect {
        id: "accept-unknown-enum",
        family: Family::Invalid,
        summary: "values outside an enum are accepted",
        kills: &["invalid.enum-unknown"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::EnumUnknown),
    },
    Defect {
        id: "accept-enum-case",
        family: Family::Invalid,
        summary: "enum values in other letter case are accepted",
        kills: &["invalid.enum-case"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::EnumCase),
    },
    Defect {
        id: "labels-decoded-first",
        family: Family::Invalid,
        summary: "escaped slashes in labels are decoded before the path is cut into segments",
        kills: &["invalid.label-escape"],
        fault: Fault::Request(|request| request.uri = request.uri.replace("%2F", "/")),
    },
    Defect {
        id: "unknown-member-refused",
        family: Family::Invalid,
        summary: "bodies with members that the model does not know are refused",
        kills: &["invalid.unknown-member-tolerated"],
        fault: Fault::Policy(|policy| policy.refuses_unknown_members = true),
    },
    Defect {
        id: "no-length-max",
        family: Family::Invalid,
        summary: "text may be of any length",
        kills: &["invalid.length-max"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::LengthMax),
    },
    Defect {
        id: "no-length-min",
        family: Family::Invalid,
        summary: "text may be empty",
        kills: &["invalid.length-min"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::LengthMin),
    },
    Defect {
        id: "ignore-pattern",
        family: Family::Invalid,
        summary: "patterns are not looked at",
        kills: &["invalid.pattern"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::Pattern),
    },
    Defect {
        id: "no-list-max",
        family: Family::Invalid,
        summary: "lists may have any number of elements",
        kills: &["invalid.list-max"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::ListMax),
    },
    Defect {
        id: "no-range-min",
        family: Family::Invalid,
        summary: "numbers may be as small as they like",
        kills: &["invalid.range-min"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::RangeMin),
    },
    Defect {
        id: "no-range-max",
        family: Family::Invalid,
        summary: "numbers may be as large as they like",
        kills: &["invalid.range-max"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::RangeMax),
    },
    Defect {
        id: "no-list-min",
        family: Family::Invalid,
        summary: "lists may be empty",
        kills: &["invalid.list-min"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::ListMin),
    },
    Defect {
        id: "no-map-min",
        family: Family::Invalid,
        summary: "maps may be empty",
        kills: &["invalid.map-min"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::MapMin),
    },
    Defect {
        id: "no-map-max",
        family: Family::Invalid,
        summary: "maps may have any number of entries",
        kills: &["invalid.map-max"],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::MapMax),
    },
    Defect {
        id: "accept-malformed-json",
        family: Family::Invalid,
        summary: "bodies that are not JSON are accepted",
        kills: &["invalid.malformed-json"],
        fault: Fault::Misread(
            |error| matches!(error, DecodeError::Serialization { pointer, .. } if pointer.is_empty()),
        ),
    },
    Defect {
        id: "accept-wrong-form",
        family: Family::Invalid,
        summary: "values of the wrong type or form are accepted",
        kills: &[
            "invalid.wrong-type",
            "invalid.not-integer",
            "invalid.overflow",
            "invalid.union-none",
            "invalid.union-two",
            "invalid.timestamp-format",
            "invalid.null-element",
        ],
        fault: Fault::Misread(
            |error| matches!(error, DecodeError::Serialization { pointer, .. } if !pointer.is_empty()),
        ),
    },
    Defect {
        id: "reject-everything",
        family: Family::Invalid,
        summary: "every request is refused with 400, valid or not: must not pass for an endpoint that validates",
        kills: &["shape.status"],
        fault: Fault::Refuse(|_| Some(Refusal::Invalid("the request is invalid".to_owned()))),
    },
    Defect {
        id: "error-wrong-status",
        family: Family::Error,
        summary: "errors for bad input have status 422 instead of the model's 400",
        kills: &["error.status-matches-type"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() && response.status == 400 {
                response.status = 422;
            }
        }),
    },
    Defect {
        id: "not-found-as-400",
        family: Family::Error,
        summary: "what does not exist is answered with InvalidRequestException",
        kills: &["error.not-found"],
        fault: Fault::Reply(|scene, response| {
            if is_not_found(scene) {
                response.status = 400;
                rename(response, Some("InvalidRequestException"));
            }
        }),
    },
    Defect {
        id: "no-error-name",
        family: Family::Error,
        summary: "errors say their name nowhere",
        kills: &["error.discriminator"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                rename(response, None);
            }
        }),
    },
    Defect {
        id: "html-error",
        family: Family::Error,
        summary: "errors have an HTML page as body",
        kills: &["error.json-body", "error.no-leak"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                response.headers.set("content-type", "text/html");
                response.body = b"<html><body><h1>Bad Request</h1></body></html>".to_vec();
            }
        }),
    },
    Defect {
        id: "crash-on-unknown-id",
        family: Family::Error,
        summary: "an id that does not exist is answered with 500",
        kills: &["error.no-5xx"],
        fault: Fault::Reply(|scene, response| {
            if is_not_found(scene) {
                response.status = 500;
                rename(response, Some("InternalServiceException"));
            }
        }),
    },
    Defect {
        id: "leak-stack-trace",
        family: Family::Error,
        summary: "messages of errors hold a stack trace",
        kills: &["error.no-leak"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                edit_json(response, |body| {
                    body.insert("Message".to_owned(), STACK_TRACE.into());
                });
            }
        }),
    },
    Defect {
        id: "unmodelled-error",
        family: Family::Error,
        summary: "errors have a name that the operation does not model",
        kills: &["error.modelled"],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some_and(|name| name.starts_with("Invalid")) {
                rename(response, Some("UnexpectedInputException"));
            }
        }),
    },
    Defect {
        id: "page-repeats-item",
        family: Family::Pagination,
        summary: "a page begins with the last item of the page before",
        kills: &["pagination.no-duplicates"],
        fault: Fault::Policy(|policy| policy.paging = Paging::RepeatsItem),
    },
    Defect {
        id: "page-loses-item",
        family: Family::Pagination,
        summary: "the first item of every page but the first is left out",
        kills: &["pagination.complete"],
        fault: Fault::Policy(|policy| policy.paging = Paging::LosesItem),
    },
    Defect {
        id: "page-size-ignored",
        family: Family::Pagination,
        summary: "pages have the default size, whatever is asked for",
        kills: &["pagination.page-size"],
        fault: Fault::Policy(|policy| policy.paging = Paging::IgnoresSize),
    },
    Defect {
        id: "page-size-unbounded",
        family: Family::Pagination,
        summary: "page sizes outside the model's range are accepted",
        kills: &["invalid.range-max", "invalid.range-min"],
        fault: Fault::Overlook(|violation| {
            violation.path == "/MaxResults"
                && matches!(violation.kind, ViolationKind::RangeMin | ViolationKind::RangeMax)
        }),
    },
    Defect {
        id: "least-page-size-refused",
        family: Family::Pagination,
        summary: "the least page size of the model is refused",
        kills: &["pagination.bounds"],
        fault: Fault::Request(|request| {
            for (one, none) in [("axResults=1&", "axResults=0&"), ("axResults\":1,", "axResults\":0,")] {
                let end = &one[one.len() - 1..];
                let at_end = (one.trim_end_matches(end), none.trim_end_matches(end));
                request.uri = request.uri.replace(one, none);
                if request.uri.ends_with(at_end.0) {
                    request.uri = request.uri.replace(at_end.0, at_end.1);
                }
                let body = String::from_utf8_lossy(&request.body).replace(one, none);
                let closing = (format!("{}}}", at_end.0), format!("{}}}", at_end.1));
                request.body = body.replace(&closing.0, &closing.1).into_bytes();
            }
        }),
    },
    Defect {
        id: "token-loop",
        family: Family::Pagination,
        summary: "the end of a list carries a token that leads to itself",
        kills: &["pagination.terminates"],
        fault: Fault::Policy(|policy| policy.paging = Paging::NeverEnds),
    },
    Defect {
        id: "token-on-last-page",
        family: Family::Pagination,
        summary: "the last page carries a text for a token, which is then refused",
        kills: &["pagination.end-without-token"],
        fault: Fault::Policy(|policy| policy.paging = Paging::TokenOnLast),
    },
    Defect {
        id: "token-used-once",
        family: Family::Pagination,
        summary: "a token is refused when it is used again",
        // Two walks of one list share their tokens.
        kills: &["pagination.token-repeatable", "pagination.end-without-token"],
        fault: Fault::Policy(|policy| policy.paging = Paging::SingleUse),
    },
    Defect {
        id: "token-not-checked",
        family: Family::Pagination,
        summary: "any text is taken for a token",
        kills: &["pagination.token-tampered"],
        fault: Fault::Policy(|policy| policy.paging = Paging::Unchecked),
    },
    Defect {
        id: "total-of-page",
        family: Family::Pagination,
        summary: "ApproximateTotalCount counts the page and not what was found",
        kills: &["pagination.total-count"],
        fault: Fault::Body(|_, body| {
            let items = body.as_object().and_then(|body| body.values().find_map(Value::as_array)).map(Vec::len);
            if let (Some(items), Some(total)) = (items, body.get_mut("ApproximateTotalCount")) {
                *total = items.into();
            }
        }),
    },
    Defect {
        id: "token-ignored",
        family: Family::Idempotency,
        summary: "a call that is repeated with its ClientToken makes a second resource",
        kills: &[
            "idempotency.same-token-same-result",
            "idempotency.same-token-one-resource",
            "idempotency.concurrent-same-token",
            "idempotency.retry-after-disconnect",
        ],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Ignored),
    },
    Defect {
        id: "token-too-greedy",
        family: Family::Idempotency,
        summary: "client tokens that differ in their last four characters only count as the same",
        kills: &["idempotency.different-token-distinct"],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Greedy),
    },
    Defect {
        id: "race-on-token",
        family: Family::Idempotency,
        summary: "concurrent calls with the same ClientToken each make a resource",
        kills: &["idempotency.concurrent-same-token", "idempotency.retry-after-disconnect"],
        fault: Fault::Policy(|policy| policy.tokens = Tokens::Raced),
    },
    Defect {
        id: "read-not-repeatable",
        family: Family::Idempotency,
        summary: "timestamps move with every read",
        kills: &["idempotency.repeated-read-equal", "pagination.complete", "pagination.token-repeatable"],
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
        kills: &["idempotency.repeated-delete", "error.not-found"],
        fault: Fault::Policy(|policy| policy.deletes_anything = true),
    },
    Defect {
        id: "duplicate-name-accepted",
        family: Family::Lifecycle,
        summary: "a name that is taken may be taken again",
        kills: &["lifecycle.duplicate-name"],
        fault: Fault::Policy(|policy| policy.shares_names = true),
    },
    Defect {
        id: "deleted-still-there",
        family: Family::Lifecycle,
        summary: "deletions are acknowledged and not made",
        kills: &["lifecycle.delete-gone", "idempotency.repeated-delete"],
        fault: Fault::Policy(|policy| policy.keeps_deleted = true),
    },
    Defect {
        id: "update-lost",
        family: Family::Lifecycle,
        summary: "updates are acknowledged and not made",
        kills: &["lifecycle.update-visible"],
        fault: Fault::Policy(|policy| policy.forgets_updates = true),
    },
    Defect {
        id: "publish-unchecked",
        family: Family::Lifecycle,
        summary: "content is published although it is not JSON",
        kills: &["lifecycle.saved-published"],
        fault: Fault::Policy(|policy| policy.publishes_anything = true),
    },
    Defect {
        id: "tags-lost",
        family: Family::Lifecycle,
        summary: "tags are acknowledged and not kept",
        kills: &["lifecycle.tags", "lifecycle.create-describe"],
        fault: Fault::Policy(|policy| policy.forgets_tags = true),
    },
    Defect {
        id: "draft-shown",
        family: Family::Lifecycle,
        summary: "a flow that was only saved is shown as if it were published",
        kills: &["lifecycle.saved-published"],
        fault: Fault::Policy(|policy| policy.shows_drafts = true),
    },
    Defect {
        id: "created-not-listed",
        family: Family::Lifecycle,
        summary: "lists show only what was there from the start",
        kills: &[
            "lifecycle.create-list",
            "pagination.complete",
            "idempotency.same-token-one-resource",
            "idempotency.retry-after-disconnect",
        ],
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
    Defect {
        id: "search-finds-everything",
        family: Family::Search,
        summary: "criteria and filters of searches are not looked at",
        kills: &["search.and-narrows", "search.or-unions", "search.type-partition", "search.filter-oracle"],
        fault: Fault::Policy(|policy| policy.finds = Finds::Everything),
    },
    Defect {
        id: "search-finds-newest",
        family: Family::Search,
        summary: "searches with criteria find only what was created last of all that satisfies them",
        kills: &["search.eventually-visible"],
        fault: Fault::Policy(|policy| policy.finds = Finds::Newest),
    },
    Defect {
        id: "search-and-as-or",
        family: Family::Search,
        summary: "AndConditions are read as OrConditions",
        kills: &["search.and-narrows", "search.type-partition", "search.filter-oracle"],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| move_list(node, "AndConditions", "OrConditions"))
        }),
    },
    Defect {
        id: "search-or-as-and",
        family: Family::Search,
        summary: "OrConditions are read as AndConditions",
        kills: &["search.or-unions", "search.filter-oracle"],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| move_list(node, "OrConditions", "AndConditions"))
        }),
    },
    Defect {
        id: "search-contains-as-exact",
        family: Family::Search,
        summary: "CONTAINS is read as EXACT",
        kills: &["search.exact-in-prefix-in-contains", "search.filter-oracle"],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| {
                if let Some(comparison) = node.get_mut("ComparisonType").filter(|value| *value == "CONTAINS") {
                    *comparison = "EXACT".into();
                }
            });
        }),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let ids: BTreeSet<&str> = DEFECTS.iter().map(|defect| defect.id).collect();
        assert_eq!(ids.len(), DEFECTS.len(), "ids are unique");
        for family in [Family::Shape, Family::Invalid, Family::Error, Family::Pagination, Family::Idempotency] {
            assert!(DEFECTS.iter().filter(|defect| defect.family == family).count() >= 2, "{family:?}");
        }
        for defect in DEFECTS {
            assert!(!defect.kills.is_empty(), "{}: a defect that nothing catches proves nothing", defect.id);
            assert!(defect.kills.iter().all(|check| check.contains('.')), "{}", defect.id);
        }
    }
}
