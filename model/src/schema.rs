//! The contract as an inert, indexed graph: the result of loading a model file.
//!
//! After loading nothing in it changes. Ids are typed indexes into arenas; a member's own traits and its target's are
//! merged once, in [`Slot`]. Knows nothing of files, payloads or HTTP libraries.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Index;
use std::sync::LazyLock;

use serde_json::Value;

use crate::pattern::Pattern;

/// Index of a shape in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShapeId(pub(crate) u32);

/// Index of an operation in its [`Schema`], in order of name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub(crate) u32);

impl OperationId {
    /// Position among the operations in order of name.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Index of a pattern in its [`Schema`]. Equal sources share one pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatternId(pub(crate) u32);

/// A service model, ready for use.
#[derive(Debug)]
pub struct Schema {
    /// The service itself.
    pub service: Service,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) shape_index: HashMap<String, ShapeId>,
    pub(crate) operation_index: HashMap<String, OperationId>,
    /// Overrides that named something which this model does not have, one sentence each. Empty for the built-in model.
    pub stale_overrides: Vec<String>,
    /// Overrides that were applied.
    pub applied_overrides: Vec<crate::overrides::Override>,
    /// SHA-256 of the model text, in hex.
    pub digest: String,
}

/// What a model says of its service.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Shape name, for example `Connect`.
    pub name: String,
    /// Namespace of its shapes, for example `com.amazonaws.connect`.
    pub namespace: String,
    /// API version, for example `2017-08-08`.
    pub version: String,
    /// Name that the SDKs use, for example `Connect`.
    pub sdk_id: String,
    /// Name in SigV4 credential scopes, for example `connect`.
    pub signing_name: String,
    /// First label of the host name, for example `connect`.
    pub endpoint_prefix: String,
    /// Where the model came from, as the import recorded it.
    pub provenance: Value,
}

/// A named shape.
#[derive(Debug)]
pub struct Shape {
    /// Name without namespace.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Values are hidden in logs.
    pub sensitive: bool,
    /// An endless body: a stream of bytes, or of events.
    pub streaming: bool,
    /// Set on error structures.
    pub error: Option<ErrorTrait>,
    /// The shape can contain itself.
    pub recursive: bool,
    /// Nesting of the smallest value: 1 for a scalar, 1 + the deepest required member for a structure.
    pub min_depth: u32,
    /// Position-independent constraints, default and timestamp format of the shape itself.
    pub(crate) base: SlotTraits,
}

/// What a shape is.
#[derive(Debug)]
pub enum Kind {
    /// Named members, each present or not.
    Structure(Members),
    /// Exactly one member.
    Union(Members),
    /// Zero or more elements.
    List(List),
    /// String keys to values.
    Map(Map),
    /// Text, counted in Unicode scalar values.
    String,
    /// Text from a set that is closed on input and open on output.
    Enum(Vec<String>),
    /// A number from a set.
    IntEnum(Vec<i64>),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Boolean,
    /// An instant.
    Timestamp,
    /// Bytes; base64 in values.
    Blob,
    /// Any JSON value.
    Document,
    /// Nothing (`smithy.api#Unit` as a union member).
    Unit,
}

impl Kind {
    /// The positions inside: members, elements, keys and values; none for simple shapes.
    pub fn slots(&self) -> Vec<&Slot> {
        match self {
            Kind::Structure(members) | Kind::Union(members) => members.iter().map(|member| &member.slot).collect(),
            Kind::List(list) => vec![&list.member],
            Kind::Map(map) => vec![&map.key, &map.value],
            _ => Vec::new(),
        }
    }

    /// Members, if it has any.
    pub fn members(&self) -> Option<&Members> {
        match self {
            Kind::Structure(members) | Kind::Union(members) => Some(members),
            _ => None,
        }
    }

    /// One word for messages.
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

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.list.binary_search_by(|member| member.name.as_str().cmp(name)).ok().map(|at| &self.list[at])
    }

    /// Every member with its value in an object. Both are in order of name, so that one walk along the two does what
    /// would take a search for each member.
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
            // Equality first: it looks at lengths, and holds most of the time.
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

    /// Finds members by name, at little cost when the names come in order.
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

    /// The member whose JSON key that is.
    pub fn by_json_name(&self, key: &str) -> Option<&Member> {
        match self.get(key) {
            Some(member) if member.json_name == key => Some(member),
            _ => self.list.iter().find(|member| member.json_name == key),
        }
    }

    /// The member by which a server recognises a repetition, if there is one.
    pub fn idempotency_token(&self) -> Option<&Member> {
        self.list.iter().find(|member| member.idempotency_token)
    }

    /// All members in order of name.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// There are none.
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

/// JSON objects keep their keys sorted, unless some crate of the build asks `serde_json` to preserve their order.
static OBJECTS_ARE_ORDERED: LazyLock<bool> = LazyLock::new(|| {
    let object = serde_json::Map::from_iter(["b", "a"].map(|key| (key.to_owned(), Value::Null)));
    object.keys().is_sorted()
});

