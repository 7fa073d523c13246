//! Deliberate defects, one row each, with the checks that must find it and its code. One table per group.
//!
//! To add a defect, add a row with its code to one file of this folder. A row acts through the [`seam`]s: most need a
//! function ([`hooks`]), some a type of their own.

mod accept;
mod access;
mod borders;
mod chain;
pub(crate) mod edits;
mod error;
mod history;
pub(crate) mod hooks;
mod idempotency;
mod invalid;
mod keep;
mod kinds;
mod language;
mod later;
mod leniency;
mod lifecycle;
mod narrowing;
mod overlap;
mod overlap_memory;
pub(crate) mod pagination;
mod races;
mod rule;
pub(crate) mod seam;
mod search;
mod shape;
mod targets;

use std::sync::Arc;

use crate::defects::seam::Seams;

/// A deliberate defect of the emulator.
#[derive(Debug)]
pub struct Defect {
    /// Stable name, for `--defect`.
    pub id: &'static str,
    /// The part of the contract that it breaks.
    pub family: Family,
    /// The wrong behaviour, in one sentence.
    pub summary: &'static str,
    /// Ids of the checks that must find it, each of them.
    pub kills: &'static [&'static str],
    /// Ids of the checks that may find it, depending on timing or on other checks of the run. No other check may.
    pub may: &'static [&'static str],
    /// Creates the behaviour, with new state.
    pub(crate) seams: fn() -> Arc<dyn Seams>,
}

impl Defect {
    /// The noun of the kind of resource that the defect is about; none if it is about the kinds with handlers.
    pub fn noun(&self) -> Option<&'static str> {
        kinds::NOUNS
            .iter()
            .chain(borders::NOUNS)
            .chain(later::NOUNS)
            .chain(overlap::NOUNS)
            .find(|(id, _)| *id == self.id)
            .map(|(_, noun)| *noun)
    }

    /// The defect with an id.
    pub fn named(id: &str) -> Option<&'static Defect> {
        defects().find(|defect| defect.id == id)
    }
}

/// Parts of the contract, as families of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Format of answers.
    Shape,
    /// Rejection of invalid input.
    Invalid,
    /// Acceptance of valid input.
    Accept,
    /// Admission of callers.
    Access,
    /// Format of errors.
    Error,
    /// Pages of lists.
    Pagination,
    /// Repeated calls.
    Idempotency,
    /// From creation to deletion.
    Lifecycle,
    /// Stored and shown values.
    Keep,
    /// Concurrent calls.
    History,
    /// Results of searches.
    Search,
}

impl Family {
    /// Name, as in check ids.
    pub fn name(self) -> &'static str {
        match self {
            Family::Shape => "shape",
            Family::Invalid => "invalid",
            Family::Accept => "accept",
            Family::Access => "access",
            Family::Error => "error",
            Family::Pagination => "pagination",
            Family::Idempotency => "idempotency",
            Family::Lifecycle => "lifecycle",
            Family::Keep => "keep",
            Family::History => "history",
            Family::Search => "search",
        }
    }
}

/// Rows by group, in the order in which they are listed.
const TABLES: &[&[Defect]] = &[
    shape::ROWS,
    invalid::ROWS,
    later::ROWS,
    leniency::ROWS,
    accept::ROWS,
    access::ROWS,
    language::ROWS,
    rule::ROWS,
    error::ROWS,
    pagination::ROWS,
    idempotency::ROWS,
    lifecycle::ROWS,
    races::ROWS,
    history::ROWS,
    overlap::ROWS,
    keep::ROWS,
    narrowing::ROWS,
    kinds::ROWS,
    borders::ROWS,
    search::ROWS,
];

/// The behaviour of defects that act together, with new state.
pub(crate) fn together(defects: &[&Defect]) -> Arc<dyn Seams> {
    let mut seams: Vec<Arc<dyn Seams>> = defects.iter().map(|defect| (defect.seams)()).collect();
    match seams.len() {
        1 => seams.remove(0),
        _ => Arc::new(chain::Chain(seams)),
    }
}

/// Every defect.
pub fn defects() -> impl Iterator<Item = &'static Defect> {
    TABLES.iter().copied().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_every_defect_names_its_checks() {
        let ids: BTreeSet<&str> = defects().map(|defect| defect.id).collect();
        assert_eq!(ids.len(), defects().count(), "ids are unique");
        for family in [Family::Shape, Family::Invalid, Family::Error, Family::Pagination, Family::Idempotency] {
            assert!(defects().filter(|defect| defect.family == family).count() >= 2, "{family:?}");
        }
        for defect in defects() {
            assert!(!defect.kills.is_empty(), "{}: no check must find it", defect.id);
            assert!(defect.kills.iter().chain(defect.may).all(|check| check.contains('.')), "{}", defect.id);
        }
    }
}
