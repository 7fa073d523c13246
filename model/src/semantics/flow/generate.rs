//! Generates valid content: a graph of actions with known rules, all of them reachable.
//!
//! Actions form a sequence. Each continues with the next one, and its other branches lead to any later one, so that
//! every action is reached and the flow ends; only a loop goes back.

use arbitrary::Unstructured;
use serde_json::{Value, json};

use super::document::{Action, Condition, ConditionBranch, ErrorBranch, Flow, Members, Part, Transitions};
use super::home::Home;
use super::rules::{Conditions, Need, Next, Parameter, ROWS, Row, Use};
use super::{LONGEST_IDENTIFIER, MOST_ACTIONS, MOST_CHARACTERS, VERSION, check::action::has};
use crate::constraint::size::pick;

/// Parameters of a generated flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Minimum number of actions.
    pub least: usize,
    /// Maximum number of actions.
    pub most: usize,
    /// True to include actions that name a resource of the instance, by a reference that is resolved when the flow
    /// runs.
    pub resources: bool,
    /// Length of identifiers; 0 for as short as possible.
    pub identifiers: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { least: 1, most: 6, resources: false, identifiers: 0 }
    }
}

impl Shape {
    /// The maximum number of actions.
    pub fn of_most_actions() -> Self {
        Self { least: MOST_ACTIONS, most: MOST_ACTIONS, ..Self::default() }
    }

    /// Identifiers of the maximum length.
    pub fn of_longest_identifiers() -> Self {
        Self { identifiers: LONGEST_IDENTIFIER, ..Self::default() }
    }
}

/// A valid flow.
pub fn flow(home: Home, shape: Shape, u: &mut Unstructured<'_>) -> Flow {
    with_action(home, shape, None, u)
}

/// A valid flow that starts with an action of the given type, if any. All branches of that action lead to the next
/// action, so that one of them can be removed.
pub fn with_action(home: Home, shape: Shape, first: Option<&'static Row>, u: &mut Unstructured<'_>) -> Flow {
    let least = shape.least.max(1 + usize::from(first.is_some()));
    let count = pick(u, least as u64, shape.most.max(least) as u64) as usize;
    let usable: Vec<&'static Row> = candidates(home, shape.resources).collect();
    let names = Names { count, length: shape.identifiers };
    let last = ending(home);
    let actions = (0..count).map(|at| {
        let row = match (at, first) {
            (0, Some(first)) => first,
            _ if at + 1 == count => last,
            _ => usable[pick(u, 0, usable.len().max(1) as u64 - 1) as usize],
        };
        let planted = at == 0 && first.is_some();
        Part::Typed(action(row, at, &names, planted, shape.resources, u))
    });
    let actions = actions.collect();
    Flow {
        version: Some(VERSION.to_owned()),
        start: Some(names.of(0)),
        metadata: Some(Members::new()),
        actions: Some(actions),
        rest: Members::new(),
    }
}

/// A flow padded to exactly that many characters, unless it is longer. The padding is in the metadata, which only
/// editors read.
pub fn padded(mut flow: Flow, characters: usize) -> String {
    let text = flow.clone().to_text();
    // `"p":"",` or, in an empty object, `"p":""`.
    let frame = if flow.metadata.as_ref().is_some_and(|metadata| !metadata.is_empty()) { 7 } else { 6 };
    let Some(missing) = characters.checked_sub(text.chars().count() + frame) else { return text };
    flow.metadata.get_or_insert_default().insert("p".to_owned(), "x".repeat(missing).into());
    flow.to_text()
}

/// A flow of the maximum length.
pub fn longest(home: Home, u: &mut Unstructured<'_>) -> String {
    padded(flow(home, Shape::default(), u), MOST_CHARACTERS)
}

/// Types that continue the flow, are certainly valid in a home, and have known rules.
pub fn candidates(home: Home, resources: bool) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| {
        row.next == Next::Needed && !row.forms.is_empty() && row.sure.has(home) && (resources || row.stands_alone)
    })
}

/// The last action of a flow.
pub fn ending(home: Home) -> &'static Row {
    let name = match home {
        Home::CustomerHold | Home::AgentHold => "MessageParticipantIteratively",
        Home::CustomerWhisper | Home::AgentWhisper | Home::OutboundWhisper => "EndFlowExecution",
        Home::Module => "EndFlowModuleExecution",
        _ => "DisconnectParticipant",
    };
    ROWS.iter().find(|row| row.action == name).unwrap_or(&ROWS[0])
}

/// Identifiers by index.
struct Names {
    count: usize,
    length: usize,
}

impl Names {
    fn of(&self, at: usize) -> String {
        let name = format!("step-{at}");
        format!("{name}{}", "-".repeat(self.length.saturating_sub(name.len())))
    }

    /// The identifier of an action after `at`.
    fn after(&self, at: usize, u: &mut Unstructured<'_>) -> String {
        self.of(pick(u, (at + 1).min(self.count - 1) as u64, self.count as u64 - 1) as usize)
    }
}

