//! Family pagination: a walk over pages gives everything once and ends.

mod change;
mod judge;
mod stock;
mod tokens;

use connect_model::schema::{OperationId, Schema};

use self::stock::Stock;
use crate::case::Level;
use crate::check::{Check, RESTJSON, Remote};
use crate::client::Client;
use crate::client::pager::{Pager, page_sizes};
use crate::code::{Observed, Observer, Scope};
use crate::families::{Family, Services};
use crate::observe::Observation;
use crate::resources;

/// Where the rules of paging come from, beside the model's own list of paginated operations.
const PAGING: &str = "Smithy paginated trait, and what SDK paginators rely on";

/// The rows of this file, in the order in which they are planned.
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

/// `pagination.complete`.
pub(crate) static COMPLETE: Check = Check {
    id: "pagination.complete",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the pages together hold everything: what the run created, and what larger pages hold",
    source: PAGING,
    passes: "small pages and large pages give the same set, with every resource that the run made",
    fails: "an item that a page size or a page boundary loses",
    code: &Observed {
        applies: |scope| paging(scope).is_some_and(|paging| paging.sized && paging.items),
        by: &OBSERVER,
    },
};

/// `pagination.no-duplicates`.
pub(crate) static NO_DUPLICATES: Check = Check {
    id: "pagination.no-duplicates",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "no item stands on two pages of one walk",
    source: PAGING,
    passes: "all items of a walk differ",
    fails: "the last item of a page is the first of the next",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.items), by: &OBSERVER },
};

/// `pagination.page-size`.
pub(crate) static PAGE_SIZE: Check = Check {
    id: "pagination.page-size",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a page holds no more items than were asked for",
    source: PAGING,
    passes: "as many as asked for, fewer, or none",
    fails: "three items where two were asked for",
    code: &Observed {
        applies: |scope| paging(scope).is_some_and(|paging| paging.sized && paging.items),
        by: &OBSERVER,
    },
};

/// `pagination.terminates`.
pub(crate) static TERMINATES: Check = Check {
    id: "pagination.terminates",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a walk ends, and no token comes twice",
    source: PAGING,
    passes: "a last page without a token, null, or an empty one",
    fails: "a token that came before; a hundred pages in a row with nothing new, each with another token, which is \
            graded should if they are empty",
    code: &Observed { applies: |scope| paging(scope).is_some(), by: &OBSERVER },
};

/// `pagination.end-without-token`.
pub(crate) static END_WITHOUT_TOKEN: Check = Check {
    id: "pagination.end-without-token",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the last page carries no token: every token leads on",
    source: PAGING,
    passes: "no token with the last item; a token that leads to an empty page is noted",
    fails: "a token that the endpoint itself gave and then refuses",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.items), by: &OBSERVER },
};

/// `pagination.token-repeatable`.
pub(crate) static TOKEN_REPEATABLE: Check = Check {
    id: "pagination.token-repeatable",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a token gives the same page each time, as long as nothing changes",
    source: PAGING,
    passes: "equal items for an equal request",
    fails: "a token that is used up, or that moves on",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.items), by: &OBSERVER },
};

/// `pagination.token-tampered`.
pub(crate) static TOKEN_TAMPERED: Check = Check {
    id: "pagination.token-tampered",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "a token that the endpoint did not give is refused",
    source: PAGING,
    passes: "4xx to a token with one character changed",
    fails: "2xx, which shows that tokens can be forged; 5xx",
    code: &Observed { applies: |scope| paging(scope).is_some(), by: &OBSERVER },
};

/// `pagination.token-foreign`.
pub(crate) static TOKEN_FOREIGN: Check = Check {
    id: "pagination.token-foreign",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "a token leads nowhere but on in its own walk: never into another instance, and never into a failure",
    source: "Smithy paginated trait: tokens are opaque; what a token shows elsewhere is not promised",
    passes: "any answer to a token under other filters, with another operation or in another instance that shows \
             nothing of the instance that it was given in; which one is recorded",
    fails: "items of the instance that the token was given in, shown in another; 5xx",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.changeable), by: &OBSERVER },
};

/// `pagination.size-may-change`.
pub(crate) static SIZE_MAY_CHANGE: Check = Check {
    id: "pagination.size-may-change",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "the page size may change in the middle of a walk",
    source: PAGING,
    passes: "a page of the new size that goes on where the page before ended",
    fails: "a refusal, more items than the new size, or an item that was shown before",
    code: &Observed {
        applies: |scope| paging(scope).is_some_and(|paging| paging.sized && paging.items),
        by: &OBSERVER,
    },
};

/// `pagination.sizes-agree`.
pub(crate) static SIZES_AGREE: Check = Check {
    id: "pagination.sizes-agree",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "every page size shows the same set",
    source: PAGING,
    passes: "for each size from the least to one above the number of items, and for the greatest: everything that \
             the run made, and everything that was there before and after",
    fails: "an item that one page size leaves out",
    code: &Observed {
        applies: |scope| paging(scope).is_some_and(|paging| paging.sized && paging.items),
        by: &OBSERVER,
    },
};

