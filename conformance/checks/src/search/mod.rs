//! Family search: the results of searches, compared with the results of other searches and with the resources that the
//! run created.
//!
//! The index may lag, so nothing is judged until it shows all created resources. Relations between searches concern all
//! resources of the instance, which others may change at the same time. Each search is therefore repeated, and
//! resources that were created or deleted in between are ignored.

pub(crate) mod conditions;
mod filter;
mod oracle;
mod probes;
mod queries;
mod relations;
mod searcher;

use connect_model::schema::{Members, OperationId, Schema};

use self::filter::Dialect;
use self::oracle::{Comparison, Node};
use self::searcher::Searcher;
use crate::case::Level;
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::code::{Observed, Observer, Scope};
use crate::evidence::Evidence;
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::observe::Observation;
use crate::resources;
use crate::resources::Resource;
use crate::steps::Wait;

/// Source of the rules on criteria.
const CRITERIA: Evidence =
    Evidence::documentation("Connect API reference, the search operations: SearchCriteria and SearchFilter");

/// The checks of this family, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &AND_NARROWS,
    &OR_UNIONS,
    &EXACT_IN_PREFIX_IN_CONTAINS,
    &TYPE_PARTITION,
    &FILTER_ORACLE,
    &TAG_FILTER,
    &EVENTUALLY_VISIBLE,
];

