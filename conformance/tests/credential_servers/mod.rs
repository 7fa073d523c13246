//! Servers of the tests: of credentials, in the formats of the AWS tools, and gateways before an endpoint.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use crate::{KEY, SECRET, TOKEN};

/// The heads of the requests that a server received, in order.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// A server that answers each request with a status, a content type and a body; with its URL.
pub(crate) fn serve(answer: impl Fn(&str, &[u8]) -> Option<(u16, String)> + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let heads = Arc::clone(&asked);
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, heads, answer) = (stream.unwrap(), Arc::clone(&heads), Arc::clone(&answer));
            std::thread::spawn(move || {
                let (head, body) = read(&mut stream);
                heads.lock().unwrap().push(head.clone());
                let Some((status, text)) = answer(&head, &body) else { return };
                let kind = if text.starts_with('<') { "text/xml" } else { "application/json" };
                let lines = [
                    format!("HTTP/1.1 {status} Status"),
                    format!("content-type: {kind}"),
                    format!("content-length: {}", text.len()),
                    // For the token of IMDS, and for endpoints that reject credentials.
                    "x-aws-ec2-metadata-token-ttl-seconds: 21600".to_owned(),
                    "x-amzn-errortype: ExpiredTokenException".to_owned(),
                    "connection: close".to_owned(),
                ];
                let _ = stream.write_all(format!("{}\r\n\r\n{text}", lines.join("\r\n")).as_bytes());
            });
        }
    });
    (url, asked)
}

fn read(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return (head, bytes.split_off(end + 4));
            }
        }
        match stream.read(&mut buffer).unwrap_or(0) {
            0 => return (String::new(), Vec::new()),
            read => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// A gateway before an endpoint: forwards the requests that it does not answer itself.
pub(crate) fn front(
    endpoint: &str,
    answer: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static,
) -> (String, Asked) {
    let upstream = endpoint.trim_start_matches("http://").to_owned();
    serve(move |head, body| {
        answer(head).or_else(|| {
            let mut stream = TcpStream::connect(&upstream).unwrap();
            let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            stream.write_all(&[format!("{head}\r\n\r\n").as_bytes(), body].concat()).unwrap();
            let mut whole = Vec::new();
            stream.read_to_end(&mut whole).unwrap();
            let whole = String::from_utf8(whole).unwrap();
            let (head, body) = whole.split_once("\r\n\r\n").unwrap();
            Some((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
        })
    })
}

/// Access key and region of each signed request, in order.
pub(crate) fn signed_by(asked: &Asked) -> Vec<(String, String)> {
    let heads = asked.lock().unwrap();
    let scopes = heads.iter().filter_map(|head| Some(head.split_once("Credential=")?.1.to_owned()));
    scopes
        .map(|scope| {
            let parts: Vec<&str> = scope.split('/').collect();
            (parts[0].to_owned(), parts[2].to_owned())
        })
        .collect()
}

pub(crate) fn from_now(seconds: f64) -> DateTime {
    DateTime::from(SystemTime::now() + Duration::from_secs_f64(seconds))
}

/// Credentials in the format of a container or IMDS.
pub(crate) fn handed_out(key: &str, seconds: f64) -> String {
    let expires = from_now(seconds).fmt(Format::DateTime).unwrap();
    serde_json::json!({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": key, "SecretAccessKey": SECRET, "Token": TOKEN,
        "Expiration": expires, "LastUpdated": "2026-01-01T00:00:00Z",
    })
    .to_string()
}

/// Credentials in the format of STS.
pub(crate) fn assumed(action: &str) -> String {
    let expires = from_now(3600.0).fmt(Format::DateTime).unwrap();
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{KEY}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>\
         <Expiration>{expires}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s\
         </Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></{action}Result><ResponseMetadata><RequestId>1\
         </RequestId></ResponseMetadata></{action}Response>"
    )
}
