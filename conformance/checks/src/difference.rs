//! Finds the first difference of two values, and describes it in short texts.

use connect_model::validate::{escape, excerpt};
use serde_json::Value;

/// Characters of a text that are shown before the first different one.
const BEFORE: usize = 20;
/// Length of a text that is shown as a whole.
const SHORT: usize = 60;

/// A text about the first of several items, with the number of the others.
pub(super) fn and_more(about_first: String, items: usize) -> String {
    match items {
        0 | 1 => about_first,
        _ => format!("{about_first}, and {} more", items - 1),
    }
}

/// JSON Pointer to the first place where two values differ.
pub(super) fn first(left: &Value, right: &Value) -> String {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            // A member of both says more than one that is missing in one of them.
            let common = a.keys().find(|key| b.get(*key).is_some_and(|other| a.get(*key) != Some(other)));
            let differs = common.or_else(|| b.keys().chain(a.keys()).find(|key| a.get(*key) != b.get(*key)));
            differs.map_or(String::new(), |key| match (a.get(key), b.get(key)) {
                (Some(x), Some(y)) => format!("/{}{}", escape(key), first(x, y)),
                _ => format!("/{}", escape(key)),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let differs = a.iter().zip(b).enumerate().find(|(_, (x, y))| x != y);
            differs.map_or(String::new(), |(at, (x, y))| format!("/{at}{}", first(x, y)))
        }
        _ => String::new(),
    }
}

/// Short texts of two different values that show the difference. Strings that contain JSON are compared as JSON.
pub(super) fn apart(expected: &Value, actual: &Value) -> (String, String) {
    if let (Some(left), Some(right)) = (nested(expected), nested(actual))
        && left != right
    {
        let (pointer, actual_is_text) = (first(&left, &right), actual.is_string());
        let shown = |value: &Value| value.pointer(&pointer).map_or("no value".to_owned(), excerpt);
        let (expected, actual) = (shown(&left), shown(&right));
        let place = match pointer.as_str() {
            "" => String::new(),
            _ if actual_is_text => format!(" at {pointer} of its JSON"),
            _ => format!(" at {pointer}"),
        };
        return (expected + &place, actual + &place);
    }
    match (expected, actual) {
        (Value::String(left), Value::String(right)) => {
            let same = left.chars().zip(right.chars()).take_while(|(x, y)| x == y).count();
            let from =
                if left.chars().count().max(right.chars().count()) > SHORT { same.saturating_sub(BEFORE) } else { 0 };
            let shown = |text: &str| {
                let rest = excerpt(&Value::from(text.chars().skip(from).collect::<String>()));
                if from > 0 { format!("{rest} from character {}", from + 1) } else { rest }
            };
            (shown(left), shown(right))
        }
        _ => {
            let shown = |value: &Value| if value.is_null() { "no value".to_owned() } else { excerpt(value) };
            (shown(expected), shown(actual))
        }
    }
}

/// An object or array: the value itself, or the JSON in a string.
pub(super) fn nested(value: &Value) -> Option<Value> {
    let value = match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => serde_json::from_str(text).ok()?,
        Value::String(_) => return None,
        value => value.clone(),
    };
    (value.is_object() || value.is_array()).then_some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shows_nested_differences_with_their_path() {
        let content = |text: &str| {
            let actions = json!([{ "Identifier": "a".repeat(200) }, { "Parameters": { "Text": text } }]);
            Value::from(json!({ "Version": "2019-10-30", "Actions": actions }).to_string())
        };
        let place = "at /Actions/1/Parameters/Text of its JSON";
        assert_eq!(apart(&content("x"), &content("y")), (format!("\"x\" {place}"), format!("\"y\" {place}")));
        let (_, missing) = apart(&json!(r#"{"a":1,"b/c":2}"#), &json!(r#"{"a":1}"#));
        assert_eq!(missing, "no value at /b~1c of its JSON");
        assert_eq!(apart(&json!([{ "a": 1 }]), &json!([{ "a": 2 }])).1, "2 at /0/a");
    }

    #[test]
    fn shows_long_texts_from_their_first_difference() {
        let long = |end: &str| Value::from("x".repeat(100) + end);
        let (expected, actual) = apart(&long("1"), &long("2"));
        assert_eq!(expected, format!("\"{}1\" from character 81", "x".repeat(20)));
        assert_eq!(actual, format!("\"{}2\" from character 81", "x".repeat(20)));
        assert_eq!(apart(&json!("a"), &Value::Null), ("\"a\"".to_owned(), "no value".to_owned()));
        assert_eq!(apart(&json!("a"), &json!("A")), ("\"a\"".to_owned(), "\"A\"".to_owned()));
        // Different spellings of the same JSON are compared as texts.
        assert_eq!(apart(&json!("[1]"), &json!("[ 1]")), ("\"[1]\"".to_owned(), "\"[ 1]\"".to_owned()));
    }

    #[test]
    fn points_to_the_first_difference() {
        assert_eq!(first(&json!({ "a": [1, { "b": 2 }] }), &json!({ "a": [1, { "b": 3 }] })), "/a/1/b");
        assert_eq!(first(&json!({ "a": [1] }), &json!({ "a": [1, 2] })), "/a");
        assert_eq!(first(&json!({ "a": 1, "b": 2 }), &json!({ "b": 3, "c": 4 })), "/b");
        assert_eq!(first(&json!({ "a": 1 }), &json!({ "a": 1, "c": 4 })), "/c");
        assert_eq!(first(&json!(1), &json!(2)), "");
    }
}
