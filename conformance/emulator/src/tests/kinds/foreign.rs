//! Small models of other services.

use super::*;

/// A member of an input or output: name, shape and traits. A name with `!` is required, one with `/` is a label, one with
/// `?` is in the query.
fn members(rows: &[(&str, &str)]) -> Value {
    let member = |(name, target): &(&str, &str)| {
        let plain = name.trim_end_matches(['!', '/', '?', '#']);
        let target = if target.starts_with("smithy") { (*target).to_owned() } else { format!("ex#{target}") };
        let mut traits = Map::new();
        if name.ends_with(['!', '/', '#']) {
            traits.insert("smithy.api#required".to_owned(), json!({}));
        }
        if name.ends_with('/') {
            traits.insert("smithy.api#httpLabel".to_owned(), json!({}));
        }
        if name.ends_with('?') || name.ends_with('#') {
            traits.insert("smithy.api#httpQuery".to_owned(), plain.into());
        }
        if plain == "clientToken" {
            traits.insert("smithy.api#idempotencyToken".to_owned(), json!({}));
        }
        (plain.to_owned(), json!({ "target": target, "traits": traits }))
    };
    Value::Object(rows.iter().map(member).collect())
}

/// An operation with its messages. One with a member `nextToken` is paginated.
fn operation(
    shapes: &mut Map<String, Value>,
    (name, method, uri): (&str, &str, &str),
    [input, output]: [&[(&str, &str)]; 2],
    errors: &[&str],
) {
    let mut traits = Map::new();
    traits.insert("smithy.api#http".to_owned(), json!({ "method": method, "uri": uri, "code": 200 }));
    if let Some((items, _)) = output.iter().find(|_| input.iter().any(|(name, _)| *name == "nextToken?")) {
        let items = items.trim_end_matches('!');
        let mut paginated = json!({ "inputToken": "nextToken", "outputToken": "nextToken", "items": items });
        if input.iter().any(|(name, _)| *name == "size?") {
            paginated["pageSize"] = "size".into();
        }
        traits.insert("smithy.api#paginated".to_owned(), paginated);
    }
    let errors: Vec<Value> = errors.iter().map(|error| json!({ "target": format!("ex#{error}") })).collect();
    let message = |rows: &[(&str, &str)]| json!({ "type": "structure", "members": members(rows) });
    shapes.insert(format!("ex#{name}Input"), message(input));
    shapes.insert(format!("ex#{name}Output"), message(output));
    let (input, output) = (format!("ex#{name}Input"), format!("ex#{name}Output"));
    let operation = json!({ "type": "operation", "input": { "target": input }, "output": { "target": output },
        "errors": errors, "traits": traits });
    shapes.insert(format!("ex#{name}"), operation);
}

fn load(service: &str, mut shapes: Map<String, Value>) -> &'static Schema {
    for (error, status) in [
        ("NotFoundException", 404),
        ("ConflictException", 409),
        ("ResourceInUseException", 409),
        ("ValidationException", 400),
        ("ClientException", 400),
    ] {
        let traits = json!({ "smithy.api#error": "client", "smithy.api#httpError": status });
        let error_shape = json!({ "type": "structure", "members": members(&[("message", STRING)]), "traits": traits });
        shapes.insert(format!("ex#{error}"), error_shape);
    }
    let operations = shapes.iter().filter(|(_, shape)| shape["type"] == "operation");
    let operations: Vec<Value> = operations.map(|(id, _)| json!({ "target": id })).collect();
    let traits =
        json!({ "aws.protocols#restJson1": {}, "aws.api#service": { "sdkId": service, "arnNamespace": "example" } });
    shapes.insert(
        format!("ex#{service}"),
        json!({ "type": "service", "version": "1", "operations": operations, "traits": traits }),
    );
    let text = json!({ "smithy": "2.0", "shapes": shapes }).to_string();
    Box::leak(Box::new(Schema::from_text("model.json", text.into()).unwrap()))
}

const STRING: &str = "smithy.api#String";
const NOT_FOUND: &[&str] = &["NotFoundException", "ValidationException"];

fn shapes(rows: &[(&str, Value)]) -> Map<String, Value> {
    rows.iter().map(|(name, shape)| (format!("ex#{name}"), shape.clone())).collect()
}

