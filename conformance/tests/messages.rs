//! Error messages: each says what is wrong, where, and how to fix it, in words and not in the notation of Rust.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::path::{Path, PathBuf};

use program::Folder;

/// The command lines that people get wrong, with a part of the message. `DIR` is a folder with the files `text`, `binary`
/// and `report.json`, none of which is what the options expect.
const WRONG: &[(&str, &str)] = &[
    ("--endpoint 127.0.0.1:1", "write `http://127.0.0.1:1`"),
    ("--endpoint http://u:hunter2@127.0.0.1:1", "carries a user name or password"),
    ("--endpoint u:hunter2@127.0.0.1:1", "write `http://…@127.0.0.1:1`"),
    ("--endpoint http://127.0.0.1:1/?pw=hunter2", "has a query or a fragment"),
    ("--endpoint http://u:hunter2/x@127.0.0.1:1", "carries a user name or password"),
    ("--endpoint http://127.0.0.1:1 --region a/b", "`a/b` is not a region"),
    ("--endpoint http://", "has no host"),
    ("--endpoint http://127.0.0.1:99999", "give a port from 1 to 65535"),
    ("--endpoint http://127.0.0.1:1", "cannot reach http://127.0.0.1:1"),
    ("--endpoint http://127.0.0.1:1 --profile nope", "profile `nope` gives no credentials: there is no such profile"),
    (
        "--endpoint http://127.0.0.1:1 --as-remote --allow-writes",
        "treated as a real account (--as-remote): to write there",
    ),
    ("--endpoint http://127.0.0.1:1 --instance-id=", "a value is required for '--instance-id <ID>'"),
    ("--endpoint http://127.0.0.1:1 --region=", "a value is required for '--region <REGION>'"),
    ("--endpoint=", "is empty"),
    ("--as-remote", "--endpoint <URL>"),
    ("--seed -1", "give a whole number from 0 to"),
    ("--seed 1.5", "give a whole number from 0 to"),
    ("--jobs -1", "-1 is not in 1..=512"),
    ("--max-requests -1", "give a whole number of 1 or more"),
    ("--max-failures 0", "give a whole number of 1 or more"),
    ("--resources -1", "-1 is not in 0..=100000"),
    ("--timeout -1", "give more than 0"),
    ("--shard 0/0", "for example 2/3"),
    ("--operations=", "the list has an empty name"),
    ("--operations CreateRule,", "the list has an empty name"),
    ("--operations CreateRul", "did you mean `CreateRule`"),
    ("--checks shap", "did you mean `shape`"),
    ("--report-dir DIR/text", "DIR/text is a file; name another folder with --report-dir"),
    ("--report-dir DIR/text/below", "DIR/text is a file; name another folder with --report-dir"),
    ("--walk-regressions DIR/text", "DIR/text is a file; name another folder with --walk-regressions"),
    ("--history DIR/none", "--history: DIR/none does not exist; name a folder"),
    ("--history DIR/text", "--history: DIR/text is not a folder"),
    ("--golden DIR/none", "--golden: DIR/none does not exist; name the folder that `connect-conformance record"),
    ("--golden DIR/empty", "has no recorded answers"),
    ("--expect DIR/none", "DIR/none"),
    ("--expect DIR/binary", "DIR/binary"),
    ("--model DIR", "cannot read DIR"),
    ("--model DIR/binary", "DIR/binary"),
    ("--changed-since DIR/text", "DIR/text"),
    ("--resume DIR/none", "cannot read the report DIR/none"),
    ("--resume DIR", "DIR/report.json"),
    ("--config DIR", "--config: cannot read DIR"),
    ("merge DIR", "DIR/report.json"),
    ("replay DIR/text", "cannot read case file DIR/text"),
    ("replay DIR", "cannot read case file DIR"),
    ("sweep --journal DIR/none", "--journal: DIR/none does not exist"),
    ("sweep --journal DIR/text", "--journal: DIR/text is not a folder"),
    ("record DIR/text", "DIR/text is a file"),
    ("selftest nope", "unknown defect or harmless variant `nope`"),
    ("emulate --port -1", "-1 is not in 0..=65535"),
    ("emulate --verify-signatures x", "separated by a colon"),
    ("completions sh", "bash"),
];

/// Marks of values printed in the notation of Rust.
const NOTATION: &[&str] = &["Some(", "None", "Ok(", "Err(", " { ", "Error {", "kind:", "Os {", "\\\"", "PathBuf"];

#[test]
fn messages_name_the_cause_and_the_remedy() {
    let folder = Folder::new("messages");
    folder.write("text", "hello\n");
    folder.write("binary", b"\xff\xfe\x00");
    folder.write("report.json", "{}");
    std::fs::create_dir(folder.0.join("empty")).unwrap();
    let dir = folder.0.display().to_string();
    for (line, part) in WRONG {
        let (line, part) = (line.replace("DIR", &dir), part.replace("DIR", &dir));
        let words: Vec<&str> = line.split(' ').collect();
        let (code, stdout, stderr) = folder.run(&words);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{line}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(&part), "{line}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{line}: {stderr}");
        for mark in NOTATION {
            assert!(!stderr.contains(mark), "{line}: the message contains `{mark}`: {stderr}");
        }
    }
}

/// Every source file below a folder, without tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    let is_test =
        |path: &Path| path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")));
    below.filter(|path| path.extension().is_some_and(|extension| extension == "rs") && !is_test(path)).collect()
}

/// Places where the notation of Rust is meant: generated Rust code, and texts that are quoted with their escapes.
const MEANT: &[&str] = &[
    "model/src/constraint/pattern.rs",
    "model/src/diff",
    "model/src/export/rust",
    "model/src/import",
    "model/src/lower",
    "model/src/overrides.rs",
    "model/src/semantics",
    "model/src/shapes",
    "model/src/wire",
];

#[test]
fn formats_of_messages_have_no_debug_form() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for crate_folder in [
        "conformance/src",
        "conformance/checks/src",
        "conformance/transport/src",
        "conformance/emulator/src",
        "model/src",
    ] {
        for file in sources(&root.join(crate_folder)) {
            let name = file.strip_prefix(root).unwrap().display().to_string();
            if MEANT.iter().any(|place| name.starts_with(place)) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code =
                text.split("#[cfg(test)]\nmod").next().unwrap().split("#[cfg(test)]\npub(crate) mod").next().unwrap();
            for (at, line) in code.lines().enumerate() {
                let has_form = line.contains(":?}") || line.contains(":#?}");
                let is_message =
                    !line.contains("assert") && !line.contains("panic!(") && !line.trim_start().starts_with("//");
                assert!(!has_form || !is_message, "{name}:{}: write the value in words: {line}", at + 1);
            }
        }
    }
}
