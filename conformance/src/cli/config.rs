//! Makes configurations from flags: one [`RunConfig`] for every command that sends requests.

use connect_emulator::{AccessKeys, Config, FrontConfig, Rate};

use super::flags::{
    DetailFlags, EmulatorFlags, EndpointFlags, FrontFlags, OutputFlags, PaceFlags, RecordFlags, ReplayFlags, RunFlags,
    SelectionFlags, SweepFlags,
};
use crate::event::EmulatorInfo;
use crate::report::terminal::Detail;
use crate::session::config::{EndpointConfig, OutputConfig, RequestLimits, RunConfig, SelectionConfig};
use crate::session::error::SessionError;
use crate::session::sweep::SweepConfig;

impl RunConfig {
    /// The configuration of `run` and `plan`.
    pub fn from_flags(flags: &RunFlags, filter: Option<String>) -> Self {
        let walks = flags.report_dir.join("walks");
        Self {
            endpoint: flags.target.config(),
            emulator: flags.emulator.config(),
            selection: flags.selection.config(filter),
            seed: flags.seed,
            cases: flags.cases,
            budget: flags.budget.clone(),
            walks: flags.walks,
            walk_length: flags.walk_length,
            histories: flags.histories,
            history_length: flags.history_length,
            walk_regressions: Some(flags.walk_regressions.clone().unwrap_or(walks)),
            earlier_walks: Vec::new(),
            model: flags.model.model.clone(),
            jobs: flags.jobs.map(usize::from),
            timeout: flags.timeout,
            shrink: flags.shrink,
            limits: flags.pace.config(),
            require: flags.require.clone(),
            golden: flags.golden.clone(),
            known: flags.known.clone(),
            shard: flags.shard,
            resume: flags.resume.clone(),
            expect: flags.expect.clone(),
            allow_undecided: flags.allow_undecided,
            report_dir: flags.report_dir.clone(),
            output: OutputConfig {
                detail: flags.detail.config(),
                format: flags.format.format,
                ..flags.output.config()
            },
        }
    }
}

impl EndpointFlags {
    fn config(&self) -> EndpointConfig {
        EndpointConfig {
            url: self.endpoint.clone(),
            instance_id: self.instance_id.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            as_remote: self.as_remote,
            allow_writes: self.allow_writes,
            allow_operation: self.allow_operation.clone(),
            account: self.account.clone(),
            journal: self.journal.folder.clone(),
            settle: self.journal.settle,
        }
    }
}

impl EmulatorFlags {
    pub(super) fn config(&self) -> EmulatorInfo {
        EmulatorInfo {
            defect: (!self.defect.is_empty()).then(|| self.defect.join(",")),
            benign: self.benign.clone(),
            resources: self.resources.map(|count| count as usize),
            ..EmulatorInfo::default()
        }
    }
}

impl SelectionFlags {
    pub(super) fn config(&self, filter: Option<String>) -> SelectionConfig {
        SelectionConfig {
            filter,
            operations: self.operations.clone(),
            checks: self.checks.clone(),
            exclude_operations: self.exclude_operations.clone(),
            exclude_checks: self.exclude_checks.clone(),
            changed_since: self.changed_since.clone(),
        }
    }
}

impl PaceFlags {
    fn config(&self) -> RequestLimits {
        RequestLimits {
            rps: self.rps,
            burst: self.burst,
            max_requests: self.max_requests,
            max_minutes: self.max_minutes,
            max_failures: self.max_failures,
        }
    }
}

impl OutputFlags {
    pub(super) fn config(&self) -> OutputConfig {
        OutputConfig {
            write_expect: self.write_expect.clone(),
            history: self.history.clone(),
            learned: self.learned.clone(),
            write_learned: self.write_learned.clone(),
            force: self.force,
            ..OutputConfig::default()
        }
    }
}

impl DetailFlags {
    pub(super) fn config(self) -> Detail {
        Detail { quiet: self.quiet, verbose: self.verbose, notes: self.notes }
    }
}

impl RecordFlags {
    pub(super) fn config(&self) -> RunConfig {
        let selection = SelectionConfig { operations: self.operations.clone(), ..SelectionConfig::default() };
        RunConfig {
            endpoint: self.target.config(),
            emulator: self.emulator.config(),
            selection,
            seed: Some(self.seed),
            timeout: Some(self.timeout),
            ..RunConfig::default()
        }
    }
}

impl ReplayFlags {
    /// The overrides of the configuration in the case file.
    pub(super) fn config(&self) -> RunConfig {
        let endpoint = EndpointConfig {
            url: self.endpoint.clone(),
            instance_id: self.instance_id.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            as_remote: self.as_remote,
            allow_writes: self.allow_writes,
            allow_operation: self.allow_operation.clone(),
            account: self.account.clone(),
            journal: self.journal.folder.clone(),
            settle: self.journal.settle,
        };
        RunConfig { endpoint, timeout: Some(self.timeout), ..RunConfig::default() }
    }
}

impl SweepFlags {
    pub(super) fn config(&self) -> SweepConfig {
        let endpoint = EndpointConfig {
            url: self.endpoint.clone(),
            instance_id: self.instance_id.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            as_remote: self.as_remote,
            allow_operation: self.allow_operation.clone(),
            account: self.account.clone(),
            journal: self.journal.folder.clone(),
            settle: self.journal.settle,
            ..EndpointConfig::default()
        };
        SweepConfig {
            endpoint,
            rps: self.rps,
            timeout: self.timeout,
            delete: self.delete,
            older_than: self.older_than,
            format: self.format.format,
        }
    }
}

/// The configuration of `emulate`, without its port, seed and defect.
///
/// # Errors
/// The keys lack a colon. The message does not repeat them, since they are secret.
pub(super) fn emulator_config(flags: &FrontFlags) -> Result<Config, SessionError> {
    let wrong = || SessionError::usage("--verify-signatures needs an access key and a secret, separated by a colon");
    let verify = flags.verify_signatures.as_deref().map(|text| keys(text).ok_or_else(wrong)).transpose()?;
    let rate = flags.rps.map(|per_second| {
        let burst = flags.burst.map_or((2.0 * per_second).max(1.0), f64::from);
        Rate { per_second, burst }
    });
    let front =
        FrontConfig { verify, rate, drop_one_in: flags.drop_one_in.unwrap_or(0), clock_offset: flags.clock_offset };
    Ok(Config { front, search_lag: flags.search_lag.unwrap_or_default(), ..Config::default() })
}

fn keys(text: &str) -> Option<AccessKeys> {
    let mut parts = text.splitn(3, ':');
    let (key, secret) = (parts.next()?, parts.next()?);
    let usable = !key.is_empty() && !secret.is_empty();
    let session_token = parts.next().map(str::to_owned);
    usable.then(|| AccessKeys { id: key.to_owned(), secret: secret.to_owned(), session_token })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser as _;

    use super::*;
    use crate::cli::flags::Cli;

    #[test]
    fn the_default_configuration_is_that_of_no_flags() {
        let flags = Cli::try_parse_from(["connect-conformance"]).unwrap().run;
        let config = RunConfig::from_flags(&flags, None);
        assert_eq!(config.walk_regressions, Some(config.report_dir.join("walks")));
        assert_eq!(RunConfig { walk_regressions: None, ..config }, RunConfig::default());
    }
}
