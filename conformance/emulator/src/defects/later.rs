//! Defects that show only in a later call: answers that are kept by ARN, tags that are added after the creation, and names that
//! a page ended with.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use connect_model::resources::{Tags, read_tags, write_tags};
use connect_model::schema::Schema;
use connect_model::validate::{Violation, validate, validate_slot};
use serde_json::{Value, json};

use crate::defects::edits::edited;
use crate::defects::hooks::{on_call, on_cut, on_items, on_request};
use crate::defects::seam::{Invocation, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::refusal::Refusal;
use crate::store::lock;

/// The noun of the kind that each row is about.
pub(super) const NOUNS: &[(&str, &str)] = &[
    ("list-of-all-instances", "Prompt"),
    ("user-keeps-two-profiles", "User"),
    ("hours-update-keeps-two-days", "HoursOfOperation"),
];

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "kept-by-arn",
        family: Family::Keep,
        summary: "the first description of a flow by its ARN is shown for ever",
        kills: &["keep.views-agree", "lifecycle.delete-gone"],
        may: &["lifecycle.walk", "history.linearizable"],
        seams: || Arc::new(KeptByArn::default()),
    },
    Defect {
        id: "tags-by-id-alone",
        family: Family::Lifecycle,
        summary: "tags are listed by the last part of an ARN, whatever instance it names",
        kills: &["lifecycle.own-parent"],
        may: &[],
        seams: || Arc::new(TagsById::default()),
    },
    Defect {
        id: "user-keeps-two-profiles",
        family: Family::Keep,
        summary: "of three and more security profiles, a new user has the first two",
        kills: &["keep.echo"],
        may: &["accept.at-limit"],
        seams: || on_call(|call| cut_after_two(call, "CreateUser", "SecurityProfileIds")),
    },
    Defect {
        id: "hours-update-keeps-two-days",
        family: Family::Keep,
        summary: "an update of hours of operation sets the first two days that it names",
        kills: &["keep.update-only-named"],
        may: &["accept.at-limit"],
        seams: || on_call(|call| cut_after_two(call, "UpdateHoursOfOperation", "Config")),
    },
    Defect {
        id: "refused-tags-are-kept",
        family: Family::Lifecycle,
        summary: "a TagResource that is refused for one of its tags adds the others",
        kills: &["lifecycle.tags"],
        may: &["lifecycle.walk"],
        seams: || Arc::new(KeepsRightTags),
    },
    Defect {
        id: "tags-without-end",
        family: Family::Lifecycle,
        summary: "a resource takes more than 50 tags",
        kills: &["lifecycle.tags"],
        may: &[],
        seams: || Arc::new(Overfull::default()),
    },
    Defect {
        id: "search-forgets-added-tags",
        family: Family::Search,
        summary: "a search by tags does not find a flow by a tag that was added after its creation",
        kills: &["keep.search-condition"],
        may: &["keep.counts"],
        seams: || Arc::new(FirstTags::default()),
    },
    Defect {
        id: "page-after-name",
        family: Family::Pagination,
        summary: "a page of flows continues after the name of the last one, whatever the case of its letters",
        kills: &["pagination.sizes-agree"],
        may: &["pagination.complete", "pagination.stable-under-change", "lifecycle.create-list"],
        seams: || Arc::new(AfterName::default()),
    },
    Defect {
        id: "list-shows-drafts-as-published",
        family: Family::Lifecycle,
        summary: "the list of flows shows every flow as published",
        kills: &["lifecycle.saved-published"],
        may: &["lifecycle.walk", "keep.views-agree"],
        seams: || on_items("ListContactFlows", |item| item["ContactFlowStatus"] = "PUBLISHED".into()),
    },
    Defect {
        id: "list-of-all-instances",
        family: Family::Lifecycle,
        summary: "the list of prompts shows those of all instances",
        kills: &["lifecycle.own-parent"],
        may: &["pagination.no-duplicates", "pagination.page-size"],
        seams: || Arc::new(OfAllInstances::default()),
    },
    Defect {
        id: "names-of-all-instances",
        family: Family::Lifecycle,
        summary: "a name of a flow that another instance has is taken",
        kills: &["lifecycle.own-parent"],
        may: &["lifecycle.create-list", "search.filter-oracle"],
        seams: || Arc::new(TakenAnywhere::default()),
    },
    Defect {
        id: "default-page-loses-last",
        family: Family::Pagination,
        summary: "a page whose size nobody chose lacks its last item",
        kills: &["pagination.sizes-agree"],
        may: &[
            "keep.counts",
            "keep.search-condition",
            "keep.views-agree",
            "lifecycle.create-list",
            "search.eventually-visible",
            "search.filter-oracle",
        ],
        seams: || {
            on_cut(|page| {
                let mut cut = page.cut(page.position, page.size);
                if page.size.requested.is_none() && cut.keys.len() > 1 {
                    cut.keys.pop();
                }
                cut
            })
        },
    },
    Defect {
        id: "escaped-pairs-lost",
        family: Family::Accept,
        summary: "a character that is escaped as a pair becomes two replacement characters",
        kills: &["accept.spelling"],
        may: &[],
        seams: || {
            on_request(|request| {
                let text = String::from_utf8_lossy(&request.body);
                if text.contains("\\ud83d\\ude00") {
                    request.body = text.replace("\\ud83d\\ude00", "\\ufffd\\ufffd").into_bytes();
                }
            })
        },
    },
];

