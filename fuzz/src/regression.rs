//! Regressions: fixed findings, saved as cases, one JSON file each in `regressions/TARGET/`.
//!
//! ```json
//! {
//!   "target": "request_decode",
//!   "found": "2026-11-25: a list in the query lost its empty elements",
//!   "case": { "method": "GET", "uri": "/list?a=", "headers": [], "body": "" }
//! }
//! ```
//!
//! `bytes` (base64) replaces `case` if the bug was in generating the case.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::row;

/// A saved finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// Name of the target.
    pub target: String,
    /// Date and description of the bug.
    pub found: String,
    /// The case that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Value>,
    /// The input in base64, if generating a case from it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
}

/// The reason why a regression could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum RegressionError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The file is not a regression.
    #[error("{path}: {error}; a regression has `target`, `found`, and `case` or `bytes`")]
    Form {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        error: serde_json::Error,
    },
    /// The target does not exist.
    #[error("{path}: no target {name}; list them with `scripts/fuzz list`")]
    Target {
        /// The file.
        path: PathBuf,
        /// The missing target.
        name: String,
    },
    /// The case does not have the target's current format.
    #[error("{path}: not a case of {name}: {error}; if the target's format has changed, update the file")]
    Case {
        /// The file.
        path: PathBuf,
        /// The target.
        name: String,
        /// The parser's error.
        error: serde_json::Error,
    },
    /// The file has neither a case nor bytes, or both.
    #[error("{path}: needs either `case`, or `bytes` in base64")]
    Content {
        /// The file.
        path: PathBuf,
    },
}

impl Regression {
    /// Saves an input as a regression: as its case, or as bytes if there is no case or generating it panics.
    pub fn of(row: &'static crate::Row, data: &[u8], found: String) -> Self {
        let case = std::panic::catch_unwind(|| (row.decode)(data)).ok().flatten();
        let bytes = case.is_none().then(|| STANDARD.encode(data));
        Self { target: row.name.to_owned(), found, case, bytes }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a regression.
    pub fn read(path: &Path) -> Result<Self, RegressionError> {
        let text = std::fs::read(path).map_err(|error| RegressionError::Io { path: path.to_owned(), error })?;
        serde_json::from_slice(&text).map_err(|error| RegressionError::Form { path: path.to_owned(), error })
    }

    /// Checks the target's property again.
    ///
    /// # Errors
    /// When the file is not a regression of a target in this build.
    ///
    /// # Panics
    /// When the property does not hold.
    pub fn replay(&self, path: &Path) -> Result<(), RegressionError> {
        let (path, name) = (path.to_owned(), self.target.clone());
        let Some(row) = row(&self.target) else { return Err(RegressionError::Target { path, name }) };
        match (&self.case, &self.bytes) {
            (Some(case), None) => {
                (row.replay)(case.clone()).map_err(|error| RegressionError::Case { path, name, error })
            }
            (None, Some(bytes)) => {
                let Ok(data) = STANDARD.decode(bytes) else { return Err(RegressionError::Content { path }) };
                (row.run)(&data);
                Ok(())
            }
            _ => Err(RegressionError::Content { path }),
        }
    }
}
