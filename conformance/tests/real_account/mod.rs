//! An emulator that is treated as a real account, and the program against it.
// Each test uses a part of it.
#![allow(dead_code)]

#[path = "../program/mod.rs"]
pub(crate) mod program;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use connect_emulator::{Config, Defect, Emulator, FrontConfig};
use connect_model::schema::Schema;
use connect_model::wire::encode_request;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// An emulator that contains resources of others, and everything that a run against it needs.
pub(crate) struct Account {
    pub(crate) emulator: Emulator,
    pub(crate) folder: PathBuf,
    /// Ids of the initial resources.
    pub(crate) before: BTreeSet<String>,
    /// The emulator runs as long as its runtime.
    pub(crate) runtime: Option<Runtime>,
}

impl Account {
    pub(crate) fn new(name: &str, front: FrontConfig) -> Self {
        Self::with_defect(name, front, None)
    }

    pub(crate) fn with_defect(name: &str, front: FrontConfig, defect: Option<&str>) -> Self {
        let runtime = Runtime::new().unwrap();
        let search_lag = Duration::from_millis(300);
        let defects = defect.map(|id| Defect::named(id).unwrap()).into_iter().collect();
        let config = Config { front, search_lag, defects, resources: 3, ..Config::default() };
        let emulator = runtime.block_on(Emulator::start(Schema::connect(), &config)).unwrap();
        let folder = std::env::temp_dir().join(format!("connect-account-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut this = Self { emulator, folder, before: BTreeSet::new(), runtime: Some(runtime) };
        this.before = this.ids();
        assert_eq!(this.before.len(), 9);
        this
    }

    pub(crate) fn ask(&self, operation: &str, input: &Value) -> Value {
        let schema = Schema::connect();
        let request = encode_request(schema, schema.operation_named(operation).unwrap(), input).unwrap();
        let response = self.emulator.service().handle(&request);
        assert_eq!(response.status, 200, "{operation}: {}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
    }

    /// Ids of all rules, flows and modules.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for (operation, list, id, size) in [
            ("ListRules", "RuleSummaryList", "RuleId", 200),
            ("ListContactFlows", "ContactFlowSummaryList", "Id", 1000),
            ("ListContactFlowModules", "ContactFlowModulesSummaryList", "Id", 1000),
        ] {
            let page = self.ask(operation, &json!({ "InstanceId": self.instance(), "MaxResults": size }));
            assert_eq!(page.get("NextToken"), None, "more than a page of {operation}");
            ids.extend(page[list].as_array().unwrap().iter().map(|item| item[id].as_str().unwrap().to_owned()));
        }
        ids
    }

    pub(crate) fn instance(&self) -> String {
        self.emulator.service().instance_name()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = program::conformance(words);
        command.args(["--journal", self.journal().to_str().unwrap()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }

    /// A run that may write and creates many resources.
    pub(crate) fn run(&self, words: &[&str]) -> Command {
        self.as_run("run", words)
    }

    pub(crate) fn as_run(&self, word: &str, words: &[&str]) -> Command {
        let (url, instance, folder) = (self.emulator.url(), self.instance(), self.folder.join("report"));
        let mut command = self.command(&[word]);
        command.args(["--endpoint", &url, "--instance-id", &instance, "--account", "111122223333"]);
        command
            .args(["--as-remote", "--allow-writes", "--settle", "2", "--report-dir", folder.to_str().unwrap()])
            .args(words);
        command.args(["--operations", "CreateRule,CreateContactFlow,CreateContactFlowModule,SearchContactFlows"]);
        command
    }

    /// Starts a run, and waits until it has created resources.
    pub(crate) fn started(&self) -> Child {
        self.started_as(self.slow())
    }

    /// A run that is slow enough to be interrupted.
    pub(crate) fn slow(&self) -> Command {
        self.run(&["--rps", "60", "--burst", "5"])
    }

    /// The same for a command.
    pub(crate) fn started_as(&self, mut command: Command) -> Child {
        let child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.ids().len() < self.before.len() + 3 {
            assert!(Instant::now() < deadline, "the run created nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    pub(crate) fn killed(&self) {
        let mut child = self.started();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(self.ids().len() > self.before.len(), "the resources still exist");
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder.join("report/report.json")).unwrap()).unwrap()
    }

    /// Writes the journal of a run that requested flows of these names at a time and got no response.
    pub(crate) fn lost(&self, run: &str, names: &[&str], at: u64) -> PathBuf {
        let header = json!({
            "version": 1, "service": "Connect", "run": run, "began": 1, "endpoint": self.emulator.url(),
            "region": "us-east-1", "instance_id": self.instance(), "account": "111122223333", "as_remote": true,
        });
        let mut text = format!("{header}\n");
        for (n, name) in names.iter().enumerate() {
            let with = json!({ "InstanceId": self.instance(), "Name": name });
            text += &format!("{}\n", json!({ "n": n, "asks": "CreateContactFlow", "with": with, "at": at }));
        }
        std::fs::create_dir_all(self.journal()).unwrap();
        let path = self.journal().join(format!("{run}.journal.jsonl"));
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Creates a flow for somebody else, or for a run that got no response.
    pub(crate) fn flow(&self, name: &str, tags: Value) -> String {
        let content = json!({
            "Version": "2019-10-30", "StartAction": "a", "Metadata": {},
            "Actions": [{ "Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} }],
        });
        let input = json!({
            "InstanceId": self.instance(), "Name": name, "Type": "CONTACT_FLOW", "Content": content.to_string(),
            "Tags": tags,
        });
        self.ask("CreateContactFlow", &input)["ContactFlowId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn journals(&self) -> usize {
        std::fs::read_dir(self.journal()).map_or(0, Iterator::count)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn output(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}
