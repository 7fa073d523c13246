//! Associations, and other things that are shown in a list or with their holder.

use std::collections::BTreeSet;

use connect_model::generate::Config;
use connect_model::json_text::scalar;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, Link};
use connect_model::schema::{Kind, Member, OperationId, Schema, ShapeId};
use connect_transport::exchange::Exchange;
use serde_json::{Map, Value};

use crate::case::Finding;
use crate::client::Client;
use crate::client::pager::{Pager, collected, page_sizes};
use crate::client::reply::SYNTHESIZED;
use crate::code::Trial;
use crate::parts::{Part, visit};
use crate::resources;
use crate::resources::{INSTANCE, overwrite};
use crate::steps;
use crate::steps::{Judged, Wait, body, succeed};

/// The thing that an operation makes, if it is shown in a list or with its holder.
pub(super) fn made_by(schema: &'static Schema, operation: OperationId) -> Option<&'static Link> {
    graph::shared(schema).links.iter().find(|link| link.make == operation)
}

/// `lifecycle.association`.
pub(super) async fn life(trial: Trial<'_>, link: &'static Link) -> Judged {
    let Trial { client, check, .. } = trial;
    let schema = client.schema;
    let name = |operation: OperationId| schema[operation].name.as_str();
    let mut thing = Thing::make(client, link).await?;
    if let Some(exchange) = thing.settle().await? {
        let expected = format!("an item for what {} made, in {}", name(link.make), name(link.list));
        let finding = check.finding("", expected, "none on any page", Some(&exchange));
        return Ok(vec![finding.resting_on([&*thing.answer, &exchange])]);
    }
    let mut beside = None;
    if has_room(schema, link) {
        beside = thing.beside(link).await;
        if thing.shown().await?.0.as_ref() != Some(&thing.marks) {
            return Err(format!("{} replaces what it made before", name(link.make)));
        }
    }
    let ended = succeed(client, name(link.end), &thing.ending(link)).await?;
    let resting = |finding: Finding, exchange: &Exchange| Ok(vec![finding.resting_on([&*ended, exchange])]);
    if let (_, Some(exchange)) = thing.wait_until(|shown| shown != Some(&thing.marks)).await? {
        let expected = format!("no such item in {} after {}", name(link.list), name(link.end));
        return resting(check.finding("", expected, "it is still listed", Some(&exchange)), &exchange);
    }
    let Some(beside) = beside else { return Ok(Vec::new()) };
    if let (_, Some(exchange)) = beside.wait_until(|shown| shown == Some(&beside.marks)).await? {
        let expected = format!("the other item in {} after {} of the first", name(link.list), name(link.end));
        return resting(check.finding("", expected, "it is not listed any more", Some(&exchange)), &exchange);
    }
    // The holder may outlive the run.
    let _ = succeed(client, name(link.end), &beside.ending(link)).await;
    Ok(Vec::new())
}

/// False for a holder whose description has room for one.
fn has_room(schema: &'static Schema, link: &Link) -> bool {
    let kind = link.holder.map(|holder| &graph::shared(schema).kinds()[holder]);
    let member = link.member.as_deref().and_then(|member| kind?.described(schema)?.get(member));
    member.is_none_or(|member| member.slot.traits.length.is_none_or(|bounds| bounds.max != Some(1)))
}

/// A thing that was made.
pub(super) struct Thing<'c> {
    client: &'c Client,
    /// Input that made it.
    pub(super) sent: Value,
    answer: Box<Exchange>,
    /// Its list, with the input that names the holder.
    list: (OperationId, Value),
    /// Texts and numbers by which an item is recognised.
    pub(super) marks: BTreeSet<String>,
}

/// The surroundings of a thing.
struct Held {
    /// The members that name its holder; null for none.
    holder: Value,
    /// The instance of the other resources that the request names, if these are to be new ones.
    new_in: Option<String>,
}

impl<'c> Thing<'c> {
    pub(super) async fn make(client: &'c Client, link: &'static Link) -> Result<Self, String> {
        let holder = holder(client, link).await?;
        Self::of(client, link, Held { holder, new_in: None }).await
    }

