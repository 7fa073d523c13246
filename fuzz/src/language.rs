//! Properties of a language inside a string member: flow content, and rule functions.
//!
//! | property | as an equation |
//! |---|---|
//! | the text is parsed like serde_json does, or rejected by a named rule | `read(t) = serde_json(t)` |
//! | parsing and writing loses nothing | `write(parse(t)) = t`, as JSON |
//! | white space and order of members do not matter | `check(t) = check(t′)` for a reformatted `t′` |
//! | a problem has a path and a message | at most two steps beyond the document; 1 to 256 characters |
//! | a fault is found, and no other | `check(valid) = {}`, `check(mutant) = {fault}` |

use connect_model::semantics::problem::{LONGEST_MESSAGE, Problem};
use connect_model::semantics::{Breach, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::octets::Octets;
use crate::seeds;
use crate::target::Seed;

/// The operations of a language.
pub(crate) struct Language {
    /// Returns the problems of a text; `on` is [`Case::on`].
    pub(crate) check: fn(text: &str, on: Option<&str>) -> Vec<Problem>,
    /// Parses and writes the text. `None` if it cannot be parsed.
    pub(crate) rewrite: fn(text: &str) -> Option<String>,
    /// Finds the description of a kind of problem.
    pub(crate) breach: fn(kind: &str) -> Option<&'static Breach>,
    /// Kinds of problems that may depend on formatting.
    pub(crate) of_spelling: &'static [&'static str],
    /// Maximum number of reported problems.
    pub(crate) most: usize,
}

/// Faults that need texts of maximum length. Too expensive to generate for one comparison each.
pub(crate) const LONG: &[&str] = &["too-long", "too-many-actions"];

/// Edge cases of JSON for both languages. None begins with a byte of 128 or more, such as a byte order mark, since such
/// inputs are not read as text.
const JSON_BY_HAND: &[&[u8]] = &[
    b"",
    b"null",
    b"[]",
    b"{\"a\":1,\"a\":2}",
    b"{\"a\":[1,\"\\\"2\",{\"b~/\":\"3\",\"b~/\":4}]}",
    b"{\"a\":1e999}",
    b"{\"a\":[1.5e3,\"1e-9\\\\\",-1e-999]}",
    b"[0e5,-0.0,18446744073709551615,-9223372036854775808,18446744073709551616]",
    b"{\"a\":[1,2",
    b"{\"a\"",
    b"{\"a\":1} x",
    b"{\"a\":01}",
    b"[\"\\ud800\"]",
    b"[\"\\ud83d\\ude00\\u00e9\"]",
    b"{\"a\":\n\"\xff\"}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"Version\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
];

/// A text in the language, with its context.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The context: a flow type or `module`; an event source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on: Option<String>,
    /// The text.
    pub(crate) text: Octets,
    /// The only fault of the text, if it was generated with a known fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Fault>,
}

impl Case {
    /// A text without known faults.
    pub(crate) fn new(on: Option<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { on, text: Octets(text.into()), fault: None }
    }

    /// A text generated to be valid.
    pub(crate) fn valid(on: Option<String>, text: String) -> Self {
        let fault = Fault { kind: None, without: text.clone() };
        Self { fault: Some(fault), ..Self::new(on, text) }
    }

    /// A text generated from a valid one with one fault.
    pub(crate) fn mutant(on: Option<String>, kind: &str, valid: String, invalid: String) -> Self {
        let fault = Fault { kind: Some(kind.to_owned()), without: valid };
        Self { fault: Some(fault), ..Self::new(on, invalid) }
    }
}

/// A known fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Its kind. `None` if the text was generated to be valid.
    pub(crate) kind: Option<String>,
    /// The text without it.
    pub(crate) without: String,
}

