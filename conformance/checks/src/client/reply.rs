//! Classifies responses before they are judged: success, an error of the operation, or trouble that says nothing about the
//! contract.

use std::fmt::Display;

use connect_model::schema::{OperationId, Schema};
use connect_model::wire::{DecodedError, decode_error};

use connect_model::text::{excerpt, truncate};
use connect_transport::TransportError;
use connect_transport::exchange::Exchange;
use serde_json::Value;

/// A classified response.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status of 2xx.
    Success(Box<Exchange>),
    /// Any other status that is about the request.
    Refused(Box<Exchange>, Box<DecodedError>),
    /// The endpoint does not know the operation.
    Unsupported(String),
    /// Throttled, not authenticated, or no response; with the reason.
    Trouble(String, Trouble),
}

/// The kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request was sent, and no whole response came.
    Lost,
    /// Any other.
    Other,
}

/// Header of responses that an emulator generates instead of performing the operation. The same name as
/// `connect_emulator::SYNTHESIZED`.
pub(crate) const SYNTHESIZED: &str = "x-emulator-synthesized";

/// True for the name of an error that says that something does not exist, such as `ResourceNotFoundException` or
/// `FileSystemNotFound`.
pub(crate) fn is_absence(code: &str) -> bool {
    ["NotFound", "NoSuch", "NotExist", "UnknownResource"].iter().any(|part| code.contains(part))
}

/// Error names of the gateway that are about the caller and not about the request. Source: Connect API reference, common
/// errors.
pub(crate) const AUTHENTICATION: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Error names of the gateway that any operation may answer with, although its model does not list them.
pub const GATEWAY: &[&str] = &[
    "AccessDeniedException",
    "AuthorizerConfigurationException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InternalServerErrorException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotAcceptableException",
    "RequestEntityTooLargeException",
    "SerializationException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "UnsupportedMediaTypeException",
    "ValidationException",
];

/// Seen with status 500 when the label of an instance held the word "arn" (terraform-provider-aws#44418).
const BAD_ID: &str = "AuthorizerConfigurationException";

/// Quota errors share status 429 with throttling, but are about the request.
const QUOTA: &str = "LimitExceededException";

/// Errors that ask for fewer requests per second, whatever their status. `LimitExceededException` is a quota in Connect.
/// Source: botocore, standard retry mode.
const THROTTLING: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// True if an error asks for fewer requests per second. A 429 with an unknown name does; one for a quota does not.
pub(crate) fn is_throttling(status: u16, code: &str) -> bool {
    status >= 400 && (THROTTLING.contains(&code) || (status == 429 && !QUOTAS.contains(&code)))
}

/// Errors for exceeded quotas. Source: service model of Amazon Connect.
pub const QUOTAS: &[&str] = &[QUOTA, "ServiceQuotaExceededException"];

/// Errors for a name that is taken. Source: service model of Amazon Connect, which does not say which one a module gets.
pub const CONFLICTS: &[&str] = &["DuplicateResourceException", "ResourceConflictException", "IdempotencyException"];

/// True if an error says that something exists already: by its status, or by its name.
pub(crate) fn is_conflict(status: u16, code: Option<&str>) -> bool {
    status == 409
        || code.is_some_and(|code| {
            CONFLICTS.contains(&code) || code.contains("AlreadyExist") || code.contains("ResourceExist")
        })
}

/// Errors for a name that is taken, as far as their names tell.
pub(crate) const TAKEN: &[&str] = &["DuplicateResourceException", "ResourceConflictException"];

/// Error for a flow without published content. Source: service model of Amazon Connect.
pub(crate) const NOT_PUBLISHED: &str = "ContactFlowNotPublishedException";

/// True if a description refuses what was only saved, and has a draft. Source: Connect API reference, DescribeView.
pub(crate) fn hides_draft(sent: &Value, reply: &Reply) -> bool {
    let is_absent = |(status, code): (u16, Option<&str>)| status == 404 && code != Some(NOT_PUBLISHED);
    sent["Status"] == "SAVED" && reply.refusal().is_some_and(is_absent)
}

/// Length of the name and the message of an error that a reply keeps, in characters.
const LONGEST_TEXT: usize = 2_000;

