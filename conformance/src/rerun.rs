//! A saved finding once more: its case with all that it needs, made anew, where it was found or elsewhere; or its request
//! as it was sent, to the byte.

use connect_model::schema::Schema;

use crate::case::{Exchange, Outcome};
use crate::checks::walks::WalkConfig;
use crate::cli::{EndpointFlags, PaceFlags, ReplayFlags};
use crate::client::ClientConfig;
use crate::plan::Selection;
use crate::replay::CaseFile;
use crate::runner::Judge;
use crate::session::{self, Place, SessionError, is_in_account};
use crate::target::Target;
use crate::transport::{TransportConfig, TransportError};
use crate::wiring::{self, DEFAULT_CASES, SuiteConfig};

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
    let salt = place.salt(file.seed);
    let ledger = session::ledger(schema, &where_to, &place.target, &salt)?;
    let operation = file.case.split('/').next().unwrap_or_default().to_owned();
    let permission = place.permission.clone();
    let selection = Selection {
        operations: [operation.clone()].into(),
        filter: Some(file.case.clone()),
        permission: permission.clone(),
        ..wiring::everything()
    };
    let config = SuiteConfig {
        seed: file.seed,
        cases: file.cases.or(info.cases).unwrap_or(DEFAULT_CASES),
        salt,
        timeout: flags.timeout,
        pace: session::pace(&PaceFlags::default(), place.target.loopback),
        walks: WalkConfig {
            count: info.walks.unwrap_or(wiring::DEFAULT_WALKS),
            length: info.walk_length.unwrap_or(wiring::DEFAULT_WALK_LENGTH),
            ..WalkConfig::default()
        },
        shrink: session::shrink(place.target.loopback),
        settle: flags.journal.settle,
        ledger,
    };
    let target = place.target.clone();
    let (suite, transport) = wiring::suite(schema, target.clone(), &selection, config).map_err(SessionError::usage)?;
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
    let outcome = suite.run(index).await;
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
    let salt = place.salt(file.seed);
    if let Some(operation) = schema.operation_named(&file.operation) {
        place.permission.check(schema, &schema[operation]).map_err(SessionError::Usage)?;
    } else if !place.target.loopback && !place.permission.writes {
        return Err(SessionError::Usage(format!(
            "the built-in model does not know {}: nobody can say that it only reads; --allow-writes allows it",
            file.operation
        )));
    }
    let ledger = session::ledger(schema, &where_to, &place.target, &salt)?;
    let bounds = TransportConfig { timeout: flags.timeout, ledger, ..TransportConfig::default() };
    let target = place.target.clone();
    let config = ClientConfig {
        seed: file.seed,
        salt,
        permission: place.permission,
        settle: flags.journal.settle,
        ..ClientConfig::default()
    };
    let account = flags.account.as_deref();
    let client = session::connect(schema, target.clone(), &file.signing_name, bounds, config, account).await?;
    let result = client.transport().send(&file.operation, &request).await;
    let left = client.clear().await;
    Ok(Resent { result, target, left })
}
