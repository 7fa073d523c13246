//! Resources that a run creates for its cases: the instance, one resource of a kind per operation, and new ones on demand.

use std::sync::{Arc, PoisonError};

use arbitrary::Unstructured;
use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use connect_model::semantics::{self, Context};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::client::reply::Reply;
use crate::ledger::{self, Owner};
use crate::resources;
use crate::resources::{RESOURCES, Resource};

/// A resource that the run made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// A resource of the run's own, once it was asked for; none if it could not be made.
pub(super) type Fixture = Arc<OnceCell<Option<Made>>>;

impl Client {
    /// Ids and ARNs of the resources that were made for an operation's trials and are kept.
    pub fn made_for(&self, operation: &str) -> Vec<String> {
        let fixtures = self.fixtures.lock().unwrap_or_else(PoisonError::into_inner);
        let own = fixtures.iter().filter(|((_, label), _)| label.split(' ').next() == Some(operation));
        own.filter_map(|(_, cell)| cell.get()?.clone()).flat_map(|made| [made.id, made.arn]).collect()
    }

    /// The instance that the run works in: the one that was named, else one that it makes where that harms nobody.
    pub async fn instance(&self) -> Option<String> {
        let cell = &self.instance;
        cell.get_or_init(|| async {
            if let Some(id) = &self.target.instance_id {
                return Some(id.clone());
            }
            if !self.target.loopback {
                return None;
            }
            ledger::owned_by(Owner::Run, self.make(&RESOURCES[0])).await.ok().map(|made| made.id)
        })
        .await
        .clone()
    }

    /// The resource of a kind that belongs to one operation's trials, made on first use. Operations that delete get a
    /// new one every time.
    pub async fn resource(&self, row: &'static Resource, operation: &str) -> Option<Made> {
        self.resource_for(row, operation, &SchemaPath::default()).await
    }

    /// The same, of a kind that an update can have something at `focus` for.
    pub(super) async fn resource_for(
        &self,
        row: &'static Resource,
        operation: &str,
        focus: &SchemaPath,
    ) -> Option<Made> {
        if row.delete == operation {
            return self.make(row).await.ok();
        }
        if row.id_member == "InstanceId" && !row.updates.contains(&operation) {
            return self.instance().await.map(|id| Made { arn: id.clone(), id });
        }
        let template = (row.template)();
        let source = row.updates.contains(&operation).then(|| resources::source_for(&template, focus)).flatten();
        let cell = {
            let mut fixtures = self.fixtures.lock().ok()?;
            let label = source.map_or_else(|| operation.to_owned(), |source| format!("{operation} on {source}"));
            fixtures.entry((row.kind, label)).or_default().clone()
        };
        let owner = self.schema.operation_named(operation).map_or(Owner::Run, Owner::Fixture);
        let make = || async {
            match ledger::owned_by(owner, self.make_on(row, source)).await {
                Ok(made) => Ok(Some(made)),
                Err(Unmade::Refused(_)) => Ok(None),
                // No answer says nothing: the next trial asks again.
                Err(Unmade::Trouble(why)) => Err(why),
            }
        };
        cell.get_or_try_init(make).await.ok().cloned().flatten()
    }

    /// The input that makes a resource of a kind, under a new name.
    pub async fn creation(&self, row: &Resource) -> Option<(OperationId, Value)> {
        let operation = self.schema.operation_named(row.create)?;
        let members = self.schema.input_members(&self.schema[operation])?;
        let mut value = (row.template)();
        value[row.name_member] = self.fresh_name().into();
        if row.id_member != "InstanceId" {
            // Boxed: making an instance makes a resource in turn.
            value["InstanceId"] = Box::pin(self.instance()).await?.into();
        }
        if let Some(token) = members.idempotency_token() {
            value[&token.name] = self.fresh_token().into();
        }
        self.add_run_tag(operation, &mut value, &SchemaPath::default());
        Some((operation, value))
    }

    /// Makes a resource; the text says how the endpoint refused.
    pub async fn make(&self, row: &Resource) -> Result<Made, String> {
        self.make_on(row, None).await.map_err(|(Unmade::Refused(why) | Unmade::Trouble(why))| why)
    }

    /// The same, of another event source than the template has.
    async fn make_on(&self, row: &Resource, source: Option<&str>) -> Result<Made, Unmade> {
        if let Some(operation) = self.schema.operation_named(row.create) {
            self.permission.check(self.schema, &self.schema[operation]).map_err(Unmade::Refused)?;
        }
        let creation = self.creation(row).await;
        let (operation, mut value) =
            creation.ok_or_else(|| Unmade::Refused(format!("no instance to create a {} in", row.kind)))?;
        if let Some(source) = source {
            value["TriggerEventSource"] = json!({ "EventSourceName": source });
            let (focus, bytes) = (SchemaPath::default(), self.bytes(source));
            semantics::repair(row.create, &mut value, &focus, &Context::default(), &mut Unstructured::new(&bytes));
        }
        match self.call(operation, &value).await.map_err(Unmade::Refused)? {
            Reply::Success(exchange) => made_of(row, &exchange.response.body)
                .ok_or_else(|| Unmade::Refused(format!("{} answered without {} and {}", row.create, row.id, row.arn))),
            Reply::Trouble(why) => Err(Unmade::Trouble(format!("{} answered {why}", row.create))),
            other => Err(Unmade::Refused(format!("{} answered {}", row.create, other.describe()))),
        }
    }

    /// Digest of what the flow of an operation's trials has published: no other is accepted.
    pub(super) async fn published_digest(&self, operation: &str) -> Option<String> {
        let row = RESOURCES.iter().find(|row| row.kind == "flow")?;
        let flow = self.resource(row, operation).await?;
        let named = json!({ "InstanceId": self.instance().await?, row.id_member: flow.id });
        match self.call(self.schema.operation_named(row.describe)?, &named).await.ok()? {
            Reply::Success(exchange) => {
                let body: Value = serde_json::from_slice(&exchange.response.body).ok()?;
                body["ContactFlow"]["FlowContentSha256"].as_str().map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// Why a resource could not be made.
enum Unmade {
    /// The endpoint will not, or we must not.
    Refused(String),
    /// There was no answer that counts.
    Trouble(String),
}

/// Id and ARN in the answer to a creation.
pub fn made_of(row: &Resource, body: &[u8]) -> Option<Made> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
    Some(Made { id: text(row.id)?, arn: text(row.arn)? })
}
