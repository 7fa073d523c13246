//! The views of one resource through its life: `keep.views-agree`, `keep.plausible` and `keep.repeated-read`.

use std::time::Duration;

use connect_model::alike::Shared;
use connect_model::resources::arn_segment;
use connect_model::schema::{Kind, Members, OperationId};
use connect_model::validate::excerpt;
use connect_transport::exchange::Exchange;
use serde_json::{Value, json};

use crate::case::{Finding, Level};
use crate::check::Check;
use crate::client::Client;
use crate::client::forms::is_free_text;
use crate::client::pager::{list_all, search_named};
use crate::client::reply::Reply;
use crate::code::Observer;
use crate::difference::{apart, first};
use crate::keep::plausible::{Life, birth, digest, now, stamp};
use crate::keep::thing::Thing;
use crate::keep::{PLAUSIBLE, REPEATED_READ, VIEWS_AGREE};
use crate::observe::Observation;
use crate::resources;
use crate::resources::Resource;
use crate::same::{agree, in_progress};
use crate::steps;
use crate::steps::{Wait, perform, succeed};

/// A little more than the unit of times without fractions.
const SECOND: Duration = Duration::from_millis(1_100);

pub(super) static OBSERVER: Observer =
    Observer { name: "views", observe: |client, operation| Box::pin(observe(client, operation)) };

/// A view of a resource: an answer, the resource in it, and the members that it can have.
struct View {
    operation: &'static str,
    /// True for a description by the ARN in place of the id.
    by_arn: bool,
    pointer: String,
    members: &'static Members,
    value: Value,
    exchange: Box<Exchange>,
}

async fn observe(client: &Client, operation: OperationId) -> Observation {
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    let Some(row) = resources::created_by(client.schema, &client.schema[operation].name) else { return seen };
    let mut watch = match Watch::new(client, row).await {
        Ok(watch) => watch,
        Err(why) => {
            seen.block(why);
            return seen;
        }
    };
    if let Err(why) = watch.through_life(&mut seen).await {
        // Part of a life proves nothing about the rest.
        seen.leave_open(&VIEWS_AGREE, why);
    }
    seen
}

/// A resource that is watched.
struct Watch<'c> {
    client: &'c Client,
    row: &'static Resource,
    thing: Thing<'c>,
    began: f64,
    /// ARN of the instance that it is in.
    home: String,
    /// True once two views differed.
    differs: bool,
    /// True once the time of the last change was judged over more than a second.
    timed: bool,
}

impl<'c> Watch<'c> {
    async fn new(client: &'c Client, row: &'static Resource) -> Result<Self, String> {
        let is_instance = row.is_instance();
        let instance = if is_instance { String::new() } else { steps::quiet_instance(client).await? };
        let began = now();
        let thing = Thing::full(client, row, &instance).await?;
        let own = thing.created.arn.clone().filter(|_| is_instance);
        let home = match own {
            Some(arn) => arn,
            None => arn_of(client, &instance).await,
        };
        // The ARNs of other kinds name the account; not all of them name the instance.
        let account = |home: String| home.split_inclusive(':').take(5).collect::<String>();
        let home = if row.template().is_some() { home } else { account(home) };
        Ok(Self { client, row, thing, began, home, differs: false, timed: false })
    }

    /// Looks at the resource after its creation, after each update, and at another one of the same name.
    async fn through_life(&mut self, seen: &mut Observation) -> Result<(), String> {
        let row = self.row;
        self.look(seen, "after its creation").await?;
        self.repeat(seen).await?;
        for update in &row.updates {
            let (before, ..) = self.thing.describe().await?;
            steps::change(self.client, row, &self.thing.sent, &self.thing.created.id, update).await?;
            self.look(seen, &format!("after {update}")).await?;
            let (after, exchange, wrapper) = self.thing.describe().await?;
            for (pointer, expected, actual) in [digest(&before, &after), birth(&before, &after)].into_iter().flatten() {
                let pointer = format!("{wrapper}{pointer}");
                seen.add(vec![PLAUSIBLE.finding(pointer, expected, actual, Some(&exchange))]);
            }
            if stamp(&before, &after).is_some() && !self.timed {
                self.timed = self.change_later(seen, update).await?;
            }
        }
        if row.is_instance() || row.delete.is_empty() {
            return Ok(());
        }
        let named = row.naming(row.delete, &self.thing.sent, &self.thing.created.id);
        let (shown, ..) = self.thing.describe().await?;
        succeed(self.client, row.delete, &named).await?;
        let instance = self.thing.sent["InstanceId"].as_str().unwrap_or_default().to_owned();
        let mut again = self.client.creation_in(row, &instance).await?;
        let name = Some(row.name_in(&shown)).filter(|name| !name.is_empty());
        row.set_name(&mut again, name.unwrap_or(row.name_in(&self.thing.sent)));
        self.thing = Thing::make(self.client, row, again).await?;
        self.look(seen, "after a new one of the same name").await
    }

