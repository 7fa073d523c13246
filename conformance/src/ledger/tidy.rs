//! Takes away what a ledger holds, in an order in which it can go.

use std::cmp::Reverse;
use std::collections::HashMap;

use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use serde_json::{Map, Value, json};

use super::mark::run_of_name;
use super::undo::{Listing, Source, Undo};
use super::{Entry, Ledger, Owner};
use crate::checks::pagination::Pager;
use crate::client::Client;
use crate::reply::Reply;

/// How often what would not go is tried again, after the rest has gone.
const PASSES: usize = 3;

/// After so many deletions in a row without an answer, no more are tried.
const SILENT: usize = 3;

/// Most pages that a thing is looked for on.
const PAGES: usize = 200;

/// Something that is still there, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What it is, by the operation that made it, and how it is named.
    pub what: String,
    /// Why it could not be taken away.
    pub why: String,
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Deletes what owners have that are chosen, and says what would not go. Rules go before flows, flows before the modules
/// that they use; of one kind the newest goes first. What nobody knows of is looked up by its name.
pub async fn tidy(client: &Client, ledger: &Ledger, chosen: impl Fn(&Owner) -> bool) -> Vec<Left> {
    let mut left = Vec::new();
    for _ in 0..PASSES {
        look_up(client, ledger, &chosen).await;
        let mut open = ledger.open(&chosen);
        if open.is_empty() {
            return Vec::new();
        }
        open.sort_by_key(|(at, entry)| (ledger.undo(entry.create).map(|undo| undo.rank), Reverse(*at)));
        left.clear();
        let mut silent = 0;
        for (at, entry) in open {
            let what = describe(client, &entry);
            let why = match (&entry.named, ledger.undo(entry.create)) {
                (Some(input), Some(undo)) if silent < SILENT => {
                    let (why, answered) = delete(client, undo.delete, input).await;
                    silent = if answered { 0 } else { silent + 1 };
                    why
                }
                (Some(_), _) => Some("the endpoint has stopped answering".to_owned()),
                (None, _) if ledger.went_with_its_whole(at) => {
                    ledger.found(at, None);
                    None
                }
                (None, _) => {
                    Some("no answer tells what has become of it, and it cannot be looked up by its name".to_owned())
                }
            };
            // What went with something else has gone in the meantime.
            if let Some(why) = why.filter(|_| ledger.is_open(at)) {
                left.push(Left { what, why });
            }
        }
        if silent >= SILENT {
            break;
        }
    }
    left
}

/// What is there, as far as reading can tell.
pub async fn survey(client: &Client, ledger: &Ledger) -> Vec<Left> {
    look_up(client, ledger, &|_| true).await;
    let open = ledger.open(|_| true).into_iter();
    let left = open.map(|(_, entry)| {
        let why = if entry.named.is_some() {
            "was made"
        } else {
            "may have been made: no answer tells what has become of it"
        };
        Left { what: describe(client, &entry), why: why.to_owned() }
    });
    left.collect()
}

/// Deletes one thing; the text says why it is still there, and the flag whether there was an answer.
async fn delete(client: &Client, operation: OperationId, input: &Value) -> (Option<String>, bool) {
    let name = &client.schema[operation].name;
    let request = match encode_request(client.schema, operation, input) {
        Ok(request) => request,
        Err(error) => return (Some(format!("{name}: {error}")), true),
    };
    match client.send_necessary(operation, &request).await {
        Reply::Success(_) => (None, true),
        reply if reply.refusal().is_some_and(|(status, _)| status == 404) => (None, true),
        reply => (Some(format!("{name} {}", reply.describe())), !matches!(reply, Reply::Trouble(_))),
    }
}

/// Finds out what has become of what had no answer.
async fn look_up(client: &Client, ledger: &Ledger, chosen: &impl Fn(&Owner) -> bool) {
    // One listing serves everything of a kind in a place.
    let mut listed: HashMap<(OperationId, String), Option<Vec<Value>>> = HashMap::new();
    for (at, entry) in ledger.open(chosen) {
        let Some(undo) = ledger.undo(entry.create).filter(|_| entry.named.is_none()) else { continue };
        if !ledger.can_be(at) {
            ledger.found(at, None);
            continue;
        }
        let name = undo.name_member.as_ref().and_then(|member| entry.asked.get(member)?.as_str()).unwrap_or_default();
        // Named by the request alone: whether it is there shows when it is deleted. Under a name that is not ours it may
        // have been there before.
        if undo.names.iter().all(|(_, source)| matches!(source, Source::Input(_))) {
            let ours = undo.name_member.is_none() || is_ours(client, name);
            if let Some(input) = undo.input(&entry.asked, &Value::Null).filter(|_| ours) {
                ledger.found(at, Some(input));
            }
            continue;
        }
        let Some(listing) = &undo.search else { continue };
        let Some(place) = place(client, listing, &entry.asked) else { continue };
        let key = (listing.operation, place.to_string());
        if !listed.contains_key(&key) {
            let items = items(client, listing.operation, &place).await;
            listed.insert(key.clone(), items.ok());
        }
        let Some(items) = listed.get(&key).and_then(Option::as_ref) else { continue };
        let named: Vec<&Value> =
            items.iter().filter(|item| item[&listing.name].as_str().unwrap_or_default() == name).collect();
        // A name that the run made up proves it; of any other name, or none, somebody else may have one, too.
        let ours = match named.first() {
            Some(item) if is_ours(client, name) => Ok(Some(*item)),
            Some(_) => marked(client, undo, listing, &named).await,
            None => Ok(None),
        };
        match ours {
            Ok(None) => ledger.found(at, None),
            Ok(Some(item)) => {
                if let Some(input) = undo.input_of_item(&entry.asked, item) {
                    ledger.found(at, Some(input));
                }
            }
            // It stays open, and is told.
            Err(_) => {}
        }
    }
}

