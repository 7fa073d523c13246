//! What exists: instances with their flows, modules and rules, and the client tokens that were seen. Plain data behind
//! one lock; knows nothing of messages.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use connect_model::shapes::{
    ContactFlowModuleState, ContactFlowState, ContactFlowType, DirectoryType, EventSourceName,
    ExternalInvocationConfiguration, PreEvaluationFilters, RuleAction, RulePublishStatus, RuleTriggerEventSource,
    Timestamp,
};
use sha2::{Digest, Sha256};

use crate::arn;
use crate::arn::Family;
use crate::client_tokens::Replays;

/// Tags of a resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// Everything, behind one lock.
pub(crate) struct Store {
    state: Mutex<State>,
}

impl Store {
    pub(crate) fn new(seed: u64) -> Self {
        let state =
            State { seed, last: 0, instances: Collection::default(), replays: Replays::default(), removed: Vec::new() };
        Self { state: Mutex::new(state) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Locks, and goes on with what is there when another thread died with the lock: every change of the state is whole
/// before anything can fail.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of the emulated account.
pub(crate) struct State {
    seed: u64,
    last: u64,
    /// Instances; an alias is the name of one.
    pub(crate) instances: Collection<Instance>,
    /// Client tokens that were seen.
    pub(crate) replays: Replays,
    /// Ids of deleted instances with the client token of the deletion.
    pub(crate) removed: Vec<(String, String)>,
}

impl State {
    /// A new order key, and the id that goes with it.
    pub(crate) fn fresh(&mut self) -> (u64, String) {
        self.last += 1;
        (self.last, arn::uuid(self.seed, self.last))
    }
}

/// A named thing with an id and tags.
#[derive(Clone)]
pub(crate) struct Entry<T> {
    /// Place in lists; grows with every creation.
    pub(crate) order: u64,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tags: Tags,
    pub(crate) data: T,
}

/// Things of one kind, by id, by name and in order of creation.
pub(crate) struct Collection<T> {
    entries: BTreeMap<u64, Entry<T>>,
    /// When each was made.
    born: HashMap<u64, Instant>,
    ids: HashMap<String, u64>,
    names: HashMap<String, u64>,
    /// Order keys of what lists leave out; only under a defect.
    hidden: HashSet<u64>,
    /// Names that stay taken though nobody has them: only where a defect says so.
    retired: HashSet<String>,
    /// Tags that wait for a name: only where a defect says so.
    waiting: HashMap<String, Tags>,
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            born: HashMap::new(),
            ids: HashMap::new(),
            names: HashMap::new(),
            hidden: HashSet::new(),
            retired: HashSet::new(),
            waiting: HashMap::new(),
        }
    }
}

impl<T> Collection<T> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Entry<T>> {
        self.entries.get(self.ids.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Entry<T>> {
        self.entries.get_mut(self.ids.get(id)?)
    }

    /// Id of who has a name. Names are compared exactly; how Connect compares them is not known.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.names.get(name).and_then(|order| self.entries.get(order)).map(|entry| entry.id.as_str())
    }

    /// Nobody will get this name any more.
    pub(crate) fn retire(&mut self, name: String) {
        self.retired.insert(name);
    }

    pub(crate) fn is_retired(&self, name: &str) -> bool {
        self.retired.contains(name)
    }

    /// Who gets this name next gets these tags, too.
    pub(crate) fn leave(&mut self, name: String, tags: Tags) {
        self.waiting.insert(name, tags);
    }

    pub(crate) fn insert(&mut self, mut entry: Entry<T>) {
        entry.tags.extend(self.waiting.remove(&entry.name).unwrap_or_default());
        self.ids.insert(entry.id.clone(), entry.order);
        self.names.insert(entry.name.clone(), entry.order);
        self.born.insert(entry.order, Instant::now());
        self.entries.insert(entry.order, entry);
    }

    /// Whether an entry is at least that old.
    pub(crate) fn is_older(&self, order: u64, age: Duration) -> bool {
        age.is_zero() || self.born.get(&order).is_none_or(|born| born.elapsed() >= age)
    }

    pub(crate) fn rename(&mut self, id: &str, name: String) {
        let Some(order) = self.ids.get(id).copied() else { return };
        let Some(entry) = self.entries.get_mut(&order) else { return };
        if self.names.get(&entry.name) == Some(&order) {
            self.names.remove(&entry.name);
        }
        entry.name.clone_from(&name);
        self.names.insert(name, order);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Entry<T>> {
        let order = self.ids.remove(id)?;
        let entry = self.entries.remove(&order)?;
        self.born.remove(&order);
        if self.names.get(&entry.name) == Some(&order) {
            self.names.remove(&entry.name);
        }
        Some(entry)
    }

    /// Everything with an order key above `order`, in order of creation.
    pub(crate) fn after(&self, order: u64) -> impl Iterator<Item = &Entry<T>> {
        let entries = self.entries.range((Bound::Excluded(order), Bound::Unbounded));
        entries.filter(|(order, _)| !self.hidden.contains(order)).map(|(_, entry)| entry)
    }

    /// Leaves something out of lists from now on. No good endpoint does.
    pub(crate) fn hide(&mut self, id: &str) {
        self.hidden.extend(self.ids.get(id));
    }
}

/// An instance and what lives in it.
pub(crate) struct Instance {
    pub(crate) alias: Option<String>,
    pub(crate) identity: DirectoryType,
    pub(crate) inbound: bool,
    pub(crate) outbound: bool,
    pub(crate) created: Timestamp,
    pub(crate) flows: Collection<Flow>,
    pub(crate) modules: Collection<Module>,
    pub(crate) rules: Collection<Rule>,
}

impl Instance {
    /// Tags of something in the instance.
    pub(crate) fn tags_mut(&mut self, family: Family, id: &str) -> Option<&mut Tags> {
        Some(match family {
            Family::Flow => &mut self.flows.get_mut(id)?.tags,
            Family::Module => &mut self.modules.get_mut(id)?.tags,
            Family::Rule => &mut self.rules.get_mut(id)?.tags,
        })
    }
}

/// Content of a flow or module, as it was sent.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) text: String,
    /// SHA-256 of the text in hex. Which bytes Connect hashes is not documented; ours is consistent.
    pub(crate) sha256: String,
}

impl Content {
    pub(crate) fn new(text: String) -> Self {
        let sha256 = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text, sha256 }
    }
}

/// An immutable copy of what was published.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) content: Content,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
}

/// A flow: a draft, and what is published of it.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) kind: ContactFlowType,
    pub(crate) description: Option<String>,
    pub(crate) state: ContactFlowState,
    pub(crate) saved: Content,
    pub(crate) published: Option<Content>,
    pub(crate) versions: BTreeMap<i64, Version>,
    pub(crate) modified: Timestamp,
}

/// A flow module. Its creation always publishes: there is no status to ask for.
#[derive(Clone)]
pub(crate) struct Module {
    pub(crate) description: Option<String>,
    pub(crate) state: ContactFlowModuleState,
    pub(crate) saved: Content,
    pub(crate) published: Content,
    pub(crate) settings: Option<String>,
    pub(crate) external: Option<ExternalInvocationConfiguration>,
}

/// A rule.
pub(crate) struct Rule {
    pub(crate) trigger: RuleTriggerEventSource,
    pub(crate) function: String,
    pub(crate) actions: Vec<RuleAction>,
    pub(crate) status: RulePublishStatus,
    pub(crate) filters: Option<PreEvaluationFilters>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Rule {
    pub(crate) fn source(&self) -> &EventSourceName {
        &self.trigger.event_source_name
    }
}
