//! Runs a walk against an endpoint: sends its steps, reads the touched resource after each step and all resources at the
//! end, and compares every response with the reference. Deletes the resources of the walk, however it ends.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::client::pager::{Pager, page_sizes};
use crate::client::reply::{QUOTAS, Reply};
use crate::client::{Client, read_created};
use crate::steps::{Wait, body, perform};
use crate::walks::assume::Deviation;
use crate::walks::model::{Answer, Mismatch, Model, outline};
use crate::walks::request::{Call, call, words};
use crate::walks::step::{Item, Kind, Step};
use connect_transport::exchange::Exchange;

/// The end of a walk.
pub(super) enum End {
    /// Every response agreed with the reference.
    Passed(Walked),
    /// Responses differed: one failure for each deviation, in the order in which the walk met them.
    Failed(Vec<Failure>),
    /// Nothing can be concluded, and why.
    Inconclusive(String),
}

/// Statistics of a walk that passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Steps that the endpoint accepted.
    pub accepted: usize,
    /// Steps that the endpoint rejected, as it must or may.
    pub refused: usize,
}

/// A response that differs from the reference.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) deviation: Deviation,
    /// The steps before the response, with resolved resources; steps without a resource are left out.
    pub(super) steps: Vec<Step>,
    /// The steps in words, one line each.
    pub(super) lines: Vec<String>,
    /// The call with the response.
    pub(super) call: String,
    /// JSON Pointer into the response.
    pub(super) pointer: String,
    pub(super) expected: String,
    pub(super) actual: String,
    pub(super) exchange: Option<Box<Exchange>>,
}

/// Time for which a read that differs from the reference is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as in the other checks of the family.
    Brief,
    /// No time, for walks that are tried while a walk is shrunk.
    None,
}

/// The environment of walks.
pub(super) struct WalkContext<'c> {
    pub(super) client: &'c Client,
    pub(super) instance: &'c str,
    /// Operations that the endpoint offers. Steps that need others are left out.
    pub(super) offered: &'c BTreeSet<&'static str>,
    pub(super) patience: Patience,
    /// Deviations that earlier walks met. Reads that show them are not repeated.
    pub(super) known: &'c BTreeSet<Deviation>,
    /// The deviation that the walk is run for: it ends there, and does not wait for others.
    pub(super) sought: Option<&'c Deviation>,
}

/// Page size for lists in one page.
const MAX_SIZE: usize = 1000;
/// Largest number of pages of one list. `pagination.terminates` judges lists that do not end.
const MAX_PAGES: usize = 200;
/// Largest number of differences of one answer.
const MAX_DIFFERENCES: usize = 20;
/// Server errors after which a walk ends. Each is retried, which takes time.
const MAX_ERRORS: usize = 5;
/// Number of pages of lists in several pages.
const SEVERAL_PAGES: usize = 3;

impl WalkContext<'_> {
    /// Runs a walk, with new names and tokens.
    pub(super) async fn walk(&self, steps: &[Step]) -> End {
        let model = Model::new(names(self.client, steps));
        let mut walker = Walker {
            context: self,
            model,
            created: Vec::new(),
            done: Vec::new(),
            lines: Vec::new(),
            walked: Walked::default(),
            failures: Vec::new(),
            last: None,
            errors: Vec::new(),
        };
        let end = walker.steps(steps).await;
        walker.delete_all().await;
        if self.patience == Patience::Brief {
            for (topic, fact) in walker.model.learned {
                self.client.learn(topic, fact);
            }
        }
        match end {
            _ if !walker.failures.is_empty() => End::Failed(walker.failures),
            // A walk with a server error proves nothing by itself; other checks judge the error.
            Ok(()) | Err(Stop::Sought) => match walker.errors.into_iter().next() {
                Some((.., why)) => End::Inconclusive(why),
                None => End::Passed(walker.walked),
            },
            Err(Stop::ServerError(why)) => End::Inconclusive(why),
            Err(Stop::Inconclusive(why)) => End::Inconclusive(why),
        }
    }
}

/// A fresh name for each name number in the steps.
fn names(client: &Client, steps: &[Step]) -> HashMap<(Kind, u8), String> {
    let mut names = HashMap::new();
    for step in steps {
        let (kind, name) = match step {
            Step::Create { kind, name, .. } => (*kind, *name),
            Step::Rename { of, name } | Step::Archive { of, name: Some(name), .. } => (of.kind, *name),
            _ => continue,
        };
        names.entry((kind, name)).or_insert_with(|| client.fresh_name());
    }
    names
}

