//! Judgement of the pages of a list: single pages, whole traversals, and traversals with different page sizes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::case::Level;
use crate::client::pager::{End, Page, Pager, Traversal};
use crate::client::reply::Reply;
use crate::observe::Observation;
use crate::pagination::fixtures::Fixtures;
use crate::pagination::{
    BOUNDS, COMPLETE, END_WITHOUT_TOKEN, LARGE, NO_DUPLICATES, PAGE_SIZE, Paging, SIZES_AGREE, TERMINATES, TOTAL_COUNT,
};
use crate::steps;
use connect_model::text::excerpt;
use connect_transport::exchange::Exchange;

/// Maximum number of requests for one traversal in the comparison of page sizes.
const MAX_REQUESTS: i64 = 40;

/// Maximum number of items for which every page size is compared.
const FEW: i64 = 12;

/// Minimum number of items for which the total count is judged.
const MIN_COUNTED: u64 = 5;

/// The exchanges of pages.
fn exchanges(pages: &[Page]) -> impl Iterator<Item = &Exchange> {
    pages.iter().map(|page| &page.exchange)
}

/// Judges the pages of one list.
pub(super) struct PageJudge<'j> {
    pub(super) pager: &'j Pager<'j>,
    pub(super) fixtures: &'j Fixtures,
    pub(super) paging: &'j Paging,
}

