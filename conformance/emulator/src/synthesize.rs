//! Answers for operations that nobody performs: generated from seed and request, valid for the model, and stable: the
//! same request gets the same answer. Lists page through a small collection that does not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::schema::{Kind, OperationId, Pagination, Schema, ShapeId, Slot};
use serde_json::{Map, Value};

use crate::pages::{Pages, Size, Walk};
use crate::refusal::Refusal;
use crate::store::lock;

/// Items of a synthesized list, if its element has that many distinct values.
const ITEMS: u64 = 5;

/// Items of a page where the caller cannot ask for a size.
const UNSIZED_PAGE: usize = 2;

/// Bytes that one answer is generated from; when they run out, the rest of the value is as small as it may be.
const BYTES: usize = 1024;

/// Chance of an optional member. High, because most outputs of Connect have nothing but optional members, and an empty
/// answer shows nothing.
const OPTIONAL_PERCENT: u8 = 85;

/// Most collections that are remembered; then all are forgotten, and made again alike.
const REMEMBERED: usize = 512;

/// Makes answers.
pub(super) struct Synthesizer {
    schema: &'static Schema,
    generator: Generator<'static>,
    /// Leaves nothing out: whoever makes something needs to be told its id.
    complete: Generator<'static>,
    smallest: Generator<'static>,
    seed: u64,
    /// Collections that were made, by label: a walk asks for the same one again and again.
    made: Mutex<HashMap<String, Arc<[Value]>>>,
}

impl Synthesizer {
    pub(super) fn new(schema: &'static Schema, seed: u64) -> Self {
        Self {
            schema,
            generator: Generator::new(schema, Config { optional_percent: OPTIONAL_PERCENT, ..Config::default() }),
            complete: Generator::new(schema, Config { optional_percent: 100, ..Config::default() }),
            smallest: Generator::new(schema, Config::sparse()),
            seed,
            made: Mutex::default(),
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
        let label = format!("{} {filters}", operation.name);
        let mut output = self.generate(id, &label);
        remove(&mut output, &pagination.output_token);
        let Some((member, element, most)) = self.listed(id, pagination) else { return Ok(output) };
        let items = self.collection(element, &label, most);
        let token = input.get(&pagination.input_token).and_then(Value::as_str);
        let asked = pagination.page_size.as_ref().and_then(|member| input.get(member)).and_then(Value::as_i64);
        // A list whose pages nobody can size still has more than one.
        let default = if pagination.page_size.is_some() { items.len().max(1) } else { UNSIZED_PAGE };
        let size = Size { asked, default };
        let page = pages.cut(&Walk::new(&operation.name, "", &filters), token, size, |after| {
            (1..).zip(items.iter().cloned()).skip_while(move |(order, _)| *order <= after)
        })?;
        if let Value::Object(members) = &mut output {
            members.insert(member.to_owned(), Value::Array(page.items));
            if let Some(total) = members.get_mut("ApproximateTotalCount") {
                *total = items.len().into();
            }
            if let (Some(next), [name]) = (page.next, pagination.output_token.as_slice()) {
                members.insert(name.clone(), next.into());
            }
        }
        Ok(output)
    }

    /// Name, element and greatest length of the list that is paged through. None where token or items are nested or
    /// not known: such lists have one page.
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
        // A shape that has no value is a fault of the model, which `connect-model` reports; the answer stays empty.
        generator.output(id, &mut Unstructured::new(&bytes)).unwrap_or_else(|_| Value::Object(Map::new()))
    }

    /// Up to `most` elements, no two of which could be taken for the same.
    fn collection(&self, element: &Slot, label: &str, most: u64) -> Arc<[Value]> {
        if let Some(items) = lock(&self.made).get(label) {
            return Arc::clone(items);
        }
        let items: Arc<[Value]> = self.make_collection(element, label, most).into();
        let mut made = lock(&self.made);
        if made.len() >= REMEMBERED {
            made.clear();
        }
        made.insert(label.to_owned(), Arc::clone(&items));
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

/// Two elements differ, and in everything that looks like an identity.
fn differ(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return a != b };
    let identifies =
        |name: &str| ["id", "arn", "name", "key"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    a != b && a.iter().filter(|(name, _)| identifies(name)).all(|(name, value)| b.get(name) != Some(value))
}

/// Takes the value at a path of member names away.
fn remove(value: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(value, |value, name| value.get_mut(name));
    if let Some(Value::Object(members)) = parent {
        members.remove(last);
    }
}
