//! Progress of work that is not a run: a line on a terminal that changes, else a line from time to time.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::output::{say, stderr_is_terminal};
use crate::report::text::printable;

/// Characters of the line.
const LINE: usize = 200;

/// Time between two changes of the line on a terminal, and between two lines in a log.
const INTERVALS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];

/// The result of `work`. Until then, `line` describes the progress on stderr.
pub(crate) async fn with_progress<T>(line: impl Fn() -> String, work: impl Future<Output = T>) -> T {
    let is_log = !stderr_is_terminal();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let show = || {
        if is_log {
            say(&line());
        } else {
            bar.set_message(printable(&line(), LINE));
        }
    };
    let result = watched(INTERVALS[usize::from(is_log)], show, work).await;
    bar.finish_and_clear();
    result
}

/// The result of `work`; until then, `show` is called in each interval.
async fn watched<T>(interval: Duration, show: impl Fn(), work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        match tokio::time::timeout(interval, work.as_mut()).await {
            Ok(result) => return result,
            Err(_) => show(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn shows_progress_only_while_it_takes_long() {
        let shown = Cell::new(0);
        let show = || shown.set(shown.get() + 1);
        let quick = watched(INTERVALS[1], show, async { 1 }).await;
        assert_eq!((quick, shown.get()), (1, 0));
        watched(INTERVALS[1], show, tokio::time::sleep(Duration::from_secs(35))).await;
        assert_eq!(shown.get(), 3);
    }
}
