//! Handwritten models: small ones that use every feature of a format, and tiny ones with one inconsistency or one rare
//! feature each.

use serde_json::{Value, json};

/// A tiny model in either format, changed by a merge patch (RFC 7396).
pub(super) struct Tiny {
    base: fn() -> Value,
    patch: &'static str,
    /// Part of the expected error. Empty if the model loads.
    pub(super) error: &'static str,
}

impl Tiny {
    /// Applies the patch and formats the model.
    pub(super) fn text(&self) -> String {
        let mut model = (self.base)();
        let patch = serde_json::from_str(self.patch);
        patch_into(&mut model, patch.unwrap_or_else(|error| unreachable!("{error}: {}", self.patch)));
        model.to_string()
    }
}

fn patch_into(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                match value {
                    Value::Null => drop(target.remove(&key)),
                    value => patch_into(target.entry(key).or_insert(Value::Null), value),
                }
            }
        }
        (target, patch) => *target = patch,
    }
}

/// The tiny models.
pub(super) fn tiny() -> impl Iterator<Item = Tiny> {
    let smithy = SMITHY.iter().map(|(patch, error)| Tiny { base: tiny_smithy, patch, error });
    smithy.chain(BOTOCORE.iter().map(|(patch, error)| Tiny { base: tiny_botocore, patch, error }))
}

fn tiny_smithy() -> Value {
    json!({"smithy": "2", "shapes": {
        "t#T": {"type": "service", "operations": [{"target": "t#Op"}], "traits": {"aws.protocols#restJson1": {}}},
        "t#Op": {"type": "operation", "input": {"target": "t#In"}, "output": {"target": "t#Out"},
            "traits": {"smithy.api#http": {"method": "POST", "uri": "/op"}}},
        "t#In": {"type": "structure", "members": {"A": {"target": "t#A"}}},
        "t#Out": {"type": "structure", "members": {"B": {"target": "smithy.api#String"}}},
        "t#A": {"type": "string"}}})
}

