//! Family error: error responses have the form, the names and the statuses that clients rely on.

mod found;

use std::rc::Rc;

use arbitrary::Unstructured;
use connect_model::generate::{Config, Side, sites};
use connect_model::path::SchemaPath;
use connect_model::resources as graph;
use connect_model::schema::{Binding, OperationId, Schema};
use connect_model::validate::validate_slot;
use connect_model::wire::{DecodedError, encode_request};
use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::case::{Finding, Level};
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::client::reply::{GATEWAY, Reply, is_absence};
use crate::code::{Observed, Observer, On, Scope};
use crate::evidence::{Evidence, GONE, MALFORMED, MODEL, RESTJSON};
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::invalid::has_json_body;
use crate::observe::Observation;
use crate::resources;
use crate::resources::Resource;
use crate::twin::distinguishes;
use connect_model::text::excerpt;

/// The checks of this family, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] =
    &[&MODELLED, &STATUS_MATCHES_TYPE, &DISCRIMINATOR, &JSON_BODY, &NO_5XX, &NO_LEAK, &NOT_FOUND, &FOUND];

pub(crate) static MODELLED: Check = Check {
    id: "error.modelled",
    level: Level::Must,
    // The lists of errors in the model are incomplete.
    remote: Remote::ALWAYS_SHOULD,
    rule: "the name of an error is listed by the operation, or belongs to the common errors of the gateway",
    evidence: &[Evidence::model(
        "service model of Amazon Connect (botocore), errors of the operation; the lists are not complete",
    )],
    harm: Harm::Form,
    fault: "answered with an error name that the operation does not have",
    passes: "InvalidRequestException, if the operation lists it; AccessDeniedException for any operation",
    fails: "a name that neither the operation nor the gateway has",
    code: &Observed { applies: |scope| provokable(scope).any, by: &OBSERVER },
};

pub(crate) static STATUS_MATCHES_TYPE: Check = Check {
    id: "error.status-matches-type",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a modelled error has the status that the model defines for it",
    evidence: &[MODEL, Evidence::documentation("Connect API reference, HTTP status code of each error")],
    harm: Harm::Form,
    fault: "answered an error with another status than the model defines for it",
    passes: "ResourceNotFoundException with 404",
    fails: "ResourceNotFoundException with 400",
    code: &Observed {
        applies: |scope| provokable(scope).own && validation_errors(scope.schema, scope.operation).next().is_some(),
        by: &OBSERVER,
    },
};

pub(crate) static DISCRIMINATOR: Check = Check {
    id: "error.discriminator",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an error contains its name: in the header x-amzn-errortype, or in code or __type in the body",
    evidence: &[RESTJSON],
    harm: Harm::Form,
    fault: "answered errors without a name",
    passes: "any of the three, with or without a namespace or URI",
    fails: "a 4xx without a name",
    code: &Observed { applies: |scope| provokable(scope).any, by: &OBSERVER },
};

pub(crate) static JSON_BODY: Check = Check {
    id: "error.json-body",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the body of an error is a JSON object, or empty",
    evidence: &[
        RESTJSON,
        Evidence::captured(
            "a body of plain text broke clients, and the service was corrected in 2023 (aws/aws-sdk-js-v3#4256)",
        ),
    ],
    harm: Harm::Form,
    fault: "answered errors with a body that is not JSON",
    passes: "{\"Message\": \"…\"}; an empty body",
    fails: "HTML or plain text in a 4xx response",
    code: &Observed { applies: |scope| provokable(scope).any, by: &OBSERVER },
};

pub(crate) static NO_5XX: Check = Check {
    id: "error.no-5xx",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an invalid request is the fault of the client and never causes a 5xx response",
    evidence: &[
        Evidence::normative("RFC 9110, 15.5 and 15.6: 4xx if the client is at fault, 5xx if the server is"),
        MALFORMED,
        Evidence::model("service model of Amazon Connect (botocore), errors for invalid input with status 400"),
    ],
    harm: Harm::Crash,
    fault: "answered invalid requests with a server error",
    passes: "any 4xx",
    fails: "500 to an unknown id or to a malformed body",
    code: &Observed { applies: |scope| provokable(scope).any, by: &OBSERVER },
};

