//! Signs requests with SigV4, by the AWS crates. The canonical request encodes the path a second time, as for every
//! service but S3 (SigV4, canonical request).

use std::time::{Duration, SystemTime};

pub use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningInstructions, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use connect_model::wire::message::HttpRequest;

use crate::credentials::Keyring;
use crate::error::chain;
use crate::parsed::is_way_of_sending;

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

    /// The secret key.
    pub(crate) fn secret(&self) -> &str {
        self.identity.data::<Credentials>().map_or("", Credentials::secret_access_key)
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
        let (headers, _query) = self.sign(request, url, now, SigningSettings::default())?.into_parts();
        Ok(headers.into_iter().map(|header| (header.name(), header.value().to_owned())).collect())
    }

    /// The parameters to add to the query of a request that is signed in its URL, not encoded. The signature is valid for
    /// `expires_in` from `now`, in whole seconds.
    ///
    /// # Errors
    /// As for [`Signer::headers`].
    pub fn parameters(
        &self,
        request: &HttpRequest,
        url: &str,
        now: SystemTime,
        expires_in: Duration,
    ) -> Result<Vec<(&'static str, String)>, String> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(expires_in);
        let (_headers, query) = self.sign(request, url, now, settings)?.into_parts();
        Ok(query.into_iter().map(|(name, value)| (name, value.into_owned())).collect())
    }

    fn sign(
        &self,
        request: &HttpRequest,
        url: &str,
        now: SystemTime,
        settings: SigningSettings,
    ) -> Result<SigningInstructions, String> {
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| error.to_string())?;
        // Proxies may change how a body is transferred, so AWS clients do not sign it.
        let signed = request.headers.0.iter().filter(|(name, value)| !is_way_of_sending(name, value));
        let headers = signed.map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&request.method, url, headers, SignableBody::Bytes(&request.body))
            .map_err(|error| error.to_string())?;
        Ok(sign(signable, &params.into()).map_err(|error| chain(&error))?.into_parts().0)
    }
}

/// A way to sign: what differs from the right signature. The default is the right one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recipe {
    /// Access key id in place of ours.
    pub key_id: Option<&'static str>,
    /// Secret access key in place of ours.
    pub secret: Option<&'static str>,
    /// Session token in place of ours; `Some(None)` for none.
    pub token: Option<Option<&'static str>>,
    /// Region in place of the target's.
    pub region: Option<&'static str>,
    /// Service in place of the model's.
    pub service: Option<&'static str>,
    /// Seconds by which the time of the signature is ahead of the endpoint's clock; negative if it is behind.
    pub ahead: i64,
    /// Signs in the URL instead of a header; valid for this time.
    pub in_url_for: Option<Duration>,
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

    /// A signer that signs in another way.
    pub(crate) async fn signer_by(&self, recipe: &Recipe) -> Result<Signer, String> {
        let ours = self.keyring.keys().await?;
        let token = recipe.token.map_or(ours.session_token(), |token| token);
        let id = recipe.key_id.unwrap_or(ours.access_key_id());
        let secret = recipe.secret.unwrap_or(ours.secret_access_key());
        let keys = Credentials::new(id, secret, token.map(str::to_owned), None, "recipe");
        let (region, service) = (recipe.region.unwrap_or(&self.region), recipe.service.unwrap_or(&self.service));
        Ok(Signer::new(keys, region, service))
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
    use serde_json::Value;

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

    /// The requests of the AWS SigV4 test suite and those of the check `access.legal-canonical-forms`, with the signatures
    /// that botocore computes; `scripts/interop` computes them again.
    #[test]
    fn unusual_requests_are_signed_as_botocore_signs_them() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests/sigv4.json")).unwrap();
        let text = |vector: &Value, key: &str| vector[key].as_str().unwrap().to_owned();
        let who = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "test");
        let signer = Signer::new(who, "us-east-1", "service");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let mut signed = 0;
        for vector in &vectors {
            let uri = text(vector, "uri");
            if uri.contains(|c: char| !c.is_ascii_graphic()) {
                // No HTTP request can carry it.
                continue;
            }
            let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned());
            let headers = Headers(vector["headers"].as_array().unwrap().iter().map(pair).collect());
            let body = text(vector, "body").into_bytes();
            let url = format!("https://example.amazonaws.com{uri}");
            let request = HttpRequest { method: text(vector, "method"), uri, headers, body };
            let added = signer.headers(&request, &url, now).unwrap();
            let (_, authorization) = added.into_iter().find(|(name, _)| *name == "authorization").unwrap();
            let (names, signature) = (text(vector, "signed_headers"), text(vector, "signature"));
            let expected = format!("SignedHeaders={names}, Signature={signature}");
            assert!(authorization.ends_with(&expected), "{}: {authorization}", vector["name"]);
            signed += 1;
        }
        assert!(signed > 30 && signed + 2 == vectors.len());
    }
}
