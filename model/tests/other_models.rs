//! Models of other services: what a Smithy model may say, and Amazon Connect's does not.
#![allow(clippy::unwrap_used, clippy::panic)]

use arbitrary::Unstructured;
use connect_model::export::json_schema;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config, GenerateError, Generator, Side, sites};
use connect_model::import::{Source, import};
use connect_model::schema::{OperationId, Schema};
use connect_model::validate::{ViolationKind, undecided, validate};
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{
    DecodeError, Limits, Misread, Router, decode_response, encode_request, encode_response, inspect_request,
};
use serde_json::{Map, Value, json};

/// A model with one operation, `Do`: its HTTP binding, the members of its input and output, and other shapes.
fn model(http: Value, input: Value, output: Value, others: Value) -> Schema {
    load(shapes(http, input, output, others)).unwrap_or_else(|error| panic!("{error}"))
}

fn shapes(http: Value, input: Value, output: Value, others: Value) -> Map<String, Value> {
    let shapes = json!({
        "t#Service": {"type": "service", "version": "1", "operations": [{"target": "t#Do"}],
            "traits": {"aws.protocols#restJson1": {}}},
        "t#Do": {"type": "operation", "input": {"target": "t#In"}, "output": {"target": "t#Out"},
            "traits": {"smithy.api#http": http}},
        "t#In": {"type": "structure", "members": input},
        "t#Out": {"type": "structure", "members": output},
    });
    let (Value::Object(mut shapes), Value::Object(others)) = (shapes, others) else { unreachable!("both are objects") };
    shapes.extend(others);
    shapes
}

fn load(shapes: Map<String, Value>) -> Result<Schema, String> {
    let text = json!({"smithy": "2.0", "shapes": shapes}).to_string();
    Schema::from_text("test", text.into_bytes()).map_err(|error| error.to_string())
}

fn post(uri: &str) -> Value {
    json!({"method": "POST", "uri": uri, "code": 200})
}

fn the_operation(schema: &Schema) -> OperationId {
    schema.operations().next().unwrap().0
}

/// Generates values of both sides with many seeds and sends each; every one has to arrive as it was.
fn assert_all_arrive(schema: &Schema) {
    let id = the_operation(schema);
    for config in [Config::default(), Config::full(), Config::sparse(), Config::boundary()] {
        let generator = Generator::new(schema, config);
        for seed in 0..40 {
            let bytes = Stream::new(seed, "arrives").bytes(1024);
            let input = generator.input(id, &mut Unstructured::new(&bytes)).unwrap();
            let request = encode_request(schema, id, &input).unwrap_or_else(|error| panic!("{error}: {input}"));
            let route = Router::new(schema).route(&request.method, &request.uri).unwrap();
            let read = inspect_request(schema, &route, &request, &Limits::default());
            assert_eq!(read.unwrap_or_else(|error| panic!("{error}: {input}")).value, input);
            let output = generator.output(id, &mut Unstructured::new(&bytes)).unwrap();
            let response = encode_response(schema, id, &output).unwrap_or_else(|error| panic!("{error}: {output}"));
            assert_eq!(decode_response(schema, id, &response, &Limits::default()).unwrap().value, output);
        }
    }
}

fn required(target: &str, binding: (&str, Value)) -> Value {
    json!({"target": target, "traits": {"smithy.api#required": {}, binding.0: binding.1}})
}

#[test]
fn labels_are_bound_by_member_name() {
    let mut label = required("smithy.api#String", ("smithy.api#httpLabel", json!({})));
    label["traits"]["smithy.api#jsonName"] = "thingId".into();
    let schema = model(post("/things/{ThingId}"), json!({"ThingId": label}), json!({}), json!({}));
    assert_eq!(encode_request(&schema, the_operation(&schema), &json!({"ThingId": "a"})).unwrap().uri, "/things/a");
}

