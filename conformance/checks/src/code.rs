//! The code of a check: planning of its cases ([`Code::variants`]) and execution of one case ([`Attempt::run`]).
//!
//! Most rows use one of two forms. [`Observed`] shares one observation among several checks of an operation. [`On`]
//! calls a function for each subject that the check applies to.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use connect_model::generate::{Side, Site, sites};
use connect_model::schema::{Operation, OperationId, Schema};
use futures_util::future::BoxFuture;

use crate::case::{Finding, Outcome};
use crate::check::Check;
use crate::client::Client;
use crate::golden::Recorded;
use crate::judge::Judgement;
use crate::memo::Memo;
use crate::observe::Observation;
use crate::selection::Selection;
use crate::walks::WalkConfig;

/// Plans the cases of a check.
pub trait Code: Sync {
    /// The cases of `check` on the operation in scope.
    fn variants(&'static self, scope: &Scope<'_>, check: &'static Check) -> Vec<Variant>;
}

/// One case of a check on an operation.
pub struct Variant {
    /// Distinguishes the cases of one check on one operation; `None` if there is only one.
    pub name: Option<String>,
    /// The code of the case, or the reason why the case is not planned.
    pub attempt: Result<Arc<dyn Attempt>, Omission>,
}

/// The reason why a case is not planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Omission {
    /// The case has no value or no wire form.
    NotExpressible(String),
    /// The case calls operations that are not permitted.
    NotPermitted(String),
}

/// Runs one case.
pub trait Attempt: Send + Sync {
    /// Runs and judges the case.
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t>;

    /// The observation that the case shares with other cases of its operation, by name.
    fn shares(&self) -> Option<&'static str> {
        None
    }
}

/// The operation that is being planned, with values that several checks derive from it.
pub struct Scope<'s> {
    /// The model.
    pub schema: &'static Schema,
    /// The operation.
    pub operation: OperationId,
    /// The operation in the model.
    pub contract: &'s Operation,
    /// The selected cases.
    pub selection: &'s Selection,
    derived: RefCell<HashMap<&'static str, Rc<dyn Any>>>,
}

impl<'s> Scope<'s> {
    /// A scope for one operation.
    pub fn new(schema: &'static Schema, operation: OperationId, selection: &'s Selection) -> Self {
        Self { schema, operation, contract: &schema[operation], selection, derived: RefCell::default() }
    }

    /// Name of the operation.
    pub fn name(&self) -> &'s str {
        &self.contract.name
    }

    /// Returns true if the case is part of the selection.
    pub fn wants(&self, check: &Check, variant: Option<&str>) -> bool {
        self.selection.wants(self.name(), check, variant)
    }

    /// The places of the input at which a constraint can be violated.
    pub fn sites(&self) -> Rc<Vec<Site>> {
        self.once("sites", || sites(self.schema, self.operation, Side::Input))
    }

    /// A value that is derived from the operation once for all checks. Each name must always be used with the same
    /// type.
    pub fn once<T: 'static>(&self, name: &'static str, derive: impl FnOnce() -> T) -> Rc<T> {
        if let Some(known) = self.derived.borrow().get(name).and_then(|known| Rc::clone(known).downcast().ok()) {
            return known;
        }
        let value = Rc::new(derive());
        self.derived.borrow_mut().insert(name, Rc::<T>::clone(&value));
        value
    }
}

/// A case that is being run.
#[derive(Clone, Copy)]
pub struct Trial<'t> {
    /// The client that sends the requests.
    pub client: &'t Client,
    /// Operation under test.
    pub operation: OperationId,
    /// The check that judges the case.
    pub check: &'static Check,
    /// Name of the variant.
    pub variant: Option<&'t str>,
    /// Values that the cases of one operation share.
    pub memo: &'t Memo,
    /// Recorded responses, if the run compares with them.
    pub recorded: Option<&'t Recorded>,
    /// The configuration of random walks.
    pub walks: &'t WalkConfig,
    /// The position of the case among all cases of its check, in all shards.
    pub rank: Rank,
}

