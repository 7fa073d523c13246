//! Output of text and files.

use std::io::{self, Write as _};
use std::path::Path;

/// Output formats of the commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Prints to stdout, with colours only where the terminal wants them. A closed pipe (`| head`) is no error.
///
/// # Errors
/// Any other error of stdout.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a file completely or not at all: no reader sees a partial file.
///
/// # Errors
/// The file cannot be written; the error names it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_added_extension("part");
    (std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path)))
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
