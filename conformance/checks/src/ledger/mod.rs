//! The resources that a run created and must delete. Every creation is entered here before its request is sent, and its
//! response afterwards. Sends nothing itself: [`clean_up`](crate::cleanup::clean_up) works it off.

mod entries;
mod found;
mod gates;
pub mod journal;
mod marks;
mod narrow;
mod record;
pub mod undo;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use connect_model::resources;
use connect_model::schema::{OperationId, Schema};
use connect_model::text::visible;
use connect_model::wire::Router;
use serde_json::{Map, Value};

use self::entries::Entries;
use self::gates::Foreign;
pub use self::gates::{Gates, Standing};
use self::journal::{Content, Header, Journal, JournalError, Line, seconds};
use self::marks::marks;
pub use self::marks::names;
pub(crate) use self::marks::{LONGEST, has_text, stands_for, stands_for_one_of};
pub use self::record::input_of;
pub(crate) use self::record::is_gone;
use self::undo::{Source, Undo};
use connect_model::files::Use;
use connect_transport::RequestHook;

/// The owner of a resource: decides for how long it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The run: until its end.
    Run,
    /// One trial, by its index in the plan.
    Trial(usize),
    /// All trials of an operation.
    Fixture(OperationId),
}

tokio::task_local! {
    static OWNER: Owner;
}

/// Runs `work`; resources created meanwhile belong to `owner`.
pub async fn owned_by<T>(owner: Owner, work: impl Future<Output = T>) -> T {
    OWNER.scope(owner, work).await
}

/// All creations that a run requested.
#[derive(Debug)]
pub struct Ledger {
    schema: &'static Schema,
    router: Router<'static>,
    undo: Arc<HashMap<OperationId, Undo>>,
    /// The instance that holds every resource.
    instance: Option<String>,
    /// The account of the instance, if it is known.
    account: Option<String>,
    /// True if the entries come from a journal. Nothing in it is taken for granted.
    is_of_earlier_run: bool,
    /// Value of the tag of the run.
    run_tag: OnceLock<String>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    entries: Entries,
    /// Ids of others that the endpoint gave as those of new resources.
    foreign: Vec<Foreign>,
    /// True if the journal has the id of something that was left alone, so that it stays.
    names_foreign: bool,
    /// Digests of the inputs of deletions that were answered with success, by operation.
    deleted: HashMap<OperationId, HashSet<u64>>,
    /// Resources that were deleted, or answered as gone, and that no list of the instance shows. By the operation that deleted
    /// them and the digest of its input.
    unlisted: HashMap<(OperationId, u64), Entry>,
    /// The latest of the others, the oldest first, in case their list cannot be read. By the operation that deleted them.
    latest: HashMap<OperationId, VecDeque<Entry>>,
    journal: Option<Journal>,
}

/// A requested creation.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The operation that creates the resource.
    pub create: OperationId,
    /// Members of the request that identify the resource: its name, and its parents.
    pub members: Map<String, Value>,
    /// Owner of the resource.
    pub owner: Owner,
    /// The client token of the request, if it had one and was sent in this run.
    pub token: Option<String>,
    /// The input that deletes the resource, once it is known; until then, the resource may or may not exist.
    pub delete_input: Option<Value>,
    /// ARNs in the response to the creation.
    pub arns: Vec<String>,
    /// The resource was never created, or does not exist any more.
    pub gone: bool,
    /// Seconds since 1970 at the request; 0 if the resource was found at the endpoint.
    pub requested_at: u64,
    /// The owner of the resource, as far as it is known.
    pub standing: Standing,
}

impl Entry {
    /// A creation that is about to be requested at a time, in seconds since 1970.
    fn requested(create: OperationId, members: Map<String, Value>, owner: Owner, requested_at: u64) -> Self {
        let (token, delete_input, arns, gone, standing) = (None, None, Vec::new(), false, Standing::Unknown);
        Self { create, members, owner, token, delete_input, arns, gone, requested_at, standing }
    }
}

/// A ledger as the hook of a transport.
pub fn hook(ledger: Option<&Arc<Ledger>>) -> Option<Arc<dyn RequestHook>> {
    ledger.map(|ledger| Arc::clone(ledger) as Arc<dyn RequestHook>)
}

