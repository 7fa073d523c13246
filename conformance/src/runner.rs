//! Drives trials: every planned case once, on some threads, with events for whoever reports. Knows nothing of checks,
//! HTTP or report formats.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::event::{Consumer, Event, RunEnd, RunInfo};
use crate::expect::Expectations;
use connect_checks::case::{CaseId, Finding, Level, Outcome, Verdict};
use connect_checks::judge::Judge;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Trials at a time; at least one.
    pub jobs: usize,
    /// Operations that must be offered: a trial that finds one unsupported fails.
    pub require: BTreeSet<String>,
    /// Known divergences.
    pub expected: Expectations,
    /// Gets one line per trial. Its folder exists.
    pub log: PathBuf,
}

/// Tells a run to stop: trials that have not finished are dropped and count as not executed.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<Option<String>>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Stop {
    /// Stops for a reason; the first one counts. Cannot be taken back.
    pub fn stop(&self, why: &str) {
        self.0.send_if_modified(|reason| {
            let first = reason.is_none();
            reason.get_or_insert_with(|| why.to_owned());
            first
        });
    }

    /// Why the run was stopped; none if it was not.
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Has been stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    async fn stopped(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

/// A run that could not be told to its end.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Untold {
    /// What happened.
    pub error: std::io::Error,
    /// What the run made and is still there.
    pub leaks: Vec<String>,
}

impl From<std::io::Error> for Untold {
    fn from(error: std::io::Error) -> Self {
        Self { error, leaks: Vec::new() }
    }
}

/// Runs every case of the judge and feeds the events to `consumer`. Call it outside of the runtime's own threads.
///
/// A trial that panics fails with a finding that says so.
///
/// # Errors
/// The log cannot be created, or the consumer's first error; the run has come to its end even so.
pub fn run(
    judge: &Arc<dyn Judge>,
    info: &RunInfo,
    options: &RunOptions,
    runtime: &Handle,
    stop: &Stop,
    consumer: impl Consumer + 'static,
) -> Result<(), Untold> {
    // The trial library panics when it cannot write its log; a system error is a better answer.
    std::fs::File::create(&options.log)
        .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", options.log.display())))?;
    let stream = Arc::new(Mutex::new(Stream { consumer: Box::new(consumer), trouble: None }));
    let emit = |event: Event<'_>| stream.lock().unwrap_or_else(PoisonError::into_inner).emit(event);
    emit(Event::Planned(info));
    note_panics();
    let begun = Instant::now();
    let trials = (0..judge.cases().len())
        .map(|index| {
            let (judge, runtime, stop) = (Arc::clone(judge), runtime.clone(), stop.clone());
            let (stream, require) = (Arc::clone(&stream), options.require.clone());
            let expected = options.expected.clone();
            Trial::ignorable_test(judge.cases()[index].to_string(), move || {
                let case = &judge.cases()[index];
                let emit = |event: Event<'_>| stream.lock().unwrap_or_else(PoisonError::into_inner).emit(event);
                if stop.is_stopped() {
                    return Ok(Completion::ignored_with("interrupted"));
                }
                emit(Event::Started { case });
                let begun = Instant::now();
                let Some(outcome) = attempt(judge.as_ref(), index, &runtime, &stop) else {
                    return Ok(Completion::ignored_with("interrupted"));
                };
                let outcome = expected.judge(case, required(case, outcome, &require));
                let (duration, requests) = (begun.elapsed(), judge.requests());
                emit(Event::TrialFinished { case, outcome: &outcome, duration, requests });
                completion(&outcome)
            })
        })
        .collect();
    let arguments = Arguments {
        test_threads: Some(options.jobs.max(1)),
        logfile: Some(options.log.to_string_lossy().into_owned()),
        ..Arguments::default()
    };
    // Counting is the consumers' work; they see more than passed and failed.
    let _conclusion = libtest_mimic::run(&arguments, trials);
    let duration = begun.elapsed();
    let leaks = runtime.block_on(judge.clear());
    let (coverage, learned) = (judge.coverage(), judge.learned());
    let requests = judge.requests();
    let end = RunEnd { duration, stopped: stop.reason(), coverage, learned, leaks, requests };
    emit(Event::Finished(&end));
    let trouble = stream.lock().unwrap_or_else(PoisonError::into_inner).trouble.take();
    trouble.map_or(Ok(()), |error| Err(Untold { error, leaks: end.leaks }))
}

/// The trials of a judge for a libtest-like harness: one test per case. Unsupported and indeterminate ones are ignored
/// with their reason.
pub fn trials(judge: &Arc<dyn Judge>, runtime: &Handle) -> Vec<Trial> {
    note_panics();
    (0..judge.cases().len())
        .map(|index| {
            let (judge, runtime) = (Arc::clone(judge), runtime.clone());
            Trial::ignorable_test(judge.cases()[index].to_string(), move || {
                match attempt(judge.as_ref(), index, &runtime, &Stop::default()) {
                    Some(outcome) => completion(&outcome),
                    None => Ok(Completion::ignored_with("interrupted")),
                }
            })
        })
        .collect()
}

