//! Things that were there before the run created any of their kind. An endpoint may answer a creation with one of them: some
//! services have one for each account, and give it again. What no operation describes can be told from them by its id alone.

use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use connect_model::resources as graph;
use connect_model::schema::OperationId;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{encode_request, read_response};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::client::pager::Pager;
use crate::client::reply::Reply;
use crate::ledger::undo::Undo;
use crate::ledger::{Entry, Ledger};
use crate::parts::digest;

/// A list, and its input.
type Place = (OperationId, String);

/// Digests of the values of each item that a list showed.
type Shown = Vec<HashSet<u64>>;

/// The lists that were read before the first creation.
#[derive(Default)]
pub(super) struct Inventory(Mutex<HashMap<Place, Arc<OnceCell<Shown>>>>);

impl Inventory {
    fn cell(&self, place: Place) -> Arc<OnceCell<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default().clone()
    }
}

impl Client {
    /// Reads what there is of a kind, before the first request that creates one.
    ///
    /// # Errors
    /// The list cannot be read: the new resource could not be told from others.
    pub(super) async fn take_inventory(
        &self,
        ledger: &Ledger,
        (operation, request): (OperationId, &HttpRequest),
    ) -> Result<(), String> {
        if self.permission.loopback {
            return Ok(());
        }
        let Some((undo, members)) = ledger.undescribed(operation, request) else { return Ok(()) };
        let Some((list, input)) = self.inventory_of(undo, &members) else { return Ok(()) };
        let cell = self.inventory.cell((list, input.to_string()));
        // Boxed, because the list is sent by the function that calls this one.
        let shown = cell.get_or_try_init(|| Box::pin(self.all_items(list, &input))).await;
        let list = &self.schema[list].name;
        shown
            .map(drop)
            .map_err(|why| format!("{list} cannot be read, so nothing would tell a new resource from others: {why}"))
    }

    /// The sign that a resource which no operation describes is one of others, although a creation of the run was answered with
    /// its id: it was there before, a list shows it under another name, or it has no name and not the tag of the run.
    ///
    /// # Errors
    /// The reason why the endpoint shows neither.
    pub(super) async fn sign_of_others(
        &self,
        undo: &Undo,
        (entry, input): (&Entry, &Value),
    ) -> Result<Option<Sign>, String> {
        if let Some(sign) = self.was_there(undo, entry).await {
            return Ok(Some(sign));
        }
        let sign = |why: String| Some(Sign { why, made_nothing: false });
        if let Some(own) = undo.name_in(&entry.members) {
            let shown = self.name_in_list(undo, (entry, input)).await?;
            let is_strange =
                |shown: &String| !shown.trim().eq_ignore_ascii_case(own.trim()) && !self.is_own_name(shown);
            return Ok(shown
                .filter(is_strange)
                .and_then(|shown| sign(format!("it is `{shown}`, which is no name of the run"))));
        }
        let has_tags = graph::shared(self.schema).tagging.is_some() && self.tag_member(undo.create).is_some();
        let arn = entry.arns.iter().find(|arn| arn.starts_with("arn:"));
        let Some(arn) = arn.filter(|_| has_tags) else { return Ok(None) };
        let tag = self.run_tag_of(arn).await?;
        let is_of_run = tag.is_some_and(|tag| tag.run_id == self.run_id());
        Ok(if is_of_run { None } else { sign(format!("{arn} has no tag of the run")) })
    }

    /// The name that a list shows for a resource. A list may lag behind.
    async fn name_in_list(&self, undo: &Undo, (entry, input): (&Entry, &Value)) -> Result<Option<String>, String> {
        let Some(listing) = &undo.search else { return Ok(None) };
        let required = self.required_of(listing.operation, &entry.members);
        let Some(base) = required.filter(|_| undo.parents().next().is_none()) else { return Ok(None) };
        let pager = Pager { necessary: true, ..Pager::new(self, listing.operation, base)? };
        let (pages, cut) = pager.known().await?;
        let mut items = pages.iter().flat_map(|page| &page.items);
        let item = items.find(|item| undo.input_from_item(&entry.members, item).as_ref() == Some(input));
        match (item, cut) {
            (None, Some(why)) => Err(why),
            (item, _) => Ok(item.and_then(|item| item[&listing.name].as_str()).map(str::to_owned)),
        }
    }

