//! Who tests the tests: the suite against the emulator as it is, with each of its defects and in each of its harmless
//! variants. The kill matrix says which check saw what, and where that is not what the tables declare.

use connect_checks::setup;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use connect_model::schema::Schema;
use connect_model::shapes::CORE_OPERATIONS;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::event::Totals;
use crate::session::SessionError;
use crate::suggest;
use crate::wiring;
use connect_checks::case::Level;
use connect_checks::families;
use connect_checks::judge::Judge;
use connect_checks::plan::Plan;
use connect_checks::selection::Selection;
use connect_checks::setup::SuiteConfig;
use connect_checks::walks::WalkConfig;
use connect_emulator::{BENIGN, Benign, Config, Defect, Emulator, defects};

/// Operations beside the core whose answers have unions, enums and descriptions, and which are synthesized.
const OTHERS: &[&str] = &[
    "AssociateBot",
    "DescribeContactEvaluation",
    "DescribeMetric",
    "DescribeUser",
    "GetAttachedFile",
    "GetMetricDataV2",
    "ListQueues",
    "StartTaskContact",
    "UpdateEvaluationForm",
];

/// Trials of one emulator that are under way at once.
const WORKERS: usize = 8;

/// Of the trials that pass on the plain emulator, so many percent must pass in a harmless variant: where most come to
/// nothing, no fault is found for the wrong reason.
const BENIGN_PASSES: usize = 90;

/// An emulator to run the suite against.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// As it is.
    Plain,
    /// With a defect.
    Defect(&'static Defect),
    /// In a harmless variant.
    Benign(&'static Benign),
}

impl Subject {
    /// Its id, as the command line takes it.
    pub fn id(&self) -> &'static str {
        match self {
            Subject::Plain => "plain",
            Subject::Defect(defect) => defect.id,
            Subject::Benign(benign) => benign.id,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Subject::Plain => "plain",
            Subject::Defect(_) => "defect",
            Subject::Benign(_) => "benign",
        }
    }
}

/// The subjects with these ids, all if none is given; the plain emulator comes first in any case.
///
/// # Errors
/// An id that no defect and no harmless variant has, with what looks like it.
pub fn subjects(only: &[String]) -> Result<Vec<Subject>, SessionError> {
    let all = || defects().map(Subject::Defect).chain(BENIGN.iter().map(Subject::Benign));
    for given in only {
        if !all().any(|subject| subject.id() == given) {
            let list = "connect-conformance defects` or `connect-conformance benign";
            let known = all().map(|subject| subject.id());
            return Err(SessionError::Usage(suggest::unknown("defect or harmless variant", given, known, list)));
        }
    }
    let wanted = |subject: &Subject| only.is_empty() || only.iter().any(|id| id == subject.id());
    Ok(std::iter::once(Subject::Plain).chain(all().filter(wanted)).collect())
}

/// What the suite made of one subject.
#[derive(Clone, Debug)]
pub struct Row {
    /// The subject.
    pub subject: Subject,
    /// Checks with findings, each with the gravest level.
    pub found: BTreeMap<&'static str, Level>,
    /// Its trials.
    pub totals: Totals,
    /// Where this is not what was declared.
    pub problems: Vec<String>,
    /// From the emulator's start to its end.
    pub duration: Duration,
}

/// The kill matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// A row for each subject, the plain emulator first.
    pub rows: Vec<Row>,
    /// Checks that some case of the model asks and that no defect must be caught by.
    pub unproven: Vec<&'static str>,
    /// From the first emulator to the last.
    pub duration: Duration,
}

/// Runs the suite against each subject, `jobs` at a time, and shows every row as soon as those before it are done.
///
/// # Errors
/// An emulator cannot be started.
pub async fn run(subjects: &[Subject], jobs: usize, mut show: impl FnMut(&Row)) -> Result<Matrix, SessionError> {
    let begun = Instant::now();
    let schema = Schema::connect();
    let mut rows: Vec<Row> = Vec::new();
    // The plain one alone: the others are compared with it.
    for (subjects, jobs) in [(&subjects[..1], 1), (&subjects[1..], jobs.max(1))] {
        let mut trying =
            stream::iter(subjects.iter().copied()).map(|subject| tokio::spawn(attempt(schema, subject))).buffered(jobs);
        while let Some(tried) = trying.next().await {
            let mut row = tried.map_err(SessionError::usage)??;
            row.problems.extend(row.undeclared(rows.first().map_or(0, |plain| plain.totals.passed as usize)));
            show(&row);
            rows.push(row);
        }
    }
    Ok(Matrix { rows, unproven: unproven(schema), duration: begun.elapsed() })
}

/// Checks that nobody must fail. Those that no operation of the model gives a subject cannot fail at all.
fn unproven(schema: &Schema) -> Vec<&'static str> {
    let planned: BTreeSet<&str> = Plan::new(schema, &setup::everything()).cases.iter().map(|case| case.check).collect();
    let proven: BTreeSet<&str> = defects().flat_map(|defect| defect.kills).copied().collect();
    let unproven = families::all().iter().map(|check| check.id);
    unproven.filter(|id| planned.contains(id) && !proven.contains(id)).collect()
}

