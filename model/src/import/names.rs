//! The grammar of names. Names become file names, case ids and lines on terminals, so that nothing else may be in them.

use std::collections::BTreeMap;

use crate::ast::AstShape;
use crate::text::{excerpt, visible};

/// Longest name of a shape with its namespace, and of a member, in characters. The longest of the
/// models of AWS has 155 without its namespace.
const LONGEST: usize = 500;

/// Checks the ids of shapes and the names of members.
///
/// # Errors
/// The first name that is not one.
pub(super) fn check(shapes: &BTreeMap<String, AstShape>) -> Result<(), String> {
    for (id, shape) in shapes {
        if let Some(name) = shape.members.keys().chain([id]).find(|name| name.len() > LONGEST) {
            return Err(format!("`{}` has more than {LONGEST} characters", visible(&excerpt(name))));
        }
        if !is_shape_id(id) {
            let id = visible(&excerpt(id)).into_owned();
            return Err(format!("`{id}` is not a shape id; Smithy writes namespace#Name, with letters, digits and _"));
        }
        if let Some(name) = shape.members.keys().find(|name| !is_identifier(name)) {
            let name = visible(&excerpt(name)).into_owned();
            return Err(format!(
                "shape {id}: `{name}` is not the name of a member; Smithy allows letters, digits and _"
            ));
        }
    }
    Ok(())
}

/// Source: Smithy 2.0 specification, "Shape ID ABNF", an absolute root shape id.
fn is_shape_id(id: &str) -> bool {
    let parts = id.split_once('#');
    parts.is_some_and(|(namespace, name)| namespace.split('.').all(is_identifier) && is_identifier(name))
}

/// Source: Smithy 2.0 specification, "Shape ID ABNF", `identifier`.
pub(super) fn is_identifier(name: &str) -> bool {
    let begins = name.trim_start_matches('_').starts_with(|first: char| first.is_ascii_alphanumeric());
    // Digits may follow underscores only.
    begins
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_have_a_limit() {
        let shapes = |name: String| BTreeMap::from([(name, AstShape::default())]);
        assert_eq!(check(&shapes(format!("a#{}", "B".repeat(498)))), Ok(()));
        assert!(check(&shapes(format!("a#{}", "B".repeat(499)))).unwrap_err().contains("more than 500 characters"));
    }

    #[test]
    fn names_follow_the_grammar_of_smithy() {
        for id in ["a#B", "com.amazonaws.connect#CreateRule", "a._1#_b_1", "__a#Z9"] {
            assert!(is_shape_id(id), "{id}");
        }
        for id in [
            "", "a", "#B", "a#", "a#../x/y", "a#/abs/y", "a#b#c", "a..b#C", "a#1", "a#_", "a#b-c", "a#é", "a#b$c",
            "a#b\n",
        ] {
            assert!(!is_shape_id(id), "{id:?}");
        }
    }
}
