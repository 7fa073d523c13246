//! The command `sweep`: shows what runs have left on real accounts, and deletes it when told to. Touches what a journal
//! names, and what bears both the name and the tag of a run of ours; nothing else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use connect_model::schema::Schema;
use serde_json::json;

use crate::cli::{Format, PaceFlags, SweepFlags};
use crate::exit::Exit;
use crate::report;
use crate::report::printable;
use crate::report::terminal::count;
use crate::session::{SessionError, connect, pace};
use connect_checks::cleanup;
use connect_checks::cleanup::{Cleanup, Leftover};
use connect_checks::client::{Client, ClientConfig};
use connect_checks::ledger::Ledger;
use connect_checks::ledger::journal;
use connect_checks::ledger::journal::Header;
use connect_checks::ledger::journal::seconds;
use connect_checks::permission::Permission;
use connect_transport::TransportConfig;
use connect_transport::target::{Target, TargetFlags};

/// What was found in one place.
struct Place {
    /// A journal, or an instance.
    source: String,
    /// Whose, where to.
    about: String,
    /// What is there, or still there.
    things: Vec<Leftover>,
    /// What could not be looked at.
    troubles: Vec<String>,
    /// How many were taken away.
    deleted: usize,
}

/// Goes through the journals, and through an instance if one is named.
///
/// What keeps one of them from being looked at keeps nothing else from it.
///
/// # Errors
/// A folder that cannot be read, or flags that do not go together.
pub async fn sweep(schema: &'static Schema, flags: &SweepFlags) -> Result<Exit, SessionError> {
    let mut places = Vec::new();
    let mut runs = HashSet::new();
    for path in journal::all(&flags.journal.folder).map_err(SessionError::usage)? {
        runs.extend(journal::run_of(&path).map(str::to_owned));
        let source = path.display().to_string();
        let (about, result) = match Ledger::reopened(schema, &path) {
            Ok((ledger, header)) => (about(&header), journalled(schema, flags, &source, ledger, &header).await),
            Err(error) => (String::new(), Err(SessionError::usage(error))),
        };
        places.push(result.unwrap_or_else(|error| Place::closed(source, about, &error)));
    }
    if let (Some(endpoint), Some(instance)) = (&flags.endpoint, &flags.instance_id) {
        places.push(marked(schema, flags, endpoint, instance, &runs).await?);
    }
    show(&places, flags)
}

impl Place {
    /// One that could not be looked at.
    fn closed(source: String, about: String, why: &SessionError) -> Self {
        Self { source, about, things: Vec::new(), troubles: vec![why.to_string()], deleted: 0 }
    }
}

/// Whose a journal is, and where to.
fn about(header: &Header) -> String {
    let began = report::utc(SystemTime::UNIX_EPOCH + Duration::from_secs(header.began)).unwrap_or_default();
    format!("run {} of {began}, {}", header.run, header.endpoint)
}

/// What one journal names.
async fn journalled(
    schema: &'static Schema,
    flags: &SweepFlags,
    source: &str,
    ledger: Ledger,
    header: &Header,
) -> Result<Place, SessionError> {
    if header.service != schema.service.sdk_id {
        return Err(SessionError::usage(format!(
            "it is of a run against {}, and this program's own model is of {}",
            header.service, schema.service.sdk_id
        )));
    }
    let target = TargetFlags {
        endpoint: header.endpoint.clone(),
        instance_id: header.instance_id.clone(),
        region: Some(flags.region.clone().unwrap_or_else(|| header.region.clone())),
        profile: flags.profile.clone(),
        as_remote: header.as_remote,
    };
    let ledger = Arc::new(ledger);
    let client = client(schema, flags, &target, &ledger, (&header.run, header.account.as_deref())).await?;
    Ok(work_off(&client, &ledger, source.to_owned(), about(header), Vec::new(), flags.delete).await)
}

