//! Case files: one JSON file for each saved finding, with everything that a replay needs. [`CaseFile::read`] is the only reader:
//! a file may come from anyone, so every field that decides on a request or on a command has a grammar. Knows nothing of
//! checks.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect_checks::case::{CaseId, Finding, History, Level};
use connect_checks::history::{self, call::Call};
use connect_model::files::{self, Use};
use connect_model::text::visible;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_transport::endpoint::Endpoint;
use connect_transport::exchange::{Exchange, first_headers};
use connect_transport::parsed::{
    CaseName, CheckName, InstanceName, Method, OperationName, ParsedRequest, Region, RequestHeaders, RequestPath,
    ServiceName,
};
use connect_transport::secrets;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::event::{EmulatorInfo, TargetInfo, at_most};
use crate::report::text::utc_in_ms;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A finding on disk, which `replay` reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Case id.
    pub case: CaseName,
    /// Operation that was called.
    pub operation: OperationName,
    /// Check that failed.
    pub check: CheckName,
    /// `must`, `should` or `note`.
    pub level: Level,
    /// The rule that is broken.
    pub rule: String,
    /// JSON Pointer into the body.
    pub pointer: String,
    /// The demand of the contract.
    pub expected: String,
    /// The behaviour of the endpoint.
    pub actual: String,
    /// Requests that led to it, if there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Base URL that the request went to.
    pub endpoint: Endpoint,
    /// Region of the signature.
    pub region: Region,
    /// Service of the signature.
    pub signing_name: ServiceName,
    /// True if the request was signed. The signature is not kept; a replay signs again.
    pub signed: bool,
    /// Settings of the built-in emulator, if the run started one.
    pub emulator: Option<EmulatorInfo>,
    /// Seed of the run.
    pub seed: u64,
    /// Random values per operation of the run, if a number was given.
    #[serde(default, deserialize_with = "at_most::<_, _, 100_000>", skip_serializing_if = "Option::is_none")]
    pub cases: Option<u32>,
    /// Connect instance of the run, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceName>,
    /// True if the run treated an endpoint on this machine as a real account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_remote: bool,
    /// Every exchange that the finding rests on, in order, if it rests on several. Long bodies are truncated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<SavedExchange>,
    /// The whole history, if the finding is about the order of concurrent calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Call>,
    /// The complete request, without its signature.
    pub request: SavedRequest,
    /// The response; a long body is truncated.
    pub response: SavedResponse,
}

/// A call of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineCall {
    /// The client.
    pub client: u32,
    /// Time of the request, in microseconds.
    pub start: u64,
    /// Time of the answer, in microseconds of the same clock; none without an answer.
    pub end: Option<u64>,
    /// The call, in one line.
    pub call: String,
    /// The answer that it saw, in one line.
    pub saw: String,
}

impl TimelineCall {
    /// The decisive calls of a history.
    pub(super) fn of(history: &History) -> Vec<Self> {
        let calls = history.decisive.iter().filter_map(|at| history.calls.get(*at));
        let line = |call: &Call| Self {
            client: call.client,
            start: call.start,
            end: call.end.filter(|_| call.answer.is_some()),
            call: history::sent(call),
            saw: history::seen(call),
        };
        calls.map(line).collect()
    }
}

/// A request and its response in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedExchange {
    /// Operation that was called.
    pub operation: String,
    /// Time of the request.
    #[serde(flatten)]
    pub time: SavedTime,
    /// The request, without its signature.
    pub request: SavedRequest,
    /// The response.
    pub response: SavedResponse,
}

/// The time of an exchange in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTime {
    /// Time of the request in RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// Milliseconds until the response was complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

/// A request in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRequest {
    /// `GET`, `POST`, …
    pub method: Method,
    /// Path and query, percent-encoded, without the endpoint's prefix.
    pub uri: RequestPath,
    /// Name and value, in order.
    pub headers: RequestHeaders,
    /// The body.
    #[serde(flatten)]
    pub body: SavedBody,
}

/// A response in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedResponse {
    /// HTTP status.
    pub status: u16,
    /// Name and value, in order.
    pub headers: Headers,
    /// Number of omitted headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_omitted: Option<usize>,
    /// The body.
    #[serde(flatten)]
    pub body: SavedBody,
}

/// A body in JSON: as text if it is UTF-8, else in base64. An empty body has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedBody {
    /// UTF-8 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Other bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// Number of bytes omitted at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes_omitted: Option<usize>,
}

