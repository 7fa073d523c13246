//! Deletes the resources that a ledger holds, in an order that their dependencies allow.

mod adopt;
mod census;
mod lookup;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use serde_json::Value;

pub use self::adopt::adopt_tagged;
use self::lookup::{Existence, look_up};
use crate::client::pager::Pager;
use crate::client::reply::Reply;
use crate::client::{Client, NotOurs};
use crate::ledger::{Entry, Ledger, Owner, Standing, is_gone};

/// Default for how long lists may lag behind a creation. Connect documents no time: search indexes follow within seconds,
/// and other lists of AWS within a minute.
pub const SETTLE: Duration = Duration::from_secs(60);

/// Passes over the ledger. A resource that others still use is deleted in a later pass.
const PASSES: usize = 3;

/// Consecutive listings without a resource before it counts as never created. A list that is read while others create and
/// delete can miss an item that moves from page to page.
const LISTINGS: u32 = 2;

/// Consecutive deletions without a response after which no more are sent.
const MAX_UNANSWERED: usize = 3;

/// A resource that exists, or may exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The resource: the noun of the operation that created it, and its identifying members.
    pub what: String,
    /// The reason why it was not deleted.
    pub why: String,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Result of a cleanup.
#[derive(Clone, Debug, Default)]
pub struct Cleanup {
    /// Resources that still exist, or may exist.
    pub left: Vec<Leftover>,
    /// Number of deleted resources.
    pub deleted: usize,
}

impl Client {
    /// Deletes the known resources of the selected owners.
    pub async fn clean_up(&self, selected: impl Fn(&Owner) -> bool) {
        if let Some(ledger) = self.ledger() {
            clean_up(self, ledger, selected, false).await;
        }
    }

    /// Deletes every resource of the run. Returns descriptions of those that are left.
    pub async fn clear(&self) -> Vec<String> {
        let Some(ledger) = self.ledger() else { return Vec::new() };
        let cleanup = clean_up_all(self, ledger).await;
        ledger.close();
        let left = cleanup.left.iter().map(ToString::to_string);
        // An endpoint may give several new resources the id of one thing.
        let mut named = HashSet::new();
        let foreign =
            ledger.foreign().into_iter().filter(move |(delete, input, _)| named.insert((*delete, input.to_string())));
        let foreign = foreign.map(|(delete, input, why)| {
            let name = &self.schema[delete].name;
            format!(
                "no write and no {name} was sent to {input}, although the endpoint gave a new resource this id: {why}"
            )
        });
        left.chain(foreign).collect()
    }
}

/// Deletes all resources of a ledger, and what lists show of the run beside them; names what is still there after that.
pub async fn clean_up_all(client: &Client, ledger: &Ledger) -> Cleanup {
    let mut cleanup = clean_up(client, ledger, |_| true, true).await;
    let mut census = census::take(client, ledger).await;
    if !census.others.is_empty() {
        let deleted = cleanup.deleted;
        cleanup = clean_up(client, ledger, |_| true, true).await;
        cleanup.deleted += deleted;
        census = census::take(client, ledger).await;
    }
    cleanup.deleted = cleanup.deleted.saturating_sub(census.still_there.len());
    cleanup.left.extend(census.still_there);
    cleanup.left.extend(census.others);
    cleanup
}

/// Deletes the resources of the selected owners.
///
/// Rules are deleted before flows, and flows before the modules that they use; within a kind, the newest first. Creations
/// without a response are looked up by name. With `wait`, the cleanup waits once until such a creation must be visible in
/// lists; without, it stays open.
pub async fn clean_up(client: &Client, ledger: &Ledger, selected: impl Fn(&Owner) -> bool, mut wait: bool) -> Cleanup {
    let mut cleanup = Cleanup::default();
    let mut times_unlisted: HashMap<usize, u32> = HashMap::new();
    for _ in 0..PASSES {
        let unresolved = resolve_lost(client, ledger, &selected, &mut times_unlisted).await;
        let pass = delete_open(client, ledger, &selected, unresolved).await;
        cleanup.deleted += pass.deleted;
        cleanup.left = pass.left;
        if pass.was_empty || pass.gave_up {
            break;
        }
        if wait && !pass.pause.is_zero() {
            wait = false;
            announce(pass.pause);
            tokio::time::sleep(pass.pause).await;
        }
    }
    cleanup
}

