//! The HTTP client that `aws-config` asks for credentials with: our own connections, a few requests an hour.

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
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy;

use crate::target::Endpoint;
use crate::{Connections, Outgoing};

/// For the whole answer where the caller does not say.
const PATIENCE: Duration = Duration::from_secs(30);

/// For a connection where the caller does not say.
const CONNECT: Duration = Duration::from_secs(5);

/// No answer with credentials is longer.
const MOST_BYTES: usize = 1 << 20;

/// A client for metadata services, STS and single sign-on.
pub(super) fn client() -> SharedHttpClient {
    http_client_fn(|settings, _components| {
        let connect = settings.connect_timeout().unwrap_or(CONNECT);
        SharedHttpConnector::new(Asking { connect, read: settings.read_timeout().unwrap_or(PATIENCE) })
    })
}

/// A client that refuses. Without any, providers panic as soon as a profile asks for more than keys.
pub(super) fn offline() -> SharedHttpClient {
    http_client_fn(|_settings, _components| SharedHttpConnector::new(Refusing))
}

#[derive(Debug)]
struct Refusing;

impl HttpConnector for Refusing {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let why = "it needs the network (single sign-on, an assumed role or a metadata service)";
        HttpConnectorFuture::ready(Err(ConnectorError::user(why.into())))
    }
}

#[derive(Debug)]
struct Asking {
    connect: Duration,
    read: Duration,
}

impl HttpConnector for Asking {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connect, patience) = (self.connect, self.connect + self.read);
        HttpConnectorFuture::new(async move {
            let answer = tokio::time::timeout(patience, ask(request, connect)).await;
            answer.unwrap_or_else(|_elapsed| {
                Err(ConnectorError::timeout(format!("no whole answer within {patience:?}").into()))
            })
        })
    }
}

async fn ask(request: HttpRequest, connect: Duration) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn StdError + Send + Sync>| ConnectorError::user(error);
    let uri: http::Uri = request.uri().parse().map_err(|error| user(Box::new(error)))?;
    let origin =
        format!("{}://{}", uri.scheme_str().unwrap_or("http"), uri.authority().map_or("", |part| part.as_str()));
    let endpoint: Endpoint = origin.parse().map_err(|error| user(Box::new(error)))?;
    let connections = Connections::new(&endpoint, connect).map_err(|error| user(error.into()))?;
    let mut builder = http::Request::builder().method(request.method()).uri(uri);
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    let body = request.body().bytes().ok_or_else(|| user("a body that streams".into()))?.to_vec();
    let outgoing = builder.body(Outgoing::new(body)).map_err(|error| user(Box::new(error)))?;
    let (head, body) = connections.request(outgoing).await.map_err(trouble)?.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(ConnectorError::io)?.to_bytes();
    let status = StatusCode::try_from(head.status.as_u16()).map_err(|error| user(Box::new(error)))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in &head.headers {
        // What is no text is no header that anybody looks at here.
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

/// Nobody at the address of a metadata service is no reason to try again; that takes a timeout that is called one.
fn trouble(error: legacy::Error) -> ConnectorError {
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(next) = cause {
        if next.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return ConnectorError::timeout(error.into());
        }
        cause = next.source();
    }
    ConnectorError::io(error.into())
}
