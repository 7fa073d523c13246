//! The parts of an HTTP message where a value can travel, and the values that each can hold.

use crate::header_names::has_meaning;
use crate::schema::Binding;

/// Where a value travels. Decides which values can be sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Inside the JSON body.
    Body,
    /// A path segment.
    Label,
    /// A query parameter.
    Query,
    /// A header, or the status code.
    Header,
    /// The name of a header: the key of a map that is bound to headers.
    HeaderName,
    /// The whole body.
    Payload,
}

impl Place {
    /// The place of a member of an operation's message.
    pub(crate) fn of(binding: &Binding) -> Self {
        match binding {
            Binding::Body => Place::Body,
            Binding::Label(_) => Place::Label,
            Binding::Query(_) | Binding::QueryParams => Place::Query,
            Binding::Header(_) | Binding::PrefixHeaders(_) | Binding::StatusCode => Place::Header,
            Binding::Payload => Place::Payload,
        }
    }

    /// The place of the elements of a collection at this place.
    pub(crate) fn inside(self) -> Self {
        if self == Place::Payload { Place::Body } else { self }
    }

    /// The place of the keys of a map at this place.
    pub(crate) fn of_keys(self) -> Self {
        if self == Place::Header { Place::HeaderName } else { self.inside() }
    }

    /// True if values here are JSON, so that types other than strings exist.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Place::Body | Place::Payload)
    }

    /// The texts that can be sent here, as a pattern that they match as a whole; none if every text can.
    ///
    /// - URL libraries treat a segment of one or two dots as a relative step and remove it, percent-encoded or not (RFC
    ///   3986, section 5.2.4; WHATWG URL). A greedy label of slashes only has no segment.
    /// - A header carries visible ASCII, and spaces inside (RFC 9110, section 5.5).
    /// - The name of a header is a token without letter case (RFC 9110, section 5.1).
    pub(crate) fn grammar(self) -> Option<&'static str> {
        match self {
            Place::Label => Some(r"^(?!(?:\.{1,2}|/*)$)[^]*$"),
            Place::Header => Some("^(?:[!-~](?:[ -~]*[!-~])?)?$"),
            Place::HeaderName => Some("^[a-z0-9!#$%&'*+.^_`|~-]+$"),
            Place::Body | Place::Query | Place::Payload => None,
        }
    }

    /// True if the string can be sent here: it is in the [grammar](Place::grammar) of the place, and no header that every
    /// message has.
    pub(crate) fn can_hold(self, text: &str) -> bool {
        match self {
            Place::Label => !(matches!(text, "." | "..") || text.chars().all(|c| c == '/')),
            Place::Header => text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim() == text,
            Place::HeaderName => {
                let is_token = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&b);
                !text.is_empty() && text.bytes().all(is_token) && !has_meaning(text)
            }
            Place::Body | Place::Query | Place::Payload => true,
        }
    }

    /// The place in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Place::Body => "a JSON body",
            Place::Label => "a path segment",
            Place::Query => "a query parameter",
            Place::Header => "a header",
            Place::HeaderName => "the name of a header",
            Place::Payload => "a body",
        }
    }

    /// True if an empty string, list or map here cannot be told from an absent one. An empty label is a different path;
    /// an empty list or map in a query or header leaves no trace.
    pub(crate) fn loses_empty(self, is_string: bool) -> bool {
        match self {
            Place::Body => false,
            Place::Label | Place::Header | Place::HeaderName | Place::Payload => true,
            Place::Query => !is_string,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::pattern::{Pattern, Verdict};

    #[test]
    fn places_hold_only_what_they_carry() {
        let rows: &[(Place, &[&str], &[&str])] = &[
            (Place::Label, &[".", "..", "/", "///", ""], &["...", "a", "a/b", "/a", "a:b", "\n"]),
            (Place::Header, &[" ", "a ", "\ta", "a\nb", "é", "\u{7f}"], &["", "a", "a b", "~"]),
            (Place::HeaderName, &["", "A", "a b", "a:", "é", "a/b"], &["a", "x-amz-1", "!"]),
        ];
        for (place, lost, kept) in rows {
            let grammar = Pattern::new(place.grammar().unwrap_or_else(|| unreachable!("{place:?}")));
            for (texts, held) in [(lost, false), (kept, true)] {
                for text in *texts {
                    assert_eq!(place.can_hold(text), held, "{place:?} {text:?}");
                    assert_eq!(grammar.admits(text) == Verdict::Admits, held, "{place:?} {text:?}");
                    assert!(Place::Body.can_hold(text), "{text:?}");
                }
            }
        }
        assert!(!Place::HeaderName.can_hold("host"), "every request has it");
    }
}
