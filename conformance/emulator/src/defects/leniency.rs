//! Defects: leniencies of common parsers. A request that the protocol refuses is answered with success if its value has a
//! certain wrong spelling. One table, which one seam applies.

use std::borrow::Cow;
use std::sync::Arc;

use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{DecodeError, Misread};
use serde_json::Value;

use crate::defects::hooks::PerCall;
use crate::defects::seam::{Scene, Seams};
use crate::defects::{Defect, Family};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "numbers-in-quotes",
        family: Family::Invalid,
        summary: "a number in quotes is read as a number",
        kills: &["invalid.number-as-text"],
        may: &[],
        seams: || takes(|seen| misread(seen, NUMBERS, |text| unquoted(text).is_some_and(is_plain_number))),
    },
    Defect {
        id: "true-is-one",
        family: Family::Invalid,
        summary: "true is read as the number 1",
        kills: &["invalid.true-as-number"],
        may: &[],
        seams: || takes(|seen| misread(seen, NUMBERS, |text| text == "true")),
    },
    Defect {
        id: "number-prefix-read",
        family: Family::Invalid,
        summary: "a number is read up to its first letter, as parseInt does",
        kills: &["invalid.number-with-suffix"],
        may: &[],
        seams: || takes(|seen| word(seen, NUMBERS, has_suffix)),
    },
    Defect {
        id: "hexadecimal-read",
        family: Family::Invalid,
        summary: "hexadecimal numbers are read",
        kills: &["invalid.hexadecimal"],
        may: &[],
        seams: || takes(|seen| word(seen, NUMBERS, |text| text.starts_with("0x"))),
    },
    Defect {
        id: "special-numbers-read",
        family: Family::Invalid,
        summary: "NaN and Infinity are read as numbers",
        kills: &["invalid.special-number", "invalid.timestamp-special"],
        may: &[],
        seams: || takes(|seen| word(seen, NUMBERS_AND_TIMES, |text| is_special(unquoted(text).unwrap_or(text)))),
    },
    Defect {
        id: "underflow-wraps",
        family: Family::Invalid,
        summary: "a number below the limits of its type wraps around",
        kills: &["invalid.underflow"],
        may: &[],
        seams: || {
            takes(|seen| {
                misread(seen, NUMBERS, |text| {
                    text.parse::<f64>().is_ok_and(|number| number < 0.0 && number.fract() == 0.0)
                })
            })
        },
    },
    Defect {
        id: "long-numbers-wrap",
        family: Family::Invalid,
        summary: "a number of many digits wraps around",
        kills: &["invalid.long-number"],
        may: &[],
        seams: || takes(|seen| misread(seen, NUMBERS, |text| text.parse::<f64>().is_ok_and(|number| number > 1e20))),
    },
    Defect {
        id: "exponents-read",
        family: Family::Invalid,
        summary: "numbers with an exponent are read as integers",
        kills: &["invalid.exponent"],
        may: &[],
        seams: || takes(|seen| misread(seen, NUMBERS, is_whole_with_exponent)),
    },
    Defect {
        id: "plus-read",
        family: Family::Invalid,
        summary: "a number with a plus is read",
        kills: &["invalid.number-with-plus"],
        may: &[],
        seams: || takes(|seen| word(seen, NUMBERS, |text| text.strip_prefix('+').is_some_and(is_plain_number))),
    },
    Defect {
        id: "numbers-are-booleans",
        family: Family::Invalid,
        summary: "0 and 1 are read as booleans",
        kills: &["invalid.number-as-boolean"],
        may: &[],
        seams: || takes(|seen| misread(seen, BOOLEAN, |text| matches!(text, "0" | "1"))),
    },
    Defect {
        id: "boolean-words-read",
        family: Family::Invalid,
        summary: "yes, on and words in other letter case are read as booleans",
        kills: &["invalid.boolean-word"],
        may: &[],
        seams: || takes(|seen| word(seen, BOOLEAN, |text| is_boolean_word(unquoted(text).unwrap_or(text)))),
    },
    Defect {
        id: "element-is-list",
        family: Family::Invalid,
        summary: "an element is read as a list with it",
        kills: &["invalid.single-as-list"],
        may: &["invalid.wrong-type"],
        seams: || takes(|seen| misread(seen, &["list"], |text| !text.starts_with('['))),
    },
    Defect {
        id: "unknown-union-member-read",
        family: Family::Invalid,
        summary: "a union with nothing but an unknown member is accepted",
        kills: &["invalid.union-unknown"],
        may: &[],
        seams: || takes(|seen| misread(seen, UNION, |text| set_members(text) == Some((1, 1)))),
    },
    Defect {
        id: "null-union-member-read",
        family: Family::Invalid,
        summary: "a union whose only member is null is accepted",
        kills: &["invalid.union-null"],
        may: &[],
        seams: || takes(|seen| misread(seen, UNION, |text| matches!(set_members(text), Some((all, 0)) if all > 0))),
    },
    Defect {
        id: "list-is-union",
        family: Family::Invalid,
        summary: "a list is accepted in place of a union",
        kills: &["invalid.union-list"],
        may: &[],
        seams: || takes(|seen| misread(seen, UNION, |text| text.starts_with('['))),
    },
    Defect {
        id: "first-union-member-read",
        family: Family::Invalid,
        summary: "of several members of a union the first is read",
        kills: &["invalid.union-known-and-unknown", "invalid.union-two"],
        may: &[],
        seams: || takes(|seen| misread(seen, UNION, |text| matches!(set_members(text), Some((_, set)) if set > 1))),
    },
    Defect {
        id: "times-in-quotes",
        family: Family::Invalid,
        summary: "epoch seconds in quotes are read",
        kills: &["invalid.timestamp-as-text"],
        may: &[],
        seams: || takes(|seen| misread(seen, TIME, |text| unquoted(text).is_some_and(is_plain_number))),
    },
    Defect {
        id: "http-dates-read",
        family: Family::Invalid,
        summary: "HTTP dates are read wherever a timestamp is expected",
        kills: &["invalid.timestamp-http-date"],
        may: &[],
        seams: || takes(|seen| misread(seen, TIME, |text| unquoted(text).unwrap_or(text).ends_with(" GMT"))),
    },
    Defect {
        id: "iso-times-read",
        family: Family::Invalid,
        summary: "date-times are read wherever a timestamp is expected",
        kills: &["invalid.timestamp-format", "invalid.timestamp-date-time"],
        may: &[],
        seams: || takes(|seen| misread(seen, TIME, |text| unquoted(text).unwrap_or(text).ends_with('Z'))),
    },
    Defect {
        id: "content-type-optional",
        family: Family::Invalid,
        summary: "a body without a content type is read as JSON",
        kills: &["invalid.missing-content-type"],
        may: &[],
        seams: || takes(|seen| matches!(seen.error, DecodeError::UnsupportedMediaType { actual: None, .. })),
    },
    Defect {
        id: "stray-content-type",
        family: Family::Invalid,
        summary: "a content type without a body is overlooked",
        kills: &["invalid.unexpected-content-type"],
        may: &[],
        seams: || takes(|seen| matches!(seen.error, DecodeError::UnsupportedMediaType { expected: None, .. })),
    },
    Defect {
        id: "accept-overlooked",
        family: Family::Invalid,
        summary: "the Accept header is not read",
        kills: &["invalid.unmet-accept"],
        may: &[],
        seams: || takes(|seen| matches!(seen.error, DecodeError::NotAcceptable { .. })),
    },
    Defect {
        id: "bytes-replaced",
        family: Family::Invalid,
        summary: "bytes that are not UTF-8 are replaced",
        kills: &["invalid.not-utf-8"],
        may: &[],
        seams: || takes(|seen| is_not_json(seen) && std::str::from_utf8(&seen.request.body).is_err()),
    },
    Defect {
        id: "comments-read",
        family: Family::Invalid,
        summary: "comments in JSON are overlooked",
        kills: &["invalid.malformed-json"],
        may: &[],
        seams: || takes(|seen| is_not_json(seen) && (contains(seen, "//") || contains(seen, "/*"))),
    },
    Defect {
        id: "trailing-commas-read",
        family: Family::Invalid,
        summary: "a comma after the last member is overlooked",
        kills: &["invalid.malformed-json"],
        may: &[],
        seams: || takes(|seen| is_not_json(seen) && contains(seen, ",}")),
    },
    Defect {
        id: "null-is-empty-object",
        family: Family::Invalid,
        summary: "null in place of a body is read as an empty object",
        kills: &["invalid.malformed-json"],
        may: &[],
        seams: || takes(|seen| is_body(seen, |text| text == "null")),
    },
    Defect {
        id: "list-is-empty-object",
        family: Family::Invalid,
        summary: "an empty list in place of a body is read as an empty object",
        kills: &["invalid.malformed-json"],
        may: &[],
        seams: || takes(|seen| is_body(seen, |text| text == "[]")),
    },
    Defect {
        id: "scalar-is-empty-object",
        family: Family::Invalid,
        summary: "a number or text in place of a body is read as an empty object",
        kills: &["invalid.malformed-json"],
        may: &[],
        seams: || takes(|seen| is_body(seen, |text| text.starts_with(|c: char| c == '"' || c.is_ascii_digit()))),
    },
    Defect {
        id: "breaks-on-nesting",
        family: Family::Invalid,
        summary: "a deeply nested body ends in status 500",
        kills: &["invalid.odd-json"],
        may: &[],
        seams: || Arc::new(BreaksOnNesting::default()),
    },
];

