//! A walk at an endpoint: sends its steps, looks after each at what it touched and at the end at everything, and asks
//! the reference about every answer. Deletes what it made, however it ends.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::client::pager::{Pager, page_sizes};
use crate::client::reply::{QUOTAS, Reply};
use crate::client::{Client, made_of};
use crate::steps::{Wait, body, perform};
use crate::walks::model::{Answer, Mismatch, Model, outline};
use crate::walks::request::{Call, call, words};
use crate::walks::step::{Item, Kind, Step};
use connect_transport::exchange::Exchange;

/// How a walk ended.
pub(super) enum End {
    /// Everything was as it must be.
    Sound(Walked),
    /// Something was not.
    Broken(Box<Broken>),
    /// Nothing can be said, and why.
    Lost(String),
}

/// A walk that went as it must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Steps that the endpoint accepted.
    pub accepted: usize,
    /// Steps that it refused, as it had to or could.
    pub refused: usize,
}

/// Where the endpoint left the reference.
pub(super) struct Broken {
    /// The steps up to there, each about the very resource that it met; those that met none are left out.
    pub(super) steps: Vec<Step>,
    /// What was done, in words, one line each.
    pub(super) lines: Vec<String>,
    /// The call that showed it.
    pub(super) call: String,
    /// JSON Pointer into the answer.
    pub(super) pointer: String,
    pub(super) expected: String,
    pub(super) actual: String,
    pub(super) exchange: Option<Box<Exchange>>,
}

/// How long something that is not yet as it must be is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as the other checks of the family do.
    Brief,
    /// Not at all: for walks that are tried while one is being shortened.
    None,
}

/// What a walk goes through.
pub(super) struct Trail<'c> {
    pub(super) client: &'c Client,
    pub(super) instance: &'c str,
    /// Operations that the endpoint offers; steps that need others are left out.
    pub(super) offered: &'c BTreeSet<&'static str>,
    pub(super) patience: Patience,
}

/// Most items in the pages of a list that is asked for as a whole.
const MOST: usize = 1000;
/// Most pages of one list: a list that goes on for ever is the matter of `pagination.terminates`.
const PAGES: usize = 200;
/// Pages that a list is cut into, when it is to have several.
const SEVERAL: usize = 3;

impl Trail<'_> {
    /// Walks. Names and tokens are new every time.
    pub(super) async fn walk(&self, steps: &[Step]) -> End {
        let model = Model::new(names(self.client, steps));
        let mut walker = Walker {
            trail: self,
            model,
            made: Vec::new(),
            done: Vec::new(),
            lines: Vec::new(),
            walked: Walked::default(),
        };
        let end = walker.steps(steps).await;
        walker.clear().await;
        if self.patience == Patience::Brief {
            for (topic, fact) in walker.model.learned {
                self.client.learn(topic, fact);
            }
        }
        match end {
            Ok(()) => End::Sound(walker.walked),
            Err(Stop::Broken(broken)) => End::Broken(broken),
            Err(Stop::Lost(why)) => End::Lost(why),
        }
    }
}

/// A fresh name for each that the steps mention.
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

enum Stop {
    Broken(Box<Broken>),
    Lost(String),
}

struct Walker<'t> {
    trail: &'t Trail<'t>,
    model: Model,
    /// Everything that the endpoint said it made, whatever the reference thinks of it.
    made: Vec<(Kind, String)>,
    /// Steps that were taken, and the same in words.
    done: Vec<Step>,
    lines: Vec<String>,
    walked: Walked,
}

