//! `shape.body-headers`: the headers that say how a body is coded and framed.

use connect_model::text::excerpt;
use connect_model::wire::message::{Headers, HttpResponse};

/// Headers that a response has once.
const ONCE: &[&str] = &["content-type", "content-length", "content-encoding", "x-amzn-errortype"];

/// The expected and the actual header of each wrong one.
pub(super) fn wrong(response: &HttpResponse) -> Vec<(String, String)> {
    let headers = &response.headers;
    let mut found = Vec::new();
    // A body with the coding cannot be read, and is found by that.
    let codings = elements(headers, "content-encoding").filter(|coding| *coding != "identity");
    let coded: Vec<String> = codings.collect();
    if !coded.is_empty() && !response.body.is_empty() {
        found.push((
            "no Content-Encoding, since the body is not coded".to_owned(),
            format!("Content-Encoding {}, and a body that is JSON without decoding", excerpt(&coded.join(", "))),
        ));
    }
    let transfer: Vec<String> = elements(headers, "transfer-encoding").collect();
    if transfer.iter().any(|coding| coding != "chunked") || transfer.len() > 1 {
        let expected = "no Transfer-Encoding but chunked".to_owned();
        found.push((expected, format!("Transfer-Encoding {}", excerpt(&transfer.join(", ")))));
    }
    if !transfer.is_empty() && headers.get("content-length").is_some() {
        let expected = "one of Transfer-Encoding and Content-Length".to_owned();
        found.push((expected, "both".to_owned()));
    }
    for name in ONCE {
        let mut values = headers.all(name);
        if let Some(first) = values.next()
            && let Some(other) = values.find(|value| *value != first)
        {
            let actual = format!("{} and {}", excerpt(first), excerpt(other));
            found.push((format!("one header {name}"), actual));
        }
    }
    found
}

/// The elements of a header that is a list, in lower case.
fn elements<'h>(headers: &'h Headers, name: &'h str) -> impl Iterator<Item = String> {
    let elements = headers.all(name).flat_map(|value| value.split(','));
    elements.map(|element| element.trim().to_ascii_lowercase()).filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_do_not_fit_the_body_are_found() {
        let wrong = |headers: &[(&str, &str)]| {
            let mut response = HttpResponse { status: 200, body: b"{}".to_vec(), ..HttpResponse::default() };
            headers.iter().for_each(|(name, value)| response.headers.push(name, *value));
            super::wrong(&response).len()
        };
        let json = ("content-type", "application/json");
        let fine: &[&[(&str, &str)]] = &[
            &[],
            &[json],
            &[json, json],
            &[json, ("content-encoding", "identity")],
            &[json, ("content-encoding", "")],
            &[json, ("transfer-encoding", "Chunked")],
            &[json, ("content-length", "2")],
            &[json, ("vary", "origin"), ("vary", "accept")],
        ];
        for headers in fine {
            assert_eq!(wrong(headers), 0, "{headers:?}");
        }
        let faulty: &[&[(&str, &str)]] = &[
            &[json, ("content-encoding", "gzip")],
            &[json, ("content-encoding", "identity, br")],
            &[json, ("transfer-encoding", "gzip, chunked")],
            &[json, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[json, ("transfer-encoding", "chunked"), ("content-length", "2")],
            &[json, ("content-type", "text/html")],
            &[json, ("content-length", "2"), ("content-length", "3")],
        ];
        for headers in faulty {
            assert_eq!(wrong(headers), 1, "{headers:?}");
        }
    }
}
