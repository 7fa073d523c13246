//! Right requests: inputs with chosen values that the contract allows. A request carries several of them, as far as they
//! concern different members; a refusal is divided until one value remains.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::Pin;

use arbitrary::Unstructured;
use connect_model::generate::Config;
use connect_model::generate::seed::Stream;
use connect_model::path::SchemaPath;
use connect_model::resources as graph;
use connect_model::semantics::{self, Confidence};
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::accept::beyond::{rule_for, rule_of_input};
use crate::accept::text::shown;
use crate::case::{Finding, Level, Outcome};
use crate::client::reply::Reply;
use crate::code::Trial;
use crate::resources;
use crate::twin::distinguishes;

/// Size of the chosen values in one request, in bytes of JSON. Larger ones travel alone.
const BUDGET: usize = 100_000;

/// Names that are tried in place of a short one that is refused.
const OTHER_NAMES: usize = 4;

/// Requests that still take further values while a case is divided into requests.
const OPEN: usize = 12;

/// A chosen value in a right request.
#[derive(Clone, Debug)]
pub(super) struct Right {
    /// The label of the bytes that make the rest of the input.
    pub(super) label: String,
    /// The place that the rest of the input has a value at.
    pub(super) focus: SchemaPath,
    /// The top-level member that holds the value.
    pub(super) member: String,
    /// The value of that member, and of those that must agree with it.
    pub(super) values: BTreeMap<String, Value>,
    /// JSON Pointer to the chosen value.
    pub(super) pointer: String,
    /// The chosen value in words.
    pub(super) what: String,
    /// True for a name or token, which must be an unused one in every request.
    pub(super) unused: bool,
    /// The limits that it reaches, as indices of the sites of the operation.
    pub(super) limits: Vec<usize>,
}

impl Right {
    /// The rule beyond the model that the value may break.
    fn rule(&self, Trial { client, operation, .. }: Trial<'_>, input: &Value) -> Option<String> {
        let contract = &client.schema[operation];
        let member = client.schema.input_members(contract)?.get(&self.member)?;
        let text = self.values.get(&self.member).and_then(Value::as_str);
        if member.idempotency_token && text.is_some_and(|text| text.chars().count() < client.fresh_token().len()) {
            return Some("a short token may have been used with another request".to_owned());
        }
        // Null is an absent member, so that the request without it breaks the same rules.
        let is_absent = self.values.values().all(Value::is_null);
        if let Some(why) = rule_of_input(client.schema, operation, input).filter(|_| !is_absent) {
            return Some(why);
        }
        let row = resources::stored_by(client.schema, &contract.name).filter(|row| row.needs_sample(&self.member));
        if let Some(row) = row {
            return Some(format!("{} has rules beyond the model (a {} needs certain values)", self.member, row.kind));
        }
        rule_for(client.schema, &member.slot, &self.member, &self.focus, self.values.get(&self.member)?)
    }

    fn put(&self, input: &mut Value) {
        for (member, value) in &self.values {
            input[member] = value.clone();
        }
    }
}

/// The requests of a case, and the values that were left out, each with the reason.
#[derive(Default)]
pub(super) struct Rights {
    groups: Vec<Group>,
    /// The request of each value.
    placed: HashMap<String, (usize, usize)>,
    /// The reason why the first value that was left out is not sent.
    omitted: Option<String>,
}

/// The values of one request.
struct Group {
    whole: Value,
    members: HashSet<String>,
    size: usize,
    rights: Vec<Right>,
}

impl Rights {
    /// Adds a value to a request. `whole` is the input that has the value and is right by itself.
    pub(super) fn add(&mut self, trial: Trial<'_>, whole: &Value, right: Right) {
        if let Some(why) = against_a_language(trial, whole, &right.focus) {
            self.omit(trial, &right.limits, why);
            return;
        }
        let schema = trial.client.schema;
        let is_shown = |(member, value): (&String, &Value)| {
            value.is_null() || resources::can_be_shown(schema, &schema[trial.operation].name, member, value)
        };
        if !right.values.iter().all(is_shown) {
            self.omit(trial, &right.limits, "the model does not let the description show the value");
            return;
        }
        let values = right.values.iter().map(|(member, value)| format!("{member}: {value}")).collect::<Vec<_>>();
        let text = format!("{} {} {}", right.focus, right.pointer, values.join(", "));
        if let Some((group, at)) = self.placed.get(&text) {
            self.groups[*group].rights[*at].limits.extend(right.limits);
            return;
        }
        let size = text.len();
        // An id at a limit is often that of nothing, which would hide everything beside it.
        let alone = names_something(trial, &right.member);
        let open = if alone { self.groups.len() } else { self.groups.len().saturating_sub(OPEN) };
        for at in open..self.groups.len() {
            let group = &self.groups[at];
            if group.size + size > BUDGET || right.values.keys().any(|member| group.members.contains(member)) {
                continue;
            }
            let mut merged = group.whole.clone();
            right.put(&mut merged);
            if against_a_language(trial, &merged, &group.rights[0].focus).is_none() {
                let group = &mut self.groups[at];
                (group.whole, group.size) = (merged, group.size + size);
                group.members.extend(right.values.keys().cloned());
                self.placed.insert(text, (at, group.rights.len()));
                group.rights.push(right);
                return;
            }
        }
        self.placed.insert(text, (self.groups.len(), 0));
        self.groups.push(Group {
            whole: whole.clone(),
            members: right.values.keys().cloned().collect(),
            size: if alone { BUDGET } else { size },
            rights: vec![right],
        });
    }

