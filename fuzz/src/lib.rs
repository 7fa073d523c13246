//! The bodies of the fuzz targets: each a function of bytes that panics when a law of the contract is broken.
//!
//! A target's `run` is what a fuzzer calls. It is a library function so that stable Rust runs it too: the smoke test
//! beside each one feeds it a fixed number of inputs and asserts that they reached what the target is for. Knows the
//! public side of `connect_model` only.

mod http;
mod message;
mod service;

pub mod generate_laws;
pub mod model_load;
pub mod request_decode;
pub mod response_decode;
