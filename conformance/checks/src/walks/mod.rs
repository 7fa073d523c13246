//! Random walks: random sequences of operations, with each response compared with a reference. A walk that fails is shrunk
//! until no step can be left out, described step by step, and saved for later runs.
//!
//! A walk goes on behind a difference (`assume`), so that one deviation of an endpoint does not hide others behind it. Each
//! deviation is a finding of its own, with the shortest walk that shows it.
//!
//! Walks do not share resources and names, so that several can run in one instance. They do not search, since the index
//! lags. `model` documents the behaviour that they leave open, because it is unknown for Connect.

mod assume;
mod drive;
mod in_process;
mod model;
#[cfg(test)]
mod model_tests;
mod random;
mod reads;
mod request;
mod saved;
mod shrink;
mod step;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect_model::schema::{OperationId, Schema};
use futures_util::future::join_all;

pub use self::drive::Walked;
pub use self::in_process::in_process;
pub use self::random::{Below, draw_walk};
pub use self::saved::{LONGEST, Saved, SavedError};
pub use self::step::{Item, Kind, Step};

use self::assume::Deviation;
use self::drive::{End, Failure, Patience, WalkContext};
use self::random::random_walk;
use self::shrink::Shrinker;

use crate::case::{Finding, Outcome};
use crate::check::Check;
use crate::client::Client;
use crate::code::{Bound, Code, Omission, Scope, Trial, Variant};
use crate::history::HistoryConfig;
use crate::permission::Permission;

/// The resources that the walks of one case use.
#[derive(Debug)]
pub struct Subject {
    /// Variant of the case.
    pub name: &'static str,
    /// Operation of the case.
    pub operation: &'static str,
    /// Kinds of resources.
    pub kinds: &'static [Kind],
}

/// The subjects, with one case each.
pub const SUBJECTS: &[Subject] = &[
    Subject { name: "flows", operation: "CreateContactFlow", kinds: &[Kind::Flow] },
    Subject { name: "modules", operation: "CreateContactFlowModule", kinds: &[Kind::Module] },
    Subject { name: "rules", operation: "CreateRule", kinds: &[Kind::Rule] },
    Subject { name: "mixed", operation: "TagResource", kinds: &[Kind::Flow, Kind::Module, Kind::Rule] },
];

/// Number of random sequences of calls, walks and histories, and the storage of failed walks.
#[derive(Clone, Debug, Default)]
pub struct WalkConfig {
    /// Walks of a run, divided among its cases; 0 leaves the cases out of the plan.
    pub count: u32,
    /// Steps of each.
    pub length: u16,
    /// Walks that failed in earlier runs, which are run first.
    pub saved: Vec<Saved>,
    /// Folder where failed walks are saved, if any.
    pub folder: Option<PathBuf>,
    /// Number and length of histories.
    pub histories: HistoryConfig,
}

/// Concurrent walks in one case.
const CONCURRENT: usize = 4;

/// Time for shrinking the walks of a case on an endpoint on this machine: for the first deviation, and for all further ones.
const LOCAL_BUDGET: [Duration; 2] = [Duration::from_secs(20); 2];

/// The same elsewhere.
const REMOTE_BUDGET: [Duration; 2] = [Duration::from_secs(300); 2];

/// Most deviations that a case reports.
const MAX_REPORTED: usize = 12;

/// The subject of an operation's case, if the operation has one. The error text says why its walks must not be run.
pub fn planned(
    schema: &'static Schema,
    operation: OperationId,
    permission: &Permission,
) -> Option<Result<&'static Subject, String>> {
    let name = schema[operation].name.as_str();
    let mut subjects = SUBJECTS.iter().filter(|_| schema.service.is_connect());
    let subject = subjects.find(|subject| subject.operation == name)?;
    let refused = operations(subject).into_iter().find_map(|name| {
        let operation = schema.operation_named(name)?;
        permission.check(schema, &schema[operation]).err()
    });
    Some(match refused {
        Some(why) => Err(format!("walks over {}: {why}", subject.name)),
        None => Ok(subject),
    })
}

fn operations(subject: &Subject) -> BTreeSet<&'static str> {
    subject
        .kinds
        .iter()
        .flat_map(|kind| {
            let (needed, others) = request::operations(*kind);
            others.into_iter().chain(needed)
        })
        .collect()
}

