//! The command `replay`: runs the case of a saved finding again, with new resources, where it was found or elsewhere; or
//! sends its request again, byte for byte.

use connect_checks::case::{CaseId, Outcome, operation_of};
use connect_checks::judge::Judge;
use connect_checks::ledger;
use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_model::schema::Schema;
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::Router;
use connect_model::wire::message::HttpRequest;
use connect_transport::TransportError;
use connect_transport::exchange::Exchange;
use connect_transport::target::Target;
use serde_json::Value;

use crate::report::case_file::CaseFile;
use crate::report::text::printable;
use crate::session::config::{EndpointConfig, RunConfig};
use crate::session::error::SessionError;
use crate::session::signals::unless_interrupted;
use crate::session::target::{RunTarget, connect, is_in_account};

/// A case that ran again.
pub struct Rerun {
    /// The new outcome.
    pub outcome: Outcome,
    /// The target. An emulator has been shut down.
    pub target: Target,
    /// Resources of the case that still exist.
    pub leaks: Vec<String>,
}

/// A request that was sent again.
pub struct Resent {
    /// Request and response, or the error.
    pub result: Result<Exchange, TransportError>,
    /// The target.
    pub target: Target,
    /// Resources that the request created and that still exist.
    pub leaks: Vec<String>,
}

/// The configuration of a replay: that of the run which found the case, with what `overrides` sets. Without an endpoint of
/// its own, the replay goes to the endpoint of the run, or to an emulator with the same settings.
fn replay_config(file: &CaseFile, overrides: &RunConfig) -> RunConfig {
    let emulator = file.emulator.clone().unwrap_or_default();
    let given = &overrides.endpoint;
    let original = file.emulator.is_none().then(|| file.endpoint.clone());
    let is_elsewhere = given.url.is_some();
    let instance = file.instance_id.clone().filter(|_| original.is_some() && !is_elsewhere);
    let endpoint = EndpointConfig {
        url: given.url.clone().or(original),
        instance_id: given.instance_id.clone().or(instance),
        region: Some(given.region.clone().unwrap_or_else(|| file.region.clone())),
        as_remote: given.as_remote || (file.as_remote && !is_elsewhere),
        ..given.clone()
    };
    RunConfig {
        endpoint,
        seed: Some(file.seed),
        cases: file.cases.or(emulator.cases),
        walks: Some(emulator.walks.unwrap_or(setup::DEFAULT_WALKS)),
        walk_length: emulator.walk_length,
        emulator,
        ..overrides.clone()
    }
}

/// Runs the case of a file again. The same seed makes the same values and, on an emulator, the same resources.
///
/// # Errors
/// The endpoint does not respond, the model has no such case, or the case must not be sent there.
pub async fn rerun(file: &CaseFile, overrides: &RunConfig) -> Result<Rerun, SessionError> {
    let schema = Schema::connect();
    let config = replay_config(file, overrides);
    let mut target = RunTarget::resolve(schema, &config.endpoint, &config.emulator, file.seed).await?;
    target.open_ledger(schema, &config.endpoint)?;
    let RunTarget { target, emulator, permission, context, .. } = target;
    let operation = operation_of(&file.case).to_owned();
    let selection = Selection {
        operations: [operation.clone()].into(),
        filter: Some(file.case.clone()),
        permission: permission.clone(),
        ..setup::everything()
    };
    let walks = config.walks(context.loopback)?;
    let suite = setup::suite(schema, target.clone(), &selection, config.suite(context, walks));
    let (suite, transport) = suite.map_err(SessionError::usage)?;
    let Some(index) = suite.cases().iter().map(CaseId::to_string).position(|case| case == file.case) else {
        let contract = schema.operation_named(&operation).map(|id| &schema[id]);
        if let Some(Err(why)) = contract.map(|contract| permission.check(schema, contract)) {
            return Err(SessionError::Usage(why));
        }
        return Err(SessionError::Nothing(format!(
            "the built-in model has no case {}: it is of another version, of the run's --model, or compares recorded \
             answers; --as-sent sends the request as it was",
            file.case
        )));
    };
    transport.probe().await.map_err(SessionError::usage)?;
    is_in_account(suite.client(), config.endpoint.account.as_deref()).await?;
    let outcome = unless_interrupted(suite.run(index)).await;
    let outcome = outcome.unwrap_or_else(|| Outcome::indeterminate("interrupted"));
    let leaks = suite.clear().await;
    if let Some(emulator) = emulator {
        emulator.shutdown().await;
    }
    Ok(Rerun { outcome, target, leaks })
}

