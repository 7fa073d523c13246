//! What each type of action asks for, as one table with a row for each type; see [`ROWS`].
//!
//! A row without details is a type that is known to exist and no more: only its structure is checked. Where sources
//! differ, what the service was seen to do goes before the guide.

mod form;
mod rows;

pub use self::form::Form;
pub use self::rows::ROWS;
use super::document::Members;
use super::home::Homes;
use crate::semantics::Confidence;

/// What is known of one type of action.
#[derive(Debug)]
pub struct Row {
    /// The type, as flows name it.
    pub action: &'static str,
    /// Whether the service takes it at all.
    pub standing: Standing,
    /// Where it may stand.
    pub homes: Homes,
    /// Where it is certain to be right, for generators: within `homes`.
    pub sure: Homes,
    /// What follows it.
    pub next: Next,
    /// Parameters and transitions, by form of use; the first form whose `when` holds counts. None: not known.
    pub forms: &'static [Use],
    /// Names nothing that an instance has to have: queues, functions, bots, voices of others.
    pub stands_alone: bool,
    /// Where the row comes from.
    pub source: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Whether the service takes a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in the guide.
    Documented,
    /// It is not in the guide, and was accepted.
    Accepted,
    /// It was refused, whatever others call it.
    Refused,
}

/// What follows an action when there is neither error nor condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// `NextAction` is needed.
    Needed,
    /// It may be absent.
    Optional,
    /// Nothing: the flow ends here, and the transitions are empty.
    Nothing,
}

/// One form in which a type of action is used.
#[derive(Debug)]
pub struct Use {
    /// Which actions have it.
    pub when: When,
    /// Parameters that are known.
    pub parameters: &'static [Parameter],
    /// There are no other parameters.
    pub closed: bool,
    /// Parameters that exclude each other.
    pub groups: &'static [Group],
    /// Errors that are known.
    pub errors: &'static [Branch],
    /// There are no other errors.
    pub only_errors: bool,
    /// Conditions.
    pub conditions: Conditions,
}

/// Which actions of a type a form of use is for.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// All.
    Always,
    /// Those with this parameter at this word, in any letter case, or as a boolean.
    Is(&'static str, &'static str),
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it has to be there.
    pub need: Need,
    /// What it may be.
    pub form: Form,
}

/// Whether something has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Required,
    /// When the parameters have something at this JSON Pointer.
    RequiredWith(&'static str),
    /// Never.
    Optional,
    /// It must not.
    Refused,
}

/// Parameters of which there is at most one.
#[derive(Debug)]
pub struct Group {
    /// Their names.
    pub names: &'static [&'static str],
    /// And at least one.
    pub needed: bool,
}

/// An error that an action may end in.
#[derive(Debug)]
pub struct Branch {
    /// `ErrorType`.
    pub error: &'static str,
    /// Whether the action has to say where the flow goes on.
    pub need: Need,
}

/// What conditions an action has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// None.
    Unsupported,
    /// Any, at least so many.
    Any(usize),
    /// `Equals` with each of these words, once each.
    Words(&'static [&'static str]),
    /// `Equals` with one key of a telephone each.
    Keys,
    /// `NumberLessThan` with growing numbers: one more than the percentages so far.
    Percentages,
    /// `Equals` with `WaitCompleted` and with each of the parameter `Events`.
    Events,
    /// `Equals` with `MessagesInterrupted` when there is `InterruptFrequencySeconds`, else none.
    Interrupts,
}

/// The row of a type.
pub fn row(action: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.action == action)
}

impl Row {
    /// The form of use that parameters choose.
    pub fn form(&self, parameters: &Members) -> Option<&'static Use> {
        self.forms.iter().find(|form| match form.when {
            When::Always => true,
            When::Is(name, word) => parameters.get(name).is_some_and(|found| form::is_word(found, word)),
        })
    }
}

/// Errors that some action has: what is not among them is no error at all.
pub fn is_error(name: &str) -> bool {
    ROWS.iter().flat_map(|row| row.forms).flat_map(|form| form.errors).any(|branch| branch.error == name)
        || OTHER_ERRORS.contains(&name)
}

/// Errors of types whose details the table does not have, and the catch-all of the guide.
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

    #[test]
    fn the_table_is_sound() {
        let mut seen = HashSet::new();
        for row in ROWS {
            assert!(seen.insert(row.action), "{} twice", row.action);
            assert!(!row.source.is_empty(), "{}", row.action);
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
