//! Defects: members that are a language of their own inside, and are not read as such.

use connect_model::wire::message::HttpResponse;
use serde_json::{Value, json};

use crate::defects::edits::edit_json;
use crate::defects::{Defect, Family, Fault};
use crate::policy::Overlooks;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "publish-unchecked",
        family: Family::Invalid,
        summary: "content is published although it is not JSON",
        kills: &["invalid.flow-content", "lifecycle.saved-published"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, language, _| language == "flow-content")),
    },
    Defect {
        id: "publish-any-json",
        family: Family::Invalid,
        summary: "content that is published is checked to be a JSON object, and no more",
        kills: &["invalid.flow-content", "lifecycle.saved-published"],
        may: &[],
        fault: Fault::Policy(|policy| {
            policy.overlooks = Overlooks(|_, language, kind| {
                language == "flow-content" && !matches!(kind, "not-json" | "not-an-object")
            });
        }),
    },
    Defect {
        id: "publish-dangling",
        family: Family::Invalid,
        summary: "content is published although its branches lead to actions that it does not have",
        kills: &["invalid.flow-content"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, _, kind| kind == "dangling-next-action")),
    },
    Defect {
        id: "publish-anywhere",
        family: Family::Invalid,
        summary: "actions are published in flows of types that do not allow them",
        kills: &["invalid.flow-content"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|_, _, kind| kind == "action-not-allowed-here")),
    },
    Defect {
        id: "module-unchecked",
        family: Family::Invalid,
        summary: "the content of modules is published whatever it says",
        kills: &["invalid.flow-content"],
        may: &[],
        fault: Fault::Policy(|policy| {
            policy.overlooks = Overlooks(|operation, _, _| operation.contains("ContactFlowModule"));
        }),
    },
    Defect {
        id: "update-unchecked",
        family: Family::Invalid,
        summary: "content, functions and actions are checked in a creation, and not in an update",
        kills: &["invalid.flow-content", "invalid.rule-function", "invalid.rule-actions"],
        may: &[],
        fault: Fault::Policy(|policy| policy.overlooks = Overlooks(|operation, _, _| operation.starts_with("Update"))),
    },
    Defect {
        id: "problems-empty",
        family: Family::Invalid,
        summary: "bad content is refused without saying a problem",
        kills: &["invalid.flow-content"],
        may: &[],
        fault: Fault::Reply(|_, response| edit_problems(response, |problems| problems.clear())),
    },
    Defect {
        id: "problem-too-long",
        family: Family::Invalid,
        summary: "the problems of bad content are longer than the model allows",
        kills: &["invalid.flow-content"],
        may: &[],
        fault: Fault::Reply(|_, response| {
            edit_problems(response, |problems| *problems = vec![json!({ "message": "x".repeat(257) })]);
        }),
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
