//! The kinds of violation: one row each, whose facts stand in the file of the constraint.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{blob, choice, json_type, number, pattern, presence, size, timestamp, union, unique};

/// The facts about a kind of violation, declared by the constraint that it belongs to.
#[derive(Debug)]
pub(crate) struct KindFacts {
    /// Stable name.
    pub(crate) name: &'static str,
    /// The aspect of a value that is wrong.
    pub(crate) class: Class,
    /// The duty of a server, as a sentence.
    pub(crate) rule: &'static str,
}

/// The aspect of a value that a violation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Presence of a required member.
    Required,
    /// JSON type and number format.
    Type,
    /// Form of a timestamp.
    TimestampFormat,
    /// Number of members set in a union.
    Union,
    /// Membership in an enum.
    Enum,
    /// Limits on values of the right type: size, range, pattern, uniqueness.
    Limit,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $facts:path,)*) => {
        /// The ways in which a value can break its shape. The same names label violations, mutations and the checks
        /// of family `invalid`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ViolationKind {
            $($(#[$doc])* $variant,)*
        }

        impl ViolationKind {
            /// Every kind, in order of declaration.
            pub const ALL: &'static [ViolationKind] = &[$(ViolationKind::$variant,)*];

            const fn facts(self) -> &'static KindFacts {
                match self { $(ViolationKind::$variant => &$facts,)* }
            }
        }
    };
}

kinds! {
    /// A required member is absent.
    MissingRequired = presence::MISSING,
    /// A required member is null.
    NullRequired = presence::NULL,
    /// A JSON type other than the shape's.
    WrongType = json_type::WRONG,
    /// A value outside the enum.
    EnumUnknown = choice::UNKNOWN,
    /// An enum value in different letter case.
    EnumCase = choice::CASE,
    /// Fewer characters or bytes than allowed.
    LengthMin = size::LENGTH_MIN,
    /// More characters or bytes than allowed.
    LengthMax = size::LENGTH_MAX,
    /// A string that does not match the pattern.
    Pattern = pattern::MISMATCH,
    /// A number below the range.
    RangeMin = number::RANGE_MIN,
    /// A number above the range.
    RangeMax = number::RANGE_MAX,
    /// Fewer elements than allowed.
    ListMin = size::LIST_MIN,
    /// More elements than allowed.
    ListMax = size::LIST_MAX,
    /// Fewer entries than allowed.
    MapMin = size::MAP_MIN,
    /// More entries than allowed.
    MapMax = size::MAP_MAX,
    /// A union without a member.
    UnionNone = union::NONE,
    /// A union with two members.
    UnionTwo = union::TWO,
    /// A fraction or exponent where an integer is required.
    NotInteger = number::NOT_INTEGER,
    /// An integer outside the limits of its type.
    Overflow = number::OVERFLOW,
    /// A timestamp in a form other than the member's.
    TimestampFormat = timestamp::FORM,
    /// A string that is not base64.
    BlobEncoding = blob::ENCODING,
    /// Null inside a dense list or map.
    NullElement = presence::NULL_ELEMENT,
    /// Two equal elements in a list of unique items.
    Unique = unique::REPEATED,
}

impl ViolationKind {
    /// Stable name, for example `length-max`.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The aspect of a value that is wrong.
    pub const fn class(self) -> Class {
        self.facts().class
    }

    /// The duty of a server, for example `a value outside the enum is rejected`.
    pub const fn rule(self) -> &'static str {
        self.facts().rule
    }

    /// Returns true if the message cannot be read as its shape, as opposed to a well-formed value that is not allowed.
    /// Servers that follow Smithy respond with `SerializationException`.
    pub const fn is_structural(self) -> bool {
        matches!(self.class(), Class::Type | Class::TimestampFormat | Class::Union)
    }
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not a kind of violation.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a kind of violation")]
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
