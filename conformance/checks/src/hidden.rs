//! Credentials that an endpoint hands out, such as those of a role or of a participant: reports do not repeat them.

use std::collections::BTreeSet;

use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::case::Finding;
use crate::client::forms::plain_name;

/// Ends of the names of members with credentials, in lower case and without separators. Tokens of pages and requests are none.
const CREDENTIALS: &[&str] = &[
    "accesstoken",
    "apikeyvalue",
    "authtoken",
    "authorizationtoken",
    "bearertoken",
    "clientsecret",
    "connectiontoken",
    "idtoken",
    "jointoken",
    "participanttoken",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "secretaccesskey",
    "secretkey",
    "secretstring",
    "securitytoken",
    "sessiontoken",
];

/// Characters of the shortest credential that is hidden. Shorter ones would also match unrelated text.
const SHORTEST: usize = 8;

/// Put in the place of a credential.
const HIDDEN: &str = "HIDDEN";

/// Hides the credentials in the responses of a finding, wherever it repeats them.
pub(crate) fn hide_credentials(finding: &mut Finding) {
    let exchanges = || finding.exchange.iter().chain(&finding.exchanges);
    let mut found = BTreeSet::new();
    for response in exchanges().map(|exchange| &exchange.response) {
        if let Ok(value) = serde_json::from_slice::<Value>(&response.body) {
            collect(&value, &mut found);
        }
        // A body may be cut off, have a key twice, or be no JSON.
        collect_in_text(&String::from_utf8_lossy(&response.body), &mut found);
        response.headers.0.iter().for_each(|(_, value)| collect_in_urls(value, &mut found));
    }
    if found.is_empty() {
        return;
    }
    // The longest first: one may be part of another.
    let mut texts: Vec<String> = found.into_iter().collect();
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    for text in [&mut finding.expected, &mut finding.actual].into_iter().chain(&mut finding.steps) {
        hide(text, &texts);
    }
    for exchange in finding.exchange.iter_mut().chain(&mut finding.exchanges) {
        hide_in(exchange, &texts);
    }
}

fn is_credential(name: &str) -> bool {
    let name = plain_name(name);
    CREDENTIALS.iter().any(|end| name.ends_with(end))
}

fn add(text: &str, found: &mut BTreeSet<String>) {
    if text.chars().count() >= SHORTEST {
        found.insert(text.to_owned());
        // A body has it with escapes.
        let escaped = Value::from(text).to_string();
        found.insert(escaped[1..escaped.len() - 1].to_owned());
    }
}

/// Collects the credentials in a value: all texts in members with their names, and those in texts that are JSON.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                if is_credential(name) {
                    add_all(inner, found);
                }
                collect(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            if let Ok(inner) = serde_json::from_str::<Value>(text) {
                collect(&inner, found);
            }
        }
        _ => {}
    }
}

fn add_all(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|inner| add_all(inner, found)),
        Value::Array(items) => items.iter().for_each(|item| add_all(item, found)),
        Value::String(text) => add(text, found),
        Value::Number(number) => add(&number.to_string(), found),
        Value::Bool(_) | Value::Null => {}
    }
}

/// Parameters of signed URLs. Whoever has the URL may use it.
const SIGNED: [&str; 3] = ["X-Amz-Signature=", "X-Amz-Security-Token=", "Signature="];

/// Collects the signatures and tokens in URLs.
fn collect_in_urls(text: &str, found: &mut BTreeSet<String>) {
    for parameter in SIGNED {
        let values = text.split(parameter).skip(1);
        let ends = |char: char| !(char.is_ascii_alphanumeric() || "%-._~+/=".contains(char));
        values.filter_map(|rest| rest.split(ends).next()).for_each(|value| add(value, found));
    }
}

/// Credentials in text that is no JSON: each string after the name of a member, and the text of each element of XML.
fn collect_in_text(text: &str, found: &mut BTreeSet<String>) {
    collect_in_elements(text, found);
    collect_in_urls(text, found);
    // An escaped quote ends no text.
    let text = text.replace("\\\"", "\\'");
    let mut parts = text.split('"').skip(1);
    while let Some(name) = parts.next() {
        let Some(between) = parts.next() else { break };
        if between.trim() == ":" && is_credential(name) {
            parts.next().into_iter().for_each(|text| add(text, found));
            parts.next();
        }
    }
}

fn collect_in_elements(text: &str, found: &mut BTreeSet<String>) {
    let elements = text.split('<').filter_map(|part| part.split_once('>'));
    elements.filter(|(name, _)| is_credential(name)).for_each(|(_, text)| add(text, found));
}

