//! A resource whose creation names as many members as it can, and the views of it.

use arbitrary::Unstructured;
use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, is_tags, read_tags};
use connect_model::schema::{Binding, Kind, Member, Members, OperationId};
use connect_model::semantics::{self, Confidence, Context};
use connect_model::validate::validate_slot;
use connect_transport::exchange::Exchange;
use serde_json::Value;

use crate::client::forms::usual_text;
use crate::client::reply::{NOT_PUBLISHED, Reply};
use crate::client::run_tag::MAX_TAGS;
use crate::client::{Client, Created, read_created};
use crate::keep::several::several;
use crate::resources::{Resource, can_be_shown, draft, takes_new_name};
use crate::steps;
use crate::steps::{body, perform, succeed};

/// A created resource.
pub(super) struct Thing<'c> {
    pub(super) client: &'c Client,
    pub(super) row: &'static Resource,
    /// The input that created it.
    pub(super) sent: Value,
    pub(super) created: Created,
    /// The answer to the creation.
    pub(super) answer: Box<Exchange>,
}

/// The reason why a resource is not described.
pub(super) struct NotShown {
    pub(super) why: String,
    /// True if the endpoint refuses to describe it; false if there is no usable answer, which says nothing about it.
    pub(super) refused: bool,
}

impl From<String> for NotShown {
    fn from(why: String) -> Self {
        Self { why, refused: false }
    }
}

impl From<NotShown> for String {
    fn from(not_shown: NotShown) -> Self {
        not_shown.why
    }
}

impl<'c> Thing<'c> {
    /// Creates the resource of an input.
    pub(super) async fn make(client: &'c Client, row: &'static Resource, sent: Value) -> Result<Self, String> {
        let answer = succeed(client, row.create, &sent).await?;
        let created = read_created(row, &sent, &answer)?;
        Ok(Self { client, row, sent, created, answer })
    }

    /// Creates a resource with all optional members that agree with each other, or with none if they are refused together.
    pub(super) async fn full(client: &'c Client, row: &'static Resource, instance: &str) -> Result<Self, String> {
        let mut input = client.creation_in(row, instance).await?;
        add_tags(row, &mut input);
        let options = options(client, row).await;
        let mut full = with_all(row, input, &options);
        if let Some(create) = client.schema.operation_named(row.create) {
            client.move_to(instance, create, &mut full).await;
        }
        if let Ok(thing) = Self::make(client, row, full.clone()).await {
            return Ok(thing);
        }
        // A service may refuse markup.
        if full.get("Description").is_some() {
            full["Description"] = format!("kept for {}", client.fresh_name()).into();
            if let Some(create) = client.schema.operation_named(row.create) {
                client.renew(create, &mut full);
            }
            if let Ok(thing) = Self::make(client, row, full).await {
                return Ok(thing);
            }
        }
        // Values without parts, which have fewer rules beyond the model; then tags alone; then nothing.
        let is_plain = |(_, value): &&(String, Value)| !value.is_object() && !value.is_array();
        let plain: Vec<(String, Value)> = options.iter().filter(is_plain).cloned().collect();
        for options in [&plain[..], &[]] {
            let mut input = client.creation_in(row, instance).await?;
            add_tags(row, &mut input);
            if let Ok(thing) = Self::make(client, row, with_all(row, input, options)).await {
                return Ok(thing);
            }
        }
        Self::make(client, row, client.creation_in(row, instance).await?).await
    }

    /// The described resource, with the exchange and the JSON Pointer to it. A draft is described if nothing is published.
    pub(super) async fn describe(&self) -> Result<(Value, Box<Exchange>, String), NotShown> {
        let (row, id) = (self.row, &self.created.id);
        let mut reply = steps::describe(self.client, row, &self.sent, id).await?;
        if reply.refusal().is_some_and(|(_, code)| code == Some(NOT_PUBLISHED)) {
            reply = perform(self.client, row.describe, &row.naming(row.describe, &self.sent, &draft(id))).await?;
        }
        let Reply::Success(exchange) = reply else {
            let why = format!("{} answered {}", row.describe, reply.describe());
            return Err(NotShown { why, refused: reply.refusal().is_some() });
        };
        let (wrapper, shown) = steps::shown(self.client.schema, row, &exchange)?;
        Ok((shown, exchange, wrapper))
    }

    /// The members of a description.
    pub(super) fn described(&self) -> Result<&'static Members, String> {
        steps::described(self.client.schema, self.row)
    }

    /// The answer to the creation.
    pub(super) fn answered(&self) -> Result<Value, String> {
        body(self.client.schema, &self.answer)
    }
}

/// True for members that a request may leave out, and that say nothing about the request itself.
pub(super) fn is_option(member: &Member) -> bool {
    !member.required && !member.idempotency_token && member.binding == Binding::Body
}

