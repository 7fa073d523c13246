//! Family search: what a search finds, held against what the run itself made.
//!
//! An index may lag: nothing is judged before it shows everything that was made, and then only things of ours are
//! counted, for others search and create at the same time.

mod oracle;

use std::collections::{BTreeSet, HashSet};

use connect_model::schema::{OperationId, Schema};
use serde_json::{Value, json};

use self::oracle::{Comparison, Node, Thing};
use super::steps::{self, Wait, body};
use super::{Check, row};
use crate::case::{Exchange, Level};
use crate::client::Client;
use crate::observe::Observation;
use crate::resources::{RESOURCES, Resource};

/// Where the rules on criteria come from.
const SEARCH: &str = "Connect, search operations: SearchCriteria and SearchFilter";

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "search.and-narrows",
        level: Level::Must,
        rule: "AndConditions find what every one of them finds, in any order",
        source: SEARCH,
        passes: "of our resources, exactly those that satisfy all conditions",
        fails: "one that satisfies some of them only, or none where one does",
    },
    Check {
        id: "search.or-unions",
        level: Level::Must,
        rule: "OrConditions find what any one of them finds",
        source: SEARCH,
        passes: "of our resources, exactly those that satisfy a condition",
        fails: "one that is left out though it satisfies a condition, or one that satisfies none",
    },
    Check {
        id: "search.exact-in-prefix-in-contains",
        level: Level::Must,
        rule: "what EXACT finds STARTS_WITH finds too, and what that finds CONTAINS finds",
        source: SEARCH,
        passes: "each of our resources that the narrower comparison finds is found by the wider one",
        fails: "one that is lost on the way",
    },
    Check {
        id: "search.type-partition",
        level: Level::Must,
        rule: "searches by type divide flows: each flow is found under its own type and under no other",
        source: SEARCH,
        passes: "of our flows, exactly those of the type",
        fails: "a flow of another type, or one that its own type does not find",
    },
    Check {
        id: "search.filter-oracle",
        level: Level::Must,
        rule: "a search finds what its criteria and tag filter say",
        source: SEARCH,
        passes: "of our resources, those that a local evaluation of the same criteria finds",
        fails: "one more or one less; a tag that the index does not know yet counts as undecided",
    },
    Check {
        id: "search.eventually-visible",
        level: Level::Should,
        rule: "what was created is found in the end",
        source: "Connect, search operations read an index that lags by an unknown time",
        passes: "everything that the run made, within a long while",
        fails: "something that is not found although the index shows what was made after it",
    },
];

/// What a search operation calls things.
struct Form {
    operation: &'static str,
    /// Field that holds the name (facts C7).
    field: &'static str,
    /// Member of `SearchFilter` that filters by tag.
    filter: &'static str,
}

const FORMS: &[Form] = &[
    Form { operation: "SearchRules", field: "Name", filter: "AttributeFilter" },
    Form { operation: "SearchContactFlows", field: "name", filter: "TagFilter" },
    Form { operation: "SearchContactFlowModules", field: "name", filter: "TagFilter" },
];

/// Items of a page: every search takes that many.
const PAGE: u64 = 100;

/// Pages after which a search is given up.
const MOST_PAGES: usize = 2_000;

/// Longest text for CONTAINS that means something (facts C7).
const LONGEST_FRAGMENT: usize = 25;

/// A second type of flows whose content may be that of the template.
const OTHER_TYPE: &str = "QUEUE_TRANSFER";

/// Tag that everything made here bears.
const TAG: &str = "contract-test-color";

/// Checks that make sense for an operation.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<&'static Check> {
    let name = &schema[operation].name;
    let Some((kind, _)) = searched(name) else { return Vec::new() };
    let typed = schema
        .operation_named(kind.create)
        .and_then(|create| schema.input_members(&schema[create]))
        .is_some_and(|members| members.get("Type").is_some());
    CHECKS.iter().filter(|check| typed || check.id != "search.type-partition").collect()
}

fn searched(operation: &str) -> Option<(&'static Resource, &'static Form)> {
    let form = FORMS.iter().find(|form| form.operation == operation)?;
    let row = RESOURCES.iter().find(|row| row.search.is_some_and(|(name, _)| name == operation))?;
    Some((row, form))
}

