//! Where inputs are kept: seeds as `corpus/TARGET/seed-NAME`, which are committed, beside what a fuzzer adds, which is
//! not; mended findings as `regressions/TARGET/*.json`.

use std::io;
use std::path::{Path, PathBuf};

use connect_model::import::hex_digest;

use crate::{LEFT_OUT, Row};

/// What the name of every seed begins with; a fuzzer names its own finds by digest.
const PREFIX: &str = "seed-";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder(target: &str) -> PathBuf {
    root().join("corpus").join(target)
}

/// The committed dictionary.
pub fn dictionary_file() -> PathBuf {
    root().join("dictionary.txt")
}

/// Writes the seeds of a target in place of those that it had from its generators; gives their number and size. Seeds
/// that a fuzzer found (`seed-found-…`) stay.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn write_seeds(row: &Row) -> io::Result<(usize, usize)> {
    let folder = folder(row.name);
    std::fs::create_dir_all(&folder)?;
    for path in seed_files(row.name)? {
        let found = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("seed-found-"));
        if !found {
            std::fs::remove_file(path)?;
        }
    }
    let seeds = (row.seeds)();
    for seed in &seeds {
        std::fs::write(folder.join(format!("{PREFIX}{}", seed.name)), &seed.data)?;
    }
    Ok((seeds.len(), seeds.iter().map(|seed| seed.data.len()).sum()))
}

/// The committed seeds of a target, in order of name.
///
/// # Errors
/// When there is no such folder.
pub fn seed_files(target: &str) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(target))?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)));
    files.sort();
    Ok(files)
}

/// The file that an input is kept in.
pub fn regression_file(target: &str, data: &[u8]) -> PathBuf {
    root().join("regressions").join(target).join(format!("{:.16}.json", hex_digest(data)))
}

/// All mended findings of the targets in this build, in order of name. A folder that no target has counts too, so that
/// it is noticed.
///
/// # Errors
/// When a folder cannot be read.
pub fn regression_files() -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root().join("regressions"))? {
        let folder = folder?;
        if LEFT_OUT.iter().any(|name| folder.file_name() == *name) {
            continue;
        }
        for entry in std::fs::read_dir(folder.path())? {
            files.push(entry?.path());
        }
    }
    files.sort();
    Ok(files)
}
