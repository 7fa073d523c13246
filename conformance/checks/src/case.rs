//! Cases and their outcomes, as data. The runner, the checks and the reports share these types.

use std::collections::BTreeSet;
use std::fmt;

use connect_model::import::hex_digest;
use connect_transport::exchange::Exchange;
use serde::{Deserialize, Serialize};

use crate::check::family_of;
use crate::history::call::Call;

/// Stable id of a case: `Operation/check-id` or `Operation/check-id/variant`. Does not depend on position or seed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId {
    /// Operation under test.
    pub operation: String,
    /// Id of the check that judges the case, `family.name`.
    pub check: &'static str,
    /// Distinguishes the cases of one check on one operation, for example `Actions[].ActionType`.
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

/// Severity of a finding. Only `Must` affects the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Information: drift that the contract allows.
    Note,
    /// A breach of a recommendation.
    Should,
    /// A breach of the contract.
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

/// Exchanges that a finding keeps beside the decisive one.
const MAX_EXCHANGES: usize = 12;

/// Bytes of a body in such an exchange.
const MAX_EXCHANGE: usize = 4 << 10;

/// A failed check with its evidence.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Id of the check that judged, `family.name`.
    pub check: &'static str,
    /// Severity.
    pub level: Level,
    /// The broken rule, in one sentence.
    pub rule: String,
    /// JSON Pointer into the body; empty for the whole. The body is that of the response, unless the rule is about the
    /// request.
    pub pointer: String,
    /// The behaviour that the contract requires.
    pub expected: String,
    /// The observed behaviour.
    pub actual: String,
    /// The exchange that shows the breach; for several, the decisive one.
    pub exchange: Option<Exchange>,
    /// Every exchange that the breach rests on, in the order of the requests, if one alone does not show it. The decisive one
    /// is among them.
    pub exchanges: Vec<Exchange>,
    /// The requests that led to the breach, one line each, if there was more than one relevant request.
    pub steps: Vec<String>,
    /// The concurrent calls that show the breach, if it shows only in their order.
    pub history: Option<History>,
}

/// Concurrent calls.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// All of them, in the order in which they ended.
    pub calls: Vec<Call>,
    /// The fewest that show the breach, by their positions.
    pub decisive: Vec<usize>,
}

impl Finding {
    /// A finding that rests on several exchanges, given in the order of their requests. Their number and size are limited;
    /// the decisive exchange is always kept whole in [`Finding::exchange`].
    #[must_use]
    pub fn resting_on<'e>(self, exchanges: impl IntoIterator<Item = &'e Exchange>) -> Self {
        let small = |exchange: &&Exchange| exchange.request.body.len() <= MAX_EXCHANGE;
        let kept = exchanges.into_iter().filter(small).take(MAX_EXCHANGES);
        let exchanges: Vec<Exchange> = kept.map(|exchange| exchange.evidence_within(MAX_EXCHANGE)).collect();
        // One exchange is the decisive one, which the finding has already.
        if exchanges.len() > 1 { Self { exchanges, ..self } } else { self }
    }

    /// A finding that rests on the name of an error alone: the lists of errors in the model are incomplete, so it is at most
    /// a recommendation on an endpoint elsewhere.
    #[must_use]
    pub(crate) fn by_name_alone(self, loopback: bool) -> Self {
        if loopback { self } else { self.at_most(Level::Should) }
    }

    /// A finding of no higher level than this.
    #[must_use]
    pub(crate) fn at_most(self, level: Level) -> Self {
        Self { level: self.level.min(level), ..self }
    }
}

/// The verdict of a trial.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// No finding at level must. There may be findings at lower levels.
    Pass,
    /// At least one finding at level must.
    Fail,
    /// The trial fails as recorded in the known failures; with the recorded reason.
    Known(String),
    /// The trial passes, but is recorded as a known failure; with the remedy.
    Stale(String),
    /// The endpoint does not offer the operation; with the evidence.
    Unsupported(String),
    /// Nothing can be concluded, for example because of transport errors, throttling, authentication, or a twin that
    /// was rejected the same way.
    Indeterminate(String),
}

/// The result of a trial: verdict and findings.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Breaches of any level.
    pub findings: Vec<Finding>,
    /// Facts that are recorded and not judged: topic and observation.
    pub learned: Vec<(String, String)>,
    /// True for an unsupported case whose family needs a capability that the endpoint lacks; false if it lacks the operation.
    pub lacks_capability: bool,
}

impl Verdict {
    /// The reason, for verdicts that have one.
    pub fn why(&self) -> Option<&str> {
        match self {
            Verdict::Pass | Verdict::Fail => None,
            Verdict::Known(why) | Verdict::Stale(why) => Some(why),
            Verdict::Unsupported(why) | Verdict::Indeterminate(why) => Some(why),
        }
    }
}

impl Outcome {
    /// An outcome from findings: fail if one is at level must, otherwise pass.
    pub fn from_findings(findings: Vec<Finding>) -> Self {
        let fails = findings.iter().any(|finding| finding.level == Level::Must);
        let verdict = if fails { Verdict::Fail } else { Verdict::Pass };
        Self { verdict, findings, learned: Vec::new(), lacks_capability: false }
    }

