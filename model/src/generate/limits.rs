//! Valid values at the limits of the contract: the other side of each mutation.

use arbitrary::Unstructured;
use serde_json::Value;

use super::sites::Site;
use super::{Generator, Side, side_shape};
use crate::constraint::{self, Breaking, Place, Position, size};
use crate::path::{SchemaPath, Step};
use crate::pointer;
use crate::schema::{OperationId, Slot};
use crate::validate::validate;

/// The reason why a limit has no value. Named, so that nothing is skipped silently.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// No valid value lies at the limit and can be sent.
    #[error("no valid value lies at the limit")]
    Nothing,
    /// The value would exceed the budget.
    #[error("the limit needs {0} characters, bytes or elements; the budget is {1}")]
    OverBudget(u64, u64),
}

/// A valid value, with one at a limit inside.
#[derive(Clone, Debug, PartialEq)]
pub struct AtLimit {
    /// The whole value.
    pub value: Value,
    /// JSON Pointer to the value at the limit.
    pub pointer: String,
}

/// The place in a value that a path leads to.
struct Holder<'p> {
    /// JSON Pointer to the container that holds the place.
    parent: String,
    last: &'p Step,
}

impl<'p> Holder<'p> {
    fn of(path: &'p SchemaPath, value: &Value) -> Option<Self> {
        let (last, parents) = path.0.split_last()?;
        Some(Self { parent: SchemaPath(parents.to_vec()).first_in(value)?, last })
    }

    /// The value at the place; for a key, the key.
    fn value_in(&self, whole: &Value) -> Option<Value> {
        match (self.last, whole.pointer(&self.parent)?) {
            (Step::Key, Value::Object(map)) => map.keys().next().cloned().map(Value::from),
            (Step::Member(name), Value::Object(map)) => map.get(name).cloned(),
            (Step::Element, Value::Array(items)) => items.first().cloned(),
            (Step::Value, Value::Object(map)) => map.values().next().cloned(),
            _ => None,
        }
    }

    /// The whole with another value at the place, and the pointer of the place in it.
    fn with(&self, whole: &Value, value: Value) -> Option<(Value, String)> {
        let mut whole = whole.clone();
        let key = match (self.last, whole.pointer_mut(&self.parent)?) {
            (Step::Key, Value::Object(map)) => {
                let old = map.keys().next()?.clone();
                let inner = map.remove(&old)?;
                let key = value.as_str()?.to_owned();
                map.insert(key.clone(), inner);
                key
            }
            (Step::Member(name), Value::Object(map)) => {
                map.insert(name.clone(), value);
                name.clone()
            }
            (Step::Element, Value::Array(items)) => {
                *items.first_mut()? = value;
                "0".to_owned()
            }
            (Step::Value, Value::Object(map)) => {
                let (key, inner) = map.iter_mut().next()?;
                *inner = value;
                key.clone()
            }
            _ => return None,
        };
        Some((whole, format!("{}/{}", self.parent, pointer::escape(&key))))
    }
}

impl Generator<'_> {
    /// The valid inputs whose value at the site lies at the limit that its violation crosses, made from a valid one that
    /// has a value there.
    ///
    /// # Errors
    /// No valid value lies there, or only one beyond the budget.
    pub fn touch(
        &self,
        operation: OperationId,
        side: Side,
        site: &Site,
        base: &Value,
        u: &mut Unstructured<'_>,
    ) -> Result<Vec<AtLimit>, Unreached> {
        let schema = self.schema();
        let at = Position::of(schema, &site.slot);
        let kind = site.mutation.kind;
        if let Some((count, budget)) = size::over_budget(&at, kind) {
            return Err(Unreached::OverBudget(count, budget));
        }
        let place = Holder::of(&site.mutation.path, base).ok_or(Unreached::Nothing)?;
        let value = place.value_in(base).ok_or(Unreached::Nothing)?;
        let plain = &mut Unstructured::new(&[]);
        let u = if site.place == Place::Header { plain } else { u };
        let another =
            |slot: &Slot, place: Place, number: usize, u: &mut Unstructured<'_>| self.another(slot, place, number, u);
        let values = match constraint::of(at.kind).iter().find(|constraint| constraint.kinds().contains(&kind)) {
            Some(owner) => owner.touch(&at, kind, Breaking { value, place: site.place, u, another: &another }),
            // The presence of a value has no limit but the value itself.
            None => vec![value],
        };
        let shape = side_shape(schema, operation, side).ok_or(Unreached::Nothing)?;
        let whole = |value: Value| {
            let (whole, pointer) = place.with(base, value)?;
            validate(schema, shape, &whole).is_empty().then_some(AtLimit { value: whole, pointer })
        };
        let found: Vec<AtLimit> = values.into_iter().filter_map(whole).collect();
        if found.is_empty() { Err(Unreached::Nothing) } else { Ok(found) }
    }
}
