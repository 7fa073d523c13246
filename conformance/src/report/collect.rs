//! Collects the events of a run into a report, and writes the case files. Counts everything and keeps the evidence of some
//! findings, so that memory stays bounded however much an endpoint gets wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connect_checks::case::{CaseId, Finding, Level, Outcome, Verdict};
use connect_checks::check::Check;
use connect_checks::coverage::{Coverage, Ratio};
use connect_checks::families;
use connect_model::files;
use connect_model::text::truncate;
use connect_transport::exchange::Exchange;

use crate::event::{Consumer, Event, RunEnd, RunInfo};
use crate::exit::Exit;
use crate::outcome::Totals;
use crate::report::case_file::{
    CaseFile, SavedExchange, SavedRequest, SavedResponse, SavedTime, TimelineCall, file_stem,
};
use crate::report::causes::{Cause, Kind};
use crate::report::folder::FINDINGS;
use crate::report::json::{self, CaseLine, FindingCount, FindingEntry, Operation, Report};
use crate::report::reproduce::replay_command;
use crate::report::text::utc;

/// Limits of the kept evidence. Findings beyond them are only counted.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Findings of one case.
    pub per_case: usize,
    /// Findings of one check at one level on one operation.
    pub per_check_and_operation: usize,
    /// Findings in total.
    pub total: usize,
    /// Causes. The first finding of each is always kept.
    pub causes: usize,
    /// Bytes of a body in memory and in `report.json`.
    pub body: usize,
    /// Bytes of a body once all bodies together exceed [`Limits::bodies`].
    pub small_body: usize,
    /// Bytes of all bodies together, after which [`Limits::small_body`] applies.
    pub bodies: usize,
    /// Bytes of a response body in a case file. Requests are complete there.
    pub response: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_case: 3,
            per_check_and_operation: 10,
            total: 5000,
            causes: 1000,
            body: 4 << 10,
            small_body: 256,
            bodies: 8 << 20,
            response: 64 << 10,
        }
    }
}

/// Characters of the reason of one case, which may contain text from the endpoint.
const WHY: usize = 1_000;

/// Consumes the events of a run.
#[derive(Debug)]
pub struct Collector {
    /// Its counts are computed from its cases by [`Collector::report`].
    report: Report,
    groups: BTreeMap<(Level, &'static str), Group>,
    /// By id.
    causes: BTreeMap<String, Cause>,
    limits: Limits,
    /// Bytes of the bodies kept so far.
    bodies: usize,
    folder: Option<PathBuf>,
    kept: HashMap<(Level, &'static str, String), usize>,
}

/// Findings of one check at one level.
#[derive(Clone, Debug, Default)]
struct Group {
    count: u64,
    operations: BTreeSet<String>,
}

impl Collector {
    /// A collector without events. Case files go to the folder `findings` in `report_dir`; without it, none are written.
    pub fn new(info: &RunInfo, report_dir: Option<&Path>, limits: Limits) -> Self {
        let operation = |(name, planned): &(String, usize)| {
            Operation::new(name.clone(), Totals { planned: *planned as u64, ..Totals::default() })
        };
        let report = Report {
            tool: json::TOOL.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            target: info.target.clone(),
            model: info.model.clone(),
            seed: info.seed,
            shard: info.shard.clone(),
            missing: Vec::new(),
            narrowed: info.narrowed.clone(),
            settings: info.settings.clone(),
            plan: info.plan.clone(),
            started: utc(info.started),
            duration_ms: 0,
            interrupted: false,
            unfinished: false,
            stopped_because: None,
            exit_code: Exit::Incomplete as u8,
            generated: info.cases,
            requests: 0,
            accepted: None,
            totals: Totals { planned: info.planned as u64, ..Totals::default() },
            operations: info.operations.iter().map(operation).collect(),
            failed_cases: BTreeSet::new(),
            findings: Vec::new(),
            causes: Vec::new(),
            finding_counts: Vec::new(),
            indeterminate: Vec::new(),
            coverage: Coverage { constraints: constraints(info), ..Coverage::default() },
            learned: BTreeMap::new(),
            relearned: Vec::new(),
            unseen: BTreeMap::new(),
            not_sent: info.not_sent.clone(),
            left_out: info.left_out.clone(),
            stale: info.stale.clone(),
            leaks: Vec::new(),
            journals: info.journal.iter().map(|path| path.display().to_string()).collect(),
            trend: Vec::new(),
            change: None,
            of_others: false,
            cases: Vec::new(),
        };
        Self {
            report,
            groups: BTreeMap::new(),
            causes: BTreeMap::new(),
            limits,
            bodies: 0,
            folder: report_dir.map(|folder| folder.join(FINDINGS)),
            kept: HashMap::new(),
        }
    }

    /// The report of the events so far.
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        report.finding_counts = (self.groups.iter().rev())
            .map(|((level, check), group)| FindingCount {
                level: *level,
                check: (*check).to_owned(),
                count: group.count,
                operations: group.operations.clone(),
            })
            .collect();
        report.causes = self.causes.values().cloned().collect();
        report.recount();
        report
    }

    /// The folder of the case files.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn finish(&mut self, end: &RunEnd) {
        let report = &mut self.report;
        report.duration_ms = end.duration.as_millis().try_into().unwrap_or(u64::MAX);
        report.interrupted = end.stopped.is_some();
        report.stopped_because.clone_from(&end.stopped);
        report.coverage = Coverage { constraints: report.coverage.constraints, ..end.coverage.clone() };
        report.stale.extend(end.absent.iter().cloned());
        report.leaks.clone_from(&end.leaks);
        if end.leaks.is_empty() {
            report.journals.clear();
        }
        report.requests = report.requests.max(end.requests);
        report.accepted = end.accepted;
        for (topic, observations) in &end.learned {
            for (observation, times) in observations {
                *report.learned.entry(topic.clone()).or_default().entry(observation.clone()).or_default() += times;
            }
        }
    }