impl PageJudge<'_> {
    /// Traverses the list, judges the end, and returns all pages if paging ended. An endpoint may return tokens of the
    /// pages `before` again, and reject them because they were used.
    pub(super) async fn traverse(
        &self,
        size: Option<i64>,
        before: &[Page],
        seen: &mut Observation,
    ) -> Option<Vec<Page>> {
        let Traversal { pages, end } = self.pager.traverse(size).await;
        let last = pages.last();
        let exchange = last.map(|page| &page.exchange);
        if pages.len() > 1 || self.shows_something(&pages) {
            seen.judged(&TERMINATES);
        }
        match end {
            End::Done => return Some(pages),
            End::NoPage(why) => seen.block(why),
            End::GivenUp => seen.block(format!("paging was aborted after {} pages", pages.len())),
            End::Idle(idle) => {
                let actual =
                    format!("the last {idle} of {} pages contain no new items, each with a new token", pages.len());
                let mut finding =
                    TERMINATES.finding(self.pager.token_pointer(), "an end of paging", &*actual, exchange);
                // Empty pages may still lead to other items; pages that repeat the same items do not.
                if pages[pages.len() - idle..].iter().all(|page| page.items.is_empty()) {
                    finding.level = Level::Should;
                }
                seen.judged(&TERMINATES);
                seen.add(vec![finding]);
                seen.block(format!("paging was aborted: {actual}"));
            }
            End::Loop => {
                let actual = format!("page {} has a token that occurred before", pages.len());
                let finding = TERMINATES.finding(self.pager.token_pointer(), "an end of paging", actual, exchange);
                seen.add(vec![finding.resting_on(exchanges(&pages))]);
            }
            End::Refused(why) if before.iter().any(|page| last.is_some_and(|last| page.next == last.next)) => {
                seen.block(format!("a token that an earlier traversal has used: {why}"));
            }
            End::Refused(why) => {
                let check = &END_WITHOUT_TOKEN;
                seen.judged(check);
                seen.add(vec![check.finding(self.pager.token_pointer(), "a page for every token", why, exchange)]);
            }
        }
        None
    }

    /// Returns true if the pages contain items, or if their items are unknown. An empty list proves nothing about
    /// tokens.
    fn shows_something(&self, pages: &[Page]) -> bool {
        self.pager.pagination.items.is_none() || pages.iter().any(|page| !page.items.is_empty())
    }

    /// Judges the size of each page, and that no item is shown twice.
    pub(super) fn pages(&self, pages: &[Page], size: Option<i64>, seen: &mut Observation) {
        self.limits(pages, size, seen);
        if self.repeats(pages, &|_| true, seen) > 1 && pages.len() > 1 {
            seen.judged(&NO_DUPLICATES);
        } else {
            seen.block("fewer than two pages with items");
        }
    }

    /// Judges the size of each page.
    fn limits(&self, pages: &[Page], size: Option<i64>, seen: &mut Observation) {
        let Some(size) = size else { return };
        for (number, page) in pages.iter().enumerate() {
            if !page.items.is_empty() {
                seen.judged(&PAGE_SIZE);
            }
            if page.items.len() as i64 > size {
                let actual = format!("{} items on page {}", page.items.len(), number + 1);
                let expected = format!("at most {size} items");
                let pointer = self.pager.items_pointer();
                seen.add(vec![PAGE_SIZE.finding(pointer, expected, actual, Some(&page.exchange))]);
            }
        }
    }

    /// Judges that no item is shown twice, of those that `counts` takes by their key. Returns the number of different items.
    fn repeats(&self, pages: &[Page], counts: &impl Fn(&str) -> bool, seen: &mut Observation) -> usize {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (number, page) in pages.iter().enumerate() {
            for item in page.items.iter().filter(|item| self.fixtures.tells_apart(item)) {
                let key = self.fixtures.key(item);
                let Some(before) = places.insert(key.clone(), number) else { continue };
                if !counts(&key) {
                    continue;
                }
                let actual = match before == number {
                    true => format!("{} twice on page {}", excerpt(&key), number + 1),
                    false => format!("{} on pages {} and {}", excerpt(&key), before + 1, number + 1),
                };
                let pointer = self.pager.items_pointer();
                let finding = NO_DUPLICATES.finding(pointer, "different items", actual, Some(&page.exchange));
                seen.add(vec![finding.resting_on([&pages[before].exchange, &page.exchange])]);
            }
        }
        places.len()
    }

    /// Judges the pages of a further traversal. Of items of others, neither the identity is certain nor that they stay.
    fn further(&self, pages: &[Page], size: Option<i64>, seen: &mut Observation) {
        self.limits(pages, size, seen);
        self.repeats(pages, &|key| self.fixtures.made.contains(key), seen);
    }

    /// Compares small pages with large ones, and both with the created resources.
    pub(super) fn complete(&self, small: &[Page], large: &[Page], seen: &mut Observation) {
        let check = &COMPLETE;
        let made = &self.fixtures.made;
        let (of_small, of_large) = (self.fixtures.keys(small), self.fixtures.keys(large));
        // Other trials of a run that writes may change the list, so only the created resources can be expected.
        if made.is_empty() && self.pager.client.ledger().is_some() {
            seen.block("no created resources to look for, and other trials change the list");
            return;
        }
        // Only different page boundaries or created resources make a comparison.
        if (small.len() > 1 && small.len() != large.len()) || !made.is_empty() {
            seen.judged(check);
        }
        let exchange = small.last().map(|page| &page.exchange);
        let mut fail = |expected: String, actual: String| {
            let finding = check.finding(self.pager.items_pointer(), expected, actual, exchange);
            seen.add(vec![finding.resting_on(exchanges(small))]);
        };
        if !made.is_empty() {
            for (size, keys) in [("small", &of_small), ("large", &of_large)] {
                let lost = made.difference(keys).count();
                if lost > 0 {
                    let expected = format!("all {} resources that the run created, on {size} pages", made.len());
                    fail(expected, format!("{lost} missing"));
                }
            }
        } else {
            // Without created resources, the traversals can only be compared with each other.
            let lost = of_large.symmetric_difference(&of_small).count();
            if lost > 0 {
                let expected = "the same items on small and on large pages".to_owned();
                fail(expected, format!("{lost} items are in only one of the traversals"));
            }
        }
    }

    /// Compares traversals with all page sizes that are worthwhile; `large` are the largest pages.
    pub(super) async fn sizes(&self, (least, most): (i64, i64), large: &[Page], seen: &mut Observation) {
        let check = &SIZES_AGREE;
        let before = self.fixtures.keys(large);
        let last = Some(most.min(LARGE));
        self.further(large, last, seen);
        let mut traversals = Vec::new();
        // The endpoint may choose the size, too.
        for size in worthwhile_sizes(before.len() as i64, least, most).into_iter().map(Some).chain([None]) {
            let Traversal { pages, end } = self.pager.traverse(size).await;
            self.further(&pages, size, seen);
            match end {
                End::Done => traversals.push((size, pages)),
                End::NoPage(why) | End::Refused(why) => return seen.block(why),
                End::Loop | End::Idle(_) | End::GivenUp => return seen.block("paging does not end"),
            }
        }
        let after = match self.pager.all(last).await {
            Ok(pages) => self.fixtures.keys(&pages),
            Err(why) => return seen.block(why),
        };
        let known: BTreeSet<&String> = before.intersection(&after).chain(&self.fixtures.made).collect();
        // A single page at every size has no boundary.
        if known.is_empty() || !traversals.iter().any(|(_, pages)| pages.len() > 1) {
            return seen.block("too few items for pages of several sizes");
        }
        seen.judged(check);
        for (size, pages) in &traversals {
            let shown = self.fixtures.keys(pages);
            let lost: Vec<&&String> = known.iter().filter(|key| !shown.contains(**key)).collect();
            let Some(first) = lost.first() else { continue };
            let pages_of = size.map_or("without a page size".to_owned(), |size| format!("on pages of {size}"));
            let expected = format!("all {} items that other sizes show, {pages_of}", known.len());
            let actual = format!("{} missing, for example {}", lost.len(), excerpt(first));
            let exchange = pages.last().map(|page| &page.exchange);
            let finding = check.finding(self.pager.items_pointer(), expected, actual, exchange);
            let mut finding = finding.resting_on(exchanges(pages));
            if !lost.iter().any(|key| self.fixtures.made.contains(**key)) {
                // Items of others are only known to exist before and after the traversal.
                finding.level = Level::Should;
            }
            seen.add(vec![finding]);
        }
    }

    /// Judges the last of the large pages.
    pub(super) fn end(&self, large: &[Page], seen: &mut Observation) {
        let check = &END_WITHOUT_TOKEN;
        let Some(last) = large.last().filter(|_| self.shows_something(large)) else { return };
        seen.judged(check);
        if large.len() > 1 && last.items.is_empty() {
            let actual = "a token that leads to an empty last page";
            let exchange = large.get(large.len() - 2).map(|page| &page.exchange);
            let mut finding =
                check.finding(self.pager.token_pointer(), "no token with the last item", actual, exchange);
            // Empty pages are allowed; they only cost one more request.
            finding.level = Level::Note;
            seen.add(vec![finding]);
        }
    }

    /// Judges the total count in the response.
    pub(super) fn total(&self, pages: &[Page], seen: &mut Observation) {
        let check = &TOTAL_COUNT;
        if !self.paging.counted {
            return;
        }
        let Some(first) = pages.first() else { return };
        let body = steps::body(self.pager.client.schema, &first.exchange).unwrap_or_default();
        let Some(count) = body.get("ApproximateTotalCount").and_then(Value::as_u64) else {
            seen.block("ApproximateTotalCount is absent");
            return;
        };
        let found = pages.iter().map(|page| page.items.len() as u64).sum::<u64>();
        // The count of a very small list proves nothing, since other trials may create and delete items.
        if found < MIN_COUNTED {
            seen.block("too few items to judge the count");
            return;
        }
        seen.judged(check);
        let most = found.saturating_mul(2);
        if count.saturating_mul(2) < found || count > most {
            let expected = format!("about {found}");
            let exchange = Some(&first.exchange);
            seen.add(vec![check.finding("/ApproximateTotalCount", expected, count.to_string(), exchange)]);
        }
    }

    /// Judges the responses to the minimum and the maximum page size.
    pub(super) async fn bounds(&self, least: i64, most: i64, seen: &mut Observation) {
        let check = &BOUNDS;
        for size in [least, most] {
            match self.pager.ask(Some(size), None).await {
                Ok(Reply::Success(_)) => seen.judged(check),
                Ok(reply @ Reply::Refused(..)) => {
                    seen.judged(check);
                    let Reply::Refused(exchange, _) = &reply else { continue };
                    let member = self.pager.pagination.page_size.as_deref().unwrap_or_default();
                    let expected = format!("a page for {member} = {size}, within {least} to {most}");
                    let finding = check.finding(format!("/{member}"), expected, reply.describe(), Some(exchange));
                    seen.add(vec![finding]);
                }
                Ok(other) => seen.block(other.describe()),
                Err(why) => seen.block(why),
            }
        }
    }
}

/// Page sizes with different page boundaries for `items` items: all sizes up to `items + 1`, or the smallest and
/// largest of these.
fn worthwhile_sizes(items: i64, least: i64, most: i64) -> BTreeSet<i64> {
    let all: Vec<i64> =
        if items <= FEW { (1..=items + 1).collect() } else { vec![1, 2, 3, items - 1, items, items + 1] };
    all.into_iter().filter(|size| (least..=most).contains(size) && items / size <= MAX_REQUESTS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_every_size_for_few_items_and_extreme_sizes_for_many() {
        assert_eq!(worthwhile_sizes(3, 1, 10), BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(worthwhile_sizes(3, 2, 3), BTreeSet::from([2, 3]));
        assert_eq!(worthwhile_sizes(0, 1, 10), BTreeSet::from([1]));
        assert_eq!(worthwhile_sizes(90, 1, 100), BTreeSet::from([3, 89, 90, 91]));
    }
}
