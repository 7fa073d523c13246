//! The meaning of single constructs.

use super::*;

fn admitted(source: &str, text: &str) -> bool {
    let verdict = Pattern::new(source).admits(text);
    assert_ne!(verdict, Verdict::Unknown, "{source}: {:?}", Pattern::new(source).problem());
    verdict == Verdict::Admits
}

#[test]
fn shorthands_are_those_of_ecmascript() {
    assert!(admitted(r"^\d$", "7") && !admitted(r"^\d$", "\u{661}"));
    assert!(admitted(r"^\w$", "_") && !admitted(r"^\w$", "é"));
    assert!(admitted(r"^\s$", "\u{feff}") && !admitted(r"^\s$", "\u{85}"));
    assert!(admitted("^.$", "\u{85}") && !admitted("^.$", "\u{2028}") && !admitted("^.$", "\r"));
    assert!(!admitted("a$", "a\n"));
}

#[test]
fn classes_do_not_nest() {
    assert!(admitted("^[[a]$", "[") && admitted("^[a&&b]$", "&") && !admitted("^[[a]$", "]"));
    assert!(admitted("^[~~+--]$", "-") && !admitted("^[]a]?$", "a") && !admitted("[]", "a") && admitted("[^]", "\n"));
}

#[test]
fn identity_escapes_are_tolerated() {
    assert!(admitted(r"^[a\_\-\/]+\@$", "a_-/@"));
    assert!(admitted("^{a}{,2}$", "{a}{,2}") && admitted(r"^[\w-z]+$", "a-z") && admitted(r"\uD83D\uDE00", "😀"));
}

#[test]
fn characters_beyond_the_basic_plane_count_once() {
    assert!(admitted("^.{2}$", "😀é") && !admitted("^.{2}$", "😀"));
}

#[test]
fn patterns_match_anywhere() {
    assert!(admitted("[a-z]{2}(-[a-z]+){1,2}(-[0-9])?", "__eu-west-1!!"));
    assert!(admitted("^A|B$", "Axx") && admitted("^A|B$", "xxB") && !admitted("^A|B$", "xABx"));
    assert!(admitted("(?!aws:)[a-z:]+$", "aws:x") && !admitted("^(?!aws:)[a-z:]+$", "aws:x"));
}
