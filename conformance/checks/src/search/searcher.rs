//! A search operation with the resources that the run created for it.

use std::collections::BTreeSet;

use connect_model::schema::OperationId;
use connect_transport::exchange::Exchange;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::pager::Pager;
use crate::observe::Observation;
use crate::resources::Resource;
use crate::search::filter::Filter;
use crate::search::oracle::{Candidate, Comparison, Node, Tag};
use crate::search::{EVENTUALLY_VISIBLE, Form, INDEX_LAGS, PAGE};
use crate::steps;
use crate::steps::Wait;

/// A second type of flow that accepts the content of the template.
const OTHER_TYPE: &str = "QUEUE_TRANSFER";

/// Keys of the tags of all created resources.
pub(super) const COLOR: &str = "contract-test-color";
const SIZE: &str = "contract-test-size";

/// Key of a tag that only the small ones have.
pub(super) const EXTRA: &str = "contract-test-extra";

/// Key of a tag that one resource gets after its creation.
pub(super) const LATER: &str = "contract-test-later";

/// The created resources: name, color, size, and true for the other type. Names start with one of two words, one of
/// which also occurs inside a name. No two resources have both tags in common.
const RESOURCES: [(&str, &str, &str, bool); 4] = [
    ("amber", "amber", "small", false),
    ("amber-two", "amber", "large", true),
    ("birch", "birch", "large", false),
    ("birch-amber", "birch", "small", true),
];

/// A search operation in an instance.
pub(super) struct Searcher<'c> {
    pub(super) client: &'c Client,
    pub(super) operation: OperationId,
    pub(super) row: &'static Resource,
    pub(super) form: Form,
    pub(super) instance: String,
    /// Prefix of the names of all created resources, and of no others, as the endpoint shows them.
    pub(super) prefix: String,
    /// Prefix of the tags of all created resources.
    tags: String,
    /// The created resources, in order of creation.
    pub(super) created: Vec<Candidate>,
}

/// The results of a search: all items, the created resources among them as indices, and the last exchange.
pub(super) struct Found {
    pub(super) items: Vec<Value>,
    pub(super) ours: BTreeSet<usize>,
    /// The total that the first page states.
    pub(super) total: Option<u64>,
    pub(super) on_one_page: bool,
    pub(super) exchange: Exchange,
}

impl<'c> Searcher<'c> {
    pub(super) async fn new(
        client: &'c Client,
        operation: OperationId,
        row: &'static Resource,
        form: Form,
    ) -> Result<Self, String> {
        let instance = client.instance().await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
        let prefix = format!("{}-", client.fresh_name());
        Ok(Self { client, operation, row, form, instance, tags: prefix.clone(), prefix, created: Vec::new() })
    }

    /// Creates the resources to search for.
    pub(super) async fn populate(&mut self, seen: &mut Observation) -> Result<(), String> {
        for (name, color, size, other_type) in RESOURCES {
            let name = self.row.name_of(&format!("{}{name}", self.prefix));
            let mut tags = vec![self.tag(COLOR, color), self.tag(SIZE, size)];
            if size == "small" {
                tags.push(self.tag(EXTRA, ""));
            }
            let mut input = self.client.creation_in(self.row, &self.instance).await?;
            if let Some(member) = self.row.name_member {
                input[member] = name.clone().into();
            }
            if self.row.tag_member().is_some() {
                self.row.add_tags(&mut input, tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
            } else {
                tags.clear();
            }
            if other_type && input.get("Type").is_some() {
                input["Type"] = OTHER_TYPE.into();
            }
            if self.row.takes("Description") {
                input["Description"] = format!("{color} and {size}, {name}").into();
            }
            let kind = input.get("Type").and_then(Value::as_str).map(str::to_owned);
            let mut made = steps::create(self.client, self.row, &input).await;
            if let (Err(_), Some(_)) = (&made, input.as_object_mut().and_then(|input| input.remove("Description"))) {
                made = steps::create(self.client, self.row, &input).await;
            }
            match made {
                Ok(made) => {
                    let name = self.shown_name(&input, &made.id).await.unwrap_or(name);
                    self.created.push(Candidate { id: made.id, arn: made.arn, name, kind, tags });
                }
                Err(why) => seen.block(format!("no resource to search for: {why}")),
            }
        }
        match self.created.len() {
            0 | 1 => Err("fewer than two resources could be created to search for".to_owned()),
            _ => {
                self.prefix = common_prefix(self.created.iter().map(|candidate| &*candidate.name), &self.prefix);
                Ok(())
            }
        }
    }

    /// Gives the first created resource another state, if its kind has one. A refusal leaves all in one state.
    pub(super) async fn archive_first(&self) {
        let Some(first) = self.created.first() else { return };
        for update in &self.row.updates {
            let schema = self.client.schema;
            let members = schema.operation_named(update).and_then(|update| schema.input_members(&schema[update]));
            let state = members.into_iter().flatten().find(|member| member.name.ends_with("State"));
            if let Some(state) = state {
                let mut input = self.row.naming(update, &self.input(None, None), &first.id);
                input[&state.name] = "ARCHIVED".into();
                let _ = steps::succeed(self.client, update, &input).await;
                return;
            }
        }
    }

    /// The name that the description of a resource shows. Searches are judged by it, since other checks judge if it is the
    /// name that was sent.
    async fn shown_name(&self, sent: &Value, id: &str) -> Option<String> {
        self.described_as(sent, id).await?[self.row.name_member?].as_str().map(str::to_owned)
    }

    async fn described_as(&self, sent: &Value, id: &str) -> Option<Value> {
        let named = self.row.naming(self.row.describe, sent, id);
        let exchange = steps::succeed(self.client, self.row.describe, &named).await.ok()?;
        steps::shown(self.client.schema, self.row, &exchange).ok().map(|(_, resource)| resource)
    }

    /// The descriptions of the created resources; empty objects for those that cannot be described.
    pub(super) async fn shown(&self) -> Vec<Value> {
        let mut shown = Vec::new();
        let sent = self.input(None, None);
        for candidate in &self.created {
            shown.push(self.described_as(&sent, &candidate.id).await.unwrap_or_else(|| json!({})));
        }
        shown
    }

    /// Waits until the index shows all created resources. Returns false if it does not. On this machine, where one that has
    /// not come by then never comes, further searches are judged by the others.
    pub(super) async fn wait_until_visible(&mut self, seen: &mut Observation) -> bool {
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
            if found.ours.len() == self.created.len() {
                seen.judged(check);
                let seconds = wait.elapsed().as_secs();
                self.client.note(format!("lag of {}", self.form.operation), format!("under {} s", seconds + 1));
                return true;
            }
            if wait.again().await {
                continue;
            }
            let waited = wait.elapsed().as_secs();
            let lost = (0..self.created.len()).find(|at| !found.ours.contains(at));
            match lost.filter(|lost| found.ours.last().is_some_and(|last| last > lost)) {
                // The index shows a later resource, so this is not lag.
                Some(lost) => {
                    let expected = format!(
                        "{} after {waited} s, like a resource that was created after it",
                        self.created[lost].name
                    );
                    let actual = format!("found: {}", self.names(&found.ours));
                    seen.judged(check);
                    seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
                }
                // On this machine nothing takes that long: what has not come by now never comes.
                None if self.client.target.loopback => {
                    let expected = format!("all created resources after {waited} s");
                    let actual = format!("found: {}", self.names(&found.ours));
                    seen.judged(check);
                    seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
                }
                None => {}
            }
            seen.block(format!("{INDEX_LAGS} all created resources after {waited} s"));
            if !self.client.target.loopback || found.ours.len() < 2 {
                return false;
            }
            let mut at = 0..;
            self.created.retain(|_| at.next().is_some_and(|at| found.ours.contains(&at)));
            return true;
        }
    }

