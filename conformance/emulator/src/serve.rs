//! The service on a loopback port. Does not know the content of requests and responses.

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use connect_model::header_names::is_of_sender;
use connect_model::json_text::weight;
use connect_model::schema::Schema;
use connect_model::wire::encode_unmodelled_error;
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::front::{Admission, BrokenBody, Front};
use crate::service::BODY_LIMIT;
use crate::{Config, FrontConfig, Service};

/// Time for the body of a request. A client that sends more slowly keeps no connection open.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A running endpoint. It stops with [`Emulator::shutdown`], or with its runtime.
pub struct Emulator {
    address: SocketAddr,
    guarded: Option<SocketAddr>,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
}

impl Emulator {
    /// Listens on 127.0.0.1 only. Fails if the port is taken.
    pub async fn start(schema: &'static Schema, config: &Config) -> std::io::Result<Self> {
        let service = Arc::new(Service::new(schema, config));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        let mut open = async |port: u16, front: &FrontConfig| -> std::io::Result<SocketAddr> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            let front = Front::new(front, &config.region, &schema.service.signing_name, service.seams());
            let router = axum::Router::new().fallback(answer).with_state((Arc::clone(&service), Arc::new(front)));
            let mut stopped = stopped.clone();
            tasks.push(tokio::spawn(async move {
                let until = async move {
                    // The endpoint goes on if its handle is dropped.
                    if stopped.wait_for(|stopped| *stopped).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                axum::serve(listener, router).with_graceful_shutdown(until).await
            }));
            Ok(address)
        };
        let address = open(config.port, &config.front).await?;
        let guarded = match &config.guard {
            Some(keys) => {
                let front = FrontConfig { verify: Some(keys.clone()), ..FrontConfig::default() };
                Some(open(0, &front).await?)
            }
            None => None,
        };
        Ok(Self { address, guarded, service, stop, tasks })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL of the port that verifies signatures, without trailing slash; none without one.
    pub fn guarded_url(&self) -> Option<String> {
        self.guarded.map(|address| format!("http://{address}"))
    }

    /// Base URL without trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The service behind the port.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Stops accepting requests, and returns when the running ones are answered.
    pub async fn shutdown(self) {
        // Fails only if the endpoint has stopped already.
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Largest weight of the JSON in a body, see [`weight`].
const VALUE_LIMIT: usize = 4_000_000;

async fn answer(State((service, front)): State<(Arc<Service>, Arc<Front>)>, request: Request) -> Response<Body> {
    let mut response = admit(service, &front, request).await;
    if let Some(date) = front.date().and_then(|date| HeaderValue::try_from(date).ok()) {
        response.headers_mut().insert("date", date);
    }
    response
}

async fn admit(service: Arc<Service>, front: &Front, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) if weight(&body) > VALUE_LIMIT => {
            return write(encode_unmodelled_error(
                "RequestEntityTooLargeException",
                413,
                "the body has too many JSON values",
            ));
        }
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let message = format!("the body is larger than {BODY_LIMIT} bytes");
            return write(encode_unmodelled_error("RequestEntityTooLargeException", 413, &message));
        }
        Err(_elapsed) => {
            let message = format!("the body did not arrive within {} s", BODY_TIME.as_secs());
            return write(encode_unmodelled_error("RequestTimeoutException", 408, &message));
        }
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let request = HttpRequest {
        method: parts.method.as_str().to_owned(),
        uri: parts.uri.path_and_query().map_or("/", |uri| uri.as_str()).to_owned(),
        headers: Headers(parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()),
        body: body.to_vec(),
    };
    let loses_response = match front.admit(&request) {
        Admission::Serve => false,
        Admission::LoseResponse => true,
        Admission::LoseRequest => return Response::new(Body::new(BrokenBody)),
        Admission::Refuse(response) => return write(*response),
    };
    let handled = if service.may_sleep() {
        tokio::task::spawn_blocking(move || service.handle(&request)).await.ok()
    } else {
        catch_unwind(AssertUnwindSafe(|| service.handle(&request))).ok()
    };
    if loses_response {
        return Response::new(Body::new(BrokenBody));
    }
    write(handled.unwrap_or_else(|| encode_unmodelled_error("InternalFailure", 500, "the emulator failed")))
}

/// Writes a response; one without a status breaks the connection. Headers that say where it ends are left to HTTP, whatever
/// the model has for them.
fn write(response: HttpResponse) -> Response<Body> {
    if response.status == 0 {
        return Response::new(Body::new(BrokenBody));
    }
    let mut written = Response::new(Body::from(response.body));
    *written.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers.0.iter().filter(|(name, _)| !is_of_sender(name)) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            written.headers_mut().append(name, value);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::{Bytes, HttpBody};
    use hyper::body::Frame;

    use super::*;

    /// A body that never ends.
    struct Silence;

    impl HttpBody for Silence {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            Poll::Pending
        }
    }

    // The clock advances while nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let service = Arc::new(Service::new(Schema::connect(), &Config::default()));
        let front = Front::new(&FrontConfig::default(), "us-east-1", "connect", service.seams());
        let response = admit(service, &front, Request::new(Body::new(Silence))).await;
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    }
}
