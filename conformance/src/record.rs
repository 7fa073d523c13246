//! What a report needs to remember of a run: counts of everything, evidence of enough. Memory stays flat however much an
//! endpoint gets wrong. Terminal and JSON read it; it writes the case files and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::case::{CaseId, Finding, Level, Outcome, Verdict};
use crate::checks::family;
use crate::event::{Consumer, Event, Learned, Ratio, RunEnd, RunInfo, Totals};
use crate::exit::Exit;
use crate::replay::{CaseFile, SavedRequest, SavedResponse, file_stem};

/// Bounds of what is remembered. What is beyond them is counted.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Findings of one trial.
    pub per_trial: usize,
    /// Findings of one check on one operation, of each level.
    pub per_check_and_operation: usize,
    /// Findings with evidence in all.
    pub total: usize,
    /// Bytes of a body in memory, and so in `report.json`.
    pub body: usize,
    /// Bytes of a response body in a case file; requests are whole there.
    pub response: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_trial: 3, per_check_and_operation: 10, total: 5000, body: 4 << 10, response: 256 << 10 }
    }
}

/// A run, remembered.
#[derive(Debug)]
pub struct Record {
    /// How it was planned.
    pub info: RunInfo,
    /// How it ended; as long as it has not, the default.
    pub end: RunEnd,
    /// All trials.
    pub totals: Totals,
    /// In order of the plan.
    pub operations: Vec<OperationTally>,
    /// With evidence: graver first, then in order of operation and case id.
    pub findings: Vec<Kept>,
    /// Every finding by level and check, remembered or not.
    pub groups: BTreeMap<(Level, &'static str), Group>,
    /// Ids of every failed case, sorted.
    pub failed: BTreeSet<String>,
    /// Why trials came to nothing: reason and cases, at most a few cases each.
    pub indeterminate: BTreeMap<String, Reason>,
    /// Facts that are recorded and not judged.
    pub learned: Learned,
    /// Requests that trials reported.
    pub requests: u64,
    limits: Limits,
    folder: Option<PathBuf>,
    files: HashMap<String, u32>,
    kept: HashMap<(Level, &'static str, String), usize>,
    index: HashMap<String, usize>,
}

/// Counts of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationTally {
    /// Its name.
    pub name: String,
    /// All of its trials.
    pub totals: Totals,
    /// By family of checks.
    pub families: BTreeMap<String, Totals>,
    /// Why it counts as unsupported, if a trial found so.
    pub unsupported: Option<String>,
}

impl Kept {
    /// A line for the request and its answer: `POST /rules/x -> 200`; none without an exchange.
    pub fn request_line(&self) -> Option<String> {
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        Some(format!("{} {} -> {}", request.method, request.uri, response.status))
    }
}

impl OperationTally {
    /// The endpoint offers it: some trial was scored, or none found otherwise.
    pub fn is_supported(&self) -> bool {
        self.totals.scored() > 0 || self.unsupported.is_none()
    }
}

/// A finding that is remembered.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Case id.
    pub case: CaseId,
    /// The finding, without its exchange.
    pub finding: Finding,
    /// The deciding request; a long body is cut.
    pub request: Option<SavedRequest>,
    /// What came back; a long body is cut.
    pub response: Option<SavedResponse>,
    /// Its case file.
    pub file: Option<PathBuf>,
}

/// Findings of one check at one level.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// Where.
    pub operations: BTreeSet<String>,
}

/// Why some trials came to nothing.
#[derive(Clone, Debug, Default)]
pub struct Reason {
    /// How many trials.
    pub count: u64,
    /// The first few.
    pub cases: Vec<String>,
}

/// Cases named for one reason.
const EXAMPLES: usize = 5;

/// Distinct reasons; what comes later is counted under one.
const REASONS: usize = 200;

impl Record {
    /// An empty record. Case files go to `findings` in `report_dir`, if there is one.
    pub fn new(info: &RunInfo, report_dir: Option<&Path>, limits: Limits) -> Self {
        let tally = |(name, planned): &(String, usize)| OperationTally {
            name: name.clone(),
            totals: Totals { planned: *planned as u64, ..Totals::default() },
            ..OperationTally::default()
        };
        Self {
            info: info.clone(),
            end: RunEnd::default(),
            totals: Totals { planned: info.planned as u64, ..Totals::default() },
            operations: info.operations.iter().map(tally).collect(),
            findings: Vec::new(),
            groups: BTreeMap::new(),
            failed: BTreeSet::new(),
            indeterminate: BTreeMap::new(),
            learned: BTreeMap::new(),
            requests: 0,
            limits,
            folder: report_dir.map(|folder| folder.join("findings")),
            files: HashMap::new(),
            kept: HashMap::new(),
            index: info.operations.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect(),
        }
    }

    /// Exit code that the run deserves. Incomplete weighs more than broken: what was not tried may be worse.
    pub fn exit(&self) -> Exit {
        if self.totals.executed != self.totals.planned || self.totals.planned == 0 {
            Exit::Inconclusive
        } else if self.totals.failed > 0 {
            Exit::Findings
        } else if self.totals.scored() == 0 || self.refuses_everything() {
            Exit::Inconclusive
        } else if self.totals.stale > 0 || !self.info.stale.is_empty() || self.golden_is_stale() {
            Exit::Stale
        } else {
            Exit::Conforming
        }
    }

    /// Recorded answers that are to be recorded anew.
    fn golden_is_stale(&self) -> bool {
        self.groups.keys().any(|(level, check)| *level == Level::Should && family(check) == "golden")
    }

