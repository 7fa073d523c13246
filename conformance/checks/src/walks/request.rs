//! Translates steps into calls (operation and input) and into words.

use connect_model::validate::excerpt;
use serde_json::{Value, json};

use crate::resources::DRAFT;
use crate::walks::model::Model;
use crate::walks::reads::{render, text_member};
use crate::walks::step::{Item, Kind, Step};

/// An operation and its input.
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) input: Value,
}

/// The operations of walks on a kind: those that every walk needs, and others, whose steps are left out if the endpoint
/// does not offer them.
pub(crate) fn operations(kind: Kind) -> ([&'static str; 4], Vec<&'static str>) {
    let row = kind.row();
    let mut others = row.updates.clone();
    if kind == Kind::Flow {
        others.extend(["CreateContactFlowVersion", "ListContactFlowVersions"]);
    }
    others.extend(["TagResource", "UntagResource", "ListTagsForResource"]);
    ([row.create, row.describe, list(kind), row.delete], others)
}

/// The operation that lists a kind.
fn list(kind: Kind) -> &'static str {
    kind.row().list.map_or("", |(list, _)| list)
}

/// The call of a step with a resolved item; none if there is no such resource, or if its kind does not have the operation.
/// `template` is the input of a creation.
pub(super) fn call(model: &Model, step: &Step, instance: &str, template: Value) -> Option<Call> {
    if let Step::Create { kind, name, text, saved, tags } = step {
        let mut input = template;
        input["Name"] = model.name(*kind, *name).into();
        input[text_member(*kind)] = render(*kind, *text).into();
        if *kind == Kind::Flow {
            input["Status"] = (if *saved { "SAVED" } else { "PUBLISHED" }).into();
        }
        if !tags.is_empty() {
            input["Tags"] = json!(tags);
        }
        return Some(Call { operation: kind.row().create, input });
    }
    if let Step::List { kind, .. } = step {
        return Some(Call { operation: list(*kind), input: json!({ "InstanceId": instance }) });
    }
    let item = step.item()?;
    let resource = model.resource(item)?;
    let row = item.kind.row();
    let by_id = |suffix: &str, rest: Value| {
        with(json!({ "InstanceId": instance, row.id_member: format!("{}{suffix}", resource.id) }), rest)
    };
    let by_arn = |rest: Value| with(json!({ "resourceArn": resource.arn }), rest);
    // An update replaces the whole rule.
    let whole = |name: u8, text: u8| {
        let mut rest = json!({ "Name": model.name(item.kind, name), "Function": render(item.kind, text) });
        for member in ["Actions", "PublishStatus"] {
            rest[member] = resource.sent[member].clone();
        }
        by_id("", rest)
    };
    let (operation, input) = match (step, item.kind) {
        (Step::CreateAgain { .. }, _) => (row.create, resource.sent.clone()),
        (Step::Describe { draft: true, .. }, Kind::Flow | Kind::Module) => (row.describe, by_id(DRAFT, json!({}))),
        (Step::Describe { .. }, _) => (row.describe, by_id("", json!({}))),
        (Step::Rename { name, .. }, Kind::Flow) => {
            ("UpdateContactFlowName", by_id("", json!({ "Name": model.name(item.kind, *name) })))
        }
        (Step::Rename { name, .. }, Kind::Module) => {
            ("UpdateContactFlowModuleMetadata", by_id("", json!({ "Name": model.name(item.kind, *name) })))
        }
        (Step::Rename { name, .. }, Kind::Rule) => ("UpdateRule", whole(*name, *resource.draft.last()?)),
        (Step::Edit { text, .. }, Kind::Rule) => ("UpdateRule", whole(resource.name, *text)),
        (Step::Edit { text, .. } | Step::EditDraft { text, .. }, Kind::Flow | Kind::Module) => {
            let suffix = if matches!(step, Step::EditDraft { .. }) { DRAFT } else { "" };
            (edit_of(item), by_id(suffix, json!({ "Content": render(item.kind, *text) })))
        }
        (Step::Archive { archived, name, .. }, Kind::Flow | Kind::Module) => {
            let (operation, member) = match item.kind {
                Kind::Module => ("UpdateContactFlowModuleMetadata", "State"),
                _ => ("UpdateContactFlowMetadata", "ContactFlowState"),
            };
            let mut rest = json!({ member: if *archived { "ARCHIVED" } else { "ACTIVE" } });
            if let Some(name) = name {
                rest["Name"] = model.name(item.kind, *name).into();
            }
            (operation, by_id("", rest))
        }
        (Step::Delete { .. }, _) => (row.delete, by_id("", json!({}))),
        (Step::Tag { tags, .. }, _) => ("TagResource", by_arn(json!({ "tags": tags }))),
        (Step::Untag { keys, .. }, _) => {
            let present: Vec<&String> = keys.iter().filter(|key| resource.tags.contains_key(*key)).collect();
            let keys = if present.is_empty() { keys.iter().collect() } else { present };
            ("UntagResource", by_arn(json!({ "tagKeys": keys })))
        }
        (Step::ListTags { .. }, _) => ("ListTagsForResource", by_arn(json!({}))),
        (Step::Version { .. }, Kind::Flow) => ("CreateContactFlowVersion", by_id("", json!({}))),
        (Step::ListVersions { .. }, Kind::Flow) => ("ListContactFlowVersions", by_id("", json!({}))),
        (Step::DescribeVersion { nth, .. }, Kind::Flow) => {
            let (number, _) = resource.versions.get(*nth)?;
            (row.describe, by_id(&format!(":{number}"), json!({})))
        }
        _ => return None,
    };
    Some(Call { operation, input })
}

