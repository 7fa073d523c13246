//! Generates random walks whose steps use the resources of earlier steps. The caller provides the random choices, from a
//! seed or from the bytes of a fuzzer.

use connect_model::generate::seed::Stream;

use crate::walks::step::{Item, Kind, Step, TAG_KEYS, Tags};

/// Names of each kind in a walk: few, so that they collide.
const NAMES: usize = 4;

/// Texts in a walk.
const TEXTS: usize = 4;

/// Source of choices: a number below the given one, which is at least 1.
pub type Below<'s> = dyn FnMut(usize) -> usize + 's;

/// A random step on resources of the given kinds. The sketch holds the existing resources.
fn random_step(below: &mut Below<'_>, kinds: &[Kind], sketch: &Sketch) -> Step {
    let mut below = |bound: usize| below(bound.max(1));
    let kind = kinds.get(below(kinds.len())).copied().unwrap_or(Kind::Flow);
    // Mostly existing resources, sometimes deleted ones.
    let alive = below(7) > 0;
    let items: Vec<Item> = sketch.of(kind, alive).chain(sketch.of(kind, !alive)).collect();
    let pool = sketch.of(kind, alive).count();
    let Some(of) = items.get(below(if pool > 0 { pool } else { items.len() })).copied() else {
        return Step::Create { kind, name: below(NAMES) as u8, text: 0, saved: false, tags: Tags::new() };
    };
    let (name, text) = (below(NAMES) as u8, below(TEXTS) as u8);
    // Mostly a free name, if any.
    let name = (0..NAMES as u8)
        .map(|more| (name + more) % NAMES as u8)
        .find(|name| below(4) > 0 && !sketch.is_taken(kind, *name))
        .unwrap_or(name);
    let (tag, value, coin) = (below(TAG_KEYS.len()), below(3), below(2) == 0);
    let value = if value == 0 { String::new() } else { value.to_string() };
    let tags = Tags::from([(TAG_KEYS[tag].to_owned(), value)]);
    match (below(100), kind) {
        (0..20, _) => {
            let tags = if coin { tags } else { Tags::new() };
            Step::Create { kind, name, text, saved: kind == Kind::Flow && below(3) == 0, tags }
        }
        (20..24, _) => Step::CreateAgain { of },
        (24..28, _) => Step::Describe { of, draft: coin && kind.has_draft() },
        (28..38, _) => Step::Rename { of, name },
        (38..48, _) => Step::Edit { of, text },
        (48..56, Kind::Flow | Kind::Module) => Step::EditDraft { of, text },
        (56..64, Kind::Flow | Kind::Module) => Step::Archive { of, archived: below(3) > 0, name: coin.then_some(name) },
        (64..72, Kind::Flow) => Step::Version { of },
        (72..74, Kind::Flow) => Step::ListVersions { of },
        (74..84, _) => Step::Delete { of },
        (84..88, _) => Step::List { kind, pages: coin },
        (88..92, _) => {
            let keys = TAG_KEYS.iter().take(tag + 1).map(|key| (*key).to_owned()).collect();
            Step::Untag { of, keys }
        }
        (92..93, _) => Step::ListTags { of },
        _ => Step::Tag { of, tags },
    }
}

/// A rough picture of the existing resources, so that steps can use them. Only the reference decides about responses.
#[derive(Default)]
struct Sketch(Vec<(Item, u8, bool)>);

impl Sketch {
    fn of(&self, kind: Kind, alive: bool) -> impl Iterator<Item = Item> {
        self.0.iter().filter(move |(item, _, lives)| item.kind == kind && *lives == alive).map(|(item, ..)| *item)
    }

    fn is_taken(&self, kind: Kind, name: u8) -> bool {
        self.0.iter().any(|(item, held, lives)| item.kind == kind && *held == name && *lives)
    }

    fn note(&mut self, step: &Step) {
        match step {
            Step::Create { kind, name, .. } if !self.is_taken(*kind, *name) => {
                let number = self.0.iter().filter(|(item, ..)| item.kind == *kind).count();
                self.0.push((Item { kind: *kind, number }, *name, true));
            }
            Step::Rename { of, name } | Step::Archive { of, name: Some(name), .. }
                if !self.is_taken(of.kind, *name) =>
            {
                self.0.iter_mut().filter(|(item, ..)| item == of).for_each(|(_, held, _)| *held = *name);
            }
            Step::Delete { of } => {
                self.0.iter_mut().filter(|(item, ..)| item == of).for_each(|(.., lives)| *lives = false);
            }
            _ => {}
        }
    }
}

/// A walk on resources of the given kinds.
pub fn draw_walk(kinds: &[Kind], length: usize, below: &mut Below<'_>) -> Vec<Step> {
    let mut sketch = Sketch::default();
    let step = |_| {
        let step = random_step(below, kinds, &sketch);
        sketch.note(&step);
        step
    };
    (0..length).map(step).collect()
}

/// A random walk, the same for the same seed and label.
pub(crate) fn random_walk(seed: u64, label: &str, kinds: &[Kind], length: usize) -> Vec<Step> {
    let mut stream = Stream::new(seed, label);
    draw_walk(kinds, length, &mut |bound| (stream.next() % bound as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_walk() {
        let walk = |seed, label| random_walk(seed, label, &[Kind::Flow, Kind::Rule], 30);
        assert_eq!(walk(1, "a"), walk(1, "a"));
        assert_ne!(walk(1, "a"), walk(2, "a"));
        assert_ne!(walk(1, "a"), walk(1, "b"));
    }

    #[test]
    fn most_steps_use_existing_resources() {
        let walk = random_walk(1, "", &[Kind::Flow], 1000);
        let mut sketch = Sketch::default();
        let mut met = 0;
        for step in &walk {
            met += usize::from(step.item().is_some_and(|item| sketch.of(Kind::Flow, true).any(|alive| alive == item)));
            sketch.note(step);
        }
        assert!(met > 500, "{met}");
    }
}
