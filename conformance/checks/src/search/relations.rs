//! Relations between searches that hold whatever there is: nobody needs to know what a search should find to see that
//! two of them contradict each other.

use std::collections::{BTreeMap, BTreeSet};

use connect_model::schema::Kind;
use serde_json::Value;

use crate::check::Check;
use crate::observe::Observation;
use crate::search::oracle::{Comparison, Node};
use crate::search::searcher::{Found, Searcher};
use crate::search::{AND_NARROWS, EXACT_IN_PREFIX_IN_CONTAINS, LONGEST_FRAGMENT, OR_UNIONS, TYPE_PARTITION};
use connect_transport::exchange::Exchange;
use connect_transport::text::cut;

/// Ids of items.
type Ids = BTreeSet<String>;

/// Names that fragments are taken from.
const SAMPLE: usize = 200;

/// Fragments of which pairs are formed: those that divide the names best.
const CANDIDATES: usize = 60;

/// Characters of a fragment: the least that CONTAINS takes.
const FRAGMENT: usize = 2;

/// A search that was made before others and after them.
struct Twice {
    /// What both found: it was there all the time.
    sure: Ids,
    /// What either found.
    maybe: Ids,
}

impl Twice {
    fn of(before: &Ids, after: &Ids) -> Self {
        Self { sure: before & after, maybe: before | after }
    }
}

impl Searcher<'_> {
    /// Holds searches against each other.
    pub(super) async fn relate(&self, seen: &mut Observation) -> Result<(), String> {
        let before = self.everything().await?;
        self.and_or(&before, seen).await?;
        let ours = &self.things[0].name;
        let names = self.names_of(&before);
        let other = names.values().nth(names.len() / 2).unwrap_or(ours);
        for name in [ours, other] {
            self.chain(name, seen).await?;
        }
        if !self.kinds().is_empty() {
            self.partition(&before, seen).await?;
        }
        Ok(())
    }

    /// Two conditions, one after the other and together.
    async fn and_or(&self, all: &Found, seen: &mut Observation) -> Result<(), String> {
        let names = self.names_of(all);
        let Some((a, b)) = fragments(names.values()) else {
            seen.block("no two texts divide the names");
            return Ok(());
        };
        let [a, b] = [a, b].map(|text| Node::Name(Comparison::Contains, text));
        let before = [self.ids(&self.search(&a, None).await?), self.ids(&self.search(&b, None).await?)];
        let both = [
            self.search(&Node::All(vec![a.clone(), b.clone()]), None).await?,
            self.search(&Node::All(vec![b.clone(), a.clone()]), None).await?,
        ];
        let either = self.search(&Node::Any(vec![a.clone(), b.clone()]), None).await?;
        let after = [self.ids(&self.search(&a, None).await?), self.ids(&self.search(&b, None).await?)];
        let there = &self.ids(all) & &self.ids(&self.everything().await?);
        let [a, b] = [Twice::of(&before[0], &after[0]), Twice::of(&before[1], &after[1])];
        if a.sure.is_disjoint(&b.sure) || a.sure.is_subset(&b.maybe) || b.sure.is_subset(&a.maybe) {
            seen.block("two conditions do not divide what there is");
            return Ok(());
        }
        for found in &both {
            let least = &a.sure & &b.sure;
            let most = &a.maybe & &b.maybe;
            self.between(&AND_NARROWS, "both conditions", (&least, &most), &there, found, seen);
        }
        let least = &a.sure | &b.sure;
        let most = &a.maybe | &b.maybe;
        self.between(&OR_UNIONS, "either condition", (&least, &most), &there, &either, seen);
        Ok(())
    }

    /// Sees that a search finds everything of `least` and, of what was there all the time, nothing beside `most`.
    fn between(
        &self,
        check: &'static Check,
        what: &str,
        (least, most): (&Ids, &Ids),
        there: &Ids,
        found: &Found,
        seen: &mut Observation,
    ) {
        let ids = self.ids(found);
        seen.judged(check);
        let lost: Vec<&String> = least.difference(&ids).collect();
        let surplus: Vec<&String> = ids.intersection(there).filter(|id| !most.contains(*id)).collect();
        for (wrong, word) in [(lost, "is not found"), (surplus, "is found, too")] {
            let Some(first) = wrong.first() else { continue };
            let expected = format!("what {what} finds when asked alone");
            let actual = format!("{first} {word}, and {} more", wrong.len() - 1);
            seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
        }
    }

    /// EXACT, STARTS_WITH and CONTAINS of one name.
    async fn chain(&self, name: &str, seen: &mut Observation) -> Result<(), String> {
        let fragment: String = name.chars().take(LONGEST_FRAGMENT).collect();
        let exact = Node::Name(Comparison::Exact, name.to_owned());
        let prefix = Node::Name(Comparison::StartsWith, name.to_owned());
        let contains = Node::Name(Comparison::Contains, fragment);
        let exact_before = self.ids(&self.search(&exact, None).await?);
        let prefix_before = self.search(&prefix, None).await?;
        let contained = self.search(&contains, None).await?;
        let prefix_after = self.ids(&self.search(&prefix, None).await?);
        let exact_after = self.ids(&self.search(&exact, None).await?);
        let exact = &exact_before & &exact_after;
        let prefix = &self.ids(&prefix_before) & &prefix_after;
        if exact.is_empty() {
            seen.block("EXACT finds nothing that another comparison could lose");
            return Ok(());
        }
        let wider = [
            (&exact, "EXACT", self.ids(&prefix_before), "STARTS_WITH", &prefix_before.exchange),
            (&prefix, "STARTS_WITH", self.ids(&contained), "CONTAINS", &contained.exchange),
            (&exact, "EXACT", self.ids(&contained), "CONTAINS", &contained.exchange),
        ];
        for (narrow, narrower, wide, comparison, exchange) in wider {
            self.within(
                narrow,
                &wide,
                &format!("{comparison} of {} finds what {narrower} finds", cut(name)),
                exchange,
                seen,
            );
        }
        Ok(())
    }

    fn within(&self, narrow: &Ids, wide: &Ids, expected: &str, exchange: &Exchange, seen: &mut Observation) {
        let check = &EXACT_IN_PREFIX_IN_CONTAINS;
        seen.judged(check);
        let lost: Vec<&String> = narrow.difference(wide).collect();
        if let Some(first) = lost.first() {
            let actual = format!("{first} is not found, and {} more", lost.len() - 1);
            seen.add(vec![check.finding("", expected, actual, Some(exchange))]);
        }
    }

    /// All types of the model, one after the other.
    async fn partition(&self, all: &Found, seen: &mut Observation) -> Result<(), String> {
        let check = &TYPE_PARTITION;
        let known = self.types();
        let mut places: BTreeMap<String, &str> = BTreeMap::new();
        let mut inhabited = 0;
        for kind in &known {
            let found = self.search(&Node::Type(kind.clone()), None).await?;
            let ids = self.ids(&found);
            inhabited += usize::from(!ids.is_empty());
            let twice: Vec<&String> = ids.iter().filter(|id| places.contains_key(*id)).collect();
            if let Some(first) = twice.first() {
                let actual = format!("{first} is also a {}, and {} more", places[*first], twice.len() - 1);
                seen.add(vec![check.finding("", format!("{kind} and nothing else"), actual, Some(&found.exchange))]);
            }
            places.extend(ids.into_iter().map(|id| (id, kind.as_str())));
        }
        let after = self.everything().await?;
        // Types that are newer than the model have no search here.
        let nameable = |item: &&Value| item["Type"].as_str().is_none_or(|kind| known.contains(kind));
        let there = &self.ids(all) & &after.items.iter().filter(nameable).filter_map(|item| self.key(item)).collect();
        if inhabited < 2 {
            seen.block("fewer than two types are there to tell apart");
            return Ok(());
        }
        seen.judged(check);
        let lost: Vec<&String> = there.iter().filter(|id| !places.contains_key(*id)).collect();
        if let Some(first) = lost.first() {
            let actual = format!("{first} is found under none, and {} more", lost.len() - 1);
            seen.add(vec![check.finding("", "everything under its type", actual, Some(&after.exchange))]);
        }
        Ok(())
    }

    /// Every type that the model knows.
    fn types(&self) -> BTreeSet<String> {
        let schema = self.client.schema;
        let member = schema
            .operation_named(self.row.create)
            .and_then(|create| schema.input_members(&schema[create])?.get("Type"));
        match member.map(|member| &schema[member.slot.target].kind) {
            Some(Kind::Enum(values)) => values.iter().map(ToString::to_string).collect(),
            _ => BTreeSet::new(),
        }
    }

    fn key(&self, item: &Value) -> Option<String> {
        item[self.id()].as_str().map(str::to_owned)
    }

    fn ids(&self, found: &Found) -> Ids {
        found.items.iter().filter_map(|item| self.key(item)).collect()
    }

    /// Names by id.
    fn names_of(&self, found: &Found) -> BTreeMap<String, String> {
        let name = |item: &Value| Some((self.key(item)?, item["Name"].as_str()?.to_owned()));
        found.items.iter().filter_map(name).collect()
    }
}

