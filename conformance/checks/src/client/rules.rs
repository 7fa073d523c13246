//! Rules on real accounts: one that is published acts on the contacts and cases of others that meet its condition.

use connect_model::json_text::repeated_key;
use connect_model::path::SchemaPath;
use connect_model::schema::OperationId;
use connect_model::wire::message::HttpRequest;
use serde_json::{Value, json};

use crate::client::Client;
use crate::client::input::in_focus;
use crate::resources;

/// The member that publishes a rule, and the value that does.
const PUBLISH: (&str, &str) = ("PublishStatus", "PUBLISHED");

impl Client {
    /// Makes a rule a draft, unless the value of its status lies in focus.
    pub(super) fn keep_unpublished(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath) {
        if self.writes_a_remote_rule(operation) && !in_focus(focus, PUBLISH.0) {
            value[PUBLISH.0] = json!("DRAFT");
        }
    }

    /// The reason not to send a request: it publishes a rule whose condition something of others may meet.
    pub(super) fn publishes_a_rule(&self, operation: OperationId, request: &HttpRequest) -> Option<String> {
        let name = &self.schema[operation].name;
        if !self.writes_a_remote_rule(operation) || self.permission.operations.contains(name) {
            return None;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        // A server may read a malformed body, or one with a key twice, in another way.
        let is_clear = body.is_object() && repeated_key(&request.body).is_none();
        let says_so = || request.body.windows(PUBLISH.1.len()).any(|part| part == PUBLISH.1.as_bytes());
        let rule = resources::named(self.schema, "Rule")?;
        // Nothing meets the condition of the template.
        let is_met =
            |function: &Value| rule.template().is_none_or(|template| template.get("Function") != Some(function));
        let publishes = if is_clear { body[PUBLISH.0] == PUBLISH.1 && is_met(&body["Function"]) } else { says_so() };
        publishes
            .then(|| format!("it publishes a rule, which acts on what others have; --allow-operation {name} allows it"))
    }

    fn writes_a_remote_rule(&self, operation: OperationId) -> bool {
        let name = self.schema[operation].name.as_str();
        !self.permission.loopback && self.schema.service.is_connect() && ["CreateRule", "UpdateRule"].contains(&name)
    }
}
