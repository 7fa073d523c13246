//! Steps of which a scenario consists: create, show, wait. An error text says why the scenario cannot go on; no rule is
//! known here.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::reply::Reply;
use crate::client::{Client, Made, made_of};
use crate::resources::{RESOURCES, Resource};
use connect_transport::exchange::Exchange;

/// Waits for something to become visible, in growing pauses, until a deadline.
pub(super) struct Wait {
    started: Instant,
    patience: Duration,
    pause: Duration,
}

impl Wait {
    /// For what is read by id or listed, and is visible at once in practice.
    pub(super) fn brief(client: &Client) -> Self {
        Self::new(Duration::from_secs(if client.target.loopback { 1 } else { 10 }))
    }

    /// For what goes through an index: seconds to minutes. A process on this machine has no such excuse.
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

/// An instance in which nobody else makes anything, where it harms nobody to make one; else the one of the run.
pub(super) async fn quiet_instance(client: &Client) -> Result<String, String> {
    if client.target.loopback
        && let Ok(made) = client.make(&RESOURCES[0]).await
        && instance_is_ready(client, &made.id).await
    {
        return Ok(made.id);
    }
    client.instance().await.ok_or_else(|| "there is no instance to work in".to_owned())
}

/// Waits for an instance whose creation may still be under way.
async fn instance_is_ready(client: &Client, id: &str) -> bool {
    let row = &RESOURCES[0];
    let mut wait = Wait::brief(client);
    loop {
        let Ok(exchange) = succeed(client, row.describe, &json!({ row.id_member: id })).await else { return false };
        match body(&exchange).map(|body| body["Instance"]["InstanceStatus"].clone()) {
            Ok(Value::String(status)) if status == "CREATION_IN_PROGRESS" => {}
            Ok(Value::String(status)) => return status == "ACTIVE",
            _ => return true,
        }
        if !wait.again().await {
            return false;
        }
    }
}

/// The input that makes a resource in an instance, under a new name.
pub(super) async fn creation_in(client: &Client, row: &Resource, instance: &str) -> Result<Value, String> {
    let (_, mut input) = client.creation(row).await.ok_or_else(|| format!("no {} can be made", row.kind))?;
    if row.id_member != "InstanceId" {
        input["InstanceId"] = instance.into();
    }
    Ok(input)
}

/// Makes a resource in an instance; with the input that made it.
pub(super) async fn make_in(client: &Client, row: &Resource, instance: &str) -> Result<(Made, Value), String> {
    let input = creation_in(client, row, instance).await?;
    Ok((create(client, row, &input).await?, input))
}
