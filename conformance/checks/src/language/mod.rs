//! Family invalid, languages: members that are plain strings in the service model, but contain a language. A request
//! that breaks one rule of the language is rejected, while its twin that follows all rules is accepted.
//!
//! The rules and their confidence are defined in [`semantics`]. A breach of a rule with only one good source is at
//! level should; inferred rules are recorded and not judged.

use arbitrary::Unstructured;
use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::{self, Breach, Confidence};
use connect_model::validate::excerpt;
use connect_transport::exchange::Exchange;
use serde_json::{Map, Value};

use crate::case::{Finding, Level, Outcome};
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::code::{On, Scope, Subjects, Trial};
use crate::difference::apart;
use crate::evidence::{Evidence, joined};
use crate::harm::Harm;
use crate::judge::Judgement;
use crate::resources;

/// The checks of languages, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&FLOW_CONTENT, &RULE_FUNCTION, &RULE_ACTIONS];

pub(crate) static FLOW_CONTENT: Check = Check {
    id: "invalid.flow-content",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "published content follows the rules of the flow language",
    evidence: &[
        Evidence::captured(
            "problems that the service reported on publication, from probes that three projects published in 2026",
        ),
        Evidence::documentation("Amazon Connect flow language guide"),
    ],
    harm: Harm::Form,
    fault: "accepted flow content that breaks the flow language, or refused it with the wrong error",
    passes: "InvalidContactFlowException or InvalidContactFlowModuleException with at least one problem of 1 to 256 \
         characters, while the same content without its fault is published",
    fails: "2xx or 5xx; at level should: rules based on observation alone, the name of the error, its problems",
    code: &On { applies: |scope| planned(scope, "flow-content"), run },
};

pub(crate) static RULE_FUNCTION: Check = Check {
    id: "invalid.rule-function",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the function of a rule follows the rules of the function language",
    evidence: &[Evidence::documentation("Amazon Connect rule function language, the pages of each event source")],
    harm: Harm::Form,
    fault: "accepted rule functions that break the function language",
    passes: "4xx, while the same rule with a function without the fault is accepted",
    fails: "2xx or 5xx; at level should: the paths, operators and filters of an event source, since the pages are not \
        complete",
    code: &On { applies: |scope| planned(scope, "rule-function"), run },
};

pub(crate) static RULE_ACTIONS: Check = Check {
    id: "invalid.rule-actions",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the actions of a rule are consistent with its event source, with their payloads and with each other",
    evidence: &[Evidence::documentation(
        "Connect API reference, RuleAction and RuleTriggerEventSource; the Rule of Connect in CloudFormation says the same in part",
    )],
    harm: Harm::Form,
    fault: "accepted rule actions that do not fit their event source, their payload or each other",
    passes: "4xx, while the same rule without the fault is accepted",
    fails: "2xx or 5xx; at level should: all rules but those on the actions that an event source requires; recorded \
        and not judged: pairs of action and event source that no page documents",
    code: &On { applies: |scope| planned(scope, "rule-actions"), run },
};

/// Errors that list the problems of a content, each with the member that contains the list.
const LISTING: &[(&str, &str)] =
    &[("InvalidContactFlowException", "problems"), ("InvalidContactFlowModuleException", "Problems")];

/// Maximum length of a problem, in characters. Source: service model, shape `ProblemMessageString`.
const MAX_PROBLEM: usize = 256;

/// The breaches that are sent in one case.
pub(crate) struct Breaches {
    /// The breach that is judged.
    judged: &'static Breach,
    /// Breaches of inferred rules, which are recorded only. The first case of a language sends all of them.
    learned: Vec<&'static Breach>,
}

/// The cases of a language: one for each judged rule that requests of the operation can break.
fn planned(scope: &Scope<'_>, language: &str) -> Subjects<Breaches> {
    // The languages are those of Amazon Connect.
    if !scope.schema.service.is_connect() {
        return Vec::new();
    }
    let all = scope.once("breaches", || possible(scope.schema, scope.name()));
    let of_language = all.iter().copied().filter(|breach| breach.language == language);
    let (mut learned, judged): (Vec<_>, Vec<_>) = of_language.partition(|breach| breach.confidence == Confidence::Low);
    let case = |judged: &'static Breach| {
        (Some(judged.kind.to_owned()), Breaches { judged, learned: std::mem::take(&mut learned) })
    };
    judged.into_iter().map(case).collect()
}

