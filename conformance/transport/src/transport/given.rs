//! Requests with a signature of the caller's choice, for checks of the signature itself. No other request may bring what
//! the sender sets.

use std::sync::PoisonError;

use connect_model::header_names::is_of_sender;
use connect_model::wire::escaped;
use connect_model::wire::message::HttpRequest;

use crate::error::TransportError;
use crate::exchange::Exchange;
use crate::parsed::{GrammarError, RequestPath, is_way_of_sending};
use crate::signing::{Recipe, Signer, clock};
use crate::transport::{Signature, Transport};

impl Transport {
    /// The signer, whose secret key no later response may show.
    pub(super) fn keeping_key(&self, signer: Result<Signer, String>) -> Result<Signer, TransportError> {
        let signer = signer.map_err(TransportError::Unsigned)?;
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).add_key(signer.secret());
        Ok(signer)
    }

    /// The request with a signature in its headers or its URL. Sends nothing. The result contains a signature and, if the
    /// recipe has one, a session token, so it belongs into no output.
    ///
    /// # Errors
    /// [`TransportError::Unsigned`] without credentials, or with expired ones; [`TransportError::Unsendable`] for a request
    /// without a canonical form.
    pub async fn sign(&self, request: &HttpRequest, recipe: &Recipe) -> Result<HttpRequest, TransportError> {
        let signer =
            self.signer.as_ref().ok_or_else(|| TransportError::Unsigned("there are no credentials".to_owned()))?;
        let signer = self.keeping_key(signer.signer_by(recipe).await)?;
        let path: RequestPath =
            request.uri.parse().map_err(|error: GrammarError| TransportError::Unsendable(error.to_string()))?;
        let (url, now) = (self.endpoint.url_of(&path), clock(self.skew().saturating_add(recipe.ahead)));
        let mut signed = request.clone();
        match recipe.in_url_for {
            None => {
                let added = signer.headers(request, &url, now).map_err(TransportError::Unsendable)?;
                added.into_iter().for_each(|(name, value)| signed.headers.push(name, value));
            }
            Some(valid_for) => {
                let added = signer.parameters(request, &url, now, valid_for).map_err(TransportError::Unsendable)?;
                for (name, value) in added {
                    let separator = if signed.uri.contains('?') { '&' } else { '?' };
                    signed.uri.push_str(&format!("{separator}{name}={}", escaped(&value)));
                }
            }
        }
        Ok(signed)
    }

    /// Sends a request with the signature that it brings, or unsigned. It is never signed again.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub async fn send_as_given(&self, operation: &str, request: &HttpRequest) -> Result<Exchange, TransportError> {
        self.health.may_send(operation).map_err(TransportError::GaveUp)?;
        self.pace.turn().await;
        self.send_recorded(operation, request, self.config.timeout, Signature::AsGiven).await
    }
}

/// Checks that a request leaves it to the transport to say where it goes, where it ends and who signed it.
pub(super) fn none_of_sender(request: &HttpRequest) -> Result<(), TransportError> {
    let mut headers = request.headers.0.iter();
    match headers.find(|(name, value)| is_of_sender(name) && !is_way_of_sending(name, value)) {
        Some((name, _)) => Err(TransportError::Unsendable(format!("the header {name} is set by the sender alone"))),
        None => Ok(()),
    }
}
