//! The filters of conditions, one row each, with the form of their data.

use arbitrary::Unstructured;
use serde_json::{Value, json};

use crate::constraint::size::pick;
use crate::semantics::rule::make::uuid;

/// A type of filter.
#[derive(Debug)]
pub struct FilterKind {
    /// Name, as in `Type`.
    pub name: &'static str,
    /// Form of `Data`.
    pub data: Data,
}

/// The form of a filter's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list with exactly one of these words.
    ListOfOne(&'static [&'static str]),
    /// A list of ids, at least one and at most this many.
    Ids(usize),
    /// An object with exactly one of these members, whose value is a number of seconds below the limit.
    Seconds(&'static [&'static str], u64),
    /// `{"Comparison": "LT", "ThresholdValue": number}`.
    Threshold,
    /// Any data: the documentation is not sufficient to check it.
    Any,
}

const NO_LIMIT: u64 = i64::MAX as u64;
/// Upper limit of metric windows: one day.
const DAY: u64 = 86_400;

/// Groupings of metric rules.
pub(super) const GROUPINGS: &[&str] = &["AGENT", "QUEUE", "ROUTING_PROFILE", "FLOW"];

const fn row(name: &'static str, data: Data) -> FilterKind {
    FilterKind { name, data }
}

/// All types of filter. Source: rule function language, pages on the conditions of each event source.
pub const FILTERS: &[FilterKind] = &[
    row("ParticipantRole", Data::OneOf(&["ANY", "CUSTOMER", "AGENT"])),
    row("PostCallContactPeriodSeconds", Data::Seconds(&["First", "Last"], NO_LIMIT)),
    row("PostChatContactPeriodSeconds", Data::Seconds(&["First", "Last"], NO_LIMIT)),
    row("RealTimeCallContactPeriodSeconds", Data::Seconds(&["Past"], NO_LIMIT)),
    row("PatternMatchLanguageFilter", Data::OneOf(&["EN", "ES", "AR", "DE", "FR", "HI", "IT", "PT", "KO", "JA", "ZH"])),
    row("AiAgentUseCase", Data::Any),
    row("AiAgentEscalatedToHuman", Data::Any),
    row("MetricDataGrouping", Data::ListOfOne(GROUPINGS)),
    row("MetricDataFilterByQueue", Data::Ids(25)),
    row("MetricDataFilterByAgent", Data::Ids(25)),
    row("MetricDataFilterByRoutingProfile", Data::Ids(25)),
    row("MetricDataFilterByFlow", Data::Ids(25)),
    row("MetricDataFilterByFlowModule", Data::Ids(25)),
    row("MetricDataFilterByAgentHierarchyLevelOne", Data::Ids(1)),
    row("MetricDataFilterByAgentHierarchyLevelTwo", Data::Ids(1)),
    row("MetricDataFilterByAgentHierarchyLevelThree", Data::Ids(1)),
    row("MetricDataFilterByAgentHierarchyLevelFour", Data::Ids(1)),
    row("MetricDataFilterByAgentHierarchyLevelFive", Data::Ids(1)),
    row("MetricDataFilterByChannel", Data::Any),
    // Called Period in the text and Duration in all examples.
    row(WINDOWS[0], Data::Seconds(&["Past"], DAY)),
    row(WINDOWS[1], Data::Seconds(&["Past"], DAY)),
    row("MetricDataThresholdSeconds", Data::Threshold),
    row("AgentActivityDurationSeconds", Data::Seconds(&["Past"], NO_LIMIT)),
];

/// The two names of the window of historical metrics, the one in the examples first.
pub(super) const WINDOWS: [&str; 2] = ["MetricDataDurationSeconds", "MetricDataPeriodSeconds"];

/// The filter of that type.
pub(super) fn filter_kind(name: &str) -> Option<&'static FilterKind> {
    FILTERS.iter().find(|kind| kind.name == name)
}

/// Returns true if a filter selects the agents, queues, profiles or flows of a metric.
pub(super) fn is_dimension(name: &str) -> bool {
    name != "MetricDataFilterByChannel" && name.starts_with("MetricDataFilterBy")
}

impl Data {
    /// The problem of some data.
    pub(super) fn check(self, data: &Value) -> Result<(), String> {
        let one = |value: &Value, words: &[&str]| value.as_str().is_some_and(|text| words.contains(&text));
        let number = |value: Option<&Value>, below: u64| {
            value.and_then(Value::as_f64).is_some_and(|number| number >= 0.0 && number < below as f64)
        };
        let good = match (self, data) {
            (Data::Any, _) => true,
            (Data::OneOf(words), _) => one(data, words),
            (Data::ListOfOne(words), Value::Array(items)) => items.len() == 1 && one(&items[0], words),
            (Data::Ids(most), Value::Array(items)) => {
                (1..=most).contains(&items.len()) && items.iter().all(Value::is_string)
            }
            (Data::Seconds(names, below), Value::Object(members)) => {
                members.len() == 1 && names.iter().any(|name| number(members.get(*name), below))
            }
            (Data::Threshold, Value::Object(members)) => {
                members.get("Comparison").and_then(Value::as_str) == Some("LT")
                    && number(members.get("ThresholdValue"), NO_LIMIT)
            }
            _ => false,
        };
        if good { Ok(()) } else { Err(self.expected()) }
    }

    fn expected(self) -> String {
        match self {
            Data::OneOf(words) => format!("Data must be one of {}", words.join(", ")),
            Data::ListOfOne(words) => format!("Data must be a list with one of {}", words.join(", ")),
            Data::Ids(most) => format!("Data must be a list of 1 to {most} ids"),
            Data::Seconds(names, DAY) => format!("Data must be {{{}: seconds}}, less than {DAY}", names.join(" or ")),
            Data::Seconds(names, _) => format!("Data must be {{{}: seconds}}", names.join(" or ")),
            Data::Threshold => "Data must be {Comparison: LT, ThresholdValue: seconds}".to_owned(),
            Data::Any => "Data must be present".to_owned(),
        }
    }

    /// Data of this form.
    pub(super) fn make(self, u: &mut Unstructured<'_>) -> Value {
        let word = |words: &[&'static str], u: &mut Unstructured<'_>| {
            Value::from(words[pick(u, 0, words.len() as u64 - 1) as usize])
        };
        match self {
            Data::OneOf(words) => word(words, u),
            Data::ListOfOne(words) => json!([word(words, u)]),
            Data::Ids(most) => (0..pick(u, 1, most.min(2) as u64)).map(|_| Value::from(uuid(u))).collect(),
            Data::Seconds(names, below) => {
                let name = names[pick(u, 0, names.len() as u64 - 1) as usize];
                json!({name: pick(u, 1, below.min(DAY) - 1)})
            }
            Data::Threshold => json!({"Comparison": "LT", "ThresholdValue": pick(u, 1, 600)}),
            Data::Any => json!({"Value": "contract-test"}),
        }
    }

    /// Data of another form; none if any form is valid.
    pub(super) fn spoil(self) -> Option<Value> {
        match self {
            Data::Any => None,
            Data::OneOf(_) => Some("NO_SUCH_VALUE".into()),
            Data::ListOfOne(words) => Some(words.iter().copied().take(2).collect()),
            Data::Ids(most) => {
                Some((0..=most).map(|at| Value::from(format!("{at:08x}-0000-4000-8000-000000000000"))).collect())
            }
            Data::Seconds(_, DAY) => Some(json!({"Past": DAY})),
            Data::Seconds(..) => Some(json!({"Never": 1})),
            Data::Threshold => Some(json!({"Comparison": "GT", "ThresholdValue": 60})),
        }
    }
}
