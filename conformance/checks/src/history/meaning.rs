//! The effect of each operation of the model on a thing, as the resource graph tells it. Sends nothing.

use std::collections::HashMap;

use connect_model::json_text::scalar;
use connect_model::resources::{Action, Role, Source};
use connect_model::schema::{OperationId, PerSchema, Schema};
use serde_json::{Map, Value};

use crate::resources::{self, Facts, Resource};

/// The effect of an operation.
pub(super) enum Meaning {
    /// Makes a thing.
    Create(Of),
    /// Shows one.
    Describe(Of),
    /// Changes one.
    Update(Of),
    /// Changes one in a way that descriptions may show.
    Disturb(Of),
    /// Deletes one.
    Delete(Of),
    /// Lists those of a place; with the member of an item that has the id.
    List(Of, &'static str),
    /// Searches those of a place; with the member of an item that has the id.
    Search(Of, &'static str),
    /// Adds tags.
    Tag,
    /// Removes tags.
    Untag,
    /// Lists tags.
    ListTags,
}

/// The kind that an operation is about.
pub(super) struct Of {
    pub(super) row: &'static Resource,
    /// Its part in the life of the kind; none for creations.
    action: Option<&'static Action>,
    /// Members of the input that the description shows, too.
    facts: Facts,
    /// Input members of the creation with the ids of what holds the thing.
    parents: Vec<&'static str>,
    /// True if the operation has an error for a name that is taken.
    refuses_names: bool,
}

/// The error for a name that is taken.
const DUPLICATE: &str = "DuplicateResourceException";

/// The members with tags, which have a model of their own.
const TAGS: [&str; 2] = ["Tags", "tags"];

/// The operations of a model by name, as far as they act on things that a run can make.
pub(super) fn meanings(schema: &'static Schema) -> &'static HashMap<&'static str, Meaning> {
    static MEANINGS: PerSchema<HashMap<&'static str, Meaning>> = PerSchema::new();
    MEANINGS.get(schema, |schema| {
        let mut found = HashMap::new();
        for row in resources::rows(schema).iter().filter(|row| !row.is_instance() && !row.describe.is_empty()) {
            let of = |operation: OperationId, action| {
                let mut facts = row.facts(operation);
                facts.pairs.retain(|pair| !TAGS.contains(&&pair.right[1..]));
                let refuses_names = refuses_names(schema, operation);
                Of { row, action, facts, parents: parents(schema, row), refuses_names }
            };
            found.insert(row.create, Meaning::Create(of(row.of.create, None)));
            for action in &row.of.actions {
                let name = schema[action.operation].name.as_str();
                let of = of(action.operation, Some(action));
                let meaning = match action.role {
                    Role::Describe if name == row.describe => Meaning::Describe(of),
                    Role::Update if row.updates.contains(&name) => Meaning::Update(of),
                    Role::Delete if name == row.delete => Meaning::Delete(of),
                    Role::List | Role::Search => {
                        let listing = [(row.list, false), (row.search, true)];
                        let found = listing.into_iter().find_map(|(listing, searches)| {
                            listing.filter(|(list, _)| *list == name).map(|(_, id)| (id, searches))
                        });
                        match found {
                            Some((id, true)) => Meaning::Search(of, id),
                            Some((id, false)) => Meaning::List(of, id),
                            None => continue,
                        }
                    }
                    Role::Describe => continue,
                    _ => Meaning::Disturb(of),
                };
                found.entry(name).or_insert(meaning);
            }
        }
        if let Some(tagging) = &connect_model::resources::shared(schema).tagging {
            let name = |operation: OperationId| schema[operation].name.as_str();
            found.insert(name(tagging.tag), Meaning::Tag);
            found.insert(name(tagging.untag), Meaning::Untag);
            found.insert(name(tagging.list), Meaning::ListTags);
        }
        found
    })
}

/// True if an operation has an error for a name that another thing has. Other conflicts have other causes.
pub(super) fn refuses_names(schema: &Schema, operation: OperationId) -> bool {
    schema.error_of(&schema[operation], DUPLICATE).is_some()
}

/// True if no update of a kind may give a name twice.
pub(super) fn keeps_names_unique(schema: &'static Schema, row: &Resource) -> bool {
    let renames = |operation: &OperationId| {
        let members = schema.input_members(&schema[*operation]);
        let takes = |member: &str| members.is_some_and(|members| members.get(member).is_some());
        takes("Name") || row.name_member.is_some_and(takes)
    };
    let updates = row.updates.iter().filter_map(|update| schema.operation_named(update));
    updates.filter(renames).all(|operation| refuses_names(schema, operation))
}

/// The parents that every operation on a thing names.
fn parents(schema: &'static Schema, row: &'static Resource) -> Vec<&'static str> {
    let listing = [row.list, row.search].into_iter().flatten().map(|(name, _)| name);
    let names: Vec<&str> =
        [row.describe, row.delete].into_iter().chain(row.updates.iter().copied()).chain(listing).collect();
    let actions = row.of.actions.iter().filter(|action| names.contains(&schema[action.operation].name.as_str()));
    let actions: Vec<&Action> = actions.collect();
    let all = row.of.parents.iter().map(|(parent, _)| parent.as_str());
    all.filter(|parent| actions.iter().all(|action| named(action, parent).is_some())).collect()
}

/// The input member of an action with the id that a creation has in another.
fn named<'a>(action: &'a Action, parent: &str) -> Option<&'a str> {
    let is_it = |source: &Source| matches!(source, Source::Input(member) if member == parent);
    action.names.iter().find(|(_, source)| is_it(source)).map(|(member, _)| member.as_str())
}

