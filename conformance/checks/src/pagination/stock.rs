//! What the run makes for a list to show, in a place of its own where it can have one.

use std::collections::BTreeSet;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::pager::{Pager, key, keys};
use crate::observe::Observation;
use crate::resources;
use crate::resources::{RESOURCES, Resource};
use crate::steps;
use crate::steps::{Wait, body, naming, succeed};

/// Resources that are made for a list.
const MADE: usize = 5;

/// The operation that lists versions of a flow, with the member of an item that tells them apart.
const VERSIONS: (&str, &str) = ("ListContactFlowVersions", "Version");

/// A list, and what of the run's own it must show.
pub(super) struct Stock {
    /// Input of the list without token and page size.
    pub(super) base: Value,
    /// Kind of the items, where the run can make and delete them.
    pub(super) kind: Option<&'static Resource>,
    /// Member of an item that tells it from others; none where only the whole item does.
    pub(super) member: Option<&'static str>,
    /// What was made, by that member.
    pub(super) made: BTreeSet<String>,
}

/// The member that tells the items of a list apart, where the run knows them.
pub(super) fn identity(operation: &str) -> Option<&'static str> {
    let versions = (operation == VERSIONS.0).then_some(VERSIONS.1);
    versions.or_else(|| resources::listed_by(operation).map(|(_, member)| member))
}

/// The kind of the items, for lists and searches of what the run can make and delete as it pleases.
pub(super) fn kind(operation: &str) -> Option<&'static Resource> {
    resources::listed_by(operation).map(|(row, _)| row).filter(|row| row.id_member != "InstanceId")
}

impl Stock {
    /// Makes what the list is to show. What cannot be made is told to `blocked`; the list is walked all the same.
    pub(super) async fn new(
        client: &Client,
        operation: OperationId,
        blocked: &mut impl FnMut(String),
    ) -> Result<Self, String> {
        let name = &client.schema[operation].name;
        let base =
            client.input(operation, Config::sparse(), &format!("{name}/pagination"), &SchemaPath::default()).await?;
        let mut stock = Self { base, kind: kind(name), member: identity(name), made: BTreeSet::new() };
        let filled = match () {
            () if *name == VERSIONS.0 => stock.versions(client).await,
            () if stock.kind.is_some() => stock.resources(client).await,
            () if stock.member.is_some() => stock.instances(client).await,
            () => Ok(()),
        };
        if let Err(why) = filled {
            blocked(format!("nothing could be made to list: {why}"));
        }
        Ok(stock)
    }

    /// The instance that the list speaks of.
    pub(super) fn instance(&self) -> &str {
        self.base["InstanceId"].as_str().unwrap_or_default()
    }

    /// Makes one more; it is not counted among what was made from the start.
    pub(super) async fn another(&self, client: &Client) -> Result<String, String> {
        let row = self.kind.ok_or("the list shows nothing that the run can make")?;
        steps::create_in(client, row, self.instance()).await.map(|(made, _)| made.id)
    }

    /// Deletes one by its id.
    pub(super) async fn delete(&self, client: &Client, id: &str) -> Result<(), String> {
        let row = self.kind.ok_or("the list shows nothing that the run can delete")?;
        succeed(client, row.delete, &naming(row, &self.base, id)).await.map(|_| ())
    }

    /// Waits until the list shows all that was made. What a search does not show then is not ours to miss: its index
    /// may lag.
    pub(super) async fn settle(&mut self, pager: &Pager<'_>, size: Option<i64>, seen: &mut Observation) {
        let name = &pager.client.schema[pager.operation].name;
        let indexed = self.kind.and_then(|kind| kind.search).is_some_and(|(search, _)| search == name);
        let mut wait = if indexed { Wait::for_index(pager.client) } else { Wait::brief(pager.client) };
        // A walk that goes wrong is judged later.
        while let Ok(pages) = pager.all(size).await {
            let shown = keys(&pages, self.member);
            if self.made.is_subset(&shown) {
                return;
            }
            if !wait.again().await {
                if indexed {
                    seen.block(format!("{name} does not show everything that was made"));
                    self.made.retain(|made| shown.contains(made));
                }
                return;
            }
        }
    }

    /// Whether an item is one that was made from the start.
    pub(super) fn owns(&self, item: &Value) -> bool {
        self.made.contains(&key(item, self.member))
    }

    async fn resources(&mut self, client: &Client) -> Result<(), String> {
        self.base["InstanceId"] = steps::quiet_instance(client).await?.into();
        for _ in 0..MADE {
            let id = self.another(client).await?;
            self.made.insert(id);
        }
        Ok(())
    }

    async fn instances(&mut self, client: &Client) -> Result<(), String> {
        for _ in 0..MADE {
            self.made.insert(client.create(&RESOURCES[0]).await?.id);
        }
        Ok(())
    }

    /// A flow with some versions.
    async fn versions(&mut self, client: &Client) -> Result<(), String> {
        let row = RESOURCES.iter().find(|row| row.kind == "flow").ok_or("no kind of resource has versions")?;
        let (flow, sent) = steps::create_in(client, row, self.instance()).await?;
        self.base[row.id_member] = flow.id.clone().into();
        for _ in 0..MADE {
            let input = json!({ "InstanceId": sent["InstanceId"], row.id_member: flow.id });
            let exchange = succeed(client, "CreateContactFlowVersion", &input).await?;
            self.made.insert(key(&body(&exchange)?, self.member));
        }
        Ok(())
    }
}
