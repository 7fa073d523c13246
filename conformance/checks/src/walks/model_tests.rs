//! Tests of the reference with invented responses.
#![allow(clippy::unwrap_used)]
use std::collections::HashMap;

use serde_json::{Value, json};

use crate::walks::model::{Answer, Comparison, Model};
use crate::walks::reads::render;
use crate::walks::step::{Item, Kind, Step, Tags};

const FLOW: Item = Item { kind: Kind::Flow, number: 0 };

fn refused(status: u16, code: &str) -> Answer {
    Answer::Refused(status, Some(code.to_owned()))
}

fn not_found() -> Answer {
    refused(404, "ResourceNotFoundException")
}

fn not_published() -> Answer {
    refused(404, "ContactFlowNotPublishedException")
}

fn accepted() -> Answer {
    Answer::Accepted(json!({}))
}

/// The description of an active flow without tags.
fn shows(name: u8, text: u8) -> Answer {
    shows_with(name, text, json!({ "State": "ACTIVE" }))
}

fn shows_with(name: u8, text: u8, rest: Value) -> Answer {
    let mut flow = json!({ "Name": format!("n{name}"), "Type": "CONTACT_FLOW", "Content": render(Kind::Flow, text) });
    flow.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Answer::Accepted(json!({ "ContactFlow": flow }))
}

fn model() -> Model {
    let names = [Kind::Flow, Kind::Module, Kind::Rule]
        .into_iter()
        .flat_map(|kind| (0..4).map(move |name| ((kind, name), format!("n{name}"))));
    Model::new(HashMap::from_iter(names))
}

fn create(name: u8, saved: bool) -> Step {
    Step::Create { kind: Kind::Flow, name, text: 0, saved, tags: Tags::new() }
}

fn created(id: &str) -> Answer {
    Answer::Accepted(json!({ "ContactFlowId": id, "ContactFlowArn": format!("arn:{id}") }))
}

fn apply(model: &mut Model, step: &Step, answer: &Answer) -> Comparison {
    model.apply(step, &json!({ "Type": "CONTACT_FLOW" }), answer)
}

/// A model with one flow, either published or only saved.
fn with_flow(saved: bool) -> Model {
    let mut model = model();
    apply(&mut model, &create(0, saved), &created("a")).unwrap();
    model
}

const PLAIN: Step = Step::Describe { of: FLOW, draft: false };
const DRAFT: Step = Step::Describe { of: FLOW, draft: true };

#[test]
fn a_saved_flow_is_not_published() {
    let mut model = with_flow(true);
    assert!(apply(&mut model, &PLAIN, &shows(0, 0)).unwrap_err().expected.contains("was only saved"));
    assert!(apply(&mut model, &PLAIN, &not_found()).is_err());
    assert!(apply(&mut model, &PLAIN, &Answer::Refused(404, None)).is_ok());
    assert!(apply(&mut model, &PLAIN, &not_published()).is_ok());
    assert!(apply(&mut model, &DRAFT, &not_found()).is_err());
    assert!(apply(&mut model, &DRAFT, &shows(0, 1)).is_err());
    assert!(apply(&mut model, &DRAFT, &shows(0, 0)).is_ok());
}

#[test]
fn a_published_flow_is_described_and_mismatches_change_nothing() {
    let mut model = with_flow(false);
    for wrong in [shows(1, 0), shows(0, 1), not_published(), not_found(), accepted()] {
        assert!(apply(&mut model, &PLAIN, &wrong).is_err(), "{wrong:?}");
    }
    assert!(apply(&mut model, &PLAIN, &shows(0, 0)).is_ok());
    let other_type = shows_with(0, 0, json!({ "Type": "AGENT_HOLD" }));
    assert_eq!(apply(&mut model, &PLAIN, &other_type).unwrap_err().pointer, "/ContactFlow/Type");
    // It is not documented if a published flow has a draft, too.
    assert!(apply(&mut model, &DRAFT, &not_found()).is_ok());
}

