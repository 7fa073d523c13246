//! The HTTP client for `aws-config`: `reqwest` with the transport's settings. Sends a few requests an hour.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use reqwest::Url;

use crate::connection;
use crate::endpoint::Endpoint;
use crate::error::causes;
use crate::network::Network;

/// Read timeout if the caller sets none.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Connect timeout if the caller sets none.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest response, in bytes; those with credentials are far smaller.
const MAX_BYTES: usize = 1 << 20;

/// A client for metadata services, STS and single sign-on.
pub(crate) fn client() -> SharedHttpClient {
    http_client_fn(|settings, _components| {
        let connect = settings.connect_timeout().unwrap_or(CONNECT_TIMEOUT);
        SharedHttpConnector::new(Client { connect, read: settings.read_timeout().unwrap_or(READ_TIMEOUT) })
    })
}

/// A client that rejects every request. Without a client, providers panic when a profile needs one.
pub(crate) fn offline() -> SharedHttpClient {
    http_client_fn(|_settings, _components| SharedHttpConnector::new(Offline))
}

#[derive(Debug)]
struct Offline;

impl HttpConnector for Offline {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let why = "it needs the network (single sign-on, an assumed role or a metadata service)";
        HttpConnectorFuture::ready(Err(ConnectorError::user(why.into())))
    }
}

#[derive(Debug)]
struct Client {
    connect: Duration,
    read: Duration,
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connect, timeout) = (self.connect, self.connect + self.read);
        HttpConnectorFuture::new(async move {
            let response = tokio::time::timeout(timeout, send(request, connect)).await;
            response.unwrap_or_else(|_elapsed| {
                Err(ConnectorError::timeout(format!("no whole response within {} s", timeout.as_secs_f64()).into()))
            })
        })
    }
}

async fn send(request: HttpRequest, connect_timeout: Duration) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn StdError + Send + Sync>| ConnectorError::user(error);
    let url: Url = request.uri().parse().map_err(|error| user(Box::new(error)))?;
    let endpoint: Endpoint = url.origin().ascii_serialization().parse().map_err(|error| user(Box::new(error)))?;
    let network = Network::new(&endpoint, connect_timeout).map_err(|error| user(error.into()))?;
    let client = connection::client(&endpoint, &network, connect_timeout).map_err(|error| user(error.into()))?;
    let method = request.method().parse().map_err(|error| user(Box::new(error)))?;
    let mut builder = client.request(method, url);
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    let body = request.body().bytes().ok_or_else(|| user("a streaming body".into()))?.to_vec();
    let mut answer = builder.body(body).send().await.map_err(classify)?;
    let status = StatusCode::try_from(answer.status().as_u16()).map_err(|error| user(Box::new(error)))?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(classify)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(ConnectorError::io(format!("response larger than {MAX_BYTES} bytes").into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(status, SdkBody::from(bytes));
    for (name, value) in answer.headers() {
        // A value that is not text belongs to no header that is read here.
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

/// Errors called timeouts are not retried: an absent metadata service must not delay a run.
fn classify(error: reqwest::Error) -> ConnectorError {
    let is_timeout = |cause: &(dyn StdError + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    };
    if error.is_timeout() || causes(&error).any(is_timeout) {
        return ConnectorError::timeout(error.into());
    }
    ConnectorError::io(error.into())
}
