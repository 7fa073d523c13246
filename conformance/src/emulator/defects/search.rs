//! Defects: searches that find too much or too little.

use super::{Defect, Family, Fault};
use crate::emulator::edits::{edit_criteria, move_list};
use crate::emulator::policy::Finds;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "search-finds-everything",
        family: Family::Search,
        summary: "criteria and filters of searches are not looked at",
        kills: &["search.and-narrows"],
        may: &["search.or-unions", "search.type-partition", "search.filter-oracle"],
        fault: Fault::Policy(|policy| policy.finds = Finds::Everything),
    },
    Defect {
        id: "search-finds-newest",
        family: Family::Search,
        summary: "searches with criteria find only what was created last of all that satisfies them",
        kills: &["search.eventually-visible"],
        may: &[],
        fault: Fault::Policy(|policy| policy.finds = Finds::Newest),
    },
    Defect {
        id: "search-and-as-or",
        family: Family::Search,
        summary: "AndConditions are read as OrConditions",
        kills: &["search.and-narrows"],
        may: &["search.type-partition", "search.filter-oracle"],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| move_list(node, "AndConditions", "OrConditions"))
        }),
    },
    Defect {
        id: "search-or-as-and",
        family: Family::Search,
        summary: "OrConditions are read as AndConditions",
        kills: &["search.or-unions"],
        may: &["search.filter-oracle"],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| move_list(node, "OrConditions", "AndConditions"))
        }),
    },
    Defect {
        id: "search-contains-as-exact",
        family: Family::Search,
        summary: "CONTAINS is read as EXACT",
        kills: &["search.exact-in-prefix-in-contains"],
        may: &["search.filter-oracle"],
        fault: Fault::Request(|request| {
            edit_criteria(request, &|node| {
                if let Some(comparison) = node.get_mut("ComparisonType").filter(|value| *value == "CONTAINS") {
                    *comparison = "EXACT".into();
                }
            });
        }),
    },
];
