//! The parts of an HTTP message where a value can travel, and the values that each can hold.

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

    /// True if values here are JSON, so that types other than strings exist.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Place::Body | Place::Payload)
    }

    /// True if the string can be sent here. URL libraries treat a segment of one or two dots as a relative step and
    /// remove it, percent-encoded or not (RFC 3986, section 5.2.4; WHATWG URL). A greedy label of slashes only has no
    /// segment.
    pub(crate) fn can_hold(self, text: &str) -> bool {
        self != Place::Label || !(matches!(text, "." | "..") || text.chars().all(|c| c == '/'))
    }

    /// True if an empty string, list or map here cannot be told from an absent one. An empty label is a different path;
    /// an empty list or map in a query or header leaves no trace.
    pub(crate) fn loses_empty(self, is_string: bool) -> bool {
        match self {
            Place::Body => false,
            Place::Label | Place::Header | Place::Payload => true,
            Place::Query => !is_string,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn labels_hold_only_what_a_path_keeps() {
        for lost in [".", "..", "/", "///", ""] {
            assert!(!Place::Label.can_hold(lost), "{lost:?}");
            assert!(Place::Body.can_hold(lost), "{lost:?}");
        }
        for kept in ["a", "...", "a/b", "/a", "a:b"] {
            assert!(Place::Label.can_hold(kept), "{kept:?}");
        }
    }
}
