//! Lengths and variety of generated texts.

use super::*;
use std::collections::HashSet;

#[test]
fn empty_languages_have_no_texts() {
    let feasible = |source: &str, limits| Pattern::new(source).feasible(limits);
    assert_eq!(feasible("^[a-z]{64}$", bounds(1, 10)), None);
    assert_eq!(feasible("^[a-z]{64}$", bounds(1, 64)), Some((64, 64)));
    assert_eq!(feasible("a$b", LengthBounds::default()), None);
    assert_eq!(feasible("[]", LengthBounds::default()), None);
    assert_eq!(feasible("(?=a)b", LengthBounds::default()), None);
    assert_eq!(feasible("a", bounds(3, 2)), None);
}

#[test]
fn feasible_lengths_are_the_minimum_and_the_maximum() {
    let feasible = |source: &str, limits| Pattern::new(source).feasible(limits);
    assert_eq!(feasible("a{3,7}", LengthBounds::default()), Some((3, 7)));
    assert_eq!(feasible("a{3,}", LengthBounds::default()), Some((3, u64::MAX)));
    assert_eq!(feasible("a*", bounds(5, 1 << 40)), Some((5, 1 << 40)));
    assert_eq!(feasible("(?:abc)*", bounds(100, 1001)), Some((102, 999)));
    assert_eq!(feasible("(?:abc)*|x{1000}", bounds(1000, 1001)), Some((1000, 1000)));
    assert_eq!(feasible("^A|BB$", LengthBounds::default()), Some((1, 2)));
    assert_eq!(feasible("[\u{1F600}-\u{1F64F}]{2}", bounds(0, 9)), Some((2, 2)));
}

#[test]
fn exhausted_input_gives_simple_texts() {
    let simple = |source: &str| Pattern::new(source).sample(&mut simplest(), LengthBounds::default());
    assert_eq!(simple(r"^[\P{C}\r\n\t]{1,250}$").as_deref(), Some("a"));
    assert_eq!(simple("[0-9A-F]{4}").as_deref(), Some("0000"));
    assert_eq!(simple("x*").as_deref(), Some(""));
    assert_eq!(simple(r"(?!a).\s").as_deref(), Some("b "));
    let violation = |source: &str| Pattern::new(source).violate(&mut simplest(), bounds(1, 9));
    assert_eq!(violation("^[a-z]+$").as_deref(), Some("0"));
    assert_eq!(violation(".*"), None);
    assert_eq!(violation("^A|B$").as_deref(), Some("a"));
}

#[test]
fn texts_vary() {
    let pattern = Pattern::new(r"^(arn:aws:)?[\P{C}\n]+$");
    let mut noise = Noise(5);
    let texts: Vec<String> = (0..4000)
        .filter_map(|_| pattern.sample(&mut Unstructured::new(&noise.bytes(80)), LengthBounds { min: 1, max: None }))
        .collect();
    let lengths: HashSet<usize> = texts.iter().map(|text| text.chars().count()).collect();
    assert!((1..=17).all(|length| lengths.contains(&length)) && lengths.contains(&4096), "{lengths:?}");
    let short = texts.iter().filter(|text| text.chars().count() <= 17).count();
    assert!(short * 10 > texts.len() * 8, "{short}");
    let count = |test: fn(&str) -> bool| texts.iter().filter(|text| test(text)).count();
    assert!(count(|text| text.starts_with("arn:aws:")) > 20);
    assert!(count(|text| text.chars().any(|c| u32::from(c) > 0xFFFF)) > 20);
    assert!(count(|text| text.contains('\n')) > 20);
    let beginnings: Vec<char> = texts.iter().flat_map(|text| text.chars().take(12)).collect();
    let plain = beginnings.iter().filter(|c| c.is_ascii_alphanumeric()).count();
    assert!(plain * 10 > beginnings.len() * 7, "{plain} of {}", beginnings.len());
}

#[test]
fn very_long_texts_are_generated_quickly() {
    let pattern = Pattern::new(r".*\S.*");
    let bytes = Noise(6).bytes(1 << 20);
    let text = pattern.sample_exact(&mut Unstructured::new(&bytes), 533_333).unwrap_or_default();
    assert_eq!(text.chars().count(), 533_333);
    assert_eq!(pattern.admits(&text), Verdict::Admits);
    let blank =
        Pattern::new(r".*\\S.*").violate(&mut Unstructured::new(&bytes), bounds(5000, 5000)).unwrap_or_default();
    assert_eq!(blank.chars().count(), 5000);
    assert_eq!(pattern.sample_exact(&mut simplest(), u64::MAX), None);
}