    /// Closes the requests so far: later values travel in others.
    pub(super) fn close(&mut self) {
        self.groups.iter_mut().for_each(|group| group.size = BUDGET);
    }

    /// Records a value that is not sent, with the limits that it would have reached.
    pub(super) fn omit(&mut self, trial: Trial<'_>, limits: &[usize], why: impl Into<String>) {
        let why = why.into();
        leave(trial, limits, &why);
        self.omitted.get_or_insert(why);
    }

    /// Sends the requests and judges the refusals; with `read_back`, also what the description of a created resource shows.
    pub(super) async fn judge(self, trial: Trial<'_>, read_back: bool) -> Outcome {
        let mut tally = Tally { read_back, ..Tally::default() };
        for group in self.groups {
            tally.judge(trial, group.rights).await;
        }
        tally.outcome(self.omitted)
    }
}

/// Records a value without a verdict, and its limits as not reached.
fn leave(Trial { client, operation, check, .. }: Trial<'_>, limits: &[usize], why: &str) {
    client.note(format!("values without a verdict of {}", check.id), why);
    limits.iter().for_each(|limit| client.touched().left(operation, *limit, why));
}

/// The rule beyond the model that an input breaks.
pub(super) fn against_a_language(
    Trial { client, operation, .. }: Trial<'_>,
    input: &Value,
    focus: &SchemaPath,
) -> Option<String> {
    if !client.schema.service.is_connect() {
        return None;
    }
    let name = &client.schema[operation].name;
    // A rule of low confidence keeps a value from real accounts only: on this machine, a refusal costs nothing.
    let counts = |confidence| confidence != Confidence::Low || !client.target.loopback;
    let problems = resources::in_context(client.schema, name, focus, |context| semantics::check(name, input, context));
    let (language, problem) = problems.into_iter().find(|(_, problem)| counts(problem.confidence))?;
    Some(format!("the value breaks a rule of {language} ({})", problem.kind))
}

/// Results of a case.
#[derive(Default)]
struct Tally {
    read_back: bool,
    accepted: usize,
    skipped: BTreeMap<String, usize>,
    findings: Vec<Finding>,
}

impl Tally {
    /// Sends values in one request; if it is refused, in two. Returns true if each value was accepted in the end.
    fn judge<'t>(
        &'t mut self,
        trial: Trial<'t>,
        mut rights: Vec<Right>,
    ) -> Pin<Box<dyn Future<Output = bool> + Send + 't>> {
        Box::pin(async move {
            let (input, reply) = match send(trial, &rights).await {
                Ok(sent) => sent,
                Err(why) => {
                    self.skip(trial, &rights, why);
                    return false;
                }
            };
            if matches!(reply, Reply::Success(_)) {
                self.accept(trial, &rights);
                if self.read_back {
                    self.findings.extend(shown(trial, &rights, &input, &reply).await);
                }
                return true;
            }
            match refused(trial, &rights, &input, &reply).await {
                Refused::Unclear(why) => self.skip(trial, &rights, why),
                Refused::NoSuchThing => {
                    self.accepted += rights.len();
                    let why = "nothing has the id, so that its form alone is accepted";
                    self.skip(trial, &rights, why.to_owned());
                }
                Refused::Wrong(finding) => {
                    for limit in rights.iter().flat_map(|right| &right.limits) {
                        trial.client.touched().left(
                            trial.operation,
                            *limit,
                            "the endpoint refuses it: see the finding",
                        );
                    }
                    self.findings.push(*finding);
                }
                Refused::Several => {
                    let places: Vec<String> = rights.iter().map(|right| right.pointer.clone()).collect();
                    let half = rights.split_off(rights.len() / 2);
                    let each = [self.judge(trial, rights).await, self.judge(trial, half).await];
                    if each == [true, true] && blames_the_request(&reply) {
                        self.findings.push(together(trial, &places, &reply));
                    }
                    return each == [true, true];
                }
            }
            false
        })
    }

    fn accept(&mut self, Trial { client, operation, .. }: Trial<'_>, rights: &[Right]) {
        self.accepted += rights.len();
        for limit in rights.iter().flat_map(|right| &right.limits) {
            client.touched().limit(operation, *limit);
        }
    }

    fn skip(&mut self, trial: Trial<'_>, rights: &[Right], why: String) {
        rights.iter().for_each(|right| leave(trial, &right.limits, &why));
        *self.skipped.entry(why).or_default() += rights.len();
    }

    fn outcome(self, omitted: Option<String>) -> Outcome {
        if self.accepted > 0 || !self.findings.is_empty() {
            return Outcome::from_findings(self.findings);
        }
        let most = self.skipped.into_iter().max_by_key(|(_, count)| *count).map(|(why, _)| why);
        Outcome::indeterminate(most.or(omitted).unwrap_or_else(|| "nothing was sent".to_owned()))
    }
}

