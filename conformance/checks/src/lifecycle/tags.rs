//! Tags of a resource, before and after changes.

use connect_model::validate::excerpt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::case::Finding;
use crate::client::reply::Reply;
use crate::client::{Client, Created};
use crate::code::Trial;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Judged, Wait, and_then, body, perform, shown, succeed};
use connect_transport::exchange::Exchange;

/// Number of concurrent additions.
const CONCURRENT: usize = 6;

/// A tagged resource, with the input that created it.
struct Tagged<'c> {
    client: &'c Client,
    created: Created,
    sent: Value,
}

impl<'c> Tagged<'c> {
    /// A new resource with two tags. It is not documented if rules can be tagged by their ARN: a rejection is recorded.
    async fn new(client: &'c Client, row: &'static Resource) -> Result<Self, String> {
        let sent = client.creation(row).await?;
        let created = steps::create(client, row, &sent).await?;
        let tagged = Self { client, created, sent };
        let reply = tagged.change("TagResource", json!({ "tags": { "ct-a": "1", "ct-b": "2" } })).await?;
        match &reply {
            Reply::Success(_) => Ok(tagged),
            other => {
                client.learn(format!("TagResource on a {}", row.kind), other.outline());
                Err(format!("TagResource on a {} answered {}", row.kind, other.describe()))
            }
        }
    }

    async fn change(&self, operation: &str, mut input: Value) -> Result<Reply, String> {
        input["resourceArn"] = self.created.arn.clone().into();
        perform(self.client, operation, &input).await
    }

    /// The listed tags.
    async fn list(&self) -> Result<(Value, Box<Exchange>), String> {
        let input = json!({ "resourceArn": self.created.arn });
        let exchange = succeed(self.client, "ListTagsForResource", &input).await?;
        Ok((body(&exchange)?["tags"].take(), exchange))
    }
}

/// Changes to a resource with the tags ct-a = 1 and ct-b = 2: operation, input, and the tags afterwards. An absent tag is
/// null.
fn changes() -> [(&'static str, Value, Value); 3] {
    [
        // The state before the first change.
        ("", Value::Null, json!({ "ct-a": "1", "ct-b": "2" })),
        (
            "TagResource",
            json!({ "tags": { "ct-b": "3", "ct-c": "" } }),
            json!({ "ct-a": "1", "ct-b": "3", "ct-c": "" }),
        ),
        ("UntagResource", json!({ "tagKeys": ["ct-a", "ct-c"] }), json!({ "ct-a": null, "ct-b": "3", "ct-c": null })),
    ]
}

/// The tags after a change of TagResource or UntagResource; null for the absent ones.
fn changed(before: &Value, input: &Value) -> Value {
    let mut after: Value =
        ["ct-a", "ct-b", "ct-c"].map(|key| (key.to_owned(), before[key].clone())).into_iter().collect();
    for (key, value) in input["tags"].as_object().into_iter().flatten() {
        after[key] = value.clone();
    }
    for key in input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        after[key] = Value::Null;
    }
    after
}

/// Adds, overwrites and removes tags, and checks the list after each change.
pub(super) async fn life_of_tags(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let mut findings = Vec::new();
    // The tags before a change, as they were listed: a wrong one is not judged again.
    let mut before: Option<Value> = None;
    for (operation, input, expected) in changes() {
        findings = and_then(findings, async {
            tagged.apply(operation, input.clone()).await?;
            let expected = before.as_ref().map_or(expected, |before| changed(before, &input));
            let mut wait = Wait::brief(client);
            loop {
                let (listed, exchange) = tagged.list().await?;
                let wrong: Vec<Finding> = (expected.as_object().into_iter().flatten())
                    .filter(|(key, wanted)| listed.get(key).unwrap_or(&Value::Null) != *wanted)
                    .map(|(key, wanted)| {
                        let after = if operation.is_empty() { "TagResource" } else { operation };
                        let actual = format!("{} after {after}", listed.get(key).map_or("absent".to_owned(), excerpt));
                        check.finding(format!("/tags/{key}"), excerpt(wanted), actual, Some(&exchange))
                    })
                    .collect();
                if wrong.is_empty() || !wait.again().await {
                    before = Some(listed);
                    return Ok(wrong);
                }
            }
        })
        .await?;
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    let missing = tagged.change("UntagResource", json!({ "tagKeys": ["ct-never"] })).await?;
    client.learn("removing a tag that is not there", missing.outline());
    Ok(Vec::new())
}

/// Makes the same changes, and checks the described resource after each.
pub(super) async fn shown_as_listed(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let mut compared = false;
    let mut findings = Vec::new();
    for (operation, input, _) in changes() {
        findings = and_then(findings, async {
            tagged.apply(operation, input).await?;
            let mut wait = Wait::brief(client);
            loop {
                let (listed, _) = tagged.list().await?;
                let named = row.naming(row.describe, &tagged.sent, &tagged.created.id);
                let exchange = succeed(client, row.describe, &named).await?;
                let (wrapper, resource) = shown(client.schema, row, &exchange)?;
                // Without tags, the member may be absent, null or an empty map.
                let tags = |value: &Value| value.as_object().cloned().unwrap_or_default();
                let (listed, shown) = (tags(&listed), tags(&resource["Tags"]));
                if listed == shown {
                    compared |= !listed.is_empty();
                    return Ok(Vec::new());
                }
                if !wait.again().await {
                    let (expected, actual) = (Value::from(listed), Value::from(shown));
                    let pointer = format!("{wrapper}/Tags");
                    return Ok(vec![check.finding(pointer, excerpt(&expected), excerpt(&actual), Some(&exchange))]);
                }
            }
        })
        .await?;
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    if compared { Ok(Vec::new()) } else { Err("the endpoint listed no tags".to_owned()) }
}

/// Adds tags concurrently.
pub(super) async fn concurrent(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let keys: Vec<String> = (0..CONCURRENT).map(|number| format!("ct-at-once-{number}")).collect();
    let add = |key: &String| tagged.change("TagResource", json!({ "tags": { key: "1" } }));
    let replies = join_all(keys.iter().map(add)).await;
    let added = keys.iter().zip(&replies).filter(|(_, reply)| matches!(reply, Ok(Reply::Success(_))));
    let added: Vec<&String> = added.map(|(key, _)| key).collect();
    if added.len() < 2 {
        return Err(format!("only {} of {CONCURRENT} concurrent additions succeeded", added.len()));
    }
    let mut wait = Wait::brief(client);
    loop {
        let (listed, exchange) = tagged.list().await?;
        let missing = added.iter().filter(|key| listed.get(key.as_str()).is_none()).count();
        if missing == 0 {
            return Ok(Vec::new());
        }
        if !wait.again().await {
            let expected = format!("all {} concurrently added tags", added.len());
            return Ok(vec![check.finding("/tags", expected, format!("{missing} missing"), Some(&exchange))]);
        }
    }
}

impl Tagged<'_> {
    /// Applies a change; does nothing if there is no operation.
    async fn apply(&self, operation: &str, input: Value) -> Result<(), String> {
        if operation.is_empty() {
            return Ok(());
        }
        match self.change(operation, input).await? {
            Reply::Success(_) => Ok(()),
            other => Err(format!("{operation} answered {}", other.describe())),
        }
    }
}
