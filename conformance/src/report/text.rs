//! Text for people: unprintable characters escaped, numbers with separators, counted nouns, times.

use std::time::SystemTime;

use connect_model::schema::TimestampFormat;
use connect_model::text::{truncate, visible};
use connect_model::wire::timestamp;

/// Text that others wrote, in one line: see [`visible`]. The text is cut after `limit` characters.
pub fn printable(text: &str, limit: usize) -> String {
    visible(&truncate(text, limit)).into_owned()
}

/// A text without ids and numbers, so that texts about the same matter are equal. A word that contains a digit becomes `…`,
/// except for HTTP statuses. A number after "of" counts something.
pub fn without_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let mut chars = text.chars().chain(['\0']).peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || (matches!(c, '-' | '_' | '~') && !word.is_empty()) {
            word.push(c);
            continue;
        }
        let digits = word.chars().filter(char::is_ascii_digit).count();
        // Digits beside a point are those of a fraction.
        let is_fraction = out.ends_with('.') || c == '.' && chars.peek().is_some_and(char::is_ascii_digit);
        let is_status = !is_fraction && word.parse().is_ok_and(is_status) && !out.ends_with("of ");
        if digits == 0 || is_status {
            out.push_str(&word);
        } else if !out.ends_with('…') {
            out.push('…');
        }
        word.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// True for the statuses that IANA has registered, and all of servers, where proxies have others.
fn is_status(number: u16) -> bool {
    matches!(number, 100..=104 | 200..=208 | 226 | 300..=308 | 400..=417 | 421..=426 | 428 | 429 | 431 | 451 | 500..=599)
}

/// The reason of an undecided case without ids, numbers and the message of the endpoint, which may differ each time.
pub fn reason_of(why: &str) -> String {
    let mut from = 0;
    while let Some(colon) = why[from..].find(": ").map(|at| from + at) {
        // `404 ResourceNotFoundException: …`
        let mut words = why[..colon].rsplit(' ');
        let (name, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        if is_status && !name.is_empty() {
            return without_ids(&why[..colon]);
        }
        from = colon + 2;
    }
    without_ids(why)
}

/// A time in RFC 3339, UTC, in whole seconds; `None` for times far from now.
pub(crate) fn utc(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64().floor();
    timestamp::from_seconds(seconds).and_then(|instant| timestamp::format(instant, TimestampFormat::DateTime))
}

/// A time in RFC 3339, UTC, in milliseconds; `None` for times far from now.
pub(crate) fn utc_in_ms(time: SystemTime) -> Option<String> {
    let millis = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let whole = utc(time)?;
    Some(format!("{}.{:03}Z", whole.strip_suffix('Z')?, millis % 1000))
}

/// A number with a comma between thousands: `12,345`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A counted noun: `1 case`, `12 cases`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// The first `limit` names, and the number of the others. One that would be the only other is shown as well.
pub(crate) fn some(names: &[&str], limit: usize) -> String {
    let limit = if names.len() == limit + 1 { names.len() } else { limit };
    let shown = names.iter().take(limit).copied().collect::<Vec<_>>().join(", ");
    if names.len() > limit { format!("{shown} … and {} more", names.len() - limit) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_about_the_same_matter_are_equal_without_ids() {
        let rows = [
            ("the flow 0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01 is gone", "the flow … is gone"),
            ("after 3 s the index does not know the tags", "after … s the index does not know the tags"),
            (
                "CreateRule answered 400 InvalidRequestException: run-1a2b is taken",
                "CreateRule answered 400 InvalidRequestException: … is taken",
            ),
            ("another, one of 230 items", "another, one of … items"),
            ("another, one of 200 items", "another, one of … items"),
            ("late by 112.5 ms", "late by ….… ms"),
            ("at 1732290194.402", "at ….…"),
            ("402.75 is late. 402.", "….… is late. 402."),
            ("throttled", "throttled"),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(without_ids(text), expected);
        }
    }

    #[test]
    fn reasons_have_no_messages_of_the_endpoint() {
        let rows = [
            (
                "valid requests were rejected: 404 NotFound: there is no rule jakf",
                "valid requests were rejected: 404 NotFound",
            ),
            ("throttled: 429 x", "throttled: 429 x"),
            ("the index: not yet", "the index: not yet"),
        ];
        for (why, expected) in rows {
            assert_eq!(reason_of(why), expected);
        }
    }

    #[test]
    fn numbers_have_separators() {
        let rows =
            [(0, "0 cases"), (1, "1 case"), (999, "999 cases"), (1000, "1,000 cases"), (1_234_567, "1,234,567 cases")];
        for (n, expected) in rows {
            assert_eq!(count(n, "case"), expected);
        }
    }
}
