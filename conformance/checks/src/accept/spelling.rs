//! `accept.spelling`: the same request, written in another way.

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, Role};
use connect_model::schema::{Binding, Kind, Member, OperationId, Schema};
use connect_model::validate::{excerpt, validate_slot};
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpRequest;
use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::case::{Finding, Level, Outcome};
use crate::client::forms::is_free_text;
use crate::client::read_created;
use crate::client::reply::Reply;
use crate::code::{Scope, Subjects, Trial, rows};
use crate::invalid::has_json_body;
use crate::judge::Judgement;
use crate::resources;
use crate::steps;

/// Writes a request in another way, given the value of its last label.
type Rewrite = fn(&mut HttpRequest, &str);

/// The spellings of requests with a JSON body, each with the name of its case.
const SPELLINGS: &[(&str, Rewrite)] = &[
    ("members-reversed", |request, _| respell(request, reversed)),
    ("white-space", |request, _| respell(request, |body| format!("\r\n\t {} \n", spaced(body)))),
    (ESCAPES, |request, _| respell(request, escaped)),
    ("charset", |request, _| request.headers.set("content-type", "application/json; charset=utf-8")),
    ("charset-upper-case", |request, _| request.headers.set("content-type", "application/json;charset=UTF-8")),
    ("accept-anything", |request, _| request.headers.set("accept", "*/*")),
    (CHUNKED, |request, _| request.headers.set("transfer-encoding", "chunked")),
    (EXPECT, |request, _| request.headers.set("expect", "100-continue")),
];

/// Texts with escapes for every character.
const ESCAPES: &str = "unicode-escapes";
/// A body in chunks, without a length in front.
const CHUNKED: &str = "chunked";
/// A body that is sent after the endpoint was asked if it wants one.
const EXPECT: &str = "expect-continue";

/// Refusals that HTTP allows a server: 411 for a body without a length, 417 for an expectation. Source: RFC 9112, section 6.3,
/// and RFC 9110, section 15.5.18.
const ALLOWED: &[(&str, u16)] = &[(CHUNKED, 411), (EXPECT, 417)];

/// The spellings of requests with labels, and with several parameters in the query.
const OF_LABELS: &[(&str, Rewrite)] =
    &[("label-escaped", |request, label| request.uri = label_escaped(&request.uri, label))];
const OF_QUERIES: &[(&str, Rewrite)] = &[("query-reversed", |request, _| request.uri = query_reversed(&request.uri))];

pub(super) fn spelled(scope: &Scope<'_>) -> Subjects<&'static (&'static str, Rewrite)> {
    let (schema, contract) = (scope.schema, scope.contract);
    let bound = |is: fn(&Member) -> bool| {
        schema.input_members(contract).into_iter().flatten().filter(|member| is(member)).count()
    };
    let labels = bound(|member| matches!(member.binding, Binding::Label(_)));
    let queries = bound(|member| member.required && matches!(member.binding, Binding::Query(_)));
    let found = SPELLINGS.iter().filter(|_| has_json_body(schema, scope.operation));
    let found = found.chain(OF_LABELS.iter().filter(|_| labels > 0));
    let found = found.chain(OF_QUERIES.iter().filter(|_| queries > 1));
    rows(found)
}

pub(super) fn spelling<'t>(
    trial: Trial<'t>,
    (variant, rewrite): &'t &'static (&'static str, Rewrite),
) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        if let Some(why) = client.unsupported(operation).await {
            return Outcome::unsupported(why);
        }
        let text = if *variant == ESCAPES { free_text(client.schema, operation) } else { None };
        let usual = match usual_succeeds(trial, text).await {
            Ok(usual) => usual,
            Err(why) => return Outcome::indeterminate(why),
        };
        let (input, other) = match send(trial, text, rewrite).await {
            Ok(sent) => sent,
            Err(why) => return Outcome::indeterminate(why),
        };
        match &other {
            Reply::Success(exchange) => {
                let finding = match text {
                    Some(member) => kept_alike(trial, member, &usual, (&input, exchange)).await,
                    None => None,
                };
                Outcome::from_findings(Vec::from_iter(finding))
            }
            Reply::Refused(..) if other.is_quota() => Outcome::indeterminate(other.describe()),
            // The usual spelling has deleted it, if nothing makes another one.
            Reply::Refused(..) if other.says_absent() && deletes(client.schema, operation) => {
                Outcome::indeterminate(other.describe())
            }
            Reply::Refused(exchange, _) => {
                // The state of the endpoint may have changed in between.
                if let Err(why) = usual_succeeds(trial, text).await {
                    return Outcome::indeterminate(why);
                }
                let expected = format!("success, as to the usual spelling ({variant})");
                let finding = check.finding("", expected, other.describe(), Some(exchange));
                let is_allowed = ALLOWED.contains(&(*variant, exchange.response.status));
                let level = if is_allowed { Level::Should } else { check.level };
                Outcome::from_findings(vec![finding.at_most(level)])
            }
            Reply::Unsupported(why) | Reply::Trouble(why, _) => Outcome::indeterminate(why.clone()),
        }
    })
}

