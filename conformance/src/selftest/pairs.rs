//! Pairs of defects in one emulator: a finding must not hide another one.
//!
//! A defect of a pair is *found* if a check that must find it has a finding that the other defect does not explain:
//!
//! - a finding, graver than a note, of a check that neither must nor may find the other defect. The kill matrix proves that
//!   the other defect alone has no such finding;
//! - else, a finding that the defect has alone and the other one has not alone. Findings are compared by case, place, and by
//!   what was expected and what came, with ids, names and numbers left out. So, where the same check finds both defects,
//!   it must name both.
//!
//! The module `hiding` lists the defects that leave no trace of others, with the reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect_checks::case::{CaseId, Finding, Level, Outcome, Verdict};
use connect_checks::selection::Selection;
use connect_emulator::{Config, Defect, Family, defects};
use connect_model::generate::seed::Stream;
use connect_model::schema::Schema;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};

use super::hiding::hides;
use super::suite::{HISTORIES, MORE_HISTORIES, Ran, run_suite};
use super::{Breadth, Subject, selection};
use crate::report::text::without_ids;
use crate::session::error::SessionError;
use crate::suggest;

/// Two defects, the first of which acts on what the second makes of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Pair(pub &'static Defect, pub &'static Defect);

impl Pair {
    /// True if the same check must find both.
    fn is_close(self) -> bool {
        self.0.kills.iter().any(|check| self.1.kills.contains(check))
    }
}

/// A sample of pairs of different defects, the same for the same seed. With `close`, only pairs that the same check must
/// find.
pub fn sample(count: u32, seed: u64, close: bool) -> Vec<Pair> {
    let all: Vec<&'static Defect> = defects().filter(|defect| defect.noun().is_none()).collect();
    let pairs = all.iter().flat_map(|first| all.iter().map(move |second| Pair(first, second)));
    // Each pair in one order only, which depends on the seed.
    let mut stream = Stream::new(seed, "pairs of defects");
    let mut drawn: Vec<(u64, Pair)> = pairs
        .filter(|pair| pair.0.id < pair.1.id && (!close || pair.is_close()))
        .map(|pair| (stream.next(), pair))
        .collect();
    drawn.sort_by_key(|(key, _)| *key);
    let turned =
        |(key, Pair(first, second)): (u64, Pair)| if key % 2 == 0 { Pair(first, second) } else { Pair(second, first) };
    drawn.into_iter().take(count as usize).map(turned).collect()
}

/// The pairs with these names, each `ID+ID`.
///
/// # Errors
/// A name without `+`, or with an unknown defect; the message suggests similar ones.
pub fn named_pairs(names: &[String]) -> Result<Vec<Pair>, SessionError> {
    let defect = |id: &str| {
        let unknown = || suggest::unknown("defect", id, defects().map(|known| known.id), "connect-conformance defects");
        Defect::named(id).ok_or_else(|| SessionError::Usage(unknown()))
    };
    let pair = |name: &String| match name.split_once('+') {
        Some((first, second)) => Ok(Pair(defect(first)?, defect(second)?)),
        None => Err(SessionError::usage(format!("`{name}` is not a pair of defects; write ID+ID"))),
    };
    names.iter().map(pair).collect()
}

/// A finding, without what differs from run to run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Trace {
    case: String,
    pointer: String,
    text: String,
}

/// The findings of one emulator.
#[derive(Default)]
struct Traces {
    /// By check.
    found: BTreeMap<&'static str, BTreeSet<Trace>>,
    /// Checks with findings that are graver than notes.
    grave: BTreeSet<&'static str>,
    /// Reasons of indeterminate cases, by check.
    blocked: BTreeMap<&'static str, String>,
}

impl Traces {
    fn of(outcomes: &[(CaseId, Outcome)]) -> Self {
        let mut traces = Self::default();
        for (case, outcome) in outcomes {
            for finding in &outcome.findings {
                traces.found.entry(finding.check).or_default().insert(trace(case, finding));
                if finding.level > Level::Note {
                    traces.grave.insert(finding.check);
                }
            }
            if let Verdict::Indeterminate(why) = &outcome.verdict {
                traces.blocked.entry(case.check).or_insert_with(|| format!("{case}: {why}"));
            }
        }
        traces
    }

