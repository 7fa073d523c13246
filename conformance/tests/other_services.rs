//! Services other than Amazon Connect: no false alarm on their servers, and no leniency of a server that is missed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use program::{Folder, conformance};
use serde_json::{Value, json};

/// A model with these operations (name, HTTP binding, members of input and output) and other shapes.
fn model(operations: &[(&str, Value, Value, Value)], others: Value) -> String {
    let mut shapes = json!({
        "t#Service": {"type": "service", "version": "1",
            "operations": operations.iter().map(|row| json!({"target": format!("t#{}", row.0)})).collect::<Vec<_>>(),
            "traits": {"aws.protocols#restJson1": {}, "aws.auth#sigv4": {"name": "t"},
                "aws.api#service": {"sdkId": "T", "endpointPrefix": "t"}}},
        "t#Invalid": {"type": "structure", "members": {"message": {"target": "smithy.api#String"}},
            "traits": {"smithy.api#error": "client", "smithy.api#httpError": 400}},
        "t#ValidationException": {"type": "structure", "members": {"message": {"target": "smithy.api#String"}},
            "traits": {"smithy.api#error": "client", "smithy.api#httpError": 400}},
    });
    for (name, traits, input, output) in operations {
        shapes[format!("t#{name}")] = json!({"type": "operation", "traits": traits,
            "input": {"target": format!("t#{name}In")}, "output": {"target": format!("t#{name}Out")},
            "errors": [{"target": "t#Invalid"}, {"target": "t#ValidationException"}]});
        shapes[format!("t#{name}In")] = json!({"type": "structure", "members": input});
        shapes[format!("t#{name}Out")] = json!({"type": "structure", "members": output});
    }
    shapes.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    json!({"smithy": "2.0", "shapes": shapes}).to_string()
}

fn http(method: &str, uri: &str) -> Value {
    json!({"smithy.api#http": {"method": method, "uri": uri, "code": 200}})
}

fn required(target: &str, binding: &str, value: Value) -> Value {
    json!({"target": target, "traits": {"smithy.api#required": {}, binding: value}})
}

fn label() -> Value {
    required("smithy.api#String", "smithy.api#httpLabel", json!({}))
}

fn id() -> Value {
    json!({"Id": {"target": "smithy.api#String"}})
}

/// The result of a run: exit code, report, and the text on both streams.
struct Ran {
    code: Option<i32>,
    report: Value,
    text: String,
}

impl Ran {
    fn of(folder: &Folder, arguments: &[&str]) -> Self {
        let report = folder.at("report");
        let _ = std::fs::remove_dir_all(&report);
        let fixed = ["run", "--report-dir", &report];
        let (code, stdout, stderr) = folder.run(&[&fixed[..], arguments].concat());
        assert!(std::path::Path::new(&report).exists(), "{code:?}: {stderr}");
        Self { code, report: folder.report("report"), text: stdout + &stderr }
    }

    fn on_emulator(folder: &Folder, model: &str, arguments: &[&str]) -> Self {
        let file = folder.write("model.json", model).display().to_string();
        Self::of(folder, &[&["--model", &file], arguments].concat())
    }

    /// The checks with findings, each with its gravest level.
    fn found(&self) -> BTreeMap<&str, &str> {
        let findings = self.report["findings"].as_array().unwrap().iter();
        findings.map(|finding| (finding["check"].as_str().unwrap(), finding["level"].as_str().unwrap())).collect()
    }