#[test]
fn an_edit_is_visible_in_the_published_content_or_in_the_draft() {
    let edit = Step::Edit { of: FLOW, text: 1 };
    for (plain, draft, fits) in [(1, 1, true), (0, 1, true), (1, 0, true), (0, 0, false), (2, 1, false)] {
        let mut model = with_flow(false);
        apply(&mut model, &edit, &accepted()).unwrap();
        let both =
            apply(&mut model, &PLAIN, &shows(0, plain)).and_then(|()| apply(&mut model, &DRAFT, &shows(0, draft)));
        assert_eq!(both.is_ok(), fits, "{plain} {draft}");
        let mut model = with_flow(false);
        apply(&mut model, &edit, &accepted()).unwrap();
        let both =
            apply(&mut model, &DRAFT, &shows(0, draft)).and_then(|()| apply(&mut model, &PLAIN, &shows(0, plain)));
        assert_eq!(both.is_ok(), fits, "draft first: {plain} {draft}");
    }
    let mut model = with_flow(false);
    assert!(apply(&mut model, &edit, &not_found()).is_err());
}

#[test]
fn an_edit_of_a_saved_flow_may_publish_it_or_not_or_be_rejected() {
    let edit = Step::Edit { of: FLOW, text: 1 };
    for (answer, plain, draft) in [
        (accepted(), shows(0, 1), shows(0, 1)),
        (accepted(), not_published(), shows(0, 1)),
        (refused(400, "InvalidRequestException"), not_published(), shows(0, 0)),
    ] {
        let mut model = with_flow(true);
        apply(&mut model, &edit, &answer).unwrap();
        apply(&mut model, &PLAIN, &plain).unwrap();
        apply(&mut model, &DRAFT, &draft).unwrap();
        // The state is known now.
        apply(&mut model, &PLAIN, &plain).unwrap();
        assert_eq!(model.learned.len(), 1);
    }
    let mut model = with_flow(true);
    apply(&mut model, &edit, &accepted()).unwrap();
    apply(&mut model, &PLAIN, &not_published()).unwrap();
    assert!(apply(&mut model, &DRAFT, &shows(0, 0)).is_err(), "the edit is lost");
}

#[test]
fn an_endpoint_may_lag_but_never_returns_to_an_old_state() {
    let edit = Step::Edit { of: FLOW, text: 1 };
    for (saved, old) in [(false, shows(0, 0)), (true, not_published())] {
        let mut model = with_flow(saved);
        apply(&mut model, &edit, &accepted()).unwrap();
        apply(&mut model, &PLAIN, &old).unwrap();
        apply(&mut model, &DRAFT, &shows(0, 1)).unwrap();
        apply(&mut model, &PLAIN, &shows(0, 1)).unwrap();
        assert!(apply(&mut model, &PLAIN, &old).is_err());
    }
}

#[test]
fn an_edit_of_the_draft_does_not_publish() {
    let mut model = with_flow(false);
    apply(&mut model, &Step::EditDraft { of: FLOW, text: 1 }, &accepted()).unwrap();
    assert!(apply(&mut model, &PLAIN, &shows(0, 1)).is_err());
    assert!(apply(&mut model, &PLAIN, &shows(0, 0)).is_ok());
    assert!(apply(&mut model, &DRAFT, &shows(0, 0)).is_err());
    assert!(apply(&mut model, &DRAFT, &shows(0, 1)).is_ok());
}

