//! Rules on a real account: those that act on what others have are drafts.

use connect_model::generate::Config;
use connect_model::path::{SchemaPath, Step};
use connect_model::wire::encode_request;
use serde_json::json;

use super::{Liar, NAME};
use crate::client::reply::Reply;

#[tokio::test]
async fn rules_that_others_could_meet_are_not_published() {
    let liar = Liar::giving("None", |_| String::new());
    let create_rule = liar.client.schema.operation_named("CreateRule").unwrap();
    for number in 0..20 {
        let label = format!("rule {number}");
        let rich = liar.client.input(create_rule, Config::default(), &label, &SchemaPath::default()).await.unwrap();
        assert_eq!(rich["PublishStatus"], "DRAFT", "{label}");
    }
    // The status itself is tried on a rule that nothing meets.
    let focus = SchemaPath(vec![Step::Member("PublishStatus".to_owned())]);
    let mut sent = liar.client.input(create_rule, Config::sparse(), "status", &focus).await.unwrap();
    (sent["PublishStatus"], sent["Name"]) = (json!("PUBLISHED"), json!(NAME));
    assert!(matches!(liar.call("CreateRule", sent.clone()).await, Reply::Success(_)));
    let met = sent["Function"].as_str().unwrap().replace("contract test phrase", "hello");
    sent["Function"] = met.into();
    sent.as_object_mut().unwrap().remove("ClientToken");
    let reply = liar.call("CreateRule", sent.clone()).await.describe();
    assert!(reply.contains("it publishes a rule") && reply.contains("--allow-operation CreateRule"), "{reply}");
    // A server may take the first of two equal keys.
    let mut request = encode_request(liar.client.schema, create_rule, &sent).unwrap();
    request.body.pop();
    request.body.extend(br#","PublishStatus":"DRAFT"}"#);
    let reply = liar.client.send(create_rule, &request).await.describe();
    assert!(reply.contains("it publishes a rule"), "{reply}");
}
