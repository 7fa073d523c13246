//! The continuation of a stopped run. It has the plan of that run: selection, endpoint, permissions, rate and known
//! divergences come from its report. Flags that are given again must agree. Permissions to write are the exception, and so is an
//! endpoint on another machine: a report grants none and chooses none, so they must be given again.

use connect_checks::plan::Plan;
use connect_model::schema::Schema;

use crate::event::{EmulatorInfo, ModelInfo, Narrowed, PlanInfo, Settings};
use crate::report::json::Report;
use crate::report::quote::shell;
use crate::session::agree::{agree, agree_file, agree_list, agree_time, differs};
use crate::session::config::{EndpointConfig, OutputConfig, RequestLimits, RunConfig, SelectionConfig};
use crate::session::error::SessionError;

/// The configuration of the run that continues `previous`.
///
/// # Errors
/// A given value differs from that of the run, a file has changed since then, or a permission is missing.
pub(crate) fn continued(schema: &Schema, previous: &Report, given: &RunConfig) -> Result<RunConfig, SessionError> {
    if previous.settings.golden {
        return Err(SessionError::usage(
            "--resume: a comparison with recorded answers takes seconds and cannot be continued; run it again",
        ));
    }
    if !previous.missing.is_empty() {
        return Err(SessionError::usage(format!(
            "--resume: that report was merged without part {}; run each missing part with --shard, and merge all parts again",
            previous.missing.join(", ")
        )));
    }
    let mut config = given.clone();
    is_every_setting_known(given);
    same_model(schema, &previous.model)?;
    agree("--seed", &mut config.seed, Some(previous.seed))?;
    let Narrowed { filter, operations, checks, exclude_operations, exclude_checks, budget, walks, histories } =
        previous.narrowed.clone();
    agree("the filter", &mut config.selection.filter, filter)?;
    agree_list("--operations", &mut config.selection.operations, operations)?;
    agree_list("--checks", &mut config.selection.checks, checks)?;
    agree_list("--exclude-operations", &mut config.selection.exclude_operations, exclude_operations)?;
    agree_list("--exclude-checks", &mut config.selection.exclude_checks, exclude_checks)?;
    let mut limits: Vec<String> = config.budget.iter().map(ToString::to_string).collect();
    agree_list("--budget", &mut limits, budget)?;
    config.budget =
        limits.iter().map(|limit| limit.parse()).collect::<Result<_, String>>().map_err(SessionError::usage)?;
    agree("--walks", &mut config.walks, walks)?;
    agree("--histories", &mut config.histories, histories)?;
    agree("--cases", &mut config.cases, previous.generated)?;
    agree("--shard", &mut config.shard, previous.shard.as_ref().and_then(|shard| shard.parse().ok()))?;
    let Settings {
        walk_length,
        history_length,
        require,
        expect,
        changed_since,
        golden: _,
        known,
        allow_writes,
        allow_operation,
        account,
        profile,
        as_remote,
        rps,
        burst,
        allow_undecided,
        timeout,
        settle,
        learned,
        saved_walks,
        // For the command that continues a run.
        model: _,
        journal: _,
    } = previous.settings.clone();
    agree("--walk-length", &mut config.walk_length, walk_length)?;
    agree("--history-length", &mut config.history_length, history_length)?;
    agree_list("--require", &mut config.require, require)?;
    agree_file("--expect", &mut config.expect, expect)?;
    agree_file("--known", &mut config.known, known)?;
    agree_file("--changed-since", &mut config.selection.changed_since, changed_since)?;
    // An endpoint on this machine that stands for a real account, such as a tunnel.
    if as_remote && previous.target.endpoint.is_loopback() {
        real_account(previous, &given.endpoint)?;
    }
    agree("--account", &mut config.endpoint.account, account)?;
    if let (None, Some(profile)) = (&config.endpoint.profile, &profile) {
        return Err(SessionError::usage(format!(
            "--resume: that run signed with the keys of a profile, and a report does not choose keys; give --profile {} again",
            shell(profile)
        )));
    }
    agree("--profile", &mut config.endpoint.profile, profile)?;
    agree("--rps", &mut config.limits.rps, rps)?;
    agree("--burst", &mut config.limits.burst, burst)?;
    agree("--allow-undecided", &mut config.allow_undecided, allow_undecided)?;
    agree_time("--timeout", &mut config.timeout, timeout)?;
    agree_time("--settle", &mut config.endpoint.settle, settle)?;
    agree_file("--learned", &mut config.output.learned, learned)?;
    for walk in saved_walks {
        let mut file = None;
        agree_file("--walk-regressions", &mut file, Some(walk))?;
        config.earlier_walks.extend(file);
    }
    endpoint(previous, &mut config)?;
    config.endpoint.as_remote |= as_remote;
    // The endpoint decides; a report may say anything else beside it.
    let is_account = config.endpoint.as_remote || !(previous.target.endpoint.is_loopback() && previous.target.loopback);
    if is_account {
        permissions(&config, allow_writes, &allow_operation)?;
        unhurried(previous, given)?;
    }
    Ok(config)
}