/// The meaning of a refusal.
enum Refused {
    /// The value is at fault in the eyes of the endpoint.
    Wrong(Box<Finding>),
    /// One of several values may be at fault.
    Several,
    /// The refusal may have another reason.
    Unclear(String),
    /// The value is an id, and nothing has it: its form is accepted.
    NoSuchThing,
}

/// A finding for values that are accepted in two requests and refused in one. The contract has no rule between members, but
/// a service may have one that its model cannot express, so this is a recommendation.
fn together(Trial { check, .. }: Trial<'_>, places: &[String], reply: &Reply) -> Finding {
    let expected = format!("success with {} in one request, as with each half of them", places.join(", "));
    let finding = check.finding("", expected, reply.describe(), reply.exchange());
    finding.at_most(if reply.is_server_fault() { check.level } else { Level::Should })
}

/// Sends a request with the values; everything else is new.
async fn send(Trial { client, operation, .. }: Trial<'_>, rights: &[Right]) -> Result<(Value, Reply), String> {
    let Some(first) = rights.first() else { return Err("nothing was sent".to_owned()) };
    let mut input = client.input(operation, Config::sparse(), &first.label, &first.focus).await?;
    rights.iter().for_each(|right| right.put(&mut input));
    if rights.iter().any(|right| right.unused) {
        let mut renewed = input.clone();
        client.renew(operation, &mut renewed);
        for right in rights.iter().filter(|right| right.unused) {
            input[&right.member] = renewed[&right.member].take();
        }
    }
    client.mark_nameless(operation, &mut input);
    let reply = client.call(operation, &input).await?;
    Ok((input, reply))
}

/// Statuses with which a server refuses a request for its form.
const FORM: [u16; 6] = [400, 413, 414, 415, 422, 431];

/// Parts of the names of errors with status 400 that have reasons outside the request.
const OUTSIDE: [&str; 15] = [
    "NotFound",
    "NoSuch",
    "NotExist",
    "Duplicate",
    "AlreadyExist",
    "Conflict",
    "LimitExceeded",
    "Quota",
    "InUse",
    "NotReady",
    "AccessDenied",
    "Throttl",
    "Expired",
    "Unsupported",
    "Idempotency",
];

/// True if a refusal blames the form of the request, or the server fails.
pub(super) fn blames_the_request(reply: &Reply) -> bool {
    reply.is_server_fault()
        || reply.refusal().is_some_and(|(status, code)| {
            FORM.contains(&status) && !code.is_some_and(|code| OUTSIDE.iter().any(|part| code.contains(part)))
        })
}

/// Names or tokens to try in place of one that is too short to be told from those of others.
fn other_names(Trial { client, operation, .. }: Trial<'_>, right: &Right) -> Vec<Right> {
    let Some(unused) = client.unused_value(operation, &right.member) else { return Vec::new() };
    let length = right.values.get(&right.member).and_then(Value::as_str).map_or(0, |text| text.chars().count());
    let contract = &client.schema[operation];
    let slot =
        client.schema.input_members(contract).and_then(|members| members.get(&right.member)).map(|member| &member.slot);
    let (Some(slot), true) = (slot, (1..unused.len()).contains(&length)) else { return Vec::new() };
    let letters = |_| {
        let bytes = Stream::new(0, &client.fresh_name()).bytes(length);
        let name: String = bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        let mut other = right.clone();
        other.values.insert(right.member.clone(), name.into());
        other
    };
    let valid = |right: &Right| validate_slot(client.schema, slot, &right.values[&right.member]).is_empty();
    (0..OTHER_NAMES).map(letters).filter(valid).collect()
}

