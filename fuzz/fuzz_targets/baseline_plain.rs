//! The target named by the environment variable `TARGET`, on raw bytes instead of a generated case: the coverage that a
//! fuzzer reaches without knowing the format. A baseline for measurements, not a target.
#![cfg_attr(fuzzing, no_main)]
connect_fuzz::fuzz_target!(connect_fuzz::run_plain);
