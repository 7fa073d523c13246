//! Resources that a run creates for its cases: the instance, one resource of each kind per operation, and new ones on
//! demand.

use std::sync::{Arc, PoisonError};

use arbitrary::Unstructured;
use connect_model::path::SchemaPath;
use connect_model::schema::Members;
use connect_model::semantics::{self, Context};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::client::reply::Reply;
use crate::ledger::{self, Owner};
use crate::resources;
use crate::resources::{RESOURCES, Resource};
use connect_transport::exchange::Exchange;

/// A resource that the run created.
#[derive(Clone, Debug)]
pub struct Created {
    /// The id.
    pub id: String,
    /// The ARN.
    pub arn: String,
}

/// A resource of the run, once it was needed; none if it could not be created.
pub(super) type Fixture = Arc<OnceCell<Option<Created>>>;

impl Client {
    /// Ids and ARNs of the resources that the trials of an operation share.
    pub fn created_for(&self, operation: &str) -> Vec<String> {
        let fixtures = self.fixtures.lock().unwrap_or_else(PoisonError::into_inner);
        let own = fixtures.iter().filter(|((_, label), _)| label.split(' ').next() == Some(operation));
        own.filter_map(|(_, cell)| cell.get()?.clone()).flat_map(|created| [created.id, created.arn]).collect()
    }

    /// The instance that the run works in: the given one, else a new one on an endpoint on this machine.
    pub async fn instance(&self) -> Option<String> {
        let cell = &self.instance;
        cell.get_or_init(|| async {
            if let Some(id) = &self.target.instance_id {
                return Some(id.clone());
            }
            if !self.target.loopback {
                return None;
            }
            ledger::owned_by(Owner::Run, self.create(&RESOURCES[0])).await.ok().map(|created| created.id)
        })
        .await
        .clone()
    }

    /// The resource of a kind that the trials of an operation share, created on first use. Operations that delete get a
    /// new one every time.
    pub async fn resource(&self, row: &'static Resource, operation: &str) -> Option<Created> {
        self.resource_for(row, operation, &SchemaPath::default()).await
    }

    /// The same; its event source allows an update to have a value at `focus`.
    pub(super) async fn resource_for(
        &self,
        row: &'static Resource,
        operation: &str,
        focus: &SchemaPath,
    ) -> Option<Created> {
        if row.delete == operation {
            return self.create(row).await.ok();
        }
        if row.id_member == "InstanceId" && !row.updates.contains(&operation) {
            return self.instance().await.map(|id| Created { arn: id.clone(), id });
        }
        let template = (row.template)();
        let source = row.updates.contains(&operation).then(|| resources::source_for(&template, focus)).flatten();
        let cell = {
            let mut fixtures = self.fixtures.lock().ok()?;
            let label = source.map_or_else(|| operation.to_owned(), |source| format!("{operation} on {source}"));
            fixtures.entry((row.kind, label)).or_default().clone()
        };
        let owner = self.schema.operation_named(operation).map_or(Owner::Run, Owner::Fixture);
        let create = || async {
            match ledger::owned_by(owner, self.create_with_source(row, source)).await {
                Ok(created) => Ok(Some(created)),
                Err(CreateError::Refused(_)) => Ok(None),
                // Without a usable response, the next trial tries again.
                Err(CreateError::Trouble(why)) => Err(why),
            }
        };
        cell.get_or_try_init(create).await.ok().cloned().flatten()
    }

    /// The input that creates a resource of a kind, with a new name and token.
    ///
    /// # Errors
    /// The reason why the resource cannot be created.
    pub async fn creation(&self, row: &Resource) -> Result<Value, String> {
        let operation = self.schema.operation_named(row.create);
        let operation = operation.ok_or_else(|| format!("the model has no {}", row.create))?;
        let mut value = (row.template)();
        value[row.name_member] = self.fresh_name().into();
        if row.id_member != "InstanceId" {
            // Boxed, because creating an instance calls this function again.
            let instance = Box::pin(self.instance()).await;
            value["InstanceId"] = instance.ok_or_else(|| format!("no instance to create a {} in", row.kind))?.into();
        }
        let members = self.schema.input_members(&self.schema[operation]);
        if let Some(token) = members.and_then(Members::idempotency_token) {
            value[&token.name] = self.fresh_token().into();
        }
        self.add_run_tag(operation, &mut value, &SchemaPath::default());
        Ok(value)
    }

    /// Creates a resource.
    ///
    /// # Errors
    /// The response that rejects it, or the reason why there is none.
    pub async fn create(&self, row: &Resource) -> Result<Created, String> {
        self.create_with_source(row, None).await.map_err(|(CreateError::Refused(why) | CreateError::Trouble(why))| why)
    }

    /// The same, with another event source than the template's.
    async fn create_with_source(&self, row: &Resource, source: Option<&str>) -> Result<Created, CreateError> {
        let operation = self.schema.operation_named(row.create);
        let operation = operation.ok_or_else(|| CreateError::Refused(format!("the model has no {}", row.create)))?;
        self.permission.check(self.schema, &self.schema[operation]).map_err(CreateError::Refused)?;
        let mut value = self.creation(row).await.map_err(CreateError::Refused)?;
        if let Some(source) = source {
            value["TriggerEventSource"] = json!({ "EventSourceName": source });
            let (focus, bytes) = (SchemaPath::default(), self.bytes(source));
            semantics::repair(row.create, &mut value, &focus, &Context::default(), &mut Unstructured::new(&bytes));
        }
        match self.call(operation, &value).await.map_err(CreateError::Refused)? {
            Reply::Success(exchange) => read_created(row, &exchange).map_err(CreateError::Refused),
            Reply::Trouble(why, _) => Err(CreateError::Trouble(format!("{} answered {why}", row.create))),
            other => Err(CreateError::Refused(format!("{} answered {}", row.create, other.describe()))),
        }
    }

    /// Digest of the published content of an operation's flow. No other digest is accepted.
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

/// A resource that could not be created, and why.
enum CreateError {
    /// The endpoint rejects the request, or it must not be sent.
    Refused(String),
    /// There was no usable response.
    Trouble(String),
}

/// Id and ARN in the response to a creation.
///
/// # Errors
/// The response has no id or no ARN.
pub(crate) fn read_created(row: &Resource, exchange: &Exchange) -> Result<Created, String> {
    let body: Value = serde_json::from_slice(&exchange.response.body).unwrap_or_default();
    let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
    let created = text(row.id).zip(text(row.arn)).map(|(id, arn)| Created { id, arn });
    created.ok_or_else(|| format!("{} answered without {} and {}", row.create, row.id, row.arn))
}
