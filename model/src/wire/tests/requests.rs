//! Round trips of requests, and values that a request cannot express.

use serde_json::json;

use super::*;

/// (operation, input, request line, headers, body)
type Row = (&'static str, Value, &'static str, Vec<(&'static str, &'static str)>, &'static str);

const JSON: (&str, &str) = ("content-type", "application/json");

/// Checks the encoded request, and that it decodes to the same value.
fn check_round_trips(schema: &Schema, rows: Vec<Row>) {
    for (name, input, line, headers, body) in rows {
        let request = encode(schema, name, &input);
        assert_eq!(format!("{} {}", request.method, request.uri), line, "{name}");
        assert_eq!(request.headers, super::headers(&headers), "{name}");
        assert_eq!(text(&request.body), body, "{name}");
        let served = serve(schema, &request).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(served.value, input, "{name}");
        assert!(served.unknown.is_empty(), "{name}: {:?}", served.unknown);
    }
}

#[test]
fn encodes_connect_requests() {
    let arn = "arn:aws:connect:us-east-1:1:instance/i/contact-flow/f";
    let when = json!(1732290194);
    check_round_trips(
        Schema::connect(),
        vec![
            (
                "CreateRule",
                json!({"InstanceId": "i-1", "Name": "rule", "TriggerEventSource": {"EventSourceName": "OnPostCallAnalysisAvailable"},
                    "Function": "{}", "Actions": [{"ActionType": "TASK", "TaskAction": {"Name": "n", "ContactFlowId": "f",
                    "References": {"k": {"Value": "v", "Type": "URL"}}}}], "PublishStatus": "DRAFT"}),
                "POST /rules/i-1",
                vec![JSON],
                concat!(
                    r#"{"Actions":[{"ActionType":"TASK","TaskAction":{"ContactFlowId":"f","Name":"n","#,
                    r#""References":{"k":{"Type":"URL","Value":"v"}}}}],"Function":"{}","Name":"rule","#,
                    r#""PublishStatus":"DRAFT","TriggerEventSource":{"EventSourceName":"OnPostCallAnalysisAvailable"}}"#
                ),
            ),
            (
                "ListContactFlows",
                json!({"InstanceId": "i", "ContactFlowTypes": ["CONTACT_FLOW", "CAMPAIGN"], "MaxResults": 10, "NextToken": "a b+&=/é"}),
                "GET /contact-flows-summary/i?contactFlowTypes=CONTACT_FLOW&contactFlowTypes=CAMPAIGN&maxResults=10&nextToken=a%20b%2B%26%3D%2F%C3%A9",
                vec![],
                "",
            ),
            (
                "UntagResource",
                json!({"resourceArn": arn, "tagKeys": ["a", "b c"]}),
                "DELETE /tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A1%3Ainstance%2Fi%2Fcontact-flow%2Ff?tagKeys=a&tagKeys=b%20c",
                vec![],
                "",
            ),
            (
                "TagResource",
                json!({"resourceArn": arn, "tags": {"k~/": "v"}}),
                "POST /tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A1%3Ainstance%2Fi%2Fcontact-flow%2Ff",
                vec![JSON],
                r#"{"tags":{"k~/":"v"}}"#,
            ),
            (
                "DescribeContactFlow",
                json!({"InstanceId": "i", "ContactFlowId": format!("{arn}:$SAVED")}),
                "GET /contact-flows/i/arn%3Aaws%3Aconnect%3Aus-east-1%3A1%3Ainstance%2Fi%2Fcontact-flow%2Ff%3A%24SAVED",
                vec![],
                "",
            ),
            (
                "CreateTestCase",
                json!({"InstanceId": "i", "Name": "n", "Content": "c", "TestCaseId": "t", "LastModifiedTime": when, "LastModifiedRegion": "eu-west-2"}),
                "PUT /test-cases/i",
                vec![
                    JSON,
                    ("x-amz-last-modified-region", "eu-west-2"),
                    ("x-amz-last-modified-time", "Fri, 22 Nov 2024 15:43:14 GMT"),
                    ("x-amz-resource-id", "t"),
                ],
                r#"{"Content":"c","Name":"n"}"#,
            ),
            (
                "ListTestCaseExecutions",
                json!({"InstanceId": "i", "StartTime": 1732290194000i64, "EndTime": 0}),
                "GET /test-case-executions/i?endTime=0&startTime=1732290194000",
                vec![],
                "",
            ),
            (
                "SearchContactFlows",
                json!({"InstanceId": "i"}),
                "POST /search-contact-flows",
                vec![JSON],
                r#"{"InstanceId":"i"}"#,
            ),
            (
                "UpdateContactFlowMetadata",
                json!({"InstanceId": "i", "ContactFlowId": "f"}),
                "POST /contact-flows/i/f/metadata",
                vec![JSON],
                "{}",
            ),
        ],
    );
}

#[test]
fn encodes_members_in_every_place() {
    check_round_trips(
        small(),
        vec![
            (
                "Labels",
                json!({"Text": "a/b%é ~", "Integer": -7, "Boolean": true, "Double": "-Infinity", "Time": 1398796238.5, "Epoch": 1.5, "Imf": "Tue, 29 Apr 2014 18:30:38 GMT"}),
                "GET /labels/a%2Fb%25%C3%A9%20~/-7/true/-Infinity/2014-04-29T18%3A30%3A38.5Z/1.5/Tue%2C%2029%20Apr%202014%2018%3A30%3A38%20GMT",
                vec![],
                "",
            ),
            ("Greedy", json!({"Id": "a/b", "Path": "c/d e/f/"}), "GET /greedy/a%2Fb/c/d%20e/f/", vec![], ""),
            ("GreedyMiddle", json!({"Path": "c/d"}), "GET /middle/c/d/end", vec![], ""),
            (
                "Queries",
                json!({"Text": "", "Integer": 0, "Boolean": false, "Double": 1.25, "Time": 0, "Epoch": 0, "Imf": "Tue, 29 Apr 2014 18:30:38 GMT",
                    "Strings": ["", "a,b"], "Integers": [1, -2], "Times": [0, 1], "Color": "mauve", "Bools": [true, false], "Level": 9, "Long": i64::MIN}),
                concat!(
                    "GET /queries?literal=1&bare&boolean=false&bools=true&bools=false&color=mauve&double=1.25&epoch=0",
                    "&imf=Tue%2C%2029%20Apr%202014%2018%3A30%3A38%20GMT&integer=0&integers=1&integers=-2&level=9",
                    "&long=-9223372036854775808&strings=&strings=a%2Cb&text=&time=1970-01-01T00%3A00%3A00Z",
                    "&times=1970-01-01T00%3A00%3A00Z&times=1970-01-01T00%3A00%3A01Z"
                ),
                vec![],
                "",
            ),
            ("Queries", json!({}), "GET /queries?literal=1&bare", vec![], ""),
            ("QueryMap", json!({"Rest": {"a": "b", "c d": ""}}), "GET /query-map?a=b&c%20d=", vec![], ""),
            ("QueryListMap", json!({"Rest": {"a": ["b", "c"]}}), "GET /query-list-map?a=b&a=c", vec![], ""),
            (
                "Headers",
                json!({"Text": "plain, text", "Integer": 5, "Boolean": false, "Double": "NaN", "Time": 1398796238, "Iso": "2014-04-29T18:30:38Z", "Epoch": 7,
                    "Strings": ["a", "b,c", "d\"e", " f", "g\\", ""], "Integers": [1, 2], "Times": [0, 1], "Color": "red", "Media": "{\"a\":\"é\"}",
                    "Meta": {"one": "1"}}),
                "GET /headers",
                vec![
                    ("x-boolean", "false"),
                    ("x-color", "red"),
                    ("x-double", "NaN"),
                    ("x-epoch", "7"),
                    ("x-integer", "5"),
                    ("x-integers", "1, 2"),
                    ("x-iso", "2014-04-29T18:30:38Z"),
                    ("x-media", "eyJhIjoiw6kifQ=="),
                    ("x-meta-one", "1"),
                    ("x-strings", r#"a, "b,c", "d\"e", " f", g\, """#),
                    ("x-text", "plain, text"),
                    ("x-time", "Tue, 29 Apr 2014 18:30:38 GMT"),
                    ("x-times", "Thu, 01 Jan 1970 00:00:00 GMT, Thu, 01 Jan 1970 00:00:01 GMT"),
                ],
                "",
            ),
            (
                "PayloadBlob",
                json!({"Data": "aGk="}),
                "POST /payload/PayloadBlob",
                vec![("content-type", "application/octet-stream")],
                "hi",
            ),
            (
                "PayloadBlob",
                json!({}),
                "POST /payload/PayloadBlob",
                vec![("content-type", "application/octet-stream")],
                "",
            ),
            (
                "PayloadJpeg",
                json!({"Data": "aGk=", "Id": "x"}),
                "POST /payload/PayloadJpeg",
                vec![("content-type", "image/jpeg"), ("x-id", "x")],
                "hi",
            ),
            (
                "PayloadTyped",
                json!({"Data": "aGk=", "Type": "a/b"}),
                "POST /payload/typed",
                vec![("content-type", "a/b")],
                "hi",
            ),
            (
                "PayloadString",
                json!({"Data": "hé"}),
                "POST /payload/PayloadString",
                vec![("content-type", "text/plain")],
                "hé",
            ),
            (
                "PayloadStructure",
                json!({"Data": {"Name": "n"}}),
                "POST /payload/PayloadStructure",
                vec![JSON],
                r#"{"node_name":"n"}"#,
            ),
            (
                "PayloadUnion",
                json!({"Data": {"Renamed": "n"}}),
                "POST /payload/PayloadUnion",
                vec![JSON],
                r#"{"renamed_key":"n"}"#,
            ),
            ("PayloadDocument", json!({"Data": [1, null]}), "POST /payload/PayloadDocument", vec![JSON], "[1,null]"),
            ("Nothing", json!({}), "POST /nothing", vec![], ""),
            ("EmptyOutput", json!({}), "POST /empty", vec![], ""),
            ("Root", json!({}), "GET /", vec![], ""),
            ("Everything", json!({}), "POST /everything", vec![JSON], "{}"),
            (
                "Everything",
                json!({"Boolean": true, "Byte": -128, "Short": 1, "Integer": 2147483647, "Long": i64::MAX, "BigInteger": u64::MAX, "Float": 1.5,
                    "Double": "Infinity", "BigDecimal": 0.1, "Text": "é\u{1F600}\0", "Color": "other", "Level": 3, "Blob": "aGk=",
                    "Document": {"a": [null]}, "Time": 1732290194.99, "Iso": "2014-04-29T18:30:38.25Z", "Imf": "Tue, 29 Apr 2014 18:30:38 GMT",
                    "Strings": [], "SparseStrings": [null, ""], "StringMap": {"wire_name": "x"}, "SparseMap": {"a": null}, "Documents": [null, 1],
                    "Choice": {"Node": {"Name": "a", "Next": {"Name": "b", "Labelled": "in the body"}}}, "Renamed": "r"}),
                "POST /everything",
                vec![JSON],
                concat!(
                    r#"{"BigDecimal":0.1,"BigInteger":18446744073709551615,"Blob":"aGk=","Boolean":true,"Byte":-128,"#,
                    r#""Choice":{"Node":{"node_name":"a","Next":{"Labelled":"in the body","node_name":"b"}}},"Color":"other","#,
                    r#""Document":{"a":[null]},"Documents":[null,1],"Double":"Infinity","Float":1.5,"#,
                    r#""Imf":"Tue, 29 Apr 2014 18:30:38 GMT","Integer":2147483647,"Iso":"2014-04-29T18:30:38.25Z","Level":3,"#,
                    r#""Long":9223372036854775807,"wire_name":"r","Short":1,"SparseMap":{"a":null},"SparseStrings":[null,""],"#,
                    r#""StringMap":{"wire_name":"x"},"Strings":[],"Text":"é😀\u0000","Time":1732290194.99}"#
                ),
            ),
        ],
    );
}

#[test]
fn clients_omit_absent_members_and_add_empty_payloads() {
    let uri = |name, input| encode(small(), name, &input).uri;
    assert_eq!(uri("QueryMap", json!({"Bound": "x", "Rest": {"bound": "y", "z": "1"}})), "/query-map?bound=x&z=1");
    assert_eq!(uri("Queries", json!({"Strings": [], "Text": null})), "/queries?literal=1&bare");
    let meta = encode(
        small(),
        "Headers",
        &json!({"Claimed": "own", "Meta": {"Claimed": "map", "B": "b"}, "Strings": [], "Text": ""}),
    );
    assert_eq!(
        meta.headers,
        headers(&[("x-meta-claimed", "own"), ("x-meta-b", "b"), ("x-strings", ""), ("x-text", "")])
    );
    assert_eq!(text(&encode(small(), "PayloadStructure", &json!({})).body), "{}");
    for name in ["PayloadDocument", "PayloadUnion"] {
        assert_eq!(text(&encode(small(), name, &json!({})).body), "", "{name}");
    }
}

/// On a server, a map of query parameters includes those that are bound by name.
#[test]
fn servers_decode_query_maps_with_all_parameters() {
    let request = encode(small(), "QueryMap", &json!({"Bound": "x", "Rest": {"z": "1"}}));
    assert_eq!(serve(small(), &request).unwrap().value, json!({"Bound": "x", "Rest": {"bound": "x", "z": "1"}}));
}

#[test]
fn encodes_invalid_values_unchanged() {
    let body = |input| String::from_utf8(encode(small(), "Everything", &input).body).unwrap();
    for value in [
        json!({"Integer": "text", "Strings": {"not": "a list"}, "Text": null}),
        json!({"Integer": 1.5, "Strings": [null, 1], "Choice": {"Text": "a", "Count": 1}}),
        json!({"Unknown": {"a": 1}, "Time": "2014-04-29T18:30:38Z"}),
        json!({"Choice": {}, "Node": []}),
    ] {
        assert_eq!(body(value.clone()), value.to_string());
    }
    let renamed = body(json!({"Renamed": null, "Node": {"Name": 7, "Unknown": {"Name": 1}}}));
    assert_eq!(renamed, r#"{"Node":{"node_name":7,"Unknown":{"Name":1}},"wire_name":null}"#);
    let queries =
        json!({"Integer": "x y", "Long": 1e30, "Boolean": 7, "Time": "yesterday", "Double": true, "Level": 1.5});
    let uri = "/queries?literal=1&bare&boolean=7&double=true&integer=x%20y&level=1.5&long=1e%2B30&time=yesterday";
    assert_eq!(encode(small(), "Queries", &queries).uri, uri);
}

#[test]
fn errors_name_members_that_cannot_be_encoded() {
    let good = json!({"Id": "i", "Path": "p"});
    assert!(encode_request(small(), operation(small(), "Greedy"), &good).is_ok());
    for (name, input, member) in [
        ("Greedy", json!({"Path": "p"}), "Id"),
        ("Greedy", json!({"Id": null, "Path": "p"}), "Id"),
        ("Greedy", json!({"Id": "", "Path": "p"}), "Id"),
        ("Greedy", json!({"Id": ["a"], "Path": "p"}), "Id"),
        ("Greedy", json!({"Id": {}, "Path": "p"}), "Id"),
        // The server would decode the valid text "5".
        ("Greedy", json!({"Id": 5, "Path": "p"}), "Id"),
        ("Queries", json!({"Integer": "5"}), "Integer"),
        ("Queries", json!({"Boolean": "true"}), "Boolean"),
        ("Queries", json!({"Time": "2014-04-29T18:30:38Z"}), "Time"),
        ("Queries", json!({"Text": true}), "Text"),
        ("Queries", json!({"Text": ["a"]}), "Text"),
        ("Queries", json!({"Strings": "a"}), "Strings"),
        ("Queries", json!({"Strings": [null]}), "Strings"),
        ("Queries", json!({"Strings": [["a"]]}), "Strings"),
        ("Queries", json!({"Unknown": 1}), "Unknown"),
        ("QueryMap", json!({"Rest": []}), "Rest"),
        ("Headers", json!({"Text": {}}), "Text"),
        ("Headers", json!({"Text": "line\nbreak"}), "Text"),
        ("Headers", json!({"Text": "\u{7f}"}), "Text"),
        ("Headers", json!({"Text": "é"}), "Text"),
        ("Headers", json!({"Strings": "a"}), "Strings"),
        ("Headers", json!({"Meta": {"bad name": "x"}}), "Meta"),
        ("PayloadBlob", json!({"Data": "not base64"}), "Data"),
        ("PayloadString", json!({"Data": 7}), "Data"),
        ("Nothing", json!({"Any": 1}), "Any"),
    ] {
        match encode_request(small(), operation(small(), name), &input) {
            Err(EncodeError::Member { shape, member: named, why }) => {
                assert_eq!((shape.as_str(), named.as_str()), (name, member), "{input}: {why}");
            }
            other => panic!("{name} {input}: {other:?}"),
        }
    }
    let whole = encode_request(small(), operation(small(), "Everything"), &json!([]));
    assert!(matches!(whole, Err(EncodeError::Whole { .. })), "{whole:?}");
}
