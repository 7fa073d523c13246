//! Connections to one endpoint, and the choice between the two paths on which a request reaches it.
//!
//! **Pooled path.** `reqwest` sends almost every request: it pools connections, encrypts, and goes through proxies.
//!
//! **Raw path.** `reqwest` takes a URL, and the URL standard rewrites paths: `/a/../b` becomes `/b`, `/%2e` becomes `/`,
//! `"` becomes `%22`. A conformance test must send the bytes it planned. So the URL is built and compared with them, and
//! two kinds of requests go over an HTTP/1.1 connection of their own (`raw.rs`); see [`RawReason`]:
//! - requests whose path or query the URL would change, or that are too long for a URL;
//! - requests whose connection is closed before the response arrives, because only its owner knows when the request is
//!   written.
//!
//! Both paths send the same headers, go through the same proxies, and obey the same limits: [`ResponseReader`] applies
//! them, and [`ConnectionError::classify`] classifies the errors of both.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connect_model::wire::message::{Headers, HttpResponse};
use http::header::{ACCEPT, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, Url, retry};
use tokio::sync::Notify;

use crate::body::RequestBody;
use crate::endpoint::Endpoint;
use crate::error::{ConnectionError, Excess, causes, chain};
use crate::network::Network;
use crate::raw;
use connect_model::json_text::structural_tokens;

/// Largest head of a response, in bytes. `hyper` accepts at most a hundred headers.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// Longest URL that `http::Uri`, and so `reqwest`, accepts.
const MAX_URL: usize = u16::MAX as usize - 1;

/// Idle connections are closed earlier than by servers, which usually keep them for five seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The addresses of this machine; the port comes from the URL.
const LOOPBACK: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0)];

/// Reason why a request takes the raw path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RawReason {
    /// A URL would change the bytes of its path or query.
    RewrittenUrl,
    /// The client hangs up before the response arrives.
    HangUp,
}

/// A request that is ready to send: signed, and known to be valid HTTP.
#[derive(Debug)]
pub(crate) struct PreparedRequest {
    pub(crate) method: Method,
    /// Path, with the endpoint's prefix, and query.
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Limits of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) body_bytes: usize,
    pub(crate) json_values: usize,
}

/// Connections to one endpoint.
#[derive(Debug)]
pub(crate) struct Connections {
    /// Scheme and authority of every URL.
    origin: String,
    host: HeaderValue,
    client: Client,
    network: Network,
    limits: Limits,
    /// Requests sent on the raw path, by operation and reason.
    sent_raw: Mutex<BTreeMap<(String, RawReason), u64>>,
}

impl Connections {
    pub(crate) fn new(endpoint: &Endpoint, connect_timeout: Duration, limits: Limits) -> Result<Self, String> {
        let network = Network::new(endpoint, connect_timeout)?;
        Ok(Self {
            origin: endpoint.origin(),
            host: HeaderValue::try_from(endpoint.host_header()).map_err(|error| error.to_string())?,
            client: client(endpoint, &network, connect_timeout)?,
            network,
            limits,
            sent_raw: Mutex::default(),
        })
    }

    /// URL of the proxy on the way, without credentials.
    pub(crate) fn proxy(&self) -> Option<String> {
        self.network.proxy()
    }

    /// The password for the proxy, in the forms in which a request has it.
    pub(crate) fn proxy_secrets(&self) -> Vec<String> {
        self.network.proxy_secrets()
    }

    /// Sends a request on the path that keeps its bytes, and fills `received` as the response arrives.
    pub(crate) async fn exchange(
        &self,
        operation: &str,
        request: PreparedRequest,
        received: &mut Option<HttpResponse>,
    ) -> Result<(), ConnectionError> {
        match faithful_url(&self.origin, &request.path) {
            Some(url) => self.exchange_pooled(url, request, received).await,
            None => {
                self.count_raw(operation, RawReason::RewrittenUrl);
                self.exchange_raw(request, None, received).await
            }
        }
    }

    /// Sends a request on a connection that closes when the future is dropped. Notifies `taken` when the whole body was
    /// handed to the connection.
    pub(crate) async fn exchange_unpooled(
        &self,
        operation: &str,
        request: PreparedRequest,
        taken: Arc<Notify>,
        received: &mut Option<HttpResponse>,
    ) -> Result<(), ConnectionError> {
        self.count_raw(operation, RawReason::HangUp);
        self.exchange_raw(request, Some(taken), received).await
    }

