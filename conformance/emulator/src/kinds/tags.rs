//! Tags by ARN, for services without handlers for them.

use connect_model::resources::{Tagging, read_tags, write_tags};
use serde_json::{Map, Value};

use crate::collection::Tags;
use crate::defects::seam::TagChange;
use crate::kinds::Call;
use crate::refusal::Refusal;
use crate::store::State;

impl Call<'_> {
    pub(super) fn tag(&self) -> Result<Value, Refusal> {
        self.on_tags(|tagging, tags| {
            let added = self.input.get(&tagging.tags).map(read_tags).unwrap_or_default();
            let mut merged = tags.clone();
            merged.extend(added.clone());
            *tags = self.cx.seams.tags(&TagChange::Added { before: tags, added: &added }, merged);
            Map::new()
        })
    }

    pub(super) fn untag(&self) -> Result<Value, Refusal> {
        self.on_tags(|tagging, tags| {
            let keys = self.input.get(&tagging.keys).and_then(Value::as_array).cloned().unwrap_or_default();
            let mut rest = tags.clone();
            rest.retain(|key, _| !keys.contains(&key.as_str().into()));
            *tags = self.cx.seams.tags(&TagChange::Removed { before: tags }, rest);
            Map::new()
        })
    }

    pub(super) fn list_tags(&self) -> Result<Value, Refusal> {
        self.on_tags(|tagging, found| {
            let members = self.schema().output_members(self.operation);
            let shown = members.and_then(|members| members.get(&tagging.tags)).and_then(|member| {
                let is_shown = !found.is_empty() || member.required;
                write_tags(self.schema(), member.slot.target, found).filter(|_| is_shown)
            });
            shown.map(|shown| (tagging.tags.clone(), shown)).into_iter().collect()
        })
    }

    fn on_tags(&self, act: impl FnOnce(&Tagging, &mut Tags) -> Map<String, Value>) -> Result<Value, Refusal> {
        let Some(tagging) = &self.kinds.graph.tagging else { return Ok(Value::Object(Map::new())) };
        let arn = self.input.get(&tagging.arn).and_then(Value::as_str).unwrap_or_default();
        let mut state: std::sync::MutexGuard<'_, State> = self.cx.store.lock();
        let tags = state.things.tags_mut(arn).ok_or_else(|| self.missing("resource", arn))?;
        Ok(Value::Object(act(tagging, tags)))
    }
}