    fn count(&mut self, case: &CaseId, outcome: &Outcome, excused: Option<&str>, duration: Duration) {
        let report = &mut self.report;
        report.cases.push(CaseLine {
            case: case.to_string(),
            outcome: (&outcome.verdict).into(),
            ms: duration.as_millis().try_into().unwrap_or(u64::MAX),
            why: outcome.verdict.why().map(|why| truncate(why, WHY).into_owned()),
            excused: excused.map(str::to_owned),
        });
        for (topic, observation) in &outcome.learned {
            *report.learned.entry(topic.clone()).or_default().entry(observation.clone()).or_default() += 1;
        }
    }

    fn keep(&mut self, case: &CaseId, outcome: &Outcome) -> std::io::Result<()> {
        let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let mut of_this_case: Vec<&Finding> = Vec::new();
        for finding in findings {
            // Several requests of a case can break a rule in the same way: one finding is enough.
            if of_this_case.iter().any(|earlier| is_same_breach(earlier, finding)) {
                continue;
            }
            let known = match &outcome.verdict {
                Verdict::Known(why) if finding.level == Level::Must => Some(why.clone()),
                _ => None,
            };
            if known.is_none() {
                let group = self.groups.entry((finding.level, finding.check)).or_default();
                group.count += 1;
                group.operations.insert(case.operation.clone());
            }
            let kind = Kind::of(finding, &case.operation);
            // Each cause has an example.
            let is_new = self.causes.len() < self.limits.causes && !self.causes.contains_key(&kind.id);
            let kept = self.kept.entry((finding.level, finding.check, case.operation.clone())).or_default();
            let full = of_this_case.len() >= self.limits.per_case
                || *kept >= self.limits.per_check_and_operation
                || self.report.findings.len() >= self.limits.total;
            let keeps = is_new || !full;
            let bytes = finding
                .exchange
                .as_ref()
                .filter(|_| keeps)
                .map_or(usize::MAX, |exchange| exchange.request.body.len() + exchange.response.body.len());
            let (id, harm) = (kind.id.clone(), kind.harm);
            if is_new || self.causes.contains_key(&id) {
                let cause = self.causes.entry(id.clone());
                let cause = cause.or_insert_with(|| Cause::new(kind, finding.level, case.to_string(), bytes));
                cause.add(finding, &case.operation, &case.to_string(), harm, known.is_some(), bytes);
            }
            if !keeps {
                continue;
            }
            *kept += 1;
            of_this_case.push(finding);
            let file = self.save(case, finding)?;
            let exchange = finding.exchange.as_ref();
            let limit = if self.bodies < self.limits.bodies { self.limits.body } else { self.limits.small_body };
            let size = |one: &Exchange| one.request.body.len().min(limit) + one.response.body.len().min(limit);
            self.bodies += exchange.map_or(0, size) + finding.exchanges.iter().map(size).sum::<usize>();
            self.report.findings.push(FindingEntry {
                case: case.to_string(),
                operation: case.operation.clone(),
                check: finding.check.to_owned(),
                level: finding.level,
                cause: id,
                harm: Some(harm),
                evidence: self.source_of(finding.check),
                rule: finding.rule.clone(),
                pointer: finding.pointer.clone(),
                expected: finding.expected.clone(),
                actual: finding.actual.clone(),
                steps: finding.steps.clone(),
                exchanges: finding.exchanges.iter().filter_map(|one| SavedExchange::of(one, limit)).collect(),
                timeline: finding.history.as_ref().map(TimelineCall::of).unwrap_or_default(),
                time: exchange.map(SavedTime::of).unwrap_or_default(),
                request: exchange.and_then(|exchange| SavedRequest::of(&exchange.request, limit)),
                response: exchange.map(|exchange| SavedResponse::of(exchange, limit)),
                replay: file.as_deref().map(replay_command),
                known,
            });
        }
        Ok(())
    }

