//! The folder of a report: ours by a marker file, which is locked while a run or a merge writes there. Files of others are
//! neither deleted nor replaced.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use connect_model::files::{self, Use};
use thiserror::Error;

use crate::report::json::{self, Report};
use crate::report::{FILES, LOG};

/// Name of the marker file.
pub const MARKER: &str = ".connect-conformance";

/// Its content.
const TEXT: &str = "connect-conformance writes its report into this folder, and replaces that of the run before.\n";

/// The folder of the case files.
pub const FINDINGS: &str = "findings";

/// Folders of ours that may stand in a report folder, and are never cleared.
const KEPT: [&str; 2] = ["journal", "walks"];

/// Entries that a message names.
const NAMED: usize = 5;

/// A folder cannot be used for a report.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It has files that this program did not write.
    #[error(
        "{} has files that connect-conformance did not write: {}; --report-dir names another folder, and --force writes \
         into this one, where {}", path.display(), some(theirs), deleted(lost)
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The files and folders in it.
        theirs: Vec<String>,
        /// Those that a report replaces.
        lost: Vec<String>,
    },
    /// Another process writes its report there.
    #[error("{}: another run writes its report there; wait for its end, or name another folder with --report-dir", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot write to {}: {source}; --report-dir names another folder", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn deleted(lost: &[String]) -> String {
    if lost.is_empty() { "it deletes none of them".to_owned() } else { format!("it deletes {}", some(lost)) }
}

/// A report folder that is ours, for as long as this value lives.
#[derive(Debug)]
pub struct ReportFolder {
    path: PathBuf,
    /// The marker. Its lock ends with the process, however that ends.
    _lock: File,
}

impl ReportFolder {
    /// Checks that a report may be written into a folder, and writes nothing. `force` allows files of others, but no links.
    ///
    /// # Errors
    /// It may not.
    pub fn check(path: &Path, force: bool) -> Result<(), FolderError> {
        let failed = |source| FolderError::Io { path: path.to_owned(), source };
        let names = names(path).map_err(failed)?;
        has_no_links(path, &names).map_err(failed)?;
        if force || is_marked(path) {
            return Ok(());
        }
        let is_kept = |name: &String| KEPT.contains(&name.as_str()) && path.join(name).is_dir();
        let theirs: Vec<String> = names.iter().filter(|name| !is_kept(name)).cloned().collect();
        if theirs.is_empty() || is_of_earlier_version(path, &theirs) {
            return Ok(());
        }
        let lost = replaced(path).map_err(failed)?;
        let lost = lost.iter().map(|file| file.strip_prefix(path).unwrap_or(file).display().to_string()).collect();
        Err(FolderError::Foreign { path: path.to_owned(), theirs, lost })
    }

