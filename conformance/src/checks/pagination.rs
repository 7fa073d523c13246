//! Family pagination: a walk over pages gives everything once and ends.

use std::collections::{BTreeMap, HashSet};

use connect_model::generate::{Config, SchemaPath};
use connect_model::schema::{OperationId, Pagination, Schema};
use serde_json::Value;

use super::{Check, RESTJSON, row};
use crate::case::{Exchange, Level};
use crate::client::Client;
use crate::observe::Observation;
use crate::reply::Reply;
use crate::resources::{self, Resource};

/// Where the rules of paging come from, beside the model's own list of paginated operations.
const PAGING: &str = "Smithy paginated trait, and what SDK paginators rely on";

/// The checks of the family.
pub const CHECKS: &[Check] = &[
    Check {
        id: "pagination.complete",
        level: Level::Must,
        rule: "the pages together hold everything: what the run created, and what larger pages hold",
        source: PAGING,
        passes: "small pages and large pages give the same set, with every resource that the run made",
        fails: "an item that a page size or a page boundary loses",
    },
    Check {
        id: "pagination.no-duplicates",
        level: Level::Must,
        rule: "no item stands on two pages of one walk",
        source: PAGING,
        passes: "all items of a walk differ",
        fails: "the last item of a page is the first of the next",
    },
    Check {
        id: "pagination.page-size",
        level: Level::Must,
        rule: "a page holds no more items than were asked for",
        source: PAGING,
        passes: "as many as asked for, fewer, or none",
        fails: "three items where two were asked for",
    },
    Check {
        id: "pagination.terminates",
        level: Level::Must,
        rule: "a walk ends, and no token comes twice",
        source: PAGING,
        passes: "a last page without a token, null, or an empty one",
        fails: "a token that came before",
    },
    Check {
        id: "pagination.end-without-token",
        level: Level::Must,
        rule: "the last page carries no token: every token leads on",
        source: PAGING,
        passes: "no token with the last item; a token that leads to an empty page is noted",
        fails: "a token that the endpoint itself gave and then refuses",
    },
    Check {
        id: "pagination.token-repeatable",
        level: Level::Must,
        rule: "a token gives the same page each time, as long as nothing changes",
        source: PAGING,
        passes: "equal items for an equal request",
        fails: "a token that is used up, or that moves on",
    },
    Check {
        id: "pagination.token-tampered",
        level: Level::Must,
        rule: "a token that the endpoint did not give is refused",
        source: PAGING,
        passes: "4xx to a token with one character changed",
        fails: "2xx, which shows that tokens can be forged; 5xx",
    },
    Check {
        id: "pagination.bounds",
        level: Level::Must,
        rule: "the least and the greatest page size of the model are accepted",
        source: RESTJSON,
        passes: "a success for either",
        fails: "a refusal of a page size that the model allows",
    },
    Check {
        id: "pagination.total-count",
        level: Level::Should,
        rule: "ApproximateTotalCount comes near the number of items",
        source: "Connect search operations; the count is approximate by name",
        passes: "at least half and at most twice of what the walk gives",
        fails: "a count that has nothing to do with the items",
    },
];

/// Pages after which a walk is given up.
const MOST_PAGES: usize = 2_000;

/// Resources that are made for a full check of a list.
const MADE: usize = 5;

/// Page size of the small walk.
const SMALL: i64 = 2;

/// Checks that an operation's paging lets fail.
pub fn planned(schema: &Schema, operation: OperationId) -> Vec<&'static Check> {
    let contract = &schema[operation];
    let Some(pagination) = &contract.pagination else { return Vec::new() };
    // Without resources of our own there is nothing to hold a count against.
    let counted = resources::listed_by(&contract.name).is_some()
        && schema.output_members(contract).is_some_and(|members| members.get("ApproximateTotalCount").is_some());
    let sized = pagination.page_size.is_some();
    let items = pagination.items.is_some();
    CHECKS
        .iter()
        .filter(|check| match check.id {
            "pagination.complete" | "pagination.page-size" => sized && items,
            "pagination.no-duplicates" | "pagination.token-repeatable" => items,
            "pagination.end-without-token" => items,
            "pagination.bounds" => sized,
            "pagination.total-count" => counted && items,
            _ => true,
        })
        .collect()
}

