//! Comparison paths, one row each: the event sources that have it, its operators and its filters. Source: rule function
//! language, pages on the conditions of each event source.
//!
//! Those pages are incomplete, and an instance was observed to reject some of the listed paths. Rows have medium
//! confidence, so the rejection of a function because of a path in this table is not a fault by itself.

use super::operands::{Form, Operands as O};
use crate::semantics::rule::sources::{self as on, EVENT_SOURCES, EventSource, Sources};

/// A comparison path.
#[derive(Debug)]
pub struct ComparisonPath {
    /// The rest of the path after the root of the event source; `*` at the end stands for any key.
    pub suffix: &'static str,
    /// Operators with the form of their operands.
    pub forms: &'static [Form],
    /// Filters, each with `true` if it is required.
    pub filters: &'static [(&'static str, bool)],
    pub(super) sources: Sources,
    /// Other conditions that it requires.
    pub(super) company: Company,
}

/// Other conditions that a condition requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    /// No other conditions.
    None,
    /// The other end of the conversation, in the same AND group.
    OtherEnd,
    /// The form of the evaluation, at the start of the same AND group.
    Form,
    /// The group of a metric rule.
    Metric,
}

const ANY: &str = "CONTAINS_ANY";
const EQ: &str = "EQUALS";
const HAS: &str = "CONTAINS";
const LE: &str = "NumberLessOrEqualTo";
const GE: &str = "NumberGreaterOrEqualTo";

/// Leaf operators.
pub(super) const OPERATORS: &[&str] = &[ANY, EQ, HAS, LE, GE];

const fn form(operator: &'static str, operands: O) -> Form {
    Form { operator, operands }
}

const PHRASES: &[Form] = &[form(ANY, O::Texts)];
const PATTERNS: &[Form] = &[form(ANY, O::Patterns)];
const SENTENCE: &[Form] = &[form(EQ, O::One)];
const IDS: &[Form] = &[form(ANY, O::Texts)];
const IDS_OR_NONE: &[Form] = &[form(ANY, O::Texts), form(EQ, O::None)];
const VALUE: &[Form] = &[form(EQ, O::OneOrNone)];
const ONE: &[Form] = &[form(EQ, O::One)];
const TEXT: &[Form] = &[form(EQ, O::OneOrNone), form(HAS, O::Texts)];
const WITHIN: &[Form] = &[form(HAS, O::Texts)];
const INTEGER: &[Form] = &[form(LE, O::Integer(i64::MIN, i64::MAX)), form(GE, O::Integer(i64::MIN, i64::MAX))];
const PERCENT: &[Form] = &[form(LE, O::Integer(0, 100)), form(GE, O::Integer(0, 100))];
const POSITIVE: &[Form] = &[form(LE, O::Integer(1, i64::MAX)), form(GE, O::Integer(1, i64::MAX))];
const SCORE: &[Form] = &[form(LE, O::Number(-5, 5)), form(GE, O::Number(-5, 5))];
const NUMBER: &[Form] = &[form(LE, O::Number(i64::MIN, i64::MAX)), form(GE, O::Number(i64::MIN, i64::MAX))];
const DATE: &[Form] = &[form(LE, O::Date), form(GE, O::Date)];
const ANYTHING: &[Form] = &[form(EQ, O::Any), form(HAS, O::Any), form(ANY, O::Any), form(LE, O::Any), form(GE, O::Any)];
const SENTIMENT: &[Form] = &[form(EQ, O::OneOf(&["POSITIVE", "NEGATIVE", "NEUTRAL"]))];
const INITIATION: &[Form] =
    &[form(ANY, O::SomeOf(&["INBOUND", "OUTBOUND", "TRANSFER", "QUEUE_TRANSFER", "CALLBACK", "API", "DISCONNECT"]))];
const ISSUES: &[Form] = &[form(ANY, O::Texts), form(EQ, O::None)];

type Filters = &'static [(&'static str, bool)];
const PLAIN: Filters = &[];
const ROLE: Filters = &[("ParticipantRole", true)];
const CALL_ROLE: Filters = &[("ParticipantRole", true), ("PostCallContactPeriodSeconds", false)];
const CHAT_ROLE: Filters = &[("ParticipantRole", true), ("PostChatContactPeriodSeconds", false)];
const LIVE_ROLE: Filters = &[("ParticipantRole", true), ("RealTimeCallContactPeriodSeconds", false)];
const CALL_PATTERN: Filters =
    &[("ParticipantRole", true), ("PatternMatchLanguageFilter", true), ("PostCallContactPeriodSeconds", false)];
