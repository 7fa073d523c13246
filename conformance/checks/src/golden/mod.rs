//! Recorded answers: what an endpoint said to a fixed set of requests, kept to be reviewed, and compared every night.
//!
//! Each operation is asked in up to three ways: by a valid request as small as may be, by one with a fault, and by one
//! that names what nobody has. Requests depend on the model and a seed alone, so that they stay the same.

mod entry;
mod normal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{Binding, OperationId, Schema, ShapeId};
use connect_model::wire::message::Headers;
use serde_json::Value;

use self::entry::plain;
pub use self::entry::{Entry, Exchanged, GoldenError, read_all, write_all};
use self::normal::{Known, Normal};
use crate::case::{Finding, Level, Outcome};
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::code::{On, Scope, Trial};
use crate::families::{Family, Services};
use crate::judge::Judgement;
use crate::observe::Observation;
use crate::resources;
use crate::{error, shape};
use connect_transport::credentials::Keyring;
use connect_transport::exchange::Exchange;

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[&ANSWER, &REQUEST, &DIVERGENCE, &ENTRY];

/// `golden.answer`.
pub(crate) static ANSWER: Check = Check {
    id: "golden.answer",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the answer is the one that was recorded, but for what is another every time",
    source: "the recording",
    passes: "the same status, content type, error name and body, with other ids and times",
    fails: "a member more or less, another type, another error, a breach of the contract that is new",
    code: &On { applies: recorded, run: judge_answer },
};

/// `golden.request`.
pub(crate) static REQUEST: Check = Check {
    id: "golden.request",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "the request is the one whose answer was recorded",
    source: "the recording",
    passes: "the same request, with other ids and names",
    fails: "the model asks for another one: the entry is stale, and its answer is not compared; record it anew",
    code: &On { applies: recorded, run: judge_request },
};

/// `golden.divergence`.
pub(crate) static DIVERGENCE: Check = Check {
    id: "golden.divergence",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "what the recorded answer breaks of the contract, the answer still breaks",
    source: "the recording",
    passes: "the same breaches",
    fails: "a breach that was recorded is no longer there: good, and the entry is to be recorded anew",
    code: &On { applies: recorded_breaches, run: judge_divergence },
};

/// `golden.entry`.
pub(crate) static ENTRY: Check = Check {
    id: "golden.entry",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "an operation that is offered has a recorded answer",
    source: "the recording",
    passes: "an entry, or an operation that the endpoint does not offer",
    fails: "no entry: record it",
    code: &On { applies: unrecorded, run: judge_entry },
};

/// Response header of an emulator's generated answers. The same name as `connect_emulator::SYNTHESIZED`.
const SYNTHESIZED: &str = "x-emulator-synthesized";

/// Ways to ask.
const WAYS: &[&str] = &["valid", "wrong", "unknown"];

/// What came of asking.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The endpoint does not offer the operation, and how it said so.
    Unsupported(String),
    /// It could not be asked, or did not answer.
    Trouble(String),
    /// It said something that must not be shown, and that could not be replaced; which, and never what.
    Secret(String),
    /// What it answered.
    Answers(BTreeMap<String, Exchanged>),
}

/// Asks an operation in every way that it can be asked.
pub async fn ask(client: &Client, operation: OperationId) -> Asked {
    if let Some(why) = client.unsupported(operation).await {
        return Asked::Unsupported(why);
    }
    match answers(client, operation).await {
        Ok(answers) if answers.is_empty() => Asked::Trouble("no request could be made".to_owned()),
        Ok(answers) => Asked::Answers(answers),
        Err(other) => other,
    }
}

/// The head of a file of recorded answers: the day (RFC 3339 date), the endpoint, the region and the model.
pub fn provenance(schema: &Schema, day: &str, endpoint: &str, region: &str) -> String {
    format!("recorded {day} from {endpoint}; region {region}; model sha256 {:.12}", schema.digest)
}

async fn answers(client: &Client, operation: OperationId) -> Result<BTreeMap<String, Exchanged>, Asked> {
    let name = &client.schema[operation].name;
    if let Some((row, _)) = resources::listed_by(name) {
        client.resource(row, name).await;
    }
    let label = format!("{name}/golden");
    let valid = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await;
    let wrong = error::any_mutant(client, operation, &label).await;
    let unknown = match (&valid, error::absent_member(client.schema, operation)) {
        (Ok(valid), Some((member, _))) => {
            let mut value = valid.clone();
            value[&member] = Value::from(error::UNKNOWN_ID);
            Some(value)
        }
        _ => None,
    };
    let known = known(client).await;
    let mut answers = BTreeMap::new();
    for (way, input) in WAYS.iter().zip([valid.ok(), wrong, unknown]) {
        let Some(input) = input else { continue };
        let reply = client.call(operation, &input).await.map_err(Asked::Trouble)?;
        answers.insert((*way).to_owned(), exchanged(client, operation, &reply, &known)?);
    }
    Ok(answers)
}

