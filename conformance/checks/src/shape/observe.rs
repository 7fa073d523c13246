//! Observation of an operation: sends valid requests and judges the responses.

use std::collections::HashSet;

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{OperationId, Schema};
use connect_model::shapes::CORE_OPERATIONS;
use connect_model::text::excerpt;
use connect_transport::exchange::Exchange;

use crate::case::Finding;
use crate::client::Client;
use crate::client::reply::Reply;
use crate::observe::Observation;
use crate::resources;
use crate::shape::judge::{judge, request_id};
use crate::shape::{REQUEST_ID, STATUS};
use crate::shrink::shrink;

/// Sends valid requests (the smallest, the fullest, and some random ones) and judges every success.
pub(super) async fn observe(client: &Client, operation: OperationId) -> Observation {
    let schema = client.schema;
    let name = &schema[operation].name;
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    // Lists and searches need something to show.
    if let Some((row, _)) = resources::listed_by(schema, name) {
        client.resource(row, name).await;
    }
    let mut samples = vec![("smallest".to_owned(), Config::sparse()), ("fullest".to_owned(), Config::full())];
    samples.extend((0..client.cases).map(|number| (format!("random {number}"), Config::default())));
    let mut rejections = Rejections::default();
    let mut request_ids = HashSet::new();
    for (label, config) in samples {
        let label = format!("{name}/shape/{label}");
        let input = match client.input(operation, config, &label, &SchemaPath::default()).await {
            Ok(input) => input,
            Err(why) => {
                seen.block(format!("no valid request could be generated: {why}"));
                continue;
            }
        };
        match client.call(operation, &input).await {
            Ok(Reply::Success(exchange)) => {
                let id = request_id(&exchange.response);
                if let Some(id) = id.filter(|id| !request_ids.insert((*id).to_owned())) {
                    let expected = "a request id that no other response has";
                    seen.add(vec![REQUEST_ID.finding("", expected, excerpt(id), Some(&exchange))]);
                }
                let mut judged = Observation::default();
                if let Some(output) = judge(schema, operation, &exchange, &mut judged) {
                    client.touched().value(schema, schema[operation].output, &output);
                }
                for finding in seen.merge_judged(judged) {
                    let shows = |exchange: &Exchange| {
                        let mut again = Observation::default();
                        judge(schema, operation, exchange, &mut again);
                        again.into_findings()
                    };
                    seen.add(vec![shrink(client, operation, &input, finding, shows).await]);
                }
            }
            Ok(reply @ Reply::Refused(..)) => {
                let Reply::Refused(exchange, _) = &reply else { continue };
                if reply.is_server_fault() || (300..400).contains(&exchange.response.status) {
                    seen.judged(&STATUS);
                    let expected = format!("{} or a rejection (4xx)", schema[operation].status);
                    seen.add(vec![STATUS.finding("", expected, reply.describe(), Some(exchange))]);
                }
                seen.block(format!("valid requests were rejected: {}", reply.describe()));
                rejections.add(schema, operation, &reply, exchange);
            }
            Ok(other) => seen.block(other.describe()),
            Err(why) => seen.block(format!("no valid request could be sent: {why}")),
        }
    }
    rejections.judge(schema, operation, client.cases + 2, &mut seen);
    seen
}

/// Valid requests that were rejected as invalid.
#[derive(Default)]
struct Rejections {
    count: u32,
    /// The finding on the first of them, which counts only if all requests are rejected.
    first: Option<Finding>,
}

impl Rejections {
    fn add(&mut self, schema: &Schema, operation: OperationId, reply: &Reply, exchange: &Exchange) {
        if exchange.response.status == 400 {
            self.count += 1;
            self.first.get_or_insert_with(|| {
                let expected = format!("{} to the smallest valid request", schema[operation].status);
                STATUS.finding("", expected, reply.describe(), Some(exchange))
            });
        }
    }

    /// Reports a finding if a core operation rejected all `sent` requests. A conforming service accepts at least the
    /// smallest valid request to a core operation.
    fn judge(self, schema: &Schema, operation: OperationId, sent: u32, seen: &mut Observation) {
        if let Some(first) = self.first.filter(|_| self.count >= sent)
            && schema.service.is_connect()
            && CORE_OPERATIONS.contains(&schema[operation].name.as_str())
        {
            seen.judged(&STATUS);
            seen.add(vec![first]);
        }
    }
}
