//! Case files, reports, answers and URLs that somebody hostile wrote: what they can make the program send, print and reveal.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use connect_model::text::visible;
use program::{Folder, conformance, output};
use serde_json::{Value, json};

/// Text that a terminal, a log or a shell would act on.
const HOSTILE: &str = "x\n::add-mask::y\r::stop-commands::z\u{1b}[2J##[error]w\u{202e}\u{2028}\u{9b}1m$(id)`id`";

/// An endpoint that notes the first line of every request, and answers each with the same body.
struct Recorder {
    url: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn start(status: &'static str, body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&lines);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut first, mut length) = (String::new(), 0);
                let _ = reader.read_line(&mut first);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                let _ = reader.read_exact(&mut vec![0; length]);
                noted.lock().unwrap().push(first.trim().to_owned());
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { url, lines }
    }

    /// The requests, without the probe.
    fn requests(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().filter(|line| *line != "GET / HTTP/1.1").cloned().collect()
    }
}

/// A case file of a signed GET, changed by `edit`.
fn case(endpoint: &str, edit: impl FnOnce(&mut Value)) -> String {
    let mut case = json!({
        "case": "ListRules/shape.json", "operation": "ListRules", "check": "shape.json", "level": "must",
        "rule": "r", "pointer": "", "expected": "e", "actual": "a", "endpoint": endpoint, "region": "us-east-1",
        "signing_name": "connect", "signed": true, "emulator": null, "seed": 1,
        "request": {"method": "GET", "uri": "/rules/i-1", "headers": [["content-type", "application/json"]]},
        "response": {"status": 500, "headers": []},
    });
    edit(&mut case);
    case.to_string()
}

/// The program with credentials.
fn signing(words: &[&str]) -> Command {
    let mut command = conformance(words);
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "hunter2secret");
    command.env("AWS_SESSION_TOKEN", "hunter2token0123456789");
    command
}

