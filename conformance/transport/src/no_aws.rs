//! What stands for `aws` in a build without it: plain HTTP to this machine, and nobody to ask for credentials.

use aws_credential_types::provider::SharedCredentialsProvider;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;

use crate::Outgoing;
use crate::credentials::{Configured, Source};
use crate::target::Endpoint;

/// A way to an endpoint that this build has not.
#[derive(Debug)]
pub(crate) enum Far {}

impl Far {
    pub(crate) fn new(endpoint: &Endpoint, _: &HttpConnector, _: &legacy::Builder) -> Result<Option<Self>, String> {
        reach(endpoint).map(|()| None)
    }

    pub(crate) async fn request(&self, _: http::Request<Outgoing>) -> Result<http::Response<Incoming>, legacy::Error> {
        match *self {}
    }
}

pub(crate) fn reach(endpoint: &Endpoint) -> Result<(), String> {
    if endpoint.is_https() || !endpoint.is_loopback() {
        return Err("this build speaks plain HTTP with this machine only; build with the feature `aws`".to_owned());
    }
    Ok(())
}

pub(crate) async fn provider(source: Source<'_>, _: &str) -> Result<SharedCredentialsProvider, String> {
    let what = match source {
        Source::Profile(name) => format!("the profile `{name}`"),
        Source::DefaultKeys | Source::Chain => "profiles".to_owned(),
    };
    Err(format!("this build cannot read {what}; build with the feature `aws`"))
}

pub(crate) async fn configured(_: &str, _: &str) -> Result<Configured, String> {
    Ok(Configured::default())
}
