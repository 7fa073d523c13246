//! Every conformance trial as a separate test, against an emulator in this process: `cargo test --test suite CreateRule`, or
//! `cargo nextest run`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use connect_checks::judge::Judge;
use connect_checks::setup::{self, SuiteConfig};
use connect_checks::walks::WalkConfig;
use connect_conformance::event::EmulatorInfo;
use connect_conformance::runner;
use connect_conformance::wiring;
use connect_model::schema::Schema;
use libtest_mimic::{Arguments, Conclusion};

/// Fixed, since nextest plans in a new process for every test, and the plans must be equal.
const SEED: u64 = 1;

fn main() -> ExitCode {
    match run(&Arguments::from_args()) {
        Ok(conclusion) => conclusion.exit_code(),
        Err(error) => {
            eprintln!("the suite cannot be prepared: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Conclusion, Box<dyn Error>> {
    let schema = Schema::connect();
    let runtime = tokio::runtime::Runtime::new()?;
    let emulator = runtime.block_on(wiring::emulator(schema, &EmulatorInfo::default(), 0, SEED))?;
    let target = wiring::target_of(&emulator)?;
    let timeout = Duration::from_secs(10);
    let walks = WalkConfig { count: setup::DEFAULT_WALKS, length: setup::DEFAULT_WALK_LENGTH, ..WalkConfig::default() };
    let config = SuiteConfig {
        settle: Duration::ZERO,
        ledger: None,
        shrink: 0,
        seed: SEED,
        cases: setup::DEFAULT_CASES,
        run_id: "suite".to_owned(),
        timeout,
        pace: connect_transport::pace::PaceConfig::default(),
        walks,
    };
    let (suite, _transport) = setup::suite(schema, target, &setup::everything(), config)?;
    let judge: Arc<dyn Judge> = Arc::new(suite);
    let conclusion = libtest_mimic::run(arguments, runner::trials(&judge, runtime.handle()));
    runtime.block_on(emulator.shutdown());
    Ok(conclusion)
}
