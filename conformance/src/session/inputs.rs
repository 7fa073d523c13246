//! The input files of a run, and the configuration as they complete it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use connect_checks::budget::{Budget, Limit};
use connect_checks::golden::{self, Entry, Recorded};
use connect_checks::known::Known;
use connect_checks::permission::Permission;
use connect_checks::plan::Plan;
use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_checks::walks::WalkConfig;
use connect_model::schema::Schema;

use crate::event::{Narrowed, Settings};
use crate::outcome::CaseOutcome;
use crate::report::expect::Expectations;
use crate::report::folder::ReportFolder;
use crate::report::json::Report;
use crate::report::trend;
use crate::session::agree::input_file;
use crate::session::config::{EndpointConfig, RunConfig};
use crate::session::error::SessionError;
use crate::session::known;
use crate::session::publish::named_files;
use crate::session::resume::continued;
use crate::session::selection::{fresh_seed, known_selection, matching_required, selection};

/// The input files of a run, and the configuration as they complete it.
pub(crate) struct RunInputs {
    /// Recorded answers.
    golden: Option<Recorded>,
    /// Report of the run to resume.
    pub(crate) previous: Option<Report>,
    /// Things of others that exist.
    pub(crate) known: Arc<Known>,
    /// Known divergences.
    pub(crate) expected: Expectations,
    /// Seed of the run: of the recorded answers, of the resumed run, of the configuration, or a new one.
    pub(crate) seed: u64,
    /// The configuration. That of a resumed run has the values of the run that it continues.
    pub(crate) config: RunConfig,
}

impl RunInputs {
    /// Reads the files. Checks the names in the configuration first.
    pub(crate) fn read(schema: &'static Schema, config: &RunConfig) -> Result<Self, SessionError> {
        matching_required(schema, &config.require)?;
        known_selection(schema, &config.selection)?;
        named_folders(config)?;
        let golden = config.golden.as_deref().map(golden::read_all).transpose().map_err(SessionError::usage)?;
        let previous = config.resume.as_deref().map(Report::read).transpose().map_err(SessionError::usage)?;
        let previous = previous.map(with_leaks_of);
        let config = match &previous {
            Some(previous) => continued(schema, previous, config)?,
            None => config.clone(),
        };
        let seed = recorded_seed(golden.as_ref(), config.seed)?.or(config.seed).unwrap_or_else(fresh_seed);
        let expected = config.expect.as_deref().map(|path| Expectations::read(path, SystemTime::now()));
        let expected = expected.transpose().map_err(SessionError::usage)?.unwrap_or_default();
        let known =
            config.known.as_deref().map(|path| known::read(schema, path, config.endpoint.instance_id.is_some()));
        let known = known.transpose()?.unwrap_or_default();
        Ok(Self { golden: golden.map(Arc::new), previous, known: Arc::new(known), expected, seed, config })
    }

    /// The selection of the plan.
    pub(crate) fn selection(
        &self,
        schema: &'static Schema,
        permission: Permission,
        walks: &WalkConfig,
    ) -> Result<Selection, SessionError> {
        let mut selection = selection(schema, &self.config.selection, permission)?;
        (selection.walks, selection.histories) = (walks.count > 0, walks.histories.count > 0);
        selection.golden.clone_from(&self.golden);
        selection.shard = self.config.shard;
        selection.budget = Budget::new(self.seed, &self.config.budget);
        selection.first = self.failed_before(schema)?;
        selection.done = self.previous.as_ref().map(finished).unwrap_or_default();
        Ok(selection)
    }

    /// The cases that failed in earlier runs, as far as their reports are known.
    fn failed_before(&self, schema: &Schema) -> Result<BTreeSet<String>, SessionError> {
        let service = &schema.service.sdk_id;
        let folder = self.config.output.history.as_deref();
        folder.map_or(Ok(BTreeSet::new()), |folder| trend::failed(folder, service).map_err(SessionError::usage))
    }

    /// The selection as reports show it.
    pub(crate) fn narrowed(&self) -> Narrowed {
        let config = &self.config;
        Narrowed {
            filter: config.selection.filter.clone(),
            operations: config.selection.operations.clone(),
            checks: config.selection.checks.clone(),
            exclude_operations: config.selection.exclude_operations.clone(),
            exclude_checks: config.selection.exclude_checks.clone(),
            budget: config.budget.iter().map(Limit::to_string).collect(),
            walks: config.walks,
            histories: config.histories,
        }
    }

    /// Everything else that decides on the plan and on its outcomes.
    pub(crate) fn settings(&self, loopback: bool) -> Result<Settings, SessionError> {
        let config = &self.config;
        let endpoint = &config.endpoint;
        Ok(Settings {
            walk_length: Some(config.walk_length.unwrap_or(setup::DEFAULT_WALK_LENGTH)),
            history_length: Some(config.history_length.unwrap_or(setup::DEFAULT_HISTORY_LENGTH)),
            require: config.require.clone(),
            expect: config.expect.as_deref().map(input_file).transpose()?,
            changed_since: config.selection.changed_since.as_deref().map(input_file).transpose()?,
            golden: config.golden.is_some(),
            known: config.known.as_deref().map(input_file).transpose()?,
            allow_writes: endpoint.allow_writes,
            allow_operation: endpoint.allow_operation.clone(),
            account: endpoint.account.clone(),
            profile: endpoint.profile.clone(),
            as_remote: endpoint.as_remote,
            rps: config.limits.rps,
            burst: config.limits.burst,
            allow_undecided: config.allow_undecided,
            timeout: Some(config.timeout().as_secs_f64()),
            settle: Some(endpoint.settle().as_secs_f64()),
            learned: config.output.learned.as_deref().map(input_file).transpose()?,
            saved_walks: config.saved_walks(loopback)?.iter().map(|path| input_file(path)).collect::<Result<_, _>>()?,
            model: config.model.clone(),
            journal: Some(endpoint.journal.clone()).filter(|folder| *folder != EndpointConfig::default().journal),
        })
    }