/// A member of a structure or union.
#[derive(Debug)]
pub struct Member {
    /// Name in values.
    pub name: String,
    /// Key in JSON bodies; the same as `name` unless the model says otherwise.
    pub json_name: String,
    /// What it holds.
    pub slot: Slot,
    /// Must be present.
    pub required: bool,
    /// Where it travels.
    pub binding: Binding,
    /// A client may fill it with a UUID; the server recognises replays by it.
    pub idempotency_token: bool,
    /// The model marks it as deprecated.
    pub deprecated: bool,
}

/// Where a member travels in an HTTP message. Only members of operation inputs, outputs and errors are bound to
/// anything but the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A key of the JSON body.
    Body,
    /// A part of the path, by its name in the URI template.
    Label(String),
    /// A query parameter, repeated for lists.
    Query(String),
    /// Every query parameter that nobody else claims.
    QueryParams,
    /// A header.
    Header(String),
    /// Every header with that prefix.
    PrefixHeaders(String),
    /// The whole body.
    Payload,
    /// The HTTP status code.
    StatusCode,
}

impl Binding {
    /// The form of a timestamp where none is named. Source: Smithy, HTTP bindings, timestamp formats.
    pub fn timestamp_format(&self) -> TimestampFormat {
        match self {
            Binding::Header(_) | Binding::PrefixHeaders(_) => TimestampFormat::HttpDate,
            Binding::Label(_) | Binding::Query(_) | Binding::QueryParams => TimestampFormat::DateTime,
            Binding::Body | Binding::Payload | Binding::StatusCode => TimestampFormat::EpochSeconds,
        }
    }
}

/// A position that holds a value: the target shape with the merged constraints of member and target.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The shape.
    pub target: ShapeId,
    /// Everything that constrains or describes the value here.
    pub traits: SlotTraits,
}

/// Merged traits of a position; a member's own win over its target's.
#[derive(Clone, Debug, Default)]
pub struct SlotTraits {
    /// Characters, bytes, elements or entries.
    pub length: Option<Bounds<u64>>,
    /// Numeric value, inclusive.
    pub range: Option<Bounds<f64>>,
    /// Expression that text must satisfy.
    pub pattern: Option<PatternId>,
    /// Elements are distinct.
    pub unique_items: bool,
    /// Explicit timestamp format; otherwise the place decides (epoch seconds in values and bodies).
    pub timestamp_format: Option<TimestampFormat>,
    /// Media type of a string; `application/json` travels as base64 in headers.
    pub media_type: Option<String>,
    /// What a missing member reads as.
    pub default: Option<Value>,
    /// Values are hidden in logs.
    pub sensitive: bool,
}

/// Inclusive bounds, each side optional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds<T> {
    /// Smallest that is allowed.
    pub min: Option<T>,
    /// Largest that is allowed.
    pub max: Option<T>,
}

impl<T> Default for Bounds<T> {
    fn default() -> Self {
        Self { min: None, max: None }
    }
}

/// Elements of a list.
#[derive(Debug)]
pub struct List {
    /// The element.
    pub member: Slot,
    /// Null elements are kept: the list says so, or its elements are documents, of which null is one.
    pub sparse: bool,
}

/// Keys and values of a map.
#[derive(Debug)]
pub struct Map {
    /// The key; always text.
    pub key: Slot,
    /// The value.
    pub value: Slot,
    /// Null values are kept: the map says so, or its values are documents, of which null is one.
    pub sparse: bool,
}

/// Numeric types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 8 bit.
    Byte,
    /// 16 bit.
    Short,
    /// 32 bit.
    Integer,
    /// 64 bit.
    Long,
    /// Whole, any size.
    BigInteger,
    /// Binary, 32 bit.
    Float,
    /// Binary, 64 bit.
    Double,
    /// Decimal, any size.
    BigDecimal,
}

impl Number {
    /// Smithy's name of the type.
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

    /// Smallest and largest value of whole types that have limits.
    pub fn integer_limits(self) -> Option<(i64, i64)> {
        match self {
            Number::Byte => Some((i64::from(i8::MIN), i64::from(i8::MAX))),
            Number::Short => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
            Number::Integer => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
            Number::Long | Number::BigInteger => Some((i64::MIN, i64::MAX)),
            Number::Float | Number::Double | Number::BigDecimal => None,
        }
    }

    /// Takes no fraction.
    pub fn is_whole(self) -> bool {
        self.integer_limits().is_some()
    }
}

/// Wire forms of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampFormat {
    /// Seconds since 1970 as a JSON number, fraction allowed.
    EpochSeconds,
    /// RFC 3339 in UTC.
    DateTime,
    /// IMF-fixdate of RFC 9110.
    HttpDate,
}

