//! Tests of the three timestamp formats.

use serde_json::json;

use crate::schema::TimestampFormat::{self, DateTime, EpochSeconds, HttpDate};
use crate::wire::timestamp::{Reading, format, from_seconds, parse, to_seconds};

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
        (EpochSeconds, &["", "NaN", "Infinity", "1e400", "0x10", "1e20", "-1e18", "2014-04-29T18:30:38Z", "1 ", "\0"]),
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