    async fn of(client: &'c Client, link: &'static Link, held: Held) -> Result<Self, String> {
        let make = &client.schema[link.make].name;
        let label = format!("{make}/association{}", if held.new_in.is_some() { "/beside" } else { "" });
        let is_in_instance = held.holder.as_object().is_some_and(|names| names.keys().eq([INSTANCE]));
        let mut sent = Value::Null;
        let mut made = Err(String::new());
        // Members that exclude each other may be refused together.
        for config in [steps::one_of_each(), Config::sparse()] {
            sent = client.input(link.make, config, &label, &SchemaPath::default()).await?;
            // A resource that the request names lives in the instance of the run, unless it is a new one.
            if held.new_in.is_some() || !(is_in_instance && names_resource(client.schema, link.make, &sent)) {
                overwrite(&mut sent, held.holder.clone());
            }
            if let Some(instance) = &held.new_in {
                let is_holder = |name: &str| held.holder.get(name).is_some();
                client.name_new(instance, link.make, &mut sent, is_holder).await?;
            }
            made = succeed(client, make, &sent).await;
            if made.is_ok() {
                break;
            }
        }
        Self::made(client, link, sent, made?).await
    }

    /// The thing that an input made, as its list shows it.
    async fn made(client: &'c Client, link: &'static Link, sent: Value, answer: Box<Exchange>) -> Result<Self, String> {
        let schema = client.schema;
        let make = &schema[link.make].name;
        let input = client.input(link.list, Config::sparse(), &format!("{make}/list"), &SchemaPath::default()).await?;
        let mut input = input.as_object().cloned().unwrap_or_default();
        // The list names the same holder as the request.
        for member in schema.input_members(&schema[link.list]).into_iter().flatten() {
            let given = sent.get(&member.name).filter(|_| !is_page(schema, link.list, &member.name));
            if let Some(given) = given {
                input.insert(member.name.clone(), given.clone());
            }
        }
        let answered = body(schema, &answer).unwrap_or_default();
        let mut marks = BTreeSet::new();
        let holders: BTreeSet<String> = input.values().filter_map(mark).collect();
        // Not all lists show the id.
        let row = resources::created_by(schema, make).filter(|row| row.is_told_by(link.list));
        match row.and_then(|row| row.id_in(&sent, &answered)) {
            Some(id) => drop(marks.insert(id)),
            None => {
                let shown = Shown::in_list(schema, link.list);
                let shape = schema[link.make].input;
                shape.into_iter().for_each(|shape| texts(schema, shape, &sent, &shown, &mut marks));
            }
        }
        marks.retain(|text| !holders.contains(text));
        if marks.is_empty() {
            return Err(format!("nothing in {make} tells its item in a list from others"));
        }
        Ok(Self { client, sent, answer, list: (link.list, input.into()), marks })
    }

    /// Another thing of the same holder, if there can be two, with marks of its own.
    async fn beside(&self, link: &'static Link) -> Option<Self> {
        let names = self.list.1.as_object().into_iter().flat_map(Map::keys);
        let holder = names.filter_map(|name| Some((name.clone(), self.sent.get(name)?.clone())));
        let holder = Value::Object(holder.collect());
        let instance = match self.sent[INSTANCE].as_str() {
            Some(instance) => instance.to_owned(),
            None => self.client.instance().await.unwrap_or_default(),
        };
        let mut beside = Self::of(self.client, link, Held { holder, new_in: Some(instance) }).await.ok()?;
        beside.marks.retain(|mark| !self.marks.contains(mark));
        let ends_both = beside.ending(link) == self.ending(link);
        let is_shown = !ends_both && !beside.marks.is_empty() && beside.settle().await.ok()?.is_none();
        is_shown.then_some(beside)
    }

    /// Waits until the list shows it, and keeps the marks that are shown. Returns the last exchange if it is not shown.
    pub(super) async fn settle(&mut self) -> Result<Option<Exchange>, String> {
        let (shown, late) = self.wait_until(|shown| shown.is_some()).await?;
        // Some members of the request are not shown.
        self.marks = shown.unwrap_or_else(|| std::mem::take(&mut self.marks));
        Ok(late)
    }

    /// Waits until the marks of the best item are as expected. Returns the marks, and the last exchange if they never were.
    async fn wait_until(
        &self,
        is_expected: impl Fn(Option<&BTreeSet<String>>) -> bool,
    ) -> Result<(Option<BTreeSet<String>>, Option<Exchange>), String> {
        let mut wait = Wait::brief(self.client);
        loop {
            let (shown, exchange) = self.shown().await?;
            if is_expected(shown.as_ref()) {
                return Ok((shown, None));
            }
            if !wait.again().await {
                return Ok((shown, Some(exchange.ok_or("the list has no page")?)));
            }
        }
    }

