//! Members and their constraints in words, for doc comments and descriptions.

use crate::constraint::{self, Position};
use crate::schema::{Binding, Kind, Member, Schema, Slot};

/// All facts about a member, for example `1 to 200 characters; required`.
pub(super) fn member(schema: &Schema, member: &Member) -> String {
    let mut words = Vec::from_iter(binding(&member.binding));
    words.extend(constraints(schema, &member.slot));
    words.extend(marks(member));
    words.push(if member.required { "required" } else { "optional" }.to_owned());
    words.join("; ")
}

/// The place of a member, for example ``query parameter `maxResults` ``; none for a key of the JSON body.
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

/// Special properties of a member.
pub fn marks(member: &Member) -> Vec<String> {
    let marks = [(member.idempotency_token, "idempotency token"), (member.deprecated, "deprecated")];
    marks.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()).collect()
}

/// Constraints and form of a position, including those of its elements, keys and values; one entry each, for example
/// `1 to 200 characters`.
pub fn constraints(schema: &Schema, slot: &Slot) -> Vec<String> {
    constraints_within(schema, slot, DEEPEST)
}

/// Maximum depth of nested lists and maps, which can contain themselves.
const DEEPEST: usize = 4;

fn constraints_within(schema: &Schema, slot: &Slot, levels: usize) -> Vec<String> {
    let at = Position::of(schema, slot);
    let mut words: Vec<String> = constraint::ALL.iter().filter_map(|constraint| constraint.words(&at)).collect();
    if slot.traits.sensitive {
        words.push("sensitive".to_owned());
    }
    let inner = match at.kind {
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
