//! JSON bodies: member names to JSON keys and back, and the JSON form of each shape. Knows nothing of headers or labels.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::text::is_special_float;
use crate::json_text;
use crate::planted;
use crate::pointer::Path;
use crate::schema::{
    Binding, Kind, List, Map as MapShape, Member, Members, Number, Schema, ShapeId, Slot, TimestampFormat,
};
use crate::text::json_type;
use crate::timestamp::{self, Reading};
use crate::wire::fault::{DecodeError, Limits, Misread};

/// Maximum depth of encoded values. Values come from this program, so deeper ones are a bug.
const WRITE_DEPTH: usize = 512;

/// Encodes a value of a shape: replaces member names by JSON keys and keeps everything else, null included.
pub(super) fn write(schema: &Schema, target: ShapeId, value: &Value) -> Result<Vec<u8>, String> {
    serde_json::to_vec(&Json { schema, target, value, depth: 0 }).map_err(|error| error.to_string())
}

/// Encodes the members of a structure that belong to the body, and those that are not in the model.
pub(super) fn write_members(schema: &Schema, members: &Members, value: &Map<String, Value>) -> Result<Vec<u8>, String> {
    serde_json::to_vec(&BodyMembers { schema, members, value }).map_err(|error| error.to_string())
}

struct BodyMembers<'a> {
    schema: &'a Schema,
    members: &'a Members,
    value: &'a Map<String, Value>,
}

impl Serialize for BodyMembers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut find = self.members.finder();
        for entry in self.value {
            write_entry(&mut map, self.schema, find(entry.0), entry, true, 0)?;
        }
        map.end()
    }
}

struct Json<'a> {
    schema: &'a Schema,
    target: ShapeId,
    value: &'a Value,
    depth: usize,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Json { schema, target, value, depth } = *self;
        if depth > WRITE_DEPTH {
            return Err(S::Error::custom(format!("the value is nested more than {WRITE_DEPTH} deep")));
        }
        let inner = |target, value| Json { schema, target, value, depth: depth + 1 };
        match (&schema[target].kind, value) {
            (Kind::Structure(members) | Kind::Union(members), Value::Object(fields)) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                let mut find = members.finder();
                for entry in fields {
                    write_entry(&mut map, schema, find(entry.0), entry, false, depth)?;
                }
                map.end()
            }
            (Kind::List(list), Value::Array(items)) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(&inner(list.member.target, item))?;
                }
                seq.end()
            }
            (Kind::Map(shape), Value::Object(entries)) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &inner(shape.value.target, value))?;
                }
                map.end()
            }
            _ => value.serialize(serializer),
        }
    }
}

/// Encodes one member. Bindings apply at the root of a message only (`top`); below it, every member is a key.
fn write_entry<M: SerializeMap>(
    map: &mut M,
    schema: &Schema,
    member: Option<&Member>,
    (name, value): (&String, &Value),
    top: bool,
    depth: usize,
) -> Result<(), M::Error> {
    match member {
        Some(member) if top && member.binding != Binding::Body => Ok(()),
        Some(member) => map
            .serialize_entry(&member.json_name, &Json { schema, target: member.slot.target, value, depth: depth + 1 }),
        None => map.serialize_entry(name, value),
    }
}

/// Parses a JSON document within the limits.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, DecodeError> {
    if bytes.len() > limits.bytes {
        return Err(DecodeError::TooLarge { limit: limits.bytes, actual: bytes.len() });
    }
    // The JSON library itself stops at 128.
    let limit = limits.depth.min(127);
    if json_text::is_deeper_than(bytes, limit) {
        return Err(DecodeError::TooDeep { limit });
    }
    serde_json::from_slice(bytes).map_err(|error| DecodeError::Serialization {
        pointer: String::new(),
        what: format!("not JSON: {error}"),
        misread: None,
    })
}

/// Maximum number of unknown members to report: a message may have one for every few bytes.
const MOST_UNKNOWN: usize = 1_000;

/// Decodes JSON into values of shapes.
pub(super) struct Reader<'s> {
    schema: &'s Schema,
    reading: Reading,
    /// JSON Pointers of members that are not in the model, with their JSON types; limited to [`MOST_UNKNOWN`].
    pub(super) unknown: Vec<(String, &'static str)>,
}

/// The error of a value that is no value of its shape.
fn fault(path: &Path<'_>, shape: &'static str, value: &Value, what: String) -> DecodeError {
    let misread = Some(Misread::new(shape, &value.to_string()));
    DecodeError::Serialization { pointer: path.pointer(), what, misread }
}

impl<'s> Reader<'s> {
    pub(super) fn new(schema: &'s Schema, reading: Reading) -> Self {
        Self { schema, reading, unknown: Vec::new() }
    }

