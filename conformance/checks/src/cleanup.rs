//! Takes away what a ledger holds, in an order in which it can go.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::time::Duration;

use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::client::pager::Pager;
use crate::client::reply::Reply;
use crate::client::run_tag::run_of_name;
use crate::ledger::undo::{Listing, Source, Undo};
use crate::ledger::{Entry, Ledger, Owner, is_gone};

/// How often what would not go is tried again, after the rest has gone.
const PASSES: usize = 3;

/// How long a list may lag behind a creation, unless somebody says otherwise. Source: none of Connect's; search indexes
/// follow within seconds, and other lists of AWS within a minute.
pub const SETTLE: Duration = Duration::from_secs(60);

/// Lists in a row that must not have a thing before it counts as never made: one that is read while others are made and
/// deleted can miss what moves from page to page.
const LISTINGS: u32 = 2;

/// After so many deletions in a row without an answer, no more are tried.
const SILENT: usize = 3;

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

/// What came of tidying.
#[derive(Clone, Debug, Default)]
pub struct Tidied {
    /// What is still there, or may be.
    pub left: Vec<Left>,
    /// How many were taken away.
    pub deleted: usize,
}

/// Deletes what owners have that are chosen, and says what would not go. Rules go before flows, flows before the modules
/// that they use; of one kind the newest goes first. What nobody knows of is looked up by its name. With `wait`, what may
/// still turn up is waited for; else it stays open.
pub async fn tidy(client: &Client, ledger: &Ledger, chosen: impl Fn(&Owner) -> bool, mut wait: bool) -> Tidied {
    let mut tidied = Tidied::default();
    let mut unseen: HashMap<usize, u32> = HashMap::new();
    for _ in 0..PASSES {
        let mut unknown: HashMap<usize, String> = HashMap::new();
        for (at, fate) in look_up(client, ledger, &chosen).await {
            match fate {
                Fate::There(input) => ledger.found(at, input),
                Fate::Impossible => ledger.gone(at, "what it was to be in was not there"),
                Fate::Unseen if !ledger.settles_in(at, client.settle).is_zero() => {
                    unknown.insert(at, "no answer tells whether it was made, and lists may not show it yet".to_owned());
                }
                Fate::Unseen => {
                    let times = unseen.entry(at).or_default();
                    *times += 1;
                    if *times == LISTINGS {
                        ledger.gone(at, "not listed");
                    }
                }
                Fate::Unknown(why) => {
                    unknown.insert(at, format!("no answer tells what has become of it; {why}"));
                }
            }
        }
        let mut open = ledger.open(&chosen);
        if open.is_empty() {
            tidied.left.clear();
            return tidied;
        }
        open.sort_by_key(|(at, entry)| (ledger.undo(entry.create).map(|undo| undo.rank), Reverse(*at)));
        tidied.left.clear();
        let mut silent = 0;
        let mut pause = Duration::ZERO;
        for (at, entry) in open {
            let what = describe(client, &entry);
            let why = match (&entry.named, ledger.undo(entry.create)) {
                (Some(input), Some(undo)) if silent < SILENT => {
                    let (end, answered) = delete(client, undo.delete, input).await;
                    silent = if answered { 0 } else { silent + 1 };
                    tidied.deleted += usize::from(matches!(end, End::Deleted));
                    end.why()
                }
                (Some(_), _) => Some("the endpoint has stopped answering".to_owned()),
                (None, _) if ledger.went_with_its_whole(at) => {
                    ledger.gone(at, "what it was in is gone");
                    None
                }
                (None, _) => {
                    pause = pause.max(ledger.settles_in(at, client.settle));
                    let why = unknown.remove(&at);
                    Some(why.unwrap_or_else(|| "no answer tells whether it was made".to_owned()))
                }
            };
            // What went with something else has gone in the meantime.
            if let Some(why) = why.filter(|_| ledger.is_open(at)) {
                tidied.left.push(Left { what, why });
            }
        }
        if silent >= SILENT {
            break;
        }
        if wait && !pause.is_zero() {
            wait = false;
            let seconds = pause.as_secs_f64().ceil();
            // Nobody to read it is no reason not to wait.
            let _ =
                writeln!(std::io::stderr(), "waiting {seconds} s: what was asked for without an answer may turn up");
            tokio::time::sleep(pause).await;
        }
    }
    tidied
}

