//! The resources that a run can create: the kinds of the model, with the operations on them and the inputs that the
//! operations need.

mod lookup;
mod shown;

use std::iter;

use connect_model::alike::Shared;
use connect_model::json_text::scalar;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, Action, Graph, Kind, Role, Source, tag_member};
use connect_model::schema::{Binding, Kind as ShapeKind, Member, Members, OperationId, Schema, ShapeId, Slot};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::semantics::{Context, rule as rules};
use connect_model::validate::validate_slot;
use serde_json::{Map, Value};

pub use self::lookup::{created_by, instances, listed_by, named, rows, stored_by, updated_by};
pub(crate) use self::shown::{can_be_shown, make_showable, shown_at};
use crate::client::reply::TAKEN;
use crate::code::Scope;
use crate::tagging;

/// One kind of resource.
#[derive(Debug)]
pub struct Resource {
    /// Name for messages.
    pub kind: &'static str,
    /// Name in case ids.
    pub variant: &'static str,
    /// The noun in the names of the operations.
    pub noun: &'static str,
    /// The operation that creates one.
    pub create: &'static str,
    /// Input member of `create` that must be unique. Every request gets a new value with the run id.
    pub name_member: Option<&'static str>,
    /// The operation that describes one; empty if there is none.
    pub describe: &'static str,
    /// Input member with the id, of `describe` if there is one.
    pub id_member: &'static str,
    /// The operation that lists them, and the member of an item with the id.
    pub list: Option<(&'static str, &'static str)>,
    /// The operation that searches them, and the member of an item with the id.
    pub search: Option<(&'static str, &'static str)>,
    /// The operation that deletes one; empty if there is none.
    pub delete: &'static str,
    /// Operations that update one. Each gets a resource of its own, since others read the shared ones.
    pub updates: Vec<&'static str>,
    /// The kind in the graph of the model.
    pub of: &'static Kind,
    schema: &'static Schema,
}

fn row(schema: &'static Schema, kind: &'static Kind) -> Option<Resource> {
    let name = |operation: OperationId| schema[operation].name.as_str();
    let is_named = |action: &&Action| {
        action.names.iter().all(|(_, source)| *source == kind.id || matches!(source, Source::Input(_)))
    };
    let of = |role| kind.all(role).filter(is_named);
    let [describe, delete] = [Role::Describe, Role::Delete].map(|role| of(role).next());
    let listing = |role| {
        let found = of(role).find_map(|action| Some((action.operation, action.item_id.as_deref()?)))?;
        Some((name(found.0), found.1)).filter(|_| schema[found.0].pagination.is_some())
    };
    let one = kind.actions.iter().filter(|action| !action.role.lists() && is_named(action));
    let named = describe.or(delete).or_else(|| one.into_iter().next())?;
    Some(Resource {
        variant: kind.words.replace(' ', "-").leak(),
        kind: &kind.words,
        noun: &kind.noun,
        create: name(kind.create),
        name_member: [kind.name.as_deref(), chosen_id(kind)]
            .into_iter()
            .flatten()
            .find(|name| takes_names(schema, kind, name) && !kind.needs.iter().any(|need| need.place == **name)),
        describe: describe.map_or("", |action| name(action.operation)),
        id_member: kind.id_member(named)?,
        list: listing(Role::List),
        search: listing(Role::Search),
        delete: delete.map_or("", |action| name(action.operation)),
        updates: of(Role::Update).map(|update| name(update.operation)).collect(),
        of: kind,
        schema,
    })
}

/// The member with the id, if the caller chooses it.
fn chosen_id(kind: &Kind) -> Option<&str> {
    match &kind.id {
        Source::Input(member) => Some(member),
        Source::Output(_) => None,
    }
}

/// The slot of a member of the creation.
fn slot_of<'s>(schema: &'s Schema, kind: &Kind, member: &str) -> Option<&'s Slot> {
    Some(&schema.input_members(&schema[kind.create])?.get(member)?.slot)
}

/// True if names of a run have a form that a member of the creation allows.
fn takes_names(schema: &Schema, kind: &Kind, name: &str) -> bool {
    slot_of(schema, kind, name).is_some_and(|slot| form_of(schema, iter::once(slot), "Ct-00000000-0").is_some())
}

