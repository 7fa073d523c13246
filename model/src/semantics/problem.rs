//! Problems found in a document in one of Connect's languages.

use super::Confidence;
use crate::text::{prefix, truncate};

/// Maximum length of a message in characters: the limit of Connect for the problems in its own errors.
pub const LONGEST_MESSAGE: usize = 256;

/// A problem at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON Pointer into the document; empty for the document itself.
    pub path: String,
    /// Name of the broken rule, the same as [`Breach::kind`](super::Breach::kind).
    pub kind: &'static str,
    /// The problem, its place and the fix. At most [`LONGEST_MESSAGE`] characters.
    pub message: String,
    /// Confidence in the rule.
    pub confidence: Confidence,
}

impl Problem {
    /// A problem whose message is truncated to [`LONGEST_MESSAGE`].
    pub fn new(path: impl Into<String>, kind: &'static str, message: &str, confidence: Confidence) -> Self {
        Self { path: path.into(), kind, message: prefix(message, LONGEST_MESSAGE).to_owned(), confidence }
    }
}

/// At most `most` characters of untrusted text, for messages.
pub(crate) fn brief(text: &str, most: usize) -> String {
    truncate(text, most).into_owned()
}
