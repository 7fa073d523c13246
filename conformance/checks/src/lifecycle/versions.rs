//! Versions of a flow: increasing numbers, listing, immutable content.

use std::collections::BTreeSet;

use connect_model::schema::Schema;
use serde_json::{Value, json};

use crate::client::pager::{Pager, page_sizes};
use crate::client::reply::Reply;
use crate::code::Trial;
use crate::lifecycle::life::Life;
use crate::resources;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Wait, and_then, body, perform, succeed};
use connect_transport::exchange::Exchange;

const CREATE: &str = "CreateContactFlowVersion";
const LIST: &str = "ListContactFlowVersions";

/// The kind for which an operation creates versions.
pub(super) fn versioned_by(schema: &'static Schema, operation: &str) -> Option<&'static Resource> {
    resources::named(schema, "ContactFlow").filter(|_| operation == CREATE)
}

/// Creates a version of one content, then of another.
pub(super) async fn life_of_versions(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let sent = client.creation(row).await?;
    let created = steps::create(client, row, &sent).await?;
    let life = Life { client, row, check, sent, created };
    let first_content = life.sent["Content"].clone();
    let second_content = first_content.as_str().unwrap_or_default().replace("contract test", &client.fresh_name());

    let (first, _) = create_version(&life).await?;
    client.learn("first version of a flow", first.to_string());
    let mut update = life.naming(&life.created.id);
    update["Content"] = second_content.clone().into();
    succeed(client, "UpdateContactFlowContent", &update).await?;
    let shows = async |number: i64, content: &Value| {
        let expected = json!({ "Content": content, "Version": number });
        life.shows(&format!("{}:{number}", life.created.id), &expected).await
    };
    // Before the second version, which may get the number of the first.
    let changed = shows(first, &first_content).await?;
    let is_kept = changed.is_empty();
    let rest = async {
        let (second, exchange) = create_version(&life).await?;
        if second <= first {
            let actual = format!("{second} after {first}");
            return Ok(vec![check.finding("/Version", format!("a number above {first}"), actual, Some(&exchange))]);
        }
        let mut findings = Vec::new();
        if is_kept {
            findings.extend(shows(first, &first_content).await?);
        }
        findings.extend(shows(second, &second_content.into()).await?);
        findings.extend(are_listed(&life, &BTreeSet::from([first, second])).await?);
        if !findings.is_empty() {
            return Ok(findings);
        }
        let third_content = first_content.as_str().unwrap_or_default().replace("contract test", &client.fresh_name());
        update["Content"] = third_content.into();
        succeed(client, "UpdateContactFlowContent", &update).await?;
        let with_digest = with_digest(&life, &update["Content"]).await?;
        let (third, exchange) = match &with_digest {
            Some(Reply::Success(exchange)) => (number(&life, exchange)?, exchange.clone()),
            _ => create_version(&life).await?,
        };
        if let Some(reply) = with_digest.filter(|reply| reply.refusal().is_some()) {
            let expected = format!("success, as without the digest that {} shows", row.describe);
            let pointer = format!("/{}", resources::DIGEST.1);
            findings.push(check.finding(pointer, expected, reply.describe(), reply.exchange()));
        }
        if third <= second {
            let (expected, actual) = (format!("a number above {second}"), format!("{third} after {second}"));
            findings.push(check.finding("/Version", expected, actual, Some(&exchange)));
        }
        Ok(findings)
    };
    let findings = and_then(changed, rest).await?;

    // An update of a version may be rejected or ignored.
    let mut change = life.naming(&format!("{}:{first}", life.created.id));
    change["Content"] = life.sent["Content"].clone();
    client
        .learn("update of a version's content", perform(client, "UpdateContactFlowContent", &change).await?.outline());
    Ok(findings)
}

/// Creates a version and returns its number.
async fn create_version(life: &Life<'_>) -> Result<(i64, Box<Exchange>), String> {
    let exchange = succeed(life.client, CREATE, &life.naming(&life.created.id)).await?;
    Ok((number(life, &exchange)?, exchange))
}

/// The number of the version in the answer to its creation.
fn number(life: &Life<'_>, exchange: &Exchange) -> Result<i64, String> {
    let answer = body(life.client.schema, exchange)?;
    answer["Version"].as_i64().ok_or_else(|| format!("{CREATE} answered without a version number"))
}

/// Creates a version with the digest of the content that is published; none if the description does not show both.
async fn with_digest(life: &Life<'_>, content: &Value) -> Result<Option<Reply>, String> {
    let Life { client, row, .. } = life;
    let Reply::Success(exchange) = steps::describe(client, row, &life.sent, &life.created.id).await? else {
        return Ok(None);
    };
    let (_, shown) = steps::shown(client.schema, row, &exchange)?;
    let (create, member) = resources::DIGEST;
    // A description may lag, and need not show a digest.
    if shown["Content"] != *content || !shown[member].is_string() {
        return Ok(None);
    }
    let mut input = life.naming(&life.created.id);
    input[member] = shown[member].clone();
    perform(client, create, &input).await.map(Some)
}

/// Judges if the list shows all versions.
async fn are_listed(life: &Life<'_>, numbers: &BTreeSet<i64>) -> Judged {
    let schema: &Schema = life.client.schema;
    let operation = schema.operation_named(LIST).ok_or_else(|| format!("the model has no {LIST}"))?;
    let size = page_sizes(schema, operation).map(|(_, most)| most);
    let mut wait = Wait::brief(life.client);
    loop {
        let pages = Pager::new(life.client, operation, life.naming(&life.created.id))?.all(size).await?;
        let listed: BTreeSet<i64> = pages
            .iter()
            .flat_map(|page| &page.items)
            .filter_map(|item| item.get("Version").and_then(Value::as_i64))
            .collect();
        if numbers.is_subset(&listed) {
            return Ok(Vec::new());
        }
        if !wait.again().await {
            let exchange = pages.last().map(|page| &page.exchange);
            let text = |list: &BTreeSet<i64>| list.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            let actual = if listed.is_empty() { "none".to_owned() } else { text(&listed) };
            let expected = format!("versions {}", text(numbers));
            return Ok(vec![life.check.finding("", expected, actual, exchange)]);
        }
    }
}
