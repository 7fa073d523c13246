//! The Amazon Connect API as data.
//!
//! A model file becomes a [`schema::Schema`]; everything else reads from it: [`validate`] says what is wrong with a
//! value, [`generate`] makes values that are right or wrong in one named way, [`wire`] turns values into HTTP messages
//! and back.

pub mod ast;
mod constraint;
pub mod diff;
pub mod export;
pub mod generate;
pub mod import;
pub mod lower;
pub mod overrides;
pub mod pattern;
pub mod planted;
pub mod schema;
pub mod semantics;
pub mod shapes;
pub mod validate;
pub mod wire;
