//! Sends one HTTP message and takes one back, bounded in time and size, byte for byte as it was encoded; or hands it to an
//! endpoint in the same process. Knows nothing of operations beyond their names, and judges nothing: trouble is classed,
//! never interpreted.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use connect_model::schema::TimestampFormat;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::timestamp::{self, Reading};
use http::uri::PathAndQuery;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use tokio::sync::Notify;

use crate::aws::Far;
use crate::credentials::chain;
use crate::exchange::{Exchange, Omitted};
use crate::health::{GivenUp, Health, Patience};
use crate::hook::{LedgerEvent, RequestHook};
use crate::json_text::structure;
use crate::pace::{Pace, PaceConfig};
use crate::signing::{SECRET_HEADERS, Signatory, clock, seconds_after, secrets, without_reflections, without_secrets};
use crate::target::{Endpoint, Target};
use crate::text::cut;

/// Idle connections are dropped before a server with the usual five seconds of keep-alive drops them on us.
const IDLE: Duration = Duration::from_secs(4);

/// The longest that [`Transport::probe`] waits for a sign of life.
const PROBE: Duration = Duration::from_secs(3);

/// From so many seconds on, a difference of clocks explains a refusal: signatures hold for five minutes.
const SKEWED: i64 = 240;

/// Largest head of a response, in bytes; as many as hyper reads at once. It takes no more than a hundred headers.
const MOST_HEAD: usize = 64 << 10;

/// In the name of the error for a session token that has expired. Source: Connect API reference, common errors.
const EXPIRED: &str = "ExpiredToken";

/// Bounds of every exchange.
#[derive(Clone, Debug)]
pub struct TransportConfig {
    /// For one request from connecting to the last byte of the response.
    pub timeout: Duration,
    /// Largest response body, in bytes. Nothing is unpacked: these are the bytes that travel.
    pub max_response_bytes: usize,
    /// Most values, keys and brackets of a response body that is JSON.
    pub max_response_values: usize,
    /// After how many requests without a whole answer (no connection, or silence until the deadline) nothing more is
    /// sent: a dead endpoint must not cost `timeout` per trial.
    pub patience: Patience,
    /// How fast, and how much in all.
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

/// Why there is no response to judge.
#[derive(Debug, Error)]
pub enum TransportError {
    /// Nothing was sent: HTTP/1.1 cannot carry the request, or it has no canonical form to sign.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
    /// Nothing was sent: there are no credentials any more.
    #[error("cannot be signed: {0}")]
    Unsigned(String),
    /// No connection: refused, no such host, TLS.
    #[error("no connection to {url}: {detail}")]
    Connect {
        /// The endpoint.
        url: String,
        /// What the system said.
        detail: String,
    },
    /// The deadline passed.
    #[error("no complete response within {after:?}{}", arrived(.received))]
    Timeout {
        /// The deadline.
        after: Duration,
        /// Status, headers and the part of the body that had arrived; none if not even the headers had.
        received: Option<Box<HttpResponse>>,
    },
    /// The connection ended before the response did.
    #[error("connection closed before the response was complete ({detail}){}", arrived(.received))]
    Reset {
        /// What the connection said.
        detail: String,
        /// Status, headers and the part of the body that had arrived; none if not even the headers had.
        received: Option<Box<HttpResponse>>,
    },
    /// What came back is not HTTP/1.1.
    #[error("not an HTTP response: {0}")]
    InvalidHttp(String),
    /// The response is larger than is worth reading.
    #[error("{0}")]
    TooLarge(Excess),
    /// Nothing was sent: the endpoint, or this operation of it, has not answered for too long.
    #[error("not sent: {}", why_given_up(.0))]
    GaveUp(GivenUp),
}

/// What of a response is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Excess {
    /// Status line and headers.
    #[error("response head larger than {MOST_HEAD} bytes or 100 headers")]
    Head,
    /// The body.
    #[error("response body larger than {limit} bytes; the rest was not read")]
    Body {
        /// [`TransportConfig::max_response_bytes`].
        limit: usize,
    },
    /// The JSON in the body.
    #[error("response body with more than {limit} JSON values, keys and brackets; they were not read")]
    Values {
        /// [`TransportConfig::max_response_values`].
        limit: usize,
    },
}

