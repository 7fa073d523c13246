//! Answers that the contract leaves open: recorded once, then compared run by run.
#![allow(clippy::unwrap_used)]

mod program;

use program::{Folder, output};
use serde_json::Value;

/// Runs part of the suite with these flags; returns exit code, stdout and stderr.
fn run(folder: &Folder, seed: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let at = folder.at(&format!("report-{seed}"));
    let operations = "CreateRule,CreateContactFlow,SearchRules,TagResource,DescribeContactFlow";
    let run = ["run", "--operations", operations, "--seed", seed, "--report-dir", &at, "--force"];
    output(&[&run, more].concat())
}

#[test]
fn an_unchanged_endpoint_has_no_differences_and_a_changed_one_has_its_own() {
    let folder = Folder::new("learned");
    let file = folder.at("learned.json");
    for seed in ["1", "2"] {
        let (code, stdout, stderr) = run(&folder, seed, &["--write-learned", &file]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
    }
    let learned: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let topics = learned["learned"].as_object().unwrap();
    assert!(topics.len() > 20 && topics.keys().all(|topic| !topic.starts_with("this run")), "{topics:?}");
    for seed in ["3", "4", "5"] {
        let (code, stdout, stderr) = run(&folder, seed, &["--learned", &file]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
    }
    let (code, stdout, stderr) = run(&folder, "6", &["--learned", &file, "--benign", "invalid-parameter"]);
    assert_eq!(code, Some(4), "{stdout}{stderr}");
    assert!(stdout.contains("from what was learned before; review, then `--write-learned`."), "{stdout}");
    let merged = folder.at("merged");
    let at = folder.at("report-6");
    // A merge compares, too.
    let (code, stdout, stderr) = output(&["merge", &at, "--learned", &file, "--report-dir", &merged]);
    assert_eq!(code, Some(4), "{stdout}{stderr}");
    let report = folder.report("report-6");
    let lines: Vec<&str> = report["relearned"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line.contains("InvalidParameterException; before:")),
        "{lines:?}"
    );
}

#[test]
fn a_file_that_cannot_be_used_is_named_before_anything_is_sent() {
    let folder = Folder::new("learned-file");
    let absent = folder.at("absent.json");
    let (code, _, stderr) = run(&folder, "1", &["--learned", &absent]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--learned: ") && stderr.contains("`run --write-learned FILE` writes one"), "{stderr}");
    let list = folder.write("list.json", "[]").display().to_string();
    let (code, _, stderr) = run(&folder, "1", &["--learned", &list]);
    assert_eq!((code, stderr.contains("it is not a JSON object")), (Some(2), true), "{stderr}");
    let other = folder.write("other.json", "{}").display().to_string();
    let (code, _, stderr) = run(&folder, "1", &["--write-learned", &other]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("is not a file of learned answers"), "{stderr}");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "{}");
}
