//! Recorded calls: JSON Lines, one call a line. [`read`] is the only reader: a file may come from anyone.

use std::path::Path;

use connect_model::files::{self, Use};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 128 << 20;

/// Most calls of a history.
const MOST: usize = 200_000;

/// A call of one client. One that is read ends after its start, and has an end if it has an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Call {
    /// The client. Calls of one client do not overlap.
    pub client: u32,
    /// Time at which it was sent, in microseconds of a clock that all clients share.
    pub start: u64,
    /// Time at which its answer was complete, in microseconds of the same clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// Name of the operation in the model.
    pub operation: String,
    /// The input, as the model has it.
    pub input: Value,
    /// The answer; none if it is unknown, for example because the connection broke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A call as a file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    client: u32,
    start: u64,
    end: Option<u64>,
    operation: String,
    input: Value,
    answer: Option<Answer>,
}

impl TryFrom<Written> for Call {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { client, start, end, operation, input, answer } = written;
        match end {
            None if answer.is_some() => {
                Err("a call with an answer needs `end`, the time at which the answer came".to_owned())
            }
            Some(end) if end < start => Err(format!("`end` is {end}, before `start`, which is {start}")),
            _ => Ok(Self { client, start, end, operation, input, answer }),
        }
    }
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Answer {
    /// A success, with its output.
    Output(Value),
    /// A refusal.
    Error {
        /// Name of the error; empty if there is none.
        name: String,
        /// HTTP status, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
}

/// A history cannot be judged.
#[derive(Debug, Error)]
#[error("cannot read the history {path}: {problem}")]
pub struct HistoryError {
    path: String,
    problem: String,
}

/// Reads a history: JSON Lines, or the file of a finding that has one.
///
/// # Errors
/// The file cannot be read, or a line is no call; with the number of the line.
pub fn read(path: &Path) -> Result<Vec<Call>, HistoryError> {
    let wrong = |problem: String| HistoryError { path: path.display().to_string(), problem };
    let bytes = files::read_json(path, Use::Input, LARGEST).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
    let calls = match serde_json::from_str::<OfFinding<'_>>(&text) {
        Ok(OfFinding { case: Some(_), history }) => of_finding(history),
        _ => of_lines(&text),
    };
    calls.map_err(wrong)
}

/// The file of a finding.
#[derive(Deserialize)]
struct OfFinding<'a> {
    case: Option<IgnoredAny>,
    #[serde(borrow)]
    history: Option<&'a RawValue>,
}

/// The calls in the file of a finding.
fn of_finding(history: Option<&RawValue>) -> Result<Vec<Call>, String> {
    let calls = history.and_then(|history| serde_json::from_str::<Vec<&RawValue>>(history.get()).ok());
    let Some(calls) = calls else {
        return Err(
            "the file is a finding without a history; name the file of a finding of the family history".to_owned()
        );
    };
    is_short(calls.len())?;
    let call = |(at, call): (usize, &&RawValue)| {
        serde_json::from_str(call.get()).map_err(|error| format!("call {}: {}", at + 1, without_line(&error)))
    };
    calls.iter().enumerate().map(call).collect()
}

fn is_short(calls: usize) -> Result<(), String> {
    if calls > MOST { Err(format!("it has more than {MOST} calls; divide it by resource")) } else { Ok(()) }
}

/// An error in a text of one line.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line 1 column ").map_or(text.clone(), |(why, column)| format!("{why}, at column {column}"))
}

/// The calls of JSON Lines. Empty lines are skipped.
fn of_lines(text: &str) -> Result<Vec<Call>, String> {
    let mut calls = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let call = serde_json::from_str(line).map_err(|error| {
            // A line is a document of its own: the position in the file is that of the line.
            format!("line {}: {}; a line is a call, such as {EXAMPLE}", at + 1, without_line(&error))
        });
        calls.push(call?);
        is_short(calls.len())?;
    }
    if calls.is_empty() {
        return Err(format!("it has no calls; a line is a call, such as {EXAMPLE}"));
    }
    Ok(calls)
}

/// A line of a history.
const EXAMPLE: &str =
    r#"{"client":0,"start":10,"end":25,"operation":"DescribeQueue","input":{…},"answer":{"output":{…}}}"#;

/// A history as JSON Lines.
pub fn lines(calls: &[Call]) -> String {
    calls.iter().filter_map(|call| Some(serde_json::to_string(call).ok()? + "\n")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn read_text(text: &str) -> Result<Vec<Call>, HistoryError> {
        let path = std::env::temp_dir().join(format!("connect-history-{}-{}.jsonl", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let calls = read(&path);
        std::fs::remove_file(&path).unwrap();
        calls
    }

    #[test]
    fn histories_round_trip_as_lines_and_in_findings() {
        let call = |client, answer| Call {
            client,
            start: 3,
            end: Some(7),
            operation: "DescribeQueue".to_owned(),
            input: json!({ "QueueId": "q" }),
            answer,
        };
        let error = Answer::Error { name: "ResourceNotFoundException".to_owned(), status: Some(404) };
        let mut calls = vec![call(0, Some(Answer::Output(json!({})))), call(1, Some(error)), call(2, None)];
        calls[2].end = None;
        assert_eq!(read_text(&format!("\n{}\n", lines(&calls))).unwrap(), calls);
        assert_eq!(read_text(&json!({ "case": "a/b", "history": calls }).to_string()).unwrap(), calls);
    }

    #[test]
    fn wrong_files_are_refused_with_the_line() {
        let good = r#"{"client":0,"start":1,"operation":"A","input":{}}"#;
        for (text, part) in [
            ("", "it has no calls"),
            ("x", "line 1: expected value, at column 1"),
            (&*format!("{good}\n\n{{}}"), "line 3: missing field `client`"),
            (&good.replace("\"start\":1", "\"start\":-1"), "line 1: invalid value: integer `-1`"),
            (&good.replace("\"input\"", "\"end\":0,\"input\""), "line 1: `end` is 0, before `start`, which is 1"),
            (&good.replace("{}", r#"{},"answer":{"output":{}}"#), "line 1: a call with an answer needs `end`"),
            (&good.replace("{}", r#"{},"answers":1"#), "line 1: unknown field `answers`"),
            (r#"{"case":"a/b"}"#, "a finding without a history"),
            (r#"{"case":"a/b","history":[{"client":0}]}"#, "call 1: missing field `start`"),
            (
                &format!(r#"{{"case":"a/b","history":[{}]}}"#, good.replace("\"input\"", "\"end\":0,\"input\"")),
                "call 1: `end` is 0",
            ),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
