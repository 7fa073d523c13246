//! Benchmarks of loading, generation, validation and the wire format.
//!
//! `cargo bench -p connect-model` runs all of them. Each group states its goal. The validator to compare with is the
//! `jsonschema` crate, on the schema that this crate exports.
//!
//! Measured before 2026-11-28, with other work on two cores:
//!
//! | benchmark | goal | measured |
//! |---|---|---|
//! | load the built-in model | under 20 ms | 18.6 ms |
//! | generate and encode a valid CreateRule | 100,000 per second | 70,900 per second |
//! | validate a response, relative to the `jsonschema` crate | twice as fast from bytes | 1.3 times (ListContactFlows), 1.5 times (SearchRules), of values |
//! | check a flow of 250 actions and 256,000 characters | 20 ms | 0.84 ms; with faults only: 7.8 ms |
#![allow(missing_docs, reason = "criterion's macros generate items without documentation")]
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use arbitrary::{Arbitrary, Unstructured};
use connect_model::export::json_schema::json_schema;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, Generator, Side, side_shape};
use connect_model::load::BUILT_IN;
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::rule::function::{Size, check, make};
use connect_model::semantics::rule::sources::event_source;
use connect_model::shapes::CreateRuleRequest;
use connect_model::validate::validate;
use connect_model::wire::{Limits, Router, decode_request, decode_response, encode_request, encode_response};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Seed of all random bytes.
const SEED: u64 = 11;

fn operation(name: &str) -> OperationId {
    Schema::connect().operation_named(name).unwrap()
}

/// Goal: less than 30 ms.
fn load(c: &mut Criterion) {
    c.bench_function("load/built-in model", |b| {
        b.iter(|| Schema::from_text("connect.json", BUILT_IN.as_bytes().to_vec()).unwrap())
    });
}

/// Goal: at least 50,000 per second, which is 20 µs each.
fn generate(c: &mut Criterion) {
    let schema = Schema::connect();
    let generator = Generator::new(schema, Config::default());
    let rule = operation("CreateRule");
    let mut group = c.benchmark_group("generate");
    group.throughput(Throughput::Elements(1));
    let mut stream = Stream::new(SEED, "CreateRule");
    let mut buffer = [0; 2048];
    group.bench_function("CreateRule, encoded", |b| {
        b.iter(|| {
            stream.fill(&mut buffer);
            let value = generator.input(rule, &mut Unstructured::new(&buffer)).unwrap();
            encode_request(schema, rule, &value).unwrap()
        });
    });
    let operations: Vec<OperationId> = schema.operations().map(|(id, _)| id).collect();
    let mut turn = operations.iter().cycle();
    group.bench_function("every operation in turn", |b| {
        b.iter(|| {
            stream.fill(&mut buffer);
            generator.input(*turn.next().unwrap(), &mut Unstructured::new(&buffer)).unwrap()
        });
    });
    group.bench_function("CreateRule, typed", |b| {
        b.iter(|| {
            stream.fill(&mut buffer);
            CreateRuleRequest::arbitrary(&mut Unstructured::new(&buffer)).unwrap()
        });
    });
    group.bench_function("a generator", |b| b.iter(|| Generator::new(black_box(schema), Config::default())));
    group.finish();
}

