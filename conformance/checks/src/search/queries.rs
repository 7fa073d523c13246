//! Searches whose results are known, since the run created the resources.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Check;
use crate::observe::Observation;
use crate::search::conditions::COUNTS;
use crate::search::filter::{Dialect, Filter, Group};
use crate::search::oracle::{Candidate, Comparison, Node};
use crate::search::searcher::{Found, Searcher};
use crate::search::{FILTER_ORACLE, INDEX_LAGS, TAG_FILTER};
use crate::steps::Wait;
use connect_model::text::excerpt;

/// A search, and the check that judges its results.
struct Query {
    check: &'static Check,
    criteria: Option<Node>,
    /// Index of the filter member in the form, and the filter.
    filter: Option<(usize, Filter)>,
}

impl Searcher<'_> {
    /// Sends all queries and judges the results.
    pub(super) async fn judge_queries(&self, wait: &mut Wait, seen: &mut Observation) {
        for query in self.criteria() {
            self.judge_query(&query, true, wait, seen).await;
        }
        // The index may receive a tag later than its resource. Missing results are judged only if all tags were found.
        let mut tags_indexed = true;
        for tag in self.tags() {
            let query = Query { check: &TAG_FILTER, criteria: None, filter: Some((0, Filter::Tag(tag))) };
            tags_indexed &= self.judge_query(&query, false, wait, seen).await;
        }
        for query in self.filters() {
            self.judge_query(&query, tags_indexed, wait, seen).await;
        }
    }

    /// Queries without a filter.
    fn criteria(&self) -> Vec<Query> {
        let name = |comparison, text: &str| Node::Name(comparison, format!("{}{text}", self.prefix));
        let exact = |text: &str| name(Comparison::Exact, text);
        let amber = || name(Comparison::StartsWith, "amber");
        let inside = || Node::Name(Comparison::Contains, "-amber".to_owned());
        // No name starts with the common prefix without its first character.
        let without_match = Node::Name(Comparison::StartsWith, self.prefix.chars().skip(1).collect());
        let mut trees = vec![
            self.all(),
            exact("amber"),
            exact("birch"),
            amber(),
            Node::Any(vec![exact("birch"), without_match]),
            Node::All(vec![self.all(), inside()]),
            Node::All(vec![amber(), exact("amber-two")]),
            Node::All(vec![exact("amber-two"), amber()]),
            Node::Any(vec![exact("amber"), exact("birch")]),
            Node::Any(vec![exact("birch"), amber()]),
            Node::Any(vec![exact("amber"), exact("amber-two"), exact("birch")]),
            Node::Any(vec![exact("birch"), exact("birch-amber"), exact("amber"), exact("amber-two")]),
            Node::All(vec![self.all(), amber(), inside(), exact("amber-two")]),
            // Letters that stand for others in the languages of databases.
            Node::All(vec![self.all(), Node::Name(Comparison::Contains, "-amb_r".to_owned())]),
            Node::All(vec![self.all(), Node::Name(Comparison::Contains, "-a%r".to_owned())]),
            name(Comparison::StartsWith, "amb_r"),
            name(Comparison::StartsWith, "a%"),
            Node::All(vec![self.all(), Node::Any(vec![Node::All(vec![amber(), inside()]), exact("birch")])]),
        ];
        for kind in self.kinds() {
            trees.push(Node::All(vec![self.all(), Node::Type(kind)]));
        }
        let leaves = [exact("amber"), exact("birch-amber"), amber(), name(Comparison::StartsWith, "birch"), inside()];
        let mut bytes = self.client.bytes(&format!("{}/search.filter-oracle", self.form.operation)).into_iter();
        for _ in 0..self.client.cases {
            let tree = Node::random(&leaves, 2, &mut bytes);
            trees.extend(tree.map(|tree| Node::All(vec![self.all(), tree])));
        }
        let check = &FILTER_ORACLE;
        trees.into_iter().map(|criteria| Query { check, criteria: Some(criteria), filter: None }).collect()
    }

    /// Queries with a filter, in every form that the operation has. Tags alone select among the created resources, so
    /// criteria are given only where there are none, and once beside them: a fault of criteria hides no fault of filters.
    fn filters(&self) -> Vec<Query> {
        let [amber, birch, small, large] = self.tags();
        let group =
            |tags: &[&(String, String)]| Group { tags: tags.iter().map(|tag| (*tag).clone()).collect(), kind: None };
        let mut queries = Vec::new();
        for (at, (_, dialect)) in self.form.filters.iter().enumerate() {
            let mut filters = vec![
                Filter::Tag(amber.clone()),
                Filter::All(group(&[&amber, &small])),
                Filter::All(group(&[&large, &birch])),
                Filter::Any(vec![group(&[&amber, &small]), group(&[&birch, &large])]),
                Filter::Any(vec![group(&[&birch]), group(&[&amber, &large])]),
            ];
            if *dialect == Dialect::TypedGroups {
                for kind in self.kinds() {
                    filters.push(Filter::Type(kind.clone()));
                    filters.push(Filter::All(Group { kind: Some(kind), ..group(&[&small]) }));
                }
            }
            // Both must hold, whatever the form of the criteria.
            let exact = |text: &str| Node::Name(Comparison::Exact, format!("{}{text}", self.prefix));
            let either = Node::Any(vec![exact("amber"), exact("birch-amber"), exact("birch")]);
            let both = Node::All(vec![self.all(), Node::Name(Comparison::StartsWith, format!("{}birch", self.prefix))]);
            for (criteria, tag) in [(exact("amber-two"), &large), (either, &small), (both, &birch)] {
                let filter = Some((at, Filter::Tag(tag.clone())));
                queries.push(Query { check: &TAG_FILTER, criteria: Some(criteria), filter });
            }
            let query = |criteria, filter| Query { check: &TAG_FILTER, criteria, filter: Some((at, filter)) };
            queries.push(query(Some(self.all()), Filter::Tag(amber.clone())));
            queries.extend(filters.into_iter().map(|filter| {
                let criteria = matches!(filter, Filter::Type(_)).then(|| self.all());
                query(criteria, filter)
            }));
        }
        queries
    }

    /// Types of the created resources.
    pub(super) fn kinds(&self) -> BTreeSet<String> {
        self.created.iter().filter_map(|candidate| candidate.kind.clone()).collect()
    }

    /// Sends one query and judges the results. Returns true if no result is missing. An additional result is a breach
    /// at once, since the created resources do not change. A missing result is awaited. It is a breach if the resource and
    /// its tags are known to be `indexed`, and always on this machine, where no index lags that long.
    async fn judge_query(&self, query: &Query, indexed: bool, wait: &mut Wait, seen: &mut Observation) -> bool {
        let Query { check, criteria, filter } = query;
        let matches = |candidate: &Candidate| {
            criteria.as_ref().is_none_or(|criteria| criteria.admits(candidate))
                && filter.as_ref().is_none_or(|(_, filter)| filter.admits(candidate))
        };
        let expected: BTreeSet<usize> = (0..self.created.len()).filter(|at| matches(&self.created[*at])).collect();
        let criteria = criteria.as_ref().map(|criteria| criteria.encode(self.form.field));
        self.judge_found(check, &self.input(criteria, filter.as_ref()), &expected, indexed, (wait, seen)).await
    }

    /// Sends a search and judges which of the created resources it finds; see [`Searcher::judge_query`].
    pub(super) async fn judge_found(
        &self,
        check: &'static Check,
        input: &Value,
        expected: &BTreeSet<usize>,
        indexed: bool,
        (wait, seen): (&mut Wait, &mut Observation),
    ) -> bool {
        loop {
            let found = match self.find(input.clone()).await {
                Ok(found) => found,
                Err(why) => {
                    seen.block(why);
                    return false;
                }
            };
            let missing = !expected.is_subset(&found.ours);
            let surplus = !found.ours.is_subset(expected);
            if missing && !surplus && wait.again().await {
                continue;
            }
            self.judge_count(&found, seen);
            if surplus || (missing && (indexed || self.client.target.loopback)) {
                let wanted = format!("{} for {}", self.names(expected), excerpt(&described(input)));
                seen.judged(check);
                seen.add(vec![check.finding(place(input), wanted, self.names(&found.ours), Some(&found.exchange))]);
            } else if missing {
                seen.block(format!("{INDEX_LAGS} the tags after {} s", wait.elapsed().as_secs()));
            } else if !expected.is_empty() && expected.len() < self.created.len() {
                // An empty or complete result would also be found by a search that ignores the criteria.
                seen.judged(check);
            }
            return !missing;
        }
    }

    /// Judges the total of a search. On one page it is exact, since nothing can change in between.
    fn judge_count(&self, found: &Found, seen: &mut Observation) {
        let (Some(total), items) = (found.total, found.items.len() as u64) else { return };
        seen.judged(&COUNTS);
        let is_right = match found.on_one_page && self.client.target.loopback {
            true => total == items,
            false => total.saturating_mul(2) >= items && total <= items.max(1).saturating_mul(2),
        };
        if !is_right {
            let expected = format!("{items}, the items of {} page(s)", if found.on_one_page { "one" } else { "all" });
            let pointer = "/ApproximateTotalCount";
            seen.add(vec![COUNTS.finding(pointer, expected, total.to_string(), Some(&found.exchange))]);
        }
    }
}

/// JSON Pointer to the condition of a search that decides: the outermost one of the filter, else of the criteria.
fn place(input: &Value) -> String {
    let mut pointer = String::new();
    let member = if input.get("SearchFilter").is_some() { "SearchFilter" } else { "SearchCriteria" };
    let mut here = (member, &input[member]);
    for _ in 0..4 {
        pointer = format!("{pointer}/{}", here.0);
        match here.1.as_object().map(|map| (map.len(), map.iter().next())) {
            Some((1, Some((name, inner)))) => here = (name, inner),
            _ => break,
        }
    }
    pointer
}

/// Criteria and filter of a search, for messages.
fn described(input: &Value) -> String {
    let parts = ["SearchCriteria", "SearchFilter"].into_iter().filter_map(|member| input.get(member));
    parts.map(Value::to_string).collect::<Vec<_>>().join(", ")
}
