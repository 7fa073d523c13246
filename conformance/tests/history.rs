//! The command `history`, and the findings of the family history from the run to the replay.
#![allow(clippy::unwrap_used)]

mod program;

use std::path::{Path, PathBuf};

use program::output;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("connect-history-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

const CREATE: &str = r#"{"client":0,"start":0,"end":10,"operation":"CreateQueue","input":{"InstanceId":"i","Name":"a","HoursOfOperationId":"h"},"answer":{"output":{"QueueId":"q","QueueArn":"arn:aws:connect:us-east-1:111122223333:instance/i/queue/q"}}}"#;

/// A description of the queue at a time, with this name.
fn describe(client: u32, start: u64, name: &str) -> String {
    let end = start + 5;
    format!(
        r#"{{"client":{client},"start":{start},"end":{end},"operation":"DescribeQueue","input":{{"InstanceId":"i","QueueId":"q"}},"answer":{{"output":{{"Queue":{{"QueueId":"q","Name":"{name}"}}}}}}}}"#
    )
}

/// The renaming of the queue; it ends at 40.
const RENAME: &str = r#"{"client":1,"start":30,"end":40,"operation":"UpdateQueueName","input":{"InstanceId":"i","QueueId":"q","Name":"b"},"answer":{"output":{}}}"#;

#[test]
fn recorded_histories_are_judged() {
    let folder = folder("recorded");
    let path = folder.join("calls.jsonl");
    let judge = |lines: &[&str], more: &[&str]| {
        std::fs::write(&path, lines.join("\n")).unwrap();
        output(&[&["history", path.to_str().unwrap()], more].concat())
    };
    let (before, during, after, late) =
        (describe(0, 20, "a"), describe(0, 33, "b"), describe(2, 50, "b"), describe(2, 1_050, "a"));

    let (code, text, _) = judge(&[CREATE, &before, RENAME, &during, &after], &[]);
    assert_eq!((code, text.contains("linearizable")), (Some(0), true), "{text}");

    let stale = [CREATE, &before, RENAME, &late];
    let (code, text, _) = judge(&stale, &[]);
    assert_eq!(code, Some(1), "{text}");
    for part in ["queue q, as descriptions show it: no order explains", "lag by 1.0 ms", "client 1", "UpdateQueueName"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (code, text, _) = judge(&stale, &["--reads-lag", "2"]);
    assert_eq!((code, text.contains("stale         1, by 1.0 ms at most")), (Some(0), true), "{text}");

    // An id of somebody else's history is one line.
    let named = stale.map(|line| line.replace(r#""QueueId":"q""#, r#""QueueId":"q\n::error::x""#));
    let (code, text, _) = judge(&named.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(r"queue q\n:\u{3a}error:\u{3a}x, as descriptions show it"), "{text}");

    let gone = before.replace(
        r#"{"output":{"Queue":{"QueueId":"q","Name":"a"}}}"#,
        r#"{"error":{"name":"ResourceNotFoundException"}}"#,
    );
    let (code, text, _) = judge(&[CREATE, &gone], &["--format", "json"]);
    let judged: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &judged["parts"][0]["verdict"]), (Some(1), &"violation".into()), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_no_history_is_refused_with_the_line() {
    let folder = folder("wrong");
    let path = folder.join("calls.jsonl");
    for (text, code, part) in [
        (format!("{CREATE}\n{{\"client\":0}}"), 2, "line 2: missing field `start`"),
        (String::new(), 2, "it has no calls"),
        (CREATE.to_owned(), 3, "say nothing about a resource"),
        (CREATE.replace("CreateQueue", "NoSuchOperation"), 3, "say nothing about a resource"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let (found, _, stderr) = output(&["history", path.to_str().unwrap()]);
        assert_eq!((found, stderr.contains(part)), (Some(code), true), "{text}: {stderr}");
    }
    assert_eq!(output(&["history", folder.join("absent").to_str().unwrap()]).0, Some(2));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn lists_with_more_views_than_fit_are_undecided() {
    let folder = folder("lists");
    let path = folder.join("calls.jsonl");
    // Each list is a view of each queue.
    let queue =
        |at: u64| CREATE.replace(r#":"q","#, &format!(r#":"q{at}","#)).replace(r#":"a","#, &format!(r#":"a{at}","#));
    let queues = |count: u64| (0..count).map(queue);
    let list = r#""operation":"ListQueues","input":{"InstanceId":"i"},"answer":{"output":{"QueueSummaryList":[]}}"#;
    let lists =
        |count: u64| (100..100 + count).map(move |at| format!(r#"{{"client":1,"start":{at},"end":{at},{list}}}"#));
    for (count, exit, word) in [(30, 0, "stale         30"), (1_300, 3, "undecided     1300")] {
        let lines: Vec<String> = queues(count).chain(lists(count)).collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        let (code, text, stderr) = output(&["history", path.to_str().unwrap()]);
        assert_eq!((code, text.contains(word)), (Some(exit), true), "{text}{stderr}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn finding(folder: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(folder.join("findings")).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.to_str().unwrap().contains("history.linearizable")).unwrap()
}

#[test]
fn a_race_is_found_drawn_saved_judged_again_and_replayed() {
    let folder = folder("race");
    let at = folder.to_str().unwrap();
    let run = ["run", "CreateQueue/history.linearizable", "--defect", "queue-reads-go-back", "--seed", "5"];
    let (code, text, stderr) =
        output(&[&run[..], &["--histories", "40", "--history-length", "50", "--report-dir", at]].concat());
    assert_eq!(code, Some(1), "{text}{stderr}");
    for part in ["which no order explains", "├", "DescribeQueue answered a success"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains(r#""timeline":[{"client":"#), "the page lacks the timeline");

    let file = finding(&folder);
    let (code, text, _) = output(&["history", file.to_str().unwrap()]);
    assert_eq!((code, text.contains("violation")), (Some(1), true), "{text}");
    let (code, text, stderr) = output(&["replay", file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{text}{stderr}");
    assert!(text.contains("the recorded history: ") && text.contains("fails again"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn histories_that_are_asked_for_must_be_planned() {
    let (code, _, stderr) = output(&["--histories", "3", "--checks", "shape", "--operations", "CreateRule"]);
    assert_eq!((code, stderr.contains("no history is planned")), (Some(3), true), "{stderr}");
}
