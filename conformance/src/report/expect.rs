//! Known divergences: cases that are expected to fail, each with a reason and an expiry date. An entry names case ids, never
//! a number of failures, so that a new failure cannot hide behind a fixed one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use connect_checks::case::{CaseId, Finding, Level, Outcome, Verdict};
use connect_model::files;
use connect_model::text::toml_problem;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;
use toml::value::{Date, Datetime};
use wildmatch::WildMatchPattern;

use crate::report::causes::{Kind, check_id};
use crate::report::text::utc;

/// Bytes of a file of known divergences.
pub(super) const LARGEST: u64 = 16 << 20;

/// Keys, values, tables and elements of a file, of which each takes about 200 bytes in memory.
const MOST_VALUES: usize = 1_000_000;

/// Entries of a file with a cause, or with a `*` in the case: each is compared with each case of the plan.
const MOST_PATTERNS: usize = 2_000;

/// Characters of a pattern.
const LONGEST_PATTERN: usize = 300;

/// `*` in a pattern.
const MOST_STARS: usize = 8;

/// The known divergences of a file; none by default.
#[derive(Clone, Debug, Default)]
pub struct Expectations(Arc<Entries>);

/// The entries of a file.
#[derive(Debug, Default)]
struct Entries {
    all: Vec<Expected>,
    /// Positions of those that name one case, by its id.
    exact: HashMap<String, Vec<usize>>,
    /// Positions of the others.
    patterns: Vec<usize>,
}

impl Entries {
    /// The entries that match a case, in the order of the file.
    fn of<'e>(&'e self, case: &'e str) -> Vec<&'e Expected> {
        let exact = self.exact.get(case).into_iter().flatten().copied();
        let patterns = self.patterns.iter().copied().filter(|at| self.all[*at].pattern.matches(case));
        let mut found: Vec<usize> = exact.chain(patterns).collect();
        found.sort_unstable();
        found.into_iter().map(|at| &self.all[at]).collect()
    }
}

/// A file of known divergences cannot be used.
#[derive(Debug, Error)]
#[error("cannot use {path}: {problem}")]
pub struct ExpectError {
    path: String,
    problem: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Entry>,
}

/// An entry of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    case: Option<Spanned<String>>,
    cause: Option<Spanned<String>>,
    reason: String,
    link: Option<String>,
    owner: Option<String>,
    expires: Spanned<Datetime>,
    pointers: Option<Vec<String>>,
    #[serde(default)]
    outcome: Accepted,
}

/// The outcome that an entry accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Accepted {
    /// The case fails.
    #[default]
    Failed,
    /// The case is undecided. It counts neither as judged nor as too much that is undecided.
    Indeterminate,
}

/// A parsed entry.
#[derive(Debug)]
struct Expected {
    /// The pattern of case ids, or the cause, as the file has it.
    glob: String,
    /// File and line of the pattern or cause.
    place: String,
    /// File and line of the expiry date.
    expiry: String,
    /// Id of the cause that every broken rule must have.
    cause: Option<String>,
    /// `*` matches any text. Nothing else is special, since case ids contain brackets.
    pattern: Glob,
    pointers: Option<Vec<Glob>>,
    why: String,
    expired: Option<String>,
    accepts: Accepted,
}

/// A pattern in which only `*` is special. NUL, which no case id contains, stands for a single character.
type Glob = WildMatchPattern<'*', '\0'>;

