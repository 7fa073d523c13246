//! What a run has made and must take away again. Every request that makes something is entered here before it goes out,
//! and every answer after it came back; the transport does both, so that nothing passes by. Sends nothing itself: see
//! [`tidy`].

pub mod journal;

pub mod undo;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use connect_model::schema::{OperationId, Schema};
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{Limits, Route, Router, decode_error, inspect_request};
use serde_json::{Map, Value};

use self::journal::{Header, Journal, JournalError, Line};
use self::undo::{Source, Undo};
use crate::client::run_tag::seconds;
use connect_transport::{LedgerEvent, RequestHook, TransportError};

/// For whom something was made, and therefore how long it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// For everybody: until the end of the run.
    Run,
    /// For one trial, by its place in the plan.
    Trial(usize),
    /// For all trials of an operation.
    Fixture(OperationId),
}

tokio::task_local! {
    static OWNER: Owner;
}

/// Lets everything that is made meanwhile belong to an owner.
pub async fn owned_by<T>(owner: Owner, work: impl Future<Output = T>) -> T {
    OWNER.scope(owner, work).await
}

/// All that a run has made, and asked to be made.
#[derive(Debug)]
pub struct Ledger {
    schema: &'static Schema,
    router: Router<'static>,
    undo: HashMap<OperationId, Undo>,
    /// The instance that everything is made in.
    instance: Option<String>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    entries: Vec<Entry>,
    journal: Option<Journal>,
}

/// Something that was asked to be made.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The operation that makes it.
    pub create: OperationId,
    /// What of the request names it: its name, and what it is in.
    pub asked: Map<String, Value>,
    /// For whom.
    pub owner: Owner,
    /// The input that deletes it, once it is known; until then nobody knows whether it is there.
    pub named: Option<Value>,
    /// It was never made, or is there no more.
    pub gone: bool,
    /// Seconds since 1970 when it was asked for; 0 for what somebody found.
    pub at: u64,
}

/// A ledger as the hook of a transport.
pub fn hook(ledger: Option<&Arc<Ledger>>) -> Option<Arc<dyn RequestHook>> {
    ledger.map(|ledger| Arc::clone(ledger) as Arc<dyn RequestHook>)
}

impl RequestHook for Ledger {
    /// Enters a request that is about to go out.
    ///
    /// # Errors
    /// It makes something and cannot be written down, so that it must not be sent.
    fn before(&self, request: &HttpRequest) -> Result<LedgerEvent, String> {
        let Ok(route) = self.router.route(&request.method, &request.uri) else { return Ok(LedgerEvent::Other) };
        if self.undo.values().any(|undo| undo.delete == route.operation) {
            return Ok(LedgerEvent::Deletes(route.operation));
        }
        let Some(undo) = self.undo.get(&route.operation) else { return Ok(LedgerEvent::Other) };
        let read = input_of(self.schema, &route, request);
        let asked: Map<String, Value> =
            undo.kept().filter_map(|member| Some((member.to_owned(), read.get(member)?.clone()))).collect();
        let owner = OWNER.try_with(Owner::clone).unwrap_or(Owner::Run);
        let mut state = self.state();
        let at = state.entries.len();
        let (asks, now) = (self.schema[route.operation].name.clone(), seconds(SystemTime::now()));
        let line = Line::Asked { n: at, asks, with: asked.clone(), at: now };
        state.write(&line, true).map_err(|error| error.to_string())?;
        state.entries.push(Entry { create: route.operation, asked, owner, named: None, gone: false, at: now });
        Ok(LedgerEvent::Creates(at))
    }

    /// Enters what came of a request. What cannot be written down then is kept in memory, and looked up again by
    /// whoever has only the file.
    fn after(&self, event: &LedgerEvent, request: &HttpRequest, result: &Result<HttpResponse, TransportError>) {
        match (event, result) {
            (LedgerEvent::Creates(at), Ok(response)) if (200..300).contains(&response.status) => {
                let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
                let mut state = self.state();
                let Some(entry) = state.entries.get_mut(*at) else { return };
                let named = self.undo.get(&entry.create).and_then(|undo| undo.input(&entry.asked, &answer));
                if let Some(named) = named {
                    entry.named = Some(named.clone());
                    let _ = state.write(&Line::Made { n: *at, made: named }, true);
                }
            }
            // A fault of the server may come after it has done what it was asked for.
            (LedgerEvent::Creates(at), Ok(response)) if response.status < 500 => {
                self.state().gone(*at, &response.status.to_string());
            }
            (
                LedgerEvent::Creates(at),
                Err(
                    error @ (TransportError::Unsendable(_)
                    | TransportError::Unsigned(_)
                    | TransportError::Connect { .. }
                    | TransportError::GaveUp(_)),
                ),
            ) => self.state().gone(*at, error.class()),
            (LedgerEvent::Deletes(operation), Ok(response))
                if (200..300).contains(&response.status) || is_gone(self.schema, *operation, response) =>
            {
                self.deleted(*operation, request, response.status);
            }
            _ => {}
        }
    }
}