/// The core operations and a few others, with everything that the suite tries on them.
fn selection() -> Selection {
    let operations = CORE_OPERATIONS.iter().chain(OTHERS).map(|name| (*name).to_owned()).collect();
    Selection { operations, ..setup::everything() }
}

async fn attempt(schema: &'static Schema, subject: Subject) -> Result<Row, SessionError> {
    let mut config = Config::default();
    match subject {
        Subject::Plain => {}
        Subject::Defect(defect) => config.defect = Some(defect),
        Subject::Benign(benign) => config.benign = Some(benign),
    }
    let begun = Instant::now();
    let emulator = Emulator::start(schema, &config).await.map_err(SessionError::usage)?;
    let target = wiring::target_of(&emulator).map_err(SessionError::usage)?;
    let timeout = Duration::from_secs(10);
    let walks = WalkConfig { count: 32, length: 25, ..WalkConfig::default() };
    let config = SuiteConfig {
        settle: Duration::ZERO,
        ledger: None,
        shrink: 0,
        seed: 1,
        cases: 2,
        run_id: "matrix".to_owned(),
        timeout,
        pace: connect_transport::pace::PaceConfig::default(),
        walks,
    };
    let (suite, _) = setup::suite(schema, target, &selection(), config).map_err(SessionError::usage)?;
    let (suite, next) = (Arc::new(suite), Arc::new(AtomicUsize::new(0)));
    let planned = suite.cases().len();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let (suite, next) = (Arc::clone(&suite), Arc::clone(&next));
        running.spawn(async move {
            let mut outcomes = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= suite.cases().len() {
                    return outcomes;
                }
                outcomes.push(suite.run(index).await);
            }
        });
    }
    let mut row = Row {
        subject,
        found: BTreeMap::new(),
        totals: Totals { planned: planned as u64, ..Totals::default() },
        problems: Vec::new(),
        duration: Duration::ZERO,
    };
    while let Some(done) = running.join_next().await {
        match done {
            Ok(outcomes) => {
                for outcome in outcomes {
                    row.totals.count((&outcome.verdict).into());
                    for finding in outcome.findings {
                        let level = row.found.entry(finding.check).or_insert(finding.level);
                        *level = (*level).max(finding.level);
                    }
                }
            }
            Err(error) => row.problems.push(format!("a check panicked: {error}")),
        }
    }
    emulator.shutdown().await;
    row.duration = begun.elapsed();
    Ok(row)
}

impl Row {
    /// What is not as declared; `usual` trials pass on the plain emulator.
    fn undeclared(&self, usual: usize) -> Vec<String> {
        let mut problems = Vec::new();
        if self.totals.executed != self.totals.planned {
            problems.push(format!("{} of {} trials came to no end", self.totals.planned, self.totals.executed));
        }
        // Notes judge nothing: an enum value that was accepted wrongly is shown again, and noted.
        let graver = || self.found.iter().filter(|(_, level)| **level > Level::Note).map(|(check, _)| *check);
        match self.subject {
            Subject::Plain => {
                problems.extend(graver().map(|check| format!("nothing is wrong, and {check} finds fault")));
                if self.totals.passed == 0 {
                    problems.push("nothing passes".to_owned());
                }
            }
            Subject::Defect(defect) => {
                let survived = defect.kills.iter().filter(|check| !self.found.contains_key(**check));
                problems.extend(survived.map(|check| format!("survives {check}")));
                let declared = |check: &&str| defect.kills.contains(check) || defect.may.contains(check);
                let others = graver().filter(|check| !declared(check));
                problems.extend(others.map(|check| format!("is caught by {check}, which it does not name")));
            }
            Subject::Benign(_) => {
                problems.extend(graver().map(|check| format!("is harmless, and {check} finds fault")));
                let passed = self.totals.passed as usize;
                if passed * 100 < usual * BENIGN_PASSES {
                    problems.push(format!("only {passed} of the usual {usual} trials pass: that proves nothing"));
                }
            }
        }
        problems
    }
}

/// One row for people, with a line for each problem.
pub fn line(row: &Row) -> String {
    let Totals { passed, indeterminate, .. } = row.totals;
    let what = match row.subject {
        Subject::Defect(defect) => {
            let seen = |ids: &[&'static str]| -> Vec<&str> {
                ids.iter().copied().filter(|check| row.found.contains_key(check)).collect()
            };
            let (kills, more) = (seen(defect.kills), seen(defect.may));
            let more = if more.is_empty() { String::new() } else { format!("; also {}", more.join(", ")) };
            format!("killed by {}{more}", if kills.is_empty() { "none".to_owned() } else { kills.join(", ") })
        }
        _ => format!("{passed} pass, {indeterminate} undecided, no fault found"),
    };
    let mark = if row.problems.is_empty() { "ok  " } else { "FAIL" };
    let mut text = format!("{mark} {:<6} {:<28} ", row.subject.kind(), row.subject.id());
    if row.problems.is_empty() || matches!(row.subject, Subject::Defect(_)) {
        text += &what;
    }
    for problem in &row.problems {
        text += &format!("\n            {problem}");
    }
    text + "\n"
}

