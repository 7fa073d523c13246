//! An empty function: the most executions per second that the fuzzer can reach. A baseline for measurements, not a target.
#![cfg_attr(fuzzing, no_main)]
connect_fuzz::fuzz_target!(|_data: &[u8]| ());
