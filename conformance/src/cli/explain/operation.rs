//! The explanation of an operation: what is tried on it, and on what grounds.

use std::fmt::Write as _;

use connect_checks::case::CaseId;
use connect_checks::check::Check;
use connect_checks::evidence::strongest;
use connect_checks::families::FAMILIES;
use connect_checks::plan::Plan;
use connect_checks::resources;
use connect_checks::selection::Selection;
use connect_checks::setup;
use connect_model::schema::{Operation, Schema};
use connect_model::semantics::{self, Breach};
use serde_json::{Value, json};

use super::{about_operation, line};
use crate::report::text::count;

/// Everything that is tried on an operation.
pub(super) struct About<'s> {
    schema: &'static Schema,
    operation: &'s Operation,
    plan: Plan,
}

impl<'s> About<'s> {
    pub(super) fn new(schema: &'static Schema, operation: &'s Operation) -> Self {
        let plan = Plan::new(schema, &only(operation, &[]));
        Self { schema, operation, plan }
    }

    /// The checks of a family that have cases, each with their number.
    fn checks(&self, family: &str) -> Vec<(&'static Check, usize)> {
        let checks = FAMILIES.iter().filter(|row| row.name == family).flat_map(|row| (row.checks)());
        let cases = |check: &Check| self.plan.cases.iter().filter(|case| case.check == check.id).count();
        checks.map(|check| (check, cases(check))).filter(|(_, cases)| *cases > 0).collect()
    }

    /// Kinds of resource that the operation is about, each with what it does to them.
    fn resources(&self) -> Vec<(&'static str, &'static str)> {
        let name = self.operation.name.as_str();
        let role = |row: &connect_checks::resources::Resource| {
            let roles = [
                (row.create == name, "creates"),
                (row.describe == name, "describes"),
                (row.list.is_some_and(|(list, _)| list == name), "lists"),
                (row.search.is_some_and(|(search, _)| search == name), "searches"),
                (row.delete == name, "deletes"),
                (row.updates.contains(&name), "updates"),
            ];
            roles.into_iter().find(|(plays, _)| *plays).map(|(_, role)| (role, row.kind))
        };
        resources::rows(self.schema).iter().filter_map(role).collect()
    }

    /// Errors that the model lists, with their statuses.
    fn errors(&self) -> Vec<(&str, u16)> {
        let shapes = self.operation.errors.iter().map(|id| &self.schema[*id]);
        shapes.filter_map(|shape| Some((shape.name.as_str(), shape.error.as_ref()?.status))).collect()
    }

    fn breaches(&self) -> Vec<&'static Breach> {
        semantics::breaches(&self.operation.name)
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n\n", about_operation(self.schema, self.operation));
        let resources: Vec<String> =
            self.resources().iter().map(|(role, kind)| format!("it {role} a {kind}")).collect();
        if !resources.is_empty() {
            line(&mut text, "resource", &resources.join(", "));
        }
        let errors: Vec<String> = self.errors().iter().map(|(name, status)| format!("{name} ({status})")).collect();
        if !errors.is_empty() {
            line(&mut text, "errors", &format!("{}; and those of the gateway", errors.join(", ")));
        }
        let lines = self.plan.not_sent.iter().chain(&self.plan.left_out);
        for left_out in lines {
            line(&mut text, "left out", left_out);
        }
        for family in FAMILIES {
            let checks = self.checks(family.name);
            if checks.is_empty() {
                continue;
            }
            let cases: usize = checks.iter().map(|(_, cases)| cases).sum();
            let _ = writeln!(text, "\n{}: {}", family.name, count(cases as u64, "case"));
            let width = checks.iter().map(|(check, _)| check.id.len()).max().unwrap_or_default();
            for (check, cases) in checks {
                let rank = strongest(check.evidence).word();
                let level = check.level.word();
                let _ = writeln!(text, "{cases:>4}  {:<width$}  {level:<6}  {rank:<14}  {}", check.id, check.rule);
            }
        }
        let breaches = self.breaches();
        if !breaches.is_empty() {
            let _ = writeln!(text, "\nrules of languages, each tried by a case of the check with its name:");
        }
        for Breach { language, kind, rule, evidence, .. } in breaches {
            let rank = strongest(evidence).word();
            let _ = writeln!(text, "      {language}/{kind}  {rank}  {rule}");
        }
        let _ = writeln!(text, "\n`explain CHECK` shows all evidence; `list {}/` the cases", self.operation.name);
        text
    }

    pub(super) fn json(&self) -> Value {
        let families: serde_json::Map<String, Value> = FAMILIES
            .iter()
            .map(|family| (family.name, self.checks(family.name)))
            .filter(|(_, checks)| !checks.is_empty())
            .map(|(family, checks)| {
                let cases: serde_json::Map<String, Value> =
                    checks.into_iter().map(|(check, cases)| (check.id.to_owned(), json!(cases))).collect();
                (family.to_owned(), Value::Object(cases))
            })
            .collect();
        let kinds: Vec<Value> =
            self.resources().into_iter().map(|(role, kind)| json!({"role": role, "kind": kind})).collect();
        let errors: Vec<Value> =
            self.errors().into_iter().map(|(name, status)| json!({"name": name, "status": status})).collect();
        json!({
            "operation": about_operation(self.schema, self.operation), "resources": kinds, "errors": errors,
            "cases": families, "left_out": self.plan.left_out, "not_sent": self.plan.not_sent,
        })
    }
}

/// Selects the cases of an operation, of all checks or of some.
pub(super) fn only(operation: &Operation, checks: &[&str]) -> Selection {
    Selection {
        operations: [operation.name.clone()].into(),
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
        ..setup::everything()
    }
}

/// Ids of the planned cases of a check on an operation.
pub(super) fn planned(schema: &'static Schema, operation: &Operation, check: &Check) -> Vec<String> {
    Plan::new(schema, &only(operation, &[check.id])).cases.iter().map(CaseId::to_string).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn shows_what_is_tried_on_each_kind_of_operation() {
        let schema = Schema::connect();
        let about = |name: &str| About::new(schema, &schema[schema.operation_named(name).unwrap()]);
        for (name, parts) in [
            (
                "CreateRule",
                &[
                    "CreateRule: POST /rules/{InstanceId}; it writes",
                    "resource it creates a rule",
                    "ResourceConflictException (409)",
                    "those of the gateway",
                    "\nlifecycle: ",
                    "   1  lifecycle.create-describe",
                    "rule-function/not-json",
                ][..],
            ),
            ("SearchContactFlows", &["it searches a flow", "\nsearch: ", "search.and-narrows"]),
            ("TagResource", &["lifecycle.walk"]),
        ] {
            let text = about(name).text();
            for part in parts {
                assert!(text.contains(part), "{name} lacks {part:?}:\n{text}");
            }
        }
        assert!(!about("TagResource").text().contains("rules of languages"));
    }

    #[test]
    fn counts_every_case_once() {
        let schema = Schema::connect();
        for name in ["CreateContactFlow", "ListRules"] {
            let about = About::new(schema, &schema[schema.operation_named(name).unwrap()]);
            let counted: usize = FAMILIES.iter().flat_map(|family| about.checks(family.name)).map(|(_, n)| n).sum();
            assert_eq!(counted, about.plan.cases.len(), "{name}");
            let cases = about.json()["cases"].clone();
            let in_json = cases.as_object().unwrap().values().flat_map(|checks| checks.as_object().unwrap().values());
            assert_eq!(in_json.map(|n| n.as_u64().unwrap() as usize).sum::<usize>(), counted, "{name}");
        }
    }
}
