//! Reads the pages of a list or a search: one page, or all of them. Judges nothing; the caller reads how the paging
//! ended.

use std::collections::{BTreeSet, HashSet};

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{Kind, OperationId, Pagination, Schema};
use connect_model::wire::{encode_request, read_response};
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::reply::{Reply, unreadable};
use crate::parts::digest;
use crate::resources::{INSTANCE, Resource, overwrite};
use crate::search;
use connect_model::json_text::structural_tokens;
use connect_transport::exchange::Exchange;

/// Pages after which paging stops.
const MOST_PAGES: usize = 2_000;

/// Bytes of all pages, and values in them, after which paging stops. All pages are kept in memory.
const MOST_BYTES: usize = 8 << 20;
const MOST_VALUES: usize = 200_000;

/// Consecutive pages without a new item after which paging stops.
const MOST_IDLE: usize = 100;

/// A page: its items and the token of the next page.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
    pub(crate) exchange: Exchange,
}

/// The end of a page traversal.
pub(crate) enum End {
    /// The last page has no token.
    Done,
    /// The first page was rejected; the response.
    NoPage(String),
    /// The token of the last page was rejected; the response.
    Refused(String),
    /// The token of the last page came before.
    Loop,
    /// The given number of last pages have new tokens, and no new items.
    Idle(usize),
    /// New items keep coming, and a limit was reached.
    GivenUp,
}

/// The pages of a traversal, and its end.
pub(crate) struct Traversal {
    pub(crate) pages: Vec<Page>,
    pub(crate) end: End,
}

/// A paged operation, with an input that has neither token nor page size.
pub(crate) struct Pager<'c> {
    pub(crate) client: &'c Client,
    pub(crate) operation: OperationId,
    pub(crate) pagination: &'static Pagination,
    pub(crate) base: Value,
    /// Requests are sent even if the run has reached its limit of requests.
    pub(crate) necessary: bool,
}

impl<'c> Pager<'c> {
    /// A pager of an operation.
    ///
    /// # Errors
    /// The operation is not paged.
    pub(crate) fn new(client: &'c Client, operation: OperationId, base: Value) -> Result<Self, String> {
        let contract = &client.schema[operation];
        let pagination = contract.pagination.as_ref().ok_or_else(|| format!("{} is not paged", contract.name))?;
        Ok(Self { client, operation, pagination, base, necessary: false })
    }

    /// The input for one page.
    pub(crate) fn input(&self, size: Option<i64>, token: Option<&str>) -> Value {
        let mut input = self.base.clone();
        if let (Some(member), Some(size)) = (&self.pagination.page_size, size) {
            input[member] = self.size(member, size);
        }
        if let Some(token) = token {
            input[&self.pagination.input_token] = token.into();
        }
        input
    }

    /// A page size as the value of its member, which is a text in some services.
    fn size(&self, member: &str, size: i64) -> Value {
        let schema = self.client.schema;
        let member = schema.input_members(&schema[self.operation]).and_then(|members| members.get(member));
        let is_text = member.is_some_and(|member| matches!(schema[member.slot.target].kind, Kind::String));
        if is_text { size.to_string().into() } else { size.into() }
    }

    /// Requests a page.
    pub(crate) async fn ask(&self, size: Option<i64>, token: Option<&str>) -> Result<Reply, String> {
        let input = self.input(size, token);
        if !self.necessary {
            return self.client.call(self.operation, &input).await;
        }
        let request = encode_request(self.client.schema, self.operation, &input).map_err(|error| error.to_string())?;
        Ok(self.client.send_necessary(self.operation, &request).await)
    }

    /// One page.
    ///
    /// # Errors
    /// The response, if it has no page.
    pub(crate) async fn page(&self, size: Option<i64>, token: Option<&str>) -> Result<Page, String> {
        match self.ask(size, token).await? {
            Reply::Success(exchange) => self.read(*exchange),
            other => Err(format!("{} answered {}", self.client.schema[self.operation].name, other.describe())),
        }
    }

    /// The page in a response.
    pub(crate) fn read(&self, exchange: Exchange) -> Result<Page, String> {
        let body = read_response(self.client.schema, self.operation, &exchange.response)
            .map_err(|error| format!("a page is not JSON: {}", unreadable(&exchange, error)))?;
        let (items, next) = self.contents(&body);
        Ok(Page { items, next, exchange })
    }

