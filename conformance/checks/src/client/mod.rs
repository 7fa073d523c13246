//! One run against one target: sends requests, makes unused names, creates the resources that trials need, and remembers
//! which operations the endpoint offers. Judges nothing.

mod as_given;
mod fixtures;
pub(crate) mod forms;
pub(crate) mod input;
mod inventory;
mod known;
pub(crate) mod ownership;
pub mod pager;
mod places;
mod reach;
pub mod reply;
mod rules;
pub mod run_tag;
pub mod touched;
mod unused;

pub use fixtures::Created;
use fixtures::Fixture;
pub(crate) use fixtures::read_created;
pub(crate) use ownership::NotOurs;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::path::SchemaPath;
use connect_model::schema::{Members, OperationId, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpRequest;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::client::inventory::Inventory;
use crate::client::known::Looked;
use crate::client::reach::Reach;
use crate::client::reply::{Reply, Trouble, classify, is_conflict};
use crate::client::run_tag::RunTag;
use crate::client::touched::Touched;
use crate::coverage::{Reached, SERVER, THIS_RUN};
use crate::known::Known;
use crate::ledger::Ledger;
use crate::ledger::journal::seconds;
use crate::permission::Permission;
use connect_model::text::excerpt;
use connect_transport::target::Target;
use connect_transport::{Transport, TransportError};

/// Random bytes for the generation of one value.
const BYTES: usize = 2048;

/// Retries of a request that was throttled or got a server error. SDKs retry as often.
const RETRIES: u32 = 4;

/// Retries of a request whose connection broke.
const LOST_RETRIES: u32 = 2;

/// Statuses of server errors that are retried. Source: AWS SDKs, standard retry mode.
const TRANSIENT: &[u16] = &[500, 502, 503, 504];

/// Longest pause before a retry, whatever the endpoint asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Consecutive requests that stayed throttled through all retries, after which requests are not retried any more.
const MAX_THROTTLED: u32 = 20;

/// Operations that are asked again before another one counts as not offered.
const CONTROLS: usize = 3;

/// Different facts that are kept of one topic. Facts may contain text of the endpoint.
const MAX_FACTS: usize = 200;

/// The way in which a request is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// Again after throttling and server errors, and after a broken connection if that is safe.
    Usual,
    /// The same, after any broken connection, and beyond the limit of requests.
    Necessary,
    /// Again after throttling only.
    Once,
}

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
    /// Operations that may be sent.
    pub permission: Permission,
    /// Time by which lists may lag behind a creation.
    pub settle: Duration,
    ledger: Option<Arc<Ledger>>,
    transport: Arc<Transport>,
    /// The way to the service for checks of access, if it is another one.
    guarded: Option<Arc<Transport>>,
    /// Tag on the resources of the run.
    run_tag: RunTag,
    /// Requests left for shrinking findings.
    shrink: AtomicU32,
    counter: AtomicU64,
    /// Requests that the endpoint accepted.
    accepted: AtomicU64,
    /// Consecutive requests that stayed throttled.
    throttled: AtomicU32,
    instance: OnceCell<Option<String>>,
    fixtures: Mutex<HashMap<(&'static str, String), Fixture>>,
    support: Vec<OnceCell<Option<String>>>,
    /// Some operations that the endpoint has answered; asked again before another one counts as not offered.
    controls: Mutex<Vec<OperationId>>,
    /// Operations that the endpoint answered in the run that is continued.
    answered: BTreeSet<OperationId>,
    touched: Touched,
    reach: Reach,
    looked: Looked,
    inventory: Inventory,
    learned: Mutex<BTreeMap<String, BTreeMap<String, u64>>>,
    /// The header `server` of the first response that has one.
    server: OnceLock<String>,
}

/// Configuration of a client.
#[derive(Clone, Debug, Default)]
pub struct ClientConfig {
    /// Seed of every value.
    pub seed: u64,
    /// Random values per operation beside the fixed ones.
    pub cases: u32,
    /// The run id, which distinguishes the names of this run from those of others.
    pub run_id: String,
    /// Operations that may be sent.
    pub permission: Permission,
    /// Limit of requests for shrinking findings.
    pub shrink: u32,
    /// Time by which lists may lag behind a creation.
    pub settle: Duration,
    /// Ledger of the resources to delete at the end. It is also the hook of the transport.
    pub ledger: Option<Arc<Ledger>>,
    /// Operations that the endpoint answered in the run that is continued.
    pub answered: BTreeSet<OperationId>,
    /// Things of others, which are read.
    pub known: Arc<Known>,
}

