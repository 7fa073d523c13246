//! Replays the committed seeds and regressions on stable Rust, and checks that generated files are up to date.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use connect_fuzz::regression::Regression;
use connect_fuzz::{LEFT_OUT, TARGETS, corpus, dictionary};

/// Maximum total size of the seeds in bytes.
const MAX_BYTES: u64 = 2_000_000;

#[test]
fn every_seed_passes() {
    let mut size = 0;
    for row in TARGETS {
        let files = corpus::seed_files(row.name).unwrap();
        assert!(files.len() >= 10, "{}: only {} seeds; run `scripts/fuzz seed`", row.name, files.len());
        let mut cases = 0;
        for file in &files {
            let data = std::fs::read(file).unwrap();
            size += data.len() as u64;
            println!("{}", file.display());
            (row.run)(&data);
            cases += usize::from((row.decode)(&data).is_some());
        }
        assert!(cases > files.len() / 2, "{}: only {cases} of {} seeds have a case", row.name, files.len());
    }
    assert!((100_000..MAX_BYTES).contains(&size), "{size} bytes of seeds");
}

#[test]
fn every_regression_passes() {
    let files = corpus::regression_files().unwrap();
    assert!(!files.is_empty());
    for path in files {
        println!("{}", path.display());
        let kept = Regression::read(&path).unwrap();
        assert_eq!(
            path.parent().unwrap().file_name().unwrap().to_str(),
            Some(kept.target.as_str()),
            "the target differs from the folder"
        );
        assert!(!kept.found.is_empty(), "`found` is empty: add the date and a description of the bug");
        kept.replay(&path).unwrap();
    }
}

#[test]
fn seeds_and_dictionary_are_up_to_date() {
    for row in TARGETS {
        let files = corpus::seed_files(row.name).unwrap();
        for seed in (row.seeds)() {
            let file = files.iter().find(|file| file.ends_with(format!("seed-{}", seed.name)));
            let data = file.map(|file| std::fs::read(file).unwrap());
            assert_eq!(data, Some(seed.data), "{}: seed {}: run `scripts/fuzz seed`", row.name, seed.name);
        }
    }
    assert!(std::fs::read_to_string(corpus::dictionary_file()).unwrap() == dictionary(), "run `scripts/fuzz seed`");
}

#[test]
fn the_manifest_lists_every_target() {
    let manifest = include_str!("../Cargo.toml");
    let listed: BTreeSet<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
        .collect();
    let known: BTreeSet<&str> = TARGETS.iter().map(|row| row.name).collect();
    let beside: Vec<&str> = listed.difference(&known).copied().collect();
    assert_eq!(known.difference(&listed).count(), 0, "{known:?} {listed:?}");
    // The manifest also lists targets that need a feature.
    assert_eq!(beside, [&["baseline_empty", "baseline_plain"], LEFT_OUT].concat());
}