    /// Updates the resource once more after a second, which may be the unit of its times, and judges the time of the change.
    /// False if the update changes nothing.
    async fn change_later(&self, seen: &mut Observation, update: &'static str) -> Result<bool, String> {
        tokio::time::sleep(SECOND).await;
        let (before, ..) = self.thing.describe().await?;
        steps::change(self.client, self.row, &self.thing.sent, &self.thing.created.id, update).await?;
        let mut wait = Wait::brief(self.client);
        loop {
            let (after, exchange, wrapper) = self.thing.describe().await?;
            let wrong = birth(&before, &after).or_else(|| stamp(&before, &after));
            let Some((pointer, expected, actual)) = wrong else { return Ok(before != after) };
            if !wait.again().await {
                let expected = format!("{expected} with {update}");
                let pointer = format!("{wrapper}{pointer}");
                seen.add(vec![PLAUSIBLE.finding(pointer, expected, actual, Some(&exchange))]);
                return Ok(true);
            }
        }
    }

    /// Compares the views of the resource until they agree, or the time is over. After a difference, nothing is awaited.
    async fn look(&mut self, seen: &mut Observation, when: &str) -> Result<(), String> {
        let mut wait = match self.row.search {
            Some(_) => Wait::for_index(self.client),
            None => Wait::brief(self.client),
        };
        loop {
            let views = self.views(when).await?;
            let findings = self.differences(&views, when);
            // Other families judge if a list or search shows a resource at all.
            let lists = [self.row.list, self.row.search].into_iter().flatten();
            let missing = lists.filter(|(list, _)| views.iter().all(|view| view.operation != *list)).count();
            if (missing > 0 || !findings.is_empty()) && !self.differs && wait.again().await {
                continue;
            }
            self.differs |= !findings.is_empty();
            if views.len() > 1 {
                seen.judged(&VIEWS_AGREE);
            }
            seen.add(findings);
            let (arns, chosen) = (self.row.arns(), self.row.chosen());
            let life = Life {
                schema: self.client.schema,
                arns: &arns,
                chosen: &chosen,
                segment: arn_segment(self.row.noun).filter(|_| self.client.schema.service.is_connect()),
                began: self.began,
                id: &self.thing.created.id,
                instance: &self.home,
            };
            for view in &views {
                seen.judged(&PLAUSIBLE);
                for (pointer, expected, actual) in life.implausible(view.members, &view.value) {
                    let pointer = format!("{}{pointer}", view.pointer);
                    let expected = format!("{expected}, {when}");
                    seen.add(vec![PLAUSIBLE.finding(pointer, expected, actual, Some(&view.exchange))]);
                }
            }
            return Ok(());
        }
    }

    /// Differences of each view from the description, which is the first one.
    fn differences(&self, views: &[View], when: &str) -> Vec<Finding> {
        let schema = self.client.schema;
        let Some((described, others)) = views.split_first() else { return Vec::new() };
        let mut findings = Vec::new();
        for view in others {
            for Shared { left, right } in schema.shared(described.members, view.members) {
                // The same shape of an id may stand for other things.
                let is_general = |name: &str| {
                    let member = described.members.get(name).filter(|_| left[1..] != right[1..]);
                    member.is_some_and(|member| {
                        matches!(schema[member.slot.target].kind, Kind::String)
                            && self.row.graph().named_at(schema, "", member.slot.target).is_none()
                    })
                };
                if is_general(&left[1..]) {
                    continue;
                }
                let values = (described.value.pointer(&left), view.value.pointer(&right));
                let (Some(one), Some(other)) = values else { continue };
                let shape = view.members.get(&right[1..]).map(|member| member.slot.target);
                if shape.is_none_or(|shape| agree(schema, shape, one, other)) {
                    continue;
                }
                let (expected, actual) = apart(one, other);
                let id = if view.by_arn { " by its id" } else { "" };
                let expected = format!("{expected}, as {} shows it{id} {when}", described.operation);
                let pointer = format!("{}{right}", view.pointer);
                let finding = VIEWS_AGREE.finding(pointer, expected, actual, Some(&view.exchange));
                findings.push(finding.resting_on([&*described.exchange, &*view.exchange]));
            }
            if self.row.search.is_some_and(|(search, _)| search == view.operation) {
                findings.extend(untold(described, view, when));
            }
        }
        findings
    }

