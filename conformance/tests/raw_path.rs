//! The requests of a whole run that take the raw path, because `reqwest` would change or could not send them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use connect_checks::judge::Judge;
use connect_checks::setup::{self, SuiteConfig};
use connect_checks::walks::WalkConfig;
use connect_conformance::built_in;
use connect_conformance::event::EmulatorInfo;
use connect_model::schema::Schema;
use connect_transport::RawReason;
use futures_util::StreamExt;

#[tokio::test(flavor = "multi_thread")]
async fn enumerates_the_raw_requests_of_a_whole_run() {
    let schema = Schema::connect();
    let emulator = built_in::start(schema, &EmulatorInfo::default(), 7).await.unwrap();
    let walks = WalkConfig { count: setup::DEFAULT_WALKS, length: setup::DEFAULT_WALK_LENGTH, ..WalkConfig::default() };
    let config = SuiteConfig {
        settle: Duration::ZERO,
        ledger: None,
        answered: Default::default(),
        known: Default::default(),
        shrink: 0,
        seed: 7,
        cases: setup::DEFAULT_CASES,
        run_id: "raw".to_owned(),
        timeout: Duration::from_secs(10),
        pace: connect_transport::pace::PaceConfig::default(),
        walks,
    };
    let (suite, transport) =
        setup::suite(schema, built_in::target_of(&emulator).unwrap(), &setup::everything(), config).unwrap();
    let suite = Arc::new(suite);
    let run = |index| {
        let suite = Arc::clone(&suite);
        async move { tokio::spawn(async move { suite.run(index).await }).await.unwrap() }
    };
    futures_util::stream::iter(0..suite.cases().len()).map(run).buffer_unordered(8).collect::<Vec<_>>().await;
    let sent: Vec<(String, RawReason)> = transport.sent_raw().into_keys().collect();
    // All are hang-ups of `idempotency.retry-after-disconnect`. None has a URL that changes its bytes, because the encoder
    // escapes all but the unreserved characters.
    let expected = [
        "CreateContactFlowModule",
        "CreateEvaluationForm",
        "CreateExtractionDefinition",
        "CreateInstance",
        "CreateMetric",
        "CreateRule",
        "CreateTaskTemplate",
        "CreateTrafficDistributionGroup",
    ];
    assert_eq!(sent, expected.map(|operation| (operation.to_owned(), RawReason::HangUp)));
}
