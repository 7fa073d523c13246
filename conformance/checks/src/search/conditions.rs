//! `keep.search-condition` and `keep.counts`: each condition of a search alone, and the totals of searches. Both belong to
//! the family keep; the searches are those of this family.

use std::collections::BTreeSet;

use connect_model::resources::Tags;
use connect_model::schema::{Kind, Members, ShapeId};
use serde_json::{Value, json};

use crate::case::Level;
use crate::check::{Check, Remote};
use crate::client::reply::Reply;
use crate::code::Observed;
use crate::evidence::{Evidence, MODEL};
use crate::harm::Harm;
use crate::observe::Observation;
use crate::search::oracle::Comparison;
use crate::search::searcher::{COLOR, EXTRA, LATER, Searcher};
use crate::search::{OBSERVER, is_searched};
use crate::steps;
use crate::steps::Wait;

pub(crate) static SEARCH_CONDITION: Check = Check {
    id: "keep.search-condition",
    level: Level::Must,
    remote: Remote::SHOULD,
    rule: "each condition that a search can hold selects the resources that fulfil it, and no others",
    evidence: &[
        Evidence::documentation(
            "Connect API reference, the search operations: conditions on state, status and tags of SearchCriteria and SearchFilter",
        ),
        MODEL,
    ],
    harm: Harm::WrongData,
    fault: "found resources that do not fulfil the condition, or missed ones that do",
    passes: "of the resources of the run that differ in state, status or tags, those that fulfil the condition; also those that \
             got a tag after their creation",
    fails: "all of them, none of them, or those that do not fulfil it",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

pub(crate) static COUNTS: Check = Check {
    id: "keep.counts",
    level: Level::Should,
    remote: Remote::SAME,
    rule: "the total of a search is the number of items on its pages, with and without conditions",
    evidence: &[Evidence::inference(
        "the member is approximate by its name; where nothing else writes, nothing makes it inexact",
    )],
    harm: Harm::WrongData,
    fault: "stated a total that is not the number of items",
    passes: "the number of items on all pages; on other endpoints half to twice as many",
    fails: "another number, such as that of a page, or of all resources without the condition",
    code: &Observed { applies: is_searched, by: &OBSERVER },
};

/// Shortest and longest text for CONTAINS.
const FRAGMENT: usize = 12;

/// The created resources as their descriptions show them.
type Shown = Vec<Value>;

impl Searcher<'_> {
    /// Sends each condition alone and judges the results. Those on the state are last, since it is not documented if other
    /// searches find what is archived.
    pub(super) async fn judge_conditions(&self, wait: &mut Wait, seen: &mut Observation) {
        let shown = self.shown().await;
        let others = self.of_enums(&shown, false).into_iter().chain(self.of_fields(&shown)).chain(self.of_tags());
        self.judge_each(others, wait, seen).await;
        self.judge_added_tag(wait, seen).await;
        self.learn_id().await;
        self.archive_first().await;
        let shown = self.shown().await;
        self.judge_each(self.of_enums(&shown, true).into_iter(), wait, seen).await;
    }

    async fn judge_each(
        &self,
        conditions: impl Iterator<Item = (Value, BTreeSet<usize>)>,
        wait: &mut Wait,
        seen: &mut Observation,
    ) {
        let check = &SEARCH_CONDITION;
        for (input, expected) in conditions {
            if self.judge_found(check, &input, &expected, true, (&mut *wait, &mut *seen)).await {
                seen.judged(check);
            }
        }
    }

    /// Every condition of the criteria on the state, or on a status or type, with every value.
    fn of_enums(&self, shown: &Shown, of_state: bool) -> Vec<(Value, BTreeSet<usize>)> {
        let Some((criteria, described)) = self.criteria_members().zip(self.described()) else { return Vec::new() };
        let mut conditions = Vec::new();
        for condition in criteria.iter().filter(|condition| condition.name.starts_with("State") == of_state) {
            let Kind::Enum(values) = &self.client.schema[condition.slot.target].kind else { continue };
            let Some(member) = member_of(described, condition.slot.target) else { continue };
            // The created resources show which values the endpoint gives at all.
            let known = |item: &Value| item[member].is_string();
            if !shown.iter().all(known) {
                continue;
            }
            for value in values {
                let alone = json!({ &*condition.name: &**value });
                // With another condition, which all of them fulfil.
                let both = json!({ "AndConditions": [self.all().encode(self.form.field), alone.clone()] });
                for criteria in [alone, both] {
                    let input = self.input(Some(criteria), None);
                    conditions.push((input, self.having(shown, |item| item[member] == **value)));
                }
            }
        }
        conditions
    }

    /// The comparisons of each field, with texts of one of the created resources.
    fn of_fields(&self, shown: &Shown) -> Vec<(Value, BTreeSet<usize>)> {
        let mut conditions = Vec::new();
        for (field, pointer, comparisons) in self.form.fields {
            let text = |item: &Value| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let Some(whole) = shown.last().map(text).filter(|text| !text.is_empty()) else { continue };
            let start: String = whole.chars().take(whole.chars().count().div_ceil(2)).collect();
            let end: String = whole.chars().skip(whole.chars().count().saturating_sub(FRAGMENT)).collect();
            for comparison in comparisons.iter().copied() {
                let wanted = match comparison {
                    Comparison::Exact => &whole,
                    Comparison::StartsWith => &start,
                    Comparison::Contains => &end,
                };
                let input = self.input(Some(comparison.condition(field, wanted)), None);
                conditions.push((input, self.having(shown, |item| comparison.admits(&text(item), wanted))));
            }
        }
        conditions
    }

    /// Tags by their key alone and by their value alone, in each filter, also within groups.
    fn of_tags(&self) -> Vec<(Value, BTreeSet<usize>)> {
        let amber = self.tag(COLOR, "amber");
        let extra = self.tag(EXTRA, "");
        let with = |holds: &dyn Fn(&(String, String)) -> bool| -> BTreeSet<usize> {
            let has = |at: &usize| self.created[*at].tags.iter().any(holds);
            (0..self.created.len()).filter(has).collect()
        };
        let by_key = (json!({ "TagKey": extra.0 }), with(&|tag| tag.0 == extra.0));
        let by_value = (json!({ "TagValue": amber.1 }), with(&|tag| tag.1 == amber.1));
        let mut conditions = Vec::new();
        for (member, dialect) in &self.form.filters {
            for (condition, expected) in [&by_key, &by_value] {
                let group = dialect.group_of(condition);
                for filter in [
                    json!({ "TagCondition": condition }),
                    json!({ dialect.all(): group }),
                    json!({ "OrConditions": [group] }),
                ] {
                    let mut input = self.input(None, None);
                    input["SearchFilter"] = json!({ *member: filter });
                    conditions.push((input, expected.clone()));
                }
            }
        }
        conditions
    }

    /// A tag that the first of the created resources gets after its creation.
    async fn judge_added_tag(&self, wait: &mut Wait, seen: &mut Observation) {
        let Some((member, _)) = self.form.filters.first().filter(|_| self.created.len() > 1) else { return };
        let tag = self.tag(LATER, "later");
        let Some(arn) = self.created.first().and_then(|first| first.arn.as_deref()) else { return };
        // Other checks judge if the operation works.
        let Ok(Reply::Success(_)) = steps::add_tags(self.client, arn, &Tags::from([tag.clone()])).await else { return };
        let mut input = self.input(None, None);
        let condition = json!({ "TagKey": tag.0, "TagValue": tag.1 });
        input["SearchFilter"] = json!({ *member: { "TagCondition": condition } });
        self.judge_found(&SEARCH_CONDITION, &input, &BTreeSet::from([0]), false, (wait, seen)).await;
    }

    fn having(&self, shown: &Shown, holds: impl Fn(&Value) -> bool) -> BTreeSet<usize> {
        shown.iter().enumerate().filter(|(_, item)| holds(item)).map(|(at, _)| at).collect()
    }

    /// It is not documented for every search that it knows the id as a field.
    async fn learn_id(&self) {
        let Some(id) = self.created.last().map(|created| &created.id) else { return };
        if self.form.fields.iter().any(|(field, ..)| field.eq_ignore_ascii_case("resourceID") || field.ends_with("Id"))
        {
            return;
        }
        let condition = Comparison::Exact.condition("resourceID", id);
        let fact = match self.find(self.input(Some(condition), None)).await {
            Ok(found) => format!("finds {} of ours", found.ours.len()),
            Err(why) => why.split(": ").next().unwrap_or_default().to_owned(),
        };
        self.client.learn(format!("search by resourceID, {}", self.form.operation), fact);
    }

    fn criteria_members(&self) -> Option<&'static Members> {
        let schema = self.client.schema;
        let criteria = schema.input_members(&schema[self.operation])?.get("SearchCriteria")?;
        schema[criteria.slot.target].kind.members()
    }

    fn described(&self) -> Option<&'static Members> {
        steps::described(self.client.schema, self.row).ok()
    }
}

/// The name of the only member of a shape.
fn member_of(members: &'static Members, shape: ShapeId) -> Option<&'static str> {
    members.iter().find(|member| member.slot.target == shape).map(|member| &*member.name)
}