    /// The cases with a finding of any level.
    fn with_findings(&self) -> BTreeSet<&str> {
        let findings = self.report["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["case"].as_str().unwrap()).collect()
    }

    /// The cases with an outcome.
    fn cases(&self, outcome: &str) -> BTreeSet<&str> {
        let cases = self.report["cases"].as_array().unwrap().iter();
        cases.filter(|case| case["outcome"] == outcome).map(|case| case["case"].as_str().unwrap()).collect()
    }
}

/// The emulator of a model in another process.
struct Serving {
    process: Child,
    endpoint: String,
}

impl Serving {
    fn start(folder: &Folder, model: &str) -> Self {
        let file = folder.write("server.json", model).display().to_string();
        let mut command = conformance(&["emulate", "--model", &file, "--port", "0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { process, endpoint }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Models whose emulator keeps the contract, each with a case that no request can be.
fn conforming() -> Vec<(&'static str, String, Option<&'static str>)> {
    let texts = json!({"t#Texts": {"type": "map", "key": {"target": "smithy.api#String"},
        "value": {"target": "smithy.api#String"}}});
    let paged = |binding: &str| {
        let mut traits = http("GET", "/things");
        traits["smithy.api#readonly"] = json!({});
        traits["smithy.api#paginated"] =
            json!({"inputToken": "Token", "outputToken": "Token", "items": "Things", "pageSize": "Max"});
        let input = json!({
            "Token": {"target": "t#Token", "traits": {"smithy.api#httpQuery": "token"}},
            "Max": {"target": "t#Max", "traits": {"smithy.api#httpQuery": "max"}},
        });
        let output = json!({"Token": {"target": "t#Token"},
            "Things": {"target": binding, "traits": {"smithy.api#required": {}}}});
        ("List", traits, input, output)
    };
    let shapes = |token: Value| {
        json!({
            "t#Token": token,
            "t#Max": {"type": "integer", "traits": {"smithy.api#range": {"min": 1, "max": 100}}},
            "t#ByName": {"type": "map", "key": {"target": "smithy.api#String"}, "value": {"target": "smithy.api#String"}},
            "t#Names": {"type": "list", "member": {"target": "smithy.api#String"}},
        })
    };
    let text = json!({"type": "string"});
    let sized = json!({"type": "string", "traits": {"smithy.api#length": {"min": 36, "max": 36}}});
    let formed = json!({"type": "string", "traits": {"smithy.api#pattern": "^[A-Z]{3}-[0-9]{9}$"}});
    let token = json!({"t#Token": {"type": "string", "traits": {"smithy.api#pattern": r"^\S+$"}}});
    let carried = || required("t#Token", "smithy.api#httpHeader", "X-Token".into());
    let every = || required("t#Texts", "smithy.api#httpPrefixHeaders", "".into());
    let (mut needed, mut filtered) = (paged("t#Names"), paged("t#Names"));
    needed.3["Token"]["traits"] = json!({"smithy.api#required": {}});
    filtered.2["Filters"] = json!({"target": "t#ByName", "traits": {"smithy.api#httpQueryParams": {}}});
    let sent = json!({"Length": required("smithy.api#Long", "smithy.api#httpHeader", "Content-Length".into()),
        "Data": {"target": "smithy.api#Blob", "traits": {"smithy.api#httpPayload": {}}}});
    let loose = json!({"t#Thing": {"type": "structure", "members": {"Name": {"target": "smithy.api#String"},
        "Size": {"target": "smithy.api#Integer"}}}});
    let payload = required("t#Thing", "smithy.api#httpPayload", json!({}));
    let file = json!({
        "Id": label(),
        "Type": required("smithy.api#String", "smithy.api#httpHeader", "Content-Type".into()),
        "Data": {"target": "smithy.api#Blob", "traits": {"smithy.api#httpPayload": {}}},
    });
    let one = |input: Value, output: Value, others: &Value| {
        model(&[("Put", http("PUT", "/things/{Id}"), input, output)], others.clone())
    };
    vec![
        (
            "a payload without required members",
            one(json!({"Id": label(), "Thing": payload}), id(), &loose),
            Some("Put/invalid.missing-required/Thing"),
        ),
        ("a member that is the content type", one(file, id(), &json!({})), Some("Put/invalid.missing-required/Type")),
        (
            "headers of any text",
            one(json!({"Id": label(), "Token": carried()}), json!({"Token": carried()}), &token),
            None,
        ),
        (
            "headers without a prefix",
            one(json!({"Id": label(), "Headers": every()}), json!({"Headers": every()}), &texts),
            Some("Put/invalid.missing-required/Headers"),
        ),
        ("pages of a map", model(&[paged("t#ByName")], shapes(text.clone())), None),
        ("a token that the last page must have, and cannot", model(&[needed], shapes(text.clone())), None),
        ("a map of all query parameters, those of paging included", model(&[filtered], shapes(text)), None),
        ("a length that only the sender knows", one(json!({"Id": label()}), sent, &json!({})), None),
        ("tokens of a length", model(&[paged("t#Names")], shapes(sized)), None),
        ("tokens of a form", model(&[paged("t#ByName")], shapes(formed)), None),
        (
            "a query member of an answer",
            one(
                json!({"Id": label()}),
                json!({"Word": required("smithy.api#String", "smithy.api#httpQuery", "w".into())}),
                &json!({}),
            ),
            None,
        ),
    ]
}

#[test]
fn the_emulator_of_any_model_conforms() {
    let folder = Folder::new("conforming");
    for (name, model, left_out) in conforming() {
        for seed in ["1", "2", "3"] {
            let ran = Ran::on_emulator(&folder, &model, &["--seed", seed, "--cases", "10"]);
            assert_eq!((ran.code, ran.found()), (Some(0), BTreeMap::new()), "{name}, seed {seed}: {}", ran.text);
            assert!(!ran.text.contains("cannot stand in a header"), "{name}: {}", ran.text);
            let planned: BTreeSet<&str> =
                ran.report["cases"].as_array().unwrap().iter().filter_map(|case| case["case"].as_str()).collect();
            assert!(left_out.is_none_or(|case| !planned.contains(case)), "{name}: {left_out:?}");
        }
    }
}

#[test]
fn what_cannot_be_made_is_not_offered_and_no_finding() {
    let folder = Folder::new("not-made");
    let word = json!({"t#Word": {"type": "string", "traits": {"smithy.api#pattern": r"\bword\b"}}});
    let output = json!({"Id": {"target": "smithy.api#String"}, "Word": {"target": "t#Word", "traits": {"smithy.api#required": {}}}});
    let dots = json!({"t#Dots": {"type": "string", "traits": {"smithy.api#pattern": "^[.]{1,2}$"}}});
    let dotted = json!({"Id": required("t#Dots", "smithy.api#httpLabel", json!({}))});
    for (input, output, others) in [(json!({"Id": label()}), output, word), (dotted, id(), dots)] {
        let model = model(&[("Get", http("GET", "/things/{Id}"), input, output)], others);
        let ran = Ran::on_emulator(&folder, &model, &["--seed", "1"]);
        assert_eq!(ran.found(), BTreeMap::new(), "{}", ran.text);
        assert!(matches!(ran.code, Some(0 | 2 | 3)), "{:?}: {}", ran.code, ran.text);
    }
}

#[test]
fn tables_of_connect_apply_to_connect_alone() {
    let folder = Folder::new("tables");
    let rule = json!({"Kind": {"target": "smithy.api#String", "traits": {"smithy.api#required": {}}},
        "Days": {"target": "smithy.api#Integer", "traits": {"smithy.api#required": {}}}});
    let mut traits = http("GET", "/rules");
    traits["smithy.api#readonly"] = json!({});
    traits["smithy.api#paginated"] =
        json!({"inputToken": "NextToken", "outputToken": "NextToken", "items": "Rules", "pageSize": "MaxResults"});
    let list = json!({"NextToken": {"target": "smithy.api#String", "traits": {"smithy.api#httpQuery": "t"}},
        "MaxResults": {"target": "t#Max", "traits": {"smithy.api#httpQuery": "m"}}});
    let others = json!({
        "t#Max": {"type": "integer", "traits": {"smithy.api#range": {"min": 1, "max": 100}}},
        "t#Rule": {"type": "structure", "members": {"RuleId": {"target": "smithy.api#String",
            "traits": {"smithy.api#required": {}}}}},
        "t#Rules": {"type": "list", "member": {"target": "t#Rule"}},
    });
    let operations = [
        ("CreateRule", http("POST", "/rules"), rule, id()),
        (
            "ListRules",
            traits,
            list,
            json!({"Rules": {"target": "t#Rules"}, "NextToken": {"target": "smithy.api#String"}}),
        ),
    ];
    let ran = Ran::on_emulator(&folder, &model(&operations, others), &["--seed", "1"]);
    assert_eq!((ran.code, ran.found()), (Some(0), BTreeMap::new()), "{}", ran.text);
    let undecided = ran.cases("indeterminate");
    assert!(!undecided.iter().any(|case| case.contains("pagination")), "{undecided:?}");

    // A refusal of every request is no finding for an operation that is named like one of Connect.
    let tag = |arn: Value| {
        let input = json!({"resourceArn": required("t#Arn", "smithy.api#httpLabel", json!({})),
            "tags": {"target": "t#Tags", "traits": {"smithy.api#required": {}}}});
        let others = json!({"t#Arn": arn, "t#Tags": {"type": "map", "key": {"target": "smithy.api#String"},
            "value": {"target": "smithy.api#String"}}});
        model(&[("TagResource", http("POST", "/tags/{resourceArn}"), input, json!({}))], others)
    };
    let server = Serving::start(
        &folder,
        &tag(json!({"type": "string", "traits": {"smithy.api#pattern": "^arn:t:[0-9]{12}:thing/[a-z]{8}$"}})),
    );
    let ran =
        Ran::on_emulator(&folder, &tag(json!({"type": "string"})), &["--seed", "1", "--endpoint", &server.endpoint]);
    assert!(!ran.found().values().any(|level| *level == "must") && matches!(ran.code, Some(0 | 3)), "{}", ran.text);
}

/// The server takes some of the values only, as the model of the client does not say.
#[test]
fn a_value_that_is_refused_anyway_says_nothing_about_an_unknown_member() {
    let folder = Folder::new("other-value");
    let kinds = |values: &[&str]| {
        let members = values.iter().map(|value| {
            ((*value).to_owned(), json!({"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": value}}))
        });
        let input = json!({"Name": {"target": "smithy.api#String", "traits": {"smithy.api#required": {}}},
            "Kind": {"target": "t#Kind", "traits": {"smithy.api#required": {}}}});
        let others = json!({"t#Kind": {"type": "enum", "members": members.collect::<serde_json::Map<_, _>>()}});
        model(&[("Register", http("POST", "/"), input, id())], others)
    };
    let server = Serving::start(&folder, &kinds(&["a", "b", "c"]));
    for seed in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        let client = kinds(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let arguments =
            ["--seed", seed, "--notes", "--checks", "invalid.unknown-member-tolerated", "--endpoint", &server.endpoint];
        let ran = Ran::on_emulator(&folder, &client, &arguments);
        assert_eq!(ran.found(), BTreeMap::new(), "seed {seed}: {}", ran.text);
    }
}

/// A service whose answers are payloads with names of their own in JSON, whose page sizes are texts, whose tokens are long,
/// and whose two kinds of resource may name each other.
fn with_kinds() -> String {
    let named = |target: &str, name: &str| json!({"target": target, "traits": {"smithy.api#jsonName": name}});
    let token = json!({"target": "t#Token", "traits": {"smithy.api#idempotencyToken": {}}});
    let name = json!({"target": "t#Name", "traits": {"smithy.api#required": {}, "smithy.api#jsonName": "name"}});
    let body = |target: &str| json!({"target": target, "traits": {"smithy.api#httpPayload": {}}});
    let reads = |uri: &str| {
        let mut traits = http("GET", uri);
        traits["smithy.api#readonly"] = json!({});
        traits
    };
    let mut lists = reads("/things");
    lists["smithy.api#paginated"] =
        json!({"inputToken": "Next", "outputToken": "Next", "items": "Things", "pageSize": "Max"});
    let query = |target: &str, name: &str| json!({"target": target, "traits": {"smithy.api#httpQuery": name}});
    let create = |friend: &str| json!({"Token": token, "Name": name, format!("{friend}Id"): named("t#Id", "friend")});
    let others = json!({
        "t#Token": {"type": "string", "traits": {"smithy.api#length": {"min": 33, "max": 64}}},
        "t#Name": {"type": "string", "traits": {"smithy.api#length": {"min": 1, "max": 40}}},
        "t#Id": {"type": "string"},
        "t#Thing": {"type": "structure", "members": {"ThingId": named("t#Id", "id"), "Name": named("t#Name", "name"),
            "OtherId": named("t#Id", "friend")}},
        "t#Other": {"type": "structure", "members": {"OtherId": named("t#Id", "id"), "Name": named("t#Name", "name"),
            "ThingId": named("t#Id", "friend")}},
        "t#Things": {"type": "list", "member": {"target": "t#Thing"}},
    });
    let operations = [
        ("CreateThing", http("POST", "/things"), create("Other"), json!({"Thing": body("t#Thing")})),
        ("GetThing", reads("/things/{ThingId}"), json!({"ThingId": label()}), json!({"Thing": body("t#Thing")})),
        ("DeleteThing", http("DELETE", "/things/{ThingId}"), json!({"ThingId": label()}), json!({})),
        ("CreateOther", http("POST", "/others"), create("Thing"), json!({"Other": body("t#Other")})),
        ("GetOther", reads("/others/{OtherId}"), json!({"OtherId": label()}), json!({"Other": body("t#Other")})),
        ("DeleteOther", http("DELETE", "/others/{OtherId}"), json!({"OtherId": label()}), json!({})),
        (
            "ListThings",
            lists,
            json!({"Next": query("smithy.api#String", "next"), "Max": query("smithy.api#String", "max")}),
            json!({"Next": named("smithy.api#String", "next"), "Things": named("t#Things", "things")}),
        ),
    ];
    model(&operations, others)
}

/// Resources that wait for each other would never be made.
#[test]
fn kinds_of_another_service_are_made_read_and_listed() {
    let folder = Folder::new("kinds-of-others");
    for seed in ["1", "2"] {
        let ran = Ran::on_emulator(&folder, &with_kinds(), &["--seed", seed, "--max-minutes", "1"]);
        assert_eq!((ran.code, ran.found()), (Some(0), BTreeMap::new()), "seed {seed}: {}", ran.text);
        let passed = ran.cases("passed");
        for case in ["CreateThing/keep.echo", "CreateOther/keep.echo", "ListThings/pagination.complete"] {
            assert!(passed.contains(case), "seed {seed}: {case}: {}", ran.text);
        }
    }
}

/// An operation with a value of each type in each part of its request.
fn every_type() -> String {
    let text = |target: &str, binding: &str, name: &str| {
        let name: Value = if name.is_empty() { json!({}) } else { name.into() };
        required(target, binding, name)
    };
    let mut operations = Vec::new();
    for (name, target) in [
        ("Integer", "smithy.api#Integer"),
        ("Float", "smithy.api#Float"),
        ("Boolean", "smithy.api#Boolean"),
        ("Timestamp", "smithy.api#Timestamp"),
        ("DateTime", "t#Iso"),
        ("HttpDate", "t#Imf"),
    ] {
        let input = json!({
            "Label": text(target, "smithy.api#httpLabel", ""),
            "Query": text(target, "smithy.api#httpQuery", "q"),
            "Header": text(target, "smithy.api#httpHeader", "x-value"),
            "Value": {"target": target, "traits": {"smithy.api#required": {}}},
        });
        operations.push((name, http("POST", &format!("/{name}/{{Label}}")), input, id()));
    }
    let input = json!({"Choice": {"target": "t#Choice", "traits": {"smithy.api#required": {}}},
        "Words": {"target": "t#Words", "traits": {"smithy.api#required": {}}},
        "Data": {"target": "smithy.api#Blob", "traits": {"smithy.api#required": {}}}});
    operations.push(("Others", http("POST", "/others"), input, id()));
    operations.push(("Get", http("GET", "/get/{Id}"), json!({"Id": label()}), id()));
    let others = json!({
        "t#Iso": {"type": "timestamp", "traits": {"smithy.api#timestampFormat": "date-time"}},
        "t#Imf": {"type": "timestamp", "traits": {"smithy.api#timestampFormat": "http-date"}},
        "t#Choice": {"type": "union", "members": {"Text": {"target": "smithy.api#String"},
            "Size": {"target": "smithy.api#Integer"}}},
        "t#Words": {"type": "list", "member": {"target": "smithy.api#String"}},
    });
    model(&operations, others)
}

/// Defects that accept everything unreadable.
const LENIENT: &str = "accept-wrong-form,accept-malformed-json,content-type-optional,stray-content-type,accept-overlooked,\
     null-is-empty-object,list-is-empty-object,scalar-is-empty-object";

#[test]
fn every_leniency_of_a_server_is_found_and_a_strict_one_conforms() {
    let folder = Folder::new("leniencies");
    let model = every_type();
    let strict = Ran::on_emulator(&folder, &model, &["--seed", "1", "--checks", "invalid"]);
    assert_eq!((strict.code, strict.found()), (Some(0), BTreeMap::new()), "{}", strict.text);
    let lenient = Ran::on_emulator(&folder, &model, &["--seed", "1", "--checks", "invalid", "--defect", LENIENT]);
    assert_eq!(lenient.code, Some(1), "{}", lenient.text);
    let found = lenient.with_findings();
    let ways = found.iter().filter(|case| !case.contains("missing-required") && !case.contains("null-required"));
    assert!(ways.count() >= 140, "{found:#?}");
    // Each form of a request that the protocol refuses is accepted there, and so fails.
    let accepted = [
        "number-as",
        "true-as",
        "suffix",
        "hexadecimal",
        "special",
        "underflow",
        "long-number",
        "exponent",
        "plus",
        "boolean-word",
        "single-as",
        "union",
        "timestamp",
        "base64",
        "malformed",
        "utf-8",
        "content-type",
        "accept",
    ];
    let passed = lenient.cases("passed");
    let missed: Vec<_> = passed
        .iter()
        .filter(|case| {
            !found.contains(**case)
                && accepted.iter().any(|part| case.contains(part))
                && !case.contains("wrong-content-type")
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// A server with a leniency, as a model that allows more; the client's; and the check that finds it.
#[test]
fn one_leniency_of_a_server_is_found_at_must() {
    let folder = Folder::new("one-leniency");
    let with = |binding: Value, value: Value| {
        let mut member = json!({"target": "t#Value", "traits": {"smithy.api#required": {}}});
        member["traits"].as_object_mut().unwrap().extend(binding.as_object().unwrap().clone());
        model(&[("Put", http("POST", "/put"), json!({"Value": member}), id())], json!({"t#Value": value}))
    };
    let query = || json!({"smithy.api#httpQuery": "value"});
    let pattern = |pattern: &str| json!({"type": "string", "traits": {"smithy.api#pattern": pattern}});
    let date_time = json!({"type": "timestamp", "traits": {"smithy.api#timestampFormat": "date-time"}});
    for (check, binding, client, server) in [
        (
            "invalid.underflow",
            json!({}),
            json!({"type": "integer"}),
            json!({"type": "long", "traits": {"smithy.api#range": {"max": i32::MAX}}}),
        ),
        ("invalid.timestamp-format", query(), json!({"type": "timestamp"}), pattern("^([0-9]+|[0-9-]+T[0-9:.]+Z)$")),
        ("invalid.number-with-suffix", query(), json!({"type": "integer"}), pattern("^-?[0-9]+([a-wyz]+)?$")),
        ("invalid.hexadecimal", query(), json!({"type": "integer"}), pattern("^(-?[0-9]+|0x[0-9a-f]+)$")),
        (
            "invalid.timestamp-offset",
            json!({}),
            date_time,
            pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$"),
        ),
    ] {
        let server = Serving::start(&folder, &with(binding.clone(), server));
        let arguments = ["--seed", "1", "--endpoint", &server.endpoint];
        let ran = Ran::on_emulator(&folder, &with(binding, client), &arguments);
        assert_eq!((ran.code, ran.found().get(check)), (Some(1), Some(&"must")), "{check}: {}", ran.text);
    }
}
