//! Parses the output of `#[derive(Debug)]`: structures, tuples, variants, lists, maps, text and bare words.
//!
//! Strict: unexpected characters are errors. Knows nothing of the types.

use std::fmt;

/// A value in `{:?}` format.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    /// `"text"` or `'c'`, unescaped.
    Text(String),
    /// `-1.5`, `1e16`, `2024-05-14T08:00:00Z`: unquoted text that begins like a number.
    Bare(String),
    /// `None`, `true`, `Unknown("x")`, `Rule { name: "r" }`: a name with contents.
    Named(String, Inside),
    /// `[a, b]`
    List(Vec<Tree>),
    /// `{k: v}`, sorted, since the order of a hash map is random.
    Map(Vec<(Tree, Tree)>),
}

/// The contents of a named value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Inside {
    /// Nothing.
    Nothing,
    /// `(a, b)`
    Tuple(Vec<Tree>),
    /// `{ a: 1, b: 2 }`
    Fields(Vec<(String, Tree)>),
}

impl Tree {
    /// The only item of a tuple with this name.
    pub(super) fn only(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Named(own, Inside::Tuple(items)) if own == name && items.len() == 1 => items.first(),
            _ => None,
        }
    }

    /// Returns true for this name without contents.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Tree::Named(name, Inside::Nothing) if name == word)
    }

    /// Fields of a structure.
    pub(super) fn fields(&self) -> Option<&[(String, Tree)]> {
        match self {
            Tree::Named(_, Inside::Fields(fields)) => Some(fields),
            _ => None,
        }
    }

    /// Splits a structure into a field and the other fields.
    pub(super) fn without(&self, name: &str) -> (Option<Tree>, Tree) {
        let Tree::Named(own, Inside::Fields(fields)) = self else { return (None, self.clone()) };
        let (taken, rest): (Vec<_>, Vec<_>) = fields.iter().cloned().partition(|(field, _)| field == name);
        (taken.into_iter().next().map(|(_, tree)| tree), Tree::Named(own.clone(), Inside::Fields(rest)))
    }

    /// A field of a structure.
    pub(super) fn field(&self, name: &str) -> Option<&Tree> {
        self.fields()?.iter().find_map(|(own, tree)| (own == name).then_some(tree))
    }
}

/// A parse error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    at: usize,
    expected: &'static str,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "debug output: expected {} at byte {}", self.expected, self.at)
    }
}