pub(crate) static NO_LEAK: Check = Check {
    id: "error.no-leak",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an error shows no internals of the server",
    evidence: &[Evidence::documentation(
        "OWASP ASVS, error handling, and CWE-209: an error message shows no stack trace and no other internals",
    )],
    harm: Harm::Access,
    fault: "showed internals of the server in an error",
    passes: "a message about the request",
    fails: "a stack trace, a source file with a line number, an HTML error page",
    code: &Observed { applies: |scope| provokable(scope).any, by: &OBSERVER },
};

pub(crate) static NOT_FOUND: Check = Check {
    id: "error.not-found",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a request for a resource that does not exist is answered with 404 ResourceNotFoundException",
    evidence: &[
        Evidence::model(
            "service model of Amazon Connect (botocore), ResourceNotFoundException with 404; for an unknown instance, any 4xx is accepted",
        ),
        GONE,
    ],
    harm: Harm::WrongData,
    fault: "answered requests for missing resources with something else than 404 ResourceNotFoundException",
    passes: "404 ResourceNotFoundException to a well-formed id of no resource",
    fails: "2xx; another 4xx to the id of a rule, flow or module; a 5xx fails error.no-5xx instead",
    code: &Observed { applies: |scope| absent_member(scope.schema, scope.operation).is_some(), by: &OBSERVER },
};

pub(crate) static FOUND: Check = Check {
    id: "error.found",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a request that names resources that exist is not answered as if one of them did not",
    evidence: &[Evidence::model(
        "service model of Amazon Connect (botocore), ResourceNotFoundException: the specified resource was not found",
    )],
    harm: Harm::WrongData,
    fault: "answered that a resource does not exist, which it shows at the same time",
    passes: "success, or a refusal for another reason, where the required members name nothing but resources of the run",
    fails: "404 ResourceNotFoundException, again and again, while each named resource is described",
    code: &On { applies: found::named, run: found::found },
};

/// A well-formed id of no resource.
pub(crate) const UNKNOWN_ID: &str = "00000000-0000-4000-8000-00000000dead";

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "error",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, _| 5,
    compares_recorded: false,
};

static OBSERVER: Observer =
    Observer { name: "error", observe: |client, operation| Box::pin(observe(client, operation)) };

/// The errors that can be provoked on an operation.
struct Provokable {
    /// True for errors of any kind.
    any: bool,
    /// True for errors of the operation itself. Malformed requests are rejected by the gateway, with its own names and
    /// statuses.
    own: bool,
}

fn provokable(scope: &Scope<'_>) -> Rc<Provokable> {
    scope.once("error", || {
        let sites = scope.sites();
        let own = absent_member(scope.schema, scope.operation).is_some()
            || sites.iter().any(|site| !site.mutation.kind.is_structural());
        Provokable { own, any: own || has_json_body(scope.schema, scope.operation) || !sites.is_empty() }
    })
}

/// The errors that the operation lists for invalid input.
fn validation_errors(schema: &Schema, operation: OperationId) -> impl Iterator<Item = &str> {
    const NAMES: &[&str] = &["InvalidRequestException", "InvalidParameterException"];
    let names = schema[operation].errors.iter().map(|id| schema[*id].name.as_str());
    names.filter(|name| NAMES.contains(name) || (name.contains("Validation") && !GATEWAY.contains(name)))
}

/// The member of the path that identifies a resource. The bool is true if an unknown resource is known to be answered with
/// 404.
pub(crate) fn absent_member(schema: &'static Schema, operation: OperationId) -> Option<(String, bool)> {
    let contract = &schema[operation];
    let is_connect = schema.service.is_connect();
    let members = schema.input_members(contract)?;
    let actions = graph::shared(schema).actions_of(operation).filter(|(_, action)| !action.role.lists());
    let named = actions.filter_map(|(kind, action)| {
        let member = members.get(kind.id_member(action)?)?;
        let fits = validate_slot(schema, &member.slot, &UNKNOWN_ID.into()).is_empty();
        // A service may look up references in the body later.
        let is_place = matches!(member.binding, Binding::Label(_));
        (fits && is_place).then(|| (member.name.clone(), resources::named(schema, &kind.noun)))
    });
    let (member, row) = named.into_iter().next()?;
    let listed = contract.errors.iter().any(|error| is_absence(&schema[*error].name));
    // Other services may call an id of another form invalid, and a Put may make what does not exist.
    let certain = is_connect && !row.is_none_or(Resource::is_instance);
    let may_make = !is_connect && contract.name.starts_with("Put");
    (listed && !may_make).then_some((member, certain))
}

