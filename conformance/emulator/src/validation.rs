//! Violations in the words of Smithy's servers: each has a place and a sentence. Source: `smithy.framework#ValidationException`
//! and the malformed-request tests of restJson1. Knows no errors and no HTTP.

use connect_model::schema::{Bounds, Kind, Schema, ShapeId, Slot};
use connect_model::validate::{Violation, ViolationKind, excerpt};
use serde_json::Value;

/// Most violations that an error lists: a request may have as many as it has bytes.
const LISTED: usize = 50;

/// A violation as a server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// JSON Pointer into the input.
    pub(crate) path: String,
    /// The sentence.
    pub(crate) message: String,
}

/// The violations of an input in words, the first of many.
pub(crate) fn fields(schema: &Schema, shape: ShapeId, input: &Value, violations: &[Violation]) -> Vec<Field> {
    violations.iter().take(LISTED).map(|violation| field(schema, shape, input, violation)).collect()
}

/// All fields in one sentence; `count` is the number of violations.
pub(crate) fn sentence(fields: &[Field], count: usize) -> String {
    let noun = if count == 1 { "error" } else { "errors" };
    let told: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
    format!("{count} validation {noun} detected. {}", told.join("; "))
}

fn field(schema: &Schema, shape: ShapeId, input: &Value, violation: &Violation) -> Field {
    let place = Place::of(schema, shape, input, violation);
    let path = place.as_ref().map_or(violation.path.as_str(), |place| place.path);
    let length = place.as_ref().and_then(|place| place.length(schema)).filter(|_| counts(violation.kind));
    let length = length.map(|length| format!(" with length {length}")).unwrap_or_default();
    let demand = place.and_then(|place| demand(schema, place.slot, violation.kind));
    let demand = demand.unwrap_or_else(|| format!("be {}", violation.expected));
    let message = format!("Value{length} at '{path}' failed to satisfy constraint: Member must {demand}");
    Field { path: path.to_owned(), message }
}

/// True for a limit of a number of characters, bytes, elements or entries.
fn counts(kind: ViolationKind) -> bool {
    use ViolationKind::{LengthMax, LengthMin, ListMax, ListMin, MapMax, MapMin};
    matches!(kind, LengthMin | LengthMax | ListMin | ListMax | MapMin | MapMax)
}

/// The demand of a slot, as the end of a sentence.
fn demand(schema: &Schema, slot: &Slot, kind: ViolationKind) -> Option<String> {
    use ViolationKind::{
        EnumCase, EnumUnknown, MissingRequired, NullElement, NullRequired, Pattern, RangeMax, RangeMin, Unique,
    };
    Some(match kind {
        MissingRequired | NullRequired | NullElement => "not be null".to_owned(),
        Unique => "have unique values".to_owned(),
        Pattern => format!("satisfy regular expression pattern: {}", schema[slot.traits.pattern?].source()),
        EnumUnknown | EnumCase => match &schema[slot.target].kind {
            Kind::Enum(values) => format!("satisfy enum value set: [{}]", values.join(", ")),
            _ => return None,
        },
        RangeMin | RangeMax => bounds(slot.traits.range?, "be"),
        _ if counts(kind) => bounds(slot.traits.length?, "have length"),
        _ => return None,
    })
}

fn bounds<T: std::fmt::Display>(bounds: Bounds<T>, verb: &str) -> String {
    match (bounds.min, bounds.max) {
        (Some(min), Some(max)) => format!("{verb} between {min} and {max}, inclusive"),
        (Some(min), None) => format!("{verb} greater than or equal to {min}"),
        (None, Some(max)) => format!("{verb} less than or equal to {max}"),
        (None, None) => format!("{verb} another"),
    }
}

/// The place of a violation: in a value, or in the key of a map.
struct Place<'s, 'v> {
    slot: &'s Slot,
    /// The value; none if it is absent.
    value: Option<&'v Value>,
    key: Option<String>,
    /// Its JSON Pointer. The key of a map has that of the map.
    path: &'v str,
}

impl<'s, 'v> Place<'s, 'v> {
    fn of(schema: &'s Schema, shape: ShapeId, input: &'v Value, violation: &'v Violation) -> Option<Self> {
        let mut kind = &schema[shape].kind;
        let (mut found, mut slot, mut key) = (Some(input), None, None);
        for token in violation.path.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            let inner = match kind {
                Kind::Structure(members) | Kind::Union(members) => &members.get(&name)?.slot,
                Kind::List(list) => &list.member,
                Kind::Map(map) => &map.value,
                _ => return None,
            };
            let outer = found;
            found = found.and_then(|value| match value {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                value => value.get(&name),
            });
            // A violation of a key shows the whole map.
            let is_key =
                |map: &Value| excerpt(map) == violation.found && found.map(excerpt).as_ref() != Some(&violation.found);
            key = match kind {
                Kind::Map(map) if outer.is_some_and(is_key) => Some((&map.key, name)),
                _ => None,
            };
            slot = Some(inner);
            kind = &schema[inner.target].kind;
        }
        let path = violation.path.as_str();
        Some(match key {
            Some((slot, name)) => {
                let path = path.rsplit_once('/').map_or(path, |(map, _)| map);
                Self { slot, value: None, key: Some(name), path }
            }
            None => Self { slot: slot?, value: found, key: None, path },
        })
    }

    fn length(&self, schema: &Schema) -> Option<usize> {
        match (&schema[self.slot.target].kind, self.value) {
            (_, None) => self.key.as_ref().map(|key| key.chars().count()),
            // Four characters of base64 are three bytes.
            (Kind::Blob, Some(Value::String(text))) => Some(text.trim_end_matches('=').len() * 3 / 4),
            (_, Some(Value::String(text))) => Some(text.chars().count()),
            (_, Some(Value::Array(items))) => Some(items.len()),
            (_, Some(Value::Object(entries))) => Some(entries.len()),
            _ => None,
        }
    }
}