fn run(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_file_chooses_neither_endpoint_nor_service_nor_region_nor_host() {
    let folder = Folder::new("chooses");
    let here = Recorder::start("200 OK", "{}".to_owned());
    type Edit = fn(&mut Value);
    let rows: [(&str, Edit, &str); 6] = [
        ("http://connect.evil.example", |_| {}, "--endpoint http://connect.evil.example"),
        ("https://connect.us-east-1.amazonaws.com", |_| {}, "--endpoint https://connect.us-east-1.amazonaws.com"),
        (&here.url, |case| case["signing_name"] = json!("iam"), "the case is of the service iam"),
        (&here.url, |case| case["region"] = json!("eu-west-3"), "the region eu-west-3"),
        (
            &here.url,
            |case| case["request"]["headers"] = json!([["Host", "iam.amazonaws.com"]]),
            "`Host` is not a header of a saved request",
        ),
        (
            &here.url,
            |case| case["request"]["headers"] = json!([["X-Amz-Security-Token", "t"]]),
            "is not a header of a saved request",
        ),
    ];
    for (endpoint, edit, problem) in rows {
        let file = folder.write("case.json", case(endpoint, edit));
        for mode in [&["--as-sent"][..], &["--curl"], &["--boto3"], &[]] {
            let (code, text) = run(signing(&[&["replay", file.to_str().unwrap()], mode].concat()));
            assert_eq!((code, text.contains(problem)), (Some(2), true), "{endpoint} {mode:?}: {text}");
        }
    }
    assert_eq!(*here.lines.lock().unwrap(), Vec::<String>::new(), "nothing was sent");
    // With what the user named, it goes where the user said.
    let file =
        folder.write("case.json", case("http://connect.evil.example", |case| case["region"] = json!("eu-west-3")));
    let named = ["replay", file.to_str().unwrap(), "--as-sent", "--endpoint", &here.url, "--region", "eu-west-3"];
    let (code, text) = run(signing(&named));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(here.requests(), ["GET /rules/i-1 HTTP/1.1"]);
}

#[test]
fn what_may_write_needs_the_flags_of_a_write() {
    let folder = Folder::new("may-write");
    let here = Recorder::start("200 OK", "{}".to_owned());
    let send = |method: &str, path: &str, headers: Value| {
        let request = json!({"method": method, "uri": path, "headers": headers});
        let file = folder.write("case.json", case(&here.url, |case| case["request"] = request));
        run(signing(&["replay", file.to_str().unwrap(), "--as-sent", "--as-remote"]))
    };
    let rows = [
        ("DELETE", "/x/../contact-flows/i-1/f-1", json!([]), "a proxy may turn it into the path of another operation"),
        ("GET", "/x/%2e%2e/contact-flows/i-1/f-1", json!([]), "a proxy may turn it"),
        ("GET", "/rules//i-1", json!([]), "a proxy may turn it"),
        ("GET", "/rules/i-1;x", json!([]), "a proxy may turn it"),
        ("DELETE", "/no/such/path/of/any", json!([]), "the model has no operation for it"),
        ("GET", "/no/such/path/of/any", json!([]), "the model has no operation for it"),
        ("POST", "/search-contact-flows", json!([]), "its method is POST"),
        (
            "GET",
            "/rules/i-1",
            json!([["x-http-method-override", "DELETE"]]),
            "it has the header x-http-method-override",
        ),
        ("DELETE", "/contact-flows/i-1/f-1", json!([]), "DeleteContactFlow writes; --allow-writes allows it"),
    ];
    for (method, path, headers, problem) in rows {
        let (code, text) = send(method, path, headers);
        assert_eq!((code, text.contains(problem)), (Some(2), true), "{method} {path}: {text}");
    }
    assert_eq!(here.requests(), Vec::<String>::new(), "nothing was sent");
    let (code, text) = send("GET", "/rules/i-1", json!([]));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(here.requests(), ["GET /rules/i-1 HTTP/1.1"]);
}

#[test]
fn printed_commands_do_nothing_but_send_the_request() {
    let folder = Folder::new("commands");
    type Edit = fn(&mut Value);
    let refused: [(Edit, &str); 7] = [
        (|case| case["emulator"] = json!({"defect": "x\ntouch pwned", "resources": null}), "is not a list of ids"),
        (|case| case["emulator"] = json!({"defect": null, "benign": "$(id)"}), "is not a list of ids"),
        (|case| case["emulator"] = json!({"resources": 1_000_000_000_000_u64}), "is more than"),
        (|case| case["request"]["uri"] = json!("@evil.example/"), "is not the path of a request"),
        (|case| case["request"]["method"] = json!("GET' ; touch pwned #"), "is not the method of a request"),
        (|case| case["request"]["headers"] = json!([["a\nb", "c"]]), "is not the name of a header"),
        (|case| case["request"]["headers"] = json!([["a", "b\r\nc"]]), "is not the value of a header"),
    ];
    for (edit, problem) in refused {
        let file = folder.write("case.json", case("http://127.0.0.1:9", edit));
        for mode in ["--curl", "--boto3", "--as-sent"] {
            let (code, text) = run(signing(&["replay", file.to_str().unwrap(), mode]));
            assert_eq!((code, text.contains(problem)), (Some(2), true), "{mode}: {text}");
            assert_eq!(text.lines().map(visible).collect::<Vec<_>>().join("\n"), text.trim_end(), "{mode}");
        }
    }
    // Text that no grammar limits is quoted. The name of the file is part of a comment.
    let name = "a\ntouch pwned\n#.json";
    let edit = |case: &mut Value| {
        case["steps"] = json!(["one", "two"]);
        case["request"]["body"] = json!(format!("{HOSTILE}'\"; touch pwned; '"));
        case["request"]["headers"] = json!([["x-text", "'; touch pwned; ' $(touch pwned)"]]);
    };
    folder.write(name, case("http://127.0.0.1:9", edit));
    let printed = |mode: &str| {
        let mut command = program::program(&folder.0, &["replay", name, mode]);
        command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "hunter2secret");
        let (code, text) = run(command);
        assert_eq!(code, Some(0), "{text}");
        for line in text.lines() {
            assert_eq!(visible(line), line, "{mode}");
        }
        text
    };
    let curl = folder
        .write("curl.sh", format!("curl() {{ for word; do :; done; printf '%s' \"$word\"; }}\n{}", printed("--curl")));
    let ran = Command::new("sh").arg(&curl).current_dir(&folder.0).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "http://127.0.0.1:9/rules/i-1", "{ran:?}");
    // A program for Python that imports modules which do nothing.
    let program = printed("--boto3").lines().filter(|line| !line.starts_with("from ")).collect::<Vec<_>>().join("\n");
    let nothing = "from unittest.mock import MagicMock\nSession = SigV4Auth = URLLib3Session = MagicMock()\n\
                   class AWSRequest:\n    def __init__(self, **given): self.headers = {}; print(given['url'], end='')\n\
                   \x20   def prepare(self): pass\nrequest = None\nshow, print = print, print\n";
    let python = folder.write("program.py", format!("{nothing}{}", program.replace("\nprint(", "\nstr(")));
    let ran = Command::new("python3").arg(&python).current_dir(&folder.0).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "http://127.0.0.1:9/rules/i-1", "{ran:?}");
    assert!(!folder.0.join("pwned").exists());
}

/// Every line is visible, but for the annotations that the program itself makes.
fn assert_harmless(what: &str, text: &str) {
    for line in text.lines() {
        let own = ["::error title=", "::warning title="].into_iter().find(|start| line.starts_with(start));
        let line = own.map_or(line, |start| &line[start.len()..]);
        // The end of the title.
        let line = if own.is_some() { line.split_once("::").unwrap().1 } else { line };
        assert_eq!(visible(line), line, "{what}");
    }
}

