//! Computes the SigV4 signature that a request should carry, by the AWS crate.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use connect_model::wire::message::HttpRequest;

use crate::front::parts;

/// Headers that the signer adds itself.
const ADDED: [&str; 3] = ["host", "x-amz-date", "x-amz-security-token"];

/// The signature over the headers in `names`, in hex.
///
/// # Errors
/// The request has no canonical form, or leaves out a header that must be signed.
pub(crate) fn signature(
    keys: &Credentials,
    region: &str,
    service: &str,
    request: &HttpRequest,
    names: &[&str],
    at: SystemTime,
) -> Result<String, String> {
    let identity: Identity = keys.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?;
    let covered = |name: &str| names.contains(&name) && !ADDED.contains(&name);
    let headers = (request.headers.0.iter())
        .filter(|(name, _)| covered(name))
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let url = format!("http://{}{}", request.headers.get("host").unwrap_or_default(), request.uri);
    let signable = SignableRequest::new(&request.method, &url, headers, SignableBody::Bytes(&request.body))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(signable, &params.into()).map_err(|error| error.to_string())?.into_parts();
    let (headers, _query) = instructions.into_parts();
    let authorization = headers.iter().find(|header| header.name() == "authorization").map(|header| header.value());
    let (_, signed, signature) = authorization.and_then(parts).ok_or("no signature could be computed")?;
    // A client that leaves out a header that must be signed sends another list.
    if signed.split(';').collect::<Vec<_>>() != names {
        return Err(format!("the signed headers should be {signed}"));
    }
    Ok(signature.to_owned())
}
