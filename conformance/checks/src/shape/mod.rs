//! Family shape: the answer to a valid request has the form that the model says.

use std::rc::Rc;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, Kind, OperationId, Schema, ShapeId, Slot};
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::validate::{Class, ViolationKind, validate_briefly};
use connect_model::wire::{Limits, decode_response};
use serde_json::Value;

use crate::case::{Finding, Level};
use crate::check::{Check, MODEL, RESTJSON, Remote};
use crate::client::Client;
use crate::client::reply::{Reply, unreadable};
use crate::code::{Observed, Observer, Scope};
use crate::families::{Family, Services};
use crate::observe::Observation;
use crate::resources;
use crate::shrink::shrink;
use connect_transport::exchange::Exchange;
use connect_transport::json_text::repeated_key;

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &STATUS,
    &CONTENT_TYPE,
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

/// `shape.status`.
pub(crate) static STATUS: Check = Check {
    id: "shape.status",
    level: Level::Must,
    // A client retries a server error, and it may still be on the way to the service.
    remote: Remote { usual: Level::Must, server_error: Level::Should },
    rule: "success has the HTTP status that the model gives the operation",
    source: MODEL,
    passes: "200, where the model says 200",
    fails: "201, 204 or any other status of success; a 3xx or 5xx to a valid request; a core operation that \
            refuses every valid request as invalid",
    code: &Observed { applies: |_| true, by: &OBSERVER },
};

