//! The command `connect-conformance`: words in, exit code out. Decides nothing itself.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use connect_checks::case::{CaseId, Verdict};
use connect_checks::check;
use connect_checks::check::Check;
use connect_checks::permission::Permission;
use connect_checks::plan::Plan;
use connect_conformance::cli::{Cli, Command, EmulatorFlags, Format, ReplayFlags, RunFlags, SelectionFlags};
use connect_conformance::exit::Exit;
use connect_conformance::replay;
use connect_conformance::replay::CaseFile;
use connect_conformance::report::{print, printable};
use connect_conformance::rerun;
use connect_conformance::rerun::{Rerun, Resent};
use connect_conformance::selftest;
use connect_conformance::session;
use connect_conformance::session::{Session, SessionError};
use connect_conformance::suggest;
use connect_conformance::sweep;
use connect_conformance::wiring;
use connect_emulator::{BENIGN, Config, Defect, defects};
use connect_model::schema::{Schema, Service};
use connect_model::wire::message::{Headers, HttpRequest};
use connect_transport::endpoint::Endpoint;
use connect_transport::exchange::Exchange;
use connect_transport::target::{self, AWS, Target, TargetFlags};
use serde_json::json;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; a reader that has gone away is none either.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    let exit = dispatch(cli).unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "error: {error}");
        error.exit()
    });
    ExitCode::from(exit)
}

fn dispatch(cli: Cli) -> Result<Exit, SessionError> {
    match cli.command {
        None => run(&cli.run, None),
        Some(Command::Run { filter, flags }) => run(&flags, filter.as_deref()),
        Some(Command::Plan { filter, flags }) => {
            let schema = schema(flags.model.model.as_deref())?;
            let seed = flags.seed.unwrap_or_else(session::fresh_seed);
            runtime()?.block_on(session::foresee(schema, &flags, filter.as_deref(), seed))
        }
        Some(Command::Record { folder, flags }) => {
            let schema = schema(flags.model.model.as_deref())?;
            runtime()?.block_on(session::record(schema, &folder, &flags))
        }
        Some(Command::Emulate { port, seed, emulator, front, model }) => {
            let config = Config { port, seed, ..session::emulator_config(&front)? };
            emulate(config, &emulator, model.model.as_deref())
        }
        Some(Command::List { filter, selection, model, format }) => {
            list(filter.as_deref(), &selection, model.model.as_deref(), format.format)
        }
        Some(Command::Checks { format }) => list_checks(format.format),
        Some(Command::Defects { format }) => list_defects(format.format),
        Some(Command::Benign { format }) => list_benign(format.format),
        Some(Command::Selftest { only, jobs, format }) => selftest(&only, usize::from(jobs), format.format),
        Some(Command::Explain { check, format }) => explain(&check, format.format),
        Some(Command::Merge { reports, report_dir, output, notes, format }) => {
            session::merge_reports(&reports, &report_dir, &output, format.format, notes)
        }
        Some(Command::Sweep(flags)) => runtime()?.block_on(sweep::sweep(Schema::connect(), &flags)),
        Some(Command::Replay(flags)) => {
            let file = CaseFile::read(&flags.case).map_err(SessionError::usage)?;
            if flags.curl {
                replay_as(replay::curl, &file, &flags)
            } else if flags.boto3 {
                replay_as(replay::boto3, &file, &flags)
            } else if flags.as_sent {
                send_again(&file, &flags)
            } else {
                replay_anew(&file, &flags)
            }
        }
    }
}

fn run(flags: &RunFlags, filter: Option<&str>) -> Result<Exit, SessionError> {
    let schema = schema(flags.model.model.as_deref())?;
    let runtime = runtime()?;
    let seed = flags.seed.unwrap_or_else(session::fresh_seed);
    let session = runtime.block_on(Session::prepare(schema, flags, filter, seed))?;
    session.execute(flags, &runtime)
}

fn emulate(config: Config, flags: &EmulatorFlags, model: Option<&Path>) -> Result<Exit, SessionError> {
    let info = session::emulator_info(flags)?;
    let schema = schema(model)?;
    runtime()?.block_on(async {
        let emulator = wiring::emulator_like(schema, &info, config).await.map_err(SessionError::usage)?;
        print(&format!("listening on {}\n", emulator.url())).map_err(SessionError::usage)?;
        session::interrupted().await.map_err(SessionError::usage)?;
        Ok(Exit::Conforming)
    })
}

fn list(
    filter: Option<&str>,
    flags: &SelectionFlags,
    model: Option<&Path>,
    format: Format,
) -> Result<Exit, SessionError> {
    let schema = schema(model)?;
    session::known_selection(schema, flags)?;
    let permission = Permission { loopback: true, ..Permission::default() };
    let selection = session::selection(schema, flags, filter, permission)?;
    let plan = Plan::new(schema, &selection);
    if plan.cases.is_empty() {
        return Err(session::nothing_planned(schema, &selection, &plan));
    }
    lines(
        &plan.cases,
        format,
        CaseId::to_string,
        |case| json!({"case": case.to_string(), "operation": case.operation, "check": case.check, "variant": case.variant}),
    )
}

