//! Marks the resources of a run by their names and by a tag, so that they are found if its journal is lost.

use std::sync::Arc;

use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::input::in_focus;
use crate::client::reply::Reply;
use crate::ledger::Ledger;
use crate::ledger::journal::is_run_id;

/// Key of the tag on our resources.
pub const TAG: &str = "contract-test";

/// Largest number of tags on a resource. Source: service model of Amazon Connect, TagMap.
pub(crate) const MAX_TAGS: usize = 50;

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
    /// The member of a creation that carries the tag of the run, if there is one.
    pub fn tag_member(&self, create: OperationId) -> Option<&'static str> {
        let members = self.schema.input_members(&self.schema[create])?;
        ["Tags", "tags"].into_iter().find(|name| members.get(name).is_some())
    }

    /// Adds the tag of the run to a creation whose resource has to be deleted later.
    pub fn add_run_tag(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath) {
        let Some(member) = self.tag_member(operation).filter(|member| !in_focus(focus, member)) else { return };
        let is_creation = |ledger: &Arc<Ledger>| {
            self.schema[operation].name.starts_with("Create") || ledger.undo(operation).is_some()
        };
        if !self.ledger().is_some_and(is_creation) {
            return;
        }
        let Some(members) = value.as_object_mut() else { return };
        let tags = members.entry(member).or_insert_with(|| json!({}));
        if let Some(tags) = tags.as_object_mut().filter(|tags| tags.len() < MAX_TAGS) {
            tags.insert(TAG.to_owned(), self.run_tag.to_string().into());
        }
    }

    /// The run tag of a resource, if it has one.
    ///
    /// # Errors
    /// The reason why its tags cannot be read.
    pub async fn run_tag_of(&self, arn: &str) -> Result<Option<RunTag>, String> {
        let list = "ListTagsForResource";
        let operation = self.schema.operation_named(list).ok_or_else(|| format!("the model has no {list}"))?;
        let input = json!({ "resourceArn": arn });
        let request = encode_request(self.schema, operation, &input).map_err(|error| error.to_string())?;
        match self.send_necessary(operation, &request).await {
            Reply::Success(exchange) => {
                let body: Value = serde_json::from_slice(&exchange.response.body).unwrap_or_default();
                Ok(body["tags"][TAG].as_str().and_then(|tag| tag.parse().ok()))
            }
            // A resource whose tags cannot be listed is not ours.
            reply if reply.refusal().is_some_and(|(status, _)| status < 500) => Ok(None),
            other => Err(format!("{list} of {arn}: {}", other.describe())),
        }
    }
}
