//! What is shown of a resource, and whether that can be what the reference knows.

use std::sync::OnceLock;

use serde_json::Value;

use crate::difference::apart;
use crate::walks::model::{Answer, Judged, Mismatch, Thing, must_accept, outline};
use crate::walks::step::{Item, Kind, TAG_KEYS, Tags};

/// Error of a flow without published content.
pub(super) const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

/// The text that a template says, which walks replace.
const PLACE: &str = "contract test";

/// The member with the text: a flow's content, or a rule's function.
pub(super) fn text_member(kind: Kind) -> &'static str {
    if kind == Kind::Rule { "Function" } else { "Content" }
}

/// One of the texts of a walk, in the language of the kind.
pub(super) fn render(kind: Kind, text: u8) -> String {
    // Every answer is compared with some texts: they are cut once.
    static CUT: [OnceLock<(String, String)>; 3] = [const { OnceLock::new() }; 3];
    let (before, after) = CUT[kind as usize].get_or_init(|| {
        let template = (kind.row().template)();
        let whole = template[text_member(kind)].as_str().unwrap_or_default();
        whole.split_once(PLACE).map_or_else(Default::default, |(before, after)| (before.to_owned(), after.to_owned()))
    });
    format!("{before}walk text {text}{after}")
}

/// Equal as JSON: whitespace and order of keys may change.
fn is_text(kind: Kind, text: u8, shown: &Value) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let wanted = render(kind, text);
    let Some(shown) = shown.as_str() else { return false };
    shown == wanted || parsed(shown).is_some_and(|shown| Some(shown) == parsed(&wanted))
}

/// Which of `texts` is shown; the newest, if several are the same.
fn which(kind: Kind, texts: &[u8], shown: &Value, pointer: &str) -> Result<u8, Mismatch> {
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

fn same(pointer: String, expected: &Value, actual: &Value) -> Judged {
    if expected == actual {
        return Ok(());
    }
    let (expected, actual) = apart(expected, actual);
    Err(Mismatch { pointer, expected, actual: Some(actual) })
}

/// What an operation shows lies in one member.
fn wrapper(kind: Kind) -> &'static str {
    match kind {
        Kind::Flow => "ContactFlow",
        Kind::Module => "ContactFlowModule",
        Kind::Rule => "Rule",
    }
}

/// A description of something that is alive, as it is or of its draft.
pub(super) fn described(item: Item, draft: bool, name: &str, answer: &Answer, thing: &mut Thing) -> Judged {
    let kind = item.kind;
    let body = match answer {
        Answer::Accepted(body) => body,
        Answer::Refused(status, code) if draft => {
            let never = thing.published == [None];
            // That a published flow has a draft to show, too, is not said; that what was only saved has one, is.
            let must = never || thing.pending.is_some();
            let fits = !must && *status < 500 && code.as_deref() != Some(NOT_PUBLISHED);
            return if fits { Ok(()) } else { Err(must_accept(item, "a question for its draft")) };
        }
        Answer::Refused(status, code) => {
            let says_so = code.as_deref().map_or(*status == 404, |code| code == NOT_PUBLISHED);
            if !says_so || !thing.published.contains(&None) {
                return Err(must_accept(item, "a question for what it is"));
            }
            shown_now(&mut thing.published, None);
            settle(thing, None);
            return Ok(());
        }
    };
    let at = |member: &str| format!("/{}/{member}", wrapper(kind));
    let shown = &body[wrapper(kind)];
    same(at("Name"), &Value::from(name), &shown["Name"])?;
    let text = &shown[text_member(kind)];
    if kind == Kind::Rule {
        same(at("PublishStatus"), &thing.sent["PublishStatus"], &shown["PublishStatus"])?;
        // Whether a function comes back as it was sent is not known; if it did once, it does so again.
        match which(kind, &thing.draft, text, &at("Function")) {
            Ok(_) => thing.echoes = true,
            Err(mismatch) if thing.echoes => return Err(mismatch),
            Err(_) => {}
        }
    } else if draft {
        let found = which(kind, &thing.draft, text, &at("Content"))?;
        if let Some(pending) = thing.pending.take().filter(|pending| *pending != found) {
            thing.published = vec![Some(pending)];
        }
        shown_now(&mut thing.draft, found);
        return Ok(());
    } else {
        let texts: Vec<u8> = thing.published.iter().copied().flatten().collect();
        if texts.is_empty() {
            return Err(Mismatch::whole(format!("404 {NOT_PUBLISHED}: {item} was only saved")));
        }
        let found = which(kind, &texts, text, &at("Content"))?;
        shown_now(&mut thing.published, Some(found));
        settle(thing, Some(found));
    }
    if kind == Kind::Flow {
        same(at("Type"), &thing.sent["Type"], &shown["Type"])?;
    }
    let archived = match shown["State"].as_str() {
        Some("ACTIVE") => Some(false),
        Some("ARCHIVED") => Some(true),
        // No member of an answer about flows is required, and states may be added.
        _ => None,
    };
    if let (Some(archived), Some(known)) = (archived, thing.archived) {
        let word = |archived: bool| Value::from(if archived { "ARCHIVED" } else { "ACTIVE" });
        same(at("State"), &word(known), &word(archived))?;
    }
    thing.archived = archived.or(thing.archived);
    tags(&shown["Tags"], &thing.tags, &at("Tags"))
}

