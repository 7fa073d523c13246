//! Signs requests with SigV4, by the AWS crates. The canonical request encodes the path a second time, as for every
//! service but S3 (SigV4, canonical request).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use connect_model::wire::message::HttpRequest;

use crate::credentials::Keyring;
use crate::error::chain;

/// Signs with fixed credentials for one service in one region.
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

    /// The headers to add. `url` is absolute and equal to the URL sent.
    ///
    /// # Errors
    /// The request has no canonical form; the signer's message.
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
        let signed = sign(signable, &params.into()).map_err(|error| chain(&error))?;
        let (headers, _query) = signed.into_parts().0.into_parts();
        Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }
}

/// Signs for one service in one region with credentials that are renewed.
#[derive(Debug)]
pub struct RequestSigner {
    keyring: Keyring,
    region: String,
    service: String,
}

impl RequestSigner {
    /// `service` is the signing name of the model.
    pub fn new(keyring: Keyring, region: &str, service: &str) -> Self {
        Self { keyring, region: region.to_owned(), service: service.to_owned() }
    }

    /// A signer with credentials that are valid now.
    ///
    /// # Errors
    /// The credentials have expired and cannot be renewed.
    pub async fn signer(&self) -> Result<Signer, String> {
        Ok(Signer::new(self.keyring.keys().await?, &self.region, &self.service))
    }

    /// The credentials.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}

/// This machine's clock plus `ahead` seconds.
pub fn clock(ahead: i64) -> SystemTime {
    let (now, by) = (SystemTime::now(), Duration::from_secs(ahead.unsigned_abs()));
    if ahead < 0 { now.checked_sub(by) } else { now.checked_add(by) }.unwrap_or(now)
}

/// Seconds from `other` to `one`; negative if `one` is earlier.
pub fn seconds_after(one: SystemTime, other: SystemTime) -> f64 {
    one.duration_since(other).map_or_else(|before| -before.duration().as_secs_f64(), |after| after.as_secs_f64())
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
}
