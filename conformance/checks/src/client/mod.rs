//! One run against one target: sends, salts names, makes the resources that trials need, and remembers which operations
//! the endpoint offers. Judges nothing.

pub mod reply;
pub mod touched;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, SchemaPath, Side, Step};
use connect_model::schema::{Kind, Members, OperationId, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::semantics::{self, Context};
use connect_model::validate::validate_slot;
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpRequest;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::cleanup::tidy;
use crate::client::reply::{Reply, classify};
use crate::client::touched::Touched;
use crate::ledger;
use crate::ledger::mark;
use crate::ledger::mark::Mark;
use crate::ledger::{Ledger, Owner};
use crate::permission::Permission;
use crate::resources;
use crate::resources::{RESOURCES, Resource};
use connect_transport::target::Target;
use connect_transport::text::cut;
use connect_transport::{Transport, TransportError};

/// Bytes that one value is made from.
const BYTES: usize = 2048;

/// How often a request is sent again that was throttled or met a fault of the server. SDKs do likewise.
const RETRIES: u32 = 4;

/// The same after a connection that broke.
const LOST_RETRIES: u32 = 2;

/// Statuses of faults that pass. Source: AWS SDKs, standard retry mode.
const TRANSIENT: &[u16] = &[500, 502, 503, 504];

/// Longest wait before another attempt, whatever the endpoint asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// After so many requests in a row that stayed throttled through all attempts, each further one gets a single attempt.
const HOPELESS: u32 = 20;

/// Facts of one topic that are kept; they may hold what an endpoint says.
const MOST_FACTS: usize = 200;

/// A resource that the run made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// A resource of the run's own, once it was asked for; none if it could not be made.
type Fixture = Arc<OnceCell<Option<Made>>>;

/// State that the trials of a run share.
pub struct Client {
    /// The contract.
    pub schema: &'static Schema,
    /// The endpoint.
    pub target: Target,
    /// Seed of every value.
    pub seed: u64,
    /// Random values per operation beside the fixed ones.
    pub cases: u32,
    /// What may be sent.
    pub permission: Permission,
    /// How long lists may lag behind a creation.
    pub settle: Duration,
    ledger: Option<Arc<Ledger>>,
    transport: Arc<Transport>,
    /// What the run is known by.
    mark: Mark,
    /// Requests that making findings smaller may still take.
    shrink: AtomicU32,
    counter: AtomicU64,
    /// Requests in a row that stayed throttled.
    throttled: AtomicU32,
    instance: OnceCell<Option<String>>,
    fixtures: Mutex<HashMap<(&'static str, String), Fixture>>,
    support: Vec<OnceCell<Option<String>>>,
    touched: Touched,
    learned: Mutex<BTreeMap<String, BTreeMap<String, u64>>>,
}

/// How a client makes its requests.
#[derive(Clone, Debug, Default)]
pub struct ClientConfig {
    /// Seed of every value.
    pub seed: u64,
    /// Random values per operation beside the fixed ones.
    pub cases: u32,
    /// Keeps the names of this run apart from those of any other.
    pub salt: String,
    /// What may be sent.
    pub permission: Permission,
    /// Requests that making findings smaller may take, in all.
    pub shrink: u32,
    /// How long lists may lag behind a creation.
    pub settle: Duration,
    /// Resources that the run created, to be deleted again. It is also the hook of the transport.
    pub ledger: Option<Arc<Ledger>>,
}

impl Client {
    /// A client; sends nothing yet.
    pub fn new(schema: &'static Schema, target: Target, transport: Arc<Transport>, config: ClientConfig) -> Self {
        let ClientConfig { seed, cases, salt, permission, shrink, settle, ledger } = config;
        Self {
            schema,
            target,
            seed,
            cases,
            permission,
            settle,
            ledger,
            transport,
            mark: Mark { run: salt, began: mark::seconds(SystemTime::now()) },
            shrink: AtomicU32::new(shrink),
            counter: AtomicU64::new(0),
            throttled: AtomicU32::new(0),
            instance: OnceCell::new(),
            fixtures: Mutex::default(),
            support: schema.operations().map(|_| OnceCell::new()).collect(),
            touched: Touched::default(),
            learned: Mutex::default(),
        }
    }

    /// Resources that the run created, if it keeps a ledger.
    pub fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// Sends a request and classes the answer. Requests that were throttled or met a fault of the server are sent again,
    /// four times at most: after the time that the endpoint asks for, else in growing pauses. A fault that lasts is an
    /// answer.
    pub async fn send(&self, operation: OperationId, request: &HttpRequest) -> Reply {
        self.send_as(operation, request, false).await
    }

    /// The same for a request that takes away what others made: it goes out after the last that the run may send, too,
    /// and again when its connection breaks.
    pub async fn send_necessary(&self, operation: OperationId, request: &HttpRequest) -> Reply {
        self.send_as(operation, request, true).await
    }

    async fn send_as(&self, operation: OperationId, request: &HttpRequest, necessary: bool) -> Reply {
        let name = &self.schema[operation].name;
        let offered = matches!(self.support[operation.index()].get(), Some(None));
        // What an endpoint in this process answers, it answers again.
        let retries = if self.transport.is_in_process() { 0 } else { RETRIES };
        let mut met = None;
        let mut attempt = 0;
        loop {
            let result = if necessary {
                self.transport.send_necessary(name, request).await
            } else {
                self.transport.send(name, request).await
            };
            let lost = result.as_ref().is_err_and(TransportError::is_lost)
                && (necessary || self.may_be_sent_again(operation, request));
            let asked = result.as_ref().ok().and_then(|exchange| exchange.response.headers.get("retry-after"));
            let asked = asked.and_then(|text| text.parse::<u64>().ok());
            let asked = asked.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
            let (reply, throttled) = classify(self.schema, operation, result, offered);
            if throttled {
                self.transport.pace().throttled(asked);
            } else if !matches!(reply, Reply::Trouble(_)) {
                self.transport.pace().served();
            }
            if let Reply::Refused(_, error) = &reply
                && let Some(shape) = error.modelled
            {
                self.touched.error(operation, shape);
            }
            let again = match &reply {
                Reply::Trouble(_) => throttled || (lost && attempt < LOST_RETRIES),
                Reply::Refused(exchange, _) => reply.is_server_fault() && TRANSIENT.contains(&exchange.response.status),
                _ => false,
            };
            if !again {
                if let Some(trouble) = met {
                    self.learn("trouble that passed with another attempt", trouble);
                }
                self.throttled.store(0, Ordering::Relaxed);
                return reply;
            }
            // An endpoint that throttles whatever comes is not waited for again and again.
            let hopeless = throttled && self.throttled.load(Ordering::Relaxed) >= HOPELESS;
            if attempt == retries || hopeless {
                self.throttled.fetch_add(u32::from(throttled), Ordering::Relaxed);
                // Out of service says nothing about the request; a 500 may.
                return match reply.refusal() {
                    Some((502..=504, _)) => Reply::Trouble(format!("out of service: {}", reply.describe())),
                    _ => reply,
                };
            }
            met.get_or_insert_with(|| reply.describe());
            tokio::time::sleep(asked.unwrap_or(self.pause(attempt))).await;
            attempt += 1;
        }
    }

    /// Whether a request does no harm a second time, should the first have been performed and the answer lost. On this
    /// machine no connection breaks by itself, and one that does is worth knowing of.
    fn may_be_sent_again(&self, operation: OperationId, request: &HttpRequest) -> bool {
        let contract = &self.schema[operation];
        let token = self.schema.input_members(contract).and_then(Members::idempotency_token);
        let has_token = || {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            token.is_some_and(|token| body.get(&token.json_name).is_some())
        };
        !self.target.loopback && (danger(self.schema, contract) == Danger::Read || has_token())
    }

    /// Before the next attempt where the endpoint names no time.
    fn pause(&self, attempt: u32) -> Duration {
        Duration::from_millis(if self.target.loopback { 20 } else { 500 }) * 2_u32.pow(attempt)
    }

    /// Encodes a value and sends it; the text says why it cannot be expressed as a message.
    pub async fn call(&self, operation: OperationId, input: &Value) -> Result<Reply, String> {
        let request = encode_request(self.schema, operation, input).map_err(|error| error.to_string())?;
        self.touched.value(self.schema, self.schema[operation].input, input);
        Ok(self.send(operation, &request).await)
    }

    /// What of the contract was touched.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// The transport, for trials that need more than request and answer.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// A name that nobody has used, within `[0-9a-zA-Z._-]` and 40 characters.
    pub fn fresh_name(&self) -> String {
        format!("{}{}-{}", mark::PREFIX, self.mark.run, self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// A client token that nobody has used. Two of them differ at their beginning.
    pub fn fresh_token(&self) -> String {
        format!("{:08x}-{}-0000", self.counter.fetch_add(1, Ordering::Relaxed), self.mark.run)
    }

    /// What the names of this run have in common.
    pub fn salt(&self) -> &str {
        &self.mark.run
    }

    /// Ids and ARNs of the resources that were made for an operation's trials and are kept.
    pub fn made_for(&self, operation: &str) -> Vec<String> {
        let fixtures = self.fixtures.lock().unwrap_or_else(PoisonError::into_inner);
        let own = fixtures.iter().filter(|((_, label), _)| label.split(' ').next() == Some(operation));
        own.filter_map(|(_, cell)| cell.get()?.clone()).flat_map(|made| [made.id, made.arn]).collect()
    }

    /// A generator of small valid inputs.
    pub fn generator(&self, config: Config) -> Generator<'static> {
        Generator::new(self.schema, config)
    }

    /// Bytes for the values of one case, the same for the same seed.
    pub fn bytes(&self, label: &str) -> Vec<u8> {
        Stream::new(self.seed, label).bytes(BYTES)
    }

    /// Records what the endpoint does where the contract is silent.
    pub fn learn(&self, topic: impl Into<String>, fact: impl Into<String>) {
        if let Ok(mut learned) = self.learned.lock() {
            let facts = learned.entry(topic.into()).or_default();
            let mut fact = cut(&fact.into());
            if facts.len() >= MOST_FACTS && !facts.contains_key(&fact) {
                "something else every time".clone_into(&mut fact);
            }
            *facts.entry(fact).or_default() += 1;
        }
    }

    /// What was recorded: topic, fact, how often.
    pub fn learned(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut learned = self.learned.lock().map(|learned| learned.clone()).unwrap_or_default();
        let skew = self.transport.skew();
        if skew != 0 {
            let way = if skew < 0 { "behind" } else { "ahead" };
            let fact = format!("{} s {way} of the one here, which signatures allow for", skew.unsigned_abs());
            learned.entry("clock of the endpoint".to_owned()).or_default().insert(fact, 1);
        }
        learned
    }

    /// Requests sent so far.
    pub fn requests_sent(&self) -> u64 {
        self.transport.requests_sent()
    }

    /// Whether the endpoint offers an operation; the text says how it denied it. Asked once per operation, with the
    /// smallest valid request.
    pub async fn unsupported(&self, operation: OperationId) -> Option<String> {
        let known = self.support[operation.index()].get_or_try_init(|| async {
            let input = self.input(operation, Config::sparse(), "support", &SchemaPath::default()).await;
            match self.call(operation, &input?).await? {
                Reply::Unsupported(why) => Ok(Some(why)),
                Reply::Success(_) | Reply::Refused(..) => Ok(None),
                // No answer says nothing: the next trial asks again.
                Reply::Trouble(why) => Err(why),
            }
        });
        known.await.ok().cloned().flatten()
    }

    /// A valid input with the run's own resources and names in it, and something at `focus`.
    pub async fn input(
        &self,
        operation: OperationId,
        config: Config,
        label: &str,
        focus: &SchemaPath,
    ) -> Result<Value, String> {
        let bytes = self.bytes(label);
        let known_good = config.optional_percent == 0;
        let generator = self.generator(config);
        let mut u = Unstructured::new(&bytes);
        let mut value =
            generator.focused(operation, Side::Input, focus, &mut u).map_err(|error| error.to_string())?.value;
        self.settle(operation, &mut value, focus, known_good).await;
        if self.is_connect() {
            // What was put in has to agree with what was there, and with the resource that is named.
            let operation = &self.schema[operation];
            let template = resources::updated_by(&operation.name).map(|row| (row.template)());
            let context = template.as_ref().map(|template| resources::context(template, focus)).unwrap_or_default();
            semantics::settle(&operation.name, &mut value, focus, &context, &mut u);
        }
        Ok(value)
    }

    /// Takes one request of those that making findings smaller may take; false when there is none any more.
    pub fn may_shrink(&self) -> bool {
        self.shrink.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Gives an input that was sent an unused name and token, where it has them.
    pub fn renew(&self, operation: OperationId, value: &mut Value) {
        let operation = &self.schema[operation];
        for member in self.schema.input_members(operation).into_iter().flatten() {
            if value.get(&member.name).is_none() {
                continue;
            }
            if is_name(&member.name) && danger(self.schema, operation) != Danger::Read {
                value[&member.name] = self.fresh_name().into();
            } else if member.idempotency_token {
                value[&member.name] = self.fresh_token().into();
            }
        }
    }

    /// Puts the run's instance, resources and unused names into an input that was generated. Tokens of pages are taken
    /// out: they come from the endpoint, never from us. With `known_good`, a creation or an update becomes one that a
    /// healthy service accepts, but for what lies at `focus`.
    async fn settle(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath, known_good: bool) {
        self.mark(operation, value, focus);
        let operation = &self.schema[operation];
        if let (Some(pagination), Some(map)) = (&operation.pagination, value.as_object_mut()) {
            map.remove(&pagination.input_token);
        }
        let Some(members) = self.schema.input_members(operation) else { return };
        if let Some(row) = resources::created_by(&operation.name).filter(|_| self.is_connect()) {
            self.merge_template(row, value, focus, known_good);
        }
        if let Some(row) = resources::updated_by(&operation.name).filter(|_| known_good && self.is_connect()) {
            for (key, inner) in row.template_for(members) {
                if !in_focus(focus, &key) {
                    value[key] = inner;
                }
            }
        }
        for member in members {
            let text = matches!(self.schema[member.slot.target].kind, Kind::String);
            if !text || (!member.required && value.get(&member.name).is_none()) || !self.is_connect() {
                continue;
            }
            let replacement = if member.name == "InstanceId" && operation.name != RESOURCES[0].delete {
                self.instance().await
            } else if let Some(row) = RESOURCES.iter().find(|row| row.id_member == member.name) {
                self.resource_for(row, &operation.name, focus).await.map(|made| made.id)
            } else if resources::BY_ARN.contains(&(operation.name.as_str(), member.name.as_str())) {
                let flows = RESOURCES.iter().find(|row| row.kind == "flow");
                match flows {
                    Some(row) => self.resource(row, &operation.name).await.map(|made| made.arn),
                    None => None,
                }
            } else if (operation.name.as_str(), member.name.as_str()) == resources::DIGEST {
                self.published_digest(&operation.name).await
            } else if is_name(&member.name) {
                (danger(self.schema, operation) != Danger::Read).then(|| self.fresh_name())
            } else if member.idempotency_token {
                Some(self.fresh_token())
            } else {
                None
            };
            if let Some(replacement) = replacement.map(Value::from) {
                // What the contract would refuse is not put in: a trial must fail for its own reason.
                if validate_slot(self.schema, &member.slot, &replacement).is_empty() {
                    value[&member.name] = replacement;
                }
            }
        }
    }

    /// Adds what a healthy service needs to accept a creation; with `known_good`, replaces what was generated too.
    fn merge_template(&self, row: &Resource, value: &mut Value, focus: &SchemaPath, known_good: bool) {
        if let (Some(map), Value::Object(template)) = (value.as_object_mut(), (row.template)()) {
            for (key, inner) in template {
                if known_good && !in_focus(focus, &key) {
                    map.insert(key, inner);
                } else {
                    map.entry(key).or_insert(inner);
                }
            }
            map.entry(row.name_member).or_insert_with(|| self.fresh_name().into());
        }
    }

    /// Digest of what the flow of an operation's trials has published: no other is accepted.
    async fn published_digest(&self, operation: &str) -> Option<String> {
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

    fn is_connect(&self) -> bool {
        self.schema.service.sdk_id == "Connect"
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
    async fn resource_for(&self, row: &'static Resource, operation: &str, focus: &SchemaPath) -> Option<Made> {
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
        self.mark(operation, &mut value, &SchemaPath::default());
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
            semantics::settle(row.create, &mut value, &focus, &Context::default(), &mut Unstructured::new(&bytes));
        }
        match self.call(operation, &value).await.map_err(Unmade::Refused)? {
            Reply::Success(exchange) => made_of(row, &exchange.response.body)
                .ok_or_else(|| Unmade::Refused(format!("{} answered without {} and {}", row.create, row.id, row.arn))),
            Reply::Trouble(why) => Err(Unmade::Trouble(format!("{} answered {why}", row.create))),
            other => Err(Unmade::Refused(format!("{} answered {}", row.create, other.describe()))),
        }
    }

    /// The member by which a creation carries the mark of its run, if there is one.
    pub fn mark_member(&self, create: OperationId) -> Option<&'static str> {
        let members = self.schema.input_members(&self.schema[create])?;
        ["Tags", "tags"].into_iter().find(|name| members.get(name).is_some())
    }

    /// Puts the mark of the run on what is to be made where it will have to be found again.
    pub fn mark(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath) {
        let Some(member) = self.mark_member(operation).filter(|member| !in_focus(focus, member)) else { return };
        let makes = |ledger: &Arc<Ledger>| {
            self.schema[operation].name.starts_with("Create") || ledger.undo(operation).is_some()
        };
        if !self.ledger().is_some_and(makes) {
            return;
        }
        let Some(members) = value.as_object_mut() else { return };
        let tags = members.entry(member).or_insert_with(|| json!({}));
        if let Some(tags) = tags.as_object_mut().filter(|tags| tags.len() < mark::MOST_TAGS) {
            tags.insert(mark::TAG.to_owned(), self.mark.to_string().into());
        }
    }

    /// The mark that a resource carries, if it carries one.
    ///
    /// # Errors
    /// Its tags cannot be read; the text says why.
    pub async fn mark_of(&self, arn: &str) -> Result<Option<Mark>, String> {
        let list = "ListTagsForResource";
        let operation = self.schema.operation_named(list).ok_or_else(|| format!("the model has no {list}"))?;
        let input = json!({ "resourceArn": arn });
        let request = encode_request(self.schema, operation, &input).map_err(|error| error.to_string())?;
        match self.send_necessary(operation, &request).await {
            Reply::Success(exchange) => {
                let body: Value = serde_json::from_slice(&exchange.response.body).unwrap_or_default();
                Ok(body["tags"][mark::TAG].as_str().and_then(|mark| mark.parse().ok()))
            }
            // What has no tags to list is none of ours.
            reply if reply.refusal().is_some_and(|(status, _)| status < 500) => Ok(None),
            other => Err(format!("{list} of {arn} {}", other.describe())),
        }
    }

    /// Takes away what was made for the owners that are chosen, as far as it is known by now.
    pub async fn tidy(&self, chosen: impl Fn(&Owner) -> bool) {
        if let Some(ledger) = self.ledger() {
            tidy(self, ledger, chosen, false).await;
        }
    }

    /// Takes away everything that the run has made; says what is still there.
    pub async fn clear(&self) -> Vec<String> {
        let Some(ledger) = self.ledger() else { return Vec::new() };
        let tidied = tidy(self, ledger, |_| true, true).await;
        ledger.close();
        tidied.left.iter().map(ToString::to_string).collect()
    }
}

/// Why a resource could not be made.
enum Unmade {
    /// The endpoint will not, or we must not.
    Refused(String),
    /// There was no answer that counts.
    Trouble(String),
}

/// A member that must be unique where something is made or renamed.
fn is_name(member: &str) -> bool {
    member == "Name" || member == "InstanceAlias"
}

fn in_focus(focus: &SchemaPath, member: &str) -> bool {
    matches!(focus.0.first(), Some(Step::Member(name)) if name == member)
}

/// Id and ARN in the answer to a creation.
pub fn made_of(row: &Resource, body: &[u8]) -> Option<Made> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
    Some(Made { id: text(row.id)?, arn: text(row.arn)? })
}