/// The code of `lifecycle.walk`.
pub(crate) struct Walks;

impl Code for Walks {
    fn variants(&'static self, scope: &Scope<'_>, _: &'static Check) -> Vec<Variant> {
        if !scope.selection.walks {
            return Vec::new();
        }
        let variant = |planned: Result<&'static Subject, String>| match planned {
            Ok(subject) => Variant {
                name: Some(subject.name.to_owned()),
                attempt: Ok(Arc::new(Bound { subject, run: |trial, subject| Box::pin(run(trial, subject)) })),
            },
            Err(why) => Variant { name: None, attempt: Err(Omission::NotPermitted(why)) },
        };
        planned(scope.schema, scope.operation, &scope.selection.permission).map(variant).into_iter().collect()
    }
}

/// Runs the saved walks, then the share of random walks that falls to the case.
async fn run(trial: Trial<'_>, subject: &'static Subject) -> Outcome {
    let Trial { client, operation, check, walks: config, .. } = trial;
    let share = trial.rank.share(config.count);
    let mut offered = BTreeSet::new();
    for name in operations(subject) {
        let Some(operation) = client.schema.operation_named(name) else { continue };
        if client.unsupported(operation).await.is_none() {
            offered.insert(name);
        }
    }
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let mut needed = subject.kinds.iter().flat_map(|kind| request::operations(*kind).0);
    if let Some(missing) = needed.find(|name| !offered.contains(name)) {
        return Outcome::indeterminate(format!("walks need {missing}, which the endpoint does not offer"));
    }
    let Some(instance) = client.instance().await else {
        return Outcome::indeterminate("no instance for walks");
    };
    let none = BTreeSet::new();
    let context = WalkContext {
        client,
        instance: &instance,
        offered: &offered,
        patience: Patience::Brief,
        known: &none,
        sought: None,
    };
    let mut results = Results::new(check, subject, config);
    for saved in config.saved.iter().filter(|saved| saved.subject == subject.name) {
        let end = context.walk(&saved.steps).await;
        client.note("walks saved by earlier runs", if matches!(end, End::Failed(_)) { "fail" } else { "do not fail" });
        match end {
            // The walk is the shortest one for its first deviation only. Random walks look for the others.
            End::Failed(failures) => {
                if let Some(first) = failures.into_iter().next() {
                    results.known.insert(first.deviation.clone());
                    results.add_failure(first, Origin::Saved);
                }
            }
            End::Passed(_) => results.passed += 1,
            End::Inconclusive(why) => results.inconclusive = Some(why),
        }
    }
    let concurrent = if client.target.loopback { CONCURRENT } else { 1 };
    let numbers: Vec<u32> = (0..share).collect();
    for chunk in numbers.chunks(concurrent) {
        let known = results.known.clone();
        let context = WalkContext { known: &known, ..context };
        let walks = chunk.iter().map(|number| {
            let label = format!("walk/{}/{number}", subject.name);
            random_walk(client.seed, &label, subject.kinds, usize::from(config.length))
        });
        let ends = join_all(walks.map(|steps| {
            let context = &context;
            async move { context.walk(&steps).await }
        }))
        .await;
        for end in ends {
            match end {
                End::Failed(failures) => {
                    for failure in failures {
                        results.add_new(&context, failure).await;
                    }
                }
                End::Passed(_) => results.passed += 1,
                End::Inconclusive(why) => results.inconclusive = Some(why),
            }
        }
        if results.findings.len() >= MAX_REPORTED {
            break;
        }
    }
    results.outcome(client)
}

/// The origin of a failed walk.
enum Origin {
    /// An earlier run. The file stays as it is.
    Saved,
    /// This run.
    New,
}

/// Results of the walks of a case.
struct Results<'c> {
    check: &'static Check,
    subject: &'static Subject,
    config: &'c WalkConfig,
    findings: Vec<Finding>,
    /// Deviations that walks of this case met.
    known: BTreeSet<Deviation>,
    /// The shortest walks that were reported: kinds of steps, call and place.
    reported: BTreeSet<(Vec<&'static str>, Deviation)>,
    /// Time spent on shrinking after the first deviation.
    spent: Duration,
    passed: u64,
    inconclusive: Option<String>,
}

