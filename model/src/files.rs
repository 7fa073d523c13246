//! Reading and writing files whose folders others use, too.
//!
//! Everything that this workspace writes goes through here, so that four promises hold everywhere:
//!
//! - only regular files are read and replaced: a pipe, a device or a folder is an error, not a program that hangs;
//! - a link is never followed to a place that is written;
//! - a file is replaced as a whole, so that no reader sees a part of it, and a full disk leaves the old content;
//! - a name that comes from a model or an endpoint becomes one file name, never a path.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::Path;

use crate::json_text::{OBJECT, weight};

/// Characters of a file name without its ending.
const LONGEST_STEM: usize = 150;

/// The use of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Read it. A link may lead to it.
    Input,
    /// Read a file of ours.
    Read,
    /// Read a file of ours, and append to it.
    Append,
    /// Create it, to write and to append. Something with this name is an error of the kind
    /// [`AlreadyExists`](ErrorKind::AlreadyExists).
    New,
}

/// Opens a regular file.
///
/// # Errors
/// The file cannot be opened, or is something else: a folder, a pipe, a device; a link, unless it is an input. The error
/// does not name the path.
pub fn open(path: &Path, usage: Use) -> io::Result<File> {
    if usage != Use::New {
        is_regular(path, usage)?;
    }
    let mut options = OpenOptions::new();
    match usage {
        Use::Input | Use::Read => options.read(true),
        Use::Append => options.read(true).append(true),
        Use::New => options.read(true).append(true).create_new(true),
    };
    unfollowed(&mut options, usage);
    let file = options.open(path)?;
    // The name may have got another file since it was looked at.
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

fn is_regular(path: &Path, usage: Use) -> io::Result<()> {
    let found = if usage == Use::Input { std::fs::metadata(path)? } else { std::fs::symlink_metadata(path)? };
    let wrong = match found.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_symlink() => "it is a link, and links are not followed",
        kind if kind.is_dir() => "it is a folder",
        _ => "it is not a regular file",
    };
    Err(io::Error::other(wrong))
}

#[cfg(unix)]
fn unfollowed(options: &mut OpenOptions, usage: Use) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let link = if usage == Use::Input { 0 } else { libc::O_NOFOLLOW };
    options.custom_flags(libc::O_NONBLOCK | link);
}

#[cfg(not(unix))]
fn unfollowed(_: &mut OpenOptions, _: Use) {}

/// The content of a regular file of at most `limit` bytes.
///
/// # Errors
/// The file cannot be read, is no regular file, or is larger. The error does not name the path.
pub fn read(path: &Path, usage: Use, limit: u64) -> io::Result<Vec<u8>> {
    read_open(&open(path, usage)?, limit)
}

/// Largest [`json_text::weight`](crate::json_text::weight) of a file that is read as a whole: about 300 MB in memory.
pub const MOST_WEIGHT: usize = 10_000_000;

/// A JSON document in a stream, of at most `limit` bytes and a limited number of values.
///
/// # Errors
/// The stream cannot be read, or is larger.
pub fn read_json_from(stream: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let bytes = read_open(stream, limit)?;
    is_within(&bytes, MOST_WEIGHT)?;
    Ok(bytes)
}

/// The content of a regular file of JSON, or of JSON Lines, of at most `limit` bytes and a limited number of values.
///
/// # Errors
/// The file cannot be read, is no regular file, or is larger. The error does not name the path.
pub fn read_json(path: &Path, usage: Use, limit: u64) -> io::Result<Vec<u8>> {
    read_json_from(&open(path, usage)?, limit)
}

/// Checks that a JSON text does not take too much memory.
///
/// # Errors
/// It has too many values.
pub fn is_within(json: &[u8], most: usize) -> io::Result<()> {
    if weight(json) > most {
        let why =
            format!("it has more than {most} JSON values, keys and brackets, of which an object counts as {OBJECT}");
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(())
}

/// The rest of an open file or stream, of at most `limit` bytes.
///
/// # Errors
/// It cannot be read, or is larger.
pub fn read_open(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// The text of a regular file of at most `limit` bytes.
///
/// # Errors
/// As for [`read`], and if the content is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let not_text = |_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path, Use::Input, limit)?).map_err(not_text)
}

/// Writes a file as a whole or not at all. A regular file with this name is replaced: the caller knows that it is ours.
///
/// # Errors
/// The file cannot be written, or the name belongs to something else, for example a link. The error names the path.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = || {
        is_ours_to_replace(path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut part = part(path, folder)?;
        // Through the file: an error of the wrapper names the other path.
        part.as_file_mut().write_all(bytes)?;
        part.persist(path).map(drop).map_err(|error| error.error)
    };
    write().map_err(|error| named(path, &error))
}