impl Walker<'_> {
    async fn steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            let before = self.model.items().count();
            let Some(step) = self.resolve(step) else { continue };
            if !self.perform(&step, true).await? || step.only_looks() {
                continue;
            }
            let touched = match step.item() {
                Some(item) => Some(item),
                None => self.model.items().map(|(item, _)| item).filter(|_| self.model.items().count() > before).last(),
            };
            if let Some(item) = touched {
                self.look_at(item).await?;
            }
        }
        let items: Vec<Item> = self.model.items().map(|(item, _)| item).collect();
        for item in &items {
            self.look_at(*item).await?;
            self.look(Step::ListTags { of: *item }).await?;
            let versions = self.model.thing(*item).map_or(0, |thing| thing.versions.len());
            for nth in 0..versions {
                self.look(Step::DescribeVersion { of: *item, nth }).await?;
            }
            if versions > 0 {
                self.look(Step::ListVersions { of: *item }).await?;
            }
        }
        for kind in items.iter().map(|item| item.kind).collect::<BTreeSet<_>>() {
            self.look(Step::List { kind, pages: false }).await?;
        }
        Ok(())
    }

    /// The step about what its item means; none if there is nothing of the kind.
    fn resolve(&self, step: &Step) -> Option<Step> {
        let mut step = step.clone();
        if let Some(item) = step.item_mut() {
            *item = self.model.resolve(*item)?;
        }
        Some(step)
    }

    async fn look_at(&mut self, item: Item) -> Result<(), Stop> {
        self.look(Step::Describe { of: item, draft: false }).await?;
        if item.kind.has_draft() && self.model.thing(item).is_some_and(|thing| thing.alive) {
            self.look(Step::Describe { of: item, draft: true }).await?;
        }
        Ok(())
    }

    async fn look(&mut self, step: Step) -> Result<(), Stop> {
        self.perform(&step, false).await.map(|_| ())
    }

    /// One call, until its answer is as it must be or patience ends. False if there is nothing to call.
    async fn perform(&mut self, step: &Step, told: bool) -> Result<bool, Stop> {
        let client = self.trail.client;
        let template = match step {
            Step::Create { kind, .. } => client.creation(kind.row()).await.map(|(_, input)| input),
            _ => None,
        };
        if matches!(step, Step::Create { .. }) && template.is_none() {
            return Err(Stop::Lost("no instance to walk in".to_owned()));
        }
        let call = call(&self.model, step, self.trail.instance, |_| template.unwrap_or_default());
        let Some(call) = call.filter(|call| self.trail.offered.contains(call.operation)) else { return Ok(false) };
        let mut wait = (self.trail.patience == Patience::Brief).then(|| Wait::brief(client));
        loop {
            let asked = match step {
                Step::List { kind, pages } => self.list(&call, kind.row().list.0, *pages).await?,
                Step::ListVersions { .. } => self.list(&call, call.operation, false).await?,
                _ => Some(self.ask(&call, step).await?),
            };
            let Some((answer, exchange)) = asked else { return Ok(false) };
            if let (Step::Create { kind, .. }, Answer::Refused(..)) = (step, &answer)
                && self.model.items().all(|(item, _)| item.kind != *kind)
            {
                // An endpoint that refuses what is valid shows nothing of what it would do with it.
                return Err(Stop::Lost(format!("{} answered {}", call.operation, outline(&answer))));
            }
            let Err(mismatch) = self.model.take(step, &call.input, &answer) else {
                if told {
                    self.tell(step, &call, &answer);
                }
                return Ok(true);
            };
            // What was made cannot be asked for again.
            let made =
                matches!(step, Step::Create { .. } | Step::CreateAgain { .. }) && matches!(answer, Answer::Accepted(_));
            let again = match &mut wait {
                Some(wait) if !made => wait.again().await,
                _ => false,
            };
            if !again {
                if told {
                    self.tell(step, &call, &answer);
                }
                let Mismatch { pointer, expected, actual } = mismatch;
                return Err(Stop::Broken(Box::new(Broken {
                    steps: std::mem::take(&mut self.done),
                    lines: std::mem::take(&mut self.lines),
                    call: words(step, call.operation),
                    pointer,
                    expected,
                    actual: actual.unwrap_or_else(|| outline(&answer)),
                    exchange,
                })));
            }
        }
    }

    fn tell(&mut self, step: &Step, call: &Call, answer: &Answer) {
        let outcome = match answer {
            Answer::Accepted(body) => match step {
                Step::Create { kind, .. } => {
                    let id = body[kind.row().id].as_str().unwrap_or_default();
                    let number = self.model.items().filter(|(item, _)| item.kind == *kind).count();
                    format!("made {}, id {id}", Item { kind: *kind, number: number.saturating_sub(1) })
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

    async fn ask(&mut self, call: &Call, step: &Step) -> Result<(Answer, Option<Box<Exchange>>), Stop> {
        let reply = perform(self.trail.client, call.operation, &call.input).await.map_err(Stop::Lost)?;
        match reply {
            Reply::Success(exchange) => {
                let kind = match step {
                    Step::Create { kind, .. } => Some(*kind),
                    Step::CreateAgain { of } => Some(of.kind),
                    _ => None,
                };
                if let Some(kind) = kind {
                    let made = made_of(kind.row(), &exchange.response.body).ok_or_else(|| {
                        Stop::Lost(format!(
                            "{} answered without {} and {}",
                            call.operation,
                            kind.row().id,
                            kind.row().arn
                        ))
                    })?;
                    self.made.push((kind, made.id));
                }
                let empty = exchange.response.body.is_empty();
                let body = if empty { json!({}) } else { body(&exchange).map_err(Stop::Lost)? };
                Ok((Answer::Accepted(body), Some(exchange)))
            }
            Reply::Refused(exchange, error) => {
                let status = exchange.response.status;
                let code = error.code.clone();
                // A full instance says nothing about the walk.
                if status >= 500 || code.as_deref().is_some_and(|code| QUOTAS.contains(&code)) {
                    let why = format!("{} answered {status} {}", call.operation, code.unwrap_or_default());
                    return Err(Stop::Lost(why));
                }
                Ok((Answer::Refused(status, code), Some(exchange)))
            }
            other => Err(Stop::Lost(format!("{}: {}", call.operation, other.describe()))),
        }
    }

    /// All items of all pages, with the last exchange; none if there is a next page that does not come, which is the
    /// matter of the checks of pagination.
    async fn list(
        &mut self,
        call: &Call,
        operation: &str,
        pages: bool,
    ) -> Result<Option<(Answer, Option<Box<Exchange>>)>, Stop> {
        let client = self.trail.client;
        let id = client.schema.operation_named(operation);
        let id = id.ok_or_else(|| Stop::Lost(format!("the model has no {operation}")))?;
        let pager = Pager::new(client, id, call.input.clone()).map_err(Stop::Lost)?;
        let mut size = MOST;
        if pages {
            // How much there is, says a list in one piece.
            let whole = Box::pin(self.list(call, operation, false)).await?;
            if let Some((Answer::Accepted(Value::Array(items)), _)) = &whole {
                size = items.len() / SEVERAL + 1;
            }
        }
        let size = page_sizes(client.schema, id).map(|(_, most)| most.min(size as i64));
        let step = Step::List { kind: Kind::Flow, pages };
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for number in 0..PAGES {
            let input = pager.input(size, token.as_deref());
            let (answer, exchange) = self.ask(&Call { operation: call.operation, input }, &step).await?;
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

    /// Deletes what was made. What does not go is counted.
    async fn clear(&mut self) {
        let client = self.trail.client;
        let gone: BTreeSet<String> =
            self.model.items().filter(|(_, thing)| !thing.alive).map(|(_, thing)| thing.id.clone()).collect();
        for (kind, id) in std::mem::take(&mut self.made) {
            if gone.contains(&id) {
                continue;
            }
            let row = kind.row();
            let input = json!({ "InstanceId": self.trail.instance, row.id_member: id });
            match perform(client, row.delete, &input).await {
                Ok(Reply::Success(_)) => {}
                // A creation that was repeated has one id twice; what is gone is gone.
                Ok(Reply::Refused(exchange, _)) if exchange.response.status == 404 => {}
                _ => client.learn("left behind by a walk", row.kind),
            }
        }
    }
}