/// A page: its items and the token that follows.
struct Page {
    items: Vec<Value>,
    next: Option<String>,
    exchange: Exchange,
}

struct Walker<'s> {
    client: &'s Client,
    operation: OperationId,
    pagination: &'s Pagination,
    /// The run's own kind of resource, with the member that holds an item's id.
    listed: Option<(&'static Resource, &'static str)>,
    base: Value,
}

/// Walks small pages and large ones, repeats and spoils tokens, tries the bounds.
pub async fn observe(client: &Client, operation: OperationId) -> Observation {
    let schema = client.schema;
    let contract = &schema[operation];
    let name = &contract.name;
    let Some(pagination) = &contract.pagination else { return Observation::default() };
    if let Some(why) = client.unsupported(operation).await {
        return Observation::unsupported(why);
    }
    let mut seen = Observation::default();
    let listed = resources::listed_by(name);
    let mut made = HashSet::new();
    if let Some((row, _)) = listed {
        for _ in 0..MADE {
            match client.make(row).await {
                Ok(resource) => {
                    made.insert(resource.id);
                }
                Err(why) => seen.block(format!("no {} could be made to list: {why}", row.kind)),
            }
        }
    }
    let label = format!("{name}/pagination");
    let base = match client.input(operation, Config::sparse(), &label, &SchemaPath::default()).await {
        Ok(base) => base,
        Err(why) => {
            seen.block(format!("no valid request could be made: {why}"));
            return seen;
        }
    };
    let walker = Walker { client, operation, pagination, listed, base };
    let sizes = page_sizes(schema, operation, pagination);
    let small = sizes.map(|(least, most)| SMALL.clamp(least, most));
    let Some(pages) = walker.walk(small, &[], &mut seen).await else { return seen };
    walker.judge_walk(&pages, small, &mut seen);
    if let Some((least, most)) = sizes {
        walker.bounds(least, most, &mut seen).await;
        if let Some(large) = walker.walk(Some(most.min(1000)), &pages, &mut seen).await {
            walker.complete(&pages, &large, &made, &mut seen);
            walker.end(&large, &mut seen);
        }
    } else {
        walker.end(&pages, &mut seen);
    }
    walker.total(&pages, &mut seen);
    walker.tokens(&pages, small, &mut seen).await;
    seen
}

/// Least and greatest page size of the model; none where the page cannot be sized.
fn page_sizes(schema: &Schema, operation: OperationId, pagination: &Pagination) -> Option<(i64, i64)> {
    let member = schema.input_members(&schema[operation])?.get(pagination.page_size.as_ref()?)?;
    let range = member.slot.traits.range.unwrap_or_default();
    let (least, most) = (range.min.map_or(1, |min| (min as i64).max(1)), range.max.map_or(100, |max| max as i64));
    (least <= most).then_some((least, most))
}

