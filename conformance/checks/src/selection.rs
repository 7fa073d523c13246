//! The selection of cases for a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::budget::Budget;
use crate::case::CaseId;
use crate::changed::Touch;
use crate::check::Check;
use crate::families;
use crate::golden::Recorded;
use crate::permission::Permission;
use crate::shard::Shard;

/// The criteria by which cases are selected.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Operations by name; all when empty.
    pub operations: BTreeSet<String>,
    /// Families or check ids; all when empty.
    pub checks: BTreeSet<String>,
    /// Operations that are left out.
    pub exclude_operations: BTreeSet<String>,
    /// Families or check ids that are left out.
    pub exclude_checks: BTreeSet<String>,
    /// Text that case ids must contain.
    pub filter: Option<String>,
    /// The operations that a model change affects, if only these are tested.
    pub changed: Option<BTreeMap<String, Touch>>,
    /// The operations that may be sent to the target.
    pub permission: Permission,
    /// True if random walks are planned.
    pub walks: bool,
    /// True if histories are planned.
    pub histories: bool,
    /// Recorded responses: if given, the run compares with these and tests nothing else.
    pub golden: Option<Recorded>,
    /// The most cases of each family.
    pub budget: Budget,
    /// The part of the selection to run.
    pub shard: Option<Shard>,
    /// Cases that were run before and are not run again.
    pub done: BTreeSet<String>,
    /// Cases that run first, since they failed before.
    pub first: BTreeSet<String>,
}

impl Selection {
    /// Returns true if all operations and checks are selected.
    pub(crate) fn is_whole(&self) -> bool {
        let excludes = !self.exclude_operations.is_empty() || !self.exclude_checks.is_empty();
        let narrows = !self.operations.is_empty() || !self.checks.is_empty();
        !narrows && !excludes && self.filter.is_none() && self.changed.is_none()
    }

    pub(crate) fn wants_operation(&self, name: &str) -> bool {
        (self.operations.is_empty() || self.operations.contains(name))
            && !self.exclude_operations.contains(name)
            && self.changed.as_ref().is_none_or(|changed| changed.contains_key(name))
    }

    /// Returns true if cases of the check may be part of the selection.
    pub(crate) fn wants_check(&self, check: &Check) -> bool {
        let names = |names: &BTreeSet<String>| names.contains(check.id) || names.contains(check.family());
        (self.checks.is_empty() || names(&self.checks)) && !names(&self.exclude_checks)
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
