//! Rules: the language of their conditions, and the rules between the members of CreateRule and UpdateRule.
//!
//! | file | holds |
//! |---|---|
//! | `sources` | the event sources and their requirements |
//! | `actions` | the actions, and a cell for each pair of action and event source |
//! | `contract` | the checker of rules between members |
//! | `function` | the language of conditions: model, checker, generator, faults |
//! | `make`, `faults`, `repair` | inputs that satisfy the contract, break it once, or are made to satisfy it |

pub mod actions;
pub mod contract;
mod faults;
pub mod function;
mod make;
mod repair;
pub mod sources;

#[cfg(test)]
mod tests;

use arbitrary::Unstructured;
use serde_json::Value;

pub(super) use self::faults::broken;
pub use self::repair::source_for;
pub(super) use self::repair::{repair, repair_action, repair_payload};
use super::{Breach, Broken, Confidence, Context, Problem};

/// Language of the rules between the members of a rule.
pub const ACTIONS: &str = "rule-actions";

/// Language of a rule's conditions.
pub const FUNCTION: &str = "rule-function";

/// Returns true if an operation's input is a rule.
pub(super) fn is_rule(operation: &str) -> bool {
    matches!(operation, "CreateRule" | "UpdateRule")
}

/// Breaches that the input of an operation on rules can have.
pub(super) fn breaches(operation: &str) -> Vec<&'static Breach> {
    let contract = contract::BREACHES.iter().copied();
    // The event source of an existing rule is not in the input.
    let contract = contract.filter(|breach| operation == "CreateRule" || !faults::needs_trigger(breach));
    let forbidden = |cell: &&actions::Cell| cell.verdict != actions::Verdict::Permitted;
    let cells = actions::cells().iter().filter(forbidden).map(|cell| &cell.breach);
    function::FAULTS.iter().map(|fault| fault.breach).chain(contract).chain(cells).collect()
}

/// A function with conditions on some documented source.
pub(super) fn some_function(u: &mut Unstructured<'_>) -> String {
    function::make(None, function::Size::SMALL, u).to_string()
}

/// All problems of an input of CreateRule or UpdateRule, each with its language. Paths of [`FUNCTION`] point into the
/// text of the function, those of [`ACTIONS`] into the input.
pub fn check(input: &Value, context: &Context<'_>) -> Vec<(&'static str, Problem)> {
    let mut problems: Vec<_> = contract::check(input, context).into_iter().map(|problem| (ACTIONS, problem)).collect();
    let trigger = input.get("TriggerEventSource");
    let source = trigger.and_then(|trigger| trigger.get("EventSourceName")?.as_str()).or(context.event_source);
    if let Some(text) = input.get("Function").and_then(Value::as_str) {
        problems.extend(function::check(text, source).into_iter().map(|problem| (FUNCTION, problem)));
    }
    problems
}
