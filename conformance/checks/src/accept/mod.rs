//! Family accept: a request that keeps the contract is not refused as invalid, and does not end in a server error.
//!
//! See `right.rs` for requests with several chosen values, and for refusals that have reasons outside the contract: a
//! resource that does not exist, a name that is taken, a quota.

mod beyond;
mod covering;
mod limits;
mod optional;
mod pairs;
mod right;
mod spelling;
mod text;

pub(crate) use limits::reached as limits_reached;

use crate::case::Level;
use crate::check::{Check, Remote};
use crate::code::{On, Scope};
use crate::evidence::{Evidence, MODEL, RESTJSON};
use crate::families::{Family, Services};
use crate::harm::Harm;

/// Limits belong to what is allowed.
const INCLUSIVE: Evidence = Evidence::normative(
    "Smithy specification, constraint traits: length and range are inclusive, a length counts Unicode scalar values",
);
/// Members without the trait `required`.
const OPTIONAL: Evidence = Evidence::normative(
    "Smithy specification, trait required, and restJson1: a member without it may be absent, and null counts as absent",
);
/// Texts.
const UNICODE: Evidence = Evidence::normative(
    "Smithy specification, string: any sequence of Unicode scalar values; RFC 8259: JSON text is exchanged as UTF-8",
);
/// Spellings of one JSON value.
const JSON: Evidence = Evidence::normative(
    "RFC 8259: the order of members, white space and escapes do not change a value; RFC 9110: parameters of a media type",
);

/// Transfer of a body.
const TRANSFER: Evidence = Evidence::normative(
    "RFC 9112, section 7.1: a recipient must be able to decode chunks; RFC 9110, section 10.1.1: a server answers the \
     expectation of a client that waits to send its body",
);

/// The checks, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&AT_LIMIT, &OPTIONAL_MEMBERS, &PAIRS, &TEXT, &SPELLING];

pub(crate) static AT_LIMIT: Check = Check {
    id: "accept.at-limit",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "values at the limits of the contract are accepted",
    evidence: &[INCLUSIVE, MODEL],
    harm: Harm::Form,
    fault: "refused values at the limits of the contract",
    passes: "success, or a refusal for a reason outside the contract, for each end of each length, size and range, each enum \
             value, each member of a union, and matches of each pattern",
    fails: "4xx that blames the request, or 5xx, twice, while the request without the value is not refused the same way",
    code: &On { applies: limits::limited, run: limits::at_limit },
};

pub(crate) static OPTIONAL_MEMBERS: Check = Check {
    id: "accept.optional",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "each optional member may be present, absent or null",
    evidence: &[OPTIONAL, MODEL],
    harm: Harm::Form,
    fault: "refused requests because an optional member was present, absent or null",
    passes: "success, or a refusal for a reason outside the contract, for the required members with each optional one alone, \
             with null, and with all optional members",
    fails: "4xx that blames the request, or 5xx, twice, while the request without the member is not refused the same way",
    code: &On { applies: optional::with_options, run: optional::optional },
};

pub(crate) static PAIRS: Check = Check {
    id: "accept.pairs",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "any two optional members, enum values and members of unions may meet in one request",
    evidence: &[OPTIONAL, MODEL],
    harm: Harm::Form,
    fault: "failed when two members met in one request",
    passes: "success, or a refusal for a reason outside the contract, for every pair of values of two members, several pairs in \
             each request",
    fails: "5xx, twice, while the request without one of the members does not fail; a 4xx that blames the request is a \
            recommendation, since a service may have a rule between members that its model cannot express",
    code: &On { applies: pairs::combined, run: pairs::pairs },
};

pub(crate) static TEXT: Check = Check {
    id: "accept.text",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "free text of any script is accepted, and shown as it was sent",
    evidence: &[UNICODE, MODEL],
    harm: Harm::WrongData,
    fault: "refused free text, or showed other text than was sent",
    passes: "success, or a refusal for a reason outside the contract, to text beyond the Basic Multilingual Plane, combining \
             and right-to-left characters, line ends, blanks at the ends, quotes, markup and escapes; a description that \
             shows the same text",
    fails: "4xx that blames the request, or 5xx; a description with another text",
    code: &On { applies: text::with_text, run: text::text },
};

pub(crate) static SPELLING: Check = Check {
    id: "accept.spelling",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "the same request in another spelling is accepted, too, and means the same",
    evidence: &[JSON, TRANSFER, RESTJSON],
    harm: Harm::Form,
    fault: "refused a valid request in another spelling, or kept other text",
    passes: "success to another order of members, to white space, to \\u escapes, to charset in the content type, to a body in \
             chunks, and to Expect: 100-continue, where the usual spelling succeeds; text with escapes is kept like the same text without",
    fails: "other text, a refusal, or 5xx, while the usual spelling succeeds; 411 to a body in chunks and 417 to Expect, which HTTP allows, \
            are a recommendation",
    code: &On { applies: spelling::spelled, run: spelling::spelling },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "accept",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: true,
    requests,
    compares_recorded: false,
};

fn requests(scope: &Scope<'_>, check: &Check) -> u32 {
    match check.id {
        // Each of about 16 cases has its share of the values at a limit.
        id if id == AT_LIMIT.id => 2 + scope.sites().len() as u32 / 18,
        id if id == SPELLING.id => 2,
        id if id == TEXT.id => text::requests(scope),
        _ => 12,
    }
}
