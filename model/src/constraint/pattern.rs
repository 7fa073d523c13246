//! Patterns: regular expressions that a string must match. ECMA-262, unanchored.

use serde_json::{Map, Value};

use super::{
    Breaking, Broken, Class, Constraint, Dialect, Exception, Keys, KindFacts, Place, Position, ViolationKind, size,
    text,
};
use crate::pattern::{LengthBounds, Verdict};

pub(super) const MISMATCH: KindFacts =
    KindFacts { name: "pattern", class: Class::Limit, rule: "a string that does not match the pattern is rejected" };

/// The longest match that is tried, in characters, if the length has a greater limit or none.
const LONGEST_MATCH: u64 = 1_000;

/// The number of matches besides the shortest and the longest.
const SAMPLES: usize = 4;

/// The string matches the pattern. Verdicts other than "rejects" are not violations.
pub(crate) struct Matches;

impl Constraint for Matches {
    fn kinds(&self) -> &'static [ViolationKind] {
        &[ViolationKind::Pattern]
    }

    fn check(&self, at: &Position<'_>, value: &Value) -> Option<Broken> {
        let pattern = &at.schema[at.traits.pattern?];
        let rejects = pattern.admits(value.as_str()?) == Verdict::Rejects;
        rejects.then(|| (ViolationKind::Pattern, format!("a string matching {}", pattern.source())))
    }

    fn can_break(&self, at: &Position<'_>, _place: Place, _kind: ViolationKind) -> bool {
        // Patterns that match every string are found out when the mutation is made.
        at.traits.pattern.is_some()
    }

    fn violate(&self, at: &Position<'_>, _kind: ViolationKind, breaking: Breaking<'_, '_>) -> Option<Value> {
        let (min, max) = size::limits(at.traits.length);
        let bounds = LengthBounds { min, max };
        let pattern = &at.schema[at.traits.pattern?];
        text::sendable(pattern, breaking.place, |pattern| pattern.violate(breaking.u, bounds)).map(Value::from)
    }

    /// The shortest and the longest match within a budget, and matches that different bytes choose: alternatives and
    /// character classes.
    fn touch(&self, at: &Position<'_>, _kind: ViolationKind, valid: Breaking<'_, '_>) -> Vec<Value> {
        let Some(pattern) = at.traits.pattern.map(|id| &at.schema[id]) else { return Vec::new() };
        let (min, max) = size::limits(at.traits.length);
        let length = LengthBounds { min, max: Some(max.unwrap_or(u64::MAX).min(min.max(LONGEST_MATCH))) };
        let mut texts = Vec::new();
        if let Some((shortest, longest)) = pattern.feasible(length) {
            for count in [shortest, longest] {
                texts.push(text::sendable(pattern, valid.place, |pattern| pattern.sample_exact(valid.u, count)));
            }
        }
        let short = LengthBounds { min, max: length.max.map(|max| max.min(min.max(64))) };
        for _ in 0..SAMPLES {
            texts.push(text::sendable(pattern, valid.place, |pattern| pattern.sample(valid.u, short)));
        }
        let mut texts: Vec<String> = texts.into_iter().flatten().collect();
        texts.sort();
        texts.dedup();
        texts.into_iter().map(Value::from).collect()
    }

    fn export(&self, at: &Position<'_>, dialect: Dialect, keywords: &mut Map<String, Value>) {
        let Some(pattern) = at.traits.pattern.map(|id| &at.schema[id]) else { return };
        let problem = pattern.problem();
        match problem.or_else(|| pattern.sets_flags().then(|| "flags are no part of ECMA-262".to_owned())) {
            // OpenAPI tools use the regular expression engine of their own language.
            None if dialect.keys == Keys::Json => {
                keywords.insert("pattern".to_owned(), pattern.without_properties().into());
            }
            None => {
                keywords.insert("pattern".to_owned(), pattern.in_unicode_mode().into());
            }
            Some(problem) => {
                let comment = format!("pattern {:?} is left out: {problem}", pattern.source());
                keywords.insert("$comment".to_owned(), comment.into());
            }
        }
    }

    fn words(&self, at: &Position<'_>) -> Option<String> {
        Some(format!("pattern {}", code(at.schema[at.traits.pattern?].source())))
    }

    fn exceptions(&self) -> &'static [Exception] {
        &[
            Exception {
                id: "unreadable-pattern",
                kinds: &[ViolationKind::Pattern],
                side: None,
                difference: "a pattern that no engine can read is left out, with a $comment",
                reason: "a validator would reject the whole document because of it",
            },
            Exception {
                id: "dot",
                kinds: &[ViolationKind::Pattern],
                side: None,
                difference: "validators built on Rust's regex engines let a dot match CR, U+2028 and U+2029",
                reason: "the schema is right: the dialect requires ECMAScript, where these characters end a line",
            },
            Exception {
                id: "class-escape",
                kinds: &[ViolationKind::Pattern],
                side: None,
                difference: "validators built on Rust's regex engines let `\\S` match U+FEFF and `\\d` digits of every \
                             script, and reject U+0085 for `\\S`, in patterns with look-around",
                reason: "the schema is right: the dialect requires ECMAScript; the engine follows Unicode",
            },
        ]
    }
}

/// The text as Markdown code.
fn code(text: &str) -> String {
    let text = text.replace('\n', "\\n");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
