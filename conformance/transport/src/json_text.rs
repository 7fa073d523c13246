//! Properties of a JSON text that are lost when it is parsed: the amount of structure, and duplicate keys. Does not
//! interpret the values.

use std::collections::HashSet;
use std::fmt;

use connect_model::validate::escape;
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// Number of values, keys and brackets of a JSON text, counted by its punctuation outside of strings. Four megabytes of
/// `[[],[],…` would become some hundred megabytes of parsed values; the count allows rejecting them before parsing. 0 for
/// text that does not start with an object or a list. Meaningless for text that is not JSON.
pub fn structure(bytes: &[u8]) -> usize {
    if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return 0;
    }
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' | b',' | b':' => count += 1,
            _ => {}
        }
    }
    count
}

/// JSON Pointer to the first duplicate key of an object; none for text that is not JSON. Parsers differ in the value that
/// they keep (RFC 8259, section 4).
pub fn repeated_key(bytes: &[u8]) -> Option<String> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let visitor = DuplicateKey { path: &mut Vec::new(), found: &mut found };
    visitor.deserialize(&mut reader).and_then(|()| reader.end()).ok()?;
    found
}

struct DuplicateKey<'l> {
    /// Keys and indices from the root.
    path: &'l mut Vec<String>,
    found: &'l mut Option<String>,
}

impl DuplicateKey<'_> {
    fn inside(&mut self, step: String) -> DuplicateKey<'_> {
        self.path.push(step);
        DuplicateKey { path: self.path, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for DuplicateKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DuplicateKey<'_> {
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
            assert_eq!(structure(text.as_bytes()), count, "{text}");
        }
    }

    #[test]
    fn finds_duplicate_keys() {
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
