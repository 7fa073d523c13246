//! Defects: wrong pages, and page tokens that are checked wrongly.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use connect_model::validate::ViolationKind;
use serde_json::Value;

use crate::defects::edits::rename;
use crate::defects::hooks::{on_body, on_call, on_cut, on_request, on_response, overlook};
use crate::defects::seam::{Invocation, Seams};
use crate::defects::{Defect, Family};
use crate::handlers::Answer;
use crate::pages::{self, KeyPage, PageRequest, Size};
use crate::refusal::Refusal;
use crate::store::lock;

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "page-repeats-item",
        family: Family::Pagination,
        summary: "a page starts with the last item of the previous page",
        kills: &["pagination.no-duplicates", "pagination.size-may-change", "pagination.stable-under-change"],
        may: &[],
        seams: || on_cut(repeat_item),
    },
    Defect {
        id: "page-loses-item",
        family: Family::Pagination,
        summary: "the first item of every page but the first is missing",
        kills: &["pagination.complete", "pagination.sizes-agree", "pagination.stable-under-change"],
        // Searches of the whole instance see it only if it has more than a page, which depends on other checks.
        may: &[
            "keep.search-condition",
            "lifecycle.create-list",
            "search.and-narrows",
            "search.or-unions",
            "search.exact-in-prefix-in-contains",
            "search.type-partition",
            "keep.list-filter",
        ],
        seams: || on_cut(lose_item),
    },
    Defect {
        id: "long-page-repeats-first",
        family: Family::Pagination,
        summary: "a page with three items or more ends with its first item once more",
        kills: &["pagination.no-duplicates", "pagination.page-size"],
        may: &["keep.counts", "keep.repeated-read", "pagination.stable-under-change"],
        seams: || {
            on_cut(|page| {
                let mut cut = page.cut(page.position, page.size);
                if cut.keys.len() > 2 {
                    cut.keys.push(cut.keys[0]);
                }
                cut
            })
        },
    },
    Defect {
        id: "page-size-ignored",
        family: Family::Pagination,
        summary: "pages have the default size whatever the request says",
        kills: &["pagination.page-size"],
        may: &[],
        seams: || on_cut(|page| page.cut(page.position, Size { requested: None, ..page.size })),
    },
    Defect {
        id: "page-size-unbounded",
        family: Family::Pagination,
        summary: "page sizes outside the range in the model are accepted",
        kills: &["invalid.range-max"],
        may: &["invalid.range-min"],
        seams: || {
            overlook(|violation| {
                violation.path == "/MaxResults"
                    && matches!(violation.kind, ViolationKind::RangeMin | ViolationKind::RangeMax)
            })
        },
    },
    Defect {
        id: "least-page-size-refused",
        family: Family::Pagination,
        summary: "the minimum page size is rejected",
        kills: &["pagination.bounds"],
        may: &["accept.at-limit"],
        seams: || {
            on_request(|request| {
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
            })
        },
    },
    Defect {
        id: "token-loop",
        family: Family::Pagination,
        summary: "the last page has a token that leads to itself",
        kills: &["pagination.terminates"],
        may: &[],
        seams: || on_cut(never_end),
    },
    Defect {
        id: "token-on-last-page",
        family: Family::Pagination,
        summary: "the last page has a token, which is then rejected",
        kills: &["pagination.end-without-token"],
        may: &[],
        seams: || {
            on_body(|scene, body| {
                let pagination = scene.operation.and_then(|operation| operation.pagination.as_ref());
                if let (Some(pagination), Value::Object(body)) = (pagination, body)
                    && let ([token], Some([items])) = (pagination.output_token.as_slice(), pagination.items.as_deref())
                    && body.get(items).is_some_and(Value::is_array)
                {
                    body.entry(token.as_str()).or_insert_with(|| "end".into());
                }
            })
        },
    },
    Defect {
        id: "token-used-once",
        family: Family::Pagination,
        summary: "a token is rejected when it is used again",
        // Two traversals of one list have the same tokens.
        kills: &["pagination.token-repeatable"],
        may: &["pagination.end-without-token"],
        seams: || Arc::new(SingleUse::default()),
    },
    Defect {
        id: "page-by-offset",
        family: Family::Pagination,
        summary: "a token counts the items before it, so that a deletion during paging hides another item",
        kills: &["pagination.stable-under-change"],
        may: &["search.and-narrows", "search.or-unions", "search.exact-in-prefix-in-contains", "search.type-partition"],
        seams: || on_cut(|page| cut_by_offset(page, (page.keys)(0).collect())),
    },
    Defect {
        id: "page-newest-first-by-offset",
        family: Family::Pagination,
        summary: "lists start with the newest item, and a token counts the items before it, so that a creation repeats items",
        kills: &["pagination.stable-under-change"],
        may: &[],
        seams: || {
            on_cut(|page| {
                let mut keys: Vec<u64> = (page.keys)(0).collect();
                keys.reverse();
                cut_by_offset(page, keys)
            })
        },
    },
    Defect {
        id: "page-of-three-loses-last",
        family: Family::Pagination,
        summary: "the last item is missing in pages of three",
        kills: &["pagination.sizes-agree"],
        // Its control, the whole list on pages of this size, may lose an item that another case just deletes.
        may: &["keep.list-filter"],
        seams: || {
            on_cut(|page| {
                let mut cut = page.cut(page.position, page.size);
                if page.size.limit() == 3 && cut.next.is_none() {
                    cut.keys.pop();
                }
                cut
            })
        },
    },
    Defect {
        id: "token-bound-to-size",
        family: Family::Pagination,
        summary: "a token is rejected with another page size",
        kills: &["pagination.size-may-change"],
        may: &[],
        seams: || Arc::new(BoundToSize),
    },
    Defect {
        id: "token-carries-instance",
        family: Family::Pagination,
        summary: "a token leads to the instance that it was issued for, whatever the request says",
        kills: &["pagination.token-foreign"],
        may: &[],
        seams: || on_call(follow_token),
    },
    Defect {
        id: "token-breaks-server",
        family: Family::Pagination,
        summary: "a token of another list is answered with an internal error",
        kills: &["pagination.token-foreign", "pagination.token-tampered"],
        may: &[],
        seams: || {
            on_response(|_, response| {
                if response.status == 400
                    && String::from_utf8_lossy(&response.body).contains("NextToken is not a token")
                {
                    response.status = 500;
                    rename(response, Some("InternalServiceException"));
                }
            })
        },
    },
    Defect {
        id: "token-not-checked",
        family: Family::Pagination,
        summary: "any string is accepted as a token",
        kills: &["pagination.token-tampered"],
        may: &[],
        seams: || Arc::new(Unchecked),
    },
    Defect {
        id: "total-of-page",
        family: Family::Pagination,
        summary: "ApproximateTotalCount counts the page instead of all matches",
        kills: &["pagination.total-count"],
        may: &["keep.counts"],
        seams: || {
            on_body(|_, body| {
                let items = body.as_object().and_then(|body| body.values().find_map(Value::as_array)).map(Vec::len);
                if let (Some(items), Some(total)) = (items, body.get_mut("ApproximateTotalCount")) {
                    *total = items.into();
                }
            })
        },
    },
];

