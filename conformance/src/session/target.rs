//! The target of a run: resolves the endpoint or starts the built-in emulator, opens the journal, and checks the account.

use std::sync::Arc;
use std::time::SystemTime;

use connect_checks::client::reply::Reply;
use connect_checks::client::{Client, ClientConfig};
use connect_checks::ledger::Ledger;
use connect_checks::ledger::journal::seconds;
use connect_checks::ledger::journal::{self, Header};
use connect_checks::permission::{Permission, signs_as_connect};
use connect_emulator::Emulator;
use connect_model::files;
use connect_model::schema::Schema;
use connect_model::wire::encode_request;
use connect_transport::parsed::{GrammarError, ServiceName};
use connect_transport::target::Target;
use connect_transport::{Transport, TransportConfig};
use serde_json::{Value, json};

use crate::built_in;
use crate::event::{EmulatorInfo, TargetInfo};
use crate::report::text::printable;
use crate::session::config::{EndpointConfig, RunContext, run_id};
use crate::session::error::SessionError;
use crate::session::selection::{fresh_seed, known_operations};

/// The target of a run.
pub(crate) struct RunTarget {
    pub(crate) target: Target,
    /// The built-in emulator, if the run started one.
    pub(crate) emulator: Option<Emulator>,
    /// The target as reports show it.
    pub(crate) info: TargetInfo,
    /// The operations that may be sent.
    pub(crate) permission: Permission,
    /// Seed, run id and ledger.
    pub(crate) context: RunContext,
}

impl RunTarget {
    /// The configured endpoint, or an emulator.
    pub(crate) async fn resolve(
        schema: &'static Schema,
        endpoint: &EndpointConfig,
        emulator_info: &EmulatorInfo,
        seed: u64,
    ) -> Result<Self, SessionError> {
        known_operations(schema, &endpoint.allow_operation)?;
        let (target, emulator) = match &endpoint.url {
            Some(url) => {
                let resolved = Target::resolve(&endpoint.target_flags(url), &schema.service).await;
                (resolved.map_err(SessionError::usage)?, None)
            }
            None => {
                let emulator = built_in::start(schema, emulator_info, seed).await.map_err(SessionError::usage)?;
                (built_in::target_of(&emulator).map_err(SessionError::usage)?, Some(emulator))
            }
        };
        names_account_for_writes(schema, endpoint, &target)?;
        // On our own emulator, the seed decides everything. Elsewhere, no two runs may use the same names.
        let run_id = run_id(if emulator.is_some() { seed } else { fresh_seed() });
        let loopback = target.loopback;
        let info = TargetInfo {
            endpoint: target.endpoint.clone(),
            instance_id: target.instance_id.clone(),
            region: target.region.clone(),
            signing_name: signing_name(schema)?,
            signed: target.credentials.is_some(),
            loopback,
            emulator: emulator.is_some().then(|| emulator_info.clone()),
        };
        let context = RunContext { seed, run_id, loopback, ledger: None };
        Ok(Self { target, emulator, info, permission: endpoint.permission(loopback), context })
    }

    /// Opens the journal, if the run may write to a real account. On this machine, nothing has to be deleted: emulators
    /// forget.
    pub(crate) fn open_ledger(
        &mut self,
        schema: &'static Schema,
        endpoint: &EndpointConfig,
    ) -> Result<(), SessionError> {
        let target = &self.target;
        if endpoint.url.is_some() {
            // Also for runs that journal nothing, so that `sweep` after them finds the folder. If it is needed and cannot be
            // created, the journal says so.
            let _ = files::folder(&endpoint.journal);
        }
        if target.loopback || !endpoint.may_write() {
            return Ok(());
        }
        let header = Header {
            version: journal::VERSION,
            service: schema.service.sdk_id.clone(),
            run: self.context.run_id.clone(),
            began: seconds(SystemTime::now()),
            endpoint: target.endpoint.to_string(),
            region: target.region.to_string(),
            instance_id: target.instance_id.clone(),
            account: endpoint.account.clone(),
            as_remote: endpoint.as_remote,
        };
        let ledger = Ledger::journalled(schema, &endpoint.journal, &header).map_err(SessionError::usage)?;
        self.context.ledger = Some(Arc::new(ledger));
        Ok(())
    }
}

/// The service of the model in signatures.
pub(crate) fn signing_name(schema: &Schema) -> Result<ServiceName, SessionError> {
    let name = schema.service.signing_name.parse();
    name.map_err(|error: GrammarError| SessionError::usage(format!("{error}, in the model")))
}

/// The reason why an endpoint counts as a real account.
pub(crate) fn real_account(target: &Target) -> String {
    let why = if target.endpoint.is_loopback() {
        "is treated as a real account (--as-remote)"
    } else {
        "is not on this machine"
    };
    format!("{} {why}", target.endpoint)
}

/// Rejects writes to a real account without its name.
fn names_account_for_writes(schema: &Schema, endpoint: &EndpointConfig, target: &Target) -> Result<(), SessionError> {
    let is_named = endpoint.account.is_some() && endpoint.instance_id.is_some();
    if target.loopback || is_named || !signs_as_connect(schema) || !endpoint.may_write() {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "{}: to write there, name the account and the instance with --account ID --instance-id ID; both are checked \
         before any other request",
        real_account(target)
    )))
}

/// A client for an endpoint that responds, in the account that was named, if one was.
pub(crate) async fn connect(
    schema: &'static Schema,
    target: Target,
    signing_name: &str,
    transport: TransportConfig,
    client: ClientConfig,
    account: Option<&str>,
) -> Result<Client, SessionError> {
    let transport = Transport::new(&target, signing_name, transport).map_err(SessionError::usage)?;
    transport.probe().await.map_err(SessionError::usage)?;
    let client = Client::new(schema, target, Arc::new(transport), client);
    is_in_account(&client, account).await?;
    Ok(client)
}

/// Checks that the instance is in the account that was named, if one was. Sends one reading request.
pub(crate) async fn is_in_account(client: &Client, account: Option<&str>) -> Result<(), SessionError> {
    let Some(account) = account else { return Ok(()) };
    let instance = client.target.instance_id.as_deref().unwrap_or_default();
    let unknown = |why: String| {
        SessionError::usage(format!(
            "cannot find the account of the instance {instance}: {why}; --account needs permission for DescribeInstance"
        ))
    };
    let Some(operation) = client.schema.operation_named("DescribeInstance") else {
        return Err(SessionError::usage("--account is for Amazon Connect; this model has no DescribeInstance"));
    };
    let request = encode_request(client.schema, operation, &json!({ "InstanceId": instance }))
        .map_err(|error| unknown(error.to_string()))?;
    // Not subject to --max-requests: the run has not started.
    let reply = client.send_necessary(operation, &request).await;
    let Reply::Success(exchange) = reply else {
        return Err(unknown(format!("the response is {}", reply.describe())));
    };
    let body: Value = serde_json::from_slice(&exchange.response.body).unwrap_or_default();
    let arn = body.pointer("/Instance/Arn").and_then(Value::as_str).unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "connect", _, actual, resource] if *actual == account && resource.ends_with(instance) => Ok(()),
        ["arn", _, "connect", _, actual, _] if *actual != account => Err(SessionError::usage(format!(
            "the instance {instance} is in the account {actual}, not in {account}; no other request was sent"
        ))),
        _ => Err(unknown(format!("the response has the ARN `{}`", printable(arn, 200)))),
    }
}
