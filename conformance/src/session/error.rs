//! Errors of commands, each with its exit code.

use thiserror::Error;

use crate::exit::Exit;
use crate::report::text::printable;

/// A command failed.
#[derive(Debug, Error)]
pub enum SessionError {
    /// Wrong usage, an unreadable file, or an endpoint that does not respond.
    #[error("{0}")]
    Usage(String),
    /// The selection is empty. A run without cases must not succeed.
    #[error("{0}")]
    Nothing(String),
    /// An error after which resources of the run still exist.
    #[error("{why}{}", leaked(left))]
    Leaked {
        /// The error.
        why: String,
        /// The resources.
        left: Vec<String>,
    },
}

fn leaked(left: &[String]) -> String {
    left.iter().map(|line| format!("\nleaked: {}", printable(line, 300))).collect()
}

impl SessionError {
    /// The exit code for the error.
    pub fn exit(&self) -> Exit {
        match self {
            SessionError::Usage(_) => Exit::Usage,
            SessionError::Nothing(_) => Exit::Incomplete,
            SessionError::Leaked { .. } => Exit::Leaked,
        }
    }

    /// The same error, with the resources that still exist.
    #[must_use]
    pub fn leaving(self, left: &[String]) -> Self {
        match self {
            this if left.is_empty() => this,
            this => SessionError::Leaked { why: this.to_string(), left: left.to_vec() },
        }
    }

    /// An error of usage.
    pub fn usage(error: impl std::fmt::Display) -> Self {
        SessionError::Usage(error.to_string())
    }
}
