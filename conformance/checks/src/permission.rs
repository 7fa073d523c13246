//! Permission to call operations of a target, by danger class and name.

mod redirecting;

use std::collections::BTreeSet;

use connect_model::resources::{self as graph, Role, Source};
use connect_model::schema::{Kind, Member, Operation, OperationId, Schema, Segment, ShapeId, Uri};
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
    Ok(if acts_on_account(schema, id) {
        Danger::AccountWide
    } else if lasts(schema, id) || reaches_others(schema, id) {
        Danger::InstanceWide
    } else {
        danger
    })
}

/// Verbs of operations that make or begin something.
const MAKING: [&str; 31] = [
    "Accept",
    "Allocate",
    "Begin",
    "Claim",
    "Clone",
    "Copy",
    "Create",
    "Deploy",
    "Execute",
    "Export",
    "Generate",
    "Import",
    "Initiate",
    "Invoke",
    "Issue",
    "Launch",
    "Order",
    "Provision",
    "Publish",
    "Purchase",
    "Register",
    "Request",
    "Reserve",
    "Restore",
    "Run",
    "Schedule",
    "Send",
    "Start",
    "Submit",
    "Subscribe",
    "Upload",
];

/// Suffixes of kinds that act on every resource that matches, also on those of others.
const ACTING: [&str; 4] = ["Rule", "Filter", "LifecyclePolicy", "EventLogConfiguration"];

/// Words in the names of members by which a creation signs a contract, or makes what cannot be deleted for a while.
const BINDING: [&str; 8] = [
    "autorenew",
    "commitment",
    "licensequantity",
    "lockconfiguration",
    "paymentoption",
    "renewal",
    "reservation",
    "vaultlock",
];

/// True for a creation of another service whose resource acts on things of others while it exists, or binds the account.
fn reaches_others(schema: &'static Schema, id: OperationId) -> bool {
    let Some(kind) = graph::shared(schema).made_by(id) else { return false };
    // A rule that must name another resource acts on that one only.
    let mut named = required(schema, id)
        .filter_map(|member| graph::shared(schema).named_at(schema, &member.name, member.slot.target));
    let acts = ACTING.iter().any(|end| kind.noun.ends_with(end)) && !named.any(|other| other.noun != kind.noun);
    let binds = |name: &str| {
        let name = name.to_ascii_lowercase();
        BINDING.iter().any(|word| name.contains(word))
    };
    let mut shapes = schema[id].input.map(|input| schema.reachable([input])).into_iter().flatten();
    let members = |shape: ShapeId| schema[shape].kind.members();
    acts || shapes.any(|shape| members(shape).is_some_and(|members| members.iter().any(|member| binds(&member.name))))
}

/// True for the name of an operation that makes or begins something.
fn is_making(operation: &str) -> bool {
    MAKING.iter().any(|verb| operation.starts_with(verb))
}

/// True for an operation of another service that makes something which no operation deletes, neither by itself nor with
/// what it is in, or which no operation shows, so that nothing tells it from what was there.
fn lasts(schema: &'static Schema, id: OperationId) -> bool {
    let graph = graph::shared(schema);
    let ends = |kind: &graph::Kind| kind.first(Role::Delete).is_some();
    let is_shown =
        |kind: &graph::Kind| kind.actions.iter().any(|action| action.role.lists() || action.role == Role::Describe);
    let mut named = required(schema, id).filter_map(|member| graph.named_at(schema, &member.name, member.slot.target));
    match graph.made_by(id) {
        Some(kind) if ends(kind) && is_shown(kind) => false,
        Some(_) => !named.any(ends),
        None => is_making(&schema[id].name) && !named.any(ends) && !graph.actions_of(id).any(|(kind, _)| ends(kind)),
    }
}

fn required(schema: &Schema, id: OperationId) -> impl Iterator<Item = &Member> {
    schema.input_members(&schema[id]).into_iter().flatten().filter(|member| member.required)
}

/// Words in the names of operations that set something of the whole account.
const OF_ACCOUNT: [&str; 2] = ["Account", "Default"];