async fn known(client: &Client) -> Known {
    let credentials = client.target.credentials.as_ref();
    let secrets = credentials.map(Keyring::secrets);
    Known {
        instance: client.instance().await,
        region: client.target.region.clone(),
        run_id: client.run_id().to_owned(),
        secrets: secrets.unwrap_or_default(),
    }
}

/// An exchange without what was made up.
fn exchanged(client: &Client, operation: OperationId, reply: &Reply, known: &Known) -> Result<Exchanged, Asked> {
    let schema = client.schema;
    let mut seen = Observation::default();
    let (exchange, shape) = match reply {
        Reply::Success(exchange) => {
            shape::judge(schema, operation, exchange, &mut seen);
            (exchange, schema[operation].output)
        }
        Reply::Refused(exchange, error) => {
            error::judge(schema, operation, reply, &mut seen);
            (exchange, error.modelled)
        }
        Reply::Unsupported(why) | Reply::Trouble(why) => return Err(Asked::Trouble(why.clone())),
    };
    let Exchange { request, response, .. } = &**exchange;
    let mut normal = Normal::new(known);
    let first = format!("{} {}", request.method, normal.text(&request.uri));
    let input = payload(schema, schema[operation].input);
    let sent = message(&mut normal, schema, input, first, (&request.headers, &request.body), None);
    let own =
        if matches!(reply, Reply::Success(_)) { Own::of(client, operation, known.instance.as_deref()) } else { None };
    normal.is_answer = true;
    let first = response.status.to_string();
    let shape = payload(schema, shape);
    let answer = message(&mut normal, schema, shape, first, (&response.headers, &response.body), own.as_ref());
    let is_made_up = response.headers.get(SYNTHESIZED).is_some();
    let mut breaks: Vec<String> = (seen.findings().iter())
        .filter(|finding| finding.level > Level::Note && !is_made_up)
        .map(|Finding { check, pointer, expected, actual, .. }| {
            let pointer = if pointer.is_empty() { "/" } else { pointer };
            // Where a body ends too early depends on the ids in it.
            let actual = if actual.contains(" column ") { "what is none" } else { actual };
            let text = format!("{check} at {pointer}: expected {expected}; found {actual}");
            normal.text(&text).replace('\n', " ")
        })
        .collect();
    breaks.sort();
    breaks.dedup();
    let exchanged = Exchanged { request: plain(&sent), answer: plain(&answer), breaks };
    let breaks = exchanged.breaks.join("\n");
    for (part, text) in [("request", &exchanged.request), ("answer", &exchanged.answer), ("list of breaches", &breaks)]
    {
        if let Some(what) = known.leak(text) {
            return Err(Asked::Secret(format!("the {part} still holds {what} after everything was replaced")));
        }
    }
    Ok(exchanged)
}

/// The shape of a body: of the payload, where one is the whole body.
fn payload(schema: &Schema, shape: Option<ShapeId>) -> Option<ShapeId> {
    let members = schema[shape?].kind.members()?;
    let payload = members.iter().find(|member| member.binding == Binding::Payload);
    payload.map(|member| member.slot.target).or(shape)
}

fn message(
    normal: &mut Normal<'_>,
    schema: &Schema,
    shape: Option<ShapeId>,
    first: String,
    (headers, body): (&Headers, &[u8]),
    own: Option<&Own>,
) -> String {
    let mut text = format!("{first}\n");
    for name in ["content-type", "x-amzn-errortype"] {
        for value in headers.all(name) {
            text.push_str(&format!("{name}: {}\n", normal.text(value)));
        }
    }
    if headers.get(SYNTHESIZED).is_some() {
        // Of what our emulator has not performed it makes up an answer, another for every seed and name.
        text.push_str("\n(made up)\n");
    } else if !body.is_empty() {
        let shown = match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                if let Some(own) = own {
                    own.keep(&mut value);
                }
                format!("{:#}", normal.value(schema, shape, &value))
            }
            // Nobody can tell what of it is made up, or whose.
            Err(_) => {
                let start: String = String::from_utf8_lossy(body).chars().take(BEGINNING).collect();
                format!("(not JSON, begins with {})", normal.text(&start))
            }
        };
        text.push_str(&format!("\n{shown}\n"));
    }
    text
}

