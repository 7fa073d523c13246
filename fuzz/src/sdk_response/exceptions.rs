//! Known differences between our decoding and the SDK's, with the reasons why ours is acceptable.
//!
//! An exception does not excuse a whole response: it removes the part that is decoded differently, and both must agree on the
//! rest. A difference without an applicable exception is a finding.

use std::borrow::Cow;

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator};
use connect_model::schema::{Kind, Members, Number, OperationId, Schema, ShapeId, TimestampFormat};
use connect_model::wire::decode_error;
use connect_model::wire::message::HttpResponse;
use connect_model::wire::timestamp::{self, Reading};
use serde_json::{Map, Value};

use super::agree;
use super::lacks;
use super::pieces::{self, pieces, replaced};
use super::visit::{Place, visit};

/// A response to an operation.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) schema: &'static Schema,
    pub(super) operation: OperationId,
    pub(super) response: &'a HttpResponse,
}

/// A known difference.
pub(super) struct Exception {
    /// Name in reports.
    pub(super) name: &'static str,
    /// Behaviour of both sides, and the rule of restJson1.
    pub(super) reason: &'static str,
    /// A response, as text, with only this difference.
    pub(super) sample: &'static str,
    /// Removes the difference from a response. `None` if the response does not have it.
    normalise: fn(&Subject<'_>) -> Option<HttpResponse>,
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// Removes all known differences from a response. Returns the exceptions that applied.
pub(super) fn normalised(subject: &Subject<'_>) -> (HttpResponse, Vec<&'static Exception>) {
    let mut response = subject.response.clone();
    let mut needed = Vec::new();
    for exception in EXCEPTIONS {
        if let Some(new) = (exception.normalise)(&Subject { response: &response, ..*subject }) {
            response = new;
            needed.push(exception);
        }
    }
    (response, needed)
}

/// All exceptions: first those of bytes, then of JSON, then of values.
pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        name: "body-that-nobody-reads",
        reason: "The output has no members. The SDK ignores the body, we require JSON. Both are allowed; a contract \
                 test should report it.",
        sample: "AssociateFlow 200\n\n<html>",
        normalise: |subject| {
            let is_empty = output(subject).is_some_and(Members::is_empty);
            (is_empty && agree::is_success(subject.response)).then(|| with_body(subject, b"{}".to_vec()))
        },
    },
    Exception {
        name: "unnamed-error-without-object",
        reason: "The operation does not list the error, and the body is not an object. The SDK stops reading after \
                 the first token. RFC 8259 does not allow incomplete documents.",
        sample: "CreateRule 400\nx-amzn-errortype: Other\n\n[<html>",
        normalise: |subject| {
            let HttpResponse { body, .. } = subject.response;
            let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
            let is_named = agree::is_success(subject.response) || shape(subject).is_some();
            (!is_named && first != Some(&b'{') && !body.is_empty()).then(|| with_body(subject, b"{}".to_vec()))
        },
    },
    Exception {
        name: "number-grammar",
        reason: "The SDK accepts leading zeros and a decimal point without digits after it. RFC 8259, section 6, does \
                 not.",
        sample: "SearchRules 200\n\n{\"ApproximateTotalCount\":007}",
        normalise: |subject| {
            replace(subject, |kind, piece| {
                let text = std::str::from_utf8(piece).ok().filter(|_| kind == pieces::Kind::Number)?;
                let is_json = serde_json::from_str::<serde_json::Number>(text).is_ok();
                let number = match text.parse::<i64>() {
                    Ok(whole) => whole.to_string(),
                    Err(_) => serde_json::Number::from_f64(text.parse().ok()?)?.to_string(),
                };
                (!is_json).then(|| Cow::from(number.into_bytes()))
            })
        },
    },
    Exception {
        name: "skipped-number",
        reason: "An unknown member has a number beyond the range of a 64-bit float. The SDK skips it, we parse the \
                 whole document. RFC 8259 lets implementations set limits.",
        sample: "CreateRule 200\n\n{\"New\":1e400}",
        normalise: |subject| {
            replace(subject, |kind, piece| {
                let text = std::str::from_utf8(piece).ok().filter(|_| kind == pieces::Kind::Number)?;
                text.parse().is_ok_and(f64::is_infinite).then_some(Cow::from(&b"0"[..]))
            })
        },
    },
    Exception {
        name: "skipped-escape",
        reason: "An unknown member has an invalid escape (`\\u12`, half a surrogate pair). The SDK skips it unparsed. \
                 The grammar of RFC 8259, section 7, forbids the former and section 8.2 warns of the latter.",
        sample: "CreateRule 200\n\n{\"New\":\"\\ud800\"}",
        normalise: |subject| {
            replace(subject, |kind, piece| {
                let is_text = matches!(kind, pieces::Kind::Text { .. });
                let is_broken = is_text && piece.contains(&b'\\') && serde_json::from_slice::<String>(piece).is_err();
                is_broken.then_some(Cow::from(&b"\"\""[..]))
            })
        },
    },
    Exception {
        name: "nesting",
        reason: "The SDK reads 128 levels of modelled members and skips 512 of unknown ones; our limit is 64 for \
                 both. These are implementation limits.",
        sample: concat!(
            "CreateRule 200\n\n{\"New\":",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"
        ),
        normalise: |subject| shallow(&subject.response.body).map(|body| with_body(subject, body)),
    },
    Exception {
        name: "repeated-key",
        reason: "A key occurs twice in one object. Both use the last, but the SDK also parses the first, which may \
                 fail, and it rejects this in unions. RFC 8259, section 4, leaves the behaviour open.",
        sample: "CreateRule 200\n\n{\"RuleArn\":7,\"RuleArn\":\"a\"}",
        normalise: |subject| {
            let body = json(subject)?;
            let is_key = |(kind, _): &(pieces::Kind, &[u8])| *kind == pieces::Kind::Text { is_key: true };
            let written = pieces(&subject.response.body).iter().filter(|piece| is_key(piece)).count();
            (written != keys(&body)).then(|| with_json(subject, &body))
        },
    },
    Exception {
        name: "escaped-key-of-error",
        reason: "The SDK compares the keys of an error's name and message before it decodes escapes. Escaped and \
                 plain keys are equal in JSON, so our reading is right.",
        sample: "CreateRule 400\n\n{\"c\\u006fde\":\"Other\"}",
        normalise: |subject| {
            let is_escaped = |(kind, piece): &(pieces::Kind, &[u8])| {
                *kind == pieces::Kind::Text { is_key: true } && piece.contains(&b'\\')
            };
            let found = !agree::is_success(subject.response) && pieces(&subject.response.body).iter().any(is_escaped);
            found.then(|| json(subject).map(|body| with_json(subject, &body))).flatten()
        },
    },
    Exception {
        name: "unreadable-error",
        reason: "The body of an error is not JSON, or has members of a wrong type. The SDK fails without a name, we \
                 keep the name. In restJson1 the header takes precedence, so a gateway's page does not hide it: our \
                 reading is right.",
        sample: "CreateRule 404\nx-amzn-errortype: ResourceNotFoundException\n\n<html>",
        normalise: |subject| {
            if agree::is_success(subject.response) {
                return None;
            }
            let decoded = decode_error(subject.schema, subject.operation, subject.response);
            agree::error_fault(subject.schema, subject.response, &decoded)?;
            let mut kept = Map::new();
            if let Value::Object(fields) = json(subject).unwrap_or_default() {
                let meta = ["code", "Code", "__type", "message", "Message", "errorMessage"];
                kept = fields
                    .into_iter()
                    .filter(|(key, value)| meta.contains(&key.as_str()) && value.is_string())
                    .collect();
            }
            Some(with_json(subject, &Value::Object(kept)))
        },
    },
    Exception {
        name: "error-code-in-capitals",
        reason: "Without `code`, we read an error's name from `Code`, like botocore; the SDK does not. restJson1 \
                 specifies only `code` and `__type`; Connect is known to send neither.",
        sample: "CreateRule 400\n\n{\"Code\":\"Other\"}",
        normalise: |subject| error_member(subject, "Code", |_| None),
    },
    Exception {
        name: "error-message-alias",
        reason: "The SDK also reads an error's message from `errorMessage`; restJson1 has `message` and `Message`.",
        sample: "CreateRule 400\n\n{\"code\":\"Other\",\"errorMessage\":\"m\"}",
        normalise: |subject| error_member(subject, "errorMessage", |_| None),
    },
    Exception {
        name: "two-messages",
        reason: "An error has `message` and `Message`. The SDK uses the last, we use `message`. restJson1 does not \
                 specify it.",
        sample: "CreateRule 400\n\n{\"code\":\"Other\",\"message\":\"a\",\"Message\":\"b\"}",
        normalise: |subject| {
            let body = json(subject)?;
            body.get("message")?.as_str()?;
            error_member(subject, "Message", |_| None)
        },
    },
    Exception {
        name: "empty-error-name",
        reason: "An error's name is empty after cleaning (`:x`, `ns#`), or has white space around it. The SDK uses \
                 it, we look in the next place. restJson1 does not specify it.",
        sample: "CreateRule 400\nx-amzn-errortype: :\n\n{\"code\":\"Other\"}",
        normalise: |subject| {
            if agree::is_success(subject.response) {
                return None;
            }
            let header = subject.response.headers.get("x-amzn-errortype").and_then(|text| odd_name(text.trim()));
            let mut response = subject.response.clone();
            if let Some(name) = &header {
                response.headers.remove("x-amzn-errortype");
                if let Some(name) = name {
                    response.headers.push("x-amzn-errortype", name);
                }
            }
            let mut changed = header.is_some();
            for key in ["code", "__type"] {
                let found =
                    error_member(&Subject { response: &response, ..*subject }, key, |text| Some(text.to_owned()));
                if let Some(new) = found {
                    (response, changed) = (new, true);
                }
            }
            changed.then_some(response)
        },
    },
    Exception {
        name: "member-that-the-sdk-lacks",
        reason: "A member that is newer than the SDK has a value of the wrong type. The SDK ignores it, we report it.",
        sample: "DescribeContact 200\n\n{\"Contact\":{\"Cases\":7}}",
        normalise: |subject| {
            change(subject, |place, value| {
                let (Kind::Structure(_), Value::Object(fields)) = (&place.shape().kind, value) else { return false };
                let before = fields.len();
                fields.retain(|key, _| !lacks::lacks_member(&place.shape().name, key));
                fields.len() != before
            })
        },
    },
    Exception {
        name: "whole-number-with-point",
        reason: "An integer is written `1.0` or `1e2`. The SDK accepts it if nothing is lost, we report it. Smithy \
                 requires servers to reject it (restJson1 malformed-request tests), so servers should not send it \
                 either.",
        sample: "SearchRules 200\n\n{\"ApproximateTotalCount\":7.0}",
        normalise: |subject| {
            change(subject, |place, value| {
                let Kind::Number(number) = place.shape().kind else { return false };
                let Some(float) = value.as_f64().filter(|_| value.is_f64() && number.is_whole()) else { return false };
                let whole = float as i64;
                let is_lossless = whole as f64 == float;
                if is_lossless {
                    *value = Value::from(whole);
                }
                is_lossless
            })
        },
    },
    Exception {
        name: "float-overflow",
        reason: "A `float` is beyond the range of 32 bits. The SDK reads infinity, we report it. Smithy writes \
                 infinity as a string: our reading is right.",
        sample: "ListUserProficiencies 200\n\n{\"UserProficiencyList\":[{\"Level\":1e39}]}",
        normalise: |subject| {
            change(subject, |place, value| {
                let is_float = matches!(place.shape().kind, Kind::Number(Number::Float));
                let is_beyond = is_float && value.as_f64().is_some_and(|float| float.abs() > f64::from(f32::MAX));
                if is_beyond {
                    *value = Value::from(0);
                }
                is_beyond
            })
        },
    },
    Exception {
        name: "union-with-stranger",
        reason: "A union has a known member and an unknown one. The SDK rejects it, we keep both and report it. \
                 Smithy requires exactly one member; a note is enough, since clients must work with newer servers.",
        sample: "GetAttachedFile 200\n\n{\"CreatedBy\":{\"ConnectUserArn\":\"a\",\"New\":1}}",
        normalise: |subject| {
            change(subject, |place, value| {
                let (Kind::Union(members), Value::Object(fields)) = (&place.shape().kind, value) else { return false };
                let is_known = |key: &str| members.by_json_name(key).is_some();
                let known = fields.iter().filter(|(key, value)| is_known(key) && !value.is_null()).count();
                let before = fields.len();
                if known == 1 {
                    fields.retain(|key, _| is_known(key) || key == "__type");
                }
                fields.len() != before
            })
        },
    },
    Exception {
        name: "unknown-variant",
        reason: "The only member of a union is unknown. The SDK has a variant for it; our validation finds a union \
                 without members, which the conformance checks treat as drift. Both tolerate it, as clients must.",
        sample: "GetAttachedFile 200\n\n{\"CreatedBy\":{\"New\":1}}",
        normalise: |subject| {
            let generator = Generator::new(subject.schema, Config::sparse());
            change(subject, |place, value| {
                let (Kind::Union(members), Value::Object(fields)) = (&place.shape().kind, &mut *value) else {
                    return false;
                };
                let mut given = fields.iter().filter(|(key, value)| !value.is_null() && *key != "__type");
                let only = given.next().filter(|_| given.next().is_none());
                if only.is_none_or(|(key, _)| members.by_json_name(key).is_some()) {
                    return false;
                }
                generator.shape(place.id, &mut Unstructured::new(&[])).map(|known| *value = known).is_ok()
            })
        },
    },
    Exception {
        name: "instant-beyond-64-bits",
        reason: "The seconds of a timestamp exceed 64 bits. The SDK clamps them, we keep the number. No calendar has \
                 such a year.",
        sample: "DescribeRule 200\n\n{\"Rule\":{\"CreatedTime\":1e300}}",
        normalise: |subject| {
            change(subject, |place, value| {
                let is_instant = matches!(place.shape().kind, Kind::Timestamp);
                let is_beyond = is_instant && value.as_f64().is_some_and(|seconds| seconds.abs() >= i64::MAX as f64);
                if is_beyond {
                    *value = Value::from(0);
                }
                is_beyond
            })
        },
    },
    Exception {
        name: "date-time-form",
        reason: "A `date-time` has a UTC offset or lower-case letters. The SDK accepts it, we report it. Senders must \
                 use RFC 3339 \"with a UTC offset of zero\" (Smithy, `date-time`).",
        sample: concat!(
            "ListRealtimeContactAnalysisSegmentsV2 200\n\n{\"Segments\":[{\"Event\":{\"Time\":",
            "{\"AbsoluteTime\":\"2024-05-14T10:00:00+02:00\"}}}]}"
        ),
        normalise: |subject| {
            change(subject, |place, value| {
                let (Kind::Timestamp, Value::String(text)) = (&place.shape().kind, &mut *value) else { return false };
                let format = TimestampFormat::DateTime;
                let instant = timestamp::parse(text, format, Reading::Client);
                let is_strict = timestamp::parse(text, format, Reading::Server).is_some();
                let Some(utc) = instant.filter(|_| !is_strict).and_then(|at| timestamp::format(at, format)) else {
                    return false;
                };
                *text = utc;
                true
            })
        },
    },
];

