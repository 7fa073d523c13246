//! `report.html`: a run on one page that loads nothing. The page is a template with the report as embedded data; text from
//! an endpoint is always data there, never markup.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use connect_checks::case::{check_of, operation_of};
use connect_checks::check::family_of;
use connect_checks::coverage::Ratio;
use connect_checks::coverage::SERVER;
use connect_checks::families::FAMILIES;
use connect_checks::harm::Harm;
use connect_model::schema::Schema;
use serde::Serialize;

use crate::exit::Exit;
use crate::outcome::CaseOutcome;
use crate::report::conclusion;
use crate::report::json::{FindingEntry, Report};
use crate::report::reproduce;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// The parts of the page's script, in order. They share one scope.
const SCRIPT: &[&str] = &[
    include_str!("page/text.js"),
    include_str!("page/data.js"),
    include_str!("page/head.js"),
    include_str!("page/filters.js"),
    include_str!("page/causes.js"),
    include_str!("page/findings.js"),
    include_str!("page/timeline.js"),
    include_str!("page/exchange.js"),
    include_str!("page/grid.js"),
    include_str!("page/trend.js"),
    include_str!("page/sections.js"),
    include_str!("page/start.js"),
];

/// Findings with their request and response; further ones are shown without, so that the page opens quickly.
const WITH_EXCHANGE: usize = 500;

/// Words of the page. The README explains them in the same way.
const GLOSSARY: &[(&str, &str)] = &[
    ("judged", "passed, failed, known or stale; other cases say nothing about the contract"),
    ("cause", "findings of one kind that fail in the same way, over operations and variants"),
    ("must", "a rule of the contract: decides the verdict"),
    ("should, note", "a recommendation, an observation: decide nothing"),
];

