//! Typed shapes: `Arbitrary` makes values that conform to the contract from any bytes, and the values of strategies keep
//! their property while they shrink. Judges: native validation, the rules beyond the model, the `jsonschema` crate.

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

/// Number of values per message; a release build makes more.
const VALUES: usize = if cfg!(debug_assertions) { 1_000 } else { 5_000 };

/// Number of values per shape.
const PARTS: usize = VALUES / 4;

/// Lengths of the byte strings that values are made from, in turn.
const LENGTHS: [usize; 8] = [0, 1, 3, 16, 64, 256, 1024, 2048];

/// Makes values of a type from byte strings of all lengths, and converts each to JSON and back.
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

/// Keeps the problems whose confidence is high enough to call a value invalid.
fn confident(problems: Vec<(&'static str, Problem)>) -> Vec<(&'static str, Problem)> {
    problems.into_iter().filter(|(_, problem)| problem.confidence > Confidence::Low).collect()
}

/// Returns the problems of a message, by all rules.
fn problems_of<O: Operation>(side: Side, value: &Value) -> Vec<String> {
    let schema = Schema::connect();
    let id = schema.operation_named(O::NAME).unwrap();
    let Some(shape) = side_shape(schema, id, side) else { return Vec::new() };
    let problems = match side {
        Side::Input => check(O::NAME, value, &Context::default()),
        Side::Output => check_parts(schema, shape, value),
    };
    let violations = validate(schema, shape, value).into_iter().map(|violation| violation.to_string());
    violations.chain(confident(problems).into_iter().map(|(_, problem)| problem.message)).collect()
}

fn each_operation<V: ops::Visitor<Output = ()> + Copy>(visitor: V) {
    assert_eq!(ops::NAMES, CORE_OPERATIONS);
    for name in ops::NAMES {
        ops::visit(name, visitor).unwrap_or_else(|| panic!("{name} is not visited"));
    }
    assert_eq!(ops::visit("NoSuchOperation", visitor), None);
}

#[test]
fn messages_from_any_bytes_conform() {
    #[derive(Clone, Copy)]
    struct Judge;
    impl Judge {
        fn side<O: Operation, T: Shape>(side: Side) {
            let schema = Schema::connect();
            let id = schema.operation_named(O::NAME).unwrap();
            let judge = side_shape(schema, id, side).map(|_| judge(schema, id, side));
            for (_, value) in made::<T>(VALUES) {
                assert_eq!(problems_of::<O>(side, &value), [""; 0], "{} {side:?}: {value}", O::NAME);
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
fn shapes_from_any_bytes_conform() {
    struct Judge;
    impl ShapeVisitor for Judge {
        type Output = ();
        fn visit<T: Shape>(self) {
            let schema = Schema::connect();
            let shape = schema.shape_named(T::NAME).unwrap();
            let mut seen = BTreeSet::new();
            for (_, value) in made::<T>(PARTS) {
                assert_eq!(validate(schema, shape, &value), [], "{}: {value}", T::NAME);
                assert_eq!(confident(check_parts(schema, shape, &value)), [], "{}: {value}", T::NAME);
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
fn errors_have_the_modelled_code_and_status() {
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

/// The judge looks at the value, not at the table that it was made from.
#[test]
fn actions_have_the_payload_of_their_type() {
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
fn shrunk_messages_conform() {
    #[derive(Clone, Copy)]
    struct Descend;
    impl ops::Visitor for Descend {
        type Output = ();
        fn visit<O: Operation>(self) {
            let (mut runner, mut seen) = (runner(), [0, 0]);
            for _ in 0..4 {
                descend(&inputs::<O>(), &mut runner, |typed| {
                    let value = to_value(typed).unwrap();
                    assert_eq!(problems_of::<O>(Side::Input, &value), [""; 0], "{} {value}", O::NAME);
                    seen[0] += 1;
                });
                descend(&outputs::<O>(), &mut runner, |typed| {
                    let value = to_value(typed).unwrap();
                    assert_eq!(problems_of::<O>(Side::Output, &value), [""; 0], "{} {value}", O::NAME);
                    seen[1] += 1;
                });
            }
            assert!(seen.iter().all(|seen| *seen >= 4), "{}: {seen:?}", O::NAME);
        }
    }
    each_operation(Descend);
}

#[test]
fn shrunk_shapes_conform() {
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
                assert_eq!(confident(check_parts(schema, shape, &value)), [], "{} {value}", T::NAME);
                seen += 1;
            });
            assert!(seen > 0, "{} has no value", T::NAME);
        }
    }
    SHAPES.iter().for_each(|name| visit_shape(name, Descend).unwrap());
}

#[test]
fn rules_shrink_to_small_valid_rules() {
    let any = proptest::arbitrary::any::<CreateRuleRequest>();
    let rule = smallest(&any, |rule| rule.tags.is_some());
    let value = to_value(&rule).unwrap();
    assert_eq!(rule.tags.map(|tags| tags.len()), Some(1), "{value}");
    assert_eq!((rule.name.as_str(), rule.instance_id.as_str(), &rule.client_token), ("a", "a", &None), "{value}");
    assert_eq!(problems_of::<ops::CreateRule>(Side::Input, &value), [""; 0], "{value}");
    // Most of the text is the function, which is the shortest possible one.
    assert!(value.to_string().len() < 700, "{value}");
}

#[test]
fn payloads_shrink_within_their_type() {
    let strategy = inputs::<ops::CreateRule>();
    let has_fields = |action: &RuleAction| action.create_case_action.as_ref().is_some_and(|case| case.fields.len() > 1);
    let rule = smallest(&strategy, |rule| rule.actions.iter().any(has_fields));
    let case = rule.actions.iter().find(|action| has_fields(action)).unwrap();
    assert_eq!(case.create_case_action.as_ref().unwrap().fields.len(), 2, "{case:?}");
    assert_eq!(problems_of::<ops::CreateRule>(Side::Input, &to_value(&rule).unwrap()), [""; 0]);
}

#[test]
fn invalid_inputs_keep_one_violation_while_shrinking() {
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

/// A misused input is valid for the model, breaks exactly the rule that it names, and has a twin that breaks none.
#[test]
fn misused_inputs_keep_one_broken_rule_while_shrinking() {
    fn check_operation<O: Operation>(context: Context<'static>) {
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
    check_operation::<ops::CreateRule>(Context::default());
    check_operation::<ops::UpdateRule>(sla);
    check_operation::<ops::CreateContactFlow>(Context::default());
    check_operation::<ops::UpdateContactFlowContent>(sla);
    check_operation::<ops::CreateContactFlowModule>(Context::default());
    // Other operations have no rules beyond the model, and their strategies fail with that reason.
    let none = misused_inputs::<ops::ListRules>().new_tree(&mut runner()).map(|_| ());
    assert!(none.unwrap_err().message().contains("no rule"));
}

fn shape_of<O: Operation>() -> connect_model::schema::ShapeId {
    side_shape(Schema::connect(), super::operation(O::NAME), Side::Input).unwrap()
}
