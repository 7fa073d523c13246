//! Defects: members in an embedded language that are not checked.

use connect_model::wire::message::HttpResponse;
use serde_json::{Value, json};

use crate::defects::edits::edit_json;
use crate::defects::hooks::{on_response, overlook_problem};
use crate::defects::{Defect, Family};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "publish-unchecked",
        family: Family::Invalid,
        summary: "content is published although it is not JSON",
        kills: &["invalid.flow-content", "lifecycle.saved-published"],
        may: &[],
        seams: || overlook_problem(|_, language, _| language == "flow-content"),
    },
    Defect {
        id: "publish-any-json",
        family: Family::Invalid,
        summary: "content that is published is checked to be a JSON object, and no more",
        kills: &["invalid.flow-content", "lifecycle.saved-published"],
        may: &[],
        seams: || {
            overlook_problem(|_, language, kind| {
                language == "flow-content" && !matches!(kind, "not-json" | "not-an-object")
            })
        },
    },
    Defect {
        id: "publish-dangling",
        family: Family::Invalid,
        summary: "content is published although its branches lead to actions that do not exist",
        kills: &["invalid.flow-content"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| kind == "dangling-next-action"),
    },
    Defect {
        id: "publish-anywhere",
        family: Family::Invalid,
        summary: "actions are published in flows whose type does not allow them",
        kills: &["invalid.flow-content"],
        may: &[],
        seams: || overlook_problem(|_, _, kind| kind == "action-not-allowed-here"),
    },
    Defect {
        id: "module-unchecked",
        family: Family::Invalid,
        summary: "the content of modules is published unchecked",
        kills: &["invalid.flow-content"],
        may: &[],
        seams: || overlook_problem(|operation, _, _| operation.contains("ContactFlowModule")),
    },
    Defect {
        id: "update-unchecked",
        family: Family::Invalid,
        summary: "content, functions and actions are checked in creations, but not in updates",
        kills: &["invalid.flow-content", "invalid.rule-function", "invalid.rule-actions"],
        may: &[],
        seams: || overlook_problem(|operation, _, _| operation.starts_with("Update")),
    },
    Defect {
        id: "problems-empty",
        family: Family::Invalid,
        summary: "invalid content is rejected without a problem in the error",
        kills: &["invalid.flow-content"],
        may: &[],
        seams: || on_response(|_, response| edit_problems(response, |problems| problems.clear())),
    },
    Defect {
        id: "problem-too-long",
        family: Family::Invalid,
        summary: "the problems of invalid content are longer than the model allows",
        kills: &["invalid.flow-content"],
        may: &[],
        seams: || {
            on_response(|_, response| {
                edit_problems(response, |problems| *problems = vec![json!({ "message": "x".repeat(257) })]);
            })
        },
    },
];

fn edit_problems(response: &mut HttpResponse, edit: impl Fn(&mut Vec<Value>)) {
    if response.status == 400 {
        edit_json(response, |body| {
            for name in ["problems", "Problems"] {
                if let Some(Value::Array(problems)) = body.get_mut(name) {
                    edit(problems);
                }
            }
        });
    }
}
