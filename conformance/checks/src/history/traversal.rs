//! The pages of a list or search, from the first to the last, as one read: a thing that exists all the while is on a page.

use std::collections::{BTreeMap, HashMap};

use connect_model::schema::{Pagination, Schema};
use serde_json::Value;

use super::call::{Answer, Call};
use super::meaning::{Meaning, Of, Place, meanings};
use super::order::Timed;

/// Pages that one client read, one after another.
pub(super) struct Traversal<'c> {
    pub(super) of: &'static Of,
    pub(super) place: Place,
    /// True for a search.
    searches: bool,
    /// The items by id.
    pub(super) items: BTreeMap<String, &'c Value>,
    /// True if nothing narrows it, and it reached the last page.
    pub(super) is_whole: bool,
    start: u64,
    end: Option<u64>,
    /// Position of the last page in the history.
    at: usize,
}

impl Traversal<'_> {
    /// The position of its views: those of lists, or of searches.
    pub(super) fn by(&self) -> usize {
        if self.searches { 2 } else { 1 }
    }

    /// An act at the time of the traversal.
    pub(super) fn timed<A>(&self, act: A) -> Timed<A> {
        Timed { start: self.start, end: self.end, act, at: self.at }
    }
}

/// The value at a path.
fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

fn items<'v>(pages: &Pagination, output: &'v Value) -> impl Iterator<Item = &'v Value> {
    pages.items.as_ref().and_then(|path| at(output, path)).and_then(Value::as_array).into_iter().flatten()
}

/// The traversals of a history. A page without its predecessor belongs to none.
pub(super) fn traversals<'c>(schema: &'static Schema, calls: &'c [Call]) -> Vec<Traversal<'c>> {
    let mut all: Vec<Traversal<'c>> = Vec::new();
    // The traversals whose next page has a token, by client, token and place, in their order.
    let mut waiting: HashMap<(u32, &str, Place), Vec<usize>> = HashMap::new();
    for (position, call) in calls.iter().enumerate() {
        let (of, id, searches) = match meanings(schema).get(call.operation.as_str()) {
            Some(Meaning::List(of, id)) => (of, id, false),
            Some(Meaning::Search(of, id)) => (of, id, true),
            _ => continue,
        };
        let operation = schema.operation_named(&call.operation).map(|operation| &schema[operation]);
        let Some(pages) = operation.and_then(|operation| operation.pagination.as_ref()) else { continue };
        let Some(Answer::Output(output)) = &call.answer else { continue };
        let place = of.place(&call.input);
        let token = call.input.get(&pages.input_token).and_then(Value::as_str).filter(|token| !token.is_empty());
        let index = match token {
            None => {
                all.push(Traversal {
                    of,
                    place: place.clone(),
                    searches,
                    items: BTreeMap::new(),
                    is_whole: false,
                    start: call.start,
                    end: call.end,
                    at: position,
                });
                Some(all.len() - 1)
            }
            Some(token) => waiting.get_mut(&(call.client, token, place.clone())).and_then(Vec::pop),
        };
        let Some(index) = index else { continue };
        let traversal = &mut all[index];
        let next = at(output, &pages.output_token).and_then(Value::as_str).filter(|token| !token.is_empty());
        let shown = items(pages, output).filter_map(|item| Some((of.item_id(item, id)?, item)));
        traversal.items.extend(shown);
        traversal.is_whole = next.is_none() && !of.narrows(schema, &call.input);
        (traversal.end, traversal.at) = (call.end, position);
        if let Some(next) = next {
            let same = waiting.entry((call.client, next, place)).or_default();
            same.insert(same.partition_point(|other| *other < index), index);
        }
    }
    all
}
