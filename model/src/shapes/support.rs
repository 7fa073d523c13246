//! Building blocks of the generated files: traits, timestamps, floats, open enums, unions, and lookup of types by name.
//! Knows no shape by name.

use std::fmt::Debug;

use arbitrary::{Arbitrary, Unstructured};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::planted;

/// A type for a shape of the model. Its `Arbitrary` makes only values that conform to the contract.
pub trait Shape: Clone + Debug + PartialEq + Serialize + DeserializeOwned + for<'a> Arbitrary<'a> + 'static {
    /// Name in the model, for example `RuleAction`.
    const NAME: &'static str;
}

/// A type for an operation: its name, input and output.
pub trait Operation {
    /// Name in the model, for example `CreateRule`.
    const NAME: &'static str;
    /// Input; [`Nothing`] if the operation has none.
    type Input: Shape;
    /// Output; [`Nothing`] if the operation has none.
    type Output: Shape;
}

/// A type for an error of the service.
pub trait ServiceError: Shape {
    /// Name of the shape, which is the error code on the wire.
    const CODE: &'static str;
    /// HTTP status of the error.
    const STATUS: u16;
}

/// Code that works for any operation, for [`ops::visit`](super::ops::visit).
pub trait Visitor {
    /// Result of the visit.
    type Output;
    /// Visits the operation.
    fn visit<O: Operation>(self) -> Self::Output;
}

/// Code that works for any error, for [`visit_error`](super::visit_error).
pub trait ErrorVisitor {
    /// Result of the visit.
    type Output;
    /// Visits the error.
    fn visit<E: ServiceError>(self) -> Self::Output;
}

/// Code that works for any shape with a type, for [`visit_shape`](super::visit_shape).
pub trait ShapeVisitor {
    /// Result of the visit.
    type Output;
    /// Visits the shape.
    fn visit<T: Shape>(self) -> Self::Output;
}

/// Input or output of an operation that has none; an empty object in values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

impl<'a> Arbitrary<'a> for Nothing {
    fn arbitrary(_: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self {})
    }
}

impl Shape for Nothing {
    const NAME: &'static str = "Unit";
}

/// Placeholder of a sensitive value in `Debug` output.
pub(super) struct Hidden;

impl Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A timestamp in seconds since 1970-01-01T00:00:00Z, with an optional fraction; a JSON number in values.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Timestamp(pub f64);

impl<'de> Deserialize<'de> for Timestamp {
    /// Fails beyond the years 1 to 9999, as every reader of Smithy timestamps should: such a number is in milliseconds.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        match crate::timestamp::from_seconds(seconds) {
            Some(_) => Ok(Self(seconds)),
            None => Err(D::Error::custom(format!("{seconds} seconds since 1970 lie beyond the years 1 to 9999"))),
        }
    }
}

impl Timestamp {
    /// Returns the current time in whole milliseconds, the finest resolution that restJson1 guarantees; 0 if the clock is
    /// before 1970.
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(since.as_millis() as f64 / 1000.0)
    }
}

/// A floating-point number. In values, the three numbers that JSON does not have are the strings `NaN`, `Infinity` and
/// `-Infinity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Float(pub f64);

impl From<f64> for Float {
    fn from(number: f64) -> Self {
        Self(number)
    }
}

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            number if number.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            number => serializer.serialize_f64(number),
        }
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(f64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number)),
            Form::Text(text) => match text.as_str() {
                "NaN" => Ok(Self(f64::NAN)),
                "-Infinity" if planted::is("typed_vs_schema") => Ok(Self(f64::INFINITY)),
                "Infinity" => Ok(Self(f64::INFINITY)),
                "-Infinity" => Ok(Self(f64::NEG_INFINITY)),
                _ => Err(D::Error::custom(format!("expected a number, NaN, Infinity or -Infinity, found {text:?}"))),
            },
        }
    }
}

/// Returns the only member of a union. Nulls are absent, and `__type` is not a member.
pub(super) fn only_member<'de, D: Deserializer<'de>>(
    union: &str,
    deserializer: D,
) -> Result<(String, Value), D::Error> {
    let mut present =
        Map::deserialize(deserializer)?.into_iter().filter(|(name, value)| name != "__type" && !value.is_null());
    match (present.next(), present.next()) {
        (Some(member), None) => Ok(member),
        (None, _) => Err(D::Error::custom(format!("union {union} has no member; set exactly one"))),
        (Some((first, _)), Some((second, _))) => {
            Err(D::Error::custom(format!("union {union} has both {first} and {second}; set exactly one")))
        }
    }
}

/// Defines an enum with the known values and a variant for unknown ones.
macro_rules! open_enum {
    ($(#[$attribute:meta])* pub enum $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)+
            /// A value that is not in the model.
            Unknown(String),
        }

        impl $name {
            /// All values of the model.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// Returns the value on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)+
                    $name::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => $name::$variant,)+
                    _ => $name::Unknown(text.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(|text| $name::from(text.as_str()))
            }
        }
    };
}
pub(super) use open_enum;

/// Defines a union with the known members and a variant for unknown ones.
macro_rules! open_union {
    ($(#[$attribute:meta])* pub enum $name:ident { $($(#[$note:meta])* $variant:ident($type:ty) = $text:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $($(#[$note])* $variant($type),)+
            /// A member that is not in the model: its name and value.
            Unknown(String, serde_json::Value),
        }

        impl $name {
            /// Returns the name of the member that is set.
            pub fn member(&self) -> &str {
                match self {
                    $($name::$variant(_) => $text,)+
                    $name::Unknown(name, _) => name,
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $($name::$variant(value) => map.serialize_entry($text, value)?,)+
                    $name::Unknown(name, value) => map.serialize_entry(name, value)?,
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let (name, value) = super::support::only_member(stringify!($name), deserializer)?;
                match name.as_str() {
                    $($text => match serde_json::from_value(value) {
                        Ok(value) => Ok($name::$variant(value)),
                        Err(error) => Err(serde::de::Error::custom(format!("{name}: {error}"))),
                    },)+
                    _ => Ok($name::Unknown(name, value)),
                }
            }
        }
    };
}
pub(super) use open_union;

/// Implements [`Shape`] and both `Arbitrary` traits for types, and their lookup by name.
macro_rules! shapes_of_the_model {
    ($($type:ident = $name:literal,)+) => {
        by_name! {
            /// Passes the type of a shape to a visitor; `None` if the shape has no type.
            visit_shape(ShapeVisitor), SHAPES { $($type = $name,)+ }
        }
    $(
        impl Shape for $type {
            const NAME: &'static str = $name;
        }

        impl<'a> arbitrary::Arbitrary<'a> for $type {
            fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                super::making::make(u)
            }
        }

        impl proptest::arbitrary::Arbitrary for $type {
            type Parameters = ();
            type Strategy = super::strategy::Values<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                super::strategy::values()
            }
        }
    )+};
}
pub(super) use shapes_of_the_model;

/// Defines the list of names of a set of types, and a function that finds the type of a name.
macro_rules! by_name {
    ($(#[$about:meta])* $visit:ident($visitor:ident), $names:ident { $($type:ident = $name:literal,)+ }) => {
        $(#[$about])*
        pub fn $visit<V: $visitor>(name: &str, visitor: V) -> Option<V::Output> {
            match name {
                $($name => Some(visitor.visit::<$type>()),)+
                _ => None,
            }
        }

        #[doc = concat!("All names that [`", stringify!($visit), "`] accepts.")]
        pub const $names: &[&str] = &[$($name),+];
    };
}
pub(super) use by_name;
