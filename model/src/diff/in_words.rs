//! Values in the words of change messages.

use serde_json::Value;

use crate::export::words;
use crate::schema::{Binding, ErrorTrait, TimestampFormat};

/// A value in the words of a change message.
pub(super) trait InWords {
    fn in_words(&self) -> String;
}

impl InWords for String {
    fn in_words(&self) -> String {
        self.clone()
    }
}

impl InWords for bool {
    fn in_words(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl InWords for u16 {
    fn in_words(&self) -> String {
        self.to_string()
    }
}

impl<T: InWords> InWords for Option<T> {
    fn in_words(&self) -> String {
        self.as_ref().map_or_else(|| "none".to_owned(), InWords::in_words)
    }
}

impl InWords for Vec<String> {
    fn in_words(&self) -> String {
        self.join(".")
    }
}

impl InWords for Value {
    fn in_words(&self) -> String {
        self.to_string()
    }
}

impl InWords for Binding {
    fn in_words(&self) -> String {
        words::binding(self).unwrap_or_else(|| "the body".to_owned())
    }
}

impl InWords for TimestampFormat {
    fn in_words(&self) -> String {
        match self {
            TimestampFormat::EpochSeconds => "seconds since 1970",
            TimestampFormat::DateTime => "RFC 3339 (date-time)",
            TimestampFormat::HttpDate => "a date as in HTTP (http-date)",
        }
        .to_owned()
    }
}

impl InWords for ErrorTrait {
    fn in_words(&self) -> String {
        format!("{}, the fault of the {}", self.status, if self.server { "server" } else { "client" })
    }
}
