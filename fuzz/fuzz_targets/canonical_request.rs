//! See `connect_fuzz::CanonicalRequest`.
#![cfg_attr(fuzzing, no_main)]
connect_fuzz::fuzz_target!(connect_fuzz::run::<connect_fuzz::CanonicalRequest>);