#[test]
fn a_name_is_taken_while_a_resource_has_it() {
    let mut model = with_flow(false);
    let conflict = refused(409, "DuplicateResourceException");
    assert!(apply(&mut model, &create(0, false), &created("b")).unwrap_err().expected.starts_with("409: flow#0"));
    assert!(apply(&mut model, &create(0, false), &not_found()).is_err());
    assert!(apply(&mut model, &create(0, false), &conflict).is_ok());
    assert!(apply(&mut model, &create(1, false), &conflict).is_err());
    assert!(apply(&mut model, &create(1, false), &created("a")).unwrap_err().expected.contains("flow#0"));
    apply(&mut model, &create(1, false), &created("b")).unwrap();
    let rename = Step::Rename { of: FLOW, name: 1 };
    assert!(apply(&mut model, &rename, &accepted()).is_err());
    assert!(apply(&mut model, &rename, &conflict).is_ok());
    apply(&mut model, &Step::Delete { of: Item { number: 1, ..FLOW } }, &accepted()).unwrap();
    assert!(apply(&mut model, &rename, &conflict).is_err());
    assert!(apply(&mut model, &rename, &accepted()).is_ok());
    assert!(apply(&mut model, &PLAIN, &shows(0, 0)).is_err());
    assert!(apply(&mut model, &PLAIN, &shows(1, 0)).is_ok());
    assert!(apply(&mut model, &create(0, false), &created("c")).is_ok());
}

#[test]
fn every_step_on_a_deleted_resource_is_rejected() {
    let mut model = with_flow(true);
    assert!(apply(&mut model, &Step::Delete { of: FLOW }, &not_found()).is_err());
    apply(&mut model, &Step::Delete { of: FLOW }, &accepted()).unwrap();
    let steps = [
        PLAIN,
        DRAFT,
        Step::Delete { of: FLOW },
        Step::Rename { of: FLOW, name: 2 },
        Step::Edit { of: FLOW, text: 2 },
        Step::ListTags { of: FLOW },
        Step::Version { of: FLOW },
    ];
    for step in steps {
        assert!(apply(&mut model, &step, &accepted()).is_err(), "{step:?}");
        // This error means that the flow still exists.
        assert!(apply(&mut model, &step, &not_published()).is_err(), "{step:?}");
        assert!(apply(&mut model, &step, &not_found()).is_ok(), "{step:?}");
    }
    let listed = |items: Value| Answer::Accepted(items);
    let list = Step::List { kind: Kind::Flow, pages: false };
    assert!(apply(&mut model, &list, &listed(json!([{ "Id": "a", "Name": "n0" }]))).is_err());
    assert!(apply(&mut model, &list, &listed(json!([{ "Id": "x", "Name": "somebody else's" }]))).is_ok());
}

#[test]
fn lists_show_existing_resources_with_their_names() {
    let mut model = with_flow(false);
    let list = Step::List { kind: Kind::Flow, pages: true };
    let listed = |items: Value| Answer::Accepted(items);
    assert!(apply(&mut model, &list, &listed(json!([]))).is_err());
    assert!(apply(&mut model, &list, &listed(json!([{ "Id": "a", "Name": "n1" }]))).is_err());
    assert!(
        apply(&mut model, &list, &listed(json!([{ "Id": "x", "Name": "y" }, { "Id": "a", "Name": "n0" }]))).is_ok()
    );
    // It is unknown if lists show archived resources.
    apply(&mut model, &Step::Archive { of: FLOW, archived: true, name: None }, &accepted()).unwrap();
    assert!(apply(&mut model, &list, &listed(json!([]))).is_ok());
}

#[test]
fn only_a_change_of_state_reactivates_a_resource() {
    let mut model = with_flow(false);
    apply(&mut model, &PLAIN, &shows_with(0, 0, json!({}))).unwrap();
    apply(&mut model, &Step::Archive { of: FLOW, archived: true, name: None }, &accepted()).unwrap();
    apply(&mut model, &Step::Rename { of: FLOW, name: 1 }, &accepted()).unwrap();
    let wrong = apply(&mut model, &PLAIN, &shows(1, 0)).unwrap_err();
    assert_eq!((wrong.pointer.as_str(), wrong.expected.as_str()), ("/ContactFlow/State", "\"ARCHIVED\""));
    assert!(apply(&mut model, &PLAIN, &shows_with(1, 0, json!({ "State": "ARCHIVED" }))).is_ok());
    // The member is optional, and new states may be added.
    assert!(apply(&mut model, &PLAIN, &shows_with(1, 0, json!({}))).is_ok());
    assert!(apply(&mut model, &PLAIN, &shows_with(1, 0, json!({ "State": "FROZEN" }))).is_ok());
    // It is unknown if archived resources can be deleted.
    assert!(apply(&mut model, &Step::Delete { of: FLOW }, &refused(400, "InvalidRequestException")).is_ok());
}

