//! The command `replay`: runs the case of a saved finding again, sends its request again, or prints a command for another
//! program.

use connect_checks::case::Verdict;
use connect_checks::history::Lags;
use connect_model::schema::Schema;
use connect_model::text::visible;
use connect_model::wire::message::Headers;
use connect_transport::endpoint::Endpoint;
use connect_transport::exchange::Exchange;
use connect_transport::parsed::ParsedRequest;
use connect_transport::target::Target;

use super::flags::ReplayFlags;
use super::history::Judgement;
use super::{runtime, schema};
use crate::exit::Exit;
use crate::report::case_file::CaseFile;
use crate::report::output::{print, print_program};
use crate::report::reproduce::{self, SignAs};
use crate::report::text::{count, printable};
use crate::session::error::SessionError;
use crate::session::replay::{Rerun, Resent, rerun, resend, target_of_command};

/// Characters of one printed value.
const VALUE: usize = 2000;

/// Formats a request as a command: request, endpoint, and region and service to sign for.
type Formatter = fn(&ParsedRequest, &Endpoint, Option<SignAs<'_>>) -> String;

/// Runs the command.
pub(super) fn replay(flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let schema = schema(flags.model.model.as_deref())?;
    let file = CaseFile::read(&flags.case).map_err(SessionError::usage)?;
    if flags.curl {
        print_command(schema, reproduce::curl, &file, flags)
    } else if flags.boto3 {
        print_command(schema, reproduce::boto3, &file, flags)
    } else if flags.as_sent {
        send_again(schema, &file, flags)
    } else {
        run_again(schema, &file, flags)
    }
}

fn print_command(
    schema: &Schema,
    format: Formatter,
    file: &CaseFile,
    flags: &ReplayFlags,
) -> Result<Exit, SessionError> {
    let request = file.request.to_request().map_err(SessionError::usage)?;
    let (endpoint, sign_as) = runtime()?.block_on(target_of_command(schema, file, &flags.config().endpoint))?;
    let note = match (&flags.endpoint, &file.emulator) {
        (None, Some(info)) => {
            let start = reproduce::start_emulator(info, file.seed);
            format!(
                "# found on the built-in emulator; this starts one, without the resources of the run:\n#   {}\n",
                visible(&start)
            )
        }
        _ => String::new(),
    };
    let calls = match (file.steps.len(), file.exchanges.len()) {
        (0, 0 | 1) => None,
        (0, exchanges) => Some(count(exchanges as u64, "call")),
        (steps, _) => Some(count(steps as u64, "step")),
    };
    let partial = calls.map_or(String::new(), |calls| {
        let again = reproduce::replay_command(&flags.case);
        // A line break in the name of the file would end the comment.
        let again = visible(&again);
        format!("# this sends only the deciding request of {calls}; the whole case again:\n#   {again}\n")
    });
    let command = format(&request, &endpoint, sign_as.as_ref().map(|(region, service)| (region, service)));
    print_program(&format!("{partial}{note}{command}\n")).map_err(SessionError::usage)?;
    Ok(Exit::Conforming)
}

fn run_again(schema: &'static Schema, file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let mut text = header(file);
    if !file.history.is_empty() {
        let judged = Judgement::of(schema, &file.history, Lags::THIS_MACHINE);
        text += &format!("\nthe recorded history: {}", judged.text());
    }
    let Rerun { outcome, target, leaks } = runtime()?.block_on(rerun(schema, file, &flags.config()))?;
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

fn send_again(schema: &'static Schema, file: &CaseFile, flags: &ReplayFlags) -> Result<Exit, SessionError> {
    let Resent { result, target, leaks } = runtime()?.block_on(resend(schema, file, &flags.config()))?;
    let (mut text, request) = (header(file), &file.request);
    let exit = match result {
        Ok(exchange) => {
            text += &conversation(&exchange, &target, file.response.status);
            text += "\nnot judged: without --as-sent, the case runs again, and its outcome is the exit code\n";
            Exit::Conforming
        }
        Err(error) => {
            text += &format!("\n{} {}\n\n{}: {error}\n", request.method, request.uri, error.class());
            Exit::Incomplete
        }
    };
    print_with_leaks(text, &leaks, exit)
}

/// The finding in the file.
fn header(file: &CaseFile) -> String {
    let rows = rows(&[("rule", &file.rule), ("expected", &file.expected), ("actual", &file.actual)]);
    format!("{} ({}, {})\n{rows}", file.case, file.check, file.level.word())
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
    let url = format!("{}{}", target.endpoint, request.uri);
    let mut text = format!("\n{} {}\n", request.method, printable(&url, VALUE));
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