/// Lists the resources that exist, or may exist. Only reads; the ledger does not change.
pub async fn survey(client: &Client, ledger: &Ledger) -> Vec<Leftover> {
    let mut lost: HashMap<usize, Existence> = look_up(client, ledger, &|_| true).await.into_iter().collect();
    let mut left = Vec::new();
    for (at, mut entry) in ledger.open(|_| true) {
        let why = match lost.remove(&at) {
            None if let Standing::Foreign(why) = &entry.standing => left_alone(why),
            Some(Existence::Impossible) => continue,
            Some(Existence::NotListed) if ledger.visible_in(at, client.settle).is_zero() => continue,
            Some(Existence::NotListed) => "may exist: its creation got no clear answer, and lists may lag".to_owned(),
            Some(Existence::Unknown(why)) => format!("may exist: its creation got no clear answer; {why}"),
            Some(Existence::Exists(input)) => {
                entry.delete_input = Some(input);
                "exists, although its creation got no clear answer".to_owned()
            }
            None => "exists".to_owned(),
        };
        left.push(Leftover { what: describe(client, &entry), why });
    }
    left
}

/// Looks up creations without a response, and records those that are resolved in the ledger. Returns the reasons for the
/// others.
async fn resolve_lost(
    client: &Client,
    ledger: &Ledger,
    selected: &impl Fn(&Owner) -> bool,
    times_unlisted: &mut HashMap<usize, u32>,
) -> HashMap<usize, String> {
    let mut unresolved = HashMap::new();
    for (at, existence) in look_up(client, ledger, selected).await {
        match existence {
            Existence::Exists(input) => ledger.resolve(at, input),
            Existence::Impossible => ledger.mark_gone(at, "nothing was created, or another entry has it"),
            Existence::NotListed if !ledger.visible_in(at, client.settle).is_zero() => {
                unresolved.insert(at, format!("{}, and lists may lag", reason(ledger, at)));
            }
            Existence::NotListed => {
                let times = times_unlisted.entry(at).or_default();
                *times += 1;
                if *times == LISTINGS {
                    ledger.mark_unlisted(at);
                }
            }
            Existence::Unknown(why) => {
                unresolved.insert(at, format!("{}; {why}", reason(ledger, at)));
            }
        }
    }
    unresolved
}

/// The reason why it is not known if the resource of an entry exists.
fn reason(ledger: &Ledger, at: usize) -> &'static str {
    match ledger.standing(at) {
        Standing::Lost(_) => "nothing is described under the id of its creation",
        _ => "its creation got no clear answer",
    }
}

/// Result of one pass over the open entries.
struct Pass {
    left: Vec<Leftover>,
    deleted: usize,
    /// No entry was open.
    was_empty: bool,
    /// The endpoint has stopped responding.
    gave_up: bool,
    /// Time until every creation without a response must be visible in lists.
    pause: Duration,
}

