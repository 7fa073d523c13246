//! Our validation compared with the `jsonschema` crate (the judge) on our exported schemas, for documents with any number
//! of violations.
//!
//! | property | as an equation |
//! |---|---|
//! | the judge admits all documents that we admit | `validate(v) = {} ⇒ judge(v)` |
//! | we admit all documents that the judge admits, with listed exceptions | `judge(v) ⇒ validate(v) ⊆ EXCEPTIONS` |
//!
//! The exceptions are `connect_model::export::json_schema::exceptions`, each with its own condition.

use std::sync::OnceLock;

use arbitrary::Unstructured;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use connect_model::export::json_schema::{exceptions, json_schema};
use connect_model::generate::{Config, Generator, Side, side_shape};
use connect_model::schema::OperationId;
use connect_model::timestamp;
use connect_model::validate::{Violation, validate};
use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edits::{EDGES, Editor};
use crate::seeds;
use crate::service::{Message, Service};
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct ValidateVsJsonSchema;

/// A document for one message of an operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    operation: String,
    message: Message,
    value: Value,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The operation has no such message.
    Nothing,
    /// Only one of them admits it, because of an exception.
    Excused,
    /// Both reject it.
    Rejected,
    /// Both admit it.
    Admitted,
}

impl Target for ValidateVsJsonSchema {
    const NAME: &'static str = "validate_vs_jsonschema";
    const PROPERTY: &'static str = "validate(v) = {} ⇔ jsonschema(export(s)) admits v, but for EXCEPTIONS";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    /// Parses `CreateRule input`, a line break, and a document.
    fn plain(data: &[u8]) -> Option<Case> {
        let (operation, message, value) = seeds::document_of_text(data)?;
        Some(Case { operation, message, value })
    }

    fn check(case: &Case) -> Outcome {
        let Some((service, operation)) = Service::named(&case.operation) else { return Outcome::Nothing };
        let side = case.message.side();
        let Some(shape) = side_shape(service.schema, operation, side) else { return Outcome::Nothing };
        let found = validate(service.schema, shape, &case.value);
        let admitted = judge(service, operation, side).validate(&case.value);
        let place = (&case.operation, side);
        match (admitted, found.as_slice()) {
            (Ok(()), []) => Outcome::Admitted,
            (Err(error), []) => {
                let rest = without_next_line(&case.value);
                let excused = rest.as_ref().is_some_and(|rest| {
                    judge(service, operation, side).is_valid(rest) && validate(service.schema, shape, rest).is_empty()
                });
                assert!(excused, "{place:?}: only the judge rejects: {error}\n{}", case.value);
                Outcome::Excused
            }
            (Ok(()), found) => {
                let real = found.iter().find(|violation| !is_excused(violation, side, &case.value));
                assert!(real.is_none(), "{place:?}: only the judge admits: {real:?}\n{}", case.value);
                Outcome::Excused
            }
            (Err(_), _) => Outcome::Rejected,
        }
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> = seeds::by_hand(BY_HAND.iter().map(|(text, _)| text.as_bytes())).collect();
        seeds.extend(seeds::documents());
        seeds.extend(seeds::covering::<Self>(4000, 1000, features));
        seeds
    }
}

/// The document's violations, each with the first words of its expectation.
fn features(case: &Case) -> Vec<String> {
    let Some((service, operation)) = Service::named(&case.operation) else { return Vec::new() };
    let Some(shape) = side_shape(service.schema, operation, case.message.side()) else { return Vec::new() };
    let found = validate(service.schema, shape, &case.value);
    found.iter().map(|violation| format!("{} {}", violation.kind, seeds::first_words(&violation.expected))).collect()
}

/// Draws a document with one violation, with random edits, or without violations.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let (service, id) = Service::draw(u)?;
    let message = if u.arbitrary()? { Message::Input } else { Message::Output };
    let side = message.side();
    let sites = service.sites(id, side);
    let operation = service.schema[id].name.clone();
    if !sites.is_empty() && u.ratio(1, 3)? {
        let site = u.choose(sites)?;
        if let Ok(mutant) = Generator::new(service.schema, Config::sparse()).mutant(id, side, site, u) {
            return Ok(Case { operation, message, value: mutant.value });
        }
    }
    let config = Config { max_text: 80, ..u.arbitrary()? };
    let value = Generator::new(service.schema, config).operation(id, side, u).unwrap_or_default();
    let value = Editor { keys: &[], values: &EDGES }.edited(value, 4, u)?;
    Ok(Case { operation, message, value })
}

