//! Fixtures of a list: the resources that the run creates for it, in an instance of their own if possible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, IDENTITIES, Link, Tags};
use connect_model::schema::{OperationId, Schema};
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::forms::renumber;
use crate::client::pager::{Page, Pager, key, keys};
use crate::client::reply::Reply;
use crate::observe::Observation;
use crate::resources;
use crate::resources::{INSTANCE, Resource, overwrite};
use crate::search::INDEX_LAGS;
use crate::steps;
use crate::steps::{Wait, body, succeed};

/// Number of resources that are created for a list.
const COUNT: usize = 5;

/// The operation that lists the versions of a flow, with the member that identifies an item.
const VERSIONS: (&str, &str) = ("ListContactFlowVersions", "Version");

/// The input of a list, and the resources that the list must show.
pub(super) struct Fixtures {
    /// Input of the list, without token and page size.
    pub(super) base: Value,
    /// Input that creates one of the items.
    pub(super) sent: Value,
    /// Kind of the items, if the run can create and delete them.
    pub(super) kind: Option<&'static Resource>,
    /// Member that identifies an item, if the run knows it.
    pub(super) member: Option<&'static str>,
    /// Member that identifies an item as far as the first pages show; if there is none, the whole item is its identity.
    found: OnceLock<Option<String>>,
    /// Keys of the resources that were created before the first traversal.
    pub(super) made: BTreeSet<String>,
}

