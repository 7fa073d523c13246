//! Any bytes as a response. See `connect_fuzz::response_decode`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::response_decode::run(data));