/// Makes a few resources, waits for the index to show them, and asks for them in many ways.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    let Some((row, form)) = searched(&client.schema[operation].name) else { return seen };
    let mut searcher = match Searcher::new(client, operation, row, form).await {
        Ok(searcher) => searcher,
        Err(why) => {
            seen.block(why);
            return seen;
        }
    };
    if let Err(why) = searcher.populate(&mut seen).await {
        seen.block(why);
        return seen;
    }
    if searcher.visible(&mut seen).await {
        searcher.chain(&mut seen).await;
        // The patience with the index is one for all questions: what it has not learned then, it has lost.
        let mut wait = Wait::for_index(client);
        for (check, criteria, tag) in searcher.questions() {
            searcher.ask(check, &criteria, tag.as_ref(), &mut wait, &mut seen).await;
        }
    }
    seen
}

struct Searcher<'c> {
    client: &'c Client,
    operation: OperationId,
    row: &'static Resource,
    form: &'static Form,
    instance: String,
    /// Begins the names of everything made here, and of nothing else.
    group: String,
    /// In order of creation.
    things: Vec<Thing>,
}

/// What a search found of our things, as places in the order of creation; with its last page.
struct Found {
    ours: BTreeSet<usize>,
    exchange: Exchange,
}

type Question = (&'static Check, Node, Option<(String, String)>);

impl<'c> Searcher<'c> {
    async fn new(
        client: &'c Client,
        operation: OperationId,
        row: &'static Resource,
        form: &'static Form,
    ) -> Result<Self, String> {
        let instance = client.instance().await.ok_or_else(|| format!("no instance to create a {} in", row.kind))?;
        let group = format!("{}-", client.fresh_name());
        Ok(Self { client, operation, row, form, instance, group, things: Vec::new() })
    }

    /// Four things: two words that begin names, one that stands at the beginning of one and inside of another; two types.
    async fn populate(&mut self, seen: &mut Observation) -> Result<(), String> {
        let names = [("amber", "amber", false), ("amber-two", "amber", true), ("birch", "birch", false)];
        for (name, color, other_type) in names.into_iter().chain([("birch-amber", "birch", true)]) {
            let name = format!("{}{name}", self.group);
            let tag = (TAG.to_owned(), format!("{}{color}", self.group));
            let (_, mut input) =
                self.client.creation(self.row).await.ok_or_else(|| format!("no {} can be made", self.row.kind))?;
            input[self.row.name_member] = name.clone().into();
            input["Tags"] = json!({ &*tag.0: tag.1 });
            if other_type && input.get("Type").is_some() {
                input["Type"] = OTHER_TYPE.into();
            }
            let kind = input.get("Type").and_then(Value::as_str).map(str::to_owned);
            match steps::create(self.client, self.row, &input).await {
                Ok(made) => self.things.push(Thing { id: made.id, name, kind, tag }),
                Err(why) => seen.block(format!("nothing to search for: {why}")),
            }
        }
        match self.things.len() {
            0 | 1 => Err("fewer than two resources could be made to search for".to_owned()),
            _ => Ok(()),
        }
    }

    /// Waits until the index shows everything that was made; says whether it does.
    async fn visible(&self, seen: &mut Observation) -> bool {
        let check = row(CHECKS, "search.eventually-visible");
        let mut wait = Wait::for_index(self.client);
        loop {
            let found = match self.search(&self.all(), None).await {
                Ok(found) => found,
                Err(why) => {
                    seen.block(why);
                    return false;
                }
            };
            if found.ours.len() == self.things.len() {
                seen.judged(check.id);
                let seconds = wait.elapsed().as_secs();
                self.client.learn(format!("lag of {}", self.form.operation), format!("under {} s", seconds + 1));
                return true;
            }
            if wait.again().await {
                continue;
            }
            let waited = wait.elapsed().as_secs();
            let lost = (0..self.things.len()).find(|at| !found.ours.contains(at));
            match lost.filter(|lost| found.ours.last().is_some_and(|last| last > lost)) {
                // The index has gone on and left it behind: that is no lag.
                Some(lost) => {
                    let expected = format!("{} after {waited} s, as what was made after it", self.things[lost].name);
                    let actual = format!("found: {}", self.names(&found.ours));
                    seen.judged(check.id);
                    seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
                }
                None => seen.block(format!("the index shows {} after {waited} s", self.names(&found.ours))),
            }
            seen.block(format!("the index does not show everything after {waited} s"));
            return false;
        }
    }

    /// EXACT, STARTS_WITH and CONTAINS of one name, each held against the one before.
    async fn chain(&self, seen: &mut Observation) {
        let check = row(CHECKS, "search.exact-in-prefix-in-contains");
        let name = &self.things[0].name;
        let fragment: String = name.chars().take(LONGEST_FRAGMENT).collect();
        let steps = [(Comparison::Exact, name), (Comparison::StartsWith, name), (Comparison::Contains, &fragment)];
        let mut before: Option<(Comparison, Found)> = None;
        for (comparison, text) in steps {
            let found = match self.search(&Node::Name(comparison, text.clone()), None).await {
                Ok(found) => found,
                Err(why) => return seen.block(why),
            };
            if let Some((narrower, narrow)) = &before {
                if narrow.ours.is_empty() {
                    return seen.block(format!("{narrower:?} finds nothing that another comparison could lose"));
                }
                seen.judged(check.id);
                let lost: BTreeSet<usize> = narrow.ours.difference(&found.ours).copied().collect();
                if !lost.is_empty() {
                    let expected = format!("{comparison:?} of {text} finds what {narrower:?} finds");
                    let actual = format!("not found: {}", self.names(&lost));
                    seen.add(vec![check.finding("", expected, actual, Some(&found.exchange))]);
                }
            }
            before = Some((comparison, found));
        }
    }

    /// Every question with the check that judges the answer.
    fn questions(&self) -> Vec<Question> {
        let name = |comparison, text: &str| Node::Name(comparison, format!("{}{text}", self.group));
        let exact = |text: &str| name(Comparison::Exact, text);
        let amber = || name(Comparison::StartsWith, "amber");
        let inside = || Node::Name(Comparison::Contains, "-amber".to_owned());
        let of = |id: &str| row(CHECKS, id);
        let and = |nodes: Vec<Node>| (of("search.and-narrows"), Node::All(nodes), None);
        let or = |nodes: Vec<Node>| (of("search.or-unions"), Node::Any(nodes), None);
        let mut questions = vec![
            and(vec![amber(), exact("amber-two")]),
            and(vec![exact("amber-two"), amber()]),
            and(vec![exact("amber"), exact("birch")]),
            or(vec![exact("amber"), exact("birch")]),
            or(vec![exact("birch"), amber()]),
        ];
        let kinds: BTreeSet<&String> = self.things.iter().filter_map(|thing| thing.kind.as_ref()).collect();
        for kind in kinds {
            let criteria = Node::All(vec![self.all(), Node::Type(kind.clone())]);
            questions.push((of("search.type-partition"), criteria, None));
        }
        let oracle = of("search.filter-oracle");
        questions.push((oracle, exact("birch"), None));
        questions.push((oracle, amber(), None));
        questions.push((oracle, Node::All(vec![self.all(), inside()]), None));
        let leaves = [exact("amber"), exact("birch-amber"), amber(), name(Comparison::StartsWith, "birch"), inside()];
        let fixed = Node::Any(vec![Node::All(vec![amber(), inside()]), exact("birch")]);
        questions.push((oracle, Node::All(vec![self.all(), fixed]), None));
        let mut bytes = self.client.bytes(&format!("{}/search.filter-oracle", self.form.operation)).into_iter();
        for _ in 0..self.client.cases {
            let tree = Node::random(&leaves, 2, &mut bytes);
            questions.extend(tree.map(|tree| (oracle, Node::All(vec![self.all(), tree]), None)));
        }
        questions.push((oracle, self.all(), Some(self.things[0].tag.clone())));
        questions
    }

    /// Asks one question. One thing too many is wrong at once: names and types do not change. What is missing may come
    /// as long as the index is given time, and a tag may come later than that (facts C8).
    async fn ask(
        &self,
        check: &'static Check,
        criteria: &Node,
        tag: Option<&(String, String)>,
        wait: &mut Wait,
        seen: &mut Observation,
    ) {
        let matches = |thing: &Thing| criteria.admits(thing) && tag.is_none_or(|tag| thing.tag == *tag);
        let expected: BTreeSet<usize> = (0..self.things.len()).filter(|at| matches(&self.things[*at])).collect();
        loop {
            let found = match self.search(criteria, tag).await {
                Ok(found) => found,
                Err(why) => return seen.block(why),
            };
            let missing = !expected.is_subset(&found.ours);
            let surplus = !found.ours.is_subset(&expected);
            if missing && !surplus && wait.again().await {
                continue;
            }
            if surplus || (missing && tag.is_none()) {
                let criteria = self.input(criteria, tag, None);
                let wanted = format!("{} for {}", self.names(&expected), crate::reply::cut(&shown(&criteria)));
                let actual = self.names(&found.ours);
                seen.judged(check.id);
                seen.add(vec![check.finding("", wanted, actual, Some(&found.exchange))]);
            } else if missing {
                seen.block(format!("after {} s the index does not know the tags", wait.elapsed().as_secs()));
            } else if !expected.is_empty() && expected.len() < self.things.len() {
                // Nothing, or everything, is also what a search finds that looks at no criteria.
                seen.judged(check.id);
            }
            return;
        }
    }

    /// Everything that was made here.
    fn all(&self) -> Node {
        Node::Name(Comparison::StartsWith, self.group.clone())
    }

    fn input(&self, criteria: &Node, tag: Option<&(String, String)>, token: Option<&str>) -> Value {
        let criteria = criteria.encode(self.form.field);
        let mut input = json!({ "InstanceId": self.instance, "MaxResults": PAGE, "SearchCriteria": criteria });
        if let Some((key, value)) = tag {
            let condition = json!({ "TagCondition": { "TagKey": key, "TagValue": value } });
            input["SearchFilter"] = json!({ self.form.filter: condition });
        }
        if let Some(token) = token {
            input["NextToken"] = token.into();
        }
        input
    }

    /// All pages of a search; the text says why they cannot be had.
    async fn search(&self, criteria: &Node, tag: Option<&(String, String)>) -> Result<Found, String> {
        let name = self.form.operation;
        let pagination = self.client.schema[self.operation].pagination.as_ref();
        let items = pagination.and_then(|p| p.items.as_ref()?.first()).ok_or_else(|| format!("{name} has no items"))?;
        let (_, id) = self.row.search.ok_or_else(|| format!("{name} finds nothing"))?;
        let mut ours = BTreeSet::new();
        let mut tokens: HashSet<String> = HashSet::new();
        let mut token: Option<String> = None;
        loop {
            let exchange = steps::succeed(self.client, name, &self.input(criteria, tag, token.as_deref())).await?;
            let page = body(&exchange)?;
            for item in page[items].as_array().into_iter().flatten() {
                ours.extend(self.things.iter().position(|thing| item[id] == *thing.id));
            }
            match page["NextToken"].as_str().filter(|token| !token.is_empty()) {
                None => return Ok(Found { ours, exchange: *exchange }),
                Some(next) if tokens.len() < MOST_PAGES && tokens.insert(next.to_owned()) => {
                    token = Some(next.to_owned())
                }
                Some(_) => return Err(format!("{name} does not come to an end")),
            }
        }
    }

    fn names(&self, of: &BTreeSet<usize>) -> String {
        let names: Vec<&str> = of.iter().map(|at| &*self.things[*at].name).collect();
        if names.is_empty() { "none of ours".to_owned() } else { names.join(", ") }
    }
}

/// Criteria and filter of a search, for messages.
fn shown(input: &Value) -> String {
    let filter = input.get("SearchFilter").map(|filter| format!(", {filter}")).unwrap_or_default();
    format!("{}{filter}", input["SearchCriteria"])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::validate::validate;

    use super::*;

    #[test]
    fn every_form_agrees_with_the_model() {
        let schema = Schema::connect();
        for form in FORMS {
            let operation = schema.operation_named(form.operation).unwrap();
            assert!(searched(form.operation).is_some(), "{}", form.operation);
            let tree = Node::All(vec![Node::Name(Comparison::Contains, "ab".to_owned())]);
            let input = json!({
                "InstanceId": "00000000-0000-4000-8000-000000000001",
                "MaxResults": PAGE,
                "SearchCriteria": Node::Any(vec![tree]).encode(form.field),
                "SearchFilter": { form.filter: { "TagCondition": { "TagKey": TAG, "TagValue": "v" } } },
            });
            assert_eq!(validate(schema, schema[operation].input.unwrap(), &input), [], "{}", form.operation);
            let partition = planned(schema, operation).iter().any(|check| check.id == "search.type-partition");
            assert_eq!(partition, form.operation == "SearchContactFlows");
        }
        assert!(planned(schema, schema.operation_named("SearchQueues").unwrap()).is_empty());
    }
}
