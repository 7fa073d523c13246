//! The kill matrix: runs the suite against the emulator without a defect, with each defect, and in each harmless variant. It
//! shows which check catches which defect, and where that differs from the declarations of the defects.

mod hiding;
mod pairs;
mod subject;
mod suite;

pub use self::pairs::{Pair, PairRow, Pairs, named_pairs, pair_line, run_pairs, sample};
use self::subject::selection;
pub use self::subject::{Breadth, Subject, Trials, part_of, subjects, trials};
use self::suite::{HISTORIES, MORE_HISTORIES, Ran, run_suite};

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use connect_checks::case::{Level, Outcome};
use connect_checks::coverage::Learned;
use connect_checks::families;
use connect_checks::plan::Plan;
use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_emulator::{Benign, Config, Defect, Family, defects};
use connect_model::schema::Schema;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::outcome::Totals;
use crate::report::learned;
use crate::session::error::SessionError;

/// Percentage of the cases passing on the plain emulator that must also pass in a harmless variant. If most cases were
/// indeterminate, the absence of findings would prove nothing.
const BENIGN_PASSES: usize = 90;

/// The result of the suite on one subject.
#[derive(Clone, Debug)]
pub struct Row {
    /// The subject.
    pub subject: Subject,
    /// The checks that ran.
    pub breadth: Breadth,
    /// Checks with findings, each with its gravest level.
    pub found: BTreeMap<&'static str, Level>,
    /// Counts of the cases.
    pub totals: Totals,
    /// Answers that no check judges.
    pub learned: Learned,
    /// Differences to the declaration.
    pub problems: Vec<String>,
    /// Time from the start of the emulator to its end.
    pub duration: Duration,
}

/// The kill matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// A row for each subject, the plain emulator first.
    pub rows: Vec<Row>,
    /// Checks that have cases but that no defect must be caught by.
    pub unproven: Vec<&'static str>,
    /// Time from the first emulator to the last.
    pub duration: Duration,
}

/// Runs the suite against each subject, `jobs` at a time. Calls `show` for each row, in order.
///
/// # Errors
/// An emulator cannot be started.
pub async fn run(
    trials: &[(Subject, Breadth)],
    jobs: usize,
    mut show: impl FnMut(&Row),
) -> Result<Matrix, SessionError> {
    let started = Instant::now();
    let schema = Schema::connect();
    let mut rows: Vec<Row> = Vec::new();
    // The plain emulator first and alone, since the others are compared with it.
    for (trials, jobs) in [(&trials[..1], 1), (&trials[1..], jobs.max(1))] {
        let mut rows_of = stream::iter(trials.iter().copied())
            .map(|(subject, breadth)| tokio::spawn(test(schema, subject, breadth)))
            .buffered(jobs);
        while let Some(tested) = rows_of.next().await {
            let mut row = tested.map_err(SessionError::usage)??;
            row.problems.extend(row.undeclared(rows.first()));
            show(&row);
            rows.push(row);
        }
    }
    Ok(Matrix { rows, unproven: unproven(schema), duration: started.elapsed() })
}

