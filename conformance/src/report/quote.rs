//! Quotes text for other languages, so that a command or program that holds it does what it says: the shell and Python. No
//! output holds a hidden character or a mark that a log takes for a command. Knows no requests.

use std::fmt::Write as _;

use connect_model::text::{Hazard, hazards, is_hidden};

/// One word of a POSIX shell, quoted where necessary. A line break stays one, inside of quotes. A NUL, which no word can
/// hold, is left out.
pub fn shell(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(bare) && !text.starts_with('-') && !text.contains("::") {
        return text.to_owned();
    }
    let mut word = String::from("'");
    for (c, hazard) in text.chars().zip(hazards(text.chars())) {
        match c {
            '\0' => {}
            '\'' => word.push_str(r"'\''"),
            '\n' => word.push('\n'),
            c if hazard == Some(Hazard::Hidden) => {
                // The end of the output is no line break, so that the shell removes nothing from it.
                let _ = write!(word, "'\"$(printf '{}')\"'", octal(c.encode_utf8(&mut [0; 4]).as_bytes()));
            }
            c if hazard == Some(Hazard::LogCommand) => {
                word.push_str("''");
                word.push(c);
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

/// Bytes for the format of `printf`.
pub fn octal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\{byte:03o}");
        text
    })
}

/// A string of Python, with its quotes, on one line.
pub fn python(text: &str) -> String {
    let mut literal = String::from("\"");
    for (c, hazard) in text.chars().zip(hazards(text.chars())) {
        match c {
            '"' | '\\' => {
                literal.push('\\');
                literal.push(c);
            }
            '\n' => literal.push_str("\\n"),
            c if hazard.is_some() => {
                let _ = write!(literal, "\\U{:08x}", u32::from(c));
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// Returns true if a text is a command that [`shell`] made of `command` and one visible word without a quote.
pub fn is_command_on_one_word(text: &str, command: &str) -> bool {
    let Some(word) = text.strip_prefix(command).and_then(|rest| rest.strip_prefix(' ')) else { return false };
    let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(word);
    !inner.chars().any(|c| is_hidden(c) || c == '\'') && shell(inner) == word
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use connect_model::generate::seed::Stream;
    use connect_model::text::visible;

    use super::*;

    /// Pieces that break naive quoting, and that logs and terminals act on.
    const PIECES: &[&str] = &[
        "a",
        "é",
        "\u{1F600}",
        " ",
        "'",
        "\"",
        "\\",
        "\n",
        "\r",
        "\t",
        "$(id)",
        "`id`",
        "$HOME",
        "!",
        "%s",
        "%n",
        "-",
        "--",
        "#",
        ";",
        "&",
        "|",
        "<",
        ">",
        "*",
        "?",
        "[",
        "]",
        "{",
        "}",
        "~",
        "@",
        "::",
        ":",
        "::error::",
        "##[",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{9b}",
        "\u{202e}",
        "\u{2028}",
        "\u{feff}",
        "\\n",
        "\\u0041",
        "{x}",
        "\"\"\"",
        "'''",
        "\u{0}",
    ];

    fn texts() -> Vec<String> {
        let bytes = Stream::new(3, "quoting").bytes(40_000);
        let random = bytes.chunks(8).map(|chunk| {
            let length = usize::from(chunk[0] % 7) + 1;
            chunk[1..=length].iter().map(|byte| PIECES[usize::from(*byte) % PIECES.len()]).collect()
        });
        PIECES.iter().map(|piece| (*piece).to_owned()).chain([String::new()]).chain(random).collect()
    }

    /// The output of a program that reads `script`.
    fn run(program: &str, script: &str) -> Vec<u8> {
        let mut child = Command::new(program).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let script = script.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "{program} fails");
        output.stdout
    }

    fn assert_is_safe(quoted: &str) {
        for line in quoted.lines() {
            assert_eq!(visible(line), line, "{quoted}");
        }
    }

    #[test]
    fn a_shell_reads_the_text_that_was_quoted() {
        let texts: Vec<String> = texts().into_iter().map(|text| text.replace('\0', "")).collect();
        let mut script = String::new();
        for text in &texts {
            let word = shell(text);
            assert_is_safe(&word);
            let _ = writeln!(script, "printf '%s\\000' {word}");
        }
        let expected: String = texts.iter().map(|text| format!("{text}\0")).collect();
        assert_eq!(String::from_utf8(run("sh", &script).into_iter().collect()).unwrap(), expected);
    }

    #[test]
    fn python_reads_the_text_that_was_quoted() {
        let texts = texts();
        let mut script = String::from("import sys\nout = sys.stdout.buffer\n");
        for text in &texts {
            let literal = python(text);
            assert_is_safe(&literal);
            assert_eq!(literal.lines().count(), 1, "{literal}");
            let _ = writeln!(script, "out.write({literal}.encode() + b'\\xff')");
        }
        let output = run("python3", &script);
        let read: Vec<&[u8]> = output.split(|byte| *byte == 0xff).collect();
        let expected: Vec<&[u8]> = texts.iter().map(String::as_bytes).chain([&b""[..]]).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn a_command_on_one_word_is_no_other_command() {
        let command = "cargo conformance replay";
        for (text, is_one) in [
            ("cargo conformance replay a/b.json", true),
            ("cargo conformance replay 'a b.json'", true),
            ("cargo conformance replay a b", false),
            ("cargo conformance replay a;id", false),
            ("cargo conformance replay 'a'$(id)'b'", false),
            ("cargo conformance replay 'a\nid'", false),
            ("cargo conformance replay", false),
            ("rm -rf /", false),
        ] {
            assert_eq!(is_command_on_one_word(text, command), is_one, "{text}");
        }
    }
}