    /// A tag whose value is unique to the created resources.
    pub(super) fn tag(&self, key: &str, value: &str) -> Tag {
        (key.to_owned(), format!("{}{value}", self.tags))
    }

    /// The tags of the created resources: each color and size.
    pub(super) fn tags(&self) -> [Tag; 4] {
        [self.tag(COLOR, "amber"), self.tag(COLOR, "birch"), self.tag(SIZE, "small"), self.tag(SIZE, "large")]
    }

    /// Criteria that match all created resources.
    pub(super) fn all(&self) -> Node {
        Node::Name(Comparison::StartsWith, self.prefix.clone())
    }

    /// The member that identifies an item.
    pub(super) fn id(&self) -> &'static str {
        self.row.search.map_or("Id", |(_, id)| id)
    }

    /// Searches without criteria.
    pub(super) async fn everything(&self) -> Result<Found, String> {
        self.find(self.input(None, None)).await
    }

    /// Searches by criteria, optionally with a filter.
    pub(super) async fn search(
        &self,
        criteria: Option<&Node>,
        filter: Option<&(usize, Filter)>,
    ) -> Result<Found, String> {
        self.find(self.input(criteria.map(|criteria| criteria.encode(self.form.field)), filter)).await
    }

    /// The input of a search, without page size and token.
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

    /// Requests all pages of a search.
    ///
    /// # Errors
    /// The reason why not all pages were received.
    pub(super) async fn find(&self, input: Value) -> Result<Found, String> {
        let mut pages = Pager::new(self.client, self.operation, input)?.all(Some(PAGE)).await?;
        let items: Vec<Value> = pages.iter_mut().flat_map(|page| std::mem::take(&mut page.items)).collect();
        let place = |item: &Value| self.created.iter().position(|candidate| item[self.id()] == *candidate.id);
        let ours = items.iter().filter_map(place).collect();
        let on_one_page = pages.len() == 1;
        let total = pages
            .first()
            .and_then(|page| steps::body(self.client.schema, &page.exchange).ok()?["ApproximateTotalCount"].as_u64());
        let exchange = pages.pop().map(|page| page.exchange).ok_or("the search has no pages")?;
        Ok(Found { items, ours, total, on_one_page, exchange })
    }

    /// Names of some of the created resources, for messages.
    pub(super) fn names(&self, of: &BTreeSet<usize>) -> String {
        let names: Vec<&str> = of.iter().map(|at| &*self.created[*at].name).collect();
        if names.is_empty() { "none of the created resources".to_owned() } else { names.join(", ") }
    }
}

/// The prefix of all names that is as long as the sent one.
fn common_prefix<'n>(mut names: impl Iterator<Item = &'n str>, sent: &str) -> String {
    let first: String = names.next().unwrap_or_default().chars().take(sent.chars().count()).collect();
    if names.all(|name| name.starts_with(&first)) { first } else { sent.to_owned() }
}
