//! A walk while things come and go. Between pages the run makes items, and deletes some that were shown already: who
//! counts places instead of remembering where he was then loses items or shows them twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::Level;
use crate::client::pager::{Pager, key};
use crate::observe::Observation;
use crate::pagination::STABLE_UNDER_CHANGE;
use crate::pagination::stock::Stock;
use connect_transport::exchange::Exchange;

/// Pages in which a walk is to come to its end.
const PAGES: i64 = 4;

/// Pages after which nothing is changed any more, so that the walk ends.
const CHANGES: usize = 4;

/// Pages after which the walk is given up.
const MOST_PAGES: usize = 2_000;

/// Items that are made between two pages.
const NEW: usize = 2;

/// What was made from the start, as the walk shows it.
struct Shown {
    /// How often each key came.
    times: BTreeMap<String, u32>,
    /// Deleted between pages.
    deleted: BTreeSet<String>,
    /// Made between pages.
    added: usize,
    pages: usize,
    last: Exchange,
}

/// Walks while it changes what is listed, and judges.
pub(super) async fn observe(pager: &Pager<'_>, stock: &Stock, sizes: Option<(i64, i64)>, seen: &mut Observation) {
    let check = &STABLE_UNDER_CHANGE;
    let shown = match changing_walk(pager, stock, sizes).await {
        Ok(shown) => shown,
        Err(why) => return seen.block(why),
    };
    let stayed: Vec<&String> = stock.made.difference(&shown.deleted).collect();
    if shown.pages < 2 || shown.deleted.is_empty() || shown.added == 0 || stayed.is_empty() {
        return seen.block("the walk was over before anything had changed");
    }
    seen.judged(check);
    let changes = format!("while {} came and {} went", shown.added, shown.deleted.len());
    let times = |key: &String| shown.times.get(key).copied().unwrap_or_default();
    let lost = stayed.iter().filter(|key| times(key) == 0).count();
    let repeated = stayed.iter().filter(|key| times(key) > 1).count();
    let expected = format!("each of {} items that stayed, once, {changes}", stayed.len());
    let mut found = Vec::new();
    if lost > 0 {
        let actual = format!("{lost} are on no page");
        found.push(check.finding(pager.items_pointer(), &*expected, actual, Some(&shown.last)));
    }
    if repeated > 0 {
        let actual = format!("{repeated} are on more than one page");
        let mut finding = check.finding(pager.items_pointer(), &*expected, actual, Some(&shown.last));
        // Clients can bear a repetition while others write; a loss they cannot even see.
        finding.level = Level::Should;
        found.push(finding);
    }
    seen.add(found);
}

async fn changing_walk(pager: &Pager<'_>, stock: &Stock, sizes: Option<(i64, i64)>) -> Result<Shown, String> {
    let client = pager.client;
    let all: usize = pager.all(sizes.map(|(_, most)| most)).await?.iter().map(|page| page.items.len()).sum();
    let size = sizes.map(|(least, most)| (all as i64 / PAGES).max(2).clamp(least, most));
    let mut page = pager.page(size, None).await?;
    let (mut times, mut deleted, mut added, mut pages) = (BTreeMap::new(), BTreeSet::new(), 0, 1);
    loop {
        for item in &page.items {
            *times.entry(key(item, stock.member)).or_default() += 1;
        }
        let Some(token) = page.next.as_deref() else { break };
        match pages {
            // First things come, then things go: at once they would make up for each other.
            1 | 3 => {
                for _ in 0..NEW {
                    stock.another(client).await?;
                    added += 1;
                }
            }
            2..=CHANGES => {
                let old = stock.made.iter().filter(|id| times.contains_key(*id) && !deleted.contains(*id));
                let most = stock.made.len().saturating_sub(deleted.len() + 2).min(NEW);
                for id in old.take(most).cloned().collect::<Vec<_>>() {
                    stock.delete(client, &id).await?;
                    deleted.insert(id);
                }
            }
            MOST_PAGES.. => return Err("the walk does not come to an end".to_owned()),
            _ => {}
        }
        page = pager.page(size, Some(token)).await?;
        pages += 1;
    }
    Ok(Shown { times, deleted, added, pages, last: page.exchange })
}
