//! Findings by cause. Findings have one cause if the same check, or the same kind of check, fails in the same way, over all
//! operations and variants. A reader meets each cause once, gravest first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use connect_checks::case::{Finding, Level, operation_of};
use connect_checks::check::family_of;
use connect_checks::families;
use connect_checks::harm::Harm;
use connect_checks::invalid;
use connect_model::import::hex_digest;
use connect_model::text::prefix;
use connect_model::validate::ViolationKind;
use connect_model::wire::message::HttpResponse;
use serde::{Deserialize, Serialize};

use crate::report::text::{count, some, without_ids};

/// Characters of the first line of an answer that is not JSON.
const FIRST_LINE: usize = 60;

/// Characters of an observation in a key.
const OBSERVATION: usize = 80;

/// Findings with one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Stable id: the check, or the kind of check, and a digest of the way of failing, for example
    /// `shape.timestamp-format~1a2b3c4d`.
    pub id: String,
    /// The gravest level of its findings.
    pub level: Level,
    /// The harm to a caller.
    pub harm: Harm,
    /// The rule that is broken.
    pub rule: String,
    /// The way of failing, for example `500 text/html <!doctype html>`.
    pub way: String,
    /// Checks that failed.
    pub checks: BTreeSet<String>,
    /// Operations with such findings.
    pub operations: BTreeSet<String>,
    /// Ids of the cases with such findings, without known divergences.
    pub cases: BTreeSet<String>,
    /// Ids of the cases that are known divergences.
    #[serde(default)]
    pub known: BTreeSet<String>,
    /// The case with the smallest exchange.
    pub example: String,
    /// Bytes of that exchange.
    pub example_bytes: usize,
}

/// The part of a finding that it shares with the findings of the same cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Id of the cause.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// The way of failing.
    pub way: String,
    /// The harm to a caller.
    pub harm: Harm,
}

impl Kind {
    /// The cause of a finding of a case of `operation`.
    pub fn of(finding: &Finding, operation: &str) -> Self {
        let response = finding.exchange.as_ref().map(|exchange| &exchange.response);
        let check = families::find(finding.check);
        let harm = check.map_or(Harm::Form, |check| check.harm_of(finding));
        let crashed = response.is_some_and(|response| response.status == 0 || response.status >= 500);
        let group = GROUPS.iter().find(|group| group.crashes == crashed && (group.has)(finding.check));
        let (name, rule) = group.map_or((finding.check, finding.rule.as_str()), |group| (group.id, group.rule));
        let harm = if crashed && group.is_some() { Harm::Crash } else { harm };
        let way = way(finding, response, operation);
        // Crashes of one kind differ in nothing but the answer. Other findings differ in the demand, too.
        let demand = if crashed || group.is_some() { String::new() } else { neutral(&finding.expected, operation) };
        let digest = hex_digest(format!("{name}\n{way}\n{demand}").as_bytes());
        Self { id: format!("{name}~{}", &digest[..8]), rule: rule.to_owned(), way, harm }
    }
}

/// Checks whose findings have one cause if they fail in the same way.
pub struct Group {
    /// Name in ids of causes.
    pub id: &'static str,
    /// The rule that the checks have in common.
    pub rule: &'static str,
    /// True for findings that a server error shows, false for all others.
    pub crashes: bool,
    /// Returns true if the check belongs to the group.
    pub has: fn(&str) -> bool,
}

/// All groups. A mutation of any kind that is accepted has one of two causes: values are not checked, or their structure is
/// not.
pub const GROUPS: &[Group] = &[
    Group {
        id: "invalid",
        rule: "a faulty request is rejected with an error of the client (4xx)",
        crashes: true,
        has: |check| family_of(check) == "invalid",
    },
    Group {
        id: "error",
        rule: "a request that cannot be fulfilled is rejected with an error of the client (4xx)",
        crashes: true,
        has: |check| family_of(check) == "error",
    },
    Group {
        id: "invalid-structure",
        rule: "input of another structure or type than the model's is rejected",
        crashes: false,
        has: |check| invalid::violation_of(check).is_some_and(ViolationKind::is_structural),
    },
    Group {
        id: "invalid-value",
        rule: "input that breaks a constraint of the model is rejected",
        crashes: false,
        has: |check| invalid::violation_of(check).is_some_and(|kind| !kind.is_structural()),
    },
];

/// The way of failing: the answer, and the observation unless it repeats the answer.
fn way(finding: &Finding, response: Option<&HttpResponse>, operation: &str) -> String {
    let answer = response.map(answer);
    let repeats = response.is_some_and(|response| {
        let status = response.status.to_string();
        finding.actual.starts_with(&status) || response.status == 0 || response.status >= 500
    });
    match answer {
        Some(answer) if repeats => answer,
        _ => prefix(&neutral(&finding.actual, operation), OBSERVATION).to_owned(),
    }
}

