//! Finds out if creations without a response have created something. Only reads.

use std::collections::HashMap;

use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use serde_json::{Map, Value};

use super::{Listed, list_all};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::ledger::undo::{Listing, Undo};
use crate::ledger::{Entry, Ledger, Owner, Standing, is_gone};

/// The state of a creation without a response, as lists show it.
pub(super) enum Existence {
    /// The resource exists, or may exist, and this input deletes it.
    Exists(Value),
    /// Nothing was created, or another entry has it.
    Impossible,
    /// The list of its kind does not have it.
    NotListed,
    /// Nothing can be said, and why.
    Unknown(String),
}

/// Looks up the creations of the selected owners that got no response.
pub(super) async fn look_up(
    client: &Client,
    ledger: &Ledger,
    selected: &impl Fn(&Owner) -> bool,
) -> Vec<(usize, Existence)> {
    let mut lookup = Lookup { client, ledger, lists: HashMap::new(), results: Vec::new() };
    for (at, entry) in ledger.open(selected) {
        let is_lost = entry.delete_input.is_none() && !ledger.is_off_limits(at);
        if let Some(undo) = ledger.undo(entry.create).filter(|_| is_lost) {
            let existence = lookup.existence(at, &entry, undo).await;
            lookup.results.push((at, existence));
        }
    }
    lookup.results
}

/// The input of a list: the place where the resource would be. `members` are those of its creation.
pub(super) fn list_input(client: &Client, listing: &Listing, members: &Map<String, Value>) -> Option<Value> {
    let input = client.schema.input_members(&client.schema[listing.operation])?;
    let required = input.iter().filter(|member| member.required);
    required
        .map(|member| Some((member.name.clone(), members.get(&member.name)?.clone())))
        .collect::<Option<Map<_, _>>>()
        .map(Value::Object)
}

/// True for a name to which an endpoint has added something, such as ` (2)`. A number at the end would make it that of another
/// creation.
fn extends(shown: &str, name: &str) -> bool {
    shown.strip_prefix(name).is_some_and(|rest| rest.starts_with(|next: char| !next.is_ascii_digit()))
}

/// The members of a creation in an instance that identify a listed resource.
pub(super) fn listed_members(
    undo: &Undo,
    listing: &Listing,
    instance: &Map<String, Value>,
    item: &Value,
) -> Map<String, Value> {
    let mut members = instance.clone();
    members.extend(undo.name_member.clone().map(|member| (member, item[&listing.name].clone())));
    members
}

struct Lookup<'c> {
    client: &'c Client,
    ledger: &'c Ledger,
    /// Items by list operation and input: a list is read once for all its entries.
    lists: HashMap<(OperationId, String), Result<Listed, String>>,
    results: Vec<(usize, Existence)>,
}

