//! Recorded answers on disk: one text file per operation, for reviewers.
//!
//! ```text
//! # recorded 2026-11-26 from the built-in emulator; region us-east-1; model sha256 eeb1e6e34763; seed 1
//!
//! == valid
//! GET /rules/<instance>/<uuid:1>
//!
//! -- answer
//! 200
//! content-type: application/json
//!
//! {…}
//! -- breaks
//! shape.type at /Rule/Name: expected text; found 5
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use connect_model::files::{self, Use};
use connect_model::text::visible_path;
use thiserror::Error;

/// Bytes of the file of an entry.
const LARGEST: u64 = 64 << 20;

/// Ending of the files.
const ENDING: &str = "golden";

/// A request to an operation and its response, without values that vary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// The request.
    pub request: String,
    /// Status, relevant headers and body of the response.
    pub answer: String,
    /// Breaches of the contract in the response, sorted.
    pub breaks: Vec<String>,
}

/// The file of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Time and place of the recording.
    pub provenance: String,
    /// Seed of the requests.
    pub seed: u64,
    /// Exchanges by variant.
    pub exchanges: BTreeMap<String, Exchanged>,
}

/// A folder of recorded answers cannot be used.
#[derive(Debug, Error)]
pub enum GoldenError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", visible_path(path))]
    Io {
        /// Path of the file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A file is not in our format.
    #[error("{}, line {line}: {what}; `connect-conformance record` writes files of this format", visible_path(path))]
    Form {
        /// Path of the file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// The error.
        what: String,
    },
    /// A file of others has the name of an entry.
    #[error(
        "{}: `connect-conformance record` did not write it; name another folder, or move the file",
        visible_path(path)
    )]
    Foreign {
        /// Path of the file.
        path: PathBuf,
    },
    /// The folder has no entries.
    #[error("{path} has no recorded answers; create them with `connect-conformance record` and this folder")]
    Empty {
        /// Path of the folder.
        path: PathBuf,
    },
    /// Entries were recorded with different seeds.
    #[error("{path} was recorded with the seeds {}; record it again", numbers(seeds))]
    Seeds {
        /// Path of the folder.
        path: PathBuf,
        /// The seeds.
        seeds: Vec<u64>,
    },
}

