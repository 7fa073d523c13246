//! The command `record`: asks an endpoint and writes its normalised answers into a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::SystemTime;

use connect_checks::client::Client;
use connect_checks::golden::{self, Asked, Entry};
use connect_checks::permission::Permission;
use connect_model::schema::Schema;

use crate::event::TargetInfo;
use crate::exit::Exit;
use crate::report::output::print;
use crate::report::text::{count, printable, utc};
use crate::session::config::RunConfig;
use crate::session::error::SessionError;
use crate::session::inputs::may_be_folder;
use crate::session::selection::matching_operations;
use crate::session::signals::unless_interrupted;
use crate::session::target::{RunTarget, connect};

/// Seed of the requests, unless the configuration has one.
const DEFAULT_SEED: u64 = 1;

/// The answers of an endpoint.
#[derive(Default)]
struct Answers {
    entries: BTreeMap<String, Entry>,
    /// Number of operations that the endpoint does not offer.
    unsupported: usize,
    /// Operations without an answer, each with the reason.
    problems: Vec<String>,
    /// Operations that were not asked, each with the reason.
    not_asked: Vec<String>,
    /// Reason to write nothing.
    aborted: Option<String>,
}

/// Records the answers of an endpoint into `folder`. Writes nothing if an answer contains a secret.
///
/// # Errors
/// Wrong configuration, an endpoint that does not respond, a secret in an answer, or an unwritable folder.
pub async fn record(schema: &'static Schema, folder: &Path, config: &RunConfig) -> Result<Exit, SessionError> {
    let endpoint = &config.endpoint;
    let seed = config.seed.unwrap_or(DEFAULT_SEED);
    may_be_folder(None, folder)?;
    let operations = matching_operations(schema, &config.selection.operations)?;
    // Before anything is sent.
    for (_, operation) in schema.operations() {
        if operations.is_empty() || operations.contains(&operation.name) {
            golden::read_one(folder, &operation.name).map_err(SessionError::usage)?;
        }
    }
    let mut target = RunTarget::resolve(schema, endpoint, &config.emulator, seed).await?;
    target.open_ledger(schema, endpoint)?;
    let RunTarget { target, emulator: _emulator, info, permission, context } = target;
    let (transport, client) = (config.transport(&context), config.client(context, permission.clone()));
    let account = endpoint.account.as_deref();
    let client = connect(schema, target, &schema.service.signing_name, transport, client, account).await?;
    let answers = ask(&client, &permission, &operations, folder, &provenance(schema, &info), seed).await;
    let accepted = client.requests_accepted();
    let leaks = client.clear().await;
    if let Some(why) = &answers.aborted {
        return Err(SessionError::Usage(format!("{why}; nothing was written")).leaving(&leaks));
    }
    let written =
        golden::write_all(folder, &answers.entries).map_err(|error| SessionError::usage(error).leaving(&leaks))?;
    print(&summary(&answers, folder, written, &leaks)).map_err(SessionError::usage)?;
    if !leaks.is_empty() {
        return Ok(Exit::Leaked);
    }
    if accepted == 0 && !answers.entries.is_empty() {
        print(
            "the endpoint accepted no request: the answers are errors only, and a comparison with them proves little\n",
        )
        .map_err(SessionError::usage)?;
        return Ok(Exit::Incomplete);
    }
    let is_complete = !answers.entries.is_empty() && answers.problems.is_empty();
    Ok(if is_complete { Exit::Conforming } else { Exit::Incomplete })
}

/// The first line of every file: date, endpoint, region and model.
fn provenance(schema: &Schema, info: &TargetInfo) -> String {
    let time = utc(SystemTime::now()).unwrap_or_default();
    let day = time.split('T').next().unwrap_or_default();
    let endpoint = if info.emulator.is_some() { "the built-in emulator".to_owned() } else { info.endpoint.to_string() };
    golden::provenance(schema, day, &endpoint, info.region.as_str())
}

/// Asks for the answers to `operations`, or to all of them if there are none.
async fn ask(
    client: &Client,
    permission: &Permission,
    operations: &BTreeSet<String>,
    folder: &Path,
    provenance: &str,
    seed: u64,
) -> Answers {
    let schema = client.schema;
    let mut answers = Answers::default();
    for (id, operation) in schema.operations() {
        if !operations.is_empty() && !operations.contains(&operation.name) {
            continue;
        }
        let refused = operation.refused.as_ref().map(|why| format!("{}: {why}", operation.name));
        if let Some(why) = refused.or_else(|| permission.check(schema, operation).err()) {
            answers.not_asked.push(why);
            continue;
        }
        let Some(asked) = unless_interrupted(golden::ask(client, id)).await else {
            answers.aborted = Some("interrupted".to_owned());
            break;
        };
        match asked {
            Asked::Answers(exchanges) => {
                let entry = Entry { provenance: provenance.to_owned(), seed, exchanges };
                answers.entries.insert(operation.name.clone(), entry);
            }
            Asked::Unsupported(why) => {
                answers.unsupported += 1;
                if golden::file_of(folder, &operation.name).exists() {
                    let problem = format!("{} is no longer supported ({why}); delete its file", operation.name);
                    answers.problems.push(problem);
                }
            }
            Asked::Trouble(why) => answers.problems.push(format!("{}: {why}", operation.name)),
            Asked::Secret(why) => {
                answers.aborted = Some(format!("{}: {why}", operation.name));
                break;
            }
        }
    }
    answers
}

fn summary(answers: &Answers, folder: &Path, written: usize, leaks: &[String]) -> String {
    let exchanges: usize = answers.entries.values().map(|entry| entry.exchanges.len()).sum();
    let mut text = format!(
        "{} of {} in {}; {} new or changed, {} unsupported\n",
        count(exchanges as u64, "answer"),
        count(answers.entries.len() as u64, "operation"),
        folder.display(),
        count(written as u64, "file"),
        count(answers.unsupported as u64, "operation"),
    );
    if let Some(first) = answers.not_asked.first() {
        let asked = count(answers.not_asked.len() as u64, "operation");
        text.push_str(&format!("{asked} not asked, for example {first}\n"));
    }
    for problem in &answers.problems {
        text.push_str(&format!("not recorded: {}\n", printable(problem, 300)));
    }
    for leak in leaks {
        text.push_str(&format!("leaked: {}\n", printable(leak, 300)));
    }
    text
}