/// The first form of a name that each of some slots allows: the name itself, an address, a URL, an ARN, the name without
/// hyphens or capitals, or a domain.
pub(crate) fn form_of<'s>(
    schema: &Schema,
    slots: impl Iterator<Item = &'s Slot> + Clone,
    name: &str,
) -> Option<String> {
    let forms = [
        name.to_owned(),
        format!("{name}@example.com"),
        format!("https://{}.example.com", name.to_lowercase()),
        format!("arn:aws:lambda:us-east-1:111122223333:function:{name}"),
        name.replace('-', ""),
        name.to_lowercase(),
        format!("{}.example.com", name.to_lowercase()),
    ];
    let fits = |form: &str| slots.clone().all(|slot| validate_slot(schema, slot, &form.into()).is_empty());
    forms.into_iter().find(|form| fits(form))
}

/// Member that names the instance.
pub(crate) const INSTANCE: &str = "InstanceId";

/// The member that must be the digest of a flow's published content, with its operation.
pub const DIGEST: (&str, &str) = ("CreateContactFlowVersion", "FlowContentSha256");

/// Suffix of the id of a flow or module that selects its draft. One that was never published has nothing else to show.
pub(crate) const DRAFT: &str = ":$SAVED";

/// The id of the draft of a flow or module.
pub(crate) fn draft(id: &str) -> String {
    format!("{id}{DRAFT}")
}

/// Number of updates of the kind that the operation in scope creates.
pub(crate) fn updates_of(scope: &Scope<'_>) -> u32 {
    created_by(scope.schema, scope.name()).map_or(0, |row| row.updates.len() as u32)
}

/// Calls `work` with the context for the rules outside the model that an operation has at `focus`: that of a resource of
/// ours, if it updates one.
pub fn in_context<R>(
    schema: &'static Schema,
    operation: &str,
    focus: &SchemaPath,
    work: impl FnOnce(&Context<'_>) -> R,
) -> R {
    let template = updated_by(schema, operation).and_then(Resource::template);
    work(&template.map(|template| context(template, focus)).unwrap_or_default())
}

/// Context for the rules outside the model: of a resource of ours that is updated at `focus`.
fn context<'t>(template: &'t Map<String, Value>, focus: &SchemaPath) -> Context<'t> {
    Context {
        event_source: source_for(template, focus).or_else(|| event_source(template)),
        flow_type: template.get("Type").and_then(Value::as_str),
    }
}

/// Another event source than the template's, if rules with the template's event source cannot have a value at `focus`.
pub fn source_for(template: &Map<String, Value>, focus: &SchemaPath) -> Option<&'static str> {
    rules::source_for(focus, event_source(template))
}

/// The event source of the template of a rule.
fn event_source(template: &Map<String, Value>) -> Option<&str> {
    template.get("TriggerEventSource")?.get("EventSourceName")?.as_str()
}

impl Resource {
    /// True for the instances of Connect.
    pub fn is_instance(&self) -> bool {
        self.noun == "Instance" && self.schema.service.is_connect()
    }

    /// True if it lives in an instance of Connect.
    pub fn in_instance(&self) -> bool {
        self.of.parents.iter().any(|(member, _)| member == INSTANCE)
    }

    /// True if the model can describe and delete one, so that its life can be judged. Nobody can make a new one whose id the
    /// caller must choose among those of something else, such as an account.
    pub fn is_judged(&self) -> bool {
        self.is_described() && !self.delete.is_empty()
    }

    /// True if the model can describe a new one, so that its values can be judged. One without a deletion is made on endpoints
    /// on this machine alone, and of Connect alone: elsewhere, a missing deletion says that little is known of the kind.
    pub fn is_described(&self) -> bool {
        let is_new = match &self.of.id {
            Source::Input(member) => self.name_member == Some(member),
            Source::Output(_) => true,
        };
        let is_known = self.schema.service.is_connect() || !self.delete.is_empty();
        is_new && is_known && !self.describe.is_empty()
    }

