//! The modules of the crate do not import each other in cycles, apart from their unit tests.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Returns all source files below a folder, without those of unit tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
    found
}

/// Returns the names after `crate::` in a source text, without comments and inline unit tests.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = lines.flat_map(|line| line.split("crate::").skip(1));
    let ends = |c: char| !(c.is_ascii_lowercase() || c == '_');
    names.map(|rest| rest.split(ends).next().unwrap().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Returns the modules directly below `src`, each with the other modules that it imports.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(&root) {
        let top = file.strip_prefix(&root).unwrap().components().next().unwrap();
        let module = top.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        let imported = imports(&std::fs::read_to_string(&file).unwrap()).into_iter().filter(|name| *name != module);
        graph.entry(module.clone()).or_default().extend(imported);
    }
    graph
}

#[test]
fn modules_have_no_import_cycle() {
    let mut graph = graph();
    assert!(graph["wire"].contains("schema"), "{graph:#?}");
    // Repeatedly removes modules without remaining imports; the modules of a cycle are never removed.
    loop {
        let remaining: BTreeSet<String> = graph.keys().cloned().collect();
        graph.retain(|_, imported| imported.iter().any(|name| remaining.contains(name)));
        if graph.len() == remaining.len() {
            break;
        }
    }
    assert!(graph.is_empty(), "these modules import each other in a cycle: {graph:#?}");
}
