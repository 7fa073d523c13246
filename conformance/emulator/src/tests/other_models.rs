//! Models of other services: texts beyond the generator.

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
