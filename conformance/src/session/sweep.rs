//! The command `sweep`: lists resources that earlier runs left on real accounts, and deletes them on demand. Touches only
//! resources in a journal, and resources with both the name and the tag of a run.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use connect_checks::cleanup::{self, Cleanup, Leftover};
use connect_checks::client::Client;
use connect_checks::ledger::journal::seconds;
use connect_checks::ledger::journal::{self, Header};
use connect_checks::ledger::{Gates, Ledger};
use connect_checks::permission::Permission;
use connect_model::files::Use;
use connect_model::schema::Schema;
use connect_model::text::visible_path;
use connect_transport::endpoint::{Endpoint, without_secrets};
use connect_transport::target::Target;
use serde_json::json;

use crate::exit::Exit;
use crate::report::output::{Format, print_as};
use crate::report::quote::shell;
use crate::report::text::{count, printable, utc};
use crate::session::config::{EndpointConfig, RequestLimits, RunConfig, RunContext};
use crate::session::error::SessionError;
use crate::session::target::{connect, real_account};
use crate::session::ticker::with_progress;

/// The configuration of a sweep.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    /// The folder of the journals, and overrides for region and profile. With a URL, an instance to search as well.
    pub endpoint: EndpointConfig,
    /// Requests per second; `None` for the default, which depends on the endpoint.
    pub rps: Option<f64>,
    /// Time for one request.
    pub timeout: Duration,
    /// True to delete, false to list.
    pub delete: bool,
    /// Hours after which a run without a journal counts as dead.
    pub older_than: u32,
    /// Format on stdout.
    pub format: Format,
}

/// The resources of one journal or instance.
struct Source {
    /// Path of the journal, or the instance.
    name: String,
    /// Run and endpoint.
    about: String,
    /// Resources that exist, or still exist.
    resources: Vec<Leftover>,
    /// Parts that could not be searched, each with the reason.
    problems: Vec<String>,
    /// Number of deleted resources.
    deleted: usize,
}

/// Goes through the journals, and through an instance if one is given. An error with one of them does not affect the
/// others.
///
/// # Errors
/// A folder cannot be read, or the configuration is contradictory.
pub async fn sweep(schema: &'static Schema, config: &SweepConfig) -> Result<Exit, SessionError> {
    let folder = &config.endpoint.journal;
    // Without `--endpoint`, a sweep of nothing would look like a clean account.
    let may_be_absent = config.endpoint.url.is_some() || *folder == EndpointConfig::default().journal;
    if !folder.is_dir() && (folder.exists() || !may_be_absent) {
        let state = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(SessionError::usage(format!(
            "--journal: {} {state}; name the folder that the runs had as --journal",
            folder.display()
        )));
    }
    let mut sources = Vec::new();
    let mut run_ids = HashSet::new();
    for path in journal::all(folder).map_err(SessionError::usage)? {
        run_ids.extend(journal::run_of(&path).map(str::to_owned));
        // Listing changes nothing on the disk.
        let usage = if config.delete { Use::Append } else { Use::Read };
        let (about, result) = match Ledger::reopened(schema, &path, usage) {
            Ok((ledger, header)) => (about(&header), journal_source(schema, config, &path, ledger, &header).await),
            Err(error) => (String::new(), Err(SessionError::usage(error))),
        };
        sources.push(result.unwrap_or_else(|error| Source::unreadable(visible_path(&path), about, &error)));
    }
    if let (Some(url), Some(instance)) = (&config.endpoint.url, &config.endpoint.instance_id) {
        sources.push(instance_source(schema, config, url, instance, &run_ids).await?);
    }
    show(&sources, config)
}

impl Source {
    /// A source that could not be searched.
    fn unreadable(name: String, about: String, why: &SessionError) -> Self {
        Self { name, about, resources: Vec::new(), problems: vec![why.to_string()], deleted: 0 }
    }
}

/// Run and endpoint of a journal.
fn about(header: &Header) -> String {
    let began = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(header.began)).and_then(utc);
    let began = began.unwrap_or_else(|| "an unknown time".to_owned());
    format!("run {} of {began}, {}", header.run, without_secrets(&header.endpoint))
}

