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

/// How many requests a bucket of tokens grants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests a second that it grants for ever.
    pub per_second: f64,
    /// Requests that it grants at once after a pause.
    pub burst: f64,
}

/// A bucket of tokens, one for each request.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    counted: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, tokens: rate.burst, counted: Instant::now() }
    }

    /// Takes a token out.
    ///
    /// # Errors
    /// There is none; the time until there is.
    pub(crate) fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let since = now.duration_since(self.counted).as_secs_f64();
        self.tokens = (self.tokens + since * self.rate.per_second).min(self.rate.burst);
        self.counted = now;
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate.per_second));
        }
        self.tokens -= 1.0;
        Ok(())
    }

    fn empty(&mut self) {
        (self.tokens, self.counted) = (0.0, Instant::now());
    }
}

/// Bounds of what a run sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaceConfig {
    /// None for as fast as it goes.
    pub rate: Option<Rate>,
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
    bucket: Option<Bucket>,
    closed_until: Instant,
}

impl Pace {
    /// A full bucket.
    pub fn new(config: PaceConfig) -> Self {
        let state = State { let_out: 0, bucket: config.rate.map(Bucket::new), closed_until: Instant::now() };
        Self { config, state: Mutex::new(state), spent: Notify::new() }
    }

    /// Waits for the next request's turn. After the last that is allowed there is none: it waits for ever, and whoever
    /// listens to [`Pace::spent`] ends the run.
    pub async fn turn(&self) {
        self.wait_for(self.config.max_requests).await;
    }

    /// The same for a request that must go out however many have: at the same rate.
    pub async fn turn_beyond_limit(&self) {
        self.wait_for(None).await;
    }

    async fn wait_for(&self, max_requests: Option<u64>) {
        loop {
            match self.wait(max_requests) {
                Turn::Now => return,
                Turn::In(pause) => tokio::time::sleep(pause).await,
                Turn::Never => {
                    self.spent.notify_one();
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    fn wait(&self, max_requests: Option<u64>) -> Turn {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if max_requests.is_some_and(|most| state.let_out >= most) {
            return Turn::Never;
        }
        let closed_until = state.closed_until;
        if let Some(bucket) = &mut state.bucket {
            let closed = closed_until.saturating_duration_since(Instant::now());
            if !closed.is_zero() {
                return Turn::In(closed);
            }
            if let Err(pause) = bucket.take() {
                return Turn::In(pause.max(Duration::from_millis(1)));
            }
        }
        state.let_out += 1;
        Turn::Now
    }

    /// The endpoint asked for fewer: half of the rate from here on, and nothing at all for the time that it names.
    pub fn throttled(&self, wait: Option<Duration>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(asked_for), Some(bucket)) = (self.config.rate, &mut state.bucket) else { return };
        bucket.rate.per_second = (bucket.rate.per_second / 2.0).max(asked_for.per_second * SLOWEST);
        bucket.empty();
        if let Some(until) = wait.and_then(|wait| Instant::now().checked_add(wait)) {
            state.closed_until = state.closed_until.max(until);
        }
    }

    /// The endpoint took a request.
    pub fn served(&self) {
        let Some(Rate { per_second, .. }) = self.config.rate else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = &mut state.bucket {
            bucket.rate.per_second = (bucket.rate.per_second + per_second * RECOVERY).min(per_second);
        }
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
        let pace = Pace::new(PaceConfig { rate: Some(Rate { per_second: 2.0, burst: 5.0 }), max_requests: None });
        let first = let_out(&pace, 10 * SECOND).await;
        assert!((24..=25).contains(&first), "{first}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_halves_and_service_brings_back() {
        let pace = Pace::new(PaceConfig { rate: Some(Rate { per_second: 8.0, burst: 1.0 }), max_requests: None });
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
        tokio::time::timeout(SECOND, pace.turn_beyond_limit()).await.unwrap();
        tokio::time::timeout(SECOND, pace.spent()).await.unwrap();
    }
}
