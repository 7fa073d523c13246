//! See `connect_fuzz::ModelLoad`.
#![cfg_attr(fuzzing, no_main)]
connect_fuzz::fuzz_target!(connect_fuzz::run::<connect_fuzz::ModelLoad>);
