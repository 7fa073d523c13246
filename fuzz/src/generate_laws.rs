//! Generation, validation and the wire format together, on values generated from the fuzzer's bytes with a random
//! configuration.
//!
//! | property | as an equation |
//! |---|---|
//! | a generated value is valid | `validate(generate(u)) = {}` |
//! | a mutant has exactly the violation that it names | `validate(mutant(u, site)) = {site.kind}` |
//! | encoding and decoding loses nothing | `decode(encode(v)) = v` |
//! | encoding and decoding loses no violation | `decode(encode(mutant))` is rejected, or has the violation of `mutant` |

use arbitrary::Unstructured;
use connect_model::generate::{Config, Generator, Side, Unrealised, side_shape};
use connect_model::schema::OperationId;
use connect_model::validate::{ViolationKind, validate};
use connect_model::wire::{Limits, decode_request, decode_response, encode_request, encode_response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::as_received;
use crate::seeds;
use crate::service::{Message, Service};
use crate::target::{Seed, Target};

/// The target; see the module.
pub struct GenerateLaws;

/// Generated values for one message of an operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    operation: String,
    message: Message,
    made: Made,
    #[serde(default, skip_serializing_if = "Mutated::is_nothing")]
    mutated: Mutated,
}

/// Result of generating a valid value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Made {
    /// A value. It must be valid.
    Value(Value),
    /// Generation failed, which is a bug.
    Failed {
        config: Config,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mutation: Option<String>,
        why: String,
    },
}

/// Result of generating a mutant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mutated {
    /// The message has no constraints.
    #[default]
    Nothing,
    /// The mutant does not exist, for a named reason.
    Unrealised(String),
    /// A value with one violation, and the valid value it was made from.
    Mutant { kind: ViolationKind, pointer: String, base: Value, value: Value },
}

impl Mutated {
    fn is_nothing(&self) -> bool {
        matches!(self, Mutated::Nothing)
    }
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The value passes, and the message has no constraints.
    ValidOnly,
    /// The value passes; the mutant does not exist, for a named reason.
    Unrealised,
    /// The mutant passes, but cannot be encoded.
    NotEncodable,
    /// The receiver rejects the mutant's message.
    Rejected,
    /// The receiver decodes the mutant, with its violation.
    Seen,
}

impl Target for GenerateLaws {
    const NAME: &'static str = "generate_laws";
    const PROPERTY: &'static str =
        "validate(generate(u)) = {}; validate(mutant(u, site)) = {site.kind}; decode(encode(v)) = v";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        draw(&mut Unstructured::new(data)).ok()
    }

    /// Parses JSON as the input of an operation chosen by the first two bytes. `None` if it is invalid.
    fn plain(data: &[u8]) -> Option<Case> {
        let (choice, text) = data.split_at_checked(2)?;
        let (service, operation) = Service::draw(&mut Unstructured::new(choice)).ok()?;
        let value: Value = serde_json::from_slice(text).ok()?;
        let shape = side_shape(service.schema, operation, Side::Input)?;
        // Unknown members are valid, but never generated, and may not be encodable.
        let members = service.schema.input_members(&service.schema[operation])?;
        let all_known = value.as_object()?.keys().all(|name| members.get(name).is_some());
        (all_known && validate(service.schema, shape, &value).is_empty()).then(|| Case {
            operation: service.schema[operation].name.clone(),
            message: Message::Input,
            made: Made::Value(value),
            mutated: Mutated::Nothing,
        })
    }

    fn check(case: &Case) -> Outcome {
        let Some((service, operation)) = Service::named(&case.operation) else { return Outcome::ValidOnly };
        let place = (service, operation, case.message.side());
        match &case.made {
            Made::Value(value) => check_value(place, value),
            Made::Failed { config, mutation, why } => {
                let generator = Generator::new(service.schema, config.clone());
                let value = generator.operation(operation, place.2, &mut Unstructured::new(&[]));
                assert!(mutation.is_some() && value.is_ok(), "{}: {mutation:?}: {why}", case.operation);
                unreachable!("{}: {mutation:?}: {why}", case.operation);
            }
        }
        match &case.mutated {
            Mutated::Nothing => Outcome::ValidOnly,
            Mutated::Unrealised(_) => Outcome::Unrealised,
            Mutated::Mutant { kind, pointer, base, value } => check_mutant(place, (*kind, pointer), base, value),
        }
    }

    fn seeds() -> Vec<Seed> {
        seeds::covering::<Self>(8000, 1000, |case| match &case.mutated {
            Mutated::Nothing => Vec::new(),
            Mutated::Unrealised(why) => vec![format!("{:?} {why}", case.message)],
            Mutated::Mutant { kind, pointer, base, .. } => {
                vec![format!("{:?} {kind} {}", case.message, json_kind(base.pointer(pointer)))]
            }
        })
    }
}

fn json_kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "absent",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "text",
        Some(Value::Array(_)) => "list",
        Some(Value::Object(_)) => "object",
    }
}

