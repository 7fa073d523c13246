//! Loading of model files. Any bytes load as a usable schema or return an error.
//!
//! If the first byte is below 128, the bytes are the file, so that a real model is a seed. Otherwise they are edits of a
//! small model of either format, which mostly pass the importer and reach lowering.
//!
//! | property | as an equation |
//! |---|---|
//! | a file is an error or a schema | `load(bytes) ∈ Error ∪ Schema` |
//! | the normal form is a fixed point | `import(text(import(x))) = import(x)` |
//! | generated values of a schema are valid | `validate(generate(schema, op)) = {}` |

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

/// The target; see the module.
pub struct ModelLoad;

/// A model file, optionally with paginators.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    file: Octets,
    /// The contents of `paginators-1.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paginators: Option<Octets>,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Not a model file.
    NotImported,
    /// A model file that is inconsistent.
    NotLowered,
    /// The file loads as a schema.
    Loaded,
}

impl Target for ModelLoad {
    const NAME: &'static str = "model_load";
    const PROPERTY: &'static str = "load(bytes) is an error or a schema; import(text(import(x))) = import(x)";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    /// Takes the bytes as a model file, or as a model and paginators with a line `---` between them.
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
            |(at, (text, error)): (usize, (String, &str))| Seed::new(format!("{at}-{}", seeds::slug(error)), text);
        seeds.extend(expected_errors().enumerate().map(named));
        seeds.extend(seeds::drawn(Self::NAME));
        seeds
    }
}

/// Handwritten models, each with part of the expected error. Empty if the model loads.
fn expected_errors() -> impl Iterator<Item = (String, &'static str)> {
    let paginators = by_hand::PAGINATORS.iter().map(|(text, error)| (with_paginators(text), *error));
    by_hand::tiny().map(|tiny| (tiny.text(), tiny.error)).chain(paginators)
}

/// Separates a model from its paginators.
const SEPARATOR: &[u8] = b"\n---\n";

fn with_paginators(text: &str) -> String {
    format!("{}{}{text}", by_hand::botocore(), String::from_utf8_lossy(SEPARATOR))
}

/// Files that are not models.
const NO_MODELS: &[&[u8]] =
    &[b"", b"{", b"[]", b"{}", br#"{"smithy":"2.0"}"#, br#"{"openapi":"3.1.0"}"#, b"\x1f\x8b\x08\x00damaged"];

/// Checks a case; returns the outcome and the error.
fn check(case: &Case) -> (Outcome, String) {
    let file = |name: &str, octets: &Octets| Source::from_bytes(name, octets.0.clone());
    let beside = case.paginators.as_ref().map(|octets| file("paginators-1.json", octets));
    let sources: Result<Vec<Source>, _> = [file("service-2.json", &case.file)].into_iter().chain(beside).collect();
    let model = match sources.and_then(|sources| import(&sources, &[])) {
        Ok(model) => model,
        Err(error) => return (Outcome::NotImported, error_text(&error)),
    };
    let text = ast::to_text(&model).into_bytes();
    let again = Source::from_bytes("model.json", text).and_then(|source| import(&[source], &[]));
    match again {
        Ok(again) if again == model => {}
        Ok(again) => {
            let pairs = model.shapes.iter().map(|(id, shape)| (id, shape, again.shapes.get(id)));
            let other: Vec<_> = pairs.filter(|(_, shape, again)| *again != Some(*shape)).collect();
            unreachable!("importing the normal form changes it: {other:?}");
        }
        Err(error) => unreachable!("the normal form cannot be imported: {error}"),
    }
    match Schema::from_ast(model, String::new()) {
        Ok(schema) => check_schema(&schema),
        Err(error) => return (Outcome::NotLowered, error_text(&error)),
    }
    (Outcome::Loaded, String::new())
}

/// Formats an error with its sources.
fn error_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        text = format!("{text}: {error}");
        inner = error.source();
    }
    text
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

/// Draws edits of a small model.
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

/// Keys with a meaning in model files.
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

/// Edge-case values for models.
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
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn handwritten_inputs_have_the_expected_outcomes() {
        let check = |bytes: Vec<u8>| ModelLoad::plain(&bytes).map(|case| ModelLoad::check(&case));
        assert_eq!(check(SMALL.to_vec()), Some(Outcome::Loaded));
        assert_eq!(check(by_hand::old_smithy().to_string().into_bytes()), Some(Outcome::Loaded));
        assert_eq!(check(botocore().to_string().into_bytes()), Some(Outcome::Loaded));
        // Minimum lengths that exceed memory: the model loads, and generation fails.
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
    fn tiny_models_load_or_have_the_expected_error() {
        let mut wrong = Vec::new();
        for (text, expected) in expected_errors() {
            let (outcome, error) = ModelLoad::plain(text.as_bytes()).map(|case| check(&case)).unwrap();
            if (outcome == Outcome::Loaded) != expected.is_empty() || !error.contains(expected) {
                wrong.push(format!("expected {expected:?}, got {error:?}: {text}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn random_edits_reach_every_outcome() {
        assert_reached::<ModelLoad>(
            3000,
            300,
            [(Outcome::NotImported, 100), (Outcome::Loaded, 500), (Outcome::NotLowered, 10)],
        );
        assert_cases_round_trip::<ModelLoad>(300, 300);
    }
}
