//! The conformance trials as tests: what `cargo test` and nextest run against the built-in emulator.

use std::sync::Arc;

use connect_model::schema::Schema;
use libtest_mimic::Trial;
use tokio::runtime::Runtime;

use crate::event::EmulatorInfo;
use crate::runner;
use crate::target::Target;
use crate::transport::{Transport, TransportConfig};
use crate::wiring::{self, RunningEmulator, Scope};

/// Seed of the suite: fixed, because nextest plans anew in a process for every test and the plans must agree.
pub const SEED: u64 = 1;

/// The trials and what they need to stay alive. Run them while this lives.
pub struct Suite {
    /// One test per case, named by its id.
    pub trials: Vec<Trial>,
    _emulator: RunningEmulator,
}

/// Starts one emulator for the process and plans against it.
///
/// # Errors
/// What cannot be started or planned.
pub fn prepare(runtime: &Runtime) -> Result<Suite, String> {
    let schema = Schema::connect();
    let (judge, emulator) = runtime.block_on(async {
        let emulator = wiring::emulator(schema, &EmulatorInfo::default(), 0, SEED).await?;
        let target = Target::unsigned(emulator.url.parse().map_err(|error| format!("{error}"))?);
        let transport = Transport::new(&target, &schema.service.signing_name, TransportConfig::default())
            .map_err(|error| error.to_string())?;
        let scope = Scope {
            schema,
            operations: Vec::new(),
            checks: Vec::new(),
            seed: SEED,
            cases: None,
            allow_writes: false,
            allow_operations: Vec::new(),
            loopback: true,
        };
        let judge = wiring::plan(scope, target, Arc::new(transport)).await?;
        Ok::<_, String>((judge, emulator))
    })?;
    Ok(Suite { trials: runner::trials(&judge, runtime.handle()), _emulator: emulator })
}
