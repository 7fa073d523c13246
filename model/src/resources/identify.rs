//! The members and shapes that name the resources of a kind.

use std::collections::HashMap;

use super::Kind;
use super::infer::Finder;
use super::source::{Source, named};
use super::words::{COMMON, tails};
use crate::schema::{self, Schema, ShapeId};

impl Finder<'_> {
    /// True if the service makes the id of a kind, and the caller does not choose it.
    fn assigns(&self, kind: &Kind) -> bool {
        match &kind.id {
            Source::Output(path) => path.last().is_none_or(|id| named(self.members(kind.create), id).is_none()),
            Source::Input(_) => false,
        }
    }

    /// Indexes the ids of the kinds by shape and by member.
    pub(super) fn identify(&mut self) {
        let mut shapes: HashMap<ShapeId, Option<usize>> = HashMap::new();
        let mut members: HashMap<String, Option<usize>> = HashMap::new();
        // An id that the service assigns names one kind; the caller may name one thing by the id of another.
        let mut kinds: Vec<(usize, &Kind)> = self.graph.kinds.iter().enumerate().collect();
        kinds.sort_by_key(|(_, kind)| matches!(kind.id, Source::Input(_)));
        for (at, kind) in kinds {
            let is_chosen = matches!(kind.id, Source::Input(_));
            for action in &kind.actions {
                let Some(name) = kind.id_member(action) else { continue };
                let Some(member) = self.members(action.operation).and_then(|members| members.get(name)) else {
                    continue;
                };
                let shape = member.slot.target;
                // A name that the caller chooses may have the shape of other names.
                let shape_name = self.schema[shape].name.to_ascii_lowercase();
                let is_own = tails(&kind.noun).any(|tail| shape_name.contains(&tail.to_ascii_lowercase()));
                let identifies = is_own || self.assigns(kind);
                if identifies && matches!(self.schema[shape].kind, schema::Kind::String) {
                    shapes
                        .entry(shape)
                        .and_modify(|known| *known = known.filter(|known| *known == at || is_chosen))
                        .or_insert(Some(at));
                }
                let name = name.to_ascii_lowercase();
                // A kind with one resource for each account holds nothing else of the account.
                let has_tail = || tails(&kind.noun).any(|tail| name.contains(&tail.to_ascii_lowercase()));
                let is_account = name.ends_with("accountid") && !has_tail();
                if !is_common(&name) && !is_account {
                    members
                        .entry(name)
                        .and_modify(|known| *known = known.filter(|known| *known == at || is_chosen))
                        .or_insert(Some(at));
                }
            }
            let is_name = matches!(&kind.id, Source::Input(member) if member.to_ascii_lowercase().ends_with("name"));
            for end in if is_name { &["id", "identifier", "name"][..] } else { &["id", "identifier"] } {
                members.entry(format!("{}{end}", kind.noun.to_ascii_lowercase())).or_insert(Some(at));
            }
        }
        self.graph.by_shape = shapes
            .into_iter()
            .filter(|(shape, _)| !is_general(self.schema, *shape))
            .filter_map(|(shape, at)| Some((shape, at?)))
            .collect();
        self.graph.by_member = members.into_iter().filter_map(|(member, at)| Some((member, at?))).collect();
    }
}

/// True for a shape such as `String`, which names nothing by itself.
pub(super) fn is_general(schema: &Schema, shape: ShapeId) -> bool {
    let name = &schema[shape].name;
    is_common(name) || ["string", "uuid"].iter().any(|end| name.to_ascii_lowercase().ends_with(end))
}

/// True for a name that members and shapes of several kinds have.
pub(super) fn is_common(name: &str) -> bool {
    COMMON.contains(&&*name.to_ascii_lowercase())
}

/// True for a shape whose pattern admits one word.
pub(super) fn is_word(schema: &Schema, shape: ShapeId) -> bool {
    let Some(pattern) = schema[shape].base.pattern else { return false };
    let word = schema[pattern].source().trim_start_matches('^').trim_end_matches('$');
    !word.is_empty() && word.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}
