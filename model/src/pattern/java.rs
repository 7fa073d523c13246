//! Patterns in the dialect of Java, which authors of models use beside that of ECMA-262: anchors of the whole text, and POSIX
//! classes. Source: Java API specification, `java.util.regex.Pattern`.

use super::charset::CharSet;
use super::portable::with_escapes;

/// Classes of characters that ECMA-262 has no property for, each as the inside of a class.
const CLASSES: &[(&str, &str)] = &[
    ("XDigit", "0-9A-Fa-f"),
    ("Alnum", "0-9A-Za-z"),
    ("Graph", "\\x21-\\x7E"),
    ("Print", "\\x20-\\x7E"),
    ("Punct", "\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E"),
    ("Cntrl", "\\x00-\\x1F\\x7F"),
    ("Blank", "\\x20\\t"),
    ("all", "\\s\\S"),
];

/// The pattern in the dialect of ECMA-262. Everything that this dialect reads stays as it is, but for the escapes `\A`, `\z`
/// and `\Z`, which stand for themselves there and are never meant so.
pub(crate) fn in_ecma(source: &str) -> String {
    with_escapes(source, |escape, in_class| {
        if let Some((inside, length)) = class(escape) {
            return Some((if in_class { inside.to_owned() } else { format!("[{inside}]") }, length));
        }
        let anchor = match escape.as_bytes().get(1)? {
            b'A' => "^",
            b'z' | b'Z' => "$",
            _ => return None,
        };
        (!in_class).then(|| (anchor.to_owned(), 2))
    })
}

/// The class at the start of a text, as in `\p{XDigit}`, with the length of its name in bytes.
fn class(text: &str) -> Option<(&'static str, usize)> {
    let name = text.strip_prefix("\\p{")?;
    let name = &name[..name.find('}')?];
    let (_, inside) = CLASSES.iter().find(|(known, _)| *known == name)?;
    CharSet::property(name).is_none().then_some((*inside, name.len() + 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{Pattern, Verdict};

    #[test]
    fn anchors_and_classes_of_java_are_read() {
        let rows: [(&str, &[&str], &[&str]); 5] = [
            (r"\A[a-z0-9_]+\z", &["a_1"], &["Aa1z", "a-b", ""]),
            (r"\p{XDigit}{8}-\p{XDigit}{4}", &["0aF1b2c3-ABcd"], &["0aG1b2c3-ABcd", "0aF1b2c3"]),
            (r"^[\p{Graph}\x20]*$", &["a b!", ""], &["a\tb", "\u{e9}"]),
            (r"^[\p{all}]*$", &["\u{1f600}\n"], &[]),
            (r"^\p{L}[\p{Alnum}.]\]?$", &["\u{e9}a", "a.]"], &["1a", "a\u{e9}"]),
        ];
        for (source, admitted, refused) in rows {
            let pattern = Pattern::new(&in_ecma(source));
            assert_eq!(pattern.problem(), None, "{source}");
            for text in admitted {
                assert_eq!(pattern.admits(text), Verdict::Admits, "{source} {text}");
            }
            for text in refused {
                assert_eq!(pattern.admits(text), Verdict::Rejects, "{source} {text}");
            }
        }
    }

    #[test]
    fn patterns_of_ecma_stay_as_they_are() {
        for source in [r"^[\w\-]+|(\$LATEST)$", r"\d{3}\\A", r"[\A\z]", r"\p{L}\P{C}", "", "\\", r"a\p{", "[^]]\u{e9}"]
        {
            assert_eq!(in_ecma(source), source);
        }
    }
}
