//! The oracle for searches: evaluates criteria and filter on their JSON, independently of the emulator.
//!
//! Member names and comparisons are those of the Connect API reference. Where it is silent, the emulator chose (see its
//! `search.rs`) as follows:
//!
//! - All conditions of a node must hold. Null means absent; absent conditions and empty lists hold.
//! - Unknown members of a node are ignored.
//! - Text is compared by code point, so case matters and word boundaries do not.
//! - A string condition without field, value or comparison, or with an unknown field, holds for nothing.
//! - A field with several values matches if any of them does.
//! - A tag condition compares key and value if given. Without both, any tag matches.
//! - Modules are always published; flows that are only saved are not.
//! - Archived resources are found like others.

use serde_json::Value;

use super::Kind;

/// A created resource.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: String,
    /// The input that created it.
    pub(super) made: Value,
    pub(super) archived: bool,
}

/// Returns the resources that a search must find.
pub(super) fn admitted<'k>(
    kind: Kind,
    all: &'k [Known],
    criteria: Option<&Value>,
    filter: Option<&Value>,
) -> Vec<&'k Known> {
    let wanted = |thing: &&Known| {
        present(criteria).is_none_or(|criteria| admits(kind, thing, criteria))
            && present(filter).is_none_or(|filter| passes(kind, thing, filter))
    };
    all.iter().filter(wanted).collect()
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    present(value.get(name))
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    member(value, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn admits(kind: Kind, thing: &Known, node: &Value) -> bool {
    let and = items(node, "AndConditions").iter().all(|inner| admits(kind, thing, inner));
    let or = items(node, "OrConditions");
    let or = or.is_empty() || or.iter().any(|inner| admits(kind, thing, inner));
    let text = member(node, "StringCondition").is_none_or(|condition| compares(kind, thing, condition));
    let state = if thing.archived { "ARCHIVED" } else { "ACTIVE" };
    let status = if kind == Kind::Flow { thing.made["Status"].as_str() } else { Some("PUBLISHED") };
    let others =
        [("StateCondition", Some(state)), ("StatusCondition", status), ("TypeCondition", thing.made["Type"].as_str())];
    let known = match kind {
        Kind::Flow => &others[..],
        Kind::Module => &others[..2],
        Kind::Rule => &[],
    };
    and && or && text && known.iter().all(|(name, own)| member(node, name).is_none_or(|wanted| wanted.as_str() == *own))
}

fn compares(kind: Kind, thing: &Known, condition: &Value) -> bool {
    let part = |name| member(condition, name).and_then(Value::as_str);
    let (Some(field), Some(wanted), Some(comparison)) = (part("FieldName"), part("Value"), part("ComparisonType"))
    else {
        return false;
    };
    values(kind, thing, field).into_iter().flatten().any(|own| match comparison {
        "EXACT" => own == wanted,
        "STARTS_WITH" => own.strip_prefix(wanted).is_some(),
        "CONTAINS" => own.match_indices(wanted).next().is_some(),
        _ => false,
    })
}

fn values<'k>(kind: Kind, thing: &'k Known, field: &str) -> Vec<Option<&'k str>> {
    let made = &thing.made;
    match (kind, field) {
        (Kind::Flow | Kind::Module, "name") | (Kind::Rule, "Name") => vec![made["Name"].as_str()],
        (Kind::Flow | Kind::Module, "resourceID") | (Kind::Rule, "RuleId") => vec![Some(&thing.id)],
        (Kind::Flow | Kind::Module, "description") => vec![made["Description"].as_str()],
        (Kind::Rule, "PublishStatus") => vec![made["PublishStatus"].as_str()],
        (Kind::Rule, "EventSourceName" | "IntegrationAssociationId") => {
            vec![made["TriggerEventSource"][field].as_str()]
        }
        (Kind::Rule, "ActionSummaries") => {
            items(made, "Actions").iter().map(|action| action["ActionType"].as_str()).collect()
        }
        _ => Vec::new(),
    }
}

