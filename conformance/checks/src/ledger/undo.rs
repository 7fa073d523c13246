//! The deletion that undoes each creation, and the members that it needs: read from the graph of the model.

use std::collections::HashMap;

pub use connect_model::resources::Source;
use connect_model::resources::{self as graph, Graph, Kind, Role};
use connect_model::schema::{Binding, OperationId, Schema};
use serde_json::{Map, Value};

use crate::resources::INSTANCE;

/// The deletion of the resources that an operation creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The operation that creates them.
    pub create: OperationId,
    /// The operation that deletes them.
    pub delete: OperationId,
    /// Input members of `delete`, each with the source of its value.
    pub delete_members: Vec<(String, Source)>,
    /// Order of deletion, lowest first: a resource before those that it uses, and instances, which hold the others, last.
    pub rank: usize,
    /// Input member of `create` with the name that the caller chooses, if there is one.
    pub name_member: Option<String>,
    /// Finds a resource by its name when the response to its creation was lost.
    pub search: Option<Listing>,
    /// The operation that shows one resource, with the input of `delete`.
    pub describe: Option<OperationId>,
    /// The list that shows what was there before a creation, if no operation describes one resource.
    pub inventory: Option<OperationId>,
    /// Input member of `create` with the id, if the caller chooses it.
    pub chosen_id: Option<String>,
    /// True if `search` needs no more than the instance, so that it can show all of them.
    pub is_listed: bool,
    /// Members of the input of `delete` in the query that name what holds the resource. Their values may be empty; an empty id
    /// names nothing.
    pub in_query: Vec<String>,
}

/// An operation that lists the resources of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The operation.
    pub operation: OperationId,
    /// Member of an item with the name.
    pub name: String,
    /// Member of an item with the value that [`Source::Output`] has in the response to a creation.
    pub id: String,
    /// Member of an item with the ARN, if there is one.
    pub arn: Option<String>,
}

/// Creations that are not undone, with the reason. None of them is a plain write, so that each is sent to a real account
/// only if the user names it.
pub const KEPT: &[(&str, &str)] = &[
    ("CreateAgentStatus", "the model has no deletion"),
    ("CreateAuthCode", "it ends by itself"),
    ("CreateContact", "contacts are never deleted"),
    ("CreateParticipant", "it ends with its contact"),
    ("CreatePersistentContactAssociation", "the model has no deletion"),
    ("CreatePushNotificationRegistration", "its deletion requires a contact that the creation does not have"),
];

/// Members that hold the name of a resource.
pub(crate) const NAMES: &[&str] =
    &["Name", "InstanceAlias", "AliasName", "SecurityProfileName", "Title", "Username", "VocabularyName"];

/// The deletions of a model, by the operation that creates.
pub fn table(schema: &'static Schema) -> HashMap<OperationId, Undo> {
    let graph = graph::shared(schema);
    let ranks = graph.ranks();
    let undos = graph.kinds().iter().flat_map(|kind| {
        let rank = ranks.get(kind.noun.as_str()).copied().unwrap_or_default();
        let undo = undo(schema, graph, kind, rank);
        let creations = std::iter::once(kind.create).chain(kind.others.iter().copied());
        undo.into_iter().flat_map(move |undo| creations.clone().map(move |create| Undo { create, ..undo.clone() }))
    });
    undos.map(|undo| (undo.create, undo)).collect()
}

fn undo(schema: &Schema, graph: &Graph, kind: &Kind, rank: usize) -> Option<Undo> {
    let delete = kind.first(Role::Delete)?;
    let names = &delete.names;
    let describe = kind.all(Role::Describe).find(|describe| {
        let members = |names: &[(String, Source)]| names.iter().map(|(member, _)| member.clone()).collect::<Vec<_>>();
        members(&describe.names) == members(names)
    });
    let created = schema.input_members(&schema[kind.create]);
    let is_named = |list: OperationId| {
        let mut members = schema.input_members(&schema[list]).into_iter().flatten().filter(|member| member.required);
        members.all(|member| created.and_then(|created| created.get(&member.name)).is_some())
    };
    let mut lists = kind.all(Role::List).chain(kind.all(Role::Search)).map(|list| list.operation);
    let inventory = if describe.is_none() { lists.find(|list| is_named(*list)) } else { None };
    let search = listing(schema, graph, kind);
    let places = search.iter().filter_map(|search| schema.input_members(&schema[search.operation]));
    let is_listed = search.is_some() && places.flatten().all(|member| !member.required || member.name == INSTANCE);
    let members = schema.input_members(&schema[delete.operation]);
    let is_in_query = |name: &str| {
        members.and_then(|members| members.get(name)).is_some_and(|member| matches!(member.binding, Binding::Query(_)))
    };
    let holders = names.iter().filter(|(_, source)| *source != kind.id && matches!(source, Source::Input(_)));
    let in_query = holders.map(|(name, _)| name.clone()).filter(|name| is_in_query(name)).collect();
    Some(Undo {
        create: kind.create,
        delete: delete.operation,
        delete_members: names.clone(),
        rank,
        name_member: kind.name.clone(),
        search,
        describe: describe.map(|describe| describe.operation),
        inventory,
        chosen_id: if let Source::Input(id) = &kind.id { Some(id.clone()) } else { None },
        is_listed,
        in_query,
    })
}