/// Marks a position. Order keys are far smaller.
pub(crate) const MARK: u64 = 1 << 63;

/// Starts a page with the last item of the previous one. A position is marked if its last item was repeated alone.
fn repeat_item(page: &PageRequest<'_>) -> KeyPage {
    let (mut position, is_marked) = (page.position & !MARK, page.position & MARK != 0);
    let repeats = position > 0 && !is_marked;
    let mut keys: Vec<u64> = repeats.then(|| (page.keys)(position - 1).next()).flatten().into_iter().collect();
    let repeated = !keys.is_empty();
    let mut rest = (page.keys)(position).peekable();
    while keys.len() < page.size.limit() {
        let Some(key) = rest.next() else { break };
        position = key;
        keys.push(key);
    }
    let mark = if repeated && keys.len() == 1 { MARK } else { 0 };
    KeyPage { keys, next: rest.peek().map(|_| position | mark) }
}

/// Continues after the first item of the next page.
fn lose_item(page: &PageRequest<'_>) -> KeyPage {
    let mut cut = page.cut(page.position, page.size);
    cut.next = cut.next.and_then(|last| (page.keys)(last).next());
    cut
}

/// Ends with a token of the last item.
fn never_end(page: &PageRequest<'_>) -> KeyPage {
    let mut cut = page.cut(page.position, page.size);
    let last = cut.keys.last().copied().unwrap_or(page.position);
    cut.next = cut.next.or((last > 0).then_some(last));
    cut
}

