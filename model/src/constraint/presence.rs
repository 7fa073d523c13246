//! Presence: required members are there, elements of dense lists and maps are not null.
//!
//! Null stands for absence in optional members. These constraints bind a position rather than a value, so they are not
//! in the table of [`of`](super::of).

use serde_json::{Value, json};

use super::{Broken, Class, KindFacts, Place, ViolationKind};
use crate::header_names::{every_request_has, every_request_has_one_of};
use crate::schema::{Binding, Kind, Member, Schema};

pub(super) const MISSING: KindFacts = KindFacts {
    name: "missing-required",
    class: Class::Required,
    rule: "a request without a required member is rejected",
};

pub(super) const NULL: KindFacts =
    KindFacts { name: "null-required", class: Class::Required, rule: "null for a required member is rejected" };

pub(super) const NULL_ELEMENT: KindFacts =
    KindFacts { name: "null-element", class: Class::Type, rule: "null inside a dense list or map is rejected" };

/// The kinds of violation in this file.
#[cfg(test)]
pub(super) const KINDS: [ViolationKind; 3] =
    [ViolationKind::MissingRequired, ViolationKind::NullRequired, ViolationKind::NullElement];

/// The violation of a member that is absent (none) or null.
pub(crate) fn check_member(member: &Member, value: Option<&Value>) -> Option<Broken> {
    match value {
        _ if !member.required => None,
        None => Some((ViolationKind::MissingRequired, "a required member".to_owned())),
        Some(Value::Null) => Some((ViolationKind::NullRequired, "a value for a required member".to_owned())),
        Some(_) => None,
    }
}

/// The violation of a null in a list or map.
pub(crate) fn check_null(sparse: bool, expected: &str) -> Option<Broken> {
    (!sparse).then(|| (ViolationKind::NullElement, expected.to_owned()))
}

/// The violations of a member's presence that can be sent.
pub(crate) fn breakable_member(schema: &Schema, member: &Member, place: Place) -> Vec<ViolationKind> {
    let mut kinds = Vec::new();
    if !member.required {
        return kinds;
    }
    if !hides_absence(schema, member) {
        kinds.push(ViolationKind::MissingRequired);
    }
    if place == Place::Body {
        kinds.push(ViolationKind::NullRequired);
    }
    kinds
}

/// True if a request without the member cannot be told from one with it, or is another request.
fn hides_absence(schema: &Schema, member: &Member) -> bool {
    match &member.binding {
        // A path without its label is another path.
        Binding::Label(_) => true,
        Binding::Payload => match &schema[member.slot.target].kind {
            // An absent structure is sent as an empty one.
            Kind::Structure(members) => members.iter().all(|member| !member.required),
            Kind::Union(_) => false,
            // A raw body is never absent.
            _ => true,
        },
        Binding::Header(name) => every_request_has(name),
        Binding::PrefixHeaders(prefix) => every_request_has_one_of(prefix),
        _ => false,
    }
}

/// The violation of an element's presence that can be sent.
pub(crate) fn breakable_element(sparse: bool, place: Place) -> Option<ViolationKind> {
    (!sparse && place.is_json()).then_some(ViolationKind::NullElement)
}

/// The value in place of the valid one: null, or nothing at all. The outer option is none for other kinds.
pub(crate) fn violate(kind: ViolationKind) -> Option<Option<Value>> {
    match kind {
        ViolationKind::MissingRequired => Some(None),
        ViolationKind::NullRequired | ViolationKind::NullElement => Some(Some(Value::Null)),
        _ => None,
    }
}

/// The schema of a member, from that of its value.
pub(crate) fn export_member(member: &Member, kind: &Kind, value: Value) -> Value {
    match (member.required, kind) {
        (true, Kind::Document) => json!({"not": {"type": "null"}}),
        (true, _) => value,
        (false, _) => nullable(value),
    }
}

/// The schema of an element, from that of its value.
pub(crate) fn export_element(sparse: bool, value: Value) -> Value {
    if sparse { nullable(value) } else { value }
}

/// The same schema, or null. Keywords other than `type` and `enum` apply to one type only and accept null.
fn nullable(mut value: Value) -> Value {
    if value.get("$ref").is_some() {
        return json!({"anyOf": [value, {"type": "null"}]});
    }
    match value.get_mut("type") {
        Some(Value::Array(types)) => types.push("null".into()),
        Some(kind) => *kind = json!([kind.take(), "null"]),
        None => {}
    }
    if let Some(Value::Array(values)) = value.get_mut("enum") {
        values.push(Value::Null);
    }
    value
}
