//! Proptest strategies for the typed shapes: valid, invalid, and misused values. A misused value is valid for the service
//! model, but breaks a rule beyond it.
//!
//! Shrinking is structural: valid values shrink to valid ones, invalid values to ones with the same fault.

use std::marker::PhantomData;

use arbitrary::Unstructured;
use proptest::strategy::{NewTree, Strategy};
use proptest::test_runner::{Reason, TestRunner};
use serde_json::{Map, Value};

use super::making;
use super::support::{Operation, Shape};
use crate::generate::{
    self, Config, Generator, Held, InvalidStrategy, Shrinking, Side, Subject, Valid, ValidStrategy, random_bytes,
};
use crate::schema::{OperationId, Schema};
use crate::semantics::{self, Breach, Broken, Confidence, Context};
use crate::validate::validate;

/// Returns a strategy for valid inputs of an operation.
pub fn inputs<O: Operation>() -> Values<O::Input> {
    Values::of(id_of::<O>().map(|id| Subject::Message(id, Side::Input)))
}

/// Returns a strategy for valid outputs of an operation.
pub fn outputs<O: Operation>() -> Values<O::Output> {
    Values::of(id_of::<O>().map(|id| Subject::Message(id, Side::Output)))
}

/// Returns a strategy for valid values of a shape, the same as `proptest::arbitrary::any`.
pub fn values<T: Shape>() -> Values<T> {
    Values::of(making::subject::<T>())
}

/// Returns a strategy for inputs of an operation with exactly one violation of the service model. Values are JSON, since
/// the types cannot hold invalid ones; each has the kind and place of the violation, and the valid input that it is based
/// on.
pub fn invalid_inputs<O: Operation>() -> Invalid {
    let schema = Schema::connect();
    Invalid(id_of::<O>().map(|id| generate::invalid_inputs(schema, id)))
}

/// Returns a strategy for inputs that are valid for the service model, but break one rule beyond it, about the content of
/// flows and rules or about the actions that an event source allows. Each value has a valid twin. Rules of low confidence
/// are left out. For operations without such rules, the strategy fails with that reason.
pub fn misused_inputs<O: Operation>() -> Misuses<O::Input> {
    let context = Context { event_source: Some("OnRealTimeCallAnalysisAvailable"), flow_type: Some("CONTACT_FLOW") };
    Misuses { operation: O::NAME, context, shape: PhantomData }
}

/// Strategy of [`inputs`], [`outputs`] and [`values`].
#[derive(Debug, Clone)]
pub struct Values<T> {
    valid: Option<ValidStrategy<'static>>,
    shape: PhantomData<fn() -> T>,
}

/// Strategy of [`invalid_inputs`].
#[derive(Debug, Clone)]
pub struct Invalid(Option<InvalidStrategy<'static>>);

/// Strategy of [`misused_inputs`].
#[derive(Debug, Clone)]
pub struct Misuses<T> {
    operation: &'static str,
    context: Context<'static>,
    shape: PhantomData<fn() -> T>,
}

/// An input that breaks one rule beyond the service model.
#[derive(Clone, Debug, PartialEq)]
pub struct Misused<T> {
    /// Input that breaks no rule.
    pub valid: T,
    /// Input that breaks exactly one rule.
    pub invalid: T,
    /// The broken rule, with its source and confidence.
    pub breach: &'static Breach,
}

impl<T> Values<T> {
    fn of(subject: Option<Subject>) -> Self {
        let generator = || Generator::new(Schema::connect(), Config::deep());
        Self { valid: subject.map(|subject| ValidStrategy::new(generator(), subject)), shape: PhantomData }
    }
}

impl<T> Misuses<T> {
    /// Sets the facts about the flow or rule that an update refers to. The default is a flow of type `CONTACT_FLOW`, or a
    /// rule on `OnRealTimeCallAnalysisAvailable`.
    pub fn about(self, context: Context<'static>) -> Self {
        Self { context, ..self }
    }
}

fn id_of<O: Operation>() -> Option<OperationId> {
    Schema::connect().operation_named(O::NAME)
}

fn unknown() -> Reason {
    Reason::from("the built-in model does not have this")
}

impl<T: Shape> Strategy for Values<T> {
    type Tree = Shrinking<'static, Typed<T>>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        self.valid.as_ref().ok_or_else(unknown)?.tree(runner, Typed::read)
    }
}

