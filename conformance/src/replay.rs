//! Saved findings: one JSON file each, complete enough to send the request again and to read what came back. Knows
//! nothing of checks; a replay shows, it does not judge.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::event::{EmulatorInfo, TargetInfo};
use connect_checks::case::{CaseId, Finding};
use connect_transport::endpoint::Endpoint;
use connect_transport::exchange::{Exchange, first_headers};

/// A finding on disk. `replay` reads it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Case id.
    pub case: String,
    /// Operation that was called.
    pub operation: String,
    /// Check that judged.
    pub check: String,
    /// `must`, `should` or `note`.
    pub level: String,
    /// The rule that is broken.
    pub rule: String,
    /// JSON Pointer into the body.
    pub pointer: String,
    /// What the contract asks for.
    pub expected: String,
    /// What was there.
    pub actual: String,
    /// What led there, when more than one request did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Base URL that the request went to.
    pub endpoint: String,
    /// Region of the signature.
    pub region: String,
    /// Service of the signature.
    pub signing_name: String,
    /// The request went out with a signature, which is not kept; a replay signs anew.
    pub signed: bool,
    /// Set when the endpoint was an emulator that the run brought along.
    pub emulator: Option<EmulatorInfo>,
    /// Seed of the run.
    pub seed: u64,
    /// Random values per operation that the run asked for; none for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<u32>,
    /// Connect instance that the run was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The run took the endpoint for a real account though it was on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_remote: bool,
    /// The request, whole and without signature.
    pub request: SavedRequest,
    /// The response; a long body is cut.
    pub response: SavedResponse,
}

/// A request in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, percent-encoded, without the endpoint's prefix.
    pub uri: String,
    /// Name and value, in order.
    pub headers: Headers,
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
    /// Headers that were left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_omitted: Option<usize>,
    /// The body.
    #[serde(flatten)]
    pub body: SavedBody,
}

/// A body in JSON: text where it is UTF-8, base64 where it is not. Both absent for an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedBody {
    /// UTF-8 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Other bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
    /// Bytes that were cut off at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes_omitted: Option<usize>,
}

/// A case file cannot be used.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error("cannot read case file {path}: {problem}; give one of those in the `findings` folder of a report")]
    Read {
        /// Its path.
        path: String,
        /// What the system or the parser said.
        problem: String,
    },
    /// Its request is cut or its base64 broken.
    #[error("the request in the case file is not whole: {0}; run the case again by its id to get a new file")]
    Incomplete(String),
}

