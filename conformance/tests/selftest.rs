//! A part of the kill matrix: one defect of every family and one harmless variant. `connect-conformance selftest` runs all
//! of it.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use connect_emulator::{Family, defects};
use serde_json::Value;

const FAMILIES: [Family; 7] = [
    Family::Shape,
    Family::Invalid,
    Family::Error,
    Family::Pagination,
    Family::Idempotency,
    Family::Lifecycle,
    Family::Search,
];

fn selftest(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect-conformance"));
    let output = command.arg("selftest").args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn kills_a_defect_of_every_family_and_no_harmless_variant() {
    let first = |family: Family| defects().find(|defect| defect.family == family).unwrap();
    let chosen: Vec<_> = FAMILIES.into_iter().map(first).collect();
    let ids: Vec<&str> = chosen.iter().map(|defect| defect.id).chain(["extra-members", "--format", "json"]).collect();
    let (code, stdout) = selftest(&ids);
    let matrix: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &matrix["holds"]), (Some(0), &true.into()), "{stdout}");
    let subjects = matrix["subjects"].as_array().unwrap();
    assert_eq!(subjects.len(), 1 + ids.len() - 2);
    assert!(subjects[0]["totals"]["passed"].as_u64() > Some(2000), "{}", subjects[0]);
    for defect in &chosen {
        let subject = subjects.iter().find(|subject| subject["id"] == defect.id).unwrap();
        for check in defect.kills {
            assert!(subject["found"].get(check).is_some(), "{subject}");
            assert!(matrix["checks"][check].as_array().unwrap().contains(&defect.id.into()), "{check}");
        }
    }
}

#[test]
fn rejects_unknown_names() {
    assert_eq!(selftest(&["no-such-defect"]), (Some(2), String::new()));
}
