//! The interface between the runner and the checks.

use std::pin::Pin;

use crate::case::{CaseId, Outcome};
use crate::coverage::{Coverage, Learned};

/// The future outcome of a trial.
pub type Judgement<'j> = Pin<Box<dyn Future<Output = Outcome> + Send + 'j>>;

/// A plan that can be executed. This is the whole interface between the runner and the checks.
pub trait Judge: Send + Sync {
    /// All planned cases, in the order in which they should start. Ids are unique.
    fn cases(&self) -> &[CaseId];

    /// Runs the case at an index of [`Judge::cases`]. Called once for each case, from several threads.
    fn run(&self, index: usize) -> Judgement<'_>;

    /// The part of the contract that the trials exercised. Called after the last trial.
    fn coverage(&self) -> Coverage {
        Coverage::default()
    }

    /// Facts that were recorded and not judged, in addition to those of single outcomes. Called after the last trial.
    fn learned(&self) -> Learned {
        Learned::default()
    }

    /// Things that the user named and that do not exist, each with the remedy. Called after the last trial.
    fn absent(&self) -> Vec<String> {
        Vec::new()
    }

    /// Number of all requests sent so far.
    fn requests(&self) -> u64 {
        0
    }

    /// Number of requests that the endpoint accepted so far; `None` if they are not counted.
    fn accepted(&self) -> Option<u64> {
        None
    }

    /// Deletes the resources that the trials created. Called after the last trial, even if the run was interrupted.
    /// Returns the resources that remain.
    fn clear(&self) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> {
        Box::pin(async { Vec::new() })
    }
}