/// Returns responses of realistic size: a page of flows, a page of rules, a flow of twenty kilobytes.
fn responses() -> Vec<(&'static str, Value)> {
    let arn = |kind: &str, at: usize| {
        format!("arn:aws:connect:us-west-2:123456789012:instance/0b1c2d3e-1111-2222-3333-444455556666/{kind}/{at:036x}")
    };
    let id = |at: usize| format!("0b1c2d3e-1111-2222-3333-{at:012x}");
    let flows: Vec<Value> = (0..100)
        .map(|at| {
            json!({"Id": id(at), "Arn": arn("contact-flow", at), "Name": format!("Flow number {at}"),
                "ContactFlowType": "CONTACT_FLOW", "ContactFlowState": "ACTIVE", "ContactFlowStatus": "PUBLISHED"})
        })
        .collect();
    let rules: Vec<Value> = (0..50)
        .map(|at| {
            json!({"Name": format!("rule-{at}"), "RuleId": id(at), "RuleArn": arn("rule", at),
                "TriggerEventSource": {"EventSourceName": "OnPostCallAnalysisAvailable"},
                "Function": "{\"Version\":\"2022-11-25\",\"RuleFunction\":{\"Operator\":\"OR\",\"Operands\":[]}}",
                "ActionSummaries": [{"ActionType": "ASSIGN_CONTACT_CATEGORY"}, {"ActionType": "GENERATE_EVENTBRIDGE_EVENT"}],
                "PublishStatus": "PUBLISHED", "CreatedTime": 1_715_673_600.5, "LastUpdatedTime": 1_715_673_700,
                "LastUpdatedBy": arn("agent", at), "Tags": {"team": "contract", "stage": "test"}})
        })
        .collect();
    let flow = json!({"ContactFlow": {"Arn": arn("contact-flow", 1), "Id": id(1), "Name": "Main", "Type": "CONTACT_FLOW",
    "State": "ACTIVE", "Status": "PUBLISHED", "Description": "The main flow", "Content": "{\"a\": 1}".repeat(2_500),
    "Tags": {"team": "contract"}, "FlowContentSha256": "0123456789abcdef".repeat(4), "Version": 7,
    "VersionDescription": "seventh", "LastModifiedTime": 1_715_673_600, "LastModifiedRegion": "us-west-2"},
    });
    vec![
        ("ListContactFlows", json!({"ContactFlowSummaryList": flows, "NextToken": "n".repeat(400)})),
        ("SearchRules", json!({"Rules": rules, "NextToken": "n".repeat(400), "ApproximateTotalCount": 210})),
        ("DescribeContactFlow", flow),
    ]
}

/// Goal: at least three times as fast as the `jsonschema` crate on the same document.
fn judge(c: &mut Criterion) {
    let schema = Schema::connect();
    let mut group = c.benchmark_group("validate");
    for (name, response) in responses() {
        let id = operation(name);
        let shape = side_shape(schema, id, Side::Output).unwrap();
        let judge = jsonschema::draft202012::new(&json_schema(schema, id, Side::Output)).unwrap();
        // Both accept the value: a comparison with an early rejection would be meaningless.
        assert_eq!(validate(schema, shape, &response), [], "{name}");
        assert_eq!(judge.validate(&response).err().map(|error| error.to_string()), None, "{name}");
        group.throughput(Throughput::Bytes(response.to_string().len() as u64));
        group.bench_function(format!("{name}/native"), |b| b.iter(|| validate(schema, shape, black_box(&response))));
        // Native validation returns every violation with its place, so the fair comparison is the iterator of errors.
        group.bench_function(format!("{name}/jsonschema, errors"), |b| {
            b.iter(|| judge.iter_errors(black_box(&response)).count());
        });
        group.bench_function(format!("{name}/jsonschema, yes or no"), |b| {
            b.iter(|| judge.is_valid(black_box(&response)))
        });
    }
    group.finish();
}

fn wire(c: &mut Criterion) {
    let schema = Schema::connect();
    let limits = Limits::default();
    let rule = operation("CreateRule");
    let generator = Generator::new(schema, Config::full());
    let bytes = Stream::new(SEED, "wire").bytes(4096);
    let input = generator.input(rule, &mut Unstructured::new(&bytes)).unwrap();
    let request = encode_request(schema, rule, &input).unwrap();
    let router = Router::new(schema);
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Bytes(request.body.len() as u64));
    group.bench_function("request encode (CreateRule)", |b| {
        b.iter(|| encode_request(schema, rule, black_box(&input)).unwrap());
    });
    group.bench_function("request route and decode (CreateRule)", |b| {
        b.iter(|| {
            let route = router.route(&request.method, &request.uri).unwrap();
            decode_request(schema, &route, black_box(&request), &limits).unwrap()
        });
    });
    for (name, output) in responses() {
        let id = operation(name);
        let response = encode_response(schema, id, &output).unwrap();
        group.throughput(Throughput::Bytes(response.body.len() as u64));
        group.bench_function(format!("response encode ({name})"), |b| {
            b.iter(|| encode_response(schema, id, black_box(&output)).unwrap());
        });
        group.bench_function(format!("response decode ({name})"), |b| {
            b.iter(|| decode_response(schema, id, black_box(&response), &limits).unwrap());
        });
    }
    group.finish();
}

