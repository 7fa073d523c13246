//! `keep.update-only-named`: an update changes the members that it names, and no others.

use connect_model::alike::Shared;
use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{Source, tails};
use connect_model::schema::{Binding, Kind, Member, Members};
use connect_model::semantics::is_language;
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::case::Level;
use crate::client::reply::{Reply, is_conflict};
use crate::code::Trial;
use crate::difference::apart;
use crate::keep::another::another;
use crate::keep::several::several;
use crate::keep::thing::{Thing, is_option, repair, value_of};
use crate::keep::zero::{is_zero, ones, zeros};
use crate::parts::modelled;
use crate::resources::{Resource, takes_new_name};
use crate::same::{in_progress, is_empty, shows};
use crate::steps::{Judged, Tally, Wait, body, perform, succeed};

/// Updates that replace the whole although their method does not say so, each with the source.
const WHOLE: &[(&str, &str)] = &[
    (
        "UpdateTaskTemplate",
        "Connect API reference: it does not support partial updates, and does a full update instead",
    ),
    (
        "UpdateDataTableMetadata",
        "Connect API reference: it does not act as a patch; defaults are used for what is left out",
    ),
    ("UpdateDataTableAttribute", "Connect API reference: it does not act as a patch; all properties must be provided"),
    ("UpdateEvaluationForm", "Connect API reference: it replaces the content of a version of the form"),
    ("UpdateQueueMaxContacts", "inference: the limit is all that it can set, so that none may clear it"),
    ("UpdateUserHierarchy", "Connect API reference: a group that is not named is no longer the user's"),
];

/// True for an update that is documented to replace the whole.
pub(crate) fn replaces_whole(update: &str) -> bool {
    WHOLE.iter().any(|(name, _)| *name == update)
}

/// Most characters of a text that is sent at its limit.
const LONGEST: u64 = 5_000;

/// A text with what is often changed on the way: blanks at both ends, markup, and a character beyond the Basic Multilingual
/// Plane.
const AROUND: &str = "  kept <b>as</b> it &amp; \"is\" \u{1f600}  ";

/// Values of an enum that are tried for another resource.
const OTHERS: usize = 3;

/// Characters from which on a text counts as long.
const LONG: usize = 100;

/// One update: the member that it names beside the required ones, with its value.
struct Change<'s> {
    named: Option<(&'s str, Value)>,
    words: String,
}

/// An update operation on a resource.
pub(super) struct Updater<'c> {
    trial: Trial<'c>,
    thing: Thing<'c>,
    update: &'static str,
    members: &'static Members,
    /// Members that the update and the description share.
    shared: Vec<Shared>,
    /// True if the update replaces the whole: it is a PUT, or documented so.
    replaces: bool,
    /// A valid input, if it has required members that neither the creation nor the description has.
    valid: Value,
}

pub(super) async fn only_named(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let client = trial.client;
    let instance = client.instance().await.ok_or("there is no instance to work in")?;
    let mut tally = Tally::default();
    let usual = Updater::start(trial, Thing::full(client, row, &instance).await?).await?;
    for change in usual.changes().await {
        tally.add(usual.judge(&change).await);
    }
    // Comes after the changes: it is an update, too, and what it loses would be missing before them.
    tally.add(usual.own_name().await);
    for thing in usual.others(&instance).await {
        let other = Updater::start(trial, thing).await?;
        for change in other.each_alone().await {
            tally.add(other.judge(&change).await);
        }
    }
    let mut findings = tally.end()?;
    findings.dedup_by(|one, other| one.pointer == other.pointer && one.actual == other.actual);
    Ok(findings)
}

impl<'c> Updater<'c> {
    /// The update in scope on a resource.
    pub(super) async fn start(trial: Trial<'c>, thing: Thing<'c>) -> Result<Self, String> {
        let contract = &trial.client.schema[trial.operation];
        let members =
            trial.client.schema.input_members(contract).ok_or_else(|| format!("{} has no input", contract.name))?;
        let shared = thing.row.facts(trial.operation).pairs;
        let replaces = contract.method == "PUT" || replaces_whole(&contract.name);
        let named = thing.row.naming(&contract.name, &thing.sent, &thing.created.id);
        let is_known = |name: &str| {
            named.get(name).is_some()
                || thing.sent.get(name).is_some()
                || shared.iter().any(|pair| pair.left.strip_prefix('/') == Some(name))
        };
        let mut needed = members.iter().filter(|member| member.required && member.binding == Binding::Body);
        // It may create what it names.
        let valid = if needed.all(|member| is_known(&member.name)) {
            Value::Null
        } else {
            let label = format!("{}/keep", contract.name);
            let none = SchemaPath::default();
            trial.client.input(trial.operation, Config::sparse(), &label, &none).await.unwrap_or_default()
        };
        Ok(Self { trial, thing, update: &contract.name, members, shared, replaces, valid })
    }
}

