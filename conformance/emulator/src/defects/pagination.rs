//! Defects: walks through lists that go wrong.

use connect_model::validate::ViolationKind;
use serde_json::Value;

use crate::defects::edits::rename;
use crate::defects::{Defect, Family, Fault};
use crate::policy::Paging;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "page-repeats-item",
        family: Family::Pagination,
        summary: "a page begins with the last item of the page before",
        kills: &["pagination.no-duplicates", "pagination.size-may-change", "pagination.stable-under-change"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::RepeatsItem),
    },
    Defect {
        id: "page-loses-item",
        family: Family::Pagination,
        summary: "the first item of every page but the first is left out",
        kills: &["pagination.complete", "pagination.sizes-agree", "pagination.stable-under-change"],
        // Searches of the whole instance see it once it holds more than a page, which depends on what else runs.
        may: &[
            "lifecycle.create-list",
            "search.and-narrows",
            "search.or-unions",
            "search.exact-in-prefix-in-contains",
            "search.type-partition",
        ],
        fault: Fault::Policy(|policy| policy.paging = Paging::LosesItem),
    },
    Defect {
        id: "page-size-ignored",
        family: Family::Pagination,
        summary: "pages have the default size, whatever is asked for",
        kills: &["pagination.page-size"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::IgnoresSize),
    },
    Defect {
        id: "page-size-unbounded",
        family: Family::Pagination,
        summary: "page sizes outside the model's range are accepted",
        kills: &["invalid.range-max"],
        may: &["invalid.range-min"],
        fault: Fault::Overlook(|violation| {
            violation.path == "/MaxResults"
                && matches!(violation.kind, ViolationKind::RangeMin | ViolationKind::RangeMax)
        }),
    },
    Defect {
        id: "least-page-size-refused",
        family: Family::Pagination,
        summary: "the least page size of the model is refused",
        kills: &["pagination.bounds"],
        may: &[],
        fault: Fault::Request(|request| {
            for (one, none) in [("axResults=1&", "axResults=0&"), ("axResults\":1,", "axResults\":0,")] {
                let end = &one[one.len() - 1..];
                let at_end = (one.trim_end_matches(end), none.trim_end_matches(end));
                request.uri = request.uri.replace(one, none);
                if request.uri.ends_with(at_end.0) {
                    request.uri = request.uri.replace(at_end.0, at_end.1);
                }
                let body = String::from_utf8_lossy(&request.body).replace(one, none);
                let closing = (format!("{}}}", at_end.0), format!("{}}}", at_end.1));
                request.body = body.replace(&closing.0, &closing.1).into_bytes();
            }
        }),
    },
    Defect {
        id: "token-loop",
        family: Family::Pagination,
        summary: "the end of a list carries a token that leads to itself",
        kills: &["pagination.terminates"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::NeverEnds),
    },
    Defect {
        id: "token-on-last-page",
        family: Family::Pagination,
        summary: "the last page carries a text for a token, which is then refused",
        kills: &["pagination.end-without-token"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::TokenOnLast),
    },
    Defect {
        id: "token-used-once",
        family: Family::Pagination,
        summary: "a token is refused when it is used again",
        // Two walks of one list share their tokens.
        kills: &["pagination.token-repeatable"],
        may: &["pagination.end-without-token"],
        fault: Fault::Policy(|policy| policy.paging = Paging::SingleUse),
    },
    Defect {
        id: "page-by-offset",
        family: Family::Pagination,
        summary: "a token counts the items before it, so that a walk loses what moves up when something is deleted",
        kills: &["pagination.stable-under-change"],
        may: &["search.and-narrows", "search.or-unions", "search.exact-in-prefix-in-contains", "search.type-partition"],
        fault: Fault::Policy(|policy| policy.paging = Paging::ByOffset),
    },
    Defect {
        id: "page-newest-first-by-offset",
        family: Family::Pagination,
        summary: "lists begin with what was made last and count places, so that a creation repeats items",
        kills: &["pagination.stable-under-change"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::NewestByOffset),
    },
    Defect {
        id: "page-of-three-loses-last",
        family: Family::Pagination,
        summary: "the last item is left out in pages of three",
        kills: &["pagination.sizes-agree"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::LosesLastOfThrees),
    },
    Defect {
        id: "token-bound-to-size",
        family: Family::Pagination,
        summary: "a token is refused with another page size",
        kills: &["pagination.size-may-change"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::BoundToSize),
    },
    Defect {
        id: "token-carries-instance",
        family: Family::Pagination,
        summary: "a token leads into the instance that it was given in, whatever the request says",
        kills: &["pagination.token-foreign"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::CarriesPlace),
    },
    Defect {
        id: "token-breaks-server",
        family: Family::Pagination,
        summary: "a token that is not of this walk ends in an internal error",
        kills: &["pagination.token-foreign", "pagination.token-tampered"],
        may: &[],
        fault: Fault::Reply(|_, response| {
            if response.status == 400 && String::from_utf8_lossy(&response.body).contains("NextToken is not a token") {
                response.status = 500;
                rename(response, Some("InternalServiceException"));
            }
        }),
    },
    Defect {
        id: "token-not-checked",
        family: Family::Pagination,
        summary: "any text is taken for a token",
        kills: &["pagination.token-tampered"],
        may: &[],
        fault: Fault::Policy(|policy| policy.paging = Paging::Unchecked),
    },
    Defect {
        id: "total-of-page",
        family: Family::Pagination,
        summary: "ApproximateTotalCount counts the page and not what was found",
        kills: &["pagination.total-count"],
        may: &[],
        fault: Fault::Body(|_, body| {
            let items = body.as_object().and_then(|body| body.values().find_map(Value::as_array)).map(Vec::len);
            if let (Some(items), Some(total)) = (items, body.get_mut("ApproximateTotalCount")) {
                *total = items.into();
            }
        }),
    },
];
