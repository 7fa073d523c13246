//! The danger of writes of other services, as far as their models tell: nobody has read what each of their operations does.

use connect_model::resources::{self as graph, Role, Source};
use connect_model::schema::{Kind, Member, OperationId, Schema, ShapeId};
use connect_model::semantics::danger::Danger;

/// The danger of a write of another service.
pub(super) fn danger(schema: &'static Schema, id: OperationId) -> Danger {
    if acts_on_account(schema, id) {
        Danger::AccountWide
    } else if lasts(schema, id) || reaches_others(schema, id) {
        Danger::InstanceWide
    } else {
        Danger::Write
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::schema::Schema;
    use serde_json::json;

    use crate::permission::Permission;

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
}
