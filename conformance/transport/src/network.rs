//! TLS and proxies: how to reach an endpoint that may be on another machine.

use std::sync::Arc;
use std::time::Duration;

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

use crate::endpoint::Endpoint;
use crate::error::chain;
use crate::raw::Stream;

/// Checks whether this build can reach an endpoint.
///
/// # Errors
/// None: this build reaches every endpoint.
pub(crate) fn check_reachable(_: &Endpoint) -> Result<(), String> {
    Ok(())
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