    /// Takes a folder for the report of this process. It is created if needed.
    ///
    /// # Errors
    /// As for [`ReportFolder::check`], or another process writes its report there, or the folder cannot be written.
    pub fn claim(path: &Path, force: bool) -> Result<Self, FolderError> {
        Self::check(path, force)?;
        let failed = |source: io::Error| FolderError::Io { path: path.to_owned(), source };
        files::folder(path).map_err(failed)?;
        let marker = path.join(MARKER);
        match files::create(&marker, TEXT.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                // A marker without its text would make the folder one of others.
                let _ = files::remove(&marker);
                return Err(failed(error));
            }
            Ok(()) => {}
        }
        let lock = files::open(&marker, Use::Append).map_err(failed)?;
        files::lock(&lock).map_err(|source| match source.kind() {
            ErrorKind::WouldBlock => FolderError::InUse { path: path.to_owned() },
            _ => failed(source),
        })?;
        files::folder_within(&path.join(FINDINGS)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Deletes the report and the findings of an earlier run: everything in the folder must belong to the same run.
    ///
    /// # Errors
    /// A file cannot be deleted.
    pub fn clear(&self) -> Result<(), FolderError> {
        let clear = || replaced(&self.path)?.iter().try_for_each(|file| files::remove(file));
        clear().map_err(|source| FolderError::Io { path: self.path.clone(), source })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Names of the entries of a folder, in order; none if it does not exist.
fn names(path: &Path) -> io::Result<BTreeSet<String>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Names of the files that a run writes into its folder.
fn file_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.name).chain([LOG])
}

/// Files that a run deletes or replaces, and what a killed one left half written.
fn replaced(path: &Path) -> io::Result<Vec<PathBuf>> {
    let is_part = |name: &str| file_names().any(|whole| files::is_part_of(name, whole));
    let is_ours = |name: &String| file_names().any(|ours| ours == name) || is_part(name);
    let mut replaced: Vec<PathBuf> =
        names(path)?.iter().filter(|name| is_ours(name)).map(|name| path.join(name)).collect();
    let findings = path.join(FINDINGS);
    let cases = names(&findings)?;
    replaced.extend(cases.iter().filter(|name| name.ends_with(".json")).map(|name| findings.join(name)));
    Ok(replaced)
}

/// Checks that nothing that a run writes there leads elsewhere.
fn has_no_links(path: &Path, names: &BTreeSet<String>) -> io::Result<()> {
    let written = file_names().chain([MARKER, FINDINGS]).chain(KEPT).filter(|name| names.contains(*name));
    for name in written {
        if path.join(name).is_symlink() {
            return Err(io::Error::other(format!("{name} in it is a link, and links are not followed; remove it")));
        }
    }
    Ok(())
}

fn is_marked(path: &Path) -> bool {
    let limit = TEXT.len() as u64;
    files::read(&path.join(MARKER), Use::Read, limit).is_ok_and(|text| text == TEXT.as_bytes())
}

/// True for a folder that an earlier version, which set no marker, wrote: with a report, and with nothing else in it.
fn is_of_earlier_version(path: &Path, names: &[String]) -> bool {
    let known = |name: &str| file_names().any(|ours| ours == name) || name == FINDINGS || name == "report.json.part";
    names.iter().all(|name| known(name))
        && files::open(&path.join(json::FILE), Use::Read).is_ok()
        && Report::read(&path.join(json::FILE)).is_ok_and(|report| report.tool == json::TOOL)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::samples;
    use crate::report::write_files;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("connect-report-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_folder_is_ours_by_its_marker() {
        let path = folder("marker");
        std::fs::create_dir(path.join("journal")).unwrap();
        let ours = ReportFolder::claim(&path, false).unwrap();
        assert!(matches!(ReportFolder::claim(&path, false), Err(FolderError::InUse { .. })));
        write_files(&samples::mixed().report(), &path).unwrap();
        std::fs::write(path.join("findings/a.json"), "{}").unwrap();
        std::fs::write(path.join(".report.json.a1B2c3.part"), "{").unwrap();
        std::fs::write(path.join("notes.txt"), "mine").unwrap();
        ours.clear().unwrap();
        assert_eq!(Vec::from_iter(names(&path).unwrap()), [MARKER, FINDINGS, "journal", "notes.txt"]);
        assert!(names(&path.join(FINDINGS)).unwrap().is_empty());
        drop(ours);
        ReportFolder::claim(&path, false).unwrap();
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn folders_of_others_are_refused_with_what_force_deletes() {
        let path = folder("others");
        std::fs::create_dir(path.join(FINDINGS)).unwrap();
        std::fs::write(path.join("findings/mine.json"), "{}").unwrap();
        std::fs::write(path.join("report.json"), "{}").unwrap();
        std::fs::write(path.join(MARKER), "another text").unwrap();
        let error = ReportFolder::claim(&path, false).unwrap_err().to_string();
        assert!(error.contains("did not write: .connect-conformance, findings, report.json; "), "{error}");
        assert!(error.ends_with("where it deletes report.json, findings/mine.json"), "{error}");
        ReportFolder::claim(&path, true).unwrap().clear().unwrap();
        assert!(names(&path.join(FINDINGS)).unwrap().is_empty());
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn folders_of_earlier_versions_are_ours_if_nothing_else_is_in_them() {
        let path = folder("earlier");
        write_files(&samples::mixed().report(), &path).unwrap();
        std::fs::write(path.join(LOG), "").unwrap();
        assert!(ReportFolder::check(&path, false).is_ok());
        std::fs::write(path.join("notes.txt"), "mine").unwrap();
        assert!(matches!(ReportFolder::check(&path, false), Err(FolderError::Foreign { .. })));
        std::fs::remove_dir_all(path).unwrap();
    }
}
