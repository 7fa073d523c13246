//! Looks through the lists for resources of the run that are still there: those whose deletion was answered with success, and
//! those that an endpoint made beside the ones that its answers named. Only reads.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::lookup::{list_input, listed_members};
use super::{Leftover, describe, list_all};
use crate::client::Client;
use crate::ledger::undo::Undo;
use crate::ledger::{Ledger, Standing};
use crate::resources::INSTANCE;
use crate::steps::Wait;

/// The resources that lists show after a clean-up. A list that cannot be read shows nothing.
pub(super) struct Census {
    /// Resources that are described after their deletion. The ledger has them as open entries.
    pub(super) still_there: Vec<Leftover>,
    /// The number of others with a name of the run. The ledger has them as open entries that are to be looked at.
    pub(super) others: usize,
}

/// Reads the lists of the kinds of which something was deleted.
pub(super) async fn take(client: &Client, ledger: &Ledger) -> Census {
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
            let Some(deletion) = undo.input_from_item(&instance, &item) else { continue };
            let is_named = item[&listing.name].as_str().is_some_and(|name| client.is_own_name(name));
            let is_other = is_named && !ledger.is_entered(undo.delete, &deletion);
            if is_other || ledger.was_deleted(undo.delete, &deletion) {
                listed.push((undo, listed_members(undo, listing, &instance, &item), deletion));
            }
        }
    }
    // A description may lag behind the deletion.
    let mut wait = Wait::brief(client);
    while !listed.is_empty() {
        let mut shown = Vec::new();
        for one in listed {
            if client.still_shows(one.0, &one.2).await {
                shown.push(one);
            }
        }
        listed = shown;
        if !wait.again().await {
            break;
        }
    }
    let mut census = Census { still_there: Vec::new(), others: 0 };
    for (undo, members, deletion) in listed {
        if !ledger.was_deleted(undo.delete, &deletion) {
            ledger.reopen(undo.create, members, deletion, Standing::Unknown);
            census.others += 1;
            continue;
        }
        let entry = ledger.reopen(undo.create, members, deletion, Standing::Ours);
        let shown = undo.describe.map(|shows| client.schema[shows].name.as_str()).unwrap_or_default();
        let delete = &client.schema[undo.delete].name;
        let why = format!("{delete} answered with success, and {shown} still shows it");
        census.still_there.push(Leftover { what: describe(client, &entry), why });
    }
    census
}
