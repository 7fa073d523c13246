//! Resources of every kind in the model that has no handler of its own: made, shown, listed, searched, changed, deleted and
//! tagged by what the resource graph says about their operations. Works on JSON values; knows no operation by name.
//!
//! Where the behaviour of the service is not known, a request is accepted: references to other resources in a body are
//! not checked, and conditions that cannot be interpreted match everything.

mod convert;
mod criteria;
mod links;
mod list;
mod make;
mod perform;
mod settings;
mod store;
mod tags;
mod view;

use std::collections::{BTreeMap, HashMap};

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator};
use connect_model::json_text::scalar;
use connect_model::resources::{self, Action, Graph, Kind, Role, Source};
use connect_model::schema::{self, Member, Members, Operation, OperationId, Schema};
use serde_json::{Map, Value};

use crate::handlers::{Answer, Context, Handlers};
use crate::kinds::links::Change;
use crate::kinds::list::Listing;
use crate::kinds::settings::{Act, Setting};
use crate::kinds::view::{Forms, Hints, View};
use crate::refusal::Refusal;
use crate::store::State;
use crate::token_forms::TokenForms;

pub(crate) use store::Things;

/// The kinds of a model, ready to be performed.
pub(crate) struct Kinds {
    schema: &'static Schema,
    graph: &'static Graph,
    generator: Generator<'static>,
    seed: u64,
    /// The structures of each kind; none for kinds that handlers keep.
    forms: Vec<Option<Forms>>,
    /// The descriptions of each kind.
    own: Vec<Option<View>>,
    /// Views of each kind in the outputs of its operations, or in the items of those that list.
    views: Vec<BTreeMap<OperationId, View>>,
    listings: HashMap<OperationId, Listing>,
    plans: HashMap<OperationId, Plan>,
    settings: Vec<Setting>,
    tokens: TokenForms,
}

