//! Family invalid, languages: members that are text for the service model and a language of their own inside. A request
//! that breaks one rule of such a language is refused, while its twin that keeps them all is accepted.
//!
//! Which rules there are, and how sure they are, [`semantics`] knows: a rule of one good source is recommended only, an
//! inference is recorded and not judged.

use arbitrary::Unstructured;
use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::{self, Breach, Confidence};
use serde_json::{Map, Value};

use crate::case::{Finding, Level, Outcome};
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::code::{On, Scope, Trial};
use crate::difference::apart;
use crate::judge::Judgement;
use crate::resources;
use connect_transport::exchange::Exchange;

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&FLOW_CONTENT, &RULE_FUNCTION, &RULE_ACTIONS];

/// `invalid.flow-content`.
pub(crate) static FLOW_CONTENT: Check = Check {
    id: "invalid.flow-content",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "content that is published keeps the rules of the flow language",
    source: "Amazon Connect flow language guide, and what publication was seen to refuse in 2026; in rows, each with \
         its confidence",
    passes: "InvalidContactFlowException or InvalidContactFlowModuleException with at least one problem of 1 to 256 \
         characters, while the same content without its fault is published",
    fails: "2xx or 5xx; recommended only: rules that rest on observation alone, the name of the error, its problems",
    code: &On { applies: |scope| planned(scope, "flow-content"), run },
};

/// `invalid.rule-function`.
pub(crate) static RULE_FUNCTION: Check = Check {
    id: "invalid.rule-function",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the function of a rule keeps the rules of the function language",
    source: "Amazon Connect rule function language, the pages of each event source; in rows, each with its confidence",
    passes: "4xx, while the same rule with a function without the fault is accepted",
    fails: "2xx or 5xx; recommended only: which paths, operators and filters an event source has, since the pages are \
        not complete",
    code: &On { applies: |scope| planned(scope, "rule-function"), run },
};

/// `invalid.rule-actions`.
pub(crate) static RULE_ACTIONS: Check = Check {
    id: "invalid.rule-actions",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the actions of a rule agree with its event source, with their payloads and with each other",
    source: "Connect API reference, RuleAction and RuleTriggerEventSource; CloudFormation, AWS::Connect::Rule; in rows, \
         each with its confidence",
    passes: "4xx, while the same rule without the fault is accepted",
    fails: "2xx or 5xx; recommended only: all but the actions that an event source requires; recorded only: pairs of \
        action and event source that no page names",
    code: &On { applies: |scope| planned(scope, "rule-actions"), run },
};

/// Errors that list what is wrong with a content, each with the member that does.
const LISTING: &[(&str, &str)] =
    &[("InvalidContactFlowException", "problems"), ("InvalidContactFlowModuleException", "Problems")];

/// Longest problem, in characters. Source: service model, shape `ProblemMessageString`.
const LONGEST_PROBLEM: usize = 256;

/// A rule that is broken in one case.
pub(crate) struct Rule {
    /// The breach that is judged.
    breach: &'static Breach,
    /// Inferences of the same language, recorded only; sent with its first case.
    learned: Vec<&'static Breach>,
}

/// The rules of a language that an operation's requests can break: one for each that may be judged.
fn planned(scope: &Scope<'_>, language: &str) -> Vec<(Option<String>, Rule)> {
    if !is_connect(scope) {
        return Vec::new();
    }
    let all = scope.once("breaches", || possible(scope.name()));
    let of_language = all.iter().copied().filter(|breach| breach.language == language);
    let (mut learned, judged): (Vec<_>, Vec<_>) = of_language.partition(|breach| breach.confidence == Confidence::Low);
    let rule = |breach: &'static Breach| {
        (Some(breach.kind.to_owned()), Rule { breach, learned: std::mem::take(&mut learned) })
    };
    judged.into_iter().map(rule).collect()
}

/// The languages are those of Amazon Connect.
fn is_connect(scope: &Scope<'_>) -> bool {
    scope.schema.service.sdk_id == "Connect"
}

/// The breaches that a request can have: for updates, those of the resource that the run makes to be updated.
fn possible(operation: &str) -> Vec<&'static Breach> {
    let template = template(operation);
    let context = resources::context(&template, &SchemaPath::default());
    let mut all = semantics::breaches(operation);
    all.retain(|breach| semantics::broken(operation, breach, &context, &mut Unstructured::new(&[])).is_some());
    all
}

/// Sends content with the breach and content without, and judges.
fn run<'t>(trial: Trial<'t>, rule: &'t Rule) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, check, .. } = trial;
        if let Some(why) = client.unsupported(operation).await {
            return Outcome::unsupported(why);
        }
        for breach in &rule.learned {
            if let Ok(Pair { invalid, .. }) = pair(client, operation, check, breach).await {
                let fact = client.call(operation, &invalid).await.map_or_else(|why| why, |reply| reply.outline());
                client.learn(format!("{} that no source rules out: {fact}", breach.language), breach.kind);
            }
        }
        match pair(client, operation, check, rule.breach).await {
            Ok(pair) => judge(client, operation, check, rule.breach, &pair).await,
            Err(why) => Outcome::indeterminate(why),
        }
    })
}

/// An input with a breach, the same without, and where the breach may be looked for.
struct Pair {
    valid: Value,
    invalid: Value,
    pointer: String,
    /// What stands there, in words.
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
    let template = template(name);
    let context = resources::context(&template, &SchemaPath::default());
    let bytes = client.bytes(&label);
    let broken = semantics::broken(name, breach, &context, &mut Unstructured::new(&bytes))
        .ok_or_else(|| format!("no request has {} here", breach.kind))?;
    let changed = broken.invalid.iter().find(|(member, value)| broken.valid.get(*member) != Some(value));
    let pointer = changed.map(|(member, _)| format!("/{member}")).unwrap_or_default();
    let fault = changed.map(|(member, value)| apart(broken.valid.get(member).unwrap_or(&Value::Null), value).1);
    // Two inputs, since names are used up.
    let valid = laid_over(client, operation, &label, broken.valid).await?;
    let invalid = laid_over(client, operation, &label, broken.invalid).await?;
    Ok(Pair { valid, invalid, pointer, fault: fault.unwrap_or_default() })
}

