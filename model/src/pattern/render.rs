//! Renders a pattern for the matching engine with its meaning in ECMA-262.

use super::charset::CharSet;
use super::class::Class;
use super::syntax::Node;
use std::fmt::Write as _;

/// The pattern in the syntax of `fancy-regex`; `members` gives those of a class. Every character is written as an escape
/// and every shorthand as its members, so that differences between the two dialects do not matter.
pub(super) fn render(node: &Node, members: &dyn Fn(&Class) -> CharSet) -> String {
    let mut writer = Writer { members, out: String::new() };
    writer.write(node);
    writer.out
}

struct Writer<'m> {
    members: &'m dyn Fn(&Class) -> CharSet,
    out: String,
}

impl Writer<'_> {
    fn write(&mut self, node: &Node) {
        match node {
            Node::Class(class) => self.class(class),
            Node::Start => self.out.push_str(r"\A"),
            Node::End => self.out.push_str(r"\z"),
            Node::Concat(parts) => parts.iter().for_each(|part| self.part(part)),
            Node::Alternate(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.write(branch);
                }
            }
            Node::Repeat(node, min, max) => {
                match &**node {
                    Node::Class(class) => self.class(class),
                    other => self.group("(?:", other),
                }
                match (min, max) {
                    (0, None) => self.out.push('*'),
                    (1, None) => self.out.push('+'),
                    (0, Some(1)) => self.out.push('?'),
                    (min, None) => self.push(format_args!("{{{min},}}")),
                    (min, Some(max)) => self.push(format_args!("{{{min},{max}}}")),
                }
            }
            Node::Look { node, negative } => self.group(if *negative { "(?!" } else { "(?=" }, node),
        }
    }

    /// Writes a part of a concatenation.
    fn part(&mut self, node: &Node) {
        match node {
            Node::Alternate(_) => self.group("(?:", node),
            _ => self.write(node),
        }
    }

    fn group(&mut self, open: &str, node: &Node) {
        self.out.push_str(open);
        self.write(node);
        self.out.push(')');
    }

    fn class(&mut self, class: &Class) {
        let set = (self.members)(class);
        match set.ranges() {
            [] => return self.out.push_str(r"[^\x{0}-\x{10FFFF}]"),
            [(low, high)] if low == high => return self.push(format_args!(r"\x{{{low:X}}}")),
            _ => {}
        }
        // Written out and never negated: regex-syntax 0.8.11 negates ranges that meet across the surrogates incorrectly,
        // so that `[^\x{D7FF}\x{E000}]` contains U+E000.
        let mut ranges = set.ranges().iter().copied().peekable();
        self.out.push('[');
        while let Some((low, mut high)) = ranges.next() {
            if let Some((_, further)) = ranges.next_if(|(next, _)| (high, *next) == (0xD7FF, 0xE000)) {
                high = further;
            }
            self.push(format_args!(r"\x{{{low:X}}}-\x{{{high:X}}}"));
        }
        self.out.push(']');
    }

    /// Appends formatted text. Writing to a string cannot fail.
    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(text);
    }
}