/// The place of things: their kind, and the ids of what holds them.
pub(super) type Place = (&'static str, Vec<String>);

/// An id without the ARN around it; none for a version or a draft, which have contents of their own.
fn plain(text: &str) -> Option<String> {
    let id = if text.starts_with("arn:") { text.rsplit('/').next().unwrap_or(text) } else { text };
    (!id.contains(":$")).then(|| id.to_owned())
}

impl Of {
    /// The place that an input names, by those parents that every operation names.
    pub(super) fn place(&self, input: &Value) -> Place {
        let parents = self.parents.iter().map(|parent| {
            let member = self.action.map_or(Some(*parent), |action| named(action, parent));
            let value = member.and_then(|member| scalar(input.get(member)?));
            value.and_then(|value| plain(&value)).unwrap_or_default()
        });
        (self.row.noun, parents.collect())
    }

    /// The id of the thing that an input names.
    pub(super) fn id(&self, input: &Value) -> Option<String> {
        let member = self.row.of.id_member(self.action?)?;
        plain(&scalar(input.get(member)?)?)
    }

    /// The id of a new thing.
    pub(super) fn new_id(&self, sent: &Value, output: &Value) -> Option<String> {
        plain(&self.row.id_in(sent, output)?)
    }

    /// The id of a listed item.
    pub(super) fn item_id(&self, item: &Value, member: &str) -> Option<String> {
        plain(&scalar(item.get(member)?)?)
    }

    /// The values of an input, by the members of the description.
    pub(super) fn sent(&self, input: &Value) -> Map<String, Value> {
        match self.facts.shown(input) {
            Value::Object(values) => values,
            _ => Map::new(),
        }
    }

    /// The name in an input; none if names may be given twice.
    pub(super) fn name<'v>(&self, input: &'v Value) -> Option<&'v str> {
        let name = self.row.name_member?;
        // An update may call it by the shorter name of the description.
        let found = input.get(name).or_else(|| self.action.and_then(|_| input.get("Name")))?;
        found.as_str().filter(|_| self.row.has_unique_names())
    }

    /// True if a name that is taken is refused.
    pub(super) fn refuses_names(&self) -> bool {
        self.refuses_names
    }

    /// The client token in the input of a creation.
    pub(super) fn token<'v>(&self, input: &'v Value) -> Option<&'v str> {
        input.get(self.row.of.token.as_deref()?)?.as_str()
    }

    /// True if an input has members beside those that name the place and the page: it may narrow a list.
    pub(super) fn narrows(&self, schema: &Schema, input: &Value) -> bool {
        let Some(action) = self.action else { return true };
        let pages = schema[action.operation].pagination.as_ref();
        let is_page = |member: &str| {
            pages.is_some_and(|pages| pages.input_token == member || pages.page_size.as_deref() == Some(member))
        };
        let members = input.as_object().into_iter().flatten();
        members.filter(|(_, value)| !value.is_null()).any(|(member, _)| !is_page(member) && !action.is_named_by(member))
    }

    /// The description in the output of the operation that describes one.
    pub(super) fn description<'v>(&self, schema: &Schema, output: &'v Value) -> &'v Value {
        match self.row.of.wrapper(schema) {
            Some((wrapper, _)) => output.get(&wrapper.json_name).unwrap_or(&Value::Null),
            None => output,
        }
    }
}
