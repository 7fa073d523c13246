//! The gate of requests that write: none may name something of others that is known. It sees every request of a transport before
//! it is sent, whatever a check made of it.

use std::sync::Arc;

use connect_model::schema::Schema;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use connect_model::wire::{Limits, Router, inspect_request};
use connect_transport::{LedgerEvent, RequestHook, TransportError};

use crate::known::Known;
use crate::ledger::{self, Ledger, has_text, stands_for};
use crate::permission::only_reads;

/// The hook of a transport: the gate, then the ledger.
pub fn hook(schema: &'static Schema, known: &Arc<Known>, ledger: Option<&Arc<Ledger>>) -> Option<Arc<dyn RequestHook>> {
    if known.is_empty() {
        return ledger::hook(ledger);
    }
    let (known, ledger) = (Arc::clone(known), ledger.cloned());
    Some(Arc::new(Guard { schema, router: Router::new(schema), known, ledger }))
}

#[derive(Debug)]
struct Guard {
    schema: &'static Schema,
    router: Router<'static>,
    known: Arc<Known>,
    ledger: Option<Arc<Ledger>>,
}

impl RequestHook for Guard {
    fn before(&self, request: &HttpRequest) -> Result<LedgerEvent, String> {
        if let Some(mark) = self.written_to(request) {
            return Err(format!("it writes and names `{mark}` of --known, which is only read"));
        }
        self.ledger.as_ref().map_or(Ok(LedgerEvent::Other), |ledger| ledger.before(request))
    }

    fn after(&self, event: &LedgerEvent, request: &HttpRequest, result: &Result<HttpResponse, TransportError>) {
        if let Some(ledger) = &self.ledger {
            ledger.after(event, request, result);
        }
    }
}

impl Guard {
    /// The first mark of something known that a request names, unless the request only reads.
    fn written_to(&self, request: &HttpRequest) -> Option<&str> {
        let route = self.router.route(&request.method, &request.uri).ok();
        let reads = match &route {
            Some(route) => only_reads(self.schema, &self.schema[route.operation]),
            // No operation: a server may still take it for one.
            None => ["GET", "HEAD"].contains(&request.method.as_str()),
        };
        if reads {
            return None;
        }
        let input = route.as_ref().map(|route| inspect_request(self.schema, route, request, &Limits::default()));
        let labels: Vec<&str> =
            route.iter().flat_map(|route| route.labels.iter()).map(|(_, text)| text.as_str()).collect();
        let body = String::from_utf8_lossy(&request.body);
        self.known.marks().into_iter().find(|mark| match &input {
            Some(Ok(read)) => has_text(&read.value, &|text| stands_for(text, mark)),
            // A request that is broken on purpose is searched as it is.
            _ => {
                labels.iter().any(|text| stands_for(text, mark))
                    || has_word(&body, mark)
                    || has_word(&request.uri, mark)
            }
        })
    }
}

/// True if a text has a mark that is not a part of a longer word.
fn has_word(text: &str, mark: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    text.match_indices(mark).any(|(at, found)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + found.len()..].chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::encode_request;
    use serde_json::json;

    use super::*;
    use crate::known::Thing;

    const INSTANCE: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01";
    const QUEUE: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee000001";
    const VIEW: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee000002";

    fn guard() -> Arc<dyn RequestHook> {
        let schema = Schema::connect();
        let mut known = Known::default();
        known.add(schema, "Queue", Thing { id: QUEUE.to_owned(), ..Thing::default() }).unwrap();
        let within = [("ViewId".to_owned(), VIEW.to_owned())].into();
        known.add(schema, "ViewVersion", Thing { id: "2".to_owned(), within, ..Thing::default() }).unwrap();
        hook(schema, &Arc::new(known), None).unwrap()
    }

    #[test]
    fn only_reads_name_what_is_known() {
        let schema = Schema::connect();
        let guard = guard();
        let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{INSTANCE}/queue/{QUEUE}");
        for (operation, input, is_sent) in [
            ("DescribeQueue", json!({ "InstanceId": INSTANCE, "QueueId": QUEUE }), true),
            ("DeleteQueue", json!({ "InstanceId": INSTANCE, "QueueId": QUEUE }), false),
            ("DeleteQueue", json!({ "InstanceId": INSTANCE, "QueueId": VIEW.replace('2', "3") }), true),
            ("UpdateQueueName", json!({ "InstanceId": INSTANCE, "QueueId": QUEUE, "Name": "n" }), false),
            ("TagResource", json!({ "resourceArn": arn, "tags": { "a": "b" } }), false),
            ("ListTagsForResource", json!({ "resourceArn": arn }), true),
            ("DeleteViewVersion", json!({ "InstanceId": INSTANCE, "ViewId": VIEW, "ViewVersion": 2 }), false),
            (
                "CreateRoutingProfile",
                json!({ "InstanceId": INSTANCE, "Name": "n", "Description": "d", "MediaConcurrencies": [],
                "DefaultOutboundQueueId": QUEUE }),
                false,
            ),
        ] {
            let id = schema.operation_named(operation).unwrap();
            let request = encode_request(schema, id, &input).unwrap();
            assert_eq!(guard.before(&request).is_ok(), is_sent, "{operation} {input}");
        }
    }

    #[test]
    fn a_broken_write_is_searched_as_it_is() {
        let guard = guard();
        let id = Schema::connect().operation_named("CreateRoutingProfile").unwrap();
        let input = json!({ "InstanceId": INSTANCE, "Name": "n", "Description": "d", "MediaConcurrencies": [] });
        let mut request = encode_request(Schema::connect(), id, &input).unwrap();
        for (body, is_sent) in [
            (format!("{{\"DefaultOutboundQueueId\": \"{QUEUE}"), false),
            (format!("{{\"DefaultOutboundQueueId\": \"{QUEUE}:1\", }}"), false),
            (format!("{{\"DefaultOutboundQueueId\": \"x{QUEUE}"), true),
            ("{".to_owned(), true),
        ] {
            request.body = body.clone().into_bytes();
            assert_eq!(guard.before(&request).is_ok(), is_sent, "{body}");
        }
        request.uri = format!("/no-such-path/{QUEUE}");
        assert!(guard.before(&request).is_err());
    }
}
