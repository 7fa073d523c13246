//! The resources that a run can create: the operations that create, describe, list and delete each kind, and the members
//! with its id. One row per kind; nothing is guessed from HTTP methods.

use connect_model::path::SchemaPath;
use connect_model::schema::{Members, Schema};
use connect_model::semantics::{Context, rule as rules};
use serde_json::{Map, Value, json};

/// One kind of resource.
#[derive(Debug)]
pub struct Resource {
    /// Name for messages.
    pub kind: &'static str,
    /// Name in case ids.
    pub variant: &'static str,
    /// The operation that creates one.
    pub create: &'static str,
    /// Top-level output member of `create` with the id.
    pub id: &'static str,
    /// Top-level output member of `create` with the ARN.
    pub arn: &'static str,
    /// Input member of other operations with the id.
    pub id_member: &'static str,
    /// Input member of `create` that must be unique. Every request gets a new value with the run id.
    pub name_member: &'static str,
    /// The operation that describes one.
    pub describe: &'static str,
    /// The operation that lists them, and the member of an item with the id.
    pub list: (&'static str, &'static str),
    /// The operation that searches them, and the member of an item with the id.
    pub search: Option<(&'static str, &'static str)>,
    /// The operation that deletes one.
    pub delete: &'static str,
    /// Operations that update one. Each gets a resource of its own, since others read the shared ones.
    pub updates: &'static [&'static str],
    /// Input of `create` that a healthy service accepts once name and instance are added.
    pub template: fn() -> Value,
}

/// Every kind that the core families need. Instances come first, since they hold the others.
pub const RESOURCES: &[Resource] = &[
    Resource {
        kind: "instance",
        variant: "instance",
        create: "CreateInstance",
        id: "Id",
        arn: "Arn",
        id_member: "InstanceId",
        name_member: "InstanceAlias",
        describe: "DescribeInstance",
        list: ("ListInstances", "Id"),
        search: None,
        delete: "DeleteInstance",
        updates: &[],
        template: || {
            json!({
                "IdentityManagementType": "CONNECT_MANAGED",
                "InboundCallsEnabled": true,
                "OutboundCallsEnabled": true,
            })
        },
    },
    Resource {
        kind: "rule",
        variant: "rule",
        create: "CreateRule",
        id: "RuleId",
        arn: "RuleArn",
        id_member: "RuleId",
        name_member: "Name",
        describe: "DescribeRule",
        list: ("ListRules", "RuleId"),
        search: Some(("SearchRules", "RuleId")),
        delete: "DeleteRule",
        updates: &["UpdateRule"],
        template: rule,
    },
    Resource {
        kind: "flow",
        variant: "flow",
        create: "CreateContactFlow",
        id: "ContactFlowId",
        arn: "ContactFlowArn",
        id_member: "ContactFlowId",
        name_member: "Name",
        describe: "DescribeContactFlow",
        list: ("ListContactFlows", "Id"),
        search: Some(("SearchContactFlows", "Id")),
        delete: "DeleteContactFlow",
        updates: &["UpdateContactFlowContent", "UpdateContactFlowMetadata", "UpdateContactFlowName"],
        template: || json!({"Type": "CONTACT_FLOW", "Content": content("DisconnectParticipant")}),
    },
    Resource {
        kind: "flow module",
        variant: "flow-module",
        create: "CreateContactFlowModule",
        id: "Id",
        arn: "Arn",
        id_member: "ContactFlowModuleId",
        name_member: "Name",
        describe: "DescribeContactFlowModule",
        list: ("ListContactFlowModules", "Id"),
        search: Some(("SearchContactFlowModules", "Id")),
        delete: "DeleteContactFlowModule",
        updates: &["UpdateContactFlowModuleContent", "UpdateContactFlowModuleMetadata"],
        template: || json!({"Content": content("EndFlowModuleExecution")}),
    },
];

/// Operations that take the ARN of a resource, with the member.
pub const BY_ARN: &[(&str, &str)] =
    &[("TagResource", "resourceArn"), ("UntagResource", "resourceArn"), ("ListTagsForResource", "resourceArn")];

/// The member that must be the digest of a flow's published content, with its operation.
pub const DIGEST: (&str, &str) = ("CreateContactFlowVersion", "FlowContentSha256");

/// Suffix of the id of a flow or module that selects its draft. One that was never published has nothing else to show.
pub(crate) const DRAFT: &str = ":$SAVED";

/// The id of the draft of a flow or module.
pub(crate) fn draft(id: &str) -> String {
    format!("{id}{DRAFT}")
}

/// The row with that `create` operation.
pub fn created_by(schema: &Schema, operation: &str) -> Option<&'static Resource> {
    of(schema).iter().find(|resource| resource.create == operation)
}

/// The row with that operation among its `updates`.
pub fn updated_by(schema: &Schema, operation: &str) -> Option<&'static Resource> {
    of(schema).iter().find(|resource| resource.updates.contains(&operation))
}

/// The rows of a service: none but for Amazon Connect, since other services have operations of the same names.
fn of(schema: &Schema) -> &'static [Resource] {
    if schema.service.is_connect() { RESOURCES } else { &[] }
}