const CHAT_PATTERN: Filters =
    &[("ParticipantRole", true), ("PatternMatchLanguageFilter", true), ("PostChatContactPeriodSeconds", false)];
const LIVE_PATTERN: Filters = &[("ParticipantRole", true), ("PatternMatchLanguageFilter", true)];
const AI_AGENT: Filters = &[("AiAgentUseCase", false), ("AiAgentEscalatedToHuman", false)];
const CHANNEL: Filters = &[("MetricDataFilterByChannel", false)];
const ACTIVITY: Filters = &[("AgentActivityDurationSeconds", true), ("MetricDataFilterByChannel", false)];
const SERVICE_LEVEL: Filters = &[("MetricDataThresholdSeconds", true), ("MetricDataFilterByChannel", false)];

const fn row(suffix: &'static str, sources: Sources, forms: &'static [Form], filters: Filters) -> ComparisonPath {
    ComparisonPath { suffix, forms, filters, sources, company: Company::None }
}

const fn with(company: Company, path: ComparisonPath) -> ComparisonPath {
    ComparisonPath { company, ..path }
}

const fn metric(suffix: &'static str, forms: &'static [Form], filters: Filters) -> ComparisonPath {
    with(Company::Metric, row(suffix, on::METRIC, forms, filters))
}

const fn evaluated(suffix: &'static str, forms: &'static [Form]) -> ComparisonPath {
    with(Company::Form, row(suffix, on::EVALUATION, forms, PLAIN))
}

const POST: Sources = on::POST_CALL | on::POST_CHAT;
const NOT_LIVE: Sources = POST | on::EMAIL | on::EVALUATION;
const LENS: Sources = NOT_LIVE | on::REAL_TIME_CALL;
const ZENDESK: Sources = on::ZENDESK_CREATE | on::ZENDESK_STATUS;
const CASES: Sources = on::CASE_CREATE | on::CASE_UPDATE;

/// Historical metrics, which have a window and are not grouped with others.
pub(super) const HISTORICAL: &[&str] = &[
    ".AVG_QUEUE_ANSWER_TIME",
    ".AVG_INTERACTION_TIME",
    ".AVG_HOLD_TIME",
    ".AVG_HANDLE_TIME",
    ".AGENT_OCCUPANCY",
    ".SERVICE_LEVEL",
];