/// Status, and error name or, for an answer that is not JSON, its type and first line.
fn answer(response: &HttpResponse) -> String {
    let status = response.status;
    if status == 0 {
        return "no response".to_owned();
    }
    let header = |name: &str| response.headers.get(name).unwrap_or_default();
    let media = header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    if let Some(body) = body {
        let in_body = ["__type", "code", "Code"].iter().find_map(|name| body.get(*name)?.as_str().map(str::to_owned));
        let name = Some(header("x-amzn-errortype").to_owned()).filter(|name| !name.is_empty()).or(in_body);
        let name = name
            .map(|name| name.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned());
        return match name.filter(|name| status >= 300 && !name.is_empty()) {
            Some(name) => format!("{status} {}", prefix(&name, FIRST_LINE)),
            None => status.to_string(),
        };
    }
    if response.body.is_empty() || (200..300).contains(&status) {
        return status.to_string();
    }
    let text = String::from_utf8_lossy(&response.body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = without_ids(line);
    format!("{status} {media} {}", prefix(&line, FIRST_LINE)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without the values of one case: names of operations, quoted values, JSON values, pointers, ids and numbers.
fn neutral(text: &str, operation: &str) -> String {
    let text = text.replace(operation, "…");
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => {
                quote = Some(c);
                if depth == 0 {
                    out.push('…');
                }
            }
            (None, '{' | '[') => {
                if depth == 0 {
                    out.push('…');
                }
                depth += 1;
            }
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, _) if depth == 0 => out.push(c),
            (None, _) => {}
        }
    }
    let words: Vec<String> = out
        .split_whitespace()
        .map(|word| if word.starts_with('/') { "…".to_owned() } else { without_ids(word) })
        .collect();
    words.join(" ")
}

impl Cause {
    /// The cause of a finding.
    pub fn new(kind: Kind, level: Level, case: String, bytes: usize) -> Self {
        let Kind { id, rule, way, harm } = kind;
        Self {
            id,
            level,
            harm,
            rule,
            way,
            checks: BTreeSet::new(),
            operations: BTreeSet::new(),
            cases: BTreeSet::new(),
            known: BTreeSet::new(),
            example: case,
            example_bytes: bytes,
        }
    }

    /// Adds a finding.
    pub fn add(&mut self, finding: &Finding, operation: &str, case: &str, harm: Harm, is_known: bool, bytes: usize) {
        self.level = self.level.max(finding.level);
        self.harm = self.harm.min(harm);
        self.checks.insert(finding.check.to_owned());
        self.operations.insert(operation.to_owned());
        let cases = if is_known { &mut self.known } else { &mut self.cases };
        cases.insert(case.to_owned());
        if bytes < self.example_bytes {
            (self.example, self.example_bytes) = (case.to_owned(), bytes);
        }
    }

    /// Adds the findings of the same cause in another report.
    pub fn join(&mut self, other: Self) {
        self.level = self.level.max(other.level);
        self.harm = self.harm.min(other.harm);
        self.checks.extend(other.checks);
        self.operations.extend(other.operations);
        self.cases.extend(other.cases);
        self.known.extend(other.known);
        if other.example_bytes < self.example_bytes {
            (self.example, self.example_bytes) = (other.example, other.example_bytes);
        }
    }

