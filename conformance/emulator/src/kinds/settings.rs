//! Settings: facts beside a resource that one operation sets and another shows, such as the attributes of an instance
//! (`UpdateInstanceAttribute`, `DescribeInstanceAttribute`). A setting may have keys.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::json_text::scalar;
use connect_model::resources::Action;
use connect_model::schema::{Kind, Member, Members, OperationId};
use connect_model::validate::validate_slot;
use serde_json::{Map, Value};

use crate::kinds::convert::{at as value_at, for_member};
use crate::kinds::links::Holder;
use crate::kinds::view::{Fact, Hints, View};
use crate::kinds::{Call, Kinds, Plan};
use crate::refusal::Refusal;

/// A setting of a kind.
pub(super) struct Setting {
    /// The noun of its operations.
    noun: String,
    /// Input members that tell one from another.
    keys: Vec<&'static str>,
    /// Members of the input that sets it.
    set: &'static Members,
    /// The operation that shows it.
    shower: OperationId,
    /// The member of the output with it; none if it is the output.
    wrapper: Option<&'static Member>,
}

/// The part of an operation in a setting.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Set,
    Show,
}

impl Kinds {
    /// Finds the settings among the operations whose answers would be generated.
    pub(super) fn find_settings(&mut self) {
        for (id, operation) in self.schema.operations() {
            let Some(noun) = operation.name.strip_prefix("Update") else { continue };
            let Some((at, action, setting)) = self.setting(id, noun) else { continue };
            let shower = setting.shower;
            let number = self.settings.len();
            self.settings.push(setting);
            self.plans.insert(id, Plan::Set(number, at, action, Act::Set));
            // Lists of settings show defaults, which the model does not have: they stay generated.
            if let Some((_, action)) = self.open(shower) {
                self.plans.insert(shower, Plan::Set(number, at, action, Act::Show));
            }
        }
    }

    /// The kind and action of an operation whose answer would be generated.
    fn open(&self, id: OperationId) -> Option<(usize, &'static Action)> {
        match self.plans.get(&id)? {
            Plan::Check(at, action) => Some((*at, action)),
            _ => None,
        }
    }

    fn setting(&self, id: OperationId, noun: &str) -> Option<(usize, &'static Action, Setting)> {
        let schema = self.schema;
        let (at, action) = self.open(id)?;
        let showers = [format!("Describe{noun}"), format!("Get{noun}")];
        let shower = showers.iter().find_map(|name| schema.operation_named(name))?;
        let (holder, shown) = self.open(shower)?;
        let set = schema.input_members(&schema[id])?;
        let asked = schema.input_members(&schema[shower])?;
        let required = asked.iter().filter(|member| member.required);
        let beside = required.filter(|member| shown.names.iter().all(|(name, _)| *name != member.name));
        let keys: Vec<&str> = beside.map(|member| member.name.as_str()).collect();
        if holder != at || !keys.iter().all(|key| set.get(key).is_some()) {
            return None;
        }
        let output = schema.output_members(&schema[shower])?;
        let is_bare = schema.shared(set, output).iter().any(|pair| !keys.contains(&&pair.left[1..]));
        let inner = |member: &&Member| matches!(schema[member.slot.target].kind, Kind::Structure(_));
        let wrapper = output.iter().find(inner).filter(|_| !is_bare);
        Some((at, action, Setting { noun: noun.to_owned(), keys, set, shower, wrapper }))
    }
}