/// The member that identifies the items of a list, if the run can create them.
pub(super) fn identity(schema: &'static Schema, operation: &str) -> Option<&'static str> {
    let versions = (operation == VERSIONS.0 && schema.service.is_connect()).then_some(VERSIONS.1);
    versions.or_else(|| resources::listed_by(schema, operation).map(|(_, member)| member))
}

/// The kind of the items of a list or search, if the run can create and delete them freely.
pub(super) fn kind(schema: &'static Schema, operation: &str) -> Option<&'static Resource> {
    // Versions of one flow are made in another way.
    let row = resources::listed_by(schema, operation).map(|(row, _)| row);
    row.filter(|row| !row.is_instance() && operation != VERSIONS.0)
}

/// The thing that a list shows, if nothing describes it.
fn link(schema: &'static Schema, list: OperationId) -> Option<&'static Link> {
    graph::shared(schema).links.iter().find(|link| link.list == list)
}

impl Fixtures {
    /// Creates the resources. Passes the reason to `blocked` if that fails; the list can still be judged without them.
    pub(super) async fn new(
        client: &Client,
        operation: OperationId,
        blocked: &mut impl FnMut(String),
    ) -> Result<Self, String> {
        let name = &client.schema[operation].name;
        let base =
            client.input(operation, Config::sparse(), &format!("{name}/pagination"), &SchemaPath::default()).await?;
        let mut fixtures = Self {
            base,
            sent: Value::Null,
            kind: kind(client.schema, name),
            member: identity(client.schema, name),
            found: OnceLock::new(),
            made: BTreeSet::new(),
        };
        let filled = match () {
            () if *name == VERSIONS.0 && client.schema.service.is_connect() => fixtures.versions(client).await,
            () if fixtures.kind.is_some() => fixtures.resources(client, name).await,
            () if fixtures.member.is_some() => fixtures.instances(client).await,
            () if link(client.schema, operation).is_some() => fixtures.links(client, operation).await,
            () if graph::shared(client.schema).tagging.as_ref().is_some_and(|tagging| tagging.list == operation) => {
                fixtures.tags(client).await
            }
            () => Ok(()),
        };
        if let Err(why) = filled {
            blocked(format!("no resource could be created for the list: {why}"));
        }
        Ok(fixtures)
    }

    /// Adds tags to the resource whose tags are listed.
    async fn tags(&self, client: &Client) -> Result<(), String> {
        let tagging = graph::shared(client.schema).tagging.as_ref().ok_or("the service has no tags")?;
        let arn = self.base[&tagging.arn].as_str().unwrap_or_default();
        let tags: Tags = (1..=COUNT).map(|number| (format!("ct-{number}"), number.to_string())).collect();
        match steps::add_tags(client, arn, &tags).await? {
            Reply::Success(_) => Ok(()),
            other => Err(format!("{} answered {}", client.schema[tagging.tag].name, other.describe())),
        }
    }

    /// The instance whose resources are listed.
    pub(super) fn instance(&self) -> &str {
        [&self.sent, &self.base].iter().find_map(|input| input[INSTANCE].as_str()).unwrap_or_default()
    }

    /// Creates another resource, which is not added to `made`.
    pub(super) async fn create(&self, client: &Client) -> Result<String, String> {
        let row = self.kind.ok_or("the list shows no resources that the run can create")?;
        steps::create_in(client, row, self.instance()).await.map(|(made, _)| made.id)
    }

    /// Deletes a resource by its id.
    pub(super) async fn delete(&self, client: &Client, id: &str) -> Result<(), String> {
        let row = self.kind.ok_or("the list shows no resources that the run can delete")?;
        succeed(client, row.delete, &row.naming(row.delete, &self.sent, id)).await.map(|_| ())
    }

    /// Waits until the list shows all created resources. Resources that a search does not show in time are removed from
    /// `made`, since its index may lag. Returns the number of items that the list showed last.
    pub(super) async fn wait_until_listed(
        &mut self,
        pager: &Pager<'_>,
        size: Option<i64>,
        seen: &mut Observation,
    ) -> usize {
        let name = &pager.client.schema[pager.operation].name;
        let indexed = self.kind.and_then(|kind| kind.search).is_some_and(|(search, _)| search == name);
        let mut wait = if indexed { Wait::for_index(pager.client) } else { Wait::brief(pager.client) };
        let mut items = 0;
        // A failed traversal is judged later.
        while let Ok(pages) = pager.all(size).await {
            items = pages.iter().map(|page| page.items.len()).sum();
            let shown = self.keys(&pages);
            if self.made.is_subset(&shown) {
                break;
            }
            if !wait.again().await {
                if indexed {
                    seen.block(format!("{INDEX_LAGS} everything that was created, in {name}"));
                    self.made.retain(|made| shown.contains(made));
                }
                break;
            }
        }
        items
    }

    /// Looks for a member that identifies the items, unless the run knows it. Other members may change between two
    /// answers, such as the time of the answer.
    pub(super) fn identify(&self, pages: &[Page]) {
        self.found.get_or_init(|| identifying(pages.iter().flat_map(|page| &page.items)));
    }

    /// The member that identifies an item; none if the whole item does.
    fn identity(&self) -> Option<&str> {
        self.member.or_else(|| self.found.get()?.as_deref())
    }

    /// The key of an item.
    pub(super) fn key(&self, item: &Value) -> String {
        key(item, self.identity())
    }

    /// The keys of all items on some pages.
    pub(super) fn keys(&self, pages: &[Page]) -> BTreeSet<String> {
        keys(pages, self.identity())
    }

    /// True if an item can be told from others: by the member that identifies it, by one whose name says so, or because it
    /// is no structure. Items that show a state alone may be equal.
    pub(super) fn tells_apart(&self, item: &Value) -> bool {
        let Some(members) = item.as_object() else { return true };
        let is_value = |value: &Value| value.is_string() || value.is_number();
        // All items show the values that the request names.
        let is_asked = |value: &Value| self.base.as_object().into_iter().flatten().any(|(_, asked)| asked == value);
        let is_identity = |(name, value): (&String, &Value)| {
            let name = name.to_ascii_lowercase();
            is_value(value) && !is_asked(value) && IDENTITIES.iter().any(|end| name.ends_with(end))
        };
        match self.identity() {
            Some(member) => members.get(member).is_some_and(is_value),
            None => members.iter().any(is_identity),
        }
    }

    /// Returns true if the item was created before the first traversal.
    pub(super) fn owns(&self, item: &Value) -> bool {
        self.made.contains(&self.key(item))
    }

    async fn resources(&mut self, client: &Client, list: &str) -> Result<(), String> {
        let row = self.kind.ok_or("the list shows no resources that the run can create")?;
        let instance = if row.in_instance() { steps::quiet_instance(client).await? } else { String::new() };
        // All of them have the same parents.
        let sent = client.creation_in(row, &instance).await?;
        overwrite(&mut self.base, row.naming(list, &sent, ""));
        if let Some(place) = self.base.get_mut(INSTANCE).filter(|_| row.in_instance()) {
            *place = instance.into();
        }
        self.sent = sent;
        let (one, other) = self.twins(client, row).await?;
        self.made.extend([one, other]);
        for _ in self.made.len()..COUNT {
            let id = self.create(client).await?;
            self.made.insert(id);
        }
        Ok(())
    }

    /// Creates two resources whose names differ only in the case of their letters: a list that continues after a name, and
    /// takes both for one, loses an item. It is not documented if both may exist; the second one has another name if not.
    async fn twins(&self, client: &Client, row: &'static Resource) -> Result<(String, String), String> {
        let mut input = client.creation_in(row, self.instance()).await?;
        let name = row.name_in(&input).to_owned();
        let named = |input: &mut Value, end: &str| row.set_name(input, row.name_of(&format!("{name}-{end}")));
        if !name.is_empty() {
            named(&mut input, "twin");
        }
        let Ok(one) = steps::create(client, row, &input).await else {
            // The name may be too long for the end, or have a form of its own.
            return Ok((self.create(client).await?, self.create(client).await?));
        };
        let mut input = client.creation_in(row, self.instance()).await?;
        if !name.is_empty() {
            named(&mut input, "TWIN");
            if let Ok(other) = steps::create(client, row, &input).await {
                return Ok((one.id, other.id));
            }
        }
        Ok((one.id, self.create(client).await?))
    }

    /// Makes things that the list shows beside resources. The list is judged by what it shows.
    async fn links(&mut self, client: &Client, operation: OperationId) -> Result<(), String> {
        let link = link(client.schema, operation).ok_or("nothing makes what the list shows")?;
        let make = &client.schema[link.make].name;
        let members = client.schema.input_members(&client.schema[operation]);
        for number in 0..COUNT as u64 {
            let label = format!("{make}/pagination/{number}");
            let mut input = client.input(link.make, steps::one_of_each(), &label, &SchemaPath::default()).await?;
            if let Some(shape) = client.schema[link.make].input {
                renumber(client.schema, shape, &mut input, number);
            }
            for (name, value) in self.base.as_object().into_iter().flatten() {
                if let Some(place) = input.get_mut(name) {
                    place.clone_from(value);
                }
            }
            let is_holder = |name: &str| self.base.get(name).is_some();
            client.name_new(self.instance(), link.make, &mut input, is_holder).await?;
            succeed(client, make, &input).await?;
            // The list requires the same for all of them.
            for member in members.into_iter().flatten().filter(|member| member.required) {
                if let (None, Some(given)) = (self.base.get(&member.name), input.get(&member.name)) {
                    self.base[&member.name] = given.clone();
                }
            }
        }
        Ok(())
    }

    async fn instances(&mut self, client: &Client) -> Result<(), String> {
        let row = resources::instances(client.schema).ok_or("the service has no instances")?;
        for _ in 0..COUNT {
            self.made.insert(client.create(row).await?.id);
        }
        Ok(())
    }

    /// Creates a flow with several versions.
    async fn versions(&mut self, client: &Client) -> Result<(), String> {
        let row = resources::named(client.schema, "ContactFlow").ok_or("no kind of resource has versions")?;
        let (flow, sent) = steps::create_in(client, row, self.instance()).await?;
        self.base[row.id_member] = flow.id.clone().into();
        for _ in 0..COUNT {
            let input = json!({ "InstanceId": sent["InstanceId"], row.id_member: flow.id });
            let exchange = succeed(client, "CreateContactFlowVersion", &input).await?;
            self.made.insert(self.key(&body(client.schema, &exchange)?));
        }
        Ok(())
    }
}

/// The member that identifies items: every item has it as a text of its own, and its name says so. None if there are too
/// few items to tell.
fn identifying<'i>(items: impl Iterator<Item = &'i Value>) -> Option<String> {
    let (mut texts, mut count) = (BTreeMap::<&String, BTreeSet<&str>>::new(), 0);
    for item in items {
        count += 1;
        for (name, value) in item.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                texts.entry(name).or_default().insert(text);
            }
        }
    }
    // A text that occurs twice is counted once, and so is no identity.
    texts.retain(|_, texts| count > 1 && texts.len() == count);
    let rank = |name: &String| {
        let lower = name.to_ascii_lowercase();
        let end = IDENTITIES.iter().position(|end| lower.ends_with(end))?;
        // The whole name before the end of another: the Id of a volume rather than its OwnerId.
        Some((lower != IDENTITIES[end], end))
    };
    texts.into_keys().filter_map(|name| Some((rank(name)?, name))).min().map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_apart_by_a_member_of_their_own() {
        let rows = [
            (json!([{"Id": "a", "At": 1}, {"Id": "b", "At": 2}]), Some("Id")),
            (
                json!([{"FileSystemId": "a", "OwnerId": "x"}, {"FileSystemId": "b", "OwnerId": "x"}]),
                Some("FileSystemId"),
            ),
            (json!([{"Name": "a", "Arn": "1"}, {"Name": "b", "Arn": "2"}]), Some("Arn")),
            (json!([{"OwnerId": "a", "Name": "1"}, {"OwnerId": "b", "Name": "2"}]), Some("Name")),
            // The same item twice: the whole item has to tell.
            (json!([{"Id": "a"}, {"Id": "a"}]), None),
            (json!([{"Id": "a"}, {"At": "b"}]), None),
            (json!([{"Color": "a"}, {"Color": "b"}]), None),
            (json!([{"Id": "a"}]), None),
            (json!(["a", "b"]), None),
        ];
        for (items, expected) in rows {
            assert_eq!(identifying(items.as_array().into_iter().flatten()).as_deref(), expected, "{items}");
        }
    }
}