/// Characters that are shown of a body that is not JSON.
const BEGINNING: usize = 40;

/// What of a list is the run's own. The rest is somebody's, another in every run, and nobody's business; how many pages
/// there are depends on it.
struct Own {
    marks: Vec<String>,
    items: Option<Vec<String>>,
    token: Vec<String>,
}

impl Own {
    fn of(client: &Client, operation: OperationId, instance: Option<&str>) -> Option<Self> {
        let contract = &client.schema[operation];
        let paging = contract.pagination.as_ref()?;
        let mut marks = client.made_for(&contract.name);
        let listed = resources::listed_by(&contract.name);
        if listed.is_some_and(|(row, _)| row.id_member == "InstanceId") {
            marks.extend(instance.map(str::to_owned));
        }
        Some(Self { marks, items: paging.items.clone(), token: paging.output_token.clone() })
    }

    fn keep(&self, body: &mut Value) {
        fn at<'v>(body: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
            path.iter().try_fold(body, |value, name| value.get_mut(name))
        }
        if let Some((last, parents)) = self.token.split_last()
            && let Some(Value::Object(members)) = at(body, parents)
        {
            members.remove(last);
        }
        if let Some(count) = body.get_mut("ApproximateTotalCount").filter(|count| count.is_u64()) {
            *count = "<count>".into();
        }
        if let Some(Value::Array(items)) = self.items.as_ref().and_then(|path| at(body, path)) {
            items.retain(|item| {
                let text = item.to_string();
                self.marks.iter().any(|mark| text.contains(mark.as_str()))
            });
        }
    }
}

/// Answers to compare with.
pub type Recorded = Arc<BTreeMap<String, Entry>>;

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "golden",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    compares_recorded: true,
};

type Ways = Vec<(Option<String>, String)>;

/// The recorded answers of the operation in scope that a condition holds for.
fn ways(scope: &Scope<'_>, condition: fn(&Exchanged) -> bool) -> Ways {
    let entry = scope.selection.golden.as_ref().and_then(|recorded| recorded.get(scope.name()));
    let exchanges = entry.into_iter().flat_map(|entry| &entry.exchanges);
    exchanges.filter(|(_, exchanged)| condition(exchanged)).map(|(way, _)| (Some(way.clone()), way.clone())).collect()
}

fn recorded(scope: &Scope<'_>) -> Ways {
    ways(scope, |_| true)
}

fn recorded_breaches(scope: &Scope<'_>) -> Ways {
    ways(scope, |exchanged| !exchanged.breaks.is_empty())
}

fn unrecorded(scope: &Scope<'_>) -> Vec<(Option<String>, ())> {
    let is_recorded = scope.selection.golden.as_ref().is_some_and(|recorded| recorded.contains_key(scope.name()));
    if is_recorded { Vec::new() } else { vec![(None, ())] }
}

/// Entries and parts of them that belong to no operation and no way to ask any more.
pub(crate) fn orphans(recorded: &BTreeMap<String, Entry>, schema: &Schema) -> Vec<String> {
    let mut orphans = Vec::new();
    for (name, entry) in recorded {
        if schema.operation_named(name).is_none() {
            orphans.push(format!("{name}: the model has no such operation; delete the entry"));
        }
        let strange = entry.exchanges.keys().filter(|way| !WAYS.contains(&way.as_str()));
        orphans.extend(strange.map(|way| format!("{name}: nothing is asked in the way `{way}`; record it anew")));
    }
    orphans
}

async fn asked(trial: Trial<'_>) -> Arc<Asked> {
    trial.memo.get(trial.operation, "golden", || ask(trial.client, trial.operation)).await
}

fn judge_entry<'t>(trial: Trial<'t>, (): &'t ()) -> Judgement<'t> {
    Box::pin(async move {
        match &*asked(trial).await {
            Asked::Trouble(why) | Asked::Secret(why) => Outcome::indeterminate(why.clone()),
            Asked::Unsupported(why) => Outcome::unsupported(why.clone()),
            Asked::Answers(_) => {
                let finding = trial.check.finding("", "a recorded answer", "none; `record` makes one", None);
                Outcome::from_findings(vec![finding])
            }
        }
    })
}

/// One request that was asked again: the recorded exchange and the exchange of now; none if the request cannot be made
/// any more.
enum Again<'a> {
    Compared(&'a Exchanged, Option<&'a Exchanged>),
    Outcome(Outcome),
}