    fn of_check(&self, check: &str) -> impl Iterator<Item = &Trace> {
        self.found.get(check).into_iter().flatten()
    }
}

fn trace(case: &CaseId, finding: &Finding) -> Trace {
    let text = format!("{} → {}", without_ids(&finding.expected), without_ids(&finding.actual));
    Trace { case: case.to_string(), pointer: without_ids(&finding.pointer), text }
}

/// A tried pair.
#[derive(Clone, Debug)]
pub struct PairRow {
    /// The pair.
    pub pair: Pair,
    /// For each of the two, the checks that found it; an error says what hides it.
    pub found: [Result<Vec<&'static str>, String>; 2],
    /// Defects of the pair that are hidden for a listed reason.
    pub excused: [Option<&'static str>; 2],
    /// Cases that were not executed, and panics.
    pub problems: Vec<String>,
    /// Time from the start of the emulator to its end.
    pub duration: Duration,
}

impl PairRow {
    /// True if each defect was found, or is hidden for a listed reason.
    pub fn holds(&self) -> bool {
        let fine = self.found.iter().zip(&self.excused).all(|(found, excused)| found.is_ok() || excused.is_some());
        fine && self.problems.is_empty()
    }

    fn finds_both(&self) -> bool {
        self.found.iter().all(|found| found.as_ref().is_ok_and(|checks| !checks.is_empty()))
    }

    fn defects(&self) -> [&'static Defect; 2] {
        [self.pair.0, self.pair.1]
    }
}

/// All tried pairs.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The rows, in order of the sample.
    pub rows: Vec<PairRow>,
    /// Time for all.
    pub duration: Duration,
}

/// A defect by its id, and the checks that it met.
type Subjected = (&'static str, Breadth);

/// The findings of defects alone, computed when they are needed.
#[derive(Default)]
struct Alone(Mutex<HashMap<Subjected, Arc<OnceCell<Traces>>>>);

impl Alone {
    /// With all checks, or with those that must or may catch the defect.
    async fn get(
        &self,
        schema: &'static Schema,
        defect: &'static Defect,
        breadth: Breadth,
    ) -> Result<Arc<OnceCell<Traces>>, SessionError> {
        let cell = Arc::clone(self.0.lock().await.entry((defect.id, breadth)).or_default());
        let run = || async {
            let config = Config { defects: vec![defect], ..Config::default() };
            let checks = checks_of(breadth, defect.kills.iter().chain(defect.may));
            let selection = Selection { checks, ..selection(schema, Subject::Plain) };
            Ok::<_, SessionError>(Traces::of(&run_suite(schema, &config, &selection, HISTORIES).await?.outcomes))
        };
        cell.get_or_try_init(run).await?;
        Ok(cell)
    }
}

/// The selected checks: all, which is no selection, or these.
fn checks_of<'c>(breadth: Breadth, these: impl Iterator<Item = &'c &'static str>) -> BTreeSet<String> {
    match breadth {
        Breadth::All => BTreeSet::new(),
        Breadth::Kills => these.map(|check| (*check).to_owned()).collect(),
    }
}

/// Runs the suite against each pair, `jobs` at a time. The first `whole` pairs, or all, meet all checks; the others meet the
/// checks that must catch one of the two defects. Calls `show` for each row, in order.
///
/// # Errors
/// An emulator cannot be started.
pub async fn run_pairs(
    pairs: &[Pair],
    whole: Option<u32>,
    jobs: usize,
    mut show: impl FnMut(&PairRow),
) -> Result<Pairs, SessionError> {
    let started = Instant::now();
    let schema = Schema::connect();
    let alone = Arc::new(Alone::default());
    let breadth = |at: usize| match whole {
        Some(count) if at >= count as usize => Breadth::Kills,
        _ => Breadth::All,
    };
    let mut tried = stream::iter(pairs.iter().copied().enumerate())
        .map(|(at, pair)| tokio::spawn(try_pair(schema, pair, breadth(at), Arc::clone(&alone))))
        .buffered(jobs.max(1));
    let mut rows = Vec::new();
    while let Some(row) = tried.next().await {
        let row = row.map_err(SessionError::usage)??;
        show(&row);
        rows.push(row);
    }
    Ok(Pairs { rows, duration: started.elapsed() })
}

async fn try_pair(
    schema: &'static Schema,
    pair: Pair,
    breadth: Breadth,
    alone: Arc<Alone>,
) -> Result<PairRow, SessionError> {
    let Pair(first, second) = pair;
    let config = Config { defects: vec![first, second], ..Config::default() };
    let checks = checks_of(breadth, first.kills.iter().chain(second.kills));
    let selection = Selection { checks, ..selection(schema, Subject::Plain) };
    // Two races meet more rarely than one.
    let is_race = [first, second].iter().any(|defect| defect.family == Family::History);
    let histories = if is_race { MORE_HISTORIES } else { HISTORIES };
    let Ran { outcomes, planned, panics: mut problems, duration, .. } =
        run_suite(schema, &config, &selection, histories).await?;
    if outcomes.len() as u64 != planned {
        problems.push(format!("{} of {planned} cases were executed", outcomes.len()));
    }
    let together = Traces::of(&outcomes);
    let mut found = [Ok(Vec::new()), Ok(Vec::new())];
    let excused = [hides(second, first), hides(first, second)];
    for (at, (defect, other)) in [(first, second), (second, first)].into_iter().enumerate() {
        let own = own_checks(defect, other, &together);
        found[at] = if !own.is_empty() || excused[at].is_some() {
            Ok(own)
        } else {
            let of_it = alone.get(schema, defect, breadth).await?;
            let of_other = alone.get(schema, other, breadth).await?;
            let (Some(of_it), Some(of_other)) = (of_it.get(), of_other.get()) else { continue };
            let named = named_checks(defect, of_it, of_other, &together);
            if named.is_empty() { Err(absence(defect, &together)) } else { Ok(named) }
        };
    }
    Ok(PairRow { pair, found, excused, problems, duration })
}

/// The checks that found a defect and cannot have found the other one.
fn own_checks(defect: &Defect, other: &Defect, together: &Traces) -> Vec<&'static str> {
    let others = |check: &&str| other.kills.contains(check) || other.may.contains(check);
    defect.kills.iter().copied().filter(|check| together.grave.contains(check) && !others(check)).collect()
}

