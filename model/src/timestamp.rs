//! Timestamps in the three wire formats, safe for all inputs. Knows nothing of shapes.

use serde_json::{Number, Value};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};

use crate::json_text;
use crate::schema::TimestampFormat;

/// Strictness of decoding: a server accepts only the form that the protocol defines, a client any unambiguous form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Rejects offsets other than `Z`, and fractions in http-date.
    Server,
    /// Accepts any RFC 3339 offset, and fractions everywhere.
    Client,
}

/// Microseconds per second: the finest resolution that seconds in a 64-bit float preserve.
const MICROS: f64 = 1e6;

/// Converts seconds since 1970, rounded to microseconds; `None` outside of the years 1 to 9999, which Smithy allows.
pub fn from_seconds(seconds: f64) -> Option<OffsetDateTime> {
    let micros = (seconds * MICROS).round();
    if !micros.is_finite() || micros.abs() > 1e18 {
        return None;
    }
    let instant = OffsetDateTime::from_unix_timestamp_nanos(micros as i128 * 1000).ok()?;
    (1..=9999).contains(&instant.year()).then_some(instant)
}

/// Returns the seconds since 1970 as a JSON number, which is whole if there is no fraction.
pub fn to_seconds(instant: OffsetDateTime) -> Value {
    let micros = instant.unix_timestamp_nanos().div_euclid(1000);
    if micros % 1_000_000 == 0 {
        return Value::from(instant.unix_timestamp());
    }
    Number::from_f64(micros as f64 / MICROS).map_or(Value::Null, Value::Number)
}

/// Parses text; `None` if it does not have this format.
pub fn parse(text: &str, format: TimestampFormat, reading: Reading) -> Option<OffsetDateTime> {
    match format {
        TimestampFormat::EpochSeconds => from_seconds(json_text::number(text)?.as_f64()?),
        TimestampFormat::DateTime => {
            let bytes = text.as_bytes();
            if reading == Reading::Server && (bytes.get(10) != Some(&b'T') || bytes.last() != Some(&b'Z')) {
                return None;
            }
            let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
            from_seconds(instant.unix_timestamp() as f64)?;
            Some(instant)
        }
        TimestampFormat::HttpDate => parse_http_date(text, reading),
    }
}

/// Formats a timestamp; `None` if its year does not have four digits. An http-date loses the fraction.
pub fn format(instant: OffsetDateTime, format: TimestampFormat) -> Option<String> {
    let instant = instant.checked_to_offset(time::UtcOffset::UTC).filter(|utc| (1..=9999).contains(&utc.year()))?;
    match format {
        TimestampFormat::EpochSeconds => Some(to_seconds(instant).to_string()),
        TimestampFormat::DateTime => instant.format(&Rfc3339).ok(),
        TimestampFormat::HttpDate => Some(format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            WEEKDAYS[instant.weekday().number_days_from_monday() as usize],
            instant.day(),
            MONTHS[instant.month() as usize - 1],
            instant.year(),
            instant.hour(),
            instant.minute(),
            instant.second(),
        )),
    }
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Parses `Tue, 29 Apr 2014 18:30:38 GMT`; a client also accepts a fraction of the second.
fn parse_http_date(text: &str, reading: Reading) -> Option<OffsetDateTime> {
    let parts: Vec<&str> = text.strip_suffix(" GMT")?.split(' ').collect();
    let [weekday, day, month, year, clock] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? as u8 + 1;
    let year = i32::from(digits(year, 4)?);
    let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, digits(day, 2)? as u8).ok()?;
    if WEEKDAYS[date.weekday().number_days_from_monday() as usize] != weekday.strip_suffix(',')? {
        return None;
    }
    let (clock, fraction) = match clock.split_once('.') {
        Some(parts) if reading == Reading::Client => parts,
        _ => (*clock, "0"),
    };
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    let clock: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = clock.as_slice() else { return None };
    let time =
        Time::from_hms_nano(digits(hour, 2)? as u8, digits(minute, 2)? as u8, digits(second, 2)? as u8, nanos).ok()?;
    Some(date.with_time(time).assume_utc())
}

