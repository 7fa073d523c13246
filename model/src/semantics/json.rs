//! Reads untrusted JSON text: bounded in size and depth, strict about duplicate names and about numbers that would lose
//! precision. Every error has a place and a fix. Knows nothing of the meaning of the text.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::semantics::problem::brief;
use crate::text::prefix;
use crate::validate::escape;

/// Maximum size of a text in bytes. Connect's documents have at most 256,000 characters; this leaves room for as many
/// characters of four bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// Maximum nesting depth of arrays and objects.
pub const DEEPEST: usize = 64;

/// Maximum number of characters of a name shown in the place of an error.
const LONGEST_NAME: usize = 60;

/// The rule of the reader that a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Not JSON, or not UTF-8.
    Syntax,
    /// An object with a name twice. JSON allows it, and readers differ in their interpretation.
    TwiceNamed,
    /// A number that would change when read.
    Number,
    /// Nesting deeper than [`DEEPEST`].
    Depth,
    /// Text longer than [`MOST_BYTES`].
    Size,
}

/// The reason why a text was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The broken rule.
    pub fault: Fault,
    /// Line, starting at 1.
    pub line: usize,
    /// Offset in the line, in bytes.
    pub column: usize,
    /// JSON Pointer of the innermost array or object being read; for a number or a name, of its own place.
    pub pointer: String,
    /// The problem and the fix.
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

impl std::error::Error for ReadError {}

/// Reads a text.
pub fn read(text: &str) -> Result<Value, ReadError> {
    if text.len() > MOST_BYTES {
        let message = format!("the text has {} bytes, the maximum is {MOST_BYTES}; shorten it", text.len());
        return Err(ReadError { fault: Fault::Size, line: 1, column: 0, pointer: String::new(), message });
    }
    let mut reading = Reading { path: Vec::new(), literals: Literals { rest: text, passed: 0 }, seen: 0, fault: None };
    let mut source = serde_json::Deserializer::from_str(text);
    let result = Seed(&mut reading).deserialize(&mut source).and_then(|value| source.end().map(|()| value));
    result.map_err(|error| {
        let (fault, message) = reading.fault.take().unwrap_or_else(|| remedy(&error, text));
        ReadError { fault, line: error.line().max(1), column: error.column(), pointer: reading.pointer(), message }
    })
}

/// Reads bytes, which need not be UTF-8.
pub fn read_bytes(bytes: &[u8]) -> Result<Value, ReadError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let message =
                "the bytes are not UTF-8; write the text in UTF-8, or escape the character as \\uXXXX".to_owned();
            Err(ReadError {
                fault: Fault::Syntax,
                line,
                column: before.len() - start + 1,
                pointer: String::new(),
                message,
            })
        }
    }
}

/// The error of serde_json, without the place that it appends, with the fix.
fn remedy(error: &serde_json::Error, text: &str) -> (Fault, String) {
    let whole = error.to_string();
    let what = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(what, _)| what);
    let message = if text.starts_with('\u{feff}') {
        "the text starts with a byte order mark; remove it".to_owned()
    } else if text.trim().is_empty() {
        "the text is empty; write a JSON object".to_owned()
    } else if what == "number out of range" {
        return (Fault::Number, TOO_LARGE.to_owned());
    } else if what == "recursion limit exceeded" {
        return too_deep();
    } else if error.is_eof() {
        format!("{what}: the text ends early; close the open arrays and objects")
    } else {
        format!("{what}; fix it there or just before")
    };
    (Fault::Syntax, message)
}

const TOO_LARGE: &str = "the number is too large for a float; use a smaller number or a string";

fn too_deep() -> (Fault, String) {
    (Fault::Depth, format!("arrays and objects are nested more than {DEEPEST} deep; flatten them"))
}

/// The position of the reader, and a fault that serde_json has no error for.
struct Reading<'t> {
    path: Vec<Step>,
    literals: Literals<'t>,
    /// Number of number literals read so far.
    seen: usize,
    fault: Option<(Fault, String)>,
}

enum Step {
    Name(String),
    Index(usize),
}

impl Reading<'_> {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Name(name) => pointer.push_str(&escape(&brief(name, LONGEST_NAME))),
                Step::Index(at) => pointer.push_str(&at.to_string()),
            }
        }
        pointer
    }

    fn fail<E: Error>(&mut self, fault: (Fault, String)) -> E {
        self.fault = Some(fault);
        E::custom("fault")
    }

    fn enter<E: Error>(&mut self) -> Result<(), E> {
        if self.path.len() >= DEEPEST { Err(self.fail(too_deep())) } else { Ok(()) }
    }

    /// A float, unless its literal has more precision than the float.
    fn float<E: Error>(&mut self, value: f64) -> Result<Value, E> {
        if value == 0.0 || value.abs() >= 9.2e18 {
            let seen = self.seen;
            let literal = self.literals.number(seen).unwrap_or_default();
            let mantissa = literal.split(['e', 'E']).next().unwrap_or_default();
            if value == 0.0 && mantissa.contains(|c: char| matches!(c, '1'..='9')) {
                return Err(
                    self.fail((Fault::Number, "the number is too small for a float; use 0 or a string".to_owned()))
                );
            }
            if value != 0.0 && !literal.contains(['.', 'e', 'E']) {
                return Err(self.fail((
                    Fault::Number,
                    "the integer has more than 64 bits; use a smaller number or a string".to_owned(),
                )));
            }
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| self.fail((Fault::Number, TOO_LARGE.to_owned())))
    }
}

