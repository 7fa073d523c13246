//! Family invalid: a request with exactly one fault is rejected because of this fault.
//!
//! See `twin.rs` for the twin rule, and `plainer.rs` for refusals that prove nothing although the twin is accepted.

mod faults;
mod labels;
mod mutations;
mod plainer;
mod rejection;
mod spelling;

pub(crate) use self::faults::has_json_body;
pub use self::mutations::violation_of;
use crate::case::Level;
use crate::check::{Check, Remote};
use crate::code::On;
use crate::evidence::{Evidence, MALFORMED, RESTJSON};
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::language;

/// The checks of this family that are neither mutations nor languages, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &MALFORMED_JSON,
    &NOT_UTF_8,
    &ODD_JSON,
    &WRONG_CONTENT_TYPE,
    &MISSING_CONTENT_TYPE,
    &UNEXPECTED_CONTENT_TYPE,
    &UNMET_ACCEPT,
    &LABEL_ESCAPE,
    &UNKNOWN_MEMBER_TOLERATED,
];

pub(crate) static MALFORMED_JSON: Check = Check {
    id: "invalid.malformed-json",
    level: Level::Must,
    remote: Remote::NOTE,
    rule: "a body that is not a JSON object is rejected",
    evidence: &[MALFORMED],
    harm: Harm::Form,
    fault: "accepted bodies that are not a JSON object",
    passes: "4xx, while the same body without the fault is not rejected the same way",
    fails: "2xx or 5xx to a truncated object, text around it, comments, a trailing comma, or a list, number, text or null",
    code: &On { applies: faults::malformed_bodies, run: faults::malformed_json },
};

pub(crate) static NOT_UTF_8: Check = Check {
    id: "invalid.not-utf-8",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "a body that is not UTF-8 is rejected",
    evidence: &[Evidence::normative("RFC 8259, section 8.1: JSON between systems is encoded in UTF-8")],
    harm: Harm::Form,
    fault: "accepted a body that is not UTF-8",
    passes: "4xx, while the same body without the byte is not rejected the same way",
    fails: "2xx or 5xx to a byte FF in a string",
    code: &On { applies: faults::with_body, run: faults::not_utf8 },
};

pub(crate) static ODD_JSON: Check = Check {
    id: "invalid.odd-json",
    level: Level::Should,
    remote: Remote::ALWAYS_SHOULD,
    rule: "a body whose handling the standard of JSON leaves open does not break the endpoint",
    evidence: &[Evidence::normative(
        "RFC 8259, sections 4, 8.1, 8.2 and 9, on what receivers may do; RFC 9110, on 5xx",
    )],
    harm: Harm::Form,
    fault: "failed on a body whose handling JSON leaves open",
    passes: "any 2xx or 4xx to a byte order mark, a duplicate key, a lone surrogate or deep nesting; it is recorded",
    fails: "5xx",
    code: &On { applies: faults::open_forms, run: faults::odd_json },
};

pub(crate) static MISSING_CONTENT_TYPE: Check = Check {
    id: "invalid.missing-content-type",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "a JSON body without a content type is rejected",
    evidence: &[MALFORMED],
    harm: Harm::Advice,
    fault: "accepted a JSON body without a content type",
    passes: "415 or another 4xx",
    fails: "2xx; at level should, since Connect is older than the rule",
    code: &On { applies: faults::with_body, run: faults::missing_content_type },
};

pub(crate) static UNEXPECTED_CONTENT_TYPE: Check = Check {
    id: "invalid.unexpected-content-type",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "a content type is rejected where the operation has no body",
    evidence: &[MALFORMED],
    harm: Harm::Advice,
    fault: "accepted a content type where the operation has no body",
    passes: "415 or another 4xx",
    fails: "2xx; at level should, since Connect is older than the rule",
    code: &On { applies: faults::without_body, run: faults::unexpected_content_type },
};

pub(crate) static UNMET_ACCEPT: Check = Check {
    id: "invalid.unmet-accept",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "a request is rejected whose Accept header the answer cannot meet",
    evidence: &[MALFORMED],
    harm: Harm::Advice,
    fault: "answered a request whose Accept header it cannot meet",
    passes: "406 or another 4xx",
    fails: "2xx to image/png; at level should, since Connect is older than the rule",
    code: &On { applies: faults::with_json_answer, run: faults::unmet_accept },
};

pub(crate) static WRONG_CONTENT_TYPE: Check = Check {
    id: "invalid.wrong-content-type",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "a JSON body that is declared as another content type is rejected",
    evidence: &[MALFORMED],
    harm: Harm::Advice,
    fault: "accepted JSON bodies that are declared as another content type",
    passes: "415 or another 4xx",
    fails: "2xx to the content type text/plain; at level should, since Connect is older than the rule",
    code: &On { applies: faults::with_body, run: faults::wrong_content_type },
};

pub(crate) static LABEL_ESCAPE: Check = Check {
    id: "invalid.label-escape",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an escaped slash in a path label is part of the label, and the request reaches the operation",
    evidence: &[
        RESTJSON,
        Evidence::cloudformation(
            "handlers of the resources of Connect in CloudFormation call the service with whole ARNs in path labels",
        ),
    ],
    harm: Harm::Form,
    fault: "did not find the operation when a path label contained an escaped slash (%2F)",
    passes: "any response of the operation to a label that contains %2F and %3A",
    fails: "a response that the operation is unknown; a 5xx",
    code: &On { applies: labels::escapable, run: |trial, label| labels::label_escape(trial, label) },
};

pub(crate) static UNKNOWN_MEMBER_TOLERATED: Check = Check {
    id: "invalid.unknown-member-tolerated",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "members that the model does not know are ignored in requests",
    evidence: &[RESTJSON],
    harm: Harm::Advice,
    fault: "answered differently when a request had a member that the model does not know",
    passes: "the same response as without the member",
    fails: "a rejection; at level should, since the documentation of Connect does not state the rule",
    code: &On { applies: faults::with_body, run: faults::unknown_member },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "invalid",
    checks: || {
        let mutations = mutations::checks().chain(spelling::checks());
        mutations.chain(CHECKS.iter().copied()).chain(language::CHECKS.iter().copied()).collect()
    },
    services: Services::All,
    judges_input: true,
    requests: |_, _| 2,
    compares_recorded: false,
};
