//! The command line: reads flags, runs the command, and returns its exit code. Decides nothing itself.

pub mod config;
mod config_file;
mod explain;
pub mod flags;
mod history;
mod list;
mod parse;
mod replay;

use std::path::Path;
use std::process::ExitCode;

use connect_emulator::Config;
use connect_model::pattern::limit_work;
use connect_model::schema::Schema;
use serde_json::Value;
use tokio::runtime::Runtime;

use self::config::emulator_config;
use self::config_file::ConfigFile;
use self::flags::{Cli, Color, Command, EmulatorFlags, RunFlags};
use self::parse::{ParseError, definition, parse};
use crate::built_in;
use crate::exit::Exit;
use crate::report::output::{Format, print, print_as, print_program, say};
use crate::selftest;
use crate::session::Session;
use crate::session::config::{OutputConfig, RunConfig};
use crate::session::error::SessionError;
use crate::session::{forecast, publish, record, signals, sweep};

/// Runs the program.
pub fn main() -> ExitCode {
    let announce = |file: Option<ConfigFile>| {
        if let Some(file) = file {
            say(&file.describe());
        }
    };
    let cli = match parse(std::env::args_os().collect()) {
        Ok((cli, file)) => {
            announce(file);
            cli
        }
        Err(ParseError::Words(error, file)) => {
            announce(file.filter(|_| error.use_stderr()));
            // Also help and version. A closed pipe is no error.
            if error.use_stderr() {
                say(error.render().to_string().trim_end());
            } else {
                let _ = error.print();
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
        Err(ParseError::File(error)) => return failed(&error).into(),
    };
    color(cli.color).write_global();
    dispatch(cli).unwrap_or_else(|error| failed(&error)).into()
}

/// The choice of the printer.
fn color(color: Color) -> anstream::ColorChoice {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
}

/// Prints an error.
fn failed(error: &SessionError) -> Exit {
    say(&format!("error: {error}"));
    error.exit()
}

fn dispatch(cli: Cli) -> Result<Exit, SessionError> {
    match cli.command {
        None => run(&cli.run, None),
        Some(Command::Run { filter, flags }) => run(&flags, filter),
        Some(Command::Plan { filter, flags }) => {
            let schema = schema(flags.model.model.as_deref())?;
            runtime()?.block_on(forecast::plan(schema, &RunConfig::from_flags(&flags, filter)))
        }
        Some(Command::Record { folder, flags }) => {
            let schema = schema(flags.model.model.as_deref())?;
            runtime()?.block_on(record::record(schema, &folder, &flags.config()))
        }
        Some(Command::Emulate { port, seed, emulator, front, model }) => {
            let config = Config { port, seed, ..emulator_config(&front)? };
            emulate(config, &emulator, model.model.as_deref())
        }
        Some(Command::List { filter, selection, model, format }) => {
            list::list(selection.config(filter), schema(model.model.as_deref())?, format.format)
        }
        Some(Command::Checks { format }) => list::checks(format.format),
        Some(Command::Defects { format }) => list::defects(format.format),
        Some(Command::Benign { format }) => list::benign(format.format),
        Some(Command::Selftest { pairs: Some(count), sample, seed, close, jobs, format, .. }) => {
            selftest_pairs(&selftest::sample(count, seed, close), sample, usize::from(jobs), format.format)
        }
        Some(Command::Selftest { only, sample, jobs, format, .. }) if only.iter().any(|id| id.contains('+')) => {
            selftest_pairs(&selftest::named_pairs(&only)?, sample, usize::from(jobs), format.format)
        }
        Some(Command::Selftest { only, sample, seed, shard, jobs, format, .. }) => {
            let trials = selftest::trials(selftest::part_of(selftest::subjects(&only)?, shard), sample, seed);
            selftest(&trials, usize::from(jobs), format.format)
        }
        Some(Command::Explain { name, format }) => explain::explain(&name, format.format),
        Some(Command::Merge { reports, report_dir, output, detail, format }) => {
            let output = OutputConfig { detail: detail.config(), format: format.format, ..output.config() };
            publish::merge_reports(&reports, &report_dir, &output)
        }
        Some(Command::Sweep(flags)) => {
            let schema = schema(flags.model.model.as_deref())?;
            runtime()?.block_on(sweep::sweep(schema, &flags.config()))
        }
        Some(Command::History(flags)) => history::history(&flags),
        Some(Command::Replay(flags)) => replay::replay(&flags),
        Some(Command::Completions { shell }) => {
            let mut text = Vec::new();
            let mut definition = definition();
            let name = definition.get_name().to_owned();
            clap_complete::generate(shell, &mut definition, name, &mut text);
            print_program(&String::from_utf8_lossy(&text)).map_err(SessionError::usage)?;
            Ok(Exit::Conforming)
        }
    }
}

fn run(flags: &RunFlags, filter: Option<String>) -> Result<Exit, SessionError> {
    let schema = schema(flags.model.model.as_deref())?;
    let runtime = runtime()?;
    let session = runtime.block_on(Session::prepare(schema, &RunConfig::from_flags(flags, filter)))?;
    session.execute(&runtime)
}

fn emulate(config: Config, flags: &EmulatorFlags, model: Option<&Path>) -> Result<Exit, SessionError> {
    let schema = schema(model)?;
    let (account, region) = (config.account.clone(), config.region.clone());
    runtime()?.block_on(async {
        let emulator = built_in::start_with(schema, &flags.config(), config).await.map_err(SessionError::usage)?;
        // The first line is for scripts, which read the port from it.
        let (url, instance) = (emulator.url(), emulator.service().instance_name());
        let (made_up, all) = (emulator.service().synthesized(), schema.operations().count());
        let made_up = match made_up.as_slice() {
            [] => String::new(),
            names => {
                format!("made up   {} of {all} operations answer without state: {}\n", names.len(), names.join(", "))
            }
        };
        print(&format!(
            "listening on {url}\n\
             instance  {instance}\n\
             account   {account}\n\
             region    {region}\n\
             try       aws connect list-instances --endpoint-url {url} --region {region}\n\
             \x20         cargo conformance run --endpoint {url} --instance-id {instance}\n\
             {made_up}\
             Ctrl-C ends it.\n"
        ))
        .map_err(SessionError::usage)?;
        signals::interrupted().await.map_err(SessionError::usage)?;
        Ok(Exit::Conforming)
    })
}

fn selftest(
    trials: &[(selftest::Subject, selftest::Breadth)],
    jobs: usize,
    format: Format,
) -> Result<Exit, SessionError> {
    let text = format == Format::Text;
    let matrix = runtime()?.block_on(selftest::run(trials, jobs, |row| {
        if text {
            // An error of stdout is returned by the last print.
            let _ = print(&selftest::line(row));
        }
    }))?;
    print_as(format, &if text { matrix.summary() } else { matrix.to_json() }).map_err(SessionError::usage)?;
    Ok(if matrix.holds() { Exit::Conforming } else { Exit::Findings })
}

fn selftest_pairs(
    pairs: &[selftest::Pair],
    whole: Option<u32>,
    jobs: usize,
    format: Format,
) -> Result<Exit, SessionError> {
    let text = format == Format::Text;
    let tried = runtime()?.block_on(selftest::run_pairs(pairs, whole, jobs, |row| {
        if text {
            // An error of stdout is returned by the last print.
            let _ = print(&selftest::pair_line(row));
        }
    }))?;
    print_as(format, &if text { tried.summary() } else { tried.to_json() }).map_err(SessionError::usage)?;
    Ok(if tried.holds() { Exit::Conforming } else { Exit::Findings })
}

/// The model in a file, or the built-in one.
fn schema(model: Option<&Path>) -> Result<&'static Schema, SessionError> {
    match model {
        None => Ok(Schema::connect()),
        // Leaked on purpose: it is used until the process ends.
        Some(path) => {
            limit_work();
            Ok(Box::leak(Box::new(Schema::load(path).map_err(SessionError::usage)?)))
        }
    }
}

fn runtime() -> Result<Runtime, SessionError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(SessionError::usage)?;
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = runtime.enter();
        // A file beyond the limit of the shell is an error of its write, not the end of a process that has things to delete.
        // Without the handler, that is as before.
        let _ = signal(SignalKind::from_raw(libc::SIGXFSZ));
    }
    Ok(runtime)
}

/// Prints one line for each item.
fn print_lines<T>(
    items: &[T],
    format: Format,
    text: impl Fn(&T) -> String,
    json: impl Fn(&T) -> Value,
) -> Result<Exit, SessionError> {
    let line = |item: &T| match format {
        Format::Text => text(item) + "\n",
        Format::Json => json(item).to_string() + "\n",
    };
    print_all(format, &items.iter().map(line).collect::<String>())
}

/// Prints a text that is the whole result of a command.
fn print_all(format: Format, text: &str) -> Result<Exit, SessionError> {
    print_as(format, text).map_err(SessionError::usage)?;
    Ok(Exit::Conforming)
}
