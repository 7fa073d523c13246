//! Tags of a resource over time.

use connect_model::validate::excerpt;
use serde_json::{Value, json};

use crate::case::Finding;
use crate::checks::Check;
use crate::checks::steps::{Wait, body, succeed};
use crate::client::Client;
use crate::resources::RESOURCES;

/// Adds, overwrites, removes; looks after each. On a flow: whether rules can be tagged by ARN is not known (facts G8).
pub(super) async fn life_of_tags(client: &Client, check: &'static Check) -> Result<Vec<Finding>, String> {
    let row = RESOURCES.iter().find(|row| row.kind == "flow").ok_or("no kind of resource to tag")?;
    let made = client.make(row).await?;
    let tag = |tags: Value| json!({ "resourceArn": made.arn, "tags": tags });
    let steps = [
        ("TagResource", tag(json!({ "ct-a": "1", "ct-b": "2" })), json!({ "ct-a": "1", "ct-b": "2" })),
        ("TagResource", tag(json!({ "ct-b": "3", "ct-c": "" })), json!({ "ct-a": "1", "ct-b": "3", "ct-c": "" })),
        (
            "UntagResource",
            json!({ "resourceArn": made.arn, "tagKeys": ["ct-a", "ct-c"] }),
            json!({ "ct-a": null, "ct-b": "3", "ct-c": null }),
        ),
    ];
    for (operation, input, expected) in steps {
        succeed(client, operation, &input).await?;
        let mut wait = Wait::brief(client);
        loop {
            let exchange = succeed(client, "ListTagsForResource", &json!({ "resourceArn": made.arn })).await?;
            let listed = body(&exchange)?;
            let expected = expected.as_object().into_iter().flatten();
            let wrong: Vec<Finding> = expected
                .filter(|(key, wanted)| listed["tags"].get(key).unwrap_or(&Value::Null) != *wanted)
                .map(|(key, wanted)| {
                    let actual = format!("{} after {operation}", excerpt(&listed["tags"][key]));
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
    Ok(Vec::new())
}