/// The checks that name a defect although they also find the other one.
fn named_checks(defect: &Defect, alone: &Traces, other: &Traces, together: &Traces) -> Vec<&'static str> {
    let names = |check: &&str| {
        let known: BTreeSet<&Trace> = other.of_check(check).collect();
        let both: BTreeSet<&Trace> = together.of_check(check).collect();
        alone.of_check(check).any(|trace| !known.contains(trace) && both.contains(trace))
    };
    defect.kills.iter().copied().filter(names).collect()
}

/// The results of the checks that must find a defect and did not.
fn absence(defect: &Defect, together: &Traces) -> String {
    let mut text = "no finding names it".to_owned();
    for check in defect.kills {
        let found = together.of_check(check).count();
        let _ = write!(text, "; {check}: {found} findings");
        if let Some(trace) = together.of_check(check).next() {
            let _ = write!(text, ", the first {} at `{}`: {}", trace.case, trace.pointer, trace.text);
        }
        if let Some(why) = together.blocked.get(check) {
            let _ = write!(text, ", indeterminate {why}");
        }
    }
    text
}

/// A row for people.
pub fn pair_line(row: &PairRow) -> String {
    let [first, second] = row.defects();
    let mark = if row.holds() { "ok  " } else { "FAIL" };
    let mut text = format!("{mark} {} + {}\n", first.id, second.id);
    for (at, defect) in [first, second].into_iter().enumerate() {
        let result = match (&row.found[at], row.excused[at]) {
            (Ok(checks), _) if !checks.is_empty() => format!("found by {}", checks.join(", ")),
            (_, Some(why)) => format!("hidden, as listed: {why}"),
            (Ok(_), None) => "not found".to_owned(),
            (Err(why), None) => format!("HIDDEN: {why}"),
        };
        let _ = writeln!(text, "            {:<28} {result}", defect.id);
    }
    for problem in &row.problems {
        let _ = writeln!(text, "            {problem}");
    }
    text
}

