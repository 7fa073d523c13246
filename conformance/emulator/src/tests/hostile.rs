//! No request makes the emulator fail, with or without defects.

use connect_model::generate::seed::Stream;

use crate::tests::*;

#[test]
fn arbitrary_bytes_never_cause_5xx() {
    let services: Vec<Service> = std::iter::once(service())
        .chain(
            ["page-repeats-item", "token-not-checked", "accept-missing-required", "token-too-greedy"].map(with_defect),
        )
        .collect();
    let mut stream = Stream::new(3, "bytes");
    let seeds: Vec<HttpRequest> = [
        ("CreateRule", with(rule("r"), json!({ "ClientToken": "é" }))),
        ("SearchContactFlows", json!({ "SearchCriteria": { "AndConditions": [{ "TypeCondition": "CAMPAIGN" }] } })),
        ("ListRules", json!({ "MaxResults": 1, "NextToken": "00" })),
        ("DescribeContactFlow", json!({ "ContactFlowId": "x:$SAVED" })),
        ("TagResource", json!({ "resourceArn": "arn:aws:connect:::", "tags": { "k": "v" } })),
        ("ListQueues", json!({ "MaxResults": 1 })),
    ]
    .map(|(operation, input)| request(operation, &with_instance(operation, input)))
    .into();
    for round in 0..6000 {
        let mut request = seeds[round % seeds.len()].clone();
        let mut uri = request.uri.into_bytes();
        for _ in 0..stream.next() % 4 {
            let target =
                if request.body.is_empty() || stream.next().is_multiple_of(4) { &mut uri } else { &mut request.body };
            let at = (stream.next() % target.len() as u64) as usize;
            match stream.next() % 3 {
                0 => drop(target.remove(at)),
                1 => target.insert(at, stream.next() as u8),
                _ => target[at] ^= 1 << (stream.next() % 8),
            }
            if target.is_empty() {
                target.push(b'/');
            }
        }
        request.uri = String::from_utf8_lossy(&uri).into_owned();
        for service in &services {
            let response = service.handle(&request);
            assert!(response.status < 500, "{request:?} {response:?}");
        }
    }
}
