//! Invalid values: a valid one with exactly one constraint broken, on purpose and by name.

use std::fmt;

use arbitrary::Unstructured;
use serde_json::{Map, Value};

use super::sites::{Place, Site};
use super::{GenerateError, Generator, Side, side_shape};
use crate::constraint::{ViolationKind, blob, choice, number, size, text, timestamp, typed};
use crate::path::{SchemaPath, Step};
use crate::schema::{Kind, OperationId, Schema, Slot};
use crate::validate::validate;

/// Which constraint is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutation {
    /// The place, independent of any value.
    pub path: SchemaPath,
    /// The constraint.
    pub kind: ViolationKind,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.path)
    }
}

/// A mutated value beside the valid one that it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// The valid value.
    pub base: Value,
    /// The same with one constraint broken.
    pub value: Value,
    /// JSON Pointer to the violation in `value`.
    pub pointer: String,
    /// The constraint.
    pub kind: ViolationKind,
}

/// Why a mutation has no value: named, so that nothing is skipped in silence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrealised {
    /// No valid value to begin with.
    #[error(transparent)]
    Base(#[from] GenerateError),
    /// Breaking this constraint breaks another one as well, or there is nothing outside of it.
    #[error("no value breaks {0} and nothing else")]
    Entangled(Mutation),
    /// The value would be larger than is made on purpose.
    #[error("{0} needs {1} characters, bytes or elements; the budget is {2}")]
    OverBudget(Mutation, u64, u64),
}

/// Most elements or entries that a violation of a maximum may need.
pub(crate) const ITEMS_BUDGET: u64 = 20_000;

