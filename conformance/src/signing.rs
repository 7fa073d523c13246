//! Signs requests with SigV4, by the AWS crates. The path is encoded a second time in the canonical request, as for
//! every service but S3 (facts.md, part A).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use connect_model::wire::message::HttpRequest;

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

/// The request without what a signature adds, fit for reports and files.
pub fn without_secrets(request: &HttpRequest) -> HttpRequest {
    let mut shown = request.clone();
    for name in SECRET_HEADERS {
        shown.headers.remove(name);
    }
    shown
}