/// The two labels have each other's names in the format of AWS.
#[test]
fn labels_of_the_aws_format_are_bound_by_location_name() {
    let label = |location: &str| json!({"shape": "Text", "location": "uri", "locationName": location});
    let text = json!({
        "metadata": {"protocol": "rest-json", "apiVersion": "1", "endpointPrefix": "t", "serviceId": "T"},
        "operations": {"Do": {"name": "Do", "http": {"method": "GET", "requestUri": "/{b}/x/{a+}"},
            "input": {"shape": "In"}}},
        "shapes": {
            "In": {"type": "structure", "required": ["a", "b"], "members": {"a": label("b"), "b": label("a")}},
            "Text": {"type": "string"},
        },
    });
    let schema = Schema::from_text("service-2.json", text.to_string().into_bytes()).unwrap();
    let request = encode_request(&schema, the_operation(&schema), &json!({"a": "1", "b": "2/3"})).unwrap();
    assert_eq!(request.uri, "/1/x/2/3");
}

#[test]
fn names_are_unique_in_the_closure() {
    let both = json!({"A": {"target": "t#Item"}, "B": {"target": "u#Item"}});
    let with =
        |one: Value, other: Value| shapes(post("/"), both.clone(), json!({}), json!({"t#Item": one, "u#Item": other}));
    let text = json!({"type": "string"});
    let list = json!({"type": "list", "member": {"target": "smithy.api#String"}});
    let structure = json!({"type": "structure", "members": {"Size": {"target": "smithy.api#Integer"}}});
    for equal in [&text, &list] {
        let schema = load(with(equal.clone(), equal.clone())).unwrap();
        assert!(schema.shape_named("Item").is_some());
    }
    let long = json!({"type": "string", "traits": {"smithy.api#length": {"min": 1}}});
    for (one, other) in [(&text, &long), (&text, &structure), (&structure, &structure)] {
        let error = load(with(one.clone(), other.clone())).unwrap_err();
        assert!(error.contains("t#Item and u#Item have the same name and differ"), "{error}");
        let mut renamed = with(one.clone(), other.clone());
        renamed["t#Service"]["rename"] = json!({"u#Item": "OtherItem"});
        let schema = load(renamed).unwrap();
        assert!(schema.shape_named("Item").is_some() && schema.shape_named("OtherItem").is_some());
    }
}

#[test]
fn bindings_of_requests_mean_nothing_in_answers() {
    let bound = json!({
        "Word": {"target": "smithy.api#String", "traits": {"smithy.api#httpQuery": "w", "smithy.api#required": {}}},
        "Id": {"target": "smithy.api#String", "traits": {"smithy.api#httpLabel": {}, "smithy.api#required": {}}},
    });
    let schema = model(post("/"), json!({}), bound, json!({}));
    let (id, output) = (the_operation(&schema), json!({"Id": "", "Word": "hello"}));
    let response = encode_response(&schema, id, &output).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap(), output);
    assert_eq!(decode_response(&schema, id, &response, &Limits::default()).unwrap().value, output);
}

#[test]
fn an_input_without_members_may_come_as_an_empty_object() {
    let served = |schema: &Schema, content_type: &str, body: &str| {
        let request = HttpRequest {
            method: "POST".to_owned(),
            uri: "/".to_owned(),
            headers: Headers(vec![("content-type".to_owned(), content_type.to_owned())]),
            body: body.as_bytes().to_vec(),
        };
        let route = Router::new(schema).route("POST", "/").unwrap();
        inspect_request(schema, &route, &request, &Limits::default()).map(|read| read.value)
    };
    let empty = model(post("/"), json!({}), json!({}), json!({}));
    assert_eq!(served(&empty, "application/json", "{}").unwrap(), json!({}));
    assert!(served(&empty, "text/plain", "{}").is_err());
    // An input that does not use the body refuses one.
    let header = json!({"H": {"target": "smithy.api#String", "traits": {"smithy.api#httpHeader": "h"}}});
    assert!(served(&model(post("/"), header, json!({}), json!({})), "application/json", "{}").is_err());
}

