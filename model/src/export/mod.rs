//! The contract in other languages: typed Rust, JSON Schema, OpenAPI. Reads a [`Schema`](crate::schema::Schema) and
//! writes text or JSON. Only the examples know payloads.

mod examples;
pub mod json_schema;
pub mod openapi;
pub mod rust;
pub mod words;
