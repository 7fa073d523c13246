//! A plan: the cases of a run, as data. Sends nothing. Case ids depend on the model alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use connect_model::schema::{OperationId, Schema};

use crate::budget::{Budget, EXCEEDS_BUDGET};
use crate::case::{CaseId, case_in, check_of, digest};
use crate::check::Check;
use crate::code::{Attempt, Omission, Rank, Scope, Variant};
use crate::families::{self, FAMILIES, Services};
use crate::permission::Permission;
use crate::selection::Selection;
use crate::shard::Parts;
use crate::{golden, invalid};

/// A planned case with the code that runs it.
#[derive(Clone)]
pub struct Planned {
    /// Operation under test.
    pub operation: OperationId,
    /// The check that judges the case.
    pub check: &'static Check,
    /// Runs the case.
    pub attempt: Arc<dyn Attempt>,
    /// Number of cases of the same check before this one, in all shards.
    before: u32,
}

/// Cases in order of operation and family, and the cases that are not part of the plan.
#[derive(Clone, Default)]
pub struct Plan {
    /// Ids, in step with `tasks`.
    pub cases: Vec<CaseId>,
    /// The code of each case.
    pub tasks: Vec<Planned>,
    /// Operations that are not called, each with the reason.
    pub not_sent: Vec<String>,
    /// Operations of the selection that have cases, in any part, or that are not called; the latter with the reason.
    pub selected: Vec<(OperationId, Option<String>)>,
    /// Recorded responses that no longer belong to a case, each with a remedy.
    pub stale: Vec<String>,
    /// Cases that have no value or no wire form, each with the reason.
    pub left_out: Vec<String>,
    /// All cases of the selection: of every part, and with those that were run before.
    pub whole: Extent,
    /// The cases of this part, with those that were run before.
    pub part: Extent,
    /// The checks that have cases within the budget, in all shards.
    tried: BTreeSet<&'static str>,
    /// Number of cases of each check, in all shards.
    of_check: HashMap<&'static str, u32>,
}

/// The extent of a plan, or of a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Operations in order, each with the number of its cases.
    pub operations: Vec<(String, usize)>,
    /// Number of cases.
    pub cases: usize,
    /// Constraints that are to be violated on purpose, including those that cannot be.
    pub constraints: usize,
    /// SHA-256 of the sorted case ids, in hex.
    pub digest: String,
}

impl Extent {
    fn of(plan: &Plan) -> Self {
        let mut operations: Vec<(String, usize)> = Vec::new();
        // The cases of an operation are adjacent.
        for case in &plan.cases {
            match operations.last_mut() {
                Some((name, planned)) if *name == case.operation => *planned += 1,
                _ => operations.push((case.operation.clone(), 1)),
            }
        }
        let ids: BTreeSet<String> = plan.cases.iter().map(CaseId::to_string).collect();
        let tasks = plan.tasks.iter().map(|planned| planned.check.id);
        let checks = tasks.chain(plan.left_out.iter().map(|line| check_of(case_in(line))));
        let constraints = checks.filter(|check| invalid::violation_of(check).is_some()).count();
        Self { operations, cases: plan.cases.len(), constraints, digest: digest(ids.iter()) }
    }
}

/// Most values in the requests of one operation that break one constraint each: there is a request for each place, and each has
/// the required values.
const MOST_VALUES: u64 = 4_000_000;

/// Most places of an operation at which a constraint can be broken. The largest operation of AWS, BatchImportFindings of
/// Security Hub, has 5,377 of them.
const MOST_PLACES: usize = 30_000;

/// Checks that an operation may be called, and is not too large.
///
/// # Errors
/// The reason why it is not tried.
fn may_be_called(scope: &Scope<'_>, permission: &Permission) -> Result<(), String> {
    if let Some(why) = &scope.contract.refused {
        return Err(format!("{}: {why}", scope.name()));
    }
    permission.check(scope.schema, scope.contract)?;
    is_too_large(scope).map_or(Ok(()), Err)
}