impl Lookup<'_> {
    async fn existence(&mut self, at: usize, entry: &Entry, undo: &Undo) -> Existence {
        // It was created if its creation was answered, although with the id of something else.
        let was_answered = matches!(entry.standing, Standing::Foreign(_) | Standing::Lost(_));
        let may_exist = self.ledger.may_exist(at);
        if !was_answered && !may_exist {
            return Existence::Impossible;
        }
        let name = undo.name_in(&entry.members).unwrap_or_default();
        let is_chosen = undo.id_member().is_none();
        let list = undo.search.as_ref().and_then(|list| Some((list, list_input(self.client, list, &entry.members)?)));
        let (listing, input) = match (&entry.standing, list.filter(|_| !is_chosen)) {
            (_, Some(list)) => list,
            (Standing::Lost(input), None) => return self.described_again(entry, input).await,
            _ if is_chosen => return self.identified_by_request(entry, undo, name),
            _ if self.ledger.is_answered_by_token(at, entry) => return Existence::Impossible,
            _ => return Existence::Unknown("no list shows its kind by name".to_owned()),
        };
        self.read(listing.operation, &input, !may_exist).await;
        let (items, cut) = match self.lists.get(&(listing.operation, input.to_string())) {
            Some(Ok((items, cut))) => (items.as_slice(), cut.clone()),
            Some(Err(why)) => return Existence::Unknown(why.clone()),
            None => (&[][..], None),
        };
        let named = |is_it: &dyn Fn(&str) -> bool| -> Vec<(&Value, Value)> {
            let shown = items.iter().filter(|item| is_it(item[&listing.name].as_str().unwrap_or_default()));
            let inputs = shown.filter_map(|item| Some((item, undo.input_from_item(&entry.members, item)?)));
            inputs.filter(|(_, input)| !self.is_taken(at, undo, input)).collect()
        };
        let is_ours = self.client.is_own_name(name);
        let has_no_id =
            |item: &Value| item[&listing.name] == name && undo.input_from_item(&entry.members, item).is_none();
        if is_ours && items.iter().any(has_no_id) {
            let list = &self.client.schema[listing.operation].name;
            return Existence::Unknown(format!("{list} shows its name without an id"));
        }
        let mut candidates = named(&|shown| shown == name);
        if candidates.is_empty() && is_ours {
            candidates = named(&|shown| extends(shown, name));
        }
        // A name generated by the run proves ownership. Somebody else may have any other name, or none.
        let ours = match candidates.first() {
            Some(first) if is_ours => Ok(Some(first)),
            Some(_) => self.tagged(undo, listing, &candidates).await,
            None => Ok(None),
        };
        match ours {
            Ok(None) => cut.map_or(Existence::NotListed, Existence::Unknown),
            Ok(Some((_, input))) => Existence::Exists(input.clone()),
            Err(why) => Existence::Unknown(why),
        }
    }

    /// A resource whose request alone identifies it: its deletion shows if it exists. Under a name that is not ours, it
    /// may have existed before.
    fn identified_by_request(&self, entry: &Entry, undo: &Undo, name: &str) -> Existence {
        let is_ours = undo.name_member.is_none() || self.client.is_own_name(name);
        match undo.input_from_response(&entry.members, &Value::Null).filter(|_| is_ours) {
            Some(input) => Existence::Exists(input),
            None => Existence::Unknown(
                "its name was not generated by the run, so it may belong to somebody else".to_owned(),
            ),
        }
    }

    /// A resource that was not described under its id, of a kind that no list shows by name.
    async fn described_again(&self, entry: &Entry, input: &Value) -> Existence {
        match self.client.shows_ours(self.ledger, entry, input).await {
            Some(true) => Existence::Exists(input.clone()),
            Some(false) => Existence::NotListed,
            None => Existence::Unknown("its description does not show whose it is".to_owned()),
        }
    }

    /// Reads a list once. One in a parent that is made up is empty.
    async fn read(&mut self, operation: OperationId, input: &Value, is_made_up: bool) {
        let key = (operation, input.to_string());
        if !self.lists.contains_key(&key) {
            let mut items = list_all(self.client, operation, input).await;
            if is_made_up && items.is_err() && self.has_no_parent(operation, input).await {
                items = Ok((Vec::new(), None));
            }
            self.lists.insert(key, items);
        }
    }

    /// True if the endpoint says that what would hold the items of a list does not exist: a request may name an instance that
    /// is made up.
    async fn has_no_parent(&self, operation: OperationId, input: &Value) -> bool {
        let schema = self.client.schema;
        let Ok(request) = encode_request(schema, operation, input) else { return false };
        match self.client.send_necessary(operation, &request).await {
            Reply::Refused(exchange, _) => is_gone(schema, operation, &exchange.response),
            _ => false,
        }
    }

    /// True if the resource that this input deletes belongs to another entry.
    fn is_taken(&self, at: usize, undo: &Undo, input: &Value) -> bool {
        let same = |(other, existence): &(usize, Existence)| {
            let same_kind = self.ledger.undo_of(*other).is_some_and(|other| other.delete == undo.delete);
            same_kind && matches!(existence, Existence::Exists(taken) if taken == input)
        };
        self.ledger.belongs_to_another(at, undo.delete, input) || self.results.iter().any(same)
    }

    /// The candidate that carries the tag of the run.
    async fn tagged<'i>(
        &self,
        undo: &Undo,
        listing: &Listing,
        candidates: &'i [(&Value, Value)],
    ) -> Result<Option<&'i (&'i Value, Value)>, String> {
        let (Some(_), Some(arn)) = (self.client.tag_member(undo.create), &listing.arn) else {
            return Err("resources of this kind carry no tag of their run".to_owned());
        };
        for candidate in candidates {
            // Connect lists every resource with an ARN. An item without one comes from an emulator.
            let Some(arn) = candidate.0[arn].as_str() else { continue };
            if self.client.run_tag_of(arn).await?.is_some_and(|tag| tag.run_id == self.client.run_id()) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}
