//! Requests whose signature is in question.

use std::sync::atomic::Ordering;

use connect_model::schema::OperationId;
use connect_model::wire::message::HttpRequest;
use connect_transport::Transport;
use connect_transport::exchange::Exchange;

use crate::client::reply::classify;
use crate::client::{Client, RETRIES, TRANSIENT};

impl Client {
    /// The transport to the endpoint that verifies signatures: another way to the service, or the usual one.
    pub(crate) fn guarded(&self) -> &Transport {
        self.guarded.as_deref().unwrap_or(&self.transport)
    }

    /// Sends a request with the signature that it brings. It is sent again after throttling and server errors.
    ///
    /// # Errors
    /// There is no answer, or the endpoint goes on throttling.
    pub(crate) async fn send_as_given(
        &self,
        operation: OperationId,
        request: &HttpRequest,
    ) -> Result<Exchange, String> {
        let transport = self.guarded();
        for attempt in 0.. {
            let exchange = transport.send_as_given(&self.schema[operation].name, request).await;
            let exchange = exchange.map_err(|error| format!("{}: {error}", error.class()))?;
            let status = exchange.response.status;
            let (_, throttled) = classify(self.schema, operation, Ok(exchange.clone()), true);
            if throttled {
                transport.pace().throttled(None);
            } else {
                transport.pace().served();
            }
            if (200..300).contains(&status) {
                self.accepted.fetch_add(1, Ordering::Relaxed);
            }
            if !throttled && !TRANSIENT.contains(&status) {
                return Ok(exchange);
            }
            if attempt == RETRIES {
                return match status {
                    _ if throttled => Err(format!("throttled: {status}")),
                    // These say nothing about the request.
                    502..=504 => Err(format!("out of service: {status}")),
                    _ => Ok(exchange),
                };
            }
            tokio::time::sleep(self.pause(attempt)).await;
        }
        Err("not sent".to_owned())
    }
}
