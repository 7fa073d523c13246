//! Findings by cause. Findings have one cause if the same check, or the same kind of check, fails in the same way, over all
//! operations and variants. A reader meets each cause once, gravest first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use connect_checks::case::{Finding, Level, operation_of};
use connect_checks::check::SEVERAL;
use connect_checks::families;
use connect_checks::harm::Harm;
use connect_checks::idempotency::number_of_resources;
use connect_checks::resources;
use connect_model::import::hex_digest;
use connect_model::schema::Schema;
use serde::{Deserialize, Serialize};

use crate::report::groups::GROUPS;
use crate::report::text::{count, some};
use crate::report::way::{is_server_error, neutral, way};

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
    /// The largest number of resources from one creation, for rules that allow one.
    #[serde(default)]
    pub made: u32,
    /// The case with the smallest exchange, of those with that number of resources.
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
        let group = GROUPS
            .iter()
            .find(|group| group.crashes == crashed && (group.has)(finding.check) && (group.shows)(finding));
        let (name, rule) = group.map_or((finding.check, finding.rule.as_str()), |group| (group.id, group.rule));
        let harm = if crashed && group.is_some() { Harm::Crash } else { harm };
        let way = group.and_then(|group| group.way).map_or_else(|| way(finding, response, operation), str::to_owned);
        // Crashes of one kind differ in nothing but the answer. Other findings differ in the demand, too.
        let demand = if crashed || group.is_some() { String::new() } else { neutral(&finding.expected, operation) };
        let digest = hex_digest(format!("{name}\n{way}\n{demand}").as_bytes());
        Self { id: format!("{name}~{}", &digest[..DIGEST]), rule: rule.to_owned(), way, harm }
    }
}

/// Hexadecimal digits at the end of the id of a cause.
pub const DIGEST: usize = 8;

