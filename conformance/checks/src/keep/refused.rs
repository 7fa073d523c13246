//! `keep.refused-changes-nothing`: a request that is refused leaves everything as it was.

use connect_model::schema::{Binding, Kind, Member, Members, OperationId, Schema};
use connect_model::semantics;
use connect_model::validate::validate_slot;
use connect_transport::exchange::Exchange;
use serde_json::{Value, json};

use crate::client::reply::{Reply, is_conflict};
use crate::code::Trial;
use crate::difference::apart;
use crate::keep::thing::{Thing, is_option};
use crate::keep::update::{Updater, timeless};
use crate::resources::{Resource, takes_new_name};
use crate::same::is_empty;
use crate::steps::{Judged, perform};

/// Most requests for one operation that must be refused.
const MOST: usize = 6;

/// Longest limit that is exceeded.
const LONGEST: u64 = 5_000;

/// The reason for no judgement.
const NOTHING_REFUSED: &str = "no wrong request was refused";

/// A member with a value for which a request is refused.
struct Fault {
    member: &'static str,
    value: Value,
    words: String,
}

/// True if an operation has a member that can be wrong by itself.
pub(super) fn can_be_wrong(schema: &'static Schema, operation: OperationId, row: &Resource) -> bool {
    let Some(members) = schema.input_members(&schema[operation]) else { return false };
    if schema[operation].name == row.create {
        return faults(schema, members).iter().any(|fault| Some(fault.member) != row.name_member);
    }
    let renames = members.iter().any(|member| takes_new_name(schema, operation, &member.name));
    !faults(schema, members).is_empty() || (renames && row.has_unique_names())
}

pub(super) async fn nothing(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let contract = &trial.client.schema[trial.operation];
    let members =
        trial.client.schema.input_members(contract).ok_or_else(|| format!("{} has no input", contract.name))?;
    if contract.name == row.create { creation(trial, row, members).await } else { update(trial, row, members).await }
}

/// A refused creation does not take the name.
async fn creation(trial: Trial<'_>, row: &'static Resource, members: &'static Members) -> Judged {
    let Trial { client, check, .. } = trial;
    let mut judged = 0;
    for fault in faults(client.schema, members).into_iter().filter(|fault| Some(fault.member) != row.name_member) {
        let mut wrong = client.creation(row).await?;
        let mut right = wrong.clone();
        wrong[fault.member] = fault.value;
        let refused = perform(client, row.create, &wrong).await?;
        // The family invalid judges what is accepted, and a server error says nothing about the rest.
        let Some(refusal) = refused_by(&refused) else { continue };
        // The token of a refused request may belong to it.
        if let Some(token) = members.idempotency_token() {
            right[&token.name] = client.fresh_token().into();
        }
        let name = row.name_in(&right).to_owned();
        match perform(client, row.create, &right).await? {
            Reply::Success(_) => judged += 1,
            reply if reply.refusal().is_some_and(|(status, code)| is_conflict(status, code)) => {
                let expected =
                    format!("success, since {name} is free after a refusal of {} ({})", row.create, fault.words);
                let answer = reply.exchange();
                let finding = check.finding("", expected, reply.describe(), answer);
                return Ok(vec![finding.resting_on([refusal].into_iter().chain(answer))]);
            }
            _ => {}
        }
    }
    if judged == 0 { Err(NOTHING_REFUSED.to_owned()) } else { Ok(Vec::new()) }
}

