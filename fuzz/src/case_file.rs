//! The reader of case files, which may come from anyone, and what `replay` makes of them.
//!
//! Property: a file that is accepted leads to no request outside of its gates. Without flags, it is sent to this machine only;
//! to a real account, it is a GET that reads, on a path that every proxy sees as it is, without a header that chooses another
//! method, path or host. Commands that are printed for it hold nothing hidden.
//!
//! An input is the text of a case file, or the choices by which one is edited.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use connect_checks::permission::Permission;
use connect_conformance::report::case_file::CaseFile;
use connect_conformance::report::reproduce;
use connect_conformance::session::config::EndpointConfig;
use connect_conformance::session::replay::{endpoint_of, may_resend};
use connect_model::schema::Schema;
use connect_model::semantics::danger::{Danger, danger};
use connect_model::text::visible;
use connect_model::wire::Router;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_transport::endpoint::Endpoint;
use connect_transport::target::Target as Destination;
use connect_transport::{InProcess, Transport, TransportConfig};
use serde_json::{Value, json};

use crate::edits::Editor;
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct CaseFileRead;

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A field is outside of its grammar.
    Refused,
    /// Its request is incomplete.
    Incomplete,
    /// The request may not be sent to a real account.
    Gated,
    /// The request was sent.
    Sent,
}

impl Target for CaseFileRead {
    const NAME: &'static str = "case_file";
    const PROPERTY: &'static str = "an accepted case file leads to no request outside of its gates";
    type Case = Value;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Value> {
        let editor = Editor { keys: KEYS, values: &EDGES };
        text_or_drawn(data, Self::plain, |u| {
            let base = u.choose(&BASES)?.clone();
            editor.edited(base, 3, u).map(Some)
        })
    }

