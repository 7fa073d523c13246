//! Defects at the borders of a life (deletions, references, parents), and in the times, ARNs and views of some kinds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::defects::edits::edited;
use crate::defects::hooks::{on_body, on_call, on_items};
use crate::defects::seam::{Invocation, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::refusal::Refusal;
use crate::store::lock;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "deleted-prompt-listed",
        family: Family::Lifecycle,
        summary: "a deleted prompt is still listed",
        kills: &["lifecycle.delete-gone"],
        may: &[],
        seams: || {
            Arc::new(Ghosts::new(["CreatePrompt", "DeletePrompt", "ListPrompts"], "PromptId", "PromptSummaryList"))
        },
    },
    Defect {
        id: "deleted-profile-found",
        family: Family::Lifecycle,
        summary: "a deleted security profile is still found by searches",
        kills: &["lifecycle.delete-gone"],
        may: &["keep.search-condition", "keep.counts", "search.or-unions", "search.and-narrows"],
        seams: || {
            Arc::new(Ghosts::new(
                ["CreateSecurityProfile", "DeleteSecurityProfile", "SearchSecurityProfiles"],
                "SecurityProfileId",
                "SecurityProfiles",
            ))
        },
    },
    Defect {
        id: "view-in-any-instance",
        family: Family::Lifecycle,
        summary: "a view is described under every instance",
        kills: &["lifecycle.own-parent"],
        may: &[],
        seams: || Arc::new(Everywhere::default()),
    },
    Defect {
        id: "hours-deleted-by-prefix",
        family: Family::Lifecycle,
        summary: "with hours of operation, those whose names begin with the same name are deleted, too",
        kills: &["lifecycle.delete-only"],
        may: &[],
        seams: || Arc::new(ByPrefix::default()),
    },
    Defect {
        id: "user-takes-profile",
        family: Family::Lifecycle,
        summary: "with a user, its routing profile is deleted, too",
        kills: &["lifecycle.delete-only"],
        may: &["lifecycle.in-use"],
        seams: || Arc::new(Buried::default()),
    },
    Defect {
        id: "profile-deleted-in-use",
        family: Family::Lifecycle,
        summary: "a routing profile is deleted although a user has it",
        kills: &["lifecycle.in-use"],
        may: &[],
        seams: || Arc::new(Buried { in_use: true, ..Buried::default() }),
    },
    Defect {
        id: "queue-never-modified",
        family: Family::Keep,
        summary: "the time of the last change of a queue stays that of its creation",
        kills: &["keep.plausible"],
        may: &["keep.views-agree"],
        seams: || Arc::new(Frozen::default()),
    },
    Defect {
        id: "rule-created-again",
        family: Family::Keep,
        summary: "the time of the creation of a rule is that of its last change",
        kills: &["keep.plausible"],
        may: &["keep.views-agree", "keep.update-only-named", "lifecycle.walk"],
        seams: || {
            on_body(|_, body| {
                if let Some(rule) = body.get_mut("Rule").filter(|rule| rule["CreatedTime"].is_number()) {
                    rule["CreatedTime"] = rule["LastUpdatedTime"].clone();
                }
            })
        },
    },
    Defect {
        id: "arn-of-another-kind",
        family: Family::Keep,
        summary: "the ARN of a user says `user` in place of `agent`",
        kills: &["keep.plausible"],
        may: &[],
        seams: || {
            on_body(|scene, body| {
                let other = body.to_string().replace("/agent/", "/user/");
                if scene.operation.is_some_and(|operation| operation.name.contains("User"))
                    && let Ok(other) = serde_json::from_str(&other)
                {
                    *body = other;
                }
            })
        },
    },
    Defect {
        id: "search-hides-description",
        family: Family::Keep,
        summary: "a search of queues leaves out their descriptions",
        kills: &["keep.views-agree"],
        may: &[],
        seams: || {
            on_items("SearchQueues", |item| {
                item.as_object_mut().map(|item| item.remove("Description"));
            })
        },
    },
    Defect {
        id: "flow-arn-in-any-instance",
        family: Family::Lifecycle,
        summary: "the ARN of a flow is described under every instance",
        kills: &["lifecycle.own-parent"],
        may: &[],
        seams: || {
            on_call(|call| {
                let text = call.input["ContactFlowId"].as_str().unwrap_or_default();
                let home = text.split_once(":instance/").and_then(|(_, rest)| rest.split('/').next());
                let describes = call.operation.name == "DescribeContactFlow" && home.is_some();
                edited(call, describes, |input| input["InstanceId"] = home.into())
            })
        },
    },
    Defect {
        id: "workspace-description-cut",
        family: Family::Accept,
        summary: "descriptions of new workspaces are cut after 200 characters",
        kills: &["accept.at-limit"],
        may: &[],
        seams: || {
            on_call(|call| {
                let creates = call.operation.name == "CreateWorkspace" && call.input["Description"].is_string();
                edited(call, creates, |input| {
                    let text = input["Description"].as_str().unwrap_or_default();
                    input["Description"] = text.chars().take(200).collect::<String>().into();
                })
            })
        },
    },
];

