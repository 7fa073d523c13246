//! Invalid values: valid ones with exactly one constraint broken.

use std::fmt;

use arbitrary::Unstructured;
use serde_json::Value;

use super::sites::Site;
use super::{GenerateError, Generator, Side, side_shape};
use crate::constraint::{self, Breaking, Place, Position, ViolationKind, presence, size};
use crate::path::{SchemaPath, Step};
use crate::schema::{OperationId, Slot};
use crate::validate::validate;

/// A constraint to break, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutation {
    /// The place, independent of any value.
    pub path: SchemaPath,
    /// The kind of violation.
    pub kind: ViolationKind,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.path)
    }
}

/// A mutated value, with the valid one that it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// The valid value.
    pub base: Value,
    /// The value with one constraint broken.
    pub value: Value,
    /// JSON Pointer to the violation in `value`.
    pub pointer: String,
    /// The kind of violation.
    pub kind: ViolationKind,
}

/// The reason why a mutation has no value. Named, so that nothing is skipped silently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unrealised {
    /// There is no valid value to start from.
    #[error(transparent)]
    Base(#[from] GenerateError),
    /// Breaking this constraint breaks another one as well, or every value satisfies it.
    #[error("no value breaks {0} and nothing else")]
    Entangled(Mutation),
    /// The value would exceed the budget.
    #[error("{0} needs {1} characters, bytes or elements; the budget is {2}")]
    OverBudget(Mutation, u64, u64),
}

impl Generator<'_> {
    /// A value with exactly the violation of the site, and the valid value that it was made from. Use a generator with
    /// [`super::Config::sparse`] for small values.
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

    /// Breaks the site's constraint in a valid value that has a value there.
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
        if let Some((count, budget)) = size::over_budget(&Position::of(schema, &site.slot), site.mutation.kind) {
            return Err(Unrealised::OverBudget(site.mutation.clone(), count, budget));
        }
        let mut value = base.clone();
        let steps = &site.mutation.path.0;
        let (last, parents) = steps.split_last().ok_or_else(entangled)?;
        let parent_path = SchemaPath(parents.to_vec());
        let parent_pointer = parent_path.first_in(&base).ok_or_else(entangled)?;
        let parent = value.pointer_mut(&parent_pointer).ok_or_else(entangled)?;
        self.break_in(parent, last, site, u).ok_or_else(entangled)?;
        // Every mutant is checked: exactly the named violation.
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
        let absence = presence::violate(site.mutation.kind);
        let mut broken = |value: Value| absence.clone().unwrap_or_else(|| self.broken(site, value, u));
        match (last, parent) {
            (Step::Key, Value::Object(map)) => {
                let key = map.keys().next()?.clone();
                let value = map.remove(&key)?;
                map.insert(broken(Value::from(key))?.as_str()?.to_owned(), value);
            }
            (Step::Member(name), Value::Object(map)) => {
                let value = map.remove(name)?;
                match broken(value) {
                    Some(value) => drop(map.insert(name.clone(), value)),
                    None if site.mutation.kind == ViolationKind::MissingRequired => {}
                    None => return None,
                }
            }
            (Step::Element, Value::Array(items)) => {
                let first = items.first_mut()?;
                *first = broken(first.take())?;
            }
            (Step::Value, Value::Object(map)) => {
                let first = map.values_mut().next()?;
                *first = broken(first.take())?;
            }
            _ => return None,
        }
        Some(())
    }

    /// A value for the site's slot that breaks the constraint, from the valid one.
    fn broken(&self, site: &Site, value: Value, u: &mut Unstructured<'_>) -> Option<Value> {
        let at = Position::of(self.schema(), &site.slot);
        let kind = site.mutation.kind;
        // Without bytes strings are plain, as headers require.
        let plain = &mut Unstructured::new(&[]);
        let u = if site.place == Place::Header { plain } else { u };
        let another =
            |slot: &Slot, place: Place, number: usize, u: &mut Unstructured<'_>| self.another(slot, place, number, u);
        let owner = constraint::of(at.kind).iter().find(|constraint| constraint.kinds().contains(&kind))?;
        owner.violate(&at, kind, Breaking { value, place: site.place, u, another: &another })
    }

    /// Another valid value for a slot; `number` distinguishes values once the bytes are used up.
    pub(super) fn another(&self, slot: &Slot, place: Place, number: usize, u: &mut Unstructured<'_>) -> Option<Value> {
        if u.len() > 256 {
            return self.slot(slot, place, &[], u).ok();
        }
        let bytes = super::seed::Stream::new(number as u64, "one more").bytes(64);
        self.slot(slot, place, &[], &mut Unstructured::new(&bytes)).ok()
    }
}
