//! Says what is wrong with a value, completely: every broken constraint with its place.
//!
//! One walk serves input and output; how grave a violation is on which side is not decided here. Unknown members are
//! no violation: receivers ignore them. Knows nothing of bytes.

use serde_json::Value;

pub use crate::constraint::ViolationKind;
use crate::constraint::{Broken, blob, choice, number, size, text, timestamp, typed};
use crate::pointer::Path;
pub use crate::pointer::escape;
use crate::schema::{Kind, Members, Number, Schema, ShapeId, Slot, SlotTraits};
use crate::text::{prefix, truncate};

/// One broken constraint at one place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON Pointer (RFC 6901) into the value; names are member names.
    pub path: String,
    /// The constraint that is broken.
    pub kind: ViolationKind,
    /// What the contract asks for there.
    pub expected: String,
    /// What is there: an excerpt of the value, or `nothing`.
    pub found: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.path.is_empty() { "the value" } else { &self.path };
        write!(f, "{place}: {}: expected {}; found {}", self.kind, self.expected, self.found)
    }
}

/// Every violation of a value against a shape, in order of the walk. A null where the shape allows absence is absence.
pub fn validate(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<Violation> {
    let mut walk = Walk { schema, found: Vec::new(), brief: false };
    walk.value(shape, &schema[shape].base, value, &Path::Root);
    walk.found
}

/// The first violations of each kind of a value that somebody else made: no more than ten, and where the path to one is
/// longer than a thousand bytes, that to what it lies in, with `/…` behind it. A value may break the model in as many
/// places as it has bytes, under keys as long as itself.
pub fn validate_briefly(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<Violation> {
    let mut walk = Walk { schema, found: Vec::new(), brief: true };
    walk.value(shape, &schema[shape].base, value, &Path::Root);
    walk.found
}

/// Violations of a value in a slot: the shape's and the position's constraints together.
pub fn validate_slot(schema: &Schema, slot: &Slot, value: &Value) -> Vec<Violation> {
    let mut walk = Walk { schema, found: Vec::new(), brief: false };
    walk.value(slot.target, &slot.traits, value, &Path::Root);
    walk.found
}

struct Walk<'s> {
    schema: &'s Schema,
    found: Vec<Violation>,
    /// Keep [`MOST`] of each kind, and brief paths.
    brief: bool,
}

const MOST: usize = 10;

impl Walk<'_> {
    fn report(&mut self, path: &Path<'_>, (kind, expected): Broken, value: Option<&Value>) {
        if self.brief && self.found.iter().filter(|violation| violation.kind == kind).count() >= MOST {
            return;
        }
        let found = value.map_or("nothing".to_owned(), excerpt);
        let path = if self.brief { path.brief_pointer() } else { path.pointer() };
        self.found.push(Violation { path, kind, expected, found });
    }

    fn value(&mut self, shape: ShapeId, traits: &SlotTraits, value: &Value, path: &Path<'_>) {
        let schema = self.schema;
        let kind = &schema[shape].kind;
        let broken = match (kind, value) {
            (Kind::Structure(members), Value::Object(map)) => {
                self.members(members, map, path);
                None
            }
            (Kind::Union(members), Value::Object(map)) => {
                self.union(members, map, value, path);
                None
            }
            (Kind::List(list), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let path = Path::Index(path, index);
                    match item {
                        Value::Null if list.sparse => {}
                        Value::Null => {
                            self.report(&path, (ViolationKind::NullElement, "an element".to_owned()), Some(item));
                        }
                        item => self.value(list.member.target, &list.member.traits, item, &path),
                    }
                }
                if traits.unique_items && has_equal(items) {
                    self.report(path, (ViolationKind::Unique, "distinct elements".to_owned()), Some(value));
                }
                size::check(traits.length, size::Unit::Elements, items.len() as u64)
            }
            (Kind::Map(shape), Value::Object(map)) => {
                for (key, item) in map {
                    let path = Path::Key(path, key);
                    self.text(&schema[shape.key.target].kind, &shape.key.traits, key, value, &path);
                    match item {
                        Value::Null if shape.sparse => {}
                        Value::Null => {
                            self.report(&path, (ViolationKind::NullElement, "a value".to_owned()), Some(item));
                        }
                        item => self.value(shape.value.target, &shape.value.traits, item, &path),
                    }
                }
                size::check(traits.length, size::Unit::Entries, map.len() as u64)
            }
            (Kind::String | Kind::Enum(_), Value::String(text)) => {
                self.text(kind, traits, text, value, path);
                None
            }
            // An integer first, as the wire reads it.
            (Kind::IntEnum(values), Value::Number(number)) => {
                number::check(Number::Integer, None, number).or_else(|| {
                    let known = number.as_i64().is_some_and(|number| values.contains(&number));
                    (!known).then(|| (ViolationKind::EnumUnknown, format!("one of {values:?}")))
                })
            }
            (Kind::Number(kind), Value::Number(number)) => number::check(*kind, traits.range, number),
            (Kind::Number(Number::Float | Number::Double), Value::String(text))
                if number::SPECIAL_FLOATS.contains(&text.as_str()) =>
            {
                None
            }
            (Kind::Boolean, Value::Bool(_)) | (Kind::Document, _) | (Kind::Unit, Value::Object(_)) => None,
            (Kind::Timestamp, value) => timestamp::check(timestamp::value_format(traits.timestamp_format), value),
            (Kind::Blob, Value::String(text)) => blob::check(traits.length, text),
            _ => Some((ViolationKind::WrongType, typed::expectation(kind).to_owned())),
        };
        if let Some(broken) = broken {
            self.report(path, broken, Some(value));
        }
    }

    fn text(&mut self, kind: &Kind, traits: &SlotTraits, text: &str, value: &Value, path: &Path<'_>) {
        if let Kind::Enum(values) = kind {
            if let Some(broken) = choice::check(values, text) {
                self.report(path, broken, Some(value));
            }
            return;
        }
        let schema = self.schema;
        text::check(schema, traits, text, |broken| self.report(path, broken, Some(value)));
    }

    fn members(&mut self, members: &Members, map: &serde_json::Map<String, Value>, path: &Path<'_>) {
        for (member, value) in members.beside(map) {
            let path = Path::Key(path, &member.name);
            match value {
                Some(Value::Null) if member.required => {
                    let expected = (ViolationKind::NullRequired, "a value for a required member".to_owned());
                    self.report(&path, expected, Some(&Value::Null));
                }
                None if member.required => {
                    self.report(&path, (ViolationKind::MissingRequired, "a required member".to_owned()), None);
                }
                None | Some(Value::Null) => {}
                Some(value) => self.value(member.slot.target, &member.slot.traits, value, &path),
            }
        }
    }

    fn union(&mut self, members: &Members, map: &serde_json::Map<String, Value>, value: &Value, path: &Path<'_>) {
        let mut set = 0;
        for (member, value) in members.beside(map) {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                set += 1;
                self.value(member.slot.target, &member.slot.traits, value, &Path::Key(path, &member.name));
            }
        }
        let expected = || {
            let names = members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
            format!("exactly one of {names}")
        };
        match set {
            0 => self.report(path, (ViolationKind::UnionNone, expected()), Some(value)),
            1 => {}
            _ => self.report(path, (ViolationKind::UnionTwo, expected()), Some(value)),
        }
    }
}

fn has_equal(items: &[Value]) -> bool {
    if items.len() < 32 {
        return items.iter().enumerate().any(|(at, item)| items[..at].contains(item));
    }
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    items.iter().any(|item| !seen.insert(item.to_string()))
}

/// A value in a message: whole when short, else its beginning.
pub fn excerpt(value: &Value) -> String {
    const SHOWN: usize = 80;
    let text = match value {
        Value::Array(items) if items.len() > 20 => return format!("a list of {} elements", items.len()),
        Value::Object(map) if map.len() > 20 => return format!("an object with {} keys", map.len()),
        value => value.to_string(),
    };
    if prefix(&text, SHOWN).len() == text.len() {
        return text;
    }
    // Of a string, the characters that a length counts: neither quotes nor escapes.
    let length = value.as_str().unwrap_or(&text).chars().count();
    format!("{} ({length} characters)", truncate(&text, SHOWN))
}