impl Matrix {
    /// Everything is as the tables declare it.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.problems.is_empty()) && self.unproven.is_empty()
    }

    /// Defects that a check caught and must catch.
    fn killed_by(&self, check: &str) -> Vec<&'static str> {
        let proves = |row: &&Row| {
            matches!(row.subject, Subject::Defect(defect) if defect.kills.contains(&check))
                && row.found.contains_key(check)
        };
        self.rows.iter().filter(proves).map(|row| row.subject.id()).collect()
    }

    /// The matrix by check, and what it comes to.
    pub fn summary(&self) -> String {
        let mut text = "\nby check\n".to_owned();
        for check in families::all() {
            let killed = self.killed_by(check.id);
            if !killed.is_empty() {
                text += &format!("     {:<36} {}\n", check.id, killed.join(", "));
            }
        }
        for check in &self.unproven {
            text += &format!("FAIL {check:<36} no defect proves it\n");
        }
        let of = |kind: &str| -> Vec<&Row> { self.rows.iter().filter(|row| row.subject.kind() == kind).collect() };
        let good = |kind: &str| of(kind).iter().filter(|row| row.problems.is_empty()).count();
        let (defects, benign) = (of("defect").len(), of("benign").len());
        text += &format!(
            "\n{} of {defects} defects killed as declared, {} of {benign} harmless variants left alone, {:.0?}\n",
            good("defect"),
            good("benign"),
            self.duration,
        );
        text
    }

    /// The matrix for programs.
    pub fn to_json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let (kills, may) = match row.subject {
                Subject::Defect(defect) => (defect.kills, defect.may),
                _ => (&[][..], &[][..]),
            };
            let found: BTreeMap<&str, &str> = row.found.iter().map(|(check, level)| (*check, level.word())).collect();
            json!({
                "id": row.subject.id(), "kind": row.subject.kind(), "kills": kills, "may": may, "found": found,
                "totals": row.totals, "problems": row.problems, "duration_ms": row.duration.as_millis() as u64,
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
    use super::*;

    fn row(subject: Subject, found: &[(&'static str, Level)], passed: u64) -> Row {
        let totals = Totals { planned: 10, executed: 10, passed, ..Totals::default() };
        Row { subject, found: found.iter().copied().collect(), totals, problems: Vec::new(), duration: Duration::ZERO }
    }

    #[test]
    fn a_matrix_that_is_not_as_declared_does_not_hold() {
        let defect = Subject::Defect(Defect::named("timestamp-iso").unwrap());
        let caught = ("shape.timestamp-format", Level::Must);
        let benign = Subject::Benign(Benign::named("throttled").unwrap());
        let noted = ("shape.unknown-member", Level::Note);
        for good in [
            row(Subject::Plain, &[], 10),
            row(defect, &[caught], 0),
            row(defect, &[caught, noted], 0),
            row(benign, &[noted], 9),
        ] {
            assert_eq!(good.undeclared(10), Vec::<String>::new(), "{good:?}");
        }
        for (bad, problem) in [
            (row(Subject::Plain, &[caught], 9), "nothing is wrong, and shape.timestamp-format finds fault"),
            (row(Subject::Plain, &[], 0), "nothing passes"),
            (row(defect, &[], 10), "survives shape.timestamp-format"),
            (row(defect, &[caught, ("shape.json", Level::Must)], 1), "is caught by shape.json, which it does not name"),
            (row(benign, &[("shape.json", Level::Should)], 10), "is harmless, and shape.json finds fault"),
            (row(benign, &[], 8), "only 8 of the usual 10 trials pass: that proves nothing"),
        ] {
            assert_eq!(bad.undeclared(10), [problem]);
            let matrix = Matrix {
                rows: vec![Row { problems: bad.undeclared(10), ..bad }],
                unproven: vec![],
                duration: Duration::ZERO,
            };
            assert!(!matrix.holds());
            assert!(line(&matrix.rows[0]).starts_with("FAIL") && line(&matrix.rows[0]).contains(problem));
        }
    }

    #[test]
    fn ids_are_found_or_suggested() {
        assert_eq!(subjects(&[]).unwrap().len(), 1 + defects().count() + BENIGN.len());
        let some = subjects(&["throttled".to_owned(), "timestamp-iso".to_owned()]).unwrap();
        assert_eq!(some.iter().map(Subject::id).collect::<Vec<_>>(), ["plain", "timestamp-iso", "throttled"]);
        let error = subjects(&["timestamp-is".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("timestamp-iso"), "{error}");
    }

    #[test]
    fn every_check_that_can_fail_has_a_defect_that_it_must_catch() {
        assert_eq!(unproven(Schema::connect()), Vec::<&str>::new());
        let known: BTreeSet<&str> = families::all().iter().map(|check| check.id).collect();
        for defect in defects() {
            for check in defect.kills.iter().chain(defect.may) {
                assert!(known.contains(check), "{} names {check}, which does not exist", defect.id);
            }
        }
    }
}
