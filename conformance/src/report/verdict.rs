//! The verdict of a report.

use std::collections::{BTreeMap, HashMap};

use connect_checks::case::{Level, check_of, operation_of};
use connect_checks::check::family_of;
use connect_checks::observe::NOTHING_TO_JUDGE;
use connect_checks::search::INDEX_LAGS;

use crate::exit::Exit;
use crate::outcome::CaseOutcome;
use crate::report::json::{CaseLine, Operation, Report};
use crate::report::text::reason_of;

/// Default percentage of cases that may be undecided for one reason.
const ALLOWED: u8 = 10;

/// Percentage of cases that may be undecided for any reasons, as a multiple of that for one reason.
const IN_TOTAL: u64 = 3;

/// Undecided cases of one operation that are too few to matter, unless they are all its cases.
const FEW: u64 = 2;

/// Percentage of the cases of one family on one operation that may be undecided for one reason. A family has few cases, and
/// several of them may need the same thing.
const IN_FAMILY: u64 = 50;

/// Part of the reason of every case that needed a request which was not sent, since earlier ones had no whole answer.
const GAVE_UP: &str = "gave-up: not sent";

/// The reason of cases that were given up, whatever the request was for.
const GIVEN_UP: &str = "requests that were not sent, since earlier ones had no whole answer";

/// The reason of an undecided case, without ids and numbers. An endpoint that cannot serve, or does not let the caller in, is
/// one reason, whatever the request was for.
fn reason_in(why: &str) -> String {
    let reason = reason_of(why);
    if reason.contains(GAVE_UP) {
        return GIVEN_UP.to_owned();
    }
    if reason.contains(INDEX_LAGS) {
        return format!("{INDEX_LAGS} what was created");
    }
    let words: Vec<&str> = reason.split(' ').collect();
    let is_outage = |word: &str| word.parse().is_ok_and(|status: u16| matches!(status, 401 | 403 | 429 | 500..=599));
    match words.iter().rposition(|word| is_outage(word)) {
        Some(at) => words[at..].join(" "),
        None => reason,
    }
}

/// Cases that are undecided for one reason, and too many for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The reason, without ids and numbers.
    pub reason: String,
    /// The operation; `None` if they are too many for the whole plan.
    pub operation: Option<String>,
    /// The family of checks, if they are too many only for it.
    pub family: Option<String>,
    /// Number of cases.
    pub count: u64,
    /// Number of planned cases, of the family, of the operation or in total.
    pub planned: u64,
}

impl Report {
    /// The exit code of the run. Leaked resources come first, since they cost money until they are deleted; then
    /// cases that were not executed, since these may fail worse than the others.
    pub fn exit(&self) -> Exit {
        let totals = &self.totals;
        if !self.leaks.is_empty() {
            Exit::Leaked
        } else if totals.executed != totals.planned
            || totals.planned == 0
            || !self.missing.is_empty()
            || self.unfinished
        {
            Exit::Incomplete
        } else if totals.failed > 0 {
            Exit::Findings
        } else if totals.scored() == 0 || self.refuses_everything() {
            Exit::Incomplete
        } else if self.golden_is_stale() {
            // Comparisons with a stale entry are undecided for that reason.
            Exit::Stale
        } else if self.undecided().is_some() {
            Exit::Incomplete
        } else if totals.stale > 0 || !self.stale.is_empty() || !self.relearned.is_empty() {
            Exit::Stale
        } else {
            Exit::Conforming
        }
    }

    /// True if answers must be recorded again.
    pub fn golden_is_stale(&self) -> bool {
        self.finding_counts.iter().any(|count| count.level == Level::Should && family_of(&count.check) == "golden")
    }

    /// True if no request was accepted, or if only the family "error" passed although other families were executed. An
    /// endpoint that accepts no request cannot be judged.
    pub(super) fn refuses_everything(&self) -> bool {
        let others = || self.operations.iter().flat_map(|op| &op.families).filter(|(family, _)| *family != "error");
        self.accepted == Some(0)
            || others().any(|(_, totals)| totals.executed > totals.unsupported)
                && others().all(|(_, totals)| totals.passed + totals.known + totals.stale == 0)
    }

