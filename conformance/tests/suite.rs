//! Every conformance trial as a test of its own: `cargo test --test suite CreateRule`, or `cargo nextest run`.

use std::process::ExitCode;

use connect_conformance::suite;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let prepared = tokio::runtime::Runtime::new()
        .map_err(|error| error.to_string())
        .and_then(|runtime| suite::prepare(&runtime).map(|suite| (runtime, suite)));
    match prepared {
        Ok((_runtime, mut suite)) => libtest_mimic::run(&arguments, std::mem::take(&mut suite.trials)).exit_code(),
        Err(error) => {
            eprintln!("the suite cannot be prepared: {error}");
            ExitCode::FAILURE
        }
    }
}
