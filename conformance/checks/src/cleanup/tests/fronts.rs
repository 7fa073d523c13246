//! Fronts that send a creation twice, and endpoints that give new resources another name than the requested one.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use connect_model::files::Use;
use connect_model::path::SchemaPath;
use connect_model::schema::Schema;
use connect_model::wire::encode_request;
use connect_model::wire::message::HttpResponse;
use serde_json::{Value, json};

use super::{Liar, NAME, Service, file, get, header};
use crate::client::reply::Reply;
use crate::ledger::Ledger;

/// The first answer is lost between the front and the service, and the second one is what the front passes on.
#[tokio::test]
async fn a_creation_whose_answer_is_no_clear_refusal_is_looked_for_by_its_name() {
    let rows = [
        (409, "DuplicateResourceException", true),
        (429, "TooManyRequestsException", true),
        (400, "ThrottlingException", true),
        (408, "RequestTimeoutException", true),
        (302, "", true),
        (400, "", true),
        (403, "AccessDeniedException", false),
        (400, "InvalidRequestException", false),
    ];
    for (status, error, is_unclear) in rows {
        let liar = Liar::giving("nothing", |_| String::new());
        let before = liar.names();
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            if request.method == "PUT" {
                response.status = status;
                response.headers.0.retain(|(name, _)| name != "x-amzn-errortype");
                response
                    .headers
                    .0
                    .extend((!error.is_empty()).then(|| ("x-amzn-errortype".to_owned(), error.to_owned())));
                response.body = b"{}".to_vec();
            }
        });
        liar.ask_for(NAME).await;
        let left = liar.client.clear().await;
        assert_eq!(left, Vec::<String>::new(), "{status} {error}");
        assert_eq!(liar.names() == before, is_unclear, "{status} {error}: {:?}", liar.names());
    }
}

/// Under a name that anybody may have used, the tag decides: only what has the tag of the run is deleted.
#[tokio::test]
async fn a_creation_of_any_name_is_looked_for_by_its_tag() {
    for (is_ours, expected) in [(true, "deleted"), (false, "left")] {
        let liar = Liar::giving("nothing", |_| String::new());
        let before = liar.names();
        *liar.twist.lock().unwrap() = Box::new(|request, response| {
            if request.method == "PUT" {
                response.status = 409;
                response.headers.0.push(("x-amzn-errortype".to_owned(), "DuplicateResourceException".to_owned()));
                response.body = b"{}".to_vec();
            }
        });
        let mut input = flow(&liar.service, "B");
        let create = liar.client.schema.operation_named("CreateContactFlow").unwrap();
        if is_ours {
            liar.client.add_run_tag(create, &mut input, &SchemaPath::default());
        }
        liar.call("CreateContactFlow", input).await;
        assert_eq!(liar.client.clear().await, Vec::<String>::new(), "{expected}");
        assert_eq!(liar.names() == before, is_ours, "{expected}: {:?}", liar.names());
    }
}

/// The conflict with a resource of the run that exists is explained by it.
#[tokio::test]
async fn a_name_that_the_run_has_used_is_a_clear_refusal() {
    let liar = Liar::giving("nothing", |_| String::new());
    liar.create(NAME).await;
    liar.ask_for(NAME).await;
    let ledger = liar.client.ledger().unwrap();
    assert_eq!(ledger.open(|_| true).len(), 1, "only the first one may exist");
}

#[tokio::test]
async fn a_resource_with_something_after_its_name_is_deleted() {
    for shown in ["Ct-0badcafe-1 (2)", "Ct-0badcafe-17", "Ct-0badcafe-1-1796052609"] {
        let liar = Liar::giving("nothing", |_| String::new());
        let before = liar.names();
        let id = liar.create(NAME).await;
        let instance = liar.service.instance_name();
        liar.tells(&format!("GET /contact-flows/{instance}/{id}"), move |body| {
            body["ContactFlow"]["Name"] = shown.into()
        });
        assert_eq!(liar.client.clear().await, Vec::<String>::new(), "{shown}");
        assert_eq!(liar.names(), before, "{shown}");
    }
}

