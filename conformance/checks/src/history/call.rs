//! Recorded calls: JSON Lines, one call a line. [`read`] is the only reader: a file may come from anyone.

use std::path::Path;

use connect_model::files;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Most calls of a history.
const MOST: usize = 200_000;

/// A call of one client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The client. Calls of one client do not overlap.
    pub client: u32,
    /// Time at which it was sent, in microseconds of a clock that all clients share.
    pub start: u64,
    /// Time at which its answer was complete, in microseconds of the same clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// Name of the operation in the model.
    pub operation: String,
    /// The input, as the model has it.
    pub input: Value,
    /// The answer; none if it is unknown, for example because the connection broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
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
    let text = files::read_text(path, LARGEST).map_err(|error| wrong(error.to_string()))?;
    let calls = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut file)) if file.contains_key("case") => of_finding(file.remove("history").as_ref()),
        _ => of_lines(&text),
    };
    calls.map_err(wrong)
}

/// The calls in the file of a finding.
fn of_finding(history: Option<&Value>) -> Result<Vec<Call>, String> {
    let Some(Value::Array(calls)) = history else {
        return Err(
            "the file is a finding without a history; name the file of a finding of the family history".to_owned()
        );
    };
    let call = |(at, call): (usize, &Value)| {
        Call::deserialize(call)
            .map_err(|error| error.to_string())
            .and_then(sound)
            .map_err(|why| format!("call {}: {why}", at + 1))
    };
    calls.iter().enumerate().map(call).collect()
}

/// The calls of JSON Lines. Empty lines are skipped.
fn of_lines(text: &str) -> Result<Vec<Call>, String> {
    let mut calls = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let call = serde_json::from_str(line).map_err(|error| {
            // A line is a document of its own: the position in the file is that of the line.
            let text = error.to_string();
            let text = text
                .split_once(" at line 1 column ")
                .map_or(text.clone(), |(why, column)| format!("{why}, at column {column}"));
            format!("{text}; a line is a call, such as {EXAMPLE}")
        });
        calls.push(call.and_then(sound).map_err(|why: String| format!("line {}: {why}", at + 1))?);
        if calls.len() > MOST {
            return Err(format!("it has more than {MOST} calls; divide it by resource"));
        }
    }
    if calls.is_empty() {
        return Err(format!("it has no calls; a line is a call, such as {EXAMPLE}"));
    }
    Ok(calls)
}

/// A line of a history.
const EXAMPLE: &str =
    r#"{"client":0,"start":10,"end":25,"operation":"DescribeQueue","input":{…},"answer":{"output":{…}}}"#;

/// Checks the times of a call.
fn sound(call: Call) -> Result<Call, String> {
    match call.end {
        None if call.answer.is_some() => {
            Err("a call with an answer needs `end`, the time at which the answer came".to_owned())
        }
        Some(end) if end < call.start => Err(format!("`end` is {end}, before `start`, which is {}", call.start)),
        _ => Ok(call),
    }
}

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
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