    /// Input of `create` that a healthy service accepts once names and ids are added; none if any valid one will do.
    pub fn template(&self) -> Option<&'static Map<String, Value>> {
        self.of.template.as_ref()?.as_object()
    }

    /// Members that a healthy service needs in the creation: those of the template, or those of the sample.
    pub fn given(&self) -> Option<&'static Map<String, Value>> {
        self.template().or_else(|| self.of.sample.as_ref()?.as_object())
    }

    /// True for a member of which a healthy service needs certain values.
    pub fn needs_sample(&self, member: &str) -> bool {
        self.of.sample.as_ref().is_some_and(|sample| sample.get(member).is_some())
    }

    /// The template as an input, which still lacks names and ids.
    pub fn input(&self) -> Value {
        self.template().cloned().unwrap_or_default().into()
    }

    /// The given members that an operation has.
    pub fn template_for(&self, members: &Members) -> Map<String, Value> {
        let mut template = self.given().cloned().unwrap_or_default();
        template.retain(|name, _| members.get(name).is_some());
        template
    }

    /// True if the creation takes a member.
    pub fn takes(&self, member: &str) -> bool {
        slot_of(self.schema, self.of, member).is_some()
    }

    /// True if the creation has an error for a name that is taken.
    pub fn has_unique_names(&self) -> bool {
        let contract = &self.schema[self.of.create];
        // A Put replaces what has the name.
        !contract.name.starts_with("Put")
            && self.name_member.is_some()
            && if self.schema.service.is_connect() {
                TAKEN.iter().any(|error| self.schema.error_of(contract, error).is_some())
            } else {
                // Elsewhere, a conflict may concern more than names: only an id is certainly unique. Neither a quota nor a change
                // that somebody else makes at the same time is a name that is taken.
                let conflicts = |error: &ShapeId| {
                    let shape = &self.schema[*error];
                    let says = |word: &&str| shape.name.contains(*word);
                    let is_name = ["Conflict", "Exist", "Duplicate", "InUse"].iter().any(says) && !says(&"Concurrent");
                    is_name && shape.error.is_some_and(|error| error.status == 409)
                };
                chosen_id(self.of) == self.name_member && contract.errors.iter().any(conflicts)
            }
    }

    /// True if tags can be added to one by its ARN, as far as the model tells.
    pub fn is_taggable(&self) -> bool {
        self.graph().tagging.is_some()
            && (self.template().is_some()
                || self.of.arn.is_some() && (self.tag_member().is_some() || self.schema.service.is_connect()))
    }

    /// The member of the creation with tags, if there is one.
    pub fn tag_member(&self) -> Option<&'static Member> {
        tag_member(self.schema, self.schema.input_members(&self.schema[self.of.create])?)
    }

    /// Adds tags to the input of a creation, if the kind takes any.
    pub(crate) fn add_tags<'t>(&self, input: &mut Value, tags: impl IntoIterator<Item = (&'t str, &'t str)>) {
        if let Some(member) = self.tag_member() {
            tagging::add_tags(self.schema, member, input, tags);
        }
    }

    /// The facts that the input of an operation and the description have in common, other than the ids of the resource and of
    /// what holds it.
    pub(crate) fn facts(&self, operation: OperationId) -> Facts {
        let schema = self.schema;
        let (Some(input), Some(shown)) = (schema.input_members(&schema[operation]), self.of.described(schema)) else {
            return Facts { pairs: Vec::new(), schema, described: None };
        };
        let is_own_id = |member: &Member| {
            let kind = self.graph().named_at(schema, &member.name, member.slot.target);
            kind.is_some_and(|kind| kind.noun == self.noun) && Some(member.name.as_str()) != self.name_member
        };
        let names = self.graph().actions_of(operation).flat_map(|(_, action)| &action.names);
        let names: Vec<String> = names.map(|(member, _)| format!("/{member}")).collect();
        let mut facts = schema.shared(input, shown);
        // A token says something about the request, not about the resource.
        let is_token = |pair: &Shared| input.get(&pair.left[1..]).is_some_and(|member| member.idempotency_token);
        // The form of an update, with what it adds and removes, is another one than that of the description.
        let is_comparable = |pair: &Shared| {
            let (from, to) = (input.get(&pair.left[1..]), shown.get(&pair.right[1..]));
            from.zip(to).is_none_or(|(from, to)| schema.has_place_for(to.slot.target, from.slot.target))
        };
        facts.retain(|pair| {
            let is_own = shown.get(&pair.right[1..]).is_some_and(is_own_id);
            // The service stamps what it stores, whatever a request says of when and where it was changed last.
            let is_stamp = pair.left.starts_with("/LastModified");
            !names.contains(&pair.left) && !is_token(pair) && !is_own && !is_stamp && is_comparable(pair)
        });
        Facts { pairs: facts, schema, described: Some(shown) }
    }

    /// True if the items of the list have names.
    pub(crate) fn lists_names(&self) -> bool {
        let list = self.list.and_then(|(list, _)| self.schema.operation_named(list));
        let items = list.and_then(|list| self.schema.item_members(&self.schema[list]));
        let has = |name: &str| items.is_some_and(|items| items.get(name).is_some());
        self.name_member.is_some_and(|name| has(name) || has("Name") || has("name"))
    }

    /// The operation that lists them, for messages.
    pub fn list_name(&self) -> &'static str {
        self.list.map_or("the list", |(list, _)| list)
    }

    /// The member of a listed item with the id.
    pub fn list_id(&self) -> &'static str {
        self.list.map_or("Id", |(_, id)| id)
    }

    /// JSON Pointer to the id in the answer to the creation; empty if the caller chooses it.
    pub fn id_pointer(&self) -> String {
        match &self.of.id {
            Source::Output(path) => path.iter().map(|name| format!("/{name}")).collect(),
            Source::Input(_) => String::new(),
        }
    }

    /// Checks that two creations can make two resources.
    ///
    /// # Errors
    /// They choose one id.
    pub(crate) fn makes_two(&self, one: &Value, other: &Value) -> Result<(), String> {
        match &self.of.id {
            Source::Input(member) if one.get(member).is_some() && one.get(member) == other.get(member) => {
                Err(format!("no further id is known that {} may choose", self.create))
            }
            _ => Ok(()),
        }
    }

    /// True if the items of a list show the id.
    pub(crate) fn is_told_by(&self, list: OperationId) -> bool {
        self.of.actions.iter().any(|action| action.operation == list && action.item_id.is_some())
    }

    /// The id of a resource, from the request and the body of the answer.
    pub fn id_in(&self, sent: &Value, body: &Value) -> Option<String> {
        let none = Map::new();
        scalar(self.of.id.value(sent.as_object().unwrap_or(&none), body)?)
    }

    /// Members of the creation and of updates, whose values the caller chooses.
    pub(crate) fn chosen(&self) -> Vec<&'static str> {
        let operations = self.updates.iter().filter_map(|update| self.schema.operation_named(update));
        let inputs = operations.chain([self.of.create]).filter_map(|id| self.schema.input_members(&self.schema[id]));
        inputs.flatten().map(|member| member.name.as_str()).collect()
    }

    /// Members with the ARN of one in its views, in lower case.
    pub(crate) fn arns(&self) -> Vec<String> {
        let own = self.of.arn.iter().flatten().next_back().map(|arn| arn.to_ascii_lowercase());
        own.into_iter().chain(["arn".to_owned()]).collect()
    }

    /// The ARN in the body of the answer to a creation.
    pub fn arn_in(&self, body: &Value) -> Option<String> {
        let path = self.of.arn.as_ref()?;
        Some(path.iter().try_fold(body, |value, name| value.get(name))?.as_str()?.to_owned())
    }

    /// The name in the input of a creation, in a description or in an item; empty if there is none.
    pub fn name_in<'v>(&self, value: &'v Value) -> &'v str {
        // A view may call it by a shorter name than the creation.
        let name = |member: &str| self.name_member.and_then(|_| value.get(member)?.as_str());
        self.name_member.and_then(name).or_else(|| name("Name")).or_else(|| name("name")).unwrap_or_default()
    }

    /// Sets the name in the input of a creation, if the kind has one.
    pub fn set_name(&self, input: &mut Value, name: impl Into<Value>) {
        if let Some(member) = self.name_member {
            input[member] = name.into();
        }
    }

    /// A name in the form that the creation takes.
    pub(crate) fn name_of(&self, text: &str) -> String {
        let Some(member) = self.name_member else { return text.to_owned() };
        let Some(slot) = slot_of(self.schema, self.of, member) else { return text.to_owned() };
        let both = iter::once(slot).chain(shown_at(self.schema, self.create, member));
        let found = form_of(self.schema, both, text).or_else(|| form_of(self.schema, iter::once(slot), text));
        found.unwrap_or_else(|| text.to_owned())
    }

    /// JSON Pointer to the name in the input of a creation.
    pub fn name_pointer(&self) -> String {
        self.name_member.map(|member| format!("/{member}")).unwrap_or_default()
    }

    /// The members that name a resource in the input of an operation on it, from the input that created it. For lists, those
    /// that name its parents.
    pub fn naming(&self, operation: &str, sent: &Value, id: &str) -> Value {
        let action = self.of.actions.iter().find(|action| self.schema[action.operation].name == operation);
        let members = self.schema.operation_named(operation).map(|operation| &self.schema[operation]);
        let members = members.and_then(|operation| self.schema.input_members(operation));
        let is_number = |member: &str| {
            let member = members.and_then(|members| members.get(member));
            member.is_some_and(|member| matches!(self.schema[member.slot.target].kind, ShapeKind::Number(_)))
        };
        let value = |member: &str, source: &Source| match source {
            _ if *source == self.of.id => match id.parse::<i64>() {
                Ok(number) if is_number(member) => number.into(),
                _ => id.into(),
            },
            Source::Input(member) => sent[member].clone(),
            Source::Output(_) => Value::Null,
        };
        let names = action.into_iter().flat_map(|action| &action.names);
        let names = names.map(|(member, source)| (member.clone(), value(member, source)));
        // Some members are shown on demand alone.
        let is_read = action.is_some_and(|action| action.role == Role::Describe);
        let on_demand = members.into_iter().flatten().filter(|member| {
            let is_option = !member.required && matches!(self.schema[member.slot.target].kind, ShapeKind::Boolean);
            is_read && is_option && member.name.to_ascii_lowercase().starts_with("include")
        });
        // A list shows the resources of all optional homes.
        let is_list = action.is_some_and(|action| action.role.lists());
        let homes = self.homes().filter(|home| !is_list && members.is_some_and(|members| members.get(home).is_some()));
        let homes = homes.filter_map(|home| Some((home.to_owned(), sent.get(home)?.clone())));
        homes
            .chain(names)
            .chain(on_demand.map(|member| (member.name.clone(), true.into())))
            .collect::<Map<_, _>>()
            .into()
    }

    /// Optional members of the creation that name what the resource lives in: its description takes them beside the id, and not
    /// in a body. One without them lives in a default.
    fn homes(&self) -> impl Iterator<Item = &'static str> {
        let describe = self.schema.operation_named(self.describe);
        let members = describe.and_then(|describe| self.schema.input_members(&self.schema[describe]));
        let is_home = move |place: &&str| {
            let member = members.and_then(|members| members.get(place));
            member.is_some_and(|member| {
                !member.required && matches!(member.binding, Binding::Query(_) | Binding::Header(_))
            })
        };
        let optional = self.of.needs.iter().filter(|need| !need.required);
        optional.map(|need| need.place.as_str()).filter(is_home)
    }

    /// True for a member of the creation that names another resource of the same kind, such as `ParentGroupId`.
    pub(crate) fn names_another(&self, member: &str) -> bool {
        let is_own = |need: &graph::Need| self.graph().kinds()[need.kind].noun == self.noun;
        self.of.needs.iter().any(|need| is_own(need) && need.place == member)
    }

    /// The places in the creation that must name another resource, or that may name one of the same kind, with the kinds that
    /// can be described and deleted.
    pub(crate) fn own_needs(&self) -> impl Iterator<Item = (&'static str, &'static Resource)> {
        let named = |need: &'static graph::Need| {
            let needed = named(self.schema, &self.graph().kinds()[need.kind].noun)?;
            let is_own = need.required || self.names_another(&need.place);
            (is_own && needed.is_judged() && !needed.is_instance()).then_some((need.place.as_str(), needed))
        };
        self.of.needs.iter().filter_map(named)
    }

    /// The model.
    pub(crate) fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The graph of the model.
    pub fn graph(&self) -> &'static Graph {
        graph::shared(self.schema)
    }
}