impl Expectations {
    /// Reads a file. Entries whose date is before `now` have expired.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML, or an entry is incomplete.
    pub fn read(path: &Path, now: SystemTime) -> Result<Self, ExpectError> {
        let wrong = |problem: String| ExpectError { path: path.display().to_string(), problem };
        let text = files::read_text(path, LARGEST).map_err(|error| wrong(error.to_string()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::parse(&text, &name, now).map_err(wrong)
    }

    /// Parses the content of the file `name`.
    pub(super) fn parse(text: &str, name: &str, now: SystemTime) -> Result<Self, String> {
        // In a text of several lines, a line with # is no comment.
        let has_comments = !text.contains("\"\"\"") && !text.contains("'''");
        let lines = text.lines().filter(|line| !has_comments || !line.starts_with('#'));
        let values: usize = lines.map(|line| line.matches(['=', ',', '[', '{', '.']).count()).sum();
        if values > MOST_VALUES {
            return Err(format!(
                "it has more than {MOST_VALUES} keys, values and tables; split it, or write fewer entries"
            ));
        }
        let file: File = toml::from_str(text).map_err(|error| {
            let form = "an entry is `[[expect]]` with `case` or `cause`, `reason` and `expires` (a date), and optionally `link`, \
                        `owner`, `pointers` and `outcome` (\"failed\" or \"indeterminate\")";
            format!("{}; {form}", toml_problem(text, &error))
        })?;
        let today = date(now);
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |at: usize| format!("{name} line {}", ends.partition_point(|end| *end < at) + 1);
        let mut entries = Entries::default();
        for (at, entry) in file.expect.into_iter().enumerate() {
            let entry = Expected::of(entry, &today, line)?;
            if entry.is_exact() {
                entries.exact.entry(entry.glob.clone()).or_default().push(at);
            } else {
                entries.patterns.push(at);
            }
            entries.all.push(entry);
        }
        if entries.patterns.len() > MOST_PATTERNS {
            let found = entries.patterns.len();
            return Err(format!(
                "{found} entries have a cause or a case with `*`; at most {MOST_PATTERNS} may: name cases without `*`, or \
                 fewer patterns that match more"
            ));
        }
        Ok(Self(Arc::new(entries)))
    }

    /// The outcome with respect to the entries: an expected failure becomes known, an unexpected pass stale.
    #[must_use]
    pub fn judge(&self, case: &CaseId, outcome: Outcome) -> Outcome {
        let id = case.to_string();
        let mut entries = self.0.of(&id);
        entries.retain(|entry| entry.accepts == Accepted::Failed);
        if entries.is_empty() {
            return outcome;
        }
        let verdict = match outcome.verdict {
            Verdict::Fail => {
                let covering = entries.iter().find(|entry| entry.covers_one(&outcome.findings, &case.operation));
                match covering {
                    Some(entry) if covered(&entries, &outcome.findings, &case.operation) => {
                        Verdict::Known(entry.why.clone())
                    }
                    _ => Verdict::Fail,
                }
            }
            // A cause names no case that has to fail; `unseen` judges it.
            Verdict::Pass => match entries.iter().find(|entry| entry.cause.is_none()) {
                Some(Expected { place, glob, why, .. }) => {
                    Verdict::Stale(format!("passes now; {place}: remove it from `{glob}` ({why})"))
                }
                None => Verdict::Pass,
            },
            other => other,
        };
        Outcome { verdict, ..outcome }
    }

    /// The reason of the entry that accepts the case as undecided, if it is undecided.
    pub fn excuse(&self, case: &CaseId, outcome: &Outcome) -> Option<String> {
        let id = match outcome.verdict {
            Verdict::Indeterminate(_) if !self.is_empty() => case.to_string(),
            _ => return None,
        };
        let mut entries = self.0.of(&id).into_iter().filter(|entry| entry.accepts == Accepted::Indeterminate);
        entries.next().map(|entry| entry.why.clone())
    }

    /// Entries that have expired or match none of `cases`, each with the remedy.
    pub fn stale(&self, cases: &[CaseId]) -> Vec<String> {
        let ids: HashSet<String> = cases.iter().map(CaseId::to_string).collect();
        let mut stale = Vec::new();
        for entry in &self.0.all {
            let Expected { glob, place, expiry, expired, why, .. } = entry;
            if let Some(day) = expired {
                stale.push(format!(
                    "{expiry}: the entry `{glob}` expired on {day}; review it and change `expires` ({why})"
                ));
            }
            if !entry.matches_one(&ids) {
                stale.push(format!("{place}: the entry `{glob}` matches no case; correct or remove it ({why})"));
            }
        }
        stale
    }

    /// Entries whose cause is none of these, each with the remedy: nothing fails in that way any more.
    pub fn unseen(&self, causes: &BTreeSet<&str>) -> BTreeMap<String, String> {
        let of_cause = self.0.all.iter().filter_map(|entry| Some((entry.cause.clone()?, entry)));
        let unseen = of_cause.filter(|(cause, _)| !causes.contains(cause.as_str()));
        let line = |Expected { glob, place, why, .. }: &Expected| {
            format!("the cause `{glob}` was not seen; {place}: correct or remove it ({why})")
        };
        unseen.map(|(cause, entry)| (cause, line(entry))).collect()
    }

    /// Returns true if every entry matches one of these cases.
    pub fn all_match(&self, cases: &[CaseId]) -> bool {
        let ids: HashSet<String> = cases.iter().map(CaseId::to_string).collect();
        self.0.all.iter().all(|entry| entry.matches_one(&ids))
    }

    /// True if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.all.is_empty()
    }
}

impl Expected {
    fn of(entry: Entry, today: &str, line: impl Fn(usize) -> String) -> Result<Self, String> {
        let Entry { case, cause, reason, link, owner, expires, pointers, outcome } = entry;
        let place = case.as_ref().or(cause.as_ref()).map(|name| line(name.span().start)).unwrap_or_default();
        let expiry = line(expires.span().start);
        let (case, cause, expires) =
            (case.map(Spanned::into_inner), cause.map(Spanned::into_inner), expires.into_inner());
        let case = match (case, &cause) {
            (Some(case), None) => case,
            (None, Some(cause)) => cause.clone(),
            (Some(name), Some(_)) => {
                return Err(format!("the entry `{name}` has `case` and `cause`; leave out one of them"));
            }
            (None, None) => return Err(format!("the entry with the reason `{reason}` has neither `case` nor `cause`")),
        };
        for (value, what) in [(&case, "case"), (&reason, "reason")] {
            if value.trim().is_empty() {
                return Err(format!(
                    "the entry `{case}` has no {what}; fill it in, so that others can judge the entry"
                ));
            }
        }
        for pattern in pointers.iter().flatten().chain([&case]).filter(|pattern| pattern.contains('*')) {
            let stars = pattern.matches('*').count();
            if pattern.chars().count() > LONGEST_PATTERN || stars > MOST_STARS {
                return Err(format!(
                    "{place}: a pattern has {stars} `*` and {} characters; at most {MOST_STARS} and {LONGEST_PATTERN} are read",
                    pattern.chars().count()
                ));
            }
        }
        let Some(Date { year, month, day }) = expires.date else {
            return Err(format!("the entry `{case}` has no expiry date; write one like 2027-01-31, without quotes"));
        };
        if let Some(cause) = &cause {
            check_id(cause).map_err(|problem| format!("{place}: {problem}"))?;
        }
        let expires = format!("{year:04}-{month:02}-{day:02}");
        let owner = owner.filter(|owner| !owner.is_empty()).map(|owner| format!("owner {owner}"));
        let beside: Vec<String> = [link, owner, Some(format!("until {expires}"))].into_iter().flatten().collect();
        Ok(Self {
            pattern: Glob::new(if cause.is_some() { "*" } else { &case }),
            glob: case,
            place,
            expiry,
            cause,
            pointers: pointers.map(|all| all.iter().map(|pointer| Glob::new(pointer)).collect()),
            why: format!("{}; {}", reason.trim(), beside.join(", ")),
            expired: (expires.as_str() < today).then_some(expires),
            accepts: outcome,
        })
    }