impl Ledger {
    /// An empty one for things in an instance, that is kept in memory only.
    pub fn new(schema: &'static Schema, instance: Option<&str>) -> Self {
        Self {
            instance: instance.map(str::to_owned),
            schema,
            router: Router::new(schema),
            undo: undo::table(schema),
            state: Mutex::new(State { entries: Vec::new(), journal: None }),
        }
    }

    /// An empty one that is written into a file of that folder as it fills.
    ///
    /// # Errors
    /// The file cannot be made: without it nothing may be created.
    pub fn journalled(schema: &'static Schema, folder: &Path, header: &Header) -> Result<Self, JournalError> {
        let journal = Journal::create(folder, header)?;
        let this = Self::new(schema, header.instance_id.as_deref());
        this.state().journal = Some(journal);
        Ok(this)
    }

    /// The one that a file holds, to be worked off; what becomes of its entries is written behind them.
    ///
    /// # Errors
    /// The file cannot be read, is in use by a run, or is no journal.
    pub fn reopened(schema: &'static Schema, path: &Path) -> Result<(Self, Header), JournalError> {
        let (journal, header, lines) = Journal::open(path)?;
        let this = Self::new(schema, header.instance_id.as_deref());
        let mut entries: Vec<Entry> = Vec::new();
        for (number, line) in (2..).zip(lines) {
            let wrong = |what: String| JournalError::Content { path: path.to_owned(), line: number, what };
            match line {
                Line::Asked { n, .. } if n != entries.len() => {
                    return Err(wrong(format!("it has number {n} where number {} is due", entries.len())));
                }
                Line::Asked { asks, with, at, .. } => {
                    let create = schema.operation_named(&asks).filter(|create| this.undo.contains_key(create));
                    let create =
                        create.ok_or_else(|| wrong(format!("{asks} makes nothing that this model can delete")))?;
                    entries.push(Entry { create, asked: with, owner: Owner::Run, named: None, gone: false, at });
                }
                Line::Made { n, made } => {
                    let entry =
                        entries.get_mut(n).ok_or_else(|| wrong(format!("nothing was asked for as number {n}")))?;
                    entry.named = Some(made);
                }
                Line::Gone { gone, .. } => {
                    let entry = entries.get_mut(gone);
                    entry.ok_or_else(|| wrong(format!("nothing was asked for as number {gone}")))?.gone = true;
                }
            }
        }
        *this.state() = State { entries, journal: Some(journal) };
        Ok((this, header))
    }

    /// Marks every resource that a deletion names as gone. A request names a resource if it carries all members that
    /// identify it, wherever they are bound.
    fn deleted(&self, delete: OperationId, request: &HttpRequest, status: u16) {
        let Ok(route) = self.router.route(&request.method, &request.uri) else { return };
        let input = input_of(self.schema, &route, request);
        let names = |named: &Value| {
            named.as_object().is_some_and(|named| named.iter().all(|(member, id)| input.get(member) == Some(id)))
        };
        let mut state = self.state();
        let gone: Vec<usize> = (state.entries.iter().enumerate())
            .filter(|(_, entry)| self.undo.get(&entry.create).is_some_and(|undo| undo.delete == delete))
            .filter(|(_, entry)| !entry.gone && entry.named.as_ref().is_some_and(names))
            .map(|(at, _)| at)
            .collect();
        for at in gone {
            state.gone(at, &status.to_string());
        }
    }

