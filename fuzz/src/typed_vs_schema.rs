//! The typed shapes beside the schema, for documents with anything wrong with them: both take the same ones, and find
//! the same in them.
//!
//! | law | as an equation |
//! |---|---|
//! | both take the same documents | `from_value::<T>(v)` succeeds `⇔` `validate(v)` finds nothing structural, but for [`EXCEPTIONS`] |
//! | both find the same | `to_value(from_value::<T>(v)) = known(decode(v))` |
//!
//! `known` is what the model knows of a document: without unknown members, and without nulls that mean absence.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::schema::{Kind, Member, Number, Schema, ShapeId};
use connect_model::shapes::{SHAPES, Shape, ShapeVisitor, visit_shape};
use connect_model::validate::{Violation, ViolationKind, validate};
use connect_model::wire::message::HttpResponse;
use connect_model::wire::{Limits, decode_response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::edits::Editor;
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// See the file.
pub struct TypedVsSchema;

/// A document for a shape that has a type.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    shape: String,
    value: Value,
}

/// What the two say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No shape of that name has a type.
    Nothing,
    /// Only the type takes it, for reasons that are known.
    Excused,
    /// Neither takes it.
    Rejected,
    /// Both take it, and hold the same.
    Same,
}

/// Where a type takes what the schema does not.
struct Exception {
    id: &'static str,
    kind: ViolationKind,
    /// Whether the value at the place of the violation is the one meant.
    is_meant: fn(&Value) -> bool,
}

const EXCEPTIONS: &[Exception] = &[
    // serde reads a list as a structure whose members come in order. Nothing in this workspace reads a type from what
    // was not decoded or validated before.
    Exception { id: "list-as-structure", kind: ViolationKind::WrongType, is_meant: Value::is_array },
    // A newer server may know more members: the type keeps the one that is there.
    Exception {
        id: "open-union",
        kind: ViolationKind::UnionNone,
        is_meant: |value| value.as_object().is_some_and(|map| map.values().any(|value| !value.is_null())),
    },
];

/// The one exception the other way: beside a known member of a union, the schema passes over one that it does not know.
/// Smithy allows a union one member, and the AWS SDK for Rust refuses it as the type does.
const STRANGER: &str = "union-with-stranger";

impl Target for TypedVsSchema {
    const NAME: &'static str = "typed_vs_schema";
    const PROPERTY: &'static str = "from_value::<T>(v) succeeds ⇔ v has the form of the schema; both check the same";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    /// `CreateRuleRequest`, a line break, and a document.
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
                let excused =
                    take_strangers(schema, shape, &mut rest) && matches!(visit_shape(name, Typed(&rest)), Some(Ok(_)));
                assert!(excused, "{name}: only the type refuses: {error}\n{}", case.value);
                Outcome::Excused
            }
            (Err(_), _) => Outcome::Rejected,
            (Ok(_), broken) if !broken.is_empty() => {
                let real = broken.iter().find(|violation| excuse(violation, &case.value).is_none());
                assert!(real.is_none(), "{name}: only the schema refuses: {real:?}\n{}", case.value);
                Outcome::Excused
            }
            (Ok(held), _) => {
                let expected = known(schema, shape, &decoded(schema, shape, &case.value));
                assert_eq!(known(schema, shape, &held), expected, "{name}: the type holds {held}");
                assert_eq!(count(&held), count(&expected), "{name}: more or fewer members\n{held}\n{expected}");
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

/// Reads a value as a type, and writes it.
struct Typed<'v>(&'v Value);

impl ShapeVisitor for Typed<'_> {
    type Output = Result<Value, serde_json::Error>;

    fn visit<T: Shape>(self) -> Self::Output {
        serde_json::to_value(T::deserialize(self.0)?)
    }
}

/// A document without the form of its shape, as opposed to one whose values are not allowed.
fn is_form(kind: ViolationKind) -> bool {
    kind.is_structural() || matches!(kind, ViolationKind::MissingRequired | ViolationKind::NullRequired)
}

/// The id of the exception that a violation is.
fn excuse(violation: &Violation, document: &Value) -> Option<&'static str> {
    let value = document.pointer(&violation.path)?;
    EXCEPTIONS.iter().find(|one| one.kind == violation.kind && (one.is_meant)(value)).map(|one| one.id)
}

