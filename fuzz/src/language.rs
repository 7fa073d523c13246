//! The laws of a language that stands in a text member: flow content, and the functions of rules.
//!
//! | law | as an equation |
//! |---|---|
//! | a text is read as another reader reads it, or refused by a rule that has a name | `read(t) = serde_json(t)` |
//! | nothing is lost | `write(parse(t)) = t`, as JSON |
//! | spelling does not matter | `check(t) = check(t′)`, where `t′` is `t` in other order and with other white space |
//! | a problem has a place and can be told | at most two steps lead out of the document; 1 to 256 characters |
//! | a fault is seen, and no other | `check(valid) = {}`, `check(mutant) = {fault}` |

use connect_model::semantics::problem::{LONGEST_MESSAGE, Problem};
use connect_model::semantics::{Breach, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::octets::Octets;

/// What is the language's own.
pub(crate) struct Language {
    /// All problems of a text, on what the case says.
    pub(crate) check: fn(text: &str, on: Option<&str>) -> Vec<Problem>,
    /// The text after it was parsed and written; none if it has no form that could be parsed.
    pub(crate) rewrite: fn(text: &str) -> Option<String>,
    /// What can be wrong, by kind.
    pub(crate) breach: fn(kind: &str) -> Option<&'static Breach>,
    /// Problems of the spelling: these may change with it.
    pub(crate) of_spelling: &'static [&'static str],
    /// Most problems that are told.
    pub(crate) most: usize,
}

/// Faults that need texts as long as it goes, for one comparison each: too dear to be drawn.
pub(crate) const LONG: &[&str] = &["too-long", "too-many-actions"];

/// Texts at the edge of JSON: what is read in neither language, or needs care. What begins with 128 or more, such as a
/// byte order mark, would be drawn from.
pub(crate) const JSON_BY_HAND: &[&[u8]] = &[
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

/// A text in the language.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Where it stands: a flow type or `module`; an event source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on: Option<String>,
    /// The text.
    pub(crate) text: Octets,
    /// The one fault that it has, if somebody put one in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Fault>,
}

/// A fault that was put in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Its kind; none for a text that was to be right.
    pub(crate) kind: Option<String>,
    /// The text without it.
    pub(crate) without: String,
}

/// How far a text came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is not even text, or no JSON that is read.
    Unread,
    /// It has problems.
    Problems,
    /// It has the one fault that was put in.
    Faulty,
    /// It is right.
    Right,
}

/// Holds the laws.
pub(crate) fn check_laws(language: &Language, case: &Case) -> Outcome {
    let on = case.on.as_deref();
    let Ok(text) = std::str::from_utf8(&case.text.0) else {
        assert!(json::read_bytes(&case.text.0).is_err(), "read what is no text");
        return Outcome::Unread;
    };
    let problems = (language.check)(text, on);
    assert!(problems.len() <= language.most, "{} problems", problems.len());
    for problem in &problems {
        let known = (language.breach)(problem.kind);
        assert!(known.is_some_and(|breach| problem.confidence <= breach.confidence), "{problem:?} is in no table");
        let length = problem.message.chars().count();
        assert!((1..=LONGEST_MESSAGE).contains(&length), "{length} characters: {problem:?}");
    }
    let judged = match &case.fault {
        None => None,
        Some(Fault { kind, without }) => {
            let before = (language.check)(without, on);
            assert_eq!(before, [], "the text without the fault: {without}");
            let expected: Vec<&str> = kind.iter().map(String::as_str).collect();
            let kinds: Vec<&str> = problems.iter().map(|problem| problem.kind).collect();
            assert_eq!(kinds, expected, "{problems:?} in {text}");
            Some(if kind.is_some() { Outcome::Faulty } else { Outcome::Right })
        }
    };
    let value = match (json::read(text), serde_json::from_str::<Value>(text)) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs, "read otherwise: {text}");
            ours
        }
        (Ok(_), Err(error)) => unreachable!("read what is no JSON: {error}: {text}"),
        (Err(ours), theirs) => {
            let excused = ours.fault != json::Fault::Syntax;
            assert!(theirs.is_err() || excused, "JSON that is not read: {ours}: {text}");
            assert!(!problems.is_empty(), "no problem in what is not read: {ours}: {text}");
            return judged.unwrap_or(Outcome::Unread);
        }
    };
    for problem in &problems {
        // What is missing may have been inside of something that is missing.
        let up = |path: &str| path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
        assert!(value.pointer(&up(&up(&problem.path))).is_some(), "{problem:?} leads nowhere in {text}");
    }
    if let Some(again) = (language.rewrite)(text) {
        let again: Value = serde_json::from_str(&again).unwrap_or_else(|error| unreachable!("{error}: {again}"));
        assert_eq!(again, value, "something was lost");
    }
    check_spelling(language, on, &value, &problems);
    judged.unwrap_or(if problems.is_empty() { Outcome::Right } else { Outcome::Problems })
}

/// White space and order of members decide nothing.
fn check_spelling(language: &Language, on: Option<&str>, value: &Value, problems: &[Problem]) {
    let Ok(other) = serde_json::to_string_pretty(value) else { return };
    let told = |problems: &[Problem]| {
        let mut told: Vec<(String, &str)> = problems
            .iter()
            .filter(|problem| !language.of_spelling.contains(&problem.kind))
            .map(|problem| (problem.path.clone(), problem.kind))
            .collect();
        told.sort();
        told
    };
    // Of very many, each spelling tells the first.
    if problems.len() < language.most {
        assert_eq!(told(&(language.check)(&other, on)), told(problems), "{other}");
    }
}