/// Calls `work` with the context for the rules outside the model that an operation has at `focus`: that of a resource of
/// ours, if it updates one.
pub fn in_context<R>(schema: &Schema, operation: &str, focus: &SchemaPath, work: impl FnOnce(&Context<'_>) -> R) -> R {
    let template = updated_by(schema, operation).map(|row| (row.template)());
    work(&template.as_ref().map(|template| context(template, focus)).unwrap_or_default())
}

/// Context for the rules outside the model: of a resource of ours that is updated at `focus`.
fn context<'t>(template: &'t Value, focus: &SchemaPath) -> Context<'t> {
    Context {
        event_source: source_for(template, focus).or_else(|| event_source(template)),
        flow_type: template.get("Type").and_then(Value::as_str),
    }
}

/// Another event source than the template's, if rules with the template's event source cannot have a value at `focus`.
pub fn source_for(template: &Value, focus: &SchemaPath) -> Option<&'static str> {
    rules::source_for(focus, event_source(template))
}

/// The event source of the template of a rule.
fn event_source(template: &Value) -> Option<&str> {
    template.pointer("/TriggerEventSource/EventSourceName").and_then(Value::as_str)
}

impl Resource {
    /// The template, with only those members that an operation has.
    pub fn template_for(&self, members: &Members) -> Map<String, Value> {
        let Value::Object(mut template) = (self.template)() else { return Map::new() };
        template.retain(|name, _| members.get(name).is_some());
        template
    }
}

/// The row with that `list` or `search` operation, and the member of an item with the id.
pub fn listed_by(schema: &Schema, operation: &str) -> Option<(&'static Resource, &'static str)> {
    of(schema).iter().find_map(|resource| {
        let found = [Some(resource.list), resource.search].into_iter().flatten().find(|(name, _)| *name == operation);
        found.map(|(_, member)| (resource, member))
    })
}

/// A rule without effects: it does not run, and changes nothing else.
fn rule() -> Value {
    let function = json!({
        "Version": "2022-11-25",
        "RuleFunction": {
            "Operator": "OR",
            "Operands": [{
                "Operator": "CONTAINS_ANY",
                "Operands": ["contract test phrase"],
                "ComparisonValue": "$.ContactLens.RealTimeCall.ExactMatch.Transcript",
                "FilterClause": {"LogicOperator": "AND", "Filters": [{"Type": "ParticipantRole", "Data": "ANY"}]},
                "Negate": false,
            }],
        },
    });
    json!({
        "TriggerEventSource": {"EventSourceName": "OnRealTimeCallAnalysisAvailable"},
        "Function": function.to_string(),
        "Actions": [{"ActionType": "ASSIGN_CONTACT_CATEGORY", "AssignContactCategoryAction": {}}],
        "PublishStatus": "DRAFT",
    })
}

/// The action of the template, for operations that take actions of a rule.
pub(crate) fn valid_action(schema: &Schema, operation: &str) -> Option<Value> {
    let row = created_by(schema, operation).or_else(|| updated_by(schema, operation))?;
    (row.template)().pointer("/Actions/0").cloned()
}

/// Content of a small flow: it plays a message and ends.
fn content(end: &str) -> String {
    json!({
        "Version": "2019-10-30",
        "StartAction": "say",
        "Metadata": {},
        "Actions": [
            {
                "Identifier": "say",
                "Type": "MessageParticipant",
                "Parameters": {"Text": "contract test"},
                "Transitions": {
                    "NextAction": "end",
                    "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}],
                    "Conditions": [],
                },
            },
            {"Identifier": "end", "Type": end, "Parameters": {}, "Transitions": {}},
        ],
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::validate::validate;

    use super::*;

    #[test]
    fn rows_agree_with_the_model() {
        let schema = Schema::connect();
        let operation = |name: &str| &schema[schema.operation_named(name).unwrap_or_else(|| unreachable!("{name}"))];
        for row in RESOURCES {
            let create = operation(row.create);
            let output = schema.output_members(create).unwrap();
            assert!(output.get(row.id).is_some() && output.get(row.arn).is_some(), "{}", row.kind);
            let input = schema.input_members(create).unwrap();
            assert!(input.get(row.name_member).is_some(), "{}", row.kind);
            for name in [row.describe, row.delete].iter().chain(row.updates) {
                assert!(schema.input_members(operation(name)).unwrap().get(row.id_member).is_some(), "{name}");
            }
            for (name, id) in [Some(row.list), row.search].into_iter().flatten() {
                let listing = operation(name);
                let items = listing.pagination.as_ref().and_then(|p| p.items.as_ref()).unwrap();
                let list = schema.output_members(listing).unwrap().get(&items[0]).unwrap();
                let connect_model::schema::Kind::List(list) = &schema[list.slot.target].kind else {
                    unreachable!("{name} does not page a list")
                };
                assert!(schema[list.member.target].kind.members().unwrap().get(id).is_some(), "{name}: {id}");
            }
            let mut value = (row.template)();
            for member in input.iter().filter(|member| member.required) {
                let known =
                    value.get(&member.name).is_some() || member.name == row.name_member || member.name == "InstanceId";
                assert!(known, "{}: the template lacks {}", row.kind, member.name);
            }
            value["InstanceId"] = "00000000-0000-4000-8000-000000000001".into();
            value[row.name_member] = "ct-1".into();
            assert_eq!(validate(schema, create.input.unwrap(), &value), [], "{}", row.kind);
        }
        for (name, member) in BY_ARN {
            assert!(schema.input_members(operation(name)).unwrap().get(member).is_some(), "{name}");
        }
    }
}
