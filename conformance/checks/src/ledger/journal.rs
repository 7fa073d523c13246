//! The ledger of a run on disk: a line of JSON for the run, then one for every creation and for every result. The line of
//! a creation is on the disk before its request is sent. The file is locked while its run is active.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use connect_model::files::{self, Use};
use connect_model::text::visible_path;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// Ending of the file names.
const EXTENSION: &str = "journal.jsonl";

/// Version of the format.
pub const VERSION: u32 = 1;

/// Bytes of a journal. A run that creates a hundred thousand resources writes less.
const LARGEST: u64 = 64 << 20;

/// Characters of a run id.
const RUN_ID: usize = 8;

/// The run of a journal, and where its resources are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub version: u32,
    /// The service's name in the SDKs.
    #[serde(default = "connect")]
    pub service: String,
    /// The run id, which is part of every name of the run.
    pub run: String,
    /// Seconds since 1970 at its start.
    pub began: u64,
    /// Base URL.
    pub endpoint: String,
    /// Region of its signatures.
    pub region: String,
    /// The instance that holds its resources.
    pub instance_id: Option<String>,
    /// The account of the instance, if it was given.
    pub account: Option<String>,
    /// The endpoint was treated as a real account whatever its address.
    pub as_remote: bool,
}

fn connect() -> String {
    "Connect".to_owned()
}

/// A line after the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A creation is about to be sent. Creations are numbered from 0.
    Requested {
        /// Number of the creation.
        n: usize,
        /// The operation.
        asks: String,
        /// Members of its input that identify the resource.
        with: Map<String, Value>,
        /// Seconds since 1970.
        #[serde(default)]
        at: u64,
    },
    /// The resource exists.
    Created {
        /// Number of the creation.
        n: usize,
        /// The input that deletes the resource.
        made: Value,
    },
    /// The resource does not exist, or not any more.
    Gone {
        /// Number of the creation.
        gone: usize,
        /// The status or failure that says so.
        why: String,
    },
}

/// A journal cannot be written or read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file cannot be used.
    #[error(
        "{}: {source}; the journal of created resources is required: name another folder with --journal",
        visible_path(path)
    )]
    File {
        /// Path of the file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Its run still writes it.
    #[error("{}: its run is still active", visible_path(path))]
    InUse {
        /// Path of the file.
        path: PathBuf,
    },
    /// Its run was against another service.
    #[error(
        "{}: it belongs to a run against {service}, but the model is of {model}; name the model of the run with --model",
        visible_path(path)
    )]
    Service {
        /// Path of the file.
        path: PathBuf,
        /// The service of the run.
        service: String,
        /// The service of the model.
        model: String,
    },
    /// The content is not that of a journal.
    #[error("{}:{line}: {what}; the file is not a journal of this program, or is damaged", visible_path(path))]
    Content {
        /// Path of the file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// The error.
        what: String,
    },
}

/// The content of a journal.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) header: Header,
    pub(super) lines: Vec<Line>,
    /// Bytes of the complete lines.
    complete: usize,
}

impl Content {
    /// Parses the bytes of a file.
    pub(super) fn of(path: &Path, bytes: &[u8]) -> Result<Self, JournalError> {
        let wrong = |line: usize, what: String| JournalError::Content { path: path.to_owned(), line, what };
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut lines = bytes[..complete].split_inclusive(|byte| *byte == b'\n').zip(1..);
        let Some((first, _)) = lines.next() else { return Err(wrong(1, "the header is missing".to_owned())) };
        let header: Header = serde_json::from_slice(first).map_err(|error| wrong(1, error.to_string()))?;
        if header.version != VERSION {
            return Err(wrong(1, format!("version {} is not supported, only {VERSION}", header.version)));
        }
        if run_of(path) != Some(header.run.as_str()) {
            return Err(wrong(1, format!("its header is that of the run `{}`, its name is not", header.run)));
        }
        let read = |(line, number): (&[u8], usize)| {
            serde_json::from_slice(line).map_err(|error| wrong(number, error.to_string()))
        };
        Ok(Self { header, lines: lines.map(read).collect::<Result<_, _>>()?, complete })
    }
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    usage: Use,
    /// Length without the last line, if that was cut off by a crash. Its request was never sent, because a request is sent
    /// after its line is complete. It is removed before the next line is appended, and stays if none is.
    complete: Option<u64>,
}

