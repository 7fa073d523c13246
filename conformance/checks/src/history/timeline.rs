//! A history as a timeline: a line for each call, with a bar from its start to its end.

use connect_model::text::excerpt;
use serde_json::Value;

use super::call::{Answer, Call};

/// Characters of a bar.
const WIDTH: usize = 36;

/// Characters of an input or answer.
const TEXT: usize = 90;

/// Some calls of a history, in the order of their starts: client, bar, times in milliseconds, call, and what it saw.
pub fn timeline(calls: &[Call], shown: &[usize]) -> Vec<String> {
    let shown: Vec<&Call> = shown.iter().filter_map(|at| calls.get(*at)).collect();
    let Some(first) = shown.iter().map(|call| call.start).min() else { return Vec::new() };
    let last = shown.iter().map(|call| call.end.unwrap_or(call.start)).max().unwrap_or(first);
    let span = u128::from(last.saturating_sub(first).max(1));
    let column = |time: u64| {
        // Times of others may be as large as their type.
        let at = u128::from(time.saturating_sub(first)) * (WIDTH as u128 - 1) / span;
        usize::try_from(at).unwrap_or(WIDTH).min(WIDTH - 1)
    };
    let lines = shown.iter().map(|call| {
        let (from, to) = (column(call.start), column(call.end.unwrap_or(last).max(call.start)));
        let mut bar = vec![' '; WIDTH];
        bar[from..=to].fill('━');
        bar[from] = '├';
        bar[to] = if call.answer.is_none() { '?' } else { '┤' };
        let bar: String = bar.into_iter().collect();
        let time = |time: u64| format!("{:.1}", time.saturating_sub(first) as f64 / 1_000.0);
        let until = call.end.map_or("…".to_owned(), time);
        let times = format!("{}–{until} ms", time(call.start));
        format!("client {} {bar} {times:>16}  {} → {}", call.client, sent(call), seen(call))
    });
    lines.collect()
}

/// A call in one line.
pub fn sent(call: &Call) -> String {
    format!("{} {}", call.operation, short(&call.input))
}

/// The answer that a call saw, in one line.
pub fn seen(call: &Call) -> String {
    match &call.answer {
        None => "no answer".to_owned(),
        Some(Answer::Output(Value::Object(output))) if output.is_empty() => "accepted".to_owned(),
        Some(Answer::Output(output)) => short(output),
        Some(Answer::Error { name, status }) => {
            let name = if name.is_empty() { "an error without a name".to_owned() } else { excerpt(name) };
            status.map_or(name.clone(), |status| format!("{status} {name}"))
        }
    }
}

/// A value without what is the same in every call: ids of instances, client tokens, and members that are empty.
fn short(value: &Value) -> String {
    let mut value = value.clone();
    strip(&mut value);
    let text = value.to_string();
    let cut: String = text.chars().take(TEXT).collect();
    excerpt(&if cut.len() < text.len() { format!("{cut}…") } else { text })
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| {
                !matches!(name.as_str(), "InstanceId" | "ClientToken" | "LastModifiedTime" | "LastModifiedRegion")
                    && !value.is_null()
            });
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_have_their_bars_and_what_they_saw() {
        let call = |client, start, end, answer| Call {
            client,
            start,
            end,
            operation: "DescribeQueue".to_owned(),
            input: json!({ "InstanceId": "i", "QueueId": "q" }),
            answer,
        };
        let error = Answer::Error { name: "ResourceNotFoundException".to_owned(), status: Some(404) };
        let calls = [
            call(0, 1_000, Some(2_000), Some(Answer::Output(json!({ "Queue": { "Name": "n" } })))),
            call(1, 1_500, Some(4_500), Some(error)),
            call(2, 9_000, None, None),
            call(1, 3_000, None, None),
        ];
        let lines = timeline(&calls, &[0, 1, 3]);
        assert_eq!(
            lines[0],
            r#"client 0 ├━━━━━━━━━┤                                0.0–1.0 ms  DescribeQueue {"QueueId":"q"} → {"Queue":{"Name":"n"}}"#
        );
        assert!(
            lines[1].starts_with("client 1      ├━━━") && lines[1].ends_with("→ 404 ResourceNotFoundException"),
            "{lines:#?}"
        );
        assert!(lines[2].contains('?') && lines[2].ends_with("→ no answer"), "{lines:#?}");
        assert_eq!(timeline(&calls, &[]), Vec::<String>::new());
    }

    #[test]
    fn times_of_others_may_be_as_large_as_their_type() {
        let call = |start, end| Call {
            client: u32::MAX,
            start,
            end,
            operation: "DescribeQueue".to_owned(),
            input: json!({}),
            answer: None,
        };
        let calls = [call(0, Some(1)), call(u64::MAX / 2, None), call(u64::MAX - 1, Some(u64::MAX))];
        let bars: Vec<usize> = timeline(&calls, &[0, 1, 2]).iter().filter_map(|line| line.find('├')).collect();
        assert!(bars.is_sorted() && bars.len() == 2, "{bars:?}");
        // Not read from a file: an end before the start.
        assert_eq!(timeline(&[call(u64::MAX, Some(0)), call(0, None)], &[0, 1]).len(), 2);
    }
}
