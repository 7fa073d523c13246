//! Comparison of every page with its reviewed snapshot, one test per page: `contract::CreateRule`, `index::enums`, and so
//! on. `cargo test --test review CreateRule` runs the tests of one operation.
//!
//! A test fails and prints the difference if the page changed; `cargo insta review` shows and accepts differences. Files
//! without a page are failures too, and so are insta settings that let differences pass.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use connect_model::schema::Schema;
use connect_snapshots::{INDEXES, KINDS, documentation};
use libtest_mimic::{Arguments, Trial};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

/// Compares a page with its file. Panics if they differ, after insta printed the difference.
fn review(folder: &'static str, name: &str, legend: &str, page: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(root().join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(legend);
    settings.bind(|| insta::assert_snapshot!(name, page));
}

fn trials() -> Vec<Trial> {
    let schema = Schema::connect();
    let mut trials = Vec::new();
    for kind in KINDS {
        trials.extend(schema.operations().map(|(id, operation)| {
            Trial::test(format!("{}::{}", kind.folder, operation.name), move || {
                let mut legend = format!("{}: {}", operation.name, kind.legend);
                if let Some(address) = documentation(&operation.name) {
                    legend.push_str(&format!(" Documentation: {address}"));
                }
                review(kind.folder, &operation.name, &legend, &(kind.page)(schema, id));
                Ok(())
            })
        }));
    }
    trials.extend(INDEXES.iter().map(|index| {
        Trial::test(format!("index::{}", index.name), move || {
            review("index", index.name, index.legend, &(index.page)(schema));
            Ok(())
        })
    }));
    trials.push(Trial::test("every_file_belongs_to_a_page", || no_orphans().map_err(Into::into)));
    trials
}

/// Checks that every file belongs to a page, or is a pending snapshot of a page.
fn no_orphans() -> Result<(), String> {
    let mut expected: BTreeSet<PathBuf> = INDEXES.iter().map(|index| file("index", index.name)).collect();
    for kind in KINDS {
        expected.extend(Schema::connect().operations().map(|(_, operation)| file(kind.folder, &operation.name)));
    }
    let mut orphans = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                open.push(path);
            } else if !expected.contains(&path) {
                // A pending snapshot has the name of its page plus `.new`; in CI there is no review, so it is a failure.
                let is_pending = path.extension().is_some_and(|extension| extension == "new") && !in_ci();
                if !is_pending || !expected.contains(&path.with_extension("")) {
                    orphans.push(path.display().to_string());
                }
            }
        }
    }
    orphans.sort();
    if orphans.is_empty() {
        return Ok(());
    }
    Err(format!("these files do not belong to a page of the model; delete them:\n{}", orphans.join("\n")))
}

fn file(folder: &str, name: &str) -> PathBuf {
    root().join(folder).join(format!("{name}.snap"))
}

fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// Returns the insta variable that lets differences pass, if one is set. No test may pass then, whichever are selected.
fn permissive_variable() -> Option<&'static str> {
    let value = |name: &str| std::env::var(name).unwrap_or_default();
    if !matches!(value("INSTA_FORCE_PASS").as_str(), "" | "0") {
        return Some("INSTA_FORCE_PASS");
    }
    // A person may accept differences like this and sees them in version control, but a CI job must not.
    let writes = matches!(value("INSTA_UPDATE").as_str(), "always" | "unseen" | "force");
    (in_ci() && writes).then_some("INSTA_UPDATE")
}

fn main() -> ExitCode {
    if let Some(name) = permissive_variable() {
        eprintln!("{name} makes all snapshot tests pass; unset it and use `cargo insta review`");
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&Arguments::from_args(), trials()).exit_code()
}
