//! Any bytes as a model file: a schema that keeps its promises, or an error that says why not.
//!
//! The first byte decides: below 128 the bytes are a file, so that a real model is a good seed; above, they are edits of
//! two small models, one of each format, which gets past the readers and into lowering.
//!
//! | law | as an equation |
//! |---|---|
//! | a model file is an error or a schema | `load(bytes) ∈ Error ∪ Schema` |
//! | the normal form is a fixed point | `import(text(import(x))) = import(x)` |
//! | a schema has values, or says which shape has none | `validate(generate(schema, op)) = {}` |

use std::sync::LazyLock;

use arbitrary::Unstructured;
use connect_model::ast;
use connect_model::generate::{Config, Generator, Side, side_shape};
use connect_model::import::{Source, import};
use connect_model::schema::Schema;
use connect_model::validate::validate;
use connect_model::wire::Router;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::edits::Editor;
use crate::octets::Octets;
use crate::seeds;
use crate::service::SMALL;
use crate::target::{Seed, Target, text_or_drawn};

/// See the file.
pub struct ModelLoad;

/// A model file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    file: Octets,
}

/// How far a model came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It is no model file.
    NotImported,
    /// It is one, and contradicts itself.
    NotLowered,
    /// It is a schema.
    Loaded,
}

impl Target for ModelLoad {
    const NAME: &'static str = "model_load";
    const PROPERTY: &'static str = "load(bytes) is an error or a schema; import(text(import(x))) = import(x)";
    type Case = Case;
    type Reached = Reached;

    /// From 128 on, the first byte says that the rest edits a model.
    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| Ok(Some(Case { file: Octets(edited(u)?.to_string().into_bytes()) })))
    }

    fn plain(data: &[u8]) -> Option<Case> {
        Some(Case { file: Octets(data.to_vec()) })
    }

    fn hold(case: &Case) -> Reached {
        hold(case.file.0.clone())
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = vec![Seed::new("smithy", SMALL), Seed::new("botocore", botocore().to_string())];
        seeds.extend(seeds::by_hand(NO_MODELS.iter().copied()));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// What is no model file, each in another way.
const NO_MODELS: &[&[u8]] =
    &[b"", b"{", b"[]", b"{}", br#"{"smithy":"2.0"}"#, br#"{"openapi":"3.1.0"}"#, b"\x1f\x8b\x08\x00damaged"];

fn hold(bytes: Vec<u8>) -> Reached {
    let Ok(source) = Source::from_bytes("service-2.json", bytes.clone()) else { return Reached::NotImported };
    let Ok(model) = import(&[source], &[]) else {
        assert!(Schema::from_text("service-2.json", bytes).is_err());
        return Reached::NotImported;
    };
    let text = ast::to_text(&model).into_bytes();
    let again = Source::from_bytes("model.json", text).and_then(|source| import(&[source], &[]));
    match again {
        Ok(again) if again == model => {}
        Ok(again) => {
            let pairs = model.shapes.iter().map(|(id, shape)| (id, shape, again.shapes.get(id)));
            let other: Vec<_> = pairs.filter(|(_, shape, again)| *again != Some(*shape)).collect();
            unreachable!("the normal form does not read as it was written: {other:?}");
        }
        Err(error) => unreachable!("the normal form does not read: {error}"),
    }
    let Ok(schema) = Schema::from_text("service-2.json", bytes) else { return Reached::NotLowered };
    hold_schema(&schema);
    Reached::Loaded
}

fn hold_schema(schema: &Schema) {
    let router = Router::new(schema);
    let _ = router.route("GET", "/");
    let generator = Generator::new(schema, Config::sparse());
    let mut operations = 0;
    for (id, operation) in schema.operations() {
        operations += 1;
        assert_eq!(schema.operation_named(&operation.name), Some(id));
        for side in [Side::Input, Side::Output] {
            let Some(shape) = side_shape(schema, id, side) else { continue };
            let Ok(value) = generator.operation(id, side, &mut Unstructured::new(&[])) else { continue };
            let violations = validate(schema, shape, &value);
            assert!(violations.is_empty(), "{}: {violations:?}\n{value}", operation.name);
        }
    }
    assert!(operations > 0, "a schema without operations");
}

/// A small model with some nodes replaced, removed or moved.
fn edited(u: &mut Unstructured<'_>) -> arbitrary::Result<Value> {
    let model = if u.arbitrary()? { serde_json::from_slice(SMALL).unwrap_or_default() } else { botocore() };
    Editor { keys: KEYS, values: &SNIPPETS }.edited(model, 3, u)
}

/// Keys that mean something to a reader of models.
const KEYS: &[&str] = &[
    "smithy.api#required",
    "smithy.api#httpPayload",
    "smithy.api#httpQuery",
    "smithy.api#httpQueryParams",
    "smithy.api#httpLabel",
    "smithy.api#httpHeader",
    "smithy.api#length",
    "smithy.api#range",
    "smithy.api#pattern",
    "smithy.api#uniqueItems",
    "smithy.api#timestampFormat",
    "smithy.api#streaming",
    "smithy.api#enumValue",
    "smithy.api#error",
    "smithy.api#paginated",
    "target",
    "type",
    "shape",
    "member",
    "location",
    "payload",
    "union",
];

/// Values at the edge of what a model may hold.
static SNIPPETS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(600),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("("),
        json!("^[a-z]{2,5}$"),
        json!("(?=a)b"),
        json!("/{Id}/{Path+}/x?a=b&c"),
        json!("smithy.api#String"),
        json!("smithy.api#Unit"),
        json!("wire.test#Node"),
        json!("Node"),
        json!("structure"),
        json!("union"),
        json!("list"),
        json!("date-time"),
        json!([]),
        json!({}),
        json!({"min": 3, "max": 2}),
        json!({"min": 100_000}),
        json!({"min": i64::MAX}),
        json!({"max": 0}),
        json!({"target": "wire.test#Choice"}),
        json!({"shape": "Node"}),
    ]
});

