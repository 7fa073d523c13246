//! Ways in which an endpoint may differ and keep the contract: no check may find fault with them. They act through the
//! same seams as defects.

use std::time::Duration;

use connect_model::schema::{Kind, Schema, ShapeId};
use connect_model::wire::encode_unmodelled_error;
use connect_model::wire::message::HttpResponse;
use serde_json::{Map, Value, json};

use crate::defects::edits::{edit, edit_json, rename};
use crate::defects::{Fault, Scene};
use crate::policy::{Lag, Paging};

/// A harmless peculiarity of the emulator.
#[derive(Debug)]
pub struct Benign {
    /// Stable name, for `--benign`.
    pub id: &'static str,
    /// What the endpoint does, one sentence.
    pub summary: &'static str,
    /// Why the contract allows it.
    pub source: &'static str,
    pub(crate) fault: Fault,
}

impl Benign {
    /// The variant of that id.
    pub fn named(id: &str) -> Option<&'static Benign> {
        BENIGN.iter().find(|benign| benign.id == id)
    }
}

/// Of so many calls, one meets trouble that passes.
const ONE_IN: u64 = 40;

/// How long lists do not know a new resource.
const SHORTLY: Duration = Duration::from_millis(60);

/// Every benign variant.
pub const BENIGN: &[Benign] = &[
    Benign {
        id: "throttled",
        summary: "now and then a call is answered with 429 TooManyRequestsException and Retry-After",
        source: "Connect throttles by account and Region; the front answers with a name that no operation models",
        fault: Fault::Front(|nth| {
            (nth % ONE_IN == 7).then(|| {
                let mut response = encode_unmodelled_error("TooManyRequestsException", 429, "Too Many Requests");
                response.headers.set("retry-after", "1");
                response
            })
        }),
    },
    Benign {
        id: "transient-500",
        summary: "now and then a call is answered with 500, 502, 503 or 504, and does nothing",
        source: "AWS SDKs retry these statuses; Connect was seen to answer InternalServerErrorException",
        fault: Fault::Front(|nth| {
            let status = [500, 502, 503, 504][(nth / ONE_IN % 4) as usize];
            let name = if status == 500 { "InternalServerErrorException" } else { "ServiceUnavailable" };
            (nth % ONE_IN == 7).then(|| encode_unmodelled_error(name, status, "try again"))
        }),
    },
    Benign {
        id: "slow-index",
        summary: "searches know a resource only some time after its creation",
        source: "Connect searches go through an index",
        fault: Fault::Policy(|policy| policy.lag.searches = Duration::from_millis(400)),
    },
    Benign {
        id: "slow-lists",
        summary: "lists and searches know a resource only a short time after its creation",
        source: "no list promises to be consistent with writes",
        fault: Fault::Policy(|policy| policy.lag = Lag { searches: SHORTLY, lists: SHORTLY }),
    },
    Benign {
        id: "short-pages",
        summary: "pages hold fewer items than were asked for",
        source: "Smithy pagination: the page size is a maximum",
        fault: Fault::Policy(|policy| policy.paging = Paging::Short),
    },
    Benign {
        id: "empty-pages",
        summary: "after every page comes an empty one, with a token",
        source: "Smithy pagination: only the absence of a token ends a list",
        fault: Fault::Policy(|policy| policy.paging = Paging::EmptyBetween),
    },
    Benign {
        id: "empty-token-at-end",
        summary: "the last page has an empty text for a token",
        source: "Smithy pagination: absent, null and empty mean the end",
        fault: Fault::Body(|scene, body| {
            let pagination = scene.operation.and_then(|operation| operation.pagination.as_ref());
            if let (Some(pagination), Value::Object(body)) = (pagination, body)
                && let [token] = pagination.output_token.as_slice()
            {
                body.entry(token.as_str()).or_insert_with(|| "".into());
            }
        }),
    },
    Benign {
        id: "unordered-lists",
        summary: "items of a page come in another order with every call",
        source: "no Connect page promises an order",
        fault: Fault::Body(|scene, body| {
            let items = scene.operation.and_then(|operation| operation.pagination.as_ref()?.items.as_ref()?.first());
            if let Some(Value::Array(items)) = items.and_then(|items| body.get_mut(items))
                && !items.is_empty()
            {
                let by = scene.nth as usize % items.len();
                items.rotate_left(by);
            }
        }),
    },
    Benign {
        id: "exponent-timestamps",
        summary: "timestamps have an exponent: 1.73229019499E9",
        source: "seen on Connect in November 2024; the JSON grammar allows it",
        fault: Fault::Reply(exponents),
    },
    Benign {
        id: "extra-members",
        summary: "structures in answers and errors have a member that the model does not know",
        source: "restJson1: members that are not known are ignored",
        fault: Fault::Reply(|scene, response| {
            let output = scene.operation.and_then(|operation| operation.output).filter(|_| scene.error.is_none());
            if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) {
                match output {
                    Some(shape) => structures(scene.schema, shape, &mut body, &|_, map| {
                        map.insert("IsFromTheFuture".to_owned(), json!("false"));
                    }),
                    None => {
                        if let Value::Object(map) = &mut body {
                            map.insert("IsFromTheFuture".to_owned(), json!("false"));
                        }
                    }
                }
                response.body = body.to_string().into_bytes();
            }
        }),
    },
    Benign {
        id: "null-members",
        summary: "optional members that have no value are null instead of absent",
        source: "restJson1: receivers take null for absence",
        fault: Fault::Body(|scene, body| {
            if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
                structures(scene.schema, shape, body, &|shape, map| {
                    let members = scene.schema[shape].kind.members();
                    for member in members.into_iter().flat_map(|members| members.iter()) {
                        if !member.required {
                            map.entry(&member.json_name).or_insert(Value::Null);
                        }
                    }
                });
            }
        }),
    },
    Benign {
        id: "empty-tags",
        summary: "what has no tags shows an empty map of tags",
        source: "a service may show an empty map or leave it out",
        fault: Fault::Body(|scene, body| {
            if let Some(shape) = scene.operation.and_then(|operation| operation.output) {
                structures(scene.schema, shape, body, &|shape, map| {
                    let members = scene.schema[shape].kind.members();
                    for member in members.into_iter().flat_map(|members| members.iter()) {
                        if member.json_name.eq_ignore_ascii_case("tags") {
                            map.entry(&member.json_name).or_insert_with(|| json!({}));
                        }
                    }
                });
            }
        }),
    },
    Benign {
        id: "empty-bodies",
        summary: "an answer without members has no body at all",
        source: "restJson1: clients take a body of no bytes for an empty structure",
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_none() && response.body == b"{}" {
                response.body.clear();
                response.headers.remove("content-type");
            }
        }),
    },
    Benign {
        id: "charset",
        summary: "the content type has a parameter, and its letters are large",
        source: "HTTP: media types are compared without regard to case, parameters do not change them",
        fault: Fault::Reply(|_, response| {
            if response.headers.get("content-type").is_some() {
                response.headers.set("content-type", "Application/JSON; charset=UTF-8");
            }
        }),
    },
    Benign {
        id: "lower-case-message",
        summary: "errors call their text `message`, where the model says `Message`",
        source: "AWS clients take either",
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                edit_json(response, |body| {
                    if let Some(message) = body.remove("Message") {
                        body.insert("message".to_owned(), message);
                    }
                });
            }
        }),
    },
    Benign {
        id: "error-uri-suffix",
        summary: "the header with the name of an error has a URI after a colon",
        source: "restJson1: what follows the first colon is no part of the name",
        fault: Fault::Reply(|_, response| {
            if let Some(name) = response.headers.get("x-amzn-errortype").map(str::to_owned) {
                let long = format!("{name}:http://internal.example/coral/com.example.service/");
                response.headers.set("x-amzn-errortype", long);
            }
        }),
    },
    Benign {
        id: "error-name-in-body",
        summary: "errors say their name in `__type` alone, with a namespace before it",
        source: "restJson1: header, code and __type are equals",
        fault: Fault::Reply(|scene, response| {
            if let Some(name) = scene.error {
                response.headers.remove("x-amzn-errortype");
                edit_json(response, |body| {
                    body.remove("code");
                    body.insert("__type".to_owned(), format!("com.amazonaws.connect#{name}").into());
                });
            }
        }),
    },
    Benign {
        id: "invalid-parameter",
        summary: "input is refused as InvalidParameterException instead of InvalidRequestException, where both are listed",
        source: "which of the two answers which fault is not specified",
        fault: Fault::Reply(|scene, response| {
            let listed =
                scene.operation.and_then(|operation| scene.schema.error_of(operation, "InvalidParameterException"));
            if scene.error == Some("InvalidRequestException") && listed.is_some() {
                rename(response, Some("InvalidParameterException"));
            }
        }),
    },
    Benign {
        id: "arn-ids",
        summary: "the instance under test is named by its ARN",
        source: "Connect takes full ARNs in path labels",
        fault: Fault::ByArn,
    },
];