/// What bears the mark of a run of ours in an instance.
async fn marked(
    schema: &'static Schema,
    flags: &SweepFlags,
    endpoint: &str,
    instance: &str,
    journalled: &HashSet<String>,
) -> Result<Place, SessionError> {
    let target = TargetFlags {
        endpoint: endpoint.to_owned(),
        instance_id: Some(instance.to_owned()),
        region: flags.region.clone(),
        profile: flags.profile.clone(),
        as_remote: flags.as_remote,
    };
    let ledger = Arc::new(Ledger::new(schema, Some(instance)));
    let client = client(schema, flags, &target, &ledger, ("", flags.account.as_deref())).await?;
    if flags.delete && !client.target.loopback && flags.account.is_none() {
        return Err(SessionError::usage(format!(
            "{} is not on this machine: to delete there, name the account with --account ID; it is looked up first",
            client.target.endpoint
        )));
    }
    let before = seconds(SystemTime::now()).saturating_sub(u64::from(flags.older_than) * 3600);
    // Nothing is older than now, unless every age will do.
    let before = if flags.older_than == 0 { u64::MAX } else { before };
    let troubles = cleanup::adopt_tagged(&client, &ledger, instance, before, journalled).await;
    let age =
        if flags.older_than == 0 { "of any age".to_owned() } else { format!("older than {} h", flags.older_than) };
    let (source, about) = (format!("instance {instance}"), format!("runs {age}, {endpoint}"));
    Ok(work_off(&client, &ledger, source, about, troubles, flags.delete).await)
}

async fn work_off(
    client: &Client,
    ledger: &Ledger,
    source: String,
    about: String,
    troubles: Vec<String>,
    delete: bool,
) -> Place {
    let cleanup = if delete {
        cleanup::clean_up(client, ledger, |_| true, true).await
    } else {
        Cleanup { left: cleanup::survey(client, ledger).await, deleted: 0 }
    };
    ledger.close();
    Place { source, about, things: cleanup.left, troubles, deleted: cleanup.deleted }
}

async fn client(
    schema: &'static Schema,
    flags: &SweepFlags,
    target: &TargetFlags,
    ledger: &Arc<Ledger>,
    (run, account): (&str, Option<&str>),
) -> Result<Client, SessionError> {
    let target = Target::resolve(target, &schema.service).await.map_err(SessionError::usage)?;
    let pace = pace(&PaceFlags { rps: flags.rps, ..PaceFlags::default() }, target.loopback);
    let ledger = Some(Arc::clone(ledger));
    let bounds = TransportConfig { timeout: flags.timeout, pace, ..TransportConfig::default() };
    let permission = Permission { loopback: target.loopback, writes: true, ..Permission::default() };
    let settle = flags.journal.settle;
    let config = ClientConfig { run_id: run.to_owned(), permission, settle, ledger, ..ClientConfig::default() };
    connect(schema, target, &schema.service.signing_name, bounds, config, account).await
}

fn show(places: &[Place], flags: &SweepFlags) -> Result<Exit, SessionError> {
    let things: usize = places.iter().map(|place| place.things.len()).sum();
    let deleted: usize = places.iter().map(|place| place.deleted).sum();
    let troubles: usize = places.iter().map(|place| place.troubles.len()).sum();
    let mut text = String::new();
    if flags.format.format == Format::Json {
        for place in places {
            let things: Vec<_> =
                place.things.iter().map(|left| json!({ "what": left.what, "why": left.why })).collect();
            let line = json!({
                "source": place.source, "about": place.about, "things": things, "troubles": place.troubles,
                "deleted": place.deleted,
            });
            text += &format!("{line}\n");
        }
    } else {
        for place in places {
            let about = if place.about.is_empty() { String::new() } else { format!(": {}", place.about) };
            text += &format!("{}{}\n", place.source, printable(&about, 300));
            for left in &place.things {
                text += &format!("  {}\n", printable(&left.to_string(), 400));
            }
            for trouble in &place.troubles {
                text += &format!("  not looked at: {}\n", printable(trouble, 400));
            }
        }
        let many = |number: usize| count(number as u64, "thing");
        text += &match (flags.delete, things) {
            (_, 0) if troubles > 0 => format!("{} deleted, and not everything was looked at\n", many(deleted)),
            (true, 0) => format!("{} deleted, nothing is left\n", many(deleted)),
            (true, left) => format!("{} deleted, {} still there\n", many(deleted), many(left)),
            (false, 0) => "nothing of ours is there\n".to_owned(),
            (false, left) => format!("{} of ours; nothing was deleted, --delete does it\n", many(left)),
        };
    }
    report::print(&text).map_err(SessionError::usage)?;
    Ok(match (things, troubles) {
        (0, 0) => Exit::Conforming,
        (0, _) => Exit::Inconclusive,
        _ => Exit::Leaked,
    })
}