impl SavedBody {
    /// Keeps at most `limit` bytes.
    pub fn of(bytes: &[u8], limit: usize) -> Self {
        let mut kept = &bytes[..bytes.len().min(limit)];
        let omitted = bytes.len() - kept.len();
        let mut saved = Self { body_bytes_omitted: (omitted > 0).then_some(omitted), ..Self::default() };
        // A cut may fall into a character; that alone does not make the rest binary.
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

    /// The bytes again.
    ///
    /// # Errors
    /// Something was cut off, or the base64 is broken.
    pub fn bytes(&self) -> Result<Vec<u8>, ReplayError> {
        if let Some(omitted) = self.body_bytes_omitted {
            return Err(ReplayError::Incomplete(format!("{omitted} bytes of the body were left out")));
        }
        match (&self.body, &self.body_base64) {
            (Some(text), _) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => {
                STANDARD.decode(base64).map_err(|error| ReplayError::Incomplete(format!("body_base64: {error}")))
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}

impl SavedRequest {
    /// Keeps at most `limit` bytes of the body.
    pub fn of(request: &HttpRequest, limit: usize) -> Self {
        let shown = connect_transport::secrets::without_secrets(request);
        let body = SavedBody::of(&shown.body, limit);
        Self { method: shown.method, uri: shown.uri, headers: shown.headers, body }
    }

    /// The request again.
    ///
    /// # Errors
    /// Its body is not whole.
    pub fn to_request(&self) -> Result<HttpRequest, ReplayError> {
        Ok(HttpRequest {
            method: self.method.clone(),
            uri: self.uri.clone(),
            headers: self.headers.clone(),
            body: self.body.bytes()?,
        })
    }
}

impl SavedResponse {
    /// Keeps at most `limit` bytes of the body, and as many of the headers.
    pub fn of(exchange: &Exchange, limit: usize) -> Self {
        let HttpResponse { status, headers, body } = &exchange.response;
        let mut body = SavedBody::of(body, limit);
        let omitted = body.body_bytes_omitted.unwrap_or_default() + exchange.omitted.body_bytes;
        body.body_bytes_omitted = (omitted > 0).then_some(omitted);
        let (headers, left_out) = first_headers(headers, limit);
        let omitted = left_out + exchange.omitted.headers;
        Self { status: *status, headers, headers_omitted: (omitted > 0).then_some(omitted), body }
    }
}

impl CaseFile {
    /// A file for a finding; none if no exchange shows it. Responses are kept up to `response_limit` bytes.
    pub fn of(
        case: &CaseId,
        finding: &Finding,
        target: &TargetInfo,
        (seed, cases): (u64, Option<u32>),
        response_limit: usize,
    ) -> Option<Self> {
        let is_near = target.endpoint.parse().is_ok_and(|endpoint: Endpoint| endpoint.is_loopback());
        let exchange = finding.exchange.as_ref()?;
        Some(Self {
            case: case.to_string(),
            operation: exchange.operation.clone(),
            check: finding.check.to_owned(),
            level: finding.level.word().to_owned(),
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
            instance_id: target.instance_id.clone().filter(|_| target.emulator.is_none()),
            as_remote: is_near && !target.loopback,
            request: SavedRequest::of(&exchange.request, usize::MAX),
            response: SavedResponse::of(exchange, response_limit),
        })
    }

    /// Reads a case file.
    ///
    /// # Errors
    /// It is not there, or not one of ours.
    pub fn read(path: &Path) -> Result<Self, ReplayError> {
        let wrong = |problem: String| ReplayError::Read { path: path.display().to_string(), problem };
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
    }
}

/// File name for a case id, without extension: letters, digits, dots and dashes stay, the rest becomes `_`. Different
/// cases may share one; whoever writes files numbers them.
pub fn file_stem(case: &CaseId) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' };
    let stem: String = case.to_string().chars().map(safe).collect();
    stem.trim_matches('_').chars().take(150).collect()
}

/// A `curl` command that sends the request to `endpoint`, quoted for a POSIX shell. A signature is left to curl, which
/// takes the keys from the environment.
///
/// A body that is no text, or that holds a NUL, is given by `printf` and a pipe.
pub fn curl(request: &HttpRequest, endpoint: &Endpoint, sign_as: Option<(&str, &str)>) -> String {
    let mut command = String::from("curl --silent --show-error --include --path-as-is --globoff");
    let _ = write!(command, " \\\n  --request {}", quote(&request.method));
    if let Some((region, service)) = sign_as {
        let _ = write!(command, " \\\n  --aws-sigv4 {}", quote(&format!("aws:amz:{region}:{service}")));
        command.push_str(" \\\n  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"");
        command.push_str(" \\\n  ${AWS_SESSION_TOKEN:+--header \"x-amz-security-token: $AWS_SESSION_TOKEN\"}");
    }
    for (name, value) in &request.headers.0 {
        // An empty value takes a semicolon, or curl leaves the header out.
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(command, " \\\n  --header {}", quote(&header));
    }
    let has_type = request.headers.get("content-type").is_some();
    if !request.body.is_empty() && !has_type {
        command.push_str(" \\\n  --header 'content-type:'");
    }
    match std::str::from_utf8(&request.body) {
        Ok("") => {}
        Ok(text) if !text.contains('\0') => {
            let _ = write!(command, " \\\n  --data-raw {}", quote(text));
        }
        _ => {
            let octal: String = request.body.iter().map(|byte| format!("\\{byte:03o}")).collect();
            command = format!("printf '{octal}' | {command} \\\n  --data-binary @-");
        }
    }
    let _ = write!(command, " \\\n  {}", quote(&endpoint.url_of(&request.uri)));
    command
}

/// A Python program that sends the request to `endpoint` by botocore, byte for byte, and shows what comes back. Keys come
/// from where botocore finds them.
pub fn boto3(request: &HttpRequest, endpoint: &Endpoint, sign_as: Option<(&str, &str)>) -> String {
    // A JSON string is a Python string as well.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let body = match std::str::from_utf8(&request.body) {
        Ok(body) => format!("{}.encode()", text(body)),
        Err(_) => {
            let hex: String = request.body.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("bytes.fromhex(\"{hex}\")")
        }
    };
    let mut program = String::from(
        "from botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\n\
         from botocore.httpsession import URLLib3Session\nfrom botocore.session import Session\n\n",
    );
    let (method, url) = (text(&request.method), text(&endpoint.url_of(&request.uri)));
    let _ = writeln!(program, "request = AWSRequest(method={method}, url={url}, data={body})");
    for (name, value) in &request.headers.0 {
        let _ = writeln!(program, "request.headers[{}] = {}", text(name), text(value));
    }
    if let Some((region, service)) = sign_as {
        let (region, service) = (text(region), text(service));
        let _ = writeln!(program, "SigV4Auth(Session().get_credentials(), {service}, {region}).add_auth(request)");
    }
    program.push_str("response = URLLib3Session().send(request.prepare())\n");
    program.push_str("print(response.status_code)\nfor name, value in response.headers.items():\n");
    program.push_str("    print(f\"{name}: {value}\")\nprint()\nprint(response.text)");
    program
}

/// Quotes for a POSIX shell; bare where nothing needs it.
fn quote(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(bare) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn bodies_come_back_as_they_were() {
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
    fn curl_commands_survive_a_shell() {
        let endpoint: Endpoint = "http://127.0.0.1:9/stage".parse().unwrap();
        let mut request = HttpRequest {
            method: "PUT".to_owned(),
            uri: "/rules/a%2Fb?x=1&y={z}".to_owned(),
            body: b"{\"Name\":\"it's $HOME `x` \\\"\\n\"}".to_vec(),
            ..HttpRequest::default()
        };
        request.headers.push("content-type", "application/json");
        request.headers.push("x-empty", "");
        let command = curl(&request, &endpoint, None);
        // A stand-in for curl prints its arguments, one per line.
        let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{command}");
        let output = std::process::Command::new("sh").arg("-c").arg(&script).output().unwrap();
        let arguments = String::from_utf8(output.stdout).unwrap();
        let expected = "--silent\n--show-error\n--include\n--path-as-is\n--globoff\n--request\nPUT\n\
             --header\ncontent-type: application/json\n--header\nx-empty;\n\
             --data-raw\n{\"Name\":\"it's $HOME `x` \\\"\\n\"}\n\
             http://127.0.0.1:9/stage/rules/a%2Fb?x=1&y={z}\n";
        assert_eq!(arguments, expected);

        request.body = b"\x00'\xff%s\\".to_vec();
        let script = format!("curl() {{ cat; }}\n{}", curl(&request, &endpoint, None));
        let output = std::process::Command::new("sh").arg("-c").arg(&script).output().unwrap();
        assert_eq!(output.stdout, request.body);
    }

    #[test]
    fn a_signature_is_left_to_curl() {
        let endpoint: Endpoint = "https://connect.eu-west-2.amazonaws.com".parse().unwrap();
        let request = HttpRequest { method: "GET".to_owned(), uri: "/tags/a".to_owned(), ..HttpRequest::default() };
        let command = curl(&request, &endpoint, Some(("eu-west-2", "connect")));
        assert!(command.contains("--aws-sigv4 aws:amz:eu-west-2:connect"), "{command}");
        assert!(command.contains("\"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""), "{command}");
    }

    #[test]
    fn python_gets_every_byte_and_signs_only_what_was_signed() {
        let endpoint: Endpoint = "http://127.0.0.1:9".parse().unwrap();
        let mut request = HttpRequest {
            method: "PUT".to_owned(),
            uri: "/rules/a%2Fb".to_owned(),
            body: "{\"Name\":\"it's \\\"é\\u{1b}\"}".as_bytes().to_vec(),
            ..HttpRequest::default()
        };
        request.headers.push("content-type", "application/json");
        let signed = boto3(&request, &endpoint, Some(("eu-west-2", "connect")));
        assert!(signed.contains("SigV4Auth(Session().get_credentials(), \"connect\", \"eu-west-2\")"), "{signed}");
        request.body = b"\xff\x00".to_vec();
        let unsigned = boto3(&request, &endpoint, None);
        assert!(unsigned.contains("data=bytes.fromhex(\"ff00\")") && !unsigned.contains("SigV4Auth("), "{unsigned}");
        assert!(unsigned.contains("url=\"http://127.0.0.1:9/rules/a%2Fb\""), "{unsigned}");
    }

    #[test]
    fn a_saved_response_counts_what_evidence_and_file_leave_out() {
        let mut exchange =
            crate::report::samples::finding("shape.json", connect_checks::case::Level::Must).exchange.unwrap();
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
    fn file_names_are_tame() {
        let case = CaseId {
            operation: "CreateRule".to_owned(),
            check: "invalid.enum-unknown",
            variant: Some("Actions[].ActionType/../x".to_owned()),
        };
        assert_eq!(file_stem(&case), "CreateRule_invalid.enum-unknown_Actions__.ActionType_.._x");
    }
}
