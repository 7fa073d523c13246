//! The command `explain`: a check, a family of checks, an operation, a case, a cause of findings, or a defect.

mod operation;

use std::fmt::Write as _;

use connect_checks::case::CaseId;
use connect_checks::check::Check;
use connect_checks::evidence::{Evidence, ranked};
use connect_checks::families::{self, FAMILIES, Family};
use connect_checks::resources;
use connect_checks::walks;
use connect_emulator::Defect;
use connect_model::schema::{Operation, Schema};
use connect_model::semantics;
use connect_model::semantics::danger::danger;
use connect_model::validate::ViolationKind;
use serde_json::{Value, json};

use super::list::{check_json, defect_json, proven_by};
use super::print_all;
use crate::exit::Exit;
use crate::report::causes::check_id;
use crate::report::groups::{GROUPS, Group};
use crate::report::output::Format;
use crate::report::text::count;
use crate::session::error::SessionError;
use crate::suggest;
use operation::About;

/// The subject of an explanation.
enum Topic<'a> {
    Check(&'static Check),
    Family(&'static Family),
    Operation(&'static Operation),
    Case { case: CaseId, check: &'static Check, operation: &'static Operation },
    Cause { of: Subject, digest: &'a str },
    Defect(&'static Defect),
}

/// The part of the id of a cause before the `~`.
enum Subject {
    Check(&'static Check),
    Group(&'static Group),
}

/// Prints everything about a check, a family, an operation, a case, a cause or a defect.
pub(super) fn explain(name: &str, format: Format) -> Result<Exit, SessionError> {
    let schema = Schema::connect();
    let topic = topic(schema, name)?;
    print_all(
        format,
        &match format {
            Format::Json => format!("{}\n", as_json(schema, &topic)),
            Format::Text => as_text(schema, &topic),
        },
    )
}

/// Finds the subject that a name stands for.
fn topic<'a>(schema: &'static Schema, name: &'a str) -> Result<Topic<'a>, SessionError> {
    if let Some(check) = families::find(name) {
        return Ok(Topic::Check(check));
    }
    if let Some(family) = FAMILIES.iter().find(|family| family.name == name) {
        return Ok(Topic::Family(family));
    }
    if let Some(defect) = Defect::named(name) {
        return Ok(Topic::Defect(defect));
    }
    if let Some(operation) = schema.operation_named(name) {
        return Ok(Topic::Operation(&schema[operation]));
    }
    if name.contains('/') {
        return case(schema, name);
    }
    if let Some((of, digest)) = name.split_once('~') {
        let of = match GROUPS.iter().find(|group| group.id == of) {
            Some(group) => Subject::Group(group),
            None => Subject::Check(check_named(of)?),
        };
        check_id(name).map_err(SessionError::Usage)?;
        return Ok(Topic::Cause { of, digest });
    }
    let checks = families::all().iter().map(|check| check.id);
    let others = FAMILIES.iter().map(|family| family.name).chain(connect_emulator::defects().map(|defect| defect.id));
    let operations = schema.operations().map(|(_, operation)| operation.name.as_str());
    let known: Vec<&str> = checks.chain(others).chain(operations).collect();
    Err(SessionError::Usage(suggest::unknown(
        "check, family, operation or defect",
        name,
        known,
        "connect-conformance checks",
    )))
}

fn check_named(id: &str) -> Result<&'static Check, SessionError> {
    families::find(id).ok_or_else(|| {
        let known = families::all().iter().map(|check| check.id);
        SessionError::Usage(suggest::unknown("check", id, known, "connect-conformance checks"))
    })
}

/// The case with an id. Cases of the family golden depend on a folder of recorded answers, so any variant is taken.
fn case(schema: &'static Schema, id: &str) -> Result<Topic<'static>, SessionError> {
    let mut parts = id.splitn(3, '/');
    let (name, check, variant) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let Some(found) = schema.operation_named(name) else {
        let known = schema.operations().map(|(_, operation)| operation.name.as_str());
        return Err(SessionError::Usage(suggest::unknown("operation", name, known, "connect-model list operations")));
    };
    let check = check_named(check)?;
    let case = CaseId { operation: name.to_owned(), check: check.id, variant: variant.map(str::to_owned) };
    if check.family() != "golden" {
        let planned = operation::planned(schema, &schema[found], check);
        if planned.is_empty() {
            return Err(SessionError::Usage(format!("{} has no case on {name}: it does not apply there", check.id)));
        }
        if !planned.contains(&case.to_string()) {
            let list = format!("connect-conformance list {name}/{}", check.id);
            let known = planned.iter().map(String::as_str);
            return Err(SessionError::Usage(suggest::unknown("case", id, known, &list)));
        }
    }
    Ok(Topic::Case { case, check, operation: &schema[found] })
}

fn as_json(schema: &'static Schema, topic: &Topic<'_>) -> Value {
    match topic {
        Topic::Check(check) => check_json(check),
        Topic::Family(family) => {
            let checks: Vec<Value> = (family.checks)().into_iter().map(check_json).collect();
            json!({"family": family.name, "checks": checks})
        }
        Topic::Operation(operation) => About::new(schema, operation).json(),
        Topic::Case { case, check, operation } => json!({
            "case": case.to_string(), "operation": about_operation(schema, operation),
            "variant": case.variant.as_deref().map(|variant| about_variant(check, &operation.name, variant)),
            "check": check_json(check),
        }),
        Topic::Cause { of: Subject::Check(check), digest } => {
            json!({"cause": format!("{}~{digest}", check.id), "check": check_json(check)})
        }
        Topic::Cause { of: Subject::Group(group), digest } => json!({
            "cause": format!("{}~{digest}", group.id), "rule": group.rule,
            "checks": checks_of(group).map(check_json).collect::<Vec<_>>(),
        }),
        Topic::Defect(defect) => defect_json(defect),
    }
}

fn as_text(schema: &'static Schema, topic: &Topic<'_>) -> String {
    match topic {
        Topic::Check(check) => about_check(check),
        Topic::Family(family) => about_family(family),
        Topic::Operation(operation) => About::new(schema, operation).text(),
        Topic::Case { case, check, operation } => {
            let mut text = format!("{case}\n\n");
            let _ = writeln!(text, "operation  {}", about_operation(schema, operation));
            if let Some(variant) = &case.variant {
                let _ = writeln!(text, "variant    {}", about_variant(check, &operation.name, variant));
            }
            text + "\n" + &about_check(check)
        }
        Topic::Cause { of: Subject::Check(check), digest } => about_cause(check.id, digest) + &about_check(check),
        Topic::Cause { of: Subject::Group(group), digest } => {
            let errors = if group.crashes { ", answered with a server error or not at all" } else { "" };
            let title = format!("{}\n\nfindings of these checks{errors}:\n\n", group.rule);
            about_cause(group.id, digest) + &title + &about_checks(checks_of(group))
        }
        Topic::Defect(defect) => about_defect(defect),
    }
}

fn about_cause(name: &str, digest: &str) -> String {
    format!(
        "{name}~{digest}\n\n{digest} names a group of findings of {name} in a report: they have in common how the rule is \
         broken, over operations and variants\n\n"
    )
}

fn checks_of(group: &Group) -> impl Iterator<Item = &'static Check> {
    families::all().iter().copied().filter(|check| (group.has)(check.id))
}

/// A labelled line; further lines have an empty label.
fn line(text: &mut String, label: &str, value: &str) {
    let _ = writeln!(text, "{label:<9}{value}");
}

fn about_check(check: &Check) -> String {
    let mut text = format!("{} ({})\n\n{}\n\n", check.id, check.level.word(), check.rule);
    let mut label = "evidence";
    for Evidence { rank, source } in ranked(check.evidence) {
        line(&mut text, label, &format!("{rank:<15}{source}"));
        label = "";
    }
    line(&mut text, "harm", &format!("{}: {}", check.harm.word(), check.harm.describe()));
    line(&mut text, "passes", check.passes);
    line(&mut text, "fails", check.fails);
    let mut label = "proven";
    for defect in proven_by(check) {
        line(&mut text, label, &format!("--defect {}: {}", defect.id, defect.summary));
        label = "";
    }
    if check.family() == "golden" {
        line(&mut text, "run", "only with --golden DIR, which compares with the answers that `record DIR` wrote");
    }
    line(&mut text, "silence", "--checks runs only the checks and families that it names; leave this one out");
    text
}

fn about_family(family: &Family) -> String {
    let checks = (family.checks)();
    format!("{}: {} checks\n\n{}", family.name, checks.len(), about_checks(checks.into_iter()))
}

/// Checks with their levels and rules, one line each.
fn about_checks(checks: impl Iterator<Item = &'static Check>) -> String {
    let checks: Vec<&Check> = checks.collect();
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default() + 2;
    let line = |check: &&Check| format!("{:<8}{:<width$}{}\n", check.level.word(), check.id, check.rule);
    checks.iter().map(line).collect()
}

fn about_operation(schema: &'static Schema, operation: &Operation) -> String {
    let Operation { name, method, uri, .. } = operation;
    format!("{name}: {method} {uri}; it {}", danger(schema, operation).describe())
}

/// The part of a case id after the check, in words.
fn about_variant(check: &Check, operation: &str, variant: &str) -> String {
    let about = |words: &str| format!("{variant}: {words}");
    let subject = check.id.strip_prefix("invalid.").unwrap_or_default();
    if subject.parse::<ViolationKind>().is_ok() {
        return about(
            "the place of the fault in the input; [] is an item of a list, {} a value and {key} a key of a map",
        );
    }
    if subject == "label-escape" {
        return about("the member in the path that contains the escaped slash");
    }
    let breaches = semantics::breaches(operation);
    if let Some(breach) = breaches.iter().find(|breach| breach.language == subject && breach.kind == variant) {
        let evidence: Vec<String> = ranked(breach.evidence).iter().map(Evidence::to_string).collect();
        return about(&format!("{}, {} confidence ({})", breach.rule, breach.confidence.word(), evidence.join("; ")));
    }
    if let Some(subject) = walks::SUBJECTS.iter().find(|row| row.name == variant && row.operation == operation) {
        return about(&format!("walks over {} of resource", count(subject.kinds.len() as u64, "kind")));
    }
    if let Some(resource) = resources::rows(Schema::connect()).iter().find(|row| row.variant == variant) {
        return about(&format!("tried on a {}", resource.kind));
    }
    match (check.family(), variant) {
        ("golden", "valid") => about("the recorded answer to a valid request"),
        ("golden", "wrong") => about("the recorded answer to a request with one fault"),
        ("golden", "unknown") => about("the recorded answer to a request with an unknown id"),
        _ => about("one of the variants of this check on this operation"),
    }
}

fn about_defect(defect: &Defect) -> String {
    let mut text = format!("{} (a defect of the emulator)\n\n{}\n\n", defect.id, defect.summary);
    line(&mut text, "breaks", defect.family.name());
    for (label, checks) in [("caught", defect.kills), ("perhaps", defect.may)] {
        let mut label = label;
        for id in checks {
            let rule = families::find(id).map_or("", |check| check.rule);
            line(&mut text, label, &format!("{id}: {rule}"));
            label = "";
        }
    }
    line(&mut text, "try", &format!("connect-conformance --defect {}", defect.id));
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(name: &str) -> Result<String, String> {
        let schema = Schema::connect();
        topic(schema, name).map(|topic| as_text(schema, &topic)).map_err(|error| error.to_string())
    }

    #[test]
    fn explains_checks_families_cases_causes_and_defects() {
        for (name, parts) in [
            ("shape.json", &["shape.json (must)", "evidence normative", "         captured", "harm     form:"][..]),
            ("shape", &["shape: 12 checks", "must    shape.json", "the body of a successful response"]),
            (
                "CreateRule/invalid.enum-unknown/Actions[].ActionType",
                &[
                    "POST /rules/{InstanceId}; it writes",
                    "Actions[].ActionType: the place of the fault",
                    "fails    2xx",
                ],
            ),
            (
                "CreateRule/invalid.rule-function/not-json",
                &["a function is JSON text, high confidence (documentation: "],
            ),
            ("TagResource/lifecycle.walk/mixed", &["walks over 3 kinds of resource"]),
            ("TagResource/lifecycle.tags/flow-module", &["tried on a flow module"]),
            ("ListRules", &["ListRules: GET", "it lists a rule", "pagination: "]),
            ("CreateRule/shape.json", &["operation  CreateRule"]),
            ("CreateRule/golden.answer/valid", &["the recorded answer to a valid request"]),
            ("page-loses-item", &["a defect of the emulator", "caught   pagination.complete: the pages together"]),
            (
                "invalid-value~a1b46d23",
                &["input that breaks a constraint", "must    invalid.length-max", "a1b46d23 names a group of findings"],
            ),
            ("error~35067b56", &["with a server error or not at all", "error.no-5xx"]),
            ("shape.json~0a1b2c3d", &["0a1b2c3d names a group of findings of shape.json", "evidence normative"]),
        ] {
            let text = text(name).unwrap();
            for part in parts {
                assert!(text.contains(part), "{name} lacks {part:?}:\n{text}");
            }
        }
    }

    #[test]
    fn wrong_names_are_answered_with_similar_ones() {
        for (name, part) in [
            ("shape.jsn", "did you mean `shape.json`"),
            ("shap", "`shape"),
            ("page-loses-itm", "`page-loses-item`"),
            ("CreateRul", "`CreateRule`"),
            ("shape.jso~0a", "`shape.json`"),
            ("shape.json~", "hexadecimal"),
            ("shape.json~xyz", "hexadecimal"),
            ("CreateRul/shape.json", "`CreateRule`"),
            ("CreateRule/shape.jsn", "`shape.json`"),
            ("CreateRule/invalid.enum-unknown/Actions[].ActionTyp", "ActionType`"),
            ("CreateRule/pagination.complete", "does not apply"),
            ("zzz", "`connect-conformance checks` lists them"),
        ] {
            let error = text(name).unwrap_err();
            assert!(error.contains(part), "{name}: {error}");
        }
    }

    #[test]
    fn every_check_and_defect_is_explained() {
        for check in families::all() {
            assert!(text(check.id).unwrap().contains("evidence"), "{}", check.id);
        }
        for defect in connect_emulator::defects() {
            assert!(text(defect.id).unwrap().contains("caught"), "{}", defect.id);
        }
    }
}