/// All comparison paths. Rows with a key do not apply to paths with rows of their own.
pub const PATHS: &[ComparisonPath] = &[
    row(".ExactMatch.Transcript", on::POST_CALL, PHRASES, CALL_ROLE),
    row(".ExactMatch.Transcript", on::POST_CHAT, PHRASES, CHAT_ROLE),
    row(".ExactMatch.Transcript", on::REAL_TIME_CALL, PHRASES, ROLE),
    row(".SemanticMatch.Transcript", on::POST_CALL, PHRASES, CALL_ROLE),
    row(".SemanticMatch.Transcript", on::POST_CHAT, PHRASES, CHAT_ROLE),
    row(".SemanticMatch.Phrase", POST, SENTENCE, PLAIN),
    row(".PatternMatch.Transcript", on::POST_CALL, PATTERNS, CALL_PATTERN),
    row(".PatternMatch.Transcript", on::POST_CHAT, PATTERNS, CHAT_PATTERN),
    row(".PatternMatch.Transcript", on::REAL_TIME_CALL, PATTERNS, LIVE_PATTERN),
    row(".Agent.AgentId", LENS, IDS, PLAIN),
    row(".Queue.QueueId", NOT_LIVE, IDS_OR_NONE, PLAIN),
    row(".Queue.QueueId", on::REAL_TIME_CALL, IDS, PLAIN),
    row(".ContactAttribute.*", LENS, VALUE, PLAIN),
    row(".SegmentAttributes.UserDefined.*", NOT_LIVE, IDS, PLAIN),
    row(".Agent.HierarchyGroup.ARN", NOT_LIVE, IDS, PLAIN),
    row(".Agent.RoutingProfile", NOT_LIVE, IDS, PLAIN),
    row(".InitiationMethod", on::POST_CALL, INITIATION, PLAIN),
    row(".InitiationMethod", on::POST_CHAT | on::EMAIL | on::EVALUATION, IDS, PLAIN),
    row(".DisconnectReason", NOT_LIVE, IDS, PLAIN),
    row(".PotentialDisconnectIssue", POST | on::EVALUATION, ISSUES, PLAIN),
    row(".Sentiment.State", on::POST_CALL, SENTIMENT, CALL_ROLE),
    row(".Sentiment.State", on::POST_CHAT, SENTIMENT, CHAT_ROLE),
    row(".Sentiment.State", on::REAL_TIME_CALL, SENTIMENT, LIVE_ROLE),
    row(".Sentiment.OverallScore", POST, SCORE, ROLE),
    with(Company::OtherEnd, row(BEGINNING, POST, SCORE, ROLE)),
    with(Company::OtherEnd, row(END, POST, SCORE, ROLE)),
    row(".NonTalkTime.TotalTimeSecs", on::POST_CALL, INTEGER, PLAIN),
    row(".NonTalkTime.LongestTimeSecs", on::POST_CALL, INTEGER, PLAIN),
    row(".Interruptions.Instances", on::POST_CALL, INTEGER, PLAIN),
    row(".TalkTime.TotalTimeSecs", on::POST_CALL, INTEGER, ROLE),
    row(".Loudness.HighestLoudnessScore", on::POST_CALL, INTEGER, ROLE),
    row(".Agent.NonTalkTimePct", on::POST_CALL, PERCENT, PLAIN),
    row(".Agent.CustomerHoldDurationPct", on::POST_CALL, PERCENT, PLAIN),
    row(".Agent.CustomerHoldDurationSecs", on::POST_CALL, INTEGER, PLAIN),
    row(".Agent.LongestHoldDurationSecs", on::POST_CALL, INTEGER, PLAIN),
    row(".Agent.NumberOfHolds", on::POST_CALL, INTEGER, PLAIN),
    row(".Agent.AgentInteractionDurationSecs", POST | on::EMAIL, INTEGER, PLAIN),
    row(".Agent.AfterContactWorkDurationSecs", POST | on::EMAIL, INTEGER, PLAIN),
    row(".ResponseTime.Agent.FirstResponseTimeSecs", on::POST_CHAT, POSITIVE, PLAIN),
    row(".ResponseTime.Agent.AverageTimeSecs", on::POST_CHAT, POSITIVE, PLAIN),
    row(".ResponseTime.Agent.LongestTimeSecs", on::POST_CHAT, POSITIVE, PLAIN),
    row(".AiAgent.IdWithVersion", POST, IDS, AI_AGENT),
    row(FORM, on::EVALUATION, ONE, PLAIN),
    evaluated(".Form.Score", NUMBER),
    evaluated(".Section.SectionRefId", ONE),
    evaluated(".Section.Score", NUMBER),
    evaluated(".Question.QuestionRefId", ONE),
    evaluated(".Question.Answer.Value", NUMBER),
    evaluated(".Question.Answer.ValueRefId", ONE),
    row(".Type", ZENDESK, VALUE, PLAIN),
    row(".Priority", ZENDESK, VALUE, PLAIN),
    row(".Status", ZENDESK, VALUE, PLAIN),
    row(".RequesterId", ZENDESK, VALUE, PLAIN),
    row(".SubmitterId", ZENDESK, VALUE, PLAIN),
    row(".AssigneeId", ZENDESK, VALUE, PLAIN),
    row(".OrganizationId", ZENDESK, VALUE, PLAIN),
    row(".BrandId", ZENDESK, VALUE, PLAIN),
    row(".FormId", ZENDESK, VALUE, PLAIN),
    row(".ExternalId", ZENDESK, VALUE, PLAIN),
    row(".Channel", ZENDESK, VALUE, PLAIN),
    row(".Tags", ZENDESK, WITHIN, PLAIN),
    row(".AccountId", on::SALESFORCE, TEXT, PLAIN),
    row(".Name", on::SALESFORCE, TEXT, PLAIN),
    row(".Email", on::SALESFORCE, TEXT, PLAIN),
    row(".Phone", on::SALESFORCE, TEXT, PLAIN),
    row(".Company", on::SALESFORCE, TEXT, PLAIN),
    row(".Type", on::SALESFORCE, TEXT, PLAIN),
    row(".Reason", on::SALESFORCE, TEXT, PLAIN),
    row(".Origin", on::SALESFORCE, TEXT, PLAIN),
    row(".Subject", on::SALESFORCE, TEXT, PLAIN),
    row(".Priority", on::SALESFORCE, TEXT, PLAIN),
    row(".Description", on::SALESFORCE, TEXT, PLAIN),
    row(".CustomAttribute.*", on::SALESFORCE, TEXT, PLAIN),
    row(".TemplateId", CASES, IDS, PLAIN),
    row(".Fields.assigned_queue", CASES, IDS, PLAIN),
    row(".Fields.assigned_user", CASES, IDS, PLAIN),
    row(".Fields.case_reason", CASES, VALUE, PLAIN),
    row(".Fields.status", CASES, VALUE, PLAIN),
    row(".Fields.summary", CASES, TEXT, PLAIN),
    row(".Fields.reference_number", CASES, TEXT, PLAIN),
    row(".Fields.created_datetime", CASES, DATE, PLAIN),
    row(".Fields.last_updated_datetime", CASES, DATE, PLAIN),
    row(".Fields.last_closed_datetime", CASES, DATE, PLAIN),
    row(".Fields.last_reopened_datetime", CASES, DATE, PLAIN),
    // Custom fields have custom types.
    row(".Fields.*", CASES, ANYTHING, PLAIN),
    row(".SlaConfiguration.Name", on::SLA_BREACH, IDS, PLAIN),
    metric(".AGENT_ACTIVITY", VALUE, ACTIVITY),
    metric(".OLDEST_CONTACT_AGE", NUMBER, CHANNEL),
    metric(".AGENTS_AVAILABLE", NUMBER, CHANNEL),
    metric(".CONTACTS_IN_QUEUE", NUMBER, CHANNEL),
    metric(".AVG_QUEUE_ANSWER_TIME", NUMBER, CHANNEL),
    metric(".AVG_INTERACTION_TIME", NUMBER, CHANNEL),
    metric(".AVG_HOLD_TIME", NUMBER, CHANNEL),
    metric(".AVG_HANDLE_TIME", NUMBER, CHANNEL),
    metric(".AGENT_OCCUPANCY", NUMBER, CHANNEL),
    metric(".SERVICE_LEVEL", NUMBER, SERVICE_LEVEL),
    metric(".FLOWS_STARTED", NUMBER, CHANNEL),
    metric(".AVG_FLOW_TIME", NUMBER, CHANNEL),
    metric(".MAX_FLOW_TIME", NUMBER, CHANNEL),
    metric(".MIN_FLOW_TIME", NUMBER, CHANNEL),
    metric(".FLOWS_OUTCOME", NUMBER, CHANNEL),
    metric(".PERCENT_FLOWS_OUTCOME", NUMBER, CHANNEL),
];