#[test]
fn any_accept_header_is_met_where_it_is_a_member_and_by_bytes() {
    let asked = |input: Value, output: Value| {
        let schema = model(post("/"), input, output, json!({}));
        let request = HttpRequest {
            method: "POST".to_owned(),
            uri: "/".to_owned(),
            headers: Headers(vec![("accept".to_owned(), "image/png".to_owned())]),
            body: Vec::new(),
        };
        let route = Router::new(&schema).route("POST", "/").unwrap();
        inspect_request(&schema, &route, &request, &Limits::default()).is_ok()
    };
    let payload = json!({"Data": {"target": "smithy.api#Blob", "traits": {"smithy.api#httpPayload": {}}}});
    let accept = json!({"Accept": {"target": "smithy.api#String", "traits": {"smithy.api#httpHeader": "Accept"}}});
    assert!(!asked(json!({}), json!({})));
    assert!(asked(json!({}), payload));
    assert!(asked(accept, json!({})));
}

#[test]
fn every_generated_value_can_be_carried_by_its_header() {
    for pattern in [r"^\S+$", r"^[^a]*$", r"^(?:\s|\u00e9|x y)+$"] {
        let header = required("t#Token", ("smithy.api#httpHeader", "X-Token".into()));
        let others = json!({"t#Token": {"type": "string", "traits": {"smithy.api#pattern": pattern}}});
        assert_all_arrive(&model(post("/"), json!({"Token": header}), json!({"Token": header}), others));
    }
    let enumeration = json!({"t#Token": {"type": "enum", "members": {
        "A": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "\u{e9}"}},
        "B": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "b"}},
    }}});
    let header = required("t#Token", ("smithy.api#httpHeader", "X-Token".into()));
    assert_all_arrive(&model(post("/"), json!({"Token": header}), json!({"Token": header}), enumeration));
}

#[test]
fn every_generated_key_is_the_name_of_a_header() {
    for prefix in ["", "x-meta-"] {
        let map = json!({"t#Texts": {"type": "map", "key": {"target": "smithy.api#String"},
            "value": {"target": "smithy.api#String"}}});
        let headers = required("t#Texts", ("smithy.api#httpPrefixHeaders", prefix.into()));
        let schema = model(post("/"), json!({"Headers": headers}), json!({}), map);
        let id = the_operation(&schema);
        let generator = Generator::new(&schema, Config::full());
        for seed in 0..60 {
            let bytes = Stream::new(seed, "names").bytes(512);
            let input = generator.input(id, &mut Unstructured::new(&bytes)).unwrap();
            let request = encode_request(&schema, id, &input).unwrap_or_else(|error| panic!("{error}: {input}"));
            for key in input["Headers"].as_object().unwrap().keys() {
                assert!(!key.is_empty() && request.headers.get(&format!("{prefix}{key}")).is_some(), "{input}");
            }
        }
    }
}

#[test]
fn a_label_that_no_path_can_hold_is_an_error_and_others_are_found() {
    let with = |pattern: &str| {
        let label = required("t#Dots", ("smithy.api#httpLabel", json!({})));
        let others = json!({"t#Dots": {"type": "string", "traits": {"smithy.api#pattern": pattern}}});
        let schema = model(post("/things/{Id}"), json!({"Id": label}), json!({}), others);
        let bytes = Stream::new(3, "dots").bytes(256);
        Generator::new(&schema, Config::default()).input(the_operation(&schema), &mut Unstructured::new(&bytes))
    };
    for impossible in ["^[.]{1,2}$", "^/+$"] {
        let error = with(impossible).unwrap_err();
        assert!(matches!(error, GenerateError::NotHeld { .. }), "{error}");
    }
    assert_eq!(with("^[.]{1,3}$").unwrap()["Id"], "...");
    assert_eq!(with("^(?:/{1,9}|a)$").unwrap()["Id"], "a");
}