    /// Decodes the members of a message that belong to its body into `out`.
    pub(super) fn members(
        &mut self,
        members: &Members,
        body: Value,
        out: &mut Map<String, Value>,
    ) -> Result<(), DecodeError> {
        match body {
            Value::Object(fields) => self.fields(members, fields, &Path::Root, true, out),
            other => {
                let what = format!("is {}, expected an object", json_type(&other));
                Err(fault(&Path::Root, "structure", &other, what))
            }
        }
    }

    /// Decodes the value of a slot.
    pub(super) fn value(&mut self, slot: &Slot, value: Value, path: &Path<'_>) -> Result<Value, DecodeError> {
        let schema = self.schema;
        match (&schema[slot.target].kind, value) {
            (Kind::Structure(members), Value::Object(fields)) => {
                let mut out = Map::new();
                self.fields(members, fields, path, false, &mut out)?;
                Ok(Value::Object(out))
            }
            (Kind::Union(members), Value::Object(fields)) => self.union(members, fields, path),
            (Kind::List(list), Value::Array(items)) => self.list(list, items, path),
            (Kind::Map(map), Value::Object(entries)) => self.map(map, entries, path),
            (Kind::Unit, Value::Object(_)) => Ok(Value::Object(Map::new())),
            (Kind::Document, value) => Ok(value),
            // The rest are scalars, and values of a wrong type.
            (_, value) if self.reading == Reading::Client => Ok(value),
            (kind, value) => match scalar(kind, slot, &value) {
                Ok(()) => Ok(normal(kind, value)),
                Err(what) => Err(fault(path, kind.word(), &value, what)),
            },
        }
    }

    fn fields(
        &mut self,
        members: &Members,
        fields: Map<String, Value>,
        path: &Path<'_>,
        top: bool,
        out: &mut Map<String, Value>,
    ) -> Result<(), DecodeError> {
        for (key, value) in fields {
            match self.member(members, &key).filter(|member| !top || member.binding == Binding::Body) {
                // A client keeps the null of a required member, so that validation reports it; any other null is absence.
                Some(member) if value.is_null() => {
                    if self.reading == Reading::Client && member.required {
                        out.insert(member.name.clone(), value);
                    }
                }
                Some(member) => {
                    let value = self.value(&member.slot, value, &Path::Key(path, &member.name))?;
                    let name = if member.name == key { key } else { member.name.clone() };
                    out.insert(name, value);
                }
                None => self.keep_unknown(members, key, value, path, out),
            }
        }
        Ok(())
    }

    /// Returns the member with a JSON key. Keys are case-sensitive.
    fn member<'m>(&self, members: &'m Members, key: &str) -> Option<&'m Member> {
        let found = members.by_json_name(key);
        if found.is_none() && self.reading == Reading::Client && planted::is("sdk_response") {
            return members.iter().find(|member| member.json_name.eq_ignore_ascii_case(key));
        }
        found
    }

    /// Reports an unknown member. A client also keeps it, unless its key is the name of another member.
    fn keep_unknown(
        &mut self,
        members: &Members,
        key: String,
        value: Value,
        path: &Path<'_>,
        out: &mut Map<String, Value>,
    ) {
        if self.unknown.len() < MOST_UNKNOWN {
            self.unknown.push((Path::Key(path, &key).brief_pointer(), json_type(&value)));
        }
        if self.reading == Reading::Client && members.get(&key).is_none() {
            out.insert(key, value);
        }
    }

    fn union(
        &mut self,
        members: &Members,
        mut fields: Map<String, Value>,
        path: &Path<'_>,
    ) -> Result<Value, DecodeError> {
        let is_set =
            |key: &str, value: &Value| !value.is_null() && (key != "__type" || members.by_json_name(key).is_some());
        if self.reading == Reading::Server {
            let mut set = fields.iter().filter(|(key, value)| is_set(key, value)).map(|(key, _)| key);
            let what = match (set.next(), set.count()) {
                (Some(key), 0) if members.by_json_name(key).is_some() => None,
                (Some(key), 0) => Some(format!("{key:?} is not a member of this union")),
                (first, others) => {
                    let count = usize::from(first.is_some()) + others;
                    Some(format!("is a union with {count} members, expected one"))
                }
            };
            if let Some(what) = what {
                return Err(fault(path, "union", &Value::Object(fields), what));
            }
        }
        fields.retain(|key, value| is_set(key, value));
        let mut out = Map::new();
        self.fields(members, fields, path, false, &mut out)?;
        Ok(Value::Object(out))
    }

    fn list(&mut self, list: &List, items: Vec<Value>, path: &Path<'_>) -> Result<Value, DecodeError> {
        let items = items.into_iter().enumerate().map(|(at, item)| {
            let path = Path::Index(path, at);
            self.element(&list.member, list.sparse, item, &path)
        });
        items.collect::<Result<_, _>>().map(Value::Array)
    }

    fn map(&mut self, map: &MapShape, entries: Map<String, Value>, path: &Path<'_>) -> Result<Value, DecodeError> {
        let entries = entries.into_iter().map(|(key, value)| {
            let value = self.element(&map.value, map.sparse, value, &Path::Key(path, &key))?;
            Ok((key, value))
        });
        entries.collect::<Result<_, _>>().map(Value::Object)
    }

    /// Decodes an element or entry. Only sparse collections may hold null.
    fn element(&mut self, slot: &Slot, sparse: bool, value: Value, path: &Path<'_>) -> Result<Value, DecodeError> {
        if !value.is_null() {
            return self.value(slot, value, path);
        }
        if sparse || self.reading == Reading::Client {
            return Ok(value);
        }
        let what = "is null in a collection that is not sparse".to_owned();
        Err(fault(path, "element", &value, what))
    }
}

