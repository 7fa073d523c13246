//! What becomes of the token of a first page: sent again, spoiled, with another page size, and where it does not belong.

use serde_json::{Value, json};

use crate::client::pager::{Page, Pager, key, keys};
use crate::client::reply::Reply;
use crate::observe::Observation;
use crate::pagination::judge::Judge;
use crate::pagination::{SIZE_MAY_CHANGE, TOKEN_FOREIGN, TOKEN_REPEATABLE, TOKEN_TAMPERED};
use crate::steps;

/// A filter that leaves little or nothing of a list.
struct OtherFilter {
    operation: &'static str,
    member: &'static str,
    value: fn() -> Value,
}

const OTHER_FILTERS: &[OtherFilter] = &[
    OtherFilter { operation: "ListRules", member: "PublishStatus", value: || json!("PUBLISHED") },
    OtherFilter { operation: "ListContactFlows", member: "ContactFlowTypes", value: || json!(["CAMPAIGN"]) },
    OtherFilter { operation: "ListContactFlowModules", member: "ContactFlowModuleState", value: || json!("ARCHIVED") },
    OtherFilter { operation: "SearchRules", member: "SearchCriteria", value: || named_like_nobody("Name") },
    OtherFilter { operation: "SearchContactFlows", member: "SearchCriteria", value: || named_like_nobody("name") },
    OtherFilter {
        operation: "SearchContactFlowModules",
        member: "SearchCriteria",
        value: || named_like_nobody("name"),
    },
];

fn named_like_nobody(field: &str) -> Value {
    json!({ "StringCondition": { "FieldName": field, "Value": "nobody-is-called-that", "ComparisonType": "EXACT" } })
}

