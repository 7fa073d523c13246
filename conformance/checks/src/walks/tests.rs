#![allow(clippy::unwrap_used, clippy::panic)]
use crate::case::Verdict;
use crate::code::Rank;
use crate::lifecycle::WALK;
use crate::memo::Memo;
use crate::selection::Selection;
use crate::setup::{self, SuiteConfig};
use crate::suite::Suite;
use crate::walks::drive::Failure;
use crate::walks::*;
use connect_emulator::{Config, Defect, Emulator};
use connect_transport::target::Target;

/// An emulator, possibly with defects, and a suite for it.
async fn start(defects: &[&str]) -> (Emulator, Suite) {
    let defects = defects.iter().map(|id| Defect::named(id).unwrap()).collect();
    let schema = Schema::connect();
    let emulator = Emulator::start(schema, &Config { defects, ..Config::default() }).await.unwrap();
    let operations = BTreeSet::from(["CreateContactFlow".to_owned()]);
    let selection = Selection { operations, ..setup::everything() };
    let config = SuiteConfig {
        settle: std::time::Duration::ZERO,
        ledger: None,
        answered: Default::default(),
        known: Default::default(),
        shrink: 0,
        seed: 1,
        cases: 1,
        run_id: "walks".to_owned(),
        timeout: Duration::from_secs(10),
        pace: connect_transport::pace::PaceConfig::default(),
        walks: WalkConfig::default(),
    };
    let mut target = Target::unsigned(emulator.url().parse().unwrap());
    target.instance_id = Some(emulator.service().instance_name());
    let (suite, _) = setup::suite(schema, target, &selection, config).unwrap();
    (emulator, suite)
}

fn all_operations() -> BTreeSet<&'static str> {
    SUBJECTS.iter().flat_map(operations).collect()
}

async fn end(suite: &Suite, steps: &[Step], patience: Patience) -> End {
    let (client, offered, known) = (suite.client(), all_operations(), BTreeSet::new());
    let instance = client.instance().await.unwrap();
    let context = WalkContext { client, instance: &instance, offered: &offered, patience, known: &known, sought: None };
    context.walk(steps).await
}

async fn shortest(suite: &Suite, failure: Failure) -> Failure {
    let (client, offered, known) = (suite.client(), all_operations(), BTreeSet::new());
    let instance = client.instance().await.unwrap();
    let patience = Patience::Brief;
    let context = WalkContext { client, instance: &instance, offered: &offered, patience, known: &known, sought: None };
    shrink_walk(&context, failure, LOCAL_BUDGET[0]).await
}

