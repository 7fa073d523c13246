//! Reasons to stop early: interrupts, and the limits of a run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connect_checks::case::Verdict;
use connect_transport::Transport;

use crate::event::{Consumer, Event};
use crate::exit::Exit;
use crate::report::output::say;
use crate::report::quote::shell;
use crate::report::text::count;
use crate::runner::StopSignal;
use crate::session::config::RequestLimits;

/// Stops the run at the first signal, so that it deletes what it created and reports. Ends the process at the second Ctrl-C,
/// which somebody presses; other signals may come in pairs when a session or a machine ends.
pub(crate) async fn stop_on_interrupt(stop: StopSignal, journal: Option<PathBuf>) {
    if interrupted().await.is_err() {
        return;
    }
    stop.stop("interrupted");
    say("interrupted: writing the report; press Ctrl-C again to end immediately");
    // `timeout` and some shells deliver an interrupt twice.
    tokio::time::sleep(Duration::from_secs(1)).await;
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    let leaks = journal.filter(|journal| journal.exists());
    if let Some(journal) = &leaks {
        let folder = journal.parent().unwrap_or(journal);
        say(&format!(
            "ended at once: resources of the run may still exist; `connect-conformance sweep --journal {} --delete` deletes them",
            shell(&folder.display().to_string())
        ));
    }
    std::process::exit(if leaks.is_some() { Exit::Leaked } else { Exit::Incomplete } as i32);
}

/// Stops the run when it reaches `--max-requests` or `--max-minutes`.
pub(crate) async fn stop_on_limits(stop: StopSignal, transport: Arc<Transport>, limits: RequestLimits) {
    let too_long = async {
        match limits.max_minutes {
            Some(minutes) => tokio::time::sleep(Duration::from_secs(60 * minutes)).await,
            None => std::future::pending().await,
        }
    };
    let why = tokio::select! {
        () = transport.pace().spent() => {
            format!("--max-requests: {} were sent", limits.max_requests.unwrap_or_default())
        }
        () = too_long => format!("--max-minutes: {} have passed", limits.max_minutes.unwrap_or_default()),
    };
    stop.stop(&why);
}

/// Stops the run at the last failed case that `--max-failures` allows.
#[derive(Debug)]
pub(crate) struct StopOnFailures {
    stop: StopSignal,
    limit: Option<u64>,
    failed: u64,
}

impl StopOnFailures {
    /// Without a limit, it never stops the run.
    pub(crate) fn new(stop: StopSignal, limit: Option<u64>) -> Self {
        Self { stop, limit, failed: 0 }
    }
}

impl Consumer for StopOnFailures {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        if let Event::TrialFinished { outcome, .. } = event
            && matches!(outcome.verdict, Verdict::Fail)
        {
            self.failed += 1;
            if self.limit == Some(self.failed) {
                self.stop.stop(&format!("--max-failures: {} failed", count(self.failed, "case")));
            }
        }
        Ok(())
    }
}

/// The result of `work`, or `None` if it was interrupted.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        result = work => Some(result),
        Ok(()) = interrupted() => None,
        else => None,
    }
}

/// Waits for Ctrl-C or, on Unix, SIGTERM or the end of the terminal (SIGHUP).
///
/// # Errors
/// Signals cannot be received.
pub async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let hang_up = async {
            match survives_terminal() {
                true => std::future::pending().await,
                false => signal(SignalKind::hangup())?.recv().await,
            };
            Ok(())
        };
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
            result = hang_up => result,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// True if whoever started the process wants it to outlive its terminal, as `nohup` does by ignoring SIGHUP; also where the
/// system does not tell, and the signal then ends the process.
#[cfg(unix)]
fn survives_terminal() -> bool {
    use std::sync::OnceLock;
    // A handler of ours clears the bit, so that the first answer counts.
    static IGNORED: OnceLock<bool> = OnceLock::new();
    *IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask & 1 << (libc::SIGHUP - 1) != 0)
    })
}
