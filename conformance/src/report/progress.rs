//! Progress of a run on stderr: a bar on a terminal, else a line from time to time.

use std::time::{Duration, Instant};

use connect_checks::case::Verdict;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Consumer, Event};
use crate::report::output::{say, stderr_is_terminal};
use crate::report::text::printable;

/// Characters of the name of an operation.
const NAME: usize = 80;

/// Time between two lines in a log.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Consumes events and shows the progress.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    failed: u64,
    last_line: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        let target =
            if stderr_is_terminal() { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        Self { bar: ProgressBar::with_draw_target(None, target), failed: 0, last_line: Instant::now() }
    }
}

impl Consumer for Progress {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        match event {
            Event::Planned(info) => {
                self.bar.set_length(info.planned as u64);
                let template = "{bar:30} {pos}/{len} {elapsed} {msg}";
                self.bar.set_style(ProgressStyle::with_template(template).map_err(std::io::Error::other)?);
            }
            Event::Started { .. } => {}
            Event::TrialFinished { case, outcome, .. } => {
                if matches!(outcome.verdict, Verdict::Fail) {
                    self.failed += 1;
                }
                let failed = if self.failed > 0 { format!("{} failed · ", self.failed) } else { String::new() };
                self.bar.set_message(format!("{failed}{}", printable(&case.operation, NAME)));
                self.bar.inc(1);
                if self.bar.is_hidden() && self.last_line.elapsed() >= LOG_INTERVAL {
                    self.last_line = Instant::now();
                    let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
                    say(&format!("{done}/{all} cases, {} failed", self.failed));
                }
            }
            Event::Finished(_) => self.bar.finish_and_clear(),
        }
        Ok(())
    }
}
