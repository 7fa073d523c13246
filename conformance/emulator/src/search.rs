//! Search criteria and filters: does this thing match?
//!
//! What the documentation leaves open is decided here, and only learned by the suite: several keys in one
//! node must all hold; an empty list is no condition; text is compared by letter case; a condition without value, or on
//! a field that we do not know, matches nothing.

use connect_model::shapes::{
    ContactFlowAttributeAndCondition, ContactFlowAttributeFilter, ContactFlowModuleSearchCriteria,
    ContactFlowModuleStatus, ContactFlowSearchCriteria, ContactFlowStatus, ContactFlowTypeCondition,
    ControlPlaneTagFilter, RuleAttributeFilter, RulesSearchCriteria, StringComparisonType, StringCondition,
    TagCondition,
};

use crate::store::{Entry, Flow, Module, Rule, Tags};

/// A tree of conditions on a thing.
pub(super) trait Criteria<T>: Sized {
    /// Nodes that must all match.
    fn all(&self) -> &[Self];
    /// Nodes of which one must match.
    fn any(&self) -> &[Self];
    /// Conditions of this node on text.
    fn text(&self) -> Option<&StringCondition>;
    /// Conditions of this node on anything else.
    fn others(&self, thing: &T) -> bool;
    /// Values of a searchable field.
    fn field(thing: &T, name: &str) -> Vec<String>;
}

/// The thing satisfies the tree.
pub(super) fn matches<T, C: Criteria<T>>(criteria: &C, thing: &T) -> bool {
    criteria.all().iter().all(|node| matches(node, thing))
        && (criteria.any().is_empty() || criteria.any().iter().any(|node| matches(node, thing)))
        && criteria.text().is_none_or(|condition| {
            let values = condition.field_name.as_deref().map(|name| C::field(thing, name)).unwrap_or_default();
            values.iter().any(|value| compares(condition, value))
        })
        && criteria.others(thing)
}

fn compares(condition: &StringCondition, value: &str) -> bool {
    let (Some(wanted), Some(comparison)) = (&condition.value, &condition.comparison_type) else { return false };
    match comparison {
        StringComparisonType::StartsWith => value.starts_with(wanted),
        StringComparisonType::Contains => value.contains(wanted),
        StringComparisonType::Exact => value == wanted,
        StringComparisonType::Unknown(_) => false,
    }
}

/// Name, description and id: what flows and modules are searched by.
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

    fn others(&self, entry: &Entry<Flow>) -> bool {
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

    fn others(&self, entry: &Entry<Module>) -> bool {
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

    fn others(&self, _: &Entry<Rule>) -> bool {
        true
    }

    fn field(entry: &Entry<Rule>, name: &str) -> Vec<String> {
        let rule = &entry.data;
        match name {
            "Name" => vec![entry.name.clone()],
            "RuleId" => vec![entry.id.clone()],
            "PublishStatus" => vec![rule.status.to_string()],
            "EventSourceName" => vec![rule.source().to_string()],
            "IntegrationAssociationId" => rule.trigger.integration_association_id.clone().into_iter().collect(),
            "ActionSummaries" => rule.actions.iter().map(|action| action.action_type.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}

/// A tag with that key and value; a part that is not given is not compared.
fn tag(condition: &TagCondition, tags: &Tags) -> bool {
    tags.iter().any(|(key, value)| {
        condition.tag_key.as_ref().is_none_or(|wanted| wanted == key)
            && condition.tag_value.as_ref().is_none_or(|wanted| wanted == value)
    })
}

fn all_tags(conditions: Option<&Vec<TagCondition>>, tags: &Tags) -> bool {
    conditions.is_none_or(|list| list.iter().all(|condition| tag(condition, tags)))
}

/// `one_of` holds for some element, or there is none to hold.
fn some<E>(list: Option<&Vec<E>>, one_of: impl Fn(&E) -> bool) -> bool {
    list.is_none_or(|list| list.is_empty() || list.iter().any(one_of))
}

/// The filter on tags of flows and modules.
pub(super) fn tagged(filter: &ControlPlaneTagFilter, tags: &Tags) -> bool {
    some(filter.or_conditions.as_ref(), |all| all_tags(Some(all), tags))
        && all_tags(filter.and_conditions.as_ref(), tags)
        && filter.tag_condition.as_ref().is_none_or(|condition| tag(condition, tags))
}

/// The filter on tags of rules.
pub(super) fn tagged_rule(filter: &RuleAttributeFilter, tags: &Tags) -> bool {
    some(filter.or_conditions.as_ref(), |all| all_tags(all.tag_conditions.as_ref(), tags))
        && filter.and_condition.as_ref().is_none_or(|all| all_tags(all.tag_conditions.as_ref(), tags))
        && filter.tag_condition.as_ref().is_none_or(|condition| tag(condition, tags))
}

/// The filter on tags and types of flows.
pub(super) fn flow_attributes(filter: &ContactFlowAttributeFilter, entry: &Entry<Flow>) -> bool {
    let kind = |condition: Option<&ContactFlowTypeCondition>| {
        condition.and_then(|condition| condition.contact_flow_type.as_ref()).is_none_or(|kind| entry.data.kind == *kind)
    };
    let all = |all: &ContactFlowAttributeAndCondition| {
        all_tags(all.tag_conditions.as_ref(), &entry.tags) && kind(all.contact_flow_type_condition.as_ref())
    };
    some(filter.or_conditions.as_ref(), all)
        && filter.and_condition.as_ref().is_none_or(all)
        && filter.tag_condition.as_ref().is_none_or(|condition| tag(condition, &entry.tags))
        && kind(filter.contact_flow_type_condition.as_ref())
}
