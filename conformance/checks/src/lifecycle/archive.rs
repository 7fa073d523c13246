//! Archiving and reactivating.

use serde_json::{Value, json};

use crate::client::pager::list_all;
use crate::code::Trial;
use crate::lifecycle::life::Life;
use crate::resources::Resource;
use crate::steps::{Judged, Wait, and_then, succeed};

/// The operation that archives a kind.
pub(super) struct Archiving {
    kind: &'static str,
    update: &'static str,
    /// Member of the update with the state.
    member: &'static str,
    /// Member of a list item with the state.
    item_member: &'static str,
}

const ARCHIVING: &[Archiving] = &[
    Archiving {
        kind: "flow",
        update: "UpdateContactFlowMetadata",
        member: "ContactFlowState",
        item_member: "ContactFlowState",
    },
    Archiving { kind: "flow module", update: "UpdateContactFlowModuleMetadata", member: "State", item_member: "State" },
];

/// The row for a kind that can be archived.
pub(super) fn archived_by(row: &Resource) -> Option<&'static Archiving> {
    ARCHIVING.iter().find(|archiving| archiving.kind == row.kind)
}

/// `lifecycle.archive`.
pub(super) async fn archive(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Life::begin(trial, row).await?.archive().await
}

impl Life<'_> {
    /// Archives and reactivates a resource, and checks describe and list after each.
    async fn archive(&self) -> Judged {
        let Archiving { update, member, item_member, .. } =
            archived_by(self.row).ok_or_else(|| format!("a {} cannot be archived", self.row.kind))?;
        let mut findings = Vec::new();
        for state in ["ARCHIVED", "ACTIVE"] {
            findings = and_then(findings, async {
                let mut input = self.naming(&self.created.id);
                input[*member] = state.into();
                succeed(self.client, update, &input).await?;
                let described = self.shows(&self.created.id, &json!({ "State": state })).await?;
                and_then(described, self.is_listed_as(state, item_member)).await
            })
            .await?;
        }
        Ok(findings)
    }

    async fn is_listed_as(&self, state: &str, member: &str) -> Judged {
        let (list, id) = self.row.list.ok_or("nothing lists it")?;
        let mut wait = Wait::brief(self.client);
        loop {
            let (items, exchange) = list_all(self.client, self.row, None).await?;
            let item = items.iter().find(|item| item[id] == *self.created.id);
            if item.is_some_and(|item| item[member] == state) {
                return Ok(Vec::new());
            }
            if wait.again().await {
                continue;
            }
            // Connect does not document if lists show archived resources.
            let Some(item) = item else {
                self.client.learn(format!("{list} of what is {state}"), "not listed");
                return Ok(Vec::new());
            };
            let actual = item.get(member).map_or("absent".to_owned(), Value::to_string);
            return Ok(vec![self.check.finding(format!("/{member}"), state, actual, exchange.as_ref())]);
        }
    }
}