/// True for an operation that ends a resource.
fn deletes(schema: &'static Schema, operation: OperationId) -> bool {
    graph::shared(schema).actions_of(operation).any(|(_, action)| action.role == Role::Delete)
}

/// The input of an accepted request, and its answer.
type Accepted = (Value, Box<Exchange>);

/// Checks that the usual spelling is accepted.
async fn usual_succeeds(trial: Trial<'_>, text: Option<&Member>) -> Result<Accepted, String> {
    match send(trial, text, |_, _| {}).await? {
        (input, Reply::Success(exchange)) => Ok((input, exchange)),
        (_, other) => Err(format!("the usual spelling: {}", other.describe())),
    }
}

/// Sends a request that differs from the others of the case in its spelling, and in names, tokens and ids of new resources.
async fn send(
    Trial { client, operation, check, .. }: Trial<'_>,
    text: Option<&Member>,
    rewrite: impl FnOnce(&mut HttpRequest, &str),
) -> Result<(Value, Reply), String> {
    let label = format!("{}/{}", client.schema[operation].name, check.id);
    let mut input = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?;
    if let Some(member) = text {
        input[&member.name] = TEXT.into();
    }
    let mut request = encode_request(client.schema, operation, &input).map_err(|error| error.to_string())?;
    let mut members = client.schema.input_members(&client.schema[operation]).into_iter().flatten();
    let last = members.rfind(|member| matches!(member.binding, Binding::Label(_)));
    rewrite(&mut request, last.and_then(|label| input.get(&label.name)?.as_str()).unwrap_or_default());
    let reply = client.send(operation, &request).await;
    Ok((input, reply))
}

/// Text with characters that JSON escapes by one unit, and by two.
const TEXT: &str = "a\u{e9}\u{1f600}z";

/// The member of a creation with free text that the description of the new resource shows under the same name.
fn free_text(schema: &'static Schema, operation: OperationId) -> Option<&'static Member> {
    let row = resources::created_by(schema, &schema[operation].name).filter(|row| row.is_judged())?;
    let described = steps::described(schema, row).ok()?;
    let is_text = |member: &&Member| {
        is_free_text(&member.name)
            && Some(&*member.name) != row.name_member
            && member.binding == Binding::Body
            && matches!(schema[member.slot.target].kind, Kind::String)
            && validate_slot(schema, &member.slot, &TEXT.into()).is_empty()
            && described.get(&member.name).is_some()
    };
    schema.input_members(&schema[operation])?.iter().find(is_text)
}

/// A finding if a text with escapes is not kept like the same text without.
async fn kept_alike(
    trial: Trial<'_>,
    member: &Member,
    usual: &Accepted,
    (input, exchange): (&Value, &Exchange),
) -> Option<Finding> {
    let Trial { client, operation, check, .. } = trial;
    let row = resources::created_by(client.schema, &client.schema[operation].name)?;
    let shown = async |input: &Value, exchange: &Exchange| {
        let created = read_created(row, input, exchange).ok()?;
        let Ok(Reply::Success(described)) = steps::describe(client, row, input, &created.id).await else { return None };
        let (wrapper, resource) = steps::shown(client.schema, row, &described).ok()?;
        Some((format!("{wrapper}/{}", member.name), resource[&member.name].clone(), described))
    };
    // Other checks judge what cannot be described.
    let (_, wanted, _) = shown(&usual.0, &usual.1).await?;
    let (pointer, actual, described) = shown(input, exchange).await?;
    let expected = format!("{}, as without escapes", excerpt(&wanted));
    (wanted != actual).then(|| check.finding(pointer, expected, excerpt(&actual), Some(&described)))
}

fn respell(request: &mut HttpRequest, write: impl FnOnce(&Value) -> String) {
    if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
        request.body = write(&body).into_bytes();
    }
}

