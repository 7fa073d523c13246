//! The emulator as targets meet it: before its first call, and with a defect where a proof asks for one.

use connect_conformance::emulator::{Config, Defect, Service};
use connect_model::planted;
use connect_model::schema::Schema;

use crate::target::Seed;

/// The emulator that a target is held against: sound, unless the target is to be shown to find that defect.
pub(crate) fn for_target(target: &str, defect: &str) -> Service {
    if planted::is(target) { with(Some(defect)) } else { with(None) }
}

/// An emulator, with a defect perhaps.
pub(crate) fn with(defect: Option<&str>) -> Service {
    let known = defect.and_then(Defect::named);
    assert_eq!(known.map(|known| known.id), defect, "no such defect");
    Service::new(Schema::connect(), &Config { defect: known, ..Config::default() })
}

/// Seeds that do not tell of the defect that a proof plants: it is to be found.
pub(crate) fn silent_on<C>(
    defect: &str,
    mut seeds: Vec<Seed>,
    draw: impl Fn(&[u8]) -> Option<C>,
    check: impl Fn(&Service, &C) -> bool,
) -> Vec<Seed> {
    let initial = with(Some(defect));
    seeds.retain(|seed| draw(&seed.data).is_none_or(|case| check(&initial, &case)));
    seeds
}

/// Random inputs find every one of these defects before long. Of the first, which a proof plants, no seed may tell.
#[cfg(test)]
pub(crate) fn assert_are_found<T: crate::target::Target>(
    defects: &[&str],
    inputs: usize,
    bytes: usize,
    check: impl Fn(&Service, &T::Case) -> Result<T::Outcome, String>,
) {
    for (at, defect) in defects.iter().enumerate() {
        let initial = with(Some(defect));
        let shows = |data: &[u8]| T::draw(data).is_some_and(|case| check(&initial, &case).is_err());
        for seed in T::seeds().iter().filter(|_| at == 0) {
            assert!(!shows(&seed.data), "seed {} shows {defect}", seed.name);
        }
        let mut stream = connect_model::generate::seed::Stream::new(1, defect);
        assert!((0..inputs).any(|_| shows(&stream.bytes(bytes))), "{defect} goes unseen");
    }
}
