//! Resources that a run creates for its cases: the instance, one resource of each kind per operation, and new ones on
//! demand.

use std::sync::{Arc, PoisonError};

use arbitrary::Unstructured;
use connect_model::generate::{Config, Side};
use connect_model::path::SchemaPath;
use connect_model::resources::{Need, Source};
use connect_model::schema::{Member, Members, OperationId};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::semantics::{self, Context};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::client::places::{as_value, has_place, set_place};
use crate::client::reply::Reply;
use crate::ledger::{self, Owner};
use crate::parts::make_items_unique;
use crate::permission::only_reads;
use crate::resources;
use crate::resources::{INSTANCE, Resource, overwrite};
use crate::steps;
use connect_transport::exchange::Exchange;

/// A resource that the run created.
#[derive(Clone, Debug)]
pub struct Created {
    /// The id.
    pub id: String,
    /// The ARN, for kinds that have one.
    pub arn: Option<String>,
    /// The input that created it.
    pub sent: Value,
}

/// Items in each list of a resource with all members: enough for several pages.
const RICH: u64 = 5;

tokio::task_local! {
    /// Set while the input of a resource of the run is made.
    static CREATING: ();
}

/// True while the input of a resource of the run is made, so that others wait for it.
pub(super) fn is_creating() -> bool {
    CREATING.try_with(|()| ()).is_ok()
}

/// A resource of the run, once it was needed; none if it could not be created.
pub(super) type Fixture = Arc<OnceCell<Option<Created>>>;

impl Client {
    /// Ids and ARNs of the resources that the trials of an operation share.
    pub fn created_for(&self, operation: &str) -> Vec<String> {
        let fixtures = self.fixtures.lock().unwrap_or_else(PoisonError::into_inner);
        let own = fixtures.iter().filter(|((_, label), _)| label.split(' ').next() == Some(operation));
        let created = own.filter_map(|(_, cell)| cell.get()?.clone());
        created.flat_map(|created| [Some(created.id), created.arn]).flatten().collect()
    }

