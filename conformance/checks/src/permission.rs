//! Permission to call operations of a target, by danger class and name.

use std::collections::BTreeSet;

use connect_model::schema::{Operation, Schema, Segment, Uri};
use connect_model::semantics::danger::{Danger, danger};

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
    pub fn check(&self, schema: &Schema, operation: &Operation) -> Result<(), String> {
        let class = if self.loopback { danger(schema, operation) } else { remote_danger(schema, operation)? };
        if !self.loopback && schema.service.is_connect() && NEVER.contains(&operation.name.as_str()) {
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

/// The danger of an operation on a real account. A model of others may give any request the name of a read, so the request
/// counts, too: its method, and what the built-in model says of the operations that its path may reach.
///
/// # Errors
/// The path of the operation may lead anywhere.
fn remote_danger(schema: &Schema, operation: &Operation) -> Result<Danger, String> {
    let (connect, named) = (Schema::connect(), danger(schema, operation));
    let is_same = |one: &Operation| (&one.method, &one.uri.text) == (&operation.method, &operation.uri.text);
    if connect.operation_named(&operation.name).is_some_and(|id| is_same(&connect[id])) {
        return Ok(named);
    }
    if leads_elsewhere(&operation.uri) {
        let (name, path) = (&operation.name, &operation.uri.text);
        return Err(format!("{name} has the path {path}, which a server may take for another; correct the model"));
    }
    let by_method = match operation.method.as_str() {
        "GET" | "HEAD" | "POST" => Danger::Read,
        _ => Danger::Write,
    };
    let is_reached = |one: &Operation| one.method == operation.method && meet(&one.uri, &operation.uri);
    // A signature for another service is worth nothing there.
    let reached = connect.operations().filter(|_| schema.service.signing_name == connect.service.signing_name);
    let reached = reached.filter(|(_, one)| is_reached(one)).map(|(_, one)| danger(connect, one));
    Ok(named.max(by_method).max(reached.max().unwrap_or(Danger::Read)))
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

    /// The answer of a permission without flags on a real account to the one operation of a model of others.
    fn check(name: &str, method: &str, uri: &str) -> Result<(), String> {
        let labels = uri.split(['{', '}']).skip(1).step_by(2).map(|label| label.trim_end_matches('+'));
        let member = json!({
            "target": "smithy.api#String", "traits": { "smithy.api#required": {}, "smithy.api#httpLabel": {} },
        });
        let members: serde_json::Map<_, _> = labels.map(|label| (label.to_owned(), member.clone())).collect();
        let service = json!({
            "type": "service", "version": "1", "operations": [{ "target": format!("x#{name}") }],
            "traits": {
                "aws.api#service": { "sdkId": "X", "endpointPrefix": "x" }, "aws.auth#sigv4": { "name": "connect" },
                "aws.protocols#restJson1": {},
            },
        });
        let operation = json!({
            "type": "operation", "input": { "target": "x#I" },
            "traits": {
                "smithy.api#http": { "method": method, "uri": uri, "code": 200 }, "smithy.api#readonly": {},
            },
        });
        let shapes = json!({
            "x#X": service, format!("x#{name}"): operation, "x#I": { "type": "structure", "members": members },
        });
        let text = json!({ "smithy": "2.0", "shapes": shapes }).to_string();
        let schema = Schema::from_text("model.json", text.into_bytes()).unwrap();
        Permission::default().check(&schema, &schema[schema.operation_named(name).unwrap()])
    }

    #[test]
    fn a_model_gives_no_write_the_name_of_a_read() {
        for (name, method, uri, expected) in [
            ("GetThing", "GET", "/things/{a}", None),
            ("SearchThings", "POST", "/search-things", None),
            ("GetThing", "DELETE", "/things/{a}", Some("--allow-writes")),
            ("ListThings", "PUT", "/things", Some("--allow-writes")),
            ("GetThing", "POST", "/contact/stop", Some("--allow-operation GetThing")),
            ("GetThing", "POST", "/{a}/stop", Some("--allow-operation GetThing")),
            ("GetThing", "POST", "/{a+}", Some("--allow-operation GetThing")),
            ("GetThing", "POST", "/contact-flows/{a}/{b}/content", Some("--allow-writes")),
            ("GetThing", "GET", "/things/../x", Some("a server may take for another")),
            ("GetThing", "GET", "/things%2Fx", Some("a server may take for another")),
        ] {
            let refused = check(name, method, uri).err();
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
