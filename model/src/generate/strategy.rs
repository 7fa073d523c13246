//! The same generators as proptest strategies: values with shrinking that keeps them what they are.

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

/// Valid inputs of an operation; a shrunk one is still valid, and keeps the rules beside the model that it kept.
pub fn valid_inputs(schema: &Schema, operation: OperationId) -> ValidStrategy<'_> {
    ValidStrategy::new(Generator::new(schema, Config::default()), Subject::Message(operation, Side::Input))
}

/// Valid outputs of an operation; a shrunk one is still valid, and keeps the rules beside the model that it kept.
pub fn valid_outputs(schema: &Schema, operation: OperationId) -> ValidStrategy<'_> {
    ValidStrategy::new(Generator::new(schema, Config::default()), Subject::Message(operation, Side::Output))
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
    subject: Subject,
}

impl<'s> ValidStrategy<'s> {
    /// Valid values for a subject, of the generator's making.
    pub fn new(generator: Generator<'s>, subject: Subject) -> Self {
        Self { generator, subject }
    }

    /// A value on its way down, not yet taken a step.
    pub(crate) fn tree<H: Held>(
        &self,
        runner: &mut TestRunner,
        hold: impl FnOnce(Valid) -> Option<H>,
    ) -> Result<Shrinking<'s, H>, Reason> {
        let bytes = random_bytes(runner);
        let made = self.generator.make(self.subject, &mut Unstructured::new(&bytes));
        let value = made.map_err(|error| Reason::from(error.to_string()))?;
        let broken = self.generator.judge(self.subject, &value).unwrap_or_default();
        let held = hold(Valid { value, broken }).ok_or("the value is none of its type")?;
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

/// Bytes that one value is made from.
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

/// What a value tree shrinks: something around a value.
pub trait Held: Clone + std::fmt::Debug {
    /// What a test sees of it.
    type Shown: std::fmt::Debug;

    /// The value that gets smaller.
    fn value(&self) -> &Value;

    /// What a test sees.
    fn shown(&self) -> Self::Shown;

    /// The same around a smaller value; none if that is not what this one is.
    fn around(&self, smaller: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self>;
}

/// A valid value.
#[derive(Clone, Debug)]
pub struct Valid {
    value: Value,
    /// What is not sure enough to be kept by generation, and so may be broken: nothing else, on the way down.
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

    /// A mutant of the same kind. Its base stays what it was.
    fn around(&self, value: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self> {
        let mut violations = validate(generator.schema(), subject.shape(generator.schema())?, &value);
        let only = violations.pop()?;
        let same = violations.is_empty() && only.kind == self.kind;
        same.then(|| Mutant { value, pointer: only.path, ..self.clone() })
    }
}

/// A value on its way down.
#[derive(Debug)]
pub struct Shrinking<'s, H> {
    generator: Generator<'s>,
    subject: Subject,
    /// Last value that is known to fail.
    best: H,
    /// On trial now.
    current: H,
    /// Smaller variants of `best` not tried yet, the boldest last; none until asked for.
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