/// A refused update changes no member.
async fn update(trial: Trial<'_>, row: &'static Resource, members: &'static Members) -> Judged {
    let Trial { client, operation, check, .. } = trial;
    let updater =
        Updater::start(trial, Thing::full(client, row, &client.instance().await.ok_or("no instance")?).await?).await?;
    let thing = updater.thing();
    let (mut before, ..) = thing.describe().await?;
    // Every other member has another value than before, so that it shows what was performed.
    let mut right = updater.required(&before);
    let is_changed = |member: &&Member| is_option(member) || takes_new_name(client.schema, operation, &member.name);
    for member in members.iter().filter(is_changed) {
        let values = updater.values(member).await;
        let is_enum = matches!(client.schema[member.slot.target].kind, Kind::Enum(_));
        if let Some(value) = if is_enum { values.first() } else { values.last() } {
            right[&*member.name] = value.clone();
        }
    }
    let mut faults = faults(client.schema, members);
    if row.has_unique_names()
        && let Some(name) = members.iter().find(|member| takes_new_name(client.schema, operation, &member.name))
        && let Ok(other) = Thing::make(client, row, client.creation(row).await?).await
    {
        let words = format!("with the name of another {}", row.kind);
        let value = Value::from(row.name_in(&other.sent));
        faults.insert(0, Fault { member: &name.name, value, words });
    }
    let mut judged = 0;
    for fault in faults.into_iter().take(MOST) {
        let mut wrong = right.clone();
        wrong[fault.member] = fault.value;
        let refused = perform(client, &client.schema[operation].name, &wrong).await?;
        let (after, exchange, wrapper) = thing.describe().await?;
        let Some(refusal) = refused_by(&refused) else {
            before = after;
            continue;
        };
        judged += 1;
        let mut findings = Vec::new();
        for member in thing.described()? {
            let [was, is] = [&before, &after].map(|shown| timeless(shown.get(&member.name).unwrap_or(&Value::Null)));
            let moves = matches!(client.schema[member.slot.target].kind, Kind::Timestamp);
            if moves || was == is || (is_empty(&was) && is_empty(&is)) || !updater.takes(&member.name) {
                continue;
            }
            let (expected, actual) = apart(&was, &is);
            let update = &client.schema[operation].name;
            let expected = format!("{expected}, as before the refusal of {update} ({})", fault.words);
            let finding = check.finding(format!("{wrapper}/{}", member.name), expected, actual, Some(&exchange));
            findings.push(finding.resting_on([refusal, &*exchange]));
        }
        if !findings.is_empty() {
            return Ok(findings);
        }
    }
    if judged == 0 { Err(NOTHING_REFUSED.to_owned()) } else { Ok(Vec::new()) }
}

/// The refusal of a wrong request; none for a server error, and for an answer that says nothing about the request.
fn refused_by(reply: &Reply) -> Option<&Exchange> {
    reply.refusal().filter(|(status, _)| (400..500).contains(status) && *status != 429 && !reply.is_quota())?;
    reply.exchange()
}

/// Faults of one member each: first those of a language, which a server finds last.
fn faults(schema: &'static Schema, members: &'static Members) -> Vec<Fault> {
    let in_body = members.iter().filter(|member| member.binding == Binding::Body && !member.idempotency_token);
    let mut found: Vec<(bool, Fault)> = in_body.filter_map(|member| fault(schema, member)).collect();
    found.sort_by_key(|(is_language, _)| !is_language);
    found.into_iter().map(|(_, fault)| fault).take(MOST).collect()
}

/// A wrong value for a member, and true if it is one of a language.
fn fault(schema: &Schema, member: &'static Member) -> Option<(bool, Fault)> {
    let (slot, name) = (&member.slot, &*member.name);
    let (value, words) = match &schema[slot.target].kind {
        Kind::String if semantics::is_language(schema, slot.target) => {
            let fault = Fault { member: name, value: json!("no content"), words: format!("with a broken {name}") };
            return Some((true, fault));
        }
        Kind::String => {
            let most = slot.traits.length.and_then(|bounds| bounds.max).filter(|most| *most <= LONGEST)?;
            (json!("x".repeat(most as usize + 1)), format!("with a {name} that is too long"))
        }
        Kind::Enum(_) => (json!("NO_SUCH_VALUE"), format!("with an unknown {name}")),
        Kind::Number(_) => {
            let most = slot.traits.range.and_then(|bounds| bounds.max)?;
            (json!((most as i64).checked_add(1)?), format!("with a {name} that is too large"))
        }
        _ => return None,
    };
    (!validate_slot(schema, slot, &value).is_empty()).then_some((false, Fault { member: name, value, words }))
}
