//! Output of text and files.

use std::borrow::Cow;
use std::io::{self, Write as _};

/// Columns of an unknown terminal.
const COLUMNS: usize = 100;

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
    let text = if shows_utf8() { Cow::Borrowed(text) } else { Cow::Owned(ascii(text)) };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Columns of the terminal, as the environment or the terminal says; 100 if neither does.
pub fn columns() -> usize {
    let given = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    given.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))).unwrap_or(COLUMNS)
}

/// True if the locale says that the terminal shows UTF-8. Without a locale, it is assumed.
fn shows_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    let locale = locale.map(|value| value.to_ascii_lowercase()).find(|value| !value.is_empty());
    locale.is_none_or(|locale| locale.contains("utf-8") || locale.contains("utf8"))
}

/// A text in ASCII: signs as similar characters, others as escapes.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '✓' => out.push('+'),
            '✗' => out.push('x'),
            '≈' => out.push('~'),
            '–' | '·' => out.push('-'),
            '×' => out.push('x'),
            '…' => out.push_str("..."),
            c if c.is_ascii() => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_without_utf8_get_similar_signs() {
        assert_eq!(ascii("✓ 3 · ✗ 1/2 – é…"), "+ 3 - x 1/2 - \\u{e9}...");
    }
}
