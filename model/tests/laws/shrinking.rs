//! Shrinking keeps what it shrinks: a valid value stays valid, a mutant keeps its one violation, and both get small.

use connect_model::generate::{Mutant, Side, invalid_inputs, side_shape, valid_inputs, valid_outputs};
use connect_model::schema::Schema;
use connect_model::semantics::{Context, check};
use connect_model::validate::{Violation, validate};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::operation;

/// Steps down that are looked at, for each value.
const STEPS: usize = 40;

pub(crate) fn runner() -> TestRunner {
    let config = Config { failure_persistence: None, max_shrink_iters: 100_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Goes down with a test that fails two times out of three, and shows every value on the way.
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
fn a_shrunk_valid_value_is_valid() {
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
fn a_shrunk_mutant_keeps_its_one_violation() {
    let schema = Schema::connect();
    let mut runner = runner();
    let mut shrunk = 0;
    for (id, operation) in schema.operations() {
        let Some(shape) = side_shape(schema, id, Side::Input) else { continue };
        let mut kind = None;
        descend(&invalid_inputs(schema, id), &mut runner, |mutant: &Mutant| {
            let told = || format!("{} {} {}", operation.name, mutant.kind, mutant.value);
            assert_eq!(*kind.get_or_insert(mutant.kind), mutant.kind, "{}", told());
            match validate(schema, shape, &mutant.value).as_slice() {
                [Violation { path, kind, .. }] => {
                    assert_eq!((path, *kind), (&mutant.pointer, mutant.kind), "{}", told())
                }
                other => panic!("{}: {other:?}", told()),
            }
        });
        shrunk += usize::from(kind.is_some());
    }
    // The rest takes nothing but labels without a limit.
    assert!(shrunk > 390, "{shrunk}");
}

/// The smallest value that a search by `fails` comes to.
pub(crate) fn smallest<S: Strategy>(strategy: &S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
    let verdict = |value| if fails(&value) { Err(TestCaseError::fail("found")) } else { Ok(()) };
    match runner().run(strategy, verdict) {
        Err(TestError::Fail(_, value)) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_shrinks_to_what_is_required_and_what_fails() {
    let schema = Schema::connect();
    let strategy = valid_inputs(schema, operation("CreateRule"));
    let value = smallest(&strategy, |value| value.get("Tags").is_some());
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let required = ["Actions", "Function", "InstanceId", "Name", "PublishStatus", "Tags", "TriggerEventSource"];
    assert_eq!(keys, required, "{value}");
    assert_eq!(value["Tags"].as_object().unwrap().len(), 1, "{value}");
    assert_eq!(value["Name"], "a", "{value}");
    // The rules beside the model ask for the rest: an action, and a function as short as functions get.
    assert_eq!(check("CreateRule", &value, &Context::default()), [], "{value}");
    assert!(value.to_string().len() < 700, "{value}");
}

#[test]
fn a_mutant_shrinks_to_what_is_required_and_what_is_wrong() {
    let schema = Schema::connect();
    let strategy = invalid_inputs(schema, operation("SearchContactFlows"));
    let mutant = smallest(&strategy, |mutant| mutant.pointer == "/MaxResults");
    let keys: Vec<&str> = mutant.value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["InstanceId", "MaxResults"], "{}", mutant.value);
}
