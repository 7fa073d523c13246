//! The deletion that undoes each creation, and the members that it needs. Derived from the model; the exceptions are
//! tables.

use std::collections::HashMap;

use connect_model::schema::{Kind, Members, OperationId, Schema};
use serde_json::{Map, Value};

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
    pub rank: u8,
    /// Input member of `create` with the name that the caller chooses, if there is one.
    pub name_member: Option<String>,
    /// Finds a resource by its name when the response to its creation was lost.
    pub search: Option<Listing>,
    /// The operation that shows one resource, with the input of `delete`.
    pub describe: Option<OperationId>,
}

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member of the output of the creation, as a path.
    Output(Vec<String>),
    /// A member of the input of the creation.
    Input(String),
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

/// Values whose path in the output differs from their name: operation, member of its `delete`, path in the output.
const OUTPUT_PATHS: &[(&str, &str, &[&str])] = &[
    ("CreateDataTableAttribute", "AttributeName", &["Name"]),
    ("CreateView", "ViewId", &["View", "Id"]),
    ("CreateViewVersion", "ViewVersion", &["View", "Version"]),
];

/// Operations with other names that create a resource, each with its deletion.
const OTHERS: &[(&str, &str)] =
    &[("ClaimPhoneNumber", "ReleasePhoneNumber"), ("ImportPhoneNumber", "ReleasePhoneNumber")];

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
pub fn table(schema: &Schema) -> HashMap<OperationId, Undo> {
    schema.operations().filter_map(|(create, _)| Some((create, undo(schema, create)?))).collect()
}

fn undo(schema: &Schema, create: OperationId) -> Option<Undo> {
    let name = schema[create].name.as_str();
    if KEPT.iter().any(|(kept, _)| *kept == name) {
        return None;
    }
    let noun = name.strip_prefix("Create");
    let other = OTHERS.iter().find(|(create, _)| *create == name).map(|(_, delete)| (*delete).to_owned());
    let delete = schema.operation_named(&other.or_else(|| Some(format!("Delete{}", noun?)))?)?;
    let (input, output) = (schema.input_members(&schema[create])?, schema.output_members(&schema[create]));
    let needed = schema.input_members(&schema[delete])?;
    let delete_members: Option<Vec<(String, Source)>> = (needed.iter().filter(|member| member.required))
        .map(|member| Some((member.name.clone(), source(name, &member.name, input, output)?)))
        .collect();
    let delete_members = delete_members?;
    let name_member = NAMES.iter().find(|name| input.get(name).is_some()).map(|name| (*name).to_owned());
    let id = id_of(&delete_members);
    let search = id.zip(noun).and_then(|(id, noun)| listing(schema, noun, id, input));
    let describe = noun.and_then(|noun| describing(schema, noun, &delete_members));
    Some(Undo { create, delete, delete_members, rank: rank(name), name_member, search, describe })
}

/// The operation that shows a resource of a noun, if the members of its deletion are enough for it.
fn describing(schema: &Schema, noun: &str, members: &[(String, Source)]) -> Option<OperationId> {
    let named = ["Describe", "Get"].into_iter().filter_map(|verb| schema.operation_named(&format!("{verb}{noun}")));
    named.into_iter().find(|operation| {
        let input = schema.input_members(&schema[*operation]);
        let given = |member: &str| members.iter().any(|(name, _)| name == member);
        input.is_some_and(|input| {
            input.iter().filter(|member| member.required).all(|member| given(&member.name))
                && members.iter().all(|(name, _)| input.get(name).is_some())
        })
    })
}

/// The member with the id that the endpoint assigned.
fn id_of(members: &[(String, Source)]) -> Option<&str> {
    members.iter().find(|(_, source)| matches!(source, Source::Output(_))).map(|(member, _)| member.as_str())
}