    /// The items and the next token in the body of a response.
    pub(crate) fn contents(&self, body: &Value) -> (Vec<Value>, Option<String>) {
        let items = match self.pagination.items.as_ref().and_then(|path| member_at(body, path)) {
            Some(Value::Array(items)) => items.clone(),
            Some(Value::Object(map)) => map.iter().map(|(k, v)| serde_json::json!([k, v])).collect(),
            _ => Vec::new(),
        };
        (items, next_token(self.pagination, body).map(str::to_owned))
    }

    /// Pages until the end, or until a limit.
    pub(crate) async fn traverse(&self, size: Option<i64>) -> Traversal {
        let mut pages: Vec<Page> = Vec::new();
        let (mut tokens, mut items) = (HashSet::new(), HashSet::new());
        let (mut idle, mut bytes, mut values) = (0, 0, 0);
        let end = loop {
            let token = pages.last().and_then(|page| page.next.as_deref());
            let page = match self.page(size, token).await {
                Ok(page) => page,
                Err(why) if pages.is_empty() => break End::NoPage(why),
                Err(why) => break End::Refused(why),
            };
            let next = page.next.clone();
            let body = &page.exchange.response.body;
            (bytes, values) = (bytes + body.len(), values + structural_tokens(body));
            let new = page.items.iter().filter(|item| items.insert(digest(item))).count();
            idle = if new == 0 { idle + 1 } else { 0 };
            pages.push(page);
            let Some(next) = next else { break End::Done };
            if !tokens.insert(next) {
                break End::Loop;
            }
            if idle >= MOST_IDLE {
                break End::Idle(idle);
            }
            if pages.len() >= MOST_PAGES || bytes > MOST_BYTES || values > MOST_VALUES {
                break End::GivenUp;
            }
        };
        Traversal { pages, end }
    }

    /// All pages.
    ///
    /// # Errors
    /// The reason why paging did not reach its end.
    pub(crate) async fn all(&self, size: Option<i64>) -> Result<Vec<Page>, String> {
        let traversal = self.traverse(size).await;
        let name = &self.client.schema[self.operation].name;
        match traversal.end {
            End::Done => Ok(traversal.pages),
            End::NoPage(why) => Err(why),
            End::Refused(why) => self.whole().await.ok_or_else(|| format!("a token of {name} is rejected: {why}")),
            End::Loop | End::Idle(_) | End::GivenUp => {
                self.whole().await.ok_or_else(|| format!("paging of {name} does not end"))
            }
        }
    }

    /// The pages as far as they can be read, and the reason why there may be more; none if they are all there are.
    ///
    /// # Errors
    /// There is no page.
    pub(crate) async fn known(&self) -> Result<(Vec<Page>, Option<String>), String> {
        let name = &self.client.schema[self.operation].name;
        let mut traversal = self.traverse(None).await;
        if !matches!(traversal.end, End::Done | End::NoPage(_))
            && let Some((_, most)) = page_sizes(self.client.schema, self.operation)
        {
            // Endpoints whose tokens do not work show more on a page.
            let larger = self.traverse(Some(most)).await;
            let count = |traversal: &Traversal| traversal.pages.iter().map(|page| page.items.len()).sum::<usize>();
            if matches!(larger.end, End::Done) || count(&larger) > count(&traversal) {
                traversal = larger;
            }
        }
        match traversal.end {
            End::Done => Ok((traversal.pages, None)),
            End::NoPage(why) => Err(why),
            End::Refused(why) => Ok((traversal.pages, Some(format!("{name} ends early: {why}")))),
            End::Loop | End::Idle(_) | End::GivenUp => {
                Ok((traversal.pages, Some(format!("paging of {name} does not end"))))
            }
        }
    }

    /// All pages of the largest size, for endpoints whose tokens do not work: the pages before the useless token, if the last
    /// one has room for more. The checks of pagination judge the tokens; others need the items.
    async fn whole(&self) -> Option<Vec<Page>> {
        let (_, most) = page_sizes(self.client.schema, self.operation)?;
        let Traversal { pages, end } = self.traverse(Some(most)).await;
        let has_room = pages.last().is_some_and(|page| usize::try_from(most).is_ok_and(|most| page.items.len() < most));
        match end {
            End::Done => Some(pages),
            End::Refused(_) | End::Loop | End::Idle(_) => has_room.then_some(pages),
            End::NoPage(_) | End::GivenUp => None,
        }
    }

