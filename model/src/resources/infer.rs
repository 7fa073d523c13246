//! Inference of the kinds of a model.

use std::collections::HashSet;

use super::corrections::Corrections;
use super::identify::{is_common, is_general};
use super::lists::{items, tagging};
use super::source::{Creation, Rule, Source, described, is_scalar, named};
use super::words::{CHANGERS, COMMON, LISTERS, MAKERS, SHOWERS, heads, in_words, noun, object, plurals, tails};
use super::{Action, Graph, Kind, Need, Role};
use crate::schema::{self, Members, Operation, OperationId, Schema, ShapeId};

/// Members that hold the name of a resource, beside the name of its kind alone or with `Name` or `Alias`.
const NAMES: &[&str] = &["Name", "Title"];

/// Greatest depth of a place that names another resource.
const DEPTH: usize = 6;

/// Finds the kinds of a model.
pub(super) fn graph(schema: &Schema, corrections: &Corrections) -> Graph {
    let mut finder = Finder { schema, corrections, used: HashSet::new(), graph: Graph::default() };
    finder.kinds();
    finder.identify();
    finder.parents();
    finder.needs();
    finder.lists();
    finder.others();
    finder.finish()
}

pub(super) struct Finder<'s> {
    pub(super) schema: &'s Schema,
    corrections: &'s Corrections,
    /// Corrections that changed something, by the noun of the kind.
    used: HashSet<&'s str>,
    pub(super) graph: Graph,
}

impl<'s> Finder<'s> {
    pub(super) fn operation(&self, name: &str) -> Option<OperationId> {
        self.schema.operation_named(name).filter(|id| self.schema[*id].refused.is_none())
    }

