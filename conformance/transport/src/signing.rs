//! Signs requests with SigV4, by the AWS crates. The path is encoded a second time in the canonical request, as for
//! every service but S3 (SigV4, canonical request).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use connect_model::wire::message::{HttpRequest, HttpResponse};

use crate::credentials::Keyring;

/// Headers that a signature adds and that no evidence may show. Exact names, never parts of them.
pub const SECRET_HEADERS: [&str; 2] = ["authorization", "x-amz-security-token"];

/// Signs in one name for one service in one region.
#[derive(Debug)]
pub struct Signer {
    identity: Identity,
    region: String,
    service: String,
}

impl Signer {
    /// `service` is the signing name of the model, for example `connect`.
    pub fn new(credentials: Credentials, region: &str, service: &str) -> Self {
        Self { identity: credentials.into(), region: region.to_owned(), service: service.to_owned() }
    }

    /// The headers to add. `url` is absolute and exactly what is sent.
    ///
    /// # Errors
    /// What the signer says of a request that it cannot put into canonical form.
    pub fn headers(
        &self,
        request: &HttpRequest,
        url: &str,
        now: SystemTime,
    ) -> Result<Vec<(&'static str, String)>, String> {
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?;
        let headers = request.headers.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&request.method, url, headers, SignableBody::Bytes(&request.body))
            .map_err(|error| error.to_string())?;
        let signed = sign(signable, &params.into()).map_err(|error| crate::credentials::chain(&error))?;
        let (headers, _query) = signed.into_parts().0.into_parts();
        Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }
}

/// Signs for one service in one region in a name whose credentials change with time.
#[derive(Debug)]
pub struct Signatory {
    keyring: Keyring,
    region: String,
    service: String,
}

impl Signatory {
    /// `service` is the signing name of the model.
    pub fn new(keyring: Keyring, region: &str, service: &str) -> Self {
        Self { keyring, region: region.to_owned(), service: service.to_owned() }
    }

    /// A signer with credentials that hold now.
    ///
    /// # Errors
    /// There are none any more.
    pub async fn signer(&self) -> Result<Signer, String> {
        Ok(Signer::new(self.keyring.keys().await?, &self.region, &self.service))
    }

    /// Where the credentials come from.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}

/// The clock of this machine, put so many seconds ahead.
pub fn clock(ahead: i64) -> SystemTime {
    let (now, by) = (SystemTime::now(), Duration::from_secs(ahead.unsigned_abs()));
    if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) }.unwrap_or(now)
}

/// Seconds by which one instant is after another; negative where it is before.
pub fn seconds_after(one: SystemTime, other: SystemTime) -> f64 {
    one.duration_since(other).map_or_else(|before| -before.duration().as_secs_f64(), |after| after.as_secs_f64())
}

/// The request without what a signature adds, fit for reports and files.
pub fn without_secrets(request: &HttpRequest) -> HttpRequest {
    let mut shown = request.clone();
    for name in SECRET_HEADERS {
        shown.headers.remove(name);
    }
    shown
}

/// What of a request's headers must not come back into a report by way of the answer: the signature and the session
/// token.
pub fn secrets(headers: &http::HeaderMap) -> Vec<Vec<u8>> {
    let value = |name: &str| headers.get(name).map(|value| value.as_bytes().to_vec());
    let signature = value(SECRET_HEADERS[0]).and_then(|value| {
        let text = String::from_utf8(value).ok()?;
        Some(text.rsplit_once("Signature=")?.1.as_bytes().to_vec())
    });
    signature.into_iter().chain(value(SECRET_HEADERS[1])).filter(|secret| secret.len() >= SHORTEST).collect()
}

/// A shorter token would be found in what has nothing to do with it.
const SHORTEST: usize = 16;

/// What stands in for a secret that an endpoint has sent back.
const REMOVED: &[u8] = b"REMOVED";

/// Takes secrets out of an answer that repeats what it was sent, as some front doors do when they refuse a signature.
pub fn without_reflections(response: &mut HttpResponse, secrets: &[Vec<u8>]) {
    for secret in secrets {
        for (_, value) in &mut response.headers.0 {
            if let Some(clean) = without(value.as_bytes(), secret) {
                *value = String::from_utf8_lossy(&clean).into_owned();
            }
        }
        if let Some(clean) = without(&response.body, secret) {
            response.body = clean;
        }
    }
}

