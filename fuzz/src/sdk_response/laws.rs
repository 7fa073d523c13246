//! Further properties of responses that both decode as the same output: unknown members change nothing, and a change that
//! we see is also seen by the SDK. The second also shows that the comparison covers every member.

use connect_model::schema::{Kind, Members};
use connect_model::wire::message::HttpResponse;
use serde_json::{Value, json};

use super::Outcome;
use super::agree::{Agreement, agree, output};
use super::compare;
use super::exceptions::{Subject, json, shape, with_json};
use super::sdk::{self, Answer};
use super::visit::{Place, visit};

/// Checks them on a response that both decode as the same.
pub(super) fn check(subject: &Subject<'_>, agreement: Agreement, answer: &Answer, altered: u16) -> Outcome {
    match agreement {
        Agreement::Neither => return Outcome::Neither,
        Agreement::Error => return Outcome::Error,
        Agreement::Output => {}
    }
    if let Some(changed) = with_unknown_members(subject) {
        let name = &subject.schema[subject.operation].name;
        let again = read(subject, &changed);
        assert_eq!(again, *answer, "{name}: unknown members change the SDK's output");
        if let Err(difference) = agree(subject.schema, subject.operation, &changed, &again) {
            unreachable!("{name}: with unknown members: {difference}\n{}", text(&changed));
        }
    }
    if let Some(other) = with_altered(subject, altered) {
        check_difference(subject, answer, &other);
    }
    Outcome::Output
}

fn read(subject: &Subject<'_>, response: &HttpResponse) -> Answer {
    let name = &subject.schema[subject.operation].name;
    sdk::read(name, response).unwrap_or_else(|| unreachable!("{name}: the SDK no longer decodes it"))
}

fn check_difference(subject: &Subject<'_>, answer: &Answer, other: &HttpResponse) {
    let (schema, name) = (subject.schema, &subject.schema[subject.operation].name);
    let again = read(subject, other);
    assert_ne!(again, *answer, "{name}: the SDK does not see the changed value: {}", text(other));
    if let Err(difference) = agree(schema, subject.operation, other, &again) {
        unreachable!("{name}: {difference}\n{}", text(other));
    }
    let (Some(shape), Answer::Output(tree)) = (schema[subject.operation].output, answer) else { return };
    let value = output(schema, subject.operation, other).unwrap_or_else(|error| unreachable!("{name}: {error}"));
    let compared = compare::members(schema, shape, &value, tree);
    assert!(compared.is_err(), "{name}: the comparison accepts {} for {tree:?}", text(other));
}

/// The body as text for a message.
fn text(response: &HttpResponse) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&response.body)
}

/// Adds unknown members to every structure: one with an unused name, and one named like a member except for the case of a
/// letter.
fn with_unknown_members(subject: &Subject<'_>) -> Option<HttpResponse> {
    const VALUES: [fn() -> Value; 5] =
        [|| json!(null), || json!(7), || json!("x"), || json!([null, {}]), || json!({ "a": [1.5] })];
    let mut body = json(subject)?;
    let mut count = 0;
    visit(Place::top(subject.schema, shape(subject)?), &mut body, &mut |place, value| {
        let (Kind::Structure(members), Value::Object(fields)) = (&place.shape().kind, value) else { return };
        for name in [Some("Unmodelled".to_owned()), with_other_case(members)].into_iter().flatten() {
            if members.by_json_name(&name).is_none() && !fields.contains_key(&name) {
                fields.insert(name, VALUES[count % VALUES.len()]());
                count += 1;
            }
        }
    });
    (count > 0).then(|| with_json(subject, &body))
}

/// The name of the first member, with the case of its first letter changed.
fn with_other_case(members: &Members) -> Option<String> {
    let name = &members.iter().next()?.json_name;
    let first = name.chars().next()?;
    let other = if first.is_ascii_uppercase() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() };
    Some(format!("{other}{}", &name[first.len_utf8()..]))
}

/// Alters one scalar of the output. `None` if the SDK shows none.
fn with_altered(subject: &Subject<'_>, altered: u16) -> Option<HttpResponse> {
    let shape = shape(subject)?;
    let mut body = json(subject)?;
    let mut count = 0_usize;
    let top = Place::top(subject.schema, shape);
    visit(top, &mut body, &mut |place, value| count += usize::from(other(place, value).is_some()));
    let chosen = usize::from(altered).checked_rem(count)?;
    let mut at = 0;
    visit(top, &mut body, &mut |place, value| {
        let Some(other) = other(place, value) else { return };
        if at == chosen {
            *value = other;
        }
        at += 1;
    });
    Some(with_json(subject, &body))
}

/// A different value for a scalar.
fn other(place: Place<'_>, value: &Value) -> Option<Value> {
    if place.hidden {
        return None;
    }
    match (&place.shape().kind, value) {
        (Kind::String | Kind::Enum(_), Value::String(text)) => Some(Value::from(format!("{text}x"))),
        (Kind::Boolean, Value::Bool(flag)) => Some(Value::from(!flag)),
        (Kind::Number(_) | Kind::Timestamp, Value::Number(number)) => {
            Some(Value::from(i32::from(number.as_f64() == Some(0.0))))
        }
        _ => None,
    }
}
