//! Runs against an endpoint that is treated as a real account: they delete what they created, however they end.
#![allow(clippy::unwrap_used, clippy::panic)]

mod real_account;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use connect_emulator::{FrontConfig, Rate};
use real_account::{Account, output, program};
use serde_json::{Value, json};

#[test]
fn runs_leave_the_account_unchanged() {
    let account = Account::new("run", FrontConfig { drop_one_in: 50, ..FrontConfig::default() });
    let (code, text) = output(account.run(&["--rps", "100000", "--checks", "lifecycle,idempotency,search,shape"]));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(account.ids(), account.before);
    assert_eq!(account.journals(), 0, "no journal without resources");
    let report = account.report();
    assert!(report["totals"]["passed"].as_u64().unwrap() > 50, "{}", report["totals"]);
    assert_eq!(report["leaks"], json!([]));
}

#[test]
fn what_has_no_name_is_not_created_without_the_tag_of_the_run() {
    let account = Account::new("nameless", FrontConfig::default());
    let filter = ["CreateAttachedFile/", "--operations", "CreateAttachedFile", "--checks", "accept,invalid"];
    let (code, text) = output(account.run(&[&filter[..], &["--rps", "100000", "--allow-undecided", "20"]].concat()));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("it has no name, and the request has no tag `contract-test`"), "{text}");
    let report = account.report();
    assert_eq!((&report["leaks"], account.journals()), (&json!([]), 0), "{text}");
    assert!(report["totals"]["passed"].as_u64().unwrap() > 50, "{}", report["totals"]);
}

#[test]
fn the_printed_command_continues_a_run_with_writes() {
    let account = Account::new("continue", FrontConfig::default());
    let words = ["--rps", "100000", "--checks", "shape,idempotency", "--max-requests", "60"];
    let (code, text) = output(account.run(&words));
    assert_eq!(code, Some(3), "{text}");
    let words = program::continuation(&text);
    assert!(words.contains(&account.journal().to_str().unwrap()) && words.contains(&"--allow-writes"), "{words:?}");
    // Nothing is added to the printed command.
    let (code, text) = output(program::conformance(&words));
    assert_eq!(code, Some(0), "{text}");
    let totals = &account.report()["totals"];
    assert_eq!(totals["planned"], totals["executed"]);
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
}

#[test]
fn plan_forecasts_the_run_and_sends_nothing() {
    let account = Account::new("plan", FrontConfig::default());
    let words = ["--seed", "7", "--rps", "100", "--checks", "shape,error,lifecycle,invalid", "--format", "json"];
    let (code, text) = output(account.as_run("plan", &words));
    assert_eq!(code, Some(0), "{text}");
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
    assert!(!account.folder.join("report").exists());
    let (code, text) =
        output(account.run(&["--seed", "7", "--rps", "100000", "--checks", "shape,error,lifecycle,invalid"]));
    assert_eq!(code, Some(0), "{text}");
    let report = account.report();
    assert_eq!(plan["cases"], report["totals"]["planned"]);
    let [planned, sent] = [&plan["requests"], &report["requests"]].map(|count| count.as_u64().unwrap());
    // A run also checks the account, and repeats searches until the index has caught up.
    assert!(planned <= sent && sent < planned + planned / 10, "{planned} planned, {sent} sent");
    let minutes = plan["minutes"].as_f64().unwrap();
    assert!((minutes - planned as f64 / 6000.0).abs() < 0.1, "{minutes} min for {planned}");
}

#[test]
fn interrupted_runs_clean_up() {
    for signal in ["INT", "TERM", "HUP"] {
        let account = Account::new(&format!("interrupted-{signal}"), FrontConfig::default());
        let child = account.started_as(with_signals("--default-signal=HUP", &account.slow()));
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{signal}: {}", String::from_utf8_lossy(&output.stdout));
        assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0), "{signal}");
        assert_eq!(account.report()["stopped_because"], "interrupted", "{signal}");
    }
}

#[test]
fn a_second_signal_of_a_session_that_ends_does_not_stop_the_cleaning_up() {
    let account = Account::new("signals", FrontConfig::default());
    let child = account.started_as(with_signals("--default-signal=HUP", &account.run(&["--rps", "8", "--burst", "5"])));
    send(&child, "HUP");
    // Later than an interrupt that a shell delivers twice.
    std::thread::sleep(Duration::from_millis(1_300));
    send(&child, "TERM");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(3));
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
}

