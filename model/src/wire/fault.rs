//! Why a value cannot be written, why a message cannot be read, and the limits of reading.

/// Bounds on what is read, so that a hostile message costs little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of objects and lists in a JSON body; the JSON reader allows no more than 127.
    pub depth: usize,
    /// Most bytes of a body.
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
    /// A member cannot travel where the model binds it.
    #[error("{shape}: member {member}: {why}")]
    Member {
        /// Operation or shape that was being written.
        shape: String,
        /// The member.
        member: String,
        /// What is in the way.
        why: String,
    },
    /// The value as a whole cannot be written.
    #[error("{shape}: {why}")]
    Whole {
        /// Operation or shape that was being written.
        shape: String,
        /// What is in the way.
        why: String,
    },
}

/// A message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The form is wrong: not JSON, a wrong type, a wrong timestamp.
    #[error("{}: {what}", if pointer.is_empty() { "body" } else { pointer })]
    Serialization {
        /// JSON Pointer of member names; empty for the whole body.
        pointer: String,
        /// What is wrong there.
        what: String,
    },
    /// The content type is missing, wrong, or there where none belongs.
    #[error("content type is {}, expected {}", actual.as_deref().unwrap_or("missing"), expected.as_deref().unwrap_or("none"))]
    UnsupportedMediaType {
        /// What the operation takes; none for operations without a body.
        expected: Option<String>,
        /// What was sent.
        actual: Option<String>,
    },
    /// The caller does not accept what the operation answers with.
    #[error("accept is {accept}, the operation answers with {offered}")]
    NotAcceptable {
        /// The header as sent.
        accept: String,
        /// Media type of the output.
        offered: String,
    },
    /// Nested deeper than [`Limits::depth`].
    #[error("body is nested more than {limit} deep")]
    TooDeep {
        /// The limit that was passed.
        limit: usize,
    },
    /// Larger than [`Limits::bytes`].
    #[error("body has {actual} bytes, more than {limit}")]
    TooLarge {
        /// The limit that was passed.
        limit: usize,
        /// Size of the body.
        actual: usize,
    },
}

impl DecodeError {
    /// Error name that a restJson1 server answers with.
    pub fn code(&self) -> &'static str {
        match self {
            DecodeError::Serialization { .. } | DecodeError::TooDeep { .. } => "SerializationException",
            DecodeError::UnsupportedMediaType { .. } => "UnsupportedMediaTypeException",
            DecodeError::NotAcceptable { .. } => "NotAcceptableException",
            DecodeError::TooLarge { .. } => "RequestEntityTooLargeException",
        }
    }

    /// HTTP status that a restJson1 server answers with.
    pub fn status(&self) -> u16 {
        match self {
            DecodeError::Serialization { .. } | DecodeError::TooDeep { .. } => 400,
            DecodeError::UnsupportedMediaType { .. } => 415,
            DecodeError::NotAcceptable { .. } => 406,
            DecodeError::TooLarge { .. } => 413,
        }
    }
}
