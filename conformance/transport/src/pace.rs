//! Limits the rate and the number of requests: one token bucket for the whole process, because an account has one for all
//! its callers. The rate falls when the endpoint throttles, and recovers step by step while it does not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Lowest rate under throttling, as a fraction of the configured rate.
const SLOWEST: f64 = 1.0 / 16.0;

/// Increase of the rate per served request, as a fraction of the configured rate.
const RECOVERY: f64 = 1.0 / 20.0;

/// Rate and capacity of a token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Sustained requests per second.
    pub per_second: f64,
    /// Requests at once after a pause.
    pub burst: f64,
}

/// A token bucket; each request takes one token.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    counted: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, tokens: rate.burst, counted: Instant::now() }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The bucket is empty; the time until the next token.
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

/// Limits of the requests that a run sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaceConfig {
    /// None for no limit.
    pub rate: Option<Rate>,
    /// Total number of requests.
    pub max_requests: Option<u64>,
}

/// Delays requests to keep within the limits.
#[derive(Debug)]
pub struct Pace {
    config: PaceConfig,
    state: Mutex<State>,
    spent: Notify,
}

#[derive(Debug)]
struct State {
    granted: u64,
    bucket: Option<Bucket>,
    closed_until: Instant,
}

impl Pace {
    /// A limiter with a full bucket.
    pub fn new(config: PaceConfig) -> Self {
        let state = State { granted: 0, bucket: config.rate.map(Bucket::new), closed_until: Instant::now() };
        Self { config, state: Mutex::new(state), spent: Notify::new() }
    }

    /// Waits for the turn of the next request. After the last request allowed it waits forever, and the task that waits for
    /// [`Pace::spent`] ends the run.
    pub async fn turn(&self) {
        self.wait_for(self.config.max_requests).await;
    }

    /// Waits for the turn of a request that does not count against the total, at the same rate.
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
        if max_requests.is_some_and(|most| state.granted >= most) {
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
        state.granted += 1;
        Turn::Now
    }

    /// Halves the rate because the endpoint throttles, and sends nothing for the time that it asks for.
    pub fn throttled(&self, wait: Option<Duration>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(configured), Some(bucket)) = (self.config.rate, &mut state.bucket) else { return };
        bucket.rate.per_second = (bucket.rate.per_second / 2.0).max(configured.per_second * SLOWEST);
        bucket.empty();
        if let Some(until) = wait.and_then(|wait| Instant::now().checked_add(wait)) {
            state.closed_until = state.closed_until.max(until);
        }
    }

    /// Raises the rate because the endpoint served a request.
    pub fn served(&self) {
        let Some(Rate { per_second, .. }) = self.config.rate else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = &mut state.bucket {
            bucket.rate.per_second = (bucket.rate.per_second + per_second * RECOVERY).min(per_second);
        }
    }

    /// Waits until a request is delayed forever because the total is reached.
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

    async fn granted(pace: &Pace, within: Duration) -> u32 {
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

    // The clock is tokio's and advances in sleeps only, so that the tests do not depend on the machine.
    #[tokio::test(start_paused = true)]
    async fn grants_a_burst_and_then_the_rate() {
        let pace = Pace::new(PaceConfig { rate: Some(Rate { per_second: 2.0, burst: 5.0 }), max_requests: None });
        let first = granted(&pace, 10 * SECOND).await;
        assert!((24..=25).contains(&first), "{first}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_halves_the_rate_and_served_requests_restore_it() {
        let pace = Pace::new(PaceConfig { rate: Some(Rate { per_second: 8.0, burst: 1.0 }), max_requests: None });
        pace.throttled(Some(3 * SECOND));
        assert_eq!(granted(&pace, 29 * SECOND / 10).await, 0, "nothing within the requested pause");
        let slow = granted(&pace, 10 * SECOND).await;
        assert!((38..=42).contains(&slow), "{slow}");
        for _ in 0..10 {
            pace.throttled(None);
        }
        let slowest = granted(&pace, 10 * SECOND).await;
        assert!((4..=6).contains(&slowest), "{slowest}");
        for _ in 0..20 {
            pace.served();
        }
        let again = granted(&pace, 10 * SECOND).await;
        assert!((78..=82).contains(&again), "{again}");
    }

    #[tokio::test(start_paused = true)]
    async fn grants_nothing_after_the_last_request() {
        let pace = Pace::new(PaceConfig { rate: None, max_requests: Some(3) });
        assert_eq!(granted(&pace, SECOND).await, 3);
        tokio::time::timeout(SECOND, pace.turn_beyond_limit()).await.unwrap();
        tokio::time::timeout(SECOND, pace.spent()).await.unwrap();
    }
}
