//! Defects: input that should be refused and is not, or the other way round.

use connect_model::validate::ViolationKind;
use connect_model::wire::DecodeError;

use crate::defects::{Defect, Family, Fault};
use crate::refusal::Refusal;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "any-content-type",
        family: Family::Invalid,
        summary: "bodies are read as JSON, whatever they are called",
        kills: &["invalid.wrong-content-type"],
        may: &[],
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
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::MissingRequired),
    },
    Defect {
        id: "accept-unknown-enum",
        family: Family::Invalid,
        summary: "values outside an enum are accepted",
        kills: &["invalid.enum-unknown"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::EnumUnknown),
    },
    Defect {
        id: "accept-enum-case",
        family: Family::Invalid,
        summary: "enum values in other letter case are accepted",
        kills: &["invalid.enum-case"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::EnumCase),
    },
    Defect {
        id: "labels-decoded-first",
        family: Family::Invalid,
        summary: "escaped slashes in labels are decoded before the path is cut into segments",
        kills: &["invalid.label-escape"],
        may: &[],
        fault: Fault::Request(|request| request.uri = request.uri.replace("%2F", "/")),
    },
    Defect {
        id: "unknown-member-refused",
        family: Family::Invalid,
        summary: "bodies with members that the model does not know are refused",
        kills: &["invalid.unknown-member-tolerated"],
        may: &[],
        fault: Fault::Policy(|policy| policy.refuses_unknown_members = true),
    },
    Defect {
        id: "no-length-max",
        family: Family::Invalid,
        summary: "text may be of any length",
        kills: &["invalid.length-max"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::LengthMax),
    },
    Defect {
        id: "no-length-min",
        family: Family::Invalid,
        summary: "text may be empty",
        kills: &["invalid.length-min"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::LengthMin),
    },
    Defect {
        id: "ignore-pattern",
        family: Family::Invalid,
        summary: "patterns are not looked at",
        kills: &["invalid.pattern"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::Pattern),
    },
    Defect {
        id: "no-list-max",
        family: Family::Invalid,
        summary: "lists may have any number of elements",
        kills: &["invalid.list-max"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::ListMax),
    },
    Defect {
        id: "no-range-min",
        family: Family::Invalid,
        summary: "numbers may be as small as they like",
        kills: &["invalid.range-min"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::RangeMin),
    },
    Defect {
        id: "no-range-max",
        family: Family::Invalid,
        summary: "numbers may be as large as they like",
        kills: &["invalid.range-max"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::RangeMax),
    },
    Defect {
        id: "no-list-min",
        family: Family::Invalid,
        summary: "lists may be empty",
        kills: &["invalid.list-min"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::ListMin),
    },
    Defect {
        id: "no-map-min",
        family: Family::Invalid,
        summary: "maps may be empty",
        kills: &["invalid.map-min"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::MapMin),
    },
    Defect {
        id: "no-map-max",
        family: Family::Invalid,
        summary: "maps may have any number of entries",
        kills: &["invalid.map-max"],
        may: &[],
        fault: Fault::Overlook(|violation| violation.kind == ViolationKind::MapMax),
    },
    Defect {
        id: "accept-malformed-json",
        family: Family::Invalid,
        summary: "bodies that are not JSON are accepted",
        kills: &["invalid.malformed-json"],
        may: &[],
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
        may: &[],
        fault: Fault::Misread(
            |error| matches!(error, DecodeError::Serialization { pointer, .. } if !pointer.is_empty()),
        ),
    },
    Defect {
        id: "reject-everything",
        family: Family::Invalid,
        summary: "every request is refused with 400, valid or not: must not pass for an endpoint that validates",
        kills: &["shape.status"],
        may: &[],
        fault: Fault::Refuse(|_| Some(Refusal::Invalid("the request is invalid".to_owned()))),
    },
];
