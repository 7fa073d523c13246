//! Exit codes: a contract with scripts and CI.

use std::process::ExitCode;

/// What an exit code of `connect-conformance` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything that was judged keeps the contract.
    Conforming = 0,
    /// The contract is broken: at least one new finding at level must.
    Findings = 1,
    /// Usage, configuration, or an endpoint that cannot be reached before the start. Nothing was tested.
    Usage = 2,
    /// Nothing was scored, or executed differs from planned. Green would be a lie, red as well.
    Inconclusive = 3,
    /// Only bookkeeping is stale or expired.
    Stale = 4,
    /// Resources that the run created are still there.
    Leaked = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
