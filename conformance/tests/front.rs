//! The emulator's imitation of a real account: it verifies signatures, throttles requests and drops connections. Tested with
//! our signatures; `scripts/interop` tests it with botocore's.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use connect_emulator::{AccessKeys, Config, Emulator, FrontConfig, Rate};
use connect_model::schema::Schema;
use connect_model::wire::encode_request;
use connect_model::wire::message::{Headers, HttpRequest};
use connect_transport::credentials::Keyring;
use connect_transport::exchange::Exchange;
use connect_transport::signing::{Recipe, Signer};
use connect_transport::target::Target;
use connect_transport::{Transport, TransportConfig, TransportError};
use serde_json::{Value, json};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn keys(secret: &str, token: Option<&str>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", secret, token.map(str::to_owned), None, "test")
}

fn accepted(secret: &str, token: Option<&str>) -> AccessKeys {
    let session_token = token.map(str::to_owned);
    AccessKeys { id: "AKIDEXAMPLE".to_owned(), secret: secret.to_owned(), session_token }
}

async fn emulator(front: FrontConfig) -> Emulator {
    Emulator::start(Schema::connect(), &Config { front, ..Config::default() }).await.unwrap()
}

fn transport(emulator: &Emulator, region: &str, who: Option<Credentials>) -> Transport {
    let mut target = Target::unsigned(emulator.url().parse().unwrap());
    target.region = region.parse().unwrap();
    target.credentials = who.map(Keyring::from);
    Transport::new(&target, "connect", TransportConfig::default()).unwrap()
}

fn request(operation: &str, input: &Value) -> HttpRequest {
    let schema = Schema::connect();
    encode_request(schema, schema.operation_named(operation).unwrap(), input).unwrap()
}

/// A request whose path needs escaping.
fn listing() -> HttpRequest {
    let arn = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-0000-4000-8000-000000000001";
    request("ListTagsForResource", &json!({ "resourceArn": arn }))
}

fn status_and_error(exchange: &Exchange) -> (u16, String) {
    (exchange.response.status, exchange.response.headers.get("x-amzn-errortype").unwrap_or_default().to_owned())
}

#[tokio::test]
async fn accepts_valid_signatures_and_rejects_others_with_the_reason() {
    let verify = |token| FrontConfig { verify: Some(accepted(SECRET, token)), ..FrontConfig::default() };
    let plain = emulator(verify(None)).await;
    let session = emulator(verify(Some("TOKEN/=="))).await;
    let rows = [
        (&plain, "us-east-1", Some(keys(SECRET, None)), ""),
        (&plain, "us-east-1", None, "MissingAuthenticationTokenException"),
        (&plain, "us-east-1", Some(keys("another secret", None)), "InvalidSignatureException"),
        (&plain, "us-east-1", Some(keys(SECRET, Some("stray"))), "UnrecognizedClientException"),
        (&plain, "eu-west-2", Some(keys(SECRET, None)), "InvalidSignatureException"),
        (&session, "us-east-1", Some(keys(SECRET, Some("TOKEN/=="))), ""),
        (&session, "us-east-1", Some(keys(SECRET, None)), "UnrecognizedClientException"),
    ];
    for (at, region, who, expected) in rows {
        let by = format!("{region} {who:?}");
        let exchange = transport(at, region, who).send("ListTagsForResource", &listing()).await.unwrap();
        let (status, name) = status_and_error(&exchange);
        if expected.is_empty() {
            assert_ne!(status, 403, "{by}: {}", String::from_utf8_lossy(&exchange.response.body));
        } else {
            assert_eq!((status, name.as_str()), (403, expected), "{by}");
        }
    }
}