/// True for a write of another service that must name nothing which the model can make: it sets, ends or starts something of
/// the whole account, or changes things of another service.
fn acts_on_account(schema: &'static Schema, id: OperationId) -> bool {
    let (graph, operation) = (graph::shared(schema), schema[id].name.as_str());
    let is_creation = operation.starts_with("Create");
    let is_account = |name: &str| name.to_ascii_lowercase().ends_with("accountid");
    let is_name = |name: &str| {
        let is_text = |member: &Member| matches!(schema[member.slot.target].kind, Kind::String | Kind::Number(_));
        required(schema, id).any(|member| member.name == name && is_text(member)) && !is_account(name)
    };
    let names_many = |member: &Member| {
        let (name, slot) = match &schema[member.slot.target].kind {
            Kind::List(list) => (member.name.strip_suffix('s').unwrap_or(&member.name), list.member.target),
            _ => (member.name.as_str(), member.slot.target),
        };
        !is_account(name) && graph.named_at(schema, name, slot).is_some()
    };
    if let Some(kind) = graph.made_by(id) {
        // A setting has a type where a resource has a name. It may have an id that the service gave it long ago.
        let is_named = match &kind.id {
            Source::Input(name) => is_name(name),
            Source::Output(_) => is_creation || is_making(operation) || required(schema, id).any(names_many),
        };
        let is_of_account = OF_ACCOUNT.iter().any(|word| operation.contains(word));
        return if is_creation { is_of_account && !is_named } else { is_of_account || !is_named };
    }
    if graph.tagging.as_ref().is_some_and(|tagging| [tagging.tag, tagging.untag].contains(&id)) {
        return false;
    }
    let actions = || graph.actions_of(id).filter(|(_, action)| !action.role.lists());
    let is_word_of_kind = |word: &str| actions().any(|(kind, _)| kind.noun.contains(word));
    if OF_ACCOUNT.iter().any(|word| operation.contains(word) && !is_word_of_kind(word)) {
        return true;
    }
    let names_one = actions().any(|(_, action)| action.names.iter().any(|(name, _)| is_name(name)));
    !names_one && !required(schema, id).any(names_many) && !is_creation
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
    fn a_write_of_another_service_that_names_nothing_acts_on_the_account() {
        let rows = [
            ("DisableMacie", "DELETE", "/macie", &[][..], false),
            ("PutEncryptionConfig", "POST", "/EncryptionConfig", &["Type"], false),
            ("StartReport", "POST", "/reports", &["Format"], false),
            ("DeleteSubscription", "DELETE", "/accounts/{AwsAccountId}", &["AwsAccountId"], false),
            // The values of settings, and the names of what another service has.
            ("AssociateServiceRoleToAccount", "PUT", "/servicerole", &["RoleArn"], false),
            ("UpdateEncryptionKey", "PUT", "/key", &["KmsKeyId"], false),
            ("UpdateShadow", "POST", "/shadows/{DeviceName}", &["DeviceName"], false),
            ("SetDefaultThing", "POST", "/default", &["ThingId"], false),
            ("UpdateThing", "POST", "/things/{ThingId}", &["ThingId"], true),
            ("StartThing", "POST", "/things/{ThingId}/start", &["ThingId"], true),
            ("DeleteThing", "DELETE", "/things/{ThingId}", &["ThingId"], true),
            ("BatchDeleteThings", "POST", "/BatchDelete", &["ThingIds"], true),
            ("GetMacieSession", "GET", "/macie", &[], true),
            // A setting to which the service gave an id.
            ("PutGuard", "PUT", "/guard", &["Mode"], false),
            ("PutGuard", "PUT", "/guard", &["Mode", "ThingId"], true),
        ];
        for (name, method, uri, required, expected) in rows {
            let shape = |name: &str| match name {
                "ThingIds" => "ThingIds".to_owned(),
                name => format!("{name}Text"),
            };
            let member = |name: &&str| match uri.contains(&format!("{{{name}}}")) {
                true => ((*name).to_owned(), json!({ "shape": shape(name), "location": "uri", "locationName": name })),
                false => ((*name).to_owned(), json!({ "shape": shape(name) })),
            };
            let members: serde_json::Map<String, serde_json::Value> = required.iter().map(member).collect();
            let http = |method: &str, uri: &str| json!({ "method": method, "requestUri": uri });
            let thing = json!({ "type": "structure", "required": ["ThingId"], "members": { "ThingId": { "shape": "ThingIdText" } } });
            let mut model = json!({
                "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
                "operations": {
                    "CreateThing": { "name": "CreateThing", "http": http("POST", "/things"), "output": { "shape": "Thing" } },
                    "DeleteThing": { "name": "DeleteThing", "http": http("POST", "/things/delete"), "input": { "shape": "Thing" } },
                    name: { "name": name, "http": http(method, uri), "input": { "shape": "In" }, "output": { "shape": "Guard" } },
                    "DeleteGuard": { "name": "DeleteGuard", "http": http("POST", "/guard/delete"), "input": { "shape": "Guard" } },
                },
                "shapes": {
                    "In": { "type": "structure", "required": required, "members": members },
                    "Thing": thing, "ThingIdText": { "type": "string" }, "GuardIdText": { "type": "string" },
                    "Guard": { "type": "structure", "required": ["GuardId"], "members": { "GuardId": { "shape": "GuardIdText" } } },
                    "ThingIds": { "type": "list", "member": { "shape": "ThingIdText" } },
                },
            });
            for name in required.iter().filter(|name| **name != "ThingIds") {
                model["shapes"][shape(name)] = json!({ "type": "string" });
            }
            let schema = Schema::from_text("x", model.to_string().into_bytes()).unwrap();
            let schema: &'static Schema = Box::leak(Box::new(schema));
            let operation = &schema[schema.operation_named(name).unwrap()];
            let mut permission = Permission { writes: true, ..Permission::default() };
            let refused = permission.check(schema, operation);
            assert_eq!(refused.is_ok(), expected, "{name}: {refused:?}");
            permission.operations.insert(name.to_owned());
            assert_eq!(permission.check(schema, operation), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_creation_of_another_service_that_nothing_deletes_needs_its_name() {
        let shape = |required: &[&str]| {
            let member = |name: &&str| ((*name).to_owned(), json!({ "shape": format!("{name}Text") }));
            let members: serde_json::Map<String, serde_json::Value> = required.iter().map(member).collect();
            json!({ "type": "structure", "required": required, "members": members })
        };
        let operation = |name: &str, input: &str, output: Option<&str>| {
            let mut operation = json!({ "name": name, "http": { "method": "POST", "requestUri": format!("/{name}") }, "input": { "shape": input } });
            if let Some(output) = output {
                operation["output"] = json!({ "shape": output });
            }
            operation
        };
        let mut model = json!({
            "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
            "operations": {
                "CreateFleet": operation("CreateFleet", "Name", Some("Fleet")),
                "DeleteFleet": operation("DeleteFleet", "Fleet", None),
                "GetFleet": operation("GetFleet", "Fleet", Some("Name")),
                "UpdateFleet": operation("UpdateFleet", "Fleet", None),
                // It acts on whatever it fits, and this one is a contract.
                "CreateFleetRule": operation("CreateFleetRule", "Name", Some("Rule")),
                "DeleteFleetRule": operation("DeleteFleetRule", "Rule", None),
                "GetFleetRule": operation("GetFleetRule", "Rule", Some("Name")),
                "CreateSeat": operation("CreateSeat", "Terms", Some("Seat")),
                "DeleteSeat": operation("DeleteSeat", "Seat", None),
                "GetSeat": operation("GetSeat", "Seat", Some("Name")),
                // Nothing shows one, so that nothing tells it from those of others.
                "CreateHook": operation("CreateHook", "Name", Some("Hook")),
                "DeleteHook": operation("DeleteHook", "Hook", None),
                "StartFleet": operation("StartFleet", "Fleet", None),
                // It is in a fleet, and goes with it.
                "CreateFleetVersion": operation("CreateFleetVersion", "Fleet", Some("Version")),
                "CreateJob": operation("CreateJob", "Name", Some("Job")),
                "StartExport": operation("StartExport", "Name", None),
                "PurchasePlan": operation("PurchasePlan", "Name", Some("Plan")),
                // Without the member that may be left out, they are about the account.
                "AssociateDefaultFleet": operation("AssociateDefaultFleet", "Fleet", None),
                "DisassociateDefaultFleet": operation("DisassociateDefaultFleet", "Target", None),
                "CreateAccountSubscription": operation("CreateAccountSubscription", "Owner", None),
                "DeleteAccountSubscription": operation("DeleteAccountSubscription", "Owner", None),
                "PutSettings": operation("PutSettings", "Target", None),
                "DeleteSettings": operation("DeleteSettings", "Target", None),
            },
            "shapes": {
                "Name": shape(&["Name"]), "Fleet": shape(&["FleetId"]), "Job": shape(&["JobId"]), "Plan": shape(&["PlanId"]),
                "Hook": shape(&["HookId"]), "Rule": shape(&["FleetRuleId"]), "Seat": shape(&["SeatId"]),
                "Terms": { "type": "structure", "members": { "Plan": { "shape": "SeatPlan" } } },
                "SeatPlan": { "type": "structure", "members": { "RenewalType": { "shape": "NameText" } } },
                "Owner": shape(&["AwsAccountId"]),
                "Version": shape(&["VersionId"]),
                "Target": { "type": "structure", "members": { "TargetId": { "shape": "TargetIdText" } } },
            },
        });
        for name in [
            "Name",
            "FleetId",
            "JobId",
            "PlanId",
            "VersionId",
            "TargetId",
            "AwsAccountId",
            "HookId",
            "FleetRuleId",
            "SeatId",
        ] {
            model["shapes"][format!("{name}Text")] = json!({ "type": "string" });
        }
        let schema = Schema::from_text("x", model.to_string().into_bytes()).unwrap();
        let schema: &'static Schema = Box::leak(Box::new(schema));
        let permission = Permission { writes: true, ..Permission::default() };
        let mut refused: Vec<&str> = schema
            .operations()
            .filter(|(_, one)| permission.check(schema, one).is_err())
            .map(|(_, one)| &*one.name)
            .collect();
        refused.sort_unstable();
        assert_eq!(
            refused,
            [
                "AssociateDefaultFleet",
                "CreateAccountSubscription",
                "CreateFleetRule",
                "CreateHook",
                "CreateJob",
                "CreateSeat",
                "DeleteAccountSubscription",
                "DeleteSettings",
                "DisassociateDefaultFleet",
                "PurchasePlan",
                "PutSettings",
                "StartExport"
            ]
        );
        let why = permission.check(schema, &schema[schema.operation_named("CreateJob").unwrap()]).unwrap_err();
        assert!(
            why.contains(
                "makes what cannot be taken away, or acts on resources of others; --allow-operation CreateJob"
            ),
            "{why}"
        );
    }

    #[test]
    fn operations_of_the_built_in_model_keep_their_danger() {
        let schema = Schema::connect();
        for (_, operation) in schema.operations() {
            assert_eq!(remote_danger(schema, operation), Ok(danger(schema, operation)), "{}", operation.name);
        }
    }
}
