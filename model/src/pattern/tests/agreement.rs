//! The matcher, the automata and the judge agree.

use super::published::PUBLISHED;
use super::*;

/// Additional patterns with constructs that the published ones do not use.
const OTHERS: &[&str] = &[
    "^A|B$",
    "^|a",
    "(?:^|a){3}b",
    "(?:a|$){3}",
    "a(?=b)(?:b|c)d?",
    "a(?!b)",
    "x(?:a(?=c|$)|b(?!a))c*|(?=.*z)y.",
    "(?=a(?!b))..",
    "(?=^a)[ab]{2}$",
    "a(?:b(?!b$)[ab])?",
    "(?:(?!a$)[ab]b?)?b$",
    "(?:(?=a)[ab]|b(?!$))b",
    "[^]",
    "[]|a",
    "[^a-y]",
    r"[\w-]+$",
    r"[\d\-x]{2,3}",
    r"\S\s\S",
    r"[^\s]\W",
    r"^[\D]$",
    r"\u0041|\x42|\u{43}|\cJ|\u{1F600}|\uD83D\uDE00|\0",
    r"\uD83D|a",
    r"^[\u{1F600}-\u{1F64F}]+$",
    r"\[a&&b\]|[a&&b]",
    "[[a]|[~~-]",
    r"a\.b|\$|\^|\/",
    "^.$",
    "a{2}b{0}c{1,}d{0,2}",
    "(?<name>ab)+?",
    "(a*){2}b",
    "(?:a?){4}$",
    "(?:|a)b",
    "",
    "^$",
    "$^",
    "a$b",
    r"\p{Lu}\P{Ll}",
    r"[\p{Script=Greek}\p{Nd}]",
    "(?:ab|a)(?:c|bcd)$",
];

#[test]
fn all_agree_on_random_texts() {
    agree(150, 11);
}

#[test]
#[ignore = "takes a minute"]
fn all_agree_on_random_texts_for_long() {
    agree(10_000, 12);
}

fn agree(rounds: usize, seed: u64) {
    let mut noise = Noise(seed);
    let published = PUBLISHED.iter().map(|(_, source, _)| *source);
    for source in published.chain(OTHERS.iter().copied()) {
        let pattern = Pattern::new(source);
        assert_eq!((pattern.problem(), pattern.generation_problem()), (None, None), "{source}");
        let judge = Judge::of(source);
        assert!(judge.is_some(), "{source}");
        let Some(judge) = judge else { continue };
        for _ in 0..rounds {
            let text = text(&pattern, &mut noise);
            // The category of U+0295 differs between the two versions of Unicode.
            if text.contains('\u{295}') {
                continue;
            }
            // A judge without Unicode mode counts surrogates.
            if !text.is_ascii() && regress::Regex::with_flags(source, "u").is_err() {
                continue;
            }
            let found = judge.finds(&text);
            let expected = if found { Verdict::Admits } else { Verdict::Rejects };
            assert_eq!(pattern.admits(&text), expected, "{source} {text:?}");
            let automata = [pattern.whole(), pattern.nowhere()];
            let [whole, nowhere] = automata.map(|automaton| automaton.as_ref().is_ok_and(|known| known.accepts(&text)));
            assert_eq!(nowhere, !found, "{source} {text:?}");
            assert_eq!(whole, judge.matches_whole(&text), "{source} {text:?}");
        }
    }
}

/// Random characters, or a sample or violation with a few characters changed, inserted, doubled or removed.
fn text(pattern: &Pattern, noise: &mut Noise) -> String {
    let bytes = noise.bytes(60);
    let mut u = Unstructured::new(&bytes);
    let limits = LengthBounds { min: 0, max: Some(300) };
    let base = match noise.below(4) {
        0 => None,
        1 => pattern.violate(&mut u, limits),
        _ => pattern.sample(&mut u, limits),
    };
    let mutations = noise.below(4);
    let mut chars: Vec<char> = match base {
        Some(base) => base.chars().collect(),
        None => (0..noise.below(12)).map(|_| character(pattern, noise)).collect(),
    };
    for _ in 0..mutations {
        let at = noise.below(chars.len());
        match noise.below(4) {
            0 if !chars.is_empty() => chars[at] = character(pattern, noise),
            1 if !chars.is_empty() => drop(chars.remove(at)),
            2 if !chars.is_empty() => chars.insert(at, chars[at]),
            _ => chars.insert(at, character(pattern, noise)),
        }
    }
    chars.into_iter().collect()
}

fn character(pattern: &Pattern, noise: &mut Noise) -> char {
    let source: Vec<char> = pattern.source().chars().collect();
    let special =
        ['\n', '\r', '\u{2028}', '\u{feff}', '\u{85}', '\u{a0}', '\0', '\u{661}', '\u{1F600}', 'é', 'Σ', '\u{FFFE}'];
    match noise.below(6) {
        0 => *noise.pick(&special),
        // Unassigned characters are left out, because the judge has another version of Unicode.
        1 => char::from_u32(noise.below(0x3000) as u32).filter(|c| !unassigned(*c)).unwrap_or('x'),
        2 | 3 if !source.is_empty() => *noise.pick(&source),
        4 => *noise.pick(&['a', 'b', 'c', 'x', 'y', 'z', 'A', 'B', '0', '9', '-']),
        _ => char::from(0x20 + noise.below(0x5F) as u8),
    }
}

fn unassigned(c: char) -> bool {
    let code = u32::from(c);
    super::super::charset::unassigned().ranges().iter().any(|(low, high)| (*low..=*high).contains(&code))
}
