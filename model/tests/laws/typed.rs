//! The typed shapes as others use them: what `Arbitrary` makes of any bytes keeps the contract, and what the strategies
//! give stays what it is on the way down. Judges: native validation, the rules beside the model, the `jsonschema` crate.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Side, side_shape};
use connect_model::schema::{Kind, Schema};
use connect_model::semantics::{Confidence, Context, Problem, check, check_parts};
use connect_model::shapes::strategy::{Misused, inputs, invalid_inputs, misused_inputs, outputs, values};
use connect_model::shapes::{
    CORE_OPERATIONS, CreateRuleRequest, ERRORS, ErrorVisitor, Operation, RuleAction, SHAPES, ServiceError, Shape,
    ShapeVisitor, ops, visit_error, visit_shape,
};
use connect_model::validate::validate;
use proptest::strategy::Strategy;
use serde_json::{Value, to_value};

use super::judges::judge;
use super::shrinking::{descend, runner, smallest};

/// Values of each message; a release build makes more.
const VALUES: usize = if cfg!(debug_assertions) { 1_000 } else { 5_000 };

/// Values of each shape.
const PARTS: usize = VALUES / 4;

/// Lengths of the bytes that a value is made from, in turn.
const LENGTHS: [usize; 8] = [0, 1, 3, 16, 64, 256, 1024, 2048];

/// Values of a type from bytes of every length, each as JSON; each reads as it was written.
fn made<T: Shape>(count: usize) -> impl Iterator<Item = (T, Value)> {
    let mut stream = Stream::new(12, T::NAME);
    (0..count).map(move |at| {
        let bytes = stream.bytes(LENGTHS[at % LENGTHS.len()]);
        let typed = T::arbitrary(&mut Unstructured::new(&bytes)).unwrap_or_else(|error| panic!("{}: {error}", T::NAME));
        let value = to_value(&typed).unwrap();
        assert_eq!(T::deserialize(&value).unwrap(), typed, "{value}");
        (typed, value)
    })
}

