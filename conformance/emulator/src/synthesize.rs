//! Generated answers, for operations without handler: derived from seed and request, valid for the model, and stable: equal
//! requests get equal answers. Lists page through a small collection that does not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arbitrary::Unstructured;
use connect_model::alike::Narrowing;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::resources::IDENTITIES;
use connect_model::schema::{Binding, Kind, Member, Operation, OperationId, Pagination, Schema, ShapeId, Slot};
use serde_json::{Map, Value};

use crate::pages::{Pages, Scope, Size};
use crate::refusal::Refusal;
use crate::store::lock;
use crate::token_forms::TokenForms;

/// Items of a generated list, if its element has that many distinct values.
const ITEMS: u64 = 5;

/// The largest page of which a generated list has three.
const LONG: f64 = 100.0;

/// Items of a page of an operation without page size.
const UNSIZED_PAGE: usize = 2;

/// Bytes that one answer is generated from. The rest of a value that needs more is as small as possible.
const BYTES: usize = 1024;

/// How often the bytes of an item are doubled to tell it from the others.
const MOST_DOUBLINGS: u64 = 6;

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
    tokens: TokenForms,
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
            tokens: TokenForms::new(seed),
        }
    }

    /// The required members of a structure.
    pub(super) fn smallest(&self, shape: ShapeId) -> Map<String, Value> {
        match self.smallest.shape(shape, &mut Unstructured::new(&[])) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        }
    }

    /// The output for an input, or the refusal of it.
    ///
    /// # Errors
    /// The reason why the model's output cannot be generated.
    pub(super) fn output(
        &self,
        id: OperationId,
        input: &Value,
        pages: &Pages,
    ) -> Result<Result<Value, Refusal>, String> {
        let operation = &self.schema[id];
        let Some(pagination) = &operation.pagination else {
            return self.generate(id, &format!("{} {input}", operation.name)).map(Ok);
        };
        let mut filters = input.clone();
        if let Value::Object(members) = &mut filters {
            members.remove(&pagination.input_token);
            pagination.page_size.as_ref().map(|member| members.remove(member));
            remove_paging_parameters(self.schema, operation, members);
        }
        // A narrowed list shows items of the whole one.
        let mut whole = filters.clone();
        let narrowings = self.schema.narrowings(operation);
        if let Value::Object(members) = &mut whole {
            members.retain(|name, _| narrowings.iter().all(|narrowing| narrowing.input.name != *name));
        }
        let label = format!("{} {whole}", operation.name);
        let mut output = self.generate(id, &label)?;
        remove(&mut output, &pagination.output_token);
        let Some(listed) = Listed::of(self.schema, id, pagination) else { return Ok(Ok(output)) };
        let whole = self.collection(&listed, &label);
        let is_wanted = |item: &&Value| narrowings.iter().all(|narrowing| admits(narrowing, &filters, item));
        let items: Vec<&Value> = whole.iter().filter(is_wanted).collect();
        let token = input.get(&pagination.input_token).and_then(Value::as_str);
        let token = token.map(|token| self.tokens.read(token));
        let requested = pagination.page_size.as_ref().and_then(|member| size_in(input.get(member)?));
        let requested = requested.map(|size| size.min(i64::try_from(listed.longest).unwrap_or(i64::MAX)));
        // A list without page size still has more than one page.
        let default = if pagination.page_size.is_some() { items.len().max(1) } else { UNSIZED_PAGE };
        let size = Size { requested, default: default.min(listed.longest) };
        let cut = pages.cut(&Scope::new(&operation.name, "", &filters), token.as_deref(), size, |after| {
            (1_u64..).zip(items.iter().copied()).skip_while(move |(key, _)| *key <= after)
        });
        let page = match cut {
            Ok(page) => page,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Value::Object(members) = &mut output {
            members.insert(listed.name.to_owned(), listed.shown(page.items));
            if let Some(total) = members.get_mut("ApproximateTotalCount") {
                *total = items.len().into();
            }
            if let Some(next) = page.next {
                members
                    .insert(listed.token.name.clone(), self.tokens.write(&self.generator, listed.token, next)?.into());
            }
        }
        Ok(Ok(output))
    }

    /// An output. The error is the reason why none can be generated.
    fn generate(&self, id: OperationId, label: &str) -> Result<Value, String> {
        let bytes = Stream::new(self.seed, label).bytes(BYTES);
        let creates = self.schema[id].name.starts_with("Create");
        let generator = if creates { &self.complete } else { &self.generator };
        generator.output(id, &mut Unstructured::new(&bytes)).map_err(|error| error.to_string())
    }

    /// Some elements that are easy to tell apart.
    fn collection(&self, listed: &Listed, label: &str) -> Arc<[Value]> {
        if let Some(items) = lock(&self.collections).get(label) {
            return Arc::clone(items);
        }
        let items: Arc<[Value]> = self.make_collection(listed, label).into();
        let mut collections = lock(&self.collections);
        if collections.len() >= CACHED {
            collections.clear();
        }
        collections.insert(label.to_owned(), Arc::clone(&items));
        items
    }

    fn make_collection(&self, listed: &Listed, label: &str) -> Vec<Value> {
        const ATTEMPTS: u64 = 12;
        let mut items: Vec<Value> = Vec::new();
        for attempt in 0..listed.most * ATTEMPTS {
            if items.len() as u64 >= listed.most {
                break;
            }
            // Large items need more bytes before they differ in their last members.
            let bytes = BYTES << (attempt / listed.most).min(MOST_DOUBLINGS);
            let bytes = Stream::new(self.seed.wrapping_add(attempt), label).bytes(bytes);
            let mut u = Unstructured::new(&bytes);
            let mut made = |slot: &Slot| self.generator.shape(slot.target, &mut u);
            let item = match listed.key {
                None => made(listed.element),
                Some(key) => made(key).and_then(|key| Ok(Value::Array(vec![key, made(listed.element)?]))),
            };
            let Ok(item) = item else { break };
            if items.iter().all(|other| differ(other, &item)) {
                items.push(item);
            }
        }
        items
    }
}

