//! The folders and files that commands write: files of others are neither replaced nor deleted, and links are not followed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use program::{Folder, conformance, emulator, output};
use serde_json::json;

const FEW: [&str; 6] = ["--operations", "ListRules", "--seed", "5", "--walks", "0"];

fn run(at: &str, more: &[&str]) -> program::Ended {
    output(&[&["run", "--report-dir", at], &FEW[..], more].concat())
}

/// Every file below a folder with its content, and every link with its target.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            all.insert(path.clone(), std::fs::read_link(&path).unwrap().as_os_str().as_encoded_bytes().to_vec());
        } else if path.is_dir() {
            all.extend(content(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn report_folders_with_files_of_others_are_refused() {
    let folder = Folder::new("theirs");
    let at = folder.at("theirs");
    folder.write("theirs/report.json", "{}");
    folder.write("theirs/findings/mine.json", "{}");
    folder.write("theirs/notes.txt", "mine");
    let whole = folder.at("whole");
    assert_eq!(run(&whole, &[]).0, Some(0));
    let before = content(Path::new(&at));
    for words in [&["run", "--operations", "ListRules"][..], &["merge", &whole]] {
        let (code, stdout, stderr) = output(&[words, &["--report-dir", &at]].concat());
        assert_eq!(code, Some(2), "{stdout}{stderr}");
        for part in
            ["did not write: findings, notes.txt, report.json", "--force", "deletes report.json, findings/mine.json"]
        {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
        assert_eq!(content(Path::new(&at)), before, "{stderr}");
    }
    let (code, _, stderr) = run(&at, &["--force"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(std::fs::read_to_string(folder.0.join("theirs/notes.txt")).unwrap(), "mine");
    assert!(!folder.0.join("theirs/findings/mine.json").exists());
    // Now it is ours.
    assert_eq!(run(&at, &[]).0, Some(0));
}

#[test]
fn links_in_a_report_folder_are_not_followed() {
    for name in ["findings", "trials.log", "report.json", "report.html", "junit.xml", ".connect-conformance"] {
        let folder = Folder::new("links");
        let at = folder.at("run");
        assert_eq!(run(&at, &[]).0, Some(0));
        folder.write("theirs/mine.json", "{}");
        let (link, target) = (folder.0.join("run").join(name), folder.0.join("theirs"));
        let target = if name == "findings" { target } else { target.join("mine.json") };
        if link.is_dir() {
            std::fs::remove_dir(&link).unwrap()
        } else {
            std::fs::remove_file(&link).unwrap()
        }
        symlink(&target, &link).unwrap();
        let before = content(&folder.0);
        let (code, _, stderr) = run(&at, &["--force"]);
        assert_eq!(code, Some(2), "{name}: {stderr}");
        assert!(stderr.contains(&format!("{name} in it is a link")), "{stderr}");
        assert_eq!(content(&folder.0), before, "{name}: {stderr}");
    }
}

/// The names under which files are written first lead nowhere, either.
#[test]
fn links_under_the_names_of_parts_are_not_followed() {
    let folder = Folder::new("parts");
    let at = folder.at("run");
    assert_eq!(run(&at, &[]).0, Some(0));
    let theirs = folder.write("theirs", "mine");
    for name in ["report.json.part", "report.html.part", "known.toml.part"] {
        symlink(&theirs, folder.0.join("run").join(name)).unwrap();
    }
    let (code, _, stderr) = run(&at, &["--write-expect", &folder.at("run/known.toml")]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(std::fs::read_to_string(theirs).unwrap(), "mine");
}

#[test]
fn two_runs_do_not_share_a_report_folder() {
    let folder = Folder::new("shared");
    let at = folder.at("run");
    let (_emulator, url) = emulator(&["--rps", "20", "--burst", "1"]);
    let words = ["run", "--operations", "CreateRule", "--endpoint", &url, "--report-dir", &at];
    let mut first = conformance(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !folder.0.join("run/report.json").exists() && first.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let (code, _, stderr) = run(&at, &[]);
    assert_eq!((code, stderr.contains("another run writes its report there")), (Some(2), true), "{stderr}");
    let (code, _, stderr) = output(&["merge", &at, "--report-dir", &at]);
    assert_eq!((code, stderr.contains("another run writes its report there")), (Some(2), true), "{stderr}");
    // The lock of a killed run is free.
    first.kill().unwrap();
    first.wait().unwrap();
    let (code, _, stderr) = run(&at, &[]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn drafts_replace_nothing_but_drafts() {
    let folder = Folder::new("drafts");
    let (at, draft) = (folder.at("run"), folder.at("known.toml"));
    let failing = ["--defect", "timestamp-iso", "--write-expect", &draft];
    assert_eq!(run(&at, &failing).0, Some(1));
    assert_eq!(run(&at, &failing).0, Some(1), "a draft as it was written is replaced");
    let text = std::fs::read_to_string(&draft).unwrap();
    let worked_on = text.replacen("reason = \"\"", "reason = \"known\"", 1);
    assert_ne!(worked_on, text);
    let theirs = folder.write("theirs.txt", "mine");
    for content in [worked_on.as_str(), "mine"] {
        std::fs::write(&draft, content).unwrap();
        let (code, _, stderr) = run(&at, &failing);
        assert_eq!((code, stderr.contains("is not a draft as --write-expect left it")), (Some(2), true), "{stderr}");
        let (code, _, stderr) = output(&["merge", &at, "--report-dir", &folder.at("whole"), "--write-expect", &draft]);
        assert_eq!((code, stderr.contains("is not a draft")), (Some(2), true), "{stderr}");
        assert_eq!(std::fs::read_to_string(&draft).unwrap(), content);
    }
    std::fs::remove_file(&draft).unwrap();
    symlink(&theirs, &draft).unwrap();
    let (code, _, stderr) = run(&at, &failing);
    assert_eq!((code, stderr.contains("it is a link")), (Some(2), true), "{stderr}");
    assert_eq!(std::fs::read_to_string(theirs).unwrap(), "mine");
}

#[test]
fn recorded_answers_replace_nothing_but_recorded_answers() {
    let folder = Folder::new("record");
    let at = folder.at("golden");
    let record = ["record", &at, "--operations", "ListRules,ListQueues"];
    assert_eq!(output(&record).0, Some(0));
    assert_eq!(output(&record).0, Some(0));
    let theirs = folder.write("golden/ListQueues.golden", "mine");
    let before = content(&folder.0);
    let (code, _, stderr) = output(&record);
    assert_eq!((code, stderr.contains("did not write it; name another folder")), (Some(2), true), "{stderr}");
    assert_eq!(content(&folder.0), before);
    let elsewhere = folder.write("elsewhere", "mine");
    std::fs::remove_file(&theirs).unwrap();
    symlink(&elsewhere, &theirs).unwrap();
    let (code, _, stderr) = output(&record);
    assert_eq!((code, stderr.contains("it is a link")), (Some(2), true), "{stderr}");
    assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), "mine");
}

/// Names of a model become names of files, so that they are checked when it is loaded.
#[test]
fn no_command_loads_a_model_with_names_that_are_paths() {
    let folder = Folder::new("names");
    for name in ["../x/y", "/abs/y", "a\nb", "..", "ListThings\u{1b}[31m"] {
        let model = json!({
            "metadata": { "protocol": "rest-json", "serviceId": "Things", "endpointPrefix": "things", "apiVersion": "1" },
            "operations": {
                name: { "name": name, "http": { "method": "GET", "requestUri": "/things" }, "output": { "shape": "Out" } },
            },
            "shapes": { "Out": { "type": "structure", "members": {} } },
        });
        let path = folder.write("model.json", model.to_string()).display().to_string();
        let before = content(&folder.0);
        let (golden, at) = (folder.at("a/b"), folder.at("c/d"));
        for words in [
            &["record", &golden, "--model", &path][..],
            &["run", "--report-dir", &at, "--model", &path],
            &["plan", "--model", &path],
            &["list", "--model", &path],
            &["emulate", "--model", &path],
        ] {
            let (code, _, stderr) = output(words);
            assert_eq!((code, stderr.contains("is not a shape id")), (Some(2), true), "{words:?}: {stderr}");
        }
        assert_eq!(content(&folder.0), before);
    }
}

#[test]
fn pipes_and_devices_are_no_models_reports_or_expectations() {
    let folder = Folder::new("pipes");
    let pipe = folder.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let at = folder.at("run");
    for path in [pipe.as_str(), "/dev/zero"] {
        for words in [
            &["list", "--model", path][..],
            &["merge", path, "--report-dir", &at],
            &["run", "--report-dir", &at, "--expect", path],
            &["run", "--report-dir", &at, "--resume", path],
            &["run", "--report-dir", &at, "--changed-since", path],
            &["run", "--report-dir", &at, "--config", path],
        ] {
            let (code, _, stderr) = output(words);
            assert_eq!((code, stderr.contains("it is not a regular file")), (Some(2), true), "{words:?}: {stderr}");
        }
    }
}