fn list_checks(format: Format) -> Result<Exit, SessionError> {
    lines(check::all(), format, |check| check.id.to_owned(), check_json)
}

fn list_defects(format: Format) -> Result<Exit, SessionError> {
    lines(
        &defects().collect::<Vec<_>>(),
        format,
        |defect| defect.id.to_owned(),
        |defect| {
            let family = defect.family.name();
            json!({"id": defect.id, "family": family, "summary": defect.summary, "kills": defect.kills, "may": defect.may})
        },
    )
}

fn list_benign(format: Format) -> Result<Exit, SessionError> {
    lines(
        BENIGN,
        format,
        |benign| benign.id.to_owned(),
        |benign| json!({"id": benign.id, "summary": benign.summary, "source": benign.source}),
    )
}

fn selftest(only: &[String], jobs: usize, format: Format) -> Result<Exit, SessionError> {
    let subjects = selftest::subjects(only)?;
    let text = format == Format::Text;
    let matrix = runtime()?.block_on(selftest::run(&subjects, jobs, |row| {
        if text {
            // A reader that has gone away ends the run at its end.
            let _ = print(&selftest::line(row));
        }
    }))?;
    print(&if text { matrix.summary() } else { matrix.to_json() }).map_err(SessionError::usage)?;
    Ok(if matrix.holds() { Exit::Conforming } else { Exit::Findings })
}

fn check_json(check: &Check) -> serde_json::Value {
    json!({
        "id": check.id, "level": check.level.word(), "rule": check.rule, "source": check.source,
        "passes": check.passes, "fails": check.fails,
        "defects": proven_by(check).map(|defect| defect.id).collect::<Vec<_>>(),
    })
}

/// Defects that a check must catch.
fn proven_by(check: &Check) -> impl Iterator<Item = &'static Defect> {
    let id = check.id;
    defects().filter(move |defect| defect.kills.contains(&id))
}

fn explain(id: &str, format: Format) -> Result<Exit, SessionError> {
    let Some(check) = check::find(id) else {
        let known = check::all().iter().map(|check| check.id);
        return Err(SessionError::Usage(suggest::unknown("check", id, known, "connect-conformance checks")));
    };
    if format == Format::Json {
        return show(&format!("{}\n", check_json(check)));
    }
    let mut text = format!("{} ({})\n\n{}\n\n", check.id, check.level.word(), check.rule);
    for (label, value) in [("source", check.source), ("passes", check.passes), ("fails", check.fails)] {
        text += &format!("{label:<8}{value}\n");
    }
    let mut label = "proven";
    for defect in proven_by(check) {
        text += &format!("{label:<8}--defect {}: {}\n", defect.id, defect.summary);
        label = "";
    }
    if check.family() == "golden" {
        text += "run     only with --golden DIR, which compares with what `record DIR` wrote\n";
    }
    text += "silence name the checks that are to run: --checks takes ids and families, and leaves out the rest\n";
    show(&text)
}

/// The port that a printed command assumes for an emulator that has to be started first.
const CURL_PORT: u16 = 4566;

/// Writes a request down for another program: request, endpoint, and region and service to sign for.
type Scribe = fn(&HttpRequest, &Endpoint, Option<(&str, &str)>) -> String;

fn replay_as(scribe: Scribe, file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let request = file.request.to_request().map_err(SessionError::usage)?;
    let region = flags.region.clone().unwrap_or_else(|| file.region.clone());
    let (endpoint, before) = match (&flags.endpoint, &file.emulator) {
        (None, Some(info)) => {
            let mut start = format!("cargo conformance emulate --port {CURL_PORT} --seed {}", file.seed);
            for (flag, value) in [("defect", &info.defect), ("benign", &info.benign)] {
                start += &value.as_ref().map(|id| format!(" --{flag} {id}")).unwrap_or_default();
            }
            start += &info.resources.map(|count| format!(" --resources {count}")).unwrap_or_default();
            let note = "# found on a built-in emulator, without what the run had made; start one with";
            (
                format!("http://127.0.0.1:{CURL_PORT}").parse().map_err(SessionError::usage)?,
                format!("{note}\n#   {start}\n"),
            )
        }
        (Some(endpoint), _) if endpoint == AWS => {
            let there = TargetFlags {
                endpoint: endpoint.clone(),
                region: Some(region.clone()),
                profile: flags.profile.clone(),
                ..TargetFlags::default()
            };
            let resolved = runtime()?.block_on(target::resolve_endpoint(&there, service_of(file, &there)?));
            (resolved.map_err(SessionError::usage)?.0, String::new())
        }
        (endpoint, _) => {
            let url = endpoint.as_deref().unwrap_or(&file.endpoint);
            (url.parse::<Endpoint>().map_err(SessionError::usage)?, String::new())
        }
    };
    let sign_as = file.signed.then_some((region.as_str(), file.signing_name.as_str()));
    show(&format!("{before}{}\n", scribe(&request, &endpoint, sign_as)))
}