    /// Percentage of the planned cases that may be undecided for one reason.
    pub fn allowed_undecided(&self) -> u8 {
        self.settings.allow_undecided.unwrap_or(ALLOWED)
    }

    /// The most frequent reason for which too many cases are undecided: more than the allowed share of the plan, of the
    /// cases of one operation, or of a family on it. Such a run rests on too little to be called conforming. A case that was given up is one too
    /// many, unless the run allows a share: nothing else shows what the endpoint would have answered.
    pub fn undecided(&self) -> Option<Undecided> {
        let allowed = u64::from(self.allowed_undecided());
        let mut counts: BTreeMap<(Option<&str>, Option<&str>, String), u64> = BTreeMap::new();
        let mut count = 0;
        let is_undecided = |line: &&CaseLine| line.outcome == CaseOutcome::Indeterminate && line.excused.is_none();
        for line in self.cases.iter().filter(is_undecided) {
            let reason = reason_in(line.why.as_deref().unwrap_or_default());
            let (operation, family) = (operation_of(&line.case), family_of(check_of(&line.case)));
            for (operation, family) in [(None, None), (Some(operation), None), (Some(operation), Some(family))] {
                *counts.entry((operation, family, reason.clone())).or_default() += 1;
            }
            count += 1;
        }
        let lines: HashMap<&str, &Operation> = self.operations.iter().map(|line| (line.name.as_str(), line)).collect();
        let too_many = counts.into_iter().filter_map(|((operation, family, reason), count)| {
            let planned = match (operation, family) {
                (None, _) => self.totals.planned,
                (Some(name), None) => lines.get(name)?.totals.planned,
                (Some(name), Some(family)) => {
                    let totals = lines.get(name)?.families.get(family)?;
                    totals.executed - totals.unsupported
                }
            };
            // An operation may have answers without content; what other checks of it found still counts.
            let is_bare = reason == NOTHING_TO_JUDGE;
            let is_given_up = reason == GIVEN_UP;
            let is_whole = count >= planned && family.is_none();
            let matters = operation.is_none() || (count > FEW && !is_bare) || is_whole || is_given_up;
            let allowed = if is_given_up { u64::from(self.settings.allow_undecided.unwrap_or(0)) } else { allowed };
            let allowed = if family.is_some() { allowed.max(IN_FAMILY) } else { allowed };
            let [operation, family] = [operation, family].map(|name| name.map(str::to_owned));
            let is_too_much = matters && count * 100 > allowed * planned;
            is_too_much.then_some(Undecided { reason, operation, family, count, planned })
        });
        let in_total = (count * 100 > IN_TOTAL * allowed * self.totals.planned).then(|| Undecided {
            reason: "several reasons, see \"indeterminate\"".to_owned(),
            operation: None,
            family: None,
            count,
            planned: self.totals.planned,
        });
        // The whole plan comes before operations, and these before families.
        let order = |one: &Undecided| (one.operation.is_none(), one.family.is_none(), one.count);
        too_many.max_by_key(order).or(in_total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Totals;
    use crate::report::samples;

    /// A report with one case for each operation, and the outcome words of `samples::record`.
    fn report(passed: usize, undecided: usize) -> Report {
        let names: Vec<(String, &str)> = (0..passed + undecided)
            .map(|at| (format!("Operation{at:03}"), if at < passed { "pass" } else { "indeterminate" }))
            .collect();
        let outcomes: Vec<(&str, &str)> = names.iter().map(|(name, word)| (name.as_str(), *word)).collect();
        let mut report = samples::record(&outcomes).report();
        // One operation has all cases, so that only the share of the plan counts.
        for line in &mut report.cases {
            line.case = line.case.replacen(char::is_numeric, "", 3).replace("/shape.json", "/shape.json/x");
        }
        report.operations.truncate(1);
        report.operations[0].name = "Operation".to_owned();
        report.operations[0].totals.planned = report.totals.planned;
        report.recount();
        report
    }

    #[test]
    fn more_than_a_tenth_undecided_for_one_reason_is_incomplete() {
        assert_eq!(report(90, 10).exit(), Exit::Conforming);
        let many = report(88, 12);
        assert_eq!(many.exit(), Exit::Incomplete);
        let undecided = many.undecided().unwrap_or_else(|| unreachable!("twelve of a hundred"));
        assert_eq!((undecided.reason.as_str(), undecided.count, undecided.planned), ("throttled", 12, 100));
        let mut loosened = report(88, 12);
        loosened.settings.allow_undecided = Some(12);
        assert_eq!(loosened.exit(), Exit::Conforming);
        let mut excused = report(88, 12);
        for line in excused.cases.iter_mut().filter(|line| line.outcome == CaseOutcome::Indeterminate) {
            line.excused = Some("the index is slow".to_owned());
        }
        assert_eq!(excused.exit(), Exit::Conforming);
        // An outage is one reason, whatever met it.
        let mut outage = report(88, 12);
        for (at, line) in outage.cases.iter_mut().enumerate() {
            let of_what = ["out of service", "the valid twin", "CreateRule answered"][at % 3];
            line.why = line.why.take().map(|_| format!("{of_what}: 503 ServiceUnavailable: try run-{at} later"));
        }
        let undecided = outage.undecided().unwrap_or_else(|| unreachable!("twelve of a hundred"));
        assert_eq!((undecided.reason.as_str(), undecided.count), ("503 ServiceUnavailable", 12));
        // Most of a family on an operation, although the operation has many other cases.
        let family = |undecided: usize| {
            let mut report = report(196, 4);
            for (at, line) in report.cases.iter_mut().rev().take(6).enumerate() {
                line.case = format!("Operation/keep.echo/{at}");
                let word = if at < undecided { CaseOutcome::Indeterminate } else { CaseOutcome::Passed };
                (line.outcome, line.why) = (word, (at < undecided).then(|| "throttled".to_owned()));
            }
            report.recount();
            let few = Totals { executed: 6, ..Totals::default() };
            report.operations[0].families.insert("keep".to_owned(), few);
            report
        };
        assert_eq!(family(3).exit(), Exit::Conforming);
        let most = family(4).undecided().unwrap_or_else(|| unreachable!("four of six"));
        assert_eq!((most.family.as_deref(), most.count, most.planned), (Some("keep"), 4, 6));
        // Different reasons are not one reason.
        let mut reasons = report(88, 12);
        for (at, line) in reasons.cases.iter_mut().enumerate() {
            line.why = line.why.take().map(|why| format!("{why}, {}", ["once", "twice"][at % 2]));
        }
        assert_eq!(reasons.exit(), Exit::Conforming);
    }

    #[test]
    fn what_was_given_up_is_one_reason() {
        let mut given_up = report(88, 12);
        let why =
            "gave-up: not sent: 5 requests in a row to CreateRule had no whole answer, the last: too many open files";
        for (at, line) in given_up.cases.iter_mut().enumerate() {
            let of_what = ["", "CreateRule answered ", "no resource could be created: CreateRule answered "][at % 3];
            line.why = line.why.take().map(|_| format!("{of_what}{why}"));
        }
        assert_eq!(given_up.exit(), Exit::Incomplete);
        assert_eq!(given_up.undecided().map(|undecided| undecided.count), Some(12));
        // One is enough, unless the run allows a share.
        let mut one = report(99, 1);
        for line in one.cases.iter_mut().filter(|line| line.outcome == CaseOutcome::Indeterminate) {
            line.why = Some(why.to_owned());
        }
        assert_eq!(one.exit(), Exit::Incomplete);
        one.settings.allow_undecided = Some(1);
        assert_eq!(one.exit(), Exit::Conforming);
    }

    #[test]
    fn an_operation_without_a_decided_case_is_incomplete() {
        let report = samples::record(&[
            ("A", "pass"),
            ("B", "pass"),
            ("C", "pass"),
            ("D", "pass"),
            ("E", "pass"),
            ("F", "pass"),
            ("G", "pass"),
            ("H", "pass"),
            ("I", "pass"),
            ("J", "indeterminate"),
        ])
        .report();
        let undecided = report.undecided();
        assert_eq!(undecided.and_then(|undecided| undecided.operation).as_deref(), Some("J"));
    }
}
