//! Creations at the same time: under names of their own, and under one.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::client::made_of;
use crate::client::pager::listed;
use crate::client::reply::Reply;
use crate::code::Trial;
use crate::lifecycle::Judged;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Wait, creation_in, perform};

/// Creations at a time.
const CONCURRENT: usize = 6;

/// Creates under different names.
pub(super) async fn creations(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let instance = steps::quiet_instance(client).await?;
    let mut inputs = Vec::new();
    for _ in 0..CONCURRENT {
        inputs.push(creation_in(client, row, &instance).await?);
    }
    let replies = join_all(inputs.iter().map(|input| perform(client, row.create, input))).await;
    let mut ids = BTreeSet::new();
    let mut acknowledged = 0;
    for reply in &replies {
        let Ok(Reply::Success(exchange)) = reply else { continue };
        let made =
            made_of(row, &exchange.response.body).ok_or_else(|| format!("{} answered without an id", row.create))?;
        acknowledged += 1;
        if !ids.insert(made.id.clone()) {
            let finding = check.finding(format!("/{}", row.id), "an id of its own", made.id, Some(exchange));
            return Ok(vec![finding]);
        }
    }
    if acknowledged < 2 {
        return Err(format!("of {CONCURRENT} creations at the same time {acknowledged} succeeded"));
    }
    let mut wait = Wait::brief(client);
    loop {
        let (items, exchange) = listed(client, row, Some(&instance)).await?;
        let lost: Vec<&String> = ids.iter().filter(|id| !items.iter().any(|item| item[row.list.1] == ***id)).collect();
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        if !wait.again().await {
            let expected = format!("all {acknowledged} in {}", row.list.0);
            let actual = format!("{} missing, for example {}", lost.len(), lost[0]);
            return Ok(vec![check.finding("", expected, actual, exchange.as_ref())]);
        }
    }
}

/// Creates under one name, each time with a token of its own.
pub(super) async fn one_name(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let instance = steps::quiet_instance(client).await?;
    let name = client.fresh_name();
    let mut inputs = Vec::new();
    for _ in 0..CONCURRENT {
        let mut input = creation_in(client, row, &instance).await?;
        input[row.name_member] = name.clone().into();
        inputs.push(input);
    }
    let replies = join_all(inputs.iter().map(|input| perform(client, row.create, input))).await;
    let successes: Vec<_> = replies
        .iter()
        .filter_map(|reply| if let Ok(Reply::Success(exchange)) = reply { Some(exchange) } else { None })
        .collect();
    match successes.len() {
        0 => Err(format!("none of {CONCURRENT} creations under one name succeeded")),
        1 => Ok(Vec::new()),
        count => {
            let (expected, actual) = (format!("one {} named {name}", row.kind), format!("{count} successes"));
            Ok(vec![check.finding(format!("/{}", row.name_member), expected, actual, successes.last().map(|e| &***e))])
        }
    }
}