/// Names every setting, so that a new one does not compile before it is kept above, or is one that a continuation chooses.
fn is_every_setting_known(given: &RunConfig) {
    let RunConfig {
        // Kept from the run, or refused.
        endpoint:
            EndpointConfig {
                url: _,
                instance_id: _,
                region: _,
                profile: _,
                as_remote: _,
                allow_writes: _,
                allow_operation: _,
                account: _,
                settle: _,
                // A journal belongs to one process.
                journal: _,
            },
        emulator: _,
        selection:
            SelectionConfig {
                filter: _,
                operations: _,
                checks: _,
                exclude_operations: _,
                exclude_checks: _,
                changed_since: _,
            },
        seed: _,
        cases: _,
        budget: _,
        walks: _,
        walk_length: _,
        histories: _,
        history_length: _,
        earlier_walks: _,
        timeout: _,
        require: _,
        golden: _,
        known: _,
        shard: _,
        expect: _,
        allow_undecided: _,
        // The rate is kept. A continuation has its own end, output, folders and speed: they change no outcome.
        limits: RequestLimits { rps: _, burst: _, max_requests: _, max_minutes: _, max_failures: _ },
        output:
            OutputConfig {
                // Kept.
                learned: _,
                write_expect: _,
                force: _,
                history: _,
                write_learned: _,
                detail: _,
                format: _,
            },
        walk_regressions: _,
        jobs: _,
        shrink: _,
        model: _,
        resume: _,
        report_dir: _,
    } = given;
}

/// Checks that the continuation plans the cases of the run.
///
/// # Errors
/// The plans differ.
pub(crate) fn same_plan(previous: &Report, plan: &Plan) -> Result<(), SessionError> {
    let PlanInfo { digest, cases, .. } = &previous.plan;
    if digest.is_empty() {
        return Err(SessionError::usage(
            "--resume: the report has no plan, since another version of connect-conformance wrote it; start a new run",
        ));
    }
    if *digest == plan.whole.digest {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "--resume: the plan has changed since that run: {cases} cases then, {} now; another version of this program or \
         of the model plans other cases; start a new run",
        plan.whole.cases
    )))
}

fn same_model(schema: &Schema, model: &ModelInfo) -> Result<(), SessionError> {
    if model.digest == schema.digest {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "--resume: that run used the model of {} {} with the digest {:.12}; --model has to name the same model",
        model.service, model.version, model.digest
    )))
}

/// The endpoint of the run.
fn endpoint(previous: &Report, config: &mut RunConfig) -> Result<(), SessionError> {
    let target = &previous.target;
    let Some(emulator) = &target.emulator else {
        let given = &config.emulator;
        if given.defect.is_some() || given.benign.is_some() || given.resources.is_some() {
            return Err(differs("the endpoint", &target.endpoint.to_string(), "a built-in emulator"));
        }
        let given = &config.endpoint;
        let is_named = given.url.is_some() && given.region.is_some();
        if !target.endpoint.is_loopback() && !is_named {
            return Err(SessionError::usage(format!(
                "--resume: that run was on another machine, and a report does not choose who gets signed requests; if both \
                 are right, give --endpoint {} --region {} again",
                shell(&target.endpoint.to_string()),
                target.region
            )));
        }
        config.endpoint.url.get_or_insert_with(|| target.endpoint.to_string());
        agree("--instance-id", &mut config.endpoint.instance_id, target.instance_id.clone())?;
        return agree("--region", &mut config.endpoint.region, Some(target.region.to_string()));
    };
    if let Some(url) = &config.endpoint.url {
        return Err(differs("the endpoint", "a built-in emulator", url));
    }
    let EmulatorInfo { defect, benign, resources, .. } = emulator.clone();
    agree("--defect", &mut config.emulator.defect, defect)?;
    agree("--benign", &mut config.emulator.benign, benign)?;
    agree("--resources", &mut config.emulator.resources, resources)
}

