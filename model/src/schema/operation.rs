//! Operations: HTTP request line, messages, errors and pagination.

use std::fmt;

use super::ShapeId;

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Name, for example `CreateRule`.
    pub name: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub uri: Uri,
    /// HTTP status of a successful response.
    pub status: u16,
    /// Input structure; `None` for operations without input.
    pub input: Option<ShapeId>,
    /// Output structure; `None` for operations without output.
    pub output: Option<ShapeId>,
    /// Modelled errors, sorted by name.
    pub errors: Vec<ShapeId>,
    /// Pagination; `None` if the operation is not paginated.
    pub pagination: Option<Pagination>,
    /// True if the operation has the `idempotent` trait.
    pub idempotent: bool,
    /// True if the operation has the `readonly` trait.
    pub readonly: bool,
    /// True if the operation is deprecated.
    pub deprecated: bool,
    /// Prefix of the host name, if the operation has one.
    pub host_prefix: Option<String>,
    /// Reason why this harness does not support the operation, for example an event stream. Such operations are listed
    /// and never sent.
    pub refused: Option<String>,
}

/// A URI template: path segments and query literals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// Path segments in order.
    pub segments: Vec<Segment>,
    /// Query literals that a request must contain; the value of a bare key is empty.
    pub query: Vec<(String, String)>,
    /// The template as the model has it.
    pub text: String,
}

/// A path segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Literal text.
    Literal(String),
    /// A label for one segment, percent-encoded.
    Label(String),
    /// A greedy label for several segments; slashes stay unencoded.
    Greedy(String),
}

/// Pagination of an operation. Paths are lists of member names, from the root of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// Input member for the token.
    pub input_token: String,
    /// Output path of the next token.
    pub output_token: Vec<String>,
    /// Output path of the list (or map) of items, if known.
    pub items: Option<Vec<String>>,
    /// Input member that limits the size of a page.
    pub page_size: Option<String>,
    /// True if the pagination was inferred from member names, not declared by the model.
    pub inferred: bool,
}

impl Operation {
    /// Returns true for the input member that holds a page token, which only the endpoint issues.
    pub fn is_page_token(&self, member: &str) -> bool {
        self.pagination.as_ref().is_some_and(|pagination| pagination.input_token == member)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
