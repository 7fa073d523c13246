//! One run against one target: sends, salts names, makes the resources that trials need, and remembers which operations
//! the endpoint offers. Judges nothing.

mod fixtures;
mod input;
pub mod pager;
pub mod reply;
pub mod run_tag;
pub mod touched;

use fixtures::Fixture;
pub use fixtures::{Made, made_of};

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
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

use crate::cleanup::tidy;
use crate::client::reply::{Reply, classify};
use crate::client::run_tag::RunTag;
use crate::client::touched::Touched;
use crate::ledger::{Ledger, Owner};
use crate::permission::Permission;
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
    run_tag: RunTag,
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
    pub run_id: String,
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
        let ClientConfig { seed, cases, run_id, permission, shrink, settle, ledger } = config;
        Self {
            schema,
            target,
            seed,
            cases,
            permission,
            settle,
            ledger,
            transport,
            run_tag: RunTag { run_id, started: run_tag::seconds(SystemTime::now()) },
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
        format!("{}{}-{}", run_tag::PREFIX, self.run_tag.run_id, self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// A client token that nobody has used. Two of them differ at their beginning.
    pub fn fresh_token(&self) -> String {
        format!("{:08x}-{}-0000", self.counter.fetch_add(1, Ordering::Relaxed), self.run_tag.run_id)
    }

    /// What the names of this run have in common.
    pub fn run_id(&self) -> &str {
        &self.run_tag.run_id
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

    /// Takes one request of those that making findings smaller may take; false when there is none any more.
    pub fn may_shrink(&self) -> bool {
        self.shrink.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(crate) fn is_connect(&self) -> bool {
        self.schema.service.sdk_id == "Connect"
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
