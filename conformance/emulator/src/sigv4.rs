//! Computes the SigV4 signature that a request should have.
//!
//! Written from the AWS documentation ("Create a signed AWS API request"), without the AWS crates: an independent judge of
//! the signer in `connect-transport`, which uses them.

use connect_model::planted;
use connect_model::wire::message::HttpRequest;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Long-term or temporary access keys.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeys {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token; only temporary keys have one.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeys").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The time and the service that a signature is valid for.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The value of `x-amz-date`, for example `20250102T030405Z`.
    pub(crate) time: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// The signature over the headers in `names` and a body with the hash `payload`, in hex.
///
/// # Errors
/// A header is missing, or the list of names is not the one that it should be.
pub(crate) fn signature(
    secret: &str,
    scope: Scope<'_>,
    request: &HttpRequest,
    names: &[&str],
    payload: &str,
) -> Result<String, String> {
    if !names.is_sorted_by(|one, next| one < next) {
        return Err("the signed headers should be distinct and in alphabetical order".to_owned());
    }
    let day = scope.time.get(..8).ok_or("x-amz-date has no day")?;
    let credential_scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let canonical = hex(&Sha256::digest(canonical_request(request, names, payload)?));
    let string_to_sign = format!("{ALGORITHM}\n{}\n{credential_scope}\n{canonical}", scope.time);
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [day, scope.region, scope.service, "aws4_request", &string_to_sign] {
        key = hmac(&key, part)?;
    }
    Ok(hex(&key))
}

/// The signature algorithm, as in headers.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The header of session tokens.
pub(crate) const TOKEN: &str = "x-amz-security-token";

/// The hash of a body, in hex.
pub(crate) fn payload_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

fn canonical_request(request: &HttpRequest, names: &[&str], payload: &str) -> Result<String, String> {
    let (path, query) = request.uri.split_once('?').unwrap_or((&request.uri, ""));
    let mut headers = String::new();
    for name in names {
        let same = request.headers.0.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<String> = same.map(|(_, value)| collapse_spaces(value)).collect();
        if values.is_empty() {
            return Err(format!("the signed header {name} is missing"));
        }
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let (path, query) = (canonical_path(path), canonical_query(query));
    Ok(format!("{}\n{path}\n{query}\n{headers}\n{}\n{payload}", request.method, names.join(";")))
}

/// The path without dot segments and empty segments, percent-encoded a second time, as for every service but S3.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let ends_in_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let slash = if ends_in_folder && !segments.is_empty() { "/" } else { "" };
    percent_encode(&format!("/{}{slash}", segments.join("/")), b"-_.~/")
}

/// The parameters, decoded and encoded again, in the order of their encoded names and values.
fn canonical_query(query: &str) -> String {
    let encode = |text: &str| percent_encode(&percent_decode(&text.replace('+', " ")), b"-_.~");
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let mut parameters: Vec<(String, String)> = parameters
        .map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    if !planted::is("canonical_request") {
        parameters.sort();
    }
    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Encodes every byte but letters, digits and `unreserved`.
fn percent_encode(text: &str, unreserved: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || unreserved.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Decodes escapes. Leaves malformed ones as they are.
pub(crate) fn percent_decode(text: &str) -> String {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Removes leading and trailing spaces of a header, and repeated ones inside.
fn collapse_spaces(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn hmac(key: &[u8], message: &str) -> Result<Vec<u8>, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(message.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;
    use serde_json::Value;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// Signatures that botocore 1.44.5 computes (`SigV4Auth("connect", "eu-central-1")`, keys of the AWS examples). The
    /// same as in the tests of `connect-transport`.
    #[test]
    fn signatures_agree_with_botocore() {
        let time = "20250102T030405Z";
        let rows = [
            (
                "GET",
                "/tags/arn%3Aaws%3Aconnect%3Aeu-central-1%3A123456789012%3Ainstance%2F0a1b",
                "",
                vec![("host", "connect.eu-central-1.amazonaws.com"), ("x-amz-date", time)],
                "2c02fd4dfa5a43dc5aee8c69b6dca480e3062866a332db5e305597bbb0c08a78",
            ),
            (
                "POST",
                "/stage/rules/i%20d/~x?maxResults=5&nextToken=a%2Fb%3D&b=",
                "{\"Name\":\"é\"}",
                vec![
                    ("content-type", "application/json"),
                    ("host", "127.0.0.1:4566"),
                    ("x-amz-date", time),
                    (TOKEN, "TOKEN/=="),
                ],
                "281879a82de740812a1565cee6e7002052d44ec75fbf12184016b4047e4ed07a",
            ),
        ];
        for (method, uri, body, headers, expected) in rows {
            let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let request = HttpRequest {
                method: method.to_owned(),
                uri: uri.to_owned(),
                headers: Headers(headers.iter().map(owned).collect()),
                body: body.as_bytes().to_vec(),
            };
            let scope = Scope { time, region: "eu-central-1", service: "connect" };
            let signed = |names: &[&str]| signature(SECRET, scope, &request, names, &payload_hash(&request.body));
            assert_eq!(signed(&names).as_deref(), Ok(expected));
            let reversed: Vec<&str> = names.iter().rev().copied().collect();
            assert!(signed(&reversed).is_err());
            assert!(signed(&["absent"]).is_err());
        }
    }

    /// The requests of the AWS SigV4 test suite and others, with the signatures that botocore computes. The same as in the
    /// tests of `connect-transport`.
    #[test]
    fn unusual_requests_have_the_signatures_of_botocore() {
        let vectors: Vec<Value> = serde_json::from_str(include_str!("../../tests/sigv4.json")).unwrap();
        assert!(vectors.len() > 30);
        for vector in &vectors {
            let text = |key: &str| vector[key].as_str().unwrap().to_owned();
            let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned());
            let mut headers = Headers(vector["headers"].as_array().unwrap().iter().map(pair).collect());
            headers.push("host", "example.amazonaws.com");
            headers.push("x-amz-date", "20150830T123600Z");
            let request =
                HttpRequest { method: text("method"), uri: text("uri"), headers, body: text("body").into_bytes() };
            let names = text("signed_headers");
            let names: Vec<&str> = names.split(';').collect();
            let scope = Scope { time: "20150830T123600Z", region: "us-east-1", service: "service" };
            let signed = signature(SECRET, scope, &request, &names, &payload_hash(&request.body));
            assert_eq!(signed, Ok(text("signature")), "{}", text("name"));
        }
    }

    #[test]
    fn paths_lose_dots_and_empty_segments_and_are_encoded_twice() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/..", "/"),
            ("/a//b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/a/", "/a/"),
            ("/a..b/.c", "/a..b/.c"),
            ("/i%20d/~x:é", "/i%2520d/~x%3A%C3%A9"),
        ] {
            assert_eq!(canonical_path(path), expected, "{path}");
        }
    }

    #[test]
    fn queries_are_sorted_and_encoded_once() {
        for (query, expected) in [
            ("", ""),
            ("b&a=1", "a=1&b="),
            ("a=2&a=1&A=3", "A=3&a=1&a=2"),
            ("t=a%2fb%3D&s=x+y", "s=x%20y&t=a%2Fb%3D"),
            ("p=100%&q=%zz&r=:", "p=100%25&q=%25zz&r=%3A"),
        ] {
            assert_eq!(canonical_query(query), expected, "{query}");
        }
    }

    #[test]
    fn spaces_in_headers_are_collapsed() {
        assert_eq!(collapse_spaces("  a   b c "), "a b c");
    }
}
