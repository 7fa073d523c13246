//! TLS and proxies: how to reach an endpoint that may be on another machine.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use reqwest::ClientBuilder;
use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::credentials::environment;
use crate::endpoint::Endpoint;
use crate::error::chain;
use crate::raw::Stream;

/// Checks whether this build can reach an endpoint.
///
/// # Errors
/// A proxy is named in the environment, but not by a URL. Requests must not go around a proxy that is meant for them.
pub(crate) fn check_reachable(endpoint: &Endpoint) -> Result<(), String> {
    if endpoint.is_loopback() {
        return Ok(());
    }
    match unusable_proxy(endpoint.is_https(), environment) {
        // The value may hold a password.
        Some(name) => {
            Err(format!("{name} is not the URL of a proxy, such as http://proxy.example:8080; correct or unset it"))
        }
        None => Ok(()),
    }
}

/// The first variable that names a proxy for the scheme, if its value is no URL.
fn unusable_proxy(is_https: bool, variable: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let names = if is_https { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    names.into_iter().chain(["ALL_PROXY", "all_proxy"]).find(|name| {
        let Some(value) = variable(name).filter(|value| !value.is_empty()) else { return false };
        let url = if value.contains("://") { value } else { format!("http://{value}") };
        let known = |uri: &Uri| {
            let scheme = uri.scheme_str().unwrap_or_default();
            matches!(scheme, "http" | "https") || scheme.starts_with("socks")
        };
        !url.parse::<Uri>().is_ok_and(|uri| known(&uri) && uri.host().is_some_and(|host| !host.is_empty()))
    })
}

/// The route to an endpoint. Proxies come from the usual environment variables (`HTTPS_PROXY`, `NO_PROXY`, …).
#[derive(Debug)]
pub(crate) struct Network {
    tcp: HttpConnector,
    uri: Uri,
    proxy: Option<Intercept>,
    /// For the endpoint or for its proxy.
    tls: Option<ClientConfig>,
    /// The name that the endpoint's certificate must show; none for plain HTTP.
    server_name: Option<ServerName<'static>>,
}

impl Network {
    pub(crate) fn new(endpoint: &Endpoint, connect_timeout: Duration) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.enforce_http(false);
        let uri = endpoint.uri_with_port()?;
        let proxy = proxy_for(endpoint, &uri);
        let name = || ServerName::try_from(endpoint.bare_host().to_owned()).map_err(|error| error.to_string());
        let server_name = endpoint.is_https().then(name).transpose()?;
        let tls = (endpoint.is_https() || proxy.is_some()).then(tls_config).transpose()?;
        Ok(Self { tcp, uri, proxy, tls, server_name })
    }

    /// Adds TLS and proxies to a client.
    pub(crate) fn configure(&self, builder: ClientBuilder) -> Result<ClientBuilder, String> {
        let builder = if self.proxy.is_none() { builder.no_proxy() } else { builder };
        Ok(builder.tls_backend_preconfigured(self.tls.clone().map_or_else(unused_tls_config, Ok)?))
    }

    /// Scheme, host and port of the proxy on the way to the endpoint.
    pub(crate) fn proxy(&self) -> Option<String> {
        let uri = self.proxy.as_ref()?.uri();
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default()))
    }

    /// The password for the proxy, in the forms in which a request to it has it.
    pub(crate) fn proxy_secrets(&self) -> Vec<String> {
        let basic = self.proxy.iter().filter_map(|proxy| proxy.basic_auth()?.to_str().ok()?.strip_prefix("Basic "));
        let raw = self.proxy.iter().filter_map(Intercept::raw_auth).map(|(_, password)| password.to_owned());
        basic.flat_map(basic_secrets).chain(raw).collect()
    }

    /// Opens a byte stream to the endpoint.
    pub(crate) async fn dial(&self) -> Result<Box<dyn Stream>, String> {
        let stream = match &self.proxy {
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                tunnel.call(self.uri.clone()).await.map_err(|error| chain(&error))?
            }
            None => self.tcp.clone().call(self.uri.clone()).await.map_err(|error| chain(&error))?,
        };
        let (Some(config), Some(name)) = (&self.tls, &self.server_name) else { return Ok(Box::new(stream)) };
        let connector = TlsConnector::from(Arc::new(config.clone()));
        let stream = connector.connect(name.clone(), stream.into_inner()).await.map_err(|error| chain(&error))?;
        Ok(Box::new(TokioIo::new(stream)))
    }
}

/// The secrets in a header of basic authentication: its text, and the password in it. A user name is no secret.
fn basic_secrets(encoded: &str) -> Vec<String> {
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password =
        decoded.as_ref().and_then(|decoded| decoded.split_once(':')).map(|(_, password)| password.to_owned());
    [encoded.to_owned()].into_iter().chain(password).collect()
}

/// The proxy for an endpoint. None for this machine, and none for metadata services of EC2, ECS and EKS: no proxy stands
/// before them, and one that answered would hand out its own credentials.
fn proxy_for(endpoint: &Endpoint, uri: &Uri) -> Option<Intercept> {
    if endpoint.is_loopback() || endpoint.is_metadata_service() {
        return None;
    }
    Matcher::from_env().intercept(uri)
}

/// Trusts the certificates that the platform trusts.
fn tls_config() -> Result<ClientConfig, String> {
    let builder = tls_builder()?.with_platform_verifier().map_err(|error| error.to_string())?;
    Ok(builder.with_no_client_auth())
}

/// Trusts nothing. For plain HTTP, which needs no TLS, while reading the platform's certificates takes time.
fn unused_tls_config() -> Result<ClientConfig, String> {
    let builder: ConfigBuilder<ClientConfig, WantsClientCert> =
        tls_builder()?.with_root_certificates(RootCertStore::empty());
    Ok(builder.with_no_client_auth())
}

fn tls_builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, String> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_for_a_proxy_is_a_secret_as_it_is_sent() {
        // `tester:hunter2hunter2`
        let secrets = basic_secrets("dGVzdGVyOmh1bnRlcjJodW50ZXIy");
        assert_eq!(secrets, ["dGVzdGVyOmh1bnRlcjJodW50ZXIy", "hunter2hunter2"]);
        assert_eq!(basic_secrets("?"), ["?"]);
    }

    #[test]
    fn a_proxy_that_is_no_url_is_not_ignored() {
        let rows = [
            (true, "HTTPS_PROXY", "http://proxy.example:8080", None),
            (true, "https_proxy", "proxy.example:8080", None),
            (true, "ALL_PROXY", "socks5://user:secret@proxy.example", None),
            (true, "HTTPS_PROXY", "", None),
            (true, "HTTPS_PROXY", "http://", Some("HTTPS_PROXY")),
            (true, "https_proxy", "ftp://proxy.example", Some("https_proxy")),
            (true, "ALL_PROXY", "proxy example", Some("ALL_PROXY")),
            (true, "HTTP_PROXY", "http://", None),
            (false, "http_proxy", "://x", Some("http_proxy")),
        ];
        for (is_https, set, value, expected) in rows {
            let variable = |name: &str| (name == set).then(|| value.to_owned());
            assert_eq!(unusable_proxy(is_https, variable), expected, "{set}={value}");
        }
    }
}