fn source(create: &str, member: &str, input: &Members, output: Option<&Members>) -> Option<Source> {
    let path = |names: &[&str]| Some(Source::Output(names.iter().map(|name| (*name).to_owned()).collect()));
    if let Some((_, _, names)) = OUTPUT_PATHS.iter().find(|row| (row.0, row.1) == (create, member)) {
        return path(names);
    }
    let outputs = |name: &str| output.is_some_and(|output| output.get(name).is_some());
    if outputs(member) {
        return path(&[member]);
    }
    // A creation may request a version; the response has the version that was assigned.
    if member.ends_with("Version") && outputs("Version") {
        return path(&["Version"]);
    }
    // A member that is a label in one operation and a query parameter in the other has two spellings.
    if let Some(given) = input.iter().find(|given| given.name.eq_ignore_ascii_case(member)) {
        return Some(Source::Input(given.name.clone()));
    }
    (member.ends_with("Id") && outputs("Id")).then(|| path(&["Id"])).flatten()
}

/// Rules start flows, flows use modules, and an instance holds them all.
fn rank(create: &str) -> u8 {
    match create {
        "CreateRule" => 0,
        "CreateContactFlow" => 2,
        "CreateContactFlowModule" => 3,
        "CreateInstance" => 4,
        _ => 1,
    }
}

/// The operation that lists the resources of a noun, if its items have names, and if the creation has every member that it
/// requires.
fn listing(schema: &Schema, noun: &str, id_member: &str, input: &Members) -> Option<Listing> {
    let stem = noun.strip_suffix('y').map(|stem| format!("{stem}ies"));
    let plurals = [format!("{noun}s"), format!("{noun}es")].into_iter().chain(stem);
    let names = plurals.flat_map(|plural| [format!("List{plural}"), format!("Search{plural}")]);
    names.filter_map(|name| schema.operation_named(&name)).find_map(|operation| {
        let required = schema.input_members(&schema[operation])?;
        if required.iter().any(|member| member.required && input.get(&member.name).is_none()) {
            return None;
        }
        let path = schema[operation].pagination.as_ref()?.items.as_ref()?;
        let list = schema.output_members(&schema[operation])?.get(path.first()?)?;
        let Kind::List(list) = &schema[list.slot.target].kind else { return None };
        let item = schema[list.member.target].kind.members()?;
        let first = |names: &[&str]| names.iter().find(|name| item.get(name).is_some()).map(|name| (*name).to_owned());
        let arn = item.iter().find(|member| member.name.to_ascii_lowercase().ends_with("arn"));
        Some(Listing {
            operation,
            name: first(NAMES)?,
            id: first(&[id_member, "Id"])?,
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
        let usable = |value: &&Value| value.is_number() || value.as_str().is_some_and(|text| !text.is_empty());
        let members = self.delete_members.iter().map(|(name, source)| {
            let value = match source {
                Source::Input(member) => request.get(member),
                Source::Output(path) => output(path),
            };
            Some((name.clone(), value.filter(usable)?.clone()))
        });
        members.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    /// The member of the deletion's input with the id that the endpoint assigned.
    pub fn id_member(&self) -> Option<&str> {
        id_of(&self.delete_members)
    }

    /// Members of the creation's input with the ids of the resources that hold the new one, other than the instance.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.delete_members.iter().filter_map(|(_, source)| match source {
            Source::Input(member) if member.ends_with("Id") && member != "InstanceId" => Some(member.as_str()),
            _ => None,
        })
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
        for (create, delete) in OTHERS {
            assert_eq!(schema[undo_of(create).delete].name, *delete);
        }
        for (create, member, path) in OUTPUT_PATHS {
            let undo = undo_of(create);
            let source = &undo.delete_members.iter().find(|(name, _)| name == member).unwrap().1;
            let path = path.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(source, &Source::Output(path));
            let mut members = schema.output_members(&schema[undo.create]).unwrap();
            let Source::Output(path) = source else { unreachable!() };
            for name in path {
                let member = members.get(name).unwrap();
                members = schema[member.slot.target].kind.members().unwrap_or(members);
            }
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
        let (with, all) = (table.values().filter(|undo| undo.search.is_some()).count(), table.len());
        // The lists of the rest have no names: versions, files, parts of other resources.
        assert!(with * 3 > all * 2, "{with} of {all}");
    }
}
