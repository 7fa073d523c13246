//! The fuzz targets. Each is a property and a generator of cases from a fuzzer's bytes.
//!
//! A target is a library type ([`Target`]), so that stable Rust can run it: a smoke test next to each target runs random
//! inputs and asserts that they reach every outcome, and `tests/replay.rs` runs the committed seeds and regressions. Uses only
//! the public interface of the other crates.

use std::sync::OnceLock;

mod dictionary;
mod edits;
mod emulator;
mod http;
mod language;
mod message;
mod octets;
mod placeholder;
mod seeds;
mod service;
#[cfg(test)]
mod smoke;
mod target;

mod canonical_request;
mod case_file;
pub mod corpus;
mod emulator_http;
mod emulator_walk;
mod error_decode;
mod flow_language;
mod generate_laws;
mod graph_infer;
mod journal_sweep;
mod model_load;
pub mod regression;
mod report_file;
mod request_decode;
mod response_decode;
mod rule_function;
#[cfg(feature = "sdk")]
mod sdk_response;
mod search_filter;
mod typed_vs_schema;
mod validate_vs_jsonschema;

pub use self::dictionary::dictionary;
pub use self::target::{Row, Seed, Target, run};

pub use self::canonical_request::CanonicalRequest;
pub use self::case_file::CaseFileRead;
pub use self::emulator_http::EmulatorHttp;
pub use self::emulator_walk::EmulatorWalk;
pub use self::error_decode::ErrorDecode;
pub use self::flow_language::FlowLanguage;
pub use self::generate_laws::GenerateLaws;
pub use self::graph_infer::GraphInfer;
pub use self::journal_sweep::JournalSweep;
pub use self::model_load::ModelLoad;
pub use self::report_file::ReportRead;
pub use self::request_decode::RequestDecode;
pub use self::response_decode::ResponseDecode;
pub use self::rule_function::RuleFunction;
#[cfg(feature = "sdk")]
pub use self::sdk_response::SdkResponse;
pub use self::search_filter::SearchFilter;
pub use self::typed_vs_schema::TypedVsSchema;
pub use self::validate_vs_jsonschema::ValidateVsJsonSchema;

/// Every target.
pub const TARGETS: &[Row] = &[
    Row::of::<ModelLoad>(),
    Row::of::<RequestDecode>(),
    Row::of::<ResponseDecode>(),
    Row::of::<ErrorDecode>(),
    Row::of::<TypedVsSchema>(),
    Row::of::<ValidateVsJsonSchema>(),
    Row::of::<GenerateLaws>(),
    Row::of::<FlowLanguage>(),
    Row::of::<RuleFunction>(),
    Row::of::<EmulatorHttp>(),
    Row::of::<EmulatorWalk>(),
    Row::of::<SearchFilter>(),
    Row::of::<JournalSweep>(),
    Row::of::<CaseFileRead>(),
    Row::of::<ReportRead>(),
    Row::of::<GraphInfer>(),
    Row::of::<CanonicalRequest>(),
    #[cfg(feature = "sdk")]
    Row::of::<SdkResponse>(),
];

/// Targets that need a feature missing in this build. Their seeds and regressions are skipped.
pub const LEFT_OUT: &[&str] = if cfg!(feature = "sdk") { &[] } else { &["sdk_response"] };

/// The `main` of a target: libFuzzer's under cargo-fuzz, which sets `cfg(fuzzing)`; in other builds, a message that names
/// the right command.
#[macro_export]
macro_rules! fuzz_target {
    ($run:expr) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| ($run)(data));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            eprintln!("this build has no fuzzer; run `cargo +nightly fuzz run {}`", env!("CARGO_BIN_NAME"));
            std::process::ExitCode::from(2)
        }
    };
}

/// Finds a target by name.
pub fn row(name: &str) -> Option<&'static Row> {
    TARGETS.iter().find(|row| row.name == name)
}

/// Checks the property of the target in the environment variable `TARGET` on raw bytes.
///
/// # Panics
/// When the property does not hold, and when the target does not exist.
pub fn run_plain(data: &[u8]) {
    static ROW: OnceLock<&Row> = OnceLock::new();
    let named = || std::env::var("TARGET").ok().and_then(|name| row(&name));
    let row = ROW.get_or_init(|| named().unwrap_or_else(|| unreachable!("TARGET is not the name of a target")));
    (row.run_plain)(data);
}
