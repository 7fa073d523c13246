//! How fast requests go out: one bucket of tokens for the whole process, since an account has one for all its callers.
//! Slower when the endpoint throttles, and back again step by step while it does not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The slowest that throttling makes a run, as a part of the rate that was asked for.
const SLOWEST: f64 = 1.0 / 16.0;

/// What each request that is served gives back, as a part of the rate that was asked for.
const RECOVERY: f64 = 1.0 / 20.0;

/// Bounds of what a run sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaceConfig {
    /// Requests a second, and how many at once after a pause; none for as fast as it goes.
    pub rate: Option<(f64, f64)>,
    /// Requests in all.
    pub max_requests: Option<u64>,
}

/// Lets requests out, one by one.
#[derive(Debug)]
pub struct Pace {
    config: PaceConfig,
    state: Mutex<State>,
    spent: Notify,
}

#[derive(Debug)]
struct State {
    let_out: u64,
    tokens: f64,
    rate: f64,
    counted: Instant,
    closed_until: Instant,
}

impl Pace {
    /// A full bucket.
    pub fn new(config: PaceConfig) -> Self {
        let (rate, tokens) = config.rate.unwrap_or((f64::INFINITY, 0.0));
        let now = Instant::now();
        let state = State { let_out: 0, tokens, rate, counted: now, closed_until: now };
        Self { config, state: Mutex::new(state), spent: Notify::new() }
    }

    /// Waits for the next request's turn. After the last that is allowed there is none: it waits for ever, and whoever
    /// listens to [`Pace::spent`] ends the run.
    pub async fn turn(&self) {
        loop {
            match self.wait() {
                Turn::Now => return,
                Turn::In(pause) => tokio::time::sleep(pause).await,
                Turn::Never => {
                    self.spent.notify_one();
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    fn wait(&self) -> Turn {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.config.max_requests.is_some_and(|most| state.let_out >= most) {
            return Turn::Never;
        }
        if let Some((_, burst)) = self.config.rate {
            let now = Instant::now();
            if now < state.closed_until {
                return Turn::In(state.closed_until - now);
            }
            let since = now.duration_since(state.counted).as_secs_f64();
            state.tokens = (state.tokens + since * state.rate).min(burst);
            state.counted = now;
            if state.tokens < 1.0 {
                return Turn::In(
                    Duration::from_secs_f64((1.0 - state.tokens) / state.rate).max(Duration::from_millis(1)),
                );
            }
            state.tokens -= 1.0;
        }
        state.let_out += 1;
        Turn::Now
    }

    /// The endpoint asked for fewer: half of the rate from here on, and nothing at all for the time that it names.
    pub fn throttled(&self, wait: Option<Duration>) {
        let Some((rate, _)) = self.config.rate else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        state.rate = (state.rate / 2.0).max(rate * SLOWEST);
        state.tokens = 0.0;
        state.counted = now;
        if let Some(until) = wait.and_then(|wait| now.checked_add(wait)) {
            state.closed_until = state.closed_until.max(until);
        }
    }

    /// The endpoint took a request.
    pub fn served(&self) {
        let Some((rate, _)) = self.config.rate else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rate = (state.rate + rate * RECOVERY).min(rate);
    }

    /// Waits until a request was held back because all that are allowed have gone out.
    pub async fn spent(&self) {
        self.spent.notified().await;
    }
}

enum Turn {
    Now,
    In(Duration),
    Never,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn let_out(pace: &Pace, within: Duration) -> u32 {
        let mut count = 0;
        let all = async {
            loop {
                pace.turn().await;
                count += 1;
            }
        };
        let _ = tokio::time::timeout(within, all).await;
        count
    }

    const SECOND: Duration = Duration::from_secs(1);

    // The clock is tokio's and stands still but for sleeps, so that nothing depends on the machine.
    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_the_rate() {
        let pace = Pace::new(PaceConfig { rate: Some((2.0, 5.0)), max_requests: None });
        let first = let_out(&pace, 10 * SECOND).await;
        assert!((24..=25).contains(&first), "{first}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_halves_and_service_brings_back() {
        let pace = Pace::new(PaceConfig { rate: Some((8.0, 1.0)), max_requests: None });
        pace.throttled(Some(3 * SECOND));
        assert_eq!(let_out(&pace, 29 * SECOND / 10).await, 0, "not before the time that was named");
        let slow = let_out(&pace, 10 * SECOND).await;
        assert!((38..=42).contains(&slow), "{slow}");
        for _ in 0..10 {
            pace.throttled(None);
        }
        let slowest = let_out(&pace, 10 * SECOND).await;
        assert!((4..=6).contains(&slowest), "{slowest}");
        for _ in 0..20 {
            pace.served();
        }
        let again = let_out(&pace, 10 * SECOND).await;
        assert!((78..=82).contains(&again), "{again}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_last_request_there_is_none() {
        let pace = Pace::new(PaceConfig { rate: None, max_requests: Some(3) });
        assert_eq!(let_out(&pace, SECOND).await, 3);
        tokio::time::timeout(SECOND, pace.spent()).await.unwrap();
    }
}