impl Ledger {
    /// An empty ledger for resources of an instance, kept in memory only.
    pub fn new(schema: &'static Schema, instance: Option<&str>) -> Self {
        let undo = Arc::new(undo::table(schema));
        let entries = Entries::new(Arc::clone(&undo));
        Self {
            instance: instance.map(str::to_owned),
            account: None,
            schema,
            router: Router::new(schema),
            undo,
            is_of_earlier_run: false,
            run_tag: OnceLock::new(),
            state: Mutex::new(State {
                entries,
                foreign: Vec::new(),
                names_foreign: false,
                deleted: HashMap::new(),
                unlisted: HashMap::new(),
                latest: HashMap::new(),
                journal: None,
            }),
        }
    }

    /// An empty ledger with a journal in a folder.
    ///
    /// # Errors
    /// The file cannot be created. Nothing must be created without it.
    pub fn journalled(schema: &'static Schema, folder: &Path, header: &Header) -> Result<Self, JournalError> {
        let journal = Journal::create(folder, header)?;
        let mut this = Self::new(schema, header.instance_id.as_deref());
        this.account.clone_from(&header.account);
        this.state().journal = Some(journal);
        Ok(this)
    }

    /// The ledger of an earlier run, read from its journal. To append, changes are written to the file, which is removed
    /// when nothing in it is left; to read, nothing on the disk changes. [`Ledger::restrict`] comes next.
    ///
    /// # Errors
    /// The file cannot be read, is in use by a run, or is no journal.
    pub fn reopened(schema: &'static Schema, path: &Path, usage: Use) -> Result<(Self, Header), JournalError> {
        let (journal, header, lines) = Journal::open(path, usage)?;
        let this = Self::of_lines(schema, path, &header, lines)?;
        this.state().journal = Some(journal);
        Ok((this, header))
    }

    /// The ledger of the bytes of a journal, in memory. `path` names the file, and its run.
    ///
    /// # Errors
    /// They are no journal.
    pub fn parsed(schema: &'static Schema, path: &Path, bytes: &[u8]) -> Result<(Self, Header), JournalError> {
        let Content { header, lines, .. } = Content::of(path, bytes)?;
        Ok((Self::of_lines(schema, path, &header, lines)?, header))
    }

    fn of_lines(schema: &'static Schema, path: &Path, header: &Header, lines: Vec<Line>) -> Result<Self, JournalError> {
        if header.service != schema.service.sdk_id {
            let [service, model] = [&header.service, &schema.service.sdk_id].map(|id| visible(id).into_owned());
            return Err(JournalError::Service { path: path.to_owned(), service, model });
        }
        let mut this = Self::new(schema, header.instance_id.as_deref());
        this.account.clone_from(&header.account);
        this.is_of_earlier_run = true;
        let mut entries = Entries::new(Arc::clone(&this.undo));
        for (number, line) in (2..).zip(lines) {
            let wrong = |what: String| JournalError::Content { path: path.to_owned(), line: number, what };
            match line {
                Line::Requested { n, .. } if n != entries.next() => {
                    return Err(wrong(format!("expected number {}, found {n}", entries.next())));
                }
                Line::Requested { asks, with, at, .. } => {
                    let create = schema.operation_named(&asks).filter(|create| this.undo.contains_key(create));
                    let create =
                        create.ok_or_else(|| wrong(format!("{asks} creates nothing that this model can delete")))?;
                    // A time that lies ahead, by another clock, counts as now.
                    let at = at.min(seconds(SystemTime::now()));
                    entries.push(Entry::requested(create, with, Owner::Run, at));
                }
                Line::Created { n, .. } | Line::Gone { gone: n, .. } if n >= entries.next() => {
                    return Err(wrong(format!("no request has number {n}")));
                }
                Line::Created { n, made } => entries.change(n, |entry| entry.delete_input = Some(made)),
                Line::Gone { gone, .. } => {
                    entries.mark_gone(gone);
                }
            }
        }
        this.state().entries = entries;
        Ok(this)
    }

    /// Entries of the selected owners whose resources exist, or may exist, with their numbers.
    pub fn open(&self, selected: impl Fn(&Owner) -> bool) -> Vec<(usize, Entry)> {
        let state = self.state();
        (state.entries.iter())
            .filter(|(_, entry)| !entry.gone && selected(&entry.owner))
            .map(|(at, entry)| (at, entry.clone()))
            .collect()
    }

    /// True if the resource of an entry exists, or may exist.
    pub(crate) fn is_open(&self, at: usize) -> bool {
        self.state().entries.get(at).is_some_and(|entry| !entry.gone)
    }

    /// The deletion that undoes an operation.
    pub fn undo(&self, create: OperationId) -> Option<&Undo> {
        self.undo.get(&create)
    }

