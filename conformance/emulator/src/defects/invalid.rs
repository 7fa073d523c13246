//! Defects: invalid input is accepted, or valid input is rejected.

use std::borrow::Cow;
use std::sync::Arc;

use connect_model::semantics::flow::Home;
use connect_model::validate::{Violation, ViolationKind};
use connect_model::wire::DecodeError;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::defects::hooks::{PerCall, accept_unreadable, on_call, on_request, overlook};
use crate::defects::seam::{Invocation, Scene, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::refusal::Refusal;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "any-content-type",
        family: Family::Invalid,
        summary: "bodies are read as JSON whatever their content type",
        kills: &["invalid.wrong-content-type", "invalid.missing-content-type"],
        may: &[],
        seams: || {
            on_request(|request| {
                if !request.body.is_empty() {
                    request.headers.set("content-type", "application/json");
                }
            })
        },
    },
    Defect {
        id: "accept-missing-required",
        family: Family::Invalid,
        summary: "requests without a required member are accepted, also if it is null",
        kills: &["invalid.missing-required", "invalid.null-required"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::MissingRequired),
    },
    Defect {
        id: "accept-unknown-enum",
        family: Family::Invalid,
        summary: "enum values that the model does not define are accepted",
        kills: &["invalid.enum-unknown"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::EnumUnknown),
    },
    Defect {
        id: "accepts-unknown-flow-type",
        family: Family::Invalid,
        summary: "flows of unknown types are accepted, but not published: no content is valid for such a type",
        kills: &["invalid.enum-unknown"],
        may: &[],
        seams: || Arc::new(UnknownFlowTypes),
    },
    Defect {
        id: "accept-enum-case",
        family: Family::Invalid,
        summary: "enum values in another letter case are accepted",
        kills: &["invalid.enum-case"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::EnumCase),
    },
    Defect {
        id: "labels-decoded-first",
        family: Family::Invalid,
        summary: "escaped slashes in labels are decoded before the path is split into segments",
        kills: &["invalid.label-escape"],
        may: &[],
        seams: || on_request(|request| request.uri = request.uri.replace("%2F", "/")),
    },
    Defect {
        id: "unknown-member-refused",
        family: Family::Invalid,
        summary: "bodies with members that the model does not define are rejected",
        kills: &["invalid.unknown-member-tolerated"],
        may: &[],
        seams: || Arc::new(StrictMembers),
    },
    Defect {
        id: "no-length-max",
        family: Family::Invalid,
        summary: "strings may have any length",
        kills: &["invalid.length-max"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::LengthMax),
    },
    Defect {
        id: "no-length-min",
        family: Family::Invalid,
        summary: "strings may be shorter than the minimum",
        kills: &["invalid.length-min"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::LengthMin),
    },
    Defect {
        id: "ignore-pattern",
        family: Family::Invalid,
        summary: "patterns are not checked",
        kills: &["invalid.pattern"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::Pattern),
    },
    Defect {
        id: "no-list-max",
        family: Family::Invalid,
        summary: "lists may have more elements than the maximum",
        kills: &["invalid.list-max"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::ListMax),
    },
    Defect {
        id: "no-range-min",
        family: Family::Invalid,
        summary: "numbers may be less than the minimum",
        kills: &["invalid.range-min"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::RangeMin),
    },
    Defect {
        id: "no-range-max",
        family: Family::Invalid,
        summary: "numbers may be greater than the maximum",
        kills: &["invalid.range-max"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::RangeMax),
    },
    Defect {
        id: "no-list-min",
        family: Family::Invalid,
        summary: "lists may have fewer elements than the minimum",
        kills: &["invalid.list-min"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::ListMin),
    },
    Defect {
        id: "no-map-min",
        family: Family::Invalid,
        summary: "maps may have fewer entries than the minimum",
        kills: &["invalid.map-min"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::MapMin),
    },
    Defect {
        id: "no-map-max",
        family: Family::Invalid,
        summary: "maps may have more entries than the maximum",
        kills: &["invalid.map-max"],
        may: &[],
        seams: || overlook(|violation| violation.kind == ViolationKind::MapMax),
    },
    Defect {
        id: "accept-malformed-json",
        family: Family::Invalid,
        summary: "bodies that are not JSON are accepted",
        kills: &["invalid.malformed-json", "invalid.not-utf-8"],
        may: &[
            "invalid.number-with-suffix",
            "invalid.hexadecimal",
            "invalid.special-number",
            "invalid.number-with-plus",
            "invalid.boolean-word",
            "invalid.timestamp-special",
        ],
        seams: || {
            accept_unreadable(|error| matches!(error, DecodeError::Serialization { pointer, .. } if pointer.is_empty()))
        },
    },
    Defect {
        id: "accept-wrong-form",
        family: Family::Invalid,
        summary: "values of the wrong type or format are accepted",
        kills: &[
            "invalid.wrong-type",
            "invalid.not-integer",
            "invalid.overflow",
            "invalid.union-none",
            "invalid.union-two",
            "invalid.timestamp-format",
            "invalid.null-element",
            "invalid.number-as-text",
            "invalid.true-as-number",
            "invalid.underflow",
            "invalid.long-number",
            "invalid.exponent",
            "invalid.number-as-boolean",
            "invalid.single-as-list",
            "invalid.union-unknown",
            "invalid.union-null",
            "invalid.union-list",
            "invalid.union-known-and-unknown",
            "invalid.timestamp-as-text",
            "invalid.timestamp-http-date",
        ],
        may: &[
            "invalid.number-with-suffix",
            "invalid.hexadecimal",
            "invalid.special-number",
            "invalid.number-with-plus",
            "invalid.boolean-word",
            "invalid.timestamp-date-time",
        ],
        seams: || {
            accept_unreadable(
                |error| matches!(error, DecodeError::Serialization { pointer, .. } if !pointer.is_empty()),
            )
        },
    },
    Defect {
        id: "reject-everything",
        family: Family::Invalid,
        summary: "every request is rejected with 400, valid or not: must not count as validation",
        kills: &["shape.status"],
        may: &[],
        seams: || on_call(|_| Answer::Performed(Err(Refusal::Invalid("the request is invalid".to_owned())))),
    },
    Defect {
        id: "hangs-up-on-trailing-text",
        family: Family::Invalid,
        summary: "the connection breaks if text follows the JSON of a body",
        kills: &["invalid.malformed-json"],
        may: &[],
        seams: || Arc::new(HangsUpOnTrailingText::default()),
    },
];