/// `pagination.stable-under-change`.
pub(crate) static STABLE_UNDER_CHANGE: Check = Check {
    id: "pagination.stable-under-change",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "what was there from the first page to the last is shown, once, while other things come and go",
    source: "what SDK paginators rely on; Smithy promises no snapshot, so that what comes or goes may show or not",
    passes: "each of our items that was there all the time, on one page",
    fails: "one of them on no page; one on two pages is graded should",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.changeable), by: &OBSERVER },
};

/// `pagination.bounds`.
pub(crate) static BOUNDS: Check = Check {
    id: "pagination.bounds",
    level: Level::Must,
    remote: Remote::SAME,
    rule: "the least and the greatest page size of the model are accepted",
    source: RESTJSON,
    passes: "a success for either",
    fails: "a refusal of a page size that the model allows",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.sized), by: &OBSERVER },
};

/// `pagination.total-count`.
pub(crate) static TOTAL_COUNT: Check = Check {
    id: "pagination.total-count",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "ApproximateTotalCount comes near the number of items",
    source: "Connect search operations; the count is approximate by name",
    passes: "at least half and at most twice of what the walk gives",
    fails: "a count that has nothing to do with the items",
    code: &Observed { applies: |scope| paging(scope).is_some_and(|paging| paging.counted), by: &OBSERVER },
};

/// Page size of the small walk.
const SMALL: i64 = 2;

/// Page size of the large walk: the greatest, within reason.
const LARGE: i64 = 1000;

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "pagination",
    checks: || CHECKS.to_vec(),
    services: Services::All,
    judges_input: false,
    compares_recorded: false,
};

static OBSERVER: Observer =
    Observer { name: "pagination", observe: |client, operation| Box::pin(observe(client, operation)) };

/// The parts of an operation's paging that checks judge.
pub(crate) struct Paging {
    /// The page size can be chosen.
    sized: bool,
    /// The model says which member holds the items.
    items: bool,
    /// The response counts items that the run can create itself, so that the count can be judged.
    counted: bool,
    /// The run can create and delete items while it pages.
    changeable: bool,
}

impl Paging {
    fn of(schema: &Schema, operation: OperationId) -> Option<Self> {
        let contract = &schema[operation];
        let pagination = contract.pagination.as_ref()?;
        let counts =
            schema.output_members(contract).is_some_and(|members| members.get("ApproximateTotalCount").is_some());
        let items = pagination.items.is_some();
        Some(Self {
            sized: pagination.page_size.is_some(),
            items,
            counted: items && counts && resources::listed_by(&contract.name).is_some(),
            changeable: items && stock::kind(&contract.name).is_some(),
        })
    }
}

fn paging(scope: &Scope<'_>) -> Option<Paging> {
    Paging::of(scope.schema, scope.operation)
}

/// Walks pages of many sizes, repeats and spoils tokens, tries the bounds, and changes what is listed on the way.
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
    let mut stock = Stock::new(client, operation, &mut |why| seen.block(why))
        .await
        .map_err(|why| format!("no valid request could be made: {why}"))?;
    let pager = Pager::new(client, operation, stock.base.clone())?;
    let sizes = page_sizes(client.schema, operation);
    let large = sizes.map(|(_, most)| most.min(LARGE));
    stock.settle(&pager, large, seen).await;
    let paging = Paging::of(client.schema, operation).ok_or("the operation does not page")?;
    let judge = judge::Judge { pager: &pager, stock: &stock, paging: &paging };

    // Below the large size, where there is a choice.
    let mut small = sizes.map(|(least, most)| SMALL.clamp(least, (most - 1).max(least)));
    let Some(mut pages) = judge.walk(small, &[], seen).await else { return Ok(()) };
    if let Some((least, _)) = sizes.filter(|(least, _)| pages.len() == 1 && Some(*least) < small) {
        // One page shows no boundary: a smaller one may.
        small = Some(least);
        let Some(again) = judge.walk(small, &pages, seen).await else { return Ok(()) };
        pages = again;
    }
    judge.pages(&pages, small, seen);
    if let Some((least, most)) = sizes {
        judge.bounds(least, most, seen).await;
        if let Some(all) = judge.walk(large, &pages, seen).await {
            judge.complete(&pages, &all, seen);
            judge.end(&all, seen);
            judge.sizes((least, most), &all, seen).await;
        }
    } else {
        judge.end(&pages, seen);
    }
    judge.total(&pages, seen);
    judge.tokens(&pages, small, sizes, seen).await;
    if stock.kind.is_some() {
        change::observe(&pager, &stock, sizes, seen).await;
    }
    Ok(())
}