/// A small model in AWS's own format, with one of everything that its reader knows.
fn botocore() -> Value {
    json!({
        "version": "2.0",
        "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "small", "protocol": "rest-json",
            "serviceFullName": "Small", "serviceId": "Small", "signatureVersion": "v4", "signingName": "small"},
        "operations": {
            "Put": {
                "name": "Put", "http": {"method": "PUT", "requestUri": "/put/{Id}/{Path+}?literal", "responseCode": 201},
                "input": {"shape": "PutInput"}, "output": {"shape": "PutOutput"}, "errors": [{"shape": "Broken"}],
                "idempotent": true},
            "ListThem": {
                "name": "ListThem", "http": {"method": "GET", "requestUri": "/list"},
                "input": {"shape": "ListInput"}, "output": {"shape": "ListOutput"}}
        },
        "shapes": {
            "PutInput": {"type": "structure", "required": ["Id", "Path", "Node"], "members": {
                "Id": {"shape": "Text", "location": "uri", "locationName": "Id"},
                "Path": {"shape": "Text", "location": "uri", "locationName": "Path"},
                "Level": {"shape": "Count", "location": "querystring", "locationName": "level"},
                "Owner": {"shape": "Text", "location": "header", "locationName": "x-owner"},
                "Meta": {"shape": "Map", "location": "headers", "locationName": "x-meta-"},
                "Token": {"shape": "Text", "idempotencyToken": true},
                "Node": {"shape": "Node"}}},
            "PutOutput": {"type": "structure", "payload": "Data", "members": {
                "Data": {"shape": "Data"}, "Code": {"shape": "Count", "location": "statusCode"}}},
            "ListInput": {"type": "structure", "members": {
                "NextToken": {"shape": "Text", "location": "querystring", "locationName": "nextToken"},
                "MaxResults": {"shape": "Count", "location": "querystring", "locationName": "maxResults"}}},
            "ListOutput": {"type": "structure", "members": {"NextToken": {"shape": "Text"}, "Items": {"shape": "Nodes"}}},
            "Broken": {"type": "structure", "members": {"message": {"shape": "Text"}},
                "error": {"httpStatusCode": 409, "senderFault": true}, "exception": true},
            "Node": {"type": "structure", "members": {
                "Name": {"shape": "Text", "locationName": "name"}, "Next": {"shape": "Node"}, "Color": {"shape": "Color"},
                "Time": {"shape": "Time"}, "Choice": {"shape": "Choice"}, "Ratio": {"shape": "Ratio"}}},
            "Nodes": {"type": "list", "member": {"shape": "Node"}, "min": 1, "max": 5},
            "Choice": {"type": "structure", "union": true, "members": {"Text": {"shape": "Text"}, "Node": {"shape": "Node"}}},
            "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}, "max": 3},
            "Color": {"type": "string", "enum": ["RED", "GREEN"]},
            "Text": {"type": "string", "min": 1, "max": 9, "pattern": "[a-z]+"},
            "Count": {"type": "integer", "box": true, "min": 1, "max": 100},
            "Ratio": {"type": "double", "min": 0, "max": 1},
            "Time": {"type": "timestamp", "timestampFormat": "iso8601"},
            "Data": {"type": "blob", "sensitive": true}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{assert_cases_can_be_kept, survey};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        assert_eq!(hold(SMALL.to_vec()), Reached::Loaded);
        assert_eq!(hold(botocore().to_string().into_bytes()), Reached::Loaded);
        // More than memory holds: a model may say so, and gets no value.
        for (name, shape) in [
            ("Text", json!({"type": "string", "min": i64::MAX})),
            ("Nodes", json!({"type": "list", "member": {"shape": "Node"}, "min": i64::MAX})),
            ("Data", json!({"type": "blob", "min": i64::MAX})),
        ] {
            let mut model = botocore();
            model["shapes"][name] = shape;
            assert_eq!(hold(model.to_string().into_bytes()), Reached::Loaded, "{name}");
        }
        let dangling = botocore().to_string().replace(r#""shape":"Node""#, r#""shape":"Gone""#);
        assert!(hold(dangling.into_bytes()) < Reached::Loaded);
        for bytes in NO_MODELS {
            assert!(hold(bytes.to_vec()) < Reached::Loaded, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn random_edits_reach_every_outcome() {
        let count = survey::<ModelLoad>(3000, 300);
        assert!(count[&Reached::NotImported] > 100 && count[&Reached::Loaded] > 500, "{count:?}");
        assert!(count[&Reached::NotLowered] > 10, "{count:?}");
        assert_cases_can_be_kept::<ModelLoad>(300, 300);
    }
}
