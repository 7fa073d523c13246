//! Laws of repair: generated rules satisfy the contract at every focus, and the focus stays.

use super::seeded;
use crate::generate::{Config, Generator, Side, side_shape, sites};
use crate::schema::Schema;
use crate::semantics::rule::{check, source_for, sources::EVENT_SOURCES};
use crate::semantics::{Confidence, Context, repair};
use crate::validate::validate;

#[test]
fn generated_rules_satisfy_the_contract() {
    let schema = Schema::connect();
    let operation = schema.operation_named("CreateRule").unwrap();
    let shape = side_shape(schema, operation, Side::Input).unwrap();
    for config in [Config::default(), Config::sparse(), Config::full(), Config::boundary()] {
        let generator = Generator::new(schema, config);
        for seed in 0..1_500 {
            let value = seeded(seed, "generated", |u| generator.input(operation, u)).unwrap();
            assert_eq!(validate(schema, shape, &value), [], "{value}");
            // An undocumented action stays if it is probably allowed.
            let judged = check(&value, &Context::default());
            assert!(judged.iter().all(|(_, problem)| problem.confidence == Confidence::Low), "{judged:?} {value}");
        }
    }
}

#[test]
fn repair_keeps_the_focus() {
    let schema = Schema::connect();
    for name in ["CreateRule", "UpdateRule"] {
        let operation = schema.operation_named(name).unwrap();
        let generator = Generator::new(schema, Config::sparse());
        let mut seen = 0;
        for site in sites(schema, operation, Side::Input) {
            for seed in 0..10 {
                let focus = &site.mutation.path;
                let value =
                    seeded(seed, "focus", |u| generator.focused(operation, Side::Input, focus, u)).unwrap().value;
                assert!(focus.first_in(&value).is_some(), "{name} {focus}: {value}");
                // Three actions are documented for no event source.
                let judged = check(&value, &Context::default());
                assert!(
                    judged.iter().all(|(_, problem)| problem.confidence == Confidence::Low),
                    "{focus}: {judged:?} {value}"
                );
                seen += 1;
            }
        }
        assert!(seen > 1000, "{name}: {seen}");
    }
}

#[test]
fn updates_are_repaired_for_the_source_of_their_rule() {
    let schema = Schema::connect();
    let operation = schema.operation_named("UpdateRule").unwrap();
    let generator = Generator::new(schema, Config::sparse());
    let present = "OnRealTimeCallAnalysisAvailable";
    for site in sites(schema, operation, Side::Input) {
        let focus = &site.mutation.path;
        let source = source_for(focus, Some(present)).unwrap_or(present);
        let context = Context { event_source: Some(source), ..Context::default() };
        let value = seeded(3, "update", |u| {
            let mut value = generator.focused(operation, Side::Input, focus, u).unwrap().value;
            repair("UpdateRule", &mut value, focus, &context, u);
            value
        });
        assert!(focus.first_in(&value).is_some(), "{focus}: {value}");
        let judged = check(&value, &context);
        assert!(judged.iter().all(|(_, problem)| problem.confidence == Confidence::Low), "{focus}: {judged:?} {value}");
    }
}

#[test]
fn repair_is_idempotent() {
    let schema = Schema::connect();
    let operation = schema.operation_named("CreateRule").unwrap();
    let generator = Generator::new(schema, Config::full());
    let mut sources = std::collections::BTreeSet::new();
    for seed in 0..500 {
        let (once, twice) = seeded(seed, "twice", |u| {
            let once = generator.input(operation, u).unwrap();
            let mut twice = once.clone();
            repair("CreateRule", &mut twice, &Default::default(), &Context::default(), u);
            (once, twice)
        });
        assert_eq!(once, twice);
        sources.insert(once["TriggerEventSource"]["EventSourceName"].to_string());
    }
    assert_eq!(sources.len(), EVENT_SOURCES.len(), "repair removes no event source");
}
