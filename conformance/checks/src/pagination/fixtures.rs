//! Fixtures of a list: the resources that the run creates for it, in an instance of their own if possible.

use std::collections::BTreeSet;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::pager::{Page, Pager, key, keys};
use crate::observe::Observation;
use crate::resources;
use crate::resources::{RESOURCES, Resource};
use crate::steps;
use crate::steps::{Wait, body, naming, succeed};

/// Number of resources that are created for a list.
const COUNT: usize = 5;

/// The operation that lists the versions of a flow, with the member that identifies an item.
const VERSIONS: (&str, &str) = ("ListContactFlowVersions", "Version");

/// The input of a list, and the resources that the list must show.
pub(super) struct Fixtures {
    /// Input of the list, without token and page size.
    pub(super) base: Value,
    /// Kind of the items, if the run can create and delete them.
    pub(super) kind: Option<&'static Resource>,
    /// Member that identifies an item; `None` if the whole item is its identity.
    pub(super) member: Option<&'static str>,
    /// Keys of the resources that were created before the first traversal.
    pub(super) made: BTreeSet<String>,
}

/// The member that identifies the items of a list, if the run can create them.
pub(super) fn identity(operation: &str) -> Option<&'static str> {
    let versions = (operation == VERSIONS.0).then_some(VERSIONS.1);
    versions.or_else(|| resources::listed_by(operation).map(|(_, member)| member))
}

/// The kind of the items of a list or search, if the run can create and delete them freely.
pub(super) fn kind(operation: &str) -> Option<&'static Resource> {
    resources::listed_by(operation).map(|(row, _)| row).filter(|row| row.id_member != "InstanceId")
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
        let mut fixtures = Self { base, kind: kind(name), member: identity(name), made: BTreeSet::new() };
        let filled = match () {
            () if *name == VERSIONS.0 => fixtures.versions(client).await,
            () if fixtures.kind.is_some() => fixtures.resources(client).await,
            () if fixtures.member.is_some() => fixtures.instances(client).await,
            () => Ok(()),
        };
        if let Err(why) = filled {
            blocked(format!("no resource could be created for the list: {why}"));
        }
        Ok(fixtures)
    }

    /// The instance whose resources are listed.
    pub(super) fn instance(&self) -> &str {
        self.base["InstanceId"].as_str().unwrap_or_default()
    }

    /// Creates another resource, which is not added to `made`.
    pub(super) async fn create(&self, client: &Client) -> Result<String, String> {
        let row = self.kind.ok_or("the list shows no resources that the run can create")?;
        steps::create_in(client, row, self.instance()).await.map(|(made, _)| made.id)
    }

    /// Deletes a resource by its id.
    pub(super) async fn delete(&self, client: &Client, id: &str) -> Result<(), String> {
        let row = self.kind.ok_or("the list shows no resources that the run can delete")?;
        succeed(client, row.delete, &naming(row, &self.base, id)).await.map(|_| ())
    }

    /// Waits until the list shows all created resources. Resources that a search does not show in time are removed from
    /// `made`, since its index may lag.
    pub(super) async fn wait_until_listed(&mut self, pager: &Pager<'_>, size: Option<i64>, seen: &mut Observation) {
        let name = &pager.client.schema[pager.operation].name;
        let indexed = self.kind.and_then(|kind| kind.search).is_some_and(|(search, _)| search == name);
        let mut wait = if indexed { Wait::for_index(pager.client) } else { Wait::brief(pager.client) };
        // A failed traversal is judged later.
        while let Ok(pages) = pager.all(size).await {
            let shown = self.keys(&pages);
            if self.made.is_subset(&shown) {
                return;
            }
            if !wait.again().await {
                if indexed {
                    seen.block(format!("{name} does not show everything that was created"));
                    self.made.retain(|made| shown.contains(made));
                }
                return;
            }
        }
    }

    /// The key of an item.
    pub(super) fn key(&self, item: &Value) -> String {
        key(item, self.member)
    }

    /// The keys of all items on some pages.
    pub(super) fn keys(&self, pages: &[Page]) -> BTreeSet<String> {
        keys(pages, self.member)
    }

    /// Returns true if the item was created before the first traversal.
    pub(super) fn owns(&self, item: &Value) -> bool {
        self.made.contains(&self.key(item))
    }

    async fn resources(&mut self, client: &Client) -> Result<(), String> {
        self.base["InstanceId"] = steps::quiet_instance(client).await?.into();
        for _ in 0..COUNT {
            let id = self.create(client).await?;
            self.made.insert(id);
        }
        Ok(())
    }

    async fn instances(&mut self, client: &Client) -> Result<(), String> {
        for _ in 0..COUNT {
            self.made.insert(client.create(&RESOURCES[0]).await?.id);
        }
        Ok(())
    }

    /// Creates a flow with several versions.
    async fn versions(&mut self, client: &Client) -> Result<(), String> {
        let row = RESOURCES.iter().find(|row| row.kind == "flow").ok_or("no kind of resource has versions")?;
        let (flow, sent) = steps::create_in(client, row, self.instance()).await?;
        self.base[row.id_member] = flow.id.clone().into();
        for _ in 0..COUNT {
            let input = json!({ "InstanceId": sent["InstanceId"], row.id_member: flow.id });
            let exchange = succeed(client, "CreateContactFlowVersion", &input).await?;
            self.made.insert(self.key(&body(&exchange)?));
        }
        Ok(())
    }
}
