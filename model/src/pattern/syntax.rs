//! The abstract syntax of an ECMA-262 pattern, and its parser.
//!
//! Parses the Unicode mode of the standard. Constructs that this mode rejects and the older one accepts (`\_`, a lone
//! `{`, `[\w-a]`) are parsed as in the older one.

use super::class::{Class, Item, LINE_ENDS};

/// Maximum nesting of groups: parsing, rendering and translation recurse by group.
const MAX_DEPTH: usize = 40;

/// The reason why a pattern has no abstract syntax.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SyntaxError {
    /// Not valid in ECMA-262.
    #[error("not an ECMA-262 pattern: {what} at character {at}")]
    Malformed {
        /// The problem.
        what: &'static str,
        /// Offset in characters.
        at: usize,
    },
    /// Allowed by the standard, not supported by this parser.
    #[error("{what} at character {at}: not supported")]
    Unsupported {
        /// The construct.
        what: &'static str,
        /// Offset in characters.
        at: usize,
    },
}

/// A pattern or a part of one. Groups are not represented, because captures do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// One character.
    Class(Class),
    /// `^`
    Start,
    /// `$`
    End,
    /// A concatenation; the empty one is the empty string.
    Concat(Vec<Node>),
    /// An alternation.
    Alternate(Vec<Node>),
    /// `min` to `max` repetitions; unbounded without `max`.
    Repeat(Box<Node>, u32, Option<u32>),
    /// `(?=…)`, or `(?!…)` when `negative`.
    Look {
        /// The part that is looked for.
        node: Box<Node>,
        /// True if it must be absent.
        negative: bool,
    },
}

/// Reads a pattern.
pub(super) fn parse(source: &str) -> Result<Node, SyntaxError> {
    Parser::of(source, None).whole()
}

/// Reads a pattern without what this parser does not support: the ends of words, look-behind, modifiers, look-ahead in a
/// repetition; a back-reference is its group once more. Many texts of the result also match the pattern, but not all.
pub(super) fn parse_simpler(source: &str) -> Result<Node, SyntaxError> {
    Parser::of(source, Some(Vec::new())).whole().map(|node| without_looks(node, false))
}

/// The pattern without look-ahead within a repetition.
fn without_looks(node: Node, repeated: bool) -> Node {
    let all = |nodes: Vec<Node>| nodes.into_iter().map(|node| without_looks(node, repeated)).collect();
    match node {
        Node::Look { .. } if repeated => Node::Concat(Vec::new()),
        Node::Repeat(inner, min, max) => Node::Repeat(Box::new(without_looks(*inner, true)), min, max),
        Node::Concat(parts) => Node::Concat(all(parts)),
        Node::Alternate(branches) => Node::Alternate(all(branches)),
        Node::Look { .. } | Node::Class(_) | Node::Start | Node::End => node,
    }
}

/// The state of the parser.
pub(super) struct Parser {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    depth: usize,
    /// The groups that were read, by number; `None` if what is not supported is an error.
    groups: Option<Vec<Option<Node>>>,
}

impl Parser {
    fn of(source: &str, groups: Option<Vec<Option<Node>>>) -> Self {
        Self { chars: source.chars().collect(), at: 0, depth: 0, groups }
    }

    fn whole(mut self) -> Result<Node, SyntaxError> {
        let node = self.alternation()?;
        match self.peek() {
            None => Ok(node),
            Some(_) => self.malformed("unmatched closing parenthesis"),
        }
    }

    fn alternation(&mut self) -> Result<Node, SyntaxError> {
        let mut branches = vec![self.concatenation()?];
        while self.eat('|') {
            branches.push(self.concatenation()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternate(branches) })
    }

