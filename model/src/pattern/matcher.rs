//! Finds a pattern in a text with `fancy-regex`.

use super::alphabet::{Alphabet, letter};
use super::charset::Partition;
use super::class::Class;
use super::render::render;
use super::syntax::{Node, SyntaxError};
use fancy_regex::{Regex, RegexBuilder};

/// Maximum number of backtracking steps on one text.
const BACKTRACK_LIMIT: usize = 100_000;
/// Maximum size of the engine's program for one pattern, in bytes.
const SIZE_LIMIT: usize = 32 << 20;
/// Maximum size of text, in bytes, for a backtracking pattern, which takes quadratic time at worst.
const LONG_TEXT: usize = 8 << 10;

/// A compiled pattern.
///
/// The engine copies a class for each of its repetitions, and a class such as `\P{C}` has hundreds of ranges: 250 copies
/// take 20 MB. So it reads letters, each of which stands for the characters that the pattern does not distinguish.
pub(super) struct Matcher {
    engine: Regex,
    /// The letters; `None` if the engine reads the characters.
    alphabet: Option<Partition>,
    /// True if the engine backtracks on this pattern, false if it runs in linear time.
    backtracks: bool,
}

impl Matcher {
    /// Compiles a pattern from its syntax, or from its source if our parser does not support it.
    pub(super) fn of(syntax: &Result<Node, SyntaxError>, source: &str) -> Result<Matcher, String> {
        let (rendered, alphabet, backtracks) = match syntax {
            Ok(node) => {
                let (rendered, alphabet) = match Alphabet::of(node) {
                    Ok(alphabet) => (render(node, &|class| alphabet.letters(class)), Some(alphabet.partition)),
                    Err(_) => (render(node, &Class::set), None),
                };
                (rendered, alphabet, looks_ahead(node))
            }
            Err(SyntaxError::Unsupported { .. }) => (with_ends_of_words(source), None, true),
            Err(malformed) => return Err(malformed.to_string()),
        };
        let mut builder = RegexBuilder::new(&rendered);
        builder.backtrack_limit(BACKTRACK_LIMIT).delegate_size_limit(SIZE_LIMIT);
        match builder.build() {
            Ok(engine) => Ok(Matcher { engine, alphabet, backtracks }),
            Err(error) => Err(match syntax {
                Ok(_) => error.to_string(),
                Err(unsupported) => format!("{unsupported}; {error}"),
            }),
        }
    }

    /// Returns true if the pattern is found in the text; `None` if the effort exceeds the bounds.
    pub(super) fn finds(&self, text: &str) -> Option<bool> {
        if self.backtracks && text.len() > LONG_TEXT {
            return None;
        }
        match &self.alphabet {
            Some(alphabet) => {
                self.engine.is_match(&text.chars().map(|c| letter(alphabet.class(c))).collect::<String>())
            }
            None => self.engine.is_match(text),
        }
        .ok()
    }
}

/// The source with `\b` and `\B` as ECMA-262 has them: words are of ASCII letters, digits and `_`. The engine's are of any
/// script.
fn with_ends_of_words(source: &str) -> String {
    let (mut out, mut chars, mut in_class) = (String::with_capacity(source.len()), source.chars(), false);
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('b') if !in_class => {
                    out.push_str(r"(?:(?<=[a-zA-Z0-9_])(?![a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?=[a-zA-Z0-9_]))")
                }
                Some('B') if !in_class => {
                    out.push_str(r"(?:(?<=[a-zA-Z0-9_])(?=[a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?![a-zA-Z0-9_]))")
                }
                Some(escaped) => out.extend([c, escaped]),
                None => out.push(c),
            },
            _ => {
                in_class = if in_class { c != ']' } else { c == '[' };
                out.push(c);
            }
        }
    }
    out
}

fn looks_ahead(node: &Node) -> bool {
    match node {
        Node::Look { .. } => true,
        Node::Class(_) | Node::Start | Node::End => false,
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(looks_ahead),
        Node::Repeat(node, ..) => looks_ahead(node),
    }
}
