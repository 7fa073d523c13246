//! Which operation takes away what another made, and how it names it. Derived from the model; the exceptions are rows.

use std::collections::HashMap;

use connect_model::schema::{Kind, Members, OperationId, Schema};
use serde_json::{Map, Value};

/// How to take away what an operation makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// Makes it.
    pub create: OperationId,
    /// Takes it away.
    pub delete: OperationId,
    /// Input members of `delete`, each with where its value is to be found.
    pub names: Vec<(String, Source)>,
    /// Earlier ones go first: what uses others before what it uses, and instances, which hold everything, at last.
    pub rank: u8,
    /// Input member of `create` with the name that somebody chose, if there is one.
    pub name_member: Option<String>,
    /// Finds what was made by its name, where the answer was lost.
    pub search: Option<Listing>,
}

/// Where a value is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A member of the output, from the top.
    Output(Vec<String>),
    /// A member of the input.
    Input(String),
}

/// An operation that lists what there is of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Lists.
    pub operation: OperationId,
    /// Member of an item with the name.
    pub name: String,
    /// Member of an item with what [`Source::Output`] gives.
    pub id: String,
    /// Member of an item with the ARN, if there is one.
    pub arn: Option<String>,
}

/// Values that stand elsewhere than their names say: operation, member of its `delete`, path in the output.
const ELSEWHERE: &[(&str, &str, &[&str])] = &[
    ("CreateDataTableAttribute", "AttributeName", &["Name"]),
    ("CreateView", "ViewId", &["View", "Id"]),
    ("CreateViewVersion", "ViewVersion", &["View", "Version"]),
];

/// Operations of another name that make something, each with the one that takes it away.
const OTHERS: &[(&str, &str)] =
    &[("ClaimPhoneNumber", "ReleasePhoneNumber"), ("ImportPhoneNumber", "ReleasePhoneNumber")];

/// Creations that are not taken away, with the reason. None of them is a plain write, so that none is sent to a real
/// account unless it is named.
pub const KEPT: &[(&str, &str)] = &[
    ("CreateAgentStatus", "the model has no deletion"),
    ("CreateAuthCode", "it ends by itself"),
    ("CreateContact", "contacts are never deleted"),
    ("CreateParticipant", "it ends with its contact"),
    ("CreatePersistentContactAssociation", "the model has no deletion"),
    ("CreatePushNotificationRegistration", "its deletion asks for a contact that the creation does not know"),
];

/// Members that hold a name by which a resource is found again.
const NAMES: &[&str] =
    &["Name", "InstanceAlias", "AliasName", "SecurityProfileName", "Title", "Username", "VocabularyName"];

/// What can be undone, by the operation that makes it.
pub fn table(schema: &Schema) -> HashMap<OperationId, Undo> {
    schema.operations().filter_map(|(create, _)| Some((create, undo(schema, create)?))).collect()
}

fn undo(schema: &Schema, create: OperationId) -> Option<Undo> {
    let name = schema[create].name.as_str();
    if KEPT.iter().any(|(kept, _)| *kept == name) {
        return None;
    }
    let noun = name.strip_prefix("Create");
    let other = OTHERS.iter().find(|(make, _)| *make == name).map(|(_, take)| (*take).to_owned());
    let delete = schema.operation_named(&other.or_else(|| Some(format!("Delete{}", noun?)))?)?;
    let (input, output) = (schema.input_members(&schema[create])?, schema.output_members(&schema[create]));
    let wanted = schema.input_members(&schema[delete])?;
    let names: Option<Vec<(String, Source)>> = (wanted.iter().filter(|member| member.required))
        .map(|member| Some((member.name.clone(), source(name, &member.name, input, output)?)))
        .collect();
    let names = names?;
    let name_member = NAMES.iter().find(|name| input.get(name).is_some()).map(|name| (*name).to_owned());
    let own = names.iter().find(|(_, source)| matches!(source, Source::Output(_))).map(|(member, _)| member.as_str());
    let search = own.zip(noun).and_then(|(own, noun)| listing(schema, noun, own, input));
    Some(Undo { create, delete, names, rank: rank(name), name_member, search })
}

