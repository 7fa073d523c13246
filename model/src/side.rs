//! The two messages of an operation.

use crate::schema::{OperationId, Schema, ShapeId};

/// A message of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The request.
    Input,
    /// The response on success.
    Output,
}

/// The structure on one side of an operation.
pub fn side_shape(schema: &Schema, operation: OperationId, side: Side) -> Option<ShapeId> {
    match side {
        Side::Input => schema[operation].input,
        Side::Output => schema[operation].output,
    }
}