/// The member with the id that the endpoint assigned.
fn id_of(members: &[(String, Source)]) -> Option<&str> {
    members.iter().find(|(_, source)| matches!(source, Source::Output(_))).map(|(member, _)| member.as_str())
}

/// The operation that lists the resources of a kind, if its items have names.
fn listing(schema: &Schema, graph: &Graph, kind: &Kind) -> Option<Listing> {
    let own = kind.name.as_deref()?;
    let lists = kind.all(Role::List).chain(kind.all(Role::Search));
    let mut lists = lists.filter(|list| schema[list.operation].pagination.is_some());
    lists.find_map(|list| {
        let item = graph.items(schema, list.operation)?;
        let name = [own, "Name", "name"].into_iter().find(|name| item.get(name).is_some())?;
        let arn = item.iter().find(|member| member.name.to_ascii_lowercase().ends_with("arn"));
        Some(Listing {
            operation: list.operation,
            name: name.to_owned(),
            id: list.item_id.clone()?,
            arn: arn.map(|member| member.name.clone()),
        })
    })
}

impl Undo {
    /// The input of the deletion, from members of the request and the response to the creation.
    pub fn input_from_response(&self, request: &Map<String, Value>, output: &Value) -> Option<Value> {
        self.input(request, |path| path.iter().try_fold(output, |value, name| value.get(name)))
    }

    /// The input of the deletion, from members of the request and an item of the list.
    pub fn input_from_item(&self, request: &Map<String, Value>, item: &Value) -> Option<Value> {
        let id = &self.search.as_ref()?.id;
        self.input(request, |_| item.get(id))
    }