/// Looks up both exchanges of a request.
fn again<'a>(trial: Trial<'a>, asked: &'a Asked, way: &str) -> Again<'a> {
    let answers = match asked {
        Asked::Trouble(why) | Asked::Secret(why) => return Again::Outcome(Outcome::indeterminate(why.clone())),
        Asked::Unsupported(why) => return Again::Outcome(Outcome::unsupported(why.clone())),
        Asked::Answers(answers) => answers,
    };
    let name = &trial.client.schema[trial.operation].name;
    let entry = trial.recorded.and_then(|recorded| recorded.get(name)).and_then(|entry| entry.exchanges.get(way));
    match entry {
        Some(entry) => Again::Compared(entry, answers.get(way)),
        None => Again::Outcome(Outcome::indeterminate("the entry is gone")),
    }
}

/// The outcome of a difference, expected and actual.
fn differs(trial: Trial<'_>, difference: Option<(String, String)>) -> Outcome {
    let finding = difference.map(|(expected, actual)| trial.check.finding("", expected, actual, None));
    Outcome::from_findings(finding.into_iter().collect())
}

fn stale() -> Outcome {
    Outcome::indeterminate("the entry is stale, see golden.request")
}

fn judge_request<'t>(trial: Trial<'t>, way: &'t String) -> Judgement<'t> {
    Box::pin(async move {
        match again(trial, &*asked(trial).await, way) {
            Again::Outcome(outcome) => outcome,
            Again::Compared(recorded, None) => {
                differs(trial, Some((first_line(&recorded.request), "no such request can be made".to_owned())))
            }
            Again::Compared(recorded, Some(now)) => differs(trial, difference(&recorded.request, &now.request)),
        }
    })
}

fn judge_answer<'t>(trial: Trial<'t>, way: &'t String) -> Judgement<'t> {
    Box::pin(async move {
        let asked = asked(trial).await;
        match &*asked {
            Asked::Secret(why) => {
                return differs(trial, Some(("an answer, as it was recorded".to_owned(), why.clone())));
            }
            Asked::Unsupported(why) => {
                let expected = "an answer, as it was recorded; if the operation is gone for good, delete its file";
                return differs(trial, Some((expected.to_owned(), format!("not offered: {why}"))));
            }
            Asked::Trouble(_) | Asked::Answers(_) => {}
        }
        match again(trial, &asked, way) {
            Again::Outcome(outcome) => outcome,
            Again::Compared(recorded, Some(now)) if now.request == recorded.request => {
                let new_breach = || {
                    let known: BTreeSet<&String> = recorded.breaks.iter().collect();
                    let new: Vec<&str> =
                        now.breaks.iter().filter(|one| !known.contains(one)).map(String::as_str).collect();
                    let expected = "no breach of the contract beside the recorded";
                    (!new.is_empty()).then(|| (expected.to_owned(), new.join(" · ")))
                };
                differs(trial, difference(&recorded.answer, &now.answer).or_else(new_breach))
            }
            Again::Compared(..) => stale(),
        }
    })
}

fn judge_divergence<'t>(trial: Trial<'t>, way: &'t String) -> Judgement<'t> {
    Box::pin(async move {
        match again(trial, &*asked(trial).await, way) {
            Again::Outcome(outcome) => outcome,
            Again::Compared(recorded, Some(now)) if now.request == recorded.request => {
                let still: BTreeSet<&String> = now.breaks.iter().collect();
                let gone: Vec<&str> =
                    recorded.breaks.iter().filter(|one| !still.contains(one)).map(String::as_str).collect();
                differs(trial, (!gone.is_empty()).then(|| (gone.join(" · "), "no longer so".to_owned())))
            }
            Again::Compared(..) => stale(),
        }
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Most lines of a difference that are shown.
const SHOWN: usize = 6;

/// Lines of one text that the other has not, each the other way round too; none if they are the same.
fn difference(recorded: &str, now: &str) -> Option<(String, String)> {
    if recorded == now {
        return None;
    }
    let only = |one: &str, other: &str| {
        let mut count: BTreeMap<&str, i32> = BTreeMap::new();
        other.lines().for_each(|line| *count.entry(line.trim_end_matches(',')).or_default() += 1);
        let mut lines = Vec::new();
        for line in one.lines() {
            let left = count.entry(line.trim_end_matches(',')).or_default();
            *left -= 1;
            if *left < 0 {
                lines.push(line.trim().trim_end_matches(','));
            }
        }
        let more = lines.len().saturating_sub(SHOWN);
        lines.truncate(SHOWN);
        match (lines.is_empty(), more) {
            (true, _) => "nothing else; the order is another".to_owned(),
            (false, 0) => lines.join(" · "),
            (false, more) => format!("{} · and {more} lines more", lines.join(" · ")),
        }
    };
    Some((only(recorded, now), only(now, recorded)))
}