/// Escapes lines that look like the markers of an entry, and removes newlines at the end.
pub(super) fn escaped(text: &str) -> String {
    let lines = text.trim_end_matches('\n').lines().map(|line| match line {
        line if ["== ", "-- ", "\\"].iter().any(|marker| line.starts_with(marker)) => format!("\\{line}"),
        line => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl Entry {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = format!("# {}; seed {}\n", self.provenance, self.seed);
        for (variant, Exchanged { request, answer, breaks }) in &self.exchanges {
            text.push_str(&format!("\n== {variant}\n{request}\n-- answer\n{answer}\n"));
            if !breaks.is_empty() {
                text.push_str(&format!("-- breaks\n{}\n", breaks.join("\n")));
            }
        }
        text
    }

    /// Parses the text of a file.
    ///
    /// # Errors
    /// Line number and description of an error.
    pub fn of_text(text: &str) -> Result<Self, (usize, String)> {
        let wrong = |line: usize, what: &str| (line + 1, what.to_owned());
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let head = first.strip_prefix("# ").and_then(|head| head.rsplit_once("; seed "));
        let (provenance, seed) = head.ok_or_else(|| wrong(0, "the file does not start with `# recorded …; seed N`"))?;
        let seed = seed.parse().map_err(|_| wrong(0, "the seed is not a number"))?;
        let mut exchanges = BTreeMap::new();
        let mut at = 1;
        for (number, part) in rest.split("\n== ").enumerate() {
            let here = at + usize::from(number > 0);
            at += part.matches('\n').count() + usize::from(number > 0);
            if number == 0 {
                match part.trim() {
                    "" => continue,
                    _ => return Err(wrong(1, "expected `== ` and the name of a variant")),
                }
            }
            let (variant, exchange) =
                part.split_once('\n').ok_or_else(|| wrong(here, "the exchange has no request"))?;
            let (request, rest) =
                exchange.split_once("\n-- answer\n").ok_or_else(|| wrong(here, "the exchange has no `-- answer`"))?;
            let (answer, breaks) = rest.split_once("\n-- breaks\n").unwrap_or((rest, ""));
            let breaks = breaks.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
            let exchanged =
                Exchanged { request: request.to_owned(), answer: answer.trim_end_matches('\n').to_owned(), breaks };
            if exchanges.insert(variant.to_owned(), exchanged).is_some() {
                return Err(wrong(here, "the variant occurs twice"));
            }
        }
        if exchanges.is_empty() {
            return Err(wrong(0, "the file has no exchange"));
        }
        Ok(Self { provenance: provenance.to_owned(), seed, exchanges })
    }
}

fn numbers(seeds: &[u64]) -> String {
    seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Every entry of a folder, by operation. Files that do not end in `.golden` are ignored.
///
/// # Errors
/// The folder cannot be read, is empty, or has a file that is no entry.
pub fn read_all(folder: &Path) -> Result<BTreeMap<String, Entry>, GoldenError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| GoldenError::Io { path, source }
    };
    let mut entries = BTreeMap::new();
    for file in std::fs::read_dir(folder).map_err(io(folder))? {
        let path = file.map_err(io(folder))?.path();
        if path.extension().is_none_or(|ending| ending != ENDING) {
            continue;
        }
        let text = files::read_text(&path, LARGEST).map_err(io(&path))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let entry =
            Entry::of_text(&text).map_err(|(line, what)| GoldenError::Form { path: path.clone(), line, what })?;
        entries.insert(name, entry);
    }
    let mut seeds: Vec<u64> = entries.values().map(|entry| entry.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    match seeds.len() {
        0 => Err(GoldenError::Empty { path: folder.to_owned() }),
        1 => Ok(entries),
        _ => Err(GoldenError::Seeds { path: folder.to_owned(), seeds }),
    }
}

/// Path of the file of an operation.
pub fn file_of(folder: &Path, operation: &str) -> PathBuf {
    folder.join(format!("{}.{ENDING}", files::stem(operation)))
}

/// The entry of an operation; `None` if it has no file.
///
/// # Errors
/// Its file cannot be read, or is no entry: it must not be replaced.
pub fn read_one(folder: &Path, operation: &str) -> Result<Option<Entry>, GoldenError> {
    let path = file_of(folder, operation);
    let bytes = match files::read(&path, Use::Read, LARGEST) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(GoldenError::Io { path, source }),
        Ok(bytes) => bytes,
    };
    let entry = std::str::from_utf8(&bytes).ok().and_then(|text| Entry::of_text(text).ok());
    entry.map(Some).ok_or(GoldenError::Foreign { path })
}

/// Writes entries and returns the number of written files. A file with the same exchanges stays as it is, with its older
/// provenance. Nothing is written if a file of others has the name of one.
///
/// # Errors
/// The folder or a file cannot be written, or a file of others is in the way.
pub fn write_all(folder: &Path, entries: &BTreeMap<String, Entry>) -> Result<usize, GoldenError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| GoldenError::Io { path, source }
    };
    files::folder(folder).map_err(io(folder))?;
    let mut changed = Vec::new();
    for (name, entry) in entries {
        let old = read_one(folder, name)?;
        if old.is_none_or(|old| old.seed != entry.seed || old.exchanges != entry.exchanges) {
            changed.push((file_of(folder, name), entry));
        }
    }
    for (path, entry) in &changed {
        files::replace(path, entry.to_text().as_bytes()).map_err(io(path))?;
    }
    Ok(changed.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry() -> Entry {
        let exchanged = |answer: &str, breaks: &[&str]| Exchanged {
            request: "GET /rules/<instance>".to_owned(),
            answer: escaped(answer),
            breaks: breaks.iter().map(|text| (*text).to_owned()).collect(),
        };
        let exchanges = [
            ("valid".to_owned(), exchanged("200\ncontent-type: application/json\n\n{\n  \"a\": []\n}\n", &[])),
            ("wrong".to_owned(), exchanged("500\n\n<h1>\n-- answer\n== x\n\\y\n", &["error.no-5xx at /: …", "b"])),
        ];
        Entry { provenance: "recorded; here".to_owned(), seed: 7, exchanges: exchanges.into() }
    }

    #[test]
    fn entries_round_trip() {
        assert_eq!(Entry::of_text(&entry().to_text()), Ok(entry()), "{}", entry().to_text());
    }

    #[test]
    fn rejects_other_files_with_the_line() {
        for (text, line, what) in [
            ("", 1, "does not start"),
            ("# x; seed y\n", 1, "not a number"),
            ("# x; seed 1\n", 1, "no exchange"),
            ("# x; seed 1\nGET /\n", 2, "expected `== `"),
            ("# x; seed 1\n\n== valid\nGET /\n", 3, "no `-- answer`"),
            ("# x; seed 1\n\n== a\nG\n-- answer\n200\n\n== a\nG\n-- answer\n200\n", 8, "twice"),
        ] {
            let (found, said) = Entry::of_text(text).unwrap_err();
            assert!(found == line && said.contains(what), "{text:?}: {found}: {said}");
        }
    }

    #[test]
    fn unchanged_entries_keep_their_provenance() {
        let folder = std::env::temp_dir().join(format!("golden-{}", std::process::id()));
        let mut entries = BTreeMap::from([("A".to_owned(), entry())]);
        assert_eq!(write_all(&folder, &entries).unwrap(), 1);
        let later = Entry { provenance: "recorded later".to_owned(), ..entry() };
        entries.insert("A".to_owned(), later.clone());
        entries.insert("B".to_owned(), later);
        assert_eq!(write_all(&folder, &entries).unwrap(), 1);
        let read = read_all(&folder).unwrap();
        assert_eq!(
            (read["A"].provenance.as_str(), read["B"].provenance.as_str()),
            ("recorded; here", "recorded later")
        );
        std::fs::write(folder.join("C.golden"), Entry { seed: 8, ..entry() }.to_text()).unwrap();
        assert!(read_all(&folder).unwrap_err().to_string().contains("the seeds 7, 8"));
        let theirs = folder.join("D.golden");
        std::fs::write(&theirs, "theirs").unwrap();
        entries.insert("D".to_owned(), entry());
        entries.insert("A".to_owned(), Entry { seed: 9, ..entry() });
        assert!(write_all(&folder, &entries).unwrap_err().to_string().contains("did not write it"));
        assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "theirs");
        assert_eq!(read_one(&folder, "A").unwrap().unwrap().seed, 7, "nothing is written");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(read_all(&folder).is_err());
    }
}
