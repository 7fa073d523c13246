//! Stands in for `network` in builds without the feature `aws`: plain HTTP to this machine only.

use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::ClientBuilder;
use tower_service::Service;

use crate::endpoint::Endpoint;
use crate::error::chain;
use crate::raw::Stream;

/// Checks whether this build can reach an endpoint.
///
/// # Errors
/// The endpoint is on another machine or encrypted.
pub(crate) fn check_reachable(endpoint: &Endpoint) -> Result<(), String> {
    if endpoint.is_https() || !endpoint.is_loopback() {
        return Err("this build supports plain HTTP to this machine only; build with the feature `aws`".to_owned());
    }
    Ok(())
}

/// The route to an endpoint on this machine.
#[derive(Debug)]
pub(crate) struct Network {
    tcp: HttpConnector,
    uri: Uri,
}

impl Network {
    pub(crate) fn new(endpoint: &Endpoint, connect_timeout: Duration) -> Result<Self, String> {
        check_reachable(endpoint)?;
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connect_timeout));
        Ok(Self { tcp, uri: endpoint.uri_with_port()? })
    }

    pub(crate) fn configure(&self, builder: ClientBuilder) -> Result<ClientBuilder, String> {
        Ok(builder.no_proxy())
    }

    /// No proxy stands before this machine.
    #[expect(clippy::unused_self, reason = "a build that reaches other machines asks its settings")]
    pub(crate) fn proxy(&self) -> Option<String> {
        None
    }

    #[expect(clippy::unused_self, reason = "a build that reaches other machines asks its settings")]
    pub(crate) fn proxy_secrets(&self) -> Vec<String> {
        Vec::new()
    }

    pub(crate) async fn dial(&self) -> Result<Box<dyn Stream>, String> {
        let stream = self.tcp.clone().call(self.uri.clone()).await.map_err(|error| chain(&error))?;
        Ok(Box::new(stream))
    }
}
