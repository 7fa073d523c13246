//! Reports. [`collect`] turns the events of a run into one document, [`json::Report`]; every other format is made from
//! that document. Reports judge nothing and send nothing.
//!
//! A file format is one file here and one row of [`FILES`].

pub mod case_file;
pub mod causes;
pub mod collect;
pub mod conclusion;
pub mod draft;
pub mod expect;
pub mod folder;
pub mod github;
pub mod groups;
pub mod har;
pub mod html;
pub mod json;
pub mod junit;
pub mod learned;
pub mod merge;
pub mod output;
pub mod progress;
pub mod quote;
mod recount;
pub mod reproduce;
#[cfg(test)]
pub(crate) mod samples;
pub mod terminal;
pub mod text;
pub mod trend;
pub mod verdict;
mod verify;
mod way;

use std::io;
use std::path::Path;

use connect_model::files;

use self::json::Report;

/// A file in the report folder.
pub struct ReportFile {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub content: fn(&Report) -> io::Result<String>,
}

/// The log, with one line for each case.
pub const LOG: &str = "trials.log";

/// Every file that is made from a report, in the order in which the terminal names them.
pub const FILES: &[ReportFile] = &[
    ReportFile { name: "report.html", content: html::page },
    ReportFile { name: json::FILE, content: json::document },
    ReportFile { name: "junit.xml", content: junit::document },
    ReportFile { name: har::FILE, content: har::document },
];

/// Writes every file into a folder that exists.
///
/// # Errors
/// A file cannot be written.
pub fn write_files(report: &Report, folder: &Path) -> io::Result<()> {
    for file in FILES {
        files::replace(&folder.join(file.name), (file.content)(report)?.as_bytes())?;
    }
    Ok(())
}
