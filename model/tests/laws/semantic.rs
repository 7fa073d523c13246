//! Laws of the rules beyond the service model, over whole inputs: a valid input satisfies all of them, and a broken input
//! has exactly one problem.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::schema::Schema;
use connect_model::semantics::{Confidence, Context, breaches, broken, check};
use connect_model::validate::validate;

const OPERATIONS: &[&str] = &[
    "CreateContactFlow",
    "CreateContactFlowModule",
    "CreateRule",
    "UpdateContactFlowContent",
    "UpdateContactFlowModuleContent",
    "UpdateRule",
];

fn context() -> Context<'static> {
    Context { event_source: Some("OnRealTimeCallAnalysisAvailable"), flow_type: Some("CONTACT_FLOW") }
}

#[test]
fn generated_inputs_satisfy_every_rule() {
    let schema = Schema::connect();
    for name in ["CreateContactFlow", "CreateContactFlowModule", "CreateRule"] {
        let id = schema.operation_named(name).unwrap();
        for config in [Config::sparse(), Config::default(), Config::full()] {
            let generator = Generator::new(schema, config);
            let mut stream = Stream::new(7, name);
            for _ in 0..300 {
                let bytes = stream.bytes(2048);
                let input = generator.input(id, &mut Unstructured::new(&bytes)).unwrap();
                let sure: Vec<_> = check(name, &input, &Context::default())
                    .into_iter()
                    .filter(|(_, problem)| problem.confidence > Confidence::Low)
                    .collect();
                assert_eq!(sure, [], "{name}: {input}");
            }
        }
    }
}

#[test]
fn broken_inputs_have_exactly_one_problem() {
    let schema = Schema::connect();
    let mut tried = 0;
    for name in OPERATIONS {
        let id = schema.operation_named(name).unwrap();
        let generator = Generator::new(schema, Config::sparse());
        let mut stream = Stream::new(8, name);
        for breach in breaches(name) {
            for _ in 0..3 {
                let bytes = stream.bytes(2048);
                let mut u = Unstructured::new(&bytes);
                let Some(made) = broken(name, breach, &context(), &mut u) else { continue };
                let mut valid = generator.input(id, &mut u).unwrap();
                valid.as_object_mut().unwrap().extend(made.valid);
                let mut invalid = valid.clone();
                invalid.as_object_mut().unwrap().extend(made.invalid);
                let found = |input| -> BTreeSet<(&str, &str)> {
                    check(name, input, &context()).into_iter().map(|(language, p)| (language, p.kind)).collect()
                };
                assert_eq!(found(&valid), BTreeSet::new(), "{name} {}", breach.kind);
                assert_eq!(found(&invalid), BTreeSet::from([(breach.language, breach.kind)]), "{name}");
                // The input is valid for the service model.
                assert_eq!(validate(schema, schema[id].input.unwrap(), &invalid), [], "{name} {}", breach.kind);
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}
