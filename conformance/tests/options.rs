//! Options of runs: the configuration file, patterns, early ends, and what commands print for people.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use program::{Folder, program};

#[test]
fn a_configuration_file_gives_options_and_the_command_line_wins() {
    let folder = Folder::new("file");
    folder.write(
        "sub/nightly.toml",
        "operations = [\"CreateRule\", \"ListRules\"]\nchecks = \"shape\"\nseed = 7\nrps = 900.5\n\
         notes = true\nreport-dir = \"out\"\ncolor = \"never\"\n",
    );
    let (code, stdout, stderr) = folder.run(&["run", "CreateRule", "--seed", "8", "--config", "sub/nightly.toml"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("seed 8") && stdout.contains("of 1 operation\n"), "{stdout}");
    assert!(folder.0.join("sub/out/report.json").exists(), "a path is relative to the file");
    let line = "configuration from sub/nightly.toml: checks, color, notes, operations, report-dir, rps; \
                not used because of the command line: seed";
    assert!(stderr.contains(line), "{stderr}");
    // The default file, for the default command and for `plan`; its endpoint gives way to a defect.
    folder.write(
        "conformance.toml",
        "endpoint = \"http://127.0.0.1:1\"\ninstance-id = \"i\"\noperations = [\"ListRules\"]",
    );
    for words in [&["plan"][..], &["plan", "ListRules", "--", "--seed"]] {
        let (_, stdout, stderr) = folder.run(words);
        assert!(stderr.starts_with("configuration from conformance.toml: endpoint, instance-id"), "{stdout}{stderr}");
    }
    let (code, _, stderr) = folder.run(&["--checks", "shape.json"]);
    assert!(code == Some(2) && stderr.contains("cannot reach http://127.0.0.1:1"), "{stderr}");
    let (code, _, stderr) = folder.run(&["--checks", "shape.json", "--defect", "page-loses-item"]);
    assert!(code == Some(0) && stderr.contains("because of the command line: endpoint"), "{stderr}");
    let (code, stdout, stderr) = folder.run(&["list", "ListRules/shape.json"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "ListRules/shape.json\n", ""));
}

/// The working directory may be a checkout of others: a file that nobody named chooses no one who gets signed requests.
#[test]
fn a_file_that_nobody_named_permits_nothing_and_chooses_no_endpoint_elsewhere() {
    let folder = Folder::new("found-file");
    let elsewhere = "endpoint = \"http://connect.evil.example\"\n";
    let here = "endpoint = \"http://127.0.0.1:1\"\n";
    let remote = ["--endpoint", "http://connect.evil.example"];
    let mut rows: Vec<(String, &[&str], String)> = vec![
        (elsewhere.to_owned(), &[], "cannot set `endpoint`".to_owned()),
        ("endpoint = \"aws\"".to_owned(), &[], "cannot set `endpoint`".to_owned()),
        (format!("{here}allow-writes = true"), &[], "cannot set `allow-writes`".to_owned()),
        (format!("{here}allow-operation = [\"StartTaskContact\"]"), &[], "cannot set `allow-operation`".to_owned()),
        ("force = true".to_owned(), &[], "cannot set `force`".to_owned()),
        ("resume = \"report\"".to_owned(), &[], "cannot set `resume`".to_owned()),
    ];
    for (key, value) in [("rps", "50"), ("burst", "50"), ("jobs", "8"), ("settle", "0.5")] {
        rows.push((format!("{key} = {value}"), &remote, format!("cannot set `{key}`")));
    }
    for key in ["report-dir", "journal", "walk-regressions", "write-expect", "write-learned"] {
        for place in ["../other", "/tmp/other", "a/../../other", "link/other"] {
            rows.push((format!("{key} = \"{place}\""), &[], format!("outside of its folder, as `{key}` would")));
        }
    }
    std::os::unix::fs::symlink("..", folder.0.join("link")).unwrap();
    let tunnel = ["--endpoint", "http://127.0.0.1:1", "--as-remote"];
    for key in ["instance-id", "account", "region", "profile", "model", "known"] {
        for far in [&remote[..], &tunnel] {
            rows.push((format!("{key} = \"111122223333\""), far, format!("cannot set `{key}`")));
        }
    }
    rows.push((format!("{here}as-remote = true"), &[], "cannot set `endpoint`".to_owned()));
    rows.push((format!("{here}profile = \"prod\""), &[], "cannot set `profile`".to_owned()));
    for (text, words, part) in rows {
        folder.write("conformance.toml", &text);
        let mut words = words.to_vec();
        words.splice(0..0, ["plan", "ListRules/shape.json"]);
        let (code, stdout, stderr) = folder.run(&words);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{text}: {stderr}");
        assert!(
            stderr.contains(&part) && stderr.contains("name it with --config conformance.toml"),
            "{text}: {stderr}"
        );
        words.extend(["--config", "conformance.toml"]);
        let (_, _, stderr) = folder.run(&words);
        assert!(!stderr.contains("cannot set") && !stderr.contains("outside of its folder"), "{text}: {stderr}");
    }
    folder.write("conformance.toml", format!("{elsewhere}allow-writes = false\noperations = \"ListRules\""));
    let (code, stdout, stderr) = folder.run(&["plan", "--endpoint", "http://127.0.0.1:1"]);
    assert!(code == Some(0) && stderr.contains("because of the command line: endpoint"), "{stdout}{stderr}");
}

#[test]
fn a_wrong_entry_is_named_with_its_file() {
    let folder = Folder::new("wrong-file");
    let rows = [
        ("sed = 1", "c.toml: unknown key `sed`; did you mean `seed`"),
        ("allow_writes = true", "unknown key `allow_writes`; did you mean `allow-writes`"),
        ("qqq = 1", "unknown key `qqq`; the keys are the long options"),
        ("seed = \"x\"", "`seed` has the value `x`: give a whole number"),
        ("seed = -1", "`seed` has the value `-1`: give a whole number"),
        ("notes = \"yes\"", "`notes` is true or false, not a value of type string"),
        ("rps = true", "`rps` is a text or a number, not a value of type boolean"),
        ("jobs = [1]", "`jobs` has one value, not a list"),
        ("color = \"red\"", "`color` has the value `red`: give one of auto, always, never"),
        ("format = \"xml\"", "`format` has the value `xml`: give one of text, json"),
        ("operations = [1, []]", "`operations` is a text or a number or a list of texts"),
        ("config = \"other.toml\"", "cannot name another one"),
        ("seed = ", "not TOML"),
        ("instance-id = \"i\"", "--endpoint <URL>"),
    ];
    for (text, part) in rows {
        folder.write("c.toml", text);
        let (code, stdout, stderr) = folder.run(&["run", "--config", "c.toml"]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{text}: {stderr}");
        assert!(stderr.contains(part) && stderr.contains("c.toml"), "{text}: {stderr}");
    }
    folder.write("c.toml", b"seed = \"\xff\"");
    for path in ["c.toml", "no-such.toml", "."] {
        let (code, _, stderr) = folder.run(&["run", "--config", path]);
        assert!(code == Some(2) && stderr.contains(&format!("--config: cannot read {path}")), "{stderr}");
    }
}

#[test]
fn patterns_include_and_exclude_operations_and_checks() {
    let folder = Folder::new("patterns");
    let list = |arguments: &[&str]| {
        let (code, stdout, stderr) = folder.run(&[&["list"], arguments].concat());
        assert_eq!(code, Some(0), "{stderr}");
        stdout
    };
    let some = list(&["--operations", "*Rule", "--exclude-operations", "Delete*", "--checks", "shape.*"]);
    assert!(some.contains("CreateRule/shape.json\n") && !some.contains("DeleteRule/") && !some.contains("ListRules/"));
    assert!(some.lines().all(|line| line.contains("/shape.")), "{some}");
    let other = list(&["CreateRule", "--exclude-checks", "shape,invalid.*,error"]);
    assert!(!other.is_empty() && !other.contains("/shape.") && !other.contains("/invalid."), "{other}");
    for flag in ["--operations", "--exclude-operations", "--require"] {
        let (code, _, stderr) = folder.run(&["run", flag, "Creat*Rul"]);
        assert!(
            code == Some(2) && stderr.contains("no operation matches `Creat*Rul`; did you mean `CreateRule`"),
            "{stderr}"
        );
    }
    let (code, _, stderr) = folder.run(&["run", "--exclude-checks", "pagination.dup*"]);
    assert!(code == Some(2) && stderr.contains("no check matches `pagination.dup*`"), "{stderr}");
    let (code, _, stderr) = folder.run(&["run", "--operations", "ListRules", "--exclude-operations", "*"]);
    assert!(code == Some(3) && stderr.contains("nothing is planned"), "{stderr}");
    // A resumed run has the same selection.
    let flags = ["--operations", "ListRules", "--exclude-checks", "shape", "--report-dir", "r", "--max-requests", "2"];
    assert_eq!(folder.run(&[&["run"], &flags[..]].concat()).0, Some(3));
    let (code, _, stderr) = folder.run(&["run", "--resume", "r", "--exclude-checks", "error", "--report-dir", "r"]);
    assert!(code == Some(2) && stderr.contains("--exclude-checks was shape in that run and is error now"), "{stderr}");
}

#[test]
fn a_run_ends_after_the_allowed_failures() {
    let folder = Folder::new("failures");
    let flags = ["--operations", "*Flow*", "--defect", "timestamp-iso", "--max-failures", "2", "--jobs", "1"];
    let (_, stdout, stderr) = folder.run(&[&["run", "--report-dir", "r"], &flags[..]].concat());
    let text = std::fs::read_to_string(folder.0.join("r/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["stopped_because"], "--max-failures: 2 cases failed", "{stdout}{stderr}");
    assert_eq!(report["totals"]["failed"], 2, "{stdout}{stderr}");
}

#[test]
fn the_emulator_says_what_to_try() {
    let folder = Folder::new("emulate");
    let mut child = program(&folder.0, &["emulate"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(7).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let url = lines[0].strip_prefix("listening on ").unwrap();
    let text = lines.join("\n");
    let commands = [
        format!("list-instances --endpoint-url {url}"),
        format!("cargo conformance run --endpoint {url} --instance-id "),
    ];
    assert!(commands.iter().all(|command| text.contains(command)), "{text}");
    assert!(["111122223333", "us-east-1"].iter().all(|part| text.contains(part)), "{text}");
    let made_up = lines[6].strip_prefix("made up ").unwrap();
    assert!(made_up.contains("StartOutboundVoiceContact") && !made_up.contains("DescribeQueue"), "{made_up}");
}

#[test]
fn help_has_headings_and_shells_get_completions() {
    let folder = Folder::new("help");
    let (code, help, _) = folder.run(&["run", "--help"]);
    assert_eq!(code, Some(0));
    for heading in ["Endpoint", "Real accounts", "Cases", "Pace and early end", "Emulator", "Report and output"] {
        assert!(help.contains(&format!("\n{heading}:\n")), "{heading}: {help}");
    }
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, text, _) = folder.run(&["completions", shell]);
        assert!(code == Some(0) && text.contains("exclude-operations"), "{shell}");
    }
}

#[test]
fn reports_of_a_subfolder_go_to_the_workspace() {
    let folder = Folder::new("workspace");
    folder.write("Cargo.lock", "");
    folder.write("model/x", "");
    let mut run = program(&folder.0.join("model"), &["run", "ListRules/shape.json"]);
    let stdout = String::from_utf8(run.output().unwrap().stdout).unwrap();
    assert!(stdout.contains("report: ../target/conformance/report.html"), "{stdout}");
    assert!(folder.0.join("target/conformance/report.json").exists(), "{stdout}");
}

#[test]
fn a_printed_request_says_that_it_is_a_part() {
    let folder = Folder::new("part");
    let case = serde_json::json!({
        "case": "CreateRule/idempotency.x", "operation": "CreateRule", "check": "idempotency.x", "level": "must",
        "rule": "r", "pointer": "", "expected": "e", "actual": "a", "endpoint": "http://127.0.0.1:9",
        "steps": ["create", "create again"], "region": "us-east-1", "signing_name": "connect", "signed": false,
        "emulator": null, "seed": 1, "request": {"method": "GET", "uri": "/x", "headers": []},
        "response": {"status": 500, "headers": []},
    });
    folder.write("case.json", case.to_string());
    for flag in ["--curl", "--boto3"] {
        let (code, stdout, stderr) = folder.run(&["replay", "case.json", flag]);
        assert_eq!(code, Some(0), "{stderr}");
        let note = "# this sends only the deciding request of 2 steps; the whole case again:\n\
                    #   cargo conformance replay case.json\n";
        assert!(stdout.starts_with(note), "{stdout}");
    }
}

/// Text without ids, which differ from run to run.
fn masked(text: &str) -> String {
    let is_id = |word: &str| word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let parts = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let mask = |part: &str| -> String {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        if is_id(word) { part.replacen(word, "…", 1) } else { part.to_owned() }
    };
    parts.map(mask).collect()
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let section = readme.split("\n## A finding\n").nth(1).unwrap();
    let shown = section.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = Folder::new("readme");
    let (code, stdout, stderr) = folder.run(&["run", "ListContactFlows", "--defect", "page-loses-item"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    let printed = masked(&stdout);
    for line in shown.lines() {
        // A request id in the middle of a token, and the folder of the report, differ.
        let part = masked(line.split("?maxResults").next().unwrap().split("target/").next().unwrap());
        assert!(printed.contains(&part), "README.md has a line that is not printed: {part}\n{printed}");
    }
    let verdict = section.split("![The report: ").nth(1).unwrap().split(';').next().unwrap();
    assert!(stdout.contains(verdict), "README.md says {verdict}\n{stdout}");
}

#[test]
fn a_budget_limits_a_family_also_when_the_run_continues() {
    let folder = Folder::new("budget");
    let operations = ["--operations", "CreateRule,ListRules", "--checks", "invalid,shape"];
    let first = [&["run", "--budget", "invalid=30", "--max-requests", "20", "--seed", "5"][..], &operations].concat();
    let report = folder.at("report");
    let (code, stdout, stderr) = folder.run(&[&first[..], &["--report-dir", &report]].concat());
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(stdout.contains(" over the budget, for example "), "{stdout}");
    let (code, _, stderr) = folder.run(&["run", "--resume", &report, "--budget", "invalid=31"]);
    assert!(code == Some(2) && stderr.contains("--budget"), "{stderr}");
    let (code, stdout, stderr) = folder.run(&["run", "--resume", &report, "--report-dir", &report]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let whole = folder.report("report");
    let of_family = |family: &str| {
        let cases = whole["cases"].as_array().unwrap().iter();
        cases.filter(|case| case["case"].as_str().unwrap().contains(&format!("/{family}."))).count()
    };
    assert_eq!(of_family("invalid"), 30);
    assert!(of_family("shape") > 10);
    assert_eq!(whole["totals"]["planned"], whole["totals"]["executed"]);
}

#[test]
fn what_is_required_must_be_planned() {
    let folder = Folder::new("required");
    let run = |more: &[&str]| {
        folder.run(&[&["run", "--operations", "ListRules,ListQueues", "--report-dir", "r", "--force"], more].concat())
    };
    for (flags, exit, part) in [
        (&["--require", "CreateQueue"][..], 3, "--require CreateQueue: no case of it is planned"),
        (&["--require", "access", "--checks", "shape"], 3, "--require access: no case of it is planned"),
        (&["--require", "access", "--budget", "access=0"], 3, "--require access: no case of it is planned"),
        (&["--require", "List*", "--checks", "shape"], 0, ""),
        (&["--require", "ListQueues", "--checks", "shape", "--shard", "1/2"], 0, ""),
    ] {
        let (code, stdout, stderr) = run(flags);
        assert_eq!((code, stderr.contains(part)), (Some(exit), true), "{flags:?}: {stdout}{stderr}");
    }
}
