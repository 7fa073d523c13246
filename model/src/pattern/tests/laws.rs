//! Laws for every pattern of the published model.

use super::published::PUBLISHED;
use super::*;

/// Rounds for each pattern; the longer test multiplies them.
const ROUNDS: usize = 60;

#[test]
fn every_pattern_is_readable_and_generates() {
    for (shape, source, _) in PUBLISHED {
        let pattern = Pattern::new(source);
        assert_eq!(pattern.problem(), None, "{shape} {source}");
        assert_eq!(pattern.generation_problem(), None, "{shape} {source}");
        assert!(Judge::of(source).is_some(), "{shape} {source}");
    }
}

#[test]
fn samples_match_and_violations_do_not() {
    check(ROUNDS, 1);
}

#[test]
#[ignore = "takes a minute"]
fn samples_match_and_violations_do_not_for_long() {
    check(ROUNDS * 50, 2);
}

fn check(rounds: usize, seed: u64) {
    let mut noise = Noise(seed);
    for (shape, source, bounds) in PUBLISHED {
        let pattern = Pattern::new(source);
        let Some(judge) = Judge::of(source) else {
            continue;
        };
        let feasible = pattern.feasible(*bounds);
        for round in 0..rounds {
            let size = [0, 3, 40, 400][round % 4];
            let bytes = noise.bytes(size);
            let sample = pattern.sample(&mut Unstructured::new(&bytes), *bounds);
            assert_eq!(sample.is_some(), feasible.is_some(), "{shape} {source}");
            if let Some(text) = sample {
                assert!(within(*bounds, &text), "{shape} {source} {text:?}");
                satisfies(&pattern, &judge, &text);
            }
            if let Some(text) = pattern.violate(&mut Unstructured::new(&bytes), *bounds) {
                assert!(within(*bounds, &text), "{shape} {source} {text:?}");
                assert_eq!(pattern.admits(&text), Verdict::Rejects, "{shape} {source} {text:?}");
                assert!(!judge.finds(&text), "{shape} {source} {text:?}");
            }
        }
    }
}

#[test]
fn both_engines_agree_on_the_difference_of_two_patterns() {
    let mut noise = Noise(4);
    let (mut differ, mut within_other) = (0, 0);
    // Each pattern is compared with its neighbours, which are often similar.
    for (at, (_, source, _)) in PUBLISHED.iter().enumerate() {
        for (_, other_source, _) in PUBLISHED.iter().skip(at).take(8) {
            let (one, other) = (Pattern::new(source), Pattern::new(other_source));
            for (here, there) in [(&one, &other), (&other, &one)] {
                match here.beyond(there) {
                    Ok(Some(text)) => {
                        differ += 1;
                        assert_eq!(here.admits(&text), Verdict::Admits, "{text:?} by {}", here.source());
                        assert_eq!(there.admits(&text), Verdict::Rejects, "{text:?} by {}", there.source());
                    }
                    Ok(None) => {
                        within_other += 1;
                        let bytes = noise.bytes(200);
                        let sample = here.sample(&mut Unstructured::new(&bytes), LengthBounds::default());
                        let refused = sample.filter(|text| there.admits(text) == Verdict::Rejects);
                        assert_eq!(refused, None, "{} is within {}", here.source(), there.source());
                    }
                    Err(_) => {}
                }
            }
        }
    }
    assert!(differ > 100 && within_other > 50, "{differ} {within_other}");
}

#[test]
fn boundary_lengths_are_exact() {
    let mut noise = Noise(3);
    for (shape, source, bounds) in PUBLISHED {
        let pattern = Pattern::new(source);
        let Some(judge) = Judge::of(source) else {
            continue;
        };
        let Some((least, greatest)) = pattern.feasible(*bounds) else {
            continue;
        };
        let bytes = noise.bytes(600);
        for length in [least, greatest] {
            let Some(text) = pattern.sample_exact(&mut Unstructured::new(&bytes), length) else {
                assert_eq!(length, u64::MAX, "{shape} {source}");
                continue;
            };
            assert_eq!(text.chars().count() as u64, length, "{shape} {source}");
            assert_eq!(pattern.admits(&text), Verdict::Admits, "{shape} {source}");
            // The judge backtracks: quadratic on the longest texts.
            assert!(length > 5000 || judge.matches_whole(&text), "{shape} {source}");
        }
        if least > bounds.min {
            assert_eq!(pattern.sample_exact(&mut simplest(), least - 1), None, "{shape} {source}");
        }
        if let Some(max) = bounds.max.filter(|max| greatest < *max) {
            for length in greatest + 1..=max.min(greatest + 40) {
                assert_eq!(pattern.sample_exact(&mut simplest(), length), None, "{shape} {source}");
            }
        }
    }
}

#[test]
fn exact_lengths_are_exact() {
    for (shape, source, _) in PUBLISHED {
        let pattern = Pattern::new(source);
        let Some(judge) = Judge::of(source) else {
            continue;
        };
        for length in 0..80 {
            let bytes = Noise(length).bytes(100);
            if let Some(text) = pattern.sample_exact(&mut Unstructured::new(&bytes), length) {
                assert_eq!(text.chars().count() as u64, length, "{shape} {source}");
                satisfies(&pattern, &judge, &text);
            }
        }
    }
}

fn satisfies(pattern: &Pattern, judge: &Judge, text: &str) {
    assert_eq!(pattern.admits(text), Verdict::Admits, "{} {text:?}", pattern.source());
    assert!(judge.matches_whole(text), "{} {text:?}", pattern.source());
    assert!(judge.finds(text), "{} {text:?}", pattern.source());
}
