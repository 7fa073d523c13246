//! The selection of a run: validates names, and explains an empty plan.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use connect_checks::budget::Budget;
use connect_checks::case::CaseId;
use connect_checks::changed;
use connect_checks::check::family_of;
use connect_checks::families;
use connect_checks::permission::Permission;
use connect_checks::plan::Plan;
use connect_checks::selection::Selection;
use connect_model::schema::Schema;

use crate::session::config::SelectionConfig;
use crate::session::error::SessionError;
use crate::suggest;

/// A selection of the plan.
///
/// # Errors
/// The earlier model cannot be read, or belongs to another service; a name or pattern matches nothing.
pub fn selection(
    schema: &'static Schema,
    config: &SelectionConfig,
    permission: Permission,
) -> Result<Selection, SessionError> {
    let changed = config.changed_since.as_ref().map(|path| {
        let old = Schema::load(path).map_err(SessionError::usage)?;
        if old.service.sdk_id == schema.service.sdk_id {
            return Ok(changed::since(&old, schema));
        }
        let (path, old, new) = (path.display(), &old.service.sdk_id, &schema.service.sdk_id);
        Err(SessionError::Usage(format!("--changed-since: {path} is a model of {old}, but {new} is tested")))
    });
    Ok(Selection {
        operations: matching_operations(schema, &config.operations)?,
        checks: matching_checks(&config.checks)?,
        exclude_operations: matching_operations(schema, &config.exclude_operations)?,
        exclude_checks: matching_checks(&config.exclude_checks)?,
        filter: config.filter.clone(),
        changed: changed.transpose()?,
        permission,
        walks: true,
        histories: true,
        golden: None,
        shard: None,
        budget: Budget::default(),
        done: BTreeSet::new(),
        first: BTreeSet::new(),
    })
}

/// Checks the names and patterns of operations and checks.
///
/// # Errors
/// The first one that matches nothing, with similar names.
pub fn known_selection(schema: &'static Schema, config: &SelectionConfig) -> Result<(), SessionError> {
    for patterns in [&config.operations, &config.exclude_operations] {
        matching_operations(schema, patterns)?;
    }
    for patterns in [&config.checks, &config.exclude_checks] {
        matching_checks(patterns)?;
    }
    Ok(())
}

/// Checks the names of operations.
pub(crate) fn known_operations(schema: &'static Schema, names: &[String]) -> Result<(), SessionError> {
    match names.iter().find(|given| schema.operation_named(given).is_none()) {
        Some(given) => Err(unknown_operation(schema, given)),
        None => Ok(()),
    }
}

fn unknown_operation(schema: &'static Schema, given: &str) -> SessionError {
    SessionError::Usage(suggest::unknown("operation", given, operations(schema), "connect-model list operations"))
}

