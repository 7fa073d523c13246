//! Journals that others wrote, swept on the emulator.
//!
//! Property: whatever a journal says, `sweep --delete` sends requests about the instance of its header only, and what is
//! missing afterwards carried the name of its run.
//!
//! An input whose first byte is below 128 is the text of a journal. Otherwise a journal is generated and then damaged. The
//! words [`IDS`] stand for ids of the emulator, since a fuzzer does not guess them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arbitrary::Unstructured;
use connect_checks::cleanup::clean_up;
use connect_checks::client::run_tag::run_of_name;
use connect_checks::client::{Client, ClientConfig};
use connect_checks::ledger::undo::{self, Source, Undo};
use connect_checks::ledger::{Gates, Ledger, hook, input_of, names};
use connect_checks::permission::Permission;
use connect_checks::resources::{self, Resource};
use connect_emulator::{Config, Service};
use connect_model::schema::{OperationId, Schema};
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{Router, encode_request};
use connect_transport::target::Target;
use connect_transport::{InProcess, Transport, TransportConfig};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::seeds;
use crate::target::{Seed, Target as FuzzTarget, text_or_drawn};

/// The target; see the module.
pub struct JournalSweep;

/// The text of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal(String);

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is no journal, or one of another place.
    Refused,
    /// Nothing was deleted.
    Left,
    /// A resource of the run was deleted.
    Deleted,
}

/// The run of every journal.
const RUN: &str = "0badcafe";

/// Its file.
const FILE: &str = "0badcafe.journal.jsonl";

/// Words that stand for ids: the instance and another one; a flow, a module and a rule of others; and those of the run.
const IDS: [&str; 8] =
    ["$instance", "$elsewhere", "$flow", "$module", "$rule", "$our-flow", "$our-module", "$our-rule"];

/// Texts that may stand where an id does.
const NO_IDS: [&str; 6] = ["..", ".", "%2e%2e", "a/b", "", "*"];

/// Names in requests.
const NAMES: [&str; 4] = ["Ct-0badcafe-1", "Ct-0badcafe-2", "Ct-1badcafe-1", "Welcome"];

/// Largest number of creations in a generated journal.
const MOST: usize = 5;

impl FuzzTarget for JournalSweep {
    const NAME: &'static str = "journal_sweep";
    const PROPERTY: &'static str =
        "no journal leads a sweep to a request about another instance, or to a deletion of what its run did not make";
    type Case = Journal;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Journal> {
        text_or_drawn(data, Self::plain, |u| Ok(Some(Journal(drawn(u)?))))
    }

    fn plain(data: &[u8]) -> Option<Journal> {
        Some(Journal(String::from_utf8(data.to_vec()).ok()?))
    }

    fn check(case: &Journal) -> Outcome {
        check(case).unwrap_or_else(|broken| unreachable!("{broken}"))
    }

    fn seeds() -> Vec<Seed> {
        let by_hand: Vec<String> = BY_HAND.iter().map(|(lines, _)| journal(lines)).collect();
        let mut seeds: Vec<Seed> = seeds::by_hand(by_hand.iter().map(|text| text.as_bytes())).collect();
        seeds.extend(seeds::random(Self::NAME, 16, |at| 30 + 8 * at).map(seeds::not_text));
        seeds
    }
}

fn header() -> Value {
    json!({
        "version": 1, "service": "Connect", "run": RUN, "began": 1, "endpoint": "http://127.0.0.1", "region": "us-east-1",
        "instance_id": "$instance", "account": "111122223333", "as_remote": true,
    })
}

fn journal(lines: &[&str]) -> String {
    std::iter::once(header().to_string())
        .chain(lines.iter().map(|line| (*line).to_owned()))
        .map(|line| line + "\n")
        .collect()
}

/// The deletions of the model, by name of the creation.
fn undos() -> &'static [(&'static str, Undo)] {
    static UNDOS: OnceLock<Vec<(&str, Undo)>> = OnceLock::new();
    UNDOS.get_or_init(|| {
        let schema = Schema::connect();
        let named = |(create, undo): (OperationId, Undo)| (schema[create].name.as_str(), undo);
        let mut undos: Vec<(&str, Undo)> = undo::table(schema).into_iter().map(named).collect();
        undos.sort_by_key(|(name, _)| *name);
        undos
    })
}

