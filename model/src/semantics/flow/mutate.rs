//! Content with exactly one problem, and the same content without it.
//!
//! Each kind of problem has a maker. It starts from a flow that has the parts needed, so that nothing is generated and
//! discarded.

use arbitrary::Unstructured;
use serde_json::{Value, json};

use super::check::RESERVED;
use super::document::{Action, Flow, Members, Part, Transitions};
use super::generate::{Shape, candidates, condition, ending, error, flow, padded, with_action};
use super::home::Home;
use super::rules::{Conditions, Need, Next, Row, Use, row};
use super::{DEEPEST_CONDITION, LONGEST_IDENTIFIER, MOST_ACTIONS, MOST_CHARACTERS, MOST_CONDITIONS};
use crate::constraint::size::pick;
use crate::semantics::json::DEEPEST;

/// Content with and without a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// Content without the problem.
    pub valid: String,
    /// Content with it.
    pub invalid: String,
}

/// Makes a mutant.
type Maker = fn(Home, &mut Unstructured<'_>) -> Mutant;

/// Content with exactly one problem, of that kind. None for unknown kinds.
pub fn mutant(kind: &str, home: Home, u: &mut Unstructured<'_>) -> Option<Mutant> {
    MAKERS.iter().find(|(name, _)| *name == kind).map(|(_, make)| make(home, u))
}

/// Makers by kind.
const MAKERS: &[(&str, Maker)] = &[
    ("not-json", |home, u| rewritten(home, u, |text| text[..text.len() - 1].to_owned())),
    ("not-an-object", |home, u| rewritten(home, u, |text| format!("[{text}]"))),
    ("too-long", |home, u| {
        let flow = flow(home, Shape::default(), u);
        Mutant { valid: padded(flow.clone(), MOST_CHARACTERS), invalid: padded(flow, MOST_CHARACTERS + 1) }
    }),
    ("duplicate-name", |home, u| rewritten(home, u, |text| text.replacen('{', r#"{"Version":"2019-10-30","#, 1))),
    ("number-too-large", |home, u| rewritten(home, u, |text| text.replacen('{', r#"{"Extra":1e999,"#, 1))),
    ("nested-too-deep", |home, u| {
        let nested = format!("{{\"Extra\":{}{},", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        rewritten(home, u, |text| text.replacen('{', &nested, 1))
    }),
    ("wrong-version", |home, u| {
        let version = ["2019-10-29", "2019-10-31", "", "1"][pick(u, 0, 3) as usize];
        edited(home, u, |flow| flow.version = Some(version.to_owned()))
    }),
    ("missing-start-action", |home, u| edited(home, u, |flow| flow.start = None)),
    ("dangling-start-action", |home, u| edited(home, u, |flow| flow.start = Some("nowhere".to_owned()))),
    ("missing-actions", |home, u| {
        let empty = pick(u, 0, 1) == 1;
        edited(home, u, |flow| flow.actions = empty.then(Vec::new))
    }),
    ("too-many-actions", |home, u| {
        let valid = flow(home, Shape::of_most_actions(), u);
        let more = Shape { least: MOST_ACTIONS + 1, most: MOST_ACTIONS + 1, ..Shape::default() };
        Mutant { valid: valid.to_text(), invalid: flow(home, more, u).to_text() }
    }),
    ("malformed-structure", |home, u| {
        let member = ["Parameters", "Transitions"][pick(u, 0, 1) as usize];
        with(home, plain(), u, |action| {
            match member {
                "Parameters" => action.parameters = None,
                _ => action.transitions = None,
            }
            action.rest.insert(member.to_owned(), json!(["contract test"]));
        })
    }),
    // An action that no branch leads to: removing the identifier of another one would leave dangling branches.
    ("missing-identifier", |home, u| appended(home, u, |action| action.identifier = None)),
    ("duplicate-identifier", |home, u| appended(home, u, |_| {})),
    ("identifier-too-long", |home, u| {
        let name = "x".repeat(LONGEST_IDENTIFIER + 1);
        renamed(home, u, &name)
    }),
    ("forbidden-identifier", |home, u| {
        let marks = "%:(\\/)=$,;[]{}";
        let at = pick(u, 0, (marks.len() + RESERVED.len()) as u64 - 1) as usize;
        let name = match marks.chars().nth(at) {
            Some(mark) => format!("contract{mark}test"),
            None => RESERVED[at - marks.len()].to_owned(),
        };
        renamed(home, u, &name)
    }),
    ("missing-action-type", |home, u| with(home, plain(), u, |action| action.kind = None)),
    ("unknown-action-type", |home, u| with(home, plain(), u, |action| action.kind = Some("NoSuchAction".to_owned()))),
    ("action-not-allowed-here", |home, u| {
        let stranger = if home == Home::Module { "EndFlowExecution" } else { "EndFlowModuleExecution" };
        appended(home, u, |action| {
            *action = lone(stranger, "stranger");
        })
    }),
    ("missing-required-parameter", |home, u| {
        let row = among(home, u, |form| form.parameters.iter().any(|p| p.need == Need::Required && !p.chooses()));
        with(home, row, u, |action| {
            let Some(parameters) = &mut action.parameters else { return };
            let form = row.form(parameters);
            let required =
                form.into_iter().flat_map(|form| form.parameters).find(|p| p.need == Need::Required && !p.chooses());
            if let Some(parameter) = required {
                parameters.remove(parameter.name);
            }
        })
    }),
    ("unknown-parameter", |home, u| {
        let row = among(home, u, |form| form.closed);
        with(home, row, u, |action| set(action, "ContractTest", json!("1")))
    }),
    ("bad-parameter-value", |home, u| {
        let (kind, parameter, value) = [
            ("Loop", "LoopCount", json!("101")),
            ("Compare", "ComparisonValue", json!("contract test")),
            ("UpdateFlowLoggingBehavior", "FlowLoggingBehavior", json!("Sometimes")),
            ("UpdateContactAttributes", "Attributes", json!("contract test")),
        ][pick(u, 0, 3) as usize]
            .clone();
        with(home, named(kind), u, |action| set(action, parameter, value))
    }),
    ("empty-parameter-value", |home, u| {
        with(home, named("Compare"), u, |action| set(action, "ComparisonValue", json!("")))
    }),
    ("both-of-exclusive-parameters", |home, u| {
        with(home, named("MessageParticipant"), u, |action| {
            set(action, "Text", json!("contract test"));
            set(action, "SSML", json!("<speak>contract test</speak>"));
        })
    }),
    ("none-of-required-parameters", |home, u| {
        with(home, named("MessageParticipant"), u, |action| action.parameters = Some(Members::new()))
    }),
    ("dangling-next-action", |home, u| {
        let branch = pick(u, 0, 2);
        with(home, named("Compare"), u, |action| {
            let nowhere = Some("nowhere".to_owned());
            let Some(transitions) = &mut action.transitions else { return };
            match (branch, first(&mut transitions.errors), first(&mut transitions.conditions)) {
                (1, Some(error), _) => error.next = nowhere,
                (2, _, Some(condition)) => condition.next = nowhere,
                _ => transitions.next = nowhere,
            }
        })
    }),
    ("missing-next-action", |home, u| {
        let row = among(home, u, |_| true);
        with(home, row, u, |action| {
            if let Some(transitions) = &mut action.transitions {
                transitions.next = None;
            }
        })
    }),
    ("terminal-with-transitions", |home, u| {
        appended(home, u, |action| {
            let kind = if home == Home::Module { "EndFlowModuleExecution" } else { "DisconnectParticipant" };
            *action = lone(kind, "stranger");
            let next = Some("stranger".to_owned());
            action.transitions = Some(Transitions { next, ..Transitions::default() });
        })
    }),
    ("missing-required-error", |home, u| {
        let row = among(home, u, |form| form.errors.iter().any(|branch| branch.need == Need::Required));
        with(home, row, u, |action| {
            let form = row.form(action.parameters.as_ref().unwrap_or(&Members::new()));
            let required = form.into_iter().flat_map(|form| form.errors).find(|branch| branch.need == Need::Required);
            let errors = action.transitions.as_mut().and_then(|transitions| transitions.errors.as_mut());
            if let (Some(required), Some(errors)) = (required, errors) {
                errors.retain(|part| part.typed().and_then(|branch| branch.error.as_deref()) != Some(required.error));
            }
        })
    }),
    ("unknown-error-type", |home, u| with(home, plain(), u, |action| push_error(action, "NoSuchError"))),
    ("error-not-allowed", |home, u| {
        let row =
            named(["UpdateFlowLoggingBehavior", "UpdateContactRoutingBehavior", "Compare"][pick(u, 0, 2) as usize]);
        with(home, row, u, |action| push_error(action, "NoMatchingError"))
    }),
    ("conditions-not-supported", |home, u| {
        let row = among(home, u, |form| form.conditions == Conditions::Unsupported);
        with(home, row, u, |action| push_condition(action, "Equals", json!(["1"])))
    }),
    ("wrong-conditions", |home, u| {
        let row = named(["Loop", "CheckHoursOfOperation", "DistributeByPercentage"][pick(u, 0, 2) as usize]);
        with(home, row, u, |action| push_condition(action, "Equals", json!(["contract test"])))
    }),
    ("unknown-operator", |home, u| {
        let operator = ["NumericLessThan", "equals", "Contains"][pick(u, 0, 2) as usize];
        with(home, named("Compare"), u, |action| push_condition(action, operator, json!(["1"])))
    }),
    ("conditions-too-deep", |home, u| {
        with(home, named("Compare"), u, |action| {
            let nested = (0..DEEPEST_CONDITION)
                .fold(json!(["1"]), |inner, _| json!([{ "Operator": "Equals", "Operands": inner }]));
            push_condition(action, "Equals", nested);
        })
    }),
    ("too-many-conditions", |home, u| {
        with(home, named("Compare"), u, |action| {
            let inner = json!({ "Operator": "Equals", "Operands": ["1"] });
            push_condition(action, "Equals", Value::Array(vec![inner; MOST_CONDITIONS + 1]));
        })
    }),
    ("no-terminal-action", |home, u| {
        with_action_alone(home, u, |action| {
            let identifier = action.identifier.clone();
            let Some(transitions) = &mut action.transitions else { return };
            transitions.next.clone_from(&identifier);
            if let Some(error) = first(&mut transitions.errors) {
                error.next = identifier;
            }
        })
    }),
];

impl super::rules::Parameter {
    /// Returns true if it selects the form of use.
    fn chooses(&self) -> bool {
        self.name == "StoreInput"
    }
}

/// Changes the text.
fn rewritten(home: Home, u: &mut Unstructured<'_>, rewrite: impl FnOnce(&str) -> String) -> Mutant {
    let valid = flow(home, Shape::default(), u).to_text();
    Mutant { invalid: rewrite(&valid), valid }
}

/// Changes the flow.
fn edited(home: Home, u: &mut Unstructured<'_>, edit: impl FnOnce(&mut Flow)) -> Mutant {
    let valid = flow(home, Shape::default(), u);
    let mut invalid = valid.clone();
    edit(&mut invalid);
    Mutant { valid: valid.to_text(), invalid: invalid.to_text() }
}

/// Changes the first action, of a type that the maker chooses.
fn with(home: Home, row: &'static Row, u: &mut Unstructured<'_>, edit: impl FnOnce(&mut Action)) -> Mutant {
    let valid = with_action(home, Shape::default(), Some(row), u);
    let mut invalid = valid.clone();
    if let Some(action) = first(&mut invalid.actions) {
        edit(action);
    }
    Mutant { valid: valid.to_text(), invalid: invalid.to_text() }
}

/// Changes the first action and removes all others.
fn with_action_alone(home: Home, u: &mut Unstructured<'_>, edit: impl FnOnce(&mut Action)) -> Mutant {
    let valid = with_action(home, Shape::default(), Some(plain()), u);
    let mut invalid = valid.clone();
    invalid.actions.iter_mut().for_each(|actions| actions.truncate(1));
    if let Some(action) = first(&mut invalid.actions) {
        edit(action);
    }
    Mutant { valid: valid.to_text(), invalid: invalid.to_text() }
}

/// Appends a changed copy of the last action.
fn appended(home: Home, u: &mut Unstructured<'_>, edit: impl FnOnce(&mut Action)) -> Mutant {
    edited(home, u, |flow| {
        let Some(actions) = &mut flow.actions else { return };
        if let Some(mut copy) = actions.last().and_then(Part::typed).cloned() {
            edit(&mut copy);
            actions.push(Part::Typed(copy));
        }
    })
}

/// Renames the first action everywhere.
fn renamed(home: Home, u: &mut Unstructured<'_>, name: &str) -> Mutant {
    edited(home, u, |flow| {
        let Some(old) = flow.start.replace(name.to_owned()) else { return };
        let rename = |text: &mut Option<String>| {
            if text.as_deref() == Some(old.as_str()) {
                *text = Some(name.to_owned());
            }
        };
        for action in flow.actions.iter_mut().flatten().filter_map(Part::typed_mut) {
            rename(&mut action.identifier);
            let Some(transitions) = &mut action.transitions else { continue };
            rename(&mut transitions.next);
            let errors = transitions.errors.iter_mut().flatten().filter_map(Part::typed_mut);
            errors.for_each(|branch| rename(&mut branch.next));
            let conditions = transitions.conditions.iter_mut().flatten().filter_map(Part::typed_mut);
            conditions.for_each(|branch| rename(&mut branch.next));
        }
    })
}

/// A type that every home allows, with a required parameter and a required error.
fn plain() -> &'static Row {
    named("UpdateContactAttributes")
}

fn named(action: &str) -> &'static Row {
    row(action).unwrap_or_else(|| ending(Home::ContactFlow))
}

/// A type that is valid here and all of whose forms of use satisfy a predicate. There is always one, because every home
/// allows `UpdateContactAttributes` or `DistributeByPercentage`.
fn among(home: Home, u: &mut Unstructured<'_>, fits: impl Fn(&Use) -> bool) -> &'static Row {
    let rows: Vec<&'static Row> = candidates(home, false).filter(|row| row.forms.iter().all(&fits)).collect();
    rows.get(pick(u, 0, rows.len().max(1) as u64 - 1) as usize).copied().unwrap_or_else(plain)
}

/// An action that ends the flow.
fn lone(kind: &str, identifier: &str) -> Action {
    debug_assert!(row(kind).is_some_and(|row| row.next == Next::Nothing));
    Action {
        identifier: Some(identifier.to_owned()),
        kind: Some(kind.to_owned()),
        parameters: Some(Members::new()),
        transitions: Some(Transitions::default()),
        rest: Members::new(),
    }
}

fn first<T>(parts: &mut Option<Vec<Part<T>>>) -> Option<&mut T> {
    parts.as_mut()?.first_mut()?.typed_mut()
}

fn set(action: &mut Action, parameter: &str, value: Value) {
    action.parameters.get_or_insert_default().insert(parameter.to_owned(), value);
}

/// The next action in the absence of errors and conditions.
fn next(action: &Action) -> String {
    action.transitions.as_ref().and_then(|transitions| transitions.next.clone()).unwrap_or_default()
}

fn push_error(action: &mut Action, name: &str) {
    let branch = error(name, next(action));
    action.transitions.get_or_insert_default().errors.get_or_insert_default().push(branch);
}

fn push_condition(action: &mut Action, operator: &str, operands: Value) {
    let branch = condition(operator, operands, next(action));
    action.transitions.get_or_insert_default().conditions.get_or_insert_default().push(branch);
}
