//! Constraints of a position in words, for doc comments and descriptions.

use crate::schema::{Binding, Bounds, Kind, Member, Schema, Slot, TimestampFormat};

/// Everything that the model says of a member, for example `1 to 200 characters; required`. Empty if it says nothing.
pub(super) fn member(schema: &Schema, member: &Member) -> String {
    let mut words = Vec::from_iter(binding(&member.binding));
    words.extend(constraints(schema, &member.slot));
    words.extend(marks(member));
    words.push(if member.required { "required" } else { "optional" }.to_owned());
    words.join("; ")
}

/// Where a member travels, for example ``query parameter `maxResults` ``; none for a key of the JSON body.
pub fn binding(binding: &Binding) -> Option<String> {
    match binding {
        Binding::Body => None,
        Binding::Label(name) => Some(format!("part `{name}` of the path")),
        Binding::Query(name) => Some(format!("query parameter `{name}`")),
        Binding::QueryParams => Some("every query parameter that has no other place".to_owned()),
        Binding::Header(name) => Some(format!("header `{name}`")),
        Binding::PrefixHeaders(prefix) => Some(format!("every header that begins with `{prefix}`")),
        Binding::Payload => Some("the whole body".to_owned()),
        Binding::StatusCode => Some("the HTTP status".to_owned()),
    }
}

/// What is special about a member itself.
pub fn marks(member: &Member) -> Vec<String> {
    let marks = [(member.idempotency_token, "idempotency token"), (member.deprecated, "deprecated")];
    marks.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()).collect()
}

/// Constraints and form of a position, those of its elements, keys and values included; one entry each, for example
/// `1 to 200 characters`.
pub fn constraints(schema: &Schema, slot: &Slot) -> Vec<String> {
    constraints_within(schema, slot, DEEPEST)
}

/// Lists of lists are told so far down: one may hold itself.
const DEEPEST: usize = 4;

fn constraints_within(schema: &Schema, slot: &Slot, levels: usize) -> Vec<String> {
    let mut words = Vec::new();
    let traits = &slot.traits;
    let target = &schema[slot.target];
    let unit = match &target.kind {
        Kind::List(_) => ("element", "elements"),
        Kind::Map(_) => ("entry", "entries"),
        Kind::Blob => ("byte", "bytes"),
        _ => ("character", "characters"),
    };
    words.extend(traits.length.and_then(|bounds| interval(&bounds, unit)));
    words.extend(traits.range.and_then(|bounds| interval(&bounds, ("", ""))));
    if traits.unique_items {
        words.push("no element twice".to_owned());
    }
    if let Some(pattern) = traits.pattern {
        words.push(format!("pattern {}", code(schema[pattern].source())));
    }
    match (&target.kind, traits.timestamp_format) {
        (Kind::Timestamp, Some(TimestampFormat::DateTime)) => words.push("instant as RFC 3339 text".to_owned()),
        (Kind::Timestamp, Some(TimestampFormat::HttpDate)) => words.push("instant as HTTP date".to_owned()),
        (Kind::Timestamp, _) => words.push("instant in seconds since 1970".to_owned()),
        (Kind::Blob, _) => words.push("bytes as base64".to_owned()),
        _ => {}
    }
    if traits.sensitive {
        words.push("sensitive".to_owned());
    }
    let inner = match &target.kind {
        Kind::List(list) => vec![("each", &list.member)],
        Kind::Map(map) => vec![("each key", &map.key), ("each value", &map.value)],
        _ => Vec::new(),
    };
    for (what, inner) in inner {
        if levels == 0 {
            continue;
        }
        let of_inner = constraints_within(schema, inner, levels - 1);
        if !of_inner.is_empty() {
            words.push(format!("{what}: {}", of_inner.join(", ")));
        }
    }
    words
}

fn interval<T: PartialEq + std::fmt::Display>(bounds: &Bounds<T>, (one, many): (&str, &str)) -> Option<String> {
    let text = match (&bounds.min, &bounds.max) {
        (None, None) => return None,
        (Some(min), Some(max)) if min == max && max.to_string() == "1" => format!("exactly {min} {one}"),
        (Some(min), Some(max)) if min == max => format!("exactly {min} {many}"),
        (Some(min), Some(max)) => format!("{min} to {max} {many}"),
        (Some(min), None) if min.to_string() == "1" => format!("at least {min} {one}"),
        (Some(min), None) => format!("at least {min} {many}"),
        (None, Some(max)) if max.to_string() == "1" => format!("at most {max} {one}"),
        (None, Some(max)) => format!("at most {max} {many}"),
    };
    Some(text.trim_end().to_owned())
}

/// Text as Markdown code, whatever it contains.
fn code(text: &str) -> String {
    let text = text.replace('\n', "\\n");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
