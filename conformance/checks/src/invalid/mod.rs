//! Family invalid: a request that breaks the contract in exactly one way is refused, and for that reason.
//!
//! See [`crate::twin`] for the twin rule.

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, Site};
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, Kind, OperationId, Schema};
use connect_model::validate::ViolationKind;
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpRequest;
use serde_json::Value;

use crate::case::{Level, Outcome};
use crate::check::{Check, MODEL, RESTJSON, Remote};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::code::{Attempt, Bound, Code, Omission, On, Scope, Trial, Variant};
use crate::families::{Family, Services};
use crate::judge::Judgement;
use crate::language;
use crate::twin::distinguishes;

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&MALFORMED_JSON, &WRONG_CONTENT_TYPE, &LABEL_ESCAPE, &UNKNOWN_MEMBER_TOLERATED];

/// `invalid.malformed-json`.
pub(crate) static MALFORMED_JSON: Check = Check {
    id: "invalid.malformed-json",
    level: Level::Must,
    remote: Remote::NOTE,
    rule: "a body that is no JSON object is refused",
    source: RESTJSON,
    passes: "4xx, while the same body unharmed is not refused the same way",
    fails: "2xx or 5xx to half an object, trailing text, a list",
    code: &On { applies: malformed_bodies, run: malformed },
};

/// `invalid.wrong-content-type`.
pub(crate) static WRONG_CONTENT_TYPE: Check = Check {
    id: "invalid.wrong-content-type",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "a JSON body that is declared as something else is refused",
    source: RESTJSON,
    passes: "415 or another 4xx",
    fails: "2xx to content type text/plain; recommended only, since Connect is older than the rule",
    code: &On { applies: with_body, run: wrong_content_type },
};

/// `invalid.label-escape`.
pub(crate) static LABEL_ESCAPE: Check = Check {
    id: "invalid.label-escape",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an escaped slash in a path label belongs to the label and reaches the operation",
    source: RESTJSON,
    passes: "any answer of the operation to a label that holds %2F and %3A",
    fails: "an answer that the operation is unknown, or a 5xx",
    code: &On { applies: escapable, run: escaped },
};

/// `invalid.unknown-member-tolerated`.
pub(crate) static UNKNOWN_MEMBER_TOLERATED: Check = Check {
    id: "invalid.unknown-member-tolerated",
    level: Level::Should,
    remote: Remote::NOTE,
    rule: "members that the model does not know are ignored in requests",
    source: RESTJSON,
    passes: "the same answer as without the member",
    fails: "a refusal; recommended only, since no page of Connect says so",
    code: &On { applies: with_body, run: tolerated },
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "invalid",
    checks: || MUTATIONS.iter().chain(CHECKS.iter().copied()).chain(language::CHECKS.iter().copied()).collect(),
    services: Services::All,
    judges_input: true,
    compares_recorded: false,
};

/// One check for each kind of violation.
static MUTATIONS: LazyLock<Vec<Check>> =
    LazyLock::new(|| ViolationKind::ALL.iter().copied().map(mutation_of).collect());

/// True if the check breaks a constraint of the model.
pub(crate) fn breaks_a_constraint(check: &Check) -> bool {
    MUTATIONS.iter().any(|mutation| mutation == check)
}

/// The check for a kind of violation, derived from the table in the model.
fn mutation_of(kind: ViolationKind) -> Check {
    Check {
        id: format!("invalid.{kind}").leak(),
        level: Level::Must,
        remote: if kind.is_structural() { Remote::NOTE } else { Remote::SHOULD },
        rule: kind.rule(),
        source: if kind.is_structural() { RESTJSON } else { MODEL },
        passes: "any 4xx that is about the request, while its valid twin is not rejected the same way",
        fails: "2xx, or 5xx",
        code: Box::leak(Box::new(Mutations(kind))),
    }
}

/// The code of a check that breaks one kind of constraint, at each place of the input that has one.
struct Mutations(ViolationKind);

