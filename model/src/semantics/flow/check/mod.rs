//! Finds all problems of a flow's content in linear time.
//!
//! The check of hostile content is limited: only as many actions as a flow may have are checked, and the check ends
//! after [`MOST_PROBLEMS`] problems. The identifiers of all actions count.

pub(super) mod action;
mod conditions;

use std::collections::HashMap;

use serde_json::Value;

use super::document::{Action, Flow, Part, Structure};
use super::home::Home;
use super::kinds::kind_of;
use super::rules::{self, Next};
use super::{LONGEST_IDENTIFIER, MOST_ACTIONS, MOST_CHARACTERS, VERSION};
use crate::semantics::Confidence;
use crate::semantics::json::{self, Fault};
use crate::semantics::problem::{Problem, brief};

/// Number of problems after which the check ends.
pub const MOST_PROBLEMS: usize = 1000;

/// Characters that are forbidden in identifiers.
const FORBIDDEN: &[char] = &['%', ':', '(', '\\', '/', ')', '=', '$', ',', ';', '[', ']', '{', '}'];

/// Words that are forbidden as identifiers.
pub(super) const RESERVED: &[&str] = &[
    "__proto__",
    "constructor",
    "__defineGetter__",
    "__defineSetter__",
    "toString",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "valueOf",
];

/// All problems of a content, in the order of their places. Without a home, every action is allowed that some home
/// allows.
pub fn check(text: &str, home: Option<Home>) -> Vec<Problem> {
    let mut found = Found::default();
    let characters = text.chars().count();
    if characters > MOST_CHARACTERS {
        let message = format!("The content has {characters} characters, the maximum is {MOST_CHARACTERS}; shorten it");
        found.add("", "too-long", &message);
    }
    match json::read(text) {
        Ok(Value::Object(members)) => flow(&Flow::read(members), home, &mut found),
        Ok(_) => found.add("", "not-an-object", "The content is not a JSON object; put the flow in braces"),
        Err(error) => match error.fault {
            // Reported above, in characters.
            Fault::Size => {}
            Fault::Syntax => found.add(&error.pointer, "not-json", &format!("The content is not JSON: {error}")),
            Fault::TwiceNamed => found.add(&error.pointer, "duplicate-name", &error.to_string()),
            Fault::Number => found.add(&error.pointer, "number-too-large", &error.to_string()),
            Fault::Depth => found.add(&error.pointer, "nested-too-deep", &error.to_string()),
        },
    }
    found.0
}

/// The problems found so far.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, path: &str, kind: &'static str, message: &str) {
        self.add_at_most(Confidence::High, path, kind, message);
    }

    /// Adds a problem whose confidence is limited by that of its premise.
    fn add_at_most(&mut self, confidence: Confidence, path: &str, kind: &'static str, message: &str) {
        if !self.is_full() {
            self.0.push(Problem::new(path, kind, message, kind_of(kind).confidence.min(confidence)));
        }
    }

    fn is_full(&self) -> bool {
        self.0.len() >= MOST_PROBLEMS
    }

    /// Adds a problem for each known member of the wrong type.
    fn malformed<T: Structure>(&mut self, path: &str, structure: &T) {
        for name in structure.malformed() {
            let message = format!("{name} has the wrong JSON type. Path: {path}/{name}; see the flow language guide");
            self.add(&format!("{path}/{name}"), "malformed-structure", &message);
        }
    }
}

/// Identifiers, each with the index of the first action that has it.
type Places<'a> = HashMap<&'a str, usize>;

