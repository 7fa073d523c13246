//! Reads and deletions that are sent twice.

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use serde_json::Value;

use crate::client::reply::Reply;
use crate::code::Trial;
use crate::difference;
use crate::idempotency::token_member;
use crate::resources;
use crate::resources::overwrite;
use crate::same::in_progress;
use crate::steps::{Judged, body};

/// Reads one resource twice.
pub(super) async fn read_twice(trial: Trial<'_>) -> Judged {
    let Trial { client, operation, check, .. } = trial;
    let name = &client.schema[operation].name;
    let label = format!("{name}/{}", check.id);
    let input = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?;
    let body = |reply: &Reply| match reply {
        Reply::Success(exchange) => serde_json::from_slice::<Value>(&exchange.response.body).ok(),
        _ => None,
    };
    let first = client.call(operation, &input).await?;
    let second = client.call(operation, &input).await?;
    let Reply::Success(exchange) = &second else { return Err(second.describe()) };
    match (body(&first), body(&second)) {
        (Some(once), Some(twice)) => {
            let (once, twice) = (sorted(once), sorted(twice));
            if once == twice {
                return Ok(Vec::new());
            }
            let pointer = difference::first(&once, &twice);
            let at = |value: &Value| value.pointer(&pointer).cloned().unwrap_or_default();
            let (expected, actual) = difference::apart(&at(&once), &at(&twice));
            let finding = check.finding(pointer, expected, actual, Some(exchange));
            Ok(vec![finding.resting_on(first.exchange().into_iter().chain([&**exchange]))])
        }
        _ => Err(format!("there are no two JSON responses to compare: {}", first.describe())),
    }
}

/// A value with sorted lists, since their order is not defined.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, inner)| (key, sorted(inner))).collect()),
        other => other,
    }
}

/// Deletes one resource twice.
pub(super) async fn delete_twice(trial: Trial<'_>) -> Judged {
    let Trial { client, operation, check, .. } = trial;
    let name = &client.schema[operation].name;
    let row = resources::rows(client.schema)
        .iter()
        .find(|row| row.delete == name)
        .ok_or("the operation deletes no known kind")?;
    let created = client.create(row).await?;
    let label = format!("{name}/{}", check.id);
    let mut input = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?;
    overwrite(&mut input, row.naming(name, &created.sent, &created.id));
    let first = client.call(operation, &input).await?;
    if !matches!(first, Reply::Success(_)) {
        return Err(format!("the first delete: {}", first.describe()));
    }
    if let Some(token) = token_member(client.schema, operation) {
        // With the same token, the second call would be a replay.
        if input.get(&token).is_some() {
            client.learn(format!("replayed token, {name}"), client.call(operation, &input).await?.outline());
        }
        input[&token] = client.fresh_token().into();
    }
    let second = client.call(operation, &input).await?;
    for reply in [&first, &second] {
        if let Reply::Success(exchange) = reply
            && body(client.schema, exchange).is_ok_and(|answer| in_progress(&answer))
        {
            return Err(format!("{name} answers that the deletion is in progress"));
        }
    }
    let exchange = match &second {
        Reply::Refused(exchange, _) if (400..500).contains(&exchange.response.status) => {
            return Ok(Vec::new());
        }
        Reply::Success(exchange) | Reply::Refused(exchange, _) => exchange,
        Reply::Unsupported(why) | Reply::Trouble(why, _) => return Err(why.clone()),
    };
    if second.refusal().is_some() {
        overwrite(&mut input, row.naming(name, &created.sent, crate::error::UNKNOWN_ID));
        let never = client.call(operation, &input).await?;
        if never.refusal().is_some_and(|(status, _)| status >= 500) {
            return Err(format!("the endpoint fails on any unknown id: {}", never.describe()));
        }
    }
    let expected = "a rejection (4xx) of the second delete";
    let finding = check.finding("", expected, second.describe(), Some(exchange));
    Ok(vec![finding.resting_on(first.exchange().into_iter().chain([&**exchange]))])
}
