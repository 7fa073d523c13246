//! Smithy `pattern` constraints: matching, and generation of matching and non-matching texts by construction.
//!
//! A `pattern` is an ECMA-262 regular expression that can match *anywhere* in a text. It is parsed once into a syntax
//! tree (`syntax`), from which two engines are derived that share no more than the alphabet of the pattern (`alphabet`):
//! matching uses `fancy-regex` (`render`), and generation traverses a deterministic automaton (`language`, `term`,
//! `automaton`, `sample`, `menu`). Nothing is generated and then filtered, except for patterns that have no automaton:
//! their texts are those of a simpler pattern that match (`trial`).

mod alphabet;
mod automaton;
mod charset;
mod class;
mod escape;
mod java;
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
mod trial;

use arbitrary::Unstructured;
use automaton::Automaton;
pub use automaton::limit_work;
pub(crate) use java::in_ecma;
use matcher::Matcher;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use syntax::{Node, SyntaxError};
use trial::Trial;

/// The result of matching a text against a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The pattern matches somewhere in the text.
    Admits,
    /// The pattern matches nowhere in the text.
    Rejects,
    /// Undecided: the pattern cannot be parsed, or the text takes too much work.
    Unknown,
}

/// Bounds on the length of a text in Unicode scalar values, inclusive.
///
/// The default has no bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LengthBounds {
    /// Minimum length.
    pub min: u64,
    /// Maximum length; `None` for no limit.
    pub max: Option<u64>,
}

/// A `pattern` constraint.
///
/// Creating one only copies its source. The parser, the matcher and the two automata run once, at the first call that
/// needs them, and are shared between threads.
pub struct Pattern {
    source: String,
    syntax: OnceLock<Result<Node, SyntaxError>>,
    matcher: OnceLock<Result<Matcher, String>>,
    whole: OnceLock<Result<Automaton, String>>,
    nowhere: OnceLock<Result<Automaton, String>>,
    /// Where texts come from if there is no automaton.
    trial: OnceLock<Option<Trial>>,
    /// The only texts that are generated, as a pattern.
    within: Option<&'static str>,
    narrowed: Mutex<Vec<(&'static str, Arc<Pattern>)>>,
}

/// The error for two patterns that cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecided;

impl Pattern {
    /// A pattern as written in the model. Never fails: [`Pattern::problem`] reports a source that cannot be parsed.
    pub fn new(source: &str) -> Pattern {
        Self::generating(source, None)
    }

