//! Parses text into a function: JSON first, then the form. Every fault of form has a place, and the rest of the
//! function is still parsed.

use std::fmt;

use serde_json::{Map, Value};

use super::faults as fault;
use super::model::{Filter, FilterClause, Function, Group, Leaf, Node, Word};
use crate::semantics::problem::brief;
use crate::semantics::{Breach, Problem, json};

/// Maximum number of problems reported for one function. A text of a megabyte has room for hundreds of thousands.
pub const MOST_PROBLEMS: usize = 1000;

/// The problems found so far.
#[derive(Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
}

impl Report {
    pub(super) fn add(&mut self, breach: &Breach, at: &At<'_>, message: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::new(at.to_string(), breach.kind, message, breach.confidence));
        }
    }
}

/// A place in the function. The JSON Pointer is written only on demand.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Top,
    Member(&'a At<'a>, &'static str),
    Index(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Top => Ok(()),
            At::Member(parent, name) => write!(f, "{parent}/{name}"),
            At::Index(parent, at) => write!(f, "{parent}/{at}"),
        }
    }
}

/// Parses a function; none if too little of it is readable.
pub(super) fn read(text: &str, report: &mut Report) -> Option<Function> {
    let value = match json::read(text) {
        Ok(value) => value,
        Err(error) => {
            let breach = if error.fault == json::Fault::Syntax { fault::NOT_JSON } else { fault::UNREADABLE };
            report.problems.push(Problem::new(
                error.pointer.clone(),
                breach.kind,
                &error.to_string(),
                breach.confidence,
            ));
            return None;
        }
    };
    let Value::Object(mut members) = value else {
        report.add(fault::FORM, &At::Top, "the function is not a JSON object; use one");
        return None;
    };
    let version = text_member(&mut members, "Version", &At::Top, report);
    let root = match members.remove("RuleFunction") {
        Some(root) => group(root, &At::Member(&At::Top, "RuleFunction"), report),
        None => {
            report.add(fault::FORM, &At::Top, "RuleFunction is missing; put Operator and Operands inside it");
            None
        }
    };
    Some(Function { version: version?, root: root?, extra: members })
}

fn group(value: Value, at: &At<'_>, report: &mut Report) -> Option<Group> {
    let Value::Object(mut members) = value else {
        report.add(fault::FORM, at, "a condition must be a JSON object");
        return None;
    };
    let operator = text_member(&mut members, "Operator", at, report);
    let operands = list_member(&mut members, "Operands", at, report);
    let place = At::Member(at, "Operands");
    let operands = operands.map(|operands| {
        operands.into_iter().enumerate().map(|(index, value)| node(value, &At::Index(&place, index), report)).collect()
    });
    let filter = filter_clause(&mut members, at, report);
    Some(Group { operator: operator?, operands: operands?, filter, extra: members })
}

/// An object with a comparison value is a condition; an object without one that joins others is a group.
fn node(value: Value, at: &At<'_>, report: &mut Report) -> Node {
    let joins = |value: &Value| matches!(value.get("Operator").and_then(Value::as_str), Some("AND" | "OR"));
    if value.get("ComparisonValue").is_none() && joins(&value) {
        return group(value, at, report).map_or(Node::Unreadable, Node::Group);
    }
    leaf(value, at, report).map_or(Node::Unreadable, Node::Leaf)
}

fn leaf(value: Value, at: &At<'_>, report: &mut Report) -> Option<Leaf> {
    let Value::Object(mut members) = value else {
        report.add(fault::FORM, at, "a condition must be a JSON object");
        return None;
    };
    let operator = text_member(&mut members, "Operator", at, report);
    let operands = list_member(&mut members, "Operands", at, report);
    let path = text_member(&mut members, "ComparisonValue", at, report);
    let filter = filter_clause(&mut members, at, report);
    let negate = match members.remove("Negate") {
        None => None,
        Some(Value::Bool(negate)) => Some(negate),
        Some(_) => {
            report.add(fault::NEGATE, &At::Member(at, "Negate"), "Negate must be true or false, without quotes");
            None
        }
    };
    Some(Leaf { operator: operator?, operands: operands?, path: path?, filter, negate, extra: members })
}

fn filter_clause(members: &mut Map<String, Value>, at: &At<'_>, report: &mut Report) -> Option<FilterClause> {
    let at = At::Member(at, "FilterClause");
    let Value::Object(mut members) = members.remove("FilterClause")? else {
        report.add(fault::FORM, &at, "a filter clause must be a JSON object");
        return None;
    };
    let operator = text_member(&mut members, "LogicOperator", &at, report);
    let place = At::Member(&at, "Filters");
    let filters = list_member(&mut members, "Filters", &at, report).map(|filters| {
        let read = |(index, value)| filter(value, &At::Index(&place, index), report);
        filters.into_iter().enumerate().filter_map(read).collect()
    });
    Some(FilterClause { operator: operator?, filters: filters?, extra: members })
}

fn filter(value: Value, at: &At<'_>, report: &mut Report) -> Option<Filter> {
    let Value::Object(mut members) = value else {
        report.add(fault::FORM, at, "a filter must be a JSON object");
        return None;
    };
    let kind = text_member(&mut members, "Type", at, report);
    let data = members.remove("Data");
    if data.is_none() {
        report.add(fault::FORM, at, "Data is missing");
    }
    Some(Filter { kind: kind?, data: data?, extra: members })
}

fn text_member(members: &mut Map<String, Value>, name: &'static str, at: &At<'_>, report: &mut Report) -> Option<Word> {
    match members.remove(name) {
        Some(Value::String(text)) => Some(text.into()),
        Some(other) => {
            let message = format!("{name} must be a string, not {}", brief(&other.to_string(), 60));
            report.add(fault::FORM, &At::Member(at, name), &message);
            None
        }
        None => {
            report.add(fault::FORM, at, &format!("{name} is missing"));
            None
        }
    }
}

fn list_member(
    members: &mut Map<String, Value>,
    name: &'static str,
    at: &At<'_>,
    report: &mut Report,
) -> Option<Vec<Value>> {
    match members.remove(name) {
        Some(Value::Array(items)) => Some(items),
        Some(other) => {
            let message = format!("{name} must be a list, not {}", brief(&other.to_string(), 60));
            report.add(fault::FORM, &At::Member(at, name), &message);
            None
        }
        None => {
            report.add(fault::FORM, at, &format!("{name} is missing"));
            None
        }
    }
}
