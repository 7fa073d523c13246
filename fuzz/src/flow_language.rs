//! The flow language: any text as the content of a flow or module. See [`language`](crate::language) for the properties.

use arbitrary::Unstructured;
use connect_model::semantics::flow::document::{Flow, Structure};
use connect_model::semantics::flow::generate::{Shape, flow};
use connect_model::semantics::flow::kinds::KINDS;
use connect_model::semantics::flow::mutate::mutant;
use connect_model::semantics::flow::rules::ROWS;
use connect_model::semantics::flow::{Home, OPERATORS, check};
use connect_model::semantics::json;
use serde_json::{Value, json};

use crate::edits::Editor;
use crate::language::{self, Case, LONG, Language, Outcome, check_laws};
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct FlowLanguage;

const LANGUAGE: Language = Language {
    check: |text, on| check(text, on.map(home)),
    rewrite: |text| match json::read(text) {
        Ok(Value::Object(members)) => Some(Value::Object(Flow::read(members).write()).to_string()),
        _ => None,
    },
    breach: |kind| KINDS.iter().find(|breach| breach.kind == kind),
    of_spelling: &["too-long"],
    most: connect_model::semantics::flow::check::MOST_PROBLEMS,
};

fn home(word: &str) -> Home {
    Home::of_type(word).unwrap_or(Home::Module)
}

impl Target for FlowLanguage {
    const NAME: &'static str = "flow_language";
    const PROPERTY: &'static str = "check(t) = check(t'); write(parse(t)) = t; check(mutant) = {fault}";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    fn plain(data: &[u8]) -> Option<Case> {
        let on = data.first().map_or(Home::Module, |first| Home::ALL[usize::from(*first) % Home::ALL.len()]);
        Some(Case::new(Some(on.word().to_owned()), data))
    }

    fn check(case: &Case) -> Outcome {
        check_laws(&LANGUAGE, case)
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = language::by_hand(BY_HAND);
        for home in Home::ALL {
            let bytes = connect_model::generate::seed::Stream::new(6, home.word()).bytes(200);
            let shape = Shape { most: 4, ..Shape::default() };
            let text = flow(home, shape, &mut Unstructured::new(&bytes)).to_text();
            seeds.push(Seed::new(home.word().to_lowercase(), text));
        }
        seeds.extend(seeds::covering::<Self>(4000, 1000, features));
        seeds
    }
}

fn features(case: &Case) -> Vec<String> {
    language::features(&LANGUAGE, case, OPERATORS.iter().copied().chain(ROWS.iter().map(|row| row.action)))
}

/// Draws a valid flow, one with a known fault, or one with random edits.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let home = *u.choose(&Home::ALL)?;
    let on = Some(home.word().to_owned());
    let shape = Shape { resources: u.arbitrary()?, most: u.int_in_range(1..=12)?, ..Shape::default() };
    if u.ratio(1, 3)? {
        let kind = u.choose(KINDS)?.kind;
        if !LONG.contains(&kind)
            && let Some(made) = mutant(kind, home, u)
        {
            return Ok(Case::mutant(on, kind, made.valid, made.invalid));
        }
    }
    let text = flow(home, shape, u).to_text();
    if u.ratio(1, 4)? {
        return Ok(Case::valid(on, text));
    }
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let edited = Editor { keys: KEYS, values: &values(u)? }.edited(value, 6, u)?;
    Ok(Case::new(on, edited.to_string()))
}

/// Keys with a meaning in the language.
const KEYS: &[&str] = &[
    "Version",
    "StartAction",
    "Metadata",
    "Actions",
    "Identifier",
    "Type",
    "Parameters",
    "Transitions",
    "NextAction",
    "Errors",
    "ErrorType",
    "Conditions",
    "Condition",
    "Operator",
    "Operands",
    "Text",
    "SSML",
    "PromptId",
    "TimeLimitSeconds",
    "__proto__",
    "~",
    "",
];

/// Edge-case values and words of the language.
fn values(u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<Value>> {
    let identifier = "x".repeat(u.int_in_range(49..=51)?);
    Ok(vec![
        Value::Null,
        json!(""),
        json!(0),
        json!(-1.5),
        json!([]),
        json!({}),
        json!(u.choose(OPERATORS)?),
        json!(u.choose(ROWS)?.action),
        json!("NoMatchingError"),
        json!("NoMatchingCondition"),
        json!("$.Attributes.a"),
        json!("$.External['b']"),
        json!(identifier),
        json!("toString"),
        json!("a%b"),
        json!({"NextAction": "nowhere", "ErrorType": "NoMatchingError"}),
        json!({"NextAction": "nowhere", "Condition": {"Operator": "Equals", "Operands": ["1"]}}),
    ])
}

/// Handwritten texts.
const BY_HAND: &[&str] = &[
    "{\"Version\":\"2019-10-30\",\"StartAction\":\"a\",\"Actions\":[{\"Identifier\":\"a\",\"Type\":\"DisconnectParticipant\",\"Parameters\":{},\"Transitions\":{}}]}",
    "{\"Version\":3,\"StartAction\":null,\"Metadata\":[],\"Actions\":[4,{\"Identifier\":5,\"Type\":[],\"Transitions\":{\"NextAction\":1,\"Errors\":{},\"Conditions\":[[],{\"Condition\":9}]}}]}",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<FlowLanguage>(
            6000,
            800,
            [(Outcome::Faulty, 300), (Outcome::Right, 300), (Outcome::Problems, 300), (Outcome::Unread, 300)],
        );
        assert_cases_round_trip::<FlowLanguage>(300, 400);
    }
}
