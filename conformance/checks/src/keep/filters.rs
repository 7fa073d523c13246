//! `keep.list-filter`: a list that is narrowed by an enum shows the items with that value, and no others.

use std::collections::{BTreeMap, BTreeSet};

use connect_model::alike::Narrowing;
use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::plurals;
use connect_model::schema::{Kind, OperationId, Schema, ShapeId};
use connect_transport::exchange::Exchange;
use serde_json::{Value, json};

use crate::case::Finding;
use crate::client::Client;
use crate::client::pager::{Pager, key, page_sizes};
use crate::code::{Scope, Subjects, Trial};
use crate::difference::and_more;
use crate::judge::Judgement;
use crate::keep::thing::repair;
use crate::resources;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Wait, succeed};

/// Values of an enum by which a list is narrowed.
const VALUES: usize = 6;

/// Most pages of the whole list.
const MOST_PAGES: i64 = 60;

/// Resources with another value that are tried to be created for one enum.
const ATTEMPTS: usize = 3;

/// Lists with a member that narrows them, by the index of that member.
pub(super) fn narrowed(scope: &Scope<'_>) -> Subjects<usize> {
    let found = scope.schema.narrowings(scope.contract);
    let reads = scope.name().starts_with("List");
    found.iter().enumerate().filter(|_| reads).map(|(at, one)| (Some(one.input.name.clone()), at)).collect()
}

pub(super) fn list_filter<'t>(trial: Trial<'t>, at: &'t usize) -> Judgement<'t> {
    trial.scenario(judge(trial, *at))
}

async fn judge(trial: Trial<'_>, at: usize) -> Judged {
    let Trial { client, operation, check, .. } = trial;
    let contract = &client.schema[operation];
    let narrowing = *client.schema.narrowings(contract).get(at).ok_or("the list cannot be narrowed")?;
    let label = format!("{}/{}", contract.name, check.id);
    let base = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?;
    let list = List { client, operation, base, narrowing };
    match resources::listed_by(client.schema, &contract.name) {
        Some((row, _)) => list.populate(row).await,
        // On a real account, it would stay.
        None if client.target.loopback => list.associate().await,
        None => {}
    }
    list.judge(trial).await
}

/// A list with a member that narrows it.
struct List<'c> {
    client: &'c Client,
    operation: OperationId,
    base: Value,
    narrowing: Narrowing<'static>,
}

/// The items of a list by their key, with the value by which the list can be narrowed.
type Items = BTreeMap<String, Option<String>>;

