//! Facts about a JSON text that its parsed value does not show: depth, number of tokens, repeated keys. Knows nothing of
//! the meaning of the text.

use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::pointer::escape;

/// A text or a number as text; none for other values.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Counts the opening brackets, commas and colons of a JSON text outside of strings, which bounds the number of its
/// values: four megabytes of `[[],[],…` take several hundred megabytes in memory, so the count is checked before parsing.
///
/// Returns 0 for text that does not start with an object or a list. The count is meaningless for text that is not JSON.
pub fn structural_tokens(bytes: &[u8]) -> usize {
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return 0;
    }
    punctuation(bytes).filter(|byte| matches!(byte, b'[' | b'{' | b',' | b':')).count()
}

/// Values of a list that take as much memory as one object with a key.
pub const OBJECT: usize = 20;

/// The weight of a JSON text in memory: its [`structural_tokens`], of which the start of an object counts as [`OBJECT`].
/// One takes about thirty bytes.
pub fn weight(bytes: &[u8]) -> usize {
    let objects = punctuation(bytes).filter(|byte| *byte == b'{').count();
    structural_tokens(bytes) + (OBJECT - 1) * objects
}

/// Returns true if objects and lists are nested more than `limit` deep. The result is meaningless for text that is not
/// JSON.
pub(crate) fn is_deeper_than(bytes: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    punctuation(bytes).any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > limit
    })
}

/// Iterates over the bytes outside of strings.
fn punctuation(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    bytes.iter().copied().filter(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => return !in_string,
        }
        false
    })
}

/// Parses a number as JSON spells it, without space around it.
pub(crate) fn number(text: &str) -> Option<Number> {
    let is_bare = !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace);
    is_bare.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Returns the JSON Pointer of the first key that occurs twice in its object; `None` for text that is not JSON. Parsers
/// differ in which of the values they keep (RFC 8259, section 4).
pub fn repeated_key(bytes: &[u8]) -> Option<String> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let search = Search { path: &mut Vec::new(), found: &mut found };
    search.deserialize(&mut reader).and_then(|()| reader.end()).ok()?;
    found
}

struct Search<'l> {
    /// Keys and indices from the root.
    path: &'l mut Vec<String>,
    found: &'l mut Option<String>,
}

impl Search<'_> {
    fn inside(&mut self, step: String) -> Search<'_> {
        self.path.push(step);
        Search { path: self.path, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value_seed(self.inside(key.clone()))?;
            if self.found.is_none() && keys.contains(&key) {
                let steps = self.path.iter().map(|step| format!("/{}", escape(step)));
                *self.found = Some(steps.collect());
            }
            self.path.pop();
            keys.insert(key);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while list.next_element_seed(self.inside(index.to_string()))?.is_some() {
            self.path.pop();
            index += 1;
        }
        self.path.pop();
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_punctuation_outside_of_strings() {
        for (text, count) in [
            ("", 0),
            ("{}", 1),
            ("  [[],[],[]]", 6),
            (r#"{"a":1,"b":"{[,:\"{"}"#, 4),
            (r#"{"a\\":["x"]}"#, 3),
            ("<html>{{{{", 0),
            ("\u{feff}[[[", 0),
        ] {
            assert_eq!(structural_tokens(text.as_bytes()), count, "{text}");
        }
    }

    #[test]
    fn finds_repeated_keys() {
        for (text, pointer) in [
            (r#"{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}"#, None),
            (r#"{"a":1,"b":2,"a":1}"#, Some("/a")),
            (r#"{"a":1,"\u0061":null}"#, Some("/a")),
            (r#"{"x/y":[0,[],{"k":true,"k":"s"}],"x/y":1.5}"#, Some("/x~1y/2/k")),
            (r#"{"a":1,"a":2"#, None),
            (r#"{"a":1,"a":2} x"#, None),
        ] {
            assert_eq!(repeated_key(text.as_bytes()).as_deref(), pointer, "{text}");
        }
    }
}
