//! The contract in other people's languages: typed Rust, JSON Schema, OpenAPI. Everything here reads a
//! [`Schema`](crate::schema::Schema) and writes text or JSON; only the examples know payloads.

mod examples;
pub mod json_schema;
pub mod openapi;
pub mod rust;
pub mod words;