    /// The instance that the run works in: the given one, else a new one on an endpoint on this machine.
    pub async fn instance(&self) -> Option<String> {
        let cell = &self.instance;
        cell.get_or_init(|| async {
            if let Some(id) = &self.target.instance_id {
                return Some(id.clone());
            }
            let row = resources::instances(self.schema).filter(|_| self.target.loopback)?;
            ledger::owned_by(Owner::Run, self.create(row)).await.ok().map(|created| created.id)
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
        // An update of what is found by its name may rename it.
        let renames = row.updates.contains(&operation) && matches!(row.of.id, Source::Input(_));
        if row.delete == operation || renames {
            return self.create(row).await.ok();
        }
        if row.is_instance() && !row.updates.contains(&operation) {
            return self.instance().await.map(|id| Created { arn: Some(id.clone()), id, sent: json!({}) });
        }
        let template = row.template().filter(|_| row.updates.contains(&operation));
        let source = template.and_then(|template| resources::source_for(template, focus));
        let label = source.map_or_else(|| operation.to_owned(), |source| format!("{operation} on {source}"));
        let (name, number) = operation.split_once(" #").unwrap_or((operation, ""));
        let id = self.schema.operation_named(name);
        let owner = id.map_or(Owner::Run, Owner::Fixture);
        let is_read = id.is_some_and(|id| danger(self.schema, &self.schema[id]) == Danger::Read);
        let create = async {
            // A read of a resource with all members shows more. The family accept judges refusals.
            if is_read && row.template().is_none() {
                let rich = self.create_rich(row).await;
                if !matches!(rich, Err(CreateError::Refused(_))) {
                    return rich;
                }
            }
            self.create_with_source(row, source).await
        };
        let made = self.shared(row, label, ledger::owned_by(owner, create)).await.ok().flatten();
        // Only reads name things of others.
        let may_name_others = || id.is_some_and(|id| only_reads(self.schema, &self.schema[id]));
        match made {
            None if may_name_others() => self.known(row, number.parse().unwrap_or(0)).await,
            made => made,
        }
    }

    /// Creates a resource with all members, and with several items in each list.
    fn create_rich<'c>(&'c self, row: &'static Resource) -> BoxFuture<'c, Result<Created, CreateError>> {
        async move {
            let create = self.schema.operation_named(row.create);
            let create = create.ok_or_else(|| CreateError::Refused(format!("the model has no {}", row.create)))?;
            let label = format!("{}/rich", row.create);
            let focus = SchemaPath::default();
            let input = CREATING.scope((), self.input(create, steps::several_of_each(RICH), &label, &focus)).await;
            let mut input = input.map_err(CreateError::Refused)?;
            make_items_unique(&mut input);
            self.create_from(row, input).await
        }
        .boxed()
    }

    /// A resource that others need to be made, shared by all of them in an instance.
    pub(super) async fn needed(&self, row: &'static Resource, instance: Option<&str>) -> Result<Created, String> {
        self.needed_beside(row, instance, 0).await
    }

    /// The same; each number has another one.
    pub(super) async fn needed_beside(
        &self,
        row: &'static Resource,
        instance: Option<&str>,
        number: usize,
    ) -> Result<Created, String> {
        let place = instance.unwrap_or_default();
        let label = if number == 0 { format!("needed in {place}") } else { format!("needed #{number} in {place}") };
        let create = async {
            let input = self.creation_with(row, instance).await.map_err(CreateError::Refused)?;
            self.create_from(row, input).await
        };
        let made = self.shared(row, label, ledger::owned_by(Owner::Run, create)).await?;
        made.ok_or_else(|| format!("no {} can be created, which is needed", row.kind))
    }

    /// The resource with a label, made by `create` on first use; none if it cannot be made.
    ///
    /// # Errors
    /// There was no usable response. The next trial tries again.
    async fn shared(
        &self,
        row: &'static Resource,
        label: String,
        create: impl Future<Output = Result<Created, CreateError>>,
    ) -> Result<Option<Created>, String> {
        let cell = {
            let mut fixtures = self.fixtures.lock().unwrap_or_else(PoisonError::into_inner);
            fixtures.entry((row.noun, label)).or_default().clone()
        };
        let create = || async {
            match create.await {
                Ok(created) => Ok(Some(created)),
                Err(CreateError::Refused(_)) => Ok(None),
                Err(CreateError::Trouble(why)) => Err(why),
            }
        };
        cell.get_or_try_init(create).await.cloned()
    }

    /// The input that creates a resource of a kind, with a new name and token, and the ids of what it lives in and needs.
    ///
    /// # Errors
    /// The reason why the resource cannot be created.
    pub async fn creation(&self, row: &'static Resource) -> Result<Value, String> {
        if !row.in_instance() {
            return self.creation_with(row, None).await;
        }
        // Boxed, because creating an instance calls this function again.
        let instance = Box::pin(self.instance()).await;
        let instance = instance.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
        self.creation_with(row, Some(&instance)).await
    }

    /// The same in a given instance, if the kind lives in one.
    ///
    /// # Errors
    /// The reason why the resource cannot be created.
    pub async fn creation_in(&self, row: &'static Resource, instance: &str) -> Result<Value, String> {
        self.creation_with(row, Some(instance).filter(|_| row.in_instance())).await
    }

    fn creation_with<'c>(
        &'c self,
        row: &'static Resource,
        instance: Option<&'c str>,
    ) -> BoxFuture<'c, Result<Value, String>> {
        async move {
            let operation = self.schema.operation_named(row.create);
            let operation = operation.ok_or_else(|| format!("the model has no {}", row.create))?;
            let mut value = match row.template() {
                Some(template) => Value::Object(template.clone()),
                None => self.smallest(operation)?,
            };
            if row.template().is_none() {
                self.give_usual_forms(operation, &mut value, &SchemaPath::default());
                resources::make_showable(self.schema, &self.schema[operation], &mut value, |_| false);
            }
            overwrite(&mut value, row.given().cloned().unwrap_or_default().into());
            let members = self.schema.input_members(&self.schema[operation]);
            // Its list and description may name what it lives in, although the creation may leave that out.
            for (member, _) in row.of.parents.iter().filter(|(_, kind)| kind.is_none()) {
                if let Some(member) =
                    members.and_then(|members| members.get(member)).filter(|_| value.get(member).is_none())
                {
                    let bytes = self.bytes(&format!("{}/creation/{}", row.create, member.name));
                    let made = self.generator(Config::sparse()).member(member, &mut Unstructured::new(&bytes));
                    value[&member.name] = made.map_err(|error| error.to_string())?;
                }
            }
            if let Some(instance) = instance {
                value[INSTANCE] = instance.into();
            }
            self.name_needed(row, &mut value, instance).await?;
            if let Some(name) = self.unused_name(row) {
                row.set_name(&mut value, name);
            }
            let is_new = |member: &Member| {
                resources::takes_new_id(self.schema, operation, member)
                    || row.name_member.is_none() && resources::takes_new_name(self.schema, operation, &member.name)
            };
            for member in members.into_iter().flatten() {
                if value.get(&member.name).is_some()
                    && is_new(member)
                    && let Some(unused) = self.unused_value(operation, &member.name)
                {
                    value[&member.name] = unused.into();
                }
            }
            if let Some(token) = members.and_then(Members::idempotency_token) {
                let text = self.fresh_token_for(token);
                let none = || format!("no text is a client token for the member {} of {}", token.name, row.create);
                value[&token.name] = text.ok_or_else(none)?.into();
            }
            self.add_run_tag(operation, &mut value, &SchemaPath::default());
            Ok(value)
        }
        .boxed()
    }

