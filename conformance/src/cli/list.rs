//! The commands `list`, `checks`, `defects` and `benign`.

use connect_checks::case::CaseId;
use connect_checks::check::Check;
use connect_checks::evidence::ranked;
use connect_checks::families;
use connect_checks::permission::Permission;
use connect_checks::plan::Plan;
use connect_emulator::Defect;
use connect_model::schema::Schema;
use serde_json::{Value, json};

use super::print_lines;
use crate::exit::Exit;
use crate::report::output::Format;
use crate::session::config::SelectionConfig;
use crate::session::error::SessionError;
use crate::session::selection::{known_selection, nothing_planned, selection};

/// Prints the ids of the selected cases.
pub(super) fn list(config: SelectionConfig, schema: &'static Schema, format: Format) -> Result<Exit, SessionError> {
    known_selection(schema, &config)?;
    let permission = Permission { loopback: true, ..Permission::default() };
    let selection = selection(schema, &config, permission)?;
    let plan = Plan::new(schema, &selection);
    if plan.cases.is_empty() {
        return Err(nothing_planned(schema, &selection, &plan));
    }
    print_lines(
        &plan.cases,
        format,
        CaseId::to_string,
        |case| json!({"case": case.to_string(), "operation": case.operation, "check": case.check, "variant": case.variant}),
    )
}

/// Prints the ids of the checks.
pub(super) fn checks(format: Format) -> Result<Exit, SessionError> {
    print_lines(families::all(), format, |check| check.id.to_owned(), |check| check_json(check))
}

/// Prints the ids of the defects.
pub(super) fn defects(format: Format) -> Result<Exit, SessionError> {
    print_lines(
        &connect_emulator::defects().collect::<Vec<_>>(),
        format,
        |defect| defect.id.to_owned(),
        |defect| defect_json(defect),
    )
}

/// Prints the ids of the harmless variants.
pub(super) fn benign(format: Format) -> Result<Exit, SessionError> {
    print_lines(
        &connect_emulator::benign().collect::<Vec<_>>(),
        format,
        |benign| benign.id.to_owned(),
        |benign| json!({"id": benign.id, "summary": benign.summary, "source": benign.source, "learned": benign.learned}),
    )
}

/// A check as data.
pub(super) fn check_json(check: &Check) -> Value {
    json!({
        "id": check.id, "level": check.level.word(), "rule": check.rule, "harm": check.harm.word(),
        "source": check.source(), "evidence": ranked(check.evidence), "passes": check.passes, "fails": check.fails,
        "defects": proven_by(check).map(|defect| defect.id).collect::<Vec<_>>(),
    })
}

/// A defect as data.
pub(super) fn defect_json(defect: &Defect) -> Value {
    let family = defect.family.name();
    json!({"id": defect.id, "family": family, "summary": defect.summary, "kills": defect.kills, "may": defect.may})
}

/// The defects that a check must catch.
pub(super) fn proven_by(check: &Check) -> impl Iterator<Item = &'static Defect> {
    let id = check.id;
    connect_emulator::defects().filter(move |defect| defect.kills.contains(&id))
}
