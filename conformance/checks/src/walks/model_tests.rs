//! The reference by itself: answers are made up.
#![allow(clippy::unwrap_used)]
use std::collections::HashMap;

use serde_json::{Value, json};

use crate::walks::look::render;
use crate::walks::model::{Answer, Judged, Model};
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

fn done() -> Answer {
    Answer::Accepted(json!({}))
}

/// A flow as it is shown, active and without tags.
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

fn made(id: &str) -> Answer {
    Answer::Accepted(json!({ "ContactFlowId": id, "ContactFlowArn": format!("arn:{id}") }))
}

fn take(model: &mut Model, step: &Step, answer: &Answer) -> Judged {
    model.take(step, &json!({ "Type": "CONTACT_FLOW" }), answer)
}

/// A model with one flow, published or only saved.
fn with_flow(saved: bool) -> Model {
    let mut model = model();
    take(&mut model, &create(0, saved), &made("a")).unwrap();
    model
}

const PLAIN: Step = Step::Describe { of: FLOW, draft: false };
const DRAFT: Step = Step::Describe { of: FLOW, draft: true };

#[test]
fn what_was_only_saved_is_not_published() {
    let mut model = with_flow(true);
    assert!(take(&mut model, &PLAIN, &shows(0, 0)).unwrap_err().expected.contains("was only saved"));
    assert!(take(&mut model, &PLAIN, &not_found()).is_err());
    assert!(take(&mut model, &PLAIN, &Answer::Refused(404, None)).is_ok());
    assert!(take(&mut model, &PLAIN, &not_published()).is_ok());
    assert!(take(&mut model, &DRAFT, &not_found()).is_err());
    assert!(take(&mut model, &DRAFT, &shows(0, 1)).is_err());
    assert!(take(&mut model, &DRAFT, &shows(0, 0)).is_ok());
}

#[test]
fn what_is_published_is_shown_and_a_mismatch_changes_nothing() {
    let mut model = with_flow(false);
    for wrong in [shows(1, 0), shows(0, 1), not_published(), not_found(), done()] {
        assert!(take(&mut model, &PLAIN, &wrong).is_err(), "{wrong:?}");
    }
    assert!(take(&mut model, &PLAIN, &shows(0, 0)).is_ok());
    let other_type = shows_with(0, 0, json!({ "Type": "AGENT_HOLD" }));
    assert_eq!(take(&mut model, &PLAIN, &other_type).unwrap_err().pointer, "/ContactFlow/Type");
    // That a published flow shows a draft, too, is not promised.
    assert!(take(&mut model, &DRAFT, &not_found()).is_ok());
}

#[test]
fn an_edit_is_seen_in_what_is_published_or_in_the_draft() {
    let edit = Step::Edit { of: FLOW, text: 1 };
    for (plain, draft, fits) in [(1, 1, true), (0, 1, true), (1, 0, true), (0, 0, false), (2, 1, false)] {
        let mut model = with_flow(false);
        take(&mut model, &edit, &done()).unwrap();
        let both = take(&mut model, &PLAIN, &shows(0, plain)).and_then(|()| take(&mut model, &DRAFT, &shows(0, draft)));
        assert_eq!(both.is_ok(), fits, "{plain} {draft}");
        let mut model = with_flow(false);
        take(&mut model, &edit, &done()).unwrap();
        let both = take(&mut model, &DRAFT, &shows(0, draft)).and_then(|()| take(&mut model, &PLAIN, &shows(0, plain)));
        assert_eq!(both.is_ok(), fits, "draft first: {plain} {draft}");
    }
    let mut model = with_flow(false);
    assert!(take(&mut model, &edit, &not_found()).is_err());
}

#[test]
fn an_edit_of_what_was_never_published_may_publish_it_or_not_or_be_refused() {
    let edit = Step::Edit { of: FLOW, text: 1 };
    for (answer, plain, draft) in [
        (done(), shows(0, 1), shows(0, 1)),
        (done(), not_published(), shows(0, 1)),
        (refused(400, "InvalidRequestException"), not_published(), shows(0, 0)),
    ] {
        let mut model = with_flow(true);
        take(&mut model, &edit, &answer).unwrap();
        take(&mut model, &PLAIN, &plain).unwrap();
        take(&mut model, &DRAFT, &draft).unwrap();
        // From now on it is known.
        take(&mut model, &PLAIN, &plain).unwrap();
        assert_eq!(model.learned.len(), 1);
    }
    let mut model = with_flow(true);
    take(&mut model, &edit, &done()).unwrap();
    take(&mut model, &PLAIN, &not_published()).unwrap();
    assert!(take(&mut model, &DRAFT, &shows(0, 0)).is_err(), "the edit is lost");
}

