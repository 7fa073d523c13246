//! Relations between the results of several searches. They hold for any content of the instance, so the expected
//! results of a single search need not be known.

use std::collections::{BTreeMap, BTreeSet};

use connect_model::schema::Kind;
use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::check::Check;
use crate::difference::and_more;
use crate::observe::Observation;
use crate::search::oracle::{Comparison, Node};
use crate::search::searcher::{Found, Searcher};
use crate::search::{AND_NARROWS, EXACT_IN_PREFIX_IN_CONTAINS, MAX_FRAGMENT, OR_UNIONS, TYPE_PARTITION};
use connect_model::text::excerpt;

/// Ids of resources.
type Ids = BTreeSet<String>;

/// Maximum number of names from which fragments are taken.
const SAMPLE: usize = 200;

/// Maximum number of fragments of which pairs are formed.
const CANDIDATES: usize = 60;

/// Length of a fragment: the minimum for CONTAINS.
const FRAGMENT: usize = 2;

/// The results of a search that was sent before and after other searches.
struct Repeated {
    /// Found both times: resources that existed all the time.
    sure: Ids,
    /// Found at least once.
    maybe: Ids,
}

impl Repeated {
    fn of(before: &Ids, after: &Ids) -> Self {
        Self { sure: before & after, maybe: before | after }
    }
}

