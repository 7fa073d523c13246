//! Steps of which a scenario consists: create, show, wait. An error text says why the scenario cannot go on; no rule is
//! known here.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::case::Exchange;
use crate::client::{Client, Made, made_of};
use crate::reply::Reply;
use crate::resources::Resource;

/// Waits for something to become visible, in growing pauses, until a deadline.
pub(super) struct Wait {
    started: Instant,
    patience: Duration,
    pause: Duration,
}

impl Wait {
    /// For what is read by id or listed, and is visible at once in practice (facts C7, D11).
    pub(super) fn brief(client: &Client) -> Self {
        Self::new(Duration::from_secs(if client.target.loopback { 1 } else { 10 }))
    }

    /// For what goes through an index: seconds to minutes (facts C7, D11). A process on this machine has no such excuse.
    pub(super) fn for_index(client: &Client) -> Self {
        Self::new(Duration::from_secs(if client.target.loopback { 3 } else { 90 }))
    }

    fn new(patience: Duration) -> Self {
        Self { started: Instant::now(), patience, pause: patience / 40 }
    }

    /// Sleeps before another attempt; false when the time is over.
    pub(super) async fn again(&mut self) -> bool {
        if self.started.elapsed() >= self.patience {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(self.patience / 4);
        true
    }

    /// Time since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Calls an operation by its name, if it may be called.
pub(super) async fn perform(client: &Client, name: &str, input: &Value) -> Result<Reply, String> {
    let operation = client.schema.operation_named(name).ok_or_else(|| format!("the model has no {name}"))?;
    client.permission.check(client.schema, &client.schema[operation])?;
    client.call(operation, input).await
}

/// Calls an operation that has to succeed for the scenario to go on.
pub(super) async fn succeed(client: &Client, name: &str, input: &Value) -> Result<Box<Exchange>, String> {
    match perform(client, name, input).await? {
        Reply::Success(exchange) => Ok(exchange),
        other => Err(format!("{name} answered {}", other.describe())),
    }
}

/// Makes what the input says.
pub(super) async fn create(client: &Client, row: &Resource, input: &Value) -> Result<Made, String> {
    let exchange = succeed(client, row.create, input).await?;
    made_of(row, &exchange.response.body)
        .ok_or_else(|| format!("{} answered without {} and {}", row.create, row.id, row.arn))
}

/// The input that names a resource in the instance that `created` names.
pub(super) fn naming(row: &Resource, created: &Value, id: &str) -> Value {
    json!({ "InstanceId": created["InstanceId"], row.id_member: id })
}

/// The JSON body of an answer.
pub(super) fn body(exchange: &Exchange) -> Result<Value, String> {
    serde_json::from_slice(&exchange.response.body)
        .map_err(|error| format!("the answer of {} is not JSON: {error}", exchange.operation))
}
