//! Defects: rules whose functions and actions are not checked.

use connect_model::semantics::rule::{ACTIONS, FUNCTION, actions};

use crate::defects::hooks::overlook_problem;
use crate::defects::{Defect, Family};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "function-unchecked",
        family: Family::Invalid,
        summary: "the function of a rule may be any string",
        kills: &["invalid.rule-function"],
        may: &[],
        seams: || overlook_problem(|_, language, _| language == FUNCTION),
    },
    Defect {
        id: "function-of-any-source",
        family: Family::Invalid,
        summary: "the function of a rule may compare fields that its event source does not have",
        kills: &["invalid.rule-function"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| kind == "path-of-another-source"),
    },
    Defect {
        id: "function-unlimited",
        family: Family::Invalid,
        summary: "the function of a rule may have any number of conditions at any depth",
        kills: &["invalid.rule-function"],
        may: &[],
        seams: || {
            overlook_problem(|_, language, kind| {
                language == FUNCTION && matches!(kind, "too-many-conditions" | "group-in-group")
            })
        },
    },
    Defect {
        id: "metric-groups-unchecked",
        family: Family::Invalid,
        summary: "the functions of metric rules need not have the groups that metrics require",
        kills: &["invalid.rule-function"],
        may: &[],
        seams: || overlook_problem(|_, language, kind| language == FUNCTION && kind.starts_with("metric-")),
    },
    Defect {
        id: "action-on-any-source",
        family: Family::Invalid,
        summary: "a rule may have actions that its event source does not support",
        kills: &["invalid.rule-actions"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| actions::cell_of_kind(kind).is_some()),
    },
    Defect {
        id: "required-action-missing",
        family: Family::Invalid,
        summary: "a rule need not have the action that its event source requires",
        kills: &["invalid.rule-actions"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| kind == "required-action-missing"),
    },
    Defect {
        id: "any-payload",
        family: Family::Invalid,
        summary: "an action may have the member of another type in addition to its own, or instead",
        kills: &["invalid.rule-actions"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| kind.starts_with("payload-")),
    },
    Defect {
        id: "action-twice",
        family: Family::Invalid,
        summary: "a rule may have two actions of the same type",
        kills: &["invalid.rule-actions"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| kind == "duplicate-action"),
    },
    Defect {
        id: "update-rule-unchecked",
        family: Family::Invalid,
        summary: "rules are checked in creations, but not in updates",
        kills: &["invalid.rule-function", "invalid.rule-actions"],
        may: &[],
        seams: || {
            overlook_problem(|operation, language, _| {
                operation == "UpdateRule" && matches!(language, FUNCTION | ACTIONS)
            })
        },
    },
];
