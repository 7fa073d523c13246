//! An observation: what the exchanges of one operation showed to several checks that look at the same ones.

use std::collections::BTreeMap;

use crate::case::{Finding, Outcome};
use crate::check::Check;

/// Findings of one check that an observation keeps; more of the same tell nothing new.
const KEPT: usize = 3;

/// What the exchanges of one operation showed.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The endpoint does not offer the operation, and how it said so.
    pub unsupported: Option<String>,
    /// Why checks that were not judged were not.
    pub blocked: Option<String>,
    /// How often each check had something to judge. A check that never had is indeterminate, not passed.
    judged: BTreeMap<&'static str, u32>,
    findings: Vec<Finding>,
}

impl Observation {
    /// Nothing to observe: the operation is not there.
    pub fn unsupported(why: String) -> Self {
        Self { unsupported: Some(why), ..Self::default() }
    }

    /// The check has looked at something.
    pub fn judged(&mut self, check: &'static Check) {
        *self.judged.entry(check.id).or_default() += 1;
    }

    /// The check has looked, and this is what it saw.
    pub fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if self.keeps(finding.check) {
                self.findings.push(finding);
            }
        }
    }

    /// True if one more finding of a check would be kept.
    pub fn has_room(&self, check: &Check) -> bool {
        self.keeps(check.id)
    }

    fn keeps(&self, check: &str) -> bool {
        self.findings.iter().filter(|finding| finding.check == check).count() < KEPT
    }

    /// Takes over what another has judged; gives back what of its findings would be kept.
    pub fn take(&mut self, other: Self) -> Vec<Finding> {
        for (check, times) in other.judged {
            *self.judged.entry(check).or_default() += times;
        }
        let mut kept = self.clone();
        let before = kept.findings.len();
        kept.add(other.findings);
        kept.findings.split_off(before)
    }

    /// Everything that broke.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Why the rest could not be judged; the first reason stays.
    pub fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert_with(|| why.into());
    }

    /// Everything that broke.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What came of one check.
    pub fn outcome(&self, check: &'static Check) -> Outcome {
        if let Some(why) = &self.unsupported {
            return Outcome::unsupported(why.clone());
        }
        let findings: Vec<Finding> =
            self.findings.iter().filter(|finding| finding.check == check.id).cloned().collect();
        if findings.is_empty() && !self.judged.contains_key(check.id) {
            let why = self.blocked.clone().unwrap_or_else(|| "no answer held what this check judges".to_owned());
            return Outcome::indeterminate(why);
        }
        Outcome::from_findings(findings)
    }
}
