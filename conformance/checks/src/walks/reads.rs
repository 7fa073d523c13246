//! Compares the responses to reads (descriptions, tags, versions) with the state of a resource in the reference.

use std::sync::OnceLock;

use serde_json::Value;

use crate::client::reply::NOT_PUBLISHED;
use crate::difference::apart;
use crate::walks::assume::Doubts;
use crate::walks::model::{Answer, Comparison, Mismatch, ResourceState, must_accept, outline};
use crate::walks::step::{Item, Kind, Step, TAG_KEYS, Tags};

/// The text in the templates that walks replace.
const PLACEHOLDER: &str = "contract test";

/// The member with the text: the content of a flow, or the function of a rule.
pub(super) fn text_member(kind: Kind) -> &'static str {
    if kind == Kind::Rule { "Function" } else { "Content" }
}

/// Content or function with one of the texts of a walk.
pub(super) fn render(kind: Kind, text: u8) -> String {
    // The templates are split once, since every response is compared with several texts.
    static PARTS: [OnceLock<(String, String)>; 3] = [const { OnceLock::new() }; 3];
    let (before, after) = PARTS[kind as usize].get_or_init(|| {
        let template = kind.row().template();
        let whole = template.and_then(|template| template.get(text_member(kind))?.as_str()).unwrap_or_default();
        whole
            .split_once(PLACEHOLDER)
            .map_or_else(Default::default, |(before, after)| (before.to_owned(), after.to_owned()))
    });
    format!("{before}walk text {text}{after}")
}

/// True if a text is shown. Strings are compared as JSON: whitespace and order of keys may change.
fn is_text(kind: Kind, text: u8, shown: &Value) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let wanted = render(kind, text);
    let Some(shown) = shown.as_str() else { return false };
    shown == wanted || parsed(shown).is_some_and(|shown| Some(shown) == parsed(&wanted))
}

/// The one of `texts` that is shown; the newest, if several are equal.
fn find_text(kind: Kind, texts: &[u8], shown: &Value, pointer: &str) -> Result<u8, Mismatch> {
    if let Some(text) = texts.iter().rev().find(|text| is_text(kind, **text, shown)) {
        return Ok(*text);
    }
    let mut wanted: Vec<String> = texts.iter().map(|text| format!("`walk text {text}`")).collect();
    wanted.dedup();
    let actual = match (0..=u8::MAX).find(|text| is_text(kind, *text, shown)) {
        Some(other) => format!("the content with `walk text {other}`"),
        None => apart(&Value::from(render(kind, texts.last().copied().unwrap_or_default())), shown).1,
    };
    let expected = format!("the content with {}", wanted.join(" or "));
    Err(Mismatch { pointer: pointer.to_owned(), expected, actual: Some(actual) })
}

fn compare(pointer: String, expected: &Value, actual: &Value) -> Comparison {
    if expected == actual {
        return Ok(());
    }
    let (expected, actual) = apart(expected, actual);
    Err(Mismatch { pointer, expected, actual: Some(actual) })
}

/// The member of a describe response with the resource.
fn wrapper(kind: Kind) -> &'static str {
    match kind {
        Kind::Flow => "ContactFlow",
        Kind::Module => "ContactFlowModule",
        Kind::Rule => "Rule",
    }
}

/// JSON Pointer of the text in a describe response.
pub(super) fn content_pointer(kind: Kind) -> String {
    format!("/{}/{}", wrapper(kind), text_member(kind))
}

/// JSON Pointer of the name in a describe response.
pub(super) fn name_pointer(kind: Kind) -> String {
    format!("/{}/Name", wrapper(kind))
}

/// JSON Pointer of the tags in a describe response.
pub(super) fn tags_pointer(kind: Kind) -> String {
    format!("/{}/Tags", wrapper(kind))
}

