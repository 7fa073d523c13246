//! The rule language: any text as the function of a rule. See [`language`](crate::language) for the properties.

use arbitrary::Unstructured;
use connect_model::generate::seed::Stream;
use connect_model::semantics::rule::function::{FAULTS, FILTERS, Function, MOST_PROBLEMS, PATHS, Size, check, make};
use connect_model::semantics::rule::sources::EVENT_SOURCES;
use serde_json::{Value, json};

use crate::edits::Editor;
use crate::language::{self, Case, Language, Outcome, check_laws};
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
        Some(Case::new(Some(EVENT_SOURCES[at].name.to_owned()), data))
    }

    fn check(case: &Case) -> Outcome {
        check_laws(&LANGUAGE, case)
    }

    fn seeds() -> Vec<Seed> {
        let mut seeds = language::by_hand(BY_HAND);
        for source in EVENT_SOURCES {
            let bytes = Stream::new(6, source.name).bytes(200);
            let text = make(Some(source), Size::SMALL, &mut Unstructured::new(&bytes)).to_string();
            seeds.push(Seed::new(source.name, text));
        }
        seeds.extend(seeds::covering::<Self>(10_000, 1000, features));
        seeds
    }
}

fn features(case: &Case) -> Vec<String> {
    let operators = PATHS.iter().flat_map(|path| path.forms).map(|form| form.operator);
    let words = operators.chain(FILTERS.iter().map(|filter| filter.name)).chain(PATTERNS.iter().copied());
    language::features(&LANGUAGE, case, words)
}

/// Draws a valid function, one with a known fault, or one with random edits.
fn draw(u: &mut Unstructured<'_>) -> arbitrary::Result<Case> {
    let source = u.choose(EVENT_SOURCES)?;
    let on = Some(source.name.to_owned());
    if source.root.is_some() && u.ratio(1, 3)? {
        let fault = u.choose(FAULTS)?;
        if let Some((valid, invalid)) = fault.commit(source, u) {
            return Ok(Case::mutant(on, fault.breach.kind, valid, invalid));
        }
    }
    let size = if u.arbitrary()? { Size::SMALL } else { Size::LARGE };
    let function = make(Some(source), size, u);
    if u.ratio(1, 4)? {
        return Ok(Case::valid(on, function.to_string()));
    }
    let edited = Editor { keys: KEYS, values: &values(u)? }.edited(function.to_json(), 6, u)?;
    let on = if u.ratio(1, 8)? { None } else { on };
    Ok(Case::new(on, edited.to_string()))
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
    use crate::smoke::{assert_cases_round_trip, assert_reached};

    #[test]
    fn random_inputs_reach_every_outcome() {
        assert_reached::<RuleFunction>(
            6000,
            800,
            [(Outcome::Faulty, 300), (Outcome::Right, 300), (Outcome::Problems, 300), (Outcome::Unread, 300)],
        );
        assert_cases_round_trip::<RuleFunction>(300, 400);
    }
}