#[tokio::test]
async fn a_signed_url_is_admitted_until_it_is_altered_or_expires() {
    let front = FrontConfig { verify: Some(accepted(SECRET, Some("TOKEN/=="))), ..FrontConfig::default() };
    let emulator = emulator(front).await;
    let transport = transport(&emulator, "us-east-1", Some(keys(SECRET, Some("TOKEN/=="))));
    let right = Recipe { in_url_for: Some(Duration::from_secs(60)), ..Recipe::default() };
    let listing = listing();
    let sign = async |recipe: Recipe| transport.sign(&listing, &recipe).await.unwrap();
    let edited = |mut request: HttpRequest, from: &str, to: &str| {
        assert!(request.uri.contains(from), "{}", request.uri);
        request.uri = request.uri.replace(from, to);
        request
    };
    let rows = [
        ("right", sign(right).await, ""),
        ("altered", edited(sign(right).await, "?", "?a=1&"), "InvalidSignatureException"),
        ("longer", edited(sign(right).await, "Expires=60", "Expires=90"), "InvalidSignatureException"),
        ("old", sign(Recipe { ahead: -1200, ..right }).await, "InvalidSignatureException"),
        ("early", sign(Recipe { ahead: 1200, ..right }).await, "InvalidSignatureException"),
        ("no token", sign(Recipe { token: Some(None), ..right }).await, "UnrecognizedClientException"),
        ("incomplete", edited(sign(right).await, "X-Amz-Expires=60", "x=1"), "IncompleteSignatureException"),
    ];
    for (what, request, expected) in rows {
        let exchange = transport.send_as_given("ListTagsForResource", &request).await.unwrap();
        let (status, name) = status_and_error(&exchange);
        let shown = &exchange.request.uri;
        assert!(!shown.contains("X-Amz-Signature") && !shown.contains("TOKEN"), "{shown}");
        assert_eq!(
            (status == 403, status == 403 && name == expected),
            (!expected.is_empty(), !expected.is_empty()),
            "{what}: {status} {name}"
        );
    }
}

#[tokio::test]
async fn a_declared_hash_does_not_stand_for_the_body() {
    let front = FrontConfig { verify: Some(accepted(SECRET, None)), ..FrontConfig::default() };
    let emulator = emulator(front).await;
    let transport = transport(&emulator, "us-east-1", Some(keys(SECRET, None)));
    let mut flow = request("SearchContactFlows", &json!({ "InstanceId": "i" }));
    flow.headers.set("x-amz-content-sha256", connect_model::import::hex_digest(&flow.body));
    let whole = transport.sign(&flow, &Recipe::default()).await.unwrap();
    let mut altered = whole.clone();
    altered.body.push(b' ');
    for (request, refused) in [(whole, false), (altered, true)] {
        let (status, name) = status_and_error(&transport.send_as_given("SearchContactFlows", &request).await.unwrap());
        assert_eq!((status == 403, name == "InvalidSignatureException"), (refused, refused), "{status} {name}");
    }
}

#[tokio::test]
async fn a_signature_covers_every_part_of_a_request_and_is_valid_for_five_minutes() {
    let front = FrontConfig { verify: Some(accepted(SECRET, None)), ..FrontConfig::default() };
    let emulator = emulator(front).await;
    let transport = transport(&emulator, "us-east-1", None);
    let signed = |request: &HttpRequest, at: SystemTime| {
        let url = format!("{}{}", emulator.url(), request.uri);
        let mut signed = request.clone();
        for (name, value) in Signer::new(keys(SECRET, None), "us-east-1", "connect").headers(request, &url, at).unwrap()
        {
            signed.headers.push(name, value);
        }
        signed
    };
    let flow = json!({"InstanceId": "i", "Name": "é", "Type": "CONTACT_FLOW", "Content": "{}"});
    let whole = signed(&request("CreateContactFlow", &flow), SystemTime::now());
    let edited = |edit: fn(&mut HttpRequest)| {
        let mut request = whole.clone();
        edit(&mut request);
        request
    };
    let old = SystemTime::now() - Duration::from_secs(400);
    let young = SystemTime::now() + Duration::from_secs(400);
    let rows = [
        ("whole", whole.clone(), true),
        ("path", edited(|request| request.uri = "/contact-flows/j".to_owned()), false),
        ("query", edited(|request| request.uri.push_str("?a=b")), false),
        ("method", edited(|request| request.method = "POST".to_owned()), false),
        ("body", edited(|request| request.body.push(b' ')), false),
        ("header", edited(|request| request.headers.set("content-type", "application/jsonx")), false),
        ("old", signed(&request("CreateContactFlow", &flow), old), false),
        ("young", signed(&request("CreateContactFlow", &flow), young), false),
    ];
    for (what, request, served) in rows {
        let (status, name) = status_and_error(&transport.send_as_given("CreateContactFlow", &request).await.unwrap());
        assert_eq!(status != 403, served, "{what}: {status} {name}");
        assert_eq!(name == "InvalidSignatureException", !served, "{what}: {name}");
    }
    let headers = Headers(vec![("authorization".to_owned(), "AWS4-HMAC-SHA256 nonsense".to_owned())]);
    let exchange = transport.send_as_given("ListTagsForResource", &HttpRequest { headers, ..listing() }).await.unwrap();
    assert_eq!(status_and_error(&exchange), (403, "IncompleteSignatureException".to_owned()));
}

