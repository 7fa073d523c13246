//! Every conformance trial as a separate test, against an emulator in this process: `cargo test --test suite CreateRule`, or
//! `cargo nextest run`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use connect_conformance::checks::walks::WalkConfig;
use connect_conformance::event::EmulatorInfo;
use connect_conformance::runner::{self, Judge};
use connect_conformance::wiring::{self, SuiteConfig};
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
    let walks =
        WalkConfig { count: wiring::DEFAULT_WALKS, length: wiring::DEFAULT_WALK_LENGTH, ..WalkConfig::default() };
    let config = SuiteConfig {
        settle: Duration::ZERO,
        ledger: None,
        shrink: 0,
        seed: SEED,
        cases: wiring::DEFAULT_CASES,
        salt: "suite".to_owned(),
        timeout,
        pace: connect_conformance::pace::PaceConfig::default(),
        walks,
    };
    let (suite, _transport) = wiring::suite(schema, target, &wiring::everything(), config)?;
    let judge: Arc<dyn Judge> = Arc::new(suite);
    let conclusion = libtest_mimic::run(arguments, runner::trials(&judge, runtime.handle()));
    runtime.block_on(emulator.shutdown());
    Ok(conclusion)
}