impl TransportError {
    /// One word for the class of trouble, stable.
    pub fn class(&self) -> &'static str {
        match self {
            TransportError::Unsendable(_) => "unsendable",
            TransportError::Unsigned(_) => "unsigned",
            TransportError::Connect { .. } => "connect",
            TransportError::Timeout { .. } => "timeout",
            TransportError::Reset { .. } => "reset",
            TransportError::InvalidHttp(_) => "invalid-http",
            TransportError::TooLarge(_) => "too-large",
            TransportError::GaveUp(_) => "gave-up",
        }
    }

    /// What had arrived before the trouble.
    pub fn received(&self) -> Option<&HttpResponse> {
        match self {
            TransportError::Timeout { received, .. } | TransportError::Reset { received, .. } => received.as_deref(),
            _ => None,
        }
    }

    /// Something was sent, and its answer did not come.
    pub fn is_lost(&self) -> bool {
        matches!(self, TransportError::Timeout { .. } | TransportError::Reset { .. })
    }

    /// Nobody has answered to the end: a head without its body keeps us waiting just as long as nothing at all.
    fn is_silence(&self) -> bool {
        matches!(self, TransportError::Connect { .. } | TransportError::Timeout { .. })
    }
}

fn arrived(received: &Option<Box<HttpResponse>>) -> String {
    match received {
        Some(response) => format!("; status {} and {} bytes of body had arrived", response.status, response.body.len()),
        None => "; nothing had arrived".to_owned(),
    }
}

fn why_given_up(GivenUp { operation, after, last }: &GivenUp) -> String {
    match operation {
        Some(name) => format!("{after} requests in a row to {name} had no whole answer, the last: {last}"),
        None => {
            format!("{after} requests in a row came to nothing, the last: {last}; is the endpoint still alive?")
        }
    }
}

/// Nobody answers at the endpoint.
#[derive(Debug, Error)]
#[error(
    "cannot reach {url}: {detail}; start the endpoint or correct --endpoint (without it, the built-in emulator is used)"
)]
pub struct ProbeError {
    url: String,
    detail: String,
}

/// A client for one target. Keeps connections alive, follows no redirects, unpacks nothing. Shared by all trials.
#[derive(Debug)]
pub struct Transport {
    endpoint: Endpoint,
    config: TransportConfig,
    way: Way,
    signer: Option<Signatory>,
    /// Requests by operation.
    sent: Mutex<BTreeMap<String, u64>>,
    health: Health,
    pace: Pace,
    /// Seconds by which the endpoint's clock is ahead of ours; 0 until a refusal shows otherwise.
    skew: AtomicI64,
}

/// How requests come to the endpoint.
#[derive(Debug)]
enum Way {
    Network(Box<Connections>),
    Direct(Direct),
}

/// An endpoint in this process: a request goes in, a response comes out, and nothing waits.
#[derive(Clone)]
pub struct Direct(Arc<dyn Fn(&HttpRequest) -> HttpResponse + Send + Sync>);

impl Direct {
    /// An endpoint that a function stands for.
    pub fn new(handle: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Self {
        Self(Arc::new(handle))
    }
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct")
    }
}

impl Transport {
    /// A client that signs with the target's credentials for `signing_name` (from the model's service), if there are any.
    ///
    /// # Errors
    /// [`TransportError::Connect`] when TLS cannot be set up on this machine.
    pub fn new(target: &Target, signing_name: &str, config: TransportConfig) -> Result<Self, TransportError> {
        let client = Connections::new(&target.endpoint, config.timeout)
            .map_err(|detail| TransportError::Connect { url: target.endpoint.to_string(), detail })?;
        let signer = target.credentials.clone().map(|who| Signatory::new(who, &target.region, signing_name));
        Ok(Self {
            endpoint: target.endpoint.clone(),
            pace: Pace::new(config.pace),
            health: Health::new(config.patience),
            config,
            way: Way::Network(Box::new(client)),
            signer,
            sent: Mutex::default(),
            skew: AtomicI64::new(0),
        })
    }

    /// A client of an endpoint in this process: nothing waits, and nothing is signed. `target` is for messages only.
    pub fn direct(target: &Target, endpoint: Direct, config: TransportConfig) -> Self {
        Self {
            endpoint: target.endpoint.clone(),
            pace: Pace::new(config.pace),
            health: Health::new(config.patience),
            config,
            way: Way::Direct(endpoint),
            signer: None,
            sent: Mutex::default(),
            skew: AtomicI64::new(0),
        }
    }

    /// Whether the endpoint is in this process.
    pub fn is_direct(&self) -> bool {
        matches!(self.way, Way::Direct(_))
    }

