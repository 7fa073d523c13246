//! Permission to call operations of a target, by danger class and name.

mod others;
mod redirecting;

use std::collections::BTreeSet;

use connect_model::schema::{Operation, Schema, Segment, Uri};
use connect_model::semantics::danger::{Danger, danger};

use redirecting::redirecting_operation;
pub(crate) use redirecting::redirecting_request;

/// The operations that may be called on a target. The danger classes of operations are defined in
/// [`connect_model::semantics::danger`].
#[derive(Clone, Debug, Default)]
pub struct Permission {
    /// True if the endpoint is on this machine, where no operation can cost money or reach people.
    pub loopback: bool,
    /// True if writes are allowed.
    pub writes: bool,
    /// Operations that are allowed by name, in any danger class.
    pub operations: BTreeSet<String>,
}

/// Operations that no flag allows on a real account. An account is locked out after a hundred creations and deletions
/// of instances in 30 days, and the deletion of an instance deletes everything in it.
pub(crate) const NEVER: [&str; 3] = ["CreateInstance", "DeleteInstance", "ReplicateInstance"];

impl Permission {
    /// Checks that an operation may be called.
    ///
    /// # Errors
    /// The reason why it may not, and the flag that allows it.
    pub fn check(&self, schema: &'static Schema, operation: &Operation) -> Result<(), String> {
        let class = if self.loopback { danger(schema, operation) } else { remote_danger(schema, operation)? };
        if !self.loopback && signs_as_connect(schema) && NEVER.contains(&operation.name.as_str()) {
            return Err(format!("{} is never sent to a real account", operation.name));
        }
        let allowed = self.loopback
            || self.operations.contains(&operation.name)
            || match class {
                Danger::Read => true,
                Danger::Write => self.writes,
                Danger::InstanceWide | Danger::CostsOrReachesPeople | Danger::AccountWide => false,
            };
        if allowed {
            return Ok(());
        }
        let flag = match class {
            Danger::Read | Danger::Write => "--allow-writes".to_owned(),
            _ => format!("--allow-operation {}", operation.name),
        };
        Err(format!("{} {}; {flag} allows it", operation.name, class.describe()))
    }
}

/// True if an operation reads and does nothing else, also as far as its request tells.
pub(crate) fn only_reads(schema: &'static Schema, operation: &Operation) -> bool {
    remote_danger(schema, operation).is_ok_and(|danger| danger == Danger::Read)
}

/// True if requests of the service are worth something at Connect, whatever its model calls it.
pub fn signs_as_connect(schema: &Schema) -> bool {
    schema.service.signing_name == Schema::connect().service.signing_name
}

/// The danger of an operation on a real account. A model of others may give any request the name of a read, so the request
/// counts, too: its method, and what the built-in model says of the operations that its path may reach.
///
/// # Errors
/// The path of the operation may lead anywhere.
fn remote_danger(schema: &'static Schema, operation: &Operation) -> Result<Danger, String> {
    let (connect, named) = (Schema::connect(), danger(schema, operation));
    if let Some(part) = redirecting_operation(schema, operation) {
        let name = &operation.name;
        return Err(format!("{name} has the {part}, by which a server may take it for another; correct the model"));
    }
    let is_same = |one: &Operation| (&one.method, &one.uri.text) == (&operation.method, &operation.uri.text);
    let known = connect.operation_named(&operation.name).filter(|_| signs_as_connect(schema));
    if let Some(id) = known.filter(|id| is_same(&connect[*id])) {
        // A model that gives the service another name is not subject to the table of Connect by itself.
        return Ok(named.max(danger(connect, &connect[id])));
    }
    if leads_elsewhere(&operation.uri) {
        let (name, path) = (&operation.name, &operation.uri.text);
        return Err(format!("{name} has the path {path}, which a server may take for another; correct the model"));
    }
    let is_reached = |one: &Operation| one.method == operation.method && meet(&one.uri, &operation.uri);
    // A signature for another service is worth nothing there.
    let reached = connect.operations().filter(|_| signs_as_connect(schema));
    let reached = reached.filter(|(_, one)| is_reached(one)).map(|(_, one)| danger(connect, one)).max();
    let by_request = match operation.method.as_str() {
        "GET" | "HEAD" => reached.unwrap_or(Danger::Read),
        // A creation with the name of a search.
        "POST" => reached.unwrap_or(Danger::Write),
        _ => reached.unwrap_or(Danger::Write).max(Danger::Write),
    };
    let danger = named.max(by_request);
    if danger != Danger::Write || signs_as_connect(schema) {
        return Ok(danger);
    }
    let Some(id) = schema.operation_named(&operation.name) else { return Ok(Danger::AccountWide) };
    Ok(others::danger(schema, id))
}