#[tokio::test]
async fn a_journal_with_the_id_of_something_that_is_left_stays() {
    let folder = std::env::temp_dir().join(format!("connect-fronts-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let journal = |schema, instance: &str| Ledger::journalled(schema, &folder, &header(schema, instance)).unwrap();
    let liar = Liar::with_ledger("nothing", |_| String::new(), journal);
    let id = liar.create(NAME).await;
    let instance = liar.service.instance_name();
    liar.tells("GET /contact-flows", |body| {
        if body["ContactFlow"].is_object() {
            body["ContactFlow"]["Name"] = "Prod".into();
        }
        for item in body["ContactFlowSummaryList"].as_array_mut().into_iter().flatten() {
            item["Name"] = "Prod".into();
        }
    });
    let left = liar.client.clear().await;
    assert!(left.len() == 1 && left[0].contains("it is `Prod`, which is no name of the run"), "{left:?}");
    let path = liar.client.ledger().unwrap().journal().unwrap();
    drop(liar);
    let (ledger, _) = Ledger::reopened(Schema::connect(), &path, Use::Read).unwrap();
    let open = ledger.open(|_| true);
    let made = json!({ "InstanceId": instance, "ContactFlowId": id });
    assert_eq!(open.iter().map(|(_, entry)| entry.delete_input.clone()).collect::<Vec<_>>(), [Some(made)]);
    std::fs::remove_dir_all(folder).unwrap();
}

/// A deletion that is answered with success and not performed, and one of something that is listed for a while. A refused
/// description says nothing.
#[tokio::test]
async fn what_is_still_described_after_its_deletion_is_left() {
    let named = "DeleteContactFlow answered with success, and DescribeContactFlow still shows it";
    let unknown = "DeleteContactFlow answered with success, and nothing says that it is gone: DescribeContactFlow: ";
    let rows = [(true, "", named), (true, "REFUSED", unknown), (true, "DELETING", ""), (false, "", "")];
    for (stays, described, why) in rows {
        let liar = Liar::giving("nothing", |_| String::new());
        let before = liar.names();
        let id = liar.create(NAME).await;
        let instance = liar.service.instance_name();
        let shown = liar.service.handle(&get(&format!("/contact-flows/{instance}/{id}")));
        let listed = liar.service.handle(&get(&format!("/contact-flows-summary/{instance}?maxResults=1000")));
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            if request.method == "GET" && request.uri.starts_with("/contact-flows-summary/") {
                response.clone_from(&listed);
            } else if request.method == "GET" && stays && response.status == 404 {
                if described == "REFUSED" {
                    (response.status, response.body) = (403, b"{}".to_vec());
                    response.headers.0.retain(|(name, _)| name != "x-amzn-errortype");
                    response.headers.0.push(("x-amzn-errortype".to_owned(), "AccessDeniedException".to_owned()));
                    return;
                }
                response.clone_from(&shown);
                if !described.is_empty() {
                    let mut body: Value = serde_json::from_slice(&response.body).unwrap();
                    body["ContactFlow"]["Status"] = described.into();
                    response.body = body.to_string().into_bytes();
                }
            }
        });
        let expected = usize::from(!why.is_empty());
        let left = liar.client.clear().await;
        assert_eq!(left.len(), expected, "{stays} {described}: {left:?}");
        let ledger = liar.client.ledger().unwrap();
        assert_eq!(ledger.open(|_| true).len(), expected, "{stays} {described}");
        if let Some(left) = left.first() {
            assert!(left.contains(&id) && left.contains(why), "{left}");
        }
        assert_eq!(liar.names(), before, "the service itself has deleted it");
    }
}

/// If the list cannot be read, the latest are described.
#[tokio::test]
async fn a_deletion_is_not_believed_if_the_list_is_refused() {
    for (is_performed, expected) in [(false, 1), (true, 0)] {
        let liar = Liar::giving("nothing", |_| String::new());
        let id = liar.create(NAME).await;
        let instance = liar.service.instance_name();
        let shown = liar.service.handle(&get(&format!("/contact-flows/{instance}/{id}")));
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            if request.method == "GET" && request.uri.starts_with("/contact-flows-summary/") {
                (response.status, response.body) = (403, b"{}".to_vec());
                response.headers.0.push(("x-amzn-errortype".to_owned(), "AccessDeniedException".to_owned()));
            } else if request.method == "GET" && !is_performed && response.status == 404 {
                response.clone_from(&shown);
            }
        });
        let left = liar.client.clear().await;
        assert_eq!(left.len(), expected, "{is_performed}: {left:?}");
        assert!(left.iter().all(|left| left.contains(&id)), "{left:?}");
    }
}