    /// The number of cases and, for at most `limit` operations, that of each, most cases first.
    pub fn reach(&self, limit: usize) -> String {
        let mut of: BTreeMap<&str, usize> = BTreeMap::new();
        for case in &self.cases {
            *of.entry(operation_of(case)).or_default() += 1;
        }
        let mut operations: Vec<(&str, usize)> = of.into_iter().collect();
        operations.sort_by_key(|(_, cases)| Reverse(*cases));
        let names: Vec<String> = match operations.as_slice() {
            [(name, _)] => vec![(*name).to_owned()],
            all => all.iter().map(|(name, cases)| format!("{name} ({cases})")).collect(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("{} in {}", count(self.cases.len() as u64, "case"), some(&names, limit))
    }

    /// The position among causes: new before known, gravest level and harm first, then the widest reach.
    pub fn order(&self) -> impl Ord + use<> {
        (
            self.cases.is_empty(),
            Reverse(self.level),
            self.harm,
            Reverse(self.operations.len()),
            Reverse(self.cases.len()),
            self.id.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::samples;

    fn finding(check: &'static str, expected: &str, actual: &str, response: (u16, &str, &str)) -> Finding {
        let mut finding = samples::finding(check, Level::Must);
        (finding.expected, finding.actual) = (expected.to_owned(), actual.to_owned());
        let (status, media, body) = response;
        let answer = &mut finding.exchange.as_mut().unwrap().response;
        answer.status = status;
        answer.headers.push("content-type", media);
        answer.body = body.as_bytes().to_vec();
        finding
    }

    #[test]
    fn findings_that_differ_in_operation_variant_and_values_have_one_cause() {
        let page = (500, "text/html; charset=utf-8", "<!doctype html>\n<title>500</title>");
        let one =
            finding("invalid.malformed-json", "a rejection (4xx) of a body with truncated", "500 no error name", page);
        let two =
            finding("invalid.wrong-type", "a rejection (4xx) of wrong-type at /Tags: \"x\"", "500 no error name", page);
        let (one, two) = (Kind::of(&one, "CreateRule"), Kind::of(&two, "TagResource"));
        assert_eq!(one, two);
        assert_eq!((one.way.as_str(), one.harm), ("500 text/html <!doctype html>", Harm::Crash));
        let accepted = |check, pointer: &str| {
            let expected = format!("a rejection (4xx) of {check} at {pointer}: 12");
            Kind::of(&finding(check, &expected, "200 (accepted)", (200, "application/json", "{}")), "CreateRule").id
        };
        assert_eq!(accepted("invalid.length-max", "/Name"), accepted("invalid.pattern", "/Tags/a"));
        assert_ne!(accepted("invalid.length-max", "/Name"), accepted("invalid.wrong-type", "/Name"));
        assert!(accepted("invalid.wrong-type", "/Name").starts_with("invalid-structure~"));
        let tags = |expected: &str| Kind::of(&finding("lifecycle.tags-shown", expected, "{}", (200, "", "{}")), "X").id;
        assert_eq!(tags(r#"{"ct-a":"1","ct-b":"2"}"#), tags(r#"{"ct-b":"3"}"#));
        let time = |pointer: &str, actual: &str| {
            let mut time = finding(
                "shape.timestamp-format",
                "a timestamp in the form epoch-seconds",
                actual,
                (200, "application/json", "{}"),
            );
            time.pointer = pointer.to_owned();
            Kind::of(&time, "ListInstances").id
        };
        assert_eq!(
            time("/A/0/Time", "\"2026-11-28T09:52:11.485171+00:00\""),
            time("/B/CreatedTime", "\"2026-11-29T10:00:00Z\"")
        );
    }

    #[test]
    fn different_ways_of_failing_are_different_causes() {
        let json = (200, "application/json", "{}");
        let kind = |expected: &str, actual: &str, response| {
            Kind::of(&finding("shape.type", expected, actual, response), "ListRules").id
        };
        let ids = BTreeSet::from([
            kind("a string", "12345", json),
            kind("a number", "\"12345\"", json),
            kind("a string", "an object", json),
            kind("a string", "503 no error name", (503, "text/html", "<h1>busy</h1>")),
            kind("a string", "503 no error name", (503, "text/plain", "busy")),
        ]);
        assert_eq!(ids.len(), 5, "{ids:?}");
    }

    #[test]
    fn a_known_case_counts_once_whatever_its_findings() {
        let one = samples::finding("shape.json", Level::Must);
        let kind = Kind::of(&one, "A");
        let mut cause = Cause::new(kind, Level::Must, "A/shape.json".to_owned(), 9);
        for case in ["A/shape.json", "A/shape.json", "B/shape.json"] {
            cause.add(&one, "A", case, Harm::Form, true, 9);
        }
        assert_eq!((cause.known.len(), cause.cases.len()), (2, 0));
    }

    #[test]
    fn graver_causes_come_first_whatever_their_number() {
        let kind = |harm| Kind { id: "x~1".to_owned(), rule: String::new(), way: String::new(), harm };
        let mut form = Cause::new(kind(Harm::Form), Level::Must, "A/b.c".to_owned(), 9);
        for at in 0..50 {
            form.cases.insert(format!("A/b.c/{at}"));
        }
        let mut loss = Cause::new(kind(Harm::Loss), Level::Must, "B/b.c".to_owned(), 9);
        loss.cases.insert("B/b.c".to_owned());
        let mut known = Cause::new(kind(Harm::Loss), Level::Must, "C/b.c".to_owned(), 9);
        known.known.insert("C/b.c".to_owned());
        let mut all = [form.clone(), known.clone(), loss.clone()];
        all.sort_by_cached_key(Cause::order);
        assert_eq!(all, [loss, form, known]);
    }
}
