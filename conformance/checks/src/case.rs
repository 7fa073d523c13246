//! What is tried and what came of it, as data. Runner, checks and reports share these types and nothing else.

use std::fmt;

use connect_transport::exchange::Exchange;
use serde::{Deserialize, Serialize};

/// Names a case for ever: `Operation/check-id` or `Operation/check-id/variant`. Never depends on position or seed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId {
    /// Operation under test.
    pub operation: String,
    /// The check that judges, `family.name`.
    pub check: &'static str,
    /// What distinguishes cases of one check, for example `Actions[].ActionType`.
    pub variant: Option<String>,
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.operation, self.check)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// How grave a finding is. Only `Must` decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing: drift that the contract allows.
    Note,
    /// A recommendation is not followed.
    Should,
    /// The contract is broken.
    Must,
}

impl Level {
    /// Name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Should => "should",
            Level::Must => "must",
        }
    }
}

/// A failed check with its evidence.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check that judged, `family.name`.
    pub check: &'static str,
    /// How grave it is.
    pub level: Level,
    /// The rule that is broken, one sentence.
    pub rule: String,
    /// JSON Pointer into the body (of the response, unless the rule speaks of the request); empty for the whole.
    pub pointer: String,
    /// What the contract asks for.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// The exchange that shows it; for several, the deciding one.
    pub exchange: Option<Exchange>,
    /// What led there, one line each, when it took more than one request that the reader must know of.
    pub steps: Vec<String>,
}

/// What came of a trial.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Everything that must hold does; findings may still carry notes.
    Pass,
    /// At least one finding at level must.
    Fail,
    /// Fails, as the bookkeeping of known divergences says; with its reason.
    Known(String),
    /// Passes, though the bookkeeping says that it fails; with what to do.
    Stale(String),
    /// The endpoint does not offer the operation; why we think so.
    Unsupported(String),
    /// Nothing can be said: transport, throttling, authentication, or a twin that was refused the same way.
    Indeterminate(String),
}

/// Verdict with findings.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What came of it.
    pub verdict: Verdict,
    /// Broken rules of any level.
    pub findings: Vec<Finding>,
    /// Facts recorded and not judged: topic and what the endpoint does.
    pub learned: Vec<(String, String)>,
}

impl Verdict {
    /// Why, where a verdict needs a reason.
    pub fn why(&self) -> Option<&str> {
        match self {
            Verdict::Pass | Verdict::Fail => None,
            Verdict::Known(why) | Verdict::Stale(why) => Some(why),
            Verdict::Unsupported(why) | Verdict::Indeterminate(why) => Some(why),
        }
    }
}

impl Outcome {
    /// A verdict from findings: fail if one is at level must.
    pub fn from_findings(findings: Vec<Finding>) -> Self {
        let fails = findings.iter().any(|finding| finding.level == Level::Must);
        let verdict = if fails { Verdict::Fail } else { Verdict::Pass };
        Self { verdict, findings, learned: Vec::new() }
    }

    /// Nothing can be said, and why.
    pub fn indeterminate(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Indeterminate(why.into()), findings: Vec::new(), learned: Vec::new() }
    }

    /// The endpoint does not offer the operation, and how it said so.
    pub fn unsupported(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unsupported(why.into()), findings: Vec::new(), learned: Vec::new() }
    }
}

/// Operation of a case id.
pub fn operation_of(case: &str) -> &str {
    case.split('/').next().unwrap_or(case)
}

/// Check of a case id.
pub fn check_of(case: &str) -> &str {
    case.split('/').nth(1).unwrap_or_default()
}
