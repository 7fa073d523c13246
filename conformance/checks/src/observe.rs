//! An observation: the findings of several checks that judge the same exchanges of one operation.

use std::collections::BTreeMap;

use crate::case::{Finding, Outcome};
use crate::check::Check;

/// Most findings of one check at one place that an observation keeps; further ones add no information.
const KEPT: usize = 3;

/// Most findings of one check that an observation keeps.
const KEPT_IN_ALL: usize = 12;

/// True if two findings are at the same place, whatever the positions in lists.
fn at_one_place(one: &Finding, other: &Finding) -> bool {
    let names = |finding: &Finding| -> Vec<String> {
        let is_name = |step: &&str| !step.bytes().all(|byte| byte.is_ascii_digit());
        finding.pointer.split('/').filter(is_name).map(str::to_owned).collect()
    };
    names(one) == names(other)
}

/// The reason of a case that is undecided because the answers had no part that its check is about, such as a time.
pub const NOTHING_TO_JUDGE: &str = "no response contained anything that this check judges";

/// The results of the checks that judged the exchanges of one operation.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The response that shows that the endpoint does not offer the operation.
    pub unsupported: Option<String>,
    /// The reason why some checks had nothing to judge.
    pub blocked: Option<String>,
    /// Number of times that each check had something to judge. A check without an entry is indeterminate, not passed.
    judged: BTreeMap<&'static str, u32>,
    findings: Vec<Finding>,
}

impl Observation {
    /// An observation of an operation that the endpoint does not offer.
    pub fn unsupported(why: String) -> Self {
        Self { unsupported: Some(why), ..Self::default() }
    }

    /// Records that the check had something to judge.
    pub fn judged(&mut self, check: &'static Check) {
        *self.judged.entry(check.id).or_default() += 1;
    }

    /// Adds findings, up to the limit for each check.
    pub fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            let alike =
                self.findings.iter().filter(|other| other.check == finding.check && at_one_place(other, &finding));
            if self.has_room_for(finding.check) && alike.count() < KEPT {
                self.findings.push(finding);
            }
        }
    }

    /// Returns true if another finding of the check would be kept.
    pub fn has_room(&self, check: &Check) -> bool {
        self.has_room_for(check.id)
    }

    fn has_room_for(&self, check: &str) -> bool {
        self.findings.iter().filter(|finding| finding.check == check).count() < KEPT_IN_ALL
    }

    /// Adds the judgement counts of another observation, and returns those of its findings that would be kept.
    pub fn merge_judged(&mut self, other: Self) -> Vec<Finding> {
        for (check, times) in other.judged {
            *self.judged.entry(check).or_default() += times;
        }
        let mut kept = self.clone();
        let before = kept.findings.len();
        kept.add(other.findings);
        kept.findings.split_off(before)
    }

    /// The findings of all checks.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Records why checks had nothing to judge. The first reason is kept.
    pub fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert_with(|| why.into());
    }

    /// Records that a check could not be ended: without a finding, it is indeterminate.
    pub fn leave_open(&mut self, check: &'static Check, why: impl Into<String>) {
        self.judged.remove(check.id);
        self.block(why);
    }

    /// The findings of all checks.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The outcome of one check.
    pub fn outcome(&self, check: &'static Check) -> Outcome {
        if let Some(why) = &self.unsupported {
            return Outcome::unsupported(why.clone());
        }
        let findings: Vec<Finding> =
            self.findings.iter().filter(|finding| finding.check == check.id).cloned().collect();
        if findings.is_empty() && !self.judged.contains_key(check.id) {
            let why = self.blocked.clone().unwrap_or_else(|| NOTHING_TO_JUDGE.to_owned());
            return Outcome::indeterminate(why);
        }
        Outcome::from_findings(findings)
    }
}
