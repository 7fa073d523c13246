//! Drafts and what is published of them.

use serde_json::json;

use super::life::{Life, draft};
use super::{Judged, NOT_PUBLISHED};
use crate::checks::Check;
use crate::checks::steps::{self, perform};
use crate::client::Client;
use crate::reply::Reply;
use crate::resources::Resource;

/// Saves one flow, publishes another, and tries to publish what is no content.
pub(super) async fn saved_published(client: &Client, row: &'static Resource, check: &'static Check) -> Judged {
    let (_, template) = client.creation(row).await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
    let named = |status: &str| {
        let mut input = template.clone();
        input["Status"] = status.into();
        input[row.name_member] = client.fresh_name().into();
        input
    };
    let mut findings = Vec::new();

    let sent = named("SAVED");
    let made = steps::create(client, row, &sent).await?;
    let saved = Life { client, row, check, sent, made };
    let reply = saved.describe(&saved.made.id).await?;
    match &reply {
        // An error without a name is the matter of error.discriminator.
        Reply::Refused(exchange, error) if error.code.is_none() && exchange.response.status == 404 => {}
        Reply::Refused(_, error) if error.code.as_deref() == Some(NOT_PUBLISHED) => {}
        Reply::Success(exchange) | Reply::Refused(exchange, _) => {
            let expected = format!("404 {NOT_PUBLISHED} for a flow that was only saved");
            findings.push(check.finding("", expected, reply.describe(), Some(exchange)));
        }
        Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
    }
    findings.extend(saved.shows(&draft(&saved.made.id), &json!({ "Content": saved.sent["Content"] })).await?);

    let sent = named("PUBLISHED");
    let made = steps::create(client, row, &sent).await?;
    let published = Life { client, row, check, sent, made };
    findings.extend(published.shows(&published.made.id, &published.sent).await?);

    // The twin of this request has just been accepted.
    let mut unusable = named("PUBLISHED");
    unusable["Content"] = "{".into();
    let reply = perform(client, row.create, &unusable).await?;
    match &reply {
        Reply::Refused(..) if reply.is_quota() => return Err(reply.describe()),
        Reply::Refused(exchange, _) if exchange.response.status < 500 => {
            client.learn("published content that is not JSON", reply.outline());
        }
        Reply::Success(exchange) | Reply::Refused(exchange, _) => {
            let expected = "a refusal (4xx) to publish content that is not JSON";
            findings.push(check.finding("/Content", expected, reply.describe(), Some(exchange)));
        }
        Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
    }
    let mut unusable = named("SAVED");
    unusable["Content"] = "{".into();
    client.learn("saved content that is not JSON", perform(client, row.create, &unusable).await?.outline());
    Ok(findings)
}
