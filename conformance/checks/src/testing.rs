//! Models for tests.
#![allow(clippy::unwrap_used)]

use connect_model::schema::Schema;
use serde_json::{Map, Value, json};

/// A model that others could have written: one operation with these members, signed as Connect.
pub(crate) fn one_operation(name: &str, method: &str, uri: &str, members: Map<String, Value>) -> &'static Schema {
    let service = json!({
        "type": "service", "version": "1", "operations": [{ "target": format!("x#{name}") }],
        "traits": {
            "aws.api#service": { "sdkId": "X", "endpointPrefix": "x" }, "aws.auth#sigv4": { "name": "connect" },
            "aws.protocols#restJson1": {},
        },
    });
    let operation = json!({
        "type": "operation", "input": { "target": "x#I" },
        "traits": {
            "smithy.api#http": { "method": method, "uri": uri, "code": 200 }, "smithy.api#readonly": {},
        },
    });
    let shapes = json!({
        "x#X": service, format!("x#{name}"): operation, "x#I": { "type": "structure", "members": members },
    });
    let text = json!({ "smithy": "2.0", "shapes": shapes }).to_string();
    Box::leak(Box::new(Schema::from_text("model.json", text.into_bytes()).unwrap()))
}
