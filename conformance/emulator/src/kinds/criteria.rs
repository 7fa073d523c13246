//! Search criteria and filters of any shape, found by the form of their structures: conditions on text, numbers, booleans,
//! times, tags and enums, nested by and/or. A condition that cannot be interpreted matches everything.
//!
//! Comparisons are case-sensitive, as in the searches of the handlers; an empty list is no condition.

use std::borrow::Cow;

use connect_model::resources::Kind as Resource;
use connect_model::schema::{Kind, Member, Members, Operation, Schema, ShapeId};
use serde_json::{Map, Value};

use crate::kinds::convert::tails;
use crate::kinds::store::Thing;

/// The conditions of a search.
pub(super) struct Criteria<'c> {
    schema: &'static Schema,
    kind: &'static Resource,
    operation: &'static Operation,
    input: &'c Map<String, Value>,
}

impl<'c> Criteria<'c> {
    /// The conditions in an input.
    pub(super) fn of(
        schema: &'static Schema,
        kind: &'static Resource,
        operation: &'static Operation,
        input: &'c Map<String, Value>,
    ) -> Self {
        Self { schema, kind, operation, input }
    }

    /// Returns true if a resource fulfils the conditions.
    pub(super) fn matches(&self, thing: &Thing) -> bool {
        let members = self.schema.input_members(self.operation).into_iter().flatten();
        let mut conditions = members.filter(|member| {
            let name = member.name.to_ascii_lowercase();
            name.contains("criteria") || name.contains("filter")
        });
        conditions.all(|member| self.input.get(&member.name).is_none_or(|value| self.holds(member, value, thing)))
    }

    /// True if the condition that a member holds is fulfilled.
    fn holds(&self, member: &Member, value: &Value, thing: &Thing) -> bool {
        let any = member.name.starts_with("Or") || member.name.starts_with("or");
        match (&self.schema[member.slot.target].kind, value) {
            (_, Value::Null) => true,
            (Kind::List(list), Value::Array(nodes)) => {
                let shape = list.member.target;
                nodes.is_empty()
                    || if any {
                        nodes.iter().any(|node| self.node(shape, node, thing))
                    } else {
                        nodes.iter().all(|node| self.node(shape, node, thing))
                    }
            }
            (Kind::Structure(_), value) => self.node(member.slot.target, value, thing),
            (Kind::Enum(_), Value::String(text)) => self.is_of(member, text, thing),
            _ => true,
        }
    }

    fn node(&self, shape: ShapeId, value: &Value, thing: &Thing) -> bool {
        match (&self.schema[shape].kind, value) {
            (Kind::List(list), Value::Array(nodes)) => {
                nodes.iter().all(|node| self.node(list.member.target, node, thing))
            }
            (Kind::Structure(members) | Kind::Union(members), Value::Object(node)) => {
                match self.condition(members, node, thing) {
                    Some(holds) => holds,
                    None => members
                        .iter()
                        .all(|member| node.get(&member.name).is_none_or(|value| self.holds(member, value, thing))),
                }
            }
            _ => true,
        }
    }

    /// The outcome of a condition; none for a structure that only holds others.
    fn condition(&self, members: &Members, node: &Map<String, Value>, thing: &Thing) -> Option<bool> {
        let get = |name: &str| {
            let member = members.iter().find(|member| member.name.eq_ignore_ascii_case(name))?;
            node.get(&member.name).filter(|value| !value.is_null())
        };
        let has = |name: &str| members.iter().any(|member| member.name.eq_ignore_ascii_case(name));
        if has("TagKey") {
            let text = |name: &str| get(name).and_then(Value::as_str);
            let (key, wanted) = (text("TagKey"), text("TagValue"));
            return Some(
                thing
                    .tags
                    .iter()
                    .any(|(k, v)| key.is_none_or(|key| key == k) && wanted.is_none_or(|wanted| wanted == v)),
            );
        }
        if has("HierarchyGroupMatchType") {
            let exact = get("HierarchyGroupMatchType").and_then(Value::as_str) == Some("EXACT");
            let wanted = get("Value").filter(|_| exact);
            return Some(wanted.is_none_or(|wanted| thing.asked.get("HierarchyGroupId") == Some(wanted)));
        }
        if !has("FieldName") {
            return None;
        }
        let Some(field) = get("FieldName").and_then(Value::as_str) else { return Some(false) };
        let Some(values) = self.field(field, thing) else { return Some(true) };
        let comparison = get("ComparisonType").and_then(Value::as_str).unwrap_or_default();
        if has("Value") {
            let Some(wanted) = get("Value").and_then(Value::as_str) else { return Some(false) };
            return Some(values.iter().filter_map(|value| value.as_str()).any(|value| match comparison {
                "STARTS_WITH" => value.starts_with(wanted),
                "CONTAINS" => value.contains(wanted),
                "EXACT" => value == wanted,
                _ => false,
            }));
        }
        if has("MinValue") || has("MaxValue") {
            let bound = |name: &str| get(name).and_then(measure);
            let (low, high) = (bound("MinValue"), bound("MaxValue"));
            let one = low.or(high);
            return Some(values.iter().filter_map(|value| measure(value)).any(|value| match (comparison, one) {
                ("RANGE", _) => low.is_none_or(|low| value >= low) && high.is_none_or(|high| value <= high),
                ("GREATER_THAN" | "GREATER", Some(one)) => value > one,
                ("GREATER_THAN_OR_EQUAL_TO" | "GREATER_OR_EQUAL", Some(one)) => value >= one,
                ("LESS_THAN" | "LESSER", Some(one)) => value < high.unwrap_or(one),
                ("LESS_THAN_OR_EQUAL_TO" | "LESSER_OR_EQUAL", Some(one)) => value <= high.unwrap_or(one),
                ("EQUAL_TO" | "EQUAL", Some(one)) => value == one,
                ("NOT_EQUAL", Some(one)) => value != one,
                _ => true,
            }));
        }
        match comparison {
            "IS_TRUE" => Some(values.iter().any(|value| value.as_bool() == Some(true))),
            "IS_FALSE" => Some(values.iter().any(|value| value.as_bool() == Some(false))),
            _ => Some(true),
        }
    }

