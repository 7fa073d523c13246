//! Native validation and the `jsonschema` crate on exported schemas agree on every operation, except for the listed
//! [`exceptions`], each of which is shown to occur.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use connect_model::export::json_schema::{Exception, exceptions, json_schema};
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, Site, side_shape, sites};
use connect_model::schema::{Kind, OperationId, Schema};
use connect_model::validate::{ViolationKind, excerpt, validate};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::Corpus;

/// Number of valid values per operation and side, in addition to the bases of its mutants.
const ROUNDS: usize = if cfg!(debug_assertions) { 20 } else { 100 };

pub(crate) fn judge(schema: &Schema, operation: OperationId, side: Side) -> Validator {
    let exported = json_schema(schema, operation, side);
    let name = &schema[operation].name;
    assert!(jsonschema::meta::is_valid(&exported), "{name}");
    // `^[\P{C}…]{1,250}$` expands to more than the engine's default limit of ten megabytes.
    let patterns = jsonschema::PatternOptions::fancy_regex().size_limit(200 << 20);
    let options = jsonschema::draft202012::options().with_pattern_options(patterns);
    options.build(&exported).unwrap_or_else(|error| panic!("{name} {side:?}: {error}"))
}

/// Finds the exception for a value that native validation rejects and the judge accepts: one for its kind and side, if the
/// condition of the exception holds.
fn excuse(side: Side, site: &Site, kind: ViolationKind, broken: Option<&Value>) -> Option<&'static Exception> {
    let schema = Schema::connect();
    let text = broken.and_then(Value::as_str);
    let pattern = site.slot.traits.pattern.map(|id| &schema[id]);
    exceptions().filter(|e| e.side.is_none_or(|only| only == side) && e.kinds.contains(&kind)).find(|e| {
        match e.id {
            "open-enum" => true,
            "open-union" => broken.and_then(Value::as_object).is_some_and(|map| !map.is_empty()),
            "integer-spelling" => broken.and_then(Value::as_f64).is_some_and(|number| number.fract() == 0.0),
            "blob-length" => matches!(schema[site.slot.target].kind, Kind::Blob),
            "calendar" => text.is_some(),
            "unreadable-pattern" => pattern.is_some_and(|pattern| pattern.problem().is_some()),
            // An ECMAScript engine finds no match, but the engine of the crate does.
            "dot" => pattern.zip(text).is_some_and(|(pattern, text)| {
                text.contains(['\r', '\u{2028}', '\u{2029}']) && ecmascript_rejects(pattern.source(), text)
            }),
            "class-escape" => pattern.zip(text).is_some_and(|(pattern, text)| {
                let disputed = |c: char| c == '\u{feff}' || (c.is_numeric() && !c.is_ascii());
                text.contains(disputed) && ecmascript_rejects(pattern.source(), text)
            }),
            unknown => panic!("exception {unknown} has no condition here"),
        }
    })
}

fn ecmascript_rejects(pattern: &str, text: &str) -> bool {
    regress::Regex::with_flags(pattern, "u").unwrap().find(text).is_none()
}

/// Compares the judges on valid values and mutants of every operation. Returns the exceptions that occurred.
fn agree(side: Side) -> BTreeSet<&'static str> {
    let schema = Schema::connect();
    let mut corpus = Corpus::new("judges");
    let generator = Generator::new(schema, Config::sparse());
    let (mut rejected, mut occurred) = (0, BTreeSet::new());
    for (id, operation) in schema.operations() {
        let name = &operation.name;
        let judge = judge(schema, id, side);
        let admits = |value: &Value| {
            let error = judge.validate(value).err().map(|error| error.to_string());
            assert_eq!(error, None, "{name} {side:?}: valid value rejected: {}", excerpt(value));
        };
        (0..ROUNDS).for_each(|round| admits(&corpus.operation(id, side, round)));
        for site in sites(schema, id, side) {
            let bytes = Stream::new(3, &site.mutation.to_string()).bytes(1024);
            // `generation` tests the reasons why some mutations are not possible.
            let Ok(mutant) = generator.mutant(id, side, &site, &mut Unstructured::new(&bytes)) else { continue };
            admits(&mutant.base);
            if !judge.is_valid(&mutant.value) {
                rejected += 1;
                continue;
            }
            match excuse(side, &site, mutant.kind, mutant.value.pointer(&mutant.pointer)) {
                Some(exception) => drop(occurred.insert(exception.id)),
                None => panic!("{name} {side:?}: {} passes: {}", site.mutation, excerpt(&mutant.value)),
            }
        }
    }
    assert!(rejected > 5_000, "{rejected}");
    occurred
}