/// The breaches that requests to the operation can have. An update can only have those of the resource that the run
/// creates for it.
fn possible(schema: &'static Schema, operation: &str) -> Vec<&'static Breach> {
    let mut all = semantics::breaches(operation);
    resources::in_context(schema, operation, &SchemaPath::default(), |context| {
        all.retain(|breach| semantics::broken(operation, breach, context, &mut Unstructured::new(&[])).is_some());
    });
    all
}

/// Sends content with the breach and content without it, and judges the responses.
fn run<'t>(trial: Trial<'t>, breaches: &'t Breaches) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        if let Some(why) = client.unsupported(operation).await {
            return Outcome::unsupported(why);
        }
        for breach in &breaches.learned {
            if let Ok(Pair { invalid, .. }) = pair(client, operation, check, breach).await {
                let fact = client.call(operation, &invalid).await.map_or_else(|why| why, |reply| reply.outline());
                client.learn(format!("{} that no source rules out, {}", breach.language, breach.kind), fact);
            }
        }
        match pair(client, operation, check, breaches.judged).await {
            Ok(pair) => judge(client, operation, check, breaches.judged, &pair).await,
            Err(why) => Outcome::indeterminate(why),
        }
    })
}

/// An input with a breach, and its twin without the breach.
struct Pair {
    valid: Value,
    invalid: Value,
    /// JSON Pointer to the member with the breach.
    pointer: String,
    /// The faulty value, for messages.
    fault: String,
}

async fn pair(
    client: &Client,
    operation: OperationId,
    check: &'static Check,
    breach: &'static Breach,
) -> Result<Pair, String> {
    let name = &client.schema[operation].name;
    let label = format!("{name}/{}/{}", check.id, breach.kind);
    let bytes = client.bytes(&label);
    let broken = resources::in_context(client.schema, name, &SchemaPath::default(), |context| {
        semantics::broken(name, breach, context, &mut Unstructured::new(&bytes))
    });
    let broken = broken.ok_or_else(|| format!("no request to {name} can have {}", breach.kind))?;
    let changed = broken.invalid.iter().find(|(member, value)| broken.valid.get(*member) != Some(value));
    let pointer = changed.map(|(member, _)| format!("/{member}")).unwrap_or_default();
    let fault = changed.map(|(member, value)| apart(broken.valid.get(member).unwrap_or(&Value::Null), value).1);
    // Two separate inputs, since a name can be used only once.
    let valid = with_members(client, operation, &label, broken.valid).await?;
    let invalid = with_members(client, operation, &label, broken.invalid).await?;
    Ok(Pair { valid, invalid, pointer, fault: fault.unwrap_or_default() })
}

/// Generates a valid input, and replaces some of its members.
async fn with_members(
    client: &Client,
    operation: OperationId,
    label: &str,
    members: Map<String, Value>,
) -> Result<Value, String> {
    let input = client.input(operation, Config::sparse(), label, &SchemaPath::default()).await;
    let mut input = input.map_err(|why| format!("no valid request could be generated: {why}"))?;
    if let Some(map) = input.as_object_mut() {
        map.extend(members);
    }
    Ok(input)
}

