//! A suite: runs the cases of a plan with a client, and keeps the values that they share.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use connect_model::schema::OperationId;

use crate::accept;
use crate::case::{CaseId, Outcome, Verdict};
use crate::client::Client;
use crate::code::Trial;
use crate::coverage::{Coverage, Learned};
use crate::golden::Recorded;
use crate::hidden::hide_credentials;
use crate::judge::{Judge, Judgement};
use crate::ledger;
use crate::ledger::Owner;
use crate::memo::Memo;
use crate::plan::Plan;
use crate::walks::WalkConfig;

/// A plan with the state that is needed to run it.
pub struct Suite {
    plan: Plan,
    client: Client,
    walks: WalkConfig,
    memo: Memo,
    recorded: Option<Recorded>,
    /// Number of cases of each operation that have not ended.
    pending: Vec<AtomicUsize>,
}

impl Suite {
    /// Creates a suite. Sends nothing.
    pub fn new(plan: Plan, client: Client, walks: WalkConfig, recorded: Option<Recorded>) -> Self {
        let memo = Memo::new(client.schema.operations().count());
        let pending: Vec<AtomicUsize> = client.schema.operations().map(|_| AtomicUsize::new(0)).collect();
        for planned in &plan.tasks {
            pending[planned.operation.index()].fetch_add(1, Ordering::Relaxed);
        }
        Self { memo, recorded, pending, plan, client, walks }
    }

    /// The plan of the suite.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The client that sends the requests.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a case, and adjusts the levels of its findings to the target.
    async fn judge(&self, index: usize) -> Outcome {
        let planned = &self.plan.tasks[index];
        let trial = Trial {
            client: &self.client,
            operation: planned.operation,
            check: planned.check,
            variant: self.plan.cases[index].variant.as_deref(),
            memo: &self.memo,
            recorded: self.recorded.as_ref(),
            walks: &self.walks,
            rank: self.plan.rank(index),
        };
        let mut outcome = planned.attempt.run(trial).await;
        for finding in &mut outcome.findings {
            finding.level = planned.check.level_at(self.client.target.loopback, finding);
            hide_credentials(finding);
        }
        match outcome.verdict {
            Verdict::Pass | Verdict::Fail | Verdict::Known(_) | Verdict::Stale(_) => {
                Outcome { learned: outcome.learned, ..Outcome::from_findings(outcome.findings) }
            }
            Verdict::Unsupported(_) | Verdict::Indeterminate(_) => outcome,
        }
    }
}

impl Judge for Suite {
    fn cases(&self) -> &[CaseId] {
        &self.plan.cases
    }

    fn run(&self, index: usize) -> Judgement<'_> {
        Box::pin(async move {
            let owner = Owner::Trial(index);
            let outcome = ledger::owned_by(owner.clone(), self.judge(index)).await;
            let operation = self.plan.tasks[index].operation;
            let was_last = self.pending[operation.index()].fetch_sub(1, Ordering::AcqRel) == 1;
            if was_last {
                self.memo.forget(operation);
            }
            // A real account has quotas, so resources are deleted as soon as they are no longer needed. Failed
            // deletions are retried at the end of the run.
            self.client.clean_up(|of| *of == owner || (was_last && *of == Owner::Fixture(operation))).await;
            outcome
        })
    }

    fn requests(&self) -> u64 {
        self.client.requests_sent()
    }

    fn accepted(&self) -> Option<u64> {
        Some(self.client.requests_accepted())
    }

    fn clear(&self) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> {
        Box::pin(self.client.clear())
    }

    fn learned(&self) -> Learned {
        self.client.learned()
    }

    fn absent(&self) -> Vec<String> {
        self.client.absent()
    }

    /// Members and errors that were met, of the operations that the endpoint offers. Constraints are counted from the cases,
    /// by the report.
    fn coverage(&self) -> Coverage {
        let operations: BTreeSet<OperationId> = self.plan.tasks.iter().map(|planned| planned.operation).collect();
        let offered = operations.into_iter().filter(|operation| self.client.may_offer(*operation));
        let operations: Vec<OperationId> = offered.collect();
        let (schema, touched) = (self.client.schema, self.client.touched());
        let limits = accept::limits_reached(&self.client, &operations);
        let reached = self.client.reached(&self.plan.selected);
        Coverage::of(Some(touched.sets(schema, &operations)), Some(reached), limits, None)
    }
}