    /// Known divergences that have expired or match no case. They are compared with all cases of the model, not only with
    /// the selected ones.
    pub(crate) fn stale(&self, schema: &'static Schema, plan: &Plan) -> Vec<String> {
        if self.expected.is_empty() || self.expected.all_match(&plan.cases) {
            return self.expected.stale(&plan.cases);
        }
        let whole = Plan::new(schema, &Selection { golden: self.golden.clone(), ..setup::everything() });
        self.expected.stale(&whole.cases)
    }
}

/// Checks the folders that a run reads and writes, before it sends anything.
fn named_folders(config: &RunConfig) -> Result<(), SessionError> {
    let journal = (config.endpoint.url.is_some() && config.endpoint.may_write()).then_some(&config.endpoint.journal);
    let written = [
        ("--report-dir", Some(&config.report_dir)),
        ("--walk-regressions", config.walk_regressions.as_ref()),
        ("--journal", journal),
    ];
    for (flag, folder) in written {
        folder.map_or(Ok(()), |folder| may_be_folder(Some(flag), folder))?;
    }
    ReportFolder::check(&config.report_dir, config.output.force).map_err(SessionError::usage)?;
    named_files(&config.output)?;
    let read = [
        ("--history", &config.output.history, "a folder with the reports of earlier runs"),
        ("--golden", &config.golden, "the folder that `connect-conformance record DIR` wrote"),
    ];
    for (flag, folder, what) in read {
        if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
            let state = if folder.exists() { "is not a folder" } else { "does not exist" };
            return Err(SessionError::usage(format!("{flag}: {} {state}; name {what}", folder.display())));
        }
    }
    Ok(())
}

/// Checks that a path is a folder, or can become one.
pub(crate) fn may_be_folder(flag: Option<&str>, folder: &Path) -> Result<(), SessionError> {
    let existing = folder.ancestors().find(|path| path.exists());
    match existing.filter(|path| !path.is_dir()) {
        Some(file) => Err(SessionError::usage(format!(
            "cannot write to {}: {} is a file; name another folder{}",
            folder.display(),
            file.display(),
            flag.map(|flag| format!(" with {flag}")).unwrap_or_default()
        ))),
        None => Ok(()),
    }
}

/// Cases of a report with an outcome that another attempt would not change.
fn finished(report: &Report) -> BTreeSet<String> {
    let finished = report.cases.iter().filter(|line| line.outcome != CaseOutcome::Indeterminate);
    finished.map(|line| line.case.clone()).collect()
}

/// The report of a run that is resumed, with its leaks as they are now: leaks are dropped once a sweep has removed the
/// journal, and a killed run gets the leaks that its journal may list.
fn with_leaks_of(mut previous: Report) -> Report {
    let had_journals = !previous.journals.is_empty();
    // A sweep removes a journal and leaves its folder. Without the folder, the run was started elsewhere.
    let is_swept = |journal: &String| {
        let path = Path::new(journal);
        !path.exists() && path.parent().is_some_and(Path::is_dir)
    };
    previous.journals.retain(|journal| !is_swept(journal));
    if previous.journals.is_empty() && had_journals {
        previous.leaks.clear();
    }
    if previous.leaks.is_empty() {
        let unknown = |journal: &String| format!("resources of the previous run, listed in its journal {journal}");
        previous.leaks = previous.journals.iter().map(unknown).collect();
    }
    previous
}

/// The seed of recorded answers. Answers to other requests cannot be compared with them.
fn recorded_seed(golden: Option<&BTreeMap<String, Entry>>, given: Option<u64>) -> Result<Option<u64>, SessionError> {
    let recorded = golden.and_then(|entries| entries.values().next()).map(|entry| entry.seed);
    match (recorded, given) {
        (Some(recorded), Some(given)) if recorded != given => Err(SessionError::Usage(format!(
            "the answers were recorded with seed {recorded}, but --seed is {given}; leave it out, or record them again"
        ))),
        _ => Ok(recorded),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::RunInfo;
    use crate::exit::Exit;
    use crate::report::collect::{Collector, Limits};
    use crate::report::merge;

    #[test]
    fn reports_leaks_of_the_previous_run_until_they_are_swept() {
        let folder = std::env::temp_dir().join(format!("connect-session-{}-left", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let journal = folder.join("x.journal.jsonl");
        let report = |leaks: &[&str]| {
            let mut info = RunInfo::sample(1);
            info.journal = Some(journal.clone());
            let mut report = Collector::new(&info, None, Limits::default()).report();
            report.leaks = leaks.iter().map(|line| (*line).to_owned()).collect();
            report
        };
        std::fs::write(&journal, "").unwrap();
        assert_eq!(with_leaks_of(report(&["a flow"])).leaks, ["a flow"]);
        let killed = with_leaks_of(report(&[]));
        assert!(killed.leaks[0].contains("x.journal.jsonl"), "{:?}", killed.leaks);
        let mut rest = report(&[]);
        rest.journals.clear();
        assert_eq!(merge::resumed(Some(&killed), rest).unwrap().exit(), Exit::Leaked);
        std::fs::remove_file(&journal).unwrap();
        assert_eq!(with_leaks_of(report(&["a flow"])).leaks, Vec::<String>::new());
        assert_eq!(with_leaks_of(report(&[])).leaks, Vec::<String>::new());
        // The folder of the journal is not here: nobody knows if it was swept.
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(with_leaks_of(report(&["a flow"])).leaks, ["a flow"]);
    }
}
