//! The outcome of a case in one word, and counts of outcomes. These are the words of every report.

use connect_checks::case::Verdict;
use serde::{Deserialize, Serialize};

/// The outcome of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaseOutcome {
    /// No rule at level must is broken.
    Passed,
    /// The contract is broken.
    Failed,
    /// Fails as a known divergence says.
    Known,
    /// Passes, although a known divergence says that it fails.
    Stale,
    /// The endpoint does not offer the operation.
    Unsupported,
    /// Could not be judged.
    Indeterminate,
}

impl CaseOutcome {
    /// Every outcome, worst first.
    pub const WORST_FIRST: [CaseOutcome; 6] = [
        CaseOutcome::Failed,
        CaseOutcome::Stale,
        CaseOutcome::Known,
        CaseOutcome::Indeterminate,
        CaseOutcome::Unsupported,
        CaseOutcome::Passed,
    ];

    /// Every outcome, in the order of [`Totals`].
    pub const IN_TOTALS: [CaseOutcome; 6] = [
        CaseOutcome::Passed,
        CaseOutcome::Failed,
        CaseOutcome::Known,
        CaseOutcome::Stale,
        CaseOutcome::Unsupported,
        CaseOutcome::Indeterminate,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            CaseOutcome::Passed => "passed",
            CaseOutcome::Failed => "failed",
            CaseOutcome::Known => "known",
            CaseOutcome::Stale => "stale",
            CaseOutcome::Unsupported => "unsupported",
            CaseOutcome::Indeterminate => "indeterminate",
        }
    }

    /// One character for tables.
    pub fn sign(self) -> &'static str {
        match self {
            CaseOutcome::Passed => "✓",
            CaseOutcome::Failed => "✗",
            CaseOutcome::Known => "≈",
            CaseOutcome::Stale => "!",
            CaseOutcome::Unsupported => "–",
            CaseOutcome::Indeterminate => "?",
        }
    }

    /// The meaning of the word, for legends.
    pub fn meaning(self) -> &'static str {
        match self {
            CaseOutcome::Passed => "keeps the contract",
            CaseOutcome::Failed => "breaks the contract",
            CaseOutcome::Known => "expected to fail, and fails: an entry in the file of --expect says why",
            CaseOutcome::Stale => "expected to fail, but passes: its entry is out of date",
            CaseOutcome::Unsupported => "the endpoint does not offer the operation",
            CaseOutcome::Indeterminate => "could not be judged, for a reason that is listed",
        }
    }
}

impl From<&Verdict> for CaseOutcome {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Pass => CaseOutcome::Passed,
            Verdict::Fail => CaseOutcome::Failed,
            Verdict::Known(_) => CaseOutcome::Known,
            Verdict::Stale(_) => CaseOutcome::Stale,
            Verdict::Unsupported(_) => CaseOutcome::Unsupported,
            Verdict::Indeterminate(_) => CaseOutcome::Indeterminate,
        }
    }
}

/// Counts of cases. `executed` is the sum of the outcomes; planned cases that were not executed were interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Cases in the plan.
    pub planned: u64,
    /// Cases with an outcome.
    pub executed: u64,
    /// See [`CaseOutcome::Passed`].
    pub passed: u64,
    /// See [`CaseOutcome::Failed`].
    pub failed: u64,
    /// See [`CaseOutcome::Known`].
    pub known: u64,
    /// See [`CaseOutcome::Stale`].
    pub stale: u64,
    /// See [`CaseOutcome::Unsupported`].
    pub unsupported: u64,
    /// See [`CaseOutcome::Indeterminate`].
    pub indeterminate: u64,
}

impl Totals {
    /// Adds one executed case.
    pub fn count(&mut self, outcome: CaseOutcome) {
        self.executed += 1;
        *match outcome {
            CaseOutcome::Passed => &mut self.passed,
            CaseOutcome::Failed => &mut self.failed,
            CaseOutcome::Known => &mut self.known,
            CaseOutcome::Stale => &mut self.stale,
            CaseOutcome::Unsupported => &mut self.unsupported,
            CaseOutcome::Indeterminate => &mut self.indeterminate,
        } += 1;
    }

    /// The number of cases with this outcome.
    pub fn of(&self, outcome: CaseOutcome) -> u64 {
        match outcome {
            CaseOutcome::Passed => self.passed,
            CaseOutcome::Failed => self.failed,
            CaseOutcome::Known => self.known,
            CaseOutcome::Stale => self.stale,
            CaseOutcome::Unsupported => self.unsupported,
            CaseOutcome::Indeterminate => self.indeterminate,
        }
    }

    /// Cases that say something about the contract.
    pub fn scored(&self) -> u64 {
        self.passed + self.failed + self.known + self.stale
    }
}
