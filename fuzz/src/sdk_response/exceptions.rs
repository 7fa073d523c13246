//! Where the SDK and we read the same bytes differently, and why that is no fault of ours.
//!
//! An exception is no excuse for a whole response: it takes out of it the one thing that is read differently, and what
//! is left must agree. Where nothing can be taken out, a disagreement is a finding.

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

/// A response, and what it answers.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) schema: &'static Schema,
    pub(super) operation: OperationId,
    pub(super) response: &'a HttpResponse,
}

/// Something that is read differently.
pub(super) struct Exception {
    /// Name in reports.
    pub(super) name: &'static str,
    /// What each side does, and which of them restJson1 has on its side.
    pub(super) reason: &'static str,
    /// A response as text in which this, and nothing else, is in dispute.
    pub(super) sample: &'static str,
    /// The response without it; none if it is not there.
    normalise: fn(&Subject<'_>) -> Option<HttpResponse>,
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// The response without anything in dispute, and what was taken out of it.
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

/// All of them: first those of bytes, then those of JSON, then those of values.
pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        name: "body-that-nobody-reads",
        reason: "an output without members: the SDK does not look at its body, we insist that it is JSON. Either will do; \
                 a contract test wants to know.",
        sample: "AssociateFlow 200\n\n<html>",
        normalise: |subject| {
            let is_empty = output(subject).is_some_and(Members::is_empty);
            (is_empty && agree::is_success(subject.response)).then(|| with_body(subject, b"{}".to_vec()))
        },
    },
    Exception {
        name: "unnamed-error-without-object",
        reason: "an error that the operation does not list, with a body that is no object: the SDK does not read on after \
                 the first token. RFC 8259 has no half documents.",
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
        reason: "the SDK takes leading zeros and a point without digits behind it; RFC 8259, section 6, does not.",
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
        reason: "a number beyond 64 bits of floating point, in a member that the model does not know: the SDK passes over \
                 it, we read all of the document. RFC 8259 lets a reader set limits.",
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
        reason: "an escape that is none (`\\u12`, half a surrogate pair), in a member that the model does not know: the SDK \
                 passes over it unread. RFC 8259, section 7, has the grammar on our side; of the surrogates it warns.",
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
        reason: "the SDK follows 128 modelled levels and passes over 512 unknown ones, we stop at 64 of either. Both are \
                 limits of an implementation.",
        sample: concat!(
            "CreateRule 200\n\n{\"New\":",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"
        ),
        normalise: |subject| shallow(&subject.response.body).map(|body| with_body(subject, body)),
    },
    Exception {
        name: "repeated-key",
        reason: "a key twice in one object: both take the last, but the SDK has read the first by then and may have failed \
                 on it, and a union it refuses. RFC 8259, section 4, leaves it open.",
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
        reason: "the SDK compares the keys of an error's name and message as they are written, before it undoes escapes. \
                 The same JSON text has the same meaning: ours is right.",
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
        reason: "an error whose body is no JSON or has members of a wrong type: the SDK gives up and has no name for it, we \
                 keep the name. restJson1 puts the header first, so that a gateway's page does not hide it: ours is right.",
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
        reason: "we take an error's name from `Code` where there is no `code`, as botocore does; the SDK does not. \
                 restJson1 names `code` and `__type` only; Connect is known to write neither.",
        sample: "CreateRule 400\n\n{\"Code\":\"Other\"}",
        normalise: |subject| error_member(subject, "Code", |_| None),
    },
    Exception {
        name: "error-message-alias",
        reason: "the SDK takes an error's message from `errorMessage` too; restJson1 has `message` and `Message`.",
        sample: "CreateRule 400\n\n{\"code\":\"Other\",\"errorMessage\":\"m\"}",
        normalise: |subject| error_member(subject, "errorMessage", |_| None),
    },
    Exception {
        name: "two-messages",
        reason: "an error with `message` and `Message`: the SDK takes the last, we take `message`. restJson1 does not say.",
        sample: "CreateRule 400\n\n{\"code\":\"Other\",\"message\":\"a\",\"Message\":\"b\"}",
        normalise: |subject| {
            let body = json(subject)?;
            body.get("message")?.as_str()?;
            error_member(subject, "Message", |_| None)
        },
    },
    Exception {
        name: "empty-error-name",
        reason: "a name of an error that is empty when it is cleaned (`:x`, `ns#`), or has space around it: the SDK takes it \
                 for the name, we look in the next place. restJson1 does not say.",
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
        reason: "a value of the wrong type in a member that is newer than the SDK: it passes over it, we report it.",
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
        reason: "`1.0` and `1e2` for a whole number: the SDK takes what loses nothing, we report it. Smithy asks servers to \
                 refuse it (restJson1 malformed-request tests), and what a client may not send a server should not either.",
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
        reason: "a number beyond 32 bits of floating point for a `float`: the SDK makes infinity of it, we report it. \
                 Smithy's infinity is written as text: ours is right.",
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
        reason: "a union with one member that the model knows and another that it does not: the SDK refuses it, we keep \
                 both and say so. Smithy wants exactly one; a note is enough for a client that must live with newer \
                 servers.",
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
        reason: "a union with one member, which the model does not know: the SDK has a variant for it, validation finds a \
                 union without members, which the checks of conformance weigh as drift. Clients must be able to live \
                 with it: both do.",
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
        reason: "seconds that 64 bits cannot check: the SDK takes the last that they can, we keep the number. No calendar \
                 has such a year.",
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
        reason: "a `date-time` with an offset from UTC or in another letter case: the SDK takes it, we report it. Smithy's \
                 `date-time` is RFC 3339 \"with a UTC offset of zero\" for those who write it.",
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

/// The shape of the body: the output, or the error that it names.
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

/// The response with some of its values changed; `act` says if it changed one.
fn change(subject: &Subject<'_>, mut act: impl FnMut(Place<'_>, &mut Value) -> bool) -> Option<HttpResponse> {
    let (shape, mut body) = (shape(subject)?, json(subject)?);
    let mut changed = false;
    visit(Place::top(subject.schema, shape), &mut body, &mut |place, value| changed |= act(place, value));
    changed.then(|| with_json(subject, &body))
}

/// An error with a text member at the top of its body changed or, if nothing is left of it, removed. None if that
/// leaves it as it is.
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

/// The name of an error without space around it, or nothing if there is none; none if the text is in order.
fn odd_name(text: &str) -> Option<Option<String>> {
    let name = text.split(':').next().unwrap_or_default();
    let name = name.split_once('#').map_or(name, |(_, name)| name);
    let trimmed = name.trim();
    (trimmed.is_empty() || trimmed != name).then(|| (!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

/// Keys of all objects of a document.
fn keys(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(keys).sum::<usize>(),
        Value::Array(items) => items.iter().map(keys).sum(),
        _ => 0,
    }
}

/// Deepest nesting that both read.
const DEPTH: usize = 60;

/// The body with a zero in place of what is nested deeper than that.
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