/// The kinds of violation of each member's presence that can be sent.
fn absences(schema: &Schema) -> Vec<String> {
    let found = sites(schema, the_operation(schema), Side::Input);
    let of_presence = found.iter().filter(|site| site.mutation.kind == ViolationKind::MissingRequired);
    of_presence.map(|site| site.mutation.path.to_string()).collect()
}

#[test]
fn members_that_every_request_has_cannot_be_missing() {
    let text = |binding: &str, name: &str| required("smithy.api#String", (binding, name.into()));
    let others = json!({
        "t#Loose": {"type": "structure", "members": {"Name": {"target": "smithy.api#String"}}},
        "t#Tight": {"type": "structure", "members": {"Name": {"target": "smithy.api#String",
            "traits": {"smithy.api#required": {}}}}},
        "t#Texts": {"type": "map", "key": {"target": "smithy.api#String"}, "value": {"target": "smithy.api#String"}},
    });
    let payload = |target: &str| required(target, ("smithy.api#httpPayload", json!({})));
    let prefixed = |prefix: &str| required("t#Texts", ("smithy.api#httpPrefixHeaders", prefix.into()));
    let header = "smithy.api#httpHeader";
    for (member, missing) in [
        (payload("t#Loose"), false),
        (payload("t#Tight"), true),
        (text(header, "Content-Type"), false),
        (text(header, "Host"), false),
        (text(header, "User-Agent"), false),
        (text(header, "X-Kind"), true),
        (prefixed(""), false),
        (prefixed("x-amz-"), false),
        (prefixed("x-amz-meta-"), true),
    ] {
        let schema = model(post("/"), json!({"Member": member}), json!({}), others.clone());
        let found = absences(&schema).contains(&"Member".to_owned());
        assert_eq!(found, missing, "{member}");
    }
}

/// A model that could set them would decide where a run sends its requests, and with whose signature.
#[test]
fn no_value_sets_a_header_of_the_sender() {
    let of_sender = [
        "Host",
        "AUTHORIZATION",
        "X-Amz-Security-Token",
        "x-amz-date",
        "Content-Length",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Expect",
        "Proxy-Authorization",
        "Proxy-Connection",
    ];
    let ours = ["User-Agent", "Accept", "Content-Type", "X-Amz-Content-Sha256", "X-Host"];
    let texts = json!({"t#Texts": {"type": "map", "key": {"target": "smithy.api#String"},
        "value": {"target": "smithy.api#String"}}});
    for (names, is_refused) in [(&of_sender[..], true), (&ours[..], false)] {
        for name in names {
            let bound = |to: &str, text: &str| json!({"target": to, "traits": {text: name}});
            let member = json!({"It": bound("smithy.api#String", "smithy.api#httpHeader")});
            let schema = model(post("/"), member.clone(), json!({}), json!({}));
            let id = the_operation(&schema);
            let why = format!("member It of its input is bound to the header {}", name.to_ascii_lowercase());
            assert_eq!(schema[id].refused.as_ref().is_some_and(|said| said.starts_with(&why)), is_refused, "{name}");
            assert_eq!(encode_request(&schema, id, &json!({"It": "x"})).is_err(), is_refused, "{name}");
            // A response is another matter: its reader sets nothing.
            let schema = model(post("/"), json!({}), member, json!({}));
            assert_eq!(schema[the_operation(&schema)].refused, None, "{name}");

            let (prefix, key) = name.split_at(2);
            let mut member = bound("t#Texts", "smithy.api#httpPrefixHeaders");
            member["traits"]["smithy.api#httpPrefixHeaders"] = prefix.into();
            let schema = model(post("/"), json!({"All": member}), json!({}), texts.clone());
            let input = json!({"All": {key: "x"}});
            let sent = encode_request(&schema, the_operation(&schema), &input);
            assert_eq!(sent.is_err(), is_refused, "{name}: {sent:?}");
        }
    }
}

