//! A check: one row with its rule and its code. Planning, running, `explain`, the list of checks and the reports are
//! all derived from the rows; see [`crate::families`] for the table.

use std::fmt;

use connect_model::text::truncate;
use connect_transport::exchange::Exchange;

use crate::case::{Finding, Level};
use crate::code::Code;
use crate::evidence::{Evidence, Rank, joined, ranked};
use crate::harm::Harm;

/// Maximum length of a text in a finding, in characters.
const MAX_TEXT: usize = 1_000;

/// The place of a number of resources in [`Check::fault`]; `several` stands there if a finding has no number.
pub const SEVERAL: &str = "{several}";

/// A judge with a stable id.
pub struct Check {
    /// `family.name`.
    pub id: &'static str,
    /// Severity of a breach on an endpoint on this machine. An emulator has to fulfil the whole contract.
    pub level: Level,
    /// Severity of a breach elsewhere.
    pub remote: Remote,
    /// The rule in one sentence.
    pub rule: &'static str,
    /// The sources of the rule, see [`connect_model::evidence`].
    pub evidence: &'static [Evidence],
    /// The meaning of a breach for a caller; [`Check::harm_of`] gives that of one finding.
    pub harm: Harm,
    /// The breach of the rule by an endpoint, as the title of a cause: in the past tense, after the name of an operation.
    /// [`SEVERAL`] stands for a number of resources.
    pub fault: &'static str,
    /// Responses that pass.
    pub passes: &'static str,
    /// Responses that fail.
    pub fails: &'static str,
    /// Plans and runs the cases of the check.
    pub code: &'static dyn Code,
}

/// Maximum severity of a breach on a remote endpoint. Some rules were never observed on the real service: a breach of
/// them is reported there and does not fail the run.
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
    /// At most a recommendation, whatever the status.
    pub const ALWAYS_SHOULD: Self = Self { usual: Level::Should, server_error: Level::Should };
    /// A note, except for server errors.
    pub const NOTE: Self = Self { usual: Level::Note, server_error: Level::Must };
}

impl Check {
    /// The part of the id before the dot.
    pub fn family(&self) -> &'static str {
        family_of(self.id)
    }

    /// Creates a finding of this check. Long texts and evidence are truncated, see [`Exchange::evidence`].
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
            pointer: shortened(pointer),
            expected: shortened(expected),
            actual: shortened(actual),
            exchange: exchange.map(Exchange::evidence),
            exchanges: Vec::new(),
            steps: Vec::new(),
            history: None,
        }
    }

    /// Severity of a finding of this check, on this machine (`loopback`) or on a remote endpoint.
    pub fn level_at(&self, loopback: bool, finding: &Finding) -> Level {
        if loopback {
            return finding.level;
        }
        let server_error = finding.exchange.as_ref().is_some_and(|exchange| exchange.response.status >= 500);
        finding.level.min(if server_error { self.remote.server_error } else { self.remote.usual })
    }

    /// Harm of a finding of this check: a server error is at least as grave as a crash.
    pub fn harm_of(&self, finding: &Finding) -> Harm {
        self.harm_at(finding.exchange.as_ref().map(|exchange| exchange.response.status))
    }

    /// Harm of a breach that an answer with this status shows; 0 stands for no answer, None for an unknown status.
    pub fn harm_at(&self, status: Option<u16>) -> Harm {
        let crashed = status.is_some_and(|status| status == 0 || status >= 500);
        if crashed { self.harm.min(Harm::Crash) } else { self.harm }
    }

    /// The sources in one text, strongest first.
    pub fn source(&self) -> String {
        joined(self.evidence)
    }

    /// The sources for another service than Amazon Connect: those that do not rest on Connect itself, else those of Connect
    /// with a word that the rule is taken over from it.
    pub fn source_for(&self, service: &str) -> String {
        let of_any = |evidence: &&Evidence| {
            let is_own = matches!(evidence.rank, Rank::Captured | Rank::CloudFormation | Rank::Documentation);
            !is_own && (evidence.rank == Rank::Model || !evidence.source.contains("Connect"))
        };
        let found: Vec<Evidence> = self.evidence.iter().filter(of_any).copied().collect();
        match found.is_empty() {
            true => format!("taken over from Amazon Connect: {}", self.source()),
            false => joined(&found).replace("service model of Amazon Connect", &format!("service model of {service}")),
        }
    }

    /// The sources with their ranks, strongest first, one line each: `rank: source`.
    pub fn evidence_text(&self) -> String {
        let lines: Vec<String> = ranked(self.evidence).iter().map(Evidence::to_string).collect();
        lines.join("\n")
    }
}

/// Compares by id.
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

/// A text of a finding within the maximum length.
fn shortened(text: impl Into<String>) -> String {
    truncate(text.into(), MAX_TEXT).into_owned()
}

/// Returns the family of a check id.
pub fn family_of(id: &str) -> &str {
    id.split_once('.').map_or(id, |(family, _)| family)
}
