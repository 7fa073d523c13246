//! Associations of a resource with other things: joined, listed and ended. An association is found by the noun that its
//! operations have in common (`AssociateQueueQuickConnects`, `ListQueueQuickConnects`), and by the member of the creation that
//! makes the first ones (`QuickConnectIds`).

use connect_model::json_text::scalar;
use connect_model::resources::{self, Action, Link, Role};
use connect_model::schema::{Kind, Member, Members, Operation};
use serde_json::{Map, Value};

use crate::kinds::convert::for_member;
use crate::kinds::store::Thing;
use crate::kinds::view::{Hints, View};
use crate::kinds::{Call, Kinds};
use crate::refusal::Refusal;
use crate::store::State;

/// The effect of an operation on associations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Join,
    Replace,
    End,
}

/// The resource whose associations are meant.
pub(super) enum Holder {
    /// One that the graph keeps: its order key.
    Thing(u64),
    /// One that a handler keeps: its kind and id.
    Kept(&'static str, String),
}

impl Kinds {
    /// The associations that an operation changes or shows: for each, its noun and the member of the input with it. A
    /// member is none if all that the input has beside the names is one association.
    pub(super) fn links(&self, at: usize, action: &Action) -> Vec<(String, Option<&'static Member>)> {
        let mut links = self.own_links(at, action);
        // The operation that ends an association may take less than the one that makes it: `AccountIds` for `AccountDetails`.
        let link = self.graph.links.iter().find(|link| link.end == action.operation);
        let make = link.and_then(|link| self.kind(at).actions.iter().find(|make| make.operation == link.make));
        if let ([(noun, Some(_))], Some(make)) = (links.as_mut_slice(), make)
            && let [(made, Some(_))] = self.own_links(at, make).as_slice()
        {
            noun.clone_from(made);
        }
        links
    }

    fn own_links(&self, at: usize, action: &Action) -> Vec<(String, Option<&'static Member>)> {
        let operation = &self.schema[action.operation];
        let noun = &self.kind(at).noun;
        let others: Vec<&Member> = self.others(action).collect();
        let is_list = |member: &&Member| matches!(self.schema[member.slot.target].kind, Kind::List(_));
        let lists: Vec<_> =
            others.iter().copied().filter(is_list).map(|member| (stem(&member.name, noun), Some(member))).collect();
        if lists.is_empty() && !others.is_empty() { vec![(stem(object(operation), noun), None)] } else { lists }
    }

    /// The members of an input beside the names of the resource.
    fn others<'k>(&'k self, action: &'k Action) -> impl Iterator<Item = &'static Member> + use<'k> {
        let members = self.schema.input_members(&self.schema[action.operation]).into_iter().flatten();
        members.filter(|member| !member.idempotency_token && action.names.iter().all(|(name, _)| *name != member.name))
    }

    /// True for an operation that makes something which another one lists, under a verb of its own: `ImportWorkspaceMedia`.
    pub(super) fn joins(&self, action: &Action) -> bool {
        action.role == Role::Use && self.graph.links.iter().any(|link| link.make == action.operation)
    }

    /// The nouns of all associations of a kind.
    fn linked(&self, at: usize) -> Vec<String> {
        let kind = self.kind(at);
        let joins = kind.actions.iter().filter(|action| action.role == Role::Associate || self.joins(action));
        let joins = joins.flat_map(|action| self.links(at, action));
        let joins = joins.map(|(noun, _)| noun);
        let asked = self.forms[at].into_iter().flat_map(|forms| forms.asked.iter());
        let lists = asked.filter(|member| matches!(self.schema[member.slot.target].kind, Kind::List(_)));
        joins.chain(lists.map(|member| stem(&member.name, &kind.noun))).collect()
    }

    /// The noun of the associations that an operation lists.
    pub(super) fn shown_link(&self, at: usize, action: &Action) -> Option<String> {
        let operation = &self.schema[action.operation];
        operation.name.strip_prefix("List")?;
        let kind = self.kind(at);
        let wanted = stem(object(operation), &kind.noun);
        let linked = self.linked(at);
        let equal = linked.iter().find(|noun| is_plural(noun, &wanted)).cloned();
        let made = || {
            let link = self.graph.links.iter().find(|link| link.list == action.operation)?;
            let make = kind.actions.iter().find(|action| action.operation == link.make)?;
            self.links(at, make).into_iter().next().map(|(noun, _)| noun)
        };
        let ends = || linked.iter().find(|noun| noun.ends_with(&wanted) || is_plural_end(noun, &wanted)).cloned();
        equal.or_else(made).or_else(ends)
    }