/// Once it is known what is published, an edit that is not to be seen there must be in the draft.
fn settle(thing: &mut Thing, published: Option<u8>) {
    let Some(pending) = thing.pending else { return };
    if published == Some(pending) {
        thing.pending = None;
    } else {
        thing.draft = vec![pending];
    }
}

/// What is older than what is shown is over. What is newer may yet come: where either is right, the old one may be
/// shown for a while because the endpoint is late, and not because it stays.
fn shown_now<T: PartialEq>(may_be: &mut Vec<T>, shown: T) {
    let at = may_be.iter().rposition(|one| *one == shown).unwrap_or(0);
    may_be.drain(..at);
}

/// Tags with the keys of a walk are as they were set; others may be there.
fn tags(shown: &Value, known: &Tags, pointer: &str) -> Judged {
    for key in TAG_KEYS {
        let expected = known.get(*key).map_or(Value::Null, |value| Value::from(value.as_str()));
        same(format!("{pointer}/{key}"), &expected, shown.get(key).unwrap_or(&Value::Null))?;
    }
    Ok(())
}

pub(super) fn tags_listed(item: Item, answer: &Answer, thing: &Thing) -> Judged {
    match answer {
        Answer::Accepted(body) => tags(&body["tags"], &thing.tags, "/tags"),
        // Whether rules have tags by ARN is not known.
        Answer::Refused(..) if item.kind == Kind::Rule => Ok(()),
        Answer::Refused(..) => Err(must_accept(item, "a question for its tags")),
    }
}

/// A version was asked for. Which flows can have one has changed over the years: a refusal is recorded.
pub(super) fn versioned(answer: &Answer, thing: &mut Thing, learned: &mut Vec<(&'static str, String)>) -> Judged {
    let Answer::Accepted(body) = answer else {
        learned.push(("a version of a flow", outline(answer)));
        return Ok(());
    };
    let Some(number) = body["Version"].as_i64() else { return Ok(()) };
    let last = thing.versions.iter().map(|(number, _)| *number).max().unwrap_or(0);
    if number <= last {
        let expected = format!("a version above {last}, the last one");
        return Err(Mismatch { pointer: "/Version".to_owned(), expected, actual: Some(number.to_string()) });
    }
    thing.versions.push((number, thing.published.iter().copied().flatten().collect()));
    Ok(())
}

pub(super) fn versions_listed(item: Item, answer: &Answer, thing: &Thing) -> Judged {
    let Answer::Accepted(Value::Array(listed)) = answer else {
        let fits = thing.versions.is_empty();
        return if fits { Ok(()) } else { Err(must_accept(item, "a question for its versions")) };
    };
    let mut shown: Vec<i64> = listed.iter().filter_map(|entry| entry["Version"].as_i64()).collect();
    shown.sort_unstable();
    let known: Vec<i64> = thing.versions.iter().map(|(number, _)| *number).collect();
    match known.iter().all(|number| shown.contains(number)) {
        true => Ok(()),
        false => Err(Mismatch {
            pointer: String::new(),
            expected: format!("versions {known:?} of {item}"),
            actual: Some(format!("versions {shown:?}")),
        }),
    }
}

/// A version shows what was published when it was made, for ever.
pub(super) fn version_described(item: Item, nth: usize, answer: &Answer, thing: &mut Thing) -> Judged {
    let Some((_, texts)) = thing.versions.get_mut(nth) else { return Ok(()) };
    let Answer::Accepted(body) = answer else { return Err(must_accept(item, "a question for its version")) };
    if !texts.is_empty() {
        *texts = vec![which(item.kind, texts, &body[wrapper(item.kind)]["Content"], "/ContactFlow/Content")?];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_in_every_kind() {
        for kind in [Kind::Flow, Kind::Module, Kind::Rule] {
            for text in 0..4 {
                let shown = Value::from(render(kind, text));
                assert!(is_text(kind, text, &shown), "{shown}");
                assert!(!is_text(kind, text + 1, &shown), "{shown}: the template no longer says `{PLACE}`");
            }
        }
    }
}
