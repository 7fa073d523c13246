//! Members of two structures that hold the same fact, and members of a list's input that narrow the list: found by name and
//! shape.

use serde_json::Value;

use crate::schema::{Kind, Member, Members, Operation, Schema, ShapeId, Slot};
use crate::validate::{ViolationKind, validate_slot};

/// A fact that two structures have in common: JSON Pointers into each, by member names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Pointer into the first structure.
    pub left: String,
    /// Pointer into the second structure.
    pub right: String,
}

/// A member of a list's input that narrows the list to items with one of its values.
#[derive(Clone, Copy, Debug)]
pub struct Narrowing<'s> {
    /// The member of the input: an enum or a list of enums.
    pub input: &'s Member,
    /// True if the input takes a list of values.
    pub many: bool,
    /// The member of an item with the value.
    pub item: &'s Member,
    /// The enum.
    pub values: ShapeId,
}

/// Depth to which two shapes are compared.
const MOST_DEPTH: usize = 8;

impl Schema {
    /// The facts that two structures have in common. Members of one name and kind hold the same fact; so do members of other
    /// names whose shape is an enum, an id or an ARN that each structure has once. A member inside a structure of the first
    /// one (`TriggerEventSource.EventSourceName`) is found by name and shape.
    pub fn shared(&self, left: &Members, right: &Members) -> Vec<Shared> {
        let mut shared = Vec::new();
        for theirs in right {
            let named = left.get(&theirs.name).filter(|ours| self.is_same_kind(ours, theirs));
            let found = match named.or_else(|| self.by_shape(left, right, theirs)) {
                Some(ours) => format!("/{}", ours.name),
                None => match self.inside(left, theirs) {
                    Some(pointer) => pointer,
                    None => continue,
                },
            };
            shared.push(Shared { left: found, right: format!("/{}", theirs.name) });
        }
        shared
    }

    /// The members of a list's input that narrow it: an enum, or a list of enums, that the items have as one member.
    pub fn narrowings(&self, operation: &Operation) -> Vec<Narrowing<'_>> {
        let (Some(input), Some(items)) = (self.input_members(operation), self.item_members(operation)) else {
            return Vec::new();
        };
        input.iter().filter_map(|member| self.narrowing(member, items)).collect()
    }

    fn narrowing<'s>(&'s self, input: &'s Member, items: &'s Members) -> Option<Narrowing<'s>> {
        let (values, many) = match &self[input.slot.target].kind {
            Kind::Enum(_) => (input.slot.target, false),
            Kind::List(list) => (list.member.target, true),
            _ => return None,
        };
        let narrows = matches!(self[values].kind, Kind::Enum(_)) && !input.required;
        let item = only(items, values).filter(|_| narrows)?;
        Some(Narrowing { input, many, item, values })
    }

    /// The members of the items that a paginated operation lists.
    pub fn item_members(&self, operation: &Operation) -> Option<&Members> {
        let [name] = operation.pagination.as_ref()?.items.as_deref()? else { return None };
        let list = self.output_members(operation)?.get(name)?;
        match &self[list.slot.target].kind {
            Kind::List(list) => self[list.member.target].kind.members(),
            _ => None,
        }
    }

    fn is_same_kind(&self, one: &Member, other: &Member) -> bool {
        self.are_same_kind(one.slot.target, other.slot.target)
    }

    /// True for shapes of one kind, or two kinds of text; for lists, if that is true of their elements.
    fn are_same_kind(&self, one: ShapeId, other: ShapeId) -> bool {
        match (&self[one].kind, &self[other].kind) {
            (Kind::List(one), Kind::List(other)) => {
                are_alike(&self[one.member.target].kind, &self[other.member.target].kind)
            }
            // Structures that have no member in common say different things.
            (Kind::Structure(one), Kind::Structure(other)) => {
                one.is_empty() || one.iter().any(|member| other.get(&member.name).is_some())
            }
            (one, other) => are_alike(one, other),
        }
    }

    /// True if a shape has a place for every part of the values of another one: each member of a structure has one of the
    /// same name and kind.
    pub fn has_place_for(&self, shape: ShapeId, value: ShapeId) -> bool {
        self.holds(shape, value, 0)
    }

    fn holds(&self, shape: ShapeId, value: ShapeId, depth: usize) -> bool {
        if shape == value || depth > MOST_DEPTH {
            return true;
        }
        match (&self[value].kind, &self[shape].kind) {
            (Kind::List(value), Kind::List(shape)) => self.holds(shape.member.target, value.member.target, depth + 1),
            (Kind::Map(value), Kind::Map(shape)) => self.holds(shape.value.target, value.value.target, depth + 1),
            (Kind::Structure(values), Kind::Structure(members)) | (Kind::Union(values), Kind::Union(members)) => {
                values.iter().all(|member| {
                    let place = members.get(&member.name);
                    place.is_some_and(|place| self.holds(place.slot.target, member.slot.target, depth + 1))
                })
            }
            (Kind::Enum(values), Kind::Enum(known)) => values.iter().any(|value| known.contains(value)),
            (value, shape) => are_alike(value, shape),
        }
    }

    /// False for a value that an output does not have, because of its texts, numbers or sizes: a state that can be requested is
    /// not always one that is shown, and a description may have a form of its own. An empty text is shown as none.
    pub fn can_show(&self, slot: &Slot, value: &Value) -> bool {
        let is_limit = |kind| {
            use ViolationKind as Is;
            matches!(
                kind,
                Is::EnumUnknown
                    | Is::EnumCase
                    | Is::LengthMin
                    | Is::LengthMax
                    | Is::Pattern
                    | Is::RangeMin
                    | Is::RangeMax
                    | Is::ListMin
                    | Is::ListMax
                    | Is::MapMin
                    | Is::MapMax
            )
        };
        value.as_str().is_some_and(str::is_empty)
            || !validate_slot(self, slot, value).iter().any(|violation| is_limit(violation.kind))
    }

    fn by_shape<'m>(&self, left: &'m Members, right: &Members, theirs: &Member) -> Option<&'m Member> {
        let shape = theirs.slot.target;
        let name = self[shape].name.to_ascii_lowercase();
        let is_enum = matches!(self[shape].kind, Kind::Enum(_));
        let identifies = is_enum || name.ends_with("id") || name.ends_with("arn");
        only(right, shape).filter(|_| identifies)?;
        only(left, shape).filter(|ours| right.get(&ours.name).is_none())
    }

    fn inside(&self, left: &Members, theirs: &Member) -> Option<String> {
        left.iter().find_map(|outer| {
            let Kind::Structure(members) = &self[outer.slot.target].kind else { return None };
            let inner = members.get(&theirs.name).filter(|inner| inner.slot.target == theirs.slot.target)?;
            Some(format!("/{}/{}", outer.name, inner.name))
        })
    }
}

