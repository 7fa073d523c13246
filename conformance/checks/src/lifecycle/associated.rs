//! `lifecycle.association-shown`: what a list of associations says of a resource is what its description says.

use connect_model::resources::{self as graph, Link};
use connect_model::schema::{Kind, Member, Members, Schema};
use serde_json::Value;

use crate::code::Trial;
use crate::difference::apart;
use crate::lifecycle::association::Thing;
use crate::resources;
use crate::resources::Resource;
use crate::same::agree;
use crate::steps;
use crate::steps::{Judged, Wait, succeed};

/// An association whose list shows more of a resource than its id.
pub(super) struct Shown {
    link: &'static Link,
    row: &'static Resource,
    /// The member of an item with the id.
    id: &'static Member,
    /// Members of an item, each with the one of the description.
    pairs: Vec<(&'static Member, &'static Member)>,
}

impl Shown {
    /// The resource that the items of a list name beside the holder, if the run can create and describe it.
    pub(super) fn by(schema: &'static Schema, link: &'static Link) -> Option<Self> {
        let graph = graph::shared(schema);
        let holder = link.holder.map(|holder| &graph.kinds()[holder].noun);
        let items = schema.item_members(&schema[link.list])?;
        items.iter().find_map(|id| {
            let kind = graph.named_at(schema, &id.name, id.slot.target)?;
            let row =
                resources::named(schema, &kind.noun).filter(|row| row.is_judged() && Some(&kind.noun) != holder)?;
            let described = steps::described(schema, row).ok()?;
            let pairs = pairs(schema, &kind.noun, items, described, id);
            (!pairs.is_empty()).then_some(Self { link, row, id, pairs })
        })
    }
}

/// The texts that items and descriptions have under one name, with or without the noun of the kind.
fn pairs<'s>(
    schema: &Schema,
    noun: &str,
    items: &'s Members,
    described: &'s Members,
    id: &Member,
) -> Vec<(&'s Member, &'s Member)> {
    let bare = |member: &'s Member| member.name.strip_prefix(noun).unwrap_or(&member.name);
    let is_text = |member: &&Member| {
        matches!(schema[member.slot.target].kind, Kind::String | Kind::Enum(_))
            && !member.name.starts_with("LastModified")
    };
    let others = items.iter().filter(is_text).filter(|member| member.name != id.name);
    let pair =
        |item: &'s Member| Some((item, described.iter().filter(is_text).find(|other| bare(other) == bare(item))?));
    others.filter_map(pair).collect()
}

pub(super) async fn as_described(trial: Trial<'_>, shown: &Shown) -> Judged {
    let (client, schema) = (trial.client, trial.client.schema);
    let thing = Thing::make(client, shown.link).await?;
    let mut wait = Wait::brief(client);
    loop {
        let (items, listed) = thing.items().await?;
        let id = |item: &Value| item[&shown.id.name].as_str().filter(|id| thing.marks.contains(*id)).map(str::to_owned);
        let found = items.iter().find_map(|item| Some((item, id(item)?)));
        let mut findings = Vec::new();
        if let Some((item, id)) = &found {
            let named = shown.row.naming(shown.row.describe, &thing.sent, id);
            let described = succeed(client, shown.row.describe, &named).await?;
            let (_, whole) = steps::shown(schema, shown.row, &described)?;
            for (ours, theirs) in &shown.pairs {
                let (one, other) = (&whole[&theirs.name], &item[&ours.name]);
                if !agree(schema, ours.slot.target, one, other) {
                    let (expected, actual) = apart(one, other);
                    let expected = format!("{expected}, as {} shows it", shown.row.describe);
                    let finding = trial.check.finding(format!("/{}", ours.name), expected, actual, listed.as_ref());
                    findings.push(finding.resting_on(std::iter::once(&*described).chain(listed.as_ref())));
                }
            }
            if findings.is_empty() {
                return Ok(findings);
            }
        }
        if !wait.again().await {
            // `lifecycle.association` judges if the list has the item at all.
            return found.map(|_| findings).ok_or_else(|| format!("no item with the id of a {}", shown.row.kind));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_show_names_of_what_is_associated() {
        let schema = Schema::connect();
        let named =
            |link| Some((schema[Shown::by(schema, link)?.link.list].name.as_str(), Shown::by(schema, link)?.row.noun));
        let expected = [
            ("ListQueueEmailAddresses", "EmailAddress"),
            ("ListQueueQuickConnects", "QuickConnect"),
            ("ListRoutingProfileQueues", "Queue"),
        ];
        assert_eq!(graph::shared(schema).links.iter().filter_map(named).collect::<Vec<_>>(), expected);
    }
}
