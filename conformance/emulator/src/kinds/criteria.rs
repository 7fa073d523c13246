//! Search criteria and filters of any shape, found by the form of their structures: conditions on text, numbers, booleans,
//! times, tags and enums, nested by and/or. A condition that cannot be interpreted matches everything.
//!
//! Comparisons are case-sensitive, as in the searches of the handlers; an empty list is no condition; a condition on text
//! without a value matches nothing.

use connect_model::resources::{Kind as Resource, tails};
use connect_model::schema::{Kind, Member, Members, Operation, Schema, ShapeId};
use serde_json::{Map, Value};

use crate::kinds::store::Thing;
use crate::kinds::view::Forms;

/// Deepest structure in which a field is looked for.
const DEPTH: usize = 3;

/// A condition on resources, read once for all of them.
pub(super) enum Criteria {
    Always,
    Never,
    All(Vec<Criteria>),
    Any(Vec<Criteria>),
    Tag {
        key: Option<String>,
        value: Option<String>,
    },
    Text {
        field: Field,
        comparison: Comparison,
        wanted: String,
    },
    Measure {
        field: Field,
        bounds: Bounds,
    },
    Flag {
        field: Field,
        wanted: bool,
    },
    /// The field has the value of an enum, if it has any.
    State {
        field: Field,
        wanted: String,
    },
}

/// Comparisons of texts.
pub(super) enum Comparison {
    Exact,
    StartsWith,
    Contains,
}

/// The value with which a number or a time is compared.
pub(super) enum Bounds {
    Range(Option<f64>, Option<f64>),
    Above(f64),
    Below(f64),
    Not(f64),
}

/// A searchable field.
pub(super) enum Field {
    Id,
    Name,
    /// Paths into the description, into the input of the creation, and names of kept values; the first that has a value
    /// counts.
    Facts {
        record: Vec<Vec<String>>,
        asked: Vec<Vec<String>>,
        kept: String,
    },
}

impl Criteria {
    /// The conditions in an input.
    pub(super) fn of(
        schema: &'static Schema,
        kind: &'static Resource,
        forms: Forms,
        operation: &'static Operation,
        input: &Map<String, Value>,
    ) -> Self {
        let reader = Reader { schema, kind, forms };
        let members = schema.input_members(operation).into_iter().flatten();
        let conditions = members.filter(|member| {
            let name = member.name.to_ascii_lowercase();
            name.contains("criteria") || name.contains("filter")
        });
        let conditions = conditions.filter_map(|member| Some(reader.member(member, input.get(&member.name)?)));
        all(conditions.collect())
    }

    /// Returns true if a resource fulfils the condition.
    pub(super) fn matches(&self, thing: &Thing) -> bool {
        match self {
            Criteria::Always => true,
            Criteria::Never => false,
            Criteria::All(nodes) => nodes.iter().all(|node| node.matches(thing)),
            Criteria::Any(nodes) => nodes.iter().any(|node| node.matches(thing)),
            Criteria::Tag { key, value } => thing
                .tags
                .iter()
                .any(|(k, v)| key.as_ref().is_none_or(|key| key == k) && value.as_ref().is_none_or(|value| value == v)),
            Criteria::Text { field, comparison, wanted } => field.any(thing, &|value| {
                value.as_str().is_some_and(|text| match comparison {
                    Comparison::Exact => text == wanted,
                    Comparison::StartsWith => text.starts_with(wanted.as_str()),
                    Comparison::Contains => text.contains(wanted.as_str()),
                })
            }),
            Criteria::Measure { field, bounds } => field.any(thing, &|value| {
                measure(value).is_some_and(|value| match bounds {
                    Bounds::Range(low, high) => {
                        low.is_none_or(|low| value >= low) && high.is_none_or(|high| value <= high)
                    }
                    Bounds::Above(low) => value > *low,
                    Bounds::Below(high) => value < *high,
                    Bounds::Not(other) => value != *other,
                })
            }),
            Criteria::Flag { field, wanted } => field.any(thing, &|value| value.as_bool() == Some(*wanted)),
            Criteria::State { field, wanted } => {
                !field.any(thing, &|_| true) || field.any(thing, &|value| value.as_str() == Some(wanted))
            }
        }
    }
}

