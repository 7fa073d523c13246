//! The kinds of problem in flow content, as one table: rule, evidence, confidence.
//!
//! A breach of low confidence is found and reported like any other; the emulator and the checks ignore it.

use crate::evidence::Evidence;
use crate::semantics::{Breach, Confidence};

/// The language of flow and module content.
pub const LANGUAGE: &str = "flow-content";
const GUIDE: &[Evidence] = &[Evidence::documentation("Amazon Connect flow language guide")];
const SEEN: &[Evidence] = &[
    Evidence::captured(
        "problems that the service reported on publication, from probes that three projects published in 2026",
    ),
    Evidence::documentation("Amazon Connect flow language guide"),
];
const OURS: &[Evidence] = &[Evidence::inference("no public source: the behaviour of the service is not known")];

const fn kind(kind: &'static str, confidence: Confidence, evidence: &'static [Evidence], rule: &'static str) -> Breach {
    Breach { language: LANGUAGE, kind, rule, evidence, confidence }
}

use Confidence::{High, Low, Medium};

/// Every kind of problem that the checker knows.
pub const KINDS: &[Breach] = &[
    // The text.
    kind("not-json", High, GUIDE, "content is JSON"),
    kind("not-an-object", High, GUIDE, "content is one JSON object"),
    kind("too-long", High, GUIDE, "content has at most 256,000 characters"),
    kind("duplicate-name", Low, OURS, "no object has a name twice"),
    kind("number-too-large", Low, OURS, "numbers fit 64 bits or a float"),
    kind("nested-too-deep", Low, OURS, "content is not nested more than 64 deep"),
    // The envelope.
    kind("wrong-version", High, GUIDE, "Version is 2019-10-30"),
    kind("missing-start-action", High, GUIDE, "StartAction is present"),
    kind("dangling-start-action", High, GUIDE, "StartAction is the identifier of an action"),
    kind("missing-actions", High, GUIDE, "Actions is a list with at least one action"),
    kind("too-many-actions", High, GUIDE, "a flow has at most 250 actions"),
    kind("malformed-structure", High, GUIDE, "members of the language have their JSON type"),
    // Actions.
    kind("missing-identifier", High, GUIDE, "an action has an identifier"),
    kind("duplicate-identifier", High, GUIDE, "identifiers of actions are unique in a flow"),
    kind("identifier-too-long", High, GUIDE, "an identifier has at most 50 characters"),
    kind(
        "forbidden-identifier",
        High,
        GUIDE,
        "an identifier has none of % : ( \\ / ) = $ , ; [ ] { } and is not a reserved word",
    ),
    kind("missing-action-type", High, GUIDE, "an action has a type"),
    kind("unknown-action-type", High, SEEN, "the type of an action is known to the service"),
    kind("action-not-allowed-here", Medium, GUIDE, "the flow type, or the module, allows the action"),
    // Parameters.
    kind("missing-required-parameter", Medium, SEEN, "an action has the parameters that its type requires"),
    kind("unknown-parameter", Medium, SEEN, "an action has no parameters that are unknown to its type"),
    kind("bad-parameter-value", Medium, SEEN, "the value of a parameter has the required form"),
    kind("empty-parameter-value", Medium, SEEN, "a parameter is not an empty string"),
    kind("both-of-exclusive-parameters", Medium, SEEN, "at most one of several exclusive parameters is present"),
    kind("none-of-required-parameters", Medium, SEEN, "one of a group of required parameters is present"),
    // Transitions.
    kind(
        "dangling-next-action",
        High,
        GUIDE,
        "NextAction, in errors and conditions too, is the identifier of an action",
    ),
    kind("missing-next-action", Medium, SEEN, "an action that does not end the flow has a NextAction"),
    kind("terminal-with-transitions", Medium, SEEN, "an action that ends the flow has no transitions"),
    kind("missing-required-error", Medium, SEEN, "an action has the errors that its type requires"),
    kind("unknown-error-type", Medium, SEEN, "the error of a transition is known to the service"),
    kind("error-not-allowed", Medium, SEEN, "an action has no errors that its type excludes"),
    kind("conditions-not-supported", Medium, SEEN, "an action of a type without conditions has none"),
    kind("wrong-conditions", Medium, SEEN, "an action has the conditions that its type requires"),
    kind("unknown-operator", High, GUIDE, "the operator of a condition is one of the eight"),
    kind("conditions-too-deep", Medium, GUIDE, "conditions are nested at most five deep"),
    kind("too-many-conditions", Medium, GUIDE, "a condition has at most fifty conditions inside"),
    // The graph.
    kind("no-terminal-action", Low, OURS, "an action that ends the flow, or plays messages forever, can be reached"),
];

/// The row of a kind. Tests ensure that every kind in use has one.
pub fn kind_of(name: &str) -> &'static Breach {
    KINDS.iter().find(|breach| breach.kind == name).unwrap_or(&KINDS[0])
}
