//! Harmless variants that answer in another way where neither the documentation nor the model has a rule. Checks record these
//! answers and do not judge them, so each variant names the recorded topics that it changes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use connect_model::wire::message::HttpRequest;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::Benign;
use crate::client_tokens::{Creation, Recalled};
use crate::defects::edits::rename;
use crate::defects::hooks::{on_answer_of, on_call, on_request, on_response};
use crate::defects::seam::{Invocation, Seams};
use crate::handlers::Answer;
use crate::refusal::Refusal;

/// Lengths of a fragment for which the documentation promises results.
const FRAGMENT: std::ops::RangeInclusive<usize> = 2..=25;

/// Every variant that changes what is learned.
pub(super) const CHOICES: &[Benign] = &[
    Benign {
        id: "invalid-parameter",
        summary: "invalid input is answered with InvalidParameterException instead of InvalidRequestException, if both are modelled",
        source: "the choice between the two errors is not specified",
        learned: &[
            "error of invalid.",
            "page token ",
            "a version of a flow",
            "update of a version's content",
            "one tag more than a resource may have",
        ],
        seams: || {
            on_response(|scene, response| {
                let listed =
                    scene.operation.and_then(|operation| scene.schema.error_of(operation, "InvalidParameterException"));
                if scene.error == Some("InvalidRequestException") && listed.is_some() {
                    rename(response, Some("InvalidParameterException"));
                }
            })
        },
    },
    Benign {
        id: "byte-order-marks-ignored",
        summary: "a byte order mark before a JSON body is ignored",
        source: "RFC 8259, section 8.1: a parser may ignore it",
        learned: &["body with byte-order-mark"],
        seams: || {
            on_request(|request| {
                if let Some(rest) = request.body.strip_prefix(b"\xef\xbb\xbf") {
                    request.body = rest.to_vec();
                }
            })
        },
    },
    Benign {
        id: "duplicate-keys-refused",
        summary: "a JSON object that has the same key twice is refused",
        source: "RFC 8259, section 4: the behaviour of software that receives such an object is unpredictable",
        learned: &["body with duplicate-key"],
        seams: || on_request(refuse_duplicates),
    },
    Benign {
        id: "lone-surrogates-replaced",
        summary: "half of a surrogate pair is read as U+FFFD",
        source: "RFC 8259, section 8.2: the behaviour of software that receives it is unpredictable",
        learned: &["body with lone-surrogate"],
        seams: || {
            on_request(|request| {
                let lone = br"\ud800";
                while let Some(at) = request.body.windows(lone.len()).position(|window| window == lone) {
                    request.body.splice(at..at + lone.len(), *br"\ufffd");
                }
            })
        },
    },
    Benign {
        id: "reused-tokens-answered",
        summary: "a client token that comes with another request has the answer of the first",
        source: "Connect documents no answer to a token that comes with another request",
        learned: &["token with another request"],
        seams: || Arc::new(FirstAnswer),
    },
    Benign {
        id: "fragments-limited",
        summary: "searches refuse a fragment of fewer than 2 or more than 25 characters",
        source: "SearchContactFlows documents results for 2 to 25 characters, and nothing for others",
        learned: &["CONTAINS of 1 character", "CONTAINS of 26 characters"],
        seams: || {
            on_call(|call| {
                refuse_node(call, |node| {
                    let condition = &node["StringCondition"];
                    let length = condition["Value"].as_str().map_or(2, |text| text.chars().count());
                    condition["ComparisonType"] == "CONTAINS" && !FRAGMENT.contains(&length)
                })
            })
        },
    },
    Benign {
        id: "unknown-fields-refused",
        summary: "searches refuse a condition on a field that does not exist",
        source: "the documentation lists fields, and no answer to others",
        learned: &["an unknown FieldName"],
        seams: || on_call(|call| refuse_node(call, |node| node["StringCondition"]["FieldName"] == "noSuchField")),
    },
    Benign {
        id: "second-keys-refused",
        summary: "searches refuse a node of criteria that has two of the keys for conditions and their combinations",
        source: "whether a node may have several keys is not documented",
        learned: &["two keys in one node"],
        seams: || {
            on_call(|call| {
                refuse_node(call, |node| {
                    let keys = ["StringCondition", "OrConditions", "AndConditions"];
                    keys.iter().filter(|key| !node[**key].is_null()).count() > 1
                })
            })
        },
    },
    Benign {
        id: "functions-indented",
        summary: "DescribeRule shows the function of a rule over several lines",
        source: "whether a function comes back byte by byte is not documented; it is the same JSON",
        learned: &["function of a rule comes back"],
        seams: || {
            on_answer_of("DescribeRule", |body| {
                let function = body.pointer_mut("/Rule/Function");
                if let Some(Value::String(text)) = function
                    && let Ok(function) = serde_json::from_str::<Value>(text)
                {
                    *text = format!("{function:#}");
                }
            })
        },
    },
    Benign {
        id: "page-tokens-as-parameters",
        summary: "a page token of another list is answered with InvalidParameterException",
        source: "the choice between the errors for invalid input is not specified",
        learned: &["page token "],
        seams: || {
            on_response(|scene, response| {
                let name = "InvalidParameterException";
                let listed = scene.operation.and_then(|operation| scene.schema.error_of(operation, name));
                if listed.is_some() && String::from_utf8_lossy(&response.body).contains("NextToken is not a token") {
                    rename(response, Some(name));
                }
            })
        },
    },
    Benign {
        id: "cases-of-calls-and-chats",
        summary: "a rule may create cases only for calls and chats that were analysed",
        source: "the administrator guide lists the action there, and does not say that other events lack it",
        learned: &["rule-actions that no source rules out, create-case-for-"],
        seams: || {
            on_call(|call| {
                let has_case = |action: &Value| action["ActionType"] == "CREATE_CASE";
                let creates = call.input["Actions"].as_array().is_some_and(|actions| actions.iter().any(has_case));
                let event = call.input["TriggerEventSource"]["EventSourceName"].as_str();
                let is_usual = event.is_none_or(|event| event.contains("PostCall") || event.contains("PostChat"));
                match creates && !is_usual {
                    true => refused("the event does not create cases"),
                    false => call.perform(call.input),
                }
            })
        },
    },
    Benign {
        id: "module-names-idempotent",
        summary: "the creation of a module under a taken name is answered with IdempotencyException",
        source: "CreateContactFlowModule models two errors with status 409 and does not say which of them is for names",
        learned: &["taken name, CreateContactFlowModule"],
        seams: || {
            on_response(|scene, response| {
                let is_creation = scene.operation.is_some_and(|operation| operation.name == "CreateContactFlowModule");
                if is_creation && scene.error == Some("DuplicateResourceException") {
                    rename(response, Some("IdempotencyException"));
                }
            })
        },
    },
];

