//! The texts by which requests name a resource, and how they are found in a request.

use connect_model::json_text::scalar;
use serde_json::Value;

use super::Entry;
use super::undo::{Source, Undo};

/// True if a text is an id, or an ARN that ends in it.
pub fn names(text: &str, id: &str) -> bool {
    text.strip_suffix(id).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// True if a value contains a text of a kind.
pub(crate) fn has_text(value: &Value, is_it: &impl Fn(&str) -> bool) -> bool {
    texts(value).into_iter().any(is_it)
}

/// The texts in a value.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// True if a text is an id or an ARN, with or without a version, or ends in it.
pub(crate) fn stands_for(text: &str, mark: &str) -> bool {
    text.match_indices(mark).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        !mark.is_empty() && (before.is_empty() || before.ends_with('/')) && (after.is_empty() || after.starts_with(':'))
    })
}

/// The parts of a text that it [`stands_for`], up to a length in bytes.
pub(super) fn parts(text: &str, longest: usize) -> impl Iterator<Item = &str> {
    let starts = std::iter::once(0).chain(text.match_indices('/').map(|(at, _)| at + 1));
    starts.flat_map(move |start| {
        let rest = &text[start..];
        let ends = rest.match_indices(':').map(|(end, _)| end).take_while(move |end| *end <= longest);
        ends.chain(std::iter::once(rest.len()).filter(move |end| *end <= longest)).map(|end| &rest[..end])
    })
}

/// Greatest length of an id or ARN, in bytes.
pub(crate) const LONGEST: usize = 2048;

/// True if a text stands for an id or ARN of which `is_mark` is true.
pub(crate) fn stands_for_one_of(text: &str, is_mark: impl Fn(&str) -> bool) -> bool {
    parts(text, LONGEST).any(is_mark)
}

/// The texts by which requests name a resource: the ids that the endpoint assigned, and its ARNs.
pub(super) fn marks(undo: &Undo, input: &Value, arns: Vec<String>) -> Vec<String> {
    let assigned = undo.delete_members.iter().filter(|(_, source)| matches!(source, Source::Output(_)));
    let ids = assigned.filter_map(|(member, _)| input.get(member)?.as_str().map(str::to_owned));
    ids.chain(arns).collect()
}

/// Texts of which one is in each request that names the resource of an entry. An empty text says that none must be.
pub(super) fn keys(undo: &Undo, entry: &Entry) -> Vec<String> {
    let Some(input) = &entry.delete_input else { return entry.arns.clone() };
    let ids = marks(undo, input, Vec::new());
    if !ids.is_empty() {
        return ids.into_iter().chain(entry.arns.iter().cloned()).collect();
    }
    let given = undo.delete_members.iter().rev().filter(|(member, _)| member != "InstanceId");
    let text = given.filter_map(|(member, _)| input.get(member)?.as_str()).next().unwrap_or_default();
    std::iter::once(text.to_owned()).chain(entry.arns.iter().cloned()).collect()
}

/// True if the input of a request carries every member that identifies a resource, wherever they are bound. An ARN stands
/// for the id at its end.
pub(super) fn denotes(input: &Value, wanted: &Value) -> bool {
    let same = |given: &Value, wanted: &Value| {
        given == wanted || given.as_str().zip(wanted.as_str()).is_some_and(|(given, wanted)| names(given, wanted))
    };
    wanted.as_object().is_some_and(|wanted| {
        wanted.iter().all(|(member, wanted)| input.get(member).is_some_and(|given| same(given, wanted)))
    })
}

/// True if a text stands for an id or an ARN of an entry.
pub(super) fn is_of_entry(entry: &Entry, text: &str) -> bool {
    let ids = entry.delete_input.iter().filter_map(Value::as_object).flat_map(|members| members.values());
    ids.filter_map(scalar).chain(entry.arns.iter().cloned()).any(|id| stands_for(text, &id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_text_are_those_that_it_stands_for() {
        let texts = ["", "a", "a:1", "arn:aws:connect:r:1:instance/i/flow/f:2", "a//b::c", "/x/", "x:y/z:", "é/é:ü"];
        for text in texts {
            let expected: Vec<&str> = (0..=text.len())
                .flat_map(|start| (start..=text.len()).map(move |end| (start, end)))
                .filter_map(|(start, end)| text.get(start..end).filter(|mark| stands_for(text, mark)))
                .collect();
            for longest in [3, 100] {
                let found: Vec<&str> = parts(text, longest).filter(|part| !part.is_empty()).collect();
                let mut short: Vec<&str> = expected.iter().copied().filter(|mark| mark.len() <= longest).collect();
                short.retain(|mark| !found.contains(mark));
                assert!(short.is_empty(), "{text}: {short:?} of {found:?}");
                assert!(found.iter().all(|part| stands_for(text, part)), "{text}: {found:?}");
            }
        }
    }
}
