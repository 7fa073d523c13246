//! Smithy `pattern` constraints: whether a text satisfies one, and texts that do or do not, by construction.
//!
//! A `pattern` is an ECMA-262 regular expression, satisfied by a text in which it is found *anywhere*. It is read once into
//! a syntax tree (`syntax`), from which two independent engines are derived: matching goes through `fancy-regex`
//! (`render`), generation through a deterministic automaton (`language`, `term`, `automaton`) that is walked
//! (`sample`, `menu`). Nothing is ever generated and then filtered.

mod automaton;
mod charset;
mod class;
mod escape;
mod language;
mod matcher;
mod menu;
mod portable;
mod render;
mod sample;
mod syntax;
mod term;
#[cfg(test)]
mod tests;

use arbitrary::Unstructured;
use automaton::Automaton;
use matcher::Matcher;
use std::fmt;
use std::sync::OnceLock;
use syntax::{Node, SyntaxError};

/// The answer to whether a text satisfies a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The pattern is found in the text.
    Admits,
    /// The pattern is found nowhere in the text.
    Rejects,
    /// There is no telling: the pattern cannot be read, or the text takes too much work.
    Unknown,
}

/// How long a text may be, in Unicode scalar values; both ends are included.
///
/// The default bounds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LengthBounds {
    /// The fewest scalar values.
    pub min: u64,
    /// The most scalar values; `None` is no limit.
    pub max: Option<u64>,
}

/// A `pattern` constraint.
///
/// Creating one costs a copy of its source. Reading it, and building its matcher and its two automata, is done at the first
/// call that needs them, once, whatever the thread.
pub struct Pattern {
    source: String,
    syntax: OnceLock<Result<Node, SyntaxError>>,
    matcher: OnceLock<Result<Matcher, String>>,
    whole: OnceLock<Result<Automaton, String>>,
    nowhere: OnceLock<Result<Automaton, String>>,
}

/// Whether one pattern admits what another does not cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecided;

impl Pattern {
    /// A pattern as written in the model. Never fails: a source that cannot be read shows in [`Pattern::problem`].
    pub fn new(source: &str) -> Pattern {
        Pattern {
            source: source.to_owned(),
            syntax: OnceLock::new(),
            matcher: OnceLock::new(),
            whole: OnceLock::new(),
            nowhere: OnceLock::new(),
        }
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The pattern with the members of Unicode properties in place of their names, for engines that know no properties,
    /// such as Python's `re`. `\uXXXX` up to U+FFFF and characters beyond it are read alike by all of them.
    pub fn without_properties(&self) -> String {
        portable::without_properties(&self.source)
    }

    /// Why no engine can read the pattern, so that [`Pattern::admits`] is always [`Verdict::Unknown`]; `None` if one can.
    pub fn problem(&self) -> Option<String> {
        let problem = self.matcher().as_ref().err()?;
        self.nowhere().is_err().then(|| problem.clone())
    }

    /// Why no text can be generated from the pattern, though it may be readable: a back-reference, a look-ahead within a
    /// repetition, an automaton of too many states. `None` if texts can be generated; then a `None` of
    /// [`Pattern::sample`], [`Pattern::feasible`] or [`Pattern::violate`] means that there is no such text.
    pub fn generation_problem(&self) -> Option<String> {
        let automata = [self.whole(), self.nowhere()];
        automata.into_iter().find_map(|automaton| automaton.as_ref().err().cloned())
    }

    /// Whether the text satisfies the pattern, that is: whether the pattern is found anywhere in it.
    ///
    /// [`Verdict::Unknown`] when the pattern cannot be read, or when the answer takes too many steps: a hostile text costs a
    /// bounded effort, never a hang.
    pub fn admits(&self, text: &str) -> Verdict {
        let found = self.matcher().as_ref().ok().and_then(|matcher| matcher.finds(text));
        // What the engine does not settle, the automaton does: in linear time, if the pattern has one.
        match found.or_else(|| Some(!self.nowhere().as_ref().ok()?.accepts(text))) {
            Some(true) => Verdict::Admits,
            Some(false) => Verdict::Rejects,
            None => Verdict::Unknown,
        }
    }

    /// A text that the pattern matches from its first character to its last, within the bounds. It is therefore admitted.
    ///
    /// Most texts are at most 16 scalar values longer than the shortest one possible, some are of any length up to 4096,
    /// and some are the longest of these. Exhausted input gives the shortest text, of the simplest characters. `None` when
    /// there is no such text, or no text can be generated (see [`Pattern::generation_problem`]).
    pub fn sample(&self, u: &mut Unstructured<'_>, length: LengthBounds) -> Option<String> {
        self.whole().as_ref().ok()?.sample(u, length)
    }

    /// As [`Pattern::sample`], with exactly `n` scalar values; `None` if there is no such text, or `n` exceeds 2²⁴.
    pub fn sample_exact(&self, u: &mut Unstructured<'_>, n: u64) -> Option<String> {
        self.whole().as_ref().ok()?.sample_exact(u, n)
    }

    /// The least and the greatest length, in scalar values, of the texts within the bounds that the pattern matches as a
    /// whole. With `max: None` the greatest is [`u64::MAX`] if there are such texts of ever greater length.
    ///
    /// `None` if there is no such text, or no text can be generated (see [`Pattern::generation_problem`]). Lengths between
    /// the two need not all be possible.
    pub fn feasible(&self, length: LengthBounds) -> Option<(u64, u64)> {
        self.whole().as_ref().ok()?.feasible(length)
    }

    /// A text within the bounds in which the pattern is found nowhere.
    ///
    /// Drawn as [`Pattern::sample`] draws. `None` if there is no such text (`.*` is found in all), or none can be generated
    /// (see [`Pattern::generation_problem`]).
    pub fn violate(&self, u: &mut Unstructured<'_>, length: LengthBounds) -> Option<String> {
        self.nowhere().as_ref().ok()?.sample(u, length)
    }

    /// A shortest text that this pattern admits and the other does not; none if there is no such text. An error if it
    /// cannot be told: one of them has no automaton, or both together are too large.
    pub fn beyond(&self, other: &Pattern) -> Result<Option<String>, Undecided> {
        // What one admits, its automaton of refused texts lacks.
        match (self.nowhere(), other.nowhere()) {
            (Ok(own), Ok(others)) => own.lacks(others).map_err(|_| Undecided),
            _ => Err(Undecided),
        }
    }

    fn syntax(&self) -> &Result<Node, SyntaxError> {
        self.syntax.get_or_init(|| syntax::parse(&self.source))
    }

    fn matcher(&self) -> &Result<Matcher, String> {
        self.matcher.get_or_init(|| Matcher::of(self.syntax(), &self.source))
    }

    fn whole(&self) -> &Result<Automaton, String> {
        self.whole.get_or_init(|| Automaton::of(language::whole(self.readable()?)?))
    }

    fn nowhere(&self) -> &Result<Automaton, String> {
        self.nowhere.get_or_init(|| Automaton::of(language::nowhere(self.readable()?)?))
    }

    fn readable(&self) -> Result<&Node, String> {
        self.syntax().as_ref().map_err(ToString::to_string)
    }
}

impl Clone for Pattern {
    /// A pattern of the same source; what has been built for this one is not shared.
    fn clone(&self) -> Pattern {
        Pattern::new(&self.source)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}
