//! Signatures of SigV4: those of the AWS crates, which sign the requests of a run, against the verifier of the emulator, which
//! is written from the documentation alone.
//!
//! Property: a signed request is admitted, and one that was changed after it was signed is refused. Both have the same canonical
//! request, whatever is in path, query, headers and body.

use std::time::SystemTime;

use arbitrary::Unstructured;
use connect_emulator::{AccessKeys, refused_signature};
use connect_model::wire::message::{Headers, HttpRequest};
use connect_transport::signing::{Credentials, Signer};
use serde::{Deserialize, Serialize};

use crate::octets::Octets;
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct CanonicalRequest;

/// A request, and what is changed after it was signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    method: String,
    /// Path and query as they are sent.
    uri: String,
    headers: Vec<(String, String)>,
    body: Octets,
    change: Change,
}

/// A change of a signed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    Method,
    Path,
    Query,
    Header,
    Body,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The signer refuses the request.
    NotSigned,
    /// It was admitted as it was signed, and refused after the change.
    Verified,
    /// It was admitted; there was nothing to change.
    Unchanged,
}

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "us-east-1";
const SERVICE: &str = "connect";
const HOST: &str = "127.0.0.1:9";

impl Target for CanonicalRequest {
    const NAME: &'static str = "canonical_request";
    const PROPERTY: &'static str = "verify(sign(r)) admits r; verify(change(sign(r))) refuses it";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    fn check(case: &Case) -> Outcome {
        let request = HttpRequest {
            method: case.method.clone(),
            uri: case.uri.clone(),
            headers: Headers(case.headers.clone()),
            body: case.body.0.clone(),
        };
        let signer = Signer::new(Credentials::new(ID, SECRET, None, None, "fuzz"), REGION, SERVICE);
        let url = format!("http://{HOST}{}", request.uri);
        let Ok(added) = signer.headers(&request, &url, SystemTime::now()) else { return Outcome::NotSigned };
        let mut signed = request;
        signed.headers.push("host", HOST);
        for (name, value) in added {
            signed.headers.push(name, value);
        }
        let refused = refused(&signed);
        assert_eq!(refused, None, "{signed:?}");
        let Some(changed) = change(case.change, signed) else { return Outcome::Unchanged };
        assert!(self::refused(&changed).is_some(), "{:?} after it was signed: {changed:?}", case.change);
        Outcome::Verified
    }

    fn seeds() -> Vec<Seed> {
        let features = |case: &Case| {
            let parts = PARTS.into_iter().filter(|part| case.uri.contains(part));
            let values = VALUES.into_iter().filter(|value| case.headers.iter().any(|(_, own)| own == value));
            let end = format!("{:?} {:?}", case.change, Self::check(case));
            parts.chain(values).map(str::to_owned).chain([end]).collect()
        };
        seeds::covering::<Self>(2000, 120, features).into_iter().chain(seeds::drawn(Self::NAME)).collect()
    }
}

fn refused(request: &HttpRequest) -> Option<String> {
    let keys = AccessKeys { id: ID.to_owned(), secret: SECRET.to_owned(), session_token: None };
    refused_signature(&keys, REGION, SERVICE, request)
}

/// The request with one part changed; none if it has no such part.
fn change(change: Change, mut request: HttpRequest) -> Option<HttpRequest> {
    match change {
        Change::Method => request.method = if request.method == "GET" { "POST".to_owned() } else { "GET".to_owned() },
        Change::Path => {
            let end = request.uri.find('?').unwrap_or(request.uri.len());
            request.uri.insert_str(end, "/x");
        }
        Change::Query => {
            let separator = if request.uri.contains('?') { '&' } else { '?' };
            request.uri.push(separator);
            request.uri.push_str("x=1");
        }
        Change::Header => {
            let authorization = request.headers.get("authorization")?.to_owned();
            let signed = |name: &str| {
                authorization.contains(&format!(";{name};")) || authorization.contains(&format!("={name};"))
            };
            let header = request.headers.0.iter_mut().find(|(name, _)| name.starts_with("x-a") && signed(name))?;
            header.1.push('x');
        }
        Change::Body => request.body.push(b'x'),
    }
    Some(request)
}

const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "PATCH"];

/// Parts of paths and queries as they are sent: what the canonical form encodes, and what it leaves.
const PARTS: [&str; 22] = [
    "rules",
    "a-b_c.d~e",
    "%20",
    "%2F",
    "%25",
    "%C3%A9",
    "%F0%9F%98%80",
    "+",
    "*",
    "(",
    ")",
    "'",
    "!",
    "$",
    ":",
    "@",
    ",",
    ";",
    "%2B",
    "%3D",
    "%26",
    "A",
];

/// Names of headers. Two of them are signed under any value.
const HEADERS: [&str; 5] = ["content-type", "x-amz-meta", "x-api", "accept", "user-agent"];

const VALUES: [&str; 7] = ["a", "a b", "a  b", "application/json", "a,b", "a=\"b  c\"", "é"];

const CHANGES: [Change; 5] = [Change::Method, Change::Path, Change::Query, Change::Header, Change::Body];

fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let method = (*u.choose(&METHODS)?).to_owned();
    let mut uri = String::new();
    for _ in 0..u.int_in_range(1..=4)? {
        uri.push('/');
        for _ in 0..u.int_in_range(0..=2)? {
            uri.push_str(u.choose(&PARTS)?);
        }
    }
    for at in 0..u.int_in_range(0..=4)? {
        uri.push(if at == 0 { '?' } else { '&' });
        uri.push_str(u.choose(&PARTS)?);
        if u.ratio(4, 5)? {
            uri.push('=');
            uri.push_str(u.choose(&PARTS)?);
        }
    }
    let mut headers = Vec::new();
    for name in HEADERS {
        if u.arbitrary()? {
            headers.push((name.to_owned(), (*u.choose(&VALUES)?).to_owned()));
        }
    }
    let change = *u.choose(&CHANGES)?;
    let body = Octets(u.bytes(u.len().min(16))?.to_vec());
    Ok(Case { method, uri, headers, body, change })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn random_requests_are_signed_and_verified() {
        assert_reached::<CanonicalRequest>(3000, 80, [(Outcome::Verified, 1000), (Outcome::Unchanged, 10)]);
        assert_cases_round_trip::<CanonicalRequest>(300, 80);
    }
}