/// The text without a secret; none if it does not hold it. In JSON, a backslash may stand before each `/`, and in JSON
/// within JSON several.
fn without(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let first = *secret.first()?;
    let (mut clean, mut at, mut kept) = (Vec::new(), 0, 0);
    while let Some(offset) = text[at..].iter().position(|byte| *byte == first) {
        let begin = at + offset;
        at = begin + 1;
        if let Some(length) = matched(&text[begin..], secret) {
            clean.extend_from_slice(&text[kept..begin]);
            clean.extend_from_slice(REMOVED);
            (at, kept) = (begin + length, begin + length);
        }
    }
    clean.extend_from_slice(&text[kept..]);
    (kept > 0).then_some(clean)
}

/// How many bytes of a text are the secret, if it begins with it.
fn matched(text: &[u8], secret: &[u8]) -> Option<usize> {
    let mut at = 0;
    for wanted in secret {
        if *wanted == b'/' {
            at += text[at..].iter().take_while(|byte| **byte == b'\\').count();
        }
        if text.get(at) != Some(wanted) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use connect_model::wire::message::Headers;

    use super::*;

    /// Inputs, and the `Signature=` that botocore 1.44.5 computes from them (`SigV4Auth("connect", "eu-central-1")`, clock
    /// at 2025-01-02T03:04:05Z, keys of the AWS examples).
    #[test]
    fn signatures_agree_with_botocore() {
        let json = Headers(vec![("content-type".to_owned(), "application/json".to_owned())]);
        let rows = [
            (
                "GET",
                "https://connect.eu-central-1.amazonaws.com",
                "/tags/arn%3Aaws%3Aconnect%3Aeu-central-1%3A123456789012%3Ainstance%2F0a1b",
                Headers::default(),
                "",
                None,
                "SignedHeaders=host;x-amz-date, \
                 Signature=2c02fd4dfa5a43dc5aee8c69b6dca480e3062866a332db5e305597bbb0c08a78",
            ),
            (
                "POST",
                "http://127.0.0.1:4566",
                "/stage/rules/i%20d/~x?maxResults=5&nextToken=a%2Fb%3D&b=",
                json,
                "{\"Name\":\"é\"}",
                Some("TOKEN/=="),
                "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
                 Signature=281879a82de740812a1565cee6e7002052d44ec75fbf12184016b4047e4ed07a",
            ),
        ];
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_787_045);
        for (method, host, uri, headers, body, token, expected) in rows {
            let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let who = Credentials::new("AKIDEXAMPLE", secret, token.map(str::to_owned), None, "test");
            let signer = Signer::new(who, "eu-central-1", "connect");
            let request =
                HttpRequest { method: method.to_owned(), uri: uri.to_owned(), headers, body: body.as_bytes().to_vec() };
            let added = signer.headers(&request, &format!("{host}{uri}"), now).unwrap();
            let authorization = added.iter().find(|(name, _)| *name == "authorization").unwrap();
            assert_eq!(
                authorization.1,
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250102/eu-central-1/connect/aws4_request, {expected}"
                )
            );
            let added_token = added.iter().find(|(name, _)| *name == "x-amz-security-token");
            assert_eq!(added_token.map(|(_, value)| value.as_str()), token);
        }
    }

    #[test]
    fn what_an_endpoint_reflects_is_taken_out() {
        let mut headers = http::HeaderMap::new();
        let signature = "0123456789abcdef0123456789abcdef";
        headers.insert("authorization", format!("AWS4 Credential=A/b, Signature={signature}").parse().unwrap());
        headers.insert("x-amz-security-token", "TOKEN/with/slashes==".parse().unwrap());
        let body = format!(
            r#"{{"a":"{signature}","b":"TOKEN\/with\\/slashes==","c":"TOKEN/with","d":"é{signature}{signature}"}}"#
        );
        let mut response = HttpResponse {
            status: 200,
            headers: Headers(vec![("x-echo".to_owned(), format!("v={signature}"))]),
            body: body.into_bytes(),
        };
        without_reflections(&mut response, &secrets(&headers));
        assert_eq!(response.headers.get("x-echo"), Some("v=REMOVED"));
        let clean = String::from_utf8(response.body).unwrap();
        assert_eq!(clean, r#"{"a":"REMOVED","b":"REMOVED","c":"TOKEN/with","d":"éREMOVEDREMOVED"}"#);
        assert_eq!(secrets(&http::HeaderMap::new()), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn evidence_keeps_everything_but_the_signature() {
        let names = ["authorization", "x-amz-security-token", "x-amz-client-token", "nexttoken", "content-type"];
        let headers = Headers(names.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect());
        let shown = without_secrets(&HttpRequest { headers, ..HttpRequest::default() });
        let left: Vec<&str> = shown.headers.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["x-amz-client-token", "nexttoken", "content-type"]);
    }
}