/// The reason why an operation is not tried: a model of others may have tens of thousands of members.
fn is_too_large(scope: &Scope<'_>) -> Option<String> {
    let sites = scope.sites();
    let places = sites.len();
    let values = sites.iter().fold(0, |all: u64, site| all.saturating_add(site.values));
    let why = if places > MOST_PLACES {
        format!("more than {MOST_PLACES} are not tried")
    } else if values > MOST_VALUES {
        format!("the requests that break them have {values} required values, and more than {MOST_VALUES} are not sent")
    } else {
        return None;
    };
    Some(format!("{}: its input has {places} places to break; {why}", scope.name()))
}

impl Plan {
    /// Plans the selection.
    pub fn new(schema: &'static Schema, selection: &Selection) -> Self {
        let mut plan = Self::default();
        // A run on part of the model cannot tell which recordings are stale.
        let recorded = selection.golden.iter().filter(|_| selection.is_whole());
        plan.stale.extend(recorded.flat_map(|recorded| golden::orphans(recorded, schema)));
        let mut elsewhere = HashSet::new();
        for (id, operation) in schema.operations() {
            if !selection.wants_operation(&operation.name) {
                continue;
            }
            let before = (plan.cases.len(), plan.left_out.len());
            let scope = Scope::new(schema, id, selection);
            if let Err(why) = may_be_called(&scope, &selection.permission) {
                plan.selected.push((id, Some(why.clone())));
                plan.not_sent.push(why);
                continue;
            }
            plan.operation(&scope);
            if plan.cases.len() > before.0 {
                plan.selected.push((id, None));
            }
            if let Some(shard) = selection.shard {
                let parts = Parts::of(schema, id, shard);
                let planned = plan.cases[before.0..].iter().map(CaseId::to_string);
                let omitted = plan.left_out[before.1..].iter().map(|line| case_in(line).to_owned());
                elsewhere.extend(planned.chain(omitted).filter(|case| !parts.has(shard, case)));
            }
        }
        plan.keep_to(&selection.budget);
        plan.tried = plan.tasks.iter().map(|planned| planned.check.id).collect();
        plan.whole = Extent::of(&plan);
        plan.part = if selection.shard.is_some() {
            plan.left_out.retain(|line| !elsewhere.contains(case_in(line)));
            plan.retain(|case| !elsewhere.contains(case));
            Extent::of(&plan)
        } else {
            plan.whole.clone()
        };
        if !selection.done.is_empty() {
            plan.retain(|case| !selection.done.contains(case));
        }
        plan.begin_with(&selection.first);
        plan
    }

    /// The position of a case among all cases of its check.
    pub fn rank(&self, index: usize) -> Rank {
        let Planned { check, before, .. } = &self.tasks[index];
        Rank { before: *before, of: self.of_check.get(check.id).copied().unwrap_or_default() }
    }

    /// True if the plan has cases of such a check, in any part and judged before or not.
    pub fn tries(&self, is_such: impl Fn(&Check) -> bool) -> bool {
        self.tried.iter().filter_map(|id| families::find(id)).any(is_such)
    }

    /// Leaves out the cases that exceed the budget.
    fn keep_to(&mut self, budget: &Budget) {
        let over: BTreeMap<String, String> = budget
            .exceeded(&self.cases)
            .into_iter()
            .map(|(case, limit)| (case.to_string(), format!("{case}: {EXCEEDS_BUDGET}{limit}")))
            .collect();
        self.retain(|case| !over.contains_key(case));
        self.left_out.extend(over.into_values());
    }

    /// Moves these cases to the start.
    fn begin_with(&mut self, first: &BTreeSet<String>) {
        let (cases, tasks) = (std::mem::take(&mut self.cases), std::mem::take(&mut self.tasks));
        let (urgent, others): (Vec<_>, Vec<_>) =
            cases.into_iter().zip(tasks).partition(|(case, _)| first.contains(&case.to_string()));
        (self.cases, self.tasks) = urgent.into_iter().chain(others).unzip();
    }