/// A new file beside `path` with a name of its own, which is removed unless it is renamed to `path`.
fn part(path: &Path, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PART);
    // Readable by others, as far as the user's umask allows: a report is meant to be read.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Ending of a file that is being written. A killed process leaves it behind.
const PART: &str = ".part";

/// True for the name of a file that [`replace`] was writing to a file of this name when its process was killed.
pub fn is_part_of(name: &str, whole: &str) -> bool {
    name.strip_prefix('.').and_then(|rest| rest.strip_prefix(whole)).is_some_and(|rest| {
        rest.strip_prefix('.').and_then(|rest| rest.strip_suffix(PART)).is_some_and(|random| !random.contains('.'))
    })
}

fn is_ours_to_replace(path: &Path) -> io::Result<()> {
    match is_regular(path, Use::Read) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        found => found,
    }
}

/// Creates a file in which lines are written one after the other, in place of a regular file with this name.
///
/// # Errors
/// As for [`replace`].
pub fn start(path: &Path) -> io::Result<File> {
    remove(path)?;
    open(path, Use::New).map_err(|error| named(path, &error))
}

/// Writes a file that does not exist yet.
///
/// # Errors
/// The file cannot be written; of the kind [`AlreadyExists`](ErrorKind::AlreadyExists) if the name is taken. The error
/// names the path.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = || open(path, Use::New)?.write_all(bytes);
    write().map_err(|error| named(path, &error))
}

/// Appends to a file, which is created if it does not exist.
///
/// # Errors
/// The file cannot be written, or is no regular file. The error names the path.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = || {
        let file = match open(path, Use::Append) {
            Err(error) if error.kind() == ErrorKind::NotFound => open(path, Use::New),
            other => other,
        };
        file?.write_all(bytes)
    };
    write().map_err(|error| named(path, &error))
}

/// Removes a regular file, if there is one.
///
/// # Errors
/// The file cannot be removed, or the name belongs to something else. The error names the path.
pub fn remove(path: &Path) -> io::Result<()> {
    let removed = is_regular(path, Use::Read).and_then(|()| std::fs::remove_file(path));
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other.map_err(|error| named(path, &error)),
    }
}

/// Cuts a file off after `length` bytes, and the next line is appended there.
///
/// # Errors
/// The file cannot be changed.
pub fn cut(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)
}

/// Creates a folder and those above it.
///
/// # Errors
/// The folder cannot be created, or the name belongs to something else. The error names the path.
pub fn folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path).map_err(|error| named(path, &error))
}

/// Creates a folder in a folder of ours.
///
/// # Errors
/// As for [`folder`], and if the name is that of a link: files in it would be written elsewhere.
pub fn folder_within(path: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Err(named(path, &io::Error::other("it is a link, and links are not followed; remove it")));
    }
    folder(path)
}

/// Takes the lock of an open file for this process, until the file is closed. The lock of a process that has ended is free.
///
/// # Errors
/// The lock cannot be taken; of the kind [`WouldBlock`](ErrorKind::WouldBlock) if another process has it.
pub fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(ErrorKind::WouldBlock, "another process uses it"),
        TryLockError::Error(error) => error,
    })
}

