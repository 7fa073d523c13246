//! Random calls of several clients on few shared things of one kind. Everything that they touch was made for the history.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use connect_model::generate::seed::Stream;
use connect_transport::exchange::Exchange;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::call::Call;
use super::meaning::refuses_names;
use super::parts::Sort;
use super::record::Recorder;
use super::updates::{Update, updates};
use super::verdict::{Lags, Verdict, judge};
use crate::client::pager::{Pager, page_sizes};
use crate::client::{Client, Created};
use crate::resources::{Resource, takes_new_name};
use crate::steps::{Wait, quiet_instance};

/// Things from the start.
const AT_FIRST: usize = 3;

/// Most things of a history: each has to be deleted.
const MOST_THINGS: usize = 10;

/// Names, and creations with one token, that several clients want.
const SHARED: usize = 2;

/// Inputs of each update operation.
const UPDATES: u32 = 6;

/// Keys of tags, of which no two clients know.
const KEYS: [&str; 3] = ["ct-a", "ct-b", "ct-c"];

/// The first calls of each client: the choices for a name that others want, a token that others use, a tag, a list.
const SUBJECTS: [usize; 4] = [61, 70, 86, 78];

/// Position of the tag among them.
const TAGGING: u32 = 2;

/// Times to wait before a connection is closed, in microseconds.
const LINGER: [u64; 3] = [0, 200, 1_000];

/// A recorded history.
pub(super) struct Recorded {
    pub(super) calls: Vec<Call>,
    /// The exchange of each call, if its answer came.
    pub(super) exchanges: Vec<Option<Box<Exchange>>>,
    /// The reason why it has fewer calls than it should, if it has.
    pub(super) cut: Option<String>,
}

/// Number of clients. On an account, no more than two calls are in flight.
pub(super) fn clients(client: &Client) -> u32 {
    if client.target.loopback { 4 } else { 2 }
}

/// Times by which reads may lag: those after which this suite stops to wait for what a call has changed. Reads by id show the
/// present on this machine; on the service that is usual and not promised.
pub(super) fn lags(client: &Client) -> Lags {
    if client.target.loopback { Lags::THIS_MACHINE } else { Lags::ELSEWHERE }
}

/// A thing of the history.
#[derive(Clone)]
struct Thing {
    created: Created,
    is_deleted: bool,
}

/// The state that the clients share.
struct Stage<'c> {
    client: &'c Client,
    row: &'static Resource,
    instance: String,
    recorder: Recorder<'c>,
    updates: Vec<Update>,
    /// Names that several clients want.
    names: Vec<String>,
    /// Creations that are sent again with their token.
    repeated: Vec<Value>,
    things: Mutex<Vec<Thing>>,
    /// True if there is only one client.
    alone: bool,
}

/// Records a history of about so many calls, beside those that prepare and end it.
///
/// # Errors
/// The reason why there is none.
pub(super) async fn record(
    client: &Client,
    row: &'static Resource,
    length: u16,
    number: u32,
    clients: u32,
) -> Result<Recorded, String> {
    let instance = if row.in_instance() { quiet_instance(client).await? } else { String::new() };
    let mut stage = Stage {
        client,
        row,
        instance,
        recorder: Recorder::new(client),
        updates: Vec::new(),
        names: Vec::new(),
        repeated: Vec::new(),
        things: Mutex::default(),
        alone: clients == 1,
    };
    stage.prepare().await?;
    let each = u32::from(length).div_ceil(clients);
    let shared = &stage;
    join_all((0..clients).map(|who| async move {
        let label = format!("{}/history/{number}/{who}", row.create);
        let mut stream = Stream::new(client.seed, &label);
        for nth in 0..each {
            if shared.recorder.is_full().is_some() {
                break;
            }
            shared.step(who, nth, &mut stream).await;
        }
    }))
    .await;
    stage.end().await;
    let cut = stage.recorder.is_full();
    let mut calls = stage.recorder.into_calls();
    // In the order in which they ended; those without an answer last.
    calls.sort_by_key(|(call, _)| (call.end.unwrap_or(u64::MAX), call.start));
    let (calls, exchanges) = calls.into_iter().unzip();
    Ok(Recorded { calls, exchanges, cut })
}

