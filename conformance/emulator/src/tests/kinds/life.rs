//! Every kind: created, described, listed, searched, updated, tagged, deleted.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Kinds of a model whose resources are kept by the graph.
pub(super) fn kept(schema: &'static Schema) -> Vec<&'static Kind> {
    let special = ["Instance", "ContactFlow", "ContactFlowModule", "ContactFlowVersion", "Rule"];
    let all = resources::shared(schema).kinds().iter();
    all.filter(|kind| !schema.service.is_connect() || !special.contains(&kind.noun.as_str())).collect()
}

pub(super) fn models() -> Vec<&'static Schema> {
    foreign::models().into_iter().chain([Schema::connect()]).collect()
}

/// Runs a test for every kind of every model, and reports all failures together.
fn for_each(test: impl Fn(&'static Schema, &'static Kind) + std::panic::RefUnwindSafe) {
    let mut failures = Vec::new();
    for schema in models() {
        for kind in kept(schema) {
            if let Err(failure) = std::panic::catch_unwind(|| test(schema, kind)) {
                let text = failure.downcast_ref::<String>().cloned().unwrap_or_else(|| "failed".to_owned());
                failures.push(format!(
                    "{} {}: {}",
                    schema.service.sdk_id,
                    kind.noun,
                    text.chars().take(900).collect::<String>()
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The description without its wrapper.
fn described(world: &World, kind: &Kind, made: &(Map<String, Value>, Value)) -> Option<Result<Value, ErrorAnswer>> {
    let action = kind.first(Role::Describe)?;
    let output = world.call(action.operation, &names(action, made));
    Some(output.map(|output| match kind.wrapper(world.schema) {
        Some((member, _)) => output[&member.name].clone(),
        None => output,
    }))
}

/// Facts that two structures share and that have one shape: pointers into both.
fn facts(world: &World, kind: &Kind, id: OperationId) -> Vec<(String, String)> {
    let schema = world.schema;
    let (Some(left), Some(right)) = (schema.input_members(&schema[id]), kind.described(schema)) else {
        return Vec::new();
    };
    let shared = schema.shared(left, right).into_iter();
    let same = shared.filter(|pair| {
        let ours = left.get(&pair.left[1..]).map(|member| member.slot.target);
        ours.is_some() && ours == right.get(&pair.right[1..]).map(|member| member.slot.target)
    });
    same.map(|pair| (pair.left, pair.right)).collect()
}

#[test]
fn a_resource_of_any_kind_lives_until_it_is_deleted() {
    let lives = AtomicUsize::new(0);
    for_each(|schema, kind| {
        let mut world = World::of(schema);
        world.make(&kind.noun);
        let one = world.made[kind.noun.as_str()].clone();
        let two = world.another(kind);
        let (first, second) = (id_of(kind, &one), id_of(kind, &two));
        assert_ne!(first, second, "{}", kind.noun);
        let is_arn = kind.id == Source::Output(kind.arn.clone().unwrap_or_default());
        assert!(!is_arn || first.as_str().is_some_and(|id| id.starts_with("arn:")), "{}: {first}", kind.noun);
        let noun = &kind.noun;
        if let Some(shown) = described(&world, kind, &one) {
            let shown = shown.unwrap();
            assert_eq!(described(&world, kind, &one), Some(Ok(shown.clone())), "{noun}");
            for (asked, answer) in facts(&world, kind, kind.create) {
                let sent = Value::Object(one.0.clone());
                // The id is assigned, also where another id of its shape is in the request.
                let is_own = answer.eq_ignore_ascii_case("/tags") || shown.pointer(&answer) == Some(&first);
                if let Some(sent) = sent.pointer(&asked).filter(|_| !is_own) {
                    assert_eq!(shown.pointer(&answer), Some(sent), "{noun} {answer}: {shown}");
                }
            }
        }
        for action in kind.actions.iter().filter(|action| matches!(action.role, Role::List | Role::Search)) {
            let items = listed(&world, action, names(action, &one));
            for id in [&first, &second] {
                let count = items.iter().filter(|item| is_item(action, item, id)).count();
                assert_eq!(count, 1, "{noun} {}: {id} in {items:?}", schema[action.operation].name);
            }
        }
        let Some(delete) = kind.first(Role::Delete) else { return };
        world.call(delete.operation, &names(delete, &one)).unwrap();
        let again = world.call(delete.operation, &names(delete, &one));
        assert!(again.is_err(), "{noun}: {again:?}");
        if let Some(shown) = described(&world, kind, &one) {
            assert!(shown.is_err(), "{noun}: {shown:?}");
            assert!(described(&world, kind, &two).unwrap().is_ok(), "{noun}");
            lives.fetch_add(1, Ordering::Relaxed);
        }
        for action in kind.actions.iter().filter(|action| matches!(action.role, Role::List | Role::Search)) {
            let items = listed(&world, action, names(action, &two));
            let has = |id: &Value| items.iter().any(|item| is_item(action, item, id));
            assert!(!has(&first) && has(&second), "{noun} {}", schema[action.operation].name);
        }
    });
    let lives = lives.into_inner();
    assert!(lives > 20, "{lives}");
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let changed = AtomicUsize::new(0);
    for_each(|schema, kind| {
        if kind.first(Role::Describe).is_none() {
            return;
        }
        let mut world = World::of(schema);
        world.make(&kind.noun);
        let mut one = world.made[kind.noun.as_str()].clone();
        for action in kind.all(Role::Update) {
            let before = described(&world, kind, &one).unwrap().unwrap();
            let mut input = world.input(action.operation);
            input.extend(names(action, &one));
            world.call(action.operation, &input).unwrap();
            // A name that is the id may be changed as well.
            if let Source::Input(id) = &kind.id
                && let Some(renamed) = input.get(id).filter(|renamed| !renamed.is_null())
            {
                one.0.insert(id.clone(), renamed.clone());
            }
            let after = described(&world, kind, &one).unwrap().unwrap();
            let facts = facts(&world, kind, action.operation);
            let sent = Value::Object(input.clone());
            for (asked, answer) in &facts {
                let named = action.names.iter().any(|(name, _)| asked[1..] == **name);
                match sent.pointer(asked).filter(|value| !value.is_null() && !named) {
                    Some(sent) => {
                        assert_eq!(after.pointer(answer), Some(sent), "{} {answer}", schema[action.operation].name);
                        changed.fetch_add(1, Ordering::Relaxed);
                    }
                    None => assert_eq!(after.pointer(answer), before.pointer(answer), "{} {answer}", kind.noun),
                }
            }
        }
    });
    let changed = changed.into_inner();
    assert!(changed > 30, "{changed}");
}

/// The tags on all pages.
fn listed_tags(world: &World, named: &Map<String, Value>) -> Value {
    let tagging = world.graph.tagging.as_ref().unwrap();
    let (mut input, mut all) = (named.clone(), Vec::new());
    loop {
        let mut page = world.call(tagging.list, &input).unwrap();
        all.push(page[&tagging.tags].take());
        match page.get("nextToken") {
            Some(next) => input.insert("nextToken".to_owned(), next.clone()),
            None => break,
        };
    }
    match &all[..] {
        [Value::Object(_), _, ..] => {
            assert!(all.iter().all(|page| page.as_object().unwrap().len() <= 2), "{all:?}");
            all.iter().flat_map(|page| page.as_object().unwrap().clone()).collect::<Map<_, _>>().into()
        }
        [one] => one.clone(),
        pages => pages.iter().flat_map(|page| page.as_array().unwrap().clone()).collect(),
    }
}

#[test]
fn tags_are_kept_by_arn_and_shown() {
    let mut tagged = 0;
    for schema in models() {
        let Some(tagging) = resources::shared(schema).tagging.as_ref() else { continue };
        for kind in kept(schema).into_iter().filter(|kind| kind.arn.is_some()) {
            let mut world = World::of(schema);
            world.make(&kind.noun);
            let one = world.made[kind.noun.as_str()].clone();
            let path = kind.arn.as_ref().unwrap();
            let arn = path.iter().fold(&one.1, |value, name| &value[name]).clone();
            assert!(arn.is_string(), "{}: {one:?}", kind.noun);
            let named = Map::from_iter([(tagging.arn.clone(), arn.clone())]);
            let mut tag = world.input(tagging.tag);
            tag.extend(named.clone());
            let tags = tag[&tagging.tags].clone();
            world.call(tagging.tag, &tag).unwrap();
            let all = listed_tags(&world, &named);
            let keys: Vec<Value> = match &tags {
                Value::Object(tags) => tags.keys().map(|key| key.as_str().into()).collect(),
                Value::Array(tags) => tags.iter().map(|tag| tag["key"].clone()).collect(),
                other => panic!("{other}"),
            };
            let has = |all: &Value, key: &Value| match all {
                Value::Array(all) => all.iter().any(|tag| tag["key"] == *key),
                all => all.get(key.as_str().unwrap()).is_some(),
            };
            assert!(keys.iter().all(|key| has(&all, key)), "{}: {keys:?} in {all}", kind.noun);
            let mut untag = named.clone();
            untag.insert(tagging.keys.clone(), keys.clone().into());
            world.call(tagging.untag, &untag).unwrap();
            let rest = listed_tags(&world, &named);
            assert!(!keys.iter().any(|key| has(&rest, key)), "{}: {keys:?} in {rest}", kind.noun);
            tagged += 1;
            if let Some(delete) = kind.first(Role::Delete) {
                world.call(delete.operation, &names(delete, &one)).unwrap();
                assert!(world.call(tagging.list, &named).is_err(), "{}", kind.noun);
            }
        }
    }
    assert!(tagged > 20, "{tagged}");
}

#[test]
fn a_resource_is_not_seen_in_another_parent() {
    let schema = Schema::connect();
    for kind in
        kept(schema).into_iter().filter(|kind| kind.parents.first().is_some_and(|(name, _)| name == "InstanceId"))
    {
        let mut world = World::of(schema);
        world.make(&kind.noun);
        let one = world.made[kind.noun.as_str()].clone();
        let elsewhere = created(
            &world.service,
            "CreateInstance",
            json!({ "InstanceAlias": "elsewhere", "IdentityManagementType": "CONNECT_MANAGED", "InboundCallsEnabled": true, "OutboundCallsEnabled": true }),
        );
        for action in &kind.actions {
            let operation = &schema[action.operation];
            let input = names(action, &one);
            if !input.contains_key("InstanceId") {
                continue;
            }
            let mut other = input.clone();
            other.insert("InstanceId".to_owned(), elsewhere.as_str().into());
            match action.role {
                // A parent inside the instance does not exist elsewhere.
                Role::List | Role::Search if input.len() == 1 => {
                    let found = listed(&world, action, other);
                    assert!(found.is_empty(), "{}: {found:?}", operation.name);
                }
                Role::Describe | Role::Delete => {
                    let seen = world.call(action.operation, &other);
                    assert_eq!(seen.as_ref().map_err(|error| error.status), Err(404), "{}: {seen:?}", operation.name);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_rest_is_synthesized() {
    let synthesized = service().synthesized();
    assert!(synthesized.len() <= 95, "{} {synthesized:?}", synthesized.len());
    assert!(synthesized.contains(&"StartOutboundVoiceContact") && !synthesized.contains(&"DescribeQueue"));
}
