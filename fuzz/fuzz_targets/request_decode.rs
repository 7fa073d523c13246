//! Any bytes as a request. See `connect_fuzz::request_decode`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::request_decode::run(data));