    /// The marks of the item that has the most of them, if the list shows one; with the exchange of the last page.
    async fn shown(&self) -> Result<(Option<BTreeSet<String>>, Option<Exchange>), String> {
        let (items, exchange) = self.items().await?;
        let marked = items.iter().map(|item| self.marks_of(item));
        let best = marked.max_by_key(BTreeSet::len).filter(|marks| !marks.is_empty());
        Ok((best, exchange))
    }

    /// The items with all marks, of which there are several if one thing is associated twice; with the exchange of the last page.
    pub(super) async fn own_items(&self) -> Result<(Value, Option<Exchange>), String> {
        let (mut items, exchange) = self.items().await?;
        items.retain(|item| self.marks_of(item) == self.marks);
        Ok((items.into(), exchange))
    }

    fn marks_of(&self, item: &Value) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.marks_in(item, &mut found);
        found
    }

    /// The items of the list, or its whole answer if it has no pages; with the exchange of the last page.
    pub(super) async fn items(&self) -> Result<(Vec<Value>, Option<Exchange>), String> {
        let (list, input) = &self.list;
        let contract = &self.client.schema[*list];
        let (items, exchange) = if contract.pagination.is_none() {
            let exchange = succeed(self.client, &contract.name, input).await?;
            (vec![body(self.client.schema, &exchange)?], Some(*exchange))
        } else {
            let size = page_sizes(self.client.schema, *list).map(|(_, most)| most);
            collected(Pager::new(self.client, *list, input.clone())?.all(size).await?)
        };
        if exchange.as_ref().is_some_and(|exchange| exchange.response.headers.get(SYNTHESIZED).is_some()) {
            return Err(format!("{} is not kept by the endpoint", contract.name));
        }
        Ok((items, exchange))
    }

    fn marks_in(&self, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.marks_in(item, found)),
            Value::Object(members) => members.values().for_each(|member| self.marks_in(member, found)),
            other => found.extend(mark(other).filter(|text| self.marks.contains(text))),
        }
    }

    /// The input that ends it: members of the request by name at any depth, else by shape.
    fn ending(&self, link: &Link) -> Value {
        let schema = self.client.schema;
        if let Some(row) = resources::created_by(schema, &schema[link.make].name) {
            let answered = body(schema, &self.answer).unwrap_or_default();
            let id = row.id_in(&self.sent, &answered).unwrap_or_default();
            return row.naming(&schema[link.end].name, &self.sent, &id);
        }
        let mut input = Map::new();
        for member in schema.input_members(&schema[link.end]).into_iter().flatten() {
            let within = || schema[link.make].input.and_then(|shape| part_named(schema, shape, &self.sent, member));
            if let Some(given) = self.sent.get(&member.name).cloned().or_else(within) {
                input.insert(member.name.clone(), given);
            } else if let Kind::List(list) = &schema[member.slot.target].kind
                && let Some(shape) = schema[link.make].input
            {
                // The request may name the holder by the same shape.
                let mut found = of_shape(schema, shape, &self.sent, list.member.target);
                found.retain(|part| {
                    !self.list.1.as_object().is_some_and(|names| names.values().any(|name| name == part))
                });
                if !found.is_empty() {
                    input.insert(member.name.clone(), found.into());
                }
            }
        }
        Value::Object(input)
    }
}

/// The members that name a holder of its own in the request: a new resource, or an instance that nobody else uses.
async fn holder(client: &Client, link: &Link) -> Result<Value, String> {
    let schema = client.schema;
    let kinds = graph::shared(schema).kinds();
    let row = link.holder.and_then(|holder| resources::named(schema, &kinds[holder].noun));
    let Some(row) = row else { return Ok(Value::Null) };
    let mut names = Map::new();
    if row.is_instance() {
        names.insert(INSTANCE.to_owned(), steps::quiet_instance(client).await?.into());
        return Ok(names.into());
    }
    let made = client.create(row).await?;
    for member in schema.input_members(&schema[link.make]).into_iter().flatten() {
        let kind = graph::shared(schema).named_at(schema, &member.name, member.slot.target);
        if kind.is_some_and(|kind| kind.noun == row.noun) {
            names.insert(member.name.clone(), made.id.clone().into());
        } else if row.of.parents.iter().any(|(parent, _)| *parent == member.name) {
            // The request names the parents of the holder, too.
            names.insert(member.name.clone(), made.sent[&member.name].clone());
        }
    }
    Ok(names.into())
}

