//! Hostile and broken endpoints: each row is a server that misbehaves in one way for one operation, or for all. The run ends,
//! reports what happened, judges the other operations as usual, and stays within its memory limit.
#![allow(clippy::unwrap_used, clippy::panic)]

mod hostile_server;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use hostile_server::{HostileServer, Misbehaviour as M};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use tokio::runtime::Handle;

/// Longest duration of a run; far more than it needs, for busy machines.
const DEADLINE: Duration = Duration::from_secs(120);

/// Largest memory of a run, in bytes.
const MAX_MEMORY: u64 = 200_000_000;

/// The operation for which the server misbehaves.
const AFFECTED: &str = "ListContactFlows";

/// An operation that the server serves as usual.
const HEALTHY: &str = "ListRules";

/// Core operations, and some whose responses are synthesized.
const MANY: &str = "CreateRule,ListRules,DescribeRule,CreateContactFlow,ListContactFlows,DescribeContactFlow,\
                    SearchContactFlows,ListContactFlowModules,ListQueues,ListUsers,DescribeUser,ListPrompts";

/// A misbehaviour and the expected result of the run.
struct Row {
    name: &'static str,
    misbehaviour: M,
    exit: i32,
    /// A case, its expected outcome, and a part of its message.
    reports: &'static [(&'static str, Reported, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reported {
    Finding,
    Indeterminate,
}
use Reported::{Finding, Indeterminate};

const fn row(
    name: &'static str,
    misbehaviour: M,
    exit: i32,
    reports: &'static [(&'static str, Reported, &'static str)],
) -> Row {
    Row { name, misbehaviour, exit, reports }
}

const ROWS: &[Row] = &[
    row("healthy", M::Healthy, 0, &[]),
    row(
        "never-answers",
        M::NeverAnswers,
        3,
        &[
            ("ListContactFlows/shape.json", Indeterminate, "timeout: no complete response within"),
            (
                "ListContactFlows/invalid.range-max/MaxResults",
                Indeterminate,
                "gave-up: not sent: 5 requests in a row to ListContactFlows",
            ),
        ],
    ),
    row(
        "drips",
        M::Drips,
        3,
        &[
            ("ListContactFlows/shape.json", Indeterminate, "status 200 and"),
            (
                "ListContactFlows/invalid.range-max/MaxResults",
                Indeterminate,
                "gave-up: not sent: 5 requests in a row to ListContactFlows",
            ),
        ],
    ),
    row(
        "continues-for-ever",
        M::ContinuesForEver,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "timeout: no complete response within")],
    ),
    row("resets", M::Resets, 3, &[("ListContactFlows/shape.json", Indeterminate, "reset: connection closed")]),
    row(
        "closes-half-way",
        M::ClosesHalfWay,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "reset: connection closed before the response was complete")],
    ),
    row(
        "ten-gigabytes",
        M::TenGigabytes,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "too-large: response body larger than 2097152 bytes")],
    ),
    row(
        "chunks-for-ever",
        M::ChunksForEver,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "too-large: response body larger than 2097152 bytes")],
    ),
    row(
        "gzip-bomb",
        M::GzipBomb,
        1,
        &[("ListContactFlows/shape.json", Finding, "the response has Content-Encoding gzip, which was not requested")],
    ),
    row(
        "redirects-in-a-circle",
        M::RedirectsInACircle,
        1,
        &[("ListContactFlows/shape.status", Finding, "302, a redirect to http://127.0.0.1:")],
    ),
    row(
        "redirects-elsewhere",
        M::RedirectsElsewhere,
        1,
        &[("ListContactFlows/shape.status", Finding, "/elsewhere, which is not followed")],
    ),
    row(
        "html",
        M::Html,
        1,
        &[
            ("ListContactFlows/shape.json", Finding, "not JSON"),
            ("ListContactFlows/shape.content-type", Finding, "text/html"),
        ],
    ),
    row("invalid-utf8", M::InvalidUtf8, 1, &[("ListContactFlows/shape.json", Finding, "invalid unicode code point")]),
    row("duplicate-key", M::DuplicateKey, 0, &[("ListContactFlows/shape.json", Finding, "a key that occurs twice")]),
    row("deep-json", M::DeepJson, 1, &[("ListContactFlows/shape.json", Finding, "nested more than 64 deep")]),
    row(
        "many-values",
        M::ManyValues,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "too-large: response body with more than 100000 JSON values")],
    ),
    row(
        "promises-too-much",
        M::PromisesTooMuch,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "reset: connection closed before the response was complete")],
    ),
    row(
        "promises-too-much-and-holds",
        M::PromisesTooMuchAndHolds,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "timeout: no complete response within")],
    ),
    row("promises-too-little", M::PromisesTooLittle, 1, &[("ListContactFlows/shape.json", Finding, "not JSON")]),
    row(
        "endless-token",
        M::EndlessToken,
        1,
        &[("ListContactFlows/pagination.terminates", Finding, "pages contain no new items, each with a new token")],
    ),
    row(
        "endless-empty-pages",
        M::EndlessEmptyPages,
        3,
        &[("ListContactFlows/pagination.terminates", Finding, "pages contain no new items, each with a new token")],
    ),
    row(
        "large-header",
        M::LargeHeader,
        3,
        &[("ListContactFlows/shape.json", Indeterminate, "too-large: response head larger than 65536 bytes")],
    ),
    row(
        "many-headers",
        M::ManyHeaders,
        3,
        &[(
            "ListContactFlows/shape.json",
            Indeterminate,
            "too-large: response head larger than 65536 bytes or 100 headers",
        )],
    ),
    row("extra-answer", M::ExtraAnswer, 0, &[]),
];

