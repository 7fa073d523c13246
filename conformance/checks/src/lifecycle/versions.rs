//! Versions of a flow: numbered, listed, unchangeable.

use std::collections::BTreeSet;

use connect_model::schema::Schema;
use serde_json::{Value, json};

use crate::client::pager::{Pager, page_sizes};
use crate::code::Trial;
use crate::lifecycle::Judged;
use crate::lifecycle::life::Life;
use crate::resources::{RESOURCES, Resource};
use crate::steps;
use crate::steps::{Wait, body, perform, succeed};

const CREATE: &str = "CreateContactFlowVersion";
const LIST: &str = "ListContactFlowVersions";

/// The kind of which an operation makes versions.
pub(super) fn versioned_by(operation: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|row| operation == CREATE && row.kind == "flow")
}

/// A version of one content, then of another.
pub(super) async fn life_of_versions(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let (_, sent) = client.creation(row).await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
    let made = steps::create(client, row, &sent).await?;
    let life = Life { client, row, check, sent, made };
    let first_content = life.sent["Content"].clone();
    let second_content = first_content.as_str().unwrap_or_default().replace("contract test", &client.fresh_name());

    let (first, _) = version(&life).await?;
    client.learn("first version of a flow", first.to_string());
    let mut update = life.named(&life.made.id);
    update["Content"] = second_content.clone().into();
    succeed(client, "UpdateContactFlowContent", &update).await?;
    let (second, exchange) = version(&life).await?;
    if second <= first {
        let actual = format!("{second} after {first}");
        return Ok(vec![check.finding("/Version", format!("a number above {first}"), actual, Some(&exchange))]);
    }

    let mut findings = Vec::new();
    for (number, content) in [(first, first_content), (second, second_content.into())] {
        let expected = json!({ "Content": content, "Version": number });
        findings.extend(life.shows(&format!("{}:{number}", life.made.id), &expected).await?);
    }
    findings.extend(listed(&life, &BTreeSet::from([first, second])).await?);

    // What is unchangeable may be refused or ignored.
    let mut change = life.named(&format!("{}:{first}", life.made.id));
    change["Content"] = life.sent["Content"].clone();
    client
        .learn("update of a version's content", perform(client, "UpdateContactFlowContent", &change).await?.outline());
    Ok(findings)
}

/// Makes a version; its number.
async fn version(life: &Life<'_>) -> Result<(i64, Box<connect_transport::exchange::Exchange>), String> {
    let exchange = succeed(life.client, CREATE, &life.named(&life.made.id)).await?;
    let number = body(&exchange)?["Version"].as_i64().ok_or_else(|| format!("{CREATE} answered without a number"))?;
    Ok((number, exchange))
}

async fn listed(life: &Life<'_>, numbers: &BTreeSet<i64>) -> Judged {
    let schema: &Schema = life.client.schema;
    let operation = schema.operation_named(LIST).ok_or_else(|| format!("the model has no {LIST}"))?;
    let size = page_sizes(schema, operation).map(|(_, most)| most);
    let mut wait = Wait::brief(life.client);
    loop {
        let pages = Pager::new(life.client, operation, life.named(&life.made.id))?.all(size).await?;
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
            let (expected, actual) = (format!("versions {numbers:?}"), format!("{listed:?}"));
            return Ok(vec![life.check.finding("", expected, actual, exchange)]);
        }
    }
}
