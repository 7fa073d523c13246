//! The laws of generation, validation and the wire. See `connect_fuzz::generate_laws`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::generate_laws::run(data));
