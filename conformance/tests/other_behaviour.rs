//! The behaviour of services other than Amazon Connect: what is created is kept, and faults of it are found. The model has
//! what Connect's lacks: members with other names in JSON, tags in a list of pairs, ids that the caller chooses, one kind in
//! another.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::collections::{BTreeMap, BTreeSet};

use program::Folder;
use serde_json::{Value, json};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/shelf/service-2.json");

/// Exit code and report of a run of the families of behaviour.
fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    run_with(MODEL, folder, arguments)
}

fn run_with(model: &str, folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    let report = folder.at("report");
    let _ = std::fs::remove_dir_all(&report);
    let checks = "error,pagination,idempotency,lifecycle,keep";
    let fixed = ["run", "--report-dir", &report, "--model", model, "--checks", checks, "--seed", "1"];
    let (code, ..) = folder.run(&[&fixed[..], arguments].concat());
    (code, folder.report("report"))
}

fn cases(report: &Value, outcome: &str) -> BTreeSet<String> {
    let cases = report["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] == outcome);
    cases.map(|case| case["case"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_kind_of_another_service_is_followed_through_its_life() {
    let folder = Folder::new("other-behaviour");
    let (code, report) = run(&folder, &[]);
    assert_eq!((code, cases(&report, "failed")), (Some(0), BTreeSet::new()), "{}", report["findings"]);
    let passed = cases(&report, "passed");
    for case in [
        "CreateShelf/lifecycle.create-describe",
        "CreateShelf/lifecycle.create-list",
        "CreateShelf/lifecycle.update-visible",
        "CreateShelf/lifecycle.duplicate-name",
        "CreateShelf/lifecycle.delete-gone",
        "CreateShelf/idempotency.same-token-one-resource",
        "CreateShelf/keep.echo",
        "CreateShelf/keep.views-agree",
        "UpdateShelf/keep.update-only-named",
        "TagResource/lifecycle.tags/shelf",
        "TagResource/lifecycle.tags-shown/shelf",
        "CreateBook/lifecycle.create-list",
        "CreateBook/idempotency.same-token-same-result",
        "ListBooks/pagination.complete",
        "GetBook/error.not-found",
        "DeleteBook/idempotency.repeated-delete",
    ] {
        assert!(passed.contains(case), "{case} is not among {passed:?}");
    }
    // The rules of Connect's own resources are not asked of others.
    let all: BTreeSet<String> =
        ["passed", "indeterminate"].iter().flat_map(|outcome| cases(&report, outcome)).collect();
    assert!(!all.iter().any(|case| case.contains("lifecycle.walk") || case.contains("lifecycle.versions")), "{all:?}");
}

/// Ids that are numbers, and a description that may show less than the creation takes.
#[test]
fn models_with_other_ids_and_narrow_descriptions_conform() {
    type Change = fn(&mut Value);
    let folder = Folder::new("other-behaviour-models");
    let rows: [(&str, Change); 2] = [
        ("CreateBook/lifecycle.concurrent-creates", |shapes| shapes["BookId"] = json!({ "type": "integer" })),
        ("CreateBook/accept.text", |shapes| {
            shapes["Title"] = json!({ "type": "string", "min": 1, "max": 20, "pattern": "[a-z ]+" });
            shapes["BookResponse"]["members"]["title"] = json!({ "shape": "Title" });
        }),
    ];
    for (case, change) in rows {
        let mut model: Value = serde_json::from_slice(&std::fs::read(MODEL).unwrap()).unwrap();
        change(&mut model["shapes"]);
        let path = folder.write("service-2.json", model.to_string());
        let report = folder.at("report");
        let (code, ..) =
            folder.run(&["run", "--report-dir", &report, "--model", path.to_str().unwrap(), "--seed", "1"]);
        let report = folder.report("report");
        assert_eq!((code, cases(&report, "failed")), (Some(0), BTreeSet::new()), "{case}: {}", report["findings"]);
        assert!(cases(&report, "passed").contains(case), "{case}");
    }
}

/// A token that no text can be is no null in the request.
#[test]
fn a_creation_whose_token_cannot_be_made_is_undecided() {
    let folder = Folder::new("other-behaviour-token");
    let mut model: Value = serde_json::from_slice(&std::fs::read(MODEL).unwrap()).unwrap();
    model["shapes"]["Token"]["pattern"] = "^(?=a)b$".into();
    let path = folder.write("service-2.json", model.to_string());
    let (_, report) = run_with(path.to_str().unwrap(), &folder, &["--operations", "CreateShelf"]);
    assert_eq!(cases(&report, "failed"), BTreeSet::new(), "{}", report["findings"]);
    let case = "CreateShelf/lifecycle.create-describe";
    let line = report["cases"].as_array().unwrap().iter().find(|line| line["case"] == case).unwrap();
    let why = line["why"].as_str().unwrap_or_default();
    assert!(why.contains("no text is a client token for the member clientToken of CreateShelf"), "{line}");
}

#[test]
fn faults_of_behaviour_are_found_in_another_service() {
    let folder = Folder::new("other-behaviour-faults");
    for (defect, check) in [
        ("page-loses-item", "pagination.complete"),
        ("token-ignored", "idempotency.same-token-one-resource"),
        ("update-lost", "lifecycle.update-visible"),
        ("tags-lost", "lifecycle.tags"),
        ("untag-ignored", "lifecycle.tags"),
        ("read-not-repeatable", "keep.repeated-read"),
        ("crash-on-unknown-id", "error.no-5xx"),
    ] {
        let (code, report) = run(&folder, &["--defect", defect]);
        let found: BTreeMap<&str, &str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| (finding["check"].as_str().unwrap(), finding["evidence"].as_str().unwrap()))
            .collect();
        assert_eq!(code, Some(1), "{defect}");
        let evidence = found.get(check).unwrap_or_else(|| panic!("{defect}: {check} is not among {found:?}"));
        // The source is not that of another service, unless it says so.
        assert!(!evidence.contains("Connect") || evidence.starts_with("taken over from Amazon Connect"), "{evidence}");
    }
}
