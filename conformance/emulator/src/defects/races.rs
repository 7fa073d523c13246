//! Defects: race conditions between concurrent calls.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::arn::ArnTarget;
use crate::defects::hooks::PerCall;
use crate::defects::seam::{FullName, Invocation, Seams, Sighting, TagChange};
use crate::defects::{Defect, Family, targets};
use crate::handlers::Answer;
use crate::store::{Instance, Tags, lock};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "race-on-creation",
        family: Family::Lifecycle,
        summary: "of concurrent creations all but the first are not listed",
        kills: &["lifecycle.concurrent-creates"],
        may: &[
            "lifecycle.create-list",
            "idempotency.concurrent-same-token",
            "search.eventually-visible",
            "lifecycle.walk",
            "history.paging",
            "history.linearizable",
        ],
        seams: || Arc::new(CreationRace::default()),
    },
    Defect {
        id: "race-on-name",
        family: Family::Lifecycle,
        summary: "concurrent creations may all get the same name",
        kills: &["lifecycle.concurrent-same-name", "history.names"],
        may: &[],
        seams: || Arc::new(NameRace::default()),
    },
    Defect {
        id: "race-on-tags",
        family: Family::Lifecycle,
        summary: "of tags that are added concurrently some are lost",
        kills: &["lifecycle.concurrent-tags"],
        may: &["history.tags"],
        seams: || Arc::new(TagRace::default()),
    },
];

/// Time for other calls to come between.
const PAUSE: Duration = Duration::from_millis(10);

/// An operation that creates a named resource.
struct Creation {
    operation: &'static str,
    /// The output member with the new id.
    id: &'static str,
    is_taken: fn(&Instance, &str) -> bool,
}

const CREATIONS: &[Creation] = &[
    Creation { operation: "CreateRule", id: "RuleId", is_taken: |home, name| home.rules.named(name).is_some() },
    Creation {
        operation: "CreateContactFlow",
        id: "ContactFlowId",
        is_taken: |home, name| home.flows.named(name).is_some(),
    },
    Creation {
        operation: "CreateContactFlowModule",
        id: "Id",
        is_taken: |home, name| home.modules.named(name).is_some(),
    },
];

fn creation(call: &Invocation<'_>) -> Option<&'static Creation> {
    CREATIONS.iter().find(|creation| creation.operation == call.operation.name)
}

/// Hides the results of creations that started while another one was running.
#[derive(Default)]
struct CreationRace {
    /// Instances with a running creation.
    busy: Counts,
    /// Ids of hidden resources.
    hidden: Mutex<HashSet<String>>,
}

impl Seams for CreationRace {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let Some(creation) = creation(call) else { return call.perform(call.input) };
        let home = targets::instance_id(call).unwrap_or_default();
        let (others, answer) = self.busy.during(home, |others| {
            std::thread::sleep(PAUSE);
            (others, call.perform(call.input))
        });
        if others > 0
            && let Answer::Performed(Ok(output)) = &answer
            && let Some(id) = output[creation.id].as_str()
        {
            lock(&self.hidden).insert(id.to_owned());
        }
        answer
    }

    fn visible(&self, sighting: &Sighting<'_>, visible: bool) -> bool {
        visible && !lock(&self.hidden).contains(sighting.id)
    }
}

/// Looks up names first, and takes them later.
#[derive(Default)]
struct NameRace {
    /// Names that were found free, and are not taken yet.
    free: Counts,
}

impl Seams for NameRace {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let Some(creation) = creation(call) else { return call.perform(call.input) };
        let home = targets::instance_id(call).unwrap_or_default();
        let name = call.input["Name"].as_str().unwrap_or_default();
        let is_taken = |home: &Instance| (creation.is_taken)(home, name);
        if call.cx.store.lock().instances.get(home).is_some_and(|home| is_taken(&home.data)) {
            return call.perform(call.input);
        }
        self.free.during(name, |_| {
            std::thread::sleep(PAUSE);
            call.perform(call.input)
        })
    }

    fn name_taken(&self, name: &FullName<'_>, taken: bool) -> bool {
        taken && !self.free.contains(&name.name)
    }
}

/// Reads tags first, and writes them back later.
#[derive(Default)]
struct TagRace {
    read: PerCall<Tags>,
}

impl Seams for TagRace {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let arn = call.input["resourceArn"].as_str().unwrap_or_default();
        let Some(tags) = (call.operation.name == "TagResource").then(|| tags(call, arn)).flatten() else {
            return call.perform(call.input);
        };
        self.read.set(tags);
        std::thread::sleep(PAUSE);
        let answer = call.perform(call.input);
        self.read.clear();
        answer
    }

    fn tags(&self, change: &TagChange<'_>, tags: Tags) -> Tags {
        match (change, self.read.get()) {
            (TagChange::Added { added, .. }, Some(mut read)) => {
                read.extend((*added).clone());
                read
            }
            _ => tags,
        }
    }
}

/// The tags of the resource with an ARN, if it exists.
fn tags(call: &Invocation<'_>, arn: &str) -> Option<Tags> {
    let mut state = call.cx.store.lock();
    match call.cx.account.parse(arn)? {
        ArnTarget::Instance(id) => state.instances.get(id).map(|entry| entry.tags.clone()),
        ArnTarget::Resource { instance, kind, id, .. } => {
            state.instances.get_mut(instance)?.data.tags_mut(kind, id).cloned()
        }
    }
}

/// Counts the uses of each key.
#[derive(Default)]
pub(super) struct Counts(Mutex<HashMap<String, usize>>);

impl Counts {
    /// Calls `act` with the number of other uses of a key, while it is in use.
    pub(super) fn during<R>(&self, key: &str, act: impl FnOnce(usize) -> R) -> R {
        let others = self.enter(key);
        let result = act(others);
        self.leave(key);
        result
    }

    /// Adds a use, and returns the number of uses before.
    fn enter(&self, key: &str) -> usize {
        let mut counts = lock(&self.0);
        let count = counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    fn leave(&self, key: &str) {
        let mut counts = lock(&self.0);
        if let Some(count) = counts.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(key);
            }
        }
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        lock(&self.0).contains_key(key)
    }
}