    /// True if an operation replaces associations of a kind.
    pub(super) fn replaces(&self, at: usize, action: &Action) -> bool {
        let linked = self.linked(at);
        let links = self.links(at, action);
        self.schema[action.operation].name.starts_with("Update")
            && !links.is_empty()
            && links.iter().all(|(noun, member)| member.is_some() && linked.contains(noun))
    }

    /// The member of the creation with the first associations.
    fn first(&self, at: usize, noun: &str) -> Option<&'static Member> {
        let kind = self.kind(at);
        let mut asked = self.forms[at]?.asked.iter();
        asked.find(|member| {
            matches!(self.schema[member.slot.target].kind, Kind::List(_)) && stem(&member.name, &kind.noun) == noun
        })
    }
}

impl Call<'_> {
    pub(super) fn holder(&self, state: &State, at: usize, action: &Action) -> Result<Holder, Refusal> {
        if self.kinds.forms[at].is_some() {
            return self.target(state, at, action).map(Holder::Thing);
        }
        let kind = self.kinds.kind(at);
        let parents = self.parents(state, kind, |parent| self.parent_value(action, parent))?;
        let reference = kind.id_member(action).and_then(|member| self.input.get(member)).and_then(scalar);
        let reference = reference.unwrap_or_default();
        let found = self.kept(state, kind, parents.first().and_then(Option::as_deref), &reference);
        found.map(|id| Holder::Kept(&kind.noun, id)).ok_or_else(|| self.missing(&kind.words, &reference))
    }

    /// Associations and settings that are kept for a resource.
    pub(super) fn beside<'s>(&self, state: &'s mut State, holder: &Holder) -> Option<&'s mut Map<String, Value>> {
        match holder {
            Holder::Kept(kind, id) => Some(state.things.links_mut(kind, id)),
            Holder::Thing(order) => state.things.get_mut(*order).map(|thing| &mut thing.links),
        }
    }

    /// The associations that the operation is about.
    fn link(&self) -> Option<&'static Link> {
        self.kinds.graph.links.iter().find(|link| link.has(self.id))
    }

    /// The key under which a holder keeps associations: their noun, with what they and their list require beside the holder.
    fn key(&self, action: &Action, noun: &str) -> String {
        let Some(link) = self.link() else { return noun.to_owned() };
        let [list, make] = [link.list, link.make].map(|id| self.schema().input_members(&self.schema()[id]));
        let is_made_with = |member: &&Member| make.is_some_and(|make| make.get(&member.name).is_some());
        let members = list.into_iter().flatten().filter(|member| member.required && !action.is_named_by(&member.name));
        let values = members.filter(is_made_with).filter_map(|member| self.input.get(&member.name));
        values.fold(noun.to_owned(), |key, value| format!("{key} {value}"))
    }

    fn elements(&self, state: &State, at: usize, holder: &Holder, (noun, key): (&str, &str)) -> Vec<Value> {
        let found = match holder {
            Holder::Kept(kind, id) => state.things.links(kind, id).and_then(|links| links.get(key)),
            Holder::Thing(order) => state.things.get(*order).and_then(|thing| match self.kinds.first(at, noun) {
                Some(member) => thing.asked.get(&member.name),
                None => thing.links.get(key),
            }),
        };
        found.and_then(Value::as_array).cloned().unwrap_or_default()
    }

    fn set_elements(
        &self,
        state: &mut State,
        at: usize,
        holder: &Holder,
        (noun, key): (&str, &str),
        elements: Vec<Value>,
    ) {
        let first = self.kinds.first(at, noun);
        match holder {
            Holder::Kept(kind, id) => drop(state.things.links_mut(kind, id).insert(key.to_owned(), elements.into())),
            Holder::Thing(order) => {
                let Some(thing) = state.things.get_mut(*order) else { return };
                let (into, key) = match first {
                    Some(member) => (&mut thing.asked, member.name.as_str()),
                    None => (&mut thing.links, key),
                };
                into.insert(key.to_owned(), elements.into());
            }
        }
    }

    /// Writes associations into the description of their holder, if that shows them.
    fn describe_links(&self, state: &mut State, holder: &Holder, given: &str, elements: &[Value]) {
        let Some(link) = self.link() else { return };
        let (Some(name), Some(kind), Holder::Thing(order)) = (&link.member, link.holder, holder) else { return };
        let member = self.kinds.forms[kind].and_then(|forms| forms.record.get(name));
        let Some(Kind::List(list)) = member.map(|member| &self.schema()[member.slot.target].kind) else { return };
        let members = self.schema()[list.member.target].kind.members();
        let items: Vec<Value> =
            elements.iter().filter_map(|element| self.item(state, members, given, element)).collect();
        let Some(thing) = state.things.get_mut(*order) else { return };
        if items.is_empty() {
            thing.record.remove(name);
        } else {
            thing.record.insert(name.clone(), items.into());
        }
    }

    /// Joins, replaces or ends associations.
    pub(super) fn change_links(&self, at: usize, action: &Action, change: Change) -> Result<Value, Refusal> {
        let mut state = self.cx.store.lock();
        let holder = self.holder(&state, at, action)?;
        for (noun, member) in self.kinds.links(at, action) {
            let given: Vec<Value> = match member {
                Some(member) => self.input.get(&member.name).and_then(Value::as_array).cloned().unwrap_or_default(),
                None => {
                    let others = self.kinds.others(action);
                    let others =
                        others.filter_map(|member| Some((member.name.clone(), self.input.get(&member.name)?.clone())));
                    vec![Value::Object(others.collect())]
                }
            };
            let key = self.key(action, &noun);
            let mut elements = self.elements(&state, at, &holder, (&noun, &key));
            for element in given {
                match change {
                    Change::Join if elements.contains(&element) => {}
                    Change::Join => elements.push(element),
                    Change::End => elements.retain(|stored| !has(stored, &element)),
                    Change::Replace => {
                        let same = elements.iter_mut().find(|stored| is_same(stored, &element));
                        if let Some(stored) = same {
                            *stored = element;
                        }
                    }
                }
            }
            let given = member.map_or(noun.as_str(), |member| &member.name);
            self.describe_links(&mut state, &holder, given, &elements);
            self.set_elements(&mut state, at, &holder, (&noun, &key), elements);
        }
        Ok(self.smallest())
    }

    /// The required members of the output.
    pub(super) fn smallest(&self) -> Value {
        let members = self.schema().output_members(self.operation).into_iter().flatten();
        let required = members.filter(|member| member.required);
        let made = required.filter_map(|member| {
            Some((member.name.clone(), self.kinds.made(member, &format!("{} {}", self.operation.name, member.name))?))
        });
        Value::Object(made.collect())
    }

    /// One page of associations.
    pub(super) fn show_links(&self, at: usize, action: &Action, noun: &str) -> Result<Value, Refusal> {
        let state = self.cx.store.lock();
        let Some(listing) = self.kinds.listings.get(&self.id) else { return Ok(Value::Null) };
        let holder = self.holder(&state, at, action)?;
        let elements = self.elements(&state, at, &holder, (noun, &self.key(action, noun)));
        let id = match &holder {
            Holder::Thing(order) => state.things.get(*order).map(|thing| thing.id.clone()).unwrap_or_default(),
            Holder::Kept(_, id) => id.clone(),
        };
        let first = self.kinds.first(at, noun).map(|member| member.name.as_str()).unwrap_or(noun);
        let items = elements.iter().filter_map(|element| self.item(&state, listing.items, first, element)).collect();
        self.page_of(&[Some(id)], listing, items, action)
    }

    /// An association as an item of a list: its own members, and those of the resource that it names.
    fn item(&self, state: &State, members: Option<&'static Members>, first: &str, element: &Value) -> Option<Value> {
        let mut own = Vec::new();
        leaves(first.strip_suffix('s').unwrap_or(first), element, &mut own);
        let Some(members) = members else { return own.first().map(|(_, value)| (*value).clone()) };
        let named = own.iter().find_map(|(name, value)| self.referred(state, name, value));
        let view = named.and_then(|(at, thing)| {
            let forms = self.kinds.forms[at]?;
            Some((View::of(self.schema(), self.kinds.kind(at), forms, members, &Hints::default()), forms, thing))
        });
        let mut item = Map::new();
        for member in members {
            let leaf = leaf_named(&own, &member.name);
            let given = element.get(&member.name).or(leaf);
            let given = given.and_then(|value| for_member(self.schema(), value, member.slot.target, member));
            let seen = || {
                view.as_ref().and_then(|(view, forms, thing)| view.value(self.schema(), *forms, &member.name, thing))
            };
            let made = || self.kinds.made(member, &format!("{element} {}", member.name)).filter(|_| member.required);
            let value = given.or_else(seen).or_else(made);
            item.extend(value.map(|value| (member.name.clone(), value)));
        }
        Some(Value::Object(item))
    }

    /// The resource that a member names: `QuickConnectId`.
    fn referred<'s>(&self, state: &'s State, name: &str, value: &Value) -> Option<(usize, &'s Thing)> {
        let reference = scalar(value)?;
        let noun = name.strip_suffix("Id")?;
        let at = self.kinds.graph.kinds().iter().position(|kind| kind.noun == noun)?;
        let order = state.things.find(&self.kinds.kind(at).noun, &[], &reference)?;
        Some((at, state.things.get(order)?))
    }
}

