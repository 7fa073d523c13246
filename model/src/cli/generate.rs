//! The command `generate`: valid values, and values with one violation each.

use std::collections::BTreeSet;
use std::io::Write;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, sites};
use connect_model::schema::{OperationId, Schema};
use serde_json::{Value, json};

use super::{Failure, key};

/// Number of random bytes that one value is generated from.
pub(super) const BYTES: usize = 2048;

/// Prints valid values, or values at the limits with `boundary`.
pub(super) fn valid(
    schema: &Schema,
    id: OperationId,
    side: Side,
    count: u64,
    seed: u64,
    boundary: bool,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let config = if boundary { Config::boundary() } else { Config::default() };
    let generator = Generator::new(schema, config);
    let name = &schema[id].name;
    let case = if boundary { "boundary" } else { "valid" };
    let mut stream = Stream::new(seed, name);
    let mut reported = BTreeSet::new();
    for _ in 0..count {
        let bytes = stream.bytes(BYTES);
        let made = generator.focused(id, side, &Default::default(), &mut Unstructured::new(&bytes))?;
        for left in made.left_out {
            if reported.insert((left.shape.clone(), left.limit)) {
                eprintln!("left out: the limit {} of {} is over the budget of {}", left.limit, left.shape, left.budget);
            }
        }
        print_generated(out, name, case, side, made.value, Value::Null)?;
    }
    Ok(())
}

/// Prints values with one violation each.
pub(super) fn invalid(
    schema: &Schema,
    id: OperationId,
    side: Side,
    count: u64,
    seed: u64,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let generator = Generator::new(schema, Config::sparse());
    let name = &schema[id].name;
    let mut stream = Stream::new(seed, name);
    // Every mutation once, then all of them again with other values.
    let mut made = 0;
    let all = sites(schema, id, side);
    let mut left_out = Vec::new();
    'rounds: for round in 0.. {
        let before = made;
        for site in &all {
            if made == count {
                break 'rounds;
            }
            let bytes = stream.bytes(BYTES);
            match generator.mutant(id, side, site, &mut Unstructured::new(&bytes)) {
                Ok(mutant) => {
                    made += 1;
                    let case = format!("invalid.{}", site.mutation);
                    let violation = json!({"path": mutant.pointer, "kind": mutant.kind});
                    print_generated(out, name, &case, side, mutant.value, violation)?;
                }
                Err(why) if round == 0 => left_out.push(why.to_string()),
                Err(_) => {}
            }
        }
        if made == before {
            return Err(format!("{name} has no constraint that can be violated on its own").into());
        }
    }
    for why in left_out {
        eprintln!("left out: {why}");
    }
    Ok(())
}

/// Prints one generated value as a line of JSON.
pub(super) fn print_generated(
    out: &mut impl Write,
    operation: &str,
    case: &str,
    side: Side,
    value: Value,
    violation: Value,
) -> Result<(), Failure> {
    writeln!(out, "{}", json!({"operation": operation, "case": case, key(side): value, "violation": violation}))?;
    Ok(())
}
