//! JSON Pointers (RFC 6901), from the way that a walk through a value has taken.

use std::borrow::Cow;

/// A brief pointer has no more bytes than this, before escapes.
const LONGEST: usize = 1_000;

/// Where a walk is: each step borrowed from the stack of the one before, and written out only when there is something to
/// say.
pub(crate) enum Path<'p> {
    /// The whole value.
    Root,
    /// A member or entry.
    Key(&'p Path<'p>, &'p str),
    /// An element.
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    pub(crate) fn pointer(&self) -> String {
        match self {
            Path::Root => String::new(),
            Path::Key(parent, key) => parent.pointer() + "/" + &escape(key),
            Path::Index(parent, at) => parent.pointer() + "/" + &at.to_string(),
        }
    }

    /// The pointer, if it has no more than a thousand bytes before escapes; else that of the longest way that has, and
    /// `/…`. For values that somebody else made: their keys may be as long as they are.
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

    /// Bytes of all keys and indices, roughly.
    fn len(&self) -> usize {
        match self {
            Path::Root => 0,
            Path::Key(parent, key) => parent.len() + 1 + key.len(),
            Path::Index(parent, _) => parent.len() + 8,
        }
    }
}

/// A reference token of a JSON Pointer.
pub fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) { token.replace('~', "~0").replace('/', "~1").into() } else { token.into() }
}