/// Takes unknown members out of unions that have a known one; says whether there were any ([`STRANGER`]).
fn take_strangers(schema: &Schema, shape: ShapeId, value: &mut Value) -> bool {
    let mut taken = false;
    match (&schema[shape].kind, value) {
        (kind @ (Kind::Structure(members) | Kind::Union(members)), Value::Object(map)) => {
            let has_known = map.iter().any(|(name, value)| !value.is_null() && members.get(name).is_some());
            if matches!(kind, Kind::Union(_)) && has_known {
                let before = map.len();
                map.retain(|name, _| members.get(name).is_some());
                taken = map.len() < before;
            }
            for (name, value) in map {
                if let Some(member) = members.get(name) {
                    taken |= take_strangers(schema, member.slot.target, value);
                }
            }
        }
        (Kind::List(list), Value::Array(items)) => {
            for item in items {
                taken |= take_strangers(schema, list.member.target, item);
            }
        }
        (Kind::Map(shape), Value::Object(map)) => {
            for value in map.values_mut() {
                taken |= take_strangers(schema, shape.value.target, value);
            }
        }
        _ => {}
    }
    taken
}

/// The output of an operation as the codec reads it from the wire. Other values come as they are: inputs are spread over
/// path, query and body.
fn decoded(schema: &Schema, shape: ShapeId, value: &Value) -> Value {
    let Some((operation, _)) = schema.operations().find(|(_, operation)| operation.output == Some(shape)) else {
        return value.clone();
    };
    let response = HttpResponse { status: 200, body: value.to_string().into_bytes(), ..HttpResponse::default() };
    match decode_response(schema, operation, &response, &Limits::default()) {
        Ok(decoded) => decoded.value,
        Err(error) => unreachable!("the type reads what the codec does not: {error}\n{value}"),
    }
}

/// What the model knows of a value.
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
        // One number may be written in several ways.
        (Kind::Timestamp | Kind::Number(Number::Float | Number::Double), Value::Number(number)) => {
            number.as_f64().map_or(Value::Null, Value::from)
        }
        (_, value) => value.clone(),
    }
}

/// Values in a document.
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

/// Names that could be taken for members.
const KEYS: &[&str] = &["__type", "name", "Name", "Unknown", "Tags", "tags", "Type", "Value", ""];

/// Values at the edges of types.
static EDGES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.0),
        json!(-0.0),
        json!(1.73229019499e9),
        json!(1e300),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(2_147_483_648_u64),
        json!(""),
        json!("DRAFT"),
        json!("NaN"),
        json!("-Infinity"),
        json!([]),
        json!([null]),
        json!(["a", "b"]),
        json!({}),
        json!({"a": null}),
        json!({"a": "b"}),
        json!({"__type": "x", "StringValue": "a"}),
    ]
});

/// Documents by hand, what the two say, and the exception that is one.
const BY_HAND: &[(&str, Outcome, Option<&str>)] = &[
    ("CreateRuleResponse\n{\"RuleArn\":\"a\",\"RuleId\":\"b\",\"New\":[null]}", Outcome::Same, None),
    ("CreateRuleResponse\n{\"RuleArn\":\"a\",\"RuleId\":null}", Outcome::Rejected, None),
    ("CreateRuleResponse\n[\"a\",\"b\"]", Outcome::Excused, Some("list-as-structure")),
    (
        "InvalidRequestExceptionReason\n{\"AttachedFileInvalidRequestExceptionReason\":\"INVALID_FILE_NAME\",\"Name\":1}",
        Outcome::Excused,
        Some(STRANGER),
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
    use crate::target::{assert_cases_round_trip, count_outcomes, outcome_of};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        for (text, outcome, _) in BY_HAND {
            assert_eq!(outcome_of::<TypedVsSchema>(text.as_bytes()), Some(*outcome), "{text}");
        }
    }

    #[test]
    fn every_exception_occurs() {
        let shown: BTreeSet<&str> = BY_HAND.iter().filter_map(|(.., exception)| *exception).collect();
        assert_eq!(shown, EXCEPTIONS.iter().map(|exception| exception.id).chain([STRANGER]).collect());
    }

    #[test]
    fn random_inputs_are_taken_and_refused() {
        let count = count_outcomes::<TypedVsSchema>(6000, 1000);
        assert!(count[&Outcome::Same] > 500 && count[&Outcome::Rejected] > 500, "{count:?}");
        assert!(count[&Outcome::Excused] > 5, "{count:?}");
        assert_cases_round_trip::<TypedVsSchema>(300, 500);
    }
}