/// Misbehaviour of all operations, in the ways that cost most memory: the flags of the run, and its expected result.
const ALL: &[(&[&str], Row)] = &[
    (
        &["--operations", MANY],
        row(
            "all/large-json",
            M::LargeJson,
            1,
            &[("ListContactFlows/pagination.end-without-token", Finding, "cannot be sent: path")],
        ),
    ),
    (
        &["--operations", MANY],
        row("all/gzip-bomb", M::GzipBomb, 1, &[("CreateRule/shape.json", Finding, "has Content-Encoding gzip")]),
    ),
    (
        &["--operations", MANY, "--checks", "shape,error"],
        row("all/many-values", M::ManyValues, 3, &[("CreateRule/shape.json", Indeterminate, "more than 100000 JSON")]),
    ),
    (
        &["--operations", MANY, "--checks", "shape,error"],
        row("all/long-keys", M::LongKeys, 1, &[("CreateRule/shape.unknown-member", Finding, "a number")]),
    ),
    (
        &["--operations", MANY, "--checks", "shape,error,invalid"],
        row("all/long-error-name", M::LongErrorName, 1, &[("CreateRule/error.modelled", Finding, "xxx…")]),
    ),
    (
        &["--checks", "history"],
        row(
            "all/long-member",
            M::LongMember,
            3,
            &[("CreateQueue/history.linearizable", Indeterminate, "the answers of a history have more than")],
        ),
    ),
    (
        &["--operations", "List*", "--checks", "shape", "--jobs", "1"],
        row("all/goes-away", M::GoesAway, 3, &[("ListViews/shape.json", Indeterminate, "operation unknown (404")]),
    ),
    (
        &["--operations", "Create*", "--checks", "shape", "--jobs", "1"],
        row("all/goes-away-from-writes", M::GoesAway, 3, &[("CreateViewVersion/shape.json", Indeterminate, "(404")]),
    ),
    (
        &["--checks", "shape,error"],
        row("all/full-head", M::FullHead, 1, &[("CreateRule/shape.required", Finding, "nothing")]),
    ),
];

type Peaks = Arc<Mutex<BTreeMap<String, u64>>>;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arguments = Arguments::from_args();
    let (peaks, baseline) = (Peaks::default(), Arc::new(OnceLock::new()));
    let mut trials = Vec::new();
    let mut add = |name: &'static str, test: Box<dyn FnOnce(&Handle) -> Peak + Send>| {
        let (handle, peaks) = (runtime.handle().clone(), Arc::clone(&peaks));
        trials.push(Trial::test(name, move || {
            let peak = test(&handle);
            peaks.lock().unwrap().insert(name.to_owned(), peak);
            Ok::<(), Failed>(())
        }));
    };
    for row in ROWS {
        let baseline = Arc::clone(&baseline);
        add(row.name, Box::new(move |handle| one_operation(handle, row, &baseline)));
    }
    for (flags, row) in ALL {
        add(row.name, Box::new(move |handle| everything(handle, row, flags)));
    }
    add("another-answer", Box::new(another_answer));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some((name, peak)) = peaks.lock().unwrap().iter().max_by_key(|(_, peak)| **peak) {
        println!("highest peak of memory: {:.0} MB ({name})", *peak as f64 / 1e6);
    }
    conclusion.exit_code()
}

/// Bytes; 0 if the system does not report them.
type Peak = u64;