/// The position of a case among all cases of its check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    /// Number of cases before it.
    pub before: u32,
    /// Number of all cases.
    pub of: u32,
}

impl Rank {
    /// The share of this case if `total` is divided evenly among the cases; at least 1.
    pub fn share(self, total: u32) -> u32 {
        let cases = self.of.max(1);
        (total / cases + u32::from(self.before < total % cases)).max(1)
    }
}

impl<'t> Trial<'t> {
    /// Runs a scenario if the endpoint offers the operation. The error text of a scenario is the reason why nothing can
    /// be concluded.
    pub fn scenario(self, work: impl Future<Output = Result<Vec<Finding>, String>> + Send + 't) -> Judgement<'t> {
        Box::pin(async move {
            if let Some(why) = self.client.unsupported(self.operation).await {
                return Outcome::unsupported(why);
            }
            match work.await {
                Ok(findings) => Outcome::from_findings(findings),
                Err(why) => Outcome::indeterminate(why),
            }
        })
    }
}

/// Subjects of a check on an operation, each with the name of its variant; no name if there is only one.
pub type Subjects<T> = Vec<(Option<String>, T)>;

/// The operation itself as the only subject, under a condition.
pub fn itself(applies: bool) -> Subjects<()> {
    applies.then_some((None, ())).into_iter().collect()
}

/// Rows of a table as subjects, each under its name.
pub fn rows<T>(rows: impl IntoIterator<Item = &'static (&'static str, T)>) -> Subjects<&'static (&'static str, T)> {
    rows.into_iter().map(|row| (Some(row.0.to_owned()), row)).collect()
}

/// Code that calls a function for each subject that the check applies to.
pub struct On<T: 'static> {
    /// Returns the subjects on an operation, each with the name of its variant.
    pub applies: fn(&Scope<'_>) -> Subjects<T>,
    /// Runs the case of one subject.
    pub run: for<'t> fn(Trial<'t>, &'t T) -> Judgement<'t>,
}

impl<T: Send + Sync + 'static> Code for On<T> {
    fn variants(&'static self, scope: &Scope<'_>, _: &'static Check) -> Vec<Variant> {
        let variant = |(name, subject)| Variant { name, attempt: Ok(Arc::new(Bound { subject, run: self.run })) };
        (self.applies)(scope).into_iter().map(variant).collect()
    }
}

/// A subject with the function that runs its case.
pub struct Bound<T> {
    /// The subject.
    pub subject: T,
    /// Runs the case.
    pub run: for<'t> fn(Trial<'t>, &'t T) -> Judgement<'t>,
}

impl<T: Send + Sync> Attempt for Bound<T> {
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t> {
        (self.run)(trial, &self.subject)
    }
}

/// Code of a check that reads its outcome from an observation, which several checks of an operation share.
pub struct Observed {
    /// Returns true if the check has something to judge on the operation.
    pub applies: fn(&Scope<'_>) -> bool,
    /// The observer that makes the observation.
    pub by: &'static Observer,
}

/// Makes an observation once for all checks that use it.
pub struct Observer {
    /// Distinguishes several observations of one operation.
    pub name: &'static str,
    /// Makes the observation.
    pub observe: for<'c> fn(&'c Client, OperationId) -> BoxFuture<'c, Observation>,
}

impl Code for Observed {
    fn variants(&'static self, scope: &Scope<'_>, _: &'static Check) -> Vec<Variant> {
        let attempt = || Variant { name: None, attempt: Ok(Arc::new(ReadsObservation(self.by))) };
        (self.applies)(scope).then(attempt).into_iter().collect()
    }
}

/// Reads the outcome of a check from an observation.
struct ReadsObservation(&'static Observer);

impl Attempt for ReadsObservation {
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t> {
        let Observer { name, observe } = self.0;
        Box::pin(async move {
            let seen = trial.memo.get(trial.operation, name, || observe(trial.client, trial.operation)).await;
            seen.outcome(trial.check)
        })
    }

    fn shares(&self) -> Option<&'static str> {
        Some(self.0.name)
    }
}
