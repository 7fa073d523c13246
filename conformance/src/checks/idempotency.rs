//! Family idempotency: what happens when a call is made again.

use std::collections::HashSet;
use std::time::Duration;

use connect_model::generate::{Config, SchemaPath};
use connect_model::schema::{OperationId, Schema};
use connect_model::wire::encode_request;
use futures_util::future::join_all;
use serde_json::Value;

use super::Check;
use crate::case::{Level, Outcome};
use crate::client::{Client, Made, made_of};
use crate::reply::Reply;
use crate::resources::{self, RESOURCES, Resource};

/// Where the rules on tokens come from.
const TOKENS: &str = "Smithy idempotencyToken trait";

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "idempotency.same-token-same-result",
        level: Level::Must,
        rule: "the same creation with the same token answers with the same id",
        source: TOKENS,
        passes: "equal ids",
        fails: "another id, or a refusal of the repeated call",
    },
    Check {
        id: "idempotency.same-token-one-resource",
        level: Level::Must,
        rule: "the same creation with the same token makes one resource",
        source: TOKENS,
        passes: "one item of that name in the list",
        fails: "two",
    },
    Check {
        id: "idempotency.different-token-distinct",
        level: Level::Must,
        rule: "creations with different tokens make different resources, however alike the tokens are",
        source: TOKENS,
        passes: "two ids for tokens that differ in their last character",
        fails: "the first id again",
    },
    Check {
        id: "idempotency.concurrent-same-token",
        level: Level::Must,
        rule: "concurrent creations with one token make one resource",
        source: TOKENS,
        passes: "one id over all successes; a refusal of a call that is under way is allowed",
        fails: "two ids",
    },
    Check {
        id: "idempotency.retry-after-disconnect",
        level: Level::Must,
        rule: "a creation that is repeated after the connection was lost makes one resource",
        source: TOKENS,
        passes: "the repeated call succeeds, and the list holds one resource of that name",
        fails: "two resources, or none",
    },
    Check {
        id: "idempotency.repeated-read-equal",
        level: Level::Must,
        rule: "reading twice without a change between gives the same answer",
        source: "read operations have no effect",
        passes: "equal bodies, in any order of list items",
        fails: "a member that changes from one read to the next",
    },
    Check {
        id: "idempotency.repeated-delete",
        level: Level::Must,
        rule: "deleting what is already deleted is refused, like deleting what never was",
        source: "Connect, life cycle: a repeated delete is ResourceNotFoundException 404",
        passes: "4xx to the second call; that it should be a 404 is error.not-found's affair",
        fails: "2xx, or a 5xx that an id that nobody has does not get",
    },
];

/// Calls that are under way at once with one token.
const CONCURRENT: usize = 8;

/// Checks that make sense for an operation.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<&'static Check> {
    let contract = &schema[operation];
    let name = contract.name.as_str();
    let token = schema.input_members(contract).is_some_and(|members| members.iter().any(|m| m.idempotency_token));
    let creates = resources::created_by(name).is_some() && token;
    let deletes = RESOURCES.iter().any(|row| row.delete == name);
    // Lists and searches change with every other trial of the run; what shows one thing does not.
    let reads = RESOURCES.iter().any(|row| row.describe == name) || name == "ListTagsForResource";
    CHECKS
        .iter()
        .filter(|check| match check.id {
            "idempotency.repeated-read-equal" => reads,
            "idempotency.repeated-delete" => deletes,
            _ => creates,
        })
        .collect()
}

/// Carries one check out.
pub async fn run(client: &Client, operation: OperationId, check: &'static Check) -> Outcome {
    if let Some(why) = client.unsupported(operation).await {
        return Outcome::unsupported(why, 0);
    }
    let result = match check.id {
        "idempotency.repeated-read-equal" => read_twice(client, operation, check).await,
        "idempotency.repeated-delete" => delete_twice(client, operation, check).await,
        _ => match resources::created_by(&client.schema[operation].name) {
            Some(row) => create_again(client, row, check).await,
            None => Err("the operation creates nothing that the run knows".to_owned()),
        },
    };
    result.unwrap_or_else(|why| Outcome::indeterminate(why, 0))
}

type Judged = Result<Outcome, String>;