/// Racks with names that the caller chooses, and books on them, whose ids have a form of their own; tags as pairs.
fn library() -> &'static Schema {
    let pairs = [("Key", STRING), ("Value", STRING)].map(|(name, shape)| (name, shape));
    let mut all = shapes(&[
        (
            "Word",
            json!({ "type": "string", "traits": { "smithy.api#pattern": "^[a-z]+$", "smithy.api#length": { "min": 3, "max": 30 } } }),
        ),
        ("BookId", json!({ "type": "string", "traits": { "smithy.api#pattern": "^b-[0-9a-f]{8}$" } })),
        (
            "Color",
            json!({ "type": "enum", "members": { "RED": { "target": "smithy.api#Unit" }, "BLUE": { "target": "smithy.api#Unit" } } }),
        ),
        (
            "Rack",
            json!({ "type": "structure", "members": members(&[("rackName!", "Word"), ("arn!", STRING), ("color", "Color"), ("createdAt!", "smithy.api#Timestamp"), ("height!", "smithy.api#Integer")]) }),
        ),
        ("Racks", json!({ "type": "list", "member": { "target": "ex#Rack" } })),
        (
            "Book",
            json!({ "type": "structure", "members": members(&[("bookId!", "BookId"), ("title", STRING), ("bookArn", STRING), ("status", "Color")]) }),
        ),
        ("Books", json!({ "type": "list", "member": { "target": "ex#Book" } })),
        (
            "Tag",
            json!({ "type": "structure", "members": members(&pairs.map(|(name, shape)| (if name == "Key" { "key!" } else { "value!" }, shape))) }),
        ),
        (
            "Tags",
            json!({ "type": "list", "member": { "target": "ex#Tag" }, "traits": { "smithy.api#length": { "min": 1, "max": 3 } } }),
        ),
        ("Keys", json!({ "type": "list", "member": { "target": STRING } })),
    ]);
    let rack: &[(&str, &str)] = &[("rackName/", "Word")];
    let book: &[(&str, &str)] = &[("rackName/", "Word"), ("bookId/", "BookId")];
    let paged = |items: &'static str, shape: &'static str| [(items, shape), ("nextToken", STRING)];
    let a = &mut all;
    operation(
        a,
        ("CreateRack", "PUT", "/racks/{rackName}"),
        [&[("rackName/", "Word"), ("color", "Color")], &[("rack!", "Rack")]],
        &["ResourceInUseException"],
    );
    operation(a, ("GetRack", "GET", "/racks/{rackName}"), [rack, &[("rack!", "Rack")]], NOT_FOUND);
    operation(
        a,
        ("ListRacks", "GET", "/racks"),
        [&[("nextToken?", STRING), ("size?", "smithy.api#Integer"), ("color?", "Color")], &paged("racks!", "Racks")],
        &["ValidationException"],
    );
    operation(
        a,
        ("UpdateRack", "POST", "/racks/{rackName}"),
        [&[("rackName/", "Word"), ("color", "Color")], &[]],
        NOT_FOUND,
    );
    operation(
        a,
        ("DeleteRack", "DELETE", "/racks/{rackName}"),
        [rack, &[]],
        &["NotFoundException", "ResourceInUseException"],
    );
    operation(
        a,
        ("CreateBook", "POST", "/racks/{rackName}/books"),
        [
            &[("rackName/", "Word"), ("title!", STRING), ("clientToken", STRING)],
            &[("bookId!", "BookId"), ("bookArn!", STRING)],
        ],
        &["NotFoundException", "ConflictException"],
    );
    operation(a, ("DescribeBook", "GET", "/racks/{rackName}/books/{bookId}"), [book, &[("book", "Book")]], NOT_FOUND);
    operation(
        a,
        ("ListBooks", "GET", "/racks/{rackName}/books"),
        [&[("rackName/", "Word"), ("nextToken?", STRING), ("size?", "smithy.api#Integer")], &paged("books", "Books")],
        NOT_FOUND,
    );
    operation(
        a,
        ("UpdateBook", "POST", "/racks/{rackName}/books/{bookId}"),
        [&[("rackName/", "Word"), ("bookId/", "BookId"), ("title", STRING)], &[]],
        NOT_FOUND,
    );
    operation(a, ("DeleteBook", "DELETE", "/racks/{rackName}/books/{bookId}"), [book, &[]], NOT_FOUND);
    operation(a, ("TagResource", "POST", "/tag"), [&[("resourceArn!", STRING), ("tags!", "Tags")], &[]], NOT_FOUND);
    operation(
        a,
        ("UntagResource", "POST", "/untag"),
        [&[("resourceArn!", STRING), ("tagKeys!", "Keys")], &[]],
        NOT_FOUND,
    );
    operation(
        a,
        ("ListTagsForResource", "GET", "/tags"),
        [&[("resourceArn#", STRING)], &[("tags", "Tags")]],
        NOT_FOUND,
    );
    load("Library", all)
}

