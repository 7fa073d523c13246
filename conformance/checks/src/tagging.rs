//! Tags in requests, and the kinds of resource that can have them. Sends nothing.

use connect_model::resources::{self as graph, Tags, read_tags, write_tags};
use connect_model::schema::{Member, OperationId, Schema};
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::resources::{Resource, rows};

/// Adds tags to a member of an input.
pub(crate) fn add_tags<'t>(
    schema: &Schema,
    member: &Member,
    input: &mut Value,
    tags: impl IntoIterator<Item = (&'t str, &'t str)>,
) {
    let mut all = input.get(&member.name).map(read_tags).unwrap_or_default();
    all.extend(tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
    // A tag that the contract does not allow is left out.
    all.retain(|key, value| valid_tags(schema, member, &Tags::from([(key.clone(), value.clone())])).is_some());
    if let Some(tags) = valid_tags(schema, member, &all).filter(|_| !all.is_empty()) {
        input[&member.name] = tags;
    }
}

/// Tags as a value of a member, if the contract allows it.
pub(crate) fn valid_tags(schema: &Schema, member: &Member, tags: &Tags) -> Option<Value> {
    let value = write_tags(schema, member.slot.target, tags)?;
    validate_slot(schema, &member.slot, &value).is_empty().then_some(value)
}

/// The kinds whose resources have tags, for the member with the ARN of an operation on tags. Those that need least come
/// first.
pub(crate) fn tagged_by(schema: &'static Schema, operation: OperationId, member: &str) -> Vec<&'static Resource> {
    let tagging = graph::shared(schema).tagging.as_ref();
    let is_on_tags = tagging.is_some_and(|tagging| {
        [tagging.tag, tagging.untag, tagging.list].contains(&operation) && tagging.arn == member
    });
    if !is_on_tags {
        return Vec::new();
    }
    let mut found: Vec<_> = rows(schema).iter().filter(|row| row.is_taggable()).collect();
    if found.is_empty() {
        // No creation takes tags, but resources with an ARN may have some.
        found.extend(rows(schema).iter().filter(|row| row.of.arn.is_some()));
    }
    found.sort_by_key(|row| (row.noun != "ContactFlow", row.of.parents.len() + row.of.needs.len()));
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_on_tags_name_what_can_have_tags() {
        let schema = Schema::connect();
        let tagged = |name: &str, member: &str| {
            tagged_by(schema, schema.operation_named(name).unwrap(), member).first().map(|row| row.noun)
        };
        assert_eq!(tagged("ListTagsForResource", "resourceArn"), Some("ContactFlow"));
        assert_eq!(tagged("DescribeContactFlow", "ContactFlowId"), None);
    }

    #[test]
    fn tags_that_the_contract_does_not_allow_are_left_out() {
        let schema = Schema::connect();
        let create = &schema[schema.operation_named("CreateQueue").unwrap()];
        let member = graph::tag_member(schema, schema.input_members(create).unwrap()).unwrap();
        let mut input = json!({ "Tags": { "a": "1" } });
        add_tags(schema, member, &mut input, [("b", ""), ("aws:c", "x")]);
        assert_eq!(input, json!({ "Tags": { "a": "1", "b": "" } }));
        let mut none = json!({});
        add_tags(schema, member, &mut none, []);
        assert_eq!(none, json!({}));
    }
}