/// Parses a complete text as one value.
pub(super) fn parse(text: &str) -> Result<Tree, Unreadable> {
    let mut reader = Reader { text, at: 0 };
    let tree = reader.value()?;
    if reader.at < text.len() { Err(reader.expected("the end")) } else { Ok(tree) }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn expected(&self, expected: &'static str) -> Unreadable {
        Unreadable { at: self.at, expected }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Consumes the token if it is next.
    fn took(&mut self, token: &str) -> bool {
        let is_next = self.text[self.at..].starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    fn take(&mut self, token: &'static str) -> Result<(), Unreadable> {
        if self.took(token) { Ok(()) } else { Err(self.expected(token)) }
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let rest = &self.text[self.at..];
        let part = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        self.at += part.len();
        part.to_owned()
    }

    fn value(&mut self) -> Result<Tree, Unreadable> {
        match self.peek() {
            Some('"') => self.quoted("\"").map(Tree::Text),
            Some('\'') => self.quoted("'").map(Tree::Text),
            Some('[') => self.items("[", "]").map(Tree::List),
            Some('{') => self.map(),
            Some('-' | '0'..='9') => {
                Ok(Tree::Bare(self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | ':'))))
            }
            Some(c) if c == '_' || c.is_alphabetic() => self.named(),
            _ => Err(self.expected("a value")),
        }
    }

    fn named(&mut self) -> Result<Tree, Unreadable> {
        let name = self.take_while(|c| c == '_' || c.is_alphanumeric());
        let inside = if self.text[self.at..].starts_with('(') {
            Inside::Tuple(self.items("(", ")")?)
        } else if self.took(" { ") {
            self.fields()?
        } else {
            Inside::Nothing
        };
        Ok(Tree::Named(name, inside))
    }

    fn fields(&mut self) -> Result<Inside, Unreadable> {
        let mut fields = Vec::new();
        loop {
            // Some types print raw identifiers with their prefix.
            self.took("r#");
            let name = self.take_while(|c| c == '_' || c.is_alphanumeric());
            if name.is_empty() {
                return Err(self.expected("the name of a field"));
            }
            self.take(": ")?;
            fields.push((name, self.value()?));
            if self.took(" }") {
                return Ok(Inside::Fields(fields));
            }
            self.take(", ")?;
        }
    }

    fn items(&mut self, open: &'static str, close: &'static str) -> Result<Vec<Tree>, Unreadable> {
        self.take(open)?;
        let mut items = Vec::new();
        if self.took(close) {
            return Ok(items);
        }
        loop {
            items.push(self.value()?);
            if self.took(close) {
                return Ok(items);
            }
            self.take(", ")?;
        }
    }

    fn map(&mut self) -> Result<Tree, Unreadable> {
        self.take("{")?;
        let mut entries = Vec::new();
        while !self.took("}") {
            if !entries.is_empty() {
                self.take(", ")?;
            }
            let key = self.value()?;
            self.take(": ")?;
            entries.push((key, self.value()?));
        }
        entries.sort();
        Ok(Tree::Map(entries))
    }

    fn quoted(&mut self, quote: &'static str) -> Result<String, Unreadable> {
        self.take(quote)?;
        let mut text = String::new();
        loop {
            text.push_str(&self.take_while(|c| !quote.contains(c) && c != '\\'));
            if self.took(quote) {
                return Ok(text);
            }
            self.take("\\")?;
            let escape = self.peek().ok_or_else(|| self.expected("an escape"))?;
            self.at += escape.len_utf8();
            text.push(match escape {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                '"' | '\'' | '\\' => escape,
                'u' => {
                    self.take("{")?;
                    let digits = self.take_while(|c| c.is_ascii_hexdigit());
                    self.take("}")?;
                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    code.ok_or_else(|| self.expected("a character"))?
                }
                _ => return Err(self.expected("an escape")),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::HashMap;

    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "read through their debug output")]
    enum Sample {
        Unit,
        Tuple(Option<i32>, f64, bool),
        Fields { r#type: String, list: Vec<Sample>, map: HashMap<String, ()> },
    }

    #[test]
    fn parses_derived_output() {
        let sample = Sample::Fields {
            r#type: "q\"\\\n\u{0}\u{301}\u{200b}é'\u{1f600}".to_owned(),
            list: vec![Sample::Unit, Sample::Tuple(Some(-1), 1e16, true), Sample::Tuple(None, f64::NAN, false)],
            map: HashMap::new(),
        };
        let tree = parse(&format!("{sample:?}")).unwrap();
        let Sample::Fields { r#type, .. } = &sample else { unreachable!() };
        assert_eq!(tree.field("type"), Some(&Tree::Text(r#type.clone())));
        let Some(Tree::List(items)) = tree.field("list") else { unreachable!() };
        assert!(items[0].is_word("Unit"));
        let Tree::Named(_, Inside::Tuple(parts)) = &items[1] else { unreachable!() };
        assert_eq!(parts[0].only("Some"), Some(&Tree::Bare("-1".to_owned())));
        assert_eq!(parts[1], Tree::Bare("1e16".to_owned()));
        assert_eq!(tree.field("map"), Some(&Tree::Map(Vec::new())));
    }

    #[test]
    fn every_character_round_trips() {
        for c in ('\u{0}'..='\u{2fff}').chain(['\u{fffe}', '\u{1f600}', '\u{e0100}', '\u{10ffff}']) {
            let text = format!("a{c}b");
            assert_eq!(parse(&format!("{text:?}")), Ok(Tree::Text(text)));
            assert_eq!(parse(&format!("{c:?}")), Ok(Tree::Text(c.to_string())));
        }
    }

    #[test]
    fn order_matters_in_lists_and_not_in_maps() {
        assert_eq!(parse("{\"a\": 1, \"b\": 2}"), parse("{\"b\": 2, \"a\": 1}"));
        assert_ne!(parse("[1, 2]"), parse("[2, 1]"));
    }

    #[test]
    fn rejects_other_text() {
        for text in
            ["", "A {", "A { b }", "A { b: 1", "A(1", "[1,2]", "[1, ]", "\"a", "\"\\q\"", "\"\\u{d800}\"", "1 2"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
