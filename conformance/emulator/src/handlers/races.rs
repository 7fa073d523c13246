//! What a good endpoint excludes: creations that get into each other's way. Only for defects.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use crate::handlers::{Answer, Context, Handler};
use crate::policy::Race;
use crate::store::{Instance, lock};

/// Time for others to come between.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// How often each of some keys is in use.
#[derive(Default)]
struct Counts(Mutex<HashMap<String, usize>>);

impl Counts {
    /// One more; how many there were.
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

    fn contains(&self, key: &str) -> bool {
        lock(&self.0).contains_key(key)
    }
}

/// Creations that are under way.
#[derive(Default)]
pub(crate) struct Races {
    /// Names that were found free, and are not taken yet.
    free: Counts,
    /// Instances in which something is being made.
    busy: Counts,
}

/// A creation: its operation, the member with the new id, who has a name, and how to hide what was made.
struct Creation {
    operation: &'static str,
    id: &'static str,
    taken: fn(&Instance, &str) -> bool,
    hide: fn(&mut Instance, &str),
}

const CREATIONS: &[Creation] = &[
    Creation {
        operation: "CreateRule",
        id: "RuleId",
        taken: |home, name| home.rules.named(name).is_some(),
        hide: |home, id| home.rules.hide(id),
    },
    Creation {
        operation: "CreateContactFlow",
        id: "ContactFlowId",
        taken: |home, name| home.flows.named(name).is_some(),
        hide: |home, id| home.flows.hide(id),
    },
    Creation {
        operation: "CreateContactFlowModule",
        id: "Id",
        taken: |home, name| home.modules.named(name).is_some(),
        hide: |home, id| home.modules.hide(id),
    },
];

impl Races {
    /// Somebody has found the name free.
    pub(super) fn found_free(&self, name: &str) -> bool {
        self.free.contains(name)
    }
}

/// Performs a call so that it can meet others.
pub(super) fn perform(cx: &Context, operation: &str, handler: &Handler, input: &Value) -> Answer {
    let home = input["InstanceId"].as_str().and_then(|text| cx.place.instance_id(text)).unwrap_or_default();
    let Some(creation) = CREATIONS.iter().find(|creation| creation.operation == operation) else {
        return handler(cx, input);
    };
    match cx.policy.race {
        Race::Names => {
            let name = input["Name"].as_str().unwrap_or_default();
            if cx.store.lock().instances.get(home).is_some_and(|home| (creation.taken)(&home.data, name)) {
                return handler(cx, input);
            }
            cx.races.free.enter(name);
            std::thread::sleep(PAUSE);
            let answer = handler(cx, input);
            cx.races.free.leave(name);
            answer
        }
        Race::Creations => {
            let others = cx.races.busy.enter(home);
            std::thread::sleep(PAUSE);
            let answer = handler(cx, input);
            cx.races.busy.leave(home);
            if others > 0
                && let Answer::Done(Ok(output)) = &answer
                && let Some(id) = output[creation.id].as_str()
                && let Some(home) = cx.store.lock().instances.get_mut(home)
            {
                (creation.hide)(&mut home.data, id);
            }
            answer
        }
        Race::None | Race::Tags => handler(cx, input),
    }
}
