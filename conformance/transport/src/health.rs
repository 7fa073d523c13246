//! Whether an endpoint, or one of its operations, still answers: what stays silent too often in a row is given up, since
//! each further request would cost the whole deadline. Sends nothing, and knows nothing of why there was no answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// After how many requests in a row without a whole answer something is given up; each is at least 1.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Requests of one operation, after which that operation is given up.
    pub operation: u32,
    /// Requests of whatever operation, after which all of them are. What cannot be signed counts here, too.
    pub endpoint: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { operation: 5, endpoint: 20 }
    }
}

/// What was given up. It is for good: an answer that comes late brings nothing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The operation; none for the whole endpoint.
    pub operation: Option<String>,
    /// Requests in a row that it took.
    pub after: u32,
    /// What became of the last of them.
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

/// Requests without an answer since the last with one, and what came of it.
#[derive(Debug, Default)]
struct Silence {
    in_a_row: u32,
    given_up: Option<GivenUp>,
    /// Requests that were not sent for it.
    held_back: u64,
}

impl Silence {
    fn goes_on(&mut self, patience: u32, operation: Option<&str>, why: &str) {
        self.in_a_row += 1;
        if self.in_a_row >= patience && self.given_up.is_none() {
            let operation = operation.map(str::to_owned);
            self.given_up = Some(GivenUp { operation, after: self.in_a_row, last: why.to_owned() });
        }
    }

    fn hold_back(&mut self) -> Result<(), GivenUp> {
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
    /// Nothing is known against the endpoint.
    pub fn new(patience: Patience) -> Self {
        Self { patience, state: Mutex::default() }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a request may go out.
    ///
    /// # Errors
    /// What was given up, and why.
    pub fn may_send(&self, operation: &str) -> Result<(), GivenUp> {
        self.with(|state| {
            state.endpoint.hold_back()?;
            state.operations.get_mut(operation).map_or(Ok(()), Silence::hold_back)
        })
    }

    /// A request got an answer to judge, or one that broke: somebody is there.
    pub fn answered(&self, operation: &str) {
        self.with(|state| {
            state.endpoint.in_a_row = 0;
            if let Some(silence) = state.operations.get_mut(operation) {
                silence.in_a_row = 0;
            }
        });
    }

    /// A request had no whole answer; the text says how it ended.
    pub fn silent(&self, operation: &str, why: &str) {
        self.with(|state| {
            state.endpoint.goes_on(self.patience.endpoint, None, why);
            let silence = state.operations.entry(operation.to_owned()).or_default();
            silence.goes_on(self.patience.operation, Some(operation), why);
        });
    }

    /// A request could not be signed: none of any operation will be.
    pub fn unsigned(&self, why: &str) {
        self.with(|state| state.endpoint.goes_on(self.patience.endpoint, None, why));
    }

    /// What was given up, for the end of a report; none if nothing was.
    pub fn remark(&self) -> Option<String> {
        self.with(|state| {
            if let Some(GivenUp { after, last, .. }) = &state.endpoint.given_up {
                return Some(format!(
                    "The endpoint fell silent, and the rest was not sent: {after} requests in a row came to nothing, the \
                     last with `{last}`."
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
    fn an_operation_is_given_up_alone_and_for_good() {
        let health = health();
        health.silent("A", "first");
        health.answered("B");
        assert_eq!(health.may_send("A"), Ok(()), "an answer of another operation says nothing of this one");
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
    fn an_answer_between_two_silences_starts_the_count_again() {
        let health = health();
        for _ in 0..5 {
            health.silent("A", "no");
            health.answered("A");
        }
        assert_eq!(health.may_send("A"), Ok(()));
    }

    #[test]
    fn an_endpoint_is_given_up_when_all_is_silent_or_nothing_can_be_signed() {
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