/// The seeds of handwritten texts: [`JSON_BY_HAND`] and those of the language.
pub(crate) fn by_hand(texts: &[&'static str]) -> Vec<Seed> {
    seeds::by_hand(JSON_BY_HAND.iter().copied().chain(texts.iter().map(|text| text.as_bytes()))).collect()
}

/// The features of a case for [`seeds::covering`]: problems, and words of the language in the text.
pub(crate) fn features<'w>(language: &Language, case: &Case, words: impl Iterator<Item = &'w str>) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(&case.text.0) else { return Vec::new() };
    let problems = (language.check)(text, case.on.as_deref())
        .into_iter()
        .map(|problem| format!("{} {}", problem.kind, seeds::first_words(&problem.message)));
    let document = serde_json::from_str(text).unwrap_or_default();
    problems.chain(seeds::words_of(&document, words)).collect()
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Not UTF-8, or not accepted as JSON.
    Unread,
    /// The text has problems.
    Problems,
    /// The text has exactly its known fault.
    Faulty,
    /// The text is valid.
    Right,
}

/// Checks the properties.
pub(crate) fn check_laws(language: &Language, case: &Case) -> Outcome {
    let on = case.on.as_deref();
    let Ok(text) = std::str::from_utf8(&case.text.0) else {
        assert!(json::read_bytes(&case.text.0).is_err(), "accepted bytes that are not UTF-8");
        return Outcome::Unread;
    };
    let problems = (language.check)(text, on);
    assert!(problems.len() <= language.most, "{} problems", problems.len());
    for problem in &problems {
        let known = (language.breach)(problem.kind);
        assert!(known.is_some_and(|breach| problem.confidence <= breach.confidence), "{problem:?} has an unknown kind");
        let length = problem.message.chars().count();
        assert!((1..=LONGEST_MESSAGE).contains(&length), "{length} characters: {problem:?}");
    }
    let judged = match &case.fault {
        None => None,
        Some(Fault { kind, without }) => {
            let before = (language.check)(without, on);
            assert_eq!(before, [], "problems in the text without the fault: {without}");
            let expected: Vec<&str> = kind.iter().map(String::as_str).collect();
            let kinds: Vec<&str> = problems.iter().map(|problem| problem.kind).collect();
            assert_eq!(kinds, expected, "{problems:?} in {text}");
            Some(if kind.is_some() { Outcome::Faulty } else { Outcome::Right })
        }
    };
    let value = match (json::read(text), serde_json::from_str::<Value>(text)) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs, "parsed differently: {text}");
            ours
        }
        (Ok(_), Err(error)) => unreachable!("accepted text that is not JSON: {error}: {text}"),
        (Err(ours), theirs) => {
            let excused = ours.fault != json::Fault::Syntax;
            assert!(theirs.is_err() || excused, "rejected JSON: {ours}: {text}");
            assert!(!problems.is_empty(), "no problem in a rejected text: {ours}: {text}");
            return judged.unwrap_or(Outcome::Unread);
        }
    };
    for problem in &problems {
        // The path of a missing member may be two levels below an existing node.
        let up = |path: &str| path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
        assert!(value.pointer(&up(&up(&problem.path))).is_some(), "the path of {problem:?} is not in {text}");
    }
    if let Some(again) = (language.rewrite)(text) {
        let again: Value = serde_json::from_str(&again).unwrap_or_else(|error| unreachable!("{error}: {again}"));
        assert_eq!(again, value, "parsing and writing changed the text");
    }
    check_spelling(language, on, &value, &problems);
    judged.unwrap_or(if problems.is_empty() { Outcome::Right } else { Outcome::Problems })
}

/// Checks that white space and the order of members do not matter.
fn check_spelling(language: &Language, on: Option<&str>, value: &Value, problems: &[Problem]) {
    let Ok(other) = serde_json::to_string_pretty(value) else { return };
    let sorted = |problems: &[Problem]| {
        let mut sorted: Vec<(String, &str)> = problems
            .iter()
            .filter(|problem| !language.of_spelling.contains(&problem.kind))
            .map(|problem| (problem.path.clone(), problem.kind))
            .collect();
        sorted.sort();
        sorted
    };
    // At the maximum number, each formatting reports the first ones it finds.
    if problems.len() < language.most {
        assert_eq!(sorted(&(language.check)(&other, on)), sorted(problems), "{other}");
    }
}