#[test]
fn judges_agree_on_inputs() {
    // A rare line end in a mutated text depends on the bytes; a test below shows that exception in any case.
    let occurred = agree(Side::Input);
    assert!(occurred.is_subset(&BTreeSet::from(["dot"])), "{occurred:?}");
}

#[test]
fn judges_agree_on_outputs() {
    assert_eq!(agree(Side::Output), BTreeSet::from(["dot", "open-enum"]));
}

/// Loads a model with a member for each exception.
fn small() -> Schema {
    let member = |target: &str, traits: Value| json!({"target": target, "traits": traits});
    let members = json!({
        "Enum": member("x#Colour", json!({})),
        "Union": member("x#Choice", json!({})),
        "Whole": member("smithy.api#Integer", json!({})),
        "Bytes": member("smithy.api#Blob", json!({"smithy.api#length": {"min": 5}})),
        "Day": member("smithy.api#Timestamp", json!({"smithy.api#timestampFormat": "date-time"})),
        "Odd": member("smithy.api#String", json!({"smithy.api#pattern": "(?<=(a)"})),
        "Line": member("smithy.api#String", json!({"smithy.api#pattern": "^a.b$"})),
        "Word": member("smithy.api#String", json!({"smithy.api#pattern": "^(?=a)\\S+$"})),
    });
    let model = json!({"smithy": "2.0", "shapes": {
        "x#Small": {"type": "service", "version": "1", "operations": [{"target": "x#Do"}],
            "traits": {"aws.api#service": {"sdkId": "Small"}, "aws.protocols#restJson1": {}}},
        "x#Do": {"type": "operation", "input": {"target": "x#In"}, "output": {"target": "x#Out"},
            "traits": {"smithy.api#http": {"method": "POST", "uri": "/do", "code": 200}}},
        "x#In": {"type": "structure", "members": members},
        "x#Out": {"type": "structure", "members": members},
        "x#Colour": {"type": "enum", "members": {"RED": member("smithy.api#Unit", json!({"smithy.api#enumValue": "RED"}))}},
        "x#Choice": {"type": "union", "members": {"Text": member("smithy.api#String", json!({}))}},
    }});
    Schema::from_text("small.json", model.to_string().into_bytes()).unwrap()
}

/// For each exception, a value that native validation rejects and the judge accepts. If an exception is for one side, the
/// judge must reject the value on the other side. An exception without a row is a failure.
#[test]
fn every_exception_occurs() {
    let schema = small();
    let rows = [
        ("open-enum", json!({"Enum": "BLUE"})),
        ("open-enum", json!({"Enum": "red"})),
        ("open-union", json!({"Union": {"Number": 1}})),
        ("integer-spelling", json!({"Whole": 1.0})),
        ("integer-spelling", serde_json::from_str(r#"{"Whole": 1e2}"#).unwrap()),
        ("blob-length", json!({"Bytes": "YWJjZA=="})),
        ("calendar", json!({"Day": "2023-02-30T00:00:00Z"})),
        ("dot", json!({"Line": "a\rb"})),
        ("dot", json!({"Line": "a\u{2028}b"})),
        ("class-escape", json!({"Word": "a\u{feff}"})),
    ];
    let operation = schema.operation_named("Do").unwrap();
    let mut shown = BTreeSet::new();
    for (id, value) in rows {
        let exception = exceptions().find(|exception| exception.id == id).unwrap();
        for side in super::SIDES {
            let violations = validate(&schema, side_shape(&schema, operation, side).unwrap(), &value);
            let [violation] = violations.as_slice() else { panic!("{id} {value}: {violations:?}") };
            assert!(exception.kinds.contains(&violation.kind), "{id}: {violation:?}");
            let excused = exception.side.is_none_or(|only| only == side);
            assert_eq!(judge(&schema, operation, side).is_valid(&value), excused, "{id} {side:?} {value}");
        }
        shown.insert(id);
    }
    // No engine supports this pattern: native validation cannot decide, and the schema leaves it out.
    let unreadable = json_schema(&schema, operation, Side::Input).to_string();
    assert!(unreadable.contains("is left out") && !unreadable.contains(r#""pattern":"(?<"#), "{unreadable}");
    shown.insert("unreadable-pattern");
    assert_eq!(shown, exceptions().map(|exception| exception.id).collect());
}