    /// True if the entry names one case.
    fn is_exact(&self) -> bool {
        self.cause.is_none() && !self.glob.contains('*')
    }

    fn matches_one(&self, ids: &HashSet<String>) -> bool {
        if self.is_exact() { ids.contains(&self.glob) } else { ids.iter().any(|id| self.pattern.matches(id)) }
    }

    /// Returns true if the entry covers one of the broken rules.
    fn covers_one(&self, findings: &[Finding], operation: &str) -> bool {
        broken(findings).any(|finding| self.covers(finding, operation))
    }

    /// Returns true if the entry covers a broken rule.
    fn covers(&self, finding: &Finding, operation: &str) -> bool {
        let at = self.pointers.as_ref();
        at.is_none_or(|pointers| pointers.iter().any(|pointer| pointer.matches(&finding.pointer)))
            && self.cause.as_ref().is_none_or(|cause| *cause == Kind::of(finding, operation).id)
    }
}

/// Returns true if each broken rule is covered by an entry.
fn covered(entries: &[&Expected], findings: &[Finding], operation: &str) -> bool {
    broken(findings).all(|finding| entries.iter().any(|entry| entry.covers(finding, operation)))
}

fn broken(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.level == Level::Must)
}

/// The date on which a known divergence ends, from the reason that its cases have in reports.
pub fn expiry_of(why: &str) -> Option<&str> {
    why.rsplit_once("until ").map(|(_, date)| date)
}

