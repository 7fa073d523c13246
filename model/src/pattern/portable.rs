//! Patterns for other engines: for those that read ECMA-262 in Unicode mode only, and for those without Unicode
//! properties.

use std::fmt::Write as _;

use super::charset::CharSet;

/// Characters that have a meaning in a pattern, and may follow a backslash in Unicode mode.
const SYNTAX: &str = "^$\\.*+?()[]{}|/";

/// Letters and digits that begin an escape with a meaning of its own.
const ESCAPES: &str = "dDsSwWbBfnrtvckpPxu0123456789";

/// The source in the Unicode mode of ECMA-262, the flag `u`, with the same meaning. Source: ECMA-262, annex B.1.2, which
/// lists what older engines also read: escaped letters and punctuation, lone brackets, and ranges that are none.
pub(super) fn in_unicode_mode(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let (mut out, mut at, mut in_class, mut after_set) = (String::with_capacity(source.len()), 0, false, false);
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let mut length = 1;
        // A dash beside a set of characters such as `\w` is no range.
        let was_after_set = std::mem::take(&mut after_set);
        match (c, next) {
            ('\\', Some(next)) => {
                length = 2;
                after_set = "dDsSwW".contains(next);
                if matches!(next, 'p' | 'P') && chars.get(at + 2) == Some(&'{') {
                    length += chars[at + 2..].iter().position(|c| *c == '}').map_or(0, |end| end + 1);
                    after_set = true;
                }
                let kept = SYNTAX.contains(next) || ESCAPES.contains(next) || (in_class && next == '-');
                let nothing = match next {
                    'p' | 'P' => length == 2,
                    'x' => !hex_at(&chars, at + 2, 2),
                    'u' => chars.get(at + 2) != Some(&'{') && !hex_at(&chars, at + 2, 4),
                    'B' | 'k' => in_class,
                    _ => false,
                };
                out.extend(chars[at..at + length].iter().skip(usize::from(!kept || nothing)));
            }
            ('[', _) if !in_class => {
                in_class = true;
                out.push(c);
                if next == Some('^') {
                    length = 2;
                    out.push('^');
                }
            }
            (']', _) if in_class => {
                in_class = false;
                out.push(c);
            }
            ('-', Some(next)) if in_class && next != ']' => {
                let begins_set = next == '\\' && chars.get(at + 2).is_some_and(|c| "dDsSwWpP".contains(*c));
                out.push_str(if was_after_set || begins_set { "\\-" } else { "-" });
            }
            ('{', _) if !in_class && is_quantifier(&chars[at + 1..]) => {
                length = chars[at..].iter().position(|c| *c == '}').map_or(1, |end| end + 1);
                out.extend(&chars[at..at + length]);
            }
            ('{' | '}' | ']', _) if !in_class => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        at += length;
    }
    out
}

/// Returns true if exactly these digits follow.
fn hex_at(chars: &[char], at: usize, count: usize) -> bool {
    chars.get(at..at + count).is_some_and(|digits| digits.iter().all(char::is_ascii_hexdigit))
}

/// Returns true if the text after a brace is the rest of a quantifier.
fn is_quantifier(rest: &[char]) -> bool {
    let Some(end) = rest.iter().position(|c| *c == '}') else { return false };
    let mut parts = rest[..end].split(|c| *c == ',');
    let is_number = |part: &[char]| !part.is_empty() && part.iter().all(char::is_ascii_digit);
    let (least, most, others) = (parts.next(), parts.next(), parts.next());
    least.is_some_and(is_number) && most.is_none_or(|most| most.is_empty() || is_number(most)) && others.is_none()
}

/// The source in Unicode mode, with `\p{…}` and `\P{…}` replaced by their members.
pub(super) fn without_properties(source: &str) -> String {
    with_escapes(&in_unicode_mode(source), |escape, in_class| {
        let (set, length) = property(escape)?;
        let mut members = String::new();
        write_ranges(&set, &mut members);
        Some((if in_class { members } else { format!("[{members}]") }, length))
    })
}

/// The source with other texts for some of its escapes. `replace` has the text from the backslash on and true inside of a
/// class; it returns the new text and the length of the old one in bytes, or none to leave the escape as it is.
pub(super) fn with_escapes(source: &str, replace: impl Fn(&str, bool) -> Option<(String, usize)>) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut rest, mut in_class) = (source, false);
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        let replaced = if c == '\\' { replace(rest, in_class) } else { None };
        match (replaced, c) {
            (Some((text, old)), _) => {
                length = old;
                out.push_str(&text);
            }
            (None, '\\') => {
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
            }
            (None, _) => {
                in_class = match c {
                    '[' => true,
                    ']' => false,
                    _ => in_class,
                };
                out.push(c);
            }
        }
        rest = &rest[length..];
    }
    out
}