/// An outcome in the words of libtest.
fn completion(outcome: &Outcome) -> Result<Completion, Failed> {
    match &outcome.verdict {
        Verdict::Pass => Ok(Completion::Completed),
        Verdict::Known(why) => Ok(Completion::ignored_with(format!("known: {why}"))),
        Verdict::Stale(why) => Ok(Completion::ignored_with(format!("stale: {why}"))),
        Verdict::Unsupported(why) => Ok(Completion::ignored_with(format!("unsupported: {why}"))),
        Verdict::Indeterminate(why) => Ok(Completion::ignored_with(format!("indeterminate: {why}"))),
        Verdict::Fail => {
            let lines = outcome.findings.iter().filter(|finding| finding.level == Level::Must).map(|finding| {
                let Finding { rule, pointer, expected, actual, steps, .. } = finding;
                let steps: String = steps.iter().map(|step| format!("\n    {step}")).collect();
                format!("{rule}\n  at {pointer}\n  expected {expected}\n  actual {actual}{steps}")
            });
            Err(Failed::from(lines.collect::<Vec<_>>().join("\n")))
        }
    }
}

/// Runs one case to its outcome; none if the run was stopped first.
fn attempt(judge: &dyn Judge, index: usize, runtime: &Handle, stop: &Stop) -> Option<Outcome> {
    let case = &judge.cases()[index];
    let work = async {
        tokio::select! {
            outcome = judge.run(index) => Some(outcome),
            () = stop.stopped() => None,
        }
    };
    PANIC.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(work)));
    let panic = PANIC.take().unwrap_or_default();
    result.unwrap_or_else(|_| Some(Outcome::from_findings(vec![internal_error(case, panic)])))
}

fn internal_error(case: &CaseId, panic: String) -> Finding {
    Finding {
        check: case.check,
        level: Level::Must,
        rule: "internal error: a check must come to a verdict; this is a fault of the harness, not of the endpoint"
            .into(),
        pointer: String::new(),
        expected: "a verdict".to_owned(),
        actual: format!("the check panicked {panic}"),
        exchange: None,
        steps: Vec::new(),
    }
}

/// Fails what `--require` does not allow to be unsupported.
fn required(case: &CaseId, outcome: Outcome, require: &BTreeSet<String>) -> Outcome {
    match &outcome.verdict {
        Verdict::Unsupported(why) if require.contains(&case.operation) => {
            let finding = Finding {
                check: case.check,
                level: Level::Must,
                rule: format!("--require names {}: the endpoint must offer it", case.operation),
                pointer: String::new(),
                expected: "the operation".to_owned(),
                actual: format!("unsupported: {why}"),
                exchange: outcome.findings.iter().find_map(|finding| finding.exchange.clone()),
                steps: Vec::new(),
            };
            Outcome { verdict: Verdict::Fail, findings: vec![finding], ..outcome }
        }
        _ => outcome,
    }
}

/// The consumer behind its lock; after an error it is fed no more, and the error is kept.
struct Stream {
    consumer: Box<dyn Consumer>,
    trouble: Option<std::io::Error>,
}

impl Stream {
    fn emit(&mut self, event: Event<'_>) {
        if self.trouble.is_none() {
            self.trouble = self.consumer.take(event).err();
        }
    }
}

