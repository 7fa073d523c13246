//! The same generators as proptest strategies: values with shrinking that keeps them what they are.

use arbitrary::Unstructured;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};
use serde_json::Value;

use super::mutate::Mutant;
use super::sites::{Site, sites};
use super::{Config, Generator, Side, candidates, side_shape};
use crate::schema::{OperationId, Schema, ShapeId};
use crate::validate::validate;

/// Valid inputs of an operation; a shrunk one is still valid.
pub fn valid_inputs(schema: &Schema, operation: OperationId) -> ValidStrategy<'_> {
    ValidStrategy { generator: Generator::new(schema, Config::default()), operation, side: Side::Input }
}

/// Valid outputs of an operation; a shrunk one is still valid.
pub fn valid_outputs(schema: &Schema, operation: OperationId) -> ValidStrategy<'_> {
    ValidStrategy { generator: Generator::new(schema, Config::default()), operation, side: Side::Output }
}

/// Invalid inputs of an operation, each with exactly one violation; a shrunk one has the same violation.
pub fn invalid_inputs(schema: &Schema, operation: OperationId) -> InvalidStrategy<'_> {
    InvalidStrategy {
        generator: Generator::new(schema, Config::sparse()),
        operation,
        sites: sites(schema, operation, Side::Input),
    }
}

/// See [`valid_inputs`] and [`valid_outputs`].
#[derive(Debug, Clone)]
pub struct ValidStrategy<'s> {
    generator: Generator<'s>,
    operation: OperationId,
    side: Side,
}

/// See [`invalid_inputs`].
#[derive(Debug, Clone)]
pub struct InvalidStrategy<'s> {
    generator: Generator<'s>,
    operation: OperationId,
    sites: Vec<Site>,
}

/// Bytes that one value is made from.
const BYTES: usize = 2048;

fn random_bytes(runner: &mut TestRunner) -> Vec<u8> {
    use proptest::prelude::Rng;
    let mut bytes = vec![0; BYTES];
    runner.rng().fill_bytes(&mut bytes);
    bytes
}

impl<'s> Strategy for ValidStrategy<'s> {
    type Tree = Shrinking<'s, Value>;
    type Value = Value;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let bytes = random_bytes(runner);
        let schema = self.generator.schema();
        let value = self
            .generator
            .operation(self.operation, self.side, &mut Unstructured::new(&bytes))
            .map_err(|error| Reason::from(error.to_string()))?;
        let shape = side_shape(schema, self.operation, self.side);
        Ok(Shrinking::new(schema, shape, value, |schema, shape, value, _| {
            validate(schema, shape, value).is_empty().then(|| value.clone())
        }))
    }
}

impl<'s> Strategy for InvalidStrategy<'s> {
    type Tree = Shrinking<'s, Mutant>;
    type Value = Mutant;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let schema = self.generator.schema();
        for _ in 0..64 {
            let bytes = random_bytes(runner);
            let mut u = Unstructured::new(&bytes);
            let Ok(site) = u.choose(&self.sites) else { break };
            if let Ok(mutant) = self.generator.mutant(self.operation, Side::Input, site, &mut u) {
                let shape = side_shape(schema, self.operation, Side::Input);
                return Ok(Shrinking::new(schema, shape, mutant, same_violation));
            }
        }
        Err(Reason::from("the operation has no constraint that can be broken alone"))
    }
}

/// The shrunk value as a mutant of the same kind, if it still is one. Its base stays what it was.
fn same_violation(schema: &Schema, shape: ShapeId, value: &Value, from: &Mutant) -> Option<Mutant> {
    let mut violations = validate(schema, shape, value);
    let only = violations.pop()?;
    (violations.is_empty() && only.kind == from.kind).then(|| Mutant {
        value: value.clone(),
        pointer: only.path,
        ..from.clone()
    })
}

/// What a value tree shrinks: a value, or something around one.
pub trait Holds: Clone + std::fmt::Debug {
    /// The value that gets smaller.
    fn value(&self) -> &Value;
}

impl Holds for Value {
    fn value(&self) -> &Value {
        self
    }
}

impl Holds for Mutant {
    fn value(&self) -> &Value {
        &self.value
    }
}

/// A value on its way down.
#[derive(Debug)]
pub struct Shrinking<'s, T> {
    schema: &'s Schema,
    shape: Option<ShapeId>,
    accept: fn(&Schema, ShapeId, &Value, &T) -> Option<T>,
    /// Last value that is known to fail.
    best: T,
    /// On trial now.
    current: T,
    /// Smaller variants of `best` not tried yet, the boldest last; none until asked for.
    untried: Option<Vec<Value>>,
}

impl<'s, T: Holds> Shrinking<'s, T> {
    fn new(
        schema: &'s Schema,
        shape: Option<ShapeId>,
        value: T,
        accept: fn(&Schema, ShapeId, &Value, &T) -> Option<T>,
    ) -> Self {
        Self { schema, shape, accept, best: value.clone(), current: value, untried: None }
    }

    fn next(&mut self) -> bool {
        let Some(shape) = self.shape else { return false };
        let untried = self.untried.get_or_insert_with(|| {
            let mut list = candidates(self.schema, shape, self.best.value());
            list.reverse();
            list
        });
        while let Some(value) = untried.pop() {
            if let Some(accepted) = (self.accept)(self.schema, shape, &value, &self.best) {
                self.current = accepted;
                return true;
            }
        }
        false
    }
}

impl<T: Holds> ValueTree for Shrinking<'_, T> {
    type Value = T;

    fn current(&self) -> T {
        self.current.clone()
    }

    /// The current value failed: it is the best so far, look below it.
    fn simplify(&mut self) -> bool {
        if self.current.value() != self.best.value() {
            self.best = self.current.clone();
            self.untried = None;
        }
        self.next()
    }

    /// The current value passed: back to the best, try another way down.
    fn complicate(&mut self) -> bool {
        if self.next() {
            return true;
        }
        self.current = self.best.clone();
        false
    }
}
