//! A hook that sees every request before it is sent and its result afterwards. The ledger of created resources sits
//! behind it; the transport does not know what it records.

use std::fmt;

use connect_model::schema::OperationId;
use connect_model::wire::message::{HttpRequest, HttpResponse};

use crate::TransportError;

/// Sees every request of a transport.
pub trait RequestHook: fmt::Debug + Send + Sync {
    /// Called before a request is sent.
    ///
    /// # Errors
    /// The request must not be sent, and why.
    fn before(&self, request: &HttpRequest) -> Result<LedgerEvent, String>;

    /// Called with the result of the request for which [`RequestHook::before`] returned `event`. Not called when the
    /// caller gave up on the request.
    fn after(&self, event: &LedgerEvent, request: &HttpRequest, result: &Result<HttpResponse, TransportError>);
}

/// The effect that a request in flight has on the ledger. Without a response, its ledger entry stays unresolved.
#[derive(Debug)]
pub enum LedgerEvent {
    /// No effect.
    Other,
    /// Creates a resource: the number of its ledger entry.
    Creates(usize),
    /// Deletes a resource: the operation.
    Deletes(OperationId),
}
