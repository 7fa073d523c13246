//! The configuration file of `run` and `plan`: its entries as words of the command line. Knows no flag by name, except the
//! one that names the file, and those that a file nobody named may not set: it may come with a checkout of others.

use std::any::TypeId;
use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use connect_model::files;
use connect_model::text::toml_problem;
use connect_transport::endpoint::Endpoint;
use connect_transport::target::AWS;
use toml::{Table, Value};

use crate::session::error::SessionError;
use crate::suggest;

/// The file that is read without `--config`.
const DEFAULT: &str = "conformance.toml";

/// Bytes of the file.
const LARGEST: u64 = 1 << 20;

/// Id of the flag `--config`.
const FLAG: &str = "config";

/// Keys that permit something, or bring the results of another run. Only the command line, or a file that it names, may have
/// them.
const PERMISSIONS: [&str; 4] = ["allow-writes", "allow-operation", "force", "resume"];

/// The key of the endpoint.
const ENDPOINT: &str = "endpoint";

/// Keys that decide who gets requests, in whose name they are signed, and what they reach. For an endpoint on another machine,
/// or one that stands for a real account, only the command line, or a file that it names, may have them.
const TARGET: [&str; 6] = [ENDPOINT, "instance-id", "account", "region", "model", "known"];

/// Keys that can make a run send faster, or look for what it lost for a shorter time. For such an endpoint, only the command
/// line, or a file that it names, may have them.
const PACE: [&str; 4] = ["rps", "burst", "jobs", "settle"];

/// Keys with a place that is written to. In a file that nobody named, the place is below the folder of the file.
const WRITTEN: [&str; 5] = ["report-dir", "journal", "walk-regressions", "write-expect", "write-learned"];

/// The key that treats an endpoint on this machine as a real account.
const AS_REMOTE: &str = "as-remote";

/// The key that chooses the keys that requests are signed with. Wherever they go, only the command line, or a file that it
/// names, may have it.
const PROFILE: &str = "profile";

/// The commands with a configuration file.
const COMMANDS: [&str; 2] = ["run", "plan"];

/// A configuration file, as words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfigFile {
    /// Its path.
    pub(super) path: PathBuf,
    /// Position of its words in those of the command line.
    pub(super) position: usize,
    /// Its words.
    pub(super) words: Vec<OsString>,
    /// Keys that the command line replaces.
    replaced: Vec<String>,
    /// Keys that are used.
    used: Vec<String>,
}

impl ConfigFile {
    /// The file in a line for the user.
    pub(super) fn describe(&self) -> String {
        let used = if self.used.is_empty() { "nothing".to_owned() } else { self.used.join(", ") };
        let replaced = match self.replaced.as_slice() {
            [] => String::new(),
            keys => format!("; not used because of the command line: {}", keys.join(", ")),
        };
        format!("configuration from {}: {used}{replaced}", self.path.display())
    }
}

/// An entry of a file.
struct Entry<'c> {
    key: String,
    arg: &'c Arg,
    words: Vec<OsString>,
}

impl Entry<'_> {
    /// The value of an option that has one.
    fn value(&self) -> Option<&str> {
        self.words.first()?.to_str()?.split_once('=').map(|(_, value)| value)
    }
}

