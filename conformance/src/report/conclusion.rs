//! The verdict of a report in one sentence. The terminal, the page and the GitHub summary show the same.

use connect_checks::budget::exceeds_budget;

use crate::exit::Exit;
use crate::outcome::{CaseOutcome, Totals};
use crate::report::expect;
use crate::report::json::Report;
use crate::report::text::{count, number, printable};
use crate::report::verdict::Undecided;

/// The sentence that follows the verdict, for example `2 of 10 judged cases fail, in 1 of 3 operations.`
pub fn sentence(report: &Report) -> String {
    let totals = &report.totals;
    let scored = totals.scored();
    let of_part = match &report.shard {
        Some(part) => format!(" of part {part}"),
        None => String::new(),
    };
    match report.exit() {
        Exit::Conforming if totals.known > 0 => {
            let known = report.cases.iter().filter(|line| line.outcome == CaseOutcome::Known);
            let first = known.filter_map(|line| expect::expiry_of(line.why.as_deref()?)).min();
            let first = first.map(|date| format!(" (the first expires on {date})")).unwrap_or_default();
            let verb = if totals.passed == 1 { "passes" } else { "pass" };
            let known = count(totals.known, "known divergence");
            format!("{}{of_part} {verb}, {known}{first}{}.", number(totals.passed), not_judged(report))
        }
        Exit::Conforming if scored == 1 => format!("The only judged case{of_part} passes{}.", not_judged(report)),
        Exit::Conforming => format!("All {}{of_part} pass{}.", count(scored, "judged case"), not_judged(report)),
        Exit::Findings => format!("{}.", failures(report)),
        Exit::Leaked => {
            let leaks = report.leaks.len() as u64;
            let verb = if leaks == 1 { "exists" } else { "exist" };
            format!("{} of the run still {verb}; {}.", count(leaks, "resource"), failures(report))
        }
        Exit::Stale if report.golden_is_stale() => {
            "Recorded answers are out of date; `record` writes them again.".to_owned()
        }
        Exit::Stale if totals.stale == 0 && report.stale.is_empty() => {
            let answers = report.relearned.len() as u64;
            let verb = if answers == 1 { "differs" } else { "differ" };
            format!("{} {verb} from what was learned before; review, then `--write-learned`.", count(answers, "answer"))
        }
        Exit::Stale => "Known divergences or ids are out of date; correct or remove their entries.".to_owned(),
        Exit::Incomplete if !report.missing.is_empty() => {
            let (parts, verb) = if report.missing.len() == 1 { ("Part", "is") } else { ("Parts", "are") };
            let (missing, executed) = (report.missing.join(", "), number(totals.executed));
            format!("{parts} {missing} {verb} missing: {executed} of {} were executed.", count(totals.planned, "case"))
        }
        Exit::Incomplete if totals.executed != totals.planned => {
            let why = match &report.stopped_because {
                Some(why) => format!("The run was stopped ({why})"),
                None => "Cases were lost".to_owned(),
            };
            let failed =
                if totals.failed > 0 { format!(" {} of them failed.", number(totals.failed)) } else { String::new() };
            format!("{why}: {} of {} were executed.{failed}", number(totals.executed), count(totals.planned, "case"))
        }
        Exit::Incomplete if report.unfinished => "The run was killed, or has not ended yet.".to_owned(),
        Exit::Incomplete if scored == 0 => "No case could be judged.".to_owned(),
        Exit::Incomplete if report.refuses_everything() => {
            "Only the form of errors could be judged: no request was accepted.".to_owned()
        }
        Exit::Incomplete if scored > 0 => report.undecided().map(|undecided| too_many(&undecided)).unwrap_or_default(),
        Exit::Incomplete => "No case could be judged.".to_owned(),
        Exit::Usage => "No case was executed.".to_owned(),
    }
}

/// The cases without a verdict, as the end of a sentence.
fn not_judged(report: &Report) -> String {
    let over_budget = report.left_out.iter().filter(|line| exceeds_budget(line)).count() as u64;
    let part = |cases: u64, what: &str| match cases {
        0 => String::new(),
        1 => format!("; 1 is {what}"),
        many => format!("; {} are {what}", number(many)),
    };
    part(report.totals.indeterminate, "undecided") + &part(over_budget, "left out by --budget")
}

fn too_many(undecided: &Undecided) -> String {
    let Undecided { reason, operation, family, count: undecided, planned } = undecided;
    let mut of = operation.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    of += &family.as_ref().map(|name| format!(" in the family {name}")).unwrap_or_default();
    let verb = if *undecided == 1 { "is" } else { "are" };
    format!(
        "{} of {}{of} {verb} undecided for one reason: {}.",
        number(*undecided),
        count(*planned, "planned case"),
        printable(reason, 200).trim_end_matches('.')
    )
}

fn failures(report: &Report) -> String {
    let totals = &report.totals;
    let operations = |has: fn(&Totals) -> bool| report.operations.iter().filter(|one| has(&one.totals)).count() as u64;
    let (failing, judged) = (operations(|totals| totals.failed > 0), operations(|totals| totals.scored() > 0));
    let scored = count(totals.scored(), "judged case");
    match totals.failed {
        0 => format!("no case of {scored} fails"),
        failed => {
            let verb = if failed == 1 { "fails" } else { "fail" };
            format!("{} of {scored} {verb}, in {} of {}", number(failed), number(failing), count(judged, "operation"))
        }
    }
}
