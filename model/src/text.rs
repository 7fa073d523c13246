//! Text in messages: truncation of long text, and names of JSON types.

use std::borrow::Cow;

use serde_json::Value;

/// Returns the first `most` characters of a text.
pub fn prefix(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Truncates a text to `most` characters and marks the cut with `…`. Text that is short enough is returned unchanged,
/// without a copy; owned text keeps no spare capacity after a cut.
pub fn truncate<'t>(text: impl Into<Cow<'t, str>>, most: usize) -> Cow<'t, str> {
    let text = text.into();
    let kept = prefix(&text, most).len();
    if kept == text.len() {
        return text;
    }
    let mut text = text.into_owned();
    text.truncate(kept);
    text.push('…');
    text.shrink_to_fit();
    Cow::Owned(text)
}

/// Maximum length of an excerpt, in characters.
const EXCERPT: usize = 160;

/// Returns the beginning of a text for a message; a short text as it is.
pub fn excerpt(text: &str) -> String {
    truncate(text, EXCERPT).into_owned()
}

/// Returns the type of a JSON value with an article, for example `a string`.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_and_marks_the_cut() {
        for (text, most, cut) in [
            ("", 0, ""),
            ("abc", 3, "abc"),
            ("abc", 2, "ab…"),
            ("abc", 0, "…"),
            ("é\u{1F600}x", 2, "é\u{1F600}…"),
            ("é\u{1F600}", 2, "é\u{1F600}"),
        ] {
            assert_eq!(truncate(text, most), cut);
            assert_eq!(truncate(text.to_owned(), most), cut);
            assert_eq!(prefix(text, most), cut.trim_end_matches('…'));
        }
    }

    #[test]
    fn does_not_copy_short_text() {
        assert!(matches!(truncate("short", 5), Cow::Borrowed("short")));
    }
}
