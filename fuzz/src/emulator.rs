//! Emulators for targets: in their initial state, and with a defect if `scripts/fuzz prove` asks for it.

use connect_emulator::{Config, Defect, Service};
use connect_model::planted;
use connect_model::schema::Schema;

use crate::target::Seed;

/// Creates the emulator for a target: without defects, unless a bug is planted for this target.
pub(crate) fn for_target(target: &str, defect: &str) -> Service {
    if planted::is(target) { with(Some(defect)) } else { with(None) }
}

/// Creates an emulator, optionally with a defect.
pub(crate) fn with(defect: Option<&str>) -> Service {
    let known = defect.and_then(Defect::named);
    assert_eq!(known.map(|known| known.id), defect, "no such defect");
    Service::new(Schema::connect(), &Config { defects: known.into_iter().collect(), ..Config::default() })
}

/// Removes the seeds that find the planted defect, since the fuzzer must find it.
pub(crate) fn without_finders<C>(
    defect: &str,
    mut seeds: Vec<Seed>,
    draw: impl Fn(&[u8]) -> Option<C>,
    check: impl Fn(&Service, &C) -> bool,
) -> Vec<Seed> {
    let initial = with(Some(defect));
    seeds.retain(|seed| draw(&seed.data).is_none_or(|case| check(&initial, &case)));
    seeds
}

/// Asserts that random inputs find each of the defects. No seed may find the first one, which `prove` plants.
#[cfg(test)]
pub(crate) fn assert_defects_are_found<T: crate::target::Target>(
    defects: &[&str],
    inputs: usize,
    bytes: usize,
    check: impl Fn(&Service, &T::Case) -> Result<T::Outcome, String>,
) {
    for (at, defect) in defects.iter().enumerate() {
        let initial = with(Some(defect));
        let finds = |data: &[u8]| T::draw(data).is_some_and(|case| check(&initial, &case).is_err());
        for seed in T::seeds().iter().filter(|_| at == 0) {
            assert!(!finds(&seed.data), "seed {} finds {defect}", seed.name);
        }
        let mut stream = connect_model::generate::seed::Stream::new(1, defect);
        assert!((0..inputs).any(|_| finds(&stream.bytes(bytes))), "no input finds {defect}");
    }
}