    /// Keeps the cases whose id fulfils the condition.
    fn retain(&mut self, keep: impl Fn(&String) -> bool) {
        let (cases, tasks) = (std::mem::take(&mut self.cases), std::mem::take(&mut self.tasks));
        (self.cases, self.tasks) = (cases.into_iter().zip(tasks)).filter(|(case, _)| keep(&case.to_string())).unzip();
    }

    fn operation(&mut self, scope: &Scope<'_>) {
        let is_connect = scope.schema.service.is_connect();
        let compares = scope.selection.golden.is_some();
        let families = (FAMILIES.iter())
            .filter(|family| family.compares_recorded == compares)
            .filter(|family| is_connect || family.services == Services::All);
        for check in families.flat_map(|family| (family.checks)()).filter(|check| scope.selection.wants_check(check)) {
            for variant in check.code.variants(scope, check) {
                self.add(scope, check, variant);
            }
        }
    }

    fn add(&mut self, scope: &Scope<'_>, check: &'static Check, Variant { name, attempt }: Variant) {
        if !scope.wants(check, name.as_deref()) {
            return;
        }
        let case = CaseId { operation: scope.name().to_owned(), check: check.id, variant: name };
        match attempt {
            Ok(attempt) => {
                let count = self.of_check.entry(check.id).or_default();
                self.tasks.push(Planned { operation: scope.operation, check, attempt, before: *count });
                self.cases.push(case);
                *count += 1;
            }
            Err(Omission::NotExpressible(why)) => self.left_out.push(format!("{case}: {why}")),
            // Several checks leave out one subject for one reason.
            Err(Omission::NotPermitted(why)) if self.not_sent.contains(&why) => {}
            Err(Omission::NotPermitted(why)) => self.not_sent.push(why),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::changed::Touch;
    use crate::families;
    use crate::permission::{NEVER, Permission};

    fn full_plan() -> Plan {
        let permission = Permission { loopback: true, ..Permission::default() };
        Plan::new(Schema::connect(), &Selection { permission, walks: true, histories: true, ..Selection::default() })
    }

    #[test]
    fn plans_every_operation_with_unique_ids() {
        let plan = full_plan();
        let operations: BTreeSet<&str> = plan.cases.iter().map(|case| case.operation.as_str()).collect();
        assert_eq!(operations.len(), 405);
        let ids: BTreeSet<String> = plan.cases.iter().map(ToString::to_string).collect();
        assert_eq!(ids.len(), plan.cases.len());
        assert!(plan.cases.len() > 5000, "{}", plan.cases.len());
    }

    #[test]
    fn plans_every_check_that_connect_can_break() {
        let plan = full_plan();
        let planned: BTreeSet<&str> = plan.cases.iter().map(|case| case.check).collect();
        let missing: Vec<&str> =
            families::all().iter().map(|check| check.id).filter(|id| !planned.contains(id)).collect();
        // Checks of the family golden are only planned for a comparison with recordings.
        let missing: Vec<&str> = missing.into_iter().filter(|id| !id.starts_with("golden.")).collect();
        let without_subject = [
            "invalid.blob-encoding",
            "invalid.unique",
            "invalid.timestamp-offset",
            "invalid.timestamp-other-iso",
            "invalid.timestamp-date",
            "invalid.base64-form",
            "invalid.base64-blank",
        ];
        assert_eq!(missing, without_subject);
    }

    #[test]
    fn an_operation_with_tens_of_thousands_of_members_is_left_out() {
        let rows = [
            (20, true, None),
            (20, false, None),
            (5_000, false, None),
            (5_000, true, Some("required values, and more than 4000000 are not sent")),
            (40_000, false, Some("more than 30000 are not tried")),
        ];
        for (members, required, expected) in rows {
            let traits = if required { json!({ "smithy.api#required": {} }) } else { json!({}) };
            let member = json!({ "target": "smithy.api#String", "traits": traits });
            let members: serde_json::Map<_, _> = (0..members).map(|at| (format!("M{at}"), member.clone())).collect();
            let schema = crate::testing::one_operation("CreateThing", "POST", "/things", members);
            let permission = Permission { loopback: true, ..Permission::default() };
            let plan = Plan::new(schema, &Selection { permission, ..Selection::default() });
            assert_eq!(plan.cases.is_empty(), expected.is_some(), "{:?}", plan.not_sent);
            assert_eq!(plan.not_sent.is_empty(), expected.is_none(), "{:?}", plan.not_sent);
            assert!(plan.not_sent.iter().all(|why| why.contains(expected.unwrap_or_default())), "{:?}", plan.not_sent);
        }
    }

    #[test]
    fn sends_only_reads_to_remote_endpoints_unless_allowed() {
        let schema = Schema::connect();
        let plan = |permission: Permission| {
            let plan = Plan::new(schema, &Selection { permission, ..Selection::default() });
            plan.cases.iter().map(|case| case.operation.clone()).collect::<BTreeSet<_>>()
        };
        let reads = plan(Permission::default());
        assert!(reads.contains("DescribeRule") && !reads.contains("CreateRule"));
        let writes = plan(Permission { writes: true, ..Permission::default() });
        assert!(writes.contains("CreateRule") && !writes.contains("StartOutboundVoiceContact"));
        assert!(!writes.contains("CreateInstance"));
        let operations = BTreeSet::from(["StartOutboundVoiceContact".to_owned()]);
        assert!(plan(Permission { operations, ..Permission::default() }).contains("StartOutboundVoiceContact"));
        let operations = NEVER.iter().map(|name| (*name).to_owned()).collect();
        let named = plan(Permission { writes: true, operations, ..Permission::default() });
        assert!(NEVER.iter().all(|name| schema.operation_named(name).is_some() && !named.contains(*name)));
    }

    #[test]
    fn a_budget_leaves_cases_out_and_says_so() {
        let plan = |seed, limits: &[&str]| {
            let limits: Vec<_> = limits.iter().map(|limit| limit.parse().unwrap()).collect();
            let budget = Budget::new(seed, &limits);
            Plan::new(Schema::connect(), &Selection { budget, ..crate::setup::everything() })
        };
        let of_family = |plan: &Plan, family: &str| -> BTreeSet<String> {
            let cases = plan.cases.iter().filter(|case| check_family(case) == family);
            cases.map(ToString::to_string).collect()
        };
        let whole = plan(1, &[]);
        let some = plan(1, &["invalid=2000", "accept=0"]);
        let kept = of_family(&some, "invalid");
        assert_eq!((kept.len(), of_family(&some, "accept").len()), (2000, 0));
        assert_eq!(of_family(&some, "shape"), of_family(&whole, "shape"));
        assert!(kept.is_subset(&of_family(&whole, "invalid")));
        assert_eq!(some.cases.len() + some.left_out.len(), whole.cases.len() + whole.left_out.len());
        assert!(some.left_out.iter().any(|line| line.ends_with(": exceeds the budget invalid=2000")));
        // Coverage still counts the constraints of the cases that are left out.
        assert_eq!(some.whole.constraints, whole.whole.constraints);
        assert_eq!(kept, of_family(&plan(1, &["invalid=2000"]), "invalid"));
        assert_ne!(kept, of_family(&plan(2, &["invalid=2000"]), "invalid"));
        let of_core = |plan: &Plan| {
            let is_core = |case: &&CaseId| connect_model::shapes::CORE_OPERATIONS.contains(&case.operation.as_str());
            plan.cases.iter().filter(|case| check_family(case) == "invalid").filter(is_core).count()
        };
        assert_eq!(of_core(&some), of_core(&whole), "core operations come first");
    }

    fn check_family(case: &CaseId) -> &str {
        crate::check::family_of(case.check)
    }

    #[test]
    fn cases_that_failed_before_run_first() {
        let operations = BTreeSet::from(["CreateRule".to_owned(), "DescribeRule".to_owned()]);
        let usual = Plan::new(Schema::connect(), &Selection { operations, ..crate::setup::everything() });
        let last = usual.cases.last().unwrap().to_string();
        let operations = BTreeSet::from(["CreateRule".to_owned(), "DescribeRule".to_owned()]);
        let first = BTreeSet::from([last.clone()]);
        let plan = Plan::new(Schema::connect(), &Selection { operations, first, ..crate::setup::everything() });
        assert_eq!(plan.cases[0].to_string(), last);
        assert_eq!(plan.tasks[0].check.id, plan.cases[0].check);
        assert_eq!((plan.whole, plan.cases.len()), (usual.whole, usual.cases.len()));
    }

    #[test]
    fn skips_checks_of_the_input_if_only_the_output_changed() {
        let permission = Permission { loopback: true, ..Permission::default() };
        let changed =
            [("CreateRule".to_owned(), Touch::Output), ("DeleteRule".to_owned(), Touch::Whole)].into_iter().collect();
        let selection = Selection { changed: Some(changed), permission, ..Selection::default() };
        let plan = Plan::new(Schema::connect(), &selection);
        let families = |operation: &str| -> BTreeSet<&str> {
            let cases = plan.cases.iter().filter(|case| case.operation == operation);
            cases.filter_map(|case| case.check.split('.').next()).collect()
        };
        assert!(families("CreateRule").contains("shape") && families("DeleteRule").contains("invalid"));
        assert!(families("CreateRule").is_disjoint(&BTreeSet::from(["invalid", "language"])));
        assert!(families("UpdateRule").is_empty());
    }

    #[test]
    fn shards_divide_the_plan_and_are_stable() {
        let permission = Permission { loopback: true, ..Permission::default() };
        let cases = |shard: Option<&str>, operation: Option<&str>| -> BTreeSet<String> {
            let shard = shard.map(|text| text.parse().unwrap());
            let operations = operation.map(str::to_owned).into_iter().collect();
            let selection = Selection {
                permission: permission.clone(),
                walks: true,
                histories: true,
                shard,
                operations,
                ..Selection::default()
            };
            Plan::new(Schema::connect(), &selection).cases.iter().map(ToString::to_string).collect()
        };
        let whole = cases(None, None);
        let parts = [cases(Some("1/3"), None), cases(Some("2/3"), None), cases(Some("3/3"), None)];
        assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), whole.len());
        assert_eq!(parts.iter().flatten().cloned().collect::<BTreeSet<_>>(), whole);
        for part in &parts {
            let share = part.len() as f64 * 3.0 / whole.len() as f64;
            assert!((0.95..1.05).contains(&share), "{} of {}", part.len(), whole.len());
        }
        // The shard of a case does not depend on the rest of the selection.
        assert!(cases(Some("2/3"), Some("CreateRule")).is_subset(&parts[1]));
    }

    #[test]
    fn plans_only_selected_cases() {
        let permission = Permission { loopback: true, ..Permission::default() };
        let selection = Selection {
            operations: BTreeSet::from(["CreateRule".to_owned()]),
            checks: BTreeSet::from(["invalid.enum-unknown".to_owned()]),
            filter: Some("ActionType".to_owned()),
            permission,
            walks: true,
            ..Selection::default()
        };
        let plan = Plan::new(Schema::connect(), &selection);
        let ids: Vec<String> = plan.cases.iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["CreateRule/invalid.enum-unknown/Actions[].ActionType"]);
    }
}