#[test]
fn a_second_interrupt_ends_the_run_and_names_the_journal() {
    let account = Account::new("twice", FrontConfig::default());
    let child = account.started_as(with_signals("--default-signal=HUP", &account.run(&["--rps", "2", "--burst", "5"])));
    send(&child, "INT");
    std::thread::sleep(Duration::from_millis(1_300));
    send(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("sweep --journal ") && text.contains(" --delete` deletes them"), "{text}");
    assert!(account.ids().len() > account.before.len());
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let account = Account::new("nohup", FrontConfig::default());
    let child = account.started_as(with_signals("--ignore-signal=HUP", &account.slow()));
    let log = account.folder.join("report/trials.log");
    let ended = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    let before = ended();
    send(&child, "HUP");
    let deadline = Instant::now() + Duration::from_secs(60);
    // More trials than run at a time.
    while ended() < before + 30 {
        assert!(Instant::now() < deadline, "{} trials ended after {before}", ended());
        std::thread::sleep(Duration::from_millis(20));
    }
    send(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(3));
}

/// A command that begins with a setting of `env` for signals, whatever those of this process are.
fn with_signals(setting: &str, command: &Command) -> Command {
    let mut wrapped = Command::new("env");
    wrapped.arg(setting).arg(command.get_program()).args(command.get_args());
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    wrapped.stdout(Stdio::piped()).stderr(Stdio::piped());
    wrapped
}

