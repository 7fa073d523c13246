//! Inputs of updates: some members or all, each with a value that no other update has where the member allows that.

use connect_model::generate::Config;
use connect_model::path::SchemaPath;
use connect_model::resources::Source;
use serde_json::{Value, json};

use crate::client::Client;
use crate::resources::{Resource, overwrite};

/// Text members that an update of a resource with a template may have.
const TEXTS: [&str; 3] = ["Name", "Description", "Content"];

/// An update of a resource, without the members that name it.
pub(super) struct Update {
    pub(super) operation: &'static str,
    pub(super) input: Value,
}

/// Several updates by each operation of a kind. `sent` has created one of the kind.
pub(super) async fn updates(client: &Client, row: &'static Resource, sent: &Value, each: u32) -> Vec<Update> {
    let mut made = Vec::new();
    for operation in &row.updates {
        for number in 0..each {
            let input = match row.template() {
                Some(_) => with_texts(client, operation, sent, number),
                None => generated(client, operation, number).await,
            };
            made.extend(input.map(|input| Update { operation, input }));
        }
    }
    made
}

/// The values of the creation that the update requires, with another text in some members.
fn with_texts(client: &Client, operation: &str, sent: &Value, number: u32) -> Option<Value> {
    let schema = client.schema;
    let members = schema.input_members(&schema[schema.operation_named(operation)?])?;
    let mut input = json!({});
    let texts: Vec<&str> = TEXTS.into_iter().filter(|text| members.get(text).is_some()).collect();
    for member in members.iter().filter(|member| member.required) {
        if let Some(value) = sent.get(&member.name) {
            input[&member.name] = value.clone();
        }
    }
    for (at, text) in texts.iter().enumerate() {
        // Every second update has all texts, the others one of them.
        let is_chosen = number.is_multiple_of(2) || (number as usize / 2) % texts.len() == at;
        if is_chosen || members.get(text).is_some_and(|member| member.required) {
            let fresh = client.fresh_name();
            input[*text] = match *text {
                "Content" => sent["Content"].as_str()?.replace("contract test", &fresh).into(),
                _ => fresh.into(),
            };
        }
    }
    (!texts.is_empty()).then_some(input)
}

/// A generated input, with all members or with some.
async fn generated(client: &Client, operation: &str, number: u32) -> Option<Value> {
    let id = client.schema.operation_named(operation)?;
    let config = Config { optional_percent: if number.is_multiple_of(2) { 100 } else { 40 }, ..Config::sparse() };
    client.input(id, config, &format!("{operation}/history/{number}"), &SchemaPath::default()).await.ok()
}

impl Update {
    /// The input for one resource.
    pub(super) fn of(&self, row: &Resource, sent: &Value, id: &str) -> Value {
        let mut input = self.input.clone();
        overwrite(&mut input, row.naming(self.operation, sent, id));
        // Another name would be another resource, if the name is the id.
        if let (Source::Input(own), Some(given)) = (&row.of.id, input.as_object_mut())
            && given.contains_key(own)
        {
            given.insert(own.clone(), id.into());
        }
        input
    }
}