/// True for a member with the name of what an operation creates or renames, which must be unused.
pub(crate) fn takes_new_name(schema: &'static Schema, operation: OperationId, member: &str) -> bool {
    let contract = &schema[operation];
    let is_name = matches!(member, "Name" | "InstanceAlias");
    if danger(schema, contract) == Danger::Read {
        return false;
    }
    if graph::shared(schema).made_by(operation).is_some_and(|kind| kind.name.as_deref() == Some(member)) {
        return true;
    }
    if let Some(row) = created_by(schema, &contract.name) {
        return row.name_member.map_or(is_name, |name| name == member);
    }
    let mut actions = graph::shared(schema).actions_of(operation);
    let is_id = |kind: &Kind, action: &Action| {
        kind.id_member(action) == Some(member) || kind.id == Source::Input(member.to_owned())
    };
    is_name && !actions.any(|(kind, action)| is_id(kind, action))
}

/// True for a text by which an operation names what it makes, and which names nothing else: the ARN of a certificate that it
/// associates. Two of them would be one thing.
pub(crate) fn takes_new_id(schema: &'static Schema, operation: OperationId, member: &Member) -> bool {
    let is_text = |member: &Member| matches!(schema[member.slot.target].kind, ShapeKind::String);
    let Some(made) = graph::shared(schema).made_by(operation).filter(|_| is_text(member)) else { return false };
    let (Source::Input(id), None) = (&made.id, &made.name) else { return false };
    if *id == member.name {
        return made.needs.iter().all(|need| need.place != member.name);
    }
    // With an id of a few values, the holder is another one.
    let members = schema.input_members(&schema[operation]);
    let is_free = members.and_then(|members| members.get(id)).is_some_and(is_text);
    !is_free && made.parents.iter().any(|(parent, kind)| *parent == member.name && kind.is_none())
}

