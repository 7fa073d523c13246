//! A token bucket: limits the request rate.

use std::time::{Duration, Instant};

/// A request rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Sustained requests per second.
    pub per_second: f64,
    /// Most requests at once after a pause.
    pub burst: f64,
}

/// A bucket of tokens, one per request.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    refilled: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, tokens: rate.burst, refilled: Instant::now() }
    }

    /// Takes a token. Returns false if there is none.
    pub(crate) fn take(&mut self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&mut self, now: Instant) -> bool {
        let since: Duration = now.saturating_duration_since(self.refilled);
        self.tokens = (self.tokens + since.as_secs_f64() * self.rate.per_second).min(self.rate.burst);
        self.refilled = now;
        let granted = self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(Rate { per_second: 2.0, burst: 5.0 });
        let start = bucket.refilled;
        let granted = |bucket: &mut Bucket, at: Duration| (0..100).filter(|_| bucket.take_at(start + at)).count();
        assert_eq!(granted(&mut bucket, Duration::ZERO), 5);
        assert_eq!(granted(&mut bucket, Duration::from_secs(1)), 2);
        assert_eq!(granted(&mut bucket, Duration::from_secs(60)), 5);
    }
}