    /// What is there, or may be, of the owners that are chosen; with the numbers of the entries.
    pub fn open(&self, chosen: impl Fn(&Owner) -> bool) -> Vec<(usize, Entry)> {
        let state = self.state();
        let open = |entry: &Entry| !entry.gone && chosen(&entry.owner);
        state
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| open(entry))
            .map(|(at, entry)| (at, entry.clone()))
            .collect()
    }

    /// Whether the thing of an entry is there, or may be.
    pub(crate) fn is_open(&self, at: usize) -> bool {
        self.state().entries.get(at).is_some_and(|entry| !entry.gone)
    }

    /// How an operation is undone.
    pub fn undo(&self, create: OperationId) -> Option<&Undo> {
        self.undo.get(&create)
    }

    /// How the thing of an entry is taken away.
    pub(crate) fn undo_of(&self, at: usize) -> Option<&Undo> {
        let create = self.state().entries.get(at)?.create;
        self.undo.get(&create)
    }

    /// Every kind of thing that can be undone.
    pub fn kinds(&self) -> impl Iterator<Item = &Undo> {
        self.undo.values()
    }

    /// What an entry of unknown end was found to be.
    pub(crate) fn found(&self, at: usize, input: Value) {
        let mut state = self.state();
        if let Some(entry) = state.entries.get_mut(at) {
            entry.named = Some(input.clone());
        }
        let _ = state.write(&Line::Made { n: at, made: input }, true);
    }

    /// There is nothing of an entry, and why we say so.
    pub(crate) fn gone(&self, at: usize, why: &str) {
        self.state().gone(at, why);
    }

    /// Whether another entry is known to be what this input deletes.
    pub(crate) fn is_of_another(&self, at: usize, delete: OperationId, input: &Value) -> bool {
        let state = self.state();
        let is_it = |entry: &Entry| {
            entry.named.as_ref() == Some(input)
                && self.undo.get(&entry.create).is_some_and(|undo| undo.delete == delete)
        };
        state.entries.iter().enumerate().any(|(other, entry)| other != at && is_it(entry))
    }

    /// How long to wait until what was asked for without an answer must be seen if it is there, when that takes `settle`
    /// from the request on.
    pub(crate) fn settles_in(&self, at: usize, settle: Duration) -> Duration {
        let asked = self.state().entries.get(at).map_or(0, |entry| entry.at);
        if settle.is_zero() || asked == 0 {
            return Duration::ZERO;
        }
        // The seconds of the request are cut off.
        let due = SystemTime::UNIX_EPOCH + Duration::from_secs(asked + 1) + settle;
        due.duration_since(SystemTime::now()).unwrap_or_default()
    }

    /// Whether something of unknown end can have been made at all. Ids in requests are those of things of ours, or
    /// invented; in what does not exist, nothing is made.
    pub(crate) fn can_be(&self, at: usize) -> bool {
        let state = self.state();
        let Some(entry) = state.entries.get(at) else { return false };
        let Some(undo) = self.undo.get(&entry.create) else { return false };
        let ours = |text: &str| {
            state.entries.iter().any(|whole| {
                let named = whole.named.as_ref().zip(self.undo.get(&whole.create));
                let id = named.and_then(|(named, undo)| named.get(undo.own_member()?)?.as_str());
                id.is_some_and(|id| names(text, id))
            })
        };
        let whole = |member: &str| {
            let text = entry.asked.get(member).and_then(Value::as_str).unwrap_or_default();
            match &self.instance {
                Some(instance) if member == "InstanceId" => names(text, instance),
                None if member == "InstanceId" => true,
                _ => ours(text) && (text.contains('/') || !member.ends_with("Arn")),
            }
        };
        let wholes = undo.names.iter().filter_map(|(_, source)| match source {
            Source::Input(member) if member.ends_with("Id") || member.ends_with("Arn") => Some(member),
            _ => None,
        });
        wholes.map(String::as_str).all(whole)
    }

    /// Whether something of unknown end was to be part of what is gone by now: a version of a flow, say.
    pub(crate) fn went_with_its_whole(&self, at: usize) -> bool {
        let state = self.state();
        let Some(part) = state.entries.get(at) else { return false };
        let whole = |entry: &Entry| {
            let (Some(undo), Some(named)) = (self.undo.get(&entry.create), &entry.named) else { return false };
            let own = undo.own_member().map(|member| (part.asked.get(member), named.get(member)));
            entry.gone && own.is_some_and(|(asked, named)| asked.is_some() && asked == named)
        };
        state.entries.iter().any(whole)
    }

    /// Enters something that was found at the endpoint and belongs to a run of ours.
    pub(crate) fn adopt(&self, create: OperationId, asked: Map<String, Value>, input: Value) {
        let entry = Entry { create, asked, owner: Owner::Run, named: Some(input), gone: false, at: 0 };
        self.state().entries.push(entry);
    }

    /// The file that it is written into, if there is one.
    pub fn journal(&self) -> Option<PathBuf> {
        self.state().journal.as_ref().map(|journal| journal.path().to_owned())
    }

    /// Removes the file of a ledger with nothing open.
    pub fn close(&self) {
        let mut state = self.state();
        if state.entries.iter().all(|entry| entry.gone)
            && let Some(journal) = state.journal.take()
        {
            journal.remove();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.close();
    }
}

