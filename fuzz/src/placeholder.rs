//! Placeholders in requests for values of earlier responses: `{{2.Arn}}` is the member `Arn` of the second response. The
//! path may be longer, `{{1.RuleSummaryList.0.RuleId}}`, or absent, for the whole response. Unknown placeholders are left
//! unchanged.

use serde_json::Value;

/// Maximum length of a placeholder, in bytes.
const LONGEST: usize = 100;

/// Replaces the placeholders in a text. `write` escapes a value for the surrounding format.
pub(crate) fn in_text(text: &str, answers: &[Value], write: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("{{") {
        let (before, inner) = rest.split_at(begin);
        filled.push_str(before);
        let end = inner.find("}}").filter(|end| *end <= LONGEST);
        rest = match end.and_then(|end| Some((end, look_up(&inner[2..end], answers)?))) {
            Some((end, value)) => {
                filled.push_str(&write(&value));
                &inner[end + 2..]
            }
            None => {
                filled.push('{');
                &inner[1..]
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// Replaces the placeholders in every string of a value.
pub(crate) fn in_value(value: &Value, answers: &[Value]) -> Value {
    match value {
        Value::String(text) => in_text(text, answers, str::to_owned).into(),
        Value::Array(items) => items.iter().map(|item| in_value(item, answers)).collect(),
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), in_value(inner, answers))).collect(),
        other => other.clone(),
    }
}

fn look_up(placeholder: &str, answers: &[Value]) -> Option<String> {
    let mut path = placeholder.split('.');
    let number: usize = path.next()?.parse().ok()?;
    let answer = answers.get(number.checked_sub(1)?)?;
    let found = path.try_fold(answer, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => value.get(step),
    })?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn replaces_numbers_and_paths() {
        let answers = [json!({ "Id": "a\"b", "List": [{ "N": 7 }] }), json!("whole")];
        let fill = |text: &str| in_text(text, &answers, |value| value.replace('"', "'"));
        assert_eq!(fill("x/{{1.Id}}:{{1.List.0.N}}/{{2}}"), "x/a'b:7/whole");
        for unknown in ["{{", "}}", "{{3}}", "{{0}}", "{{1.List}}", "{{1.List.1.N}}", "{{1.Id", "{ {1.Id}}", "{{é}}"] {
            assert_eq!(fill(unknown), unknown);
        }
        assert_eq!(fill("{{{2}}}"), "{whole}");
        assert_eq!(in_value(&json!([{ "k": "{{2}}" }, 1]), &answers), json!([{ "k": "whole" }, 1]));
    }
}
