//! Output of text and files: the only place that writes to stdout and stderr. Names, answers, reports and messages hold text
//! that others wrote, so nothing reaches a terminal or a log as it is: hidden characters and marks of log commands become
//! escapes, whoever wrote them. `tests/layers.rs` holds that nobody else prints.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use connect_model::text::{escape, hazards, visible_json};

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

/// A style of text. In a text, private characters mark it; the printer turns them into ANSI styles, so that nobody else's
/// escape sequences are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone(u8);

/// The ANSI style of each tone. The last three are the bold forms of the first three.
const STYLES: [Style; 8] = [
    AnsiColor::Green.on_default(),
    AnsiColor::Red.on_default(),
    AnsiColor::Yellow.on_default(),
    Style::new().dimmed(),
    Style::new().bold(),
    AnsiColor::Green.on_default().bold(),
    AnsiColor::Red.on_default().bold(),
    AnsiColor::Yellow.on_default().bold(),
];

/// Mark of the first style; the others follow it.
const MARK: char = '\u{f5d00}';

/// Mark of the end of a style.
const END: char = '\u{f5dff}';

impl Tone {
    /// Something passes.
    pub const GOOD: Tone = Tone(0);
    /// Something fails.
    pub const BAD: Tone = Tone(1);
    /// Something is undecided.
    pub const UNSURE: Tone = Tone(2);
    /// Less important than the rest.
    pub const QUIET: Tone = Tone(3);
    /// More important than the rest.
    pub const STRONG: Tone = Tone(4);

    /// The same color in bold.
    #[must_use]
    pub fn bold(self) -> Tone {
        if self.0 < 3 { Tone(self.0 + 5) } else { Tone::STRONG }
    }

    /// A text in this tone.
    pub fn of(self, text: &str) -> String {
        let mark = char::from_u32(u32::from(MARK) + u32::from(self.0)).unwrap_or(END);
        format!("{mark}{text}{END}")
    }
}

/// The style that a character marks.
fn style_of(c: char) -> Option<Style> {
    let at = u32::from(c).checked_sub(u32::from(MARK))?;
    STYLES.get(at as usize).copied()
}

/// A text as the terminal gets it, with styles or without. Line breaks stay.
fn rendered(text: &str, with_styles: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut style = Style::new();
    let is_mark = |c: &char| *c == END || style_of(*c).is_some();
    // Marks between two characters hide nothing.
    let mut hazards = hazards(text.chars().filter(|c| !is_mark(c)));
    for c in text.chars() {
        if is_mark(&c) {
            let begun = style_of(c);
            // The end of a style is written by the style.
            let _ = match begun {
                _ if !with_styles => Ok(()),
                Some(begun) => write!(out, "{begun}"),
                None => write!(out, "{style:#}"),
            };
            style = begun.unwrap_or_default();
            continue;
        }
        let is_hazard = hazards.next().flatten().is_some();
        if c != '\n' && is_hazard {
            out.extend(escape(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A text without styles, as a file gets it.
#[cfg(test)]
pub(crate) fn plain(text: &str) -> String {
    rendered(text, false)
}

/// Prints to stdout, with colours only where the terminal wants them. A closed pipe (`| head`) is no error.
///
/// # Errors
/// Any other error of stdout.
pub fn print(text: &str) -> io::Result<()> {
    let text = rendered(text, true);
    write(&if shows_utf8() { text } else { ascii(&text) })
}

/// Prints a text, or JSON, to stdout.
///
/// # Errors
/// As for [`print()`].
pub fn print_as(format: Format, text: &str) -> io::Result<()> {
    match format {
        Format::Text => print(text),
        Format::Json => write(&visible_json(text)),
    }
}

/// Prints a program to stdout, byte for byte. [`crate::report::quote`] has made it safe, or it holds nothing foreign.
///
/// # Errors
/// As for [`print()`].
pub fn print_program(text: &str) -> io::Result<()> {
    write(text)
}

/// Prints a command for the log of GitHub Actions to stdout, in one line: `::NAME title=TITLE::MESSAGE`. Source: `command.ts`
/// in the toolkit of GitHub Actions.
///
/// # Errors
/// As for [`print()`].
pub fn print_log_command(name: &str, title: &str, message: &str) -> io::Result<()> {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let title = data(&rendered(title, false)).replace(':', "%3A").replace(',', "%2C");
    write(&format!("::{name} title={title}::{}\n", data(&rendered(message, false))))
}

fn write(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line, or several, to stderr. A closed stderr ends nothing.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{}", rendered(text, false));
}

/// Returns true if stderr is a terminal.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_foreign_reaches_a_terminal_as_it_is() {
        let text = format!("{} b\u{1b}[31m\n::error::x ##[y] \u{202e}\t", Tone::GOOD.of("a"));
        let shown = r"a b\u{1b}[31m|:\u{3a}error:\u{3a}x ##\u{5b}y] \u{202e}\t".replace('|', "\n");
        assert_eq!(rendered(&text, false), shown);
        assert_eq!(rendered(&text, true), shown.replacen('a', "\u{1b}[32ma\u{1b}[0m", 1));
        // Styles between the characters of a mark hide nothing.
        let split = format!(":{}{}{}", Tone::BAD.of(":"), Tone::BAD.of(""), Tone::BAD.of("error"));
        assert_eq!(rendered(&split, false), r":\u{3a}error");
        assert_eq!(rendered("\u{f5d08}\u{f5e00}", false), r"\u{f5d08}\u{f5e00}");
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({"::a": ["::error::x", "##[y", "\u{202e}\u{7f}\u{10ffff}é\n"]});
        let text = visible_json(&format!("{value:#}\n")).into_owned();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        for line in text.lines() {
            assert_eq!(connect_model::text::visible(line), line);
        }
    }

    #[test]
    fn terminals_without_utf8_get_similar_signs() {
        assert_eq!(ascii("✓ 3 · ✗ 1/2 – é…"), "+ 3 - x 1/2 - \\u{e9}...");
    }
}
