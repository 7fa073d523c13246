//! The target that the environment variable TARGET names, with bytes as they stand in place of a drawn case: what a
//! fuzzer reaches that knows no format. No target, a measure for them.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::run_plain(data));
