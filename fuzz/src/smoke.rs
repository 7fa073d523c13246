//! Assertions for the smoke tests of targets. Knows no target.

use std::collections::{BTreeMap, BTreeSet};

use connect_model::generate::seed::Stream;

use crate::target::{Target, outcome_of};

/// Asserts the outcomes of inputs. Reports all wrong ones together.
pub(crate) fn assert_outcomes<'d, T: Target>(rows: impl IntoIterator<Item = (&'d [u8], T::Outcome)>) {
    let mut wrong = Vec::new();
    for (data, expected) in rows {
        let outcome = outcome_of::<T>(data);
        if outcome.as_ref() != Some(&expected) {
            wrong.push(format!("{outcome:?} instead of {expected:?}: {}", String::from_utf8_lossy(data)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs random inputs of `bytes` bytes and asserts that each of these outcomes occurs more often than stated. Returns the
/// number of each outcome.
pub(crate) fn assert_reached<T: Target>(
    inputs: usize,
    bytes: usize,
    least: impl IntoIterator<Item = (T::Outcome, usize)>,
) -> BTreeMap<T::Outcome, usize> {
    let mut stream = Stream::new(1, T::NAME);
    let mut count = BTreeMap::new();
    for _ in 0..inputs {
        if let Some(outcome) = outcome_of::<T>(&stream.bytes(bytes)) {
            *count.entry(outcome).or_insert(0) += 1;
        }
    }
    for (outcome, least) in least {
        assert!(count.get(&outcome).is_some_and(|count| *count > least), "{outcome:?}: {count:?}");
    }
    count
}

/// Asserts what every target must satisfy: a case survives serialisation, seeds have unique names, and every seed has a
/// case.
pub(crate) fn assert_cases_round_trip<T: Target>(inputs: usize, bytes: usize) {
    let mut stream = Stream::new(2, T::NAME);
    let seeds = T::seeds();
    assert!(!seeds.is_empty());
    let names: BTreeSet<&str> = seeds.iter().map(|seed| seed.name.as_str()).collect();
    assert_eq!(names.len(), seeds.len(), "two seeds have the same name");
    let random = (0..inputs).map(|_| stream.bytes(bytes));
    let mut cases = 0;
    for (at, data) in seeds.iter().map(|seed| seed.data.clone()).chain(random).enumerate() {
        let case = T::draw(&data);
        assert!(case.is_some() || at >= seeds.len(), "seed {} has no case", seeds[at].name);
        for case in case.into_iter().chain(T::plain(&data)) {
            cases += 1;
            let text = serde_json::to_string(&case).unwrap_or_else(|error| unreachable!("{error}: {case:?}"));
            let again: T::Case = serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}: {text}"));
            assert_eq!(format!("{again:?}"), format!("{case:?}"), "{text}");
        }
    }
    assert!(cases > inputs / 2, "only {cases} inputs have a case");
}
