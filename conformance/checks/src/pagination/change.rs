//! A traversal during which the list changes. Between pages, the run creates items and deletes some that were already
//! shown. An endpoint whose tokens are offsets then loses items or shows them twice.

use std::collections::{BTreeMap, BTreeSet};

use connect_transport::exchange::Exchange;

use crate::case::Level;
use crate::client::pager::Pager;
use crate::observe::Observation;
use crate::pagination::STABLE_UNDER_CHANGE;
use crate::pagination::fixtures::Fixtures;

/// Intended number of pages of the traversal.
const PAGES: i64 = 4;

/// Number of pages after which the list is no longer changed, so that the traversal ends.
const CHANGES: usize = 4;

/// Number of pages after which the traversal is aborted.
const MAX_PAGES: usize = 2_000;

/// Number of items that are created or deleted between two pages.
const PER_CHANGE: usize = 2;

/// The result of a traversal with changes.
struct Shown {
    /// Number of times that each key was shown.
    times: BTreeMap<String, u32>,
    /// Keys that were deleted between pages.
    deleted: BTreeSet<String>,
    /// Number of items that were created between pages.
    created: usize,
    pages: usize,
    last: Exchange,
}

/// Traverses the list while changing it, and judges the pages.
pub(super) async fn observe(pager: &Pager<'_>, fixtures: &Fixtures, sizes: Option<(i64, i64)>, seen: &mut Observation) {
    let check = &STABLE_UNDER_CHANGE;
    let shown = match traverse_with_changes(pager, fixtures, sizes).await {
        Ok(shown) => shown,
        Err(why) => return seen.block(why),
    };
    let stayed: Vec<&String> = fixtures.made.difference(&shown.deleted).collect();
    if shown.pages < 2 || shown.deleted.is_empty() || shown.created == 0 || stayed.is_empty() {
        return seen.block("paging ended before the list had changed");
    }
    seen.judged(check);
    let changes = format!("while {} are created and {} are deleted", shown.created, shown.deleted.len());
    let times = |key: &String| shown.times.get(key).copied().unwrap_or_default();
    let lost = stayed.iter().filter(|key| times(key) == 0).count();
    let repeated = stayed.iter().filter(|key| times(key) > 1).count();
    let expected = format!("each of {} items that still exist exactly once, {changes}", stayed.len());
    let mut found = Vec::new();
    if lost > 0 {
        let actual = format!("items on no page: {lost}");
        found.push(check.finding(pager.items_pointer(), &*expected, actual, Some(&shown.last)));
    }
    if repeated > 0 {
        let actual = format!("{repeated} are on more than one page");
        let mut finding = check.finding(pager.items_pointer(), &*expected, actual, Some(&shown.last));
        // Clients can handle duplicates during changes, but cannot even detect a lost item.
        finding.level = Level::Should;
        found.push(finding);
    }
    seen.add(found);
}

async fn traverse_with_changes(
    pager: &Pager<'_>,
    fixtures: &Fixtures,
    sizes: Option<(i64, i64)>,
) -> Result<Shown, String> {
    let client = pager.client;
    let all: usize = pager.all(sizes.map(|(_, most)| most)).await?.iter().map(|page| page.items.len()).sum();
    let size = sizes.map(|(least, most)| (all as i64 / PAGES).max(2).clamp(least, most));
    let mut page = pager.page(size, None).await?;
    let (mut times, mut deleted, mut created, mut pages) = (BTreeMap::new(), BTreeSet::new(), 0, 1);
    loop {
        for item in &page.items {
            *times.entry(fixtures.key(item)).or_default() += 1;
        }
        let Some(token) = page.next.as_deref() else { break };
        match pages {
            // Creations and deletions alternate: together, they would compensate each other.
            1 | 3 => {
                for _ in 0..PER_CHANGE {
                    fixtures.create(client).await?;
                    created += 1;
                }
            }
            2..=CHANGES => {
                let old = fixtures.made.iter().filter(|id| times.contains_key(*id) && !deleted.contains(*id));
                let most = fixtures.made.len().saturating_sub(deleted.len() + 2).min(PER_CHANGE);
                for id in old.take(most).cloned().collect::<Vec<_>>() {
                    fixtures.delete(client, &id).await?;
                    deleted.insert(id);
                }
            }
            MAX_PAGES.. => return Err("paging does not end".to_owned()),
            _ => {}
        }
        page = pager.page(size, Some(token)).await?;
        pages += 1;
    }
    Ok(Shown { times, deleted, created, pages, last: page.exchange })
}
