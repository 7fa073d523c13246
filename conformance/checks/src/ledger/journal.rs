//! The ledger of a run on disk: a line of JSON for the run, then one for everything that it asks for and learns, each on
//! the disk before the request that it speaks of goes out. Locked while its run lives.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// How file names end.
const EXTENSION: &str = "journal.jsonl";

/// The form of the file.
pub const VERSION: u32 = 1;

/// The run that a journal is of: where its things are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Form of the file.
    pub version: u32,
    /// The service, by its name in the SDKs.
    #[serde(default = "connect")]
    pub service: String,
    /// What the names of the run have in common.
    pub run: String,
    /// Seconds since 1970 at its start.
    pub began: u64,
    /// Base URL.
    pub endpoint: String,
    /// Region that it signed for.
    pub region: String,
    /// The instance that it worked in.
    pub instance_id: Option<String>,
    /// The account that the instance is in, if it was named.
    pub account: Option<String>,
    /// It took the endpoint for a real account whatever its address.
    pub as_remote: bool,
}

fn connect() -> String {
    "Connect".to_owned()
}

/// What follows the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A request that makes something is about to go out. They are numbered from 0.
    Asked {
        /// Its number.
        n: usize,
        /// The operation.
        asks: String,
        /// What of its input names the thing.
        with: Map<String, Value>,
        /// Seconds since 1970.
        #[serde(default)]
        at: u64,
    },
    /// The thing is there.
    Made {
        /// Number of the request.
        n: usize,
        /// Input of the operation that deletes it.
        made: Value,
    },
    /// The thing is not there, or not any more.
    Gone {
        /// Number of the request.
        gone: usize,
        /// Status or trouble that says so.
        why: String,
    },
}

/// A journal cannot be written or read.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The system says no.
    #[error("{}: {source}; the journal of what is made must be kept, name another folder with --journal", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
    /// A run is still writing it.
    #[error("{}: its run is still going on", path.display())]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{}:{line}: {what}; this is no journal of this program, or a damaged one", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Begins the journal of a run.
    ///
    /// # Errors
    /// The file cannot be made, or there is one of that run.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, JournalError> {
        let path = folder.join(format!("{}.{EXTENSION}", header.run));
        let trouble = |source| JournalError::File { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(trouble)?;
        let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(trouble)?;
        lock(&file, &path)?;
        let mut this = Self { path, file };
        this.append(header, true)?;
        Ok(this)
    }

    /// Opens one that a run has left, to read it and to go on with it.
    ///
    /// # Errors
    /// It cannot be read, is in use, or is no journal.
    pub fn open(path: &Path) -> Result<(Self, Header, Vec<Line>), JournalError> {
        let trouble = |source| JournalError::File { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(trouble)?;
        lock(&file, path)?;
        let mut lines = Vec::new();
        for line in BufReader::new(&file).split(b'\n') {
            lines.push(line.map_err(trouble)?);
        }
        // What a crash cut off was never acted upon: a request goes out after its line is whole. It is taken off, lest
        // the next line be written behind it.
        let whole = lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
        let length = file.metadata().map_err(trouble)?.len();
        if whole > length
            && let Some(cut) = lines.pop()
        {
            file.set_len(length - cut.len() as u64).map_err(trouble)?;
        }
        file.seek(SeekFrom::End(0)).map_err(trouble)?;
        let wrong = |line: usize, error: serde_json::Error| JournalError::Content {
            path: path.to_owned(),
            line,
            what: error.to_string(),
        };
        let Some((first, rest)) = lines.split_first() else {
            let what = "there is no line that says which run it is of".to_owned();
            return Err(JournalError::Content { path: path.to_owned(), line: 1, what });
        };
        let header: Header = serde_json::from_slice(first).map_err(|error| wrong(1, error))?;
        if header.version != VERSION {
            let what = format!("it has the form {}, and only {VERSION} is known", header.version);
            return Err(JournalError::Content { path: path.to_owned(), line: 1, what });
        }
        let lines = rest
            .iter()
            .zip(2..)
            .map(|(line, number)| serde_json::from_slice(line).map_err(|error| wrong(number, error)));
        Ok((Self { path: path.to_owned(), file }, header, lines.collect::<Result<_, _>>()?))
    }

    /// Adds a line; with `now`, it is on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, line: &Line, now: bool) -> Result<(), JournalError> {
        self.append(line, now)
    }

    fn append(&mut self, line: &impl Serialize, now: bool) -> Result<(), JournalError> {
        let trouble = |source| JournalError::File { path: self.path.clone(), source };
        let mut text = serde_json::to_vec(line).map_err(|error| trouble(error.into()))?;
        text.push(b'\n');
        let before = self.file.metadata().map_err(trouble)?.len();
        if let Err(error) = self.file.write_all(&text) {
            // A full disk takes the half of a line, behind which nothing could be read.
            let _ = self.file.set_len(before);
            return Err(trouble(error));
        }
        if now { self.file.sync_data().map_err(trouble) } else { Ok(()) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file.
    pub fn remove(self) {
        // One that stays says that everything in it is gone.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(JournalError::File { path: path.to_owned(), source }),
    }
}

/// The run that the file of a journal is named after.
pub fn run_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(EXTENSION)?.strip_suffix('.')
}

/// The journals of a folder, in order of name; a folder that is not there has none.
///
/// # Errors
/// The folder cannot be read.
pub fn all(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let trouble = |source| JournalError::File { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(trouble(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(trouble)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(EXTENSION)) {
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
    fn what_was_written_is_read_and_what_a_crash_cut_off_is_not() {
        let folder = folder("cut");
        let mut journal = Journal::create(&folder, &header()).unwrap();
        let with = json!({ "Name": "Ct-0badcafe-1" }).as_object().unwrap().clone();
        let written = [
            Line::Asked { n: 0, asks: "CreateRule".to_owned(), with, at: 7 },
            Line::Made { n: 0, made: json!({ "RuleId": "r" }) },
            Line::Gone { gone: 0, why: "404".to_owned() },
        ];
        for line in &written {
            journal.write(line, true).unwrap();
        }
        let [path] = &all(&folder).unwrap()[..] else { unreachable!() };
        assert!(matches!(Journal::open(path), Err(JournalError::InUse { .. })));
        assert!(matches!(Journal::create(&folder, &header()), Err(JournalError::File { .. })));
        drop(journal);
        let whole = std::fs::read(path).unwrap();
        std::fs::write(path, &whole[..whole.len() - 3]).unwrap();
        let (mut journal, read, lines) = Journal::open(path).unwrap();
        assert_eq!((read, &lines[..]), (header(), &written[..2]));
        journal.write(&written[2], true).unwrap();
        drop(journal);
        assert_eq!(std::fs::read(path).unwrap(), whole);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_journal_is_refused_with_the_place() {
        let folder = folder("damaged");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("x.{EXTENSION}"));
        let good = serde_json::to_string(&header()).unwrap();
        let other = good.replace("\"version\":1", "\"version\":2");
        let rows = [
            (String::new(), ":1: "),
            ("{}\n".to_owned(), ":1: missing field"),
            (format!("{other}\n"), ":1: it has the form 2"),
            (format!("{good}\n{{\"n\":0}}\n"), ":2: "),
            (format!("{good}\n\n"), ":2: "),
        ];
        for (text, part) in rows {
            std::fs::write(&path, &text).unwrap();
            let error = Journal::open(&path).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert_eq!(all(&folder.join("none")).unwrap(), Vec::<PathBuf>::new());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