fn hide(text: &mut String, credentials: &[String]) {
    for credential in credentials {
        if text.contains(credential.as_str()) {
            *text = text.replace(credential.as_str(), HIDDEN);
        }
    }
}

fn hide_in(exchange: &mut Exchange, credentials: &[String]) {
    let (request, response) = (&mut exchange.request, &mut exchange.response);
    hide(&mut request.uri, credentials);
    for (_, value) in request.headers.0.iter_mut().chain(&mut response.headers.0) {
        hide(value, credentials);
    }
    for body in [&mut request.body, &mut response.body] {
        let mut text = String::from_utf8_lossy(body).into_owned();
        if credentials.iter().any(|credential| text.contains(credential.as_str())) {
            hide(&mut text, credentials);
            *body = text.into_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::HttpResponse;
    use serde_json::json;

    use super::*;
    use crate::families;

    fn finding_with(body: Vec<u8>, actual: &str) -> Finding {
        let exchange = Exchange::answered("GetFederationToken", HttpResponse { body, ..HttpResponse::default() });
        let check = families::all().first().unwrap();
        check.finding("", "a time", actual, Some(&exchange))
    }

    #[test]
    fn credentials_in_answers_are_hidden_wherever_a_finding_has_them() {
        let body = json!({
            "Credentials": { "AccessToken": "abc/def+gh1", "AccessTokenExpiration": "tomorrow", "Other": "kept as it is" },
            "NextToken": "a token of a page",
        });
        let mut finding = finding_with(body.to_string().into_bytes(), "AccessToken `abc/def+gh1`, tomorrow");
        hide_credentials(&mut finding);
        assert_eq!(finding.actual, "AccessToken `HIDDEN`, tomorrow");
        let shown: Value = serde_json::from_slice(&finding.exchange.unwrap().response.body).unwrap();
        assert_eq!(
            shown["Credentials"],
            json!({ "AccessToken": "HIDDEN", "AccessTokenExpiration": "tomorrow", "Other": "kept as it is" })
        );
        assert_eq!(shown["NextToken"], body["NextToken"]);
    }

    #[test]
    fn a_body_that_is_cut_off_has_none_either() {
        let body = br#"{"a": 1, "secretAccessKey": "s3cr3ts3cr3t", "sessionToken": "t0k3nt0k3nt0"#;
        let mut finding = finding_with(body.to_vec(), "no JSON");
        hide_credentials(&mut finding);
        let shown = |finding: Finding| String::from_utf8(finding.exchange.unwrap().response.body).unwrap();
        assert_eq!(shown(finding), r#"{"a": 1, "secretAccessKey": "HIDDEN", "sessionToken": "HIDDEN"#);
        let body = br#"{"password": ["l1st3d-s3cr3t"], "secret": {"a": "ins1de-s3cr3t"}, "text": "{\"accessToken\": \"json-s3cr3t\"}"}"#;
        let mut finding = finding_with(body.to_vec(), "l1st3d-s3cr3t");
        hide_credentials(&mut finding);
        assert_eq!(finding.actual, "HIDDEN");
        assert!(!shown(finding).contains("s3cr3t"));
        let url = br#"{"Url": "https://b.example.com/k?X-Amz-Expires=60&X-Amz-Signature=0123456789abcdef&X-Amz-Security-Token=IQoJ%2Fabc"}"#;
        let mut finding = finding_with(url.to_vec(), "x");
        hide_credentials(&mut finding);
        let expected =
            r#"{"Url": "https://b.example.com/k?X-Amz-Expires=60&X-Amz-Signature=HIDDEN&X-Amz-Security-Token=HIDDEN"}"#;
        assert_eq!(shown(finding), expected);
        let mut finding = finding_with(b"<Key><SecretAccessKey>s3cr3ts3cr3t</SecretAccessKey></Key>".to_vec(), "XML");
        hide_credentials(&mut finding);
        assert_eq!(shown(finding), "<Key><SecretAccessKey>HIDDEN</SecretAccessKey></Key>");
    }

    #[test]
    fn what_has_no_credentials_stays_the_same() {
        let mut finding = finding_with(b"\xff not text".to_vec(), "x");
        let before = finding.exchange.clone().unwrap().response;
        hide_credentials(&mut finding);
        assert_eq!((finding.actual.as_str(), finding.exchange.unwrap().response), ("x", before));
    }
}
