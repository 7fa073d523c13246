//! Drafts and what is published of them.

use arbitrary::Unstructured;
use connect_model::semantics::{self, Context};
use serde_json::{Value, json};

use crate::case::{Finding, Level};
use crate::client::Client;
use crate::client::reply::Reply;
use crate::code::Trial;
use crate::lifecycle::life::{Life, draft};
use crate::lifecycle::{Judged, NOT_PUBLISHED};
use crate::resources::Resource;
use crate::steps;
use crate::steps::perform;

/// Saves one flow, publishes another, and tries to publish what is no content.
pub(super) async fn saved_published(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
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

    // The twin of these requests has just been accepted. What the error says is the matter of invalid.flow-content.
    for (what, content) in unusable(client, row) {
        for status in [Some("PUBLISHED"), None] {
            let mut input = named("PUBLISHED");
            input["Content"] = content.as_str().into();
            if let (None, Some(members)) = (status, input.as_object_mut()) {
                members.remove("Status");
            }
            let reply = perform(client, row.create, &input).await?;
            // That no status means published was observed, and is not written anywhere.
            let level = if status.is_some() { check.level } else { Level::Should };
            let status = status.unwrap_or("no status");
            match &reply {
                Reply::Refused(..) if reply.is_quota() => return Err(reply.describe()),
                Reply::Refused(exchange, _) if exchange.response.status < 500 => {
                    client.learn(format!("{what} under {status}"), reply.outline());
                }
                Reply::Success(exchange) | Reply::Refused(exchange, _) => {
                    let expected = format!("a refusal (4xx) to publish {what} under {status}");
                    let finding = check.finding("/Content", expected, reply.describe(), Some(exchange));
                    findings.push(Finding { level, ..finding });
                }
                Reply::Unsupported(_) | Reply::Trouble(_) => return Err(reply.describe()),
            }
        }
        // That a draft is not checked is documented; how far, is not known.
        let mut input = named("SAVED");
        input["Content"] = content.into();
        client.learn(format!("{what} under SAVED"), perform(client, row.create, &input).await?.outline());
    }
    Ok(findings)
}

/// Contents that cannot be published, and what they are.
fn unusable(client: &Client, row: &Resource) -> Vec<(&'static str, String)> {
    let mut contents = vec![("content that is not JSON", "{".to_owned())];
    let unknown = semantics::breaches(row.create).into_iter().find(|breach| breach.kind == "unknown-action-type");
    let bytes = client.bytes("lifecycle.saved-published/content");
    let broken = unknown.and_then(|breach| {
        // Wrong in any flow, whatever its type.
        semantics::broken(row.create, breach, &Context::default(), &mut Unstructured::new(&bytes))
    });
    if let Some(Value::String(content)) = broken.and_then(|mut broken| broken.invalid.remove("Content")) {
        contents.push(("content with an unknown action", content));
    }
    contents
}
