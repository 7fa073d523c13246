//! Progress while a run goes on: one line on stderr that is redrawn, and only where somebody can see it.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::case::Verdict;
use crate::event::{Consumer, Event};

/// The line. Hidden when stderr is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    failed: u64,
}

impl Default for Progress {
    fn default() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        Self { bar: ProgressBar::with_draw_target(None, target), failed: 0 }
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
            Event::TrialFinished { case, outcome } => {
                if matches!(outcome.verdict, Verdict::Fail) {
                    self.failed += 1;
                }
                let failed = if self.failed > 0 { format!("{} failed · ", self.failed) } else { String::new() };
                self.bar.set_message(format!("{failed}{}", case.operation));
                self.bar.inc(1);
            }
            Event::Finished(_) => self.bar.finish_and_clear(),
        }
        Ok(())
    }
}