/// Compares the description of an existing resource, or of its draft.
pub(super) fn described(
    item: Item,
    draft: bool,
    name: &str,
    answer: &Answer,
    resource: &mut ResourceState,
) -> Comparison {
    let kind = item.kind;
    let body = match answer {
        Answer::Accepted(body) => body,
        Answer::Refused(status, code) if draft => {
            let only_saved = resource.published == [None];
            // A flow that was only saved must have a draft; it is not documented if a published one has a draft, too.
            let must_exist = only_saved || resource.pending.is_some();
            let agrees = !must_exist && *status < 500 && code.as_deref() != Some(NOT_PUBLISHED);
            return if agrees { Ok(()) } else { Err(must_accept(item, "a description of its draft")) };
        }
        Answer::Refused(status, code) => {
            let is_unpublished = code.as_deref().map_or(*status == 404, |code| code == NOT_PUBLISHED);
            if !is_unpublished || !resource.published.contains(&None) {
                return Err(must_accept(item, "a description"));
            }
            forget_older(&mut resource.published, None);
            resolve_pending(resource, None);
            return Ok(());
        }
    };
    let at = |member: &str| format!("/{}/{member}", wrapper(kind));
    let (step, doubts) = (Step::Describe { of: item, draft }, resource.doubts.clone());
    let judged = |compared: Comparison| doubts.judge(&step, compared);
    let shown = &body[wrapper(kind)];
    judged(compare(at("Name"), &Value::from(name), &shown["Name"]))?;
    let text = &shown[text_member(kind)];
    if kind == Kind::Rule {
        judged(compare(at("PublishStatus"), &resource.sent["PublishStatus"], &shown["PublishStatus"]))?;
        // It is unknown if a function is returned as it was sent. If it was once, it must be again.
        match find_text(kind, &resource.draft, text, &at("Function")) {
            Ok(_) => resource.echoes = true,
            Err(mismatch) if resource.echoes => judged(Err(mismatch))?,
            Err(_) => {}
        }
    } else if doubts.covers(&step, &at("Content")) {
        // Nothing is known about the content any more.
    } else if draft {
        let found = find_text(kind, &resource.draft, text, &at("Content"))?;
        if let Some(pending) = resource.pending.take().filter(|pending| *pending != found) {
            resource.published = vec![Some(pending)];
        }
        forget_older(&mut resource.draft, found);
    } else {
        let texts: Vec<u8> = resource.published.iter().copied().flatten().collect();
        if texts.is_empty() {
            return Err(Mismatch::whole(format!("404 {NOT_PUBLISHED}: {item} was only saved")));
        }
        let found = find_text(kind, &texts, text, &at("Content"))?;
        forget_older(&mut resource.published, Some(found));
        resolve_pending(resource, Some(found));
    }
    if draft {
        return Ok(());
    }
    if kind == Kind::Flow {
        judged(compare(at("Type"), &resource.sent["Type"], &shown["Type"]))?;
    }
    let archived = match shown["State"].as_str() {
        Some("ACTIVE") => Some(false),
        Some("ARCHIVED") => Some(true),
        // The member is optional in descriptions of flows, and new states may be added.
        _ => None,
    };
    if let (Some(archived), Some(known)) = (archived, resource.archived) {
        let word = |archived: bool| Value::from(if archived { "ARCHIVED" } else { "ACTIVE" });
        judged(compare(at("State"), &word(known), &word(archived)))?;
    }
    resource.archived = archived.or(resource.archived);
    compare_tags(&step, &shown["Tags"], resource, &at("Tags"))
}

/// Resolves a pending edit once the published text is known: an edit that is not published must be in the draft.
fn resolve_pending(resource: &mut ResourceState, published: Option<u8>) {
    let Some(pending) = resource.pending else { return };
    if published == Some(pending) {
        resource.pending = None;
    } else {
        resource.draft = vec![pending];
    }
}

/// Removes the candidates that are older than the shown one. Newer ones stay: the endpoint may show an old value for a
/// while because it is late.
fn forget_older<T: PartialEq>(candidates: &mut Vec<T>, shown: T) {
    let at = candidates.iter().rposition(|candidate| *candidate == shown).unwrap_or(0);
    candidates.drain(..at);
}