fn replay_header(file: &CaseFile) -> String {
    let mut text = format!("{} ({}, {})\n", file.case, file.check, file.level);
    for (label, value) in [("rule", &file.rule), ("expected", &file.expected), ("actual", &file.actual)] {
        text += &format!("{label:<10}{}\n", printable(value, 2000));
    }
    text
}

/// Tries a case again.
fn replay_anew(file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let mut text = replay_header(file);
    let Rerun { outcome, target, left } = runtime()?.block_on(rerun::rerun(file, flags))?;
    let (now, exit) = match &outcome.verdict {
        Verdict::Pass => ("passes now".to_owned(), Exit::Conforming),
        Verdict::Fail => ("fails again".to_owned(), Exit::Findings),
        Verdict::Known(why) | Verdict::Stale(why) | Verdict::Unsupported(why) | Verdict::Indeterminate(why) => {
            (format!("says nothing now: {why}"), Exit::Inconclusive)
        }
    };
    let place = match (&flags.endpoint, &file.emulator) {
        (None, Some(_)) => "on an emulator like the run's".to_owned(),
        _ => format!("at {}", target.endpoint),
    };
    text += &format!("\ntried again {place}: {now}\n");
    for finding in &outcome.findings {
        text +=
            &format!("\n{} at {}\n", finding.check, if finding.pointer.is_empty() { "/" } else { &finding.pointer });
        for (label, value) in [("expected", &finding.expected), ("actual", &finding.actual)] {
            text += &format!("{label:<10}{}\n", printable(value, 2000));
        }
        if let Some(exchange) = &finding.exchange {
            text += &conversation(exchange, &target, file.response.status);
        }
    }
    Ok(with_leaks(text, &left)?.unwrap_or(exit))
}

/// Sends a saved request again.
fn send_again(file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let Resent { result, target, left } = runtime()?.block_on(rerun::resend(file, flags))?;
    let (mut text, request) = (replay_header(file), &file.request);
    match result {
        Ok(exchange) => text += &conversation(&exchange, &target, file.response.status),
        Err(error) => text += &format!("\n{} {}\n\n{}: {error}\n", request.method, request.uri, error.class()),
    }
    Ok(with_leaks(text, &left)?.unwrap_or(Exit::Conforming))
}

/// Prints a text, and what is still there; the exit code for that.
fn with_leaks(mut text: String, left: &[String]) -> Result<Option<Exit>, SessionError> {
    for line in left {
        text += &format!("\nstill there: {}\n", printable(line, 2000));
    }
    print(&text).map_err(SessionError::usage)?;
    Ok((!left.is_empty()).then_some(Exit::Leaked))
}

/// The service of a saved request, whose names the word `aws` is resolved with.
fn service_of(file: &CaseFile, flags: &TargetFlags) -> Result<&'static Service, SessionError> {
    let service = &Schema::connect().service;
    if flags.endpoint == AWS && file.signing_name != service.signing_name {
        return Err(SessionError::usage(format!(
            "--endpoint {AWS} is for Amazon Connect; name the URL for {}",
            file.signing_name
        )));
    }
    Ok(service)
}

fn conversation(exchange: &Exchange, target: &Target, status_then: u16) -> String {
    let (request, response) = (&exchange.request, &exchange.response);
    let mut text = format!("\n{} {}\n", request.method, target.endpoint.url_of(&request.uri));
    text += &message(&request.headers, &request.body);
    let changed = if response.status == status_then { String::new() } else { format!(" (it was {status_then})") };
    text += &format!("\n{}{changed} in {:.0?}\n", response.status, exchange.duration);
    text + &message(&response.headers, &response.body)
}

fn message(headers: &Headers, body: &[u8]) -> String {
    let mut text = String::new();
    for (name, value) in &headers.0 {
        text += &format!("{name}: {}\n", printable(value, 4000));
    }
    if !body.is_empty() {
        let lossy = String::from_utf8_lossy(body);
        let lines: Vec<String> = lossy.lines().map(|line| printable(line, 64_000)).collect();
        text += &format!("\n{}\n", lines.join("\n"));
    }
    text
}

fn schema(model: Option<&Path>) -> Result<&'static Schema, SessionError> {
    match model {
        None => Ok(Schema::connect()),
        // Lives as long as the process, like the built-in one.
        Some(path) => Ok(Box::leak(Box::new(Schema::load(path).map_err(SessionError::usage)?))),
    }
}

fn runtime() -> Result<Runtime, SessionError> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(SessionError::usage)
}

fn lines<T>(
    items: &[T],
    format: Format,
    text: impl Fn(&T) -> String,
    json: impl Fn(&T) -> serde_json::Value,
) -> Result<Exit, SessionError> {
    let line = |item: &T| match format {
        Format::Text => text(item) + "\n",
        Format::Json => json(item).to_string() + "\n",
    };
    show(&items.iter().map(line).collect::<String>())
}

fn show(text: &str) -> Result<Exit, SessionError> {
    print(text).map_err(SessionError::usage)?;
    Ok(Exit::Conforming)
}
