//! Spellings: values that lenient parsers take and that the protocol refuses, such as `"12"` or `0x42` for a number.
//!
//! The request is a valid one, in which the text of one value is replaced. An operation gets a case of each kind for the
//! first place of each part of its request: path, query, headers and body.

mod rows;

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Place, Side, Site};
use connect_model::path::{SchemaPath, Step};
use connect_model::schema::{Kind, OperationId, Schema, SlotTraits};
use connect_model::text::excerpt;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{encode_request, escaped};
use serde_json::Value;

use self::rows::ROWS;
use crate::case::{Level, Outcome};
use crate::check::{Check, Remote};
use crate::code::{Attempt, Bound, Code, Omission, Scope, Trial, Variant};
use crate::evidence::{MALFORMED, RESTJSON};
use crate::harm::Harm;
use crate::invalid::rejection::{Requests, judge_rejection};
use crate::judge::Judgement;

/// A kind of wrong spelling: a check.
pub(super) struct Row {
    /// Name of the check, without its family.
    name: &'static str,
    /// True if the official tests of the protocol demand a rejection.
    official: bool,
    /// The rule in one sentence.
    rule: &'static str,
    /// The spellings of a value, each with a name; no name if there is only one. None where the kind has no meaning.
    spell: fn(&Spot<'_>) -> Spellings,
}

/// Texts in place of a value, each with its name.
type Spellings = Vec<(Option<&'static str>, String)>;

/// The value that is spelled in another way.
struct Spot<'s> {
    kind: &'s Kind,
    traits: &'s SlotTraits,
    place: Place,
    /// The valid value.
    value: &'s Value,
}

impl Spot<'_> {
    /// True if the value travels as JSON, false if it is a text of a path, query or header.
    fn is_json(&self) -> bool {
        self.place == Place::Body || self.place == Place::Payload
    }
}

/// One check for each row.
static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| ROWS.iter().map(check_of).collect());

/// The checks for all kinds of spelling.
pub(super) fn checks() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter()
}

fn check_of(row: &'static Row) -> Check {
    Check {
        id: format!("invalid.{}", row.name).leak(),
        level: if row.official { Level::Must } else { Level::Should },
        remote: if row.official { Remote::SHOULD } else { Remote::NOTE },
        rule: row.rule,
        evidence: if row.official { &[MALFORMED] } else { &[RESTJSON] },
        harm: Harm::Form,
        fault: fault_of(row.rule).leak(),
        passes: "4xx, while the same request with the value in its right spelling is not rejected the same way",
        fails: "2xx, or 5xx",
        code: Box::leak(Box::new(Spelling(row))),
    }
}

/// The fault of an endpoint that breaks a rule of the form `A is rejected where B`: `accepted A where B`.
fn fault_of(rule: &str) -> String {
    let stated = rule.split(": ").next().unwrap_or(rule);
    format!("accepted {}", stated.replace(" is rejected", "").replace(" are rejected", ""))
}

/// The code of a check for one kind of spelling.
struct Spelling(&'static Row);

/// A place whose value is spelled in another way.
struct Subject {
    site: Site,
    row: &'static Row,
    spelling: Option<&'static str>,
}

impl Code for Spelling {
    fn variants(&'static self, scope: &Scope<'_>, check: &'static Check) -> Vec<Variant> {
        let Scope { schema, operation, .. } = *scope;
        let generator = Generator::new(schema, Config::sparse());
        let places = scope.once("first places", || first_places(&scope.sites()));
        let mut variants = Vec::new();
        let mut taken = Vec::new();
        let one = Value::from(1);
        for site in places.iter() {
            let kind = &schema[site.slot.target].kind;
            // Any value shows if the kind has a meaning here.
            let probe = Spot { kind, traits: &site.slot.traits, place: site.place, value: &one };
            if (self.0.spell)(&probe).is_empty() || taken.contains(&part(site.place)) {
                continue;
            }
            let path = &site.mutation.path;
            let bytes = Stream::new(0, &path.to_string()).bytes(256);
            let base = generator.focused(operation, Side::Input, &focus(site, schema), &mut Unstructured::new(&bytes));
            let Ok(base) = base.map(|made| made.value) else { continue };
            let Some((pointer, value)) = value_at(path, &base) else { continue };
            let spellings = (self.0.spell)(&Spot { value, ..probe });
            if !spellings.is_empty() {
                taken.push(part(site.place));
            }
            for (spelling, text) in spellings {
                let name = spelling.map_or_else(|| path.to_string(), |spelling| format!("{path}:{spelling}"));
                if !scope.wants(check, Some(&name)) {
                    continue;
                }
                let subject = Subject { site: site.clone(), row: self.0, spelling };
                let attempt = spelled(schema, operation, &base, &pointer, site.place, &text)
                    .map_err(Omission::NotExpressible)
                    .map(|_| Arc::new(Bound { subject, run }) as Arc<dyn Attempt>);
                variants.push(Variant { name: Some(name), attempt });
            }
        }
        variants
    }
}

/// The places of values, the nearest first, each once. Keys of maps are no places: they are strings in JSON.
fn first_places(sites: &[Site]) -> Vec<Site> {
    let mut found: Vec<Site> = Vec::new();
    for site in sites {
        let path = &site.mutation.path;
        let is_value = !path.0.iter().any(|step| matches!(step, Step::Key | Step::Value));
        if is_value && found.last().is_none_or(|last| last.mutation.path != *path) {
            found.push(site.clone());
        }
    }
    found
}

/// The parts of a request that are read in different ways.
fn part(place: Place) -> u8 {
    match place {
        Place::Label => 0,
        Place::Query => 1,
        Place::Header | Place::HeaderName => 2,
        Place::Body | Place::Payload => 3,
    }
}

/// The place that the request needs a value at: inside of a list, since an empty one has no element.
fn focus(site: &Site, schema: &Schema) -> SchemaPath {
    match schema[site.slot.target].kind {
        Kind::List(_) => site.mutation.path.join(Step::Element),
        _ => site.mutation.path.clone(),
    }
}

/// JSON Pointer and value at a path.
fn value_at<'v>(path: &SchemaPath, value: &'v Value) -> Option<(String, &'v Value)> {
    let pointer = path.first_in(value)?;
    let found = value.pointer(&pointer)?;
    Some((pointer, found))
}

