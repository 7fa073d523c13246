//! The state of the emulated account: instances with their flows, modules and rules, resources of all other kinds, and
//! the client tokens that were used. Plain data behind one lock; does not know messages.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use connect_model::shapes::{
    ContactFlowModuleState, ContactFlowState, ContactFlowType, DirectoryType, EventSourceName,
    ExternalInvocationConfiguration, PreEvaluationFilters, RuleAction, RulePublishStatus, RuleTriggerEventSource,
    Timestamp,
};
use sha2::{Digest, Sha256};

use crate::arn::ResourceKind;
use crate::client_tokens::ClientTokens;
use crate::ids;
use crate::kinds::Things;

pub(crate) use crate::collection::{Collection, Entry, Tags};

/// The state behind its lock.
pub(crate) struct Store {
    state: Mutex<State>,
}

impl Store {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State {
            seed,
            last: 0,
            instances: Collection::default(),
            things: Things::default(),
            client_tokens: ClientTokens::default(),
            deleted: Vec::new(),
        };
        Self { state: Mutex::new(state) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Locks, also after another thread panicked with the lock: no change of the state stops halfway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of the emulated account.
pub(crate) struct State {
    seed: u64,
    last: u64,
    /// Instances; the alias of an instance is its name.
    pub(crate) instances: Collection<Instance>,
    /// Resources of the kinds that have no handler.
    pub(crate) things: Things,
    /// Client tokens of creations.
    pub(crate) client_tokens: ClientTokens,
    /// Ids of deleted instances, each with the client token of its deletion.
    pub(crate) deleted: Vec<(String, String)>,
}

impl State {
    /// A new order key, and the id for it.
    pub(crate) fn next_id(&mut self) -> (u64, String) {
        self.last += 1;
        (self.last, ids::uuid(self.seed, self.last))
    }
}

/// An instance and its resources.
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
    /// Tags of a resource in the instance.
    pub(crate) fn tags_mut(&mut self, kind: ResourceKind, id: &str) -> Option<&mut Tags> {
        Some(match kind {
            ResourceKind::Flow => &mut self.flows.get_mut(id)?.tags,
            ResourceKind::Module => &mut self.modules.get_mut(id)?.tags,
            ResourceKind::Rule => &mut self.rules.get_mut(id)?.tags,
            ResourceKind::Other(_) => return None,
        })
    }
}

/// Content of a flow or module, as it was sent.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) text: String,
    /// SHA-256 of the text in hex. Connect does not document the hashed bytes; the emulator is consistent.
    pub(crate) sha256: String,
}

impl Content {
    pub(crate) fn new(text: String) -> Self {
        let sha256 = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text, sha256 }
    }
}

/// An immutable copy of published content.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) content: Content,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
}

/// A flow: a draft, and the published content.
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

/// A flow module. Its creation always publishes: CreateContactFlowModule has no status.
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
#[derive(Clone)]
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
    pub(crate) fn event_source(&self) -> &EventSourceName {
        &self.trigger.event_source_name
    }
}