/// Checks that what a run with `--as-remote` reaches is named again.
fn real_account(previous: &Report, given: &EndpointConfig) -> Result<(), SessionError> {
    let (target, account) = (&previous.target, &previous.settings.account);
    let flag = |name: &str, text: &str| format!("--{name} {}", shell(text));
    let instance = target.instance_id.as_ref().filter(|_| given.instance_id.is_none());
    let missing = [
        given.url.is_none().then(|| flag("endpoint", &target.endpoint.to_string())),
        instance.map(|id| flag("instance-id", id)),
        account.as_ref().filter(|_| given.account.is_none()).map(|id| flag("account", id)),
        (!given.as_remote).then(|| "--as-remote".to_owned()),
    ];
    let mut missing: Vec<String> = missing.into_iter().flatten().collect();
    missing.extend(unpermitted(given, previous.settings.allow_writes, &previous.settings.allow_operation));
    if missing.is_empty() {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "--resume: that run treated its endpoint as a real account, and a report does not choose one; if it is right, give {} \
         again",
        missing.join(" ")
    )))
}

/// The permissions of the run that are not given again.
fn unpermitted(given: &EndpointConfig, writes: bool, operations: &[String]) -> Vec<String> {
    let writes = (writes && !given.allow_writes).then(|| "--allow-writes".to_owned());
    let unnamed = operations.iter().filter(|name| !given.allow_operation.contains(name));
    writes.into_iter().chain(unnamed.map(|name| format!("--allow-operation {}", shell(name)))).collect()
}

/// Checks that the permissions of the run are given again.
fn permissions(config: &RunConfig, writes: bool, operations: &[String]) -> Result<(), SessionError> {
    let given = &config.endpoint;
    let missing = unpermitted(given, writes, operations);
    if !missing.is_empty() {
        return Err(SessionError::usage(format!(
            "--resume: that run was allowed to write, and a report grants no permission; give {} again",
            missing.join(" ")
        )));
    }
    if given.allow_writes && !writes {
        return Err(differs("--allow-writes", "not given", "given"));
    }
    match given.allow_operation.iter().find(|name| !operations.contains(name)) {
        Some(name) => Err(differs(&format!("--allow-operation {name}"), "not given", "given")),
        None => Ok(()),
    }
}

/// Checks that flags that make a run on a real account faster than usual are given again, and so is one that shortens the time
/// in which it looks for what it lost.
fn unhurried(previous: &Report, given: &RunConfig) -> Result<(), SessionError> {
    let mut settings = previous.settings.clone();
    settings.rps.take_if(|_| given.limits.rps.is_some());
    settings.burst.take_if(|_| given.limits.burst.is_some());
    settings.settle.take_if(|_| given.endpoint.settle.is_some());
    let flags: Vec<String> = settings.faster_than_usual().map(|(flag, value)| format!("--{flag} {value}")).collect();
    if flags.is_empty() {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "--resume: that run was faster than usual on a real account, and a report does not choose that; give {} again",
        flags.join(" ")
    )))
}

