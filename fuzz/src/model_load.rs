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

mod by_hand;

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

/// A model file, and what lies beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    file: Octets,
    /// `paginators-1.json` beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paginators: Option<Octets>,
}

/// How far a model came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
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
    type Outcome = Outcome;

    /// From 128 on, the first byte says that the rest edits a model.
    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    /// A file, or two with a line of `---` between them.
    fn plain(data: &[u8]) -> Option<Case> {
        let end = data.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        let octets = |data: &[u8]| Octets(data.to_vec());
        Some(Case {
            file: octets(&data[..end.unwrap_or(data.len())]),
            paginators: end.map(|end| octets(&data[end + SEPARATOR.len()..])),
        })
    }

    fn check(case: &Case) -> Outcome {
        check(case).0
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = vec![
            Seed::new("smithy", SMALL),
            Seed::new("old-smithy", by_hand::old_smithy().to_string()),
            Seed::new("botocore", with_paginators(&by_hand::paginators().to_string())),
        ];
        seeds.extend(seeds::by_hand(NO_MODELS.iter().copied()));
        let named =
            |(at, (text, said)): (usize, (String, &str))| Seed::new(format!("{at}-{}", seeds::slug(said)), text);
        seeds.extend(said_of().enumerate().map(named));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Models by hand, and part of the error that each is; nothing where it is none.
fn said_of() -> impl Iterator<Item = (String, &'static str)> {
    let paginators = by_hand::PAGINATORS.iter().map(|(text, said)| (with_paginators(text), *said));
    by_hand::tiny().map(|tiny| (tiny.text(), tiny.said)).chain(paginators)
}

/// Between a model and its paginators.
const SEPARATOR: &[u8] = b"\n---\n";

fn with_paginators(text: &str) -> String {
    format!("{}{}{text}", by_hand::botocore(), String::from_utf8_lossy(SEPARATOR))
}

/// What is no model file, each in another way.
const NO_MODELS: &[&[u8]] =
    &[b"", b"{", b"[]", b"{}", br#"{"smithy":"2.0"}"#, br#"{"openapi":"3.1.0"}"#, b"\x1f\x8b\x08\x00damaged"];

/// How far it comes, and what is said of it.
fn check(case: &Case) -> (Outcome, String) {
    let file = |name: &str, octets: &Octets| Source::from_bytes(name, octets.0.clone());
    let beside = case.paginators.as_ref().map(|octets| file("paginators-1.json", octets));
    let sources: Result<Vec<Source>, _> = [file("service-2.json", &case.file)].into_iter().chain(beside).collect();
    let model = match sources.and_then(|sources| import(&sources, &[])) {
        Ok(model) => model,
        Err(error) => return (Outcome::NotImported, told(&error)),
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
    match Schema::from_ast(model, String::new()) {
        Ok(schema) => check_schema(&schema),
        Err(error) => return (Outcome::NotLowered, told(&error)),
    }
    (Outcome::Loaded, String::new())
}

/// An error as a user reads it, which may hold of a model what fits on a screen.
fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        told = format!("{told}: {error}");
        inner = error.source();
    }
    told
}

fn check_schema(schema: &Schema) {
    let router = Router::new(schema);
    let _ = router.route("GET", "/");
    let full = Config { max_text: 40, max_values: 60, ..Config::full() };
    let generators = [Config::sparse(), full].map(|config| Generator::new(schema, config));
    let mut operations = 0;
    for (id, operation) in schema.operations() {
        operations += 1;
        assert_eq!(schema.operation_named(&operation.name), Some(id));
        for side in [Side::Input, Side::Output] {
            let Some(shape) = side_shape(schema, id, side) else { continue };
            for generator in &generators {
                let Ok(value) = generator.operation(id, side, &mut Unstructured::new(&[])) else { continue };
                let violations = validate(schema, shape, &value);
                assert!(violations.is_empty(), "{}: {violations:?}\n{value}", operation.name);
            }
        }
    }
    assert!(operations > 0, "a schema without operations");
}

/// A small model with some nodes replaced, removed or moved.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    static MODELS: LazyLock<[Value; 3]> = LazyLock::new(|| {
        [serde_json::from_slice(SMALL).unwrap_or_default(), by_hand::old_smithy(), by_hand::botocore()]
    });
    let model = u.choose(&*MODELS)?;
    let mut edited = |value: Value| {
        let edited = Editor { keys: KEYS, values: &SNIPPETS }.edited(value, 3, u)?;
        arbitrary::Result::Ok(Octets(edited.to_string().into_bytes()))
    };
    let file = edited(model.clone())?;
    let has_paginators = model.pointer("/metadata/protocol").is_some();
    let paginators = if has_paginators { Some(edited(by_hand::paginators())?) } else { None };
    Ok(Case { file, paginators })
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
    "mixins",
    "resources",
    "input_token",
    "output_token",
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::by_hand::botocore;
    use super::*;
    use crate::target::{assert_cases_round_trip, count_outcomes};

    #[test]
    fn inputs_by_hand_reach_what_they_are_for() {
        let check = |bytes: Vec<u8>| ModelLoad::plain(&bytes).map(|case| ModelLoad::check(&case));
        assert_eq!(check(SMALL.to_vec()), Some(Outcome::Loaded));
        assert_eq!(check(by_hand::old_smithy().to_string().into_bytes()), Some(Outcome::Loaded));
        assert_eq!(check(botocore().to_string().into_bytes()), Some(Outcome::Loaded));
        // More than memory holds: a model may say so, and gets no value.
        for (name, shape) in [
            ("Text", json!({"type": "string", "min": i64::MAX})),
            ("Nodes", json!({"type": "list", "member": {"shape": "Node"}, "min": i64::MAX})),
            ("Data", json!({"type": "blob", "min": i64::MAX})),
        ] {
            let mut model = botocore();
            model["shapes"][name] = shape;
            assert_eq!(check(model.to_string().into_bytes()), Some(Outcome::Loaded), "{name}");
        }
        let dangling = botocore().to_string().replace(r#""shape":"Node""#, r#""shape":"Gone""#);
        assert!(check(dangling.into_bytes()) < Some(Outcome::Loaded));
        for bytes in NO_MODELS {
            assert!(check(bytes.to_vec()) < Some(Outcome::Loaded), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn tiny_models_are_schemas_or_what_is_said_of_them_says_why_not() {
        let mut wrong = Vec::new();
        for (text, expected) in said_of() {
            let (outcome, said) = ModelLoad::plain(text.as_bytes()).map(|case| check(&case)).unwrap();
            if (outcome == Outcome::Loaded) != expected.is_empty() || !said.contains(expected) {
                wrong.push(format!("{expected:?}, {said:?}: {text}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn random_edits_reach_every_outcome() {
        let count = count_outcomes::<ModelLoad>(3000, 300);
        assert!(count[&Outcome::NotImported] > 100 && count[&Outcome::Loaded] > 500, "{count:?}");
        assert!(count[&Outcome::NotLowered] > 10, "{count:?}");
        assert_cases_round_trip::<ModelLoad>(300, 300);
    }
}
