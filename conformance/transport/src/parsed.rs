//! Text that came from a file, a flag or an answer, parsed once into types that keep its grammar. Behind these types, no path,
//! header or name can hold a line break, another host, or a part of a command. Does not know where the text came from.

use std::fmt;
use std::str::FromStr;

use connect_model::header_names::is_of_sender;
use connect_model::planted;
use connect_model::text::{excerpt, is_hidden, visible};
use connect_model::wire::message::{Headers, HttpRequest};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text outside of a grammar: what it was meant to be, and the rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is not {what}: {rule}", visible(&excerpt(text)))]
pub struct GrammarError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

/// Defines a type for each row: its name, what it is, its rule in words, and the rule as a function.
macro_rules! grammars {
    ($($(#[$doc:meta])* $name:ident: $what:literal, $rule:literal, $admits:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = GrammarError;

            fn try_from(text: String) -> Result<Self, GrammarError> {
                let admits: fn(&str) -> bool = $admits;
                if admits(&text) { Ok(Self(text)) } else { Err(GrammarError { text, what: $what, rule: $rule }) }
            }
        }

        impl FromStr for $name {
            type Err = GrammarError;

            fn from_str(text: &str) -> Result<Self, GrammarError> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(parsed: $name) -> String {
                parsed.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

grammars! {
    /// Name of an operation, as Smithy names shapes.
    OperationName: "the name of an operation", "up to 128 letters, digits and underscores, with a letter first",
        |text| within(text, 128, |c| c.is_ascii_alphanumeric() || c == '_') && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    /// Id of a check or of a family of checks.
    CheckName: "the id of a check", "up to 64 lower-case letters, digits, dashes and dots",
        |text| within(text, 64, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
    /// Id of a case, `Operation/check` or `Operation/check/variant`.
    CaseName: "the id of a case", "`Operation/check` or `Operation/check/variant`, in up to 1000 visible characters",
        is_case;
    /// A region, as in host names and signatures.
    Region: "a region", "up to 63 letters, digits and dashes, for example eu-central-1", is_label;
    /// A service, as in signatures.
    ServiceName: "the name of a service", "up to 63 letters, digits and dashes, for example connect", is_label;
    /// Labels before the region in the host name of a service at AWS.
    HostPrefix: "the start of a host name of AWS", "one label of letters, digits and dashes, for example connect, or a known \
        pair such as runtime.lex; for another host, give its URL with --endpoint", is_host_prefix;
    /// Id or ARN of an instance.
    InstanceName: "the id of an instance", "up to 250 letters, digits and -_.:/ without a dot segment",
        |text| within(text, 250, |c| c.is_ascii_alphanumeric() || "-_.:/".contains(c)) && !has_dot_segment(text);
    /// Ids of defects or variants of the built-in emulator, separated by commas.
    Ids: "a list of ids", "lower-case letters, digits and dashes, with commas between the ids",
        |text| within(text, 1000, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-,".contains(c));
    /// Method of a request.
    Method: "the method of a request", "up to 20 letters and dashes, for example GET",
        |text| within(text, 20, |c| c.is_ascii_alphabetic() || c == '-') && !text.starts_with('-');
    /// Path and query of a request, percent-encoded, without scheme, host and fragment.
    RequestPath: "the path of a request", "visible ASCII without `#` that begins with `/`",
        |text| text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
}

/// True if a text has 1 to `most` characters, all of them admitted.
fn within(text: &str, most: usize, admits: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.len() <= most && text.chars().all(admits)
}

/// Starts of host names that have several labels. Others may be those of a customer, such as `abc.execute-api`. Source:
/// `endpointPrefix` of the models in botocore 1.44.5.
const PREFIXES: &[&str] = &[
    "a2i-runtime.sagemaker",
    "admin.wickr",
    "api.detective",
    "api.ecr",
    "api.ecr-public",
    "api.iotdeviceadvisor",
    "api.iotmanagedintegrations",
    "api.iotwireless",
    "api.mediatailor",
    "api.pricing",
    "api.sagemaker",
    "api.tunneling.iot",
    "catalog.marketplace",
    "controlplane.payment-cryptography",
    "data-ats.iot",
    "data.jobs.iot",
    "data.mediastore",
    "data.qapps",
    "dataplane.payment-cryptography",
    "edge.sagemaker",
    "entitlement.marketplace",
    "featurestore-runtime.sagemaker",
    "inferencerouter-runtime.sagemaker",
    "ingest.timestream",
    "job-runtime.sagemaker",
    "metering.marketplace",
    "metrics.sagemaker",
    "models.lex",
    "participant.connect",
    "portal.sso",
    "query.timestream",
    "runtime.lex",
    "runtime.sagemaker",
    "sms-voice.pinpoint",
    "streams.dynamodb",
    "training-session-runtime.sagemaker",
];

fn is_host_prefix(text: &str) -> bool {
    is_label(text) || PREFIXES.contains(&text)
}

fn is_label(text: &str) -> bool {
    within(text, 63, |c| c.is_ascii_alphanumeric() || c == '-') && !text.starts_with('-')
}

fn is_case(text: &str) -> bool {
    let mut parts = text.splitn(3, '/');
    let [operation, check] = [parts.next(), parts.next()].map(Option::unwrap_or_default);
    let is_visible = text.chars().count() <= 1000 && !text.chars().any(is_hidden);
    is_visible && operation.parse::<OperationName>().is_ok() && check.parse::<CheckName>().is_ok()
}

/// Most times that a path may be percent-encoded.
const MOST_ROUNDS: usize = 8;

/// True if a segment of a path is `.` or `..`, in any encoding that a server or a proxy may decode: percent-encoded once or
/// several times, with an encoded slash, a backslash, or with parameters behind a semicolon.
pub fn has_dot_segment(path: &str) -> bool {
    let mut decoded = path.to_ascii_lowercase();
    // A path that is encoded more often hides something.
    for round in 0.. {
        if round > MOST_ROUNDS {
            return true;
        }
        let next = [("%2e", "."), ("%2f", "/"), ("%5c", "/"), ("%3b", ";"), ("%25", "%")]
            .iter()
            .fold(decoded.clone(), |text, (from, to)| text.replace(from, to));
        if next == decoded {
            break;
        }
        decoded = next;
    }
    decoded.split(['/', '\\']).any(|segment| matches!(segment.split(';').next(), Some("." | "..")))
}

impl RequestPath {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.0.split('?').next().unwrap_or(&self.0)
    }

    /// True if every reader of the path sees the same one: it has no empty segment and no segment `.` or `..`, which servers
    /// and proxies may remove, no backslash, and no semicolon, behind which some see parameters.
    pub fn is_plain(&self) -> bool {
        let path = self.path();
        if planted::is("case_file") {
            return !path.contains("/../");
        }
        let lower = path.to_ascii_lowercase();
        !["//", "\\", ";", "%3b"].into_iter().any(|text| lower.contains(text)) && !has_dot_segment(path)
    }
}

/// True for the headers with which a request chooses how the sender transfers its body: in chunks, or after asking. The
/// sender still says where it ends.
pub fn is_way_of_sending(name: &str, value: &str) -> bool {
    [("transfer-encoding", "chunked"), ("expect", "100-continue")]
        .iter()
        .any(|(known, way)| name.eq_ignore_ascii_case(known) && value == *way)
}

/// Headers of a saved request: names and values that HTTP admits, and none that the sender sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Headers", into = "Headers")]
pub struct RequestHeaders(Headers);

impl RequestHeaders {
    /// The headers, in order.
    pub fn headers(&self) -> &Headers {
        &self.0
    }
}

impl From<RequestHeaders> for Headers {
    fn from(parsed: RequestHeaders) -> Headers {
        parsed.0
    }
}

impl TryFrom<Headers> for RequestHeaders {
    type Error = GrammarError;

    fn try_from(headers: Headers) -> Result<Self, GrammarError> {
        let wrong = |text: &str, what, rule| GrammarError { text: text.to_owned(), what, rule };
        for (name, value) in &headers.0 {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(wrong(name, "the name of a header", "a token of HTTP, for example content-type"));
            }
            if is_of_sender(name) && !is_way_of_sending(name, value) {
                return Err(wrong(name, "a header of a saved request", "the sender sets it; remove it from the file"));
            }
            if http::HeaderValue::from_bytes(value.as_bytes()).is_err() {
                return Err(wrong(value, "the value of a header", "one line without control characters"));
            }
        }
        Ok(Self(headers))
    }
}

/// A request from a file: every part keeps its grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedRequest {
    /// Its method.
    pub method: Method,
    /// Path and query, without the endpoint's prefix.
    pub path: RequestPath,
    /// Its headers, without a signature.
    pub headers: RequestHeaders,
    /// Its body.
    pub body: Vec<u8>,
}

impl From<&ParsedRequest> for HttpRequest {
    fn from(request: &ParsedRequest) -> HttpRequest {
        HttpRequest {
            method: request.method.to_string(),
            uri: request.path.to_string(),
            headers: request.headers.headers().clone(),
            body: request.body.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_that_readers_see_differently_are_not_plain() {
        for (path, plain) in [
            ("/contact-flows/i/f?x=../..//", true),
            ("/tags/arn%3Aaws%3Aconnect%3A%2Fa", true),
            ("/a.b/..c/...", true),
            ("/x/../y", false),
            ("/x/.", false),
            ("/x/%2e%2E/y", false),
            ("/x/%252e./y", false),
            ("/x%2f..%2Fy", false),
            ("/x/..;a=b/y", false),
            ("/x\\..\\y", false),
            ("/x//y", false),
            (&format!("/x/%{}41", "25".repeat(200_000)), false),
        ] {
            assert_eq!(path.parse::<RequestPath>().unwrap().is_plain(), plain, "{path}");
        }
    }

    #[test]
    fn grammars_admit_no_line_break_no_host_and_no_command() {
        let good = ["/", "/rules/a%2Fb?x=1", "/x{y}"];
        assert!(good.iter().all(|path| path.parse::<RequestPath>().is_ok()));
        for path in ["", "@host/x", "x", "http://h/", "/a b", "/a\nb", "/a#b", "/é", "/\u{7f}"] {
            assert!(path.parse::<RequestPath>().is_err(), "{path}");
        }
        for region in ["", "a b", "x.evil.example/", "eu\n", "-x", "$(id)"] {
            assert!(region.parse::<Region>().is_err(), "{region}");
            assert!(region.parse::<ServiceName>().is_err(), "{region}");
        }
        for case in
            ["CreateRule", "CreateRule/", "/shape.json", "A B/shape.json", "A/shape.json/\u{1b}", "A/x\n", "A/X"]
        {
            assert!(case.parse::<CaseName>().is_err(), "{case}");
        }
        assert!("CreateRule/invalid.pattern/Actions[].é x".parse::<CaseName>().is_ok());
        for method in ["", "GET X", "G\n", "--upload", "GET'"] {
            assert!(method.parse::<Method>().is_err(), "{method}");
        }
        let error = "x\u{1b}::error::y".parse::<Region>().unwrap_err().to_string();
        assert!(error.starts_with(r"`x\u{1b}:\u{3a}error:\u{3a}y` is not a region: up to 63 letters"), "{error}");
    }

    #[test]
    fn a_saved_request_has_no_header_of_the_sender() {
        let of = |name: &str, value: &str| RequestHeaders::try_from(Headers(vec![(name.to_owned(), value.to_owned())]));
        assert!(of("Content-Type", "application/json").is_ok() && of("x-empty", "").is_ok() && of("x", "é").is_ok());
        assert!(of("Transfer-Encoding", "chunked").is_ok() && of("expect", "100-continue").is_ok());
        assert!(of("transfer-encoding", "chunked, gzip").is_err() && of("expect", "").is_err());
        for (name, value) in
            [("Host", "iam.amazonaws.com"), ("authorization", "x"), ("TE", "x"), ("a b", "x"), ("", "x"), ("a", "x\ny")]
        {
            assert!(of(name, value).is_err(), "{name}: {value}");
        }
    }
}
