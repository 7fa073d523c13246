//! Operations without handler, and all operations with generated requests.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config as Making, Generator};
use connect_model::validate::validate;

use std::sync::Arc;

use crate::SYNTHESIZED;
use crate::defects::seam::Contract;
use crate::pages::Pages;
use crate::synthesize::Synthesizer;
use crate::tests::*;

#[test]
fn every_operation_answers_generated_requests_with_valid_outputs() {
    let schema = Schema::connect();
    let service = service();
    let generator = Generator::new(schema, Making::default());
    let (mut succeeded, mut unexpected) = (0, Vec::new());
    for (id, operation) in schema.operations() {
        for seed in 0..3 {
            let bytes = Stream::new(seed, &operation.name).bytes(2048);
            let mut input = generator.input(id, &mut Unstructured::new(&bytes)).unwrap();
            // Only the endpoint issues page tokens, and only the default instance exists.
            if let Some(pagination) = &operation.pagination {
                input.as_object_mut().unwrap().remove(&pagination.input_token);
            }
            if input.get("InstanceId").is_some() && operation.name != "DeleteInstance" {
                input["InstanceId"] = DEFAULT_INSTANCE_ID.into();
            }
            // An empty list in the query cannot be distinguished from a missing one.
            if operation.name == "ListContactReferences" {
                input["ReferenceTypes"] = json!(["URL"]);
            }
            let request = encode_request(schema, id, &input).unwrap();
            let response = service.handle(&request);
            match read(&operation.name, &response) {
                Ok(output) => {
                    succeeded += 1;
                    assert_eq!(response.status, operation.status, "{}", operation.name);
                    let shape = operation.output.map(|shape| validate(schema, shape, &output)).unwrap_or_default();
                    assert!(shape.is_empty(), "{}: {shape:?} in {output}", operation.name);
                }
                // Generated ids do not exist. No other error is expected.
                Err(error) if error.code == "ResourceNotFoundException" => {}
                Err(error) if error.body["Message"].as_str().is_some_and(|text| text.starts_with("there is no ")) => {}
                Err(error) => unexpected.push(format!("{}: {input}: {error:?}", operation.name)),
            }
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert!(succeeded > 400, "{succeeded} of 1215");
}

/// A service other than Connect, with an operation to get a city and one to list cities.
const WEATHER: &str = r#"{"smithy":"2.0","shapes":{
  "ex#Weather":{"type":"service","version":"1","operations":[{"target":"ex#GetCity"},{"target":"ex#ListCities"}],
    "traits":{"aws.protocols#restJson1":{}}},
  "ex#GetCity":{"type":"operation","input":{"target":"ex#GetCityInput"},"output":{"target":"ex#City"},
    "traits":{"smithy.api#http":{"method":"GET","uri":"/cities/{id}"}}},
  "ex#ListCities":{"type":"operation","input":{"target":"ex#ListCitiesInput"},"output":{"target":"ex#ListCitiesOutput"},
    "errors":[{"target":"ex#BadRequestException"}],
    "traits":{"smithy.api#http":{"method":"GET","uri":"/cities"},
      "smithy.api#paginated":{"inputToken":"token","outputToken":"token","items":"cities","pageSize":"size"}}},
  "ex#GetCityInput":{"type":"structure","members":{"id":{"target":"ex#Id",
    "traits":{"smithy.api#required":{},"smithy.api#httpLabel":{}}}}},
  "ex#ListCitiesInput":{"type":"structure","members":{
    "token":{"target":"smithy.api#String","traits":{"smithy.api#httpQuery":"token"}},
    "size":{"target":"smithy.api#Integer","traits":{"smithy.api#httpQuery":"size","smithy.api#range":{"min":1}}}}},
  "ex#ListCitiesOutput":{"type":"structure","members":{
    "token":{"target":"smithy.api#String"},"cities":{"target":"ex#Cities"}}},
  "ex#Cities":{"type":"list","member":{"target":"ex#City"}},
  "ex#City":{"type":"structure","members":{"id":{"target":"ex#Id","traits":{"smithy.api#required":{}}},
    "name":{"target":"smithy.api#String","traits":{"smithy.api#required":{}}}}},
  "ex#Id":{"type":"string","traits":{"smithy.api#pattern":"^[a-z]+$","smithy.api#length":{"min":4,"max":9}}},
  "ex#BadRequestException":{"type":"structure","members":{
    "message":{"target":"smithy.api#String","traits":{"smithy.api#required":{}}},
    "reason":{"target":"smithy.api#String","traits":{"smithy.api#required":{}}}},
    "traits":{"smithy.api#error":"client","smithy.api#httpError":400}}
}}"#;

