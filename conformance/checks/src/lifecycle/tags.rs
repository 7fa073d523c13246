//! Tags of a resource over time.

use connect_model::validate::excerpt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::case::Finding;
use crate::client::reply::Reply;
use crate::client::{Client, Made};
use crate::code::Trial;
use crate::lifecycle::Judged;
use crate::lifecycle::echo::shown;
use crate::resources::Resource;
use crate::steps;
use crate::steps::{Wait, body, naming, perform, succeed};
use connect_transport::exchange::Exchange;

/// Additions at a time.
const CONCURRENT: usize = 6;

/// A resource to tag, with the input that made it.
struct Tagged<'c> {
    client: &'c Client,
    made: Made,
    sent: Value,
}

impl<'c> Tagged<'c> {
    /// A resource that takes tags. Whether rules can be tagged by their ARN is not documented: a refusal is recorded.
    async fn new(client: &'c Client, row: &'static Resource) -> Result<Self, String> {
        let instance = match row.id_member {
            "InstanceId" => String::new(),
            _ => client.instance().await.ok_or("no instance to work in")?,
        };
        let (made, sent) = steps::make_in(client, row, &instance).await?;
        let tagged = Self { client, made, sent };
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
        input["resourceArn"] = self.made.arn.clone().into();
        perform(self.client, operation, &input).await
    }

    /// The tags as they are listed.
    async fn listed(&self) -> Result<(Value, Box<Exchange>), String> {
        let input = json!({ "resourceArn": self.made.arn });
        let exchange = succeed(self.client, "ListTagsForResource", &input).await?;
        Ok((body(&exchange)?["tags"].take(), exchange))
    }
}

/// What is done to a resource that has ct-a = 1 and ct-b = 2, and what it must have then.
fn changes() -> [(&'static str, Value, Value); 3] {
    [
        // A first look, at what the creation of the scenario has set.
        ("", Value::Null, json!({ "ct-a": "1", "ct-b": "2" })),
        (
            "TagResource",
            json!({ "tags": { "ct-b": "3", "ct-c": "" } }),
            json!({ "ct-a": "1", "ct-b": "3", "ct-c": "" }),
        ),
        ("UntagResource", json!({ "tagKeys": ["ct-a", "ct-c"] }), json!({ "ct-a": null, "ct-b": "3", "ct-c": null })),
    ]
}

/// Adds, overwrites, removes; looks at the list after each.
pub(super) async fn life_of_tags(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    for (operation, input, expected) in changes() {
        tagged.make(operation, input).await?;
        let mut wait = Wait::brief(client);
        loop {
            let (listed, exchange) = tagged.listed().await?;
            let expected = expected.as_object().into_iter().flatten();
            let wrong: Vec<Finding> = expected
                .filter(|(key, wanted)| listed.get(key).unwrap_or(&Value::Null) != *wanted)
                .map(|(key, wanted)| {
                    let after = if operation.is_empty() { "TagResource" } else { operation };
                    let actual = format!("{} after {after}", listed.get(key).map_or("absent".to_owned(), excerpt));
                    check.finding(format!("/tags/{key}"), excerpt(wanted), actual, Some(&exchange))
                })
                .collect();
            if wrong.is_empty() {
                break;
            }
            if !wait.again().await {
                return Ok(wrong);
            }
        }
    }
    let missing = tagged.change("UntagResource", json!({ "tagKeys": ["ct-never"] })).await?;
    client.learn("removing a tag that is not there", missing.outline());
    Ok(Vec::new())
}

/// The same changes; looks at the resource itself after each.
pub(super) async fn shown_as_listed(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let mut compared = false;
    for (operation, input, _) in changes() {
        tagged.make(operation, input).await?;
        let mut wait = Wait::brief(client);
        loop {
            let (listed, _) = tagged.listed().await?;
            let named = naming(row, &tagged.sent, &tagged.made.id);
            let exchange = succeed(client, row.describe, &named).await?;
            let (wrapper, thing) = shown(client.schema, row, &exchange)?;
            // No tags are absent, null or an empty map, as the endpoint likes.
            let tags = |value: &Value| value.as_object().cloned().unwrap_or_default();
            let (listed, shown) = (tags(&listed), tags(&thing["Tags"]));
            if listed == shown {
                compared |= !listed.is_empty();
                break;
            }
            if !wait.again().await {
                let (expected, actual) = (Value::from(listed), Value::from(shown));
                let pointer = format!("/{wrapper}/Tags");
                return Ok(vec![check.finding(pointer, excerpt(&expected), excerpt(&actual), Some(&exchange))]);
            }
        }
    }
    if compared { Ok(Vec::new()) } else { Err("no tags were listed to compare".to_owned()) }
}

/// Adds tags at the same time.
pub(super) async fn concurrent(trial: Trial<'_>, row: &'static Resource) -> Judged {
    let Trial { client, check, .. } = trial;
    let tagged = Tagged::new(client, row).await?;
    let keys: Vec<String> = (0..CONCURRENT).map(|number| format!("ct-at-once-{number}")).collect();
    let add = |key: &String| tagged.change("TagResource", json!({ "tags": { key: "1" } }));
    let replies = join_all(keys.iter().map(add)).await;
    let acknowledged = keys.iter().zip(&replies).filter(|(_, reply)| matches!(reply, Ok(Reply::Success(_))));
    let acknowledged: Vec<&String> = acknowledged.map(|(key, _)| key).collect();
    if acknowledged.len() < 2 {
        return Err(format!("of {CONCURRENT} additions at the same time {} succeeded", acknowledged.len()));
    }
    let mut wait = Wait::brief(client);
    loop {
        let (listed, exchange) = tagged.listed().await?;
        let lost = acknowledged.iter().filter(|key| listed.get(key.as_str()).is_none()).count();
        if lost == 0 {
            return Ok(Vec::new());
        }
        if !wait.again().await {
            let expected = format!("all {} tags that were added at the same time", acknowledged.len());
            return Ok(vec![check.finding("/tags", expected, format!("{lost} missing"), Some(&exchange))]);
        }
    }
}

impl Tagged<'_> {
    async fn make(&self, operation: &str, input: Value) -> Result<(), String> {
        if operation.is_empty() {
            return Ok(());
        }
        match self.change(operation, input).await? {
            Reply::Success(_) => Ok(()),
            other => Err(format!("{operation} answered {}", other.describe())),
        }
    }
}
