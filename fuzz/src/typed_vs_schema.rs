//! The typed shapes compared with the schema, for documents with any number of violations.
//!
//! | property | as an equation |
//! |---|---|
//! | both accept the same documents | `from_value::<T>(v)` succeeds `⇔` `validate(v)` has no structural violation, except [`EXCEPTIONS`] |
//! | both read the same values | `to_value(from_value::<T>(v)) = known(decode(v))` |
//!
//! `known` removes unknown members, and nulls that stand for absent members.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::schema::{Kind, Member, Number, Schema, ShapeId};
use connect_model::shapes::{SHAPES, Shape, ShapeVisitor, visit_shape};
use connect_model::validate::{Class, Violation, ViolationKind, validate};
use connect_model::wire::message::HttpResponse;
use connect_model::wire::{Limits, decode_response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::edits::{EDGES, Editor};
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct TypedVsSchema;

/// A document for a shape with a type.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    shape: String,
    value: Value,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The shape has no type.
    Nothing,
    /// Only one of them accepts it, because of an exception.
    Excused,
    /// Both reject it.
    Rejected,
    /// Both accept it and read the same values.
    Same,
}

/// A case in which only the type accepts a document.
struct Exception {
    id: &'static str,
    kind: ViolationKind,
    /// Returns true if the exception applies to the value at the path of the violation.
    applies: fn(&Value) -> bool,
}

const EXCEPTIONS: &[Exception] = &[
    // serde reads a list as a structure with the members in order. In this workspace, types are only read from values that
    // were decoded or validated.
    Exception { id: "list-as-structure", kind: ViolationKind::WrongType, applies: Value::is_array },
    // A newer server may have more members: the type keeps an unknown one.
    Exception {
        id: "open-union",
        kind: ViolationKind::UnionNone,
        applies: |value| value.as_object().is_some_and(|map| map.values().any(|value| !value.is_null())),
    },
];

/// The exception in which only the schema accepts a document: it ignores an unknown member of a union that also has a known
/// one. Smithy allows one member per union, and the AWS SDK for Rust rejects the document like the type.
const UNKNOWN_UNION_MEMBER: &str = "union-with-stranger";

impl Target for TypedVsSchema {
    const NAME: &'static str = "typed_vs_schema";
    const PROPERTY: &'static str =
        "from_value::<T>(v) succeeds ⇔ v has the structure of the schema; both read the same values";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    /// Parses `CreateRuleRequest`, a line break, and a document.
    fn plain(data: &[u8]) -> Option<Case> {
        let end = data.iter().position(|byte| *byte == b'\n')?;
        let shape = SHAPES.iter().find(|name| name.as_bytes() == &data[..end])?;
        Some(Case { shape: (*shape).to_owned(), value: serde_json::from_slice(&data[end + 1..]).ok()? })
    }

    fn check(case: &Case) -> Outcome {
        let (schema, name) = (Schema::connect(), &case.shape);
        let Some(shape) = schema.shape_named(name) else { return Outcome::Nothing };
        let Some(typed) = visit_shape(name, Typed(&case.value)) else { return Outcome::Nothing };
        let found = validate(schema, shape, &case.value);
        let broken: Vec<&Violation> = found.iter().filter(|violation| is_form(violation.kind)).collect();
        match (typed, broken.as_slice()) {
            (Err(error), []) => {
                let mut rest = case.value.clone();
                let excused = remove_unknown_union_members(schema, shape, &mut rest)
                    && matches!(visit_shape(name, Typed(&rest)), Some(Ok(_)));
                assert!(excused, "{name}: only the type rejects: {error}\n{}", case.value);
                Outcome::Excused
            }
            (Err(_), _) => Outcome::Rejected,
            (Ok(_), broken) if !broken.is_empty() => {
                let real = broken.iter().find(|violation| excuse(violation, &case.value).is_none());
                assert!(real.is_none(), "{name}: only the schema rejects: {real:?}\n{}", case.value);
                Outcome::Excused
            }
            (Ok(held), _) => {
                let expected = known(schema, shape, &decoded(schema, shape, &case.value));
                assert_eq!(known(schema, shape, &held), expected, "{name}: the type reads {held}");
                assert_eq!(count(&held), count(&expected), "{name}: different number of members\n{held}\n{expected}");
                Outcome::Same
            }
        }
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, ..)| text.as_bytes())).collect();
        let generator = Generator::new(Schema::connect(), Config { max_text: 20, max_values: 60, ..Config::full() });
        for name in SHAPES {
            let Some(shape) = Schema::connect().shape_named(name) else { continue };
            let bytes = Stream::new(4, name).bytes(400);
            let Ok(value) = generator.shape(shape, &mut Unstructured::new(&bytes)) else { continue };
            seeds.push(Seed::new(*name, format!("{name}\n{value}")));
        }
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Deserialises a value as a type and serialises it.
struct Typed<'v>(&'v Value);