impl Judge<'_> {
    /// Sends the token of the first page in many ways.
    pub(super) async fn tokens(
        &self,
        pages: &[Page],
        size: Option<i64>,
        sizes: Option<(i64, i64)>,
        seen: &mut Observation,
    ) {
        let Some((first, token)) = pages.first().and_then(|page| Some((page, page.next.as_deref()?))) else {
            seen.block("the first page carries no token");
            return;
        };
        if self.paging.items {
            self.repeated(first, token, size, seen).await;
        }
        if let (Some(size), Some((least, most))) = (size, sizes) {
            let other = if size < most { size + 1 } else { least };
            if other != size && self.paging.sized && self.paging.items {
                self.resized(first, token, (size, other), seen).await;
            }
        }
        self.tampered(token, size, seen).await;
        if self.stock.kind.is_some() {
            self.foreign(token, size, seen).await;
        }
    }

    async fn repeated(&self, first: &Page, token: &str, size: Option<i64>, seen: &mut Observation) {
        let check = &TOKEN_REPEATABLE;
        let again = (self.pager.page(size, Some(token)).await, self.pager.page(size, Some(token)).await);
        match &again {
            (Ok(once), Ok(twice)) => {
                seen.judged(check);
                // Order is not promised.
                let of = |page: &Page| keys(std::slice::from_ref(page), self.stock.member);
                if of(once) != of(twice) {
                    let expected = "the same items for the same token";
                    let exchange = Some(&twice.exchange);
                    seen.add(vec![check.finding(self.pager.items_pointer(), expected, "other items", exchange)]);
                }
            }
            (_, Err(why)) | (Err(why), _) => {
                // It led on in the walk before: it is refused for having been used.
                seen.judged(check);
                let pointer = self.pager.token_pointer();
                seen.add(vec![check.finding(pointer, "the same page again", &**why, Some(&first.exchange))]);
            }
        }
    }

    async fn resized(&self, first: &Page, token: &str, (size, other): (i64, i64), seen: &mut Observation) {
        let check = &SIZE_MAY_CHANGE;
        let expected = format!("up to {other} items behind the {size} of the first page");
        let pointer = self.pager.items_pointer();
        match self.pager.page(Some(other), Some(token)).await {
            Ok(page) => {
                seen.judged(check);
                let shown = keys(std::slice::from_ref(first), self.stock.member);
                let again = page.items.iter().filter(|item| shown.contains(&key(item, self.stock.member))).count();
                // That pages are no longer than asked for is the matter of pagination.page-size.
                if again > 0 {
                    let actual = format!("{again} items of the first page again");
                    seen.add(vec![check.finding(pointer, expected, actual, Some(&page.exchange))]);
                }
            }
            // Unless the token is refused in any case.
            Err(why) => match self.pager.page(Some(size), Some(token)).await {
                Ok(same) => {
                    seen.judged(check);
                    seen.add(vec![check.finding(pointer, expected, why, Some(&same.exchange))]);
                }
                Err(why) => seen.block(why),
            },
        }
    }

    async fn tampered(&self, token: &str, size: Option<i64>, seen: &mut Observation) {
        let check = &TOKEN_TAMPERED;
        match self.pager.ask(size, Some(&spoiled(token))).await {
            Ok(Reply::Refused(exchange, _)) if (400..500).contains(&exchange.response.status) => {
                seen.judged(check);
            }
            Ok(reply @ (Reply::Success(_) | Reply::Refused(..))) => {
                seen.judged(check);
                let (Reply::Success(exchange) | Reply::Refused(exchange, _)) = &reply else { return };
                let pointer = format!("/{}", self.pager.pagination.input_token);
                let expected = "a refusal (4xx) of a token with one character changed";
                seen.add(vec![check.finding(pointer, expected, reply.describe(), Some(exchange))]);
            }
            Ok(other) => seen.block(other.describe()),
            Err(why) => seen.block(why),
        }
    }

    /// Under other filters, with the other operation that shows the same kind, and in another instance.
    async fn foreign(&self, token: &str, size: Option<i64>, seen: &mut Observation) {
        let (client, name) = (self.pager.client, &self.pager.client.schema[self.pager.operation].name);
        if let Some(filter) = OTHER_FILTERS.iter().find(|filter| filter.operation == name) {
            let mut base = self.stock.base.clone();
            base[filter.member] = (filter.value)();
            let pager = Pager { base, ..*self.pager };
            self.elsewhere(&pager, token, size, "under other filters", false, seen).await;
        }
        let sibling = self.stock.kind.and_then(|kind| {
            let other = [Some(kind.list), kind.search].into_iter().flatten().find(|(other, _)| other != name)?;
            client.schema.operation_named(other.0)
        });
        if let Some(operation) = sibling {
            let base = json!({ "InstanceId": self.stock.instance() });
            if let Ok(pager) = Pager::new(client, operation, base) {
                self.elsewhere(&pager, token, size, "with another operation", false, seen).await;
            }
        }
        match steps::quiet_instance(client).await {
            Ok(other) if other != self.stock.instance() => {
                let mut base = self.stock.base.clone();
                base["InstanceId"] = other.into();
                let pager = Pager { base, ..*self.pager };
                self.elsewhere(&pager, token, size, "in another instance", true, seen).await;
            }
            Ok(_) => {}
            Err(why) => seen.block(why),
        }
    }

    /// Sends the token where it does not belong; with `strange`, nothing of ours may be shown there.
    async fn elsewhere(
        &self,
        pager: &Pager<'_>,
        token: &str,
        size: Option<i64>,
        place: &str,
        strange: bool,
        seen: &mut Observation,
    ) {
        let check = &TOKEN_FOREIGN;
        let reply = match pager.ask(size, Some(token)).await {
            Ok(reply) => reply,
            Err(why) => return seen.block(why),
        };
        let exchange = match &reply {
            Reply::Success(exchange) | Reply::Refused(exchange, _) => exchange,
            Reply::Unsupported(why) | Reply::Trouble(why) => return seen.block(why),
        };
        seen.judged(check);
        let name = &self.pager.client.schema[self.pager.operation].name;
        self.pager.client.learn(format!("page token {place}, {name}"), reply.outline());
        let pointer = format!("/{}", pager.pagination.input_token);
        if exchange.response.status >= 500 {
            let expected = format!("no failure for a token {place}");
            seen.add(vec![check.finding(pointer, expected, reply.describe(), Some(exchange))]);
            return;
        }
        let shown = pager.read((**exchange).clone()).map(|page| page.items).unwrap_or_default();
        let ours = shown.iter().filter(|item| self.stock.owns(item)).count();
        if strange && ours > 0 {
            let actual = format!("{ours} items of the instance that the token was given in");
            let expected = format!("nothing of another instance for a token {place}");
            seen.add(vec![check.finding(pager.items_pointer(), expected, actual, Some(exchange))]);
        }
    }
}

/// The token with its middle character changed to another letter or digit.
fn spoiled(token: &str) -> String {
    let middle = token.chars().count() / 2;
    let other = |c: char| if c == 'A' { 'B' } else { 'A' };
    token.chars().enumerate().map(|(at, c)| if at == middle { other(c) } else { c }).collect()
}
