//! The plan against a client: which check judges which case, and observations shared between the checks of a family.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connect_model::schema::OperationId;
use tokio::sync::OnceCell;

use crate::case::{CaseId, Outcome, Verdict};
use crate::checks::{error, idempotency, invalid, language, level_at, lifecycle, pagination, search, shape};
use crate::client::Client;
use crate::event::{Coverage, Learned, Ratio};
use crate::observe::Observation;
use crate::plan::{Plan, Task};
use crate::runner::{Judge, Judgement};

/// Everything that a run tries.
pub struct Suite {
    plan: Plan,
    client: Client,
    shapes: Vec<OnceCell<Arc<Observation>>>,
    errors: Vec<OnceCell<Arc<Observation>>>,
    pages: Vec<OnceCell<Arc<Observation>>>,
    searches: Vec<OnceCell<Arc<Observation>>>,
    tried: Vec<AtomicBool>,
}

impl Suite {
    /// A suite that has sent nothing yet.
    pub fn new(plan: Plan, client: Client) -> Self {
        fn cells(client: &Client) -> Vec<OnceCell<Arc<Observation>>> {
            client.schema.operations().map(|_| OnceCell::new()).collect()
        }
        let tried = plan.cases.iter().map(|_| AtomicBool::new(false)).collect();
        let [shapes, errors, pages, searches] = std::array::from_fn(|_| cells(&client));
        Self { shapes, errors, pages, searches, tried, plan, client }
    }

    /// What it tries.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whom it asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    async fn shared<F: Future<Output = Observation>>(
        cells: &[OnceCell<Arc<Observation>>],
        operation: OperationId,
        observe: impl FnOnce() -> F,
    ) -> Arc<Observation> {
        cells[operation.index()].get_or_init(|| async { Arc::new(observe().await) }).await.clone()
    }

    /// Judges a case, with levels as they are on this endpoint.
    async fn judge(&self, index: usize) -> Outcome {
        let Outcome { verdict, mut findings, learned, requests } = self.judged(index).await;
        for finding in &mut findings {
            finding.level = level_at(self.client.target.loopback, finding);
        }
        match verdict {
            Verdict::Pass | Verdict::Fail => Outcome { learned, ..Outcome::from_findings(findings, requests) },
            verdict => Outcome { verdict, findings, learned, requests },
        }
    }

    async fn judged(&self, index: usize) -> Outcome {
        let planned = &self.plan.tasks[index];
        let (client, operation, check) = (&self.client, planned.operation, planned.check);
        self.tried[index].store(true, Ordering::Relaxed);
        match &planned.task {
            Task::Shape => {
                let seen = Self::shared(&self.shapes, operation, || shape::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Error => {
                let seen = Self::shared(&self.errors, operation, || error::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Pagination => {
                let seen = Self::shared(&self.pages, operation, || pagination::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Idempotency => idempotency::run(client, operation, check).await,
            Task::Lifecycle => lifecycle::run(client, operation, check).await,
            Task::Search => {
                let seen = Self::shared(&self.searches, operation, || search::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Mutation(site) => invalid::mutation(client, operation, site, check).await,
            Task::Language(trial) => language::run(client, operation, check, trial).await,
            Task::Fault(fault) => invalid::fault(client, operation, check, *fault).await,
        }
    }
}

impl Judge for Suite {
    fn cases(&self) -> &[CaseId] {
        &self.plan.cases
    }

    fn run(&self, index: usize) -> Judgement<'_> {
        Box::pin(self.judge(index))
    }

    fn learned(&self) -> Learned {
        self.client.learned()
    }

    /// Constraints that were broken on purpose, of all that the model has on inputs.
    fn coverage(&self) -> Coverage {
        let mutations = |tried: bool| {
            let chosen = self.plan.tasks.iter().zip(&self.tried).filter(|(planned, done)| {
                matches!(planned.task, Task::Mutation(_)) && (!tried || done.load(Ordering::Relaxed))
            });
            chosen.count() as u64
        };
        let operations: BTreeSet<&str> = self.plan.cases.iter().map(|case| case.operation.as_str()).collect();
        let left_out = self.plan.left_out.len() as u64;
        let constraints = Ratio { covered: mutations(true), total: mutations(false) + left_out };
        Coverage {
            operations: None,
            members: None,
            constraints: (!operations.is_empty()).then_some(constraints),
            errors: None,
        }
    }
}