fn send(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn sweep_deletes_the_resources_of_killed_runs() {
    let account = Account::new("killed", FrontConfig::default());
    let mut child = account.started();
    let (code, text) = output(account.command(&["sweep"]));
    assert_eq!(code, Some(3), "a running run is skipped: {text}");
    assert!(text.contains("its run is still active"), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
    let left = account.ids();
    assert!(left.len() > account.before.len());

    let (code, text) = output(account.command(&["sweep"]));
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains("nothing was deleted, --delete deletes them"), "{text}");
    assert_eq!(account.ids(), left, "nothing is deleted without --delete");
    let (code, text) = output(account.command(&["sweep", "--delete"]));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(account.ids(), account.before);
    assert_eq!(account.journals(), 0);
    let (code, text) = output(account.command(&["sweep"]));
    assert_eq!((code, text.as_str()), (Some(0), "no resources of earlier runs\n"));
}

#[test]
fn sweep_without_a_journal_goes_by_name_and_tag() {
    let account = Account::new("marks", FrontConfig::default());
    account.killed();
    std::fs::remove_dir_all(account.journal()).unwrap();
    let others = [
        account.flow("Ct-0badcafe-1", json!({ "team": "b" })),
        account.flow("Ct-0badcafe-2", json!({ "contract-test": "another1 1" })),
        account.flow("Welcome", json!({ "contract-test": "0badcafe 1" })),
    ];
    let expected: BTreeSet<String> = account.before.iter().cloned().chain(others).collect();
    let (url, instance) = (account.emulator.url(), account.instance());
    let sweep = ["sweep", "--endpoint", &url, "--instance-id", &instance, "--account", "111122223333", "--as-remote"];
    let sweep = [&sweep[..], &["--rps", "100000"]].concat();

    let all = account.ids();
    let (code, text) = output(account.command(&[&sweep[..], &["--delete"]].concat()));
    assert_eq!(code, Some(0), "a recent run may still be running: {text}");
    assert_eq!(account.ids(), all);
    let (code, text) = output(account.command(&[&sweep[..], &["--delete", "--older-than", "0"]].concat()));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(account.ids(), expected);
}

/// Every case marks what it creates, also one that gives tags of its own.
#[test]
fn sweep_without_a_journal_finds_the_resources_of_every_lifecycle_case() {
    let account = Account::with_defect("all-marked", FrontConfig::default(), Some("deleted-still-there"));
    let (_, text) = output(account.run(&["lifecycle", "--rps", "100000"]));
    let left = account.ids().len() - account.before.len();
    assert!(left > 10, "{left} left: {text}");
    std::fs::remove_dir_all(account.journal()).unwrap();
    let (url, instance) = (account.emulator.url(), account.instance());
    let sweep = ["sweep", "--endpoint", &url, "--instance-id", &instance, "--account", "111122223333", "--as-remote"];
    let (code, text) = output(account.command(&[&sweep[..], &["--rps", "100000", "--older-than", "0"]].concat()));
    assert_eq!(code, Some(5), "{text}");
    assert!(text.contains(&format!("{left} resources of earlier runs")), "{left} left: {text}");
}

/// The resources of a case are deleted at the end of its run. A replay creates new ones and deletes them again.
#[test]
fn replay_creates_the_resources_of_the_case_again() {
    let account = Account::with_defect("replay", FrontConfig::default(), Some("duplicate-name-accepted"));
    let (code, text) = output(account.run(&["--seed", "7", "--rps", "100000", "CreateContactFlow/lifecycle"]));
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(account.ids(), account.before);
    let case = account.folder.join("report/findings/CreateContactFlow_lifecycle.duplicate-name.json");
    let (case, instance) = (case.to_str().unwrap(), account.instance());
    let (code, text) = output(account.command(&["replay", case]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("CreateContactFlow writes; --allow-writes allows it"), "{text}");
    // The file does not choose the instance that is written to.
    let allowed = ["--allow-writes", "--account", "111122223333"];
    let (code, text) = output(account.command(&[&["replay", case][..], &allowed].concat()));
    assert_eq!((code, text.contains("name the account and the instance")), (Some(2), true), "{text}");
    let replay = ["replay", case, "--instance-id", &instance];
    let (code, text) =
        output(account.command(&[&replay[..], &["--allow-writes", "--account", "999999999999"]].concat()));
    assert_eq!((code, text.contains("is in the account 111122223333")), (Some(2), true), "{text}");
    let (code, text) = output(account.command(&[&replay[..], &allowed].concat()));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("fails again"), "{text}");
    let (code, text) = output(account.command(&[&replay[..], &allowed, &["--as-sent"]].concat()));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\n200 in "), "{text}");
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
    let alias = json!({ "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "another", "InboundCallsEnabled": true, "OutboundCallsEnabled": true });
    let other = account.ask("CreateInstance", &alias)["Id"].as_str().unwrap().to_owned();
    let elsewhere = [&["replay", case][..], &allowed, &["--as-sent", "--instance-id", &other]].concat();
    let (code, text) = output(account.command(&elsewhere));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("only the account of --instance-id"), "{text}");
}

/// The flags of a write permit it for resources of runs alone: a file names what it likes.
#[test]
fn a_request_that_is_sent_again_leaves_what_is_no_resource_of_a_run() {
    let account = Account::new("as-sent", FrontConfig::default());
    let (url, instance) = (account.emulator.url(), account.instance());
    let theirs = account.flow("Welcome", json!({ "team": "a" }));
    let ours = account.flow("Ct-0badcafe-1", json!({ "team": "a", "contract-test": "0badcafe 1" }));
    let arn = |flow: &str| {
        let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{instance}/contact-flow/{flow}");
        format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"))
    };
    let file = account.folder.join("case.json");
    let send = |method: &str, path: &str, headers: Value, body: Option<Value>| {
        let mut case = json!({
            "case": "DeleteContactFlow/shape.json", "operation": "DeleteContactFlow", "check": "shape.json",
            "level": "must", "rule": "r", "pointer": "", "expected": "e", "actual": "a", "endpoint": url,
            "region": "us-east-1", "signing_name": "connect", "signed": false, "emulator": null, "seed": 1,
            "request": { "method": method, "uri": path, "headers": headers },
            "response": { "status": 500, "headers": [] },
        });
        if let Some(body) = body {
            let headers = case["request"]["headers"].as_array_mut().unwrap();
            headers.push(json!(["content-type", "application/json"]));
            case["request"]["body"] = body.to_string().into();
        }
        std::fs::write(&file, case.to_string()).unwrap();
        let words = ["replay", file.to_str().unwrap(), "--as-sent", "--as-remote", "--allow-writes"];
        let target = ["--account", "111122223333", "--instance-id", &instance];
        output(account.command(&[&words[..], &target].concat()))
    };
    let flow = |id: &str| format!("/contact-flows/{instance}/{id}");
    let tags = |key: &str| Some(json!({ "tags": { key: "7f3a9c21 1796004000" } }));
    let module = |name: &str| {
        let content = json!({
            "Version": "2019-10-30", "StartAction": "e", "Metadata": {},
            "Actions": [{ "Identifier": "e", "Type": "EndFlowModuleExecution", "Parameters": {}, "Transitions": {} }],
        });
        Some(json!({ "Name": name, "Content": content.to_string(), "ClientToken": "of-somebody-else" }))
    };
    let workspace = account.ask("CreateWorkspace", &json!({ "InstanceId": instance, "Name": "Ct-0badcafe-2" }));
    let workspace = workspace["WorkspaceId"].as_str().unwrap();
    let (nobody, version) = ("has neither the name nor the tag of a run", Some(json!({})));
    let rows = [
        ("DELETE", flow(&theirs), json!([]), None, nobody),
        (
            "POST",
            format!("{}/name", flow(&ours)),
            json!([]),
            Some(json!({ "Name": "Welcome" })),
            "takes the name of a run away from a flow",
        ),
        ("PUT", format!("{}/version", flow(&theirs)), json!([]), version, nobody),
        ("POST", arn(&theirs), json!([]), tags("evil"), "has no tag of a run"),
        ("POST", arn(&ours), json!([]), tags("contract-test"), "by which runs know their resources"),
        ("DELETE", format!("{}?tagKeys=team", arn(&theirs)), json!([]), None, "has no tag of a run"),
        ("DELETE", format!("{};x", flow(&theirs)), json!([]), None, "a semicolon"),
        ("DELETE", format!("{}%3Bx", flow(&theirs)), json!([]), None, "a semicolon"),
        (
            "GET",
            flow(&theirs),
            json!([["x-http-method-override", "DELETE"]]),
            None,
            "has the header x-http-method-override",
        ),
        ("delete", flow(&theirs), json!([]), None, "the model has no operation for it"),
        // A description may lag behind.
        (
            "DELETE",
            flow("00000000-0000-4000-8000-00000000000f"),
            json!([]),
            None,
            "which DescribeContactFlow does not show",
        ),
        // An association changes both resources.
        (
            "POST",
            format!("/workspaces/{instance}/{workspace}/associate"),
            json!([["content-type", "application/json"]]),
            Some(
                json!({ "ResourceArns": [format!("arn:aws:connect:us-east-1:111122223333:instance/{instance}/agent/a")] }),
            ),
            "nothing shows whose the ResourceArns is",
        ),
        // By its token, an endpoint may answer with something that exists.
        (
            "PUT",
            format!("/contact-flow-modules/{instance}"),
            json!([]),
            module("Greeting"),
            "without the name or the tag of a run",
        ),
    ];
    let shown = || {
        let named = |flow: &String| json!({ "InstanceId": instance, "ContactFlowId": flow });
        let flows = [&theirs, &ours].map(|flow| account.ask("DescribeContactFlow", &named(flow)));
        (flows, account.ask("ListContactFlowVersions", &named(&theirs)))
    };
    let before = shown();
    for (method, path, headers, body, problem) in rows {
        let (code, text) = send(method, &path, headers, body);
        assert_eq!((code, text.contains(problem)), (Some(2), true), "{method} {path}: {text}");
    }
    assert_eq!(shown(), before, "nothing changed");
    let (code, text) = send("POST", &arn(&ours), json!([["content-type", "application/json"]]), tags("more"));
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = send("DELETE", &flow(&ours), json!([]), None);
    assert_eq!((code, account.ids().contains(&ours)), (Some(0), false), "{text}");
}

/// A resource may appear in lists later.
#[test]
fn sweep_waits_for_creations_without_a_response() {
    let account = Account::new("late", FrontConfig::default());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    account.lost("0badcafe", &["Ct-0badcafe-1"], now);
    let mut child = account.command(&["sweep", "--delete", "--settle", "4"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("may still show up"), "{line}");
    account.flow("Ct-0badcafe-1", json!({ "team": "b" }));
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("1 resource deleted, none left"), "{text}");
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
}

/// Two requests for one name without a response created at most one resource. Listing decides nothing.
#[test]
fn sweep_counts_one_resource_for_two_requests_of_one_name() {
    let account = Account::new("shared", FrontConfig::default());
    let journal = account.lost("0badcafe", &["Ct-0badcafe-1", "Ct-0badcafe-1", "Ct-0badcafe-2"], 1);
    account.flow("Ct-0badcafe-1", json!({ "team": "b" }));
    let text = std::fs::read(&journal).unwrap();
    let (code, shown) = output(account.command(&["sweep"]));
    assert_eq!(code, Some(5), "{shown}");
    assert!(shown.contains("1 resource of earlier runs; nothing was deleted"), "{shown}");
    assert_eq!(std::fs::read(&journal).unwrap(), text, "listing changes no journal");
    let (code, shown) = output(account.command(&["sweep", "--delete"]));
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("1 resource deleted, none left"), "{shown}");
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
}

#[test]
fn unreadable_journals_do_not_affect_the_others() {
    let account = Account::new("damaged", FrontConfig::default());
    account.lost("0badcafe", &["Ct-0badcafe-1"], 1);
    let dead = account.lost("1badcafe", &["Ct-1badcafe-1"], 1);
    let text = std::fs::read_to_string(&dead).unwrap();
    std::fs::write(&dead, text.replace(&account.emulator.url(), "http://127.0.0.1:9")).unwrap();
    let other = account.lost("2badcafe", &["Ct-2badcafe-1"], 1);
    let text = std::fs::read_to_string(&other).unwrap();
    std::fs::write(&other, text.replace("\"Connect\"", "\"Lambda\"")).unwrap();
    std::fs::write(account.journal().join("00000000.journal.jsonl"), "no journal\n").unwrap();
    account.flow("Ct-0badcafe-1", json!({ "team": "b" }));
    let (code, text) = output(account.command(&["sweep", "--delete"]));
    assert_eq!(code, Some(3), "{text}");
    for part in
        ["not a journal", "cannot reach http://127.0.0.1:9", "against Lambda", "1 resource deleted; not everything"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 3));
}

