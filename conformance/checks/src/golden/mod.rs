//! Recorded answers: the responses of an endpoint to a fixed set of requests, kept for review, and compared every night.
//!
//! Each operation gets up to three requests: a minimal valid one, one with a fault, and one with an unknown id. Requests
//! depend only on the model and a seed, so that they stay the same.

mod ask;
mod entry;
mod normal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connect_model::schema::Schema;

use self::ask::VARIANTS;
pub use self::ask::{Asked, ask, provenance};
pub use self::entry::{Entry, Exchanged, GoldenError, file_of, read_all, read_one, write_all};
use crate::case::{Level, Outcome};
use crate::check::{Check, Remote};
use crate::code::{On, Scope, Subjects, Trial, itself};
use crate::evidence::Evidence;
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::judge::Judgement;

/// Source of the rules: what the endpoint answered before.
const RECORDING: Evidence = Evidence::captured("the recorded answers of the endpoint, reviewed and committed");

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&ANSWER, &REQUEST, &DIVERGENCE, &ENTRY];

pub(crate) static ANSWER: Check = Check {
    id: "golden.answer",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the response equals the recorded one, except for values that vary",
    evidence: &[RECORDING],
    harm: Harm::Form,
    fault: "answered otherwise than recorded",
    passes: "the same status, content type, error name and body, with other ids and times",
    fails: "an added or a missing member, another type, another error, a new breach of the contract",
    code: &On { applies: recorded, run: |trial, variant| judge_answer(trial, variant) },
};

pub(crate) static REQUEST: Check = Check {
    id: "golden.request",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "the request is the one whose response was recorded",
    evidence: &[RECORDING],
    harm: Harm::Advice,
    fault: "got a request that differs from the recorded one",
    passes: "the same request, with other ids and names",
    fails: "the model leads to another request: the entry is stale, and its response is not compared; record it again",
    code: &On { applies: recorded, run: |trial, variant| judge_request(trial, variant) },
};

pub(crate) static DIVERGENCE: Check = Check {
    id: "golden.divergence",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "the response still has the recorded breaches of the contract",
    evidence: &[RECORDING],
    harm: Harm::Advice,
    fault: "stopped breaking the contract as recorded",
    passes: "the same breaches",
    fails: "a recorded breach is gone, which is good: record the entry again",
    code: &On { applies: recorded_breaches, run: |trial, variant| judge_divergence(trial, variant) },
};

pub(crate) static ENTRY: Check = Check {
    id: "golden.entry",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "every operation that the endpoint offers has a recorded response",
    evidence: &[RECORDING],
    harm: Harm::Advice,
    fault: "lacked a recorded response",
    passes: "the operation has an entry, or the endpoint does not offer it",
    fails: "the operation has no entry; record it",
    code: &On { applies: unrecorded, run: judge_entry },
};

/// Recorded answers to compare with, by operation.
pub type Recorded = Arc<BTreeMap<String, Entry>>;

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "golden",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, _| 2,
    compares_recorded: true,
};

type Variants = Subjects<String>;

/// The variants of the operation in scope whose recorded exchange meets a condition.
fn variants(scope: &Scope<'_>, condition: fn(&Exchanged) -> bool) -> Variants {
    let entry = scope.selection.golden.as_ref().and_then(|recorded| recorded.get(scope.name()));
    let exchanges = entry.into_iter().flat_map(|entry| &entry.exchanges);
    exchanges
        .filter(|(_, exchanged)| condition(exchanged))
        .map(|(name, _)| (Some(name.clone()), name.clone()))
        .collect()
}

fn recorded(scope: &Scope<'_>) -> Variants {
    variants(scope, |_| true)
}

fn recorded_breaches(scope: &Scope<'_>) -> Variants {
    variants(scope, |exchanged| !exchanged.breaks.is_empty())
}

fn unrecorded(scope: &Scope<'_>) -> Subjects<()> {
    let is_recorded = scope.selection.golden.as_ref().is_some_and(|recorded| recorded.contains_key(scope.name()));
    itself(!is_recorded)
}

/// Entries, and exchanges in them, of operations and variants that do not exist any more.
pub(crate) fn orphans(recorded: &BTreeMap<String, Entry>, schema: &Schema) -> Vec<String> {
    let mut orphans = Vec::new();
    for (name, entry) in recorded {
        if schema.operation_named(name).is_none() {
            orphans.push(format!("{name}: the model has no such operation; delete the entry"));
        }
        let unknown = entry.exchanges.keys().filter(|variant| !VARIANTS.contains(&variant.as_str()));
        orphans
            .extend(unknown.map(|variant| format!("{name}: there is no variant `{variant}`; record the entry again")));
    }
    orphans
}

async fn asked(trial: Trial<'_>) -> Arc<Asked> {
    trial.memo.get(trial.operation, "golden", || ask(trial.client, trial.operation)).await
}

fn judge_entry<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        match &*asked(trial).await {
            Asked::Trouble(why) | Asked::Secret(why) => Outcome::indeterminate(why.clone()),
            Asked::Unsupported(why) => Outcome::unsupported(why.clone()),
            Asked::Answers(_) => {
                let finding = trial.check.finding("", "a recorded response", "none; `record` creates one", None);
                Outcome::from_findings(vec![finding])
            }
        }
    })
}