fn all(mut nodes: Vec<Criteria>) -> Criteria {
    nodes.retain(|node| !matches!(node, Criteria::Always));
    if nodes.is_empty() { Criteria::Always } else { Criteria::All(nodes) }
}

impl Field {
    /// True if one of the values passes.
    fn any(&self, thing: &Thing, passes: &dyn Fn(&Value) -> bool) -> bool {
        match self {
            Field::Id => passes(&thing.id.as_str().into()),
            Field::Name => thing.name.as_deref().is_some_and(|name| passes(&name.into())),
            Field::Facts { record, asked, kept } => {
                let record = record.iter().filter_map(|path| found(&thing.record, path));
                let asked = asked.iter().filter_map(|path| found(&thing.asked, path));
                let by_name = || thing.kept.iter().find(|(name, _)| name.eq_ignore_ascii_case(kept)).map(|(_, v)| v);
                let value = record.chain(asked).next().or_else(by_name);
                match value {
                    Some(Value::Array(items)) => items.iter().any(passes),
                    Some(value) => passes(value),
                    None => false,
                }
            }
        }
    }
}

/// The value at a path.
fn found<'v>(facts: &'v Map<String, Value>, path: &[String]) -> Option<&'v Value> {
    let (last, outer) = path.split_last()?;
    outer.iter().try_fold(facts, |facts, name| facts.get(name)?.as_object())?.get(last)
}

/// Reads conditions on a kind.
struct Reader {
    schema: &'static Schema,
    kind: &'static Resource,
    forms: Forms,
}

