//! Event sources of rules, one row each: the root of their comparison paths, and the requirements on their rules.

/// An event source.
#[derive(Debug)]
pub struct EventSource {
    /// Name, as in `TriggerEventSource.EventSourceName`.
    pub name: &'static str,
    /// The root of all comparison paths in its conditions, without the dot that follows. None if the function language
    /// does not document the source: only the form of its conditions is checked.
    pub root: Option<&'static str>,
    /// Type of the action that its rules must have.
    pub required: Option<&'static str>,
    /// True if its events come from a third party through an integration association.
    pub third_party: bool,
    pub(crate) bit: Sources,
}

/// A set of event sources.
pub(crate) type Sources = u32;

pub(crate) const POST_CALL: Sources = 1 << 0;
pub(crate) const REAL_TIME_CALL: Sources = 1 << 1;
pub(crate) const POST_CHAT: Sources = 1 << 2;
pub(crate) const EMAIL: Sources = 1 << 3;
pub(crate) const EVALUATION: Sources = 1 << 4;
pub(crate) const ZENDESK_CREATE: Sources = 1 << 5;
pub(crate) const ZENDESK_STATUS: Sources = 1 << 6;
pub(crate) const SALESFORCE: Sources = 1 << 7;
pub(crate) const CASE_CREATE: Sources = 1 << 8;
pub(crate) const CASE_UPDATE: Sources = 1 << 9;
pub(crate) const SLA_BREACH: Sources = 1 << 10;
pub(crate) const METRIC: Sources = 1 << 11;
pub(crate) const REAL_TIME_CHAT: Sources = 1 << 12;
pub(crate) const AFTER_CALL: Sources = 1 << 13;
pub(crate) const AFTER_CHAT: Sources = 1 << 14;
pub(crate) const ALERT: Sources = 1 << 15;
pub(crate) const SCHEDULE_PUBLISH: Sources = 1 << 16;
pub(crate) const SCHEDULE_UPDATE: Sources = 1 << 17;
pub(crate) const TIME_OFF: Sources = 1 << 18;

/// The action that rules on analysed conversations must have: the rule's name is the category. Source: Connect API
/// reference, AssignContactCategoryActionDefinition in RuleAction.
const CATEGORY: Option<&str> = Some("ASSIGN_CONTACT_CATEGORY");

/// The action that rules on third-party events must have. Source: Connect API reference, TaskAction in RuleAction.
const TASK: Option<&str> = Some("CREATE_TASK");

const fn plain(name: &'static str, root: Option<&'static str>, bit: Sources) -> EventSource {
    EventSource { name, root, required: None, third_party: false, bit }
}

const fn analysis(name: &'static str, root: Option<&'static str>, bit: Sources) -> EventSource {
    EventSource { name, root, required: CATEGORY, third_party: false, bit }
}

const fn third_party(name: &'static str, root: &'static str, bit: Sources) -> EventSource {
    EventSource { name, root: Some(root), required: TASK, third_party: true, bit }
}

/// All event sources. Source of the roots: rule function language, pages on the conditions of each event source.
pub const EVENT_SOURCES: &[EventSource] = &[
    analysis("OnPostCallAnalysisAvailable", Some("$.ContactLens.PostCall"), POST_CALL),
    analysis("OnRealTimeCallAnalysisAvailable", Some("$.ContactLens.RealTimeCall"), REAL_TIME_CALL),
    analysis("OnPostChatAnalysisAvailable", Some("$.ContactLens.PostChat"), POST_CHAT),
    plain("OnEmailAnalysisAvailable", Some("$.ContactLens.Email"), EMAIL),
    plain("OnContactEvaluationSubmit", Some("$.ContactLens.ContactEvaluation"), EVALUATION),
    third_party("OnZendeskTicketCreate", "$.ThirdParty.Zendesk.TicketCreate", ZENDESK_CREATE),
    third_party("OnZendeskTicketStatusUpdate", "$.ThirdParty.Zendesk.StatusUpdate", ZENDESK_STATUS),
    third_party("OnSalesforceCaseCreate", "$.ThirdParty.Salesforce.CaseCreate", SALESFORCE),
    plain("OnCaseCreate", Some("$.Case"), CASE_CREATE),
    plain("OnCaseUpdate", Some("$.Case"), CASE_UPDATE),
    plain("OnSlaBreach", Some("$.RelatedItem"), SLA_BREACH),
    plain("OnMetricDataUpdate", Some("$.MetricData"), METRIC),
    analysis("OnRealTimeChatAnalysisAvailable", None, REAL_TIME_CHAT),
    plain("OnAfterCallWorkAvailable", None, AFTER_CALL),
    plain("OnAfterChatWorkAvailable", None, AFTER_CHAT),
    plain("OnAlertUpdate", None, ALERT),
    plain("OnSchedulePublish", None, SCHEDULE_PUBLISH),
    plain("OnScheduleUpdate", None, SCHEDULE_UPDATE),
    plain("OnScheduleTimeOffRequestActivity", None, TIME_OFF),
];

/// The event source of that name.
pub fn event_source(name: &str) -> Option<&'static EventSource> {
    EVENT_SOURCES.iter().find(|source| source.name == name)
}

impl EventSource {
    /// The rest of a comparison path after the source's root: `.Queue.QueueId` in
    /// `$.ContactLens.PostCall.Queue.QueueId`.
    pub(crate) fn suffix_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.root?).filter(|suffix| suffix.starts_with('.'))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::{Kind, Schema};

    #[test]
    fn table_has_every_event_source_of_the_model_once() {
        let schema = Schema::connect();
        let Kind::Enum(modelled) = &schema[schema.shape_named("EventSourceName").unwrap()].kind else { unreachable!() };
        let modelled: BTreeSet<&str> = modelled.iter().map(|value| value.as_str()).collect();
        let ours: BTreeSet<&str> = EVENT_SOURCES.iter().map(|source| source.name).collect();
        assert_eq!(ours, modelled);
        let bits: BTreeSet<Sources> = EVENT_SOURCES.iter().map(|source| source.bit).collect();
        assert_eq!((ours.len(), bits.len()), (19, EVENT_SOURCES.len()));
        assert!(bits.iter().all(|bit| bit.is_power_of_two()));
    }
}
