//! The language of a rule's conditions: the JSON text in the member `Function`.
//!
//! A function joins conditions with AND or OR, at most two levels deep. A condition compares the value at a path with
//! operands, and can have filters. The available paths, operators and filters depend on the event source of the rule.
//! Nothing here knows the other members of a rule.

mod check;
mod faults;
mod filters;
mod make;
mod model;
mod operands;
mod paths;
mod read;

pub use self::check::{MOST_CONDITIONS, check};
pub use self::faults::{FAULTS, Fault};
pub use self::filters::{Data, FILTERS, FilterKind};
pub use self::make::{Size, make};
pub use self::model::{Filter, FilterClause, Function, Group, Leaf, Node, VERSION};
pub use self::operands::{Form, Operands};
pub use self::paths::{ComparisonPath, PATHS};
pub use self::read::MOST_PROBLEMS;

use super::Problem;

impl Function {
    /// Parses a function. The errors are problems of its form.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut report = read::Report::default();
        match read::read(text, &mut report) {
            Some(function) if report.problems.is_empty() => Ok(function),
            _ => Err(report.problems),
        }
    }
}
