//! Tracks if an endpoint and each of its operations still respond. Either is given up after too many requests in a row
//! without a response, because each further request would cost the whole deadline. Sends nothing, and does not know why a
//! response is missing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Number of requests in a row without a whole response after which something is given up; at least 1 each.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Requests of one operation before that operation is given up.
    pub operation: u32,
    /// Requests of any operation before the endpoint is given up. Requests that cannot be signed count, too.
    pub endpoint: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { operation: 5, endpoint: 20 }
    }
}

/// An operation or an endpoint that was given up. This is final: a late response changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The operation; none for the whole endpoint.
    pub operation: Option<String>,
    /// Number of requests in a row without a response.
    pub after: u32,
    /// Result of the last of them.
    pub last: String,
}

/// The state of an endpoint, shared by all requests.
#[derive(Debug)]
pub struct Health {
    patience: Patience,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    endpoint: Silence,
    operations: BTreeMap<String, Silence>,
}

/// Requests without a response since the last response.
#[derive(Debug, Default)]
struct Silence {
    in_a_row: u32,
    given_up: Option<GivenUp>,
    /// Number of requests that were not sent because of it.
    held_back: u64,
}

impl Silence {
    fn extend(&mut self, patience: u32, operation: Option<&str>, why: &str) {
        self.in_a_row += 1;
        if self.in_a_row >= patience && self.given_up.is_none() {
            let operation = operation.map(str::to_owned);
            self.given_up = Some(GivenUp { operation, after: self.in_a_row, last: why.to_owned() });
        }
    }

    fn check(&mut self) -> Result<(), GivenUp> {
        match &self.given_up {
            Some(given_up) => {
                self.held_back += 1;
                Err(given_up.clone())
            }
            None => Ok(()),
        }
    }
}

impl Health {
    /// The state before the first request: nothing is given up.
    pub fn new(patience: Patience) -> Self {
        Self { patience, state: Mutex::default() }
    }

    fn with<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        access(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Checks if a request may be sent.
    ///
    /// # Errors
    /// The operation or the endpoint was given up.
    pub fn may_send(&self, operation: &str) -> Result<(), GivenUp> {
        self.with(|state| {
            state.endpoint.check()?;
            state.operations.get_mut(operation).map_or(Ok(()), Silence::check)
        })
    }

    /// Records a response, complete or broken: the endpoint is alive.
    pub fn answered(&self, operation: &str) {
        self.with(|state| {
            state.endpoint.in_a_row = 0;
            if let Some(silence) = state.operations.get_mut(operation) {
                silence.in_a_row = 0;
            }
        });
    }

    /// Records a request without a whole response, and the reason.
    pub fn silent(&self, operation: &str, why: &str) {
        self.with(|state| {
            state.endpoint.extend(self.patience.endpoint, None, why);
            let silence = state.operations.entry(operation.to_owned()).or_default();
            silence.extend(self.patience.operation, Some(operation), why);
        });
    }

    /// Records a request that could not be signed, as no other will be.
    pub fn unsigned(&self, why: &str) {
        self.with(|state| state.endpoint.extend(self.patience.endpoint, None, why));
    }

    /// A sentence about what was given up, for the end of a report; none if nothing was.
    pub fn remark(&self) -> Option<String> {
        self.with(|state| {
            if let Some(GivenUp { after, last, .. }) = &state.endpoint.given_up {
                return Some(format!(
                    "The endpoint stopped responding, and the rest was not sent: {after} requests in a row failed, the last \
                     with `{last}`."
                ));
            }
            let given_up: Vec<String> = (state.operations.iter())
                .filter(|(_, silence)| silence.given_up.is_some())
                .map(|(name, silence)| format!("{name} ({} requests not sent)", silence.held_back))
                .collect();
            let after = self.patience.operation;
            (!given_up.is_empty()).then(|| {
                format!("Given up after {after} requests in a row without a whole answer: {}.", given_up.join(", "))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn health() -> Health {
        Health::new(Patience { operation: 2, endpoint: 4 })
    }

    #[test]
    fn gives_up_one_operation_for_good() {
        let health = health();
        health.silent("A", "first");
        health.answered("B");
        assert_eq!(health.may_send("A"), Ok(()), "a response of another operation does not count");
        assert_eq!(health.remark(), None);
        health.silent("A", "second");
        let given_up = GivenUp { operation: Some("A".to_owned()), after: 2, last: "second".to_owned() };
        assert_eq!((health.may_send("A"), health.may_send("B")), (Err(given_up.clone()), Ok(())));
        health.answered("A");
        assert_eq!(health.may_send("A"), Err(given_up));
        let remark = health.remark().unwrap();
        assert!(remark.contains("after 2 requests in a row") && remark.contains("A (2 requests not sent)"), "{remark}");
    }

    #[test]
    fn a_response_resets_the_count() {
        let health = health();
        for _ in 0..5 {
            health.silent("A", "no");
            health.answered("A");
        }
        assert_eq!(health.may_send("A"), Ok(()));
    }

    #[test]
    fn gives_up_an_endpoint_without_responses_or_credentials() {
        let silent = health();
        for operation in ["A", "B", "C", "D"] {
            assert_eq!(silent.may_send("E"), Ok(()));
            silent.silent(operation, "no");
        }
        let unsigned = health();
        for _ in 0..4 {
            assert_eq!(unsigned.may_send("E"), Ok(()));
            unsigned.unsigned("no credentials");
        }
        for (health, last) in [(silent, "no"), (unsigned, "no credentials")] {
            let given_up = GivenUp { operation: None, after: 4, last: last.to_owned() };
            assert_eq!(health.may_send("E"), Err(given_up));
            assert!(health.remark().unwrap().contains(&format!("`{last}`")));
        }
    }
}
