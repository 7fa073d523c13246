//! Initial inputs for corpora: as text, a message of each operation that has typed shapes and of each operation of the
//! small model; and random bytes.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side};
use connect_model::schema::OperationId;
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::wire::{encode_error, encode_request, encode_response};
use serde_json::Value;

use crate::message::{Request, Response};
use crate::service::{Message, Service};
use crate::target::{Seed, Target};

/// Number of random seeds per target.
const DRAWN: usize = 12;

/// Valid values of one side of each operation, with most optional members.
fn values(side: Side) -> impl Iterator<Item = (&'static str, Value)> {
    of_each(side).map(|(service, id, value)| (service.schema[id].name.as_str(), value))
}

/// Values of both sides, in the format of [`document_of_text`].
pub(crate) fn documents() -> impl Iterator<Item = Seed> {
    [(Side::Input, "input"), (Side::Output, "output")].into_iter().flat_map(|(side, word)| {
        values(side).map(move |(operation, value)| {
            Seed::new(format!("{operation}-{word}"), format!("{operation} {word}\n{value}"))
        })
    })
}

/// Parses `CreateRule input`, a line break, and a JSON document.
pub(crate) fn document_of_text(data: &[u8]) -> Option<(String, Message, Value)> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let (operation, side) = std::str::from_utf8(&data[..end]).ok()?.split_once(' ')?;
    Service::named(operation)?;
    let message = if side == "output" { Message::Output } else { Message::Input };
    let value = serde_json::from_slice(&data[end + 1..]).ok()?;
    Some((operation.to_owned(), message, value))
}

/// HTTP messages of one side of each operation, as text.
pub(crate) fn messages(side: Side) -> Vec<Seed> {
    let message = |(service, id, value): (&'static Service, OperationId, Value)| {
        let name = service.schema[id].name.as_str();
        let data = match side {
            Side::Input => Request::from(encode_request(service.schema, id, &value).ok()?).to_text(),
            Side::Output => Response::new(name, encode_response(service.schema, id, &value).ok()?).to_text(),
        };
        Some(Seed::new(name, data))
    };
    of_each(side).filter_map(message).collect()
}

fn of_each(side: Side) -> impl Iterator<Item = (&'static Service, OperationId, Value)> {
    Service::all().iter().flat_map(move |service| {
        let generator = Generator::new(service.schema, Config { max_text: 20, max_values: 100, ..Config::full() });
        let small = service.schema.service.sdk_id != "Connect";
        let chosen = move |name: &str| small || CORE_OPERATIONS.contains(&name);
        service.schema.operations().filter(move |(_, operation)| chosen(&operation.name)).filter_map(
            move |(id, operation)| {
                let bytes = Stream::new(4, &operation.name).bytes(600);
                Some((service, id, generator.operation(id, side, &mut Unstructured::new(&bytes)).ok()?))
            },
        )
    })
}

/// Every error of the models, as a response to an operation that lists it.
pub(crate) fn errors() -> Vec<Seed> {
    let mut seeds: BTreeMap<String, Seed> = BTreeMap::new();
    for service in Service::all() {
        let generator = Generator::new(service.schema, Config { max_text: 20, ..Config::full() });
        for (operation, error) in
            service.schema.operations().flat_map(|(_, one)| one.errors.iter().map(move |e| (one, *e)))
        {
            let name = service.schema[error].name.clone();
            let bytes = Stream::new(4, &name).bytes(300);
            let Ok(body) = generator.shape(error, &mut Unstructured::new(&bytes)) else { continue };
            let data = Response::new(&operation.name, encode_error(service.schema, error, &body)).to_text();
            seeds.entry(name.clone()).or_insert(Seed::new(name, data));
        }
    }
    seeds.into_values().collect()
}

/// Handwritten inputs.
pub(crate) fn by_hand<'d>(inputs: impl IntoIterator<Item = &'d [u8]>) -> impl Iterator<Item = Seed> {
    inputs.into_iter().enumerate().map(|(at, data)| Seed::new(format!("by-hand-{at}"), data))
}

/// Selects from `count` random inputs of `bytes` bytes the first that cover each feature, truncated as far as their new
/// features remain. A seed is named after its first new feature.
pub(crate) fn covering<T: Target>(count: usize, bytes: usize, features: impl Fn(&T::Case) -> Vec<String>) -> Vec<Seed> {
    let features = |data: &[u8]| T::draw(data).map(|case| features(&case)).unwrap_or_default();
    let mut stream = Stream::new(7, T::NAME);
    let (mut known, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut seeds = Vec::new();
    for _ in 0..count {
        let mut data = stream.bytes(bytes);
        data[0] |= 128;
        let fresh: Vec<String> = features(&data).into_iter().filter(|word| !known.contains(word)).collect();
        let Some(first) = fresh.first() else { continue };
        let plain = format!("covers-{}", slug(first));
        let mut name = plain.clone();
        for number in 2.. {
            if names.insert(name.clone()) {
                break;
            }
            name = format!("{plain}-{number}");
        }
        let covers_all = |length: &usize| {
            let words = features(&data[..*length]);
            fresh.iter().all(|word| words.contains(word))
        };
        let length = (3..).map(|power| 1 << power).take_while(|length| *length < bytes).find(covers_all);
        seeds.push(Seed::new(name, &data[..length.unwrap_or(bytes)]));
        known.extend(fresh);
    }
    seeds
}

/// Text as part of a seed's name: letters and digits, separated by dashes.
pub(crate) fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The first words of a message, without values, which have other characters than lower-case letters.
pub(crate) fn first_words(message: &str) -> String {
    let words = message.split(' ').map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
    let plain = words.filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
    plain.take(4).collect::<Vec<_>>().join(" ")
}

/// Words of a table that occur as strings in a document.
pub(crate) fn words_of<'t>(document: &Value, table: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                found.insert(text.as_str());
            }
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    table.filter(|word| found.contains(word)).map(str::to_owned).collect()
}

/// Random inputs of several lengths, from which cases are generated.
pub(crate) fn drawn(target: &str) -> impl Iterator<Item = Seed> {
    random(target, DRAWN, |at| 32 << (at % 6)).map(not_text)
}

/// Random inputs of the given number and lengths.
pub(crate) fn random(target: &str, count: usize, length: impl Fn(usize) -> usize) -> impl Iterator<Item = Seed> {
    let mut stream = Stream::new(5, target);
    (0..count).map(move |at| Seed::new(format!("drawn-{at}"), stream.bytes(length(at))))
}

/// Sets the first byte so that the input is not read as text.
pub(crate) fn not_text(mut seed: Seed) -> Seed {
    seed.data[0] |= 128;
    seed
}