/// True for members that name a thing which has to exist.
fn names_something(Trial { client, operation, .. }: Trial<'_>, member: &str) -> bool {
    let graph = graph::shared(client.schema);
    let holds = |kind: &graph::Kind| {
        let needed = kind.needs.iter().map(|need| need.place.split(['.', '[']).next().unwrap_or_default());
        kind.parents.iter().map(|(name, _)| name.as_str()).chain(needed).any(|name| name == member)
    };
    graph::is_reference(member)
        || graph.actions_of(operation).any(|(_, action)| action.is_named_by(member))
        || graph.made_by(operation).is_some_and(holds)
}

/// Status and name of a refusal, without its message.
fn brief(reply: &Reply) -> String {
    match reply.refusal() {
        Some((status, code)) => format!("{status} {}", code.unwrap_or("no error name")),
        None => reply.describe(),
    }
}

/// Sends the required members alone. Returns the refusal if it blames the request.
pub(super) async fn required_alone(Trial { client, operation, check, .. }: Trial<'_>) -> Option<Reply> {
    let label = format!("{}/{}/required", client.schema[operation].name, check.id);
    let input = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await.ok()?;
    if rule_of_input(client.schema, operation, &input).is_some() {
        return None;
    }
    client.call(operation, &input).await.ok().filter(blames_the_request)
}

/// Sends the request without the value.
async fn without(Trial { client, operation, .. }: Trial<'_>, right: &Right) -> Result<Reply, String> {
    let input = client.input(operation, Config::sparse(), &right.label, &SchemaPath::default()).await?;
    client.call(operation, &input).await
}

/// True if another made-up id is refused in the same way, and the request without it is accepted: the id is refused because
/// nothing has it, whatever its form.
async fn is_refused_like_any(trial: Trial<'_>, right: &Right, reply: &Reply) -> bool {
    let Trial { client, operation, .. } = trial;
    let is_text = right.values.get(&right.member).is_some_and(Value::is_string);
    if !is_text || !blames_the_request(reply) || !matches!(without(trial, right).await, Ok(Reply::Success(_))) {
        return false;
    }
    let members = client.schema.input_members(&client.schema[operation]);
    let Some(member) = members.and_then(|members| members.get(&right.member)) else { return false };
    let bytes = client.bytes(&format!("{}/usual", right.label));
    let usual = client.generator(Config::sparse()).member(member, &mut Unstructured::new(&bytes));
    let Ok(usual) = usual else { return false };
    let mut other = right.clone();
    other.values.insert(right.member.clone(), usual);
    let other = send(trial, std::slice::from_ref(&other)).await;
    other.is_ok_and(|(_, other)| other.refusal().is_some() && other.refusal() == reply.refusal())
}

async fn refused(trial: Trial<'_>, rights: &[Right], input: &Value, reply: &Reply) -> Refused {
    let Trial { client, check, .. } = trial;
    let first = &rights[0];
    let lost = reply.is_lost() && client.target.loopback;
    // Some services answer an id that nothing has as an invalid one.
    let is_id = names_something(trial, &first.member);
    let is_unknown_id = is_id && !reply.is_server_fault();
    if rights.len() == 1 && !lost && (is_unknown_id || !blames_the_request(reply)) {
        let is_absent = is_id && (reply.says_absent() || is_refused_like_any(trial, first, reply).await);
        return if is_absent { Refused::NoSuchThing } else { Refused::Unclear(brief(reply)) };
    }
    if rights.len() == 1
        && !lost
        && !reply.is_server_fault()
        && let Some(why) = first.rule(trial, input)
    {
        return Refused::Unclear(why);
    }
    let twin = match without(trial, first).await {
        Ok(twin) => twin,
        Err(why) => return Refused::Unclear(why),
    };
    if distinguishes(reply, &twin).is_err() {
        return Refused::Unclear(format!("the request without the value: {}", brief(&twin)));
    }
    if rights.len() > 1 {
        return Refused::Several;
    }
    // A refusal that does not come again was an accident. A short name may be taken, so others of its length are tried.
    let names = other_names(trial, first);
    let tries = if names.is_empty() { vec![first.clone()] } else { names };
    let mut again = None;
    for right in tries {
        match send(trial, std::slice::from_ref(&right)).await {
            Ok((_, Reply::Success(_))) => return Refused::Unclear(format!("{}, and then success", brief(reply))),
            Ok((_, other)) if other.is_lost() == lost && (lost || blames_the_request(&other)) => again = Some(other),
            Ok((_, other)) => return Refused::Unclear(format!("{}, and then {}", brief(reply), brief(&other))),
            Err(why) => return Refused::Unclear(why),
        }
    }
    let Some(again) = again else { return Refused::Unclear(brief(reply)) };
    let expected = format!("success, as without it: the contract allows {}", first.what);
    Refused::Wrong(Box::new(check.finding(first.pointer.clone(), expected, again.describe(), again.exchange())))
}