/// True for one kind of shape, and for two kinds of text.
fn are_alike(one: &Kind, other: &Kind) -> bool {
    let text = |kind: &Kind| matches!(kind, Kind::String | Kind::Enum(_));
    std::mem::discriminant(one) == std::mem::discriminant(other) || (text(one) && text(other))
}

/// The only member of a shape.
fn only(members: &Members, shape: ShapeId) -> Option<&Member> {
    let mut found = members.iter().filter(|member| member.slot.target == shape);
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn members<'s>(schema: &'s Schema, shape: &str) -> &'s Members {
        schema[schema.shape_named(shape).unwrap()].kind.members().unwrap()
    }

    #[test]
    fn facts_are_found_by_name_by_shape_and_inside() {
        let schema = Schema::connect();
        let pairs = |left: &str, right: &str| {
            let found = schema.shared(members(schema, left), members(schema, right));
            found.into_iter().map(|pair| format!("{} {}", pair.left, pair.right)).collect::<Vec<_>>()
        };
        assert_eq!(
            pairs("ContactFlow", "ContactFlowSummary"),
            [
                "/Arn /Arn",
                "/State /ContactFlowState",
                "/Status /ContactFlowStatus",
                "/Type /ContactFlowType",
                "/Id /Id",
                "/Name /Name"
            ]
        );
        assert!(pairs("ContactFlow", "CreateContactFlowResponse").contains(&"/Id /ContactFlowId".to_owned()));
        let rule = pairs("Rule", "RuleSummary");
        assert!(rule.contains(&"/TriggerEventSource/EventSourceName /EventSourceName".to_owned()), "{rule:?}");
        assert!(rule.contains(&"/CreatedTime /CreatedTime".to_owned()));
        // Two times of one shape, and lists of other elements, are not joined.
        assert!(!rule.iter().any(|pair| pair.contains("ActionSummaries")), "{rule:?}");
    }

    #[test]
    fn enums_are_compared_as_far_as_they_have_the_same_values() {
        let schema = Schema::connect();
        let shape = |name: &str| schema.shape_named(name).unwrap();
        assert!(schema.has_place_for(shape("ContactFlowState"), shape("ContactFlowState")));
        // A module has the states of a flow; a queue has others.
        assert!(schema.has_place_for(shape("ContactFlowState"), shape("ContactFlowModuleState")));
        assert!(!schema.has_place_for(shape("ContactFlowState"), shape("QueueStatus")));
        assert!(schema.has_place_for(shape("Name"), shape("QueueStatus")), "text holds any value of an enum");
        let can_show = |name: &str, value: Value| {
            let slot = Slot { target: shape(name), traits: schema[shape(name)].base.clone() };
            schema.can_show(&slot, &value)
        };
        assert!(can_show("ContactFlowState", "ARCHIVED".into()) && !can_show("ContactFlowState", "ENABLED".into()));
        assert!(can_show("QueueName", "".into()) && !can_show("QueueName", "a".repeat(300).into()));
        assert!(can_show("ContactFlowState", Value::Null));
    }

    #[test]
    fn narrowing_members_are_found_in_the_model() {
        let schema = Schema::connect();
        let found = |name: &str| {
            let operation = &schema[schema.operation_named(name).unwrap()];
            let found = schema.narrowings(operation);
            found.iter().map(|n| format!("{} {} {}", n.input.name, n.item.name, n.many)).collect::<Vec<_>>()
        };
        assert_eq!(found("ListContactFlows"), ["ContactFlowTypes ContactFlowType true"]);
        assert_eq!(found("ListRules"), ["EventSourceName EventSourceName false", "PublishStatus PublishStatus false"]);
        assert_eq!(found("ListQueues"), ["QueueTypes QueueType true"]);
        assert!(found("ListUsers").is_empty());
        let all = schema.operations().filter(|(_, operation)| !schema.narrowings(operation).is_empty()).count();
        assert!(all >= 12, "{all}");
    }
}
