//! Our decoder compared with the AWS SDK for Rust on the same bytes: both decode the same output or error, or both reject
//! the response.
//!
//! Properties: `decode(bytes) = sdk(bytes)`, except [`exceptions`]; `sdk(v + unknown members) = sdk(v)`; for two values that
//! are different to us, `sdk(v) ≠ sdk(w)`.
//!
//! The SDK is the published `aws-sdk-connect`. Its deserialisers are called as by its orchestrator, without a connection. A
//! test compares this with the complete client.

mod agree;
#[cfg(test)]
mod client;
mod compare;
mod debug;
mod exceptions;
mod lacks;
mod laws;
mod operations;
mod pieces;
mod sdk;
mod visit;

use std::sync::LazyLock;

use arbitrary::Unstructured;
use connect_model::generate::Side;
use connect_model::schema::OperationId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::agree::agree;
use self::exceptions::Subject;
use crate::edits::Editor;
use crate::message::{self, Response};
use crate::seeds;
use crate::service::Service;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct SdkResponse;

/// A response, and the index of a scalar to alter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    response: Response,
    /// Index of the scalar in the output that is altered, modulo their number.
    #[serde(default)]
    altered: u16,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The SDK lacks the operation, or an HTTP library would reject the headers.
    Skipped,
    /// Both reject it.
    Neither,
    /// Both decode the same error.
    Error,
    /// Both decode the same output.
    Output,
    /// They differ because of exceptions, and agree when those are removed.
    Excepted,
}

impl Target for SdkResponse {
    const NAME: &'static str = "sdk_response";
    const PROPERTY: &'static str =
        "decode(bytes) = sdk(bytes), but for EXCEPTIONS; the SDK ignores exactly what we ignore";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, draw)
    }

    fn plain(data: &[u8]) -> Option<Case> {
        Response::of_text(data).map(|response| Case { response, altered: 0 })
    }

    fn check(case: &Case) -> Outcome {
        check(case).0
    }

    fn seeds() -> Vec<Seed> {
        let is_known = |seed: &Seed| {
            Response::of_text(&seed.data).is_none_or(|response| sdk::names().any(|name| name == response.operation))
        };
        let mut seeds = seeds::messages(Side::Output);
        seeds.extend(seeds::errors());
        seeds.retain(is_known);
        seeds.extend(exceptions::EXCEPTIONS.iter().map(|exception| Seed::new(exception.name, exception.sample)));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Checks the properties. Returns the exceptions that apply.
fn check(case: &Case) -> (Outcome, Vec<&'static str>) {
    let skipped = (Outcome::Skipped, Vec::new());
    let service = &Service::all()[0];
    let Some(operation) = service.schema.operation_named(&case.response.operation) else { return skipped };
    let name = service.schema[operation].name.as_str();
    let response = case.response.http();
    let Some(answer) = sdk::read(name, &response) else { return skipped };
    let subject = Subject { schema: service.schema, operation, response: &response };
    let difference = match agree(service.schema, operation, &response, &answer) {
        Ok(agreement) => return (laws::check(&subject, agreement, &answer, case.altered), Vec::new()),
        Err(difference) => difference,
    };
    let (normalised, exceptions) = exceptions::normalised(&subject);
    assert!(!exceptions.is_empty(), "{name}: {difference}");
    let Some(answer) = sdk::read(name, &normalised) else { return skipped };
    match agree(service.schema, operation, &normalised, &answer) {
        Ok(agreement) => {
            laws::check(&Subject { response: &normalised, ..subject }, agreement, &answer, case.altered);
            (Outcome::Excepted, exceptions.iter().map(|exception| exception.name).collect())
        }
        Err(left) => {
            let taken: Vec<String> = exceptions.iter().map(ToString::to_string).collect();
            unreachable!("{name}: {left}\nbefore: {difference}\nexceptions:\n{}", taken.join("\n"))
        }
    }
}

/// Draws a response of an operation that both have. Most are damaged, as JSON or as bytes.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Option<Case>> {
    let service = &Service::all()[0];
    static BOTH: LazyLock<Vec<OperationId>> =
        LazyLock::new(|| sdk::names().filter_map(|name| Service::all()[0].schema.operation_named(name)).collect());
    let operation = *u.choose(&BOTH)?;
    let altered = u.arbitrary()?;
    let Some(mut response) = message::valid_response(service, operation, u.ratio(1, 4)?, u)? else { return Ok(None) };
    match u.int_in_range(0..=5)? {
        0 => {}
        1 => message::damage_response(&mut response, u)?,
        _ => {
            if let Ok(body) = serde_json::from_slice(&response.body) {
                let editor = Editor { keys: KEYS, values: &*VALUES };
                response.body = editor.edited(body, 3, u)?.to_string().into_bytes();
            }
        }
    }
    Ok(Some(Case { response: Response::new(&service.schema[operation].name, response), altered }))
}

/// Keys with a meaning in a body.
const KEYS: &[&str] = &["__type", "code", "Code", "message", "Message", "errorMessage", "New"];

/// Edge-case values for decoders. Few, so that each of the exceptions occurs often.
static VALUES: LazyLock<[Value; 16]> = LazyLock::new(|| {
    [
        json!(null),
        json!(true),
        json!(""),
        json!("x"),
        json!(0),
        json!(-0.0),
        json!(1.0),
        json!(1.5),
        json!(1e300),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(2_147_483_648_u64),
        json!("NaN"),
        json!("2014-04-29T18:30:38+01:00"),
        json!([]),
        json!({}),
    ]
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};
    use crate::target::outcome_of;

    #[test]
    fn every_exception_occurs() {
        for exception in exceptions::EXCEPTIONS {
            let case = SdkResponse::plain(exception.sample.as_bytes());
            let held = case.as_ref().map(check);
            assert_eq!(held, Some((Outcome::Excepted, vec![exception.name])), "{exception}");
        }
    }

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<SdkResponse>(
            6000,
            1500,
            [(Outcome::Output, 300), (Outcome::Error, 300), (Outcome::Neither, 200), (Outcome::Excepted, 20)],
        );
        assert_cases_round_trip::<SdkResponse>(500, 500);
    }

    #[test]
    fn seeds_reach_every_outcome() {
        let mut count: BTreeMap<Outcome, usize> = BTreeMap::new();
        for outcome in SdkResponse::seeds().iter().filter_map(|seed| outcome_of::<SdkResponse>(&seed.data)) {
            *count.entry(outcome).or_default() += 1;
        }
        let expected = exceptions::EXCEPTIONS.len();
        assert!(count[&Outcome::Excepted] >= expected && count[&Outcome::Output] > 30, "{count:?}");
        assert!(count[&Outcome::Error] > 20 && !count.contains_key(&Outcome::Skipped), "{count:?}");
    }
}