    /// The deletion that undoes an entry.
    pub(crate) fn undo_of(&self, at: usize) -> Option<&Undo> {
        let create = self.state().entries.get(at)?.create;
        self.undo.get(&create)
    }

    /// Every known deletion.
    pub fn undos(&self) -> impl Iterator<Item = &Undo> {
        self.undo.values()
    }

    /// Records that the resource of an entry exists, with the input that deletes it, if that can be one.
    pub(crate) fn resolve(&self, at: usize, delete_input: Value) {
        let mut state = self.state();
        let Some(entry) = state.entries.get(at) else { return };
        let Some(undo) = self.undo.get(&entry.create) else { return };
        match self.fits(undo, &entry.members, &delete_input) {
            Ok(()) => state.resolve(at, delete_input),
            Err(why) => {
                let marks = marks(undo, &delete_input, entry.arns.clone());
                state.entries.change(at, |entry| {
                    entry.standing = Standing::Foreign(why.clone());
                    entry.arns.clear();
                });
                state.foreign.push(Foreign { delete: undo.delete, input: delete_input, marks, why, is_absent: false });
            }
        }
    }

    /// Records that the resource of an entry does not exist, and why.
    pub(crate) fn mark_gone(&self, at: usize, why: &str) {
        self.state().mark_gone(at, why);
    }

    /// Time until a creation without a response must be visible in lists, if these lag by `settle` at most.
    pub(crate) fn visible_in(&self, at: usize, settle: Duration) -> Duration {
        let requested_at = self.state().entries.get(at).map_or(0, |entry| entry.requested_at);
        if settle.is_zero() || requested_at == 0 {
            return Duration::ZERO;
        }
        // The time of the request is rounded down to seconds.
        let longest = settle.saturating_add(Duration::from_secs(1));
        let due = Duration::from_secs(requested_at).saturating_add(longest);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        due.saturating_sub(now).min(longest)
    }

    /// True if a creation without a response can have succeeded. An id in its request is that of a resource of ours, or
    /// invented; nothing is created in a parent that does not exist. A parent of an unknown kind may exist.
    pub(crate) fn may_exist(&self, at: usize) -> bool {
        let state = self.state();
        let Some(entry) = state.entries.get(at) else { return false };
        let Some(undo) = self.undo.get(&entry.create) else { return false };
        let is_ours = |text: &str| {
            state.entries.named_by(text).into_iter().any(|(_, parent)| {
                let undo = parent.delete_input.as_ref().zip(self.undo.get(&parent.create));
                let id = undo.and_then(|(input, undo)| input.get(undo.id_member()?)?.as_str());
                id.is_some_and(|id| names(text, id))
            })
        };
        let kind = resources::shared(self.schema).made_by(entry.create);
        let is_of_unknown_kind = |member: &str| {
            kind.is_some_and(|kind| kind.parents.iter().any(|(parent, of)| parent == member && of.is_none()))
        };
        let is_its_own = |member: &str| kind.is_some_and(|kind| kind.id == Source::Input(member.to_owned()));
        let parent_exists = |member: &str| {
            let text = entry.members.get(member).and_then(Value::as_str).unwrap_or_default();
            match &self.instance {
                Some(instance) if member == "InstanceId" => names(text, instance),
                None if member == "InstanceId" => true,
                _ if is_of_unknown_kind(member) || is_its_own(member) => true,
                _ => is_ours(text) && (text.contains('/') || !member.ends_with("Arn")),
            }
        };
        let mut parents = undo.delete_members.iter().filter_map(|(_, source)| match source {
            Source::Input(member) if member.ends_with("Id") || member.ends_with("Arn") => Some(member),
            _ => None,
        });
        parents.all(|member| parent_exists(member))
    }

    /// The entries whose resources hold that of an entry, for example the flow of a version; `None` if one of them is not in
    /// the ledger, or if nothing but the instance holds it.
    pub(crate) fn parents(&self, at: usize) -> Option<Vec<usize>> {
        let state = self.state();
        let part = state.entries.get(at)?;
        let holds = |entry: &Entry, id: &Value| {
            let held = entry.delete_input.as_ref().zip(self.undo.get(&entry.create));
            held.and_then(|(input, undo)| input.get(undo.id_member()?)) == Some(id)
        };
        let graph = resources::shared(self.schema);
        let kind = graph.made_by(part.create)?;
        let parent = |member: &str| {
            let id = part.members.get(member)?;
            let (_, holder) = kind.parents.iter().find(|(name, _)| name == member)?;
            // A journal may give something of another kind the id of what holds the part.
            let is_of_kind = |entry: &Entry| graph.made_by(entry.create).map(|made| graph.position(made)) == *holder;
            // Only what was requested before can hold it; a journal may name an entry as its own parent.
            let mut earlier =
                state.entries.near(part.members.values()).into_iter().take_while(|(other, _)| *other < at);
            earlier.find(|(_, entry)| is_of_kind(entry) && holds(entry, id)).map(|(other, _)| other)
        };
        let parents: Vec<usize> = self.undo.get(&part.create)?.parents().map(parent).collect::<Option<_>>()?;
        (!parents.is_empty()).then_some(parents)
    }

