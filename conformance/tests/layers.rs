//! The layers of the crates: which module may name which. Cargo enforces the arrows between the crates (`connect-checks` has
//! the emulator only as a dev-dependency, the emulator depends on the model alone); this test enforces those inside of
//! `connect-conformance`, and what reports and the runner must not know.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Modules of the command, and the modules that each may import. Also a table in `src/lib.rs`.
const LAYERS: &[(&str, &[&str])] = &[
    ("cli", &["selftest", "session", "report", "built_in", "suggest", "event", "exit"]),
    ("selftest", &["session", "report", "built_in", "suggest", "outcome"]),
    ("session", &["runner", "report", "built_in", "suggest", "event", "outcome", "exit"]),
    ("runner", &["report", "event", "outcome"]),
    ("report", &["event", "outcome", "exit"]),
    ("built_in", &["event", "suggest"]),
    ("event", &[]),
    ("outcome", &[]),
    ("exit", &[]),
    ("suggest", &[]),
];

/// Paths that files of a crate or folder must not contain, with the invariant that this enforces.
const ABSENT: &[(&str, &[&str], &str)] = &[
    (
        "conformance/src/report",
        &[
            "connect_emulator",
            "connect_checks::judge",
            "connect_checks::plan",
            "connect_checks::suite",
            "connect_checks::client",
        ],
        "reports judge nothing and plan nothing",
    ),
    ("conformance/src/report", &["Transport", "tokio::"], "reports send nothing"),
    (
        "conformance/src/runner.rs",
        &["connect_emulator", "connect_transport", "connect_model::wire", "connect_model::schema"],
        "the runner knows no HTTP",
    ),
    (
        "conformance/src/runner.rs",
        &["report::json", "report::html", "report::junit"],
        "the runner knows no report format",
    ),
    ("conformance/src/session", &["clap::"], "a session knows no command line"),
];

/// Forms of printing. `report/output.rs` makes everything visible that others wrote; who prints in another way bypasses it.
const PRINTING: &[&str] =
    &["println!", "print!(", "dbg!(", "io::stdout", "io::stderr", "anstream::stdout", "anstream::stderr"];

/// The only file that may print.
const PRINTERS: &[&str] = &["conformance/src/report/output.rs"];

/// Marks of quoting for a shell. `report/quote.rs` quotes for all languages.
const QUOTING: &[&str] = &[r"'\\''", r"'\''"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a path.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let below = entries.flat_map(|entry| files(&entry.unwrap().path()));
    below.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The top-level modules that a file names, as `crate::MODULE` or `use crate::{MODULE, …}`.
fn named_modules(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, after) in text.match_indices("crate::").map(|(at, found)| text.split_at(at + found.len())) {
        let list = match after.strip_prefix('{') {
            Some(group) => group.split_once('}').unwrap().0,
            None => after,
        };
        let first =
            |item: &str| item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let items = if after.starts_with('{') { list.split(',').collect() } else { vec![list] };
        names.extend(items.into_iter().map(first).filter(|name| !name.is_empty()));
    }
    names
}

#[test]
fn modules_import_only_lower_layers() {
    let source = root().join("conformance/src");
    let mut modules: Vec<String> = std::fs::read_dir(&source)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| !matches!(name.as_str(), "lib" | "main"))
        .collect();
    let mut listed: Vec<&str> = LAYERS.iter().map(|(module, _)| *module).collect();
    modules.sort();
    listed.sort_unstable();
    assert_eq!(modules, listed, "every module has a row in LAYERS");
    for (at, (module, allowed)) in LAYERS.iter().enumerate() {
        for name in *allowed {
            let position = LAYERS.iter().position(|(other, _)| other == name);
            assert!(position > Some(at), "{module} must stand above {name}, so that there are no cycles");
        }
        let (file, folder) = (source.join(format!("{module}.rs")), source.join(module));
        for path in files(if folder.is_dir() { &folder } else { &file }) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("super::super"), "{}: name modules by `crate::`", path.display());
            for name in named_modules(&text) {
                let is_allowed = name == *module || allowed.contains(&name.as_str());
                assert!(is_allowed, "{} imports {name}, which is not in its row of LAYERS", path.display());
            }
        }
    }
}

#[test]
fn files_do_not_know_what_they_must_not_know() {
    for (place, paths, invariant) in ABSENT {
        for file in files(&root().join(place)) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code: String =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for path in *paths {
                assert!(!code.contains(path), "{} contains `{path}`, but {invariant}", file.display());
            }
        }
    }
}

/// Functions that write to the disk. Only `connect_model::files` calls them: it follows no links, replaces files as a whole,
/// and refuses what is no regular file.
const WRITES: &[&str] = &[
    "fs::write",
    "File::create",
    "File::options",
    "OpenOptions",
    "create_dir",
    "remove_file",
    "remove_dir",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "::symlink(",
    ".set_len(",
    "set_permissions",
    "tempfile::",
    "NamedTempFile",
];

/// Places that write into the folders of this repository, for its developers.
const DEVELOPMENT: &[&str] = &["fuzz/src/corpus.rs", "fuzz/examples", "fuzz/src/sdk_response"];

/// The code of a file without its unit tests.
fn code_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = code.split("#[cfg(test)]\npub(crate) mod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_module_writes_files() {
    let is_test = |file: &Path| {
        let name = file.file_name().unwrap().to_string_lossy();
        name == "tests.rs" || name == "samples.rs" || file.components().any(|part| part.as_os_str() == "tests")
    };
    let sources = ["model/src", "conformance/src", "conformance/checks/src", "conformance/transport/src"];
    let others = ["conformance/emulator/src", "fuzz/src", "fuzz/examples", "snapshots/src"];
    let mut read = 0;
    for place in sources.iter().chain(&others) {
        for file in files(&root().join(place)) {
            let path = file.strip_prefix(root()).unwrap();
            if is_test(&file) || DEVELOPMENT.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            read += 1;
            let code = code_of(&file);
            let found: Vec<&&str> = WRITES.iter().filter(|write| code.contains(**write)).collect();
            if path == Path::new("model/src/files.rs") {
                assert!(found.len() > 3, "the module that writes files is not found any more");
            } else {
                assert!(found.is_empty(), "{} has {found:?}; call connect_model::files instead", path.display());
            }
        }
    }
    assert!(read > 300, "{read} files");
}

#[test]
fn one_module_prints_and_one_quotes() {
    let mut printers = BTreeSet::new();
    for place in ["conformance/src", "conformance/checks/src", "conformance/transport/src", "conformance/emulator/src"]
    {
        for file in files(&root().join(place)) {
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in lines {
                if PRINTING.iter().any(|form| line.contains(form)) {
                    assert!(PRINTERS.contains(&name.as_str()), "{name} prints: call report/output.rs: {line}");
                    printers.insert(name.clone());
                }
                let quotes = QUOTING.iter().any(|mark| line.contains(mark));
                assert!(!quotes || name.ends_with("report/quote.rs"), "{name} quotes: call report/quote.rs: {line}");
            }
        }
    }
    let all: BTreeSet<String> = PRINTERS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(printers, all, "PRINTERS lists files that print");
}

#[test]
fn files_are_short() {
    for file in files(&root().join("conformance/src")) {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines; split it by idea", file.display());
    }
}

#[test]
fn finds_modules_in_every_form() {
    let text = "use crate::event::Event;\nuse crate::{exit::Exit, report};\nlet x = crate::suggest::unknown(a);";
    assert_eq!(named_modules(text), ["event", "exit", "report", "suggest"].map(str::to_owned).into());
}
