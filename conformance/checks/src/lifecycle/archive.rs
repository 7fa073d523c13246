//! Archiving and reactivating.

use serde_json::{Value, json};

use crate::client::pager::listed;
use crate::code::Trial;
use crate::lifecycle::Judged;
use crate::lifecycle::life::Life;
use crate::resources::Resource;
use crate::steps::{Wait, succeed};

/// Kinds that can be archived: the update that does it with the member that it takes, and the member of a list's item.
const ARCHIVED_BY: &[(&str, &str, &str, &str)] = &[
    ("flow", "UpdateContactFlowMetadata", "ContactFlowState", "ContactFlowState"),
    ("flow module", "UpdateContactFlowModuleMetadata", "State", "State"),
];

/// The row for a kind that can be archived.
pub(super) fn archived_by(row: &Resource) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
    ARCHIVED_BY.iter().find(|(kind, ..)| *kind == row.kind)
}

/// `lifecycle.archive`.
pub(super) async fn archive(trial: Trial<'_>, row: &'static Resource) -> Judged {
    Life::begin(trial, row).await?.archive().await
}

impl Life<'_> {
    /// Archives and reactivates; looks at describe and list after each.
    async fn archive(&self) -> Judged {
        let (_, update, member, listed_as) =
            archived_by(self.row).ok_or_else(|| format!("a {} cannot be archived", self.row.kind))?;
        for state in ["ARCHIVED", "ACTIVE"] {
            let mut input = self.named(&self.made.id);
            input[member] = state.into();
            succeed(self.client, update, &input).await?;
            let mut findings = self.shows(&self.made.id, &json!({ "State": state })).await?;
            findings.extend(self.listed_in(state, listed_as).await?);
            if !findings.is_empty() {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }

    async fn listed_in(&self, state: &str, member: &str) -> Judged {
        let (list, id) = self.row.list;
        let mut wait = Wait::brief(self.client);
        loop {
            let (items, exchange) = listed(self.client, self.row, None).await?;
            let item = items.iter().find(|item| item[id] == *self.made.id);
            if item.is_some_and(|item| item[member] == state) {
                return Ok(Vec::new());
            }
            if wait.again().await {
                continue;
            }
            // Whether archived things are listed at all is not said.
            let Some(item) = item else {
                self.client.learn(format!("{list} of what is {state}"), "not listed");
                return Ok(Vec::new());
            };
            let actual = item.get(member).map_or("absent".to_owned(), Value::to_string);
            return Ok(vec![self.check.finding(format!("/{member}"), state, actual, exchange.as_ref())]);
        }
    }
}
