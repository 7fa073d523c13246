//! Reports: consumers of the stream of events, and of the record that is made of it.

pub mod json;
pub mod progress;
#[cfg(test)]
mod samples;
pub mod terminal;

use std::io::{self, Write};
use std::path::Path;

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