    /// An entry.
    pub(crate) fn entry(&self, at: usize) -> Option<Entry> {
        self.state().entries.get(at).cloned()
    }

    /// True if the resource that would hold an entry's resource is gone, for example the flow of a version.
    pub(crate) fn parent_is_gone(&self, at: usize) -> bool {
        let state = self.state();
        let Some(part) = state.entries.get(at) else { return false };
        let is_parent = |entry: &Entry| {
            let (Some(undo), Some(input)) = (self.undo.get(&entry.create), &entry.delete_input) else { return false };
            let ids = undo.id_member().map(|member| (part.members.get(member), input.get(member)));
            ids.is_some_and(|(requested, id)| requested.is_some() && requested == id)
        };
        state.entries.near(part.members.values()).into_iter().any(|(_, entry)| entry.gone && is_parent(entry))
    }

    /// Enters a resource of an earlier run that a list shows with the name and the tag of that run. It is described before it is
    /// deleted.
    pub(crate) fn adopt(&self, create: OperationId, members: Map<String, Value>, delete_input: Value) {
        let fits = self.undo.get(&create).map_or(Ok(()), |undo| self.fits(undo, &members, &delete_input));
        let standing = fits.map_or_else(Standing::Foreign, |()| Standing::Unknown);
        let entry = Entry::requested(create, members, Owner::Run, 0);
        self.state().entries.push(Entry { delete_input: Some(delete_input), standing, ..entry });
    }

    /// The instance that holds every resource.
    pub(crate) fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Path of the journal, if there is one.
    pub fn journal(&self) -> Option<PathBuf> {
        self.state().journal.as_ref().map(|journal| journal.path().to_owned())
    }

    /// Removes the journal if no entry is open, and none has the id of something that was left alone.
    pub fn close(&self) {
        let mut state = self.state();
        if state.entries.values().all(|entry| entry.gone)
            && !state.names_foreign
            && let Some(journal) = state.journal.take()
        {
            journal.remove();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.close();
    }
}

impl State {
    fn write(&mut self, line: &Line, sync: bool) -> Result<(), JournalError> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.write(line, sync))
    }

    /// If the line cannot be written, only the memory has it; a later reader of the file looks the resource up again.
    fn resolve(&mut self, at: usize, delete_input: Value) {
        // It was there after all.
        self.foreign.retain(|one| !one.is_absent || one.input != delete_input);
        self.entries.change(at, |entry| {
            entry.delete_input = Some(delete_input.clone());
            entry.standing = Standing::Unknown;
        });
        let _ = self.write(&Line::Created { n: at, made: delete_input }, true);
    }

    /// Forgets the id in the answer to a creation: the resource is lost.
    fn forget_id(&mut self, at: usize) {
        self.entries.change(at, |entry| {
            if let Some(input) = entry.delete_input.take() {
                (entry.arns, entry.standing) = (Vec::new(), Standing::Lost(input));
            }
        });
    }

    fn mark_gone(&mut self, at: usize, why: &str) {
        if self.entries.mark_gone(at) {
            let _ = self.write(&Line::Gone { gone: at, why: why.to_owned() }, false);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rejects_journals_with_gaps_in_their_numbers() {
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
            (vec![asked(1)], Some(":2: expected number 0, found 1")),
            (vec![asked(0), asked(0)], Some(":3: expected number 1, found 0")),
            (vec![asked(0), r#"{"n":1,"made":{}}"#.to_owned()], Some(":3: no request has number 1")),
            (vec![asked(0), r#"{"gone":1,"why":"404"}"#.to_owned()], Some(":3: no request has number 1")),
        ];
        for (lines, expected) in rows {
            std::fs::write(&path, format!("{header}\n{}\n", lines.join("\n"))).unwrap();
            let error = Ledger::reopened(Schema::connect(), &path, Use::Read).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), expected.is_some(), "{lines:?}: {error:?}");
            assert!(error.unwrap_or_default().contains(expected.unwrap_or_default()), "{lines:?}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
