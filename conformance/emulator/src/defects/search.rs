//! Defects: searches that find too much or too little.

use serde_json::Value;

use crate::defects::edits::{compare_as, cut_list, edit_criteria, edit_filter, edit_search, move_list};
use crate::defects::{Defect, Family, Fault};
use crate::policy::Finds;

/// What is not looked at may be invalid, too.
const UNSEEN: &[&str] = &["invalid.enum-case", "invalid.enum-unknown", "invalid.null-element", "invalid.wrong-type"];

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "search-finds-everything",
        family: Family::Search,
        summary: "criteria and filters of searches are not looked at",
        kills: &["search.filter-oracle", "search.type-partition", "search.tag-filter"],
        may: &[],
        fault: Fault::Policy(|policy| policy.finds = Finds::Everything),
    },
    Defect {
        id: "search-finds-newest",
        family: Family::Search,
        summary: "searches with criteria find only what was created last of all that satisfies them",
        kills: &["search.filter-oracle", "search.exact-in-prefix-in-contains"],
        may: &["search.and-narrows", "search.or-unions", "search.type-partition"],
        fault: Fault::Policy(|policy| policy.finds = Finds::Newest),
    },
    Defect {
        id: "search-index-forgets",
        family: Family::Search,
        summary: "what has a name that ends in \"two\" never comes to the index",
        kills: &["search.eventually-visible"],
        may: &[],
        fault: Fault::Body(|scene, body| {
            if scene.operation.is_some_and(|operation| operation.name.starts_with("Search")) {
                for items in body.as_object_mut().into_iter().flat_map(|body| body.values_mut()) {
                    if let Value::Array(items) = items {
                        items.retain(|item| !item["Name"].as_str().is_some_and(|name| name.ends_with("two")));
                    }
                }
            }
        }),
    },
    Defect {
        id: "search-and-as-or",
        family: Family::Search,
        summary: "AndConditions are read as OrConditions",
        kills: &["search.and-narrows", "search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| move_list(node, "AndConditions", "OrConditions"))
        }),
    },
    Defect {
        id: "search-or-as-and",
        family: Family::Search,
        summary: "OrConditions are read as AndConditions",
        kills: &["search.or-unions", "search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| move_list(node, "OrConditions", "AndConditions"))
        }),
    },
    Defect {
        id: "search-or-drops-last",
        family: Family::Search,
        summary: "the last of several OrConditions is not looked at",
        kills: &["search.or-unions", "search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| cut_list(node, "OrConditions", |length| length.saturating_sub(1).max(1)))
        }),
    },
    Defect {
        id: "search-and-drops-last",
        family: Family::Search,
        summary: "the last of several AndConditions is not looked at",
        kills: &["search.and-narrows", "search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| cut_list(node, "AndConditions", |length| length.saturating_sub(1).max(1)))
        }),
    },
    Defect {
        id: "search-contains-as-exact",
        family: Family::Search,
        summary: "CONTAINS is read as EXACT",
        kills: &["search.exact-in-prefix-in-contains", "search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| edit_criteria(request, &|node| compare_as(node, "CONTAINS", "EXACT"))),
    },
    Defect {
        id: "search-starts-with-as-contains",
        family: Family::Search,
        summary: "STARTS_WITH is read as CONTAINS",
        kills: &["search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| edit_criteria(request, &|node| compare_as(node, "STARTS_WITH", "CONTAINS"))),
    },
    Defect {
        id: "search-starts-with-as-exact",
        family: Family::Search,
        summary: "STARTS_WITH is read as EXACT",
        kills: &["search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| edit_criteria(request, &|node| compare_as(node, "STARTS_WITH", "EXACT"))),
    },
    Defect {
        id: "search-exact-as-starts-with",
        family: Family::Search,
        summary: "EXACT is read as STARTS_WITH",
        kills: &["search.filter-oracle"],
        may: &[],
        fault: Fault::Request(|request| edit_criteria(request, &|node| compare_as(node, "EXACT", "STARTS_WITH"))),
    },
    Defect {
        id: "search-type-ignored",
        family: Family::Search,
        summary: "TypeCondition is not looked at",
        kills: &["search.type-partition", "search.filter-oracle"],
        may: UNSEEN,
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| drop(node.remove("TypeCondition")));
        }),
    },
    Defect {
        id: "search-filter-ignored",
        family: Family::Search,
        summary: "SearchFilter is not looked at",
        kills: &["search.tag-filter"],
        may: UNSEEN,
        fault: Fault::Request(|request| edit_search(request, &|body| drop(body.remove("SearchFilter")))),
    },
    Defect {
        id: "search-filter-and-first-only",
        family: Family::Search,
        summary: "of several tags that a filter asks for only the first is looked at",
        kills: &["search.tag-filter"],
        may: &[],
        fault: Fault::Request(|request| {
            edit_filter(request, &|filter| {
                cut_list(filter, "AndConditions", |_| 1);
                if let Some(Value::Object(group)) = filter.get_mut("AndCondition") {
                    cut_list(group, "TagConditions", |_| 1);
                }
            });
        }),
    },
    Defect {
        id: "search-filter-or-first-only",
        family: Family::Search,
        summary: "of several groups of tags in a filter only the first is looked at",
        kills: &["search.tag-filter"],
        may: &[],
        fault: Fault::Request(|request| edit_filter(request, &|filter| cut_list(filter, "OrConditions", |_| 1))),
    },
    Defect {
        id: "search-filter-type-ignored",
        family: Family::Search,
        summary: "the type in a filter of flows is not looked at",
        kills: &["search.tag-filter"],
        may: UNSEEN,
        fault: Fault::Request(|request| {
            edit_filter(request, &|filter| {
                filter.remove("ContactFlowTypeCondition");
                if let Some(Value::Object(group)) = filter.get_mut("AndCondition") {
                    group.remove("ContactFlowTypeCondition");
                }
            });
        }),
    },
];