    /// Sends a request and reads the whole response within the configured deadline. Any status is a response.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send(&self, operation: &str, request: &HttpRequest) -> Result<Exchange, TransportError> {
        self.send_within(operation, request, self.config.timeout).await
    }

    /// Sends a request that takes away what others made: also after the last that a run may send, and to an endpoint
    /// that was given up.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send_necessary(&self, operation: &str, request: &HttpRequest) -> Result<Exchange, TransportError> {
        self.pace.turn_of_necessity().await;
        self.entered(operation, request, self.config.timeout).await
    }

    /// Like [`Transport::send`] with a deadline of its own. When it passes, the connection is closed.
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
        self.entered(operation, request, deadline).await
    }

    /// Exchanges messages between two entries in the ledger.
    async fn entered(
        &self,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
    ) -> Result<Exchange, TransportError> {
        let event = self.before(request)?;
        let begun = Instant::now();
        let result = self.answer(operation, request, deadline).await;
        self.after(&event, request, &result);
        Ok(Exchange {
            operation: operation.to_owned(),
            request: without_secrets(request),
            response: result?,
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

    async fn answer(
        &self,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let result = match &self.way {
            Way::Direct(Direct(handle)) => {
                self.count(operation);
                Ok(handle(request))
            }
            Way::Network(connections) => self.asked(connections, operation, request, deadline).await,
        };
        match &result {
            // A deadline that a check made short says nothing about the endpoint's health.
            Err(error) if error.is_silence() && deadline < self.config.timeout => {}
            Err(error) if error.is_silence() => self.health.silent(operation, &error.to_string()),
            Err(error @ TransportError::Unsigned(_)) => self.health.unsigned(&error.to_string()),
            _ => self.health.answered(operation),
        }
        result
    }

    /// Asks over the network, and once more where the answer shows that the signature alone was wrong.
    async fn asked(
        &self,
        connections: &Connections,
        operation: &str,
        request: &HttpRequest,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let renewals = self.renewals();
        let outgoing = self.outgoing(request, self.signer.as_ref()).await?;
        self.count(operation);
        let answer = self.exchange(connections, outgoing, deadline).await;
        match &answer {
            // Refused before anybody looked at it: it may be sent again, signed for the time that is there, or with
            // credentials that have not expired.
            Ok(response)
                if self.signs(request) && (self.notes_skew(response) || self.has_others(response, renewals).await) =>
            {
                // What it is sent for has had its turn, and must not wait for one that may never come.
                self.pace.turn_of_necessity().await;
                let outgoing = self.outgoing(request, self.signer.as_ref()).await?;
                self.count(operation);
                self.exchange(connections, outgoing, deadline).await
            }
            _ => answer,
        }
    }

    /// Sends a request and closes the connection a moment after the last of it was handed to the system: the client that
    /// goes away before the answer. Whether the endpoint has read it, only the endpoint can show.
    ///
    /// # Errors
    /// [`TransportError::Unsendable`] for a request without a body, whose end cannot be told, and without a connection
    /// to close; else as for [`Transport::send`].
    pub async fn send_and_hang_up(
        &self,
        operation: &str,
        request: &HttpRequest,
        linger: Duration,
    ) -> Result<Parting, TransportError> {
        self.health.may_send(operation).map_err(TransportError::GaveUp)?;
        if request.body.is_empty() {
            return Err(TransportError::Unsendable("nothing tells when a request without a body is out".to_owned()));
        }
        let Way::Network(connections) = &self.way else {
            return Err(TransportError::Unsendable(
                "an endpoint in this process has no connection to close".to_owned(),
            ));
        };
        self.pace.turn().await;
        let taken = Arc::new(Notify::new());
        let mut outgoing = self.outgoing(request, self.signer.as_ref()).await?;
        outgoing.body_mut().taken = Some(Arc::clone(&taken));
        let event = self.before(request)?;
        self.count(operation);
        let leave = async {
            taken.notified().await;
            let out = Instant::now();
            // Timers are too coarse for a process on this machine, which answers in less than a millisecond.
            while out.elapsed() < linger {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            answer = self.exchange(connections, outgoing, self.config.timeout) => {
                self.after(&event, request, &answer);
                answer.map(|_| Parting::Answered)
            }
            () = leave => Ok(Parting::HungUp),
        }
    }

    /// Asks for `/`, unsigned, to see whether anybody is there. Any answer will do, and so does a connection that stays
    /// silent; it is counted nowhere.
    ///
    /// # Errors
    /// No connection can be made.
    pub async fn probe(&self) -> Result<(), ProbeError> {
        let Way::Network(connections) = &self.way else { return Ok(()) };
        let request = HttpRequest { method: "GET".to_owned(), uri: "/".to_owned(), ..HttpRequest::default() };
        let unreachable = |detail| ProbeError { url: self.endpoint.to_string(), detail };
        let outgoing = self.outgoing(&request, None).await.map_err(|error| unreachable(error.to_string()))?;
        match self.exchange(connections, outgoing, PROBE.min(self.config.timeout)).await {
            Err(TransportError::Connect { detail, .. }) => Err(unreachable(detail)),
            _ => Ok(()),
        }
    }

    /// Requests that went out (or tried to), without the probe.
    pub fn requests_sent(&self) -> u64 {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// The same, of each operation.
    pub fn sent_by_operation(&self) -> BTreeMap<String, u64> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// How fast requests go out.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Seconds by which the endpoint's clock was found to be ahead of ours.
    pub fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// A refusal whose `Date` is far from the time that we signed for: the clocks differ, and from now on we sign for
    /// the endpoint's. AWS SDKs do likewise.
    fn notes_skew(&self, response: &HttpResponse) -> bool {
        if !matches!(response.status, 400 | 401 | 403) {
            return false;
        }
        let date = response.headers.get("date").unwrap_or_default();
        let Some(there) = timestamp::parse(date, TimestampFormat::HttpDate, Reading::Client) else { return false };
        // `Date` has whole seconds, the fraction cut off.
        let ahead = seconds_after(there.into(), SystemTime::now()).ceil() as i64;
        let is_news = (ahead - self.skew()).abs() >= SKEWED;
        if is_news {
            self.skew.store(ahead, Ordering::Relaxed);
        }
        is_news
    }

    /// A refusal of credentials that have expired, for which there are others now than after so many renewals.
    async fn has_others(&self, response: &HttpResponse, renewals: usize) -> bool {
        let told = response.headers.get("x-amzn-errortype").unwrap_or_default();
        let is_expiry = matches!(response.status, 400 | 401 | 403) && told.contains(EXPIRED);
        match &self.signer {
            Some(signatory) if is_expiry => signatory.keyring().renewed(renewals).await,
            _ => false,
        }
    }

    fn renewals(&self) -> usize {
        self.signer.as_ref().map_or(0, |signatory| signatory.keyring().renewals())
    }

    /// A request that brings a signature of its own keeps it.
    fn signs(&self, request: &HttpRequest) -> bool {
        self.signer.is_some() && !SECRET_HEADERS.iter().any(|name| request.headers.get(name).is_some())
    }

    /// What still answers, and what was given up: [`TransportError::GaveUp`].
    pub fn health(&self) -> &Health {
        &self.health
    }

    async fn outgoing(
        &self,
        request: &HttpRequest,
        signer: Option<&Signatory>,
    ) -> Result<http::Request<Outgoing>, TransportError> {
        let unsendable = |what: String| TransportError::Unsendable(what);
        let path = format!("{}{}", self.endpoint.prefix(), request.uri);
        let path_and_query: PathAndQuery =
            path.parse().map_err(|error| unsendable(format!("path `{}`: {error}", cut(&path))))?;
        if path_and_query.as_str() != path || !request.uri.starts_with('/') {
            return Err(unsendable(format!("path `{}`: must begin with `/` and have no fragment", cut(&path))));
        }
        let uri = http::Uri::builder()
            .scheme(self.endpoint.scheme())
            .authority(self.endpoint.authority())
            .path_and_query(path_and_query)
            .build()
            .map_err(|error| unsendable(error.to_string()))?;
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(uri);
        for (name, value) in &request.headers.0 {
            builder = builder.header(name, value);
        }
        if request.headers.get("user-agent").is_none() {
            builder = builder.header("user-agent", concat!("connect-conformance/", env!("CARGO_PKG_VERSION")));
        }
        if let Some(signer) = signer.filter(|_| self.signs(request)) {
            let url = self.endpoint.url_of(&request.uri);
            let signer = signer.signer().await.map_err(TransportError::Unsigned)?;
            for (name, value) in signer.headers(request, &url, clock(self.skew())).map_err(unsendable)? {
                builder = builder.header(name, value);
            }
        }
        builder
            .body(Outgoing::new(request.body.clone()))
            .map_err(|error| unsendable(format!("{} {}: {error}", request.method, cut(&path))))
    }

    async fn exchange(
        &self,
        connections: &Connections,
        outgoing: http::Request<Outgoing>,
        deadline: Duration,
    ) -> Result<HttpResponse, TransportError> {
        let mut received = None;
        let secrets = secrets(outgoing.headers());
        let outcome = tokio::time::timeout(deadline, self.read(connections, outgoing, &mut received)).await;
        if let Some(response) = &mut received {
            without_reflections(response, &secrets);
        }
        match outcome {
            Ok(Ok(())) => received.ok_or_else(|| TransportError::InvalidHttp("no response head".to_owned())),
            Ok(Err(trouble)) => Err(match trouble {
                Trouble::Connect(detail) => TransportError::Connect { url: self.endpoint.to_string(), detail },
                Trouble::Reset(detail) => TransportError::Reset { detail, received: received.map(Box::new) },
                Trouble::InvalidHttp(detail) => TransportError::InvalidHttp(detail),
                Trouble::TooLarge(excess) => TransportError::TooLarge(excess),
            }),
            Err(_elapsed) => Err(TransportError::Timeout { after: deadline, received: received.map(Box::new) }),
        }
    }

    /// Fills `received` as bytes come in, so that a deadline or a reset finds what there was.
    async fn read(
        &self,
        connections: &Connections,
        outgoing: http::Request<Outgoing>,
        received: &mut Option<HttpResponse>,
    ) -> Result<(), Trouble> {
        let response = connections.request(outgoing).await.map_err(|error| Trouble::of_head(&error))?;
        let (head, mut body) = response.into_parts();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let so_far =
            received.insert(HttpResponse { status: head.status.as_u16(), headers: Headers(headers), body: Vec::new() });
        let (limit, promised) = (self.config.max_response_bytes, body.size_hint().exact());
        if promised.is_some_and(|bytes| bytes > limit as u64) {
            return Err(Trouble::TooLarge(Excess::Body { limit }));
        }
        so_far.body.reserve_exact(promised.map_or(0, |bytes| bytes as usize));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Trouble::of_connection(&error))?;
            let Ok(data) = frame.into_data() else { continue };
            if so_far.body.len() + data.len() > limit {
                return Err(Trouble::TooLarge(Excess::Body { limit }));
            }
            so_far.body.extend_from_slice(&data);
        }
        so_far.body.shrink_to_fit();
        let limit = self.config.max_response_values;
        if structure(&so_far.body) > limit {
            return Err(Trouble::TooLarge(Excess::Values { limit }));
        }
        Ok(())
    }
}

/// [`TransportError`] before it knows what had arrived.
enum Trouble {
    Connect(String),
    Reset(String),
    InvalidHttp(String),
    TooLarge(Excess),
}

impl Trouble {
    fn of_head(error: &legacy::Error) -> Self {
        if error.is_connect() {
            return Trouble::Connect(error.source().map_or_else(|| chain(error), chain));
        }
        match error.source().and_then(|source| source.downcast_ref::<hyper::Error>()) {
            Some(error) => Self::of_connection(error),
            None => Trouble::Reset(chain(error)),
        }
    }

    fn of_connection(error: &hyper::Error) -> Self {
        let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
        let broken_framing = matches!(io, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput));
        if error.is_parse_too_large() {
            Trouble::TooLarge(Excess::Head)
        } else if error.is_parse() || broken_framing {
            Trouble::InvalidHttp(chain(error))
        } else {
            Trouble::Reset(chain(error))
        }
    }
}

/// How [`Transport::send_and_hang_up`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The connection was closed, and no answer had come.
    HungUp,
    /// The answer was faster.
    Answered,
}

