//! The kinds of wrong spelling, one row each.

use connect_model::generate::Place;
use connect_model::schema::{Kind, TimestampFormat};
use serde_json::{Value, json};

use super::{Row, Spellings, Spot};

/// 14 May 2024, 08:00 UTC.
const EPOCH: &str = "1715673600";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "number-as-text",
        official: true,
        rule: "a number in quotes is rejected",
        spell: |spot| in_json(spot, is_number(spot), |value| format!("\"{value}\"")),
    },
    Row {
        name: "true-as-number",
        official: true,
        rule: "true is rejected where a number is expected",
        spell: |spot| when(is_number(spot), "true"),
    },
    Row {
        name: "number-with-suffix",
        official: true,
        rule: "digits that are followed by letters are rejected",
        spell: |spot| number(spot, |value| format!("{value}abc")),
    },
    Row {
        name: "hexadecimal",
        official: true,
        rule: "a hexadecimal number is rejected",
        spell: |spot| {
            let whole = spot.value.as_i64().map_or(1, i64::unsigned_abs);
            when(is_number(spot), &format!("0x{whole:x}"))
        },
    },
    Row {
        name: "special-number",
        official: true,
        rule: "NaN and Infinity are rejected for an integer, and in JSON where they are not in quotes",
        spell: |spot| {
            if !is_number(spot) || (!spot.is_json() && !is_whole(spot)) {
                return Vec::new();
            }
            let mut all = vec![(Some("nan"), "NaN".to_owned()), (Some("infinity"), "-Infinity".to_owned())];
            if spot.is_json() && is_whole(spot) {
                all.push((Some("text"), "\"NaN\"".to_owned()));
            }
            all
        },
    },
    Row {
        name: "underflow",
        official: true,
        rule: "a number below the limits of its type is rejected",
        spell: |spot| match spot.kind {
            Kind::Number(kind) => {
                // A big integer has no limits.
                let limits = kind.integer_limits().filter(|_| kind.word() != "bigInteger");
                limits.map(|(low, _)| (None, (i128::from(low) - 1).to_string())).into_iter().collect()
            }
            Kind::IntEnum(_) => vec![(None, (i64::from(i32::MIN) - 1).to_string())],
            _ => Vec::new(),
        },
    },
    Row {
        name: "long-number",
        official: true,
        rule: "a number of more digits than its type holds is rejected",
        spell: |spot| {
            let bounded = is_whole(spot) && spot.kind.word() != "bigInteger";
            when(bounded, "123000000000000000000000")
        },
    },
    Row {
        name: "exponent",
        official: false,
        rule: "an exponent is rejected for an integer",
        spell: |spot| if is_whole(spot) { number(spot, |value| format!("{value}e0")) } else { Vec::new() },
    },
    Row {
        name: "number-with-plus",
        official: false,
        rule: "a number with a plus is rejected",
        spell: |spot| number(spot, |value| format!("+{value}")),
    },
    Row {
        name: "number-as-boolean",
        official: true,
        rule: "a number is rejected where a boolean is expected",
        spell: |spot| when(is_boolean(spot), "1"),
    },
    Row {
        name: "boolean-word",
        official: true,
        rule: "words other than true and false are rejected where a boolean is expected",
        spell: |spot| {
            if !is_boolean(spot) {
                return Vec::new();
            }
            let words: &[(&str, &str)] = if spot.is_json() {
                &[("capital", "True"), ("text", "\"yes\""), ("bare", "on")]
            } else {
                &[("capital", "True"), ("upper", "TRUE"), ("text", "yes")]
            };
            words.iter().map(|(name, word)| (Some(*name), (*word).to_owned())).collect()
        },
    },
    Row {
        name: "single-as-list",
        official: false,
        rule: "an element is rejected in place of a list with it",
        spell: |spot| match (spot.kind, spot.value) {
            (Kind::List(_), Value::Array(items)) if spot.is_json() => {
                items.first().map(|item| (None, item.to_string())).into_iter().collect()
            }
            // The value is not known yet.
            (Kind::List(_), Value::Number(_)) => when(spot.is_json(), "1"),
            _ => Vec::new(),
        },
    },
    Row {
        name: "union-unknown",
        official: true,
        rule: "a union with nothing but an unknown member is rejected",
        spell: |spot| when(is_union(spot), r#"{"zzContractTest":"x"}"#),
    },
    Row {
        name: "union-null",
        official: true,
        rule: "a union whose only member is null is rejected",
        spell: |spot| match spot.kind {
            Kind::Union(members) => {
                let first = members.iter().next();
                first.map(|member| (None, json!({ &member.json_name: null }).to_string())).into_iter().collect()
            }
            _ => Vec::new(),
        },
    },
    Row {
        name: "union-list",
        official: true,
        rule: "a list is rejected in place of a union",
        spell: |spot| match spot.kind {
            Kind::Union(members) => {
                let first = members.iter().next();
                first.map(|member| (None, json!([member.json_name]).to_string())).into_iter().collect()
            }
            _ => Vec::new(),
        },
    },
    Row {
        name: "union-known-and-unknown",
        official: false,
        rule: "a union with an unknown member beside a known one is rejected",
        spell: |spot| match (spot.kind, spot.value) {
            (Kind::Union(_), Value::Object(members)) => {
                let mut members = members.clone();
                members.insert("zzContractTest".to_owned(), "x".into());
                vec![(None, Value::Object(members).to_string())]
            }
            // The value is not known yet.
            (Kind::Union(_), Value::Number(_)) => when(true, "{}"),
            _ => Vec::new(),
        },
    },
    Row {
        name: "timestamp-as-text",
        official: true,
        rule: "epoch seconds in quotes are rejected",
        spell: |spot| when(spot.is_json() && is_time(spot, TimestampFormat::EpochSeconds), &format!("\"{EPOCH}\"")),
    },
    Row {
        name: "timestamp-special",
        official: true,
        rule: "NaN and Infinity are rejected for epoch seconds",
        spell: |spot| {
            if !is_time(spot, TimestampFormat::EpochSeconds) {
                return Vec::new();
            }
            vec![(Some("nan"), "NaN".to_owned()), (Some("infinity"), "Infinity".to_owned())]
        },
    },
    Row {
        name: "timestamp-http-date",
        official: true,
        rule: "an HTTP date is rejected where another form is expected",
        spell: |spot| {
            time_text(
                spot,
                &[TimestampFormat::EpochSeconds, TimestampFormat::DateTime],
                &[(None, "Tue, 14 May 2024 08:00:00 GMT")],
            )
        },
    },
    Row {
        name: "timestamp-date-time",
        official: true,
        rule: "a date-time is rejected where an HTTP date is expected",
        spell: |spot| time_text(spot, &[TimestampFormat::HttpDate], &[(None, "2024-05-14T08:00:00Z")]),
    },
    Row {
        name: "timestamp-offset",
        official: true,
        rule: "a date-time with an offset is rejected: restJson1 has UTC only",
        spell: |spot| time_text(spot, &[TimestampFormat::DateTime], &[(None, "2024-05-14T08:00:00-08:00")]),
    },
    Row {
        name: "timestamp-other-iso",
        official: true,
        rule: "other forms of ISO 8601 are rejected where a date-time is expected",
        spell: |spot| {
            time_text(
                spot,
                &[TimestampFormat::DateTime],
                &[
                    (Some("no-zone"), "2024-05-14T08:00:00"),
                    (Some("no-seconds"), "2024-05-14T08:00Z"),
                    (Some("basic"), "20240514T080000Z"),
                    (Some("blank"), "2024-05-14 08:00:00Z"),
                ],
            )
        },
    },
    Row {
        name: "timestamp-date",
        official: false,
        rule: "a date without a time is rejected where a date-time is expected",
        spell: |spot| time_text(spot, &[TimestampFormat::DateTime], &[(None, "2024-05-14")]),
    },
    Row {
        name: "base64-form",
        official: true,
        rule: "base64 with wrong padding or of the URL alphabet is rejected",
        spell: |spot| blob(spot, &[(Some("padding"), "YmxvYg="), (Some("url"), "-_==")]),
    },
    Row {
        name: "base64-blank",
        official: false,
        rule: "base64 with blanks is rejected",
        spell: |spot| blob(spot, &[(None, "Ym xv")]),
    },
];

