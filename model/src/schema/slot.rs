//! Positions that hold a value: merged traits, bounds, and the place in the HTTP message.

use serde_json::Value;

use super::{PatternId, ShapeId};

/// The place of a member in an HTTP message. Only members of inputs, outputs and errors can have a place outside of the
/// body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A key of the JSON body.
    Body,
    /// A part of the path, named as in the URI template.
    Label(String),
    /// A query parameter; it is repeated for the elements of a list.
    Query(String),
    /// Every query parameter that no other member is bound to.
    QueryParams,
    /// A header.
    Header(String),
    /// Every header with this prefix.
    PrefixHeaders(String),
    /// The whole body.
    Payload,
    /// The HTTP status code.
    StatusCode,
}

impl Binding {
    /// Returns the default timestamp format of the place. Source: Smithy, HTTP bindings, timestamp formats.
    pub fn timestamp_format(&self) -> TimestampFormat {
        match self {
            Binding::Header(_) | Binding::PrefixHeaders(_) => TimestampFormat::HttpDate,
            Binding::Label(_) | Binding::Query(_) | Binding::QueryParams => TimestampFormat::DateTime,
            Binding::Body | Binding::Payload | Binding::StatusCode => TimestampFormat::EpochSeconds,
        }
    }
}

/// A position that holds a value: the target shape, and the merged traits of member and target.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Shape of the value.
    pub target: ShapeId,
    /// Merged traits.
    pub traits: SlotTraits,
}

/// Merged traits of a position; traits of the member take precedence over those of its target.
#[derive(Clone, Debug, Default)]
pub struct SlotTraits {
    /// Bounds of the number of characters, bytes, elements or entries.
    pub length: Option<Bounds<u64>>,
    /// Inclusive bounds of a number.
    pub range: Option<Bounds<f64>>,
    /// Pattern that text must match.
    pub pattern: Option<PatternId>,
    /// True if the elements must be distinct.
    pub unique_items: bool,
    /// Explicit timestamp format; `None` means the default of the place (epoch seconds in values and bodies).
    pub timestamp_format: Option<TimestampFormat>,
    /// Media type of a string; strings with a media type are encoded as base64 in headers.
    pub media_type: Option<String>,
    /// Value that an absent member stands for.
    pub default: Option<Value>,
    /// True if values must be hidden in logs.
    pub sensitive: bool,
}

/// Inclusive bounds, each side optional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds<T> {
    /// Smallest allowed value.
    pub min: Option<T>,
    /// Largest allowed value.
    pub max: Option<T>,
}

impl<T> Default for Bounds<T> {
    fn default() -> Self {
        Self { min: None, max: None }
    }
}

/// Wire formats of a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampFormat {
    /// Seconds since 1970 as a JSON number, with an optional fraction.
    EpochSeconds,
    /// RFC 3339 in UTC.
    DateTime,
    /// IMF-fixdate of RFC 9110.
    HttpDate,
}

impl TimestampFormat {
    /// Returns Smithy's name of the format.
    pub fn word(self) -> &'static str {
        match self {
            TimestampFormat::EpochSeconds => "epoch-seconds",
            TimestampFormat::DateTime => "date-time",
            TimestampFormat::HttpDate => "http-date",
        }
    }
}