impl Stage<'_> {
    /// Makes the first things and tries each update once; operations that the endpoint refuses are left out.
    async fn prepare(&mut self) -> Result<(), String> {
        for _ in 0..AT_FIRST {
            self.create(0, self.input().await?).await?;
        }
        let first = self.things()[0].created.clone();
        for update in updates(self.client, self.row, &first.sent, UPDATES).await {
            let is_tried = self.updates.iter().any(|known| known.operation == update.operation);
            let input = self.renamed(update.of(self.row, &first.sent, &first.id), update.operation, None);
            if is_tried || self.recorder.call(0, update.operation, input).await.is_ok() {
                self.updates.push(update);
            }
        }
        self.look(0, &first).await;
        if self.row.has_unique_names() {
            self.names = (0..SHARED).filter_map(|_| self.client.unused_name(self.row)).collect();
        }
        if self.row.of.token.is_some() {
            for _ in 0..SHARED {
                self.repeated.push(self.input().await?);
            }
        }
        self.list(0, None).await;
        Ok(())
    }

    fn things(&self) -> std::sync::MutexGuard<'_, Vec<Thing>> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The input of a creation with a new name and token.
    async fn input(&self) -> Result<Value, String> {
        self.client.creation_in(self.row, &self.instance).await
    }

    async fn create(&self, who: u32, input: Value) -> Result<(), String> {
        let output = self.recorder.call(who, self.row.create, input.clone()).await?;
        let id = self.row.id_in(&input, &output);
        let id = id.ok_or_else(|| format!("{} answered without an id", self.row.create))?;
        let created = Created { id, arn: self.row.arn_in(&output), sent: input };
        let mut things = self.things();
        if things.iter().all(|thing| thing.created.id != created.id) {
            things.push(Thing { created, is_deleted: false });
        }
        Ok(())
    }

    /// An update with an unused name, or with one that others want, if it has a name.
    fn renamed(&self, mut input: Value, operation: &str, wanted: Option<usize>) -> Value {
        let Some(id) = self.client.schema.operation_named(operation) else { return input };
        let members: Vec<String> = input.as_object().into_iter().flatten().map(|(member, _)| member.clone()).collect();
        let wanted = wanted.filter(|_| refuses_names(self.client.schema, id));
        for member in members.iter().filter(|member| takes_new_name(self.client.schema, id, member)) {
            let wanted = wanted.and_then(|at| self.names.get(at)).cloned();
            if let Some(name) = wanted.or_else(|| self.client.unused_name(self.row)) {
                input[member] = name.into();
            }
        }
        input
    }

    /// Describes a thing.
    async fn look(&self, who: u32, created: &Created) {
        let input = self.row.naming(self.row.describe, &created.sent, &created.id);
        // The answer is judged with the others, at the end.
        let _ = self.recorder.call(who, self.row.describe, input).await;
    }

    /// One random call.
    async fn step(&self, who: u32, nth: u32, stream: &mut Stream) {
        let mut below = |bound: usize| usize::try_from(stream.next() % bound.max(1) as u64).unwrap_or_default();
        let (choice, at, of_what, more) = (below(100), below(8), below(UPDATES as usize), below(6));
        // No history lacks a subject by chance.
        let choice = SUBJECTS.get(nth as usize).copied().unwrap_or(choice);
        let more = if nth == TAGGING { who as usize % 2 * 3 } else { more };
        let thing = self.pick(at);
        let is_full = self.things().len() >= MOST_THINGS;
        match choice {
            0..30 => self.look(who, &thing).await,
            30..52 if !self.updates.is_empty() => {
                let chosen = &self.updates[(of_what + at * UPDATES as usize) % self.updates.len()];
                let input = chosen.of(self.row, &thing.sent, &thing.id);
                let input = self.renamed(input, chosen.operation, (more == 0).then_some(of_what % SHARED));
                let _ = self.recorder.call(who, chosen.operation, input).await;
            }
            52..57 => {
                let input = self.row.naming(self.row.delete, &thing.sent, &thing.id);
                let is_gone = self.recorder.call(who, self.row.delete, input).await.is_ok();
                let mut things = self.things();
                let known = things.iter_mut().find(|known| is_gone && known.created.id == thing.id);
                known.into_iter().for_each(|known| known.is_deleted = true);
            }
            57..61 if !is_full => {
                if let Ok(input) = self.input().await {
                    let _ = self.create(who, input).await;
                }
            }
            61..70 if !self.names.is_empty() => {
                if let Ok(mut input) = self.input().await {
                    self.row.set_name(&mut input, self.names[of_what % SHARED].clone());
                    let _ = self.create(who, input).await;
                }
            }
            70..78 if !self.repeated.is_empty() => {
                let input = self.repeated[of_what % SHARED].clone();
                if more < 2 && !self.alone {
                    let linger = Duration::from_micros(LINGER[at % LINGER.len()]);
                    self.recorder.call_and_leave(who, self.row.create, input, linger).await;
                } else {
                    let _ = self.create(who, input).await;
                }
            }
            78..86 => self.list(who, (more < 3).then_some(2)).await,
            86..100 if thing.arn.is_some() && self.row.is_taggable() => self.tag(who, &thing, of_what, more).await,
            _ => self.look(who, &thing).await,
        }
    }

    /// A thing: the first ones more often than others, so that calls meet, and now and then one that is deleted.
    fn pick(&self, at: usize) -> Created {
        let things = self.things();
        let alive: Vec<&Thing> = things.iter().filter(|thing| !thing.is_deleted).collect();
        let deleted: Vec<&Thing> = things.iter().filter(|thing| thing.is_deleted).collect();
        let chosen = match at {
            0..4 => alive.first(),
            4 | 5 => alive.get(1),
            6 => alive.last(),
            _ => deleted.last(),
        };
        let chosen = chosen.or(alive.first()).copied().unwrap_or(&things[0]);
        chosen.created.clone()
    }

    async fn tag(&self, who: u32, thing: &Created, of_what: usize, more: usize) {
        let Some(tagging) = &self.row.graph().tagging else { return };
        let schema = self.client.schema;
        let mut input = json!({ tagging.arn.as_str(): thing.arn });
        let operation = match more {
            0 | 1 => {
                let value = self.client.fresh_name();
                input[&tagging.tags] = json!({ KEYS[of_what % KEYS.len()]: value });
                tagging.tag
            }
            2 => {
                input[&tagging.keys] = json!([KEYS[of_what % KEYS.len()]]);
                tagging.untag
            }
            _ => tagging.list,
        };
        let _ = self.recorder.call(who, &schema[operation].name, input).await;
    }

    /// Reads all pages of the list.
    async fn list(&self, who: u32, size: Option<i64>) {
        let Some((list, _)) = self.row.list else { return };
        self.traverse(who, list, size).await;
    }

    async fn traverse(&self, who: u32, name: &'static str, size: Option<i64>) {
        let Some(id) = self.client.schema.operation_named(name) else { return };
        let sent = self.things()[0].created.sent.clone();
        let base = self.row.naming(name, &sent, "");
        let Ok(pager) = Pager::new(self.client, id, base) else { return };
        let size = page_sizes(self.client.schema, id).map(|(least, most)| size.unwrap_or(most).clamp(least, most));
        let mut token: Option<String> = None;
        for _ in 0..MOST_THINGS * 2 {
            let input = pager.input(size, token.as_deref());
            let Ok(output) = self.recorder.call(who, name, input).await else { return };
            let (_, next) = pager.contents(&output);
            if next.is_none() || next == token {
                return;
            }
            token = next;
        }
    }

    /// Reads everything, until lists and searches have caught up or may not lag any more.
    async fn end(&self) {
        let things: Vec<Created> = self.things().iter().map(|thing| thing.created.clone()).collect();
        let mut wait = Wait::brief(self.client);
        loop {
            for thing in &things {
                self.look(0, thing).await;
                if thing.arn.is_some() && self.row.is_taggable() {
                    self.tag(0, thing, 0, 3).await;
                }
            }
            self.list(0, None).await;
            if self.recorder.is_full().is_some() {
                return;
            }
            if !self.lags_behind(&[Sort::Described, Sort::Listed, Sort::Tag, Sort::Names]) || !wait.again().await {
                break;
            }
        }
        let Some((search, _)) = self.row.search else { return };
        let mut wait = Wait::for_index(self.client);
        loop {
            self.traverse(0, search, None).await;
            if !self.lags_behind(&[Sort::Searched]) || !wait.again().await {
                return;
            }
        }
    }

    /// True if reads of these sorts do not show the present.
    fn lags_behind(&self, sorts: &[Sort]) -> bool {
        let none = Lags { reads: 0, lists: 0, searches: 0 };
        let most = lags(self.client);
        let may_lag = |sort: Sort| match sort {
            Sort::Listed => most.lists > 0,
            Sort::Searched => most.searches > 0,
            _ => most.reads > 0,
        };
        let judged = judge(self.client.schema, &self.recorder.so_far(), none);
        judged.iter().any(|part| {
            sorts.contains(&part.sort) && may_lag(part.sort) && matches!(part.verdict, Verdict::Violation(..))
        })
    }
}
