//! Family pagination: the pages of a list contain every item exactly once, and paging ends.

mod change;
mod fixtures;
mod judge;
mod tokens;

use connect_model::schema::{OperationId, Schema};

use self::fixtures::Fixtures;
use self::judge::PageJudge;
use crate::case::Level;
use crate::check::{Check, Remote};
use crate::client::Client;
use crate::client::pager::{Pager, page_sizes};
use crate::code::{Observed, Observer, Scope};
use crate::evidence::{Evidence, MODEL};
use crate::families::{Family, Services};
use crate::harm::Harm;
use crate::observe::Observation;
use crate::resources;

/// A token means more results, according to Smithy.
const MORE: Evidence = Evidence::normative(
    "Smithy paginated trait: a token that is present and not empty means that there are more results",
);
/// A token means more results, according to Connect.
const NEXT: Evidence =
    Evidence::documentation("Connect API reference, NextToken: if there are additional results, the token for them");

/// The checks of this family, in the order in which they are planned.
pub(crate) static CHECKS: &[&Check] = &[
    &COMPLETE,
    &NO_DUPLICATES,
    &PAGE_SIZE,
    &TERMINATES,
    &END_WITHOUT_TOKEN,
    &TOKEN_REPEATABLE,
    &TOKEN_TAMPERED,
    &TOKEN_FOREIGN,
    &SIZE_MAY_CHANGE,
    &SIZES_AGREE,
    &STABLE_UNDER_CHANGE,
    &BOUNDS,
    &TOTAL_COUNT,
];

pub(crate) static COMPLETE: Check = Check {
    id: "pagination.complete",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the pages together contain everything that the run created and everything that larger pages contain",
    evidence: &[
        Evidence::normative(
            "Smithy paginated trait: several invocations retrieve all results, and a token means more results",
        ),
        NEXT,
    ],
    harm: Harm::WrongData,
    fault: "left items out of pages",
    passes: "small pages and large pages contain the same set, with every resource that the run created",
    fails: "an item that is lost at a page size or a page boundary",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.sized_items()), by: &OBSERVER },
};

pub(crate) static NO_DUPLICATES: Check = Check {
    id: "pagination.no-duplicates",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "no item is shown twice in one traversal",
    evidence: &[Evidence::normative("Smithy paginated trait: responses should not return an item more than once")],
    harm: Harm::WrongData,
    fault: "showed an item twice",
    passes: "all items of a traversal differ",
    fails: "the last item of a page is the first of the next; an item is on a page twice",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.items), by: &OBSERVER },
};

pub(crate) static PAGE_SIZE: Check = Check {
    id: "pagination.page-size",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a page contains no more items than requested",
    evidence: &[
        Evidence::normative("Smithy paginated trait: pageSize limits the number of results"),
        Evidence::documentation("Connect API reference, MaxResults: the maximum number of results per page"),
    ],
    harm: Harm::Form,
    fault: "returned more items on a page than requested",
    passes: "as many items as requested, fewer, or none",
    fails: "three items if two were requested",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.sized_items()), by: &OBSERVER },
};

pub(crate) static TERMINATES: Check = Check {
    id: "pagination.terminates",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "paging ends, and no token occurs twice",
    evidence: &[MORE, NEXT],
    harm: Harm::Crash,
    fault: "did not end paging, or returned a token twice",
    passes: "a last page whose token is absent, null or empty",
    fails: "a token that occurred before; a hundred consecutive pages without a new item, each with a different \
            token; at level should: such pages, if they are empty",
    code: &Observed { applies: |scope| paging(scope).is_some(), by: &OBSERVER },
};

pub(crate) static END_WITHOUT_TOKEN: Check = Check {
    id: "pagination.end-without-token",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the last page has no token: every token leads to another page",
    evidence: &[MORE, NEXT],
    harm: Harm::Form,
    fault: "returned a page token and then rejected it",
    passes: "no token with the last item; a token that leads to an empty page is reported as a note",
    fails: "a token that the endpoint returned and then rejects",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.items), by: &OBSERVER },
};