/// Classifies a response. Once the endpoint is known to offer the operation, no response counts as "unknown operation"
/// any more: a 404 without a name is then judged. The flag is true for throttling.
pub fn classify(
    schema: &Schema,
    operation: OperationId,
    result: Result<Exchange, TransportError>,
    offered: bool,
) -> (Reply, bool) {
    let exchange = match result {
        Ok(exchange) => exchange,
        Err(error) => {
            let trouble = if error.is_lost() { Trouble::Lost } else { Trouble::Other };
            return (Reply::Trouble(format!("{}: {error}", error.class()), trouble), false);
        }
    };
    let status = exchange.response.status;
    if (200..300).contains(&status) {
        return (Reply::Success(Box::new(exchange)), false);
    }
    let mut error = decode_error(schema, operation, &exchange.response);
    // A case holds several answers at a time.
    for text in [&mut error.code, &mut error.message].into_iter().flatten() {
        *text = truncate(std::mem::take(text), LONGEST_TEXT).into_owned();
        text.shrink_to_fit();
    }
    let code = error.code.as_deref().unwrap_or_default();
    if is_throttling(status, code) {
        return (Reply::Trouble(format!("throttled: {status} {}", excerpt(code)), Trouble::Other), true);
    }
    let reply = if refuses_credentials(status, code) {
        Reply::Trouble(format!("not allowed: {status} {code}; check credentials and permissions"), Trouble::Other)
    } else if let Some(why) = unsupported(status, &error).filter(|_| !offered) {
        Reply::Unsupported(why)
    } else {
        Reply::Refused(Box::new(exchange), Box::new(error))
    };
    (reply, false)
}

fn refuses_credentials(status: u16, code: &str) -> bool {
    (status == 401 || status == 403) && AUTHENTICATION.contains(&code)
}

/// The evidence that an endpoint does not offer an operation, in its answer.
pub(crate) fn unsupported(status: u16, error: &DecodedError) -> Option<String> {
    let code = error.code.as_deref().unwrap_or_default();
    let is_unknown = !refuses_credentials(status, code) && is_unknown_operation(status, code, error);
    let name = if code.is_empty() { "no error name" } else { code };
    is_unknown.then(|| format!("{status}, {}", excerpt(name)))
}

/// Errors for operations that an endpoint does not know. Source: restJson1, Amazon API Gateway, and the common errors of AWS
/// APIs, where `InvalidAction` is that for an action that is not offered.
const UNKNOWN_OPERATION: &[&str] = &[
    "InvalidAction",
    "InvalidActionException",
    "NotImplemented",
    "NotImplementedException",
    "UnknownAction",
    "UnknownOperation",
    "UnknownOperationException",
];

/// True if a response says "no such operation": by its error name, by 501, or by a 404 or 405 that is no modelled error.
fn is_unknown_operation(status: u16, code: &str, error: &DecodedError) -> bool {
    match status {
        501 => true,
        404 | 405 => {
            code.is_empty()
                || UNKNOWN_OPERATION.contains(&code)
                || (error.modelled.is_none() && !code.ends_with("NotFoundException"))
        }
        403 => code == "MissingAuthenticationTokenException",
        _ => error.modelled.is_none() && UNKNOWN_OPERATION.contains(&code),
    }
}

impl Reply {
    /// The exchange, if the reply is about the request.
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Reply::Success(exchange) | Reply::Refused(exchange, _) => Some(exchange),
            Reply::Unsupported(_) | Reply::Trouble(..) => None,
        }
    }

    /// Status and error name of a rejection.
    pub fn refusal(&self) -> Option<(u16, Option<&str>)> {
        match self {
            Reply::Refused(exchange, error) => Some((exchange.response.status, error.code.as_deref())),
            _ => None,
        }
    }

    /// True for a refusal that says that something does not exist: by its status, or by its name. Not every service has 404
    /// for it.
    pub(crate) fn says_absent(&self) -> bool {
        self.refusal().is_some_and(|(status, code)| status == 404 || code.is_some_and(is_absence))
    }

    /// True if the request was sent and no whole response came.
    pub fn is_lost(&self) -> bool {
        matches!(self, Reply::Trouble(_, Trouble::Lost))
    }

    /// True for status 5xx, except for the error with which Connect's gateway answers an id that it cannot parse.
    pub fn is_server_fault(&self) -> bool {
        self.refusal().is_some_and(|(status, code)| status >= 500 && code != Some(BAD_ID))
    }

    /// True if a quota is exceeded, which says nothing about the request.
    pub fn is_quota(&self) -> bool {
        self.refusal().is_some_and(|(status, code)| status == 402 || code.is_some_and(|code| QUOTAS.contains(&code)))
    }

    /// A text without the parts that vary, so that equal replies can be counted.
    pub fn outline(&self) -> String {
        match self {
            Reply::Success(_) => "accepted".to_owned(),
            Reply::Refused(exchange, error) => {
                let name = error.code.as_deref().map_or("without a name".to_owned(), excerpt);
                format!("{} {name}", exchange.response.status)
            }
            Reply::Unsupported(_) | Reply::Trouble(..) => self.describe(),
        }
    }

    /// A short text for messages.
    pub fn describe(&self) -> String {
        match self {
            Reply::Success(exchange) => format!("{} (accepted)", exchange.response.status),
            Reply::Refused(exchange, error) => {
                let status = exchange.response.status;
                let location = exchange.response.headers.get("location").filter(|_| (300..400).contains(&status));
                if let Some(location) = location {
                    return format!("{status}, a redirect to {}, which is not followed", excerpt(location));
                }
                let name = error.code.as_deref().map_or("no error name".to_owned(), excerpt);
                match error.message.as_deref().filter(|message| !message.is_empty()) {
                    Some(message) => format!("{status} {name}: {}", excerpt(message)),
                    None => format!("{status} {name}"),
                }
            }
            Reply::Unsupported(why) => format!("operation unknown ({why})"),
            Reply::Trouble(why, _) => why.clone(),
        }
    }
}