impl Updater<'_> {
    /// No optional member, each one alone, each one empty, and each one null.
    async fn changes(&self) -> Vec<Change<'static>> {
        let mut changes = Vec::new();
        let anything = self.members.iter().any(|member| member.required && member.binding == Binding::Body);
        // An update that names nothing may be refused elsewhere.
        if anything || self.trial.client.target.loopback {
            changes.push(Change { named: None, words: "without optional members".to_owned() });
        }
        // Each value of the enums that it must name; on a real account, a state may have effects.
        let enums = self.members.iter().filter(|member| member.required && member.binding == Binding::Body);
        for member in enums.filter(|_| self.trial.client.target.loopback) {
            if let Kind::Enum(_) = &self.trial.client.schema[member.slot.target].kind {
                for value in self.values(member).await {
                    let words = format!("with {} {value}", member.name);
                    changes.push(Change { named: Some((&*member.name, value)), words });
                }
            }
        }
        // Another value of each of the others, and another resource where they name one.
        let id = &self.thing.row.of.id;
        let action = self.thing.row.of.actions.iter().find(|action| action.operation == self.trial.operation);
        let is_fact = |member: &&Member| {
            must_be_named(member)
                && *id != Source::Input(member.name.clone())
                && !action.is_some_and(|action| action.is_named_by(&member.name))
        };
        let shown = self.thing.describe().await.map(|(shown, ..)| shown).unwrap_or_default();
        for member in self.members.iter().filter(is_fact) {
            let current = self.shown(&member.name, &shown).or_else(|| self.thing.sent.get(&member.name));
            let value = another(self.trial.client, self.trial.operation, member, current).await;
            changes.extend(value.map(|value| Change {
                named: Some((&*member.name, value)),
                words: format!("with another {}", member.name),
            }));
        }
        for member in self.members.iter().filter(|member| member.binding == Binding::Body) {
            if let Some(value) = several(self.trial.client, self.trial.operation, member).await {
                let words = format!("with several items in {}", member.name);
                changes.push(Change { named: Some((&*member.name, value)), words });
            }
        }
        for member in self.members.iter().filter(|member| is_option(member)) {
            let name = &*member.name;
            for value in self.values(member).await {
                let words = match value.as_str() {
                    Some("") => format!("with {name} empty"),
                    Some(AROUND) => format!("with blanks and markup in {name}"),
                    Some(text) if text.len() > LONG => format!("with a long {name}"),
                    _ if is_zero(self.trial.client.schema, &member.slot, &value) => {
                        format!("with nothing but false and 0 in {name}")
                    }
                    _ => format!("with {name}"),
                };
                changes.push(Change { named: Some((name, value)), words });
            }
            changes.push(Change { named: Some((name, Value::Null)), words: format!("with {name} null") });
        }
        // The same from another value of each enum; on a real account, a state may have effects.
        for member in self.members.iter().filter(|member| is_option(member) && self.trial.client.target.loopback) {
            if let (Kind::Enum(_), Some(_)) =
                (&self.trial.client.schema[member.slot.target].kind, self.place_of(&member.name))
                && let [other, .., usual] = self.values(member).await.as_slice()
            {
                let to = |value: &Value| Change {
                    named: Some((&*member.name, value.clone())),
                    words: format!("with {} {value}", member.name),
                };
                changes.push(to(other));
                let rest = self.each_alone().await.into_iter();
                let names = |change: &Change<'_>| change.named.as_ref().is_some_and(|(name, _)| *name == member.name);
                changes.extend(rest.filter(|change| !names(change)).map(|change| Change {
                    words: format!("{} while {} is {other}", change.words, member.name),
                    ..change
                }));
                changes.push(to(usual));
            }
        }
        changes
    }

    /// No optional member, and each one alone.
    async fn each_alone(&self) -> Vec<Change<'static>> {
        let mut changes = vec![Change { named: None, words: "without optional members".to_owned() }];
        for member in self.members.iter().filter(|member| is_option(member)) {
            let named = self.values(member).await.pop().map(|value| (&*member.name, value));
            changes.extend(named.map(|named| Change { named: Some(named), words: format!("with {}", member.name) }));
        }
        changes
    }

    /// Resources that differ in an enum that the creation sets and the description shows: one for each such enum.
    async fn others(&self, instance: &str) -> Vec<Thing<'_>> {
        let (client, row) = (self.trial.client, self.thing.row);
        let mut others = Vec::new();
        let Some(create) = client.schema.operation_named(row.create).filter(|_| client.target.loopback) else {
            return others;
        };
        let shown = row.facts(create).pairs;
        for member in client.schema.input_members(&client.schema[create]).into_iter().flatten() {
            let is_shown = shown.iter().any(|pair| pair.left.strip_prefix('/') == Some(&member.name));
            let Kind::Enum(values) = &client.schema[member.slot.target].kind else { continue };
            if !is_shown || member.binding != Binding::Body {
                continue;
            }
            for value in values.iter().rev().take(OTHERS) {
                let Ok(mut input) = client.creation_in(row, instance).await else { break };
                input[&*member.name] = value.to_string().into();
                repair(row, &mut input);
                if input[&*member.name] == *value.to_string()
                    && let Ok(thing) = Thing::make(client, row, input).await
                {
                    others.push(thing);
                    break;
                }
            }
        }
        others
    }

    /// The name that the resource has already is no conflict.
    async fn own_name(&self) -> Judged {
        let (client, thing) = (self.trial.client, &self.thing);
        let mut names =
            self.members.iter().filter(|member| takes_new_name(client.schema, self.trial.operation, &member.name));
        let name = names.next().ok_or("the update takes no name")?;
        let (before, ..) = thing.describe().await?;
        let own = self.shown(&name.name, &before).cloned().ok_or("the description does not show the name")?;
        let change = Change { named: Some((&*name.name, own)), words: String::new() };
        let input = self.input(&change, &before);
        match perform(client, self.update, &input).await? {
            Reply::Refused(exchange, error) if is_conflict(exchange.response.status, error.code.as_deref()) => {
                let expected = format!("success of {} with the name that the {} has", self.update, thing.row.kind);
                let actual = error.code.unwrap_or_else(|| exchange.response.status.to_string());
                let mut finding =
                    self.trial.check.finding(format!("/{}", name.name), expected, actual, Some(&exchange));
                finding.level = Level::Should;
                Ok(vec![finding])
            }
            Reply::Success(_) => Ok(Vec::new()),
            reply => Err(reply.describe()),
        }
    }

    /// The resource.
    pub(super) fn thing(&self) -> &Thing<'_> {
        &self.thing
    }

    /// The ids and the required members as they are.
    pub(super) fn required(&self, before: &Value) -> Value {
        self.input(&Change { named: None, words: String::new() }, before)
    }

    /// True if the update can set a described member.
    pub(super) fn takes(&self, described: &str) -> bool {
        self.shared.iter().any(|pair| pair.right.strip_prefix('/') == Some(described))
    }

    /// Values for a member, the last one as usual as the first: an enum ends with the value that it began with.
    pub(super) async fn values(&self, member: &Member) -> Vec<Value> {
        let client = self.trial.client;
        if let Kind::Enum(values) = &client.schema[member.slot.target].kind {
            return values.iter().rev().map(|value| Value::from(value.to_string())).collect();
        }
        if let Some(name) = client.unused_value(self.trial.operation, &member.name) {
            return vec![name.into()];
        }
        let mut values = Vec::new();
        let empty = Value::from("");
        let is_text = matches!(client.schema[member.slot.target].kind, Kind::String);
        if is_text && member.name == "Description" {
            let most = member.slot.traits.length.and_then(|bounds| bounds.max).filter(|most| *most <= LONGEST);
            let long = most
                .map(|most| Value::from("kept as it is ".repeat(1 + most as usize / 14)[..most as usize].trim_end()));
            let fits = |text: &Value| validate_slot(client.schema, &member.slot, text).is_empty();
            let around = Value::from(AROUND);
            values.extend([Some(empty), long, Some(around)].into_iter().flatten().filter(fits));
        }
        if let Ok(value) = value_of(client, self.trial.operation, member, "keep").await {
            let zeros = zeros(client.schema, &member.slot, &value);
            let before = ones(client.schema, &member.slot, zeros.as_ref().unwrap_or(&value));
            // From true to false, and from 1 to 0: an endpoint that takes them for nothing keeps what was there.
            values.extend(before.filter(|_| zeros.is_some() || is_zero(client.schema, &member.slot, &value)));
            values.extend(zeros);
            values.push(value);
        }
        values
    }

    /// The input of a change: ids, required members as they are, and the named member.
    fn input(&self, change: &Change<'_>, before: &Value) -> Value {
        let thing = &self.thing;
        let mut input = thing.row.naming(self.update, &thing.sent, &thing.created.id);
        for member in self.members.iter().filter(|member| member.required && member.binding == Binding::Body) {
            let shown = self.shown(&member.name, before);
            let known = shown.or_else(|| thing.sent.get(&member.name)).filter(|value| !value.is_null());
            let is_named = input.get(&member.name).is_some();
            if let Some(value) = known.or_else(|| self.valid.get(&member.name).filter(|_| !is_named)) {
                input[&member.name] = modelled(self.trial.client.schema, member.slot.target, value);
            }
        }
        if let Some((name, value)) = &change.named {
            input[*name] = value.clone();
        }
        input
    }

    /// The place of a member of the update in a description.
    fn place_of(&self, member: &str) -> Option<&str> {
        let pair = self.shared.iter().find(|pair| pair.left.strip_prefix('/') == Some(member))?;
        Some(&pair.right)
    }

    /// The value of a member of the update in a description.
    fn shown<'v>(&self, member: &str, description: &'v Value) -> Option<&'v Value> {
        description.pointer(self.place_of(member)?)
    }

    async fn judge(&self, change: &Change<'_>) -> Judged {
        let (trial, thing) = (self.trial, &self.thing);
        let (before, ..) = thing.describe().await?;
        let input = self.input(change, &before);
        let updated = succeed(trial.client, self.update, &input).await?;
        let mut wait = Wait::brief(trial.client);
        loop {
            let (after, exchange, wrapper) = match thing.describe().await {
                Ok(described) => described,
                Err(not_shown) if not_shown.refused => {
                    if wait.again().await {
                        continue;
                    }
                    let expected = format!("a description after {} {}", self.update, change.words);
                    return Ok(vec![trial.check.finding("", expected, not_shown.why, Some(&updated))]);
                }
                Err(not_shown) => return Err(not_shown.why),
            };
            let mut findings = Vec::new();
            for member in thing.described()? {
                let name = &member.name;
                let [before, after] = [&before, &after].map(|shown| shown.get(name).unwrap_or(&Value::Null));
                if let Some((expected, actual)) = self.difference(member, &input, before, after) {
                    let expected = format!("{expected} after {} {}", self.update, change.words);
                    let finding = trial.check.finding(format!("{wrapper}/{name}"), expected, actual, Some(&exchange));
                    findings.push(finding.resting_on([&*updated, &*exchange]));
                }
            }
            if findings.is_empty() {
                return Ok(findings);
            }
            if !wait.again().await {
                let answer = body(trial.client.schema, &updated).unwrap_or_default();
                if in_progress(&answer) || in_progress(&after) {
                    return Err(format!("{} is not complete yet", self.update));
                }
                return Ok(findings);
            }
        }
    }

    /// The expected and the actual value of a described member, if they differ.
    fn difference(&self, member: &Member, input: &Value, before: &Value, after: &Value) -> Option<(String, String)> {
        if moves_with_updates(&member.name) {
            return None;
        }
        let pointer = format!("/{}", member.name);
        let update =
            self.shared.iter().find(|pair| pair.right == pointer).map(|pair| pair.left.trim_start_matches('/'));
        let named = update.and_then(|update| input.get(update)).filter(|value| !value.is_null());
        if let Some(sent) = named {
            // When new content shows depends on drafts, which the family lifecycle knows.
            let has_drafts =
                self.thing.sent.get("Status").is_some() || is_language(self.trial.client.schema, member.slot.target);
            if member.name == "Content" && has_drafts {
                return None;
            }
            let can_show = self.trial.client.schema.can_show(&member.slot, sent);
            return (can_show && !shows(sent, after)).then(|| apart(sent, after));
        }
        // A member inside of a structure that the update names: the change is meant, but the structure may be partial.
        let outer = update.and_then(|update| update.split_once('/')).map(|(outer, _)| outer);
        if outer.and_then(|outer| input.get(outer)).is_some_and(|value| !value.is_null()) {
            let pointer = update.map(|update| format!("/{update}")).unwrap_or_default();
            let is_compared = outer.is_some_and(|outer| self.is_described_by(outer)) && !self.is_id(member);
            let named = input.pointer(&pointer).filter(|value| is_compared && !value.is_null())?;
            return (self.trial.client.schema.can_show(&member.slot, named) && !shows(named, after))
                .then(|| apart(named, after));
        }
        // A member of the same name and another form, or with a longer name: the change is meant, but cannot be compared.
        let is_meant = |(name, value): (&String, &Value)| is_longer_name(name, &member.name) && !value.is_null();
        if update.is_none() && input.as_object().into_iter().flatten().any(is_meant) {
            return None;
        }
        if before == after || (is_empty(before) && is_empty(after)) || self.follows(member, input) {
            return None;
        }
        let (before, after) = (&timeless(before), &timeless(after));
        if before == after {
            return None;
        }
        if update.is_some() && self.replaces {
            let fact = if is_empty(after) { "wiped" } else { "changed" };
            self.trial.client.learn(format!("{} left out of {}", member.name, self.update), fact);
            return None;
        }
        let (expected, actual) = apart(before, after);
        Some((format!("{expected}, as before,"), actual))
    }

    /// True for a structure of the update whose members the description has, and not just one of the same name.
    fn is_described_by(&self, outer: &str) -> bool {
        let inside = |pair: &&Shared| pair.left[1..].split_once('/').is_some_and(|(head, _)| head == outer);
        self.shared.iter().filter(inside).count() > 1
    }

    /// True for a described member with the id of the resource.
    fn is_id(&self, member: &Member) -> bool {
        match &self.thing.row.of.id {
            Source::Input(name) => *name == member.name,
            Source::Output(path) => path.last() == Some(&member.name),
        }
    }

    /// True for members that change with others: times, and what is derived from the content.
    fn follows(&self, member: &Member, input: &Value) -> bool {
        let is_time = matches!(self.trial.client.schema[member.slot.target].kind, Kind::Timestamp);
        let derived = ["Sha256", "Version", "Status"].iter().any(|end| member.name.ends_with(end));
        is_time || moves_with_updates(&member.name) || (derived && input.get("Content").is_some())
    }
}