fn drawn(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let mut header = header();
    match u.int_in_range(0..=15)? {
        0 => header["instance_id"] = (*u.choose(&IDS)?).into(),
        1 => header["account"] = Value::Null,
        2 => header["as_remote"] = false.into(),
        3 => header["began"] = u.arbitrary::<u64>()?.into(),
        _ => {}
    }
    let mut text = format!("{header}\n");
    for n in 0..u.int_in_range(1..=MOST)? {
        let (create, undo) = if u.ratio(3, 4)? {
            let common = *u.choose(&["CreateContactFlow", "CreateContactFlowModule", "CreateRule"])?;
            undos().iter().find(|(name, _)| *name == common).unwrap_or(&undos()[0])
        } else {
            u.choose(undos())?
        };
        let mut with = Map::new();
        for member in undo.request_members() {
            let value = match member {
                "InstanceId" => *u.choose(&["$instance", "$instance", "$instance", "$elsewhere"])?,
                member if member.ends_with("Id") => u.choose(&IDS)?,
                _ => u.choose(&NAMES)?,
            };
            with.insert(member.to_owned(), value.into());
        }
        let at: u64 = if u.ratio(1, 8)? { u.arbitrary()? } else { 1 };
        text += &format!("{}\n", json!({ "n": n, "asks": create, "with": with, "at": at }));
        if u.ratio(5, 6)? {
            let mut made = Map::new();
            for (member, source) in &undo.delete_members {
                let value = match source {
                    Source::Input(member) if u.ratio(7, 8)? => with.get(member).cloned().unwrap_or_default(),
                    _ if u.ratio(7, 8)? => (*u.choose(&IDS)?).into(),
                    _ => (*u.choose(&NO_IDS)?).into(),
                };
                made.insert(member.clone(), value);
            }
            text += &format!("{}\n", json!({ "n": n, "made": made }));
        }
        if u.ratio(1, 8)? {
            text += &format!("{}\n", json!({ "gone": u.int_in_range(0..=n)?, "why": "404" }));
        }
    }
    if u.ratio(1, 8)? {
        let end = u.int_in_range(0..=text.len())?;
        text.truncate((0..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default());
    }
    Ok(text)
}

/// An emulator with resources of others and of the run.
struct Account {
    service: Arc<Service>,
    /// Values of [`IDS`].
    ids: Vec<String>,
}

/// Kind, instance, id and name of a resource.
type Known = (&'static str, String, String, String);

impl Account {
    fn new() -> Self {
        static INITIAL: OnceLock<Service> = OnceLock::new();
        let initial =
            INITIAL.get_or_init(|| Service::new(Schema::connect(), &Config { resources: 1, ..Config::default() }));
        let mut this = Self { service: Arc::new(initial.afresh()), ids: Vec::new() };
        let instance = this.service.instance_name();
        this.ids.push(instance.clone());
        let kind = |kind: &str| resources::rows(Schema::connect()).iter().find(|row| row.kind == kind);
        let create = |this: &Self, of: &str, name: &str| kind(of).map(|row| this.create(row, &instance, name));
        this.ids.extend(create(&this, "instance", "elsewhere"));
        let theirs = this.resources(&instance);
        let kinds = ["flow", "flow module", "rule"];
        let of = |kind: &str| theirs.iter().find(|one| one.0 == kind).map(|one| one.2.clone()).unwrap_or_default();
        this.ids.extend(kinds.map(of));
        for kind in kinds {
            this.ids.extend(create(&this, kind, NAMES[0]));
        }
        this
    }

    /// Creates a resource and returns its id.
    fn create(&self, row: &Resource, instance: &str, name: &str) -> String {
        let mut input = row.input();
        row.set_name(&mut input, name);
        if !row.is_instance() {
            input["InstanceId"] = instance.into();
        }
        row.id_in(&input, &self.ask(row.create, &input)).unwrap_or_default()
    }

    fn ask(&self, operation: &str, input: &Value) -> Value {
        let schema = self.service.schema();
        let id = schema.operation_named(operation).unwrap_or_else(|| unreachable!("{operation} is in the model"));
        let request = encode_request(schema, id, input).unwrap_or_else(|error| unreachable!("{operation}: {error}"));
        let response = self.service.handle(&request);
        assert_eq!(response.status, 200, "{operation}: {}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    /// The resources of an instance.
    fn resources(&self, instance: &str) -> BTreeSet<Known> {
        let lists = [
            ("flow", "ListContactFlows", "ContactFlowSummaryList", "Id", 1000),
            ("flow module", "ListContactFlowModules", "ContactFlowModulesSummaryList", "Id", 1000),
            ("rule", "ListRules", "RuleSummaryList", "RuleId", 200),
        ];
        let mut found = BTreeSet::new();
        for (kind, operation, list, id, size) in lists {
            let page = self.ask(operation, &json!({ "InstanceId": instance, "MaxResults": size }));
            for item in page[list].as_array().into_iter().flatten() {
                found.insert((kind, instance.to_owned(), text(item, id), text(item, "Name")));
            }
        }
        found
    }

    /// Every instance, and the resources of each.
    fn everything(&self) -> BTreeSet<Known> {
        let all = self.ask("ListInstances", &json!({ "MaxResults": 10 }));
        let ids = all["InstanceSummaryList"].as_array().into_iter().flatten().map(|one| text(one, "Id"));
        let mut found = BTreeSet::new();
        for id in ids {
            found.extend(self.resources(&id));
            found.insert(("instance", id, String::new(), String::new()));
        }
        found
    }
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn check(Journal(text): &Journal) -> Result<Outcome, String> {
    let schema = Schema::connect();
    let account = Account::new();
    let filled = IDS.iter().zip(&account.ids).rev().fold(text.clone(), |text, (word, id)| text.replace(word, id));
    let Ok((ledger, header)) = Ledger::parsed(schema, Path::new(FILE), filled.as_bytes()) else {
        return Ok(Outcome::Refused);
    };
    let gates = Gates { permission: Permission { writes: true, ..Permission::default() }, ..Gates::default() };
    if gates.admit(schema, &header).is_err() {
        return Ok(Outcome::Refused);
    }
    ledger.restrict(&gates);
    let before = account.everything();
    let ledger = Arc::new(ledger);
    let sent: Arc<Mutex<Vec<HttpRequest>>> = Arc::default();
    let (behind, log) = (Arc::clone(&account.service), Arc::clone(&sent));
    let endpoint = InProcess::new(move |request: &HttpRequest| {
        log.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        behind.handle(request)
    });
    let url = "http://127.0.0.1".parse().map_err(|error| format!("invalid URL: {error}"))?;
    let mut target = Target::unsigned(url);
    (target.loopback, target.instance_id) = (false, header.instance_id.clone());
    let bounds = TransportConfig { hook: hook(Some(&ledger)), ..TransportConfig::default() };
    let transport = Arc::new(Transport::in_process(&target, endpoint, bounds));
    let config = ClientConfig {
        run_id: header.run.clone(),
        permission: gates.permission,
        ledger: Some(Arc::clone(&ledger)),
        ..ClientConfig::default()
    };
    let client = Client::new(schema, target, transport, config);
    let done = clean_up(&client, &ledger, |_| true, false).now_or_never().ok_or("the sweep waits for something")?;
    let router = Router::new(schema);
    let instance = header.instance_id.unwrap_or_default();
    for request in sent.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let shown = format!("{} {}", request.method, request.uri);
        let route = router.route(&request.method, &request.uri).map_err(|_| format!("{shown} routes to nothing"))?;
        let input = input_of(schema, &route, request);
        if let Some(named) = input.get("InstanceId").and_then(Value::as_str).filter(|named| !names(named, &instance)) {
            return Err(format!("{shown} is about the instance {named}, and the journal about {instance}"));
        }
    }
    let after = account.everything();
    for (kind, instance, id, name) in before.difference(&after) {
        if run_of_name(name) != Some(RUN) {
            return Err(format!("the {kind} {id} in {instance}, `{name}`, is missing"));
        }
    }
    Ok(if done.deleted == 0 { Outcome::Left } else { Outcome::Deleted })
}

/// Lines after the header, and the outcome.
const BY_HAND: &[(&[&str], Outcome)] = &[
    (&[], Outcome::Left),
    (
        &[
            r#"{"n":0,"asks":"CreateContactFlow","with":{"InstanceId":"$instance","Name":"Ct-0badcafe-1"},"at":1}"#,
            r#"{"n":0,"made":{"InstanceId":"$instance","ContactFlowId":"$our-flow"}}"#,
        ],
        Outcome::Deleted,
    ),
    (
        &[
            r#"{"n":0,"asks":"CreateContactFlowModule","with":{"InstanceId":"$instance","Name":"Ct-0badcafe-1"},"at":1}"#,
            r#"{"n":0,"made":{"InstanceId":"$instance","ContactFlowModuleId":"$our-module"}}"#,
            r#"{"n":1,"asks":"CreateRule","with":{"InstanceId":"$instance","Name":"Ct-0badcafe-1"},"at":1}"#,
            r#"{"n":1,"made":{"InstanceId":"$instance","RuleId":"$our-rule"}}"#,
        ],
        Outcome::Deleted,
    ),
    (
        &[r#"{"n":0,"asks":"CreateContactFlow","with":{"InstanceId":"$instance","Name":"Ct-0badcafe-1"},"at":1}"#],
        Outcome::Deleted,
    ),
    (
        &[
            r#"{"n":0,"asks":"CreateContactFlow","with":{"InstanceId":"$instance","Name":"Ct-0badcafe-1"},"at":1}"#,
            r#"{"n":0,"made":{"InstanceId":"$instance","ContactFlowId":"$flow"}}"#,
        ],
        Outcome::Left,
    ),
    (
        &[
            r#"{"n":0,"asks":"CreateRule","with":{"InstanceId":"$instance","Name":"Ct-0badcafe-1"},"at":1}"#,
            r#"{"n":0,"made":{"InstanceId":"$instance","RuleId":".."}}"#,
        ],
        Outcome::Left,
    ),
    (
        &[
            r#"{"n":0,"asks":"CreateInstance","with":{"InstanceAlias":"Ct-0badcafe-1"},"at":1}"#,
            r#"{"n":0,"made":{"InstanceId":"$instance"}}"#,
        ],
        Outcome::Left,
    ),
    (
        &[
            r#"{"n":0,"asks":"CreateContactFlowVersion","with":{"InstanceId":"$instance","ContactFlowId":"$flow"},"at":1}"#,
            r#"{"n":0,"made":{"InstanceId":"$instance","ContactFlowId":"$flow","ContactFlowVersion":1}}"#,
        ],
        Outcome::Left,
    ),
    (&[r#"{"n":1,"asks":"CreateRule","with":{}}"#], Outcome::Refused),
    (&[r#"{"n":0,"asks":"ListRules","with":{}}"#], Outcome::Refused),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_outcomes, assert_reached};

    #[test]
    fn handwritten_journals_have_the_expected_outcomes() {
        let rows: Vec<(String, Outcome)> = BY_HAND.iter().map(|(lines, outcome)| (journal(lines), *outcome)).collect();
        assert_outcomes::<JournalSweep>(rows.iter().map(|(text, outcome)| (text.as_bytes(), *outcome)));
        let other = journal(&[]).replace("0badcafe", "1badcafe");
        let rows = [(other.as_bytes(), Outcome::Refused), (b"", Outcome::Refused)];
        assert_outcomes::<JournalSweep>(rows);
    }

    #[test]
    fn random_journals_reach_every_outcome() {
        assert_reached::<JournalSweep>(
            1500,
            200,
            [(Outcome::Refused, 20), (Outcome::Left, 200), (Outcome::Deleted, 20)],
        );
        assert_cases_round_trip::<JournalSweep>(300, 200);
    }
}