/// The check of the account does not count towards --max-requests. At the limit, the run stops and says so.
#[test]
fn runs_stop_at_the_limit_of_requests() {
    let account = Account::new(
        "spent",
        FrontConfig { rate: Some(Rate { per_second: 2.0, burst: 1.0 }), ..FrontConfig::default() },
    );
    let (code, text) = output(account.run(&["--max-requests", "1"]));
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("--max-requests: 1 were sent"), "{text}");
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0));
}

#[test]
fn resources_that_cannot_be_deleted_are_leaks_and_stay_in_the_journal() {
    let mut account = Account::new("leak", FrontConfig::default());
    let child = account.started();
    account.runtime.take().unwrap().shutdown_background();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("leaked: "), "{text}");
    let report = account.report();
    assert!(!report["leaks"].as_array().unwrap().is_empty());
    assert_eq!(account.journals(), 1);
    let journal = report["journals"][0].as_str().unwrap();
    assert!(std::path::Path::new(journal).exists() && text.contains(&format!("journal: {journal}")), "{text}");
}

/// A creation without a response, under a name that somebody else uses: the resource may be theirs.
#[test]
fn sweep_skips_resources_of_others_with_the_same_name() {
    let account = Account::new("alike", FrontConfig::default());
    let flows = account.ask("ListContactFlows", &json!({ "InstanceId": account.instance() }));
    let theirs = flows["ContactFlowSummaryList"][0]["Name"].as_str().unwrap();
    account.lost("0badcafe", &[theirs], 1);
    let (_, text) = output(account.command(&["sweep", "--delete"]));
    assert_eq!(account.ids(), account.before, "{text}");
}