fn output(subject: &Subject<'_>) -> Option<&'static Members> {
    subject.schema.output_members(&subject.schema[subject.operation])
}

/// The shape of the body: the output or the named error.
pub(super) fn shape(subject: &Subject<'_>) -> Option<ShapeId> {
    if agree::is_success(subject.response) {
        return subject.schema[subject.operation].output;
    }
    decode_error(subject.schema, subject.operation, subject.response).modelled
}

pub(super) fn json(subject: &Subject<'_>) -> Option<Value> {
    serde_json::from_slice(&subject.response.body).ok()
}

pub(super) fn with_json(subject: &Subject<'_>, body: &Value) -> HttpResponse {
    with_body(subject, body.to_string().into_bytes())
}

fn with_body(subject: &Subject<'_>, body: Vec<u8>) -> HttpResponse {
    HttpResponse { body, ..subject.response.clone() }
}

fn replace<'b>(
    subject: &Subject<'b>,
    replacement: impl FnMut(pieces::Kind, &'b [u8]) -> Option<Cow<'b, [u8]>>,
) -> Option<HttpResponse> {
    replaced(&subject.response.body, replacement).map(|body| with_body(subject, body))
}

/// Changes values of the body. `act` returns true if it changed one.
fn change(subject: &Subject<'_>, mut act: impl FnMut(Place<'_>, &mut Value) -> bool) -> Option<HttpResponse> {
    let (shape, mut body) = (shape(subject)?, json(subject)?);
    let mut changed = false;
    visit(Place::top(subject.schema, shape), &mut body, &mut |place, value| changed |= act(place, value));
    changed.then(|| with_json(subject, &body))
}

