//! restJson1: values to HTTP messages and back, for both ends of the wire.
//!
//! | direction | client | server |
//! |---|---|---|
//! | request | [`encode_request`] | [`Router::route`], then [`decode_request`] |
//! | response | [`decode_response`] | [`encode_response`] |
//! | error | [`decode_error`] | [`encode_error`], [`encode_unmodelled_error`] |
//!
//! The server's side is strict about form (types, timestamps, media types) and the client's is tolerant: it keeps what
//! it does not know. Neither knows of constraints; whether a value is allowed is for validation to say. Source of the
//! rules: the restJson1 and HTTP binding pages of Smithy 2.0.

mod body;
mod error;
mod escape;
mod fault;
mod header_text;
mod media;
pub mod message;
mod parts;
mod request;
mod response;
mod route;
mod text;
pub mod timestamp;

pub use error::{DecodedError, NameSource, decode_error, encode_error, encode_unmodelled_error};
pub use fault::{DecodeError, EncodeError, Limits};
pub use request::{DecodedRequest, decode_request, encode_request, inspect_request};
pub use response::{DecodeProblem, Decoded, Unknown, decode_response, encode_response};
pub use route::{Route, RouteError, Router};

#[cfg(test)]
mod tests;