pub(crate) static AND_NARROWS: Check = Check {
    id: "search.and-narrows",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "AndConditions find the resources that every condition finds, in any order",
    evidence: &[CRITERIA],
    harm: Harm::WrongData,
    fault: "found the wrong resources with AndConditions",
    passes: "of all unchanged resources in the instance: those that both conditions find, in either order, and none \
             that one of the conditions does not find",
    fails: "a resource that one of the conditions does not find, or a missing resource that both find",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

pub(crate) static OR_UNIONS: Check = Check {
    id: "search.or-unions",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "OrConditions find the resources that at least one condition finds",
    evidence: &[CRITERIA],
    harm: Harm::WrongData,
    fault: "found the wrong resources with OrConditions",
    passes: "of all unchanged resources in the instance: those that either condition finds, and no others",
    fails: "a missing resource that a condition finds, or a resource that neither finds",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

pub(crate) static EXACT_IN_PREFIX_IN_CONTAINS: Check = Check {
    id: "search.exact-in-prefix-in-contains",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "STARTS_WITH finds everything that EXACT finds, and CONTAINS finds everything that STARTS_WITH finds",
    evidence: &[Evidence::model(
        "service model of Amazon Connect (botocore), StringComparisonType: STARTS_WITH, CONTAINS, EXACT",
    )],
    harm: Harm::WrongData,
    fault: "missed with a wider comparison what a narrower one finds",
    passes: "the wider comparison finds everything that the narrower one finds before and after it",
    fails: "a resource that the narrower comparison finds and the wider one does not",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

pub(crate) static TYPE_PARTITION: Check = Check {
    id: "search.type-partition",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a search by type finds each flow under its own type and under no other",
    evidence: &[Evidence::documentation(
        "Connect API reference, ContactFlowSearchCriteria: TypeCondition is the type of the flow",
    )],
    harm: Harm::WrongData,
    fault: "found a flow under two types, or under none",
    passes: "each unchanged resource in the instance is found under one type",
    fails: "a resource that is found under two types, or under none",
    code: &Observed { applies: is_typed, by: &OBSERVER },
};

pub(crate) static FILTER_ORACLE: Check = Check {
    id: "search.filter-oracle",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a search finds exactly the resources that satisfy its criteria",
    evidence: &[CRITERIA],
    harm: Harm::WrongData,
    fault: "found resources that do not match the search, or missed ones that do",
    passes: "of the resources of the run, those that a local evaluation of the same criteria finds",
    fails: "an additional or a missing resource",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

pub(crate) static TAG_FILTER: Check = Check {
    id: "search.tag-filter",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a search finds exactly the resources with the tags that its filter requires",
    evidence: &[Evidence::documentation(
        "Connect API reference, ControlPlaneTagFilter, ContactFlowAttributeFilter and RuleAttributeFilter",
    )],
    harm: Harm::WrongData,
    fault: "found resources without the required tags, or missed ones with them",
    passes: "of the resources of the run, those that a local evaluation of the same filter finds: one tag, all of \
             several, any of several groups, and types if the filter supports them",
    fails: "an additional resource; a missing resource whose tags are in the index",
    code: &Observed { applies: is_tagged, by: &OBSERVER },
};

/// Part of the reason of every case that waited for a search in vain.
pub const INDEX_LAGS: &str = "the index does not show";

pub(crate) static EVENTUALLY_VISIBLE: Check = Check {
    id: "search.eventually-visible",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "a search eventually finds created resources",
    evidence: &[Evidence::inference(
        "search operations read an index that lags by an unknown time; no source promises when it catches up",
    )],
    harm: Harm::WrongData,
    fault: "never found a created resource",
    passes: "all resources that the run created, within a long time",
    fails: "a resource that is not found, although the index shows one that was created after it",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

/// The names of members and fields of a search operation.
struct Form {
    operation: &'static str,
    /// Field that contains the name.
    field: &'static str,
    /// Other searchable fields. Source: Connect API reference, the search operations.
    fields: Fields,
    /// Members of `SearchFilter`, each with its syntax.
    filters: Vec<(&'static str, Dialect)>,
}

/// Fields by which the resources of a search are found, each with its JSON Pointer in a description and the comparisons that
/// are certain.
type Fields = &'static [(&'static str, &'static str, &'static [Comparison])];

/// The comparisons of names and descriptions.
const TEXT: &[Comparison] = &[Comparison::Exact, Comparison::StartsWith, Comparison::Contains];

/// The comparison of ids and of other values that are no text: no source says what a part of them finds.
const VALUE: &[Comparison] = &[Comparison::Exact];

/// Searches with other fields than the rest: the field that contains the name, and the others.
const FIELDS: &[(&str, &str, Fields)] = &[
    (
        "SearchRules",
        "Name",
        &[
            ("RuleId", "/RuleId", TEXT),
            ("PublishStatus", "/PublishStatus", TEXT),
            ("EventSourceName", "/TriggerEventSource/EventSourceName", TEXT),
        ],
    ),
    ("SearchContactFlows", "name", &[("description", "/Description", TEXT)]),
    ("SearchContactFlowModules", "name", &[("description", "/Description", TEXT)]),
    ("SearchUsers", "Username", &[]),
    ("SearchQueues", "name", &[("description", "/Description", TEXT), ("resourceID", "/QueueId", VALUE)]),
    ("SearchPrompts", "name", &[("description", "/Description", TEXT), ("resourceID", "/PromptId", VALUE)]),
    (
        "SearchHoursOfOperations",
        "name",
        &[
            ("description", "/Description", TEXT),
            ("timezone", "/TimeZone", VALUE),
            ("resourceID", "/HoursOfOperationId", VALUE),
        ],
    ),
    ("SearchQuickConnects", "name", &[("description", "/Description", TEXT), ("resourceID", "/QuickConnectId", VALUE)]),
    (
        "SearchRoutingProfiles",
        "name",
        &[("description", "/Description", TEXT), ("resourceID", "/RoutingProfileId", VALUE)],
    ),
    ("SearchSecurityProfiles", "name", &[("description", "/Description", TEXT)]),
];

/// The form of the search for the resources of a kind, if it takes a condition on a text, and groups of conditions.
fn form(schema: &'static Schema, row: &Resource) -> Option<Form> {
    let (operation, _) = row.search.filter(|_| row.name_member.is_some())?;
    let input = schema.input_members(&schema[schema.operation_named(operation)?])?;
    let inner = |member: &str| schema[input.get(member)?.slot.target].kind.members();
    let criteria = inner("SearchCriteria")?;
    let has = |members: &Members, name: &str| members.get(name).is_some();
    ["StringCondition", "OrConditions", "AndConditions"].iter().all(|name| has(criteria, name)).then_some(())?;
    let known = FIELDS.iter().find(|(name, ..)| *name == operation);
    let (field, fields) = known.map_or(("name", &[][..]), |(_, field, fields)| (*field, *fields));
    let filters = inner("SearchFilter").into_iter().flatten().filter_map(|member| {
        let members = schema[member.slot.target].kind.members().filter(|members| has(members, "TagCondition"))?;
        let dialect = match () {
            () if has(members, "AndConditions") => Dialect::Lists,
            () if has(members, "ContactFlowTypeCondition") => Dialect::TypedGroups,
            () => Dialect::Groups,
        };
        Some((member.name.as_str(), dialect))
    });
    let filters = filters.filter(|_| row.tag_member().is_some()).collect();
    Some(Form { operation, field, fields, filters })
}

/// Page size; every search accepts it.
const PAGE: i64 = 100;

/// Maximum length of a text for CONTAINS. Source: Connect API reference, SearchContactFlows.
const MAX_FRAGMENT: usize = 25;

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "search",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, _| 110,
    compares_recorded: false,
};

pub(crate) static OBSERVER: Observer =
    Observer { name: "search", observe: |client, operation| Box::pin(observe(client, operation)) };

/// Returns true if the operation is a search whose results the run can create.
pub(crate) fn is_searched(scope: &Scope<'_>) -> bool {
    searched(scope.schema, scope.name()).is_some_and(|(row, _)| row.is_judged())
}

/// Returns true if such an operation also filters by tags.
fn is_tagged(scope: &Scope<'_>) -> bool {
    searched(scope.schema, scope.name()).is_some_and(|(row, form)| row.is_judged() && !form.filters.is_empty())
}

/// Returns true if the operation searches for resources that have a type.
fn is_typed(scope: &Scope<'_>) -> bool {
    searched(scope.schema, scope.name())
        .and_then(|(kind, _)| scope.schema.operation_named(kind.create))
        .and_then(|create| scope.schema.input_members(&scope.schema[create]))
        .is_some_and(|members| members.get("Type").is_some())
}

/// The resource that a search operation finds, and the form of the search.
fn searched(schema: &'static Schema, operation: &str) -> Option<(&'static Resource, Form)> {
    let (row, _) = resources::listed_by(schema, operation)?;
    let searches = row.search.is_some_and(|(name, _)| name == operation);
    Some((row, form(schema, row).filter(|_| searches)?))
}

/// Criteria of a search operation for the resources of a name. `None` if the operation is not searched by name here.
pub(crate) fn by_name(schema: &'static Schema, operation: &str, name: &str) -> Option<serde_json::Value> {
    let (_, form) = searched(schema, operation)?;
    Some(Node::Name(Comparison::Exact, name.to_owned()).encode(form.field))
}

/// Creates a few resources, waits until the index shows them, and searches for them in many ways.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    let Some((row, form)) = searched(client.schema, &client.schema[operation].name) else { return seen };
    let mut searcher = match Searcher::new(client, operation, row, form).await {
        Ok(searcher) => searcher,
        Err(why) => {
            seen.block(why);
            return seen;
        }
    };
    if let Err(why) = searcher.populate(&mut seen).await {
        seen.block(why);
        return seen;
    }
    if searcher.wait_until_visible(&mut seen).await {
        // All searches share one time limit: tags that the index does not have by then are lost.
        let mut wait = Wait::for_index(client);
        searcher.judge_queries(&mut wait, &mut seen).await;
        if let Err(why) = searcher.judge_relations(&mut seen).await {
            seen.block(why);
        }
        searcher.probe().await;
        searcher.judge_conditions(&mut Wait::for_index(client), &mut seen).await;
    }
    seen
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::validate::validate;
    use serde_json::json;

    use super::filter::{Filter, Group};
    use super::*;
    use crate::selection::Selection;
    use crate::steps;

    #[test]
    fn searchable_fields_are_members_of_the_description() {
        let schema = Schema::connect();
        for (operation, _, fields) in FIELDS {
            let row = resources::rows(schema).iter().find(|row| row.search.is_some_and(|(name, _)| name == *operation));
            let found = steps::described(schema, row.unwrap()).unwrap();
            for (field, pointer, _) in *fields {
                let mut members = Some(found);
                for name in pointer.split('/').skip(1) {
                    let member = members.and_then(|members| members.get(name));
                    let member = member.unwrap_or_else(|| unreachable!("{operation}: {field} is not at {pointer}"));
                    members = schema[member.slot.target].kind.members();
                }
            }
        }
    }

    #[test]
    fn forms_are_valid_in_the_model() {
        let schema = Schema::connect();
        let forms = || resources::rows(schema).iter().filter_map(|row| form(schema, row));
        for form in forms() {
            let operation = schema.operation_named(form.operation).unwrap();
            assert!(searched(schema, form.operation).is_some(), "{}", form.operation);
            let tree = Node::All(vec![Node::Name(Comparison::Contains, "ab".to_owned())]);
            let tag = ("key".to_owned(), "value".to_owned());
            let group = || Group { tags: vec![tag.clone()], kind: None };
            for (member, dialect) in &form.filters {
                let mut filters =
                    vec![Filter::Tag(tag.clone()), Filter::All(group()), Filter::Any(vec![group(), group()])];
                if *dialect == Dialect::TypedGroups {
                    filters.push(Filter::Type("CAMPAIGN".to_owned()));
                    filters.push(Filter::All(Group { kind: Some("CAMPAIGN".to_owned()), ..group() }));
                }
                for filter in filters {
                    let input = json!({
                        "InstanceId": "00000000-0000-4000-8000-000000000001",
                        "MaxResults": PAGE,
                        "SearchCriteria": Node::Any(vec![tree.clone()]).encode(form.field),
                        "SearchFilter": { *member: filter.encode(*dialect) },
                    });
                    assert_eq!(validate(schema, schema[operation].input.unwrap(), &input), [], "{}", form.operation);
                }
            }
            assert_eq!(
                is_typed(&Scope::new(schema, operation, &Selection::default())),
                form.operation == "SearchContactFlows"
            );
        }
        let filters = |name: &str| searched(schema, name).map(|(_, form)| form.filters);
        assert_eq!(filters("SearchQueues"), Some(vec![("TagFilter", Dialect::Lists)]));
        assert_eq!(filters("SearchRules"), Some(vec![("AttributeFilter", Dialect::Groups)]));
        assert!(filters("SearchContacts").is_none() && forms().count() > 12);
    }
}