async fn create_again(client: &Client, row: &'static Resource, check: &'static Check) -> Judged {
    let (operation, input) =
        client.creation(row).await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
    match check.id {
        "idempotency.different-token-distinct" => different_tokens(client, row, operation, input, check).await,
        "idempotency.concurrent-same-token" => concurrently(client, row, operation, &input, check).await,
        "idempotency.retry-after-disconnect" => after_disconnect(client, row, operation, &input, check).await,
        _ => {
            let first = client.call(operation, &input).await?;
            let Reply::Success(exchange) = &first else { return Err(first.describe()) };
            let made = made_of(row, &exchange.response.body).ok_or("the creation gave no id")?;
            let second = client.call(operation, &input).await?;
            if check.id == "idempotency.same-token-same-result" {
                return Ok(same_result(row, &made, &second, check));
            }
            one_of_that_name(client, row, &input, check).await
        }
    }
}

fn same_result(row: &Resource, made: &Made, second: &Reply, check: &'static Check) -> Outcome {
    let (exchange, actual) = match second {
        Reply::Success(exchange) => match made_of(row, &exchange.response.body) {
            Some(again) if again.id == made.id => return Outcome::from_findings(Vec::new(), 2),
            Some(again) => (exchange, again.id),
            None => (exchange, "no id".to_owned()),
        },
        Reply::Refused(exchange, _) => (exchange, second.describe()),
        Reply::Unsupported(why) | Reply::Trouble(why) => return Outcome::indeterminate(why.clone(), 2),
    };
    Outcome::from_findings(vec![check.finding(format!("/{}", row.id), &*made.id, actual, Some(exchange))], 2)
}

/// Two creations that differ in name and in the last character of their tokens.
async fn different_tokens(
    client: &Client,
    row: &'static Resource,
    operation: OperationId,
    mut input: Value,
    check: &'static Check,
) -> Judged {
    let token = token_member(client.schema, operation).ok_or("the operation has no token")?;
    let first = client.call(operation, &input).await?;
    let Reply::Success(exchange) = &first else { return Err(first.describe()) };
    let made = made_of(row, &exchange.response.body).ok_or("the creation gave no id")?;
    let text = input[&token].as_str().unwrap_or_default();
    let mut other: String = text.chars().take(text.chars().count().saturating_sub(1)).collect();
    other.push(if text.ends_with('1') { '2' } else { '1' });
    input[&token] = other.into();
    input[row.name_member] = client.fresh_name().into();
    let second = client.call(operation, &input).await?;
    let (exchange, actual) = match &second {
        Reply::Success(exchange) => match made_of(row, &exchange.response.body) {
            Some(again) if again.id != made.id => return Ok(Outcome::from_findings(Vec::new(), 2)),
            _ => (exchange, format!("{} again", made.id)),
        },
        Reply::Refused(exchange, _) => (exchange, second.describe()),
        Reply::Unsupported(why) | Reply::Trouble(why) => return Err(why.clone()),
    };
    let finding = check.finding(format!("/{}", row.id), "a new id for a new token", actual, Some(exchange));
    Ok(Outcome::from_findings(vec![finding], 2))
}

async fn concurrently(
    client: &Client,
    row: &'static Resource,
    operation: OperationId,
    input: &Value,
    check: &'static Check,
) -> Judged {
    let request = encode_request(client.schema, operation, input).map_err(|error| error.to_string())?;
    let replies = join_all((0..CONCURRENT).map(|_| client.send(operation, &request))).await;
    let mut ids = HashSet::new();
    let mut last = None;
    for reply in &replies {
        if let Reply::Success(exchange) = reply
            && let Some(made) = made_of(row, &exchange.response.body)
        {
            ids.insert(made.id);
            last = Some(exchange);
        }
    }
    match ids.len() {
        0 => Err(format!("none of {CONCURRENT} concurrent calls succeeded: {}", replies[0].describe())),
        1 => Ok(Outcome::from_findings(Vec::new(), CONCURRENT as u32)),
        count => {
            let actual = format!("{count} ids from {CONCURRENT} concurrent calls");
            let finding = check.finding(format!("/{}", row.id), "one id", actual, last.map(|exchange| &**exchange));
            Ok(Outcome::from_findings(vec![finding], CONCURRENT as u32))
        }
    }
}

/// Hangs up before the answer can have come, then calls again.
async fn after_disconnect(
    client: &Client,
    row: &'static Resource,
    operation: OperationId,
    input: &Value,
    check: &'static Check,
) -> Judged {
    let request = encode_request(client.schema, operation, input).map_err(|error| error.to_string())?;
    let name = &client.schema[operation].name;
    // The connection is dropped with the call: what the endpoint made of it, it does not get to tell.
    let cut = client.transport().send(name, &request);
    let _ = tokio::time::timeout(Duration::from_millis(1), cut).await;
    let second = client.send(operation, &request).await;
    match &second {
        Reply::Success(_) => one_of_that_name(client, row, input, check).await,
        Reply::Refused(exchange, _) => {
            // Does a creation that nobody interrupted succeed at all?
            client.make(row).await.map_err(|why| format!("an undisturbed creation: {why}"))?;
            let expected = "success of the call that is repeated with the same token";
            let finding = check.finding("", expected, second.describe(), Some(exchange));
            Ok(Outcome::from_findings(vec![finding], 3))
        }
        Reply::Unsupported(why) | Reply::Trouble(why) => Err(why.clone()),
    }
}