/// The members of the property at the start of a text, and the length of its name.
fn property(text: &str) -> Option<(CharSet, usize)> {
    let name = text.strip_prefix("\\p{").or_else(|| text.strip_prefix("\\P{"))?;
    let end = name.find('}')?;
    let set = CharSet::property(&name[..end])?;
    let negated = text.as_bytes()[1] == b'P';
    Some((if negated { set.complement() } else { set }, 3 + end + 1))
}

fn write_ranges(set: &CharSet, out: &mut String) {
    for (low, high) in set.ranges() {
        write_one(*low, out);
        if high > low {
            out.push('-');
            write_one(*high, out);
        }
    }
}

fn write_one(code: u32, out: &mut String) {
    match char::from_u32(code).filter(|_| code > 0xFFFF) {
        Some(beyond) => out.push(beyond),
        // Writing to a string cannot fail.
        None => drop(write!(out, "\\u{code:04X}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pattern, Verdict};
    use super::*;

    #[test]
    fn replaces_properties_and_nothing_else() {
        for same in ["", "^[a-z]$", r"\\p\{L\}", r"\p{NoSuchThing}", "é[^x]"] {
            assert_eq!(without_properties(same), same);
        }
        assert_eq!(without_properties(r"^\p{Zl}+[^\p{Zp}-]$"), r"^[\u2028]+[^\u2029-]$");
        assert!(without_properties(r"\P{Zl}").ends_with("-\u{10FFFF}]"));
    }

    #[test]
    fn patterns_in_unicode_mode_compile_and_match_the_same_texts() {
        let same = [r"^[a-z\-]{1,20}$", r"\u00e9\x41[\b\-]", r"a{2,}", r"\p{L}[\P{L}-]", r"(?=a)\/", r"[^\]]", ""];
        let rows = [
            (r"^[a-z\_\#]{1,20}\:\*$", r"^[a-z_#]{1,20}:\*$"),
            (r"a{b}", r"a\{b\}"),
            (r"a{,3}", r"a\{,3\}"),
            (r"]", r"\]"),
            (r"[\w-.]", r"[\w\-.]"),
            (r"[+-\d]", r"[+\-\d]"),
            (r"\-\é\a", r"-éa"),
            (r"\x4\u12\p", r"x4u12p"),
            (r"[\p{L}-_]", r"[\p{L}\-_]"),
        ];
        for (source, expected) in rows.into_iter().chain(same.map(|same| (same, same))) {
            assert_eq!(in_unicode_mode(source), expected, "{source}");
            assert_eq!(in_unicode_mode(expected), expected, "{source}");
            let engine = regress::Regex::with_flags(expected, "u");
            let engine = engine.unwrap_or_else(|error| unreachable!("{error}: {expected}"));
            for text in ["", "a", "ab_#:*", "a{b}", "a{,3}", "]", "-", ".", "5", "é", "-éa", "x4u12p", "aa", "éA-", "_"]
            {
                let admits = Pattern::new(source).admits(text) == Verdict::Admits;
                assert_eq!(admits, engine.find(text).is_some(), "{source}: {text:?}");
            }
        }
    }

    #[test]
    fn agrees_with_another_engine_on_classes_that_meet_across_the_surrogates() {
        for source in
            [r"^[^\uD7FC-\uD7FF\uE000-\uF8FF]$", r"^[^\uD7FF-\uE000]$", r"^[\uD7FF\uE000]$", r"^[^\uD7FF\p{Co}]$"]
        {
            let regress = regress::Regex::with_flags(source, "u");
            let regress = regress.unwrap_or_else(|error| unreachable!("{error}: {source}"));
            for c in ['\u{D7FE}', '\u{D7FF}', '\u{E000}', '\u{E001}', '\u{F900}', 'a'] {
                let admits = Pattern::new(source).admits(&c.to_string()) == Verdict::Admits;
                assert_eq!(admits, regress.find(&c.to_string()).is_some(), "{source}: {c:?}");
            }
        }
    }

    #[test]
    fn portable_patterns_match_the_same_texts() {
        for source in [r"^\P{C}*$", r"^[\p{L}\p{Z}\p{N}\-_.:=@'|]+$", r"^[^\p{C}]*$", r"^(?!\.$)[\P{C}\r\n\t]{1,9}$"] {
            let (before, after) = (Pattern::new(source), Pattern::new(&without_properties(source)));
            let regress = regress::Regex::with_flags(&without_properties(source), "u");
            let regress = regress.unwrap_or_else(|error| unreachable!("{error}: {source}"));
            for c in (0..0x11_0000).step_by(7).filter_map(char::from_u32) {
                let text = c.to_string();
                assert_eq!(before.admits(&text), after.admits(&text), "{source}: {c:?}");
                assert_eq!(regress.find(&text).is_some(), after.admits(&text) == Verdict::Admits, "{source}: {c:?}");
            }
        }
    }
}
