//! The command `plan`: what a run would execute and send, and how long that would take. Sends nothing to the endpoint; an
//! emulator in this process answers instead.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use connect_checks::client::{Client, ClientConfig};
use connect_checks::judge::Judge;
use connect_checks::ledger::{Ledger, hook};
use connect_checks::plan::Plan;
use connect_checks::suite::Suite;
use connect_emulator::{Config, Service};
use connect_model::schema::Schema;
use connect_model::semantics::danger::{Danger, danger};
use connect_transport::pace::Rate;
use connect_transport::target::{self, Target};
use connect_transport::{InProcess, Transport, TransportConfig};
use serde::Serialize;

use crate::exit::Exit;
use crate::report::output::{Format, print_as};
use crate::report::text::{count, number};
use crate::session::config::{RunConfig, RunContext, run_id};
use crate::session::error::SessionError;
use crate::session::inputs::RunInputs;
use crate::session::selection::{known_operations, nothing_planned};

/// Prints the forecast of a run with this configuration.
///
/// # Errors
/// As for [`Session::prepare`](crate::session::Session::prepare), except for errors of the endpoint.
pub async fn plan(schema: &'static Schema, config: &RunConfig) -> Result<Exit, SessionError> {
    let inputs = RunInputs::read(schema, config)?;
    let (seed, config) = (inputs.seed, &inputs.config);
    let endpoint = match &config.endpoint.url {
        Some(url) => {
            let flags = config.endpoint.target_flags(url);
            Some(target::resolve_endpoint(&flags, &schema.service).await.map_err(SessionError::usage)?.0)
        }
        None => None,
    };
    let loopback = endpoint.as_ref().is_none_or(|endpoint| endpoint.is_loopback() && !config.endpoint.as_remote);
    known_operations(schema, &config.endpoint.allow_operation)?;
    let walks = config.walks(loopback)?;
    let selection = inputs.selection(schema, config.endpoint.permission(loopback), &walks)?;
    let resources = config.emulator.resources.unwrap_or(0);
    let service = Service::new(schema, &Config { seed, resources, ..Config::default() });
    let shown = endpoint.as_ref().map_or("a built-in emulator".to_owned(), ToString::to_string);
    let placeholder = "http://127.0.0.1".parse().map_err(SessionError::usage)?;
    let mut target = Target::unsigned(endpoint.unwrap_or(placeholder));
    (target.loopback, target.instance_id) = (loopback, Some(service.instance_name()));
    // A run that keeps a ledger deletes what it creates, and that takes requests too.
    let ledger = (!loopback && config.endpoint.may_write()).then(|| Arc::new(Ledger::new(schema, None)));
    let bounds = TransportConfig { hook: hook(ledger.as_ref()), ..TransportConfig::default() };
    let transport =
        Arc::new(Transport::in_process(&target, InProcess::new(move |request| service.handle(request)), bounds));
    let context = RunContext { seed, run_id: run_id(seed), loopback, ledger };
    // The emulator breaks no rule and lists without delay: there is nothing to shrink or to wait for.
    let client = config.client(context, selection.permission.clone());
    let client = ClientConfig { shrink: 0, settle: Duration::ZERO, ..client };
    let client = Client::new(schema, target, Arc::clone(&transport), client);
    let suite = Suite::new(Plan::new(schema, &selection), client, walks, selection.golden.clone());
    if suite.plan().cases.is_empty() {
        return Err(nothing_planned(schema, &selection, suite.plan()));
    }
    for index in 0..suite.cases().len() {
        suite.run(index).await;
    }
    suite.clear().await;
    let rate = config.pace(loopback).rate;
    let forecast = Forecast::new(schema, suite.plan(), &transport.sent_by_operation(), rate, seed);
    let text = match config.output.format {
        Format::Text => forecast.text(&shown),
        Format::Json => forecast.json().map_err(SessionError::usage)?,
    };
    print_as(config.output.format, &text).map_err(SessionError::usage)?;
    Ok(Exit::Conforming)
}