pub(crate) static TOKEN_REPEATABLE: Check = Check {
    id: "pagination.token-repeatable",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a token returns the same page each time, as long as nothing changes",
    evidence: &[Evidence::normative(
        "Smithy paginated trait: given a token, the service returns the results from where the previous response left off",
    )],
    harm: Harm::WrongData,
    fault: "returned another page when a token was used again",
    passes: "the same items for the same request",
    fails: "a token that can be used only once, or that returns the next page the second time",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.items), by: &OBSERVER },
};

pub(crate) static TOKEN_TAMPERED: Check = Check {
    id: "pagination.token-tampered",
    level: Level::Should,
    remote: Remote::SHOULD,
    rule: "a token that the endpoint did not return is rejected",
    evidence: &[
        Evidence::normative("RFC 9110, 15.5 and 15.6: a fault of the client is answered with 4xx, not with 5xx"),
        Evidence::inference(
            "tokens are opaque, so a client has no reason to make one; no source says how a changed token is answered",
        ),
    ],
    harm: Harm::Access,
    fault: "accepted page tokens that it never returned",
    passes: "4xx to a token with one character changed",
    fails: "5xx; at level should: 2xx, which shows that tokens can be forged",
    code: &Observed { applies: |scope| paging(scope).is_some(), by: &OBSERVER },
};

pub(crate) static TOKEN_FOREIGN: Check = Check {
    id: "pagination.token-foreign",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a token only continues its own traversal: it never exposes items in another instance or causes a failure",
    evidence: &[Evidence::normative(
        "Smithy paginated trait: a token must not influence authorization, and is bound to its filters",
    )],
    harm: Harm::Access,
    fault: "continued the pages of one instance in another",
    passes: "any response to a token with other filters, with another operation or in another instance that shows no \
             items of the original instance; the response is recorded",
    fails: "items of the original instance in the response of another instance; 5xx",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.changeable), by: &OBSERVER },
};

pub(crate) static SIZE_MAY_CHANGE: Check = Check {
    id: "pagination.size-may-change",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "the page size may change during a traversal",
    evidence: &[Evidence::normative(
        "Smithy paginated trait: services must allow clients to change the page size while paging",
    )],
    harm: Harm::Form,
    fault: "broke off or mixed up pages when the page size changed",
    passes: "a page of the new size that continues after the previous page",
    fails: "a rejection, more items than the new size, or an item of an earlier page",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.sized_items()), by: &OBSERVER },
};

pub(crate) static SIZES_AGREE: Check = Check {
    id: "pagination.sizes-agree",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "every page size shows the same set",
    evidence: &[Evidence::normative("Smithy paginated trait: the page size does not change the sum of the parts")],
    harm: Harm::WrongData,
    fault: "showed different items at different page sizes",
    passes: "for each size from the minimum to one above the number of items, and for the maximum: everything that \
             the run created, and everything that existed before and after",
    fails: "an item that is missing at one page size",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.sized_items()), by: &OBSERVER },
};

pub(crate) static STABLE_UNDER_CHANGE: Check = Check {
    id: "pagination.stable-under-change",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "an item that exists from the first to the last page is shown exactly once, while others come and go",
    evidence: &[Evidence::normative(
        "Smithy paginated trait: several invocations retrieve all results; new and deleted items may be shown or not",
    )],
    harm: Harm::WrongData,
    fault: "lost or repeated items while others came and went",
    passes: "each item of the run that existed all the time is on one page",
    fails: "one of them is on no page; at level should: one of them is on two pages",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.changeable), by: &OBSERVER },
};

pub(crate) static BOUNDS: Check = Check {
    id: "pagination.bounds",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the minimum and the maximum page size of the model are accepted",
    evidence: &[MODEL, Evidence::documentation("Connect API reference, valid range of MaxResults")],
    harm: Harm::Form,
    fault: "rejected a page size that the model allows",
    passes: "a success for both",
    fails: "a rejection of a page size that the model allows",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.sized), by: &OBSERVER },
};

pub(crate) static TOTAL_COUNT: Check = Check {
    id: "pagination.total-count",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "ApproximateTotalCount is close to the number of items",
    evidence: &[Evidence::inference("the name of ApproximateTotalCount; no source says how close the count is")],
    harm: Harm::Advice,
    fault: "returned a total count that differs from the number of items",
    passes: "at least half and at most twice the number of items on all pages",
    fails: "any other count",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.counted), by: &OBSERVER },
};

