//! JSON Pointers (RFC 6901) of places in a value that is being visited.

use std::borrow::Cow;

/// Maximum length of a brief pointer in bytes, before escapes.
const LONGEST: usize = 1_000;

/// Current place of a visit. Each step borrows the previous one from the stack, so that nothing is allocated until a
/// pointer is needed.
pub(crate) enum Path<'p> {
    /// The whole value.
    Root,
    /// A member or entry.
    Key(&'p Path<'p>, &'p str),
    /// An element.
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    /// Returns the JSON Pointer.
    pub(crate) fn pointer(&self) -> String {
        match self {
            Path::Root => String::new(),
            Path::Key(parent, key) => parent.pointer() + "/" + &escape(key),
            Path::Index(parent, at) => parent.pointer() + "/" + &at.to_string(),
        }
    }

    /// Returns the JSON Pointer, shortened to the longest parent that fits a thousand bytes, plus `/…`, if it is longer.
    /// For values from outside, whose keys may be very long.
    pub(crate) fn brief_pointer(&self) -> String {
        let mut at = self;
        while at.len() > LONGEST {
            at = match at {
                Path::Root => return String::new(),
                Path::Key(parent, _) | Path::Index(parent, _) => parent,
            };
        }
        let cut = if std::ptr::eq(at, self) { "" } else { "/…" };
        at.pointer() + cut
    }

    /// Returns the approximate length of all keys and indices in bytes.
    fn len(&self) -> usize {
        match self {
            Path::Root => 0,
            Path::Key(parent, key) => parent.len() + 1 + key.len(),
            Path::Index(parent, _) => parent.len() + 8,
        }
    }
}

/// Escapes a reference token of a JSON Pointer.
pub fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) { token.replace('~', "~0").replace('/', "~1").into() } else { token.into() }
}
