//! The transport against misbehaving servers: every exchange ends in the right class of error, in bounded time, on both of
//! its paths.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use connect_model::wire::message::{Headers, HttpRequest};
use connect_transport::health::Patience;
use connect_transport::target::Target;
use connect_transport::{HangUp, RawReason, Transport, TransportConfig, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server's behaviour after the head of a request.
#[derive(Clone)]
enum Then {
    /// Sends these bytes and closes.
    Say(&'static [u8]),
    /// Sends these bytes and keeps the connection open.
    SayAndHold(&'static [u8]),
    /// Sends a head with a large length, then a byte now and then.
    Drip,
    /// Sends a head, then an endless body.
    Flood,
}

/// A path that no URL keeps, so that its request takes the raw path.
const RAW: &str = "/a/../b";

/// Serves on a free port and reports the heads that it receives.
async fn serve(then: Then) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heads, received) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(stream, then.clone(), heads.clone()));
        }
    });
    (port, received)
}

async fn converse(mut stream: TcpStream, then: Then, heads: tokio::sync::mpsc::UnboundedSender<String>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        head.extend_from_slice(&buffer[..read]);
    }
    let _ = heads.send(String::from_utf8_lossy(&head).into_owned());
    match then {
        Then::Say(bytes) => {
            let _ = stream.write_all(bytes).await;
        }
        Then::SayAndHold(bytes) => {
            let _ = stream.write_all(bytes).await;
            std::future::pending::<()>().await;
        }
        Then::Drip => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n").await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Then::Flood => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        }
    }
}

fn transport(endpoint: &str) -> Transport {
    let config = TransportConfig {
        timeout: Duration::from_millis(400),
        max_response_bytes: 100_000,
        patience: Patience { operation: 5, endpoint: 3 },
        ..TransportConfig::default()
    };
    Transport::new(&Target::unsigned(endpoint.parse().unwrap()), "connect", config).unwrap()
}

fn get(uri: &str) -> HttpRequest {
    HttpRequest { method: "GET".to_owned(), uri: uri.to_owned(), ..HttpRequest::default() }
}

/// Class of the error, with status and size of the part received; the same on both paths.
async fn failure(then: Then) -> (&'static str, Option<(u16, usize)>) {
    let mut seen = Vec::new();
    for uri in ["/", RAW] {
        let (port, _heads) = serve(then.clone()).await;
        let error = transport(&format!("http://127.0.0.1:{port}")).send("Op", &get(uri)).await.unwrap_err();
        seen.push((error.class(), error.received().map(|response| (response.status, response.body.len()))));
    }
    if let Then::Drip = then {
        // The size depends on the machine.
        seen.iter_mut().for_each(|(_, received)| received.as_mut().unwrap().1 = 0);
    }
    assert_eq!(seen[0], seen[1]);
    seen[0]
}

