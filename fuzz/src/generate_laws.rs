//! The laws that everything else rests on, for values drawn from the fuzzer's bytes under a random configuration.
//!
//! | law | as an equation |
//! |---|---|
//! | a generated value is valid | `validate(generate(u)) = {}` |
//! | a mutant breaks what it names and nothing else | `validate(mutant(u, site)) = {site.kind}` |
//! | nothing is lost between the two ends | `decode(encode(v)) = v` |
//! | no fault is lost either | `decode(encode(mutant))` is refused, or has the violation that `mutant` has |

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator, Mutant, Side, Unrealised, side_shape};
use connect_model::schema::OperationId;
use connect_model::validate::{ViolationKind, validate};
use connect_model::wire::{Limits, decode_request, decode_response, encode_request, encode_response};
use serde_json::Value;

use crate::http::as_received;
use crate::service::Service;

/// What came of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    /// The bytes did not suffice for an operation.
    Nothing,
    /// The operation has nothing to break on that side.
    ValidOnly,
    /// There is no such mutant, for a reason that has a name.
    Unrealised,
    /// The mutant holds; no message can say it.
    Unsayable,
    /// The receiver refuses the mutant's message.
    Refused,
    /// The receiver reads the mutant and sees its violation.
    Seen,
}

/// Holds the laws for what the bytes give.
pub fn run(data: &[u8]) {
    reach(&mut Unstructured::new(data));
}

fn reach(u: &mut Unstructured<'_>) -> Reached {
    let Ok((service, operation, side, config)) = subject(u) else { return Reached::Nothing };
    let generator = Generator::new(service.schema, config);
    let value = generator
        .operation(operation, side, u)
        .unwrap_or_else(|error| unreachable!("{}: {error}", service.schema[operation].name));
    let place = (service, operation, side);
    if let Some(shape) = side_shape(service.schema, operation, side) {
        let violations = validate(service.schema, shape, &value);
        assert!(violations.is_empty(), "{}: {violations:?}\n{value}", service.schema[operation].name);
    }
    hold_round_trip(place, value);
    hold_mutant(place, u)
}

type Place = (&'static Service, OperationId, Side);

fn subject(u: &mut Unstructured<'_>) -> arbitrary::Result<(&'static Service, OperationId, Side, Config)> {
    let (service, operation) = Service::draw(u)?;
    let side = if u.arbitrary()? { Side::Input } else { Side::Output };
    Ok((service, operation, side, u.arbitrary()?))
}

fn hold_round_trip(place: Place, value: Value) {
    let (service, operation, _) = place;
    let name = &service.schema[operation].name;
    if service.schema[operation].refused.is_some() {
        return;
    }
    match travel(place, &value) {
        Journey::Arrived(back) => assert_eq!(received(place, back), received(place, value), "{name}"),
        Journey::Unsayable(why) | Journey::Refused(why) => unreachable!("{name}: {why}\n{value}"),
    }
}

fn hold_mutant(place: Place, u: &mut Unstructured<'_>) -> Reached {
    let (service, operation, side) = place;
    let schema = service.schema;
    let name = &schema[operation].name;
    let sites = service.sites(operation, side);
    let (Some(shape), Ok(site)) = (side_shape(schema, operation, side), u.choose(sites)) else {
        return Reached::ValidOnly;
    };
    let mutant: Mutant = match Generator::new(schema, Config::sparse()).mutant(operation, side, site, u) {
        Ok(mutant) => mutant,
        Err(Unrealised::Base(error)) => unreachable!("{name} {}: {error}", site.mutation),
        Err(Unrealised::Entangled(_) | Unrealised::OverBudget(..)) => return Reached::Unrealised,
    };
    assert_eq!(validate(schema, shape, &mutant.base), [], "{name} {}", site.mutation);
    let found = validate(schema, shape, &mutant.value);
    assert_eq!(
        found.iter().map(|one| (one.kind, one.path.as_str())).collect::<Vec<_>>(),
        [(site.mutation.kind, mutant.pointer.as_str())],
        "{name} {}",
        site.mutation
    );
    match travel(place, &mutant.value) {
        Journey::Unsayable(_) => Reached::Unsayable,
        Journey::Refused(_) => Reached::Refused,
        Journey::Arrived(back) => {
            let kinds: Vec<ViolationKind> = validate(schema, shape, &back).iter().map(|one| one.kind).collect();
            // A server reads null as absence.
            let expected = match (side, mutant.kind) {
                (Side::Input, ViolationKind::NullRequired) => ViolationKind::MissingRequired,
                (_, kind) => kind,
            };
            assert_eq!(kinds, [expected], "{name} {}: the fault was lost on the way: {back}", site.mutation);
            Reached::Seen
        }
    }
}

/// What becomes of a value that is sent.
enum Journey {
    /// No message can say it.
    Unsayable(String),
    /// The receiver refuses the message, or finds a problem in it.
    Refused(String),
    /// The receiver reads this.
    Arrived(Value),
}

fn travel((service, operation, side): Place, value: &Value) -> Journey {
    let schema = service.schema;
    let limits = Limits { depth: 127, ..Limits::default() };
    match side {
        Side::Input => {
            let request = match encode_request(schema, operation, value) {
                Ok(request) => request,
                Err(error) => return Journey::Unsayable(error.to_string()),
            };
            let route = match service.router.route(&request.method, &request.uri) {
                Ok(route) => route,
                Err(error) => return Journey::Refused(error.to_string()),
            };
            assert_eq!(schema[route.operation].name, schema[operation].name, "{}", request.uri);
            match decode_request(schema, &route, &request, &limits) {
                Ok(back) => Journey::Arrived(back),
                Err(error) => Journey::Refused(error.to_string()),
            }
        }
        Side::Output => {
            let response = match encode_response(schema, operation, value) {
                Ok(response) => response,
                Err(error) => return Journey::Unsayable(error.to_string()),
            };
            match decode_response(schema, operation, &response, &limits) {
                Ok(decoded) if decoded.problems.is_empty() => {
                    assert_eq!(decoded.unknown, [], "{}", schema[operation].name);
                    Journey::Arrived(decoded.value)
                }
                Ok(decoded) => Journey::Refused(format!("{:?}", decoded.problems)),
                Err(error) => Journey::Refused(error.to_string()),
            }
        }
    }
}

fn received((service, operation, side): Place, value: Value) -> Value {
    let operation = &service.schema[operation];
    let members = match side {
        Side::Input => service.schema.input_members(operation),
        Side::Output => service.schema.output_members(operation),
    };
    as_received(service.schema, operation, members, value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connect_model::generate::seed::Stream;

    use super::*;

    #[test]
    fn random_inputs_reach_every_outcome() {
        let mut stream = Stream::new(1, "generate_laws");
        let mut count = BTreeMap::new();
        for _ in 0..3000 {
            let data = stream.bytes(2000);
            *count.entry(reach(&mut Unstructured::new(&data))).or_insert(0) += 1;
        }
        assert!(count[&Reached::Seen] > 1000 && count[&Reached::Refused] > 300, "{count:?}");
        assert!(count[&Reached::Unsayable] > 0 && count[&Reached::ValidOnly] > 0, "{count:?}");
        // A generator that mostly cannot is no generator.
        assert!(count.get(&Reached::Unrealised).is_none_or(|unrealised| *unrealised < 300), "{count:?}");
    }

    #[test]
    fn no_bytes_are_an_input_too() {
        for length in 0..64 {
            run(&vec![0; length]);
            run(&vec![255; length]);
        }
    }
}
