//! Checks one action against its row of the table.

use serde_json::Value;

use super::super::document::{Action, ConditionBranch, ErrorBranch, Members, Part, Structure, Transitions};
use super::super::home::Home;
use super::super::rules::{self, Need, Next, Row, Standing, Use};
use super::{Found, Places, brief, conditions};
use crate::semantics::Confidence;
use crate::validate::escape;

/// An action being checked.
struct Checking<'a, 'f> {
    action: &'a Action,
    path: &'a str,
    found: &'f mut Found,
}

pub(super) fn check(action: &Action, path: &str, home: Option<Home>, places: &Places<'_>, found: &mut Found) {
    found.malformed(path, action);
    let mut checking = Checking { action, path, found };
    let row = checking.row(home);
    // The errors are known only for types with known details.
    checking.branches(places, row.is_some_and(|row| !row.forms.is_empty()));
    if let Some(row) = row {
        checking.transitions(row);
        let none = Members::new();
        let parameters = action.parameters.as_ref().unwrap_or(&none);
        // Parameters that are not an object cannot be judged, nor can anything that depends on them.
        let readable = action.parameters.is_some() || absent(&action.rest, "Parameters");
        if let Some(form) = row.form(parameters).filter(|_| readable) {
            checking.parameters(form, parameters);
            if row.next != Next::Nothing && checking.transitions_are_readable() {
                checking.errors(form, parameters);
                conditions::check(form.conditions, parameters, conditions_of(action), path, checking.found);
            }
        }
    }
}

fn conditions_of(action: &Action) -> &[Part<ConditionBranch>] {
    action.transitions.as_ref().and_then(|transitions| transitions.conditions.as_deref()).unwrap_or_default()
}

fn errors_of(action: &Action) -> &[Part<ErrorBranch>] {
    action.transitions.as_ref().and_then(|transitions| transitions.errors.as_deref()).unwrap_or_default()
}

impl Checking<'_, '_> {
    fn add(&mut self, below: &str, kind: &'static str, what: &str, fix: &str) {
        let path = format!("{}{below}", self.path);
        let message = format!("{what}. Path: {path}; {fix}");
        self.found.add(&path, kind, &message);
    }

