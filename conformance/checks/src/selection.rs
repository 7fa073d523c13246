//! The selection of cases for a run.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::case::CaseId;
use crate::changed::Touch;
use crate::check::{Check, family_of};
use crate::families;
use crate::golden::Recorded;
use crate::permission::Permission;

/// One of several parts of a plan, for example 2/3: part `at` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    at: u32,
    of: u32,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(at, of)| Some((at.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((at, of)) if at >= 1 && at <= of => Ok(Self { at, of }),
            _ => {
                Err("expected the number of the part, counted from 1, and the number of parts, for example 2/3"
                    .to_owned())
            }
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.at, self.of)
    }
}

impl Shard {
    /// Returns true if the case belongs to this part, independently of other planned cases. Cases of one operation and
    /// family share requests and are never separated.
    pub(crate) fn has(self, operation: &str, check: &str) -> bool {
        let digest = Sha256::digest(format!("{operation}/{}", family_of(check)));
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of) + 1 == u64::from(self.at)
    }
}

/// The criteria by which cases are selected.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Operations by name; all when empty.
    pub operations: BTreeSet<String>,
    /// Families or check ids; all when empty.
    pub checks: BTreeSet<String>,
    /// Text that case ids must contain.
    pub filter: Option<String>,
    /// The operations that a model change affects, if only these are tested.
    pub changed: Option<BTreeMap<String, Touch>>,
    /// The operations that may be sent to the target.
    pub permission: Permission,
    /// True if random walks are planned.
    pub walks: bool,
    /// Recorded responses: if given, the run compares with these and tests nothing else.
    pub golden: Option<Recorded>,
    /// The part of the selection to run.
    pub shard: Option<Shard>,
    /// Cases that were run before and are not run again.
    pub done: BTreeSet<String>,
}

impl Selection {
    /// Returns true if all operations and checks are selected.
    pub(crate) fn is_whole(&self) -> bool {
        self.operations.is_empty() && self.checks.is_empty() && self.filter.is_none() && self.changed.is_none()
    }

    pub(crate) fn wants_operation(&self, name: &str) -> bool {
        (self.operations.is_empty() || self.operations.contains(name))
            && self.changed.as_ref().is_none_or(|changed| changed.contains_key(name))
    }

    /// Returns true if cases of the check may be part of the selection.
    pub(crate) fn wants_check(&self, check: &Check) -> bool {
        self.checks.is_empty() || self.checks.contains(check.id) || self.checks.contains(check.family())
    }

    pub(crate) fn wants(&self, operation: &str, check: &Check, variant: Option<&str>) -> bool {
        // A change of the output alone does not affect which input is rejected.
        let unaffected = self.changed.as_ref().is_some_and(|changed| changed.get(operation) == Some(&Touch::Output))
            && families::of(check).is_some_and(|family| family.judges_input);
        self.wants_check(check)
            && !unaffected
            && self.filter.as_ref().is_none_or(|filter| {
                let id =
                    CaseId { operation: operation.to_owned(), check: check.id, variant: variant.map(str::to_owned) };
                id.to_string().contains(filter.as_str())
            })
    }
}
