//! The operations that the emulator really performs: typed shapes in, typed shapes out. Knows nothing of HTTP.

mod flows;
mod instances;
mod modules;
mod races;
mod rules;
mod tags;

use std::collections::HashMap;

use connect_model::semantics::flow::{self, Home};
use connect_model::semantics::{Confidence, Problem};
use connect_model::shapes::{Operation, ops};
use serde_json::Value;

use crate::Limits;
use crate::arn::{Family, Place, Qualifier};
use crate::pages::{Page, Pages, Size, Walk};
use crate::policy::{Finds, Lapse, Overlooks, Paging, Policy, Race, Tagging};
use crate::refusal::Refusal;
use crate::store::{Collection, Entry, Instance, State, Store, Tags};

pub(crate) use instances::add_instance;
pub(crate) use races::Races;
pub(crate) use seeding::seed;

mod seeding;

/// What every handler works with.
pub(crate) struct Context {
    pub(crate) place: Place,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    pub(crate) pages: Pages,
    pub(crate) races: Races,
}

/// A call in hand.
pub(crate) struct Call<'c> {
    pub(crate) cx: &'c Context,
    /// Name of the operation.
    pub(crate) operation: &'static str,
    /// The input as it was validated.
    pub(crate) input: &'c Value,
}

/// What becomes of a call.
pub(crate) enum Answer {
    /// The output value, or why there is none.
    Done(Result<Value, Refusal>),
    /// The input has not the form of the typed shape; only possible when validation was told to overlook something, or
    /// the model is another than that of the shapes.
    Unreadable(String),
}

type Handler = Box<dyn Fn(&Context, &Value) -> Answer + Send + Sync>;

/// Handlers by name of operation.
pub(crate) struct Handlers(HashMap<&'static str, Handler>);

impl Handlers {
    /// Every operation of Amazon Connect that is performed.
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

    /// For services that nobody wrote handlers for.
    pub(crate) fn none() -> Self {
        Self(HashMap::new())
    }

    /// Performs a call; none when nobody wrote a handler for it.
    pub(crate) fn perform(&self, cx: &Context, operation: &str, input: &Value) -> Option<Answer> {
        let handler = self.0.get(operation)?;
        if cx.policy.paging == Paging::CarriesPlace {
            return Some(self.perform_at_token(cx, handler, input));
        }
        Some(match cx.policy.race {
            Race::None => handler(cx, input),
            _ => races::perform(cx, operation, handler, input),
        })
    }

    /// What a good endpoint does not do: a token says in which instance to look.
    fn perform_at_token(&self, cx: &Context, handler: &Handler, input: &Value) -> Answer {
        let mut input = input.clone();
        let token = input["NextToken"].as_str().and_then(|token| token.split_once('.'));
        if let Some((token, place)) = token.map(|(token, place)| (token.to_owned(), place.to_owned())) {
            input["NextToken"] = token.into();
            input["InstanceId"] = place.into();
        }
        let mut answer = handler(cx, &input);
        if let (Answer::Done(Ok(output)), Some(place)) = (&mut answer, input["InstanceId"].as_str())
            && let Some(Value::String(token)) = output.get_mut("NextToken")
        {
            token.push('.');
            token.push_str(place);
        }
        answer
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
            Answer::Done(perform(&call, typed).and_then(|output| {
                serde_json::to_value(output).map_err(|error| Refusal::Invalid(format!("{}: {error}", O::NAME)))
            }))
        };
        self.0.insert(O::NAME, Box::new(handler));
        self
    }
}

/// Default length of a page where the documentation names none, and where it does: 100 is documented for
/// ListContactFlows only (Connect API reference).
const DEFAULT_PAGE: usize = 100;

/// Members that do not filter: a walk may change them, or spell them in another way.
const NO_FILTERS: &[&str] = &["NextToken", "MaxResults", "InstanceId", "ContactFlowId"];

