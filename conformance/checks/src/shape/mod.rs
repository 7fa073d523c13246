//! Family shape: the response to a valid request has the form that the model defines.

mod headers;
mod judge;
mod observe;
mod subjects;

use std::rc::Rc;

pub(crate) use self::judge::judge;
use self::subjects::Subjects;
use crate::case::Level;
use crate::check::{Check, Remote};
use crate::code::{Observed, Observer, Scope};
use crate::evidence::{ANSWER, Evidence, MODEL, RESTJSON};
use crate::families::{Family, Services};
use crate::harm::Harm;

/// The checks of this family, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &STATUS,
    &CONTENT_TYPE,
    &BODY_HEADERS,
    &JSON,
    &REQUIRED,
    &TYPE,
    &TIMESTAMP_FORMAT,
    &UNION,
    &UNKNOWN_MEMBER,
    &ENUM_UNKNOWN,
    &CONSTRAINT,
    &REQUEST_ID,
];

pub(crate) static STATUS: Check = Check {
    id: "shape.status",
    level: Level::Must,
    // Clients retry server errors, and a server error may come from a component in front of the service.
    remote: Remote { usual: Level::Must, server_error: Level::Should },
    rule: "a successful response has the HTTP status that the model defines for the operation",
    evidence: &[MODEL, ANSWER],
    harm: Harm::Form,
    fault: "answered valid requests with another status than the model defines",
    passes: "200, if the model says 200",
    fails: "201, 204 or another success status; a 3xx or 5xx response to a valid request; a core operation that \
            rejects every valid request as invalid",
    code: &Observed { applies: |_| true, by: &OBSERVER },
};

pub(crate) static CONTENT_TYPE: Check = Check {
    id: "shape.content-type",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a response with a body has the content type application/json",
    evidence: &[RESTJSON, ANSWER],
    harm: Harm::Form,
    fault: "answered with another content type than application/json",
    passes: "application/json, with or without parameters; an empty body without a content type",
    fails: "text/html; a non-empty body without a content type; at level should: another charset than UTF-8",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

pub(crate) static BODY_HEADERS: Check = Check {
    id: "shape.body-headers",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the headers say how the body of a response is coded and framed, once and rightly",
    evidence: &[Evidence::normative(
        "RFC 9110, sections 5.3 and 8.4: a field that is no list occurs once, and Content-Encoding names the codings of the \
         body; RFC 9112, section 6.2: no Content-Length beside Transfer-Encoding",
    )],
    harm: Harm::Form,
    fault: "answered with headers that do not fit the body",
    passes: "no Content-Encoding, or identity; Transfer-Encoding chunked; the same header twice",
    fails: "Content-Encoding gzip with a body that is not compressed; two content types; Content-Length beside \
            Transfer-Encoding",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

pub(crate) static JSON: Check = Check {
    id: "shape.json",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the body of a successful response is a JSON object",
    evidence: &[RESTJSON, ANSWER],
    harm: Harm::Form,
    fault: "answered with a body that is not a JSON object",
    passes: "{}; an empty body, if the operation has no output",
    fails: "a list, a truncated object, HTML, invalid UTF-8; at level should: a key that occurs twice in an object",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

pub(crate) static REQUIRED: Check = Check {
    id: "shape.required",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "members that the model requires in an output are present and not null",
    evidence: &[MODEL],
    harm: Harm::Form,
    fault: "left out members that the model requires in a response",
    passes: "every required member present; optional members absent or null",
    fails: "CreateRule without RuleArn",
    code: &Observed { applies: |scope| subjects(scope).required, by: &OBSERVER },
};

pub(crate) static TYPE: Check = Check {
    id: "shape.type",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "every modelled member has the JSON type of its shape",
    evidence: &[
        MODEL,
        Evidence::captured(
            "a text where the model had a boolean broke clients, and the service was corrected, November 2024 (aws/aws-sdk-go-v2#2909)",
        ),
    ],
    harm: Harm::Form,
    fault: "answered with members of another JSON type than the model's",
    passes: "the modelled types; null for an optional member counts as absent",
    fails: "\"false\" where a boolean is modelled, 1.5 for an integer, null inside a list",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

pub(crate) static TIMESTAMP_FORMAT: Check = Check {
    id: "shape.timestamp-format",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "timestamps in bodies are JSON numbers of epoch seconds, unless the member has another format",
    evidence: &[RESTJSON, ANSWER],
    harm: Harm::Form,
    fault: "answered with timestamps in another format than the model's",
    passes: "1715673600, 1.73229019499E9",
    fails: "\"2024-05-14T08:00:00Z\"",
    code: &Observed { applies: |scope| subjects(scope).timestamp, by: &OBSERVER },
};

pub(crate) static UNION: Check = Check {
    id: "shape.union",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a union contains exactly one member",
    evidence: &[RESTJSON],
    harm: Harm::Form,
    fault: "answered with a union that does not have exactly one member",
    passes: "one known member, the others null; an unknown member alone is reported as a note",
    fails: "two members that are not null",
    code: &Observed { applies: |scope| subjects(scope).union, by: &OBSERVER },
};

pub(crate) static UNKNOWN_MEMBER: Check = Check {
    id: "shape.unknown-member",
    level: Level::Note,
    remote: Remote::SAME,
    rule: "a response contains no members that the model does not know",
    evidence: &[Evidence::model("members of the model; the service adds members before the published model has them")],
    harm: Harm::Advice,
    fault: "answered with members that the model does not know",
    passes: "only modelled members",
    fails: "any other key; reported as a note, never as a failure",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

pub(crate) static ENUM_UNKNOWN: Check = Check {
    id: "shape.enum-unknown",
    level: Level::Note,
    remote: Remote::SAME,
    rule: "a response contains no enum values that the model does not know",
    evidence: &[Evidence::model("values of the model; Smithy: enums are open in responses")],
    harm: Harm::Advice,
    fault: "answered with enum values that the model does not know",
    passes: "only modelled values",
    fails: "any other value; reported as a note, never as a failure",
    code: &Observed { applies: |scope| subjects(scope).choice, by: &OBSERVER },
};

pub(crate) static CONSTRAINT: Check = Check {
    id: "shape.constraint",
    level: Level::Note,
    remote: Remote::SAME,
    rule: "a response satisfies the lengths, ranges, patterns and sizes of the model",
    evidence: &[Evidence::model("constraints of the model; Smithy: servers do not enforce them on output")],
    harm: Harm::Advice,
    fault: "answered with values outside the limits of the model",
    passes: "values within the constraints of the model",
    fails: "any other value; reported as a note, never as a failure",
    code: &Observed { applies: |scope| subjects(scope).constraint, by: &OBSERVER },
};

pub(crate) static REQUEST_ID: Check = Check {
    id: "shape.request-id",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "every response has a header x-amzn-requestid, with another id than other responses",
    evidence: &[ANSWER],
    harm: Harm::Advice,
    fault: "answered without a request id of its own",
    passes: "a non-empty header x-amzn-requestid or x-amz-request-id that no other response of the case has",
    fails: "no such header, or the id of another response",
    code: &Observed { applies: |_| true, by: &OBSERVER },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "shape",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, _| 8,
    compares_recorded: false,
};

static OBSERVER: Observer =
    Observer { name: "shape", observe: |client, operation| Box::pin(observe::observe(client, operation)) };

/// The subjects that an output of the operation can contain.
fn subjects(scope: &Scope<'_>) -> Rc<Subjects> {
    scope.once("shape", || Subjects::of_shape(scope.schema, scope.contract.output))
}
