//! Short forms of texts for messages.

use connect_model::text::truncate;

/// Maximum length of an excerpt, in characters.
const EXCERPT: usize = 160;

/// Returns the beginning of a text; a short text as it is.
pub(crate) fn excerpt(text: &str) -> String {
    truncate(text, EXCERPT).into_owned()
}