    fn check(case: &Value) -> Outcome {
        let Ok(file) = CaseFile::parse(case.to_string().as_bytes()) else { return Outcome::Refused };
        if let Ok(Some(url)) = endpoint_of(&file, &EndpointConfig::default()) {
            let host = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
            assert!(is_here(host), "{host} is not this machine");
        }
        let Ok(request) = file.request.to_request() else { return Outcome::Incomplete };
        let sign_as = Some((&file.region, &file.signing_name));
        let endpoint = account();
        for command in [
            reproduce::curl(&request, &endpoint, sign_as),
            reproduce::boto3(&request, &endpoint, sign_as),
            file.emulator.iter().map(|info| reproduce::start_emulator(info, file.seed)).collect(),
        ] {
            for line in command.lines() {
                assert_eq!(visible(line), line, "{command}");
            }
        }
        let may_send = may_resend(Schema::connect(), &file.operation, &request, &Permission::default(), None);
        if may_send.is_err() {
            return Outcome::Gated;
        }
        for sent in send(&HttpRequest::from(&request)) {
            assert_reads(&sent);
        }
        Outcome::Sent
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> =
            BASES.iter().enumerate().map(|(at, file)| Seed::new(format!("base-{at}"), file.to_string())).collect();
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// A real account, for commands and messages.
#[expect(clippy::unwrap_used, reason = "the URL is well-formed")]
fn account() -> Endpoint {
    "https://connect.eu-central-1.amazonaws.com".parse().unwrap()
}

/// Sends a request to a transport that records what it gets.
#[expect(clippy::unwrap_used, reason = "a fuzz target stops on errors")]
fn send(request: &HttpRequest) -> Vec<HttpRequest> {
    let recorded: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
    let noted = Arc::clone(&recorded);
    let endpoint = InProcess::new(move |request| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        HttpResponse { status: 200, ..HttpResponse::default() }
    });
    let target = Destination::unsigned(account());
    let transport = Transport::in_process(&target, endpoint, TransportConfig::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(transport.send("", request)).unwrap();
    let sent = recorded.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(sent.len(), 1);
    sent
}

/// An independent reading of what may reach a real account without flags.
fn assert_reads(request: &HttpRequest) {
    let shown = format!("{} {}", request.method, request.uri);
    assert_eq!(request.method, "GET", "{shown}");
    let route = Router::new(Schema::connect()).route(&request.method, &request.uri);
    let operation = route.ok().map(|route| &Schema::connect()[route.operation]);
    assert!(operation.is_some_and(|one| danger(Schema::connect(), one) == Danger::Read), "{shown}");
    // As a proxy may decode and normalise it, once or several times.
    let mut path = request.uri.split('?').next().unwrap_or_default().to_ascii_lowercase();
    for _ in 0..4 {
        assert!(!path.contains("//") && !path.contains('\\') || path.contains("arn:"), "{shown}");
        for segment in path.split('/') {
            let name = segment.split(';').next().unwrap_or_default();
            assert!(name != "." && name != "..", "{shown}");
        }
        path = path.replace("%2e", ".").replace("%2f", "/").replace("%25", "%");
        // An escaped slash is data, so that two in a row are harmless once the first pass is over.
        path = path.replace("//", "/");
    }
    for (name, _) in &request.headers.0 {
        let name = name.to_ascii_lowercase();
        for part in
            ["host", "forward", "override", "rewrite", "original", "method", "authorization", "token", "encoding"]
        {
            assert!(!name.contains(part), "{name}: {shown}");
        }
    }
}

fn is_here(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Case files as the program writes them.
static BASES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let file = |operation: &str, method: &str, uri: &str, body: &str, emulator: Value| {
        json!({
            "case": format!("{operation}/shape.json"), "operation": operation, "check": "shape.json", "level": "must",
            "rule": "r", "pointer": "/a", "expected": "e", "actual": "a", "endpoint": "http://127.0.0.1:9", "region": "us-east-1",
            "signing_name": "connect", "signed": true, "emulator": emulator, "seed": 1, "instance_id": "i-1",
            "request": {"method": method, "uri": uri, "headers": [["content-type", "application/json"]], "body": body},
            "response": {"status": 500, "headers": []},
        })
    };
    let emulator = json!({"defect": "page-loses-item", "benign": null, "resources": 3});
    let mut cut = file("CreateRule", "POST", "/rules/i-1", "{\"Na", Value::Null);
    cut["request"]["body_bytes_omitted"] = json!(7);
    vec![
        cut,
        file("ListRules", "GET", "/rules/i-1?maxResults=1", "", Value::Null),
        file("ListRules", "GET", "/rules/i-1", "", emulator.clone()),
        file("DescribeContactFlow", "GET", "/contact-flows/i-1/f-1", "", Value::Null),
        file("CreateRule", "POST", "/rules/i-1", "{\"Name\":\"n\"}", emulator),
        file("DeleteContactFlow", "DELETE", "/contact-flows/i-1/f-1", "", Value::Null),
    ]
});

/// Keys for edits.
const KEYS: &[&str] =
    &["body_base64", "body_bytes_omitted", "as_remote", "cases", "steps", "exchanges", "walks", "history"];

/// Values that break a grammar, or that a careless reader lets pass.
static EDGES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let texts = [
        "",
        "GET",
        "get",
        "DELETE",
        "GET\nHost: x",
        "@evil.example/",
        "/x/../contact-flows/i-1/f-1",
        "/rules/%2e%2e/i-1",
        "/rules//i-1",
        "/rules/..",
        "/rules/.;a",
        "/rules/i%2F..%2Fj",
        "/rules/%252e%252e",
        "//evil.example/rules/i-1",
        "/rules/i-1#x",
        "/contact-flows/i-1/f-1",
        "/rules/..\\i-1",
        "host",
        "x-http-method-override",
        "X-Original-URL",
        "Authorization",
        "transfer-encoding",
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://user@127.0.0.1:9",
        "http://[::1]:9",
        "http://localhost",
        "http://127.1",
        "iam",
        "a/b",
        "x\n::error::y",
        "\u{1b}[31m",
        "##[error]",
        "'; touch x; '",
        "$(id)",
        "ListRules",
        "DeleteRule",
        "a,b",
        "YQ==",
    ];
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!([["host", "x"]]),
    ];
    texts
        .into_iter()
        .map(Value::from)
        .chain(others)
        .chain([json!([["x-forwarded-host", "evil.example"]]), json!([])])
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn random_inputs_reach_every_outcome() {
        let least = [(Outcome::Refused, 1000), (Outcome::Incomplete, 200), (Outcome::Gated, 500), (Outcome::Sent, 500)];
        assert_reached::<CaseFileRead>(16_000, 200, least);
        assert_cases_round_trip::<CaseFileRead>(600, 200);
    }

    #[test]
    fn hosts_of_this_machine_are_known() {
        for (host, expected) in [
            ("127.0.0.1:9", true),
            ("[::1]:9", true),
            ("[::1]", true),
            ("localhost", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
        ] {
            assert_eq!(is_here(host), expected, "{host}");
        }
    }
}
