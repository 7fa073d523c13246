//! Values of a continuation that must agree with those of the run that it continues.

use std::path::{Path, PathBuf};
use std::time::Duration;

use connect_model::files::{self, Use};
use connect_model::import::{MAX_MODEL_BYTES, hex_digest};

use crate::event::InputFile;
use crate::session::config::{LONGEST_TIME, time};
use crate::session::error::SessionError;

/// An input file with the digest of its content, for the report.
pub(super) fn input_file(path: &Path) -> Result<InputFile, SessionError> {
    let content = files::read(path, Use::Input, MAX_MODEL_BYTES)
        .map_err(|error| SessionError::usage(format!("cannot read {}: {error}", path.display())))?;
    Ok(InputFile { path: path.to_owned(), sha256: hex_digest(&content) })
}

/// A value of the continuation: that of the run, unless another one is given.
pub(super) fn agree<T: PartialEq + std::fmt::Display>(
    flag: &str,
    given: &mut Option<T>,
    before: Option<T>,
) -> Result<(), SessionError> {
    match (given.as_ref(), &before) {
        (Some(now), Some(then)) if now != then => Err(differs(flag, &then.to_string(), &now.to_string())),
        (Some(now), None) => Err(differs(flag, "not given", &now.to_string())),
        _ => {
            *given = before;
            Ok(())
        }
    }
}

/// The same for a time in seconds.
pub(super) fn agree_time(flag: &str, given: &mut Option<Duration>, before: Option<f64>) -> Result<(), SessionError> {
    let mut seconds = given.map(|time| time.as_secs_f64());
    agree(flag, &mut seconds, before)?;
    // A report may have been written by others.
    let in_range = |seconds| {
        time(seconds).ok_or_else(|| {
            let range = format!("more than 0 and at most {LONGEST_TIME} seconds");
            SessionError::usage(format!("--resume: the report has {seconds} for {flag}, not {range}; start a new run"))
        })
    };
    *given = seconds.map(in_range).transpose()?;
    Ok(())
}

/// The same for names in any order.
pub(super) fn agree_list(flag: &str, given: &mut Vec<String>, before: Vec<String>) -> Result<(), SessionError> {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    if !given.is_empty() && sorted(given) != sorted(&before) {
        let then = if before.is_empty() { "not given".to_owned() } else { before.join(",") };
        return Err(differs(flag, &then, &given.join(",")));
    }
    *given = before;
    Ok(())
}

/// A file of the run. Its content must be the same as then, since it decided on outcomes.
pub(super) fn agree_file(
    flag: &str,
    given: &mut Option<PathBuf>,
    before: Option<InputFile>,
) -> Result<(), SessionError> {
    let Some(InputFile { path, sha256 }) = before else {
        return match given {
            Some(now) => Err(differs(flag, "not given", &now.display().to_string())),
            None => Ok(()),
        };
    };
    let now = given.clone().unwrap_or_else(|| path.clone());
    if input_file(&now)?.sha256 == sha256 {
        *given = Some(now);
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "--resume: {} is not the file that {flag} named in that run ({}); restore its content, name \
         the right file with {flag}, or start a new run",
        now.display(),
        path.display()
    )))
}

/// The error for a value that is another one now.
pub(super) fn differs(flag: &str, then: &str, now: &str) -> SessionError {
    SessionError::usage(format!(
        "--resume: {flag} was {then} in that run and is {now} now; leave it out, or start a new run"
    ))
}