/// The noun of the kind that each row is about.
pub(super) const NOUNS: &[(&str, &str)] = &[
    ("deleted-prompt-listed", "Prompt"),
    ("deleted-profile-found", "SecurityProfile"),
    ("view-in-any-instance", "View"),
    ("workspace-description-cut", "Workspace"),
    ("hours-deleted-by-prefix", "HoursOfOperation"),
    ("user-takes-profile", "User"),
    ("queue-never-modified", "Queue"),
    ("arn-of-another-kind", "User"),
    ("search-hides-description", "Queue"),
    ("profile-deleted-in-use", "User"),
];

/// A list or search that has what was deleted on its last page.
struct Ghosts {
    operations: [&'static str; 3],
    /// The id in the answer to the creation, and in the deletion.
    id: &'static str,
    /// The items of the list, each with its `Id`.
    items: &'static str,
    known: Mutex<Vec<Ghost>>,
}

/// A resource, which may be deleted.
struct Ghost {
    instance: Value,
    item: Value,
    is_deleted: bool,
}

impl Ghosts {
    fn new(operations: [&'static str; 3], id: &'static str, items: &'static str) -> Self {
        Self { operations, id, items, known: Mutex::default() }
    }

    fn note(&self, [create, delete, list]: [&str; 3], call: &Invocation<'_>, output: &mut Value) {
        let mut known = lock(&self.known);
        let (operation, instance) = (call.operation.name.as_str(), &call.input["InstanceId"]);
        if operation == create {
            let name = ["Name", "SecurityProfileName"].iter().find_map(|name| call.input.get(*name));
            let item = json!({ "Id": output[self.id], "Name": name });
            known.push(Ghost { instance: instance.clone(), item, is_deleted: false });
        } else if operation == delete {
            let of_id = known.iter_mut().filter(|ghost| ghost.item["Id"] == call.input[self.id]);
            of_id.for_each(|ghost| ghost.is_deleted = true);
        } else if operation == list && output.get("NextToken").is_none() {
            let criteria = call.input["SearchCriteria"].to_string();
            let fits = |ghost: &&Ghost| {
                ghost.is_deleted
                    && ghost.instance == *instance
                    && (criteria == "null" || criteria.contains(&ghost.item["Name"].to_string()))
            };
            let shown = known.iter().filter(fits).map(|ghost| ghost.item.clone());
            if let Some(Value::Array(items)) = output.get_mut(self.items) {
                items.extend(shown);
            }
        }
    }
}

impl Seams for Ghosts {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let mut answer = call.perform(call.input);
        if let Answer::Performed(Ok(output)) = &mut answer {
            self.note(self.operations, call, output);
        }
        answer
    }
}

/// Views with their instances, by id.
#[derive(Default)]
struct Everywhere(Mutex<HashMap<String, Value>>);

impl Seams for Everywhere {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match call.operation.name.as_str() {
            "CreateView" => {
                let answer = call.perform(call.input);
                if let Answer::Performed(Ok(output)) = &answer {
                    lock(&self.0).insert(text(&output["View"]["Id"]), call.input["InstanceId"].clone());
                }
                answer
            }
            "DescribeView" => {
                let home = lock(&self.0).get(&text(&call.input["ViewId"])).cloned();
                edited(call, home.is_some(), |input| input["InstanceId"] = home.unwrap_or_default())
            }
            _ => call.perform(call.input),
        }
    }
}

