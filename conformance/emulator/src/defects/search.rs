//! Defects: searches that return too much or too little.

use serde_json::{Map, Value};

use crate::defects::edits::{compare_as, cut_list, edit_criteria, edit_filter, edit_search, move_list};
use crate::defects::hooks::{on_body, on_matches, on_request};
use crate::defects::{Defect, Family};

/// An ignored member may also be invalid.
const IGNORED: &[&str] = &[
    "invalid.enum-case",
    "invalid.enum-unknown",
    "invalid.null-element",
    "invalid.wrong-type",
    "keep.search-condition",
];

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "search-finds-everything",
        family: Family::Search,
        summary: "searches ignore criteria and filters",
        kills: &["search.filter-oracle", "search.type-partition", "search.tag-filter"],
        may: &["keep.search-condition"],
        seams: || on_matches(|_, matches| matches.fill(true)),
    },
    Defect {
        id: "search-finds-newest",
        family: Family::Search,
        summary: "searches with criteria find only the newest of the matching resources",
        kills: &["search.filter-oracle", "search.exact-in-prefix-in-contains"],
        may: &[
            "search.tag-filter",
            "search.and-narrows",
            "search.or-unions",
            "search.type-partition",
            "keep.search-condition",
        ],
        seams: || {
            on_matches(|input, matches| {
                if input.get("SearchCriteria").is_some() {
                    let newest = matches.iter().rposition(|matches| *matches);
                    for (at, matches) in matches.iter_mut().enumerate() {
                        *matches = Some(at) == newest;
                    }
                }
            })
        },
    },
    Defect {
        id: "search-index-forgets",
        family: Family::Search,
        summary: "resources whose name ends in \"two\" are never indexed",
        kills: &["search.eventually-visible"],
        may: &["keep.counts"],
        seams: || {
            on_body(|scene, body| {
                if scene.operation.is_some_and(|operation| operation.name.starts_with("Search")) {
                    for items in body.as_object_mut().into_iter().flat_map(|body| body.values_mut()) {
                        if let Value::Array(items) = items {
                            items.retain(|item| !item["Name"].as_str().is_some_and(|name| name.ends_with("two")));
                        }
                    }
                }
            })
        },
    },
    Defect {
        id: "search-and-as-or",
        family: Family::Search,
        summary: "AndConditions are read as OrConditions",
        kills: &["search.and-narrows", "search.filter-oracle"],
        may: &[],
        seams: || {
            on_request(|request| edit_criteria(request, &|node| move_list(node, "AndConditions", "OrConditions")))
        },
    },
    Defect {
        id: "search-or-as-and",
        family: Family::Search,
        summary: "OrConditions are read as AndConditions",
        kills: &["search.or-unions", "search.filter-oracle"],
        may: &[],
        seams: || {
            on_request(|request| edit_criteria(request, &|node| move_list(node, "OrConditions", "AndConditions")))
        },
    },
    Defect {
        id: "search-or-drops-last",
        family: Family::Search,
        summary: "the last of several OrConditions is ignored",
        kills: &["search.or-unions", "search.filter-oracle"],
        may: &[],
        seams: || {
            on_request(|request| {
                edit_criteria(request, &|node| cut_list(node, "OrConditions", |length| length.saturating_sub(1).max(1)))
            })
        },
    },
    Defect {
        id: "search-and-drops-last",
        family: Family::Search,
        summary: "the last of several AndConditions is ignored",
        kills: &["search.and-narrows", "search.filter-oracle"],
        may: &[],
        seams: || {
            on_request(|request| {
                edit_criteria(request, &|node| {
                    cut_list(node, "AndConditions", |length| length.saturating_sub(1).max(1))
                })
            })
        },
    },
    Defect {
        id: "search-contains-as-exact",
        family: Family::Search,
        summary: "CONTAINS is read as EXACT",
        kills: &["search.exact-in-prefix-in-contains", "search.filter-oracle"],
        may: &["keep.search-condition"],
        seams: || on_request(|request| edit_criteria(request, &|node| compare_as(node, "CONTAINS", "EXACT"))),
    },
    Defect {
        id: "search-starts-with-as-contains",
        family: Family::Search,
        summary: "STARTS_WITH is read as CONTAINS",
        kills: &["search.filter-oracle"],
        may: &[],
        seams: || on_request(|request| edit_criteria(request, &|node| compare_as(node, "STARTS_WITH", "CONTAINS"))),
    },
    Defect {
        id: "search-starts-with-as-exact",
        family: Family::Search,
        summary: "STARTS_WITH is read as EXACT",
        kills: &["search.filter-oracle"],
        may: &["search.tag-filter", "keep.search-condition"],
        seams: || on_request(|request| edit_criteria(request, &|node| compare_as(node, "STARTS_WITH", "EXACT"))),
    },
    Defect {
        id: "search-exact-as-starts-with",
        family: Family::Search,
        summary: "EXACT is read as STARTS_WITH",
        kills: &["search.filter-oracle"],
        may: &[],
        seams: || on_request(|request| edit_criteria(request, &|node| compare_as(node, "EXACT", "STARTS_WITH"))),
    },
    Defect {
        id: "search-type-ignored",
        family: Family::Search,
        summary: "TypeCondition is ignored",
        kills: &["search.type-partition", "search.filter-oracle"],
        may: IGNORED,
        seams: || {
            on_request(|request| {
                edit_criteria(request, &|node| drop(node.remove("TypeCondition")));
            })
        },
    },
    Defect {
        id: "search-filter-ignored",
        family: Family::Search,
        summary: "SearchFilter is ignored",
        kills: &["search.tag-filter"],
        may: IGNORED,
        seams: || on_request(|request| edit_search(request, &|body| drop(body.remove("SearchFilter")))),
    },
    Defect {
        id: "search-filter-and-first-only",
        family: Family::Search,
        summary: "of several tags in a filter only the first is compared",
        kills: &["search.tag-filter"],
        may: &[],
        seams: || {
            on_request(|request| {
                edit_filter(request, &|filter| {
                    cut_list(filter, "AndConditions", |_| 1);
                    if let Some(Value::Object(group)) = filter.get_mut("AndCondition") {
                        cut_list(group, "TagConditions", |_| 1);
                    }
                });
            })
        },
    },
    Defect {
        id: "search-filter-or-first-only",
        family: Family::Search,
        summary: "of several groups of tags in a filter only the first is compared",
        kills: &["search.tag-filter"],
        may: &[],
        seams: || on_request(|request| edit_filter(request, &|filter| cut_list(filter, "OrConditions", |_| 1))),
    },
    Defect {
        id: "search-filter-type-ignored",
        family: Family::Search,
        summary: "the type in a filter of flows is ignored",
        kills: &["search.tag-filter"],
        may: IGNORED,
        seams: || {
            on_request(|request| {
                edit_filter(request, &|filter| {
                    filter.remove("ContactFlowTypeCondition");
                    if let Some(Value::Object(group)) = filter.get_mut("AndCondition") {
                        group.remove("ContactFlowTypeCondition");
                    }
                });
            })
        },
    },
    Defect {
        id: "search-tag-values-differ",
        family: Family::Search,
        summary: "a filter compares tag values with something else than was asked for, and finds nothing",
        kills: &["search.tag-filter"],
        may: &["keep.search-condition"],
        seams: || on_request(|request| edit_filter(request, &misread_values)),
    },
    Defect {
        id: "search-index-stays-empty",
        family: Family::Search,
        summary: "searches find nothing",
        kills: &["search.eventually-visible"],
        may: &[],
        seams: || on_matches(|_, matches| matches.fill(false)),
    },
    Defect {
        id: "search-or-takes-two",
        family: Family::Search,
        summary: "of three or more OrConditions the first two are read",
        kills: &["search.filter-oracle"],
        may: &["keep.search-condition", "search.tag-filter"],
        seams: || {
            on_request(|request| edit_criteria(request, &|node| cut_list(node, "OrConditions", |length| length.min(2))))
        },
    },
    Defect {
        id: "search-reads-wildcards",
        family: Family::Search,
        summary: "an underscore in the value of CONTAINS stands for any letter",
        kills: &["search.filter-oracle"],
        may: &[],
        seams: || {
            on_request(|request| {
                edit_criteria(request, &|node| {
                    let contains = node.get("ComparisonType").is_some_and(|comparison| comparison == "CONTAINS");
                    if let Some(Value::String(text)) = node.get_mut("Value").filter(|_| contains)
                        && let Some((before, _)) = text.split_once('_').filter(|(before, _)| before.len() > 2)
                    {
                        *text = before.to_owned();
                    }
                });
            })
        },
    },
    Defect {
        id: "search-criteria-ignored-beside-tags",
        family: Family::Search,
        summary: "a search with a filter on tags ignores the criteria",
        kills: &["search.tag-filter"],
        may: &["invalid.wrong-type"],
        seams: || {
            on_request(|request| {
                edit_search(request, &|body| {
                    if body.get("SearchFilter").is_some_and(|filter| filter.to_string().contains("TagKey")) {
                        body.remove("SearchCriteria");
                    }
                });
            })
        },
    },
];

/// Appends a character to every tag value below a node.
fn misread_values(node: &mut Map<String, Value>) {
    for (name, value) in node.iter_mut() {
        match value {
            Value::String(text) if name == "TagValue" => text.push('~'),
            Value::Object(below) => misread_values(below),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(misread_values),
            _ => {}
        }
    }
}