/// A completed run.
struct Ended {
    exit: Option<i32>,
    report: Value,
    text: String,
    peak: Peak,
    folder: PathBuf,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs the command against a server and waits for its end.
fn run(server: &HostileServer, name: &str, flags: &[&str]) -> Ended {
    let name = format!("connect-hostile-{}-{}", std::process::id(), name.replace('/', "-"));
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let report = folder.join("report");
    let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect-conformance"));
    command.args(["run", "--endpoint", &server.url, "--instance-id", &server.instance, "--seed", "7", "--walks", "0"]);
    command.args(["--timeout", "0.5", "--report-dir", report.to_str().unwrap()]).args(flags);
    // Signed, because credentials must not be sent to the host of a redirect.
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIHIDDEN");
    command.env("AWS_SESSION_TOKEN", "IQoJb3JpZ2luHIDDEN").env_remove("AWS_PROFILE");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("NO_COLOR", "1");
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY").stdin(Stdio::null());
    command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
    let mut child = command.spawn().unwrap();
    let (exit, peak) = watch(&mut child);
    let text = [stdout, stderr].map(|path| std::fs::read_to_string(path).unwrap()).concat();
    let exit = exit.unwrap_or_else(|| panic!("still running after {DEADLINE:?}:\n{text}"));
    let report = std::fs::read(report.join("report.json")).ok();
    let report = report.map(|bytes| serde_json::from_slice(&bytes).unwrap()).unwrap_or_default();
    assert!(peak < MAX_MEMORY, "{} MB of memory:\n{text}", peak / 1_000_000);
    Ended { exit, report, text, peak, folder }
}

/// Waits for the end of a process, killing it after the deadline. Returns its exit code and its peak memory.
fn watch(child: &mut Child) -> (Option<Option<i32>>, Peak) {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let (begun, mut peak) = (Instant::now(), 0);
    loop {
        peak = peak.max(high_water(&status).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (Some(status.code()), peak);
        }
        if begun.elapsed() > DEADLINE {
            child.kill().unwrap();
            child.wait().unwrap();
            return (None, peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().trim_end_matches(" kB").parse::<u64>().ok()?)
}

/// Outcomes of the healthy operation, by case.
fn outcomes(report: &Value) -> BTreeMap<String, String> {
    let lines = report["cases"].as_array().unwrap().iter();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let all = lines.map(|line| (text(line, "case"), text(line, "outcome")));
    all.filter(|(case, _)| case.starts_with(&format!("{HEALTHY}/"))).collect()
}

fn one_operation(runtime: &Handle, row: &Row, baseline: &OnceLock<BTreeMap<String, String>>) -> Peak {
    let flags = ["--operations", &format!("{AFFECTED},{HEALTHY}")];
    let expected = baseline.get_or_init(|| {
        let ended =
            run(&HostileServer::start(runtime, M::Healthy, &[AFFECTED]), &format!("{}-baseline", row.name), &flags);
        outcomes(&ended.report)
    });
    let server = HostileServer::start(runtime, row.misbehaviour, &[AFFECTED]);
    let ended = run(&server, row.name, &flags);
    assert!(server.met() > 0, "no request met the misbehaviour");
    assert_eq!(ended.exit, Some(row.exit), "{}", ended.text);
    let passed = expected.values().filter(|outcome| *outcome == "passed").count();
    assert!(passed > 30, "{passed} cases of {HEALTHY} pass on a healthy server");
    assert_eq!(outcomes(&ended.report), *expected, "the other operation is judged as usual");
    let totals = &ended.report["totals"];
    assert_eq!(totals["planned"], totals["executed"], "{totals}");
    for (case, reported, part) in row.reports {
        assert_reported(&ended, case, *reported, part);
    }
    if row.reports.iter().any(|(_, _, part)| part.starts_with("gave-up")) {
        assert!(ended.text.contains("in a row without a whole answer: ListContactFlows ("), "{}", ended.text);
    }
    assert_eq!(server.other.heads(), Vec::<String>::new(), "a redirect was followed");
    assert!(!ended.report.to_string().contains("UnrequestedException"), "an unrequested response was judged");
    ended.peak
}

/// Asserts that the report has a case with this outcome and message.
fn assert_reported(ended: &Ended, case: &str, reported: Reported, part: &str) {
    let (list, key) = if reported == Finding { ("findings", "actual") } else { ("cases", "why") };
    let lines: Vec<&Value> =
        ended.report[list].as_array().unwrap().iter().filter(|line| line["case"] == case).collect();
    let found = lines.iter().any(|line| line[key].as_str().is_some_and(|text| text.contains(part)));
    assert!(found, "{case} is not reported with `{part}`: {lines:#?}\n{}", ended.text);
    let outcome = |line: &&Value| line["case"] == case && line["outcome"] == "indeterminate";
    let is_indeterminate = ended.report["cases"].as_array().unwrap().iter().any(|line| outcome(&line));
    assert_eq!(is_indeterminate, reported == Indeterminate, "{case}");
}

/// Every operation misbehaves: the run still ends, within its memory limit.
fn everything(runtime: &Handle, row: &Row, flags: &[&str]) -> Peak {
    let server = HostileServer::start(runtime, row.misbehaviour, &[]);
    let ended = run(&server, row.name, flags);
    assert_eq!(ended.exit, Some(row.exit), "{}", ended.text);
    let totals = &ended.report["totals"];
    assert!(totals["planned"].as_u64().unwrap() > 100, "{totals}");
    assert_eq!(totals["planned"], totals["executed"], "{totals}");
    assert!(server.met() > 50, "{}", server.met());
    for (case, reported, part) in row.reports {
        assert_reported(&ended, case, *reported, part);
    }
    ended.peak
}

/// Mixed-up connections: a request for one flow gets the response for another.
fn another_answer(runtime: &Handle) -> Peak {
    let server = HostileServer::start(runtime, M::AnotherAnswer, &["DescribeContactFlow"]);
    let ended = run(&server, "another-answer", &["CreateContactFlow/lifecycle.create-describe"]);
    assert_eq!(ended.exit, Some(1), "{}", ended.text);
    assert_reported(&ended, "CreateContactFlow/lifecycle.create-describe", Finding, "sample-flow-00001");
    ended.peak
}