    fn generating(source: &str, within: Option<&'static str>) -> Pattern {
        Pattern {
            within,
            narrowed: Mutex::default(),
            source: source.to_owned(),
            syntax: OnceLock::new(),
            matcher: OnceLock::new(),
            whole: OnceLock::new(),
            nowhere: OnceLock::new(),
            trial: OnceLock::new(),
        }
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The pattern as engines read it that know the Unicode mode only, such as those of JSON Schema: `\_` is `_`.
    pub fn in_unicode_mode(&self) -> String {
        portable::in_unicode_mode(&self.source)
    }

    /// True if the pattern sets flags inside of it, such as `(?i)`, which ECMA-262 does not have.
    pub fn sets_flags(&self) -> bool {
        matches!(self.syntax(), Err(SyntaxError::Unsupported { what: "modifiers", .. }))
    }

    /// The same with Unicode properties replaced by their members, for engines without properties such as Python's
    /// `re`. All engines agree on `\uXXXX` up to U+FFFF and on literal characters beyond it.
    pub fn without_properties(&self) -> String {
        portable::without_properties(&self.source)
    }

    /// The reason why no engine can read the pattern, in which case [`Pattern::admits`] is always [`Verdict::Unknown`].
    /// `None` if one can.
    pub fn problem(&self) -> Option<String> {
        let problem = self.matcher().as_ref().err()?;
        self.nowhere().is_err().then(|| problem.clone())
    }

    /// The reason why a possibly readable pattern has no automaton: a back-reference, a look-ahead within a repetition, too
    /// many states. Its texts are found by trial, which may miss them, and no text that breaks it is generated.
    ///
    /// `None` if there is one; then `None` from [`Pattern::sample`], [`Pattern::feasible`] or [`Pattern::violate`] means
    /// that there is no such text.
    pub fn generation_problem(&self) -> Option<String> {
        let automata = [self.whole(), self.nowhere()];
        automata.into_iter().find_map(|automaton| automaton.as_ref().err().cloned())
    }

    /// Matches the text: the pattern can match anywhere in it.
    ///
    /// [`Verdict::Unknown`] if the pattern cannot be read, or if matching takes too many steps: the effort for a
    /// hostile text is bounded.
    pub fn admits(&self, text: &str) -> Verdict {
        let found = self.matcher().as_ref().ok().and_then(|matcher| matcher.finds(text));
        // If the engine gives up, the automaton decides in linear time, provided that the pattern has one.
        let unlimited = self.within.is_none();
        match found.or_else(|| Some(!self.nowhere().as_ref().ok().filter(|_| unlimited)?.accepts(text))) {
            Some(true) => Verdict::Admits,
            Some(false) => Verdict::Rejects,
            None => Verdict::Unknown,
        }
    }

    /// The same pattern, of which only texts that match `grammar`, too, are generated: those that some place can carry.
    /// Matches as before. The automata of the two together are built once.
    pub(crate) fn within(&self, grammar: &'static str) -> Arc<Pattern> {
        let mut narrowed = self.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = narrowed.iter().find(|(known, _)| *known == grammar) {
            return Arc::clone(known);
        }
        let pattern = Arc::new(Self::generating(&self.source, Some(grammar)));
        narrowed.push((grammar, Arc::clone(&pattern)));
        pattern
    }

    /// A text within the bounds that the pattern matches from the first to the last character.
    ///
    /// Most texts are at most 16 scalar values longer than the shortest possible, some have any length up to 4096, and
    /// some have the maximum length. Exhausted input gives the shortest text of the simplest characters. `None` if
    /// there is no such text, or none was found (see [`Pattern::generation_problem`]).
    pub fn sample(&self, u: &mut Unstructured<'_>, length: LengthBounds) -> Option<String> {
        self.drawn(u, |automaton, u| automaton.sample(u, length))
    }

    /// Like [`Pattern::sample`], with exactly `n` scalar values; `None` if there is no such text, or `n` exceeds 2²⁴.
    pub fn sample_exact(&self, u: &mut Unstructured<'_>, n: u64) -> Option<String> {
        self.drawn(u, |automaton, u| automaton.sample_exact(u, n))
    }

    /// The minimum and maximum length, in scalar values, of the texts within the bounds that the pattern matches as a
    /// whole. With `max: None` the maximum is [`u64::MAX`] if the length is unbounded.
    ///
    /// `None` if there is no such text, or none can be found. Not all lengths in between need to be possible, and of a
    /// pattern with a [`Pattern::generation_problem`] not even these two.
    pub fn feasible(&self, length: LengthBounds) -> Option<(u64, u64)> {
        match self.whole() {
            Ok(automaton) => automaton.feasible(length),
            Err(_) => self.trial()?.simpler().feasible(length),
        }
    }

    /// A text within the bounds in which the pattern does not match anywhere.
    ///
    /// Chosen like that of [`Pattern::sample`]. `None` if there is no such text (`.*` matches every text), or none can
    /// be generated (see [`Pattern::generation_problem`]).
    pub fn violate(&self, u: &mut Unstructured<'_>, length: LengthBounds) -> Option<String> {
        self.nowhere().as_ref().ok()?.sample(u, length)
    }

    /// A shortest text that this pattern accepts and the other rejects; none if there is no such text. An error if this
    /// cannot be decided: one of them has no automaton, or both together are too large.
    pub fn beyond(&self, other: &Pattern) -> Result<Option<String>, Undecided> {
        // The automaton of rejected texts lacks exactly the accepted texts.
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
        self.whole.get_or_init(|| Automaton::of(language::whole(self.readable()?, self.grammar()?.as_ref())?))
    }

    /// A text drawn from the automaton, or by trial if there is none.
    fn drawn(
        &self,
        u: &mut Unstructured<'_>,
        draw: impl Fn(&Automaton, &mut Unstructured<'_>) -> Option<String>,
    ) -> Option<String> {
        match self.whole() {
            Ok(automaton) => draw(automaton, u),
            Err(_) => self.trial()?.find(u, draw),
        }
    }

    fn trial(&self) -> Option<&Trial> {
        let grammar = || self.grammar().ok();
        self.trial.get_or_init(|| Trial::of(&self.source, grammar()?.as_ref())).as_ref()
    }

    fn nowhere(&self) -> &Result<Automaton, String> {
        self.nowhere.get_or_init(|| Automaton::of(language::nowhere(self.readable()?, self.grammar()?.as_ref())?))
    }

    fn grammar(&self) -> Result<Option<Node>, String> {
        self.within.map(syntax::parse).transpose().map_err(|error| error.to_string())
    }

    fn readable(&self) -> Result<&Node, String> {
        self.syntax().as_ref().map_err(ToString::to_string)
    }
}

impl Clone for Pattern {
    /// A pattern with the same source. The engines built for this one are not shared.
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
