//! `keep.echo`: a description shows every member that the creation named.

use serde_json::Value;

use crate::case::Finding;
use crate::code::Trial;
use crate::difference::apart;
use crate::keep::thing::{self, Thing};
use crate::resources::Resource;
use crate::same::{in_progress, shows};
use crate::steps::{Judged, Tally, Wait};

pub(super) async fn echo(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, .. } = trial;
    let options = thing::options(client, row).await;
    let mut whole = client.creation(row).await?;
    thing::add_tags(row, &mut whole);
    let mut inputs = vec![("with all members".to_owned(), thing::with_all(row, whole, &options))];
    if row.tag_member().is_some() {
        let mut input = client.creation(row).await?;
        thing::add_many_tags(row, &mut input);
        inputs.push(("with as many tags as it can have".to_owned(), input));
    }
    for (member, value) in &options {
        let mut input = client.creation(row).await?;
        input[member] = value.clone();
        if thing::agrees(row, &input) {
            inputs.push((format!("with {member}"), input));
        }
    }
    for (member, value) in thing::lists(client, row).await {
        let mut input = client.creation(row).await?;
        input[member] = value;
        if thing::agrees(row, &input) {
            inputs.push((format!("with several items in {member}"), input));
        }
    }
    let mut tally = Tally::default();
    for (named, input) in inputs {
        // Refusals are judged by the family accept.
        tally.add(match Thing::make(client, row, input).await {
            Ok(thing) => lost(trial, &thing, &named).await,
            Err(why) => Err(why),
        });
    }
    let mut findings: Vec<Finding> = Vec::new();
    for finding in tally.end()? {
        if findings.iter().all(|known| known.pointer != finding.pointer) {
            findings.push(finding);
        }
    }
    Ok(findings)
}

/// Members of a creation that the description does not show as they were sent.
async fn lost(trial: Trial<'_>, thing: &Thing<'_>, named: &str) -> Judged {
    let (schema, check) = (trial.client.schema, trial.check);
    let create = schema.operation_named(thing.row.create);
    let facts = create.map(|create| thing.row.facts(create)).ok_or("the creation is not in the model")?;
    let mut wait = Wait::brief(trial.client);
    loop {
        let (shown, exchange, wrapper) = match thing.describe().await {
            Ok(described) => described,
            Err(not_shown) if not_shown.refused => {
                if wait.again().await {
                    continue;
                }
                // The creation was accepted, so that the resource must be shown.
                let expected = format!("the resource that {} created ({named})", thing.row.create);
                return Ok(vec![check.finding("", expected, not_shown.why, Some(&thing.answer))]);
            }
            Err(not_shown) => return Err(not_shown.why),
        };
        let mut findings = Vec::new();
        for pair in &facts.pairs {
            let (Some(sent), place) = (thing.sent.pointer(&pair.left), &pair.right) else { continue };
            let actual = shown.pointer(place).unwrap_or(&Value::Null);
            if facts.can_show(pair, sent) && !shows(sent, actual) {
                let (expected, actual) = apart(sent, actual);
                let expected = format!("{expected}, as {} sent it ({named})", thing.row.create);
                let finding = check.finding(format!("{wrapper}{place}"), expected, actual, Some(&exchange));
                findings.push(finding.resting_on([&*thing.answer, &*exchange]));
            }
        }
        if findings.is_empty() {
            return Ok(findings);
        }
        if !wait.again().await {
            if in_progress(&shown) {
                return Err(format!("{} is not complete yet", thing.row.create));
            }
            return Ok(findings);
        }
    }
}
