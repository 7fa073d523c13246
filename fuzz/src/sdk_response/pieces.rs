//! A tokenizer for JSON bodies that is as lax as the SDK's. Knows nothing of shapes.

use std::borrow::Cow;

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string with its quotes. `is_key`: a colon follows.
    Text { is_key: bool },
    /// A number, or bytes that look like one.
    Number,
    /// An opening bracket or brace.
    Open,
    /// A closing bracket or brace.
    Close,
    /// Any other byte.
    Other,
}

/// Splits a body into tokens. Their concatenation is the body.
pub(super) fn pieces(body: &[u8]) -> Vec<(Kind, &[u8])> {
    let mut pieces: Vec<(Kind, &[u8])> = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let start = at;
        let kind = match body[at] {
            b'"' => {
                at = end_of_text(body, at + 1);
                let next = body[at..].iter().find(|byte| !b" \t\r\n".contains(byte));
                Kind::Text { is_key: next == Some(&b':') }
            }
            b'-' | b'0'..=b'9' => {
                at += 1;
                while body.get(at).is_some_and(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)) {
                    at += 1;
                }
                Kind::Number
            }
            byte => {
                at += 1;
                match byte {
                    b'{' | b'[' => Kind::Open,
                    b'}' | b']' => Kind::Close,
                    _ => Kind::Other,
                }
            }
        };
        pieces.push((kind, &body[start..at]));
    }
    pieces
}

/// Position after the closing quote. The SDK skips the four bytes after `\u` without checking them.
fn end_of_text(body: &[u8], mut at: usize) -> usize {
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' if body.get(at + 1) == Some(&b'u') => at += 6,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

/// Replaces tokens of a body. `None` if nothing is replaced.
pub(super) fn replaced<'b>(
    body: &'b [u8],
    mut replacement: impl FnMut(Kind, &'b [u8]) -> Option<Cow<'b, [u8]>>,
) -> Option<Vec<u8>> {
    let mut changed = false;
    let mut out = Vec::with_capacity(body.len());
    for (kind, piece) in pieces(body) {
        let new = replacement(kind, piece);
        changed |= new.is_some();
        out.extend_from_slice(new.as_deref().unwrap_or(piece));
    }
    changed.then_some(out)
}
