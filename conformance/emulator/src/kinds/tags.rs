//! Tags by ARN, for services without handlers for them.

use connect_model::resources::{Tagging, read_tags, write_tags};
use connect_model::schema::Member;
use connect_model::validate::validate_slot;
use serde_json::{Map, Value, json};

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
        let shown = self.on_tags(|tagging, found| {
            let members = self.schema().output_members(self.operation).into_iter().flatten();
            let value = |member: &Member| {
                if member.name == tagging.tags {
                    let is_shown = !found.is_empty() || member.required;
                    return write_tags(self.schema(), member.slot.target, found).filter(|_| is_shown);
                }
                // The answer may repeat the ARN.
                self.input.get(&member.name).filter(|_| member.name == tagging.arn).cloned()
            };
            members.filter_map(|member| Some((member.name.clone(), value(member)?))).collect()
        })?;
        let Some((listing, tagging)) = self.kinds.listings.get(&self.id).zip(self.kinds.graph.tagging.as_ref()) else {
            return Ok(shown);
        };
        let page = |tags: Vec<Value>| {
            let arn = self.input.get(&tagging.arn).and_then(Value::as_str).map(str::to_owned);
            self.page_of_all(&[arn], listing, tags, &[&tagging.arn])
        };
        match shown.get(&tagging.tags) {
            Some(Value::Array(tags)) => page(tags.clone()),
            Some(Value::Object(tags)) => {
                let mut shown = page(tags.iter().map(|(key, value)| json!([key, value])).collect())?;
                let pairs = shown[&tagging.tags].as_array().into_iter().flatten();
                let tags: Map<String, Value> =
                    pairs.filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].clone()))).collect();
                shown[&tagging.tags] = tags.into();
                Ok(shown)
            }
            _ => Ok(shown),
        }
    }

    fn on_tags(&self, act: impl FnOnce(&Tagging, &mut Tags) -> Map<String, Value>) -> Result<Value, Refusal> {
        let Some(tagging) = &self.kinds.graph.tagging else { return Ok(Value::Object(Map::new())) };
        let arn = self.input.get(&tagging.arn).and_then(Value::as_str).unwrap_or_default();
        let mut state: std::sync::MutexGuard<'_, State> = self.cx.store.lock();
        // If no ARN of an answer may be sent here, nothing can be named: every ARN is taken for that of a resource.
        let members = self.schema().input_members(self.operation);
        let slot = members.and_then(|members| members.get(&tagging.arn)).map(|member| &member.slot);
        let may_be_sent =
            |arn: &str| slot.is_some_and(|slot| validate_slot(self.schema(), slot, &Value::from(arn)).is_empty());
        let has_arn = |noun: &str| self.kinds.graph.kind(noun).is_some_and(|kind| kind.arn.is_some());
        let arns: Vec<&str> = state.things.first_arns().filter(|(noun, _)| has_arn(noun)).map(|(_, arn)| arn).collect();
        let has_arns = self.kinds.graph.kinds().iter().any(|kind| kind.arn.is_some());
        let names_nothing = !has_arns || !arns.is_empty() && !arns.into_iter().any(may_be_sent);
        let tags = match state.things.tags_mut(arn).is_some() {
            false if names_nothing => Some(state.things.loose_tags(arn)),
            _ => state.things.tags_mut(arn),
        };
        let tags = tags.ok_or_else(|| self.missing("resource", arn))?;
        Ok(Value::Object(act(tagging, tags)))
    }
}