impl Journal {
    /// Creates the journal of a run.
    ///
    /// # Errors
    /// The file cannot be created, or the run has one already.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, JournalError> {
        let path = folder.join(format!("{}.{EXTENSION}", header.run));
        let failed = |source| JournalError::File { path: path.clone(), source };
        files::folder(folder).map_err(failed)?;
        let file = files::open(&path, Use::New).map_err(failed)?;
        lock(&file, &path)?;
        let mut this = Self { path, file, usage: Use::New, complete: None };
        this.append(header, true)?;
        Ok(this)
    }

    /// Opens the journal of an earlier run: to read it, which changes nothing on the disk, or to append to it.
    ///
    /// # Errors
    /// The file cannot be read, is in use, or is no journal.
    pub fn open(path: &Path, usage: Use) -> Result<(Self, Header, Vec<Line>), JournalError> {
        let failed = |source| JournalError::File { path: path.to_owned(), source };
        let file = files::open(path, usage).map_err(failed)?;
        lock(&file, path)?;
        let bytes = files::read_json_from(&file, LARGEST).map_err(failed)?;
        let Content { header, lines, complete } = Content::of(path, &bytes)?;
        let complete = (complete < bytes.len()).then_some(complete as u64);
        Ok((Self { path: path.to_owned(), file, usage, complete }, header, lines))
    }

    /// Appends a line; with `sync`, it is on the disk when this returns.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn write(&mut self, line: &Line, sync: bool) -> Result<(), JournalError> {
        self.append(line, sync)
    }

    fn append(&mut self, line: &impl Serialize, sync: bool) -> Result<(), JournalError> {
        let failed = |source| JournalError::File { path: self.path.clone(), source };
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        if let Some(complete) = self.complete {
            files::cut(&self.file, complete).map_err(failed)?;
            self.complete = None;
        }
        let before = self.file.metadata().map_err(failed)?.len();
        if let Err(error) = self.file.write_all(&text) {
            // A full disk may have taken half of the line. The rest of the file would be unreadable after it.
            let _ = files::cut(&self.file, before);
            return Err(failed(error));
        }
        if sync { self.file.sync_data().map_err(failed) } else { Ok(()) }
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, unless it was opened to be read.
    pub fn remove(self) {
        if self.usage != Use::Read {
            // A file that stays is harmless: every resource in it is gone.
            let _ = files::remove(&self.path);
        }
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    files::lock(file).map_err(|source| match source.kind() {
        ErrorKind::WouldBlock => JournalError::InUse { path: path.to_owned() },
        _ => JournalError::File { path: path.to_owned(), source },
    })
}

/// Whole seconds since 1970.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The run id in the file name of a journal; none for other files.
pub fn run_of(path: &Path) -> Option<&str> {
    let run = path.file_name()?.to_str()?.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    is_run_id(run).then_some(run)
}

/// True for the form of a run id.
pub(crate) fn is_run_id(text: &str) -> bool {
    text.len() == RUN_ID && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The files of a folder that have the name of a journal, in order of name; none if the folder does not exist.
///
/// # Errors
/// The folder cannot be read.
pub fn all(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let failed = |source| JournalError::File { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if run_of(&path).is_some() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn header() -> Header {
        Header {
            version: VERSION,
            service: connect(),
            run: "0badcafe".to_owned(),
            began: 1,
            endpoint: "http://127.0.0.1:9".to_owned(),
            region: "us-east-1".to_owned(),
            instance_id: Some("i".to_owned()),
            account: None,
            as_remote: false,
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("connect-journal-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn journals_round_trip_without_an_incomplete_last_line() {
        let folder = folder("cut");
        let mut journal = Journal::create(&folder, &header()).unwrap();
        let with = json!({ "Name": "Ct-0badcafe-1" }).as_object().unwrap().clone();
        let written = [
            Line::Requested { n: 0, asks: "CreateRule".to_owned(), with, at: 7 },
            Line::Created { n: 0, made: json!({ "RuleId": "r" }) },
            Line::Gone { gone: 0, why: "404".to_owned() },
        ];
        for line in &written {
            journal.write(line, true).unwrap();
        }
        let [path] = &all(&folder).unwrap()[..] else { unreachable!() };
        assert!(matches!(Journal::open(path, Use::Read), Err(JournalError::InUse { .. })));
        assert!(matches!(Journal::create(&folder, &header()), Err(JournalError::File { .. })));
        drop(journal);
        let whole = std::fs::read(path).unwrap();
        std::fs::write(path, &whole[..whole.len() - 3]).unwrap();
        let torn = std::fs::read(path).unwrap();
        let (journal, read, lines) = Journal::open(path, Use::Read).unwrap();
        assert_eq!((read, &lines[..]), (header(), &written[..2]));
        journal.remove();
        drop(Journal::open(path, Use::Append).unwrap());
        assert_eq!(std::fs::read(path).unwrap(), torn, "opening repairs nothing");
        let (mut journal, _, lines) = Journal::open(path, Use::Append).unwrap();
        assert_eq!(lines, written[..2]);
        journal.write(&written[2], true).unwrap();
        drop(journal);
        assert_eq!(std::fs::read(path).unwrap(), whole);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn rejects_other_files_with_the_line() {
        let folder = folder("damaged");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("0badcafe.{EXTENSION}"));
        let good = serde_json::to_string(&header()).unwrap();
        let other = good.replace("\"version\":1", "\"version\":2");
        let rows = [
            (String::new(), ":1: the header is missing"),
            (good.clone(), ":1: the header is missing"),
            (format!("{}\n", good.replace("0badcafe", "1badcafe")), ":1: its header is that of the run `1badcafe`"),
            ("{}\n".to_owned(), ":1: missing field"),
            (format!("{other}\n"), ":1: version 2 is not supported"),
            (format!("{good}\n{{\"n\":0}}\n"), ":2: "),
            (format!("{good}\n\n"), ":2: "),
        ];
        for (text, part) in rows {
            std::fs::write(&path, &text).unwrap();
            let error = Journal::open(&path, Use::Append).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a file that is no journal stays as it is");
        }
        for name in ["mine.journal.jsonl", "0badcafe.journal.jsonl.bak", "0badcafejournal.jsonl"] {
            std::fs::write(folder.join(name), "mine").unwrap();
        }
        assert_eq!(all(&folder).unwrap(), [path]);
        assert_eq!(all(&folder.join("none")).unwrap(), Vec::<PathBuf>::new());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
