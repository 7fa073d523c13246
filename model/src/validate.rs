//! Finds every violation in a value: the broken constraint, with its place.
//!
//! Inputs and outputs are validated alike; the severity of a violation on either side is decided elsewhere. Unknown
//! members are not violations: receivers ignore them. Knows nothing of bytes.

use serde_json::Value;

use crate::constraint::json_type::JsonType;
use crate::constraint::{self, Broken, Constraint, Position, presence};
pub use crate::constraint::{Class, ViolationKind};
use crate::pattern::Verdict;
use crate::pointer::Path;
pub use crate::pointer::escape;
use crate::schema::{Kind, Member, Schema, ShapeId, Slot, SlotTraits};
use crate::text::{prefix, truncate};

/// A broken constraint at a place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON Pointer (RFC 6901) into the value; names are member names.
    pub path: String,
    /// The broken constraint.
    pub kind: ViolationKind,
    /// The value that the contract requires there, in words.
    pub expected: String,
    /// The value found: an excerpt, or `nothing`.
    pub found: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.path.is_empty() { "the value" } else { &self.path };
        write!(f, "{place}: {}: expected {}; found {}", self.kind, self.expected, self.found)
    }
}

/// All violations of a value against a shape, in the order of its parts. Null where the shape allows absence is
/// absence.
pub fn validate(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<Violation> {
    let mut visit = Visit::new(schema, false);
    visit.value(shape, &schema[shape].base, value, &Path::Root);
    visit.found
}

/// The first ten violations of each kind, for values from outside. A path longer than a thousand bytes is cut to that
/// of an enclosing value, followed by `/…`. An untrusted value can break the model in as many places as it has bytes,
/// under keys as long as itself.
pub fn validate_briefly(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<Violation> {
    let mut visit = Visit::new(schema, true);
    visit.value(shape, &schema[shape].base, value, &Path::Root);
    visit.found
}

/// The texts in a value of which nobody can say whether they match their patterns: JSON Pointer and pattern of each.
pub fn undecided(schema: &Schema, shape: ShapeId, value: &Value) -> Vec<(String, String)> {
    let mut visit = Visit { undecided: Some(Vec::new()), ..Visit::new(schema, false) };
    visit.value(shape, &schema[shape].base, value, &Path::Root);
    visit.undecided.unwrap_or_default()
}

/// All violations of a value in a slot: the constraints of the shape and of the position together.
pub fn validate_slot(schema: &Schema, slot: &Slot, value: &Value) -> Vec<Violation> {
    let mut visit = Visit::new(schema, false);
    visit.value(slot.target, &slot.traits, value, &Path::Root);
    visit.found
}

struct Visit<'s> {
    schema: &'s Schema,
    found: Vec<Violation>,
    /// Keeps at most [`MOST`] violations of each kind, with brief paths.
    brief: bool,
    /// Texts whose pattern cannot be decided, if they are wanted.
    undecided: Option<Vec<(String, String)>>,
}

const MOST: usize = 10;

impl<'s> Visit<'s> {
    fn new(schema: &'s Schema, brief: bool) -> Self {
        Self { schema, found: Vec::new(), brief, undecided: None }
    }
}

impl Visit<'_> {
    fn report(&mut self, path: &Path<'_>, (kind, expected): Broken, value: Option<&Value>) {
        if self.brief && self.found.iter().filter(|violation| violation.kind == kind).count() >= MOST {
            return;
        }
        let found = value.map_or("nothing".to_owned(), excerpt);
        let path = if self.brief { path.brief_pointer() } else { path.pointer() };
        self.found.push(Violation { path, kind, expected, found });
    }

    fn value(&mut self, shape: ShapeId, traits: &SlotTraits, value: &Value, path: &Path<'_>) {
        let at = Position { schema: self.schema, kind: &self.schema[shape].kind, traits };
        if let Some(broken) = JsonType.check(&at, value) {
            return self.report(path, broken, Some(value));
        }
        self.inside(at.kind, value, path);
        self.note_undecided(traits, value, path);
        for constraint in constraint::beyond_type(at.kind) {
            if let Some(broken) = constraint.check(&at, value) {
                self.report(path, broken, Some(value));
            }
        }
    }

    /// Notes a text whose pattern cannot be decided, if such are wanted.
    fn note_undecided(&mut self, traits: &SlotTraits, value: &Value, path: &Path<'_>) {
        if let (Some(undecided), Some(pattern), Some(text)) = (&mut self.undecided, traits.pattern, value.as_str())
            && self.schema[pattern].admits(text) == Verdict::Unknown
        {
            undecided.push((path.pointer(), self.schema[pattern].source().to_owned()));
        }
    }

    /// The values inside a value.
    fn inside(&mut self, kind: &Kind, value: &Value, path: &Path<'_>) {
        match (kind, value) {
            (Kind::Structure(members), Value::Object(map)) => {
                for (member, value) in members.beside(map) {
                    self.member(member, value, &Path::Key(path, &member.name));
                }
            }
            (Kind::Union(members), Value::Object(map)) => {
                for (member, value) in members.beside(map) {
                    if let Some(value) = value.filter(|value| !value.is_null()) {
                        let Slot { target, traits } = &member.slot;
                        self.value(*target, traits, value, &Path::Key(path, &member.name));
                    }
                }
            }
            (Kind::List(list), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.element(&list.member, list.sparse, "an element", item, &Path::Index(path, index));
                }
            }
            (Kind::Map(shape), Value::Object(map)) => {
                for (key, item) in map {
                    let path = Path::Key(path, key);
                    self.key(&shape.key, key, value, &path);
                    self.element(&shape.value, shape.sparse, "a value", item, &path);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, member: &Member, value: Option<&Value>, path: &Path<'_>) {
        match value.filter(|value| !value.is_null()) {
            Some(value) => self.value(member.slot.target, &member.slot.traits, value, path),
            None => {
                if let Some(broken) = presence::check_member(member, value) {
                    self.report(path, broken, value);
                }
            }
        }
    }

    fn element(&mut self, slot: &Slot, sparse: bool, expected: &str, value: &Value, path: &Path<'_>) {
        if !value.is_null() {
            self.value(slot.target, &slot.traits, value, path);
        } else if let Some(broken) = presence::check_null(sparse, expected) {
            self.report(path, broken, Some(value));
        }
    }

    fn key(&mut self, slot: &Slot, key: &str, map: &Value, path: &Path<'_>) {
        let at = Position::of(self.schema, slot);
        let key = Value::from(key);
        self.note_undecided(&slot.traits, &key, path);
        for constraint in constraint::beyond_type(at.kind) {
            if let Some(broken) = constraint.check(&at, &key) {
                self.report(path, broken, Some(map));
            }
        }
    }
}

/// A value for a message: whole if it is short, otherwise its beginning.
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
    // For a string, the characters that its length counts: neither quotes nor escapes.
    let length = value.as_str().unwrap_or(&text).chars().count();
    format!("{} ({length} characters)", truncate(&text, SHOWN))
}
