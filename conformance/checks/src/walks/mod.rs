//! Random walks: sequences of operations that nobody thought of, each answer compared with a reference. A walk that fails
//! is shortened until no step can be left out, told step by step, and saved for later runs.
//!
//! Walks have resources and names of their own, so that several can be under way in one instance. They use no search:
//! an index lags. What they leave undecided, because it is not known of Connect, stands in `model`.

mod drive;
mod in_process;
mod look;
mod model;
#[cfg(test)]
mod model_tests;
mod random;
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
pub use self::random::{Below, drawn};
pub use self::saved::{LONGEST, Saved, SavedError};
pub use self::step::{Item, Kind, Step};

use self::drive::{Broken, End, Patience, Trail};
use self::random::random_walk;
use self::shrink::Shrinker;

use crate::case::{Finding, Outcome};
use crate::check::Check;
use crate::client::Client;
use crate::code::{Bound, Code, Omission, Scope, Trial, Variant};
use crate::permission::Permission;

/// What walks of one case go over.
#[derive(Debug)]
pub struct Subject {
    /// Variant of the case.
    pub name: &'static str,
    /// Operation of the case.
    pub operation: &'static str,
    /// Kinds of resources.
    pub kinds: &'static [Kind],
}

/// One case each.
pub const SUBJECTS: &[Subject] = &[
    Subject { name: "flows", operation: "CreateContactFlow", kinds: &[Kind::Flow] },
    Subject { name: "modules", operation: "CreateContactFlowModule", kinds: &[Kind::Module] },
    Subject { name: "rules", operation: "CreateRule", kinds: &[Kind::Rule] },
    Subject { name: "mixed", operation: "TagResource", kinds: &[Kind::Flow, Kind::Module, Kind::Rule] },
];

/// How many walks, and what is kept of them.
#[derive(Clone, Debug, Default)]
pub struct WalkConfig {
    /// Walks of a run, divided among its cases; none leaves the cases out of the plan.
    pub count: u32,
    /// Steps of each.
    pub length: u16,
    /// Walks that failed in an earlier run: they come first.
    pub saved: Vec<Saved>,
    /// Where walks that fail are saved; nowhere if none.
    pub folder: Option<PathBuf>,
}

/// Walks at a time in one case.
const AT_ONCE: usize = 4;

/// Time to shorten one walk in, on this machine and elsewhere.
const SHORTENING: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(300)];

/// The subject of an operation's case, if it has one and everything that its walks call may be called; the text says
/// why not.
pub fn planned(
    schema: &Schema,
    operation: OperationId,
    permission: &Permission,
) -> Option<Result<&'static Subject, String>> {
    let name = schema[operation].name.as_str();
    let subject = SUBJECTS.iter().find(|subject| subject.operation == name)?;
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

/// Walks the share of the run's walks that falls to the case, after those that were saved.
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
        return Outcome::indeterminate(format!("no walk without {missing}, which the endpoint does not offer"));
    }
    let Some(instance) = client.instance().await else {
        return Outcome::indeterminate("no instance to walk in");
    };
    let trail = Trail { client, instance: &instance, offered: &offered, patience: Patience::Brief };
    let mut tally = Tally { check, subject, config, findings: Vec::new(), sound: 0, lost: None };
    for saved in config.saved.iter().filter(|saved| saved.subject == subject.name) {
        let end = trail.walk(&saved.steps).await;
        client.learn("walks saved by earlier runs", if matches!(end, End::Broken(_)) { "fail" } else { "do not fail" });
        match end {
            End::Broken(broken) => tally.found(*broken, Known::Saved),
            End::Sound(_) => tally.sound += 1,
            End::Lost(why) => tally.lost = Some(why),
        }
    }
    let at_once = if client.target.loopback { AT_ONCE } else { 1 };
    let numbers: Vec<u32> = (0..share).collect();
    for some in numbers.chunks(at_once) {
        let walks = some.iter().map(|number| {
            let label = format!("walk/{}/{number}", subject.name);
            random_walk(client.seed, &label, subject.kinds, usize::from(config.length))
        });
        let ends = join_all(walks.map(|steps| {
            let trail = &trail;
            async move { trail.walk(&steps).await }
        }))
        .await;
        let mut broken = false;
        for end in ends {
            // One is enough: others may well fail for the same reason.
            match end {
                End::Broken(_) if broken => {}
                End::Broken(first) => {
                    broken = true;
                    tally.found(*shorten(&trail, first).await, Known::New);
                }
                End::Sound(_) => tally.sound += 1,
                End::Lost(why) => tally.lost = Some(why),
            }
        }
        if broken {
            break;
        }
    }
    tally.outcome(client)
}

/// Where a walk that fails comes from.
enum Known {
    /// From an earlier run: it is kept as it is.
    Saved,
    /// From this run.
    New,
}

/// What came of the walks of a case.
struct Tally<'c> {
    check: &'static Check,
    subject: &'static Subject,
    config: &'c WalkConfig,
    findings: Vec<Finding>,
    sound: u64,
    lost: Option<String>,
}

impl Tally<'_> {
    fn found(&mut self, broken: Broken, known: Known) {
        let Broken { steps, lines, call, pointer, expected, actual, exchange } = broken;
        let mut story = lines;
        if story.last().is_none_or(|line| !line.contains(&call)) {
            story.push(format!("then {call}"));
        }
        let expected = format!("{call}: {expected}");
        match known {
            Known::Saved => story.push("saved by an earlier run".to_owned()),
            Known::New => {
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
        if self.findings.is_empty() && self.sound == 0 {
            let why = self.lost.unwrap_or_else(|| "no walk was asked for".to_owned());
            return Outcome::indeterminate(why);
        }
        client.learn(topic.clone(), format!("{} without a fault", self.sound));
        if let Some(why) = self.lost {
            client.learn(topic, format!("given up: {why}"));
        }
        Outcome::from_findings(self.findings)
    }
}

/// The shortest walk that fails like this one, as far as time allows; the walk itself, if it fails by chance only.
///
/// It is tried without patience, or every attempt would cost the time that an endpoint is given to settle; what is left
/// must then fail with patience. If it does not, everything is tried with patience.
async fn shorten(trail: &Trail<'_>, broken: Box<Broken>) -> Box<Broken> {
    let budget = SHORTENING[usize::from(!trail.client.target.loopback)];
    for patience in [Patience::None, Patience::Brief] {
        let begun = Instant::now();
        let trial = Trail { patience, ..*trail };
        let mut shrinker = Shrinker::new(broken.steps.clone());
        while let Some(tried) = shrinker.propose().map(<[Step]>::to_vec) {
            if begun.elapsed() > budget {
                break;
            }
            let fails = matches!(trial.walk(&tried).await, End::Broken(_));
            shrinker.verdict(fails);
        }
        if let End::Broken(shortest) = trail.walk(shrinker.best()).await {
            return shortest;
        }
    }
    broken
}

#[cfg(test)]
mod tests;
