//! See `connect_fuzz::SdkResponse`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| connect_fuzz::run::<connect_fuzz::SdkResponse>(data));
