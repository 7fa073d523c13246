//! Endpoints that give new resources the ids of others, or ids that are none.
#![allow(clippy::unwrap_used)]

mod fronts;
mod rules;
mod unseen;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_emulator::{Config, Service};
use connect_model::files::Use;
use connect_model::path::SchemaPath;
use connect_model::schema::Schema;
use connect_model::wire::encode_request;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_transport::target::Target;
use connect_transport::{InProcess, Transport, TransportConfig};
use serde_json::{Value, json};

use crate::client::reply::Reply;
use crate::client::run_tag::TAG;
use crate::client::{Client, ClientConfig};
use crate::ledger::journal::{Header, Journal, VERSION};
use crate::ledger::{Ledger, hook};
use crate::permission::Permission;

/// An emulator with flows of others, behind something that changes the ids of new flows.
struct Liar {
    client: Client,
    service: Arc<Service>,
    /// Method and path of each request.
    sent: Arc<Mutex<Vec<String>>>,
    /// The endpoint answers reads of this id as if there were nothing.
    hidden: Arc<Mutex<Option<String>>>,
    /// Changes responses.
    twist: Arc<Mutex<Twist>>,
}

/// A change of the response to a request.
type Twist = Box<dyn Fn(&HttpRequest, &mut HttpResponse) + Send>;

/// An instance that does not exist, as paths have it.
const UNKNOWN: &str = "ct%3A1%2F2";

/// The name of a run.
const NAME: &str = "Ct-0badcafe-1";

impl Liar {
    /// Gives new flows this id.
    fn new(id: impl Fn(&Service) -> String) -> Self {
        Self::giving("ContactFlowId", id)
    }

    /// Gives a member of the responses to creations this value.
    fn giving(member: &'static str, id: impl Fn(&Service) -> String) -> Self {
        Self::with_ledger(member, id, |schema, instance| Ledger::new(schema, Some(instance)))
    }

