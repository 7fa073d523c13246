//! Family shape: the answer to a valid request has the form that the model says.

use connect_model::generate::{Config, SchemaPath};
use connect_model::schema::{Binding, Kind, OperationId, Schema, ShapeId, Slot};
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::validate::{Class, ViolationKind, validate_briefly};
use connect_model::wire::{Limits, decode_response};
use serde_json::Value;

use super::shrink::shrink;
use super::{Check, MODEL, RESTJSON, row};
use crate::case::{Exchange, Finding, Level};
use crate::client::Client;
use crate::json_text::repeated_key;
use crate::observe::Observation;
use crate::reply::{Reply, unreadable};
use crate::resources;

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "shape.status",
        level: Level::Must,
        rule: "success has the HTTP status that the model gives the operation",
        source: MODEL,
        passes: "200, where the model says 200",
        fails: "201, 204 or any other status of success; a 3xx or 5xx to a valid request; a core operation that \
                refuses every valid request as invalid",
    },
    Check {
        id: "shape.content-type",
        level: Level::Must,
        rule: "a response with a body has content type application/json",
        source: RESTJSON,
        passes: "application/json, with or without parameters; an empty body without a content type",
        fails: "text/html, a missing content type on a non-empty body",
    },
    Check {
        id: "shape.json",
        level: Level::Must,
        rule: "the body of a success is a JSON object",
        source: RESTJSON,
        passes: "{}, and nothing at all where the operation has no output",
        fails: "a list, half an object, HTML, bytes that are no UTF-8; a key that stands twice is graded should",
    },
    Check {
        id: "shape.required",
        level: Level::Must,
        rule: "members that the model requires in an output are there and not null",
        source: MODEL,
        passes: "every required member present; optional ones absent or null",
        fails: "CreateRule without RuleArn",
    },
    Check {
        id: "shape.type",
        level: Level::Must,
        rule: "every modelled member has the JSON type of its shape",
        source: MODEL,
        passes: "null for an optional member counts as absent",
        fails: "\"false\" where a boolean is modelled, 1.5 for an integer, null inside a list",
    },
    Check {
        id: "shape.timestamp-format",
        level: Level::Must,
        rule: "timestamps in bodies are JSON numbers of epoch seconds unless the member says otherwise",
        source: RESTJSON,
        passes: "1715673600, 1.73229019499E9",
        fails: "\"2024-05-14T08:00:00Z\"",
    },
    Check {
        id: "shape.union",
        level: Level::Must,
        rule: "a union holds exactly one member",
        source: RESTJSON,
        passes: "one known member, others null; an unknown member alone is noted",
        fails: "two members that are not null",
    },
    Check {
        id: "shape.unknown-member",
        level: Level::Note,
        rule: "an answer holds members that the model does not know",
        source: "Connect adds members before the published model has them",
        passes: "only modelled members",
        fails: "any other key: noted, never failed",
    },
    Check {
        id: "shape.enum-unknown",
        level: Level::Note,
        rule: "an answer holds an enum value that the model does not know",
        source: "enums are open in responses",
        passes: "only modelled values",
        fails: "any other value: noted, never failed",
    },
    Check {
        id: "shape.constraint",
        level: Level::Note,
        rule: "an answer breaks a length, range, pattern or size of the model",
        source: "Smithy: servers do not enforce constraints on output",
        passes: "values within the model's constraints",
        fails: "anything outside: noted, never failed",
    },
    Check {
        id: "shape.request-id",
        level: Level::Should,
        rule: "every answer carries x-amzn-requestid",
        source: "seen on every Connect response",
        passes: "a non-empty header x-amzn-requestid or x-amz-request-id",
        fails: "no such header",
    },
];

/// Checks that can fail for an operation: those whose subject its output has.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<&'static Check> {
    let subjects = Subjects::of(schema, schema[operation].output);
    CHECKS.iter().filter(|check| subjects.has(check.id).unwrap_or(true)).collect()
}

#[derive(Default)]
struct Subjects {
    members: bool,
    required: bool,
    timestamp: bool,
    union: bool,
    choice: bool,
    constraint: bool,
}

impl Subjects {
    /// Whether a check has something to judge; none for checks that need no subject.
    fn has(&self, check: &str) -> Option<bool> {
        Some(match check {
            "shape.required" => self.required,
            "shape.timestamp-format" => self.timestamp,
            "shape.union" => self.union,
            "shape.enum-unknown" => self.choice,
            "shape.constraint" => self.constraint,
            "shape.type" | "shape.unknown-member" | "shape.json" | "shape.content-type" => self.members,
            _ => return None,
        })
    }