/// Sends the request of a file as it was.
///
/// # Errors
/// The endpoint does not respond, the request is incomplete, or it must not be sent there.
pub async fn resend(file: &CaseFile, overrides: &RunConfig) -> Result<Resent, SessionError> {
    let schema = Schema::connect();
    let request = file.request.to_request().map_err(SessionError::usage)?;
    let config = replay_config(file, overrides);
    let mut target = RunTarget::resolve(schema, &config.endpoint, &config.emulator, file.seed).await?;
    may_resend(schema, &file.operation, &request, &target).map_err(SessionError::Usage)?;
    target.open_ledger(schema, &config.endpoint)?;
    let RunTarget { target, emulator: _emulator, permission, context, .. } = target;
    let (transport, client) = (config.transport(&context), config.client(context, permission));
    let account = config.endpoint.account.as_deref();
    let client = connect(schema, target.clone(), &file.signing_name, transport, client, account).await?;
    let result = unless_interrupted(client.transport().send(&file.operation, &request)).await;
    let leaks = client.clear().await;
    let result = result.ok_or_else(|| SessionError::Nothing("interrupted".to_owned()).leaving(&leaks))?;
    Ok(Resent { result, target, leaks })
}

/// Checks that a request may be sent. The operation that the endpoint will see counts, not only the one in the file.
fn may_resend(schema: &Schema, name: &str, request: &HttpRequest, run: &RunTarget) -> Result<(), String> {
    let route = Router::new(schema).route(&request.method, &request.uri).ok();
    let named = schema.operation_named(name);
    let operations: Vec<_> = route.as_ref().map(|route| route.operation).into_iter().chain(named).collect();
    for operation in &operations {
        run.permission.check(schema, &schema[*operation])?;
    }
    if run.target.loopback {
        return Ok(());
    }
    if operations.is_empty() && !run.permission.writes {
        return Err(format!("the built-in model does not know {name}, so it may write; --allow-writes allows it"));
    }
    let reads = !operations.is_empty() && operations.iter().all(|id| danger(schema, &schema[*id]) == Danger::Read);
    let (Some(route), Some(instance), false) = (&route, &run.target.instance_id, reads) else { return Ok(()) };
    match other_instance(&ledger::input_of(schema, route, request), instance) {
        Some(other) => Err(format!(
            "the request names the instance {}, but only the account of --instance-id {instance} was checked; without \
             --as-sent, the case runs again there",
            printable(&other, 200)
        )),
        None => Ok(()),
    }
}

/// The first instance in an input, by its id or in an ARN, other than the given one.
fn other_instance(input: &Value, instance: &str) -> Option<String> {
    match input {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value.as_str() {
            Some(text) if name == "InstanceId" && !ledger::names(text, instance) => Some(text.to_owned()),
            _ => other_instance(value, instance),
        }),
        Value::Array(items) => items.iter().find_map(|item| other_instance(item, instance)),
        Value::String(text) => {
            let (_, named) = text.strip_prefix("arn:")?.split_once(":instance/")?;
            let id = named.split('/').next().unwrap_or_default();
            (id != instance).then(|| id.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_other_instances_in_requests() {
        let rows = [
            (json!({ "InstanceId": "mine", "Name": "x" }), None),
            (json!({ "InstanceId": "arn:aws:connect:us-east-1:111122223333:instance/mine" }), None),
            (json!({ "InstanceId": "other" }), Some("other")),
            (json!({ "InstanceId": "notmine" }), Some("notmine")),
            (json!({ "resourceArn": "arn:aws:connect:us-east-1:111122223333:instance/mine/flow/f" }), None),
            (json!({ "resourceArn": "arn:aws:connect:us-east-1:111122223333:instance/other/flow/f" }), Some("other")),
            (json!({ "A": [{ "B": "arn:aws:connect:us-east-1:111122223333:instance/other" }] }), Some("other")),
            (json!({ "Name": "instance/other", "N": 1 }), None),
        ];
        for (input, expected) in rows {
            assert_eq!(other_instance(&input, "mine").as_deref(), expected, "{input}");
        }
    }
}
