//! Every limit of the contract has a value right at it, which native validation and the `jsonschema` crate accept.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, Unreached, sites};
use connect_model::schema::Schema;
use connect_model::validate::{ViolationKind, excerpt};

use crate::judges::judge;

#[test]
fn values_at_every_limit_are_valid() {
    let schema = Schema::connect();
    let generator = Generator::new(schema, Config::sparse());
    let (mut reached, mut over_budget) = (0, 0);
    let mut values: BTreeMap<ViolationKind, (usize, usize)> = BTreeMap::new();
    for (operation, contract) in schema.operations() {
        let judge = judge(schema, operation, Side::Input);
        for site in sites(schema, operation, Side::Input) {
            let name = format!("{}/{}", contract.name, site.mutation);
            let bytes = Stream::new(0, &name).bytes(256);
            let mut u = Unstructured::new(&bytes);
            let base = generator.focused(operation, Side::Input, &site.mutation.path, &mut u).unwrap().value;
            let found = match generator.touch(operation, Side::Input, &site, &base, &mut u) {
                Ok(found) => found,
                Err(Unreached::OverBudget(..)) => {
                    over_budget += 1;
                    continue;
                }
                Err(why) => panic!("{name}: {why}"),
            };
            reached += 1;
            let (sites, all) = values.entry(site.mutation.kind).or_default();
            (*sites, *all) = (*sites + 1, *all + found.len());
            for limit in found {
                let place = limit.value.pointer(&limit.pointer);
                assert!(place.is_some() || site.mutation.path.to_string().ends_with("{}"), "{name}: {}", limit.pointer);
                if let Err(error) = judge.validate(&limit.value) {
                    panic!("{name}: {error}: {}", excerpt(place.unwrap_or(&limit.value)));
                }
            }
        }
    }
    assert!(reached > 8_900, "{reached}");
    assert!(over_budget < 10, "{over_budget} limits need more characters than any test sends");
    for kind in [ViolationKind::EnumUnknown, ViolationKind::Pattern, ViolationKind::TimestampFormat] {
        let (sites, all) = values[&kind];
        assert!(sites > 10 && all > 2 * sites, "several values at each limit of {kind}: {all} at {sites}");
    }
}

/// The two ends of a length are the shortest and the longest text that the pattern allows.
#[test]
fn texts_at_the_ends_have_the_length_of_the_limit() {
    let schema = Schema::connect();
    let generator = Generator::new(schema, Config::sparse());
    let operation = schema.operation_named("CreateRule").unwrap();
    let mut lengths = Vec::new();
    for site in sites(schema, operation, Side::Input) {
        let kind = site.mutation.kind;
        if site.mutation.path.to_string() != "Name"
            || !matches!(kind, ViolationKind::LengthMin | ViolationKind::LengthMax)
        {
            continue;
        }
        let mut u = Unstructured::new(&[7; 64]);
        let base = generator.focused(operation, Side::Input, &site.mutation.path, &mut u).unwrap().value;
        for limit in generator.touch(operation, Side::Input, &site, &base, &mut u).unwrap() {
            lengths.push((kind, limit.value["Name"].as_str().unwrap().chars().count()));
        }
    }
    assert_eq!(lengths, [(ViolationKind::LengthMin, 1), (ViolationKind::LengthMax, 200)]);
}