#[tokio::test]
async fn the_transport_adopts_the_clock_of_an_endpoint_that_rejects_its_signature() {
    for clock_offset in [86_400 * 365, -1000] {
        let front = FrontConfig { verify: Some(accepted(SECRET, None)), clock_offset, ..FrontConfig::default() };
        let emulator = emulator(front).await;
        // Signed with the local time.
        let url = format!("{}{}", emulator.url(), listing().uri);
        let mut request = listing();
        let signer = Signer::new(keys(SECRET, None), "us-east-1", "connect");
        for (name, value) in signer.headers(&listing(), &url, SystemTime::now()).unwrap() {
            request.headers.push(name, value);
        }
        let plain = transport(&emulator, "us-east-1", None);
        let exchange = plain.send_as_given("ListTagsForResource", &request).await.unwrap();
        assert_eq!(status_and_error(&exchange), (403, "InvalidSignatureException".to_owned()));
        let message = String::from_utf8_lossy(&exchange.response.body).into_owned();
        assert!(message.contains("Signature expired"), "{message}");
        let dates = exchange.response.headers.0.iter().filter(|(name, _)| name == "date").count();
        assert_eq!((dates, plain.skew()), (1, 0));
        // The transport reads the endpoint's time and signs once more.
        let signing = transport(&emulator, "us-east-1", Some(keys(SECRET, None)));
        for sent in [2, 3] {
            let exchange = signing.send("ListTagsForResource", &listing()).await.unwrap();
            assert_ne!(exchange.response.status, 403, "{}", String::from_utf8_lossy(&exchange.response.body));
            assert_eq!(signing.requests_sent(), sent);
        }
        assert!((signing.skew() - clock_offset).abs() < 10, "{}", signing.skew());
        // A wrong secret is not explained by the clock.
        let wrong_secret = transport(&emulator, "us-east-1", Some(keys("another secret", None)));
        for sent in [2, 3] {
            assert_eq!(wrong_secret.send("ListTagsForResource", &listing()).await.unwrap().response.status, 403);
            assert_eq!(wrong_secret.requests_sent(), sent);
        }
    }
}

/// Times of signatures end with the year 9999.
#[tokio::test]
async fn a_clock_that_is_decades_away_is_not_believed() {
    for years in [20, 7_900] {
        let clock_offset = years * 365 * 86_400;
        let front = FrontConfig { verify: Some(accepted(SECRET, None)), clock_offset, ..FrontConfig::default() };
        let signing = transport(&emulator(front).await, "us-east-1", Some(keys(SECRET, None)));
        let exchange = signing.send("ListTagsForResource", &listing()).await.unwrap();
        assert_eq!((exchange.response.status, signing.skew(), signing.requests_sent()), (403, 0, 1), "{years}");
    }
}

#[tokio::test]
async fn throttles_requests_beyond_the_rate() {
    let rate = Some(Rate { per_second: 0.001, burst: 3.0 });
    let emulator = emulator(FrontConfig { rate, ..FrontConfig::default() }).await;
    let transport = transport(&emulator, "us-east-1", None);
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(status_and_error(&transport.send("ListTagsForResource", &listing()).await.unwrap()));
    }
    let throttled: Vec<bool> = seen.iter().map(|(status, _)| *status == 429).collect();
    assert_eq!(throttled, [false, false, false, true, true], "{seen:?}");
    assert_eq!(seen[4].1, "TooManyRequestsException");
}

#[tokio::test]
async fn drops_connections_before_and_after_performing_the_request() {
    let emulator = emulator(FrontConfig { drop_one_in: 2, ..FrontConfig::default() }).await;
    let transport = transport(&emulator, "us-east-1", None);
    let list = request("ListInstances", &json!({}));
    let make = |name: &str| {
        let input = json!({"InstanceAlias": name, "IdentityManagementType": "CONNECT_MANAGED",
                           "InboundCallsEnabled": true, "OutboundCallsEnabled": true});
        request("CreateInstance", &input)
    };
    // The second and fourth connections are dropped: the second before the request is performed, the fourth after.
    let first = transport.send("ListInstances", &list).await.unwrap();
    let lost = transport.send("CreateInstance", &make("lost-request")).await.unwrap_err();
    let between = transport.send("ListInstances", &list).await.unwrap();
    let performed = transport.send("CreateInstance", &make("lost-answer")).await.unwrap_err();
    let last = transport.send("ListInstances", &list).await.unwrap();
    for error in [&lost, &performed] {
        assert!(matches!(error, TransportError::Reset { .. }), "{error}");
    }
    assert_eq!(first.response.body, between.response.body);
    let body = String::from_utf8(last.response.body).unwrap();
    assert!(body.contains("lost-answer") && !body.contains("lost-request"), "{body}");
}