/// The member of a description that names what an operation makes.
pub(crate) fn describing(schema: &'static Schema, operation: OperationId) -> Option<&'static Slot> {
    let made = graph::shared(schema).made_by(operation)?;
    let describe = made.first(Role::Describe)?;
    let member = schema.input_members(&schema[describe.operation])?.get(made.id_member(describe)?)?;
    Some(&member.slot)
}

/// Sets the members of an input that `names` has.
pub(crate) fn overwrite(input: &mut Value, names: Value) {
    if let (Some(input), Value::Object(names)) = (input.as_object_mut(), names) {
        input.extend(names.into_iter().filter(|(_, id)| !id.is_null()));
    }
}

/// Facts that the input of an operation and the description of a resource have in common.
pub(crate) struct Facts {
    pub(crate) pairs: Vec<Shared>,
    schema: &'static Schema,
    described: Option<&'static Members>,
}

impl Facts {
    /// The facts of an input, as members of the description.
    pub(crate) fn shown(&self, input: &Value) -> Value {
        let facts = self.pairs.iter().filter_map(|pair| {
            let value = input.pointer(&pair.left)?;
            self.can_show(pair, value).then(|| (pair.right[1..].to_owned(), value.clone()))
        });
        Value::Object(facts.collect())
    }

    /// True if the description can show a value of the input.
    pub(crate) fn can_show(&self, pair: &Shared, value: &Value) -> bool {
        let member = self.described.and_then(|described| described.get(&pair.right[1..]));
        member.is_none_or(|member| self.schema.can_show(&member.slot, value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::validate::validate;
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_are_valid_once_names_and_ids_are_added() {
        let schema = Schema::connect();
        let templated: Vec<&Resource> = rows(schema).iter().filter(|row| row.template().is_some()).collect();
        assert!(templated.len() >= 4);
        for row in templated {
            let create = &schema[schema.operation_named(row.create).unwrap()];
            let mut value = Value::Object(row.template().unwrap().clone());
            value["InstanceId"] = "00000000-0000-4000-8000-000000000001".into();
            value[row.name_member.unwrap()] = "ct-1".into();
            if row.is_instance() {
                value.as_object_mut().unwrap().remove("InstanceId");
            }
            assert_eq!(validate(schema, create.input.unwrap(), &value), [], "{}", row.kind);
        }
    }

    #[test]
    fn rows_name_resources_as_each_operation_does() {
        let schema = Schema::connect();
        let rows = rows(schema);
        assert!(rows[0].is_instance() && rows.len() > 30, "{}", rows.len());
        let module = named(schema, "ContactFlowModule").unwrap();
        let sent = json!({ "InstanceId": "i", "Name": "n" });
        let named = json!({ "InstanceId": "i", "ContactFlowModuleId": "m" });
        assert_eq!(module.naming("DeleteContactFlowModule", &sent, "m"), named);
        assert_eq!(module.id_in(&sent, &json!({ "Id": "m", "Arn": "a" })).as_deref(), Some("m"));
        let attribute = super::named(schema, "PredefinedAttribute").unwrap();
        assert_eq!(attribute.id_in(&sent, &json!({})).as_deref(), Some("n"));
        assert_eq!(attribute.naming("DescribePredefinedAttribute", &sent, "n"), sent);
    }
}
