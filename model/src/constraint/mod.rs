//! What a value must satisfy, one file per family of constraints.
//!
//! Each file holds a constraint's three sides together, so that none can drift from the others: `check` (what breaks
//! it), `witness` (a value that keeps it) and `violate` (a value that breaks it and nothing else).

pub(crate) mod blob;
pub(crate) mod choice;
pub(crate) mod number;
pub(crate) mod size;
pub(crate) mod text;
pub(crate) mod timestamp;
pub(crate) mod typed;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The ways in which a value can break its shape. The same names label violations, mutations and the checks
        /// of family `invalid`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ViolationKind {
            $($(#[$doc])* $variant,)*
        }

        impl ViolationKind {
            /// Every kind, in order of declaration.
            pub const ALL: &'static [ViolationKind] = &[$(ViolationKind::$variant,)*];

            /// Stable name, for example `length-max`.
            pub const fn name(self) -> &'static str {
                match self { $(ViolationKind::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// A required member is absent.
    MissingRequired = "missing-required",
    /// A required member is null.
    NullRequired = "null-required",
    /// Another JSON type than the shape's.
    WrongType = "wrong-type",
    /// Text outside the enum.
    EnumUnknown = "enum-unknown",
    /// An enum value in other letter case.
    EnumCase = "enum-case",
    /// Fewer characters or bytes than allowed.
    LengthMin = "length-min",
    /// More characters or bytes than allowed.
    LengthMax = "length-max",
    /// Text that the pattern does not find.
    Pattern = "pattern",
    /// Below the range.
    RangeMin = "range-min",
    /// Above the range.
    RangeMax = "range-max",
    /// Fewer elements than allowed.
    ListMin = "list-min",
    /// More elements than allowed.
    ListMax = "list-max",
    /// Fewer entries than allowed.
    MapMin = "map-min",
    /// More entries than allowed.
    MapMax = "map-max",
    /// A union without any member.
    UnionNone = "union-none",
    /// A union with two members.
    UnionTwo = "union-two",
    /// A fraction, or exponent form, where a whole number is asked for.
    NotInteger = "not-integer",
    /// A whole number that its type cannot hold.
    Overflow = "overflow",
    /// An instant in another form than the member's.
    TimestampFormat = "timestamp-format",
    /// Text that is not base64.
    BlobEncoding = "blob-encoding",
    /// Null inside a dense list or map.
    NullElement = "null-element",
    /// Two equal elements in a list of distinct ones.
    Unique = "unique",
}

impl ViolationKind {
    /// The message cannot even be read as its shape, as opposed to a value of the right form that is not allowed.
    /// Servers that follow Smithy answer these with `SerializationException`.
    pub fn is_structural(self) -> bool {
        use ViolationKind as K;
        matches!(
            self,
            K::WrongType
                | K::NotInteger
                | K::Overflow
                | K::UnionNone
                | K::UnionTwo
                | K::TimestampFormat
                | K::BlobEncoding
                | K::NullElement
        )
    }
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no kind of violation.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no kind of violation")]
pub struct UnknownKind(String);

impl FromStr for ViolationKind {
    type Err = UnknownKind;
    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

impl Serialize for ViolationKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ViolationKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// What `check` tells: a kind and the expectation in words. The value itself is quoted by the caller.
pub(crate) type Broken = (ViolationKind, String);

/// Where in the range of legal sizes and numbers a generator aims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Small and readable.
    Small,
    /// Exactly the lower bound.
    Lowest,
    /// Exactly the upper bound, if the budget allows.
    Highest,
    /// Anything within the budget.
    Anywhere,
}

#[cfg(test)]
mod tests {
    use super::ViolationKind;

    #[test]
    fn names_are_unique_and_parse_back() {
        let mut names = std::collections::HashSet::new();
        for kind in ViolationKind::ALL {
            assert!(names.insert(kind.name()), "{kind} twice");
            assert_eq!(kind.name().parse::<ViolationKind>().ok(), Some(*kind));
        }
        assert!("length".parse::<ViolationKind>().is_err());
    }
}
