//! Exit codes, a contract with scripts and CI, and the verdict that each stands for. The words of a verdict are the same
//! in the terminal, the page, the GitHub summary and the help.

use std::process::ExitCode;

/// The result of a command. The number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every judged case keeps the contract.
    Conforming = 0,
    /// The contract is broken: at least one new finding at level must.
    Findings = 1,
    /// Wrong usage or configuration, or the endpoint cannot be reached. Nothing was tested.
    Usage = 2,
    /// Less was judged than planned: cases or parts are missing, or too many cases are undecided. Green would not be true.
    Incomplete = 3,
    /// Only known divergences, known ids or recorded answers are out of date.
    Stale = 4,
    /// Resources that the run created still exist.
    Leaked = 5,
}

impl Exit {
    /// Every exit code, in order of its number.
    pub const ALL: [Exit; 6] =
        [Exit::Conforming, Exit::Findings, Exit::Usage, Exit::Incomplete, Exit::Stale, Exit::Leaked];

    /// The verdict in running text; headings use capitals.
    pub fn word(self) -> &'static str {
        match self {
            Exit::Conforming => "conforming",
            Exit::Findings => "not conforming",
            Exit::Usage => "not started",
            Exit::Incomplete => "incomplete",
            Exit::Stale => "stale",
            Exit::Leaked => "leaked",
        }
    }

    /// The verdict as a heading.
    pub fn heading(self) -> String {
        self.word().to_uppercase()
    }

    /// The meaning of the code, for the help.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Conforming => "every judged case keeps the contract",
            Exit::Findings => "new findings at level must",
            Exit::Usage => "wrong usage, or the endpoint cannot be reached",
            Exit::Incomplete => {
                "less was judged than planned: cases or parts are missing, or too many cases are undecided"
            }
            Exit::Stale => "only known divergences, known ids or recorded answers are out of date",
            Exit::Leaked => "resources of the run still exist",
        }
    }

    /// Every exit code with its meaning, for the end of the help.
    pub fn help() -> String {
        let lines = Exit::ALL.map(|exit| format!("  {}  {}: {}", exit as u8, exit.word(), exit.meaning()));
        format!("Exit codes:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