/// Performs a call of an operation with the first two items of a list alone.
fn cut_after_two(call: &Invocation<'_>, operation: &str, list: &str) -> Answer {
    edited(call, call.operation.name == operation && call.input[list].is_array(), |input| {
        input[list].as_array_mut().into_iter().for_each(|items| items.truncate(2));
    })
}

/// Descriptions of flows by the input that named them by an ARN.
#[derive(Default)]
struct KeptByArn(Mutex<HashMap<String, Value>>);

impl Seams for KeptByArn {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let reference = call.input["ContactFlowId"].as_str().unwrap_or_default();
        if call.operation.name != "DescribeContactFlow" || !reference.starts_with("arn:") {
            return call.perform(call.input);
        }
        let named = call.input.to_string();
        if let Some(kept) = lock(&self.0).get(&named) {
            return Answer::Performed(Ok(kept.clone()));
        }
        let answer = call.perform(call.input);
        if let Answer::Performed(Ok(output)) = &answer {
            lock(&self.0).insert(named, output.clone());
        }
        answer
    }
}

/// ARNs of new resources, by their last parts.
#[derive(Default)]
struct TagsById(Mutex<HashMap<String, String>>);

impl Seams for TagsById {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        if call.operation.name == "ListTagsForResource" {
            let home = call.input["resourceArn"].as_str().and_then(|arn| lock(&self.0).get(&last(arn)).cloned());
            return edited(call, home.is_some(), |input| input["resourceArn"] = home.into());
        }
        let answer = call.perform(call.input);
        if let (Answer::Performed(Ok(Value::Object(output))), true) =
            (&answer, call.operation.name.starts_with("Create"))
        {
            let arns = output.values().filter_map(Value::as_str).filter(|text| text.starts_with("arn:"));
            lock(&self.0).extend(arns.map(|arn| (last(arn), arn.to_owned())));
        }
        answer
    }
}

struct KeepsRightTags;

impl Seams for KeepsRightTags {
    fn overlooks(&self, violation: &Violation) -> bool {
        violation.path.starts_with("/tags")
    }

    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let schema = Schema::connect();
        let (Some(shape), "TagResource") = (call.operation.input, &*call.operation.name) else {
            return call.perform(call.input);
        };
        if validate(schema, shape, call.input).is_empty() {
            return call.perform(call.input);
        }
        let mut right = call.input.clone();
        let mut tags = read_tags(&call.input["tags"]);
        let member = schema.input_members(call.operation).and_then(|members| members.get("tags"));
        if let Some(member) = member {
            tags.retain(|key, value| {
                let one = write_tags(schema, member.slot.target, &Tags::from([(key.clone(), value.clone())]));
                one.is_some_and(|one| validate_slot(schema, &member.slot, &one).is_empty())
            });
        }
        right["tags"] = json!(tags);
        call.perform(&right);
        Answer::Performed(Err(Refusal::Invalid("/tags: the tags are invalid".to_owned())))
    }
}

/// Tags beyond the limit, by ARN.
#[derive(Default)]
struct Overfull(Mutex<HashMap<String, Tags>>);

impl Seams for Overfull {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let arn = call.input["resourceArn"].as_str().unwrap_or_default().to_owned();
        let mut answer = call.perform(call.input);
        match (call.operation.name.as_str(), &mut answer) {
            ("TagResource", Answer::Performed(Err(Refusal::Invalid(why)))) if why.contains("at most") => {
                lock(&self.0).entry(arn).or_default().extend(read_tags(&call.input["tags"]));
                Answer::Performed(Ok(json!({})))
            }
            ("ListTagsForResource", Answer::Performed(Ok(output))) => {
                for (key, value) in lock(&self.0).get(&arn).into_iter().flatten() {
                    output["tags"][key] = value.as_str().into();
                }
                answer
            }
            _ => answer,
        }
    }
}

