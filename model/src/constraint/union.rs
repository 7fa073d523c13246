//! Unions: exactly one member is set.

use serde_json::{Map, Value, json};

use super::{Breaking, Broken, Class, Constraint, Dialect, Exception, KindFacts, Place, Position, ViolationKind};
use crate::schema::{Kind, Member, Members};
use crate::side::Side;

pub(super) const NONE: KindFacts =
    KindFacts { name: "union-none", class: Class::Union, rule: "a union without a member is rejected" };

pub(super) const TWO: KindFacts =
    KindFacts { name: "union-two", class: Class::Union, rule: "a union with two members is rejected" };

/// Exactly one known member is present and not null.
pub(crate) struct OneMember;

impl Constraint for OneMember {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::UnionNone, ViolationKind::UnionTwo]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        let members = at.kind.members()?;
        let set = members.beside(value.as_object()?).filter_map(|(_, value)| value).filter(|value| !value.is_null());
        match set.take(2).count() {
            0 => Some((ViolationKind::UnionNone, expectation(members))),
            1 => None,
            _ => Some((ViolationKind::UnionTwo, expectation(members))),
        }
    }

    fn can_break(&self, at: &Position<'_>, _place: Place, kind: ViolationKind) -> bool {
        kind == ViolationKind::UnionNone || at.kind.members().is_some_and(|members| members.len() > 1)
    }

    fn violate(&self, at: &Position<'_>, kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value> {
        if kind == ViolationKind::UnionNone {
            return Some(Value::Object(Map::new()));
        }
        let Value::Object(mut map) = breaking.value else { return None };
        let second = at.kind.members()?.iter().find(|member| !map.contains_key(&member.name))?;
        map.insert(second.name.clone(), (breaking.another)(&second.slot, Place::Body, 0, breaking.u)?);
        Some(Value::Object(map))
    }

    /// Each member alone.
    fn touch(&self, at: &Position<'_>, kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        let Some(members) = at.kind.members().filter(|_| kind == ViolationKind::UnionNone) else {
            return vec![valid.value];
        };
        let Breaking { u, another, .. } = valid;
        let alone = |(number, member): (usize, &Member)| {
            let value = another(&member.slot, Place::Body, number, u)?;
            Some(Value::Object(Map::from_iter([(member.name.clone(), value)])))
        };
        members.iter().enumerate().filter_map(alone).collect()
    }

    fn export(&self, at: &Position<'_>, dialect: Dialect, keywords: &mut Map<String, Value>) {
        let Kind::Union(members) = at.kind else { return };
        let key = |member: &Member| dialect.keys.of(member).to_owned();
        let mut choices: Vec<Value> = members
            .iter()
            .map(|member| json!({"required": [key(member)], "properties": {key(member): {"not": {"type": "null"}}}}))
            .collect();
        if dialect.side == Side::Output {
            // No known member, and an unknown one that is not null.
            let known: Map<String, Value> = members.iter().map(|m| (key(m), json!({"type": "null"}))).collect();
            let mut ignored = known.clone();
            ignored.insert("__type".to_owned(), json!(true));
            let nothing_else = json!({"properties": ignored, "additionalProperties": {"type": "null"}});
            choices.push(json!({"properties": known, "not": nothing_else}));
        }
        keywords.insert("oneOf".to_owned(), choices.into());
    }

    fn exceptions(&self) -> &'static [Exception] {
        &[Exception {
            id: "open-union",
            kinds: &[ViolationKind::UnionNone],
            side: Some(Side::Output),
            difference: "a union with an unknown member and no known one is accepted",
            reason: "a server may know newer members than the model, and a client must survive them",
        }]
    }
}

fn expectation(members: &Members) -> String {
    let names = members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
    format!("exactly one of {names}")
}