/// Checks that have cases but that no defect must be caught by. Checks without cases in the model cannot fail at all.
fn unproven(schema: &'static Schema) -> Vec<&'static str> {
    let planned: BTreeSet<&str> = Plan::new(schema, &setup::everything()).cases.iter().map(|case| case.check).collect();
    let proven: BTreeSet<&str> = defects().flat_map(|defect| defect.kills).copied().collect();
    let unproven = families::all().iter().map(|check| check.id);
    unproven.filter(|id| planned.contains(id) && !proven.contains(id)).collect()
}

async fn test(schema: &'static Schema, subject: Subject, breadth: Breadth) -> Result<Row, SessionError> {
    let emulator = match subject {
        Subject::Plain => Config::default(),
        Subject::Defect(defect) => Config { defects: vec![defect], ..Config::default() },
        Subject::Benign(benign) => Config { benign: Some(benign), ..Config::default() },
    };
    let checks = match (breadth, subject) {
        (Breadth::Kills, Subject::Defect(defect)) => defect.kills.iter().map(|check| (*check).to_owned()).collect(),
        _ => BTreeSet::new(),
    };
    let selection = selection(schema, subject);
    let ran = run_suite(schema, &emulator, &Selection { checks, ..selection.clone() }, HISTORIES).await?;
    let mut row = Row {
        subject,
        breadth,
        found: BTreeMap::new(),
        totals: Totals::default(),
        learned: Learned::default(),
        problems: Vec::new(),
        duration: Duration::ZERO,
    };
    row.add(ran);
    if let Subject::Defect(defect) = subject
        && defect.family == Family::History
    {
        let missed: BTreeSet<String> = row.missed(defect).map(str::to_owned).collect();
        if !missed.is_empty() {
            row.add(run_suite(schema, &emulator, &Selection { checks: missed, ..selection }, MORE_HISTORIES).await?);
        }
    }
    Ok(row)
}

impl Row {
    /// Adds the result of a run.
    fn add(&mut self, ran: Ran) {
        // A second run has few checks, and learns less.
        if self.totals.planned == 0 {
            self.learned = ran.learned;
        }
        self.totals.planned += ran.planned;
        self.problems.extend(ran.panics);
        self.duration += ran.duration;
        ran.outcomes.into_iter().for_each(|(_, outcome)| self.count(outcome));
    }

    /// The checks that must catch a defect and did not.
    fn missed<'r>(&'r self, defect: &'r Defect) -> impl Iterator<Item = &'static str> + 'r {
        defect.kills.iter().copied().filter(|check| !self.found.contains_key(check))
    }

    fn count(&mut self, outcome: Outcome) {
        self.totals.count((&outcome.verdict).into());
        for finding in outcome.findings {
            let level = self.found.entry(finding.check).or_insert(finding.level);
            *level = (*level).max(finding.level);
        }
    }

    /// Differences to the declaration. `plain` is the row of the plain emulator, if this is another one.
    fn undeclared(&self, plain: Option<&Row>) -> Vec<String> {
        let mut problems = Vec::new();
        if self.totals.executed != self.totals.planned {
            problems.push(format!("{} of {} cases were executed", self.totals.executed, self.totals.planned));
        }
        // Notes do not count: a wrongly accepted enum value is returned later, and noted.
        let graver = || self.found.iter().filter(|(_, level)| **level > Level::Note).map(|(check, _)| *check);
        match self.subject {
            Subject::Plain => {
                problems.extend(graver().map(|check| format!("has no defect, but {check} fails")));
                if self.totals.passed == 0 {
                    problems.push("no case passes".to_owned());
                }
            }
            Subject::Defect(defect) => {
                problems.extend(self.missed(defect).map(|check| format!("is not caught by {check}")));
                // A race shows wherever two calls meet, which is the chance of a run.
                let is_race = defect.family == Family::History;
                // A history judges all behaviour of a kind, so that it may see any defect.
                let declared = |check: &&str| {
                    is_race
                        || check.starts_with("history.")
                        || defect.kills.contains(check)
                        || defect.may.contains(check)
                };
                let others = graver().filter(|check| !declared(check));
                problems.extend(others.map(|check| format!("is caught by {check}, which it does not declare")));
            }
            Subject::Benign(benign) => {
                problems.extend(graver().map(|check| format!("is harmless, but {check} fails")));
                problems.extend(plain.into_iter().flat_map(|plain| relearned(benign, &plain.learned, &self.learned)));
                let (passed, usual) =
                    (self.totals.passed as usize, plain.map_or(0, |plain| plain.totals.passed as usize));
                if passed * 100 < usual * BENIGN_PASSES {
                    problems.push(format!("only {passed} of the usual {usual} cases pass, which proves nothing"));
                }
            }
        }
        problems
    }
}

/// Differences between what is learned from a harmless variant and its declaration: each declared topic has another answer
/// than on the plain emulator, and no other topic has.
fn relearned(benign: &Benign, plain: &Learned, variant: &Learned) -> Vec<String> {
    let changes = learned::changes(plain, variant);
    let is_declared = |topic: &str| benign.learned.iter().any(|declared| topic.starts_with(declared));
    let others = changes.iter().filter(|(topic, _)| !is_declared(topic));
    let mut problems: Vec<String> =
        others.map(|(_, sentence)| format!("changes what it does not declare: {sentence}")).collect();
    let unchanged =
        benign.learned.iter().filter(|declared| !changes.iter().any(|(topic, _)| topic.starts_with(**declared)));
    problems.extend(unchanged.map(|declared| format!("does not change the answers on \"{declared}…\"")));
    problems
}