/// Counts the resources of the input's name in the whole list.
async fn one_of_that_name(client: &Client, row: &'static Resource, input: &Value, check: &'static Check) -> Judged {
    let wanted = input[row.name_member].as_str().unwrap_or_default();
    let (count, exchange) = super::pagination::count_named(client, row, wanted).await?;
    match count {
        0 => return Err(format!("{} does not hold what was just created", row.list.0)),
        1 => return Ok(Outcome::from_findings(Vec::new(), 3)),
        _ => {}
    }
    let finding = check.finding("", format!("one {} named {wanted}", row.kind), count.to_string(), exchange.as_ref());
    Ok(Outcome::from_findings(vec![finding], 3))
}

async fn read_twice(client: &Client, operation: OperationId, check: &'static Check) -> Judged {
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
            let (once, twice) = (unordered(once), unordered(twice));
            if once == twice {
                return Ok(Outcome::from_findings(Vec::new(), 2));
            }
            let pointer = first_difference(&once, &twice, String::new());
            let show =
                |value: &Value| value.pointer(&pointer).map_or("absent".to_owned(), connect_model::validate::excerpt);
            let finding = check.finding(&*pointer, show(&once), show(&twice), Some(exchange));
            Ok(Outcome::from_findings(vec![finding], 2))
        }
        _ => Err(format!("no two JSON answers to compare: {}", first.describe())),
    }
}

/// Lists sorted, since order is not promised.
fn unordered(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(unordered).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(map) => Value::Object(map.into_iter().map(|(key, inner)| (key, unordered(inner))).collect()),
        other => other,
    }
}

/// JSON Pointer to the first place where two values differ.
fn first_difference(left: &Value, right: &Value, at: String) -> String {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()) {
                if a.get(key) != b.get(key) {
                    let here = format!("{at}/{}", connect_model::validate::escape(key));
                    return match (a.get(key), b.get(key)) {
                        (Some(x), Some(y)) => first_difference(x, y, here),
                        _ => here,
                    };
                }
            }
            at
        }
        _ => at,
    }
}

async fn delete_twice(client: &Client, operation: OperationId, check: &'static Check) -> Judged {
    let name = &client.schema[operation].name;
    let row = RESOURCES.iter().find(|row| row.delete == name).ok_or("the operation deletes nothing known")?;
    let made = client.make(row).await?;
    let label = format!("{name}/{}", check.id);
    let mut input = client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await?;
    input[row.id_member] = made.id.into();
    let first = client.call(operation, &input).await?;
    if !matches!(first, Reply::Success(_)) {
        return Err(format!("the first delete: {}", first.describe()));
    }
    if let Some(token) = token_member(client.schema, operation).filter(|token| input.get(token).is_some()) {
        // The same token would make the second call a replay.
        input[&token] = client.fresh_token().into();
    }
    let second = client.call(operation, &input).await?;
    let exchange = match &second {
        Reply::Refused(exchange, _) if (400..500).contains(&exchange.response.status) => {
            return Ok(Outcome::from_findings(Vec::new(), 2));
        }
        Reply::Success(exchange) | Reply::Refused(exchange, _) => exchange,
        Reply::Unsupported(why) | Reply::Trouble(why) => return Err(why.clone()),
    };
    if second.refusal().is_some() {
        input[row.id_member] = super::error::NOBODY.into();
        let never = client.call(operation, &input).await?;
        if never.refusal().is_some_and(|(status, _)| status >= 500) {
            return Err(format!("the endpoint fails on any unknown id: {}", never.describe()));
        }
    }
    let expected = "a refusal (4xx) of the second delete";
    let finding = check.finding("", expected, second.describe(), Some(exchange));
    Ok(Outcome::from_findings(vec![finding], 2))
}

fn token_member(schema: &Schema, operation: OperationId) -> Option<String> {
    let members = schema.input_members(&schema[operation])?;
    members.iter().find(|member| member.idempotency_token).map(|member| member.name.clone())
}
