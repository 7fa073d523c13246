//! Executes the cases of a plan, each once, on several threads, and emits events. Knows nothing of checks, HTTP or report
//! formats.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use connect_checks::case::{CaseId, Finding, Level, Outcome, Verdict};
use connect_checks::judge::Judge;
use connect_model::files;
use connect_model::text::{visible, visible_lines};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::event::{Consumer, Event, RunEnd, RunInfo};
use crate::outcome::CaseOutcome;
use crate::report::expect::Expectations;

/// The file that discards what is written to it.
const NULL_DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Options of a run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Cases at a time; at least one.
    pub jobs: usize,
    /// Operations and families that must be offered: their cases fail instead of being unsupported.
    pub require: BTreeSet<String>,
    /// Known divergences.
    pub expected: Expectations,
    /// Log with one line per case. Its folder exists.
    pub log: PathBuf,
}

/// Stops a run: unfinished cases are dropped and count as not executed.
#[derive(Clone, Debug)]
pub struct StopSignal(watch::Sender<Option<String>>);

impl Default for StopSignal {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl StopSignal {
    /// Stops the run for good. The first reason counts.
    pub fn stop(&self, why: &str) {
        self.0.send_if_modified(|reason| {
            let first = reason.is_none();
            reason.get_or_insert_with(|| why.to_owned());
            first
        });
    }

    /// The reason, if the run was stopped.
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// True if the run was stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().is_some()
    }

    async fn stopped(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

/// The run has ended, but a consumer could not report it.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct ReportError {
    /// The error of the consumer or of the log.
    pub error: std::io::Error,
    /// Resources of the run that still exist.
    pub leaks: Vec<String>,
}

impl From<std::io::Error> for ReportError {
    fn from(error: std::io::Error) -> Self {
        Self { error, leaks: Vec::new() }
    }
}

/// Runs every case of the judge and passes the events to `consumer`. Must be called outside of the runtime's threads.
///
/// A case that panics fails, with a finding that contains the panic message.
///
/// # Errors
/// The log cannot be created, or the first error of the consumer. The run is complete in the second case.
pub fn run(
    judge: &Arc<dyn Judge>,
    info: &RunInfo,
    options: &RunOptions,
    runtime: &Handle,
    stop: &StopSignal,
    consumer: impl Consumer + 'static,
) -> Result<(), ReportError> {
    let log = files::start(&options.log)?;
    let stream =
        Arc::new(Mutex::new(Stream { log, path: options.log.clone(), consumer: Box::new(consumer), error: None }));
    let emit = |event: Event<'_>| stream.lock().unwrap_or_else(PoisonError::into_inner).emit(event);
    emit(Event::Planned(info));
    record_panics();
    let started = Instant::now();
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
                let started = Instant::now();
                let Some(outcome) = attempt(judge.as_ref(), index, &runtime, &stop) else {
                    return Ok(Completion::ignored_with("interrupted"));
                };
                let outcome = expected.judge(case, outcome.requiring(case, &require));
                let excused = expected.excuse(case, &outcome);
                let excused = excused.as_deref();
                let (duration, requests) = (started.elapsed(), judge.requests());
                emit(Event::TrialFinished { case, outcome: &outcome, excused, duration, requests });
                completion(&outcome)
            })
        })
        .collect();
    let arguments = Arguments {
        test_threads: Some(options.jobs.max(1)),
        // Its own log is unbuffered and pads each line with single spaces: two million writes in a run.
        quiet: true,
        logfile: Some(NULL_DEVICE.to_owned()),
        ..Arguments::default()
    };
    // The consumers count: they distinguish more than passed and failed. Whatever breaks here, the resources of the run are
    // deleted: libtest-mimic panics, for example, if no more files can be opened.
    if catch_unwind(AssertUnwindSafe(|| libtest_mimic::run(&arguments, trials))).is_err() {
        let why = "internal error: the cases could not be executed; the message above says why";
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.error.get_or_insert_with(|| std::io::Error::other(why));
        stop.stop(why);
    }
    let duration = started.elapsed();
    let leaks = runtime.block_on(judge.clear());
    let (coverage, learned) = (judge.coverage(), judge.learned());
    let requests = judge.requests();
    let accepted = judge.accepted();
    let absent = judge.absent();
    let end = RunEnd { duration, stopped: stop.reason(), coverage, learned, absent, leaks, requests, accepted };
    emit(Event::Finished(&end));
    let error = stream.lock().unwrap_or_else(PoisonError::into_inner).error.take();
    error.map_or(Ok(()), |error| Err(ReportError { error, leaks: end.leaks }))
}