fn action(row: &Row, at: usize, names: &Names, planted: bool, resources: bool, u: &mut Unstructured<'_>) -> Action {
    let form = match row.forms {
        [] => None,
        forms => forms.get(pick(u, 0, forms.len() as u64 - 1) as usize),
    };
    let parameters = form.map(|form| parameters(form, resources, u)).unwrap_or_default();
    let transitions = match (row.next, form) {
        (Next::Nothing, _) | (_, None) => Transitions::default(),
        (next, Some(form)) => {
            let onward = |u: &mut Unstructured<'_>| if planted { names.of(at + 1) } else { names.after(at, u) };
            let back = |u: &mut Unstructured<'_>| names.of(pick(u, 0, at as u64) as usize);
            let errors = errors(form, &parameters, u, onward);
            let conditions = conditions(form, &parameters, u, onward, back);
            Transitions {
                next: (next == Next::Needed).then(|| names.of(at + 1)),
                errors: (next == Next::Needed || !errors.is_empty()).then_some(errors),
                conditions: (next == Next::Needed || !conditions.is_empty()).then_some(conditions),
                rest: Members::new(),
            }
        }
    };
    Action {
        identifier: Some(names.of(at)),
        kind: Some(row.action.to_owned()),
        parameters: Some(parameters),
        transitions: Some(transitions),
        rest: Members::new(),
    }
}

/// Values for required parameters, for one of each group, and for some of the rest.
fn parameters(form: &Use, resources: bool, u: &mut Unstructured<'_>) -> Members {
    let mut chosen: Vec<&Parameter> = Vec::new();
    let find = |name: &str| form.parameters.iter().find(|parameter| parameter.name == name);
    for group in form.groups {
        if group.needed || pick(u, 0, 1) == 1 {
            let names: Vec<_> =
                group.names.iter().filter_map(|name| find(name)).filter(|p| p.is_plain(resources)).collect();
            chosen.extend(names.get(pick(u, 0, names.len().max(1) as u64 - 1) as usize).copied());
        }
    }
    for parameter in form.parameters {
        let grouped = form.groups.iter().any(|group| group.names.contains(&parameter.name));
        let wanted = match parameter.need {
            Need::Required => true,
            Need::Optional => !grouped && parameter.is_plain(resources) && pick(u, 0, 3) == 3,
            Need::RequiredWith(_) | Need::Refused => false,
        };
        if wanted {
            chosen.push(parameter);
        }
    }
    chosen.into_iter().map(|parameter| (parameter.name.to_owned(), parameter.form.witness(u))).collect()
}

impl Parameter {
    /// Returns true if its witness is meaningful and names no resource, unless resources are allowed.
    fn is_plain(&self, resources: bool) -> bool {
        use super::rules::Form;
        match self.form {
            Form::Id => resources,
            Form::Object(members) => resources && !members.is_empty(),
            Form::Any => false,
            // The events that an action waits for need conditions of their own.
            Form::Texts => self.need == Need::Required,
            _ => true,
        }
    }
}

fn errors(
    form: &Use,
    parameters: &Members,
    u: &mut Unstructured<'_>,
    mut onward: impl FnMut(&mut Unstructured<'_>) -> String,
) -> Vec<Part<ErrorBranch>> {
    let mut errors = Vec::new();
    for branch in form.errors {
        let wanted = match branch.need {
            Need::Required => true,
            Need::RequiredWith(pointer) => has(parameters, pointer),
            Need::Optional => pick(u, 0, 1) == 1,
            Need::Refused => false,
        };
        if wanted {
            errors.push(error(branch.error, onward(u)));
        }
    }
    errors
}

fn conditions(
    form: &Use,
    parameters: &Members,
    u: &mut Unstructured<'_>,
    mut onward: impl FnMut(&mut Unstructured<'_>) -> String,
    mut back: impl FnMut(&mut Unstructured<'_>) -> String,
) -> Vec<Part<ConditionBranch>> {
    let mut words = |words: &[&str], u: &mut Unstructured<'_>| -> Vec<Part<ConditionBranch>> {
        let mut next =
            |word: &str, u: &mut Unstructured<'_>| if word == "ContinueLooping" { back(u) } else { onward(u) };
        words.iter().map(|word| condition("Equals", json!([word]), next(word, u))).collect()
    };
    match form.conditions {
        Conditions::Unsupported => Vec::new(),
        Conditions::Words(asked) => words(asked, u),
        Conditions::Events => words(&["WaitCompleted"], u),
        Conditions::Interrupts if parameters.contains_key("InterruptFrequencySeconds") => {
            words(&["MessagesInterrupted"], u)
        }
        Conditions::Interrupts => Vec::new(),
        Conditions::Keys => {
            let keys = ["1", "2", "#"];
            words(&keys[..pick(u, 1, 3) as usize], u)
        }
        Conditions::Any(least) => {
            let count = pick(u, (least as u64).max(1), least.max(3) as u64);
            (0..count).map(|at| condition("Equals", json!([at.to_string()]), onward(u))).collect()
        }
        Conditions::Percentages => {
            let count = pick(u, 1, 3);
            (1..=count).map(|at| condition("NumberLessThan", json!([(at * 25 + 1).to_string()]), onward(u))).collect()
        }
    }
}

/// A branch for an error.
pub(super) fn error(error: &str, next: String) -> Part<ErrorBranch> {
    Part::Typed(ErrorBranch { error: Some(error.to_owned()), next: Some(next), rest: Members::new() })
}

/// A branch under a condition.
pub(super) fn condition(operator: &str, operands: Value, next: String) -> Part<ConditionBranch> {
    let operands = match operands {
        Value::Array(operands) => operands,
        other => vec![other],
    };
    let condition = Condition { operator: Some(operator.to_owned()), operands: Some(operands), rest: Members::new() };
    Part::Typed(ConditionBranch { next: Some(next), condition: Some(condition), rest: Members::new() })
}
