//! What things of a run are known by where its journal is lost: their names, and a tag.

use std::sync::Arc;
use std::time::SystemTime;

use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use connect_model::wire::encode_request;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::input::in_focus;
use crate::client::reply::Reply;
use crate::ledger::Ledger;

/// Key of the tag by which things of ours are known.
pub const TAG: &str = "contract-test";

/// Source: service model of Amazon Connect, TagMap.
pub(crate) const MOST_TAGS: usize = 50;

/// What the tag says: whose a thing is, and how old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTag {
    /// What the names of the run have in common.
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
        let (run, began) = text.split_once(' ').ok_or(())?;
        Ok(Self { run_id: run.to_owned(), started: began.parse().map_err(|_| ())? })
    }
}

/// The run that a name is of, if it is one that [`fresh_name`](crate::client::Client::fresh_name) made, whatever was
/// added to it.
pub fn run_of_name(name: &str) -> Option<&str> {
    let (run, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let is_salt = run.len() == 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_salt && rest.starts_with(|first: char| first.is_ascii_digit())).then_some(run)
}

/// What all names of ours begin with. Letters of either case, so that an endpoint that changes them is seen.
pub(crate) const PREFIX: &str = "Ct-";

/// Since 1970, whole.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Client {
    /// The member by which a creation carries the mark of its run, if there is one.
    pub fn tag_member(&self, create: OperationId) -> Option<&'static str> {
        let members = self.schema.input_members(&self.schema[create])?;
        ["Tags", "tags"].into_iter().find(|name| members.get(name).is_some())
    }

    /// Puts the mark of the run on what is to be made where it will have to be found again.
    pub fn add_run_tag(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath) {
        let Some(member) = self.tag_member(operation).filter(|member| !in_focus(focus, member)) else { return };
        let makes = |ledger: &Arc<Ledger>| {
            self.schema[operation].name.starts_with("Create") || ledger.undo(operation).is_some()
        };
        if !self.ledger().is_some_and(makes) {
            return;
        }
        let Some(members) = value.as_object_mut() else { return };
        let tags = members.entry(member).or_insert_with(|| json!({}));
        if let Some(tags) = tags.as_object_mut().filter(|tags| tags.len() < MOST_TAGS) {
            tags.insert(TAG.to_owned(), self.run_tag.to_string().into());
        }
    }

    /// The mark that a resource carries, if it carries one.
    ///
    /// # Errors
    /// Its tags cannot be read; the text says why.
    pub async fn run_tag_of(&self, arn: &str) -> Result<Option<RunTag>, String> {
        let list = "ListTagsForResource";
        let operation = self.schema.operation_named(list).ok_or_else(|| format!("the model has no {list}"))?;
        let input = json!({ "resourceArn": arn });
        let request = encode_request(self.schema, operation, &input).map_err(|error| error.to_string())?;
        match self.send_necessary(operation, &request).await {
            Reply::Success(exchange) => {
                let body: Value = serde_json::from_slice(&exchange.response.body).unwrap_or_default();
                Ok(body["tags"][TAG].as_str().and_then(|mark| mark.parse().ok()))
            }
            // What has no tags to list is none of ours.
            reply if reply.refusal().is_some_and(|(status, _)| status < 500) => Ok(None),
            other => Err(format!("{list} of {arn} {}", other.describe())),
        }
    }
}