fn refused(message: &str) -> Answer {
    Answer::Performed(Err(Refusal::Invalid(message.to_owned())))
}

/// Answers a token that was used for another request with the output of that request.
struct FirstAnswer;

impl Seams for FirstAnswer {
    fn recalled(&self, _: &Creation<'_>, recalled: Recalled) -> Recalled {
        match recalled {
            Recalled::Reused(output) => Recalled::Repeated(output),
            other => other,
        }
    }
}

/// Refuses a search if a node of its criteria has a property; performs other calls.
fn refuse_node(call: &Invocation<'_>, has: fn(&Value) -> bool) -> Answer {
    fn any(value: &Value, has: fn(&Value) -> bool) -> bool {
        match value {
            Value::Object(members) => has(value) || members.values().any(|inner| any(inner, has)),
            Value::Array(items) => items.iter().any(|inner| any(inner, has)),
            _ => false,
        }
    }
    match any(&call.input["SearchCriteria"], has) {
        true => refused("the search criteria are not supported"),
        false => call.perform(call.input),
    }
}

/// Cuts a body in which an object has a key twice, so that it cannot be read.
fn refuse_duplicates(request: &mut HttpRequest) {
    if serde_json::from_slice::<DistinctKeys>(&request.body).is_ok_and(|DistinctKeys(distinct)| !distinct) {
        request.body.truncate(1);
    }
}

/// True if no key of the outermost object comes twice.
struct DistinctKeys(bool);

impl<'de> Deserialize<'de> for DistinctKeys {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = DistinctKeys;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DistinctKeys, A::Error> {
                let (mut seen, mut distinct) = (BTreeSet::new(), true);
                while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
                    distinct &= seen.insert(key);
                }
                Ok(DistinctKeys(distinct))
            }
        }
        input.deserialize_map(Keys)
    }
}
