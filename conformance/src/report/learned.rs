//! Answers that were learned in earlier runs: a reviewed file with the facts that no rule judges, and the differences of a
//! run from it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use connect_checks::coverage::{Learned, THIS_RUN};
use connect_model::files::{self, Use};
use connect_model::text::visible_json;
use serde::{Deserialize, Serialize};

use crate::report::json::Report;
use crate::report::text::printable;

/// Bytes of a file of learned facts.
const LARGEST: u64 = 16 << 20;

/// Length of a fact in a message, in characters.
const SHOWN: usize = 200;

/// Purpose of the file, as it stands in it.
const ABOUT: &str = "Answers that the contract leaves open, as `run --write-learned` recorded them: topic, answer, number of \
                     observations. `run --learned` reports answers that are not listed.";

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    learned: Learned,
}

/// Facts of a run that the contract leaves open, without those that are about the run itself.
fn of_endpoint(learned: &Learned) -> impl Iterator<Item = (&String, &BTreeMap<String, u64>)> {
    learned.iter().filter(|(topic, _)| !topic.starts_with(THIS_RUN))
}

/// Reads a file of learned facts.
///
/// # Errors
/// The file cannot be read, or is not such a file; with its path and the remedy.
pub fn read(path: &Path) -> io::Result<Learned> {
    let wrong = |error: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()));
    let bytes = match files::read_json(path, Use::Read, LARGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let remedy = "does not exist; `run --write-learned FILE` writes one";
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} {remedy}", path.display())));
        }
        other => other.map_err(|error| wrong(error.to_string()))?,
    };
    let not_learned =
        |why: &str| wrong(format!("is not a file of learned answers: {why}; `run --write-learned FILE` writes one"));
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(not_learned("it is not a JSON object"));
    }
    let file: Result<File, _> = serde_json::from_slice(&bytes);
    file.map(|file| file.learned).map_err(|error| not_learned(&error.to_string()))
}

/// Answers that were not learned before, for the topics that were: topic and sentence.
pub fn changes<'l>(before: &Learned, now: &'l Learned) -> Vec<(&'l str, String)> {
    let mut changes = Vec::new();
    for (topic, facts) in of_endpoint(now) {
        let Some(known) = before.get(topic) else { continue };
        let shown = |facts: BTreeSet<&String>| {
            let facts: Vec<String> = facts.into_iter().map(|fact| printable(fact, SHOWN)).collect();
            facts.join(" | ")
        };
        let news: BTreeSet<&String> = facts.keys().filter(|fact| !known.contains_key(*fact)).collect();
        if !news.is_empty() {
            let sentence =
                format!("{}: {}; before: {}", printable(topic, SHOWN), shown(news), shown(known.keys().collect()));
            changes.push((topic.as_str(), sentence));
        }
    }
    changes
}

/// Notes in a report which answers differ from those that were learned before.
pub fn compare(report: &mut Report, before: &Learned) {
    report.relearned = changes(before, &report.learned).into_iter().map(|(_, sentence)| sentence).collect();
    report.recount();
}

/// Adds the facts of a run to a file, or writes a new one.
///
/// # Errors
/// The file exists and is not a file of learned facts, or cannot be written.
pub fn write(path: &Path, report: &Report) -> io::Result<()> {
    let mut learned = may_be_written(path)?;
    for (topic, facts) in of_endpoint(&report.learned) {
        let known: &mut BTreeMap<String, u64> = learned.entry(topic.clone()).or_default();
        for (fact, times) in facts {
            let count = known.entry(fact.clone()).or_default();
            *count = count.saturating_add(*times);
        }
    }
    let file = File { about: ABOUT.to_owned(), learned };
    let mut text = serde_json::to_string_pretty(&file).map_err(io::Error::other)?;
    text.push('\n');
    // People review the file, and the endpoint wrote the facts.
    files::replace(path, visible_json(&text).as_bytes())
}

/// The facts of a file that is about to be written; none if it does not exist.
///
/// # Errors
/// The path has something else than a file of learned facts.
pub fn may_be_written(path: &Path) -> io::Result<Learned> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Learned::default()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::PathBuf;

    use super::*;
    use crate::report::samples;

    /// A file that does not exist yet.
    fn file(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("connect-learned-{}-{name}.json", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    fn report(facts: &[(&str, &str)]) -> Report {
        let mut report = samples::mixed().report();
        report.learned.clear();
        for (topic, fact) in facts {
            *report.learned.entry((*topic).to_owned()).or_default().entry((*fact).to_owned()).or_default() += 1;
        }
        report
    }

    #[test]
    fn only_new_answers_to_known_topics_are_differences() {
        let path = file("learned");
        write(&path, &report(&[("a", "one"), ("a", "two"), ("b", "one"), ("this run: lag", "under 1 s")])).unwrap();
        let known = read(&path).unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["a", "b"]);
        let mut changed = report(&[("a", "two"), ("b", "other"), ("c", "new"), ("this run: lag", "under 9 s")]);
        compare(&mut changed, &known);
        assert_eq!(changed.relearned, ["b: other; before: one"]);
        write(&path, &changed).unwrap();
        compare(&mut changed, &read(&path).unwrap());
        assert_eq!(changed.relearned, [""; 0]);
        assert_eq!(read(&path).unwrap()["a"]["two"], 2);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn reviewers_see_every_character() {
        let path = file("hidden");
        write(&path, &report(&[("a", "one\u{202e}two\u{200b}\u{9b}é")])).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(r"one\u202etwo\u200b\u009bé"), "{text}");
        assert_eq!(read(&path).unwrap()["a"]["one\u{202e}two\u{200b}\u{9b}é"], 1);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn other_files_are_refused_and_kept() {
        let path = file("other");
        assert!(read(&path).unwrap_err().to_string().contains("--write-learned"));
        std::fs::write(&path, "{\"mine\": 1}").unwrap();
        assert!(write(&path, &report(&[])).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"mine\": 1}");
        std::fs::remove_file(path).unwrap();
    }
}
