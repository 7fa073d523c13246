//! The values that a parameter accepts. Each form has a check, a description and a witness.

use arbitrary::Unstructured;
use serde_json::{Value, json};

use crate::constraint::size::pick;

/// Form of a parameter's value. A single JSONPath can replace the whole value, because it is not known for many
/// parameters if they have to be static. [`Form::Path`] requires one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Human-readable text.
    Text,
    /// Text from a list that is only partly known; these words are witnesses.
    TextLike(&'static [&'static str]),
    /// Speech markup.
    Ssml,
    /// An id, ARN or other name of a resource.
    Id,
    /// One of these words; the first is the witness.
    Words(&'static [&'static str]),
    /// An integer between bounds, as a string or as a number.
    Number(u64, u64),
    /// An integer between bounds, as a string only.
    NumberText(u64, u64),
    /// A single JSONPath and nothing else.
    Path,
    /// Names with strings, at most this many.
    Pairs(usize),
    /// Names with `{"Value": string}`.
    Wrapped,
    /// A list of strings, at least one.
    Texts,
    /// A list of messages, at least one, each with exactly one of `Text`, `SSML`, `PromptId`, `Media`.
    Messages,
    /// An object with exactly one of these names, whose value is an id.
    OneHook(&'static [&'static str]),
    /// An object with exactly one of these names; the first is the witness, with these members.
    OneOf(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// Any object; these members are the witness.
    Object(&'static [(&'static str, &'static str)]),
    /// Any value.
    Any,
}

/// The alternative contents of a message.
const MESSAGES: &[&str] = &["Text", "SSML", "PromptId", "Media"];

/// Returns true if the whole text is one JSONPath: `$.Attributes.name`, or `$['Attributes']['a name']`. Spaces are
/// allowed in brackets only.
pub(super) fn is_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$').filter(|rest| rest.len() > 1 && rest.starts_with(['.', '['])) else {
        return false;
    };
    let mut inside = false;
    rest.chars().all(|c| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        inside || !c.is_whitespace()
    })
}

impl Form {
    /// Returns true if a value has this form.
    pub fn admits(self, value: &Value) -> bool {
        if let Value::String(text) = value
            && is_path(text)
        {
            return true;
        }
        let exactly_one = |names: &[&str]| {
            value.as_object().is_some_and(|members| members.len() == 1 && members.keys().all(|n| names.contains(&&**n)))
        };
        match self {
            Form::Text | Form::TextLike(_) | Form::Ssml | Form::Id => value.is_string(),
            Form::Words(words) => words.iter().any(|word| is_word(value, word)),
            Form::Number(low, high) => {
                value.as_u64().or_else(|| whole(value)).is_some_and(|n| (low..=high).contains(&n))
            }
            Form::NumberText(low, high) => whole(value).is_some_and(|number| (low..=high).contains(&number)),
            Form::Path => false,
            Form::Pairs(most) => value.as_object().is_some_and(|pairs| {
                (1..=most).contains(&pairs.len()) && pairs.values().all(|value| !value.is_object() && !value.is_array())
            }),
            Form::Wrapped => value.as_object().is_some_and(|pairs| {
                !pairs.is_empty() && pairs.values().all(|value| value.get("Value").is_some_and(Value::is_string))
            }),
            Form::Texts => {
                value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_string))
            }
            Form::Messages => value.as_array().is_some_and(|items| {
                !items.is_empty()
                    && items.iter().all(|item| {
                        item.as_object().is_some_and(|message| {
                            MESSAGES.iter().filter(|name| message.contains_key(**name)).count() == 1
                        })
                    })
            }),
            Form::OneHook(names) | Form::OneOf(names, _) => exactly_one(names),
            Form::Object(_) => value.is_object(),
            Form::Any => true,
        }
    }

    /// The accepted values in words.
    pub fn describe(self) -> String {
        match self {
            Form::Text | Form::TextLike(_) | Form::Ssml | Form::Id => "a string".to_owned(),
            Form::Words(words) => format!("one of {}", words.join(", ")),
            Form::Number(low, high) => format!("an integer from {low} to {high}"),
            Form::NumberText(low, high) => format!("an integer from {low} to {high}, in quotes"),
            Form::Path => "a single JSONPath such as $.Attributes.name".to_owned(),
            Form::Pairs(usize::MAX) => "an object of strings, not empty".to_owned(),
            Form::Pairs(most) => format!("an object of 1 to {most} strings"),
            Form::Wrapped => "an object of {\"Value\": string}, not empty".to_owned(),
            Form::Texts => "a list of strings, not empty".to_owned(),
            Form::Messages => "a list of messages, each with one of Text, SSML, PromptId, Media".to_owned(),
            Form::OneHook(names) | Form::OneOf(names, _) => {
                format!("an object with exactly one of {}", names.join(", "))
            }
            Form::Object(_) => "an object".to_owned(),
            Form::Any => "anything".to_owned(),
        }
    }

    /// A value of this form.
    pub fn witness(self, u: &mut Unstructured<'_>) -> Value {
        let members = |pairs: &[(&str, &str)]| -> Value {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        match self {
            Form::Text => Value::from(format!("contract test {:04x}", pick(u, 0, 0xffff))),
            Form::Ssml => Value::from("<speak>contract test</speak>"),
            Form::Id => Value::from("$.Attributes.contractTestId"),
            Form::Words(words) | Form::TextLike(words) => {
                Value::from(words[pick(u, 0, words.len().max(1) as u64 - 1) as usize])
            }
            Form::Number(low, high) | Form::NumberText(low, high) => {
                let most = high.min(low.saturating_add(20));
                Value::from(pick(u, low.max(1).min(most), most).to_string())
            }
            Form::Path => Value::from("$.Attributes.contractTest"),
            Form::Pairs(most) => {
                let count = pick(u, 1, most.min(2) as u64);
                (0..count).map(|at| (format!("contractTest{at}"), Value::from(pick(u, 0, 99).to_string()))).collect()
            }
            Form::Wrapped => json!({ "contractTest": { "Value": pick(u, 0, 99).to_string() } }),
            Form::Texts => json!(["contractTest"]),
            Form::Messages => (0..pick(u, 1, 2)).map(|_| json!({ "Text": Form::Text.witness(u) })).collect(),
            Form::OneHook(names) => {
                json!({ names[pick(u, 0, names.len().max(1) as u64 - 1) as usize]: Form::Id.witness(u) })
            }
            Form::OneOf(names, inner) => json!({ names[0]: members(inner) }),
            Form::Object(inner) => members(inner),
            Form::Any => json!({}),
        }
    }
}