/// A request's body, which can tell when the last of it was taken to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    bytes: Full<Bytes>,
    taken: Option<Arc<Notify>>,
}

impl Outgoing {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: Full::new(Bytes::from(bytes)), taken: None }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = Pin::new(&mut self.bytes).poll_frame(context);
        if self.bytes.is_end_stream()
            && let Some(taken) = &self.taken
        {
            taken.notify_one();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.size_hint()
    }
}

/// A connection pool for an endpoint.
#[derive(Debug)]
pub(crate) enum Connections {
    Plain(Client<HttpConnector, Outgoing>),
    Far(Box<Far>),
}

impl Connections {
    pub(crate) fn new(endpoint: &Endpoint, connect_timeout: Duration) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.enforce_http(false);
        let mut pool = Client::builder(TokioExecutor::new());
        pool.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).http1_max_buf_size(MOST_HEAD);
        let far = Far::new(endpoint, &tcp, &pool)?;
        Ok(far.map_or_else(|| Self::Plain(pool.build(tcp)), |far| Self::Far(Box::new(far))))
    }

    pub(crate) async fn request(
        &self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<Incoming>, legacy::Error> {
        match self {
            Connections::Plain(client) => client.request(request).await,
            Connections::Far(client) => client.request(request).await,
        }
    }
}
