//! See `connect_fuzz::RuleFunction`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::run::<connect_fuzz::RuleFunction>(data));
