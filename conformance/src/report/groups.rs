//! Groups of checks whose findings have one cause if they fail in the same way.

use connect_checks::case::Finding;
use connect_checks::check::family_of;
use connect_checks::idempotency::{counts_resources_of_token, shows_several_resources};
use connect_checks::invalid;
use connect_model::validate::ViolationKind;

/// Checks whose findings have one cause if they fail in the same way.
pub struct Group {
    /// Name in ids of causes.
    pub id: &'static str,
    /// The rule that the checks have in common.
    pub rule: &'static str,
    /// Breach of the rule by an endpoint, like the fault of a check.
    pub fault: &'static str,
    /// True for findings that a server error shows, false for all others.
    pub crashes: bool,
    /// The way of failing, if it is the same for all findings of the group.
    pub way: Option<&'static str>,
    /// Returns true if findings of the check may belong to the group.
    pub has: fn(&str) -> bool,
    /// Returns true if a finding of such a check does.
    pub shows: fn(&Finding) -> bool,
}

/// All groups. A mutation of any kind that is accepted has one of two causes: values are not checked, or their structure is
/// not. A client token that is ignored shows in every check of tokens.
pub const GROUPS: &[Group] = &[
    Group {
        id: "invalid",
        rule: "a faulty request is rejected with an error of the client (4xx)",
        fault: "answered faulty requests with a server error, or not at all",
        crashes: true,
        way: None,
        has: |check| family_of(check) == "invalid",
        shows: |_| true,
    },
    Group {
        id: "error",
        rule: "a request that cannot be fulfilled is rejected with an error of the client (4xx)",
        fault: "answered requests that cannot be fulfilled with a server error, or not at all",
        crashes: true,
        way: None,
        has: |check| family_of(check) == "error",
        shows: |_| true,
    },
    Group {
        id: "invalid-structure",
        rule: "input of another structure or type than the model's is rejected",
        fault: "accepted requests of another structure or type than the model's",
        crashes: false,
        way: None,
        has: |check| invalid::violation_of(check).is_some_and(ViolationKind::is_structural),
        shows: |_| true,
    },
    Group {
        id: "invalid-value",
        rule: "input that breaks a constraint of the model is rejected",
        fault: "accepted values that break a constraint of the model",
        crashes: false,
        way: None,
        has: |check| invalid::violation_of(check).is_some_and(|kind| !kind.is_structural()),
        shows: |_| true,
    },
    Group {
        id: "invalid-flow",
        rule: "flow content that breaks the flow language is rejected",
        fault: "accepted flow content that breaks the flow language",
        crashes: false,
        way: None,
        has: |check| check == "invalid.flow-content",
        shows: is_accepted,
    },
    Group {
        id: "invalid-rule",
        rule: "rules whose function or actions break their language are rejected",
        fault: "accepted rules whose function or actions break their language",
        crashes: false,
        way: None,
        has: |check| ["invalid.rule-function", "invalid.rule-actions"].contains(&check),
        shows: is_accepted,
    },
    Group {
        id: "invalid-json",
        rule: "a body that is not JSON is rejected",
        fault: "accepted bodies that are not JSON",
        crashes: false,
        way: None,
        has: |check| check == "invalid.malformed-json",
        shows: is_accepted,
    },
    Group {
        id: "accept-text",
        rule: "text of any kind that the contract allows is accepted",
        fault: "refused text that the contract allows",
        crashes: false,
        way: None,
        has: |check| check == "accept.text",
        // A text that is lost is another fault for each kind of text.
        shows: |finding| finding.exchange.is_some() && !is_accepted(finding),
    },
    Group {
        id: "idempotency-token",
        rule: "creations with one client token make one resource",
        fault: "made {several} from one client token",
        crashes: false,
        way: Some("several resources from one client token"),
        has: counts_resources_of_token,
        shows: shows_several_resources,
    },
];

/// True if the response is a success.
fn is_accepted(finding: &Finding) -> bool {
    finding.exchange.as_ref().is_some_and(|exchange| (200..300).contains(&exchange.response.status))
}