    /// What a value of a shape holds; what is null is not there.
    fn met(&mut self, schema: &Schema, slot: &Slot, value: &Value) {
        let traits = &slot.traits;
        self.constraint |= traits.length.is_some() || traits.range.is_some() || traits.pattern.is_some();
        match (&schema[slot.target].kind, value) {
            (Kind::Structure(members) | Kind::Union(members), Value::Object(map)) => {
                self.union |= matches!(schema[slot.target].kind, Kind::Union(_));
                self.required |= members.iter().any(|member| member.required);
                for member in members.iter() {
                    if let Some(inner) = map.get(&member.name).filter(|inner| !inner.is_null()) {
                        self.met(schema, &member.slot, inner);
                    }
                }
            }
            (Kind::List(list), Value::Array(items)) => {
                items.iter().for_each(|item| self.met(schema, &list.member, item));
            }
            (Kind::Map(map), Value::Object(entries)) => {
                for (key, inner) in entries {
                    self.met(schema, &map.key, &Value::from(key.as_str()));
                    self.met(schema, &map.value, inner);
                }
            }
            (Kind::Timestamp, _) => self.timestamp = true,
            (Kind::Enum(_) | Kind::IntEnum(_), _) => self.choice = true,
            _ => {}
        }
    }

    /// What the closure of an output shape holds.
    fn of(schema: &Schema, output: Option<ShapeId>) -> Self {
        let mut found = Self::default();
        for id in schema.reachable(output) {
            match &schema[id].kind {
                Kind::Structure(members) => {
                    found.members |= members.iter().any(|member| member.binding == Binding::Body);
                    found.required |= members.iter().any(|member| member.required);
                }
                Kind::Union(_) => found.union = true,
                Kind::Timestamp => found.timestamp = true,
                Kind::Enum(_) | Kind::IntEnum(_) => found.choice = true,
                _ => {}
            }
            for slot in schema[id].kind.slots() {
                let traits = &slot.traits;
                found.constraint |= traits.length.is_some() || traits.range.is_some() || traits.pattern.is_some();
            }
        }
        found
    }
}

/// Sends valid requests (the smallest, the fullest, and some at random) and judges every success.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    let schema = client.schema;
    let name = &schema[operation].name;
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    // Something to list and to find.
    if let Some((row, _)) = resources::listed_by(name) {
        client.resource(row, name).await;
    }
    let mut samples = vec![("smallest".to_owned(), Config::sparse()), ("fullest".to_owned(), Config::full())];
    samples.extend((0..client.cases).map(|number| (format!("random {number}"), Config::default())));
    let mut refused = Refused::default();
    for (label, config) in samples {
        let label = format!("{name}/shape/{label}");
        let input = match client.input(operation, config, &label, &SchemaPath::default()).await {
            Ok(input) => input,
            Err(why) => {
                seen.block(format!("no valid request could be made: {why}"));
                continue;
            }
        };
        match client.call(operation, &input).await {
            Ok(Reply::Success(exchange)) => {
                let mut now = Observation::default();
                if let Some(output) = judge(schema, operation, &exchange, &mut now) {
                    client.touched().value(schema, schema[operation].output, &output);
                }
                let findings = seen.take(now);
                for finding in findings {
                    let shows = |exchange: &Exchange| {
                        let mut again = Observation::default();
                        judge(schema, operation, exchange, &mut again);
                        again.into_findings()
                    };
                    seen.add(vec![shrink(client, operation, &input, finding, shows).await]);
                }
            }
            Ok(reply @ Reply::Refused(..)) => {
                let Reply::Refused(exchange, _) = &reply else { continue };
                if reply.is_server_fault() || (300..400).contains(&exchange.response.status) {
                    let check = row(CHECKS, "shape.status");
                    seen.judged(check.id);
                    let expected = format!("{} or a refusal (4xx)", schema[operation].status);
                    seen.add(vec![check.finding("", expected, reply.describe(), Some(exchange))]);
                }
                seen.block(format!("valid requests were refused: {}", reply.describe()));
                refused.with(schema, operation, &reply, exchange);
            }
            Ok(other) => seen.block(other.describe()),
            Err(why) => seen.block(format!("no valid request could be sent: {why}")),
        }
    }
    refused.throughout(schema, operation, client.cases + 2, &mut seen);
    seen
}

/// Refusals of valid requests as invalid.
#[derive(Default)]
struct Refused {
    times: u32,
    /// What the first of them breaks, if all are.
    first: Option<Finding>,
}

impl Refused {
    fn with(&mut self, schema: &Schema, operation: OperationId, reply: &Reply, exchange: &Exchange) {
        if exchange.response.status == 400 {
            self.times += 1;
            self.first.get_or_insert_with(|| {
                let expected = format!("{} to the smallest valid request", schema[operation].status);
                row(CHECKS, "shape.status").finding("", expected, reply.describe(), Some(exchange))
            });
        }
    }