impl Walker<'_> {
    fn input(&self, size: Option<i64>, token: Option<&str>) -> Value {
        let mut input = self.base.clone();
        if let (Some(member), Some(size)) = (&self.pagination.page_size, size) {
            input[member] = size.into();
        }
        if let Some(token) = token {
            input[&self.pagination.input_token] = token.into();
        }
        input
    }

    async fn page(&self, size: Option<i64>, token: Option<&str>) -> Result<Page, String> {
        match self.client.call(self.operation, &self.input(size, token)).await? {
            Reply::Success(exchange) => {
                let body: Value = serde_json::from_slice(&exchange.response.body)
                    .map_err(|error| format!("a page is not JSON: {error}"))?;
                let items = match self.pagination.items.as_ref().and_then(|path| at(&body, path)) {
                    Some(Value::Array(items)) => items.clone(),
                    Some(Value::Object(map)) => map.iter().map(|(k, v)| serde_json::json!([k, v])).collect(),
                    _ => Vec::new(),
                };
                let next = at(&body, &self.pagination.output_token).and_then(Value::as_str);
                let next = next.filter(|token| !token.is_empty()).map(str::to_owned);
                Ok(Page { items, next, exchange: *exchange })
            }
            other => Err(format!("{} answered {}", self.client.schema[self.operation].name, other.describe())),
        }
    }

    /// All pages, as far as they go. Tokens of the walk `before` may come again.
    async fn walk(&self, size: Option<i64>, before: &[Page], seen: &mut Observation) -> Option<Vec<Page>> {
        let mut pages: Vec<Page> = Vec::new();
        let mut tokens = HashSet::new();
        let check = row(CHECKS, "pagination.terminates");
        loop {
            let token = pages.last().and_then(|page| page.next.clone());
            let page = match self.page(size, token.as_deref()).await {
                Ok(page) => page,
                Err(why) if pages.is_empty() => {
                    seen.block(why);
                    return None;
                }
                Err(why) if token.is_some() && before.iter().any(|page| page.next == token) => {
                    seen.block(format!("a token that an earlier walk has used: {why}"));
                    return None;
                }
                Err(why) => {
                    let check = row(CHECKS, "pagination.end-without-token");
                    seen.judged(check.id);
                    let last = pages.last().map(|page| &page.exchange);
                    seen.add(vec![check.finding(self.token_pointer(), "a page behind every token", why, last)]);
                    return None;
                }
            };
            let next = page.next.clone();
            pages.push(page);
            seen.judged(check.id);
            let Some(next) = next else { return Some(pages) };
            if !tokens.insert(next) {
                let actual = format!("page {} carries a token that came before", pages.len());
                let last = pages.last().map(|page| &page.exchange);
                seen.add(vec![check.finding(self.token_pointer(), "a walk that ends", actual, last)]);
                return None;
            }
            if pages.len() >= MOST_PAGES {
                seen.block(format!("the walk was given up after {MOST_PAGES} pages"));
                return None;
            }
        }
    }

    fn token_pointer(&self) -> String {
        self.pagination.output_token.iter().map(|name| format!("/{name}")).collect()
    }

    fn items_pointer(&self) -> String {
        self.pagination.items.iter().flatten().map(|name| format!("/{name}")).collect()
    }

    /// What tells items apart: the id of the run's own kinds, else the whole item.
    fn key(&self, item: &Value) -> String {
        let id = self.listed.and_then(|(_, member)| item.get(member)).and_then(Value::as_str);
        id.map_or_else(|| item.to_string(), str::to_owned)
    }

    fn judge_walk(&self, pages: &[Page], size: Option<i64>, seen: &mut Observation) {
        let unique = row(CHECKS, "pagination.no-duplicates");
        let bounded = row(CHECKS, "pagination.page-size");
        let mut keys: BTreeMap<String, usize> = BTreeMap::new();
        for (number, page) in pages.iter().enumerate() {
            if let Some(size) = size {
                if !page.items.is_empty() {
                    seen.judged(bounded.id);
                }
                if page.items.len() as i64 > size {
                    let actual = format!("{} items on page {}", page.items.len(), number + 1);
                    let expected = format!("at most {size} items");
                    seen.add(vec![bounded.finding(self.items_pointer(), expected, actual, Some(&page.exchange))]);
                }
            }
            for item in &page.items {
                let key = self.key(item);
                if let Some(before) = keys.insert(key.clone(), number) {
                    let actual = format!("{} on pages {} and {}", crate::reply::cut(&key), before + 1, number + 1);
                    let exchange = Some(&page.exchange);
                    seen.add(vec![unique.finding(self.items_pointer(), "items that differ", actual, exchange)]);
                }
            }
        }
        if keys.len() > 1 && pages.len() > 1 {
            seen.judged(unique.id);
        } else {
            seen.block("fewer than two pages of items: nothing to page through");
        }
    }

    fn complete(&self, small: &[Page], large: &[Page], made: &HashSet<String>, seen: &mut Observation) {
        let check = row(CHECKS, "pagination.complete");
        let keys = |pages: &[Page]| -> HashSet<String> {
            pages.iter().flat_map(|page| &page.items).map(|item| self.key(item)).collect()
        };
        let (of_small, of_large) = (keys(small), keys(large));
        // Several pages on one side and another cut on the other, or resources that we know of: else nothing is compared.
        if (small.len() > 1 && small.len() != large.len()) || !made.is_empty() {
            seen.judged(check.id);
        }
        let exchange = small.last().map(|page| &page.exchange);
        let mut fail = |expected: String, actual: String| {
            seen.add(vec![check.finding(self.items_pointer(), expected, actual, exchange)]);
        };
        if !made.is_empty() {
            for (walk, keys) in [("small", &of_small), ("large", &of_large)] {
                let lost = made.iter().filter(|id| !keys.contains(*id)).count();
                if lost > 0 {
                    let expected =
                        format!("all {} resources that the run made, in a walk over {walk} pages", made.len());
                    fail(expected, format!("{lost} are missing"));
                }
            }
        } else {
            // Without resources of our own only a comparison with itself is left: the same cut twice shows nothing.
            let lost = of_large.difference(&of_small).count() + of_small.difference(&of_large).count();
            if lost > 0 {
                let expected = "the same items in small and in large pages".to_owned();
                fail(expected, format!("{lost} items stand in only one of the walks"));
            }
        }
    }

    fn end(&self, large: &[Page], seen: &mut Observation) {
        let check = row(CHECKS, "pagination.end-without-token");
        let Some(last) = large.last() else { return };
        seen.judged(check.id);
        if large.len() > 1 && last.items.is_empty() {
            let actual = "a token that leads to an empty last page";
            let exchange = large.get(large.len() - 2).map(|page| &page.exchange);
            let mut finding = check.finding(self.token_pointer(), "no token with the last item", actual, exchange);
            // Pages may be empty; a client pays one more request.
            finding.level = Level::Note;
            seen.add(vec![finding]);
        }
    }

    fn total(&self, pages: &[Page], seen: &mut Observation) {
        let check = row(CHECKS, "pagination.total-count");
        let Some(first) = pages.first().filter(|_| self.listed.is_some()) else { return };
        let body: Value = serde_json::from_slice(&first.exchange.response.body).unwrap_or_default();
        let Some(count) = body.get("ApproximateTotalCount").and_then(Value::as_u64) else {
            seen.block("ApproximateTotalCount is absent");
            return;
        };
        let found = pages.iter().map(|page| page.items.len() as u64).sum::<u64>();
        // Synthesized and very small collections show nothing; other trials create and delete meanwhile.
        if found < MADE as u64 {
            seen.block("too few items to hold a count against");
            return;
        }
        seen.judged(check.id);
        if count.saturating_mul(2) < found || count > found.saturating_mul(2).saturating_add(10) {
            let expected = format!("about {found}");
            let exchange = Some(&first.exchange);
            seen.add(vec![check.finding("/ApproximateTotalCount", expected, count.to_string(), exchange)]);
        }
    }

    async fn bounds(&self, least: i64, most: i64, seen: &mut Observation) {
        let check = row(CHECKS, "pagination.bounds");
        for size in [least, most] {
            let outcome = self.client.call(self.operation, &self.input(Some(size), None)).await;
            match outcome {
                Ok(Reply::Success(_)) => seen.judged(check.id),
                Ok(reply @ Reply::Refused(..)) => {
                    seen.judged(check.id);
                    let Reply::Refused(exchange, _) = &reply else { continue };
                    let member = self.pagination.page_size.as_deref().unwrap_or_default();
                    let expected = format!("a page for {member} = {size}, within {least} to {most}");
                    let finding = check.finding(format!("/{member}"), expected, reply.describe(), Some(exchange));
                    seen.add(vec![finding]);
                }
                Ok(other) => seen.block(other.describe()),
                Err(why) => seen.block(why),
            }
        }
    }

    /// Sends the first token again, and a spoiled one.
    async fn tokens(&self, pages: &[Page], size: Option<i64>, seen: &mut Observation) {
        let Some(token) = pages.first().and_then(|page| page.next.as_deref()) else {
            seen.block("the first page carries no token");
            return;
        };
        if let Some(check) = planned_check(self, "pagination.token-repeatable") {
            let again = (self.page(size, Some(token)).await, self.page(size, Some(token)).await);
            if let (Ok(once), Ok(twice)) = &again {
                // Order is not promised.
                let keys = |page: &Page| {
                    page.items.iter().map(|item| self.key(item)).collect::<std::collections::BTreeSet<_>>()
                };
                seen.judged(check.id);
                if keys(once) != keys(twice) {
                    let expected = "the same items for the same token";
                    let exchange = Some(&twice.exchange);
                    seen.add(vec![check.finding(self.items_pointer(), expected, "other items", exchange)]);
                }
            } else if let (_, Err(why)) | (Err(why), _) = &again {
                // It led on in the walk before: it is refused for having been used.
                seen.judged(check.id);
                let exchange = pages.first().map(|page| &page.exchange);
                seen.add(vec![check.finding(self.token_pointer(), "the same page again", &**why, exchange)]);
            }
        }
        let check = row(CHECKS, "pagination.token-tampered");
        match self.client.call(self.operation, &self.input(size, Some(&spoiled(token)))).await {
            Ok(Reply::Refused(exchange, _)) if (400..500).contains(&exchange.response.status) => {
                seen.judged(check.id);
            }
            Ok(reply @ (Reply::Success(_) | Reply::Refused(..))) => {
                seen.judged(check.id);
                let (Reply::Success(exchange) | Reply::Refused(exchange, _)) = &reply else { return };
                let pointer = format!("/{}", self.pagination.input_token);
                let expected = "a refusal (4xx) of a token with one character changed";
                seen.add(vec![check.finding(pointer, expected, reply.describe(), Some(exchange))]);
            }
            Ok(other) => seen.block(other.describe()),
            Err(why) => seen.block(why),
        }
    }
}

