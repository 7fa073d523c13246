//! A generated value is valid; a mutant breaks exactly what it names. The judge is native validation.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, Unrealised, side_shape, sites};
use connect_model::schema::{OperationId, Schema};
use connect_model::validate::{ViolationKind, validate};

use super::{Corpus, SIDES};

/// Values in all; a release build tries a million.
const VALUES: usize = if cfg!(debug_assertions) { 40_000 } else { 1_000_000 };

fn operations(schema: &Schema) -> Vec<(OperationId, Side)> {
    schema.operations().flat_map(|(id, _)| SIDES.map(|side| (id, side))).collect()
}

#[test]
fn a_generated_value_has_no_violation() {
    let schema = Schema::connect();
    let places = operations(schema);
    let mut corpus = Corpus::new("laws");
    for number in 0..VALUES {
        let (operation, side) = places[number % places.len()];
        let value = corpus.operation(operation, side, number / places.len());
        if let Some(shape) = side_shape(schema, operation, side) {
            let violations = validate(schema, shape, &value);
            assert!(violations.is_empty(), "{} {side:?}: {violations:?}\n{value}", schema[operation].name);
        }
    }
}

#[test]
fn no_bytes_at_all_give_a_valid_value() {
    let schema = Schema::connect();
    for config in [Config::default(), Config::full(), Config::boundary()] {
        let generator = Generator::new(schema, config);
        for (operation, side) in operations(schema) {
            let value = generator.operation(operation, side, &mut Unstructured::new(&[])).unwrap();
            if let Some(shape) = side_shape(schema, operation, side) {
                assert_eq!(validate(schema, shape, &value), [], "{}", schema[operation].name);
            }
        }
    }
}

/// Knobs that leave room for one text alone, while maps ask for many keys: the contract wins over the knobs.
#[test]
fn cramped_knobs_give_valid_values() {
    let schema = Schema::connect();
    let cramped = Config { extra: 0, max_text: 0, max_items: 16, max_depth: 8, ..Config::boundary() };
    let generator = Generator::new(schema, cramped);
    for (operation, side) in operations(schema) {
        let bytes = Stream::new(9, &schema[operation].name).bytes(1024);
        let value = generator.operation(operation, side, &mut Unstructured::new(&bytes)).unwrap();
        if let Some(shape) = side_shape(schema, operation, side) {
            assert_eq!(validate(schema, shape, &value), [], "{}", schema[operation].name);
        }
    }
}

#[test]
fn every_mutation_breaks_exactly_what_it_names_or_says_why_not() {
    let schema = Schema::connect();
    let generator = Generator::new(schema, Config::sparse());
    let mut made = 0;
    let mut reasons = std::collections::BTreeMap::new();
    for (operation, side) in operations(schema) {
        for site in sites(schema, operation, side) {
            let bytes = Stream::new(3, &site.mutation.to_string()).bytes(512);
            match generator.mutant(operation, side, &site, &mut Unstructured::new(&bytes)) {
                Ok(mutant) => {
                    made += 1;
                    let shape = side_shape(schema, operation, side).unwrap();
                    assert_eq!(validate(schema, shape, &mutant.base), [], "{}", site.mutation);
                    let violations = validate(schema, shape, &mutant.value);
                    assert_eq!(violations.len(), 1, "{}: {violations:?}", site.mutation);
                    assert_eq!(violations[0].kind, site.mutation.kind);
                }
                Err(Unrealised::Base(error)) => panic!("{} {}: {error}", schema[operation].name, site.mutation),
                Err(why) => {
                    let shape = &schema[site.slot.target].name;
                    *reasons.entry((site.mutation.kind, shape.clone(), why_word(&why))).or_insert(0) += 1;
                }
            }
        }
    }
    println!("{made} mutants; not realised: {reasons:#?}");
    assert!(made > 10_000, "{made} mutants");
}

fn why_word(why: &Unrealised) -> &'static str {
    match why {
        Unrealised::Base(_) => "base",
        Unrealised::Entangled(_) => "entangled",
        Unrealised::OverBudget(..) => "over budget",
    }
}

#[test]
fn every_kind_of_violation_occurs_except_those_that_this_model_cannot_have() {
    let schema = Schema::connect();
    let mut seen = std::collections::BTreeSet::new();
    for (operation, side) in operations(schema) {
        seen.extend(sites(schema, operation, side).iter().map(|site| site.mutation.kind));
    }
    let missing: Vec<_> = ViolationKind::ALL.iter().filter(|kind| !seen.contains(kind)).collect();
    // Connect has no unique lists and no blobs.
    assert_eq!(missing, [&ViolationKind::BlobEncoding, &ViolationKind::Unique]);
}
