//! Drafts and published content.

use arbitrary::Unstructured;
use connect_model::semantics::{self, Context};
use serde_json::{Value, json};

use crate::case::{Finding, Level};
use crate::client::Client;
use crate::client::pager::list_all;
use crate::client::reply::{NOT_PUBLISHED, Reply};
use crate::code::Trial;
use crate::lifecycle::life::Life;
use crate::resources::{Resource, draft};
use crate::steps;
use crate::steps::{Judged, Wait, and_then, perform};

/// Saves one flow, publishes another, and tries to publish invalid content.
pub(super) async fn saved_published(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let template = client.creation(row).await?;
    let input_with = |status: &str| {
        let mut input = template.clone();
        input["Status"] = status.into();
        row.set_name(&mut input, client.fresh_name());
        input
    };
    let mut findings = Vec::new();

    let sent = input_with("SAVED");
    let created = steps::create(client, row, &sent).await?;
    let saved = Life { client, row, check, sent, created };
    let reply = saved.describe(&saved.created.id).await?;
    match &reply {
        // error.discriminator judges errors without a name.
        Reply::Refused(exchange, error) if error.code.is_none() && exchange.response.status == 404 => {}
        Reply::Refused(_, error) if error.code.as_deref() == Some(NOT_PUBLISHED) => {}
        Reply::Success(exchange) | Reply::Refused(exchange, _) => {
            let expected = format!("404 {NOT_PUBLISHED} for a flow that was only saved");
            let finding = check.finding("", expected, reply.describe(), Some(exchange));
            let by_name = exchange.response.status == 404;
            findings.push(if by_name { finding.by_name_alone(client.target.loopback) } else { finding });
        }
        Reply::Unsupported(_) | Reply::Trouble(..) => return Err(reply.describe()),
    }
    let content = json!({ "Content": saved.sent["Content"] });
    let findings = and_then(findings, saved.shows(&draft(&saved.created.id), &content)).await?;
    let findings = and_then(findings, saved.listed_with_status()).await?;
    let findings = and_then(findings, async {
        let sent = input_with("PUBLISHED");
        let created = steps::create(client, row, &sent).await?;
        let published = Life { client, row, check, sent, created };
        let findings = published.shows(&published.created.id, &published.sent).await?;
        and_then(findings, published.listed_with_status()).await
    })
    .await?;
    and_then(findings, refuses_invalid(trial, row, &input_with)).await
}

impl Life<'_> {
    /// Findings if the list shows another status than the one that was sent. A list may leave out drafts and statuses.
    async fn listed_with_status(&self) -> Judged {
        let (sent, mut wait) = (&self.sent["Status"], Wait::brief(self.client));
        loop {
            let (items, exchange) = list_all(self.client, self.row, Some(&self.sent)).await?;
            let item = items.iter().find(|item| item[self.row.list_id()] == *self.created.id);
            let mut members = item.and_then(Value::as_object).into_iter().flatten();
            let shown = members.find(|(name, value)| name.ends_with("Status") && value.is_string());
            let Some((name, shown)) = shown.filter(|(_, shown)| *shown != sent) else { return Ok(Vec::new()) };
            if !wait.again().await {
                let expected = format!("{sent}, the {name} of {}, as it was created", self.created.id);
                return Ok(vec![self.check.finding("", expected, shown.to_string(), exchange.as_ref())]);
            }
        }
    }
}

/// Tries to publish invalid content.
async fn refuses_invalid(
    Trial { client, check, .. }: Trial<'_>,
    row: &'static Resource,
    input_with: &(dyn Fn(&str) -> Value + Sync),
) -> Judged {
    let mut findings = Vec::new();
    // The valid twin of these requests was accepted above. invalid.flow-content judges the error itself.
    for (what, content) in invalid_contents(client, row) {
        for status in [Some("PUBLISHED"), None] {
            let mut input = input_with("PUBLISHED");
            input["Content"] = content.as_str().into();
            if let (None, Some(members)) = (status, input.as_object_mut()) {
                members.remove("Status");
            }
            let reply = perform(client, row.create, &input).await?;
            // Without a status, a flow is published. This was observed, but is not documented.
            let level = if status.is_some() { check.level } else { Level::Should };
            let status = status.unwrap_or("no status");
            match &reply {
                Reply::Refused(..) if reply.is_quota() => return Err(reply.describe()),
                Reply::Refused(exchange, _) if exchange.response.status < 500 => {
                    client.learn(format!("{what} under {status}"), reply.outline());
                }
                Reply::Success(exchange) | Reply::Refused(exchange, _) => {
                    let expected = format!("a rejection (4xx) of {what} with {status}");
                    let finding = check.finding("/Content", expected, reply.describe(), Some(exchange));
                    findings.push(Finding { level, ..finding });
                }
                Reply::Unsupported(_) | Reply::Trouble(..) => return Err(reply.describe()),
            }
        }
        // Drafts are not validated according to the documentation; the details are unknown.
        let mut input = input_with("SAVED");
        input["Content"] = content.into();
        client.learn(format!("{what} under SAVED"), perform(client, row.create, &input).await?.outline());
    }
    Ok(findings)
}

/// Contents that must not be published, with descriptions.
fn invalid_contents(client: &Client, row: &Resource) -> Vec<(&'static str, String)> {
    let mut contents = vec![("content that is not JSON", "{".to_owned())];
    let unknown = semantics::breaches(row.create).into_iter().find(|breach| breach.kind == "unknown-action-type");
    let bytes = client.bytes("lifecycle.saved-published/content");
    let broken = unknown.and_then(|breach| {
        // The content is invalid for flows of every type.
        semantics::broken(row.create, breach, &Context::default(), &mut Unstructured::new(&bytes))
    });
    if let Some(Value::String(content)) = broken.and_then(|mut broken| broken.invalid.remove("Content")) {
        contents.push(("content with an unknown action", content));
    }
    contents
}
