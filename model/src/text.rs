//! Text in messages: truncation of long text, text that others wrote made visible, and names of JSON types.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

/// Returns the first `most` characters of a text.
pub fn prefix(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Truncates a text to `most` characters and marks the cut with `…`. Text that is short enough is returned unchanged,
/// without a copy; owned text keeps no spare capacity after a cut.
pub fn truncate<'t>(text: impl Into<Cow<'t, str>>, most: usize) -> Cow<'t, str> {
    let text = text.into();
    let kept = prefix(&text, most).len();
    if kept == text.len() {
        return text;
    }
    let mut text = text.into_owned();
    text.truncate(kept);
    text.push('…');
    text.shrink_to_fit();
    Cow::Owned(text)
}

/// Maximum length of an excerpt, in characters.
const EXCERPT: usize = 160;

/// Returns the beginning of a text for a message; a short text as it is.
pub fn excerpt(text: &str) -> String {
    truncate(text, EXCERPT).into_owned()
}

/// Returns true for a character that a reader does not see as it is: controls, format characters such as those that
/// reorder text, separators of lines and paragraphs, private use, and noncharacters, of which XML 1.0 does not allow all.
/// Source: Unicode, general categories Cc, Cf, Zl, Zp, Co in the planes 15 and 16, and section 23.7.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || (u32::from(c) & 0xfffe) == 0xfffe
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}')
        || matches!(c, '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// The reason why a character must not reach a terminal or a log as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hazard {
    /// A reader does not see it, see [`is_hidden`].
    Hidden,
    /// It ends a mark of a command for a log: `##[` or `::` before a letter for GitHub Actions, and `##word[` for others, such
    /// as `##vso[` for Azure Pipelines.
    LogCommand,
}

/// The hazard of each character of a text; `None` for most.
pub fn hazards(text: impl Iterator<Item = char>) -> impl Iterator<Item = Option<Hazard>> {
    let mut before = '\0';
    // Number signs before the word that is read.
    let mut signs = 0;
    let mut chars = text.peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        let is_letter = |c: &char| c.is_ascii_alphabetic();
        let ends_command =
            (c == '[' && signs >= 2) || (c == ':' && before == ':' && chars.peek().is_some_and(is_letter));
        signs = match c {
            '#' if before == '#' => signs + 1,
            '#' => 1,
            _ if is_letter(&c) => signs,
            _ => 0,
        };
        before = c;
        Some(if is_hidden(c) { Some(Hazard::Hidden) } else { ends_command.then_some(Hazard::LogCommand) })
    })
}

/// Makes a text that others wrote fit for one line of a terminal or a log: hidden characters become escapes such as
/// `\u{1b}`, and so does a character of each mark that a log would take for a command.
pub fn visible(text: &str) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    for ((at, c), hazard) in text.char_indices().zip(hazards(text.chars())) {
        if hazard.is_some() {
            out.get_or_insert_with(|| text[..at].to_owned()).extend(escape(c));
        } else if let Some(out) = &mut out {
            out.push(c);
        }
    }
    out.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// JSON whose strings hold no hidden character and no mark of a log command: they become `\u` escapes, so that readers see
/// the same values. Line breaks stay.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    escaped_json(json, |_| true)
}

/// The same for a document that others read as YAML, as tools of OpenAPI do: it knows no pairs of `\u` escapes, so that
/// characters beyond U+FFFF stay.
pub fn visible_document(json: &str) -> Cow<'_, str> {
    escaped_json(json, |c| c <= '\u{ffff}')
}

/// Escapes the characters of a JSON text that are a hazard and `escapes` takes.
fn escaped_json(json: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    for ((at, c), hazard) in json.char_indices().zip(hazards(json.chars())) {
        if c != '\n' && hazard.is_some() && escapes(c) {
            let out = out.get_or_insert_with(|| json[..at].to_owned());
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else if let Some(out) = &mut out {
            out.push(c);
        }
    }
    out.map_or(Cow::Borrowed(json), Cow::Owned)
}

/// A path as one [`visible`] line: others may have named the file.
pub fn visible_path(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

/// A text of several lines, each [`visible`].
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// The escape of a character in [`visible`] text: `\n`, `\r`, `\t`, or `\u{…}`.
pub fn escape(c: char) -> impl Iterator<Item = char> {
    let short = matches!(c, '\n' | '\r' | '\t').then(|| c.escape_default());
    let long = if short.is_none() { Some(c.escape_unicode()) } else { None };
    short.into_iter().flatten().chain(long.into_iter().flatten())
}

/// Returns the type of a JSON value with an article, for example `a string`.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The problem of a TOML text, with its place. Repeats no line of it: the file may be another one than was meant, with secrets.
pub fn toml_problem(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return error.message().to_owned() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_and_marks_the_cut() {
        for (text, most, cut) in [
            ("", 0, ""),
            ("abc", 3, "abc"),
            ("abc", 2, "ab…"),
            ("abc", 0, "…"),
            ("é\u{1F600}x", 2, "é\u{1F600}…"),
            ("é\u{1F600}", 2, "é\u{1F600}"),
        ] {
            assert_eq!(truncate(text, most), cut);
            assert_eq!(truncate(text.to_owned(), most), cut);
            assert_eq!(prefix(text, most), cut.trim_end_matches('…'));
        }
    }

    #[test]
    fn does_not_copy_short_text() {
        assert!(matches!(truncate("short", 5), Cow::Borrowed("short")));
    }

    #[test]
    fn nothing_hidden_and_no_command_of_a_log_is_left() {
        for (text, expected) in [
            ("plain é \u{1F600}", "plain é \u{1F600}"),
            ("a\tb\r\nc", r"a\tb\r\nc"),
            ("\u{1b}[31m\u{9b}\u{7f}", r"\u{1b}[31m\u{9b}\u{7f}"),
            ("\u{feff}\u{2028}\u{2029}\u{202e}\u{2066}\u{200b}", r"\u{feff}\u{2028}\u{2029}\u{202e}\u{2066}\u{200b}"),
            ("a\u{fffe}b\u{ffff}\u{fdd0}\u{1ffff}", r"a\u{fffe}b\u{ffff}\u{fdd0}\u{1ffff}"),
            ("::add-mask::x and :::error::y", r":\u{3a}add-mask:\u{3a}x and ::\u{3a}error:\u{3a}y"),
            ("##[error] ###[x", r"##\u{5b}error] ###\u{5b}x"),
            ("##vso[task] ##team city[ #a[ ##a#b[", r"##vso\u{5b}task] ##team city[ #a[ ##a#b["),
            ("http://[::1]:80 arn:aws:iam::111122223333:role", "http://[::1]:80 arn:aws:iam::111122223333:role"),
            (":\u{200b}:error", r":\u{200b}:error"),
        ] {
            assert_eq!(visible(text), expected);
            assert_eq!(visible(&visible(text)), visible(text), "visible text stays as it is");
        }
        assert!(matches!(visible("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn problems_of_toml_repeat_no_line() {
        let text = "a = 1\nkey = secret\n";
        let error = toml::from_str::<toml::Table>(text).err();
        let problem = error.map(|error| toml_problem(text, &error)).unwrap_or_default();
        assert!(problem.starts_with("line 2, column ") && !problem.contains("secret"), "{problem}");
    }
}
