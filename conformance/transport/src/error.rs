//! Reasons why a request has no response to judge. Says nothing about who is to blame.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::time::Duration;

use connect_model::wire::message::HttpResponse;
use thiserror::Error;

use crate::connection::MAX_HEAD;
use crate::health::GivenUp;

/// Reason why there is no response.
#[derive(Debug, Error)]
pub enum TransportError {
    /// Nothing was sent: HTTP/1.1 cannot carry the request, or it has no canonical form to sign.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
    /// Nothing was sent: no valid credentials are left.
    #[error("cannot be signed: {0}")]
    Unsigned(String),
    /// No connection: refused, unknown host, TLS.
    #[error("no connection to {url}: {detail}")]
    Connect {
        /// The endpoint.
        url: String,
        /// The system's message.
        detail: String,
    },
    /// The deadline passed.
    #[error("no complete response within {} s{}", .after.as_secs_f64(), arrived(.received))]
    Timeout {
        /// The deadline.
        after: Duration,
        /// Status, headers and the part of the body that had arrived; none if the head was incomplete.
        received: Option<Box<HttpResponse>>,
    },
    /// The connection ended before the response did.
    #[error("connection closed before the response was complete ({detail}){}", arrived(.received))]
    Reset {
        /// The connection's message.
        detail: String,
        /// Status, headers and the part of the body that had arrived; none if the head was incomplete.
        received: Option<Box<HttpResponse>>,
    },
    /// The bytes received are not HTTP/1.1.
    #[error("not an HTTP response: {0}")]
    InvalidHttp(String),
    /// The response exceeds a size limit.
    #[error("{0}")]
    TooLarge(Excess),
    /// Nothing was sent: the endpoint, or this operation, has not responded for too long.
    #[error("not sent: {}", describe(.0))]
    GaveUp(GivenUp),
}

/// The limit that a response exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Excess {
    /// Status line and headers.
    #[error("response head larger than {MAX_HEAD} bytes or 100 headers")]
    Head,
    /// The body.
    #[error("response body larger than {limit} bytes; the rest was not read")]
    Body {
        /// [`TransportConfig::max_response_bytes`](crate::TransportConfig::max_response_bytes).
        limit: usize,
    },
    /// The JSON in the body.
    #[error("response body with more than {limit} JSON values, keys and brackets; they were not read")]
    Values {
        /// [`TransportConfig::max_response_values`](crate::TransportConfig::max_response_values).
        limit: usize,
    },
}

impl TransportError {
    /// Stable one-word name of the class of error.
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

    /// The part of the response that had arrived before the error.
    pub fn received(&self) -> Option<&HttpResponse> {
        match self {
            TransportError::Timeout { received, .. } | TransportError::Reset { received, .. } => received.as_deref(),
            _ => None,
        }
    }

    /// Returns true if the request was sent and its response did not arrive.
    pub fn is_lost(&self) -> bool {
        matches!(self, TransportError::Timeout { .. } | TransportError::Reset { .. })
    }

    /// Returns true if the connection ended before anything of the response arrived, as an idle one may at any time.
    pub fn is_closed(&self) -> bool {
        matches!(self, TransportError::Reset { received: None, .. })
    }

    /// Returns true if no whole response arrived in time. A head without its body takes as long as no response at all.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(self, TransportError::Connect { .. } | TransportError::Timeout { .. })
    }
}

fn arrived(received: &Option<Box<HttpResponse>>) -> String {
    match received {
        Some(response) => format!("; status {} and {} bytes of body had arrived", response.status, response.body.len()),
        None => "; nothing had arrived".to_owned(),
    }
}

fn describe(GivenUp { operation, after, last }: &GivenUp) -> String {
    match operation {
        Some(name) => format!("{after} requests in a row to {name} had no whole answer, the last: {last}"),
        None => format!("{after} requests in a row failed, the last: {last}; is the endpoint still running?"),
    }
}

/// The endpoint does not respond.
#[derive(Debug, Error)]
#[error("cannot reach {url}{}: {detail}; {}", self.way(), self.remedy())]
pub struct ProbeError {
    pub(crate) url: String,
    /// URL of the proxy on the way, without credentials.
    pub(crate) proxy: Option<String>,
    pub(crate) detail: String,
}

impl ProbeError {
    fn way(&self) -> String {
        self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default()
    }

    /// The next thing to try.
    fn remedy(&self) -> String {
        if self.proxy.is_some() {
            return "correct or unset HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or add the host to NO_PROXY".to_owned();
        }
        match self.url.strip_prefix("https://") {
            // The words of rustls for bytes that are no TLS record.
            Some(rest) if self.detail.contains("InvalidContentType") => {
                format!("the server there does not speak TLS: write http://{rest}")
            }
            _ => "start the endpoint or correct --endpoint (without it, the built-in emulator is used)".to_owned(),
        }
    }
}

/// A [`TransportError`] as a connection sees it: without the endpoint and the bytes received.
#[derive(Debug)]
pub(crate) enum ConnectionError {
    Unsendable(String),
    Connect(String),
    Reset(String),
    InvalidHttp(String),
    TooLarge(Excess),
}

impl ConnectionError {
    /// Classifies an error of either path by the `hyper` error among its causes.
    pub(crate) fn classify(error: &(dyn StdError + 'static)) -> Self {
        let Some(http) = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>()) else {
            return Self::Reset(chain(error));
        };
        let io = http.source().and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
        let broken_framing = matches!(io, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput));
        if http.is_parse_too_large() {
            Self::TooLarge(Excess::Head)
        } else if http.is_parse() || broken_framing {
            Self::InvalidHttp(chain(http))
        } else {
            Self::Reset(chain(http))
        }
    }
}

/// An error and its causes, outermost first.
pub(crate) fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}