/// Deletes every open entry once. `unresolved` holds reasons for entries that cannot be deleted yet.
async fn delete_open(
    client: &Client,
    ledger: &Ledger,
    selected: &impl Fn(&Owner) -> bool,
    mut unresolved: HashMap<usize, String>,
) -> Pass {
    let mut open = ledger.open(selected);
    open.sort_by_key(|(at, entry)| (ledger.undo(entry.create).map(|undo| undo.rank), Reverse(*at)));
    let mut pass =
        Pass { left: Vec::new(), deleted: 0, was_empty: open.is_empty(), gave_up: false, pause: Duration::ZERO };
    let mut unanswered = 0;
    for (at, entry) in open {
        let what = describe(client, &entry);
        let why = match (&entry.delete_input, ledger.undo(entry.create)) {
            _ if ledger.is_off_limits(at) => {
                client.look_at(ledger, at).await.err().map(|not_ours| left_alone(&not_ours.why))
            }
            (Some(input), Some(undo)) if unanswered < MAX_UNANSWERED => {
                let (deletion, answered) = match client.look_at(ledger, at).await {
                    Ok(()) => delete(client, undo.delete, input).await,
                    // The next pass looks for it by its name.
                    Err(NotOurs { why, is_absent: true, .. }) => {
                        pass.pause = pass.pause.max(ledger.visible_in(at, client.settle));
                        (Deletion::Failed(format!("may exist: {why}")), true)
                    }
                    Err(NotOurs { why, answered, .. }) => (Deletion::Failed(left_alone(&why)), answered),
                };
                unanswered = if answered { 0 } else { unanswered + 1 };
                pass.deleted += usize::from(matches!(deletion, Deletion::Deleted));
                deletion.failure()
            }
            (Some(_), _) => Some("the endpoint has stopped responding".to_owned()),
            (None, _) if ledger.parent_is_gone(at) => {
                ledger.mark_gone(at, "its parent is gone");
                None
            }
            (None, _) => {
                pass.pause = pass.pause.max(ledger.visible_in(at, client.settle));
                let why = unresolved.remove(&at);
                Some(why.unwrap_or_else(|| reason(ledger, at).to_owned()))
            }
        };
        // The entry may have been closed by the deletion of its parent.
        if let Some(why) = why.filter(|_| ledger.is_open(at)) {
            pass.left.push(Leftover { what, why });
        }
    }
    pass.gave_up = unanswered >= MAX_UNANSWERED;
    pass
}

/// The reason why a resource was not deleted, although it could have been.
fn left_alone(why: &str) -> String {
    format!("left alone: {why}")
}

/// Tells the user about a pause.
fn announce(pause: Duration) {
    let seconds = pause.as_secs_f64().ceil();
    // The cleanup also waits if stderr is closed.
    let _ =
        writeln!(std::io::stderr(), "waiting {seconds} s: creations without a clear answer may still show up in lists");
}

/// Result of a deletion.
enum Deletion {
    Deleted,
    /// The resource did not exist any more.
    AlreadyGone,
    /// The resource still exists, and why.
    Failed(String),
}

impl Deletion {
    fn failure(self) -> Option<String> {
        match self {
            Deletion::Failed(why) => Some(why),
            Deletion::Deleted | Deletion::AlreadyGone => None,
        }
    }
}

/// Deletes one resource. The flag is true if there was a response.
async fn delete(client: &Client, operation: OperationId, input: &Value) -> (Deletion, bool) {
    let name = &client.schema[operation].name;
    let request = match encode_request(client.schema, operation, input) {
        Ok(request) => request,
        Err(error) => return (Deletion::Failed(format!("{name}: {error}")), true),
    };
    match client.send_necessary(operation, &request).await {
        Reply::Success(_) => (Deletion::Deleted, true),
        Reply::Refused(exchange, _) if is_gone(client.schema, operation, &exchange.response) => {
            (Deletion::AlreadyGone, true)
        }
        reply => (Deletion::Failed(format!("{name}: {}", reply.describe())), !matches!(reply, Reply::Trouble(..))),
    }
}

/// The items of a list, and the reason why there may be more; none if they are all there are.
type Listed = (Vec<Value>, Option<String>);

/// All items of a list, as far as it can be read.
///
/// # Errors
/// The reason why the list cannot be read.
async fn list_all(client: &Client, operation: OperationId, input: &Value) -> Result<Listed, String> {
    let pager = Pager { necessary: true, ..Pager::new(client, operation, input.clone())? };
    let (pages, cut) = pager.known().await?;
    Ok((pages.into_iter().flat_map(|page| page.items).collect(), cut))
}

fn describe(client: &Client, entry: &Entry) -> String {
    let create = &client.schema[entry.create].name;
    let noun = create.strip_prefix("Create").unwrap_or(create);
    let name = entry.members.iter().find(|(member, _)| !member.ends_with("Id")).map(|(_, name)| format!(" {name}"));
    let ids = entry.delete_input.clone().unwrap_or_else(|| Value::Object(entry.members.clone()));
    format!("{noun}{} {ids}", name.unwrap_or_default())
}
