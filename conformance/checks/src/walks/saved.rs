//! Failed walks on disk, one readable JSON file each. Later runs replay them first. Files are never deleted here.

use std::path::{Path, PathBuf};

use connect_model::files::{self, Use};
use connect_model::text::{visible, visible_path};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::walks::SUBJECTS;
use crate::walks::step::Step;

/// A walk on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// The subject of the walk, which is the variant of its case.
    pub subject: String,
    /// The expected response when the walk was found. For readers only, since a replay judges again.
    #[serde(default)]
    pub expected: String,
    /// The actual response when the walk was found.
    #[serde(default)]
    pub actual: String,
    /// The steps in words.
    #[serde(default)]
    pub story: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A saved walk cannot be used.
#[derive(Debug, Error)]
#[error("cannot use the saved walk {path}: {problem}; fix the file, or remove it")]
pub struct SavedError {
    path: String,
    problem: String,
}

/// Bytes of the file of a walk.
const LARGEST: u64 = 16 << 20;

/// Largest number of steps of a walk.
pub const LONGEST: u16 = 1000;

impl Saved {
    /// File name of the walk. It depends on the steps, so that equal walks have one file.
    fn file_name(&self) -> String {
        let content = serde_json::to_vec(&(&self.subject, &self.steps)).unwrap_or_default();
        let digest: String = Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{digest}.json", files::stem(&self.subject))
    }

    /// Writes the walk into a folder, which is created if needed.
    ///
    /// # Errors
    /// The folder or the file cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<PathBuf> {
        files::folder(folder)?;
        let path = folder.join(self.file_name());
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        match files::create(&path, &bytes) {
            // An equal walk. Nothing that has its name is replaced.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(path),
            written => written.map(|()| path),
        }
    }

    /// The `.json` files of a folder, in order of name; none if the folder does not exist.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(folder: &Path) -> Result<Vec<PathBuf>, SavedError> {
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| wrong(folder, &error))?,
        };
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<PathBuf>>>()
            .map_err(|error| wrong(folder, &error))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        Ok(paths)
    }

    /// Reads every walk of a folder.
    #[cfg(test)]
    pub(crate) fn read_all(folder: &Path) -> Result<Vec<Self>, SavedError> {
        Self::files(folder)?.iter().map(|path| Self::read(path)).collect()
    }

    /// Reads a walk.
    ///
    /// # Errors
    /// The file is not a valid walk.
    pub fn read(path: &Path) -> Result<Self, SavedError> {
        let bytes = files::read_json(path, Use::Input, LARGEST).map_err(|error| wrong(path, &error))?;
        let saved: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(path, &error))?;
        let known: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name).collect();
        if !known.contains(&saved.subject.as_str()) {
            return Err(wrong(
                path,
                &format!("`{}` is not a subject of walks; expected one of {}", saved.subject, known.join(", ")),
            ));
        }
        if saved.steps.is_empty() || saved.steps.len() > usize::from(LONGEST) {
            return Err(wrong(path, &format!("a walk has 1 to {LONGEST} steps, this one has {}", saved.steps.len())));
        }
        for (at, step) in saved.steps.iter().enumerate() {
            step.check().map_err(|why| wrong(path, &format!("step {}: {why}", at + 1)))?;
        }
        Ok(saved)
    }
}

fn wrong(path: &Path, problem: &dyn std::fmt::Display) -> SavedError {
    SavedError { path: visible_path(path), problem: visible(&problem.to_string()).into_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::walks::random::random_walk;
    use crate::walks::step::Kind;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("connect-walks-{}-{name}", std::process::id()))
    }

    #[test]
    fn walks_round_trip_and_are_saved_once() {
        let folder = folder("round-trip");
        assert_eq!(Saved::read_all(&folder).unwrap(), []);
        let kinds = &[Kind::Flow, Kind::Module, Kind::Rule];
        let saved = |seed| Saved {
            subject: "mixed".to_owned(),
            expected: "a".to_owned(),
            actual: "b".to_owned(),
            story: vec!["1. c".to_owned()],
            steps: random_walk(seed, "", kinds, 40),
        };
        let path = saved(1).write(&folder).unwrap();
        assert_eq!(saved(1).write(&folder).unwrap(), path);
        saved(2).write(&folder).unwrap();
        std::fs::write(folder.join("README.md"), "not a walk").unwrap();
        let mut read = Saved::read_all(&folder).unwrap();
        read.sort_by_key(|walk| walk.steps != saved(1).steps);
        assert_eq!(read, [saved(1), saved(2)]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn rejects_invalid_files_with_the_position() {
        let rows = [
            ("{", "EOF"),
            (r#"{"subject":"flows","steps":[]}"#, "1 to 1000 steps"),
            (r#"{"subject":"queues","steps":[{"do":"delete","of":"flow#0"}]}"#, "`queues` is not a subject"),
            (r#"{"subject":"flows","steps":[{"do":"delete","of":"flow"}]}"#, "write flow#0"),
            (r#"{"subject":"flows","steps":[{"do":"explode","of":"flow#0"}]}"#, "unknown variant `explode`"),
            (r#"{"subject":"flows","steps":[{"do":"delete","of":"flow#0","x":1}]}"#, "unknown field `x`"),
            (
                r#"{"subject":"flows","steps":[{"do":"tag","of":"flow#0","tags":{"aws:x":""}}]}"#,
                "step 1: `aws:x` is not a tag of walks",
            ),
            (r#"{"subject":"flows","steps":[{"do":"tag","of":"flow#0","tags":{}}]}"#, "the step adds no tag"),
            (r#"{"subject":"flows","steps":[{"do":"untag","of":"flow#0","keys":[]}]}"#, "the step removes no tag"),
            (
                r#"{"subject":"flows","steps":[{"do":"tag","of":"flow#0","tags":{"ct-a":"="}}]}"#,
                "`=` is not a valid tag value",
            ),
        ];
        let folder = folder("wrong");
        std::fs::create_dir_all(&folder).unwrap();
        for (text, part) in rows {
            std::fs::write(folder.join("wrong.json"), text).unwrap();
            let error = Saved::read_all(&folder).unwrap_err().to_string();
            assert!(error.contains("wrong.json") && error.contains(part), "{text}: {error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
