//! The command `sweep`: shows what runs have left on real accounts, and deletes it when told to. Touches what a journal
//! names, and what bears both the name and the tag of a run of ours; nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use connect_model::schema::Schema;
use serde_json::json;

use crate::cli::{Format, PaceFlags, SweepFlags};
use crate::client::{Client, ClientConfig, seconds};
use crate::exit::Exit;
use crate::ledger::Ledger;
use crate::ledger::journal::{self, Header, JournalError};
use crate::ledger::tidy::{self, Left};
use crate::plan::Permission;
use crate::report::{self, printable};
use crate::session::{SessionError, is_in_account, pace};
use crate::target::{Target, TargetFlags};
use crate::transport::{Transport, TransportConfig};

/// What was found in one place.
struct Place {
    /// A journal, or an instance.
    source: String,
    /// Whose, where to.
    about: String,
    /// What is there, or still there.
    things: Vec<Left>,
    /// What could not be looked at.
    troubles: Vec<String>,
    /// How many were taken away.
    deleted: usize,
}

/// Goes through the journals, and through an instance if one is named.
///
/// # Errors
/// A journal that cannot be read, an endpoint that does not answer, or an instance in another account.
pub async fn sweep(schema: &'static Schema, flags: &SweepFlags) -> Result<Exit, SessionError> {
    let mut places = Vec::new();
    for path in journal::all(&flags.journal).map_err(SessionError::usage)? {
        match Ledger::reopened(schema, &path) {
            Ok((ledger, header)) => places.push(journalled(schema, flags, &path, ledger, &header).await?),
            Err(error @ JournalError::InUse { .. }) => places.push(Place {
                source: path.display().to_string(),
                about: String::new(),
                things: Vec::new(),
                troubles: vec![error.to_string()],
                deleted: 0,
            }),
            Err(error) => return Err(SessionError::usage(error)),
        }
    }
    if let (Some(endpoint), Some(instance)) = (&flags.endpoint, &flags.instance_id) {
        places.push(marked(schema, flags, endpoint, instance).await?);
    }
    show(&places, flags)
}

/// What one journal names.
async fn journalled(
    schema: &'static Schema,
    flags: &SweepFlags,
    path: &Path,
    ledger: Ledger,
    header: &Header,
) -> Result<Place, SessionError> {
    let target = TargetFlags {
        endpoint: header.endpoint.clone(),
        instance_id: header.instance_id.clone(),
        region: Some(flags.region.clone().unwrap_or_else(|| header.region.clone())),
        profile: flags.profile.clone(),
        as_remote: header.as_remote,
    };
    let began = report::utc(SystemTime::UNIX_EPOCH + Duration::from_secs(header.began)).unwrap_or_default();
    let about = format!("run {} of {began}, {}", header.run, header.endpoint);
    let client = client(schema, flags, &target, ledger, (&header.run, header.account.as_deref())).await?;
    work_off(&client, path.display().to_string(), about, Vec::new(), flags.delete).await
}

/// What bears the mark of a run of ours in an instance.
async fn marked(
    schema: &'static Schema,
    flags: &SweepFlags,
    endpoint: &str,
    instance: &str,
) -> Result<Place, SessionError> {
    let target = TargetFlags {
        endpoint: endpoint.to_owned(),
        instance_id: Some(instance.to_owned()),
        region: flags.region.clone(),
        profile: flags.profile.clone(),
        as_remote: flags.as_remote,
    };
    let client =
        client(schema, flags, &target, Ledger::new(schema, Some(instance)), ("", flags.account.as_deref())).await?;
    if flags.delete && !client.target.loopback && flags.account.is_none() {
        return Err(SessionError::usage(format!(
            "{} is not on this machine: to delete there, name the account with --account ID; it is looked up first",
            client.target.endpoint
        )));
    }
    let before = seconds(SystemTime::now()).saturating_sub(u64::from(flags.older_than) * 3600);
    // Nothing is older than now, unless every age will do.
    let before = if flags.older_than == 0 { u64::MAX } else { before };
    let troubles = match client.transport().ledger() {
        Some(ledger) => tidy::adopt_marked(&client, ledger, instance, before).await,
        None => Vec::new(),
    };
    let age =
        if flags.older_than == 0 { "of any age".to_owned() } else { format!("older than {} h", flags.older_than) };
    work_off(&client, format!("instance {instance}"), format!("runs {age}, {endpoint}"), troubles, flags.delete).await
}

async fn work_off(
    client: &Client,
    source: String,
    about: String,
    troubles: Vec<String>,
    delete: bool,
) -> Result<Place, SessionError> {
    let mut place = Place { source, about, things: Vec::new(), troubles, deleted: 0 };
    let Some(ledger) = client.transport().ledger() else { return Ok(place) };
    let there = tidy::survey(client, ledger).await;
    if delete {
        place.things = client.tidy(|_| true).await;
        place.deleted = there.len().saturating_sub(place.things.len());
    } else {
        place.things = there;
    }
    ledger.close();
    Ok(place)
}

async fn client(
    schema: &'static Schema,
    flags: &SweepFlags,
    target: &TargetFlags,
    ledger: Ledger,
    (run, account): (&str, Option<&str>),
) -> Result<Client, SessionError> {
    let target = Target::resolve(target, &schema.service).await.map_err(SessionError::usage)?;
    let pace = pace(&PaceFlags { rps: flags.rps, ..PaceFlags::default() }, target.loopback);
    let bounds =
        TransportConfig { timeout: flags.timeout, pace, ledger: Some(Arc::new(ledger)), ..TransportConfig::default() };
    let transport = Transport::new(&target, &schema.service.signing_name, bounds).map_err(SessionError::usage)?;
    transport.probe().await.map_err(SessionError::usage)?;
    let permission = Permission { loopback: target.loopback, writes: true, ..Permission::default() };
    let config = ClientConfig { salt: run.to_owned(), permission, ..ClientConfig::default() };
    let client = Client::new(schema, target, Arc::new(transport), config);
    is_in_account(&client, account).await?;
    Ok(client)
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
        let many = |count: usize| format!("{count} thing{}", if count == 1 { "" } else { "s" });
        text += &match (flags.delete, things) {
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
