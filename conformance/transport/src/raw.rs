//! Sends one request over an HTTP/1.1 connection of its own, byte for byte, and reads the response. Dropping the future
//! closes the connection. `connection.rs` says which requests are sent this way.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::TRANSFER_ENCODING;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use tokio::sync::Notify;

use crate::body::RequestBody;
use crate::connection::{MAX_HEAD, PreparedRequest, ResponseReader};
use crate::error::ConnectionError;
use crate::network::Network;

/// A byte stream to an endpoint: plain or encrypted, direct or through a proxy.
pub(crate) trait Stream: Read + Write + Unpin + Send {}

impl<S: Read + Write + Unpin + Send> Stream for S {}

/// Sends a request over a connection of its own and reads the response. Notifies `taken` when the connection has taken
/// the whole body.
pub(crate) async fn exchange(
    network: &Network,
    request: PreparedRequest,
    taken: Option<Arc<Notify>>,
    reader: &mut ResponseReader<'_>,
) -> Result<(), ConnectionError> {
    let is_chunked = request.headers.contains_key(TRANSFER_ENCODING);
    let body = if is_chunked { RequestBody::chunked } else { RequestBody::new };
    let mut message = http::Request::new(body(request.body, taken));
    *message.method_mut() = request.method;
    *message.uri_mut() = request.path.into();
    *message.headers_mut() = request.headers;
    let stream = network.dial().await.map_err(ConnectionError::Connect)?;
    let mut client = http1::Builder::new();
    client.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = client.handshake(stream).await.map_err(|error| ConnectionError::classify(&error))?;
    let exchange = async {
        let response = sender.send_request(message).await.map_err(|error| ConnectionError::classify(&error))?;
        let (head, mut body) = response.into_parts();
        reader.head(head.status, &head.headers, body.size_hint().exact())?;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| ConnectionError::classify(&error))?;
            if let Some(data) = frame.data_ref() {
                reader.data(data)?;
            }
        }
        reader.end()
    };
    // The connection's own result repeats that of the exchange.
    let drive = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        result = exchange => result,
        never = drive => match never {},
    }
}
