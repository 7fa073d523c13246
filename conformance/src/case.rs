//! What is tried and what came of it, as data. Runner, checks and reports share these types and nothing else.

use std::fmt;

use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
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

/// Bytes of a response body that a finding keeps, and of the response's headers.
const EVIDENCE: (usize, usize) = (64 << 10, 8 << 10);

/// A request and what came back, redacted of credentials only.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Operation that was called.
    pub operation: String,
    /// As sent, without the signature.
    pub request: HttpRequest,
    /// As received.
    pub response: HttpResponse,
    /// From the first byte out to the last byte in.
    pub duration: std::time::Duration,
    /// What of the response is not kept; nothing while it is to be judged.
    pub omitted: Omitted,
}

/// What of a response was left out of the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Bytes at the end of the body.
    pub body_bytes: usize,
    /// Headers, each whole.
    pub headers: usize,
}

impl Exchange {
    /// A copy for a finding, of which only so much is kept as a reader needs: an endpoint that answers everything at
    /// length must not fill the memory.
    pub fn evidence(&self) -> Self {
        let (most_body, most_headers) = EVIDENCE;
        let HttpResponse { status, headers, body } = &self.response;
        let kept = &body[..body.len().min(most_body)];
        let (shown, left_out) = first_headers(headers, most_headers);
        Self {
            operation: self.operation.clone(),
            request: self.request.clone(),
            response: HttpResponse { status: *status, headers: shown, body: kept.to_vec() },
            duration: self.duration,
            omitted: Omitted {
                body_bytes: self.omitted.body_bytes + body.len() - kept.len(),
                headers: self.omitted.headers + left_out,
            },
        }
    }
}

/// Headers, in order, of no more than so many bytes, and how many others there are.
pub(crate) fn first_headers(headers: &Headers, most: usize) -> (Headers, usize) {
    let mut left = most;
    let fits = |(name, value): &&(String, String)| match left.checked_sub(name.len() + value.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let shown: Vec<_> = headers.0.iter().filter(fits).cloned().collect();
    let left_out = headers.0.len() - shown.len();
    (Headers(shown), left_out)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::replay::SavedResponse;
    use crate::report::samples;

    #[test]
    fn evidence_is_cut_and_says_how_much_of_it() {
        let mut exchange = samples::finding("shape.json", Level::Must).exchange.unwrap();
        exchange.response.body = vec![b'x'; EVIDENCE.0 + 7];
        exchange.response.headers = Headers::default();
        for name in ["a", "b", "c"] {
            exchange.response.headers.push(name, "v".repeat(EVIDENCE.1 / 2 - 1));
        }
        let evidence = exchange.evidence();
        assert_eq!(evidence.response.body.len(), EVIDENCE.0);
        assert_eq!(evidence.omitted, Omitted { body_bytes: 7, headers: 1 });
        let again = evidence.evidence();
        assert_eq!((again.response, again.omitted), (evidence.response.clone(), evidence.omitted), "cut once");
        let saved = SavedResponse::of(&evidence, 1_000);
        assert_eq!(saved.body.body_bytes_omitted, Some(EVIDENCE.0 + 7 - 1_000));
        assert_eq!((saved.headers.0.len(), saved.headers_omitted), (0, Some(3)));
    }
}
