//! Shrinks a failing walk to the shortest one that still fails: removes smaller and smaller pieces until no single step
//! can be removed, then merges names and texts and simplifies steps, which may make other steps superfluous.
//!
//! Sends nothing: the caller tries each proposed walk and reports the verdict. `proptest-state-machine` does not fit: it
//! tries to remove each step only once, from the end, so that steps that become superfluous later stay; and its reference
//! is a pure function of the steps, while ours learns from responses.

use crate::walks::step::{Kind, Step};

/// State of the shrinking of one walk.
pub(crate) struct Shrinker {
    walk: Vec<Step>,
    stage: Stage,
    tried: Vec<Step>,
    proposals: usize,
}

enum Stage {
    /// Removes `size` steps at `at`; `changed` is true if a removal of this size has succeeded.
    Removing {
        size: usize,
        at: usize,
        changed: bool,
    },
    /// Replaces one name or text by another everywhere: the `choice`th such replacement.
    Merging {
        choice: usize,
    },
    /// Replaces the step at `at` by its `choice`th simpler form.
    Simplifying {
        at: usize,
        choice: usize,
    },
    Done,
}

/// Largest number of proposals, in case an endpoint fails at random.
const MAX_PROPOSALS: usize = 2000;

impl Shrinker {
    /// Starts with a walk that fails.
    pub(crate) fn new(walk: Vec<Step>) -> Self {
        let size = walk.len().div_ceil(2).max(1);
        Self { walk, stage: Stage::Removing { size, at: 0, changed: false }, tried: Vec::new(), proposals: 0 }
    }

    /// The shortest walk so far that fails.
    pub(crate) fn best(&self) -> &[Step] {
        &self.walk
    }

    /// The next walk to try; none at the end. Report its result with [`Shrinker::verdict`].
    pub(crate) fn propose(&mut self) -> Option<&[Step]> {
        if self.proposals >= MAX_PROPOSALS {
            return None;
        }
        loop {
            match self.stage {
                Stage::Removing { size, at, .. } if at < self.walk.len() => {
                    self.tried.clone_from(&self.walk);
                    self.tried.drain(at..(at + size).min(self.walk.len()));
                    break;
                }
                Stage::Removing { size, changed, .. } => {
                    self.stage = match size {
                        0 | 1 if !changed => Stage::Merging { choice: 0 },
                        0 | 1 => Stage::Removing { size: 1, at: 0, changed: false },
                        _ => Stage::Removing { size: size / 2, at: 0, changed: false },
                    };
                }
                Stage::Merging { choice } => match merged(&self.walk).nth(choice) {
                    None => self.stage = Stage::Simplifying { at: 0, choice: 0 },
                    Some(walk) => {
                        self.tried = walk;
                        break;
                    }
                },
                Stage::Simplifying { at, choice } => match self.walk.get(at).map(Step::simpler) {
                    None => self.stage = Stage::Done,
                    Some(simpler) => match simpler.into_iter().nth(choice) {
                        None => self.stage = Stage::Simplifying { at: at + 1, choice: 0 },
                        Some(step) => {
                            self.tried.clone_from(&self.walk);
                            self.tried[at] = step;
                            break;
                        }
                    },
                },
                Stage::Done => return None,
            }
        }
        self.proposals += 1;
        Some(&self.tried)
    }

    /// Reports if the last proposed walk fails.
    pub(crate) fn verdict(&mut self, fails: bool) {
        if fails {
            std::mem::swap(&mut self.walk, &mut self.tried);
        }
        self.stage = match self.stage {
            Stage::Removing { size, at, .. } if fails => Stage::Removing { size, at, changed: true },
            Stage::Removing { size, at, changed } => Stage::Removing { size, at: at + size, changed },
            // The simpler step may make other steps superfluous.
            Stage::Merging { .. } | Stage::Simplifying { .. } if fails => {
                Stage::Removing { size: 1, at: 0, changed: false }
            }
            Stage::Merging { choice } => Stage::Merging { choice: choice + 1 },
            Stage::Simplifying { at, choice } => Stage::Simplifying { at, choice: choice + 1 },
            Stage::Done => Stage::Done,
        };
    }
}

/// The walk with a name or text replaced by a lower one in all steps. Simplifying one step cannot do this.
fn merged(walk: &[Step]) -> impl Iterator<Item = Vec<Step>> {
    let mut used: Vec<Symbol> = walk.iter().cloned().flat_map(|mut step| symbols(&mut step, |symbol| symbol)).collect();
    used.sort_unstable();
    used.dedup();
    used.into_iter().flat_map(|of| (0..of.number).map(move |number| (of, number))).map(|(of, number)| {
        let mut walk = walk.to_vec();
        for step in &mut walk {
            symbols(step, |symbol| if symbol == of { Symbol { number, ..of } } else { symbol });
        }
        walk
    })
}

/// A name of a kind, or a text. Texts are the same for all kinds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Symbol {
    name_of: Option<Kind>,
    number: u8,
}

