//! Encodings in which an endpoint may send text back, undone one at a time. Knows no secrets.

use std::ops::Range;

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

/// Length of the longest escape, and of the longest number with its prefix.
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

/// Undoes one encoding: `%2B`, `=2B`, `\u002b`, `\x2b`, `\053`, `\/`, `&#43;`, `&#x2b;`, and names of HTML such as `&plus;`.
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

/// The start of a text in which numbers are looked for, in bytes: reports show less of a body.
const SEARCHED: usize = 1_000_000;

/// The ways to write characters as numbers: the base, and the fewest and most digits of one.
const BASES: [(u32, usize, usize); 4] = [(10, 2, 9), (16, 2, 8), (8, 2, 9), (2, 7, 9)];

/// The characters of a text that are written as numbers, each with its place, whatever is between them: once for each base, and
/// every other decimal number, for the numbers in between may count. A number may have a prefix, such as `0x49`, `U+0049` and
/// `chr(73)`.
pub(super) fn numbered(bytes: &[u8]) -> impl Iterator<Item = Vec<(u8, Range<usize>)>> {
    let bytes = &bytes[..bytes.len().min(SEARCHED)];
    let (mut runs, mut at) = (Vec::new(), 0);
    while let Some(skipped) = bytes[at..].iter().position(u8::is_ascii_alphanumeric) {
        let run = &bytes[at + skipped..];
        let run = &run[..run.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(run.len())];
        if run.len() <= LONGEST && run[run.len() - 1].is_ascii_hexdigit() {
            runs.push((at + skipped, run));
        }
        at += skipped + run.len();
    }
    let decimal = BASES[0];
    let readings = BASES.map(|base| (base, 0, 1)).into_iter().chain([(decimal, 0, 2), (decimal, 1, 2)]);
    readings.map(move |(base, first, step)| {
        let read = |(at, run): &(usize, &[u8])| Some((number(run, base)?, *at..at + run.len()));
        let is_number = |(_, run): &&(usize, &[u8])| step == 1 || run.iter().all(u8::is_ascii_digit);
        runs.iter().filter(is_number).skip(first).step_by(step).filter_map(read).collect()
    })
}

/// The character that a run of letters and digits ends with as a number.
fn number(run: &[u8], (base, least, most): (u32, usize, usize)) -> Option<u8> {
    let count = run.iter().rev().take_while(|byte| char::from(**byte).is_digit(base)).count();
    let digits = std::str::from_utf8(&run[run.len() - count..]).ok()?;
    let code = u8::from_str_radix(digits.trim_start_matches('0'), base).ok().filter(u8::is_ascii_graphic)?;
    (least..=most).contains(&count).then_some(code)
}

/// True for the digits of a character that nobody sees.
fn invisible(digits: &[u8]) -> bool {
    let code = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
    code.and_then(char::from_u32).is_some_and(is_hidden)
}

/// True for the first byte of an escape.
fn begins_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'=' | b'\\' | b'&')
}

/// The escaped ASCII character at the start of a text, NUL for one that nobody sees, and the length of the escape.
fn escape_at(text: &[u8]) -> Option<(u8, usize)> {
    let number =
        |digits: &[u8], radix| u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok().filter(u8::is_ascii);
    let hex = |from: usize, to: usize| Some((number(text.get(from..to)?, 16)?, to));
    match text {
        [b'%' | b'=', ..] => hex(1, 3),
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
