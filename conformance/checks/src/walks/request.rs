//! Steps as calls: which operation, with which input, and how a person would say it.

use connect_model::validate::excerpt;
use serde_json::{Value, json};

use crate::walks::look::{render, text_member};
use crate::walks::model::Model;
use crate::walks::step::{Item, Kind, Step};

/// A call.
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) input: Value,
}

/// The operations that walks over a kind may call: those without which there is no walk, and others, whose steps are
/// left out where they are not offered.
pub(crate) fn operations(kind: Kind) -> ([&'static str; 4], Vec<&'static str>) {
    let row = kind.row();
    let mut others = row.updates.to_vec();
    if kind == Kind::Flow {
        others.extend(["CreateContactFlowVersion", "ListContactFlowVersions"]);
    }
    others.extend(["TagResource", "UntagResource", "ListTagsForResource"]);
    ([row.create, row.describe, row.list.0, row.delete], others)
}

/// The call of a step whose item is resolved; none if it is about nothing, or about something that its kind has not.
/// A creation is completed by whoever has names, tokens and an instance: `created` is its request without those.
pub(super) fn call(model: &Model, step: &Step, instance: &str, created: impl FnOnce(Kind) -> Value) -> Option<Call> {
    if let Step::Create { kind, name, text, saved, tags } = step {
        let mut input = created(*kind);
        input[kind.row().name_member] = model.name(*kind, *name).into();
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
        return Some(Call { operation: kind.row().list.0, input: json!({ "InstanceId": instance }) });
    }
    let item = step.item()?;
    let thing = model.thing(item)?;
    let row = item.kind.row();
    let named = |suffix: &str, rest: Value| {
        let mut input = json!({ "InstanceId": instance, row.id_member: format!("{}{suffix}", thing.id) });
        if let (Value::Object(input), Value::Object(rest)) = (&mut input, rest) {
            input.extend(rest);
        }
        input
    };
    let tagging = |rest: Value| {
        let mut input = json!({ "resourceArn": thing.arn });
        if let (Value::Object(input), Value::Object(rest)) = (&mut input, rest) {
            input.extend(rest);
        }
        input
    };
    // A rule is replaced as a whole.
    let whole = |name: u8, text: u8| {
        let mut rest = json!({ "Name": model.name(item.kind, name), "Function": render(item.kind, text) });
        for member in ["Actions", "PublishStatus"] {
            rest[member] = thing.sent[member].clone();
        }
        named("", rest)
    };
    let (operation, input) = match (step, item.kind) {
        (Step::CreateAgain { .. }, _) => (row.create, thing.sent.clone()),
        (Step::Describe { draft: true, .. }, Kind::Flow | Kind::Module) => (row.describe, named(":$SAVED", json!({}))),
        (Step::Describe { .. }, _) => (row.describe, named("", json!({}))),
        (Step::Rename { name, .. }, Kind::Flow) => {
            ("UpdateContactFlowName", named("", json!({ "Name": model.name(item.kind, *name) })))
        }
        (Step::Rename { name, .. }, Kind::Module) => {
            ("UpdateContactFlowModuleMetadata", named("", json!({ "Name": model.name(item.kind, *name) })))
        }
        (Step::Rename { name, .. }, Kind::Rule) => ("UpdateRule", whole(*name, *thing.draft.last()?)),
        (Step::Edit { text, .. }, Kind::Rule) => ("UpdateRule", whole(thing.name, *text)),
        (Step::Edit { text, .. } | Step::EditDraft { text, .. }, Kind::Flow | Kind::Module) => {
            let suffix = if matches!(step, Step::EditDraft { .. }) { ":$SAVED" } else { "" };
            (edit_of(item), named(suffix, json!({ "Content": render(item.kind, *text) })))
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
            (operation, named("", rest))
        }
        (Step::Delete { .. }, _) => (row.delete, named("", json!({}))),
        (Step::Tag { tags, .. }, _) => ("TagResource", tagging(json!({ "tags": tags }))),
        (Step::Untag { keys, .. }, _) => {
            let there: Vec<&String> = keys.iter().filter(|key| thing.tags.contains_key(*key)).collect();
            let keys = if there.is_empty() { keys.iter().collect() } else { there };
            ("UntagResource", tagging(json!({ "tagKeys": keys })))
        }
        (Step::ListTags { .. }, _) => ("ListTagsForResource", tagging(json!({}))),
        (Step::Version { .. }, Kind::Flow) => ("CreateContactFlowVersion", named("", json!({}))),
        (Step::ListVersions { .. }, Kind::Flow) => ("ListContactFlowVersions", named("", json!({}))),
        (Step::DescribeVersion { nth, .. }, Kind::Flow) => {
            let (number, _) = thing.versions.get(*nth)?;
            (row.describe, named(&format!(":{number}"), json!({})))
        }
        _ => return None,
    };
    Some(Call { operation, input })
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
        Step::Create { kind, name, text, saved, tags: with } => {
            let status = match (kind, saved) {
                (Kind::Flow, true) => ", SAVED",
                (Kind::Flow, false) => ", PUBLISHED",
                _ => "",
            };
            format!(", name {}, walk text {text}{status}{}", letter(*name), tags(with))
        }
        Step::CreateAgain { .. } => ", the creation sent again as it was".to_owned(),
        Step::Describe { draft: true, .. } => ":$SAVED".to_owned(),
        Step::Rename { name, .. } => format!(", name {}", letter(*name)),
        Step::Edit { text, .. } => format!(", walk text {text}"),
        Step::EditDraft { text, .. } => format!(":$SAVED, walk text {text}"),
        Step::Archive { archived, name, .. } => {
            let state = if *archived { "ARCHIVED" } else { "ACTIVE" };
            format!(", {state}{}", name.map(|name| format!(", name {}", letter(name))).unwrap_or_default())
        }
        Step::List { pages: true, .. } => ", in pages".to_owned(),
        Step::Tag { tags: with, .. } => tags(with),
        Step::Untag { keys, .. } => format!(", keys {}", keys.join(", ")),
        Step::DescribeVersion { nth, .. } => format!(", version no. {}", nth + 1),
        _ => String::new(),
    };
    match step.item() {
        Some(item) => format!("{operation} {item}{details}"),
        None => format!("{operation}{details}"),
    }
}
