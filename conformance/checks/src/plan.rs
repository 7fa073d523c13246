//! What a run will try: checks × operations, as data. Sends nothing; ids depend on the model alone.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, Site, sites};
use connect_model::schema::{OperationId, Schema};
use connect_model::wire::encode_request;

use crate::case::CaseId;
use crate::case::{check_of, operation_of};
use crate::check::Check;
use crate::golden;
use crate::resources::Resource;
use crate::selection::Selection;
use crate::walks;
use crate::walks::Subject;
use crate::{check, error, idempotency, invalid, language, lifecycle, pagination, search, shape};

/// What is to be done for a case.
#[derive(Clone, Debug)]
pub enum Task {
    /// Ask the observation of valid requests.
    Shape,
    /// Ask the observation of provoked errors.
    Error,
    /// Ask the observation of walks over pages.
    Pagination,
    /// Repeat a call.
    Idempotency,
    /// Follow a resource from its creation on.
    Lifecycle(&'static Resource),
    /// Ask the observation of searches.
    Search,
    /// Walk at random.
    Walk(&'static Subject),
    /// Send a mutant and its twin.
    Mutation(Box<Site>),
    /// Ask as it was asked before, and compare with what was recorded.
    Golden,
    /// Send a request with a fault beside its value.
    Fault(invalid::Fault),
    /// Send a text that breaks a rule of its language, and its twin.
    Language(language::Trial),
}

/// A case with all that is needed to try it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Operation under test.
    pub operation: OperationId,
    /// The judge.
    pub check: &'static Check,
    /// What is done.
    pub task: Task,
    /// How many cases of walks come before it.
    pub walks_before: u32,
}

/// A plan: cases in order of operation and family, and what it leaves out.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Ids, in step with `tasks`.
    pub cases: Vec<CaseId>,
    /// What each case does.
    pub tasks: Vec<Planned>,
    /// Operations that are not sent, each with the reason.
    pub not_sent: Vec<String>,
    /// Recorded answers that belong to no case any more, each with what to do.
    pub stale: Vec<String>,
    /// Mutations that have no value or no form on the wire, each with the reason.
    pub left_out: Vec<String>,
    /// Cases of walks in all parts.
    pub walks: u32,
}

impl Plan {
    /// Plans what the selection asks for.
    pub fn new(schema: &Schema, selection: &Selection) -> Self {
        let mut plan = Self::default();
        // A narrowed run has nothing to say of the rest.
        let recorded = selection.golden.iter().filter(|_| selection.is_whole());
        plan.stale.extend(recorded.flat_map(|recorded| golden::orphans(recorded, schema)));
        for (id, operation) in schema.operations() {
            if !selection.wants_operation(&operation.name) {
                continue;
            }
            if let Some(why) = &operation.refused {
                plan.not_sent.push(format!("{}: {why}", operation.name));
                continue;
            }
            if let Err(why) = selection.permission.check(schema, operation) {
                plan.not_sent.push(why);
                continue;
            }
            plan.operation(schema, id, selection);
        }
        plan.narrow(selection);
        plan
    }

    /// Leaves what belongs to the part that is tried, and was not tried before.
    fn narrow(&mut self, selection: &Selection) {
        if selection.shard.is_none() && selection.done.is_empty() {
            return;
        }
        let left_out =
            |line: &String| selection.shard.is_none_or(|shard| shard.has(operation_of(line), check_of(line)));
        self.left_out.retain(left_out);
        let (cases, tasks) = (std::mem::take(&mut self.cases), std::mem::take(&mut self.tasks));
        (self.cases, self.tasks) = (cases.into_iter().zip(tasks))
            .filter(|(case, _)| selection.shard.is_none_or(|shard| shard.has(&case.operation, case.check)))
            .filter(|(case, _)| selection.done.is_empty() || !selection.done.contains(&case.to_string()))
            .unzip();
    }

    fn operation(&mut self, schema: &Schema, operation: OperationId, selection: &Selection) {
        if let Some(recorded) = &selection.golden {
            for (check, way) in golden::planned(recorded, &schema[operation].name) {
                self.add(schema, selection, operation, check, way, Task::Golden);
            }
            return;
        }
        for check in shape::planned(schema, operation) {
            self.add(schema, selection, operation, check, None, Task::Shape);
        }
        if selection.wants_family("invalid") {
            self.invalid(schema, operation, selection);
        }
        if schema.service.sdk_id == "Connect" {
            for (check, trial) in language::planned(&schema[operation].name) {
                let variant = Some(trial.breach.kind.to_owned());
                self.add(schema, selection, operation, check, variant, Task::Language(trial));
            }
        }
        for check in error::planned(schema, operation) {
            self.add(schema, selection, operation, check, None, Task::Error);
        }
        for check in pagination::planned(schema, operation) {
            self.add(schema, selection, operation, check, None, Task::Pagination);
        }
        // What follows makes resources, and the table of resources is Connect's.
        if schema.service.sdk_id != "Connect" {
            return;
        }
        for check in idempotency::planned(schema, operation) {
            self.add(schema, selection, operation, check, None, Task::Idempotency);
        }
        for lifecycle::Scenario { check, row, variant } in lifecycle::planned(schema, operation) {
            self.add(schema, selection, operation, check, variant.map(str::to_owned), Task::Lifecycle(row));
        }
        if selection.walks {
            self.walks(schema, operation, selection);
        }
        for check in search::planned(schema, operation) {
            self.add(schema, selection, operation, check, None, Task::Search);
        }
    }

