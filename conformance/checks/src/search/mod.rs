//! Family search: what a search finds, held against what other searches find, and against what the run itself made.
//!
//! An index may lag: nothing is judged before it shows everything that was made. Relations between searches speak of
//! everything in the instance, where others create and delete at the same time: each search is made before and after,
//! and what came or went between is left out.

mod filter;
mod oracle;
mod probes;
mod questions;
mod relations;
mod searcher;

use connect_model::schema::OperationId;

use self::filter::Dialect;
use self::searcher::Searcher;
use crate::case::Level;
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::code::{Observed, Observer, Scope};
use crate::families::{Family, Services};
use crate::observe::Observation;
use crate::resources::{RESOURCES, Resource};
use crate::steps::Wait;

/// Where the rules on criteria come from.
const SEARCH: &str = "Connect, search operations: SearchCriteria and SearchFilter";

/// The rows of this file, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &AND_NARROWS,
    &OR_UNIONS,
    &EXACT_IN_PREFIX_IN_CONTAINS,
    &TYPE_PARTITION,
    &FILTER_ORACLE,
    &TAG_FILTER,
    &EVENTUALLY_VISIBLE,
];

/// `search.and-narrows`.
pub(crate) static AND_NARROWS: Check = Check {
    id: "search.and-narrows",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "AndConditions find what every one of them finds, in any order",
    source: SEARCH,
    passes: "of everything in the instance that stayed as it was: what both conditions find, in either order, and nothing that \
             one of them does not find",
    fails: "something that one of the conditions does not find, or nothing where both find something",
    code: &Observed { applies: |scope| searched(scope.name()).is_some(), by: &OBSERVER },
};

/// `search.or-unions`.
pub(crate) static OR_UNIONS: Check = Check {
    id: "search.or-unions",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "OrConditions find what any one of them finds",
    source: SEARCH,
    passes: "of everything in the instance that stayed as it was: what either condition finds, and nothing that neither finds",
    fails: "something that is left out though a condition finds it, or that neither finds",
    code: &Observed { applies: |scope| searched(scope.name()).is_some(), by: &OBSERVER },
};

/// `search.exact-in-prefix-in-contains`.
pub(crate) static EXACT_IN_PREFIX_IN_CONTAINS: Check = Check {
    id: "search.exact-in-prefix-in-contains",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what EXACT finds STARTS_WITH finds too, and what that finds CONTAINS finds",
    source: SEARCH,
    passes: "everything that the narrower comparison finds before and after is found by the wider one",
    fails: "something that is lost on the way",
    code: &Observed { applies: |scope| searched(scope.name()).is_some(), by: &OBSERVER },
};

/// `search.type-partition`.
pub(crate) static TYPE_PARTITION: Check = Check {
    id: "search.type-partition",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "searches by type divide flows: each flow is found under its own type and under no other",
    source: SEARCH,
    passes: "what stayed in the instance is found under one type",
    fails: "something that two types find, or none",
    code: &Observed { applies: is_typed, by: &OBSERVER },
};

/// `search.filter-oracle`.
pub(crate) static FILTER_ORACLE: Check = Check {
    id: "search.filter-oracle",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a search finds what its criteria say",
    source: SEARCH,
    passes: "of our resources, those that a local evaluation of the same criteria finds",
    fails: "one more or one less",
    code: &Observed { applies: |scope| searched(scope.name()).is_some(), by: &OBSERVER },
};

/// `search.tag-filter`.
pub(crate) static TAG_FILTER: Check = Check {
    id: "search.tag-filter",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a search finds what bears the tags that its filter asks for",
    source: "Connect API reference, ControlPlaneTagFilter, ContactFlowAttributeFilter and RuleAttributeFilter",
    passes: "of our resources, those that a local evaluation of the same filter finds: one tag, all of several, any of \
             several groups, and types where the filter knows them",
    fails: "one more; or one less, though the index knows its tags",
    code: &Observed { applies: |scope| searched(scope.name()).is_some(), by: &OBSERVER },
};

/// `search.eventually-visible`.
pub(crate) static EVENTUALLY_VISIBLE: Check = Check {
    id: "search.eventually-visible",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "what was created is found in the end",
    source: "Connect, search operations read an index that lags by an unknown time",
    passes: "everything that the run made, within a long while",
    fails: "something that is not found although the index shows what was made after it",
    code: &Observed { applies: |scope| searched(scope.name()).is_some(), by: &OBSERVER },
};

/// What a search operation calls things.
struct Form {
    operation: &'static str,
    /// Field that holds the name.
    field: &'static str,
    /// Members of `SearchFilter`, and how they are written.
    filters: &'static [(&'static str, Dialect)],
}

const FORMS: &[Form] = &[
    Form { operation: "SearchRules", field: "Name", filters: &[("AttributeFilter", Dialect::Groups)] },
    Form {
        operation: "SearchContactFlows",
        field: "name",
        filters: &[("TagFilter", Dialect::Lists), ("FlowAttributeFilter", Dialect::TypedGroups)],
    },
    Form { operation: "SearchContactFlowModules", field: "name", filters: &[("TagFilter", Dialect::Lists)] },
];

/// Items of a page: every search takes that many.
const PAGE: i64 = 100;

/// Longest text for CONTAINS that means something. Source: Connect API reference, SearchContactFlows.
const LONGEST_FRAGMENT: usize = 25;

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "search",
    checks: || CHECKS.to_vec(),
    services: Services::Connect,
    judges_input: false,
    compares_recorded: false,
};

static OBSERVER: Observer =
    Observer { name: "search", observe: |client, operation| Box::pin(observe(client, operation)) };

/// True if the operation searches for resources that have a type.
fn is_typed(scope: &Scope<'_>) -> bool {
    searched(scope.name())
        .and_then(|(kind, _)| scope.schema.operation_named(kind.create))
        .and_then(|create| scope.schema.input_members(&scope.schema[create]))
        .is_some_and(|members| members.get("Type").is_some())
}

fn searched(operation: &str) -> Option<(&'static Resource, &'static Form)> {
    let form = FORMS.iter().find(|form| form.operation == operation)?;
    let row = RESOURCES.iter().find(|row| row.search.is_some_and(|(name, _)| name == operation))?;
    Some((row, form))
}

/// Makes a few resources, waits for the index to show them, and asks for them in many ways.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    let Some((row, form)) = searched(&client.schema[operation].name) else { return seen };
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
    if searcher.visible(&mut seen).await {
        // The patience with the index is one for all questions: what it has not learned then, it has lost.
        let mut wait = Wait::for_index(client);
        searcher.ask_all(&mut wait, &mut seen).await;
        if let Err(why) = searcher.relate(&mut seen).await {
            seen.block(why);
        }
        searcher.probe().await;
    }
    seen
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::schema::Schema;
    use connect_model::validate::validate;
    use serde_json::json;

    use super::filter::{Filter, Group};
    use super::oracle::{Comparison, Node};
    use super::*;
    use crate::selection::Selection;

    #[test]
    fn every_form_agrees_with_the_model() {
        let schema = Schema::connect();
        for form in FORMS {
            let operation = schema.operation_named(form.operation).unwrap();
            assert!(searched(form.operation).is_some(), "{}", form.operation);
            let tree = Node::All(vec![Node::Name(Comparison::Contains, "ab".to_owned())]);
            let tag = ("key".to_owned(), "value".to_owned());
            let group = || Group { tags: vec![tag.clone()], kind: None };
            for (member, dialect) in form.filters {
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
        assert!(searched("SearchQueues").is_none());
    }
}