/// Provokes all kinds of errors that the operation has, and judges each.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    let schema = client.schema;
    let name = &schema[operation].name;
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    let label = format!("{name}/error");
    let base = match client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await {
        Ok(base) => base,
        Err(why) => {
            seen.block(format!("no valid request could be generated: {why}"));
            return seen;
        }
    };
    if let Some((member, certain)) = absent_member(schema, operation) {
        let mut value = base.clone();
        value[&member] = Value::from(UNKNOWN_ID);
        let check = &NOT_FOUND;
        match client.call(operation, &value).await {
            Ok(reply) => {
                judge(schema, operation, &reply, &mut seen);
                let twin = client.call(operation, &base).await;
                match twin.and_then(|twin| distinguishes(&reply, &twin)) {
                    Err(why) if reply.refusal().is_some() => seen.block(why),
                    _ => not_found(client, check, &member, certain, &reply, &mut seen),
                }
            }
            Err(why) => seen.block(why),
        }
    }
    // One mutation and one malformed body are enough to see the form of errors.
    if let Some(mutant) = any_mutant(client, operation, &label).await {
        match client.call(operation, &mutant).await {
            Ok(reply) => judge(schema, operation, &reply, &mut seen),
            Err(why) => seen.block(why),
        }
    }
    if has_json_body(schema, operation) {
        match encode_request(schema, operation, &base) {
            Ok(mut request) => {
                request.body = b"{\"half\":".to_vec();
                judge(schema, operation, &client.send(operation, &request).await, &mut seen);
            }
            Err(error) => seen.block(error.to_string()),
        }
    }
    seen
}

/// Returns an invalid input from the first mutation that can be generated and sent. Constraints that the operation
/// itself checks come first.
pub(crate) async fn any_mutant(client: &Client, operation: OperationId, label: &str) -> Option<Value> {
    let schema = client.schema;
    let generator = client.generator(Config::sparse());
    let mut all = sites(schema, operation, Side::Input);
    // The sort is stable: constraints before structural mutations, each in breadth-first order.
    all.sort_by_key(|site| site.mutation.kind.is_structural());
    for site in all {
        let base = client.input(operation, Config::sparse(), label, &site.mutation.path).await.ok()?;
        let bytes = client.bytes(&format!("{label}/mutation"));
        let mutant = generator.mutate(operation, Side::Input, &site, base, &mut Unstructured::new(&bytes));
        if let Ok(mutant) = mutant
            && encode_request(schema, operation, &mutant.value).is_ok()
        {
            return Some(mutant.value);
        }
    }
    None
}

fn not_found(
    client: &Client,
    check: &'static Check,
    member: &str,
    certain: bool,
    reply: &Reply,
    seen: &mut Observation,
) {
    let (exchange, conforms) = match reply {
        Reply::Success(exchange) => (exchange, false),
        Reply::Refused(exchange, error) => {
            let status = exchange.response.status;
            if reply.is_server_fault() {
                seen.block(format!("{}; see error.no-5xx", reply.describe()));
                return;
            }
            let code = error.code.as_deref().unwrap_or("no error name");
            if !certain && client.schema.service.is_connect() {
                client.learn("answer to an unknown instance", format!("{status} {code}"));
            }
            let named = error.code.as_deref() == Some("ResourceNotFoundException") || error.code.is_none();
            (exchange, if certain { status == 404 && named } else { (400..500).contains(&status) })
        }
        Reply::Unsupported(why) | Reply::Trouble(why, _) => {
            seen.block(why.clone());
            return;
        }
    };
    seen.judged(check);
    if !conforms {
        let expected = if certain { "404 ResourceNotFoundException" } else { "a rejection (4xx) of an unknown id" };
        let finding = check.finding(format!("/{member}"), expected, reply.describe(), Some(exchange));
        let by_name = certain && exchange.response.status == 404;
        seen.add(vec![if by_name { finding.by_name_alone(client.target.loopback) } else { finding }]);
    }
}