#[test]
fn any_restjson1_model_is_served() {
    let schema: &'static Schema = Box::leak(Box::new(Schema::from_text("weather.json", WEATHER.into()).unwrap()));
    let service = Service::new(schema, &Config::default());
    let get = |uri: &str| {
        let response = service.handle(&HttpRequest { method: "GET".into(), uri: uri.into(), ..HttpRequest::default() });
        let error = response.headers.get("x-amzn-errortype").unwrap_or_default().to_owned();
        (response.status, error, serde_json::from_slice::<Value>(&response.body).unwrap())
    };
    let (status, _, city) = get("/cities/rome");
    assert!(status == 200 && city["name"].is_string(), "{city}");
    let (status, error, _) = get("/cities/R");
    assert_eq!((status, error.as_str()), (400, "ValidationException"));
    let (status, error, body) = get("/cities?size=0");
    assert_eq!((status, error.as_str()), (400, "BadRequestException"));
    assert!(body["message"].is_string() && body["reason"].is_string(), "{body}");
    let (_, _, first) = get("/cities?size=3");
    let (_, _, second) = get(&format!("/cities?size=3&token={}", first["token"].as_str().unwrap()));
    assert_eq!((first["cities"].as_array().unwrap().len(), second["cities"].as_array().unwrap().len()), (3, 2));
    assert!(second.get("token").is_none());
}

#[test]
fn synthesized_answers_are_marked_and_repeatable() {
    let service = service();
    let input = json!({ "InstanceId": DEFAULT_INSTANCE_ID });
    let answer = |service: &Service| {
        let mut response = service.handle(&request("GetFederationToken", &input));
        response.headers.remove("x-amzn-requestid");
        response
    };
    assert_eq!(answer(&service).headers.get(SYNTHESIZED), Some("true"));
    assert_eq!(answer(&service), answer(&super::service()));
    let other = Service::new(Schema::connect(), &Config { seed: 9, ..Config::default() });
    assert_ne!(answer(&service).body, answer(&other).body);
    let rules = service.handle(&request("ListRules", &json!({ "InstanceId": DEFAULT_INSTANCE_ID })));
    assert_eq!(rules.headers.get(SYNTHESIZED), None);
}

#[test]
fn synthesized_lists_are_paginated() {
    let schema = Schema::connect();
    let generator = Generator::new(schema, Making::sparse());
    let synthesizer = Synthesizer::new(schema, 0);
    let pages = Pages::new(0, Arc::new(Contract));
    let mut paginated = 0;
    for (id, operation) in schema.operations() {
        let Some(pagination) = &operation.pagination else { continue };
        let (Some(size), Some([items])) = (&pagination.page_size, pagination.items.as_deref()) else { continue };
        let mut input = generator.input(id, &mut Unstructured::new(&[])).unwrap();
        input[size] = json!(2);
        let mut all = Vec::new();
        for page in 0.. {
            assert!(page < 10, "{} does not end", operation.name);
            let Ok(Ok(output)) = synthesizer.output(id, &input, &pages) else { break };
            let shown = output[items].as_array().cloned().unwrap_or_default();
            assert!(shown.len() <= 2, "{}", operation.name);
            all.extend(shown);
            match pagination.output_token.iter().try_fold(&output, |value, name| value.get(name)) {
                Some(token) => input[&pagination.input_token] = token.clone(),
                None => break,
            }
        }
        assert!(all.iter().enumerate().all(|(at, item)| !all[..at].contains(item)), "{}: {all:?}", operation.name);
        paginated += usize::from(all.len() > 2);
    }
    assert!(paginated > 50, "{paginated} lists have more than one page");
}
