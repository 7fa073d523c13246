//! The command `replay`: runs the case of a saved finding again, sends its request again, or prints a command for another
//! program.

use connect_checks::case::Verdict;
use connect_model::schema::{Schema, Service};
use connect_model::wire::message::{Headers, HttpRequest};
use connect_transport::endpoint::Endpoint;
use connect_transport::exchange::Exchange;
use connect_transport::target::{self, AWS, Target, TargetFlags};

use super::flags::ReplayFlags;
use super::{print_all, runtime};
use crate::exit::Exit;
use crate::report::case_file::CaseFile;
use crate::report::output::print;
use crate::report::reproduce;
use crate::report::text::{count, printable};
use crate::session::error::SessionError;
use crate::session::replay::{Rerun, Resent, rerun, resend};

/// Characters of one printed value.
const VALUE: usize = 2000;

/// Formats a request as a command: request, endpoint, and region and service to sign for.
type Formatter = fn(&HttpRequest, &Endpoint, Option<(&str, &str)>) -> String;

/// Runs the command.
pub(super) fn replay(flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let file = CaseFile::read(&flags.case).map_err(SessionError::usage)?;
    if flags.curl {
        print_command(reproduce::curl, &file, flags)
    } else if flags.boto3 {
        print_command(reproduce::boto3, &file, flags)
    } else if flags.as_sent {
        send_again(&file, flags)
    } else {
        run_again(&file, flags)
    }
}

fn print_command(format: Formatter, file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let request = file.request.to_request().map_err(SessionError::usage)?;
    let region = flags.region.clone().unwrap_or_else(|| file.region.clone());
    let (endpoint, note) = match (&flags.endpoint, &file.emulator) {
        (None, Some(info)) => {
            let start = reproduce::start_emulator(info, file.seed);
            let note = "# found on the built-in emulator; this starts one, without the resources of the run:";
            (
                format!("http://127.0.0.1:{}", reproduce::EMULATOR_PORT).parse().map_err(SessionError::usage)?,
                format!("{note}\n#   {start}\n"),
            )
        }
        (Some(endpoint), _) if endpoint == AWS => {
            let flags = TargetFlags {
                endpoint: endpoint.clone(),
                region: Some(region.clone()),
                profile: flags.profile.clone(),
                ..TargetFlags::default()
            };
            let resolved = runtime()?.block_on(target::resolve_endpoint(&flags, service_of(file)?));
            (resolved.map_err(SessionError::usage)?.0, String::new())
        }
        (endpoint, _) => {
            let url = endpoint.as_deref().unwrap_or(&file.endpoint);
            (url.parse::<Endpoint>().map_err(SessionError::usage)?, String::new())
        }
    };
    let sign_as = file.signed.then_some((region.as_str(), file.signing_name.as_str()));
    let calls = match (file.steps.len(), file.exchanges.len()) {
        (0, 0 | 1) => None,
        (0, exchanges) => Some(count(exchanges as u64, "call")),
        (steps, _) => Some(count(steps as u64, "step")),
    };
    let partial = calls.map_or(String::new(), |calls| {
        let again = reproduce::replay_command(&flags.case);
        format!("# this sends only the deciding request of {calls}; the whole case again:\n#   {again}\n")
    });
    print_all(&format!("{partial}{note}{}\n", format(&request, &endpoint, sign_as)))
}

/// The service for which `--endpoint aws` is resolved.
fn service_of(file: &CaseFile) -> Result<&'static Service, SessionError> {
    let service = &Schema::connect().service;
    if file.signing_name != service.signing_name {
        return Err(SessionError::usage(format!(
            "--endpoint {AWS} is for Amazon Connect; give the URL for {}",
            file.signing_name
        )));
    }
    Ok(service)
}

fn run_again(file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let mut text = header(file);
    let Rerun { outcome, target, leaks } = runtime()?.block_on(rerun(file, &flags.config()))?;
    let (result, exit) = match &outcome.verdict {
        Verdict::Pass => ("passes now".to_owned(), Exit::Conforming),
        Verdict::Fail => ("fails again".to_owned(), Exit::Findings),
        Verdict::Known(why) | Verdict::Stale(why) | Verdict::Unsupported(why) | Verdict::Indeterminate(why) => {
            (format!("could not be judged: {why}"), Exit::Incomplete)
        }
    };
    let endpoint = match (&flags.endpoint, &file.emulator) {
        (None, Some(_)) => "on an emulator with the settings of the run".to_owned(),
        _ => format!("at {}", target.endpoint),
    };
    text += &format!("\nrun again {endpoint}: {result}\n");
    for finding in &outcome.findings {
        let pointer = if finding.pointer.is_empty() { "/" } else { &finding.pointer };
        text += &format!("\n{} at {pointer}\n", finding.check);
        text += &rows(&[("expected", &finding.expected), ("actual", &finding.actual)]);
        if let Some(exchange) = &finding.exchange {
            text += &conversation(exchange, &target, file.response.status);
        }
    }
    print_with_leaks(text, &leaks, exit)
}

fn send_again(file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let Resent { result, target, leaks } = runtime()?.block_on(resend(file, &flags.config()))?;
    let (mut text, request) = (header(file), &file.request);
    match result {
        Ok(exchange) => text += &conversation(&exchange, &target, file.response.status),
        Err(error) => text += &format!("\n{} {}\n\n{}: {error}\n", request.method, request.uri, error.class()),
    }
    print_with_leaks(text, &leaks, Exit::Conforming)
}

/// The finding in the file.
fn header(file: &CaseFile) -> String {
    let rows = rows(&[("rule", &file.rule), ("expected", &file.expected), ("actual", &file.actual)]);
    format!("{} ({}, {})\n{rows}", file.case, file.check, file.level)
}

fn rows(rows: &[(&str, &str)]) -> String {
    rows.iter().map(|(label, value)| format!("{label:<10}{}\n", printable(value, VALUE))).collect()
}

/// Prints the text and the resources that still exist, which decide the exit code.
fn print_with_leaks(mut text: String, leaks: &[String], exit: Exit) -> Result<Exit, SessionError> {
    for line in leaks {
        text += &format!("\nleaked: {}\n", printable(line, VALUE));
    }
    print(&text).map_err(SessionError::usage)?;
    Ok(if leaks.is_empty() { exit } else { Exit::Leaked })
}

/// Request and response. Marks a status other than that of the finding.
fn conversation(exchange: &Exchange, target: &Target, status_of_finding: u16) -> String {
    let (request, response) = (&exchange.request, &exchange.response);
    let mut text = format!("\n{} {}\n", request.method, target.endpoint.url_of(&request.uri));
    text += &message(&request.headers, &request.body);
    let changed =
        if response.status == status_of_finding { String::new() } else { format!(" (it was {status_of_finding})") };
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