    fn concatenation(&mut self) -> Result<Node, SyntaxError> {
        let mut parts = Vec::new();
        while let Some(next) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            let atom = self.atom(next)?;
            let bounds = self.quantifier()?;
            match bounds {
                Some(_) if matches!(atom, Node::Start | Node::End) => {
                    return self.malformed("nothing to repeat");
                }
                Some((min, max)) => parts.push(Node::Repeat(Box::new(atom), min, max)),
                None => parts.push(atom),
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Node::Concat(parts) })
    }

    fn atom(&mut self, next: char) -> Result<Node, SyntaxError> {
        if matches!(next, '*' | '+' | '?') || (next == '{' && self.braces().is_some()) {
            return self.malformed("nothing to repeat");
        }
        self.at += 1;
        Ok(match next {
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::Class(Class {
                negated: true,
                items: LINE_ENDS.map(|(low, high)| Item::Range(low, high)).to_vec(),
            }),
            '(' => self.group()?,
            '[' => Node::Class(self.class()?),
            '\\' => match self.left_out() {
                Some(simpler) => simpler,
                None => Node::Class(Class::of(self.escape(false)?)),
            },
            literal => Node::Class(Class::of(Item::Range(literal.into(), literal.into()))),
        })
    }

    fn group(&mut self) -> Result<Node, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return self.unsupported("nesting of groups this deep");
        }
        let (mut look, mut behind, mut number) = (None, false, None);
        if self.eat('?') {
            match (self.peek(), self.chars.get(self.at + 1)) {
                (Some(':'), _) => self.at += 1,
                (Some('='), _) => look = Some(false),
                (Some('!'), _) => look = Some(true),
                (Some('<'), Some('=' | '!')) if self.groups.is_some() => behind = true,
                (Some('<'), Some('=' | '!')) => return self.unsupported("look-behind"),
                (Some('<'), _) => {
                    self.group_name()?;
                    number = self.number_group();
                }
                (Some('i' | 'm' | 's' | '-'), _) if self.groups.is_some() => {
                    while self.peek().is_some_and(|c| c.is_ascii_lowercase() || c == '-') {
                        self.at += 1;
                    }
                    // Without a colon, they apply to what follows.
                    self.eat(':');
                }
                (Some('i' | 'm' | 's' | '-'), _) => return self.unsupported("modifiers"),
                _ => return self.malformed("unknown kind of group"),
            }
        } else {
            number = self.number_group();
        }
        self.at += usize::from(look.is_some()) + if behind { 2 } else { 0 };
        self.depth += 1;
        let node = self.alternation()?;
        self.depth -= 1;
        if !self.eat(')') {
            return self.malformed("unterminated group");
        }
        if let (Some(number), Some(groups)) = (number, &mut self.groups) {
            groups[number] = Some(node.clone());
        }
        Ok(match look {
            _ if behind => Node::Concat(Vec::new()),
            Some(negative) => Node::Look { node: Box::new(node), negative },
            None => node,
        })
    }

    /// The place of the group that begins, where groups are kept.
    fn number_group(&mut self) -> Option<usize> {
        let groups = self.groups.as_mut()?;
        groups.push(None);
        Some(groups.len() - 1)
    }

    /// The replacement of an escape that is not supported: nothing for the end of a word, its group for a back-reference.
    fn left_out(&mut self) -> Option<Node> {
        let groups = self.groups.as_ref()?;
        let simpler = match self.peek()? {
            'b' | 'B' => Node::Concat(Vec::new()),
            digit @ '1'..='9' => {
                let number = digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok())?;
                groups.get(number - 1)?.clone()?
            }
            _ => return None,
        };
        self.at += 1;
        Some(simpler)
    }

    fn group_name(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            self.at += 1;
        }
        let digit_first = self.chars.get(start).is_some_and(|c| c.is_numeric());
        if self.at == start || digit_first || !self.eat('>') { self.malformed("invalid group name") } else { Ok(()) }
    }

    /// The quantifier at the current position, if any. Lazy ones match the same strings as greedy ones.
    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, SyntaxError> {
        let (min, max, length) = match self.peek() {
            Some('*') => (0, None, 1),
            Some('+') => (1, None, 1),
            Some('?') => (0, Some(1), 1),
            Some('{') => match self.braces() {
                Some(found) => found,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if max.is_some_and(|max| max < min) {
            return self.malformed("numbers out of order in a quantifier");
        }
        self.at += length;
        self.eat('?');
        Ok(Some((min, max)))
    }

    /// The counts and the length of the `{…}` at the current position; `None` if it is literal text.
    fn braces(&self) -> Option<(u32, Option<u32>, usize)> {
        let rest = &self.chars[self.at + 1..];
        let length = rest.iter().position(|c| !c.is_ascii_digit() && *c != ',')?;
        let inner = &rest[..length];
        if rest[length] != '}' {
            return None;
        }
        let (min, max) = match inner.iter().position(|c| *c == ',') {
            None => (number(inner)?, Some(number(inner)?)),
            Some(comma) if comma + 1 == length => (number(&inner[..comma])?, None),
            Some(comma) => (number(&inner[..comma])?, Some(number(&inner[comma + 1..])?)),
        };
        Some((min, max, length + 2))
    }

    fn class(&mut self) -> Result<Class, SyntaxError> {
        let mut class = Class { negated: self.eat('^'), items: Vec::new() };
        loop {
            match self.peek() {
                None => return self.malformed("unterminated character class"),
                Some(']') => break,
                Some(_) => {}
            }
            let first = self.class_atom()?;
            let dash = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            if !dash {
                class.items.push(first);
                continue;
            }
            self.at += 1;
            let second = self.class_atom()?;
            match (&first, &second) {
                (Item::Range(low, _), Item::Range(_, high)) if low <= high => {
                    class.items.push(Item::Range(*low, *high));
                }
                (Item::Range(..), Item::Range(..)) => {
                    return self.malformed("range out of order in a class");
                }
                _ => class.items.extend([first, Item::Range('-'.into(), '-'.into()), second]),
            }
        }
        self.at += 1;
        Ok(class)
    }

    fn class_atom(&mut self) -> Result<Item, SyntaxError> {
        match self.peek() {
            Some('\\') => {
                self.at += 1;
                self.escape(true)
            }
            Some(literal) => {
                self.at += 1;
                Ok(Item::Range(literal.into(), literal.into()))
            }
            None => self.malformed("unterminated character class"),
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn malformed<T>(&self, what: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError::Malformed { what, at: self.at })
    }

    pub(super) fn unsupported<T>(&self, what: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError::Unsupported { what, at: self.at })
    }
}

/// A decimal number, saturated at the limit of the type, which no string reaches.
fn number(digits: &[char]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |value, c| Some(value.saturating_mul(10).saturating_add(c.to_digit(10)?)))
}