/// Reads the file that the command line names, or the default one. None if there is no file, or the command has none.
///
/// # Errors
/// The file cannot be read, has an unknown key or a wrong value, or nobody named it and it has a key that needs that.
pub(super) fn read(command: &Command, words: &[OsString]) -> Result<Option<ConfigFile>, SessionError> {
    // Errors of the command line are reported when it is parsed for good.
    let lenient = command.clone().ignore_errors(true);
    let Ok(matches) = lenient.try_get_matches_from(words) else { return Ok(None) };
    let (scope, matches, position) = match matches.subcommand() {
        None => (command, &matches, 1),
        Some((name, matches)) if COMMANDS.contains(&name) => {
            let Some(subcommand) = command.find_subcommand(name) else { return Ok(None) };
            (subcommand, matches, 2)
        }
        Some(_) => return Ok(None),
    };
    let named = matches.try_get_one::<PathBuf>(FLAG).ok().flatten().cloned();
    let is_named = named.is_some();
    let Some(path) = named.or_else(|| Some(PathBuf::from(DEFAULT)).filter(|path| path.exists())) else {
        return Ok(None);
    };
    if !is_named && path.is_symlink() {
        let why = format!("{DEFAULT} is a link, and nobody named it; give it with --config {DEFAULT} if it is yours");
        return Err(SessionError::usage(why));
    }
    let text = files::read_text(&path, LARGEST)
        .map_err(|error| SessionError::usage(format!("--config: cannot read {}: {error}", path.display())))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        SessionError::usage(format!("{}: not TOML: {}", path.display(), toml_problem(&text, &error)))
    })?;
    let wrong = |why: String| SessionError::usage(format!("{}: {why}", path.display()));
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut entries = Vec::new();
    for (key, value) in table {
        let arg = option(scope, command, &key).map_err(&wrong)?;
        let words = words_of(arg, &key, &value, folder).map_err(&wrong)?;
        valid(command, words_before(words_of_scope(scope, command), &words), &key).map_err(&wrong)?;
        entries.push(Entry { key, arg, words });
    }
    let (used, replaced) = unless_replaced(scope, matches, entries);
    if !is_named {
        let given = matches.try_get_one::<String>(ENDPOINT).ok().flatten().map(String::as_str);
        let as_remote = matches.try_get_one::<bool>("as_remote").ok().flatten().is_some_and(|on| *on);
        for_this_machine(&used, given, as_remote).map_err(&wrong)?;
        below_its_folder(&used).map_err(wrong)?;
    }
    let keys = used.iter().map(|entry| entry.key.clone()).collect();
    let words = used.into_iter().flat_map(|entry| entry.words).collect();
    Ok(Some(ConfigFile { path, position, words, replaced, used: keys }))
}

/// The program and, unless it is the default command, the command.
fn words_of_scope(scope: &Command, program: &Command) -> Vec<OsString> {
    let mut words = vec![OsString::from(program.get_name())];
    if scope.get_name() != program.get_name() {
        words.push(scope.get_name().into());
    }
    words
}

fn words_before(mut start: Vec<OsString>, words: &[OsString]) -> Vec<OsString> {
    start.extend(words.iter().cloned());
    start
}

/// The entries that the command line leaves in force, and the keys of the others. It replaces an entry by the same flag, or
/// by one that contradicts it.
fn unless_replaced<'c>(
    scope: &Command,
    matches: &ArgMatches,
    entries: Vec<Entry<'c>>,
) -> (Vec<Entry<'c>>, Vec<String>) {
    let given = |arg: &Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let conflicts = |one: &Arg, other: &Arg| {
        scope.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id())
            || scope.get_arg_conflicts_with(other).iter().any(|arg| arg.get_id() == one.get_id())
    };
    let is_replaced = |entry: &Entry<'_>| {
        given(entry.arg) || scope.get_arguments().any(|arg| given(arg) && conflicts(entry.arg, arg))
    };
    let (replaced, used): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_replaced);
    (used, replaced.into_iter().map(|entry| entry.key).collect())
}

/// Checks that a file that nobody named permits nothing, and chooses nothing about an endpoint on another machine. `given` is
/// the endpoint of the command line.
///
/// # Errors
/// The keys that it must not have, and the remedy.
fn for_this_machine(used: &[Entry<'_>], given: Option<&str>, as_remote: bool) -> Result<(), String> {
    let own = used.iter().find(|entry| entry.key == ENDPOINT).and_then(Entry::value);
    let as_remote = as_remote || used.iter().any(|entry| entry.key == AS_REMOTE && !entry.words.is_empty());
    let is_elsewhere = as_remote || given.or(own).is_some_and(is_elsewhere);
    let is_refused = |key: &str| {
        PERMISSIONS.contains(&key) || key == PROFILE || (is_elsewhere && (TARGET.contains(&key) || PACE.contains(&key)))
    };
    let is_set = |entry: &&Entry<'_>| !entry.words.is_empty() && is_refused(&entry.key);
    let refused: Vec<&str> = used.iter().filter(is_set).map(|entry| entry.key.as_str()).collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a file that the command line does not name cannot set {}: it permits nothing, brings no results, and chooses neither \
         keys nor anything about an endpoint on another machine or with --as-remote; if it is yours, name it with --config \
         {DEFAULT}, or give these as flags",
        suggest::quoted(&refused)
    ))
}