/// The way to perform an operation.
#[derive(Clone, Copy)]
enum Plan {
    /// Makes a resource of a kind.
    Create(usize),
    /// Acts on a kind.
    Act(usize, &'static Action),
    /// Joins a kind with something else, or ends that.
    Link(usize, &'static Action, Change),
    /// Shows what a kind is joined with.
    ShowLinks(usize, &'static Action),
    /// Acts on a setting of a kind.
    Set(usize, usize, &'static Action, Act),
    /// Answers with a generated output if the resource exists.
    Check(usize, &'static Action),
    Tag,
    Untag,
    ListTags,
}

/// A list in pages that no other operation fills.
#[derive(Clone, Copy)]
pub(crate) struct Samples {
    /// The member of the output with the items.
    pub(crate) list: &'static str,
    /// The member of the output with the token of the next page.
    pub(crate) token: &'static str,
}

/// A call that is being performed.
struct Call<'c> {
    kinds: &'c Kinds,
    cx: &'c Context,
    id: OperationId,
    operation: &'static Operation,
    input: &'c Map<String, Value>,
}

impl Kinds {
    /// The kinds of a model, but for those that handlers keep.
    pub(crate) fn new(schema: &'static Schema, handlers: &Handlers, seed: u64) -> Self {
        let graph = resources::shared(schema);
        let mut kinds = Self {
            schema,
            graph,
            generator: Generator::new(schema, Config::sparse()),
            seed,
            forms: Vec::new(),
            own: Vec::new(),
            views: Vec::new(),
            listings: HashMap::new(),
            plans: HashMap::new(),
            settings: Vec::new(),
            tokens: TokenForms::new(seed),
        };
        let is_free = |id: OperationId| !handlers.contains(&schema[id].name);
        for (at, kind) in graph.kinds().iter().enumerate() {
            let forms = is_free(kind.create).then(|| forms(schema, kind)).flatten();
            kinds.forms.push(forms);
            kinds.own.push(forms.map(|forms| own_view(schema, kind, forms)));
            kinds.views.push(BTreeMap::new());
            if let Some(forms) = forms {
                kinds.prepare(at, kind, forms);
            }
        }
        for action in graph.kinds().iter().flat_map(|kind| kind.all(Role::Use)) {
            if let Some(listing) = Listing::of(schema, &schema[action.operation]) {
                kinds.listings.insert(action.operation, listing);
            }
        }
        if let Some(list) = graph.tagging.as_ref().map(|tagging| tagging.list)
            && let Some(listing) =
                Listing::of(schema, &schema[list]).or_else(|| Listing::of_tags(schema, &schema[list]))
        {
            kinds.listings.insert(list, listing);
        }
        for (id, _) in schema.operations().filter(|(id, operation)| is_free(*id) && operation.refused.is_none()) {
            if let Some(plan) = kinds.plan(id) {
                kinds.plans.insert(id, plan);
            }
        }
        kinds.find_settings();
        kinds
    }

    /// Returns true if an operation is performed on stored resources.
    pub(crate) fn contains(&self, id: OperationId) -> bool {
        self.plans.get(&id).is_some_and(|plan| !matches!(plan, Plan::Check(..)))
    }

    /// Performs a call. None for an operation whose answer is to be generated.
    pub(crate) fn perform(&self, cx: &Context, id: OperationId, input: &Value) -> Option<Answer> {
        let plan = *self.plans.get(&id)?;
        let empty = Map::new();
        let call =
            Call { kinds: self, cx, id, operation: &self.schema[id], input: input.as_object().unwrap_or(&empty) };
        let answer = match plan {
            Plan::Create(at) => call.create(at),
            Plan::Act(at, action) => match action.role {
                Role::Describe => call.describe(at, action),
                Role::List | Role::Search => call.list(at, action),
                Role::Delete => call.delete(at, action),
                _ => call.update(at, action),
            },
            Plan::Link(at, action, change) => call.change_links(at, action, change),
            Plan::ShowLinks(at, action) => match self.shown_link(at, action) {
                Some(noun) => call.show_links(at, action, &noun),
                None => return None,
            },
            Plan::Set(setting, at, action, act) => call.on_setting(&self.settings[setting], at, action, act),
            Plan::Check(at, action) => match call.exists(at, action) {
                Ok(()) => return None,
                Err(refusal) => Err(refusal),
            },
            Plan::Tag => call.tag(),
            Plan::Untag => call.untag(),
            Plan::ListTags => call.list_tags(),
        };
        Some(Answer::Performed(answer))
    }

    /// The list in the pages of an operation, if it is a part of a description or of a setting.
    pub(crate) fn samples(&self, id: OperationId) -> Option<Samples> {
        let is_fixed = match self.plans.get(&id)? {
            Plan::Act(at, action) => action.role == Role::Describe && !self.takes_list(*at, id),
            Plan::Set(_, _, _, act) => matches!(act, Act::Show),
            _ => false,
        };
        let pagination = self.schema[id].pagination.as_ref().filter(|_| is_fixed)?;
        match (pagination.items.as_deref(), pagination.output_token.as_slice()) {
            (Some([list]), [token]) => Some(Samples { list, token }),
            _ => None,
        }
    }

    /// True if the creation of a kind gives the list of a description.
    fn takes_list(&self, at: usize, describe: OperationId) -> bool {
        let items = self.schema[describe].pagination.as_ref().and_then(|pagination| pagination.items.as_deref());
        let name = items.and_then(<[String]>::first);
        self.forms[at].zip(name).is_some_and(|(forms, name)| forms.asked.get(name).is_some())
    }

    fn plan(&self, id: OperationId) -> Option<Plan> {
        if let Some(tagging) = &self.graph.tagging {
            let tagging = [(tagging.tag, Plan::Tag), (tagging.untag, Plan::Untag), (tagging.list, Plan::ListTags)];
            if let Some((_, plan)) = tagging.into_iter().find(|(operation, _)| *operation == id) {
                return Some(plan);
            }
        }
        if let Some(kind) = self.graph.made_by(id) {
            let at = self.graph.position(kind);
            return self.forms[at].map(|_| Plan::Create(at));
        }
        let actions = || self.graph.actions_of(id).map(|(kind, action)| (self.graph.position(kind), action));
        let kept = actions().find(|(at, action)| match action.role {
            Role::List | Role::Search => self.forms[*at].is_some() && self.listings.contains_key(&id),
            Role::Describe | Role::Update | Role::Delete => self.forms[*at].is_some(),
            Role::Associate | Role::Disassociate | Role::Use => false,
        });
        let linked = || {
            let (at, action) = actions().next()?;
            let joins = |change| (!self.links(at, action).is_empty()).then_some(Plan::Link(at, action, change));
            match action.role {
                Role::Associate => joins(Change::Join),
                Role::Disassociate => joins(Change::End),
                Role::Use if self.joins(action) => joins(Change::Join),
                Role::Use
                    if self.replaces(at, action) || self.graph.links.iter().any(|link| link.update == Some(id)) =>
                {
                    joins(Change::Replace)
                }
                Role::Use if self.graph.links.iter().any(|link| link.end == id) => joins(Change::End),
                Role::Use if self.listings.contains_key(&id) => {
                    self.shown_link(at, action).map(|_| Plan::ShowLinks(at, action))
                }
                _ => None,
            }
        };
        let checked = || {
            let declares = self.not_found(&self.schema[id]).is_some();
            // A list names no resource of its own.
            let mut named = actions().filter(|(_, action)| !matches!(action.role, Role::List | Role::Search));
            named.next().filter(|_| declares).map(|(at, action)| Plan::Check(at, action))
        };
        kept.map(|(at, action)| Plan::Act(at, action)).or_else(linked).or_else(checked)
    }

    /// The error of an operation for a resource that does not exist.
    fn not_found(&self, operation: &Operation) -> Option<&'static str> {
        Refusal::modelled_not_found(self.schema, operation)
    }

    fn prepare(&mut self, at: usize, kind: &'static Kind, forms: Forms) {
        let schema = self.schema;
        let add = |views: &mut Vec<BTreeMap<_, _>>, id: OperationId, members: &'static Members, hints: &Hints<'_>| {
            views[at].insert(id, View::of(schema, kind, forms, members, hints));
        };
        for id in [kind.create].into_iter().chain(kind.others.iter().copied()) {
            let Some(members) = schema.output_members(&schema[id]) else { continue };
            let end = |path: &[String]| path.last().cloned();
            let id_member = match &kind.id {
                Source::Output(path) => end(path),
                Source::Input(_) => None,
            };
            let arn = kind.arn.as_deref().and_then(end);
            let outer = [kind.arn.as_deref(), if let Source::Output(path) = &kind.id { Some(path) } else { None }];
            let wrapper = outer.into_iter().flatten().find(|path| path.len() > 1).map(|path| path[0].clone());
            let hints = Hints { id: id_member.as_deref(), arn: arn.as_deref(), wrapper: wrapper.as_deref() };
            add(&mut self.views, id, members, &hints);
        }
        for action in &kind.actions {
            let operation = &schema[action.operation];
            let Some(members) = schema.output_members(operation) else { continue };
            match action.role {
                Role::List | Role::Search => {
                    let Some(listing) = Listing::of(schema, operation) else { continue };
                    if let Some(items) = listing.items {
                        let hints = Hints { id: action.item_id.as_deref(), ..Hints::default() };
                        add(&mut self.views, action.operation, items, &hints);
                    }
                    self.listings.insert(action.operation, listing);
                }
                Role::Describe => {
                    let wrapper = kind.wrapper(schema).map(|(member, _)| member.name.as_str());
                    let id = id_hint(kind, action, forms.record);
                    add(&mut self.views, action.operation, members, &Hints { id, arn: None, wrapper });
                }
                Role::Update | Role::Delete => add(&mut self.views, action.operation, members, &Hints::default()),
                Role::Associate | Role::Disassociate | Role::Use => {}
            }
        }
    }

    fn kind(&self, at: usize) -> &'static Kind {
        &self.graph.kinds()[at]
    }

    /// A value for a member: that of a healthy resource, else any valid one. The same label gives the same value.
    fn made(&self, member: &Member, label: &str) -> Option<Value> {
        if let schema::Kind::Enum(values) = &self.schema[member.slot.target].kind {
            let healthy = HEALTHY.iter().find(|word| values.iter().any(|value| value == *word));
            if let Some(value) = healthy.map(|word| (*word).to_owned()).or_else(|| values.first().cloned()) {
                return Some(value.into());
            }
        }
        let bytes = Stream::new(self.seed, label).bytes(256);
        self.generator.member(member, &mut Unstructured::new(&bytes)).ok()
    }
}

/// States and types that a new resource has, where the model has them.
const HEALTHY: &[&str] = &[
    "ACTIVE",
    "ENABLED",
    "AVAILABLE",
    "RUNNING",
    "STANDARD",
    "PUBLISHED",
    "COMPLETED",
    "CREATED",
    "CUSTOM",
    "CUSTOMER_MANAGED",
    "ROUTABLE",
    "APPROVED",
];

/// The member with the id in the description of a resource: the one by which it was asked for, else the one of the answer to
/// its creation.
fn id_hint<'k>(kind: &'k Kind, action: &'k Action, record: &Members) -> Option<&'k str> {
    let answered = match &kind.id {
        Source::Output(path) => path.last().map(String::as_str),
        Source::Input(_) => None,
    };
    kind.id_member(action).into_iter().chain(answered).find(|member| record.get(member).is_some())
}

/// The view of a kind in its own description.
fn own_view(schema: &'static Schema, kind: &'static Kind, forms: Forms) -> View {
    let id = kind.first(Role::Describe).and_then(|action| id_hint(kind, action, forms.record));
    View::of(schema, kind, forms, forms.record, &Hints { id, ..Hints::default() })
}

/// The structures of a kind. Without a description, the items of a list are the description, else the answer to the
/// creation.
fn forms(schema: &'static Schema, kind: &'static Kind) -> Option<Forms> {
    let asked = schema.input_members(&schema[kind.create])?;
    let items = |role: Role| {
        kind.all(role)
            .find_map(|action| Listing::of(schema, &schema[action.operation]).and_then(|listing| listing.items))
    };
    let record = kind
        .described(schema)
        .or_else(|| items(Role::List))
        .or_else(|| items(Role::Search))
        .or_else(|| schema.output_members(&schema[kind.create]))
        .unwrap_or(asked);
    Some(Forms { asked, record })
}

impl Call<'_> {
    fn schema(&self) -> &'static Schema {
        self.kinds.schema
    }