fn source(create: &str, member: &str, input: &Members, output: Option<&Members>) -> Option<Source> {
    let path = |names: &[&str]| Some(Source::Output(names.iter().map(|name| (*name).to_owned()).collect()));
    if let Some((_, _, names)) = ELSEWHERE.iter().find(|row| (row.0, row.1) == (create, member)) {
        return path(names);
    }
    let answers = |name: &str| output.is_some_and(|output| output.get(name).is_some());
    if answers(member) {
        return path(&[member]);
    }
    // A creation may ask for a version, and the answer says which it has become.
    if member.ends_with("Version") && answers("Version") {
        return path(&["Version"]);
    }
    // The model spells a member that is a label in one and a query parameter in the other in two ways.
    if let Some(given) = input.iter().find(|given| given.name.eq_ignore_ascii_case(member)) {
        return Some(Source::Input(given.name.clone()));
    }
    (member.ends_with("Id") && answers("Id")).then(|| path(&["Id"])).flatten()
}

/// Rules start flows, flows use modules, and everything is in an instance.
fn rank(create: &str) -> u8 {
    match create {
        "CreateRule" => 0,
        "CreateContactFlow" => 2,
        "CreateContactFlowModule" => 3,
        "CreateInstance" => 4,
        _ => 1,
    }
}

/// The operation that lists the things that a noun stands for, if its items have names, and it asks for no more than is
/// known.
fn listing(schema: &Schema, noun: &str, id_member: &str, input: &Members) -> Option<Listing> {
    let stem = noun.strip_suffix('y').map(|stem| format!("{stem}ies"));
    let plurals = [format!("{noun}s"), format!("{noun}es")].into_iter().chain(stem);
    let names = plurals.flat_map(|plural| [format!("List{plural}"), format!("Search{plural}")]);
    names.filter_map(|name| schema.operation_named(&name)).find_map(|operation| {
        let asked = schema.input_members(&schema[operation])?;
        if asked.iter().any(|member| member.required && input.get(&member.name).is_none()) {
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
    /// The input of the deletion, from what was asked for and what came back.
    pub fn input(&self, asked: &Map<String, Value>, answer: &Value) -> Option<Value> {
        self.named(asked, |path| path.iter().try_fold(answer, |value, name| value.get(name)))
    }

    /// The same, from an item of the listing.
    pub fn input_of_item(&self, asked: &Map<String, Value>, item: &Value) -> Option<Value> {
        let id = &self.search.as_ref()?.id;
        self.named(asked, |_| item.get(id))
    }

    fn named<'v>(
        &self,
        asked: &'v Map<String, Value>,
        answered: impl Fn(&[String]) -> Option<&'v Value>,
    ) -> Option<Value> {
        let usable = |value: &&Value| value.is_number() || value.as_str().is_some_and(|text| !text.is_empty());
        let members = self.names.iter().map(|(name, source)| {
            let value = match source {
                Source::Input(member) => asked.get(member),
                Source::Output(path) => answered(path),
            };
            Some((name.clone(), value.filter(usable)?.clone()))
        });
        members.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    /// The member of the deletion's input with the id that the endpoint gave.
    pub fn own_member(&self) -> Option<&str> {
        self.names.iter().find(|(_, source)| matches!(source, Source::Output(_))).map(|(member, _)| member.as_str())
    }

    /// Members of the creation's input that are needed to name what it made.
    pub fn kept(&self) -> impl Iterator<Item = &str> {
        let inputs = self.names.iter().filter_map(|(_, source)| match source {
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
    fn every_creation_can_be_undone_or_is_known_to_be_kept() {
        let schema = Schema::connect();
        let table = table(schema);
        for (id, operation) in schema.operations().filter(|(_, operation)| operation.name.starts_with("Create")) {
            let kept = KEPT.iter().any(|(name, _)| *name == operation.name);
            assert_ne!(table.contains_key(&id), kept, "{}", operation.name);
            // What stays must not be made just because somebody allows writes.
            assert!(!kept || danger(schema, operation) > Danger::Write, "{}", operation.name);
        }
        for (make, take) in OTHERS {
            assert_eq!(schema[undo_of(make).delete].name, *take);
        }
        for (create, member, path) in ELSEWHERE {
            let undo = undo_of(create);
            let source = &undo.names.iter().find(|(name, _)| name == member).unwrap().1;
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
    fn deletions_name_what_was_made() {
        let asked = json!({ "InstanceId": "i", "ContactFlowId": "f", "DataTableId": "t" });
        let asked = asked.as_object().unwrap();
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
        for (create, answer, expected) in rows {
            assert_eq!(undo_of(create).input(asked, &answer), Some(expected), "{create}");
            assert_eq!(undo_of(create).input(asked, &json!({ "Id": "" })), None, "{create}");
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
        // The rest has no names in its lists: versions, files, what is part of something else.
        assert!(with * 3 > all * 2, "{with} of {all}");
    }
}