    /// The smallest valid input of an operation.
    fn smallest(&self, operation: OperationId) -> Result<Value, String> {
        let bytes = self.bytes(&format!("{}/creation", self.schema[operation].name));
        let mut u = Unstructured::new(&bytes);
        let made = self.generator(Config::sparse()).focused(operation, Side::Input, &SchemaPath::default(), &mut u);
        made.map(|made| made.value).map_err(|error| error.to_string())
    }

    /// Inserts the ids of the resources that one of a kind lives in and needs, and creates those on first use.
    async fn name_needed(
        &self,
        row: &'static Resource,
        value: &mut Value,
        instance: Option<&str>,
    ) -> Result<(), String> {
        let graph = row.graph();
        if let Err(circle) = graph.plan(row.of) {
            return Err(format!("a {} cannot be made: {} need one another", row.kind, circle.join(", ")));
        }
        let parents = row.of.parents.iter().filter(|(member, _)| member != INSTANCE);
        let parents = parents.filter_map(|(member, kind)| Some((member.as_str(), (*kind)?)));
        // Resources that may name each other would wait for each other.
        let waits = |kind: usize| graph.leads_to(&graph.kinds()[kind], row.of);
        let is_named = |need: &Need| has_place(value, &need.place) && !waits(need.kind);
        let needs = row.of.needs.iter().filter(|need| need.required || is_named(need));
        let needs: Vec<(&str, usize)> = needs.map(|need| (need.place.as_str(), need.kind)).collect();
        for (place, kind) in parents.chain(needs) {
            let needed = resources::named(self.schema, &graph.kinds()[kind].noun);
            // A generated id names a resource that the run cannot make.
            let Some(needed) = needed.filter(|needed| needed.noun != row.noun) else { continue };
            // There is one of these for each holder.
            let is_single = row.of.id == Source::Input(place.to_owned());
            let made = if is_single { self.create(needed).await? } else { self.needed(needed, instance).await? };
            set_place(value, place, &self.id_at(row, place, &made.id));
            // Both live in the same resource: an alias names a version of its flow.
            let held = row.of.parents.iter().filter(|(member, holder)| member != INSTANCE && holder.is_some());
            for (member, holder) in held.filter(|(member, _)| member != place) {
                let mut own = needed.of.parents.iter().filter(|(_, own)| own == holder);
                if let Some(id) = own.next().and_then(|(own, _)| made.sent.get(own)) {
                    value[member] = id.clone();
                }
            }
        }
        Ok(())
    }

