//! Family invalid: a request that breaks the contract in exactly one way is refused, and for that reason.
//!
//! The twin rule: a refusal counts only if the same request without its fault is not refused the same way.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use connect_model::generate::{Config, SchemaPath, Side, Site};
use connect_model::schema::{Binding, Kind, OperationId, Schema};
use connect_model::validate::ViolationKind;
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpRequest;
use serde_json::Value;

use super::{Check, MODEL, RESTJSON, row};
use crate::case::{Level, Outcome};
use crate::client::Client;
use crate::reply::Reply;

/// Checks of the family that are not made from a kind of violation.
pub const CHECKS: &[Check] = &[
    Check {
        id: "invalid.malformed-json",
        level: Level::Must,
        rule: "a body that is no JSON object is refused",
        source: RESTJSON,
        passes: "4xx, while the same body unharmed is not refused the same way",
        fails: "2xx or 5xx to half an object, trailing text, a list",
    },
    Check {
        id: "invalid.wrong-content-type",
        level: Level::Should,
        rule: "a JSON body that is declared as something else is refused",
        source: RESTJSON,
        passes: "415 or another 4xx",
        fails: "2xx to content type text/plain; recommended only, since Connect is older than the rule",
    },
    Check {
        id: "invalid.label-escape",
        level: Level::Must,
        rule: "an escaped slash in a path label belongs to the label and reaches the operation",
        source: RESTJSON,
        passes: "any answer of the operation to a label that holds %2F and %3A",
        fails: "an answer that the operation is unknown, or a 5xx",
    },
    Check {
        id: "invalid.unknown-member-tolerated",
        level: Level::Should,
        rule: "members that the model does not know are ignored in requests",
        source: RESTJSON,
        passes: "the same answer as without the member",
        fails: "a refusal; recommended only, since no page of Connect says so",
    },
];

/// The check for a kind of violation.
pub fn check_of(kind: ViolationKind) -> Check {
    static TABLE: LazyLock<Vec<Check>> = LazyLock::new(|| ViolationKind::ALL.iter().map(|kind| check(*kind)).collect());
    TABLE[kind as usize]
}

/// The row of a kind of violation, derived from the table in the model.
fn check(kind: ViolationKind) -> Check {
    Check {
        id: format!("invalid.{kind}").leak(),
        level: Level::Must,
        rule: kind.rule(),
        source: if kind.is_structural() { RESTJSON } else { MODEL },
        passes: "any 4xx that is about the request, while its valid twin is not rejected the same way",
        fails: "2xx, or 5xx",
    }
}

/// A fault that is not a mutation of the value, with its variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Index into [`MALFORMED`].
    Malformed(usize),
    /// Content type text/plain.
    ContentType,
    /// A slash and a colon in the label of that name.
    LabelEscape,
    /// A member that nobody knows.
    UnknownMember,
}

/// Spoils the text of a JSON object.
pub type Spoil = fn(&str) -> String;

/// Ways to spoil a JSON body: name of the variant, and what is done to the text.
pub const MALFORMED: &[(&str, Spoil)] = &[
    ("truncated", |body| body[..body.len() - 1].to_owned()),
    ("trailing-text", |body| format!("{body} x")),
    ("not-an-object", |body| format!("[{body}]")),
    ("single-quotes", |body| format!("{{'a':1,{}", &body[1..])),
];

/// Whether the operation's request has a JSON object for a body.
pub fn has_json_body(schema: &Schema, operation: OperationId) -> bool {
    schema
        .input_members(&schema[operation])
        .is_some_and(|members| members.iter().any(|member| member.binding == Binding::Body))
}

/// The label that `LabelEscape` fills: the last one that is plain text without a pattern.
pub fn escapable_label(schema: &Schema, operation: OperationId) -> Option<String> {
    let members = schema.input_members(&schema[operation])?;
    members
        .iter()
        .filter(|member| matches!(member.binding, Binding::Label(_)) && member.slot.traits.pattern.is_none())
        .find(|member| matches!(schema[member.slot.target].kind, Kind::String))
        .map(|member| member.name.clone())
}