/// The exchanges of one variant.
enum Exchanges<'a> {
    /// The recorded one and the current one; no current one if the request cannot be made any more.
    Both(&'a Exchanged, Option<&'a Exchanged>),
    /// There is nothing to compare.
    Outcome(Outcome),
}

/// Looks up the exchanges of a variant.
fn exchanges<'a>(trial: Trial<'a>, asked: &'a Asked, variant: &str) -> Exchanges<'a> {
    let answers = match asked {
        Asked::Trouble(why) | Asked::Secret(why) => return Exchanges::Outcome(Outcome::indeterminate(why.clone())),
        Asked::Unsupported(why) => return Exchanges::Outcome(Outcome::unsupported(why.clone())),
        Asked::Answers(answers) => answers,
    };
    let name = &trial.client.schema[trial.operation].name;
    let entry = trial.recorded.and_then(|recorded| recorded.get(name)).and_then(|entry| entry.exchanges.get(variant));
    match entry {
        Some(entry) => Exchanges::Both(entry, answers.get(variant)),
        None => Exchanges::Outcome(Outcome::indeterminate("the entry is gone")),
    }
}

/// The outcome of a difference: a finding with expected and actual, or a pass.
fn differs(trial: Trial<'_>, difference: Option<(String, String)>) -> Outcome {
    let finding = difference.map(|(expected, actual)| trial.check.finding("", expected, actual, None));
    Outcome::from_findings(finding.into_iter().collect())
}

fn stale() -> Outcome {
    Outcome::indeterminate("the entry is stale, see golden.request")
}

fn judge_request<'t>(trial: Trial<'t>, variant: &'t str) -> Judgement<'t> {
    Box::pin(async move {
        match exchanges(trial, &*asked(trial).await, variant) {
            Exchanges::Outcome(outcome) => outcome,
            Exchanges::Both(recorded, None) => differs(
                trial,
                Some((first_line(&recorded.request), "the request cannot be generated any more".to_owned())),
            ),
            Exchanges::Both(recorded, Some(now)) => differs(trial, difference(&recorded.request, &now.request)),
        }
    })
}

fn judge_answer<'t>(trial: Trial<'t>, variant: &'t str) -> Judgement<'t> {
    Box::pin(async move {
        let asked = asked(trial).await;
        match &*asked {
            Asked::Secret(why) => {
                return differs(trial, Some(("the recorded response".to_owned(), why.clone())));
            }
            Asked::Unsupported(why) => {
                let expected = "the recorded response; if the operation was removed, delete its file";
                return differs(trial, Some((expected.to_owned(), format!("not offered: {why}"))));
            }
            Asked::Trouble(_) | Asked::Answers(_) => {}
        }
        match exchanges(trial, &asked, variant) {
            Exchanges::Outcome(outcome) => outcome,
            Exchanges::Both(recorded, Some(now)) if now.request == recorded.request => {
                let new_breach = || {
                    let known: BTreeSet<&String> = recorded.breaks.iter().collect();
                    let new: Vec<&str> =
                        now.breaks.iter().filter(|one| !known.contains(one)).map(String::as_str).collect();
                    let expected = "no breach of the contract except the recorded ones";
                    (!new.is_empty()).then(|| (expected.to_owned(), new.join(" · ")))
                };
                differs(trial, difference(&recorded.answer, &now.answer).or_else(new_breach))
            }
            Exchanges::Both(..) => stale(),
        }
    })
}

fn judge_divergence<'t>(trial: Trial<'t>, variant: &'t str) -> Judgement<'t> {
    Box::pin(async move {
        match exchanges(trial, &*asked(trial).await, variant) {
            Exchanges::Outcome(outcome) => outcome,
            Exchanges::Both(recorded, Some(now)) if now.request == recorded.request => {
                let still: BTreeSet<&String> = now.breaks.iter().collect();
                let gone: Vec<&str> =
                    recorded.breaks.iter().filter(|one| !still.contains(one)).map(String::as_str).collect();
                differs(trial, (!gone.is_empty()).then(|| (gone.join(" · "), "not broken any more".to_owned())))
            }
            Exchanges::Both(..) => stale(),
        }
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Largest number of lines of a difference that are shown.
const SHOWN_LINES: usize = 6;

/// The lines that only the recorded text has, and those that only the current one has; none if the texts are equal.
fn difference(recorded: &str, now: &str) -> Option<(String, String)> {
    if recorded == now {
        return None;
    }
    let only = |one: &str, other: &str| {
        let mut count: BTreeMap<&str, i32> = BTreeMap::new();
        other.lines().for_each(|line| *count.entry(line.trim_end_matches(',')).or_default() += 1);
        let mut lines = Vec::new();
        for line in one.lines() {
            let remaining = count.entry(line.trim_end_matches(',')).or_default();
            *remaining -= 1;
            if *remaining < 0 {
                lines.push(line.trim().trim_end_matches(','));
            }
        }
        let more = lines.len().saturating_sub(SHOWN_LINES);
        lines.truncate(SHOWN_LINES);
        match (lines.is_empty(), more) {
            (true, _) => "the same lines in another order".to_owned(),
            (false, 0) => lines.join(" · "),
            (false, more) => format!("{} · and {more} more lines", lines.join(" · ")),
        }
    };
    Some((only(recorded, now), only(now, recorded)))
}