    /// The sources of a check, in words for the service of the model.
    fn source_of(&self, check: &str) -> String {
        let service = self.report.model.service.as_str();
        let source = |check: &Check| match service {
            "Connect" => check.source(),
            other => check.source_for(other),
        };
        families::find(check).map(source).unwrap_or_default()
    }

    fn save(&self, case: &CaseId, finding: &Finding) -> std::io::Result<Option<PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let info = &self.report;
        let content = CaseFile::of(case, finding, &info.target, (info.seed, info.generated), self.limits.response);
        let Some(content) = content else { return Ok(None) };
        // During a run, a link may have taken its place.
        files::folder_within(folder)?;
        let stem = file_stem(case);
        let mut bytes = serde_json::to_vec_pretty(&content)?;
        bytes.push(b'\n');
        // Several findings can have the same name. `create` never overwrites, also on file systems that ignore case.
        for number in 1_u32.. {
            let name = if number == 1 { format!("{stem}.json") } else { format!("{stem}-{number}.json") };
            let path = folder.join(name);
            match files::create(&path, &bytes) {
                Ok(()) => return Ok(Some(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The constraints that the run is to violate on purpose; the cases say how many of them it did.
fn constraints(info: &RunInfo) -> Option<Ratio> {
    (!info.operations.is_empty()).then_some(Ratio { covered: 0, total: info.constraints as u64 })
}

fn is_same_breach(one: &Finding, other: &Finding) -> bool {
    let key = |finding: &Finding| (finding.check, finding.level, finding.pointer.clone(), finding.expected.clone());
    key(one) == key(other)
}

impl Consumer for Collector {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        match event {
            Event::Planned(_) | Event::Started { .. } => Ok(()),
            Event::TrialFinished { case, outcome, excused, duration, requests } => {
                self.report.requests = self.report.requests.max(requests);
                self.count(case, outcome, excused, duration);
                self.keep(case, outcome)
            }
            Event::Finished(end) => {
                self.finish(end);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::samples;

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_case_files_is_not_followed() {
        let folder = std::env::temp_dir().join(format!("connect-collect-{}", std::process::id()));
        let theirs = folder.join("theirs");
        std::fs::create_dir_all(&theirs).unwrap();
        std::os::unix::fs::symlink(&theirs, folder.join(FINDINGS)).unwrap();
        let mut collector = Collector::new(&RunInfo::sample(1), Some(&folder), Limits::default());
        let case = CaseId { operation: "CreateRule".to_owned(), check: "invalid.enum-unknown", variant: None };
        let outcome = Outcome::from_findings(vec![samples::finding(case.check, Level::Must)]);
        let finished = Event::TrialFinished {
            case: &case,
            outcome: &outcome,
            excused: None,
            duration: Duration::ZERO,
            requests: 0,
        };
        let error = collector.take(finished).unwrap_err().to_string();
        assert!(error.contains("links are not followed"), "{error}");
        assert!(std::fs::read_dir(&theirs).unwrap().next().is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