/// Two texts that divide some names: a good part contains the one, a good part the other, some contain both.
fn fragments<'n>(names: impl Iterator<Item = &'n String>) -> Option<(String, String)> {
    let names: Vec<&String> = names.take(SAMPLE).collect();
    let mut candidates = BTreeSet::new();
    for name in &names {
        let characters: Vec<char> = name.chars().collect();
        candidates.extend(characters.windows(FRAGMENT).map(|window| window.iter().collect::<String>()));
    }
    let mut holders: Vec<(String, BTreeSet<usize>)> = candidates
        .into_iter()
        .map(|text| {
            let holders = names.iter().enumerate().filter(|(_, name)| name.contains(&text)).map(|(at, _)| at).collect();
            (text, holders)
        })
        .collect();
    let half = |holders: &BTreeSet<usize>| holders.len().min(names.len() - holders.len());
    holders.sort_by_key(|(_, holders)| std::cmp::Reverse(half(holders)));
    holders.dedup_by(|(_, one), (_, other)| one == other);
    holders.truncate(CANDIDATES);
    let least_part = |one: &BTreeSet<usize>, other: &BTreeSet<usize>| {
        let common = one.intersection(other).count();
        common.min(one.len() - common).min(other.len() - common)
    };
    let pairs =
        holders.iter().enumerate().flat_map(|(at, one)| holders[at + 1..].iter().map(move |other| (one, other)));
    let best = pairs.max_by_key(|((_, one), (_, other))| least_part(one, other))?;
    let ((a, of_a), (b, of_b)) = best;
    (least_part(of_a, of_b) > 0).then(|| (a.clone(), b.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_divide_the_names() {
        let names = ["ab-x", "ab-yz", "cd-yz", "cd-x"].map(str::to_owned);
        let holders = |text: &str| names.iter().filter(|name| name.contains(text)).count();
        let both = |a: &str, b: &str| names.iter().filter(|name| name.contains(a) && name.contains(b)).count();
        let found = fragments(names.iter());
        assert!(found.is_some_and(|(a, b)| holders(&a) == 2 && holders(&b) == 2 && both(&a, &b) == 1));
        assert_eq!(fragments(["same".to_owned(), "same".to_owned()].iter()), None);
        assert_eq!(fragments([].iter()), None);
    }
}