/// Ends a walk early.
enum Stop {
    /// The walk has met the deviation that it was run for.
    Sought,
    Inconclusive(String),
    /// A call was answered with a server error, in words. The walk goes on behind it.
    ServerError(String),
}

struct Walker<'t> {
    context: &'t WalkContext<'t>,
    model: Model,
    /// Every resource that the endpoint created, also those that contradict the reference.
    created: Vec<(Kind, String)>,
    /// Steps that were sent.
    done: Vec<Step>,
    /// The same steps in words.
    lines: Vec<String>,
    walked: Walked,
    failures: Vec<Failure>,
    /// The change whose effect on its resource is being read.
    last: Option<&'static str>,
    /// Server errors: operation, resource, and the answer in words. The operation is not called for that resource again.
    errors: Vec<(&'static str, Option<Item>, String)>,
}

impl Walker<'_> {
    async fn steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            let before = self.model.items().count();
            let Some(step) = self.resolve(step) else { continue };
            if !self.perform(&step, true).await? || step.is_read() {
                continue;
            }
            let touched = match step.item() {
                Some(item) => Some(item),
                None => self.model.items().map(|(item, _)| item).filter(|_| self.model.items().count() > before).last(),
            };
            if let Some(item) = touched {
                self.last = Some(step.word());
                self.describe(item).await?;
                self.last = None;
            }
        }
        let items: Vec<Item> = self.model.items().map(|(item, _)| item).collect();
        for item in &items {
            self.describe(*item).await?;
            self.read(Step::ListTags { of: *item }).await?;
            let versions = self.model.resource(*item).map_or(0, |resource| resource.versions.len());
            for nth in 0..versions {
                self.read(Step::DescribeVersion { of: *item, nth }).await?;
            }
            if versions > 0 {
                self.read(Step::ListVersions { of: *item }).await?;
            }
        }
        for kind in items.iter().map(|item| item.kind).collect::<BTreeSet<_>>() {
            self.read(Step::List { kind, pages: false }).await?;
        }
        Ok(())
    }

    /// The step with a resolved item; none if there is no resource of its kind.
    fn resolve(&self, step: &Step) -> Option<Step> {
        let mut step = step.clone();
        if let Some(item) = step.item_mut() {
            *item = self.model.resolve(*item)?;
        }
        Some(step)
    }

    async fn describe(&mut self, item: Item) -> Result<(), Stop> {
        self.read(Step::Describe { of: item, draft: false }).await?;
        if item.kind.has_draft() && self.model.resource(item).is_some_and(|resource| resource.alive) {
            self.read(Step::Describe { of: item, draft: true }).await?;
        }
        Ok(())
    }

    async fn read(&mut self, step: Step) -> Result<(), Stop> {
        self.perform(&step, false).await.map(|_| ())
    }

    /// Sends a call, and repeats it until its response agrees with the reference or the time is over. With `record`, the
    /// step is recorded. False if there is nothing to call.
    async fn perform(&mut self, step: &Step, record: bool) -> Result<bool, Stop> {
        let client = self.context.client;
        let template = match step {
            Step::Create { kind, .. } => client.creation(kind.row()).await.map_err(Stop::Inconclusive)?,
            _ => Value::Null,
        };
        let call = call(&self.model, step, self.context.instance, template);
        let failed = |call: &Call| {
            let same = |(operation, item, _): &(&str, Option<Item>, String)| {
                (*operation, *item) == (call.operation, step.item())
            };
            step.item().is_some() && self.errors.iter().any(same)
        };
        let offers = |call: &Call| self.context.offered.contains(call.operation) && !failed(call);
        let Some(call) = call.filter(offers) else { return Ok(false) };
        let mut wait = (self.context.patience == Patience::Brief).then(|| Wait::brief(client));
        loop {
            let replied = match step {
                Step::List { kind, pages } => self.list(&call, kind.row().list_name(), *pages).await,
                Step::ListVersions { .. } => self.list(&call, call.operation, false).await,
                _ => self.send(&call, step).await.map(Some),
            };
            let replied = match replied {
                Err(Stop::ServerError(why)) => {
                    self.go_on_after_error(step, &call, why, record)?;
                    return Ok(true);
                }
                replied => replied?,
            };
            let Some((answer, exchange)) = replied else { return Ok(false) };
            if let (Step::Create { kind, .. }, Answer::Refused(..)) = (step, &answer)
                && self.model.items().all(|(item, _)| item.kind != *kind)
            {
                // An endpoint that rejects valid creations shows none of its behaviour.
                return Err(Stop::Inconclusive(format!("{} answered {}", call.operation, outline(&answer))));
            }
            let Err(mismatch) = self.model.apply(step, &call.input, &answer) else {
                if record {
                    self.record(step, &call, &answer);
                }
                return Ok(true);
            };
            // A creation cannot be repeated.
            let has_created =
                matches!(step, Step::Create { .. } | Step::CreateAgain { .. }) && matches!(answer, Answer::Accepted(_));
            let is_known = self.is_known(&self.model.deviation(step, &answer, &mismatch, self.last));
            let again = match &mut wait {
                Some(wait) if !has_created && !is_known => wait.again().await,
                _ => false,
            };
            if !again {
                if record {
                    self.record(step, &call, &answer);
                }
                self.go_on_behind(step, &call, &answer, mismatch, exchange)?;
                return Ok(true);
            }
        }
    }

    /// True for deviations that earlier walks or this one met, and for those that the walk is not run for.
    fn is_known(&self, deviation: &Deviation) -> bool {
        let WalkContext { known, sought, .. } = self.context;
        let is_other = sought.is_some_and(|sought| sought != deviation);
        is_other || known.contains(deviation) || self.failures.iter().any(|failure| failure.deviation == *deviation)
    }

    /// Keeps a mismatch as a failure, assumes it, and continues with the next difference of the same answer.
    fn go_on_behind(
        &mut self,
        step: &Step,
        call: &Call,
        answer: &Answer,
        mut mismatch: Mismatch,
        exchange: Option<Box<Exchange>>,
    ) -> Result<(), Stop> {
        for _ in 0..MAX_DIFFERENCES {
            let deviation = self.model.deviation(step, answer, &mismatch, self.last);
            let is_sought = self.context.sought == Some(&deviation);
            if self.failures.iter().all(|failure| failure.deviation != deviation) {
                let Mismatch { pointer, expected, actual } = mismatch.clone();
                self.failures.push(Failure {
                    deviation,
                    steps: self.done.clone(),
                    lines: self.lines.clone(),
                    call: words(step, call.operation),
                    pointer,
                    expected,
                    actual: actual.unwrap_or_else(|| outline(answer)),
                    exchange: exchange.clone(),
                });
            }
            if is_sought {
                return Err(Stop::Sought);
            }
            self.model.assume(step, answer, &mismatch);
            match self.model.apply(step, &call.input, answer) {
                Err(next) if next != mismatch => mismatch = next,
                _ => break,
            }
        }
        Ok(())
    }

    /// Continues after a server error: whether the call changed something is unknown until a read tells.
    fn go_on_after_error(&mut self, step: &Step, call: &Call, why: String, record: bool) -> Result<(), Stop> {
        if record {
            self.done.push(step.clone());
            self.lines.push(format!("{}. {} → {why}", self.lines.len() + 1, words(step, call.operation)));
        }
        self.model.forget(step);
        self.errors.push((call.operation, step.item(), why.clone()));
        if self.errors.len() < MAX_ERRORS { Ok(()) } else { Err(Stop::ServerError(why)) }
    }

    /// Records a step and its response, as data and in words.
    fn record(&mut self, step: &Step, call: &Call, answer: &Answer) {
        let outcome = match answer {
            Answer::Accepted(body) => match step {
                Step::Create { kind, .. } => {
                    let id = kind.row().id_in(&Value::Null, body).unwrap_or_default();
                    let number = self.model.items().filter(|(item, _)| item.kind == *kind).count();
                    format!("created {}, id {id}", Item { kind: *kind, number: number.saturating_sub(1) })
                }
                _ => "accepted".to_owned(),
            },
            Answer::Refused(..) => outline(answer),
        };
        match answer {
            Answer::Accepted(_) => self.walked.accepted += 1,
            Answer::Refused(..) => self.walked.refused += 1,
        }
        self.done.push(step.clone());
        self.lines.push(format!("{}. {} → {outcome}", self.lines.len() + 1, words(step, call.operation)));
    }

    async fn send(&mut self, call: &Call, step: &Step) -> Result<(Answer, Option<Box<Exchange>>), Stop> {
        let reply = perform(self.context.client, call.operation, &call.input).await.map_err(Stop::Inconclusive)?;
        match reply {
            Reply::Success(exchange) => {
                let kind = match step {
                    Step::Create { kind, .. } => Some(*kind),
                    Step::CreateAgain { of } => Some(of.kind),
                    _ => None,
                };
                if let Some(kind) = kind {
                    let created = read_created(kind.row(), &call.input, &exchange).map_err(Stop::Inconclusive)?;
                    self.created.push((kind, created.id));
                }
                let empty = exchange.response.body.is_empty();
                let body = if empty {
                    json!({})
                } else {
                    body(self.context.client.schema, &exchange).map_err(Stop::Inconclusive)?
                };
                Ok((Answer::Accepted(body), Some(exchange)))
            }
            Reply::Refused(exchange, error) => {
                let status = exchange.response.status;
                let code = error.code.clone();
                // Quotas and server errors say nothing about the walk.
                let is_quota = code.as_deref().is_some_and(|code| QUOTAS.contains(&code));
                if is_quota || status >= 500 {
                    let why = format!("{} answered {status} {}", call.operation, code.unwrap_or_default());
                    let why = why.trim_end().to_owned();
                    return Err(if is_quota { Stop::Inconclusive(why) } else { Stop::ServerError(why) });
                }
                Ok((Answer::Refused(status, code), Some(exchange)))
            }
            other => Err(Stop::Inconclusive(format!("{}: {}", call.operation, other.describe()))),
        }
    }

    /// The items of all pages, with the last exchange; none if a later page is missing, which the checks of pagination
    /// judge.
    async fn list(
        &mut self,
        call: &Call,
        operation: &str,
        pages: bool,
    ) -> Result<Option<(Answer, Option<Box<Exchange>>)>, Stop> {
        let client = self.context.client;
        let id = client.schema.operation_named(operation);
        let id = id.ok_or_else(|| Stop::Inconclusive(format!("the model has no {operation}")))?;
        let pager = Pager::new(client, id, call.input.clone()).map_err(Stop::Inconclusive)?;
        let mut size = MAX_SIZE;
        if pages {
            // A list in one page shows the number of items.
            let whole = Box::pin(self.list(call, operation, false)).await?;
            if let Some((Answer::Accepted(Value::Array(items)), _)) = &whole {
                size = items.len() / SEVERAL_PAGES + 1;
            }
        }
        let size = page_sizes(client.schema, id).map(|(_, most)| most.min(size as i64));
        let step = Step::List { kind: Kind::Flow, pages };
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for number in 0..MAX_PAGES {
            let input = pager.input(size, token.as_deref());
            let (answer, exchange) = self.send(&Call { operation: call.operation, input }, &step).await?;
            let Answer::Accepted(page) = answer else { return Ok((number == 0).then_some((answer, exchange))) };
            let (items, next) = pager.contents(&page);
            all.extend(items);
            match next {
                Some(next) => token = Some(next),
                None => return Ok(Some((Answer::Accepted(Value::Array(all)), exchange))),
            }
        }
        Ok(None)
    }

    /// Deletes the resources of the walk. Resources that cannot be deleted are counted.
    async fn delete_all(&mut self) {
        let client = self.context.client;
        let deleted: BTreeSet<String> = self
            .model
            .items()
            .filter(|(_, resource)| !resource.alive)
            .map(|(_, resource)| resource.id.clone())
            .collect();
        for (kind, id) in std::mem::take(&mut self.created) {
            if deleted.contains(&id) {
                continue;
            }
            let row = kind.row();
            let input = json!({ "InstanceId": self.context.instance, row.id_member: id });
            match perform(client, row.delete, &input).await {
                Ok(Reply::Success(_)) => {}
                // A repeated creation enters the same id twice.
                Ok(Reply::Refused(exchange, _)) if exchange.response.status == 404 => {}
                _ => client.note("left behind by a walk", row.kind),
            }
        }
    }
}
