//! Texts of patterns that have no automaton: drawn from a simpler pattern, and kept if they match as a whole.

use arbitrary::Unstructured;

use super::automaton::Automaton;
use super::language;
use super::matcher::Matcher;
use super::syntax::{self, Node};

/// Texts that are tried.
const TRIES: u8 = 24;

/// Bytes that choose a text when the caller's are used up.
const BYTES: u16 = 128;

/// A simpler pattern, and the judge of its texts.
pub(super) struct Trial {
    simpler: Automaton,
    judge: Matcher,
}

impl Trial {
    /// None if the pattern cannot be read, or the simpler one has no automaton either.
    pub(super) fn of(source: &str, grammar: Option<&Node>) -> Option<Self> {
        let simpler = Automaton::of(language::whole(&syntax::parse_simpler(source).ok()?, grammar).ok()?).ok()?;
        let whole = format!("^(?:{source})$");
        let judge = Matcher::of(&syntax::parse(&whole), &whole);
        Some(Self { simpler, judge: judge.ok()? })
    }

    /// The texts that are tried.
    pub(super) fn simpler(&self) -> &Automaton {
        &self.simpler
    }

    /// A text that the pattern matches as a whole, if one is found.
    pub(super) fn find(
        &self,
        u: &mut Unstructured<'_>,
        draw: impl Fn(&Automaton, &mut Unstructured<'_>) -> Option<String>,
    ) -> Option<String> {
        (0..TRIES).find_map(|number| {
            let text = if number == 0 || !u.is_empty() {
                draw(&self.simpler, u)
            } else {
                let bytes: Vec<u8> = (0..BYTES).map(|at| (at * 31 + u16::from(number) * 97) as u8).collect();
                draw(&self.simpler, &mut Unstructured::new(&bytes))
            };
            text.filter(|text| self.judge.finds(text) == Some(true))
        })
    }
}
