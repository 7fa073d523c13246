//! `sweep` and the journals that it reads, which others may have written: it touches nothing but resources of our runs.
#![allow(clippy::unwrap_used, clippy::panic)]

mod real_account;

use std::path::Path;
use std::process::Command;

use connect_emulator::FrontConfig;
use real_account::{Account, output};
use serde_json::{Value, json};

/// Writes a journal with these lines after the header.
fn journal(account: &Account, run: &str, change: impl FnOnce(&mut Value), lines: &[Value]) -> std::path::PathBuf {
    let path = account.lost(run, &[], 1);
    let mut header: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut header);
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, format!("{header}\n{lines}")).unwrap();
    path
}

/// The lines of a creation that succeeded.
fn made(n: usize, create: &str, with: &Value, made: &Value) -> [Value; 2] {
    [json!({ "n": n, "asks": create, "with": with, "at": 1 }), json!({ "n": n, "made": made })]
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn listing_changes_no_file() {
    let account = Account::new("listing", FrontConfig::default());
    let torn = account.lost("0badcafe", &["Ct-0badcafe-1"], 1);
    let whole = bytes(&torn);
    std::fs::write(&torn, [&whole[..], b"{\"n\":1,\"asks\":\"Cre"].concat()).unwrap();
    let one_line = account.journal().join("1badcafe.journal.jsonl");
    std::fs::write(&one_line, "my notes, without a line break").unwrap();
    let mine = account.journal().join("mine.journal.jsonl");
    std::fs::write(&mine, "a file of somebody else").unwrap();
    let (target, link) = (account.folder.join("target"), account.journal().join("2badcafe.journal.jsonl"));
    std::fs::write(&target, "elsewhere, without a line break").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    // Everything in it is gone: a sweep that deletes removes it.
    let done = journal(
        &account,
        "3badcafe",
        |_| {},
        &[json!({ "n": 0, "asks": "CreateRule", "with": {} }), json!({ "gone": 0, "why": "404" })],
    );
    let files = [&torn, &one_line, &mine, &target, &done];
    let before = files.map(|path| bytes(path));

    let (code, text) = output(account.command(&["sweep"]));
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("it is a link, and links are not followed"), "{text}");
    assert!(!text.contains("mine.journal.jsonl"), "a file with another name is none of ours: {text}");
    assert_eq!(files.map(|path| bytes(path)), before, "{text}");

    account.flow("Ct-0badcafe-1", json!({ "team": "b" }));
    let (code, text) = output(account.command(&["sweep", "--delete", "--settle", "1"]));
    assert_eq!(code, Some(3), "{text}");
    assert_eq!([&one_line, &mine, &target].map(|path| bytes(path)), [1, 2, 3].map(|at| before[at].clone()), "{text}");
    assert!(!torn.exists() && !done.exists() && link.is_symlink(), "{text}");
    assert_eq!(account.ids(), account.before);
}

