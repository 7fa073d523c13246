//! The code of the contract knows the seams, but no defect.

use std::fs;
use std::path::{Path, PathBuf};

use crate::defects::defects;
use crate::{benign, tests::*};

/// The source files that state the contract.
fn contract_files() -> Vec<PathBuf> {
    fn visit(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                "defects" | "tests" | "benign" | "benign.rs" | "lib.rs" => {}
                _ if path.is_dir() => visit(&path, files),
                _ => files.push(path),
            }
        }
    }
    let mut files = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files
}

#[test]
fn contract_code_names_no_defect() {
    let files = contract_files();
    assert!(files.len() > 15, "{files:?}");
    let ids: Vec<String> = defects()
        .map(|defect| defect.id)
        .chain(benign().map(|benign| benign.id))
        .map(|id| format!("\"{id}\""))
        .collect();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let uses = line.matches("defects::").count() == line.matches("defects::seam").count();
            assert!(uses && !line.contains("benign::"), "{}: {line}", file.display());
            assert!(ids.iter().all(|id| !line.contains(id)), "{}: {line}", file.display());
        }
    }
}

/// Creates a flow, and returns its id.
fn flow_named(service: &Service, name: &str) -> String {
    created(service, "CreateContactFlow", flow(name))
}

#[test]
fn names_of_deleted_and_renamed_resources_stay_taken() {
    let service = with_defect("name-taken-after-delete");
    let id = flow_named(&service, "one");
    call(&service, "DeleteContactFlow", json!({ "ContactFlowId": id })).unwrap();
    assert!(call(&service, "CreateContactFlow", flow("one")).is_err());
    created(&service, "CreateContactFlowModule", module("one"));

    let service = with_defect("name-taken-after-rename");
    let id = flow_named(&service, "one");
    call(&service, "UpdateContactFlowName", json!({ "ContactFlowId": id, "Name": "two" })).unwrap();
    assert!(call(&service, "CreateContactFlow", flow("one")).is_err());
    created(&service.afresh(), "CreateContactFlow", flow("one"));
}

#[test]
fn drafts_and_versions_are_confused() {
    let other = CONTENT.replace(r#""Actions""#, r#""Metadata":{},"Actions""#);
    let published = |service: &Service, id: &str| {
        call(service, "DescribeContactFlow", json!({ "ContactFlowId": id }))
            .map(|output| output["ContactFlow"]["Content"].as_str().unwrap().to_owned())
    };
    let update = |service: &Service, id: &str| {
        let input = json!({ "ContactFlowId": id, "Content": other });
        call(service, "UpdateContactFlowContent", input).unwrap();
    };
    let service = with_defect("draft-edit-publishes");
    let id = flow_named(&service, "one");
    update(&service, &format!("{id}:$SAVED"));
    assert_eq!(published(&service, &id).as_deref(), Ok(other.as_str()));

    let service = with_defect("draft-shown");
    let id = created(&service, "CreateContactFlow", with(flow("one"), json!({ "Status": "SAVED" })));
    assert_eq!(published(&service, &format!("{id}:$LATEST")).as_deref(), Ok(CONTENT));

    let version = |service: &Service, id: &str| {
        call(service, "CreateContactFlowVersion", json!({ "ContactFlowId": id })).unwrap()["Version"].clone()
    };
    let service = with_defect("version-mutable");
    let id = flow_named(&service, "one");
    version(&service, &id);
    update(&service, &id);
    assert_eq!(published(&service, &format!("{id}:1")).as_deref(), Ok(other.as_str()));

    let service = with_defect("version-number-repeats");
    let id = flow_named(&service, "one");
    assert_eq!([version(&service, &id), version(&service, &id)], [1, 1]);
    assert!(published(&service, &format!("{id}:2")).is_err());

    let service = with_defect("versions-lost");
    let id = flow_named(&service, "one");
    version(&service, &id);
    update(&service, &id);
    assert!(published(&service, &format!("{id}:1")).is_err());
}

#[test]
fn archives_and_tags_are_confused() {
    let archived = |service: &Service| {
        let id = created(service, "CreateContactFlow", with(flow("one"), json!({ "Tags": { "k": "v" } })));
        let archive = json!({ "ContactFlowId": id, "ContactFlowState": "ARCHIVED" });
        call(service, "UpdateContactFlowMetadata", archive).unwrap();
        id
    };
    let describe = |service: &Service, id: &str| {
        call(service, "DescribeContactFlow", json!({ "ContactFlowId": id })).map(|output| output["ContactFlow"].clone())
    };
    let service = with_defect("archive-keeps");
    let id = archived(&service);
    call(&service, "DeleteContactFlow", json!({ "ContactFlowId": id })).unwrap();
    assert!(describe(&service, &id).is_ok());

    let service = with_defect("rename-restores");
    let id = archived(&service);
    call(&service, "UpdateContactFlowName", json!({ "ContactFlowId": id, "Name": "two" })).unwrap();
    assert_eq!(describe(&service, &id).unwrap()["State"], "ACTIVE");

    let service = with_defect("tags-return");
    let id = archived(&service);
    call(&service, "DeleteContactFlow", json!({ "ContactFlowId": id })).unwrap();
    let id = flow_named(&service, "one");
    assert_eq!(describe(&service, &id).unwrap()["Tags"], json!({ "k": "v" }));

    let service = with_defect("update-lost");
    let id = archived(&service);
    assert_eq!(describe(&service, &id).unwrap()["State"], "ACTIVE");
}