    /// The views of the resource, the description first. Those that do not show it yet are absent.
    async fn views(&self, when: &str) -> Result<Vec<View>, String> {
        let (client, row, thing) = (self.client, self.row, &self.thing);
        let (value, exchange, wrapper) = thing.describe().await?;
        let pointer = wrapper;
        let mut views = vec![View {
            operation: row.describe,
            by_arn: false,
            pointer,
            members: thing.described()?,
            value,
            exchange,
        }];
        let schema = client.schema;
        if let Some(named) = steps::naming_by_arn(schema, row, &thing.sent, &thing.created)
            && let Reply::Success(exchange) = perform(client, row.describe, &named).await?
        {
            let (pointer, value) = steps::shown(schema, row, &exchange)?;
            views.push(View {
                operation: row.describe,
                by_arn: true,
                pointer,
                members: thing.described()?,
                value,
                exchange,
            });
        }
        if when == "after its creation" {
            let create = schema.operation_named(row.create).map(|create| &schema[create]);
            if let Some(members) = create.and_then(|create| schema.output_members(create)) {
                let (value, exchange) = (thing.answered()?, thing.answer.clone());
                views.push(View {
                    operation: row.create,
                    by_arn: false,
                    pointer: String::new(),
                    members,
                    value,
                    exchange,
                });
            }
        }
        if let Some(list) = row.list {
            let (items, exchange) = list_all(client, row, Some(&thing.sent)).await?;
            views.extend(self.item(list, items, exchange.map(Box::new)));
        }
        if let Some(search) = row.search {
            let (shown, ..) = thing.describe().await?;
            let (items, exchange) = search_named(client, row, &thing.sent, row.name_in(&shown)).await?;
            views.extend(self.item(search, items, exchange.map(Box::new)));
        }
        Ok(views)
    }

    /// The item with the id of the resource.
    fn item(
        &self,
        (operation, id): (&'static str, &'static str),
        items: Vec<Value>,
        exchange: Option<Box<Exchange>>,
    ) -> Option<View> {
        let schema = self.client.schema;
        let listed = &schema[schema.operation_named(operation)?];
        let pointer = format!("/{}", listed.pagination.as_ref()?.items.as_ref()?.join("/"));
        let place = items.iter().position(|item| item[id] == *self.thing.created.id)?;
        let members = schema.item_members(listed)?;
        let value = items.into_iter().nth(place)?;
        Some(View {
            operation,
            by_arn: false,
            pointer: format!("{pointer}/{place}"),
            members,
            value,
            exchange: exchange?,
        })
    }

    /// Reads every view a second time.
    async fn repeat(&self, seen: &mut Observation) -> Result<(), String> {
        let check: &'static Check = &REPEATED_READ;
        let (one, other) = (self.views("again").await?, self.views("again").await?);
        for view in &one {
            let is_same = |again: &&View| (again.operation, again.by_arn) == (view.operation, view.by_arn);
            let Some(again) = other.iter().find(is_same) else { continue };
            // A resource that is still being made changes without a call.
            if in_progress(&view.value) || in_progress(&again.value) {
                continue;
            }
            seen.judged(check);
            if view.value != again.value {
                let (expected, actual) = apart(&view.value, &again.value);
                let pointer = format!("{}{}", again.pointer, first(&view.value, &again.value));
                let expected = format!("{expected}, as in the first answer of {}", view.operation);
                let finding = check.finding(pointer, expected, actual, Some(&again.exchange));
                seen.add(vec![finding.resting_on([&*view.exchange, &*again.exchange])]);
            }
        }
        Ok(())
    }
}

/// Findings for free text of a description that an item of a search has a member for and does not show. The searches look
/// at these texts; no source says that their items show them.
fn untold(described: &View, item: &View, when: &str) -> Vec<Finding> {
    let is_text = |(name, value): &(&String, &Value)| {
        is_free_text(name) && value.as_str().is_some_and(|text| !text.is_empty()) && item.members.get(name).is_some()
    };
    let texts = described.value.as_object().into_iter().flatten().filter(is_text);
    let missing = texts.filter(|(name, _)| item.value.get(*name).is_none_or(Value::is_null));
    let finding = |(name, value): (&String, &Value)| {
        let expected = format!("{}, as {} shows it {when}", excerpt(value), described.operation);
        let finding = VIEWS_AGREE.finding(format!("{}/{name}", item.pointer), expected, "absent", Some(&item.exchange));
        finding.at_most(Level::Should).resting_on([&*described.exchange, &*item.exchange])
    };
    missing.map(finding).collect()
}

/// The ARN of an instance; empty if it cannot be read.
async fn arn_of(client: &Client, instance: &str) -> String {
    let Some(row) = resources::instances(client.schema) else { return String::new() };
    let Ok(exchange) = succeed(client, row.describe, &json!({ row.id_member: instance })).await else {
        return String::new();
    };
    let shown = steps::shown(client.schema, row, &exchange).map(|(_, shown)| shown).unwrap_or_default();
    shown["Arn"].as_str().unwrap_or_default().to_owned()
}