/// Answers without a status, which breaks the connection.
#[derive(Default)]
struct HangsUpOnTrailingText {
    trails: PerCall<()>,
}

impl Seams for HangsUpOnTrailingText {
    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        self.trails.clear();
        let mut values = serde_json::Deserializer::from_slice(&request.body).into_iter::<Value>();
        if values.next().is_some_and(|value| value.is_ok()) && values.next().is_some() {
            self.trails.set(());
        }
        Cow::Borrowed(request)
    }

    fn answer(&self, _: &Scene<'_>, response: &mut HttpResponse) {
        if self.trails.get().is_some() {
            *response = HttpResponse::default();
        }
    }
}

struct UnknownFlowTypes;

impl Seams for UnknownFlowTypes {
    fn overlooks(&self, violation: &Violation) -> bool {
        violation.kind == ViolationKind::EnumUnknown && violation.path == "/Type"
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let word = call.input["Type"].as_str().filter(|_| call.operation.name == "CreateContactFlow");
        let is_unknown = word.is_some_and(|word| Home::of_type(word).is_none());
        if is_unknown && call.input["Status"] != "SAVED" {
            let problem = "the actions do not fit the type of the flow".to_owned();
            return Answer::Performed(Err(Refusal::FlowProblems(vec![problem])));
        }
        call.perform(call.input)
    }
}

struct StrictMembers;

impl Seams for StrictMembers {
    fn tolerates_unknown_members(&self) -> bool {
        false
    }
}
