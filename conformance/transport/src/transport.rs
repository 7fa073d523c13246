//! Sends one HTTP message and returns the response, bounded in time and size, byte for byte as encoded; or passes it to an
//! endpoint in the same process. Knows operations by name only, and judges nothing: errors are classified, never
//! interpreted.

mod again;
mod given;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use connect_model::wire::message::{HttpRequest, HttpResponse};
use http::uri::PathAndQuery;
use tokio::sync::Notify;

use crate::connection::{Connections, Limits, PreparedRequest, RawReason};
use crate::endpoint::Endpoint;
use crate::error::{ConnectionError, ProbeError, TransportError};
use crate::exchange::{Exchange, Omitted};
use crate::health::{Health, Patience};
use crate::hook::{LedgerEvent, RequestHook};
use crate::pace::{Pace, PaceConfig};
use crate::parsed::{GrammarError, RequestPath};
use crate::secrets::{Secrets, remove, without_secrets};
use crate::signing::{RequestSigner, clock};
use crate::target::Target;
use connect_model::text::excerpt;

/// Longest wait of [`Transport::probe`].
const PROBE: Duration = Duration::from_secs(3);

/// The user agent of requests that bring none.
const USER_AGENT: &str = concat!("connect-conformance/", env!("CARGO_PKG_VERSION"));

/// Limits of every exchange.
#[derive(Clone, Debug)]
pub struct TransportConfig {
    /// Time for one request, from connecting to the last byte of the response.
    pub timeout: Duration,
    /// Largest response body, in bytes as sent: nothing is decompressed.
    pub max_response_bytes: usize,
    /// Largest number of values, keys and brackets in a JSON response body.
    pub max_response_values: usize,
    /// Number of requests without a whole response (no connection, or silence until the deadline) after which nothing
    /// more is sent: a dead endpoint must not cost `timeout` per trial.
    pub patience: Patience,
    /// Request rate and total number of requests.
    pub pace: PaceConfig,
    /// Sees every request before it is sent, and its result.
    pub hook: Option<Arc<dyn RequestHook>>,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            max_response_bytes: 2 << 20,
            max_response_values: 100_000,
            patience: Patience::default(),
            pace: PaceConfig::default(),
            hook: None,
        }
    }
}

/// A client for one target. Keeps connections alive, follows no redirects, decompresses nothing. Shared by all trials.
#[derive(Debug)]
pub struct Transport {
    endpoint: Endpoint,
    config: TransportConfig,
    route: Route,
    signer: Option<RequestSigner>,
    /// The secret keys and session tokens of all requests, since a response may repeat that of an earlier one, and the password
    /// for a proxy.
    tokens: Mutex<Secrets>,
    /// Requests by operation.
    sent: Mutex<BTreeMap<String, u64>>,
    health: Health,
    pace: Arc<Pace>,
    /// Seconds by which the endpoint's clock is ahead of ours; 0 until a rejection shows otherwise.
    skew: AtomicI64,
}

/// The route to the endpoint.
#[derive(Debug)]
enum Route {
    Network(Box<Connections>),
    InProcess(InProcess),
}

/// An endpoint in this process: a function from request to response.
#[derive(Clone)]
pub struct InProcess(Arc<dyn Fn(&HttpRequest) -> HttpResponse + Send + Sync>);

impl InProcess {
    /// An endpoint that calls a function.
    pub fn new(handle: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        Self(Arc::new(handle))
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InProcess")
    }
}

/// The signature of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    /// Added if there are credentials. A request that brings one is not sent.
    Ours,
    /// The one that the request brings, or none.
    AsGiven,
}

/// Result of [`Transport::send_and_hang_up`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// The connection was closed before a response arrived.
    HungUp,
    /// The response was faster.
    Answered,
}