fn passes(kind: Kind, thing: &Known, filter: &Value) -> bool {
    let lists = member(filter, "TagFilter").filter(|_| kind != Kind::Rule);
    let attributes = match kind {
        Kind::Flow => member(filter, "FlowAttributeFilter"),
        Kind::Module => None,
        Kind::Rule => member(filter, "AttributeFilter"),
    };
    let in_lists = |filter: &Value| {
        let or = items(filter, "OrConditions");
        (or.is_empty() || or.iter().any(|all| all.as_array().is_some_and(|all| has_all(thing, all))))
            && has_all(thing, items(filter, "AndConditions"))
    };
    let in_groups = |filter: &Value| {
        let group = |group: &Value| has_all(thing, items(group, "TagConditions")) && is_of_type(kind, thing, group);
        let or = items(filter, "OrConditions");
        (or.is_empty() || or.iter().any(group))
            && member(filter, "AndCondition").is_none_or(group)
            && is_of_type(kind, thing, filter)
    };
    let by_tag = |filter: &Value| member(filter, "TagCondition").is_none_or(|condition| has(thing, condition));
    lists.is_none_or(|filter| in_lists(filter) && by_tag(filter))
        && attributes.is_none_or(|filter| in_groups(filter) && by_tag(filter))
}

fn is_of_type(kind: Kind, thing: &Known, holder: &Value) -> bool {
    let wanted = member(holder, "ContactFlowTypeCondition").and_then(|condition| member(condition, "ContactFlowType"));
    kind != Kind::Flow || wanted.is_none_or(|wanted| *wanted == thing.made["Type"])
}

fn has_all(thing: &Known, conditions: &[Value]) -> bool {
    conditions.iter().all(|condition| has(thing, condition))
}

fn has(thing: &Known, condition: &Value) -> bool {
    let is = |name, own: &str| member(condition, name).is_none_or(|wanted| wanted.as_str() == Some(own));
    thing.made["Tags"]
        .as_object()
        .into_iter()
        .flatten()
        .any(|(key, value)| is("TagKey", key) && is("TagValue", value.as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn follows_the_choices_of_the_emulator() {
        let made = json!({ "Name": "Amber", "Type": "CAMPAIGN", "Status": "SAVED", "Tags": { "k": "v" } });
        let all = [Known { id: "1".to_owned(), made, archived: true }];
        let text = |value: Value| json!({ "StringCondition": value });
        let name = |comparison: &str, value: &str| {
            text(json!({ "FieldName": "name", "Value": value, "ComparisonType": comparison }))
        };
        for (criteria, finds) in [
            (json!({}), true),
            (json!(null), true),
            (json!({ "AndConditions": [], "OrConditions": [], "StringCondition": null }), true),
            (json!({ "OrConditions": [{ "TypeCondition": "CAMPAIGN" }], "StateCondition": "ACTIVE" }), false),
            (json!({ "StatusCondition": "SAVED", "StateCondition": "ARCHIVED" }), true),
            (name("EXACT", "amber"), false),
            (name("CONTAINS", "mbe"), true),
            (name("STARTS_WITH", ""), true),
            (text(json!({ "FieldName": "name" })), false),
            (text(json!({ "FieldName": "Name", "Value": "", "ComparisonType": "CONTAINS" })), false),
            (text(json!({ "FieldName": "description", "Value": "", "ComparisonType": "CONTAINS" })), false),
        ] {
            let found = admitted(Kind::Flow, &all, Some(&criteria), None);
            assert_eq!(found.len(), usize::from(finds), "{criteria}");
        }
        for (filter, finds) in [
            (json!({ "TagFilter": { "TagCondition": {} } }), true),
            (json!({ "TagFilter": { "OrConditions": [[{ "TagKey": "x" }], []] } }), true),
            (json!({ "TagFilter": { "AndConditions": [{ "TagValue": "v" }, { "TagKey": "x" }] } }), false),
            (json!({ "FlowAttributeFilter": { "AndCondition": { "ContactFlowTypeCondition": {} } } }), true),
            (json!({ "AttributeFilter": { "TagCondition": { "TagKey": "x" } } }), true),
            (json!({ "TagFilter": { "AndCondition": { "TagConditions": [{ "TagKey": "x" }] } } }), true),
        ] {
            let found = admitted(Kind::Flow, &all, None, Some(&filter));
            assert_eq!(found.len(), usize::from(finds), "{filter}");
        }
    }
}