/// The members of the creation of a kind that describe the resource, beside its name, token, tags and template.
fn describing(client: &Client, row: &'static Resource) -> Vec<(OperationId, &'static Member)> {
    let Some(create) = client.schema.operation_named(row.create) else { return Vec::new() };
    let template = row.template();
    let members = client.schema.input_members(&client.schema[create]).into_iter().flatten();
    let is_left = |member: &&Member| {
        member.binding == Binding::Body
            && !member.idempotency_token
            && Some(member.name.as_str()) != row.name_member
            && !is_tags(client.schema, member)
            && template.is_none_or(|template| template.get(&member.name).is_none())
    };
    members.filter(is_left).map(|member| (create, member)).collect()
}

/// A value for each of these that is optional.
pub(super) async fn options(client: &Client, row: &'static Resource) -> Vec<(String, Value)> {
    let mut options = Vec::new();
    for (create, member) in describing(client, row) {
        if !member.required
            && let Ok(value) = value_of(client, create, member, "keep").await
        {
            options.push((member.name.clone(), value));
        }
    }
    options
}

/// A value with several items for each of these that has a list.
pub(super) async fn lists(client: &Client, row: &'static Resource) -> Vec<(&'static str, Value)> {
    let mut lists = Vec::new();
    for (create, member) in describing(client, row) {
        lists.extend(several(client, create, member).await.map(|value| (&*member.name, value)));
    }
    lists
}

/// A value for a member of an input: recognisable text where the contract allows it, else a generated one.
pub(super) async fn value_of(
    client: &Client,
    operation: OperationId,
    member: &Member,
    label: &str,
) -> Result<Value, String> {
    let target = member.slot.target;
    let is_free = matches!(client.schema[target].kind, Kind::String)
        && !semantics::is_language(client.schema, target)
        && !takes_new_name(client.schema, operation, &member.name)
        && graph::shared(client.schema).named_at(client.schema, &member.name, target).is_none();
    if is_free && let Some(usual) = usual_text(client.schema, &member.slot, &member.name) {
        return Ok(usual);
    }
    let name = client.fresh_name();
    // Views may differ in what they escape.
    let marked = Some(format!("kept <b>for</b> {name} & \"\u{e9}\"")).filter(|_| member.name == "Description");
    for text in marked.into_iter().chain([format!("kept for {name}")]).map(Value::from) {
        let is_shown = can_be_shown(client.schema, &client.schema[operation].name, &member.name, &text);
        if is_free && is_shown && validate_slot(client.schema, &member.slot, &text).is_empty() {
            return Ok(text);
        }
    }
    let label = format!("{}/{label}/{}", client.schema[operation].name, member.name);
    // An empty structure would be kept by an endpoint that forgets it.
    let fullest = if matches!(client.schema[target].kind, Kind::Structure(_)) { 100 } else { 0 };
    // So would an empty list.
    let config = Config { optional_percent: fullest, min_items: 1, ..Config::sparse() };
    let mut input = client.input_with(operation, (member, config), &label).await?;
    Ok(input[&member.name].take())
}

/// Adds tags beside those of the run, if the kind takes any.
pub(super) fn add_tags(row: &Resource, input: &mut Value) {
    row.add_tags(input, [("contract-test-kept", "Kept as it is"), ("contract-test-empty", "")]);
}

/// Adds as many tags as a resource can have. Each key differs from another one only in the case of a letter.
pub(super) fn add_many_tags(row: &Resource, input: &mut Value) {
    let Some(member) = row.tag_member() else { return };
    let most =
        member.slot.traits.length.and_then(|bounds| bounds.max).map_or(MAX_TAGS, |most| MAX_TAGS.min(most as usize));
    let present = input.get(&member.name).map(read_tags).unwrap_or_default().len();
    let first = |at: usize| if at.is_multiple_of(2) { 'C' } else { 'c' };
    let tags = (present..most).map(|at| (format!("{}ontract-test-{:02}", first(at), at / 2), format!("Kept {at}")));
    let tags: Vec<(String, String)> = tags.collect();
    row.add_tags(input, tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
}

/// An input with every option that agrees with it.
pub(super) fn with_all(row: &Resource, mut input: Value, options: &[(String, Value)]) -> Value {
    for (member, value) in options {
        let mut more = input.clone();
        more[member] = value.clone();
        if agrees(row, &more) && can_be_shown(row.schema(), row.create, member, value) {
            input = more;
        }
    }
    input
}

/// Makes an input of a creation one that the languages outside the model allow, after one of its members was changed.
pub(super) fn repair(row: &Resource, input: &mut Value) {
    let mut u = Unstructured::new(&[]);
    semantics::repair(row.create, input, &SchemaPath::default(), &Context::default(), &mut u);
}

/// True if the languages outside the model allow an input of a creation.
pub(super) fn agrees(row: &Resource, input: &Value) -> bool {
    let problems = semantics::check(row.create, input, &Context::default());
    problems.iter().all(|(_, problem)| problem.confidence == Confidence::Low)
}