impl ShapeVisitor for Typed<'_> {
    type Output = Result<Value, serde_json::Error>;

    fn visit<T: Shape>(self) -> Self::Output {
        serde_json::to_value(T::deserialize(self.0)?)
    }
}

/// Returns true for violations of the structure, as opposed to those of a value's limits.
fn is_form(kind: ViolationKind) -> bool {
    kind.is_structural() || kind.class() == Class::Required
}

/// The id of the exception that applies to a violation.
fn excuse(violation: &Violation, document: &Value) -> Option<&'static str> {
    let value = document.pointer(&violation.path)?;
    EXCEPTIONS.iter().find(|one| one.kind == violation.kind && (one.applies)(value)).map(|one| one.id)
}

/// Removes unknown members of unions that have a known one ([`UNKNOWN_UNION_MEMBER`]). Returns true if there were any.
fn remove_unknown_union_members(schema: &Schema, shape: ShapeId, value: &mut Value) -> bool {
    let mut removed = false;
    match (&schema[shape].kind, value) {
        (kind @ (Kind::Structure(members) | Kind::Union(members)), Value::Object(map)) => {
            let has_known = map.iter().any(|(name, value)| !value.is_null() && members.get(name).is_some());
            if matches!(kind, Kind::Union(_)) && has_known {
                let before = map.len();
                map.retain(|name, _| members.get(name).is_some());
                removed = map.len() < before;
            }
            for (name, value) in map {
                if let Some(member) = members.get(name) {
                    removed |= remove_unknown_union_members(schema, member.slot.target, value);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            for item in items {
                removed |= remove_unknown_union_members(schema, list.member.target, item);
            }
        }
        (Kind::Map(shape), Value::Object(map)) => {
            for value in map.values_mut() {
                removed |= remove_unknown_union_members(schema, shape.value.target, value);
            }
        }
        _ => {}
    }
    removed
}

/// Decodes a value as the body of a response if the shape is an output. Other values are returned unchanged, since inputs
/// are distributed over path, query and body.
fn decoded(schema: &Schema, shape: ShapeId, value: &Value) -> Value {
    let Some((operation, _)) = schema.operations().find(|(_, operation)| operation.output == Some(shape)) else {
        return value.clone();
    };
    let response = HttpResponse { status: 200, body: value.to_string().into_bytes(), ..HttpResponse::default() };
    match decode_response(schema, operation, &response, &Limits::default()) {
        Ok(decoded) => decoded.value,
        Err(error) => unreachable!("only the type reads the value: {error}\n{value}"),
    }
}

/// Removes unknown members and nulls of absent members.
fn known(schema: &Schema, shape: ShapeId, value: &Value) -> Value {
    match (&schema[shape].kind, value) {
        (Kind::Structure(members), Value::Object(map)) => {
            let inner = |member: &Member| {
                let value = map.get(&member.name).filter(|value| !value.is_null())?;
                Some((member.name.clone(), known(schema, member.slot.target, value)))
            };
            members.iter().filter_map(inner).collect::<Map<_, _>>().into()
        }
        (Kind::Union(members), Value::Object(map)) => {
            let inner = |(name, value): (&String, &Value)| {
                let target = members.get(name).map(|member| member.slot.target);
                let kept = !value.is_null() && (name != "__type" || target.is_some());
                kept.then(|| (name.clone(), target.map_or(value.clone(), |target| known(schema, target, value))))
            };
            map.iter().filter_map(inner).collect::<Map<_, _>>().into()
        }
        (Kind::List(list), Value::Array(items)) => {
            items.iter().map(|item| known(schema, list.member.target, item)).collect()
        }
        (Kind::Map(shape), Value::Object(map)) => {
            let inner = |(key, value): (&String, &Value)| (key.clone(), known(schema, shape.value.target, value));
            map.iter().map(inner).collect::<Map<_, _>>().into()
        }
        // Numbers have several notations.
        (Kind::Timestamp | Kind::Number(Number::Float | Number::Double), Value::Number(number)) => {
            number.as_f64().map_or(Value::Null, Value::from)
        }
        (_, value) => value.clone(),
    }
}

/// Number of values in a document.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let (schema, name) = (Schema::connect(), *u.choose(SHAPES)?);
    let Some(shape) = schema.shape_named(name) else { return Err(arbitrary::Error::IncorrectFormat) };
    let config = Config { max_text: 40, ..u.arbitrary()? };
    let value = Generator::new(schema, config).shape(shape, u).unwrap_or_default();
    let value = Editor { keys: KEYS, values: &EDGES }.edited(value, 4, u)?;
    Ok(Case { shape: name.to_owned(), value })
}

/// Keys similar to member names.
const KEYS: &[&str] = &["__type", "name", "Name", "Unknown", "Tags", "tags", "Type", "Value", ""];

/// Handwritten documents, their outcomes and exceptions.
const BY_HAND: &[(&str, Outcome, Option<&str>)] = &[
    ("CreateRuleResponse\n{\"RuleArn\":\"a\",\"RuleId\":\"b\",\"New\":[null]}", Outcome::Same, None),
    ("CreateRuleResponse\n{\"RuleArn\":\"a\",\"RuleId\":null}", Outcome::Rejected, None),
    ("CreateRuleResponse\n[\"a\",\"b\"]", Outcome::Excused, Some("list-as-structure")),
    (
        "InvalidRequestExceptionReason\n{\"AttachedFileInvalidRequestExceptionReason\":\"INVALID_FILE_NAME\",\"Name\":1}",
        Outcome::Excused,
        Some(UNKNOWN_UNION_MEMBER),
    ),
    ("InvalidRequestExceptionReason\n{\"New\":1,\"__type\":\"x\"}", Outcome::Excused, Some("open-union")),
    ("DescribeContactFlowResponse\n{\"ContactFlow\":{\"LastModifiedTime\":1.73229019499E9}}", Outcome::Same, None),
    ("DescribeContactFlowResponse\n{\"ContactFlow\":{\"LastModifiedTime\":\"2024-11-22\"}}", Outcome::Rejected, None),
    ("ListContactFlowsRequest\n{\"InstanceId\":\"i\",\"MaxResults\":1.0}", Outcome::Rejected, None),
    ("FieldValueUnion\n{\"DoubleValue\":\"-Infinity\",\"StringValue\":null}", Outcome::Same, None),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};

    #[test]
    fn handwritten_inputs_have_the_expected_outcomes() {
        assert_outcomes::<TypedVsSchema>(BY_HAND.iter().map(|(text, outcome, _)| (text.as_bytes(), *outcome)));
    }

    #[test]
    fn every_exception_occurs() {
        let shown: BTreeSet<&str> = BY_HAND.iter().filter_map(|(.., exception)| *exception).collect();
        assert_eq!(shown, EXCEPTIONS.iter().map(|exception| exception.id).chain([UNKNOWN_UNION_MEMBER]).collect());
    }

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<TypedVsSchema>(
            12_000,
            1000,
            [(Outcome::Same, 500), (Outcome::Rejected, 500), (Outcome::Excused, 5)],
        );
        assert_cases_round_trip::<TypedVsSchema>(300, 500);
    }
}