impl Call<'_> {
    /// Sets or shows a setting.
    pub(super) fn on_setting(
        &self,
        setting: &Setting,
        at: usize,
        action: &'static Action,
        act: Act,
    ) -> Result<Value, Refusal> {
        let mut state = self.cx.store.lock();
        let holder = self.holder(&state, at, action)?;
        let place = format!("setting {}", setting.noun);
        let key: Vec<String> = setting.keys.iter().filter_map(|key| scalar(self.input.get(*key)?)).collect();
        let key = key.join("\n");
        if matches!(act, Act::Set) {
            let mut given = self.input.clone();
            given.retain(|name, value| !value.is_null() && action.names.iter().all(|(own, _)| own != name));
            if let Some(beside) = self.beside(&mut state, &holder) {
                let all = beside.entry(place).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(all) = all
                    && let Value::Object(one) = all.entry(key).or_insert_with(|| Value::Object(Map::new()))
                {
                    one.extend(given);
                }
            }
            return Ok(self.smallest());
        }
        let all = self.beside(&mut state, &holder).and_then(|beside| beside.get(&place)).cloned();
        let all = all.and_then(|all| all.as_object().cloned()).unwrap_or_default();
        let stored = all.get(&key).and_then(Value::as_object).cloned().unwrap_or_default();
        let stored: Map<String, Value> = setting
            .keys
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), self.input.get(*key)?.clone())))
            .chain(stored)
            .collect();
        let label = format!("{} {}", setting.noun, Value::Object(self.input.clone()));
        let bytes = Stream::new(self.kinds.seed, &label).bytes(256);
        let made = self.kinds.generator.output(setting.shower, &mut Unstructured::new(&bytes));
        let mut output = made.ok().and_then(|made| made.as_object().cloned()).unwrap_or_default();
        let named = match &holder {
            Holder::Thing(order) => state.things.get(*order),
            Holder::Kept(..) => None,
        };
        match setting.wrapper {
            Some(wrapper) => {
                let Some(members) = self.schema()[wrapper.slot.target].kind.members() else {
                    return Ok(Value::Object(output));
                };
                let inner = output.remove(&wrapper.name).and_then(|inner| inner.as_object().cloned());
                let required = || self.kinds.made(wrapper, &label).and_then(|made| made.as_object().cloned());
                let mut inner = inner.or_else(required).unwrap_or_default();
                self.overlay(setting, members, &stored, &mut inner);
                output.insert(wrapper.name.clone(), inner.into());
            }
            None => {
                let Some(members) = self.schema().output_members(self.operation) else {
                    return Ok(Value::Object(output));
                };
                self.overlay(setting, members, &stored, &mut output);
                if let (Some(thing), Some(forms)) = (named, self.kinds.forms[at]) {
                    let view = View::of(self.schema(), self.kinds.kind(at), forms, members, &Hints::default());
                    let own = view.members.iter().filter(|(_, fact)| matches!(fact, Fact::Id | Fact::Arn | Fact::Name));
                    for (member, _) in own {
                        let value = view.value(self.schema(), forms, &member.name, thing);
                        output.extend(value.map(|value| (member.name.clone(), value)));
                    }
                }
            }
        }
        Ok(Value::Object(output))
    }

    /// Writes what was set over what is shown.
    fn overlay(
        &self,
        setting: &Setting,
        members: &Members,
        stored: &Map<String, Value>,
        shown: &mut Map<String, Value>,
    ) {
        let schema = self.schema();
        for pair in schema.shared(setting.set, members) {
            let Some(member) = members.get(&pair.right[1..]) else { continue };
            let Some((Some(value), shape)) = value_at(schema, setting.set, stored, &pair.left) else { continue };
            let Some(value) = for_member(schema, value, shape, member) else { continue };
            let merged = merged(shown.get(&member.name), &value);
            let fits = validate_slot(schema, &member.slot, &merged).is_empty();
            shown.insert(member.name.clone(), if fits { merged } else { value });
        }
        // The key of a setting may be the id of what is shown.
        for key in setting.keys.iter().filter(|key| key.ends_with("Id") && members.get(key).is_none()) {
            if let (Some(member), Some(value)) = (members.get("Id"), stored.get(*key)) {
                let fits = validate_slot(schema, &member.slot, value).is_empty();
                shown.extend(fits.then(|| (member.name.clone(), value.clone())));
            }
        }
    }
}

/// A value with the members of another written over its own.
fn merged(base: Option<&Value>, over: &Value) -> Value {
    match (base, over) {
        (Some(Value::Object(base)), Value::Object(over)) => {
            let mut all = base.clone();
            for (name, value) in over {
                all.insert(name.clone(), merged(base.get(name), value));
            }
            Value::Object(all)
        }
        _ => over.clone(),
    }
}
