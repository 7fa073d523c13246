//! Races that need a memory of their own; the rows are in `overlap`.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use serde_json::Value;

use crate::defects::edits::edited;
use crate::defects::overlap::{FLOW_UPDATES, MODULE_UPDATES, PAUSE, flow, instance, is, module, text};
use crate::defects::races::Counts;
use crate::defects::seam::{Invocation, Reader, Scene, Seams, Sighting};
use crate::defects::targets;
use crate::handlers::Answer;
use crate::store::lock;

/// Sends updates of modules to the module that is being updated.
#[derive(Default)]
pub(super) struct Crossed(Mutex<HashMap<String, String>>);

impl Seams for Crossed {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if !is(call, MODULE_UPDATES) {
            return call.perform(call.input);
        }
        let (home, own) = (instance(call), module(call));
        let other = lock(&self.0).get(&home).filter(|other| **other != own).cloned();
        if let Some(other) = other {
            return edited(call, true, |input| input["ContactFlowModuleId"] = other.into());
        }
        lock(&self.0).insert(home.clone(), own);
        std::thread::sleep(PAUSE);
        let answer = call.perform(call.input);
        lock(&self.0).remove(&home);
        answer
    }
}

/// Gives the answer to a description to all that overlap with it.
pub(super) struct SharedReads {
    operation: &'static str,
    id: &'static str,
    running: Mutex<HashMap<String, Value>>,
}

impl SharedReads {
    pub(super) fn of(operation: &'static str, id: &'static str) -> Self {
        Self { operation, id, running: Mutex::default() }
    }
}

impl Seams for SharedReads {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let id = text(call, self.id);
        if !is(call, &[self.operation]) {
            return call.perform(call.input);
        }
        let shared = lock(&self.running).get(&id).cloned();
        if let Some(shared) = shared {
            return Answer::Performed(Ok(shared));
        }
        let answer = call.perform(call.input);
        if let Answer::Performed(Ok(output)) = &answer {
            lock(&self.running).insert(id.clone(), output.clone());
            std::thread::sleep(PAUSE * 2);
            lock(&self.running).remove(&id);
        }
        answer
    }
}

/// Lists flows with the names that they had when they were renamed during a list.
#[derive(Default)]
pub(super) struct OldNames {
    listing: Counts,
    names: Mutex<HashMap<String, String>>,
}

impl Seams for OldNames {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if is(call, &["ListContactFlows"]) {
            return self.listing.during(&instance(call), |_| {
                std::thread::sleep(PAUSE);
                call.perform(call.input)
            });
        }
        if is(call, FLOW_UPDATES) && call.input.get("Name").is_some() && self.listing.contains(&instance(call)) {
            let state = call.cx.store.lock();
            let home = targets::instance_id(call).and_then(|home| state.instances.get(home));
            if let Some(flow) = home.and_then(|home| home.data.flows.get(&flow(call))) {
                lock(&self.names).insert(flow.id.clone(), flow.name.clone());
            }
        }
        call.perform(call.input)
    }

    fn answer(&self, scene: &Scene<'_>, response: &mut connect_model::wire::message::HttpResponse) {
        if scene.error.is_none() && scene.operation.is_some_and(|operation| operation.name == "ListContactFlows") {
            crate::defects::edits::edit_json(response, |body| {
                let items = body.get_mut("ContactFlowSummaryList").and_then(Value::as_array_mut);
                for item in items.into_iter().flatten() {
                    let old = item["Id"].as_str().and_then(|id| lock(&self.names).get(id).cloned());
                    if let Some(old) = old {
                        item["Name"] = old.into();
                    }
                }
            });
        }
    }
}

/// Hides flows from searches that were updated at the same time as others.
#[derive(Default)]
pub(super) struct Forgotten {
    updating: Counts,
    hidden: Mutex<HashSet<String>>,
}

impl Seams for Forgotten {
    fn sleeps(&self) -> bool {
        true
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if !is(call, FLOW_UPDATES) {
            return call.perform(call.input);
        }
        let (others, answer) = self.updating.during(&instance(call), |others| {
            std::thread::sleep(PAUSE);
            (others, call.perform(call.input))
        });
        if others > 0 {
            lock(&self.hidden).insert(flow(call));
        }
        answer
    }

    fn visible(&self, sighting: &Sighting<'_>, visible: bool) -> bool {
        visible && !(sighting.by == Reader::Search && lock(&self.hidden).contains(sighting.id))
    }
}