    /// The row of the action, if its type is known.
    fn row(&mut self, home: Option<Home>) -> Option<&'static Row> {
        let Some(kind) = &self.action.kind else {
            if self.action.rest.get("Type").is_none_or(Value::is_null) {
                self.add("/Type", "missing-action-type", "Action has no Type", "set the type of the action");
            }
            return None;
        };
        let shown = brief(kind, 60);
        let known = rules::row(kind);
        let Some(row) = known.filter(|row| row.standing != Standing::Refused) else {
            let path = format!("{}/Type", self.path);
            let message =
                format!("Invalid Action type. Type: {shown}. Path: {path}; the flow language guide lists the types");
            let sure = known.map_or(Confidence::High, |row| row.confidence);
            self.found.add_at_most(sure, &path, "unknown-action-type", &message);
            return None;
        };
        if let Some(home) = home.filter(|home| !row.homes.has(*home)) {
            let what = format!("Action type {shown} is not allowed in {}", home.word());
            self.add("/Type", "action-not-allowed-here", &what, "use another action, or another flow type");
        }
        Some(row)
    }

    /// Form and targets of the branches; the same for all types.
    fn branches(&mut self, places: &Places<'_>, knows_errors: bool) {
        let Some(transitions) = &self.action.transitions else { return };
        let path = format!("{}/Transitions", self.path);
        self.found.malformed(&path, transitions);
        self.target("/Transitions/NextAction", transitions.next.as_deref(), places);
        for (at, part) in errors_of(self.action).iter().enumerate() {
            if self.found.is_full() {
                return;
            }
            let below = format!("/Transitions/Errors/{at}");
            match part {
                Part::Typed(branch) => {
                    self.found.malformed(&format!("{}{below}", self.path), branch);
                    self.branch_leads(&below, branch.next.as_deref(), &branch.rest, places);
                    match &branch.error {
                        Some(error) if knows_errors && !rules::is_error(error) => {
                            let what = format!("Invalid Action error. Error: {}", brief(error, 60));
                            let fix = "the flow language guide lists the errors of a type";
                            self.add(&format!("{below}/ErrorType"), "unknown-error-type", &what, fix);
                        }
                        None if absent(&branch.rest, "ErrorType") => self.incomplete(&below, "ErrorType"),
                        _ => {}
                    }
                }
                Part::Other(_) => self.not_an_object(&below),
            }
        }
        for (at, part) in conditions_of(self.action).iter().enumerate() {
            let below = format!("/Transitions/Conditions/{at}");
            match part {
                Part::Typed(branch) => {
                    self.found.malformed(&format!("{}{below}", self.path), branch);
                    self.branch_leads(&below, branch.next.as_deref(), &branch.rest, places);
                    match &branch.condition {
                        Some(condition) => {
                            let path = format!("{}{below}/Condition", self.path);
                            conditions::structure(condition, &path, self.found);
                        }
                        None if absent(&branch.rest, "Condition") => self.incomplete(&below, "Condition"),
                        None => {}
                    }
                }
                Part::Other(_) => self.not_an_object(&below),
            }
            if self.found.is_full() {
                return;
            }
        }
    }

    fn branch_leads(&mut self, below: &str, next: Option<&str>, rest: &Members, places: &Places<'_>) {
        if next.is_none() && absent(rest, "NextAction") {
            self.incomplete(below, "NextAction");
        }
        self.target(&format!("{below}/NextAction"), next, places);
    }

    fn target(&mut self, below: &str, next: Option<&str>, places: &Places<'_>) {
        if let Some(next) = next.filter(|next| !places.contains_key(next)) {
            let what = format!("Invalid branch: action {:?} does not exist", brief(next, 60));
            self.add(below, "dangling-next-action", &what, "use the identifier of an action of this flow");
        }
    }

    fn incomplete(&mut self, below: &str, name: &str) {
        self.add(below, "malformed-structure", &format!("Branch has no {name}"), "add it, or remove the branch");
    }

    fn not_an_object(&mut self, below: &str) {
        self.add(below, "malformed-structure", "Branch is not an object", "use an object, or remove the branch");
    }

    fn transitions_are_readable(&self) -> bool {
        let odd = |transitions: &Transitions| transitions.malformed().next().is_some();
        let absent = absent(&self.action.rest, "Transitions");
        self.action.transitions.as_ref().map_or(absent, |transitions| !odd(transitions))
    }

    /// Presence of the next action.
    fn transitions(&mut self, row: &Row) {
        if !self.transitions_are_readable() {
            return;
        }
        match row.next {
            Next::Nothing if self.action.followers().next().is_some() => {
                let what = "Action does not support transitions";
                self.add("/Transitions", "terminal-with-transitions", what, "use an empty object: the flow ends here");
            }
            Next::Needed if self.action.transitions.as_ref().is_none_or(|transitions| transitions.next.is_none()) => {
                let what = "Action is missing required property";
                self.add("/Transitions/NextAction", "missing-next-action", what, "set the action that follows");
            }
            _ => {}
        }
    }

    fn parameters(&mut self, form: &Use, parameters: &Members) {
        let path = |name: &str| format!("/Parameters/{}", escape(name));
        for parameter in form.parameters {
            let name = parameter.name;
            match (parameter.need, parameters.get(name)) {
                (Need::Refused, Some(_)) => self.unknown_parameter(name),
                (Need::Required, None) => {
                    let what = "Action is missing required property";
                    let fix = format!("set it to {}", parameter.form.describe());
                    self.add(&path(name), "missing-required-parameter", what, &fix);
                }
                (_, Some(Value::String(text))) if text.is_empty() => {
                    let what = "Invalid Action property value: it is empty";
                    self.add(&path(name), "empty-parameter-value", what, "set a value, or remove it");
                }
                (_, Some(value)) if !parameter.form.admits(value) => {
                    let fix = format!("set it to {}", parameter.form.describe());
                    self.add(&path(name), "bad-parameter-value", "Invalid Action property value", &fix);
                }
                _ => {}
            }
        }
        if form.closed {
            let known = |name: &str| form.parameters.iter().any(|parameter| parameter.name == name);
            for name in parameters.keys().filter(|name| !known(name)) {
                self.unknown_parameter(name);
            }
        }
        for group in form.groups {
            let count = group.names.iter().filter(|name| parameters.contains_key(**name)).count();
            let names = group.names.join(", ");
            if count > 1 {
                let what = format!("Only one of these properties may be defined. Properties: [{names}]");
                self.add("/Parameters", "both-of-exclusive-parameters", &what, "keep one of them");
            } else if count == 0 && group.needed {
                let what = format!("At least one of [{names}] must be set");
                self.add("/Parameters", "none-of-required-parameters", &what, "set one of them");
            }
        }
    }

    fn unknown_parameter(&mut self, name: &str) {
        let shown = brief(name, 60);
        let below = format!("/Parameters/{}", escape(&shown));
        self.add(&below, "unknown-parameter", "Invalid Action property name", "remove it");
    }

    fn errors(&mut self, form: &Use, parameters: &Members) {
        let found = errors_of(self.action);
        let named = |error: &str| {
            found.iter().position(|part| part.typed().is_some_and(|branch| branch.error.as_deref() == Some(error)))
        };
        for branch in form.errors {
            let required = match branch.need {
                Need::Required => true,
                Need::RequiredWith(pointer) => has(parameters, pointer),
                Need::Optional | Need::Refused => false,
            };
            match named(branch.error) {
                None if required => {
                    let what = format!("Action is missing required error. Error: {}", branch.error);
                    let fix = "add it, with the action that follows";
                    self.add("/Transitions/Errors", "missing-required-error", &what, fix);
                }
                Some(at) if branch.need == Need::Refused => self.excluded(at, branch.error),
                _ => {}
            }
        }
        if form.only_errors {
            for (at, part) in found.iter().enumerate() {
                let Some(error) = part.typed().and_then(|branch| branch.error.as_deref()) else { continue };
                // Errors unknown to all types are reported above.
                if rules::is_error(error) && !form.errors.iter().any(|branch| branch.error == error) {
                    self.excluded(at, error);
                }
            }
        }
    }

    fn excluded(&mut self, at: usize, error: &str) {
        let what = format!("Invalid Action error. Error: {error}");
        let below = format!("/Transitions/Errors/{at}/ErrorType");
        self.add(&below, "error-not-allowed", &what, "remove it: this action does not have this error");
    }
}

fn absent(rest: &Members, name: &str) -> bool {
    rest.get(name).is_none_or(Value::is_null)
}

/// Returns true if parameters have a value at a JSON Pointer of plain names.
pub(in super::super) fn has(parameters: &Members, pointer: &str) -> bool {
    let (name, rest) = pointer.trim_start_matches('/').split_once('/').unwrap_or((pointer.trim_start_matches('/'), ""));
    match (parameters.get(name), rest) {
        (Some(_), "") => true,
        (Some(Value::Object(inner)), rest) => has(inner, rest),
        _ => false,
    }
}
