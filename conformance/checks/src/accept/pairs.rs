//! `accept.pairs`: optional members, enum values and members of unions that meet in one request.

use connect_model::generate::Config;
use connect_model::path::{SchemaPath, Step};
use connect_model::schema::{Binding, Kind, Member, OperationId, Schema};
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::validate::{excerpt, validate};
use serde_json::{Map, Value};

use crate::accept::covering;
use crate::accept::right::{against_a_language, blames_the_request};
use crate::case::{Finding, Level, Outcome};
use crate::client::reply::Reply;
use crate::code::{Scope, Subjects, Trial, itself};
use crate::judge::Judgement;
use crate::resources;
use crate::resources::takes_new_name;

/// Enum values of a member that are tried.
const VALUES: usize = 12;

/// A member with the values that it can have in a request; `None` if it is absent.
struct Factor {
    name: String,
    levels: Vec<Option<Value>>,
}

/// The core operations, and those that create or update the resources of a run, with at least two members to combine.
pub(super) fn combined(scope: &Scope<'_>) -> Subjects<()> {
    let name = scope.name();
    let is_known = CORE_OPERATIONS.contains(&name) || resources::stored_by(scope.schema, name).is_some();
    let members = scope.schema.input_members(scope.contract).into_iter().flatten();
    let several = members.filter(|member| is_factor(scope.schema, scope.operation, member)).count() > 1;
    let applies = scope.schema.service.is_connect() && is_known && several;
    itself(applies)
}

/// True for members with at least two levels.
fn is_factor(schema: &'static Schema, operation: OperationId, member: &Member) -> bool {
    let choice = matches!(schema[member.slot.target].kind, Kind::Enum(_) | Kind::Union(_));
    let fixed = member.idempotency_token
        || takes_new_name(schema, operation, &member.name)
        || schema[operation].is_page_token(&member.name);
    !fixed && (choice || !member.required) && !matches!(member.binding, Binding::Label(_))
}

pub(super) fn pairs<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        let Trial { client, operation, .. } = trial;
        if let Some(why) = client.unsupported(operation).await {
            return Outcome::unsupported(why);
        }
        let factors = factors(trial).await;
        let levels: Vec<usize> = factors.iter().map(|factor| factor.levels.len()).collect();
        let (mut findings, mut accepted, mut why) = (Vec::new(), 0, None);
        for row in covering::rows(&levels) {
            let values: Map<String, Value> = factors
                .iter()
                .zip(row)
                .filter_map(|(factor, level)| Some((factor.name.clone(), factor.levels[level].clone()?)))
                .collect();
            match send(trial, &values).await {
                Ok(Reply::Success(_)) => accepted += 1,
                Ok(reply) if blames_the_request(&reply) => match least(trial, values, reply).await {
                    Ok(finding) => findings.extend(finding),
                    Err(refused) => why = Some(refused),
                },
                Ok(reply) => why = Some(reply.describe()),
                Err(refused) => why = Some(refused),
            }
        }
        findings.dedup_by(|one: &mut Finding, other: &mut Finding| one.pointer == other.pointer);
        match why.filter(|_| accepted == 0 && findings.is_empty()) {
            Some(why) => Outcome::indeterminate(why),
            None => Outcome::from_findings(findings),
        }
    })
}

/// The members that can be combined, with their values.
async fn factors(Trial { client, operation, check, .. }: Trial<'_>) -> Vec<Factor> {
    let contract = &client.schema[operation];
    let mut factors = Vec::new();
    for member in client.schema.input_members(contract).into_iter().flatten() {
        if !is_factor(client.schema, operation, member) {
            continue;
        }
        let mut levels = if member.required { Vec::new() } else { vec![None] };
        let own = |step: Option<Step>| {
            SchemaPath([Some(Step::Member(member.name.clone())), step].into_iter().flatten().collect())
        };
        match &client.schema[member.slot.target].kind {
            Kind::Enum(values) => levels.extend(values.iter().take(VALUES).map(|value| Some(Value::from(&**value)))),
            kind => {
                let steps: Vec<Option<Step>> = match kind {
                    Kind::Union(members) => {
                        members.iter().map(|inner| Some(Step::Member(inner.name.clone()))).collect()
                    }
                    _ => vec![None],
                };
                for step in steps {
                    let label = format!("{}/{}/{}", contract.name, check.id, member.name);
                    if let Ok(mut input) = client.input(operation, Config::sparse(), &label, &own(step)).await {
                        levels.push(Some(input[&member.name].take()));
                    }
                }
            }
        }
        factors.push(Factor { name: member.name.clone(), levels });
    }
    factors
}

/// Sends the required members and these values.
async fn send(trial: Trial<'_>, values: &Map<String, Value>) -> Result<Reply, String> {
    let Trial { client, operation, check, .. } = trial;
    let contract = &client.schema[operation];
    let label = format!("{}/{}", contract.name, check.id);
    let mut input = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?;
    for (name, value) in values {
        input[name] = value.clone();
    }
    if let Some(why) = against_a_language(trial, &input, &SchemaPath::default()) {
        return Err(why);
    }
    if contract.input.is_some_and(|shape| !validate(client.schema, shape, &input).is_empty()) {
        return Err("the contract does not allow the values together".to_owned());
    }
    client.call(operation, &input).await
}

/// Leaves out members as long as the request is still refused. A finding if at least two members are needed for it, and
/// each of them alone is accepted.
async fn least(trial: Trial<'_>, mut values: Map<String, Value>, mut reply: Reply) -> Result<Option<Finding>, String> {
    let mut at = 0;
    while at < values.len() {
        let mut fewer = values.clone();
        let name = fewer.keys().nth(at).cloned().unwrap_or_default();
        fewer.remove(&name);
        match send(trial, &fewer).await {
            Ok(other) if blames_the_request(&other) => (values, reply) = (fewer, other),
            _ => at += 1,
        }
    }
    if values.len() < 2 {
        return Err(format!(
            "refused for one member, which accept.optional and accept.at-limit judge: {}",
            reply.describe()
        ));
    }
    let again = send(trial, &values).await?;
    if !blames_the_request(&again) {
        return Err(format!("{}, and then {}", reply.describe(), again.describe()));
    }
    let shown: Vec<String> = values.iter().map(|(name, value)| format!("{name} {}", excerpt(value))).collect();
    let pointer = values.keys().map(|name| format!("/{name}")).collect::<Vec<_>>().join(" ");
    let expected = format!("success with {} in one request, as without one of them", shown.join(" and "));
    let finding = trial.check.finding(pointer, expected, again.describe(), again.exchange());
    // A service may have a rule between members that its model cannot express.
    Ok(Some(finding.at_most(if again.is_server_fault() { trial.check.level } else { Level::Should })))
}
