//! The interface of a fuzz target: bytes are decoded to a case, and a property is checked on the case. Knows no property.
//!
//! Decoding and checking are separate, so that a finding can be saved as its *case*. The bytes mean something else when a
//! generator changes.

use std::fmt::Debug;

use arbitrary::Unstructured;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A property of the code under test, and a generator of cases from bytes.
pub trait Target {
    /// Name of the target in `cargo fuzz`.
    const NAME: &'static str;
    /// The property, in one line.
    const PROPERTY: &'static str;
    /// The complete input of a check, in readable form.
    type Case: Serialize + DeserializeOwned + Debug;
    /// The result of a check that passed. Tests assert that random inputs reach every outcome.
    type Outcome: Debug + Ord;

    /// Generates a case from bytes, mostly one that the first parser accepts. `None` if there are too few bytes.
    fn draw(data: &[u8]) -> Option<Self::Case>;

    /// Takes the bytes themselves as a case, as a fuzzer would without knowing the format. The baseline for measurements of
    /// [`Target::draw`]. By default, the JSON of a case.
    fn plain(data: &[u8]) -> Option<Self::Case> {
        serde_json::from_slice(data).ok()
    }

    /// Checks the property.
    ///
    /// # Panics
    /// When the property does not hold.
    fn check(case: &Self::Case) -> Self::Outcome;

    /// Initial inputs for the corpus.
    fn seeds() -> Vec<Seed>;
}

/// An input for a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Name in letters, digits and dashes, unique within the target.
    pub name: String,
    /// The input.
    pub data: Vec<u8>,
}

impl Seed {
    /// Creates a seed.
    pub fn new(name: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), data: data.into() }
    }
}

/// A target as a row of the table [`TARGETS`](crate::TARGETS).
pub struct Row {
    /// [`Target::NAME`].
    pub name: &'static str,
    /// [`Target::PROPERTY`].
    pub property: &'static str,
    /// The function called by the fuzzer.
    pub run: fn(&[u8]),
    /// Checks the case of [`Target::plain`].
    pub run_plain: fn(&[u8]),
    /// Decodes an input to its case.
    pub decode: fn(&[u8]) -> Option<Value>,
    /// Checks a decoded case. Fails if the value is not a case of this target.
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

/// Decodes an input by its first byte: below 128 the input is text; otherwise the case is generated from the remaining
/// bytes.
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

/// Checks a target's property on the case of the bytes.
pub fn run<T: Target>(data: &[u8]) {
    outcome_of::<T>(data);
}

/// Checks a target's property on the case of the bytes. `None` if they have no case.
pub(crate) fn outcome_of<T: Target>(data: &[u8]) -> Option<T::Outcome> {
    T::draw(data).map(|case| T::check(&case))
}
