//! Shapes, their kinds and their members.

use std::sync::LazyLock;

use serde_json::Value;

use super::slot::{Binding, Bounds, Slot, SlotTraits};

/// A named shape.
#[derive(Debug)]
pub struct Shape {
    /// Name without namespace.
    pub name: String,
    /// Type of the shape.
    pub kind: Kind,
    /// True if values must be hidden in logs.
    pub sensitive: bool,
    /// True for a stream of bytes or events.
    pub streaming: bool,
    /// Set on error structures.
    pub error: Option<ErrorTrait>,
    /// True if a value can contain another value of the same shape.
    pub recursive: bool,
    /// Depth of the smallest value: 1 for a scalar, 1 + the depth of the deepest required member for a structure.
    pub min_depth: u32,
    /// Number of values in the smallest value, itself included; at most [`u64::MAX`].
    pub min_values: u64,
    /// Traits of the shape itself, independent of any member that refers to it.
    pub(crate) base: SlotTraits,
}

impl Shape {
    /// Length of its values, as far as the shape itself limits it.
    pub fn length(&self) -> Option<Bounds<u64>> {
        self.base.length
    }
}

/// The type of a shape, with its contents.
#[derive(Debug)]
pub enum Kind {
    /// Named members, each present or absent.
    Structure(Members),
    /// Named members, exactly one of them present.
    Union(Members),
    /// Zero or more elements.
    List(List),
    /// String keys to values.
    Map(Map),
    /// Text, counted in Unicode scalar values.
    String,
    /// Text from a set of values; a response may contain values outside of it.
    Enum(Vec<String>),
    /// A whole number from a set of values.
    IntEnum(Vec<i64>),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Boolean,
    /// A point in time.
    Timestamp,
    /// Bytes, in base64 inside values.
    Blob,
    /// Any JSON value.
    Document,
    /// An empty object (`smithy.api#Unit` as a union member).
    Unit,
}

impl Kind {
    /// Returns the slots of members, elements, keys and values; empty for simple shapes.
    pub fn slots(&self) -> Vec<&Slot> {
        match self {
            Kind::Structure(members) | Kind::Union(members) => members.iter().map(|member| &member.slot).collect(),
            Kind::List(list) => vec![&list.member],
            Kind::Map(map) => vec![&map.key, &map.value],
            _ => Vec::new(),
        }
    }

    /// Returns the members of a structure or union.
    pub fn members(&self) -> Option<&Members> {
        match self {
            Kind::Structure(members) | Kind::Union(members) => Some(members),
            _ => None,
        }
    }

    /// Returns Smithy's name of the type, for messages.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Structure(_) => "structure",
            Kind::Union(_) => "union",
            Kind::List(_) => "list",
            Kind::Map(_) => "map",
            Kind::String => "string",
            Kind::Enum(_) => "enum",
            Kind::IntEnum(_) => "intEnum",
            Kind::Number(number) => number.word(),
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamp",
            Kind::Blob => "blob",
            Kind::Document => "document",
            Kind::Unit => "unit",
        }
    }
}

/// Members of a structure or union, sorted by name.
#[derive(Debug, Default)]
pub struct Members {
    list: Vec<Member>,
}

impl Members {
    pub(crate) fn new(mut list: Vec<Member>) -> Self {
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Self { list }
    }