/// The check, if it was planned for the operation at all.
fn planned_check(walker: &Walker<'_>, id: &str) -> Option<&'static Check> {
    planned(walker.client.schema, walker.operation).into_iter().find(|check| check.id == id)
}

/// The token with its middle character changed to another letter or digit.
fn spoiled(token: &str) -> String {
    let middle = token.chars().count() / 2;
    token
        .chars()
        .enumerate()
        .map(|(at, c)| {
            if at != middle {
                c
            } else if c == 'A' {
                'B'
            } else {
                'A'
            }
        })
        .collect()
}

/// How many resources of a kind bear a name, counted over the whole list; and the last page.
pub(super) async fn count_named(
    client: &Client,
    row: &'static Resource,
    wanted: &str,
) -> Result<(usize, Option<Exchange>), String> {
    let (list, _) = row.list;
    let operation = client.schema.operation_named(list).ok_or_else(|| format!("{list} is no operation"))?;
    let pagination = client.schema[operation].pagination.as_ref().ok_or_else(|| format!("{list} does not page"))?;
    let base = client.input(operation, Config::sparse(), &format!("{list}/count"), &SchemaPath::default()).await?;
    let walker = Walker { client, operation, pagination, listed: None, base };
    let size = page_sizes(client.schema, operation, pagination).map(|(_, most)| most);
    let mut seen = Observation::default();
    let pages = walker.walk(size, &[], &mut seen).await.ok_or_else(|| format!("{list} could not be walked"))?;
    let named = pages.iter().flat_map(|page| &page.items).filter(|item| item[row.name_member] == wanted).count();
    Ok((named, pages.into_iter().next_back().map(|page| page.exchange)))
}

fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |here, name| here.get(name))
}