    /// The outcome of two parts of a case: a failure if one fails, undecided only if both are.
    pub fn and(mut self, other: Self) -> Self {
        self.verdict = match (self.verdict, other.verdict) {
            (Verdict::Fail, _) | (_, Verdict::Fail) => Verdict::Fail,
            (Verdict::Pass, _) | (_, Verdict::Pass) => Verdict::Pass,
            (first, _) => first,
        };
        self.findings.extend(other.findings);
        self.learned.extend(other.learned);
        self
    }

    /// An indeterminate outcome with its reason.
    pub fn indeterminate(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Indeterminate(why.into()), ..Self::from_findings(Vec::new()) }
    }

    /// The outcome where `required` names what the endpoint must offer, operations and families of checks: what is unsupported
    /// there fails.
    #[must_use]
    pub fn requiring(self, case: &CaseId, required: &BTreeSet<String>) -> Self {
        let family = family_of(case.check);
        let Verdict::Unsupported(why) = &self.verdict else { return self };
        // An operation that the endpoint does not offer says nothing about the capability of a family.
        let names = [Some(case.operation.as_str()), self.lacks_capability.then_some(family)];
        let Some(name) = names.into_iter().flatten().find(|name| required.contains(*name)) else { return self };
        let finding = Finding {
            check: case.check,
            level: Level::Must,
            rule: format!("{name} is required (--require): the endpoint must offer it"),
            pointer: String::new(),
            expected: format!("{} that is supported", if name == family { "a capability" } else { "an operation" }),
            actual: format!("unsupported: {why}"),
            exchange: self.findings.iter().find_map(|finding| finding.exchange.clone()),
            exchanges: Vec::new(),
            steps: Vec::new(),
            history: None,
        };
        Self { verdict: Verdict::Fail, findings: vec![finding], ..self }
    }

    /// An outcome for an operation that the endpoint does not offer, with the evidence.
    pub fn unsupported(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unsupported(why.into()), ..Self::from_findings(Vec::new()) }
    }

    /// An outcome for an endpoint without the capability that the family judges, with the evidence.
    pub fn lacking(why: impl Into<String>) -> Self {
        Self { lacks_capability: true, ..Self::unsupported(why) }
    }
}

/// SHA-256 of case ids, in the order of the set, in hex.
pub fn digest<'i>(ids: impl Iterator<Item = &'i String>) -> String {
    hex_digest(ids.map(|id| format!("{id}\n")).collect::<String>().as_bytes())
}

/// Returns the operation of a case id.
pub fn operation_of(case: &str) -> &str {
    split(case).0
}

/// Returns the check id of a case id; empty if there is none.
pub fn check_of(case: &str) -> &str {
    split(case).1
}

/// Returns the case id at the start of a line `case id: text`.
pub fn case_in(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(case, _)| case)
}

/// Splits a case id into operation and check id; an absent check id is empty.
fn split(case: &str) -> (&str, &str) {
    let (operation, rest) = case.split_once('/').unwrap_or((case, ""));
    (operation, rest.split_once('/').map_or(rest, |(check, _)| check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families;

    #[test]
    fn the_name_of_an_error_alone_is_no_must_elsewhere() {
        for id in ["error.modelled", "error.not-found", "lifecycle.duplicate-name", "lifecycle.saved-published"] {
            let level = |loopback| {
                let check = families::find(id)?;
                Some(check.level_at(loopback, &check.finding("", "", "", None).by_name_alone(loopback)))
            };
            assert_eq!((level(true), level(false)), (Some(Level::Must), Some(Level::Should)), "{id}");
        }
    }

    #[test]
    fn what_is_required_fails_where_it_is_unsupported() {
        let case = CaseId { operation: "ListRules".to_owned(), check: "access.unsigned", variant: None };
        for (required, fails) in
            [("ListRules", true), ("access", true), ("ListFlows", false), ("access.unsigned", false)]
        {
            let outcome = Outcome::lacking("does not verify signatures");
            let outcome = outcome.requiring(&case, &BTreeSet::from([required.to_owned()]));
            assert_eq!(matches!(outcome.verdict, Verdict::Fail), fails, "{required}");
        }
        let absent = Outcome::unsupported("501, UnknownOperationException");
        let absent = absent.requiring(&case, &BTreeSet::from(["access".to_owned()]));
        assert!(matches!(absent.verdict, Verdict::Unsupported(_)), "{absent:?}");
        let passed = Outcome::from_findings(Vec::new()).requiring(&case, &BTreeSet::from(["access".to_owned()]));
        assert!(matches!(passed.verdict, Verdict::Pass));
    }

    #[test]
    fn finds_operation_and_check_of_a_case_id() {
        for (case, operation, check) in [
            ("CreateRule/shape.json", "CreateRule", "shape.json"),
            ("CreateRule/invalid.pattern/a/b", "CreateRule", "invalid.pattern"),
            ("CreateRule", "CreateRule", ""),
        ] {
            assert_eq!((operation_of(case), check_of(case)), (operation, check));
        }
    }
}
