//! restJson1: values to HTTP messages and back.

pub mod message;
pub mod timestamp;
