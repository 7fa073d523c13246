//! Checks conditions: their structure, and the requirements of the action type.

use serde_json::Value;

use super::super::document::{Condition, ConditionBranch, Members, Part};
use super::super::rules::Conditions;
use super::super::{DEEPEST_CONDITION, MOST_CONDITIONS, OPERATORS};
use super::{Found, brief};

/// Operator, operands, and the limits of conditions inside conditions.
pub(super) fn structure(condition: &Condition, path: &str, found: &mut Found) {
    found.malformed(path, condition);
    let nested = condition.operands.iter().flatten().any(Value::is_object);
    match &condition.operator {
        // Operators that join conditions are not documented, and so not judged.
        Some(operator) if !nested && !OPERATORS.contains(&operator.as_str()) => {
            let message = format!(
                "Invalid operator {:?}. Path: {path}/Operator; it is one of {}",
                brief(operator, 40),
                OPERATORS.join(", ")
            );
            found.add(&format!("{path}/Operator"), "unknown-operator", &message);
        }
        None if condition.rest.get("Operator").is_none_or(Value::is_null) => {
            let message = format!("Condition has no Operator. Path: {path}; add one");
            found.add(path, "malformed-structure", &message);
        }
        _ => {}
    }
    if condition.operands.is_none() && condition.rest.get("Operands").is_none_or(Value::is_null) {
        let message = format!("Condition has no Operands. Path: {path}; add a list");
        found.add(path, "malformed-structure", &message);
    }
    let (depth, count) = condition.operands.as_deref().map_or((1, 0), measure);
    if depth > DEEPEST_CONDITION {
        let message = format!(
            "Conditions are nested {depth} deep, the maximum is {DEEPEST_CONDITION}. Path: {path}; flatten them"
        );
        found.add(path, "conditions-too-deep", &message);
    }
    if count > MOST_CONDITIONS {
        let message = format!(
            "Condition has {count} conditions inside, the maximum is {MOST_CONDITIONS}. Path: {path}; split it"
        );
        found.add(path, "too-many-conditions", &message);
    }
}

/// Depth and number of conditions among operands. The reader bounds the depth of the text.
fn measure(operands: &[Value]) -> (usize, usize) {
    let (mut deepest, mut count) = (1, 0);
    for operand in operands.iter().filter(|operand| operand.is_object()) {
        let inner = operand.get("Operands").and_then(Value::as_array).map_or((1, 0), |operands| measure(operands));
        deepest = deepest.max(inner.0 + 1);
        count += inner.1 + 1;
    }
    (deepest, count)
}

/// The requirements of a type on the conditions of its actions.
pub(super) fn check(
    required: Conditions,
    parameters: &Members,
    branches: &[Part<ConditionBranch>],
    path: &str,
    found: &mut Found,
) {
    // Malformed conditions are reported elsewhere, and cannot be compared.
    let conditions: Vec<&Condition> = branches.iter().filter_map(|part| part.typed()?.condition.as_ref()).collect();
    let known = |condition: &&Condition| {
        condition.operator.as_deref().is_some_and(|operator| OPERATORS.contains(&operator))
            && condition.operands.is_some()
    };
    if required == Conditions::Unsupported {
        if !branches.is_empty() {
            let message =
                format!("Action does not support conditions. Path: {path}/Transitions/Conditions; remove them");
            found.add(&format!("{path}/Transitions/Conditions"), "conditions-not-supported", &message);
        }
        return;
    }
    if conditions.len() != branches.len() || !conditions.iter().all(known) {
        return;
    }
    if let Some(expected) = unmet(required, parameters, &conditions) {
        let message = format!("Invalid conditions. Path: {path}/Transitions/Conditions; they must be {expected}");
        found.add(&format!("{path}/Transitions/Conditions"), "wrong-conditions", &message);
    }
}

/// The requirement in words, if it is not met.
fn unmet(required: Conditions, parameters: &Members, conditions: &[&Condition]) -> Option<String> {
    match required {
        Conditions::Unsupported => None,
        Conditions::Any(least) => (conditions.len() < least).then(|| format!("at least {least}")),
        Conditions::Words(words) => words_unmet(words, conditions),
        Conditions::Keys => {
            let is_key = |word: &str| word.len() == 1 && word.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b));
            let fine = conditions.iter().all(|condition| equals(condition).is_some_and(is_key));
            (!fine).then(|| "Equals with one key each: 0 to 9, * or #".to_owned())
        }
        Conditions::Percentages => {
            let mut last = 0;
            let grows = conditions.iter().all(|condition| {
                let number = (condition.operator.as_deref() == Some("NumberLessThan"))
                    .then(|| only_operand(condition)?.parse::<u32>().ok())
                    .flatten();
                let fits = number.is_some_and(|number| number > last && number <= 101);
                last = number.unwrap_or(last);
                fits
            });
            (!grows || conditions.is_empty())
                .then(|| "NumberLessThan with increasing numbers, each one more than the percentages so far".to_owned())
        }
        Conditions::Events => {
            let events = parameters.get("Events").and_then(Value::as_array).into_iter().flatten();
            let words: Vec<&str> = std::iter::once("WaitCompleted").chain(events.filter_map(Value::as_str)).collect();
            words_unmet(&words, conditions)
        }
        Conditions::Interrupts => {
            let words: &[&str] =
                if parameters.contains_key("InterruptFrequencySeconds") { &["MessagesInterrupted"] } else { &[] };
            words_unmet(words, conditions)
        }
    }
}

/// The requirement of exactly one `Equals` with each word, if it is not met.
fn words_unmet(words: &[&str], conditions: &[&Condition]) -> Option<String> {
    let mut there: Vec<&str> = conditions.iter().map(|condition| equals(condition).unwrap_or_default()).collect();
    let mut expected = words.to_vec();
    there.sort_unstable();
    expected.sort_unstable();
    (there != expected).then(|| match words {
        [] => "absent".to_owned(),
        _ => format!("Equals with {}, once each", words.join(", ")),
    })
}

fn equals(condition: &Condition) -> Option<&str> {
    (condition.operator.as_deref() == Some("Equals")).then(|| only_operand(condition)).flatten()
}

fn only_operand(condition: &Condition) -> Option<&str> {
    match condition.operands.as_deref() {
        Some([Value::String(text)]) => Some(text),
        _ => None,
    }
}