    /// Where case files go.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Findings of a level that were counted and are not in [`Record::findings`].
    pub fn omitted(&self, level: Level) -> u64 {
        let all: u64 = self.groups.iter().filter(|((of, _), _)| *of == level).map(|(_, group)| group.count).sum();
        all - self.findings.iter().filter(|kept| kept.finding.level == level).count() as u64
    }

    fn finish(&mut self, end: &RunEnd) {
        self.end = end.clone();
        for (topic, observations) in std::mem::take(&mut self.end.learned) {
            for (observation, times) in observations {
                *self.learned.entry(topic.clone()).or_default().entry(observation).or_default() += times;
            }
        }
        let covered = self.operations.iter().filter(|operation| operation.totals.scored() > 0).count() as u64;
        let total = self.operations.len() as u64;
        self.end.coverage.operations.get_or_insert(Ratio { covered, total });
        let order = |kept: &Kept| {
            let at = self.index.get(&kept.case.operation).copied().unwrap_or(usize::MAX);
            (std::cmp::Reverse(kept.finding.level), at, kept.case.clone())
        };
        self.findings.sort_by_key(order);
    }

    /// Nothing but the form of errors passed, though other families were tried: an endpoint that accepts no request is
    /// not conforming, it cannot be judged.
    fn refuses_everything(&self) -> bool {
        let others = || self.operations.iter().flat_map(|op| &op.families).filter(|(family, _)| *family != "error");
        others().any(|(_, totals)| totals.executed > totals.unsupported)
            && others().all(|(_, totals)| totals.passed == 0)
    }

    fn count(&mut self, case: &CaseId, outcome: &Outcome) {
        let verdict = &outcome.verdict;
        self.totals.count(verdict);
        self.requests += u64::from(outcome.requests);
        let operations = &mut self.operations;
        let at = *self.index.entry(case.operation.clone()).or_insert_with(|| {
            operations.push(OperationTally { name: case.operation.clone(), ..OperationTally::default() });
            operations.len() - 1
        });
        let operation = &mut self.operations[at];
        operation.totals.count(verdict);
        let family = case.check.split('.').next().unwrap_or(case.check);
        operation.families.entry(family.to_owned()).or_default().count(verdict);
        match verdict {
            Verdict::Pass => {}
            Verdict::Fail => {
                self.failed.insert(case.to_string());
            }
            Verdict::Unsupported(why) => {
                operation.unsupported.get_or_insert_with(|| why.clone());
            }
            Verdict::Indeterminate(why) => {
                let known = self.indeterminate.len() < REASONS || self.indeterminate.contains_key(why);
                let why = if known { why.as_str() } else { "other reasons" };
                let reason = self.indeterminate.entry(why.to_owned()).or_default();
                reason.count += 1;
                if reason.cases.len() < EXAMPLES {
                    reason.cases.push(case.to_string());
                }
            }
        }
        for (topic, observation) in &outcome.learned {
            *self.learned.entry(topic.clone()).or_default().entry(observation.clone()).or_default() += 1;
        }
    }

    fn keep(&mut self, case: &CaseId, outcome: &Outcome) -> std::io::Result<()> {
        let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let mut of_this_trial = 0;
        for finding in findings {
            // The same breach in several requests of a trial is told once.
            let earlier = &self.findings[self.findings.len() - of_this_trial..];
            if earlier.iter().any(|kept| same_breach(&kept.finding, finding)) {
                continue;
            }
            let group = self.groups.entry((finding.level, finding.check)).or_default();
            group.count += 1;
            group.operations.insert(case.operation.clone());
            let kept = self.kept.entry((finding.level, finding.check, case.operation.clone())).or_default();
            let full = of_this_trial >= self.limits.per_trial
                || *kept >= self.limits.per_check_and_operation
                || self.findings.len() >= self.limits.total;
            if full {
                continue;
            }
            *kept += 1;
            of_this_trial += 1;
            let file = self.save(case, finding)?;
            let exchange = finding.exchange.as_ref();
            let limit = self.limits.body;
            self.findings.push(Kept {
                case: case.clone(),
                finding: Finding { exchange: None, ..finding.clone() },
                request: exchange.map(|exchange| SavedRequest::of(&exchange.request, limit)),
                response: exchange.map(|exchange| SavedResponse::of(&exchange.response, limit)),
                file,
            });
        }
        Ok(())
    }

    fn save(&mut self, case: &CaseId, finding: &Finding) -> std::io::Result<Option<PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let content = CaseFile::of(case, finding, &self.info.target, self.info.seed, self.limits.response);
        let Some(content) = content else { return Ok(None) };
        let stem = file_stem(case);
        // Numbered without regard to case, for file systems that have none.
        let number = self.files.entry(stem.to_ascii_lowercase()).or_default();
        *number += 1;
        let name = if *number == 1 { format!("{stem}.json") } else { format!("{stem}-{number}.json") };
        let path = folder.join(name);
        let mut bytes = serde_json::to_vec_pretty(&content)?;
        bytes.push(b'\n');
        std::fs::write(&path, bytes)
            .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok(Some(path))
    }
}

fn same_breach(one: &Finding, other: &Finding) -> bool {
    let key = |finding: &Finding| (finding.check, finding.level, finding.pointer.clone(), finding.expected.clone());
    key(one) == key(other)
}

impl Consumer for Record {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        match event {
            Event::Planned(_) | Event::Started { .. } => Ok(()),
            Event::TrialFinished { case, outcome } => {
                self.count(case, outcome);
                self.keep(case, outcome)
            }
            Event::Finished(end) => {
                self.finish(end);
                Ok(())
            }
        }
    }
}