fn is_read(schema: &Schema, operation: OperationId) -> bool {
    danger(schema, &schema[operation]) == Danger::Read
}

impl Client {
    /// A client; sends nothing yet.
    pub fn new(schema: &'static Schema, target: Target, transport: Arc<Transport>, config: ClientConfig) -> Self {
        let ClientConfig { seed, cases, run_id, permission, shrink, settle, ledger, answered, known } = config;
        let run_tag = RunTag { run_id, started: seconds(SystemTime::now()) };
        if let Some(ledger) = &ledger {
            ledger.belongs_to(&run_tag);
        }
        let reach = Reach::new(schema, target.instance_id.as_deref());
        Self {
            schema,
            target,
            seed,
            cases,
            permission,
            settle,
            ledger,
            transport,
            guarded: None,
            run_tag,
            shrink: AtomicU32::new(shrink),
            counter: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            throttled: AtomicU32::new(0),
            instance: OnceCell::new(),
            fixtures: Mutex::default(),
            controls: Mutex::new(
                answered.iter().copied().filter(|operation| is_read(schema, *operation)).take(CONTROLS).collect(),
            ),
            answered,
            support: schema.operations().map(|_| OnceCell::new()).collect(),
            touched: Touched::default(),
            reach,
            looked: Looked::new(known),
            inventory: Inventory::default(),
            learned: Mutex::default(),
            server: OnceLock::new(),
        }
    }

    /// The client, with another way to the service for checks of access.
    #[must_use]
    pub fn guarded_by(mut self, transport: Option<Arc<Transport>>) -> Self {
        self.guarded = transport;
        self
    }

    /// The ledger of created resources, if the run keeps one.
    pub fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// Sends a request and classifies the response. Requests that were throttled or got a server error are retried up to
    /// four times: after the time that the endpoint asks for, else after growing pauses. A server error that persists is a
    /// response.
    pub async fn send(&self, operation: OperationId, request: &HttpRequest) -> Reply {
        self.send_as(operation, request, Sending::Usual).await
    }

    /// The same for a request that deletes a resource: it is sent even if the run has reached its limit of requests, and
    /// retried if its connection breaks.
    pub async fn send_necessary(&self, operation: OperationId, request: &HttpRequest) -> Reply {
        self.send_as(operation, request, Sending::Necessary).await
    }

    /// Encodes a value and sends it once: only what was throttled, and so was not performed, is sent again.
    ///
    /// # Errors
    /// The reason why the value cannot be encoded.
    pub async fn call_once(&self, operation: OperationId, input: &Value) -> Result<Reply, String> {
        let request = encode_request(self.schema, operation, input).map_err(|error| error.to_string())?;
        self.touched.value(self.schema, self.schema[operation].input, input);
        Ok(self.send_as(operation, &request, Sending::Once).await)
    }

    async fn send_as(&self, operation: OperationId, request: &HttpRequest, how: Sending) -> Reply {
        let reply = self.ask_for(operation, request, how).await;
        self.reach.answered(operation, request, &reply);
        reply
    }

