//! Lists of unique items.

use serde_json::{Map, Value};

use crate::schema::Kind;

use super::{Breaking, Broken, Class, Constraint, Dialect, KindFacts, Place, Position, ViolationKind, size};

pub(super) const REPEATED: KindFacts =
    KindFacts { name: "unique", class: Class::Limit, rule: "equal elements are rejected in a list of unique items" };

/// No two elements are equal.
pub(crate) struct Unique;

impl Constraint for Unique {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::Unique]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        let repeated = at.traits.unique_items && has_equal(value.as_array()?);
        repeated.then(|| (ViolationKind::Unique, "distinct elements".to_owned()))
    }

    fn can_break(&self, at: &Position<'_>, _place: Place, _kind: ViolationKind) -> bool {
        at.traits.unique_items && size::limits(at.traits.length).1.is_none_or(|max| max >= 2)
    }

    /// The first element twice: added if the list may grow, otherwise in place of the last one.
    fn violate(&self, at: &Position<'_>, _kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value> {
        let (Kind::List(list), Value::Array(mut items)) = (at.kind, breaking.value) else { return None };
        if items.is_empty() {
            items.push((breaking.another)(&list.member, breaking.place.inside(), 0, breaking.u)?);
        }
        let again = items.first()?.clone();
        if size::limits(at.traits.length).1.is_some_and(|max| items.len() as u64 >= max) {
            items.pop();
        }
        items.push(again);
        Some(Value::Array(items))
    }

    /// Two elements that differ.
    fn touch(&self, at: &Position<'_>, _kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        let (Kind::List(list), Value::Array(mut items)) = (at.kind, valid.value) else { return Vec::new() };
        let other = (0..8).find_map(|number| {
            (valid.another)(&list.member, valid.place.inside(), number, valid.u).filter(|other| !items.contains(other))
        });
        items.extend(other);
        vec![Value::Array(items)]
    }

    fn export(&self, at: &Position<'_>, _dialect: Dialect, keywords: &mut Map<String, Value>) {
        if at.traits.unique_items {
            keywords.insert("uniqueItems".to_owned(), true.into());
        }
    }

    fn words(&self, at: &Position<'_>) -> Option<String> {
        at.traits.unique_items.then(|| "no element twice".to_owned())
    }
}

fn has_equal(items: &[Value]) -> bool {
    if items.len() < 32 {
        return items.iter().enumerate().any(|(at, item)| items[..at].contains(item));
    }
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    items.iter().any(|item| !seen.insert(item.to_string()))
}
