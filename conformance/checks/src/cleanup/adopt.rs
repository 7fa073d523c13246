//! Finds resources of earlier runs whose journals are lost, by their names and tags.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::list_all;
use super::lookup::listed_members;
use crate::client::Client;
use crate::client::run_tag::run_of_name;
use crate::ledger::Ledger;
use crate::ledger::undo::{Listing, Undo};

/// Enters into a ledger the resources that are tagged by our runs and were created before `before`, in seconds since
/// 1970. Returns the problems met.
///
/// A resource counts as ours only if its name and its tag name the same run. Resources of runs in `journalled` are left to
/// their journals.
pub async fn adopt_tagged(
    client: &Client,
    ledger: &Ledger,
    instance: &str,
    before: u64,
    journalled: &HashSet<String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let instance = Map::from_iter([("InstanceId".to_owned(), json!(instance))]);
    let mut undos: Vec<&Undo> = ledger.undos().collect();
    undos.sort_by_key(|undo| undo.create);
    for undo in undos {
        let contract = &client.schema[undo.create];
        if client.permission.check(client.schema, contract).is_err() || client.tag_member(undo.create).is_none() {
            continue;
        }
        let Some(listing) = &undo.search else { continue };
        let Some(input) = client.required_of(listing.operation, &instance) else { continue };
        let items = match list_all(client, listing.operation, &input).await {
            Ok((items, cut)) => {
                problems.extend(cut);
                items
            }
            Err(why) => {
                problems.push(why);
                continue;
            }
        };
        for item in items {
            let name = &item[&listing.name];
            let run = name.as_str().and_then(run_of_name).filter(|run| !journalled.contains(*run));
            let Some(run) = run else { continue };
            match is_tagged_before(client, listing, &item, run, before).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) => {
                    problems.push(why);
                    continue;
                }
            }
            let members = listed_members(undo, listing, &instance, &item);
            if let Some(delete_input) = undo.input_from_item(&members, &item) {
                ledger.adopt(undo.create, members, delete_input);
            }
        }
    }
    problems
}

/// True if an item carries the tag of a run that started before a time.
async fn is_tagged_before(
    client: &Client,
    listing: &Listing,
    item: &Value,
    run: &str,
    before: u64,
) -> Result<bool, String> {
    let arn = listing.arn.as_ref().and_then(|arn| item[arn].as_str()).unwrap_or_default();
    let tag = client.run_tag_of(arn).await?;
    Ok(tag.is_some_and(|tag| tag.run_id == run && tag.started < before))
}
