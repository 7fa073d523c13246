//! Looks for resources whose deletion was answered with success, and that are still there. Only reads.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::lookup::list_input;
use super::{Leftover, describe, list_all};
use crate::client::Client;
use crate::ledger::Ledger;
use crate::ledger::undo::{Listing, Undo};
use crate::resources::INSTANCE;
use crate::steps::Wait;

/// Enters into the ledger what is listed and described after its deletion, and returns it. A list that cannot be read shows
/// nothing.
pub(super) async fn still_there(client: &Client, ledger: &Ledger) -> Vec<Leftover> {
    let instance = ledger.instance().map(|id| (INSTANCE.to_owned(), Value::from(id))).into_iter();
    let instance: Map<String, Value> = instance.collect();
    let mut undos: Vec<&Undo> = ledger.undos().filter(|undo| ledger.has_deleted(undo.delete)).collect();
    undos.sort_by_key(|undo| undo.create);
    let (mut seen, mut listed) = (HashSet::new(), Vec::new());
    for undo in undos.into_iter().filter(|undo| seen.insert(undo.delete)) {
        let Some(listing) = &undo.search else { continue };
        let Some(input) = list_input(client, listing, &instance) else { continue };
        let Ok((items, _)) = list_all(client, listing.operation, &input).await else { continue };
        for item in items {
            let deletion = undo.input_from_item(&instance, &item);
            let deletion = deletion.filter(|deletion| ledger.was_deleted(undo.delete, deletion));
            listed.extend(deletion.map(|deletion| (undo, listing, item, deletion)));
        }
    }
    // A description may lag behind the deletion.
    let mut wait = Wait::brief(client);
    while !listed.is_empty() {
        let mut shown = Vec::new();
        for one in listed {
            if client.still_shows(one.0, &one.3).await {
                shown.push(one);
            }
        }
        listed = shown;
        if !wait.again().await {
            break;
        }
    }
    let reopened = |(undo, listing, item, deletion): (&Undo, &Listing, Value, Value)| {
        reopened(client, ledger, (undo, listing), (&instance, &item, deletion))
    };
    listed.into_iter().map(reopened).collect()
}

fn reopened(
    client: &Client,
    ledger: &Ledger,
    (undo, listing): (&Undo, &Listing),
    (instance, item, deletion): (&Map<String, Value>, &Value, Value),
) -> Leftover {
    let mut members = instance.clone();
    members.extend(undo.name_member.clone().map(|member| (member, item[&listing.name].clone())));
    let entry = ledger.reopen(undo.create, members, deletion);
    let shown = undo.describe.map(|shows| client.schema[shows].name.as_str()).unwrap_or_default();
    let delete = &client.schema[undo.delete].name;
    let why = format!("{delete} answered with success, and {shown} still shows it");
    Leftover { what: describe(client, &entry), why }
}
