//! Renders a pattern for the matching engine with its meaning in ECMA-262.

use super::class::{Class, Item};
use super::syntax::Node;
use std::fmt::Write as _;

/// The pattern in the syntax of `fancy-regex`. Every character is written as an escape and every shorthand as its
/// members, so that differences between the two dialects do not matter.
pub(super) fn render(node: &Node) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &Node, out: &mut String) {
    match node {
        Node::Class(class) => write_class(class, out),
        Node::Start => out.push_str(r"\A"),
        Node::End => out.push_str(r"\z"),
        Node::Concat(parts) => parts.iter().for_each(|part| write_part(part, out)),
        Node::Alternate(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                write(branch, out);
            }
        }
        Node::Repeat(node, min, max) => {
            match &**node {
                Node::Class(class) => write_class(class, out),
                other => write_group("(?:", other, out),
            }
            match (min, max) {
                (0, None) => out.push('*'),
                (1, None) => out.push('+'),
                (0, Some(1)) => out.push('?'),
                (min, None) => push(out, format_args!("{{{min},}}")),
                (min, Some(max)) => push(out, format_args!("{{{min},{max}}}")),
            }
        }
        Node::Look { node, negative } => write_group(if *negative { "(?!" } else { "(?=" }, node, out),
    }
}

/// Writes a part of a concatenation.
fn write_part(node: &Node, out: &mut String) {
    match node {
        Node::Alternate(_) => write_group("(?:", node, out),
        _ => write(node, out),
    }
}

fn write_group(open: &str, node: &Node, out: &mut String) {
    out.push_str(open);
    write(node, out);
    out.push(')');
}

fn write_class(class: &Class, out: &mut String) {
    if let (false, [Item::Range(low, high)]) = (class.negated, class.items.as_slice())
        && low == high
        && let Some(literal) = char::from_u32(*low).filter(char::is_ascii_alphanumeric)
    {
        return out.push(literal);
    }
    // Written out and never negated: regex-syntax 0.8.11 negates ranges that meet across the surrogates incorrectly, so
    // that `[^\x{D7FF}\x{E000}]` contains U+E000.
    let set = class.set();
    let mut ranges = set.ranges().iter().copied().peekable();
    if ranges.peek().is_none() {
        return out.push_str(r"[^\x{0}-\x{10FFFF}]");
    }
    out.push('[');
    while let Some((low, mut high)) = ranges.next() {
        if let Some((_, further)) = ranges.next_if(|(next, _)| (high, *next) == (0xD7FF, 0xE000)) {
            high = further;
        }
        push(out, format_args!(r"\x{{{low:X}}}-\x{{{high:X}}}"));
    }
    out.push(']');
}

/// Appends formatted text. Writing to a string cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