    /// True if the fact of the same name as an enum in the criteria has that value: `QueueTypeCondition`.
    fn is_of(&self, member: &Member, wanted: &str, thing: &Thing) -> bool {
        let name = member.name.strip_suffix("Condition").unwrap_or(&member.name);
        let Some(values) = self.field(name, thing) else { return true };
        values.is_empty() || values.iter().any(|value| value.as_str() == Some(wanted))
    }

    /// The values of a field, by its name in any case, with or without the noun of the kind. None if the kind has no such
    /// field; empty if this resource has no value for it.
    fn field<'t>(&self, field: &str, thing: &'t Thing) -> Option<Vec<Cow<'t, Value>>> {
        let is = |name: &str| {
            name.eq_ignore_ascii_case(field)
                || tails(&self.kind.noun).any(|tail| {
                    let has_noun = field.len() > tail.len()
                        && field.get(..tail.len()).is_some_and(|head| head.eq_ignore_ascii_case(tail));
                    has_noun && field[tail.len()..].eq_ignore_ascii_case(name)
                })
        };
        let identity = ["resourceid", "id"].iter().any(|name| field.eq_ignore_ascii_case(name)) || is("Id");
        if identity {
            return Some(vec![Cow::Owned(thing.id.as_str().into())]);
        }
        let name = is("Name") || self.kind.name.as_deref().is_some_and(is);
        if name {
            return Some(thing.name.iter().map(|name| Cow::Owned(name.as_str().into())).collect());
        }
        let mut found = Vec::new();
        for facts in [&thing.record, &thing.asked, &thing.kept] {
            collect(facts, &is, &mut found, 0);
            if !found.is_empty() {
                return Some(found);
            }
        }
        self.is_modelled(&is).then_some(found)
    }

    /// True if the kind has a member of that name somewhere in the input of its creation or in its description.
    fn is_modelled(&self, is: &impl Fn(&str) -> bool) -> bool {
        let asked = self.schema.input_members(&self.schema[self.kind.create]);
        let described = self.kind.described(self.schema);
        [asked, described].into_iter().flatten().any(|members| self.has(members, is, 0))
    }

    fn has(&self, members: &Members, is: &impl Fn(&str) -> bool, depth: usize) -> bool {
        members.iter().any(|member| {
            let inner = self.schema[member.slot.target].kind.members().filter(|_| depth < DEPTH);
            is(&member.name) || inner.is_some_and(|inner| self.has(inner, is, depth + 1))
        })
    }
}

/// Deepest structure in which a field is looked for.
const DEPTH: usize = 3;

fn collect<'v>(
    facts: &'v Map<String, Value>,
    is: &impl Fn(&str) -> bool,
    found: &mut Vec<Cow<'v, Value>>,
    depth: usize,
) {
    for (name, value) in facts {
        match value {
            Value::Array(items) if is(name) => found.extend(items.iter().map(Cow::Borrowed)),
            value if is(name) => found.push(Cow::Borrowed(value)),
            Value::Object(inner) if depth < DEPTH => collect(inner, is, found, depth + 1),
            _ => {}
        }
    }
}

/// A number, or a time in seconds.
fn measure(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| {
        use connect_model::schema::TimestampFormat;
        use connect_model::timestamp::{Reading, parse, to_seconds};
        parse(value.as_str()?, TimestampFormat::DateTime, Reading::Server)
            .and_then(|instant| to_seconds(instant).as_f64())
    })
}
