//! Operations that nobody wrote a handler for, and all of them with generated requests.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::generate::{Config as Making, Generator};
use connect_model::validate::validate;

use super::super::SYNTHESIZED;
use super::*;

#[test]
fn every_operation_answers_a_generated_request_with_what_the_model_allows() {
    let schema = Schema::connect();
    let service = service();
    let generator = Generator::new(schema, Making::default());
    let (mut succeeded, mut surprises) = (0, Vec::new());
    for (id, operation) in schema.operations() {
        for seed in 0..3 {
            let bytes = Stream::new(seed, &operation.name).bytes(2048);
            let mut input = generator.input(id, &mut Unstructured::new(&bytes)).unwrap();
            // Tokens come from the endpoint, and the instance exists.
            if let Some(pagination) = &operation.pagination {
                input.as_object_mut().unwrap().remove(&pagination.input_token);
            }
            if input.get("InstanceId").is_some() && operation.name != "DeleteInstance" {
                input["InstanceId"] = DEFAULT_INSTANCE_ID.into();
            }
            // A required list in the query that is empty cannot be told from one that is missing.
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
                // Generated ids name nothing; there is no other reason.
                Err(error) if error.code == "ResourceNotFoundException" => {}
                Err(error) => surprises.push(format!("{}: {input}: {error:?}", operation.name)),
            }
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
    assert!(succeeded > 1150, "{succeeded} of 1215");
}

#[test]
fn synthesized_answers_are_marked_and_repeat() {
    let service = service();
    let input = json!({ "InstanceId": DEFAULT_INSTANCE_ID, "QueueId": "q" });
    let answer = |service: &Service| {
        let mut response = service.handle(&request("DescribeQueue", &input));
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
fn synthesized_lists_page_like_real_ones() {
    let service = service();
    let schema = Schema::connect();
    let generator = Generator::new(schema, Making::sparse());
    let mut walked = 0;
    for (id, operation) in schema.operations() {
        let Some(pagination) = &operation.pagination else { continue };
        let (Some(size), Some([items])) = (&pagination.page_size, pagination.items.as_deref()) else { continue };
        let mut input = generator.input(id, &mut Unstructured::new(&[])).unwrap();
        input[size] = json!(2);
        let mut all = Vec::new();
        for page in 0.. {
            assert!(page < 10, "{} does not end", operation.name);
            let Ok(output) = read(&operation.name, &service.handle(&encode_request(schema, id, &input).unwrap()))
            else {
                break;
            };
            let shown = output[items].as_array().cloned().unwrap_or_default();
            assert!(shown.len() <= 2, "{}", operation.name);
            all.extend(shown);
            match pagination.output_token.iter().try_fold(&output, |value, name| value.get(name)) {
                Some(token) => input[&pagination.input_token] = token.clone(),
                None => break,
            }
        }
        assert!(all.iter().enumerate().all(|(at, item)| !all[..at].contains(item)), "{}: {all:?}", operation.name);
        walked += usize::from(all.len() > 2);
    }
    assert!(walked > 50, "{walked} lists have more than one page");
}