/// Writes timestamps of successes with an exponent. JSON values have no spelling: a mark stands for each until the text
/// is there.
fn exponents(scene: &Scene<'_>, response: &mut HttpResponse) {
    const MARK: &str = "\u{1a}time:";
    if scene.error.is_some() {
        return;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return };
    edit(scene, &mut body, |kind, value| {
        if let (Kind::Timestamp, Some(seconds)) = (kind, value.as_f64()) {
            *value = format!("{MARK}{seconds:E}").into();
        }
    });
    // The mark's first character is written as an escape.
    let mark = Value::from(MARK).to_string();
    let mark = mark.trim_end_matches('"');
    let text = body.to_string();
    let mut parts = text.split(mark);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written.push_str(&part.replacen('"', "", 1));
    }
    response.body = written.into_bytes();
}

/// Shows every structure of an output's body to `change`, the innermost first; unions are left alone.
fn structures(schema: &Schema, shape: ShapeId, value: &mut Value, change: &dyn Fn(ShapeId, &mut Map<String, Value>)) {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members), Value::Object(map)) => {
            for (key, inner) in map.iter_mut() {
                if let Some(member) = members.by_json_name(key) {
                    structures(schema, member.slot.target, inner, change);
                }
            }
            change(shape, map);
        }
        (Kind::Union(members), Value::Object(map)) => {
            for (key, inner) in map {
                if let Some(member) = members.by_json_name(key) {
                    structures(schema, member.slot.target, inner, change);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            items.iter_mut().for_each(|item| structures(schema, list.member.target, item, change));
        }
        (Kind::Map(map), Value::Object(entries)) => {
            entries.values_mut().for_each(|inner| structures(schema, map.value.target, inner, change));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique() {
        let ids: BTreeSet<&str> = BENIGN.iter().map(|benign| benign.id).collect();
        assert_eq!(ids.len(), BENIGN.len());
    }
}