/// What is there, as far as reading can tell. Concludes nothing: the ledger stays as it is.
pub async fn survey(client: &Client, ledger: &Ledger) -> Vec<Left> {
    let mut fates: HashMap<usize, Fate> = look_up(client, ledger, &|_| true).await.into_iter().collect();
    let mut left = Vec::new();
    for (at, mut entry) in ledger.open(|_| true) {
        let why = match fates.remove(&at) {
            Some(Fate::Impossible) => continue,
            Some(Fate::Unseen) if ledger.settles_in(at, client.settle).is_zero() => continue,
            Some(Fate::Unseen) => "may have been made: no answer tells, and lists may not show it yet".to_owned(),
            Some(Fate::Unknown(why)) => {
                format!("may have been made: no answer tells what has become of it; {why}")
            }
            Some(Fate::There(input)) => {
                entry.named = Some(input);
                "was made, though no answer came".to_owned()
            }
            None => "was made".to_owned(),
        };
        left.push(Left { what: describe(client, &entry), why });
    }
    left
}

/// How a deletion ended.
enum End {
    Deleted,
    /// There was nothing to delete.
    Gone,
    /// It is still there, and why.
    Left(String),
}

impl End {
    fn why(self) -> Option<String> {
        match self {
            End::Left(why) => Some(why),
            End::Deleted | End::Gone => None,
        }
    }
}

/// Deletes one thing; the flag says whether there was an answer.
async fn delete(client: &Client, operation: OperationId, input: &Value) -> (End, bool) {
    let name = &client.schema[operation].name;
    let request = match encode_request(client.schema, operation, input) {
        Ok(request) => request,
        Err(error) => return (End::Left(format!("{name}: {error}")), true),
    };
    match client.send_necessary(operation, &request).await {
        Reply::Success(_) => (End::Deleted, true),
        Reply::Refused(exchange, _) if is_gone(client.schema, operation, &exchange.response) => (End::Gone, true),
        reply => (End::Left(format!("{name} {}", reply.describe())), !matches!(reply, Reply::Trouble(_))),
    }
}

/// What has become of something whose answer was lost, as far as reading can tell.
enum Fate {
    /// It is there, or may be, and this input deletes it.
    There(Value),
    /// It cannot have been made.
    Impossible,
    /// The list of its kind does not have it.
    Unseen,
    /// Nobody can say, and why.
    Unknown(String),
}

/// Finds out what has become of what had no answer. Only reads.
async fn look_up(client: &Client, ledger: &Ledger, chosen: &impl Fn(&Owner) -> bool) -> Vec<(usize, Fate)> {
    // One listing serves everything of a kind in a place.
    let mut listed: HashMap<(OperationId, String), Result<Vec<Value>, String>> = HashMap::new();
    let mut fates: Vec<(usize, Fate)> = Vec::new();
    for (at, entry) in ledger.open(chosen) {
        let Some(undo) = ledger.undo(entry.create).filter(|_| entry.named.is_none()) else { continue };
        if !ledger.can_be(at) {
            fates.push((at, Fate::Impossible));
            continue;
        }
        let name = undo.name_member.as_ref().and_then(|member| entry.asked.get(member)?.as_str()).unwrap_or_default();
        // Named by the request alone: whether it is there shows when it is deleted. Under a name that is not ours it may
        // have been there before.
        if undo.names.iter().all(|(_, source)| matches!(source, Source::Input(_))) {
            let ours = undo.name_member.is_none() || is_ours(client, name);
            let input = undo.input(&entry.asked, &Value::Null).filter(|_| ours);
            let not_ours =
                || Fate::Unknown("its name is not one of ours, and somebody else may have made it".to_owned());
            fates.push((at, input.map_or_else(not_ours, Fate::There)));
            continue;
        }
        let place = undo.search.as_ref().and_then(|listing| Some((listing, place(client, listing, &entry.asked)?)));
        let Some((listing, place)) = place else {
            fates.push((at, Fate::Unknown("nothing lists things of its kind by name".to_owned())));
            continue;
        };
        let key = (listing.operation, place.to_string());
        if !listed.contains_key(&key) {
            let items = items(client, listing.operation, &place).await;
            listed.insert(key.clone(), items);
        }
        let items = match listed.get(&key) {
            Some(Ok(items)) => items.as_slice(),
            Some(Err(why)) => {
                fates.push((at, Fate::Unknown(why.clone())));
                continue;
            }
            None => continue,
        };
        // What is known to be the thing of another entry is not this one's, too.
        let is_taken = |input: &Value| {
            let here = |(other, fate): &(usize, Fate)| {
                let same_kind = ledger.undo_of(*other).is_some_and(|other| other.delete == undo.delete);
                same_kind && matches!(fate, Fate::There(taken) if taken == input)
            };
            ledger.is_of_another(at, undo.delete, input) || fates.iter().any(here)
        };
        let candidates: Vec<(&Value, Value)> = (items.iter())
            .filter(|item| item[&listing.name].as_str().unwrap_or_default() == name)
            .filter_map(|item| Some((item, undo.input_of_item(&entry.asked, item)?)))
            .filter(|(_, input)| !is_taken(input))
            .collect();
        // A name that the run made up proves it; of any other name, or none, somebody else may have one, too.
        let ours = match candidates.first() {
            Some(first) if is_ours(client, name) => Ok(Some(first)),
            Some(_) => marked(client, undo, listing, &candidates).await,
            None => Ok(None),
        };
        let fate = match ours {
            Ok(None) => Fate::Unseen,
            Ok(Some((_, input))) => Fate::There(input.clone()),
            Err(why) => Fate::Unknown(why),
        };
        fates.push((at, fate));
    }
    fates
}

