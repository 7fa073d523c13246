//! The code of a check: where it applies ([`Code::variants`]) and how one of its cases is run ([`Attempt::run`]).
//!
//! Two forms serve all rows. [`Observed`] shares one observation among several checks of an operation; [`On`] runs a
//! function of its own on each subject that the check applies to.

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

/// Where a check applies, and how it is run there.
pub trait Code: Sync {
    /// The cases of `check` on the operation in scope.
    fn variants(&'static self, scope: &Scope<'_>, check: &'static Check) -> Vec<Variant>;
}

/// One case of a check on an operation.
pub struct Variant {
    /// Distinguishes the cases of one check on one operation; none if there is only one.
    pub name: Option<String>,
    /// What to run, or why nothing can be.
    pub attempt: Result<Arc<dyn Attempt>, Omission>,
}

/// A reason for which a case is not planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Omission {
    /// The case cannot be expressed: it has no value, or no form on the wire.
    NotExpressible(String),
    /// The case calls operations that must not be called.
    NotPermitted(String),
}

/// Runs one case.
pub trait Attempt: Send + Sync {
    /// Judges the case.
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t>;
}

/// The operation that is planned for, with what several checks derive from it.
pub struct Scope<'s> {
    /// The model.
    pub schema: &'s Schema,
    /// The operation.
    pub operation: OperationId,
    /// The same, with its shapes.
    pub contract: &'s Operation,
    /// The part of the plan that is asked for.
    pub selection: &'s Selection,
    derived: RefCell<HashMap<&'static str, Rc<dyn Any>>>,
}

impl<'s> Scope<'s> {
    /// The scope of one operation.
    pub fn new(schema: &'s Schema, operation: OperationId, selection: &'s Selection) -> Self {
        Self { schema, operation, contract: &schema[operation], selection, derived: RefCell::default() }
    }

    /// Name of the operation.
    pub fn name(&self) -> &'s str {
        &self.contract.name
    }

    /// True if the case is part of the selection.
    pub fn wants(&self, check: &Check, variant: Option<&str>) -> bool {
        self.selection.wants(self.name(), check, variant)
    }

    /// The places of the input at which one constraint can be violated.
    pub fn sites(&self) -> Rc<Vec<Site>> {
        self.once("sites", || sites(self.schema, self.operation, Side::Input))
    }

    /// A value that is derived from the operation once for all checks. A name stands for one type.
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
    /// Sends requests.
    pub client: &'t Client,
    /// Operation under test.
    pub operation: OperationId,
    /// The check that judges.
    pub check: &'static Check,
    /// Name of the variant.
    pub variant: Option<&'t str>,
    /// Observations that cases of one operation share.
    pub memo: &'t Memo,
    /// Recorded answers, if the run compares with some.
    pub recorded: Option<&'t Recorded>,
    /// Random walks of the run.
    pub walks: &'t WalkConfig,
    /// The case among all cases of its check in the whole plan.
    pub rank: Rank,
}

/// The place of a case among those of its check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    /// Cases before it.
    pub before: u32,
    /// Cases in all.
    pub of: u32,
}

impl Rank {
    /// The part of `total` that falls to this case when it is divided evenly, and at least 1.
    pub fn share(self, total: u32) -> u32 {
        let cases = self.of.max(1);
        (total / cases + u32::from(self.before < total % cases)).max(1)
    }
}

impl<'t> Trial<'t> {
    /// Runs a scenario on an operation that the endpoint offers. The error text of the scenario says why nothing can be
    /// concluded.
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

/// Code that runs a function on each subject that the check applies to.
pub struct On<T: 'static> {
    /// The subjects on an operation, each with the name of its variant.
    pub applies: fn(&Scope<'_>) -> Vec<(Option<String>, T)>,
    /// Judges one subject.
    pub run: for<'t> fn(Trial<'t>, &'t T) -> Judgement<'t>,
}

impl<T: Send + Sync + 'static> Code for On<T> {
    fn variants(&'static self, scope: &Scope<'_>, _: &'static Check) -> Vec<Variant> {
        let variant = |(name, subject)| Variant { name, attempt: Ok(Arc::new(Bound { subject, run: self.run })) };
        (self.applies)(scope).into_iter().map(variant).collect()
    }
}

/// A subject with the function that judges it.
pub struct Bound<T> {
    /// The subject.
    pub subject: T,
    /// Judges it.
    pub run: for<'t> fn(Trial<'t>, &'t T) -> Judgement<'t>,
}

impl<T: Send + Sync> Attempt for Bound<T> {
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t> {
        (self.run)(trial, &self.subject)
    }
}

/// Code of a check that asks an observation, which several checks of an operation share.
pub struct Observed {
    /// True if the check has something to judge on the operation.
    pub applies: fn(&Scope<'_>) -> bool,
    /// The observation.
    pub by: &'static Observer,
}

/// Observes an operation once for all checks that ask.
pub struct Observer {
    /// Distinguishes the observation of an operation from others of it.
    pub name: &'static str,
    /// Makes it.
    pub observe: for<'c> fn(&'c Client, OperationId) -> BoxFuture<'c, Observation>,
}

impl Code for Observed {
    fn variants(&'static self, scope: &Scope<'_>, _: &'static Check) -> Vec<Variant> {
        let attempt = || Variant { name: None, attempt: Ok(Arc::new(Asks(self.by))) };
        (self.applies)(scope).then(attempt).into_iter().collect()
    }
}

struct Asks(&'static Observer);

impl Attempt for Asks {
    fn run<'t>(&'t self, trial: Trial<'t>) -> Judgement<'t> {
        let Observer { name, observe } = self.0;
        Box::pin(async move {
            let seen = trial.memo.get(trial.operation, name, || observe(trial.client, trial.operation)).await;
            seen.outcome(trial.check)
        })
    }
}