    fn input<'v>(
        &self,
        request: &'v Map<String, Value>,
        output: impl Fn(&[String]) -> Option<&'v Value>,
    ) -> Option<Value> {
        let is_usable = |name: &String, value: &Value| {
            value.is_number() || value.as_str().is_some_and(|text| !text.is_empty() || self.in_query.contains(name))
        };
        let members = self.delete_members.iter().map(|(name, source)| {
            let value = match source {
                Source::Input(member) => request.get(member),
                Source::Output(path) => output(path),
            };
            Some((name.clone(), value.filter(|value| is_usable(name, value))?.clone()))
        });
        members.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    /// The name in the members of a creation's input.
    pub(crate) fn name_in<'v>(&self, request: &'v Map<String, Value>) -> Option<&'v str> {
        request.get(self.name_member.as_ref()?)?.as_str()
    }

    /// The member of the deletion's input with the id that the endpoint assigned.
    pub fn id_member(&self) -> Option<&str> {
        id_of(&self.delete_members)
    }

    /// The values in a deletion that tell the resource from others: the id that the endpoint assigned, else what the caller
    /// chose.
    pub(crate) fn ids<'v>(&self, deletion: &'v Value) -> Vec<&'v Value> {
        let is_assigned = |source: &Source| matches!(source, Source::Output(_));
        let assigned = self.delete_members.iter().any(|(_, source)| is_assigned(source));
        let members = self.delete_members.iter().filter(|(member, source)| match assigned {
            true => is_assigned(source),
            false => member != INSTANCE,
        });
        members.filter_map(|(member, _)| deletion.get(member)).collect()
    }

    /// Members of the creation's input with the ids of the resources that hold the new one, other than the instance.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let members = self.delete_members.iter().filter_map(|(_, source)| match source {
            Source::Input(member) if member.ends_with("Id") && member != "InstanceId" => Some(member.as_str()),
            _ => None,
        });
        members.filter(|member| self.chosen_id.as_deref() != Some(member))
    }

    /// The members of a creation's input that identify the resource.
    pub(crate) fn members_in(&self, input: &Value) -> Map<String, Value> {
        let members = self.request_members();
        members.filter_map(|member| Some((member.to_owned(), input.get(member)?.clone()))).collect()
    }

    /// Members of the creation's input that identify the resource.
    pub fn request_members(&self) -> impl Iterator<Item = &str> {
        let inputs = self.delete_members.iter().filter_map(|(_, source)| match source {
            Source::Input(member) => Some(member.as_str()),
            Source::Output(_) => None,
        });
        inputs.chain(self.name_member.as_deref())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::semantics::danger::{Danger, danger};
    use serde_json::json;

    use super::*;

    fn undo_of(create: &str) -> Undo {
        let schema = Schema::connect();
        table(schema).remove(&schema.operation_named(create).unwrap()).unwrap()
    }

    #[test]
    fn every_creation_can_be_undone_or_has_a_reason_not_to_be() {
        let schema = Schema::connect();
        let table = table(schema);
        for (id, operation) in schema.operations().filter(|(_, operation)| operation.name.starts_with("Create")) {
            let kept = KEPT.iter().any(|(name, _)| *name == operation.name);
            assert_ne!(table.contains_key(&id), kept, "{}", operation.name);
            // A resource that stays must not be created just because writes are allowed.
            assert!(!kept || danger(schema, operation) > Danger::Write, "{}", operation.name);
        }
    }

    #[test]
    fn deletions_have_the_ids_of_their_creations() {
        let request = json!({ "InstanceId": "i", "ContactFlowId": "f", "DataTableId": "t" });
        let request = request.as_object().unwrap();
        let rows = [
            ("CreateRule", json!({ "RuleId": "r", "RuleArn": "a" }), json!({ "InstanceId": "i", "RuleId": "r" })),
            ("CreateContactFlowModule", json!({ "Id": "m" }), json!({ "InstanceId": "i", "ContactFlowModuleId": "m" })),
            (
                "CreateContactFlowVersion",
                json!({ "Version": 2 }),
                json!({ "InstanceId": "i", "ContactFlowId": "f", "ContactFlowVersion": 2 }),
            ),
            (
                "CreateContactFlowAlias",
                json!({ "Id": "x" }),
                json!({ "InstanceId": "i", "ContactFlowId": "f", "AliasId": "x" }),
            ),
            ("CreateView", json!({ "View": { "Id": "v" } }), json!({ "InstanceId": "i", "ViewId": "v" })),
            ("CreateInstance", json!({ "Id": "n" }), json!({ "InstanceId": "n" })),
            ("ClaimPhoneNumber", json!({ "PhoneNumberId": "p" }), json!({ "PhoneNumberId": "p" })),
        ];
        for (create, output, expected) in rows {
            assert_eq!(undo_of(create).input_from_response(request, &output), Some(expected), "{create}");
            assert_eq!(undo_of(create).input_from_response(request, &json!({ "Id": "" })), None, "{create}");
        }
    }

    #[test]
    fn most_kinds_can_be_looked_up_by_name() {
        let schema = Schema::connect();
        let found = |create: &str| {
            let search = undo_of(create).search.unwrap();
            (schema[search.operation].name.clone(), search.name, search.id)
        };
        let row = |list: &str, name: &str, id: &str| (list.to_owned(), name.to_owned(), id.to_owned());
        assert_eq!(found("CreateContactFlow"), row("ListContactFlows", "Name", "Id"));
        assert_eq!(found("CreateRule"), row("ListRules", "Name", "RuleId"));
        assert_eq!(found("CreateContactFlowModule"), row("ListContactFlowModules", "Name", "Id"));
        assert_eq!(found("CreateContactFlowAlias"), row("ListContactFlowAliases", "AliasName", "AliasId"));
        assert_eq!(found("CreateEvaluationForm"), row("ListEvaluationForms", "Title", "EvaluationFormId"));
        let table = table(schema);
        let named = || table.values().filter(|undo| undo.name_member.is_some());
        let (with, all) = (named().filter(|undo| undo.search.is_some()).count(), named().count());
        assert!(with * 10 > all * 9, "{with} of {all}");
    }
}
