//! The command as people and scripts use it: flags, exit codes, output.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;

use program::{Folder, SMALL, conformance, emulator, outcomes, output};

/// A case file like that of a run.
fn case_file(name: &str, endpoint: &str) -> PathBuf {
    let text = serde_json::json!({
        "case": "CreateRule/shape.json", "operation": "CreateRule", "check": "shape.json", "level": "must",
        "rule": "r", "pointer": "", "expected": "e", "actual": "a", "endpoint": endpoint, "region": "us-east-1",
        "signing_name": "connect", "signed": false, "emulator": null, "seed": 1,
        "request": {"method": "PUT", "uri": "/rules/a%2Fb", "headers": [["content-type", "application/json"]],
                    "body": "{\"Name\":\"it's\"}"},
        "response": {"status": 500, "headers": []},
    });
    let path = std::env::temp_dir().join(format!("connect-cli-{}-{name}.json", std::process::id()));
    std::fs::write(&path, text.to_string()).unwrap();
    path
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_to_do() {
    let rows: [(&[&str], &str); 11] = [
        (&["--endpoint", "127.0.0.1:1"], "write `http://127.0.0.1:1`"),
        (&["--endpoint", "http://127.0.0.1:1"], "cannot reach http://127.0.0.1:1"),
        (&["--endpoint", "http://h", "--defect", "x"], "cannot be used with"),
        (&["--operations", "CreateRul"], "did you mean `CreateRule`"),
        (&["--require", "ListRule"], "`ListRules`"),
        (&["--checks", "no-such-family"], "unknown check `no-such-family`"),
        (&["--defect", "no-such-defect"], "unknown defect `no-such-defect`"),
        (&["--model", "/no/such/file"], "/no/such/file"),
        (&["cheks"], "checks"),
        (&["explain", "shape.jsn"], "did you mean `shape.json`"),
        (&["explain", "CreateRul/shape.json"], "did you mean `CreateRule`"),
    ];
    for (arguments, part) in rows {
        let (code, stdout, stderr) = output(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
        assert_eq!(stdout, "", "{arguments:?}");
    }
}

#[test]
fn rejects_invalid_walks_before_the_start() {
    let folder = std::env::temp_dir().join(format!("connect-cli-{}-walks", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("bad.json"), "{\"subject\":\"flows\"}").unwrap();
    let regressions = folder.to_str().unwrap();
    let (code, stdout, stderr) = output(&["run", "lifecycle.walk", "--walk-regressions", regressions]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("bad.json: missing field `steps`"), "{stderr}");
    std::fs::remove_dir_all(folder).unwrap();
    let (code, _, stderr) = output(&["--walks", "3", "--checks", "shape", "--operations", "CreateRule"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("no walk is planned"), "{stderr}");
    // Without walks, no case for them is planned.
    let (code, _, stderr) = output(&["run", "lifecycle.walk", "--walks", "0"]);
    assert_eq!(code, Some(3), "{stderr}");
}

#[test]
fn replay_prints_a_curl_command() {
    let case = case_file("curl", "http://127.0.0.1:9/x");
    let (code, stdout, _) = output(&["replay", case.to_str().unwrap(), "--curl"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains(r#"--data-raw '{"Name":"it'\''s"}'"#), "{stdout}");
    assert!(stdout.ends_with("http://127.0.0.1:9/x/rules/a%2Fb\n"), "{stdout}");
    std::fs::remove_file(case).unwrap();
}

#[test]
fn replay_says_that_a_command_sends_one_of_several_calls() {
    let folder = Folder::new("calls");
    let case = "CreateRule/idempotency.concurrent-same-token";
    let at = folder.at("run");
    let (code, stdout, _) = output(&["run", case, "--defect", "race-on-token", "--seed", "3", "--report-dir", &at]);
    assert_eq!(code, Some(1), "{stdout}");
    let file = format!("{at}/findings/CreateRule_idempotency.concurrent-same-token.json");
    for format in ["--curl", "--boto3"] {
        let (code, stdout, stderr) = output(&["replay", &file, format]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.starts_with("# this sends only the deciding request of 8 calls"), "{stdout}");
        assert!(stdout.contains(&format!("#   cargo conformance replay {file}\n")), "{stdout}");
    }
}

#[test]
fn replay_sends_the_saved_request() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\n{\x1b[1m}");
        }
    });
    let case = case_file("send", &endpoint);
    let (code, stdout, stderr) = output(&["replay", case.to_str().unwrap(), "--as-sent"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains(&format!("PUT {endpoint}/rules/a%2Fb\ncontent-type: application/json\n")), "{stdout}");
    assert!(
        stdout.ends_with("\nnot judged: without --as-sent, the case runs again, and its outcome is the exit code\n")
    );
    assert!(stdout.contains("200 (it was 500)") && stdout.contains(r"{\u{1b}[1m}"), "{stdout}");
    std::fs::remove_file(case).unwrap();
}

#[test]
fn replay_runs_the_case_again_on_an_emulator_like_that_of_the_run() {
    let folder = std::env::temp_dir().join(format!("connect-cli-{}-rerun", std::process::id()));
    let report = folder.to_str().unwrap();
    let run = ["run", "CreateContactFlow/lifecycle.duplicate-name", "--seed", "7", "--report-dir", report];
    let (code, stdout, _) = output(&[&run[..], &["--defect", "duplicate-name-accepted"]].concat());
    assert_eq!(code, Some(1), "{stdout}");
    let case = folder.join("findings/CreateContactFlow_lifecycle.duplicate-name.json");
    let (code, stdout, stderr) = output(&["replay", case.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("fails again") && stdout.contains("200 in "), "{stdout}");
    // The same case on an emulator without the defect.
    let good = std::fs::read_to_string(&case).unwrap().replace("\"duplicate-name-accepted\"", "null");
    std::fs::write(&case, good).unwrap();
    let (code, stdout, _) = output(&["replay", case.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("passes now"), "{stdout}");
    let (code, stdout, _) = output(&["replay", case.to_str().unwrap(), "--curl"]);
    assert!(code == Some(0) && stdout.contains("emulate --port 4566 --seed 7"), "{stdout}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn rejects_missing_case_files() {
    let (code, _, stderr) = output(&["replay", "/no/such.json"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("cannot read case file /no/such.json"), "{stderr}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = conformance(&["--help"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn compares_recorded_answers_and_reports_stale_ones() {
    let folder = std::env::temp_dir().join(format!("recorded-{}", std::process::id()));
    let path = folder.to_string_lossy().into_owned();
    let operations = "CreateContactFlow,DescribeContactFlow,ListContactFlows,SearchContactFlows,CreateRule,ListQueues";
    let (code, stdout, stderr) = output(&["record", &path, "--operations", operations]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("of 6 operations"), "{stdout}");
    let file = |name: &str| folder.join(format!("{name}.golden"));
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    let flow = read("DescribeContactFlow");
    assert!(flow.starts_with("# recorded 20"), "{flow}");
    for part in
        ["instance/<instance>/contact-flow/<uuid:1>", "\"<epoch-seconds>\"", "\"Name\": \"<name:1>\"", "<nobody>"]
    {
        assert!(flow.contains(part), "{part}: {flow}");
    }
    // Another run has other ids, but its answers are the same.
    let report = folder.join("report").to_string_lossy().into_owned();
    let compare = |more: &[&str]| {
        let common = ["run", "--golden", &path, "--operations", operations, "--report-dir", &report];
        output(&[&common, more].concat())
    };
    let (code, stdout, stderr) = compare(&[]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let (code, stdout, _) = compare(&["--defect", "timestamp-iso"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("example   DescribeContactFlow/golden.answer/valid"), "{stdout}");
    assert!(stdout.contains("<iso-time>") && stdout.contains("<epoch-seconds>"), "{stdout}");
    // Breaches outside of the recorded part, and in the normalised part.
    for (defect, part) in [("no-request-id", "shape.request-id"), ("names-in-small-letters", "<name-respelled:1>")] {
        let (code, stdout, _) = compare(&["--defect", defect]);
        assert_eq!(code, Some(1), "{defect}: {stdout}");
        assert!(stdout.contains(part), "{defect}: {stdout}");
    }
    // A recorded defect is no difference, even if it affects times and bodies.
    for defect in ["timestamp-iso", "number-as-string", "body-not-json"] {
        let other = folder.join(defect).to_string_lossy().into_owned();
        // A broken total is compared as it is, and depends on the order of concurrent calls.
        let operations = if defect == "timestamp-iso" { operations } else { "CreateRule,DescribeContactFlow" };
        assert_eq!(output(&["record", &other, "--operations", operations, "--defect", defect]).0, Some(0), "{defect}");
        let same = ["run", "--golden", &other, "--operations", operations, "--report-dir", &report, "--defect", defect];
        let (code, stdout, _) = output(&same);
        assert_eq!(code, Some(0), "{defect}: {stdout}");
    }
    // An endpoint that accepts nothing shows only its errors.
    let refused = folder.join("refused").to_string_lossy().into_owned();
    let words = ["record", &refused, "--operations", operations, "--defect", "reject-everything"];
    let (code, stdout, _) = output(&words);
    assert_eq!((code, stdout.contains("accepted no request")), (Some(3), true), "{stdout}");
    let (code, _, stderr) = compare(&["--checks", "shape"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("leave out --checks"), "{stderr}");
    let (code, _, stderr) = output(&["run", "--checks", "golden"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("--golden DIR"), "{stderr}");
    let (code, _, stderr) = compare(&["--seed", "2"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("recorded with seed 1"), "{stderr}");
    // Recording equal answers again keeps the first line of the file.
    std::fs::write(file("CreateRule"), read("CreateRule").replace("# recorded 20", "# recorded 19")).unwrap();
    assert_eq!(output(&["record", &path, "--operations", operations]).0, Some(0));
    assert!(read("CreateRule").starts_with("# recorded 19"));

    // Stale: an unknown operation, a request that is no longer sent, a breach that is fixed, a missing entry.
    std::fs::write(file("GoneOperation"), read("CreateRule")).unwrap();
    let (code, stdout, _) = output(&["run", "--golden", &path, "--report-dir", &report]);
    assert_eq!(code, Some(4), "{stdout}");
    assert_eq!(compare(&[]).0, Some(0), "a run of selected operations ignores the others");
    assert!(stdout.contains("stale: GoneOperation: the model has no such operation"), "{stdout}");
    std::fs::remove_file(file("GoneOperation")).unwrap();
    let right = read("CreateContactFlow");
    let is_stale = |text: String, check: &str| {
        std::fs::write(file("CreateContactFlow"), text).unwrap();
        let (code, stdout, _) = compare(&["--notes"]);
        assert_eq!(code, Some(4), "{check}: {stdout}");
        assert!(stdout.contains(&format!("should CreateContactFlow/{check}")), "{check}: {stdout}");
    };
    is_stale(right.replace("PUT /contact-flows", "POST /flows"), "golden.request/valid");
    let answer = right.rfind("-- answer").unwrap();
    let broken = format!("{}\n-- breaks\nshape.type at /Id: expected text; found 5\n", right[answer..].trim_end());
    is_stale(format!("{}{broken}", &right[..answer]), "golden.divergence/wrong");
    std::fs::write(file("CreateContactFlow"), right).unwrap();
    std::fs::remove_file(file("ListQueues")).unwrap();
    let (code, stdout, _) = compare(&["--notes"]);
    assert_eq!(code, Some(4), "{stdout}");
    assert!(stdout.contains("should ListQueues/golden.entry"), "{stdout}");
    std::fs::remove_dir_all(&folder).unwrap();
    let (code, _, stderr) = output(&["run", "--golden", &path]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains(&path), "{stderr}");
}

#[test]
fn record_writes_nothing_if_an_answer_contains_a_key() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let body = r#"{"Queue":{"Name":"made with AKIAIOSFODNN7EXAMPLE"}}"#;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
            let _ = stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    let folder = std::env::temp_dir().join(format!("recorded-key-{}", std::process::id()));
    let flags = ["--endpoint", &endpoint, "--instance-id", "i-1", "--operations", "DescribePrompt,DescribeQueue"];
    let (code, stdout, stderr) = output(&[&["record", &folder.to_string_lossy()][..], &flags].concat());
    assert_eq!(code, Some(2), "{stdout}{stderr}");
    assert!(stderr.contains("still holds an access key id") && stderr.contains("nothing was written"), "{stderr}");
    assert!(!stderr.contains("AKIA") && !folder.exists(), "{stderr}");
}

#[test]
fn writes_to_no_real_account_that_was_not_named() {
    let folder = Folder::new("account");
    let (at, (_emulator, url)) = (folder.at("run"), emulator(&[]));
    let run = |more: &[&str]| {
        let words = [
            "run",
            "--endpoint",
            &url,
            "--as-remote",
            "--rps",
            "5000",
            "--checks",
            "shape.status,shape.json",
            // The account has no resources, so reads by id are undecided.
            "--allow-undecided",
            "100",
            "--report-dir",
            &at,
        ];
        output(&[&words[..], more].concat())
    };
    let sent = |operation: &str| {
        outcomes(&folder.report("run")).iter().any(|(case, _)| case.split('/').next() == Some(operation))
    };
    // The initial instance of an emulator.
    let instance = "0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01";
    let here = ["--instance-id", instance];
    let (code, stdout, stderr) = run(&here);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(sent("ListRules") && !sent("CreateRule"), "{stdout}");
    let writes = ["--settle", "1", "--allow-writes", "--instance-id", instance, "--account"];
    let rows: [(&[&str], &str); 4] = [
        (&["--allow-writes"], "--account ID --instance-id ID"),
        (&["--allow-operation", "CreateRule"], "--account ID --instance-id ID"),
        (&[&writes[..], &["999999999999"]].concat(), "is in the account 111122223333, not in 999999999999"),
        (
            &["--allow-writes", "--instance-id", "00000000-0000-4000-8000-00000000dead", "--account", "111122223333"],
            "cannot find the account",
        ),
    ];
    for (words, part) in rows {
        let (code, _, stderr) = run(words);
        assert_eq!((code, stderr.contains(part)), (Some(2), true), "{words:?}: {stderr}");
    }
    let (code, stdout, stderr) = run(&[&writes[..], &["111122223333", "--allow-operation", "DeleteInstance"]].concat());
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(sent("CreateRule") && !sent("DeleteInstance") && !sent("StartOutboundVoiceContact"), "{stdout}");
}

#[test]
fn checks_known_divergences() {
    let folder = Folder::new("expect");
    let (at, file) = (folder.at("run"), folder.at("known.toml"));
    let defect = ["--defect", "timestamp-iso"];
    let run = |more: &[&str]| output(&[&["run"], &SMALL[..], &["--report-dir", &at], more].concat());
    let (code, ..) = run(&[&defect[..], &["--write-expect", &file]].concat());
    assert_eq!(code, Some(1));
    // A draft without reasons is rejected.
    let known = ["--expect", &file];
    let (code, _, stderr) = run(&[&defect[..], &known].concat());
    assert_eq!((code, stderr.contains("has no reason")), (Some(2), true), "{stderr}");
    let draft = std::fs::read_to_string(&file).unwrap();
    assert!(draft.contains("case = \"ListRules/shape.timestamp-format\""), "{draft}");
    let filled = draft.replace("reason = \"\"", "reason = \"ISO text by design\"");
    std::fs::write(&file, &filled).unwrap();
    let (code, stdout, _) = run(&[&defect[..], &known].concat());
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("ISO text by design"), "{stdout}");
    assert!(folder.report("run")["totals"]["known"].as_u64().unwrap() > 0);
    // After a fix, the entries are stale. They do not hide another defect.
    let (code, stdout, _) = run(&known);
    assert_eq!((code, stdout.contains("STALE")), (Some(4), true), "{stdout}");
    assert_eq!(run(&[&["--defect", "status-201"], &known[..]].concat()).0, Some(1));
    for (text, part) in [
        ("[[expect]]\ncase = \"NoSuchOperation/*\"\nreason = \"r\"\nexpires = 2999-01-01\n", "matches no case"),
        ("[[expect]]\ncase = \"ListRules/shape.timestamp-format\"\nreason = \"r\"\nexpires = 2001-01-01\n", "expired"),
    ] {
        std::fs::write(&file, filled.clone() + text).unwrap();
        let (code, stdout, _) = run(&[&defect[..], &known].concat());
        assert_eq!((code, stdout.contains(part)), (Some(4), true), "{stdout}");
    }
}

#[test]
fn writes_annotations_and_a_summary_for_github() {
    let folder = Folder::new("github");
    let (summary, at) = (folder.at("summary.md"), folder.at("run"));
    let arguments = [&["run"], &SMALL[..], &["--defect", "timestamp-iso", "--report-dir", &at]].concat();
    let run =
        conformance(&arguments).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
    let stdout = String::from_utf8(run.stdout).unwrap();
    let annotations: Vec<&str> = stdout.lines().filter(|line| line.starts_with("::error title=")).collect();
    assert!(!annotations.is_empty() && annotations.len() <= 10, "{stdout}");
    let text = std::fs::read_to_string(summary).unwrap();
    assert!(text.contains("NOT CONFORMING") && text.contains("shape.timestamp-format"), "{text}");
}

#[test]
fn a_search_that_finds_nothing_is_no_conforming_one() {
    let folder = Folder::new("empty-index");
    let run = ["run", "--operations", "SearchContactFlows", "--defect", "search-index-stays-empty", "--seed", "5"];
    let (code, stdout, _) = output(&[&run[..], &["--report-dir", &folder.at("run")]].concat());
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stdout.contains("undecided for one reason: the index does not show what was created"), "{stdout}");
}