/// True for an input that names a resource beside its instance.
fn names_resource(schema: &'static Schema, operation: OperationId, input: &Value) -> bool {
    let graph = graph::shared(schema);
    let mut is_named = false;
    schema[operation].input.into_iter().for_each(|shape| {
        visit(schema, shape, input, &mut |part| {
            is_named |= part.name != INSTANCE && graph.named_at(schema, part.name, part.slot.target).is_some();
            !is_named
        });
    });
    is_named
}

fn is_page(schema: &Schema, operation: OperationId, member: &str) -> bool {
    let pagination = schema[operation].pagination.as_ref();
    pagination
        .is_some_and(|pagination| pagination.input_token == member || pagination.page_size.as_deref() == Some(member))
}

/// A text or number by which something is recognised.
fn mark(value: &Value) -> Option<String> {
    scalar(value).filter(|text| !text.is_empty())
}

/// The texts that an item of a list can show.
#[derive(Default)]
struct Shown {
    /// Names of members, in lower case. Empty for items that are texts.
    names: BTreeSet<String>,
    shapes: BTreeSet<ShapeId>,
}

/// Deepest member of an item that is looked at.
const DEPTH: usize = 4;

impl Shown {
    fn in_list(schema: &Schema, list: OperationId) -> Self {
        let mut shown = Self::default();
        schema[list].output.into_iter().for_each(|shape| shown.add(schema, shape, 0));
        shown
    }

    fn add(&mut self, schema: &Schema, shape: ShapeId, depth: usize) {
        match &schema[shape].kind {
            Kind::Structure(members) | Kind::Union(members) if depth < DEPTH => {
                for member in members {
                    if matches!(schema[member.slot.target].kind, Kind::String) && depth > 0 {
                        self.names.insert(member.name.to_ascii_lowercase());
                    }
                    self.add(schema, member.slot.target, depth + 1);
                }
            }
            Kind::List(list) => self.add(schema, list.member.target, depth),
            Kind::Map(map) => self.add(schema, map.value.target, depth),
            // A shape of its own; `String` is that of anything.
            Kind::String if is_specific(&schema[shape].name) => drop(self.shapes.insert(shape)),
            _ => {}
        }
    }

    /// True if an item can show a part of a request: under its name, or under the end of it (`configName` as `name`).
    fn has(&self, part: &Part<'_, '_>) -> bool {
        let name = part.name.to_ascii_lowercase();
        self.names.is_empty()
            || self.shapes.contains(&part.slot.target)
            || self.names.iter().any(|shown| name.ends_with(shown) || shown.ends_with(&name))
    }
}

/// True for the name of a shape that tells what its values are.
fn is_specific(shape: &str) -> bool {
    ["Id", "Arn", "Name"].iter().any(|end| shape.ends_with(end))
}

/// The free texts of a value that an item can show, but for client tokens. Values of enums, numbers and booleans occur in
/// other items, too.
fn texts(schema: &Schema, shape: ShapeId, value: &Value, shown: &Shown, found: &mut BTreeSet<String>) {
    visit(schema, shape, value, &mut |part| {
        let kind = &schema[part.slot.target].kind;
        let is_free = matches!(kind, Kind::String)
            && part.member.is_none_or(|member| !member.idempotency_token)
            && shown.has(part);
        found.extend(part.value.as_str().filter(|text| is_free && text.len() > 2).map(str::to_owned));
        !matches!(kind, Kind::Map(_))
    });
}

/// The part of a value that a required member names in another operation: `Name` in `LexBot` as `BotName`.
fn part_named(schema: &Schema, shape: ShapeId, value: &Value, wanted: &Member) -> Option<Value> {
    let mut found: Option<(usize, Value)> = None;
    visit(schema, shape, value, &mut |part| {
        let is_scalar = !part.value.is_object() && !part.value.is_array();
        let is_named = part.member.is_some() && wanted.name.ends_with(part.name);
        if is_scalar && is_named && found.as_ref().is_none_or(|(length, _)| *length < part.name.len()) {
            found = Some((part.name.len(), part.value.clone()));
        }
        true
    });
    found.map(|(_, value)| value).filter(|_| wanted.required)
}

/// The parts of a value that have a shape.
fn of_shape(schema: &Schema, shape: ShapeId, value: &Value, wanted: ShapeId) -> Vec<Value> {
    let mut found = Vec::new();
    visit(schema, shape, value, &mut |part| {
        let is_wanted = part.slot.target == wanted;
        if is_wanted && !found.contains(part.value) {
            found.push(part.value.clone());
        }
        !is_wanted
    });
    found
}
