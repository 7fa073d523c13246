//! One search operation, the things that were made for it to find, and how it is asked.

use std::collections::BTreeSet;

use connect_model::schema::OperationId;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::pager::Pager;
use crate::observe::Observation;
use crate::resources::Resource;
use crate::search::filter::Filter;
use crate::search::oracle::{Comparison, Node, Tag, Thing};
use crate::search::{EVENTUALLY_VISIBLE, Form, PAGE};
use crate::steps;
use crate::steps::Wait;
use connect_transport::exchange::Exchange;

/// A second type of flows whose content may be that of the template.
const OTHER_TYPE: &str = "QUEUE_TRANSFER";

/// Tags that everything made here bears.
const COLOR: &str = "contract-test-color";
const SIZE: &str = "contract-test-size";

/// What is made: name, color, size, and whether it is of the other type. Two words that begin names, one of which
/// stands inside of another name, too; no two things have both tags in common.
const THINGS: [(&str, &str, &str, bool); 4] = [
    ("amber", "amber", "small", false),
    ("amber-two", "amber", "large", true),
    ("birch", "birch", "large", false),
    ("birch-amber", "birch", "small", true),
];

pub(super) struct Searcher<'c> {
    pub(super) client: &'c Client,
    pub(super) operation: OperationId,
    pub(super) row: &'static Resource,
    pub(super) form: &'static Form,
    pub(super) instance: String,
    /// Begins the names of everything made here, and of nothing else.
    pub(super) group: String,
    /// In order of creation.
    pub(super) things: Vec<Thing>,
}

/// What a search found: all items, those of ours as places in the order of creation, and the last page.
pub(super) struct Found {
    pub(super) items: Vec<Value>,
    pub(super) ours: BTreeSet<usize>,
    pub(super) exchange: Exchange,
}

impl<'c> Searcher<'c> {
    pub(super) async fn new(
        client: &'c Client,
        operation: OperationId,
        row: &'static Resource,
        form: &'static Form,
    ) -> Result<Self, String> {
        let instance = client.instance().await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
        let group = format!("{}-", client.fresh_name());
        Ok(Self { client, operation, row, form, instance, group, things: Vec::new() })
    }

    /// Makes the things to search for.
    pub(super) async fn populate(&mut self, seen: &mut Observation) -> Result<(), String> {
        for (name, color, size, other_type) in THINGS {
            let name = format!("{}{name}", self.group);
            let tags = vec![self.tag(COLOR, color), self.tag(SIZE, size)];
            let mut input = steps::creation_in(self.client, self.row, &self.instance).await?;
            input[self.row.name_member] = name.clone().into();
            input["Tags"] = tags.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
            if other_type && input.get("Type").is_some() {
                input["Type"] = OTHER_TYPE.into();
            }
            let kind = input.get("Type").and_then(Value::as_str).map(str::to_owned);
            match steps::create(self.client, self.row, &input).await {
                Ok(made) => self.things.push(Thing { id: made.id, name, kind, tags }),
                Err(why) => seen.block(format!("nothing to search for: {why}")),
            }
        }
        match self.things.len() {
            0 | 1 => Err("fewer than two resources could be made to search for".to_owned()),
            _ => Ok(()),
        }
    }

    /// Waits until the index shows everything that was made; says whether it does.
    pub(super) async fn visible(&self, seen: &mut Observation) -> bool {
        let check = &EVENTUALLY_VISIBLE;
        let mut wait = Wait::for_index(self.client);
        loop {
            let found = match self.everything().await {
                Ok(found) => found,
                Err(why) => {
                    seen.block(why);
                    return false;
                }
            };
            if found.ours.len() == self.things.len() {
                seen.judged(check);
                let seconds = wait.elapsed().as_secs();
                self.client.learn(format!("lag of {}", self.form.operation), format!("under {} s", seconds + 1));
                return true;
            }
            if wait.again().await {
                continue;
            }
            let waited = wait.elapsed().as_secs();
            let lost = (0..self.things.len()).find(|at| !found.ours.contains(at));
            match lost.filter(|lost| found.ours.last().is_some_and(|last| last > lost)) {
                // The index has gone on and left it behind: that is no lag.
                Some(lost) => {
                    let expected = format!("{} after {waited} s, as what was made after it", self.things[lost].name);
                    let actual = format!("found: {}", self.names(&found.ours));
                    seen.judged(check);
                    seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
                }
                None => seen.block(format!("the index shows {} after {waited} s", self.names(&found.ours))),
            }
            seen.block(format!("the index does not show everything after {waited} s"));
            return false;
        }
    }

    /// A tag whose value nobody else uses.
    pub(super) fn tag(&self, key: &str, value: &str) -> Tag {
        (key.to_owned(), format!("{}{value}", self.group))
    }

    /// The tags of the things: each color and size.
    pub(super) fn tags(&self) -> [Tag; 4] {
        [self.tag(COLOR, "amber"), self.tag(COLOR, "birch"), self.tag(SIZE, "small"), self.tag(SIZE, "large")]
    }

    /// Criteria for everything that was made here.
    pub(super) fn all(&self) -> Node {
        Node::Name(Comparison::StartsWith, self.group.clone())
    }

    /// The member that tells items apart.
    pub(super) fn id(&self) -> &'static str {
        self.row.search.map_or("Id", |(_, id)| id)
    }

    /// A search without criteria.
    pub(super) async fn everything(&self) -> Result<Found, String> {
        self.find(self.input(None, None)).await
    }

    /// A search by criteria.
    pub(super) async fn search(&self, criteria: &Node, filter: Option<&(usize, Filter)>) -> Result<Found, String> {
        self.find(self.input(Some(criteria.encode(self.form.field)), filter)).await
    }

    pub(super) fn input(&self, criteria: Option<Value>, filter: Option<&(usize, Filter)>) -> Value {
        let mut input = json!({ "InstanceId": self.instance });
        if let Some(criteria) = criteria {
            input["SearchCriteria"] = criteria;
        }
        if let Some(((member, dialect), filter)) =
            filter.and_then(|(at, filter)| Some((self.form.filters.get(*at)?, filter)))
        {
            input["SearchFilter"] = json!({ *member: filter.encode(*dialect) });
        }
        input
    }

    /// All pages of a search; the text says why they cannot be had.
    pub(super) async fn find(&self, input: Value) -> Result<Found, String> {
        let mut pages = Pager::new(self.client, self.operation, input)?.all(Some(PAGE)).await?;
        let items: Vec<Value> = pages.iter_mut().flat_map(|page| std::mem::take(&mut page.items)).collect();
        let place = |item: &Value| self.things.iter().position(|thing| item[self.id()] == *thing.id);
        let ours = items.iter().filter_map(place).collect();
        let exchange = pages.pop().map(|page| page.exchange).ok_or("a search without a page")?;
        Ok(Found { items, ours, exchange })
    }

    /// Names of some of ours, for messages.
    pub(super) fn names(&self, of: &BTreeSet<usize>) -> String {
        let names: Vec<&str> = of.iter().map(|at| &*self.things[*at].name).collect();
        if names.is_empty() { "none of ours".to_owned() } else { names.join(", ") }
    }
}