/// The date in UTC, for example `2027-01-31`.
pub(super) fn date(time: SystemTime) -> String {
    utc(time).unwrap_or_default().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::report::samples;

    const DAY: u64 = 24 * 3600;

    /// 1 January 2027.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_600)
    }

    fn case(variant: &str) -> CaseId {
        CaseId { operation: "CreateRule".to_owned(), check: "invalid.pattern", variant: Some(variant.to_owned()) }
    }

    fn judged(expectations: &Expectations, variant: &str, fails: bool) -> Verdict {
        let finding = samples::finding("invalid.pattern", Level::Must);
        let outcome = Outcome::from_findings(if fails { vec![finding] } else { vec![] });
        expectations.judge(&case(variant), outcome).verdict
    }

    #[test]
    fn entries_match_by_case_and_by_pointer() {
        let text = r#"
            [[expect]]
            case = "CreateRule/*/Actions[].*"
            reason = "not checked yet"
            link = "https://tracker.example/7"
            owner = "rules"
            expires = 2027-01-01
            [[expect]]
            case = "CreateRule/invalid.pattern/Elsewhere"
            reason = "only there"
            expires = 2028-01-01
            pointers = ["/Other/*"]
        "#;
        let all = Expectations::parse(text, "known.toml", now()).unwrap();
        let Verdict::Known(why) = judged(&all, "Actions[].X", true) else { panic!("not known") };
        assert_eq!(why, "not checked yet; https://tracker.example/7, owner rules, until 2027-01-01");
        assert!(matches!(judged(&all, "Actions[].X", false), Verdict::Stale(_)));
        assert!(matches!(judged(&all, "Actions", true), Verdict::Fail));
        assert!(matches!(judged(&all, "Actions", false), Verdict::Pass));
        // The finding is at /Actions/0/ActionType, which the entry does not cover.
        assert!(matches!(judged(&all, "Elsewhere", true), Verdict::Fail));
        let unsure = all.judge(&case("Actions[].X"), Outcome::indeterminate("throttled"));
        assert!(matches!(unsure.verdict, Verdict::Indeterminate(_)));
    }

    #[test]
    fn a_cause_covers_its_findings_and_no_others() {
        let finding = samples::finding("invalid.pattern", Level::Must);
        let cause = Kind::of(&finding, "CreateRule").id;
        let text = format!("[[expect]]\ncause = \"{cause}\"\nreason = \"r\"\nexpires = 2027-01-01\n");
        let all = Expectations::parse(&text, "known.toml", now()).unwrap();
        assert!(matches!(judged(&all, "A", true), Verdict::Known(_)));
        assert!(matches!(judged(&all, "A", false), Verdict::Pass));
        // A cause before a pattern does not excuse what the pattern names.
        let both = format!("{text}[[expect]]\ncase = \"CreateRule/*\"\nreason = \"r\"\nexpires = 2027-01-01\n");
        assert!(matches!(judged(&Expectations::parse(&both, "e.toml", now()).unwrap(), "A", false), Verdict::Stale(_)));
        assert_eq!(all.unseen(&BTreeSet::from([cause.as_str()])), BTreeMap::new());
        assert!(all.unseen(&BTreeSet::new())[&cause].contains("was not seen"));
        let other = samples::finding("shape.json", Level::Must);
        let both = Outcome::from_findings(vec![finding, other]);
        assert!(matches!(all.judge(&case("A"), both).verdict, Verdict::Fail), "another cause is new");
    }

    #[test]
    fn undecided_cases_are_accepted_by_name() {
        let text =
            "[[expect]]\ncase = \"CreateRule/*\"\nreason = \"r\"\nexpires = 2027-01-01\noutcome = \"indeterminate\"\n";
        let all = Expectations::parse(text, "known.toml", now()).unwrap();
        let undecided = Outcome::indeterminate("throttled");
        assert_eq!(all.excuse(&case("A"), &undecided).as_deref(), Some("r; until 2027-01-01"));
        assert_eq!(all.excuse(&case("A"), &Outcome::from_findings(vec![])), None);
        assert!(matches!(judged(&all, "A", true), Verdict::Fail), "a failure is not accepted");
        assert!(matches!(judged(&all, "A", false), Verdict::Pass));
    }

    #[test]
    fn reports_expired_entries_and_entries_without_a_case() {
        let text = "[[expect]]\ncase = \"CreateRule/*\"\nreason = \"r\"\nexpires = 2027-01-01\n";
        let stale = |now| Expectations::parse(text, "known.toml", now).unwrap().stale(&[case("x")]);
        assert_eq!(stale(now()), Vec::<String>::new(), "the last day is included");
        let later = stale(now() + Duration::from_secs(DAY));
        assert_eq!(
            later,
            [
                "known.toml line 4: the entry `CreateRule/*` expired on 2027-01-01; review it and change `expires` (r; until \
                    2027-01-01)"
            ]
        );
        let nothing = Expectations::parse(text, "known.toml", now()).unwrap().stale(&[]);
        assert!(nothing[0].starts_with("known.toml line 2: the entry `CreateRule/*` matches no case"), "{nothing:?}");
    }

    #[test]
    fn rejects_incomplete_entries() {
        let rows = [
            ("[[expect]]\ncase = \"a\"\nexpires = 2027-01-01", "missing field `reason`"),
            ("[[expect]]\nreason = \"r\"\nexpires = 2027-01-01", "has neither `case` nor `cause`"),
            ("[[expect]]\ncase = \"a\"\ncause = \"b\"\nreason = \"r\"\nexpires = 2027-01-01", "leave out one of them"),
            ("[[expect]]\ncase = \"a\"\nreason = \" \"\nexpires = 2027-01-01", "has no reason"),
            ("[[expect]]\ncase = \"a\"\nreason = \"r\"", "missing field `expires`"),
            ("[[expect]]\ncase = \"a\"\nreason = \"r\"\nexpires = 10:00:00", "has no expiry date"),
            ("[[expect]]\ncase = \"a\"\nreason = \"r\"\nexpires = 2027-01-01\nticket = 1", "unknown field `ticket`"),
            ("expect = 1", "invalid type"),
            (
                "[[expect]]\ncause = \"no.check~0a1b2c3d\"\nreason = \"r\"\nexpires = 2027-01-01",
                "there is no check `no.check`",
            ),
            ("[[expect]]\ncause = \"shape.json~zz\"\nreason = \"r\"\nexpires = 2027-01-01", "8 hexadecimal digits"),
            (&format!("[[expect]]\ncase = \"{}\"\nreason = \"r\"\nexpires = 2027-01-01", "*a".repeat(9)), "9 `*`"),
            (&format!("a = [{}]", "1,".repeat(MOST_VALUES)), "keys, values and tables"),
            (&format!("a = [\"\"\"\n#\"\"\",{}]", "1,".repeat(MOST_VALUES)), "keys, values and tables"),
        ];
        for (text, part) in rows {
            let problem = Expectations::parse(text, "known.toml", now()).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
