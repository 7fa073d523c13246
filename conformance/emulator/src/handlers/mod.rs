//! Handlers of operations: typed shapes in, typed shapes out. They do not know HTTP.

mod decisions;
mod flows;
mod instances;
mod modules;
mod rules;
mod seeding;
mod tags;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use connect_model::semantics::flow::{self, Home};
use connect_model::shapes::{Operation, ops};
use serde_json::Value;

use crate::Limits;
use crate::arn::{Account, Qualifier, ResourceKind};
use crate::defects::seam::Seams;
use crate::pages::{Page, Pages, Scope, Size};
use crate::refusal::Refusal;
use crate::store::{Collection, Entry, Instance, State, Store, Tags};

pub(crate) use instances::add_instance;
pub(crate) use seeding::seed;

/// The environment of every handler.
pub(crate) struct Context {
    pub(crate) account: Account,
    pub(crate) seams: Arc<dyn Seams>,
    pub(crate) limits: Limits,
    /// Age at which searches find a resource.
    pub(crate) search_lag: Duration,
    pub(crate) store: Store,
    pub(crate) pages: Pages,
}

/// A call that is being performed.
pub(crate) struct Call<'c> {
    pub(crate) cx: &'c Context,
    /// Name of the operation.
    pub(crate) operation: &'static str,
    /// The validated input.
    pub(crate) input: &'c Value,
}

/// The outcome of a call.
pub(crate) enum Answer {
    /// The output of a handler, or its refusal.
    Performed(Result<Value, Refusal>),
    /// An output generated from the model, or a refusal.
    Generated(Result<Value, Refusal>),
    /// The input does not have the form of the typed shape. Valid input of the model that the shapes were generated from
    /// always has it.
    Unreadable(String),
    /// The model requires a value that cannot be generated, so that the operation is not offered.
    NotOffered(String),
}

type Handler = Box<dyn Fn(&Context, &Value) -> Answer + Send + Sync>;

