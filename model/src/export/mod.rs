//! The contract in other people's languages: typed Rust, JSON Schema, OpenAPI. Everything here reads a
//! [`Schema`](crate::schema::Schema) and writes text or JSON; nothing here knows payloads.

pub mod json_schema;
pub mod openapi;
pub mod rust;
pub mod words;
