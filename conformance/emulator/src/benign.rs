//! Harmless variants: endpoints that differ from the emulator and keep the contract, so that no check may report them.
//! They act through the same seams as defects.

mod choices;
mod references;

use std::sync::Arc;
use std::time::Duration;

use connect_model::schema::{Kind, Schema, ShapeId};
use connect_model::wire::encode_unmodelled_error;
use connect_model::wire::message::HttpResponse;
use serde_json::{Map, Value, json};

use crate::defects::edits::{edit, edit_json, rename};
use crate::defects::hooks::{in_place, on_admission, on_body, on_cut, on_refusal, on_response, on_sighting};
use crate::defects::pagination::MARK;
use crate::defects::seam::{Reader, Scene, Seams};
use crate::pages::{KeyPage, Size};
use crate::verify::Breach;

/// A harmless variant of the emulator.
#[derive(Debug)]
pub struct Benign {
    /// Stable name, for `--benign`.
    pub id: &'static str,
    /// The behaviour, in one sentence.
    pub summary: &'static str,
    /// The reason why the contract allows it.
    pub source: &'static str,
    /// Beginnings of the learned topics on which the variant answers in another way. All others stay as they are.
    pub learned: &'static [&'static str],
    /// Creates the behaviour, with new state.
    pub(crate) seams: fn() -> Arc<dyn Seams>,
}

impl Benign {
    /// The variant with an id.
    pub fn named(id: &str) -> Option<&'static Benign> {
        benign().find(|benign| benign.id == id)
    }
}

/// One of so many calls fails, and would succeed if it were repeated.
const ONE_IN: u64 = 40;

/// Age at which lists show a new resource.
const LIST_LAG: Duration = Duration::from_millis(60);

/// Age at which searches find a new resource, behind a slow index.
const INDEX_LAG: Duration = Duration::from_millis(400);

/// Every harmless variant.
pub fn benign() -> impl Iterator<Item = &'static Benign> {
    BENIGN.iter().chain(choices::CHOICES)
}

