//! Random edits of JSON documents: a node is removed, replaced by a given value or by another node of the document, renamed,
//! or copied to another key. Most of the document's structure remains, but it is rarely valid afterwards.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use serde_json::{Value, json};

/// Edge-case values of all JSON types, for documents of Connect's shapes.
pub(crate) static EDGES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.0),
        json!(-0.0),
        json!(1.5),
        json!(1.73229019499e9),
        json!(1e300),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(2_147_483_648_u64),
        json!(""),
        json!(" "),
        json!("a"),
        json!("a\u{2028}b\r"),
        json!("\u{1F600}"),
        json!("a".repeat(129)),
        json!("YWJjZA=="),
        json!("DRAFT"),
        json!("NaN"),
        json!("-Infinity"),
        json!("2023-02-30T00:00:00Z"),
        json!("2014-04-29T18:30:38+01:00"),
        json!([]),
        json!([null]),
        json!(["a", "b"]),
        json!({}),
        json!({"a": null}),
        json!({"a": "b"}),
        json!({"a": "b", "c": "d"}),
        json!({"__type": "x", "StringValue": "a"}),
    ]
});

/// Keys and values for edits.
pub(crate) struct Editor<'a> {
    /// Keys with a meaning in the document's format.
    pub(crate) keys: &'a [&'a str],
    /// Edge-case values.
    pub(crate) values: &'a [Value],
}

impl Editor<'_> {
    /// Applies up to `most` edits.
    pub(crate) fn edited(&self, document: Value, most: u32, u: &mut Unstructured<'_>) -> arbitrary::Result<Value> {
        let original = document.clone();
        let mut edited = document;
        for _ in 0..u.int_in_range(0..=most)? {
            let replacement = match u.int_in_range(0..=2)? {
                0 => None,
                1 if !self.values.is_empty() => Some(u.choose(self.values)?.clone()),
                _ => Some(some_node(&original, u)?.clone()),
            };
            self.edit(&mut edited, replacement, u)?;
        }
        Ok(edited)
    }

    /// Replaces, removes, renames or copies a random node.
    fn edit(
        &self,
        document: &mut Value,
        replacement: Option<Value>,
        u: &mut Unstructured<'_>,
    ) -> arbitrary::Result<()> {
        let mut here = document;
        loop {
            let leave = u.ratio(1, 6)?;
            let count = here.as_object().map_or_else(|| here.as_array().map_or(0, Vec::len), serde_json::Map::len);
            if count == 0 || (leave && here.is_array()) {
                *here = replacement.unwrap_or_default();
                return Ok(());
            }
            let at = u.choose_index(count)?;
            match here {
                Value::Object(map) => {
                    let Some(key) = map.keys().nth(at).cloned() else { return Ok(()) };
                    if !leave {
                        here = &mut map[&key];
                        continue;
                    }
                    let old = map.remove(&key);
                    if self.keys.is_empty() || u.ratio(3, 4)? {
                        map.extend(replacement.map(|value| (key, value)));
                        return Ok(());
                    }
                    // A new key, in addition to the old one or in its place.
                    let name = (*u.choose(self.keys)?).to_owned();
                    if u.arbitrary()? {
                        map.extend(old.clone().map(|old| (key, old)));
                    }
                    map.extend(replacement.or(old).map(|value| (name, value)));
                    return Ok(());
                }
                Value::Array(items) => here = &mut items[at],
                _ => return Ok(()),
            }
        }
    }
}

fn some_node<'v>(document: &'v Value, u: &mut Unstructured<'_>) -> arbitrary::Result<&'v Value> {
    let mut here = document;
    for _ in 0..u.int_in_range(0..=8)? {
        let inner: Vec<&Value> = match here {
            Value::Object(map) => map.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => break,
        };
        if inner.is_empty() {
            break;
        }
        here = *u.choose(&inner)?;
    }
    Ok(here)
}
