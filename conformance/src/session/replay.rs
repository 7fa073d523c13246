//! The command `replay`: runs the case of a saved finding again, with new resources, where it was found or elsewhere; or
//! sends its request again, byte for byte.

use connect_checks::case::{CaseId, Outcome, operation_of};
use connect_checks::judge::Judge;
use connect_checks::ledger;
use connect_checks::permission::Permission;
use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_checks::walks::LONGEST;
use connect_model::schema::{Binding, Member, Operation, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::Router;
use connect_model::wire::message::HttpRequest;
use connect_transport::TransportError;
use connect_transport::endpoint::Endpoint;
use connect_transport::exchange::Exchange;
use connect_transport::parsed::{OperationName, ParsedRequest, Region, ServiceName, is_way_of_sending};
use connect_transport::target::{self, Target};
use serde_json::Value;

use crate::report::case_file::CaseFile;
use crate::report::quote::shell;
use crate::report::reproduce;
use crate::report::text::printable;
use crate::session::config::{EndpointConfig, RunConfig};
use crate::session::error::SessionError;
use crate::session::one_meaning;
use crate::session::signals::unless_interrupted;
use crate::session::target::{RunTarget, connect, is_in_account, signing_name};

/// Histories of a replay, and the calls of each: a race does not show every time.
const HISTORIES: u32 = 40;
const HISTORY_LENGTH: u16 = 50;

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

/// The endpoint of a replay; `None` for an emulator like that of the run. A file chooses no endpoint on another machine: its
/// owner would get the signatures of the user.
///
/// # Errors
/// The file names an endpoint on another machine, and the user named none.
pub fn endpoint_of(file: &CaseFile, given: &EndpointConfig) -> Result<Option<String>, SessionError> {
    match (&given.url, &file.emulator) {
        (Some(url), _) => Ok(Some(url.clone())),
        (None, Some(_)) => Ok(None),
        (None, None) if file.endpoint.is_loopback() => Ok(Some(file.endpoint.to_string())),
        (None, None) => Err(SessionError::usage(format!(
            "the case was found at another machine, and a file does not choose who gets signed requests; if that is the right \
             endpoint, name it: --endpoint {}",
            shell(&file.endpoint.to_string())
        ))),
    }
}

/// Checks that the case is of the service in the model. A file chooses no service: the signature would be good for another.
fn is_of_service(file: &CaseFile, schema: &Schema) -> Result<(), SessionError> {
    let (named, service) = (&file.signing_name, &schema.service.signing_name);
    if *named == **service {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "the case is of the service {named}, and the model is of {service}; a file does not choose the service that \
         requests are signed for. Name the model of the run with --model FILE"
    )))
}

/// Checks that a request that is signed for `region` was signed for it in the run, too, or that the user named the region.
fn is_of_region(file: &CaseFile, region: &Region, given: Option<&str>) -> Result<(), SessionError> {
    if given.is_some() || !file.signed || file.region == *region {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "the case was signed for the region {}, and this replay would sign for {region}; a file does not choose the region. \
         Name the right one with --region",
        file.region
    )))
}

/// The configuration of a replay: that of the run which found the case, with what `overrides` sets. Endpoint, service and
/// region never come from the file alone.
fn replay_config(schema: &Schema, file: &CaseFile, overrides: &RunConfig) -> Result<RunConfig, SessionError> {
    is_of_service(file, schema)?;
    let emulator = file.emulator.clone().unwrap_or_default();
    let given = &overrides.endpoint;
    let url = endpoint_of(file, given)?;
    let is_original =
        file.emulator.is_none() && url.as_deref().is_some_and(|url| url.parse() == Ok(file.endpoint.clone()));
    let as_remote = given.as_remote || (file.as_remote && is_original);
    let is_real = as_remote || !file.endpoint.is_loopback();
    // The instance that a run may write to is named by the user.
    let instance = file.instance_id.as_ref().filter(|_| is_original && !(is_real && given.may_write()));
    let endpoint = EndpointConfig {
        url,
        instance_id: given.instance_id.clone().or_else(|| instance.map(ToString::to_string)),
        as_remote,
        ..given.clone()
    };
    Ok(RunConfig {
        endpoint,
        seed: Some(file.seed),
        cases: file.cases.or(emulator.cases),
        walks: Some(emulator.walks.unwrap_or(setup::DEFAULT_WALKS)),
        histories: Some(overrides.histories.unwrap_or(HISTORIES)),
        history_length: overrides.history_length.or(Some(HISTORY_LENGTH)),
        walk_length: emulator.walk_length.map(|steps| steps.clamp(1, LONGEST)),
        emulator,
        ..overrides.clone()
    })
}