impl Code for Mutations {
    fn variants(&'static self, scope: &Scope<'_>, check: &'static Check) -> Vec<Variant> {
        let Scope { schema, operation, contract, .. } = *scope;
        let generator = Generator::new(schema, Config::sparse());
        let token = contract.pagination.as_ref().map(|pagination| pagination.input_token.as_str());
        let mut variants = Vec::new();
        for site in scope.sites().iter().filter(|site| site.mutation.kind == self.0) {
            let name = site.mutation.path.to_string();
            // Page tokens are opaque; whether they can be forged is a check of its own.
            if token == Some(name.as_str()) || !scope.wants(check, Some(&name)) {
                continue;
            }
            let bytes = Stream::new(0, &name).bytes(256);
            let mutant = generator.mutant(operation, Side::Input, site, &mut Unstructured::new(&bytes));
            let attempt = mutant
                .map_err(|why| why.to_string())
                .and_then(|mutant| encode_request(schema, operation, &mutant.value).map_err(|why| why.to_string()))
                .map_err(Omission::NotExpressible)
                .map(|_| Arc::new(Bound { subject: site.clone(), run: mutation }) as Arc<dyn Attempt>);
            variants.push(Variant { name: Some(name), attempt });
        }
        variants
    }
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

fn with_body(scope: &Scope<'_>) -> Vec<(Option<String>, ())> {
    if has_json_body(scope.schema, scope.operation) { vec![(None, ())] } else { Vec::new() }
}

fn malformed_bodies(scope: &Scope<'_>) -> Vec<(Option<String>, &'static (&'static str, Spoil))> {
    let rows = MALFORMED.iter().filter(|_| has_json_body(scope.schema, scope.operation));
    rows.map(|row| (Some(row.0.to_owned()), row)).collect()
}

fn escapable(scope: &Scope<'_>) -> Vec<(Option<String>, String)> {
    let label = escapable_label(scope.schema, scope.operation);
    label.into_iter().map(|label| (Some(label.clone()), label)).collect()
}

/// Sends a mutant, then its twin, and judges.
fn mutation<'t>(Trial { client, operation, check, .. }: Trial<'t>, site: &'t Site) -> Judgement<'t> {
    Box::pin(mutant_refused(client, operation, check, site))
}

async fn mutant_refused(client: &Client, operation: OperationId, check: &'static Check, site: &Site) -> Outcome {
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
    if let Err(why) = distinguishes(&reply, &twin) {
        return Outcome::indeterminate(why);
    }
    if reply.is_server_fault() || status < 400 {
        return Outcome::from_findings(vec![check.finding(pointer, expected, reply.describe(), Some(exchange))]);
    }
    let topic = format!("error of {}", check.id);
    client.learn(topic, format!("{status} {}", code.as_deref().unwrap_or("no error name")));
    Outcome::from_findings(Vec::new())
}

/// A valid request for a fault beside its value; the outcome if there is none.
async fn twin(client: &Client, operation: OperationId, check: &Check) -> Result<(Value, HttpRequest), Outcome> {
    if let Some(why) = client.unsupported(operation).await {
        return Err(Outcome::unsupported(why));
    }
    let label = format!("{}/{}", client.schema[operation].name, check.id);
    let base = client
        .input(operation, Config::sparse(), &label, &SchemaPath::default())
        .await
        .map_err(|why| Outcome::indeterminate(format!("no valid request could be made: {why}")))?;
    let twin = encode_request(client.schema, operation, &base);
    Ok((base, twin.map_err(|error| Outcome::indeterminate(error.to_string()))?))
}

fn malformed<'t>(trial: Trial<'t>, (variant, spoil): &'t &'static (&'static str, Spoil)) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        let (_, twin) = match twin(client, operation, check).await {
            Ok(twin) => twin,
            Err(outcome) => return outcome,
        };
        let mut faulty = twin.clone();
        faulty.body = spoil(&String::from_utf8_lossy(&twin.body)).into_bytes();
        refused_for_its_fault(client, operation, check, &faulty, &twin, "", &format!("a body with {variant}")).await
    })
}

fn wrong_content_type<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        let (_, twin) = match twin(client, operation, check).await {
            Ok(twin) => twin,
            Err(outcome) => return outcome,
        };
        let mut faulty = twin.clone();
        faulty.headers.set("content-type", "text/plain");
        refused_for_its_fault(client, operation, check, &faulty, &twin, "", "content type text/plain").await
    })
}

/// The name of a member that no service has.
const UNKNOWN_MEMBER: &str = "zzContractTest";

fn tolerated<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        match twin(trial.client, trial.operation, trial.check).await {
            Ok((base, _)) => tolerates(trial.client, trial.operation, trial.check, base).await,
            Err(outcome) => outcome,
        }
    })
}

async fn tolerates(client: &Client, operation: OperationId, check: &'static Check, base: Value) -> Outcome {
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

fn escaped<'t>(trial: Trial<'t>, label: &'t String) -> Judgement<'t> {
    Box::pin(async move {
        match twin(trial.client, trial.operation, trial.check).await {
            Ok((base, _)) => reaches(trial.client, trial.operation, trial.check, base, label).await,
            Err(outcome) => outcome,
        }
    })
}

async fn reaches(
    client: &Client,
    operation: OperationId,
    check: &'static Check,
    mut base: Value,
    label: &str,
) -> Outcome {
    let (twin, mut plain) = (base.clone(), base.clone());
    base[label] = Value::from("ct:1/2");
    plain[label] = Value::from("ct-1-2");
    match client.call(operation, &base).await {
        Ok(reply @ Reply::Refused(..)) => {
            let Some((status, code)) = reply.refusal() else { return Outcome::from_findings(Vec::new()) };
            let lost = code == Some("UnknownOperationException") || (status == 404 && code.is_none()) || status == 405;
            if !lost && !reply.is_server_fault() {
                let twin = client.call(operation, &twin).await;
                return match twin.and_then(|twin| distinguishes(&reply, &twin)) {
                    Ok(()) => Outcome::from_findings(Vec::new()),
                    Err(why) => Outcome::indeterminate(why),
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