/// Texts that show internals of a server, each with a description.
const LEAKS: &[(&str, &str)] = &[
    ("Traceback (most recent call last)", "a Python stack trace"),
    ("\n\tat ", "a Java stack trace"),
    ("\n    at ", "a JavaScript stack trace"),
    ("panicked at", "a Rust panic"),
    ("stack backtrace", "a stack trace"),
    ("goroutine ", "a Go stack trace"),
    (".java:", "a source file and line"),
    (".py\", line ", "a source file and line"),
    (".rs:", "a source file and line"),
    ("<!DOCTYPE html", "an HTML page"),
    ("<html", "an HTML page"),
];

/// Judges an error response. Other replies are recorded as a reason why nothing was judged.
pub(crate) fn judge(schema: &Schema, operation: OperationId, reply: &Reply, seen: &mut Observation) {
    let (exchange, error) = match reply {
        Reply::Refused(exchange, error) => (exchange, error),
        Reply::Success(_) => {
            seen.block("no request provoked an error: invalid requests were accepted");
            return;
        }
        Reply::Unsupported(why) | Reply::Trouble(why, _) => {
            seen.block(why.clone());
            return;
        }
    };
    let status = exchange.response.status;
    let mut findings = Vec::new();
    let mut fail = |check: &Check, expected: String, actual: String| {
        findings.push(check.finding("", expected, actual, Some(exchange)));
    };
    if reply.is_server_fault() {
        fail(&NO_5XX, "a rejection (4xx)".to_owned(), reply.describe());
    }
    let body = String::from_utf8_lossy(&exchange.response.body);
    let text = unescaped(&error.body, &body);
    if let Some((pattern, leak)) = LEAKS.iter().find(|(pattern, _)| text.contains(pattern)) {
        fail(&NO_LEAK, "a message about the request".to_owned(), format!("{leak} (`{}`)", pattern.trim()));
    }
    for check in [&NO_5XX, &NO_LEAK] {
        seen.judged(check);
    }
    if status < 500 {
        if !exchange.response.body.is_empty() && !error.body_is_json {
            fail(&JSON_BODY, "a JSON object or an empty body".to_owned(), excerpt(&body));
        }
        if error.code.is_none() {
            fail(&DISCRIMINATOR, "an error name in header or body".to_owned(), "none".to_owned());
        }
        for check in [&JSON_BODY, &DISCRIMINATOR] {
            seen.judged(check);
        }
    }
    findings.extend(judge_name(schema, operation, exchange, error, seen));
    seen.add(findings);
}

/// Judges the name of an error, if it has one.
fn judge_name(
    schema: &Schema,
    operation: OperationId,
    exchange: &Exchange,
    error: &DecodedError,
    seen: &mut Observation,
) -> Vec<Finding> {
    let Some(code) = error.code.as_deref() else { return Vec::new() };
    let mut findings = Vec::new();
    let listed = schema.error_of(&schema[operation], code);
    seen.judged(&MODELLED);
    if listed.is_none() && !GATEWAY.contains(&code) {
        let expected = format!("one of the errors of the operation: {}", error_names(schema, operation));
        findings.push(MODELLED.finding("", expected, code, Some(exchange)));
    }
    // The model does not define the statuses of gateway errors.
    if let Some(shape) = listed.filter(|_| !GATEWAY.contains(&code)) {
        let check = &STATUS_MATCHES_TYPE;
        seen.judged(check);
        let expected = schema[shape].error.map_or(400, |error| error.status);
        if expected != exchange.response.status {
            let actual = format!("{} {code}", exchange.response.status);
            findings.push(check.finding("", format!("{expected} {code}"), actual, Some(exchange)));
        }
    }
    findings
}

fn error_names(schema: &Schema, operation: OperationId) -> String {
    schema[operation].errors.iter().map(|id| schema[*id].name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The strings of a JSON body, unescaped, so that stack traces in strings are found; the raw body if it is not JSON.
fn unescaped(json: &Value, raw: &str) -> String {
    match json {
        Value::Object(_) | Value::Array(_) => {
            let mut texts = Vec::new();
            let mut queue = vec![json];
            while let Some(value) = queue.pop() {
                match value {
                    Value::String(text) => texts.push(text.as_str()),
                    Value::Array(items) => queue.extend(items),
                    Value::Object(map) => queue.extend(map.values()),
                    _ => {}
                }
            }
            texts.join("\n")
        }
        _ => raw.to_owned(),
    }
}