/// Everything that the page needs beside the report: words, and the parts of ids. The page parses no ids.
#[derive(Serialize)]
struct Words<'r> {
    verdict: VerdictWords,
    /// Verdicts by exit code.
    verdicts: [&'static str; Exit::ALL.len()],
    /// Worst first.
    outcomes: [OutcomeWords; CaseOutcome::WORST_FIRST.len()],
    operations: Vec<&'r str>,
    /// In the order of the columns.
    families: Vec<&'static str>,
    checks: Vec<CheckWords<'r>>,
    /// Parts of the ids of `cases` in the report, in the same order: index of the operation, index of the check, variant.
    cases: Vec<(usize, usize, &'r str)>,
    /// Variants of `findings` in the report, in the same order.
    variants: Vec<&'r str>,
    /// Harms by their name in the report, in words.
    harms: BTreeMap<&'static str, &'static str>,
    /// Further words of the page with their meaning; `outcomes` has its own.
    glossary: &'static [(&'static str, &'static str)],
    /// Fault of the endpoint, for each of `causes` in the report, in the same order.
    titles: Vec<String>,
    /// The name of the topic of `learned` with the product name of the server.
    server: &'static str,
    /// Commands that send the request of a finding again; in the order of `findings`, and shorter.
    commands: Vec<Option<Commands>>,
    /// The command that starts the emulator to which `commands` go, if the run used it.
    emulator: Option<String>,
    /// The reason for which too many cases are undecided.
    undecided: Option<UndecidedWords>,
    /// Constraints of the operations that the endpoint offers.
    constraints: Option<Ratio>,
}

#[derive(Serialize)]
struct VerdictWords {
    word: String,
    sentence: String,
}

/// A request as a command of another program. Complete, so that a reader who has only the page can use it.
#[derive(Serialize)]
struct Commands {
    curl: String,
    boto3: String,
}

#[derive(Serialize)]
struct UndecidedWords {
    reason: String,
    operation: Option<String>,
    family: Option<String>,
    count: u64,
    planned: u64,
    /// Percentage that is allowed.
    allowed: u8,
}

#[derive(Serialize)]
struct OutcomeWords {
    word: &'static str,
    sign: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct CheckWords<'r> {
    id: &'r str,
    family: &'r str,
    name: &'r str,
}

impl<'r> Words<'r> {
    fn of(report: &'r Report) -> Self {
        let ids = || report.cases.iter().map(|line| line.case.as_str());
        let operations: BTreeSet<&str> = ids().map(operation_of).collect();
        let findings = report.findings.iter().map(|finding| finding.check.as_str());
        let checks: BTreeSet<&str> = ids().map(check_of).chain(findings).collect();
        let operation_index: BTreeMap<&str, usize> = operations.iter().copied().zip(0..).collect();
        let check_index: BTreeMap<&str, usize> = checks.iter().copied().zip(0..).collect();
        let exit = report.exit();
        Self {
            verdict: VerdictWords { word: exit.heading(), sentence: conclusion::sentence(report) },
            verdicts: Exit::ALL.map(Exit::word),
            outcomes: CaseOutcome::WORST_FIRST.map(|outcome| OutcomeWords {
                word: outcome.word(),
                sign: outcome.sign(),
                meaning: outcome.meaning(),
            }),
            families: FAMILIES.iter().map(|family| family.name).collect(),
            cases: ids()
                .map(|id| (operation_index[operation_of(id)], check_index[check_of(id)], variant_of(id)))
                .collect(),
            variants: report.findings.iter().map(|finding| variant_of(&finding.case)).collect(),
            harms: Harm::ALL.iter().map(|harm| (harm.word(), harm.describe())).collect(),
            glossary: GLOSSARY,
            titles: report.causes.iter().map(|cause| report.title_of(cause)).collect(),
            server: SERVER,
            commands: commands(report),
            emulator: report.target.emulator.as_ref().map(|info| reproduce::start_emulator(info, report.seed)),
            undecided: report.undecided().map(|undecided| UndecidedWords {
                reason: undecided.reason,
                operation: undecided.operation,
                family: undecided.family,
                count: undecided.count,
                planned: undecided.planned,
                allowed: report.allowed_undecided(),
            }),
            constraints: report.constraints(),
            operations: operations.into_iter().collect(),
            checks: checks.into_iter().map(CheckWords::of).collect(),
        }
    }
}

impl<'r> CheckWords<'r> {
    fn of(id: &'r str) -> Self {
        let family = family_of(id);
        Self { id, family, name: id.strip_prefix(family).unwrap_or(id).trim_start_matches('.') }
    }
}

/// The commands for the first findings; none for a request that is not complete in the report. The emulator of a run has
/// another port each time, so the commands go to the one of [`reproduce::start_emulator`].
fn commands(report: &Report) -> Vec<Option<Commands>> {
    let target = &report.target;
    let endpoint = match &target.emulator {
        Some(_) => reproduce::started_emulator(),
        None => Ok(target.endpoint.clone()),
    };
    let Ok(endpoint) = endpoint else { return Vec::new() };
    let connect = &Schema::connect().service;
    let is_of_connect = target.signing_name.as_ref() == connect.signing_name
        && (endpoint.is_loopback() || endpoint.is_of_service(&connect.endpoint_prefix));
    let signs = target.signed && (is_of_connect || !report.of_others);
    let sign_as = signs.then_some((&target.region, &target.signing_name));
    let commands = |finding: &FindingEntry| {
        let request = finding.request.as_ref()?.to_request().ok()?;
        let (curl, boto3) =
            (reproduce::curl(&request, &endpoint, sign_as), reproduce::boto3(&request, &endpoint, sign_as));
        Some(Commands { curl, boto3 })
    };
    report.findings.iter().take(WITH_EXCHANGE).map(commands).collect()
}

/// The variant of a case id; empty if it has none.
fn variant_of(case: &str) -> &str {
    let rest = case.strip_prefix(operation_of(case)).and_then(|rest| rest.strip_prefix('/'));
    let rest = rest.and_then(|rest| rest.strip_prefix(check_of(case))).and_then(|rest| rest.strip_prefix('/'));
    rest.unwrap_or_default()
}

/// The content of `report.html`.
///
/// # Errors
/// Never in practice: every part of a report has a JSON form.
pub(super) fn page(report: &Report) -> io::Result<String> {
    let mut shown = report.clone();
    shown.coverage.sets = None;
    for finding in shown.findings.iter_mut().skip(WITH_EXCHANGE) {
        (finding.request, finding.response) = (None, None);
        finding.exchanges.clear();
    }
    let pieces = [
        ("__STYLE__", STYLE.to_owned()),
        ("__WORDS__", escaped(&serde_json::to_string(&Words::of(report))?)),
        ("__REPORT__", escaped(&serde_json::to_string(&shown)?)),
        ("__SCRIPT__", format!("\"use strict\";\n(() => {{\n{}\n}})();\n", SCRIPT.join("\n"))),
    ];
    // In the order of the template, so that placeholders inside of data are never replaced.
    let (mut page, mut rest) = (String::new(), TEMPLATE);
    for (placeholder, content) in pieces {
        let (before, after) = rest.split_once(placeholder).unwrap_or((rest, ""));
        page += before;
        page += &content;
        rest = after;
    }
    Ok(page + rest)
}

/// JSON for a script element: no character in it can start a tag or an entity, or ends a line of a script.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;
    use crate::report::samples;

    #[test]
    fn a_reader_without_the_files_gets_the_whole_command() {
        let mut report = samples::mixed().report();
        report.target.signed = true;
        let commands = |report: &Report| -> Value {
            let page = page(report).unwrap();
            let words: Value = serde_json::from_str(embedded(&page, "words")).unwrap();
            words["commands"][0].clone()
        };
        let shown = commands(&report);
        let curl = shown["curl"].as_str().unwrap();
        assert!(curl.starts_with("curl ") && curl.contains("--data-raw '{\"a\":1}'"), "{curl}");
        assert!(curl.contains("$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY") && !curl.contains("secret"), "{curl}");
        assert!(shown["boto3"].as_str().unwrap().contains("SigV4Auth("));
        // A report of others signs for Connect alone.
        report.of_others = true;
        for (endpoint, service, signs) in [
            ("http://127.0.0.1:9", "connect", true),
            ("https://connect.us-east-1.amazonaws.com", "connect", true),
            ("https://connect.us-east-1.amazonaws.com", "iam", false),
            ("https://iam.amazonaws.com", "iam", false),
            ("https://connect.evil.example", "connect", false),
        ] {
            (report.target.endpoint, report.target.signing_name) =
                (endpoint.parse().unwrap(), service.parse().unwrap());
            report.target.emulator = None;
            let curl = commands(&report)["curl"].as_str().unwrap().contains("aws-sigv4");
            assert_eq!(curl, signs, "{endpoint} {service}");
        }
        report.of_others = false;
        report.findings[0].request.as_mut().unwrap().body.body_bytes_omitted = Some(1);
        assert_eq!(commands(&report), Value::Null, "half a request is no request");
    }

    /// The data of a script element.
    fn embedded<'p>(page: &'p str, id: &str) -> &'p str {
        let start = format!("<script type=\"application/json\" id=\"{id}\">");
        page.split_once(&start).unwrap().1.split_once("</script>").unwrap().0
    }

    #[test]
    fn text_from_an_endpoint_stays_data() {
        let mut report = samples::mixed().report();
        let hostile = "</script><script>alert(1)</script><!-- &amp; __SCRIPT__ \u{2028}";
        report.findings[0].actual = hostile.to_owned();
        let page = page(&report).unwrap();
        let data = embedded(&page, "report");
        assert!(!data.contains(['<', '>', '&', '\u{2028}']));
        let read: Report = serde_json::from_str(data).unwrap();
        assert_eq!(read.findings[0].actual, hostile);
        assert_eq!(read.cases, report.cases);
        assert!(!page.replace(data, "").contains("__"), "every placeholder is filled");
    }

    #[test]
    fn the_page_gets_the_parts_of_ids() {
        let report = samples::mixed().report();
        let page = page(&report).unwrap();
        let words: Value = serde_json::from_str(embedded(&page, "words")).unwrap();
        assert_eq!(words["verdict"]["word"], "NOT CONFORMING");
        for (line, parts) in report.cases.iter().zip(words["cases"].as_array().unwrap()) {
            let [operation, check] = [0, 1].map(|at| parts[at].as_u64().unwrap() as usize);
            let check = words["checks"][check]["id"].as_str().unwrap();
            let mut id = format!("{}/{check}", words["operations"][operation].as_str().unwrap());
            if parts[2] != "" {
                id += &format!("/{}", parts[2].as_str().unwrap());
            }
            assert_eq!(id, line.case);
        }
        assert_eq!(words["variants"][0], "Actions[].ActionType");
        assert_eq!(words["harms"]["loss"], "callers lose data or create duplicates");
        let check = json!({"id": "shape.request-id", "family": "shape", "name": "request-id"});
        assert!(words["checks"].as_array().unwrap().contains(&check), "{}", words["checks"]);
    }
}
