//! Paths of inputs. Seeds are `corpus/TARGET/seed-NAME` and are committed; other files there are added by fuzzers and are
//! not. Fixed findings are `regressions/TARGET/*.json`.

use std::io;
use std::path::{Path, PathBuf};

use connect_model::import::hex_digest;

use crate::{LEFT_OUT, Row};

/// File name prefix of seeds. Fuzzers name files by digest.
const PREFIX: &str = "seed-";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder(target: &str) -> PathBuf {
    root().join("corpus").join(target)
}

/// Path of the committed dictionary.
pub fn dictionary_file() -> PathBuf {
    root().join("dictionary.txt")
}

/// Replaces the generated seeds of a target. Seeds found by a fuzzer (`seed-found-…`) are kept. Returns the number of seeds
/// written and their total size in bytes.
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

/// Lists the committed seeds of a target, sorted by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn seed_files(target: &str) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(target))?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)));
    files.sort();
    Ok(files)
}

/// Path of the regression for an input.
pub fn regression_file(target: &str, data: &[u8]) -> PathBuf {
    root().join("regressions").join(target).join(format!("{:.16}.json", hex_digest(data)))
}

/// Lists the regressions of the targets in this build, sorted by path. Folders of unknown targets are included, so that
/// replaying them fails.
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