#[tokio::test]
async fn classifies_each_misbehaviour() {
    let page = b"<html><body>It works!</body></html>\n";
    assert_eq!(failure(Then::Say(page)).await, ("invalid-http", None));
    assert_eq!(failure(Then::Say(b"\x00\xff\x16\x03garbage\r\n\r\n")).await, ("invalid-http", None));
    assert_eq!(failure(Then::Say(b"HTTP/1.1 999999 What\r\n\r\n")).await, ("invalid-http", None));
    assert_eq!(
        failure(Then::Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot-a-size\r\n")).await,
        ("invalid-http", None)
    );
    assert_eq!(failure(Then::Say(b"")).await, ("reset", None));
    assert_eq!(failure(Then::Say(b"HTTP/1.1 200 OK\r\ncontent-")).await, ("reset", None));
    let half = b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"Half\":";
    assert_eq!(failure(Then::Say(half)).await, ("reset", Some((201, 8))));
    assert_eq!(failure(Then::SayAndHold(b"")).await, ("timeout", None));
    assert_eq!(failure(Then::SayAndHold(b"HTTP/1.1 200")).await, ("timeout", None));
    assert_eq!(failure(Then::SayAndHold(half)).await, ("timeout", Some((201, 8))));
    assert_eq!(failure(Then::Drip).await, ("timeout", Some((200, 0))));
    assert_eq!(failure(Then::Flood).await, ("too-large", None));
}

#[tokio::test]
async fn sends_paths_byte_for_byte() {
    let (port, mut heads) = serve(Then::Say(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")).await;
    let transport = transport(&format!("http://127.0.0.1:{port}/stage/../%2e"));
    let paths = [
        "/",
        "/a/../b",
        "/a/%2E%2E/%2e/.",
        "/tags/arn%3Aaws%3Aconnect%2Fx",
        "//double//",
        "/x%20y?q=%7B%22a%22%3A1%7D&empty=&flag",
        "/%F0%9F%98%80%00",
        "/'()*!~$&,;=:@",
    ];
    for path in paths {
        let exchange = transport.send("Op", &get(path)).await.unwrap();
        assert_eq!(exchange.response.status, 204);
        let head = heads.recv().await.unwrap();
        assert_eq!(head.lines().next().unwrap(), format!("GET /stage/../%2e{path} HTTP/1.1"));
    }
    let count = paths.len() as u64;
    assert_eq!(transport.requests_sent(), count);
    // The prefix has dot segments.
    assert_eq!(
        transport.sent_raw().into_iter().collect::<Vec<_>>(),
        [(("Op".to_owned(), RawReason::RewrittenUrl), count)]
    );
}

#[tokio::test]
async fn only_paths_that_a_url_changes_take_the_raw_path() {
    let (port, mut heads) = serve(Then::Say(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")).await;
    let transport = transport(&format!("http://localhost:{port}"));
    let mut request = HttpRequest { method: "POST".to_owned(), body: b"{}".to_vec(), ..get("") };
    request.headers.push("content-type", "application/json");
    for (uri, is_raw) in [("/plain%2Fx?q=%7B", false), ("/a/%2E%2E/b", true), ("/a?b='c'", true), ("/a/..b", false)] {
        let before = transport.sent_raw().values().sum::<u64>();
        transport.send("Op", &HttpRequest { uri: uri.to_owned(), ..request.clone() }).await.unwrap();
        assert_eq!(transport.sent_raw().values().sum::<u64>() - before, u64::from(is_raw), "{uri}");
        // Both paths send the same head.
        let head = heads.recv().await.unwrap();
        let lines = [
            &format!("POST {uri} HTTP/1.1"),
            "content-type: application/json",
            &format!("user-agent: connect-conformance/{}", env!("CARGO_PKG_VERSION")),
            "accept: */*",
            &format!("host: localhost:{port}"),
            "content-length: 2",
        ];
        assert_eq!(head.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>(), lines);
    }
}

#[tokio::test]
async fn a_request_that_brings_a_header_of_the_sender_is_not_sent() {
    let (port, mut heads) = serve(Then::Say(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")).await;
    let transport = transport(&format!("http://127.0.0.1:{port}"));
    for name in ["Host", "authorization", "X-Amz-Security-Token", "x-amz-date", "content-length", "transfer-encoding"] {
        let headers = Headers(vec![(name.to_owned(), "evil.example".to_owned())]);
        let request = HttpRequest { headers, body: b"{}".to_vec(), ..get("/") };
        let sent = transport.send("Op", &request).await;
        let hung_up = transport.send_and_hang_up("Op", &request, Duration::ZERO).await;
        for error in [sent.unwrap_err(), hung_up.unwrap_err()] {
            assert!(matches!(&error, TransportError::Unsendable(why) if why.contains(name)), "{error}");
        }
    }
    assert!(heads.try_recv().is_err() && transport.requests_sent() == 0);
}

/// Requests to such names count as requests to this machine, so a name server must not lead them elsewhere.
#[tokio::test]
async fn names_under_localhost_are_this_machine_without_a_name_server() {
    let (port, mut heads) = serve(Then::Say(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")).await;
    let transport = transport(&format!("http://connect.localhost:{port}"));
    for uri in ["/plain", "/raw/../b"] {
        transport.send("Op", &get(uri)).await.unwrap();
        assert!(heads.recv().await.unwrap().contains(&format!("host: connect.localhost:{port}\r\n")), "{uri}");
    }
}

#[tokio::test]
async fn sends_bodies_and_headers_as_given() {
    let answer = b"HTTP/1.1 400 Bad\r\nX-Amzn-ErrorType: A\r\nx-amzn-errortype: B\r\ncontent-length: 2\r\n\r\n\xff\x00";
    let (port, mut heads) = serve(Then::Say(answer)).await;
    let mut request = HttpRequest { method: "PUT".to_owned(), body: b"\xff{".to_vec(), ..get("/p") };
    request.headers.push("content-type", "text/plain; charset=\"x\"");
    request.headers.push("x-two", "1");
    request.headers.push("x-two", "2");
    let exchange = transport(&format!("http://127.0.0.1:{port}")).send("Op", &request).await.unwrap();
    let head = heads.recv().await.unwrap();
    for line in ["content-type: text/plain; charset=\"x\"\r\n", "x-two: 1\r\nx-two: 2\r\n", "content-length: 2\r\n"] {
        assert!(head.contains(line), "{head}");
    }
    assert_eq!(exchange.response.body, b"\xff\x00");
    assert_eq!(exchange.response.headers.all("x-amzn-errortype").collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(exchange.request, request);
}

#[tokio::test]
async fn signs_with_credentials_and_keeps_them_out_of_the_evidence() {
    let (port, mut heads) = serve(Then::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let mut target = Target::unsigned(format!("http://127.0.0.1:{port}").parse().unwrap());
    target.credentials =
        Some(aws_credential_types::Credentials::new("AKID", "SECRET", Some("SESSION".to_owned()), None, "test").into());
    let transport = Transport::new(&target, "connect", TransportConfig::default()).unwrap();
    let exchange = transport.send("Op", &get("/a")).await.unwrap();
    let head = heads.recv().await.unwrap();
    assert!(head.contains("authorization: AWS4-HMAC-SHA256 Credential=AKID/"), "{head}");
    assert!(head.contains("/us-east-1/connect/aws4_request"), "{head}");
    assert!(head.contains("x-amz-security-token: SESSION"), "{head}");
    assert_eq!(exchange.request.headers, Headers::default());
    assert!(!format!("{target:?}").contains("SECRET"));
}

#[tokio::test]
async fn gives_up_a_dead_endpoint() {
    // An endpoint that hangs after the head of each response costs as much time as a silent one.
    for said in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let (port, _heads) = serve(Then::SayAndHold(said)).await;
        let silent = transport(&format!("http://127.0.0.1:{port}"));
        let mut classes = Vec::new();
        for _ in 0..5 {
            classes.push(silent.send("Op", &get("/")).await.unwrap_err().class());
        }
        assert_eq!(classes, ["timeout", "timeout", "timeout", "gave-up", "gave-up"]);
        assert_eq!(silent.requests_sent(), 3);
    }
}

#[tokio::test]
async fn gives_up_a_silent_operation_alone() {
    let (port, _heads) = serve(Then::SayAndHold(b"")).await;
    let config = TransportConfig {
        timeout: Duration::from_millis(100),
        patience: Patience { operation: 2, endpoint: 9 },
        ..TransportConfig::default()
    };
    let target = Target::unsigned(format!("http://127.0.0.1:{port}").parse().unwrap());
    let silent = Transport::new(&target, "connect", config).unwrap();
    let mut classes = Vec::new();
    for operation in ["A", "A", "A", "B"] {
        classes.push(silent.send(operation, &get("/")).await.unwrap_err().class());
    }
    // Requests that clean up are sent nevertheless.
    classes.push(silent.send_necessary("A", &get("/")).await.unwrap_err().class());
    assert_eq!(classes, ["timeout", "timeout", "gave-up", "timeout", "timeout"]);
    let error = silent.send("A", &get("/")).await.unwrap_err().to_string();
    assert!(error.contains("2 requests in a row to A had no whole answer, the last: no complete response"), "{error}");
}

/// Two responses in one segment: the second must not be taken for the response to the next request.
#[tokio::test]
async fn ignores_unrequested_responses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    let ours = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                    let extra = b"HTTP/1.1 404 Stale\r\ncontent-length: 0\r\n\r\n";
                    if stream.write_all(&[&ours[..], extra].concat()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let transport = transport(&format!("http://127.0.0.1:{port}"));
    for _ in 0..200 {
        assert_eq!(transport.send("Op", &get("/")).await.unwrap().response.status, 200);
    }
}

#[tokio::test]
async fn names_the_part_of_a_response_that_is_too_large() {
    let many: &'static str = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200)).leak();
    let values: &'static str =
        format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n[{}0]]]]", "0,".repeat(49_997)).leak();
    let promised = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
    let long: &'static str = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(64 << 10)).leak();
    for (said, part) in [
        (long.as_bytes(), "head larger than 65536 bytes or 100 headers"),
        (many.as_bytes(), "head larger than 65536 bytes or 100 headers"),
        (promised, "body larger than 100000 bytes"),
        (values.as_bytes(), "more than 40000 JSON values"),
    ] {
        let (port, _heads) = serve(Then::SayAndHold(said)).await;
        let config =
            TransportConfig { max_response_bytes: 100_000, max_response_values: 40_000, ..TransportConfig::default() };
        let target = Target::unsigned(format!("http://127.0.0.1:{port}").parse().unwrap());
        let transport = Transport::new(&target, "connect", config).unwrap();
        for uri in ["/", RAW] {
            let error = transport.send("Op", &get(uri)).await.unwrap_err();
            assert_eq!(error.class(), "too-large");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn short_deadlines_do_not_count_against_the_endpoint() {
    let (port, _heads) = serve(Then::SayAndHold(b"")).await;
    let transport = transport(&format!("http://127.0.0.1:{port}"));
    for _ in 0..5 {
        let error = transport.send_within("Op", &get("/"), Duration::from_millis(5)).await.unwrap_err();
        assert!(matches!(error, TransportError::Timeout { .. }), "{error}");
    }
}

#[tokio::test]
async fn probing_needs_a_connection_only() {
    let (port, _heads) = serve(Then::Say(b"garbage")).await;
    transport(&format!("http://127.0.0.1:{port}")).probe().await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let message = transport(&format!("http://{free}")).probe().await.unwrap_err().to_string();
    assert!(message.contains(&format!("cannot reach http://{free}")) && message.contains("--endpoint"), "{message}");
    let message = transport("http://no-such-host.invalid").probe().await.unwrap_err().to_string();
    assert!(message.contains("no-such-host.invalid"), "{message}");
    // TLS to a server that does not support it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let message = transport(&format!("https://127.0.0.1:{port}")).probe().await.unwrap_err().to_string();
    assert!(message.contains("cannot reach https://"), "{message}");
}

#[tokio::test]
async fn never_sends_invalid_requests() {
    let transport = transport("http://127.0.0.1:1");
    for uri in ["", "a", "/a b", "/a#b", "/\u{7f}", "/a\r\nX: y"] {
        let error = transport.send("Op", &get(uri)).await.unwrap_err();
        assert_eq!(error.class(), "unsendable", "{uri}: {error}");
    }
    let mut request = get("/");
    request.headers.push("x", "a\r\nb: c");
    assert_eq!(transport.send("Op", &request).await.unwrap_err().class(), "unsendable");
    assert_eq!(transport.requests_sent(), 0);
}

#[tokio::test]
async fn hanging_up_sends_the_whole_request() {
    let request = HttpRequest { method: "PUT".to_owned(), body: b"{}".to_vec(), ..get("/p") };
    let (port, mut heads) = serve(Then::SayAndHold(b"")).await;
    let silent = transport(&format!("http://127.0.0.1:{port}"));
    assert_eq!(
        silent.send_and_hang_up("CreateRule", &request, Duration::from_millis(5)).await.unwrap(),
        HangUp::HungUp
    );
    assert!(heads.recv().await.unwrap().starts_with("PUT /p HTTP/1.1"));
    assert_eq!(silent.requests_sent(), 1);
    assert_eq!(silent.sent_raw().into_keys().collect::<Vec<_>>(), [("CreateRule".to_owned(), RawReason::HangUp)]);
    let error = silent.send_and_hang_up("CreateRule", &get("/"), Duration::ZERO).await.unwrap_err();
    assert_eq!(error.class(), "unsendable");

    let (port, _heads) = serve(Then::Say(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")).await;
    let quick = transport(&format!("http://127.0.0.1:{port}"));
    assert_eq!(quick.send_and_hang_up("CreateRule", &request, Duration::from_secs(9)).await.unwrap(), HangUp::Answered);
}

/// The bytes of a request up to the end of its last chunk.
async fn chunked_request(uri: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reads = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n0\r\n\r\n") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0, "{}", String::from_utf8_lossy(&request));
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        String::from_utf8(request).unwrap()
    });
    let headers = Headers(vec![("transfer-encoding".to_owned(), "chunked".to_owned())]);
    let request = HttpRequest { method: "POST".to_owned(), uri: uri.to_owned(), headers, body: b"{\"a\":1}".to_vec() };
    let exchange = transport(&format!("http://127.0.0.1:{port}")).send("Op", &request).await.unwrap();
    assert_eq!(exchange.response.status, 200);
    reads.await.unwrap()
}

#[tokio::test]
async fn sends_a_body_in_chunks_without_a_length_on_both_paths() {
    for uri in ["/", RAW] {
        let request = chunked_request(uri).await.to_ascii_lowercase();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n", "{uri}");
        assert_eq!(head.matches("transfer-encoding: chunked").count(), 1, "{head}");
        assert!(!head.contains("content-length"), "{head}");
    }
}

#[tokio::test]
async fn an_interim_response_to_an_expectation_is_not_the_response() {
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    for uri in ["/", RAW] {
        let (port, mut heads) = serve(Then::Say(interim)).await;
        let headers = Headers(vec![("expect".to_owned(), "100-continue".to_owned())]);
        let request = HttpRequest { method: "POST".to_owned(), uri: uri.to_owned(), headers, body: b"{}".to_vec() };
        let exchange = transport(&format!("http://127.0.0.1:{port}")).send("Op", &request).await.unwrap();
        assert_eq!((exchange.response.status, exchange.response.body.as_slice()), (200, b"{}".as_slice()), "{uri}");
        assert!(heads.recv().await.unwrap().to_ascii_lowercase().contains("expect: 100-continue"));
    }
}