/// The scalar of a name, or else the only one whose name ends with it: `identityProviderConfigName` for `name`.
fn leaf_named<'v>(leaves: &[(String, &'v Value)], name: &str) -> Option<&'v Value> {
    let wanted = name.to_ascii_lowercase();
    let exact = leaves.iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted));
    let mut ending = leaves.iter().filter(|(name, _)| name.to_ascii_lowercase().ends_with(&wanted));
    let only = ending.next().filter(|_| ending.next().is_none());
    exact.or(only).map(|(_, value)| *value)
}

/// The scalars in a value, each with the name of its member.
fn leaves<'v>(name: &str, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| leaves(name, value, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(name, item, found)),
        Value::Null => {}
        scalar => found.push((name.to_owned(), scalar)),
    }
}

/// True if a stored association has all that a key names.
fn has(stored: &Value, key: &Value) -> bool {
    let (mut own, mut wanted) = (Vec::new(), Vec::new());
    leaves("", stored, &mut own);
    leaves("", key, &mut wanted);
    let is = |one: &str, other: &str| one.ends_with(other) || other.ends_with(one);
    wanted.iter().all(|(name, value)| own.iter().any(|(own, stored)| is(own, name) && stored == value))
}

/// True if two associations are with the same thing: the texts in both are equal.
fn is_same(stored: &Value, other: &Value) -> bool {
    let texts = |value: &Value| {
        let mut all = Vec::new();
        leaves("", value, &mut all);
        all.into_iter().filter(|(_, v)| v.is_string()).map(|(n, v)| (n, v.clone())).collect::<Vec<_>>()
    };
    texts(stored) == texts(other)
}

/// The noun of an operation, without the verb and without the word for many at once.
fn object(operation: &Operation) -> &str {
    resources::object(operation.name.strip_prefix("Batch").unwrap_or(&operation.name))
}

/// The noun of an association: a name without the noun of its kind and without words for references.
fn stem(name: &str, kind: &str) -> String {
    let mut rest = name.strip_prefix(kind).filter(|rest| !rest.is_empty()).unwrap_or(name);
    while let Some(shorter) =
        ["Ids", "Id", "Configs", "Config", "References", "List"].iter().find_map(|end| rest.strip_suffix(end))
    {
        rest = shorter;
    }
    let lower = rest.to_ascii_lowercase();
    match lower.strip_suffix("ies") {
        Some(head) => format!("{head}y"),
        None => lower.strip_suffix('s').filter(|head| !head.ends_with('s')).unwrap_or(&lower).to_owned(),
    }
}

fn is_plural(noun: &str, wanted: &str) -> bool {
    noun == wanted || format!("{noun}e") == wanted || noun == format!("{wanted}e")
}

fn is_plural_end(noun: &str, wanted: &str) -> bool {
    noun.strip_suffix('e').is_some_and(|noun| noun.ends_with(wanted))
}
