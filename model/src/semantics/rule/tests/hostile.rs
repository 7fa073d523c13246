//! Functions are untrusted: any text is checked without a panic, with a bounded number of problems.

use super::seeded;
use crate::semantics::rule::function::{FAULTS, MOST_PROBLEMS, Size, check, make};
use crate::semantics::rule::sources::EVENT_SOURCES;

fn kinds(text: &str) -> Vec<&'static str> {
    check(text, Some("OnPostCallAnalysisAvailable")).iter().map(|problem| problem.kind).collect()
}

#[test]
fn invalid_json_has_one_problem() {
    let deep = format!("{}{}", r#"{"RuleFunction":"#.repeat(20_000), "}".repeat(20_000));
    let huge = format!("\"{}\"", "x".repeat(2_000_000));
    let number = r#"{"Version":"2022-11-25","RuleFunction":{"Operator":"OR","Operands":[123456789012345678901]}}"#;
    let twice = r#"{"Version":"2022-11-25","Version":"2022-11-25","RuleFunction":{}}"#;
    for text in ["", "{", "\u{feff}{}", "nul", "\"\u{0}\"", r#""\ud800""#] {
        assert_eq!(kinds(text), ["not-json"], "{text}");
    }
    for text in ["{\"a\":1e999}", &deep, &huge, number, twice] {
        assert_eq!(kinds(text), ["unreadable-json"], "{}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn json_of_another_form_is_malformed() {
    for text in ["null", "[]", "{}", "\"\"", r#"{"Version":1,"RuleFunction":[]}"#] {
        let kinds = kinds(text);
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == "malformed"), "{text}: {kinds:?}");
    }
}

#[test]
fn deep_groups_within_the_limit_of_the_reader_are_reported_one_by_one() {
    let group = r#"{"Operator":"AND","Operands":["#;
    let text = format!(r#"{{"Version":"2022-11-25","RuleFunction":{}{}}}"#, group.repeat(20), "]}".repeat(20));
    // The root and one group in it are valid; the third is not allowed.
    assert_eq!(kinds(&text), ["group-in-group"]);
}

#[test]
fn a_megabyte_of_bad_conditions_has_a_bounded_result() {
    let text = format!(
        r#"{{"Version":"2022-11-25","RuleFunction":{{"Operator":"AND","Operands":[{}{{}}]}}}}"#,
        r#"{"Operator":"NO","Operands":[]},"#.repeat(30_000)
    );
    assert_eq!(check(&text, None).len(), MOST_PROBLEMS);
}

#[test]
fn corrupted_bytes_never_panic() {
    for seed in 0..20_000u64 {
        let source = &EVENT_SOURCES[(seed % EVENT_SOURCES.len() as u64) as usize];
        let text = seeded(seed, "spoil", |u| make(Some(source), Size::SMALL, u)).to_string();
        let (at, byte) = (seed as usize * 31 % text.len(), b"{}[]\",:x0-"[seed as usize % 10]);
        let mut bytes = text.into_bytes();
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        for problem in check(&text, Some(source.name)) {
            assert!(FAULTS.iter().any(|fault| fault.breach.kind == problem.kind), "{problem:?}");
            assert!(problem.message.chars().count() <= 256, "{problem:?}");
        }
    }
}
