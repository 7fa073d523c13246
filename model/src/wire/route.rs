//! From method and path to the operation.

use crate::schema::{OperationId, Schema};

/// An operation and the labels that its path carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub operation: OperationId,
    /// Name and decoded text of every label, in order of the path.
    pub labels: Vec<(String, String)>,
}

/// No operation answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No operation has that path.
    #[error("no operation has the path {path}")]
    UnknownPath {
        /// The path as sent.
        path: String,
    },
    /// The path is known for other methods.
    #[error("the path is known for {} only", allowed.join(", "))]
    MethodNotAllowed {
        /// The methods, sorted.
        allowed: Vec<String>,
    },
    /// A percent escape is broken or does not give UTF-8.
    #[error("{text:?} is not percent-encoded UTF-8")]
    BadEscape {
        /// The segment as sent.
        text: String,
    },
}

/// Finds operations by method and path.
#[derive(Debug)]
pub struct Router<'s> {
    schema: &'s Schema,
}

impl<'s> Router<'s> {
    /// Indexes all operations of a schema.
    pub fn new(schema: &'s Schema) -> Self {
        Self { schema }
    }

    /// The operation that answers; `uri` is path and query as sent.
    pub fn route(&self, method: &str, uri: &str) -> Result<Route, RouteError> {
        todo!("{:?} {method} {uri}", self.schema.service)
    }
}
