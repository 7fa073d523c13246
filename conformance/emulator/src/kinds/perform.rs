//! Descriptions, updates and deletions of one resource.

use connect_model::json_text::scalar;
use connect_model::resources::{Action, Kind, Source, is_tags, read_tags};
use connect_model::schema::Members;
use connect_model::shapes::Timestamp;
use serde_json::{Map, Value};

use crate::arn::ResourceKind;
use crate::defects::seam::{FullName, Update};
use crate::kinds::Call;
use crate::kinds::convert::{at as value_at, for_member};
use crate::kinds::store::Thing;
use crate::kinds::view::{Fact, Forms, View};
use crate::refusal::Refusal;
use crate::store::State;

impl Call<'_> {
    pub(super) fn describe(&self, at: usize, action: &Action) -> Result<Value, Refusal> {
        let state = self.cx.store.lock();
        let order = self.target(&state, at, action)?;
        Ok(state.things.get(order).map(|thing| self.shown(at, thing)).unwrap_or_default())
    }

    /// Changes what the input names, and nothing else.
    pub(super) fn update(&self, at: usize, action: &Action) -> Result<Value, Refusal> {
        let mut state = self.cx.store.lock();
        let order = self.target(&state, at, action)?;
        let kind = self.kinds.kind(at);
        let (Some(forms), Some(own), Some(mut edited)) =
            (self.kinds.forms[at], &self.kinds.own[at], state.things.get(order).cloned())
        else {
            return Ok(Value::Null);
        };
        let before = edited.name.clone();
        if let Some(members) = self.schema().input_members(self.operation) {
            self.edit(kind, action, (forms, own, members), &mut edited);
        }
        edited.modified = Timestamp::now().0;
        let home = edited.home();
        let name = edited.name.clone().filter(|name| Some(name) != before.as_ref());
        if let Some(name) = &name {
            let holder = state.things.named(&kind.noun, &home, name);
            self.claim(kind, &home, name, holder.is_some_and(|holder| holder.order != order))?;
        }
        let own_name = |name: &Option<String>| name.clone().unwrap_or_else(|| edited.id.clone());
        let (old, new) = (own_name(&before), own_name(&edited.name));
        let update = Update { before: FullName::new(&home, ResourceKind::Other(&kind.noun), &old), name: &new };
        if self.cx.seams.stores(&update) {
            if let Some(name) = name {
                if kind.id == Source::Input(kind.name.clone().unwrap_or_default()) {
                    edited.id.clone_from(&name);
                    state.things.identify(order, name.clone());
                }
                state.things.rename(order, name);
            }
            if let Some(thing) = state.things.get_mut(order) {
                *thing = edited.clone();
            }
        }
        Ok(self.shown(at, &edited))
    }

    /// Writes the members of an input beside the names of the resource into an edited copy.
    fn edit(&self, kind: &Kind, action: &Action, (forms, own, members): (Forms, &View, &Members), edited: &mut Thing) {
        let schema = self.schema();
        let to_record = schema.shared(members, forms.record);
        let to_asked = schema.shared(members, forms.asked);
        for member in members {
            let is_name = action.is_named_by(&member.name);
            let Some(value) = self.input.get(&member.name).filter(|value| !value.is_null()) else { continue };
            if is_name || member.idempotency_token {
                continue;
            }
            if is_tags(schema, member) {
                edited.tags = read_tags(value);
                continue;
            }
            let pointer = format!("/{}", member.name);
            let target = |pairs: &[connect_model::alike::Shared], into: &'static Members| {
                let pair = pairs.iter().find(|pair| pair.left == pointer)?;
                into.get(&pair.right[1..])
            };
            let shape = member.slot.target;
            let (shown, asked) = (target(&to_record, forms.record), target(&to_asked, forms.asked));
            let fact = shown.and_then(|shown| own.members.iter().find(|(own, _)| own.name == shown.name));
            let renames = (kind.name.is_some() && matches!(fact, Some((_, Fact::Name | Fact::Id))))
                || asked.is_some_and(|asked| kind.name.as_deref() == Some(&asked.name));
            if renames {
                edited.name = scalar(value).or(edited.name.take());
            }
            if let Some(asked) = asked
                && let Some(value) = for_member(schema, value, shape, asked)
            {
                edited.asked.insert(asked.name.clone(), value);
            }
            match shown {
                Some(shown) => match for_member(schema, value, shape, shown) {
                    Some(value) => drop(edited.record.insert(shown.name.clone(), value)),
                    // A view that cannot show an empty text shows none.
                    None if value == "" => {
                        edited.record.remove(&shown.name);
                        asked.and_then(|asked| edited.asked.remove(&asked.name));
                    }
                    None => {}
                },
                // An update may take the whole description.
                None if kind.wrapper(schema).is_some_and(|(wrapper, _)| wrapper.slot.target == shape) => {
                    let given = value.as_object().into_iter().flatten();
                    let known = given.filter(|(name, _)| forms.record.get(name).is_some());
                    edited.record.extend(known.map(|(name, value)| (name.clone(), value.clone())));
                }
                None => {
                    edited.kept.insert(member.name.clone(), value.clone());
                }
            }
        }
        // An input may have members of the description in a structure of its own.
        for (pairs, into, values) in
            [(&to_record, forms.record, &mut edited.record), (&to_asked, forms.asked, &mut edited.asked)]
        {
            for pair in pairs.iter().filter(|pair| pair.left[1..].contains('/')) {
                let found = value_at(schema, members, self.input, &pair.left);
                let (Some((Some(value), shape)), Some(to)) = (found, into.get(&pair.right[1..])) else { continue };
                if is_tags(schema, to) {
                    edited.tags = read_tags(value);
                } else if let Some(value) = for_member(schema, value, shape, to) {
                    values.insert(to.name.clone(), value);
                }
            }
        }
    }

    /// Deletes a resource with all that lives in it, unless the operation has an error for a resource in use.
    pub(super) fn delete(&self, at: usize, action: &Action) -> Result<Value, Refusal> {
        let mut state = self.cx.store.lock();
        let order = self.target(&state, at, action)?;
        let Some(thing) = state.things.get(order) else { return Ok(Value::Null) };
        if let Some(error) = Refusal::in_use(self.schema(), self.operation)
            && let Some(user) = self.user_of(&state, at, thing)
        {
            let kind = self.kinds.kind(at);
            let message = format!("the {} {} is used by {user}", kind.words, thing.id);
            return Err(Refusal::Named(error, message));
        }
        let answer = self.shown(at, thing);
        state.things.remove(order);
        Ok(answer)
    }

    /// A resource that lives in another one or names it.
    fn user_of(&self, state: &State, at: usize, thing: &Thing) -> Option<String> {
        let inner = state.things.living_in(thing.noun, &thing.id, &thing.parents).into_iter();
        let inner = inner.filter_map(|order| state.things.get(order));
        let outer = self.kinds.graph.kinds().iter().flat_map(|kind| {
            let places: Vec<&str> =
                kind.needs.iter().filter(|need| need.kind == at).map(|need| need.place.as_str()).collect();
            let all = (!places.is_empty()).then(|| state.things.after(&kind.noun, &[None], 0));
            all.into_iter().flatten().filter(move |other| places.iter().any(|place| names(&other.asked, place, thing)))
        });
        let mut users = inner.chain(outer).filter(|user| user.order != thing.order);
        users.next().map(|user| format!("{} {}", user.noun, user.id))
    }
}

/// True if the values at a place, as in `Items[].Id`, have a reference to a resource.
fn names(asked: &Map<String, Value>, place: &str, thing: &Thing) -> bool {
    let (first, rest) = place.split_once('.').map_or((place, ""), |(first, rest)| (first, rest));
    let Some(value) = asked.get(first.trim_end_matches("[]")) else { return false };
    let is_reference = |value: &Value| scalar(value).is_some_and(|text| text == thing.id || text == thing.arn);
    let inside = |value: &Value| match value {
        Value::Object(inner) if !rest.is_empty() => names(inner, rest, thing),
        value => is_reference(value),
    };
    match value {
        Value::Array(items) => items.iter().any(inside),
        value => inside(value),
    }
}
