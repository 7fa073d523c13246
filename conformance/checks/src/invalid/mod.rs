//! Family invalid: a request with exactly one fault is rejected because of this fault.
//!
//! See `twin.rs` for the twin rule, and `plainer.rs` for refusals that prove nothing although the twin is accepted.

mod faults;
mod labels;
mod mutations;
mod plainer;
mod rejection;

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
pub(crate) static CHECKS: &[&Check] = &[&MALFORMED_JSON, &WRONG_CONTENT_TYPE, &LABEL_ESCAPE, &UNKNOWN_MEMBER_TOLERATED];

pub(crate) static MALFORMED_JSON: Check = Check {
    id: "invalid.malformed-json",
    level: Level::Must,
    remote: Remote::NOTE,
    rule: "a body that is not a JSON object is rejected",
    evidence: &[MALFORMED],
    harm: Harm::Form,
    fault: "accepted bodies that are not a JSON object",
    passes: "4xx, while the same body without the fault is not rejected the same way",
    fails: "2xx or 5xx to a truncated object, trailing text or a list",
    code: &On { applies: faults::malformed_bodies, run: faults::malformed_json },
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
        Evidence::cloudformation("handlers of AWS::Connect resources call the service with whole ARNs in path labels"),
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
    checks: || mutations::checks().chain(CHECKS.iter().copied()).chain(language::CHECKS.iter().copied()).collect(),
    services: Services::All,
    judges_input: true,
    requests: |_| 2,
    compares_recorded: false,
};