/// The number literals of a text that is valid up to the last one requested.
struct Literals<'t> {
    rest: &'t str,
    passed: usize,
}

impl<'t> Literals<'t> {
    /// The `ordinal`th number, starting at 1. Never goes back, so that all calls together take one pass.
    fn number(&mut self, ordinal: usize) -> Option<&'t str> {
        while self.passed < ordinal {
            let at = self.rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            self.rest = &self.rest[at..];
            if let Some(inside) = self.rest.strip_prefix('"') {
                let mut escaped = false;
                let end = inside.find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                })?;
                self.rest = &inside[end + 1..];
                continue;
            }
            let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
            let (literal, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            self.rest = rest;
            self.passed += 1;
            if self.passed == ordinal {
                return Some(literal);
            }
        }
        None
    }
}

struct Seed<'r, 't>(&'r mut Reading<'t>);

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        self.0.seen += 1;
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        self.0.seen += 1;
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.0.seen += 1;
        self.0.float(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.0.enter()?;
        let mut items = Vec::new();
        self.0.path.push(Step::Index(0));
        while let Some(item) = access.next_element_seed(Seed(self.0))? {
            items.push(item);
            if let Some(Step::Index(at)) = self.0.path.last_mut() {
                *at += 1;
            }
        }
        self.0.path.pop();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.0.enter()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                let shown = prefix(&name, LONGEST_NAME);
                return Err(self
                    .0
                    .fail((Fault::TwiceNamed, format!("the object has {shown:?} twice; keep one of them"))));
            }
            self.0.path.push(Step::Name(name));
            let value = access.next_value_seed(Seed(self.0))?;
            if let Some(Step::Name(name)) = self.0.path.pop() {
                members.insert(name, value);
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_the_same_values_as_serde_json() {
        for text in [
            "null",
            r#" {"a":[1,-2,3.5,1e300,-0.0,0e5,18446744073709551615,-9223372036854775808],"b":{"":null,"é\n":true}} "#,
            r#"["a \" 123456789012345678901234567890 \\", 1.5]"#,
            r#"{"a":{"x":1},"b":{"x":1}}"#,
        ] {
            assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn errors_are_short_for_names_of_any_length() {
        let text = format!(r#"{{"{}":{{"b":1,"b":2}}}}"#, "/".repeat(200_000));
        let error = read(&text).unwrap_err();
        assert!(error.pointer.len() < 200 && error.pointer.starts_with("/~1~1"), "{}", error.pointer.len());
    }

    #[test]
    fn errors_have_a_place_and_a_reason() {
        for (text, line, column, pointer, message) in [
            ("{\"a\":\n [{\"k\":1, \"k\":2}]}", 2, 13, "/a/0", "twice"),
            (r#"{"a/b":[0, 18446744073709551616]}"#, 1, 31, "/a~1b/1", "more than 64 bits"),
            (r#"["1", -9223372036854775809]"#, 1, 26, "/1", "more than 64 bits"),
            ("[1e999]", 1, 6, "/0", "too large"),
            ("[0.0, 1e-999]", 1, 12, "/1", "too small"),
            ("{\"a\":", 1, 5, "/a", "ends early"),
            ("{\"a\":1,}", 1, 8, "", "trailing comma"),
            ("{} {}", 1, 4, "", "trailing characters"),
            ("", 1, 0, "", "empty"),
            ("\u{feff}{}", 1, 1, "", "byte order mark"),
            (r#"["\ud800"]"#, 1, 9, "/0", "hex escape"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {error}");
            assert_eq!((error.line, error.column, error.pointer.as_str()), (line, column, pointer), "{text}: {error}");
        }
    }

    #[test]
    fn errors_in_invalid_utf8_have_a_place() {
        let error = read_bytes(b"{\n\"a\": \"\xff\"}").unwrap_err();
        assert_eq!((error.line, error.column), (2, 7));
        assert_eq!(read_bytes(b"[1]"), Ok(serde_json::json!([1])));
    }

    #[test]
    fn accepts_nesting_at_the_limit_and_rejects_it_beyond() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(DEEPEST)).is_ok());
        let error = read(&nested(DEEPEST + 1)).unwrap_err();
        assert!(error.message.contains("nested"), "{error}");
        assert!(read(&"[".repeat(MOST_BYTES)).unwrap_err().message.contains("nested"));
        assert!(read(&"{\"a\":".repeat(100_000)).unwrap_err().message.contains("nested"));
    }

    #[test]
    fn reads_texts_up_to_the_maximum_size() {
        let long = format!("\"{}\"", "a".repeat(MOST_BYTES - 2));
        assert!(read(&long).is_ok());
        assert!(read(&format!("{long} ")).unwrap_err().message.contains("shorten"));
        // Every literal here has to be looked up in the text.
        let doubtful = format!("[{}0.0]", "1e300,".repeat(150_000));
        assert_eq!(read(&doubtful).unwrap().as_array().unwrap().len(), 150_001);
    }
}