#[test]
fn journals_lead_to_nothing_but_resources_of_their_run() {
    let account = Account::new("gates", FrontConfig::default());
    let instance = account.instance();
    let alias = json!({ "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "another", "InboundCallsEnabled": true, "OutboundCallsEnabled": true });
    let other = account.ask("CreateInstance", &alias)["Id"].as_str().unwrap().to_owned();
    let theirs = account.flow("Welcome", json!({ "contract-test": "1badcafe 1" }));
    let at = |id: &str| json!({ "InstanceId": instance, "ContactFlowId": id });
    let named = |name: &str| json!({ "InstanceId": instance, "Name": name });
    let rows: [(&str, Value, Value, &str); 7] = [
        (
            "CreateInstance",
            json!({}),
            json!({ "InstanceId": instance }),
            "CreateInstance is never sent to a real account",
        ),
        (
            "CreateInstance",
            json!({ "InstanceAlias": "Ct-0badcafe-1" }),
            json!({ "InstanceId": other }),
            "never sent to a real account",
        ),
        (
            "ClaimPhoneNumber",
            json!({}),
            json!({ "PhoneNumberId": "0d4cbc5f-dd2b-4ff1-9bcb-4a3c0a1e2f3d" }),
            "--allow-operation ClaimPhoneNumber",
        ),
        (
            "CreateRule",
            json!({ "InstanceId": other, "Name": "Ct-0badcafe-1" }),
            json!({ "InstanceId": other, "RuleId": "0d4cbc5f-dd2b-4ff1-9bcb-4a3c0a1e2f3d" }),
            "it is in the instance",
        ),
        ("CreateContactFlow", named("Ct-0badcafe-1"), at(&theirs), "`Welcome`, which is no name of the run"),
        ("CreateContactFlow", named("Ct-0badcafe-1"), at(".."), "which is no id but a place in a path"),
        (
            "CreateContactFlow",
            named("Welcome"),
            json!({ "InstanceId": instance, "ContactFlowId": theirs, "More": 1 }),
            "has the member More",
        ),
    ];
    let before = account.ids();
    for (number, (create, with, input, part)) in rows.iter().enumerate() {
        let path = journal(&account, "0badcafe", |_| {}, &made(0, create, with, input));
        let (code, text) = output(account.command(&["sweep", "--delete", "--settle", "1"]));
        assert_eq!(code, Some(5), "{number}: {text}");
        assert!(text.contains(part) && text.contains("0 resources deleted, 1 left"), "{number}: {text}");
        assert!(path.exists(), "{number}: {text}");
        assert_eq!(account.ids(), before, "{number}: {text}");
        for id in [&instance, &other] {
            account.ask("DescribeInstance", &json!({ "InstanceId": id }));
        }
        std::fs::remove_file(path).unwrap();
    }
    // The same flow in the journal of the run whose tag it has.
    journal(&account, "1badcafe", |_| {}, &made(0, "CreateContactFlow", &named("Welcome"), &at(&theirs)));
    let (code, text) = output(account.command(&["sweep", "--delete", "--settle", "1"]));
    assert_eq!((code, text.contains("1 resource deleted, none left")), (Some(0), true), "{text}");
    assert_eq!(account.ids(), account.before);
}

#[test]
fn journals_claim_no_parts_of_others() {
    let account = Account::new("parts-of-others", FrontConfig::default());
    let instance = account.instance();
    let theirs = account.flow("Welcome", json!({ "team": "a" }));
    account.ask("CreateContactFlowVersion", &json!({ "InstanceId": instance, "ContactFlowId": theirs }));
    // A rule that does not exist has the id of the flow.
    let rule = json!({ "InstanceId": instance, "RuleId": theirs });
    let version = json!({ "InstanceId": instance, "ContactFlowId": theirs, "ContactFlowVersion": 1 });
    let with = json!({ "InstanceId": instance, "ContactFlowId": theirs });
    let named = json!({ "InstanceId": instance, "Name": "Ct-0badcafe-1" });
    let flow = json!({ "InstanceId": instance, "ContactFlowId": theirs });
    for holder in [made(0, "CreateRule", &named, &rule), made(0, "CreateContactFlow", &named, &flow)] {
        let lines = [holder, made(1, "CreateContactFlowVersion", &with, &version)].concat();
        let path = journal(&account, "0badcafe", |_| {}, &lines);
        let (code, text) = output(account.command(&["sweep", "--delete", "--settle", "1"]));
        assert_eq!(code, Some(5), "{text}");
        let versions = account.ask("ListContactFlowVersions", &with);
        assert!(!text.contains("version 1 deleted") && versions.to_string().contains(&theirs), "{text}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn journals_of_another_place_are_left() {
    let account = Account::new("places", FrontConfig::default());
    let instance = account.instance();
    let flow = account.flow("Ct-0badcafe-1", json!({ "team": "b" }));
    let lines = made(
        0,
        "CreateContactFlow",
        &json!({ "InstanceId": instance, "Name": "Ct-0badcafe-1" }),
        &json!({ "InstanceId": instance, "ContactFlowId": flow }),
    );
    let (url, before) = (account.emulator.url(), account.ids());
    let given = ["--endpoint", &url, "--instance-id", &instance, "--account", "111122223333", "--as-remote"];
    type Change = fn(&mut Value);
    let rows: [(Change, &[&str], &str); 4] = [
        (|header| header["account"] = "999999999999".into(), &[], "in the account 111122223333, not in 999999999999"),
        (|header| header["account"] = Value::Null, &[], "it names no account"),
        (|header| header["instance_id"] = Value::Null, &[], "it names no instance"),
        (|header| header["account"] = "999999999999".into(), &given, "but --account is 111122223333"),
    ];
    for (change, words, part) in rows {
        let path = journal(&account, "0badcafe", change, &lines);
        let (code, text) = output(account.command(&[&["sweep", "--delete", "--rps", "1000"], words].concat()));
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains(part), "{part}: {text}");
        assert_eq!(account.ids(), before, "{text}");
        std::fs::remove_file(path).unwrap();
    }
}

/// A journal of a loopback address is that of a real account behind a tunnel, whatever its header says.
#[test]
fn journals_choose_no_endpoint_on_another_machine() {
    let account = Account::new("endpoints", FrontConfig::default());
    for url in ["https://connect.evil.example", "http://192.0.2.1:9", "https://a.execute-api.us-east-1.amazonaws.com"] {
        journal(&account, "0badcafe", |header| header["endpoint"] = url.into(), &[]);
        for flags in [&["sweep"][..], &["sweep", "--delete"]] {
            let (code, text) = output(account.command(flags));
            assert_eq!(code, Some(3), "{url}: {text}");
            assert!(text.contains("a journal does not choose who gets signed requests"), "{url}: {text}");
        }
    }
}

/// A user pastes the suggestion, so the colons of an address are quoted for the shell, not escaped.
#[test]
fn the_endpoint_to_name_is_a_word_of_the_shell() {
    let account = Account::new("pasted", FrontConfig::default());
    let url = "http://[fd00::a:1]:9";
    journal(&account, "0badcafe", |header| header["endpoint"] = url.into(), &[]);
    let (_, text) = output(account.command(&["sweep"]));
    let word = text.lines().find_map(|line| line.split_once("name it: --endpoint ")).map(|(_, word)| word).unwrap();
    let read = std::process::Command::new("sh").args(["-c", &format!("printf %s {word}")]).output().unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap(), url, "{word}");
}

#[test]
fn the_user_and_password_of_an_endpoint_are_not_shown() {
    let account = Account::new("userinfo", FrontConfig::default());
    journal(&account, "0badcafe", |header| header["endpoint"] = "https://bob:hunter2@connect.example".into(), &[]);
    for flags in [&["sweep"][..], &["sweep", "--format", "json"], &["sweep", "--delete"]] {
        let (code, text) = output(account.command(flags));
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains("https://…@connect.example") && !text.contains("hunter2"), "{text}");
        assert!(!text.contains("bob"), "{text}");
    }
}

#[test]
fn no_header_turns_the_gates_off() {
    let account = Account::new("tunnel", FrontConfig::default());
    let alias = json!({
        "IdentityManagementType": "CONNECT_MANAGED", "InstanceAlias": "another", "InboundCallsEnabled": true,
        "OutboundCallsEnabled": true,
    });
    let other = account.ask("CreateInstance", &alias)["Id"].as_str().unwrap().to_owned();
    let change = |header: &mut Value| {
        header["as_remote"] = false.into();
        header["instance_id"] = other.as_str().into();
    };
    let lines = made(0, "CreateInstance", &json!({}), &json!({ "InstanceId": other }));
    journal(&account, "0badcafe", change, &lines);
    let (code, text) = output(account.command(&["sweep", "--delete"]));
    assert_eq!((code, text.contains("CreateInstance is never sent to a real account")), (Some(5), true), "{text}");
    account.ask("DescribeInstance", &json!({ "InstanceId": other }));
}

#[test]
fn impossible_times_neither_wait_nor_panic() {
    let account = Account::new("times", FrontConfig::default());
    for (number, at) in [u64::MAX, 1 << 63, 4_000_000_000].into_iter().enumerate() {
        let path = account.lost(&format!("{number}badcafe"), &[&format!("Ct-{number}badcafe-1")], at);
        let text = std::fs::read_to_string(&path).unwrap().replacen("\"began\":1", &format!("\"began\":{at}"), 1);
        std::fs::write(&path, text).unwrap();
    }
    let mut listing = account.command(&["sweep"]).spawn().unwrap();
    assert_eq!(listing.wait().unwrap().code(), Some(5));
    let (code, text) = output(account.command(&["sweep", "--delete", "--settle", "1"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 resources deleted, none left"), "{text}");
}

#[test]
fn pipes_and_devices_stop_no_other_journal() {
    let account = Account::new("pipes", FrontConfig::default());
    account.lost("0badcafe", &["Ct-0badcafe-1"], 1);
    account.flow("Ct-0badcafe-1", json!({ "team": "b" }));
    let pipe = account.journal().join("1badcafe.journal.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", account.journal().join("2badcafe.journal.jsonl")).unwrap();
    let large = std::fs::File::create(account.journal().join("3badcafe.journal.jsonl")).unwrap();
    large.set_len(1 << 40).unwrap();
    let (code, text) = output(account.command(&["sweep", "--delete", "--settle", "1"]));
    assert_eq!(code, Some(3), "{text}");
    for part in ["it is not a regular file", "it is a link", "more than 67108864 bytes", "1 resource deleted"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(account.ids(), account.before);
}
