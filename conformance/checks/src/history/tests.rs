//! Histories on the emulator: the good one has an order for everything, and each race is found.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use connect_emulator::{Benign, Config, Defect, Emulator, FrontConfig, defects};
use connect_model::schema::Schema;
use connect_transport::target::Target;
use connect_transport::{Transport, TransportConfig};
use futures_util::{StreamExt, stream};

use super::*;
use crate::client::ClientConfig;
use crate::permission::Permission;

/// Histories within which a race is found, and the calls of each.
const WITHIN: u32 = 200;
const LENGTH: u16 = 50;

/// A client of an emulator with these settings.
async fn client_of(config: &Config, seed: u64) -> (Emulator, Client) {
    let schema = Schema::connect();
    let emulator = Emulator::start(schema, config).await.unwrap();
    let target = Target {
        instance_id: Some(emulator.service().instance_name()),
        ..Target::unsigned(emulator.url().parse().unwrap())
    };
    let transport =
        Arc::new(Transport::new(&target, &schema.service.signing_name, TransportConfig::default()).unwrap());
    let permission = Permission { loopback: true, ..Permission::default() };
    let config = ClientConfig { seed, run_id: format!("h{seed}"), permission, ..ClientConfig::default() };
    (emulator, Client::new(schema, target, transport, config))
}

/// The kinds that histories are recorded of.
fn kinds() -> Vec<&'static Resource> {
    resources::rows(Schema::connect()).iter().filter(|row| applies(Schema::connect(), &LINEARIZABLE, row)).collect()
}

/// The parts of a history without an order, with their timelines; and the number of parts.
async fn violations(client: &Client, row: &'static Resource, number: u32) -> (Vec<(Sort, String)>, usize) {
    let Ok(recorded) = drive::record(client, row, LENGTH, number, drive::clients(client)).await else {
        return (Vec::new(), 0);
    };
    let parts = judge(client.schema, &recorded.calls, drive::lags(client));
    let found = parts.iter().filter_map(|part| match &part.verdict {
        Verdict::Violation(few, _) => {
            Some((part.sort, format!("{}: {}\n{}", row.noun, part.about, timeline(&recorded.calls, few).join("\n"))))
        }
        _ => None,
    });
    (found.collect(), parts.len())
}

/// Records histories of each kind, and fails if one has no order; returns how many say something.
async fn assert_benign(config: &Config, seed: u64, each: u32) -> usize {
    let (emulator, client) = client_of(config, seed).await;
    let (mut judged, mut all) = (0, Vec::new());
    for number in 0..each {
        let mut histories = stream::iter(kinds()).map(|row| violations(&client, row, number)).buffer_unordered(8);
        while let Some((found, parts)) = histories.next().await {
            judged += usize::from(parts > 0);
            all.extend(found);
        }
    }
    emulator.shutdown().await;
    let texts: Vec<String> = all.iter().map(|(sort, text)| format!("{sort:?} {text}")).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
    judged
}

#[tokio::test(flavor = "multi_thread")]
async fn the_good_emulator_and_its_harmless_variants_have_an_order_for_everything() {
    let good = Config::default();
    let mut judged = assert_benign(&good, 1, 2).await;
    for id in ["slow-lists", "unordered-lists"] {
        let config = Config { benign: Benign::named(id), ..Config::default() };
        judged += assert_benign(&config, 2, 1).await;
    }
    assert!(judged > 2 * kinds().len(), "{judged}");
}

/// Further histories: `HISTORIES=100 cargo test --workspace --lib more_histories -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn more_histories_of_good_emulators_have_an_order_for_everything() {
    let each = std::env::var("HISTORIES").ok().and_then(|number| number.parse().ok()).unwrap_or(20);
    let front = FrontConfig { drop_one_in: 40, ..FrontConfig::default() };
    let slow = Config { search_lag: std::time::Duration::from_millis(50), ..Config::default() };
    for (name, config) in
        [("good", Config::default()), ("slow index", slow), ("lost answers", Config { front, ..Config::default() })]
    {
        let judged = assert_benign(&config, 7, each).await;
        assert!(judged > 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_race_is_found_within_two_hundred_histories() {
    let races: Vec<&Defect> =
        defects().filter(|defect| defect.kills.iter().any(|check| check.starts_with("history."))).collect();
    assert!(races.len() >= 15);
    let mut survivors = Vec::new();
    for defect in races {
        let (emulator, client) = client_of(&Config { defects: vec![defect], ..Config::default() }, 3).await;
        let nouns: Vec<&str> =
            defect.noun().map_or_else(|| vec!["ContactFlow", "ContactFlowModule", "Rule"], |noun| vec![noun]);
        let rows: Vec<&Resource> = kinds().into_iter().filter(|row| nouns.contains(&row.noun)).collect();
        let mut missing: BTreeSet<&str> =
            defect.kills.iter().copied().filter(|check| check.starts_with("history.")).collect();
        let mut number = 0;
        while !missing.is_empty() && number < WITHIN {
            for row in &rows {
                for (sort, _) in violations(&client, row, number).await.0 {
                    missing.remove(check_of(sort).id);
                }
                number += 1;
            }
        }
        survivors.extend((!missing.is_empty()).then_some(defect.id));
        emulator.shutdown().await;
    }
    assert!(survivors.is_empty(), "not found within {WITHIN} histories: {survivors:?}");
}
