//! Several checks look at the same exchanges. An observation is made once and asked by each of them: what was seen, what
//! was judged at all, and what broke.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use connect_model::schema::OperationId;
use tokio::sync::OnceCell;

use crate::case::{Finding, Outcome};

/// Findings of one check that an observation keeps; more of the same tell nothing new.
const KEPT: usize = 3;

/// One observation of each operation, made when it is first asked for.
pub struct Shared<T>(Vec<Mutex<Arc<OnceCell<Arc<T>>>>>);

impl<T> Shared<T> {
    /// Nothing is observed yet, of so many operations.
    pub fn new(operations: usize) -> Self {
        Self((0..operations).map(|_| Mutex::default()).collect())
    }

    fn with<R>(&self, operation: OperationId, look: impl FnOnce(&mut Arc<OnceCell<Arc<T>>>) -> R) -> R {
        look(&mut self.0[operation.index()].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The observation; others that ask meanwhile wait for it.
    pub async fn get<F: Future<Output = T>>(&self, operation: OperationId, observe: impl FnOnce() -> F) -> Arc<T> {
        let cell = self.with(operation, |cell| Arc::clone(cell));
        cell.get_or_init(|| async { Arc::new(observe().await) }).await.clone()
    }

    /// Lets go of it, with all its evidence: nobody will ask again.
    pub fn forget(&self, operation: OperationId) {
        self.with(operation, |cell| *cell = Arc::default());
    }
}

/// What the exchanges of one operation showed.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The endpoint does not offer the operation, and how it said so.
    pub unsupported: Option<String>,
    /// Why checks that were not judged were not.
    pub blocked: Option<String>,
    /// How often each check had something to judge. A check that never had is indeterminate, not passed.
    judged: BTreeMap<&'static str, u32>,
    findings: Vec<Finding>,
}

impl Observation {
    /// Nothing to observe: the operation is not there.
    pub fn unsupported(why: String) -> Self {
        Self { unsupported: Some(why), ..Self::default() }
    }

    /// The check has looked at something.
    pub fn judged(&mut self, check: &'static str) {
        *self.judged.entry(check).or_default() += 1;
    }

    /// The check has looked, and this is what it saw.
    pub fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if self.has_room(finding.check) {
                self.findings.push(finding);
            }
        }
    }

    /// Whether one more finding of a check would be kept.
    pub fn has_room(&self, check: &str) -> bool {
        self.findings.iter().filter(|finding| finding.check == check).count() < KEPT
    }

    /// Takes over what another has judged; gives back what of its findings would be kept.
    pub fn take(&mut self, other: Self) -> Vec<Finding> {
        for (check, times) in other.judged {
            *self.judged.entry(check).or_default() += times;
        }
        let mut kept = self.clone();
        let before = kept.findings.len();
        kept.add(other.findings);
        kept.findings.split_off(before)
    }

    /// Everything that broke.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Why the rest could not be judged; the first reason stays.
    pub fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert_with(|| why.into());
    }

    /// Everything that broke.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What came of one check.
    pub fn outcome(&self, check: &'static str) -> Outcome {
        if let Some(why) = &self.unsupported {
            return Outcome::unsupported(why.clone());
        }
        let findings: Vec<Finding> = self.findings.iter().filter(|finding| finding.check == check).cloned().collect();
        if findings.is_empty() && !self.judged.contains_key(check) {
            let why = self.blocked.clone().unwrap_or_else(|| "no answer held what this check judges".to_owned());
            return Outcome::indeterminate(why);
        }
        Outcome::from_findings(findings)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Weak;

    use connect_model::schema::Schema;

    use super::*;

    #[tokio::test]
    async fn an_observation_is_made_once_and_let_go_of() {
        let schema = Schema::connect();
        let operation = schema.operation_named("ListRules").unwrap();
        let shared = Shared::new(schema.operations().count());
        let first = shared.get(operation, || async { "first" }).await;
        assert!(Arc::ptr_eq(&first, &shared.get(operation, || async { "second" }).await));
        let left: Weak<_> = Arc::downgrade(&first);
        drop(first);
        assert!(left.upgrade().is_some(), "it is kept");
        shared.forget(operation);
        assert!(left.upgrade().is_none(), "it is gone");
    }
}
