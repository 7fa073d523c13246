//! Generated answers, for operations without handler: derived from seed and request, valid for the model, and stable: equal
//! requests get equal answers. Lists page through a small collection that does not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::schema::{Kind, Narrowing, OperationId, Pagination, Schema, ShapeId, Slot};
use serde_json::{Map, Value};

use crate::pages::{Pages, Scope, Size};
use crate::refusal::Refusal;
use crate::store::lock;

/// Items of a generated list, if its element has that many distinct values.
const ITEMS: u64 = 5;

/// Items of a page of an operation without page size.
const UNSIZED_PAGE: usize = 2;

/// Bytes that one answer is generated from. The rest of a value that needs more is as small as possible.
const BYTES: usize = 1024;

/// Probability of an optional member. High, because most outputs of Connect have optional members only, and an empty
/// answer tests nothing.
const OPTIONAL_PERCENT: u8 = 85;

/// Most collections in the cache. A full cache is cleared; its collections are generated again with equal items.
const CACHED: usize = 512;

/// Generates answers.
pub(super) struct Synthesizer {
    schema: &'static Schema,
    generator: Generator<'static>,
    /// Generates every member: the caller of a creation needs the id.
    complete: Generator<'static>,
    smallest: Generator<'static>,
    seed: u64,
    /// Collections by label: every page of a list needs the same one.
    collections: Mutex<HashMap<String, Arc<[Value]>>>,
}

impl Synthesizer {
    pub(super) fn new(schema: &'static Schema, seed: u64) -> Self {
        Self {
            schema,
            generator: Generator::new(schema, Config { optional_percent: OPTIONAL_PERCENT, ..Config::default() }),
            complete: Generator::new(schema, Config { optional_percent: 100, ..Config::default() }),
            smallest: Generator::new(schema, Config::sparse()),
            seed,
            collections: Mutex::default(),
        }
    }

    /// The required members of a structure.
    pub(super) fn smallest(&self, shape: ShapeId) -> Map<String, Value> {
        match self.smallest.shape(shape, &mut Unstructured::new(&[])) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }

    /// The output for an input.
    pub(super) fn output(&self, id: OperationId, input: &Value, pages: &Pages) -> Result<Value, Refusal> {
        let operation = &self.schema[id];
        let Some(pagination) = &operation.pagination else {
            return Ok(self.generate(id, &format!("{} {input}", operation.name)));
        };
        let mut filters = input.clone();
        if let Value::Object(members) = &mut filters {
            members.remove(&pagination.input_token);
            pagination.page_size.as_ref().map(|member| members.remove(member));
        }
        // A narrowed list shows items of the whole one.
        let mut whole = filters.clone();
        let narrowings = self.schema.narrowings(operation);
        if let Value::Object(members) = &mut whole {
            members.retain(|name, _| narrowings.iter().all(|narrowing| narrowing.input.name != *name));
        }
        let label = format!("{} {whole}", operation.name);
        let mut output = self.generate(id, &label);
        remove(&mut output, &pagination.output_token);
        let Some((member, element, most)) = self.listed(id, pagination) else { return Ok(output) };
        let whole = self.collection(element, &label, most);
        let is_wanted = |item: &&Value| narrowings.iter().all(|narrowing| admits(narrowing, &filters, item));
        let items: Vec<&Value> = whole.iter().filter(is_wanted).collect();
        let token = input.get(&pagination.input_token).and_then(Value::as_str);
        let requested = pagination.page_size.as_ref().and_then(|member| input.get(member)).and_then(Value::as_i64);
        // A list without page size still has more than one page.
        let default = if pagination.page_size.is_some() { items.len().max(1) } else { UNSIZED_PAGE };
        let size = Size { requested, default };
        let page = pages.cut(&Scope::new(&operation.name, "", &filters), token, size, |after| {
            (1_u64..).zip(items.iter().copied()).skip_while(move |(key, _)| *key <= after)
        })?;
        if let Value::Object(members) = &mut output {
            members.insert(member.to_owned(), page.items.into_iter().cloned().collect());
            if let Some(total) = members.get_mut("ApproximateTotalCount") {
                *total = items.len().into();
            }
            if let (Some(next), [name]) = (page.next, pagination.output_token.as_slice()) {
                members.insert(name.clone(), next.into());
            }
        }
        Ok(output)
    }

    /// Name, element and maximum length of a paginated list. None if token or items are nested or unknown: such lists
    /// have one page.
    fn listed(&self, id: OperationId, pagination: &'static Pagination) -> Option<(&'static str, &'static Slot, u64)> {
        let ([_], Some([name])) = (pagination.output_token.as_slice(), pagination.items.as_deref()) else {
            return None;
        };
        let member = self.schema.output_members(&self.schema[id])?.get(name)?;
        let most = member.slot.traits.length.and_then(|bounds| bounds.max).unwrap_or(ITEMS);
        match &self.schema[member.slot.target].kind {
            Kind::List(list) => Some((name, &list.member, most.min(ITEMS))),
            _ => None,
        }
    }

    fn generate(&self, id: OperationId, label: &str) -> Value {
        let bytes = Stream::new(self.seed, label).bytes(BYTES);
        let creates = self.schema[id].name.starts_with("Create");
        let generator = if creates { &self.complete } else { &self.generator };
        // A shape without values is an error in the model, which `connect-model` reports; the answer stays empty.
        generator.output(id, &mut Unstructured::new(&bytes)).unwrap_or_else(|_| Value::Object(Map::new()))
    }

    /// Up to `most` elements that are easy to tell apart.
    fn collection(&self, element: &Slot, label: &str, most: u64) -> Arc<[Value]> {
        if let Some(items) = lock(&self.collections).get(label) {
            return Arc::clone(items);
        }
        let items: Arc<[Value]> = self.make_collection(element, label, most).into();
        let mut collections = lock(&self.collections);
        if collections.len() >= CACHED {
            collections.clear();
        }
        collections.insert(label.to_owned(), Arc::clone(&items));
        items
    }

    fn make_collection(&self, element: &Slot, label: &str, most: u64) -> Vec<Value> {
        const ATTEMPTS: u64 = 12;
        let mut items: Vec<Value> = Vec::new();
        for attempt in 0..most * ATTEMPTS {
            if items.len() as u64 >= most {
                break;
            }
            let bytes = Stream::new(self.seed.wrapping_add(attempt), label).bytes(BYTES);
            let Ok(item) = self.generator.shape(element.target, &mut Unstructured::new(&bytes)) else { break };
            if items.iter().all(|other| differ(other, &item)) {
                items.push(item);
            }
        }
        items
    }
}

/// Returns true if an item has one of the values by which the input narrows the list.
fn admits(narrowing: &Narrowing<'_>, input: &Value, item: &Value) -> bool {
    let shown = &item[&narrowing.item.name];
    match input.get(&narrowing.input.name) {
        None | Some(Value::Null) => true,
        Some(Value::Array(values)) => values.is_empty() || values.contains(shown),
        Some(value) => value == shown,
    }
}

/// Returns true if two elements differ, also in each member that looks like an identity.
fn differ(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return a != b };
    let identifies =
        |name: &str| ["id", "arn", "name", "key"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    a != b && a.iter().filter(|(name, _)| identifies(name)).all(|(name, value)| b.get(name) != Some(value))
}

/// Removes the value at a path of member names.
fn remove(value: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(value, |value, name| value.get_mut(name));
    if let Some(Value::Object(members)) = parent {
        members.remove(last);
    }
}