/// The outcome of the case of flows, with so many walks.
async fn outcome_of_flows(suite: &Suite, walks: &WalkConfig) -> crate::case::Outcome {
    let client = suite.client();
    let operation = client.schema.operation_named("CreateContactFlow").unwrap();
    let (memo, rank, check) = (Memo::new(0), Rank { before: 0, of: 1 }, &WALK);
    let trial = Trial { client, operation, check, variant: None, memo: &memo, recorded: None, walks, rank };
    run(trial, &SUBJECTS[0]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_goes_on_behind_a_deviation_and_reports_the_next_one() {
    let rows = [
        // Every walk meets the first of these.
        (["draft-shown", "name-taken-after-delete"], ["was only saved", "no flow has that name"]),
        (["names-in-small-letters", "draft-edit-publishes"], ["/ContactFlow/Name", "the content with"]),
        (["tags-not-shown", "archive-keeps"], ["/ContactFlow/Tags", "was deleted"]),
    ];
    for (defects, parts) in rows {
        let (emulator, suite) = start(&defects).await;
        let outcome = outcome_of_flows(&suite, &WalkConfig { count: 24, length: 25, ..WalkConfig::default() }).await;
        assert!(matches!(outcome.verdict, Verdict::Fail));
        for part in parts {
            let names = |finding: &&Finding| finding.expected.contains(part) || finding.pointer.contains(part);
            assert!(outcome.findings.iter().find(names).is_some(), "{defects:?}: {part}: {:#?}", outcome.findings);
        }
        emulator.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_of_thirty_steps_shrink_to_the_needed_ones() {
    let rows = [
        ("name-taken-after-delete", 3, "1. CreateContactFlow, name A, walk text 0, PUBLISHED → created flow#0"),
        ("draft-edit-publishes", 2, "2. UpdateContactFlowContent flow#0:$SAVED, walk text"),
        ("rename-restores", 3, "2. UpdateContactFlowMetadata flow#0, ARCHIVED"),
        ("archive-keeps", 3, "3. DeleteContactFlow flow#0 → accepted"),
        ("versions-lost", 3, "2. CreateContactFlowVersion flow#0 → accepted"),
    ];
    for (defect, most, line) in rows {
        let (emulator, suite) = start(&[defect]).await;
        let mut failure = None;
        for number in 0..50 {
            let walk = random_walk(7, &number.to_string(), &[Kind::Flow], 30);
            if let End::Failed(found) = end(&suite, &walk, Patience::None).await {
                failure = found.into_iter().next();
                break;
            }
        }
        let Failure { steps, lines, .. } = shortest(&suite, failure.unwrap()).await;
        assert!(steps.len() <= most, "{defect}: {lines:#?}");
        assert!(lines.iter().any(|text| text.starts_with(line)), "{defect}: {lines:#?}");
        for left_out in 0..steps.len() {
            let mut shorter = steps.clone();
            shorter.remove(left_out);
            let end = end(&suite, &shorter, Patience::None).await;
            assert!(matches!(end, End::Passed(_)), "{defect}: step {} is not needed: {lines:#?}", left_out + 1);
        }
        emulator.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_walk_fails_while_the_defect_exists_and_its_file_stays() {
    let folder = std::env::temp_dir().join(format!("connect-walks-{}-replay", std::process::id()));
    let steps = serde_json::from_str(
        r#"[{"do":"create","kind":"flow","name":0,"text":0},
            {"do":"edit-draft","of":"flow#0","text":1}]"#,
    )
    .unwrap();
    let walk =
        Saved { subject: "flows".to_owned(), expected: String::new(), actual: String::new(), story: vec![], steps };
    let path = walk.write(&folder).unwrap();
    for (defect, fails) in [(&["draft-edit-publishes"][..], true), (&[], false)] {
        let saved = Saved::read_all(&folder).unwrap();
        let config = WalkConfig { count: 1, length: 1, saved, folder: Some(folder.clone()), ..WalkConfig::default() };
        let (emulator, suite) = start(defect).await;
        let client = suite.client();
        let outcome = outcome_of_flows(&suite, &config).await;
        assert_eq!(matches!(outcome.verdict, Verdict::Fail), fails, "{outcome:?}");
        let said = if fails { "fail" } else { "do not fail" };
        assert_eq!(client.learned()["this run: walks saved by earlier runs"][said], 1);
        if let [finding] = outcome.findings.as_slice() {
            assert_eq!(finding.pointer, "/ContactFlow/Content");
            assert_eq!(finding.exchange.as_ref().unwrap().operation, "DescribeContactFlow");
            assert_eq!(finding.expected, "DescribeContactFlow flow#0: the content with `walk text 0`");
            assert_eq!(finding.actual, "the content with `walk text 1`");
            assert_eq!(finding.steps[2], "then DescribeContactFlow flow#0");
        }
        assert!(path.exists());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        emulator.shutdown().await;
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_delete_their_resources() {
    let (emulator, suite) = start(&[]).await;
    let kinds = [Kind::Flow, Kind::Module, Kind::Rule];
    for number in 0..20 {
        let walk = random_walk(3, &number.to_string(), &kinds, 30);
        assert!(matches!(end(&suite, &walk, Patience::Brief).await, End::Passed(_)));
    }
    let client = suite.client();
    for kind in kinds {
        let operation = client.schema.operation_named(kind.row().list_name()).unwrap();
        let input = serde_json::json!({ "InstanceId": client.instance().await.unwrap() });
        let crate::client::reply::Reply::Success(exchange) = client.call(operation, &input).await.unwrap() else {
            panic!()
        };
        assert!(!String::from_utf8_lossy(&exchange.response.body).contains("\"Name\""), "{kind:?}");
    }
    emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_on_an_endpoint_that_rejects_everything_are_inconclusive() {
    let (emulator, suite) = start(&["reject-everything"]).await;
    let walk = random_walk(3, "", &[Kind::Flow], 30);
    assert!(matches!(end(&suite, &walk, Patience::Brief).await, End::Inconclusive(_)));
    emulator.shutdown().await;
}

#[test]
fn walks_are_planned_only_if_all_their_operations_are_permitted() {
    let schema = Schema::connect();
    let planned =
        |name: &str, permission: &Permission| planned(schema, schema.operation_named(name).unwrap(), permission);
    let writes = Permission { writes: true, ..Permission::default() };
    for subject in SUBJECTS {
        for name in operations(subject) {
            assert!(schema.operation_named(name).is_some(), "{name}");
        }
        assert_eq!(planned(subject.operation, &writes).unwrap().unwrap().name, subject.name);
        let why = planned(subject.operation, &Permission::default()).unwrap().unwrap_err();
        assert!(why.contains("--allow-writes"), "{why}");
    }
    let one = Permission { operations: BTreeSet::from(["CreateRule".to_owned()]), ..Permission::default() };
    assert!(planned("CreateRule", &one).unwrap().unwrap_err().contains("DeleteRule"));
    assert!(planned("DescribeRule", &writes).is_none());
}
