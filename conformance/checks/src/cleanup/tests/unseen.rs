//! Kinds that no operation describes: lists and tags tell what the run made from what was there.

use connect_emulator::Service;
use connect_model::path::SchemaPath;
use connect_model::wire::message::{Headers, HttpRequest};
use serde_json::{Value, json};

use super::{Liar, get};
use crate::client::reply::Reply;

/// Path of the associations.
fn associations(service: &Service) -> String {
    format!("/instance/{}/integration-associations", service.instance_name())
}

fn put(uri: &str, body: &Value) -> HttpRequest {
    let headers = Headers(vec![("content-type".to_owned(), "application/json".to_owned())]);
    HttpRequest { method: "PUT".to_owned(), uri: uri.to_owned(), headers, body: body.to_string().into_bytes() }
}

/// An association of somebody: its id and its ARN.
fn theirs(service: &Service) -> (String, String) {
    let body =
        json!({ "IntegrationType": "EVENT", "IntegrationArn": "arn:aws:events:us-east-1:111122223333:event-bus/x" });
    let made: Value = serde_json::from_slice(&service.handle(&put(&associations(service), &body)).body).unwrap();
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("IntegrationAssociationId"), text("IntegrationAssociationArn"))
}

impl Liar {
    async fn associate(&self) -> Reply {
        let instance = self.service.instance_name();
        let arn = format!("arn:aws:events:us-east-1:111122223333:event-bus/{}", self.client.fresh_name());
        let mut input = json!({ "InstanceId": instance, "IntegrationType": "EVENT", "IntegrationArn": arn });
        let create = self.client.schema.operation_named("CreateIntegrationAssociation").unwrap();
        self.client.add_run_tag(create, &mut input, &SchemaPath::default());
        self.call("CreateIntegrationAssociation", input).await
    }

    fn associations(&self) -> usize {
        let listed = self.service.handle(&get(&associations(&self.service)));
        let listed: Value = serde_json::from_slice(&listed.body).unwrap();
        listed["IntegrationAssociationSummaryList"].as_array().unwrap().len()
    }
}

/// The answer has the id of somebody's association. The creation may have made another one, unless the list shows nothing new.
#[tokio::test]
async fn what_was_listed_before_its_creation_is_left() {
    for makes in [true, false] {
        let liar = Liar::giving("IntegrationAssociationId", |service| theirs(service).0);
        let before = liar.service.handle(&get(&associations(&liar.service)));
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            if request.method == "GET" && !makes {
                response.clone_from(&before);
            }
        });
        let Reply::Success(answer) = liar.associate().await else { unreachable!("it is not created") };
        let answer: Value = serde_json::from_slice(&answer.response.body).unwrap();
        let id = answer["IntegrationAssociationId"].as_str().unwrap();
        let input = json!({ "InstanceId": liar.service.instance_name(), "IntegrationAssociationId": id });
        let refused = liar.call("DeleteIntegrationAssociation", input).await.describe();
        assert!(refused.contains("ListIntegrationAssociations showed it before it was created"), "{refused}");
        let left = liar.client.clear().await;
        assert_eq!(left.len(), 1 + usize::from(makes), "{left:?}");
        assert!(left.last().unwrap().contains(id), "{left:?}");
        assert_eq!((liar.deletions(), liar.associations()), (Vec::new(), 2));
    }
}

#[tokio::test]
async fn what_has_no_tag_of_the_run_is_left() {
    let liar = Liar::giving("IntegrationAssociationId", |_| "there is none yet".to_owned());
    // Somebody makes it after the run has read the list.
    let (id, arn) = {
        let _ = liar.associate().await;
        theirs(&liar.service)
    };
    let shown = id.clone();
    liar.tells("PUT ", move |body| {
        body["IntegrationAssociationId"] = shown.as_str().into();
        body["IntegrationAssociationArn"] = arn.as_str().into();
    });
    assert!(matches!(liar.associate().await, Reply::Success(_)));
    let left = liar.client.clear().await;
    assert!(left.iter().any(|line| line.contains(&id) && line.contains("has no tag of the run")), "{left:?}");
    assert!(!liar.deletions().iter().any(|line| line.contains(&id)), "{:?}", liar.deletions());
}

#[tokio::test]
async fn what_could_not_be_told_from_others_is_not_created() {
    let liar = Liar::giving("None", |_| String::new());
    *liar.twist.lock().unwrap() = Box::new(|request, response| {
        if request.method == "GET" && request.uri.contains("integration-associations") {
            response.status = 403;
        }
    });
    let refused = liar.associate().await.describe();
    assert!(refused.contains("ListIntegrationAssociations cannot be read"), "{refused}");
    assert_eq!((liar.associations(), liar.client.clear().await), (0, Vec::new()));
}

#[tokio::test]
async fn what_the_run_made_is_deleted() {
    let liar = Liar::giving("None", |_| String::new());
    theirs(&liar.service);
    for _ in 0..3 {
        assert!(matches!(liar.associate().await, Reply::Success(_)));
    }
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert_eq!((liar.deletions().len(), liar.associations()), (3, 1));
    let lists = liar
        .sent
        .lock()
        .unwrap()
        .iter()
        .filter(|line| line.starts_with("GET") && line.ends_with("-associations"))
        .count();
    assert_eq!(lists, 2, "the list is read before the first creation and after the last deletion");
}

/// The list goes on to show what is gone, as it would show what was not deleted.
#[tokio::test]
async fn what_a_list_still_shows_after_its_deletion_is_left() {
    let liar = Liar::giving("None", |_| String::new());
    assert!(matches!(liar.associate().await, Reply::Success(_)));
    let listed = liar.service.handle(&get(&associations(&liar.service)));
    *liar.twist.lock().unwrap() = Box::new(move |request, response| {
        if request.method == "GET" && request.uri.contains("/integration-associations") {
            response.clone_from(&listed);
        }
    });
    let left = liar.client.clear().await;
    assert!(left.len() == 1 && left[0].contains("and ListIntegrationAssociations still shows it"), "{left:?}");
    assert_eq!((liar.deletions().len(), liar.associations()), (1, 0));
}

/// A front sends a creation twice and answers with the second refusal, as it does for what somebody else has.
#[tokio::test]
async fn what_a_front_calls_taken_is_deleted_unless_it_was_there() {
    let liar = Liar::giving("None", |_| String::new());
    let instance = liar.service.instance_name();
    let theirs = json!({ "Origin": "https://example.com/theirs" });
    assert_eq!(liar.service.handle(&put(&format!("/instance/{instance}/approved-origin"), &theirs)).status, 200);
    *liar.twist.lock().unwrap() = Box::new(|request, response| {
        if request.method == "PUT" {
            response.status = 409;
            response.headers.push("x-amzn-errortype", "ResourceConflictException");
        }
    });
    for origin in ["https://example.com/theirs", "https://example.com/0badcafe"] {
        let reply = liar.call("AssociateApprovedOrigin", json!({ "InstanceId": instance, "Origin": origin })).await;
        assert!(matches!(reply, Reply::Refused(..)), "{origin}");
    }
    let left = liar.client.clear().await;
    assert_eq!(left, Vec::<String>::new());
    assert!(matches!(&liar.deletions()[..], [one] if one.contains("0badcafe")), "{:?}", liar.deletions());
}
