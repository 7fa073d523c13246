//! What a fuzz target is: bytes become a case, and a law is held against the case. Knows no law.
//!
//! The two halves are apart so that a finding can be kept as its *case*, which says what was tried: bytes mean something
//! else as soon as a generator changes.

use std::fmt::Debug;

use arbitrary::Unstructured;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A property of the code under test, with a way from bytes to what it is tried on.
pub trait Target {
    /// Name of the target, as `cargo fuzz` knows it.
    const NAME: &'static str;
    /// The property in one line.
    const PROPERTY: &'static str;
    /// Everything that decides what is tried, in a form that a person can read.
    type Case: Serialize + DeserializeOwned + Debug;
    /// How far a case came.
    type Outcome: Debug + Ord;

    /// The case that bytes stand for, drawn so that it gets past the first reader. None if there are too few bytes.
    fn draw(data: &[u8]) -> Option<Self::Case>;

    /// The case that bytes are, taken as they stand: what a fuzzer without knowledge of the format would try. It is
    /// what [`Target::draw`] is measured against.
    fn plain(data: &[u8]) -> Option<Self::Case>;

    /// Holds the law.
    ///
    /// # Panics
    /// When it is broken.
    fn check(case: &Self::Case) -> Self::Outcome;

    /// Inputs to begin with.
    fn seeds() -> Vec<Seed>;
}

/// An input for a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// What it is of, in letters, digits and dashes; unique within its target.
    pub name: String,
    /// The input.
    pub data: Vec<u8>,
}

impl Seed {
    /// A seed.
    pub fn new(name: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), data: data.into() }
    }
}

/// A target in the table of all.
pub struct Row {
    /// [`Target::NAME`].
    pub name: &'static str,
    /// [`Target::PROPERTY`].
    pub property: &'static str,
    /// What the fuzzer calls.
    pub run: fn(&[u8]),
    /// The same for bytes that are taken as they stand.
    pub run_plain: fn(&[u8]),
    /// The case that an input stands for.
    pub decode: fn(&[u8]) -> Option<Value>,
    /// Holds the law against a case that was decoded; an error if it is no case of this target.
    pub replay: fn(Value) -> Result<(), serde_json::Error>,
    /// [`Target::seeds`].
    pub seeds: fn() -> Vec<Seed>,
}

impl Row {
    pub(crate) const fn of<T: Target>() -> Self {
        Self {
            name: T::NAME,
            property: T::PROPERTY,
            run: run::<T>,
            run_plain: |data| {
                T::plain(data).map(|case| T::check(&case));
            },
            decode: |data| serde_json::to_value(T::draw(data)?).ok(),
            replay: |case| {
                T::check(&serde_json::from_value(case)?);
                Ok(())
            },
            seeds: T::seeds,
        }
    }
}

/// The case of an input whose first byte decides: below 128 it is text and taken as it stands, above, the case is drawn
/// from the bytes that follow.
pub(crate) fn text_or_drawn<C>(
    data: &[u8],
    text: impl FnOnce(&[u8]) -> Option<C>,
    draw: impl FnOnce(&mut Unstructured<'_>) -> arbitrary::Result<Option<C>>,
) -> Option<C> {
    match data.split_first() {
        Some((128.., rest)) => draw(&mut Unstructured::new(rest)).ok().flatten(),
        _ => text(data),
    }
}

/// Holds a target's law against what the bytes stand for.
pub fn run<T: Target>(data: &[u8]) {
    outcome_of::<T>(data);
}

/// The same, and how far it came; none if the bytes stand for nothing.
pub(crate) fn outcome_of<T: Target>(data: &[u8]) -> Option<T::Outcome> {
    T::draw(data).map(|case| T::check(&case))
}

/// How often random inputs come how far.
#[cfg(test)]
pub(crate) fn count_outcomes<T: Target>(inputs: usize, bytes: usize) -> std::collections::BTreeMap<T::Outcome, usize> {
    let mut stream = connect_model::generate::seed::Stream::new(1, T::NAME);
    let mut count = std::collections::BTreeMap::new();
    for _ in 0..inputs {
        if let Some(outcome) = outcome_of::<T>(&stream.bytes(bytes)) {
            *count.entry(outcome).or_insert(0) += 1;
        }
    }
    count
}

/// What every target keeps, whatever it holds: a case that is written down is the same case when it is read, and its
/// seeds have names of their own and stand for something.
#[cfg(test)]
pub(crate) fn assert_cases_round_trip<T: Target>(inputs: usize, bytes: usize) {
    let mut stream = connect_model::generate::seed::Stream::new(2, T::NAME);
    let seeds = T::seeds();
    assert!(!seeds.is_empty());
    let names: std::collections::BTreeSet<&str> = seeds.iter().map(|seed| seed.name.as_str()).collect();
    assert_eq!(names.len(), seeds.len(), "two seeds with one name");
    let random = (0..inputs).map(|_| stream.bytes(bytes));
    let mut kept = 0;
    for (at, data) in seeds.iter().map(|seed| seed.data.clone()).chain(random).enumerate() {
        let case = T::draw(&data);
        assert!(case.is_some() || at >= seeds.len(), "seed {} stands for nothing", seeds[at].name);
        for case in case.into_iter().chain(T::plain(&data)) {
            kept += 1;
            let text = serde_json::to_string(&case).unwrap_or_else(|error| unreachable!("{error}: {case:?}"));
            let again: T::Case = serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{error}: {text}"));
            assert_eq!(format!("{again:?}"), format!("{case:?}"), "{text}");
        }
    }
    assert!(kept > inputs / 2, "{kept}");
}