impl Generator<'_> {
    /// A value with exactly the violation that the site names, and the valid value that it came from. Use a generator
    /// of [`super::Config::sparse`] for small ones.
    pub fn mutant(
        &self,
        operation: OperationId,
        side: Side,
        site: &Site,
        u: &mut Unstructured<'_>,
    ) -> Result<Mutant, Unrealised> {
        let base = self.focused(operation, side, &site.mutation.path, u)?.value;
        self.mutate(operation, side, site, base, u)
    }

    /// Breaks the site's constraint in a valid value that has something there.
    pub fn mutate(
        &self,
        operation: OperationId,
        side: Side,
        site: &Site,
        base: Value,
        u: &mut Unstructured<'_>,
    ) -> Result<Mutant, Unrealised> {
        let schema = self.schema();
        let entangled = || Unrealised::Entangled(site.mutation.clone());
        within_budget(schema, site)?;
        let mut value = base.clone();
        let steps = &site.mutation.path.0;
        let (last, parents) = steps.split_last().ok_or_else(entangled)?;
        let parent_path = SchemaPath(parents.to_vec());
        let parent_pointer = parent_path.first_in(&base).ok_or_else(entangled)?;
        let parent = value.pointer_mut(&parent_pointer).ok_or_else(entangled)?;
        self.break_in(parent, last, site, u).ok_or_else(entangled)?;
        // The law of mutation, checked on every single one: exactly the violation that was named.
        let shape = side_shape(schema, operation, side).ok_or_else(entangled)?;
        let mut violations = validate(schema, shape, &value);
        match violations.pop() {
            Some(only) if violations.is_empty() && only.kind == site.mutation.kind => {
                Ok(Mutant { base, value, pointer: only.path, kind: only.kind })
            }
            _ => Err(entangled()),
        }
    }

    /// Applies the mutation to the container that holds the place.
    fn break_in(&self, parent: &mut Value, last: &Step, site: &Site, u: &mut Unstructured<'_>) -> Option<()> {
        match (last, parent) {
            (Step::Key, Value::Object(map)) => {
                let key = map.keys().next()?.clone();
                let value = map.remove(&key)?;
                let broken = self.broken(&site.slot, site, Value::from(key), u)?;
                map.insert(broken.as_str()?.to_owned(), value);
            }
            (Step::Member(name), Value::Object(map)) => match site.mutation.kind {
                ViolationKind::MissingRequired => {
                    map.remove(name)?;
                }
                _ => {
                    let value = map.remove(name)?;
                    let broken = self.broken(&site.slot, site, value, u)?;
                    map.insert(name.clone(), broken);
                }
            },
            (Step::Element, Value::Array(items)) => {
                let first = items.first_mut()?;
                *first = self.broken(&site.slot, site, first.take(), u)?;
            }
            (Step::Value, Value::Object(map)) => {
                let first = map.values_mut().next()?;
                *first = self.broken(&site.slot, site, first.take(), u)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// A value for the slot that breaks the constraint; `value` is the valid one.
    fn broken(&self, slot: &Slot, site: &Site, value: Value, u: &mut Unstructured<'_>) -> Option<Value> {
        let schema = self.schema();
        let kind = &schema[slot.target].kind;
        let violation = site.mutation.kind;
        // Without bytes text is plain: what stands in a header has to be.
        let plain = &mut Unstructured::new(&[]);
        let u = if site.place == Place::Header { plain } else { u };
        match violation {
            ViolationKind::NullRequired | ViolationKind::NullElement => return Some(Value::Null),
            ViolationKind::WrongType => {
                return match site.place {
                    Place::Body | Place::Payload => typed::violate(kind),
                    _ => typed::violate_text(kind),
                };
            }
            _ => {}
        }
        match kind {
            Kind::Enum(values) => choice::violate(values, violation).map(Value::from),
            Kind::IntEnum(values) => values.iter().max()?.checked_add(1).map(Value::from),
            Kind::String => text::violate(schema, &slot.traits, violation, u)
                .filter(|text| site.place.can_hold(text))
                .map(Value::from),
            Kind::Blob => blob::violate(slot.traits.length, violation, u).map(Value::from),
            Kind::Number(number) => number::violate(*number, slot.traits.range, violation),
            Kind::Timestamp => Some(timestamp::violate(timestamp::value_format(slot.traits.timestamp_format))),
            Kind::List(list) => {
                let Value::Array(mut items) = value else { return None };
                if violation == ViolationKind::Unique {
                    items.push(items.first()?.clone());
                    return Some(Value::Array(items));
                }
                let count = size::violate(slot.traits.length, size::Unit::Elements, violation)? as usize;
                items.truncate(count);
                while items.len() < count {
                    let next = match items.first() {
                        Some(first) if !slot.traits.unique_items => first.clone(),
                        _ => self.one(&list.member, site.place.inside(), items.len(), u)?,
                    };
                    items.push(next);
                }
                Some(Value::Array(items))
            }
            Kind::Map(map) => {
                let Value::Object(mut entries) = value else { return None };
                let count = size::violate(slot.traits.length, size::Unit::Entries, violation)? as usize;
                while entries.len() > count {
                    let key = entries.keys().next()?.clone();
                    entries.remove(&key);
                }
                let model = entries.values().next().cloned();
                // Keys repeat by chance; a bound on the tries keeps closed sets of keys from going round for ever.
                for attempt in 0..count * 4 {
                    if entries.len() == count {
                        break;
                    }
                    let key = self.one(&map.key, site.place.inside(), attempt, u)?;
                    let value = match &model {
                        Some(value) => value.clone(),
                        None => self.one(&map.value, site.place.inside(), attempt, u)?,
                    };
                    entries.insert(key.as_str()?.to_owned(), value);
                }
                (entries.len() == count).then_some(Value::Object(entries))
            }
            Kind::Union(members) => match violation {
                ViolationKind::UnionNone => Some(Value::Object(Map::new())),
                _ => {
                    let Value::Object(mut map) = value else { return None };
                    let second = members.iter().find(|member| !map.contains_key(&member.name))?;
                    map.insert(second.name.clone(), self.one(&second.slot, Place::Body, 0, u)?);
                    Some(Value::Object(map))
                }
            },
            Kind::Structure(_) | Kind::Boolean | Kind::Document | Kind::Unit => None,
        }
    }

    /// One more valid value for a slot; `number` tells them apart when the bytes are used up.
    fn one(&self, slot: &Slot, place: Place, number: usize, u: &mut Unstructured<'_>) -> Option<Value> {
        if u.len() > 256 {
            return self.slot(slot, place, &[], u).ok();
        }
        let bytes = super::seed::Stream::new(number as u64, "one more").bytes(64);
        self.slot(slot, place, &[], &mut Unstructured::new(&bytes)).ok()
    }
}

/// Refuses violations of a maximum that nobody wants to send.
fn within_budget(schema: &Schema, site: &Site) -> Result<(), Unrealised> {
    let (unit, budget) = match &schema[site.slot.target].kind {
        Kind::String => (size::Unit::Characters, text::TEXT_BUDGET),
        Kind::Blob => (size::Unit::Bytes, text::TEXT_BUDGET),
        Kind::List(_) => (size::Unit::Elements, ITEMS_BUDGET),
        Kind::Map(_) => (size::Unit::Entries, ITEMS_BUDGET),
        _ => return Ok(()),
    };
    match size::violate(site.slot.traits.length, unit, site.mutation.kind) {
        Some(count) if count > budget => Err(Unrealised::OverBudget(site.mutation.clone(), count, budget)),
        _ => Ok(()),
    }
}
