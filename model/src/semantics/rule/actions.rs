//! Allowed pairs of action and event source: twelve rows, from which the cells of all 228 pairs are derived.

use std::sync::LazyLock;

use super::sources::{self as on, EVENT_SOURCES, EventSource, Sources};
use super::{ACTIONS as LANGUAGE, Breach, Confidence};
use crate::evidence::Evidence;

/// A type of action.
#[derive(Debug)]
pub struct Action {
    /// Name, as in `ActionType`.
    pub name: &'static str,
    /// The member of a rule's action that holds its payload.
    pub payload: &'static str,
    /// Sources that the API reference lists for it.
    stated: Sources,
    /// Sources that it fits by its effect, where the API reference lists none.
    likely: Sources,
    /// The API reference on all other sources.
    elsewhere: Elsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    /// "Supported only for" the listed sources.
    Refused,
    /// No statement.
    Unstated,
}

const ANALYSIS: Sources = on::POST_CALL | on::REAL_TIME_CALL | on::REAL_TIME_CHAT | on::POST_CHAT;
const THIRD_PARTY: Sources = on::ZENDESK_CREATE | on::ZENDESK_STATUS | on::SALESFORCE;
const CASES: Sources = on::CASE_CREATE | on::CASE_UPDATE;
const SCHEDULES: Sources = on::SCHEDULE_PUBLISH | on::SCHEDULE_UPDATE | on::TIME_OFF;
const AFTER_WORK: Sources = on::AFTER_CALL | on::AFTER_CHAT;
/// Sources that the API reference lists for no action at all. Their rules need an action, so the lists are incomplete
/// there, and an unlisted action is not certainly rejected.
const NAMED_NOWHERE: Sources = on::ALERT;

const fn only_on(name: &'static str, payload: &'static str, stated: Sources) -> Action {
    Action { name, payload, stated, likely: 0, elsewhere: Elsewhere::Refused }
}

const fn open(name: &'static str, payload: &'static str, stated: Sources, likely: Sources) -> Action {
    Action { name, payload, stated, likely, elsewhere: Elsewhere::Unstated }
}

/// All action types. Source of `stated`: Connect API reference, RuleAction and the members of each action; of
/// `likely`: Connect administrator guide, pages on cases and on submitting evaluations by rule.
pub const ACTIONS: &[Action] = &[
    // "Required if the event source is one of" is not "only for".
    open("CREATE_TASK", "TaskAction", THIRD_PARTY, ANALYSIS),
    only_on("ASSIGN_CONTACT_CATEGORY", "AssignContactCategoryAction", ANALYSIS | THIRD_PARTY),
    only_on("GENERATE_EVENTBRIDGE_EVENT", "EventBridgeAction", ANALYSIS | on::EVALUATION | on::METRIC),
    only_on("SEND_NOTIFICATION", "SendNotificationAction", ANALYSIS | on::EVALUATION | on::METRIC),
    only_on("CREATE_CASE", "CreateCaseAction", on::POST_CALL | on::POST_CHAT),
    only_on("UPDATE_CASE", "UpdateCaseAction", CASES),
    open("ASSIGN_SLA", "AssignSlaAction", 0, CASES),
    only_on("END_ASSOCIATED_TASKS", "EndAssociatedTasksAction", on::CASE_UPDATE),
    only_on("END_ASSOCIATED_EMAILS", "EndAssociatedEmailsAction", on::CASE_UPDATE),
    open("SUBMIT_AUTO_EVALUATION", "SubmitAutoEvaluationAction", 0, on::POST_CALL | on::POST_CHAT | on::EVALUATION),
    open("EXTRACT_INFORMATION", "ExtractInformationAction", 0, on::POST_CALL | on::POST_CHAT),
    only_on(
        "SEND_IN_APP_NOTIFICATION",
        "SendInAppNotificationAction",
        ANALYSIS | AFTER_WORK | on::EMAIL | on::EVALUATION | CASES | on::SLA_BREACH | SCHEDULES,
    ),
];

/// The action of that type.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.name == name)
}

/// The knowledge about an action on an event source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed in a rule.
    Permitted,
    /// Not allowed in a rule.
    Refused,
    /// Not documented.
    Unstated,
}

/// An action on an event source.
#[derive(Debug)]
pub struct Cell {
    /// The action.
    pub action: &'static Action,
    /// The event source.
    pub source: &'static EventSource,
    /// The verdict on the pair.
    pub verdict: Verdict,
    /// The breach of having the action on the source; its confidence depends on the verdict.
    pub breach: Breach,
}

/// All cells, row by row.
pub fn cells() -> &'static [Cell] {
    static CELLS: LazyLock<Vec<Cell>> = LazyLock::new(|| {
        let pairs = ACTIONS.iter().flat_map(|action| EVENT_SOURCES.iter().map(move |source| (action, source)));
        pairs.map(|(action, source)| cell_of(action, source)).collect()
    });
    &CELLS
}

