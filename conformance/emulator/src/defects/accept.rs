//! Defects: right requests are refused, end in a server error, or are stored in another form.

use std::borrow::Cow;

use connect_model::wire::message::HttpRequest;
use serde_json::Value;

use crate::defects::edits::{edited, server_error};
use crate::defects::hooks::{PerCall, on_call, on_request};
use crate::defects::seam::{Invocation, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::refusal::Refusal;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "lower-case-escapes",
        family: Family::Accept,
        summary: "escapes with digits in lower case are not decoded in a path",
        kills: &["accept.spelling"],
        may: &[],
        seams: || on_request(|request| request.uri = request.uri.replace("%2d", "%252d")),
    },
    Defect {
        id: "refuses-longest-name",
        family: Family::Accept,
        summary: "the name of a rule must be shorter than its maximum length: off by one",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || on_call(|call| refuse(call, length_of(call, "CreateRule", "Name") == Some(200))),
    },
    Defect {
        id: "fails-at-longest-description",
        family: Family::Accept,
        summary: "the longest description of a task ends in a server error",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || on_call(|call| fail(call, length_of(call, "StartTaskContact", "Description") == Some(4096))),
    },
    Defect {
        id: "refuses-shortest-name",
        family: Family::Accept,
        summary: "names of flows with one character are refused",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || on_call(|call| refuse(call, length_of(call, "CreateContactFlow", "Name") == Some(1))),
    },
    Defect {
        id: "refuses-largest-page",
        family: Family::Accept,
        summary: "the greatest page size of a list is refused",
        kills: &["accept.at-limit"],
        may: &["pagination.bounds"],
        seams: || on_call(|call| refuse(call, call.operation.name == "ListQueues" && call.input["MaxResults"] == 1000)),
    },
    Defect {
        id: "refuses-full-list",
        family: Family::Accept,
        summary: "a list with exactly the maximum of elements is refused",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || {
            on_call(|call| {
                let types = call.input["ContactFlowTypes"].as_array().map(Vec::len);
                refuse(call, call.operation.name == "ListContactFlows" && types == Some(10))
            })
        },
    },
    Defect {
        id: "refuses-one-type",
        family: Family::Accept,
        summary: "flows of one type of the enum cannot be created",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || {
            on_call(|call| {
                refuse(call, call.operation.name == "CreateContactFlow" && call.input["Type"] == "AGENT_HOLD")
            })
        },
    },
    Defect {
        id: "fails-on-one-status",
        family: Family::Accept,
        summary: "one value of an enum ends in a server error",
        kills: &["accept.at-limit"],
        may: &["shape.status", "error.no-5xx"],
        seams: || {
            on_call(|call| {
                fail(call, call.operation.name == "CreateRule" && call.input["PublishStatus"] == "PUBLISHED")
            })
        },
    },
    Defect {
        id: "refuses-fractions-of-seconds",
        family: Family::Accept,
        summary: "an instant with a fraction of a second is refused",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || {
            on_call(|call| refuse(call, call.input["ScheduledTime"].as_f64().is_some_and(|time| time.fract() != 0.0)))
        },
    },
    Defect {
        id: "refuses-instants-before-1970",
        family: Family::Accept,
        summary: "an instant before the epoch ends in a server error",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || on_call(|call| fail(call, call.input["StartTime"].as_f64().is_some_and(|time| time < 0.0))),
    },
    Defect {
        id: "fails-beyond-bmp",
        family: Family::Accept,
        summary: "characters beyond the Basic Multilingual Plane end in a server error, as in a column of three bytes",
        kills: &["accept.text"],
        may: &["accept.at-limit", "accept.optional", "shape.status", "error.no-5xx"],
        seams: || on_call(|call| fail(call, texts(call.input).iter().any(|text| text.chars().any(|c| c > '\u{ffff}')))),
    },
    Defect {
        id: "refuses-line-ends",
        family: Family::Accept,
        summary: "descriptions with a line end are refused",
        kills: &["accept.text"],
        may: &["accept.at-limit"],
        seams: || on_call(|call| refuse(call, text_of(call.input, "Description").contains('\n'))),
    },
    Defect {
        id: "refuses-markup",
        family: Family::Accept,
        summary: "a filter in front refuses requests with the tag of a script",
        kills: &["accept.text"],
        may: &[],
        seams: || on_call(|call| refuse(call, texts(call.input).iter().any(|text| text.contains("<script>")))),
    },
    Defect {
        id: "trims-text",
        family: Family::Accept,
        summary: "blanks at the ends of a description are lost",
        kills: &["accept.text"],
        may: &[],
        seams: || on_call(|call| rewrite(call, |text| text.trim().to_owned())),
    },
    Defect {
        id: "question-marks-beyond-bmp",
        family: Family::Accept,
        summary: "characters beyond the Basic Multilingual Plane are stored as question marks",
        kills: &["accept.text"],
        may: &[],
        seams: || on_call(|call| rewrite(call, |text| text.replace(|c| c > '\u{ffff}', "?"))),
    },
    Defect {
        id: "escapes-markup",
        family: Family::Accept,
        summary: "markup in a description is escaped before it is stored",
        kills: &["accept.text"],
        may: &[],
        seams: || on_call(|call| rewrite(call, |text| text.replace('&', "&amp;").replace('<', "&lt;"))),
    },
    Defect {
        id: "decodes-percent",
        family: Family::Accept,
        summary: "percent escapes in a description are decoded before it is stored",
        kills: &["accept.text"],
        may: &[],
        seams: || on_call(|call| rewrite(call, |text| text.replace("%2F", "/").replace("%20", " "))),
    },
    Defect {
        id: "lower-cases-text",
        family: Family::Accept,
        summary: "descriptions are stored in lower case",
        kills: &["accept.text"],
        may: &["lifecycle.create-describe", "lifecycle.update-visible", "lifecycle.walk", "keep.echo"],
        seams: || on_call(|call| rewrite(call, str::to_lowercase)),
    },
    Defect {
        id: "joins-line-ends",
        family: Family::Accept,
        summary: "line ends in a description become blanks",
        kills: &["accept.text"],
        may: &[],
        seams: || on_call(|call| rewrite(call, |text| text.replace("\r\n", " ").replace('\n', " "))),
    },
    Defect {
        id: "demands-description",
        family: Family::Accept,
        summary: "tasks without the optional description are refused",
        kills: &["accept.optional"],
        may: &[],
        seams: || on_call(|call| demand(call, "StartTaskContact", "Description")),
    },
    Defect {
        id: "demands-tags",
        family: Family::Accept,
        summary: "flows without the optional tags are refused",
        kills: &["accept.optional"],
        may: &[],
        seams: || on_call(|call| demand(call, "CreateContactFlow", "Tags")),
    },
    Defect {
        id: "refuses-optional-member",
        family: Family::Accept,
        summary: "flows with the optional description are refused",
        kills: &["accept.optional"],
        may: &["accept.at-limit", "accept.pairs", "accept.text"],
        seams: || {
            on_call(|call| {
                refuse(
                    call,
                    call.operation.name == "CreateContactFlow" && !text_of(call.input, "Description").is_empty(),
                )
            })
        },
    },
    Defect {
        id: "null-is-a-value",
        family: Family::Accept,
        summary: "null for an optional member is refused",
        kills: &["accept.optional"],
        may: &[],
        seams: || std::sync::Arc::new(NullIsAValue::default()),
    },
    Defect {
        id: "two-members-meet",
        family: Family::Accept,
        summary: "a task with a description and references ends in a server error",
        kills: &["accept.optional"],
        may: &["accept.at-limit", "accept.text", "shape.status", "error.no-5xx"],
        seams: || {
            on_call(|call| {
                let both = ["Description", "References"].iter().all(|member| call.input.get(*member).is_some());
                fail(call, call.operation.name == "StartTaskContact" && both)
            })
        },
    },
    Defect {
        id: "tags-and-draft-meet",
        family: Family::Accept,
        summary: "a flow that is saved as a draft with tags ends in a server error",
        kills: &["accept.pairs"],
        may: &["accept.at-limit", "accept.optional", "keep.echo", "keep.views-agree", "shape.status", "error.no-5xx"],
        seams: || {
            on_call(|call| {
                let tagged = call.input["Tags"].as_object().is_some_and(|tags| !tags.is_empty());
                let saved = call.operation.name == "CreateContactFlow" && call.input["Status"] == "SAVED";
                fail(call, saved && tagged)
            })
        },
    },
    Defect {
        id: "archive-and-description-meet",
        family: Family::Accept,
        summary: "archiving a flow together with a new description ends in a server error",
        kills: &["accept.pairs"],
        may: &["keep.update-only-named", "accept.at-limit", "accept.optional", "shape.status", "error.no-5xx"],
        seams: || {
            on_call(|call| {
                let archives = call.operation.name == "UpdateContactFlowMetadata"
                    && call.input["ContactFlowState"] == "ARCHIVED"
                    && call.input["Description"].is_string();
                fail(call, archives)
            })
        },
    },
    Defect {
        id: "escaped-labels-unread",
        family: Family::Accept,
        summary: "letters of a path that are written as escapes are not read",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                let bytes = request.uri.as_bytes();
                let is_letter = |pair: &[u8]| {
                    std::str::from_utf8(pair)
                        .is_ok_and(|pair| u8::from_str_radix(pair, 16).is_ok_and(|byte| byte.is_ascii_alphanumeric()))
                };
                if bytes.windows(3).any(|escape| escape[0] == b'%' && is_letter(&escape[1..])) {
                    request.uri = "/nowhere".to_owned();
                }
            })
        },
    },
    Defect {
        id: "charset-refused",
        family: Family::Accept,
        summary: "application/json with a charset is not read as JSON",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                if request.headers.get("content-type").is_some_and(|kind| kind.contains("charset")) {
                    request.headers.set("content-type", "text/plain");
                }
            })
        },
    },
    Defect {
        id: "escapes-unread",
        family: Family::Accept,
        summary: "bodies with \\u escapes are refused",
        kills: &["accept.spelling"],
        may: &["accept.at-limit", "accept.text"],
        seams: || {
            on_request(|request| {
                if request.body.windows(2).any(|pair| pair == b"\\u") {
                    request.body.truncate(request.body.len() - 1);
                }
            })
        },
    },
    Defect {
        id: "white-space-refused",
        family: Family::Accept,
        summary: "bodies must begin with their object",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                if request.body.first().is_some_and(u8::is_ascii_whitespace) {
                    request.body.clear();
                }
            })
        },
    },
    Defect {
        id: "chunks-unread",
        family: Family::Accept,
        summary: "a body without a length is not read",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                if request.headers.get("transfer-encoding").is_some() {
                    request.body.clear();
                }
            })
        },
    },
    Defect {
        id: "expectation-fails",
        family: Family::Accept,
        summary: "requests that wait for 100 Continue find no operation",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                if request.headers.get("expect").is_some() {
                    request.uri = "/nowhere".to_owned();
                }
            })
        },
    },
    Defect {
        id: "members-in-order-only",
        family: Family::Accept,
        summary: "the members of a body must be in alphabetical order",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                if !is_in_order(&request.body) {
                    request.body = b"[]".to_vec();
                }
            })
        },
    },
];

