//! Questions whose answer is known, because the run made what they ask for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::Check;
use crate::observe::Observation;
use crate::search::filter::{Dialect, Filter, Group};
use crate::search::oracle::{Comparison, Node, Thing};
use crate::search::searcher::Searcher;
use crate::search::{FILTER_ORACLE, TAG_FILTER};
use crate::steps::Wait;
use connect_transport::text::cut;

/// A search, and the check that judges the answer.
struct Question {
    check: &'static Check,
    criteria: Node,
    /// Place of the filter's member in the form, and the filter.
    filter: Option<(usize, Filter)>,
}

impl Searcher<'_> {
    /// Asks everything.
    pub(super) async fn ask_all(&self, wait: &mut Wait, seen: &mut Observation) {
        for question in self.criteria() {
            self.ask(&question, true, wait, seen).await;
        }
        // A tag may come to the index later than its resource: what lacks is judged once every tag was seen.
        let mut known = true;
        for tag in self.tags() {
            let question = self.filtered(0, Filter::Tag(tag));
            known &= self.ask(&question, false, wait, seen).await;
        }
        for question in self.filters() {
            self.ask(&question, known, wait, seen).await;
        }
    }

    /// Questions without a filter.
    fn criteria(&self) -> Vec<Question> {
        let name = |comparison, text: &str| Node::Name(comparison, format!("{}{text}", self.group));
        let exact = |text: &str| name(Comparison::Exact, text);
        let amber = || name(Comparison::StartsWith, "amber");
        let inside = || Node::Name(Comparison::Contains, "-amber".to_owned());
        // Nothing begins with what stands behind the first character of all names.
        let behind = Node::Name(Comparison::StartsWith, self.group.chars().skip(1).collect());
        let mut trees = vec![
            self.all(),
            exact("amber"),
            exact("birch"),
            amber(),
            Node::Any(vec![exact("birch"), behind]),
            Node::All(vec![self.all(), inside()]),
            Node::All(vec![amber(), exact("amber-two")]),
            Node::All(vec![exact("amber-two"), amber()]),
            Node::Any(vec![exact("amber"), exact("birch")]),
            Node::Any(vec![exact("birch"), amber()]),
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
        trees.into_iter().map(|criteria| Question { check, criteria, filter: None }).collect()
    }

    /// Questions with a filter, in every form that the operation has.
    fn filters(&self) -> Vec<Question> {
        let [amber, birch, small, large] = self.tags();
        let group =
            |tags: &[&(String, String)]| Group { tags: tags.iter().map(|tag| (*tag).clone()).collect(), kind: None };
        let mut questions = Vec::new();
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
            questions.extend(filters.into_iter().map(|filter| self.filtered(at, filter)));
        }
        questions
    }

    fn filtered(&self, at: usize, filter: Filter) -> Question {
        Question { check: &TAG_FILTER, criteria: self.all(), filter: Some((at, filter)) }
    }

    /// Types of the things.
    pub(super) fn kinds(&self) -> BTreeSet<String> {
        self.things.iter().filter_map(|thing| thing.kind.clone()).collect()
    }

    /// Asks one question; says whether the answer was complete. One thing too many is wrong at once: names, types and
    /// tags of ours do not change. What is missing may come as long as the index is given time, and is wrong then if it
    /// is known to be in the index.
    async fn ask(&self, question: &Question, known: bool, wait: &mut Wait, seen: &mut Observation) -> bool {
        let Question { check, criteria, filter } = question;
        let matches =
            |thing: &Thing| criteria.admits(thing) && filter.as_ref().is_none_or(|(_, filter)| filter.admits(thing));
        let expected: BTreeSet<usize> = (0..self.things.len()).filter(|at| matches(&self.things[*at])).collect();
        loop {
            let found = match self.search(criteria, filter.as_ref()).await {
                Ok(found) => found,
                Err(why) => {
                    seen.block(why);
                    return false;
                }
            };
            let missing = !expected.is_subset(&found.ours);
            let surplus = !found.ours.is_subset(&expected);
            if missing && !surplus && wait.again().await {
                continue;
            }
            if surplus || (missing && known) {
                let input = self.input(Some(criteria.encode(self.form.field)), filter.as_ref());
                let wanted = format!("{} for {}", self.names(&expected), cut(&described(&input)));
                seen.judged(check);
                seen.add(vec![check.finding("", wanted, self.names(&found.ours), Some(&found.exchange))]);
            } else if missing {
                seen.block(format!("after {} s the index does not know the tags", wait.elapsed().as_secs()));
            } else if !expected.is_empty() && expected.len() < self.things.len() {
                // Nothing, or everything, is also what a search finds that looks at no criteria.
                seen.judged(check);
            }
            return !missing;
        }
    }
}

/// Criteria and filter of a search, for messages.
fn described(input: &Value) -> String {
    let filter = input.get("SearchFilter").map(|filter| format!(", {filter}")).unwrap_or_default();
    format!("{}{filter}", input["SearchCriteria"])
}
