//! Steps of scenarios: create, describe, wait. An error text says why the scenario cannot continue. Knows no rules.

use std::time::{Duration, Instant};

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, Source, Tags, write_tags};
use connect_model::schema::{Members, OperationId, Schema};
use connect_model::validate::validate;
use connect_model::wire::read_response;
use serde_json::{Value, json};

use crate::case::Finding;
use crate::client::reply::{Reply, hides_draft};
use crate::client::{Client, Created, read_created};
use crate::resources;
use crate::resources::{DRAFT, INSTANCE, Resource, draft, overwrite};
use connect_transport::exchange::Exchange;

/// Findings of a scenario; the error text says why nothing can be concluded.
pub(super) type Judged = Result<Vec<Finding>, String>;

/// The findings so far and those of the next part of a scenario. If that part cannot be judged, the others still count.
///
/// # Errors
/// The reason why the next part cannot be judged, if there is no finding yet.
pub(super) async fn and_then(mut findings: Vec<Finding>, next: impl Future<Output = Judged>) -> Judged {
    match next.await {
        Ok(more) => findings.extend(more),
        Err(why) if findings.is_empty() => return Err(why),
        Err(_) => {}
    }
    Ok(findings)
}

/// The judgements of several attempts. Those that could not be judged count only if no other could.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) findings: Vec<Finding>,
    judged: usize,
    /// The reason of the last attempt that could not be judged.
    why: Option<String>,
}

impl Tally {
    pub(super) fn add(&mut self, judged: Judged) {
        match judged {
            Ok(found) => {
                self.judged += 1;
                self.findings.extend(found);
            }
            Err(why) => self.why = Some(why),
        }
    }

    /// The findings of all attempts.
    ///
    /// # Errors
    /// The reason why the last attempt could not be judged, if none could.
    pub(super) fn end(self) -> Judged {
        match self.why.filter(|_| self.judged == 0) {
            Some(why) => Err(why),
            None => Ok(self.findings),
        }
    }
}

/// Values with all members, and with one item in each list.
pub(super) fn one_of_each() -> Config {
    Config { optional_percent: 100, min_items: 1, max_items: 1, ..Config::default() }
}

/// Values with all members, and with so many items in each list as far as its bounds allow.
pub(super) fn several_of_each(items: u64) -> Config {
    Config { optional_percent: 100, min_items: items, max_items: items, max_values: 400, ..Config::default() }
}

/// Repeats a step in growing pauses until a deadline, for effects that become visible late.
pub(super) struct Wait {
    started: Instant,
    limit: Duration,
    pause: Duration,
}

impl Wait {
    /// For reads by id and lists, which show changes at once in practice.
    pub(super) fn brief(client: &Client) -> Self {
        Self::new(Duration::from_secs(if client.target.loopback { 1 } else { 10 }))
    }

    /// For searches, whose index lags by seconds to minutes. An endpoint on this machine gets less time.
    pub(super) fn for_index(client: &Client) -> Self {
        Self::new(Duration::from_secs(if client.target.loopback { 3 } else { 90 }))
    }

    fn new(limit: Duration) -> Self {
        Self { started: Instant::now(), limit, pause: limit / 40 }
    }