    /// Sends a request, and sends it again as long as that makes sense.
    async fn ask_for(&self, operation: OperationId, request: &HttpRequest, how: Sending) -> Reply {
        let necessary = how == Sending::Necessary;
        if let Err(why) = self.may_send(operation, request).await {
            return Reply::Trouble(format!("not sent: {why}"), Trouble::Other);
        }
        let name = &self.schema[operation].name;
        let offered = matches!(self.support[operation.index()].get(), Some(None));
        // An endpoint in this process always gives the same response.
        let retries = if self.transport.is_in_process() { 0 } else { RETRIES };
        let (mut first_trouble, mut was_lost) = (None, false);
        let mut attempt = 0;
        loop {
            let result = if necessary {
                self.transport.send_necessary(name, request).await
            } else {
                self.transport.send(name, request).await
            };
            let lost = result.as_ref().is_err_and(|error| {
                let may_repeat = || how == Sending::Usual && self.may_repeat(operation, request, error);
                error.is_lost() && (necessary || may_repeat())
            });
            let header = |name: &str| result.as_ref().ok().and_then(|exchange| exchange.response.headers.get(name));
            if let Some(server) = header("server").filter(|server| !server.is_empty()) {
                self.server.get_or_init(|| excerpt(server));
            }
            let pause = header("retry-after");
            let pause = pause.and_then(|text| text.parse::<u64>().ok());
            let pause = pause.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
            let (reply, throttled) = classify(self.schema, operation, result, offered);
            if throttled {
                self.transport.pace().throttled(pause);
            } else if !matches!(reply, Reply::Trouble(..)) {
                self.transport.pace().served();
            }
            if let Reply::Refused(_, error) = &reply
                && let Some(shape) = error.modelled
            {
                self.touched.error(operation, shape);
            }
            if matches!(reply, Reply::Success(_)) {
                self.accepted.fetch_add(1, Ordering::Relaxed);
            }
            let retry = match &reply {
                Reply::Trouble(..) => throttled || (lost && attempt < LOST_RETRIES),
                Reply::Refused(exchange, _) if how != Sending::Once => {
                    reply.is_server_fault() && TRANSIENT.contains(&exchange.response.status)
                }
                _ => false,
            };
            if !retry {
                self.throttled.store(0, Ordering::Relaxed);
                let Some(trouble) = first_trouble else { return reply };
                // The lost request may have been performed, so that the second one meets its result.
                let meets_itself = was_lost
                    && reply.refusal().is_some_and(|(status, code)| status == 404 || is_conflict(status, code));
                if meets_itself {
                    let why = format!("{trouble}; the same request again: {}", reply.describe());
                    return Reply::Trouble(why, Trouble::Other);
                }
                self.note("trouble that passed with another attempt", trouble);
                return reply;
            }
            // There is no use in waiting for an endpoint that throttles every request.
            let gives_up = throttled && self.throttled.load(Ordering::Relaxed) >= MAX_THROTTLED;
            if attempt == retries || gives_up {
                self.throttled.fetch_add(u32::from(throttled), Ordering::Relaxed);
                // 502 to 504 say nothing about the request; a 500 may.
                return match reply.refusal() {
                    Some((502..=504, _)) => {
                        Reply::Trouble(format!("out of service: {}", reply.describe()), Trouble::Other)
                    }
                    _ => reply,
                };
            }
            first_trouble.get_or_insert_with(|| reply.describe());
            was_lost |= lost;
            tokio::time::sleep(pause.unwrap_or(self.pause(attempt))).await;
            attempt += 1;
        }
    }

    /// True if a request can be repeated although the first may have been performed. Connections on this machine do not
    /// break by themselves, except for idle ones, and a second resource does no harm there.
    fn may_repeat(&self, operation: OperationId, request: &HttpRequest, error: &TransportError) -> bool {
        if self.target.loopback {
            return error.is_closed();
        }
        let contract = &self.schema[operation];
        let token = self.schema.input_members(contract).and_then(Members::idempotency_token);
        let has_token = || {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            token.is_some_and(|token| body.get(&token.json_name).is_some())
        };
        self.is_read(operation) || has_token()
    }

    /// Pause before a retry if the endpoint asks for none.
    fn pause(&self, attempt: u32) -> Duration {
        Duration::from_millis(if self.target.loopback { 20 } else { 500 }) * 2_u32.pow(attempt)
    }

    /// Encodes a value and sends it.
    ///
    /// # Errors
    /// The reason why the value cannot be encoded.
    pub async fn call(&self, operation: OperationId, input: &Value) -> Result<Reply, String> {
        let request = encode_request(self.schema, operation, input).map_err(|error| error.to_string())?;
        self.touched.value(self.schema, self.schema[operation].input, input);
        Ok(self.send(operation, &request).await)
    }

    /// Members and errors of the contract that were touched.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }

    /// The operations that answered a success to a request that names only things that exist. Of `operations`, the run calls
    /// those without a reason.
    pub fn reached(&self, operations: &[(OperationId, Option<String>)]) -> Reached {
        self.reach.of(operations)
    }

    /// The transport, for trials that need more than request and response.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The run id, which is part of every name of the run.
    pub fn run_id(&self) -> &str {
        &self.run_tag.run_id
    }

