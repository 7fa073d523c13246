//! Shrinking preserves properties: a valid value stays valid, a mutant keeps its one violation, and both become small.

use connect_model::generate::{Mutant, Side, invalid_inputs, side_shape, valid_inputs, valid_outputs};
use connect_model::schema::Schema;
use connect_model::semantics::{Context, check};
use connect_model::validate::{Violation, validate};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::operation;

/// Number of shrinking steps per value.
const STEPS: usize = 40;

pub(crate) fn runner() -> TestRunner {
    let config = Config { failure_persistence: None, max_shrink_iters: 100_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Shrinks a value with a test that fails two times out of three, and passes every value on the way to `see`.
pub(crate) fn descend<S: Strategy>(strategy: &S, runner: &mut TestRunner, mut see: impl FnMut(&S::Value)) {
    let Ok(mut tree) = strategy.new_tree(runner) else { return };
    see(&tree.current());
    for step in 0..STEPS {
        let moved = if step % 3 == 2 { tree.complicate() } else { tree.simplify() };
        see(&tree.current());
        if !moved {
            break;
        }
    }
}

#[test]
fn shrunk_valid_values_are_valid() {
    let schema = Schema::connect();
    let mut runner = runner();
    for (id, operation) in schema.operations() {
        for (side, strategy) in [(Side::Input, valid_inputs(schema, id)), (Side::Output, valid_outputs(schema, id))] {
            let Some(shape) = side_shape(schema, id, side) else { continue };
            descend(&strategy, &mut runner, |value| {
                assert_eq!(validate(schema, shape, value), [], "{} {side:?} {value}", operation.name);
            });
        }
    }
}

#[test]
fn shrunk_mutants_keep_their_violation() {
    let schema = Schema::connect();
    let mut runner = runner();
    let mut shrunk = 0;
    for (id, operation) in schema.operations() {
        let Some(shape) = side_shape(schema, id, Side::Input) else { continue };
        let mut kind = None;
        descend(&invalid_inputs(schema, id), &mut runner, |mutant: &Mutant| {
            let described = || format!("{} {} {}", operation.name, mutant.kind, mutant.value);
            assert_eq!(*kind.get_or_insert(mutant.kind), mutant.kind, "{}", described());
            match validate(schema, shape, &mutant.value).as_slice() {
                [Violation { path, kind, .. }] => {
                    assert_eq!((path, *kind), (&mutant.pointer, mutant.kind), "{}", described())
                }
                other => panic!("{}: {other:?}", described()),
            }
        });
        shrunk += usize::from(kind.is_some());
    }
    // The other operations have only labels without limits.
    assert!(shrunk > 390, "{shrunk}");
}

/// Shrinks to the smallest value for which `fails` returns true.
pub(crate) fn smallest<S: Strategy>(strategy: &S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
    let verdict = |value| if fails(&value) { Err(TestCaseError::fail("found")) } else { Ok(()) };
    match runner().run(strategy, verdict) {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_shrink_to_required_and_failing_members() {
    let schema = Schema::connect();
    let strategy = valid_inputs(schema, operation("CreateRule"));
    let value = smallest(&strategy, |value| value.get("Tags").is_some());
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let required = ["Actions", "Function", "InstanceId", "Name", "PublishStatus", "Tags", "TriggerEventSource"];
    assert_eq!(keys, required, "{value}");
    assert_eq!(value["Tags"].as_object().unwrap().len(), 1, "{value}");
    assert_eq!(value["Name"], "a", "{value}");
    // The rules beyond the model require the rest: an action, and the shortest possible function.
    assert_eq!(check("CreateRule", &value, &Context::default()), [], "{value}");
    assert!(value.to_string().len() < 700, "{value}");
}

#[test]
fn mutants_shrink_to_required_and_invalid_members() {
    let schema = Schema::connect();
    let strategy = invalid_inputs(schema, operation("SearchContactFlows"));
    let mutant = smallest(&strategy, |mutant| mutant.pointer == "/MaxResults");
    let keys: Vec<&str> = mutant.value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["InstanceId", "MaxResults"], "{}", mutant.value);
}
