//! Requests whose signature is in question.

use std::sync::atomic::Ordering;

use connect_model::schema::OperationId;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{DecodedError, decode_error};
use connect_transport::Transport;
use connect_transport::exchange::Exchange;

use crate::client::reply::is_throttling;
use crate::client::{Client, RETRIES, TRANSIENT};

impl Client {
    /// The transport to the endpoint that verifies signatures: another way to the service, or the usual one.
    pub(crate) fn guarded(&self) -> &Transport {
        self.guarded.as_deref().unwrap_or(&self.transport)
    }

    /// Sends a request with the signature that it brings; returns the exchange, and the error in it. It is sent again after
    /// throttling and server errors.
    ///
    /// # Errors
    /// There is no answer, or the endpoint goes on throttling.
    pub(crate) async fn send_as_given(
        &self,
        operation: OperationId,
        request: &HttpRequest,
    ) -> Result<(Exchange, Option<DecodedError>), String> {
        let transport = self.guarded();
        for attempt in 0.. {
            let exchange = transport.send_as_given(&self.schema[operation].name, request).await;
            let exchange = exchange.map_err(|error| format!("{}: {error}", error.class()))?;
            let status = exchange.response.status;
            let is_success = (200..300).contains(&status);
            let error = (!is_success).then(|| decode_error(self.schema, operation, &exchange.response));
            let code = error.as_ref().and_then(|error| error.code.as_deref());
            let throttled = error.is_some() && is_throttling(status, code.unwrap_or_default());
            if throttled {
                transport.pace().throttled(None);
            } else {
                transport.pace().served();
            }
            if is_success {
                self.accepted.fetch_add(1, Ordering::Relaxed);
            }
            if !throttled && !TRANSIENT.contains(&status) {
                return Ok((exchange, error));
            }
            if attempt == RETRIES {
                return match status {
                    _ if throttled => Err(format!("throttled: {status}")),
                    // These say nothing about the request.
                    502..=504 => Err(format!("out of service: {status}")),
                    _ => Ok((exchange, error)),
                };
            }
            tokio::time::sleep(self.pause(attempt)).await;
        }
        Err("not sent".to_owned())
    }
}
