//! Where requests go and as whom: endpoint, instance, region, credentials. Knows nothing of how they are sent.

use std::fmt;
use std::net::IpAddr;

use connect_model::schema::Service;
use http::Uri;
use thiserror::Error;

use crate::aws;
use crate::credentials;
use crate::credentials::{Configured, CredentialsError, Keyring, environment};

/// Region that is signed for when nothing names one.
pub const DEFAULT_REGION: &str = "us-east-1";

/// The word that stands for the endpoint that the AWS tools would take.
pub const AWS: &str = "aws";

/// An endpoint plus instance, region, credentials.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where requests go.
    pub endpoint: Endpoint,
    /// Connect instance to work in; discovered or created by the checks when absent.
    pub instance_id: Option<String>,
    /// Region in signatures.
    pub region: String,
    /// Who signs; requests go unsigned without them. Never printed: their `Debug` hides the secrets.
    pub credentials: Option<Keyring>,
    /// The endpoint is on this machine and is not said to stand for another, so that nothing can cost money or reach
    /// people.
    pub loopback: bool,
}

/// What the command line says of a target.
#[derive(Clone, Debug, Default)]
pub struct TargetFlags {
    /// `--endpoint`: a URL, or [`AWS`].
    pub endpoint: String,
    /// `--instance-id`.
    pub instance_id: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--as-remote`.
    pub as_remote: bool,
}

/// A target could not be made of the flags.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The URL cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Where the AWS tools would go cannot be told.
    #[error("--endpoint {AWS}: {0}")]
    Aws(String),
    /// This build does not reach it.
    #[error("{url}: {why}")]
    TooFar {
        /// The endpoint.
        url: String,
        /// Why not.
        why: String,
    },
    /// Credentials cannot be had.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

impl Target {
    /// Resolves flags, environment, shared profile files and, for an endpoint that is not on this machine or a profile
    /// that is named, everything that AWS tools ask for credentials.
    ///
    /// The region is the first of: the flag, the host name (`connect.REGION.amazonaws.com`), `AWS_REGION`,
    /// `AWS_DEFAULT_REGION`, the profile's, [`DEFAULT_REGION`].
    ///
    /// # Errors
    /// A URL that cannot be used; credentials that were set up and cannot be had; none for an endpoint of AWS itself.
    pub async fn resolve(flags: &TargetFlags, service: &Service) -> Result<Self, TargetError> {
        let (endpoint, region) = Endpoint::resolve(flags, service).await?;
        let too_far = |why| TargetError::TooFar { url: endpoint.to_string(), why };
        aws::reach(&endpoint).map_err(too_far)?;
        let loopback = endpoint.is_loopback() && !flags.as_remote;
        let credentials = credentials::find(flags.profile.as_deref(), &region, loopback).await?;
        if credentials.is_none() && endpoint.is_aws() {
            return Err(CredentialsError::Nobody(endpoint.to_string()).into());
        }
        Ok(Self { endpoint, instance_id: flags.instance_id.clone(), region, credentials, loopback })
    }

    /// A target for an endpoint of our own: unsigned, whatever the environment holds.
    pub fn unsigned(endpoint: Endpoint) -> Self {
        let loopback = endpoint.is_loopback();
        Self { endpoint, instance_id: None, region: DEFAULT_REGION.to_owned(), credentials: None, loopback }
    }
}

/// Scheme, host, port and path prefix of an endpoint. Kept as written: no percent-decoding, no resolving of dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    https: bool,
    authority: String,
    host: String,
    port: u16,
    prefix: String,
}

/// What is wrong with an endpoint URL, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("endpoint `{url}` {problem}; {remedy}")]
pub struct EndpointError {
    url: String,
    problem: String,
    remedy: String,
}

impl std::str::FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(url: &str) -> Result<Self, EndpointError> {
        let wrong = |problem: &str, remedy: &str| EndpointError {
            url: without_userinfo(url),
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
        };
        let example = "give it like http://127.0.0.1:4566 or https://connect.eu-central-1.amazonaws.com";
        if url.trim().is_empty() {
            return Err(wrong("is empty", example));
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(wrong("has no scheme", &format!("write `http://{url}` or `https://{url}`")));
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            other => return Err(wrong(&format!("has the scheme `{other}`"), "only http and https are spoken")),
        };
        if rest.contains('#') || rest.contains('?') {
            return Err(wrong("has a query or a fragment", "leave out everything from `?` or `#` on"));
        }
        if rest.is_empty() || rest.starts_with('/') || rest.starts_with(':') {
            return Err(wrong("has no host", example));
        }
        let host_and_port = rest.split('/').next().unwrap_or(rest);
        if host_and_port.contains('@') {
            return Err(wrong(
                "carries a user name or password",
                "leave it out and give credentials by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by --profile",
            ));
        }
        let uri: Uri = url.parse().map_err(|error| wrong(&format!("is no URL ({error})"), example))?;
        let Some(authority) = uri.authority() else { return Err(wrong("has no host", example)) };
        let port_text = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
        let port = match port_text {
            None => Some(if https { 443 } else { 80 }),
            Some(text) => text.parse().ok().filter(|port| *port > 0),
        };
        let Some(port) = port else {
            return Err(wrong(
                &format!("has the port `{}`", port_text.unwrap_or_default()),
                "give a port from 1 to 65535, or none",
            ));
        };
        Ok(Self {
            https,
            authority: authority.as_str().to_owned(),
            host: authority.host().to_ascii_lowercase(),
            port,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl Endpoint {
    /// The endpoint of a URL or of the word [`AWS`], with the region to sign for. The word stands for the first of:
    /// `AWS_ENDPOINT_URL_` with the name of the service, `AWS_ENDPOINT_URL`, `endpoint_url` in the profile, and AWS's own
    /// host in the region, which somebody must have named then.
    ///
    /// # Errors
    /// A URL that cannot be used; for the word, no region, or profile files that cannot be read.
    pub async fn resolve(flags: &TargetFlags, service: &Service) -> Result<(Self, String), TargetError> {
        let is_word = flags.endpoint == AWS;
        let profile = credentials::profile_name(flags.profile.as_deref());
        let configured = match aws::configured(&profile, &service.sdk_id).await {
            Err(why) if is_word => return Err(TargetError::Aws(why)),
            // A profile that is needed for credentials is read again, and missed then.
            read => read.unwrap_or_default(),
        };
        let named = (flags.region.clone(), environment("AWS_REGION").or_else(|| environment("AWS_DEFAULT_REGION")));
        let endpoint = if is_word {
            let region = named.0.as_ref().or(named.1.as_ref()).or(configured.region.as_ref());
            let url = configured_url(&configured, &service.sdk_id).or_else(|| Some(own_url(service, region?)));
            let missing = "which region? Give --region, AWS_REGION or a profile with a region";
            url.ok_or_else(|| TargetError::Aws(missing.to_owned()))?.parse()?
        } else {
            flags.endpoint.parse::<Self>()?
        };
        let region = (named.0)
            .or_else(|| endpoint.region().map(str::to_owned))
            .or(named.1)
            .or(configured.region)
            .unwrap_or_else(|| DEFAULT_REGION.to_owned());
        Ok((endpoint, region))
    }

    /// Encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Host and port as written, as in a `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Host in lower case; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port, by default that of the scheme.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path that goes before every request's, without a slash at its end; empty for none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The whole URL of a request path (with query), byte for byte.
    pub fn url_of(&self, uri: &str) -> String {
        format!("{}://{}{}{uri}", self.scheme(), self.authority, self.prefix)
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Host is this machine: `localhost`, names under it, 127.0.0.0/8 or `::1`.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => bare == "localhost" || bare.ends_with(".localhost"),
        }
    }

    /// Host is AWS's.
    fn is_aws(&self) -> bool {
        self.aws_labels().is_some()
    }

    fn aws_labels(&self) -> Option<&str> {
        self.host.strip_suffix(".amazonaws.com").or_else(|| self.host.strip_suffix(".amazonaws.com.cn"))
    }

    /// Region in a host name of AWS, for example `eu-central-1` in `connect.eu-central-1.amazonaws.com`.
    fn region(&self) -> Option<&str> {
        let labels = self.aws_labels()?;
        labels.split_once('.').map(|(_, region)| region).filter(|region| !region.contains('.'))
    }
}

/// The endpoint that somebody configured for a service, or for all.
fn configured_url(configured: &Configured, sdk_id: &str) -> Option<String> {
    let ignores = match environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        Some(value) => value.eq_ignore_ascii_case("true"),
        None => configured.ignores_endpoints,
    };
    if ignores {
        return None;
    }
    let variable = format!("AWS_ENDPOINT_URL_{}", sdk_id.replace([' ', '-'], "_").to_uppercase());
    environment(&variable).or_else(|| environment("AWS_ENDPOINT_URL")).or_else(|| configured.endpoint_url.clone())
}

