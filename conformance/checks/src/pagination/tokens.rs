//! Judgement of the token of a first page: sent again, tampered with, with another page size, and in other requests.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::case::{Finding, Level};
use crate::client::pager::{Page, Pager};
use crate::client::reply::Reply;
use crate::observe::Observation;
use crate::pagination::judge::PageJudge;
use crate::pagination::{SIZE_MAY_CHANGE, TOKEN_FOREIGN, TOKEN_REPEATABLE, TOKEN_TAMPERED};
use crate::resources::{INSTANCE, Resource, overwrite};
use crate::steps;

/// A filter that matches few or no items of a list.
struct OtherFilter {
    operation: &'static str,
    member: &'static str,
    value: fn() -> Value,
}

const OTHER_FILTERS: &[OtherFilter] = &[
    OtherFilter { operation: "ListRules", member: "PublishStatus", value: || json!("PUBLISHED") },
    OtherFilter { operation: "ListContactFlows", member: "ContactFlowTypes", value: || json!(["CAMPAIGN"]) },
    OtherFilter { operation: "ListContactFlowModules", member: "ContactFlowModuleState", value: || json!("ARCHIVED") },
    OtherFilter { operation: "SearchRules", member: "SearchCriteria", value: || name_without_match("Name") },
    OtherFilter { operation: "SearchContactFlows", member: "SearchCriteria", value: || name_without_match("name") },
    OtherFilter {
        operation: "SearchContactFlowModules",
        member: "SearchCriteria",
        value: || name_without_match("name"),
    },
];

/// Search criteria that match nothing.
fn name_without_match(field: &str) -> Value {
    json!({ "StringCondition": { "FieldName": field, "Value": "nobody-is-called-that", "ComparisonType": "EXACT" } })
}

