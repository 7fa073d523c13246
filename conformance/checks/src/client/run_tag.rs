//! Marks the resources of a run by their names and by a tag, so that they are found if its journal is lost.

use connect_model::path::SchemaPath;
use connect_model::resources::{self as graph, read_tags, tag_member};
use connect_model::schema::{Member, OperationId};
use connect_model::wire::{encode_request, read_response};
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::input::in_focus;
use crate::client::pager::next_token;
use crate::client::reply::Reply;
use crate::ledger::journal::is_run_id;
use crate::tagging::add_tags;

/// Key of the tag on our resources.
pub const TAG: &str = "contract-test";

/// Largest number of tags on a resource. Source: service model of Amazon Connect, TagMap.
pub(crate) const MAX_TAGS: usize = 50;

/// Most pages of the tags of a resource: each has a tag at least.
const MOST_TAG_PAGES: usize = 2 * MAX_TAGS;

/// Value of the tag: the run that created a resource, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTag {
    /// The run id, which is part of every name of the run.
    pub run_id: String,
    /// Seconds since 1970 at its start.
    pub started: u64,
}

impl std::fmt::Display for RunTag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.run_id, self.started)
    }
}

impl std::str::FromStr for RunTag {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, started) = text.split_once(' ').ok_or(())?;
        Ok(Self { run_id: run.to_owned(), started: started.parse().map_err(|_| ())? })
    }
}

/// The run id in a name of [`fresh_name`](crate::client::Client::fresh_name), with or without text after it.
pub fn run_of_name(name: &str) -> Option<&str> {
    let (run, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    (is_run_id(run) && rest.starts_with(|first: char| first.is_ascii_digit())).then_some(run)
}

/// Prefix of all our names. It has letters of both cases, so that an endpoint that changes the case is noticed.
pub(crate) const PREFIX: &str = "Ct-";

impl Client {
    /// True for a name of the run.
    pub(crate) fn is_own_name(&self, name: &str) -> bool {
        !self.run_id().is_empty() && run_of_name(name) == Some(self.run_id())
    }

    /// The member of a creation that carries the tag of the run, if there is one.
    pub fn tag_member(&self, create: OperationId) -> Option<&'static Member> {
        tag_member(self.schema, self.schema.input_members(&self.schema[create])?)
    }

    /// Adds the tag of the run to a creation whose resource has to be deleted later. Tags in focus stay as they are, unless
    /// nothing else marks the resource.
    pub fn add_run_tag(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath) {
        let (Some(member), Some(ledger)) = (self.tag_member(operation), self.ledger()) else { return };
        let undo = ledger.undo(operation);
        let is_named = undo.is_none_or(|undo| undo.name_member.is_some());
        let is_creation = undo.is_some() || self.schema[operation].name.starts_with("Create");
        if !is_creation || is_named && in_focus(focus, &member.name) {
            return;
        }
        if value.get(&member.name).map(read_tags).unwrap_or_default().len() < MAX_TAGS {
            add_tags(self.schema, member, value, [(TAG, &*self.run_tag.to_string())]);
        }
    }

    /// The same for a resource that nothing else marks: it has no name, or one that is not of the run.
    pub(crate) fn mark_nameless(&self, operation: OperationId, value: &mut Value) {
        let Some(undo) = self.ledger().and_then(|ledger| ledger.undo(operation)) else { return };
        let name = value.as_object().and_then(|value| undo.name_in(value));
        if name.and_then(run_of_name).is_none() {
            self.add_run_tag(operation, value, &SchemaPath::default());
        }
    }

    /// The run tag of a resource, if it has one.
    ///
    /// # Errors
    /// The reason why its tags cannot be read.
    pub async fn run_tag_of(&self, arn: &str) -> Result<Option<RunTag>, String> {
        let tagging = graph::shared(self.schema).tagging.as_ref().ok_or("the model has no operations on tags")?;
        let (operation, list) = (tagging.list, &self.schema[tagging.list].name);
        let mut input = json!({ &tagging.arn: arn });
        for _ in 0..MOST_TAG_PAGES {
            let request = encode_request(self.schema, operation, &input).map_err(|error| error.to_string())?;
            let body = match self.send_necessary(operation, &request).await {
                Reply::Success(exchange) => {
                    read_response(self.schema, operation, &exchange.response).unwrap_or_default()
                }
                // A resource whose tags cannot be listed is not ours.
                reply if reply.refusal().is_some_and(|(status, _)| status < 500) => return Ok(None),
                other => return Err(format!("{list} of {arn}: {}", other.describe())),
            };
            if let Some(tag) = read_tags(&body[&tagging.tags]).get(TAG) {
                return Ok(tag.parse().ok());
            }
            let Some(pagination) = &self.schema[operation].pagination else { return Ok(None) };
            match next_token(pagination, &body) {
                Some(next) if input[&pagination.input_token] == next => {
                    return Err(format!("{list} of {arn} repeats a page token"));
                }
                Some(next) => input[&pagination.input_token] = next.into(),
                None => return Ok(None),
            }
        }
        Err(format!("{list} of {arn} has more than {MOST_TAG_PAGES} pages"))
    }
}
