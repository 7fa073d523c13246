//! Search criteria and filters: decide if a resource matches.
//!
//! Decisions where the documentation is silent; the suite only learns them: all keys of a node must match; an empty list
//! is no condition; comparisons are case-sensitive; a condition without value, or on an unknown field, matches nothing.

use connect_model::shapes::{
    ContactFlowAttributeAndCondition, ContactFlowAttributeFilter, ContactFlowModuleSearchCriteria,
    ContactFlowModuleStatus, ContactFlowSearchCriteria, ContactFlowStatus, ContactFlowTypeCondition,
    ControlPlaneTagFilter, RuleAttributeFilter, RulesSearchCriteria, StringComparisonType, StringCondition,
    TagCondition,
};

use crate::store::{Entry, Flow, Module, Rule, Tags};

/// A tree of conditions on a resource.
pub(super) trait Criteria<T>: Sized {
    /// Nodes that must all match.
    fn all(&self) -> &[Self];
    /// Nodes of which at least one must match.
    fn any(&self) -> &[Self];
    /// The condition of this node on text.
    fn text(&self) -> Option<&StringCondition>;
    /// Returns true if the other conditions of this node match.
    fn others_match(&self, resource: &T) -> bool;
    /// Values of a searchable field.
    fn field(resource: &T, name: &str) -> Vec<String>;
}

/// Returns true if the resource matches the tree.
pub(super) fn matches<T, C: Criteria<T>>(criteria: &C, resource: &T) -> bool {
    criteria.all().iter().all(|node| matches(node, resource))
        && (criteria.any().is_empty() || criteria.any().iter().any(|node| matches(node, resource)))
        && criteria.text().is_none_or(|condition| {
            let values = condition.field_name.as_deref().map(|name| C::field(resource, name)).unwrap_or_default();
            values.iter().any(|value| text_matches(condition, value))
        })
        && criteria.others_match(resource)
}

fn text_matches(condition: &StringCondition, value: &str) -> bool {
    let (Some(wanted), Some(comparison)) = (&condition.value, &condition.comparison_type) else { return false };
    match comparison {
        StringComparisonType::StartsWith => value.starts_with(wanted),
        StringComparisonType::Contains => value.contains(wanted),
        StringComparisonType::Exact => value == wanted,
        StringComparisonType::Unknown(_) => false,
    }
}

/// The searchable fields of flows and modules: name, description and id.
fn described<T>(entry: &Entry<T>, description: Option<&String>, field: &str) -> Vec<String> {
    match field {
        "name" => vec![entry.name.clone()],
        "description" => description.cloned().into_iter().collect(),
        "resourceID" => vec![entry.id.clone()],
        _ => Vec::new(),
    }
}

impl Criteria<Entry<Flow>> for ContactFlowSearchCriteria {
    fn all(&self) -> &[Self] {
        self.and_conditions.as_deref().unwrap_or_default()
    }

    fn any(&self) -> &[Self] {
        self.or_conditions.as_deref().unwrap_or_default()
    }

    fn text(&self) -> Option<&StringCondition> {
        self.string_condition.as_ref()
    }

    fn others_match(&self, entry: &Entry<Flow>) -> bool {
        let published = entry.data.published.is_some();
        self.type_condition.as_ref().is_none_or(|kind| entry.data.kind == *kind)
            && self.state_condition.as_ref().is_none_or(|state| entry.data.state == *state)
            && self.status_condition.as_ref().is_none_or(|status| match status {
                ContactFlowStatus::Published => published,
                ContactFlowStatus::Saved => !published,
                ContactFlowStatus::Unknown(_) => false,
            })
    }

    fn field(entry: &Entry<Flow>, name: &str) -> Vec<String> {
        described(entry, entry.data.description.as_ref(), name)
    }
}

impl Criteria<Entry<Module>> for ContactFlowModuleSearchCriteria {
    fn all(&self) -> &[Self] {
        self.and_conditions.as_deref().unwrap_or_default()
    }

    fn any(&self) -> &[Self] {
        self.or_conditions.as_deref().unwrap_or_default()
    }

