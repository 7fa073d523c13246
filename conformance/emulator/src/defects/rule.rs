//! Defects: rules whose conditions, or what else must agree in them, are not looked at.

use connect_model::semantics::rule::{ACTIONS, FUNCTION, actions};

use crate::defects::{Defect, Family, Fault};
use crate::policy::Overlooks;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "function-unchecked",
        family: Family::Invalid,
        summary: "the function of a rule may be any text",
        kills: &["invalid.rule-function"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, language, _| language == FUNCTION)),
    },
    Defect {
        id: "function-of-any-source",
        family: Family::Invalid,
        summary: "the function of a rule may compare what the rule's event source does not have",
        kills: &["invalid.rule-function"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, _, kind| kind == "path-of-another-source")),
    },
    Defect {
        id: "function-unlimited",
        family: Family::Invalid,
        summary: "the function of a rule may have any number of conditions, in any nesting",
        kills: &["invalid.rule-function"],
        may: &[],
        fault: Fault::Policy(|policy| {
            policy.overlooks = Overlooks(|_, language, kind| {
                language == FUNCTION && matches!(kind, "too-many-conditions" | "group-in-group")
            });
        }),
    },
    Defect {
        id: "metric-groups-unchecked",
        family: Family::Invalid,
        summary: "the functions of metric rules are not held to the groups that metrics need",
        kills: &["invalid.rule-function"],
        may: &[],
        fault: Fault::Policy(|policy| {
            policy.overlooks = Overlooks(|_, language, kind| language == FUNCTION && kind.starts_with("metric-"))
        }),
    },
    Defect {
        id: "action-on-any-source",
        family: Family::Invalid,
        summary: "a rule may have actions that its event source does not support",
        kills: &["invalid.rule-actions"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, _, kind| actions::cell_of_kind(kind).is_some())),
    },
    Defect {
        id: "required-action-missing",
        family: Family::Invalid,
        summary: "a rule need not have the action that its event source asks for",
        kills: &["invalid.rule-actions"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, _, kind| kind == "required-action-missing")),
    },
    Defect {
        id: "any-payload",
        family: Family::Invalid,
        summary: "an action may have the member of another type beside its own, or in its place",
        kills: &["invalid.rule-actions"],
        may: &[],
        fault: Fault::Policy(|policy| {
            policy.overlooks = Overlooks(|_, _, kind| kind.starts_with("payload-"));
        }),
    },
    Defect {
        id: "action-twice",
        family: Family::Invalid,
        summary: "a rule may have two actions of a type",
        kills: &["invalid.rule-actions"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, _, kind| kind == "duplicate-action")),
    },
    Defect {
        id: "update-rule-unchecked",
        family: Family::Invalid,
        summary: "rules are checked when they are created, and not when they are updated",
        kills: &["invalid.rule-function", "invalid.rule-actions"],
        may: &[],
        fault: Fault::Policy(|policy| {
            policy.overlooks =
                Overlooks(|operation, language, _| operation == "UpdateRule" && matches!(language, FUNCTION | ACTIONS));
        }),
    },
];
