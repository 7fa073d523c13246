//! Encodings in which an endpoint may send text back, undone one at a time. Knows no secrets.

use connect_model::text::is_hidden;

/// The bytes with one encoding undone, as [`decoded`]; none if there is nothing to undo.
pub(super) fn unescaped(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at, mut done) = (Vec::new(), 0, 0);
    while let Some(next) = bytes[at..].iter().position(|byte| begins_escape(*byte)) {
        at += next;
        match escape_at(&bytes[at..bytes.len().min(at + LONGEST)]) {
            Some((byte, length)) => {
                out.extend_from_slice(&bytes[done..at]);
                out.push(byte);
                at += length;
                done = at;
            }
            None => at += 1,
        }
    }
    // An escape is longer than its character.
    (done > 0).then(|| [&out, &bytes[done..]].concat())
}

/// The letters and digits of a text: what is between those of a secret does not hide it, be it a blank, a character that nobody
/// sees, the colons of hex, or the NUL of UTF-16.
pub(super) fn joined(units: &[Unit]) -> Vec<Unit> {
    let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
    separated(&bytes).map(|at| units[at]).collect()
}

/// The positions of the letters and digits.
pub(super) fn separated(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()).map(|(at, _)| at)
}

/// Length of the longest escape.
const LONGEST: usize = 16;

/// A byte without its case and its alphabet: base64 has two, and a decoder of forms turns a plus sign into a space.
pub(super) fn folded(byte: u8) -> u8 {
    match byte {
        b'-' | b' ' => b'+',
        b'_' => b'/',
        byte => byte.to_ascii_lowercase(),
    }
}

/// A decoded byte, and its place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) byte: u8,
    pub(super) begin: usize,
    pub(super) end: usize,
}

/// Undoes one encoding: `%2B`, `=2B`, `\u002b`, `\x2b`, `\053`, `\/`, `&#43;`, `&#x2b;`, names of HTML such as `&plus;`, and the
/// numbers of a list such as `43, 44`.
pub(super) fn decoded(units: &[Unit]) -> Vec<Unit> {
    let mut out = Vec::with_capacity(units.len());
    let mut at = 0;
    while at < units.len() {
        let ahead: Vec<u8> = match units[at].byte {
            byte if begins_escape(byte) => units[at..].iter().take(LONGEST).map(|unit| unit.byte).collect(),
            _ => Vec::new(),
        };
        let (byte, length) = escape_at(&ahead).unwrap_or((units[at].byte, 1));
        out.push(Unit { byte, begin: units[at].begin, end: units[at + length - 1].end });
        at += length;
    }
    out
}

/// True for the digits of a character that nobody sees.
fn invisible(digits: &[u8]) -> bool {
    let code = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    code.and_then(char::from_u32).is_some_and(is_hidden)
}

/// True for the first byte of an escape.
fn begins_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'=' | b'\\' | b'&' | b'0'..=b'9')
}

/// A character as a number in a list of such, with what separates it from the next one.
fn listed(text: &[u8]) -> Option<(u8, usize)> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let blanks =
        text[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b';')).count();
    let is_listed = (1..=3).contains(&digits) && blanks > 0 && text.get(digits + blanks)?.is_ascii_digit();
    let number = std::str::from_utf8(&text[..digits]).ok()?.parse().ok().filter(u8::is_ascii_graphic)?;
    is_listed.then_some((number, digits + blanks))
}

/// The escaped ASCII character at the start of a text, NUL for one that nobody sees, and the length of the escape.
fn escape_at(text: &[u8]) -> Option<(u8, usize)> {
    let number =
        |digits: &[u8], radix| u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok().filter(u8::is_ascii);
    let hex = |from: usize, to: usize| Some((number(text.get(from..to)?, 16)?, to));
    match text {
        [b'%' | b'=', ..] => hex(1, 3),
        [b'0'..=b'9', ..] => listed(text),
        [b'\\', b'u', b'0', b'0', b'0'..=b'7', ..] => hex(2, 6),
        [b'\\', b'u', ..] => invisible(text.get(2..6)?).then_some((0, 6)),
        [b'\\', b'x', ..] => hex(2, 4),
        [b'\\', b'0'..=b'1', b'0'..=b'7', b'0'..=b'7', ..] => Some((number(&text[1..4], 8)?, 4)),
        [b'\\', b'b' | b'f' | b'n' | b'r' | b't', ..] => Some((b' ', 2)),
        [b'\\', escaped, ..] => Some((*escaped, 2)),
        [b'&', ..] => {
            let end = text.iter().position(|byte| *byte == b';')?;
            let byte = match text.get(1..end)? {
                [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
                [b'#', digits @ ..] => number(digits, 10)?,
                b"plus" => b'+',
                b"sol" => b'/',
                b"equals" => b'=',
                b"amp" => b'&',
                b"percnt" => b'%',
                b"bsol" => b'\\',
                _ => return None,
            };
            Some((byte, end + 1))
        }
        _ => None,
    }
}
