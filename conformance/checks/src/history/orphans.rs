//! Things whose creation has no answer: they are found by their token, or by their name in a list.

use std::collections::{BTreeSet, HashMap};

use super::meaning::{Meaning, Place, meanings};
use super::models::TokenAct;
use super::numbered::VIEWS;
use super::parts::{Effect, Sorted, Write, timed};
use super::traversal::Traversal;

/// Views that a creation counts as: it takes more memory, since it has the values that were sent.
const VIEWS_OF_A_CREATION: usize = 8;

/// The creations of one name.
#[derive(Default)]
pub(super) struct Creations<'c> {
    /// Their tokens.
    tokens: BTreeSet<Option<&'c str>>,
    /// Those whose answer is unknown, by position.
    lost: Vec<usize>,
}

impl<'c> Sorted<'c> {
    /// A creation without an answer may have made what another one with its token shows later.
    pub(super) fn add_lost_with_token(&mut self) {
        for lost in &self.lost {
            let token = lost.of.token(&lost.call.input);
            let id = token.and_then(|token| self.made_with.get(&(lost.place.clone(), token)));
            let known = id.and_then(|id| self.things.get_mut(&(lost.place.clone(), id.clone())));
            let first =
                known.and_then(|known| known.writes.iter_mut().find(|write| matches!(write.act, Write::Create(_))));
            if let Some(first) = first {
                first.start = first.start.min(lost.call.start);
            }
        }
    }

    /// The creations of each name in each place.
    pub(super) fn creations(&self) -> HashMap<(Place, String), Creations<'c>> {
        let mut creations: HashMap<(Place, String), Creations<'c>> = HashMap::new();
        for call in self.calls {
            if let Some(Meaning::Create(of)) = meanings(self.schema).get(call.operation.as_str()) {
                let key = (of.place(&call.input), of.row.name_in(&call.input).to_owned());
                creations.entry(key).or_default().tokens.insert(of.token(&call.input));
            }
        }
        for (nth, lost) in self.lost.iter().enumerate() {
            let key = (lost.place.clone(), lost.of.row.name_in(&lost.call.input).to_owned());
            creations.entry(key).or_default().lost.push(nth);
        }
        creations
    }

    /// Adds the creations that may have made a thing of a traversal: those without an answer that have its name.
    pub(super) fn add_orphans(
        &mut self,
        traversal: &Traversal<'c>,
        creations: &HashMap<(Place, String), Creations<'c>>,
    ) {
        for (id, item) in &traversal.items {
            let key = (traversal.place.clone(), id.clone());
            let name = traversal.of.row.name_in(item);
            let Some(known) = self.things.get_mut(&key).filter(|_| !name.is_empty()) else { continue };
            if known.writes.iter().any(|write| matches!(write.act, Write::Create(_)) && write.end.is_some()) {
                continue;
            }
            let Some(made) = creations.get(&(key.0.clone(), name.to_owned())) else { continue };
            let cost = made.lost.len() * VIEWS_OF_A_CREATION;
            if known.is_new {
                // One of them is its creation already.
            } else if self.views_left < cost {
                self.too_many_views.extend((0..VIEWS.len()).map(|nth| (key.0.clone(), nth)));
            } else {
                self.views_left -= cost;
                let makers = made.lost.iter().map(|nth| &self.lost[*nth]);
                let makers = makers.map(|lost| {
                    timed(lost.at, lost.call, Effect::Unknown, Write::Create(lost.of.sent(&lost.call.input)))
                });
                known.writes.extend(makers);
                known.is_new = !made.lost.is_empty();
            }
            // The token of all creations with this name, if they share one.
            if let (1, Some(Some(token))) = (made.tokens.len(), made.tokens.first()) {
                let act = TokenAct::Exists(self.ids.of(id.clone()));
                self.tokens.entry((key.0.clone(), token)).or_default().push(traversal.timed(act));
            }
        }
    }
}
