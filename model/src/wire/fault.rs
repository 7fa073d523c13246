//! Errors of encoding and decoding, and the limits of decoding.

use crate::text::prefix;

/// Limits of decoding, which bound the cost of a hostile message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum depth of objects and lists in a JSON body; the JSON parser allows at most 127.
    pub depth: usize,
    /// Maximum size of a body in bytes.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, bytes: 10 * 1024 * 1024 }
    }
}

/// A value cannot be expressed as a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A member cannot be encoded at the place that it is bound to.
    #[error("{shape}: member {member}: {why}")]
    Member {
        /// Operation or shape.
        shape: String,
        /// Name of the member.
        member: String,
        /// Description of the problem.
        why: String,
    },
    /// The value as a whole cannot be encoded.
    #[error("{shape}: {why}")]
    Whole {
        /// Operation or shape.
        shape: String,
        /// Description of the problem.
        why: String,
    },
}

/// A value that is no value of its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// The type of the shape in words, for example `integer`.
    pub shape: &'static str,
    /// The beginning of the value as the message has it: JSON in a body, text elsewhere.
    pub text: String,
}

impl Misread {
    /// Characters that are kept of a value.
    const KEPT: usize = 200;

    pub(super) fn new(shape: &'static str, text: &str) -> Self {
        Self { shape, text: prefix(text, Self::KEPT).to_owned() }
    }
}

/// A message cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The form is wrong: not JSON, a wrong type, a wrong timestamp.
    #[error("{}: {what}", if pointer.is_empty() { "body" } else { pointer })]
    Serialization {
        /// JSON Pointer of member names; empty for the whole body.
        pointer: String,
        /// Description of the problem.
        what: String,
        /// The value there; none for a body that is no JSON.
        misread: Option<Misread>,
    },
    /// The content type is missing, wrong, or present in a message without a body.
    #[error("content type is {}, expected {}", actual.as_deref().unwrap_or("missing"), expected.as_deref().unwrap_or("none"))]
    UnsupportedMediaType {
        /// Content type of the operation; `None` for operations without a body.
        expected: Option<String>,
        /// Content type of the request.
        actual: Option<String>,
    },
    /// The client does not accept the media type of the response.
    #[error("accept is {accept}, but the response is {offered}")]
    NotAcceptable {
        /// Value of the Accept header.
        accept: String,
        /// Media type of the output.
        offered: String,
    },
    /// Nested deeper than [`Limits::depth`].
    #[error("body is nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Larger than [`Limits::bytes`].
    #[error("body has {actual} bytes, more than {limit}")]
    TooLarge {
        /// The limit.
        limit: usize,
        /// Size of the body.
        actual: usize,
    },
}

impl DecodeError {
    /// Returns the error name in the response of a restJson1 server.
    pub fn code(&self) -> &'static str {
        match self {
            DecodeError::Serialization { .. } | DecodeError::TooDeep { .. } => "SerializationException",
            DecodeError::UnsupportedMediaType { .. } => "UnsupportedMediaTypeException",
            DecodeError::NotAcceptable { .. } => "NotAcceptableException",
            DecodeError::TooLarge { .. } => "RequestEntityTooLargeException",
        }
    }

    /// Returns the HTTP status of a restJson1 server's response.
    pub fn status(&self) -> u16 {
        match self {
            DecodeError::Serialization { .. } | DecodeError::TooDeep { .. } => 400,
            DecodeError::UnsupportedMediaType { .. } => 415,
            DecodeError::NotAcceptable { .. } => 406,
            DecodeError::TooLarge { .. } => 413,
        }
    }
}
