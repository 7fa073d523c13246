//! The constraints that a value must satisfy, one file each.
//!
//! A file owns everything about its constraint: the check, a valid value, violations, JSON Schema keywords, wording and
//! tests, so that no two of them can disagree. Validation, mutation and export are derived from the table [`of`].
//! Constraints know a single value in its position; they do not know operations, and they visit no tree.

pub(crate) mod blob;
pub(crate) mod choice;
pub(crate) mod json_type;
mod kind;
pub(crate) mod number;
mod pattern;
mod place;
pub(crate) mod presence;
pub(crate) mod size;
pub(crate) mod text;
pub(crate) mod timestamp;
mod union;
mod unique;

use arbitrary::Unstructured;
use serde_json::{Map, Value};

pub(crate) use self::kind::KindFacts;
pub use self::kind::{Class, ViolationKind};
pub use self::place::Place;
use crate::schema::{Kind, Member, Schema, Slot, SlotTraits};
use crate::side::Side;

/// The constraints on values of one kind of shape, in the order in which violations and mutations are listed. The JSON
/// type comes first; the others judge values of the right type only.
pub(crate) fn of(kind: &Kind) -> &'static [&'static dyn Constraint] {
    match kind {
        Kind::String => &[&json_type::JsonType, &size::Size, &pattern::Matches],
        Kind::Enum(_) | Kind::IntEnum(_) => &[&json_type::JsonType, &choice::Choice],
        Kind::Blob => &[&json_type::JsonType, &size::Size, &blob::Base64],
        Kind::Number(_) => &[&json_type::JsonType, &number::Limits],
        Kind::Timestamp => &[&json_type::JsonType, &timestamp::Form],
        Kind::List(_) => &[&json_type::JsonType, &size::Size, &unique::Unique],
        Kind::Map(_) => &[&json_type::JsonType, &size::Size],
        Kind::Union(_) => &[&json_type::JsonType, &union::OneMember],
        Kind::Structure(_) | Kind::Boolean | Kind::Document | Kind::Unit => &[&json_type::JsonType],
    }
}

/// The constraints on values of the right JSON type.
pub(crate) fn beyond_type(kind: &Kind) -> &'static [&'static dyn Constraint] {
    &of(kind)[1..]
}

/// All constraints, in the order in which they are described.
pub(crate) const ALL: &[&dyn Constraint] = &[
    &json_type::JsonType,
    &choice::Choice,
    &size::Size,
    &number::Limits,
    &unique::Unique,
    &pattern::Matches,
    &timestamp::Form,
    &blob::Base64,
    &union::OneMember,
];

/// A constraint on a value of the shapes that [`of`] lists it for. Constraints on the presence of values are in
/// [`presence`].
pub(crate) trait Constraint: Sync {
    /// The kinds of violation, in the order in which mutations are listed.
    fn kinds(&self) -> &'static [ViolationKind];

    /// The violation in a value; none for values of another JSON type, which [`json_type`] reports.
    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken>;

    /// Returns true if a violation of that kind exists at this position and can be sent in this place.
    fn can_break(&self, at: &Position<'_>, place: Place, kind: ViolationKind) -> bool;

    /// A value with exactly one violation, of that kind. None if there is none, or if it would exceed a budget.
    fn violate(&self, at: &Position<'_>, kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value>;

    /// The valid values that are next to a violation of that kind: at the limit, on the right side. The given value, if
    /// the constraint has no limit there; none if a limit cannot be reached.
    fn touch(&self, _at: &Position<'_>, _kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        vec![valid.value]
    }

    /// Adds the keywords that express the constraint in JSON Schema.
    fn export(&self, at: &Position<'_>, dialect: Dialect, keywords: &mut Map<String, Value>);

    /// The constraint in words, for example `1 to 200 characters`; none if it allows every value. Asked for every kind
    /// of shape, because labels of every type have a minimum length.
    fn words(&self, _at: &Position<'_>) -> Option<String> {
        None
    }

    /// Differences between the exported keywords and [`Constraint::check`].
    fn exceptions(&self) -> &'static [Exception] {
        &[]
    }
}

/// A position that holds a value: the kind of its shape and the merged traits.
#[derive(Clone, Copy)]
pub(crate) struct Position<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) kind: &'a Kind,
    pub(crate) traits: &'a SlotTraits,
}

impl<'a> Position<'a> {
    pub(crate) fn of(schema: &'a Schema, slot: &'a Slot) -> Self {
        Self { schema, kind: &schema[slot.target].kind, traits: &slot.traits }
    }
}

/// A kind of violation, and the expected value in words. The caller quotes the value found.
pub(crate) type Broken = (ViolationKind, String);

/// The target of a generator within the range of legal sizes and numbers.
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

/// Material for breaking a constraint.
pub(crate) struct Breaking<'b, 'u> {
    /// The valid value.
    pub(crate) value: Value,
    /// Where it travels.
    pub(crate) place: Place,
    /// Bytes that decide what is free.
    pub(crate) u: &'b mut Unstructured<'u>,
    /// Makes another valid value for a slot; the number distinguishes values once the bytes are used up.
    pub(crate) another: &'b dyn Fn(&Slot, Place, usize, &mut Unstructured<'_>) -> Option<Value>,
}

/// The variant of an exported schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Outputs are open to enum values and union members newer than the model.
    pub(crate) side: Side,
    pub(crate) keys: Keys,
}

/// The names that structure members have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Member names: the value form.
    Members,
    /// `jsonName`s: the body on the wire.
    Json,
}

impl Keys {
    pub(crate) fn of(self, member: &Member) -> &str {
        match self {
            Keys::Members => &member.name,
            Keys::Json => &member.json_name,
        }
    }
}

/// A difference between an exported schema and native validation.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// Stable id.
    pub id: &'static str,
    /// The kinds of violation that it covers.
    pub kinds: &'static [ViolationKind],
    /// The only side that it covers; both if none.
    pub side: Option<Side>,
    /// The values that the schema accepts or rejects differently.
    pub difference: &'static str,
    /// The reason for the difference.
    pub reason: &'static str,
}

/// The differences between exported schemas and native validation. A judge that compares the two needs no others.
pub fn exceptions() -> impl Iterator<Item = &'static Exception> {
    ALL.iter().flat_map(|constraint| constraint.exceptions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_violation_belongs_to_one_constraint() {
        let mut owned: Vec<ViolationKind> = ALL.iter().flat_map(|constraint| constraint.kinds()).copied().collect();
        owned.extend(presence::KINDS);
        owned.sort();
        assert_eq!(owned, ViolationKind::ALL);
    }
}
