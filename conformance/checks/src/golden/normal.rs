//! Replaces the values that vary between endpoints and runs: generated ids, names and tokens, accounts, regions and times.
//! Each is replaced by its type, and by a number that is the same for equal values:
//! `arn:aws:connect:<region>:<account>:instance/<instance>/rule/<uuid:1>`.
//!
//! A value of a wrong type stays visible: a timestamp becomes `<epoch-seconds>` only if it is a number, and a string in its
//! place becomes `<iso-time>`.

use std::collections::HashMap;

use connect_model::schema::{Kind, Schema, ShapeId};
use serde_json::{Map, Value};

use crate::error::UNKNOWN_ID;

/// Values of a run that must not be shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The instance of the run.
    pub(super) instance: Option<String>,
    /// Region of the signatures.
    pub(super) region: String,
    /// The run id, which is part of every name of the run.
    pub(super) run_id: String,
    /// Keys and tokens of the credentials.
    pub(super) secrets: Vec<String>,
}

/// Replaces values, and remembers them: equal values get the same number.
pub(super) struct Normal<'k> {
    known: &'k Known,
    numbers: HashMap<String, usize>,
    counts: HashMap<&'static str, usize>,
    /// Sensitive values are hidden in responses only, since requests are our own.
    pub(super) is_answer: bool,
}

/// Shortest secret that is searched for. Shorter ones are dummies such as `test`, which occur in many texts.
const MIN_SECRET: usize = 16;

/// Type of a value in a text, and its length in bytes.
type Found = (&'static str, usize);

impl<'k> Normal<'k> {
    pub(super) fn new(known: &'k Known) -> Self {
        Self { known, numbers: HashMap::new(), counts: HashMap::new(), is_answer: false }
    }

    /// A text in which all values with a known form are replaced.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            match self.known.found(text, at) {
                Some((kind, length)) => {
                    let label = self.label(kind, &text[at..at + length]);
                    out.push_str(&label);
                    at += length;
                }
                None => {
                    out.push(c);
                    at += c.len_utf8();
                }
            }
        }
        out
    }

    fn label(&mut self, kind: &'static str, text: &str) -> String {
        // There is only one value of these types, or its identity does not matter.
        if matches!(kind, "instance" | "nobody" | "region" | "account" | "iso-time" | "http-date") {
            return format!("<{kind}>");
        }
        let number = *self.numbers.entry(text.to_ascii_lowercase()).or_insert_with(|| {
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            *count
        });
        format!("<{kind}:{number}>")
    }

    /// A JSON value, normalized by its shape. Without a shape, only values with a known form are replaced.
    pub(super) fn value(&mut self, schema: &Schema, shape: Option<ShapeId>, value: &Value) -> Value {
        let kind = shape.map(|shape| &schema[shape].kind);
        match (kind, value) {
            (Some(Kind::Timestamp), Value::Number(number)) if number.as_f64().is_some_and(is_epoch) => {
                "<epoch-seconds>".into()
            }
            (Some(Kind::Timestamp), Value::Number(number)) if number.as_f64().is_some_and(|n| is_epoch(n / 1e3)) => {
                "<epoch-milliseconds>".into()
            }
            (Some(Kind::Timestamp), Value::String(text)) => {
                let normal = self.text(text);
                if normal == *text { "<text in place of a time>".into() } else { normal.into() }
            }
            (_, Value::String(_)) if self.hides(schema, shape) => "<sensitive>".into(),
            (_, Value::Number(_)) if self.hides(schema, shape) => "<sensitive number>".into(),
            (_, Value::String(text)) => self.text(text).into(),
            (_, Value::Array(items)) => {
                let element = match kind {
                    Some(Kind::List(list)) => Some(list.member.target),
                    _ => None,
                };
                items.iter().map(|item| self.value(schema, element, item)).collect()
            }
            (_, Value::Object(members)) => {
                let mut out = Map::new();
                for (name, inner) in members {
                    let target = match kind {
                        Some(Kind::Structure(known) | Kind::Union(known)) => {
                            known.iter().find(|member| member.json_name == *name).map(|member| member.slot.target)
                        }
                        Some(Kind::Map(map)) => Some(map.value.target),
                        _ => None,
                    };
                    out.insert(self.text(name), self.value(schema, target, inner));
                }
                Value::Object(out)
            }
            (_, other) => other.clone(),
        }
    }
}