#[test]
fn nothing_that_others_wrote_reaches_a_log_as_it_is() {
    let folder = Folder::new("logs");
    let body = json!({"message": HOSTILE, "Message": HOSTILE, "__type": HOSTILE, HOSTILE: HOSTILE}).to_string();
    let here = Recorder::start("400 Bad Request", body);
    let at = folder.at("run");
    let run_words =
        ["run", "--endpoint", &here.url, "--operations", "ListRules,CreateRule", "--notes", "-v", "--report-dir", &at];
    let on_github = |words: &[&str]| {
        let mut command = conformance(words);
        command.env("GITHUB_ACTIONS", "true");
        run(command)
    };
    let (code, text) = on_github(&run_words);
    assert!(matches!(code, Some(1 | 3)) && text.contains("add-mask"), "{code:?} {text}");
    assert_harmless("run", &text);
    let log = std::fs::read_to_string(Path::new(&at).join("trials.log")).unwrap();
    assert!(
        log.contains("add-mask") && log.lines().all(|line| line.starts_with("test ") || line.starts_with("    ")),
        "{log}"
    );
    assert_harmless("trials.log", &log);
    let (_, text) = on_github(&[&run_words[..], &["--format", "json"]].concat());
    assert!(text.contains("add-mask"), "{text}");
    assert_harmless("run --format json", &text);
    for finding in std::fs::read_dir(Path::new(&at).join("findings")).unwrap().take(3) {
        let finding = finding.unwrap().path();
        for mode in [&["--as-sent"][..], &[]] {
            let (_, text) = on_github(&[&["replay", finding.to_str().unwrap()], mode].concat());
            assert!(text.contains("add-mask"), "{text}");
            assert_harmless("replay", &text);
        }
    }
    // A report in which every text that may be free is hostile.
    let mut report = folder.report("run");
    for key in ["rule", "expected", "actual", "pointer", "evidence"] {
        for finding in report["findings"].as_array_mut().unwrap() {
            finding[key] = json!(HOSTILE);
        }
    }
    for cause in report["causes"].as_array_mut().unwrap() {
        (cause["rule"], cause["way"]) = (json!(HOSTILE), json!(HOSTILE));
    }
    for key in ["leaks", "stale", "not_sent", "left_out", "journals"] {
        report[key] = json!([HOSTILE]);
    }
    report["learned"] = json!({HOSTILE: {HOSTILE: 1}});
    report["stopped_because"] = json!(HOSTILE);
    folder.write("hostile/report.json", report.to_string());
    let merged = folder.at("merged");
    for mode in [&["-v", "--notes"][..], &["-q"], &["--format", "json"]] {
        let (code, text) = on_github(&[&["merge", &folder.at("hostile"), "--report-dir", &merged], mode].concat());
        assert!(code.is_some_and(|code| code < 6) && text.contains("add-mask"), "{text}");
        assert_harmless("merge", &text);
    }
    // Errors.
    report["model"]["digest"] = json!(HOSTILE);
    folder.write("hostile/report.json", report.to_string());
    let hostile = folder.at("hostile");
    let errors: [&[&str]; 4] = [
        &["merge", &hostile],
        &["run", "--operations", HOSTILE],
        &["run", "--endpoint", HOSTILE],
        &["explain", HOSTILE],
    ];
    for words in errors {
        let (code, text) = on_github(words);
        assert_eq!((code, text.contains("add-mask")), (Some(2), true), "{text}");
        assert_harmless("an error", &text);
    }
}

#[test]
fn an_error_quotes_the_flags_that_it_suggests() {
    let folder = Folder::new("suggested");
    let endpoint = "https://connect.us-east-1.amazonaws.com/$(touch${IFS}pwned)";
    let file = folder.write("case.json", case(endpoint, |_| {}));
    let (code, text) = run(conformance(&["replay", file.to_str().unwrap(), "--as-sent"]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains(&format!("--endpoint '{endpoint}'")), "{text}");
}

#[test]
fn a_report_with_any_digest_is_merged_or_refused() {
    let folder = Folder::new("digest");
    let at = folder.at("run");
    let (code, ..) = output(&["run", "ListRules/shape.json", "--report-dir", &at]);
    assert_eq!(code, Some(0));
    let mut report = folder.report("run");
    report["model"]["digest"] = json!("дайджест сборки модели");
    folder.write("run/report.json", report.to_string());
    let mut command = conformance(&["merge", &at, "--report-dir", &folder.at("merged")]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", folder.at("summary.md"));
    let (code, text) = run(command);
    assert_eq!((code, text.contains("is not a digest")), (Some(2), true), "{text}");
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    below.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn every_promise_of_the_readme_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("conformance/README.md")).unwrap();
    let section = readme.split("\n## Security\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let promises: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(promises.len() > 10, "{section}");
    let text: String = ["conformance", "model/src", "fuzz/src"]
        .into_iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    for promise in promises {
        let tests = promise.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {promise}");
        for name in names {
            let is_test = text.contains(&format!("fn {name}() {{\n"));
            let is_target = text.contains(&format!("const NAME: &'static str = \"{name}\""));
            assert!(is_test || is_target, "no test {name}: {promise}");
        }
    }
}
