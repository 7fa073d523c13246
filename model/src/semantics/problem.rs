//! What a document in one of Connect's languages has wrong.

use super::Confidence;
use crate::text::{prefix, truncate};

/// Longest message, in characters: what Connect allows in the problems of its own errors.
pub const LONGEST_MESSAGE: usize = 256;

/// One thing wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON Pointer into the document; empty for the document itself.
    pub path: String,
    /// Name of the broken rule, the same as [`Breach::kind`](super::Breach::kind).
    pub kind: &'static str,
    /// What is wrong, where, and how to mend it. At most [`LONGEST_MESSAGE`] characters.
    pub message: String,
    /// How sure the rule is.
    pub confidence: Confidence,
}

impl Problem {
    /// A problem whose message is cut to what Connect allows.
    pub fn new(path: impl Into<String>, kind: &'static str, message: &str, confidence: Confidence) -> Self {
        Self { path: path.into(), kind, message: prefix(message, LONGEST_MESSAGE).to_owned(), confidence }
    }
}

/// At most `most` characters of a text from outside, for messages.
pub(crate) fn brief(text: &str, most: usize) -> String {
    truncate(text, most).into_owned()
}