/// Faults that can be committed on an operation, with check id and variant.
pub fn faults(schema: &Schema, operation: OperationId) -> Vec<(&'static Check, Option<String>, Fault)> {
    let mut found = Vec::new();
    if has_json_body(schema, operation) {
        for (at, (variant, _)) in MALFORMED.iter().enumerate() {
            let check = row(CHECKS, "invalid.malformed-json");
            found.push((check, Some((*variant).to_owned()), Fault::Malformed(at)));
        }
        found.push((row(CHECKS, "invalid.wrong-content-type"), None, Fault::ContentType));
        found.push((row(CHECKS, "invalid.unknown-member-tolerated"), None, Fault::UnknownMember));
    }
    if let Some(label) = escapable_label(schema, operation) {
        found.push((row(CHECKS, "invalid.label-escape"), Some(label), Fault::LabelEscape));
    }
    found
}

/// Sends a mutant, then its twin, and judges.
pub async fn mutation(client: &Client, operation: OperationId, site: &Site, check: &'static Check) -> Outcome {
    let schema = client.schema;
    let name = &schema[operation].name;
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let label = format!("{name}/{}/{}", check.id, site.mutation.path);
    let base = match client.input(operation, Config::sparse(), &label, &site.mutation.path).await {
        Ok(base) => base,
        Err(why) => return Outcome::indeterminate(format!("no valid request could be made: {why}")),
    };
    let bytes = client.bytes(&format!("{label}/mutation"));
    let generator = client.generator(Config::sparse());
    let mutant = match generator.mutate(operation, Side::Input, site, base, &mut Unstructured::new(&bytes)) {
        Ok(mutant) => mutant,
        Err(why) => return Outcome::indeterminate(why.to_string()),
    };
    let (sent, twin) =
        match (encode_request(schema, operation, &mutant.value), encode_request(schema, operation, &mutant.base)) {
            (Ok(sent), Ok(twin)) => (sent, twin),
            (Err(error), _) | (_, Err(error)) => return Outcome::indeterminate(error.to_string()),
        };
    let found = mutant.value.pointer(&mutant.pointer).map_or("absent".to_owned(), connect_model::validate::excerpt);
    let fault = format!("{} at {}: {found}", mutant.kind, mutant.pointer);
    refused_for_its_fault(client, operation, check, &sent, &twin, &mutant.pointer, &fault).await
}

/// The rule of the whole family: the faulty request is refused, and its twin is not refused the same way.
async fn refused_for_its_fault(
    client: &Client,
    operation: OperationId,
    check: &'static Check,
    faulty: &HttpRequest,
    twin: &HttpRequest,
    pointer: &str,
    fault: &str,
) -> Outcome {
    let reply = client.send(operation, faulty).await;
    let expected = format!("a refusal (4xx) of {fault}");
    let (exchange, code) = match &reply {
        Reply::Success(exchange) => {
            let finding = check.finding(pointer, expected, reply.describe(), Some(exchange));
            return Outcome::from_findings(vec![finding]);
        }
        Reply::Refused(exchange, error) => (exchange, error.code.clone()),
        Reply::Unsupported(why) | Reply::Trouble(why) => return Outcome::indeterminate(why.clone()),
    };
    let status = exchange.response.status;
    let twin = client.send(operation, twin).await;
    match (&twin, twin.refusal()) {
        (_, Some(same)) if same == (status, code.as_deref()) => {
            Outcome::indeterminate(format!("the valid twin was refused the same way: {}", twin.describe()))
        }
        (Reply::Trouble(why) | Reply::Unsupported(why), _) => Outcome::indeterminate(format!("the valid twin: {why}")),
        _ if reply.is_server_fault() || status < 400 => {
            let finding = check.finding(pointer, expected, reply.describe(), Some(exchange));
            Outcome::from_findings(vec![finding])
        }
        _ => {
            let topic = format!("error of {}", check.id);
            client.learn(topic, format!("{status} {}", code.as_deref().unwrap_or("no error name")));
            Outcome::from_findings(Vec::new())
        }
    }
}