impl Transport {
    /// A client that signs with the target's credentials, if it has any, for `signing_name` (from the model's service).
    ///
    /// # Errors
    /// [`TransportError::Connect`] if TLS cannot be set up on this machine.
    pub fn new(target: &Target, signing_name: &str, config: TransportConfig) -> Result<Self, TransportError> {
        let limits = Limits { body_bytes: config.max_response_bytes, json_values: config.max_response_values };
        let connections = Connections::new(&target.endpoint, config.timeout, limits)
            .map_err(|detail| TransportError::Connect { url: target.endpoint.to_string(), detail })?;
        let signer =
            target.credentials.clone().map(|keyring| RequestSigner::new(keyring, target.region.as_str(), signing_name));
        let mut tokens = Secrets::default();
        connections.proxy_secrets().iter().for_each(|secret| tokens.add_key(secret));
        let transport = Self::with(target, Route::Network(Box::new(connections)), signer, config);
        Ok(Self { tokens: Mutex::new(tokens), ..transport })
    }

    /// A client of an endpoint in this process. Signs nothing. `target` is for messages only.
    pub fn in_process(target: &Target, endpoint: InProcess, config: TransportConfig) -> Self {
        Self::with(target, Route::InProcess(endpoint), None, config)
    }

    fn with(target: &Target, route: Route, signer: Option<RequestSigner>, config: TransportConfig) -> Self {
        Self {
            endpoint: target.endpoint.clone(),
            pace: Arc::new(Pace::new(config.pace)),
            health: Health::new(config.patience),
            config,
            route,
            signer,
            tokens: Mutex::default(),
            sent: Mutex::default(),
            skew: AtomicI64::new(0),
        }
    }

    /// Returns true if the endpoint is in this process.
    pub fn is_in_process(&self) -> bool {
        matches!(self.route, Route::InProcess(_))
    }