/// Handlers by operation name.
pub(crate) struct Handlers(HashMap<&'static str, Handler>);

impl Handlers {
    /// The handlers of Amazon Connect.
    pub(crate) fn connect() -> Self {
        Self(HashMap::new())
            .with::<ops::CreateRule>(rules::create)
            .with::<ops::DescribeRule>(rules::describe)
            .with::<ops::UpdateRule>(rules::update)
            .with::<ops::DeleteRule>(rules::delete)
            .with::<ops::ListRules>(rules::list)
            .with::<ops::SearchRules>(rules::search)
            .with::<ops::CreateContactFlow>(flows::create)
            .with::<ops::DescribeContactFlow>(flows::describe)
            .with::<ops::UpdateContactFlowContent>(flows::update_content)
            .with::<ops::UpdateContactFlowMetadata>(flows::update_metadata)
            .with::<ops::UpdateContactFlowName>(flows::update_name)
            .with::<ops::DeleteContactFlow>(flows::delete)
            .with::<ops::ListContactFlows>(flows::list)
            .with::<ops::SearchContactFlows>(flows::search)
            .with::<ops::CreateContactFlowVersion>(flows::create_version)
            .with::<ops::ListContactFlowVersions>(flows::list_versions)
            .with_untyped("DeleteContactFlowVersion", flows::delete_version)
            .with::<ops::CreateContactFlowModule>(modules::create)
            .with::<ops::DescribeContactFlowModule>(modules::describe)
            .with::<ops::UpdateContactFlowModuleContent>(modules::update_content)
            .with::<ops::UpdateContactFlowModuleMetadata>(modules::update_metadata)
            .with::<ops::DeleteContactFlowModule>(modules::delete)
            .with::<ops::ListContactFlowModules>(modules::list)
            .with::<ops::SearchContactFlowModules>(modules::search)
            .with::<ops::CreateInstance>(instances::create)
            .with::<ops::DescribeInstance>(instances::describe)
            .with::<ops::ListInstances>(instances::list)
            .with::<ops::DeleteInstance>(instances::delete)
            .with::<ops::TagResource>(tags::tag)
            .with::<ops::UntagResource>(tags::untag)
            .with::<ops::ListTagsForResource>(tags::list)
    }

    /// No handlers, for other services.
    pub(crate) fn none() -> Self {
        Self(HashMap::new())
    }

    /// Returns true if an operation has a handler.
    pub(crate) fn contains(&self, operation: &str) -> bool {
        self.0.contains_key(operation)
    }

    /// Performs a call. None for an operation without handler.
    pub(crate) fn perform(&self, cx: &Context, operation: &str, input: &Value) -> Option<Answer> {
        Some(self.0.get(operation)?(cx, input))
    }

    /// The same for an operation without typed shapes.
    fn with_untyped(mut self, operation: &'static str, perform: fn(&Call<'_>) -> Result<Value, Refusal>) -> Self {
        let handler = move |cx: &Context, input: &Value| Answer::Performed(perform(&Call { cx, operation, input }));
        self.0.insert(operation, Box::new(handler));
        self
    }

    fn with<O>(mut self, perform: fn(&Call<'_>, O::Input) -> Result<O::Output, Refusal>) -> Self
    where
        O: Operation<Input: 'static, Output: 'static>,
    {
        let handler = move |cx: &Context, input: &Value| {
            let typed = match serde_json::from_value::<O::Input>(input.clone()) {
                Ok(typed) => typed,
                Err(error) => return Answer::Unreadable(error.to_string()),
            };
            let call = Call { cx, operation: O::NAME, input };
            Answer::Performed(perform(&call, typed).and_then(|output| {
                serde_json::to_value(output).map_err(|error| Refusal::Invalid(format!("{}: {error}", O::NAME)))
            }))
        };
        self.0.insert(O::NAME, Box::new(handler));
        self
    }
}

/// The id of a resource that a handler keeps, by the noun of its kind: the reference without ARN and qualifier. None if it
/// does not exist. `home` is the id of the instance that holds it.
pub(crate) fn kept(cx: &Context, state: &State, noun: &str, home: Option<&str>, reference: &str) -> Option<String> {
    let (kind, home) = match (noun, home) {
        ("Instance", _) => {
            let id = cx.account.instance_id(reference)?;
            return state.instances.get(id).map(|entry| entry.id.clone());
        }
        ("ContactFlow", Some(home)) => (ResourceKind::Flow, home),
        ("ContactFlowModule", Some(home)) => (ResourceKind::Module, home),
        ("Rule", Some(home)) => (ResourceKind::Rule, home),
        _ => return None,
    };
    let data = &state.instances.get(home)?.data;
    let (id, _) = cx.account.resource_id(home, kind, reference)?;
    let exists = match kind {
        ResourceKind::Flow => data.flows.get(id).is_some(),
        ResourceKind::Module => data.modules.get(id).is_some(),
        _ => data.rules.get(id).is_some(),
    };
    exists.then(|| id.to_owned())
}

/// Default length of a page, also where the documentation names none. Source: Connect API reference, ListContactFlows.
const DEFAULT_PAGE: usize = 100;

/// Members that are no filters: a client may change them between pages, or spell them in another way.
const NO_FILTERS: &[&str] = &["NextToken", "MaxResults", "InstanceId", "ContactFlowId"];

impl Call<'_> {
    /// One page of `items`, which gives everything in `collection` that passes the filters and has a greater order key.
    fn page<'i, T: 'i, I: Iterator<Item = &'i Entry<T>>>(
        &self,
        collection: &str,
        token: Option<&str>,
        requested: Option<i32>,
        items: impl Fn(u64) -> I,
    ) -> Result<Page<&'i Entry<T>>, Refusal> {
        let size = Size { requested: requested.map(i64::from), default: DEFAULT_PAGE };
        self.cx.pages.cut(&self.scope(collection), token, size, |after| items(after).map(|entry| (entry.order, entry)))
    }

    fn scope(&self, collection: &str) -> Scope {
        let mut filters = self.input.clone();
        if let Value::Object(members) = &mut filters {
            members.retain(|name, _| !NO_FILTERS.contains(&name.as_str()));
        }
        Scope::new(self.operation, collection, &filters)
    }

    /// The resources of `all` that match a search: one page of them, and their number.
    fn search<'i, T>(
        &self,
        home: &str,
        token: Option<&str>,
        requested: Option<i32>,
        all: &'i Collection<T>,
        is_match: impl Fn(&Entry<T>) -> bool,
    ) -> Result<(Page<&'i Entry<T>>, i64), Refusal> {
        let candidates: Vec<&Entry<T>> = self.indexed(all).collect();
        let matches = self.matches(candidates.iter().map(|entry| is_match(entry)).collect());
        let matching = candidates.into_iter().zip(matches).filter(|(_, matches)| *matches);
        let found: Vec<&Entry<T>> = matching.map(|(entry, _)| entry).collect();
        let page = self.page(home, token, requested, |after| {
            found[found.partition_point(|entry| entry.order <= after)..].iter().copied()
        })?;
        Ok((page, found.len() as i64))
    }

    fn not_found(&self, what: &str, reference: &str) -> Refusal {
        Refusal::NotFound(format!("there is no {what} {reference}"))
    }

    /// Id in a reference to an instance. The instance need not exist: see [`Call::home`].
    fn instance_id<'t>(&self, reference: &'t str) -> Result<&'t str, Refusal> {
        self.cx.account.instance_id(reference).ok_or_else(|| self.not_found("instance", reference))
    }

    /// The instance that a reference names.
    fn home<'s>(&self, state: &'s mut State, reference: &str) -> Result<&'s mut Entry<Instance>, Refusal> {
        let id = self.instance_id(reference)?;
        state.instances.get_mut(id).ok_or_else(|| self.not_found("instance", reference))
    }

    /// Id and qualifier in a reference to a resource of an instance.
    fn resource_id<'t>(
        &self,
        home: &str,
        kind: ResourceKind,
        reference: &'t str,
    ) -> Result<(&'t str, Qualifier), Refusal> {
        let id = self.cx.account.resource_id(home, kind, reference);
        id.ok_or_else(|| self.not_found(kind.label(), reference))
    }

    /// ARN of a resource of an instance.
    fn arn(&self, home: &str, kind: ResourceKind, id: &str) -> Option<String> {
        Some(self.cx.account.resource(home, kind, id))
    }

    /// Deletes a resource.
    fn delete<T>(&self, from: &mut Collection<T>, kind: ResourceKind, id: &str) -> Result<(), Refusal> {
        from.remove(id).map(drop).ok_or_else(|| self.not_found(kind.label(), id))
    }

    /// Reasons why content cannot be published; at most as many as the model allows in an error.
    fn problems(&self, text: &str, home: Option<Home>) -> Vec<String> {
        let problems = flow::check(text, home).into_iter().filter(|problem| self.counts(flow::LANGUAGE, problem));
        problems.take(MAX_PROBLEMS).map(|problem| problem.message).collect()
    }

    /// Tags as an answer shows them: absent when there are none.
    fn tags(&self, tags: &Tags) -> Option<Tags> {
        (!tags.is_empty()).then(|| tags.clone())
    }
}

/// Most problems in an error. Source: service model, shape `Problems`.
const MAX_PROBLEMS: usize = 50;
