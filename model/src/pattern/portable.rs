//! Patterns for engines without Unicode properties.

use std::fmt::Write as _;

use super::charset::CharSet;

/// The source with `\p{…}` and `\P{…}` replaced by their members.
pub(super) fn without_properties(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut rest, mut in_class) = (source, false);
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '\\' => match property(rest) {
                Some((set, consumed)) => {
                    length = consumed;
                    match in_class {
                        true => write_ranges(&set, &mut out),
                        false => {
                            out.push('[');
                            write_ranges(&set, &mut out);
                            out.push(']');
                        }
                    }
                }
                None => {
                    length += rest[1..].chars().next().map_or(0, char::len_utf8);
                    out.push_str(&rest[..length]);
                }
            },
            _ => {
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
        for same in ["", "^[a-z]\\p$", r"\\p{L}", r"[\]\P{", r"\p{NoSuchThing}", "é[^x]"] {
            assert_eq!(without_properties(same), same);
        }
        assert_eq!(without_properties(r"^\p{Zl}+[^\p{Zp}-]$"), r"^[\u2028]+[^\u2029-]$");
        assert!(without_properties(r"\P{Zl}").ends_with("-\u{10FFFF}]"));
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
