#![allow(clippy::unwrap_used)]

mod contract;
mod envelope;
mod functions;
mod hostile;
mod limits;
mod repair;

use arbitrary::Unstructured;

use crate::generate::seed::Stream;

/// Runs something with the bytes of a seed.
fn seeded<T>(seed: u64, label: &str, run: impl FnOnce(&mut Unstructured<'_>) -> T) -> T {
    let bytes = Stream::new(seed, label).bytes(512);
    run(&mut Unstructured::new(&bytes))
}