/// Counts items instead of remembering the last one.
fn cut_by_offset(page: &PageRequest<'_>, all: Vec<u64>) -> KeyPage {
    let total = all.len() as u64;
    let skipped = usize::try_from(page.position).unwrap_or(usize::MAX);
    let keys: Vec<u64> = all.into_iter().skip(skipped).take(page.size.limit()).collect();
    let shown = page.position + keys.len() as u64;
    KeyPage { keys, next: (shown < total).then_some(shown) }
}

/// Keeps the page size in the upper half of a position.
struct BoundToSize;

impl Seams for BoundToSize {
    fn cut(&self, page: &PageRequest<'_>) -> Result<KeyPage, Refusal> {
        let limit = page.size.limit() as u64;
        if page.position > 0 && page.position >> 32 != limit {
            return Err(pages::foreign_token());
        }
        let mut cut = page.cut(page.position & u64::from(u32::MAX), page.size);
        cut.next = cut.next.map(|last| limit << 32 | last);
        Ok(cut)
    }
}

/// Tokens that were used.
#[derive(Default)]
struct SingleUse(Mutex<HashSet<String>>);

impl Seams for SingleUse {
    fn token(&self, token: &str, read: Result<u64, Refusal>) -> Result<u64, Refusal> {
        let position = read?;
        if lock(&self.0).insert(token.to_owned()) { Ok(position) } else { Err(pages::foreign_token()) }
    }
}

struct Unchecked;

impl Seams for Unchecked {
    fn token(&self, token: &str, _: Result<u64, Refusal>) -> Result<u64, Refusal> {
        Ok(pages::parse(token).map_or(0, |(position, _)| u64::from_be_bytes(position)))
    }
}

/// Appends the instance to tokens, and lists the instance in the token of a request.
fn follow_token(call: &Invocation<'_>) -> Answer {
    if !call.has_handler {
        return call.perform(call.input);
    }
    let mut input = call.input.clone();
    if let Some((token, instance)) = call.input["NextToken"].as_str().and_then(|token| token.split_once('.')) {
        input["NextToken"] = token.into();
        input["InstanceId"] = instance.into();
    }
    let mut answer = call.perform(&input);
    if let (Answer::Performed(Ok(output)), Some(instance)) = (&mut answer, input["InstanceId"].as_str())
        && let Some(Value::String(token)) = output.get_mut("NextToken")
    {
        token.push('.');
        token.push_str(instance);
    }
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::pages::{Pages, Scope};

    /// The pages of the keys 1 to 5 under a defect, or the first 50.
    fn all_pages(defect: &str, size: usize) -> Vec<Vec<u64>> {
        let pages = Pages::new(1, (Defect::named(defect).unwrap().seams)());
        let (scope, mut token, mut all) = (Scope::new("List", "i", &json!({})), None::<String>, Vec::new());
        for _ in 0..50 {
            let size = Size { requested: Some(size as i64), default: 100 };
            let page = pages.cut(&scope, token.as_deref(), size, |after| (after + 1..6).map(|key| (key, key))).unwrap();
            all.push(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        all
    }

    #[test]
    fn each_defect_breaks_its_own_rule_and_no_other() {
        for size in 1..4 {
            let repeats = all_pages("page-repeats-item", size);
            assert!(repeats.concat().len() > 5 && repeats.iter().all(|page| page.len() <= size));
            assert_eq!(repeats.concat().into_iter().collect::<BTreeSet<_>>().len(), 5);
            assert!(repeats.len() < 50);

            let loses = all_pages("page-loses-item", size).concat();
            assert!(loses.len() < 5 && loses.iter().collect::<BTreeSet<_>>().len() == loses.len());

            assert_eq!(all_pages("page-size-ignored", size), [[1, 2, 3, 4, 5]]);

            let sized = all_pages("page-of-three-loses-last", size).concat();
            assert_eq!(sized.len(), if size == 3 { 4 } else { 5 });
            assert_eq!(all_pages("page-by-offset", size).concat(), [1, 2, 3, 4, 5]);
            assert_eq!(all_pages("page-newest-first-by-offset", size).concat(), [5, 4, 3, 2, 1]);
            assert_eq!(all_pages("token-bound-to-size", size).concat(), [1, 2, 3, 4, 5]);

            let endless = all_pages("token-loop", size);
            assert!(endless.len() == 50 && endless.concat() == [1, 2, 3, 4, 5]);
        }
    }
}