/// No list shows attached files: their descriptions do.
#[tokio::test]
async fn a_deletion_of_what_no_list_shows_is_not_believed() {
    for (status, refusals, expected) in [(204, 9, 1), (404, 1, 0), (404, 9, 1), (200, 0, 0)] {
        let liar = Liar::giving("nothing", |_| String::new());
        let made = liar.attach().await;
        let shown = made.clone();
        let deletions = AtomicUsize::new(0);
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            if request.method == "DELETE" {
                if deletions.fetch_add(1, Ordering::Relaxed) < refusals {
                    response.status = status;
                    response.body = b"{}".to_vec();
                    let error = ("x-amzn-errortype".to_owned(), "ResourceNotFoundException".to_owned());
                    response.headers.0.extend((status == 404).then_some(error));
                }
            } else if request.method == "GET"
                && request.uri.contains("/attached-files/")
                && deletions.load(Ordering::Relaxed) <= refusals
            {
                response.clone_from(&shown);
            }
        });
        let left = liar.client.clear().await;
        assert_eq!(left.len(), expected, "{status} {refusals}: {left:?}");
        assert_eq!(liar.client.ledger().unwrap().open(|_| true).len(), expected, "{status} {refusals}");
    }
}

/// A file is attached to something that is no kind of the model, so that it may exist.
#[tokio::test]
async fn a_lost_creation_of_what_no_list_shows_stays_in_the_ledger() {
    let liar = Liar::giving("nothing", |_| String::new());
    *liar.twist.lock().unwrap() = Box::new(|request, response| {
        if request.method == "PUT" {
            response.status = 408;
        }
    });
    let left = liar.client.clear().await;
    assert_eq!(left, Vec::<String>::new());
    liar.ask_to_attach().await;
    let left = liar.client.clear().await;
    assert!(left.len() == 1 && left[0].ends_with("no list shows its kind by name"), "{left:?}");
}

/// The name of a predefined attribute is its id, so that an item of its list has no other one.
#[tokio::test]
async fn a_deletion_of_what_its_name_identifies_is_not_believed() {
    let liar = Liar::giving("nothing", |_| String::new());
    let instance = liar.service.instance_name();
    let values = json!({ "StringList": ["one"] });
    let input = json!({ "InstanceId": instance, "Name": NAME, "Values": values });
    assert!(matches!(liar.call("CreatePredefinedAttribute", input).await, Reply::Success(_)));
    let shown = [format!("/predefined-attributes/{instance}/{NAME}"), format!("/predefined-attributes/{instance}")]
        .map(|uri| (uri.clone(), liar.service.handle(&get(&uri))));
    assert!(shown.iter().all(|(_, response)| response.status == 200));
    *liar.twist.lock().unwrap() = Box::new(move |request, response| {
        let path = request.uri.split('?').next().unwrap();
        let found = shown.iter().find(|(uri, _)| request.method == "GET" && uri == path);
        found.into_iter().for_each(|(_, before)| response.clone_from(before));
    });
    let left = liar.client.clear().await;
    assert!(left.len() == 1 && left[0].ends_with("DescribePredefinedAttribute still shows it"), "{left:?}");
}

/// A front may send a creation twice: both resources have the name of the run, and one id is answered.
#[tokio::test]
async fn the_twin_of_a_resource_is_deleted() {
    for shown in [NAME, "Ct-0badcafe-1 (2)"] {
        let liar = Liar::giving("nothing", |_| String::new());
        let before = liar.names();
        liar.create(NAME).await;
        let create = liar.client.schema.operation_named("CreateContactFlow").unwrap();
        let twin = flow(&liar.service, "Ct-0badcafe-9");
        let request = encode_request(liar.client.schema, create, &twin).unwrap();
        assert_eq!(liar.service.handle(&request).status, 200);
        *liar.twist.lock().unwrap() = Box::new(move |request, response| {
            if request.method == "GET" {
                let text = String::from_utf8(response.body.clone()).unwrap();
                response.body = text.replace("Ct-0badcafe-9", shown).into_bytes();
            }
        });
        assert_eq!(liar.client.clear().await, Vec::<String>::new(), "{shown}");
        assert_eq!(liar.names(), before, "{shown}");
    }
}

