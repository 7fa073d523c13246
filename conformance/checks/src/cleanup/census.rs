//! Looks for resources of the run that are still there: those whose deletion was answered with success, and those that an
//! endpoint made beside the ones that its answers named. Reads the lists, and the descriptions of what no list shows. Only
//! reads.

use std::collections::{BTreeMap, HashMap, HashSet};

use connect_model::schema::OperationId;
use serde_json::{Map, Value};

use super::lookup::listed_members;
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

/// A resource that may be there.
struct Candidate<'l> {
    /// Deletion of its kind.
    undo: &'l Undo,
    /// Members of its creation.
    members: Map<String, Value>,
    /// Input of its deletion.
    deletion: Value,
    /// True if a list shows it.
    is_listed: bool,
    /// The reason why its description says nothing.
    failed: Option<String>,
}

/// Reads the lists of the kinds of which something was deleted, and the descriptions of deleted resources without a list.
pub(super) async fn take(client: &Client, ledger: &Ledger) -> Census {
    let mut undos: Vec<&Undo> = ledger.undos().filter(|undo| ledger.has_deleted(undo.delete)).collect();
    undos.sort_by_key(|undo| undo.create);
    let (mut seen, mut candidates): (_, Vec<Candidate<'_>>) = (HashSet::new(), Vec::new());
    for undo in undos.into_iter().filter(|undo| seen.insert(undo.delete)) {
        match listed(client, ledger, undo).await {
            Some(Ok(items)) => {
                let is_other = |item: &Item| item.is_named && !ledger.is_entered(undo.delete, &item.deletion);
                let wanted =
                    items.into_iter().filter(|item| is_other(item) || ledger.was_deleted(undo.delete, &item.deletion));
                candidates.extend(wanted.map(|Item { members, deletion, .. }| Candidate {
                    undo,
                    members,
                    deletion,
                    is_listed: true,
                    failed: None,
                }));
            }
            Some(Err(_)) => {
                let mut known = HashSet::new();
                let latest = latest_still_there(client, ledger, undo).await.into_iter();
                let latest = latest.filter_map(|entry| candidate(ledger, entry));
                candidates.extend(latest.filter(|one| known.insert(one.deletion.to_string())));
            }
            None => {}
        }
    }
    candidates.extend(ledger.unlisted().into_iter().filter_map(|entry| candidate(ledger, entry)));
    // A description may lag behind the deletion.
    let mut wait = Wait::brief(client);
    while !candidates.is_empty() {
        let mut shown = Vec::new();
        for one in candidates {
            let sight = client.still_shows(one.undo, &one.deletion).await;
            // A refused description does not show that it is gone. Some services refuse that of what does not exist, so that
            // without a list it does not show the opposite, either.
            if sight == Ok(true) || (sight.is_err() && one.is_listed) {
                shown.push(Candidate { failed: sight.err(), ..one });
            }
        }
        candidates = shown;
        if !wait.again().await {
            break;
        }
    }
    // The list may have lagged behind the deletion. It alone shows what no operation describes.
    let refused = candidates.iter().filter(|one| one.failed.is_some()).map(|one| (one.undo.delete, one.undo));
    for (delete, undo) in refused.collect::<HashMap<_, _>>() {
        let Some(Ok(items)) = listed(client, ledger, undo).await else { continue };
        candidates.retain(|one| {
            one.failed.is_none() || one.undo.delete != delete || items.iter().any(|item| item.deletion == one.deletion)
        });
    }
    let mut census = Census { still_there: unnamed(client, ledger).await, others: Vec::new() };
    for Candidate { undo, members, deletion, failed, .. } in candidates {
        let was_deleted = ledger.was_deleted(undo.delete, &deletion);
        let standing = if was_deleted { Standing::Ours } else { Standing::Unknown };
        let entry = ledger.reopen(undo.create, members, deletion, standing);
        let shown_by = undo.describe.or(undo.search.as_ref().map(|listing| listing.operation));
        let shown = shown_by.map(|shows| client.schema[shows].name.as_str()).unwrap_or_default();
        let delete = &client.schema[undo.delete].name;
        let (into, end) = match was_deleted {
            true => (&mut census.still_there, "answered with success"),
            false => (&mut census.others, "did not delete it"),
        };
        let sight = failed
            .filter(|_| undo.describe.is_some())
            .map_or_else(|| format!("{shown} still shows it"), |why| format!("nothing says that it is gone: {why}"));
        into.push(Leftover { what: describe(client, &entry), why: format!("{delete} {end}, and {sight}") });
    }
    census
}

/// Deleted resources that a list without names still shows, of kinds that no operation describes.
async fn unnamed(client: &Client, ledger: &Ledger) -> Vec<Leftover> {
    let is_unnamed = |undo: &&Undo| {
        undo.describe.is_none() && (undo.search.is_none() || !undo.is_listed) && ledger.has_deleted(undo.delete)
    };
    let mut undos: BTreeMap<OperationId, &Undo> = BTreeMap::new();
    undos.extend(ledger.undos().filter(is_unnamed).map(|undo| (undo.delete, undo)));
    let mut left = Vec::new();
    for undo in undos.into_values() {
        let Some(list) = undo.inventory.map(|list| &client.schema[list].name) else { continue };
        // A list that cannot be read shows nothing.
        let mut shown = client.still_listed(undo, ledger.latest_deleted(undo.delete)).await.unwrap_or_default();
        let mut wait = Wait::brief(client);
        while !shown.is_empty() && wait.again().await {
            // Nor does it show later that something is gone.
            let Ok(still) = client.still_listed(undo, shown.clone()).await else { break };
            shown = still;
        }
        let delete = &client.schema[undo.delete].name;
        for Entry { create, members, delete_input, .. } in shown {
            let Some(deletion) = delete_input.filter(|deletion| !ledger.is_entered(undo.delete, deletion)) else {
                continue;
            };
            let entry = ledger.reopen(create, members, deletion, Standing::Ours);
            let why = format!("{delete} answered that it is gone, and {list} still shows it");
            left.push(Leftover { what: describe(client, &entry), why });
        }
    }
    left
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

/// A deleted resource that has no open entry.
fn candidate(ledger: &Ledger, entry: Entry) -> Option<Candidate<'_>> {
    let (undo, deletion) = (ledger.undo(entry.create)?, entry.delete_input?);
    let is_open = ledger.is_entered(undo.delete, &deletion);
    (!is_open).then_some(Candidate { undo, members: entry.members, deletion, is_listed: false, failed: None })
}

/// An item of a list.
struct Item {
    /// Members of the creation that identify it.
    members: Map<String, Value>,
    deletion: Value,
    /// True if its name is one of the run.
    is_named: bool,
}

/// All that the list of a kind shows, or the reason why it cannot be read; none if the kind has no list of the instance.
async fn listed(client: &Client, ledger: &Ledger, undo: &Undo) -> Option<Result<Vec<Item>, String>> {
    let instance = ledger.instance().map(|id| (INSTANCE.to_owned(), Value::from(id))).into_iter().collect();
    let listing = undo.search.as_ref()?;
    let input = client.required_of(listing.operation, &instance)?;
    let item = |item: Value| {
        let members = listed_members(undo, listing, &instance, &item);
        let deletion = undo.input_from_item(&members, &item)?;
        let is_named = item[&listing.name].as_str().is_some_and(|name| client.is_own_name(name));
        Some(Item { members, deletion, is_named })
    };
    let listed = list_all(client, listing.operation, &input).await;
    Some(listed.map(|(items, _)| items.into_iter().filter_map(item).collect()))
}