impl Reader {
    /// The condition that a member holds.
    fn member(&self, member: &Member, value: &Value) -> Criteria {
        match (&self.schema[member.slot.target].kind, value) {
            (Kind::List(list), Value::Array(nodes)) => {
                let read = nodes.iter().map(|node| self.node(list.member.target, node)).collect::<Vec<_>>();
                let is_any = member.name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("or"));
                if is_any && !read.is_empty() { Criteria::Any(read) } else { all(read) }
            }
            (Kind::Structure(_), Value::Object(_)) => self.node(member.slot.target, value),
            (Kind::Enum(_), Value::String(wanted)) => {
                let name = member.name.strip_suffix("Condition").unwrap_or(&member.name);
                let field = self.field(name);
                field.map_or(Criteria::Always, |field| Criteria::State { field, wanted: wanted.clone() })
            }
            _ => Criteria::Always,
        }
    }

    fn node(&self, shape: ShapeId, value: &Value) -> Criteria {
        match (&self.schema[shape].kind, value) {
            (Kind::List(list), Value::Array(nodes)) => {
                all(nodes.iter().map(|node| self.node(list.member.target, node)).collect())
            }
            (Kind::Structure(members) | Kind::Union(members), Value::Object(node)) => {
                self.condition(members, node).unwrap_or_else(|| {
                    let held = members.iter().filter_map(|member| Some(self.member(member, node.get(&member.name)?)));
                    all(held.collect())
                })
            }
            _ => Criteria::Always,
        }
    }

    /// A condition; none for a structure that only holds others.
    fn condition(&self, members: &Members, node: &Map<String, Value>) -> Option<Criteria> {
        let find = |name: &str| members.iter().find(|member| member.name.eq_ignore_ascii_case(name));
        let get = |name: &str| node.get(&find(name)?.name).filter(|value| !value.is_null());
        let text = |name: &str| get(name).and_then(Value::as_str);
        let has = |name: &str| find(name).is_some();
        if has("TagKey") {
            let owned = |name: &str| text(name).map(str::to_owned);
            return Some(Criteria::Tag { key: owned("TagKey"), value: owned("TagValue") });
        }
        if has("HierarchyGroupMatchType") {
            // The groups below another one are not followed.
            let wanted = text("Value").filter(|_| text("HierarchyGroupMatchType") == Some("EXACT"));
            let exact = wanted.zip(self.field("HierarchyGroupId")).map(|(wanted, field)| Criteria::Text {
                field,
                comparison: Comparison::Exact,
                wanted: wanted.to_owned(),
            });
            return Some(exact.unwrap_or(Criteria::Always));
        }
        if !has("FieldName") {
            return None;
        }
        let Some(field) = text("FieldName") else { return Some(Criteria::Never) };
        let Some(field) = self.field(field) else { return Some(Criteria::Always) };
        let comparison = text("ComparisonType").unwrap_or_default();
        if has("Value") {
            let Some(wanted) = text("Value").map(str::to_owned) else { return Some(Criteria::Never) };
            let comparison = match comparison {
                "STARTS_WITH" => Comparison::StartsWith,
                "CONTAINS" => Comparison::Contains,
                "EXACT" => Comparison::Exact,
                _ => return Some(Criteria::Never),
            };
            return Some(Criteria::Text { field, comparison, wanted });
        }
        if has("MinValue") || has("MaxValue") {
            let bound = |name: &str| get(name).and_then(measure);
            let bounds = bounds(comparison, bound("MinValue"), bound("MaxValue"));
            return Some(bounds.map_or(Criteria::Always, |bounds| Criteria::Measure { field, bounds }));
        }
        Some(match comparison {
            "IS_TRUE" => Criteria::Flag { field, wanted: true },
            "IS_FALSE" => Criteria::Flag { field, wanted: false },
            _ => Criteria::Always,
        })
    }

    /// A field by its name in any case, with or without the noun of the kind. None if the kind has no such field.
    fn field(&self, field: &str) -> Option<Field> {
        let rest = tails(&self.kind.noun).find_map(|tail| {
            let (head, rest) = field.split_at_checked(tail.len())?;
            (head.eq_ignore_ascii_case(tail) && !rest.is_empty()).then_some(rest)
        });
        let is =
            |name: &str| name.eq_ignore_ascii_case(field) || rest.is_some_and(|rest| rest.eq_ignore_ascii_case(name));
        if is("Id") || field.eq_ignore_ascii_case("resourceID") {
            return Some(Field::Id);
        }
        if self.kind.name.as_deref().is_some_and(|name| is("Name") || is(name)) {
            return Some(Field::Name);
        }
        let paths = |members: &Members| {
            let mut found = Vec::new();
            self.paths(members, &is, &mut Vec::new(), &mut found);
            found
        };
        let (record, asked) = (paths(self.forms.record), paths(self.forms.asked));
        let is_known = !record.is_empty() || !asked.is_empty() || self.is_shown(&is);
        is_known.then(|| Field::Facts { record, asked, kept: field.to_owned() })
    }

    /// Paths to the members with a name.
    fn paths(
        &self,
        members: &Members,
        is: &dyn Fn(&str) -> bool,
        outer: &mut Vec<String>,
        found: &mut Vec<Vec<String>>,
    ) {
        for member in members {
            outer.push(member.name.clone());
            if is(&member.name) {
                found.push(outer.clone());
            } else if let Kind::Structure(inner) = &self.schema[member.slot.target].kind
                && outer.len() < DEPTH
            {
                self.paths(inner, is, outer, found);
            }
            outer.pop();
        }
    }

    /// True if the items of a list or search have a member with a name.
    fn is_shown(&self, is: &dyn Fn(&str) -> bool) -> bool {
        let items =
            self.kind.actions.iter().filter_map(|action| self.schema.item_members(&self.schema[action.operation]));
        items.flatten().any(|member| is(&member.name))
    }
}

fn bounds(comparison: &str, low: Option<f64>, high: Option<f64>) -> Option<Bounds> {
    let one = low.or(high);
    Some(match comparison {
        "RANGE" => Bounds::Range(low, high),
        "GREATER_THAN" | "GREATER" => Bounds::Above(one?),
        "GREATER_THAN_OR_EQUAL_TO" | "GREATER_OR_EQUAL" => Bounds::Range(one, None),
        "LESS_THAN" | "LESSER" => Bounds::Below(high.or(low)?),
        "LESS_THAN_OR_EQUAL_TO" | "LESSER_OR_EQUAL" => Bounds::Range(None, Some(high.or(low)?)),
        "EQUAL_TO" | "EQUAL" => Bounds::Range(one, one),
        "NOT_EQUAL" => Bounds::Not(one?),
        _ => return None,
    })
}

/// A number, or a time in seconds.
fn measure(value: &Value) -> Option<f64> {
    use connect_model::schema::TimestampFormat;
    use connect_model::timestamp::{Reading, parse, to_seconds};
    value.as_f64().or_else(|| {
        let instant = parse(value.as_str()?, TimestampFormat::DateTime, Reading::Server)?;
        to_seconds(instant).as_f64()
    })
}