impl List<'_> {
    /// All items for some values; for no value, of the whole list. Without a size, the pages are as large as possible.
    async fn items(&self, values: &[&str], size: Option<i64>) -> Result<(Items, Option<Exchange>), String> {
        let mut base = self.base.clone();
        let member = &self.narrowing.input.name;
        match (values, self.narrowing.many) {
            ([], _) => {}
            (values, true) => base[member] = json!(values),
            (values, false) => base[member] = json!(values[0]),
        }
        let schema = self.client.schema;
        let size = size.or_else(|| page_sizes(schema, self.operation).map(|(_, most)| most));
        let mut pages = Pager::new(self.client, self.operation, base)?.all(size).await?;
        let identity = resources::listed_by(schema, &schema[self.operation].name).map(|(_, member)| member);
        let mut items = Items::new();
        for item in pages.iter().flat_map(|page| &page.items) {
            let value = item.get(&self.narrowing.item.name).and_then(Value::as_str);
            items.insert(key(item, identity), value.map(str::to_owned));
        }
        Ok((items, pages.pop().map(|page| page.exchange)))
    }

    async fn judge(&self, trial: Trial<'_>) -> Judged {
        let (check, client) = (trial.check, self.client);
        let mut wait = Wait::brief(client);
        loop {
            let (whole, _) = self.items(&[], None).await?;
            let present: BTreeSet<&str> = whole.values().flatten().map(String::as_str).collect();
            if present.is_empty() {
                return Err("the list has no items that show the value".to_owned());
            }
            let (mut findings, mut judged) = (Vec::new(), 0);
            for wanted in self.queries(&present) {
                let (narrowed, exchange) = match self.items(&wanted, None).await {
                    Ok(found) => found,
                    // Family accept judges refusals of single values.
                    Err(_) => continue,
                };
                judged += 1;
                let words = either(&wanted);
                let member = &self.narrowing.item.name;
                let surplus =
                    narrowed.iter().find(|(_, value)| value.as_ref().is_some_and(|value| !wanted.contains(&&**value)));
                if let Some((item, Some(value))) = surplus {
                    let expected = format!("only items with {member} {words}");
                    let actual = format!("{item} with `{value}`, one of {} items", narrowed.len());
                    let pointer = format!("/{}", self.narrowing.input.name);
                    findings.push(check.finding(pointer, expected, actual, exchange.as_ref()));
                    continue;
                }
                // An item that was there before and after must be there in between.
                let (after, _) = self.items(&[], None).await?;
                let is_lost = |(item, value): &(&String, &Option<String>)| {
                    value.as_ref().is_some_and(|value| wanted.contains(&&**value))
                        && after.get(*item) == Some(value)
                        && !narrowed.contains_key(*item)
                };
                let lost: Vec<&String> = whole.iter().filter(is_lost).map(|(item, _)| item).collect();
                if let Some(first) = lost.first() {
                    let expected = format!("every item with {member} {words} that the whole list shows");
                    let actual = and_more(format!("{first} is missing"), lost.len());
                    let pointer = format!("/{}", self.narrowing.input.name);
                    findings.push(check.finding(pointer, expected, actual, exchange.as_ref()));
                } else {
                    findings.extend(self.on_pages(trial, &wanted, &narrowed).await);
                }
            }
            if judged == 0 {
                return Err("no narrowed list was answered".to_owned());
            }
            if findings.is_empty() || !wait.again().await {
                return Ok(findings);
            }
        }
    }

    /// Judges the narrowed list on pages of other sizes: one item is left for the last page, or two pages are full.
    async fn on_pages(&self, trial: Trial<'_>, wanted: &[&str], narrowed: &Items) -> Option<Finding> {
        let (least, most) = page_sizes(self.client.schema, self.operation)?;
        let count = narrowed.len() as i64;
        for size in [count - 1, (count + 1) / 2].into_iter().filter(|size| (least.max(1)..=most).contains(size)) {
            let Ok((paged, exchange)) = self.items(wanted, Some(size)).await else { continue };
            let Ok((after, _)) = self.items(wanted, None).await else { continue };
            let lost = narrowed.keys().find(|item| after.contains_key(*item) && !paged.contains_key(*item));
            let other = paged.iter().find(|(_, value)| value.as_ref().is_some_and(|value| !wanted.contains(&&**value)));
            let actual = match (lost, other) {
                (Some(item), _) => format!("{item} is missing"),
                (None, Some((item, Some(value)))) => format!("{item} with `{value}`"),
                _ => continue,
            };
            if !self.pages_well(size).await {
                return None;
            }
            let member = &self.narrowing.item.name;
            let words = either(wanted);
            let expected =
                format!("on pages of {size}, the {count} items with {member} {words} that larger pages show");
            let pointer = format!("/{}", self.narrowing.input.name);
            return Some(trial.check.finding(pointer, expected, actual, exchange.as_ref()));
        }
        None
    }

    /// True if the whole list shows the same items on smaller pages. What goes wrong there belongs to the family pagination.
    async fn pages_well(&self, size: i64) -> bool {
        let Some((least, most)) = page_sizes(self.client.schema, self.operation) else { return false };
        let Ok((whole, _)) = self.items(&[], None).await else { return false };
        let count = whole.len() as i64;
        let sizes = [Some(count - 1), Some((count + 1) / 2), Some(size).filter(|size| count / size <= MOST_PAGES)];
        for size in sizes.into_iter().flatten().filter(|size| (least.max(1)..=most).contains(size)) {
            let Ok((paged, _)) = self.items(&[], Some(size)).await else { return false };
            let Ok((after, _)) = self.items(&[], None).await else { return false };
            if whole.keys().any(|item| after.contains_key(item) && !paged.contains_key(item)) {
                return false;
            }
        }
        true
    }

    /// Values to narrow by: those of the items, one that no item has, and two of them together.
    fn queries<'q>(&self, present: &BTreeSet<&'q str>) -> Vec<Vec<&'q str>>
    where
        Self: 'q,
    {
        let present: Vec<&str> = present.iter().copied().take(VALUES).collect();
        let mut queries: Vec<Vec<&str>> = present.iter().map(|value| vec![*value]).collect();
        let absent =
            values(self.client.schema, self.narrowing.values).into_iter().find(|value| !present.contains(value));
        queries.extend(absent.map(|value| vec![value]));
        if let [one, other, ..] = present.as_slice()
            && self.narrowing.many
        {
            queries.push(vec![one, other]);
        }
        queries
    }

    /// Creates a resource as the template has it, and one with another value of the enum.
    async fn populate(&self, row: &'static Resource) {
        if row.is_instance() || self.client.create(row).await.is_err() {
            return;
        }
        let instance = self.base["InstanceId"].as_str().unwrap_or_default();
        for value in values(self.client.schema, self.narrowing.values).into_iter().rev().take(ATTEMPTS) {
            if self.with(row, instance, value).await.is_ok() {
                return;
            }
        }
    }

    /// Associates two items that differ in the enum, if the items of the list are associated and not created.
    async fn associate(&self) {
        let (client, schema) = (self.client, self.client.schema);
        let Some(associate) = associates(schema, &schema[self.operation].name) else { return };
        let name = &schema[associate].name;
        let Some(pointer) = place_of(schema, name, self.narrowing.values) else { return };
        let label = format!("{name}/{}", self.narrowing.input.name);
        for value in values(schema, self.narrowing.values).into_iter().take(2) {
            let input = client.input(associate, steps::one_of_each(), &label, &SchemaPath::default()).await;
            let Ok(mut input) = input else { return };
            set(&mut input, &pointer, value);
            // The list is also judged by what it shows already.
            if succeed(client, name, &input).await.is_err() {
                return;
            }
        }
    }

    /// Creates a resource with a value of the enum, in its creation or by an update.
    async fn with(&self, row: &'static Resource, instance: &str, value: &str) -> Result<(), String> {
        let (client, schema, shape) = (self.client, self.client.schema, self.narrowing.values);
        let mut input = client.creation_in(row, instance).await?;
        if let Some(pointer) = place_of(schema, row.create, shape) {
            set(&mut input, &pointer, value);
            repair(row, &mut input);
            set(&mut input, &pointer, value);
            return steps::create(client, row, &input).await.map(|_| ());
        }
        let created = steps::create(client, row, &input).await?;
        for update in &row.updates {
            if let Some(pointer) = place_of(schema, update, shape) {
                let mut change = row.naming(update, &input, &created.id);
                set(&mut change, &pointer, value);
                return succeed(client, update, &change).await.map(|_| ());
            }
        }
        Err(format!("nothing gives a {} another value", row.kind))
    }
}