#[test]
fn runs_create_nothing_without_a_journal() {
    let account = Account::new("unwritable", FrontConfig::default());
    std::fs::write(account.journal(), "a file where a folder should be").unwrap();
    let (code, text) = output(account.run(&[]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("name another folder with --journal"), "{text}");
    assert_eq!(account.ids(), account.before);
}

/// Every file of the report is larger than the limit that stands for a full disk here.
fn with_small_files(command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    limited.args(["-c", "ulimit -f 8; exec \"$0\" \"$@\""]);
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}

#[test]
fn runs_whose_report_cannot_be_written_clean_up_and_say_so() {
    let account = Account::new("full", FrontConfig::default());
    let run = account.run(&["--rps", "100000", "--checks", "lifecycle", "--walks", "0"]);
    let (code, text) = output(with_small_files(&run));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("/report/") && text.contains("too large") && !text.contains("leaked: "), "{text}");
    assert_eq!((account.ids(), account.journals()), (account.before.clone(), 0), "{text}");
}

#[test]
fn runs_whose_report_cannot_be_written_name_their_leaks() {
    let mut account = Account::new("full-leak", FrontConfig::default());
    let run = account.run(&["--rps", "60", "--burst", "5", "--checks", "lifecycle", "--walks", "0"]);
    let child = account.started_as(with_small_files(&run));
    account.runtime.take().unwrap().shutdown_background();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("/report/") && text.contains("too large") && text.contains("leaked: "), "{text}");
}