thread_local! {
    /// Set while this thread is inside a trial; a panic leaves its message here.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics of trials off the screen: they become findings. Others are reported as ever.
fn note_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let noted = PANIC.with_borrow_mut(|slot| {
                let inside = slot.is_some();
                if inside {
                    let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
                    let what = info.payload_as_str().unwrap_or("without a message");
                    *slot = Some(format!("with `{what}`{place}"));
                }
                inside
            });
            if !noted {
                usual(info);
            }
        }));
    });
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, SystemTime};

    use connect_checks::judge::Judgement;

    use super::*;
    use crate::event::{ModelInfo, Narrowed, TargetInfo};

    /// A plan of closures, for tests.
    pub(crate) struct Scripted {
        pub(crate) cases: Vec<CaseId>,
        pub(crate) outcome: fn(usize) -> Judgement<'static>,
    }

    impl Scripted {
        pub(crate) fn plan(count: usize, outcome: fn(usize) -> Judgement<'static>) -> Arc<dyn Judge> {
            let case = |at: usize| CaseId {
                operation: format!("Operation{}", at % 3),
                check: "shape.json",
                variant: Some(at.to_string()),
            };
            Arc::new(Self { cases: (0..count).map(case).collect(), outcome })
        }
    }

    impl Judge for Scripted {
        fn cases(&self) -> &[CaseId] {
            &self.cases
        }
        fn run(&self, index: usize) -> Judgement<'_> {
            (self.outcome)(index)
        }
    }

    pub(crate) fn info(planned: usize) -> RunInfo {
        let digest = "0123456789abcdef".to_owned();
        RunInfo {
            target: TargetInfo {
                endpoint: "http://127.0.0.1:9".to_owned(),
                instance_id: None,
                region: "us-east-1".to_owned(),
                signing_name: "connect".to_owned(),
                signed: false,
                loopback: true,
                emulator: None,
            },
            model: ModelInfo { service: "Connect".to_owned(), version: "2017-08-08".to_owned(), digest },
            seed: 42,
            cases: None,
            narrowed: Narrowed::default(),
            started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_787_045),
            operations: vec![],
            planned,
            shard: None,
            not_sent: vec![],
            left_out: vec![],
            journal: None,
            stale: vec![],
        }
    }

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl Consumer for Seen {
        fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
            let line = match event {
                Event::Planned(info) => format!("planned {}", info.planned),
                Event::Started { .. } => return Ok(()),
                Event::TrialFinished { case, outcome, .. } => {
                    let actual = outcome.findings.first().map(|finding| finding.actual.clone()).unwrap_or_default();
                    format!("{case} {:?} {actual}", outcome.verdict)
                }
                Event::Finished(end) => format!("finished, stopped {:?}", end.stopped),
            };
            self.0.lock().unwrap().push(line);
            Ok(())
        }
    }

    fn run_scripted(judge: &Arc<dyn Judge>, jobs: usize, require: &[&str], stop: &Stop) -> Vec<String> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("connect-runner-{}-{}.log", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let log = std::env::temp_dir().join(name);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let seen = Seen::default();
        let require = require.iter().map(|name| (*name).to_owned()).collect();
        let options = RunOptions { jobs, require, log: log.clone(), ..RunOptions::default() };
        run(judge, &info(judge.cases().len()), &options, runtime.handle(), stop, seen.clone()).unwrap();
        std::fs::remove_file(log).unwrap();
        seen.0.lock().unwrap().clone()
    }

    fn passes(_: usize) -> Judgement<'static> {
        Box::pin(async { Outcome::from_findings(vec![]) })
    }

    #[test]
    fn every_case_is_tried_once() {
        for jobs in [1, 4] {
            let lines = run_scripted(&Scripted::plan(50, passes), jobs, &[], &Stop::default());
            assert_eq!(lines.len(), 52);
            assert_eq!(lines.iter().filter(|line| line.ends_with("Pass ")).count(), 50);
            assert_eq!((lines[0].as_str(), lines[51].as_str()), ("planned 50", "finished, stopped None"));
        }
    }

    #[test]
    fn a_panic_is_a_failed_trial() {
        let judge = Scripted::plan(3, |index| {
            Box::pin(async move {
                tokio::task::yield_now().await;
                assert!(index != 1, "boom {index}");
                Outcome::from_findings(vec![])
            })
        });
        let lines = run_scripted(&judge, 2, &[], &Stop::default());
        assert_eq!(lines.len(), 5);
        let failed = lines.iter().find(|line| line.contains(" Fail ")).unwrap();
        assert!(failed.contains("with `boom 1` at conformance/src/runner.rs"), "{failed}");
    }

    #[test]
    fn what_is_stopped_has_no_outcome() {
        let stop = Stop::default();
        let later = stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            later.stop("enough");
        });
        let judge = Scripted::plan(10, |index| {
            Box::pin(async move {
                if index > 1 {
                    std::future::pending::<()>().await;
                }
                Outcome::from_findings(vec![])
            })
        });
        let lines = run_scripted(&judge, 2, &[], &stop);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert_eq!(lines[3], "finished, stopped Some(\"enough\")");
    }

    /// What is left behind is told though the report is not.
    #[test]
    fn a_consumer_that_fails_hides_no_leak() {
        struct Leaking(Vec<CaseId>);
        impl Judge for Leaking {
            fn cases(&self) -> &[CaseId] {
                &self.0
            }
            fn run(&self, index: usize) -> Judgement<'_> {
                passes(index)
            }
            fn clear(&self) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> {
                Box::pin(async { vec!["a flow".to_owned()] })
            }
        }
        struct Broken;
        impl Consumer for Broken {
            fn take(&mut self, _: Event<'_>) -> std::io::Result<()> {
                Err(std::io::Error::other("no space"))
            }
        }
        let judge: Arc<dyn Judge> = Arc::new(Leaking(Vec::new()));
        let log = std::env::temp_dir().join(format!("connect-runner-{}-leaking.log", std::process::id()));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = RunOptions { jobs: 1, log: log.clone(), ..RunOptions::default() };
        let untold = run(&judge, &info(0), &options, runtime.handle(), &Stop::default(), Broken).unwrap_err();
        assert_eq!((untold.to_string().as_str(), &untold.leaks[..]), ("no space", &["a flow".to_owned()][..]));
        std::fs::remove_file(log).unwrap();
    }

    #[test]
    fn required_operations_must_be_offered() {
        let judge = Scripted::plan(3, |_| Box::pin(async { Outcome::unsupported("404") }));
        let lines = run_scripted(&judge, 1, &["Operation1"], &Stop::default());
        assert_eq!(lines.iter().filter(|line| line.contains("Unsupported")).count(), 2);
        assert!(lines[2].contains("Operation1/shape.json/1 Fail unsupported: 404"), "{lines:?}");
    }
}
