//! Nothing that is printed or written contains a secret or a signature, even if the endpoint returns them: the server of
//! this test responds with everything that it receives.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYHIDDENKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjEHIDDEN//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==";

/// A server that returns the head of each request, and the signatures that it received.
struct Mirror {
    url: String,
    signatures: Arc<Mutex<BTreeSet<String>>>,
}

impl Mirror {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let signatures = Arc::new(Mutex::new(BTreeSet::new()));
        let kept = Arc::clone(&signatures);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
                std::thread::spawn(move || mirror(stream, number, &kept));
            }
        });
        Self { url, signatures }
    }
}

fn mirror(mut stream: TcpStream, number: usize, kept: &Mutex<BTreeSet<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length, mut authorization) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("authorization:") {
            authorization = line.split_once(':').unwrap().1.trim().to_owned();
            let signature = line.trim().rsplit("Signature=").next().unwrap().to_owned();
            kept.lock().unwrap().insert(signature);
        }
        head += &line;
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let response = serde_json::json!({
        "Message": head, "message": head, "Escaped": head.replace('/', "\\/"), "ContactFlowId": TOKEN,
        "Encoded": encoded(TOKEN), "Settings": { "secret": SECRET, "encoded": encoded(SECRET) }, "ContactFlow": { "Name": head, "Content": authorization }, "NextToken": TOKEN,
    });
    let response = response.to_string().replace('/', if number.is_multiple_of(2) { "/" } else { "\\/" });
    // Success, client errors, server errors, a redirect, and incomplete responses.
    let status = ["200 OK", "400 Bad Request", "403 Forbidden", "500 Internal Server Error", "302 Found"][number % 5];
    let cut = if number % 7 == 6 { response.len() + 10 } else { response.len() };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-amzn-errortype: {authorization}\r\nx-token: {TOKEN}\r\n\
         location: http://{authorization}\r\nconnection: close\r\ncontent-length: {cut}\r\n\r\n{response}"
    );
}

/// A text in the encodings in which servers repeat what they got, and a part of it.
fn encoded(text: &str) -> [String; 6] {
    let special = |encode: &dyn Fn(u8) -> String| -> String {
        let one = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { encode(byte) };
        text.bytes().map(one).collect()
    };
    [
        special(&|byte| format!("%{byte:02X}")),
        special(&|byte| format!("&#{byte};")),
        special(&|byte| format!("\\u{byte:04x}")),
        text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        text.to_uppercase(),
        text[4..20].to_owned(),
    ]
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect-conformance"));
    command.args(words).env("NO_COLOR", "1").stdin(Stdio::null());
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", TOKEN);
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_PROFILE");
    command.env("RUST_BACKTRACE", "1").env("RUST_LOG", "trace");
    command
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_output_contains_a_secret() {
    let mirror = Mirror::start();
    let folder = std::env::temp_dir().join(format!("connect-secrets-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (report, golden, journal) = (at("report"), at("golden"), at("journal"));
    let url = mirror.url.as_str();
    let operations = "CreateContactFlow,DescribeContactFlow,ListContactFlows,SearchContactFlows,CreateRule";
    let target = ["--endpoint", url, "--instance-id", "00000000-0000-4000-8000-000000000001"];
    let expect = at("expect.toml");
    let run = [
        &["run", "--operations", operations, "--report-dir", &report, "--notes", "--write-expect", &expect][..],
        &target,
    ];
    let mut printed: Vec<(String, Vec<u8>)> = Vec::new();
    let mut run_command = |words: &[&str]| {
        let output = command(words).env("GITHUB_STEP_SUMMARY", at("summary.md")).env("GITHUB_ACTIONS", "true").output();
        let output = output.unwrap();
        printed.push((words.join(" "), [output.stdout, output.stderr].concat()));
    };
    run_command(&run.concat());
    run_command(&[&run.concat()[..], &["--format", "json"]].concat());
    run_command(&[&["record", &golden, "--operations", operations][..], &target].concat());
    run_command(
        &[
            &[
                "run",
                "CreateRule/",
                "--as-remote",
                "--allow-writes",
                "--account",
                "111122223333",
                "--journal",
                &journal,
            ][..],
            &target,
        ]
        .concat(),
    );
    run_command(&["sweep", "--journal", &journal]);
    run_command(&["emulate", "--verify-signatures", SECRET]);
    let findings: Vec<PathBuf> = files(&folder.join("report/findings"));
    assert!(findings.len() > 5, "the server breaks the contract");
    for finding in findings.iter().step_by(findings.len() / 4) {
        for words in [&["--curl"][..], &["--boto3"], &["--as-sent"], &[]] {
            run_command(&[&["replay", finding.to_str().unwrap()], words].concat());
        }
    }
    let signatures = mirror.signatures.lock().unwrap().clone();
    assert!(signatures.len() > 100, "requests were signed: {}", signatures.len());
    let secrets: Vec<String> = [SECRET, TOKEN]
        .into_iter()
        .chain(encoded(TOKEN).iter().map(String::as_str))
        .flat_map(|text| [text.to_owned(), text.replace('/', "\\/"), text.replace('/', "\\\\/")])
        .collect();
    let written = files(&folder).into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()));
    let mut seen = 0;
    for (name, bytes) in printed.into_iter().chain(written) {
        let text = String::from_utf8_lossy(&bytes);
        seen += text.len();
        for secret in secrets.iter().chain(&signatures) {
            let at = text.find(secret.as_str());
            assert!(
                at.is_none(),
                "{name} contains `{secret}`: {}",
                &text[at.unwrap().saturating_sub(80)..at.unwrap() + 20]
            );
        }
    }
    assert!(seen > 100_000, "there is enough output to search: {seen} bytes");
    std::fs::remove_dir_all(folder).unwrap();
}