/// The cases of a judge for a libtest-like harness, one test each. Unsupported and indeterminate cases are ignored, with
/// the reason.
pub fn trials(judge: &Arc<dyn Judge>, runtime: &Handle) -> Vec<Trial> {
    record_panics();
    (0..judge.cases().len())
        .map(|index| {
            let (judge, runtime) = (Arc::clone(judge), runtime.clone());
            Trial::ignorable_test(judge.cases()[index].to_string(), move || {
                match attempt(judge.as_ref(), index, &runtime, &StopSignal::default()) {
                    Some(outcome) => completion(&outcome),
                    None => Ok(Completion::ignored_with("interrupted")),
                }
            })
        })
        .collect()
}

/// The outcome of a case as libtest has it.
fn completion(outcome: &Outcome) -> Result<Completion, Failed> {
    match &outcome.verdict {
        Verdict::Pass => Ok(Completion::Completed),
        Verdict::Fail => Err(Failed::from(failures(outcome))),
        verdict => {
            let word = CaseOutcome::from(verdict).word();
            Ok(Completion::ignored_with(format!("{word}: {}", verdict.why().unwrap_or_default())))
        }
    }
}

/// The findings for which a case fails, as text.
fn failures(outcome: &Outcome) -> String {
    let texts = outcome.findings.iter().filter(|finding| finding.level == Level::Must).map(|finding| {
        let Finding { rule, pointer, expected, actual, steps, .. } = finding;
        let steps: String = steps.iter().map(|step| format!("\n    {}", visible(step))).collect();
        let [pointer, expected, actual] = [pointer, expected, actual].map(|text| visible(text));
        format!("{rule}\n  at {pointer}\n  expected {expected}\n  actual {actual}{steps}")
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Runs one case to its outcome; `None` if the run was stopped first.
fn attempt(judge: &dyn Judge, index: usize, runtime: &Handle, stop: &StopSignal) -> Option<Outcome> {
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
        rule: "internal error: every check must reach a verdict; this is a bug in connect-conformance, not in the endpoint"
            .into(),
        pointer: String::new(),
        expected: "a verdict".to_owned(),
        actual: format!("the check panicked {panic}"),
        exchange: None,
        exchanges: Vec::new(),
        steps: Vec::new(),
        history: None,
    }
}

/// The log with its path, the consumer, and the first error of either, after which the consumer gets no more events.
struct Stream {
    log: File,
    path: PathBuf,
    consumer: Box<dyn Consumer>,
    error: Option<std::io::Error>,
}

impl Stream {
    /// Writes the line of a finished case, as libtest does, with its failures indented below it.
    fn log(&mut self, event: Event<'_>) -> std::io::Result<()> {
        let Event::TrialFinished { case, outcome, .. } = event else { return Ok(()) };
        let result = match outcome.verdict.why() {
            Some(why) => format!("ignored, {}: {}", CaseOutcome::from(&outcome.verdict).word(), visible(why)),
            None if matches!(outcome.verdict, Verdict::Fail) => {
                format!("FAILED\n    {}", failures(outcome).replace('\n', "\n    "))
            }
            None => "ok".to_owned(),
        };
        // Texts of the endpoint stay on the lines of their case.
        let text = visible_lines(&format!("test {case} ... {result}"));
        let written = self.log.write_all(format!("{text}\n").as_bytes());
        written.map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }

    fn emit(&mut self, event: Event<'_>) {
        if self.error.is_none() {
            let report = AssertUnwindSafe(|| self.log(event).and_then(|()| self.consumer.take(event)));
            let broken =
                |_| Err(std::io::Error::other("internal error: the report panicked; the message above says why"));
            self.error = catch_unwind(report).unwrap_or_else(broken).err();
        }
    }
}

thread_local! {
    /// `Some` while this thread runs a case; a panic stores its message here.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Installs a panic hook that stores panics of cases instead of printing them: they become findings. Other panics are
/// printed as usual.
fn record_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let recorded = PANIC.with_borrow_mut(|slot| {
                let inside = slot.is_some();
                if inside {
                    let location = info.location().map(|location| format!(" at {location}")).unwrap_or_default();
                    let message = info.payload_as_str().unwrap_or("no message");
                    *slot = Some(format!("with `{message}`{location}"));
                }
                inside
            });
            if !recorded {
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
    use std::time::Duration;

    use connect_checks::judge::Judgement;

    use super::*;

    /// A judge whose outcomes come from a function, for tests.
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

    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl Consumer for Recorder {
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

    fn run_scripted(judge: &Arc<dyn Judge>, jobs: usize, require: &[&str], stop: &StopSignal) -> Vec<String> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("connect-runner-{}-{}.log", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let log = std::env::temp_dir().join(name);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let recorder = Recorder::default();
        let require = require.iter().map(|name| (*name).to_owned()).collect();
        let options = RunOptions { jobs, require, log: log.clone(), ..RunOptions::default() };
        run(judge, &RunInfo::sample(judge.cases().len()), &options, runtime.handle(), stop, recorder.clone()).unwrap();
        std::fs::remove_file(log).unwrap();
        recorder.0.lock().unwrap().clone()
    }

    fn passes(_: usize) -> Judgement<'static> {
        Box::pin(async { Outcome::from_findings(vec![]) })
    }

    #[test]
    fn runs_every_case_once() {
        for jobs in [1, 4] {
            let lines = run_scripted(&Scripted::plan(50, passes), jobs, &[], &StopSignal::default());
            assert_eq!(lines.len(), 52);
            assert_eq!(lines.iter().filter(|line| line.ends_with("Pass ")).count(), 50);
            assert_eq!((lines[0].as_str(), lines[51].as_str()), ("planned 50", "finished, stopped None"));
        }
    }

    #[test]
    fn reports_a_panic_as_a_failed_case() {
        let judge = Scripted::plan(3, |index| {
            Box::pin(async move {
                tokio::task::yield_now().await;
                assert!(index != 1, "boom {index}");
                Outcome::from_findings(vec![])
            })
        });
        let lines = run_scripted(&judge, 2, &[], &StopSignal::default());
        assert_eq!(lines.len(), 5);
        let failed = lines.iter().find(|line| line.contains(" Fail ")).unwrap();
        assert!(failed.contains("with `boom 1` at conformance/src/runner.rs"), "{failed}");
    }

    #[test]
    fn drops_unfinished_cases_when_stopped() {
        let stop = StopSignal::default();
        let later = stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(1));
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

    #[test]
    fn returns_leaks_when_the_consumer_fails() {
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
        /// Panics, or returns an error.
        struct Broken(bool);
        impl Consumer for Broken {
            fn take(&mut self, _: Event<'_>) -> std::io::Result<()> {
                assert!(!self.0, "boom");
                Err(std::io::Error::other("no space"))
            }
        }
        let judge: Arc<dyn Judge> = Arc::new(Leaking(Vec::new()));
        let log = std::env::temp_dir().join(format!("connect-runner-{}-leaking.log", std::process::id()));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = RunOptions { jobs: 1, log: log.clone(), ..RunOptions::default() };
        for (panics, expected) in [(false, "no space"), (true, "internal error: the report panicked")] {
            let (info, stop) = (RunInfo::sample(0), StopSignal::default());
            let failed = run(&judge, &info, &options, runtime.handle(), &stop, Broken(panics)).unwrap_err();
            assert!(failed.to_string().starts_with(expected), "{failed}");
            assert_eq!(failed.leaks, ["a flow"]);
        }
        std::fs::remove_file(log).unwrap();
    }

    #[test]
    fn fails_unsupported_operations_that_are_required() {
        let judge = Scripted::plan(3, |_| Box::pin(async { Outcome::unsupported("404") }));
        let lines = run_scripted(&judge, 1, &["Operation1"], &StopSignal::default());
        assert_eq!(lines.iter().filter(|line| line.contains("Unsupported")).count(), 2);
        assert!(lines[2].contains("Operation1/shape.json/1 Fail unsupported: 404"), "{lines:?}");
    }
}
