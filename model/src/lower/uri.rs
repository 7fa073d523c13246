//! Parsing of URI templates.

use super::Lowered;
use crate::schema::{Segment, Uri};
use crate::text::is_hidden;

/// Characters of a template. Those of AWS have some hundred; readers of paths follow their segments one inside of another.
const LONGEST: usize = 2_000;

/// Parses a template such as `/rules/{InstanceId}?type=all`.
pub(super) fn parse_uri(text: &str) -> Lowered<Uri> {
    if text.len() > LONGEST {
        return Err(format!("uri has {} characters; at most {LONGEST} are supported", text.len()));
    }
    if let Some(wrong) = text.chars().find(|c| is_hidden(*c) || c.is_whitespace()) {
        return Err(format!("uri {text:?} has the character {}, which no URI has", wrong.escape_unicode()));
    }
    if !text.starts_with('/') {
        return Err(format!("uri {text:?} does not begin with /"));
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut uri = Uri { text: text.to_owned(), ..Uri::default() };
    for part in path.split('/').skip(1) {
        if part.is_empty() {
            continue;
        }
        let segment = match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(label) => match label.strip_suffix('+') {
                Some(label) => Segment::Greedy(label.to_owned()),
                None => Segment::Label(label.to_owned()),
            },
            None if part.contains(['{', '}']) => {
                return Err(format!("uri {text:?}: segment {part:?} has an unmatched brace"));
            }
            None => Segment::Literal(part.to_owned()),
        };
        uri.segments.push(segment);
    }
    let greedy = uri.segments.iter().filter(|s| matches!(s, Segment::Greedy(_))).count();
    if greedy > 1 {
        return Err(format!("uri {text:?} has {greedy} greedy labels"));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        uri.query.push((key.to_owned(), value.to_owned()));
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_template_has_a_limit() {
        let long = "/a".repeat(LONGEST / 2);
        assert_eq!(parse_uri(&long).unwrap().segments.len(), LONGEST / 2);
        assert!(parse_uri(&format!("{long}/")).unwrap_err().contains("has 2001 characters; at most 2000"));
    }

    #[test]
    fn a_template_has_no_character_that_ends_a_line_or_hides() {
        for text in ["/a?x=\nfn f() {}", "/a\u{2028}b", "/a b", "/a\u{202e}b", "/a?\u{85}"] {
            assert!(parse_uri(text).unwrap_err().ends_with("which no URI has"), "{text:?}");
        }
    }
}