    /// The sign that a list showed the resource of an entry before any was created.
    async fn was_there(&self, undo: &Undo, entry: &Entry) -> Option<Sign> {
        let (list, input) = self.inventory_of(undo, &entry.members)?;
        let cell = self.inventory.cell((list, input.to_string()));
        let before = cell.get()?;
        let arns: Vec<u64> = entry.arns.iter().map(|arn| digest(&arn.as_str().into())).collect();
        let is_it = |item: &HashSet<u64>| {
            arns.iter().any(|arn| item.contains(arn))
                || entry.delete_input.as_ref().is_some_and(|deletion| has_ids(undo, deletion, item))
        };
        if !before.iter().any(is_it) {
            return None;
        }
        // A creation that is answered with what exists makes nothing.
        let now = self.all_items(list, &input).await;
        let made_nothing = now.is_ok_and(|now| now.iter().all(|item| before.contains(item)));
        Some(Sign { why: format!("{} showed it before it was created", self.schema[list].name), made_nothing })
    }

    /// Returns the resources that their list still shows, of a kind that no operation describes.
    ///
    /// # Errors
    /// The reason why a list cannot be read.
    pub(crate) async fn still_listed(&self, undo: &Undo, entries: Vec<Entry>) -> Result<Vec<Entry>, String> {
        let mut lists: HashMap<String, Shown> = HashMap::new();
        let mut listed = Vec::new();
        for entry in entries {
            let Some((list, input)) = self.inventory_of(undo, &entry.members) else { continue };
            let shown = match lists.entry(input.to_string()) {
                Occupied(known) => known.into_mut(),
                Vacant(place) => place.insert(self.all_items(list, &input).await?),
            };
            let is_shown = |deletion: &Value| shown.iter().any(|item| has_ids(undo, deletion, item));
            if entry.delete_input.as_ref().is_some_and(is_shown) {
                listed.push(entry);
            }
        }
        Ok(listed)
    }

    /// The list of a kind that no operation describes, and its input. None for a resource inside another one: its parent shows
    /// whose it is.
    fn inventory_of(&self, undo: &Undo, members: &Map<String, Value>) -> Option<(OperationId, Value)> {
        let list = undo.inventory.filter(|_| undo.parents().next().is_none())?;
        Some((list, self.required_of(list, members)?))
    }

    /// The members that an operation requires, with the values that a creation has for them: of a list, the place where the
    /// resource would be.
    pub(crate) fn required_of(&self, operation: OperationId, members: &Map<String, Value>) -> Option<Value> {
        let all = self.schema.input_members(&self.schema[operation]).into_iter().flatten();
        let required = all.filter(|member| member.required);
        let input = required.map(|member| Some((member.name.clone(), members.get(&member.name)?.clone())));
        Some(input.collect::<Option<Map<_, _>>>()?.into())
    }

    async fn all_items(&self, list: OperationId, input: &Value) -> Result<Shown, String> {
        let values = |item: &Value| {
            let mut found = HashSet::new();
            add_values(item, &mut found);
            found
        };
        if self.schema[list].pagination.is_some() {
            let pager = Pager { necessary: true, ..Pager::new(self, list, input.clone())? };
            let (pages, cut) = pager.known().await?;
            let found = pages.iter().flat_map(|page| &page.items).map(values).collect();
            return cut.map_or(Ok(found), Err);
        }
        let request = encode_request(self.schema, list, input).map_err(|error| error.to_string())?;
        match self.send_necessary(list, &request).await {
            Reply::Success(exchange) => {
                let shown = read_response(self.schema, list, &exchange.response).map_err(|error| error.to_string())?;
                let lists = shown.as_object().into_iter().flatten().filter_map(|(_, list)| list.as_array());
                Ok(lists.flatten().map(values).collect())
            }
            other => Err(other.describe()),
        }
    }
}

/// A sign that a resource is one of others.
pub(super) struct Sign {
    /// The reason to leave it alone.
    pub(super) why: String,
    /// True if the creation that was answered with it made nothing.
    pub(super) made_nothing: bool,
}

/// True if an item of a list shows all ids of a resource.
fn has_ids(undo: &Undo, deletion: &Value, item: &HashSet<u64>) -> bool {
    let ids = undo.ids(deletion);
    !ids.is_empty() && ids.into_iter().all(|id| item.contains(&digest(id)))
}

fn add_values(value: &Value, found: &mut HashSet<u64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_values(item, found)),
        Value::Object(members) => members.values().for_each(|inner| add_values(inner, found)),
        scalar => {
            found.insert(digest(scalar));
        }
    }
}
