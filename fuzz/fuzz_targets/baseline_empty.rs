//! Nothing at all: how often a fuzzer calls a target per second at best. No target, a measure for them.
#![no_main]
libfuzzer_sys::fuzz_target!(|_data: &[u8]| ());