    /// A generator of small valid inputs.
    pub fn generator(&self, config: Config) -> Generator<'static> {
        Generator::new(self.schema, config)
    }

    /// Random bytes for the values of one case; the same for the same seed and label.
    pub fn bytes(&self, label: &str) -> Vec<u8> {
        Stream::new(self.seed, label).bytes(BYTES)
    }

    /// Records behaviour of the endpoint that the contract does not define.
    pub fn learn(&self, topic: impl Into<String>, fact: impl Into<String>) {
        if let Ok(mut learned) = self.learned.lock() {
            let facts = learned.entry(topic.into()).or_default();
            let mut fact = excerpt(&fact.into());
            if facts.len() >= MAX_FACTS && !facts.contains_key(&fact) {
                "something else every time".clone_into(&mut fact);
            }
            *facts.entry(fact).or_default() += 1;
        }
    }

    /// Records a fact about the run itself.
    pub fn note(&self, topic: impl std::fmt::Display, fact: impl Into<String>) {
        self.learn(format!("{THIS_RUN}{topic}"), fact);
    }

    /// The recorded facts by topic, with their counts.
    pub fn learned(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut learned = self.learned.lock().map(|learned| learned.clone()).unwrap_or_default();
        let skew = self.transport.skew();
        if skew != 0 {
            let direction = if skew < 0 { "behind" } else { "ahead" };
            let fact = format!("{} s {direction} of the one here, which signatures allow for", skew.unsigned_abs());
            learned.entry(format!("{THIS_RUN}clock of the endpoint")).or_default().insert(fact, 1);
        }
        if let Some(server) = self.server.get() {
            learned.entry(SERVER.to_owned()).or_default().insert(server.clone(), 1);
        }
        learned
    }

    /// Requests that the endpoint accepted (2xx) so far.
    pub fn requests_accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Requests sent so far.
    pub fn requests_sent(&self) -> u64 {
        self.transport.requests_sent() + self.guarded.as_ref().map_or(0, |guarded| guarded.requests_sent())
    }

    /// The response by which the endpoint says that it does not offer an operation; none if it offers it. Determined once
    /// per operation, with the smallest valid request.
    pub async fn unsupported(&self, operation: OperationId) -> Option<String> {
        let known = self.support[operation.index()].get_or_try_init(|| async {
            match self.ask(operation).await? {
                Reply::Unsupported(why) => self.still_answers(operation).await.map(|()| Some(why)),
                Reply::Success(_) | Reply::Refused(..) => {
                    self.add_control(operation);
                    Ok(None)
                }
                // Without a usable response, the next trial asks again.
                Reply::Trouble(why, _) => Err(why),
            }
        });
        known.await.ok().cloned().flatten()
    }

    /// Sends the smallest valid request.
    async fn ask(&self, operation: OperationId) -> Result<Reply, String> {
        let input = self.input(operation, Config::sparse(), "support", &SchemaPath::default()).await?;
        self.call(operation, &input).await
    }

    fn is_read(&self, operation: OperationId) -> bool {
        is_read(self.schema, operation)
    }

    /// Keeps an operation that was answered as a control: reads, and one write until there is a read.
    fn add_control(&self, operation: OperationId) {
        let mut controls = self.controls.lock().unwrap_or_else(PoisonError::into_inner);
        let reads = self.is_read(operation);
        if reads {
            controls.retain(|control| self.is_read(*control));
        }
        if controls.is_empty() || reads && controls.len() < CONTROLS {
            controls.push(operation);
        }
    }

    /// Checks that an endpoint which does not know an operation has not gone away: behind a load balancer, all operations
    /// are unknown then. The resource that one control names may be gone, so all of them are asked.
    async fn still_answers(&self, unknown: OperationId) -> Result<(), String> {
        let name = |operation: OperationId| &self.schema[operation].name;
        let mut gone = None;
        if self.answered.contains(&unknown) {
            gone = Some(format!("{}, as an earlier part of the run shows", name(unknown)));
        } else {
            let controls = self.controls.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for control in controls {
                let why = match self.ask(control).await? {
                    Reply::Unsupported(why) => Some(why),
                    // The answer of an operation that is known counts as a refusal.
                    Reply::Refused(exchange, error) => reply::unsupported(exchange.response.status, &error),
                    Reply::Success(_) => None,
                    Reply::Trouble(why, _) => return Err(why),
                };
                let Some(why) = why else { return Ok(()) };
                gone = Some(format!("{} ({why})", name(control)));
            }
        }
        let Some(gone) = gone else { return Ok(()) };
        let why = format!("the endpoint no longer knows what it answered before: {gone}");
        self.note("operations that were not taken for unsupported", &why);
        Err(why)
    }

    /// False if the endpoint is known not to offer an operation.
    pub fn may_offer(&self, operation: OperationId) -> bool {
        !matches!(self.support[operation.index()].get(), Some(Some(_)))
    }

    /// Takes one request from the budget for shrinking; false if none is left.
    pub fn may_shrink(&self) -> bool {
        self.shrink.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}