    /// Returns the member with this name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.list.binary_search_by(|member| member.name.as_str().cmp(name)).ok().map(|at| &self.list[at])
    }

    /// Pairs every member with its value in an object. Both are sorted by name, so one pass over the two replaces a
    /// search per member.
    pub(crate) fn beside<'a>(
        &'a self,
        object: &'a serde_json::Map<String, Value>,
    ) -> impl Iterator<Item = (&'a Member, Option<&'a Value>)> {
        let ordered = *OBJECTS_ARE_ORDERED;
        let mut entries = object.iter().peekable();
        self.list.iter().map(move |member| {
            if !ordered {
                return (member, object.get(&member.name));
            }
            // Equality first: it is cheap, and true most of the time.
            while let Some((key, value)) = entries.peek().copied() {
                if *key == member.name {
                    entries.next();
                    return (member, Some(value));
                }
                if key.as_str() > member.name.as_str() {
                    break;
                }
                entries.next();
            }
            (member, None)
        })
    }

    /// Returns a function that finds members by name; it is fast if the names arrive in order.
    pub(crate) fn finder<'m>(&'m self) -> impl FnMut(&str) -> Option<&'m Member> {
        let mut rest = self.list.as_slice();
        move |name| match rest.iter().position(|member| member.name == name) {
            Some(at) => {
                let found = &rest[at];
                rest = &rest[at + 1..];
                Some(found)
            }
            None => self.get(name),
        }
    }

    /// Returns the member with this JSON key.
    pub fn by_json_name(&self, key: &str) -> Option<&Member> {
        match self.get(key) {
            Some(member) if member.json_name == key => Some(member),
            _ => self.list.iter().find(|member| member.json_name == key),
        }
    }

    /// Returns the member by which a server recognises a repeated request, if there is one.
    pub fn idempotency_token(&self) -> Option<&Member> {
        self.list.iter().find(|member| member.idempotency_token)
    }

    /// Iterates over all members, sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.list.iter()
    }

    /// Returns the number of members.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns true if there are no members.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<'m> IntoIterator for &'m Members {
    type Item = &'m Member;
    type IntoIter = std::slice::Iter<'m, Member>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// True if JSON objects sort their keys, which is the case unless a crate of the build enables `preserve_order` of
/// `serde_json`.
static OBJECTS_ARE_ORDERED: LazyLock<bool> = LazyLock::new(|| {
    let object = serde_json::Map::from_iter(["b", "a"].map(|key| (key.to_owned(), Value::Null)));
    object.keys().is_sorted()
});

/// A member of a structure or union.
#[derive(Debug)]
pub struct Member {
    /// Name in values.
    pub name: String,
    /// Key in JSON bodies; equals `name` unless the model sets `jsonName`.
    pub json_name: String,
    /// Target shape and merged traits.
    pub slot: Slot,
    /// True if the member must be present.
    pub required: bool,
    /// Place in the HTTP message.
    pub binding: Binding,
    /// True if a client may fill the member with a UUID by which the server recognises repeated requests.
    pub idempotency_token: bool,
    /// True if the model marks the member as deprecated.
    pub deprecated: bool,
}

/// The element of a list.
#[derive(Debug)]
pub struct List {
    /// Slot of the element.
    pub member: Slot,
    /// True if null elements are allowed: the list has the `sparse` trait, or its elements are documents.
    pub sparse: bool,
}

/// The key and value of a map.
#[derive(Debug)]
pub struct Map {
    /// Slot of the key, which is always text.
    pub key: Slot,
    /// Slot of the value.
    pub value: Slot,
    /// True if null values are allowed: the map has the `sparse` trait, or its values are documents.
    pub sparse: bool,
}

/// Numeric types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Whole, 8 bits.
    Byte,
    /// Whole, 16 bits.
    Short,
    /// Whole, 32 bits.
    Integer,
    /// Whole, 64 bits.
    Long,
    /// Whole, of any size.
    BigInteger,
    /// Floating point, 32 bits.
    Float,
    /// Floating point, 64 bits.
    Double,
    /// Decimal, of any size.
    BigDecimal,
}

impl Number {
    /// Returns Smithy's name of the type.
    pub fn word(self) -> &'static str {
        match self {
            Number::Byte => "byte",
            Number::Short => "short",
            Number::Integer => "integer",
            Number::Long => "long",
            Number::BigInteger => "bigInteger",
            Number::Float => "float",
            Number::Double => "double",
            Number::BigDecimal => "bigDecimal",
        }
    }

    /// Returns the smallest and largest value of a whole type; `None` for types with a fraction.
    pub fn integer_limits(self) -> Option<(i64, i64)> {
        match self {
            Number::Byte => Some((i64::from(i8::MIN), i64::from(i8::MAX))),
            Number::Short => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
            Number::Integer => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
            Number::Long | Number::BigInteger => Some((i64::MIN, i64::MAX)),
            Number::Float | Number::Double | Number::BigDecimal => None,
        }
    }

    /// Returns true if values have no fraction.
    pub fn is_whole(self) -> bool {
        self.integer_limits().is_some()
    }
}

/// The error trait of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorTrait {
    /// True if the server is at fault.
    pub server: bool,
    /// HTTP status; 400 (client) or 500 (server) if the model has none.
    pub status: u16,
}
