//! Concurrent creations: with different names, and with one name.

use std::collections::BTreeSet;

use connect_transport::exchange::Exchange;
use futures_util::future::join_all;

use crate::client::pager::{key, list_all};
use crate::client::read_created;
use crate::client::reply::Reply;
use crate::code::Trial;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Wait, perform};

/// Number of concurrent creations.
const CONCURRENT: usize = 6;

/// Creates resources with different names.
pub(super) async fn creations(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let instance = steps::quiet_instance(client).await?;
    let mut inputs = Vec::new();
    for _ in 0..CONCURRENT {
        inputs.push(client.creation_in(row, &instance).await?);
    }
    row.makes_two(&inputs[0], &inputs[1])?;
    let replies = join_all(inputs.iter().map(|input| perform(client, row.create, input))).await;
    let mut ids = BTreeSet::new();
    let mut successes = 0;
    for (reply, input) in replies.iter().zip(&inputs) {
        let Ok(Reply::Success(exchange)) = reply else { continue };
        let created = read_created(row, input, exchange)?;
        successes += 1;
        if !ids.insert(created.id.clone()) {
            let finding = check.finding(row.id_pointer(), "a distinct id", created.id, Some(exchange));
            return Ok(vec![finding.resting_on(exchanges(&replies))]);
        }
    }
    if successes < 2 {
        return Err(format!("only {successes} of {CONCURRENT} concurrent creations succeeded"));
    }
    let mut wait = Wait::brief(client);
    loop {
        let (items, exchange) = list_all(client, row, inputs.first()).await?;
        let missing: Vec<&String> =
            ids.iter().filter(|id| !items.iter().any(|item| key(item, Some(row.list_id())) == **id)).collect();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        if !wait.again().await {
            let expected = format!("all {successes} resources in {}", row.list_name());
            let actual = format!("{} missing, for example {}", missing.len(), missing[0]);
            let finding = check.finding("", expected, actual, exchange.as_ref());
            return Ok(vec![finding.resting_on(exchanges(&replies).chain(exchange.as_ref()))]);
        }
    }
}

/// The exchanges of concurrent calls.
fn exchanges(replies: &[Result<Reply, String>]) -> impl Iterator<Item = &Exchange> {
    replies.iter().flatten().filter_map(Reply::exchange)
}

/// Creates resources with one name and different tokens.
pub(super) async fn one_name(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let instance = steps::quiet_instance(client).await?;
    let name = row.name_of(&client.fresh_name());
    let mut inputs = Vec::new();
    for _ in 0..CONCURRENT {
        let mut input = client.creation_in(row, &instance).await?;
        row.set_name(&mut input, name.clone());
        inputs.push(input);
    }
    let replies = join_all(inputs.iter().map(|input| perform(client, row.create, input))).await;
    let successes: Vec<_> = replies
        .iter()
        .filter_map(|reply| if let Ok(Reply::Success(exchange)) = reply { Some(exchange) } else { None })
        .collect();
    match successes.len() {
        0 => Err(format!("none of {CONCURRENT} creations with one name succeeded")),
        1 => Ok(Vec::new()),
        count => {
            let (expected, actual) = (format!("one {} named {name}", row.kind), format!("{count} successes"));
            let decisive = successes.last().map(|exchange| &***exchange);
            let finding = check.finding(row.name_pointer(), expected, actual, decisive);
            Ok(vec![finding.resting_on(exchanges(&replies))])
        }
    }
}