/// Changes a top-level string of an error's body, or removes it if `name` returns `None`. `None` if nothing changes.
fn error_member(subject: &Subject<'_>, key: &str, name: impl Fn(&str) -> Option<String>) -> Option<HttpResponse> {
    if agree::is_success(subject.response) {
        return None;
    }
    let mut body = json(subject)?;
    let fields = body.as_object_mut()?;
    let text = fields.get(key)?.as_str()?.to_owned();
    match name(&text) {
        None => drop(fields.remove(key)),
        Some(text) => match odd_name(&text)? {
            Some(name) => drop(fields.insert(key.to_owned(), Value::from(name))),
            None => drop(fields.remove(key)),
        },
    }
    Some(with_json(subject, &body))
}

/// The trimmed name of an error, or `Some(None)` if it is empty. `None` if the text needs no change.
fn odd_name(text: &str) -> Option<Option<String>> {
    let name = text.split(':').next().unwrap_or_default();
    let name = name.split_once('#').map_or(name, |(_, name)| name);
    let trimmed = name.trim();
    (trimmed.is_empty() || trimmed != name).then(|| (!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

/// Number of keys in all objects of a document.
fn keys(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(keys).sum::<usize>(),
        Value::Array(items) => items.iter().map(keys).sum(),
        _ => 0,
    }
}

/// Maximum nesting that both decode.
const DEPTH: usize = 60;

/// Replaces values nested deeper than [`DEPTH`] by zero.
fn shallow(body: &[u8]) -> Option<Vec<u8>> {
    let mut depth = 0_usize;
    replaced(body, |kind, _| {
        match kind {
            pieces::Kind::Open => depth += 1,
            pieces::Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        match kind {
            pieces::Kind::Open if depth == DEPTH => Some(Cow::from(&b"0"[..])),
            pieces::Kind::Close if depth == DEPTH - 1 => Some(Cow::from(&b""[..])),
            _ if depth >= DEPTH => Some(Cow::from(&b""[..])),
            _ => None,
        }
    })
}