fn flow(flow: &Flow, home: Option<Home>, found: &mut Found) {
    found.malformed("", flow);
    let has = |name: &str| flow.rest.get(name).is_some_and(|value| !value.is_null());
    match flow.version.as_deref() {
        Some(VERSION) => {}
        None if has("Version") => {}
        other => {
            let message = format!("Version is {:?}; set it to \"{VERSION}\"", brief(other.unwrap_or("absent"), 40));
            found.add("/Version", "wrong-version", &message);
        }
    }
    if flow.start.is_none() && !has("StartAction") {
        found.add("/StartAction", "missing-start-action", "StartAction is missing; set it to the first action");
    }
    let actions = match &flow.actions {
        Some(actions) if !actions.is_empty() => actions,
        Some(_) => {
            found.add("/Actions", "missing-actions", "Actions is empty; a flow has at least one action");
            return;
        }
        None => {
            if !has("Actions") {
                found.add("/Actions", "missing-actions", "Actions is missing; a flow has at least one action");
            }
            return;
        }
    };
    if actions.len() > MOST_ACTIONS {
        let message = format!("The flow has {} actions, the maximum is {MOST_ACTIONS}; split it", actions.len());
        found.add("/Actions", "too-many-actions", &message);
    }
    let places = places(actions);
    if let Some(start) = &flow.start
        && !places.contains_key(start.as_str())
    {
        let message = format!("StartAction {:?} is not the identifier of an action; use one", brief(start, 60));
        found.add("/StartAction", "dangling-start-action", &message);
    }
    for (at, part) in actions.iter().take(MOST_ACTIONS).enumerate() {
        if found.is_full() {
            return;
        }
        let path = format!("/Actions/{at}");
        match part {
            Part::Typed(action) => {
                identifier(action, at, &path, &places, found);
                action::check(action, &path, home, &places, found);
            }
            Part::Other(_) => {
                found.add(&path, "malformed-structure", &format!("Actions[{at}] is not an object; use an action"));
            }
        }
    }
    ending(flow, actions, &places, found);
}

fn places(actions: &[Part<Action>]) -> Places<'_> {
    let mut places = HashMap::with_capacity(actions.len());
    for (at, part) in actions.iter().enumerate() {
        if let Some(identifier) = part.typed().and_then(|action| action.identifier.as_deref()) {
            places.entry(identifier).or_insert(at);
        }
    }
    places
}

fn identifier(action: &Action, at: usize, path: &str, places: &Places<'_>, found: &mut Found) {
    let path = format!("{path}/Identifier");
    let Some(identifier) = &action.identifier else {
        if action.rest.get("Identifier").is_none_or(Value::is_null) {
            found.add(&path, "missing-identifier", &format!("Actions[{at}] has no Identifier; add one"));
        }
        return;
    };
    let shown = brief(identifier, 60);
    if let Some(first) = places.get(identifier.as_str()).filter(|first| **first != at) {
        let message = format!("Actions[{first}] and Actions[{at}] both have Identifier {shown:?}; rename one of them");
        found.add(&path, "duplicate-identifier", &message);
    }
    if identifier.chars().nth(LONGEST_IDENTIFIER).is_some() {
        let message = format!("Identifier {shown:?} has more than {LONGEST_IDENTIFIER} characters; shorten it");
        found.add(&path, "identifier-too-long", &message);
    }
    if identifier.contains(FORBIDDEN) || RESERVED.contains(&identifier.as_str()) || identifier.is_empty() {
        let message =
            format!("Identifier {shown:?} is empty, a reserved word, or has a forbidden character; rename it");
        found.add(&path, "forbidden-identifier", &message);
    }
}

/// The end of a flow: an action that ends it, or plays messages until somebody picks up, can be reached.
fn ending(flow: &Flow, actions: &[Part<Action>], places: &Places<'_>, found: &mut Found) {
    let Some(start) = flow.start.as_deref().and_then(|start| places.get(start)) else { return };
    let mut seen = vec![false; actions.len()];
    let mut waiting = vec![*start];
    while let Some(at) = waiting.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let Some(action) = actions[at].typed() else { return };
        let next = action.kind.as_deref().and_then(rules::row).map_or(Next::Optional, |row| row.next);
        let mut leads_on = false;
        for follower in action.followers() {
            leads_on = true;
            waiting.extend(places.get(follower).filter(|place| !seen[**place]));
        }
        if next == Next::Nothing || !leads_on || action.kind.as_deref() == Some(PLAYS_ON) {
            return;
        }
    }
    let message =
        "No action that ends the flow can be reached from StartAction; add one, such as DisconnectParticipant";
    found.add("/Actions", "no-terminal-action", message);
}

/// The only action that a hold or queue flow needs.
const PLAYS_ON: &str = "MessageParticipantIteratively";
