//! The suite on one emulator of the kill matrix.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use connect_checks::case::{CaseId, Outcome};
use connect_checks::coverage::Learned;
use connect_checks::families::ACCESS;
use connect_checks::judge::Judge;
use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_checks::suite::Suite;
use connect_emulator::{Config, Emulator};
use connect_model::schema::Schema;
use tokio::task::JoinSet;

use crate::built_in;
use crate::session::config::{EndpointConfig, RunConfig, RunContext};
use crate::session::error::SessionError;

/// Cases at a time on one emulator.
const WORKERS: usize = 8;

/// Histories of each kind of resource.
pub(super) const HISTORIES: u32 = 12;

/// The same for a race that they miss: whether calls meet is a matter of chance.
pub(super) const MORE_HISTORIES: u32 = 60;

/// The configuration of every run. Nothing lags on a new emulator, and shrinking would only cost time.
fn run_config(histories: u32) -> RunConfig {
    RunConfig {
        endpoint: EndpointConfig { settle: Some(Duration::ZERO), ..EndpointConfig::default() },
        cases: Some(2),
        walks: Some(32),
        walk_length: Some(25),
        histories: Some(histories),
        history_length: Some(50),
        shrink: Some(0),
        ..RunConfig::default()
    }
}

/// The result of the suite on one emulator.
pub(super) struct Ran {
    pub(super) outcomes: Vec<(CaseId, Outcome)>,
    /// Cases in the plan.
    pub(super) planned: u64,
    /// A message for each check that panicked.
    pub(super) panics: Vec<String>,
    /// Answers that no check judges.
    pub(super) learned: Learned,
    pub(super) duration: Duration,
}

/// Runs the selected part of the suite on an emulator with these settings. A harmless variant may lack the capability to
/// verify signatures.
pub(super) async fn run_suite(
    schema: &'static Schema,
    emulator: &Config,
    selection: &Selection,
    histories: u32,
) -> Result<Ran, SessionError> {
    let started = Instant::now();
    let required: BTreeSet<String> = emulator.benign.is_none().then(|| ACCESS.to_owned()).into_iter().collect();
    let emulator = Config { guard: Some(built_in::keys()), ..emulator.clone() };
    let emulator = Emulator::start(schema, &emulator).await.map_err(SessionError::usage)?;
    let target = built_in::target_of(&emulator).map_err(SessionError::usage)?;
    let config = run_config(histories);
    let context = RunContext { seed: 1, run_id: "matrix".to_owned(), loopback: true, ledger: None };
    let suite_config = config.suite(context, config.walks(true)?);
    let (suite, _) = setup::suite(schema, target, selection, suite_config).map_err(SessionError::usage)?;
    let planned = suite.cases().len() as u64;
    let mut ran = Ran {
        outcomes: Vec::new(),
        planned,
        panics: Vec::new(),
        learned: Learned::default(),
        duration: Duration::ZERO,
    };
    let suite = Arc::new(suite);
    let mut workers = run_all(&suite);
    while let Some(worker) = workers.join_next().await {
        match worker {
            Ok(outcomes) => ran.outcomes.extend(outcomes.into_iter().map(|(case, outcome)| {
                let outcome = outcome.requiring(&case, &required);
                (case, outcome)
            })),
            Err(error) => ran.panics.push(format!("a check panicked: {error}")),
        }
    }
    emulator.shutdown().await;
    ran.learned = suite.learned();
    ran.duration = started.elapsed();
    Ok(ran)
}

/// Starts workers that run all cases of a suite.
fn run_all(suite: &Arc<Suite>) -> JoinSet<Vec<(CaseId, Outcome)>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (suite, next) = (Arc::clone(suite), Arc::clone(&next));
        workers.spawn(async move {
            let mut outcomes = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= suite.cases().len() {
                    return outcomes;
                }
                outcomes.push((suite.cases()[index].clone(), suite.run(index).await));
            }
        });
    }
    workers
}
