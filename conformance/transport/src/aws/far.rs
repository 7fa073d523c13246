//! Connections to endpoints that are not on this machine: TLS, and proxies.

use std::net::IpAddr;

use hyper::body::Incoming;
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{self, Client};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::Outgoing;
use crate::target::Endpoint;

/// Connection pools by the way to the endpoint.
#[derive(Debug)]
pub(crate) enum Far {
    Tls(Client<HttpsConnector<HttpConnector>, Outgoing>),
    Proxied(Client<HttpsConnector<Tunnel<HttpConnector>>, Outgoing>),
}

impl Far {
    /// Proxies come from the usual environment variables (`HTTPS_PROXY`, `NO_PROXY`, …), and never for what is on this
    /// machine. `None` where neither TLS nor a proxy is needed.
    pub(crate) fn new(
        endpoint: &Endpoint,
        tcp: &HttpConnector,
        pool: &legacy::Builder,
    ) -> Result<Option<Self>, String> {
        if let Some(proxy) = proxy_for(endpoint) {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp.clone());
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            return Ok(Some(Self::Proxied(pool.build(tls()?.https_or_http().enable_http1().wrap_connector(tunnel)))));
        }
        if endpoint.is_https() {
            return Ok(Some(Self::Tls(pool.build(tls()?.https_only().enable_http1().wrap_connector(tcp.clone())))));
        }
        Ok(None)
    }

    pub(crate) async fn request(
        &self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<Incoming>, legacy::Error> {
        match self {
            Far::Tls(client) => client.request(request).await,
            Far::Proxied(client) => client.request(request).await,
        }
    }
}

fn proxy_for(endpoint: &Endpoint) -> Option<Intercept> {
    if endpoint.is_loopback() || is_metadata(endpoint) {
        return None;
    }
    Matcher::from_env().intercept(&endpoint.url_of("/").parse().ok()?)
}

/// A metadata service of EC2, ECS or EKS. It is behind no proxy, and a proxy that were asked would have credentials of its
/// own to show.
fn is_metadata(endpoint: &Endpoint) -> bool {
    let bare = endpoint.host().trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.segments().starts_with(&[0xfd00, 0xec2]),
        Err(_) => false,
    }
}

fn tls() -> Result<HttpsConnectorBuilder<WantsSchemes>, String> {
    HttpsConnectorBuilder::new().try_with_platform_verifier().map_err(|error| error.to_string())
}