impl Pairs {
    /// True if each defect of each pair was found, or is hidden for a listed reason.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(PairRow::holds)
    }

    /// The totals.
    pub fn summary(&self) -> String {
        let both = self.rows.iter().filter(|row| row.holds() && row.finds_both()).count();
        let listed = self.rows.iter().filter(|row| row.holds() && !row.finds_both()).count();
        let all = self.rows.len();
        format!(
            "\nboth defects found in {both} of {all} pairs; in {listed} more, one hides the other for a listed reason; {:.0?}\n",
            self.duration
        )
    }

    /// The rows as JSON.
    pub fn to_json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let of = |at: usize| {
                let defect = row.defects()[at];
                let found = row.found[at].as_ref();
                json!({
                    "id": defect.id, "found_by": found.ok(), "missing": found.err(), "hidden_because": row.excused[at],
                })
            };
            json!({
                "defects": [of(0), of(1)], "holds": row.holds(), "problems": row.problems,
                "duration_ms": row.duration.as_millis() as u64,
            })
        });
        let whole = json!({
            "tool": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"), "holds": self.holds(),
            "pairs": rows.collect::<Vec<_>>(), "duration_ms": self.duration.as_millis() as u64,
        });
        format!("{whole:#}\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn samples_are_distinct_and_depend_on_the_seed() {
        let ids = |seed, close| -> Vec<BTreeSet<&str>> {
            sample(50, seed, close).into_iter().map(|Pair(first, second)| [first.id, second.id].into()).collect()
        };
        assert_eq!(ids(1, false), ids(1, false));
        assert_ne!(ids(1, false), ids(2, false));
        for close in [false, true] {
            let drawn = ids(3, close);
            assert_eq!(drawn.len(), 50);
            assert!(drawn.iter().all(|pair| pair.len() == 2), "no defect is paired with itself");
            assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 50, "no pair is drawn twice");
        }
        assert!(sample(50, 3, true).into_iter().all(Pair::is_close));
    }

    fn traces(of: &[(&'static str, &str)]) -> Traces {
        let mut traces = Traces::default();
        for (check, text) in of {
            let trace = Trace { case: format!("CreateRule/{check}"), pointer: String::new(), text: (*text).to_owned() };
            traces.found.entry(check).or_default().insert(trace);
            traces.grave.insert(check);
        }
        traces
    }

    #[test]
    fn a_defect_is_found_only_by_what_the_other_does_not_explain() {
        let iso = Defect::named("timestamp-iso").unwrap();
        let greedy = Defect::named("no-length-max").unwrap();
        let both = traces(&[("shape.timestamp-format", "a"), ("invalid.length-max", "b")]);
        assert_eq!(own_checks(iso, greedy, &both), ["shape.timestamp-format"]);
        assert_eq!(own_checks(iso, iso, &both), Vec::<&str>::new());
        let (alone, other) = (traces(&[("shape.timestamp-format", "a")]), traces(&[("shape.timestamp-format", "c")]));
        assert_eq!(named_checks(iso, &alone, &other, &both), ["shape.timestamp-format"]);
        assert_eq!(named_checks(iso, &alone, &alone, &both), Vec::<&str>::new());
        assert!(absence(iso, &other).contains("shape.timestamp-format: 1 findings"));
    }

    #[test]
    fn what_differs_from_run_to_run_is_left_out() {
        assert_eq!(without_ids("400 for Ct-run-12, id 36a8-9"), "400 for …, id …");
        assert_eq!(without_ids("/Items/3/Name"), "/Items/…/Name");
    }

    #[test]
    fn pairs_are_named_by_their_defects() {
        let Pair(first, second) = named_pairs(&["timestamp-iso+no-length-max".to_owned()]).unwrap()[0];
        assert_eq!([first.id, second.id], ["timestamp-iso", "no-length-max"]);
        for (name, part) in [("timestamp-iso", "write ID+ID"), ("timestamp-is+no-length-max", "timestamp-iso")] {
            let error = named_pairs(&[name.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