/// Commits a fault beside the value, and judges.
pub async fn fault(client: &Client, operation: OperationId, check: &'static Check, fault: Fault) -> Outcome {
    let schema = client.schema;
    let name = &schema[operation].name;
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let label = format!("{name}/{}", check.id);
    let base = match client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await {
        Ok(base) => base,
        Err(why) => return Outcome::indeterminate(format!("no valid request could be made: {why}")),
    };
    let twin = match encode_request(schema, operation, &base) {
        Ok(twin) => twin,
        Err(error) => return Outcome::indeterminate(error.to_string()),
    };
    match fault {
        Fault::Malformed(at) => {
            let (variant, spoil) = MALFORMED[at];
            let mut faulty = twin.clone();
            faulty.body = spoil(&String::from_utf8_lossy(&twin.body)).into_bytes();
            refused_for_its_fault(client, operation, check, &faulty, &twin, "", &format!("a body with {variant}")).await
        }
        Fault::ContentType => {
            let mut faulty = twin.clone();
            faulty.headers.set("content-type", "text/plain");
            refused_for_its_fault(client, operation, check, &faulty, &twin, "", "content type text/plain").await
        }
        Fault::UnknownMember => tolerated(client, operation, check, base).await,
        Fault::LabelEscape => escaped(client, operation, check, base).await,
    }
}

/// The name of a member that no service has.
const UNKNOWN_MEMBER: &str = "zzContractTest";

async fn tolerated(client: &Client, operation: OperationId, check: &'static Check, base: Value) -> Outcome {
    let plain = match client.call(operation, &base).await {
        Ok(reply) => reply,
        Err(why) => return Outcome::indeterminate(why),
    };
    if !matches!(plain, Reply::Success(_)) {
        return Outcome::indeterminate(format!("the request without the member: {}", plain.describe()));
    }
    // The first request has used its names up, and possibly what it deleted.
    let label = format!("{}/{}/again", client.schema[operation].name, check.id);
    let again = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await;
    let mut value = match again {
        Ok(value) => value,
        Err(why) => return Outcome::indeterminate(why),
    };
    value[UNKNOWN_MEMBER] = Value::from("ignored");
    match client.call(operation, &value).await {
        Ok(Reply::Success(_)) => Outcome::from_findings(Vec::new()),
        Ok(reply @ Reply::Refused(..)) => {
            let exchange = match &reply {
                Reply::Refused(exchange, _) => Some(&**exchange),
                _ => None,
            };
            let pointer = format!("/{UNKNOWN_MEMBER}");
            let expected = "the member is ignored";
            Outcome::from_findings(vec![check.finding(pointer, expected, reply.describe(), exchange)])
        }
        Ok(other) => Outcome::indeterminate(other.describe()),
        Err(why) => Outcome::indeterminate(why),
    }
}

async fn escaped(client: &Client, operation: OperationId, check: &'static Check, mut base: Value) -> Outcome {
    let schema = client.schema;
    let Some(label) = escapable_label(schema, operation) else {
        return Outcome::indeterminate("no label that takes any text");
    };
    let (twin, mut plain) = (base.clone(), base.clone());
    base[&label] = Value::from("ct:1/2");
    plain[&label] = Value::from("ct-1-2");
    match client.call(operation, &base).await {
        Ok(reply @ Reply::Refused(..)) => {
            let Some((status, code)) = reply.refusal() else { return Outcome::from_findings(Vec::new()) };
            let lost = code == Some("UnknownOperationException") || (status == 404 && code.is_none()) || status == 405;
            if !lost && !reply.is_server_fault() {
                // The twin rule: an endpoint that refuses what is valid in the same way says nothing.
                return match client.call(operation, &twin).await {
                    Ok(other) if other.refusal() == Some((status, code)) => {
                        Outcome::indeterminate(format!("the valid twin was refused the same way: {}", other.describe()))
                    }
                    _ => Outcome::from_findings(Vec::new()),
                };
            }
            // The same answer to a plain label shows that the slash is not to blame.
            match client.call(operation, &plain).await {
                Ok(other) if other.refusal() == Some((status, code)) => {
                    Outcome::indeterminate(format!("a plain label was refused the same way: {}", other.describe()))
                }
                _ => {
                    let Reply::Refused(exchange, _) = &reply else { return Outcome::from_findings(Vec::new()) };
                    let expected = "an answer of the operation to the label ct%3A1%2F2";
                    let finding = check.finding("", expected, reply.describe(), Some(exchange));
                    Outcome::from_findings(vec![finding])
                }
            }
        }
        Ok(Reply::Success(_)) => Outcome::from_findings(Vec::new()),
        Ok(other) => Outcome::indeterminate(other.describe()),
        Err(why) => Outcome::indeterminate(why),
    }
}
