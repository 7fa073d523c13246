//! Judgement of one successful response.

use connect_model::json_text::repeated_key;
use connect_model::schema::{Binding, OperationId, Schema};
use connect_model::text::excerpt;
use connect_model::validate::{Class, ViolationKind, validate_briefly};
use connect_model::wire::message::HttpResponse;
use connect_model::wire::{Limits, decode_response};
use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::case::Level;
use crate::check::Check;
use crate::client::reply::unreadable;
use crate::observe::Observation;
use crate::shape::headers;
use crate::shape::subjects::Subjects;
use crate::shape::{
    BODY_HEADERS, CONSTRAINT, CONTENT_TYPE, ENUM_UNKNOWN, JSON, REQUEST_ID, REQUIRED, STATUS, TIMESTAMP_FORMAT, TYPE,
    UNION, UNKNOWN_MEMBER,
};

/// The id that a response gives its request, if it is not empty.
pub(super) fn request_id(response: &HttpResponse) -> Option<&str> {
    let mut ids = ["x-amzn-requestid", "x-amz-request-id"].into_iter().filter_map(|name| response.headers.get(name));
    ids.find(|id| !id.is_empty())
}

/// The charset of a content type, if it is not UTF-8 or a part of it.
fn other_charset(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let charset = charset.trim().trim_matches('"');
    let fits = ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known));
    (!fits).then_some(charset)
}

/// Judges a successful response. Returns its value if the response can be decoded.
pub(crate) fn judge(
    schema: &Schema,
    operation: OperationId,
    exchange: &Exchange,
    seen: &mut Observation,
) -> Option<Value> {
    let contract = &schema[operation];
    let response = &exchange.response;
    let mut found = Found { kept: Observation::default(), exchange };
    if response.status != contract.status {
        found.add(&STATUS, "", contract.status.to_string(), response.status.to_string());
    }
    if request_id(response).is_none() {
        found.add(&REQUEST_ID, "", "a header x-amzn-requestid".to_owned(), "none".to_owned());
    }
    for check in [&STATUS, &REQUEST_ID] {
        seen.judged(check);
    }
    let raw_payload =
        schema.output_members(contract).is_some_and(|members| members.iter().any(|m| m.binding == Binding::Payload));
    if !response.body.is_empty() && !raw_payload {
        let given = response.headers.get("content-type");
        let essence = given.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        if essence.as_deref() != Some("application/json") {
            let actual = given.map_or("none".to_owned(), str::to_owned);
            found.add(&CONTENT_TYPE, "", "application/json".to_owned(), actual);
        } else if let Some(charset) = given.and_then(other_charset) {
            // RFC 8259: JSON is UTF-8, and its media type has no parameters; some readers heed this one all the same.
            let expected = "application/json in UTF-8".to_owned();
            found.add_at(&CONTENT_TYPE, Some(Level::Should), "", expected, format!("charset {}", excerpt(charset)));
        }
    }
    let Some(output) = contract.output else {
        seen.add(found.kept.into_findings());
        return None;
    };
    for check in [&CONTENT_TYPE, &JSON] {
        seen.judged(check);
    }
    let decoded = match decode_response(schema, operation, response, &Limits::default()) {
        Ok(decoded) => decoded,
        Err(error) => {
            found.add(&JSON, "", "a JSON object".to_owned(), unreadable(exchange, error));
            seen.add(found.kept.into_findings());
            return None;
        }
    };
    seen.judged(&BODY_HEADERS);
    let wrong = if raw_payload { Vec::new() } else { headers::wrong(response) };
    for (expected, actual) in wrong {
        found.add(&BODY_HEADERS, "", expected, actual);
    }
    if let Some(pointer) = repeated_key(&response.body).filter(|_| !raw_payload) {
        // RFC 8259 only recommends unique keys.
        let expected = "unique keys in every object".to_owned();
        found.add_at(&JSON, Some(Level::Should), &pointer, expected, "a key that occurs twice".to_owned());
    }
    for unknown in &decoded.unknown {
        found.add(&UNKNOWN_MEMBER, &unknown.pointer, "only modelled members".to_owned(), unknown.holds.to_owned());
    }
    for problem in &decoded.problems {
        found.add(&TYPE, &problem.pointer, problem.expected.clone(), problem.actual.clone());
    }
    let token = contract.pagination.as_ref().map(|pagination| format!("/{}", pagination.output_token.join("/")));
    for violation in validate_briefly(schema, output, &decoded.value) {
        // The last page has no token, even if the model requires one.
        if violation.kind.class() == Class::Required && token.as_ref() == Some(&violation.path) {
            continue;
        }
        let (check, level) = grade(violation.kind);
        let value = decoded.value.pointer(&violation.path);
        // A union with only an unknown member is drift.
        let unknown_variant = violation.kind == ViolationKind::UnionNone
            && value.and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        let level = if unknown_variant { Some(Level::Note) } else { level };
        found.add_at(check, level, &violation.path, violation.expected, violation.found);
    }
    for check in Subjects::of_value(schema, output, &decoded.value).checks() {
        seen.judged(check);
    }
    seen.add(found.kept.into_findings());
    Some(decoded.value)
}

/// The findings on one response. Only a few of each check are kept, since a response can have very many faults.
struct Found<'e> {
    kept: Observation,
    exchange: &'e Exchange,
}

impl Found<'_> {
    fn add(&mut self, check: &'static Check, pointer: &str, expected: String, actual: String) {
        self.add_at(check, None, pointer, expected, actual);
    }

    /// Adds a finding at a level; `None` stands for the level of the check.
    fn add_at(&mut self, check: &'static Check, level: Option<Level>, pointer: &str, expected: String, actual: String) {
        if self.kept.has_room(check) {
            let mut finding = check.finding(pointer, expected, actual, Some(self.exchange));
            finding.level = level.unwrap_or(finding.level);
            self.kept.add(vec![finding]);
        }
    }
}

/// The check for a violation in an output, and the level if it differs from that of the check.
fn grade(kind: ViolationKind) -> (&'static Check, Option<Level>) {
    match kind.class() {
        Class::Required => (&REQUIRED, None),
        Class::Type => (&TYPE, None),
        Class::TimestampFormat => (&TIMESTAMP_FORMAT, None),
        Class::Union => (&UNION, (kind == ViolationKind::UnionNone).then_some(Level::Should)),
        Class::Enum => (&ENUM_UNKNOWN, None),
        Class::Limit => (&CONSTRAINT, None),
    }
}
