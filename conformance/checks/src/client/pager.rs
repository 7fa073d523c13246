//! Walks through the pages of a list or a search: one page, or all of them. Judges nothing; how a walk ended is for the
//! caller to read.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::schema::{OperationId, Pagination, Schema};
use connect_model::wire::encode_request;
use serde_json::Value;

use crate::client::Client;
use crate::client::reply::{Reply, unreadable};
use crate::resources::Resource;
use connect_transport::exchange::Exchange;
use connect_transport::json_text::structure;

/// Pages after which a walk is given up.
const MOST_PAGES: usize = 2_000;

/// Bytes of all pages, and values in them, after which a walk is given up: its pages are kept until it ends.
const MOST_BYTES: usize = 8 << 20;
const MOST_VALUES: usize = 200_000;

/// Pages in a row that hold nothing new, after which a walk leads nowhere.
const MOST_IDLE: usize = 100;

/// A page: its items and the token that follows.
pub(crate) struct Page {
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
    pub(crate) exchange: Exchange,
}

/// The end of a page traversal.
pub(crate) enum End {
    /// With a page that carries no token.
    Done,
    /// The first page was refused, and how.
    NoPage(String),
    /// The token of the last page was refused, and how.
    Refused(String),
    /// The last page carries a token that came before.
    Loop,
    /// Each of so many last pages carries another token, and none an item that was not there before.
    Idle(usize),
    /// There is no end in sight, though items keep coming.
    GivenUp,
}

/// The pages of a traversal, and its end.
pub(crate) struct Traversal {
    pub(crate) pages: Vec<Page>,
    pub(crate) end: End,
}

/// An operation that answers in pages, with an input that has neither token nor page size.
pub(crate) struct Pager<'c> {
    pub(crate) client: &'c Client,
    pub(crate) operation: OperationId,
    pub(crate) pagination: &'static Pagination,
    pub(crate) base: Value,
    /// Requests go out even after the last one that the run may send.
    pub(crate) necessary: bool,
}

impl<'c> Pager<'c> {
    /// The text says that the operation has no pages.
    pub(crate) fn new(client: &'c Client, operation: OperationId, base: Value) -> Result<Self, String> {
        let contract = &client.schema[operation];
        let pagination = contract.pagination.as_ref().ok_or_else(|| format!("{} does not page", contract.name))?;
        Ok(Self { client, operation, pagination, base, necessary: false })
    }

    /// The input of one page.
    pub(crate) fn input(&self, size: Option<i64>, token: Option<&str>) -> Value {
        let mut input = self.base.clone();
        if let (Some(member), Some(size)) = (&self.pagination.page_size, size) {
            input[member] = size.into();
        }
        if let Some(token) = token {
            input[&self.pagination.input_token] = token.into();
        }
        input
    }

    /// Sends the input of a page.
    pub(crate) async fn ask(&self, size: Option<i64>, token: Option<&str>) -> Result<Reply, String> {
        let input = self.input(size, token);
        if !self.necessary {
            return self.client.call(self.operation, &input).await;
        }
        let request = encode_request(self.client.schema, self.operation, &input).map_err(|error| error.to_string())?;
        Ok(self.client.send_necessary(self.operation, &request).await)
    }

    /// One page; the text says why there is none.
    pub(crate) async fn page(&self, size: Option<i64>, token: Option<&str>) -> Result<Page, String> {
        match self.ask(size, token).await? {
            Reply::Success(exchange) => self.read(*exchange),
            other => Err(format!("{} answered {}", self.client.schema[self.operation].name, other.describe())),
        }
    }

    /// The page in an answer.
    pub(crate) fn read(&self, exchange: Exchange) -> Result<Page, String> {
        let body: Value = serde_json::from_slice(&exchange.response.body)
            .map_err(|error| format!("a page is not JSON: {}", unreadable(&exchange, error)))?;
        let (items, next) = self.contents(&body);
        Ok(Page { items, next, exchange })
    }

    /// The items of a page and the token that follows, in the body of an answer.
    pub(crate) fn contents(&self, body: &Value) -> (Vec<Value>, Option<String>) {
        let items = match self.pagination.items.as_ref().and_then(|path| at(body, path)) {
            Some(Value::Array(items)) => items.clone(),
            Some(Value::Object(map)) => map.iter().map(|(k, v)| serde_json::json!([k, v])).collect(),
            _ => Vec::new(),
        };
        let next = at(body, &self.pagination.output_token).and_then(Value::as_str);
        (items, next.filter(|token| !token.is_empty()).map(str::to_owned))
    }