fn is_number(spot: &Spot<'_>) -> bool {
    matches!(spot.kind, Kind::Number(_) | Kind::IntEnum(_))
}

fn is_whole(spot: &Spot<'_>) -> bool {
    match spot.kind {
        Kind::Number(kind) => kind.is_whole(),
        Kind::IntEnum(_) => true,
        _ => false,
    }
}

fn is_boolean(spot: &Spot<'_>) -> bool {
    matches!(spot.kind, Kind::Boolean)
}

fn is_union(spot: &Spot<'_>) -> bool {
    matches!(spot.kind, Kind::Union(_))
}

/// True for a timestamp whose form at its place is this one.
fn is_time(spot: &Spot<'_>, format: TimestampFormat) -> bool {
    let default = match spot.place {
        Place::Header => TimestampFormat::HttpDate,
        _ if spot.is_json() => TimestampFormat::EpochSeconds,
        _ => TimestampFormat::DateTime,
    };
    matches!(spot.kind, Kind::Timestamp) && spot.traits.timestamp_format.unwrap_or(default) == format
}

/// A spelling that does not depend on the value.
fn when(applies: bool, text: &str) -> Spellings {
    if applies { vec![(None, text.to_owned())] } else { Vec::new() }
}

/// A spelling of a number; none for one that is a word.
fn number(spot: &Spot<'_>, spell: fn(&Value) -> String) -> Spellings {
    when(is_number(spot) && spot.value.is_number(), &spell(spot.value))
}

/// A spelling in JSON.
fn in_json(spot: &Spot<'_>, applies: bool, spell: fn(&Value) -> String) -> Spellings {
    when(applies && spot.is_json() && spot.value.is_number(), &spell(spot.value))
}

/// Texts in place of a timestamp of one of some forms.
fn time_text(spot: &Spot<'_>, formats: &[TimestampFormat], texts: &[(Option<&'static str>, &str)]) -> Spellings {
    if formats.iter().any(|format| is_time(spot, *format)) { quoted(spot, texts) } else { Vec::new() }
}

/// Texts in place of base64: that of a blob in JSON, or of a text with a media type in a header.
fn blob(spot: &Spot<'_>, texts: &[(Option<&'static str>, &str)]) -> Spellings {
    let header = Place::Header;
    let is_encoded = match spot.kind {
        Kind::Blob => spot.place == Place::Body || spot.place == header,
        Kind::String => spot.place == header && spot.traits.media_type.is_some(),
        _ => false,
    };
    if is_encoded { quoted(spot, texts) } else { Vec::new() }
}

fn quoted(spot: &Spot<'_>, texts: &[(Option<&'static str>, &str)]) -> Spellings {
    let spelled = |text: &str| if spot.is_json() { format!("\"{text}\"") } else { text.to_owned() };
    texts.iter().map(|(name, text)| (*name, spelled(text))).collect()
}