    fn text(&self) -> Option<&StringCondition> {
        self.string_condition.as_ref()
    }

    fn others_match(&self, entry: &Entry<Module>) -> bool {
        self.state_condition.as_ref().is_none_or(|state| entry.data.state == *state)
            && self.status_condition.as_ref().is_none_or(|status| *status == ContactFlowModuleStatus::Published)
    }

    fn field(entry: &Entry<Module>, name: &str) -> Vec<String> {
        described(entry, entry.data.description.as_ref(), name)
    }
}

impl Criteria<Entry<Rule>> for RulesSearchCriteria {
    fn all(&self) -> &[Self] {
        self.and_conditions.as_deref().unwrap_or_default()
    }

    fn any(&self) -> &[Self] {
        self.or_conditions.as_deref().unwrap_or_default()
    }

    fn text(&self) -> Option<&StringCondition> {
        self.string_condition.as_ref()
    }

    fn others_match(&self, _: &Entry<Rule>) -> bool {
        true
    }

    fn field(entry: &Entry<Rule>, name: &str) -> Vec<String> {
        let rule = &entry.data;
        match name {
            "Name" => vec![entry.name.clone()],
            "RuleId" => vec![entry.id.clone()],
            "PublishStatus" => vec![rule.status.to_string()],
            "EventSourceName" => vec![rule.event_source().to_string()],
            "IntegrationAssociationId" => rule.trigger.integration_association_id.clone().into_iter().collect(),
            "ActionSummaries" => rule.actions.iter().map(|action| action.action_type.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns true if a tag has the key and value of the condition, as far as it has them.
fn has_tag(condition: &TagCondition, tags: &Tags) -> bool {
    tags.iter().any(|(key, value)| {
        condition.tag_key.as_ref().is_none_or(|wanted| wanted == key)
            && condition.tag_value.as_ref().is_none_or(|wanted| wanted == value)
    })
}

fn has_all_tags(conditions: Option<&Vec<TagCondition>>, tags: &Tags) -> bool {
    conditions.is_none_or(|list| list.iter().all(|condition| has_tag(condition, tags)))
}

/// Returns true if a group of the list matches, or there is no group.
fn any_group<E>(groups: Option<&Vec<E>>, is_match: impl Fn(&E) -> bool) -> bool {
    groups.is_none_or(|groups| groups.is_empty() || groups.iter().any(is_match))
}

/// The filter on tags of flows and modules.
pub(super) fn has_tags(filter: &ControlPlaneTagFilter, tags: &Tags) -> bool {
    any_group(filter.or_conditions.as_ref(), |all| has_all_tags(Some(all), tags))
        && has_all_tags(filter.and_conditions.as_ref(), tags)
        && filter.tag_condition.as_ref().is_none_or(|condition| has_tag(condition, tags))
}

/// The filter on tags of rules.
pub(super) fn rule_has_tags(filter: &RuleAttributeFilter, tags: &Tags) -> bool {
    any_group(filter.or_conditions.as_ref(), |all| has_all_tags(all.tag_conditions.as_ref(), tags))
        && filter.and_condition.as_ref().is_none_or(|all| has_all_tags(all.tag_conditions.as_ref(), tags))
        && filter.tag_condition.as_ref().is_none_or(|condition| has_tag(condition, tags))
}

/// The filter on tags and types of flows.
pub(super) fn flow_has_attributes(filter: &ContactFlowAttributeFilter, entry: &Entry<Flow>) -> bool {
    let kind = |condition: Option<&ContactFlowTypeCondition>| {
        condition.and_then(|condition| condition.contact_flow_type.as_ref()).is_none_or(|kind| entry.data.kind == *kind)
    };
    let all = |all: &ContactFlowAttributeAndCondition| {
        has_all_tags(all.tag_conditions.as_ref(), &entry.tags) && kind(all.contact_flow_type_condition.as_ref())
    };
    any_group(filter.or_conditions.as_ref(), all)
        && filter.and_condition.as_ref().is_none_or(all)
        && filter.tag_condition.as_ref().is_none_or(|condition| has_tag(condition, &entry.tags))
        && kind(filter.contact_flow_type_condition.as_ref())
}