/// A valid value as JSON and as its type.
#[derive(Clone, Debug)]
pub struct Typed<T> {
    valid: Valid,
    typed: T,
}

impl<T: Shape> Typed<T> {
    fn read(valid: Valid) -> Option<Self> {
        Some(Self { typed: T::deserialize(valid.value()).ok()?, valid })
    }
}

impl<T: Shape> Held for Typed<T> {
    type Shown = T;

    fn value(&self) -> &Value {
        self.valid.value()
    }

    fn shown(&self) -> T {
        self.typed.clone()
    }

    fn around(&self, smaller: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self> {
        Self::read(self.valid.around(smaller, generator, subject)?)
    }
}

impl Strategy for Invalid {
    type Tree = <InvalidStrategy<'static> as Strategy>::Tree;
    type Value = generate::Mutant;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        self.0.as_ref().ok_or_else(unknown)?.new_tree(runner)
    }
}

impl<T: Shape> Strategy for Misuses<T> {
    type Tree = Shrinking<'static, Misuse<T>>;
    type Value = Misused<T>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let (schema, operation) = (Schema::connect(), self.operation);
        let id = schema.operation_named(operation).ok_or_else(unknown)?;
        let generator = Generator::new(schema, Config::default());
        let mut breaches = semantics::breaches(operation);
        breaches.retain(|breach| breach.confidence > Confidence::Low);
        for _ in 0..64 {
            let bytes = random_bytes(runner);
            let mut u = Unstructured::new(&bytes);
            let Ok(breach) = u.choose(&breaches) else { break };
            let Some(broken) = semantics::broken(operation, breach, &self.context, &mut u) else { continue };
            let Ok(input) = generator.input(id, &mut u) else { continue };
            let subject = Subject::Message(id, Side::Input);
            let cause = Cause { operation, breach, broken, context: self.context };
            if let Some(misuse) = Misuse::of(cause, input, &generator, subject) {
                return Ok(Shrinking::new(generator, subject, misuse));
            }
        }
        Err(Reason::from("the operation has no rule beyond the service model that can be broken"))
    }
}

/// The part of a misused input that does not shrink.
#[derive(Clone, Debug)]
struct Cause {
    operation: &'static str,
    breach: &'static Breach,
    broken: Broken,
    context: Context<'static>,
}

/// A misused input while it shrinks: members that do not matter for the broken rule get smaller.
#[derive(Clone, Debug)]
pub struct Misuse<T> {
    cause: Cause,
    rest: Value,
    shown: Misused<T>,
}

impl<T: Shape> Misuse<T> {
    fn of(cause: Cause, mut rest: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self> {
        let schema = generator.schema();
        let shape = subject.shape(schema)?;
        rest.as_object_mut()?.retain(|name, _| !cause.broken.valid.contains_key(name));
        let with = |members: &Map<String, Value>| {
            let mut input = rest.clone();
            input.as_object_mut()?.extend(members.clone());
            validate(schema, shape, &input).is_empty().then_some(input)
        };
        let (valid, invalid) = (with(&cause.broken.valid)?, with(&cause.broken.invalid)?);
        let problems = |input| semantics::check(cause.operation, input, &cause.context);
        let found = problems(&invalid);
        let alone = found.iter().all(|(_, problem)| problem.kind == cause.breach.kind);
        if !problems(&valid).is_empty() || found.is_empty() || !alone {
            return None;
        }
        let shown = Misused {
            valid: T::deserialize(valid).ok()?,
            invalid: T::deserialize(invalid).ok()?,
            breach: cause.breach,
        };
        Some(Self { cause, rest, shown })
    }
}

impl<T: Shape> Held for Misuse<T> {
    type Shown = Misused<T>;

    fn value(&self) -> &Value {
        &self.rest
    }

    fn shown(&self) -> Misused<T> {
        self.shown.clone()
    }

    fn around(&self, smaller: Value, generator: &Generator<'_>, subject: Subject) -> Option<Self> {
        Self::of(self.cause.clone(), smaller, generator, subject)
    }
}
