//! The plan against a client: which check judges which case, and observations shared between the checks of a family.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use connect_model::schema::OperationId;

use crate::case::{CaseId, Outcome, Verdict};
use crate::check::level_at;
use crate::client::Client;
use crate::coverage::{Coverage, Learned, Ratio};
use crate::golden;
use crate::golden::{Asked, Recorded};
use crate::judge::{Judge, Judgement};
use crate::ledger;
use crate::ledger::Owner;
use crate::observe::{Observation, Shared};
use crate::plan::{Plan, Task};
use crate::walks;
use crate::walks::WalkConfig;
use crate::{error, idempotency, invalid, language, lifecycle, pagination, search, shape};

/// Everything that a run tries.
pub struct Suite {
    plan: Plan,
    client: Client,
    walks: WalkConfig,
    shapes: Shared<Observation>,
    errors: Shared<Observation>,
    pages: Shared<Observation>,
    searches: Shared<Observation>,
    asked: Shared<Asked>,
    golden: Option<Recorded>,
    scored: Vec<AtomicBool>,
    /// Trials of each operation that have not ended.
    to_come: Vec<AtomicUsize>,
}

impl Suite {
    /// A suite that has sent nothing yet.
    pub fn new(plan: Plan, client: Client, walks: WalkConfig, golden: Option<Recorded>) -> Self {
        let scored = plan.cases.iter().map(|_| AtomicBool::new(false)).collect();
        let operations = client.schema.operations().count();
        let [shapes, errors, pages, searches] = std::array::from_fn(|_| Shared::new(operations));
        let asked = Shared::new(operations);
        let to_come: Vec<AtomicUsize> = client.schema.operations().map(|_| AtomicUsize::new(0)).collect();
        for planned in &plan.tasks {
            to_come[planned.operation.index()].fetch_add(1, Ordering::Relaxed);
        }
        Self { shapes, errors, pages, searches, asked, golden, scored, to_come, plan, client, walks }
    }

    /// What it tries.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whom it asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How many of the run's walks belong to a case: an equal part, and one at least.
    fn share(&self, index: usize) -> u32 {
        let (cases, before) = (self.plan.walks.max(1), self.plan.tasks[index].walks_before);
        (self.walks.count / cases + u32::from(before < self.walks.count % cases)).max(1)
    }

    /// Lets go of what was observed of an operation whose trials have all ended.
    fn forget(&self, operation: OperationId) {
        for observed in [&self.shapes, &self.errors, &self.pages, &self.searches] {
            observed.forget(operation);
        }
        self.asked.forget(operation);
    }

    /// Judges a case, with levels as they are on this endpoint.
    async fn judge(&self, index: usize) -> Outcome {
        let Outcome { verdict, mut findings, learned } = self.judged(index).await;
        for finding in &mut findings {
            finding.level = level_at(self.client.target.loopback, finding);
        }
        match verdict {
            Verdict::Pass | Verdict::Fail | Verdict::Known(_) | Verdict::Stale(_) => {
                self.scored[index].store(true, Ordering::Relaxed);
                Outcome { learned, ..Outcome::from_findings(findings) }
            }
            verdict => Outcome { verdict, findings, learned },
        }
    }

    async fn judged(&self, index: usize) -> Outcome {
        let planned = &self.plan.tasks[index];
        let (client, operation, check) = (&self.client, planned.operation, planned.check);
        match &planned.task {
            Task::Shape => {
                let seen = self.shapes.get(operation, || shape::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Error => {
                let seen = self.errors.get(operation, || error::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Pagination => {
                let seen = self.pages.get(operation, || pagination::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Idempotency => idempotency::run(client, operation, check).await,
            Task::Lifecycle(row) => lifecycle::run(client, operation, check, row).await,
            Task::Search => {
                let seen = self.searches.get(operation, || search::observe(client, operation)).await;
                seen.outcome(check.id)
            }
            Task::Walk(subject) => {
                let share = self.share(index);
                walks::run(client, operation, check, subject, share, &self.walks).await
            }
            Task::Mutation(site) => invalid::mutation(client, operation, site, check).await,
            Task::Language(trial) => language::run(client, operation, check, trial).await,
            Task::Golden => {
                let asked = self.asked.get(operation, || golden::ask(client, operation)).await;
                let entry = self.golden.as_ref().and_then(|all| all.get(&client.schema[operation].name));
                golden::judge(&asked, entry, check, self.plan.cases[index].variant.as_deref())
            }
            Task::Fault(fault) => invalid::fault(client, operation, check, *fault).await,
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
            let was_last = self.to_come[operation.index()].fetch_sub(1, Ordering::AcqRel) == 1;
            if was_last {
                self.forget(operation);
            }
            // A real account has quotas: nothing stays for longer than it is needed. What will not go now is tried again
            // at the end.
            self.client.tidy(|of| *of == owner || (was_last && *of == Owner::Fixture(operation))).await;
            outcome
        })
    }

    fn requests(&self) -> u64 {
        self.client.requests_sent()
    }

    fn clear(&self) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + '_>> {
        Box::pin(self.client.clear())
    }

    fn learned(&self) -> Learned {
        self.client.learned()
    }

    /// Constraints that were broken on purpose, of all that the model has on inputs.
    fn coverage(&self) -> Coverage {
        let mutations = |scored: bool| {
            let chosen = self.plan.tasks.iter().zip(&self.scored).filter(|(planned, done)| {
                matches!(planned.task, Task::Mutation(_)) && (!scored || done.load(Ordering::Relaxed))
            });
            chosen.count() as u64
        };
        let operations: BTreeSet<OperationId> = self.plan.tasks.iter().map(|planned| planned.operation).collect();
        let operations: Vec<OperationId> = operations.into_iter().collect();
        let (schema, touched) = (self.client.schema, self.client.touched());
        let left_out = self.plan.left_out.len() as u64;
        let constraints = Ratio { covered: mutations(true), total: mutations(false) + left_out };
        let constraints = (!operations.is_empty()).then_some(constraints);
        Coverage::of(Some(touched.sets(schema, &operations)), constraints)
    }
}
