//! Creations: ids and ARNs of the form that the model asks for, names and client tokens, and the values that later answers
//! must repeat.

use std::time::Instant;

use connect_model::alike::Shared;
use connect_model::json_text::scalar;
use connect_model::resources::{Kind, Role, Source, arn_segment, in_words, read_tags};
use connect_model::schema::{self, Member, Members, Slot};
use connect_model::shapes::Timestamp;
use connect_model::validate::validate_slot;
use serde_json::{Map, Value};

use crate::arn::ResourceKind;
use crate::client_tokens::{self, Creation};
use crate::defects::seam::{FullName, TagChange};
use crate::kinds::convert::{at as value_at, for_member};
use crate::kinds::list::Listing;
use crate::kinds::store::{Thing, Things, home};
use crate::kinds::view::{Fact, Forms, identifier};
use crate::kinds::{Call, Kinds};
use crate::refusal::Refusal;
use crate::store::State;

/// Values that are tried for an id or an ARN before it is given up.
const ATTEMPTS: u64 = 64;

/// Ids that are tried for one that the ARN can have.
const IDS: usize = 4;

/// ARNs that are compared.
const ARNS: usize = 130;

impl Call<'_> {
    /// Makes a resource.
    pub(super) fn create(&self, at: usize) -> Result<Value, Refusal> {
        let kind = self.kinds.kind(at);
        let mut input = self.input.clone();
        input.retain(|_, value| !value.is_null());
        let members = self.schema().input_members(self.operation);
        let token = members.and_then(Members::idempotency_token).and_then(|member| input.remove(&member.name));
        let outermost = kind.parents.first().and_then(|(member, _)| input.get(member)).and_then(scalar);
        let outermost = outermost.unwrap_or_default();
        let instance = self.cx.account.instance_id(&outermost).unwrap_or(&outermost).to_owned();
        if let Some((member, _)) = kind.parents.first()
            && let Some(value) = input.get_mut(member)
        {
            *value = instance.as_str().into();
        }
        let creation = Creation {
            operation: &self.operation.name,
            instance: &instance,
            token: token.as_ref().and_then(Value::as_str),
            digest: client_tokens::digest(&input),
            conflict: Refusal::conflict(self.schema(), self.operation)
                .unwrap_or_else(|| Refusal::Invalid(String::new()).name(self.schema(), self.operation)),
        };
        client_tokens::create_once(self.cx, &creation, |state| {
            // Some services show the token.
            let shown = token.clone().zip(members.and_then(Members::idempotency_token));
            input.extend(shown.map(|(token, member)| (member.name.clone(), token)));
            self.make(state, at, input)
        })
    }

    fn make(&self, state: &mut State, at: usize, mut input: Map<String, Value>) -> Result<Value, Refusal> {
        let (kind, kinds) = (self.kinds.kind(at), self.kinds);
        let Some(forms) = kinds.forms[at] else { return Ok(Value::Null) };
        let parents = self.parents(state, kind, |parent| input.get(parent))?;
        let tags = input.keys().find(|name| name.eq_ignore_ascii_case("tags")).cloned();
        let tags = tags.and_then(|name| input.remove(&name)).map(|tags| read_tags(&tags)).unwrap_or_default();
        let asked = self.asked(kind, forms, input);
        let name = kind.name.as_ref().and_then(|name| asked.get(name)).and_then(scalar);
        let chosen = match &kind.id {
            Source::Input(member) => asked.get(member).and_then(scalar),
            // The caller may choose an id that the answer shows.
            Source::Output(path) => path.last().and_then(|member| asked.get(member)).and_then(scalar),
        };
        let home = home(&parents);
        if let Some(name) = chosen.as_ref().or(name.as_ref()) {
            let holder = match &chosen {
                Some(id) => state.things.find(&kind.noun, &parents, id),
                None => state.things.named(&kind.noun, &home, name).map(|thing| thing.order),
            };
            // A Put replaces what exists.
            let is_put = self.operation.name.starts_with("Put");
            if let Some(order) = holder.filter(|_| is_put) {
                state.things.remove(order);
            }
            let holder = holder.filter(|_| !is_put);
            self.claim(kind, &home, name, holder.is_some())?;
            // A second association with the same thing changes nothing.
            if let Some(order) = holder.filter(|_| chosen.is_some()) {
                return Ok(state.things.get(order).map(|thing| self.shown(at, thing)).unwrap_or_default());
            }
        }
        let (order, uuid) = state.next_id();
        let (id, arn) = match chosen {
            Some(arn) if arn.starts_with("arn:") => (arn.clone(), arn),
            Some(id) => (id.clone(), self.arn(state, kind, &parents, &id)),
            None if is_arn(kind) => {
                let arn = self.arn(state, kind, &parents, &uuid);
                (arn.clone(), arn)
            }
            None => {
                let id = self.identity(state, kind, &parents, uuid)?;
                (id.clone(), self.arn(state, kind, &parents, &id))
            }
        };
        let change = TagChange::Created(Some(FullName::new(
            &home,
            ResourceKind::Other(&kind.noun),
            name.as_deref().unwrap_or(&id),
        )));
        let tags = self.cx.seams.tags(&change, tags);
        let now = Timestamp::now().0;
        let mut thing = Thing {
            order,
            noun: &kind.noun,
            arn,
            id,
            holders: kind.parents.iter().map(|(_, at)| at.map(|at| kinds.kind(at).noun.as_str())).collect(),
            parents,
            name,
            tags,
            since: Instant::now(),
            created: now,
            modified: now,
            asked,
            record: Map::new(),
            kept: Map::new(),
            links: Map::new(),
        };
        kinds.fill(&state.things, at, forms, &mut thing);
        let answer = self.shown(at, &thing);
        state.things.insert(thing);
        Ok(answer)
    }

    /// The members of the input of the creation. Another operation that makes one has them under other names.
    fn asked(&self, kind: &Kind, forms: Forms, input: Map<String, Value>) -> Map<String, Value> {
        let Some(members) = self.schema().input_members(self.operation).filter(|_| self.id != kind.create) else {
            return input;
        };
        let pairs = self.schema().shared(members, forms.asked);
        let convert = |pair: &Shared| {
            let member = forms.asked.get(&pair.right[1..])?;
            let (value, shape) = value_at(self.schema(), members, &input, &pair.left)?;
            Some((member.name.clone(), for_member(self.schema(), value?, shape, member)?))
        };
        pairs.iter().filter_map(convert).collect()
    }

    /// Refuses a name that is taken, if the operation has an error for that.
    pub(super) fn claim(&self, kind: &'static Kind, home: &str, name: &str, taken: bool) -> Result<(), Refusal> {
        let Some(conflict) = Refusal::conflict(self.schema(), self.operation) else { return Ok(()) };
        if self.cx.seams.name_taken(&FullName::new(home, ResourceKind::Other(&kind.noun), name), taken) {
            return Err(Refusal::Named(conflict, format!("the name {name} is taken")));
        }
        Ok(())
    }

    /// The id of a new resource: a UUID where the model allows it, else the next number or a generated value. If possible, one
    /// that the ARN can have.
    fn identity(
        &self,
        state: &mut State,
        kind: &'static Kind,
        parents: &[Option<String>],
        uuid: String,
    ) -> Result<String, Refusal> {
        let slots = self.kinds.id_slots(kind);
        let Some(first) = slots.first() else { return Ok(uuid) };
        let fits = |id: &str| {
            let allowed = |slot: &&Slot| {
                identifier(self.schema(), slot.target, id)
                    .is_some_and(|value| validate_slot(self.schema(), slot, &value).is_empty())
            };
            slots.iter().all(allowed)
        };
        let is_free = |state: &State, id: &str| state.things.find(&kind.noun, &[], id).is_none();
        if matches!(self.schema()[first.target].kind, schema::Kind::Number(_)) {
            return Ok(state.things.next_number(&kind.noun, &home(parents)).to_string());
        }
        let is_in_arn = |state: &State, id: &str| self.arn(state, kind, parents, id).contains(id);
        if fits(&uuid) && is_in_arn(state, &uuid) {
            return Ok(uuid);
        }
        let generated = (0..ATTEMPTS).flat_map(|attempt| slots.iter().map(move |slot| (attempt, slot)));
        let generated = generated.filter_map(|(attempt, slot)| self.kinds.text(slot, &format!("{uuid} {attempt}")));
        let free: Vec<String> = generated.filter(|id| is_free(state, id) && fits(id)).take(IDS).collect();
        let found = free.iter().find(|id| is_in_arn(state, id)).cloned();
        let found = found.or_else(|| Some(uuid.clone()).filter(|uuid| fits(uuid))).or_else(|| free.first().cloned());
        let found = found.or_else(|| self.kinds.text(first, &uuid));
        found.ok_or_else(|| Refusal::Invalid(format!("the model has no id for another {}", kind.words)))
    }

    /// The ARN of a new resource, of the form that the model asks for.
    fn arn(&self, state: &State, kind: &'static Kind, parents: &[Option<String>], id: &str) -> String {
        let account = &self.cx.account;
        let service = &self.schema().service;
        let mut path = String::new();
        for ((_, holder), parent) in kind.parents.iter().zip(parents) {
            if let (Some(holder), Some(parent)) = (holder, parent) {
                path.push_str(&format!("{}/{parent}/", self.segment(&self.kinds.kind(*holder).noun)));
            }
        }
        let prefix = format!("arn:aws:{}:{}:{}", service.signing_name, account.region, account.id);
        let own = match &kind.id {
            Source::Output(path) if is_arn(kind) => Some(path),
            _ => kind.arn.as_ref(),
        };
        let answered = own.and_then(|path| self.kinds.answered(kind, path));
        let named = if is_arn(kind) { self.kinds.id_slots(kind) } else { Vec::new() };
        let mut slots: Vec<&Slot> = answered.into_iter().chain(named).chain(self.kinds.arn_slots(kind)).collect();
        slots.dedup_by_key(|slot| slot.target);
        let noun = self.segment(&kind.noun);
        let own =
            [format!("{prefix}:{path}{noun}/{id}"), format!("{prefix}:{noun}/{id}"), format!("{prefix}:{noun}:{id}")];
        let generated = (0..ATTEMPTS).flat_map(|attempt| slots.iter().map(move |slot| (attempt, slot)));
        let generated =
            generated.filter_map(|(attempt, slot)| self.kinds.text(slot, &format!("{noun} {id} {attempt}")));
        // A generated ARN ends with the id, where the model allows it.
        let with_id = |arn: &str| arn.rfind(['/', ':']).map(|end| format!("{}{id}", &arn[..=end]));
        let generated = generated.flat_map(|arn| with_id(&arn).into_iter().chain([arn]));
        let all = own.into_iter().chain(generated);
        let free = all.filter(|arn| !state.things.has_arn(arn)).take(ARNS);
        self.most_fitting(&slots, free).unwrap_or_else(|| format!("{prefix}:{path}{noun}/{id}"))
    }

    /// The first text that all positions allow, and can be tagged; else one that most of them do.
    fn most_fitting(&self, slots: &[&Slot], texts: impl Iterator<Item = String>) -> Option<String> {
        let tagged: Vec<&Slot> = self.kinds.tagged_slot().into_iter().collect();
        let fitness = |text: &str| (self.allowing(slots, text), self.allowing(&tagged, text));
        let mut best: Option<((usize, usize), String)> = None;
        for text in texts {
            let fitness = fitness(&text);
            if fitness == (slots.len(), tagged.len()) {
                return Some(text);
            }
            if best.as_ref().is_none_or(|(most, _)| fitness > *most) {
                best = Some((fitness, text));
            }
        }
        best.map(|(_, text)| text)
    }

    /// The number of positions that allow a text.
    fn allowing(&self, slots: &[&Slot], text: &str) -> usize {
        slots.iter().filter(|slot| validate_slot(self.schema(), slot, &text.into()).is_empty()).count()
    }

    /// The part of an ARN for a kind.
    fn segment(&self, noun: &str) -> String {
        let known = arn_segment(noun).filter(|_| self.schema().service.is_connect());
        known.map_or_else(|| in_words(noun).replace(' ', "-"), str::to_owned)
    }

    /// The answer of the operation about a resource.
    pub(super) fn shown(&self, at: usize, thing: &Thing) -> Value {
        let (Some(forms), Some(view)) = (self.kinds.forms[at], self.kinds.views[at].get(&self.id)) else {
            return Value::Object(Map::new());
        };
        let (kind, mut shown) = (self.kinds.kind(at), view.show(self.schema(), forms, thing));
        let is_described = kind.first(Role::Describe).is_some_and(|action| action.operation == self.id);
        // A description may have them inside of another structure.
        let is_hidden = |path: &&Vec<String>| self.id == kind.create || (is_described && path.len() > 2);
        let id = if let Source::Output(path) = &kind.id { Some((path, &thing.id)) } else { None };
        for (path, text) in id.into_iter().chain(kind.arn.as_ref().map(|path| (path, &thing.arn))) {
            if is_hidden(&path) {
                self.identify(&mut shown, path, text);
            }
        }
        Value::Object(shown)
    }

    /// Sets the id or the ARN at its place in the answer, whose structure may be optional.
    fn identify(&self, shown: &mut Map<String, Value>, path: &[String], id: &str) {
        let (Some((last, outer)), Some(mut members)) =
            (path.split_last(), self.schema().output_members(self.operation))
        else {
            return;
        };
        let mut place = shown;
        for name in outer {
            let Some((member, inner)) =
                members.get(name).and_then(|member| Some((member, self.schema()[member.slot.target].kind.members()?)))
            else {
                return;
            };
            let made = || self.kinds.made(member, id).filter(Value::is_object);
            let next = place.entry(name.clone()).or_insert_with(|| made().unwrap_or_else(|| Map::new().into()));
            let Value::Object(next) = next else { return };
            (place, members) = (next, inner);
        }
        let Some(slot) = members.get(last).map(|member| &member.slot) else { return };
        let value = identifier(self.schema(), slot.target, id);
        let fitting = value.filter(|value| validate_slot(self.schema(), slot, value).is_empty());
        place.extend(fitting.map(|value| (last.clone(), value)));
    }
}