/// Returns true if a value is the word, in any letter case. Booleans count as words, with quotes or without.
pub(super) fn is_word(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.eq_ignore_ascii_case(word),
        Value::Bool(yes) => if *yes { "true" } else { "false" }.eq_ignore_ascii_case(word),
        _ => false,
    }
}

/// An integer written as a string.
fn whole(value: &Value) -> Option<u64> {
    let text = value.as_str()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::super::ROWS;
    use super::*;

    #[test]
    fn every_form_in_the_table_accepts_its_witness() {
        for row in ROWS {
            for parameter in row.forms.iter().flat_map(|form| form.parameters) {
                for bytes in [&[][..], &[0xff; 64], &[1; 64], &[0x80; 64]] {
                    let value = parameter.form.witness(&mut Unstructured::new(bytes));
                    assert!(parameter.form.admits(&value), "{}.{}: {value}", row.action, parameter.name);
                    assert!(!parameter.form.describe().is_empty());
                }
            }
        }
    }

    #[test]
    fn forms_reject_other_values() {
        for (form, rejected) in [
            (Form::Number(0, 100), json!("101")),
            (Form::Number(0, 100), json!("-1")),
            (Form::Number(0, 100), json!(1.5)),
            (Form::Number(0, 100), json!("99999999999999999999999")),
            (Form::NumberText(0, 9), json!(5)),
            (Form::Words(&["Enabled"]), json!("On")),
            (Form::Path, json!("text with $.Attributes.x inside")),
            (Form::Path, json!("$.")),
            (Form::Path, json!("$.Attributes['x'] and more")),
            (Form::Path, json!("$5 a month")),
            (Form::Pairs(1), json!({"a": "1", "b": "2"})),
            (Form::Pairs(1), json!({})),
            (Form::Messages, json!([{"Text": "a", "SSML": "b"}])),
            (Form::Texts, json!([])),
            (Form::OneHook(&["AgentHold"]), json!({"NoHook": "x"})),
        ] {
            assert!(!form.admits(&rejected), "{form:?} admits {rejected}");
        }
        assert!(Form::TextLike(&["Joanna"]).admits(&json!("Amy")), "voices are not checked");
        assert!(Form::Words(&["True"]).admits(&json!(true)) && !Form::Words(&["True"]).admits(&json!(false)));
        for path in ["$.Attributes.x", "$.External['a name']", "$['Attributes']['x']"] {
            assert!(Form::Path.admits(&json!(path)), "{path}");
        }
        assert!(Form::Number(0, 100).admits(&json!(100)));
        assert!(Form::Number(0, 100).admits(&json!("$.Attributes.count")));
    }
}
