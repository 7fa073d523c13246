//! The endpoint of a run: scheme, host, port and path prefix of its URL, kept as written. Does not know who chose it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use connect_model::text::visible;
use http::Uri;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::parsed::RequestPath;

/// Scheme, host, port and path prefix of an endpoint, as written: no percent-decoding, no resolving of dots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint {
    https: bool,
    authority: String,
    host: String,
    port: u16,
    prefix: String,
}

/// An endpoint URL that cannot be used: the problem, and how to fix it.
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
        let shown = without_secrets(url);
        let wrong = |problem: &str, remedy: &str| EndpointError {
            url: visible(&shown).into_owned(),
            problem: visible(problem).into_owned(),
            remedy: visible(remedy).into_owned(),
        };
        let example = "give it like http://127.0.0.1:4566 or https://connect.eu-central-1.amazonaws.com";
        if url.trim().is_empty() {
            return Err(wrong("is empty", example));
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            // A text that is shown with escapes cannot be pasted.
            let remedy = match visible(&shown) {
                Cow::Borrowed(shown) => format!("write `http://{shown}` or `https://{shown}`"),
                Cow::Owned(_) => "begin it with `http://` or `https://`".to_owned(),
            };
            return Err(wrong("has no scheme", &remedy));
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("has another scheme than http or https", "only http and https are supported")),
        };
        if rest.contains('#') || rest.contains('?') {
            return Err(wrong("has a query or a fragment", "leave out everything from `?` or `#` on"));
        }
        if rest.is_empty() || rest.starts_with('/') || rest.starts_with(':') {
            return Err(wrong("has no host", example));
        }
        if rest.contains('@') {
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
    /// Returns true if the scheme is `https`.
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

    /// Path before that of every request, without a slash at the end; empty if there is none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The endpoint for another program: a name under `localhost` becomes 127.0.0.1, since a name server could lead that
    /// program to another machine.
    #[must_use]
    pub fn for_others(&self) -> Self {
        if !self.host.ends_with(".localhost") {
            return self.clone();
        }
        let host = "127.0.0.1".to_owned();
        Self { authority: format!("{host}:{}", self.port), host, ..self.clone() }
    }

    /// The whole URL of a request path (with query), byte for byte.
    pub fn url_of(&self, path: &RequestPath) -> String {
        format!("{self}{path}")
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Returns true if the host is this machine: `localhost`, names under it, 127.0.0.0/8 or `::1`.
    pub fn is_loopback(&self) -> bool {
        let host = self.bare_host();
        match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }

    /// Returns true if the host is the metadata service of EC2, ECS or EKS.
    #[cfg(feature = "aws")]
    pub(crate) fn is_metadata_service(&self) -> bool {
        match self.bare_host().parse() {
            Ok(IpAddr::V4(address)) => address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.segments().starts_with(&[0xfd00, 0xec2]),
            Err(_) => false,
        }
    }

    /// Host without the brackets of an IPv6 address.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Scheme and authority, as written.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority)
    }

    /// The `Host` header: the authority without the scheme's own port.
    pub(crate) fn host_header(&self) -> &str {
        let port = if self.https { ":443" } else { ":80" };
        self.authority.strip_suffix(port).unwrap_or(&self.authority)
    }

    /// Scheme, host and port, for connecting. A name under `localhost` becomes that name, so that no name server decides
    /// where this machine is.
    pub(crate) fn uri_with_port(&self) -> Result<Uri, String> {
        let is_name_here = self.is_loopback() && self.bare_host().parse::<IpAddr>().is_err();
        let host = if is_name_here { "localhost" } else { &self.host };
        let uri = format!("{}://{host}:{}/", self.scheme(), self.port);
        uri.parse().map_err(|error| format!("{self}: {error}"))
    }

    /// Returns true if AWS owns the host.
    pub(crate) fn is_aws(&self) -> bool {
        self.aws_labels().is_some()
    }

    /// Returns true if the host is that of a service at AWS, which others cannot have: its prefix, alone or for FIPS, and a
    /// region, without a path. The connection is encrypted.
    pub fn is_of_service(&self, prefix: &str) -> bool {
        let labels = self.aws_labels().and_then(|labels| labels.split_once('.'));
        let is_its = |service: &str| !service.is_empty() && service.strip_suffix("-fips").unwrap_or(service) == prefix;
        self.https
            && self.prefix.trim_matches('/').is_empty()
            && labels.is_some_and(|(service, region)| is_its(service) && is_region(region))
    }

    fn aws_labels(&self) -> Option<&str> {
        self.host.strip_suffix(".amazonaws.com").or_else(|| self.host.strip_suffix(".amazonaws.com.cn"))
    }

    /// Region in a host name of AWS, for example `eu-central-1` in `connect.eu-central-1.amazonaws.com`.
    pub(crate) fn region(&self) -> Option<&str> {
        let labels = self.aws_labels()?;
        labels.split_once('.').map(|(_, region)| region).filter(|region| !region.contains('.'))
    }
}

