//! Parses escapes in a pattern.

use super::charset::CharSet;
use super::class::Item;
use super::syntax::{Parser, SyntaxError};

impl Parser {
    /// The escape after a backslash, which has been read.
    pub(super) fn escape(&mut self, in_class: bool) -> Result<Item, SyntaxError> {
        let Some(next) = self.peek() else {
            return self.malformed("a backslash at the end");
        };
        self.at += 1;
        let code = match next {
            'd' | 'D' => return Ok(Item::Digit(next == 'D')),
            's' | 'S' => return Ok(Item::Space(next == 'S')),
            'w' | 'W' => return Ok(Item::Word(next == 'W')),
            'p' | 'P' if self.peek() == Some('{') => return self.property(next == 'P'),
            'b' if in_class => 0x08,
            'b' | 'B' if !in_class => return self.unsupported("a word boundary"),
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => 0,
            '0'..='9' => return self.unsupported("a back-reference or octal escape"),
            'k' if !in_class => return self.unsupported("a back-reference"),
            'c' => match self.peek().filter(char::is_ascii_alphabetic) {
                Some(letter) => {
                    self.at += 1;
                    u32::from(letter) % 32
                }
                None => return self.unsupported("a control escape without a letter"),
            },
            'x' => self.hex(2).unwrap_or_else(|| next.into()),
            'u' => self.unicode()?,
            identity => identity.into(),
        };
        Ok(Item::Range(code, code))
    }

    fn property(&mut self, negated: bool) -> Result<Item, SyntaxError> {
        let rest = &self.chars[self.at + 1..];
        let Some(length) = rest.iter().position(|c| *c == '}') else {
            return self.malformed("unterminated property name");
        };
        let name: String = rest[..length].iter().collect();
        if CharSet::property(&name).is_none() {
            return self.malformed("unknown Unicode property");
        }
        self.at += length + 2;
        Ok(Item::Property(name, negated))
    }

    /// The code point after `\u`. A pair of surrogates is one character.
    fn unicode(&mut self) -> Result<u32, SyntaxError> {
        if self.peek() == Some('{') {
            let rest = &self.chars[self.at + 1..];
            let digits = rest.iter().position(|c| *c == '}').map(|length| &rest[..length]);
            let code = digits.filter(|digits| !digits.is_empty() && digits.len() <= 32).and_then(|digits| {
                digits.iter().try_fold(0u32, |code, c| code.checked_mul(16)?.checked_add(c.to_digit(16)?))
            });
            return match (code.filter(|code| *code <= 0x10_FFFF), digits) {
                (Some(code), Some(digits)) => {
                    self.at += digits.len() + 2;
                    Ok(code)
                }
                _ => self.malformed("invalid Unicode escape"),
            };
        }
        let Some(lead) = self.hex(4) else {
            return Ok('u'.into());
        };
        let resume = self.at;
        if (0xD800..0xDC00).contains(&lead)
            && self.eat('\\')
            && self.eat('u')
            && let Some(trail) = self.hex(4)
            && (0xDC00..0xE000).contains(&trail)
        {
            return Ok(0x1_0000 + ((lead - 0xD800) << 10) + (trail - 0xDC00));
        }
        self.at = resume;
        Ok(lead)
    }

    /// Reads exactly that many hexadecimal digits, or nothing.
    fn hex(&mut self, count: usize) -> Option<u32> {
        let digits = self.chars.get(self.at..self.at + count)?;
        let code = digits.iter().try_fold(0, |code, c| Some(code * 16 + c.to_digit(16)?))?;
        self.at += count;
        Some(code)
    }
}