impl Searcher<'_> {
    /// Judges the relations between searches.
    pub(super) async fn judge_relations(&self, seen: &mut Observation) -> Result<(), String> {
        let before = self.everything().await?;
        self.judge_combinations(&before, seen).await?;
        let ours = &self.created[0].name;
        let names = self.names_of(&before);
        let other = names.values().nth(names.len() / 2).unwrap_or(ours);
        for name in [ours, other] {
            self.judge_comparisons(name, seen).await?;
        }
        if !self.kinds().is_empty() {
            self.judge_types(&before, seen).await?;
        }
        Ok(())
    }

    /// Compares the results of two conditions with those of their combinations.
    async fn judge_combinations(&self, all: &Found, seen: &mut Observation) -> Result<(), String> {
        let names = self.names_of(all);
        let Some((a, b)) = fragments(names.values()) else {
            seen.block("no two fragments distinguish the names");
            return Ok(());
        };
        let [a, b] = [a, b].map(|text| Node::Name(Comparison::Contains, text));
        let before = [self.ids(&self.search(Some(&a), None).await?), self.ids(&self.search(Some(&b), None).await?)];
        let both = [
            self.search(Some(&Node::All(vec![a.clone(), b.clone()])), None).await?,
            self.search(Some(&Node::All(vec![b.clone(), a.clone()])), None).await?,
        ];
        let either = self.search(Some(&Node::Any(vec![a.clone(), b.clone()])), None).await?;
        let after = [self.ids(&self.search(Some(&a), None).await?), self.ids(&self.search(Some(&b), None).await?)];
        let existing = &self.ids(all) & &self.ids(&self.everything().await?);
        let [a, b] = [Repeated::of(&before[0], &after[0]), Repeated::of(&before[1], &after[1])];
        if a.sure.is_disjoint(&b.sure) || a.sure.is_subset(&b.maybe) || b.sure.is_subset(&a.maybe) {
            seen.block("two conditions do not distinguish the resources of the instance");
            return Ok(());
        }
        for found in &both {
            let least = &a.sure & &b.sure;
            let most = &a.maybe & &b.maybe;
            self.judge_combination(&AND_NARROWS, "both conditions find", (&least, &most), &existing, found, seen);
        }
        let least = &a.sure | &b.sure;
        let most = &a.maybe | &b.maybe;
        self.judge_combination(&OR_UNIONS, "either condition finds", (&least, &most), &existing, &either, seen);
        Ok(())
    }

    /// Judges that a search finds all of `least` and, of the resources that existed all the time, only those of `most`.
    fn judge_combination(
        &self,
        check: &'static Check,
        conditions_find: &str,
        (least, most): (&Ids, &Ids),
        existing: &Ids,
        found: &Found,
        seen: &mut Observation,
    ) {
        let ids = self.ids(found);
        seen.judged(check);
        let lost: Vec<&String> = least.difference(&ids).collect();
        let surplus: Vec<&String> = ids.intersection(existing).filter(|id| !most.contains(*id)).collect();
        for (wrong, word) in [(lost, "is not found"), (surplus, "is found in addition")] {
            let Some(first) = wrong.first() else { continue };
            let expected = format!("the resources that {conditions_find} in separate searches");
            let actual = and_more(format!("{first} {word}"), wrong.len());
            seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
        }
    }

    /// Compares the results of EXACT, STARTS_WITH and CONTAINS for one name.
    async fn judge_comparisons(&self, name: &str, seen: &mut Observation) -> Result<(), String> {
        let fragment: String = name.chars().take(MAX_FRAGMENT).collect();
        let exact = Node::Name(Comparison::Exact, name.to_owned());
        let prefix = Node::Name(Comparison::StartsWith, name.to_owned());
        let contains = Node::Name(Comparison::Contains, fragment);
        let exact_before = self.ids(&self.search(Some(&exact), None).await?);
        let prefix_before = self.search(Some(&prefix), None).await?;
        let contained = self.search(Some(&contains), None).await?;
        let prefix_after = self.ids(&self.search(Some(&prefix), None).await?);
        let exact_after = self.ids(&self.search(Some(&exact), None).await?);
        let exact = &exact_before & &exact_after;
        let prefix = &self.ids(&prefix_before) & &prefix_after;
        if exact.is_empty() {
            seen.block("EXACT finds no resource that the other comparisons could miss");
            return Ok(());
        }
        let wider = [
            (&exact, "EXACT", self.ids(&prefix_before), "STARTS_WITH", &prefix_before.exchange),
            (&prefix, "STARTS_WITH", self.ids(&contained), "CONTAINS", &contained.exchange),
            (&exact, "EXACT", self.ids(&contained), "CONTAINS", &contained.exchange),
        ];
        for (narrow, narrower, wide, comparison, exchange) in wider {
            self.judge_subset(
                narrow,
                &wide,
                &format!("{comparison} of {} finds everything that {narrower} finds", excerpt(name)),
                exchange,
                seen,
            );
        }
        Ok(())
    }

    /// Judges that the wide set contains all of the narrow one.
    fn judge_subset(&self, narrow: &Ids, wide: &Ids, expected: &str, exchange: &Exchange, seen: &mut Observation) {
        let check = &EXACT_IN_PREFIX_IN_CONTAINS;
        seen.judged(check);
        let lost: Vec<&String> = narrow.difference(wide).collect();
        if let Some(first) = lost.first() {
            let actual = and_more(format!("{first} is not found"), lost.len());
            seen.add(vec![check.finding("", expected, actual, Some(exchange))]);
        }
    }

    /// Compares the results of searches for each type of the model.
    async fn judge_types(&self, all: &Found, seen: &mut Observation) -> Result<(), String> {
        let check = &TYPE_PARTITION;
        let types = self.types();
        let mut types_by_id: BTreeMap<String, &str> = BTreeMap::new();
        let mut used = 0;
        for kind in &types {
            let found = self.search(Some(&Node::Type(kind.clone())), None).await?;
            let ids = self.ids(&found);
            used += usize::from(!ids.is_empty());
            let twice: Vec<&String> = ids.iter().filter(|id| types_by_id.contains_key(*id)).collect();
            if let Some(first) = twice.first() {
                let actual = format!("{first} is also found under {}", types_by_id[*first]);
                let actual = and_more(actual, twice.len());
                seen.add(vec![check.finding(
                    "",
                    format!("only resources of type {kind}"),
                    actual,
                    Some(&found.exchange),
                )]);
            }
            types_by_id.extend(ids.into_iter().map(|id| (id, kind.as_str())));
        }
        let after = self.everything().await?;
        // Resources with types that are not in the model cannot be searched by type.
        let has_known_type = |item: &&Value| item["Type"].as_str().is_none_or(|kind| types.contains(kind));
        let existing =
            &self.ids(all) & &after.items.iter().filter(has_known_type).filter_map(|item| self.key(item)).collect();
        if used < 2 {
            seen.block("the instance has resources of fewer than two types");
            return Ok(());
        }
        seen.judged(check);
        let lost: Vec<&String> = existing.iter().filter(|id| !types_by_id.contains_key(*id)).collect();
        if let Some(first) = lost.first() {
            let actual = and_more(format!("{first} is found under no type"), lost.len());
            seen.add(vec![check.finding("", "each resource under its type", actual, Some(&after.exchange))]);
        }
        Ok(())
    }

    /// All types in the model.
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

    /// Names of resources by id.
    fn names_of(&self, found: &Found) -> BTreeMap<String, String> {
        let named = found.items.iter().filter(|item| !self.row.name_in(item).is_empty());
        named.filter_map(|item| Some((self.key(item)?, self.row.name_in(item).to_owned()))).collect()
    }
}

/// Returns two fragments that distinguish the names: many names contain each of them, and some contain both.
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
    fn finds_fragments_that_distinguish_the_names() {
        let names = ["ab-x", "ab-yz", "cd-yz", "cd-x"].map(str::to_owned);
        let holders = |text: &str| names.iter().filter(|name| name.contains(text)).count();
        let both = |a: &str, b: &str| names.iter().filter(|name| name.contains(a) && name.contains(b)).count();
        let found = fragments(names.iter());
        assert!(found.is_some_and(|(a, b)| holders(&a) == 2 && holders(&b) == 2 && both(&a, &b) == 1));
        assert_eq!(fragments(["same".to_owned(), "same".to_owned()].iter()), None);
        assert_eq!(fragments([].iter()), None);
    }
}