/// Compares the tags with the keys of walks. Other tags are ignored.
fn compare_tags(step: &Step, shown: &Value, resource: &ResourceState, pointer: &str) -> Comparison {
    let (known, doubts): (&Tags, &Doubts) = (&resource.tags, &resource.doubts);
    if doubts.covers(step, pointer) {
        return Ok(());
    }
    for key in TAG_KEYS {
        let expected = known.get(*key).map_or(Value::Null, |value| Value::from(value.as_str()));
        compare(format!("{pointer}/{key}"), &expected, shown.get(key).unwrap_or(&Value::Null))?;
    }
    Ok(())
}

pub(super) fn tags_listed(item: Item, answer: &Answer, resource: &ResourceState) -> Comparison {
    match answer {
        Answer::Accepted(body) => compare_tags(&Step::ListTags { of: item }, &body["tags"], resource, "/tags"),
        // It is unknown if tags of rules can be listed by their ARN.
        Answer::Refused(..) if item.kind == Kind::Rule => Ok(()),
        Answer::Refused(..) => Err(must_accept(item, "a list of its tags")),
    }
}

/// Compares the response to the creation of a version. A rejection is recorded, since the flows that can have versions have
/// changed over the years.
pub(super) fn versioned(
    answer: &Answer,
    resource: &mut ResourceState,
    learned: &mut Vec<(&'static str, String)>,
) -> Comparison {
    let Answer::Accepted(body) = answer else {
        learned.push(("a version of a flow", outline(answer)));
        return Ok(());
    };
    let Some(number) = body["Version"].as_i64() else { return Ok(()) };
    let last = resource.versions.iter().map(|(number, _)| *number).max().unwrap_or(0);
    if number <= last {
        let expected = format!("a number above {last}, that of the last version");
        return Err(Mismatch { pointer: "/Version".to_owned(), expected, actual: Some(number.to_string()) });
    }
    resource.versions.push((number, resource.published.iter().copied().flatten().collect()));
    Ok(())
}

pub(super) fn versions_listed(item: Item, answer: &Answer, resource: &ResourceState) -> Comparison {
    let Answer::Accepted(Value::Array(listed)) = answer else {
        let has_none = resource.versions.is_empty();
        return if has_none { Ok(()) } else { Err(must_accept(item, "a list of its versions")) };
    };
    let mut shown: Vec<i64> = listed.iter().filter_map(|entry| entry["Version"].as_i64()).collect();
    shown.sort_unstable();
    let known: Vec<i64> = resource.versions.iter().map(|(number, _)| *number).collect();
    match known.iter().all(|number| shown.contains(number)) {
        true => Ok(()),
        false => Err(Mismatch {
            pointer: String::new(),
            expected: format!("versions {} of {item}", numbers(&known)),
            actual: Some(format!("versions {}", numbers(&shown))),
        }),
    }
}

/// Numbers as text.
fn numbers(list: &[i64]) -> String {
    if list.is_empty() {
        return "none".to_owned();
    }
    list.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Compares the description of a version: it always shows the text that was published at its creation.
pub(super) fn version_described(item: Item, nth: usize, answer: &Answer, resource: &mut ResourceState) -> Comparison {
    let Some((_, texts)) = resource.versions.get_mut(nth) else { return Ok(()) };
    let Answer::Accepted(body) = answer else { return Err(must_accept(item, "a description of its version")) };
    if !texts.is_empty() {
        *texts = vec![find_text(item.kind, texts, &body[wrapper(item.kind)]["Content"], "/ContactFlow/Content")?];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_for_every_kind() {
        for kind in [Kind::Flow, Kind::Module, Kind::Rule] {
            for text in 0..4 {
                let shown = Value::from(render(kind, text));
                assert!(is_text(kind, text, &shown), "{shown}");
                assert!(!is_text(kind, text + 1, &shown), "{shown}: the template does not contain `{PLACEHOLDER}`");
            }
        }
    }
}
