//! Runs in parts: sharded and merged, stopped and continued.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::process::{Command, Stdio};

use connect_checks::coverage::Reached;
use serde_json::Value;

use program::{Folder, SMALL, conformance, continuation, emulator, outcomes, output};

#[test]
fn merges_shards_into_the_whole_run() {
    let folder = Folder::new("shards");
    let run = |name: &str, more: &[&str]| {
        let at = folder.at(name);
        output(&[&["run"], &SMALL[..], &["--defect", "timestamp-iso", "--report-dir", &at], more].concat())
    };
    assert_eq!(run("whole", &[]).0, Some(1));
    let parts: Vec<String> = (1..=3).map(|at| folder.at(&at.to_string())).collect();
    for (at, shard) in [("1", "1/3"), ("2", "2/3"), ("3", "3/3")] {
        let (code, stdout, stderr) = run(at, &["--shard", shard]);
        assert!(matches!(code, Some(0 | 1)), "{stdout}{stderr}");
        assert!(stdout.contains(&format!("part {shard} of the plan")), "{stdout}");
    }
    let merged = folder.at("merged");
    let merge = |parts: &[&str]| output(&[&["merge", "--report-dir", &merged], parts].concat());
    let (code, stdout, stderr) = merge(&[&parts[0], &parts[1], &parts[2]]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    let (whole, sum) = (folder.report("whole"), folder.report("merged"));
    assert_eq!(outcomes(&whole), outcomes(&sum));
    assert!(outcomes(&whole).len() > 200);
    for key in ["totals", "failed_cases", "left_out"] {
        assert_eq!(whole[key], sum[key], "{key}");
    }
    for key in ["constraints", "limits", "limits_by_operation", "reach"] {
        assert_eq!(whole["coverage"][key], sum["coverage"][key], "{key}");
    }
    // A limit is reached, or named with its reason.
    let limits = whole["coverage"]["limits_by_operation"].as_object().unwrap();
    let reasons = limits.values().flat_map(|of| of["not_reached"].as_object().into_iter().flat_map(|of| of.values()));
    assert!(reasons.clone().count() > 0 && reasons.clone().all(|why| why != Reached::NOT_TRIED), "{limits:?}");
    assert_eq!(
        limits.values().map(|of| of["total"].as_u64().unwrap()).sum::<u64>(),
        whole["coverage"]["limits"]["total"]
    );
    for name in ["report.html", "junit.xml"] {
        assert!(std::fs::metadata(folder.0.join("merged").join(name)).unwrap().len() > 10_000, "{name}");
    }
    // Reports that are not parts of one run are rejected.
    let (code, _, stderr) = merge(&[&parts[0], &parts[0]]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("INCOMPLETE: part 1/3 is in two of the reports, and the parts 2/3, 3/3 are missing"),
        "{stderr}"
    );
    // A report without all parts is incomplete, too.
    let (code, stdout, stderr) = merge(&[&parts[0], &parts[2]]);
    assert_eq!((code, stdout.contains("INCOMPLETE: Part 2/3 is missing")), (Some(3), true), "{stdout}{stderr}");
    let (code, _, stderr) = merge(&[&folder.at("nowhere")]);
    assert_eq!((code, stderr.contains("cannot read the report")), (Some(2), true), "{stderr}");
}

#[cfg(unix)]
#[test]
fn resumes_interrupted_runs() {
    let folder = Folder::new("resume");
    let at = folder.at("run");
    // Slow enough to be interrupted in the middle.
    let (_emulator, url) = emulator(&["--rps", "200", "--burst", "8"]);
    let url = url.as_str();
    let all = ["--operations", "CreateRule,ListRules", "--walks", "0", "--endpoint", url, "--report-dir", &at];
    let begun = [&["run"], &all[..], &["--seed", "5"]].concat();
    let mut child = conformance(&begun).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let log = folder.0.join("run/trials.log");
    let lines = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    while lines() < 20 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let stopped = folder.report("run");
    assert_eq!(stopped["stopped_because"], "interrupted");
    let done = outcomes(&stopped).len();
    assert!(done > 10 && (done as u64) < stopped["totals"]["planned"].as_u64().unwrap(), "{done}");
    let ended = folder.at("ended");
    assert_eq!(output(&["run", "CreateRule/shape.json", "--report-dir", &ended]).0, Some(0));
    let (code, stdout, stderr) = output(&["run", "--resume", &ended, "--report-dir", &ended]);
    assert!(
        code == Some(2)
            && stderr.contains("that run has ended with a result for each of its cases (1), and nothing is left"),
        "{stdout}{stderr}"
    );
    // A selection that is given again must be that of the run.
    let (code, _, stderr) = output(&["run", "--resume", &at, "--operations", "ListRules", "--report-dir", &at]);
    assert_eq!((code, stderr.contains("was CreateRule,ListRules in that run")), (Some(2), true), "{stderr}");
    let (code, _, stderr) = output(&["run", "--resume", &at, "--walk-length", "21", "--report-dir", &at]);
    assert_eq!((code, stderr.contains("--walk-length")), (Some(2), true), "{stderr}");
    // With another folder, and without the selection and the endpoint of the first run.
    let rest = folder.at("rest");
    assert_eq!(output(&["run", "--operations", "ListRules", "--walks", "0", "--report-dir", &rest]).0, Some(0));
    std::fs::write(folder.0.join("rest/findings/other.json"), "{}").unwrap();
    let (code, stdout, stderr) = output(&["run", "--report-dir", &rest, "--resume", &at]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(!folder.0.join("rest/findings/other.json").exists(), "a finding of another run");
    let whole = folder.report("rest");
    assert!(stdout.contains(&format!("from which it takes the results of {} cases", done)), "{stdout}");
    assert_eq!((&whole["seed"], &whole["interrupted"]), (&5.into(), &false.into()));
    assert_eq!(whole["totals"]["planned"], stopped["totals"]["planned"]);
    assert_eq!(whole["totals"]["executed"], stopped["totals"]["planned"]);
    let (code, _, stderr) = output(&[&["run"], &all[..], &["--resume", &folder.at("no")]].concat());
    assert_eq!((code, stderr.contains("cannot read the report")), (Some(2), true), "{stderr}");
}

#[cfg(unix)]
#[test]
fn continues_a_run_that_was_killed_in_its_first_seconds() {
    let folder = Folder::new("killed");
    let at = folder.at("run");
    let (_emulator, url) = emulator(&["--rps", "100", "--burst", "1"]);
    let all = ["run", "--checks", "shape,error", "--operations", "CreateRule,ListRules", "--walks", "0", "--seed", "5"];
    let begun = [&all[..], &["--endpoint", &url, "--report-dir", &at]].concat();
    let mut child = conformance(&begun).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !folder.0.join("run/report.json").exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = folder.report("run");
    assert_eq!(killed["exit_code"], 3, "{}", killed["totals"]);
    let (code, stdout, stderr) = output(&["run", "--resume", &at, "--report-dir", &at]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let whole = folder.report("run");
    assert_eq!(whole["totals"]["executed"], killed["totals"]["planned"]);
    assert_eq!((&whole["seed"], &whole["interrupted"]), (&5.into(), &false.into()));
}

/// The endpoint knows the names and tokens of the first run, and the second one draws the same values.
#[test]
fn right_requests_are_right_in_a_second_run_with_the_same_seed() {
    let folder = Folder::new("again");
    let (_emulator, url) = emulator(&[]);
    let at = folder.at("run");
    let operations = "CreateInstance,CreateRule,CreateContactFlow,UpdateContactFlowName";
    for _ in 0..2 {
        let words =
            ["run", "accept", "--seed", "5", "--operations", operations, "--endpoint", &url, "--report-dir", &at];
        let (code, stdout, stderr) = output(&words);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
    }
}

#[test]
fn parts_need_about_the_same_number_of_requests() {
    let requests = |operations: &str, shard: &str| {
        let words =
            ["plan", "--operations", operations, "--walks", "0", "--seed", "5", "--format", "json", "--shard", shard];
        let (code, stdout, stderr) = output(&words);
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()["requests"].as_f64().unwrap()
    };
    for operations in
        ["CreateRule,ListRules", "CreateUser", "SearchUsers", "CreateRule,UpdateRule,UpdateEvaluationForm"]
    {
        let parts = [requests(operations, "1/2"), requests(operations, "2/2")];
        let share = parts[0] / (parts[0] + parts[1]);
        assert!((0.45..=0.55).contains(&share), "{operations}: {parts:?}");
    }
}

#[test]
fn stops_at_the_limit_of_requests() {
    let folder = Folder::new("budget");
    let (at, (_emulator, url)) = (folder.at("run"), emulator(&[]));
    let all = ["run", "--operations", "CreateRule", "--walks", "0", "--endpoint", &url, "--report-dir", &at];
    let (code, stdout, stderr) = output(&[&all[..], &["--max-requests", "100"]].concat());
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    let report = folder.report("run");
    assert_eq!(report["stopped_because"], "--max-requests: 100 were sent");
    assert!(stdout.contains("INCOMPLETE: The run was stopped (--max-requests: 100 were sent)"), "{stdout}");
    assert!(stdout.contains(&format!("continue: cargo conformance run --resume {at} --report-dir {at}\n")), "{stdout}");
    assert!(report["requests"].as_u64().unwrap() <= 100 && !outcomes(&report).is_empty());
    // Resuming on another endpoint is rejected before the first report is lost.
    let (_elsewhere, other) = emulator(&[]);
    let elsewhere: Vec<&str> = all.iter().map(|word| if *word == url { other.as_str() } else { *word }).collect();
    let (code, _, stderr) = output(&[&elsewhere[..], &["--resume", &at]].concat());
    assert_eq!((code, stderr.contains("the target is")), (Some(2), true), "{stderr}");
    assert_eq!(folder.report("run"), report);
    let (code, stdout, stderr) = output(&[&all[..], &["--resume", &at]].concat());
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}

/// The exit code of a run that is stopped and continued with nothing but its report, after that of the run alone.
fn alone_and_continued(folder: &Folder, run: &[&str], most: &str) -> [Option<i32>; 2] {
    let (alone, stopped) = (folder.at("alone"), folder.at("stopped"));
    let alone = output(&[&["run"], run, &["--report-dir", &alone]].concat()).0;
    let (code, stdout, _) = output(&[&["run"], run, &["--max-requests", most, "--report-dir", &stopped]].concat());
    let command = format!("run --resume {stopped} --report-dir {stopped}");
    assert_eq!((code, stdout.contains(&command)), (Some(3), true), "{stdout}");
    [alone, output(&["run", "--resume", &stopped, "--report-dir", &stopped]).0]
}

#[test]
fn the_printed_command_continues_a_run_with_another_model() {
    let folder = Folder::new("continue-model");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/shelf/service-2.json");
    let at = folder.at("run");
    let run = ["run", "--model", model, "--checks", "shape,invalid", "--max-requests", "20", "--report-dir", &at];
    let (code, stdout, stderr) = output(&run);
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    let (code, stdout, stderr) = output(&continuation(&stdout));
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let totals = &folder.report("run")["totals"];
    assert_eq!(totals["planned"], totals["executed"]);
}

#[test]
fn a_continued_run_replays_the_walks_of_the_run() {
    let folder = Folder::new("resumed-walks");
    let found = folder.at("found");
    let all = ["--operations", "CreateContactFlow", "--checks", "lifecycle.walk,shape", "--defect", "archive-keeps"];
    let long = ["--seed", "6", "--walks", "32", "--walk-length", "25", "--report-dir", &found];
    assert_eq!(output(&[&["run"], &all[..], &long].concat()).0, Some(1));
    let walks = folder.at("found/walks");
    // Two steps do not find it.
    let short = [&all[..], &["--seed", "6", "--walks", "1", "--walk-length", "2"]].concat();
    let none = folder.at("none");
    assert_eq!(output(&[&["run"], &short[..], &["--report-dir", &none]].concat()).0, Some(0));
    let replayed = [&short[..], &["--walk-regressions", &walks]].concat();
    assert_eq!(alone_and_continued(&folder, &replayed, "5"), [Some(1), Some(1)]);
}

#[test]
fn a_continued_run_compares_with_the_answers_of_the_run() {
    let folder = Folder::new("resumed-learned");
    let learned = folder.at("learned.json");
    let all =
        ["--operations", "ListRules,DescribeContactFlow,CreateRule", "--seed", "5", "--walks", "0", "--histories", "0"];
    let at = folder.at("first");
    assert_eq!(output(&[&["run"], &all[..], &["--write-learned", &learned, "--report-dir", &at]].concat()).0, Some(0));
    let compared = [&all[..], &["--benign", "duplicate-keys-refused", "--learned", &learned]].concat();
    assert_eq!(alone_and_continued(&folder, &compared, "30"), [Some(4), Some(4)]);
}