/// `shape.content-type`.
pub(crate) static CONTENT_TYPE: Check = Check {
    id: "shape.content-type",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a response with a body has content type application/json",
    source: RESTJSON,
    passes: "application/json, with or without parameters; an empty body without a content type",
    fails: "text/html, a missing content type on a non-empty body",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

/// `shape.json`.
pub(crate) static JSON: Check = Check {
    id: "shape.json",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the body of a success is a JSON object",
    source: RESTJSON,
    passes: "{}, and nothing at all where the operation has no output",
    fails: "a list, half an object, HTML, bytes that are no UTF-8; a key that stands twice is graded should",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

/// `shape.required`.
pub(crate) static REQUIRED: Check = Check {
    id: "shape.required",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "members that the model requires in an output are there and not null",
    source: MODEL,
    passes: "every required member present; optional ones absent or null",
    fails: "CreateRule without RuleArn",
    code: &Observed { applies: |scope| subjects(scope).required, by: &OBSERVER },
};

/// `shape.type`.
pub(crate) static TYPE: Check = Check {
    id: "shape.type",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "every modelled member has the JSON type of its shape",
    source: MODEL,
    passes: "null for an optional member counts as absent",
    fails: "\"false\" where a boolean is modelled, 1.5 for an integer, null inside a list",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

/// `shape.timestamp-format`.
pub(crate) static TIMESTAMP_FORMAT: Check = Check {
    id: "shape.timestamp-format",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "timestamps in bodies are JSON numbers of epoch seconds unless the member says otherwise",
    source: RESTJSON,
    passes: "1715673600, 1.73229019499E9",
    fails: "\"2024-05-14T08:00:00Z\"",
    code: &Observed { applies: |scope| subjects(scope).timestamp, by: &OBSERVER },
};

/// `shape.union`.
pub(crate) static UNION: Check = Check {
    id: "shape.union",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a union holds exactly one member",
    source: RESTJSON,
    passes: "one known member, others null; an unknown member alone is noted",
    fails: "two members that are not null",
    code: &Observed { applies: |scope| subjects(scope).union, by: &OBSERVER },
};

/// `shape.unknown-member`.
pub(crate) static UNKNOWN_MEMBER: Check = Check {
    id: "shape.unknown-member",
    level: Level::Note,
    remote: Remote::SAME,
    rule: "an answer holds members that the model does not know",
    source: "Connect adds members before the published model has them",
    passes: "only modelled members",
    fails: "any other key: noted, never failed",
    code: &Observed { applies: |scope| subjects(scope).members, by: &OBSERVER },
};

/// `shape.enum-unknown`.
pub(crate) static ENUM_UNKNOWN: Check = Check {
    id: "shape.enum-unknown",
    level: Level::Note,
    remote: Remote::SAME,
    rule: "an answer holds an enum value that the model does not know",
    source: "enums are open in responses",
    passes: "only modelled values",
    fails: "any other value: noted, never failed",
    code: &Observed { applies: |scope| subjects(scope).choice, by: &OBSERVER },
};

/// `shape.constraint`.
pub(crate) static CONSTRAINT: Check = Check {
    id: "shape.constraint",
    level: Level::Note,
    remote: Remote::SAME,
    rule: "an answer breaks a length, range, pattern or size of the model",
    source: "Smithy: servers do not enforce constraints on output",
    passes: "values within the model's constraints",
    fails: "anything outside: noted, never failed",
    code: &Observed { applies: |scope| subjects(scope).constraint, by: &OBSERVER },
};

/// `shape.request-id`.
pub(crate) static REQUEST_ID: Check = Check {
    id: "shape.request-id",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "every answer carries x-amzn-requestid",
    source: "seen on every Connect response",
    passes: "a non-empty header x-amzn-requestid or x-amz-request-id",
    fails: "no such header",
    code: &Observed { applies: |_| true, by: &OBSERVER },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "shape",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    compares_recorded: false,
};

static OBSERVER: Observer =
    Observer { name: "shape", observe: |client, operation| Box::pin(observe(client, operation)) };

/// What the output of the operation in scope can hold.
fn subjects(scope: &Scope<'_>) -> Rc<Subjects> {
    scope.once("shape", || Subjects::of(scope.schema, scope.contract.output))
}

/// Parts of an output that checks judge.
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
    /// The checks that have something to judge.
    fn checks(&self) -> impl Iterator<Item = &'static Check> {
        [
            (self.members, &TYPE),
            (self.members, &UNKNOWN_MEMBER),
            (self.members, &JSON),
            (self.members, &CONTENT_TYPE),
            (self.required, &REQUIRED),
            (self.timestamp, &TIMESTAMP_FORMAT),
            (self.union, &UNION),
            (self.choice, &ENUM_UNKNOWN),
            (self.constraint, &CONSTRAINT),
        ]
        .into_iter()
        .filter_map(|(present, check)| present.then_some(check))
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
                    let check = &STATUS;
                    seen.judged(check);
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
                STATUS.finding("", expected, reply.describe(), Some(exchange))
            });
        }
    }

    /// The smallest request to a core operation is one that a healthy service accepts: an endpoint that calls it and all
    /// the others invalid refuses valid requests.
    fn throughout(self, schema: &Schema, operation: OperationId, sent: u32, seen: &mut Observation) {
        if let Some(first) = self.first.filter(|_| self.times >= sent)
            && CORE_OPERATIONS.contains(&schema[operation].name.as_str())
        {
            seen.judged(&STATUS);
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
    let mut found = Found { kept: Observation::default(), exchange };
    if response.status != contract.status {
        found.add(&STATUS, "", contract.status.to_string(), response.status.to_string());
    }
    let request_id = ["x-amzn-requestid", "x-amz-request-id"];
    if !request_id.iter().any(|name| response.headers.get(name).is_some_and(|value| !value.is_empty())) {
        found.add(&REQUEST_ID, "", "a header x-amzn-requestid".to_owned(), "none".to_owned());
    }
    for check in [&STATUS, &REQUEST_ID] {
        seen.judged(check);
    }
    let raw_payload =
        schema.output_members(contract).is_some_and(|members| members.iter().any(|m| m.binding == Binding::Payload));
    if !response.body.is_empty() && !raw_payload {
        let given = response.headers.get("content-type");
        let essence = given.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        if essence.as_deref() != Some("application/json") {
            let actual = given.map_or("none".to_owned(), str::to_owned);
            found.add(&CONTENT_TYPE, "", "application/json".to_owned(), actual);
        }
    }
    let Some(output) = contract.output else {
        seen.add(found.kept.into_findings());
        return None;
    };
    seen.judged(&CONTENT_TYPE);
    seen.judged(&JSON);
    let decoded = match decode_response(schema, operation, response, &Limits::default()) {
        Ok(decoded) => decoded,
        Err(error) => {
            found.add(&JSON, "", "a JSON object".to_owned(), unreadable(exchange, error));
            seen.add(found.kept.into_findings());
            return None;
        }
    };
    if let Some(pointer) = repeated_key(&response.body).filter(|_| !raw_payload) {
        // RFC 8259 only recommends unique keys.
        let expected = "every key of an object once".to_owned();
        found.graded(&JSON, Some(Level::Should), &pointer, expected, "a key that stands twice".to_owned());
    }
    for unknown in &decoded.unknown {
        found.add(&UNKNOWN_MEMBER, &unknown.pointer, "modelled members only".to_owned(), unknown.holds.to_owned());
    }
    for problem in &decoded.problems {
        found.add(&TYPE, &problem.pointer, problem.expected.clone(), problem.actual.clone());
    }
    for violation in validate_briefly(schema, output, &decoded.value) {
        let (check, level) = grade(violation.kind);
        let place = decoded.value.pointer(&violation.path);
        // A union with an unknown member alone is drift.
        let unknown_variant = violation.kind == ViolationKind::UnionNone
            && place.and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        let level = if unknown_variant { Some(Level::Note) } else { level };
        found.graded(check, level, &violation.path, violation.expected, violation.found);
    }
    // A check whose subject no answer holds has judged nothing.
    let mut subjects = Subjects { members: true, ..Subjects::default() };
    subjects.met(schema, &schema.slot_of(output), &decoded.value);
    for check in subjects.checks() {
        seen.judged(check);
    }
    seen.add(found.kept.into_findings());
    Some(decoded.value)
}

/// The findings on one response. Few of each check are kept: a response may have as many faults as it has bytes.
struct Found<'e> {
    kept: Observation,
    exchange: &'e Exchange,
}

impl Found<'_> {
    fn add(&mut self, check: &'static Check, pointer: &str, expected: String, actual: String) {
        self.graded(check, None, pointer, expected, actual);
    }

    fn graded(&mut self, check: &'static Check, level: Option<Level>, pointer: &str, expected: String, actual: String) {
        if self.kept.has_room(check) {
            let mut finding = check.finding(pointer, expected, actual, Some(self.exchange));
            finding.level = level.unwrap_or(finding.level);
            self.kept.add(vec![finding]);
        }
    }
}

/// The check that a violation in an output belongs to, and its level where that is not the check's.
fn grade(kind: ViolationKind) -> (&'static Check, Option<Level>) {
    match kind.class() {
        Class::Required => (&REQUIRED, None),
        Class::Type => (&TYPE, None),
        Class::TimestampFormat => (&TIMESTAMP_FORMAT, None),
        Class::Union => (&UNION, (kind == ViolationKind::UnionNone).then_some(Level::Should)),
        Class::Enum => (&ENUM_UNKNOWN, None),
        Class::Limit => (&CONSTRAINT, None),
    }
}