#[test]
fn an_endpoint_may_be_late_and_never_goes_back() {
    let edit = Step::Edit { of: FLOW, text: 1 };
    for (saved, old) in [(false, shows(0, 0)), (true, not_published())] {
        let mut model = with_flow(saved);
        take(&mut model, &edit, &done()).unwrap();
        take(&mut model, &PLAIN, &old).unwrap();
        take(&mut model, &DRAFT, &shows(0, 1)).unwrap();
        take(&mut model, &PLAIN, &shows(0, 1)).unwrap();
        assert!(take(&mut model, &PLAIN, &old).is_err());
    }
}

#[test]
fn a_draft_is_edited_by_itself() {
    let mut model = with_flow(false);
    take(&mut model, &Step::EditDraft { of: FLOW, text: 1 }, &done()).unwrap();
    assert!(take(&mut model, &PLAIN, &shows(0, 1)).is_err());
    assert!(take(&mut model, &PLAIN, &shows(0, 0)).is_ok());
    assert!(take(&mut model, &DRAFT, &shows(0, 0)).is_err());
    assert!(take(&mut model, &DRAFT, &shows(0, 1)).is_ok());
}

#[test]
fn a_name_is_taken_as_long_as_something_has_it() {
    let mut model = with_flow(false);
    let conflict = refused(409, "DuplicateResourceException");
    assert!(take(&mut model, &create(0, false), &made("b")).unwrap_err().expected.starts_with("409: flow#0"));
    assert!(take(&mut model, &create(0, false), &not_found()).is_err());
    assert!(take(&mut model, &create(0, false), &conflict).is_ok());
    assert!(take(&mut model, &create(1, false), &conflict).is_err());
    assert!(take(&mut model, &create(1, false), &made("a")).unwrap_err().expected.contains("flow#0"));
    take(&mut model, &create(1, false), &made("b")).unwrap();
    let rename = Step::Rename { of: FLOW, name: 1 };
    assert!(take(&mut model, &rename, &done()).is_err());
    assert!(take(&mut model, &rename, &conflict).is_ok());
    take(&mut model, &Step::Delete { of: Item { number: 1, ..FLOW } }, &done()).unwrap();
    assert!(take(&mut model, &rename, &conflict).is_err());
    assert!(take(&mut model, &rename, &done()).is_ok());
    assert!(take(&mut model, &PLAIN, &shows(0, 0)).is_err());
    assert!(take(&mut model, &PLAIN, &shows(1, 0)).is_ok());
    assert!(take(&mut model, &create(0, false), &made("c")).is_ok());
}

#[test]
fn what_is_deleted_is_refused_whatever_is_asked_of_it() {
    let mut model = with_flow(true);
    assert!(take(&mut model, &Step::Delete { of: FLOW }, &not_found()).is_err());
    take(&mut model, &Step::Delete { of: FLOW }, &done()).unwrap();
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
        assert!(take(&mut model, &step, &done()).is_err(), "{step:?}");
        // Then it is still there.
        assert!(take(&mut model, &step, &not_published()).is_err(), "{step:?}");
        assert!(take(&mut model, &step, &not_found()).is_ok(), "{step:?}");
    }
    let listed = |items: Value| Answer::Accepted(items);
    let list = Step::List { kind: Kind::Flow, pages: false };
    assert!(take(&mut model, &list, &listed(json!([{ "Id": "a", "Name": "n0" }]))).is_err());
    assert!(take(&mut model, &list, &listed(json!([{ "Id": "x", "Name": "somebody else's" }]))).is_ok());
}

#[test]
fn lists_have_what_lives_under_its_name() {
    let mut model = with_flow(false);
    let list = Step::List { kind: Kind::Flow, pages: true };
    let listed = |items: Value| Answer::Accepted(items);
    assert!(take(&mut model, &list, &listed(json!([]))).is_err());
    assert!(take(&mut model, &list, &listed(json!([{ "Id": "a", "Name": "n1" }]))).is_err());
    assert!(take(&mut model, &list, &listed(json!([{ "Id": "x", "Name": "y" }, { "Id": "a", "Name": "n0" }]))).is_ok());
    // Whether the archive is listed is not known.
    take(&mut model, &Step::Archive { of: FLOW, archived: true, name: None }, &done()).unwrap();
    assert!(take(&mut model, &list, &listed(json!([]))).is_ok());
}

