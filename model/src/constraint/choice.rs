//! Enums: text or numbers from a set.

use arbitrary::Unstructured;

use super::{Broken, ViolationKind};

/// Whether text is one of the (sorted) values, and if not, how it fails.
pub(crate) fn check(values: &[String], text: &str) -> Option<Broken> {
    // In a short list equality, which looks at lengths first, finds its value sooner than a search does.
    let known = match values.len() {
        0..=24 => values.iter().any(|value| value == text),
        _ => values.binary_search_by(|value| value.as_str().cmp(text)).is_ok(),
    };
    if known {
        return None;
    }
    let kind = if values.iter().any(|value| value.eq_ignore_ascii_case(text)) {
        ViolationKind::EnumCase
    } else {
        ViolationKind::EnumUnknown
    };
    Some((kind, expectation(values)))
}

/// The values in words, cut where nobody reads on.
pub(crate) fn expectation(values: &[String]) -> String {
    const SHOWN: usize = 8;
    let head = values.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if values.len() > SHOWN {
        format!("one of {head}, … ({} in all)", values.len())
    } else {
        format!("one of {head}")
    }
}

/// One of the values.
pub(crate) fn witness(values: &[String], u: &mut Unstructured<'_>) -> String {
    let at = super::size::pick(u, 0, values.len() as u64 - 1) as usize;
    values[at].clone()
}

/// Text outside the set, of the kind that is asked for.
pub(crate) fn violate(values: &[String], kind: ViolationKind) -> Option<String> {
    match kind {
        ViolationKind::EnumUnknown => {
            let mut text = "NO_SUCH_VALUE".to_owned();
            while values.iter().any(|value| value.eq_ignore_ascii_case(&text)) {
                text.push('_');
            }
            Some(text)
        }
        ViolationKind::EnumCase => values
            .iter()
            .flat_map(|value| [value.to_ascii_lowercase(), value.to_ascii_uppercase()])
            .find(|other| !values.contains(other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn outside_values_are_told_apart() {
        let values = ["ACTIVE".to_owned(), "ARCHIVED".to_owned()];
        assert_eq!(check(&values, "ACTIVE"), None);
        assert_eq!(check(&values, "active").unwrap().0, ViolationKind::EnumCase);
        for kind in [ViolationKind::EnumCase, ViolationKind::EnumUnknown] {
            assert_eq!(check(&values, &violate(&values, kind).unwrap()).unwrap().0, kind);
        }
        let digits = ["1".to_owned(), "2".to_owned()];
        assert_eq!(violate(&digits, ViolationKind::EnumCase), None, "digits have no case");
    }
}