/// A text that stands for the value until the request is encoded. No valid value of any shape but a string.
const STAND_IN: &str = "zzStandInOfContractTest";

/// The request of an input whose value at a pointer has another text.
fn spelled(
    schema: &Schema,
    operation: OperationId,
    input: &Value,
    pointer: &str,
    place: Place,
    text: &str,
) -> Result<HttpRequest, String> {
    let mut input = input.clone();
    let value = input.pointer_mut(pointer).ok_or("the request has no value there")?;
    *value = if is_list_text(value, place) { Value::from(vec![STAND_IN]) } else { Value::from(STAND_IN) };
    let mut request = encode_request(schema, operation, &input).map_err(|error| error.to_string())?;
    if part(place) == 3 {
        let body = String::from_utf8(request.body).map_err(|error| error.to_string())?;
        request.body = body.replacen(&format!("\"{STAND_IN}\""), text, 1).into_bytes();
    } else {
        request.uri = request.uri.replacen(STAND_IN, &escaped(text), 1);
        for (_, value) in &mut request.headers.0 {
            *value = value.replacen(STAND_IN, text, 1);
        }
    }
    Ok(request)
}

/// True for a list outside of JSON, whose first item has the text.
fn is_list_text(value: &Value, place: Place) -> bool {
    value.is_array() && part(place) != 3
}

fn run<'t>(trial: Trial<'t>, subject: &'t Subject) -> Judgement<'t> {
    Box::pin(judge(trial, subject))
}

/// Sends a request with the spelling and its twin, and judges the responses.
async fn judge(trial: Trial<'_>, Subject { site, row, spelling }: &Subject) -> Outcome {
    let Trial { client, operation, check, .. } = trial;
    let schema = client.schema;
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why);
    }
    let path = &site.mutation.path;
    let label = format!("{}/{}/{path}", schema[operation].name, check.id);
    let input = match client.input(operation, Config::sparse(), &label, &focus(site, schema)).await {
        Ok(input) => input,
        Err(why) => return Outcome::indeterminate(format!("no valid request could be generated: {why}")),
    };
    let Some((pointer, value)) = value_at(path, &input) else {
        return Outcome::indeterminate(format!("the request has no value at {path}"));
    };
    let (kind, traits) = (&schema[site.slot.target].kind, &site.slot.traits);
    let spellings = (row.spell)(&Spot { kind, traits, place: site.place, value });
    let Some((_, text)) = spellings.into_iter().find(|(name, _)| name == spelling) else {
        return Outcome::indeterminate(format!("the value at {path} has no such spelling"));
    };
    let faulty = spelled(schema, operation, &input, &pointer, site.place, &text);
    let twin = encode_request(schema, operation, &input).map_err(|error| error.to_string());
    let (faulty, twin) = match (faulty, twin) {
        (Ok(faulty), Ok(twin)) => (faulty, twin),
        (Err(why), _) | (_, Err(why)) => return Outcome::indeterminate(why),
    };
    let fault = format!("{} at {pointer}", excerpt(&text));
    judge_rejection(trial, Requests { faulty: &faulty, twin: &twin, again: &|_| None }, &pointer, &fault).await
}