/// Hours of operation by name, each with the input that names them.
#[derive(Default)]
struct ByPrefix(Mutex<Vec<(String, Value)>>);

impl Seams for ByPrefix {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let answer = call.perform(call.input);
        let Answer::Performed(Ok(output)) = &answer else { return answer };
        let mut known = lock(&self.0);
        match call.operation.name.as_str() {
            "CreateHoursOfOperation" => {
                let name = format!("{}{}", call.input["InstanceId"], call.input["Name"].as_str().unwrap_or_default());
                let (instance, id) = (&call.input["InstanceId"], &output["HoursOfOperationId"]);
                known.push((name, json!({ "InstanceId": instance, "HoursOfOperationId": id })));
            }
            "DeleteHoursOfOperation" => {
                let deleted = known.iter().find(|(_, named)| named == call.input).map(|(name, _)| format!("{name}-"));
                let longer =
                    known.iter().filter(|(name, _)| deleted.as_ref().is_some_and(|part| name.starts_with(part)));
                for (_, named) in longer {
                    call.perform(named);
                }
            }
            _ => {}
        }
        answer
    }
}

/// Routing profiles that cannot be described any more.
#[derive(Default)]
struct Buried {
    /// True if a deletion succeeds although a user has the profile; false if the deletion of the user takes it along.
    in_use: bool,
    /// Routing profiles of users, by the id of the user.
    of_users: Mutex<HashMap<String, Value>>,
    ids: Mutex<Vec<Value>>,
}

impl Seams for Buried {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let operation = call.operation.name.as_str();
        if operation == "DescribeRoutingProfile" && lock(&self.ids).contains(&call.input["RoutingProfileId"]) {
            return edited(call, true, |input| input["RoutingProfileId"] = "buried".into());
        }
        let answer = call.perform(call.input);
        match (operation, &answer) {
            ("CreateUser", Answer::Performed(Ok(output))) => {
                lock(&self.of_users).insert(text(&output["UserId"]), call.input["RoutingProfileId"].clone());
            }
            ("DeleteUser", Answer::Performed(Ok(_))) if !self.in_use => {
                let profile = lock(&self.of_users).remove(&text(&call.input["UserId"]));
                lock(&self.ids).extend(profile);
            }
            ("DeleteRoutingProfile", Answer::Performed(Err(Refusal::Named(name, _))))
                if self.in_use && name.contains("InUse") =>
            {
                lock(&self.ids).push(call.input["RoutingProfileId"].clone());
                return Answer::Performed(Ok(json!({})));
            }
            _ => {}
        }
        answer
    }
}

/// The first time of the last change of each queue, by its id.
#[derive(Default)]
struct Frozen(Mutex<HashMap<String, Value>>);

impl Seams for Frozen {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let mut answer = call.perform(call.input);
        if let ("DescribeQueue", Answer::Performed(Ok(output))) = (call.operation.name.as_str(), &mut answer) {
            let id = output["Queue"]["QueueId"].to_string();
            let time = &mut output["Queue"]["LastModifiedTime"];
            *time = lock(&self.0).entry(id).or_insert_with(|| time.clone()).clone();
        }
        answer
    }
}
