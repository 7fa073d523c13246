//! Reports. The stream of events becomes one document ([`json::Report`]); every other form is made of that.

pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod merge;
pub mod progress;
#[cfg(test)]
pub(crate) mod samples;
pub mod terminal;
pub mod trend;

use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use connect_model::schema::TimestampFormat;
use connect_model::wire::timestamp;

/// Command that sends a saved finding again.
pub fn replay_command(file: &Path) -> String {
    let path = file.display().to_string();
    // File names of findings are tame; the folder is the user's.
    let quoted = if path.contains([' ', '\'', '"', '$', '\\', '`']) {
        format!("'{}'", path.replace('\'', r"'\''"))
    } else {
        path
    };
    format!("cargo conformance replay {quoted}")
}

/// A moment in RFC 3339, UTC, without the fraction of its second; none far from now.
pub(crate) fn utc(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64().floor();
    timestamp::from_seconds(seconds).and_then(|instant| timestamp::format(instant, TimestampFormat::DateTime))
}

/// Writes a file whole or not at all: a reader, or the next run, never meets half of one.
///
/// # Errors
/// The file cannot be written; names it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_added_extension("part");
    (std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, path)))
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Prints to stdout, with colours only where they are wanted. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// Any other trouble with stdout.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Text of an endpoint for a terminal: control characters are spelled out, and it ends after `limit` characters.
pub fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at >= limit {
            shown.push('…');
            break;
        }
        if c.is_control() || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{202e}').contains(&c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}
