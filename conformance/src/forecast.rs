//! What a run is going to try and send, and how long that takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use connect_model::schema::Schema;
use connect_model::semantics::danger::{Danger, danger};
use serde::Serialize;

use crate::report::terminal::count;
use connect_checks::plan::Plan;
use connect_transport::pace::Rate;

/// A run before it is one. Requests are those that an endpoint gets that keeps the contract and answers at once; one that
/// throttles, fails or is late gets more.
#[derive(Debug, Serialize)]
pub struct Forecast {
    /// Seed of the plan.
    pub seed: u64,
    /// Cases.
    pub cases: usize,
    /// Requests in all.
    pub requests: u64,
    /// Those that write, deletions of what the run makes included.
    pub writes: u64,
    /// Requests a second; none for as fast as it goes.
    pub per_second: Option<f64>,
    /// Minutes at that rate.
    pub minutes: Option<f64>,
    /// Each operation that is sent.
    pub operations: BTreeMap<String, Share>,
    /// Operations that are not sent, each with the reason.
    pub not_sent: Vec<String>,
}

/// What an operation has of a run.
#[derive(Debug, Default, Serialize)]
pub struct Share {
    /// Cases that test it.
    pub cases: usize,
    /// Requests of any case.
    pub requests: u64,
    /// It writes.
    pub writes: bool,
}

impl Forecast {
    /// From a plan, and the requests that it came to.
    pub fn new(schema: &Schema, plan: &Plan, sent: &BTreeMap<String, u64>, rate: Option<Rate>, seed: u64) -> Self {
        let mut operations: BTreeMap<String, Share> = BTreeMap::new();
        for case in &plan.cases {
            operations.entry(case.operation.clone()).or_default().cases += 1;
        }
        for (name, requests) in sent {
            operations.entry(name.clone()).or_default().requests += requests;
        }
        for (name, share) in &mut operations {
            let contract = schema.operation_named(name).map(|id| &schema[id]);
            share.writes = contract.is_some_and(|contract| danger(schema, contract) != Danger::Read);
        }
        let requests: u64 = sent.values().sum();
        Self {
            seed,
            cases: plan.cases.len(),
            requests,
            writes: operations.values().filter(|share| share.writes).map(|share| share.requests).sum(),
            per_second: rate.map(|rate| rate.per_second),
            minutes: rate.map(|rate| (requests as f64 - rate.burst).max(0.0) / rate.per_second / 60.0),
            operations,
            not_sent: plan.not_sent.clone(),
        }
    }

    /// For programs.
    ///
    /// # Errors
    /// None that is known.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// For people.
    pub fn text(&self, endpoint: &str) -> String {
        let mut text = format!("plan for {endpoint}, seed {}; nothing was sent there\n\n", self.seed);
        let width = self.operations.keys().map(String::len).max().unwrap_or(0).max("operation".len());
        let _ = writeln!(text, "{:<width$}  {:>7}  {:>9}", "operation", "cases", "requests");
        for (name, share) in &self.operations {
            let writes = if share.writes { "  writes" } else { "" };
            let _ = writeln!(text, "{name:<width$}  {:>7}  {:>9}{writes}", share.cases, share.requests);
        }
        if let Some(first) = self.not_sent.first() {
            let _ = writeln!(text, "\n{} operations are not sent, for example: {first}", self.not_sent.len());
        }
        let _ = writeln!(
            text,
            "\n{} of {}; about {}, {} of them writes (with the deletion of what is made)",
            count(self.cases as u64, "case"),
            count(self.operations.values().filter(|share| share.cases > 0).count() as u64, "operation"),
            count(self.requests, "request"),
            self.writes
        );
        let _ = match (self.per_second, self.minutes) {
            (Some(rate), Some(minutes)) => writeln!(text, "at {rate} requests a second: {}", spell(minutes)),
            _ => writeln!(text, "as fast as the endpoint answers; --rps limits that"),
        };
        text
    }
}

fn spell(minutes: f64) -> String {
    let whole = minutes.ceil() as u64;
    match (whole / 60, whole % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
