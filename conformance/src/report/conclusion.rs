//! The verdict of a report in one sentence. The terminal, the page and the GitHub summary show the same.

use crate::exit::Exit;
use crate::report::json::Report;
use crate::report::text::{count, number};

/// The sentence that follows the verdict, for example `2 of 10 scored cases fail, in 1 operation.`
pub fn sentence(report: &Report) -> String {
    let totals = &report.totals;
    let scored = totals.scored();
    match report.exit() {
        Exit::Conforming => {
            let all = if scored == 1 {
                "The only scored case passes".to_owned()
            } else {
                format!("All {} pass", count(scored, "scored case"))
            };
            format!("{all}{}.", apart_from_known(report))
        }
        Exit::Findings => format!("{}.", failures(report)),
        Exit::Leaked => {
            let leaks = report.leaks.len() as u64;
            let verb = if leaks == 1 { "exists" } else { "exist" };
            format!("{} of the run still {verb}; {}.", count(leaks, "resource"), failures(report))
        }
        Exit::Stale if report.golden_is_stale() => {
            "Recorded answers are out of date; `record` writes them again.".to_owned()
        }
        Exit::Stale => "Known divergences are out of date; correct or remove their entries.".to_owned(),
        Exit::Inconclusive if totals.executed != totals.planned => {
            let why = match &report.stopped_because {
                Some(why) => format!("The run was stopped ({why})"),
                None => "Cases were lost".to_owned(),
            };
            let failed =
                if totals.failed > 0 { format!(" {} of them failed.", number(totals.failed)) } else { String::new() };
            format!("{why}: {} of {} were executed.{failed}", number(totals.executed), count(totals.planned, "case"))
        }
        Exit::Inconclusive if scored > 0 => {
            "Only the form of errors could be judged: no request was accepted.".to_owned()
        }
        Exit::Inconclusive => "No case could be scored.".to_owned(),
        Exit::Usage => "No case was executed.".to_owned(),
    }
}

fn apart_from_known(report: &Report) -> String {
    match report.totals.known {
        0 => String::new(),
        known => format!(", apart from {}", count(known, "known divergence")),
    }
}

fn failures(report: &Report) -> String {
    let totals = &report.totals;
    let operations = report.operations.iter().filter(|operation| operation.totals.failed > 0).count() as u64;
    let scored = count(totals.scored(), "scored case");
    match totals.failed {
        0 => format!("no case of {scored} fails"),
        failed => {
            let verb = if failed == 1 { "fails" } else { "fail" };
            format!("{} of {scored} {verb}, in {}", number(failed), count(operations, "operation"))
        }
    }
}