/// Size of small pages.
const SMALL: i64 = 2;

/// Small pages into which a long list is cut.
const MOST_SMALL: usize = 1_000;

/// Size of large pages, if the model allows it.
const LARGE: i64 = 1000;

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "pagination",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    requests: |_, _| 44,
    compares_recorded: false,
};

static OBSERVER: Observer =
    Observer { name: "pagination", observe: |client, operation| Box::pin(observe(client, operation)) };

/// The parts of an operation's paging that checks judge.
pub(crate) struct Paging {
    /// True if the page size can be chosen.
    sized: bool,
    /// True if the model defines the member that contains the items.
    items: bool,
    /// True if the response counts items that the run can create, so that the count can be judged.
    counted: bool,
    /// True if the run can create and delete items during a traversal.
    changeable: bool,
}

impl Paging {
    fn of(schema: &'static Schema, operation: OperationId) -> Option<Self> {
        let contract = &schema[operation];
        let pagination = contract.pagination.as_ref()?;
        let counts =
            schema.output_members(contract).is_some_and(|members| members.get("ApproximateTotalCount").is_some());
        let items = pagination.items.is_some();
        Some(Self {
            sized: pagination.page_size.is_some(),
            items,
            counted: items && counts && resources::listed_by(schema, &contract.name).is_some(),
            changeable: items && fixtures::kind(schema, &contract.name).is_some_and(|kind| !kind.delete.is_empty()),
        })
    }

    /// True if the items of a page can be counted and limited.
    fn sized_items(&self) -> bool {
        self.sized && self.items
    }
}

fn paging(scope: &Scope<'_>) -> Option<Paging> {
    Paging::of(scope.schema, scope.operation)
}

/// Traverses pages of several sizes, repeats and modifies tokens, requests the minimum and maximum page size, and
/// changes the list during a traversal.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    if let Err(why) = observe_pages(client, operation, &mut seen).await {
        seen.block(why);
    }
    seen
}

async fn observe_pages(client: &Client, operation: OperationId, seen: &mut Observation) -> Result<(), String> {
    let mut fixtures = Fixtures::new(client, operation, &mut |why| seen.block(why))
        .await
        .map_err(|why| format!("no valid request could be generated: {why}"))?;
    let pager = Pager::new(client, operation, fixtures.base.clone())?;
    let sizes = page_sizes(client.schema, operation);
    let large = sizes.map(|(_, most)| most.min(LARGE));
    let items = fixtures.wait_until_listed(&pager, large, seen).await;
    let paging = Paging::of(client.schema, operation).ok_or("the operation is not paginated")?;
    let judge = PageJudge { pager: &pager, fixtures: &fixtures, paging: &paging };

    // Smaller than large pages, if the model allows it, and not too many of them.
    let fewest = SMALL.max(i64::try_from(items.div_ceil(MOST_SMALL)).unwrap_or(i64::MAX));
    let mut small = sizes.map(|(least, most)| fewest.clamp(least, (most - 1).max(least)));
    let Some(mut pages) = judge.traverse(small, &[], seen).await else { return Ok(()) };
    if let Some((least, _)) = sizes.filter(|(least, _)| pages.len() == 1 && Some(*least) < small) {
        // One page has no boundary; try smaller pages.
        small = Some(least);
        let Some(again) = judge.traverse(small, &pages, seen).await else { return Ok(()) };
        pages = again;
    }
    fixtures.identify(&pages);
    judge.pages(&pages, small, seen);
    if let Some((least, most)) = sizes {
        judge.bounds(least, most, seen).await;
        if let Some(large_pages) = judge.traverse(large, &pages, seen).await {
            judge.complete(&pages, &large_pages, seen);
            judge.end(&large_pages, seen);
            judge.sizes((least, most), &large_pages, seen).await;
        }
    } else {
        judge.end(&pages, seen);
    }
    judge.total(&pages, seen);
    judge.tokens(&pages, small, sizes, seen).await;
    if fixtures.kind.is_some() {
        change::observe(&pager, &fixtures, sizes, seen).await;
    }
    Ok(())
}