    /// All pages, as far as they go.
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
            (bytes, values) = (bytes + body.len(), values + structure(body));
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

    /// All pages of a walk that must come to its end; the text says why it does not.
    pub(crate) async fn all(&self, size: Option<i64>) -> Result<Vec<Page>, String> {
        let traversal = self.traverse(size).await;
        let name = &self.client.schema[self.operation].name;
        match traversal.end {
            End::Done => Ok(traversal.pages),
            End::NoPage(why) => Err(why),
            End::Refused(why) => Err(format!("a token of {name} is refused: {why}")),
            End::Loop | End::Idle(_) | End::GivenUp => Err(format!("{name} does not come to an end")),
        }
    }

    /// JSON Pointer to the token in an answer.
    pub(crate) fn token_pointer(&self) -> String {
        self.pagination.output_token.iter().map(|name| format!("/{name}")).collect()
    }

    /// JSON Pointer to the items in an answer.
    pub(crate) fn items_pointer(&self) -> String {
        self.pagination.items.iter().flatten().map(|name| format!("/{name}")).collect()
    }
}

/// What tells items apart: the member that identifies one, else the whole item.
pub(crate) fn key(item: &Value, member: Option<&str>) -> String {
    match member.and_then(|member| item.get(member)) {
        Some(Value::String(text)) => text.clone(),
        Some(number @ Value::Number(_)) => number.to_string(),
        _ => item.to_string(),
    }
}

/// Keys of everything on some pages.
pub(crate) fn keys(pages: &[Page], member: Option<&str>) -> BTreeSet<String> {
    pages.iter().flat_map(|page| &page.items).map(|item| key(item, member)).collect()
}

/// Least and greatest page size of the model; none where the page cannot be sized.
pub(crate) fn page_sizes(schema: &Schema, operation: OperationId) -> Option<(i64, i64)> {
    let size = schema[operation].pagination.as_ref()?.page_size.as_ref()?;
    let member = schema.input_members(&schema[operation])?.get(size)?;
    let range = member.slot.traits.range.unwrap_or_default();
    let (least, most) = (range.min.map_or(1, |min| (min as i64).max(1)), range.max.map_or(100, |max| max as i64));
    (least <= most).then_some((least, most))
}

/// Everything that a kind's list shows, of the run's own instance or of another; with the last page.
pub(crate) async fn listed(
    client: &Client,
    row: &'static Resource,
    instance: Option<&str>,
) -> Result<(Vec<Value>, Option<Exchange>), String> {
    let (list, _) = row.list;
    let operation = client.schema.operation_named(list).ok_or_else(|| format!("{list} is no operation"))?;
    let mut base = client.input(operation, Config::sparse(), &format!("{list}/count"), &SchemaPath::default()).await?;
    if let Some(instance) = instance.filter(|_| base.get("InstanceId").is_some()) {
        base["InstanceId"] = instance.into();
    }
    let size = page_sizes(client.schema, operation).map(|(_, most)| most);
    let mut pages = Pager::new(client, operation, base)?.all(size).await?;
    let items = pages.iter_mut().flat_map(|page| std::mem::take(&mut page.items)).collect();
    Ok((items, pages.pop().map(|page| page.exchange)))
}

/// How many resources of a kind bear a name, counted over the whole list; and the last page.
pub(crate) async fn count_named(
    client: &Client,
    row: &'static Resource,
    wanted: &str,
) -> Result<(usize, Option<Exchange>), String> {
    let (items, exchange) = listed(client, row, None).await?;
    // One that stands on two pages because others came meanwhile is still one.
    let named = items.iter().filter(|item| item[row.name_member] == wanted);
    Ok((named.map(|item| key(item, Some(row.list.1))).collect::<BTreeSet<_>>().len(), exchange))
}

/// What an item is known by within a walk, in few bytes.
fn digest(item: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.to_string().hash(&mut hasher);
    hasher.finish()
}

fn at<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |here, name| here.get(name))
}