#[test]
fn tags_have_their_last_values_and_other_tags_are_ignored() {
    let mut model = with_flow(false);
    let tags = Tags::from([("ct-a".to_owned(), "1".to_owned()), ("ct-b".to_owned(), String::new())]);
    apply(&mut model, &Step::Tag { of: FLOW, tags }, &accepted()).unwrap();
    apply(&mut model, &Step::Untag { of: FLOW, keys: vec!["ct-a".to_owned()] }, &accepted()).unwrap();
    let list = Step::ListTags { of: FLOW };
    let tags = |tags: Value| Answer::Accepted(json!({ "tags": tags }));
    assert!(apply(&mut model, &list, &tags(json!({ "ct-b": "", "aws:x": "y" }))).is_ok());
    for wrong in [json!({}), json!({ "ct-b": "2" }), json!({ "ct-a": "1", "ct-b": "" }), Value::Null] {
        assert!(apply(&mut model, &list, &tags(wrong.clone())).is_err(), "{wrong}");
    }
    // Removing an absent key may succeed or be rejected.
    let untag = Step::Untag { of: FLOW, keys: vec!["ct-c".to_owned()] };
    assert!(apply(&mut model, &untag, &not_found()).is_ok());
    assert!(apply(&mut model, &untag, &accepted()).is_ok());
}

#[test]
fn version_numbers_increase_and_contents_stay() {
    let mut model = with_flow(false);
    let version = |number: i64| Answer::Accepted(json!({ "Version": number }));
    apply(&mut model, &Step::Version { of: FLOW }, &version(3)).unwrap();
    assert!(apply(&mut model, &Step::Version { of: FLOW }, &version(3)).is_err());
    apply(&mut model, &Step::Edit { of: FLOW, text: 1 }, &accepted()).unwrap();
    apply(&mut model, &PLAIN, &shows(0, 1)).unwrap();
    apply(&mut model, &Step::Version { of: FLOW }, &version(4)).unwrap();
    let describe = |nth| Step::DescribeVersion { of: FLOW, nth };
    assert!(apply(&mut model, &describe(0), &shows(0, 1)).is_err());
    assert!(apply(&mut model, &describe(0), &shows(0, 0)).is_ok());
    assert!(apply(&mut model, &describe(1), &shows(0, 1)).is_ok());
    assert!(apply(&mut model, &describe(1), &not_found()).is_err());
    let list = Step::ListVersions { of: FLOW };
    assert!(apply(&mut model, &list, &Answer::Accepted(json!([{ "Version": 4 }]))).is_err());
    assert!(apply(&mut model, &list, &Answer::Accepted(json!([{ "Version": 4 }, { "Version": 3 }]))).is_ok());
}

#[test]
fn a_token_creates_one_resource() {
    let mut model = model();
    let create = Step::Create { kind: Kind::Module, name: 0, text: 0, saved: false, tags: Tags::new() };
    let created = |id: &str| Answer::Accepted(json!({ "Id": id, "Arn": format!("arn:{id}") }));
    apply(&mut model, &create, &created("a")).unwrap();
    let item = Item { kind: Kind::Module, number: 0 };
    let again = Step::CreateAgain { of: item };
    assert!(apply(&mut model, &again, &created("b")).unwrap_err().expected.starts_with("a, the id of module#0"));
    assert!(apply(&mut model, &again, &created("a")).is_ok());
    assert_eq!(model.items().count(), 1);
    // It is unknown if tokens of deleted resources are remembered.
    apply(&mut model, &Step::Delete { of: item }, &accepted()).unwrap();
    assert!(apply(&mut model, &again, &refused(409, "IdempotencyException")).is_ok());
    assert!(apply(&mut model, &again, &created("a")).is_ok());
    assert_eq!(model.items().filter(|(_, resource)| resource.alive).count(), 0);
    assert!(apply(&mut model, &again, &created("b")).is_ok());
    assert_eq!(model.items().filter(|(_, resource)| resource.alive).count(), 1);
}

