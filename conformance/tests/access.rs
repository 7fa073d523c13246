//! The family access: judged on the built-in emulator, on an emulator that verifies signatures, and unsupported on one that
//! does not.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::collections::BTreeMap;

use program::{Ended, Folder, conformance, emulator, outcomes, output};

const INSTANCE: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01";
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Runs the family on an endpoint, signed.
fn run(folder: &Folder, url: &str, more: &[&str]) -> Ended {
    let at = folder.at("report");
    let usual = ["run", "--checks", "access", "--endpoint", url, "--instance-id", INSTANCE, "--report-dir", &at];
    let mut command = conformance(&[&usual[..], more].concat());
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    let ended = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

/// Number of cases by outcome, and the ids that are not passed.
fn counted(folder: &Folder) -> (BTreeMap<String, usize>, Vec<String>) {
    let mut counts = BTreeMap::new();
    let mut others = Vec::new();
    for (case, outcome) in outcomes(&folder.report("report")) {
        if outcome != "passed" {
            others.push(case);
        }
        *counts.entry(outcome).or_default() += 1;
    }
    (counts, others)
}

#[test]
fn the_built_in_emulator_is_judged_and_must_be() {
    let folder = Folder::new("access-built-in");
    let at = folder.at("report");
    let run = ["run", "--checks", "access", "--report-dir", &at];
    let (code, stdout, stderr) = output(&run);
    let (counts, others) = counted(&folder);
    assert_eq!((code, others), (Some(0), Vec::new()), "{stdout}{stderr}");
    assert!(counts["passed"] > 60, "{counts:?}");
    let (code, stdout, _) = output(&[&run[..], &["--defect", "unsigned-admitted"]].concat());
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("does not verify signatures: status 200 to a request without one"), "{stdout}");
}

#[test]
fn an_endpoint_without_signatures_is_unsupported_unless_they_are_required() {
    let folder = Folder::new("access-unsigned");
    let (_emulator, url) = emulator(&[]);
    let (code, stdout, stderr) = run(&folder, &url, &[]);
    let (counts, _) = counted(&folder);
    assert_eq!((code, counts.len()), (Some(3), 1), "{counts:?} {stdout}{stderr}");
    assert!(counts["unsupported"] > 60, "{counts:?}");
    assert_eq!(folder.report("report")["learned"]["signatures"]["not verified"], 4, "{stdout}");
    let (code, stdout, stderr) = run(&folder, &url, &["--require", "access"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("access is required"), "{stdout}");
    let (code, _, stderr) = run(&folder, &url, &["--require", "acess"]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn an_endpoint_that_verifies_gets_few_requests_that_only_read() {
    let folder = Folder::new("access-verified");
    let (_emulator, url) = emulator(&["--verify-signatures", &format!("{KEY}:{SECRET}")]);
    let (code, stdout, stderr) = run(&folder, &url, &["--as-remote", "--rps", "5000", "--burst", "500"]);
    let (counts, others) = counted(&folder);
    assert!(counts["passed"] > 60, "{counts:?} {stdout}{stderr}");
    assert!(others.iter().all(|case| case.ends_with("/access.session-token/missing")), "{others:?}");
    // These keys are not temporary, so that a token cannot be missing.
    assert_eq!((code, counts.get("indeterminate")), (Some(0), Some(&3)), "{stdout}{stderr}");
    let requests = folder.report("report")["requests"].as_u64().unwrap();
    assert!((80..150).contains(&requests), "{requests}");
}

#[test]
fn the_limit_of_requests_holds_on_the_way_that_verifies_signatures() {
    let folder = Folder::new("access-limit");
    let at = folder.at("report");
    let run = ["run", "--operations", "DescribeInstance", "--checks", "access", "--max-requests", "5"];
    let (code, stdout, stderr) = output(&[&run[..], &["--report-dir", &at]].concat());
    assert_eq!(code, Some(3), "{stdout}{stderr}");
    assert!(stdout.contains("--max-requests: 5 were sent"), "{stdout}");
}