/// One message of an operation.
type Place = (&'static Service, OperationId, Side);

fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let (service, id) = Service::draw(u)?;
    let schema = service.schema;
    let operation = schema[id].name.clone();
    let message = if u.arbitrary()? { Message::Input } else { Message::Output };
    let side = message.side();
    let config: Config = u.arbitrary()?;
    let made = match Generator::new(schema, config.clone()).operation(id, side, u) {
        Ok(value) => Made::Value(value),
        Err(error) => Made::Failed { config, mutation: None, why: error.to_string() },
    };
    let mut case = Case { operation, message, made, mutated: Mutated::Nothing };
    let Ok(site) = u.choose(service.sites(id, side)) else { return Ok(case) };
    match Generator::new(schema, Config::sparse()).mutant(id, side, site, u) {
        Ok(made) => {
            // The kind of the site, not the one reported by the mutant.
            let kind = site.mutation.kind;
            case.mutated = Mutated::Mutant { kind, pointer: made.pointer, base: made.base, value: made.value };
        }
        Err(Unrealised::Base(error)) => {
            let (config, mutation) = (Config::sparse(), Some(site.mutation.to_string()));
            case.made = Made::Failed { config, mutation, why: error.to_string() };
        }
        Err(why) => case.mutated = Mutated::Unrealised(why.to_string()),
    }
    Ok(case)
}

fn check_value(place: Place, value: &Value) {
    let (service, operation, side) = place;
    let name = &service.schema[operation].name;
    if let Some(shape) = side_shape(service.schema, operation, side) {
        let violations = validate(service.schema, shape, value);
        assert!(violations.is_empty(), "{name}: {violations:?}\n{value}");
    }
    if service.schema[operation].refused.is_some() {
        return;
    }
    match deliver(place, value) {
        Delivery::Decoded(back) => assert_eq!(received(place, back), received(place, value.clone()), "{name}"),
        Delivery::NotEncodable(why) | Delivery::Rejected(why) => unreachable!("{name}: {why}\n{value}"),
    }
}

fn check_mutant(place: Place, (kind, pointer): (ViolationKind, &str), base: &Value, value: &Value) -> Outcome {
    let (service, operation, side) = place;
    let schema = service.schema;
    let name = &schema[operation].name;
    let Some(shape) = side_shape(schema, operation, side) else { return Outcome::ValidOnly };
    assert_eq!(validate(schema, shape, base), [], "{name} {kind}");
    let found = validate(schema, shape, value);
    let found: Vec<_> = found.iter().map(|one| (one.kind, one.path.as_str())).collect();
    assert_eq!(found, [(kind, pointer)], "{name}");
    match deliver(place, value) {
        Delivery::NotEncodable(_) => Outcome::NotEncodable,
        Delivery::Rejected(_) => Outcome::Rejected,
        Delivery::Decoded(back) => {
            let kinds: Vec<ViolationKind> = validate(schema, shape, &back).iter().map(|one| one.kind).collect();
            // A server decodes null as an absent member.
            let expected = match (side, kind) {
                (Side::Input, ViolationKind::NullRequired) => ViolationKind::MissingRequired,
                (_, kind) => kind,
            };
            assert_eq!(kinds, [expected], "{name} {kind}: the violation was lost: {back}");
            Outcome::Seen
        }
    }
}

/// Result of encoding and decoding a value.
enum Delivery {
    /// The value cannot be encoded.
    NotEncodable(String),
    /// The receiver rejects the message, or reports a problem.
    Rejected(String),
    /// The decoded value.
    Decoded(Value),
}

fn deliver((service, operation, side): Place, value: &Value) -> Delivery {
    let schema = service.schema;
    let limits = Limits { depth: 127, ..Limits::default() };
    match side {
        Side::Input => {
            let request = match encode_request(schema, operation, value) {
                Ok(request) => request,
                Err(error) => return Delivery::NotEncodable(error.to_string()),
            };
            let route = match service.router.route(&request.method, &request.uri) {
                Ok(route) => route,
                Err(error) => return Delivery::Rejected(error.to_string()),
            };
            assert_eq!(schema[route.operation].name, schema[operation].name, "{}", request.uri);
            match decode_request(schema, &route, &request, &limits) {
                Ok(back) => Delivery::Decoded(back),
                Err(error) => Delivery::Rejected(error.to_string()),
            }
        }
        Side::Output => {
            let response = match encode_response(schema, operation, value) {
                Ok(response) => response,
                Err(error) => return Delivery::NotEncodable(error.to_string()),
            };
            match decode_response(schema, operation, &response, &limits) {
                Ok(decoded) if decoded.problems.is_empty() => {
                    assert_eq!(decoded.unknown, [], "{}", schema[operation].name);
                    Delivery::Decoded(decoded.value)
                }
                Ok(decoded) => Delivery::Rejected(format!("{:?}", decoded.problems)),
                Err(error) => Delivery::Rejected(error.to_string()),
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
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};
    use crate::target::outcome_of;

    #[test]
    fn random_inputs_reach_every_outcome() {
        let count = assert_reached::<GenerateLaws>(
            3000,
            2000,
            [(Outcome::Seen, 1000), (Outcome::Rejected, 300), (Outcome::NotEncodable, 0), (Outcome::ValidOnly, 0)],
        );
        // Most mutants exist.
        assert!(count.get(&Outcome::Unrealised).is_none_or(|unrealised| *unrealised < 300), "{count:?}");
        assert_cases_round_trip::<GenerateLaws>(200, 500);
    }

    #[test]
    fn short_inputs_are_accepted() {
        for length in 0..64 {
            for byte in [0, 255] {
                let outcome = outcome_of::<GenerateLaws>(&vec![byte; length]);
                assert!(outcome.is_some() || length < 8, "{length}");
            }
        }
    }
}