/// Where AWS serves a region. Source: AWS general reference, service endpoints.
fn own_url(service: &Service, region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{}.{region}.{suffix}", service.endpoint_prefix)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url_of(""))
    }
}

/// The URL for an error message: what might be a password is left out.
fn without_userinfo(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if scheme.is_empty() => format!("…{}", &rest[at..]),
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_kept_as_written() {
        // url, authority, port, prefix, loopback
        let rows = [
            ("http://127.0.0.1:4566", "127.0.0.1:4566", 4566, "", true),
            ("http://localhost", "localhost", 80, "", true),
            ("HTTP://LOCALHOST:1/", "LOCALHOST:1", 1, "", true),
            ("http://connect.localhost:9", "connect.localhost:9", 9, "", true),
            ("http://[::1]:8080/", "[::1]:8080", 8080, "", true),
            ("https://connect.eu-west-2.amazonaws.com", "connect.eu-west-2.amazonaws.com", 443, "", false),
            ("https://gateway.example/stage%2Fone/../v1/", "gateway.example", 443, "/stage%2Fone/../v1", false),
            ("http://127.0.0.1.example.com", "127.0.0.1.example.com", 80, "", false),
        ];
        for (url, authority, port, prefix, loopback) in rows {
            let endpoint: Endpoint = url.parse().unwrap();
            let seen = (endpoint.authority(), endpoint.port(), endpoint.prefix(), endpoint.is_loopback());
            assert_eq!(seen, (authority, port, prefix, loopback), "{url}");
        }
    }

    #[test]
    fn bad_urls_say_what_and_how_to_mend() {
        let rows = [
            ("", "is empty"),
            ("127.0.0.1:4566", "write `http://127.0.0.1:4566`"),
            ("ftp://host", "only http and https"),
            ("http://", "has no host"),
            ("http:///path", "has no host"),
            ("http://:80", "has no host"),
            ("http://host:0", "port"),
            ("http://host:99999", "port"),
            ("http://host:port", "has the port `port`"),
            ("http://host/?q=1", "query or a fragment"),
            ("http://ho st/", "is no URL"),
            ("http://user:secret@host/", "user name or password"),
        ];
        for (url, part) in rows {
            let message = url.parse::<Endpoint>().unwrap_err().to_string();
            assert!(message.contains(part), "{url}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn the_host_names_the_region() {
        let region = |url: &str| url.parse::<Endpoint>().unwrap().region().map(str::to_owned);
        assert_eq!(region("https://connect.eu-central-1.amazonaws.com").as_deref(), Some("eu-central-1"));
        assert_eq!(region("https://example.com"), None);
        assert_eq!(region("http://localhost:4566"), None);
    }
}