#[test]
fn what_follows_from_a_difference_is_not_judged_again() {
    // A flow that was only saved is shown: its content is in doubt, its name and the other flows are judged.
    let mut model = with_flow(true);
    let describe = Step::Describe { of: FLOW, draft: false };
    let mismatch = apply(&mut model, &describe, &shows(0, 0)).unwrap_err();
    model.assume(&describe, &shows(0, 0), &mismatch);
    for text in [0, 1] {
        apply(&mut model, &describe, &shows(0, text)).unwrap();
    }
    assert_eq!(apply(&mut model, &describe, &shows(1, 0)).unwrap_err().pointer, "/ContactFlow/Name");

    // A wrong name: lists may show it, too, and the old name may be free or taken.
    let mut model = with_flow(false);
    let mismatch = apply(&mut model, &describe, &shows(1, 0)).unwrap_err();
    model.assume(&describe, &shows(1, 0), &mismatch);
    apply(&mut model, &describe, &shows(1, 0)).unwrap();
    apply(&mut model, &create(0, false), &refused(409, "DuplicateResourceException")).unwrap();
    apply(&mut model, &create(0, false), &created("other")).unwrap();

    // A deletion that is refused: nothing is known about the flow any more.
    let mut model = with_flow(false);
    let delete = Step::Delete { of: FLOW };
    let mismatch = apply(&mut model, &delete, &not_found()).unwrap_err();
    model.assume(&delete, &not_found(), &mismatch);
    for answer in [shows(0, 0), shows(2, 3), not_found(), not_published()] {
        apply(&mut model, &describe, &answer).unwrap();
    }

    // A name that is refused although it is free may be taken; other names are judged.
    let mut model = with_flow(false);
    let conflict = refused(409, "DuplicateResourceException");
    let mismatch = apply(&mut model, &create(1, false), &conflict).unwrap_err();
    model.assume(&create(1, false), &conflict, &mismatch);
    apply(&mut model, &create(1, false), &conflict).unwrap();
    apply(&mut model, &create(2, false), &conflict).unwrap_err();
}

#[test]
fn after_a_server_error_a_read_tells_what_the_call_did() {
    let of = Item { kind: Kind::Flow, number: 0 };
    let describe = Step::Describe { of, draft: false };
    // A rename and an edit may have been performed, or not.
    for (name, text, agrees) in [(0, 0, true), (1, 0, true), (2, 0, false), (0, 1, true), (1, 1, true), (1, 2, false)] {
        let mut model = with_flow(false);
        model.forget(&Step::Rename { of, name: 1 });
        model.forget(&Step::Edit { of, text: 1 });
        assert_eq!(apply(&mut model, &describe, &shows(name, text)).is_ok(), agrees, "{name} {text}");
    }
    // Once the new name was shown, the old one is wrong.
    let mut model = with_flow(false);
    model.forget(&Step::Rename { of, name: 1 });
    assert!(apply(&mut model, &describe, &shows(1, 0)).is_ok());
    assert!(apply(&mut model, &describe, &shows(0, 0)).is_err());
    // A deletion that failed leaves the flow, or does not; then it must stay deleted.
    let mut model = with_flow(false);
    model.forget(&Step::Delete { of });
    assert!(apply(&mut model, &describe, &shows(0, 0)).is_ok());
    assert!(apply(&mut model, &describe, &not_found()).is_ok());
    assert!(apply(&mut model, &describe, &shows(0, 0)).is_err());
    // Members that the call did not touch are judged as before.
    let mut model = with_flow(false);
    model.forget(&Step::Tag { of, tags: Tags::new() });
    assert!(apply(&mut model, &describe, &shows(1, 0)).is_err());
}
