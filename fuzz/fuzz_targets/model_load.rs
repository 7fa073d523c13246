//! Any bytes as a model file. See `connect_fuzz::model_load`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::model_load::run(data));