#[test]
fn an_answer_without_a_body_cannot_keep_a_required_member_there() {
    let member = |traits: Value| json!({"It": {"target": "smithy.api#String", "traits": traits}});
    let required = json!({"smithy.api#required": {}});
    let header = json!({"smithy.api#required": {}, "smithy.api#httpHeader": "X-It"});
    for (status, output, is_refused) in [
        (204, member(required.clone()), true),
        (304, member(required.clone()), true),
        (202, member(required), false),
        (204, member(json!({})), false),
        (204, member(header), false),
    ] {
        let schema = model(json!({"method": "POST", "uri": "/", "code": status}), json!({}), output, json!({}));
        let refused = &schema[the_operation(&schema)].refused;
        assert_eq!(refused.as_ref().is_some_and(|why| why.contains("requires member It")), is_refused, "{refused:?}");
    }
}

#[test]
fn a_pattern_that_cannot_be_read_is_not_passed_over() {
    let code = json!({"Code": {"target": "t#Code", "traits": {"smithy.api#required": {}}},
        "Codes": {"target": "t#Codes"}});
    let others = json!({
        "t#Code": {"type": "string", "traits": {"smithy.api#pattern": r"^\p{IsBlue}{8}$"}},
        "t#Codes": {"type": "map", "key": {"target": "t#Code"}, "value": {"target": "smithy.api#String"}},
    });
    let schema = model(post("/"), code, json!({}), others);
    let id = the_operation(&schema);
    let error = Generator::new(&schema, Config::sparse()).input(id, &mut Unstructured::new(&[])).unwrap_err();
    assert!(error.to_string().contains("cannot check them"), "{error}");
    let (shape, value) = (schema[id].input.unwrap(), json!({"Code": "zzz", "Codes": {"yyy": "a"}}));
    assert_eq!(validate(&schema, shape, &value), []);
    let paths: Vec<String> = undecided(&schema, shape, &value).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/Code", "/Codes/yyy"]);
}