/// A path with the last letter of a label as an escape, and its last hyphen as one with digits in lower case, which is the same
/// path by RFC 3986, sections 2.3 and 6.2.2.
fn label_escaped(uri: &str, label: &str) -> String {
    let letter = label.rfind(|c: char| c.is_ascii_alphanumeric());
    let place = uri.rfind(label).filter(|_| !label.is_empty()).zip(letter);
    let Some((start, letter)) = place else { return uri.to_owned() };
    let (before, after) = (&uri[..start], &uri[start + label.len()..]);
    let hyphen = label.rfind('-');
    let escaped = label.char_indices().map(|(at, c)| match c {
        c if at == letter => format!("%{:02X}", u32::from(c)),
        '-' if Some(at) == hyphen => "%2d".to_owned(),
        c => c.to_string(),
    });
    format!("{before}{}{after}", escaped.collect::<String>())
}

/// The parameters of the query in reverse order; those of one name keep theirs, since they are a list.
fn query_reversed(uri: &str) -> String {
    let Some((path, query)) = uri.split_once('?') else { return uri.to_owned() };
    let name = |parameter: &str| parameter.split('=').next().unwrap_or_default().to_owned();
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_by_key(|parameter| std::cmp::Reverse(query.find(&format!("{}=", name(parameter)))));
    format!("{path}?{}", parameters.join("&"))
}

/// The members of every object in reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: Vec<String> = map
                .iter()
                .rev()
                .map(|(key, inner)| format!("{}:{}", Value::from(key.as_str()), reversed(inner)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Blanks, tabs and line ends around every token.
fn spaced(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let member =
                |(key, inner): (&String, &Value)| format!("\t{} :\r\n {}", Value::from(key.as_str()), spaced(inner));
            format!("{{ {}\n}}", map.iter().map(member).collect::<Vec<_>>().join(" , "))
        }
        Value::Array(items) => format!("[ {}\t]", items.iter().map(spaced).collect::<Vec<_>>().join("\n,")),
        other => other.to_string(),
    }
}

/// Every character of every string and key as an escape.
fn escaped(value: &Value) -> String {
    let text =
        |text: &str| format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
    match value {
        Value::Object(map) => {
            let members: Vec<String> =
                map.iter().map(|(key, inner)| format!("{}:{}", text(key), escaped(inner))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(escaped).collect::<Vec<_>>().join(",")),
        Value::String(inner) => text(inner),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_and_queries_stay_the_same() {
        assert_eq!(label_escaped("/flows/ab/draft?x=1", "ab"), "/flows/a%62/draft?x=1");
        assert_eq!(label_escaped("/flows/a-b-", "a-b-"), "/flows/a-%62%2d");
        assert_eq!(label_escaped("/flows/%C3%A9", "\u{e9}"), "/flows/%C3%A9");
        assert_eq!(label_escaped("/flows", ""), "/flows");
        assert_eq!(query_reversed("/a?x=1&x=2&y=3"), "/a?y=3&x=1&x=2");
        assert_eq!(query_reversed("/a"), "/a");
    }

    #[test]
    fn other_spellings_have_the_same_value() {
        let value = json!({ "a": [1, 1.5, { "b": "x\"\\\u{1f600}", "": null }], "c": {}, "d": [], "e": true });
        for text in [reversed(&value), spaced(&value), escaped(&value)] {
            assert_ne!(text, value.to_string());
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
        }
    }
}