    fn with_ledger(
        member: &'static str,
        id: impl Fn(&Service) -> String,
        ledger: impl Fn(&'static Schema, &str) -> Ledger,
    ) -> Self {
        let schema = Schema::connect();
        let service = Arc::new(Service::new(schema, &Config { resources: 3, ..Config::default() }));
        let (behind, id) = (Arc::clone(&service), id(&service));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        let hidden = Arc::new(Mutex::new(None::<String>));
        let hides = Arc::clone(&hidden);
        let twist: Arc<Mutex<Twist>> = Arc::new(Mutex::new(Box::new(|_, _| {})));
        let twists = Arc::clone(&twist);
        let endpoint = InProcess::new(move |request: &HttpRequest| {
            log.lock().unwrap().push(format!("{} {}", request.method, request.uri));
            let mut received = request.clone();
            if received.method == "PUT" {
                // It takes any name of an instance.
                received.uri = received.uri.replace(UNKNOWN, &behind.instance_name());
            }
            if let (Some(hidden), "GET") = (hides.lock().unwrap().as_deref(), received.method.as_str()) {
                received.uri = received.uri.replace(hidden, "00000000-0000-4000-8000-000000000000");
            }
            let mut response = behind.handle(&received);
            let mut body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            if request.method == "PUT" && body.get(member).is_some() {
                body[member] = id.as_str().into();
                response.body = body.to_string().into_bytes();
            }
            twists.lock().unwrap()(request, &mut response);
            response
        });
        let mut target = Target::unsigned("http://127.0.0.1".parse().unwrap());
        (target.loopback, target.instance_id) = (false, Some(service.instance_name()));
        let ledger = Arc::new(ledger(schema, &service.instance_name()));
        let bounds = TransportConfig { hook: hook(Some(&ledger)), ..TransportConfig::default() };
        let transport = Arc::new(Transport::in_process(&target, endpoint, bounds));
        let permission = Permission { writes: true, ..Permission::default() };
        let run_id = "0badcafe".to_owned();
        let settle = Duration::ZERO;
        let config = ClientConfig { run_id, permission, settle, ledger: Some(ledger), ..ClientConfig::default() };
        Self { client: Client::new(schema, target, transport, config), service, sent, hidden, twist }
    }

    /// Changes the bodies of the responses to requests with this in their line.
    fn tells(&self, of: &str, change: impl Fn(&mut Value) + Send + 'static) {
        let of = of.to_owned();
        *self.twist.lock().unwrap() = Box::new(move |request, response| {
            if format!("{} {}", request.method, request.uri).contains(&of) {
                let mut body = serde_json::from_slice(&response.body).unwrap();
                change(&mut body);
                response.body = body.to_string().into_bytes();
            }
        });
    }

    async fn call(&self, operation: &str, input: Value) -> Reply {
        self.client.call(self.client.schema.operation_named(operation).unwrap(), &input).await.unwrap()
    }

    /// Creates a flow, and returns the id in the response.
    async fn create(&self, name: &str) -> String {
        let Reply::Success(exchange) = self.ask_for(name).await else { unreachable!("the flow is not created") };
        let body: Value = serde_json::from_slice(&exchange.response.body).unwrap();
        body["ContactFlowId"].as_str().unwrap().to_owned()
    }

    async fn ask_for(&self, name: &str) -> Reply {
        let content = json!({
            "Version": "2019-10-30", "StartAction": "a", "Metadata": {},
            "Actions": [{ "Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} }],
        });
        let input = json!({
            "InstanceId": self.service.instance_name(), "Name": name, "Type": "CONTACT_FLOW", "Content": content.to_string(),
        });
        self.call("CreateContactFlow", input).await
    }

    async fn delete(&self, id: &str) -> Reply {
        let input = json!({ "InstanceId": self.service.instance_name(), "ContactFlowId": id });
        self.call("DeleteContactFlow", input).await
    }

    /// Names of all flows.
    fn names(&self) -> Vec<String> {
        flows(&self.service).into_iter().map(|flow| flow["Name"].as_str().unwrap().to_owned()).collect()
    }

    fn deletions(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().filter(|line| line.starts_with("DELETE")).cloned().collect()
    }
}

fn flows(service: &Service) -> Vec<Value> {
    let uri = format!("/contact-flows-summary/{}?maxResults=1000", service.instance_name());
    let response = service.handle(&HttpRequest { method: "GET".to_owned(), uri, ..HttpRequest::default() });
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    body["ContactFlowSummaryList"].as_array().unwrap().clone()
}

fn get(uri: &str) -> HttpRequest {
    HttpRequest { method: "GET".to_owned(), uri: uri.to_owned(), ..HttpRequest::default() }
}

fn theirs(service: &Service) -> String {
    flows(service)[0]["Id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_an_endpoint_wrongly_calls_ours_is_reported_and_left() {
    let liar = Liar::new(theirs);
    let before = liar.names();
    let id = liar.create(NAME).await;
    assert_eq!(id, theirs(&liar.service));
    // The deletion of a check, by id and by ARN, and the cleanup.
    for id in [id.clone(), format!("arn:aws:connect:us-east-1:111122223333:instance/i/contact-flow/{id}")] {
        let reply = liar.delete(&id).await.describe();
        assert!(reply.contains("which is no name of the run"), "{reply}");
    }
    let left = liar.client.clear().await;
    assert!(left[0].contains("the endpoint gave a new resource this id") && left[0].contains(&id), "{left:?}");
    assert_eq!(liar.names(), before, "ours is found by its name and deleted, theirs is left");
    assert!(!liar.deletions().iter().any(|line| line.contains(&id)), "{:?}", liar.deletions());
}

/// The description of something else by its id or its ARN, a name that the model does not have, a tag under another name, and
/// a name that is there twice.
#[tokio::test]
async fn a_description_that_may_be_that_of_something_else_is_no_proof() {
    type Lie = fn(&mut Value);
    let other = |body: &mut Value| {
        body["ContactFlow"]["Id"] = "00000000-0000-4000-8000-00000000000f".into();
        body["ContactFlow"]["Name"] = NAME.into();
    };
    let other_arn = |body: &mut Value| {
        let arn = "arn:aws:connect:us-east-1:111122223333:instance/i/contact-flow/00000000-0000-4000-8000-00000000000f";
        (body["ContactFlow"]["Arn"], body["ContactFlow"]["Name"]) = (arn.into(), NAME.into());
    };
    let beyond = |body: &mut Value| body["Name"] = NAME.into();
    // A creation may add its tags to what exists.
    let tagged = |body: &mut Value| body["ContactFlow"]["Tags"] = json!({ TAG: "0badcafe 1796004000" });
    let liar = Liar::new(theirs);
    let rows: [(Lie, &str); 4] = [
        (other, "something with the id"),
        (other_arn, "something with the id"),
        (beyond, "which is no name of the run"),
        (tagged, "which is no name of the run"),
    ];
    for (lie, problem) in rows {
        let liar = Liar::new(theirs);
        let before = liar.names();
        let id = liar.create(NAME).await;
        liar.tells(&format!("GET /contact-flows/{}/{id}", liar.service.instance_name()), lie);
        let reply = liar.delete(&id).await.describe();
        assert!(reply.contains(problem), "{reply}");
        let left = liar.client.clear().await;
        assert!(left.len() == 1 && left[0].contains(&id), "{left:?}");
        assert_eq!(liar.names(), before, "ours is found by its name and deleted, theirs is left");
    }
    let id = liar.create(NAME).await;
    *liar.twist.lock().unwrap() = Box::new(|request, response| {
        if request.method == "GET" && request.uri.starts_with("/contact-flows/") {
            let text = String::from_utf8(response.body.clone()).unwrap();
            response.body = text.replace("\"Name\":", &format!("\"Name\":\"{NAME}\",\"Name\":")).into_bytes();
        }
    });
    let reply = liar.delete(&id).await.describe();
    assert!(reply.contains("shows /ContactFlow/Name twice"), "{reply}");
}

/// A list may lag behind a change of names.
#[tokio::test]
async fn what_a_list_shows_under_our_name_is_described_before_it_is_deleted() {
    let liar = Liar::giving("nothing", |_| String::new());
    let (before, id) = (liar.names(), theirs(&liar.service));
    let instance = liar.service.instance_name();
    let create = liar.client.schema.operation_named("CreateContactFlow").unwrap();
    let Value::Object(members) = json!({ "InstanceId": instance, "Name": NAME }) else { unreachable!() };
    liar.client.ledger().unwrap().adopt(create, members, json!({ "InstanceId": instance, "ContactFlowId": id }));
    let left = liar.client.clear().await;
    assert!(left.iter().any(|line| line.contains("which is no name of the run")), "{left:?}");
    assert_eq!((liar.names(), liar.deletions()), (before, Vec::new()));
}

#[tokio::test]
async fn a_creation_that_is_answered_with_an_earlier_one_is_looked_for_by_its_name() {
    let liar = Liar::giving("nothing", |_| String::new());
    let before = liar.names();
    let first = liar.create(NAME).await;
    let given = first.clone();
    liar.tells("PUT /contact-flows/", move |body| body["ContactFlowId"] = given.as_str().into());
    for name in ["Ct-0badcafe-2", "Ct-0badcafe-3"] {
        assert_eq!(liar.create(name).await, first);
    }
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert_eq!((liar.names(), liar.deletions().len()), (before, 3));
}

#[tokio::test]
async fn a_list_that_ends_early_does_not_show_that_nothing_is_there() {
    let liar = Liar::giving("nothing", |_| String::new());
    let id = liar.create(NAME).await;
    *liar.hidden.lock().unwrap() = Some(id.clone());
    assert!(liar.delete(&id).await.describe().contains("nothing is there under the id"));
    *liar.twist.lock().unwrap() = Box::new(move |request, response| {
        if request.uri.starts_with("/contact-flows-summary/") {
            if request.uri.contains("nextToken=") {
                (response.status, response.body) = (400, b"{}".to_vec());
                return;
            }
            let mut body: Value = serde_json::from_slice(&response.body).unwrap();
            body["ContactFlowSummaryList"].as_array_mut().unwrap().retain(|flow| flow["Id"] != id);
            body["NextToken"] = "more".into();
            response.body = body.to_string().into_bytes();
        }
    });
    let left = liar.client.clear().await;
    assert!(left.len() == 1 && left[0].contains("ListContactFlows ends early"), "{left:?}");
    assert_eq!(liar.client.ledger().unwrap().open(|_| true).len(), 1);
}

#[tokio::test]
async fn what_an_endpoint_does_not_show_is_neither_written_to_nor_deleted() {
    let liar = Liar::new(theirs);
    let before = liar.names();
    let id = liar.create(NAME).await;
    *liar.hidden.lock().unwrap() = Some(id.clone());
    let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/i/contact-flow/{id}");
    for (operation, input) in writes(&liar.service, &id, &arn) {
        let reply = liar.call(operation, input).await.describe();
        assert!(reply.contains("nothing is there under the id"), "{operation}: {reply}");
    }
    assert!(liar.delete(&id).await.describe().contains("nothing is there under the id"));
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert_eq!(liar.names(), before, "ours is found by its name and deleted, theirs is left");
    assert!(!liar.deletions().iter().any(|line| line.contains(&id)), "{:?}", liar.deletions());
}

#[tokio::test]
async fn what_is_shown_late_is_deleted() {
    let liar = Liar::giving("nothing", |_| String::new());
    let before = liar.names();
    let id = liar.create(NAME).await;
    *liar.hidden.lock().unwrap() = Some(id.clone());
    assert!(liar.delete(&id).await.describe().contains("nothing is there under the id"));
    *liar.hidden.lock().unwrap() = None;
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert_eq!((liar.names(), liar.deletions().len()), (before, 1));
}

#[tokio::test]
async fn what_no_list_shows_is_described_again() {
    let liar = Liar::giving("nothing", |_| String::new());
    let mut input = file(&liar.service, &json!({}));
    let create = liar.client.schema.operation_named("CreateAttachedFile").unwrap();
    liar.client.add_run_tag(create, &mut input, &SchemaPath::default());
    let Reply::Success(exchange) = liar.call("CreateAttachedFile", input.clone()).await else { unreachable!() };
    let body: Value = serde_json::from_slice(&exchange.response.body).unwrap();
    let id = body["FileId"].as_str().unwrap().to_owned();
    *liar.hidden.lock().unwrap() = Some(id.clone());
    let named = json!({ "InstanceId": input["InstanceId"], "FileId": id, "AssociatedResourceArn": input["AssociatedResourceArn"] });
    let refused = liar.call("DeleteAttachedFile", named).await.describe();
    assert!(refused.contains("nothing is there under the id"), "{refused}");
    *liar.hidden.lock().unwrap() = None;
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert_eq!(liar.deletions().len(), 1, "{:?}", liar.deletions());
}

#[tokio::test]
async fn what_an_endpoint_forgets_is_not_left() {
    let liar = Liar::giving("nothing", |_| String::new());
    let id = liar.create(NAME).await;
    let request = HttpRequest {
        method: "DELETE".to_owned(),
        uri: format!("/contact-flows/{}/{id}", liar.service.instance_name()),
        ..HttpRequest::default()
    };
    assert_eq!(liar.service.handle(&request).status, 200);
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert!(liar.deletions().is_empty() && liar.client.ledger().unwrap().open(|_| true).is_empty());
}

/// An attached file, which has no name.
fn file(service: &Service, tags: &Value) -> Value {
    json!({
        "InstanceId": service.instance_name(), "FileName": "a.csv", "FileSizeInBytes": 1, "Tags": tags,
        "AssociatedResourceArn": "arn:aws:connect:us-east-1:111122223333:instance/i/contact/c",
        "FileUseCaseType": "ATTACHMENT", "FileSourceUri": "https://example.com/a.csv",
    })
}

#[tokio::test]
async fn what_cannot_be_looked_up_by_name_stays_in_the_ledger() {
    let liar = Liar::giving("FileId", |service| {
        let schema = Schema::connect();
        let create = schema.operation_named("CreateAttachedFile").unwrap();
        let request = encode_request(schema, create, &file(service, &json!({ "of": "others" }))).unwrap();
        let body: Value = serde_json::from_slice(&service.handle(&request).body).unwrap();
        body["FileId"].as_str().unwrap().to_owned()
    });
    let untagged = liar.call("CreateAttachedFile", file(&liar.service, &json!({ "a": "b" }))).await.describe();
    assert!(untagged.contains("the request has no tag `contract-test`"), "{untagged}");
    let mut input = file(&liar.service, &json!({}));
    let create = liar.client.schema.operation_named("CreateAttachedFile").unwrap();
    liar.client.add_run_tag(create, &mut input, &SchemaPath::default());
    let created = liar.call("CreateAttachedFile", input).await;
    assert!(matches!(created, Reply::Success(_)), "{}", created.describe());
    let left = liar.client.clear().await;
    assert!(left.iter().any(|line| line.contains("no list shows its kind by name")), "{left:?}");
    assert!(left.iter().any(|line| line.contains("which has neither the name nor the tag of a run")), "{left:?}");
    assert_eq!(liar.deletions(), [""; 0], "the file of others is left");
    assert_eq!(liar.client.ledger().unwrap().open(|_| true).len(), 1);
}

/// A write to the id or the ARN that an endpoint gives a new flow, by operation.
fn writes(service: &Service, id: &str, arn: &str) -> Vec<(&'static str, Value)> {
    let instance = service.instance_name();
    vec![
        ("UpdateContactFlowName", json!({ "InstanceId": instance, "ContactFlowId": id, "Name": "changed" })),
        (
            "UpdateContactFlowName",
            json!({ "InstanceId": instance, "ContactFlowId": format!("{id}:$SAVED"), "Name": "changed" }),
        ),
        ("CreateContactFlowVersion", json!({ "InstanceId": instance, "ContactFlowId": id })),
        ("TagResource", json!({ "resourceArn": arn, "tags": { "a": "b" } })),
        ("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["a"] })),
    ]
}

#[tokio::test]
async fn what_an_endpoint_wrongly_calls_ours_is_not_written_to() {
    let liar = Liar::new(theirs);
    let before = liar.names();
    let id = liar.create(NAME).await;
    let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/i/contact-flow/{id}");
    liar.sent.lock().unwrap().clear();
    for (operation, input) in writes(&liar.service, &id, &arn) {
        let reply = liar.call(operation, input).await.describe();
        assert!(reply.contains("which is no name of the run"), "{operation}: {reply}");
    }
    let sent = liar.sent.lock().unwrap().clone();
    assert!(sent.len() < 4 && sent.iter().all(|line| line.starts_with("GET ")), "looked at once: {sent:?}");
    let left = liar.client.clear().await;
    assert!(left[0].contains("the endpoint gave a new resource this id") && left[0].contains(&id), "{left:?}");
    assert_eq!(liar.names(), before, "ours is found by its name and deleted, theirs is left");
}

#[tokio::test]
async fn an_arn_of_something_else_is_not_written_to() {
    let liar = Liar::giving("ContactFlowArn", |service| {
        let flow = &flows(service)[0];
        flow["Arn"].as_str().unwrap().to_owned()
    });
    let before = liar.names();
    let id = liar.create(NAME).await;
    let arn = flows(&liar.service)[0]["Arn"].as_str().unwrap().to_owned();
    liar.sent.lock().unwrap().clear();
    for (operation, input) in writes(&liar.service, &id, &arn) {
        let refused = liar.call(operation, input).await.describe();
        let is_refused = refused.contains("it is not the ARN of the new resource");
        assert_eq!(is_refused, operation.to_lowercase().ends_with("tagresource"), "{operation}: {refused}");
    }
    let sent = liar.sent.lock().unwrap().clone();
    assert!(!sent.iter().any(|line| line.contains("/tags/") && !line.starts_with("GET ")), "{sent:?}");
    let left = liar.client.clear().await;
    assert!(!left.is_empty() && left.iter().all(|line| line.contains(&arn)), "{left:?}");
    assert_eq!(liar.names(), before, "ours is deleted");
}

/// The creation and the description agree on it.
#[tokio::test]
async fn an_arn_that_ends_otherwise_or_is_of_another_instance_is_not_written_to() {
    for lie in
        ["contact-flow/00000000-0000-4000-8000-00000000000f", "aaaaaaaa-0000-4000-8000-000000000000/contact-flow/ID"]
    {
        let liar = Liar::giving("nothing", |_| String::new());
        let (prefix, instance) = ("arn:aws:connect:us-east-1:111122223333:instance", liar.service.instance_name());
        let (start, end) =
            if lie.starts_with("contact") { (format!("{prefix}/{instance}"), lie) } else { (prefix.to_owned(), lie) };
        let arn = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&arn);
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            let mut body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            if let Some(id) = body["ContactFlowId"].as_str().map(str::to_owned) {
                *told.lock().unwrap() = format!("{start}/{}", end.replace("ID", &id));
                body["ContactFlowArn"] = told.lock().unwrap().as_str().into();
            } else if request.method == "GET" && body.get("ContactFlow").is_some() {
                body["ContactFlow"]["Arn"] = told.lock().unwrap().as_str().into();
            }
            response.body = body.to_string().into_bytes();
        });
        let id = liar.create(NAME).await;
        let arn = arn.lock().unwrap().clone();
        for (operation, input) in writes(&liar.service, &id, &arn) {
            let refused = liar.call(operation, input).await.describe();
            if lie.ends_with("ID") {
                let is_refused = refused.contains("it is not the ARN of the new resource");
                assert_eq!(
                    is_refused,
                    operation.to_lowercase().ends_with("tagresource"),
                    "{operation} {arn}: {refused}"
                );
            } else {
                // The description contradicts itself.
                assert!(refused.contains("something with the id"), "{operation} {arn}: {refused}");
            }
        }
    }
}

#[tokio::test]
async fn resources_of_the_run_are_looked_at_once_and_written_to() {
    let liar = Liar::giving("nothing", |_| String::new());
    let id = liar.create(NAME).await;
    liar.sent.lock().unwrap().clear();
    for name in ["a", "b"] {
        let input = json!({ "InstanceId": liar.service.instance_name(), "ContactFlowId": id, "Name": name });
        let reply = liar.call("UpdateContactFlowName", input).await;
        assert!(matches!(reply, Reply::Success(_)), "{}", reply.describe());
    }
    let sent = liar.sent.lock().unwrap().clone();
    let reads = sent.iter().filter(|line| line.starts_with("GET ")).count();
    assert_eq!((sent.len(), reads), (3, 1), "{sent:?}");
}

#[tokio::test]
async fn ids_that_lead_to_another_path_are_not_sent() {
    for id in ["..", ".", "%2e%2E"] {
        let liar = Liar::new(|_| id.to_owned());
        let before = liar.names();
        liar.create(NAME).await;
        assert!(liar.delete(id).await.describe().contains("cannot be sent"), "{id}");
        let left = liar.client.clear().await;
        assert!(left[0].contains("the endpoint gave a new resource this id"), "{id}: {left:?}");
        assert_eq!(liar.names(), before, "{id}");
        assert_eq!(liar.deletions().len(), 1, "{:?}", liar.deletions());
    }
}

#[tokio::test]
async fn resources_of_the_run_are_deleted_after_a_look() {
    let liar = Liar::new(theirs);
    let before = liar.names();
    liar.create(NAME).await;
    assert_eq!(liar.client.clear().await.len(), 1);
    assert_eq!(liar.names(), before);
    let sent = liar.sent.lock().unwrap().clone();
    let deletion = sent.iter().position(|line| line.starts_with("DELETE")).unwrap();
    assert_eq!(sent[deletion - 1], sent[deletion].replace("DELETE", "GET"), "{sent:?}");
}

/// The header of a journal of the run.
fn header(schema: &Schema, instance: &str) -> Header {
    Header {
        version: VERSION,
        service: schema.service.sdk_id.clone(),
        run: "0badcafe".to_owned(),
        began: 1,
        endpoint: "http://127.0.0.1".to_owned(),
        region: "us-east-1".to_owned(),
        instance_id: Some(instance.to_owned()),
        account: None,
        as_remote: true,
    }
}

/// A journal that cannot be written, such as one on a full disk.
#[tokio::test]
async fn what_cannot_be_journalled_is_not_created() {
    let folder = std::env::temp_dir().join(format!("connect-full-{}", std::process::id()));
    let liar = Liar::with_ledger("ContactFlowId", theirs, |schema, instance| {
        drop(Journal::create(&folder, &header(schema, instance)).unwrap());
        Ledger::reopened(schema, &folder.join("0badcafe.journal.jsonl"), Use::Read).unwrap().0
    });
    let reply = liar.ask_for(NAME).await.describe();
    assert!(reply.contains("the journal of created resources is required"), "{reply}");
    assert!(liar.sent.lock().unwrap().is_empty());
    std::fs::remove_dir_all(folder).unwrap();
}

/// A case may name an instance that does not exist. An endpoint may answer as if it created a resource there.
#[tokio::test]
async fn what_an_endpoint_says_to_create_in_an_unknown_instance_is_not_left() {
    let liar = Liar::new(theirs);
    let input = json!({ "InstanceId": "ct:1/2", "Name": NAME, "HoursOfOperationId": "h" });
    let reply = liar.call("CreateQueue", input).await;
    assert!(matches!(reply, Reply::Success(_)), "{}", reply.describe());
    assert_eq!(liar.client.clear().await, Vec::<String>::new());
    assert!(liar.deletions().is_empty() && liar.client.ledger().unwrap().open(|_| true).is_empty());
}