/// A row for people, followed by a line for each problem.
pub fn line(row: &Row) -> String {
    let Totals { passed, indeterminate, .. } = row.totals;
    let result = match row.subject {
        Subject::Defect(defect) => {
            let caught = |ids: &[&'static str]| -> Vec<&str> {
                ids.iter().copied().filter(|check| row.found.contains_key(check)).collect()
            };
            let (kills, more) = (caught(defect.kills), caught(defect.may));
            let more = if more.is_empty() { String::new() } else { format!("; also {}", more.join(", ")) };
            format!("killed by {}{more}", if kills.is_empty() { "none".to_owned() } else { kills.join(", ") })
        }
        _ => format!("{passed} passed, {indeterminate} indeterminate, no finding"),
    };
    let mark = if row.problems.is_empty() { "ok  " } else { "FAIL" };
    let mut text = format!("{mark} {:<6} {:<28} ", row.subject.kind(), row.subject.id());
    if row.problems.is_empty() || matches!(row.subject, Subject::Defect(_)) {
        text += &result;
    }
    for problem in &row.problems {
        text += &format!("\n            {problem}");
    }
    text + "\n"
}

impl Matrix {
    /// True if nothing differs from the declarations.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.problems.is_empty()) && self.unproven.is_empty()
    }

    /// The defects that a check must catch and caught.
    fn killed_by(&self, check: &str) -> Vec<&'static str> {
        let proves = |row: &&Row| {
            matches!(row.subject, Subject::Defect(defect) if defect.kills.contains(&check))
                && row.found.contains_key(check)
        };
        self.rows.iter().filter(proves).map(|row| row.subject.id()).collect()
    }

    /// The matrix by check, and the totals.
    pub fn summary(&self) -> String {
        let mut text = "\nby check\n".to_owned();
        for check in families::all() {
            let killed = self.killed_by(check.id);
            if !killed.is_empty() {
                text += &format!("     {:<36} {}\n", check.id, killed.join(", "));
            }
        }
        for check in &self.unproven {
            text += &format!("FAIL {check:<36} no defect proves this check\n");
        }
        let of = |kind: &str| -> Vec<&Row> { self.rows.iter().filter(|row| row.subject.kind() == kind).collect() };
        let good = |kind: &str| of(kind).iter().filter(|row| row.problems.is_empty()).count();
        let (defects, benign) = (of("defect").len(), of("benign").len());
        let narrow = self.rows.iter().filter(|row| row.breadth == Breadth::Kills).count();
        if narrow > 0 {
            text += &format!("\n{narrow} of {defects} defects met only the checks that must catch them");
        }
        text += &format!(
            "\n{} of {defects} defects killed as declared, {} of {benign} harmless variants without findings, {:.0?}\n",
            good("defect"),
            good("benign"),
            self.duration,
        );
        text
    }

    /// The matrix as JSON.
    pub fn to_json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let (kills, may) = match row.subject {
                Subject::Defect(defect) => (defect.kills, defect.may),
                _ => (&[][..], &[][..]),
            };
            let found: BTreeMap<&str, &str> = row.found.iter().map(|(check, level)| (*check, level.word())).collect();
            json!({
                "id": row.subject.id(), "kind": row.subject.kind(), "kills": kills, "may": may, "found": found,
                "all_checks": row.breadth == Breadth::All, "totals": row.totals, "problems": row.problems, "duration_ms": row.duration.as_millis() as u64,
            })
        });
        let checks = families::all().iter().map(|check| (check.id.to_owned(), json!(self.killed_by(check.id))));
        let whole = json!({
            "tool": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"), "holds": self.holds(),
            "subjects": rows.collect::<Vec<_>>(), "checks": checks.collect::<serde_json::Map<String, Value>>(),
            "unproven": self.unproven, "duration_ms": self.duration.as_millis() as u64,
        });
        format!("{whole:#}\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_emulator::{Defect, benign};

    use super::*;

    fn row(subject: Subject, found: &[(&'static str, Level)], passed: u64) -> Row {
        let totals = Totals { planned: 10, executed: 10, passed, ..Totals::default() };
        let found = found.iter().copied().collect();
        Row {
            subject,
            breadth: Breadth::All,
            found,
            totals,
            learned: Learned::default(),
            problems: Vec::new(),
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn matrix_fails_where_it_differs_from_the_declarations() {
        let defect = Subject::Defect(Defect::named("timestamp-iso").unwrap());
        let caught = ("shape.timestamp-format", Level::Must);
        let benign = Subject::Benign(Benign::named("throttled").unwrap());
        let plain = row(Subject::Plain, &[], 10);
        let noted = ("shape.unknown-member", Level::Note);
        for good in [
            row(Subject::Plain, &[], 10),
            row(defect, &[caught], 0),
            row(defect, &[caught, noted], 0),
            row(benign, &[noted], 9),
        ] {
            assert_eq!(good.undeclared(Some(&plain)), Vec::<String>::new(), "{good:?}");
        }
        for (bad, problem) in [
            (row(Subject::Plain, &[caught], 9), "has no defect, but shape.timestamp-format fails"),
            (row(Subject::Plain, &[], 0), "no case passes"),
            (row(defect, &[], 10), "is not caught by shape.timestamp-format"),
            (
                row(defect, &[caught, ("shape.json", Level::Must)], 1),
                "is caught by shape.json, which it does not declare",
            ),
            (row(benign, &[("shape.json", Level::Should)], 10), "is harmless, but shape.json fails"),
            (row(benign, &[], 8), "only 8 of the usual 10 cases pass, which proves nothing"),
        ] {
            assert_eq!(bad.undeclared(Some(&plain)), [problem]);
            let matrix = Matrix {
                rows: vec![Row { problems: bad.undeclared(Some(&plain)), ..bad }],
                unproven: vec![],
                duration: Duration::ZERO,
            };
            assert!(!matrix.holds());
            assert!(line(&matrix.rows[0]).starts_with("FAIL") && line(&matrix.rows[0]).contains(problem));
        }
    }

    #[test]
    fn a_harmless_variant_changes_what_it_declares() {
        let learned = |facts: &[(&str, &str)]| -> Learned {
            facts.iter().map(|(topic, fact)| ((*topic).to_owned(), [((*fact).to_owned(), 1)].into())).collect()
        };
        let marks = Benign::named("byte-order-marks-ignored").unwrap();
        let plain = learned(&[("body with byte-order-mark", "400"), ("body with duplicate-key", "200")]);
        let good = learned(&[("body with byte-order-mark", "200"), ("body with duplicate-key", "200")]);
        assert_eq!(relearned(marks, &plain, &good), Vec::<String>::new());
        let bad = learned(&[("body with byte-order-mark", "400"), ("body with duplicate-key", "400")]);
        assert_eq!(
            relearned(marks, &plain, &bad),
            [
                "changes what it does not declare: body with duplicate-key: 400; before: 200",
                "does not change the answers on \"body with byte-order-mark…\""
            ]
        );
    }

    #[test]
    fn the_readme_counts_defects_and_harmless_variants() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        let words: Vec<&str> = readme.split_whitespace().collect();
        for sentence in [
            format!("Each of {} defects must be caught", defects().count()),
            format!("{} benign variants must trip none", benign().count()),
        ] {
            assert!(words.join(" ").contains(&sentence), "README.md lacks \"{sentence}\"");
        }
    }

    #[test]
    fn every_check_with_cases_must_catch_a_defect() {
        assert_eq!(unproven(Schema::connect()), Vec::<&str>::new());
        let known: BTreeSet<&str> = families::all().iter().map(|check| check.id).collect();
        for defect in defects() {
            for check in defect.kills.iter().chain(defect.may) {
                assert!(known.contains(check), "{} names {check}, which does not exist", defect.id);
            }
        }
    }
}