    /// The smallest request to a core operation is one that a healthy service accepts: an endpoint that calls it and all
    /// the others invalid refuses valid requests.
    fn throughout(self, schema: &Schema, operation: OperationId, sent: u32, seen: &mut Observation) {
        if let Some(first) = self.first.filter(|_| self.times >= sent)
            && CORE_OPERATIONS.contains(&schema[operation].name.as_str())
        {
            seen.judged(first.check);
            seen.add(vec![first]);
        }
    }
}

/// Judges one success, and gives the value that it holds if it can be read.
pub(crate) fn judge(
    schema: &Schema,
    operation: OperationId,
    exchange: &Exchange,
    seen: &mut Observation,
) -> Option<Value> {
    let contract = &schema[operation];
    let response = &exchange.response;
    // Only so many of each check are kept: an answer may have as many faults as it has bytes.
    let mut found = Observation::default();
    let mut fail = |id: &str, pointer: &str, expected: String, actual: String| {
        if found.has_room(id) {
            found.add(vec![row(CHECKS, id).finding(pointer, expected, actual, Some(exchange))]);
        }
    };
    if response.status != contract.status {
        fail("shape.status", "", contract.status.to_string(), response.status.to_string());
    }
    let request_id = ["x-amzn-requestid", "x-amz-request-id"];
    if !request_id.iter().any(|name| response.headers.get(name).is_some_and(|value| !value.is_empty())) {
        fail("shape.request-id", "", "a header x-amzn-requestid".to_owned(), "none".to_owned());
    }
    for id in ["shape.status", "shape.request-id"] {
        seen.judged(row(CHECKS, id).id);
    }
    let raw_payload =
        schema.output_members(contract).is_some_and(|members| members.iter().any(|m| m.binding == Binding::Payload));
    if !response.body.is_empty() && !raw_payload {
        let found = response.headers.get("content-type");
        let essence = found.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        if essence.as_deref() != Some("application/json") {
            let actual = found.map_or("none".to_owned(), str::to_owned);
            fail("shape.content-type", "", "application/json".to_owned(), actual);
        }
    }
    let Some(output) = contract.output else {
        seen.add(found.into_findings());
        return None;
    };
    seen.judged(row(CHECKS, "shape.content-type").id);
    seen.judged(row(CHECKS, "shape.json").id);
    let decoded = match decode_response(schema, operation, response, &Limits::default()) {
        Ok(decoded) => decoded,
        Err(error) => {
            fail("shape.json", "", "a JSON object".to_owned(), unreadable(exchange, error));
            seen.add(found.into_findings());
            return None;
        }
    };
    if let Some(pointer) = repeated_key(&response.body).filter(|_| !raw_payload && found.has_room("shape.json")) {
        let check = row(CHECKS, "shape.json");
        let mut finding =
            check.finding(pointer, "every key of an object once", "a key that stands twice", Some(exchange));
        // RFC 8259 only recommends it.
        finding.level = Level::Should;
        found.add(vec![finding]);
    }
    let mut fail = |id: &str, pointer: &str, expected: String, actual: String| {
        if found.has_room(id) {
            found.add(vec![row(CHECKS, id).finding(pointer, expected, actual, Some(exchange))]);
        }
    };
    for unknown in &decoded.unknown {
        fail("shape.unknown-member", &unknown.pointer, "modelled members only".to_owned(), unknown.holds.to_owned());
    }
    for problem in &decoded.problems {
        fail("shape.type", &problem.pointer, problem.expected.clone(), problem.actual.clone());
    }
    for violation in validate_briefly(schema, output, &decoded.value) {
        let (id, level) = grade(violation.kind);
        if !found.has_room(id) {
            continue;
        }
        let place = decoded.value.pointer(&violation.path);
        let mut finding = row(CHECKS, id).finding(violation.path, violation.expected, violation.found, Some(exchange));
        // A union whose only member is one that we do not know yet is drift.
        let unknown_variant = violation.kind == ViolationKind::UnionNone
            && place.and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        finding.level = if unknown_variant { Level::Note } else { level.unwrap_or(finding.level) };
        found.add(vec![finding]);
    }
    // A check whose subject no answer holds has judged nothing.
    let mut subjects = Subjects { members: true, ..Subjects::default() };
    subjects.met(schema, &schema.slot_of(output), &decoded.value);
    for check in CHECKS.iter().filter(|check| subjects.has(check.id) == Some(true)) {
        seen.judged(check.id);
    }
    seen.add(found.into_findings());
    Some(decoded.value)
}

/// The check for a violation in an output, and its level where that differs from the check's.
fn grade(kind: ViolationKind) -> (&'static str, Option<Level>) {
    match kind.class() {
        Class::Required => ("shape.required", None),
        Class::Type => ("shape.type", None),
        Class::TimestampFormat => ("shape.timestamp-format", None),
        Class::Union => ("shape.union", (kind == ViolationKind::UnionNone).then_some(Level::Should)),
        Class::Enum => ("shape.enum-unknown", None),
        Class::Limit => ("shape.constraint", None),
    }
}