    fn walks(&mut self, schema: &Schema, operation: OperationId, selection: &Selection) {
        let (Some(check), Some(planned)) =
            (check::find("lifecycle.walk"), walks::planned(schema, operation, &selection.permission))
        else {
            return;
        };
        match planned {
            Ok(subject) => {
                let variant = Some(subject.name.to_owned());
                self.add(schema, selection, operation, check, variant, Task::Walk(subject));
            }
            Err(why) => self.not_sent.push(why),
        }
    }

    fn invalid(&mut self, schema: &Schema, operation: OperationId, selection: &Selection) {
        let contract = &schema[operation];
        let generator = Generator::new(schema, Config::sparse());
        let token = contract.pagination.as_ref().map(|pagination| pagination.input_token.as_str());
        for site in sites(schema, operation, Side::Input) {
            let variant = site.mutation.path.to_string();
            let Some(check) = check::find(invalid::check_of(site.mutation.kind).id) else { continue };
            // Tokens are opaque and come from the endpoint; that they cannot be forged is a check of its own.
            if token == Some(variant.as_str()) || !selection.wants(&contract.name, check, Some(&variant)) {
                continue;
            }
            let bytes = Stream::new(0, &variant).bytes(256);
            let mutant = generator.mutant(operation, Side::Input, &site, &mut Unstructured::new(&bytes));
            let expressible = mutant
                .map_err(|why| why.to_string())
                .and_then(|mutant| encode_request(schema, operation, &mutant.value).map_err(|why| why.to_string()));
            match expressible {
                Ok(_) => {
                    self.add(schema, selection, operation, check, Some(variant), Task::Mutation(Box::new(site)));
                }
                Err(why) => self.left_out.push(format!("{}/{}/{variant}: {why}", contract.name, check.id)),
            }
        }
        for (check, variant, fault) in invalid::faults(schema, operation) {
            self.add(schema, selection, operation, check, variant, Task::Fault(fault));
        }
    }

    fn add(
        &mut self,
        schema: &Schema,
        selection: &Selection,
        operation: OperationId,
        check: &'static Check,
        variant: Option<String>,
        task: Task,
    ) {
        let name = &schema[operation].name;
        if selection.wants(name, check, variant.as_deref()) {
            self.cases.push(CaseId { operation: name.clone(), check: check.id, variant });
            let walks_before = self.walks;
            self.walks += u32::from(matches!(task, Task::Walk(_)));
            self.tasks.push(Planned { operation, check, task, walks_before });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use super::*;
    use crate::changed::Touch;
    use crate::check;
    use crate::permission::{NEVER, Permission};
    use crate::selection::Shard;

    fn whole() -> Plan {
        let permission = Permission { loopback: true, ..Permission::default() };
        Plan::new(Schema::connect(), &Selection { permission, walks: true, ..Selection::default() })
    }

    #[test]
    fn every_operation_is_planned_and_ids_are_unique() {
        let plan = whole();
        let operations: BTreeSet<&str> = plan.cases.iter().map(|case| case.operation.as_str()).collect();
        assert_eq!(operations.len(), 405);
        let ids: BTreeSet<String> = plan.cases.iter().map(ToString::to_string).collect();
        assert_eq!(ids.len(), plan.cases.len());
        assert!(plan.cases.len() > 5000, "{}", plan.cases.len());
    }

    #[test]
    fn every_check_is_planned_somewhere_except_those_that_connect_cannot_break() {
        let plan = whole();
        let planned: BTreeSet<&str> = plan.cases.iter().map(|case| case.check).collect();
        let missing: Vec<&str> = check::all().iter().map(|check| check.id).filter(|id| !planned.contains(id)).collect();
        // Those of the family golden are planned for a comparison alone.
        let missing: Vec<&str> = missing.into_iter().filter(|id| !id.starts_with("golden.")).collect();
        assert_eq!(missing, ["invalid.blob-encoding", "invalid.unique"]);
    }

    #[test]
    fn away_from_loopback_only_reads_are_sent_unless_allowed() {
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
    fn of_an_operation_whose_answers_changed_nothing_is_tried_that_it_refuses() {
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
    fn parts_are_the_whole_and_stay_the_same() {
        let permission = Permission { loopback: true, ..Permission::default() };
        let cases = |shard: Option<&str>, operation: Option<&str>| -> BTreeSet<String> {
            let shard = shard.map(|text| text.parse().unwrap());
            let operations = operation.map(str::to_owned).into_iter().collect();
            let selection =
                Selection { permission: permission.clone(), walks: true, shard, operations, ..Selection::default() };
            Plan::new(Schema::connect(), &selection).cases.iter().map(ToString::to_string).collect()
        };
        let whole = cases(None, None);
        let parts = [cases(Some("1/3"), None), cases(Some("2/3"), None), cases(Some("3/3"), None)];
        assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), whole.len());
        assert_eq!(parts.iter().flatten().cloned().collect::<BTreeSet<_>>(), whole);
        for part in &parts {
            assert!(part.len() * 3 > whole.len() / 2, "{} of {}", part.len(), whole.len());
        }
        // What else is planned does not move a case.
        assert!(cases(Some("2/3"), Some("CreateRule")).is_subset(&parts[1]));
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_selection_narrows() {
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
