//! Finds a pattern in a text, through `fancy-regex`.

use super::render::render;
use super::syntax::{Node, SyntaxError};
use fancy_regex::{Regex, RegexBuilder};

/// Steps back the engine may take on one text.
const BACKTRACK_LIMIT: usize = 100_000;
/// Bytes of the engine's program for one pattern.
const SIZE_LIMIT: usize = 32 << 20;
/// Bytes of text up to which a pattern that backtracks is tried at every offset; the effort may be quadratic.
const LONG_TEXT: usize = 8 << 10;

/// A compiled pattern.
pub(super) struct Matcher {
    engine: Regex,
    /// Whether the engine backtracks on this pattern, rather than run in time linear in the text.
    backtracks: bool,
}

impl Matcher {
    /// Compiles a pattern from its syntax; what the parser does not support, as the engine itself reads the source.
    pub(super) fn of(syntax: &Result<Node, SyntaxError>, source: &str) -> Result<Matcher, String> {
        let (rendered, backtracks) = match syntax {
            Ok(node) => (render(node), looks_ahead(node)),
            Err(SyntaxError::Unsupported { .. }) => (source.to_owned(), true),
            Err(malformed) => return Err(malformed.to_string()),
        };
        let mut builder = RegexBuilder::new(&rendered);
        builder.backtrack_limit(BACKTRACK_LIMIT).delegate_size_limit(SIZE_LIMIT);
        match builder.build() {
            Ok(engine) => Ok(Matcher { engine, backtracks }),
            Err(error) => Err(match syntax {
                Ok(_) => error.to_string(),
                Err(unsupported) => format!("{unsupported}; {error}"),
            }),
        }
    }

    /// Whether the pattern is found in the text; `None` where the effort to tell is out of bounds.
    pub(super) fn finds(&self, text: &str) -> Option<bool> {
        if self.backtracks && text.len() > LONG_TEXT {
            return None;
        }
        self.engine.is_match(text).ok()
    }
}

fn looks_ahead(node: &Node) -> bool {
    match node {
        Node::Look { .. } => true,
        Node::Class(_) | Node::Start | Node::End => false,
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(looks_ahead),
        Node::Repeat(node, ..) => looks_ahead(node),
    }
}