/// The cell of an action and an event source.
pub fn cell(action: &Action, source: &EventSource) -> Option<&'static Cell> {
    cells().iter().find(|cell| cell.action.name == action.name && cell.source.name == source.name)
}

/// The cell whose breach has that kind.
pub fn cell_of_kind(kind: &str) -> Option<&'static Cell> {
    cells().iter().find(|cell| cell.breach.kind == kind)
}

impl Action {
    /// The verdict on the action for a source.
    pub fn on(&self, source: &EventSource) -> Verdict {
        match self.elsewhere {
            _ if self.stated & source.bit != 0 => Verdict::Permitted,
            Elsewhere::Refused if source.bit & NAMED_NOWHERE == 0 => Verdict::Refused,
            Elsewhere::Refused | Elsewhere::Unstated => Verdict::Unstated,
        }
    }

    /// Returns true if a rule on the source may have the action, by statement or probably.
    pub(crate) fn suits(&self, source: &EventSource) -> bool {
        (self.stated | self.likely) & source.bit != 0
    }
}

const STATED: &[Evidence] = &[Evidence::documentation("Connect API reference, RuleAction")];
const NOWHERE: &[Evidence] = &[Evidence::inference("the effect of the action; no source states the pair")];

fn cell_of(action: &'static Action, source: &'static EventSource) -> Cell {
    let verdict = action.on(source);
    let (rule, confidence, evidence) = match verdict {
        Verdict::Permitted => ("the event source is one of those stated for the action", Confidence::High, STATED),
        Verdict::Refused => {
            ("a rule has only actions that are supported for its event source", Confidence::Medium, STATED)
        }
        Verdict::Unstated => {
            ("no source states if a rule on this event source may have this action", Confidence::Low, NOWHERE)
        }
    };
    // Leaked on purpose: 228 short names, once per process.
    let kind = Box::leak(format!("{}-for-{}", kebab(action.name), kebab(source.name)).into_boxed_str());
    let breach = Breach { language: LANGUAGE, kind, rule, evidence, confidence };
    Cell { action, source, verdict, breach }
}

/// `SEND_NOTIFICATION` and `OnCaseCreate` as `send-notification` and `case-create`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    let camel = name.bytes().any(|byte| byte.is_ascii_lowercase());
    for c in if camel { name.strip_prefix("On").unwrap_or(name) } else { name }.chars() {
        if c == '_' || (camel && c.is_ascii_uppercase() && !text.is_empty()) {
            text.push('-');
        }
        if c != '_' {
            text.push(c.to_ascii_lowercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::schema::{Kind, Schema};

    #[test]
    fn table_has_every_action_and_payload_of_the_model_once() {
        let schema = Schema::connect();
        let Kind::Enum(modelled) = &schema[schema.shape_named("ActionType").unwrap()].kind else { unreachable!() };
        let modelled: BTreeSet<&str> = modelled.iter().map(|value| value.as_str()).collect();
        assert_eq!(ACTIONS.iter().map(|action| action.name).collect::<BTreeSet<_>>(), modelled);
        let members = schema[schema.shape_named("RuleAction").unwrap()].kind.members().unwrap();
        let payloads: BTreeSet<&str> =
            members.iter().map(|member| member.name.as_str()).filter(|name| *name != "ActionType").collect();
        assert_eq!(ACTIONS.iter().map(|action| action.payload).collect::<BTreeSet<_>>(), payloads);
        assert_eq!(ACTIONS.len(), 12);
    }

    #[test]
    fn every_pair_has_a_cell_with_a_unique_name() {
        let kinds: BTreeSet<&str> = cells().iter().map(|cell| cell.breach.kind).collect();
        assert_eq!(kinds.len(), 228);
        assert!(kinds.contains("send-notification-for-case-create"), "{kinds:?}");
        for cell in cells() {
            assert_eq!(cell.verdict == Verdict::Unstated, cell.breach.confidence == Confidence::Low);
        }
        for source in EVENT_SOURCES {
            let named = ACTIONS.iter().any(|action| action.on(source) == Verdict::Permitted);
            let refused = ACTIONS.iter().any(|action| action.on(source) == Verdict::Refused);
            assert_eq!(named, refused, "{}: actions are rejected only where others are permitted", source.name);
        }
    }

    #[test]
    fn every_action_fits_a_source_and_required_actions_are_permitted() {
        for action in ACTIONS {
            assert!(EVENT_SOURCES.iter().any(|source| action.suits(source)), "{}", action.name);
        }
        for source in EVENT_SOURCES {
            if let Some(required) = source.required {
                assert_eq!(action(required).unwrap().on(source), Verdict::Permitted, "{}", source.name);
            }
        }
    }
}
