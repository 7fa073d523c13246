//! Headers and parameters of a query by which a server, a gateway or a framework takes a request for another one, whatever its
//! method and path say. A model of others could pass off a write as a read by them.

use std::borrow::Cow;

use connect_model::schema::{Binding, Operation, Schema};
use connect_model::wire::message::HttpRequest;
use connect_model::wire::unescaped;

/// Headers by which a server or a proxy takes a request for one with another method, path or operation, in lower case. Some
/// read them from the query, too.
const REDIRECTING: [&str; 16] = [
    "cookie",
    "soapaction",
    "x-amz-target",
    "x-forwarded-method",
    "x-forwarded-path",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-http-method",
    "x-http-method-override",
    "x-http-verb",
    "x-method",
    "x-method-override",
    "x-original-method",
    "x-original-url",
    "x-override-method",
    "x-rewrite-url",
];

/// Parameters of the query by which frameworks, and the query protocol of AWS, take a request for another.
const PARAMETERS: [&str; 3] = ["_method", "Action", "AWSAction"];

/// The header or the parameter of an operation by which a server may take it for another.
pub(super) fn redirecting_operation(schema: &Schema, operation: &Operation) -> Option<String> {
    let bound = schema.input_members(operation).into_iter().flatten().find_map(|member| match &member.binding {
        Binding::Header(name) if redirects(name) => Some(header(name)),
        Binding::PrefixHeaders(prefix) => {
            let prefix = prefix.to_ascii_lowercase().replace('_', "-");
            REDIRECTING.iter().find(|name| name.starts_with(&prefix)).map(|name| header(name))
        }
        Binding::Query(name) if is_parameter(name) => Some(parameter(name)),
        _ => None,
    });
    // No service needs one of these words for a constant, in whatever case.
    let is_word =
        |name: &Cow<'_, str>| is_parameter(name) || PARAMETERS.iter().any(|word| word.eq_ignore_ascii_case(name));
    bound.or_else(|| names_in_query(&operation.uri.text).find(is_word).map(|name| parameter(&name)))
}

/// The header or the parameter of a request. A map of parameters can have any key.
pub(crate) fn redirecting_request(request: &HttpRequest) -> Option<String> {
    let mut headers = request.headers.0.iter().map(|(name, _)| name);
    let found = headers.find(|name| redirects(name)).map(|name| header(name));
    found.or_else(|| names_in_query(&request.uri).find(|name| is_parameter(name)).map(|name| parameter(&name)))
}

/// Gateways read an underscore as a hyphen.
fn redirects(name: &str) -> bool {
    REDIRECTING.contains(&&*name.to_ascii_lowercase().replace('_', "-"))
}

fn is_parameter(name: &str) -> bool {
    PARAMETERS.contains(&name) || redirects(name)
}

/// Names in a query, decoded. Some servers end a pair at a semicolon.
fn names_in_query(uri: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let query = uri.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let names = query.split(['&', ';']).filter_map(|pair| pair.split('=').next());
    names.map(|name| unescaped(name).unwrap_or(Cow::Borrowed(name)))
}

fn header(name: &str) -> String {
    format!("header {name}")
}

fn parameter(name: &str) -> String {
    format!("query parameter {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_no_parameter_that_makes_it_another() {
        for uri in
            ["/?Action=DeleteTopic", "/?a=b&Acti%6Fn=x", "/x?a=b;Action=x", "/?%5Fmethod=DELETE", "/?X-HTTP-Method=PUT"]
        {
            let request = HttpRequest { uri: uri.to_owned(), ..HttpRequest::default() };
            assert!(redirecting_request(&request).is_some(), "{uri}");
        }
        for uri in ["/?action=show", "/Action/_method", "/?a=Action", "/?method=x", "/?Actions=x"] {
            let request = HttpRequest { uri: uri.to_owned(), ..HttpRequest::default() };
            assert_eq!(redirecting_request(&request), None, "{uri}");
        }
    }
}