/// A case file cannot be used.
#[derive(Debug, Error)]
pub enum CaseFileError {
    /// It cannot be read.
    #[error("cannot read case file {path}: {problem}; name a file in the `findings` folder of a report")]
    Read {
        /// Its path.
        path: String,
        /// The error of the system or of the parser.
        problem: String,
    },
    /// Its request is truncated, or its base64 is invalid.
    #[error("the request in the case file is incomplete: {0}; run the case again by its id to get a new file")]
    Incomplete(String),
}

impl SavedBody {
    /// Keeps at most `limit` bytes.
    pub fn of(bytes: &[u8], limit: usize) -> Self {
        let mut kept = &bytes[..bytes.len().min(limit)];
        let omitted = bytes.len() - kept.len();
        let mut saved = Self { body_bytes_omitted: (omitted > 0).then_some(omitted), ..Self::default() };
        // A cut inside a character does not make the rest binary.
        if let Err(error) = std::str::from_utf8(kept)
            && omitted > 0
            && error.error_len().is_none()
        {
            kept = &kept[..error.valid_up_to()];
            saved.body_bytes_omitted = Some(bytes.len() - kept.len());
        }
        match std::str::from_utf8(kept) {
            Ok("") => {}
            Ok(text) => saved.body = Some(text.to_owned()),
            Err(_) => saved.body_base64 = Some(STANDARD.encode(kept)),
        }
        saved
    }

