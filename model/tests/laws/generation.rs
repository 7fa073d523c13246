//! Generated values are valid, and mutants have exactly the violation that they name. The judge is native validation.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, Unrealised, side_shape, sites};
use connect_model::schema::{OperationId, Schema};
use connect_model::validate::{ViolationKind, validate};

use super::{Corpus, SIDES};

/// Total number of values; a release build generates a million.
const VALUES: usize = if cfg!(debug_assertions) { 40_000 } else { 1_000_000 };

fn operations(schema: &Schema) -> Vec<(OperationId, Side)> {
    schema.operations().flat_map(|(id, _)| SIDES.map(|side| (id, side))).collect()
}

#[test]
fn generated_values_have_no_violation() {
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
fn generates_valid_values_from_no_bytes() {
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

/// The settings allow a single text, but maps need many keys: the contract takes precedence over the settings.
#[test]
fn generates_valid_values_with_tight_settings() {
    let schema = Schema::connect();
    let tight = Config { extra: 0, max_text: 0, max_items: 16, max_depth: 8, ..Config::boundary() };
    let generator = Generator::new(schema, tight);
    for (operation, side) in operations(schema) {
        let bytes = Stream::new(9, &schema[operation].name).bytes(1024);
        let value = generator.operation(operation, side, &mut Unstructured::new(&bytes)).unwrap();
        if let Some(shape) = side_shape(schema, operation, side) {
            assert_eq!(validate(schema, shape, &value), [], "{}", schema[operation].name);
        }
    }
}

#[test]
fn every_mutation_has_exactly_its_violation_or_a_reason() {
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
                    *reasons.entry((site.mutation.kind, shape.clone(), reason_word(&why))).or_insert(0) += 1;
                }
            }
        }
    }
    println!("{made} mutants; not possible: {reasons:#?}");
    assert!(made > 10_000, "{made} mutants");
}

fn reason_word(why: &Unrealised) -> &'static str {
    match why {
        Unrealised::Base(_) => "base",
        Unrealised::Entangled(_) => "entangled",
        Unrealised::OverBudget(..) => "over budget",
    }
}

#[test]
fn every_applicable_kind_of_violation_occurs() {
    let schema = Schema::connect();
    let mut seen = std::collections::BTreeSet::new();
    for (operation, side) in operations(schema) {
        seen.extend(sites(schema, operation, side).iter().map(|site| site.mutation.kind));
    }
    let missing: Vec<_> = ViolationKind::ALL.iter().filter(|kind| !seen.contains(kind)).collect();
    // Connect has no unique lists and no blobs.
    assert_eq!(missing, [&ViolationKind::BlobEncoding, &ViolationKind::Unique]);
}