    fn missing(&self, what: &str, reference: &str) -> Refusal {
        Refusal::NotFound(format!("there is no {what} {reference}"))
    }

    /// The ids of the parents of a kind that an input names.
    fn parents<'v>(
        &self,
        state: &State,
        kind: &Kind,
        named: impl Fn(&str) -> Option<&'v Value>,
    ) -> Result<Vec<Option<String>>, Refusal> {
        let mut parents: Vec<Option<String>> = Vec::new();
        for (member, holder) in &kind.parents {
            let Some(reference) = named(member).and_then(scalar) else {
                parents.push(None);
                continue;
            };
            let Some(at) = *holder else {
                parents.push(Some(reference));
                continue;
            };
            let outer = self.kinds.kind(at);
            let found = match self.kinds.forms[at] {
                None => self.kept(state, outer, parents.first().and_then(Option::as_deref), &reference),
                Some(_) => {
                    let known = kind.parents.iter().zip(&parents);
                    let known: Vec<_> = known.map(|((_, kind), id)| (*kind, id)).collect();
                    let own = outer.parents.iter().map(|(_, wanted)| {
                        known
                            .iter()
                            .find(|(kind, _)| wanted.is_some() && kind == wanted)
                            .and_then(|(_, id)| (*id).clone())
                    });
                    let own: Vec<_> = own.collect();
                    let order = state.things.find(&outer.noun, &own, &reference);
                    order.and_then(|order| state.things.get(order)).map(|thing| thing.id.clone())
                }
            };
            parents.push(Some(found.ok_or_else(|| self.missing(&outer.words, &reference))?));
        }
        Ok(parents)
    }

    /// The id of a resource that a handler keeps.
    fn kept(&self, state: &State, kind: &Kind, home: Option<&str>, reference: &str) -> Option<String> {
        crate::handlers::kept(self.cx, state, &kind.noun, home, reference)
    }

    /// The value in the input that an action has for a parent.
    fn parent_value<'i>(&'i self, action: &Action, parent: &str) -> Option<&'i Value> {
        let source = Source::Input(parent.to_owned());
        let named = action.names.iter().find(|(_, from)| *from == source).map(|(member, _)| member.as_str());
        self.input.get(named.unwrap_or(parent)).filter(|value| !value.is_null())
    }

    /// The resource that an action names: its order key.
    fn target(&self, state: &State, at: usize, action: &Action) -> Result<u64, Refusal> {
        let kind = self.kinds.kind(at);
        let parents = self.parents(state, kind, |parent| self.parent_value(action, parent))?;
        let reference = kind.id_member(action).and_then(|member| self.input.get(member)).and_then(scalar);
        let reference = reference.unwrap_or_default();
        let found = state.things.find(&kind.noun, &parents, &reference);
        found.ok_or_else(|| self.missing(&kind.words, &reference))
    }

    /// Refuses a call that names something that does not exist.
    fn exists(&self, at: usize, action: &Action) -> Result<(), Refusal> {
        let state = self.cx.store.lock();
        if self.kinds.forms[at].is_some() {
            return self.target(&state, at, action).map(drop);
        }
        let kind = self.kinds.kind(at);
        let parents = self.parents(&state, kind, |parent| self.parent_value(action, parent))?;
        let member = kind.id_member(action).and_then(|member| self.input.get(member)).and_then(scalar);
        let Some(reference) = member else { return Ok(()) };
        let home = parents.first().and_then(Option::as_deref);
        match self.kept(&state, kind, home, &reference) {
            Some(_) => Ok(()),
            None => Err(self.missing(&kind.words, &reference)),
        }
    }
}