impl Kinds {
    /// The positions of the id of a kind: in the answer to the creation, and in the inputs of other operations.
    fn id_slots(&self, kind: &'static Kind) -> Vec<&'static Slot> {
        let answered = match &kind.id {
            Source::Output(path) => self.answered(kind, path),
            Source::Input(_) => None,
        };
        let named = kind.actions.iter().filter_map(|action| {
            let members = self.schema.input_members(&self.schema[action.operation])?;
            members.get(kind.id_member(action)?).map(|member| &member.slot)
        });
        let listed = kind.actions.iter().filter_map(|action| {
            let items = Listing::of(self.schema, &self.schema[action.operation])?.items?;
            items.get(action.item_id.as_deref()?).map(|member| &member.slot)
        });
        answered.into_iter().chain(named).chain(listed).collect()
    }

    /// The positions of the ARN of a kind in the answers about it.
    fn arn_slots(&self, kind: &Kind) -> impl Iterator<Item = &'static Slot> {
        let at = self.graph.position(kind);
        let views = self.own[at].iter().chain(self.views[at].values());
        let members = views.flat_map(|view| view.members.iter());
        members.filter(|(_, fact)| matches!(fact, Fact::Arn)).map(|(member, _)| &member.slot)
    }

    /// The position of the ARN in requests that tag a resource.
    fn tagged_slot(&self) -> Option<&'static Slot> {
        let tagging = self.graph.tagging.as_ref()?;
        self.schema.input_members(&self.schema[tagging.tag])?.get(&tagging.arn).map(|member| &member.slot)
    }

    /// The position at a path in the answer to a creation.
    fn answered(&self, kind: &Kind, path: &[String]) -> Option<&'static Slot> {
        let (last, outer) = path.split_last()?;
        let mut members = self.schema.output_members(&self.schema[kind.create])?;
        for name in outer {
            members = self.schema[members.get(name)?.slot.target].kind.members()?;
        }
        members.get(last).map(|member| &member.slot)
    }

    /// A generated text.
    fn text(&self, slot: &Slot, label: &str) -> Option<String> {
        let member = Member {
            client_fills: false,
            name: String::new(),
            json_name: String::new(),
            slot: slot.clone(),
            required: true,
            binding: schema::Binding::Body,
            idempotency_token: false,
            deprecated: false,
        };
        self.made(&member, label).as_ref().and_then(scalar)
    }

    /// Makes what the answers about a new resource show beside the input: each value once, so that all of them agree.
    fn fill(&self, things: &Things, at: usize, forms: Forms, thing: &mut Thing) {
        let schema = self.schema;
        let pairs = schema.shared(forms.asked, forms.record);
        for pair in &pairs {
            let Some(member) = forms.record.get(&pair.right[1..]) else { continue };
            let found = value_at(schema, forms.asked, &thing.asked, &pair.left);
            let Some((Some(value), shape)) = found else { continue };
            if let Some(value) = for_member(schema, value, shape, member) {
                thing.record.insert(member.name.clone(), value);
            }
        }
        let Some(own) = &self.own[at] else { return };
        let mut missing = Vec::new();
        own.missing(schema, forms, thing, &mut missing);
        for member in missing {
            if let Some(value) = self.beside(things, at, thing, member) {
                let is_record =
                    own.members.iter().any(|(own, fact)| own.name == member.name && matches!(fact, Fact::Record(_)));
                if is_record {
                    thing.record.insert(member.name.clone(), value);
                } else {
                    thing.keep(member, value);
                }
            }
        }
        for view in self.views[at].values() {
            let mut missing = Vec::new();
            view.missing(schema, forms, thing, &mut missing);
            for member in missing {
                if let Some(value) = self.beside(things, at, thing, member) {
                    thing.keep(member, value);
                }
            }
        }
    }

    /// A value that the input does not have, for a member of the answers about a resource: that of a resource which the input
    /// names, else a generated one. If possible, one that all members of that name can have.
    fn beside(&self, things: &Things, at: usize, thing: &Thing, member: &Member) -> Option<Value> {
        let label = format!("{} {} {}", thing.noun, thing.id, member.name);
        let views = self.own[at].iter().chain(self.views[at].values());
        let all = views.flat_map(|view| view.members.iter()).map(|(member, _)| *member);
        let same: Vec<&Member> = all.filter(|other| other.name == member.name).collect();
        let allowed = |slot: &Slot, value: &Value| validate_slot(self.schema, slot, value).is_empty();
        let inherited = self.inherited(things, at, thing, member).filter(|value| allowed(&member.slot, value));
        inherited.or_else(|| {
            let made = self.made(member, &label)?;
            let others = same.iter().filter_map(|other| self.made(other, &label));
            let fits = |value: &Value| [member].iter().chain(&same).all(|other| allowed(&other.slot, value));
            std::iter::once(made.clone()).chain(others).find(fits).or(Some(made))
        })
    }

    /// The value of a member with an id in the input that made another resource, which the input of this one names.
    fn inherited(&self, things: &Things, at: usize, thing: &Thing, member: &Member) -> Option<Value> {
        if !is_reference(&member.name) {
            return None;
        }
        let named = self.kind(at).needs.iter().filter_map(|need| {
            let reference = scalar(thing.asked.get(&need.place)?)?;
            things.get(things.find(&self.kind(need.kind).noun, &[], &reference)?)
        });
        named.into_iter().find_map(|other| other.asked.get(&member.name).cloned())
    }
}

/// True for the name of a member with the id or ARN of another resource.
fn is_reference(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["id", "arn", "identifier"].iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

/// True for kinds that are named by the ARN that the service assigns.
fn is_arn(kind: &Kind) -> bool {
    matches!(&kind.id, Source::Output(path) if path.last().is_some_and(|id| id.to_ascii_lowercase().ends_with("arn")))
}