/// Whether a name is one that the run made up.
fn is_ours(client: &Client, name: &str) -> bool {
    !client.salt().is_empty() && run_of_name(name) == Some(client.salt())
}

/// Of items that could be it, the one that bears the mark of the run.
async fn marked<'i>(
    client: &Client,
    undo: &Undo,
    listing: &Listing,
    items: &[&'i Value],
) -> Result<Option<&'i Value>, String> {
    let (Some(_), Some(arn)) = (client.mark_member(undo.create), &listing.arn) else {
        return Err("things of this kind bear no mark".to_owned());
    };
    for item in items {
        // Connect gives an ARN to everything that it lists; what has none is a stand-in of an emulator.
        let Some(arn) = item[arn].as_str() else { continue };
        if client.mark_of(arn).await?.is_some_and(|mark| mark.run == client.salt()) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// The input of a listing: where the thing would be.
fn place(client: &Client, listing: &Listing, asked: &Map<String, Value>) -> Option<Value> {
    let members = client.schema.input_members(&client.schema[listing.operation])?;
    let required = members.iter().filter(|member| member.required);
    required
        .map(|member| Some((member.name.clone(), asked.get(&member.name)?.clone())))
        .collect::<Option<Map<_, _>>>()
        .map(Value::Object)
}

/// All items of a listing; the text says why there are none to be had.
async fn items(client: &Client, operation: OperationId, input: &Value) -> Result<Vec<Value>, String> {
    let name = &client.schema[operation].name;
    let pager = Pager::new(client, operation, input.clone())?;
    let (mut all, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let input = pager.input(None, token.as_deref());
        let request = encode_request(client.schema, operation, &input).map_err(|error| error.to_string())?;
        let reply = client.send_necessary(operation, &request).await;
        let Reply::Success(exchange) = reply else { return Err(format!("{name} {}", reply.describe())) };
        let body: Value = serde_json::from_slice(&exchange.response.body)
            .map_err(|error| format!("{name} answers with no JSON: {error}"))?;
        let (items, next) = pager.contents(&body);
        all.extend(items);
        if next.is_none() {
            return Ok(all);
        }
        token = next;
    }
    Err(format!("{name} has more than {PAGES} pages"))
}

fn describe(client: &Client, entry: &Entry) -> String {
    let create = &client.schema[entry.create].name;
    let thing = create.strip_prefix("Create").unwrap_or(create);
    let name = entry.asked.iter().find(|(member, _)| !member.ends_with("Id")).map(|(_, name)| format!(" {name}"));
    let by = entry.named.clone().unwrap_or_else(|| Value::Object(entry.asked.clone()));
    format!("{thing}{} {by}", name.unwrap_or_default())
}

/// Enters into a ledger what bears the mark of a run of ours and is older than `before`, in seconds since 1970; says what
/// could not be looked at. What has only the name, or only the tag, is somebody else's.
pub async fn adopt_marked(client: &Client, ledger: &Ledger, instance: &str, before: u64) -> Vec<String> {
    let mut troubles = Vec::new();
    let place = json!({ "InstanceId": instance });
    let asked: Map<String, Value> = place.as_object().cloned().unwrap_or_default();
    let mut kinds: Vec<&Undo> = ledger.kinds().collect();
    kinds.sort_by_key(|undo| undo.create);
    for undo in kinds {
        let contract = &client.schema[undo.create];
        if client.permission.check(client.schema, contract).is_err() || client.mark_member(undo.create).is_none() {
            continue;
        }
        let Some(listing) = &undo.search else { continue };
        let Some(place) = self::place(client, listing, &asked) else { continue };
        let items = match items(client, listing.operation, &place).await {
            Ok(items) => items,
            Err(why) => {
                troubles.push(why);
                continue;
            }
        };
        for item in items {
            let Some(run) = item[&listing.name].as_str().and_then(run_of_name) else { continue };
            let arn = listing.arn.as_ref().and_then(|arn| item[arn].as_str()).unwrap_or_default();
            match client.mark_of(arn).await {
                Ok(Some(mark)) if mark.run == run && mark.began < before => {}
                Ok(_) => continue,
                Err(why) => {
                    troubles.push(why);
                    continue;
                }
            }
            if let Some(input) = undo.input_of_item(&asked, &item) {
                let mut asked = asked.clone();
                asked.extend(undo.name_member.clone().map(|member| (member, item[&listing.name].clone())));
                ledger.adopt(undo.create, asked, input);
            }
        }
    }
    troubles
}
