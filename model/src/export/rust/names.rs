//! Rust names for shapes, members and values.

use std::collections::BTreeSet;

/// Names that generated types must not shadow.
const TAKEN: &[&str] = &[
    "BTreeMap",
    "Box",
    "Deserialize",
    "Err",
    "ErrorVisitor",
    "Float",
    "Hidden",
    "None",
    "Nothing",
    "Ok",
    "Operation",
    "Option",
    "Result",
    "Self",
    "Serialize",
    "ServiceError",
    "Shape",
    "ShapeVisitor",
    "Some",
    "String",
    "Timestamp",
    "Vec",
];

/// Keywords that are written as raw identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The name of a shape's type.
pub(super) fn type_name(shape: &str) -> String {
    let name = capitalised(shape);
    if TAKEN.contains(&name.as_str()) { format!("{name}Shape") } else { name }
}

/// Snake case of a member name, raw where it is a keyword.
pub(super) fn field_name(member: &str) -> String {
    let letters: Vec<char> = member.chars().collect();
    let mut name = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            name.push('_');
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let next_is_lower = letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit() || c.is_uppercase() && next_is_lower);
        if begins_word {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else if matches!(name.as_str(), "self" | "super" | "crate") || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

/// A field's name without `r#`.
pub(super) fn plain(field: &str) -> &str {
    field.strip_prefix("r#").unwrap_or(field)
}

/// The name that serde's `rename_all = "PascalCase"` derives from a field.
pub(super) fn pascal(field: &str) -> String {
    plain(field).split('_').map(capitalised).collect()
}

/// A unique variant name for an enum value or union member, in Pascal case.
pub(super) fn variant_name(value: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = String::new();
    for word in value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.chars().any(|c| c.is_ascii_lowercase()) {
            name.push_str(&capitalised(word));
        } else {
            name.push_str(&capitalised(&word.to_ascii_lowercase()));
        }
    }
    if name.is_empty() {
        name.push_str("Empty");
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) || name == "Self" {
        name.insert(0, 'V');
    }
    let mut unique = name.clone();
    let mut count = 1;
    while !taken.insert(unique.clone()) {
        count += 1;
        unique = format!("{name}{count}");
    }
    unique
}

/// The text with its first letter in upper case.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn member_names_round_trip_through_rust_names() {
        // Serde's rule restores the name, or the field is renamed; both need distinct fields.
        for (_, shape) in Schema::connect().shapes() {
            let members = shape.kind.members().into_iter().flatten();
            let mut seen = BTreeSet::new();
            for member in members {
                assert!(seen.insert(field_name(&member.name)), "{}.{}", shape.name, member.name);
            }
        }
        assert_eq!(field_name("FlowContentSha256"), "flow_content_sha256");
        assert_eq!(field_name("ARN"), "arn");
        assert_eq!(field_name("AWSIdentityId"), "aws_identity_id");
        assert_eq!(field_name("Type"), "r#type");
        assert_eq!(pascal("r#type"), "Type");
    }

    #[test]
    fn variants_are_distinct() {
        let mut taken = BTreeSet::from(["Unknown".to_owned()]);
        let names = ["CREATE_TASK", "de_DE", "GenerativeAI", "UNKNOWN", "create-task", "3DS", "*"];
        let variants: Vec<String> = names.iter().map(|name| variant_name(name, &mut taken)).collect();
        assert_eq!(variants, ["CreateTask", "DeDe", "GenerativeAI", "Unknown2", "CreateTask2", "V3ds", "Empty"]);
    }
}
