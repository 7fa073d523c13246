//! The rule language: any text as the function of a rule. See [`language`](crate::language) for the properties.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::semantics::rule::function::{FAULTS, FILTERS, Function, MOST_PROBLEMS, PATHS, Size, check, make};
use connect_model::semantics::rule::sources::EVENT_SOURCES;
use serde_json::{Value, json};

use crate::edits::Editor;
use crate::language::{Case, Fault, JSON_BY_HAND, Language, Outcome, check_laws};
use crate::octets::Octets;
use crate::seeds;
use crate::target::{Seed, Target, text_or_drawn};

/// The target; see the module.
pub struct RuleFunction;

const LANGUAGE: Language = Language {
    check,
    rewrite: |text| Some(Function::parse(text).ok()?.to_string()),
    breach: |kind| FAULTS.iter().map(|fault| fault.breach).find(|breach| breach.kind == kind),
    of_spelling: &[],
    most: MOST_PROBLEMS,
};

impl Target for RuleFunction {
    const NAME: &'static str = "rule_function";
    const PROPERTY: &'static str = "check(t) = check(t'); write(parse(t)) = t; check(mutant) = {fault}";
    type Case = Case;
    type Outcome = Outcome;

    fn draw(data: &[u8]) -> Option<Case> {
        text_or_drawn(data, Self::plain, |u| draw(u).map(Some))
    }

    fn plain(data: &[u8]) -> Option<Case> {
        let at = data.first().map_or(0, |first| usize::from(*first)) % EVENT_SOURCES.len();
        Some(Case { on: Some(EVENT_SOURCES[at].name.to_owned()), text: Octets(data.to_vec()), fault: None })
    }

    fn check(case: &Case) -> Outcome {
        check_laws(&LANGUAGE, case)
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds: Vec<Seed> =
            seeds::by_hand(JSON_BY_HAND.iter().copied().chain(BY_HAND.iter().map(|text| text.as_bytes()))).collect();
        for source in EVENT_SOURCES {
            let bytes = Stream::new(6, source.name).bytes(200);
            let text = make(Some(source), Size::SMALL, &mut Unstructured::new(&bytes)).to_string();
            seeds.push(Seed::new(source.name, text));
        }
        seeds.extend(seeds::covering::<Self>(10_000, 1000, features));
        seeds
    }
}

/// Problems, and words of the language that occur in the text.
fn features(case: &Case) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(&case.text.0) else { return Vec::new() };
    let problems = check(text, case.on.as_deref())
        .into_iter()
        .map(|problem| format!("{} {}", problem.kind, seeds::first_words(&problem.message)));
    let operators = PATHS.iter().flat_map(|path| path.forms).map(|form| form.operator);
    let words = operators.chain(FILTERS.iter().map(|filter| filter.name)).chain(PATTERNS.iter().copied());
    let document = serde_json::from_str(text).unwrap_or_default();
    problems.chain(seeds::words_of(&document, words)).collect()
}

/// Draws a valid function, one with a known fault, or one with random edits.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let source = u.choose(EVENT_SOURCES)?;
    let on = Some(source.name.to_owned());
    if source.root.is_some() && u.ratio(1, 3)? {
        let fault = u.choose(FAULTS)?;
        if let Some((valid, invalid)) = fault.commit(source, u) {
            let fault = Fault { kind: Some(fault.breach.kind.to_owned()), without: valid };
            return Ok(Case { on, text: Octets(invalid.into_bytes()), fault: Some(fault) });
        }
    }
    let size = if u.arbitrary()? { Size::SMALL } else { Size::LARGE };
    let function = make(Some(source), size, u);
    if u.ratio(1, 4)? {
        let text = function.to_string();
        let fault = Fault { kind: None, without: text.clone() };
        return Ok(Case { on, text: Octets(text.into_bytes()), fault: Some(fault) });
    }
    let edited = Editor { keys: KEYS, values: &values(u)? }.edited(function.to_json(), 6, u)?;
    let on = if u.ratio(1, 8)? { None } else { on };
    Ok(Case { on, text: Octets(edited.to_string().into_bytes()), fault: None })
}

/// Keys with a meaning in the language.
const KEYS: &[&str] = &[
    "Version",
    "RuleFunction",
    "Operator",
    "Operands",
    "ComparisonValue",
    "FilterClause",
    "LogicOperator",
    "Filters",
    "Type",
    "Data",
    "Negate",
    "Value",
    "Distance",
    "IsWithin",
    "~/",
];

/// Edge-case values and words of the language.
fn values(u: &mut Unstructured<'_>) -> arbitrary::Result<Vec<Value>> {
    Ok(vec![
        Value::Null,
        json!(true),
        json!(""),
        json!(0),
        json!(-5.5),
        json!(1e17),
        json!([]),
        json!({}),
        json!("AND"),
        json!("OR"),
        json!(u.choose(&["EQUALS", "CONTAINS_ANY", "NumberGreaterOrEqualTo", "BOOLEAN_EQUALS", "EXISTS"])?),
        json!(format!("{}.{}", u.choose(EVENT_SOURCES)?.root.unwrap_or("$"), u.choose(PATHS)?.suffix)),
        json!(u.choose(FILTERS)?.name),
        json!(u.choose(EVENT_SOURCES)?.root),
        json!({"Type": "PLAIN", "Value": "a"}),
        json!({"LogicOperator": "AND", "Filters": []}),
        json!({"Operator": "AND", "Operands": []}),
    ])
}

/// Types of pattern objects.
const PATTERNS: &[&str] = &["PLAIN", "LIST", "PROXIMITY", "NUMERICAL"];

/// Handwritten texts.
const BY_HAND: &[&str] = &[
    "{\"Version\":\"2022-11-25\",\"Operator\":\"AND\",\"Operands\":[]}",
    "{\"Version\":\"x\",\"new\":[1],\"RuleFunction\":{\"Operator\":\"OR\",\"Operands\":[{\"Operator\":\"NEW\",\"Operands\":[1.5,null],\"ComparisonValue\":\"\",\"FilterClause\":{\"LogicOperator\":\"OR\",\"Filters\":[{\"Type\":\"\",\"Data\":null,\"else\":0}]}}]}}",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{assert_cases_round_trip, count_outcomes};

    #[test]
    fn random_inputs_reach_every_outcome() {
        let count = count_outcomes::<RuleFunction>(6000, 800);
        assert!(count[&Outcome::Faulty] > 300 && count[&Outcome::Right] > 300, "{count:?}");
        assert!(count[&Outcome::Problems] > 300 && count[&Outcome::Unread] > 300, "{count:?}");
        assert_cases_round_trip::<RuleFunction>(300, 400);
    }
}
