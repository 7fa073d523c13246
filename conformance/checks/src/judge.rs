//! The interface between whoever runs a plan and whoever judges its cases.

use std::pin::Pin;

use crate::case::{CaseId, Outcome};
use crate::coverage::{Coverage, Learned};

/// What a trial comes to, later.
pub type Judgement<'j> = Pin<Box<dyn Future<Output = Outcome> + Send + 'j>>;

/// A plan that can be carried out. This is the whole interface between the runner and the checks.
pub trait Judge: Send + Sync {
    /// Every planned case, in the order in which they should start. Ids are distinct.
    fn cases(&self) -> &[CaseId];

    /// Tries the case at that index of [`Judge::cases`]. Called once for each, from several threads.
    fn run(&self, index: usize) -> Judgement<'_>;

    /// What of the contract the trials touched; asked after the last of them.
    fn coverage(&self) -> Coverage {
        Coverage::default()
    }

    /// Facts recorded and not judged, beside those of single outcomes; asked after the last trial.
    fn learned(&self) -> Learned {
        Learned::default()
    }

    /// Requests that were sent so far, whatever for.
    fn requests(&self) -> u64 {
        0
    }

    /// Takes away what the trials have made, after the last of them, however the run ended. Says what is still there.
    fn clear(&self) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> {
        Box::pin(async { Vec::new() })
    }
}