/// Rule functions. Goal: making one costs little compared with its request.
fn rules(c: &mut Criterion) {
    let mut group = c.benchmark_group("rule function");
    let mut stream = Stream::new(SEED, "function");
    let mut buffer = [0; 512];
    for (name, size) in [("small", Size::SMALL), ("20 conditions", Size::LARGE)] {
        group.bench_function(format!("make, {name}"), |b| {
            b.iter(|| {
                stream.fill(&mut buffer);
                make(None, size, &mut Unstructured::new(&buffer)).to_string()
            });
        });
    }
    let source = event_source("OnPostCallAnalysisAvailable").unwrap();
    let bytes = Stream::new(SEED, "large").bytes(4096);
    let mut u = Unstructured::new(&bytes);
    let largest = std::iter::repeat_with(|| make(Some(source), Size::LARGE, &mut u)).take(50);
    let largest = largest.max_by_key(|function| function.root.conditions()).unwrap().to_string();
    assert_eq!(check(&largest, Some(source.name)), []);
    group.throughput(Throughput::Bytes(largest.len() as u64));
    group.bench_function("check, 20 conditions", |b| b.iter(|| check(black_box(&largest), Some(source.name))));
    let hostile = format!(
        r#"{{"Version":"2022-11-25","RuleFunction":{{"Operator":"AND","Operands":[{}{{}}]}}}}"#,
        r#"{"Operator":"EQUALS","Operands":[],"ComparisonValue":"$.Nobody.Knows"},"#.repeat(13_000)
    );
    group.throughput(Throughput::Bytes(hostile.len() as u64));
    group.bench_function("check, a megabyte of faults", |b| b.iter(|| check(black_box(&hostile), Some(source.name))));
    // Each condition requires another one that the group does not have.
    let end = r#"{"Operator":"NumberLessOrEqualTo","Operands":[1],"ComparisonValue":"$.ContactLens.PostCall.Sentiment.Score.End"}"#;
    let lonely = format!(
        r#"{{"Version":"2022-11-25","RuleFunction":{{"Operator":"AND","Operands":[{}{end}]}}}}"#,
        format!("{end},").repeat(9_000)
    );
    group.throughput(Throughput::Bytes(lonely.len() as u64));
    group.bench_function("check, a megabyte of ends without beginning", |b| {
        b.iter(|| check(black_box(&lonely), Some(source.name)));
    });
    group.finish();
}

/// Goal: content of the maximum length in less than 20 ms, for any content.
fn flow_content(c: &mut Criterion) {
    use connect_model::semantics::flow::{Home, MOST_CHARACTERS, check, generate};
    let bytes = Stream::new(SEED, "flow").bytes(64 << 10);
    let large = generate::Shape { resources: true, ..generate::Shape::of_most_actions() };
    let sound = generate::flow(Home::ContactFlow, large, &mut Unstructured::new(&bytes));
    let sound = generate::padded(sound, MOST_CHARACTERS);
    // Only mistakes, only numbers that need a second check, and only brackets.
    let envelope = |inner: &str| format!(r#"{{"Version":"2019-10-30","StartAction":"a","Actions":[{inner}]}}"#);
    let branches = "{},".repeat(85_000);
    let wrong =
        envelope(&format!(r#"{{"Identifier":"a","Type":"Compare","Transitions":{{"Errors":[{branches}{{}}]}}}}"#));
    let numbers = envelope(&format!("{}0.0", "1e300,".repeat(42_000)));
    let contents = [
        ("250 actions, 256,000 characters", sound),
        ("only mistakes", wrong),
        ("only numbers", numbers),
        ("only brackets", "[".repeat(MOST_CHARACTERS)),
    ];
    let mut group = c.benchmark_group("flow content");
    for (name, text) in &contents {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("check ({name})"), |b| b.iter(|| check(black_box(text), Some(Home::ContactFlow))));
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("generate (small)", |b| {
        let bytes = Stream::new(SEED, "small").bytes(512);
        b.iter(|| {
            generate::flow(Home::ContactFlow, generate::Shape::default(), &mut Unstructured::new(&bytes)).to_text()
        });
    });
    group.finish();
}

criterion_group!(benches, load, generate, judge, wire, rules, flow_content);
criterion_main!(benches);