/// The resources in a journal.
async fn journal_source(
    schema: &'static Schema,
    config: &SweepConfig,
    path: &Path,
    ledger: Ledger,
    header: &Header,
) -> Result<Source, SessionError> {
    let gates = Gates {
        permission: permission(config),
        instance: config.endpoint.instance_id.clone(),
        account: config.endpoint.account.clone(),
    };
    gates.admit(schema, header).map_err(SessionError::usage)?;
    admit_endpoint(schema, header, config.endpoint.url.as_deref())?;
    ledger.restrict(&gates);
    let endpoint = EndpointConfig {
        url: Some(header.endpoint.clone()),
        instance_id: header.instance_id.clone(),
        region: Some(config.endpoint.region.clone().unwrap_or_else(|| header.region.clone())),
        account: header.account.clone(),
        // Runs on this machine have no journal: this one is of a real account, whatever its header says.
        as_remote: true,
        ..config.endpoint.clone()
    };
    let ledger = Arc::new(ledger);
    let client = client(schema, config, endpoint, &header.endpoint, &ledger, &header.run).await?;
    Ok(list_or_delete(&client, &ledger, visible_path(path), about(header), Vec::new(), config.delete).await)
}

/// Checks that a journal does not lead to an endpoint that the user did not choose: requests there are signed.
///
/// # Errors
/// The endpoint is neither on this machine, nor that of the service at AWS, nor the one that the user named.
fn admit_endpoint(schema: &Schema, header: &Header, given: Option<&str>) -> Result<(), SessionError> {
    let endpoint: Endpoint = header.endpoint.parse().map_err(SessionError::usage)?;
    let is_given = given.and_then(|url| url.parse::<Endpoint>().ok()).is_some_and(|given| given == endpoint);
    if endpoint.is_loopback() || is_given || endpoint.is_of_service(&schema.service.endpoint_prefix) {
        return Ok(());
    }
    Err(SessionError::usage(format!(
        "its run was at {endpoint}, and a journal does not choose who gets signed requests; if that is the right endpoint, \
         name it: --endpoint {}",
        shell(&endpoint.to_string())
    )))
}

/// The resources in an instance that have the name and the tag of a run without a journal.
async fn instance_source(
    schema: &'static Schema,
    config: &SweepConfig,
    url: &str,
    instance: &str,
    with_journal: &HashSet<String>,
) -> Result<Source, SessionError> {
    let ledger = Arc::new(Ledger::new(schema, Some(instance)));
    let client = client(schema, config, config.endpoint.clone(), url, &ledger, "").await?;
    if config.delete && !client.target.loopback && config.endpoint.account.is_none() {
        return Err(SessionError::usage(format!(
            "{}: to delete there, name the account with --account ID; it is checked first",
            real_account(&client.target)
        )));
    }
    // Age 0 includes runs that start now.
    let (before, age) = match config.older_than {
        0 => (u64::MAX, "of any age".to_owned()),
        hours => (seconds(SystemTime::now()).saturating_sub(u64::from(hours) * 3600), format!("older than {hours} h")),
    };
    let (name, about) = (format!("instance {instance}"), format!("runs {age}, {url}"));
    let search = cleanup::adopt_tagged(&client, &ledger, instance, before, with_journal);
    let found = || count(ledger.open(|_| true).len() as u64, "resource");
    let line = || format!("{name}: {} found, {}", found(), count(client.requests_sent(), "request"));
    let problems = with_progress(line, search).await;
    Ok(list_or_delete(&client, &ledger, name, about, problems, config.delete).await)
}