/// The error of a body that cannot be parsed, with its Content-Encoding. Bodies are not decompressed, since no request
/// accepts an encoding.
pub fn unreadable(exchange: &Exchange, error: impl Display) -> String {
    match exchange.response.headers.get("content-encoding") {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => {
            format!("{error}; the response has Content-Encoding {}, which was not requested", excerpt(encoding))
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::HttpResponse;

    use super::*;

    /// A rejection with a header and a body.
    fn refused(status: u16, (name, value): (&str, &str), body: &[u8]) -> Reply {
        let schema = Schema::connect();
        let operation = schema.operation_named("ListRules").unwrap();
        let mut exchange = Exchange::answered("ListRules", HttpResponse::default());
        exchange.response = HttpResponse { status, body: body.to_vec(), ..HttpResponse::default() };
        exchange.response.headers.push(name, value);
        classify(schema, operation, Ok(exchange), true).0
    }

    #[test]
    fn describes_redirects_with_their_target_and_cuts_long_names() {
        let redirect = refused(302, ("location", "http://elsewhere/"), b"").describe();
        assert_eq!(redirect, "302, a redirect to http://elsewhere/, which is not followed");
        let long = "N".repeat(100_000);
        let reply = refused(400, ("x-amzn-errortype", &long), format!("{{\"message\":\"{long}\"}}").as_bytes());
        for text in [reply.describe(), reply.outline()] {
            assert!(text.starts_with("400 NNN") && text.chars().count() < 400, "{}", text.len());
        }
    }

    #[test]
    fn names_the_encoding_of_unreadable_bodies() {
        for (encoding, expected) in [
            ("gzip", "broken; the response has Content-Encoding gzip, which was not requested"),
            ("identity", "broken"),
        ] {
            let Reply::Refused(exchange, _) = refused(400, ("content-encoding", encoding), b"\x1f\x8b") else {
                unreachable!("a 400 is a rejection");
            };
            assert_eq!(unreadable(&exchange, "broken"), expected);
        }
    }

    #[test]
    fn names_for_an_unknown_action_say_that_it_is_not_offered() {
        let schema = Schema::connect();
        let operation = schema.operation_named("ListRules").unwrap();
        for (status, code, offered, expected) in [
            (400, "InvalidAction", false, true),
            (400, "UnknownOperationException", false, true),
            (404, "InvalidAction", false, true),
            (501, "", false, true),
            (400, "InvalidAction", true, false),
            (400, "InvalidRequestException", false, false),
        ] {
            let response = HttpResponse {
                status,
                body: format!("{{\"__type\":\"{code}\",\"message\":\"…\"}}").into_bytes(),
                ..HttpResponse::default()
            };
            let exchange = Exchange::answered("ListRules", response);
            let (reply, _) = classify(schema, operation, Ok(exchange), offered);
            assert_eq!(matches!(reply, Reply::Unsupported(_)), expected, "{status} {code} {offered}");
        }
    }

    #[test]
    fn recognizes_throttling_by_name_and_excludes_quotas() {
        let rows = [
            (429, "TooManyRequestsException", true),
            (429, "", true),
            (429, "SomethingNew", true),
            (400, "ThrottlingException", true),
            (503, "SlowDown", true),
            (429, "LimitExceededException", false),
            (402, "ServiceQuotaExceededException", false),
            (400, "InvalidRequestException", false),
            (500, "", false),
        ];
        for (status, code, expected) in rows {
            assert_eq!(is_throttling(status, code), expected, "{status} {code}");
        }
    }
}