fn operations(schema: &'static Schema) -> impl Iterator<Item = &'static str> {
    schema.operations().map(|(_, operation)| operation.name.as_str())
}

/// The operations that match one of the patterns.
pub(crate) fn matching_operations(
    schema: &'static Schema,
    patterns: &[String],
) -> Result<BTreeSet<String>, SessionError> {
    let all = || operations(schema);
    suggest::matching("operation", patterns, all, "connect-model list operations").map_err(SessionError::Usage)
}

/// The operations and families that match one of the patterns of `--require`.
pub(crate) fn matching_required(
    schema: &'static Schema,
    patterns: &[String],
) -> Result<BTreeSet<String>, SessionError> {
    let families = || families::FAMILIES.iter().map(|family| family.name);
    // A pattern is for operations; a family has to be named.
    let (named, of_operations): (Vec<String>, Vec<String>) =
        patterns.iter().cloned().partition(|pattern| families().any(|name| name == pattern));
    let mut required = matching_operations(schema, &of_operations)?;
    required.extend(named);
    Ok(required)
}

/// The checks and families that match one of the patterns.
fn matching_checks(patterns: &[String]) -> Result<BTreeSet<String>, SessionError> {
    let families = || families::FAMILIES.iter().map(|family| family.name);
    let all = || families::all().iter().map(|check| check.id).chain(families());
    suggest::matching("check", patterns, all, "connect-conformance checks").map_err(SessionError::Usage)
}

/// Explains an empty plan. For a filter that matches nothing, suggests similar ids.
pub fn nothing_planned(schema: &'static Schema, selection: &Selection, plan: &Plan) -> SessionError {
    if selection.changed.as_ref().is_some_and(|changed| changed.is_empty()) {
        return SessionError::Nothing("nothing is planned: no operation differs from the earlier model".to_owned());
    }
    if let (Some(shard), 1..) = (selection.shard, plan.whole.cases) {
        return SessionError::Nothing(format!(
            "nothing is planned: part {shard} is empty, and all {} cases are in other parts; use fewer parts",
            plan.whole.cases
        ));
    }
    let wants_golden = selection.checks.iter().any(|name| family_of(name) == "golden");
    match &selection.golden {
        None if wants_golden => {
            return SessionError::Nothing(
                "nothing is planned: checks of the family golden compare with recorded answers; name their folder with \
                 --golden DIR"
                    .to_owned(),
            );
        }
        Some(_) if !wants_golden && !selection.checks.is_empty() => {
            return SessionError::Nothing(
                "nothing is planned: --golden compares recorded answers and runs no other checks; leave out --checks or \
                 --golden"
                    .to_owned(),
            );
        }
        _ => {}
    }
    let Some(filter) = &selection.filter else {
        let why =
            plan.not_sent.first().cloned().unwrap_or_else(|| "no check applies to the selected operations".to_owned());
        return SessionError::Nothing(format!("nothing is planned: {why}"));
    };
    let cases = Plan::new(schema, &Selection { filter: None, ..selection.clone() }).cases;
    let ids: Vec<String> = cases.iter().map(CaseId::to_string).collect();
    let parts = cases.iter().flat_map(|case| [case.operation.as_str(), case.check]);
    let distinct: BTreeSet<&str> = parts.chain(ids.iter().map(String::as_str)).collect();
    let hint = match suggest::nearest(filter, distinct).as_slice() {
        [] => "`connect-conformance list` lists case ids".to_owned(),
        names => format!("did you mean {}?", suggest::quoted(names)),
    };
    SessionError::Nothing(format!("no case id contains `{filter}`; {hint}"))
}

/// Explains why requested walks are not planned.
pub(crate) fn no_walk(plan: &Plan) -> SessionError {
    let refused = plan.not_sent.iter().find(|why| why.starts_with("walks ") || why.contains("--allow"));
    let why = refused.map_or("no selected case is a walk (`*/lifecycle.walk/*`)", String::as_str);
    SessionError::Nothing(format!("--walks asks for walks, but no walk is planned: {why}"))
}

/// Explains why requested histories are not planned.
pub(crate) fn no_history(plan: &Plan) -> SessionError {
    let refused = plan.not_sent.iter().find(|why| why.starts_with("histories ") || why.contains("--allow"));
    let why = refused.map_or("no selected case is of the family history", String::as_str);
    SessionError::Nothing(format!("--histories asks for histories, but no history is planned: {why}"))
}

/// A random seed, short enough to type.
pub fn fresh_seed() -> u64 {
    // The keys of the standard hasher are random, which saves a dependency.
    RandomState::new().build_hasher().finish() & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn empty_plans_are_incomplete_and_explained() {
        let schema = Schema::connect();
        let reason = |operations: &[&str], filter: Option<&str>, loopback| {
            let config = SelectionConfig {
                operations: operations.iter().map(|name| (*name).to_owned()).collect(),
                filter: filter.map(str::to_owned),
                ..SelectionConfig::default()
            };
            let permission = Permission { loopback, ..Permission::default() };
            let selection = selection(schema, &config, permission).unwrap();
            let error = nothing_planned(schema, &selection, &Plan::new(schema, &selection));
            assert_eq!(error.exit(), Exit::Incomplete);
            error.to_string()
        };
        let text = reason(&["CreateRule"], Some("CraeteRule"), true);
        assert!(text.contains("did you mean `CreateRule`"), "{text}");
        let text = reason(&["CreateRule"], None, false);
        assert!(text.contains("--allow-writes"), "{text}");
    }
}
