//! The requirements of each action type, as one table with a row for each type; see [`ROWS`].
//!
//! A row without details is a type that is known only to exist: only its structure is checked. Where sources differ,
//! the observed behaviour of the service takes precedence over the guide.

mod form;
mod rows;

pub use self::form::Form;
pub use self::rows::ROWS;
use super::document::Members;
use super::home::Homes;
use crate::evidence::Evidence;
use crate::semantics::Confidence;

/// Facts about one action type.
#[derive(Debug)]
pub struct Row {
    /// The type, as flows name it.
    pub action: &'static str,
    /// Acceptance by the service.
    pub standing: Standing,
    /// The homes where it is allowed.
    pub homes: Homes,
    /// The homes where it is certainly valid, for generators: a subset of `homes`.
    pub sure: Homes,
    /// The requirement for a next action.
    pub next: Next,
    /// Parameters and transitions by form of use; the first form whose `when` holds applies. Empty if not known.
    pub forms: &'static [Use],
    /// True if it needs no resource of the instance, such as a queue, function, bot or voice.
    pub stands_alone: bool,
    /// Sources of the row.
    pub evidence: &'static [Evidence],
    /// Confidence in the row.
    pub confidence: Confidence,
}

/// Acceptance of a type by the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the guide.
    Documented,
    /// Not in the guide, observed to be accepted.
    Accepted,
    /// Observed to be rejected.
    Refused,
}

/// The next action in the absence of errors and conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// `NextAction` is required.
    Needed,
    /// `NextAction` is optional.
    Optional,
    /// The flow ends here, and the transitions are empty.
    Nothing,
}

/// A form in which an action type is used.
#[derive(Debug)]
pub struct Use {
    /// The actions that it applies to.
    pub when: When,
    /// Known parameters.
    pub parameters: &'static [Parameter],
    /// True if there are no other parameters.
    pub closed: bool,
    /// Parameters that exclude each other.
    pub groups: &'static [Group],
    /// Known errors.
    pub errors: &'static [Branch],
    /// True if there are no other errors.
    pub only_errors: bool,
    /// Required conditions.
    pub conditions: Conditions,
}

/// The actions of a type that a form of use applies to.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// All actions.
    Always,
    /// Actions whose parameter has this word as its value, in any letter case, or as a boolean.
    Is(&'static str, &'static str),
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Requirement for its presence.
    pub need: Need,
    /// The values that it accepts.
    pub form: Form,
}

/// Requirement for the presence of a parameter or error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Always required.
    Required,
    /// Required if the parameters have a value at this JSON Pointer.
    RequiredWith(&'static str),
    /// Optional.
    Optional,
    /// Forbidden.
    Refused,
}

/// Exclusive parameters: at most one of them is present.
#[derive(Debug)]
pub struct Group {
    /// Their names.
    pub names: &'static [&'static str],
    /// True if one of them is required.
    pub needed: bool,
}

/// An error that an action can end with.
#[derive(Debug)]
pub struct Branch {
    /// `ErrorType`.
    pub error: &'static str,
    /// Requirement for a branch for this error.
    pub need: Need,
}

/// The conditions that an action has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// No conditions.
    Unsupported,
    /// Any conditions, at least this many.
    Any(usize),
    /// `Equals` with each of these words, once each.
    Words(&'static [&'static str]),
    /// `Equals` with one telephone key each.
    Keys,
    /// `NumberLessThan` with increasing numbers: one more than the percentages so far.
    Percentages,
    /// `Equals` with `WaitCompleted` and with each value of the parameter `Events`.
    Events,
    /// `Equals` with `MessagesInterrupted` if `InterruptFrequencySeconds` is present, otherwise none.
    Interrupts,
}

/// The row of a type.
pub fn row(action: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.action == action)
}

impl Row {
    /// The form of use that the parameters select.
    pub fn form(&self, parameters: &Members) -> Option<&'static Use> {
        self.forms.iter().find(|form| match form.when {
            When::Always => true,
            When::Is(name, word) => parameters.get(name).is_some_and(|found| form::is_word(found, word)),
        })
    }
}

/// Returns true if some action has this error.
pub fn is_error(name: &str) -> bool {
    ROWS.iter().flat_map(|row| row.forms).flat_map(|form| form.errors).any(|branch| branch.error == name)
        || OTHER_ERRORS.contains(&name)
}

/// Errors of types without details in the table, and the catch-all of the guide.
const OTHER_ERRORS: &[&str] = &[
    "AuthenticationError",
    "ContactNotLinked",
    "CallFailed",
    "ConnectionTimeLimitExceeded",
    "InvocationTimeLimitExceeded",
    "MultipleFound",
    "NoneFound",
    "NoMatchingError",
    "ParticipantNotFound",
    "TimeLimitExceeded",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashSet;

    use super::super::home::Home;
    use super::*;
    use crate::evidence::is_inference;

    #[test]
    fn table_is_consistent() {
        let mut seen = HashSet::new();
        for row in ROWS {
            assert!(seen.insert(row.action), "{} twice", row.action);
            assert!(!is_inference(row.evidence), "{}", row.action);
            for home in Home::ALL {
                assert!(!row.sure.has(home) || row.homes.has(home), "{}: {}", row.action, home.word());
            }
            if row.standing == Standing::Refused {
                assert!(row.forms.is_empty(), "{}", row.action);
            }
            for form in row.forms {
                let names: HashSet<&str> = form.parameters.iter().map(|parameter| parameter.name).collect();
                assert_eq!(names.len(), form.parameters.len(), "{}", row.action);
                for name in form.groups.iter().flat_map(|group| group.names) {
                    assert!(names.contains(name), "{}: group of unknown {name}", row.action);
                }
                if row.next == Next::Nothing {
                    assert!(form.errors.is_empty() && form.conditions == Conditions::Unsupported, "{}", row.action);
                }
            }
        }
        let count = |standing| ROWS.iter().filter(|row| row.standing == standing).count();
        assert_eq!((count(Standing::Documented), count(Standing::Accepted)), (56, 12));
    }
}