/// One file name, without its ending, for a name that others chose. Characters other than letters, digits, dots, dashes
/// and `_` become `_`, so two names can have the same file name.
pub fn stem(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let stem: String = name.chars().map(safe).collect();
    let stem: String = stem.trim_matches(['_', '.']).chars().take(LONGEST_STEM).collect();
    if stem.is_empty() { "_".to_owned() } else { stem }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::PathBuf;

    use super::*;

    fn empty_folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("connect-files-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_replaced_as_a_whole_and_leave_no_part() {
        let at = empty_folder("whole");
        let file = at.join("a.json");
        replace(&file, b"one").unwrap();
        replace(&file, b"two").unwrap();
        append(&file, b"!").unwrap();
        assert_eq!(read(&file, Use::Read, 4).unwrap(), b"two!");
        assert_eq!(read(&file, Use::Read, 3).unwrap_err().to_string(), "it has more than 3 bytes");
        assert_eq!(create(&file, b"three").unwrap_err().kind(), ErrorKind::AlreadyExists);
        start(&file).unwrap();
        assert_eq!((read(&file, Use::Read, 4).unwrap(), names(&at)), (Vec::new(), vec!["a.json".to_owned()]));
        std::fs::remove_dir_all(at).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_are_neither_followed_nor_removed() {
        let at = empty_folder("links");
        let (theirs, link) = (at.join("theirs"), at.join("link"));
        std::fs::write(&theirs, "theirs").unwrap();
        std::os::unix::fs::symlink(&theirs, &link).unwrap();
        let writes: [fn(&Path) -> io::Result<()>; 5] = [
            |path| replace(path, b"ours"),
            |path| append(path, b"ours"),
            |path| create(path, b"ours"),
            |path| start(path).map(drop),
            remove,
        ];
        for write in writes {
            assert!(write(&link).unwrap_err().to_string().contains("link"));
        }
        assert!(open(&link, Use::Append).is_err() && open(&link, Use::Read).is_err());
        assert_eq!(read(&link, Use::Input, 10).unwrap(), b"theirs", "an input may be a link");
        let folder = at.join("folder");
        std::os::unix::fs::symlink(&at, &folder).unwrap();
        assert!(folder_within(&folder).unwrap_err().to_string().contains("it is a link"));
        assert_eq!(names(&at), ["folder", "link", "theirs"]);
        std::fs::remove_dir_all(at).unwrap();
    }

    #[test]
    fn json_is_measured_before_it_is_parsed() {
        assert!(is_within(b"[0,0,0]\n[\",,,,,,,,\"]", 4).is_ok());
        let error = is_within(b"{\"a\":[0,0,0]}", 4).unwrap_err();
        assert!(error.to_string().starts_with("it has more than 4 JSON values, keys and brackets"), "{error}");
        let at = empty_folder("json");
        let file = at.join("a.json");
        std::fs::write(&file, "[".repeat(MOST_WEIGHT + 1)).unwrap();
        assert_eq!(read_json(&file, Use::Input, u64::MAX).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(&file, Use::Input, u64::MAX).unwrap().len(), MOST_WEIGHT + 1);
        // Small objects take the most memory.
        std::fs::write(&file, format!("[{}0]", "{\"\":0},".repeat(MOST_WEIGHT / OBJECT))).unwrap();
        assert_eq!(read_json(&file, Use::Input, u64::MAX).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::remove_dir_all(at).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn pipes_devices_and_folders_are_refused_at_once() {
        let at = empty_folder("pipes");
        let pipe = at.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (path, what) in [
            (pipe.as_path(), "not a regular file"),
            (Path::new("/dev/zero"), "not a regular file"),
            (at.as_path(), "a folder"),
        ] {
            for usage in [Use::Input, Use::Read, Use::Append] {
                assert!(open(path, usage).unwrap_err().to_string().contains(what), "{}", path.display());
            }
        }
        std::fs::remove_dir_all(at).unwrap();
    }

    #[test]
    fn a_lock_is_held_until_the_file_is_closed() {
        let at = empty_folder("lock");
        let file = at.join("lock");
        let first = open(&file, Use::New).unwrap();
        lock(&first).unwrap();
        let second = open(&file, Use::Append).unwrap();
        assert_eq!(lock(&second).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(first);
        lock(&second).unwrap();
        std::fs::remove_dir_all(at).unwrap();
    }

    #[test]
    fn stems_are_one_file_name() {
        for (name, expected) in [
            ("CreateRule", "CreateRule"),
            ("../x/y", "x_y"),
            ("/abs/y", "abs_y"),
            ("..", "_"),
            ("", "_"),
            ("a\\b:c\u{0}\u{202e}é", "a_b_c"),
        ] {
            assert_eq!(stem(name), expected, "{name:?}");
        }
        assert_eq!(stem(&"x".repeat(1_000)).len(), LONGEST_STEM);
    }

    #[test]
    fn parts_are_recognised_by_their_whole() {
        assert!(is_part_of(".report.json.a1B2c3.part", "report.json"));
        for name in ["report.json.part", ".report.json.part", ".other.json.a1B2c3.part", ".report.json.a.b.part"] {
            assert!(!is_part_of(name, "report.json"), "{name}");
        }
    }
}