/// True for a text of the form of `eu-central-1` or `us-gov-west-1`. The names of other services, such as `s3-us-west-2`,
/// have another form.
fn is_region(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [area, places @ .., number] if !places.is_empty() => {
            area.len() == 2 && is_word(area) && places.iter().all(|place| is_word(place)) && is_number(number)
        }
        _ => false,
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.prefix)
    }
}

/// The text of a URL for people, without what may be a secret: user name and password, query and fragment.
pub fn without_secrets(url: &str) -> String {
    let is_scheme = |scheme: &str| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let parts = url.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    let (scheme, rest) = parts.map_or((None, url), |(scheme, rest)| (Some(scheme), rest));
    let (rest, is_cut) = rest.find(['?', '#']).map_or((rest, false), |at| (&rest[..=at], true));
    // A password may hold a slash, so that the last `@` counts, wherever it is.
    let (rest, has_user) = rest.rfind('@').map_or((rest, false), |at| (&rest[at..], true));
    let start = scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
    format!("{start}{}{rest}{}", if has_user { "…" } else { "" }, if is_cut { "…" } else { "" })
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;

    fn try_from(url: String) -> Result<Self, EndpointError> {
        url.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> String {
        endpoint.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn parses_urls_and_keeps_them_as_written() {
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
    fn hosts_of_a_service_are_its_own() {
        for (url, expected) in [
            ("https://connect.eu-central-1.amazonaws.com", true),
            ("https://connect-fips.us-east-1.amazonaws.com:443", true),
            ("https://connect.cn-north-1.amazonaws.com.cn", true),
            ("http://connect.eu-central-1.amazonaws.com", false),
            ("https://s3.eu-central-1.amazonaws.com", false),
            ("https://a.execute-api.eu-central-1.amazonaws.com", false),
            ("https://connect.s3.eu-central-1.amazonaws.com", false),
            ("https://connect.eu-central-1.amazonaws.com.evil.example", false),
            ("https://connect.amazonaws.com", false),
            ("https://connect.us-gov-west-1.amazonaws.com", true),
            ("https://connect.s3.amazonaws.com", false),
            ("https://connect-fips.s3-us-west-2.amazonaws.com", false),
            ("https://connect.us-east-1.amazonaws.com/a/..", false),
        ] {
            assert_eq!(url.parse::<Endpoint>().unwrap().is_of_service("connect"), expected, "{url}");
        }
    }

    #[test]
    fn rejects_bad_urls_with_a_remedy() {
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
            ("user:secret@host:8080", "write `http://…@host:8080`"),
            ("[fd00::a]:4566", "begin it with `http://` or `https://`"),
            ("user:se/secret@host", "has no scheme"),
            ("http://host/?pw=secret", "query or a fragment"),
            ("host?pw=secret", "has no scheme"),
            ("user:secret@host://x", "only http and https"),
            ("http://host/#secret", "query or a fragment"),
            ("http://user:secret/x@host/", "user name or password"),
            ("http://us er:secret@host/", "user name or password"),
        ];
        for (url, part) in rows {
            let message = url.parse::<Endpoint>().unwrap_err().to_string();
            assert!(message.contains(part), "{url}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn reads_the_region_from_aws_hosts() {
        let region = |url: &str| url.parse::<Endpoint>().unwrap().region().map(str::to_owned);
        assert_eq!(region("https://connect.eu-central-1.amazonaws.com").as_deref(), Some("eu-central-1"));
        assert_eq!(region("https://example.com"), None);
        assert_eq!(region("http://localhost:4566"), None);
    }

    #[test]
    fn omits_default_ports_from_the_host_header() {
        for (url, host) in [
            ("http://Host:80/x", "Host"),
            ("https://host:443", "host"),
            ("https://host:80", "host:80"),
            ("http://[::1]:80", "[::1]"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://[1::80]", "[1::80]"),
        ] {
            assert_eq!(url.parse::<Endpoint>().unwrap().host_header(), host);
        }
    }
}