/// True for required members that say something about the resource.
fn must_be_named(member: &Member) -> bool {
    member.required && !member.idempotency_token && member.binding == Binding::Body
}

/// True for the name of a described member, and for one that ends in it: `workspaceName` of `name`.
fn is_longer_name(name: &str, described: &str) -> bool {
    std::iter::once(name).chain(tails(name)).any(|tail| tail.eq_ignore_ascii_case(described))
}

/// True for the name of a member that every update moves: who changed the thing last and when, and its revision.
fn moves_with_updates(name: &str) -> bool {
    let ends = ["LockVersion", "FormVersion", "Revision", "RevisionId", "ETag", "Etag", "eTag", "etag"];
    let is_time =
        ["ModifiedTimestamp", "UpdatedTimestamp", "ModifiedTime", "UpdatedTime"].iter().any(|end| name.ends_with(end));
    is_time || name.starts_with("Last") || name.starts_with("last") || ends.iter().any(|end| name.ends_with(end))
}

/// A value without the members inside of it that every update moves.
pub(super) fn timeless(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !moves_with_updates(name));
            kept.map(|(name, inner)| (name.clone(), timeless(inner))).collect()
        }
        Value::Array(items) => items.iter().map(timeless).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_longer_name_ends_in_the_words_of_the_shorter_one() {
        assert!(is_longer_name("workspaceName", "name") && is_longer_name("Name", "name"));
        assert!(
            !is_longer_name("hostname", "name") && !is_longer_name("paid", "Id") && !is_longer_name("name", "Names")
        );
    }

    #[test]
    fn what_every_update_moves_is_no_difference() {
        for name in ["LastModifiedTime", "LockVersion", "RevisionId", "ETag"] {
            assert!(moves_with_updates(name), "{name}");
        }
        for name in ["Name", "Version", "Description", "BlastRadius"] {
            assert!(!moves_with_updates(name), "{name}");
        }
        let level = |time: u64, name: &str| json!({ "LevelOne": { "LastModifiedTime": time, "Name": name } });
        assert_eq!(timeless(&level(1, "a")), timeless(&level(2, "a")));
        assert_ne!(timeless(&level(1, "a")), timeless(&level(1, "b")));
    }
}