impl Normal<'_> {
    /// True for values of responses that the model marks as sensitive.
    fn hides(&self, schema: &Schema, shape: Option<ShapeId>) -> bool {
        self.is_answer && shape.is_some_and(|shape| schema[shape].sensitive)
    }
}

/// True if a number is a time of this century in seconds.
fn is_epoch(number: f64) -> bool {
    (946_684_800.0..4_102_444_800.0).contains(&number)
}

impl Known {
    /// The value to replace at a position of a text.
    fn found(&self, text: &str, at: usize) -> Option<Found> {
        let bytes = text.as_bytes();
        let rest = &bytes[at..];
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let starts = |of: &str| !of.is_empty() && rest.starts_with(of.as_bytes());
        if let Some(instance) = self.instance.as_deref().filter(|id| starts(id)) {
            return Some(("instance", instance.len()));
        }
        if starts(UNKNOWN_ID) {
            return Some(("nobody", UNKNOWN_ID.len()));
        }
        if starts(&self.region) {
            return Some(("region", self.region.len()));
        }
        if !self.run_id.is_empty() {
            // Names, tokens and tags of the client: `Ct-RUN-7`, `0000000a-RUN-0000`, `RUN 1790000000`.
            let name = format!("Ct-{}-", self.run_id);
            if rest.len() > name.len() && rest[..name.len()].eq_ignore_ascii_case(name.as_bytes()) {
                let digits = rest[name.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                return Some((if starts(&name) { "name" } else { "name-respelled" }, name.len() + digits));
            }
            let token = format!("-{}-0000", self.run_id);
            if has_form(rest, "hhhhhhhh") && rest[8..].starts_with(token.as_bytes()) {
                return Some(("client-token", 8 + token.len()));
            }
            let tag = format!("{} ", self.run_id);
            if starts(&tag) && rest.get(tag.len()).is_some_and(u8::is_ascii_digit) {
                let digits = rest[tag.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                return Some(("run-tag", tag.len() + digits));
            }
        }
        if has_form(rest, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh") {
            return Some(("uuid", 36));
        }
        if before.is_none_or(|byte| !byte.is_ascii_alphanumeric()) {
            let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if word == 64 && rest[..64].iter().all(u8::is_ascii_hexdigit) {
                return Some(("sha256", 64));
            }
        }
        if has_form(rest, "aaa, dd aaa dddd dd:dd:dd GMT") {
            return Some(("http-date", 29));
        }
        if before.is_none_or(|byte| !byte.is_ascii_digit()) {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 12 {
                return Some(("account", 12));
            }
            if has_form(rest, "dddd-dd-ddTdd:dd:dd") || has_form(rest, "dddd-dd-dd dd:dd:dd") {
                let fraction = rest[19..].iter().take_while(|byte| **byte == b'.' || byte.is_ascii_digit()).count();
                let zone = &rest[19 + fraction..];
                let zone = match zone.first() {
                    Some(b'Z') => 1,
                    Some(b'+' | b'-') if has_form(&zone[1..], "dd:dd") => 6,
                    _ => 0,
                };
                return Some(("iso-time", 19 + fraction + zone));
            }
        }
        None
    }

    /// The kind of secret in a finished text; none if the text can be shown.
    pub(super) fn leak(&self, text: &str) -> Option<&'static str> {
        let secrets = self.secrets.iter().filter(|secret| secret.len() >= MIN_SECRET);
        if secrets.into_iter().any(|secret| text.contains(secret.as_str())) {
            return Some("a credential that signs the requests");
        }
        if !self.run_id.is_empty() && text.to_ascii_lowercase().contains(&self.run_id.to_ascii_lowercase()) {
            return Some("a name or token of the run");
        }
        let bytes = text.as_bytes();
        (0..bytes.len()).find_map(|at| {
            let key = ["AKIA", "ASIA"].iter().any(|prefix| bytes[at..].starts_with(prefix.as_bytes()));
            let long = bytes[at..].iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
            if key && long >= 16 {
                return Some("an access key id");
            }
            match self.found(text, at) {
                Some(("uuid" | "instance" | "nobody", _)) => Some("a raw id"),
                Some(("account", _)) => Some("an account number"),
                _ => None,
            }
        })
    }
}

/// True if bytes start with a form, in which `h` is a hexadecimal digit, `d` a decimal one, `a` a letter, and anything
/// else stands for itself.
fn has_form(bytes: &[u8], form: &str) -> bool {
    bytes.len() >= form.len()
        && bytes.iter().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'h' => byte.is_ascii_hexdigit(),
            b'd' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            other => *byte == other,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        Known {
            instance: Some("0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01".to_owned()),
            region: "us-east-1".to_owned(),
            run_id: "abc123".to_owned(),
            secrets: vec!["wJalrXUtnFEMI/K7MDENG".to_owned(), "test".to_owned()],
        }
    }

