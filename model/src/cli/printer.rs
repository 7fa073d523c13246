//! The printer: what a model or a value says reaches a terminal or a log only in visible characters.

use std::io::{self, Write};

use connect_model::text::{visible, visible_document, visible_json};

/// The form of the printed lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
    /// JSON, or JSON Lines.
    Json,
    /// A JSON document that may be read as YAML.
    Document,
}

/// Prints whole lines to a writer.
pub(super) struct Printer<W: Write> {
    to: W,
    form: Form,
    /// The line that has not ended.
    line: Vec<u8>,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(to: W, form: Form) -> Self {
        Self { to, form, line: Vec::new() }
    }

    fn print_line(&mut self) -> io::Result<()> {
        let line = String::from_utf8_lossy(&self.line);
        let line = match self.form {
            Form::Text => visible(&line),
            Form::Json => visible_json(&line),
            Form::Document => visible_document(&line),
        };
        self.to.write_all(line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Write for Printer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        self.line.extend(parts.next().unwrap_or_default());
        for part in parts {
            self.print_line()?;
            self.to.write_all(b"\n")?;
            self.line.extend(part);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.print_line()?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn printed(form: Form, parts: &[&str]) -> String {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, form);
        parts.iter().for_each(|part| printer.write_all(part.as_bytes()).unwrap());
        printer.flush().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hidden_characters_and_log_commands_become_escapes() {
        assert_eq!(printed(Form::Text, &["a\u{1b}[2", "J\nb::error", "::x"]), "a\\u{1b}[2J\nb:\\u{3a}error:\\u{3a}x");
        let value = serde_json::json!(["\u{9b}31m##[error]x", "::add-mask::y", "é"]);
        let text = printed(Form::Json, &[&value.to_string(), "\n"]);
        assert!(!text.contains("##[") && !text.contains("::") && !text.contains('\u{9b}'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        // A pattern may name the last character of Unicode.
        let value = serde_json::json!(["[^\u{10ffff}\u{ffff}]"]);
        let text = printed(Form::Document, &[&value.to_string()]);
        assert_eq!(text, "[\"[^\u{10ffff}\\uffff]\"]");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