/// Whether a name is one that the run made up.
fn is_ours(client: &Client, name: &str) -> bool {
    !client.run_id().is_empty() && run_of_name(name) == Some(client.run_id())
}

/// Of items that could be it, each with the input that deletes it, the one that bears the mark of the run.
async fn marked<'c, 'i>(
    client: &Client,
    undo: &Undo,
    listing: &Listing,
    candidates: &'c [(&'i Value, Value)],
) -> Result<Option<&'c (&'i Value, Value)>, String> {
    let (Some(_), Some(arn)) = (client.tag_member(undo.create), &listing.arn) else {
        return Err("things of this kind bear no mark of the run that made them".to_owned());
    };
    for candidate in candidates {
        // Connect gives an ARN to everything that it lists; what has none is a stand-in of an emulator.
        let Some(arn) = candidate.0[arn].as_str() else { continue };
        if client.run_tag_of(arn).await?.is_some_and(|tag| tag.run_id == client.run_id()) {
            return Ok(Some(candidate));
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

/// All items of a listing; the error text says why they cannot be read.
async fn items(client: &Client, operation: OperationId, input: &Value) -> Result<Vec<Value>, String> {
    let pager = Pager { necessary: true, ..Pager::new(client, operation, input.clone())? };
    Ok(pager.all(None).await?.into_iter().flat_map(|page| page.items).collect())
}

fn describe(client: &Client, entry: &Entry) -> String {
    let create = &client.schema[entry.create].name;
    let thing = create.strip_prefix("Create").unwrap_or(create);
    let name = entry.asked.iter().find(|(member, _)| !member.ends_with("Id")).map(|(_, name)| format!(" {name}"));
    let by = entry.named.clone().unwrap_or_else(|| Value::Object(entry.asked.clone()));
    format!("{thing}{} {by}", name.unwrap_or_default())
}

/// Enters into a ledger what bears the mark of a run of ours and is older than `before`, in seconds since 1970; says what
/// could not be looked at. What has only the name, or only the tag, is somebody else's; what runs have made that keep a
/// journal is left to it.
pub async fn adopt_tagged(
    client: &Client,
    ledger: &Ledger,
    instance: &str,
    before: u64,
    journalled: &HashSet<String>,
) -> Vec<String> {
    let mut troubles = Vec::new();
    let place = json!({ "InstanceId": instance });
    let asked: Map<String, Value> = place.as_object().cloned().unwrap_or_default();
    let mut kinds: Vec<&Undo> = ledger.kinds().collect();
    kinds.sort_by_key(|undo| undo.create);
    for undo in kinds {
        let contract = &client.schema[undo.create];
        if client.permission.check(client.schema, contract).is_err() || client.tag_member(undo.create).is_none() {
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
            let run = item[&listing.name].as_str().and_then(run_of_name);
            let Some(run) = run.filter(|run| !journalled.contains(*run)) else { continue };
            let arn = listing.arn.as_ref().and_then(|arn| item[arn].as_str()).unwrap_or_default();
            match client.run_tag_of(arn).await {
                Ok(Some(tag)) if tag.run_id == run && tag.started < before => {}
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
