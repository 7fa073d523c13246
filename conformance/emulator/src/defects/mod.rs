//! Deliberate faults, one row each: what is wrong, which checks must see it, and the seam where it acts. One table for
//! each family of checks.
//!
//! A row is data and a function. There are few seams ([`Fault`]); a new defect needs a new row, and only rarely a new
//! switch in [`Policy`]. Knows the seams, and nothing of how the emulator does its work.

pub(crate) mod edits;
mod error;
mod idempotency;
mod invalid;
mod language;
mod lifecycle;
mod pagination;
mod rule;
mod search;
mod shape;

use connect_model::schema::{Operation, Schema};
use connect_model::validate::Violation;
use connect_model::wire::DecodeError;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::policy::Policy;
use crate::refusal::Refusal;

/// A deliberate fault of the emulator.
#[derive(Debug)]
pub struct Defect {
    /// Stable name, for `--defect`.
    pub id: &'static str,
    /// Which side of the contract it breaks.
    pub family: Family,
    /// What the endpoint does wrong, one sentence.
    pub summary: &'static str,
    /// Ids of the checks that must catch it, each of them.
    pub kills: &'static [&'static str],
    /// Ids of further checks that may see it: consequences that depend on timing or on what a run happens to meet. No
    /// check beside these may.
    pub may: &'static [&'static str],
    pub(crate) fault: Fault,
}

impl Defect {
    /// The defect of that id.
    pub fn named(id: &str) -> Option<&'static Defect> {
        defects().find(|defect| defect.id == id)
    }
}

/// Sides of the contract, as families of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Form of answers.
    Shape,
    /// What input is refused.
    Invalid,
    /// Form of errors.
    Error,
    /// Walks through lists.
    Pagination,
    /// What happens when a call is repeated.
    Idempotency,
    /// From creation to deletion.
    Lifecycle,
    /// What searches find.
    Search,
}

impl Family {
    /// Name, as in check ids.
    pub fn name(self) -> &'static str {
        match self {
            Family::Shape => "shape",
            Family::Invalid => "invalid",
            Family::Error => "error",
            Family::Pagination => "pagination",
            Family::Idempotency => "idempotency",
            Family::Lifecycle => "lifecycle",
            Family::Search => "search",
        }
    }
}

/// Where a fault acts.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Something before the service answers in its place; with the number of the call since the start.
    Front(fn(u64) -> Option<HttpResponse>),
    /// The instance that the emulator begins with is named by its ARN.
    ByArn,
    /// The request is altered before it is read.
    Request(fn(&mut HttpRequest)),
    /// A request that cannot be read is answered with success all the same.
    Misread(fn(&DecodeError) -> bool),
    /// Validation does not see these violations.
    Overlook(fn(&Violation) -> bool),
    /// Valid requests are refused.
    Refuse(fn(&Scene<'_>) -> Option<Refusal>),
    /// A switch of store or handlers is turned.
    Policy(fn(&mut Policy)),
    /// The JSON body of a success is altered.
    Body(fn(&Scene<'_>, &mut Value)),
    /// The finished response is altered, be it success or error.
    Reply(fn(&Scene<'_>, &mut HttpResponse)),
}

/// What a fault can see.
pub(crate) struct Scene<'a> {
    pub(crate) schema: &'a Schema,
    /// None when no operation was found.
    pub(crate) operation: Option<&'a Operation>,
    /// Name of the error; none for success.
    pub(crate) error: Option<&'a str>,
    /// Number of the call since the start.
    pub(crate) nth: u64,
}

/// Rows by family, in the order of the families.
const TABLES: [&[Defect]; 9] = [
    shape::ROWS,
    invalid::ROWS,
    language::ROWS,
    rule::ROWS,
    error::ROWS,
    pagination::ROWS,
    idempotency::ROWS,
    lifecycle::ROWS,
    search::ROWS,
];

/// Every defect.
pub fn defects() -> impl Iterator<Item = &'static Defect> {
    TABLES.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let ids: BTreeSet<&str> = defects().map(|defect| defect.id).collect();
        assert_eq!(ids.len(), defects().count(), "ids are unique");
        for family in [Family::Shape, Family::Invalid, Family::Error, Family::Pagination, Family::Idempotency] {
            assert!(defects().filter(|defect| defect.family == family).count() >= 2, "{family:?}");
        }
        for defect in defects() {
            assert!(!defect.kills.is_empty(), "{}: a defect that nothing catches proves nothing", defect.id);
            assert!(defect.kills.iter().chain(defect.may).all(|check| check.contains('.')), "{}", defect.id);
        }
    }
}