const NUMBERS: &[&str] =
    &["byte", "short", "integer", "long", "bigInteger", "float", "double", "bigDecimal", "intEnum"];
const NUMBERS_AND_TIMES: &[&str] =
    &["byte", "short", "integer", "long", "bigInteger", "float", "double", "bigDecimal", "intEnum", "timestamp"];
const BOOLEAN: &[&str] = &["boolean"];
const UNION: &[&str] = &["union"];
const TIME: &[&str] = &["timestamp"];

/// An unreadable request, and what is wrong with it.
struct Seen<'r> {
    request: &'r HttpRequest,
    error: &'r DecodeError,
}

/// Accepts some unreadable requests.
struct Lenient(fn(&Seen<'_>) -> bool);

impl Seams for Lenient {
    fn accepts_unreadable(&self, request: &HttpRequest, error: &DecodeError) -> bool {
        (self.0)(&Seen { request, error })
    }
}

fn takes(accepts: fn(&Seen<'_>) -> bool) -> Arc<dyn Seams> {
    Arc::new(Lenient(accepts))
}

/// Returns true if the value is one of such a shape, with such a text.
fn misread(seen: &Seen<'_>, shapes: &[&str], accepts: impl Fn(&str) -> bool) -> bool {
    match seen.error {
        DecodeError::Serialization { misread: Some(Misread { shape, text }), .. } => {
            shapes.contains(shape) && accepts(text)
        }
        _ => false,
    }
}

/// The same, also for a word in the body that no JSON has.
fn word(seen: &Seen<'_>, shapes: &[&str], accepts: impl Fn(&str) -> bool) -> bool {
    misread(seen, shapes, &accepts) || (is_not_json(seen) && bare_word(&seen.request.body).is_some_and(accepts))
}

fn is_not_json(seen: &Seen<'_>) -> bool {
    matches!(seen.error, DecodeError::Serialization { pointer, misread: None, .. } if pointer.is_empty())
}

/// Returns true if the body as a whole has such a text.
fn is_body(seen: &Seen<'_>, accepts: impl Fn(&str) -> bool) -> bool {
    match seen.error {
        DecodeError::Serialization { pointer, misread: Some(Misread { text, .. }), .. } => {
            pointer.is_empty() && accepts(text)
        }
        _ => false,
    }
}

fn contains(seen: &Seen<'_>, text: &str) -> bool {
    seen.request.body.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The first value in a body that is no JSON: a run of other characters after a colon, outside of quotes.
fn bare_word(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (mut in_quotes, mut escaped, mut begin) = (false, false, None);
    for (at, c) in text.char_indices() {
        match (begin, c) {
            _ if in_quotes => {
                (in_quotes, escaped) = (escaped || c != '"', !escaped && c == '\\');
            }
            (Some(from), ',' | '}' | ']') => {
                let word = text[from..at].trim();
                if !word.is_empty() && serde_json::from_str::<Value>(word).is_err() {
                    return Some(word);
                }
                begin = None;
            }
            (_, '"') => (in_quotes, begin) = (true, None),
            (_, ':' | '[') => begin = Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The text of a JSON string without escapes.
fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// The number at the beginning of a text, and the rest.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// Returns true for a number with letters behind it that are not part of a hexadecimal one.
fn has_suffix(text: &str) -> bool {
    let (number, rest) = split_number(text);
    let is_word = !rest.is_empty() && !rest.starts_with('x') && rest.chars().all(|c| c.is_ascii_alphabetic());
    number.parse::<f64>().is_ok() && is_word
}

fn is_plain_number(text: &str) -> bool {
    let (number, rest) = split_number(text);
    rest.is_empty() && number.parse::<f64>().is_ok()
}

fn is_special(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

/// Returns true for `5e0`, which the parser of JSON gives as `5.0`.
fn is_whole_with_exponent(text: &str) -> bool {
    text.ends_with(".0") || text.strip_suffix("e0").is_some_and(is_plain_number)
}

fn is_boolean_word(text: &str) -> bool {
    matches!(text, "True" | "TRUE" | "yes" | "on")
}

/// The members of a JSON object, and those that are not null.
fn set_members(text: &str) -> Option<(usize, usize)> {
    let Value::Object(members) = serde_json::from_str(text).ok()? else { return None };
    Some((members.len(), members.values().filter(|value| !value.is_null()).count()))
}

/// Nesting that a recursive parser would not survive.
const DEEP: [u8; 1000] = [b'['; 1000];

#[derive(Default)]
struct BreaksOnNesting {
    nested: PerCall<()>,
}

impl Seams for BreaksOnNesting {
    fn request<'r>(&self, request: &'r HttpRequest) -> Cow<'r, HttpRequest> {
        self.nested.clear();
        if request.body.windows(DEEP.len()).any(|window| window == DEEP) {
            self.nested.set(());
        }
        Cow::Borrowed(request)
    }

    fn answer(&self, _: &Scene<'_>, response: &mut HttpResponse) {
        if self.nested.get().is_some() {
            response.status = 500;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind of spelling.
    type Is = fn(&str) -> bool;

    #[test]
    fn each_spelling_of_a_number_is_of_one_kind() {
        let kinds: [(&str, Is); 4] = [
            ("plain", is_plain_number),
            ("suffix", has_suffix),
            ("special", is_special),
            ("exponent", is_whole_with_exponent),
        ];
        for (text, expected) in [
            ("12", &["plain"][..]),
            ("-3", &["plain"]),
            ("12abc", &["suffix"]),
            ("0xb", &[]),
            ("-Infinity", &["special"]),
            ("5e0", &["exponent"]),
            ("true", &[]),
            ("+5", &[]),
        ] {
            let found: Vec<&str> = kinds.iter().filter(|(_, is)| is(text)).map(|(name, _)| *name).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn finds_the_first_word_that_is_no_json() {
        for (body, word) in [
            (r#"{"a":1,"b":2abc}"#, Some("2abc")),
            (r#"{"a":"x:y,z","b":[0x42]}"#, Some("0x42")),
            (r#"{"a\"b":NaN,"c":1}"#, Some("NaN")),
            (r#"{"a":1,"b":{"c":true}}"#, None),
            ("{", None),
        ] {
            assert_eq!(bare_word(body.as_bytes()), word, "{body}");
        }
    }
}
