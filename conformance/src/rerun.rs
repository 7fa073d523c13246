//! A saved finding once more: its case with all that it needs, made anew, where it was found or elsewhere; or its request
//! as it was sent, to the byte.

use connect_checks::setup;
use connect_model::schema::Schema;
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::Router;
use connect_model::wire::message::HttpRequest;
use serde_json::Value;

use crate::cli::{EndpointFlags, PaceFlags, ReplayFlags};
use crate::replay::CaseFile;
use crate::session;
use crate::session::{Place, SessionError, is_in_account};
use connect_checks::case::Outcome;
use connect_checks::client::ClientConfig;
use connect_checks::judge::Judge;
use connect_checks::ledger;
use connect_checks::selection::Selection;
use connect_checks::setup::{DEFAULT_CASES, SuiteConfig};
use connect_checks::walks::WalkConfig;
use connect_transport::exchange::Exchange;
use connect_transport::target::Target;
use connect_transport::{TransportConfig, TransportError};

/// What came of a case, and where it was tried.
pub struct Rerun {
    /// The new outcome.
    pub outcome: Outcome,
    /// Where; if it was an emulator, it is gone by now.
    pub target: Target,
    /// What is still there of what was made for it.
    pub left: Vec<String>,
}

/// Where the request of a file goes: to the endpoint that the flags name, else where it came from, be it an emulator like
/// the one that the run brought along.
fn place_flags(file: &CaseFile, flags: &ReplayFlags) -> EndpointFlags {
    let found = file.emulator.is_none().then(|| file.endpoint.clone());
    let is_elsewhere = flags.endpoint.is_some();
    let instance = file.instance_id.clone().filter(|_| found.is_some() && !is_elsewhere);
    EndpointFlags {
        endpoint: flags.endpoint.clone().or(found),
        instance_id: flags.instance_id.clone().or(instance),
        region: Some(flags.region.clone().unwrap_or_else(|| file.region.clone())),
        profile: flags.profile.clone(),
        allow_writes: flags.allow_writes,
        account: flags.account.clone(),
        as_remote: flags.as_remote || (file.as_remote && !is_elsewhere),
        journal: flags.journal.clone(),
        allow_operation: flags.allow_operation.clone(),
    }
}

/// Tries the case of a file again. The same seed makes the same values, and, on an emulator, the same resources.
///
/// # Errors
/// There is no endpoint, or the model has no such case, or it must not be sent there.
pub async fn rerun(file: &CaseFile, flags: &ReplayFlags) -> Result<Rerun, SessionError> {
    let schema = Schema::connect();
    let info = file.emulator.clone().unwrap_or_default();
    let where_to = place_flags(file, flags);
    let place = Place::of(schema, &where_to, info.clone(), file.seed).await?;
    let run_id = place.run_id(file.seed);
    let ledger = session::ledger(schema, &where_to, &place.target, &run_id)?;
    let operation = file.case.split('/').next().unwrap_or_default().to_owned();
    let permission = place.permission.clone();
    let selection = Selection {
        operations: [operation.clone()].into(),
        filter: Some(file.case.clone()),
        permission: permission.clone(),
        ..setup::everything()
    };
    let config = SuiteConfig {
        seed: file.seed,
        cases: file.cases.or(info.cases).unwrap_or(DEFAULT_CASES),
        run_id,
        timeout: flags.timeout,
        pace: session::pace(&PaceFlags::default(), place.target.loopback),
        walks: WalkConfig {
            count: info.walks.unwrap_or(setup::DEFAULT_WALKS),
            length: info.walk_length.unwrap_or(setup::DEFAULT_WALK_LENGTH),
            ..WalkConfig::default()
        },
        shrink: session::shrink(place.target.loopback),
        settle: flags.journal.settle,
        ledger,
    };
    let target = place.target.clone();
    let (suite, transport) = setup::suite(schema, target.clone(), &selection, config).map_err(SessionError::usage)?;
    let known = suite.cases().iter().position(|case| case.to_string() == file.case);
    let Some(index) = known else {
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
    is_in_account(suite.client(), flags.account.as_deref()).await?;
    let outcome = session::unless_interrupted(suite.run(index)).await;
    let outcome = outcome.unwrap_or_else(|| Outcome::indeterminate("interrupted"));
    let left = suite.clear().await;
    if let Some(emulator) = place.emulator {
        emulator.shutdown().await;
    }
    Ok(Rerun { outcome, target, left })
}

/// A request of a file once more, and what came back.
pub struct Resent {
    /// Request and answer, or why there is none.
    pub result: Result<Exchange, TransportError>,
    /// Where.
    pub target: Target,
    /// What is still there of what it made.
    pub left: Vec<String>,
}

/// Sends the request of a file as it was.
///
/// # Errors
/// There is no endpoint, the request is not whole, or it must not be sent there.
pub async fn resend(file: &CaseFile, flags: &ReplayFlags) -> Result<Resent, SessionError> {
    let schema = Schema::connect();
    let request = file.request.to_request().map_err(SessionError::usage)?;
    let where_to = place_flags(file, flags);
    let place = Place::of(schema, &where_to, file.emulator.clone().unwrap_or_default(), file.seed).await?;
    let run_id = place.run_id(file.seed);
    may_be_resent(schema, &file.operation, &request, &place).map_err(SessionError::Usage)?;
    let ledger = session::ledger(schema, &where_to, &place.target, &run_id)?;
    let bounds = TransportConfig { timeout: flags.timeout, ..TransportConfig::default() };
    let target = place.target.clone();
    let config = ClientConfig {
        seed: file.seed,
        run_id,
        permission: place.permission,
        settle: flags.journal.settle,
        ledger,
        ..ClientConfig::default()
    };
    let account = flags.account.as_deref();
    let client = session::connect(schema, target.clone(), &file.signing_name, bounds, config, account).await?;
    let result = session::unless_interrupted(client.transport().send(&file.operation, &request)).await;
    let left = client.clear().await;
    let result = result.ok_or_else(|| SessionError::Nothing("interrupted".to_owned()).leaving(&left))?;
    Ok(Resent { result, target, left })
}

/// Sees that bytes may be sent: what counts is what the endpoint will take them for, whatever the file says that they are.
fn may_be_resent(schema: &Schema, name: &str, request: &HttpRequest, place: &Place) -> Result<(), String> {
    let route = Router::new(schema).route(&request.method, &request.uri).ok();
    let named = schema.operation_named(name);
    let operations: Vec<_> = route.as_ref().map(|route| route.operation).into_iter().chain(named).collect();
    for operation in &operations {
        place.permission.check(schema, &schema[*operation])?;
    }
    if place.target.loopback {
        return Ok(());
    }
    if operations.is_empty() && !place.permission.writes {
        return Err(format!(
            "the built-in model does not know {name}: nobody can say that it only reads; --allow-writes allows it"
        ));
    }
    let reads = !operations.is_empty() && operations.iter().all(|id| danger(schema, &schema[*id]) == Danger::Read);
    let (Some(route), Some(instance), false) = (&route, &place.target.instance_id, reads) else { return Ok(()) };
    match other_instance(&ledger::input_of(schema, route, request), instance) {
        Some(other) => Err(format!(
            "the request names the instance {}, and --instance-id is {instance}: only that one was looked up; without \
             --as-sent, the case is tried anew in it",
            crate::report::printable(&other, 200)
        )),
        None => Ok(()),
    }
}

/// The first instance that an input names, by its id or in the ARN of something in it, other than the one given.
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
    fn a_request_that_names_another_instance_is_seen() {
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