impl<'c> Results<'c> {
    fn new(check: &'static Check, subject: &'static Subject, config: &'c WalkConfig) -> Self {
        Self {
            check,
            subject,
            config,
            findings: Vec::new(),
            known: BTreeSet::new(),
            reported: BTreeSet::new(),
            spent: Duration::ZERO,
            passed: 0,
            inconclusive: None,
        }
    }

    /// Shrinks and adds a failure, unless its deviation is known.
    async fn add_new(&mut self, context: &WalkContext<'_>, failure: Failure) {
        if self.findings.len() >= MAX_REPORTED || !self.known.insert(failure.deviation.clone()) {
            return;
        }
        let [first, further] = if context.client.target.loopback { LOCAL_BUDGET } else { REMOTE_BUDGET };
        let is_first = self.findings.is_empty();
        let started = Instant::now();
        let budget = if is_first { first } else { further.saturating_sub(self.spent) };
        let shortest = shrink_walk(context, failure, budget).await;
        if !is_first {
            self.spent += started.elapsed();
        }
        // Only the shortest walk shows if two failures have the same cause.
        let words = shortest.steps.iter().map(Step::word).collect();
        if self.reported.insert((words, shortest.deviation.clone())) {
            self.add_failure(shortest, Origin::New);
        }
    }

    fn add_failure(&mut self, failure: Failure, origin: Origin) {
        let Failure { steps, lines, call, pointer, expected, actual, exchange, .. } = failure;
        let mut story = lines;
        if story.last().is_none_or(|line| !line.contains(&call)) {
            story.push(format!("then {call}"));
        }
        let expected = format!("{call}: {expected}");
        match origin {
            Origin::Saved => story.push("saved by an earlier run".to_owned()),
            Origin::New => {
                let saved = Saved {
                    subject: self.subject.name.to_owned(),
                    expected: if pointer.is_empty() { expected.clone() } else { format!("{expected} at {pointer}") },
                    actual: actual.clone(),
                    story: story.clone(),
                    steps,
                };
                match self.config.folder.as_ref().map(|folder| saved.write(folder)) {
                    Some(Ok(path)) => story.push(format!("saved as {}; later runs replay it first", path.display())),
                    Some(Err(error)) => story.push(format!("could not be saved: {error}")),
                    None => {}
                }
            }
        }
        let mut finding = self.check.finding(pointer, expected, actual, exchange.as_deref());
        finding.steps = story;
        self.findings.push(finding);
    }

    fn outcome(self, client: &Client) -> Outcome {
        let topic = format!("walks over {}", self.subject.name);
        if self.findings.is_empty() && self.passed == 0 {
            let why = self.inconclusive.unwrap_or_else(|| "no walk was requested".to_owned());
            return Outcome::indeterminate(why);
        }
        client.note(&topic, format!("{} without a fault", self.passed));
        if let Some(why) = self.inconclusive {
            client.note(topic, format!("given up: {why}"));
        }
        Outcome::from_findings(self.findings)
    }
}

/// The shortest walk with the same deviation that is found in time; the given one, if no shorter walk fails reliably.
///
/// Walks are tried without waiting at first, which is much faster. The result must then also fail with waiting; if it does
/// not, all walks are tried again with waiting.
async fn shrink_walk(context: &WalkContext<'_>, failure: Failure, budget: Duration) -> Failure {
    let sought = &failure.deviation;
    for patience in [Patience::None, Patience::Brief] {
        let started = Instant::now();
        let attempt = WalkContext { patience, sought: Some(sought), ..*context };
        let mut shrinker = Shrinker::new(failure.steps.clone());
        while let Some(tried) = shrinker.propose().map(<[Step]>::to_vec) {
            if started.elapsed() > budget {
                break;
            }
            let fails = with_deviation(attempt.walk(&tried).await, sought).is_some();
            shrinker.verdict(fails);
        }
        let again = WalkContext { sought: Some(sought), known: &BTreeSet::new(), ..*context };
        if let Some(shortest) = with_deviation(again.walk(shrinker.best()).await, sought) {
            return shortest;
        }
    }
    failure
}

/// The failure of a walk that shows a deviation.
fn with_deviation(end: End, sought: &Deviation) -> Option<Failure> {
    let End::Failed(failures) = end else { return None };
    failures.into_iter().find(|failure| failure.deviation == *sought)
}

#[cfg(test)]
mod tests;