    /// Sleeps before another attempt; false if the time is over.
    pub(super) async fn again(&mut self) -> bool {
        if self.started.elapsed() >= self.limit {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(self.limit / 4);
        true
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Calls an operation by its name, if the run may call it.
pub(super) async fn perform(client: &Client, name: &str, input: &Value) -> Result<Reply, String> {
    let operation = client.schema.operation_named(name).ok_or_else(|| format!("the model has no {name}"))?;
    client.permission.check(client.schema, &client.schema[operation])?;
    client.call(operation, input).await
}

/// Calls an operation that must succeed for the scenario to continue.
pub(super) async fn succeed(client: &Client, name: &str, input: &Value) -> Result<Box<Exchange>, String> {
    match perform(client, name, input).await? {
        Reply::Success(exchange) => Ok(exchange),
        other => Err(format!("{name} answered {}", other.describe())),
    }
}

/// The answer of the description of a resource that `sent` created, or that of its draft if it is only saved.
pub(super) async fn describe(client: &Client, row: &Resource, sent: &Value, id: &str) -> Result<Reply, String> {
    let reply = perform(client, row.describe, &row.naming(row.describe, sent, id)).await?;
    if hides_draft(sent, &reply) && !id.ends_with(DRAFT) {
        return perform(client, row.describe, &row.naming(row.describe, sent, &draft(id))).await;
    }
    Ok(reply)
}

/// The input that describes a resource by its ARN in place of its id, if it has another one and the contract allows it there.
/// Not every endpoint takes it. Source: the CloudFormation handlers of Connect pass ARNs for the ids of flows and instances.
pub(super) fn naming_by_arn(schema: &Schema, row: &Resource, sent: &Value, created: &Created) -> Option<Value> {
    let arn = created.arn.as_ref().filter(|arn| **arn != created.id)?;
    let named = row.naming(row.describe, sent, arn);
    let shape = schema[schema.operation_named(row.describe)?].input?;
    (named != row.naming(row.describe, sent, &created.id) && validate(schema, shape, &named).is_empty())
        .then_some(named)
}

/// Adds tags to what has an ARN.
pub(super) async fn add_tags(client: &Client, arn: &str, tags: &Tags) -> Result<Reply, String> {
    let schema = client.schema;
    let tagging = graph::shared(schema).tagging.as_ref().ok_or("the model has no operations on tags")?;
    let tag = &schema[tagging.tag];
    let member = schema.input_members(tag).and_then(|members| members.get(&tagging.tags));
    let tags = member.and_then(|member| write_tags(schema, member.slot.target, tags));
    let tags = tags.ok_or_else(|| format!("the tags of {} have an unknown form", tag.name))?;
    perform(client, &tag.name, &json!({ &tagging.arn: arn, &tagging.tags: tags })).await
}

/// Creates the resource of an input.
pub(super) async fn create(client: &Client, row: &Resource, input: &Value) -> Result<Created, String> {
    let exchange = succeed(client, row.create, input).await?;
    read_created(row, input, &exchange)
}

/// Gives the resource that was created by `sent` another name or content, as far as an update takes them; one without a
/// template, other values of all members. Returns the changed members as its description shows them.
pub(super) async fn change(
    client: &Client,
    row: &'static Resource,
    sent: &Value,
    id: &str,
    update: &str,
) -> Result<Value, String> {
    let schema = client.schema;
    let operation = schema.operation_named(update).ok_or_else(|| format!("the model has no {update}"))?;
    if row.template().is_none() {
        return change_all(client, row, sent, id, operation).await;
    }
    let members = schema.input_members(&schema[operation]).ok_or_else(|| format!("{update} has no input"))?;
    let mut changed = json!({});
    if members.get("Name").is_some() {
        changed["Name"] = client.fresh_name().into();
    }
    if members.get("Content").is_some() {
        let content = sent["Content"].as_str().unwrap_or_default();
        changed["Content"] = content.replace("contract test", &client.fresh_name()).into();
    }
    let mut input = row.naming(update, sent, id);
    for member in members.iter() {
        // Required members without a change keep their values.
        let same = sent.get(&member.name).filter(|_| member.required);
        if let Some(value) = changed.get(&member.name).or(same) {
            input[&member.name] = value.clone();
        }
    }
    succeed(client, update, &input).await?;
    Ok(changed)
}

/// Changes every member that an update takes, or only those that it requires if it refuses the others.
async fn change_all(
    client: &Client,
    row: &'static Resource,
    sent: &Value,
    id: &str,
    operation: OperationId,
) -> Result<Value, String> {
    let update = &client.schema[operation].name;
    let mut refused = String::new();
    for optional_percent in [100, 0] {
        let config = Config { optional_percent, ..Config::sparse() };
        let mut input = client.input(operation, config, &format!("{update}/change"), &SchemaPath::default()).await?;
        // The generated input names resources of the usual instance.
        if let Some(instance) = sent[INSTANCE].as_str() {
            client.move_to(instance, operation, &mut input).await;
        }
        overwrite(&mut input, row.naming(update, sent, id));
        // Another name would be another resource, if the name is the id.
        if let (Source::Input(own), Some(given)) = (&row.of.id, input.as_object_mut())
            && given.contains_key(own)
        {
            given.insert(own.clone(), id.into());
        }
        match succeed(client, update, &input).await {
            Ok(_) => return Ok(row.facts(operation).shown(&input)),
            Err(why) => refused = why,
        }
    }
    Err(refused)
}

/// The output in a response, with the members under their names in the model.
pub(super) fn body(schema: &Schema, exchange: &Exchange) -> Result<Value, String> {
    let read = match schema.operation_named(&exchange.operation) {
        Some(operation) => read_response(schema, operation, &exchange.response),
        None => serde_json::from_slice(&exchange.response.body),
    };
    read.map_err(|error| format!("the response of {} is not JSON: {error}", exchange.operation))
}

/// The members that a description of a resource has.
pub(super) fn described<'s>(schema: &'s Schema, row: &Resource) -> Result<&'s Members, String> {
    row.of.described(schema).ok_or_else(|| format!("{} has no output", row.describe))
}

/// The resource in a describe response, with the JSON Pointer to it.
pub(super) fn shown(schema: &Schema, row: &Resource, exchange: &Exchange) -> Result<(String, Value), String> {
    let mut body = body(schema, exchange)?;
    Ok(match row.of.wrapper(schema) {
        Some((wrapper, _)) => {
            let name = &wrapper.name;
            (format!("/{name}"), body.get_mut(name).map(Value::take).unwrap_or_default())
        }
        None => (String::new(), body),
    })
}

/// A new instance that nobody else uses, on an endpoint on this machine; else the instance of the run.
pub(super) async fn quiet_instance(client: &Client) -> Result<String, String> {
    if client.target.loopback
        && let Some(row) = resources::instances(client.schema)
        && let Ok(created) = client.create(row).await
        && instance_is_ready(client, &created.id).await
    {
        return Ok(created.id);
    }
    client.instance().await.ok_or_else(|| "there is no instance to work in".to_owned())
}

/// Waits for an instance whose creation may still be in progress.
async fn instance_is_ready(client: &Client, id: &str) -> bool {
    let Some(row) = resources::instances(client.schema) else { return false };
    let mut wait = Wait::brief(client);
    loop {
        let Ok(exchange) = succeed(client, row.describe, &json!({ row.id_member: id })).await else { return false };
        match body(client.schema, &exchange).map(|body| body["Instance"]["InstanceStatus"].clone()) {
            Ok(Value::String(status)) if status == "CREATION_IN_PROGRESS" => {}
            // A status that the model does not know is the subject of other checks.
            Ok(Value::String(status)) => return status != "CREATION_FAILED",
            _ => return true,
        }
        if !wait.again().await {
            return false;
        }
    }
}

/// Creates a resource in an instance; returns it with its input.
pub(super) async fn create_in(
    client: &Client,
    row: &'static Resource,
    instance: &str,
) -> Result<(Created, Value), String> {
    let input = client.creation_in(row, instance).await?;
    Ok((create(client, row, &input).await?, input))
}