/// Checks the form of the id of a cause.
///
/// # Errors
/// The reason why no cause has this id.
pub fn check_id(id: &str) -> Result<(), String> {
    let (of, digest) = id.split_once('~').unwrap_or((id, ""));
    if GROUPS.iter().all(|group| group.id != of) && families::find(of).is_none() {
        return Err(format!("`{id}` is not a cause: there is no check `{of}`"));
    }
    if digest.len() != DIGEST || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("`{id}` is not a cause: {DIGEST} hexadecimal digits follow the ~, as in reports"));
    }
    Ok(())
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
            made: 0,
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
        let counts = self.fault().is_some_and(|fault| fault.contains(SEVERAL));
        self.prefer(case, if counts { number_of_resources(&finding.actual) } else { 0 }, bytes);
    }

    /// Takes another example if it shows more resources, or as many with a smaller exchange.
    fn prefer(&mut self, case: &str, made: u32, bytes: usize) {
        if (Reverse(made), bytes) < (Reverse(self.made), self.example_bytes) {
            (self.example, self.made, self.example_bytes) = (case.to_owned(), made, bytes);
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
        self.prefer(&other.example, other.made, other.example_bytes);
    }

    /// The part of the id before the digest: a check, or a group of them.
    pub fn name(&self) -> &str {
        self.id.split('~').next().unwrap_or_default()
    }

    /// True if checks of a group have the cause in common.
    pub fn is_of_group(&self) -> bool {
        GROUPS.iter().any(|group| group.id == self.name())
    }

    /// Breach of the rule by an endpoint; none for a check that this version does not have.
    fn fault(&self) -> Option<&'static str> {
        let name = self.name();
        let group = GROUPS.iter().find(|group| group.id == name).map(|group| group.fault);
        group.or_else(|| families::find(name).map(|check| check.fault))
    }

    /// Fault of the endpoint, in words. For a check that this version does not have, the rule.
    pub fn title(&self) -> String {
        let subject = self.subject();
        if let Some(check) = families::find(self.name())
            && is_server_error(&self.way)
            && !check.id.starts_with("error.no-")
        {
            return format!("{subject} answered with a server error, or not at all; the rule: {}", check.rule);
        }
        match self.fault() {
            Some(fault) => {
                let made = resources::created_by(Schema::connect(), &subject);
                let made = made.map_or_else(|| "resources".to_owned(), |resource| format!("{}s", resource.kind));
                let number = if self.made > 1 { self.made.to_string() } else { "several".to_owned() };
                format!("{subject} {}", fault.replace(SEVERAL, &format!("{number} {made}")))
            }
            None => self.rule.clone(),
        }
    }

    /// The operations of the title: one or two by name.
    fn subject(&self) -> String {
        let cases = if self.cases.is_empty() { &self.known } else { &self.cases };
        let operations: BTreeSet<&str> = cases.iter().map(|case| operation_of(case)).collect();
        match operations.iter().collect::<Vec<_>>().as_slice() {
            [one] => (*one).to_string(),
            [one, two] => format!("{one} and {two}"),
            all => count(all.len() as u64, "operation"),
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
        let json = |expected: &str, status: u16| {
            let finding = finding("invalid.malformed-json", expected, "an answer", (status, "application/json", "{}"));
            Kind::of(&finding, "CreateRule").id
        };
        let [comment, comma] =
            ["a comment", "a comma"].map(|fault| format!("a rejection (4xx) of a body with {fault}"));
        assert_eq!(json(&comment, 200), json(&comma, 200));
        assert_ne!(json(&comment, 200), json(&comma, 302));
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
    fn names_of_operations_and_kinds_make_no_other_cause() {
        let json = (200, "application/json", "{}");
        let id = |operation: &str, expected: &str, actual: &str| {
            Kind::of(&finding("lifecycle.walk", expected, actual, json), operation).id
        };
        let flow = id("CreateContactFlow", "one flow named \"a\"", "2 flows; DeleteContactFlow answered 400");
        assert_eq!(flow, id("CreateInstance", "one instance named \"b\"", "3 instances; DeleteInstance answered 400"));
        assert_eq!(
            flow,
            id("X", "one flow module named \"c\"", "2 flow modules; DeleteContactFlowModule answered 400")
        );
        assert_eq!(id("X", "an instance is active", "{}"), id("Y", "a flow module is active", "{}"));
        // Other words differ, and so do statuses.
        let others =
            ["2 flows; DeleteContactFlow answered 404", "2 flows; DeleteContactFlow accepted 400", "2 versions"];
        for other in others {
            assert_ne!(flow, id("CreateContactFlow", "one flow named \"a\"", other), "{other}");
        }
        assert_ne!(id("X", "the flow is active", "{}"), id("X", "the draft is active", "{}"));
    }

    #[test]
    fn the_title_says_what_the_endpoint_did() {
        let cause = |check: &'static str, actual: &str, cases: &[&str], response| {
            let finding = finding(check, "", actual, response);
            let mut cause = Cause::new(Kind::of(&finding, "X"), Level::Must, cases[0].to_owned(), 9);
            for case in cases {
                cause.add(&finding, operation_of(case), case, Harm::Form, false, 9);
            }
            cause
        };
        let (json, crash) = ((200, "application/json", "{}"), (500, "text/plain", "oops"));
        let token = |actual| cause("idempotency.concurrent-same-token", actual, &["CreateRule/a.b"], json).title();
        assert_eq!(token("8 ids from 8 concurrent calls"), "CreateRule made 8 rules from one client token");
        assert_eq!(token("400 x").split(' ').nth(2), Some("several"), "a status is no number of resources");
        let time = cause("shape.timestamp-format", "12 x", &["A/a.b", "A/a.b/c", "B/a.b"], json);
        assert_eq!(time.title(), "A and B answered with timestamps in another format than the model's");
        let refused = cause("invalid.length-max", "", &["A/a.b", "B/a.b", "C/a.b"], json);
        assert_eq!(refused.title(), "3 operations accepted values that break a constraint of the model");
        let crashed = cause("invalid.length-max", "", &["A/a.b"], crash);
        assert_eq!(crashed.title(), "A answered faulty requests with a server error, or not at all");
        let crashed = cause("lifecycle.tags", "", &["A/a.b"], crash);
        assert!(crashed.title().starts_with("A answered with a server error, or not at all; the rule: tags"));
        let mut unknown = time;
        unknown.id = "other.check~12".to_owned();
        assert_eq!(unknown.title(), unknown.rule);
    }

    #[test]
    fn an_ignored_client_token_is_one_cause() {
        let (made, refused) = ((200, "application/json", "{}"), (409, "application/json", "{}"));
        let seen = [
            ("idempotency.same-token-same-result", "36a8-1", "36a8-2", made),
            ("idempotency.same-token-one-resource", "one rule named \"a\"", "2 rules of that name", made),
            ("idempotency.concurrent-same-token", "one id", "8 ids from 8 concurrent calls", made),
            ("idempotency.retry-after-disconnect", "one rule named \"a\"", "2 rules of that name", made),
        ];
        let found = seen.map(|(check, expected, actual, answer)| finding(check, expected, actual, answer));
        let kinds: BTreeSet<String> = found.iter().map(|finding| Kind::of(finding, "CreateRule").id).collect();
        assert_eq!(kinds.len(), 1, "{kinds:?}");
        let mut cause = Cause::new(Kind::of(&found[0], "CreateRule"), Level::Must, "CreateRule/first".to_owned(), 9);
        for (at, finding) in found.iter().enumerate() {
            cause.add(finding, "CreateRule", &format!("CreateRule/{}", finding.check), Harm::Loss, false, 9 + at);
        }
        assert_eq!(cause.example, "CreateRule/idempotency.concurrent-same-token", "the example that shows the most");
        assert_eq!(cause.title(), "CreateRule made 8 rules from one client token");
        // A refusal and a response without an id are other causes.
        for (check, actual, answer) in [
            ("idempotency.same-token-same-result", "409 DuplicateResourceException", refused),
            ("idempotency.same-token-same-result", "no id", made),
            ("idempotency.retry-after-disconnect", "409 DuplicateResourceException", refused),
        ] {
            let other = Kind::of(&finding(check, "success", actual, answer), "CreateRule").id;
            assert!(!kinds.contains(&other), "{check} {actual}");
        }
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