/// Plants with ids that the service gives, shown without a wrapper, with times as texts; no error for a name that is taken, and
/// one error for all that a client does wrong with a deletion. Tags are a map in pages, and so are the leaves of a plant.
fn garden() -> &'static Schema {
    let time = json!({ "type": "timestamp", "traits": { "smithy.api#timestampFormat": "date-time" } });
    let mut all = shapes(&[
        ("Time", time),
        ("PlantIds", json!({ "type": "list", "member": { "target": STRING } })),
        (
            "PlantSummary",
            json!({ "type": "structure", "members": members(&[("id!", STRING), ("name!", STRING), ("lastModified!", "Time")]) }),
        ),
        ("Plants", json!({ "type": "list", "member": { "target": "ex#PlantSummary" } })),
        ("Keys", json!({ "type": "list", "member": { "target": STRING } })),
        ("TagMap", json!({ "type": "map", "key": { "target": STRING }, "value": { "target": STRING } })),
        ("Leaf", json!({ "type": "structure", "members": members(&[("leafId!", STRING), ("color", STRING)]) })),
        (
            "Leaves",
            json!({ "type": "list", "member": { "target": "ex#Leaf" }, "traits": { "smithy.api#length": { "max": 2 } } }),
        ),
    ]);
    let shown: &[(&str, &str)] = &[
        ("id!", STRING),
        ("arn!", STRING),
        ("name!", STRING),
        ("note", STRING),
        ("createdTime!", "Time"),
        ("lastModified!", "Time"),
    ];
    let a = &mut all;
    operation(
        a,
        ("CreatePlant", "POST", "/plants"),
        [&[("name!", STRING), ("note", STRING)], &[("id!", STRING), ("arn!", STRING)]],
        &["ValidationException"],
    );
    operation(a, ("GetPlant", "GET", "/plants/{plantId}"), [&[("plantId/", STRING)], shown], NOT_FOUND);
    operation(a, ("ListPlants", "GET", "/plants"), [&[], &[("plants", "Plants")]], &["ValidationException"]);
    operation(
        a,
        ("UpdatePlant", "PATCH", "/plants/{plantId}"),
        [&[("plantId/", STRING), ("name", STRING), ("note", STRING)], shown],
        NOT_FOUND,
    );
    operation(a, ("DeletePlant", "DELETE", "/plants/{plantId}"), [&[("plantId/", STRING)], &[]], &["ClientException"]);
    // A fence is named by its ARN.
    let named: &[(&str, &str)] = &[("arn#", STRING)];
    operation(a, ("CreateFence", "POST", "/fences"), [&[("name!", STRING)], &[("arn!", STRING)]], &["ClientException"]);
    operation(a, ("DescribeFence", "GET", "/fence"), [named, &[("arn!", STRING), ("name!", STRING)]], NOT_FOUND);
    operation(a, ("DeleteFence", "DELETE", "/fence"), [named, &[]], NOT_FOUND);
    operation(
        a,
        ("DescribeFenceHistory", "GET", "/fences"),
        [&[("nextToken?", STRING)], &[("leaves", "Leaves"), ("nextToken", STRING)]],
        &["ValidationException"],
    );
    operation(a, ("CreateHedge", "POST", "/hedges"), [&[("name!", STRING)], &[("hedgeId!", STRING)]], NOT_FOUND);
    operation(
        a,
        ("GetHedge", "GET", "/hedges/{hedgeId}"),
        [
            &[("hedgeId/", STRING), ("nextToken?", STRING), ("size?", "smithy.api#Integer")],
            &[("leaves", "Leaves"), ("hedgeId!", STRING), ("name", STRING), ("nextToken", STRING)],
        ],
        NOT_FOUND,
    );
    operation(a, ("DeleteHedge", "DELETE", "/hedges/{hedgeId}"), [&[("hedgeId/", STRING)], &[]], NOT_FOUND);
    operation(a, ("TagResource", "POST", "/tag"), [&[("resourceArn!", STRING), ("tags!", "TagMap")], &[]], NOT_FOUND);
    operation(
        a,
        ("UntagResource", "POST", "/untag"),
        [&[("resourceArn!", STRING), ("tagKeys!", "Keys")], &[]],
        NOT_FOUND,
    );
    operation(
        a,
        ("ListTagsForResource", "GET", "/tags"),
        [&[("resourceArn#", STRING), ("nextToken?", STRING)], &[("tags", "TagMap"), ("nextToken", STRING)]],
        NOT_FOUND,
    );
    load("Garden", all)
}

/// The models.
pub(super) fn models() -> Vec<&'static Schema> {
    vec![library(), garden()]
}
