//! Walks that failed once, one readable JSON file each. Later runs replay them first; nothing here deletes one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::walks::SUBJECTS;
use crate::walks::step::Step;

/// A walk on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// What it walks over: the variant of its case.
    pub subject: String,
    /// What was expected, and what came instead, when it was found. For readers: a replay judges anew.
    #[serde(default)]
    pub expected: String,
    /// See there.
    #[serde(default)]
    pub actual: String,
    /// The steps in words.
    #[serde(default)]
    pub story: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A file of walks cannot be used.
#[derive(Debug, Error)]
#[error("cannot use the saved walk {path}: {problem}; mend the file, or remove it")]
pub struct SavedError {
    path: String,
    problem: String,
}

/// Longest walk that is read or made.
pub const LONGEST: u16 = 1000;

impl Saved {
    /// Name of its file: what it does decides, so that one walk is kept once.
    fn file_name(&self) -> String {
        let content = serde_json::to_vec(&(&self.subject, &self.steps)).unwrap_or_default();
        let digest: String = Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{digest}.json", self.subject)
    }

    /// Writes it into a folder, which is made if need be.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, folder: &Path) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(self.file_name());
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        std::fs::write(&path, bytes)?;
        Ok(path)
    }

    /// Reads every `.json` of a folder, in order of name. No folder, no walks.
    ///
    /// # Errors
    /// The first file that is no walk.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, SavedError> {
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
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Result<Self, SavedError> {
        let bytes = std::fs::read(path).map_err(|error| wrong(path, &error))?;
        let saved: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(path, &error))?;
        let known: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name).collect();
        if !known.contains(&saved.subject.as_str()) {
            return Err(wrong(path, &format!("no walk goes over `{}`, only over {}", saved.subject, known.join(", "))));
        }
        if saved.steps.is_empty() || saved.steps.len() > usize::from(LONGEST) {
            return Err(wrong(path, &format!("a walk has 1 to {LONGEST} steps, and this one {}", saved.steps.len())));
        }
        for (at, step) in saved.steps.iter().enumerate() {
            step.check().map_err(|why| wrong(path, &format!("step {}: {why}", at + 1)))?;
        }
        Ok(saved)
    }
}

fn wrong(path: &Path, problem: &dyn std::fmt::Display) -> SavedError {
    SavedError { path: path.display().to_string(), problem: problem.to_string() }
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
    fn walks_come_back_as_they_were_and_are_kept_once() {
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
    fn what_is_no_walk_is_refused_with_its_place() {
        let rows = [
            ("{", "EOF"),
            (r#"{"subject":"flows","steps":[]}"#, "1 to 1000 steps"),
            (r#"{"subject":"queues","steps":[{"do":"delete","of":"flow#0"}]}"#, "no walk goes over `queues`"),
            (r#"{"subject":"flows","steps":[{"do":"delete","of":"flow"}]}"#, "write flow#0"),
            (r#"{"subject":"flows","steps":[{"do":"explode","of":"flow#0"}]}"#, "unknown variant `explode`"),
            (r#"{"subject":"flows","steps":[{"do":"delete","of":"flow#0","x":1}]}"#, "unknown field `x`"),
            (
                r#"{"subject":"flows","steps":[{"do":"tag","of":"flow#0","tags":{"aws:x":""}}]}"#,
                "step 1: a walk sets no tag",
            ),
            (r#"{"subject":"flows","steps":[{"do":"tag","of":"flow#0","tags":{}}]}"#, "it adds no tag"),
            (r#"{"subject":"flows","steps":[{"do":"untag","of":"flow#0","keys":[]}]}"#, "it removes no tag"),
            (
                r#"{"subject":"flows","steps":[{"do":"tag","of":"flow#0","tags":{"ct-a":"="}}]}"#,
                "`=` is no value of a tag",
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
