//! What the pages of a walk must be like, alone and beside those of other walks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::case::Level;
use crate::client::pager::{End, Page, Pager, key, keys};
use crate::client::reply::Reply;
use crate::observe::Observation;
use crate::pagination::stock::Stock;
use crate::pagination::{
    BOUNDS, COMPLETE, END_WITHOUT_TOKEN, NO_DUPLICATES, PAGE_SIZE, Paging, SIZES_AGREE, TERMINATES, TOTAL_COUNT,
};
use connect_transport::text::cut;

/// Most requests that a walk in one of many sizes may take.
const MOST_REQUESTS: i64 = 40;

/// Items up to which every page size is tried.
const FEW: i64 = 12;

/// Least number of items that a count is held against.
const COUNTABLE: u64 = 5;

/// Judges one list.
pub(super) struct Judge<'j> {
    pub(super) pager: &'j Pager<'j>,
    pub(super) stock: &'j Stock,
    pub(super) paging: &'j Paging,
}

impl Judge<'_> {
    /// All pages, if the walk comes to its end. Tokens of the walk `before` may come again, and be refused for that.
    pub(super) async fn walk(&self, size: Option<i64>, before: &[Page], seen: &mut Observation) -> Option<Vec<Page>> {
        let walk = self.pager.traverse(size).await;
        let ends = &TERMINATES;
        let last = walk.pages.last();
        let exchange = last.map(|page| &page.exchange);
        if walk.pages.len() > 1 || self.shows_something(&walk.pages) {
            seen.judged(ends);
        }
        match walk.end {
            End::Done => return Some(walk.pages),
            End::NoPage(why) => seen.block(why),
            End::GivenUp => seen.block(format!("the walk was given up after {} pages", walk.pages.len())),
            End::Idle(idle) => {
                let actual =
                    format!("the last {idle} of {} pages hold nothing new, each with a new token", walk.pages.len());
                let mut finding = ends.finding(self.pager.token_pointer(), "a walk that ends", &*actual, exchange);
                // Pages without items may still lead somewhere; the same items again and again do not.
                if walk.pages[walk.pages.len() - idle..].iter().all(|page| page.items.is_empty()) {
                    finding.level = Level::Should;
                }
                seen.judged(ends);
                seen.add(vec![finding]);
                seen.block(format!("a walk was given up: {actual}"));
            }
            End::Loop => {
                let actual = format!("page {} carries a token that came before", walk.pages.len());
                seen.add(vec![ends.finding(self.pager.token_pointer(), "a walk that ends", actual, exchange)]);
            }
            End::Refused(why) if before.iter().any(|page| last.is_some_and(|last| page.next == last.next)) => {
                seen.block(format!("a token that an earlier walk has used: {why}"));
            }
            End::Refused(why) => {
                let check = &END_WITHOUT_TOKEN;
                seen.judged(check);
                seen.add(vec![check.finding(self.pager.token_pointer(), "a page behind every token", why, exchange)]);
            }
        }
        None
    }

    /// Whether a walk had anything to walk through. An empty list ends whatever the endpoint thinks of tokens.
    fn shows_something(&self, pages: &[Page]) -> bool {
        self.pager.pagination.items.is_none() || pages.iter().any(|page| !page.items.is_empty())
    }

    /// Each page by itself, and none with an item of another.
    pub(super) fn pages(&self, pages: &[Page], size: Option<i64>, seen: &mut Observation) {
        let unique = &NO_DUPLICATES;
        let bounded = &PAGE_SIZE;
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (number, page) in pages.iter().enumerate() {
            if let Some(size) = size {
                if !page.items.is_empty() {
                    seen.judged(bounded);
                }
                if page.items.len() as i64 > size {
                    let actual = format!("{} items on page {}", page.items.len(), number + 1);
                    let expected = format!("at most {size} items");
                    let pointer = self.pager.items_pointer();
                    seen.add(vec![bounded.finding(pointer, expected, actual, Some(&page.exchange))]);
                }
            }
            for item in &page.items {
                let key = key(item, self.stock.member);
                if let Some(before) = places.insert(key.clone(), number) {
                    let actual = format!("{} on pages {} and {}", cut(&key), before + 1, number + 1);
                    let pointer = self.pager.items_pointer();
                    seen.add(vec![unique.finding(pointer, "items that differ", actual, Some(&page.exchange))]);
                }
            }
        }
        if places.len() > 1 && pages.len() > 1 {
            seen.judged(unique);
        } else {
            seen.block("fewer than two pages of items: nothing to page through");
        }
    }

    /// Small pages against large ones, and both against what the run made.
    pub(super) fn complete(&self, small: &[Page], large: &[Page], seen: &mut Observation) {
        let check = &COMPLETE;
        let made = &self.stock.made;
        let (of_small, of_large) = (keys(small, self.stock.member), keys(large, self.stock.member));
        // Where other trials of a run that writes share the instance, only what is ours and stays can be missed.
        if made.is_empty() && self.pager.client.ledger().is_some() {
            seen.block("nothing of the run's own to look for, and other trials change the list");
            return;
        }
        // Several pages on one side and another cut on the other, or resources that we know of: else nothing is compared.
        if (small.len() > 1 && small.len() != large.len()) || !made.is_empty() {
            seen.judged(check);
        }
        let exchange = small.last().map(|page| &page.exchange);
        let mut fail = |expected: String, actual: String| {
            seen.add(vec![check.finding(self.pager.items_pointer(), expected, actual, exchange)]);
        };
        if !made.is_empty() {
            for (walk, keys) in [("small", &of_small), ("large", &of_large)] {
                let lost = made.difference(keys).count();
                if lost > 0 {
                    let expected =
                        format!("all {} resources that the run made, in a walk over {walk} pages", made.len());
                    fail(expected, format!("{lost} missing"));
                }
            }
        } else {
            // Without resources of our own only a comparison with itself is left: the same cut twice shows nothing.
            let lost = of_large.symmetric_difference(&of_small).count();
            if lost > 0 {
                let expected = "the same items in small and in large pages".to_owned();
                fail(expected, format!("{lost} items stand in only one of the walks"));
            }
        }
    }

    /// Walks in every size that is worth it; `large` is a walk in the greatest.
    pub(super) async fn sizes(&self, (least, most): (i64, i64), large: &[Page], seen: &mut Observation) {
        let check = &SIZES_AGREE;
        let before = keys(large, self.stock.member);
        let mut walks = Vec::new();
        for size in worthwhile(before.len() as i64, least, most) {
            match self.pager.all(Some(size)).await {
                Ok(pages) => walks.push((size, pages)),
                Err(why) => return seen.block(why),
            }
        }
        let after = match self.pager.all(Some(most.min(super::LARGE))).await {
            Ok(pages) => keys(&pages, self.stock.member),
            Err(why) => return seen.block(why),
        };
        let known: BTreeSet<&String> = before.intersection(&after).chain(&self.stock.made).collect();
        // One page in all sizes is no cut at all.
        if known.is_empty() || !walks.iter().any(|(_, pages)| pages.len() > 1) {
            return seen.block("too few items for pages of several sizes");
        }
        seen.judged(check);
        for (size, pages) in &walks {
            let shown = keys(pages, self.stock.member);
            let lost: Vec<&&String> = known.iter().filter(|key| !shown.contains(**key)).collect();
            let Some(first) = lost.first() else { continue };
            let expected = format!("in pages of {size}, all {} items that other sizes show", known.len());
            let actual = format!("{} missing, for example {}", lost.len(), cut(first));
            let exchange = pages.last().map(|page| &page.exchange);
            let mut finding = check.finding(self.pager.items_pointer(), expected, actual, exchange);
            if !lost.iter().any(|key| self.stock.made.contains(**key)) {
                // Of what others made we know no more than that it was there before and after.
                finding.level = Level::Should;
            }
            seen.add(vec![finding]);
        }
    }

    /// How a walk over large pages ends.
    pub(super) fn end(&self, large: &[Page], seen: &mut Observation) {
        let check = &END_WITHOUT_TOKEN;
        let Some(last) = large.last().filter(|_| self.shows_something(large)) else { return };
        seen.judged(check);
        if large.len() > 1 && last.items.is_empty() {
            let actual = "a token that leads to an empty last page";
            let exchange = large.get(large.len() - 2).map(|page| &page.exchange);
            let mut finding =
                check.finding(self.pager.token_pointer(), "no token with the last item", actual, exchange);
            // Pages may be empty; a client pays one more request.
            finding.level = Level::Note;
            seen.add(vec![finding]);
        }
    }

    /// The count beside the items.
    pub(super) fn total(&self, pages: &[Page], seen: &mut Observation) {
        let check = &TOTAL_COUNT;
        if !self.paging.counted {
            return;
        }
        let Some(first) = pages.first() else { return };
        let body: Value = serde_json::from_slice(&first.exchange.response.body).unwrap_or_default();
        let Some(count) = body.get("ApproximateTotalCount").and_then(Value::as_u64) else {
            seen.block("ApproximateTotalCount is absent");
            return;
        };
        let found = pages.iter().map(|page| page.items.len() as u64).sum::<u64>();
        // Very small collections show nothing; other trials may create and delete meanwhile.
        if found < COUNTABLE {
            seen.block("too few items to hold a count against");
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

    /// Whether the least and the greatest page size are taken.
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

/// Page sizes that may cut `items` things differently: all of them up to one more than there are, or those at the ends.
fn worthwhile(items: i64, least: i64, most: i64) -> BTreeSet<i64> {
    let all: Vec<i64> =
        if items <= FEW { (1..=items + 1).collect() } else { vec![1, 2, 3, items - 1, items, items + 1] };
    all.into_iter().filter(|size| (least..=most).contains(size) && items / size <= MOST_REQUESTS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_items_are_cut_in_every_size_and_many_at_the_ends() {
        assert_eq!(worthwhile(3, 1, 10), BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(worthwhile(3, 2, 3), BTreeSet::from([2, 3]));
        assert_eq!(worthwhile(0, 1, 10), BTreeSet::from([1]));
        assert_eq!(worthwhile(90, 1, 100), BTreeSet::from([3, 89, 90, 91]));
    }
}