impl TimestampFormat {
    /// Smithy's name.
    pub fn word(self) -> &'static str {
        match self {
            TimestampFormat::EpochSeconds => "epoch-seconds",
            TimestampFormat::DateTime => "date-time",
            TimestampFormat::HttpDate => "http-date",
        }
    }
}

/// What makes a structure an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorTrait {
    /// The server is at fault.
    pub server: bool,
    /// HTTP status; 400 or 500 when the model gives none.
    pub status: u16,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Name, for example `CreateRule`.
    pub name: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub uri: Uri,
    /// Status of success.
    pub status: u16,
    /// Input structure; none for operations without input.
    pub input: Option<ShapeId>,
    /// Output structure; none for operations without output.
    pub output: Option<ShapeId>,
    /// Errors that the model lists, in order of name.
    pub errors: Vec<ShapeId>,
    /// How it pages, if it does.
    pub pagination: Option<Pagination>,
    /// Marked as idempotent.
    pub idempotent: bool,
    /// Marked as free of effects.
    pub readonly: bool,
    /// Deprecated.
    pub deprecated: bool,
    /// Prefix of the host name.
    pub host_prefix: Option<String>,
    /// Why this harness cannot speak it (for example an event stream); such operations are listed and never sent.
    pub refused: Option<String>,
}

/// A path template with the query literals that belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// Path segments in order.
    pub segments: Vec<Segment>,
    /// Query literals that are part of the match; the value is empty for a bare key.
    pub query: Vec<(String, String)>,
    /// The template as written.
    pub text: String,
}

/// A path segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Stands for itself.
    Literal(String),
    /// One segment, percent-encoded.
    Label(String),
    /// The rest of the path, slashes kept.
    Greedy(String),
}

/// How an operation pages. Paths are member names from the top of input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pagination {
    /// Input member that takes the token.
    pub input_token: String,
    /// Output path of the next token.
    pub output_token: Vec<String>,
    /// Output path of the list (or map) of items, if known.
    pub items: Option<Vec<String>>,
    /// Input member that limits a page.
    pub page_size: Option<String>,
    /// Found by its members and not in the model's list of paginated operations.
    pub inferred: bool,
}

impl Schema {
    /// All shapes with their ids.
    pub fn shapes(&self) -> impl Iterator<Item = (ShapeId, &Shape)> {
        self.shapes.iter().enumerate().map(|(at, shape)| (ShapeId(at as u32), shape))
    }

    /// All operations in order of name.
    pub fn operations(&self) -> impl Iterator<Item = (OperationId, &Operation)> {
        self.operations.iter().enumerate().map(|(at, operation)| (OperationId(at as u32), operation))
    }

    /// All distinct patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter()
    }

    /// These shapes and all that their values can hold, however deep.
    pub fn reachable(&self, from: impl IntoIterator<Item = ShapeId>) -> BTreeSet<ShapeId> {
        let mut queue: Vec<ShapeId> = from.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(shape) = queue.pop() {
            if seen.insert(shape) {
                queue.extend(self[shape].kind.slots().into_iter().map(|slot| slot.target));
            }
        }
        seen
    }

    /// The shape of that name (without namespace).
    pub fn shape_named(&self, name: &str) -> Option<ShapeId> {
        self.shape_index.get(name).copied()
    }

    /// The operation of that name.
    pub fn operation_named(&self, name: &str) -> Option<OperationId> {
        self.operation_index.get(name).copied()
    }

    /// Structure behind the input of an operation, if it has one.
    pub fn input_members(&self, operation: &Operation) -> Option<&Members> {
        operation.input.and_then(|id| self[id].kind.members())
    }

    /// Structure behind the output of an operation, if it has one.
    pub fn output_members(&self, operation: &Operation) -> Option<&Members> {
        operation.output.and_then(|id| self[id].kind.members())
    }

    /// A slot for a shape on its own: no member around it.
    pub fn slot_of(&self, id: ShapeId) -> Slot {
        Slot { target: id, traits: self[id].base.clone() }
    }

    /// The error of that name among those that an operation lists.
    pub fn error_of(&self, operation: &Operation, code: &str) -> Option<ShapeId> {
        operation.errors.iter().copied().find(|id| self[*id].name == code)
    }

    /// Any error structure of the service by name.
    pub fn error_named(&self, code: &str) -> Option<ShapeId> {
        self.shape_named(code).filter(|id| self[*id].error.is_some())
    }
}

impl Index<ShapeId> for Schema {
    type Output = Shape;
    fn index(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0 as usize]
    }
}

impl Index<OperationId> for Schema {
    type Output = Operation;
    fn index(&self, id: OperationId) -> &Operation {
        &self.operations[id.0 as usize]
    }
}

impl Index<PatternId> for Schema {
    type Output = Pattern;
    fn index(&self, id: PatternId) -> &Pattern {
        &self.patterns[id.0 as usize]
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
