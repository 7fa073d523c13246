//! The counts of a report, which follow from its cases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use connect_checks::case::{check_of, operation_of};
use connect_checks::check::family_of;
use connect_checks::coverage::Ratio;

use crate::outcome::{CaseOutcome, Totals};
use crate::report::causes::Cause;
use crate::report::json::{CaseLine, FindingEntry, Operation, Reason, Report};
use crate::report::text::reason_of;

/// Example cases of one reason.
const EXAMPLES: usize = 5;

/// Distinct reasons; further ones are counted as "other reasons".
const REASONS: usize = 200;

impl Report {
    /// Recomputes everything that follows from the cases, and sorts it.
    pub fn recount(&mut self) {
        self.totals = Totals { planned: self.totals.planned, ..Totals::default() };
        self.failed_cases.clear();
        for operation in &mut self.operations {
            let totals = Totals { planned: operation.totals.planned, ..Totals::default() };
            *operation = Operation::new(std::mem::take(&mut operation.name), totals);
        }
        let mut at: HashMap<String, usize> =
            self.operations.iter().enumerate().map(|(at, operation)| (operation.name.clone(), at)).collect();
        let mut reasons: BTreeMap<String, Reason> = BTreeMap::new();
        for line in &self.cases {
            self.totals.count(line.outcome);
            let name = operation_of(&line.case);
            let operations = &mut self.operations;
            let at = *at.entry(name.to_owned()).or_insert_with(|| {
                operations.push(Operation::new(name.to_owned(), Totals::default()));
                operations.len() - 1
            });
            operations[at].count(line);
            match line.outcome {
                CaseOutcome::Failed => {
                    self.failed_cases.insert(line.case.clone());
                }
                CaseOutcome::Indeterminate => {
                    let why = reason_of(line.why.as_deref().unwrap_or_default());
                    let known = reasons.len() < REASONS || reasons.contains_key(&why);
                    let why = if known { why } else { "other reasons".to_owned() };
                    let reason = reasons.entry(why).or_insert_with_key(|why| Reason {
                        reason: why.clone(),
                        count: 0,
                        cases: Vec::new(),
                    });
                    reason.count += 1;
                    if reason.cases.len() < EXAMPLES {
                        reason.cases.push(line.case.clone());
                    }
                }
                _ => {}
            }
        }
        self.indeterminate = reasons.into_values().collect();
        let offered = || self.operations.iter().filter(|operation| operation.supported);
        let covered = offered().filter(|operation| operation.totals.scored() > 0).count() as u64;
        if let Some(constraints) = &mut self.coverage.constraints {
            let scored =
                |line: &&CaseLine| !matches!(line.outcome, CaseOutcome::Unsupported | CaseOutcome::Indeterminate);
            constraints.covered = self.cases.iter().filter(scored).filter(CaseLine::violates).count() as u64;
        }
        self.coverage.operations = Some(Ratio { covered, total: offered().count() as u64 });
        self.sort();
        self.exit_code = self.exit() as u8;
    }

    /// Sorts findings by level (gravest first), operation and case, and cases by id.
    fn sort(&mut self) {
        let at: HashMap<&str, usize> =
            self.operations.iter().enumerate().map(|(at, operation)| (operation.name.as_str(), at)).collect();
        let position = |finding: &FindingEntry| at.get(finding.operation.as_str()).copied().unwrap_or(usize::MAX);
        self.findings.sort_by_cached_key(|finding| (Reverse(finding.level), position(finding), finding.case.clone()));
        self.cases.sort();
        self.causes.sort_by_cached_key(Cause::order);
    }
}

impl Operation {
    /// Adds an executed case.
    fn count(&mut self, line: &CaseLine) {
        self.totals.count(line.outcome);
        self.families.entry(family_of(check_of(&line.case)).to_owned()).or_default().count(line.outcome);
        if line.outcome == CaseOutcome::Unsupported && self.unsupported_because.is_none() {
            self.unsupported_because.clone_from(&line.why);
        }
        // Supported: a case was scored, or no case found the operation missing.
        self.supported = self.totals.scored() > 0 || self.totals.unsupported == 0;
        if self.totals.scored() > 0 {
            self.unsupported_because = None;
        }
    }
}