#[test]
fn the_archive_is_left_by_nothing_but_a_change_of_state() {
    let mut model = with_flow(false);
    take(&mut model, &PLAIN, &shows_with(0, 0, json!({}))).unwrap();
    take(&mut model, &Step::Archive { of: FLOW, archived: true, name: None }, &done()).unwrap();
    take(&mut model, &Step::Rename { of: FLOW, name: 1 }, &done()).unwrap();
    let wrong = take(&mut model, &PLAIN, &shows(1, 0)).unwrap_err();
    assert_eq!((wrong.pointer.as_str(), wrong.expected.as_str()), ("/ContactFlow/State", "\"ARCHIVED\""));
    assert!(take(&mut model, &PLAIN, &shows_with(1, 0, json!({ "State": "ARCHIVED" }))).is_ok());
    // No member is required, and states may be added.
    assert!(take(&mut model, &PLAIN, &shows_with(1, 0, json!({}))).is_ok());
    assert!(take(&mut model, &PLAIN, &shows_with(1, 0, json!({ "State": "FROZEN" }))).is_ok());
    // Whether it can be deleted from there is not known.
    assert!(take(&mut model, &Step::Delete { of: FLOW }, &refused(400, "InvalidRequestException")).is_ok());
}

#[test]
fn tags_are_as_they_were_set_and_others_do_not_matter() {
    let mut model = with_flow(false);
    let tags = Tags::from([("ct-a".to_owned(), "1".to_owned()), ("ct-b".to_owned(), String::new())]);
    take(&mut model, &Step::Tag { of: FLOW, tags }, &done()).unwrap();
    take(&mut model, &Step::Untag { of: FLOW, keys: vec!["ct-a".to_owned()] }, &done()).unwrap();
    let list = Step::ListTags { of: FLOW };
    let tags = |tags: Value| Answer::Accepted(json!({ "tags": tags }));
    assert!(take(&mut model, &list, &tags(json!({ "ct-b": "", "aws:x": "y" }))).is_ok());
    for wrong in [json!({}), json!({ "ct-b": "2" }), json!({ "ct-a": "1", "ct-b": "" }), Value::Null] {
        assert!(take(&mut model, &list, &tags(wrong.clone())).is_err(), "{wrong}");
    }
    // A key that is not there: a success and a refusal are both possible.
    let untag = Step::Untag { of: FLOW, keys: vec!["ct-c".to_owned()] };
    assert!(take(&mut model, &untag, &not_found()).is_ok());
    assert!(take(&mut model, &untag, &done()).is_ok());
}

#[test]
fn versions_grow_and_stay_as_they_are() {
    let mut model = with_flow(false);
    let version = |number: i64| Answer::Accepted(json!({ "Version": number }));
    take(&mut model, &Step::Version { of: FLOW }, &version(3)).unwrap();
    assert!(take(&mut model, &Step::Version { of: FLOW }, &version(3)).is_err());
    take(&mut model, &Step::Edit { of: FLOW, text: 1 }, &done()).unwrap();
    take(&mut model, &PLAIN, &shows(0, 1)).unwrap();
    take(&mut model, &Step::Version { of: FLOW }, &version(4)).unwrap();
    let describe = |nth| Step::DescribeVersion { of: FLOW, nth };
    assert!(take(&mut model, &describe(0), &shows(0, 1)).is_err());
    assert!(take(&mut model, &describe(0), &shows(0, 0)).is_ok());
    assert!(take(&mut model, &describe(1), &shows(0, 1)).is_ok());
    assert!(take(&mut model, &describe(1), &not_found()).is_err());
    let list = Step::ListVersions { of: FLOW };
    assert!(take(&mut model, &list, &Answer::Accepted(json!([{ "Version": 4 }]))).is_err());
    assert!(take(&mut model, &list, &Answer::Accepted(json!([{ "Version": 4 }, { "Version": 3 }]))).is_ok());
}

#[test]
fn a_token_makes_one_resource() {
    let mut model = model();
    let create = Step::Create { kind: Kind::Module, name: 0, text: 0, saved: false, tags: Tags::new() };
    let made = |id: &str| Answer::Accepted(json!({ "Id": id, "Arn": format!("arn:{id}") }));
    take(&mut model, &create, &made("a")).unwrap();
    let item = Item { kind: Kind::Module, number: 0 };
    let again = Step::CreateAgain { of: item };
    assert!(take(&mut model, &again, &made("b")).unwrap_err().expected.contains("which this client token made: a"));
    assert!(take(&mut model, &again, &made("a")).is_ok());
    assert_eq!(model.items().count(), 1);
    // What is remembered of what was deleted is not known.
    take(&mut model, &Step::Delete { of: item }, &done()).unwrap();
    assert!(take(&mut model, &again, &refused(409, "IdempotencyException")).is_ok());
    assert!(take(&mut model, &again, &made("a")).is_ok());
    assert_eq!(model.items().filter(|(_, thing)| thing.alive).count(), 0);
    assert!(take(&mut model, &again, &made("b")).is_ok());
    assert_eq!(model.items().filter(|(_, thing)| thing.alive).count(), 1);
}