/// Checks the JSON form of a scalar, but not its constraints.
fn scalar(kind: &Kind, slot: &Slot, value: &Value) -> Result<(), String> {
    let expected = match (kind, value) {
        (Kind::String | Kind::Enum(_), Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => return Ok(()),
        (Kind::IntEnum(_), Value::Number(token)) => return whole(Number::Integer, token),
        (Kind::Number(number), Value::Number(token)) if number.is_whole() => return whole(*number, token),
        (Kind::Number(number), Value::Number(token)) => {
            let fits = *number != Number::Float || token.as_f64().is_some_and(|f| (f as f32).is_finite());
            return if fits { Ok(()) } else { Err(format!("{token} does not fit a {}", number.word())) };
        }
        (Kind::Number(number), Value::String(text)) if !number.is_whole() && is_special_float(text) => return Ok(()),
        (Kind::Blob, Value::String(text)) => {
            return STANDARD.decode(text).map(drop).map_err(|error| format!("is not base64: {error}"));
        }
        (Kind::Timestamp, value) => return instant(slot, value),
        (Kind::String | Kind::Enum(_) | Kind::Blob, _) => "a string",
        (Kind::Boolean, _) => "a boolean",
        (Kind::Number(_) | Kind::IntEnum(_), _) => "a number",
        (Kind::List(_), _) => "a list",
        _ => "an object",
    };
    Err(format!("is {}, expected {expected}", json_type(value)))
}

/// Checks a number of a whole type.
///
/// The JSON parser returns floats for numbers with a fraction or an exponent, for whole numbers beyond 64 bits and for
/// `-0`. A fraction or an exponent is wrong for a whole type, whatever the value; `-0` is zero. A `bigInteger` beyond 64
/// bits is accepted, since the parser does not tell whether it had a fraction.
fn whole(number: Number, token: &serde_json::Number) -> Result<(), String> {
    let fits = match (number.integer_limits(), token.as_i64()) {
        (Some((min, max)), Some(value)) => (min..=max).contains(&value),
        _ if is_minus_zero(token) => true,
        _ => number == Number::BigInteger && token.as_f64().is_some_and(|f| f.abs() >= 9.0e18),
    };
    if fits { Ok(()) } else { Err(format!("{token} is not a valid {}", number.word())) }
}

fn is_minus_zero(token: &serde_json::Number) -> bool {
    token.is_f64() && token.as_f64().is_some_and(|f| f == 0.0 && f.is_sign_negative())
}

fn normal(kind: &Kind, value: Value) -> Value {
    match (kind, &value) {
        (Kind::Number(number), Value::Number(token)) if number.is_whole() && is_minus_zero(token) => Value::from(0),
        _ => value,
    }
}

fn instant(slot: &Slot, value: &Value) -> Result<(), String> {
    let format = slot.traits.timestamp_format.unwrap_or(TimestampFormat::EpochSeconds);
    let valid = match (format, value) {
        (TimestampFormat::EpochSeconds, Value::Number(number)) => {
            number.as_f64().is_some_and(|seconds| timestamp::from_seconds(seconds).is_some())
        }
        (TimestampFormat::EpochSeconds, _) => false,
        (_, Value::String(text)) => timestamp::parse(text, format, Reading::Server).is_some(),
        _ => false,
    };
    if valid { Ok(()) } else { Err(format!("is {}, expected a {} timestamp", shown(value), format.word())) }
}

/// Formats a value for a message: numbers and short strings as they are, other values by their type.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() <= 60 => format!("{text:?}"),
        other => json_type(other).to_owned(),
    }
}
