//! Looks for resources of the run that are still there: those whose deletion was answered with success, and those that an
//! endpoint made beside the ones that its answers named. Reads the lists, and the descriptions of what no list shows. Only
//! reads.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::lookup::{list_input, listed_members};
use super::{Leftover, describe, list_all};
use crate::client::Client;
use crate::ledger::undo::Undo;
use crate::ledger::{Entry, Ledger, Standing};
use crate::resources::INSTANCE;
use crate::steps::Wait;

/// Deleted resources that are described if their list cannot be read. If one of them is still there, more are.
const SAMPLE: usize = 25;

/// The resources that are shown after a clean-up.
pub(super) struct Census {
    /// Resources that are described after their deletion. The ledger has them as open entries.
    pub(super) still_there: Vec<Leftover>,
    /// Others with a name of the run, and those that were answered as gone. The ledger has them as open entries that are to be
    /// looked at.
    pub(super) others: Vec<Leftover>,
}

/// A resource that may be there: how it is deleted, the members of its creation, the input of its deletion, and the reason why
/// its description says nothing.
type Listed<'l> = (&'l Undo, Map<String, Value>, Value, Option<String>);

/// Reads the lists of the kinds of which something was deleted, and the descriptions of deleted resources without a list.
pub(super) async fn take(client: &Client, ledger: &Ledger) -> Census {
    let instance = ledger.instance().map(|id| (INSTANCE.to_owned(), Value::from(id))).into_iter();
    let instance: Map<String, Value> = instance.collect();
    let mut undos: Vec<&Undo> = ledger.undos().filter(|undo| ledger.has_deleted(undo.delete)).collect();
    undos.sort_by_key(|undo| undo.create);
    let (mut seen, mut listed): (_, Vec<Listed<'_>>) = (HashSet::new(), Vec::new());
    for undo in undos.into_iter().filter(|undo| seen.insert(undo.delete)) {
        let Some(listing) = &undo.search else { continue };
        let Some(input) = list_input(client, listing, &instance) else { continue };
        let Ok((items, _)) = list_all(client, listing.operation, &input).await else {
            for entry in latest_still_there(client, ledger, undo).await {
                if let Some(deletion) = entry.delete_input
                    && !ledger.is_entered(undo.delete, &deletion)
                    && listed
                        .iter()
                        .all(|(other, _, known, _): &Listed<'_>| other.delete != undo.delete || *known != deletion)
                {
                    listed.push((undo, entry.members, deletion, None));
                }
            }
            continue;
        };
        for item in items {
            let members = listed_members(undo, listing, &instance, &item);
            let Some(deletion) = undo.input_from_item(&members, &item) else { continue };
            let is_named = item[&listing.name].as_str().is_some_and(|name| client.is_own_name(name));
            let is_other = is_named && !ledger.is_entered(undo.delete, &deletion);
            if is_other || ledger.was_deleted(undo.delete, &deletion) {
                listed.push((undo, members, deletion, None));
            }
        }
    }
    for entry in ledger.unlisted() {
        if let (Some(undo), Some(deletion)) = (ledger.undo(entry.create), entry.delete_input)
            && !ledger.is_entered(undo.delete, &deletion)
        {
            listed.push((undo, entry.members, deletion, None));
        }
    }
    // A description may lag behind the deletion.
    let mut wait = Wait::brief(client);
    while !listed.is_empty() {
        let mut shown = Vec::new();
        for (undo, members, deletion, _) in listed {
            let sight = client.still_shows(undo, &deletion).await;
            // A refused description does not show that it is gone. Some services refuse that of what does not exist, so that
            // without a list it does not show the opposite, either.
            if sight == Ok(true) || (sight.is_err() && undo.search.is_some()) {
                shown.push((undo, members, deletion, sight.err()));
            }
        }
        listed = shown;
        if !wait.again().await {
            break;
        }
    }
    for undo in listed.iter().filter(|one| one.3.is_some()).map(|one| one.0).collect::<Vec<_>>() {
        // The list may have lagged behind the deletion.
        let still = listed_deletions(client, undo, &instance).await;
        listed.retain(|(other, _, deletion, failed)| {
            failed.is_none()
                || other.delete != undo.delete
                || still.as_ref().is_none_or(|still| still.contains(deletion))
        });
    }
    let mut census = Census { still_there: Vec::new(), others: Vec::new() };
    for (undo, members, deletion, failed) in listed {
        let was_deleted = ledger.was_deleted(undo.delete, &deletion);
        let standing = if was_deleted { Standing::Ours } else { Standing::Unknown };
        let entry = ledger.reopen(undo.create, members, deletion, standing);
        let shown = undo.describe.map(|shows| client.schema[shows].name.as_str()).unwrap_or_default();
        let delete = &client.schema[undo.delete].name;
        let (into, end) = match was_deleted {
            true => (&mut census.still_there, "answered with success"),
            false => (&mut census.others, "did not delete it"),
        };
        let sight = failed
            .map_or_else(|| format!("{shown} still shows it"), |why| format!("nothing says that it is gone: {why}"));
        into.push(Leftover { what: describe(client, &entry), why: format!("{delete} {end}, and {sight}") });
    }
    census
}

/// The latest resources that were deleted, if one of the last of them is still described.
async fn latest_still_there(client: &Client, ledger: &Ledger, undo: &Undo) -> Vec<Entry> {
    let latest = ledger.latest_deleted(undo.delete);
    for deletion in latest.iter().take(SAMPLE).filter_map(|entry| entry.delete_input.as_ref()) {
        match client.still_shows(undo, deletion).await {
            Ok(true) => return latest,
            Ok(false) => {}
            // An endpoint that answers neither has told all that it will.
            Err(_) => break,
        }
    }
    Vec::new()
}

/// The inputs of the deletions of all that a list shows; none if it cannot be read.
async fn listed_deletions(client: &Client, undo: &Undo, instance: &Map<String, Value>) -> Option<Vec<Value>> {
    let listing = undo.search.as_ref()?;
    let (items, _) = list_all(client, listing.operation, &list_input(client, listing, instance)?).await.ok()?;
    let deletion = |item: &Value| undo.input_from_item(&listed_members(undo, listing, instance, item), item);
    Some(items.iter().filter_map(deletion).collect())
}