impl Call<'_> {
    /// One page of `items`, which is everything in `place` that passes the filters and lies behind an order key.
    fn page<'i, T: 'i, I: Iterator<Item = &'i Entry<T>>>(
        &self,
        place: &str,
        token: Option<&str>,
        asked: Option<i32>,
        items: impl Fn(u64) -> I,
    ) -> Result<Page<&'i Entry<T>>, Refusal> {
        let size = Size { asked: asked.map(i64::from), default: DEFAULT_PAGE };
        self.cx.pages.cut(&self.walk(place), token, size, |after| items(after).map(|entry| (entry.order, entry)))
    }

    fn walk(&self, place: &str) -> Walk {
        let mut filters = self.input.clone();
        if let Value::Object(members) = &mut filters {
            members.retain(|name, _| !NO_FILTERS.contains(&name.as_str()));
        }
        Walk::new(self.operation, place, &filters)
    }

    /// Everything of `all` that a search is for: one page of it, and how much there is.
    fn found<'i, T>(
        &self,
        home: &str,
        token: Option<&str>,
        asked: Option<i32>,
        all: &'i Collection<T>,
        wanted: impl Fn(&Entry<T>) -> bool,
    ) -> Result<(Page<&'i Entry<T>>, i64), Refusal> {
        let finds = self.cx.policy.finds;
        let mut found: Vec<&Entry<T>> = all
            .after(0)
            .filter(|entry| self.is_indexed(all, entry) && (finds == Finds::Everything || wanted(entry)))
            .collect();
        if finds == Finds::Newest && self.input.get("SearchCriteria").is_some() {
            found.drain(..found.len().saturating_sub(1));
        }
        let page = self.page(home, token, asked, |after| {
            found[found.partition_point(|entry| entry.order <= after)..].iter().copied()
        })?;
        Ok((page, found.len() as i64))
    }

    /// Whether searches know it by now.
    fn is_indexed<T>(&self, all: &Collection<T>, entry: &Entry<T>) -> bool {
        all.is_older(entry.order, self.cx.policy.lag.searches)
    }

    /// Whether lists know it by now.
    fn is_listed<T>(&self, all: &Collection<T>, entry: &Entry<T>) -> bool {
        all.is_older(entry.order, self.cx.policy.lag.lists)
    }

    fn not_found(&self, what: &str, text: &str) -> Refusal {
        Refusal::NotFound(format!("there is no {what} {text}"))
    }

    /// Id in an instance reference. Whether there is such an instance, [`Call::home`] says.
    fn instance_id<'t>(&self, text: &'t str) -> Result<&'t str, Refusal> {
        self.cx.place.instance_id(text).ok_or_else(|| self.not_found("instance", text))
    }

    /// The instance that a reference names.
    fn home<'s>(&self, state: &'s mut State, text: &str) -> Result<&'s mut Entry<Instance>, Refusal> {
        let id = self.instance_id(text)?;
        state.instances.get_mut(id).ok_or_else(|| self.not_found("instance", text))
    }

    /// Id and qualifier in a reference to something in an instance.
    fn target<'t>(&self, home: &str, family: Family, text: &'t str) -> Result<(&'t str, Qualifier), Refusal> {
        self.cx.place.resource_id(home, family, text).ok_or_else(|| self.not_found(family.word(), text))
    }

    /// ARN of something in an instance.
    fn arn(&self, home: &str, family: Family, id: &str) -> Option<String> {
        Some(self.cx.place.resource(home, family, id))
    }

    /// Takes something away.
    fn remove<T>(&self, from: &mut Collection<T>, family: Family, id: &str) -> Result<(), Refusal> {
        if self.cx.policy.keeps_deleted && from.get(id).is_some() {
            return Ok(());
        }
        match from.remove(id) {
            Some(entry) => {
                match self.cx.policy.lapse {
                    Some(Lapse::NameAfterDelete) => from.retire(entry.name),
                    Some(Lapse::TagsReturn) => from.leave(entry.name, entry.tags),
                    _ => {}
                }
                Ok(())
            }
            None if self.cx.policy.deletes_anything => Ok(()),
            None => Err(self.not_found(family.word(), id)),
        }
    }

    /// Refuses a name that somebody else has, with an error by its name.
    fn claim<T>(&self, all: &Collection<T>, name: &str, own: Option<&str>, error: &'static str) -> Result<(), Refusal> {
        if all.is_retired(name) {
            return Err(Refusal::Named(error, format!("the name {name} is taken")));
        }
        match all.named(name) {
            Some(_) if self.cx.races.found_free(name) => Ok(()),
            Some(holder) if Some(holder) != own && !self.cx.policy.shares_names => {
                Err(Refusal::Named(error, format!("the name {name} is taken")))
            }
            _ => Ok(()),
        }
    }

    /// Whether a problem is held against a request: not if it is an inference only, nor if a defect overlooks it.
    fn counts(&self, language: &str, problem: &Problem) -> bool {
        let Overlooks(overlooks) = self.cx.policy.overlooks;
        problem.confidence > Confidence::Low && !overlooks(self.operation, language, problem.kind)
    }

    /// Why content cannot be published in a home; at most as many problems as the model allows.
    fn problems(&self, text: &str, home: Option<Home>) -> Vec<String> {
        let problems = flow::check(text, home).into_iter().filter(|problem| self.counts(flow::LANGUAGE, problem));
        problems.take(MOST_PROBLEMS).map(|problem| problem.message).collect()
    }

    /// Gives another name.
    fn rename<T>(&self, all: &mut Collection<T>, id: &str, name: String) {
        if self.cx.policy.lapse == Some(Lapse::NameAfterRename)
            && let Some(entry) = all.get(id).filter(|entry| entry.name != name)
        {
            all.retire(entry.name.clone());
        }
        all.rename(id, name);
    }

    /// Tags as an answer shows them: absent when there are none.
    fn tags(&self, tags: &Tags) -> Option<Tags> {
        (!tags.is_empty()).then(|| tags.clone())
    }

    /// Tags as they are kept.
    fn keep(&self, tags: Option<Tags>) -> Tags {
        if self.cx.policy.tagging == Tagging::Forgotten { Tags::new() } else { tags.unwrap_or_default() }
    }
}

/// Most problems that an error lists. Source: service model, shape `Problems`.
const MOST_PROBLEMS: usize = 50;
