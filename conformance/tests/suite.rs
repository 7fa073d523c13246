//! Every conformance case as a test of its own, against an emulator in this process: `cargo test --test suite CreateRule`,
//! or `cargo nextest run`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use connect_checks::judge::Judge;
use connect_checks::setup;
use connect_conformance::event::EmulatorInfo;
use connect_conformance::session::config::{EndpointConfig, RunConfig, RunContext};
use connect_conformance::{built_in, runner};
use connect_model::schema::Schema;
use libtest_mimic::{Arguments, Conclusion};

/// Fixed, since nextest plans in a new process for every test, and all plans must be equal.
const SEED: u64 = 1;

fn main() -> ExitCode {
    match run(&Arguments::from_args()) {
        Ok(conclusion) => conclusion.exit_code(),
        Err(error) => {
            eprintln!("cannot prepare the suite: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Conclusion, Box<dyn Error>> {
    let schema = Schema::connect();
    let runtime = tokio::runtime::Runtime::new()?;
    let emulator = runtime.block_on(built_in::start(schema, &EmulatorInfo::default(), SEED))?;
    let target = built_in::target_of(&emulator)?;
    let endpoint = EndpointConfig { settle: Some(Duration::ZERO), ..EndpointConfig::default() };
    let config = RunConfig { endpoint, shrink: Some(0), ..RunConfig::default() };
    let context = RunContext { seed: SEED, run_id: "suite".to_owned(), loopback: true, ledger: None };
    let suite_config = config.suite(context, config.walks(true)?);
    let (suite, _transport) = setup::suite(schema, target, &setup::everything(), suite_config)?;
    let judge: Arc<dyn Judge> = Arc::new(suite);
    let conclusion = libtest_mimic::run(arguments, runner::trials(&judge, runtime.handle()));
    runtime.block_on(emulator.shutdown());
    Ok(conclusion)
}
