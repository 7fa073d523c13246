//! Shrinks the request of a finding: removes the parts that are not needed to show the same finding.

use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use connect_model::validate::validate;
use serde_json::Value;

use crate::case::Finding;
use crate::client::Client;
use crate::client::reply::Reply;
use connect_transport::exchange::Exchange;

/// Largest number of requests for one finding.
const MAX_REQUESTS: u32 = 40;

/// The same finding with the smallest valid request that was found within the budget of the run. `judge` judges a
/// response.
pub(super) async fn shrink(
    client: &Client,
    operation: OperationId,
    input: &Value,
    finding: Finding,
    judge: impl Fn(&Exchange) -> Vec<Finding>,
) -> Finding {
    let Some(shape) = client.schema[operation].input else { return finding };
    let (mut smallest, mut value) = (finding, input.clone());
    let mut sent = 0;
    'smaller: loop {
        for part in parts(&value) {
            let Some(mut candidate) = without(&value, &part) else { continue };
            if !validate(client.schema, shape, &candidate).is_empty() {
                continue;
            }
            if sent == MAX_REQUESTS || !client.may_shrink() {
                return smallest;
            }
            sent += 1;
            client.renew(operation, &mut candidate);
            // `sweep` finds resources by this tag, so the smaller request keeps it.
            client.add_run_tag(operation, &mut candidate, &SchemaPath::default());
            let Ok(Reply::Success(exchange)) = client.call(operation, &candidate).await else { continue };
            let same = |found: &Finding| (found.check, &found.pointer) == (smallest.check, &smallest.pointer);
            if let Some(found) = judge(&exchange).into_iter().find(same) {
                (smallest, value) = (found, candidate);
                continue 'smaller;
            }
        }
        return smallest;
    }
}

/// Path to a part of a value that may be removed.
type Part = Vec<Key>;

#[derive(Clone, Debug)]
enum Key {
    Member(String),
    Element(usize),
}

/// Every member and element, the largest first: removing a large part early saves many attempts.
fn parts(value: &Value) -> Vec<Part> {
    fn collect(value: &Value, path: &Part, all: &mut Vec<(usize, Part)>) {
        let mut add = |key: Key, inner: &Value| {
            let mut path = path.clone();
            path.push(key);
            all.push((inner.to_string().len(), path.clone()));
            collect(inner, &path, all);
        };
        match value {
            Value::Object(members) => members.iter().for_each(|(name, inner)| add(Key::Member(name.clone()), inner)),
            Value::Array(elements) => elements.iter().enumerate().for_each(|(at, inner)| add(Key::Element(at), inner)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    collect(value, &Vec::new(), &mut all);
    all.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    all.into_iter().map(|(_, path)| path).collect()
}

fn without(value: &Value, part: &Part) -> Option<Value> {
    let (last, parents) = part.split_last()?;
    let mut whole = value.clone();
    let mut at = &mut whole;
    for key in parents {
        at = match key {
            Key::Member(name) => at.get_mut(name)?,
            Key::Element(index) => at.get_mut(index)?,
        };
    }
    match (last, at) {
        (Key::Member(name), Value::Object(members)) => members.remove(name).map(drop),
        (Key::Element(index), Value::Array(elements)) => {
            (*index < elements.len()).then(|| drop(elements.remove(*index)))
        }
        _ => None,
    }?;
    Some(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use connect_model::schema::Schema;
    use serde_json::json;

    use super::*;
    use crate::client::ClientConfig;
    use crate::families::find;
    use crate::permission::Permission;
    use crate::resources;
    use connect_emulator::{Config, Service};
    use connect_transport::target::Target;
    use connect_transport::{InProcess, Transport, TransportConfig};

    /// Members that are required, or needed for the finding, stay.
    #[tokio::test]
    async fn removes_members_that_the_finding_does_not_need() {
        let service = Service::new(Schema::connect(), &Config::default());
        let mut target = Target::unsigned("http://127.0.0.1".parse().unwrap());
        target.instance_id = Some(service.instance_name());
        let transport = Arc::new(Transport::in_process(
            &target,
            InProcess::new(move |request| service.handle(request)),
            TransportConfig::default(),
        ));
        let permission = Permission { loopback: true, ..Permission::default() };
        let config = ClientConfig { run_id: "shrink".to_owned(), permission, shrink: 100, ..ClientConfig::default() };
        let client = Client::new(Schema::connect(), target, Arc::clone(&transport), config);
        let row = resources::named(client.schema, "ContactFlow").unwrap();
        let operation = client.schema.operation_named(row.create).unwrap();
        let mut input = client.creation(row).await.unwrap();
        input["Description"] = "a text".into();
        input["Status"] = "PUBLISHED".into();
        input["Tags"] = json!({ "a": "1", "b": "2", "c": "3" });
        let Reply::Success(exchange) = client.call(operation, &input).await.unwrap() else { unreachable!() };
        let check = find("shape.type").unwrap();
        let judge = |exchange: &Exchange| {
            let body: Value = serde_json::from_slice(&exchange.request.body).unwrap();
            let shown = body["Tags"].get("b").is_some() && body.get("Status").is_some();
            let finding = || check.finding("/ContactFlowId", "text", "number", Some(exchange));
            shown.then(finding).into_iter().collect::<Vec<Finding>>()
        };
        let first = judge(&exchange).remove(0);
        let smallest = shrink(&client, operation, &input, first, judge).await;
        let body: Value = serde_json::from_slice(&smallest.exchange.unwrap().request.body).unwrap();
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["Content", "Name", "Status", "Tags", "Type"]);
        assert_eq!(body["Tags"], json!({ "b": "2" }));

        // The finding stays the same if it does not show again, and without a budget.
        let before = transport.requests_sent();
        let first = || check.finding("", "", "", Some(&exchange));
        let same = shrink(&client, operation, &input, first(), |_| Vec::new()).await;
        assert_eq!(same.exchange.unwrap().request, exchange.request);
        assert!(transport.requests_sent() <= before + u64::from(MAX_REQUESTS));
        while client.may_shrink() {}
        let before = transport.requests_sent();
        shrink(&client, operation, &input, first(), |_| vec![first()]).await;
        assert_eq!(transport.requests_sent(), before);
    }
}