/// Parses exactly `count` (at most 4) decimal digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::schema::TimestampFormat::{DateTime, EpochSeconds, HttpDate};

    #[test]
    fn formats_round_trip() {
        // (seconds, date-time, http-date)
        for (seconds, iso, imf) in [
            (json!(0), "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (json!(1398796238), "2014-04-29T18:30:38Z", "Tue, 29 Apr 2014 18:30:38 GMT"),
            (json!(-1), "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
            (json!(253402300799i64), "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let instant = from_seconds(seconds.as_f64().unwrap()).unwrap();
            assert_eq!(to_seconds(instant), seconds);
            for (form, text) in [(DateTime, iso), (HttpDate, imf), (EpochSeconds, seconds.to_string().as_str())] {
                assert_eq!(format(instant, form).as_deref(), Some(text));
                assert_eq!(parse(text, form, Reading::Server), Some(instant), "{text}");
            }
        }
    }

    #[test]
    fn keeps_fractions_if_the_format_has_them() {
        for seconds in [1732290194.99, 1398796238.123, 0.5, -0.25, 1732290194.123456] {
            let instant = from_seconds(seconds).unwrap();
            assert_eq!(to_seconds(instant), json!(seconds));
            let iso = format(instant, DateTime).unwrap();
            assert_eq!(parse(&iso, DateTime, Reading::Server).map(to_seconds), Some(json!(seconds)), "{iso}");
            let imf = format(instant, HttpDate).unwrap();
            assert_eq!(
                parse(&imf, HttpDate, Reading::Server).map(to_seconds),
                Some(json!(seconds.floor() as i64)),
                "{imf}"
            );
        }
        assert_eq!(parse("1.73229019499E9", EpochSeconds, Reading::Server).map(to_seconds), Some(json!(1732290194.99)));
    }

    #[test]
    fn only_clients_accept_lenient_forms() {
        for (form, text) in [
            (DateTime, "2014-04-29T18:30:38+00:00"),
            (DateTime, "2014-04-29T20:30:38+02:00"),
            (DateTime, "2014-04-29t18:30:38z"),
            (DateTime, "2014-04-29 18:30:38Z"),
            (HttpDate, "Tue, 29 Apr 2014 18:30:38.000 GMT"),
        ] {
            assert_eq!(parse(text, form, Reading::Server), None, "{text}");
            assert_eq!(parse(text, form, Reading::Client).map(to_seconds), Some(json!(1398796238)), "{text}");
        }
    }

    #[test]
    fn rejects_text_that_is_not_a_timestamp() {
        let table: &[(TimestampFormat, &[&str])] = &[
            (
                EpochSeconds,
                &["", "NaN", "Infinity", "1e400", "0x10", "1e20", "-1e18", "2014-04-29T18:30:38Z", "1 ", "\0"],
            ),
            (
                DateTime,
                &[
                    "",
                    "1398796238",
                    "2014-04-29",
                    "2014-04-29T18:30:38",
                    "2014-04-31T18:30:38Z",
                    "2014-04-29T25:30:38Z",
                    "20140429T183038Z",
                    "99999-01-01T00:00:00Z",
                    "2014-04-29T18:30:38Zx",
                    "２014-04-29T18:30:38Z",
                    "Tue, 29 Apr 2014 18:30:38 GMT",
                ],
            ),
            (
                HttpDate,
                &[
                    "",
                    "1398796238",
                    "2014-04-29T18:30:38Z",
                    "Mon, 29 Apr 2014 18:30:38 GMT",
                    "Tue, 29 Apr 2014 18:30:38 UTC",
                    "Tue, 9 Apr 2014 18:30:38 GMT",
                    "Tue, 31 Apr 2014 18:30:38 GMT",
                    "Tue, 29 Apr 14 18:30:38 GMT",
                    "Tue, 29 Apr 2014 18:30 GMT",
                    "Tue, 29 Apr 2014 18:30:38. GMT",
                    "Tue, 29 Ápr 2014 18:30:38 GMT",
                ],
            ),
        ];
        for (form, texts) in table {
            for text in *texts {
                for reading in [Reading::Server, Reading::Client] {
                    assert_eq!(parse(text, *form, reading), None, "{text:?} as {}", form.word());
                }
            }
        }
        for seconds in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 1e12, -1e12] {
            assert_eq!(from_seconds(seconds), None, "{seconds}");
        }
    }
}