/// Replaces the names and texts of a step, and returns the old ones.
fn symbols(step: &mut Step, change: impl Fn(Symbol) -> Symbol) -> Vec<Symbol> {
    let kind = match step {
        Step::Create { kind, .. } => Some(*kind),
        _ => step.item().map(|item| item.kind),
    };
    let (name, text) = match step {
        Step::Create { name, text, .. } => (Some(name), Some(text)),
        Step::Rename { name, .. } | Step::Archive { name: Some(name), .. } => (Some(name), None),
        Step::Edit { text, .. } | Step::EditDraft { text, .. } => (None, Some(text)),
        _ => (None, None),
    };
    let both = [name.map(|name| (kind, name)), text.map(|text| (None, text))];
    both.into_iter()
        .flatten()
        .map(|(name_of, number)| {
            let before = Symbol { name_of, number: *number };
            *number = change(before).number;
            before
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walks::random::random_walk;
    use crate::walks::step::Item;

    fn shrink(walk: Vec<Step>, fails: impl Fn(&[Step]) -> bool) -> Vec<Step> {
        assert!(fails(&walk));
        let mut shrinker = Shrinker::new(walk);
        while let Some(tried) = shrinker.propose() {
            let verdict = fails(tried);
            shrinker.verdict(verdict);
        }
        shrinker.best().to_vec()
    }

    #[test]
    fn the_shortest_walk_is_minimal_and_simple() {
        // Fails for a saved creation, an edit and a deletion in this order. A list is needed as long as a creation has
        // tags.
        let fails = |walk: &[Step]| {
            let at = |wanted: fn(&Step) -> bool| walk.iter().position(wanted);
            let create = at(|step| matches!(step, Step::Create { saved: true, .. }));
            let tagged = walk.iter().any(|step| matches!(step, Step::Create { tags, .. } if !tags.is_empty()));
            let edit = walk.iter().rposition(|step| matches!(step, Step::Edit { .. }));
            let delete = walk.iter().rposition(|step| matches!(step, Step::Delete { .. }));
            let list = at(|step| matches!(step, Step::List { .. }));
            create.is_some() && create < edit && edit < delete && (!tagged || list.is_some())
        };
        let mut shrunk = 0;
        for seed in 0..200 {
            let walk = random_walk(seed, "shrink", &[Kind::Flow], 30);
            if !fails(&walk) {
                continue;
            }
            shrunk += 1;
            let shortest = shrink(walk, fails);
            assert_eq!(shortest.len(), 3, "{shortest:?}");
            for left_out in 0..shortest.len() {
                let mut shorter = shortest.clone();
                shorter.remove(left_out);
                assert!(!fails(&shorter));
            }
            assert!(matches!(&shortest[0], Step::Create { name: 0, text: 0, tags, .. } if tags.is_empty()));
        }
        assert!(shrunk > 20, "{shrunk}");
    }

    #[test]
    fn removes_pairs_that_depend_on_each_other() {
        let delete = |number| Step::Delete { of: Item { kind: Kind::Rule, number } };
        // Fails with an even number of deletions of #0, at least two, so that they can only be removed in pairs.
        let fails = |walk: &[Step]| {
            let count = walk.iter().filter(|step| **step == delete(0)).count();
            count >= 2 && count.is_multiple_of(2)
        };
        let walk: Vec<Step> = (0..16).map(|at| delete(usize::from(at % 2 == 1))).collect();
        assert!(shrink(walk, fails).len() <= 4);
    }

    #[test]
    fn replaces_a_shared_name_in_all_steps() {
        let create = |name| Step::Create { kind: Kind::Rule, name, text: 2, saved: false, tags: Default::default() };
        let rename = Step::Rename { of: Item { kind: Kind::Rule, number: 0 }, name: 3 };
        let name_of = |step: &Step| match step {
            Step::Create { name, .. } | Step::Rename { name, .. } => Some(*name),
            _ => None,
        };
        // Fails for two steps with one name; the renaming is needed only while the names differ.
        let fails = |walk: &[Step]| {
            let names: Vec<_> = walk.iter().filter_map(name_of).collect();
            names.len() >= 2 && names.first() == names.last() || names == [1, 3, 3]
        };
        assert_eq!(shrink(vec![create(1), rename, create(3)], fails).len(), 2);
        assert_eq!(shrink(vec![create(3), create(3)], fails).iter().filter_map(name_of).collect::<Vec<_>>(), [0, 0]);
    }

    #[test]
    fn stops_if_an_endpoint_fails_at_random() {
        let mut shrinker = Shrinker::new(random_walk(1, "", &[Kind::Flow], 200));
        let mut proposals = 0;
        while shrinker.propose().is_some() {
            proposals += 1;
            shrinker.verdict(proposals % 7 == 0);
        }
        assert!(proposals <= MAX_PROPOSALS, "{proposals}");
    }
}