/// Patches of the tiny Smithy model, with the expected errors. None has a minimum above its maximum: `prove` plants that bug.
const SMITHY: &[(&str, &str)] = &[
    ("{}", ""),
    (r#"{"smithy":"3.0"}"#, "this reads 1.x and 2.x"),
    (r#"{"smithy":2}"#, "invalid type"),
    (r#"{"shapes":{"t#T":null}}"#, "no shape of type service"),
    (r#"{"shapes":{"t#T2":{"type":"service"}}}"#, "2 services"),
    (r#"{"shapes":{"t#T":{"traits":{"aws.protocols#restJson1":null}}}}"#, "its protocols: none named"),
    (
        r#"{"shapes":{"t#T":{"traits":{"aws.protocols#restJson1":null,"aws.protocols#awsJson1_0":{}}}}}"#,
        "its protocols: aws.protocols#awsJson1_0",
    ),
    (r#"{"shapes":{"t#T":{"operations":[]}}}"#, "no operations"),
    (r#"{"shapes":{"t#T":{"operations":[{"target":"t#Gone"}]}}}"#, "t#T refers to t#Gone, which is not defined"),
    (r#"{"shapes":{"t#T":{"resources":[{"target":"t#Gone"}]}}}"#, "resource t#Gone"),
    (r#"{"shapes":{"t#T":{"errors":[{"target":"t#A"}]}}}"#, "listed as an error, but is not an error structure"),
    (r#"{"shapes":{"t#A":null,"t#In":{"members":{"A":{"target":"u#A"}}},"u#A":{"type":"string"}}}"#, ""),
    (r#"{"shapes":{"u#A":{"type":"string"},"t#In":{"members":{"B":{"target":"u#A"}}}}}"#, ""),
    (
        r#"{"shapes":{"u#A":{"type":"integer"},"t#In":{"members":{"B":{"target":"u#A"}}}}}"#,
        "t#A and u#A have the same name and differ",
    ),
    (
        r#"{"shapes":{"t#T":{"rename":{"u#A":"B"}},"u#A":{"type":"integer"},"t#In":{"members":{"B":{"target":"u#A"}}}}}"#,
        "",
    ),
    (r#"{"shapes":{"t#T":{"rename":{"t#A":"a/b"}}}}"#, "renames t#A to `a/b`"),
    (
        r#"{"shapes":{"t#A":null,"t#../A":{"type":"string"},"t#In":{"members":{"A":{"target":"t#../A"}}}}}"#,
        "`t#../A` is not a shape id",
    ),
    (r#"{"shapes":{"t#In":{"members":{"/A":{"target":"t#A"}}}}}"#, "`/A` is not the name of a member"),
    (r#"{"shapes":{"t#In":{"mixins":[{"target":"t#In"}]}}}"#, "in a cycle"),
    (r#"{"shapes":{"t#In":{"mixins":[{"target":"t#Gone"}]}}}"#, "mixin t#Gone is not defined"),
    (r#"{"shapes":{"t#In":{"type":"string"}}}"#, "input is a string, not a structure"),
    (r#"{"shapes":{"t#A":{"type":"number"}}}"#, "unknown type"),
    (r#"{"shapes":{"t#A":{"type":"list"}}}"#, "a list without member"),
    (r#"{"shapes":{"t#A":{"type":"map","key":{"target":"t#A"}}}}"#, "a map without value"),
    (r#"{"shapes":{"t#A":{"type":"union"}}}"#, "a union without members"),
    (r#"{"shapes":{"t#A":{"type":"enum"}}}"#, "an enum without values"),
    (r#"{"shapes":{"t#A":{"type":"intEnum"}}}"#, "an intEnum without values"),
    (r#"{"shapes":{"t#A":{"type":"intEnum","members":{"X":{"target":"smithy.api#Unit"}}}}}"#, "not an integer"),
    (
        r#"{"shapes":{"t#A":{"type":"intEnum","members":{"X":{"target":"smithy.api#Unit","traits":{"smithy.api#enumValue":7}}}}}}"#,
        "",
    ),
    (r#"{"shapes":{"t#A":{"type":"structure","members":{"A":{"target":"t#A"}}}}}"#, ""),
    (
        r#"{"shapes":{"t#A":{"type":"structure","members":{"A":{"target":"t#A","traits":{"smithy.api#required":{}}}}}}}"#,
        "requires itself",
    ),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"^(?:a|[^b-d\\w])+\\x41\\u{1F600}\\u0062\\cA\\0$"}}}}"#, ""),
    (
        r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"(?<year>\\d{4,})-(?!00)\\p{L}[\\b\\D]?","smithy.api#length":{"min":2.0}}}}}"#,
        "",
    ),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"(?<=a)b"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"(a)\\1\\bx(?i:y)\\k<a>"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"[a"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"*a"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"a{9999999}b{3,2}"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"(?:(?:a{900}){900}){900}"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"(?:(?=a).)*\\p{Nothing}"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":"[^\\s\\S]"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#pattern":5}}}}"#, "pattern is 5"),
    (r#"{"shapes":{"t#A":{"traits":{"smithy.api#length":{"min":-1}}}}}"#, "not a non-negative whole number"),
    (r#"{"shapes":{"t#A":{"type":"double","traits":{"smithy.api#range":{"min":"0.5"}}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"type":"double","traits":{"smithy.api#range":{"min":"half"}}}}}"#, "not a number"),
    (r#"{"shapes":{"t#A":{"type":"double","traits":{"smithy.api#range":{"max":[]}}}}}"#, "not a number"),
    (r#"{"shapes":{"t#A":{"type":"long","traits":{"smithy.api#range":{"min":0.2,"max":0.7}}}}}"#, "no whole number"),
    (
        r#"{"shapes":{"t#In":{"members":{"A":{"target":"smithy.api#Long","traits":{"smithy.api#range":{"min":0.2,"max":0.7}}}}}}}"#,
        "no whole number",
    ),
    (
        r#"{"shapes":{"t#Out":{"members":{"B":{"target":"smithy.api#Integer","traits":{"smithy.api#httpResponseCode":{},"smithy.api#range":{"max":100}}}}}}}"#,
        "",
    ),
    (
        r#"{"shapes":{"t#Out":{"members":{"B":{"traits":{"smithy.api#httpResponseCode":{}}}}}}}"#,
        "is bound to the response status, but is a string",
    ),
    (r#"{"shapes":{"t#A":{"type":"timestamp","traits":{"smithy.api#timestampFormat":"http-date"}}}}"#, ""),
    (r#"{"shapes":{"t#A":{"type":"timestamp","traits":{"smithy.api#timestampFormat":"now"}}}}"#, "timestampFormat"),
    (
        r#"{"shapes":{"t#In":{"members":{"B":{"target":"t#A","traits":{"smithy.api#jsonName":"A"}}}}}}"#,
        "have the JSON key",
    ),
    (
        r#"{"shapes":{"t#In":{"members":{"B":{"target":"t#A","traits":{"smithy.api#httpPayload":{}}}}}}}"#,
        "is a key of the body",
    ),
    (
        r#"{"shapes":{"t#In":{"members":{"A":{"traits":{"smithy.api#httpPayload":{}}},"B":{"target":"t#A","traits":{"smithy.api#httpPayload":{}}}}}}}"#,
        "are bound to the whole body",
    ),
    (
        r#"{"shapes":{"t#In":{"members":{"A":{"traits":{"smithy.api#httpQuery":"a","smithy.api#httpHeader":"a"}}}}}}"#,
        "is bound to 2 places",
    ),
    (r#"{"shapes":{"t#In":{"members":{"A":{"traits":{"smithy.api#httpLabel":{}}}}}}}"#, "lacks"),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":{"uri":"/{A}"}}}}}"#, "no input member is bound to"),
    (
        r#"{"shapes":{"t#In":{"members":{"A":{"traits":{"smithy.api#httpLabel":{}}}}},"t#Op":{"traits":{"smithy.api#http":{"uri":"/{A}"}}}}}"#,
        "is not required",
    ),
    (
        r#"{"shapes":{"t#In":{"members":{"A":{"traits":{"smithy.api#httpLabel":{},"smithy.api#required":{}}}}},"t#Op":{"traits":{"smithy.api#http":{"uri":"//x/{A+}/y?q&r=1"}}}}}"#,
        "",
    ),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":{"uri":"op"}}}}}"#, "does not begin with /"),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":{"uri":"/{A"}}}}}"#, "has an unmatched brace"),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":{"uri":"/{A+}/{B+}"}}}}}"#, "2 greedy labels"),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":{"method":"P S"}}}}}"#, "not an HTTP method"),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":{"code":9}}}}}"#, "not an HTTP status"),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#http":null}}}}"#, "no http trait"),
    (
        r#"{"shapes":{"t#Op":{"traits":{"smithy.api#paginated":{"inputToken":"A","outputToken":"B","pageSize":"A"}}}}}"#,
        "",
    ),
    (r#"{"shapes":{"t#Op":{"traits":{"smithy.api#paginated":{}}}}}"#, "paginated without inputToken"),
    (
        r#"{"shapes":{"t#Op":{"traits":{"smithy.api#paginated":{"inputToken":"X","outputToken":"B"}}}}}"#,
        "input member X",
    ),
    (
        r#"{"shapes":{"t#Op":{"traits":{"smithy.api#paginated":{"inputToken":"A","outputToken":"B","pageSize":"X"}}}}}"#,
        "its page size",
    ),
    (
        r#"{"shapes":{"t#Op":{"traits":{"smithy.api#paginated":{"inputToken":"A","outputToken":"B.c","items":"B"}}}}}"#,
        "its output token is output member B.c",
    ),
    (
        r#"{"shapes":{"t#Op":{"errors":[{"target":"t#E"}]},"t#E":{"type":"structure","traits":{"smithy.api#error":"server","smithy.api#httpError":99}}}}"#,
        "httpError 99",
    ),
    (
        r#"{"shapes":{"t#Out":{"members":{"B":{"target":"t#Events"}}},"t#Events":{"type":"union","members":{"A":{"target":"t#In"}},"traits":{"smithy.api#streaming":{}}}}}"#,
        "",
    ),
    (
        r#"{"shapes":{"t#In":{"members":{"nextToken":{"target":"t#A"},"maxResults":{"target":"smithy.api#Integer"}}},"t#Out":{"members":{"NextToken":{"target":"t#A"},"X":{"target":"t#L"},"Y":{"target":"t#L"}}},"t#L":{"type":"list","member":{"target":"smithy.api#Document"}}}}"#,
        "",
    ),
];

fn tiny_botocore() -> Value {
    json!({"metadata": {"protocol": "rest-json", "endpointPrefix": "tiny"},
        "operations": {"Op": {"http": {"method": "POST", "requestUri": "/op"}, "input": {"shape": "In"}, "output": {"shape": "Out"}}},
        "shapes": {"In": {"type": "structure", "members": {"A": {"shape": "A"}}},
            "Out": {"type": "structure", "members": {"B": {"shape": "A"}}}, "A": {"type": "string"}}})
}

/// Patches of the tiny model in botocore's format, with the expected errors.
const BOTOCORE: &[(&str, &str)] = &[
    ("{}", ""),
    (r#"{"metadata":{"endpointPrefix":null,"serviceAbbreviation":"A","protocols":["rest-json"],"protocol":null}}"#, ""),
    (r#"{"metadata":{"endpointPrefix":null}}"#, "neither serviceId"),
    (r#"{"metadata":{"protocol":"json"}}"#, "has protocol \"json\""),
    (r#"{"metadata":{"protocol":null}}"#, "none named"),
    (r#"{"operations":{"A":{"http":{"method":"GET","requestUri":"/"}}}}"#, ""),
    (
        r#"{"operations":{"A":{"http":{"method":"GET","requestUri":"/"}}},"shapes":{"AShape":{"type":"blob"}}}"#,
        "has the name of an operation",
    ),
    (r#"{"operations":{"Op":{"http":null}}}"#, "no http binding"),
    (r#"{"operations":{"Op":{"input":{"shape":"Gone"}}}}"#, "which is not defined"),
    (r#"{"operations":{"Op":{"input":{}}}}"#, ""),
    (r#"{"operations":{"Op":{"input":{"shape":null}}}}"#, "input has no shape"),
    (
        r#"{"operations":{"Op":{"input":null,"output":null,"deprecated":true,"deprecatedSince":"2020","authtype":"none","endpoint":{"hostPrefix":"x."},"readonly":true}}}"#,
        "",
    ),
    (r#"{"shapes":{"A":{"type":"thing"}}}"#, "unknown type"),
    (r#"{"shapes":{"A":{"type":"biginteger","min":1}}}"#, ""),
    (r#"{"shapes":{"A":{"type":"character"}}}"#, ""),
    (r#"{"shapes":{"A":{"type":"string","enum":["a.b","a-b","1",""]}}}"#, ""),
    (r#"{"shapes":{"A":{"type":"structure","document":true}}}"#, ""),
    (r#"{"shapes":{"A":{"type":"structure","members":[]}}}"#, "members is a list"),
    (r#"{"shapes":{"A":{"type":"timestamp","timestampFormat":"rfc822"}}}"#, ""),
    (r#"{"shapes":{"A":{"type":"timestamp","timestampFormat":"unixTimestamp"}}}"#, ""),
    (r#"{"shapes":{"A":{"type":"timestamp","timestampFormat":"then"}}}"#, "unknown timestampFormat"),
    (r#"{"shapes":{"A":{"type":"list"}}}"#, "has no shape"),
    (r#"{"shapes":{"In":{"required":["B"]}}}"#, "requires member \"B\""),
    (r#"{"shapes":{"In":{"payload":"B"}}}"#, "its payload is member \"B\""),
    (r#"{"shapes":{"In":{"members":{"A":{"location":"cookie"}}}}}"#, "unknown location"),
    (r#"{"shapes":{"In":{"members":{"A":{"location":"header","locationName":"a","jsonvalue":true}}}}}"#, ""),
    (
        r#"{"shapes":{"In":{"required":["A"],"members":{"A":{"location":"uri","locationName":"id"},"M":{"shape":"M","location":"querystring"}}},"M":{"type":"map","key":{"shape":"A"},"value":{"shape":"A"}}},"operations":{"Op":{"http":{"requestUri":"/{id}"}}}}"#,
        "",
    ),
    (
        r#"{"operations":{"Op":{"errors":[{"shape":"E"},{"shape":"F"}]}},"shapes":{"E":{"type":"structure","exception":true,"retryable":{"throttling":true},"error":{"code":"Slow","httpStatusCode":429}},"F":{"type":"structure","exception":true,"fault":true,"retryable":{}}}}"#,
        "",
    ),
    (r#"{"shapes":[],"pagination":{}}"#, "paginators without a service-2.json"),
    (r#"{"metadata":null}"#, "top-level keys: operations, shapes"),
];

/// A model in Smithy 1.0 with mixins, resources and applied traits.
pub(super) fn old_smithy() -> Value {
    json!({"metadata": {"suppressions": []}, "smithy": "1.0", "shapes": {
        "o#Old": {"type": "service", "version": "1", "resources": [{"target": "o#Thing"}], "operations": [{"target": "o#Plain"}],
            "errors": [{"target": "o#Common"}], "traits": {"aws.protocols#restJson1": {},
                "smithy.api#paginated": {"inputToken": "next", "outputToken": "page.next", "pageSize": "max"}}},
        "o#Thing": {"type": "resource", "read": {"target": "o#GetThing"}, "list": {"target": "o#ListThings"},
            "operations": [{"target": "o#Plain"}], "resources": [{"target": "o#Part"}, {"target": "o#Thing"}]},
        "o#Part": {"type": "resource", "create": {"target": "o#MakePart"}, "collectionOperations": [{"target": "o#Plain"}]},
        "o#Plain": {"type": "operation", "traits": {"smithy.api#http": {"method": "GET", "uri": "/"}}},
        "o#Guarded": {"type": "operation", "errors": [{"target": "o#Common"}], "input": {"target": "o#Keyed"},
            "traits": {"smithy.api#mixin": {}, "smithy.api#readonly": {}}},
        "o#GetThing": {"type": "operation", "mixins": [{"target": "o#Guarded"}],
            "traits": {"smithy.api#http": {"method": "GET", "uri": "/things/{id}"}}},
        "o#MakePart": {"type": "operation", "mixins": [{"target": "o#Guarded"}], "errors": [{"target": "o#Other"}],
            "traits": {"smithy.api#http": {"method": "PUT", "uri": "/things/{id}/parts", "code": 201}}},
        "o#ListThings": {"type": "operation", "input": {"target": "o#ListInput"}, "output": {"target": "o#ListOutput"},
            "traits": {"smithy.api#http": {"method": "GET", "uri": "/things"}, "smithy.api#paginated": {"items": "page.things"}}},
        "o#Keyed": {"type": "structure", "mixins": [{"target": "o#HasId"}], "members": {"colors": {"target": "o#Colors"}}},
        "o#Keyed$id": {"type": "apply", "traits": {"smithy.api#httpLabel": {}}},
        "o#HasId": {"type": "structure", "mixins": [{"target": "o#Root"}], "members": {"id": {"target": "smithy.api#String",
            "traits": {"smithy.api#required": {}}}}, "traits": {"smithy.api#mixin": {"localTraits": ["smithy.api#sensitive"]},
                "smithy.api#sensitive": {}}},
        "o#Root": {"type": "structure", "members": {"root": {"target": "smithy.api#PrimitiveLong"}}, "traits": {"smithy.api#mixin": {}}},
        "o#ListInput": {"type": "structure", "members": {
            "next": {"target": "smithy.api#String", "traits": {"smithy.api#httpQuery": "next"}},
            "max": {"target": "smithy.api#Integer", "traits": {"smithy.api#httpQuery": "max"}}}},
        "o#ListOutput": {"type": "structure", "members": {"page": {"target": "o#Page"}}},
        "o#Page": {"type": "structure", "members": {"next": {"target": "smithy.api#String"}, "things": {"target": "o#Colors"}}},
        "o#Colors": {"type": "set", "member": {"target": "o#Color"}},
        "o#Colors$member": {"type": "apply", "traits": {"smithy.api#length": {"min": 1}}},
        "o#Color": {"type": "string", "traits": {"smithy.api#enum": [{"value": "RED"}, {"value": "1-x", "name": "OTHER"}, {"value": "1_x"}]}},
        "o#Common": {"type": "structure", "members": {"message": {"target": "smithy.api#String"}}, "traits": {"smithy.api#error": "client"}},
        "o#Other": {"type": "structure", "traits": {"smithy.api#error": "server", "smithy.api#httpError": 503}}}})
}

/// A small model in botocore's format that uses every feature of the importer.
pub(super) fn botocore() -> Value {
    json!({
        "version": "2.0",
        "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "small", "protocol": "rest-json",
            "serviceFullName": "Small", "serviceId": "Small", "signatureVersion": "v4", "signingName": "small"},
        "operations": {
            "Put": {
                "name": "Put", "http": {"method": "PUT", "requestUri": "/put/{Id}/{Path+}?literal", "responseCode": 201},
                "input": {"shape": "PutInput"}, "output": {"shape": "PutOutput"}, "errors": [{"shape": "Broken"}],
                "idempotent": true},
            "ListThem": {
                "name": "ListThem", "http": {"method": "GET", "requestUri": "/list"},
                "input": {"shape": "ListInput"}, "output": {"shape": "ListOutput"}}
        },
        "shapes": {
            "PutInput": {"type": "structure", "required": ["Id", "Path", "Node"], "members": {
                "Id": {"shape": "Text", "location": "uri", "locationName": "Id"},
                "Path": {"shape": "Text", "location": "uri", "locationName": "Path"},
                "Level": {"shape": "Count", "location": "querystring", "locationName": "level"},
                "Owner": {"shape": "Text", "location": "header", "locationName": "x-owner"},
                "Meta": {"shape": "Map", "location": "headers", "locationName": "x-meta-"},
                "Token": {"shape": "Text", "idempotencyToken": true},
                "Node": {"shape": "Node"}}},
            "PutOutput": {"type": "structure", "payload": "Data", "members": {
                "Data": {"shape": "Data"}, "Code": {"shape": "Count", "location": "statusCode"}}},
            "ListInput": {"type": "structure", "members": {
                "NextToken": {"shape": "Text", "location": "querystring", "locationName": "nextToken"},
                "MaxResults": {"shape": "Count", "location": "querystring", "locationName": "maxResults"}}},
            "ListOutput": {"type": "structure", "members": {"NextToken": {"shape": "Text"}, "Items": {"shape": "Nodes"}}},
            "Broken": {"type": "structure", "members": {"message": {"shape": "Text"}},
                "error": {"httpStatusCode": 409, "senderFault": true}, "exception": true},
            "Node": {"type": "structure", "members": {
                "Name": {"shape": "Text", "locationName": "name"}, "Next": {"shape": "Node"}, "Color": {"shape": "Color"},
                "Time": {"shape": "Time"}, "Choice": {"shape": "Choice"}, "Ratio": {"shape": "Ratio"}}},
            "Nodes": {"type": "list", "member": {"shape": "Node"}, "min": 1, "max": 5},
            "Choice": {"type": "structure", "union": true, "members": {"Text": {"shape": "Text"}, "Node": {"shape": "Node"}}},
            "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}, "max": 3},
            "Color": {"type": "string", "enum": ["RED", "GREEN"]},
            "Text": {"type": "string", "min": 1, "max": 9, "pattern": "[a-z]+"},
            "Count": {"type": "integer", "box": true, "min": 1, "max": 100},
            "Ratio": {"type": "double", "min": 0, "max": 1},
            "Time": {"type": "timestamp", "timestampFormat": "iso8601"},
            "Data": {"type": "blob", "sensitive": true}
        }
    })
}

/// Paginators of [`botocore`], some of which Smithy cannot express.
pub(super) fn paginators() -> Value {
    json!({"pagination": {
        "ListThem": {"input_token": "NextToken", "output_token": "NextToken", "limit_key": "MaxResults", "result_key": "Items"},
        "Put": {"input_token": ["Token"], "output_token": "Data || Code", "result_key": ["Data", "Code"]}}})
}

/// Paginators files for [`botocore`], with the expected errors.
pub(super) const PAGINATORS: &[(&str, &str)] = &[
    (r#"{"pagination":{}}"#, ""),
    (r#"{"pagination":[]}"#, "top-level keys: pagination"),
    (r#"{"pagination":{"Gone":{}}}"#, "pagination of Gone, which is not an operation"),
    (r#"{"pagination":{"Put":{"input_token":["Token","Id"],"output_token":["Data","Code"]}}}"#, ""),
    (r#"{"pagination":{"Put":{"input_token":"Token","output_token":"Data[-1].Id"}}}"#, ""),
    (r#"{"pagination":{"Put":{"input_token":"Gone","output_token":"Data"}}}"#, "input member Gone"),
    (r#"{"smithy":"2.0"}"#, "give one service-2.json"),
];