    /// The bytes of the body.
    ///
    /// # Errors
    /// The body is truncated, or its base64 is invalid.
    pub fn bytes(&self) -> Result<Vec<u8>, CaseFileError> {
        if let Some(omitted) = self.body_bytes_omitted {
            return Err(CaseFileError::Incomplete(format!("{omitted} bytes of the body are missing")));
        }
        match (&self.body, &self.body_base64) {
            (Some(text), _) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => {
                STANDARD.decode(base64).map_err(|error| CaseFileError::Incomplete(format!("body_base64: {error}")))
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}

impl SavedExchange {
    /// Keeps at most `limit` bytes of each body; `None` if HTTP cannot carry the request.
    pub fn of(exchange: &Exchange, limit: usize) -> Option<Self> {
        Some(Self {
            operation: exchange.operation.clone(),
            time: SavedTime::of(exchange),
            request: SavedRequest::of(&exchange.request, limit)?,
            response: SavedResponse::of(exchange, limit),
        })
    }
}

impl SavedTime {
    /// The time of an exchange.
    pub fn of(exchange: &Exchange) -> Self {
        Self { sent: utc_in_ms(exchange.sent), ms: exchange.duration.as_millis().try_into().ok() }
    }
}

impl SavedRequest {
    /// Keeps at most `limit` bytes of the body; `None` if HTTP cannot carry the request, so that it was never sent.
    pub fn of(request: &HttpRequest, limit: usize) -> Option<Self> {
        let shown = secrets::without_secrets(request);
        let body = SavedBody::of(&shown.body, limit);
        let (method, uri) = (shown.method.parse().ok()?, shown.uri.parse().ok()?);
        Some(Self { method, uri, headers: shown.headers.try_into().ok()?, body })
    }

    /// The request as it was sent, without its signature.
    ///
    /// # Errors
    /// Its body is incomplete.
    pub fn to_request(&self) -> Result<ParsedRequest, CaseFileError> {
        Ok(ParsedRequest {
            method: self.method.clone(),
            path: self.uri.clone(),
            headers: self.headers.clone(),
            body: self.body.bytes()?,
        })
    }
}

impl SavedResponse {
    /// Keeps at most `limit` bytes of the body and `limit` bytes of headers.
    pub fn of(exchange: &Exchange, limit: usize) -> Self {
        let HttpResponse { status, headers, body } = &exchange.response;
        let mut body = SavedBody::of(body, limit);
        let omitted = body.body_bytes_omitted.unwrap_or_default() + exchange.omitted.body_bytes;
        body.body_bytes_omitted = (omitted > 0).then_some(omitted);
        let (headers, dropped) = first_headers(headers, limit);
        let omitted = dropped + exchange.omitted.headers;
        Self { status: *status, headers, headers_omitted: (omitted > 0).then_some(omitted), body }
    }
}

impl CaseFile {
    /// The file for a finding; `None` if the finding has no exchange, or one that no reader would take. Bodies of responses are kept up to `response_limit`
    /// bytes. `seed` and `cases` are those of the run.
    pub fn of(
        case: &CaseId,
        finding: &Finding,
        target: &TargetInfo,
        (seed, cases): (u64, Option<u32>),
        response_limit: usize,
    ) -> Option<Self> {
        let exchange = finding.exchange.as_ref()?;
        Some(Self {
            case: case.to_string().parse().ok()?,
            operation: exchange.operation.parse().ok()?,
            check: finding.check.parse().ok()?,
            level: finding.level,
            rule: finding.rule.clone(),
            pointer: finding.pointer.clone(),
            expected: finding.expected.clone(),
            actual: finding.actual.clone(),
            steps: finding.steps.clone(),
            endpoint: target.endpoint.clone(),
            region: target.region.clone(),
            signing_name: target.signing_name.clone(),
            signed: target.signed,
            emulator: target.emulator.clone(),
            seed,
            cases,
            instance_id: (target.instance_id.as_ref())
                .filter(|_| target.emulator.is_none())
                .and_then(|instance| instance.parse().ok()),
            as_remote: target.endpoint.is_loopback() && !target.loopback,
            exchanges: finding.exchanges.iter().filter_map(|one| SavedExchange::of(one, response_limit)).collect(),
            history: finding.history.as_ref().map(|history| history.calls.clone()).unwrap_or_default(),
            request: SavedRequest::of(&exchange.request, usize::MAX)?,
            response: SavedResponse::of(exchange, response_limit),
        })
    }

    /// Reads a case file.
    ///
    /// # Errors
    /// The file cannot be read, is not a case file, or a field is outside of its grammar.
    pub fn read(path: &Path) -> Result<Self, CaseFileError> {
        let wrong = |problem: &str| {
            let path = path.display().to_string();
            CaseFileError::Read { path, problem: visible(problem).into_owned() }
        };
        let bytes = files::read_json(path, Use::Input, LARGEST).map_err(|error| wrong(&error.to_string()))?;
        Self::parse(&bytes).map_err(|error| wrong(&error.to_string()))
    }

    /// Parses the content of a case file.
    ///
    /// # Errors
    /// It is not a case file, or a field is outside of its grammar.
    pub fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }
}

/// File name for a case id, without extension. Two cases can have the same name; the writer numbers them.
pub fn file_stem(case: &CaseId) -> String {
    files::stem(&case.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use connect_checks::case::Level;

    use super::*;
    use crate::report::samples;

    #[test]
    fn bodies_survive_a_round_trip() {
        for bytes in [&b""[..], b"{\"a\":\"\xc3\xa9\"}", b"\xff\x00", b"\0"] {
            let saved = SavedBody::of(bytes, 1000);
            let text = serde_json::to_string(&saved).unwrap();
            let read: SavedBody = serde_json::from_str(&text).unwrap();
            assert_eq!(read.bytes().unwrap(), bytes);
        }
        let cut = SavedBody::of("aé".as_bytes(), 2);
        assert_eq!((cut.body.as_deref(), cut.body_bytes_omitted), (Some("a"), Some(2)));
        assert!(cut.bytes().is_err());
    }

    #[test]
    fn saved_responses_count_everything_omitted() {
        let mut exchange = samples::finding("shape.json", Level::Must).exchange.unwrap();
        exchange.response.body = vec![b'x'; 100_000];
        for name in ["a", "b", "c"] {
            exchange.response.headers.push(name, "v".repeat(4_000));
        }
        let evidence = exchange.evidence();
        let (kept, headers) = (evidence.response.body.len(), evidence.response.headers.0.len());
        assert!(kept < 100_000 && headers < 3);
        let saved = SavedResponse::of(&evidence, 1_000);
        assert_eq!(saved.body.body_bytes_omitted, Some(100_000 - 1_000));
        assert_eq!((saved.headers.0.len(), saved.headers_omitted), (0, Some(3)));
    }

    #[test]
    fn exchanges_have_their_time_and_no_secrets() {
        let exchange = samples::finding("shape.json", Level::Must).exchange.unwrap();
        let saved = SavedExchange::of(&exchange, 3).unwrap();
        let text = serde_json::to_string(&saved).unwrap();
        let start = r#"{"operation":"CreateRule","sent":"2025-01-02T03:04:05.678Z","ms":12,"request":"#;
        assert!(text.starts_with(start) && !text.contains("secret"), "{text}");
        assert_eq!(saved.request.body.body_bytes_omitted, Some(4));
        assert_eq!(serde_json::from_str::<SavedExchange>(&text).unwrap(), saved);
    }

    #[test]
    fn file_names_have_no_special_characters() {
        let case = CaseId {
            operation: "CreateRule".to_owned(),
            check: "invalid.enum-unknown",
            variant: Some("Actions[].ActionType/../x".to_owned()),
        };
        assert_eq!(file_stem(&case), "CreateRule_invalid.enum-unknown_Actions__.ActionType_.._x");
    }
}
