//! Percent-encoding of paths and queries, strict in both directions.

use std::borrow::Cow;
use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::planted;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Everything but the unreserved characters and slashes, for greedy labels.
const RESERVED_BUT_SLASH: &AsciiSet = &RESERVED.remove(b'/');

/// The set of a planted bug.
const RESERVED_BUT_AMPERSAND: &AsciiSet = &RESERVED.remove(b'&');

/// Text with all but the unreserved characters of RFC 3986 percent-encoded.
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Appends text and encodes all but the unreserved characters.
pub(super) fn push(out: &mut String, text: &str) {
    let set = if planted::is("request_decode") { RESERVED_BUT_AMPERSAND } else { RESERVED };
    // Writing to a string cannot fail.
    let _ = write!(out, "{}", utf8_percent_encode(text, set));
}

/// Appends text and encodes all but the unreserved characters and slashes.
pub(super) fn push_greedy(out: &mut String, text: &str) {
    let _ = write!(out, "{}", utf8_percent_encode(text, RESERVED_BUT_SLASH));
}

/// Decodes text; `None` if a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
pub fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !(hex(at + 1) && hex(at + 2))) {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok()
}

/// Iterates over the decoded pairs of a query. A key without `=` has an empty value. A part that cannot be decoded is
/// returned unchanged as an error.
pub(super) fn query_pairs(uri: &str) -> impl Iterator<Item = Result<(String, String), &str>> {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        Some((unescaped(key)?.into_owned(), unescaped(value)?.into_owned()))
    };
    query.split('&').filter(|part| !part.is_empty()).map(move |part| pair(part).ok_or(part))
}
