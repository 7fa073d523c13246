//! Models of other services: texts beyond the generator, and the error of Smithy's framework.

use crate::tests::*;

/// The emulator of a model with the operation `Do`: `POST /`, with these members of input and output, and other shapes.
fn serving(input: Value, output: Value, others: Value) -> Service {
    let mut shapes = json!({
        "t#Service": {"type": "service", "version": "1", "operations": [{"target": "t#Do"}],
            "traits": {"aws.protocols#restJson1": {}}},
        "t#Do": {"type": "operation", "input": {"target": "t#In"}, "output": {"target": "t#Out"},
            "errors": [{"target": "t#ValidationException"}],
            "traits": {"smithy.api#http": {"method": "POST", "uri": "/", "code": 201}}},
        "t#In": {"type": "structure", "members": input},
        "t#Out": {"type": "structure", "members": output},
        "t#ValidationException": {"type": "structure",
            "members": {"message": {"target": "smithy.api#String", "traits": {"smithy.api#required": {}}},
                "fieldList": {"target": "t#Fields"}},
            "traits": {"smithy.api#error": "client", "smithy.api#httpError": 400}},
        "t#Fields": {"type": "list", "member": {"target": "t#Field"}},
        "t#Field": {"type": "structure", "members": {
            "path": {"target": "smithy.api#String", "traits": {"smithy.api#required": {}}},
            "message": {"target": "smithy.api#String", "traits": {"smithy.api#required": {}}}}},
    });
    shapes.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    let text = json!({"smithy": "2.0", "shapes": shapes}).to_string();
    let schema = Box::leak(Box::new(Schema::from_text("test", text.into_bytes()).unwrap()));
    Service::new(schema, &Config::default())
}

/// Status and body of the answer to an input.
fn answer(service: &Service, input: &Value) -> (u16, Value) {
    let mut request = HttpRequest { method: "POST".into(), uri: "/".into(), ..HttpRequest::default() };
    request.headers.push("content-type", "application/json");
    request.body = input.to_string().into_bytes();
    let response = service.handle(&request);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn traits(target: &str, traits: Value) -> Value {
    json!({"target": target, "traits": traits})
}

fn text(pattern: &str) -> Value {
    traits("smithy.api#String", json!({"smithy.api#pattern": pattern, "smithy.api#required": {}}))
}

#[test]
fn a_text_beyond_the_generator_is_made_from_a_simpler_pattern_or_the_operation_is_not_offered() {
    let code = traits("smithy.api#Integer", json!({"smithy.api#httpResponseCode": {}}));
    let output = json!({"Id": traits("smithy.api#String", json!({"smithy.api#required": {}})),
        "When": text(r"\bevery (day|week)\b"), "Code": code});
    let (status, made) = answer(&serving(json!({}), output, json!({})), &json!({}));
    assert_eq!((status, made["Id"].is_string()), (201, true), "{made}");
    assert!(matches!(made["When"].as_str(), Some("every day" | "every week")), "{made}");
    // No text matches this one, simpler or not.
    let impossible = json!({"When": text(r"^a\bb$")});
    assert_eq!(answer(&serving(json!({}), impossible, json!({})), &json!({})).0, 501);
}

#[test]
fn a_validation_exception_says_every_place_in_the_words_of_smithy() {
    let limits = |min: u64, max: u64| json!({"smithy.api#length": {"min": min, "max": max}});
    let members = json!({
        "Text": traits("smithy.api#String", limits(2, 8)),
        "Bytes": traits("smithy.api#Blob", limits(2, 8)),
        "Short": traits("smithy.api#String", json!({"smithy.api#length": {"max": 1}})),
        "Long": traits("smithy.api#String", json!({"smithy.api#length": {"min": 3}})),
        "Word": traits("smithy.api#String", json!({"smithy.api#pattern": "^[a-m]+$"})),
        "Size": traits("smithy.api#Double", json!({"smithy.api#range": {"min": 2.5, "max": 8}})),
        "Least": traits("smithy.api#Integer", json!({"smithy.api#range": {"min": 2}})),
        "Needed": traits("smithy.api#String", json!({"smithy.api#required": {}})),
        "Color": {"target": "t#Color"}, "Items": {"target": "t#Items"}, "ByName": {"target": "t#ByName"},
    });
    let others = json!({
        "t#Color": {"type": "enum", "members": {
            "RED": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "red"}},
            "BLUE": {"target": "smithy.api#Unit", "traits": {"smithy.api#enumValue": "blue"}}}},
        "t#Items": {"type": "list", "member": {"target": "t#Item"}, "traits": {"smithy.api#uniqueItems": {},
            "smithy.api#length": {"max": 2}}},
        "t#Item": {"type": "structure", "members": {"Inner": traits("smithy.api#String", limits(1, 2))}},
        "t#ByName": {"type": "map", "key": {"target": "t#Key"}, "value": {"target": "t#Key"}},
        "t#Key": {"type": "string", "traits": {"smithy.api#length": {"max": 3}}},
    });
    let service = serving(members, json!({}), others);
    let between = "Member must have length between 2 and 8, inclusive";
    let rows = [
        ("Text", json!("a"), "/Text", " with length 1", between),
        ("Text", json!("é".repeat(9)), "/Text", " with length 9", between),
        ("Bytes", json!("YQ=="), "/Bytes", " with length 1", between),
        ("Short", json!("ab"), "/Short", " with length 2", "Member must have length less than or equal to 1"),
        ("Long", json!(""), "/Long", " with length 0", "Member must have length greater than or equal to 3"),
        ("Word", json!("xyz"), "/Word", "", "Member must satisfy regular expression pattern: ^[a-m]+$"),
        ("Size", json!(2.4), "/Size", "", "Member must be between 2.5 and 8, inclusive"),
        ("Least", json!(1), "/Least", "", "Member must be greater than or equal to 2"),
        ("Needed", json!(null), "/Needed", "", "Member must not be null"),
        ("Color", json!("Red"), "/Color", "", "Member must satisfy enum value set: [blue, red]"),
        ("Items", json!([{}, {}]), "/Items", "", "Member must have unique values"),
        (
            "Items",
            json!([{"Inner": "abc"}]),
            "/Items/0/Inner",
            " with length 3",
            "Member must have length between 1 and 2, inclusive",
        ),
        (
            "ByName",
            json!({"a/b": "abcd"}),
            "/ByName/a~1b",
            " with length 4",
            "Member must have length less than or equal to 3",
        ),
        (
            "ByName",
            json!({"keys": "a"}),
            "/ByName",
            " with length 4",
            "Member must have length less than or equal to 3",
        ),
    ];
    for (name, value, path, length, demand) in rows {
        let mut input = json!({"Needed": "x"});
        input[name] = value;
        let (status, error) = answer(&service, &input);
        let message = format!("Value{length} at '{path}' failed to satisfy constraint: {demand}");
        let expected = json!({"message": format!("1 validation error detected. {message}"),
            "fieldList": [{"path": path, "message": message}]});
        assert_eq!((status, error), (400, expected), "{input}");
    }
    let (_, error) = answer(&service, &json!({"Text": "a"}));
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("2 validation errors detected. Value at '/Needed' failed"), "{message}");
    assert_eq!((error["fieldList"].as_array().unwrap().len(), message.matches("; Value").count()), (2, 1), "{error}");
}