/// The operation that associates the items of a list: `AssociateDefaultVocabulary` those of `ListDefaultVocabularies`.
fn associates(schema: &Schema, list: &str) -> Option<OperationId> {
    let listed = list.strip_prefix("List")?;
    let associate =
        |name: &str| name.strip_prefix("Associate").is_some_and(|noun| plurals(noun).iter().any(|all| all == listed));
    schema.operations().find(|(_, operation)| associate(&operation.name)).map(|(id, _)| id)
}

/// Values as alternatives in a sentence.
fn either(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    quoted.join(" or ")
}

/// The values of an enum.
fn values(schema: &'static Schema, shape: ShapeId) -> Vec<&'static str> {
    match &schema[shape].kind {
        Kind::Enum(values) => values.iter().map(|value| &**value).collect(),
        _ => Vec::new(),
    }
}

/// JSON Pointer to the member of a shape in the input of an operation, at the top or in a structure.
fn place_of(schema: &Schema, operation: &str, shape: ShapeId) -> Option<String> {
    let members = schema.input_members(&schema[schema.operation_named(operation)?])?;
    members.iter().find_map(|member| {
        if member.slot.target == shape {
            return Some(format!("/{}", member.name));
        }
        let inner = match &schema[member.slot.target].kind {
            Kind::Structure(inner) => inner.iter().find(|inner| inner.slot.target == shape),
            _ => None,
        };
        inner.map(|inner| format!("/{}/{}", member.name, inner.name))
    })
}

/// Sets a value at a pointer of one or two members.
fn set(input: &mut Value, pointer: &str, value: &str) {
    match pointer[1..].split_once('/') {
        Some((outer, inner)) => input[outer] = json!({ inner: value }),
        None => input[&pointer[1..]] = value.into(),
    }
}