/// The judge for one message of an operation, built on first use.
fn judge(service: &'static Service, operation: OperationId, side: Side) -> &'static Validator {
    static JUDGES: OnceLock<Vec<OnceLock<Validator>>> = OnceLock::new();
    let all = Service::all();
    let judges = JUDGES.get_or_init(|| {
        let count: usize = all.iter().map(|service| 2 * service.schema.operations().count()).sum();
        std::iter::repeat_with(OnceLock::new).take(count).collect()
    });
    let before = if std::ptr::eq(service, &all[0]) { 0 } else { all[0].schema.operations().count() };
    judges[2 * (before + operation.index()) + side as usize].get_or_init(|| {
        let exported = json_schema(service.schema, operation, side);
        // One pattern of Connect needs more than the engine's default limit of ten megabytes.
        let patterns = jsonschema::PatternOptions::fancy_regex().size_limit(200 << 20);
        let options = jsonschema::draft202012::options().with_pattern_options(patterns);
        let name = &service.schema[operation].name;
        options
            .build(&exported)
            .unwrap_or_else(|error| unreachable!("the exported schema of {name} is invalid: {error}"))
    })
}

/// Replaces each U+0085, the only character that only the judge rejects (`class-escape`). `None` if there is none.
fn without_next_line(document: &Value) -> Option<Value> {
    let text = document.to_string();
    text.contains('\u{85}').then(|| serde_json::from_str(&text.replace('\u{85}', "x")).ok())?
}

/// Returns true if an exception applies to the violation.
fn is_excused(violation: &Violation, side: Side, document: &Value) -> bool {
    let broken = document.pointer(&violation.path);
    let text = broken.and_then(Value::as_str);
    let named = |exception: &&'static connect_model::export::json_schema::Exception| {
        exception.side.is_none_or(|only| only == side) && exception.kinds.contains(&violation.kind)
    };
    exceptions().filter(named).any(|exception| match exception.id {
        "open-enum" => broken.is_some_and(|value| value.is_string() || value.is_i64()),
        "open-union" => broken.and_then(Value::as_object).is_some_and(|map| !map.is_empty()),
        "integer-spelling" => broken.and_then(Value::as_f64).is_some_and(|number| number.fract() == 0.0),
        "blob-length" => text.is_some_and(|text| STANDARD.decode(text).is_ok()),
        "calendar" => {
            let seconds = broken.and_then(Value::as_f64);
            text.is_some() || seconds.is_some_and(|seconds| timestamp::from_seconds(seconds).is_none())
        }
        "dot" => text.is_some_and(|text| text.contains(['\r', '\u{2028}', '\u{2029}'])),
        "class-escape" => {
            text.is_some_and(|text| text.contains(|c: char| c == '\u{feff}' || (c.is_numeric() && !c.is_ascii())))
        }
        // `validate` reports no violation of unreadable patterns.
        _ => false,
    })
}

/// Handwritten documents and their outcomes.
const BY_HAND: &[(&str, Outcome)] = &[
    ("CreateRule output\n{\"RuleArn\":\"a\",\"RuleId\":\"b\",\"New\":[null]}", Outcome::Admitted),
    ("CreateRule output\n{\"RuleArn\":\"a\",\"RuleId\":\"\"}", Outcome::Rejected),
    ("DescribeContactFlow output\n{\"ContactFlow\":{\"Type\":\"NEW_TYPE\",\"Tags\":null}}", Outcome::Excused),
    ("ListContactFlows input\n{\"InstanceId\":\"i\",\"MaxResults\":1.0}", Outcome::Excused),
    ("ListContactFlows input\n[]", Outcome::Rejected),
    (
        "CreateUser input\n{\"InstanceId\":\"i\",\"Password\":\"n9FRaaaaaaa\u{85}\",\"RoutingProfileId\":\"\",\"SecurityProfileIds\":[\"c\"],\"Username\":\"u\",\"PhoneConfig\":null}",
        Outcome::Excused,
    ),
    ("DeleteRule output\n{}", Outcome::Nothing),
    (
        "Everything input\n{\"Double\":\"NaN\",\"Float\":\"-Infinity\",\"SparseStrings\":[null],\"SparseMap\":{\"a\":null}}",
        Outcome::Admitted,
    ),
    ("Everything input\n{\"Time\":true}", Outcome::Rejected),
    (
        "ListRoutingProfileQueues output\n{\"LastModifiedTime\":9223372036854775807,\"NextToken\":\"ovuk\"}",
        Outcome::Excused,
    ),
    ("Everything input\n{\"Blob\":1}", Outcome::Rejected),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};

    #[test]
    fn handwritten_inputs_have_the_expected_outcomes() {
        assert_outcomes::<ValidateVsJsonSchema>(BY_HAND.iter().map(|(text, outcome)| (text.as_bytes(), *outcome)));
    }

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<ValidateVsJsonSchema>(
            3000,
            1000,
            [(Outcome::Admitted, 300), (Outcome::Rejected, 500), (Outcome::Excused, 2)],
        );
        assert_cases_round_trip::<ValidateVsJsonSchema>(200, 500);
    }
}