/// The endpoint of a printed command, and region and service to sign for, if it signs. A command for the built-in emulator
/// goes to one that the reader starts.
///
/// # Errors
/// As for [`resend`]; nothing is sent.
pub async fn target_of_command(
    schema: &Schema,
    file: &CaseFile,
    given: &EndpointConfig,
) -> Result<(Endpoint, Option<(Region, ServiceName)>), SessionError> {
    is_of_service(file, schema)?;
    let Some(url) = endpoint_of(file, given)? else {
        return Ok((reproduce::started_emulator().map_err(SessionError::usage)?, None));
    };
    let resolved = target::resolve_endpoint(&given.target_flags(&url), &schema.service).await;
    let (endpoint, region) = resolved.map_err(SessionError::usage)?;
    if !file.signed {
        return Ok((endpoint, None));
    }
    is_of_region(file, &region, given.region.as_deref())?;
    Ok((endpoint, Some((region, signing_name(schema)?))))
}

/// Runs the case of a file again. The same seed makes the same values and, on an emulator, the same resources.
///
/// # Errors
/// The endpoint does not respond, the model has no such case, or the case must not be sent there.
pub async fn rerun(schema: &'static Schema, file: &CaseFile, overrides: &RunConfig) -> Result<Rerun, SessionError> {
    let config = replay_config(schema, file, overrides)?;
    let mut target = resolve(schema, file, &config).await?;
    target.open_ledger(schema, &config.endpoint)?;
    let RunTarget { target, emulator, permission, context, .. } = target;
    let operation = operation_of(file.case.as_str()).to_owned();
    let selection = Selection {
        operations: [operation.clone()].into(),
        filter: Some(file.case.to_string()),
        permission: permission.clone(),
        ..setup::everything()
    };
    let walks = config.walks(context.loopback)?;
    let suite = setup::suite(schema, target.clone(), &selection, config.suite(context, walks));
    let (suite, transport) = suite.map_err(SessionError::usage)?;
    let Some(index) = suite.cases().iter().map(CaseId::to_string).position(|case| file.case == *case) else {
        let contract = schema.operation_named(&operation).map(|id| &schema[id]);
        if let Some(Err(why)) = contract.map(|contract| permission.check(schema, contract)) {
            return Err(SessionError::Usage(why));
        }
        return Err(SessionError::Nothing(format!(
            "the model has no case {}: the case is of another version or model (--model), or compares recorded answers; \
             --as-sent sends the request as it was",
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
pub async fn resend(schema: &'static Schema, file: &CaseFile, overrides: &RunConfig) -> Result<Resent, SessionError> {
    let request = file.request.to_request().map_err(SessionError::usage)?;
    let config = replay_config(schema, file, overrides)?;
    let mut target = resolve(schema, file, &config).await?;
    let instance = target.target.instance_id.as_deref();
    may_resend(schema, &file.operation, &request, &target.permission, instance).map_err(SessionError::Usage)?;
    let request = HttpRequest::from(&request);
    target.open_ledger(schema, &config.endpoint)?;
    let RunTarget { target, emulator: _emulator, permission, context, .. } = target;
    let is_account = !permission.loopback;
    let (transport, client) = (config.transport(&context), config.client(context, permission));
    let account = config.endpoint.account.as_deref();
    let client = connect(schema, target.clone(), &schema.service.signing_name, transport, client, account).await?;
    let writes = |operation| danger(schema, &schema[operation]) != Danger::Read;
    if let Ok(route) = Router::new(schema).route(&request.method, &request.uri)
        && is_account
        && writes(route.operation)
    {
        let is_left = |why: String| SessionError::Usage(format!("{why}; it is left, and the request is not sent"));
        let input = one_meaning::input_of(schema, &route, &request).map_err(is_left)?;
        client.names_resources_of_runs(route.operation, &input).await.map_err(is_left)?;
    }
    let result = unless_interrupted(client.transport().send(file.operation.as_str(), &request)).await;
    let leaks = client.clear().await;
    let result = result.ok_or_else(|| SessionError::Nothing("interrupted".to_owned()).leaving(&leaks))?;
    Ok(Resent { result, target, leaks })
}

/// The target of a replay, in the region of the file or in one that the user named.
async fn resolve(schema: &'static Schema, file: &CaseFile, config: &RunConfig) -> Result<RunTarget, SessionError> {
    let run = RunTarget::resolve(schema, &config.endpoint, &config.emulator, file.seed).await?;
    if run.target.credentials.is_some() {
        is_of_region(file, &run.target.region, config.endpoint.region.as_deref())?;
    }
    Ok(run)
}

/// Headers that any request may have. Others may choose another method, path or host behind a front.
const USUAL: &[&str] =
    &["accept", "content-type", "user-agent", "x-amz-content-sha256", "x-amz-date", "x-amzn-trace-id"];

/// True for a header that any request may have, that the operation has in the model, or that says how the body is sent.
fn is_usual(schema: &Schema, operation: &Operation, name: &str, value: &str) -> bool {
    let is_modelled = |member: &Member| match &member.binding {
        Binding::Header(own) => own.eq_ignore_ascii_case(name),
        Binding::PrefixHeaders(prefix) => {
            !prefix.is_empty() && name.to_ascii_lowercase().starts_with(&prefix.to_ascii_lowercase())
        }
        _ => false,
    };
    USUAL.iter().any(|usual| usual.eq_ignore_ascii_case(name))
        || is_way_of_sending(name, value)
        || schema.input_members(operation).into_iter().flatten().any(is_modelled)
}

/// Checks that a request may be sent. The operation that the endpoint will see counts, not only the one in the file. On a real
/// account, what routes to no operation or has further headers is not sent, and what is no GET may write. `name` is the operation in the file, and `instance`
/// the one whose account was checked.
///
/// # Errors
/// The reason why the request must not be sent, and the flag that allows it, if one does.
pub fn may_resend(
    schema: &'static Schema,
    name: &OperationName,
    request: &ParsedRequest,
    permission: &Permission,
    instance: Option<&str>,
) -> Result<(), String> {
    let route = Router::new(schema).route(request.method.as_str(), request.path.as_str()).ok();
    let named = schema.operation_named(name.as_str());
    for operation in route.as_ref().map(|route| route.operation).into_iter().chain(named) {
        permission.check(schema, &schema[operation])?;
    }
    if permission.loopback {
        return Ok(());
    }
    if !request.path.is_plain() {
        return Err(format!(
            "the path {} has an empty segment, a segment of dots, a backslash or a semicolon; a proxy may turn it into the path \
             of another operation, so it is not sent to a real account; without --as-sent, the case runs again",
            printable(request.path.path(), 200)
        ));
    }
    let Some(route) = route else {
        return Err(
            "the request may write, because the model has no operation for it; it is not sent to a real account"
                .to_owned(),
        );
    };
    let routed = &schema[route.operation];
    let headers = &request.headers.headers().0;
    if let Some((name, _)) = headers.iter().find(|(name, value)| !is_usual(schema, routed, name, value)) {
        return Err(format!(
            "the request may do something else, because it has the header {name}; it is not sent to a real account"
        ));
    }
    let reads = danger(schema, routed) == Danger::Read && request.method == *"GET";
    let is_allowed = permission.writes || permission.operations.contains(&routed.name);
    if !reads && !is_allowed {
        return Err(format!(
            "the request may write, because its method is {}; --allow-writes --account ID --instance-id ID allows it",
            request.method
        ));
    }
    let Some(instance) = instance.filter(|_| !reads) else { return Ok(()) };
    match other_instance(&ledger::input_of(schema, &route, &HttpRequest::from(request)), instance) {
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