/// A name of the run is no proof where the tag says otherwise.
#[tokio::test]
async fn what_has_the_tag_of_another_run_is_left() {
    for (run, is_left) in [("aaaa1111", true), ("0badcafe", false)] {
        let liar = Liar::giving("nothing", |_| String::new());
        liar.create(NAME).await;
        let mut other = flow(&liar.service, "Ct-0badcafe-9");
        other["Tags"] = json!({ "contract-test": format!("{run} 1796068992") });
        let create = liar.client.schema.operation_named("CreateContactFlow").unwrap();
        let request = encode_request(liar.client.schema, create, &other).unwrap();
        assert_eq!(liar.service.handle(&request).status, 200);
        assert_eq!(liar.client.clear().await, Vec::<String>::new(), "{run}");
        assert_eq!(liar.names().contains(&"Ct-0badcafe-9".to_owned()), is_left, "{run}: {:?}", liar.names());
    }
}

/// A creation is repeated with its token: what the second answer names is all that was made.
#[tokio::test]
async fn a_repetition_with_its_token_explains_a_lost_creation() {
    for (token, left) in [("one", 0), ("two", 1)] {
        let liar = Liar::giving("nothing", |_| String::new());
        *liar.twist.lock().unwrap() = Box::new(|request, response| {
            if request.method == "PUT" {
                response.status = 500;
            }
        });
        liar.attach_with("one").await;
        *liar.twist.lock().unwrap() = Box::new(|_, _| {});
        assert!(matches!(liar.attach_with(token).await, Reply::Success(_)));
        assert_eq!(liar.client.clear().await.len(), left, "{token}");
    }
}

/// A list that shows the name of the run without an id proves that something is there.
#[tokio::test]
async fn an_item_without_an_id_is_not_absent() {
    let liar = Liar::giving("ContactFlowId", |_| String::new());
    liar.tells("GET /contact-flows-summary/", |body| {
        for item in body["ContactFlowSummaryList"].as_array_mut().into_iter().flatten() {
            item["Id"] = "".into();
        }
    });
    liar.ask_for(NAME).await;
    let left = liar.client.clear().await;
    assert!(left.len() == 1 && left[0].ends_with("ListContactFlows shows its name without an id"), "{left:?}");
}

impl Liar {
    /// Asks for an attached file with the tag of the run.
    async fn ask_to_attach(&self) -> Reply {
        self.attach_with("a-token").await
    }

    async fn attach_with(&self, token: &str) -> Reply {
        let mut input = file(&self.service, &json!({}));
        input["ClientToken"] = token.into();
        let create = self.client.schema.operation_named("CreateAttachedFile").unwrap();
        self.client.add_run_tag(create, &mut input, &SchemaPath::default());
        self.call("CreateAttachedFile", input).await
    }

    /// Attaches a file, and returns its description.
    async fn attach(&self) -> HttpResponse {
        let Reply::Success(exchange) = self.ask_to_attach().await else { unreachable!("the file is not created") };
        let body: Value = serde_json::from_slice(&exchange.response.body).unwrap();
        let schema = self.client.schema;
        let mut named = file(&self.service, &json!({}));
        named["FileId"] = body["FileId"].clone();
        let names = ["InstanceId", "FileId", "AssociatedResourceArn"];
        named.as_object_mut().unwrap().retain(|name, _| names.contains(&name.as_str()));
        let describe = schema.operation_named("GetAttachedFile").unwrap();
        let described = self.service.handle(&encode_request(schema, describe, &named).unwrap());
        assert_eq!(described.status, 200);
        described
    }
}

/// A flow with a name.
fn flow(service: &Service, name: &str) -> Value {
    let content = json!({
        "Version": "2019-10-30", "StartAction": "a", "Metadata": {},
        "Actions": [{ "Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {} }],
    });
    let instance = service.instance_name();
    json!({ "InstanceId": instance, "Name": name, "Type": "CONTACT_FLOW", "Content": content.to_string() })
}