async fn list_or_delete(
    client: &Client,
    ledger: &Ledger,
    name: String,
    about: String,
    problems: Vec<String>,
    delete: bool,
) -> Source {
    let open = || ledger.open(|_| true).len();
    let all = open();
    let line = || {
        let requests = count(client.requests_sent(), "request");
        match (delete, count(all as u64, "resource")) {
            (true, all_of_them) => {
                format!("{name}: {} of {all_of_them} deleted, {requests}", all.saturating_sub(open()))
            }
            (false, all_of_them) => format!("{name}: {all_of_them}, {requests}"),
        }
    };
    let work = async {
        if delete {
            return cleanup::clean_up_all(client, ledger).await;
        }
        Cleanup { left: cleanup::survey(client, ledger).await, deleted: 0 }
    };
    let tidied = with_progress(line, work).await;
    ledger.close();
    Source { name, about, resources: tidied.left, problems, deleted: tidied.deleted }
}

async fn client(
    schema: &'static Schema,
    config: &SweepConfig,
    endpoint: EndpointConfig,
    url: &str,
    ledger: &Arc<Ledger>,
    run_id: &str,
) -> Result<Client, SessionError> {
    let target = Target::resolve(&endpoint.target_flags(url), &schema.service).await.map_err(SessionError::usage)?;
    let (loopback, account) = (target.loopback, endpoint.account.clone());
    let limits = RequestLimits { rps: config.rps, ..RequestLimits::default() };
    let context = RunContext { seed: 0, run_id: run_id.to_owned(), loopback, ledger: Some(Arc::clone(ledger)) };
    let permission = Permission { loopback, ..permission(config) };
    let config = RunConfig { endpoint, limits, timeout: Some(config.timeout), ..RunConfig::default() };
    let (transport, client) = (config.transport(&context), config.client(context, permission));
    connect(schema, target, &schema.service.signing_name, transport, client, account.as_deref()).await
}

/// The operations that a sweep may send: deletions of what is created by a plain write, and those that the user named.
fn permission(config: &SweepConfig) -> Permission {
    let operations = config.endpoint.allow_operation.iter().cloned().collect();
    Permission { loopback: false, writes: true, operations }
}

fn show(sources: &[Source], config: &SweepConfig) -> Result<Exit, SessionError> {
    let text = match config.format {
        Format::Json => sources.iter().map(|source| json_line(source) + "\n").collect(),
        Format::Text => text(sources, config.delete),
    };
    print_as(config.format, &text).map_err(SessionError::usage)?;
    let has_resources = sources.iter().any(|source| !source.resources.is_empty());
    let has_problems = sources.iter().any(|source| !source.problems.is_empty());
    Ok(match (has_resources, has_problems) {
        (false, false) => Exit::Conforming,
        (false, true) => Exit::Incomplete,
        (true, _) => Exit::Leaked,
    })
}

fn json_line(source: &Source) -> String {
    let things: Vec<_> = source.resources.iter().map(|left| json!({ "what": left.what, "why": left.why })).collect();
    let line = json!({
        "source": source.name, "about": source.about, "things": things, "troubles": source.problems,
        "deleted": source.deleted,
    });
    line.to_string()
}

fn text(sources: &[Source], delete: bool) -> String {
    let mut text = String::new();
    for source in sources {
        let about = if source.about.is_empty() { String::new() } else { format!(": {}", source.about) };
        text += &format!("{}{}\n", source.name, printable(&about, 300));
        for left in &source.resources {
            text += &format!("  {}\n", printable(&left.to_string(), 400));
        }
        for problem in &source.problems {
            text += &format!("  not searched: {}\n", printable(problem, 400));
        }
    }
    let left: usize = sources.iter().map(|source| source.resources.len()).sum();
    let deleted: usize = sources.iter().map(|source| source.deleted).sum();
    let is_complete = sources.iter().all(|source| source.problems.is_empty());
    let resources = |n: usize| count(n as u64, "resource");
    text + &match (delete, left) {
        (_, 0) if !is_complete => format!("{} deleted; not everything was searched\n", resources(deleted)),
        (true, 0) => format!("{} deleted, none left\n", resources(deleted)),
        (true, left) => format!("{} deleted, {left} left\n", resources(deleted)),
        (false, 0) => "no resources of earlier runs\n".to_owned(),
        (false, left) => format!("{} of earlier runs; nothing was deleted, --delete deletes them\n", resources(left)),
    }
}