/// What is sure enough to call a value wrong: generation keeps nothing else.
fn sure(problems: Vec<(&'static str, Problem)>) -> Vec<(&'static str, Problem)> {
    problems.into_iter().filter(|(_, problem)| problem.confidence > Confidence::Low).collect()
}

/// What a message has wrong, by all rules that there are.
fn wrong<O: Operation>(side: Side, value: &Value) -> Vec<String> {
    let schema = Schema::connect();
    let id = schema.operation_named(O::NAME).unwrap();
    let Some(shape) = side_shape(schema, id, side) else { return Vec::new() };
    let problems = match side {
        Side::Input => check(O::NAME, value, &Context::default()),
        Side::Output => check_parts(schema, shape, value),
    };
    let violations = validate(schema, shape, value).into_iter().map(|violation| violation.to_string());
    violations.chain(sure(problems).into_iter().map(|(_, problem)| problem.message)).collect()
}

fn each_operation<V: ops::Visitor<Output = ()> + Copy>(visitor: V) {
    assert_eq!(ops::NAMES, CORE_OPERATIONS);
    for name in ops::NAMES {
        ops::visit(name, visitor).unwrap_or_else(|| panic!("{name} is not visited"));
    }
    assert_eq!(ops::visit("NoSuchOperation", visitor), None);
}

#[test]
fn what_any_bytes_make_keeps_the_contract() {
    #[derive(Clone, Copy)]
    struct Judge;
    impl Judge {
        fn side<O: Operation, T: Shape>(side: Side) {
            let schema = Schema::connect();
            let id = schema.operation_named(O::NAME).unwrap();
            let judge = side_shape(schema, id, side).map(|_| judge(schema, id, side));
            for (_, value) in made::<T>(VALUES) {
                assert_eq!(wrong::<O>(side, &value), [""; 0], "{} {side:?}: {value}", O::NAME);
                if let Some(judge) = &judge {
                    let error = judge.validate(&value).err().map(|error| error.to_string());
                    assert_eq!(error, None, "{} {side:?}: {value}", O::NAME);
                }
            }
        }
    }
    impl ops::Visitor for Judge {
        type Output = ();
        fn visit<O: Operation>(self) {
            Self::side::<O, O::Input>(Side::Input);
            Self::side::<O, O::Output>(Side::Output);
        }
    }
    each_operation(Judge);
}

#[test]
fn every_shape_keeps_the_contract_by_itself() {
    struct Judge;
    impl ShapeVisitor for Judge {
        type Output = ();
        fn visit<T: Shape>(self) {
            let schema = Schema::connect();
            let shape = schema.shape_named(T::NAME).unwrap();
            let mut seen = BTreeSet::new();
            for (_, value) in made::<T>(PARTS) {
                assert_eq!(validate(schema, shape, &value), [], "{}: {value}", T::NAME);
                assert_eq!(sure(check_parts(schema, shape, &value)), [], "{}: {value}", T::NAME);
                seen.insert(value.to_string());
            }
            match &schema[shape].kind {
                Kind::Enum(values) => assert_eq!(seen.len(), values.len(), "{}: {seen:?}", T::NAME),
                Kind::Structure(members) if members.is_empty() => assert_eq!(seen.len(), 1, "{}", T::NAME),
                _ => assert!(seen.len() > 1, "{}: {seen:?}", T::NAME),
            }
        }
    }
    SHAPES.iter().for_each(|name| visit_shape(name, Judge).unwrap());
}

#[test]
fn an_error_is_a_shape_with_a_code() {
    struct Code;
    impl ErrorVisitor for Code {
        type Output = (&'static str, u16);
        fn visit<E: ServiceError>(self) -> Self::Output {
            assert_eq!(E::CODE, E::NAME);
            (E::CODE, E::STATUS)
        }
    }
    let schema = Schema::connect();
    for name in ERRORS {
        let modelled = schema[schema.error_named(name).unwrap()].error.as_ref().unwrap();
        assert_eq!(visit_error(name, Code), Some((*name, modelled.status)));
    }
    assert_eq!(visit_error("RuleAction", Code), None);
}

/// Judged by what it looks like, not by the table that it was made from.
#[test]
fn an_action_by_itself_has_the_payload_of_its_type() {
    let mut types = BTreeSet::new();
    for (typed, value) in made::<RuleAction>(4 * PARTS) {
        let members: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members.len(), 2, "{value}");
        assert!(members.contains("ActionType"), "{value}");
        let payload = *members.iter().find(|name| **name != "ActionType").unwrap();
        types.insert((typed.action_type.to_string(), payload.to_owned()));
    }
    let distinct: BTreeSet<&String> = types.iter().map(|(kind, _)| kind).collect();
    assert_eq!((types.len(), distinct.len()), (12, 12), "{types:?}");
}

#[test]
fn shrunk_messages_keep_the_contract() {
    #[derive(Clone, Copy)]
    struct Descend;
    impl ops::Visitor for Descend {
        type Output = ();
        fn visit<O: Operation>(self) {
            let (mut runner, mut seen) = (runner(), [0, 0]);
            for _ in 0..4 {
                descend(&inputs::<O>(), &mut runner, |typed| {
                    let value = to_value(typed).unwrap();
                    assert_eq!(wrong::<O>(Side::Input, &value), [""; 0], "{} {value}", O::NAME);
                    seen[0] += 1;
                });
                descend(&outputs::<O>(), &mut runner, |typed| {
                    let value = to_value(typed).unwrap();
                    assert_eq!(wrong::<O>(Side::Output, &value), [""; 0], "{} {value}", O::NAME);
                    seen[1] += 1;
                });
            }
            assert!(seen.iter().all(|seen| *seen >= 4), "{}: {seen:?}", O::NAME);
        }
    }
    each_operation(Descend);
}

#[test]
fn shrunk_shapes_keep_the_contract() {
    struct Descend;
    impl ShapeVisitor for Descend {
        type Output = ();
        fn visit<T: Shape>(self) {
            let schema = Schema::connect();
            let shape = schema.shape_named(T::NAME).unwrap();
            let mut seen = 0;
            descend(&values::<T>(), &mut runner(), |typed| {
                let value = to_value(typed).unwrap();
                assert_eq!(validate(schema, shape, &value), [], "{} {value}", T::NAME);
                assert_eq!(sure(check_parts(schema, shape, &value)), [], "{} {value}", T::NAME);
                seen += 1;
            });
            assert!(seen > 0, "{} has no value", T::NAME);
        }
    }
    SHAPES.iter().for_each(|name| visit_shape(name, Descend).unwrap());
}

#[test]
fn a_rule_shrinks_to_a_small_one_that_is_still_right() {
    let any = proptest::arbitrary::any::<CreateRuleRequest>();
    let rule = smallest(&any, |rule| rule.tags.is_some());
    let value = to_value(&rule).unwrap();
    assert_eq!(rule.tags.map(|tags| tags.len()), Some(1), "{value}");
    assert_eq!((rule.name.as_str(), rule.instance_id.as_str(), &rule.client_token), ("a", "a", &None), "{value}");
    assert_eq!(wrong::<ops::CreateRule>(Side::Input, &value), [""; 0], "{value}");
    // Most of it is the one function that is as short as functions get.
    assert!(value.to_string().len() < 700, "{value}");
}

#[test]
fn a_payload_shrinks_beside_its_type() {
    let strategy = inputs::<ops::CreateRule>();
    let has_fields = |action: &RuleAction| action.create_case_action.as_ref().is_some_and(|case| case.fields.len() > 1);
    let rule = smallest(&strategy, |rule| rule.actions.iter().any(has_fields));
    let case = rule.actions.iter().find(|action| has_fields(action)).unwrap();
    assert_eq!(case.create_case_action.as_ref().unwrap().fields.len(), 2, "{case:?}");
    assert_eq!(wrong::<ops::CreateRule>(Side::Input, &to_value(&rule).unwrap()), [""; 0]);
}

#[test]
fn an_invalid_input_has_one_violation_on_the_way_down() {
    let shape = shape_of::<ops::CreateRule>();
    let (mut kinds, mut runner) = (BTreeSet::new(), runner());
    for _ in 0..40 {
        descend(&invalid_inputs::<ops::CreateRule>(), &mut runner, |mutant| {
            let violations = validate(Schema::connect(), shape, &mutant.value);
            assert_eq!(violations.len(), 1, "{mutant:?}");
            assert_eq!((violations[0].kind, &violations[0].path), (mutant.kind, &mutant.pointer));
            kinds.insert(mutant.kind);
        });
    }
    assert!(kinds.len() > 5, "{kinds:?}");
}

/// A misused input is right for the model, breaks the one rule that it names, and has a twin that breaks none.
#[test]
fn a_misused_input_breaks_one_rule_on_the_way_down() {
    fn hold<O: Operation>(context: Context<'static>) {
        let mut runner = runner();
        let strategy = misused_inputs::<O>().about(context);
        let (mut breaches, mut shorter) = (BTreeSet::new(), 0);
        for _ in 0..40 {
            let mut first = None;
            descend(&strategy, &mut runner, |Misused { valid, invalid, breach }| {
                let problems = |input: &O::Input| -> BTreeSet<&str> {
                    let value = to_value(input).unwrap();
                    assert_eq!(validate(Schema::connect(), shape_of::<O>(), &value), [], "{value}");
                    check(O::NAME, &value, &context).iter().map(|(_, problem)| problem.kind).collect()
                };
                assert_eq!(problems(valid), BTreeSet::new(), "{} {}", O::NAME, breach.kind);
                assert_eq!(problems(invalid), BTreeSet::from([breach.kind]), "{}", O::NAME);
                assert!(breach.confidence > Confidence::Low, "{breach:?}");
                let length = to_value(invalid).unwrap().to_string().len();
                shorter += usize::from(length < *first.get_or_insert(length));
                breaches.insert(breach.kind);
            });
        }
        assert!(breaches.len() > 15 && shorter > 0, "{} {shorter}: {breaches:?}", O::NAME);
    }
    let sla = Context { event_source: Some("OnSlaBreach"), flow_type: Some("AGENT_HOLD") };
    hold::<ops::CreateRule>(Context::default());
    hold::<ops::UpdateRule>(sla);
    hold::<ops::CreateContactFlow>(Context::default());
    hold::<ops::UpdateContactFlowContent>(sla);
    hold::<ops::CreateContactFlowModule>(Context::default());
    // Nothing beside the model is known of the others, and they say so.
    let none = misused_inputs::<ops::ListRules>().new_tree(&mut runner()).map(|_| ());
    assert!(none.unwrap_err().message().contains("no rule"));
}

fn shape_of<O: Operation>() -> connect_model::schema::ShapeId {
    side_shape(Schema::connect(), super::operation(O::NAME), Side::Input).unwrap()
}