/// Checks that a file that nobody named leads to no place outside of its folder, also by a link.
///
/// # Errors
/// The keys that do, and the remedy.
fn below_its_folder(used: &[Entry<'_>]) -> Result<(), String> {
    let is_below = |place: &Path| {
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        place.components().all(is_plain) && !place.ancestors().any(Path::is_symlink)
    };
    let leads_out = |entry: &&Entry<'_>| {
        WRITTEN.contains(&entry.key.as_str()) && entry.value().is_some_and(|place| !is_below(Path::new(place)))
    };
    let outside: Vec<&str> = used.iter().filter(leads_out).map(|entry| entry.key.as_str()).collect();
    if outside.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a file that the command line does not name cannot write outside of its folder, as {} would; if it is yours, name it \
         with --config {DEFAULT}, or give these as flags",
        suggest::quoted(&outside)
    ))
}

/// True for an endpoint that is not on this machine. A text that is no URL is refused later.
fn is_elsewhere(endpoint: &str) -> bool {
    endpoint == AWS || endpoint.parse::<Endpoint>().is_ok_and(|endpoint| !endpoint.is_loopback())
}

/// The option of a command, or of the program for all commands, with this long name.
fn option<'c>(scope: &'c Command, program: &'c Command, key: &str) -> Result<&'c Arg, String> {
    if key == FLAG {
        return Err("a configuration file cannot name another one; leave out `config`".to_owned());
    }
    let global = || program.get_arguments().filter(|arg| arg.is_global_set());
    let options = || scope.get_arguments().chain(global()).filter(|arg| arg.get_id() != FLAG && is_settable(arg));
    if let Some(arg) = options().find(|arg| arg.get_long() == Some(key)) {
        return Ok(arg);
    }
    let similar = key.replace('_', "-");
    Err(match suggest::nearest(&similar, options().filter_map(Arg::get_long)).as_slice() {
        [] => format!("unknown key `{key}`; the keys are the long options of `connect-conformance run --help`"),
        names => format!("unknown key `{key}`; did you mean {}?", suggest::quoted(names)),
    })
}

fn is_settable(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue)
}

/// The words of an entry: `--key` or `--key=value`, several times for a list.
fn words_of(arg: &Arg, key: &str, value: &Value, folder: &Path) -> Result<Vec<OsString>, String> {
    let kind = value.type_str();
    match (arg.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(on)) => Ok(on.then(|| format!("--{key}").into()).into_iter().collect()),
        (ArgAction::SetTrue, _) => Err(format!("`{key}` is true or false, not a value of type {kind}")),
        (ArgAction::Append, Value::Array(items)) => items.iter().map(|item| word(arg, key, item, folder)).collect(),
        _ => Ok(vec![word(arg, key, value, folder)?]),
    }
}

fn word(arg: &Arg, key: &str, value: &Value, folder: &Path) -> Result<OsString, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Array(_) if !matches!(arg.get_action(), ArgAction::Append) => {
            return Err(format!("`{key}` has one value, not a list"));
        }
        other => {
            let list = if matches!(arg.get_action(), ArgAction::Append) { " or a list of texts" } else { "" };
            return Err(format!("`{key}` is a text or a number{list}, not a value of type {}", other.type_str()));
        }
    };
    let mut word = OsString::from(format!("--{key}="));
    if arg.get_value_parser().type_id() == TypeId::of::<PathBuf>() && !text.is_empty() {
        word.push(folder.join(text));
    } else {
        word.push(OsStr::new(&text));
    }
    Ok(word)
}

/// Checks the value of an entry by itself. Whether it agrees with other flags is checked later.
fn valid(command: &Command, words: Vec<OsString>, key: &str) -> Result<(), String> {
    let Err(error) = command.clone().try_get_matches_from(words) else { return Ok(()) };
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return Ok(());
    }
    let why = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(values))) if !values.is_empty() => {
            format!("give one of {}", values.join(", "))
        }
        _ => "it needs a value".to_owned(),
    };
    let given = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    Err(format!("`{key}` has the value `{given}`: {why}"))
}