impl PageJudge<'_> {
    /// Judges the token of the first page.
    pub(super) async fn tokens(
        &self,
        pages: &[Page],
        size: Option<i64>,
        sizes: Option<(i64, i64)>,
        seen: &mut Observation,
    ) {
        let Some((first, token)) = pages.first().and_then(|page| Some((page, page.next.as_deref()?))) else {
            seen.block("the first page has no token");
            return;
        };
        if self.paging.items {
            self.repeat(first, token, size, seen).await;
        }
        if let (Some(size), Some((least, most))) = (size, sizes) {
            let other = if size < most { size + 1 } else { least };
            if other != size && self.paging.sized && self.paging.items {
                self.resize(first, token, (size, other), seen).await;
            }
        }
        self.tamper(token, size, seen).await;
        if self.fixtures.kind.is_some() {
            self.reuse(token, size, seen).await;
        }
    }

    fn page_keys(&self, page: &Page) -> BTreeSet<String> {
        self.fixtures.keys(std::slice::from_ref(page))
    }

    /// Sends the token twice.
    async fn repeat(&self, first: &Page, token: &str, size: Option<i64>, seen: &mut Observation) {
        let check = &TOKEN_REPEATABLE;
        let again = (self.pager.page(size, Some(token)).await, self.pager.page(size, Some(token)).await);
        match &again {
            (Ok(once), Ok(twice)) => {
                seen.judged(check);
                // The order is not guaranteed.
                if self.page_keys(once) != self.page_keys(twice) {
                    let expected = "the same items for the same token";
                    let exchange = Some(&twice.exchange);
                    seen.add(vec![check.finding(self.pager.items_pointer(), expected, "other items", exchange)]);
                }
            }
            (_, Err(why)) | (Err(why), _) => {
                // The traversal before has used the token successfully, so it is rejected because it was used.
                seen.judged(check);
                let pointer = self.pager.token_pointer();
                seen.add(vec![check.finding(pointer, "the same page again", &**why, Some(&first.exchange))]);
            }
        }
    }

    /// Sends the token with another page size.
    async fn resize(&self, first: &Page, token: &str, (size, other): (i64, i64), seen: &mut Observation) {
        let check = &SIZE_MAY_CHANGE;
        let expected = format!("up to {other} items after the {size} of the first page");
        let pointer = self.pager.items_pointer();
        match self.pager.page(Some(other), Some(token)).await {
            Ok(page) => {
                seen.judged(check);
                let shown = self.page_keys(first);
                let again = page
                    .items
                    .iter()
                    .filter(|item| self.fixtures.tells_apart(item) && shown.contains(&self.fixtures.key(item)));
                let again = again.count();
                // The number of items is judged by pagination.page-size.
                if again > 0 {
                    let actual = format!("{again} items of the first page again");
                    seen.add(vec![check.finding(pointer, expected, actual, Some(&page.exchange))]);
                }
            }
            // Judged only if the token is accepted with the same page size.
            Err(why) => match self.pager.page(Some(size), Some(token)).await {
                Ok(same) => {
                    seen.judged(check);
                    seen.add(vec![check.finding(pointer, expected, why, Some(&same.exchange))]);
                }
                Err(why) => seen.block(why),
            },
        }
    }

    /// Sends the token with one character changed.
    async fn tamper(&self, token: &str, size: Option<i64>, seen: &mut Observation) {
        let check = &TOKEN_TAMPERED;
        match self.pager.ask(size, Some(&tampered(token))).await {
            Ok(Reply::Refused(exchange, _)) if (400..500).contains(&exchange.response.status) => {
                seen.judged(check);
            }
            Ok(reply @ (Reply::Success(_) | Reply::Refused(..))) => {
                seen.judged(check);
                let (Reply::Success(exchange) | Reply::Refused(exchange, _)) = &reply else { return };
                let pointer = format!("/{}", self.pager.pagination.input_token);
                let expected = "a rejection (4xx) of a token with one character changed";
                let finding = check.finding(pointer, expected, reply.describe(), Some(exchange));
                // No source says how the service answers, but a faulty request never causes a server error.
                let level = if exchange.response.status >= 500 { Level::Must } else { finding.level };
                seen.add(vec![Finding { level, ..finding }]);
            }
            Ok(other) => seen.block(other.describe()),
            Err(why) => seen.block(why),
        }
    }

    /// Sends the token with other filters, with the other operation that shows the same kind, and in another instance.
    async fn reuse(&self, token: &str, size: Option<i64>, seen: &mut Observation) {
        let (client, name) = (self.pager.client, &self.pager.client.schema[self.pager.operation].name);
        if let Some(filter) = OTHER_FILTERS.iter().find(|filter| filter.operation == name) {
            let mut base = self.fixtures.base.clone();
            base[filter.member] = (filter.value)();
            let pager = Pager { base, ..*self.pager };
            self.send_elsewhere(&pager, token, size, "under other filters", false, seen).await;
        }
        let sibling = self.fixtures.kind.and_then(|kind| {
            let other = [kind.list, kind.search].into_iter().flatten().find(|(other, _)| other != name)?;
            client.schema.operation_named(other.0)
        });
        if let Some(operation) = sibling {
            let named = |kind: &Resource| kind.naming(&client.schema[operation].name, &self.fixtures.sent, "");
            let mut base = json!({});
            overwrite(&mut base, self.fixtures.kind.map(named).unwrap_or_default());
            if let Ok(pager) = Pager::new(client, operation, base) {
                self.send_elsewhere(&pager, token, size, "with another operation", false, seen).await;
            }
        }
        let names_instance = client
            .schema
            .input_members(&client.schema[self.pager.operation])
            .is_some_and(|members| members.get(INSTANCE).is_some());
        if !names_instance || !self.fixtures.kind.is_some_and(Resource::in_instance) {
            return;
        }
        match steps::quiet_instance(client).await {
            Ok(other) if other != self.fixtures.instance() => {
                let mut base = self.fixtures.base.clone();
                base[INSTANCE] = other.into();
                let pager = Pager { base, ..*self.pager };
                self.send_elsewhere(&pager, token, size, "in another instance", true, seen).await;
            }
            Ok(_) => {}
            Err(why) => seen.block(why),
        }
    }

    /// Sends the token in another request. In another instance, the response must show none of the created resources.
    async fn send_elsewhere(
        &self,
        pager: &Pager<'_>,
        token: &str,
        size: Option<i64>,
        place: &str,
        other_instance: bool,
        seen: &mut Observation,
    ) {
        let check = &TOKEN_FOREIGN;
        let reply = match pager.ask(size, Some(token)).await {
            Ok(reply) => reply,
            Err(why) => return seen.block(why),
        };
        let exchange = match &reply {
            Reply::Success(exchange) | Reply::Refused(exchange, _) => exchange,
            Reply::Unsupported(why) | Reply::Trouble(why, _) => return seen.block(why),
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
        let ours = shown.iter().filter(|item| self.fixtures.owns(item)).count();
        if other_instance && ours > 0 {
            let actual = format!("{ours} items of the original instance");
            let expected = format!("no items of the original instance for a token {place}");
            seen.add(vec![check.finding(pager.items_pointer(), expected, actual, Some(exchange))]);
        }
    }
}

/// The token with its middle character changed to another letter.
fn tampered(token: &str) -> String {
    let middle = token.chars().count() / 2;
    let other = |c: char| if c == 'A' { 'B' } else { 'A' };
    token.chars().enumerate().map(|(at, c)| if at == middle { other(c) } else { c }).collect()
}
