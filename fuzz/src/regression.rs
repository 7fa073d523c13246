//! Findings that were mended, kept as what was tried and not as bytes: one JSON file each in `regressions/TARGET/`.
//!
//! ```json
//! {
//!   "target": "request_decode",
//!   "found": "2026-11-25: a list in the query lost its empty elements",
//!   "case": { "method": "GET", "uri": "/list?a=", "headers": [], "body": "" }
//! }
//! ```
//!
//! `bytes` (base64) stands in place of `case` where the bytes could not even be drawn.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::row;

/// A kept finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regression {
    /// Name of the target.
    pub target: String,
    /// When, and what was wrong.
    pub found: String,
    /// What was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Value>,
    /// The input itself in base64, if the fault lies in drawing a case from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
}

/// Why a kept finding could not be tried again.
#[derive(Debug, thiserror::Error)]
pub enum RegressionError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is no such file.
    #[error("{path}: {error}; a regression has `target`, `found`, and `case` or `bytes`")]
    Form {
        /// The file.
        path: PathBuf,
        /// Where it departs.
        error: serde_json::Error,
    },
    /// No target has that name.
    #[error("{path}: no target {name}; `connect-fuzz list` shows them")]
    Target {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The target does not know such a case.
    #[error("{path}: no case of {name}: {error}; the target has changed since: write the case as it is now")]
    Case {
        /// The file.
        path: PathBuf,
        /// The target.
        name: String,
        /// Where it departs.
        error: serde_json::Error,
    },
    /// Neither a case nor bytes, or both.
    #[error("{path}: give either `case`, or `bytes` in base64")]
    Content {
        /// The file.
        path: PathBuf,
    },
}

impl Regression {
    /// The finding that an input is. A target whose drawing panics on it leaves the bytes.
    pub fn of(row: &'static crate::Row, data: &[u8], found: String) -> Self {
        let case = std::panic::catch_unwind(|| (row.decode)(data)).ok().flatten();
        let bytes = case.is_none().then(|| STANDARD.encode(data));
        Self { target: row.name.to_owned(), found, case, bytes }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no regression.
    pub fn read(path: &Path) -> Result<Self, RegressionError> {
        let text = std::fs::read(path).map_err(|error| RegressionError::Io { path: path.to_owned(), error })?;
        serde_json::from_slice(&text).map_err(|error| RegressionError::Form { path: path.to_owned(), error })
    }

    /// Holds the target's law against it once more.
    ///
    /// # Errors
    /// When the target no longer knows such a case.
    ///
    /// # Panics
    /// When the law is broken.
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
