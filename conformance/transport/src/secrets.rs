//! Keeps signatures and session tokens out of reports: in the request as sent, and in responses that repeat it.

use connect_model::wire::message::{HttpRequest, HttpResponse};

/// Headers that a signature adds and that no report may show. Exact names, never parts of them.
pub const SECRET_HEADERS: [&str; 2] = ["authorization", "x-amz-security-token"];

/// Secrets shorter than this are not removed from responses: they would also match unrelated text.
const MIN_SECRET_LENGTH: usize = 16;

/// Replaces a secret that an endpoint has sent back.
const REMOVED: &[u8] = b"REMOVED";

/// The request without the headers of a signature, fit for reports and files.
pub fn without_secrets(request: &HttpRequest) -> HttpRequest {
    let mut shown = request.clone();
    for name in SECRET_HEADERS {
        shown.headers.remove(name);
    }
    shown
}

/// The signature and the session token in a request's headers.
pub(crate) fn secrets(headers: &http::HeaderMap) -> Vec<Vec<u8>> {
    let value = |name: &str| headers.get(name).map(|value| value.as_bytes().to_vec());
    let signature = value(SECRET_HEADERS[0]).and_then(|value| {
        let text = String::from_utf8(value).ok()?;
        Some(text.rsplit_once("Signature=")?.1.as_bytes().to_vec())
    });
    signature.into_iter().chain(value(SECRET_HEADERS[1])).filter(|secret| secret.len() >= MIN_SECRET_LENGTH).collect()
}

/// Removes secrets from a response that repeats its request, as some gateways do when they reject a signature.
pub(crate) fn remove_reflections(response: &mut HttpResponse, secrets: &[Vec<u8>]) {
    for secret in secrets {
        for (_, value) in &mut response.headers.0 {
            if let Some(clean) = without(value.as_bytes(), secret) {
                *value = String::from_utf8_lossy(&clean).into_owned();
            }
        }
        if let Some(clean) = without(&response.body, secret) {
            response.body = clean;
        }
    }
}

/// The text without a secret; none if the text does not contain it. In JSON, a backslash may precede each `/`; in JSON
/// within JSON, several.
fn without(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let first = *secret.first()?;
    let (mut clean, mut at, mut kept) = (Vec::new(), 0, 0);
    while let Some(offset) = text[at..].iter().position(|byte| *byte == first) {
        let begin = at + offset;
        at = begin + 1;
        if let Some(length) = matched(&text[begin..], secret) {
            clean.extend_from_slice(&text[kept..begin]);
            clean.extend_from_slice(REMOVED);
            (at, kept) = (begin + length, begin + length);
        }
    }
    clean.extend_from_slice(&text[kept..]);
    (kept > 0).then_some(clean)
}

/// Length of the secret at the start of a text, with its backslashes; none if the text starts otherwise.
fn matched(text: &[u8], secret: &[u8]) -> Option<usize> {
    let mut at = 0;
    for wanted in secret {
        if *wanted == b'/' {
            at += text[at..].iter().take_while(|byte| **byte == b'\\').count();
        }
        if text.get(at) != Some(wanted) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;

    use super::*;

    #[test]
    fn removes_secrets_that_a_response_repeats() {
        let mut headers = http::HeaderMap::new();
        let signature = "0123456789abcdef0123456789abcdef";
        headers.insert("authorization", format!("AWS4 Credential=A/b, Signature={signature}").parse().unwrap());
        headers.insert("x-amz-security-token", "TOKEN/with/slashes==".parse().unwrap());
        let body = format!(
            r#"{{"a":"{signature}","b":"TOKEN\/with\\/slashes==","c":"TOKEN/with","d":"é{signature}{signature}"}}"#
        );
        let mut response = HttpResponse {
            status: 200,
            headers: Headers(vec![("x-echo".to_owned(), format!("v={signature}"))]),
            body: body.into_bytes(),
        };
        remove_reflections(&mut response, &secrets(&headers));
        assert_eq!(response.headers.get("x-echo"), Some("v=REMOVED"));
        let clean = String::from_utf8(response.body).unwrap();
        assert_eq!(clean, r#"{"a":"REMOVED","b":"REMOVED","c":"TOKEN/with","d":"éREMOVEDREMOVED"}"#);
        assert_eq!(secrets(&http::HeaderMap::new()), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn removes_the_signature_and_keeps_other_headers() {
        let names = ["authorization", "x-amz-security-token", "x-amz-client-token", "nexttoken", "content-type"];
        let headers = Headers(names.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect());
        let shown = without_secrets(&HttpRequest { headers, ..HttpRequest::default() });
        let left: Vec<&str> = shown.headers.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["x-amz-client-token", "nexttoken", "content-type"]);
    }
}
