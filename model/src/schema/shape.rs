//! Shapes, their kinds and their members.

use std::sync::LazyLock;

use serde_json::Value;

use super::slot::{Binding, Slot, SlotTraits};

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
    /// Positions of the required members.
    required: Vec<usize>,
    /// Positions of the members that are bound to another place than the JSON body.
    bound: Vec<usize>,
    /// Positions of the members whose JSON key is not their name, sorted by it.
    renamed: Vec<usize>,
}

/// A structure has so many more members than an object has entries that a search for each entry is faster than a pass over
/// both.
const SPARSE: usize = 16;

impl Members {
    pub(crate) fn new(mut list: Vec<Member>) -> Self {
        list.sort_by(|a, b| a.name.cmp(&b.name));
        let places =
            |wanted: fn(&Member) -> bool| (0..list.len()).filter(|at| wanted(&list[*at])).collect::<Vec<usize>>();
        let required = places(|member| member.required);
        let bound = places(|member| member.binding != Binding::Body);
        let mut renamed = places(|member| member.json_name != member.name);
        renamed.sort_by(|a, b| list[*a].json_name.cmp(&list[*b].json_name));
        Self { list, required, bound, renamed }
    }

    /// Returns the member with this name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.position(name).map(|at| &self.list[at])
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.list.binary_search_by(|member| member.name.as_str().cmp(name)).ok()
    }

    /// Iterates over the required members, and the one named `also` if there is one, in the order of their names.
    pub(crate) fn required_and(&self, also: Option<&str>) -> impl Iterator<Item = &Member> {
        let also = also.and_then(|name| self.position(name)).filter(|at| !self.list[*at].required);
        let before = self.required.partition_point(|at| also.is_none_or(|also| *at < also));
        let (before, behind) = self.required.split_at(before);
        before.iter().copied().chain(also).chain(behind.iter().copied()).map(|at| &self.list[at])
    }

    /// Returns the member that is bound to this part of the path.
    pub fn labelled(&self, label: &str) -> Option<&Member> {
        self.bound().find(|member| matches!(&member.binding, Binding::Label(name) if name == label))
    }

    /// Iterates over the members that are bound to another place than the JSON body, sorted by name.
    pub(crate) fn bound(&self) -> impl Iterator<Item = &Member> {
        self.bound.iter().map(|at| &self.list[*at])
    }

    /// Returns true if a member is a key of the JSON body.
    pub(crate) fn has_body(&self) -> bool {
        self.bound.len() < self.list.len()
    }

    /// Pairs members with their values in an object: all that have one, all required ones, and perhaps others. Takes one
    /// pass over both, since they are sorted by name, or a search for each entry of a small object.
    pub(crate) fn beside<'a>(
        &'a self,
        object: &'a serde_json::Map<String, Value>,
    ) -> impl Iterator<Item = (&'a Member, Option<&'a Value>)> {
        let is_sparse = object.len() + self.required.len() < self.list.len() / SPARSE;
        let few = is_sparse.then(|| {
            let mut at: Vec<usize> = object.keys().filter_map(|name| self.position(name)).collect();
            at.extend(&self.required);
            at.sort_unstable();
            at.dedup();
            at.into_iter().map(|at| (&self.list[at], object.get(&self.list[at].name)))
        });
        let all = (!is_sparse).then(|| self.all_beside(object));
        few.into_iter().flatten().chain(all.into_iter().flatten())
    }

    fn all_beside<'a>(
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
        move |name| match rest.iter().take(SPARSE).position(|member| member.name == name) {
            Some(at) => {
                let found = &rest[at];
                rest = &rest[at + 1..];
                Some(found)
            }
            None => {
                let at = self.position(name)?;
                rest = &self.list[at + 1..];
                Some(&self.list[at])
            }
        }
    }

    /// Returns the member with this JSON key. A member of the body comes before one of the path with the same name.
    pub fn by_json_name(&self, key: &str) -> Option<&Member> {
        let own = self.get(key).filter(|member| member.json_name == key);
        match own {
            Some(member) if member.binding == Binding::Body => Some(member),
            _ => {
                let at = self.renamed.partition_point(|at| self.list[*at].json_name.as_str() < key);
                let renamed = self.renamed.get(at).map(|at| &self.list[*at]);
                renamed.filter(|member| member.json_name == key).or(own)
            }
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
    /// True if a client fills in the default value of the absent member: it is neither optional for clients nor a member of an
    /// input that says it is one.
    pub client_fills: bool,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    /// A structure with many members: some are required, every third has another key, every
    /// seventh is in a header.
    fn wide(count: usize, every_required: usize) -> Schema {
        let member = |at: usize| {
            let mut traits = serde_json::Map::new();
            for (every, id, value) in [
                (every_required, "smithy.api#required", json!({})),
                (3, "smithy.api#jsonName", format!("k{at}").into()),
                (7, "smithy.api#httpHeader", format!("x-{at}").into()),
            ] {
                if at.is_multiple_of(every) {
                    traits.insert(id.to_owned(), value);
                }
            }
            (format!("m{at:05}"), json!({"target": "smithy.api#String", "traits": traits}))
        };
        let members: serde_json::Map<String, Value> = (1..=count).map(member).collect();
        let model = json!({"smithy": "2.0", "shapes": {
            "t#S": {"type": "service", "version": "1", "operations": [{"target": "t#Do"}],
                "traits": {"aws.protocols#restJson1": {}}},
            "t#Do": {"type": "operation", "input": {"target": "t#In"},
                "traits": {"smithy.api#http": {"method": "POST", "uri": "/", "code": 200}}},
            "t#In": {"type": "structure", "members": members},
        }});
        Schema::from_text("wide", model.to_string().into_bytes()).unwrap()
    }

    #[test]
    fn members_are_found_by_name_by_key_and_beside_values() {
        for count in [1, 4, 40, 400] {
            let schema = wide(count, 5);
            let members = schema.input_members(schema.operations().next().unwrap().1).unwrap();
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            assert_eq!((names.len(), names.is_sorted()), (count, true));
            for also in [None, Some("m00001"), Some("m00005"), Some("none")] {
                let wanted = |member: &&Member| member.required || Some(member.name.as_str()) == also;
                let expected: Vec<&str> = members.iter().filter(wanted).map(|member| member.name.as_str()).collect();
                let found: Vec<&str> = members.required_and(also).map(|member| member.name.as_str()).collect();
                assert_eq!(found, expected, "{count} {also:?}");
            }
            for member in members {
                let found = members.by_json_name(&member.json_name).unwrap();
                assert_eq!(found.name, member.name);
                assert_eq!(members.by_json_name(&format!("{}x", member.json_name)).map(|member| &member.name), None);
            }
            let mut find = members.finder();
            for name in names.iter().step_by(3).chain(&names) {
                assert_eq!(find(name).unwrap().name, **name);
            }
            assert!(find("none").is_none());
            assert_eq!(members.bound().count(), count / 7);
        }
    }

    #[test]
    fn values_meet_all_their_members_and_all_required_ones() {
        let schema = wide(400, 5);
        let members = schema.input_members(schema.operations().next().unwrap().1).unwrap();
        let few = json!({"a": 0, "m00003": 1, "m00005": 2, "m00399": 3, "z": 4});
        let all = Value::Object(members.iter().map(|member| (member.name.clone(), Value::from(1))).collect());
        for object in [json!({}), few, all] {
            let object = object.as_object().unwrap();
            let pairs: Vec<(&Member, Option<&Value>)> = members.beside(object).collect();
            assert!(pairs.is_sorted_by(|one, next| one.0.name < next.0.name), "each once, by name");
            assert!(pairs.iter().all(|(member, value)| *value == object.get(&member.name)));
            let met = |member: &&Member| pairs.iter().any(|(other, _)| other.name == member.name);
            let wanted = |member: &&Member| member.required || object.contains_key(&member.name);
            assert!(members.iter().filter(wanted).all(|member| met(&member)));
        }
    }

    /// Plans make a value for each member, so the work for a value must not grow with the members that it does not have.
    #[test]
    fn a_small_value_meets_few_of_many_members() {
        let schema = wide(4000, 4000);
        let members = schema.input_members(schema.operations().next().unwrap().1).unwrap();
        let object = json!({"m00001": "x", "m00002": "y"});
        assert_eq!(members.beside(object.as_object().unwrap()).count(), 3, "its two members and a required one");
        assert_eq!(members.required_and(Some("m00001")).count(), 2);
    }
}