    pub(super) fn members(&self, operation: OperationId) -> Option<&'s Members> {
        self.schema.input_members(&self.schema[operation])
    }

    fn creation<'n>(&self, noun: &'n str, create: OperationId) -> Creation<'n>
    where
        's: 'n,
    {
        let contract = &self.schema[create];
        Creation {
            schema: self.schema,
            noun,
            input: self.schema.input_members(contract),
            output: self.schema.output_members(contract),
        }
    }

    /// The input members that an operation requires, each with its source in a creation; none if one has no source.
    fn names(&self, creation: &Creation<'_>, operation: OperationId) -> Option<(Vec<(String, Source)>, Rule)> {
        let mut weakest = Rule::SameName;
        let required = self.members(operation).into_iter().flatten().filter(|member| member.required);
        let names: Option<Vec<_>> = required
            .map(|member| {
                let (source, rule) = creation.source(member)?;
                weakest = weakest.max(rule);
                Some((member.name.clone(), source))
            })
            .collect();
        let mut names = names?;
        self.in_path_order(operation, &mut names);
        Some((names, weakest))
    }

    /// Sorts members as the path has them: the holder before what it holds.
    fn in_path_order(&self, operation: OperationId, names: &mut [(String, Source)]) {
        let (segments, members) = (&self.schema[operation].uri.segments, self.members(operation));
        let at = |member: &str| {
            let binding = members.and_then(|members| members.get(member)).map(|member| &member.binding);
            let is_own = |segment: &schema::Segment| match (segment, binding) {
                (schema::Segment::Label(label) | schema::Segment::Greedy(label), Some(schema::Binding::Label(own))) => {
                    label == own
                }
                _ => false,
            };
            segments.iter().position(is_own).unwrap_or(usize::MAX)
        };
        names.sort_by_key(|(member, _)| at(member));
    }

    /// Finds the operations that make, show and delete the resources of each kind.
    fn kinds(&mut self) {
        for (maker, enders) in MAKERS {
            for (id, operation) in self.schema.operations().filter(|(_, operation)| operation.refused.is_none()) {
                let Some(noun) = noun(&operation.name, maker) else { continue };
                let ends = enders.iter().any(|ender| self.operation(&format!("{ender}{noun}")).is_some());
                let taken = self.graph.kinds.iter().any(|kind| kind.noun == noun || kind.create == id);
                if taken || (!ends && *maker != "Create") {
                    continue;
                }
                self.kind(noun, id, enders);
            }
        }
        self.graph.kinds.sort_by(|one, other| one.noun.cmp(&other.noun));
    }

    fn kind(&mut self, noun: &str, create: OperationId, enders: &[&str]) {
        let creation = self.creation(noun, create);
        let mut actions = Vec::new();
        let mut act = |finder: &Self, role: Role, name: String| {
            let operation = finder.operation(&name)?;
            let (mut names, rule) = finder.names(&creation, operation)?;
            if names.is_empty() {
                names.extend(finder.members(operation).and_then(|members| creation.choice(members)));
            }
            actions.push(Action { role, operation, names, item_id: None, rule });
            Some(())
        };
        enders.iter().find_map(|verb| act(self, Role::Delete, format!("{verb}{noun}")));
        let joined = associations(&self.schema[create].name, noun);
        let shown = [noun.to_owned()].into_iter().chain(joined.into_iter().take(1));
        shown
            .flat_map(|noun| SHOWERS.iter().map(move |verb| format!("{verb}{noun}")))
            .find_map(|name| act(self, Role::Describe, name));
        let id = actions.iter().find_map(|action| self.own_id(&creation, action)).or_else(|| creation.assigned());
        // The caller may name what it joins by members that all name other things; then it is no kind of its own.
        let Some(id) = id else { return };
        // An operation that does not name the resource is about something else.
        actions.retain(|action| action.names.iter().any(|(_, source)| *source == id));
        let arn = tails(noun).map(|tail| format!("{tail}Arn")).chain(["Arn".to_owned()]);
        let input = creation.input;
        let own = tails(noun).flat_map(|tail| [format!("{tail}Name"), format!("{tail}Alias")]);
        let name = own.chain([noun.to_owned()]).chain(NAMES.iter().map(|name| (*name).to_owned()));
        let name = name.into_iter().find_map(|name| named(input, &name).filter(|found| is_text(self.schema, found)));
        // Nothing else of the kind has an id that the caller chose; a name beside it may occur twice.
        let is_own_id = |chosen: &str| {
            let ends = chosen.to_ascii_lowercase().ends_with("id");
            ends && creation.is_own(chosen) && self.schema[create].name.starts_with("Create")
        };
        let name = match &id {
            Source::Input(chosen) => (name.is_some() || is_own_id(chosen)).then(|| chosen.clone()),
            Source::Output(_) => name.map(|member| member.name.clone()),
        };
        let kind = Kind {
            noun: noun.to_owned(),
            words: in_words(noun),
            create,
            others: Vec::new(),
            arn: arn.into_iter().find_map(|arn| creation.answered(&arn)),
            name,
            token: input.and_then(Members::idempotency_token).map(|member| member.name.clone()),
            id,
            parents: Vec::new(),
            needs: Vec::new(),
            actions,
            template: None,
            sample: None,
            reason: None,
        };
        self.graph.kinds.push(kind);
    }

    /// The value that tells resources of one parent apart: what the answer assigned, else what the caller chose. The caller
    /// does not choose the ids of other kinds.
    fn own_id(&self, creation: &Creation<'_>, action: &Action) -> Option<Source> {
        // Beside an id, the answer may repeat the type of the resource.
        let assigned = action.names.iter().filter_map(|named| match &named.1 {
            Source::Output(path) => Some((named, path.last()?.to_ascii_lowercase())),
            Source::Input(_) => None,
        });
        let is_id = |last: &str| ["id", "arn"].iter().any(|end| last.ends_with(end));
        let assigned = assigned.min_by_key(|(_, last)| !is_id(last)).map(|(named, _)| named);
        let own = || action.names.iter().find(|(member, _)| creation.is_own(member));
        let members = self.members(action.operation);
        let is_chosen = |name: &str| {
            let member = members.and_then(|members| members.get(name));
            // A header is about the request, such as the version that a change expects.
            let is_free = |member: &&schema::Member| !matches!(member.binding, schema::Binding::Header(_));
            member.filter(is_free).is_some_and(|member| is_text(self.schema, member)) && !self.is_assigned(name)
        };
        // The account is that of everything.
        let is_account = |member: &str| action.names.len() > 1 && member.to_ascii_lowercase().ends_with("accountid");
        let mut chosen = action.names.iter().filter(|(member, _)| is_chosen(member) && !is_account(member));
        assigned.or_else(own).or_else(|| chosen.next_back()).map(|(_, source)| source.clone())
    }

    /// True for the id of a kind that a creation assigns: `QueueId`, where the model has CreateQueue.
    fn is_assigned(&self, member: &str) -> bool {
        let noun = ["Id", "Arn", "Name"].iter().find_map(|end| member.strip_suffix(end));
        noun.is_some_and(|noun| {
            let create = self.schema.operations().map(|(_, operation)| operation.name.as_str());
            let mut nouns = create.filter_map(|name| name.strip_prefix("Create"));
            nouns.any(|known| known.eq_ignore_ascii_case(noun)) && !noun.is_empty()
        }) || self.graph.kinds.iter().any(
            |kind| matches!(&kind.id, Source::Output(path) if path.last().is_some_and(|id| id == member && !is_common(id))),
        )
    }

    /// Finds the resources that hold others: those that must be named beside the id.
    fn parents(&mut self) {
        let parents = |kind: &Kind| {
            let action = kind.first(Role::Delete).or_else(|| kind.first(Role::Describe));
            let names = action.map(|action| action.names.as_slice()).unwrap_or_default();
            let inputs = names.iter().filter_map(|(_, source)| match source {
                Source::Input(member) if *source != kind.id => Some(member.clone()),
                _ => None,
            });
            let mut parents: Vec<String> = inputs.collect();
            let instance = named(self.members(kind.create), "InstanceId").filter(|member| member.required);
            if let Some(instance) = instance.filter(|_| parents.is_empty()) {
                parents.push(instance.name.clone());
            }
            let found = |name: String| {
                let member = named(self.members(kind.create), &name);
                let shape = member.map(|member| member.slot.target);
                let kind = shape.and_then(|shape| self.graph.kind_of(self.schema, &name, shape));
                // A token is that of one request, and a header that names no kind tells who sends it.
                let is_of_request = member.is_some_and(|member| {
                    member.idempotency_token || matches!(member.binding, schema::Binding::Header(_)) && kind.is_none()
                });
                (!is_of_request).then_some((name, kind))
            };
            parents.into_iter().filter_map(found).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.graph.kinds.iter().map(parents).collect();
        for (kind, parents) in self.graph.kinds.iter_mut().zip(all) {
            // The name of the holder is not that of what it holds.
            kind.name = kind.name.take().filter(|name| parents.iter().all(|(parent, _)| parent != name));
            kind.parents = parents;
        }
    }

    /// Finds the places in a creation that name other resources.
    fn needs(&mut self) {
        let all: Vec<_> = (self.graph.kinds.iter().enumerate())
            .map(|(at, kind)| {
                let mut needs = Vec::new();
                let skip = |member: &str| {
                    kind.parents.iter().any(|(parent, _)| parent == member) || kind.name.as_deref() == Some(member)
                };
                for member in self.members(kind.create).into_iter().flatten().filter(|member| !skip(&member.name)) {
                    let place = Place { path: member.name.clone(), member: &member.name, required: member.required };
                    self.places(member.slot.target, &place, &mut Vec::new(), &mut needs);
                }
                needs.retain(|need| self.is_need(at, need));
                needs
            })
            .collect();
        for (kind, needs) in self.graph.kinds.iter_mut().zip(all) {
            kind.needs = needs;
        }
    }

    /// True for a place in the creation of a kind that names another resource, not the new one.
    fn is_need(&self, at: usize, need: &Need) -> bool {
        if self.graph.kinds[at].id != Source::Input(need.place.clone()) {
            return need.kind != at || need.place.contains("Parent");
        }
        // The caller names some things by what they belong to, and most by a name of their own.
        let (other, place) = (&self.graph.kinds[need.kind], need.place.to_ascii_lowercase());
        let is_others = match other.id {
            Source::Output(_) => {
                COMMON.contains(&&*place) || tails(&other.noun).any(|tail| place.contains(&tail.to_ascii_lowercase()))
            }
            Source::Input(_) => place.starts_with(&other.noun.to_ascii_lowercase()),
        };
        need.kind != at && is_others
    }

    fn places(&self, shape: ShapeId, place: &Place<'_>, open: &mut Vec<ShapeId>, needs: &mut Vec<Need>) {
        if let Some(kind) = self.graph.kind_of(self.schema, place.member, shape) {
            needs.push(Need { place: place.path.clone(), kind, required: place.required });
            return;
        }
        if open.len() >= DEPTH || open.contains(&shape) {
            return;
        }
        open.push(shape);
        match &self.schema[shape].kind {
            schema::Kind::Structure(members) | schema::Kind::Union(members) => {
                let is_union = matches!(self.schema[shape].kind, schema::Kind::Union(_));
                for member in members {
                    let required = place.required && member.required && !is_union;
                    let path = format!("{}.{}", place.path, member.name);
                    self.places(member.slot.target, &Place { path, member: &member.name, required }, open, needs);
                }
            }
            schema::Kind::List(list) => {
                let required =
                    place.required && self.schema[shape].base.length.is_some_and(|bounds| bounds.min > Some(0));
                let single = place.member.strip_suffix('s').unwrap_or(place.member);
                let place = Place { path: format!("{}[]", place.path), member: single, required };
                self.places(list.member.target, &place, open, needs);
            }
            _ => {}
        }
        open.pop();
    }

    /// Finds the operations that list the resources of a kind.
    fn lists(&mut self) {
        let mut found = Vec::new();
        for (at, kind) in self.graph.kinds.iter().enumerate() {
            let creation = self.creation(&kind.noun, kind.create);
            // The list of associations must show the id: a shorter noun may be that of something else.
            let joined = associations(&self.schema[kind.create].name, &kind.noun);
            let joined = joined.into_iter().map(|noun| (format!("{noun}s"), true));
            let nouns = plurals(&kind.noun).into_iter().map(|plural| (plural, false)).chain(joined);
            for ((plural, shows_id), verb) in
                nouns.flat_map(|noun| LISTERS.iter().map(move |verb| (noun.clone(), verb)))
            {
                let Some(operation) = self.operation(&format!("{verb}{plural}")) else { continue };
                if kind.actions.iter().any(|action| action.operation == operation) {
                    continue;
                }
                let Some(items) = items(self.schema, &self.schema[operation]) else { continue };
                let (names, rule) = match self.names(&creation, operation) {
                    Some(found) => found,
                    None => continue,
                };
                // A list names parents only. A required name is that of something else, in which these are.
                let own = kind.name.clone().map(Source::Input);
                if names.iter().any(|(_, source)| *source == kind.id || Some(source) == own.as_ref()) {
                    continue;
                }
                let role = if *verb == "Search" { Role::Search } else { Role::List };
                let item_id = items.and_then(|items| self.item_id(kind, &creation, items));
                if shows_id && item_id.is_none() {
                    continue;
                }
                found.push((at, Action { role, operation, names, item_id, rule }));
            }
        }
        for (at, action) in found {
            self.graph.kinds[at].actions.push(action);
        }
    }

    /// The member of an item with the id of the resource.
    fn item_id(&self, kind: &Kind, creation: &Creation<'_>, items: &Members) -> Option<String> {
        let is_id = |member: &&schema::Member| is_scalar(self.schema, member);
        let by_member = kind.actions.iter().find_map(|action| items.get(kind.id_member(action)?).filter(is_id));
        let sources = || {
            let sources = items.iter().filter(is_id).filter_map(|member| Some((member, creation.source(member)?)));
            sources.filter(|(_, (source, _))| *source == kind.id)
        };
        let by_source = || sources().min_by_key(|(_, (_, rule))| *rule).map(|(member, _)| member);
        // The items may show it under another name.
        let shape = creation.shape(&kind.id).filter(|shape| !is_general(self.schema, *shape));
        let by_shape = || items.iter().filter(is_id).find(|member| Some(member.slot.target) == shape);
        let found = by_member.or_else(by_source).or_else(|| named(Some(items), "Id")).or_else(by_shape);
        found.map(|member| member.name.clone())
    }

    /// Finds the kinds of all other operations, by the ids that they require.
    fn others(&mut self) {
        let mut taken: HashSet<OperationId> = HashSet::new();
        for kind in &self.graph.kinds {
            taken.insert(kind.create);
            taken.extend(kind.actions.iter().map(|action| action.operation));
        }
        let mut found = Vec::new();
        for correction in &self.corrections.list {
            let Some(at) = self.graph.kinds.iter().position(|kind| kind.noun == correction.noun) else { continue };
            for other in correction.also.iter().filter_map(|name| self.operation(name)).collect::<Vec<_>>() {
                taken.insert(other);
                self.graph.kinds[at].others.push(other);
                self.used.insert(&correction.noun);
            }
        }
        for (id, operation) in self.schema.operations() {
            if taken.contains(&id) || operation.refused.is_some() {
                continue;
            }
            if let Some((at, action)) = self.action(id, operation) {
                found.push((at, action));
            }
        }
        for (at, action) in found {
            self.graph.kinds[at].actions.push(action);
        }
    }

    /// The kind whose id an operation requires; of several, the one that lives in the others.
    fn action(&self, id: OperationId, operation: &Operation) -> Option<(usize, Action)> {
        let members = self.members(id)?;
        let required = || members.iter().filter(|member| member.required);
        let kind_of = |member: &schema::Member| self.graph.kind_of(self.schema, &member.name, member.slot.target);
        let object = object(&operation.name);
        let kinds = self.graph.kinds.iter().enumerate();
        let concerned = kinds.filter(|(at, kind)| {
            object.starts_with(&kind.noun) || required().any(|member| kind_of(member) == Some(*at))
        });
        let candidates = concerned.filter_map(|(at, kind)| {
            let creation = self.creation(&kind.noun, kind.create);
            let mut weakest = Rule::SameName;
            let sources = required().filter_map(|member| {
                let (source, rule) = creation.source(member)?;
                // Another member may be the id of something else.
                if rule == Rule::OnlyId && kind_of(member) != Some(at) {
                    return None;
                }
                let is_parent =
                    matches!(&source, Source::Input(name) if kind.parents.iter().any(|(parent, _)| parent == name));
                (source == kind.id || is_parent).then(|| {
                    weakest = weakest.max(rule);
                    (member.name.clone(), source)
                })
            });
            let mut all: Vec<_> = sources.collect();
            self.in_path_order(id, &mut all);
            let mut names: Vec<(String, Source)> = Vec::new();
            for (member, source) in all {
                if names.iter().all(|(_, known)| *known != source) {
                    names.push((member, source));
                }
            }
            names.iter().any(|(_, source)| *source == kind.id).then_some((at, kind, names, weakest))
        });
        let (at, _, names, rule) = candidates.max_by_key(|(_, kind, names, _)| {
            let in_path = names.iter().all(|(member, _)| operation.uri.text.contains(&format!("{{{member}")));
            (object == kind.noun, in_path, kind.parents.len(), object.contains(&kind.noun), kind.noun.len())
        })?;
        let kind = &self.graph.kinds[at];
        let role = match role(&operation.name) {
            Role::Update if !object.starts_with(&kind.noun) || !self.is_shown(kind, members, &names) => Role::Use,
            role => role,
        };
        Some((at, Action { role, operation: id, names, item_id: None, rule }))
    }

    /// True if the description of a resource shows something that an operation takes beside the names.
    fn is_shown(&self, kind: &Kind, members: &Members, names: &[(String, Source)]) -> bool {
        let list = || items(self.schema, &self.schema[kind.first(Role::List)?.operation]).flatten();
        let Some(shown) = described(self.schema, kind).or_else(list) else { return false };
        let shared = self.schema.shared(members, shown);
        shared.iter().any(|pair| names.iter().all(|(name, _)| pair.left[1..] != **name))
    }

    fn finish(mut self) -> Graph {
        for correction in &self.corrections.list {
            let Some(kind) = self.graph.kinds.iter_mut().find(|kind| kind.noun == correction.noun) else { continue };
            if correction.apply(self.schema, kind) {
                self.used.insert(&correction.noun);
            }
        }
        for correction in &self.corrections.list {
            if !self.used.contains(correction.noun.as_str()) {
                self.graph.stale.push(format!("{}: the correction changes nothing; remove it", correction.noun));
            }
        }
        for kind in &mut self.graph.kinds {
            kind.actions.sort_by_key(|action| (action.role, action.operation));
        }
        for (at, kind) in self.graph.kinds.iter().enumerate() {
            for (place, action) in kind.actions.iter().enumerate() {
                self.graph.by_operation.entry(action.operation).or_default().push((at, place));
            }
        }
        self.graph.tagging = tagging(self.schema);
        self.graph.links = self.links();
        self.graph
    }
}

/// Nouns of what an operation that associates something makes: `AssociateFlow` makes a `FlowAssociation`.
fn associations(create: &str, kind: &str) -> Vec<String> {
    let is_association = noun(create, "Associate").is_some();
    let nouns = [kind].into_iter().chain(heads(kind)).filter(|_| is_association);
    nouns.map(|noun| format!("{noun}Association")).collect()
}

/// A place in an input.
struct Place<'p> {
    path: String,
    member: &'p str,
    required: bool,
}

/// True for members with free text.
fn is_text(schema: &Schema, member: &schema::Member) -> bool {
    matches!(schema[member.slot.target].kind, schema::Kind::String)
}

/// The role of an operation that names one resource.
fn role(operation: &str) -> Role {
    let starts = |verbs: &[&str]| verbs.iter().any(|verb| noun(operation, verb).is_some());
    if starts(CHANGERS) {
        Role::Update
    } else if starts(&["Associate", "BatchAssociate", "Add", "Attach"]) {
        Role::Associate
    } else if starts(&["Disassociate", "BatchDisassociate", "Remove", "Detach"]) {
        Role::Disassociate
    } else {
        Role::Use
    }
}