/// A forecast of a run. It counts the requests to an endpoint that keeps the contract and responds immediately; one that
/// throttles, fails or lags gets more.
#[derive(Debug, Serialize)]
pub struct Forecast {
    /// Seed of the plan.
    pub seed: u64,
    /// Cases.
    pub cases: usize,
    /// Requests in total.
    pub requests: u64,
    /// Writing requests, including deletions of resources that the run creates.
    pub writes: u64,
    /// Requests per second; `None` without a limit.
    pub per_second: Option<f64>,
    /// Minutes at that rate.
    pub minutes: Option<f64>,
    /// Operations that are sent.
    pub operations: BTreeMap<String, OperationForecast>,
    /// Operations that are not sent, each with the reason.
    pub not_sent: Vec<String>,
}

/// The forecast of an operation.
#[derive(Debug, Default, Serialize)]
pub struct OperationForecast {
    /// Cases of the operation.
    pub cases: usize,
    /// Requests by all cases.
    pub requests: u64,
    /// True if it writes.
    pub writes: bool,
}

impl Forecast {
    /// The forecast from a plan and the requests that it needed on the emulator.
    pub fn new(schema: &Schema, plan: &Plan, sent: &BTreeMap<String, u64>, rate: Option<Rate>, seed: u64) -> Self {
        let mut operations: BTreeMap<String, OperationForecast> = BTreeMap::new();
        for case in &plan.cases {
            operations.entry(case.operation.clone()).or_default().cases += 1;
        }
        for (name, requests) in sent {
            operations.entry(name.clone()).or_default().requests += requests;
        }
        for (name, forecast) in &mut operations {
            let contract = schema.operation_named(name).map(|id| &schema[id]);
            forecast.writes = contract.is_some_and(|contract| danger(schema, contract) != Danger::Read);
        }
        let requests: u64 = sent.values().sum();
        Self {
            seed,
            cases: plan.cases.len(),
            requests,
            writes: operations.values().filter(|forecast| forecast.writes).map(|forecast| forecast.requests).sum(),
            per_second: rate.map(|rate| rate.per_second),
            minutes: rate.map(|rate| (requests as f64 - rate.burst).max(0.0) / rate.per_second / 60.0),
            operations,
            not_sent: plan.not_sent.clone(),
        }
    }

    /// The forecast for programs.
    ///
    /// # Errors
    /// Never in practice.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The forecast for people.
    pub fn text(&self, endpoint: &str) -> String {
        let mut text = format!("plan for {endpoint}, seed {}; nothing was sent\n\n", self.seed);
        let width = self.operations.keys().map(String::len).max().unwrap_or(0).max("operation".len());
        let _ = writeln!(text, "{:<width$}  {:>7}  {:>9}", "operation", "cases", "requests");
        for (name, forecast) in &self.operations {
            let writes = if forecast.writes { "  writes" } else { "" };
            let _ = writeln!(text, "{name:<width$}  {:>7}  {:>9}{writes}", forecast.cases, forecast.requests);
        }
        if let Some(first) = self.not_sent.first() {
            let _ =
                writeln!(text, "\n{} not sent, for example: {first}", count(self.not_sent.len() as u64, "operation"));
        }
        let _ = writeln!(
            text,
            "\n{} of {}; about {}, {} of them writes (including deletions of created resources)",
            count(self.cases as u64, "case"),
            count(self.operations.values().filter(|forecast| forecast.cases > 0).count() as u64, "operation"),
            count(self.requests, "request"),
            number(self.writes)
        );
        let _ = match (self.per_second, self.minutes) {
            (Some(rate), Some(minutes)) => writeln!(text, "at {rate} requests per second: {}", spell(minutes)),
            _ => writeln!(text, "no rate limit; --rps sets one"),
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