async fn laid_over(
    client: &Client,
    operation: OperationId,
    label: &str,
    members: Map<String, Value>,
) -> Result<Value, String> {
    let input = client.input(operation, Config::sparse(), label, &SchemaPath::default()).await;
    let mut input = input.map_err(|why| format!("no valid request could be made: {why}"))?;
    if let Some(map) = input.as_object_mut() {
        map.extend(members);
    }
    Ok(input)
}

/// What the run's own resource was made of, for operations that change one.
fn template(operation: &str) -> Value {
    resources::updated_by(operation).map_or(Value::Null, |row| (row.template)())
}

async fn judge(
    client: &Client,
    operation: OperationId,
    check: &'static Check,
    breach: &'static Breach,
    pair: &Pair,
) -> Outcome {
    let grave = if breach.confidence == Confidence::High { Level::Must } else { Level::Should };
    let finding = |level: Level, expected: &str, actual: String, exchange: &Exchange| {
        let rule = format!("{} (source: {})", breach.rule, breach.source);
        Finding { level, rule, ..check.finding(&*pair.pointer, expected, actual, Some(exchange)) }
    };
    let expected = format!("a refusal (4xx) of {}: {}", breach.kind, pair.fault);
    let reply = match client.call(operation, &pair.invalid).await {
        Ok(reply) => reply,
        Err(why) => return Outcome::indeterminate(why),
    };
    let (exchange, code) = match &reply {
        Reply::Success(exchange) => {
            return Outcome::from_findings(vec![finding(grave, &expected, reply.describe(), exchange)]);
        }
        Reply::Refused(exchange, error) => (exchange, error.code.as_deref()),
        Reply::Unsupported(why) | Reply::Trouble(why) => return Outcome::indeterminate(why.clone()),
    };
    let twin = match client.call(operation, &pair.valid).await {
        Ok(twin) => twin,
        Err(why) => return Outcome::indeterminate(why),
    };
    learn_types(client, operation, breach, &pair.valid, &twin);
    if !matches!(twin, Reply::Success(_)) {
        return Outcome::indeterminate(format!("the valid twin was refused: {}", twin.describe()));
    }
    let status = exchange.response.status;
    if reply.is_server_fault() || status < 400 {
        return Outcome::from_findings(vec![finding(Level::Must, &expected, reply.describe(), exchange)]);
    }
    client.learn(format!("error of {}", check.id), format!("{status} {}", code.unwrap_or("no error name")));
    let mut findings = Vec::new();
    if let Some((expected, actual)) = unlisted(client.schema, operation, &reply) {
        findings.push(finding(Level::Should, &expected, actual, exchange));
    }
    Outcome::from_findings(findings)
}

/// What is expected of an error that lists problems, and what there is instead. Errors without a name, with one that the
/// operation does not model, or without JSON are the matter of other checks.
fn unlisted(schema: &Schema, operation: OperationId, reply: &Reply) -> Option<(String, String)> {
    let (name, list) = LISTING.iter().find(|(name, _)| schema.error_of(&schema[operation], name).is_some())?;
    let Reply::Refused(exchange, error) = reply else { return None };
    if error.modelled.is_none() || !error.body_is_json {
        return None;
    }
    if error.code.as_deref() != Some(name) {
        return Some(((*name).to_owned(), reply.describe()));
    }
    let body: Value = serde_json::from_slice(&exchange.response.body).ok()?;
    let expected = format!("{name} with {list}, each of 1 to {LONGEST_PROBLEM} characters");
    let Some(problems) = body.get(list).and_then(Value::as_array).filter(|problems| !problems.is_empty()) else {
        return Some((expected, format!("{name} without {list}")));
    };
    let is_sound = |problem: &Value| {
        let length = problem.get("message").and_then(Value::as_str).map(|message| message.chars().count());
        length.is_some_and(|length| (1..=LONGEST_PROBLEM).contains(&length))
    };
    let odd = problems.iter().find(|problem| !is_sound(problem))?;
    Some((expected, connect_model::validate::excerpt(odd)))
}

/// Records whether content of each type of action is taken.
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
        client.learn(format!("flow actions in {name}: {}", twin.outline()), kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::Selection;

    #[test]
    fn every_breach_is_judged_or_recorded() {
        let (schema, selection) = (Schema::connect(), Selection::default());
        for (id, operation) in schema.operations() {
            let scope = Scope::new(schema, id, &selection);
            let languages = CHECKS.iter().filter_map(|check| check.id.strip_prefix("invalid."));
            let rules: Vec<Rule> = languages.flat_map(|name| planned(&scope, name)).map(|(_, rule)| rule).collect();
            let tried = rules.iter().flat_map(|rule| rule.learned.iter().copied().chain([rule.breach]));
            let mut tried: Vec<_> = tried.map(|breach| (breach.language, breach.kind)).collect();
            let mut all: Vec<_> =
                possible(&operation.name).iter().map(|breach| (breach.language, breach.kind)).collect();
            tried.sort_unstable();
            all.sort_unstable();
            assert_eq!(tried, all, "{}", operation.name);
            assert!(rules.iter().all(|rule| rule.breach.confidence > Confidence::Low));
        }
        assert_eq!(possible("CreateRule").len(), semantics::breaches("CreateRule").len());
    }
}