    /// Number of requests sent on the raw path, by operation and reason.
    pub(crate) fn sent_raw(&self) -> BTreeMap<(String, RawReason), u64> {
        self.sent_raw.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count_raw(&self, operation: &str, reason: RawReason) {
        let mut sent = self.sent_raw.lock().unwrap_or_else(PoisonError::into_inner);
        *sent.entry((operation.to_owned(), reason)).or_default() += 1;
    }

    async fn exchange_pooled(
        &self,
        url: Url,
        request: PreparedRequest,
        received: &mut Option<HttpResponse>,
    ) -> Result<(), ConnectionError> {
        let mut reader = ResponseReader { limits: self.limits, received };
        let mut message = reqwest::Request::new(request.method, url);
        *message.headers_mut() = self.completed(request.headers);
        if message.headers().contains_key(TRANSFER_ENCODING) {
            *message.body_mut() = Some(reqwest::Body::wrap(RequestBody::chunked(request.body, None)));
        } else if !request.body.is_empty() {
            *message.body_mut() = Some(request.body.into());
        }
        let mut response = self.client.execute(message).await.map_err(|error| of_client(&error))?;
        reader.head(response.status(), response.headers(), response.content_length())?;
        while let Some(data) = response.chunk().await.map_err(|error| of_client(&error))? {
            reader.data(&data)?;
        }
        reader.end()
    }

    async fn exchange_raw(
        &self,
        mut request: PreparedRequest,
        taken: Option<Arc<Notify>>,
        received: &mut Option<HttpResponse>,
    ) -> Result<(), ConnectionError> {
        request.headers = self.completed(request.headers);
        let mut reader = ResponseReader { limits: self.limits, received };
        raw::exchange(&self.network, request, taken, &mut reader).await
    }

    /// Headers with those that `reqwest` would add, so that both paths send the same ones.
    fn completed(&self, mut headers: HeaderMap) -> HeaderMap {
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        headers
    }
}

/// The HTTP client for an endpoint. Follows no redirect, repeats no request, decodes no content.
pub(crate) fn client(endpoint: &Endpoint, network: &Network, connect_timeout: Duration) -> Result<Client, String> {
    let builder = Client::builder()
        .http1_only()
        .redirect(Policy::none())
        .retry(retry::never())
        .referer(false)
        .tcp_nodelay(true)
        .tcp_keepalive(None)
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT);
    // Otherwise the system may end a slow exchange before its deadline.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(None);
    // No name server decides where this machine is.
    let builder = match endpoint.is_loopback() {
        true => builder.resolve_to_addrs(endpoint.bare_host(), &LOOPBACK),
        false => builder,
    };
    network.configure(builder)?.build().map_err(|error| chain(&error))
}

/// The URL of a path; none if it would send other bytes.
fn faithful_url(origin: &str, path: &PathAndQuery) -> Option<Url> {
    let url = Url::parse(&format!("{origin}{path}")).ok()?;
    let is_same = match url.query() {
        None => url.path() == path.as_str(),
        Some(query) => path.path() == url.path() && path.query() == Some(query),
    };
    (is_same && url.fragment().is_none() && url.as_str().len() <= MAX_URL).then_some(url)
}

fn of_client(error: &reqwest::Error) -> ConnectionError {
    if error.is_connect() {
        // Skips the two errors that only say that the client could not connect.
        let detail = causes(error).find(|cause| !cause.is::<reqwest::Error>() && !cause.is::<PoolError>());
        return ConnectionError::Connect(detail.map_or_else(|| chain(error), chain));
    }
    if error.is_builder() {
        return ConnectionError::Unsendable(chain(error));
    }
    ConnectionError::classify(error)
}

/// The error of the client below `reqwest`.
type PoolError = hyper_util::client::legacy::Error;

/// Takes a response in parts and stops at the first limit that it exceeds. The parts so far stay in `received`, for
/// deadlines and resets.
pub(crate) struct ResponseReader<'r> {
    limits: Limits,
    received: &'r mut Option<HttpResponse>,
}

impl ResponseReader<'_> {
    /// Takes status and headers, with the length of the body if it is known.
    pub(crate) fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        promised: Option<u64>,
    ) -> Result<(), ConnectionError> {
        // `reqwest` reads up to 400 KiB before it refuses a head.
        let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
        if size > MAX_HEAD {
            return Err(ConnectionError::TooLarge(Excess::Head));
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let response =
            self.received.insert(HttpResponse { status: status.as_u16(), headers: Headers(headers), body: Vec::new() });
        let limit = self.limits.body_bytes;
        if promised.is_some_and(|bytes| bytes > limit as u64) {
            return Err(ConnectionError::TooLarge(Excess::Body { limit }));
        }
        response.body.reserve_exact(promised.map_or(0, |bytes| bytes as usize));
        Ok(())
    }

    /// Takes a part of the body.
    pub(crate) fn data(&mut self, data: &[u8]) -> Result<(), ConnectionError> {
        let limit = self.limits.body_bytes;
        let Some(response) = self.received else { return Ok(()) };
        if response.body.len() + data.len() > limit {
            return Err(ConnectionError::TooLarge(Excess::Body { limit }));
        }
        response.body.extend_from_slice(data);
        Ok(())
    }

    /// Ends the body.
    pub(crate) fn end(&mut self) -> Result<(), ConnectionError> {
        let limit = self.limits.json_values;
        let Some(response) = self.received else { return Ok(()) };
        response.body.shrink_to_fit();
        if structural_tokens(&response.body) > limit {
            return Err(ConnectionError::TooLarge(Excess::Values { limit }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_that_change_the_path_are_not_used() {
        let kept = [
            "/",
            "/tags/arn%3Aaws%3Aconnect%2Fx",
            "//double//",
            "/x%20y?q=%7B%22a%22%3A1%7D&empty=&flag",
            "/%F0%9F%98%80%00",
            "/'()*!~$&,;=:@",
            "/a%zz%",
            "/?",
            "/a?b=..&c=/../",
        ];
        let changed = ["/a/../b", "/a/%2E%2E/b", "/a/%2e", "/.", "/..?x", "/a\"b", "/a{b}", "/a?'", "/a?b='c'"];
        let url = |text: &str| faithful_url("http://127.0.0.1:1", &text.parse().unwrap());
        for path in kept {
            assert_eq!(url(path).unwrap().as_str(), format!("http://127.0.0.1:1{path}"));
        }
        for path in changed {
            assert_eq!(url(path), None, "{path}");
        }
        assert_eq!(url(&format!("/{}", "x".repeat(MAX_URL - 10))), None, "longer than a URL may be");
    }
}
