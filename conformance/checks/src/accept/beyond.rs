//! Rules that a service may have beyond its model. A refusal of a value that such a rule may concern proves nothing, so it is
//! recorded and not judged. Sends nothing.

use connect_model::path::{SchemaPath, Step};
use connect_model::resources::is_reference;
use connect_model::schema::{Binding, Kind, Member, OperationId, Schema, Slot};
use serde_json::Value;

use crate::client::forms::is_free_text;
use crate::parts::visit;

/// Members with rules beyond the model, each in a top-level member, or in any if that is empty, with the source.
const RULED: &[(&str, &str, &str)] = &[
    (
        "MediaConcurrencies",
        "Concurrency",
        "Connect API reference, MediaConcurrency: the maximum depends on the channel",
    ),
    ("", "IdentityManagementType", "Connect API reference, CreateInstance: EXISTING_DIRECTORY needs a DirectoryId"),
];

/// The rule that a value of a top-level member may break although the contract allows it. `focus` leads to the chosen part;
/// everything else in the member was generated together with it.
pub(super) fn rule_for(schema: &Schema, slot: &Slot, top: &str, focus: &SchemaPath, value: &Value) -> Option<String> {
    let chosen = last_member(focus).unwrap_or(top);
    if ["Sha256", "Hash", "Digest", "Checksum"].iter().any(|end| chosen.ends_with(end)) {
        return Some(format!("{chosen} may have to be the digest of something"));
    }
    if is_reference(chosen) {
        return Some(format!("{chosen} may have to name something that exists"));
    }
    let mut found = ruled(schema, slot, top, top, value);
    visit(schema, slot.target, value, &mut |part| {
        found = found.take().or_else(|| ruled(schema, part.slot, top, part.name, part.value));
        found.is_none()
    });
    found
}

/// An operation, its rule, and the inputs that may break it.
type RuledInput = (&'static str, &'static str, fn(&Value) -> bool);

/// The rule of published views.
const PUBLISHED: &str = "published content is validated in full (API reference)";

/// Operations with rules between members beyond the model.
const RULED_INPUTS: &[RuledInput] = &[
    ("CreateInstance", "an instance without a directory needs an alias", |input| input["InstanceAlias"].is_null()),
    ("CreateView", PUBLISHED, |input| input["Status"] == "PUBLISHED"),
    ("UpdateViewContent", PUBLISHED, |input| input["Status"] == "PUBLISHED"),
    ("CreateUserHierarchyGroup", "the hierarchy needs a level for the group", |_| true),
    ("UpdateUserHierarchyStructure", "the levels of a hierarchy follow each other", |_| true),
];

/// The rule that a whole input may break although the contract allows it.
pub(super) fn rule_of_input(schema: &Schema, operation: OperationId, input: &Value) -> Option<String> {
    let contract = &schema[operation];
    let members = schema.input_members(contract)?;
    let listed = RULED_INPUTS.iter().find(|(name, _, breaks)| *name == contract.name && breaks(input));
    if let Some((_, rule, _)) = listed.filter(|_| schema.service.is_connect()) {
        return Some((*rule).to_owned());
    }
    let in_body = || members.iter().filter(|member| member.binding == Binding::Body && !member.idempotency_token);
    let is_named = |member: &Member| input.get(&member.name).is_some_and(|value| !value.is_null());
    if contract.name.starts_with("Update") && in_body().count() > 0 && !in_body().any(is_named) {
        return Some("an update that names nothing may be refused".to_owned());
    }
    let mut found = None;
    let mut references = Vec::new();
    visit(schema, contract.input?, input, &mut |part| {
        let shape = &schema[part.slot.target].kind;
        found = found.take().or_else(|| match (shape, part.value) {
            (Kind::Structure(members), Value::Object(value)) => {
                let lacks = |name: &str| members.get(name).is_some() && value.get(name).is_none_or(Value::is_null);
                if lacks("FieldName") {
                    return Some(format!("{} may need the name of a field", part.name));
                }
                (value.is_empty() && !members.is_empty()).then(|| format!("{} may need a member", part.name))
            }
            (_, Value::Array(items)) => {
                let repeats = |(at, item): (usize, &Value)| items[..at].contains(item);
                let is_of_things = items.iter().all(Value::is_object) || is_reference(part.name);
                (is_of_things && items.iter().enumerate().any(repeats))
                    .then(|| format!("{} may not repeat an item", part.name))
            }
            (_, Value::String(text)) if part.name == "RefId" => {
                let is_repeated = references.contains(text);
                references.push(text.clone());
                is_repeated.then(|| "an identifier may not be given twice".to_owned())
            }
            _ => None,
        });
        true
    });
    found
}