    #[test]
    fn replaces_varying_values_by_type_and_number() {
        let known = known();
        let mut normal = Normal::new(&known);
        let (one, two) = ("11111111-2222-3333-4444-555555555555", "AAAAAAAA-2222-3333-4444-555555555555");
        for (text, expected) in [
            (
                format!(
                    "arn:aws:connect:us-east-1:123456789012:instance/0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01/rule/{one}"
                ),
                "arn:aws:connect:<region>:<account>:instance/<instance>/rule/<uuid:1>",
            ),
            (format!("{two} is not {one}, nor {}", two.to_lowercase()), "<uuid:2> is not <uuid:1>, nor <uuid:2>"),
            ("Ct-abc123-17 and Ct-abc123-4".to_owned(), "<name:1> and <name:2>"),
            ("0000000a-abc123-0000".to_owned(), "<client-token:1>"),
            ("abc123 1790000000, abc123 x".to_owned(), "<run-tag:1>, abc123 x"),
            ("a".repeat(64), "<sha256:1>"),
            ("a".repeat(65), &"a".repeat(65)),
            ("at 2026-01-31T12:00:00.5Z, or 2026-01-31".to_owned(), "at <iso-time>, or 2026-01-31"),
            ("2026-01-31 12:00:00+00:00 Sat, 31 Jan 2026 12:00:00 GMT".to_owned(), "<iso-time> <http-date>"),
            ("ct-ABC123-17".to_owned(), "<name-respelled:1>"),
            ("é 1234567890123 é".to_owned(), "é 1234567890123 é"),
        ] {
            assert_eq!(normal.text(&text), expected);
        }
    }

    #[test]
    fn wrong_types_stay_visible() {
        let schema = Schema::connect();
        let output = schema[schema.operation_named("DescribeRule").unwrap()].output;
        let known = known();
        let rule = |time: Value| Normal::new(&known).value(schema, output, &json!({"Rule": {"CreatedTime": time}}));
        let right = rule(json!(1_700_000_000.5));
        assert_eq!(right, json!({"Rule": {"CreatedTime": "<epoch-seconds>"}}));
        for (wrong, shown) in [
            (json!("2026-01-31T12:00:00Z"), json!("<iso-time>")),
            (json!("1700000000"), json!("<text in place of a time>")),
            (json!(1_700_000_000_000_u64), json!("<epoch-milliseconds>")),
            (json!(null), json!(null)),
        ] {
            assert_eq!(rule(wrong), json!({"Rule": {"CreatedTime": shown}}));
        }
    }

    #[test]
    fn hides_sensitive_values_in_responses() {
        let schema = Schema::connect();
        let output = schema[schema.operation_named("GetFederationToken").unwrap()].output;
        let known = known();
        let value = json!({"Credentials": {"AccessToken": "t0ken", "RefreshToken": "t1ken"}, "UserId": "u"});
        let mut normal = Normal::new(&known);
        assert_eq!(normal.value(schema, output, &value), value);
        normal.is_answer = true;
        let hidden =
            json!({"Credentials": {"AccessToken": "<sensitive>", "RefreshToken": "<sensitive>"}, "UserId": "u"});
        assert_eq!(normal.value(schema, output, &value), hidden);
    }

    #[test]
    fn finds_secrets_anywhere_in_a_text() {
        let known = known();
        for (text, leak) in [
            ("x11111111-2222-3333-4444-555555555555y", Some("a raw id")),
            ("key=123456789012", Some("an account number")),
            ("xAKIAIOSFODNN7EXAMPLE", Some("an access key id")),
            ("x wJalrXUtnFEMI/K7MDENG/b y", Some("a credential that signs the requests")),
            ("Ct-ABC123", Some("a name or token of the run")),
            ("a test", None),
            ("instance/<instance>/rule/<uuid:1>, region us-east-1", None),
        ] {
            assert_eq!(known.leak(text), leak, "{text}");
        }
    }
}