/// An object with the members of another.
fn with(mut input: Value, rest: Value) -> Value {
    if let (Value::Object(input), Value::Object(rest)) = (&mut input, rest) {
        input.extend(rest);
    }
    input
}

fn edit_of(item: Item) -> &'static str {
    if item.kind == Kind::Flow { "UpdateContactFlowContent" } else { "UpdateContactFlowModuleContent" }
}

/// A step in words: `UpdateContactFlowName flow#0, name B`.
pub(super) fn words(step: &Step, operation: &str) -> String {
    let letter = |name: u8| char::from(b'A' + name % 26);
    let tags = |tags: &super::step::Tags| {
        tags.iter().map(|(key, value)| format!(", tag {key}={}", excerpt(&json!(value)))).collect::<String>()
    };
    let details = match step {
        Step::Create { kind, name, text, saved, tags: added } => {
            let status = match (kind, saved) {
                (Kind::Flow, true) => ", SAVED",
                (Kind::Flow, false) => ", PUBLISHED",
                _ => "",
            };
            format!(", name {}, walk text {text}{status}{}", letter(*name), tags(added))
        }
        Step::CreateAgain { .. } => ", the same request again".to_owned(),
        Step::Describe { draft: true, .. } => DRAFT.to_owned(),
        Step::Rename { name, .. } => format!(", name {}", letter(*name)),
        Step::Edit { text, .. } => format!(", walk text {text}"),
        Step::EditDraft { text, .. } => format!("{DRAFT}, walk text {text}"),
        Step::Archive { archived, name, .. } => {
            let state = if *archived { "ARCHIVED" } else { "ACTIVE" };
            format!(", {state}{}", name.map(|name| format!(", name {}", letter(name))).unwrap_or_default())
        }
        Step::List { pages: true, .. } => ", in several pages".to_owned(),
        Step::Tag { tags: added, .. } => tags(added),
        Step::Untag { keys, .. } => format!(", keys {}", keys.join(", ")),
        Step::DescribeVersion { nth, .. } => format!(", version number {}", nth + 1),
        _ => String::new(),
    };
    match step.item() {
        Some(item) => format!("{operation} {item}{details}"),
        None => format!("{operation}{details}"),
    }
}
