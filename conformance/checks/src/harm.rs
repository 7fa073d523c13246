//! The harm of a broken rule to a caller.

use serde::{Deserialize, Serialize};

/// The meaning of a breach for a caller, gravest first: a smaller harm is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Harm {
    /// Data of the caller is lost, or duplicated.
    Loss,
    /// An answer shows data that is wrong, incomplete or not from the state of the resource.
    WrongData,
    /// A caller is let in, or is shown something, against the rules of access.
    Access,
    /// A request ends in a server error, in no answer, or never ends.
    Crash,
    /// A message has another form than the contract says, so that clients misread it or faults pass unnoticed.
    Form,
    /// A recommendation is not followed; clients still work.
    Advice,
}

impl Harm {
    /// All harms, gravest first.
    pub const ALL: [Self; 6] = [Self::Loss, Self::WrongData, Self::Access, Self::Crash, Self::Form, Self::Advice];

    /// Name in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Harm::Loss => "loss",
            Harm::WrongData => "wrong-data",
            Harm::Access => "access",
            Harm::Crash => "crash",
            Harm::Form => "form",
            Harm::Advice => "advice",
        }
    }

    /// The harm in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Harm::Loss => "callers lose data or create duplicates",
            Harm::WrongData => "callers see wrong or incomplete data",
            Harm::Access => "the wrong caller is let in or shown something",
            Harm::Crash => "requests fail in the server or never end",
            Harm::Form => "messages differ from the form of the contract",
            Harm::Advice => "a recommendation is not followed",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::case::Finding;
    use crate::families;
    use connect_model::wire::message::HttpResponse;
    use connect_transport::exchange::Exchange;

    #[test]
    fn order_is_from_grave_to_mild() {
        assert!(Harm::ALL.is_sorted());
        assert_eq!(serde_json::to_value(Harm::WrongData).unwrap(), Harm::WrongData.word());
    }

    #[test]
    fn a_server_error_is_a_crash_unless_the_rule_is_graver() {
        let answered = |status: u16| Exchange::answered("", HttpResponse { status, ..HttpResponse::default() });
        for (id, status, harm) in [
            ("shape.status", 500, Harm::Crash),
            ("shape.status", 201, Harm::Form),
            ("idempotency.same-token-one-resource", 500, Harm::Loss),
            ("invalid.malformed-json", 503, Harm::Crash),
        ] {
            let check = families::find(id).unwrap();
            let finding: Finding = check.finding("", "", "", Some(&answered(status)));
            assert_eq!(check.harm_of(&finding), harm, "{id} {status}");
        }
    }
}