/// Checks that something is left of the run to continue.
///
/// # Errors
/// It has ended: nothing would be sent, and its results would be reported as new.
pub(crate) fn is_unfinished(previous: &Report, plan: &Plan) -> Result<(), SessionError> {
    let is_over = plan.cases.is_empty() && !previous.interrupted && !previous.unfinished && previous.leaks.is_empty();
    if !is_over {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "--resume: that run has ended with a result for each of its cases ({}), and nothing is left to send; start a new run, \
         or show its report with `merge`",
        previous.cases.len()
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::event::RunInfo;
    use crate::report::collect::{Collector, Limits};
    use crate::session::agree::input_file;

    fn previous(change: impl FnOnce(&mut RunInfo)) -> Report {
        let mut info = RunInfo::sample(3);
        info.model = Schema::connect().into();
        change(&mut info);
        Collector::new(&info, None, Limits::default()).report()
    }

    fn refusal(previous: &Report, given: &RunConfig) -> String {
        continued(Schema::connect(), previous, given).unwrap_err().to_string()
    }

    #[test]
    fn the_run_decides_and_given_values_must_agree() {
        let report = previous(|info| {
            info.narrowed.operations = vec!["CreateRule".to_owned(), "ListRules".to_owned()];
            info.settings.rps = Some(3.0);
        });
        let config = continued(Schema::connect(), &report, &RunConfig::default()).unwrap();
        assert_eq!(config.selection.operations, ["CreateRule", "ListRules"]);
        assert_eq!((config.seed, config.limits.rps), (Some(42), Some(3.0)));
        assert_eq!(config.endpoint.url.as_deref(), Some("http://127.0.0.1:9"));
        let mut given = RunConfig::default();
        given.selection.operations = vec!["ListRules".to_owned()];
        assert!(
            refusal(&report, &given).contains("--operations was CreateRule,ListRules in that run and is ListRules")
        );
        let given = RunConfig { seed: Some(7), ..RunConfig::default() };
        assert!(refusal(&report, &given).contains("--seed was 42 in that run and is 7 now"));
    }

    #[test]
    fn times_files_and_walks_of_the_run_are_kept() {
        let folder = std::env::temp_dir().join(format!("connect-resume-kept-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (learned, walk) = (folder.join("learned.json"), folder.join("flow-1.json"));
        for path in [&learned, &walk] {
            std::fs::write(path, "{}").unwrap();
        }
        let report = previous(|info| {
            info.settings.timeout = Some(0.25);
            info.settings.settle = Some(3.0);
            info.settings.learned = Some(input_file(&learned).unwrap());
            info.settings.saved_walks = vec![input_file(&walk).unwrap()];
        });
        let config = continued(Schema::connect(), &report, &RunConfig::default()).unwrap();
        assert_eq!(config.timeout(), Duration::from_millis(250));
        assert_eq!(config.endpoint.settle(), Duration::from_secs(3));
        assert_eq!(config.output.learned, Some(learned));
        assert_eq!(config.saved_walks(true).unwrap(), std::slice::from_ref(&walk));
        let given = RunConfig { timeout: Some(Duration::from_secs(1)), ..RunConfig::default() };
        assert!(refusal(&report, &given).contains("--timeout was 0.25 in that run and is 1 now"));
        std::fs::write(&walk, "{ }").unwrap();
        assert!(refusal(&report, &RunConfig::default()).contains("--walk-regressions named in that run"));
        std::fs::remove_file(&walk).unwrap();
        assert!(refusal(&report, &RunConfig::default()).contains("cannot read"));
        std::fs::remove_dir_all(&folder).unwrap();
        for time in [f64::NAN, -1.0, 0.0, 1e300] {
            let report = previous(|info| info.settings.timeout = Some(time));
            assert!(refusal(&report, &RunConfig::default()).contains("for --timeout, not more than 0"), "{time}");
        }
    }

    #[test]
    fn a_report_without_all_parts_cannot_be_continued() {
        let report = Report { missing: vec!["2/3".to_owned(), "3/3".to_owned()], ..previous(|_| {}) };
        let text = refusal(&report, &RunConfig::default());
        assert!(text.contains("without part 2/3, 3/3; run each missing part with --shard"), "{text}");
    }

    #[test]
    fn permissions_to_write_are_given_again() {
        let report = previous(|info| {
            info.target.loopback = false;
            info.settings.allow_writes = true;
            info.settings.allow_operation = vec!["StartTaskContact".to_owned()];
        });
        let text = refusal(&report, &RunConfig::default());
        assert!(text.contains("give --allow-writes --allow-operation StartTaskContact again"), "{text}");
        let mut given = RunConfig::default();
        given.endpoint.allow_writes = true;
        given.endpoint.allow_operation = vec!["StartTaskContact".to_owned()];
        assert!(continued(Schema::connect(), &report, &given).is_ok());
        let reads = previous(|info| info.target.loopback = false);
        assert!(refusal(&reads, &given).contains("--allow-writes was not given in that run"));
    }

    #[test]
    fn a_report_chooses_no_endpoint_on_another_machine() {
        let report = previous(|info| {
            info.target.loopback = false;
            info.target.endpoint = "https://connect.evil.example".parse().unwrap();
        });
        let mut given = RunConfig::default();
        for _ in 0..2 {
            let text = refusal(&report, &given);
            assert!(text.contains("give --endpoint https://connect.evil.example --region us-east-1 again"), "{text}");
            given.endpoint.url = Some("https://connect.evil.example".to_owned());
        }
        given.endpoint.region = Some("us-east-1".to_owned());
        assert!(continued(Schema::connect(), &report, &given).is_ok());
    }

    #[test]
    fn a_report_chooses_neither_a_real_account_nor_keys() {
        let report = previous(|info| {
            info.target.loopback = false;
            info.target.endpoint = "http://127.0.0.1:4566".parse().unwrap();
            info.target.instance_id = Some("i-1".to_owned());
            info.settings.account = Some("111122223333".to_owned());
            info.settings.as_remote = true;
        });
        let mut given = RunConfig::default();
        given.endpoint.region = Some("us-east-1".to_owned());
        let text = refusal(&report, &given);
        let all = "give --endpoint http://127.0.0.1:4566 --instance-id i-1 --account 111122223333 --as-remote again";
        assert!(text.contains(all), "{text}");
        given.endpoint.url = Some("http://127.0.0.1:4566".to_owned());
        given.endpoint.instance_id = Some("i-1".to_owned());
        given.endpoint.account = Some("111122223333".to_owned());
        assert!(refusal(&report, &given).contains("give --as-remote again"));
        given.endpoint.as_remote = true;
        assert!(continued(Schema::connect(), &report, &given).is_ok());
        let mut hurried = report.clone();
        hurried.settings.settle = Some(0.5);
        hurried.settings.rps = Some(50.0);
        hurried.settings.burst = Some(5);
        assert!(
            refusal(&hurried, &given).contains("give --rps 50 --settle 0.5 again"),
            "{}",
            refusal(&hurried, &given)
        );
        given.limits.rps = Some(50.0);
        given.endpoint.settle = Some(Duration::from_millis(500));
        assert!(continued(Schema::connect(), &hurried, &given).is_ok());
        hurried.settings.rps = Some(0.5);
        hurried.settings.settle = Some(90.0);
        (given.limits.rps, given.endpoint.settle) = (None, None);
        assert!(continued(Schema::connect(), &hurried, &given).is_ok(), "slower needs no flag");
        let mut tunnel = previous(|info| info.target.endpoint = "http://127.0.0.1:4566".parse().unwrap());
        tunnel.settings.rps = Some(50.0);
        let mut given = RunConfig::default();
        assert!(continued(Schema::connect(), &tunnel, &given).is_ok());
        given.endpoint.as_remote = true;
        assert!(refusal(&tunnel, &given).contains("give --rps 50 again"), "the user says that it is an account");

        let report = previous(|info| info.settings.profile = Some("pr'od".to_owned()));
        let mut given = RunConfig::default();
        assert!(refusal(&report, &given).contains(r"give --profile 'pr'\''od' again"));
        given.endpoint.profile = Some("pr'od".to_owned());
        assert!(continued(Schema::connect(), &report, &given).is_ok());
    }

    #[test]
    fn files_of_the_run_must_be_unchanged() {
        let path = std::env::temp_dir().join(format!("connect-resume-{}.toml", std::process::id()));
        std::fs::write(&path, "# one").unwrap();
        let file = input_file(&path).unwrap();
        let report = previous(|info| info.settings.expect = Some(file));
        let config = continued(Schema::connect(), &report, &RunConfig::default()).unwrap();
        assert_eq!(config.expect, Some(path.clone()));
        std::fs::write(&path, "# two").unwrap();
        assert!(refusal(&report, &RunConfig::default()).contains("restore its content"));
        std::fs::remove_file(&path).unwrap();
        assert!(refusal(&report, &RunConfig::default()).contains("cannot read"));
    }
}
