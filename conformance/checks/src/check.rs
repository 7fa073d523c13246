//! A check: one row that says what it judges and holds the code that does. Planning, running, `explain`, the list of
//! checks and the reports are all derived from the rows; see [`crate::families`] for the table.

use std::fmt;

use crate::case::{Finding, Level};
use crate::code::Code;
use connect_transport::exchange::Exchange;
use connect_transport::text::cut_to;

/// Longest text of a finding, in characters.
const MAX_TEXT: usize = 1_000;

/// A judge with a stable id.
pub struct Check {
    /// `family.name`.
    pub id: &'static str,
    /// Severity of a breach on an endpoint on this machine: an emulator is held to the whole contract.
    pub level: Level,
    /// Severity of a breach elsewhere.
    pub remote: Remote,
    /// The rule in one sentence.
    pub rule: &'static str,
    /// The source of the rule.
    pub source: &'static str,
    /// Answers that pass.
    pub passes: &'static str,
    /// Answers that fail.
    pub fails: &'static str,
    /// Where the check applies, and how it is run.
    pub code: &'static dyn Code,
}

/// Highest severity of a breach on an endpoint that is not on this machine. Some rules were never observed on the real
/// service: a breach of them is reported there and does not fail the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// For any response but a server error.
    pub usual: Level,
    /// For a server error (5xx).
    pub server_error: Level,
}

impl Remote {
    /// As severe as on this machine.
    pub const SAME: Self = Self { usual: Level::Must, server_error: Level::Must };
    /// At most a recommendation, except for server errors.
    pub const SHOULD: Self = Self { usual: Level::Should, server_error: Level::Must };
    /// A note, except for server errors.
    pub const NOTE: Self = Self { usual: Level::Note, server_error: Level::Must };
}

impl Check {
    /// The part of the id before the dot.
    pub fn family(&self) -> &'static str {
        family_of(self.id)
    }

    /// A breach of this check. Texts and evidence that an endpoint can make long are cut, see [`Exchange::evidence`].
    pub fn finding(
        &self,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
        exchange: Option<&Exchange>,
    ) -> Finding {
        Finding {
            check: self.id,
            level: self.level,
            rule: self.rule.to_owned(),
            pointer: cut_to(MAX_TEXT, pointer.into()),
            expected: cut_to(MAX_TEXT, expected.into()),
            actual: cut_to(MAX_TEXT, actual.into()),
            exchange: exchange.map(Exchange::evidence),
            steps: Vec::new(),
        }
    }

    /// Severity of one of this check's findings on an endpoint that is, or is not, on this machine.
    pub fn level_at(&self, loopback: bool, finding: &Finding) -> Level {
        if loopback {
            return finding.level;
        }
        let server_error = finding.exchange.as_ref().is_some_and(|exchange| exchange.response.status >= 500);
        finding.level.min(if server_error { self.remote.server_error } else { self.remote.usual })
    }
}

/// Checks are equal if they are the same row.
impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Family of a check id.
pub fn family_of(id: &str) -> &str {
    id.split_once('.').map_or(id, |(family, _)| family)
}

/// Smithy and restJson1 as the source of a rule.
pub(crate) const RESTJSON: &str = "AWS restJson1 protocol and Smithy HTTP bindings";
/// The published service model as the source of a rule.
pub(crate) const MODEL: &str = "service model of Amazon Connect (botocore), trait of the shape";