/// Refuses calls of an operation without an optional member.
fn demand(call: &Invocation<'_>, operation: &str, member: &str) -> Answer {
    let absent = call.input.get(member).is_none_or(Value::is_null);
    refuse(call, call.operation.name == operation && absent)
}

/// Refuses a call as invalid under a condition.
fn refuse(call: &Invocation<'_>, condition: bool) -> Answer {
    match condition {
        true => Answer::Performed(Err(Refusal::Invalid("the request is invalid".to_owned()))),
        false => call.perform(call.input),
    }
}

/// Ends a call in a server error under a condition.
fn fail(call: &Invocation<'_>, condition: bool) -> Answer {
    if condition { Answer::Performed(Err(server_error())) } else { call.perform(call.input) }
}

/// Performs the creation of a flow, module or rule with another description.
fn rewrite(call: &Invocation<'_>, change: fn(&str) -> String) -> Answer {
    let text = call.input["Description"].as_str().filter(|_| call.operation.name.starts_with("CreateContactFlow"));
    edited(call, text.is_some(), |input| input["Description"] = change(text.unwrap_or_default()).into())
}

fn length_of(call: &Invocation<'_>, operation: &str, member: &str) -> Option<usize> {
    call.input[member].as_str().filter(|_| call.operation.name == operation).map(|text| text.chars().count())
}

fn text_of<'v>(input: &'v Value, member: &str) -> &'v str {
    input[member].as_str().unwrap_or_default()
}

/// All strings in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// True if the first two members of the text of an object are in order.
fn is_in_order(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let Ok(Value::Object(map)) = serde_json::from_str::<Value>(&text) else { return true };
    let mut positions = map.keys().map(|key| text.find(&format!("\"{key}\"")).unwrap_or_default());
    map.len() < 2 || positions.next() < positions.next_back()
}

#[derive(Default)]
struct NullIsAValue {
    has_null: PerCall<()>,
}

impl Seams for NullIsAValue {
    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        self.has_null.clear();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if body.as_object().is_some_and(|map| map.values().any(Value::is_null)) {
            self.has_null.set(());
        }
        Cow::Borrowed(request)
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        refuse(call, self.has_null.get().is_some())
    }
}