async fn judge(
    client: &Client,
    operation: OperationId,
    check: &'static Check,
    breach: &'static Breach,
    pair: &Pair,
) -> Outcome {
    let level = if breach.confidence == Confidence::High { Level::Must } else { Level::Should };
    let finding = |level: Level, expected: &str, actual: String, exchange: &Exchange| {
        let rule = format!("{} (source: {})", breach.rule, joined(breach.evidence));
        Finding { level, rule, ..check.finding(&*pair.pointer, expected, actual, Some(exchange)) }
    };
    let expected = format!("a rejection (4xx) of {}: {}", breach.kind, pair.fault);
    let reply = match client.call(operation, &pair.invalid).await {
        Ok(reply) => reply,
        Err(why) => return Outcome::indeterminate(why),
    };
    let (exchange, code) = match &reply {
        Reply::Success(exchange) => {
            return Outcome::from_findings(vec![finding(level, &expected, reply.describe(), exchange)]);
        }
        Reply::Refused(exchange, error) => (exchange, error.code.as_deref()),
        Reply::Unsupported(why) | Reply::Trouble(why, _) => return Outcome::indeterminate(why.clone()),
    };
    let twin = match client.call(operation, &pair.valid).await {
        Ok(twin) => twin,
        Err(why) => return Outcome::indeterminate(why),
    };
    learn_types(client, operation, breach, &pair.valid, &twin);
    if !matches!(twin, Reply::Success(_)) {
        return Outcome::indeterminate(format!("the valid twin was rejected: {}", twin.describe()));
    }
    let status = exchange.response.status;
    if reply.is_server_fault() || status < 400 {
        return Outcome::from_findings(vec![finding(Level::Must, &expected, reply.describe(), exchange)]);
    }
    client.learn(format!("error of {}", check.id), format!("{status} {}", code.unwrap_or("no error name")));
    let mut findings = Vec::new();
    if let Some((expected, actual)) = without_problems(client.schema, operation, &reply) {
        findings.push(finding(Level::Should, &expected, actual, exchange));
    }
    Outcome::from_findings(findings)
}

/// Returns the expected and the actual error if the response should list problems and does not. Errors without a name,
/// with an unmodelled name or without JSON are judged by other checks.
fn without_problems(schema: &'static Schema, operation: OperationId, reply: &Reply) -> Option<(String, String)> {
    let (name, list) = LISTING.iter().find(|(name, _)| schema.error_of(&schema[operation], name).is_some())?;
    let Reply::Refused(exchange, error) = reply else { return None };
    if error.modelled.is_none() || !error.body_is_json {
        return None;
    }
    if error.code.as_deref() != Some(name) {
        return Some(((*name).to_owned(), reply.describe()));
    }
    let body: Value = serde_json::from_slice(&exchange.response.body).ok()?;
    let expected = format!("{name} with {list}, each of 1 to {MAX_PROBLEM} characters");
    let Some(problems) = body.get(list).and_then(Value::as_array).filter(|problems| !problems.is_empty()) else {
        return Some((expected, format!("{name} without {list}")));
    };
    let is_well_formed = |problem: &Value| {
        let length = problem.get("message").and_then(Value::as_str).map(|message| message.chars().count());
        length.is_some_and(|length| (1..=MAX_PROBLEM).contains(&length))
    };
    let malformed = problems.iter().find(|problem| !is_well_formed(problem))?;
    Some((expected, excerpt(malformed)))
}

/// Records the response to valid content, for each type of action in it.
fn learn_types(client: &Client, operation: OperationId, breach: &Breach, valid: &Value, twin: &Reply) {
    if breach.language != "flow-content" {
        return;
    }
    let content = valid.get("Content").and_then(Value::as_str).unwrap_or_default();
    let content: Value = serde_json::from_str(content).unwrap_or_default();
    let types: std::collections::BTreeSet<&str> =
        content["Actions"].as_array().into_iter().flatten().filter_map(|action| action["Type"].as_str()).collect();
    let name = &client.schema[operation].name;
    for kind in types {
        client.learn(format!("flow actions in {name}, {kind}"), twin.outline());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::Selection;

    #[test]
    fn judges_or_records_every_breach() {
        let (schema, selection) = (Schema::connect(), Selection::default());
        for (id, operation) in schema.operations() {
            let scope = Scope::new(schema, id, &selection);
            let languages = CHECKS.iter().filter_map(|check| check.id.strip_prefix("invalid."));
            let cases: Vec<Breaches> = languages.flat_map(|name| planned(&scope, name)).map(|(_, case)| case).collect();
            let sent = cases.iter().flat_map(|case| case.learned.iter().copied().chain([case.judged]));
            let mut sent: Vec<_> = sent.map(|breach| (breach.language, breach.kind)).collect();
            let mut all: Vec<_> =
                possible(schema, &operation.name).iter().map(|breach| (breach.language, breach.kind)).collect();
            sent.sort_unstable();
            all.sort_unstable();
            assert_eq!(sent, all, "{}", operation.name);
            assert!(cases.iter().all(|case| case.judged.confidence > Confidence::Low));
        }
        assert_eq!(possible(schema, "CreateRule").len(), semantics::breaches("CreateRule").len());
    }
}