pub(super) const BEGINNING: &str = ".Sentiment.Score.Beginning";
pub(super) const END: &str = ".Sentiment.Score.End";
pub(super) const FORM: &str = ".Form.FormId";

/// The result of looking up a comparison path.
pub(super) enum Found {
    /// A path of the source.
    Row(&'static ComparisonPath),
    /// A path of another source.
    Elsewhere(&'static EventSource),
    /// A path of no source.
    Nowhere,
}

/// Looks up a path, on one source or on any.
pub(super) fn find(path: &str, source: Option<&EventSource>) -> Found {
    let mut elsewhere = None;
    for candidate in EVENT_SOURCES {
        let Some(row) = candidate.suffix_of(path).and_then(|suffix| row_of(suffix, candidate)) else { continue };
        match source {
            Some(source) if source.bit != candidate.bit => elsewhere = elsewhere.or(Some(candidate)),
            _ => return Found::Row(row),
        }
    }
    elsewhere.map_or(Found::Nowhere, Found::Elsewhere)
}

fn row_of(suffix: &str, source: &EventSource) -> Option<&'static ComparisonPath> {
    let rows = || PATHS.iter().filter(|row| row.sources & source.bit != 0);
    let keyed = |row: &&ComparisonPath| {
        row.suffix.strip_suffix('*').is_some_and(|stem| suffix.len() > stem.len() && suffix.starts_with(stem))
    };
    rows().find(|row| row.suffix == suffix).or_else(|| rows().find(keyed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::filters::{FILTERS, filter_kind};
    use super::*;

    #[test]
    fn table_is_consistent() {
        for row in PATHS {
            assert!(row.suffix.starts_with('.') && row.sources != 0 && !row.forms.is_empty(), "{}", row.suffix);
            assert!(row.filters.iter().all(|(name, _)| filter_kind(name).is_some()), "{}", row.suffix);
            assert!(row.forms.iter().all(|form| OPERATORS.contains(&form.operator)), "{}", row.suffix);
            let twins = PATHS.iter().filter(|other| other.suffix == row.suffix && other.sources & row.sources != 0);
            assert_eq!(twins.count(), 1, "{} has two rows on a source", row.suffix);
        }
        for name in HISTORICAL {
            assert!(PATHS.iter().any(|row| row.suffix == *name && row.sources == on::METRIC), "{name}");
        }
        assert_eq!(FILTERS.len(), 23);
    }

    #[test]
    fn every_documented_source_has_paths() {
        for source in EVENT_SOURCES {
            let rows = PATHS.iter().filter(|row| row.sources & source.bit != 0).count();
            assert_eq!(rows > 0, source.root.is_some(), "{}", source.name);
        }
    }
}
