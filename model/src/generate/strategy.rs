//! Proptest strategies for the generators. Shrinking keeps values valid, or keeps their violation.

use arbitrary::Unstructured;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};
use serde_json::Value;

use super::mutate::Mutant;
use super::sites::{Site, sites};
use super::subject::Broken;
use super::{Config, Generator, Side, Subject, candidates};
use crate::schema::{OperationId, Schema};
use crate::validate::validate;

/// Valid inputs of an operation. A shrunk one is still valid, and breaks no further rules beyond the model.
pub fn valid_inputs(schema: &Schema, operation: OperationId) -> ValidStrategy<'_> {
    ValidStrategy::new(Generator::new(schema, Config::default()), Subject::Message(operation, Side::Input))
}

/// Valid outputs of an operation. A shrunk one is still valid, and breaks no further rules beyond the model.
pub fn valid_outputs(schema: &Schema, operation: OperationId) -> ValidStrategy<'_> {
    ValidStrategy::new(Generator::new(schema, Config::default()), Subject::Message(operation, Side::Output))
}

/// Invalid inputs of an operation, each with exactly one violation. A shrunk one has the same violation.
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
    subject: Subject,
}

impl<'s> ValidStrategy<'s> {
    /// Valid values for a subject, from the generator.
    pub fn new(generator: Generator<'s>, subject: Subject) -> Self {
        Self { generator, subject }
    }

    /// A value before the first step of shrinking.
    pub(crate) fn tree<H: Held>(
        &self,
        runner: &mut TestRunner,
        hold: impl FnOnce(Valid) -> Option<H>,
    ) -> Result<Shrinking<'s, H>, Reason> {
        let bytes = random_bytes(runner);
        let made = self.generator.make(self.subject, &mut Unstructured::new(&bytes));
        let value = made.map_err(|error| Reason::from(error.to_string()))?;
        let broken = self.generator.judge(self.subject, &value).unwrap_or_default();
        let held = hold(Valid { value, broken }).ok_or("the value does not have its type")?;
        Ok(Shrinking::new(self.generator.clone(), self.subject, held))
    }
}

/// See [`invalid_inputs`].
#[derive(Debug, Clone)]
pub struct InvalidStrategy<'s> {
    generator: Generator<'s>,
    operation: OperationId,
    sites: Vec<Site>,
}

/// Number of random bytes for one value.
const BYTES: usize = 2048;

pub(crate) fn random_bytes(runner: &mut TestRunner) -> Vec<u8> {
    use proptest::prelude::Rng;
    let mut bytes = vec![0; BYTES];
    runner.rng().fill_bytes(&mut bytes);
    bytes
}

impl<'s> Strategy for ValidStrategy<'s> {
    type Tree = Shrinking<'s, Valid>;
    type Value = Value;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        self.tree(runner, Some)
    }
}

impl<'s> Strategy for InvalidStrategy<'s> {
    type Tree = Shrinking<'s, Mutant>;
    type Value = Mutant;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        for _ in 0..64 {
            let bytes = random_bytes(runner);
            let mut u = Unstructured::new(&bytes);
            let Ok(site) = u.choose(&self.sites) else { break };
            if let Ok(mutant) = self.generator.mutant(self.operation, Side::Input, site, &mut u) {
                let subject = Subject::Message(self.operation, Side::Input);
                return Ok(Shrinking::new(self.generator.clone(), subject, mutant));
            }
        }
        Err(Reason::from("the operation has no constraint that can be broken alone"))
    }
}

/// A wrapper around a value that a value tree shrinks.
pub trait Held: Clone + std::fmt::Debug {
    /// The type that tests receive.
    type Shown: std::fmt::Debug;

    /// The value to shrink.
    fn value(&self) -> &Value;

    /// The value for tests.
    fn shown(&self) -> Self::Shown;

    /// The wrapper around a smaller value; none if that value loses the property of this one.
    fn around(&self, smaller: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self>;
}

/// A valid value.
#[derive(Clone, Debug)]
pub struct Valid {
    value: Value,
    /// Rules of low confidence that the generated value breaks. Shrinking breaks no others.
    broken: Broken,
}

impl Held for Valid {
    type Shown = Value;

    fn value(&self) -> &Value {
        &self.value
    }

    fn shown(&self) -> Value {
        self.value.clone()
    }

    fn around(&self, value: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self> {
        let broken = generator.judge(subject, &value)?;
        broken.is_subset(&self.broken).then_some(Self { value, broken })
    }
}

impl Held for Mutant {
    type Shown = Self;

    fn value(&self) -> &Value {
        &self.value
    }

    fn shown(&self) -> Self {
        self.clone()
    }

    /// A mutant of the same kind. Its base does not change.
    fn around(&self, value: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self> {
        let mut violations = validate(generator.schema(), subject.shape(generator.schema())?, &value);
        let only = violations.pop()?;
        let same = violations.is_empty() && only.kind == self.kind;
        same.then(|| Mutant { value, pointer: only.path, ..self.clone() })
    }
}

/// A value being shrunk.
#[derive(Debug)]
pub struct Shrinking<'s, H> {
    generator: Generator<'s>,
    subject: Subject,
    /// The last value known to fail.
    best: H,
    /// The value being tried.
    current: H,
    /// Smaller variants of `best` that are not tried yet, smallest last. None until needed.
    untried: Option<Vec<Value>>,
}

impl<'s, H: Held> Shrinking<'s, H> {
    pub(crate) fn new(generator: Generator<'s>, subject: Subject, held: H) -> Self {
        Self { generator, subject, best: held.clone(), current: held, untried: None }
    }

    fn next(&mut self) -> bool {
        let Some(shape) = self.subject.shape(self.generator.schema()) else { return false };
        let untried = self.untried.get_or_insert_with(|| {
            let value = self.best.value();
            let mut list = self.generator.plainer(self.subject, value);
            list.extend(candidates(self.generator.schema(), shape, value));
            list.reverse();
            list
        });
        while let Some(value) = untried.pop() {
            if let Some(accepted) = self.best.around(value, &self.generator, self.subject) {
                self.current = accepted;
                return true;
            }
        }
        false
    }
}

impl<H: Held> ValueTree for Shrinking<'_, H> {
    type Value = H::Shown;

    fn current(&self) -> H::Shown {
        self.current.shown()
    }

    /// The current value failed: it is the best so far, so shrink it further.
    fn simplify(&mut self) -> bool {
        if self.current.value() != self.best.value() {
            self.best = self.current.clone();
            self.untried = None;
        }
        self.next()
    }

    /// The current value passed: return to the best and try another variant.
    fn complicate(&mut self) -> bool {
        if self.next() {
            return true;
        }
        self.current = self.best.clone();
        false
    }
}