/// The rule for one part of a top-level member.
fn ruled(schema: &Schema, slot: &Slot, top: &str, name: &str, value: &Value) -> Option<String> {
    let is_listed =
        |(holder, member, _): &&(&str, &str, &str)| *member == name && (holder.is_empty() || *holder == top);
    if let Some((.., source)) = RULED.iter().find(is_listed) {
        return Some(format!("{name} has a rule beyond the model ({source})"));
    }
    let is_text = matches!(schema[slot.target].kind, Kind::String) && value.is_string();
    let is_open = is_text && slot.traits.pattern.is_none() && !is_reference(name) && !is_free_text(name);
    is_open.then(|| format!("the model does not tell the form of {name}"))
}

/// The last member on a path.
fn last_member(path: &SchemaPath) -> Option<&str> {
    path.0.iter().rev().find_map(|step| match step {
        Step::Member(name) => Some(name.as_str()),
        Step::Element | Step::Key | Step::Value => None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    /// The rule for the value at a path of an input.
    fn rule(operation: &str, path: &[&str], value: &Value) -> Option<String> {
        let schema = Schema::connect();
        let contract = &schema[schema.operation_named(operation).unwrap()];
        let slot = &schema.input_members(contract).unwrap().get(path[0]).unwrap().slot;
        let focus = SchemaPath(path.iter().map(|name| Step::Member((*name).to_owned())).collect());
        rule_for(schema, slot, path[0], &focus, value)
    }

    #[test]
    fn free_text_numbers_and_enums_have_no_rule() {
        assert_eq!(rule("CreateQueue", &["Description"], &json!("a")), None);
        assert_eq!(rule("CreateQueue", &["MaxContacts"], &json!(1)), None);
        assert_eq!(rule("CreateContactFlow", &["Type"], &json!("CONTACT_FLOW")), None);
        assert_eq!(
            rule("CreateTaskTemplate", &["Fields"], &json!([{ "Id": { "Name": "n" }, "Description": "d" }])),
            None
        );
    }

    #[test]
    fn inputs_that_a_service_may_refuse_have_a_rule() {
        let schema = Schema::connect();
        let rule = |name: &str, input: Value| rule_of_input(schema, schema.operation_named(name).unwrap(), &input);
        for (name, input) in [
            ("UpdateQueueName", json!({ "InstanceId": "i", "QueueId": "q" })),
            ("CreateView", json!({ "InstanceId": "i", "Status": "PUBLISHED", "Content": {}, "Name": "n" })),
            ("SearchQueues", json!({ "InstanceId": "i", "SearchCriteria": { "StringCondition": { "Value": "a" } } })),
            ("CreateRoutingProfile", json!({ "QueueConfigs": [{ "Priority": 1 }, { "Priority": 1 }] })),
            ("CreateHoursOfOperation", json!({ "ParentHoursOfOperationConfigs": [{}] })),
            (
                "CreateEvaluationForm",
                json!({ "Items": [{ "Section": { "RefId": "", "Title": "a" } }, { "Section": { "RefId": "", "Title": "b" } }] }),
            ),
        ] {
            assert!(rule(name, input.clone()).is_some(), "{name} {input}");
        }
        for (name, input) in [
            ("UpdateQueueName", json!({ "InstanceId": "i", "QueueId": "q", "Name": "n" })),
            ("SearchQueues", json!({ "SearchCriteria": { "StringCondition": { "Value": "a", "FieldName": "name" } } })),
            ("CreateContactFlow", json!({ "Name": "n", "Type": "CONTACT_FLOW", "Content": "{}", "Tags": {} })),
            (
                "CreateRule",
                json!({ "Actions": [{ "ActionType": "ASSIGN_CONTACT_CATEGORY", "AssignContactCategoryAction": {} }] }),
            ),
            ("ListContactFlows", json!({ "ContactFlowTypes": ["CONTACT_FLOW", "CONTACT_FLOW"] })),
        ] {
            assert_eq!(rule(name, input.clone()), None, "{name} {input}");
        }
    }

    #[test]
    fn texts_of_unknown_form_names_of_things_and_listed_members_have_one() {
        for (operation, path, value) in [
            ("CreateHoursOfOperation", &["TimeZone"][..], json!("a")),
            ("CreateView", &["Content", "Template"], json!({ "Template": "a" })),
            ("CreateView", &["Content"], json!({ "Template": "a" })),
            ("CreateTaskTemplate", &["ContactHooks", "WrapUpFlowId"], json!({ "WrapUpFlowId": "f" })),
            ("CreateViewVersion", &["ViewContentSha256"], json!("a")),
            ("CreateInstance", &["IdentityManagementType"], json!("EXISTING_DIRECTORY")),
            ("CreateRoutingProfile", &["MediaConcurrencies"], json!([{ "Channel": "VOICE", "Concurrency": 10 }])),
        ] {
            assert!(rule(operation, path, &value).is_some(), "{operation} {path:?}");
        }
    }
}