/// Variants whose behaviour a rule allows.
const BENIGN: &[Benign] = &[
    Benign {
        id: "throttled",
        summary: "some calls are answered with 429 TooManyRequestsException and Retry-After",
        source: "Connect throttles per account and Region; the front answers with an error that no operation models",
        learned: &[],
        seams: || {
            in_place(|nth| {
                (nth % ONE_IN == 7).then(|| {
                    let mut response = encode_unmodelled_error("TooManyRequestsException", 429, "Too Many Requests");
                    response.headers.set("retry-after", "1");
                    response
                })
            })
        },
    },
    Benign {
        id: "transient-500",
        summary: "some calls are answered with 500, 502, 503 or 504, and not performed",
        source: "AWS SDKs retry these statuses; Connect was seen to answer InternalServerErrorException",
        learned: &[],
        seams: || {
            in_place(|nth| {
                let status = [500, 502, 503, 504][(nth / ONE_IN % 4) as usize];
                let name = if status == 500 { "InternalServerErrorException" } else { "ServiceUnavailable" };
                (nth % ONE_IN == 7).then(|| encode_unmodelled_error(name, status, "try again"))
            })
        },
    },
    Benign {
        id: "identity-coding",
        summary: "successes have Content-Encoding identity, and their content type twice",
        source: "RFC 9110, sections 5.3 and 8.4.1: identity is no coding; recipients combine fields with the same value",
        learned: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none()
                    && let Some(content_type) = response.headers.get("content-type").map(str::to_owned)
                {
                    response.headers.set("content-encoding", "identity");
                    response.headers.push("content-type", content_type);
                }
            })
        },
    },
    Benign {
        id: "references-known",
        summary: "a write that names a resource which no answer has named is refused",
        source: "service model of Amazon Connect (botocore), ResourceNotFoundException: the specified resource was not found",
        learned: &["rule-actions that no source rules out"],
        seams: || Arc::new(references::References::default()),
    },
    Benign {
        id: "slow-index",
        summary: "searches find a resource only some time after its creation",
        source: "Connect searches go through an index",
        learned: &[],
        seams: || {
            on_sighting(|sighting, visible| match sighting.by {
                Reader::List => visible,
                Reader::Search => sighting.created.elapsed() >= INDEX_LAG,
            })
        },
    },
    Benign {
        id: "slow-lists",
        summary: "lists and searches show a resource only a short time after its creation",
        source: "no list is documented to be consistent with writes",
        learned: &[],
        seams: || on_sighting(|sighting, _| sighting.created.elapsed() >= LIST_LAG),
    },
    Benign {
        id: "short-pages",
        summary: "pages have fewer items than the requested page size",
        source: "Smithy pagination: the page size is a maximum",
        learned: &[],
        seams: || {
            on_cut(|page| {
                let fewer = (page.size.limit() - 1).max(1) as i64;
                page.cut(page.position, Size { requested: Some(fewer), ..page.size })
            })
        },
    },
    Benign {
        id: "empty-pages",
        summary: "an empty page with a token follows every page",
        source: "Smithy pagination: only the absence of a token ends a list",
        learned: &[],
        seams: || {
            on_cut(|page| match page.position {
                0 => page.cut(0, page.size),
                marked if marked & MARK != 0 => page.cut(marked & !MARK, page.size),
                position => KeyPage { keys: Vec::new(), next: Some(position | MARK) },
            })
        },
    },
    Benign {
        id: "empty-token-at-end",
        summary: "the token of the last page is an empty string",
        source: "Smithy pagination: absent, null and empty mean the end",
        learned: &[],
        seams: || {
            on_body(|scene, body| {
                let pagination = scene.operation.and_then(|operation| operation.pagination.as_ref());
                if let (Some(pagination), Value::Object(body)) = (pagination, body)
                    && let [token] = pagination.output_token.as_slice()
                {
                    body.entry(token.as_str()).or_insert_with(|| "".into());
                }
            })
        },
    },
    Benign {
        id: "unordered-lists",
        summary: "the order of the items of a page changes with every call",
        source: "no list of Connect is documented to have an order",
        learned: &[],
        seams: || {
            on_body(|scene, body| {
                let items =
                    scene.operation.and_then(|operation| operation.pagination.as_ref()?.items.as_ref()?.first());
                if let Some(Value::Array(items)) = items.and_then(|items| body.get_mut(items))
                    && !items.is_empty()
                {
                    let by = scene.nth as usize % items.len();
                    items.rotate_left(by);
                }
            })
        },
    },
    Benign {
        id: "exponent-timestamps",
        summary: "timestamps have an exponent: 1.73229019499E9",
        source: "seen on Connect in November 2024; the JSON grammar allows it",
        learned: &[],
        seams: || on_response(exponents),
    },
    Benign {
        id: "whole-seconds-in-lists",
        summary: "lists and searches show times in whole seconds, descriptions with fractions",
        source: "Smithy: the precision of a timestamp is the service's",
        learned: &[],
        seams: || {
            on_body(|scene, body| {
                let lists = |name: &str| name.starts_with("List") || name.starts_with("Search");
                if scene.operation.is_some_and(|operation| lists(&operation.name)) {
                    edit(scene, body, |kind, value| {
                        if let (Kind::Timestamp, Some(seconds)) = (kind, value.as_f64()) {
                            *value = (seconds.floor() as i64).into();
                        }
                    });
                }
            })
        },
    },
    Benign {
        id: "reformatted-content",
        summary: "descriptions show the content of flows and modules with other white space",
        source: "content is JSON in a text; no source says that its white space is kept",
        learned: &[],
        seams: || {
            on_body(|_, body| {
                for member in ["ContactFlow", "ContactFlowModule"] {
                    let content = body.get_mut(member).and_then(|shown| shown.get_mut("Content"));
                    let Some(content) = content else { continue };
                    let parsed = content.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                    if let Some(text) = parsed.and_then(|parsed| serde_json::to_string_pretty(&parsed).ok()) {
                        *content = text.into();
                    }
                }
            })
        },
    },
    Benign {
        id: "extra-members",
        summary: "structures in answers and errors have a member that the model does not define",
        source: "restJson1: clients ignore unknown members",
        learned: &[],
        seams: || {
            on_response(|scene, response| {
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
            })
        },
    },
    Benign {
        id: "null-members",
        summary: "optional members without value are null instead of absent",
        source: "restJson1: clients treat null as absent",
        learned: &[],
        seams: || {
            on_body(|scene, body| {
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
            })
        },
    },
    Benign {
        id: "empty-tags",
        summary: "resources without tags have an empty map of tags",
        source: "a service may return an empty map or omit it",
        learned: &[],
        seams: || {
            on_body(|scene, body| {
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
            })
        },
    },
    Benign {
        id: "empty-bodies",
        summary: "an answer without members has an empty body",
        source: "restJson1: clients read an empty body as an empty structure",
        learned: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_none() && response.body == b"{}" {
                    response.body.clear();
                    response.headers.remove("content-type");
                }
            })
        },
    },
    Benign {
        id: "charset",
        summary: "the content type has a parameter and upper-case letters",
        source: "HTTP: media types are case-insensitive, and parameters do not change them",
        learned: &[],
        seams: || {
            on_response(|_, response| {
                if response.headers.get("content-type").is_some() {
                    response.headers.set("content-type", "Application/JSON; charset=UTF-8");
                }
            })
        },
    },
    Benign {
        id: "lower-case-message",
        summary: "errors have the member `message` where the model says `Message`",
        source: "AWS clients accept both",
        learned: &[],
        seams: || {
            on_response(|scene, response| {
                if scene.error.is_some() {
                    edit_json(response, |body| {
                        if let Some(message) = body.remove("Message") {
                            body.insert("message".to_owned(), message);
                        }
                    });
                }
            })
        },
    },
    Benign {
        id: "error-uri-suffix",
        summary: "the error name in the header is followed by a colon and a URI",
        source: "restJson1: clients ignore everything from the first colon",
        learned: &[],
        seams: || {
            on_response(|_, response| {
                if let Some(name) = response.headers.get("x-amzn-errortype").map(str::to_owned) {
                    let long = format!("{name}:http://internal.example/coral/com.example.service/");
                    response.headers.set("x-amzn-errortype", long);
                }
            })
        },
    },
    Benign {
        id: "error-name-in-body",
        summary: "the name of an error is in `__type` only, after a namespace",
        source: "restJson1: header, code and __type are equivalent",
        learned: &[],
        seams: || {
            on_response(|scene, response| {
                if let Some(name) = scene.error {
                    response.headers.remove("x-amzn-errortype");
                    edit_json(response, |body| {
                        body.remove("code");
                        body.insert("__type".to_owned(), format!("com.amazonaws.connect#{name}").into());
                    });
                }
            })
        },
    },
    Benign {
        id: "arn-ids",
        summary: "the instance under test is named by its ARN",
        source: "Connect accepts full ARNs in path labels",
        learned: &[],
        seams: || Arc::new(NamedByArn),
    },
    Benign {
        id: "signatures-unverified",
        summary: "the port for signed requests serves all of them, signed or not",
        source: "an emulator may do without signatures: to verify them is a capability",
        learned: &["signatures"],
        seams: || on_admission(|_, _| true),
    },
    Benign {
        id: "other-signature-errors",
        summary: "wrong signatures and keys are answered with SignatureDoesNotMatch and InvalidClientTokenId",
        source: "Connect API reference, common errors: which of the names it uses for what is not published",
        learned: &["error of access."],
        seams: || {
            on_refusal(|breach, response| {
                let name = match breach {
                    Breach::UnknownKey | Breach::NoToken | Breach::OtherToken => "InvalidClientTokenId",
                    Breach::Incomplete | Breach::Algorithm | Breach::Undated => {
                        response.status = 400;
                        return;
                    }
                    Breach::Unsigned => return,
                    _ => "SignatureDoesNotMatch",
                };
                rename(response, Some(name));
            })
        },
    },
    Benign {
        id: "clock-tolerance",
        summary: "signatures are valid for fifteen minutes before and after their time",
        source: "the documented five minutes are a minimum; some services allow fifteen",
        learned: &[],
        seams: || {
            on_admission(|_, breach| match breach {
                None => true,
                Some(Breach::Old(seconds) | Breach::Early(seconds)) => seconds < 15.0 * 60.0,
                Some(_) => false,
            })
        },
    },
];

struct NamedByArn;

impl Seams for NamedByArn {
    fn instance_name(&self, _: &str, arn: String) -> String {
        arn
    }
}

/// Writes timestamps of successes with an exponent. JSON values have no spelling, so a placeholder stands for each until
/// the body is text.
fn exponents(scene: &Scene<'_>, response: &mut HttpResponse) {
    const PLACEHOLDER: &str = "\u{1a}time:";
    if scene.error.is_some() {
        return;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) else { return };
    edit(scene, &mut body, |kind, value| {
        if let (Kind::Timestamp, Some(seconds)) = (kind, value.as_f64()) {
            *value = format!("{PLACEHOLDER}{seconds:E}").into();
        }
    });
    // The first character of the placeholder is written as an escape.
    let placeholder = Value::from(PLACEHOLDER).to_string();
    let placeholder = placeholder.trim_end_matches('"');
    let text = body.to_string();
    let mut parts = text.split(placeholder);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written.push_str(&part.replacen('"', "", 1));
    }
    response.body = written.into_bytes();
}

/// Applies `change` to every structure of an output, the innermost first. Does not change unions.
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
        let ids: BTreeSet<&str> = benign().map(|benign| benign.id).collect();
        assert_eq!(ids.len(), benign().count());
    }
}