/// Summaries of all prompts, and the instance of each.
#[derive(Default)]
struct OfAllInstances(Mutex<Vec<(Value, Value)>>);

impl Seams for OfAllInstances {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let mut answer = call.perform(call.input);
        let Answer::Performed(Ok(output)) = &mut answer else { return answer };
        let mut known = lock(&self.0);
        let instance = &call.input["InstanceId"];
        match call.operation.name.as_str() {
            "CreatePrompt" => {
                let item = json!({ "Id": output["PromptId"], "Arn": output["PromptARN"], "Name": call.input["Name"] });
                known.push((instance.clone(), item));
            }
            "DeletePrompt" => known.retain(|(_, item)| item["Id"] != call.input["PromptId"]),
            "ListPrompts" if output.get("NextToken").is_none() => {
                let others = known.iter().filter(|(other, _)| other != instance).map(|(_, item)| item.clone());
                if let Some(Value::Array(items)) = output.get_mut("PromptSummaryList") {
                    items.extend(others);
                }
            }
            _ => {}
        }
        answer
    }
}

/// Names of flows, each with its instance.
#[derive(Default)]
struct TakenAnywhere(Mutex<HashMap<String, Value>>);

impl Seams for TakenAnywhere {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        if call.operation.name != "CreateContactFlow" {
            return call.perform(call.input);
        }
        let name = call.input["Name"].as_str().unwrap_or_default().to_owned();
        let instance = &call.input["InstanceId"];
        if lock(&self.0).get(&name).is_some_and(|holder| holder != instance) {
            let why = format!("the name {name} is taken");
            return Answer::Performed(Err(Refusal::Named("DuplicateResourceException", why)));
        }
        let answer = call.perform(call.input);
        if let Answer::Performed(Ok(_)) = &answer {
            lock(&self.0).insert(name, instance.clone());
        }
        answer
    }
}

/// ARNs with the keys of tags that were added to them.
#[derive(Default)]
struct FirstTags(Mutex<HashSet<(String, String)>>);

impl Seams for FirstTags {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let mut answer = call.perform(call.input);
        let Answer::Performed(Ok(output)) = &mut answer else { return answer };
        match call.operation.name.as_str() {
            "TagResource" => {
                let arn = call.input["resourceArn"].as_str().unwrap_or_default();
                let added = read_tags(&call.input["tags"]).into_keys().map(|key| (arn.to_owned(), key));
                lock(&self.0).extend(added);
            }
            "SearchContactFlows" => {
                let filter = call.input["SearchFilter"].to_string();
                let added = lock(&self.0);
                let asked: Vec<&str> = added
                    .iter()
                    .filter(|(_, key)| filter.contains(&format!("\"TagKey\":{}", Value::from(key.as_str()))))
                    .map(|(arn, _)| arn.as_str())
                    .collect();
                if let Some(Value::Array(flows)) = output.get_mut("ContactFlows") {
                    flows.retain(|flow| flow["Arn"].as_str().is_none_or(|arn| !asked.contains(&arn)));
                }
            }
            _ => {}
        }
        answer
    }
}

/// The name at the end of a page, in lower case, by the token of the next one.
#[derive(Default)]
struct AfterName(Mutex<HashMap<String, String>>);

impl Seams for AfterName {
    fn invoke(&self, call: &Invocation<'_>) -> Answer {
        let mut answer = call.perform(call.input);
        let ("ListContactFlows", Answer::Performed(Ok(output))) = (call.operation.name.as_str(), &mut answer) else {
            return answer;
        };
        let name = |flow: &Value| flow["Name"].as_str().unwrap_or_default().to_lowercase();
        let mut ends = lock(&self.0);
        let token = output["NextToken"].as_str().map(str::to_owned);
        let Some(Value::Array(flows)) = output.get_mut("ContactFlowSummaryList") else { return answer };
        if let (Some(token), Some(last)) = (token, flows.last()) {
            ends.insert(token, name(last));
        }
        let before = call.input["NextToken"].as_str().and_then(|token| ends.get(token));
        if flows.first().is_some_and(|first| before == Some(&name(first))) {
            flows.remove(0);
        }
        answer
    }
}