/// True if a server or a proxy may read the literals of a template as another path.
fn leads_elsewhere(uri: &Uri) -> bool {
    let literals = uri.segments.iter().filter_map(|segment| match segment {
        Segment::Literal(text) => Some(text.as_str()),
        Segment::Label(_) | Segment::Greedy(_) => None,
    });
    let path = uri.text.split('?').next().unwrap_or_default();
    path.contains("//")
        || literals.into_iter().any(|text| [".", ".."].contains(&text) || text.contains(['%', '\\', ';']))
}

/// True if a path can fit both templates.
fn meet(one: &Uri, other: &Uri) -> bool {
    let mut pairs = one.segments.iter().zip(&other.segments);
    for pair in pairs.by_ref() {
        match pair {
            (Segment::Greedy(_), _) | (_, Segment::Greedy(_)) => return true,
            (Segment::Literal(one), Segment::Literal(other)) if !one.eq_ignore_ascii_case(other) => return false,
            _ => {}
        }
    }
    one.segments.len() == other.segments.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::testing::one_operation;

    /// The answer of a permission without flags on a real account to the one operation of a model of others.
    fn check(name: &str, method: &str, uri: &str, headers: &[&str]) -> Result<(), String> {
        let labels = uri.split(['{', '}']).skip(1).step_by(2).map(|label| label.trim_end_matches('+'));
        let label = json!({ "target": "smithy.api#String", "traits": { "smithy.api#required": {}, "smithy.api#httpLabel": {} } });
        let header = |name| json!({ "target": "smithy.api#String", "traits": { "smithy.api#httpHeader": name } });
        let labels = labels.map(|name| (name.to_owned(), label.clone()));
        let headers = headers.iter().enumerate().map(|(at, name)| (format!("H{at}"), header(name)));
        let schema = one_operation(name, method, uri, labels.chain(headers).collect());
        Permission::default().check(schema, &schema[schema.operation_named(name).unwrap()])
    }

    #[test]
    fn a_model_gives_no_read_a_header_that_makes_it_a_write() {
        assert_eq!(check("GetThing", "GET", "/things/{a}", &["x-amz-meta"]), Ok(()));
        for header in ["X-HTTP-Method-Override", "x-original-url", "X_HTTP_METHOD_OVERRIDE", "X-Amz-Target"] {
            let why = check("GetThing", "GET", "/things/{a}", &["x-amz-meta", header]).unwrap_err();
            assert!(why.contains("a server may take it for another"), "{why}");
        }
        for query in [
            "Action=TerminateInstances&Version=2016-11-15",
            "a=b&_method=DELETE",
            "%41ction=x",
            "a=b;ACTION=x",
            "X-HTTP-Method-Override=PUT",
        ] {
            let why = check("ListThings", "GET", &format!("/?{query}"), &[]).unwrap_err();
            assert!(why.contains("a server may take it for another"), "{query}: {why}");
        }
        assert_eq!(check("ListThings", "GET", "/things?view=action&method=x", &[]), Ok(()));
    }

    #[test]
    fn a_model_gives_no_write_the_name_of_a_read() {
        for (name, method, uri, expected) in [
            ("GetThing", "GET", "/things/{a}", None),
            ("SearchThings", "POST", "/search-queues", None),
            ("SearchThings", "POST", "/search-things", Some("--allow-writes")),
            ("GetThing", "DELETE", "/things/{a}", Some("--allow-writes")),
            ("GetFederationToken", "GET", "/user/federate/{InstanceId}", Some("--allow-operation GetFederationToken")),
            ("StartTaskContact", "PUT", "/contact/task", Some("--allow-operation StartTaskContact")),
            ("CreateInstance", "PUT", "/instance", Some("is never sent")),
            ("ListThings", "PUT", "/things", Some("--allow-writes")),
            ("GetThing", "POST", "/contact/stop", Some("--allow-operation GetThing")),
            ("GetThing", "POST", "/{a}/stop", Some("--allow-operation GetThing")),
            ("GetThing", "POST", "/{a+}", Some("--allow-operation GetThing")),
            ("GetThing", "POST", "/contact-flows/{a}/{b}/content", Some("--allow-writes")),
            ("GetThing", "GET", "/things/../x", Some("a server may take for another")),
            ("GetThing", "GET", "/things%2Fx", Some("a server may take for another")),
        ] {
            let refused = check(name, method, uri, &[]).err();
            let as_expected =
                expected.is_none_or(|expected| refused.as_deref().is_some_and(|why| why.contains(expected)));
            assert!(as_expected && refused.is_some() == expected.is_some(), "{name} {method} {uri}: {refused:?}");
        }
    }

    #[test]
    fn operations_of_the_built_in_model_keep_their_danger() {
        let schema = Schema::connect();
        for (_, operation) in schema.operations() {
            assert_eq!(remote_danger(schema, operation), Ok(danger(schema, operation)), "{}", operation.name);
        }
    }
}