    /// JSON Pointer to the token in a response.
    pub(crate) fn token_pointer(&self) -> String {
        self.pagination.output_token.iter().map(|name| format!("/{name}")).collect()
    }

    /// JSON Pointer to the items in a response.
    pub(crate) fn items_pointer(&self) -> String {
        self.pagination.items.iter().flatten().map(|name| format!("/{name}")).collect()
    }
}

/// The identity of an item: the given member, else the whole item.
pub(crate) fn key(item: &Value, member: Option<&str>) -> String {
    match member.and_then(|member| item.get(member)) {
        Some(Value::String(text)) => text.clone(),
        Some(number @ Value::Number(_)) => number.to_string(),
        _ => item.to_string(),
    }
}

/// The token of the next page in the body of a response.
pub(super) fn next_token<'b>(pagination: &Pagination, body: &'b Value) -> Option<&'b str> {
    let next = member_at(body, &pagination.output_token).and_then(Value::as_str);
    next.filter(|token| !token.is_empty())
}

/// Keys of all items on some pages.
pub(crate) fn keys(pages: &[Page], member: Option<&str>) -> BTreeSet<String> {
    pages.iter().flat_map(|page| &page.items).map(|item| key(item, member)).collect()
}

/// Smallest and largest page size of the model; none if the operation has no page size.
pub(crate) fn page_sizes(schema: &Schema, operation: OperationId) -> Option<(i64, i64)> {
    let size = schema[operation].pagination.as_ref()?.page_size.as_ref()?;
    let member = schema.input_members(&schema[operation])?.get(size)?;
    let range = member.slot.traits.range.unwrap_or_default();
    let (least, most) = (range.min.map_or(1, |min| (min as i64).max(1)), range.max.map_or(100, |max| max as i64));
    (least <= most).then_some((least, most))
}

/// The items of all pages, with the exchange of the last one.
pub(crate) fn collected(mut pages: Vec<Page>) -> (Vec<Value>, Option<Exchange>) {
    let items = pages.iter_mut().flat_map(|page| std::mem::take(&mut page.items)).collect();
    (items, pages.pop().map(|page| page.exchange))
}

/// All listed resources of a kind; with the exchange of the last page. Lists the parents of the creation `sent`, else those
/// of the run.
pub(crate) async fn list_all(
    client: &Client,
    row: &'static Resource,
    sent: Option<&Value>,
) -> Result<(Vec<Value>, Option<Exchange>), String> {
    let (list, _) = row.list.ok_or_else(|| format!("nothing lists a {}", row.kind))?;
    let operation = client.schema.operation_named(list).ok_or_else(|| format!("the model has no {list}"))?;
    let mut base = client.input(operation, Config::sparse(), &format!("{list}/count"), &SchemaPath::default()).await?;
    if let Some(sent) = sent {
        overwrite(&mut base, row.naming(list, sent, ""));
    }
    let size = page_sizes(client.schema, operation).map(|(_, most)| most);
    Ok(collected(Pager::new(client, operation, base)?.all(size).await?))
}

/// All resources of a kind that a search by name finds, with the exchange of the last page.
pub(crate) async fn search_named(
    client: &Client,
    row: &'static Resource,
    sent: &Value,
    name: &str,
) -> Result<(Vec<Value>, Option<Exchange>), String> {
    let (search, _) = row.search.ok_or_else(|| format!("nothing searches a {}", row.kind))?;
    let operation = client.schema.operation_named(search).ok_or_else(|| format!("the model has no {search}"))?;
    let mut input = json!({ INSTANCE: sent[INSTANCE] });
    if let Some(criteria) = search::by_name(client.schema, search, name) {
        input["SearchCriteria"] = criteria;
    }
    Ok(collected(Pager::new(client, operation, input)?.all(None).await?))
}

/// Number of listed resources of a kind with the parents and the name of a creation; with the exchange of the last page.
pub(crate) async fn count_named(
    client: &Client,
    row: &'static Resource,
    sent: &Value,
) -> Result<(usize, Option<Exchange>), String> {
    let (items, exchange) = list_all(client, row, Some(sent)).await?;
    // Concurrent creations may move an item to a second page: it counts once.
    let named = items.iter().filter(|item| row.name_in(item) == row.name_in(sent));
    Ok((named.map(|item| key(item, Some(row.list_id()))).collect::<BTreeSet<_>>().len(), exchange))
}

fn member_at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |here, name| here.get(name))
}