    /// The id of a resource as the value of a place in the creation of another one.
    fn id_at(&self, row: &Resource, place: &str, id: &str) -> Value {
        let operation = self.schema.operation_named(row.create);
        let members = operation.and_then(|operation| self.schema.input_members(&self.schema[operation]));
        let member = members.and_then(|members| members.get(place));
        member.map_or_else(|| id.into(), |member| as_value(self.schema, &member.slot, id))
    }

    /// The input that creates a resource of a kind which refers to new ones, in place of those that others share; and these.
    ///
    /// # Errors
    /// One of them cannot be created.
    pub(crate) async fn creation_with_own_needs(
        &self,
        row: &'static Resource,
    ) -> Result<(Value, Vec<(&'static Resource, Created)>), String> {
        let mut input = self.creation(row).await?;
        let mut made = Vec::new();
        for (place, needed) in row.own_needs() {
            let created = self.create(needed).await?;
            set_place(&mut input, place, &self.id_at(row, place, &created.id));
            made.push((needed, created));
        }
        Ok((input, made))
    }

    /// Creates a resource.
    ///
    /// # Errors
    /// The response that rejects it, or the reason why there is none.
    pub async fn create(&self, row: &'static Resource) -> Result<Created, String> {
        self.create_with_source(row, None).await.map_err(|(CreateError::Refused(why) | CreateError::Trouble(why))| why)
    }

    /// The same, with another event source than the template's.
    async fn create_with_source(&self, row: &'static Resource, source: Option<&str>) -> Result<Created, CreateError> {
        let mut value = self.creation(row).await.map_err(CreateError::Refused)?;
        if let Some(source) = source {
            value["TriggerEventSource"] = json!({ "EventSourceName": source });
            let (focus, bytes) = (SchemaPath::default(), self.bytes(source));
            semantics::repair(row.create, &mut value, &focus, &Context::default(), &mut Unstructured::new(&bytes));
        }
        self.create_from(row, value).await
    }

    async fn create_from(&self, row: &'static Resource, input: Value) -> Result<Created, CreateError> {
        let operation = self.schema.operation_named(row.create);
        let operation = operation.ok_or_else(|| CreateError::Refused(format!("the model has no {}", row.create)))?;
        self.permission.check(self.schema, &self.schema[operation]).map_err(CreateError::Refused)?;
        match self.call(operation, &input).await.map_err(CreateError::Refused)? {
            Reply::Success(exchange) => read_created(row, &input, &exchange).map_err(CreateError::Refused),
            Reply::Trouble(why, _) => Err(CreateError::Trouble(format!("{} answered {why}", row.create))),
            other => Err(CreateError::Refused(format!("{} answered {}", row.create, other.describe()))),
        }
    }

    /// Digest of the published content of an operation's flow. No other digest is accepted.
    pub(super) async fn published_digest(&self, operation: &str) -> Option<String> {
        let row = resources::named(self.schema, "ContactFlow")?;
        let flow = self.resource(row, operation).await?;
        let named = row.naming(row.describe, &flow.sent, &flow.id);
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

/// Id and ARN in the response to the creation of an input.
///
/// # Errors
/// The response has no id, or no ARN although the kind has one.
pub(crate) fn read_created(row: &Resource, sent: &Value, exchange: &Exchange) -> Result<Created, String> {
    let body = steps::body(row.schema(), exchange).unwrap_or_default();
    let (id, arn) = (row.id_in(sent, &body), row.arn_in(&body));
    match id.filter(|_| arn.is_some() || row.of.arn.is_none()) {
        Some(id) => Ok(Created { id, arn, sent: sent.clone() }),
        None => Err(format!("{} answered without the id and the ARN of the {}", row.create, row.kind)),
    }
}