#[test]
fn exported_patterns_compile_in_unicode_mode() {
    let place = json!({"Place": {"target": "t#Place"}, "Flags": {"target": "t#Flags"}});
    let others = json!({
        "t#Place": {"type": "string", "traits": {"smithy.api#pattern": r"^[a-z\_\#]{1,20}\:\*$"}},
        "t#Flags": {"type": "string", "traits": {"smithy.api#pattern": "(?i)abc"}},
    });
    let schema = model(post("/"), place, json!({}), others);
    let document = json_schema::document(&schema, &[the_operation(&schema)]).to_string();
    let exported = document.matches(r#""pattern":"#).count();
    assert!(document.contains(r"^[a-z_#]{1,20}:\\*$") && exported == 1, "{document}");
}

#[test]
fn what_cannot_be_made_is_left_out_where_the_model_allows() {
    // No text keeps both parts.
    let word = json!({"type": "string", "traits": {"smithy.api#pattern": "^(?=a)b$"}});
    let others = json!({
        "t#Word": word,
        "t#Words": {"type": "list", "member": {"target": "t#Word"}},
        "t#ByWord": {"type": "map", "key": {"target": "t#Word"}, "value": {"target": "smithy.api#String"}},
        "t#Choice": {"type": "union", "members": {"Word": {"target": "t#Word"}, "Size": {"target": "smithy.api#Integer"}}},
    });
    let input = json!({
        "Id": {"target": "smithy.api#String", "traits": {"smithy.api#required": {}}},
        "Word": {"target": "t#Word"},
        "Words": {"target": "t#Words", "traits": {"smithy.api#required": {}}},
        "ByWord": {"target": "t#ByWord", "traits": {"smithy.api#required": {}}},
        "Choice": {"target": "t#Choice", "traits": {"smithy.api#required": {}}},
    });
    let output = json!({"Word": {"target": "t#Word", "traits": {"smithy.api#required": {}}}});
    let schema = model(post("/"), input, output, others);
    let generator = Generator::new(&schema, Config::full());
    for seed in 0..20 {
        let bytes = Stream::new(seed, "words").bytes(512);
        let value = generator.input(the_operation(&schema), &mut Unstructured::new(&bytes)).unwrap();
        assert_eq!((&value["Words"], &value["ByWord"]), (&json!([]), &json!({})), "{value}");
        assert!(
            value["Id"].is_string() && value["Choice"]["Size"].is_number() && value.get("Word").is_none(),
            "{value}"
        );
    }
    let error = generator.output(the_operation(&schema), &mut Unstructured::new(&[])).unwrap_err();
    assert!(error.to_string().contains("shape Word"), "{error}");
}

#[test]
fn an_element_is_repeated_in_every_list_that_can_hold_two() {
    let unique = |bounds: Value, of: &str| {
        json!({"type": "list", "member": {"target": of},
            "traits": {"smithy.api#uniqueItems": {}, "smithy.api#length": bounds}})
    };
    let others = json!({
        "t#Any": unique(json!({}), "smithy.api#String"), "t#Two": unique(json!({"max": 2}), "t#Color"),
        "t#Both": unique(json!({"min": 2, "max": 2}), "t#Color"), "t#One": unique(json!({"max": 1}), "t#Color"),
        "t#Color": {"type": "enum", "members": {"RED": {"target": "smithy.api#Unit"}, "BLUE": {"target": "smithy.api#Unit"}}},
    });
    let members = json!({"Any": {"target": "t#Any"}, "Two": {"target": "t#Two"}, "Both": {"target": "t#Both"},
        "One": {"target": "t#One"}});
    let schema = model(post("/"), members, json!({}), others);
    let id = the_operation(&schema);
    let sites = sites(&schema, id, Side::Input);
    let repeated: Vec<_> = sites.iter().filter(|site| site.mutation.kind == ViolationKind::Unique).collect();
    let paths: Vec<String> = repeated.iter().map(|site| site.mutation.path.to_string()).collect();
    assert_eq!(paths, ["Any", "Both", "Two"], "a list of one element holds none twice");
    for config in [Config::sparse(), Config::default(), Config::full()] {
        let generator = Generator::new(&schema, config);
        for seed in 0..200 {
            let bytes = Stream::new(seed, "unique").bytes(64);
            for site in &repeated {
                let mutant = generator.mutant(id, Side::Input, site, &mut Unstructured::new(&bytes));
                assert_eq!(mutant.map(|mutant| mutant.kind), Ok(ViolationKind::Unique), "{seed} {}", site.mutation);
            }
        }
    }
}

#[test]
fn milliseconds_are_no_timestamp() {
    let time = json!({"At": {"target": "smithy.api#Timestamp"}});
    let schema = model(post("/"), json!({}), time, json!({}));
    let output = schema[the_operation(&schema)].output.unwrap();
    for (seconds, expected) in [
        (json!(1_775_836_321), None),
        (json!(1_775_836_321_122_i64), Some(ViolationKind::TimestampFormat)),
        (json!(253_402_300_799_i64), None),
        (json!(253_402_300_800_i64), Some(ViolationKind::TimestampFormat)),
        (json!(-62_135_596_800_i64), None),
        (json!(-62_135_596_801_i64), Some(ViolationKind::TimestampFormat)),
    ] {
        let body = json!({"At": seconds}).to_string().into_bytes();
        let response = HttpResponse { status: 200, headers: Headers::default(), body };
        let read = decode_response(&schema, the_operation(&schema), &response, &Limits::default()).unwrap();
        let found = validate(&schema, output, &read.value);
        assert_eq!(found.first().map(|violation| violation.kind), expected, "{seconds}");
    }
}

#[test]
fn a_header_of_a_wrong_form_is_reported_before_the_content_type_and_with_its_text() {
    let header = json!({"Size": {"target": "smithy.api#Integer", "traits": {"smithy.api#httpHeader": "x-size"}}});
    let schema = model(post("/"), header, json!({}), json!({}));
    let served = |size: &str| {
        let headers = [("content-type", "application/json"), ("x-size", size)];
        let request = HttpRequest {
            method: "POST".to_owned(),
            uri: "/".to_owned(),
            headers: Headers(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()),
            body: Vec::new(),
        };
        let route = Router::new(&schema).route("POST", "/").unwrap();
        inspect_request(&schema, &route, &request, &Limits::default()).unwrap_err()
    };
    let DecodeError::Serialization { misread, .. } = served("5abc") else { panic!("{}", served("5abc")) };
    assert_eq!(misread, Some(Misread { shape: "integer", text: "5abc".to_owned() }));
    assert!(matches!(served("5"), DecodeError::UnsupportedMediaType { expected: None, .. }), "{}", served("5"));
}

#[test]
fn errors_of_bodies_have_the_value_as_it_was_sent() {
    let members = json!({"Size": {"target": "smithy.api#Integer"}, "Choice": {"target": "t#Choice"}});
    let choice = json!({"t#Choice": {"type": "union", "members": {"Size": {"target": "smithy.api#Integer"}}}});
    let schema = model(post("/"), members, json!({}), choice);
    for (body, shape, text) in [
        (r#"{"Size":"5"}"#, "integer", r#""5""#),
        (r#"{"Size":true}"#, "integer", "true"),
        (r#"{"Choice":{"zz":1}}"#, "union", r#"{"zz":1}"#),
        (r#"{"Choice":{"Size":null}}"#, "union", r#"{"Size":null}"#),
        (r#"{"Choice":["Size"]}"#, "union", r#"["Size"]"#),
        ("null", "structure", "null"),
    ] {
        let request = HttpRequest {
            method: "POST".to_owned(),
            uri: "/".to_owned(),
            headers: Headers(vec![("content-type".to_owned(), "application/json".to_owned())]),
            body: body.as_bytes().to_vec(),
        };
        let route = Router::new(&schema).route("POST", "/").unwrap();
        let error = inspect_request(&schema, &route, &request, &Limits::default()).unwrap_err();
        let DecodeError::Serialization { misread: Some(misread), .. } = error else { panic!("{body}: {error}") };
        assert_eq!((misread.shape, misread.text.as_str()), (shape, text), "{body}");
    }
}

/// The paginators of AWS name all results of a page, among them scalars.
#[test]
fn the_first_list_of_several_results_is_paged() {
    let text = json!({ "shape": "S" });
    let model = json!({
        "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
        "operations": { "Do": { "name": "Do", "http": { "method": "POST", "requestUri": "/x" },
            "input": { "shape": "In" }, "output": { "shape": "Out" } } },
        "shapes": {
            "In": { "type": "structure", "members": { "Token": text } },
            "Out": { "type": "structure",
                "members": { "Token": text, "Id": text, "ByKey": { "shape": "Map" }, "All": { "shape": "List" } } },
            "Map": { "type": "map", "key": text, "value": text },
            "List": { "type": "list", "member": text },
            "S": { "type": "string" },
        },
    });
    for (results, expected) in
        [(json!(["Id", "All", "ByKey"]), "All"), (json!(["ByKey"]), "ByKey"), (json!("All"), "All")]
    {
        let paginators = json!({ "pagination": { "Do": {
            "input_token": "Token", "output_token": "Token", "result_key": results } } });
        let sources = [("service-2.json", &model), ("paginators-1.json", &paginators)]
            .map(|(name, value)| Source::from_bytes(name.to_owned(), value.to_string().into_bytes()).unwrap());
        let schema = Schema::from_ast(import(&sources, &[]).unwrap(), String::new()).unwrap();
        let pagination = schema[the_operation(&schema)].pagination.as_ref().unwrap();
        assert_eq!(pagination.items.as_deref(), Some(&[expected.to_owned()][..]), "{results}");
    }
}