/// The size of a page in its member, which is a text in some services.
pub(super) fn size_in(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Removes the parameters of paging from a map of all query parameters, which has them as well.
pub(super) fn remove_paging_parameters(schema: &Schema, operation: &Operation, input: &mut Map<String, Value>) {
    let (Some(members), Some(pagination)) = (schema.input_members(operation), &operation.pagination) else { return };
    let names = [Some(&pagination.input_token), pagination.page_size.as_ref()];
    let keys: Vec<&String> = names
        .into_iter()
        .flatten()
        .filter_map(|name| match &members.get(name)?.binding {
            Binding::Query(key) => Some(key),
            _ => None,
        })
        .collect();
    for member in members.iter().filter(|member| member.binding == Binding::QueryParams) {
        let Some(Value::Object(parameters)) = input.get_mut(&member.name) else { continue };
        parameters.retain(|key, _| !keys.contains(&key));
        if parameters.is_empty() {
            input.remove(&member.name);
        }
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

/// The list or map of an output that is cut into pages.
struct Listed {
    /// Name of the member.
    name: &'static str,
    /// Most items of all pages.
    most: u64,
    /// Most items of a page.
    longest: usize,
    /// The keys of a map. Its items are pairs of key and value.
    key: Option<&'static Slot>,
    element: &'static Slot,
    /// The member with the token of the next page.
    token: &'static Member,
}

impl Listed {
    /// None if token or items are nested or unknown, or the tokens are no texts: such lists have one page.
    fn of(schema: &'static Schema, id: OperationId, pagination: &'static Pagination) -> Option<Self> {
        let ([token], Some([name])) = (pagination.output_token.as_slice(), pagination.items.as_deref()) else {
            return None;
        };
        let members = schema.output_members(&schema[id])?;
        let member = members.get(name)?;
        let (key, element) = match &schema[member.slot.target].kind {
            Kind::List(list) => (None, &list.member),
            Kind::Map(map) => (Some(&map.key), &map.value),
            _ => return None,
        };
        let is_text = |member: &&Member| matches!(schema[member.slot.target].kind, Kind::String);
        let token = members.get(token).filter(is_text)?;
        let input = schema.input_members(&schema[id])?;
        input.get(&pagination.input_token).filter(is_text)?;
        let size = pagination.page_size.as_ref().and_then(|name| input.get(name)?.slot.traits.range?.min);
        // Three pages of the smallest size.
        let most = size.map_or(ITEMS, |least| ITEMS.max(2 * least.clamp(0.0, LONG) as u64 + 1));
        let longest = member.slot.traits.length.and_then(|bounds| bounds.max);
        let longest = longest.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        Some(Self { name, most, longest, key, element, token })
    }

    /// The value of the member with these items.
    fn shown(&self, items: Vec<&Value>) -> Value {
        if self.key.is_none() {
            return items.into_iter().cloned().collect();
        }
        let pairs = items.into_iter().filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].clone())));
        Value::Object(pairs.collect())
    }
}

/// Returns true if two elements differ, also in each member that looks like an identity.
fn differ(a: &Value, b: &Value) -> bool {
    if let (Value::Array(a), Value::Array(b)) = (a, b) {
        // Entries of a map differ in their keys.
        return a.first() != b.first();
    }
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return a != b };
    let identifies = |name: &str| IDENTITIES.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
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
