//! Rules of creations, deletions, associations and searches, on kinds of Amazon Connect and on a foreign model.

use super::*;

/// Kinds of Amazon Connect that the graph keeps.
fn kinds() -> impl Iterator<Item = &'static Kind> {
    life::kept(Schema::connect()).into_iter()
}

/// Makes a resource with some members of its own, and returns its id.
fn made(world: &mut World, noun: &str, members: Value) -> Value {
    let kind = world.kind(noun);
    for needed in world.graph.plan(kind).unwrap() {
        if needed.noun != noun {
            world.make(&needed.noun);
        }
    }
    let mut input = world.request(kind);
    if let Value::Object(members) = members {
        input.extend(members);
        input.retain(|_, value| !value.is_null());
    }
    let answer = world.call(kind.create, &input).unwrap();
    let made = (input, answer);
    let id = id_of(kind, &made);
    world.made.insert(&kind.noun, made);
    id
}

fn ask(world: &World, operation: &str, input: Value) -> Result<Value, ErrorAnswer> {
    let input = with_instance(operation, input);
    world.call(world.schema.operation_named(operation).unwrap(), input.as_object().unwrap())
}

#[test]
fn a_client_token_makes_one_resource_and_fits_one_request() {
    let mut tried = 0;
    for kind in kinds() {
        let Some(token) = &kind.token else { continue };
        let mut world = World::of(Schema::connect());
        for needed in world.graph.plan(kind).unwrap() {
            if needed.noun != kind.noun {
                world.make(&needed.noun);
            }
        }
        let mut input = world.request(kind);
        input.insert(token.clone(), "11111111-2222-4333-8444-555555555555".into());
        let first = world.call(kind.create, &input).unwrap();
        assert_eq!(world.call(kind.create, &input), Ok(first), "{}", kind.noun);
        for action in kind.all(Role::List) {
            let items =
                listed(&world, action, names(action, &(input.clone(), world.call(kind.create, &input).unwrap())));
            assert_eq!(items.len(), 1, "{}: {items:?}", kind.noun);
        }
        let mut other = world.request(kind);
        other.insert(token.clone(), input[token].clone());
        if other != input {
            let reused = world.call(kind.create, &other);
            assert!(matches!(&reused, Err(error) if matches!(error.status, 400 | 409)), "{}: {reused:?}", kind.noun);
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn a_name_is_taken_in_its_parent_alone() {
    let mut world = World::of(Schema::connect());
    let id = made(&mut world, "HoursOfOperation", json!({ "Name": "one" }));
    let mut again = world.request(world.kind("HoursOfOperation"));
    again.insert("Name".to_owned(), "one".into());
    let create = world.kind("HoursOfOperation").create;
    assert_eq!(code_of(world.call(create, &again)), code("DuplicateResourceException", 409));
    again.insert("Name".to_owned(), "two".into());
    let two = world.call(create, &again).unwrap()["HoursOfOperationId"].clone();
    let rename = |name: &str| ask(&world, "UpdateHoursOfOperation", json!({ "HoursOfOperationId": two, "Name": name }));
    assert_eq!(code_of(rename("one")), code("DuplicateResourceException", 409));
    rename("two").unwrap();
    rename("three").unwrap();
    ask(&world, "DeleteHoursOfOperation", json!({ "HoursOfOperationId": id })).unwrap();
    rename("one").unwrap();
}

#[test]
fn a_name_in_use_is_a_conflict_where_the_model_has_no_other_error() {
    let mut world = World::of(foreign::models()[0]);
    made(&mut world, "Rack", json!({ "rackName": "first" }));
    let create = world.kind("Rack").create;
    let again = world.made["Rack"].0.clone();
    assert_eq!(code_of(world.call(create, &again)), code("ResourceInUseException", 409));
}

#[test]
fn what_is_in_use_stays_and_other_parents_go_with_what_they_hold() {
    // A rack with a book is in use.
    let mut world = World::of(foreign::models()[0]);
    world.make("Book");
    let rack = world.made["Rack"].clone();
    let delete = world.kind("Rack").first(Role::Delete).unwrap();
    let refused = world.call(delete.operation, &names(delete, &rack));
    assert_eq!(code_of(refused), code("ResourceInUseException", 409));
    let book = world.kind("Book").first(Role::Delete).unwrap();
    world.call(book.operation, &names(book, &world.made["Book"])).unwrap();
    world.call(delete.operation, &names(delete, &rack)).unwrap();

    // A queue that a routing profile names is in use.
    let mut world = World::of(Schema::connect());
    world.make("RoutingProfile");
    let queue = id_of(world.kind("Queue"), &world.made["Queue"]);
    let profile = id_of(world.kind("RoutingProfile"), &world.made["RoutingProfile"]);
    let other = made(&mut world, "Queue", json!({ "Name": "other" }));
    let update = |queue: &Value| {
        let input = json!({ "RoutingProfileId": profile, "DefaultOutboundQueueId": queue });
        ask(&world, "UpdateRoutingProfileDefaultOutboundQueue", input).unwrap();
    };
    let delete = |queue: &Value| ask(&world, "DeleteQueue", json!({ "QueueId": queue }));
    update(&queue);
    assert_eq!(code_of(delete(&queue)), code("ResourceInUseException", 409));
    update(&other);
    delete(&queue).unwrap();
    assert_eq!(code_of(delete(&other)), code("ResourceInUseException", 409));

    // The attributes of a table go with it.
    world.make("DataTableAttribute");
    let attribute = world.made["DataTableAttribute"].clone();
    for (noun, role) in [("DataTable", Role::Delete), ("DataTableAttribute", Role::Describe)] {
        let action = world.kind(noun).first(role).unwrap();
        let answer = world.call(action.operation, &names(action, &world.made[noun]));
        assert_eq!(answer.is_ok(), role == Role::Delete, "{noun}: {answer:?} {attribute:?}");
    }
}

#[test]
fn an_instance_goes_with_everything_in_it() {
    let mut world = World::of(Schema::connect());
    let create = json!({ "InstanceAlias": "short", "IdentityManagementType": "CONNECT_MANAGED",
        "InboundCallsEnabled": true, "OutboundCallsEnabled": true });
    let instance = created(&world.service, "CreateInstance", create);
    let arn = format!("arn:aws:connect:us-east-1:111122223333:instance/{instance}");
    world.made.insert("Instance", (Map::new(), json!({ "Id": instance, "Arn": arn })));
    world.make("Prompt");
    let tags = json!({ "resourceArn": world.made["Prompt"].1["PromptARN"] });
    ask(&world, "ListTagsForResource", tags.clone()).unwrap();
    call(&world.service, "DeleteInstance", json!({ "InstanceId": instance })).unwrap();
    assert!(ask(&world, "ListTagsForResource", tags).is_err());
}

#[test]
fn aliases_go_with_their_flow() {
    let mut world = World::of(Schema::connect());
    let flow = created(&world.service, "CreateContactFlow", flow("one"));
    let version = call(&world.service, "CreateContactFlowVersion", json!({ "ContactFlowId": flow })).unwrap();
    world.made.insert("ContactFlow", (Map::new(), json!({ "ContactFlowId": flow })));
    world.made.insert("ContactFlowVersion", (Map::new(), version));
    let alias = made(&mut world, "ContactFlowAlias", json!({ "AliasName": "alias" }));
    let named = json!({ "ContactFlowId": flow, "AliasId": alias });
    ask(&world, "DescribeContactFlowAlias", named.clone()).unwrap();
    call(&world.service, "DeleteContactFlow", json!({ "ContactFlowId": flow })).unwrap();
    assert_eq!(code_of(ask(&world, "DescribeContactFlowAlias", named)), code("ResourceNotFoundException", 404));
}

#[test]
fn associations_are_listed_until_they_end() {
    let mut world = World::of(Schema::connect());
    world.make("Queue");
    let queue = made(&mut world, "Queue", json!({ "QuickConnectIds": null, "Name": "listed" }));
    let quick = made(&mut world, "QuickConnect", json!({ "Name": "quick" }));
    let list = || ask(&world, "ListQueueQuickConnects", json!({ "QueueId": queue })).unwrap();
    assert_eq!(list()["QuickConnectSummaryList"], json!([]));
    let both = json!({ "QueueId": queue, "QuickConnectIds": [quick] });
    ask(&world, "AssociateQueueQuickConnects", both.clone()).unwrap();
    ask(&world, "AssociateQueueQuickConnects", both.clone()).unwrap();
    let shown = list()["QuickConnectSummaryList"].clone();
    assert_eq!(
        (shown.as_array().map(Vec::len), &shown[0]["Id"], &shown[0]["Name"]),
        (Some(1), &quick, &json!("quick"))
    );
    ask(&world, "DisassociateQueueQuickConnects", both).unwrap();
    assert_eq!(list()["QuickConnectSummaryList"], json!([]));
    let stranger = json!({ "QueueId": quick, "QuickConnectIds": [quick] });
    assert_eq!(code_of(ask(&world, "AssociateQueueQuickConnects", stranger)), code("ResourceNotFoundException", 404));

    world.make("User");
    let user = id_of(world.kind("User"), &world.made["User"]);
    let proficiency = |level: f64| json!({ "AttributeName": "language", "AttributeValue": "french", "Level": level });
    let act = |operation: &str, items: Value| {
        ask(&world, operation, json!({ "UserId": user, "UserProficiencies": items })).unwrap();
        ask(&world, "ListUserProficiencies", json!({ "UserId": user })).unwrap()["UserProficiencyList"].clone()
    };
    assert_eq!(act("AssociateUserProficiencies", json!([proficiency(1.0)])), json!([proficiency(1.0)]));
    assert_eq!(act("UpdateUserProficiencies", json!([proficiency(3.0)])), json!([proficiency(3.0)]));
    let key = json!([{ "AttributeName": "language", "AttributeValue": "french" }]);
    assert_eq!(act("DisassociateUserProficiencies", key), json!([]));

    let vocabulary = |language: &str| {
        ask(&world, "AssociateDefaultVocabulary", json!({ "LanguageCode": language, "VocabularyId": "v" })).unwrap();
    };
    vocabulary("de-DE");
    vocabulary("fr-FR");
    let german = ask(&world, "ListDefaultVocabularies", json!({ "LanguageCode": "de-DE" })).unwrap();
    let german = german["DefaultVocabularyList"].as_array().cloned().unwrap();
    assert_eq!(german.iter().map(|item| &item["LanguageCode"]).collect::<Vec<_>>(), ["de-DE"]);

    let bot = json!({ "Name": "bot", "LexRegion": "us-east-1" });
    let bots = || ask(&world, "ListLexBots", json!({})).unwrap()["LexBots"].clone();
    ask(&world, "AssociateLexBot", json!({ "LexBot": bot })).unwrap();
    assert_eq!(bots(), json!([bot]));
    ask(&world, "DisassociateLexBot", json!({ "BotName": "bot", "LexRegion": "us-east-1" })).unwrap();
    assert_eq!(bots(), json!([]));
}

#[test]
fn searches_interpret_the_criteria_of_any_kind() {
    let mut world = World::of(Schema::connect());
    let tags = |value: &str| json!({ "team": value });
    let red = made(&mut world, "Prompt", json!({ "Name": "red one", "Description": "warm", "Tags": tags("a") }));
    let blue = made(&mut world, "Prompt", json!({ "Name": "blue one", "Description": "cold", "Tags": tags("b") }));
    let found = |input: Value| {
        let output = ask(&world, "SearchPrompts", input).unwrap();
        let ids: Vec<Value> =
            output["Prompts"].as_array().unwrap().iter().map(|item| item["PromptId"].clone()).collect();
        assert_eq!(output["ApproximateTotalCount"], ids.len());
        Value::from(ids)
    };
    let text = |field: &str, comparison: &str, value: &str| json!({ "StringCondition": { "FieldName": field, "ComparisonType": comparison, "Value": value } });
    let criteria = |criteria: Value| found(json!({ "SearchCriteria": criteria }));
    assert_eq!(found(json!({})), json!([red, blue]));
    assert_eq!(criteria(text("name", "EXACT", "red one")), json!([red]));
    assert_eq!(criteria(text("name", "STARTS_WITH", "blue")), json!([blue]));
    assert_eq!(criteria(text("name", "CONTAINS", "one")), json!([red, blue]));
    assert_eq!(criteria(text("name", "EXACT", "Red one")), json!([]));
    assert_eq!(criteria(text("description", "EXACT", "cold")), json!([blue]));
    assert_eq!(criteria(text("resourceID", "EXACT", red.as_str().unwrap())), json!([red]));
    let (one, other) = (text("name", "CONTAINS", "red"), text("description", "EXACT", "cold"));
    assert_eq!(criteria(json!({ "AndConditions": [one, other] })), json!([]));
    assert_eq!(criteria(json!({ "OrConditions": [one, other] })), json!([red, blue]));
    assert_eq!(criteria(json!({ "AndConditions": [{ "OrConditions": [one, other] }, one] })), json!([red]));
    let tag = |value: &str| json!({ "TagKey": "team", "TagValue": value });
    let tagged = |filter: Value| found(json!({ "SearchFilter": { "TagFilter": filter } }));
    assert_eq!(tagged(json!({ "TagCondition": tag("a") })), json!([red]));
    assert_eq!(tagged(json!({ "OrConditions": [[tag("a")], [tag("b")]] })), json!([red, blue]));
    assert_eq!(tagged(json!({ "AndConditions": [tag("a"), tag("b")] })), json!([]));
}

#[test]
fn searches_lag_behind_lists() {
    let config = Config { search_lag: std::time::Duration::from_secs(3600), ..Config::default() };
    let mut world = World::of(Schema::connect());
    world.service = Service::new(Schema::connect(), &config);
    made(&mut world, "Prompt", json!({}));
    assert_eq!(ask(&world, "SearchPrompts", json!({})).unwrap()["Prompts"], json!([]));
    assert_eq!(ask(&world, "ListPrompts", json!({})).unwrap()["PromptSummaryList"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_list_is_narrowed_by_the_members_of_its_input() {
    let mut world = World::of(foreign::models()[0]);
    made(&mut world, "Rack", json!({ "rackName": "first", "color": "RED" }));
    made(&mut world, "Rack", json!({ "rackName": "second", "color": "BLUE" }));
    let list = |input: Value| {
        let output = world.call(world.schema.operation_named("ListRacks").unwrap(), input.as_object().unwrap());
        let items = output.unwrap()["racks"].as_array().cloned().unwrap();
        items.iter().map(|item| item["rackName"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(json!({})), ["first", "second"]);
    assert_eq!(list(json!({ "color": "BLUE" })), ["second"]);
}

#[test]
fn settings_are_shown_as_they_were_set() {
    let mut world = World::of(Schema::connect());
    let attribute = |kind: &str| {
        ask(&world, "DescribeInstanceAttribute", json!({ "AttributeType": kind })).unwrap()["Attribute"].clone()
    };
    let set = |kind: &str, value: &str| {
        ask(&world, "UpdateInstanceAttribute", json!({ "AttributeType": kind, "Value": value })).unwrap();
    };
    set("INBOUND_CALLS", "true");
    set("OUTBOUND_CALLS", "false");
    assert_eq!(attribute("INBOUND_CALLS"), json!({ "AttributeType": "INBOUND_CALLS", "Value": "true" }));
    set("INBOUND_CALLS", "false");
    assert_eq!(attribute("INBOUND_CALLS")["Value"], "false");
    world.make("TrafficDistributionGroup");
    let id = world.made["TrafficDistributionGroup"].1["Id"].clone();
    let telephony = json!({ "Distributions": [{ "Region": "us-east-1", "Percentage": 100 }] });
    ask(&world, "UpdateTrafficDistribution", json!({ "Id": id, "TelephonyConfig": telephony })).unwrap();
    let shown = ask(&world, "GetTrafficDistribution", json!({ "Id": id })).unwrap();
    assert_eq!((&shown["TelephonyConfig"], &shown["Id"]), (&telephony, &id));
}

#[test]
fn pages_that_no_operation_fills_have_samples() {
    let garden = foreign::models().pop().unwrap();
    let mut world = World::of(garden);
    let hedge = made(&mut world, "Hedge", json!({ "name": "beech" }));
    let pages = |operation: &str, input: Value| {
        let (mut input, mut pages) = (input, Vec::new());
        loop {
            let id = garden.operation_named(operation).unwrap();
            let request = encode_request(garden, id, &input).unwrap();
            let response = world.service.handle(&request);
            let page = decode_response(garden, id, &response, &WireLimits::default()).unwrap().value;
            let next = page.get("nextToken").cloned();
            pages.push(page);
            match next {
                Some(next) => input["nextToken"] = next,
                None => return pages,
            }
        }
    };
    let lengths =
        |pages: &[Value]| -> Vec<usize> { pages.iter().map(|page| page["leaves"].as_array().unwrap().len()).collect() };
    let one_by_one = pages("GetHedge", json!({ "hedgeId": hedge, "size": 1 }));
    assert!(one_by_one.iter().all(|page| page["hedgeId"] == hedge && page["name"] == "beech"), "{one_by_one:?}");
    assert_eq!(lengths(&one_by_one), [1; 5]);
    // No page is longer than the model allows.
    assert_eq!(lengths(&pages("GetHedge", json!({ "hedgeId": hedge, "size": 5 }))), [2, 2, 1]);
    assert_eq!(lengths(&pages("DescribeFenceHistory", json!({}))), [2, 2, 1]);
}