    /// Sends a request and reads the whole response within the configured deadline. Any status is a response.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send(&self, operation: &str, request: &HttpRequest) -> Result<Exchange, TransportError> {
        self.send_within(operation, request, self.config.timeout).await
    }

    /// Sends a request that cleans up after others: even after the last request that a run may send, and even to an
    /// endpoint that was given up.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send_necessary(&self, operation: &str, request: &HttpRequest) -> Result<Exchange, TransportError> {
        self.pace.turn_beyond_limit().await;
        self.send_recorded(operation, request, self.config.timeout, Signature::Ours).await
    }

    /// Like [`Transport::send`] with a deadline of its own. The connection is closed when the deadline passes.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send_within(
        &self,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
    ) -> Result<Exchange, TransportError> {
        self.health.may_send(operation).map_err(TransportError::GaveUp)?;
        self.pace.turn().await;
        self.send_recorded(operation, request, deadline, Signature::Ours).await
    }

    /// Sends a request between the two calls of the hook.
    async fn send_recorded(
        &self,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
        signature: Signature,
    ) -> Result<Exchange, TransportError> {
        if signature == Signature::Ours {
            given::none_of_sender(request)?;
        }
        let event = self.before(request)?;
        let (sent, begun) = (SystemTime::now(), Instant::now());
        let result = self.respond(operation, request, deadline, signature).await;
        self.after(&event, request, &result);
        Ok(Exchange {
            operation: operation.to_owned(),
            request: without_secrets(request),
            response: result?,
            sent,
            duration: begun.elapsed(),
            omitted: Omitted::default(),
        })
    }

    fn before(&self, request: &HttpRequest) -> Result<LedgerEvent, TransportError> {
        let Some(hook) = &self.config.hook else { return Ok(LedgerEvent::Other) };
        hook.before(request).map_err(TransportError::Unsendable)
    }

    fn after(&self, event: &LedgerEvent, request: &HttpRequest, result: &Result<HttpResponse, TransportError>) {
        if let Some(hook) = &self.config.hook {
            hook.after(event, request, result);
        }
    }

    async fn respond(
        &self,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
        signature: Signature,
    ) -> Result<HttpResponse, TransportError> {
        let result = match &self.route {
            Route::InProcess(InProcess(handle)) => {
                self.count(operation);
                Ok(handle(request))
            }
            Route::Network(connections) if signature == Signature::AsGiven => {
                self.send_once(connections, operation, request, None, deadline).await
            }
            Route::Network(connections) => self.send_signed(connections, operation, request, deadline).await,
        };
        match &result {
            // A deadline that a check shortened says nothing about the endpoint's health.
            Err(error) if error.is_silence() && deadline < self.config.timeout => {}
            Err(error) if error.is_silence() => self.health.silent(operation, &error.to_string()),
            Err(error @ TransportError::Unsigned(_)) => self.health.unsigned(&error.to_string()),
            _ => self.health.answered(operation),
        }
        result
    }

    /// Sends a request over the network, and a second time if the response shows that only the signature was wrong.
    async fn send_signed(
        &self,
        connections: &Connections,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let renewals = self.renewals();
        let result = self.send_once(connections, operation, request, self.signer.as_ref(), deadline).await;
        match &result {
            // The signature was rejected before the request was read: it may be sent again, signed for the endpoint's
            // time or with renewed credentials.
            Ok(response)
                if self.signer.is_some()
                    && (self.notes_skew(response) || self.has_renewed(response, renewals).await) =>
            {
                // The request has had its turn already, and the limit may leave no other.
                self.pace.turn_beyond_limit().await;
                self.send_once(connections, operation, request, self.signer.as_ref(), deadline).await
            }
            _ => result,
        }
    }

    async fn send_once(
        &self,
        connections: &Connections,
        operation: &str,
        request: &HttpRequest,
        signer: Option<&RequestSigner>,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let prepared = self.prepare(request, signer).await?;
        self.count(operation);
        self.exchange(connections, operation, prepared, deadline).await
    }

    /// Sends a request and closes the connection `linger` after the last byte was passed to the system: a client that
    /// leaves before the response. Only the endpoint can show if it has read the request.
    ///
    /// # Errors
    /// [`TransportError::Unsendable`] for a request without a body, whose end cannot be observed, and for an endpoint in
    /// this process; else as for [`Transport::send`].
    pub async fn send_and_hang_up(
        &self,
        operation: &str,
        request: &HttpRequest,
        linger: Duration,
    ) -> Result<HangUp, TransportError> {
        self.health.may_send(operation).map_err(TransportError::GaveUp)?;
        if request.body.is_empty() {
            return Err(TransportError::Unsendable(
                "the end of a request without a body cannot be observed".to_owned(),
            ));
        }
        let Route::Network(connections) = &self.route else {
            return Err(TransportError::Unsendable(
                "an endpoint in this process has no connection to close".to_owned(),
            ));
        };
        given::none_of_sender(request)?;
        self.pace.turn().await;
        let taken = Arc::new(Notify::new());
        let prepared = self.prepare(request, self.signer.as_ref()).await?;
        let event = self.before(request)?;
        self.count(operation);
        let leave = async {
            taken.notified().await;
            let begun = Instant::now();
            // Timers are too coarse: an endpoint on this machine responds in less than a millisecond.
            while begun.elapsed() < linger {
                tokio::task::yield_now().await;
            }
        };
        let secrets = self.secrets_of(&prepared);
        let mut received = None;
        let exchange = connections.exchange_unpooled(operation, prepared, Arc::clone(&taken), &mut received);
        let outcome = tokio::select! {
            biased;
            outcome = tokio::time::timeout(self.config.timeout, exchange) => outcome,
            () = leave => return Ok(HangUp::HungUp),
        };
        let result = self.conclude(outcome, received, &secrets, self.config.timeout);
        self.after(&event, request, &result);
        result.map(|_| HangUp::Answered)
    }

    /// Requests `/`, unsigned, to check that the endpoint can be reached. Any response is enough, and so is a connection
    /// that stays silent. Not counted.
    ///
    /// # Errors
    /// No connection can be made.
    pub async fn probe(&self) -> Result<(), ProbeError> {
        let Route::Network(connections) = &self.route else { return Ok(()) };
        let request = HttpRequest { method: "GET".to_owned(), uri: "/".to_owned(), ..HttpRequest::default() };
        let unreachable = |detail| ProbeError { url: self.endpoint.to_string(), proxy: connections.proxy(), detail };
        let prepared = self.prepare(&request, None).await.map_err(|error| unreachable(error.to_string()))?;
        match self.exchange(connections, "", prepared, PROBE.min(self.config.timeout)).await {
            Err(TransportError::Connect { detail, .. }) => Err(unreachable(detail)),
            _ => Ok(()),
        }
    }

    /// Number of requests sent or attempted, without the probe.
    pub fn requests_sent(&self) -> u64 {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Number of requests sent or attempted, by operation.
    pub fn sent_by_operation(&self) -> BTreeMap<String, u64> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Number of requests sent on the raw path, by operation and reason.
    pub fn sent_raw(&self) -> BTreeMap<(String, RawReason), u64> {
        match &self.route {
            Route::Network(connections) => connections.sent_raw(),
            Route::InProcess(_) => BTreeMap::new(),
        }
    }

    fn count(&self, operation: &str) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match sent.get_mut(operation) {
            Some(count) => *count += 1,
            None => {
                sent.insert(operation.to_owned(), 1);
            }
        }
    }

    /// The same transport at the pace of another one: they share rate and number of requests, as two ways to one service.
    #[must_use]
    pub fn at_pace_of(mut self, other: &Self) -> Self {
        self.pace = Arc::clone(&other.pace);
        self
    }

    /// Rate limiter of the requests.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Seconds by which the endpoint's clock was found to be ahead of ours.
    pub fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// Operations that still respond, and those given up: [`TransportError::GaveUp`].
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Checks that HTTP can carry a request, and signs it.
    async fn prepare(
        &self,
        request: &HttpRequest,
        signer: Option<&RequestSigner>,
    ) -> Result<PreparedRequest, TransportError> {
        let unsendable = |what: String| TransportError::Unsendable(what);
        let wanted: RequestPath = request.uri.parse().map_err(|error: GrammarError| unsendable(error.to_string()))?;
        let text = format!("{}{wanted}", self.endpoint.prefix());
        let path: PathAndQuery =
            text.parse().map_err(|error| unsendable(format!("path `{}`: {error}", excerpt(&text))))?;
        let mut builder = http::Request::builder().method(request.method.as_str());
        for (name, value) in &request.headers.0 {
            builder = builder.header(name, value);
        }
        if request.headers.get("user-agent").is_none() {
            builder = builder.header("user-agent", USER_AGENT);
        }
        if let Some(signer) = signer {
            let url = self.endpoint.url_of(&wanted);
            let signer = self.keeping_key(signer.signer().await)?;
            for (name, value) in signer.headers(request, &url, clock(self.skew())).map_err(unsendable)? {
                builder = builder.header(name, value);
            }
        }
        let (head, ()) = builder
            .body(())
            .map_err(|error| unsendable(format!("{} {}: {error}", request.method, excerpt(&text))))?
            .into_parts();
        Ok(PreparedRequest { method: head.method, path, headers: head.headers, body: request.body.clone() })
    }

    async fn exchange(
        &self,
        connections: &Connections,
        operation: &str,
        prepared: PreparedRequest,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let mut received = None;
        let secrets = self.secrets_of(&prepared);
        let exchange = connections.exchange(operation, prepared, &mut received);
        let outcome = tokio::time::timeout(deadline, exchange).await;
        self.conclude(outcome, received, &secrets, deadline)
    }

    /// The signature of a request. Its session token is kept for all later responses.
    fn secrets_of(&self, request: &PreparedRequest) -> Secrets {
        let query = request.path.query();
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).add_token(&request.headers, query);
        let mut secrets = Secrets::default();
        secrets.add_signature(&request.headers, query);
        secrets
    }

    /// The result of an exchange that ended or ran into its deadline, without the secrets of its request.
    fn conclude(
        &self,
        outcome: Result<Result<(), ConnectionError>, tokio::time::error::Elapsed>,
        received: Option<HttpResponse>,
        secrets: &Secrets,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let received = received.map(|mut response| {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            remove(&mut response, &[secrets, &tokens]);
            response
        });
        match outcome {
            Ok(Ok(())) => received.ok_or_else(|| TransportError::InvalidHttp("no response head".to_owned())),
            Ok(Err(error)) => Err(match error {
                ConnectionError::Unsendable(detail) => TransportError::Unsendable(detail),
                ConnectionError::Connect(detail) => TransportError::Connect { url: self.endpoint.to_string(), detail },
                ConnectionError::Reset(detail) => TransportError::Reset { detail, received: received.map(Box::new) },
                ConnectionError::InvalidHttp(detail) => TransportError::InvalidHttp(detail),
                ConnectionError::TooLarge(excess) => TransportError::TooLarge(excess),
            }),
            Err(_elapsed) => Err(TransportError::Timeout { after: deadline, received: received.map(Box::new) }),
        }
    }
}