/// The input that a request carries, as far as it can be read: one that is wrong on purpose may still name what it is
/// about.
pub fn input_of(schema: &Schema, route: &Route, request: &HttpRequest) -> Value {
    match inspect_request(schema, route, request, &Limits::default()) {
        Ok(read) => read.value,
        Err(_) => {
            let mut members: Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
            members.extend(route.labels.iter().map(|(label, text)| (label.clone(), text.as_str().into())));
            Value::Object(members)
        }
    }
}

/// An answer to a deletion that says that there is no such thing. Any other 404 speaks of something else: of the path, or
/// of the operation.
pub(crate) fn is_gone(schema: &Schema, delete: OperationId, response: &HttpResponse) -> bool {
    response.status == 404 && decode_error(schema, delete, response).code.as_deref() == Some(GONE)
}

/// Source: service model of Amazon Connect, errors of its deletions.
const GONE: &str = "ResourceNotFoundException";

/// An id, or the ARN that ends in it.
pub fn names(text: &str, id: &str) -> bool {
    text.strip_suffix(id).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

impl State {
    fn write(&mut self, line: &Line, now: bool) -> Result<(), JournalError> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.write(line, now))
    }

    fn gone(&mut self, at: usize, why: &str) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.gone = true;
            let _ = self.write(&Line::Gone { gone: at, why: why.to_owned() }, false);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;

    use super::*;

    #[test]
    fn only_the_error_for_what_does_not_exist_says_that_it_is_gone() {
        let schema = Schema::connect();
        let delete = schema.operation_named("DeleteContactFlow").unwrap();
        let rows = [
            (404, "ResourceNotFoundException", true),
            (404, "UnknownOperationException", false),
            (404, "", false),
            (400, "ResourceNotFoundException", false),
        ];
        for (status, name, expected) in rows {
            let headers = Headers(vec![("x-amzn-errortype".to_owned(), name.to_owned())]);
            let response = HttpResponse { status, headers, body: b"{}".to_vec() };
            assert_eq!(is_gone(schema, delete, &response), expected, "{status} {name}");
        }
    }

    #[test]
    fn a_journal_whose_numbers_do_not_follow_each_other_is_refused() {
        let folder = std::env::temp_dir().join(format!("connect-ledger-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("0badcafe.journal.jsonl");
        let header = r#"{"version":1,"run":"0badcafe","began":1,"endpoint":"http://127.0.0.1:9","region":"us-east-1",
            "instance_id":null,"account":null,"as_remote":false}"#;
        let header: Value = serde_json::from_str(header).unwrap();
        let asked = |n: usize| format!(r#"{{"n":{n},"asks":"CreateRule","with":{{}}}}"#);
        let rows = [
            (vec![asked(0), asked(1)], None),
            (vec![asked(1)], Some(":2: it has number 1 where number 0 is due")),
            (vec![asked(0), asked(0)], Some(":3: it has number 0 where number 1 is due")),
            (vec![asked(0), r#"{"n":1,"made":{}}"#.to_owned()], Some(":3: nothing was asked for as number 1")),
            (vec![asked(0), r#"{"gone":1,"why":"404"}"#.to_owned()], Some(":3: nothing was asked for as number 1")),
        ];
        for (lines, expected) in rows {
            std::fs::write(&path, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
            let error = Ledger::reopened(Schema::connect(), &path).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some(), "{lines:?}: {error:?}");
            assert!(error.unwrap_or_default().contains(expected.unwrap_or_default()), "{lines:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
